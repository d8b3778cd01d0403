/* Sending ahead on a PostgreSQL server: further executions while earlier answers are still to be read. */
#include <time.h>

#include "engine_fixture.h"
#include "libpq_fixture.h"

enum { BIG = 20000 };

static void begin(corm_driver_conn *conn) {
  const corm_begin how = {.mode = CORM_BEGIN_WRITE};
  assert_int_equal(pq->begin(conn, &how, NULL), CORM_OK);
}

static corm_value big_text(void) {
  static char text[BIG];
  memset(text, 'x', sizeof text);
  return corm_value_text(text, sizeof text);
}

static void send_number(corm_driver_stmt *stmt, int64_t number) {
  pq_bind(stmt, 1, corm_value_int(number));
  assert_int_equal(pq->send(stmt, NULL), CORM_OK);
}

static void fails_as_not_executed(corm_driver_stmt *stmt) {
  corm_error err = {0};
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PENDING_ROLLBACK);
}

/* Small and large ones: with and without sync points between. */
static void sends_on_while_answers_are_read(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY, s text)");
  corm_driver_stmt *a = pq_prepare(*state, "INSERT INTO t VALUES ($1, $2) RETURNING n");
  corm_driver_stmt *b = pq_prepare(*state, "INSERT INTO t VALUES (-$1::int, $2) RETURNING n");
  for (int round = 0; round < 2; round++) {
    begin(*state);
    int64_t sent = 0;
    for (int64_t read = 0; read < 60; read++) {
      for (; sent < 60 && sent < read + 4; sent++) {
        corm_driver_stmt *stmt = sent % 3 == 0 ? a : b;
        pq_bind(stmt, 2, round == 0 ? corm_value_text("s", 1) : big_text());
        send_number(stmt, sent + 1);
      }
      corm_driver_stmt *stmt = read % 3 == 0 ? a : b;
      assert_int_equal(pq_step(stmt), CORM_ROW);
      assert_int_equal(pq_column(stmt, 0).as.i, read % 3 == 0 ? read + 1 : -read - 1);
      assert_int_equal(pq_step(stmt), CORM_DONE);
      assert_int_equal(pq->changes(*state), 1);
      assert_true(pq->in_transaction(*state));
    }
    pq->reset(a);
    pq->reset(b);
    assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 60);
    assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
  }
  pq->finalize(a);
  pq->finalize(b);
}

/* More than the buffers of both ends hold, in both directions, without a window that is ever empty. */
static void neither_end_waits_for_the_other(void **state) {
  static char text[400000];
  memset(text, 'x', sizeof text);
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::int, $2::text");
  begin(*state);
  pq_bind(stmt, 2, corm_value_text(text, sizeof text));
  for (int64_t i = 0; i < 40; i++) send_number(stmt, i);
  for (int64_t i = 0; i < 80; i++) {
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).as.i, i);
    assert_int_equal(pq_column(stmt, 1).len, sizeof text);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    if (i < 40) send_number(stmt, i + 40);
  }
  pq->finalize(stmt);
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
}

/* The lock is taken although nobody has read a word. */
static void the_server_begins_at_once(void **state) {
  corm_driver_conn *other = pq_open();
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT pg_advisory_xact_lock($1), $2::text");
  corm_driver_stmt *probe = pq_prepare(other, "SELECT pg_try_advisory_xact_lock($1)");
  const int64_t key = 4711000000 + getpid();
  const struct timespec span = {.tv_nsec = 10000000};
  begin(*state);
  pq_bind(stmt, 2, big_text());
  send_number(stmt, key);
  bool taken = false;
  for (int i = 0; i < 1000 && !taken; i++) {
    pq_bind(probe, 1, corm_value_int(key));
    assert_int_equal(pq_step(probe), CORM_ROW);
    taken = pq_column(probe, 0).as.i == 0;
    pq->reset(probe);
    if (!taken) nanosleep(&span, NULL);
  }
  assert_true(taken);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  pq->finalize(stmt);
  pq->close(other);
}

