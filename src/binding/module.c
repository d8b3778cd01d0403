/* luaopen_corm: a module table for each opening, over what is made once for a Lua state. Each file adds its part. */
#include "corm.h"

#include <lualib.h>
#include <string.h>

#include "binding/binding.h"
#include "binding/embedded.h"
#include "binding/state.h"

/* Upvalues of the loader of embedded files. */
enum { LOADER_MODULE = 1, LOADER_RESULTS, LOADER_GLOBALS };

/* The embedded file of a name; an error when there is none. */
static const corm_embedded *find_embedded(lua_State *L, const char *name) {
  const corm_embedded *file = corm_embedded_lua;
  while (file->name && strcmp(file->name, name) != 0) file++;
  if (!file->name) luaL_error(L, "corm has no file '%s'", name);
  return file;
}

/* Pushes a table for the names that a file gives to the module, which has the others. */
static void push_names(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, lua_upvalueindex(LOADER_MODULE));
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

static int load_embedded(lua_State *L);

static void push_loader(lua_State *L, int module, int results, int globals) {
  lua_pushvalue(L, module);
  lua_pushvalue(L, results);
  lua_pushvalue(L, globals);
  lua_pushcclosure(L, load_embedded, LOADER_GLOBALS);
}

/*
 * load(name): what the embedded file returned, and the table of what it gives to the module; runs it when it has not
 * run yet. The file gets that table, this function and the module, and globals that it shares with its like only
 * (docs/decisions/0013-names-of-classes.md). Neither package.loaded nor package.preload is touched. A file that fails
 * has given nothing, and is run anew the next time.
 */
static int load_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, lua_upvalueindex(LOADER_RESULTS)) == LUA_TNIL) {
    const corm_embedded *file = find_embedded(L, name);
    lua_createtable(L, 2, 0);
    lua_replace(L, 2);
    push_names(L);
    lua_pushfstring(L, "=%s", name);
    if (luaL_loadbufferx(L, (const char *)file->text, file->len, lua_tostring(L, -1), "t") != LUA_OK)
      return lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(LOADER_GLOBALS));
    lua_setupvalue(L, -2, 1); /* its _ENV */
    lua_pushvalue(L, 3);
    push_loader(L, lua_upvalueindex(LOADER_MODULE), lua_upvalueindex(LOADER_RESULTS), lua_upvalueindex(LOADER_GLOBALS));
    lua_pushvalue(L, lua_upvalueindex(LOADER_MODULE));
    lua_call(L, 3, 1);
    lua_rawseti(L, 2, 1);
    lua_pushvalue(L, 3);
    lua_rawseti(L, 2, 2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, lua_upvalueindex(LOADER_RESULTS));
  }
  lua_rawgeti(L, 2, 1);
  lua_rawgeti(L, 2, 2);
  return 2;
}

/*
 * Opens the libraries of Lua that the embedded files use, in the state's table of globals, which is the fresh one of
 * open_globals by now.
 */
static int open_libraries(lua_State *L) {
  static const luaL_Reg libraries[] = {{LUA_STRLIBNAME, luaopen_string},
                                       {LUA_TABLIBNAME, luaopen_table},
                                       {LUA_MATHLIBNAME, luaopen_math},
                                       {LUA_COLIBNAME, luaopen_coroutine}};
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    lua_pushcfunction(L, libraries[i].func);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, libraries[i].name);
  }
  return 0;
}

/*
 * Pushes the globals of the embedded files: functions of Lua's own, which no script has changed, neither before nor
 * after the module is opened. Opening the libraries once more puts them into a table of ours; what it does to the state
 * beside that, the metatable of strings, is undone.
 */
static void open_globals(lua_State *L) {
  const int own = lua_gettop(L) + 1, strings = own + 1, scripts = own + 2;
  lua_newtable(L);
  lua_pushliteral(L, "");
  if (!lua_getmetatable(L, -1)) lua_pushnil(L);
  lua_replace(L, strings);
  lua_pushglobaltable(L);
  lua_pushcfunction(L, open_libraries);
  const bool collects = lua_gc(L, LUA_GCISRUNNING); /* no finalizer is to see the state meanwhile */
  lua_gc(L, LUA_GCSTOP);
  lua_pushvalue(L, own);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  const int status = lua_pcall(L, 0, 0, 0);
  lua_pushvalue(L, scripts);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, "");
  lua_pushvalue(L, strings);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  if (collects) lua_gc(L, LUA_GCRESTART);
  if (status != LUA_OK) lua_error(L);
  lua_settop(L, own);
}

/* Runs the file that knows where all else is. What it gives takes the place of the table on the top: a function that
   makes modules of it. */
static void run_embedded(lua_State *L) {
  const int module = lua_gettop(L);
  lua_newtable(L);
  open_globals(L);
  push_loader(L, module, module + 1, module + 2);
  lua_pushliteral(L, "corm.contents");
  lua_call(L, 1, 1);
  lua_replace(L, module);
  lua_settop(L, module);
}

/* Pushes the function that makes module tables. */
static void open_module(lua_State *L) {
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
}

/*
 * Who clears package.loaded, as test runners do between files, opens the module again. The table is a fresh one then;
 * what stands behind it is the same, so that classes and their objects are everybody's. An opening that fails leaves
 * nothing.
 */
int luaopen_corm(lua_State *L) {
  static const char maker_key;
  luaL_checkversion(L);
  luaL_checkstack(L, 20, "corm");
  binding_state_open(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &maker_key) != LUA_TFUNCTION) {
    lua_pop(L, 1);
    open_module(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &maker_key);
  }
  lua_call(L, 0, 1);
  return 1;
}
