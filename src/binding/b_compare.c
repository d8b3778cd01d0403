/* x:compare(y), and select:reduce_columns(). */
#include "binding/b_statement.h"
#include "sql/compare.h"
#include "sql/reduce.h"

static int compare(lua_State *L) {
  const corm_node *a = binding_tonode(L, 1);
  if (!a) a = binding_checknode(L, 1, "compare");
  const corm_node *b = binding_checknode(L, 2, "compare");
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  bool same;
  corm_arena *arena = binding_scratch(L, state);
  if (corm_node_compare(arena, a, b, &same, &err) != CORM_OK) return binding_raise(L, &err);
  binding_scratch_done(L, state, arena);
  lua_pushboolean(L, same);
  return 1;
}

/* Leaves the select at 1 and behind it those of its columns that say something of their own. */
static int reduce_columns(lua_State *L) {
  const corm_select *select =
      (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, "reduce_columns")->base.node;
  const bool synonyms = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_node *item = select->columns[i];
    if (item->kind == CORM_NODE_TEXT ||
        (item->kind == CORM_NODE_CONSTANT && ((const corm_constant *)item)->value == CORM_CONSTANT_STAR))
      return binding_error(L, CORM_E_ARGUMENT, "reduce_columns: what * and text() select is not known");
  }
  lua_settop(L, 1);
  binding_push_selected_columns(L, select);
  lua_remove(L, 2);
  const lua_Integer n = luaL_len(L, 2);
  luaL_checkstack(L, (int)n + 8, "reduce_columns");
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_arena *arena = binding_scratch(L, state);
  const corm_node **columns = corm_arena_alloc(arena, (size_t)n * sizeof *columns);
  bool *omit = corm_arena_alloc(arena, (size_t)n * sizeof *omit);
  corm_status status = columns && omit ? CORM_OK : corm_error_memory(&err);
  for (lua_Integer i = 0; status == CORM_OK && i < n; i++) {
    lua_geti(L, 2, i + 1);
    columns[i] = binding_tonode(L, -1);
    lua_pop(L, 1);
  }
  if (status == CORM_OK) status = corm_reduce_columns(arena, select, columns, (size_t)n, synonyms, omit, &err);
  if (status != CORM_OK) return binding_raise(L, &err);
  for (lua_Integer i = 0; i < n; i++) {
    if (!omit[i]) lua_geti(L, 2, i + 1);
  }
  binding_scratch_done(L, state, arena);
  lua_remove(L, 3);
  lua_remove(L, 2);
  return binding_select_with_only_columns(L);
}

void binding_open_compare(lua_State *L) {
  static const luaL_Reg methods[] = {{"compare", compare}, {NULL, NULL}};
  static const luaL_Reg select_methods[] = {{"reduce_columns", reduce_columns}, {NULL, NULL}};
  static const binding_kind kinds[] = {BINDING_EXPRESSION, BINDING_COLUMN, BINDING_FROM, BINDING_TABLE,
                                       BINDING_STATEMENT};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) binding_add_methods(L, kinds[i], methods);
  binding_add_methods(L, BINDING_STATEMENT, select_methods);
}
