/* RETURNING of INSERT, UPDATE and DELETE. */
#include "binding/b_statement.h"

/* Room for any of them. */
typedef union dml_node {
  corm_insert insert;
  corm_update update;
  corm_delete_node delete;
} dml_node;

/* The place of what a statement returns, and its number. */
static const corm_node *const **returning_of(corm_node *node, uint32_t **n) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_INSERT: *n = &((corm_insert *)node)->nreturning; return &((corm_insert *)node)->returning;
  case CORM_NODE_UPDATE: *n = &((corm_update *)node)->nreturning; return &((corm_update *)node)->returning;
  default: *n = &((corm_delete_node *)node)->nreturning; return &((corm_delete_node *)node)->returning;
  }
}

/* The options behind the last column: 0 when there are none. */
static int options_of(lua_State *L, const corm_node *node, int last) {
  static const binding_option_spec specs[] = {{"sort_by_parameter_order", BINDING_OPT_BOOL}};
  if (last < 2 || !binding_is_plain_table(L, last)) return 0;
  if (node->kind != CORM_NODE_INSERT)
    binding_error(L, CORM_E_ARGUMENT, "returning: an INSERT has options, not %s", corm_node_kind_name(node));
  binding_check_options(L, last, "returning", specs, sizeof specs / sizeof *specs);
  return last;
}

/* What stands at `arg`, said of the table that the statement writes; classes are left to who executes it. */
static const corm_node *item_in(lua_State *L, int arg, corm_arena *arena, const struct corm_mapper *local) {
  const corm_node *item = binding_column_item_in(L, arg, arena, "returning");
  return item && local && item->kind != CORM_NODE_BUNDLE ? binding_dml_local_in(arena, local, item) : item;
}

/* returning(column, ... [, { sort_by_parameter_order }]) */
static int stmt_returning(lua_State *L) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *old = stmt ? stmt->base.node : NULL;
  if (!old || (old->kind != CORM_NODE_UPDATE && old->kind != CORM_NODE_DELETE))
    old = binding_checkstatement(L, CORM_NODE_INSERT, "returning")->base.node;
  const corm_dml_extra *extra = corm_dml_extra_of(old);
  if (extra && extra->defaults)
    return binding_error(L, CORM_E_INVALID_REQUEST, "returning: return_defaults() is on this statement already");
  const int options = options_of(L, old, lua_gettop(L));
  const int last = options ? options - 1 : lua_gettop(L);
  const struct corm_mapper *local = stmt && stmt->entity ? binding_dml_local_class(stmt) : NULL;
  const bool sorted = options && binding_opt_bool(L, options, "sort_by_parameter_order", false);
  binding_build b;
  corm_node *node;
  binding_statement_start(
      &b, L, CORM_ARENA_ROUND(sizeof(dml_node)) + CORM_ARENA_ROUND((size_t)(last + 16) * sizeof(void *)), last - 1);
  do {
    uint32_t *n;
    node = binding_statement_copy_in(&b.arena, old);
    if (!node) continue;
    const corm_node *const **items = returning_of(node, &n);
    const corm_node **made = corm_arena_alloc(&b.arena, (*n + (size_t)last) * sizeof *made);
    if (!made) {
      node = NULL;
      continue;
    }
    for (uint32_t i = 0; i < *n; i++) made[i] = (*items)[i];
    for (int i = 2; i <= last && node; i++) {
      made[*n + (uint32_t)(i - 2)] = item_in(L, i, &b.arena, local);
      if (!made[*n + (uint32_t)(i - 2)]) node = NULL;
    }
    if (sorted && node) ((corm_insert *)node)->sorted = true;
    *items = made;
    *n += (uint32_t)(last - 1);
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, last);
  return 1;
}

void binding_open_returning(lua_State *L) {
  static const luaL_Reg methods[] = {{"returning", stmt_returning}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
}
