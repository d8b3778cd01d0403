/* What a connection knows after a failure: failed transactions, lost connections, commits of unknown outcome. */
#include "server_world.h"

/* -- failed transactions ------------------------------------------------------------------------------------------- */

static void failed_transaction_waits_for_rollback(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  fault(w, "UPDATE t", CORM_E_SERIALIZATION, "could not serialize");
  run(conn, "INSERT INTO t VALUES (1)");
  refused(conn, "UPDATE t SET a = 1", CORM_E_SERIALIZATION);
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_FAILED);
  sent(w, "BEGIN\nINSERT INTO t VALUES (1)\nUPDATE t SET a = 1\n");
  run_fails(conn, "SELECT 1", CORM_E_PENDING_ROLLBACK, &w->err);
  assert_non_null(strstr(w->err.message, "(SerializationError) could not serialize"));
  assert_true(w->err.retryable); /* as the first error is */
  corm_error_clear(&w->err);
  failed(w, corm_conn_savepoint(conn, NULL, &w->err), CORM_E_PENDING_ROLLBACK, "could not serialize");
  failed(w, corm_conn_begin(conn, CORM_BEGIN_READ, &w->err), CORM_E_PENDING_ROLLBACK, "rollback()");
  sent(w, ""); /* nothing of this went to the server */
  done(corm_conn_rollback(conn, &w->err), w->err);
  run(conn, "SELECT 1");
  sent(w, "ROLLBACK\nBEGIN\nSELECT 1\n");
  corm_conn_release(conn);
}

static void savepoint_heals(void **state) {
  world *w = *state;
  int outer = 0, inner = 0;
  corm_conn *conn = connect_to(w->engine);
  done(corm_conn_savepoint(conn, &outer, &w->err), w->err);
  done(corm_conn_savepoint(conn, &inner, &w->err), w->err);
  fault(w, "INSERT", CORM_E_INTEGRITY, "duplicate");
  refused(conn, "INSERT INTO t VALUES (1)", CORM_E_INTEGRITY);
  failed(w, corm_conn_savepoint_release(conn, inner, &w->err), CORM_E_PENDING_ROLLBACK, "duplicate");
  done(corm_conn_savepoint_rollback(conn, inner, &w->err), w->err);
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_OPEN);
  assert_int_equal(corm_conn_savepoint_depth(conn), outer);
  corm_fake_log_clear(w->fake);
  run(conn, "INSERT INTO t VALUES (2)");
  done(corm_conn_commit(conn, &w->err), w->err);
  sent(w, "INSERT INTO t VALUES (2)\nCOMMIT\n");
  corm_conn_release(conn);
}

static void commit_of_a_failed_transaction_rolls_back(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  fault(w, "INSERT", CORM_E_INTEGRITY, "duplicate");
  refused(conn, "INSERT INTO t VALUES (1)", CORM_E_INTEGRITY);
  failed(w, corm_conn_commit(conn, &w->err), CORM_E_PENDING_ROLLBACK, "was: (IntegrityError) duplicate");
  sent(w, "BEGIN\nINSERT INTO t VALUES (1)\nROLLBACK\n");
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_NONE);
  run(conn, "INSERT INTO t VALUES (2)");
  done(corm_conn_commit(conn, &w->err), w->err);
  corm_conn_release(conn);
}

static void commit_that_rolled_back_is_over(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  run(conn, "INSERT INTO t VALUES (1)");
  assert_int_equal(corm_fake_fault(w->fake, "COMMIT", CORM_E_PENDING_ROLLBACK, "the server said ROLLBACK", true), 0);
  failed(w, corm_conn_commit(conn, &w->err), CORM_E_PENDING_ROLLBACK, "the server said ROLLBACK");
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_NONE);
  run(conn, "INSERT INTO t VALUES (2)");
  corm_conn_release(conn);
}

static void close_in_a_failed_transaction(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  fault(w, "SELECT", CORM_E_PROGRAMMING, "no such thing");
  refused(conn, "SELECT 1", CORM_E_PROGRAMMING);
  corm_fake_log_clear(w->fake);
  corm_conn_release(conn);
  sent(w, "ROLLBACK\n");
  conn = connect_to(w->engine);
  run(conn, "SELECT 1");
  assert_int_equal(corm_fake_open_count(w->fake), 1);
  corm_conn_release(conn);
}

