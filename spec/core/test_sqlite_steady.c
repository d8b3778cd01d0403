/* Statements with patterns: compiled once where no pattern changes the plan, and for each pattern where one does. */
#include <sqlite3.h>

#include "driver/sqlite.h"

#include "driver_forms.h"
#include "temp_dir.h"

enum { RUNS = 50 };

typedef struct world {
  temp_dir dir;
  corm_driver_conn *conn, *other;
} world;

static int setup(void **state) {
  world *w = calloc(1, sizeof *w);
  if (!w) return -1;
  temp_dir_open(&w->dir);
  w->conn = open_file(temp_dir_file(&w->dir, "patterns.db"));
  exec(w->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, folded TEXT COLLATE NOCASE)");
  exec(w->conn, "CREATE INDEX t_name ON t (name)");
  exec(w->conn, "CREATE INDEX t_folded ON t (folded)");
  exec(w->conn, "INSERT INTO t (name, folded) VALUES ('a1', 'a1'), ('a2', 'a2'), ('b1', 'b1'), ('b2', 'b2')");
  *state = w;
  return 0;
}

static int teardown(void **state) {
  world *w = *state;
  if (w->other) w->other->driver->close(w->other);
  w->conn->driver->close(w->conn);
  temp_dir_close(&w->dir);
  free(w);
  return 0;
}

/* A counter of SQLite's, summed up over the connection's statements. */
static int counted(const world *w, int counter) {
  const corm_sqlite_conn *conn = (const corm_sqlite_conn *)w->conn;
  int sum = 0;
  for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(conn->db, stmt)) != NULL;)
    sum += sqlite3_stmt_status(stmt, counter, 0);
  return sum;
}

static int64_t rows_of(corm_driver_stmt *stmt, const char *pattern) {
  const corm_driver *driver = stmt->conn->driver;
  corm_error err = {0};
  corm_value value = corm_value_text(pattern, strlen(pattern));
  corm_status status;
  int64_t n = 0;
  assert_int_equal(driver->bind(stmt, 1, &value, true, &err), CORM_OK);
  while ((status = driver->step(stmt, &err)) == CORM_ROW) n++;
  if (status != CORM_DONE) fail_msg("%s: %s", pattern, err.message);
  driver->reset(stmt);
  return n;
}

static void run_often(corm_driver_stmt *stmt) {
  for (int i = 0; i < RUNS; i++) {
    assert_int_equal(rows_of(stmt, i % 2 ? "a%" : "%2"), 2);
    assert_int_equal(rows_of(stmt, i % 2 ? "b1" : "x%"), i % 2 ? 1 : 0);
  }
}

static void is_compiled_once_where_no_index_serves(void **state) {
  world *w = *state;
  corm_driver_stmt *stmt = prepare(w->conn, "SELECT id FROM t WHERE name LIKE ?");
  run_often(stmt);
  assert_in_range(counted(w, SQLITE_STMTSTATUS_REPREPARE), 1, 8);
  w->conn->driver->finalize(stmt);
}

static void is_compiled_for_each_pattern_where_an_index_serves(void **state) {
  world *w = *state;
  corm_driver_stmt *stmt = prepare(w->conn, "SELECT id FROM t WHERE folded LIKE ?");
  run_often(stmt);
  assert_true(counted(w, SQLITE_STMTSTATUS_REPREPARE) >= RUNS);
  const int steps = counted(w, SQLITE_STMTSTATUS_FULLSCAN_STEP);
  assert_int_equal(rows_of(stmt, "A%"), 2);
  assert_int_equal(counted(w, SQLITE_STMTSTATUS_FULLSCAN_STEP), steps); /* found by the index */
  w->conn->driver->finalize(stmt);

  stmt = prepare(w->conn, "SELECT id FROM t WHERE name GLOB ?");
  for (int i = 0; i < RUNS; i++) assert_int_equal(rows_of(stmt, i % 2 ? "a*" : "*1"), 2);
  assert_true(counted(w, SQLITE_STMTSTATUS_REPREPARE) >= RUNS);
  w->conn->driver->finalize(stmt);
}

