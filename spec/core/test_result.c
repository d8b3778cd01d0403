/* Rows: streaming, buffered when the connection needs its way free, closed, decoded. */
#include "engine/result.h"

#include "base/time.h"
#include "engine_fixture.h"

typedef struct world {
  corm_engine *engine;
  corm_conn *conn;
  corm_error err;
} world;

static int setup(void **state) {
  world *w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  w->engine = open_engine("sqlite://", NULL);
  w->conn = connect_to(w->engine);
  run(w->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
  run(w->conn, "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, NULL), (4, '')");
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
  *state = w;
  return 0;
}

static int teardown(void **state) {
  world *w = *state;
  corm_error_clear(&w->err);
  corm_conn_release(w->conn);
  corm_engine_release(w->engine);
  free(w);
  return 0;
}

static const char all[] = "SELECT id, a FROM t ORDER BY id";

static void row_is(corm_result *result, int64_t id, const char *a) {
  corm_value value;
  corm_result_raw(result, 0, &value);
  assert_int_equal(value.kind, CORM_INT);
  assert_int_equal(value.as.i, id);
  corm_result_raw(result, 1, &value);
  if (a == NULL) {
    assert_int_equal(value.kind, CORM_NULL);
  } else {
    assert_int_equal(value.kind, CORM_TEXT);
    assert_int_equal(value.len, strlen(a));
    assert_memory_equal(value.as.s, a, value.len);
  }
}

static void next_is(corm_result *result, int64_t id, const char *a) {
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  row_is(result, id, a);
}

static void closed(corm_result *result) {
  corm_error err = {0};
  assert_int_equal(corm_result_next(result, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_RESOURCE_CLOSED);
}

/* -- fetching ------------------------------------------------------------------------------------------------------ */

static void streams(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, all);
  assert_true(corm_result_returns_rows(result));
  assert_int_equal(corm_result_column_count(result), 2);
  assert_string_equal(corm_result_column(result, 1)->name, "a");
  assert_int_equal(corm_result_rowcount(result), -1);
  next_is(result, 1, "one");
  next_is(result, 2, "two");
  next_is(result, 3, NULL);
  next_is(result, 4, "");
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  assert_false(corm_result_is_closed(result));
  corm_result_close(result);
  corm_result_close(result);
  assert_true(corm_result_is_closed(result));
  closed(result);
  corm_result_release(result);
}

static void no_rows(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, "SELECT id, a FROM t WHERE 0");
  assert_true(corm_result_returns_rows(result));
  assert_int_equal(corm_result_column_count(result), 2);
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  corm_result_release(result);
  result = query(w->conn, "UPDATE t SET a = 'x' WHERE id > 2");
  assert_false(corm_result_returns_rows(result));
  assert_int_equal(corm_result_rowcount(result), 2);
  assert_int_equal(corm_result_last_id(result), 0);
  assert_int_equal(corm_result_next(result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_RESOURCE_CLOSED);
  assert_non_null(strstr(w->err.message, "does not return rows"));
  corm_result_release(result);
}

static void counts(void **state) {
  world *w = *state;
  static const struct {
    const char *sql;
    int64_t rowcount, last_id;
  } cases[] = {{"INSERT INTO t (a) VALUES ('x')", 1, 5},
               {"INSERT INTO t (a) VALUES ('x'), ('y')", 2, 7},
               {"INSERT OR IGNORE INTO t VALUES (1, 'x')", 0, 0},
               {"-- c\n REPLACE INTO t VALUES (1, 'x')", 1, 1},
               {"DELETE FROM t WHERE id = 99", 0, 0},
               {"DELETE FROM t WHERE id > 4", 3, 0},
               {"WITH x AS (SELECT 1 AS id) UPDATE t SET a = 'z' WHERE id IN (SELECT id FROM x)", 1, 0},
               {"WITH x AS (SELECT 1) SELECT * FROM x", -1, 0},
               {"VALUES (1)", -1, 0},
               {"CREATE TABLE u (a)", -1, 0},
               {"PRAGMA user_version", -1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    corm_result *result = query(w->conn, cases[i].sql);
    if (corm_result_rowcount(result) != cases[i].rowcount || corm_result_last_id(result) != cases[i].last_id) {
      fail_msg("%s: %d, %d", cases[i].sql, (int)corm_result_rowcount(result), (int)corm_result_last_id(result));
    }
    corm_result_release(result);
  }
}

static void returning_is_complete_at_once(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, "INSERT INTO t (a) VALUES ('x'), ('y') RETURNING id, a");
  assert_int_equal(corm_result_rowcount(result), 2);
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK); /* no statement is in progress */
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
  next_is(result, 5, "x");
  next_is(result, 6, "y");
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  corm_result_release(result);
}

