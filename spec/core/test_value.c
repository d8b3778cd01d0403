#include "base/value.h"

#include <math.h>

#include "base/time.h"

#include "fail_mem.h"

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value decimal(const char *text) {
  return bytes(CORM_DECIMAL, text, strlen(text));
}

static corm_value timed(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

static void constructors_fill_everything(void **state) {
  (void)state;
  corm_value value = corm_value_text("abc", 2);
  assert_int_equal(value.kind, CORM_TEXT);
  assert_int_equal(value.len, 2);
  assert_int_equal(value.flags, 0);
  assert_int_equal(value.extra, 0);
  assert_int_equal(corm_value_null().kind, CORM_NULL);
  assert_int_equal(corm_value_int(-5).as.i, -5);
  assert_int_equal(corm_value_int(-5).kind, CORM_INT);
  assert_int_equal(corm_value_bool(true).as.i, 1);
  assert_int_equal(corm_value_bool(false).as.i, 0);
  assert_int_equal(corm_value_bool(true).kind, CORM_BOOL);
  assert_true(corm_value_real(2.5).as.f == 2.5);
  assert_int_equal(corm_value_real(2.5).kind, CORM_REAL);
}

static void only_byte_kinds_have_bytes(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < CORM_VALUE_KIND_COUNT; kind++) {
    corm_value value = {.kind = (uint8_t)kind};
    bool wanted = kind == CORM_TEXT || kind == CORM_BLOB || kind == CORM_DECIMAL || kind == CORM_UUID ||
                  kind == CORM_JSON || kind == CORM_ARRAY;
    assert_int_equal(corm_value_has_bytes(&value), wanted);
  }
  assert_string_equal(corm_value_kind_name(CORM_INT), "integer");
  assert_string_equal(corm_value_kind_name(CORM_NULL), "null");
  assert_string_equal(corm_value_kind_name(CORM_JSON), "json");
}

/* Equal to itself and in rising order: equality, order and hash are checked for each pair. */
static void values_have_a_total_order(void **state) {
  (void)state;
  const corm_value sorted[] = {
      {.kind = CORM_ABSENT},
      corm_value_null(),
      corm_value_bool(false),
      corm_value_bool(true),
      corm_value_int(INT64_MIN),
      corm_value_int(-1),
      corm_value_int(1),
      corm_value_int(INT64_MAX),
      corm_value_real(-(double)INFINITY),
      corm_value_real(-1.5),
      corm_value_real(0),
      corm_value_real(1),
      corm_value_real((double)INFINITY),
      corm_value_real((double)NAN),
      corm_value_text(NULL, 0),
      corm_value_text("a", 1),
      corm_value_text("a\0", 2),
      corm_value_text("a\0b", 3),
      corm_value_text("ab", 2),
      corm_value_text("b", 1),
      corm_value_text("\xC3\xA9", 2),
      bytes(CORM_BLOB, "a", 1),
      timed(CORM_DATE, -1),
      timed(CORM_DATE, 1),
      timed(CORM_TIME, 1),
      timed(CORM_DATETIME, 1),
      timed(CORM_INTERVAL, 1),
      decimal("-10"),
      decimal("-9.5"),
      decimal("0"),
      decimal("9.5"),
      decimal("10"),
      bytes(CORM_UUID, "0123456789abcdef", 16),
      bytes(CORM_JSON, "{}", 2),
  };
  size_t n = sizeof sorted / sizeof *sorted;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      int order = corm_value_compare(&sorted[i], &sorted[j]);
      assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
      assert_int_equal(corm_value_equal(&sorted[i], &sorted[j]), i == j);
      bool same_hash = corm_value_hash(&sorted[i], 3) == corm_value_hash(&sorted[j], 3);
      assert_int_equal(same_hash, i == j);
    }
  }
}

static void assert_same(corm_value a, corm_value b) {
  assert_true(corm_value_equal(&a, &b));
  assert_int_equal(corm_value_compare(&a, &b), 0);
  assert_true(corm_value_hash(&a, 7) == corm_value_hash(&b, 7));
}

static void equal_values_may_look_different(void **state) {
  (void)state;
  assert_same(corm_value_real(0.0), corm_value_real(-0.0));
  assert_same(corm_value_real((double)NAN), corm_value_real(-(double)NAN));
  assert_same(decimal("1.5"), decimal("1.500"));
  assert_same(decimal("100"), decimal("100.00"));
  assert_same(decimal("0"), decimal("0.0"));
  char copy[] = "text";
  assert_same(corm_value_text("text", 4), corm_value_text(copy, 4));
  corm_value flagged = corm_value_int(1);
  flagged.flags = CORM_VALUE_DIRTY;
  flagged.extra = 9;
  assert_same(corm_value_int(1), flagged);
  corm_value number = corm_value_int(1);
  assert_true(corm_value_hash(&number, 1) != corm_value_hash(&number, 2));
}

