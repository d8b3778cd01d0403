/* Transactions, savepoints, parameters, errors and hooks of connections. */
#include "engine/connection.h"

#include <math.h>

#include "driver/fake.h"

#include "engine_fixture.h"
#include "temp_dir.h"

typedef struct world {
  temp_dir dir;
  char url[200];
  corm_engine *engine;
  corm_conn *conn;
  corm_buf echo;
  corm_error err;
} world;

static int setup(void **state) {
  corm_engine_options options = corm_engine_options_default();
  options.busy_timeout_ms = 20;
  world *w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  temp_dir_open(&w->dir);
  snprintf(w->url, sizeof w->url, "sqlite:///%s", temp_dir_file(&w->dir, "a.db"));
  w->engine = open_engine(w->url, &options);
  w->conn = connect_to(w->engine);
  run(w->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)");
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
  record_echo(w->engine, &w->echo);
  *state = w;
  return 0;
}

static int teardown(void **state) {
  world *w = *state;
  corm_error_clear(&w->err);
  corm_conn_release(w->conn);
  corm_engine_release(w->engine);
  corm_buf_clear(&w->echo);
  temp_dir_close(&w->dir);
  free(w);
  return 0;
}

/* What another process would see. */
static int64_t committed(world *w) {
  corm_engine *engine = open_engine(w->url, NULL);
  corm_conn *conn = connect_to(engine);
  int64_t n = number(conn, "SELECT count(*) FROM t");
  corm_conn_release(conn);
  corm_engine_release(engine);
  return n;
}

static void insert(world *w, const char *text) {
  char sql[100];
  snprintf(sql, sizeof sql, "INSERT INTO t (a) VALUES ('%s')", text);
  run(w->conn, sql);
}

/* -- transactions ---------------------------------------------------------------------------------------------------
 */

static void commit_as_you_go(void **state) {
  world *w = *state;
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  insert(w, "x");
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  assert_int_equal(committed(w), 0);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
  assert_int_equal(committed(w), 1);
  insert(w, "y");
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 1);
  insert(w, "z");
  corm_conn_close(w->conn);
  assert_int_equal(committed(w), 1);
}

static void ddl_is_transactional(void **state) {
  world *w = *state;
  run(w->conn, "CREATE TABLE u (a)");
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  refused(w->conn, "SELECT * FROM u", CORM_E_PROGRAMMING);
}