/* All that follows fails, whatever lies between: the one that was on its way already, and the one sent afterwards. */
static void a_failure_in_the_middle_ends_all(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY, s text)");
  corm_driver_stmt *stmt = pq_prepare(*state, "INSERT INTO t VALUES ($1, $2)");
  corm_driver_stmt *other = pq_prepare(*state, "INSERT INTO t VALUES ($1, 'other')");
  for (int large = 0; large < 2; large++) {
    corm_error err = {0};
    begin(*state);
    pq_bind(stmt, 2, large ? big_text() : corm_value_text("s", 1));
    send_number(stmt, 1);
    send_number(stmt, 2);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    send_number(stmt, 1);
    send_number(stmt, 3);
    send_number(other, 4);
    send_number(stmt, 5);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_INTEGRITY);
    assert_true(pq->is_failed(*state));
    fails_as_not_executed(stmt);
    fails_as_not_executed(other);
    fails_as_not_executed(stmt);
    assert_int_equal(pq_step(stmt), CORM_DONE); /* nothing is left */
    pq->reset(stmt);
    pq->reset(other);
    assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
    assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
  }
  pq->finalize(stmt);
  pq->finalize(other);
}

/* What is sent first in a transaction that has failed already is told the server's own reason. */
static void a_failed_transaction_refuses_what_is_sent(void **state) {
  corm_error err = {0};
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::int");
  begin(*state);
  assert_int_equal(pq->exec(*state, "SELECT 1 / 0", NULL), CORM_FAILED);
  send_number(stmt, 1);
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_string_equal(err.sqlstate, "25P02");
  pq->reset(stmt);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
  send_number(stmt, 7);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_column(stmt, 0).as.i, 7);
  pq->finalize(stmt);
}

/* Each unit is committed by itself: what is sent after a step is none of the unit before it. */
static void outside_a_transaction_there_are_units(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY)");
  corm_error err = {0};
  corm_driver_stmt *a = pq_prepare(*state, "INSERT INTO t VALUES ($1)");
  corm_driver_stmt *b = pq_prepare(*state, "INSERT INTO t VALUES ($1)");
  send_number(a, 1);
  send_number(a, 2);
  assert_int_equal(pq_step(a), CORM_DONE);
  send_number(a, 3); /* the answer that is left waits */
  assert_int_equal(pq_step(a), CORM_DONE);
  assert_int_equal(pq_step(a), CORM_DONE);
  send_number(b, 1);
  assert_int_equal(pq->step(b, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTEGRITY);
  pq->finalize(a);
  pq->finalize(b);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 3);
}

static void rows_that_are_looked_at_stay(void **state) {
  corm_error err = {0};
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT i FROM generate_series(1, $1) AS i");
  begin(*state);
  send_number(stmt, 2);
  send_number(stmt, 3);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq->send(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTERFACE);
  assert_int_equal(pq_column(stmt, 0).as.i, 1);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  send_number(stmt, 1);
  for (int64_t i = 1; i <= 3; i++) assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->reset(stmt); /* nobody asks for the last answer */
  assert_int_equal(pq_ask(*state, "SELECT 3"), 3);
  assert_true(pq->in_transaction(*state));
  pq->finalize(stmt);
}

/* Something else is done with the connection: all answers wait, in their order, and sending goes on. */
static void answers_wait_for_their_turn(void **state) {
  corm_driver_stmt *a = pq_prepare(*state, "SELECT $1::int"), *b = pq_prepare(*state, "SELECT -$1::int");
  int64_t sent = 0, read = 0;
  begin(*state);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 3; i++) {
      send_number(a, ++sent);
      send_number(b, sent);
    }
    if (round % 2 == 0) assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
    for (int i = 0; i < 2; i++) {
      read++;
      assert_int_equal(pq_step(a), CORM_ROW);
      assert_int_equal(pq_column(a, 0).as.i, read);
      assert_int_equal(pq_step(a), CORM_DONE);
      assert_int_equal(pq_step(b), CORM_ROW);
      assert_int_equal(pq_column(b, 0).as.i, -read);
      assert_int_equal(pq_step(b), CORM_DONE);
    }
  }
  pq->finalize(a);
  assert_int_equal(pq_step(b), CORM_ROW);
  assert_int_equal(pq_column(b, 0).as.i, -read - 1);
  pq->finalize(b);
  assert_int_equal(pq_ask(*state, "SELECT 2"), 2);
}

