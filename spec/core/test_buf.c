#include "base/buf.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "fail_mem.h"

static void text_is_appended_and_ended(void **state) {
  (void)state;
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_string_equal(corm_buf_str(&buf), "");
  corm_buf_puts(&buf, "SELECT ");
  corm_buf_add(&buf, "abc", 2);
  corm_buf_putc(&buf, ',');
  corm_buf_printf(&buf, "%s=%d", "x", 42);
  assert_string_equal(corm_buf_str(&buf), "SELECT ab,x=42");
  assert_int_equal(buf.len, 14);
  corm_buf_reset(&buf);
  assert_string_equal(corm_buf_str(&buf), "");
  corm_buf_add(&buf, NULL, 0);
  corm_buf_add(&buf, "a\0b", 3);
  assert_int_equal(buf.len, 3);
  assert_memory_equal(buf.ptr, "a\0b", 4);
  corm_buf_clear(&buf);
  assert_null(buf.ptr);
  assert_int_equal(buf.len, 0);
}

static void growing_keeps_the_content(void **state) {
  (void)state;
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  for (int i = 0; i < 5000; i++) corm_buf_printf(&buf, "%04d", i);
  assert_int_equal(buf.len, 20000);
  assert_int_equal(strlen(buf.ptr), 20000);
  for (int i = 0; i < 5000; i++) {
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%04d", i);
    assert_memory_equal(buf.ptr + i * 4, wanted, 4);
  }
  corm_buf_clear(&buf);
}

static void insert_moves_the_rest(void **state) {
  (void)state;
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_buf_insert(&buf, 0, "end", 3);
  corm_buf_insert(&buf, 0, "start ", 6);
  corm_buf_insert(&buf, 6, "middle ", 7);
  corm_buf_insert(&buf, 16, "!", 1);
  corm_buf_insert(&buf, 3, NULL, 0);
  assert_string_equal(corm_buf_str(&buf), "start middle end!");
  corm_buf_clear(&buf);
}

static void check_int(int64_t value, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_buf_int(&buf, value);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void integers_to_the_last(void **state) {
  (void)state;
  check_int(0, "0");
  check_int(7, "7");
  check_int(-10, "-10");
  check_int(1234567890123, "1234567890123");
  check_int(INT64_MAX, "9223372036854775807");
  check_int(INT64_MIN, "-9223372036854775808");
}

static void check_real(double value, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_buf_real(&buf, value);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void check_reals(void) {
  check_real(0.0, "0.0");
  check_real(-0.0, "-0.0");
  check_real(1, "1.0");
  check_real(-42, "-42.0");
  check_real(0.1, "0.1");
  check_real(0.1 + 0.2, "0.30000000000000004");
  check_real(1.0 / 3, "0.3333333333333333");
  check_real(100000000000000, "100000000000000.0");
  check_real(1e15, "1e+15");
  check_real(9007199254740993.0, "9007199254740992.0");
  check_real(1e300, "1e+300");
  check_real(1.5e-7, "1.5e-07");
  check_real(DBL_MAX, "1.7976931348623157e+308");
  check_real(DBL_MIN, "2.2250738585072014e-308");
  check_real(5e-324, "5e-324");
  check_real(-1.2e-320, "-1.2e-320");
  check_real((double)INFINITY, "inf");
  check_real(-(double)INFINITY, "-inf");
  check_real((double)NAN, "nan");
}

static void reals_are_short_and_exact(void **state) {
  (void)state;
  check_reals();
}

/* Any locale with a comma shows it; without one on the machine the test is skipped. */
static void the_locale_does_not_show(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8", "ru_RU.UTF-8"};
  bool found = false;
  for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++) found = setlocale(LC_NUMERIC, names[i]) != NULL;
  if (!found) skip();
  check_reals();
  setlocale(LC_NUMERIC, "C");
}

static void random_reals_come_back(void **state) {
  (void)state;
  uint64_t bits = 88172645463325252u;
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  for (int i = 0; i < 20000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    corm_buf_reset(&buf);
    corm_buf_real(&buf, value);
    double back = strtod(corm_buf_str(&buf), NULL);
    assert_memory_equal(&back, &value, sizeof value);
    assert_non_null(strpbrk(corm_buf_str(&buf), ".e"));
  }
  corm_buf_clear(&buf);
}

static void a_failure_stays_until_reset(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 2);
  corm_buf buf;
  corm_buf_init(&buf, &fail.mem);
  corm_buf_puts(&buf, "kept");
  for (int i = 0; i < 20; i++) corm_buf_puts(&buf, "0123456789");
  assert_true(buf.failed);
  assert_null(corm_buf_str(&buf));
  size_t len = buf.len;
  corm_buf_putc(&buf, 'x');
  corm_buf_int(&buf, 1);
  corm_buf_real(&buf, 1);
  corm_buf_printf(&buf, "%d", 1);
  corm_buf_insert(&buf, 0, "x", 1);
  assert_int_equal(buf.len, len);
  assert_int_equal(fail.calls, 2);
  corm_buf_reset(&buf);
  corm_buf_puts(&buf, "again");
  assert_string_equal(corm_buf_str(&buf), "again");
  corm_buf_clear(&buf);
  assert_int_equal(fail.live, 0);
}

static void an_impossible_length_fails(void **state) {
  (void)state;
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_buf_puts(&buf, "abc");
  corm_buf_add(&buf, "x", SIZE_MAX - 1);
  assert_true(buf.failed);
  corm_buf_clear(&buf);
}

static bool write_much(const corm_mem *mem) {
  corm_buf buf;
  corm_buf_init(&buf, mem);
  for (int i = 0; i < 100; i++) {
    corm_buf_printf(&buf, "%d:", i);
    corm_buf_real(&buf, i / 7.0);
    corm_buf_insert(&buf, 0, "(", 1);
  }
  bool ok = corm_buf_str(&buf) != NULL;
  assert_int_equal(ok, !buf.failed);
  corm_buf_clear(&buf);
  return ok;
}

static void every_failure_is_reported_at_the_end(void **state) {
  (void)state;
  fail_mem_each(write_much);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_appended_and_ended), cmocka_unit_test(growing_keeps_the_content),
      cmocka_unit_test(insert_moves_the_rest),      cmocka_unit_test(integers_to_the_last),
      cmocka_unit_test(reals_are_short_and_exact),  cmocka_unit_test(the_locale_does_not_show),
      cmocka_unit_test(random_reals_come_back),     cmocka_unit_test(a_failure_stays_until_reset),
      cmocka_unit_test(an_impossible_length_fails), cmocka_unit_test(every_failure_is_reported_at_the_end),
  };
  return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
