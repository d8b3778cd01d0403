/* Streams of the PostgreSQL driver that come by COPY: the same rows as without, and the same failures. */
#include "driver/libpq.h"
#include "libpq_fixture.h"

static void stream(corm_driver_stmt *stmt) {
  pq->stream(stmt, true);
  pq->many(stmt);
}

/* Says in its second column how it was sent. */
#define SHOW_HOW "SELECT 1, current_query()"

static bool is_copied(corm_driver_conn *conn, corm_driver_stmt *stmt) {
  stream(stmt);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  const corm_value how = pq_column(stmt, 1);
  const bool copied = strstr(how.as.s, ") TO STDOUT") != NULL;
  pq->reset(stmt);
  assert_int_equal(pq_ask(conn, "SELECT 1"), 1);
  return copied;
}

static bool is_text_copied(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = pq_prepare(conn, sql);
  const bool copied = is_copied(conn, stmt);
  pq->finalize(stmt);
  return copied;
}

static void serves_what_it_can_say(void **state) {
  assert_true(is_text_copied(*state, SHOW_HOW));
  assert_true(is_text_copied(*state, SHOW_HOW " -- the end"));
  assert_true(is_text_copied(*state, "(" SHOW_HOW ") UNION ALL (VALUES (2, 'x')) LIMIT 1"));
  assert_true(is_text_copied(*state, "WITH a AS (" SHOW_HOW ") SELECT * FROM a"));
  assert_false(is_text_copied(*state, SHOW_HOW ";"));
  assert_false(is_text_copied(*state, SHOW_HOW " FOR UPDATE"));
  /* Values are always bound. */
  corm_driver_stmt *stmt = pq_prepare(*state, SHOW_HOW " WHERE $1 > 0");
  pq_bind(stmt, 1, corm_value_int(1));
  assert_false(is_copied(*state, stmt));
  pq->finalize(stmt);
  /* Nobody said that rows are many. */
  stmt = pq_prepare(*state, SHOW_HOW);
  pq->stream(stmt, true);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_null(strstr(pq_column(stmt, 1).as.s, "STDOUT"));
  pq->reset(stmt);
  pq->many(stmt);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_null(strstr(pq_column(stmt, 1).as.s, "STDOUT"));
  pq->finalize(stmt);
  /* An unknown type is read as text. */
  assert_false(is_text_copied(*state, SHOW_HOW ", '(1,2)'::point"));
  const corm_driver_option off[] = {{"prepare", "off"}};
  corm_driver_conn *conn = pq_open_with(off, 1);
  assert_false(is_text_copied(conn, SHOW_HOW));
  pq->close(conn);
  char text[34000];
  snprintf(text, sizeof text, SHOW_HOW " /* %33000s */", ""); /* too long to be planned twice */
  assert_false(is_text_copied(*state, text));
}

/* Steps both; true while there are rows. */
static bool step_both(corm_driver_stmt *whole, corm_driver_stmt *copied) {
  const corm_status status = pq_step(whole);
  assert_int_equal(pq_step(copied), status);
  return status == CORM_ROW;
}

static void assert_same(const corm_value *a, const corm_value *b) {
  assert_int_equal(a->kind, b->kind);
  if (corm_value_has_bytes(a)) {
    assert_int_equal(a->len, b->len);
    if (a->len > 0) assert_memory_equal(a->as.s, b->as.s, a->len);
  } else if (a->kind != CORM_NULL) {
    assert_int_equal(a->as.i, b->as.i);
  }
}

static void gives_the_same_rows(void **state) {
  static const char sql[] =
      "SELECT i, NULL::int, CASE WHEN i % 3 > 0 THEN repeat('x', i % 3) ELSE '' END, i::bigint << 33, i / 7.0::float8, "
      "i::real, i % 2 = 0, i::numeric / 8, date '2000-01-01' + i, timestamp '1999-12-31' + i * interval '1 min', "
      "ARRAY[i, NULL], '{\"a\": 1}'::jsonb, '\\x00ff'::bytea, i::smallint, NULLIF(i % 5, 0), current_query() IS NULL "
      "FROM generate_series(0, 700) AS i WHERE i < ";
  for (int n = 0; n <= 700; n += 350) { /* no rows at all, too */
    char text[sizeof sql + 8];
    snprintf(text, sizeof text, "%s%d", sql, n);
    corm_driver_conn *other = pq_open();
    corm_driver_stmt *whole = pq_prepare(other, text), *copied = pq_prepare(*state, text);
    for (int again = 0; again < 2; again++) {
      stream(copied);
      int rows = 0;
      for (; step_both(whole, copied); rows++) {
        corm_value a[16], b[16];
        pq->columns(whole, 0, 16, a);
        pq->columns(copied, 0, 16, b);
        for (int i = 0; i < 16; i++) assert_same(&a[i], &b[i]);
      }
      assert_int_equal(rows, n);
      assert_int_equal(pq_step(copied), CORM_DONE);
      assert_int_equal(pq->changes(*state), 0);
      pq->reset(copied);
      pq->reset(whole);
    }
    pq->finalize(whole);
    pq->finalize(copied);
    pq->close(other);
  }
}