/* libpq goes on giving rows one by one when a pipeline follows a stream: with the first execution of it, inside and
   outside a transaction. */
static void rows_come_whole_after_a_stream(void **state) {
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT i FROM generate_series(1, $1) AS i");
  for (int inside = 0; inside < 2; inside++) {
    if (inside == 1) begin(*state);
    pq->stream(stmt, true);
    pq_bind(stmt, 1, corm_value_int(3));
    for (int i = 0; i < 3; i++) assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    pq->reset(stmt);
    send_number(stmt, 2);
    send_number(stmt, 4);
    for (int64_t n = 2; n <= 4; n += 2) {
      for (int64_t i = 1; i <= n; i++) {
        assert_int_equal(pq_step(stmt), CORM_ROW);
        assert_int_equal(pq_column(stmt, 0).as.i, i);
      }
      assert_int_equal(pq_step(stmt), CORM_DONE);
    }
    pq->reset(stmt);
  }
  pq->finalize(stmt);
}

/* Everything that was sent is answered by a failure, and nothing waits. */
static void a_connection_may_break_on_the_way(void **state) {
  char sql[80];
  corm_driver_conn *conn = pq_open();
  snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)", (long long)pq_ask(conn, "SELECT pg_backend_pid()"));
  corm_driver_stmt *stmt = pq_prepare(conn, "SELECT $1::int, $2::text");
  begin(conn);
  pq_bind(stmt, 2, big_text());
  for (int64_t i = 0; i < 3; i++) send_number(stmt, i);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq_exec(*state, sql);
  corm_status status = CORM_OK;
  for (int i = 0; i < 400 && status == CORM_OK; i++) {
    pq_bind(stmt, 1, corm_value_int(i));
    status = pq->send(stmt, NULL);
  }
  corm_error err = {0};
  while ((status = pq->step(stmt, &err)) != CORM_FAILED) continue;
  assert_int_equal(err.cls, CORM_E_DISCONNECT);
  assert_true(pq->is_lost(conn));
  pq->close(conn);
}

static bool sends_with(const corm_mem *mem) {
  corm_error err = {0};
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_driver_target target = pq_target();
  const char *sql = "SELECT $1::int";
  const corm_begin how = {.mode = CORM_BEGIN_WRITE};
  const corm_value value = corm_value_int(1);
  int64_t sent = 0, rows = 0;
  if (pq->open(pq, mem, &target, &conn, &err) != CORM_OK) return false;
  corm_status status = pq->begin(conn, &how, &err);
  if (status == CORM_OK) status = pq->prepare(conn, sql, strlen(sql), &stmt, &err);
  for (; status == CORM_OK && sent < 20; sent += status == CORM_OK) {
    status = pq->bind(stmt, 1, &value, true, &err);
    if (status == CORM_OK) status = pq->send(stmt, &err);
  }
  for (int64_t i = 0; i < sent; i++) /* what was sent is answered */
    while (pq_step(stmt) == CORM_ROW) rows++;
  assert_int_equal(rows, sent);
  if (stmt != NULL) pq->finalize(stmt);
  pq->close(conn);
  if (status != CORM_OK) assert_int_equal(err.cls, CORM_E_MEMORY);
  return status == CORM_OK;
}

static void running_out_of_memory_loses_no_answer(void **state) {
  (void)state;
  fail_mem_each(sends_with);
}

/* -- the engine's two halves -- */

static corm_status send_row(corm_batch *batch, const corm_value *values, corm_error *err) {
  const corm_run it = {.values = values, .n = 2};
  return corm_batch_send(batch, &it, err);
}

