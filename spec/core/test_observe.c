/* The statement cache, echo and hooks. */
#include "engine/connection.h"

#include "connection_world.h"

/* -- the statement cache ------------------------------------------------------------------------------------------- */

static int prepared(world *w, const char *sql) {
  corm_buf_reset(&w->echo);
  handmade h;
  corm_result *result = NULL;
  handmade_init(&h, sql);
  done(corm_conn_execute(w->conn, &h.compiled, NULL, &result, &w->err), w->err);
  corm_result_release(result);
  return strstr(corm_buf_str(&w->echo), "[generated in") != NULL;
}

static void cache_is_bounded_and_lru(void **state) {
  world *w = *state;
  corm_engine_settings(w->engine)->stmt_cache_size = 2;
  corm_engine_dispose(w->engine);
  corm_conn_release(w->conn);
  w->conn = connect_to(w->engine);
  assert_int_equal(prepared(w, "SELECT 1"), 1);
  assert_int_equal(prepared(w, "SELECT 2"), 1);
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  assert_int_equal(prepared(w, "SELECT 3"), 1); /* 2 goes */
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  assert_int_equal(prepared(w, "SELECT 2"), 1); /* 3 goes */
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  corm_result *a = query(w->conn, "SELECT 1 UNION SELECT 2"), *b = query(w->conn, "SELECT 3 UNION SELECT 4");
  corm_result *c = query(w->conn, "SELECT 5 UNION SELECT 6"); /* nothing idle to give up: outside the cache */
  assert_int_equal(corm_result_next(c, NULL), CORM_ROW);
  corm_result_release(a);
  corm_result_release(b);
  corm_result_release(c);
}

static void cached_statements_follow_the_schema(void **state) {
  world *w = *state;
  corm_value value;
  insert(w, "x");
  corm_result_release(query(w->conn, "SELECT * FROM t"));
  run(w->conn, "ALTER TABLE t ADD COLUMN extra DEFAULT 5");
  corm_result *result = query(w->conn, "SELECT * FROM t");
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_column_count(result), 3);
  assert_string_equal(corm_result_column(result, 2)->name, "extra");
  corm_result_raw(result, 2, &value);
  assert_int_equal(value.as.i, 5);
  corm_result_release(result);
}

/* -- echo and hooks ------------------------------------------------------------------------------------------------ */

/* Replaces every figure of time by "*". */
static void blur(char *text) {
  char *out = text;
  for (char *p = text; *p != '\0';) {
    if (*p == '[') {
      while (*p != ']') p++;
      *out++ = '*';
      p++;
    } else {
      *out++ = *p++;
    }
  }
  *out = '\0';
}

static void echo_tells_what_is_sent(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  corm_value x = text_value("x"), y = text_value("y");
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  done(corm_conn_begin(w->conn, CORM_BEGIN_WRITE, &w->err), w->err);
  int depth = open_savepoint(w);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(corm_batch_run(batch, &(corm_run){.values = &x, .n = 1}, &w->err), w->err);
  done(corm_batch_run(batch, &(corm_run){.values = &y, .n = 1}, &w->err), w->err);
  corm_batch_close(batch);
  done(corm_conn_savepoint_rollback(w->conn, depth, &w->err), w->err);
  run(w->conn, "DELETE FROM t");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  corm_engine_settings(w->engine)->hide_parameters = true;
  run(w->conn, "SELECT 1");
  corm_conn_close(w->conn);
  blur(w->echo.ptr);
  assert_string_equal(w->echo.ptr, "BEGIN (implicit)\n"
                                   "SAVEPOINT corm_sp_1\n"
                                   "INSERT INTO t (a) VALUES (?)\n"
                                   "* ('x')\n"
                                   "*\n"
                                   "INSERT INTO t (a) VALUES (?)\n"
                                   "* ('y')\n"
                                   "*\n"
                                   "ROLLBACK TO SAVEPOINT corm_sp_1\n"
                                   "RELEASE SAVEPOINT corm_sp_1\n"
                                   "DELETE FROM t\n"
                                   "* ()\n"
                                   "*\n"
                                   "COMMIT\n"
                                   "BEGIN (implicit)\n"
                                   "SELECT 1\n"
                                   "* *\n"
                                   "*\n"
                                   "ROLLBACK\n");
}

/* A hook that counts, and on demand fails or does something to the connection. */
typedef struct hook {
  int before, after;
  size_t params, rows;
  bool fail_before, fail_after, close, rollback, release, nested;
  corm_value last;
} hook;

static corm_status hook_before(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                               size_t nrows, corm_error *err) {
  hook *h = ctx;
  h->before++;
  h->params += nparams * nrows;
  h->rows += nrows;
  if (nparams * nrows > 0) h->last = params[nparams * nrows - 1];
  if (h->close) corm_conn_close(conn);
  if (h->release) corm_conn_release(conn);
  if (h->rollback) assert_int_equal(corm_conn_rollback(conn, NULL), CORM_OK);
  if (h->nested) {
    h->nested = false;
    assert_int_equal(number(conn, "SELECT count(*) FROM t"), 0);
    corm_result *twin = query(conn, sql);
    corm_result_release(twin);
  }
  return h->fail_before ? corm_error_set(err, CORM_E_HOOK, "before") : CORM_OK;
}

