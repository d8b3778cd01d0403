/* The MariaDB driver against a server: values as the server itself shows them, arrays of rows, results. */
#ifdef CORM_HAVE_LIBMARIADB
#include <math.h>

#include "base/time.h"

#include "mariadb_fixture.h"

/* -- values -------------------------------------------------------------------------------------------------------- */

typedef struct trip {
  const char *type;
  corm_value value;
  const char *shown;    /* by the server */
  const char *expected; /* read back; NULL: equal */
} trip;

/* Writes the value into a column of the type by a statement of its own, lets the server show it, and reads it back. */
static void round_trip(corm_driver_conn *conn, const trip *t) {
  char sql[256];
  snprintf(sql, sizeof sql, "CREATE OR REPLACE TABLE v (a %s) CHARSET utf8mb4", t->type);
  exec(conn, sql);
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO v VALUES (?)");
  bind_value(stmt, 1, t->value);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  bool binary = t->value.kind == CORM_BLOB;
  stmt = prepare(conn, binary ? "SELECT a, HEX(a) FROM v" : "SELECT a, CAST(a AS CHAR) FROM v");
  assert_int_equal(step(stmt), CORM_ROW);
  corm_value back = column(stmt, 0), shown = column(stmt, 1);
  if (shown.kind != CORM_TEXT || shown.len != strlen(t->shown) || memcmp(shown.as.s, t->shown, shown.len) != 0) {
    fail_msg("%s: the server shows %.*s", t->type, (int)shown.len, shown.as.s);
  }
  if (t->expected != NULL) {
    assert_value(back, (corm_value_kind)back.kind, t->expected);
  } else if (!corm_value_equal(&back, &t->value)) {
    fail_msg("%s: %s came back as %s", t->type, corm_value_kind_name((corm_value_kind)t->value.kind),
             corm_value_kind_name((corm_value_kind)back.kind));
  }
  DRIVER->finalize(stmt);
}

static const corm_civil noon = {2026, 11, 22, 12, 34, 56, 789012};
static const corm_civil early = {1, 1, 1, 0, 0, 0, 0};

