/* The PostgreSQL driver on a server: statements, streams, pipelines, transactions, and what goes wrong. */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "driver/libpq.h"
#include "libpq_fixture.h"

static void pause_ms(long ms) {
  struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&span, NULL);
}

/* -- statements ---------------------------------------------------------------------------------------------------- */

static void knows_a_statement_before_it_runs(void **state) {
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::int AS a, $2::text AS \"b c\"");
  assert_int_equal(pq->param_count(stmt), 2);
  assert_int_equal(pq->column_count(stmt), 2);
  assert_string_equal(pq->column_name(stmt, 1), "b c");
  assert_true(pq->readonly(stmt));
  for (int i = 0; i < 3; i++) {
    pq_bind(stmt, 1, corm_value_int(i));
    if (i != 1) pq_bind(stmt, 2, corm_value_null()); /* bindings stay */
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).as.i, i);
    assert_int_equal(pq_column(stmt, 1).kind, CORM_NULL);
    assert_int_equal(pq_step(stmt), CORM_DONE);
    pq->reset(stmt);
  }
  corm_error err = {0};
  corm_value value = corm_value_int(1);
  assert_int_equal(pq->bind(stmt, 3, &value, true, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
  pq->finalize(stmt);
}

static void tells_reading_from_writing(void **state) {
  static const struct {
    const char *sql;
    bool readonly;
  } cases[] = {
      {"SELECT 1", true},
      {"-- update\n(/* /* delete */ */ VALUES ('insert into'))", true},
      {"TABLE pg_class", true},
      {"SHOW TimeZone", true},
      {"WITH a AS (SELECT $$update$$ AS \"delete\", E'\\'insert') SELECT * FROM a", true},
      {"SELECT relname FROM pg_class FOR UPDATE", false},
      {"SELECT 1 INTO TEMP x", false},
      {"WITH a AS (DELETE FROM t RETURNING n) SELECT * FROM a", false},
      {"INSERT INTO t VALUES (1)", false},
      {"CREATE TEMP TABLE u (a int)", false},
  };
  pq_exec(*state, "CREATE TABLE t (n int)");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    corm_driver_stmt *stmt = pq_prepare(*state, cases[i].sql);
    if (pq->readonly(stmt) != cases[i].readonly) fail_msg("%s", cases[i].sql);
    pq->finalize(stmt);
  }
}

