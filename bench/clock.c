/*
 * What plain Lua lacks for the benchmark. `require "clock"` gives a table: now() returns seconds from an arbitrary
 * start; block(size) a userdata as an object is one, with a finalizer that does nothing; text(prefix, i) a new string, as
 * reading an attribute makes one.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <time.h>

int luaopen_clock(lua_State *L);

static int clock_now(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

static int do_nothing(lua_State *L) {
  (void)L;
  return 0;
}

static int make_block(lua_State *L) {
  lua_newuserdatauv(L, (size_t)luaL_checkinteger(L, 1), 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static int make_text(lua_State *L) {
  char text[64];
  int len = snprintf(text, sizeof text, "%s%lld", luaL_checkstring(L, 1), (long long)luaL_checkinteger(L, 2));
  lua_pushlstring(L, text, (size_t)len);
  return 1;
}

int luaopen_clock(lua_State *L) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, clock_now);
  lua_setfield(L, -2, "now");
  lua_pushcfunction(L, make_text);
  lua_setfield(L, -2, "text");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, do_nothing);
  lua_setfield(L, -2, "__gc");
  lua_pushcclosure(L, make_block, 1);
  lua_setfield(L, -2, "block");
  return 1;
}
