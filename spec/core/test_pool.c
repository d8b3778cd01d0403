/* Sizes, classes and events of the pool, over the fake driver. */
#include "server_world.h"

static void with_options(world *w, const corm_engine_options *options) {
  memset(w, 0, sizeof *w);
  world_open(w, options);
}

static void exhausted_pool_says_its_sizes(void **state) {
  (void)state;
  world w;
  corm_conn *conns[3], *none = NULL;
  corm_engine_options options = corm_engine_options_default();
  options.pool_size = 2;
  options.max_overflow = 1;
  options.pool_timeout = 0.5;
  with_options(&w, &options);
  for (int i = 0; i < 3; i++) conns[i] = connect_to(w.engine);
  corm_pool_state pool = corm_engine_pool(w.engine);
  assert_string_equal(pool.name, "QueuePool");
  assert_int_equal(pool.size, 2);
  assert_int_equal(pool.used, 3);
  assert_int_equal(pool.idle, 0);
  assert_int_equal(pool.overflow, 1);
  failed(&w, corm_engine_connect(w.engine, &none, &w.err), CORM_E_TIMEOUT,
         "QueuePool limit of size 2 overflow 1 reached, connection timed out, timeout 0.50");
  for (int i = 0; i < 3; i++) corm_conn_release(conns[i]);
  pool = corm_engine_pool(w.engine);
  assert_int_equal(pool.used, 0);
  assert_int_equal(pool.idle, 2); /* the third was closed */
  assert_int_equal(pool.overflow, 0);
  assert_int_equal(corm_fake_open_count(w.fake), 2);
  world_close(&w);
}

static void collect_dropped(void *ctx) {
  corm_conn **dropped = ctx;
  corm_conn_release(*dropped);
  *dropped = NULL;
}

static void dropped_connections_are_collected_first(void **state) {
  (void)state;
  world w;
  corm_engine_options options = corm_engine_options_default();
  options.pool_size = 1;
  options.max_overflow = 0;
  with_options(&w, &options);
  corm_conn *dropped = connect_to(w.engine);
  corm_engine_observe(w.engine, &(corm_engine_observer){.ctx = &dropped, .collect = collect_dropped});
  corm_conn *conn = connect_to(w.engine);
  assert_null(dropped);
  corm_engine_observe(w.engine, NULL);
  corm_conn_release(conn);
  world_close(&w);
}

static void no_limits(void **state) {
  (void)state;
  world w;
  corm_conn *conns[20];
  corm_engine_options options = corm_engine_options_default();
  options.pool_size = 0;
  with_options(&w, &options);
  for (int i = 0; i < 20; i++) conns[i] = connect_to(w.engine);
  for (int i = 0; i < 20; i++) corm_conn_release(conns[i]);
  assert_int_equal(corm_fake_open_count(w.fake), 20);
  world_close(&w);
}

static void null_pool_keeps_none(void **state) {
  (void)state;
  world w;
  corm_engine_options options = corm_engine_options_default();
  options.pool_class = CORM_POOL_NONE;
  with_options(&w, &options);
  corm_conn *conn = connect_to(w.engine);
  corm_conn_release(conn);
  assert_int_equal(corm_fake_open_count(w.fake), 0);
  world_close(&w);
}

static void assertion_pool_has_one_user(void **state) {
  (void)state;
  world w;
  corm_conn *none = NULL;
  corm_engine_options options = corm_engine_options_default();
  options.pool_class = CORM_POOL_ASSERTION;
  with_options(&w, &options);
  corm_conn *conn = connect_to(w.engine);
  failed(&w, corm_engine_connect(w.engine, &none, &w.err), CORM_E_INVALID_REQUEST, "already checked out");
  corm_conn_release(conn);
  conn = connect_to(w.engine);
  corm_conn_release(conn);
  assert_int_equal(corm_fake_open_count(w.fake), 1);
  world_close(&w);
}