static void takes_one_statement_only(void **state) {
  corm_error err;
  pq_fails(*state, "SELECT 1; SELECT 2", CORM_E_PROGRAMMING, &err);
  pq_fails(*state, "", CORM_E_PROGRAMMING, &err);
  pq_fails(*state, " ; -- nothing", CORM_E_PROGRAMMING, &err);
  err = (corm_error){0};
  assert_int_equal(pq->exec(*state, "BEGIN; COMMIT", &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
  assert_int_equal(pq->exec(*state, "", NULL), CORM_FAILED);
  corm_driver_stmt *stmt = NULL;
  assert_int_equal(pq->prepare(*state, "SELECT 1\0x", 10, &stmt, NULL), CORM_FAILED);
  assert_int_equal(pq_ask(*state, "SELECT 1; -- the end"), 1);
}

static void refuses_copy_and_goes_on(void **state) {
  corm_error err;
  pq_exec(*state, "CREATE TABLE t (n int)");
  pq_fails(*state, "COPY t FROM STDIN", CORM_E_NOT_SUPPORTED, &err);
  pq_fails(*state, "/* */ copy t TO STDOUT", CORM_E_NOT_SUPPORTED, &err);
  assert_int_equal(pq->exec(*state, "COPY t FROM STDIN", &err), CORM_FAILED);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
}

static void refuses_too_many_parameters(void **state) {
  corm_error err;
  corm_buf sql;
  corm_buf_init(&sql, &corm_mem_libc);
  corm_buf_puts(&sql, "SELECT 1 IN ($1");
  for (int i = 2; i <= 70000; i++) corm_buf_printf(&sql, ",$%d", i);
  corm_buf_puts(&sql, ")");
  pq_fails(*state, corm_buf_str(&sql), CORM_E_PROGRAMMING, &err);
  assert_non_null(strstr(err.message, "70000"));
  corm_buf_clear(&sql);
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
}

static void survives_a_changed_table(void **state) {
  corm_error err = {0};
  pq_exec(*state, "CREATE TABLE t (n int)");
  pq_exec(*state, "INSERT INTO t VALUES (7)");
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT * FROM t WHERE n = $1");
  pq_bind(stmt, 1, corm_value_int(7));
  assert_int_equal(pq_step(stmt), CORM_ROW);
  pq->reset(stmt);
  pq_exec(*state, "ALTER TABLE t ADD m text DEFAULT 'new'");
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq->column_count(stmt), 2);
  assert_text(pq_column(stmt, 1), "new");
  pq->reset(stmt);
  /* In a transaction the refusal has spoilt it; afterwards all is well. */
  pq_exec(*state, "ALTER TABLE t ALTER n TYPE bigint");
  corm_begin begin = {.mode = CORM_BEGIN_READ};
  assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_string_equal(err.sqlstate, "0A000");
  assert_true(pq->is_failed(*state));
  pq->reset(stmt);
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
  pq_bind(stmt, 1, corm_value_int(INT64_C(1) << 40));
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->reset(stmt);
  pq_exec(*state, "DEALLOCATE ALL");
  pq_bind(stmt, 1, corm_value_int(7));
  assert_int_equal(pq_step(stmt), CORM_ROW);
  pq->finalize(stmt);
}

/* Names go with the next preparation, not one by one. */
static void forgets_statements(void **state) {
  for (int i = 0; i < 50; i++) pq->finalize(pq_prepare(*state, "SELECT 1"));
  assert_true(pq_ask(*state, "SELECT count(*) FROM pg_prepared_statements") <= 2);
  const corm_begin begin = {.mode = CORM_BEGIN_READ};
  assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
  for (int i = 0; i < 300; i++) pq->finalize(pq_prepare(*state, "SELECT 1"));
  assert_true(pq_ask(*state, "SELECT count(*) FROM pg_prepared_statements") <= 70);
  assert_int_equal(pq->commit(*state, NULL), CORM_OK);
}

static void works_without_names(void **state) {
  const corm_driver_option off[] = {{"prepare", "off"}};
  corm_driver_conn *conn = pq_open_with(off, 1);
  (void)state;
  corm_driver_stmt *stmt = pq_prepare(conn, "SELECT $1::int, $2::timestamptz");
  corm_driver_stmt *other = pq_prepare(conn, "SELECT $1::text");
  for (int i = 0; i < 2; i++) {
    pq_bind(stmt, 1, corm_value_int(5));
    pq_bind(stmt, 2, pq_number(CORM_DATETIME, 1000000));
    pq_bind(other, 1, corm_value_text("x", 1));
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_step(other), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).as.i, 5);
    assert_int_equal(pq_column(stmt, 1).as.i, 1000000);
    assert_text(pq_column(other, 0), "x");
    pq->reset(stmt);
    pq->reset(other);
  }
  pq->finalize(stmt);
  pq->finalize(other);
  assert_int_equal(pq_ask(conn, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"), 0);
  assert_false(pq->is_altered(conn));
  pq->close(conn);
}

/* -- streams and pipelines ----------------------------------------------------------------------------------------- */

static void streams_and_stops(void **state) {
  corm_error err = {0};
  corm_begin begin = {.mode = CORM_BEGIN_READ};
  for (int inside = 0; inside < 2; inside++) {
    if (inside == 1) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    corm_driver_stmt *stmt = pq_prepare(*state, "SELECT i FROM generate_series(1, 20000) AS i");
    for (int64_t stop = 3; stop <= 20001; stop += 19998) {
      int64_t n = 0;
      pq->stream(stmt, true);
      while (n < stop && pq_step(stmt) == CORM_ROW) assert_int_equal(pq_column(stmt, 0).as.i, ++n);
      if (n == 3) {
        corm_driver_stmt *other = NULL;
        assert_int_equal(pq->prepare(*state, "SELECT 1", 8, &other, &err), CORM_FAILED);
        assert_int_equal(pq->in_transaction(*state), inside);
      }
      pq->reset(stmt);
      assert_false(pq->is_failed(*state));
    }
    pq->stream(stmt, true);
    assert_int_equal(pq_step(stmt), CORM_ROW);
    pq->finalize(stmt);
    assert_int_equal(pq->in_transaction(*state), inside);
    assert_int_equal(pq_ask(*state, "SELECT 5"), 5);
  }
  assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i");
  pq->stream(stmt, true);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  err = (corm_error){0};
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_string_equal(err.sqlstate, "22012");
  pq->finalize(stmt);
  assert_int_equal(pq_ask(*state, "SELECT 6"), 6);
}

enum { SENT = 40 };

/* More than the buffers of both ends hold, in both directions. */
static void sends_much_without_waiting(void **state) {
  static char text[400000];
  corm_driver_stmt *stmts[SENT];
  memset(text, 'x', sizeof text);
  for (int i = 0; i < SENT; i++) {
    stmts[i] = pq_prepare(*state, "SELECT $1::text, $2::int");
    pq_bind(stmts[i], 1, corm_value_text(text, sizeof text));
    pq_bind(stmts[i], 2, corm_value_int(i));
  }
  for (int i = 0; i < SENT; i++) assert_int_equal(pq->send(stmts[i], NULL), CORM_OK);
  for (int i = 0; i < SENT; i++) {
    assert_int_equal(pq_step(stmts[i]), CORM_ROW);
    assert_int_equal(pq_column(stmts[i], 0).len, sizeof text);
    assert_int_equal(pq_column(stmts[i], 1).as.i, i);
    assert_int_equal(pq_step(stmts[i]), CORM_DONE);
  }
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
  for (int i = 0; i < SENT; i++) pq->finalize(stmts[i]);
}

static void a_failure_undoes_the_pipeline(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY)");
  corm_begin begin = {.mode = CORM_BEGIN_WRITE};
  for (int inside = 0; inside < 2; inside++) {
    corm_driver_stmt *stmts[3];
    corm_error errs[3] = {0};
    for (int i = 0; i < 3; i++) stmts[i] = pq_prepare(*state, "INSERT INTO t VALUES ($1)");
    if (inside == 1) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    for (int i = 0; i < 3; i++) {
      pq_bind(stmts[i], 1, corm_value_int(i == 2 ? 9 : 1)); /* the second is the first again */
      assert_int_equal(pq->send(stmts[i], NULL), CORM_OK);
    }
    assert_int_equal(pq->step(stmts[0], &errs[0]), CORM_DONE);
    assert_int_equal(pq->changes(*state), 1);
    assert_int_equal(pq->step(stmts[1], &errs[1]), CORM_FAILED);
    assert_int_equal(errs[1].cls, CORM_E_INTEGRITY);
    assert_int_equal(pq->is_failed(*state), inside);
    assert_int_equal(pq->step(stmts[2], &errs[2]), CORM_FAILED);
    assert_int_equal(errs[2].cls, CORM_E_PENDING_ROLLBACK);
    if (inside == 1) assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
    assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
    for (int i = 0; i < 3; i++) pq->finalize(stmts[i]);
  }
}

