/*
 * The binding under random scripts: the bytes of an input are run by script.lua, which calls the public interface with
 * them. The first two say which allocation of the core fails, if any: then memory may be what an error speaks of. A Lua
 * state serves many inputs, and ends without a leak. Entry: LLVMFuzzerTestOneInput, as in fuzz_compile.c.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../fuzz.h"
#include "base/mem.h"
#include "corm.h"

enum { INPUTS_PER_STATE = 500 };

typedef struct memory {
  corm_mem mem;
  size_t calls;
  size_t fail_at; /* 0: never */
  size_t live;
} memory;

static memory core;
static lua_State *L;
static unsigned inputs;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "fuzz_binding: %s: %s\n", what, detail ? detail : "?");
  abort();
}

static void *resize(void *ctx, void *ptr, size_t size) {
  memory *m = ctx;
  if (size == 0) {
    if (ptr) m->live--;
    free(ptr);
    return NULL;
  }
  if (m->fail_at && ++m->calls == m->fail_at) return NULL;
  void *fresh = realloc(ptr, size);
  if (fresh && !ptr) m->live++;
  return fresh;
}

static void close_state(void) {
  if (!L) return;
  lua_close(L);
  L = NULL;
  if (core.live) fail("memory", "lost");
}

/* Leaves the function of the script at 1. */
static void open_state(void) {
  core = (memory){.mem = {.resize = resize, .ctx = &core}};
  inputs = 0;
  L = luaL_newstate();
  if (!L) fail("state", "no memory");
  lua_pushlightuserdata(L, &core.mem);
  lua_setfield(L, LUA_REGISTRYINDEX, "corm.mem");
  luaL_openlibs(L);
  luaL_requiref(L, "corm", luaopen_corm, 0);
  lua_getglobal(L, "package");
  lua_pushstring(L, CORM_ROOT "/?.lua");
  lua_setfield(L, -2, "path");
  lua_settop(L, 0);
  if (luaL_dofile(L, CORM_ROOT "/spec/fuzz/binding/script.lua")) fail("script", lua_tostring(L, -1));
  lua_settop(L, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool registered;
  if (!registered) (void)atexit(close_state);
  registered = true;
  if (size < 3) return 0;
  if (L && ++inputs == INPUTS_PER_STATE) close_state();
  if (!L) open_state();
  core.calls = 0;
  core.fail_at = data[0] | (size_t)data[1] << 8;
  lua_pushvalue(L, 1);
  lua_pushlstring(L, (const char *)data + 2, size - 2);
  const int failed = lua_pcall(L, 1, 0, 0);
  core.fail_at = 0;
  if (failed) fail("finding", luaL_tolstring(L, -1, NULL));
  lua_settop(L, 1);
  return 0;
}