static void keeps_every_kind(void **state) {
  static const unsigned char uuid[16] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
                                         0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};
  int64_t instant = corm_datetime_from_civil(&noon);
  const trip trips[] = {
      {"BIGINT", corm_value_int(INT64_MIN), "-9223372036854775808", NULL},
      {"BIGINT", corm_value_int(INT64_MAX), "9223372036854775807", NULL},
      {"BIGINT UNSIGNED", bytes_of(CORM_DECIMAL, "18446744073709551615", 20), "18446744073709551615", NULL},
      {"TINYINT", corm_value_int(-128), "-128", NULL},
      {"SMALLINT UNSIGNED", corm_value_int(65535), "65535", NULL},
      {"MEDIUMINT", corm_value_int(-8388608), "-8388608", NULL},
      {"INT UNSIGNED", corm_value_int(4294967295), "4294967295", NULL},
      {"INT ZEROFILL", corm_value_int(7), "0000000007", NULL},
      {"BOOLEAN", corm_value_bool(true), "1", "1"},
      {"YEAR", corm_value_int(1999), "1999", NULL},
      {"DOUBLE", corm_value_real(0.1), "0.1", NULL},
      {"DOUBLE", corm_value_real(-1.7976931348623157e308), "-1.7976931348623157e308", NULL},
      {"FLOAT", corm_value_real(0.5), "0.5", NULL},
      {"DECIMAL(30,10)", bytes_of(CORM_DECIMAL, "-12345678901234567890.0123456789", 32),
       "-12345678901234567890.0123456789", NULL},
      {"DECIMAL(8,2) ZEROFILL", bytes_of(CORM_DECIMAL, "1.50", 4), "000001.50", "1.50"},
      {"VARCHAR(10)", text_value(""), "", NULL},
      {"VARCHAR(10)", text_value("na\xc3\xafve \xf0\x9f\x98\x80"), "na\xc3\xafve \xf0\x9f\x98\x80", NULL},
      {"ENUM('a','b')", text_value("b"), "b", NULL},
      {"SET('a','b')", text_value("a,b"), "a,b", NULL},
      {"VARBINARY(4)", bytes_of(CORM_BLOB, "\0\xff'\\", 4), "00FF275C", NULL},
      {"BLOB", bytes_of(CORM_BLOB, "", 0), "", NULL},
      {"DATE", value_of(CORM_DATE, 0), "1970-01-01", NULL},
      {"DATE", value_of(CORM_DATE, CORM_DATE_MIN), "0001-01-01", NULL},
      {"DATE", value_of(CORM_DATE, CORM_DATE_MAX), "9999-12-31", NULL},
      {"DATETIME(6)", value_of(CORM_DATETIME, instant), "2026-11-22 12:34:56.789012", NULL},
      {"DATETIME(6)", value_of(CORM_DATETIME, corm_datetime_from_civil(&early)), "0001-01-01 00:00:00.000000", NULL},
      {"TIMESTAMP(6) NULL", value_of(CORM_DATETIME, instant), "2026-11-22 12:34:56.789012", NULL},
      {"TIME(6)", value_of(CORM_TIME, 86399999999), "23:59:59.999999", NULL},
      {"TIME", value_of(CORM_TIME, 0), "00:00:00", NULL},
      {"TIME(6)", value_of(CORM_INTERVAL, -1), "-00:00:00.000001", NULL},
      {"TIME", value_of(CORM_INTERVAL, INT64_C(3020399000000)), "838:59:59", NULL},
      {"JSON", bytes_of(CORM_JSON, "{\"a\": [1, null]}", 16), "{\"a\": [1, null]}", NULL},
      {"JSON", bytes_of(CORM_ARRAY, "[1]", 3), "[1]", "'[1]'"},
      {"UUID", bytes_of(CORM_UUID, (const char *)uuid, 16), "123e4567-e89b-12d3-a456-426614174000",
       "'123e4567-e89b-12d3-a456-426614174000'"},
      {"INET6", text_value("::1"), "::1", NULL},
  };
  for (size_t i = 0; i < sizeof trips / sizeof trips[0]; i++) {
    round_trip(*state, &trips[i]);
  }
}

static void keeps_nul_and_bits(void **state) {
  corm_driver_conn *conn = *state;
  exec(conn, "CREATE OR REPLACE TABLE v (a TEXT, b BIT(64), c BIT(1))");
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO v VALUES (?, ?, b'1')");
  bind_value(stmt, 1, corm_value_text("a\0b", 3));
  bind_value(stmt, 2, corm_value_int(-1));
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  assert_answer(conn, "SELECT HEX(a) FROM v", CORM_TEXT, "'610062'");
  stmt = prepare(conn, "SELECT a, b, c FROM v");
  assert_int_equal(step(stmt), CORM_ROW);
  corm_value text = column(stmt, 0);
  assert_int_equal(text.len, 3);
  assert_memory_equal(text.as.s, "a\0b", 3);
  assert_value(column(stmt, 1), CORM_DECIMAL, "18446744073709551615");
  assert_value(column(stmt, 2), CORM_INT, "1");
  DRIVER->finalize(stmt);
}

