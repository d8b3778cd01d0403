/* Result:unique(): what was given before, kept as tables in tables, one level for each value of a row. */
#include "binding/b_result.h"
#include "binding/state.h"

/* Replaces the value on the top by one that is a table key and equal for equal values. */
static void to_key(lua_State *L) {
  if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
    binding_push_nullvalue(L);
  } else if (binding_test(L, -1, BINDING_VALUE)) {
    lua_pushfstring(L, "%s ", binding_typename(L, -1));
    luaL_tolstring(L, -2, NULL);
    lua_concat(L, 2);
  } else {
    return;
  }
  lua_remove(L, -2);
}

/* Goes from the table on the top to its table for the key below it, which is made when missing (*is_new). Pops the key.
 */
static void descend(lua_State *L, bool *is_new) {
  lua_insert(L, -2); /* table, key */
  to_key(L);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TNIL) {
    *is_new = true;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}

bool binding_is_first(lua_State *L) {
  bool is_new = false;
  int item = lua_gettop(L);
  luaL_checkstack(L, 10, "unique");
  lua_getiuservalue(L, 1, BINDING_RESULT_STRATEGY);
  if (!lua_isnil(L, -1)) {
    lua_pushvalue(L, item);
    lua_call(L, 1, 1);
    item = lua_gettop(L);
  }
  if (binding_test(L, item, BINDING_ROW)) {
    size_t n = binding_row_size(L, item);
    lua_getiuservalue(L, 1, BINDING_RESULT_SEEN);
    for (size_t i = 1; i <= n; i++) {
      binding_row_value(L, item, i);
      lua_insert(L, -2);
      descend(L, &is_new);
    }
  } else {
    lua_pushvalue(L, item);
    lua_getiuservalue(L, 1, BINDING_RESULT_SEEN);
    descend(L, &is_new);
  }
  return is_new;
}
