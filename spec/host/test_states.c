/*
 * Several Lua states with corm in one process: side by side, one after the other in the same memory, and one to a
 * thread. The module remembers the state that it asked for last, and must never take another one's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>

#include "corm.h"

static const char script[] = "local corm = require 'corm'\n"
                             "local t = corm.Table('t', corm.MetaData(), corm.Column('id', corm.Integer))\n"
                             "function text(n) return corm.select(t):where(t.c.id:eq(n)):compile().params.id_1 end\n";

static lua_State *open_state(void) {
  lua_State *L = luaL_newstate();
  assert_non_null(L);
  luaL_openlibs(L);
  luaL_requiref(L, "corm", luaopen_corm, 0);
  lua_pop(L, 1);
  if (luaL_dostring(L, script) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
  return L;
}

/* What corm says of a statement made in that state. */
static lua_Integer ask(lua_State *L, lua_Integer number) {
  lua_getglobal(L, "text");
  lua_pushinteger(L, number);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) return -1;
  lua_Integer answer = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return answer;
}

static void states_stand_side_by_side(void **state) {
  (void)state;
  lua_State *one = open_state(), *two = open_state();
  for (int i = 1; i <= 100; i++) {
    assert_int_equal(ask(one, i), i);
    assert_int_equal(ask(two, -i), -i);
  }
  lua_close(one);
  assert_int_equal(ask(two, 7), 7);
  lua_close(two);
}

/* The heap gives the second state the addresses of the first one. */
static void a_closed_state_is_forgotten(void **state) {
  (void)state;
  for (int i = 1; i <= 50; i++) {
    lua_State *L = open_state();
    assert_int_equal(ask(L, i), i);
    lua_close(L);
  }
}

/* A coroutine is a lua_State of its own, whose address a later one of another state may have. */
static void coroutines_belong_to_their_state(void **state) {
  (void)state;
  lua_State *one = open_state(), *two = open_state();
  for (int i = 1; i <= 100; i++) {
    lua_State *L = i % 2 ? one : two, *thread = lua_newthread(L);
    assert_int_equal(ask(thread, i), i);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
  }
  lua_close(two);
  lua_close(one);
}

static void *run(void *wrong) {
  for (int round = 0; round < 20; round++) {
    lua_State *L = open_state();
    for (int i = 1; i <= 50; i++) {
      if (ask(L, i) != i) *(int *)wrong = i;
    }
    lua_close(L);
  }
  return NULL;
}

static void each_thread_may_have_its_own(void **state) {
  (void)state;
  pthread_t threads[4];
  int wrong[4] = {0};
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, run, &wrong[i]), 0);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(wrong[i], 0);
  }
}

/* A state that goes from one thread to another, while the first thread goes on with its own. */
static void *ask_twice(void *L) {
  return ask(L, 5) == 5 && ask(L, 6) == 6 ? L : NULL;
}

static void states_change_threads(void **state) {
  (void)state;
  lua_State *one = open_state(), *two = open_state();
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    void *answered;
    assert_int_equal(pthread_create(&thread, NULL, ask_twice, two), 0);
    assert_int_equal(ask(one, 3), 3);
    pthread_join(thread, &answered);
    assert_ptr_equal(answered, two);
    assert_int_equal(ask(two, 4), 4);
  }
  lua_close(one);
  lua_close(two);
}

/* Lua's memory, of which the n-th request fails, and its repetition after a collection; 0: none. */
typedef struct shortage {
  size_t calls, fail_at;
} shortage;

static void *scarce(void *ctx, void *ptr, size_t old, size_t size) {
  shortage *s = ctx;
  if (!ptr) old = 0;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  if (size > old && s->fail_at) {
    s->calls++;
    if (s->calls == s->fail_at || s->calls == s->fail_at + 1) return NULL;
  }
  return realloc(ptr, size);
}

static int require_corm(lua_State *L) {
  luaL_requiref(L, "corm", luaopen_corm, 0);
  return 0;
}

static void an_opening_that_fails_may_be_done_again(void **state) {
  (void)state;
  size_t failed = 0;
  bool reached = true;
  for (size_t n = 1; reached; n += 5) {
    shortage s = {.calls = 0};
    lua_State *L = lua_newstate(scarce, &s);
    assert_non_null(L);
    luaL_openlibs(L);
    s.fail_at = n;
    lua_pushcfunction(L, require_corm);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) failed++;
    reached = s.calls >= n;
    s.fail_at = 0;
    lua_settop(L, 0);
    require_corm(L);
    if (luaL_dostring(L, script) != LUA_OK) fail_msg("after allocation %zu: %s", n, lua_tostring(L, -1));
    assert_int_equal(ask(L, 9), 9);
    lua_close(L);
  }
  assert_true(failed > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_closed_state_is_forgotten),
      cmocka_unit_test(states_stand_side_by_side),
      cmocka_unit_test(coroutines_belong_to_their_state),
      cmocka_unit_test(each_thread_may_have_its_own),
      cmocka_unit_test(states_change_threads),
      cmocka_unit_test(an_opening_that_fails_may_be_done_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
