#include "base/decimal.h"

#include <math.h>
#include <stdio.h>

#include "base/map.h"

#include "fail_mem.h"

/* The text of the last result; each call replaces it. */
static const char *result(corm_buf *buf) {
  static char text[4096];
  const char *content = corm_buf_str(buf);
  assert_non_null(content);
  assert_true(buf->len < sizeof text);
  memcpy(text, content, buf->len + 1);
  corm_buf_clear(buf);
  return text;
}

static const char *parse_len(const char *text, size_t len) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  if (corm_decimal_parse(text, len, &buf)) return result(&buf);
  assert_int_equal(buf.len, 0);
  corm_buf_clear(&buf);
  return "refused";
}

static const char *parse(const char *text) {
  return parse_len(text, strlen(text));
}

typedef void operation(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out);

static const char *apply(operation *op, const char *a, const char *b) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  op(a, strlen(a), b, strlen(b), &buf);
  return result(&buf);
}

static const char *divide(const char *a, const char *b, int scale) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  bool ok = corm_decimal_div(a, strlen(a), b, strlen(b), scale, &buf);
  if (ok) return result(&buf);
  assert_int_equal(buf.len, 0);
  corm_buf_clear(&buf);
  return "refused";
}

static const char *rounded(const char *a, int scale) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_decimal_round(a, strlen(a), scale, &buf);
  return result(&buf);
}

static int compare(const char *a, const char *b) {
  return corm_decimal_compare(a, strlen(a), b, strlen(b));
}

static void texts_become_canonical(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.00", "0.00"},
      {"007.10", "7.10"},
      {"1.50", "1.50"},
      {"+1.5e3", "1500"},
      {"-1.5E+3", "-1500"},
      {"1.50e1", "15.0"},
      {"1.50e2", "150"},
      {"1.50e-1", "0.150"},
      {"12e-5", "0.00012"},
      {"12.5e-1", "1.25"},
      {".5", "0.5"},
      {"5.", "5"},
      {"-.5", "-0.5"},
      {"0.001", "0.001"},
      {"000.0010", "0.0010"},
      {"0e5", "0"},
      {"0.00e1", "0.0"},
      {"0e-2", "0.00"},
      {"100e-2", "1.00"},
      {"1e0", "1"},
      {"0.05e1", "0.5"},
      {"0.05e2", "5"},
      {"0e999999999999999", "0"},
      {"0.05e3", "50"},
      {"1e-3", "0.001"},
      {"10e-3", "0.010"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) assert_string_equal(parse(pairs[i][0]), pairs[i][1]);
}

static void other_texts_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",    "-",    "+",   ".",       "-.", "e5",     "1e",    "1e+", "1e-",   "1.2.3",   "1,5",
      " 1",  "1 ",   "--1", "+-1",     "1-", "0x10",   "inf",   "nan", "1e5.0", "1e1001",  "1e999999999999999999999",
      "1_0", "1e 5", "1f",  "1e-1001", "½",  "1.5e3x", "1e--3", "e",   ".e1",   "0e-1001", "0e-99999999999999999999",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_string_equal(parse(bad[i]), "refused");
  assert_string_equal(parse_len("1\0", 2), "refused");
  assert_string_equal(parse_len("123", 2), "12");
}

static void a_thousand_digits_are_the_limit(void **state) {
  (void)state;
  char text[1200];
  memset(text, '7', sizeof text);
  text[1000] = '\0';
  assert_string_equal(parse(text), text);
  text[1000] = '7';
  text[1001] = '\0';
  assert_string_equal(parse(text), "refused");
  text[500] = '.';
  assert_string_equal(parse(text), text);
  /* Leading zeros are no digits. */
  memset(text, '0', 1100);
  memcpy(text + 1100, "42", 3);
  assert_string_equal(parse(text), "42");
  assert_int_equal(strlen(parse("1e999")), 1000);
  assert_string_equal(parse("1e1000"), "refused");
  assert_int_equal(strlen(parse("1e-1000")), 1002);
}

