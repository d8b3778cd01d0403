/* Set operations: corm.union(a, b, ...) and its like, and the methods of those names. */
#include "binding/b_session.h"
#include "binding/b_statement.h"

static const char *const names[CORM_SET_OP_COUNT] = {
    [CORM_SET_UNION] = "union",         [CORM_SET_UNION_ALL] = "union_all",
    [CORM_SET_INTERSECT] = "intersect", [CORM_SET_INTERSECT_ALL] = "intersect_all",
    [CORM_SET_EXCEPT] = "except_",      [CORM_SET_EXCEPT_ALL] = "except_all"};

/* The selectable at `arg`; what was made a value already is taken for the select behind it. */
static const corm_select *check_part(lua_State *L, int arg, const char *what) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_SCALAR_SUBQUERY) return ((const corm_subselect *)node)->select;
  const corm_select *select = node ? corm_as_select(node) : NULL;
  if (!select)
    binding_error(L, CORM_E_ARGUMENT, "%s: selects expected, got %s%s", what, binding_typename(L, arg),
                  node && node->kind == CORM_NODE_TEXT ? "; text needs its columns: text(...):columns(...)" : "");
  return select;
}

/* The selects at 1..last joined by the operator. */
static int push_compound(lua_State *L, corm_set_op op) {
  int n = lua_gettop(L);
  if (n < 1) return binding_error(L, CORM_E_ARGUMENT, "%s: at least one select expected", names[op]);
  for (int i = 1; i <= n; i++)
    if (binding_push_query_statement(L, i)) lua_replace(L, i);
  const corm_select *few[BINDING_FEW], **parts = few;
  if (n > BINDING_FEW) {
    parts = lua_newuserdatauv(L, (size_t)n * sizeof *parts, 0);
    lua_insert(L, 1);
  }
  int first = lua_gettop(L) - n + 1;
  for (int i = 0; i < n; i++) parts[i] = check_part(L, first + i, names[op]);
  binding_build b;
  const corm_node *node;
  binding_statement_start(&b, L, BINDING_ROOM(corm_select) + CORM_ARENA_ROUND((size_t)n * sizeof *parts), n);
  do node = corm_compound_in(&b.arena, op, parts, (size_t)n);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, false, first, first + n - 1);
  return 1;
}

static int set_union_call(lua_State *L) {
  return push_compound(L, CORM_SET_UNION);
}

static int set_union_all_call(lua_State *L) {
  return push_compound(L, CORM_SET_UNION_ALL);
}

static int set_intersect_call(lua_State *L) {
  return push_compound(L, CORM_SET_INTERSECT);
}

static int set_intersect_all_call(lua_State *L) {
  return push_compound(L, CORM_SET_INTERSECT_ALL);
}

static int set_except_call(lua_State *L) {
  return push_compound(L, CORM_SET_EXCEPT);
}

static int set_except_all_call(lua_State *L) {
  return push_compound(L, CORM_SET_EXCEPT_ALL);
}

void binding_open_compound(lua_State *L) {
  static const luaL_Reg functions[] = {{"union", set_union_call},
                                       {"union_all", set_union_all_call},
                                       {"intersect", set_intersect_call},
                                       {"intersect_all", set_intersect_all_call},
                                       {"except_", set_except_call},
                                       {"except_all", set_except_all_call},
                                       {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, functions);
  binding_setfuncs(L, functions);
}
