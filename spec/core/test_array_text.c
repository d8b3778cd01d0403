/* PostgreSQL's arrays in text become JSON whose items are strings or null. */
#include "dialect/array_text.h"

#include "fail_mem.h"

static bool converts(const corm_mem *mem, const char *text, size_t len, const char *wanted) {
  corm_buf out;
  corm_buf_init(&out, mem);
  bool ok = corm_array_from_text(text, len, &out);
  if (ok) {
    assert_false(out.failed);
    assert_string_equal(corm_buf_str(&out), wanted);
  }
  corm_buf_clear(&out);
  return ok;
}

static void is(const char *text, const char *wanted) {
  assert_true(converts(&corm_mem_libc, text, strlen(text), wanted));
}

static void arrays_are_read(void **state) {
  (void)state;
  is("{}", "[]");
  is("{a}", "[\"a\"]");
  is("{a,b c,1.5}", "[\"a\",\"b c\",\"1.5\"]");
  is("{{1,2},{3,4}}", "[[\"1\",\"2\"],[\"3\",\"4\"]]");
  is("{{{{{{x}}}}}}", "[[[[[[\"x\"]]]]]]");
  is("[0:1]={a,b}", "[\"a\",\"b\"]");
  is("[2:3][0:0]={{a},{b}}", "[[\"a\"],[\"b\"]]");
}

static void quoted_items_are_text(void **state) {
  (void)state;
  is("{\"\"}", "[\"\"]");
  is("{\"a,b\",\"{}\"}", "[\"a,b\",\"{}\"]");
  is("{\"say \\\"hi\\\"\",\"a\\\\b\"}", "[\"say \\\"hi\\\"\",\"a\\\\b\"]");
  is("{\"[0:1]=\"}", "[\"[0:1]=\"]");
  is("{\"line\nbreak\"}", "[\"line\\nbreak\"]");
}

static void null_is_a_word_without_quotes(void **state) {
  (void)state;
  is("{NULL,\"NULL\",NULLS,null}", "[null,\"NULL\",\"NULLS\",\"null\"]");
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",       "a",      "{",    "}",     "{a",     "{a,",    "{,}",    "{a,,b}",   "{a}}", "{a}b",
      "{\"a",   "{\"a\\", "{{a}", "[0:1]", "[0:1]a", "{a}{b}", "{a{b}}", "{\"a\"b}", "{a,}", "{{{{{{{x}}}}}}}",
      "[0:1]={"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(converts(&corm_mem_libc, bad[i], strlen(bad[i]), ""));
  }
}

/* The text ends where its length says, not at a NUL. */
static void the_length_counts(void **state) {
  (void)state;
  assert_true(converts(&corm_mem_libc, "{a}b", 3, "[\"a\"]"));
  assert_false(converts(&corm_mem_libc, "{a}", 2, ""));
}

static bool convert_long_items(const corm_mem *mem) {
  char text[600], wanted[600];
  memset(text, 'x', sizeof text);
  memset(wanted, 'x', sizeof wanted);
  text[0] = '{';
  memcpy(text + 500, "}", 2);
  memcpy(wanted, "[\"", 2);
  memcpy(wanted + 501, "\"]", 3);
  return converts(mem, text, strlen(text), wanted);
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(convert_long_items);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_are_read),
      cmocka_unit_test(quoted_items_are_text),
      cmocka_unit_test(null_is_a_word_without_quotes),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(the_length_counts),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests_name("array_text", tests, NULL, NULL);
}