static corm_status receive_key(corm_batch *batch, const corm_value *values, int64_t *key, corm_error *err) {
  corm_value returned = corm_value_null();
  corm_arena arena;
  corm_arena_init(&arena, &corm_mem_libc);
  corm_run it = {.values = values, .n = 2, .returned = &returned, .width = 1, .room = 1, .arena = &arena};
  corm_status status = corm_batch_receive(batch, &it, err);
  if (status == CORM_OK) assert_int_equal(it.matched, 1);
  *key = returned.as.i;
  corm_arena_clear(&arena);
  return status;
}

/* One batch many times, a window of three in flight; the failure is told with its values, and all that was sent is
   received. */
static void a_batch_is_sent_while_it_is_received(void **state) {
  (void)state;
  corm_batch *batch = NULL;
  corm_error err = {0};
  handmade h;
  int64_t key = 0;
  corm_value rows[12][2];
  corm_engine *engine = open_engine(getenv("CORM_TEST_POSTGRESQL"), NULL);
  corm_conn *conn = connect_to(engine);
  run(conn, "CREATE TEMP TABLE ahead (n integer PRIMARY KEY, s text)");
  handmade_init(&h, "INSERT INTO ahead VALUES ($1, $2) RETURNING n");
  handmade_bind(&h, "n", CORM_TYPE_INTEGER);
  handmade_bind(&h, "s", CORM_TYPE_TEXT);
  done(corm_conn_batch_open(conn, &h.compiled, &batch, &err), err);
  for (int i = 0; i < 12; i++) {
    rows[i][0] = corm_value_int(i == 10 ? 3 : i);
    rows[i][1] = big_text();
  }
  assert_true(corm_conn_can_send(conn));
  for (int i = 0; i < 3; i++) done(send_row(batch, rows[i], &err), err);
  for (int i = 0; i < 9; i++) {
    done(receive_key(batch, rows[i], &key, &err), err);
    assert_int_equal(key, i);
    done(send_row(batch, rows[i + 3], &err), err);
  }
  done(receive_key(batch, rows[9], &key, &err), err);
  assert_int_equal(receive_key(batch, rows[10], &key, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTEGRITY);
  assert_non_null(strstr(err.statement.params, "n = 3"));
  corm_error_clear(&err);
  assert_int_equal(receive_key(batch, rows[11], &key, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&err);
  assert_int_equal(receive_key(batch, rows[11], &key, &err), CORM_FAILED); /* nothing is due */
  corm_error_clear(&err);
  corm_batch_close(batch);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

static corm_result *execute_ahead(corm_conn *conn, handmade *h, int64_t number) {
  static const char *const names[] = {"n"};
  const corm_value value = corm_value_int(number);
  const corm_params params = {names, &value, 1};
  const corm_execution how = {.ahead = true};
  corm_result *result = NULL;
  corm_error err = {0};
  done(corm_conn_execute_many(conn, &h->compiled, &params, 1, &how, &result, &err), err);
  return result;
}

static void has_rows(corm_result *result, int64_t first, int64_t last) {
  corm_error err = {0};
  corm_value value;
  for (int64_t i = first; i <= last; i++) {
    assert_int_equal(corm_result_next(result, &err), CORM_ROW);
    corm_result_raw(result, 0, &value);
    assert_int_equal(value.as.i, i);
  }
  assert_int_equal(corm_result_next(result, &err), CORM_DONE);
}

static void select_up_to(handmade *h) {
  handmade_init(h, "SELECT i FROM generate_series(1, $1) AS i");
  handmade_bind(h, "n", CORM_TYPE_INTEGER);
  handmade_column(h, "i", CORM_TYPE_INTEGER);
}

/* In any order, with statements between, after the end of the transaction, or never. */
static void a_result_is_expected(void **state) {
  (void)state;
  handmade h;
  corm_error err = {0};
  corm_engine *engine = open_engine(getenv("CORM_TEST_POSTGRESQL"), NULL);
  corm_conn *conn = connect_to(engine);
  select_up_to(&h);
  corm_result *a = execute_ahead(conn, &h, 2), *b = execute_ahead(conn, &h, 0), *c = execute_ahead(conn, &h, 3);
  assert_true(corm_result_is_expected(a) && corm_result_is_expected(c));
  has_rows(b, 1, 0);
  assert_int_equal(number(conn, "SELECT 5"), 5);
  has_rows(c, 1, 3);
  has_rows(a, 1, 2);
  corm_result_release(a);
  corm_result_release(b);
  corm_result_release(c);
  a = execute_ahead(conn, &h, 4);
  b = execute_ahead(conn, &h, 1);
  assert_int_equal(corm_result_next(a, &err), CORM_ROW);
  done(corm_conn_commit(conn, &err), err);
  has_rows(b, 1, 1);
  has_rows(a, 2, 4);
  corm_result_release(a);
  corm_result_release(b);
  a = execute_ahead(conn, &h, 4);
  corm_result_release(a);
  a = execute_ahead(conn, &h, 4);
  corm_conn_close(conn);
  assert_int_equal(corm_result_next(a, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&err);
  corm_result_release(a);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

static corm_result *divide_ahead(corm_conn *conn, handmade *h) {
  handmade_init(h, "SELECT 1 / $1::int");
  handmade_bind(h, "n", CORM_TYPE_INTEGER);
  handmade_column(h, "i", CORM_TYPE_INTEGER);
  return execute_ahead(conn, h, 0);
}

/* Told where its rows are asked for, or by the statement that it brings down. */
static void an_expected_result_may_be_a_failure(void **state) {
  (void)state;
  handmade good, bad;
  corm_error err = {0};
  corm_engine *engine = open_engine(getenv("CORM_TEST_POSTGRESQL"), NULL);
  corm_conn *conn = connect_to(engine);
  select_up_to(&good);
  corm_result *a = execute_ahead(conn, &good, 0), *c = execute_ahead(conn, &good, 0);
  corm_result_release(a); /* two copies are prepared from now on */
  corm_result_release(c);
  a = execute_ahead(conn, &good, 2);
  corm_result *b = divide_ahead(conn, &bad);
  c = execute_ahead(conn, &good, 3);
  has_rows(a, 1, 2);
  assert_int_equal(corm_result_next(b, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.statement.sql, "SELECT 1 / $1::int");
  corm_error_clear(&err);
  assert_int_equal(corm_result_next(c, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&err);
  done(corm_conn_rollback(conn, &err), err);
  corm_result_release(a);
  corm_result_release(b);
  corm_result_release(c);

  a = execute_ahead(conn, &good, 2);
  b = divide_ahead(conn, &bad);
  run_fails(conn, "SELECT 7 AS something_else", CORM_E_DATA, &err);
  assert_string_equal(err.statement.sql, "SELECT 1 / $1::int");
  corm_error_clear(&err);
  has_rows(a, 1, 2);
  assert_int_equal(corm_result_next(b, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&err);
  done(corm_conn_rollback(conn, &err), err);
  assert_int_equal(number(conn, "SELECT 7"), 7);
  corm_result_release(a);
  corm_result_release(b);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      pq_test(sends_on_while_answers_are_read),
      pq_test(neither_end_waits_for_the_other),
      pq_test(the_server_begins_at_once),
      pq_test(a_failure_in_the_middle_ends_all),
      pq_test(a_failed_transaction_refuses_what_is_sent),
      pq_test(outside_a_transaction_there_are_units),
      pq_test(rows_that_are_looked_at_stay),
      pq_test(answers_wait_for_their_turn),
      pq_test(rows_come_whole_after_a_stream),
      pq_test(a_connection_may_break_on_the_way),
      cmocka_unit_test(a_batch_is_sent_while_it_is_received),
      cmocka_unit_test(a_result_is_expected),
      cmocka_unit_test(an_expected_result_may_be_a_failure),
      cmocka_unit_test(running_out_of_memory_loses_no_answer),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