/* What exists only on the server's side. */
static void reads_what_has_no_equal(void **state) {
  corm_driver_conn *conn = *state;
  exec(conn, "SET sql_mode = ''");
  exec(conn, "CREATE OR REPLACE TABLE v (a DATE, b DATETIME, c POINT, d FLOAT)");
  exec(conn, "INSERT INTO v VALUES ('0000-00-00', '2026-02-00 01:02:03', POINT(1, 2), 0.1)");
  assert_true(DRIVER->is_altered(conn));
  assert_int_equal(DRIVER->restore(conn, NULL), CORM_OK);
  assert_false(DRIVER->is_altered(conn));
  corm_driver_stmt *stmt = prepare(conn, "SELECT a, b, c, d, NULL FROM v");
  assert_int_equal(step(stmt), CORM_ROW);
  assert_value(column(stmt, 0), CORM_TEXT, "'0000-00-00'");
  assert_value(column(stmt, 1), CORM_TEXT, "'2026-02-00 01:02:03'");
  assert_int_equal(column(stmt, 2).kind, CORM_BLOB);
  assert_int_equal(column(stmt, 2).len, 25);
  assert_true(column(stmt, 3).as.f == (double)0.1f);
  assert_int_equal(column(stmt, 4).kind, CORM_NULL);
  DRIVER->finalize(stmt);
}