static void numbers_are_compared_not_texts(void **state) {
  (void)state;
  static const char *const rising[] = {"-100", "-99.5", "-9.5",  "-9.4999", "-0.01", "0",  "0.001",
                                       "0.01", "0.1",   "0.999", "1",       "9",     "10", "10.0001"};
  size_t n = sizeof rising / sizeof *rising;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) assert_int_equal(compare(rising[i], rising[j]), (i > j) - (i < j));
  }
  assert_int_equal(compare("1.50", "1.5"), 0);
  assert_int_equal(compare("0", "0.000"), 0);
  assert_int_equal(compare("-2", "-2.0"), 0);
}

static void sums_are_exact(void **state) {
  (void)state;
  assert_string_equal(apply(corm_decimal_add, "0.1", "0.2"), "0.3");
  assert_string_equal(apply(corm_decimal_add, "999.99", "0.01"), "1000.00");
  assert_string_equal(apply(corm_decimal_add, "1.50", "-1.5"), "0.00");
  assert_string_equal(apply(corm_decimal_add, "-1", "0.001"), "-0.999");
  assert_string_equal(apply(corm_decimal_add, "1", "-0.001"), "0.999");
  assert_string_equal(apply(corm_decimal_add, "-5", "-7.25"), "-12.25");
  assert_string_equal(apply(corm_decimal_sub, "1", "100"), "-99");
  assert_string_equal(apply(corm_decimal_sub, "-1", "-100"), "99");
  assert_string_equal(apply(corm_decimal_sub, "0", "5"), "-5");
  assert_string_equal(apply(corm_decimal_sub, "0", "0.0"), "0.0");
  assert_string_equal(apply(corm_decimal_add, "123456789012345678901234567890", "0.000000000000000000000000000001"),
                      "123456789012345678901234567890.000000000000000000000000000001");
}

static void products_are_exact(void **state) {
  (void)state;
  assert_string_equal(apply(corm_decimal_mul, "1.50", "2"), "3.00");
  assert_string_equal(apply(corm_decimal_mul, "-0.5", "0.5"), "-0.25");
  assert_string_equal(apply(corm_decimal_mul, "-12", "-12"), "144");
  assert_string_equal(apply(corm_decimal_mul, "0", "-5.00"), "0.00");
  assert_string_equal(apply(corm_decimal_mul, "0.00", "0.0"), "0.000");
  assert_string_equal(apply(corm_decimal_mul, "99999999999999999999", "99999999999999999999"),
                      "9999999999999999999800000000000000000001");
}

static void quotients_are_rounded_half_to_even(void **state) {
  (void)state;
  assert_string_equal(divide("1", "3", 5), "0.33333");
  assert_string_equal(divide("2", "3", 5), "0.66667");
  assert_string_equal(divide("1", "8", 2), "0.12");
  assert_string_equal(divide("3", "8", 2), "0.38");
  assert_string_equal(divide("1", "2", 0), "0");
  assert_string_equal(divide("3", "2", 0), "2");
  assert_string_equal(divide("-3", "2", 0), "-2");
  assert_string_equal(divide("-1", "4", 1), "-0.2");
  assert_string_equal(divide("-1", "1000", 2), "0.00");
  assert_string_equal(divide("999", "1000", 2), "1.00");
  assert_string_equal(divide("100", "0.003", 3), "33333.333");
  assert_string_equal(divide("0.00001", "100000", 3), "0.000");
  assert_string_equal(divide("0.125", "1", 2), "0.12");
  assert_string_equal(divide("1.2500001", "10", 2), "0.13");
  assert_string_equal(divide("0", "-7", 2), "0.00");
  assert_string_equal(divide("1.23456789", "100000000000000000000", 3), "0.000");
  assert_string_equal(divide("1", "0", 3), "refused");
  assert_string_equal(divide("0", "0.000", 3), "refused");
}

