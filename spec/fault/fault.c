/*
 * Every allocation of a whole-session scenario fails once: Lua's, the core's, and each with all later ones. Nothing may
 * crash or leak; what the script sees is success or an out-of-memory error; after a rollback the session works again
 * and the database holds all of the scenario or nothing.
 *
 *   fault SCENARIO.lua [first [step]]
 *
 * Every step-th allocation from the first on fails; first 0: from one to step, as the clock says.
 *
 * The script returns a table: `prepare()` (memory in plenty), `run(state)` (memory fails), `check(state, ok)` (plenty
 * again).
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "corm.h"

typedef enum victim { LUA_ONCE, LUA_REST, CORE_ONCE, CORE_REST, VICTIMS } victim;
static const char *const victim_names[] = {"lua, once", "lua, and all later", "core, once", "core, and all later"};

typedef struct fault {
  victim victim;
  bool armed;
  size_t calls;   /* of the victim while armed */
  size_t fail_at; /* from 1 */
  size_t failures;
  size_t lua_bytes;
  size_t core_blocks;
} fault;

/* Lua asks a second time after a full collection; "once" refuses both. */
static bool refuses(fault *f, bool lua) {
  bool mine = lua == (f->victim == LUA_ONCE || f->victim == LUA_REST);
  if (!f->armed || !mine) return false;
  f->calls++;
  size_t last = f->victim == LUA_ONCE ? f->fail_at + 1 : f->victim == CORE_ONCE ? f->fail_at : SIZE_MAX;
  if (f->calls < f->fail_at || f->calls > last) return false;
  f->failures++;
  return true;
}

static void *lua_side(void *ctx, void *ptr, size_t old, size_t size) {
  fault *f = ctx;
  if (!ptr) old = 0; /* then it is a type, not a size */
  if (size == 0) {
    f->lua_bytes -= old;
    free(ptr);
    return NULL;
  }
  if (size > old && refuses(f, true)) return NULL;
  void *fresh = realloc(ptr, size);
  if (fresh) f->lua_bytes += size - old;
  return fresh;
}

static void *core_side(void *ctx, void *ptr, size_t size) {
  fault *f = ctx;
  if (size == 0) {
    if (ptr) f->core_blocks--;
    free(ptr);
    return NULL;
  }
  if (refuses(f, false)) return NULL;
  if (!ptr) f->core_blocks++;
  return realloc(ptr, size);
}

static int quit(const char *what, const char *detail) {
  fprintf(stderr, "fault: %s: %s\n", what, detail ? detail : "?");
  return 1;
}

static const char *error_text(lua_State *L) {
  return luaL_tolstring(L, -1, NULL);
}

/* A failed run may only say that memory ran out. */
static bool is_memory_error(lua_State *L) {
  if (lua_type(L, -1) == LUA_TSTRING) return strstr(lua_tostring(L, -1), "not enough memory") != NULL;
  return strstr(error_text(L), "MemoryError") != NULL;
}

/* The embedded files as the first state compiled them: to compile them takes longer than all the rest of a round. */
typedef struct compiled {
  const char *source;
  char *code;
  size_t len;
} compiled;
static compiled files[200];

static int keep_code(lua_State *L, const void *part, size_t len, void *ctx) {
  (void)L;
  compiled *file = ctx;
  char *code = realloc(file->code, file->len + len);
  if (!code) return 1;
  memcpy(code + file->len, part, len);
  file->code = code;
  file->len += len;
  return 0;
}

int __real_luaL_loadbufferx(lua_State *L, const char *source, size_t len, const char *name, const char *mode);
int __wrap_luaL_loadbufferx(lua_State *L, const char *source, size_t len, const char *name, const char *mode);

/* What the linker gives to the module in place of luaL_loadbufferx (see cmake/tests.cmake). */
int __wrap_luaL_loadbufferx(lua_State *L, const char *source, size_t len, const char *name, const char *mode) {
  compiled *file = files;
  while (file->source && file->source != source) file++;
  if (file->source) return __real_luaL_loadbufferx(L, file->code, file->len, name, "b");
  const int status = __real_luaL_loadbufferx(L, source, len, name, mode);
  if (status != LUA_OK || file == files + sizeof files / sizeof *files - 1) return status; /* the last is never used */
  if (lua_dump(L, keep_code, file, 0)) exit(quit("compiled file", "no memory"));
  file->source = source;
  return LUA_OK;
}

static int load_scenario(lua_State *L, const char *path, fault *f, corm_mem *mem) {
  *mem = (corm_mem){core_side, f};
  lua_pushlightuserdata(L, mem);
  lua_setfield(L, LUA_REGISTRYINDEX, "corm.mem");
  luaL_openlibs(L);
  luaL_requiref(L, "corm", luaopen_corm, 0);
  lua_pop(L, 1);
  if (luaL_dofile(L, path)) return quit("scenario", error_text(L));
  lua_getfield(L, -1, "prepare");
  if (lua_pcall(L, 0, 1, 0)) return quit("prepare", error_text(L));
  return 0; /* stack: scenario, state */
}

static int run_scenario(lua_State *L, fault *f) {
  lua_getfield(L, 1, "run");
  lua_pushvalue(L, 2);
  f->armed = true;
  int failed = lua_pcall(L, 1, 0, 0);
  f->armed = false;
  if (failed && f->failures == 0) return quit("run failed without a fault", error_text(L));
  if (failed && !is_memory_error(L)) return quit("not an out-of-memory error", error_text(L));
  char run_error[300] = "no error";
  if (failed) (void)snprintf(run_error, sizeof run_error, "%s", error_text(L));
  lua_settop(L, 2);
  lua_getfield(L, 1, "check");
  lua_pushvalue(L, 2);
  lua_pushboolean(L, !failed);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return 0;
  fprintf(stderr, "fault: the run before: %s\n", run_error);
  return quit("check", error_text(L));
}

/* One state from birth to death. */
static int one_round(const char *path, fault *f) {
  corm_mem mem;
  lua_State *L = lua_newstate(lua_side, f);
  if (!L) return quit("state", "no memory");
  int bad = load_scenario(L, path, f, &mem);
  if (!bad) bad = run_scenario(L, f);
  lua_close(L);
  if (!bad && f->lua_bytes) bad = quit("leak", "of Lua's memory");
  if (!bad && f->core_blocks) bad = quit("leak", "of the core's memory");
  if (bad) fprintf(stderr, "fault: %s, allocation %zu\n", victim_names[f->victim], f->fail_at);
  return bad;
}

int main(int argc, char **argv) {
  if (argc < 2) return quit("usage", "fault SCENARIO.lua [first [step]]");
  const size_t step = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
  size_t first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
  if (!first) first = (size_t)time(NULL) % step + 1;
  for (victim v = 0; v < VICTIMS; v++) {
    size_t rounds = 0, failed = 1;
    for (size_t n = first; failed; n += step, rounds++) {
      fault f = {.victim = v, .fail_at = n};
      if (one_round(argv[1], &f)) return 1;
      failed = f.failures;
    }
    printf("%s: %zu rounds, from %zu by %zu\n", victim_names[v], rounds, first, step);
    if (rounds < 2) return quit("scenario", "asks for no memory");
  }
  return 0;
}
