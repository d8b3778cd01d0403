/* What every driver keeps, over SQLite and over the fake one; then what SQLite says when things go wrong. */
#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "driver/fake.h"

#include "driver_forms.h"
#include "temp_dir.h"

static const corm_begin begin_read = {.mode = CORM_BEGIN_READ};
static const corm_begin begin_write = {.mode = CORM_BEGIN_WRITE};

/* -- short forms --------------------------------------------------------------------------------------------------- */

static corm_driver_conn *open_memory(void) {
  return open_target(&corm_driver_sqlite, &(corm_driver_target){0});
}

/* Runs a statement that must fail, and leaves the error to be looked at. */
static void fails(corm_driver_conn *conn, const char *sql, corm_error_class cls, corm_error *err) {
  *err = (corm_error){0};
  if (conn->driver->exec(conn, sql, err) == CORM_OK) fail_msg("%s: did not fail", sql);
  if (err->cls != cls) fail_msg("%s: %s: %s", sql, corm_error_class_name(err->cls), err->message);
}

static int64_t number(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = prepare(conn, sql);
  corm_value value;
  assert_int_equal(conn->driver->step(stmt, NULL), CORM_ROW);
  conn->driver->column(stmt, 0, &value);
  assert_int_equal(value.kind, CORM_INT);
  conn->driver->finalize(stmt);
  return value.as.i;
}

/* -- every driver -------------------------------------------------------------------------------------------------- */

typedef struct subject {
  corm_fake *fake; /* NULL: SQLite */
  corm_driver_conn *conn;
} subject;

