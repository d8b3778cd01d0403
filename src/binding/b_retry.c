/*
 * run_transaction: a block that is run again when the database says that the whole of it may be. Each try is what
 * begin(fn) does, COMMIT included, so a serialization failure at COMMIT is tried again as well.
 */
#include <math.h>
#include <time.h>

#include "base/time.h"
#include "binding/b_engine.h"
#include "binding/state.h"

typedef struct retry {
  lua_CFunction begin;           /* (target, fn): the block */
  void (*prepare)(lua_State *L); /* before each try, with the target at 1; may raise */
  lua_Integer left;              /* tries that may follow a failure */
  double delay, most;            /* seconds */
  bool lock_timeouts;
  uint64_t seed;
} retry;

enum { TARGET = 1, FUNCTION, STATE };

/* Between half of the delay and all of it, so that two that collided do not meet again. xorshift64 (Marsaglia 2003). */
static void wait_a_little(retry *self) {
  self->seed ^= self->seed << 13;
  self->seed ^= self->seed >> 7;
  self->seed ^= self->seed << 17;
  double share = 0.5 + 0.5 * (double)(self->seed >> 11) / 9007199254740992.0;
  double seconds = self->delay * share, whole = floor(seconds);
  struct timespec pause = {.tv_sec = (time_t)whole, .tv_nsec = (long)((seconds - whole) * 1e9)};
  (void)nanosleep(&pause, NULL);
  self->delay = fmin(self->delay * 2, self->most);
}

/* The error is on the top. */
static bool may_try_again(lua_State *L, const retry *self) {
  const corm_error *err = binding_error_of(L, -1);
  if (!err || self->left <= 0 || !err->retryable) return false;
  if (err->unknown || corm_error_class_is(err->cls, CORM_E_COMMIT_UNKNOWN)) return false;
  return self->lock_timeouts || !corm_error_class_is(err->cls, CORM_E_LOCK_TIMEOUT);
}

static int go_on(lua_State *L, int status, lua_KContext ctx);

static int try_once(lua_State *L, const retry *self) {
  lua_settop(L, STATE);
  if (self->prepare) self->prepare(L);
  binding_pushfunction(L, self->begin);
  lua_pushvalue(L, TARGET);
  lua_pushvalue(L, FUNCTION);
  return lua_pcallk(L, 2, LUA_MULTRET, 0, (lua_KContext)0, go_on);
}

/* What a try gave lies above STATE. */
static int go_on(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  retry *self = lua_touserdata(L, STATE);
  while (status != LUA_OK && status != LUA_YIELD) {
    if (!may_try_again(L, self)) return lua_error(L);
    self->left--;
    wait_a_little(self);
    status = try_once(L, self);
  }
  return lua_gettop(L) - STATE;
}

static double seconds_option(lua_State *L, const char *what, const char *name, double otherwise) {
  if (!binding_opt_push(L, STATE, name)) return otherwise;
  double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
  if (!(seconds >= 0 && seconds <= 3600))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a number of seconds from 0 to 3600", what, name);
  lua_pop(L, 1);
  return seconds;
}

int binding_run_transaction(lua_State *L, const char *what, lua_CFunction begin, void (*prepare)(lua_State *L)) {
  static const binding_option_spec specs[] = {{"max_retries", BINDING_OPT_INT},
                                              {"base_delay", BINDING_OPT_ANY},
                                              {"max_delay", BINDING_OPT_ANY},
                                              {"retry_lock_timeout", BINDING_OPT_BOOL}};
  lua_settop(L, STATE);
  if (!lua_isfunction(L, FUNCTION))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a function expected, got %s", what, binding_typename(L, FUNCTION));
  binding_check_options(L, STATE, what, specs, sizeof specs / sizeof *specs);
  lua_Integer retries = binding_opt_int(L, STATE, "max_retries", 3);
  if (retries < 0) return binding_error(L, CORM_E_ARGUMENT, "%s: max_retries must not be negative", what);
  double delay = seconds_option(L, what, "base_delay", 0.01), most = seconds_option(L, what, "max_delay", 1);
  bool lock_timeouts = binding_opt_bool(L, STATE, "retry_lock_timeout", false);
  retry *self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = (retry){.begin = begin,
                  .prepare = prepare,
                  .left = retries,
                  .delay = fmin(delay, most),
                  .most = most,
                  .lock_timeouts = lock_timeouts,
                  .seed = (uint64_t)corm_clock_monotonic() * 2654435761U ^ (uint64_t)(uintptr_t)self ^ 1};
  if (self->seed == 0) self->seed = 1;
  lua_replace(L, STATE);
  return go_on(L, try_once(L, self), 0);
}
