/* Transactions, savepoints and the closing of connections. */
#include "engine/connection.h"

#include "driver/fake.h"

#include "connection_world.h"

/* -- transactions -------------------------------------------------------------------------------------------------- */

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
  run(w->conn, "CREATE TABLE c (t_id INT CONSTRAINT fk_t REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
  run(w->conn, "INSERT INTO c VALUES (7)");
  assert_int_equal(corm_conn_commit(w->conn, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.kind, "foreign_key");
  assert_string_equal(w->err.table, "c");
  assert_string_equal(w->err.column, "t_id");
  assert_string_equal(w->err.constraint, "fk_t");
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

/* -- the database ends the transaction ----------------------------------------------------------------------------- */

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

/* -- transaction control as SQL ------------------------------------------------------------------------------------ */

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

/* -- savepoints ---------------------------------------------------------------------------------------------------- */

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

/* -- closing ------------------------------------------------------------------------------------------------------- */

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
  assert_int_equal(corm_batch_run(batch, &(corm_run){.values = &value, .n = 1}, &w->err), CORM_FAILED);
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
  done(corm_batch_run(batch, &(corm_run){.values = &value, .n = 1}, &w->err), w->err);
  corm_batch_close(batch); /* the last one: rolls back and goes to the pool */
  assert_int_equal(committed(w), 0);
}

/* -- over the fake driver ------------------------------------------------------------------------------------------ */

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

/* -- memory -------------------------------------------------------------------------------------------------------- */

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
  corm_status status = corm_batch_run(batch, &(corm_run){.values = row, .n = 2}, err);
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
      cmocka_unit_test(faults_of_the_driver),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