/* The same columns of a table with others, also where the server's own prepared statement would make a transaction
   fail. */
static void notices_a_changed_table(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int)");
  pq_exec(*state, "INSERT INTO t SELECT 7 FROM generate_series(1, 1000)");
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT * FROM t");
  static const char *const changes[] = {"ALTER TABLE t ALTER n TYPE bigint", "ALTER TABLE t ALTER n TYPE float8",
                                        "ALTER TABLE t ADD m text DEFAULT 'new'"};
  for (int i = 0; i < 3; i++) {
    corm_driver_conn *other = pq_open();
    char path[80];
    snprintf(path, sizeof path, "SET search_path TO corm_%ld", (long)getpid());
    pq_exec(other, path);
    const corm_begin begin = {.mode = CORM_BEGIN_READ};
    if (i > 0) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    pq_exec(other, changes[i]);
    pq->close(other);
    stream(stmt);
    assert_int_equal(pq_step(stmt), CORM_ROW);
    const corm_value n = pq_column(stmt, 0);
    if (i == 0)
      assert_int_equal(n.as.i, 7);
    else
      assert_true(n.kind == CORM_REAL && n.as.f == 7.0);
    assert_int_equal(pq->column_count(stmt), i == 2 ? 2 : 1);
    if (i == 2) assert_text(pq_column(stmt, 1), "new");
    if (i == 2) assert_string_equal(pq->column_name(stmt, 1), "m");
    for (int row = 2; row <= 1000; row++) assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    pq->reset(stmt);
    if (i > 0) assert_int_equal(pq->commit(*state, NULL), CORM_OK);
    assert_int_equal(pq_step(stmt), CORM_ROW);
    pq->reset(stmt);
  }
  pq->finalize(stmt);
}

/* In the middle, after few rows and after so many that the server is told to stop. */
static void may_be_left(void **state) {
  const corm_begin begin = {.mode = CORM_BEGIN_READ};
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT i FROM generate_series(1, 20000) AS i");
  for (int inside = 0; inside < 2; inside++) {
    if (inside == 1) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    for (int64_t stop = 3; stop <= 19003; stop += 19000) {
      corm_error err = {0};
      corm_driver_stmt *other = NULL;
      stream(stmt);
      for (int64_t n = 1; n <= stop; n++) {
        assert_int_equal(pq_step(stmt), CORM_ROW);
        assert_int_equal(pq_column(stmt, 0).as.i, n);
      }
      assert_int_equal(pq->prepare(*state, "SELECT 1", 8, &other, &err), CORM_FAILED);
      assert_int_equal(pq->in_transaction(*state), inside);
      pq->reset(stmt);
      assert_false(pq->is_failed(*state));
      assert_int_equal(pq->in_transaction(*state), inside);
      assert_int_equal(pq_ask(*state, "SELECT 5"), 5);
    }
    stream(stmt);
    assert_int_equal(pq_step(stmt), CORM_ROW);
    if (inside == 1) assert_int_equal(pq->commit(*state, NULL), CORM_OK);
    assert_int_equal(pq_step(stmt), inside == 1 ? CORM_DONE : CORM_ROW);
    pq->reset(stmt);
  }
  pq->finalize(stmt);
}

static void fails_as_it_would_without(void **state) {
  static const struct {
    const char *sql;
    const char *sqlstate;
    int64_t rows;
  } cases[] = {
      {"SELECT 1 / (5000 - i) FROM generate_series(1, 9000) AS i", "22012", 4999},
      {"SELECT i, pg_sleep(CASE WHEN i = 10 THEN 20 ELSE 0 END) FROM generate_series(1, 90) AS i", "57014", -1},
      {"SELECT n FROM t", "42P01", 0}, /* gone since it was prepared */
  };
  pq_exec(*state, "SET statement_timeout TO 300");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int inside = 0; inside < 2; inside++) {
      corm_error err = {0};
      const corm_begin begin = {.mode = CORM_BEGIN_READ};
      if (cases[i].rows == 0) pq_exec(*state, "CREATE TABLE t (n int)");
      corm_driver_stmt *stmt = pq_prepare(*state, cases[i].sql);
      if (cases[i].rows == 0) pq_exec(*state, "DROP TABLE t");
      if (inside == 1) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
      stream(stmt);
      int64_t rows = 0;
      corm_status status;
      while ((status = pq->step(stmt, &err)) == CORM_ROW) rows++;
      assert_int_equal(status, CORM_FAILED);
      assert_string_equal(err.sqlstate, cases[i].sqlstate);
      if (cases[i].rows >= 0) assert_int_equal(rows, cases[i].rows);
      assert_int_equal(pq->is_failed(*state), inside);
      pq->finalize(stmt);
      if (inside == 1) assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
      assert_int_equal(pq_ask(*state, "SELECT 6"), 6);
    }
  }
}