/* -- lost connections ---------------------------------------------------------------------------------------------- */

static void lost_connection_needs_rollback_and_comes_back(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  fault(w, "UPDATE", CORM_E_DISCONNECT, "server closed the connection");
  run(conn, "INSERT INTO t VALUES (1)");
  run_fails(conn, "UPDATE t SET a = 1", CORM_E_DISCONNECT, &w->err);
  assert_true(w->err.disconnected);
  assert_false(w->err.unknown); /* it was in a transaction, which is gone */
  corm_error_clear(&w->err);
  assert_true(corm_conn_is_invalidated(conn));
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_LOST);
  corm_fake_log_clear(w->fake);
  refused(conn, "SELECT 1", CORM_E_PENDING_ROLLBACK);
  done(corm_conn_rollback(conn, &w->err), w->err);
  assert_true(corm_conn_is_invalidated(conn));
  sent(w, ""); /* nobody is there to hear */
  run(conn, "SELECT 2");
  assert_false(corm_conn_is_invalidated(conn));
  sent(w, "BEGIN\nSELECT 2\n");
  assert_int_equal(corm_fake_open_count(w->fake), 1);
  corm_conn_release(conn);
}

static void one_loss_replaces_what_is_idle(void **state) {
  world *w = *state;
  corm_conn *conns[4];
  for (int i = 0; i < 4; i++) conns[i] = connect_to(w->engine);
  for (int i = 1; i < 4; i++) corm_conn_release(conns[i]);
  assert_int_equal(corm_engine_pool(w->engine).idle, 3);
  fault(w, "SELECT", CORM_E_DISCONNECT, "restart");
  refused(conns[0], "SELECT 1", CORM_E_DISCONNECT);
  assert_int_equal(corm_engine_pool(w->engine).idle, 0);
  corm_conn_release(conns[0]);
  assert_int_equal(corm_fake_open_count(w->fake), 0);
  corm_conn *conn = connect_to(w->engine);
  run(conn, "SELECT 1");
  corm_conn_release(conn);
  assert_int_equal(corm_engine_pool(w->engine).idle, 1);
}

static void commit_unknown(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  run(conn, "INSERT INTO t VALUES (1)");
  fault(w, "COMMIT", CORM_E_COMMIT_UNKNOWN, "the connection was lost before COMMIT was answered");
  assert_int_equal(corm_conn_commit(conn, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_COMMIT_UNKNOWN);
  assert_true(w->err.disconnected);
  assert_false(w->err.retryable);
  corm_error_clear(&w->err);
  sent(w, "BEGIN\nINSERT INTO t VALUES (1)\nCOMMIT\n");
  failed(w, corm_conn_commit(conn, &w->err), CORM_E_PENDING_ROLLBACK, "CommitUnknownError");
  done(corm_conn_rollback(conn, &w->err), w->err);
  sent(w, "");
  corm_conn_release(conn);
}

static void loss_in_autocommit_is_unknown(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  done(corm_conn_set_options(conn, &(corm_conn_options){.isolation = CORM_ISOLATION_AUTOCOMMIT}, &w->err), w->err);
  run(conn, "INSERT INTO t VALUES (1)");
  fault(w, "UPDATE", CORM_E_DISCONNECT, "gone");
  run_fails(conn, "UPDATE t SET a = 1", CORM_E_DISCONNECT, &w->err);
  assert_true(w->err.unknown);
  corm_error_clear(&w->err);
  sent(w, "INSERT INTO t VALUES (1)\nUPDATE t SET a = 1\n");
  corm_conn_release(conn);
}

static void invalidate_by_hand(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine), *other = connect_to(w->engine);
  run(conn, "SELECT 1");
  corm_conn_invalidate(conn, NULL);
  assert_true(corm_conn_is_invalidated(conn));
  refused(conn, "SELECT 1", CORM_E_PENDING_ROLLBACK);
  done(corm_conn_rollback(conn, &w->err), w->err);
  run(conn, "SELECT 1");
  run(other, "SELECT 1"); /* this one only */
  corm_conn_release(conn);
  corm_conn_release(other);
  assert_int_equal(corm_engine_pool(w->engine).idle, 2);
}

