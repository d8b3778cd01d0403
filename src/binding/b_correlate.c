/* Which enclosing FROMs a subquery refers to; and the methods that exists() and scalar subqueries hand on to the select
   inside them. */
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* Appends to one of the two lists; a single nil makes it empty, which is not the same as never said. */
static int correlate(lua_State *L, bool except, const char *what) {
  const corm_select *old = (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, what)->base.node;
  int last = lua_gettop(L);
  bool reset = last == 2 && lua_isnil(L, 2);
  if (reset) last = 1;
  const corm_node *const *items = except ? old->correlate_except : old->correlate;
  uint32_t nold = reset ? 0 : except ? old->ncorrelate_except : old->ncorrelate;
  binding_build b;
  corm_select *select;
  binding_statement_start(
      &b, L, CORM_ARENA_ROUND(sizeof *select) + CORM_ARENA_ROUND((nold + (size_t)last) * sizeof(void *)), last - 1);
  do {
    select = corm_arena_alloc(&b.arena, sizeof *select);
    if (!select) continue;
    *select = *old;
    const corm_node *const *froms = binding_froms_in(L, &b.arena, items, nold, last, what);
    uint32_t n = nold + (uint32_t)(last - 1);
    if (except) {
      select->correlate_except = froms;
      select->ncorrelate_except = n;
    } else {
      select->correlate = froms;
      select->ncorrelate = n;
    }
    if (!froms) select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 2, last);
  return 1;
}

static int select_correlate(lua_State *L) {
  return correlate(L, false, "correlate");
}

static int select_correlate_except(lua_State *L) {
  return correlate(L, true, "correlate_except");
}

/* -- exists() and scalar subqueries -------------------------------------------------------------------------------- */

/* Calls the method of the select inside the exists() or scalar subquery at 1, and puts what it gives in its place. */
static int hand_on(lua_State *L, const char *method) {
  const corm_node *node = binding_checknode(L, 1, method);
  bool exists = node->kind == CORM_NODE_EXISTS;
  if (!exists && node->kind != CORM_NODE_SCALAR_SUBQUERY)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a statement, an exists() or a scalar subquery expected, got %s",
                         method, binding_typename(L, 1));
  lua_getiuservalue(L, 1, 1);
  if (!binding_test(L, -1, BINDING_STATEMENT)) {
    lua_pop(L, 1);
    binding_push_node(L, &((const corm_subselect *)node)->select->base, 1);
  }
  lua_replace(L, 1);
  lua_getfield(L, 1, method);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  if (exists) return binding_push_exists(L, (const corm_select *)binding_tonode(L, -1), -1);
  lua_getfield(L, -1, "scalar_subquery");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  return 1;
}

static int inner_where(lua_State *L) {
  return hand_on(L, "where");
}

static int inner_select_from(lua_State *L) {
  return hand_on(L, "select_from");
}

static int inner_correlate(lua_State *L) {
  return hand_on(L, "correlate");
}

static int inner_correlate_except(lua_State *L) {
  return hand_on(L, "correlate_except");
}

void binding_open_correlate(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"correlate", select_correlate}, {"correlate_except", select_correlate_except}, {NULL, NULL}};
  static const luaL_Reg inner[] = {{"where", inner_where},
                                   {"select_from", inner_select_from},
                                   {"correlate", inner_correlate},
                                   {"correlate_except", inner_correlate_except},
                                   {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  binding_add_methods(L, BINDING_EXPRESSION, inner);
}
