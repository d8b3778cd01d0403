/*
 * The one thing that plain Lua lacks for the benchmark: a monotonic clock. `require "clock"` gives a function that
 * returns seconds from an arbitrary start.
 */
#include <lauxlib.h>
#include <lua.h>
#include <time.h>

int luaopen_clock(lua_State *L);

static int clock_now(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

int luaopen_clock(lua_State *L) {
  lua_pushcfunction(L, clock_now);
  return 1;
}
