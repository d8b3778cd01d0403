#include "engine/engine.h"

#include <sys/wait.h>

#include "driver/fake.h"

#include "engine_fixture.h"
#include "temp_dir.h"

static void cannot_make(const char *url, const char *text, const char *hint) {
  corm_engine *engine = NULL;
  corm_error err = {0};
  if (corm_engine_new(&corm_mem_libc, url, strlen(url), NULL, &engine, &err) == CORM_OK) fail_msg("%s was taken", url);
  assert_null(engine);
  assert_int_equal(err.cls, CORM_E_ARGUMENT);
  if (strstr(err.message, text) == NULL) fail_msg("'%s' does not say '%s'", err.message, text);
  assert_string_equal(err.hint, hint);
}

static void bad_urls(void **state) {
  (void)state;
  cannot_make("nonsense", "could not parse", "");
  cannot_make("sqlit:///x.db", "unknown dialect 'sqlit'", "did you mean 'sqlite'?");
  cannot_make("oracle://h/d", "unknown dialect 'oracle'", "");
  cannot_make("default://", "unknown dialect", "");
  cannot_make("sqlite+pysqlite:///x.db", "unknown driver 'pysqlite'", "did you mean 'sqlite'?");
  cannot_make("postgres://h/d", "unknown dialect 'postgres'", "write postgresql://");
  cannot_make("mysq://h/d", "unknown dialect 'mysq'", "did you mean 'mysql'?");
  cannot_make("postgresql+psycopg2://h/d", "unknown driver 'psycopg2'", "the driver of postgresql is 'libpq'");
  cannot_make("mariadb+libpq://h/d", "unknown driver 'libpq'", "the driver of mariadb is 'libmariadb'");
#ifndef CORM_HAVE_LIBPQ
  cannot_make("postgresql://h/d", "no driver for postgresql: libpq was not found when it was built", "");
#endif
#ifndef CORM_HAVE_LIBMARIADB
  cannot_make("mysql://h/d", "no driver for mysql: libmariadb was not found when it was built", "");
  cannot_make("mariadb+libmariadb://h/d", "no driver for mariadb: libmariadb was not found when it was built", "");
#endif
  cannot_make("sqlite:///x.db?mod=ro", "'mod'", "did you mean 'mode'?");
  cannot_make("sqlite:///x.db?mode=memry", "'mode'", "did you mean 'memory'?");
  cannot_make("sqlite://host/x.db", "sqlite:///", "");
  cannot_make("sqlite://u:s3cret@/x.db", "sqlite:///", "");
}