static void a_copy_owns_its_bytes(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  char text[] = "abc";
  corm_value source = corm_value_text(text, 3), copy;
  source.flags = CORM_VALUE_DIRTY;
  source.extra = 4;
  assert_int_equal(corm_value_dup(&fail.mem, &source, &copy), CORM_OK);
  text[0] = 'X';
  assert_string_equal(copy.as.s, "abc");
  assert_int_equal(copy.flags, CORM_VALUE_OWNED);
  assert_int_equal(copy.extra, 0);
  corm_value_clear(&fail.mem, &copy);
  assert_int_equal(copy.kind, CORM_ABSENT);
  assert_int_equal(copy.flags, 0);
  assert_int_equal(fail.live, 0);
  corm_value_clear(&fail.mem, &copy);
  corm_value_clear(&fail.mem, &source);
  source = corm_value_real(1.5);
  source.flags = CORM_VALUE_DIRTY;
  assert_int_equal(corm_value_dup(&fail.mem, &source, &copy), CORM_OK);
  assert_true(copy.as.f == 1.5);
  assert_int_equal(copy.flags, 0);
  assert_int_equal(fail.calls, 1);
}

static bool duplicate(const corm_mem *mem) {
  corm_value source = corm_value_text("", 0), copy = corm_value_int(7);
  bool ok = corm_value_dup(mem, &source, &copy) == CORM_OK;
  if (!ok) assert_int_equal(copy.as.i, 7);
  corm_value_clear(mem, &copy);
  return ok;
}

static void a_failed_copy_leaves_the_target(void **state) {
  (void)state;
  fail_mem_each(duplicate);
}

static void check_text(corm_value value, size_t max, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_value_describe(&value, max, &buf);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void numbers_and_times_are_described(void **state) {
  (void)state;
  check_text((corm_value){.kind = CORM_ABSENT}, 100, "<absent>");
  check_text(corm_value_null(), 100, "NULL");
  check_text(corm_value_bool(true), 100, "true");
  check_text(corm_value_bool(false), 100, "false");
  check_text(corm_value_int(-12), 100, "-12");
  check_text(corm_value_real(2), 100, "2.0");
  check_text(decimal("12.30"), 100, "12.30");
  check_text(decimal("12.30"), 3, "12....");
  check_text(timed(CORM_DATE, 1), 100, "1970-01-02");
  check_text(timed(CORM_TIME, 1), 100, "00:00:00.000001");
  check_text(timed(CORM_DATETIME, -1), 100, "1969-12-31 23:59:59.999999");
  check_text(timed(CORM_INTERVAL, CORM_USEC_PER_DAY), 100, "1 day, 0:00:00");
  check_text(timed(CORM_DATE, INT64_MAX), 100, "<date out of range: 9223372036854775807>");
  check_text(timed(CORM_TIME, -1), 100, "<time out of range: -1>");
  check_text(bytes(CORM_UUID, "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0", 16), 100,
             "12345678-9abc-def0-1234-56789abcdef0");
}

static void text_is_quoted_escaped_and_cut(void **state) {
  (void)state;
  check_text(corm_value_text("it's", 4), 100, "'it''s'");
  check_text(corm_value_text("", 0), 100, "''");
  check_text(corm_value_text("abcdef", 6), 6, "'abcdef'");
  check_text(corm_value_text("abcdef", 6), 5, "'abcde'...");
  check_text(corm_value_text("ab\xC3\xA9z", 5), 3, "'ab'...");
  check_text(corm_value_text("ab\xC3\xA9z", 5), 4, "'ab\xC3\xA9'...");
  check_text(corm_value_text("a\nb\0\x7F", 5), 100, "'a\\x0Ab\\x00\\x7F'");
  check_text(corm_value_text("a\xFFz", 3), 100, "'a\\xFFz'");
  check_text(bytes(CORM_JSON, "{\"a\":1}", 7), 100, "'{\"a\":1}'");
  check_text(bytes(CORM_BLOB, "\x00\xff'", 3), 100, "X'00ff27'");
  check_text(bytes(CORM_BLOB, "\x00\xff'", 3), 2, "X'00ff'...");
}

static bool describe(const corm_mem *mem) {
  corm_buf buf;
  corm_buf_init(&buf, mem);
  corm_value value = corm_value_text("'''\n", 4);
  for (int i = 0; i < 50; i++) corm_value_describe(&value, 100, &buf);
  bool ok = corm_buf_str(&buf) != NULL;
  corm_buf_clear(&buf);
  return ok;
}

static void a_failed_description_shows_in_the_buffer(void **state) {
  (void)state;
  fail_mem_each(describe);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constructors_fill_everything),
      cmocka_unit_test(only_byte_kinds_have_bytes),
      cmocka_unit_test(values_have_a_total_order),
      cmocka_unit_test(equal_values_may_look_different),
      cmocka_unit_test(a_copy_owns_its_bytes),
      cmocka_unit_test(a_failed_copy_leaves_the_target),
      cmocka_unit_test(numbers_and_times_are_described),
      cmocka_unit_test(text_is_quoted_escaped_and_cut),
      cmocka_unit_test(a_failed_description_shows_in_the_buffer),
  };
  return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