/* One statement again and again, each time with other values. */
static void sends_one_statement_many_times(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY, s text)");
  pq_exec(*state, "INSERT INTO t SELECT i, 'old' FROM generate_series(1, 50) AS i");
  corm_driver_stmt *stmt = pq_prepare(*state, "UPDATE t SET s = $1 WHERE n <= $2 AND n > 0 RETURNING n, s");
  for (int round = 0; round < 2; round++) {
    for (int64_t i = 0; i < 3; i++) {
      char text[2] = {(char)('a' + i), '\0'};
      pq_bind(stmt, 1, corm_value_text(text, 1)); /* not kept: the bytes change */
      pq_bind(stmt, 2, corm_value_int(i));
      assert_int_equal(pq->send(stmt, NULL), CORM_OK);
    }
    for (int64_t i = 0; i < 3; i++) {
      for (int64_t k = 0; k < i; k++) {
        assert_int_equal(pq_step(stmt), CORM_ROW);
        assert_int_equal(pq_column(stmt, 1).as.s[0], 'a' + i);
      }
      assert_int_equal(pq_step(stmt), CORM_DONE);
      assert_int_equal(pq->changes(*state), i);
    }
    assert_int_equal(pq_step(stmt), CORM_DONE); /* nothing is left */
    pq->reset(stmt);
    assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t WHERE s = 'c'"), 2);
  }
  pq_bind(stmt, 2, corm_value_int(3));
  for (int i = 0; i < 4; i++) assert_int_equal(pq->send(stmt, NULL), CORM_OK);
  pq->reset(stmt); /* nobody asks for the answers */
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t WHERE s = 'c'"), 3);
  pq->finalize(stmt);
}

