/*
 * What plain Lua lacks for the benchmark. `require "clock"` gives a table: now() returns seconds from an arbitrary
 * start; block(size) a userdata as an object is one, with a finalizer that does nothing; text(prefix, i) a new string, as
 * reading an attribute makes one; handles(first, last, prefix) a list of the smallest objects that there can be: a number,
 * no finalizer, `text` a new string, any other field the number.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>
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

static int index_handle(lua_State *L) {
  const lua_Integer i = *(const lua_Integer *)lua_touserdata(L, 1);
  if (*lua_tostring(L, 2) != 't') {
    lua_pushinteger(L, i);
    return 1;
  }
  char text[64], digits[20];
  size_t len, n = 0;
  const char *prefix = lua_tolstring(L, lua_upvalueindex(1), &len);
  memcpy(text, prefix, len);
  for (lua_Integer rest = i; rest; rest /= 10) digits[n++] = (char)('0' + rest % 10);
  while (n) text[len++] = digits[--n];
  lua_pushlstring(L, text, len);
  return 1;
}

/* A prefix has up to 40 bytes. */
static int make_handles(lua_State *L) {
  const lua_Integer first = luaL_checkinteger(L, 1), last = luaL_checkinteger(L, 2);
  luaL_argcheck(L, lua_rawlen(L, 3) <= 40, 3, "too long");
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, index_handle, 1);
  lua_setfield(L, -2, "__index");
  lua_createtable(L, (int)(last - first + 1), 0);
  for (lua_Integer i = first; i <= last; i++) {
    *(lua_Integer *)lua_newuserdatauv(L, sizeof i, 0) = i;
    lua_pushvalue(L, 4);
    lua_setmetatable(L, -2);
    lua_rawseti(L, -2, i - first + 1);
  }
  return 1;
}

int luaopen_clock(lua_State *L) {
  lua_createtable(L, 0, 4);
  lua_pushcfunction(L, make_handles);
  lua_setfield(L, -2, "handles");
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
