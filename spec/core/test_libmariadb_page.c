/* Rows that stay with a MariaDB server and come a page at a time. */
#include "mariadb_fixture.h"

#define NUMBERS "SELECT seq FROM seq_1_to_9"

static corm_driver_stmt *numbers(corm_driver_conn *conn, uint32_t page) {
  corm_driver_stmt *stmt = prepare(conn, NUMBERS);
  if (page) DRIVER->page(stmt, page);
  return stmt;
}

static void read_on(corm_driver_stmt *stmt, int64_t from, int64_t to) {
  for (int64_t n = from; n <= to; n++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(column(stmt, 0).as.i, n);
  }
}

static void the_connection_is_free_between_rows(void **state) {
  exec(*state, "CREATE TEMPORARY TABLE free_page (n int)");
  corm_driver_stmt *stmt = numbers(*state, 2);
  for (int64_t n = 1; n <= 9; n++) {
    read_on(stmt, n, n);
    exec(*state, "INSERT INTO free_page VALUES (1)");
  }
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  assert_int_equal(number(*state, "SELECT count(*) FROM free_page"), 9);
}

static void several_are_read_in_turn_and_left_half_read(void **state) {
  corm_driver_stmt *a = numbers(*state, 2), *b = numbers(*state, 4);
  for (int64_t n = 1; n <= 5; n++) {
    read_on(a, n, n);
    read_on(b, n, n);
  }
  DRIVER->finalize(a);
  read_on(b, 6, 9);
  assert_int_equal(step(b), CORM_DONE);
  DRIVER->finalize(b);
  assert_int_equal(number(*state, "SELECT 1"), 1);
}

static void a_page_may_hold_all_rows(void **state) {
  static const uint32_t pages[] = {1, 8, 9, 10, 1000};
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    corm_driver_stmt *stmt = numbers(*state, pages[i]);
    read_on(stmt, 1, 9);
    assert_int_equal(step(stmt), CORM_DONE);
    DRIVER->finalize(stmt);
  }
}

static void it_holds_until_reset(void **state) {
  corm_driver_stmt *stmt = numbers(*state, 2);
  read_on(stmt, 1, 3);
  DRIVER->reset(stmt);
  read_on(stmt, 1, 9);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->reset(stmt);
  DRIVER->page(stmt, 3);
  read_on(stmt, 1, 9);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
}

int main(void) {
  if (!find_server()) return SKIPPED;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_connection_is_free_between_rows),
      cmocka_unit_test(several_are_read_in_turn_and_left_half_read),
      cmocka_unit_test(a_page_may_hold_all_rows),
      cmocka_unit_test(it_holds_until_reset),
  };
  int failed = cmocka_run_group_tests(tests, connect_setup, connect_teardown);
  corm_arena_clear(&url_arena);
  return failed;
}
