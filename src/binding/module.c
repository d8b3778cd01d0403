/* luaopen_corm: a fresh module table over the one state. Each file of the room adds its part. */
#include "corm.h"

#include <string.h>

#include "binding/binding.h"
#include "binding/embedded.h"
#include "binding/state.h"

/* Upvalues of the loader of embedded files. */
enum { LOADER_MODULE = 1, LOADER_RESULTS };

/*
 * load(name): what the embedded file returned; runs it when it has not run yet. The file gets the module table and this
 * function. Neither package.loaded nor package.preload is touched, so that a second opening starts afresh.
 */
static int load_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, lua_upvalueindex(LOADER_RESULTS)) != LUA_TNIL) return 1;
  const corm_embedded *file = corm_embedded_lua;
  while (file->name && strcmp(file->name, name) != 0) file++;
  if (!file->name) return luaL_error(L, "corm has no file '%s'", name);
  lua_pushfstring(L, "=%s", name);
  if (luaL_loadbufferx(L, (const char *)file->text, file->len, lua_tostring(L, -1), "t") != LUA_OK) return lua_error(L);
  lua_pushvalue(L, lua_upvalueindex(LOADER_MODULE));
  lua_pushvalue(L, lua_upvalueindex(LOADER_MODULE));
  lua_pushvalue(L, lua_upvalueindex(LOADER_RESULTS));
  lua_pushcclosure(L, load_embedded, LOADER_RESULTS);
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1)) {
    lua_pushboolean(L, 1);
    lua_replace(L, -2);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(LOADER_RESULTS));
  return 1;
}

/* Runs all embedded files; the module table is on the top. */
static void run_embedded(lua_State *L) {
  lua_pushvalue(L, -1);
  lua_newtable(L);
  lua_pushcclosure(L, load_embedded, LOADER_RESULTS);
  for (const corm_embedded *file = corm_embedded_lua; file->name; file++) {
    lua_pushvalue(L, -1);
    lua_pushstring(L, file->name);
    lua_call(L, 1, 0);
  }
  lua_pop(L, 1);
}

int luaopen_corm(lua_State *L) {
  luaL_checkversion(L);
  luaL_checkstack(L, 20, "corm");
  binding_state_open(L);
  lua_newtable(L);
  lua_pushfstring(L, "corm %s", corm_version());
  lua_setfield(L, -2, "_VERSION");
  lua_pushstring(L, corm_version());
  lua_setfield(L, -2, "__version__");
  binding_open_state(L);
  binding_open_error(L);
  binding_open_json(L);
  binding_open_values(L);
  binding_open_type(L);
  binding_open_schema(L);
  binding_open_expr(L);
  binding_open_statement(L);
  binding_open_engine(L);
  binding_open_connection(L);
  binding_open_event(L);
  binding_open_result(L);
  binding_open_orm(L);
  run_embedded(L);
  return 1;
}
