#include "sql_fixture.h"

#include "fail_mem.h"
#include "sql/compare.h"
#include "sql/reduce.h"

static bool same(N a, N b) {
  bool forth, back;
  corm_error err = {0};
  assert_int_equal(corm_node_compare(&arena, a, b, &forth, &err), CORM_OK);
  assert_int_equal(corm_node_compare(&arena, b, a, &back, &err), CORM_OK);
  assert_int_equal(forth, back);
  return forth;
}

static N statement(int64_t limit, const char *name) {
  N inner = alias(&group_by(SELECT(e_account, label("n", FUNC("count", e_id))), e_account)->base, NULL);
  corm_select *select =
      where(SELECT(a_name, of(inner, "n")), AND(eq(a_id, of(inner, "account_id")), eq_text(a_name, name)));
  select->limit = lit(limit);
  return &order_by(select, of(inner, "n"))->base;
}

static void test_values(void **state) {
  (void)state;
  assert_true(same(eq_int(a_id, 1), eq_int(a_id, 1)));
  assert_false(same(eq_int(a_id, 1), eq_int(a_id, 2)));
  assert_false(same(eq_int(a_id, 1), eq_int(a_age, 1)));
  assert_false(same(eq_int(a_id, 1), ne_int(a_id, 1)));
  assert_false(same(eq_int(a_id, 1), eq_null(a_id)));
  assert_true(same(IN_INTS(IN, a_id, 1, 2), IN_INTS(IN, a_id, 1, 2)));
  assert_false(same(IN_INTS(IN, a_id, 1, 2), IN_INTS(IN, a_id, 1, 2, 3)));
  assert_false(same(starts(a_name, "x"), ends(a_name, "x")));
  assert_false(same(cast(a_id, CORM_TYPE_INTEGER), cast(a_id, CORM_TYPE_STRING)));
  assert_false(same(param("x"), param("y")));
}

static void test_order(void **state) {
  (void)state;
  N a = eq_int(a_id, 1), b = gt_int(a_age, 2), c = lt_int(a_age, 3);
  assert_true(same(AND(a, b, c), AND(c, eq_int(a_id, 1), b)));
  assert_false(same(AND(a, b, c), OR(a, b, c)));
  assert_false(same(AND(a, a, b), AND(a, b, b)));
  assert_true(same(eq(a_id, a_age), eq(a_age, a_id)));
  assert_false(same(minus(a_id, a_age), minus(a_age, a_id)));
  assert_true(same(AND(OR(a, b), c), AND(c, OR(b, a))));
}

static void test_statements(void **state) {
  (void)state;
  assert_true(same(statement(1, "x"), statement(1, "x")));
  assert_false(same(statement(1, "x"), statement(2, "x")));
  assert_false(same(statement(1, "x"), statement(1, "y")));
  N one = alias(account.node, NULL), two = alias(account.node, NULL);
  assert_true(same(&SELECT(of(one, "id"), of(two, "id"))->base, &SELECT(of(two, "id"), of(one, "id"))->base));
  assert_false(same(&SELECT(of(one, "id"), of(two, "id"))->base, &SELECT(of(one, "id"), of(one, "id"))->base));
}

static void test_deep_and_shared(void **state) {
  (void)state;
  N left = a_id, right = a_id, shared = a_id, again = a_id;
  for (int64_t i = 0; i < 100000; i++) {
    left = minus_int(left, i);
    right = minus_int(right, i);
  }
  assert_true(same(left, right));
  assert_false(same(left, minus_int(right, 0)));
  for (int i = 0; i < 500; i++) {
    shared = eq(shared, shared);
    again = eq(again, again);
  }
  assert_true(same(shared, again));
}

static void test_out_of_memory(void **state) {
  (void)state;
  N a = statement(1, "x"), b = statement(1, "x");
  for (size_t at = 1;; at++) {
    fail_mem fail;
    fail_mem_init(&fail, at);
    corm_arena scratch;
    corm_arena_init(&scratch, &fail.mem);
    corm_error err = {0};
    bool equal;
    corm_status status = corm_node_compare(&scratch, a, b, &equal, &err);
    assert_int_equal(status, fail.failures ? CORM_FAILED : CORM_OK);
    if (status == CORM_OK) assert_true(equal);
    if (status != CORM_OK) assert_int_equal(err.cls, CORM_E_MEMORY);
    corm_arena_clear(&scratch);
    assert_int_equal(fail.live, 0);
    if (status == CORM_OK) break;
  }
}

static void test_reduce(void **state) {
  (void)state;
  N columns[] = {a_id, e_account, a_age, e_id, a_id};
  corm_select *select = where(SELECT(a_id, e_account, a_age, e_id, a_id), eq(a_age, e_id));
  bool omit[5];
  corm_error err = {0};
  assert_int_equal(corm_reduce_columns(&arena, select, columns, 5, true, omit, &err), CORM_OK);
  assert_true(!omit[0] && !omit[1] && !omit[2] && !omit[3] && omit[4]);
  assert_int_equal(corm_reduce_columns(&arena, select, columns, 5, false, omit, &err), CORM_OK);
  assert_true(!omit[0] && omit[1] && !omit[2] && omit[3] && omit[4]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),          cmocka_unit_test(test_order),         cmocka_unit_test(test_statements),
      cmocka_unit_test(test_deep_and_shared), cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_reduce),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