static void keeps_what_is_bound(void **state) {
  world *w = *state;
  const corm_driver *driver = w->conn->driver;
  corm_driver_stmt *stmt = prepare(w->conn, "SELECT id FROM t WHERE name LIKE ? AND id >= ?");
  corm_value least = corm_value_int(2);
  assert_int_equal(driver->bind(stmt, 2, &least, true, NULL), CORM_OK);
  for (int i = 0; i < RUNS; i++) assert_int_equal(rows_of(stmt, i % 2 ? "a%" : "%1"), 1);
  driver->finalize(stmt);
}

static void follows_a_changed_schema(void **state) {
  world *w = *state;
  w->other = open_file(temp_dir_file(&w->dir, "patterns.db"));
  corm_driver_stmt *stmt = prepare(w->conn, "SELECT * FROM t WHERE name LIKE ?");
  run_often(stmt);
  for (int i = 0; i < 3; i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "ALTER TABLE t ADD COLUMN more_%d TEXT DEFAULT 'z'", i);
    exec(i == 1 ? w->conn : w->other, sql);
    assert_int_equal(rows_of(stmt, "a%"), 2);
    assert_int_equal(w->conn->driver->column_count(stmt), 4 + i);
    run_often(stmt);
  }
  exec(w->conn, "CREATE INDEX t_nocase ON t (name COLLATE NOCASE)");
  exec(w->conn, "DROP INDEX t_nocase");
  run_often(stmt);
  exec(w->conn, "DROP TABLE t");
  corm_error err = {0};
  corm_value value = corm_value_text("a%", 2);
  assert_int_equal(w->conn->driver->bind(stmt, 1, &value, true, NULL), CORM_OK);
  assert_int_equal(w->conn->driver->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_OPERATIONAL);
  assert_string_equal(err.message, "no such table: t");
  corm_error_clear(&err);
  w->conn->driver->finalize(stmt);
}

static void says_what_failed(void **state) {
  world *w = *state;
  const corm_driver *driver = w->conn->driver;
  corm_driver_stmt *stmt = prepare(w->conn, "SELECT id FROM t WHERE name LIKE ? ESCAPE ?");
  corm_value escape = corm_value_text("/", 1), wrong = corm_value_text("//", 2);
  assert_int_equal(driver->bind(stmt, 2, &escape, true, NULL), CORM_OK);
  run_often(stmt);
  for (int i = 0; i < 2; i++) {
    corm_error err = {0};
    assert_int_equal(driver->bind(stmt, 2, &wrong, true, NULL), CORM_OK);
    assert_int_equal(driver->step(stmt, &err), CORM_FAILED);
    assert_string_equal(err.message, "ESCAPE expression must be a single character");
    driver->reset(stmt);
    corm_error_clear(&err);
    assert_int_equal(driver->bind(stmt, 2, &escape, true, NULL), CORM_OK);
    run_often(stmt);
  }
  exec(w->conn, "PRAGMA busy_timeout = 1");
  w->other = open_file(temp_dir_file(&w->dir, "patterns.db"));
  exec(w->other, "BEGIN EXCLUSIVE");
  corm_error err = {0};
  assert_int_equal(driver->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_LOCK_TIMEOUT);
  corm_error_clear(&err);
  driver->reset(stmt);
  exec(w->other, "COMMIT");
  run_often(stmt);
  driver->finalize(stmt);
}

static void goes_on_without_memory_for_a_plan(void **state) {
  world *w = *state;
  for (size_t fails_at = 1; fails_at < 8; fails_at++) {
    fail_mem heap;
    corm_driver_stmt *stmt = prepare(w->conn, "SELECT id FROM t WHERE name LIKE ?");
    for (int i = 0; i < 6; i++) rows_of(stmt, i % 2 ? "a%" : "b%");
    const corm_mem *mem = w->conn->mem;
    fail_mem_init(&heap, fails_at);
    w->conn->mem = &heap.mem;
    assert_int_equal(rows_of(stmt, "%1"), 2);
    w->conn->mem = mem;
    assert_int_equal(heap.live, 0);
    run_often(stmt);
    w->conn->driver->finalize(stmt);
  }
}

int main(void) {
#define STEADY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      STEADY(is_compiled_once_where_no_index_serves),
      STEADY(is_compiled_for_each_pattern_where_an_index_serves),
      STEADY(keeps_what_is_bound),
      STEADY(follows_a_changed_schema),
      STEADY(says_what_failed),
      STEADY(goes_on_without_memory_for_a_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
