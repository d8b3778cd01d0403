/* t.c and the other collections of a schema: Lua tables with positions (and keys) that cannot be set. */
#include "binding/b_schema.h"

/* for x in list do: the control variable is the element before. */
static int list_call(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 3);
  lua_Integer next = 1;
  if (!lua_isnil(L, 3)) {
    while (lua_rawgeti(L, 1, next++) != LUA_TNIL && !lua_rawequal(L, -1, 3)) lua_pop(L, 1);
    if (lua_isnil(L, -1)) return 0;
  }
  lua_rawgeti(L, 1, next);
  return 1;
}

/* A name that is not there: a typo's nearest is told; positions past the end are nil, as ipairs wants. */
static int list_index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  const char *names[128];
  size_t n = 0;
  lua_pushnil(L);
  while (n < sizeof names / sizeof *names && lua_next(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) names[n++] = lua_tostring(L, -2);
    lua_pop(L, 1);
  }
  if (n == 0) return 0;
  lua_rawgeti(L, 1, 1);
  const binding_column *column = binding_test(L, -1, BINDING_COLUMN);
  if (!column || !column->column.table) return 0;
  return binding_unknown(L, "column", column->column.table->name, lua_tostring(L, 2), names, n);
}

static int list_newindex(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT, "a schema collection cannot be changed this way");
}

/* pairs: names where the elements have some, else positions. */
static int next_named(lua_State *L) {
  lua_settop(L, 2);
  while (lua_next(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) return 2;
    lua_pop(L, 1);
  }
  return 0;
}

static int list_pairs(lua_State *L) {
  lua_pushcfunction(L, next_named);
  lua_pushvalue(L, 1);
  return 2;
}

void binding_seal_list(lua_State *L) {
  static const luaL_Reg meta[] = {{"__call", list_call},
                                  {"__index", list_index},
                                  {"__newindex", list_newindex},
                                  {"__pairs", list_pairs},
                                  {NULL, NULL}};
  binding_list_metatable(L, "corm.schema_list", "corm.list", meta);
  lua_setmetatable(L, -2);
}