static void lost_at_begin(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  fault(w, "BEGIN", CORM_E_DISCONNECT, "gone while idle");
  run_fails(conn, "INSERT INTO t VALUES (1)", CORM_E_DISCONNECT, &w->err);
  assert_false(w->err.unknown);
  corm_error_clear(&w->err);
  done(corm_conn_rollback(conn, &w->err), w->err);
  run(conn, "INSERT INTO t VALUES (1)");
  corm_conn_release(conn);
}

/* -- options ------------------------------------------------------------------------------------------------------- */

static void begin_says_how(void **state) {
  world *w = *state;
  corm_engine *sibling = NULL;
  corm_isolation level;
  corm_conn_options options = {.isolation = CORM_ISOLATION_SERIALIZABLE, .read_only = true, .deferrable = true};
  done(corm_engine_sibling(w->engine, &options, &sibling, &w->err), w->err);
  corm_conn *conn = connect_to(sibling);
  corm_engine_release(sibling);
  run(conn, "SELECT 1");
  sent(w, "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE\nSELECT 1\n");
  done(corm_conn_set_options(conn, &options, &w->err), w->err); /* no change */
  options.isolation = CORM_ISOLATION_READ_COMMITTED;
  failed(w, corm_conn_set_options(conn, &options, &w->err), CORM_E_INVALID_REQUEST, "may not be altered");
  done(corm_conn_isolation(conn, &level, &w->err), w->err);
  assert_int_equal(level, CORM_ISOLATION_SERIALIZABLE);
  done(corm_conn_commit(conn, &w->err), w->err);
  done(corm_conn_set_options(conn, &options, &w->err), w->err);
  corm_fake_log_clear(w->fake);
  run(conn, "SELECT 1");
  sent(w, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY DEFERRABLE\nSELECT 1\n");
  corm_conn_release(conn);
  conn = connect_to(w->engine); /* the same link, without any of this */
  corm_fake_log_clear(w->fake);
  run(conn, "SELECT 1");
  sent(w, "BEGIN\nSELECT 1\n");
  corm_conn_release(conn);
}

static void autocommit_has_no_savepoints(void **state) {
  world *w = *state;
  corm_conn *conn = connect_to(w->engine);
  done(corm_conn_set_options(conn, &(corm_conn_options){.isolation = CORM_ISOLATION_AUTOCOMMIT}, &w->err), w->err);
  failed(w, corm_conn_savepoint(conn, NULL, &w->err), CORM_E_INVALID_REQUEST, "needs a transaction");
  done(corm_conn_commit(conn, &w->err), w->err);
  done(corm_conn_rollback(conn, &w->err), w->err);
  sent(w, "");
  corm_conn_release(conn);
}

static void levels_by_name(void **state) {
  world *w = *state;
  corm_isolation level;
  done(corm_isolation_find(w->engine, "read_committed", &level, &w->err), w->err);
  assert_int_equal(level, CORM_ISOLATION_READ_COMMITTED);
  failed(w, corm_isolation_find(w->engine, "SNAPSHOT", &level, &w->err), CORM_E_ARGUMENT,
         "are AUTOCOMMIT, READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ, SERIALIZABLE");
  failed(w, corm_isolation_find(w->engine, "DEFAULT", &level, &w->err), CORM_E_ARGUMENT, "Invalid value");
}

int main(void) {
#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      WORLD(failed_transaction_waits_for_rollback),
      WORLD(savepoint_heals),
      WORLD(commit_of_a_failed_transaction_rolls_back),
      WORLD(commit_that_rolled_back_is_over),
      WORLD(close_in_a_failed_transaction),
      WORLD(lost_connection_needs_rollback_and_comes_back),
      WORLD(one_loss_replaces_what_is_idle),
      WORLD(commit_unknown),
      WORLD(loss_in_autocommit_is_unknown),
      WORLD(invalidate_by_hand),
      WORLD(lost_at_begin),
      WORLD(begin_says_how),
      WORLD(autocommit_has_no_savepoints),
      WORLD(levels_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