/* -- what disturbs ------------------------------------------------------------------------------------------------- */

static void rest_is_there(corm_result *result) {
  row_is(result, 2, "two"); /* the current row stays */
  next_is(result, 3, NULL);
  next_is(result, 4, "");
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  corm_result_release(result);
}

static corm_result *half_read(world *w) {
  corm_result *result = query(w->conn, all);
  next_is(result, 1, "one");
  next_is(result, 2, "two");
  return result;
}

static void commit_and_rollback_buffer(void **state) {
  world *w = *state;
  corm_result *half = half_read(w), *fresh = query(w->conn, all);
  run(w->conn, "DELETE FROM t WHERE id > 100");
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
  rest_is_there(half);
  next_is(fresh, 1, "one");
  corm_result_release(fresh);
  half = half_read(w);
  run(w->conn, "CREATE TABLE u (a)"); /* its rollback changes the schema, and would end the reader */
  assert_int_equal(corm_conn_rollback(w->conn, NULL), CORM_OK);
  rest_is_there(half);
}

static void savepoint_rollback_buffers(void **state) {
  world *w = *state;
  int depth = 0;
  corm_result *half = half_read(w);
  assert_int_equal(corm_conn_savepoint(w->conn, &depth, NULL), CORM_OK);
  run(w->conn, "DELETE FROM t WHERE id = 100");
  assert_int_equal(corm_conn_savepoint_rollback(w->conn, depth, NULL), CORM_OK);
  rest_is_there(half);
}

static void ddl_and_raw_control_buffer(void **state) {
  world *w = *state;
  corm_result *half = half_read(w);
  run(w->conn, "DROP TABLE t"); /* "database table is locked", were it not out of the way */
  rest_is_there(half);
  run(w->conn, "ROLLBACK");
  assert_int_equal(corm_conn_rollback(w->conn, NULL), CORM_OK);
  half = half_read(w);
  run(w->conn, "COMMIT");
  rest_is_there(half);
}

static void others_go_on_beside(void **state) {
  world *w = *state;
  corm_result *half = half_read(w);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 4);
  corm_result *twin = query(w->conn, all); /* the same text, both at once */
  next_is(twin, 1, "one");
  run(w->conn, "UPDATE t SET a = 'zwei' WHERE id = 1");
  next_is(half, 3, NULL);
  next_is(twin, 2, "two");
  corm_result_release(half);
  next_is(twin, 3, NULL);
  corm_result_release(twin); /* half read, and no hindrance */
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
}

static void results_of_one_memory_database(void **state) {
  world *w = *state;
  corm_conn *other = connect_to(w->engine);
  corm_result *half = half_read(w);
  run(other, "CREATE TABLE u (a)");
  assert_int_equal(corm_conn_rollback(other, NULL), CORM_OK); /* the physical connection is shared */
  rest_is_there(half);
  half = half_read(w);
  corm_result *own = query(other, all);
  corm_conn_release(other);
  corm_result_release(own);
  next_is(half, 3, NULL);
  corm_result_release(half);
}

