/* An engine over the fake driver that behaves as a server's does. */
#ifndef CORM_SPEC_SERVER_WORLD_H
#define CORM_SPEC_SERVER_WORLD_H

#include "driver/fake.h"

#include "engine_fixture.h"

typedef struct world {
  corm_fake *fake;
  corm_engine *engine;
  corm_error err;
} world;

static inline void world_open(world *w, const corm_engine_options *options) {
  static const corm_url url = {.dialect = "sqlite"};
  w->fake = corm_fake_new(&corm_mem_libc);
  corm_fake_serve(w->fake, &(corm_server){.version = "15.1", .number = 150001});
  done(corm_engine_new_with(&corm_mem_libc, corm_dialect_find("sqlite"), corm_fake_driver(w->fake), &url, options,
                            &w->engine, &w->err),
       w->err);
}

static inline void world_close(world *w) {
  corm_error_clear(&w->err);
  corm_engine_release(w->engine);
  assert_int_equal(corm_fake_open_count(w->fake), 0);
  corm_fake_free(w->fake);
}

static inline int setup(void **state) {
  world *w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  world_open(w, NULL);
  *state = w;
  return 0;
}

static inline int teardown(void **state) {
  world_close(*state);
  free(*state);
  return 0;
}

static inline void fault(world *w, const char *match, corm_error_class cls, const char *message) {
  assert_int_equal(corm_fake_fault(w->fake, match, cls, message, false), CORM_OK);
}

/* What was sent since the last time. */
static inline void sent(world *w, const char *expected) {
  assert_string_equal(corm_fake_log(w->fake), expected);
  corm_fake_log_clear(w->fake);
}

/* The call has failed with this class and says this. */
static inline void failed(world *w, corm_status status, corm_error_class cls, const char *text) {
  assert_int_equal(status, CORM_FAILED);
  if (w->err.cls != cls) fail_msg("%s: %s", corm_error_class_name(w->err.cls), w->err.message);
  if (strstr(w->err.message, text) == NULL) fail_msg("'%s' does not say '%s'", w->err.message, text);
  corm_error_clear(&w->err);
}

#endif
