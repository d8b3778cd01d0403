/* The MariaDB driver when things go wrong: errors and their places, transactions, lost connections, waiting. */
#ifdef CORM_HAVE_LIBMARIADB
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"

#include "mariadb_fixture.h"

static void begin(corm_driver_conn *conn) {
  corm_error err = {0};
  if (DRIVER->begin(conn, &(corm_begin){0}, &err) != CORM_OK) fail_msg("begin: %s", err.message);
}

static void commit(corm_driver_conn *conn) {
  corm_error err = {0};
  if (DRIVER->commit(conn, &err) != CORM_OK) fail_msg("commit: %s", err.message);
}

static void rollback(corm_driver_conn *conn) {
  corm_error err = {0};
  if (DRIVER->rollback(conn, &err) != CORM_OK) fail_msg("rollback: %s", err.message);
}

static void kill_connection(corm_driver_conn *killer, corm_driver_conn *victim) {
  char sql[64];
  int64_t id = number(victim, "SELECT CONNECTION_ID()");
  snprintf(sql, sizeof sql, "KILL CONNECTION %d", (int)id);
  exec(killer, sql);
}

/* -- errors -------------------------------------------------------------------------------------------------------- */

static void names_what_failed(void **state) {
  static const struct {
    const char *sql;
    corm_error_class cls;
    int code;
    const char *kind, *table, *column, *constraint;
  } cases[] = {
      {"INSERT INTO p VALUES (1, 'new', 5)", CORM_E_INTEGRITY, 1062, "primary_key", "p", "", "PRIMARY"},
      {"INSERT INTO p VALUES (2, 'secret', 5)", CORM_E_INTEGRITY, 1062, "unique", "p", "", "by_name"},
      {"INSERT INTO p VALUES (2, NULL, 5)", CORM_E_INTEGRITY, 1048, "not_null", "p", "name", ""},
      {"INSERT INTO p (id) VALUES (2)", CORM_E_INTEGRITY, 1364, "not_null", "p", "name", ""},
      {"INSERT INTO p VALUES (2, 'new', 50)", CORM_E_INTEGRITY, 4025, "check", "p", "", "small"},
      {"INSERT INTO c VALUES (1, 77)", CORM_E_INTEGRITY, 1452, "foreign_key", "c", "p_id", "to_p"},
      {"DELETE FROM p", CORM_E_INTEGRITY, 1451, "foreign_key", "c", "p_id", "to_p"},
      {"INSERT INTO p VALUES (2, 'secretsecret', 5)", CORM_E_DATA, 1406, NULL, "p", "name", ""},
      {"INSERT INTO p VALUES (3000000000, 'new', 5)", CORM_E_DATA, 1264, NULL, "p", "id", ""},
      {"INSERT INTO p VALUES ('secret', 'new', 5)", CORM_E_DATA, 1366, NULL, "p", "id", ""},
      {"UPDATE c SET p_id = CAST('secret' AS DATE)", CORM_E_DATA, 1292, NULL, "c", "", ""},
      {"INSERT INTO p VALUES (2, 'new', 5 / 0)", CORM_E_DATA, 1365, NULL, "p", "", ""},
      {"SELEC 1", CORM_E_PROGRAMMING, 1064, NULL, "", "", ""},
      {"SELECT nothing", CORM_E_PROGRAMMING, 1054, NULL, "", "", ""},
      {"SELECT 1 FROM nowhere", CORM_E_PROGRAMMING, 1146, NULL, "", "", ""},
      {"CREATE TABLE p (a INT)", CORM_E_PROGRAMMING, 1050, NULL, "", "", ""},
      {"USE nowhere", CORM_E_OPERATIONAL, 1049, NULL, "", "", ""},
      {"SELECT 1; SELECT 2", CORM_E_PROGRAMMING, 1064, NULL, "", "", ""},
      {"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30001", CORM_E_DATABASE, 30001, NULL, "", "", ""},
      {"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE p", CORM_E_NOT_SUPPORTED, 4166, NULL, "", "", ""},
  };
  corm_driver_conn *conn = *state;
  exec(conn, "DROP TABLE IF EXISTS c, p");
  exec(conn, "CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(8) NOT NULL, n INT, UNIQUE KEY by_name (name), "
             "CONSTRAINT small CHECK (n < 10))");
  exec(conn, "CREATE TABLE c (id INT PRIMARY KEY, p_id INT, CONSTRAINT to_p FOREIGN KEY (p_id) REFERENCES p (id))");
  exec(conn, "INSERT INTO p VALUES (1, 'secret', 1)");
  exec(conn, "INSERT INTO c VALUES (2, 1)");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    corm_error err = {0};
    fails(conn, cases[i].sql, cases[i].cls, &err);
    if (err.native_code != cases[i].code) fail_msg("%s: %d %s", cases[i].sql, err.native_code, err.message);
    if ((err.kind == NULL) != (cases[i].kind == NULL)) fail_msg("%s: %s", cases[i].sql, err.message);
    if (err.kind != NULL) assert_string_equal(err.kind, cases[i].kind);
    assert_string_equal(err.constraint, cases[i].constraint);
    assert_string_equal(err.column, cases[i].column);
    assert_string_equal(err.table, cases[i].table);
    if (strstr(err.message, "secret") != NULL) fail_msg("%s", err.message);
    assert_int_equal(strlen(err.sqlstate), 5);
    assert_false(err.disconnected);
  }
  exec(conn, "DROP TABLE c, p");
}

