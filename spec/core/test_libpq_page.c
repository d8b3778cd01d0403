/* Rows that stay with a PostgreSQL server and come a page at a time. */
#include "libpq_fixture.h"

static void begin(corm_driver_conn *conn) {
  const corm_begin how = {.mode = CORM_BEGIN_WRITE};
  assert_int_equal(pq->begin(conn, &how, NULL), CORM_OK);
}

static corm_driver_stmt *numbers(corm_driver_conn *conn, int64_t last, uint32_t page) {
  corm_driver_stmt *stmt = pq_prepare(conn, "SELECT n FROM generate_series(1, $1::int) AS n");
  pq_bind(stmt, 1, corm_value_int(last));
  if (page) pq->page(stmt, page);
  return stmt;
}

static int64_t cursors(corm_driver_conn *conn) {
  return pq_ask(conn, "SELECT count(*) FROM pg_cursors WHERE name LIKE 'corm%'");
}

static void read_on(corm_driver_stmt *stmt, int64_t from, int64_t to) {
  for (int64_t n = from; n <= to; n++) {
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).as.i, n);
  }
}

static void the_connection_is_free_between_rows(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int)");
  begin(*state);
  corm_driver_stmt *stmt = numbers(*state, 10, 3);
  for (int64_t n = 1; n <= 10; n++) {
    read_on(stmt, n, n);
    pq_exec(*state, "INSERT INTO t VALUES (1)");
  }
  assert_int_equal(cursors(*state), 1);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->reset(stmt);
  assert_int_equal(cursors(*state), 0);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 10);
  assert_int_equal(pq->commit(*state, NULL), CORM_OK);
  pq->finalize(stmt);
}

static void pages_may_be_full_larger_or_empty(void **state) {
  begin(*state);
  for (int64_t last = 0; last <= 6; last++) {
    corm_driver_stmt *stmt = numbers(*state, last, 3);
    read_on(stmt, 1, last);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    pq->finalize(stmt);
  }
  assert_int_equal(cursors(*state), 0);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
}

static void several_are_read_in_turn_and_left_half_read(void **state) {
  begin(*state);
  corm_driver_stmt *a = numbers(*state, 9, 2), *b = numbers(*state, 9, 4);
  for (int64_t n = 1; n <= 5; n++) {
    read_on(a, n, n);
    read_on(b, n, n);
  }
  assert_int_equal(cursors(*state), 2);
  pq->finalize(a);
  assert_int_equal(cursors(*state), 1);
  read_on(b, 6, 9);
  assert_int_equal(pq_step(b), CORM_DONE);
  pq->finalize(b);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
}

static void it_holds_until_reset_and_comes_before_the_first_step(void **state) {
  begin(*state);
  corm_driver_stmt *stmt = numbers(*state, 5, 2);
  read_on(stmt, 1, 3);
  pq->reset(stmt);
  read_on(stmt, 1, 1);
  assert_int_equal(cursors(*state), 0);
  pq->page(stmt, 2); /* too late */
  read_on(stmt, 2, 5);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  assert_int_equal(cursors(*state), 0);
  pq->finalize(stmt);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
}

static void outside_a_transaction_there_are_none(void **state) {
  corm_error err = {0};
  corm_driver_stmt *stmt = numbers(*state, 5, 2);
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_non_null(strstr(err.message, "transaction"));
  pq->reset(stmt);
  read_on(stmt, 1, 5);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->finalize(stmt);
}

static void failures_are_told(void **state) {
  corm_error err = {0};
  begin(*state);
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT 10 / (4 - n) FROM generate_series(1, 5) AS n");
  pq->page(stmt, 2);
  for (int i = 0; i < 2; i++) assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  pq->finalize(stmt);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
  assert_int_equal(cursors(*state), 0);
}

static void the_end_of_the_transaction_ends_the_rows(void **state) {
  corm_error err = {0};
  begin(*state);
  corm_driver_stmt *stmt = numbers(*state, 9, 2);
  read_on(stmt, 1, 2);
  assert_int_equal(pq->commit(*state, NULL), CORM_OK);
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  pq->finalize(stmt);
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      pq_test(the_connection_is_free_between_rows),
      pq_test(pages_may_be_full_larger_or_empty),
      pq_test(several_are_read_in_turn_and_left_half_read),
      pq_test(it_holds_until_reset_and_comes_before_the_first_step),
      pq_test(outside_a_transaction_there_are_none),
      pq_test(failures_are_told),
      pq_test(the_end_of_the_transaction_ends_the_rows),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