static void opens_nothing_until_used(void **state) {
  (void)state;
  corm_conn *conn = NULL;
  corm_error err = {0};
  corm_engine *engine = open_engine("sqlite:////no/such/dir/x.db", NULL);
  assert_int_equal(corm_engine_connect(engine, &conn, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_OPERATIONAL);
  assert_non_null(strstr(err.message, "/no/such/dir/x.db"));
  corm_engine_release(engine);
}

static void tells_about_itself(void **state) {
  (void)state;
  corm_engine *engine = open_engine("sqlite:///a.db?mode=ro", NULL);
  assert_ptr_equal(corm_engine_mem(engine), &corm_mem_libc);
  assert_string_equal(corm_engine_dialect(engine)->name, "sqlite");
  assert_ptr_equal(corm_engine_driver(engine), &corm_driver_sqlite);
  assert_string_equal(corm_engine_url(engine)->database, "a.db");
  assert_int_equal(corm_engine_settings(engine)->busy_timeout_ms, 5000);
  assert_non_null(corm_engine_driver(engine)->version());
  corm_engine_release(engine);
  corm_engine_release(NULL);
}

/* -- the pool ------------------------------------------------------------------------------------------------------ */

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

static corm_engine *file_engine(temp_dir *dir, const corm_engine_options *options) {
  char url[200];
  snprintf(url, sizeof url, "sqlite:///%s", temp_dir_file(dir, "a.db"));
  return open_engine(url, options);
}

/* Marks the physical connection, to know it again. */
static void mark(corm_conn *conn, int number_) {
  char sql[64];
  snprintf(sql, sizeof sql, "PRAGMA cache_size = %d", number_);
  run(conn, sql);
}

static int64_t marked(corm_conn *conn) {
  return number(conn, "PRAGMA cache_size");
}

static void last_in_first_out(void **state) {
  corm_engine_options options = corm_engine_options_default();
  options.pool_size = 2;
  corm_engine *engine = file_engine(*state, &options);
  corm_conn *conns[3];
  for (int i = 0; i < 3; i++) mark(conns[i] = connect_to(engine), 100 + i);
  for (int i = 0; i < 3; i++) corm_conn_release(conns[i]); /* the third finds no room */
  for (int i = 0; i < 3; i++) conns[i] = connect_to(engine);
  assert_int_equal(marked(conns[0]), 101);
  assert_int_equal(marked(conns[1]), 100);
  assert_int_not_equal(marked(conns[2]), 102);
  for (int i = 0; i < 3; i++) corm_conn_release(conns[i]);
  corm_engine_release(engine);
}

static void pool_keeps_statements(void **state) {
  corm_engine *engine = file_engine(*state, NULL);
  corm_buf echo;
  handmade h;
  corm_result *result;
  corm_error err = {0};
  handmade_init(&h, "SELECT 1");
  handmade_column(&h, "x", CORM_TYPE_INTEGER);
  corm_conn *conn = connect_to(engine);
  done(corm_conn_execute(conn, &h.compiled, NULL, &result, &err), err);
  corm_result_release(result);
  corm_conn_release(conn);
  record_echo(engine, &echo);
  conn = connect_to(engine);
  done(corm_conn_execute(conn, &h.compiled, NULL, &result, &err), err);
  corm_result_release(result);
  assert_non_null(strstr(corm_buf_str(&echo), "[cached since"));
  corm_conn_release(conn);
  corm_engine_release(engine);
  corm_buf_clear(&echo);
}

static void returned_connections_are_clean(void **state) {
  corm_engine *engine = file_engine(*state, NULL);
  corm_conn *conn = connect_to(engine);
  run(conn, "PRAGMA foreign_keys = off");
  run(conn, "CREATE TABLE t (a)");
  run(conn, "INSERT INTO t VALUES (1)");
  assert_int_equal(corm_conn_commit(conn, NULL), CORM_OK);
  run(conn, "INSERT INTO t VALUES (2)");
  assert_int_equal(number(conn, "PRAGMA foreign_keys"), 0);
  corm_conn_close(conn);
  corm_conn_close(conn);
  assert_true(corm_conn_is_closed(conn));
  corm_conn_release(conn);
  conn = connect_to(engine);
  assert_int_equal(number(conn, "SELECT count(*) FROM t"), 1);
  assert_int_equal(number(conn, "PRAGMA foreign_keys"), 1);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

static void dispose_closes_idle_ones(void **state) {
  corm_engine *engine = file_engine(*state, NULL);
  corm_conn *a = connect_to(engine), *b = connect_to(engine);
  mark(a, 111);
  mark(b, 112);
  corm_conn_release(a);
  corm_engine_dispose(engine);
  corm_engine_dispose(engine);
  assert_int_equal(marked(b), 112); /* in use: stays until given back */
  corm_conn_release(b);
  a = connect_to(engine);
  assert_true(marked(a) < 0);
  corm_engine_release(engine); /* the connection holds it */
  assert_int_equal(number(a, "SELECT 7"), 7);
  corm_conn_release(a);
}

static void no_pool(void **state) {
  corm_engine_options options = corm_engine_options_default();
  options.pool_class = CORM_POOL_NONE;
  options.stmt_cache_size = 0;
  corm_engine *engine = file_engine(*state, &options);
  corm_conn *conn = connect_to(engine);
  mark(conn, 111);
  corm_conn_release(conn);
  conn = connect_to(engine);
  assert_true(marked(conn) < 0);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

/* -- in memory ----------------------------------------------------------------------------------------------------- */

static void memory_is_shared(void **state) {
  (void)state;
  corm_engine *engine = open_engine("sqlite://", NULL);
  corm_conn *a = connect_to(engine), *b = connect_to(engine);
  run(a, "CREATE TABLE t (a)");
  run(a, "INSERT INTO t VALUES (1)");
  assert_int_equal(number(b, "SELECT count(*) FROM t"), 1);
  corm_conn_release(b); /* takes part, but so does a */
  assert_int_equal(number(a, "SELECT count(*) FROM t"), 1);
  assert_int_equal(corm_conn_commit(a, NULL), CORM_OK);
  corm_conn_release(a);
  a = connect_to(engine); /* the database lives as long as the engine */
  assert_int_equal(number(a, "SELECT count(*) FROM t"), 1);
  corm_engine_dispose(engine);
  b = connect_to(engine);
  refused(b, "SELECT count(*) FROM t", CORM_E_PROGRAMMING); /* a new one */
  assert_int_equal(number(a, "SELECT count(*) FROM t"), 1);
  corm_conn_release(a);
  corm_conn_release(b);
  corm_engine_release(engine);
}

static void memory_shares_its_transaction(void **state) {
  (void)state;
  corm_error err = {0};
  corm_engine *engine = open_engine("sqlite:///:memory:", NULL);
  corm_conn *writer = connect_to(engine), *reader = connect_to(engine), *third = connect_to(engine);
  run(third, "CREATE TABLE t (a)");
  done(corm_conn_commit(third, &err), err);
  run(writer, "INSERT INTO t VALUES (1)");
  assert_int_equal(number(reader, "SELECT count(*) FROM t"), 1);
  assert_int_equal(number(third, "SELECT count(*) FROM t"), 1);
  done(corm_conn_rollback(third, &err), err);
  assert_int_equal(corm_conn_txn(writer), CORM_TXN_LOST);
  assert_int_equal(corm_conn_txn(reader), CORM_TXN_OPEN);
  refused(writer, "INSERT INTO t VALUES (2)", CORM_E_PENDING_ROLLBACK);
  assert_int_equal(number(reader, "SELECT count(*) FROM t"), 0);
  done(corm_conn_rollback(writer, &err), err);
  run(writer, "INSERT INTO t VALUES (3)");
  done(corm_conn_commit(reader, &err), err); /* it takes part: this commits what all have written */
  done(corm_conn_rollback(writer, &err), err);
  assert_int_equal(number(third, "SELECT count(*) FROM t"), 1);
  corm_conn_release(third);
  corm_conn_release(reader);
  corm_conn_release(writer);
  corm_engine_release(engine);
}

/* -- fork ---------------------------------------------------------------------------------------------------------- */

static int in_child(corm_engine *engine, corm_conn *conn, corm_result *result) {
  corm_conn *other = NULL;
  corm_result *none = NULL;
  corm_error err = {0};
  if (corm_engine_connect(engine, &other, &err) == CORM_OK || err.cls != CORM_E_ILLEGAL_STATE_CHANGE) return 1;
  err = (corm_error){0};
  if (corm_conn_execute_sql(conn, "SELECT 1", 8, NULL, &none, &err) == CORM_OK) return 2;
  if (err.cls != CORM_E_ILLEGAL_STATE_CHANGE) return 3;
  if (corm_result_next(result, NULL) == CORM_ROW && corm_result_next(result, NULL) != CORM_FAILED) return 4;
  if (corm_conn_commit(conn, NULL) == CORM_OK || corm_conn_rollback(conn, NULL) == CORM_OK) return 5;
  corm_result_release(result);
  corm_conn_release(conn);
  corm_engine_dispose(engine); /* from now on the engine is the child's, too */
  if (corm_engine_connect(engine, &other, NULL) != CORM_OK) return 6;
  corm_conn_release(other);
  corm_engine_release(engine);
  return 0;
}

static void forked_child_is_refused(void **state) {
  corm_engine *engine = file_engine(*state, NULL);
  corm_conn *conn = connect_to(engine);
  run(conn, "CREATE TABLE t (a)");
  run(conn, "INSERT INTO t VALUES (1), (2)");
  corm_result *result = query(conn, "SELECT a FROM t");
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(in_child(engine, conn, result));
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW); /* the parent goes on undisturbed */
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_next(result, NULL), CORM_DONE);
  corm_result_release(result);
  assert_int_equal(corm_conn_commit(conn, NULL), CORM_OK);
  assert_int_equal(number(conn, "SELECT count(*) FROM t"), 2);
  corm_conn_release(conn);
  corm_engine_release(engine);
}

static void engine_made_before_fork_is_free(void **state) {
  corm_engine *engine = file_engine(*state, NULL);
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    corm_conn *conn = NULL;
    _exit(corm_engine_connect(engine, &conn, NULL) == CORM_OK ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  corm_engine_release(engine);
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

static bool scenario(const corm_mem *mem) {
  corm_engine *engine = NULL, *other = NULL;
  corm_conn *a = NULL, *b = NULL;
  corm_error err = {0};
  corm_fake *fake = corm_fake_new(mem);
  static const corm_driver_option no_query[1];
  const corm_url url = {.dialect = "sqlite", .database = "x", .password = "p", .query = no_query};
  static const char text[] = "sqlite:///:memory:?timeout=1";
  bool ok = fake != NULL &&
            corm_engine_new_with(mem, corm_dialect_find("sqlite"), corm_fake_driver(fake), &url, NULL, &other, &err) ==
                CORM_OK &&
            corm_engine_connect(other, &a, &err) == CORM_OK &&
            corm_engine_new(mem, text, sizeof text - 1, NULL, &engine, &err) == CORM_OK &&
            corm_engine_connect(engine, &b, &err) == CORM_OK;
  if (!ok && fake != NULL) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_conn_release(a);
  corm_conn_release(b);
  corm_engine_release(engine);
  corm_engine_release(other);
  corm_fake_free(fake);
  return ok;
}

static void out_of_memory(void **state) {
  (void)state;
  /* Giving back may fail to keep an idle connection without telling: then it is closed. So only what is told counts. */
  for (size_t n = 1;; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    bool ok = scenario(&fail.mem);
    assert_int_equal(fail.live, 0);
    if (fail.failures == 0) {
      assert_true(ok && n > 10);
      break;
    }
  }
}

int main(void) {
#define FILES(test) cmocka_unit_test_setup_teardown(test, dir_setup, dir_teardown)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_urls),           cmocka_unit_test(opens_nothing_until_used),
      cmocka_unit_test(tells_about_itself), FILES(last_in_first_out),
      FILES(pool_keeps_statements),         FILES(returned_connections_are_clean),
      FILES(dispose_closes_idle_ones),      FILES(no_pool),
      cmocka_unit_test(memory_is_shared),   cmocka_unit_test(memory_shares_its_transaction),
      FILES(forked_child_is_refused),       FILES(engine_made_before_fork_is_free),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