/* Nothing is executed twice. */
static void executes_once(void **state) {
  pq_exec(*state, "CREATE SEQUENCE s");
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT nextval('s'), i FROM generate_series(1, 10) AS i");
  stream(stmt);
  for (int64_t i = 1; i <= 10; i++) {
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).as.i, i);
  }
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->finalize(stmt);
  assert_int_equal(pq_ask(*state, "SELECT last_value FROM s"), 10);
}

static void a_connection_may_break_in_the_middle(void **state) {
  char sql[80];
  corm_driver_conn *conn = pq_open();
  snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)", (long long)pq_ask(conn, "SELECT pg_backend_pid()"));
  corm_driver_stmt *stmt = pq_prepare(conn, "SELECT repeat('x', 1000) FROM generate_series(1, 1000000) AS i");
  stream(stmt);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  pq_exec(*state, sql);
  corm_error err = {0};
  corm_status status = CORM_ROW;
  while (status == CORM_ROW) status = pq->step(stmt, &err);
  assert_int_equal(status, CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DISCONNECT);
  assert_true(err.disconnected && pq->is_lost(conn));
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->finalize(stmt);
  pq->close(conn);
}

/* -- bytes --------------------------------------------------------------------------------------------------------- */

static const char message[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\3abc\0\2\0\0\0\2hi\377\377\377\377";

enum { MESSAGE = sizeof message - 1, HEAD = 22 };

/* Each in a block of its own, so that a sanitizer sees where it ends. */
static corm_status read_part(corm_pq_stmt *stmt, int row, const char *at, size_t len) {
  char *copy = malloc(len + 1);
  char *own = copy + 1;
  memcpy(own, at, len);
  stmt->row = row;
  const corm_status status = corm_pq_read_copied(stmt, own, len);
  if (status == CORM_ROW) {
    assert_int_equal(stmt->columns[0].len, 2);
    assert_memory_equal(stmt->columns[0].bytes, "hi", 2);
    assert_int_equal(stmt->columns[1].len, -1);
  }
  free(copy);
  return status;
}

static void takes_no_other_bytes(void **state) {
  corm_pq_column columns[2] = {0};
  corm_pq_stmt stmt = {.ncolumns = 2, .columns = columns};
  (void)state;
  assert_int_equal(read_part(&stmt, 0, message, MESSAGE), CORM_ROW);
  assert_int_equal(read_part(&stmt, 1, message + HEAD, MESSAGE - HEAD), CORM_ROW);
  assert_int_equal(read_part(&stmt, 0, message, HEAD), CORM_DONE);
  assert_int_equal(read_part(&stmt, 1, "\377\377", 2), CORM_DONE);
  for (size_t len = 0; len < MESSAGE; len++)
    if (len != HEAD) assert_int_equal(read_part(&stmt, 0, message, len), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 0, message + HEAD, MESSAGE - HEAD), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 1, "\377\377\0", 3), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 1, "\0\1\0\0\0\0", 6), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 1, "\0\2\0\0\0\0\377\377\377\376", 10), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 1, "\0\2\0\0\0\0\177\377\377\377", 10), CORM_FAILED);
  assert_int_equal(read_part(&stmt, 1, "\0\2\0\0\0\0\0\0\0\0x", 11), CORM_FAILED);
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

static bool works_with(const corm_mem *mem) {
  static const char sql[] = "SELECT i::numeric, n FROM generate_series(1, 3) AS i, pg_temp.t";
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  corm_driver_target target = pq_target();
  bool ok = pq->open(pq, mem, &target, &conn, &err) == CORM_OK &&
            pq->exec(conn, "CREATE TEMP TABLE t AS SELECT 5 AS n", &err) == CORM_OK &&
            pq->prepare(conn, sql, sizeof sql - 1, &stmt, &err) == CORM_OK &&
            pq->exec(conn, "ALTER TABLE t ALTER n TYPE numeric", &err) == CORM_OK;
  if (ok) stream(stmt);
  corm_status status = CORM_ROW;
  for (int i = 0; ok && status == CORM_ROW; i++) {
    status = pq->step(stmt, &err);
    ok = status == (i < 3 ? CORM_ROW : CORM_DONE) && (i == 3 || pq_column(stmt, 0).kind != CORM_ABSENT);
  }
  if (err.is_set) assert_int_equal(err.cls, CORM_E_MEMORY);
  if (stmt != NULL) pq->finalize(stmt);
  if (conn != NULL && !ok && err.is_set) {
    corm_error again = {0};
    if (pq->exec(conn, "SELECT 1", &again) != CORM_OK) assert_int_equal(again.cls, CORM_E_MEMORY);
  }
  if (conn != NULL) pq->close(conn);
  return ok;
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  fail_mem_each(works_with);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      pq_test(serves_what_it_can_say),
      pq_test(gives_the_same_rows),
      pq_test(notices_a_changed_table),
      pq_test(may_be_left),
      pq_test(fails_as_it_would_without),
      pq_test(executes_once),
      pq_test(a_connection_may_break_in_the_middle),
      cmocka_unit_test(takes_no_other_bytes),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