static void rounding_goes_half_to_even(void **state) {
  (void)state;
  assert_string_equal(rounded("1.5", 3), "1.500");
  assert_string_equal(rounded("1", 2), "1.00");
  assert_string_equal(rounded("1", 0), "1");
  assert_string_equal(rounded("1.25", 1), "1.2");
  assert_string_equal(rounded("1.35", 1), "1.4");
  assert_string_equal(rounded("1.2500001", 1), "1.3");
  assert_string_equal(rounded("1.2499", 1), "1.2");
  assert_string_equal(rounded("0.5", 0), "0");
  assert_string_equal(rounded("1.5", 0), "2");
  assert_string_equal(rounded("-0.04", 1), "0.0");
  assert_string_equal(rounded("-0.06", 1), "-0.1");
  assert_string_equal(rounded("999.995", 2), "1000.00");
  assert_string_equal(rounded("99.9", 0), "100");
  assert_string_equal(rounded("3", 40), "3.0000000000000000000000000000000000000000");
}

static void check_digits(const char *text, int before, int after, int significant) {
  int found[3];
  corm_decimal_digits(text, strlen(text), &found[0], &found[1], &found[2]);
  assert_int_equal(found[0], before);
  assert_int_equal(found[1], after);
  assert_int_equal(found[2], significant);
}

static void digits_are_counted(void **state) {
  (void)state;
  check_digits("0", 0, 0, 0);
  check_digits("0.00", 0, 2, 0);
  check_digits("0.0120", 0, 4, 3);
  check_digits("-12.30", 2, 2, 4);
  check_digits("1500", 4, 0, 4);
}

static double real_of(const char *text) {
  return corm_decimal_to_real(text, strlen(text));
}

static void the_nearest_real_is_found(void **state) {
  (void)state;
  assert_true(real_of("0") == 0);
  assert_true(real_of("-12.50") == -12.5);
  assert_true(real_of("0.1") == 0.1);
  assert_true(real_of("9007199254740993") == 9007199254740992.0);
  assert_true(real_of("9007199254740993.0001") == 9007199254740994.0);
  char text[1200];
  memset(text, '0', sizeof text);
  text[0] = '1';
  text[309] = '\0';
  assert_true(real_of(text) == 1e308);
  text[309] = '0';
  text[400] = '\0';
  assert_true(isinf(real_of(text)));
  /* Half way between two doubles, but for a digit far behind it. */
  memset(text, '0', sizeof text);
  memcpy(text, "9007199254740993.", 17);
  text[1001] = '\0';
  assert_true(real_of(text) == 9007199254740992.0);
  text[1000] = '1';
  assert_true(real_of(text) == 9007199254740994.0);
}

/* A random number of up to 9 digits with a scale of up to 6, as text and as integer. */
static int64_t random_number(uint64_t *random, int *scale, char *text, size_t size) {
  static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  *random = corm_hash_int(*random);
  int64_t value = (int64_t)(*random >> (*random % 40 + 5)) % 1000000000;
  if (*random >> 63) value = -value;
  *scale = (int)((*random >> 8) % 7);
  int64_t size_of_value = value < 0 ? -value : value;
  int64_t power = powers[*scale];
  int len = snprintf(text, size, "%s%lld", value < 0 ? "-" : "", (long long)(size_of_value / power));
  if (*scale) snprintf(text + len, size - (size_t)len, ".%0*lld", *scale, (long long)(size_of_value % power));
  return value;
}

static void check_scaled(const char *text, int64_t value, int scale) {
  char digits[64];
  size_t first = sizeof digits - 1;
  digits[first] = '\0';
  bool negative = value < 0;
  if (negative) value = -value;
  for (int i = 0; value || i <= scale; i++) {
    if (i == scale && scale) digits[--first] = '.';
    digits[--first] = (char)('0' + (int)(value % 10));
    value /= 10;
  }
  if (negative) digits[--first] = '-';
  assert_string_equal(text, digits + first);
}