static void cuts_values_that_look_like_words(void **state) {
  corm_error err = {0};
  exec(*state, "CREATE OR REPLACE TABLE t (a VARCHAR(60) UNIQUE)");
  exec(*state, "INSERT INTO t VALUES (''' for key ''x''')");
  fails(*state, "INSERT INTO t VALUES (''' for key ''x''')", CORM_E_INTEGRITY, &err);
  assert_string_equal(err.message, "Duplicate entry for key 'a'");
  assert_string_equal(err.constraint, "a");
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

static void refuses_nonsense(void **state) {
  (void)state;
  static const corm_driver_option bad[] = {{"connect_timeout", "0"}, {"connect_timeout", "x"}, {"read_timeout", "-1"},
                                           {"charset", "latin1"},    {"ssl", "maybe"},         {"unix_socket", ""},
                                           {"lock_timeout", "0"},    {"lock_timeout", "1.5"},  {"nothing", "1"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    corm_error err = {0};
    corm_driver_target target = {.options = &bad[i], .noptions = 1};
    if (DRIVER->check(DRIVER, &target, &err) == CORM_OK) fail_msg("%s=%s", bad[i].key, bad[i].value);
    assert_int_equal(err.cls, CORM_E_ARGUMENT);
  }
  const corm_driver_option both[] = {{"ssl", "off"}, {"ssl_ca", "/ca"}}, twice[] = {{"ssl", "on"}, {"ssl", "on"}};
  const corm_driver_option path[] = {{"unix_socket", "/s"}},
                           good[] = {{"lock_timeout", "1500"}, {"charset", "UTF8MB4"}};
  assert_int_equal(DRIVER->check(DRIVER, &(corm_driver_target){.options = both, .noptions = 2}, NULL), CORM_FAILED);
  assert_int_equal(DRIVER->check(DRIVER, &(corm_driver_target){.options = twice, .noptions = 2}, NULL), CORM_FAILED);
  assert_int_equal(
      DRIVER->check(DRIVER, &(corm_driver_target){.host = "example.org", .options = path, .noptions = 1}, NULL),
      CORM_FAILED);
  assert_int_equal(DRIVER->check(DRIVER, &(corm_driver_target){.options = good, .noptions = 2}, NULL), CORM_OK);
  assert_int_equal(DRIVER->check(DRIVER, &(corm_driver_target){.port = 70000}, NULL), CORM_FAILED);
}

/* Opening must fail with the class, within three seconds. */
static void cannot_open(const corm_driver_target *target, corm_error_class cls, corm_error *err) {
  corm_driver_conn *conn = NULL;
  *err = (corm_error){0};
  int64_t start = corm_clock_monotonic();
  assert_int_equal(DRIVER->open(DRIVER, &corm_mem_libc, target, &conn, err), CORM_FAILED);
  assert_true(corm_clock_monotonic() - start < 3 * CORM_USEC_PER_SEC);
  if (err->cls != cls) fail_msg("%s: %s", corm_error_class_name(err->cls), err->message);
  assert_false(err->disconnected);
}

/* A port where connections are taken and never spoken to, or (closed at once) nobody listens. */
static int silent_port(int *out) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(server >= 0);
  assert_int_equal(bind(server, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(server, 4), 0);
  assert_int_equal(getsockname(server, (struct sockaddr *)&address, &len), 0);
  *out = ntohs(address.sin_port);
  return server;
}

static void cannot_connect(void **state) {
  (void)state;
  corm_error err;
  const corm_driver_option second = {"connect_timeout", "1"};
  corm_driver_target target = server_target;
  target.password = "wrong password";
  cannot_open(&target, CORM_E_AUTH, &err);
  assert_int_equal(err.native_code, 1045);
  assert_null(strstr(err.message, "wrong"));
  target = server_target;
  target.database = "no_such_database";
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  target = server_target;
  target.noptions = 1;
  target.options = &second;
  int server = silent_port(&target.port);
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  close(server);
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  target.host = "no-such-host.invalid";
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
}

static void assert_reached(const corm_driver_target *target, const char *expected) {
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  if (DRIVER->open(DRIVER, &corm_mem_libc, target, &conn, &err) != CORM_OK) fail_msg("open: %s", err.message);
  assert_answer(conn,
                "SELECT IF(HOST = 'localhost', 'socket', 'network') FROM information_schema.processlist WHERE ID = "
                "CONNECTION_ID()",
                CORM_TEXT, expected);
  DRIVER->close(conn);
}

/* With a port "localhost" is the network's, without one the local socket. */
static void finds_the_way(void **state) {
  corm_driver_target target = server_target;
  target.host = "localhost";
  assert_reached(&target, "'network'");
  corm_driver_stmt *stmt = prepare(*state, "SELECT @@socket");
  assert_int_equal(step(stmt), CORM_ROW);
  corm_value path = column(stmt, 0);
  char text[256];
  snprintf(text, sizeof text, "%.*s", (int)path.len, path.as.s);
  DRIVER->finalize(stmt);
  const corm_driver_option option = {"unix_socket", text};
  target.port = 0;
  target.options = &option;
  target.noptions = 1;
  assert_reached(&target, "'socket'");
  target.host = NULL;
  assert_reached(&target, "'socket'");
}

/* What asks for TLS gets it or nothing. */
static void never_falls_back_from_tls(void **state) {
  const corm_driver_option tls = {"ssl", "required"};
  corm_driver_stmt *stmt = prepare(*state, "SELECT @@have_ssl = 'YES'");
  assert_int_equal(step(stmt), CORM_ROW);
  bool offered = column(stmt, 0).as.i != 0;
  DRIVER->finalize(stmt);
  if (!offered) {
    corm_error err;
    corm_driver_target target = server_target;
    target.options = &tls;
    target.noptions = 1;
    cannot_open(&target, CORM_E_OPERATIONAL, &err);
    return;
  }
  corm_driver_conn *conn = open_with(&tls, 1);
  assert_int_equal(number(conn, "SELECT LENGTH(VARIABLE_VALUE) > 0 FROM information_schema.session_status WHERE "
                                "VARIABLE_NAME = 'SSL_CIPHER'"),
                   1);
  DRIVER->close(conn);
}

static void sets_its_session(void **state) {
  (void)state;
  const corm_driver_option options[] = {
      {"statement_timeout", "1500"}, {"lock_timeout", "1200"}, {"read_timeout", "60"}};
  corm_driver_conn *conn = open_with(options, 3);
  static const char ask[] = "SELECT CONCAT_WS(' ', @@time_zone, @@character_set_client, @@character_set_results, "
                            "@@autocommit, @@max_statement_time, @@innodb_lock_wait_timeout, @@lock_wait_timeout)";
  assert_answer(conn, ask, CORM_TEXT, "'+00:00 utf8mb4 utf8mb4 ON 1.500000 2 2'");
  assert_answer(conn, "SELECT REGEXP_REPLACE(@@sql_mode, 'NO_ZERO_(DATE|IN_DATE),', '')", CORM_TEXT,
                "'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'");
  assert_false(DRIVER->is_altered(conn));
  exec(conn, "SET time_zone = '+05:00'");
  assert_true(DRIVER->is_altered(conn));
  assert_int_equal(DRIVER->restore(conn, NULL), CORM_OK);
  assert_false(DRIVER->is_altered(conn));
  assert_answer(conn, ask, CORM_TEXT, "'+00:00 utf8mb4 utf8mb4 ON 1.500000 2 2'");
  corm_error err;
  fails(conn, "SELECT SLEEP(20)", CORM_E_STATEMENT_TIMEOUT, &err);
  assert_int_equal(err.native_code, 1969);
  DRIVER->close(conn);
}

/* The timeout for connecting ends with it; the one for reading breaks the connection. */
static void keeps_its_timeouts_apart(void **state) {
  (void)state;
  const corm_driver_option connecting = {"connect_timeout", "1"}, reading = {"read_timeout", "1"};
  corm_driver_conn *conn = open_with(&connecting, 1);
  exec(conn, "DO SLEEP(2)");
  DRIVER->close(conn);
  conn = open_with(&reading, 1);
  corm_error err;
  int64_t start = corm_clock_monotonic();
  fails(conn, "DO SLEEP(20)", CORM_E_DISCONNECT, &err);
  assert_true(corm_clock_monotonic() - start < 5 * CORM_USEC_PER_SEC);
  assert_true(DRIVER->is_lost(conn));
  DRIVER->close(conn);
}

/* -- transactions -------------------------------------------------------------------------------------------------- */

static void begins_as_asked(void **state) {
  corm_driver_conn *conn = *state;
  static const char *const levels[] = {[CORM_ISOLATION_READ_UNCOMMITTED] = "READ UNCOMMITTED",
                                       [CORM_ISOLATION_READ_COMMITTED] = "READ COMMITTED",
                                       [CORM_ISOLATION_REPEATABLE_READ] = "REPEATABLE READ",
                                       [CORM_ISOLATION_SERIALIZABLE] = "SERIALIZABLE"};
  exec(conn, "CREATE OR REPLACE TABLE t (a INT)");
  for (int i = CORM_ISOLATION_READ_UNCOMMITTED; i <= CORM_ISOLATION_SERIALIZABLE; i++) {
    corm_begin how = {.isolation = (corm_isolation)i};
    char expected[32];
    snprintf(expected, sizeof expected, "'%s'", levels[i]);
    assert_int_equal(DRIVER->begin(conn, &how, NULL), CORM_OK);
    assert_true(DRIVER->in_transaction(conn));
    exec(conn, "INSERT INTO t VALUES (1)");
    exec(conn, "DO SLEEP(0.12)"); /* the table below is a copy that is renewed every tenth of a second */
    assert_answer(conn,
                  "SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = "
                  "CONNECTION_ID()",
                  CORM_TEXT, expected);
    rollback(conn);
    assert_false(DRIVER->in_transaction(conn));
  }
  corm_error err;
  assert_int_equal(DRIVER->begin(conn, &(corm_begin){.read_only = true}, NULL), CORM_OK);
  fails(conn, "INSERT INTO t VALUES (1)", CORM_E_READ_ONLY, &err);
  assert_true(DRIVER->in_transaction(conn));
  commit(conn);
  assert_int_equal(DRIVER->begin(conn, &(corm_begin){.isolation = CORM_ISOLATION_SERIALIZABLE}, NULL), CORM_OK);
  err = (corm_error){0}; /* within a transaction the level cannot be set: the second statement must not count */
  assert_int_equal(DRIVER->begin(conn, &(corm_begin){.isolation = CORM_ISOLATION_SERIALIZABLE}, &err), CORM_FAILED);
  assert_int_equal(err.native_code, 1568);
  assert_false(DRIVER->in_transaction(conn));
  exec(conn, "DO 1");
}

static void ddl_commits(void **state) {
  corm_driver_conn *conn = *state;
  corm_error err;
  exec(conn, "CREATE OR REPLACE TABLE t (a INT)");
  begin(conn);
  exec(conn, "INSERT INTO t VALUES (1)");
  exec(conn, "CREATE OR REPLACE TABLE t2 (a INT)");
  assert_false(DRIVER->in_transaction(conn));
  commit(conn);
  begin(conn);
  exec(conn, "INSERT INTO t VALUES (2)");
  fails(conn, "CREATE TABLE t2 (a INT)", CORM_E_PROGRAMMING, &err);
  assert_false(DRIVER->in_transaction(conn));
  commit(conn);
  assert_int_equal(number(conn, "SELECT COUNT(*) FROM t"), 2);
}

typedef struct waiter {
  corm_driver_conn *conn;
  const char *sql;
  corm_status status;
  corm_error err;
} waiter;

static void *wait_for(void *arg) {
  waiter *self = arg;
  self->status = DRIVER->exec(self->conn, self->sql, &self->err);
  return NULL;
}

static void reports_deadlocks(void **state) {
  corm_driver_conn *a = *state, *b = open_with(NULL, 0);
  exec(a, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, n INT)");
  exec(a, "INSERT INTO t VALUES (1, 0), (2, 0)");
  begin(a);
  begin(b);
  exec(a, "UPDATE t SET n = 1 WHERE id = 1");
  exec(b, "UPDATE t SET n = 1 WHERE id = 2");
  waiter other = {.conn = b, .sql = "UPDATE t SET n = 2 WHERE id = 1"}, self = {.conn = a};
  self.sql = "UPDATE t SET n = 2 WHERE id = 2";
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_for, &other), 0);
  wait_for(&self);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true((self.status == CORM_OK) != (other.status == CORM_OK));
  waiter *victim = self.status == CORM_OK ? &other : &self;
  assert_int_equal(victim->err.cls, CORM_E_DEADLOCK);
  assert_true(victim->err.retryable);
  assert_string_equal(victim->err.sqlstate, "40001");
  assert_false(DRIVER->in_transaction(victim->conn));
  corm_error err = {0};
  assert_int_equal(DRIVER->commit(victim->conn, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_PENDING_ROLLBACK);
  rollback(victim->conn);
  commit(victim == &self ? b : a);
  begin(victim->conn);
  commit(victim->conn);
  DRIVER->close(b);
}

static void waits_for_locks_as_long_as_asked(void **state) {
  const corm_driver_option option = {"lock_timeout", "1000"};
  corm_driver_conn *a = *state, *b = open_with(&option, 1);
  corm_error err;
  exec(a, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, n INT)");
  exec(a, "INSERT INTO t VALUES (1, 0)");
  begin(a);
  exec(a, "UPDATE t SET n = 1");
  begin(b);
  int64_t start = corm_clock_monotonic();
  fails(b, "UPDATE t SET n = 2", CORM_E_LOCK_TIMEOUT, &err);
  assert_true(corm_clock_monotonic() - start < 4 * CORM_USEC_PER_SEC);
  assert_true(err.retryable);
  assert_true(DRIVER->in_transaction(b)); /* only the statement is undone */
  rollback(a);
  exec(b, "UPDATE t SET n = 2");
  commit(b);
  DRIVER->close(b);
}

/* -- lost connections ---------------------------------------------------------------------------------------------- */

static void notices_a_killed_connection(void **state) {
  corm_error err;
  for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
    corm_driver_conn *conn = open_with(NULL, 0);
    corm_driver_stmt *stmt = prepare(conn, "SELECT 1");
    if (in_transaction) begin(conn);
    kill_connection(*state, conn);
    err = (corm_error){0};
    assert_int_equal(DRIVER->step(stmt, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DISCONNECT);
    assert_true(err.disconnected);
    assert_true(DRIVER->is_lost(conn));
    assert_false(DRIVER->in_transaction(conn));
    DRIVER->reset(stmt);
    fails(conn, "DO 1", CORM_E_DISCONNECT, &err);
    err = (corm_error){0};
    assert_int_equal(DRIVER->ping(conn, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DISCONNECT);
    DRIVER->finalize(stmt);
    DRIVER->close(conn);
  }
}

static void does_not_know_what_became_of_a_commit(void **state) {
  corm_driver_conn *conn = open_with(NULL, 0);
  corm_error err = {0};
  exec(*state, "CREATE OR REPLACE TABLE t (a INT)");
  begin(conn);
  exec(conn, "INSERT INTO t VALUES (1)");
  kill_connection(*state, conn);
  assert_int_equal(DRIVER->commit(conn, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_COMMIT_UNKNOWN);
  assert_true(err.disconnected);
  assert_true(DRIVER->is_lost(conn));
  DRIVER->close(conn);
  assert_int_equal(number(*state, "SELECT COUNT(*) FROM t"), 0);
}

static void loses_a_stream(void **state) {
  corm_driver_conn *conn = open_with(NULL, 0);
  char sql[64];
  snprintf(sql, sizeof sql, "KILL CONNECTION %d", (int)number(conn, "SELECT CONNECTION_ID()"));
  corm_driver_stmt *stmt = prepare(conn, "SELECT seq, REPEAT('x', 500) FROM seq_1_to_1000000");
  DRIVER->stream(stmt, true);
  assert_int_equal(step(stmt), CORM_ROW);
  exec(*state, sql);
  corm_error err = {0};
  corm_status status = CORM_ROW;
  while (status == CORM_ROW) status = DRIVER->step(stmt, &err);
  assert_int_equal(status, CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DISCONNECT);
  DRIVER->reset(stmt);
  DRIVER->close(conn);
}

static void *interrupt_soon(void *conn) {
  struct timespec pause = {.tv_nsec = 300000000};
  nanosleep(&pause, NULL);
  DRIVER->interrupt(conn);
  return NULL;
}

static void stops_when_told_to(void **state) {
  corm_driver_conn *conn = *state;
  corm_error err;
  pthread_t thread;
  begin(conn);
  int64_t start = corm_clock_monotonic();
  assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, conn), 0);
  fails(conn, "SELECT SLEEP(20)", CORM_E_STATEMENT_TIMEOUT, &err);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(corm_clock_monotonic() - start < 5 * CORM_USEC_PER_SEC);
  assert_true(DRIVER->in_transaction(conn));
  commit(conn);
}

static void keeps_the_packet_limit(void **state) {
  corm_driver_conn *conn = *state;
  enum { SIZE = 20 << 20 };
  char *text = malloc(SIZE);
  assert_non_null(text);
  memset(text, 'x', SIZE);
  corm_value value = corm_value_text(text, SIZE);
  corm_error err = {0};
  corm_driver_stmt *stmt = prepare(conn, "SELECT LENGTH(?)");
  assert_int_equal(DRIVER->bind(stmt, 1, &value, true, NULL), CORM_OK);
  assert_int_equal(DRIVER->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  DRIVER->reset(stmt);
  value.len = SIZE / 2;
  assert_int_equal(DRIVER->bind(stmt, 1, &value, true, NULL), CORM_OK);
  assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(column(stmt, 0).as.i, SIZE / 2);
  DRIVER->finalize(stmt);
  text[SIZE - 1] = '\0';
  fails(conn, text, CORM_E_DATA, &err);
  exec(conn, "DO 1");
  free(text);
}

/* A child process must not end its parent's connection, nor say anything on it. */
static void leaves_the_connection_to_the_parent(void **state) {
  corm_driver_conn *conn = open_with(NULL, 0);
  corm_driver_stmt *stmt = prepare(conn, "SELECT 7");
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    DRIVER->abandon(conn);
    _exit(0);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(step(stmt), CORM_ROW);
  assert_int_equal(column(stmt, 0).as.i, 7);
  DRIVER->finalize(stmt);
  DRIVER->close(conn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_what_failed),
      cmocka_unit_test(cuts_values_that_look_like_words),
      cmocka_unit_test(refuses_nonsense),
      cmocka_unit_test(cannot_connect),
      cmocka_unit_test(finds_the_way),
      cmocka_unit_test(never_falls_back_from_tls),
      cmocka_unit_test(sets_its_session),
      cmocka_unit_test(keeps_its_timeouts_apart),
      cmocka_unit_test(begins_as_asked),
      cmocka_unit_test(ddl_commits),
      cmocka_unit_test(reports_deadlocks),
      cmocka_unit_test(waits_for_locks_as_long_as_asked),
      cmocka_unit_test(notices_a_killed_connection),
      cmocka_unit_test(does_not_know_what_became_of_a_commit),
      cmocka_unit_test(loses_a_stream),
      cmocka_unit_test(stops_when_told_to),
      cmocka_unit_test(keeps_the_packet_limit),
      cmocka_unit_test(leaves_the_connection_to_the_parent),
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