static void a_failure_among_many_is_found(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int PRIMARY KEY)");
  corm_begin begin = {.mode = CORM_BEGIN_WRITE};
  corm_driver_stmt *stmt = pq_prepare(*state, "INSERT INTO t VALUES ($1)");
  for (int inside = 0; inside < 2; inside++) {
    corm_error err = {0};
    if (inside == 1) assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    for (int i = 0; i < 6; i++) {
      pq_bind(stmt, 1, corm_value_int(i == 3 ? 1 : i));
      assert_int_equal(pq->send(stmt, NULL), CORM_OK);
    }
    for (int i = 0; i < 3; i++) assert_int_equal(pq_step(stmt), CORM_DONE);
    assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_INTEGRITY);
    assert_int_equal(pq->is_failed(*state), inside);
    pq->reset(stmt);
    if (inside == 1) assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
    assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
  }
  pq->finalize(stmt);
}

/* Something else in between, or nobody who asks for the answer. */
static void a_pipeline_may_be_left(void **state) {
  pq_exec(*state, "CREATE TABLE t (n int)");
  corm_driver_stmt *a = pq_prepare(*state, "INSERT INTO t VALUES (1)");
  corm_driver_stmt *b = pq_prepare(*state, "INSERT INTO t VALUES (2), (3)");
  assert_int_equal(pq->send(a, NULL), CORM_OK);
  assert_int_equal(pq->send(b, NULL), CORM_OK);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 3);
  assert_int_equal(pq_step(a), CORM_DONE);
  assert_int_equal(pq->changes(*state), 1);
  assert_int_equal(pq_step(b), CORM_DONE);
  assert_int_equal(pq->changes(*state), 2);
  pq->reset(a);
  pq->reset(b);
  assert_int_equal(pq->send(b, NULL), CORM_OK);
  assert_int_equal(pq->send(a, NULL), CORM_OK);
  pq->finalize(b);
  pq->reset(a);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 6);
  pq->finalize(a);
}

/* -- transactions -------------------------------------------------------------------------------------------------- */

static void transactions_are_what_was_asked_for(void **state) {
  static const char *const levels[] = {
      [CORM_ISOLATION_READ_UNCOMMITTED] = "read uncommitted",
      [CORM_ISOLATION_READ_COMMITTED] = "read committed",
      [CORM_ISOLATION_REPEATABLE_READ] = "repeatable read",
      [CORM_ISOLATION_SERIALIZABLE] = "serializable",
  };
  for (int level = CORM_ISOLATION_READ_UNCOMMITTED; level < CORM_ISOLATION_COUNT; level++) {
    corm_begin begin = {.isolation = (corm_isolation)level, .read_only = true, .deferrable = true};
    assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
    assert_true(pq->in_transaction(*state));
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT (current_setting('transaction_isolation') = '%s' AND current_setting('transaction_read_only') = "
             "'on' AND current_setting('transaction_deferrable') = 'on')::int",
             levels[level]);
    assert_int_equal(pq_ask(*state, sql), 1);
    corm_error err;
    pq_fails(*state, "CREATE TABLE t (n int)", CORM_E_READ_ONLY, &err);
    assert_true(pq->is_failed(*state));
    assert_int_equal(pq->rollback(*state, NULL), CORM_OK);
    assert_false(pq->in_transaction(*state) || pq->is_failed(*state));
  }
}