static corm_status hook_after(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                              size_t nrows, int64_t elapsed_usec, corm_error *err) {
  hook *h = ctx;
  (void)conn;
  (void)sql;
  (void)params;
  (void)nparams;
  (void)nrows;
  assert_true(elapsed_usec >= 0);
  h->after++;
  return h->fail_after ? corm_error_set(err, CORM_E_HOOK, "after") : CORM_OK;
}

static void observe(world *w, hook *h) {
  corm_engine_observe(w->engine, &(corm_engine_observer){.ctx = h, .before = hook_before, .after = hook_after});
}

static void hooks_see_each_execution(void **state) {
  world *w = *state;
  hook seen = {0};
  handmade h;
  corm_batch *batch = NULL;
  corm_result *result = NULL;
  const char *const names[] = {"a"};
  corm_value day = corm_value_int(0), days[2];
  day.kind = CORM_DATE;
  days[0] = days[1] = day;
  days[1].as.i = 1;
  const corm_params sets[] = {{names, &days[0], 1}, {names, &days[1], 1}};
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_DATE);
  observe(w, &seen);
  done(corm_conn_execute_many(w->conn, &h.compiled, sets, 2, NULL, &result, &w->err), w->err);
  corm_result_release(result);
  assert_int_equal(seen.before, 1);
  assert_int_equal(seen.rows, 2);
  assert_int_equal(seen.params, 2);
  assert_int_equal(seen.after, 1);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  const corm_value stored = text_value("1970-01-03");
  done(corm_batch_run(batch, &(corm_run){.values = &stored, .n = 1}, &w->err), w->err);
  assert_int_equal(seen.before, 2);
  assert_int_equal(seen.rows, 3);
  assert_int_equal(seen.last.kind, CORM_TEXT); /* as it is stored */
  corm_batch_close(batch);
  corm_engine_observe(w->engine, NULL);
  run(w->conn, "SELECT 1");
  assert_int_equal(seen.before, 2);
}

static void failing_hooks(void **state) {
  world *w = *state;
  hook h = {.fail_before = true};
  observe(w, &h);
  refused(w->conn, "INSERT INTO t (a) VALUES ('x')", CORM_E_HOOK);
  assert_int_equal(h.after, 0);
  h = (hook){.fail_after = true};
  refused(w->conn, "INSERT INTO t (a) VALUES ('y')", CORM_E_HOOK);
  refused(w->conn, "SELECT 1 UNION SELECT 2", CORM_E_HOOK);
  corm_engine_observe(w->engine, NULL);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a = 'y'"), 1);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 1);
}

static void hooks_that_meddle(void **state) {
  world *w = *state;
  hook h = {.nested = true};
  observe(w, &h);
  run(w->conn, "SELECT count(*), 1 FROM t"); /* executes the same text within itself */
  h = (hook){.rollback = true};
  run(w->conn, "INSERT INTO t (a) VALUES ('x')"); /* begins anew */
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  h = (hook){.close = true};
  refused(w->conn, "INSERT INTO t (a) VALUES ('y')", CORM_E_RESOURCE_CLOSED);
  assert_true(corm_conn_is_closed(w->conn));
  assert_int_equal(committed(w), 0);
  corm_conn_release(w->conn);
  w->conn = connect_to(w->engine);
  h = (hook){.release = true};
  corm_conn *conn = w->conn;
  w->conn = NULL;
  run(conn, "INSERT INTO t (a) VALUES ('y')"); /* the execution holds it to the end */
  assert_int_equal(committed(w), 0);
}

static void hooks_that_meddle_in_batches(void **state) {
  world *w = *state;
  hook h = {0};
  handmade made;
  corm_batch *batch = NULL;
  corm_value x = text_value("x");
  handmade_init(&made, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&made, "a", CORM_TYPE_STRING);
  observe(w, &h);
  done(corm_conn_batch_open(w->conn, &made.compiled, &batch, &w->err), w->err);
  h.fail_after = true;
  assert_int_equal(corm_batch_run(batch, &(corm_run){.values = &x, .n = 1}, NULL), CORM_FAILED);
  h = (hook){.rollback = true};
  done(corm_batch_run(batch, &(corm_run){.values = &x, .n = 1}, &w->err), w->err);
  h = (hook){.close = true};
  assert_int_equal(corm_batch_run(batch, &(corm_run){.values = &x, .n = 1}, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&w->err);
  assert_true(corm_conn_is_closed(w->conn));
  corm_batch_close(batch);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(cache_is_bounded_and_lru),
      CASE(cached_statements_follow_the_schema),
      CASE(echo_tells_what_is_sent),
      CASE(hooks_see_each_execution),
      CASE(failing_hooks),
      CASE(hooks_that_meddle),
      CASE(hooks_that_meddle_in_batches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