static void failure_in_mid_reading(void **state) {
  world *w = *state;
  run(w->conn, "INSERT INTO t VALUES (5, 'x')");
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
  static const char sql[] = "SELECT id, CASE WHEN id < 3 THEN id ELSE abs(-9223372036854775808) END FROM t";
  corm_result *result = query(w->conn, sql);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_next(result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_OPERATIONAL);
  assert_string_equal(w->err.statement.sql, sql);
  corm_error_clear(&w->err);
  closed(result);
  corm_result_release(result);
  /* the same while buffering: a commit says so, a rollback goes through */
  result = query(w->conn, sql);
  assert_int_equal(corm_conn_commit(w->conn, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_OPERATIONAL);
  corm_error_clear(&w->err);
  closed(result);
  corm_result_release(result);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  result = query(w->conn, sql);
  assert_int_equal(corm_conn_rollback(w->conn, &w->err), CORM_OK);
  closed(result);
  corm_result_release(result);
}

/* -- typed values -------------------------------------------------------------------------------------------------- */

static corm_result *typed(world *w, handmade *h, const char *sql, corm_type_kind a, corm_type_kind b) {
  corm_result *result = NULL;
  handmade_init(h, sql);
  handmade_column(h, "a", a);
  handmade_column(h, "b", b);
  if (corm_conn_execute(w->conn, &h->compiled, NULL, &result, &w->err) != CORM_OK) fail_msg("%s", w->err.message);
  return result;
}

static void values_are_decoded(void **state) {
  world *w = *state;
  handmade h;
  corm_value day, number_;
  corm_result *result =
      typed(w, &h, "SELECT '2026-11-22', 12.5 UNION ALL SELECT NULL, 3", CORM_TYPE_DATE, CORM_TYPE_NUMERIC);
  memset(&h, 0x55, sizeof h); /* the compiled statement may be gone */
  assert_string_equal(corm_result_column(result, 0)->name, "a");
  assert_string_equal(corm_result_column(result, 1)->key, "b");
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_value(result, 0, &day, &w->err), CORM_OK);
  assert_int_equal(day.kind, CORM_DATE);
  assert_int_equal(day.as.i, corm_days_from_civil(2026, 11, 22));
  corm_value again;
  assert_int_equal(corm_result_value(result, 1, &number_, &w->err), CORM_OK);
  assert_int_equal(corm_result_value(result, 1, &again, &w->err), CORM_OK);
  assert_int_equal(number_.kind, CORM_DECIMAL);
  assert_memory_equal(number_.as.s, "12.5", 4); /* both live until the next step */
  assert_true(corm_value_equal(&number_, &again));
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_value(result, 0, &day, &w->err), CORM_OK);
  assert_int_equal(day.kind, CORM_NULL);
  corm_result_release(result);
}

static void dirty_data_names_its_column(void **state) {
  world *w = *state;
  handmade h;
  corm_value value;
  corm_result *result = typed(w, &h, "SELECT 'no date', 7", CORM_TYPE_DATE, CORM_TYPE_INTEGER);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_value(result, 0, &value, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_DATA);
  assert_string_equal(w->err.column, "a");
  assert_non_null(strstr(w->err.message, "column 'a'"));
  corm_error_clear(&w->err);
  assert_int_equal(corm_result_value(result, 1, &value, &w->err), CORM_OK);
  assert_int_equal(value.as.i, 7);
  corm_result_raw(result, 0, &value);
  assert_memory_equal(value.as.s, "no date", 7);
  corm_result_release(result);
}

static void columns_must_be_as_expected(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result = NULL;
  handmade_init(&h, "SELECT 1, 2, 3");
  handmade_column(&h, "a", CORM_TYPE_INTEGER);
  assert_int_equal(corm_conn_execute(w->conn, &h.compiled, NULL, &result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  assert_null(result);
}

static void references_are_counted(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, all);
  corm_result_acquire(result);
  corm_result_release(result);
  next_is(result, 1, "one");
  corm_result_release(result);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(streams),
      CASE(no_rows),
      CASE(counts),
      CASE(returning_is_complete_at_once),
      CASE(commit_and_rollback_buffer),
      CASE(savepoint_rollback_buffers),
      CASE(ddl_and_raw_control_buffer),
      CASE(others_go_on_beside),
      CASE(results_of_one_memory_database),
      CASE(failure_in_mid_reading),
      CASE(values_are_decoded),
      CASE(dirty_data_names_its_column),
      CASE(columns_must_be_as_expected),
      CASE(references_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
