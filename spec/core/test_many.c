/* executemany over a driver that can send ahead: all sets go out before the first answer is read. */
#include "server_world.h"

static int ahead(void **state) {
  static const corm_url url = {.dialect = "postgresql"};
  world *w = calloc(1, sizeof *w);
  if (w == NULL || (w->fake = corm_fake_new(&corm_mem_libc)) == NULL) return -1;
  corm_fake_serve(w->fake, &(corm_server){.version = "15.1", .number = 150001});
  corm_fake_allow(w->fake, true, true);
  done(corm_engine_new_with(&corm_mem_libc, corm_dialect_find("postgresql"), corm_fake_driver(w->fake), &url, NULL,
                            &w->engine, &w->err),
       w->err);
  *state = w;
  return 0;
}

/* The sets {a = 1}, {a = 2}, {a = 3}. */
static corm_status update(corm_conn *conn, handmade *h, corm_result **out, corm_error *err) {
  static const char *const names[] = {"a"};
  corm_value values[3];
  corm_params sets[3];
  for (int i = 0; i < 3; i++) {
    values[i] = corm_value_int(i + 1);
    sets[i] = (corm_params){names, values + i, 1};
  }
  handmade_init(h, "UPDATE t SET a = $1");
  handmade_bind(h, "a", CORM_TYPE_INTEGER);
  return corm_conn_execute_many(conn, &h->compiled, sets, 3, NULL, out, err);
}

static void answers_are_read_afterwards(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result = NULL;
  corm_conn *conn = connect_to(w->engine);
  corm_fake_log_clear(w->fake);
  done(update(conn, &h, &result, &w->err), w->err);
  assert_int_equal(corm_result_rowcount(result), 3);
  assert_int_equal(corm_conn_statement_count(conn), 1);
  sent(w, "BEGIN\n"
          "SEND UPDATE t SET a = $1 | 1\nSEND UPDATE t SET a = $1 | 2\nSEND UPDATE t SET a = $1 | 3\n"
          "ANSWER to UPDATE t SET a = $1\nANSWER to UPDATE t SET a = $1\nANSWER to UPDATE t SET a = $1\n");
  corm_result_release(result);
  corm_conn_release(conn);
}

static void a_failure_names_its_set(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result = NULL;
  corm_conn *conn = connect_to(w->engine);
  assert_int_equal(corm_fake_rows(w->fake, "UPDATE", NULL, 0, NULL, 0), CORM_OK); /* the first goes well */
  fault(w, "UPDATE", CORM_E_INTEGRITY, "no");
  assert_int_equal(update(conn, &h, &result, &w->err), CORM_FAILED);
  assert_string_equal(w->err.statement.params, "{a = 2}");
  failed(w, CORM_FAILED, CORM_E_INTEGRITY, "no");
  assert_null(result);
  assert_int_equal(corm_conn_txn(conn), CORM_TXN_FAILED);
  done(corm_conn_rollback(conn, &w->err), w->err);
  done(update(conn, &h, &result, &w->err), w->err); /* nothing is left over */
  assert_int_equal(corm_result_rowcount(result), 3);
  corm_result_release(result);
  corm_conn_release(conn);
}

/* There every set is committed by itself. */
static void without_a_transaction_one_by_one(void **state) {
  world *w = *state;
  handmade h;
  corm_result *result = NULL;
  corm_conn *conn = connect_to(w->engine);
  corm_conn_options options = *corm_conn_get_options(conn);
  options.isolation = CORM_ISOLATION_AUTOCOMMIT;
  done(corm_conn_set_options(conn, &options, &w->err), w->err);
  corm_fake_log_clear(w->fake);
  done(update(conn, &h, &result, &w->err), w->err);
  sent(w, "UPDATE t SET a = $1 | 1\nUPDATE t SET a = $1 | 2\nUPDATE t SET a = $1 | 3\n");
  corm_result_release(result);
  corm_conn_release(conn);
}

int main(void) {
#define AHEAD(test) cmocka_unit_test_setup_teardown(test, ahead, teardown)
  const struct CMUnitTest tests[] = {AHEAD(answers_are_read_afterwards), AHEAD(a_failure_names_its_set),
                                     AHEAD(without_a_transaction_one_by_one)};
  (void)setup;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