static void second_begin_is_refused(void **state) {
  world *w = *state;
  done(corm_conn_begin(w->conn, CORM_BEGIN_WRITE, &w->err), w->err);
  assert_int_equal(corm_conn_begin(w->conn, CORM_BEGIN_READ, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_error_clear(&w->err);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  number(w->conn, "SELECT 1"); /* begins by itself */
  assert_int_equal(corm_conn_begin(w->conn, CORM_BEGIN_READ, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
}

/* Whether another connection may take the write lock meanwhile. */
static bool others_can_write(world *w) {
  bool can;
  corm_conn *other = connect_to(w->engine);
  corm_result *result = NULL;
  can = corm_conn_execute_sql(other, "DELETE FROM t WHERE 0", 21, NULL, &result, NULL) == CORM_OK;
  corm_result_release(result);
  corm_conn_release(other);
  return can;
}

static void begins_as_the_first_statement_asks(void **state) {
  world *w = *state;
  done(corm_conn_begin(w->conn, CORM_BEGIN_WRITE, &w->err), w->err);
  assert_true(others_can_write(w)); /* nothing was sent yet */
  number(w->conn, "SELECT 1");
  assert_false(others_can_write(w));
  done(corm_conn_commit(w->conn, &w->err), w->err);
  number(w->conn, "SELECT 1");
  assert_true(others_can_write(w));
  done(corm_conn_commit(w->conn, &w->err), w->err);
  run(w->conn, "DELETE FROM t WHERE 0");
  assert_false(others_can_write(w));
}

static void lock_timeout_leaves_things_clean(void **state) {
  world *w = *state;
  corm_conn *other = connect_to(w->engine);
  insert(w, "x");
  corm_error err;
  run_fails(other, "INSERT INTO t (a) VALUES ('y')", CORM_E_LOCK_TIMEOUT, &err);
  assert_true(err.retryable);
  assert_string_equal(err.statement.sql, "INSERT INTO t (a) VALUES ('y')");
  corm_error_clear(&err);
  assert_int_equal(corm_conn_txn(other), CORM_TXN_OPEN);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  run(other, "INSERT INTO t (a) VALUES ('y')"); /* it may simply try again */
  done(corm_conn_commit(other, &w->err), w->err);
  corm_conn_release(other);
  assert_int_equal(committed(w), 2);
}

static void failed_commit_leaves_it_open(void **state) {
  world *w = *state;
  run(w->conn, "CREATE TABLE c (t_id INT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
  run(w->conn, "INSERT INTO c VALUES (7)");
  assert_int_equal(corm_conn_commit(w->conn, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.kind, "foreign_key");
  corm_error_clear(&w->err);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  run(w->conn, "INSERT INTO t (id) VALUES (7)");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

static void failed_statement_keeps_the_transaction(void **state) {
  world *w = *state;
  insert(w, "x");
  refused(w->conn, "INSERT INTO t (a) VALUES ('x')", CORM_E_INTEGRITY);
  insert(w, "y");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 2);
}

/* -- the database ends the transaction ------------------------------------------------------------------------------
 */

static void fill_disk(world *w) {
  run(w->conn, "PRAGMA max_page_count = 8");
  insert(w, "x");
  corm_error err;
  run_fails(w->conn, "INSERT INTO t (a) VALUES (hex(zeroblob(50000)))", CORM_E_DISK_FULL, &err);
  corm_error_clear(&err);
}

static void disk_full_loses_the_transaction(void **state) {
  world *w = *state;
  int depth = 0;
  fill_disk(w);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_LOST);
  corm_error err;
  run_fails(w->conn, "INSERT INTO t (a) VALUES ('y')", CORM_E_PENDING_ROLLBACK, &err);
  assert_non_null(strstr(err.message, "DiskFullError"));
  corm_error_clear(&err);
  assert_int_equal(corm_conn_commit(w->conn, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&w->err);
  assert_int_equal(corm_conn_begin(w->conn, CORM_BEGIN_READ, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&w->err);
  assert_int_equal(corm_conn_savepoint(w->conn, &depth, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&w->err);
  assert_int_equal(committed(w), 0);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  insert(w, "z");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

static void disk_full_in_a_savepoint(void **state) {
  world *w = *state;
  int depth = 0;
  done(corm_conn_savepoint(w->conn, &depth, &w->err), w->err);
  fill_disk(w);
  assert_int_equal(corm_conn_savepoint_rollback(w->conn, depth, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  assert_int_equal(corm_conn_savepoint_depth(w->conn), 0);
  corm_error_clear(&w->err);
  corm_conn_close(w->conn); /* or it is simply closed */
  assert_int_equal(committed(w), 0);
}

static void conflict_rollback_loses_the_transaction(void **state) {
  world *w = *state;
  insert(w, "x");
  refused(w->conn, "INSERT OR ROLLBACK INTO t (a) VALUES ('x')", CORM_E_INTEGRITY);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_LOST);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 0);
}

/* -- transaction control as SQL -------------------------------------------------------------------------------------
 */

static void raw_commit_and_begin(void **state) {
  world *w = *state;
  insert(w, "x");
  run(w->conn, "COMMIT");
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
  assert_int_equal(committed(w), 1);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  run(w->conn, "BEGIN IMMEDIATE");
  assert_false(others_can_write(w));
  insert(w, "y");
  refused(w->conn, " /* again */ BEGIN", CORM_E_OPERATIONAL);
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 2);
  refused(w->conn, "COMMIT", CORM_E_OPERATIONAL); /* nothing is open, and nothing was begun for it */
  done(corm_conn_rollback(w->conn, &w->err), w->err);
}

static void raw_rollback_is_a_loss(void **state) {
  world *w = *state;
  insert(w, "x");
  run(w->conn, "ROLLBACK");
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_LOST);
  refused(w->conn, "SELECT 1", CORM_E_PENDING_ROLLBACK);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  insert(w, "y");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

static void raw_savepoints(void **state) {
  world *w = *state;
  run(w->conn, "SAVEPOINT mine"); /* inside a transaction of ours, so that RELEASE does not commit */
  insert(w, "x");
  run(w->conn, "ROLLBACK TRANSACTION TO mine");
  insert(w, "y");
  run(w->conn, "RELEASE mine");
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  assert_int_equal(committed(w), 0);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

static void settings_stay_outside(void **state) {
  world *w = *state;
  run(w->conn, "PRAGMA journal_mode = wal"); /* refused by SQLite inside a transaction */
  run(w->conn, "VACUUM");
  run(w->conn, "ATTACH ':memory:' AS other");
  assert_null(strstr(corm_buf_str(&w->echo), "BEGIN"));
  insert(w, "x");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

/* -- savepoints -----------------------------------------------------------------------------------------------------
 */

static int open_savepoint(world *w) {
  int depth = 0;
  done(corm_conn_savepoint(w->conn, &depth, &w->err), w->err);
  return depth;
}

static void savepoints_nest(void **state) {
  world *w = *state;
  assert_int_equal(open_savepoint(w), 1);
  insert(w, "a");
  assert_int_equal(open_savepoint(w), 2);
  insert(w, "b");
  assert_int_equal(open_savepoint(w), 3);
  insert(w, "c");
  assert_int_equal(corm_conn_savepoint_depth(w->conn), 3);
  done(corm_conn_savepoint_rollback(w->conn, 3, &w->err), w->err);
  done(corm_conn_savepoint_release(w->conn, 2, &w->err), w->err);
  assert_int_equal(open_savepoint(w), 2);
  insert(w, "d");
  done(corm_conn_savepoint_rollback(w->conn, 2, &w->err), w->err);
  assert_int_equal(corm_conn_savepoint_depth(w->conn), 1);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 2);
  done(corm_conn_rollback(w->conn, &w->err), w->err); /* the outer rollback undoes what was released */
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 0);
  assert_int_equal(corm_conn_savepoint_depth(w->conn), 0);
}

static void savepoint_not_open(world *w, int depth) {
  assert_int_equal(corm_conn_savepoint_release(w->conn, depth, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_error_clear(&w->err);
  assert_int_equal(corm_conn_savepoint_rollback(w->conn, depth, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_error_clear(&w->err);
}

static void savepoints_out_of_order(void **state) {
  world *w = *state;
  savepoint_not_open(w, 1);
  open_savepoint(w);
  open_savepoint(w);
  savepoint_not_open(w, 0);
  savepoint_not_open(w, 3);
  insert(w, "x");
  done(corm_conn_savepoint_release(w->conn, 1, &w->err), w->err); /* ends the deeper one too */
  savepoint_not_open(w, 2);
  savepoint_not_open(w, 1);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  savepoint_not_open(w, 1);
  assert_int_equal(committed(w), 1);
}

/* -- closing --------------------------------------------------------------------------------------------------------
 */

static void use_after_close(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, "SELECT 1 UNION SELECT 2");
  handmade h;
  corm_batch *batch = NULL;
  corm_value value = corm_value_int(1);
  handmade_init(&h, "INSERT INTO t (id) VALUES (?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  corm_engine_release(w->engine);
  corm_engine_acquire(corm_conn_engine(w->conn)); /* the connection alone keeps it */
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  corm_conn_close(w->conn);
  assert_int_equal(corm_result_next(result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&w->err);
  assert_int_equal(corm_batch_run(batch, &value, 1, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&w->err);
  refused(w->conn, "SELECT 1", CORM_E_RESOURCE_CLOSED);
  assert_int_equal(corm_conn_begin(w->conn, CORM_BEGIN_READ, NULL), CORM_FAILED);
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_FAILED);
  assert_int_equal(corm_conn_rollback(w->conn, NULL), CORM_FAILED);
  assert_int_equal(corm_conn_savepoint(w->conn, NULL, NULL), CORM_FAILED);
  assert_int_equal(corm_conn_savepoint_depth(w->conn), 0);
  assert_int_equal(corm_conn_batch_open(w->conn, &h.compiled, &batch, NULL), CORM_FAILED);
  corm_batch_close(batch);
  corm_batch_close(NULL);
  corm_result_release(result);
  corm_result_release(NULL);
}

static void children_outlive_the_handle(void **state) {
  world *w = *state;
  corm_result *result = query(w->conn, "SELECT 1 UNION SELECT 2");
  handmade h;
  corm_batch *batch = NULL;
  corm_value value = corm_value_int(1);
  handmade_init(&h, "INSERT INTO t (id) VALUES (?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  corm_conn_release(w->conn);
  w->conn = NULL;
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  corm_result_release(result);
  done(corm_batch_run(batch, &value, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  corm_batch_close(batch); /* the last one: rolls back and goes to the pool */
  assert_int_equal(committed(w), 0);
}

/* -- parameters -----------------------------------------------------------------------------------------------------
 */

static corm_status execute(world *w, handmade *h, const char *const *names, const corm_value *values, size_t n,
                           corm_result **out) {
  *out = NULL;
  corm_error_clear(&w->err);
  return corm_conn_execute(w->conn, &h->compiled, &(corm_params){names, values, n}, out, &w->err);
}

static void named_parameters(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  const char *const names[] = {"b", "a"};
  const corm_value values[] = {corm_value_int(5), text_value("x")};
  handmade_init(&h, "SELECT ?, ?, ?");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  handmade_bind(&h, "b", CORM_TYPE_INTEGER);
  handmade_bind(&h, "a", CORM_TYPE_STRING); /* one value at two places */
  for (int i = 0; i < 3; i++) handmade_column(&h, "c", CORM_TYPE_NULLTYPE);
  done(execute(w, &h, names, values, 2, &result), w->err);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  for (int i = 0; i < 3; i++) {
    corm_value got;
    corm_result_raw(result, (size_t)i, &got);
    assert_true(corm_value_equal(&got, &values[i == 1 ? 0 : 1]));
  }
  corm_result_release(result);
}

static void missing_and_surplus_parameters(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  const char *const names[] = {"nmae", "x"};
  const corm_value values[] = {text_value("x"), corm_value_int(1)};
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "name", CORM_TYPE_STRING);
  int64_t before = corm_conn_statement_count(w->conn);
  assert_int_equal(execute(w, &h, names, values, 1, &result), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  assert_string_equal(w->err.message, "A value is required for bind parameter 'name'");
  assert_non_null(strstr(w->err.hint, "nmae"));
  assert_int_equal(execute(w, &h, NULL, NULL, 0, &result), CORM_FAILED);
  assert_string_equal(w->err.message, "A value is required for bind parameter 'name'");
  const char *const both[] = {"name", "namo"};
  assert_int_equal(execute(w, &h, both, values, 2, &result), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  assert_non_null(strstr(w->err.message, "'namo'"));
  assert_string_equal(w->err.hint, "did you mean 'name'?");
  const corm_value absent[] = {{.kind = CORM_ABSENT}};
  assert_int_equal(execute(w, &h, both, absent, 1, &result), CORM_FAILED);
  assert_int_equal(corm_conn_statement_count(w->conn), before); /* nothing was sent */
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
}

static void values_of_the_nodes(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  const corm_value list[] = {corm_value_int(1), corm_value_int(3)};
  const corm_bind in_list = {.key = "id", .expanding = true, .values = list, .nvalues = 2};
  const corm_bind given = {.key = "n", .value = corm_value_int(9)};
  run(w->conn, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  handmade_init(&h, "SELECT count(*) + ? FROM t WHERE id IN (?, ?)");
  handmade_bind(&h, "n", CORM_TYPE_INTEGER);
  handmade_bind(&h, "id_1_1", CORM_TYPE_INTEGER);
  handmade_bind(&h, "id_1_2", CORM_TYPE_INTEGER);
  handmade_column(&h, "n", CORM_TYPE_INTEGER);
  h.binds[0].node = &given;
  for (int i = 1; i <= 2; i++) {
    h.binds[i].node = &in_list;
    h.binds[i].element = i - 1;
  }
  const char *const name[] = {"n"};
  const corm_value own = corm_value_int(100);
  for (int i = 0; i < 2; i++) {
    corm_value got;
    done(execute(w, &h, name, &own, (size_t)i, &result), w->err);
    assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
    corm_result_raw(result, 0, &got);
    assert_int_equal(got.as.i, i == 0 ? 11 : 102);
    corm_result_release(result);
  }
}

static void refused_values_name_their_place(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  corm_table table = {.name = "t"};
  corm_column column = {.name = "id", .table = &table};
  const char *const names[] = {"id"};
  const corm_value half = corm_value_real(3.5), not_a_number = corm_value_real(NAN);
  handmade_init(&h, "INSERT INTO t (id) VALUES (?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  assert_int_equal(execute(w, &h, names, &half, 1, &result), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_DATA);
  assert_non_null(strstr(w->err.message, "bind parameter 'id'"));
  h.binds[0].column = &column;
  assert_int_equal(execute(w, &h, names, &not_a_number, 1, &result), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_DATA);
  assert_non_null(strstr(w->err.message, "column t.id"));
  assert_string_equal(w->err.table, "t");
  assert_string_equal(w->err.column, "id");
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_NONE);
}

static void native_parameters(void **state) {
  world *w = *state;
  corm_result *result = NULL;
  const corm_value values[] = {corm_value_int(7), text_value("x")};
  static const char positional[] = "INSERT INTO t VALUES (?, ?)", named[] = "UPDATE t SET a = :b WHERE id = $a";
  done(
      corm_conn_execute_sql(w->conn, positional, strlen(positional), &(corm_params){NULL, values, 2}, &result, &w->err),
      w->err);
  assert_int_equal(corm_result_last_id(result), 7);
  corm_result_release(result);
  const char *const names[] = {"a", "b"}, *const wrong[] = {"a", "x"}, *const twice[] = {"a", "a"};
  done(corm_conn_execute_sql(w->conn, named, strlen(named), &(corm_params){names, values, 2}, &result, &w->err),
       w->err);
  assert_int_equal(corm_result_rowcount(result), 1);
  corm_result_release(result);
  result = NULL;
  const corm_params bad[] = {{names, values, 1}, {wrong, values, 2}, {twice, values, 2}, {NULL, NULL, 0}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(corm_conn_execute_sql(w->conn, named, strlen(named), &bad[i], &result, &w->err), CORM_FAILED);
    assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
    corm_error_clear(&w->err);
  }
  assert_null(result);
}

static void executemany(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result = NULL;
  const char *const names[] = {"a", "id"};
  corm_value rows[40];
  corm_params sets[20];
  char texts[20][16];
  handmade_init(&h, "INSERT INTO t (id, a) VALUES (?, ?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  for (int i = 0; i < 20; i++) {
    snprintf(texts[i], sizeof texts[i], "a%d", i);
    rows[2 * i] = text_value(texts[i]);
    rows[2 * i + 1] = corm_value_int(i + 1);
    sets[i] = (corm_params){names, rows + 2 * i, 2};
  }
  int64_t before = corm_conn_statement_count(w->conn);
  done(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, &result, &w->err), w->err);
  assert_int_equal(corm_result_rowcount(result), 20);
  assert_false(corm_result_returns_rows(result));
  assert_int_equal(corm_conn_statement_count(w->conn), before + 1);
  assert_non_null(strstr(corm_buf_str(&w->echo), "displaying 10 of 20 total bound parameter sets"));
  corm_result_release(result);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a = 'a' || (id - 1)"), 20);
  /* a bad set: nothing is sent */
  sets[7].n = 1;
  result = NULL;
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, &result, &w->err), CORM_FAILED);
  assert_non_null(strstr(w->err.message, "in parameter set 8"));
  corm_error_clear(&w->err);
  sets[7].n = 2;
  /* a set that the database refuses is the one that the error shows */
  for (int i = 0; i < 20; i++) rows[2 * i + 1] = corm_value_int(i == 12 ? 5 : 100 + i);
  for (int i = 0; i < 20; i++) texts[i][0] = 'b';
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, &result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.statement.params, "{id = 5, a = 'b12'}");
  corm_error_clear(&w->err);
  handmade_init(&h, "SELECT ?");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  for (int i = 0; i < 20; i++) sets[i] = (corm_params){names + 1, rows + 1, 1};
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, &result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
}

static void many_parameters(void **state) {
  world *w = *state;
  enum { N = 300 };
  static corm_compiled_bind binds[N];
  static char names_text[N][16], sql[N * 3 + 32];
  const char *names[N];
  corm_value values[N];
  corm_result *result = NULL;
  strcpy(sql, "SELECT max(0");
  for (int i = 0; i < N; i++) {
    snprintf(names_text[i], sizeof names_text[i], "p%d", i);
    names[N - 1 - i] = names_text[i];
    values[i] = corm_value_int(i);
    binds[i] = (corm_compiled_bind){.name = names_text[i], .type = corm_type_default(CORM_TYPE_INTEGER), .element = -1};
    strcat(sql, i < 100 ? ",?" : i == 100 ? "), ?" : ",?");
  }
  corm_compiled compiled = {.sql = sql, .len = strlen(sql), .binds = binds, .nbinds = N};
  done(corm_conn_execute(w->conn, &compiled, &(corm_params){names, values, N}, &result, &w->err), w->err);
  corm_value got;
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  corm_result_raw(result, 0, &got);
  assert_int_equal(got.as.i, N - 1);
  corm_result_release(result);
}

/* -- errors ---------------------------------------------------------------------------------------------------------
 */

static void errors_carry_the_statement(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  const char *const names[] = {"a", "id"};
  const corm_value values[] = {text_value("x"), corm_value_int(1)};
  handmade_init(&h, "INSERT INTO t (id, a) VALUES (?, ?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  insert(w, "x");
  assert_int_equal(execute(w, &h, names, values, 2, &result), CORM_FAILED);
  assert_string_equal(w->err.statement.sql, h.compiled.sql);
  assert_string_equal(w->err.statement.params, "{id = 1, a = 'x'}");
  corm_engine_settings(w->engine)->hide_parameters = true;
  assert_int_equal(execute(w, &h, names, values, 2, &result), CORM_FAILED);
  assert_null(w->err.statement.params);
  assert_null(strstr(w->err.message, "'x'"));
  corm_error err;
  run_fails(w->conn, "SELEC 1", CORM_E_PROGRAMMING, &err);
  assert_string_equal(err.statement.sql, "SELEC 1");
  corm_error_clear(&err);
}

static void placeholders_and_binds_must_agree(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result;
  corm_batch *batch = NULL;
  handmade_init(&h, "SELECT ?");
  assert_int_equal(execute(w, &h, NULL, NULL, 0, &result), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_error_clear(&w->err);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  assert_int_equal(corm_batch_run(batch, NULL, 0, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_batch_close(batch);
}

/* -- batches --------------------------------------------------------------------------------------------------------
 */

static void batch_runs_rows(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_DATE);
  corm_engine_settings(w->engine)->echo = false;
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  for (int i = 0; i < 5; i++) {
    corm_value day = corm_value_int(i);
    int64_t rowcount = 0, id = 0;
    day.kind = CORM_DATE;
    done(corm_batch_run(batch, &day, 1, &rowcount, &id, NULL, NULL, &w->err), w->err);
    assert_int_equal(rowcount, 1);
    assert_int_equal(id, i + 1);
  }
  corm_value again = corm_value_int(2);
  again.kind = CORM_DATE;
  assert_int_equal(corm_batch_run(batch, &again, 1, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.statement.params, "{a = '1970-01-03'}");
  corm_error_clear(&w->err);
  corm_value null = corm_value_null();
  done(corm_batch_run(batch, &null, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  corm_batch_close(batch);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a LIKE '1970-01-0_'"), 5);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 6);
}

static void batch_returns_a_row(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  corm_arena arena;
  corm_value a = text_value("x"), returned[2];
  corm_arena_init(&arena, &corm_mem_libc);
  handmade_init(&h, "INSERT INTO t (a) VALUES (?) ON CONFLICT DO NOTHING RETURNING id, a || '!'");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  handmade_column(&h, "id", CORM_TYPE_INTEGER);
  handmade_column(&h, "b", CORM_TYPE_STRING);
  int64_t rowcount = -1, id = -1;
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(corm_batch_run(batch, &a, 1, &rowcount, &id, &arena, returned, &w->err), w->err);
  assert_int_equal(returned[0].as.i, 1);
  assert_memory_equal(returned[1].as.s, "x!", 3);
  assert_int_equal(rowcount, 1);
  done(corm_batch_run(batch, &a, 1, &rowcount, &id, &arena, returned, &w->err), w->err);
  assert_int_equal(rowcount, 0);
  assert_int_equal(id, 0); /* no key was generated */
  corm_batch_close(batch);
  corm_arena_clear(&arena);
}

static void batch_and_the_cache(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *one = NULL, *two = NULL;
  corm_value a = text_value("a"), b = text_value("b");
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  done(corm_conn_batch_open(w->conn, &h.compiled, &one, &w->err), w->err);
  done(corm_conn_batch_open(w->conn, &h.compiled, &two, &w->err), w->err); /* the same text twice at once */
  done(corm_batch_run(one, &a, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  done(corm_batch_run(two, &b, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  done(corm_conn_commit(w->conn, &w->err), w->err); /* an open batch is no hindrance */
  corm_batch_close(one);
  corm_batch_close(two);
  assert_int_equal(committed(w), 2);
}

static void batch_meets_a_full_disk(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  static char big[60000];
  memset(big, 'x', sizeof big);
  corm_value small = text_value("s"), large = corm_value_text(big, sizeof big);
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  run(w->conn, "PRAGMA max_page_count = 8");
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(corm_batch_run(batch, &small, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  assert_int_equal(corm_batch_run(batch, &large, 1, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_DISK_FULL);
  corm_error_clear(&w->err);
  assert_int_equal(corm_batch_run(batch, &small, 1, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&w->err);
  assert_int_equal(committed(w), 0);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  done(corm_batch_run(batch, &small, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  corm_batch_close(batch);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

/* -- the statement cache --------------------------------------------------------------------------------------------
 */

static int prepared(world *w, const char *sql) {
  corm_buf_reset(&w->echo);
  handmade h;
  corm_result *result = NULL;
  handmade_init(&h, sql);
  done(corm_conn_execute(w->conn, &h.compiled, NULL, &result, &w->err), w->err);
  corm_result_release(result);
  return strstr(corm_buf_str(&w->echo), "[generated in") != NULL;
}

static void cache_is_bounded_and_lru(void **state) {
  world *w = *state;
  corm_engine_settings(w->engine)->stmt_cache_size = 2;
  corm_engine_dispose(w->engine);
  corm_conn_release(w->conn);
  w->conn = connect_to(w->engine);
  assert_int_equal(prepared(w, "SELECT 1"), 1);
  assert_int_equal(prepared(w, "SELECT 2"), 1);
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  assert_int_equal(prepared(w, "SELECT 3"), 1); /* 2 goes */
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  assert_int_equal(prepared(w, "SELECT 2"), 1); /* 3 goes */
  assert_int_equal(prepared(w, "SELECT 1"), 0);
  corm_result *a = query(w->conn, "SELECT 1 UNION SELECT 2"), *b = query(w->conn, "SELECT 3 UNION SELECT 4");
  corm_result *c = query(w->conn, "SELECT 5 UNION SELECT 6"); /* nothing idle to give up: outside the cache */
  assert_int_equal(corm_result_next(c, NULL), CORM_ROW);
  corm_result_release(a);
  corm_result_release(b);
  corm_result_release(c);
}

static void cached_statements_follow_the_schema(void **state) {
  world *w = *state;
  corm_value value;
  insert(w, "x");
  corm_result_release(query(w->conn, "SELECT * FROM t"));
  run(w->conn, "ALTER TABLE t ADD COLUMN extra DEFAULT 5");
  corm_result *result = query(w->conn, "SELECT * FROM t");
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  assert_int_equal(corm_result_column_count(result), 3);
  assert_string_equal(corm_result_column(result, 2)->name, "extra");
  corm_result_raw(result, 2, &value);
  assert_int_equal(value.as.i, 5);
  corm_result_release(result);
}

/* -- echo and hooks -------------------------------------------------------------------------------------------------
 */

/* Replaces every figure of time by "*". */
static void blur(char *text) {
  char *out = text;
  for (char *p = text; *p != '\0';) {
    if (*p == '[') {
      while (*p != ']') p++;
      *out++ = '*';
      p++;
    } else {
      *out++ = *p++;
    }
  }
  *out = '\0';
}

static void echo_tells_what_is_sent(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  corm_value x = text_value("x"), y = text_value("y");
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  done(corm_conn_begin(w->conn, CORM_BEGIN_WRITE, &w->err), w->err);
  int depth = open_savepoint(w);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(corm_batch_run(batch, &x, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  done(corm_batch_run(batch, &y, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  corm_batch_close(batch);
  done(corm_conn_savepoint_rollback(w->conn, depth, &w->err), w->err);
  run(w->conn, "DELETE FROM t");
  done(corm_conn_commit(w->conn, &w->err), w->err);
  corm_engine_settings(w->engine)->hide_parameters = true;
  run(w->conn, "SELECT 1");
  corm_conn_close(w->conn);
  blur(w->echo.ptr);
  assert_string_equal(w->echo.ptr, "BEGIN (implicit)\n"
                                   "SAVEPOINT corm_sp_1\n"
                                   "INSERT INTO t (a) VALUES (?)\n"
                                   "* ('x')\n"
                                   "INSERT INTO t (a) VALUES (?)\n"
                                   "* ('y')\n"
                                   "ROLLBACK TO SAVEPOINT corm_sp_1\n"
                                   "RELEASE SAVEPOINT corm_sp_1\n"
                                   "DELETE FROM t\n"
                                   "* ()\n"
                                   "COMMIT\n"
                                   "BEGIN (implicit)\n"
                                   "SELECT 1\n"
                                   "* *\n"
                                   "ROLLBACK\n");
}

/* A hook that counts, and on demand fails or does something to the connection. */
typedef struct hook {
  int before, after;
  size_t params, rows;
  bool fail_before, fail_after, close, rollback, release, nested;
  corm_value last;
} hook;

static corm_status hook_before(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                               size_t nrows, corm_error *err) {
  hook *h = ctx;
  h->before++;
  h->params += nparams * nrows;
  h->rows += nrows;
  if (nparams * nrows > 0) h->last = params[nparams * nrows - 1];
  if (h->close) corm_conn_close(conn);
  if (h->release) corm_conn_release(conn);
  if (h->rollback) assert_int_equal(corm_conn_rollback(conn, NULL), CORM_OK);
  if (h->nested) {
    h->nested = false;
    assert_int_equal(number(conn, "SELECT count(*) FROM t"), 0);
    corm_result *twin = query(conn, sql);
    corm_result_release(twin);
  }
  return h->fail_before ? corm_error_set(err, CORM_E_HOOK, "before") : CORM_OK;
}

static corm_status hook_after(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                              size_t nrows, int64_t elapsed_usec, corm_error *err) {
  hook *h = ctx;
  (void)conn;
  (void)sql;
  (void)params;
  (void)nparams;
  (void)nrows;
  assert_true(elapsed_usec >= 0);
  h->after++;
  return h->fail_after ? corm_error_set(err, CORM_E_HOOK, "after") : CORM_OK;
}

static void observe(world *w, hook *h) {
  corm_engine_observe(w->engine, &(corm_engine_observer){.ctx = h, .before = hook_before, .after = hook_after});
}

static void hooks_see_each_execution(void **state) {
  world *w = *state;
  hook seen = {0};
  handmade h;
  corm_batch *batch = NULL;
  corm_result *result = NULL;
  const char *const names[] = {"a"};
  corm_value day = corm_value_int(0), days[2];
  day.kind = CORM_DATE;
  days[0] = days[1] = day;
  days[1].as.i = 1;
  const corm_params sets[] = {{names, &days[0], 1}, {names, &days[1], 1}};
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_DATE);
  observe(w, &seen);
  done(corm_conn_execute_many(w->conn, &h.compiled, sets, 2, &result, &w->err), w->err);
  corm_result_release(result);
  assert_int_equal(seen.before, 1);
  assert_int_equal(seen.rows, 2);
  assert_int_equal(seen.params, 2);
  assert_int_equal(seen.after, 1);
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  day.as.i = 2;
  done(corm_batch_run(batch, &day, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  assert_int_equal(seen.before, 2);
  assert_int_equal(seen.rows, 3);
  assert_int_equal(seen.last.kind, CORM_TEXT); /* as it is stored */
  corm_batch_close(batch);
  corm_engine_observe(w->engine, NULL);
  run(w->conn, "SELECT 1");
  assert_int_equal(seen.before, 2);
}

static void failing_hooks(void **state) {
  world *w = *state;
  hook h = {.fail_before = true};
  observe(w, &h);
  refused(w->conn, "INSERT INTO t (a) VALUES ('x')", CORM_E_HOOK);
  assert_int_equal(h.after, 0);
  h = (hook){.fail_after = true};
  refused(w->conn, "INSERT INTO t (a) VALUES ('y')", CORM_E_HOOK);
  refused(w->conn, "SELECT 1 UNION SELECT 2", CORM_E_HOOK);
  corm_engine_observe(w->engine, NULL);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a = 'y'"), 1);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t"), 1);
}

static void hooks_that_meddle(void **state) {
  world *w = *state;
  hook h = {.nested = true};
  observe(w, &h);
  run(w->conn, "SELECT count(*), 1 FROM t"); /* executes the same text within itself */
  h = (hook){.rollback = true};
  run(w->conn, "INSERT INTO t (a) VALUES ('x')"); /* begins anew */
  assert_int_equal(corm_conn_txn(w->conn), CORM_TXN_OPEN);
  h = (hook){.close = true};
  refused(w->conn, "INSERT INTO t (a) VALUES ('y')", CORM_E_RESOURCE_CLOSED);
  assert_true(corm_conn_is_closed(w->conn));
  assert_int_equal(committed(w), 0);
  corm_conn_release(w->conn);
  w->conn = connect_to(w->engine);
  h = (hook){.release = true};
  corm_conn *conn = w->conn;
  w->conn = NULL;
  run(conn, "INSERT INTO t (a) VALUES ('y')"); /* the execution holds it to the end */
  assert_int_equal(committed(w), 0);
}

static void hooks_that_meddle_in_batches(void **state) {
  world *w = *state;
  hook h = {0};
  handmade made;
  corm_batch *batch = NULL;
  corm_value x = text_value("x");
  handmade_init(&made, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&made, "a", CORM_TYPE_STRING);
  observe(w, &h);
  done(corm_conn_batch_open(w->conn, &made.compiled, &batch, &w->err), w->err);
  h.fail_after = true;
  assert_int_equal(corm_batch_run(batch, &x, 1, NULL, NULL, NULL, NULL, NULL), CORM_FAILED);
  h = (hook){.rollback = true};
  done(corm_batch_run(batch, &x, 1, NULL, NULL, NULL, NULL, &w->err), w->err);
  h = (hook){.close = true};
  assert_int_equal(corm_batch_run(batch, &x, 1, NULL, NULL, NULL, NULL, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_RESOURCE_CLOSED);
  corm_error_clear(&w->err);
  assert_true(corm_conn_is_closed(w->conn));
  corm_batch_close(batch);
}

/* -- over the fake driver -------------------------------------------------------------------------------------------
 */

static void faults_of_the_driver(void **state) {
  (void)state;
  corm_error err = {0};
  corm_engine *engine = NULL;
  corm_fake *fake = corm_fake_new(&corm_mem_libc);
  const corm_url url = {.dialect = "sqlite"};
  done(corm_engine_new_with(&corm_mem_libc, corm_dialect_find("sqlite"), corm_fake_driver(fake), &url, NULL, &engine,
                            &err),
       err);
  corm_conn *conn = connect_to(engine);
  /* COMMIT fails and the database has rolled back */
  done(corm_fake_fault(fake, "COMMIT", CORM_E_DISK_FULL, "full", true), err);
  run(conn, "INSERT INTO t DEFAULT VALUES");
  assert_int_equal(corm_conn_commit(conn, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DISK_FULL);
  corm_error_clear(&err);
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_LOST);
  done(corm_conn_rollback(conn, &err), err);
  /* ROLLBACK fails: the connection is not used again */
  done(corm_fake_fault(fake, "ROLLBACK", CORM_E_OPERATIONAL, "I/O", false), err);
  run(conn, "INSERT INTO t DEFAULT VALUES");
  assert_int_equal(corm_conn_rollback(conn, &err), CORM_FAILED);
  corm_error_clear(&err);
  corm_conn_release(conn);
  /* BEGIN fails: nothing was begun */
  corm_fake_log_clear(fake);
  conn = connect_to(engine);
  done(corm_fake_fault(fake, "BEGIN", CORM_E_LOCK_TIMEOUT, "locked", false), err);
  refused(conn, "SELECT 1", CORM_E_LOCK_TIMEOUT);
  run(conn, "SELECT 1");
  done(corm_fake_fault(fake, "SAVEPOINT", CORM_E_OPERATIONAL, "no", false), err);
  assert_int_equal(corm_conn_savepoint(conn, NULL, &err), CORM_FAILED);
  corm_error_clear(&err);
  assert_int_equal(corm_conn_savepoint_depth(conn), 0);
  done(corm_conn_commit(conn, &err), err);
  assert_string_equal(corm_fake_log(fake), "BEGIN\nBEGIN\nSELECT 1\nSAVEPOINT corm_sp_1\nCOMMIT\n");
  corm_conn_release(conn);
  corm_engine_release(engine);
  corm_fake_free(fake);
}

/* -- memory ---------------------------------------------------------------------------------------------------------
 */

static corm_status small_unit(corm_conn *conn, corm_error *err) {
  handmade h;
  corm_result *result = NULL;
  corm_batch *batch = NULL;
  const char *const names[] = {"id", "a"};
  corm_value values[] = {corm_value_int(1), text_value("x")}, row[] = {corm_value_int(2), text_value("y")};
  values[1].kind = CORM_TEXT;
  handmade_init(&h, "INSERT INTO t (id, a) VALUES (?, ?)");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  if (corm_conn_execute(conn, &h.compiled, &(corm_params){names, values, 2}, &result, err) != CORM_OK)
    return CORM_FAILED;
  corm_result_release(result);
  if (corm_conn_savepoint(conn, NULL, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_batch_open(conn, &h.compiled, &batch, err) != CORM_OK) return CORM_FAILED;
  corm_status status = corm_batch_run(batch, row, 2, NULL, NULL, NULL, NULL, err);
  corm_batch_close(batch);
  if (status != CORM_OK || corm_conn_savepoint_release(conn, 1, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_execute_sql(conn, "SELECT id, a FROM t", 19, NULL, &result, err) != CORM_OK) return CORM_FAILED;
  status = corm_conn_commit(conn, err); /* buffers it */
  while (status == CORM_OK && corm_result_next(result, err) == CORM_ROW) status = CORM_OK;
  corm_result_release(result);
  return status;
}

static bool scenario(const corm_mem *mem) {
  corm_engine *engine = NULL;
  corm_conn *conn = NULL;
  corm_result *result = NULL;
  corm_error err = {0};
  static const char create[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, a)";
  bool ok = corm_engine_new(mem, "sqlite://", 9, NULL, &engine, &err) == CORM_OK &&
            corm_engine_connect(engine, &conn, &err) == CORM_OK &&
            corm_conn_execute_sql(conn, create, sizeof create - 1, NULL, &result, &err) == CORM_OK &&
            corm_conn_commit(conn, &err) == CORM_OK && small_unit(conn, &err) == CORM_OK;
  corm_result_release(result);
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_error_clear(&err);
  if (!ok && conn != NULL) assert_int_equal(corm_conn_rollback(conn, NULL), CORM_OK);
  corm_conn_release(conn);
  corm_engine_release(engine);
  return ok;
}

static void out_of_memory(void **state) {
  (void)state;
  for (int rest = 0; rest < 2; rest++) {
    for (size_t n = 1;; n++) {
      fail_mem fail;
      fail_mem_init(&fail, n);
      fail.fail_rest = rest;
      bool ok = scenario(&fail.mem);
      assert_int_equal(fail.live, 0);
      assert_true(ok || fail.failures > 0); /* without its table the statement cache works on, only slower */
      if (fail.failures == 0) break;
    }
  }
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(commit_as_you_go),
      CASE(ddl_is_transactional),
      CASE(second_begin_is_refused),
      CASE(begins_as_the_first_statement_asks),
      CASE(lock_timeout_leaves_things_clean),
      CASE(failed_commit_leaves_it_open),
      CASE(failed_statement_keeps_the_transaction),
      CASE(disk_full_loses_the_transaction),
      CASE(disk_full_in_a_savepoint),
      CASE(conflict_rollback_loses_the_transaction),
      CASE(raw_commit_and_begin),
      CASE(raw_rollback_is_a_loss),
      CASE(raw_savepoints),
      CASE(settings_stay_outside),
      CASE(savepoints_nest),
      CASE(savepoints_out_of_order),
      CASE(use_after_close),
      CASE(children_outlive_the_handle),
      CASE(named_parameters),
      CASE(missing_and_surplus_parameters),
      CASE(values_of_the_nodes),
      CASE(refused_values_name_their_place),
      CASE(native_parameters),
      CASE(executemany),
      CASE(many_parameters),
      CASE(errors_carry_the_statement),
      CASE(placeholders_and_binds_must_agree),
      CASE(batch_runs_rows),
      CASE(batch_returns_a_row),
      CASE(batch_and_the_cache),
      CASE(batch_meets_a_full_disk),
      CASE(cache_is_bounded_and_lru),
      CASE(cached_statements_follow_the_schema),
      CASE(echo_tells_what_is_sent),
      CASE(hooks_see_each_execution),
      CASE(failing_hooks),
      CASE(hooks_that_meddle),
      CASE(hooks_that_meddle_in_batches),
      cmocka_unit_test(faults_of_the_driver),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