static int sqlite_setup(void **state) {
  subject *s = calloc(1, sizeof *s);
  if (s == NULL) return -1;
  s->conn = open_memory();
  exec(s->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
  *state = s;
  return 0;
}

static int fake_setup(void **state) {
  subject *s = calloc(1, sizeof *s);
  if (s == NULL || (s->fake = corm_fake_new(&corm_mem_libc)) == NULL) return -1;
  s->conn = open_target(corm_fake_driver(s->fake), &(corm_driver_target){0});
  *state = s;
  return 0;
}

static int subject_teardown(void **state) {
  subject *s = *state;
  s->conn->driver->close(s->conn);
  corm_fake_free(s->fake);
  free(s);
  return 0;
}

static void knows_its_transaction(void **state) {
  subject *s = *state;
  const corm_driver *driver = s->conn->driver;
  assert_false(driver->in_transaction(s->conn));
  assert_int_equal(driver->begin(s->conn, &begin_read, NULL), CORM_OK);
  assert_true(driver->in_transaction(s->conn));
  assert_int_equal(driver->commit(s->conn, NULL), CORM_OK);
  assert_false(driver->in_transaction(s->conn));
  assert_int_equal(driver->begin(s->conn, &begin_write, NULL), CORM_OK);
  exec(s->conn, "SAVEPOINT a");
  exec(s->conn, "RELEASE SAVEPOINT a");
  assert_true(driver->in_transaction(s->conn));
  assert_int_equal(driver->rollback(s->conn, NULL), CORM_OK);
  assert_false(driver->in_transaction(s->conn));
}

static void runs_one_statement_often(void **state) {
  subject *s = *state;
  const corm_driver *driver = s->conn->driver;
  corm_driver_stmt *stmt = prepare(s->conn, "INSERT INTO t (a) VALUES (?)");
  assert_int_equal(driver->param_count(stmt), 1);
  assert_false(driver->readonly(stmt));
  for (int64_t i = 1; i <= 3; i++) {
    corm_value value = corm_value_int(i * 10);
    assert_int_equal(driver->bind(stmt, 1, &value, true, NULL), CORM_OK);
    assert_int_equal(driver->step(stmt, NULL), CORM_DONE);
    assert_int_equal(driver->changes(s->conn), 1);
    assert_int_equal(driver->last_insert_id(s->conn), i);
    driver->reset(stmt);
  }
  driver->finalize(stmt);
}

static void binding_out_of_range_is_an_error(void **state) {
  subject *s = *state;
  corm_error err = {0};
  corm_value value = corm_value_int(1);
  corm_driver_stmt *stmt = prepare(s->conn, "INSERT INTO t (a) VALUES (?)");
  assert_int_equal(s->conn->driver->bind(stmt, 2, &value, true, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
  s->conn->driver->finalize(stmt);
}

static void returns_rows(void **state) {
  subject *s = *state;
  const corm_driver *driver = s->conn->driver;
  static const char *const names[] = {"id", "a"};
  const corm_value rows[] = {corm_value_int(1), corm_value_text("x", 1), corm_value_int(2), corm_value_null()};
  if (s->fake != NULL)
    assert_int_equal(corm_fake_rows(s->fake, "FROM t", names, 2, rows, 2), CORM_OK);
  else
    exec(s->conn, "INSERT INTO t VALUES (1, 'x'), (2, NULL)");
  corm_driver_stmt *stmt = prepare(s->conn, "SELECT id, a FROM t ORDER BY id");
  assert_true(driver->readonly(stmt));
  for (int i = 0; i < 4; i++) {
    corm_value value;
    if (i % 2 == 0) assert_int_equal(driver->step(stmt, NULL), CORM_ROW);
    if (i == 0) assert_int_equal(driver->column_count(stmt), 2);
    if (i == 0) assert_string_equal(driver->column_name(stmt, 1), "a");
    driver->column(stmt, i % 2, &value);
    assert_true(corm_value_equal(&value, &rows[i]));
  }
  assert_int_equal(driver->step(stmt, NULL), CORM_DONE);
  driver->finalize(stmt);
}

/* -- the fake one -------------------------------------------------------------------------------------------------- */

static void fake_records_and_fails(void **state) {
  subject *s = *state;
  const corm_driver *driver = s->conn->driver;
  corm_error err = {0};
  assert_int_equal(corm_fake_fault(s->fake, "UPDATE", CORM_E_DISK_FULL, "full", true), CORM_OK);
  assert_int_equal(corm_fake_rows(s->fake, "UPDATE", NULL, 0, NULL, 7), CORM_OK);
  driver->begin(s->conn, &begin_write, NULL);
  corm_driver_stmt *stmt = prepare(s->conn, "UPDATE t SET a = ? WHERE b = '?' AND id = ?");
  corm_value a = corm_value_text("it's", 4), id = corm_value_int(5);
  driver->bind(stmt, 1, &a, false, NULL);
  driver->bind(stmt, 2, &id, false, NULL);
  assert_int_equal(driver->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DISK_FULL);
  assert_string_equal(err.message, "full");
  assert_false(driver->in_transaction(s->conn));
  driver->reset(stmt);
  assert_int_equal(driver->step(stmt, NULL), CORM_DONE);
  assert_int_equal(driver->changes(s->conn), 7);
  driver->finalize(stmt);
  assert_string_equal(corm_fake_log(s->fake), "BEGIN IMMEDIATE\n"
                                              "UPDATE t SET a = ? WHERE b = '?' AND id = ? | 'it''s', 5\n"
                                              "UPDATE t SET a = ? WHERE b = '?' AND id = ? | 'it''s', 5\n");
  corm_fake_log_clear(s->fake);
  assert_string_equal(corm_fake_log(s->fake), "");
}

/* -- SQLite: values ------------------------------------------------------------------------------------------------ */

static void sqlite_values(void **state) {
  subject *s = *state;
  const corm_driver *driver = s->conn->driver;
  corm_value blob = corm_value_text("\0\xff", 2), empty_blob = corm_value_text("", 0);
  blob.kind = empty_blob.kind = CORM_BLOB;
  const corm_value values[] = {corm_value_null(),
                               corm_value_int(INT64_MIN),
                               corm_value_int(INT64_MAX),
                               corm_value_real(0.1),
                               corm_value_real(INFINITY),
                               corm_value_text("a\0b", 3),
                               corm_value_text(NULL, 0),
                               corm_value_text("", 0),
                               blob,
                               empty_blob};
  corm_driver_stmt *stmt = prepare(s->conn, "SELECT ?");
  for (size_t i = 0; i < 2 * sizeof values / sizeof values[0]; i++) {
    corm_value got;
    const corm_value *value = &values[i / 2];
    assert_int_equal(driver->bind(stmt, 1, value, i % 2 == 0, NULL), CORM_OK);
    assert_int_equal(driver->step(stmt, NULL), CORM_ROW);
    driver->column(stmt, 0, &got);
    assert_true(corm_value_equal(&got, value));
    driver->reset(stmt);
  }
  corm_error err = {0};
  corm_value nan_value = corm_value_real(NAN), date = corm_value_int(0);
  date.kind = CORM_DATE;
  assert_int_equal(driver->bind(stmt, 1, &nan_value, true, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  err = (corm_error){0};
  assert_int_equal(driver->bind(stmt, 1, &date, true, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTERFACE);
  driver->finalize(stmt);
}

static void sqlite_one_statement(void **state) {
  subject *s = *state;
  static const char *const fine[] = {"SELECT 1;", "SELECT 1 ; ;; -- done", "SELECT 1 /* x */ -- y\n ;",
                                     "-- a\nSELECT 1"};
  static const char *const wrong[] = {"SELECT 1; SELECT 2", "SELECT 1; x", "", "  -- nothing", "/* */;", "SELECT",
                                      "; SELECT 1;;0"};
  for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) s->conn->driver->finalize(prepare(s->conn, fine[i]));
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    corm_error err = {0};
    corm_driver_stmt *stmt = NULL;
    assert_int_equal(s->conn->driver->prepare(s->conn, wrong[i], strlen(wrong[i]), &stmt, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_PROGRAMMING);
    assert_null(stmt);
  }
  corm_error err = {0};
  corm_driver_stmt *stmt = NULL;
  assert_int_equal(s->conn->driver->prepare(s->conn, "SELECT 1\0, 2", 12, &stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
}

static void sqlite_names_parameters(void **state) {
  subject *s = *state;
  corm_driver_stmt *stmt = prepare(s->conn, "SELECT :a, @b, $c, :a, ?9");
  assert_int_equal(s->conn->driver->param_index(stmt, "a"), 1);
  assert_int_equal(s->conn->driver->param_index(stmt, "b"), 2);
  assert_int_equal(s->conn->driver->param_index(stmt, "c"), 3);
  assert_int_equal(s->conn->driver->param_index(stmt, "9"), 0);
  assert_int_equal(s->conn->driver->param_index(stmt, "x"), 0);
  s->conn->driver->finalize(stmt);
}

/* -- SQLite: broken constraints ------------------------------------------------------------------------------------ */

typedef struct broken {
  const char *sql;
  const char *kind;
  const char *table;
  const char *column;
  const char *constraint;
} broken;

static const char constraint_schema[] =
    "CREATE TABLE p (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, nick TEXT, a INT, b INT CHECK (b > 0),"
    " code TEXT CONSTRAINT uq_code UNIQUE, CONSTRAINT \"uq a b\" UNIQUE (a, b), CONSTRAINT ck_a CHECK (a < 100));"
    "CREATE UNIQUE INDEX ix_nick ON p (nick);"
    "CREATE TABLE x (s TEXT); CREATE UNIQUE INDEX ix_lower ON x (lower(s)); INSERT INTO x VALUES ('a');"
    "CREATE TABLE c (k TEXT, l TEXT, p_id INT CONSTRAINT fk_p REFERENCES p (id), CONSTRAINT pk_c PRIMARY KEY (k, l));"
    "CREATE TABLE d (p_id INT, q_id INT REFERENCES p (id), CONSTRAINT fk_dp FOREIGN KEY (p_id) REFERENCES p (id));"
    "CREATE TABLE e (x INT, y INT, CONSTRAINT fk_e FOREIGN KEY (x, y) REFERENCES p (a, b));"
    "CREATE TRIGGER no_zoe BEFORE INSERT ON p WHEN new.nick = 'zoe' BEGIN SELECT RAISE(ABORT, 'no zoe here'); END;"
    "CREATE TABLE st (i INT) STRICT;"
    "INSERT INTO p VALUES (1, 'Ann', 'ann', 1, 1, 'c1'); INSERT INTO c VALUES ('k', 'l', 1);";

static void sqlite_constraints(void **state) {
  subject *s = *state;
  static const broken cases[] = {
      {"INSERT INTO p (email) VALUES ('Ann')", "unique", "p", "email", ""},
      {"INSERT INTO p (email, nick) VALUES ('x', 'ann')", "unique", "p", "nick", "ix_nick"},
      {"INSERT OR FAIL INTO main.x VALUES ('A')", "unique", "x", "", "ix_lower"},
      {"INSERT INTO p (email, a, b) VALUES ('x', 1, 1)", "unique", "p", "a, b", "uq a b"},
      {"INSERT INTO p (email, code) VALUES ('x', 'c1')", "unique", "p", "code", "uq_code"},
      {"INSERT INTO p (id, email) VALUES (1, 'x')", "primary_key", "p", "id", ""},
      {"INSERT INTO c VALUES ('k', 'l', NULL)", "primary_key", "c", "k, l", "pk_c"},
      {"INSERT INTO p (email) VALUES (NULL)", "not_null", "p", "email", ""},
      {"UPDATE p SET a = 100", "check", "p", "", "ck_a"},
      {"UPDATE OR ABORT \"p\" SET b = 0", "check", "p", "", "b > 0"},
      {"INSERT INTO c VALUES ('a', 'b', 9)", "foreign_key", "c", "p_id", "fk_p"},
      {"INSERT INTO d VALUES (9, NULL)", "foreign_key", "d", "", ""},
      {"/* x */ INSERT INTO e -- y\n VALUES (9, 9)", "foreign_key", "e", "x, y", "fk_e"},
      {"UPDATE e SET x = 9, y = 9", NULL, "", "", ""},
      {"DELETE FROM p", "foreign_key", "p", "", ""},
      {"INSERT INTO p (email, nick) VALUES ('z', 'zoe')", "trigger", "", "", ""},
      {"INSERT INTO st VALUES ('x')", NULL, "st", "i", ""},
  };
  exec(s->conn, constraint_schema);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const broken *want = &cases[i];
    corm_error err;
    if (want->kind == NULL && want->table[0] == '\0') { /* no row, no fault */
      exec(s->conn, want->sql);
      continue;
    }
    fails(s->conn, want->sql, CORM_E_INTEGRITY, &err);
    if (want->kind == NULL)
      assert_null(err.kind);
    else
      assert_string_equal(err.kind, want->kind);
    assert_string_equal(err.table, want->table);
    assert_string_equal(err.column, want->column);
    assert_string_equal(err.constraint, want->constraint);
    assert_int_equal(err.native_code & 0xff, SQLITE_CONSTRAINT);
    assert_false(err.retryable);
    if (strcmp(want->sql, "DELETE FROM p") == 0) assert_non_null(strstr(err.hint, "c"));
  }
}

static void sqlite_other_codes(void **state) {
  subject *s = *state;
  corm_error err;
  fails(s->conn, "SELECT * FROM nowhere", CORM_E_OPERATIONAL, &err); /* exec cannot tell preparing from running */
  corm_driver_stmt *stmt = NULL;
  err = (corm_error){0};
  assert_int_equal(s->conn->driver->prepare(s->conn, "SELECT * FROM nowhere", 21, &stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PROGRAMMING);
  assert_string_equal(err.message, "no such table: nowhere");
  fails(s->conn, "INSERT INTO t (id) VALUES ('x')", CORM_E_DATA, &err);
  assert_int_equal(err.native_code, SQLITE_MISMATCH);
  fails(s->conn, "SELECT zeroblob(2000000000)", CORM_E_DATA, &err);
  fails(s->conn, "SELECT abs(-9223372036854775808)", CORM_E_OPERATIONAL, &err);
  exec(s->conn, "PRAGMA query_only = 1");
  fails(s->conn, "INSERT INTO t (a) VALUES (1)", CORM_E_READ_ONLY, &err);
}

static void sqlite_interrupted(void **state) {
  subject *s = *state;
  corm_error err;
  /* A reader that is open keeps the interrupt in force for the next statement, as another thread would. */
  corm_driver_stmt *stmt = prepare(s->conn, "SELECT 1 UNION ALL SELECT 2");
  assert_int_equal(s->conn->driver->step(stmt, NULL), CORM_ROW);
  s->conn->driver->interrupt(s->conn);
  err = (corm_error){0};
  assert_int_equal(s->conn->driver->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_STATEMENT_TIMEOUT);
  s->conn->driver->finalize(stmt);
}

/* -- SQLite: files ------------------------------------------------------------------------------------------------- */

static int dir_setup(void **state) {
  temp_dir *dir = malloc(sizeof *dir);
  if (dir == NULL) return -1;
  temp_dir_open(dir);
  *state = dir;
  return 0;
}

static int dir_teardown(void **state) {
  temp_dir_close(*state);
  free(*state);
  return 0;
}

static void cannot_open(const corm_driver_target *target, corm_error_class cls, const char *text) {
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  if (corm_driver_sqlite.open(&corm_driver_sqlite, &corm_mem_libc, target, &conn, &err) == CORM_OK) {
    fail_msg("%s was opened", target->database);
  }
  if (err.cls != cls) fail_msg("%s: %s: %s", target->database, corm_error_class_name(err.cls), err.message);
  if (strstr(err.message, text) == NULL) fail_msg("'%s' does not say '%s'", err.message, text);
}

static void sqlite_bad_files(void **state) {
  temp_dir *dir = *state;
  char path[160];
  const corm_driver_option ro = {"mode", "ro"};
  corm_driver_target target = {.database = path};
  snprintf(path, sizeof path, "%s/no/such.db", dir->path);
  cannot_open(&target, CORM_E_OPERATIONAL, "directory does not exist");
  cannot_open(&target, CORM_E_OPERATIONAL, path);
  snprintf(path, sizeof path, "%s", dir->path);
  cannot_open(&target, CORM_E_OPERATIONAL, "is a directory");
  temp_dir_write(dir, "text", "This is a text of more than sixteen bytes, and no database at all.\n");
  snprintf(path, sizeof path, "%s/text", dir->path);
  cannot_open(&target, CORM_E_CORRUPT, path);
  snprintf(path, sizeof path, "%s/text/x.db", dir->path);
  cannot_open(&target, CORM_E_OPERATIONAL, "not a directory");
  snprintf(path, sizeof path, "%s/fifo", dir->path);
  assert_int_equal(mkfifo(path, 0600), 0);
  cannot_open(&target, CORM_E_OPERATIONAL, "not a regular file");
  snprintf(path, sizeof path, "%s/loop", dir->path);
  assert_int_equal(symlink(path, path), 0);
  cannot_open(&target, CORM_E_OPERATIONAL, "symbolic links");
  snprintf(path, sizeof path, "%s/absent.db", dir->path);
  target.options = &ro;
  target.noptions = 1;
  cannot_open(&target, CORM_E_OPERATIONAL, "does not exist");
}

static void sqlite_read_only(void **state) {
  temp_dir *dir = *state;
  corm_error err;
  const corm_driver_option ro = {"mode", "ro"};
  corm_driver_conn *conn = open_file(temp_dir_file(dir, "a.db"));
  exec(conn, "CREATE TABLE t (a)");
  conn->driver->close(conn);
  conn = open_target(&corm_driver_sqlite, &(corm_driver_target){.database = dir->file, .options = &ro, .noptions = 1});
  /* A unit of work that might write may begin; what writes is refused. */
  assert_int_equal(conn->driver->begin(conn, &begin_write, NULL), CORM_OK);
  fails(conn, "INSERT INTO t VALUES (1)", CORM_E_READ_ONLY, &err);
  conn->driver->close(conn);
}

static void sqlite_locks(void **state) {
  temp_dir *dir = *state;
  corm_error err;
  corm_driver_conn *a = open_file(temp_dir_file(dir, "a.db"));
  corm_driver_conn *b = open_file(dir->file);
  exec(a, "PRAGMA journal_mode=wal");
  exec(a, "CREATE TABLE t (a)");
  assert_int_equal(a->driver->begin(a, &begin_write, NULL), CORM_OK);
  err = (corm_error){0};
  assert_int_equal(b->driver->begin(b, &begin_write, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_LOCK_TIMEOUT);
  assert_true(err.retryable);
  assert_false(b->driver->in_transaction(b));
  /* A reader whose snapshot is old cannot begin to write. */
  assert_int_equal(b->driver->begin(b, &begin_read, NULL), CORM_OK);
  assert_int_equal(number(b, "SELECT count(*) FROM t"), 0);
  exec(a, "INSERT INTO t VALUES (1)");
  assert_int_equal(a->driver->commit(a, NULL), CORM_OK);
  fails(b, "INSERT INTO t VALUES (2)", CORM_E_SERIALIZATION, &err);
  assert_true(err.retryable);
  assert_true(b->driver->in_transaction(b));
  b->driver->close(b);
  a->driver->close(a);
}

static void sqlite_full(void **state) {
  temp_dir *dir = *state;
  corm_error err = {0};
  corm_driver_conn *conn = open_file(temp_dir_file(dir, "a.db"));
  exec(conn, "CREATE TABLE t (a)");
  exec(conn, "PRAGMA max_page_count = 10");
  conn->driver->begin(conn, &begin_write, NULL);
  exec(conn, "INSERT INTO t VALUES (1)");
  fails(conn, "INSERT INTO t VALUES (zeroblob(100000))", CORM_E_DISK_FULL, &err);
  assert_false(conn->driver->in_transaction(conn)); /* the trap: SQLite has rolled back by itself */
  assert_int_equal(number(conn, "SELECT count(*) FROM t"), 0);
  conn->driver->close(conn);
}

/* -- SQLite: options ----------------------------------------------------------------------------------------------- */

static corm_driver_conn *open_with(const char *database, const char *key, const char *value, corm_error *err) {
  corm_driver_conn *conn = NULL;
  const corm_driver_option options[] = {{key, value}, {"uri", "true"}};
  bool uri = database != NULL && strncmp(database, "file:", 5) == 0;
  const corm_driver_target target = {.database = database, .options = options, .noptions = uri ? 2 : 1};
  *err = (corm_error){0};
  (void)!corm_driver_sqlite.open(&corm_driver_sqlite, &corm_mem_libc, &target, &conn, err);
  return conn;
}

static void sqlite_options(void **state) {
  temp_dir *dir = *state;
  corm_error err;
  corm_driver_conn *conn = open_with(temp_dir_file(dir, "o.db"), "journal_mode", "WAL", &err);
  assert_non_null(conn);
  assert_int_equal(number(conn, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
  assert_int_equal(number(conn, "PRAGMA foreign_keys"), 1);
  assert_int_equal(number(conn, "PRAGMA trusted_schema"), 0);
  conn->driver->close(conn);
  conn = open_with(dir->file, "synchronous", "off", &err);
  assert_int_equal(number(conn, "PRAGMA synchronous"), 0);
  conn->driver->close(conn);
  conn = open_with(dir->file, "timeout", "1.25", &err);
  assert_int_equal(number(conn, "PRAGMA busy_timeout"), 1250);
  exec(conn, "PRAGMA busy_timeout = 7");
  exec(conn, "PRAGMA foreign_keys = off");
  assert_int_equal(conn->driver->restore(conn, &err), CORM_OK);
  assert_int_equal(number(conn, "PRAGMA busy_timeout"), 1250);
  assert_int_equal(number(conn, "PRAGMA foreign_keys"), 1);
  conn->driver->close(conn);
  conn = open_with(dir->file, "foreign_keys", "off", &err);
  assert_int_equal(number(conn, "PRAGMA foreign_keys"), 0);
  conn->driver->close(conn);
  conn = open_with(dir->file, "immutable", "1", &err);
  assert_non_null(conn);
  conn->driver->close(conn);
  conn = open_with("never-made.db", "mode", "memory", &err);
  assert_non_null(conn);
  conn->driver->close(conn);
  assert_int_not_equal(access("never-made.db", F_OK), 0);
}

static void sqlite_bad_options(void **state) {
  (void)state;
  static const char *const wrong[][2] = {{"mode", "rx"},        {"mode", ""},
                                         {"cache", "x"},        {"uri", "maybe"},
                                         {"immutable", "2"},    {"timeout", "soon"},
                                         {"timeout", "-1"},     {"timeout", ""},
                                         {"timeout", "1.2.3"},  {"timeout", "9999999999"},
                                         {"journal_mode", "a"}, {"synchronous", "very"},
                                         {"foreign_keys", "x"}, {"vfs", "unix"},
                                         {"uri", "true"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    corm_error err;
    assert_null(open_with("x.db", wrong[i][0], wrong[i][1], &err));
    assert_int_equal(err.cls, CORM_E_ARGUMENT);
  }
  corm_error err;
  assert_null(open_with("x.db", "journal_mode", "wall", &err));
  assert_string_equal(err.hint, "did you mean 'wal'?");
  const corm_driver_option twice[] = {{"mode", "ro"}, {"mode", "rw"}};
  cannot_open(&(corm_driver_target){.database = "x.db", .options = twice, .noptions = 2}, CORM_E_ARGUMENT, "twice");
  cannot_open(&(corm_driver_target){.host = "h"}, CORM_E_ARGUMENT, "sqlite:///");
}

static void sqlite_uri_only_when_said(void **state) {
  temp_dir *dir = *state;
  char back[1024];
  corm_error err;
  assert_non_null(getcwd(back, sizeof back));
  assert_int_equal(chdir(dir->path), 0);
  corm_driver_conn *conn = open_file("file:a.db?mode=memory");
  exec(conn, "CREATE TABLE t (a)");
  conn->driver->close(conn);
  assert_int_equal(access("./file:a.db?mode=memory", F_OK), 0);
  conn = open_with("file:b%20c.db", "mode", "rwc", &err);
  assert_non_null(conn);
  exec(conn, "CREATE TABLE t (a)");
  conn->driver->close(conn);
  assert_int_equal(access("b c.db", F_OK), 0);
  conn = open_with("file:b%20c.db", "immutable", "true", &err);
  assert_non_null(conn);
  conn->driver->close(conn);
  /* immutable needs a URI of corm's own making */
  conn = open_file("w%20?#.db");
  exec(conn, "CREATE TABLE t (a)");
  conn->driver->close(conn);
  conn = open_with("w%20?#.db", "immutable", "true", &err);
  assert_non_null(conn);
  assert_int_equal(number(conn, "SELECT count(*) FROM t"), 0);
  conn->driver->close(conn);
  assert_int_equal(chdir(back), 0);
}

static void sqlite_private(void **state) {
  (void)state;
  const corm_driver_option memory = {"mode", "memory"}, uri = {"uri", "true"};
  const corm_driver *driver = &corm_driver_sqlite;
  assert_true(driver->is_private(driver, &(corm_driver_target){0}));
  assert_true(driver->is_private(driver, &(corm_driver_target){.database = ""}));
  assert_true(driver->is_private(driver, &(corm_driver_target){.database = ":memory:"}));
  assert_true(driver->is_private(driver, &(corm_driver_target){.database = "x", .options = &memory, .noptions = 1}));
  assert_true(
      driver->is_private(driver, &(corm_driver_target){.database = "file::memory:", .options = &uri, .noptions = 1}));
  assert_false(driver->is_private(driver, &(corm_driver_target){.database = "file:x", .options = &uri, .noptions = 1}));
  assert_false(driver->is_private(driver, &(corm_driver_target){.database = "x"}));
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

static bool fake_scenario(const corm_mem *mem) {
  static const char *const names[] = {"a"};
  const corm_value row = corm_value_text("text", 4);
  bool ok = false;
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_fake *fake = corm_fake_new(mem);
  if (fake == NULL) return false;
  const corm_driver *driver = corm_fake_driver(fake);
  if (corm_fake_rows(fake, "SELECT", names, 1, &row, 1) == CORM_OK &&
      corm_fake_fault(fake, "INSERT", CORM_E_INTEGRITY, "no", false) == CORM_OK &&
      driver->open(driver, mem, &(corm_driver_target){0}, &conn, NULL) == CORM_OK &&
      driver->prepare(conn, "SELECT ?", 8, &stmt, NULL) == CORM_OK &&
      driver->bind(stmt, 1, &row, true, NULL) == CORM_OK && driver->step(stmt, NULL) == CORM_ROW) {
    ok = corm_fake_log(fake) != NULL;
  }
  if (stmt != NULL) driver->finalize(stmt);
  if (conn != NULL) driver->close(conn);
  corm_fake_free(fake);
  return ok;
}

static bool sqlite_scenario(const corm_mem *mem) {
  const corm_driver *driver = &corm_driver_sqlite;
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  bool ok = driver->open(driver, mem, &(corm_driver_target){0}, &conn, &err) == CORM_OK &&
            driver->prepare(conn, "SELECT 1", 8, &stmt, &err) == CORM_OK;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  if (stmt != NULL) driver->finalize(stmt);
  if (conn != NULL) driver->close(conn);
  return ok;
}

static void out_of_memory(void **state) {
  (void)state;
  fail_mem_each(fake_scenario);
  fail_mem_each(sqlite_scenario);
}

/* SQLite's own heap: every allocation of a small unit of work fails once. */
static sqlite3_mem_methods sqlite_heap;
static int heap_left = -1;

static void *heap_malloc(int size) {
  return heap_left >= 0 && heap_left-- == 0 ? NULL : sqlite_heap.xMalloc(size);
}

static void *heap_realloc(void *ptr, int size) {
  return heap_left >= 0 && heap_left-- == 0 ? NULL : sqlite_heap.xRealloc(ptr, size);
}

static bool heap_scenario(corm_error *err) {
  const corm_driver *driver = &corm_driver_sqlite;
  corm_driver_conn *conn = NULL;
  corm_driver_stmt *stmt = NULL;
  corm_value text = corm_value_text("some text", 9), got;
  static const char sql[] = "INSERT INTO t (a) VALUES (?) RETURNING a || 'x'";
  bool ok = driver->open(driver, &corm_mem_libc, &(corm_driver_target){0}, &conn, err) == CORM_OK &&
            driver->exec(conn, "CREATE TABLE t (a TEXT)", err) == CORM_OK &&
            driver->begin(conn, &begin_write, err) == CORM_OK &&
            driver->prepare(conn, sql, sizeof sql - 1, &stmt, err) == CORM_OK &&
            driver->bind(stmt, 1, &text, false, err) == CORM_OK && driver->step(stmt, err) == CORM_ROW;
  if (ok) driver->column(stmt, 0, &got);
  ok = ok && driver->step(stmt, err) == CORM_DONE && driver->commit(conn, err) == CORM_OK;
  heap_left = -1;
  if (stmt != NULL) driver->finalize(stmt);
  if (conn != NULL) driver->close(conn);
  return ok;
}

static void sqlite_heap_runs_out(void **state) {
  (void)state;
  bool through = false;
  int failed = 0;
  for (int n = 0; !through; n++) {
    corm_error err = {0};
    heap_left = n;
    bool ok = heap_scenario(&err);
    if (!ok && err.cls != CORM_E_MEMORY)
      fail_msg("allocation %d: %s: %s", n, corm_error_class_name(err.cls), err.message);
    if (!ok) failed = n + 1;
    through = ok && n > failed + 200; /* SQLite survives many failures by itself */
  }
  assert_true(failed > 10);
}

int main(void) {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_heap);
  sqlite3_mem_methods failing = sqlite_heap;
  failing.xMalloc = heap_malloc;
  failing.xRealloc = heap_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
#define BOTH(test)                                                                                                     \
  cmocka_unit_test_setup_teardown(test, sqlite_setup, subject_teardown),                                               \
      cmocka_unit_test_setup_teardown(test, fake_setup, subject_teardown)
#define SQLITE(test) cmocka_unit_test_setup_teardown(test, sqlite_setup, subject_teardown)
#define FILES(test)  cmocka_unit_test_setup_teardown(test, dir_setup, dir_teardown)
  const struct CMUnitTest tests[] = {
      BOTH(knows_its_transaction),
      BOTH(runs_one_statement_often),
      BOTH(binding_out_of_range_is_an_error),
      BOTH(returns_rows),
      cmocka_unit_test_setup_teardown(fake_records_and_fails, fake_setup, subject_teardown),
      SQLITE(sqlite_values),
      SQLITE(sqlite_one_statement),
      SQLITE(sqlite_names_parameters),
      SQLITE(sqlite_constraints),
      SQLITE(sqlite_other_codes),
      SQLITE(sqlite_interrupted),
      FILES(sqlite_bad_files),
      FILES(sqlite_read_only),
      FILES(sqlite_locks),
      FILES(sqlite_full),
      FILES(sqlite_options),
      cmocka_unit_test(sqlite_bad_options),
      FILES(sqlite_uri_only_when_said),
      cmocka_unit_test(sqlite_private),
      cmocka_unit_test(out_of_memory),
      cmocka_unit_test(sqlite_heap_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
