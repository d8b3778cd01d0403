/* What return_defaults() brought, for the Result of the execution. */
#include "binding/b_params.h"
#include "binding/b_result.h"
#include "binding/state.h"

/* Pushes the shape of the columns that were returned; `self` is the Result. */
static void push_shape(lua_State *L, int self, const corm_result *result) {
  const size_t n = corm_result_column_count(result);
  binding_shape_column *columns = lua_newuserdatauv(L, (n + 1) * sizeof *columns, 0);
  for (size_t i = 0; i < n; i++) {
    const corm_compiled_column *column = corm_result_column(result, i);
    columns[i] = (binding_shape_column){.key = column->key, .name = column->name, .node = column->node};
  }
  lua_getiuservalue(L, self, BINDING_RESULT_STATEMENT);
  binding_push_shape(L, columns, n, -1);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

void binding_result_written(lua_State *L, corm_result *result, const corm_compiled *compiled, const corm_params *sets,
                            size_t nsets) {
  const int self = lua_gettop(L), shape = self + 1, rows = self + 2, keys = self + 3;
  corm_error err;
  corm_error_init(&err);
  luaL_checkstack(L, 12, "return_defaults");
  push_shape(L, self, result);
  lua_newtable(L);
  lua_newtable(L);
  const size_t width = corm_result_column_count(result);
  lua_Integer n = 0;
  bool keyed = true;
  corm_status status;
  while ((status = corm_result_next(result, &err)) == CORM_ROW) {
    /* Of which row the parameters are is known as long as there is one for each set. */
    const corm_params *set = sets && (size_t)n < nsets ? &sets[n] : NULL;
    keyed = keyed && compiled->is_insert && binding_push_inserted_key(L, compiled, set, result);
    if (keyed) lua_rawseti(L, keys, n + 1);
    binding_push_core_row(L, shape, result, NULL, width);
    lua_rawseti(L, rows, ++n);
  }
  if (status == CORM_FAILED) binding_raise(L, &err);
  keyed = compiled->is_insert && keyed && (nsets < 2 || (size_t)n == nsets);
  if (keyed && nsets < 2) {
    if (!n)
      lua_pushboolean(L, false);
    else
      lua_rawgeti(L, keys, 1);
    lua_setiuservalue(L, self, BINDING_RESULT_KEY);
  }
  if (keyed) lua_setiuservalue(L, self, BINDING_RESULT_KEYS);
  lua_settop(L, rows);
  lua_setiuservalue(L, self, BINDING_RESULT_WRITTEN);
  corm_result_end_written(result, compiled->shared);
  lua_settop(L, self);
}