static void a_failed_transaction_is_not_committed(void **state) {
  corm_error err;
  corm_begin begin = {.mode = CORM_BEGIN_WRITE};
  pq_exec(*state, "CREATE TABLE t (n int)");
  assert_int_equal(pq->begin(*state, &begin, NULL), CORM_OK);
  pq_exec(*state, "INSERT INTO t VALUES (1)");
  pq_exec(*state, "SAVEPOINT a");
  pq_fails(*state, "SELECT 1 / 0", CORM_E_DATA, &err);
  pq_fails(*state, "SELECT 1", CORM_E_PENDING_ROLLBACK, &err);
  pq_exec(*state, "ROLLBACK TO SAVEPOINT a");
  assert_false(pq->is_failed(*state));
  pq_fails(*state, "SELECT 1 / 0", CORM_E_DATA, &err);
  err = (corm_error){0};
  assert_int_equal(pq->commit(*state, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PENDING_ROLLBACK);
  assert_false(pq->in_transaction(*state));
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
}

static void names_what_was_violated(void **state) {
  corm_error err;
  pq_exec(*state, "CREATE TABLE p (id int PRIMARY KEY)");
  pq_exec(*state,
          "CREATE TABLE t (a int, b int NOT NULL, c int CONSTRAINT positive CHECK (c > 0), d int CONSTRAINT d_of_p "
          "REFERENCES p, CONSTRAINT both_once UNIQUE (a, b))");
  pq_exec(*state, "INSERT INTO t VALUES (1, 2)");
  pq_exec(*state, "INSERT INTO p VALUES (1)");
  pq_fails(*state, "INSERT INTO t VALUES (1, 2)", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.kind, "unique");
  assert_string_equal(err.table, "t");
  assert_string_equal(err.column, "a, b");
  assert_string_equal(err.constraint, "both_once");
  assert_non_null(strstr(err.detail, "(1, 2)"));
  assert_false(err.retryable || err.disconnected);
  pq_fails(*state, "INSERT INTO t VALUES (3)", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.kind, "not_null");
  assert_string_equal(err.column, "b");
  pq_fails(*state, "INSERT INTO t VALUES (3, 3, 0)", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.kind, "check");
  assert_string_equal(err.constraint, "positive");
  pq_fails(*state, "INSERT INTO t VALUES (3, 3, 3, 3)", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.kind, "foreign_key");
  assert_string_equal(err.constraint, "d_of_p");
  pq_fails(*state, "INSERT INTO p VALUES (1)", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.kind, "primary_key");
  pq_fails(*state, "SELECT nonsense", CORM_E_PROGRAMMING, &err);
  assert_string_equal(err.sqlstate, "42703");
}

static void two_that_wait_for_each_other(void **state) {
  corm_error err = {0};
  corm_driver_conn *a = *state, *b = pq_open();
  char sql[160];
  const corm_begin begin = {.mode = CORM_BEGIN_WRITE, .isolation = CORM_ISOLATION_REPEATABLE_READ};
  snprintf(sql, sizeof sql, "SET search_path TO corm_%ld", (long)getpid());
  pq_exec(b, sql);
  pq_exec(a, "CREATE TABLE t AS SELECT 1 AS n");
  assert_int_equal(pq->begin(a, &begin, NULL), CORM_OK);
  assert_int_equal(pq->begin(b, &begin, NULL), CORM_OK);
  pq_exec(a, "UPDATE t SET n = 2");
  pq_exec(b, "SET LOCAL lock_timeout TO 50");
  assert_int_equal(pq->exec(b, "UPDATE t SET n = 3", &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_LOCK_TIMEOUT);
  assert_int_equal(pq->rollback(b, NULL), CORM_OK);
  assert_int_equal(pq->begin(b, &begin, NULL), CORM_OK);
  assert_int_equal(pq_ask(b, "SELECT n FROM t"), 1);
  assert_int_equal(pq->commit(a, NULL), CORM_OK);
  err = (corm_error){0};
  assert_int_equal(pq->exec(b, "UPDATE t SET n = 3", &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_SERIALIZATION);
  assert_true(err.retryable);
  pq->close(b);
}

/* -- the other end goes away --------------------------------------------------------------------------------------- */

typedef struct killer {
  int64_t pid;
  long after_ms;
  corm_driver_conn *cancel; /* interrupt this instead */
} killer;

static void kill_backend(int64_t pid) {
  char sql[120];
  corm_driver_conn *conn = pq_open();
  snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)", (long long)pid);
  pq_exec(conn, sql);
  snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld", (long long)pid);
  for (int i = 0; i < 200 && pq_ask(conn, sql) > 0; i++) pause_ms(10);
  pq->close(conn);
}

/* The backend leaves the server's list before it closes its socket. */
static void wait_for_hangup(corm_driver_conn *conn) {
  for (int i = 0; i < 500 && !pq->is_lost(conn); i++) {
    corm_pq_probe(corm_pq_conn_of(conn));
    pause_ms(10);
  }
}

static void *strike_later(void *arg) {
  const killer *job = arg;
  pause_ms(job->after_ms);
  if (job->cancel != NULL)
    pq->interrupt(job->cancel);
  else
    kill_backend(job->pid);
  return NULL;
}

static void a_killed_backend_is_a_lost_connection(void **state) {
  (void)state;
  for (int inside = 0; inside < 2; inside++) {
    corm_error err;
    const corm_begin begin = {.mode = CORM_BEGIN_WRITE};
    corm_driver_conn *conn = pq_open();
    if (inside == 1) assert_int_equal(pq->begin(conn, &begin, NULL), CORM_OK);
    assert_int_equal(pq->ping(conn, NULL), CORM_OK);
    assert_false(pq->is_lost(conn));
    kill_backend(pq_ask(conn, "SELECT pg_backend_pid()"));
    pq_fails(conn, "SELECT 1", CORM_E_DISCONNECT, &err);
    assert_true(err.disconnected && pq->is_lost(conn));
    assert_false(pq->in_transaction(conn));
    err = (corm_error){0};
    assert_int_equal(pq->ping(conn, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DISCONNECT);
    err = (corm_error){0};
    assert_int_equal(pq->commit(conn, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DISCONNECT);
    pq->close(conn);
  }
}

/* What was lost before COMMIT was sent is certainly not committed; what is lost during it may be. */
static void a_lost_commit_is_unknown_only_when_sent(void **state) {
  corm_error err = {0};
  char sql[160];
  const corm_begin begin = {.mode = CORM_BEGIN_WRITE};
  corm_driver_conn *conn = pq_open();
  pq_exec(*state, "CREATE TABLE t (n int)");
  pq_exec(*state,
          "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(20); RETURN NULL; "
          "END'");
  pq_exec(*state, "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
                  "FUNCTION dawdle()");
  snprintf(sql, sizeof sql, "SET search_path TO corm_%ld", (long)getpid());
  pq_exec(conn, sql);
  int64_t pid = pq_ask(conn, "SELECT pg_backend_pid()");
  assert_int_equal(pq->begin(conn, &begin, NULL), CORM_OK);
  pq_exec(conn, "INSERT INTO t VALUES (1)");
  pthread_t thread;
  killer job = {.pid = pid, .after_ms = 150};
  assert_int_equal(pthread_create(&thread, NULL, strike_later, &job), 0);
  assert_int_equal(pq->commit(conn, &err), CORM_FAILED);
  pthread_join(thread, NULL);
  assert_int_equal(err.cls, CORM_E_COMMIT_UNKNOWN);
  assert_true(err.disconnected);
  pq->close(conn);
  conn = pq_open();
  assert_int_equal(pq->begin(conn, &begin, NULL), CORM_OK);
  kill_backend(pq_ask(conn, "SELECT pg_backend_pid()"));
  wait_for_hangup(conn);
  err = (corm_error){0};
  assert_int_equal(pq->commit(conn, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DISCONNECT);
  assert_true(err.disconnected);
  pq->close(conn);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM t"), 0);
}

static void another_thread_may_interrupt(void **state) {
  corm_error err;
  pthread_t thread;
  killer job = {.after_ms = 100, .cancel = *state};
  assert_int_equal(pthread_create(&thread, NULL, strike_later, &job), 0);
  pq_fails(*state, "SELECT pg_sleep(20)", CORM_E_STATEMENT_TIMEOUT, &err);
  pthread_join(thread, NULL);
  assert_string_equal(err.sqlstate, "57014");
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
  pq_exec(*state, "SET statement_timeout TO 50");
  pq_fails(*state, "SELECT pg_sleep(20)", CORM_E_STATEMENT_TIMEOUT, &err);
  assert_int_equal(pq_ask(*state, "SELECT 1"), 1);
}

/* The child gives its copy up; the parent's connection does not notice. */
static void a_child_leaves_the_connection_alone(void **state) {
  corm_driver_conn *conn = pq_open();
  corm_driver_stmt *stmt = pq_prepare(conn, "SELECT i FROM generate_series(1, 5000) AS i");
  (void)state;
  pq->stream(stmt, true);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  pid_t child = fork();
  if (child == 0) {
    pq->finalize(stmt);
    pq->abandon(conn);
    _exit(0);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  int64_t n = 1;
  while (pq_step(stmt) == CORM_ROW) n++;
  assert_int_equal(n, 5000);
  pq->finalize(stmt);
  assert_int_equal(pq_ask(conn, "SELECT 1"), 1);
  pq->close(conn);
}

static bool out_of_memory(const corm_error *err) {
  if (err->cls != CORM_E_MEMORY) fail_msg("%s: %s", corm_error_class_name(err->cls), err->message);
  return false;
}

static bool works_with(const corm_mem *mem) {
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  corm_driver_target target = pq_target();
  corm_value rows[3] = {pq_kind(CORM_DECIMAL, "1.5", 3), corm_value_real(0.25), corm_value_null()};
  corm_value array = pq_kind(CORM_ARRAY, "[1,\"2\"]", 7);
  static const char sql[] = "SELECT $1::numeric[], $2::text[], '1 mon'::interval, -0.0::numeric, 1.5::float8";
  bool ok = true;
  if (pq->open(pq, mem, &target, &conn, &err) != CORM_OK) return out_of_memory(&err);
  ok = pq->prepare(conn, sql, sizeof sql - 1, &stmt, &err) == CORM_OK &&
       pq->bind_rows(stmt, 1, rows, 1, 3, &err) == CORM_OK && pq->bind(stmt, 2, &array, false, &err) == CORM_OK &&
       pq->step(stmt, &err) == CORM_ROW;
  if (!ok) out_of_memory(&err);
  for (int i = 0; ok && i < 5; i++) ok = pq_column(stmt, i).kind != CORM_ABSENT;
  if (stmt != NULL) pq->finalize(stmt);
  pq->close(conn);
  return ok;
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  fail_mem_each(works_with);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      pq_test(knows_a_statement_before_it_runs),
      pq_test(tells_reading_from_writing),
      pq_test(takes_one_statement_only),
      pq_test(refuses_copy_and_goes_on),
      pq_test(refuses_too_many_parameters),
      pq_test(survives_a_changed_table),
      pq_test(forgets_statements),
      cmocka_unit_test(works_without_names),
      pq_test(streams_and_stops),
      pq_test(sends_much_without_waiting),
      pq_test(sends_one_statement_many_times),
      pq_test(a_failure_among_many_is_found),
      pq_test(a_failure_undoes_the_pipeline),
      pq_test(a_pipeline_may_be_left),
      pq_test(transactions_are_what_was_asked_for),
      pq_test(a_failed_transaction_is_not_committed),
      pq_test(names_what_was_violated),
      pq_test(two_that_wait_for_each_other),
      cmocka_unit_test(a_killed_backend_is_a_lost_connection),
      pq_test(a_lost_commit_is_unknown_only_when_sent),
      pq_test(another_thread_may_interrupt),
      cmocka_unit_test(a_child_leaves_the_connection_alone),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
