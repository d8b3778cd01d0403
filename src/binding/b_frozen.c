/* Result:freeze(): rows that are kept in memory, and given out as often as somebody asks. */
#include "binding/b_load.h"
#include "binding/b_result.h"
#include "binding/state.h"

/* Upvalues of what freeze() gives, behind the state. */
enum { FROZEN_SHAPE = 2, FROZEN_VALUES, FROZEN_ROWS, FROZEN_LAST = FROZEN_ROWS };

/* Appends n values of the list at `from` to the one at 2, which has `had`. */
static void append_values(lua_State *L, int from, lua_Integer had, lua_Integer n) {
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, from, i);
    lua_rawseti(L, 2, had + i);
  }
}

/* A Result of the rows. The list is a copy: a Result gives its own away. */
static int thaw(lua_State *L) {
  const lua_Integer rows = lua_tointeger(L, lua_upvalueindex(FROZEN_ROWS));
  const lua_Integer n = rows * (lua_Integer)binding_shape_width(L, lua_upvalueindex(FROZEN_SHAPE));
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(FROZEN_SHAPE));
  lua_newtable(L);
  append_values(L, lua_upvalueindex(FROZEN_VALUES), 0, n);
  binding_push_list_result(L, 1, 2, rows);
  return 1;
}

/* Shape, values and the number of rows are at the top. */
static int push_frozen(lua_State *L) {
  lua_pushlightuserdata(L, binding_upvalue(L));
  lua_insert(L, -4);
  lua_pushcclosure(L, thaw, FROZEN_LAST);
  return 1;
}

static int result_freeze(lua_State *L) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, "Result:freeze");
  lua_settop(L, 1);
  if (lua_getiuservalue(L, 1, BINDING_RESULT_SHAPE) == LUA_TNIL)
    return binding_error(L, CORM_E_RESOURCE_CLOSED,
                         "freeze: this result object does not return rows; it has been closed automatically");
  lua_newtable(L);
  lua_Integer rows = 0;
  for (; binding_result_fetch(L, self); rows++) {
    const lua_Integer width = (lua_Integer)binding_row_size(L, 4);
    for (lua_Integer i = 1; i <= width; i++) {
      binding_row_value(L, 4, (size_t)i);
      lua_rawseti(L, 3, rows * width + i);
    }
    lua_settop(L, 3);
  }
  lua_pushinteger(L, rows);
  return push_frozen(L);
}

/* frozen_values(frozen): its values, row after row, which are only looked at, and how many; nil for anything else. */
static int frozen_values(lua_State *L) {
  if (lua_tocfunction(L, 1) != thaw) return 0;
  lua_getupvalue(L, 1, FROZEN_VALUES);
  lua_getupvalue(L, 1, FROZEN_SHAPE);
  lua_getupvalue(L, 1, FROZEN_ROWS);
  lua_pushinteger(L, lua_tointeger(L, -1) * (lua_Integer)binding_shape_width(L, -2));
  lua_replace(L, -3);
  lua_pop(L, 1);
  return 2;
}

/* frozen_with(frozen, values): the same with other values. */
static int frozen_with(lua_State *L) {
  lua_getupvalue(L, 1, FROZEN_SHAPE);
  lua_pushvalue(L, 2);
  lua_getupvalue(L, 1, FROZEN_ROWS);
  return push_frozen(L);
}

/* frozen_joined(list): a Result of the rows of all of them, which are of one statement. */
static int frozen_joined(lua_State *L) {
  const lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  lua_Integer rows = 0;
  lua_settop(L, 1);
  lua_newtable(L);
  lua_rawgeti(L, 1, 1);
  lua_getupvalue(L, 3, FROZEN_SHAPE);
  lua_replace(L, 3);
  const lua_Integer width = (lua_Integer)binding_shape_width(L, 3);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    lua_getupvalue(L, 4, FROZEN_VALUES);
    lua_getupvalue(L, 4, FROZEN_ROWS);
    const lua_Integer more = lua_tointeger(L, -1);
    append_values(L, 5, rows * width, more * width);
    rows += more;
    lua_settop(L, 3);
  }
  binding_push_list_result(L, 3, 2, rows);
  return 1;
}

/* set_rowcount(result, n): so many rows were matched, elsewhere too. */
static int set_rowcount(lua_State *L) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, "rowcount");
  self->rowcount = luaL_checkinteger(L, 2);
  lua_settop(L, 1);
  return 1;
}

void binding_open_frozen(lua_State *L) {
  static const luaL_Reg methods[] = {{"freeze", result_freeze}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"frozen_values", frozen_values},
                                       {"frozen_with", frozen_with},
                                       {"frozen_joined", frozen_joined},
                                       {"set_rowcount", set_rowcount},
                                       {NULL, NULL}};
  binding_add_methods(L, BINDING_RESULT, methods);
  binding_setfuncs(L, functions);
}