static void static_pool_shares_one(void **state) {
  (void)state;
  world w;
  corm_engine_options options = corm_engine_options_default();
  options.pool_class = CORM_POOL_STATIC;
  with_options(&w, &options);
  corm_conn *a = connect_to(w.engine), *b = connect_to(w.engine);
  run(a, "INSERT INTO t VALUES (1)");
  run(b, "SELECT 1");
  sent(&w, "BEGIN\nINSERT INTO t VALUES (1)\nSELECT 1\n");
  fault(&w, "SELECT 2", CORM_E_DISCONNECT, "gone");
  refused(b, "SELECT 2", CORM_E_DISCONNECT);
  refused(a, "SELECT 3", CORM_E_PENDING_ROLLBACK);
  done(corm_conn_rollback(a, &w.err), w.err);
  done(corm_conn_rollback(b, &w.err), w.err);
  run(a, "SELECT 4");
  run(b, "SELECT 5");
  sent(&w, "SELECT 2\nBEGIN\nSELECT 4\nSELECT 5\n");
  corm_conn_release(a);
  corm_conn_release(b);
  assert_int_equal(corm_fake_open_count(w.fake), 1);
  world_close(&w);
}

static void ping_replaces_what_does_not_answer(void **state) {
  (void)state;
  world w;
  corm_engine_options options = corm_engine_options_default();
  options.pool_pre_ping = true;
  with_options(&w, &options);
  corm_conn *a = connect_to(w.engine), *b = connect_to(w.engine);
  sent(&w, ""); /* new ones are not asked */
  corm_conn_release(a);
  corm_conn_release(b);
  fault(&w, "PING", CORM_E_DISCONNECT, "restarted");
  a = connect_to(w.engine);
  run(a, "SELECT 1");
  sent(&w, "PING\nBEGIN\nSELECT 1\n"); /* the other one was not asked any more */
  assert_int_equal(corm_fake_open_count(w.fake), 1);
  corm_conn_release(a);
  world_close(&w);
}

static void old_ones_are_recycled(void **state) {
  (void)state;
  world w;
  corm_engine_options options = corm_engine_options_default();
  options.pool_recycle_s = 0;
  with_options(&w, &options);
  corm_conn *conn = connect_to(w.engine);
  corm_conn_release(conn);
  assert_int_equal(corm_engine_pool(w.engine).idle, 0); /* it is older than nothing when it comes back */
  world_close(&w);
}

/* -- order --------------------------------------------------------------------------------------------------------- */

typedef struct recorder {
  corm_driver_conn *seen[16];
  corm_engine_event events[16];
  size_t n;
  corm_engine_event refuses;
} recorder;

static corm_status record(void *ctx, const corm_engine_news *news, corm_error *err) {
  recorder *self = ctx;
  assert_true(self->n < 16);
  self->seen[self->n] = news->native;
  self->events[self->n++] = news->event;
  return news->event == self->refuses ? corm_error_set(err, CORM_E_HOOK, "refused") : CORM_OK;
}

static void watch(world *w, recorder *self, corm_engine_event event) {
  *self = (recorder){.refuses = CORM_ENGINE_EVENT_COUNT};
  corm_engine_observe(w->engine, &(corm_engine_observer){.ctx = self, .events = UINT32_C(1) << event, .event = record});
}

static void last_in_is_first_out(void **state) {
  (void)state;
  for (int fifo = 0; fifo < 2; fifo++) {
    world w;
    recorder seen;
    corm_engine_options options = corm_engine_options_default();
    options.pool_use_fifo = fifo;
    with_options(&w, &options);
    watch(&w, &seen, CORM_ENGINE_CHECKOUT);
    corm_conn *a = connect_to(w.engine), *b = connect_to(w.engine);
    corm_conn_release(a);
    corm_conn_release(b);
    corm_conn *c = connect_to(w.engine);
    assert_ptr_equal(seen.seen[2], seen.seen[fifo ? 0 : 1]);
    corm_conn_release(c);
    world_close(&w);
  }
}