static void refuses_what_cannot_be_sent(void **state) {
  corm_driver_stmt *stmt = prepare(*state, "SELECT ?");
  const corm_value bad[] = {corm_value_real(NAN), corm_value_real(-INFINITY),
                            value_of(CORM_INTERVAL, INT64_C(3020400000000)), value_of(CORM_TIME, CORM_USEC_PER_DAY),
                            value_of(CORM_DATE, CORM_DATE_MAX + 1)};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    corm_error err = {0};
    assert_int_equal(DRIVER->bind(stmt, 1, &bad[i], true, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DATA);
    err = (corm_error){0};
    assert_int_equal(DRIVER->bind_rows(stmt, 1, &bad[i], 1, 1, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DATA);
  }
  corm_error err = {0};
  corm_value one = corm_value_int(1);
  assert_int_equal(DRIVER->bind(stmt, 2, &one, true, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
  DRIVER->finalize(stmt);
}

/* A decimal is compared exactly, where text would be compared as a double. */
static void compares_decimals_exactly(void **state) {
  exec(*state, "CREATE OR REPLACE TABLE v (a DECIMAL(30,0))");
  exec(*state, "INSERT INTO v VALUES (123456789012345678901), (123456789012345678902)");
  corm_driver_stmt *stmt = prepare(*state, "SELECT COUNT(*) FROM v WHERE a = ?");
  bind_value(stmt, 1, bytes_of(CORM_DECIMAL, "123456789012345678901", 21));
  assert_int_equal(step(stmt), CORM_ROW);
  assert_value(column(stmt, 0), CORM_INT, "1");
  DRIVER->finalize(stmt);
}

static void moves_long_values(void **state) {
  enum { LONG = 300000 };
  char *bytes = malloc(LONG);
  assert_non_null(bytes);
  for (size_t i = 0; i < LONG; i++) bytes[i] = (char)(i * 7 % 251);
  exec(*state, "CREATE OR REPLACE TABLE v (a INT, b LONGBLOB)");
  corm_driver_stmt *stmt = prepare(*state, "INSERT INTO v VALUES (?, ?)");
  const size_t sizes[] = {0, 250, 251, 65535, 65536, LONG};
  for (size_t i = 0; i < 6; i++) {
    bind_value(stmt, 1, corm_value_int((int64_t)i));
    bind_value(stmt, 2, bytes_of(CORM_BLOB, bytes, sizes[i]));
    assert_int_equal(step(stmt), CORM_DONE);
    DRIVER->reset(stmt);
  }
  DRIVER->finalize(stmt);
  for (int stream = 0; stream < 2; stream++) {
    stmt = prepare(*state, "SELECT b FROM v ORDER BY a");
    DRIVER->stream(stmt, stream);
    for (size_t i = 0; i < 6; i++) {
      assert_int_equal(step(stmt), CORM_ROW);
      corm_value value = column(stmt, 0);
      assert_int_equal(value.len, sizes[i]);
      assert_memory_equal(value.as.s, bytes, value.len);
    }
    assert_int_equal(step(stmt), CORM_DONE);
    DRIVER->finalize(stmt);
  }
  free(bytes);
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

enum { ROWS = 1000 };

static void bind_columns(corm_driver_stmt *stmt, const corm_value *values, int n, size_t nrows) {
  corm_error err = {0};
  for (int i = 0; i < n; i++) {
    if (DRIVER->bind_rows(stmt, i + 1, values + i, (size_t)n, nrows, &err) != CORM_OK) fail_msg("%s", err.message);
  }
}

static const char count_executions[] = "SELECT CAST(VARIABLE_VALUE AS SIGNED) FROM information_schema.session_status "
                                       "WHERE VARIABLE_NAME = 'COM_STMT_EXECUTE'";

static void writes_arrays(void **state) {
  corm_driver_conn *conn = *state;
  static corm_value values[ROWS * 2];
  static char names[ROWS][24];
  exec(conn, "CREATE OR REPLACE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, a BIGINT, b VARCHAR(20))");
  for (int i = 0; i < ROWS; i++) {
    values[i * 2] = i % 10 == 3 ? corm_value_null() : corm_value_int(i);
    snprintf(names[i], sizeof names[i], "name %d", i);
    values[i * 2 + 1] = i % 7 == 5 ? corm_value_null() : text_value(names[i]);
  }
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t (a, b) VALUES (?, ?) RETURNING id, b");
  int64_t executions = number(conn, count_executions);
  bind_columns(stmt, values, 2, ROWS);
  for (int i = 0; i < ROWS; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(column(stmt, 0).as.i, i + 1);
    corm_value name = column(stmt, 1);
    assert_true(corm_value_equal(&name, &values[i * 2 + 1]));
  }
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(DRIVER->changes(conn), ROWS);
  DRIVER->reset(stmt);
  assert_int_equal(number(conn, count_executions) - executions, 2); /* the array, and this question */
  /* Single values by the same statement, and an array again. */
  bind_value(stmt, 1, corm_value_int(-1));
  bind_value(stmt, 2, text_value("single"));
  assert_int_equal(step(stmt), CORM_ROW);
  assert_true(column(stmt, 0).as.i > ROWS);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->reset(stmt);
  bind_columns(stmt, values, 2, 2);
  for (int i = 0; i < 2; i++) assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  assert_answer(conn, "SELECT CAST(COUNT(*) * 1000000 + SUM(a IS NULL) * 1000 + SUM(b IS NULL) AS SIGNED) FROM t",
                CORM_INT, "1003100143");
}

static void updates_and_deletes_arrays(void **state) {
  corm_driver_conn *conn = *state;
  exec(conn, "CREATE OR REPLACE TABLE t (id BIGINT PRIMARY KEY, a BIGINT)");
  exec(conn, "INSERT INTO t SELECT seq, seq FROM seq_1_to_5");
  const corm_value values[] = {corm_value_int(10), corm_value_int(1), corm_value_int(2), corm_value_int(2),
                               corm_value_null(),  corm_value_int(3), corm_value_int(9), corm_value_int(99)};
  corm_driver_stmt *stmt = prepare(conn, "UPDATE t SET a = ? WHERE id = ?");
  bind_columns(stmt, values, 2, 4);
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(DRIVER->changes(conn), 3); /* matched ones, the unchanged row among them */
  DRIVER->finalize(stmt);
  assert_answer(conn, "SELECT GROUP_CONCAT(IFNULL(a, '-') ORDER BY id) FROM t", CORM_TEXT, "'10,2,-,4,5'");
  stmt = prepare(conn, "DELETE FROM t WHERE id = ? RETURNING id");
  const corm_value keys[] = {corm_value_int(5), corm_value_int(77), corm_value_int(1)};
  bind_columns(stmt, keys, 1, 3);
  assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(column(stmt, 0).as.i, 5);
  assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(DRIVER->changes(conn), 2);
  DRIVER->finalize(stmt);
}

/* Values of one column that have no type in common. */
static void mixes_types(void **state) {
  corm_driver_conn *conn = *state;
  static const corm_civil civil = {2026, 1, 2, 3, 4, 5, 6};
  const corm_value mixed[] = {corm_value_null(),
                              corm_value_int(1),
                              corm_value_real(2.5),
                              corm_value_int(-3),
                              corm_value_int((INT64_C(1) << 53) + 1),
                              text_value("four"),
                              bytes_of(CORM_DECIMAL, "5.50", 4),
                              corm_value_null(),
                              value_of(CORM_DATETIME, corm_datetime_from_civil(&civil)),
                              bytes_of(CORM_BLOB, "bin", 3)};
  enum { N = sizeof mixed / sizeof mixed[0] };
  exec(conn, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(40))");
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t (a) VALUES (?) RETURNING id");
  bind_columns(stmt, mixed, 1, N);
  for (int64_t i = 1, last = 0; i <= N; i++) { /* in order, with gaps where a request ended */
    assert_int_equal(step(stmt), CORM_ROW);
    assert_true(column(stmt, 0).as.i > last);
    last = column(stmt, 0).as.i;
  }
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(DRIVER->changes(conn), N);
  DRIVER->finalize(stmt);
  assert_answer(conn, "SELECT GROUP_CONCAT(IFNULL(a, '-') ORDER BY id) FROM t", CORM_TEXT,
                "'-,1,2.5,-3,9007199254740993,four,5.50,-,2026-01-02 03:04:05.000006,bin'");
}

/* The server takes arrays for some statements only: the others are executed once for each row. */
static void executes_one_by_one(void **state) {
  corm_driver_conn *conn = *state;
  const corm_value values[] = {corm_value_int(1), corm_value_null(), text_value("x")};
  exec(conn, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(5))");
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t (a) SELECT ? FROM seq_1_to_2");
  for (int i = 1; i <= 2; i++) {
    bind_columns(stmt, values, 1, 3);
    assert_int_equal(step(stmt), CORM_DONE);
    assert_int_equal(DRIVER->changes(conn), 6);
    DRIVER->reset(stmt);
    assert_int_equal(number(conn, "SELECT COUNT(*) FROM t"), i * 6);
  }
  DRIVER->finalize(stmt);
  stmt = prepare(conn, "SELECT ? FROM seq_1_to_2");
  bind_columns(stmt, values, 1, 3);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(column(stmt, 0).kind, values[i / 2].kind);
  }
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
}

static void moves_times_in_arrays(void **state) {
  corm_driver_conn *conn = *state;
  static const unsigned char uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const corm_value values[] = {value_of(CORM_DATE, 1),
                               value_of(CORM_DATETIME, 1),
                               value_of(CORM_TIME, 1000000),
                               bytes_of(CORM_UUID, (const char *)uuid, 16),
                               corm_value_real(1.5),
                               value_of(CORM_DATE, 20000),
                               value_of(CORM_DATETIME, -1),
                               value_of(CORM_INTERVAL, -INT64_C(90000000000)),
                               corm_value_null(),
                               corm_value_int(2)};
  exec(conn, "CREATE OR REPLACE TABLE t (a DATE, b DATETIME(6), c TIME, d UUID, e DOUBLE)");
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  bind_columns(stmt, values, 5, 2);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  assert_answer(conn, "SELECT GROUP_CONCAT(CONCAT_WS(' ', a, b, c, d, e) ORDER BY a SEPARATOR '; ') FROM t", CORM_TEXT,
                "'1970-01-02 1970-01-01 00:00:00.000001 00:00:01 01020304-0506-0708-090a-0b0c0d0e0f10 1.5; "
                "2024-10-04 1969-12-31 23:59:59.999999 -25:00:00 2'");
}

static void reports_a_duplicate_in_an_array(void **state) {
  corm_driver_conn *conn = *state;
  corm_error err = {0};
  exec(conn, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), UNIQUE KEY by_a (a))");
  const corm_value values[] = {corm_value_int(1),    text_value("x"),   corm_value_int(2),
                               text_value("secret"), corm_value_int(3), text_value("secret")};
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t VALUES (?, ?)");
  assert_int_equal(DRIVER->begin(conn, &(corm_begin){0}, NULL), CORM_OK);
  bind_columns(stmt, values, 2, 3);
  assert_int_equal(DRIVER->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTEGRITY);
  assert_string_equal(err.kind, "unique");
  assert_string_equal(err.constraint, "by_a");
  assert_string_equal(err.table, "t");
  assert_null(strstr(err.message, "secret"));
  assert_non_null(strstr(err.detail, "secret"));
  assert_true(DRIVER->in_transaction(conn));
  DRIVER->reset(stmt);
  bind_columns(stmt, values, 2, 2);
  assert_int_equal(DRIVER->rollback(conn, NULL), CORM_OK);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  assert_int_equal(number(conn, "SELECT COUNT(*) FROM t"), 2);
}

/* Forty megabytes for a server that takes sixteen at once. */
static void splits_what_is_too_large(void **state) {
  corm_driver_conn *conn = *state;
  enum { PIECE = 1 << 20, PIECES = 40 };
  char *text = malloc(PIECE);
  assert_non_null(text);
  memset(text, 'x', PIECE);
  corm_value values[PIECES];
  for (int i = 0; i < PIECES; i++) values[i] = corm_value_text(text, PIECE);
  exec(conn, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a LONGTEXT)");
  corm_driver_stmt *stmt = prepare(conn, "INSERT INTO t (a) VALUES (?) RETURNING id");
  bind_columns(stmt, values, 1, PIECES);
  for (int i = 0; i < PIECES; i++) assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(DRIVER->changes(conn), PIECES);
  DRIVER->finalize(stmt);
  exec(conn, "DROP TABLE t");
  free(text);
}

/* -- results ------------------------------------------------------------------------------------------------------- */

static void nests_stored_results(void **state) {
  corm_driver_stmt *outer = prepare(*state, "SELECT seq FROM seq_1_to_50");
  corm_driver_stmt *inner = prepare(*state, "SELECT ? * 2");
  for (int64_t i = 1; i <= 50; i++) {
    assert_int_equal(step(outer), CORM_ROW);
    bind_value(inner, 1, column(outer, 0));
    assert_int_equal(step(inner), CORM_ROW);
    assert_int_equal(column(inner, 0).as.i, i * 2);
    DRIVER->reset(inner);
  }
  assert_int_equal(step(outer), CORM_DONE);
  DRIVER->finalize(outer);
  DRIVER->finalize(inner);
}

static void streams(void **state) {
  corm_driver_conn *conn = *state;
  corm_error err = {0};
  corm_driver_stmt *stored = prepare(conn, "SELECT 1");
  assert_int_equal(step(stored), CORM_ROW);
  corm_driver_stmt *doomed = prepare(conn, "SELECT 2");
  corm_driver_stmt *stmt = prepare(conn, "SELECT seq, REPEAT('x', 100) FROM seq_1_to_100000");
  DRIVER->stream(stmt, true);
  for (int64_t i = 1; i <= 3; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(column(stmt, 0).as.i, i);
  }
  assert_int_equal(DRIVER->exec(conn, "DO 1", &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTERFACE);
  DRIVER->reset(stored);
  DRIVER->finalize(doomed);
  for (int64_t i = 4; i <= 100000; i++) {
    if (step(stmt) != CORM_ROW || column(stmt, 0).as.i != i) fail_msg("row %d", (int)i);
  }
  assert_int_equal(step(stmt), CORM_DONE);
  assert_int_equal(step(stored), CORM_ROW);
  DRIVER->reset(stored);
  DRIVER->reset(stmt);
  DRIVER->stream(stmt, true);
  for (int i = 0; i < 10; i++) assert_int_equal(step(stmt), CORM_ROW);
  DRIVER->reset(stmt); /* left in the middle */
  assert_int_equal(step(stored), CORM_ROW);
  assert_int_equal(step(stmt), CORM_ROW); /* and fetched whole now */
  exec(conn, "DO 1");
  DRIVER->finalize(stmt);
  DRIVER->finalize(stored);
}

static void closes_in_the_middle_of_a_stream(void **state) {
  (void)state;
  corm_driver_conn *conn = open_with(NULL, 0);
  corm_driver_stmt *other = prepare(conn, "SELECT 1");
  corm_driver_stmt *stmt = prepare(conn, "SELECT seq FROM seq_1_to_100000");
  DRIVER->stream(stmt, true);
  assert_int_equal(step(stmt), CORM_ROW);
  DRIVER->finalize(other);
  DRIVER->close(conn);
}

static void sees_altered_tables(void **state) {
  corm_driver_conn *conn = *state;
  exec(conn, "CREATE OR REPLACE TABLE t (a INT, b INT)");
  exec(conn, "INSERT INTO t VALUES (1, 2)");
  corm_driver_stmt *stmt = prepare(conn, "SELECT * FROM t");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    DRIVER->reset(stmt);
  }
  exec(conn, "ALTER TABLE t CHANGE a renamed VARCHAR(5)");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_string_equal(DRIVER->column_name(stmt, 0), "renamed");
    assert_value(column(stmt, 0), CORM_TEXT, "'1'");
    DRIVER->reset(stmt);
  }
  exec(conn, "ALTER TABLE t CHANGE renamed a INT");
  assert_int_equal(step(stmt), CORM_ROW);
  assert_string_equal(DRIVER->column_name(stmt, 0), "a");
  assert_value(column(stmt, 0), CORM_INT, "1");
  DRIVER->reset(stmt);
  exec(conn, "ALTER TABLE t ADD c INT DEFAULT 3");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(DRIVER->column_count(stmt), 3);
    assert_value(column(stmt, 2), CORM_INT, "3");
    DRIVER->reset(stmt);
  }
  DRIVER->finalize(stmt);
}

