/* Parameters, errors and batches. */
#include "engine/connection.h"

#include <math.h>

#include "connection_world.h"

/* -- parameters ---------------------------------------------------------------------------------------------------- */

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
  done(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, NULL, &result, &w->err), w->err);
  assert_int_equal(corm_result_rowcount(result), 20);
  assert_false(corm_result_returns_rows(result));
  assert_int_equal(corm_conn_statement_count(w->conn), before + 1);
  assert_non_null(strstr(corm_buf_str(&w->echo), "displaying 10 of 20 total bound parameter sets"));
  corm_result_release(result);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a = 'a' || (id - 1)"), 20);
  /* a bad set: nothing is sent */
  sets[7].n = 1;
  result = NULL;
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, NULL, &result, &w->err), CORM_FAILED);
  assert_non_null(strstr(w->err.message, "in parameter set 8"));
  corm_error_clear(&w->err);
  sets[7].n = 2;
  /* a set that the database refuses is the one that the error shows */
  for (int i = 0; i < 20; i++) rows[2 * i + 1] = corm_value_int(i == 12 ? 5 : 100 + i);
  for (int i = 0; i < 20; i++) texts[i][0] = 'b';
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, NULL, &result, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.statement.params, "{id = 5, a = 'b12'}");
  corm_error_clear(&w->err);
  handmade_init(&h, "SELECT ?");
  handmade_bind(&h, "id", CORM_TYPE_INTEGER);
  for (int i = 0; i < 20; i++) sets[i] = (corm_params){names + 1, rows + 1, 1};
  assert_int_equal(corm_conn_execute_many(w->conn, &h.compiled, sets, 20, NULL, &result, &w->err), CORM_FAILED);
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

/* -- errors -------------------------------------------------------------------------------------------------------- */

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
  corm_run nothing = {.n = 0};
  assert_int_equal(corm_batch_run(batch, &nothing, &w->err), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INVALID_REQUEST);
  corm_batch_close(batch);
}

/* -- batches ------------------------------------------------------------------------------------------------------- */

static corm_status run_batch(world *w, corm_batch *batch, const corm_value *value, corm_run *run) {
  run->values = value;
  run->n = 1;
  return corm_batch_run(batch, run, &w->err);
}

static void batch_runs_rows(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  corm_run it = {0};
  corm_arena arena;
  corm_value stored;
  corm_arena_init(&arena, &corm_mem_libc);
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_DATE);
  corm_engine_settings(w->engine)->echo = false;
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  for (int i = 0; i < 5; i++) {
    corm_value day = corm_value_int(i);
    day.kind = CORM_DATE;
    done(corm_conn_encode(w->conn, corm_type_default(CORM_TYPE_DATE), &day, false, &arena, &stored, &w->err), w->err);
    done(run_batch(w, batch, &stored, &it), w->err);
    assert_int_equal(it.matched, 1);
    assert_int_equal(it.last_id, i + 1);
  }
  assert_int_equal(run_batch(w, batch, &stored, &it), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_INTEGRITY);
  assert_string_equal(w->err.statement.params, "{a = '1970-01-05'}");
  corm_error_clear(&w->err);
  corm_value null = corm_value_null();
  done(run_batch(w, batch, &null, &it), w->err);
  corm_batch_close(batch);
  corm_arena_clear(&arena);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM t WHERE a LIKE '1970-01-0_'"), 5);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 6);
}

static void batch_returns_rows(void **state) {
  world *w = *state;
  handmade h;
  corm_batch *batch = NULL;
  corm_arena arena;
  corm_value a = text_value("x"), returned[2];
  corm_arena_init(&arena, &corm_mem_libc);
  handmade_init(&h, "INSERT INTO t (a) VALUES (?) ON CONFLICT DO NOTHING RETURNING id, a || '!'");
  corm_run it = {.returned = returned, .width = 2, .room = 1, .arena = &arena, .matched = -1, .last_id = -1};
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(run_batch(w, batch, &a, &it), w->err);
  assert_int_equal(returned[0].as.i, 1);
  assert_memory_equal(returned[1].as.s, "x!", 3);
  assert_int_equal(it.nreturned, 1);
  assert_int_equal(it.matched, 1);
  done(run_batch(w, batch, &a, &it), w->err);
  assert_int_equal(it.nreturned, 0);
  assert_int_equal(it.matched, 0);
  assert_int_equal(it.last_id, 0); /* no key was generated */
  corm_batch_close(batch);
  corm_arena_clear(&arena);
}

static void batch_and_the_cache(void **state) {
  world *w = *state;
  handmade h;
  corm_run it = {0};
  corm_batch *one = NULL, *two = NULL;
  corm_value a = text_value("a"), b = text_value("b");
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  done(corm_conn_batch_open(w->conn, &h.compiled, &one, &w->err), w->err);
  done(corm_conn_batch_open(w->conn, &h.compiled, &two, &w->err), w->err); /* the same text twice at once */
  done(run_batch(w, one, &a, &it), w->err);
  done(run_batch(w, two, &b, &it), w->err);
  done(corm_conn_commit(w->conn, &w->err), w->err); /* an open batch is no hindrance */
  corm_batch_close(one);
  corm_batch_close(two);
  assert_int_equal(committed(w), 2);
}

static void batch_meets_a_full_disk(void **state) {
  world *w = *state;
  handmade h;
  corm_run it = {0};
  corm_batch *batch = NULL;
  static char big[60000];
  memset(big, 'x', sizeof big);
  corm_value small = text_value("s"), large = corm_value_text(big, sizeof big);
  handmade_init(&h, "INSERT INTO t (a) VALUES (?)");
  handmade_bind(&h, "a", CORM_TYPE_STRING);
  run(w->conn, "PRAGMA max_page_count = 8");
  done(corm_conn_batch_open(w->conn, &h.compiled, &batch, &w->err), w->err);
  done(run_batch(w, batch, &small, &it), w->err);
  assert_int_equal(run_batch(w, batch, &large, &it), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_DISK_FULL);
  corm_error_clear(&w->err);
  assert_int_equal(run_batch(w, batch, &small, &it), CORM_FAILED);
  assert_int_equal(w->err.cls, CORM_E_PENDING_ROLLBACK);
  corm_error_clear(&w->err);
  assert_int_equal(committed(w), 0);
  done(corm_conn_rollback(w->conn, &w->err), w->err);
  done(run_batch(w, batch, &small, &it), w->err);
  corm_batch_close(batch);
  done(corm_conn_commit(w->conn, &w->err), w->err);
  assert_int_equal(committed(w), 1);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
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
      CASE(batch_returns_rows),
      CASE(batch_and_the_cache),
      CASE(batch_meets_a_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