/* Against 64-bit integers, which hold all that comes of 9 digits. */
static void arithmetic_agrees_with_integers(void **state) {
  (void)state;
  static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  uint64_t random = 3;
  for (int i = 0; i < 5000; i++) {
    char a[40], b[40];
    int ascale, bscale;
    int64_t x = random_number(&random, &ascale, a, sizeof a);
    int64_t y = random_number(&random, &bscale, b, sizeof b);
    check_scaled(apply(corm_decimal_mul, a, b), x * y, ascale + bscale);
    int scale = ascale > bscale ? ascale : bscale;
    int64_t wide_x = x * powers[scale - ascale], wide_y = y * powers[scale - bscale];
    check_scaled(apply(corm_decimal_add, a, b), wide_x + wide_y, scale);
    check_scaled(apply(corm_decimal_sub, a, b), wide_x - wide_y, scale);
    assert_int_equal(compare(a, b), (wide_x > wide_y) - (wide_x < wide_y));
    if (y == 0) continue;
    int places = (int)(random >> 20) & 3;
    int64_t top = wide_x * powers[places];
    int64_t quotient = top / wide_y, rest = top % wide_y;
    int64_t twice = (rest < 0 ? -rest : rest) * 2, divisor = wide_y < 0 ? -wide_y : wide_y;
    if (twice > divisor || (twice == divisor && quotient % 2)) quotient += (top < 0) == (wide_y < 0) ? 1 : -1;
    check_scaled(divide(a, b, places), quotient, places);
    if (ascale >= 2) {
      quotient = x / 100;
      int64_t cut = (int64_t)(x % 100 < 0 ? -(x % 100) : x % 100);
      if (cut > 50 || (cut == 50 && quotient % 2)) quotient += x < 0 ? -1 : 1;
      check_scaled(rounded(a, ascale - 2), quotient, ascale - 2);
    }
  }
}

/* (10^1000 - 1)^2 and back: the largest factors there are. */
static void the_largest_numbers_work(void **state) {
  (void)state;
  char nines[1001], square[4096];
  memset(nines, '9', 1000);
  nines[1000] = '\0';
  strcpy(square, apply(corm_decimal_mul, nines, nines));
  assert_int_equal(strlen(square), 2000);
  assert_int_equal(strspn(square, "9"), 999);
  assert_int_equal(square[999], '8');
  assert_int_equal(strspn(square + 1000, "0"), 999);
  assert_int_equal(square[1999], '1');
  assert_string_equal(divide(square, nines, 0), nines);
}

static bool calculate(const corm_mem *mem) {
  char long_one[600];
  memset(long_one, '3', sizeof long_one);
  corm_buf out[6];
  for (size_t i = 0; i < 6; i++) corm_buf_init(&out[i], mem);
  corm_decimal_add(long_one, 600, "1", 1, &out[0]);
  corm_decimal_sub(long_one, 600, "1", 1, &out[1]);
  corm_decimal_mul(long_one, 600, "2", 1, &out[2]);
  assert_true(corm_decimal_div(long_one, 600, "7", 1, 400, &out[3]));
  long_one[1] = '.';
  corm_decimal_round(long_one, 600, 500, &out[4]);
  assert_true(corm_decimal_parse("1.5e300", 7, &out[5]));
  bool ok = true;
  for (size_t i = 0; i < 6; i++) {
    ok &= corm_buf_str(&out[i]) != NULL;
    corm_buf_clear(&out[i]);
  }
  return ok;
}

static void every_failure_shows_in_the_result(void **state) {
  (void)state;
  fail_mem_each(calculate);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_become_canonical),
      cmocka_unit_test(other_texts_are_refused),
      cmocka_unit_test(a_thousand_digits_are_the_limit),
      cmocka_unit_test(numbers_are_compared_not_texts),
      cmocka_unit_test(sums_are_exact),
      cmocka_unit_test(products_are_exact),
      cmocka_unit_test(quotients_are_rounded_half_to_even),
      cmocka_unit_test(rounding_goes_half_to_even),
      cmocka_unit_test(digits_are_counted),
      cmocka_unit_test(the_nearest_real_is_found),
      cmocka_unit_test(arithmetic_agrees_with_integers),
      cmocka_unit_test(the_largest_numbers_work),
      cmocka_unit_test(every_failure_shows_in_the_result),
  };
  return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