static void runs_what_has_no_prepared_form(void **state) {
  exec(*state, "CREATE OR REPLACE TABLE t (a INT, b VARBINARY(5))");
  exec(*state, "INSERT INTO t VALUES (7, x'00ff')");
  corm_driver_stmt *stmt = prepare(*state, "PREPARE p FROM 'SELECT a, b, NULL FROM t'");
  assert_int_equal(DRIVER->param_count(stmt), 0);
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
  stmt = prepare(*state, "EXECUTE p");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(DRIVER->column_count(stmt), 3);
    assert_string_equal(DRIVER->column_name(stmt, 0), "a");
    assert_value(column(stmt, 0), CORM_TEXT, "'7'");
    assert_value(column(stmt, 1), CORM_BLOB, "X'00ff'");
    assert_int_equal(column(stmt, 2).kind, CORM_NULL);
    if (i == 0) DRIVER->reset(stmt);
  }
  assert_int_equal(step(stmt), CORM_DONE);
  DRIVER->finalize(stmt);
}

static void calls_procedures(void **state) {
  exec(*state, "CREATE OR REPLACE PROCEDURE pr(n INT) BEGIN SELECT n AS a UNION SELECT n + 1; SELECT 'second'; END");
  corm_driver_stmt *stmt = prepare(*state, "CALL pr(?)");
  for (int64_t n = 1; n <= 3; n++) {
    bind_value(stmt, 1, corm_value_int(n * 10));
    assert_int_equal(step(stmt), CORM_ROW);
    assert_int_equal(column(stmt, 0).as.i, n * 10);
    if (n < 3) {
      assert_int_equal(step(stmt), CORM_ROW);
      assert_int_equal(column(stmt, 0).as.i, n * 10 + 1);
      assert_int_equal(step(stmt), CORM_DONE);
    }
    DRIVER->reset(stmt);
    assert_int_equal(number(*state, "SELECT 5"), 5);
  }
  DRIVER->finalize(stmt);
  exec(*state, "CALL pr(1)");
  exec(*state, "DROP PROCEDURE pr");
}