static void events_of_a_life(void **state) {
  world *w = *state;
  recorder seen = {.refuses = CORM_ENGINE_EVENT_COUNT};
  corm_engine_observe(w->engine, &(corm_engine_observer){.ctx = &seen, .events = UINT32_MAX, .event = record});
  corm_conn *conn = connect_to(w->engine);
  run(conn, "SELECT 1");
  done(corm_conn_savepoint(conn, NULL, &w->err), w->err);
  done(corm_conn_savepoint_release(conn, 1, &w->err), w->err);
  done(corm_conn_commit(conn, &w->err), w->err);
  corm_conn_invalidate(conn, NULL);
  corm_conn_release(conn);
  static const corm_engine_event expected[] = {CORM_ENGINE_DO_CONNECT,
                                               CORM_ENGINE_FIRST_CONNECT,
                                               CORM_ENGINE_CONNECT,
                                               CORM_ENGINE_CHECKOUT,
                                               CORM_ENGINE_BEGIN,
                                               CORM_ENGINE_SAVEPOINT,
                                               CORM_ENGINE_RELEASE_SAVEPOINT,
                                               CORM_ENGINE_COMMIT,
                                               CORM_ENGINE_INVALIDATE,
                                               CORM_ENGINE_RESET,
                                               CORM_ENGINE_CHECKIN};
  assert_int_equal(seen.n, sizeof expected / sizeof *expected);
  assert_memory_equal(seen.events, expected, sizeof expected);
  corm_engine_observe(w->engine, NULL);
}

static void listeners_may_refuse(void **state) {
  world *w = *state;
  corm_conn *none = NULL;
  recorder seen;
  watch(w, &seen, CORM_ENGINE_DO_CONNECT);
  seen.refuses = CORM_ENGINE_DO_CONNECT;
  failed(w, corm_engine_connect(w->engine, &none, &w->err), CORM_E_HOOK, "refused");
  watch(w, &seen, CORM_ENGINE_CONNECT);
  seen.refuses = CORM_ENGINE_CONNECT;
  failed(w, corm_engine_connect(w->engine, &none, &w->err), CORM_E_HOOK, "refused");
  assert_int_equal(corm_fake_open_count(w->fake), 0);
  watch(w, &seen, CORM_ENGINE_CHECKOUT);
  seen.refuses = CORM_ENGINE_CHECKOUT;
  failed(w, corm_engine_connect(w->engine, &none, &w->err), CORM_E_HOOK, "refused");
  assert_int_equal(corm_engine_pool(w->engine).used, 0);
  assert_int_equal(corm_engine_pool(w->engine).idle, 1);
  corm_conn *conn;
  watch(w, &seen, CORM_ENGINE_COMMIT);
  seen.refuses = CORM_ENGINE_COMMIT;
  conn = connect_to(w->engine);
  run(conn, "SELECT 1");
  failed(w, corm_conn_commit(conn, &w->err), CORM_E_HOOK, "refused");
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_OPEN);
  corm_engine_observe(w->engine, NULL);
  done(corm_conn_commit(conn, &w->err), w->err);
  corm_conn_release(conn);
}

/* -- leftovers ----------------------------------------------------------------------------------------------------- */

static void what_a_user_began_is_rolled_back(void **state) {
  (void)state;
  for (corm_pool_reset reset = CORM_RESET_ROLLBACK; reset <= CORM_RESET_NONE; reset++) {
    world w;
    corm_engine_options options = corm_engine_options_default();
    options.pool_reset = reset;
    with_options(&w, &options);
    corm_conn *conn = connect_to(w.engine);
    run(conn, "INSERT INTO t VALUES (1)");
    corm_conn_release(conn);
    sent(&w, "BEGIN\nINSERT INTO t VALUES (1)\nROLLBACK\n");
    world_close(&w);
  }
}

int main(void) {
#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exhausted_pool_says_its_sizes),
      cmocka_unit_test(dropped_connections_are_collected_first),
      cmocka_unit_test(no_limits),
      cmocka_unit_test(null_pool_keeps_none),
      cmocka_unit_test(assertion_pool_has_one_user),
      cmocka_unit_test(static_pool_shares_one),
      cmocka_unit_test(ping_replaces_what_does_not_answer),
      cmocka_unit_test(old_ones_are_recycled),
      cmocka_unit_test(last_in_is_first_out),
      WORLD(events_of_a_life),
      WORLD(listeners_may_refuse),
      cmocka_unit_test(what_a_user_began_is_rolled_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
