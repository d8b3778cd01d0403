#include "base/error.h"

#include "base/str.h"

#include "fail_mem.h"

static void the_first_fault_wins(void **state) {
  (void)state;
  corm_error err = {0};
  assert_int_equal(corm_error_set(&err, CORM_E_ARGUMENT, "bad %s %d", "thing", 7), CORM_FAILED);
  assert_int_equal(corm_error_set(&err, CORM_E_FLUSH, "second"), CORM_FAILED);
  assert_int_equal(corm_error_memory(&err), CORM_FAILED);
  assert_true(err.is_set);
  assert_int_equal(err.cls, CORM_E_ARGUMENT);
  assert_string_equal(err.message, "bad thing 7");
  corm_error_clear(&err);
  assert_false(err.is_set);
  assert_string_equal(err.message, "");
  assert_int_equal(corm_error_memory(&err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_MEMORY);
  assert_string_equal(err.message, "not enough memory");
}

static void nobody_has_to_want_the_error(void **state) {
  (void)state;
  assert_int_equal(corm_error_set(NULL, CORM_E_ARGUMENT, "x"), CORM_FAILED);
  assert_int_equal(corm_error_memory(NULL), CORM_FAILED);
  corm_error_hint(NULL, "x");
  corm_error_prefix(NULL, "x");
  corm_error_attach(NULL, &corm_mem_libc, "x", "y");
}

static void a_long_message_is_cut_at_a_code_point(void **state) {
  (void)state;
  char text[1000];
  /* 1 + 2 * 400 bytes: one of two alignments of the two-byte characters is split by the field's end. */
  for (size_t shift = 0; shift < 2; shift++) {
    memset(text, 'x', sizeof text);
    for (size_t i = shift; i + 1 < 900; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    text[900] = '\0';
    corm_error err = {0};
    corm_error_set(&err, CORM_E_ERROR, "%s", text);
    size_t len = strlen(err.message);
    assert_true(len >= sizeof err.message - 2 && len < sizeof err.message);
    assert_string_equal(err.message + len - 3, "...");
    assert_memory_equal(err.message, text, len - 3);
    assert_true(corm_utf8_valid(err.message, len));
  }
}

static void a_message_that_just_fits_is_whole(void **state) {
  (void)state;
  char text[sizeof((corm_error *)0)->message + 1];
  memset(text, 'm', sizeof text);
  text[sizeof text - 2] = '\0';
  corm_error err = {0};
  corm_error_set(&err, CORM_E_ERROR, "%s", text);
  assert_string_equal(err.message, text);
  text[sizeof text - 2] = 'm';
  text[sizeof text - 1] = '\0';
  corm_error cut = {0};
  corm_error_set(&cut, CORM_E_ERROR, "%s", text);
  assert_int_equal(strlen(cut.message), sizeof cut.message - 1);
  assert_string_equal(cut.message + sizeof cut.message - 5, "m...");
}

static void fields_are_copied_and_cut(void **state) {
  (void)state;
  char field[8];
  corm_error_field(field, sizeof field, "seven77");
  assert_string_equal(field, "seven77");
  corm_error_field(field, sizeof field, "eight888");
  assert_string_equal(field, "eigh...");
  corm_error_field(field, sizeof field, "eig\xC3\xA9lmno");
  assert_string_equal(field, "eig...");
  corm_error_field(field, sizeof field, NULL);
  assert_string_equal(field, "");
}

static void the_first_hint_stays(void **state) {
  (void)state;
  corm_error err = {0};
  corm_error_hint(&err, "nothing is set");
  corm_error_set(&err, CORM_E_ARGUMENT, "unknown");
  corm_error_hint(&err, "did you mean '%s'?", "name");
  corm_error_hint(&err, "other");
  assert_string_equal(err.hint, "did you mean 'name'?");
}

static void a_prefix_goes_before_the_message(void **state) {
  (void)state;
  corm_error err = {0};
  corm_error_prefix(&err, "nothing is set");
  assert_string_equal(err.message, "");
  corm_error_set(&err, CORM_E_ERROR, "message");
  corm_error_prefix(&err, "(%s) ", "autoflush");
  assert_string_equal(err.message, "(autoflush) message");
}

static void a_prefix_that_does_not_fit_cuts_the_end(void **state) {
  (void)state;
  char text[700], prefix[900];
  memset(text, 'm', sizeof text);
  text[sizeof text - 1] = '\0';
  memset(prefix, 'p', sizeof prefix);
  prefix[sizeof prefix - 1] = '\0';
  corm_error err = {0};
  corm_error_set(&err, CORM_E_ERROR, "%s", text);
  corm_error_prefix(&err, "%.100s", prefix);
  assert_int_equal(strlen(err.message), sizeof err.message - 1);
  assert_memory_equal(err.message + 99, "pm", 2);
  assert_string_equal(err.message + sizeof err.message - 5, "m...");
  corm_error_prefix(&err, "%s", prefix);
  assert_int_equal(strlen(err.message), sizeof err.message - 1);
  assert_string_equal(err.message + sizeof err.message - 5, "p...");
}

static void the_statement_is_copied_once(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_error err = {0};
  corm_error_attach(&err, &fail.mem, "not set", NULL);
  assert_null(err.statement.sql);
  corm_error_set(&err, CORM_E_INTEGRITY, "x");
  char sql[] = "SELECT 1";
  corm_error_attach(&err, &fail.mem, sql, "{id = 1}");
  sql[0] = '#';
  corm_error_attach(&err, &fail.mem, "SELECT 2", NULL);
  assert_string_equal(err.statement.sql, "SELECT 1");
  assert_string_equal(err.statement.params, "{id = 1}");
  corm_error_clear(&err);
  assert_null(err.statement.sql);
  assert_int_equal(fail.live, 0);
  corm_error_clear(&err);
}

static bool attach(const corm_mem *mem) {
  corm_error err = {0};
  corm_error_set(&err, CORM_E_INTEGRITY, "x");
  corm_error_attach(&err, mem, "SELECT 1", "{}");
  bool ok = err.statement.sql && err.statement.params;
  corm_error_clear(&err);
  return ok;
}

static void without_memory_the_statement_is_left_out(void **state) {
  (void)state;
  fail_mem_each(attach);
}

static void classes_form_a_tree(void **state) {
  (void)state;
  assert_string_equal(corm_error_class_name(CORM_E_INTEGRITY), "IntegrityError");
  assert_string_equal(corm_error_class_name(CORM_E_NO_RESULT_FOUND), "NoResultFound");
  assert_true(corm_error_class_is(CORM_E_INTEGRITY, CORM_E_INTEGRITY));
  assert_true(corm_error_class_is(CORM_E_INTEGRITY, CORM_E_DBAPI));
  assert_true(corm_error_class_is(CORM_E_COMMIT_UNKNOWN, CORM_E_OPERATIONAL));
  assert_true(corm_error_class_is(CORM_E_COMMIT_UNKNOWN, CORM_E_ERROR));
  assert_false(corm_error_class_is(CORM_E_DBAPI, CORM_E_INTEGRITY));
  assert_false(corm_error_class_is(CORM_E_ERROR, CORM_E_ARGUMENT));
  assert_false(corm_error_class_is(CORM_E_STALE_DATA, CORM_E_FLUSH));
}

static void every_class_is_found_by_its_name(void **state) {
  (void)state;
  for (unsigned i = 0; i < CORM_ERROR_CLASS_COUNT; i++) {
    corm_error_class cls = CORM_ERROR_CLASS_COUNT;
    assert_true(corm_error_class_find(corm_error_class_name((corm_error_class)i), &cls));
    assert_int_equal(cls, i);
    assert_true(corm_error_class_is((corm_error_class)i, CORM_E_ERROR));
  }
  corm_error_class cls;
  assert_false(corm_error_class_find("NoSuchError", &cls));
  assert_false(corm_error_class_find("", &cls));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_fault_wins),
      cmocka_unit_test(nobody_has_to_want_the_error),
      cmocka_unit_test(a_long_message_is_cut_at_a_code_point),
      cmocka_unit_test(a_message_that_just_fits_is_whole),
      cmocka_unit_test(fields_are_copied_and_cut),
      cmocka_unit_test(the_first_hint_stays),
      cmocka_unit_test(a_prefix_goes_before_the_message),
      cmocka_unit_test(a_prefix_that_does_not_fit_cuts_the_end),
      cmocka_unit_test(the_statement_is_copied_once),
      cmocka_unit_test(without_memory_the_statement_is_left_out),
      cmocka_unit_test(classes_form_a_tree),
      cmocka_unit_test(every_class_is_found_by_its_name),
  };
  return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