static void tells_readers(void **state) {
  static const struct {
    const char *sql;
    bool readonly;
  } cases[] = {{"SELECT 1", true},
               {"/* a */ -- b\n (SELECT 1)", true},
               {"SELECT 'FOR UPDATE' AS `into`", true},
               {"SHOW TABLES", true},
               {"WITH q AS (SELECT 1 AS a) SELECT * FROM q", true},
               {"SELECT 1 FOR UPDATE", false},
               {"SELECT 1 LOCK IN SHARE MODE", false},
               {"SELECT 1 INTO @a", false},
               {"SELECT 1 /*! INTO @a */", false},
               {"DO 1", false},
               {"SET @a = 1", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    corm_driver_stmt *stmt = prepare(*state, cases[i].sql);
    if (DRIVER->readonly(stmt) != cases[i].readonly) fail_msg("%s", cases[i].sql);
    DRIVER->finalize(stmt);
  }
}

static void knows_the_server(void **state) {
  corm_server server;
  DRIVER->server(*state, &server);
  assert_true(server.number >= 50000);
  assert_true(server.mariadb == (strstr(server.version, "MariaDB") != NULL));
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", server.number / 10000, server.number / 100 % 100, server.number % 100);
  assert_int_equal(strncmp(server.version, text, strlen(text)), 0);
}

static bool without_memory(const corm_mem *mem) {
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  corm_driver_stmt *stmt = NULL;
  corm_value text = text_value("some text"), twice[] = {text, text};
  if (DRIVER->open(DRIVER, mem, &server_target, &conn, &err) != CORM_OK) goto done;
  if (DRIVER->prepare(conn, "SELECT ?, 2 AS b", 16, &stmt, &err) != CORM_OK) goto done;
  if (DRIVER->bind(stmt, 1, &text, false, &err) != CORM_OK) goto done;
  if (DRIVER->step(stmt, &err) != CORM_ROW) goto done;
  DRIVER->reset(stmt);
  if (DRIVER->bind_rows(stmt, 1, twice, 1, 2, &err) != CORM_OK) goto done;
  while (DRIVER->step(stmt, &err) == CORM_ROW) continue;
done:
  if (err.is_set) assert_int_equal(err.cls, CORM_E_MEMORY);
  if (conn != NULL) DRIVER->close(conn);
  return !err.is_set;
}

static void survives_without_memory(void **state) {
  (void)state;
  fail_mem_each(without_memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_every_kind),
      cmocka_unit_test(keeps_nul_and_bits),
      cmocka_unit_test(reads_what_has_no_equal),
      cmocka_unit_test(refuses_what_cannot_be_sent),
      cmocka_unit_test(compares_decimals_exactly),
      cmocka_unit_test(moves_long_values),
      cmocka_unit_test(writes_arrays),
      cmocka_unit_test(updates_and_deletes_arrays),
      cmocka_unit_test(mixes_types),
      cmocka_unit_test(executes_one_by_one),
      cmocka_unit_test(moves_times_in_arrays),
      cmocka_unit_test(reports_a_duplicate_in_an_array),
      cmocka_unit_test(splits_what_is_too_large),
      cmocka_unit_test(nests_stored_results),
      cmocka_unit_test(streams),
      cmocka_unit_test(closes_in_the_middle_of_a_stream),
      cmocka_unit_test(sees_altered_tables),
      cmocka_unit_test(runs_what_has_no_prepared_form),
      cmocka_unit_test(calls_procedures),
      cmocka_unit_test(tells_readers),
      cmocka_unit_test(knows_the_server),
      cmocka_unit_test(survives_without_memory),
  };
  if (!find_server()) return SKIPPED;
  int failed = cmocka_run_group_tests(tests, connect_setup, connect_teardown);
  corm_arena_clear(&url_arena);
  return failed;
}
#else
int main(void) {
  return 77;
}
#endif
