#include "cli/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/mem.h"
#include "corm.h"

static int to_string(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

/* Turns the error at the top into text. Only objects that describe themselves go through tostring: the address of a
   plain table says nothing. */
static void describe_error(lua_State *L) {
  if (lua_isstring(L, -1)) return;
  const char *kind = luaL_typename(L, -1);
  if (luaL_getmetafield(L, -1, "__tostring") == LUA_TNIL) {
    lua_pushfstring(L, "(error object is a %s value)", kind);
    return;
  }
  lua_pop(L, 1);
  lua_pushcfunction(L, to_string);
  lua_pushvalue(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) lua_pushfstring(L, "(error object is a %s value whose __tostring fails)", kind);
}

/* The message handler: runs while the script's frames still stand. */
static int add_traceback(lua_State *L) {
  describe_error(L);
  luaL_traceback(L, L, lua_tostring(L, -1), 1);
  return 1;
}

static void report(lua_State *L) {
  describe_error(L);
  fflush(stdout);
  fprintf(stderr, "corm: %s\n", lua_tostring(L, -1));
}

/* Calls the function below its args; false after a reported error. */
static int call(lua_State *L, int args) {
  int base = lua_gettop(L) - args;
  lua_pushcfunction(L, add_traceback);
  lua_insert(L, base);
  if (lua_pcall(L, args, 0, base) == LUA_OK) {
    lua_remove(L, base);
    return 1;
  }
  report(L);
  return 0;
}

/* `arg` as lua(1) sets it: the script at 0, its arguments above, the interpreter and its options below. */
static void set_arg_table(lua_State *L, const corm_script *script) {
  int zero = script->script < script->argc ? script->script : 0;
  lua_createtable(L, script->argc - zero - 1, zero + 1);
  for (int i = 0; i < script->argc; i++) {
    lua_pushstring(L, script->argv[i]);
    lua_rawseti(L, -2, i - zero);
  }
  lua_setglobal(L, "arg");
}

/* Loading allows source text only: a crafted precompiled chunk can crash the process. */
static int run_code(lua_State *L, const char *code) {
  if (luaL_loadbufferx(L, code, strlen(code), "=(command line)", "t") != LUA_OK) {
    report(L);
    return 0;
  }
  return call(L, 0);
}

static int run_file(lua_State *L, const corm_script *script) {
  const char *name = script->argv[script->script];
  if (strcmp(name, "-") == 0) name = NULL;
  if (luaL_loadfilex(L, name, "t") != LUA_OK) {
    report(L);
    return 0;
  }
  int args = script->argc - script->script - 1;
  luaL_checkstack(L, args + 1, "too many arguments to script");
  for (int i = 0; i < args; i++) lua_pushstring(L, script->argv[script->script + 1 + i]);
  return call(L, args);
}

/* The body of the program, protected: setting up may run out of memory as well. Returns true when all went well. */
static int run_all(lua_State *L) {
  const corm_script *script = lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_corm);
  lua_setfield(L, -2, "corm");
  lua_pop(L, 1);
  set_arg_table(L, script);
  lua_warning(L, "@on", 0);
  /* The mode that lua5.4 runs in, so that a script behaves here as it does there. */
  lua_gc(L, LUA_GCGEN, 0, 0);
  int ok = 1;
  for (int i = 0; ok && i < script->code_count; i++) ok = run_code(L, script->codes[i]);
  if (ok && script->command)
    ok = run_code(L, script->command);
  else if (ok && script->script < script->argc)
    ok = run_file(L, script);
  lua_pushboolean(L, ok);
  return 1;
}

/* As luaL_newstate's, whose blocks it takes over; but a new block, which most are, does not take the way of realloc. */
static void *resize(void *ctx, void *block, size_t old, size_t size) {
  (void)old;
  return corm_mem_libc.resize(ctx, block, size);
}

int corm_script_run(const corm_script *script) {
  lua_State *L = luaL_newstate();
  if (!L) {
    fputs("corm: not enough memory\n", stderr);
    return EXIT_FAILURE;
  }
  lua_setallocf(L, resize, NULL);
  lua_pushcfunction(L, run_all);
  lua_pushlightuserdata(L, (void *)script);
  int ok = 0;
  if (lua_pcall(L, 1, 1, 0) == LUA_OK)
    ok = lua_toboolean(L, -1);
  else
    report(L);
  lua_close(L);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
