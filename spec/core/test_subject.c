/* What statements are about: the table that is written, or the first that a select mentions. */
#include "sql_fixture.h"

#include "fail_mem.h"
#include "sql/dml.h"
#include "sql/subject.h"

static void about(N node, const corm_table *expected) {
  const corm_table *table = &odd.table;
  corm_error err = {0};
  assert_int_equal(corm_subject_table(node, &corm_mem_libc, &table, &err), CORM_OK);
  assert_ptr_equal(table, expected);
}

static void test_selects(void **state) {
  (void)state;
  about(&SELECT(e_email)->base, &address.table);
  about(&SELECT(lit(1), FUNC("lower", a_name), e_email)->base, &account.table);
  about(&from(SELECT(lit(1)), address.node)->base, &address.table);
  about(&from(SELECT(func0("count")), alias(account.node, "a"))->base, &account.table);
  about(&from(SELECT(lit(1)), alias(&SELECT(e_email)->base, "s"))->base, &address.table);
  about(&SELECT(of(alias(&SELECT(e_email)->base, "s"), "email"))->base, &address.table);
  about(&SELECT(lit(1))->base, NULL);
  about(text("SELECT 1"), NULL);
  about(NULL, NULL);
}

static void test_writes(void **state) {
  (void)state;
  corm_insert insert = {.base.kind = CORM_NODE_INSERT, .table = &address.table};
  corm_update update = {.base.kind = CORM_NODE_UPDATE, .table = alias(account.node, "a")};
  corm_delete_node erase = {.base.kind = CORM_NODE_DELETE, .table = tree.node};
  about(&insert.base, &address.table);
  about(&update.base, &account.table);
  about(&erase.base, &tree.table);
  assert_null(corm_subject_changed(&insert.base));
  assert_ptr_equal(corm_subject_changed(&erase.base), &tree.table);
  assert_null(corm_subject_changed(NULL));
  assert_true(corm_subject_writes(&insert.base) && corm_subject_writes(&update.base));
  assert_true(corm_subject_writes(&erase.base));
  assert_false(corm_subject_writes(text("DELETE FROM account")) || corm_subject_writes(NULL));
  corm_select *select = SELECT(a_id);
  assert_false(corm_subject_writes(&select->base));
}

/* A tree deeper than the walk's own room, and no memory for more. */
static void test_no_memory(void **state) {
  (void)state;
  N deep = e_email;
  for (int i = 0; i < 200; i++) deep = FUNC("lower", deep);
  about(&SELECT(deep)->base, &address.table);
  fail_mem mem;
  fail_mem_init(&mem, 1);
  const corm_table *table;
  corm_error err = {0};
  assert_int_equal(corm_subject_table(&SELECT(deep)->base, &mem.mem, &table, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_error_clear(&err);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_selects, setup, teardown),
      cmocka_unit_test_setup_teardown(test_writes, setup, teardown),
      cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
