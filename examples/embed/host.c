/*
 * A C program with corm in a Lua state of its own. Build it against an installed corm:
 *   cc host.c -o host $(pkg-config --cflags --libs corm)
 */
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lualib.h>

#include <corm.h>

static const char script[] = "local corm = require 'corm'\n"
                             "local engine = corm.create_engine('sqlite://')\n"
                             "local connection <close> = engine:connect()\n"
                             "return connection:execute(corm.text('select 6 * 7')):scalar()\n";

int main(void) {
  int status = EXIT_FAILURE;
  lua_State *L = luaL_newstate();
  if (!L) return status;
  luaL_openlibs(L);
  luaL_requiref(L, "corm", luaopen_corm, 0);
  lua_pop(L, 1);
  if (luaL_dostring(L, script) == LUA_OK) {
    printf("corm %s says %s\n", corm_version(), luaL_tolstring(L, -1, NULL));
    status = EXIT_SUCCESS;
  } else {
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  }
  lua_close(L);
  return status;
}
