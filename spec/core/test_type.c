#include "schema/type.h"

#include <math.h>

#include "base/error.h"
#include "base/time.h"

#include "fail_mem.h"

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value text(const char *text_) {
  return corm_value_text(text_, strlen(text_));
}

static corm_value of_kind(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

/* One coercion under test. */
typedef struct attempt {
  corm_scratch scratch;
  corm_value out;
  corm_error err;
  corm_status status;
} attempt;

static attempt try(const corm_type *type, corm_value in, const char *what) {
  attempt a = {.status = CORM_OK};
  corm_scratch_init(&a.scratch, &corm_mem_libc);
  a.status = corm_type_coerce(type, &in, what, &a.scratch, &a.out, &a.err);
  return a;
}

static void end(attempt *a) {
  corm_scratch_clear(&a->scratch);
  corm_error_clear(&a->err);
}

#define MAX_TEXT 200

/* What the value becomes, written as SQL; a value in the scratch's bytes is described before `a` moves. */
static void becomes(corm_type_kind kind, corm_value in, corm_value_kind wanted, const char *shown) {
  attempt a = {.status = CORM_OK};
  corm_scratch_init(&a.scratch, &corm_mem_libc);
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(corm_type_coerce(corm_type_default(kind), &in, NULL, &a.scratch, &a.out, &a.err), CORM_OK);
  assert_int_equal(a.out.kind, wanted);
  assert_int_equal(a.out.flags, 0);
  corm_value_describe(&a.out, MAX_TEXT, &buf);
  assert_string_equal(corm_buf_str(&buf), shown);
  corm_buf_clear(&buf);
  end(&a);
}

static void refused_as(const corm_type *type, corm_value in, const char *message) {
  attempt a = try(type, in, "User.x");
  assert_int_equal(a.status, CORM_FAILED);
  assert_int_equal(a.err.cls, CORM_E_DATA);
  assert_string_equal(a.err.message, message);
  end(&a);
}

static void refused(corm_type_kind kind, corm_value in, const char *message) {
  refused_as(corm_type_default(kind), in, message);
}

static void each_type_names_itself_and_its_values(void **state) {
  (void)state;
  assert_string_equal(corm_type_kind_name(CORM_TYPE_SMALLINT), "SmallInteger");
  assert_string_equal(corm_type_kind_name(CORM_TYPE_UUID), "Uuid");
  for (unsigned kind = 0; kind < CORM_TYPE_COUNT; kind++) {
    const corm_type *type = corm_type_default((corm_type_kind)kind);
    assert_int_equal(type->kind, kind);
    assert_int_equal(type->length, -1);
    assert_int_equal(type->precision, -1);
    assert_int_equal(type->scale, -1);
  }
  assert_int_equal(corm_type_value_kind(corm_type_default(CORM_TYPE_NUMERIC)), CORM_DECIMAL);
  assert_int_equal(corm_type_value_kind(corm_type_default(CORM_TYPE_FLOAT)), CORM_REAL);
  corm_type type = *corm_type_default(CORM_TYPE_NUMERIC);
  type.asdecimal = false;
  assert_int_equal(corm_type_value_kind(&type), CORM_REAL);
  type = *corm_type_default(CORM_TYPE_FLOAT);
  type.asdecimal = true;
  assert_int_equal(corm_type_value_kind(&type), CORM_DECIMAL);
}

static void a_bare_value_has_the_type_of_its_kind(void **state) {
  (void)state;
  for (unsigned kind = CORM_BOOL; kind < CORM_VALUE_KIND_COUNT; kind++) {
    corm_value value = {.kind = (uint8_t)kind};
    assert_int_equal(corm_type_value_kind(corm_type_of_value(&value)), kind);
  }
  corm_value null = corm_value_null();
  assert_int_equal(corm_type_of_value(&null)->kind, CORM_TYPE_NULLTYPE);
}

static void null_stays_null_and_nulltype_takes_everything(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < CORM_TYPE_COUNT; kind++) {
    becomes((corm_type_kind)kind, corm_value_null(), CORM_NULL, "NULL");
  }
  becomes(CORM_TYPE_NULLTYPE, corm_value_real(1.5), CORM_REAL, "1.5");
  becomes(CORM_TYPE_NULLTYPE, bytes(CORM_TEXT, "a\0b", 3), CORM_TEXT, "'a\\x00b'");
}

static void integers(void **state) {
  (void)state;
  becomes(CORM_TYPE_INTEGER, corm_value_int(INT64_MIN), CORM_INT, "-9223372036854775808");
  becomes(CORM_TYPE_INTEGER, corm_value_int(INT64_MAX), CORM_INT, "9223372036854775807");
  becomes(CORM_TYPE_INTEGER, corm_value_real(3.0), CORM_INT, "3");
  becomes(CORM_TYPE_INTEGER, corm_value_real(-0.0), CORM_INT, "0");
  becomes(CORM_TYPE_BIGINT, corm_value_real(-0x1p63), CORM_INT, "-9223372036854775808");
  becomes(CORM_TYPE_SMALLINT, corm_value_int(-32768), CORM_INT, "-32768");
  refused(CORM_TYPE_INTEGER, corm_value_real(3.5), "User.x: 3.5 is not an integer");
  refused(CORM_TYPE_INTEGER, corm_value_real(NAN), "User.x: nan is not an integer");
  refused(CORM_TYPE_INTEGER, corm_value_real(INFINITY), "User.x: inf is not an integer");
  refused(CORM_TYPE_INTEGER, corm_value_real(0x1p63),
          "User.x: 9.223372036854776e+18 is out of the range of 64-bit integers");
  refused(CORM_TYPE_INTEGER, text("12"), "User.x: '12' is not an integer");
  refused(CORM_TYPE_INTEGER, corm_value_bool(true), "User.x: true is not an integer");
  refused(CORM_TYPE_SMALLINT, corm_value_int(32768),
          "User.x: 32768 is out of the range of SmallInteger, -32768 to 32767");
}

static void booleans(void **state) {
  (void)state;
  becomes(CORM_TYPE_BOOLEAN, corm_value_bool(true), CORM_BOOL, "true");
  becomes(CORM_TYPE_BOOLEAN, corm_value_int(0), CORM_BOOL, "false");
  becomes(CORM_TYPE_BOOLEAN, corm_value_int(1), CORM_BOOL, "true");
  becomes(CORM_TYPE_BOOLEAN, corm_value_real(1.0), CORM_BOOL, "true");
  refused(CORM_TYPE_BOOLEAN, corm_value_int(2), "User.x: 2 is not a boolean (true, false, 1 or 0)");
  refused(CORM_TYPE_BOOLEAN, text("true"), "User.x: 'true' is not a boolean (true, false, 1 or 0)");
}

static void floats(void **state) {
  (void)state;
  becomes(CORM_TYPE_FLOAT, corm_value_real(0.1), CORM_REAL, "0.1");
  becomes(CORM_TYPE_DOUBLE, corm_value_real(INFINITY), CORM_REAL, "inf");
  becomes(CORM_TYPE_FLOAT, corm_value_int(7), CORM_REAL, "7.0");
  becomes(CORM_TYPE_FLOAT, corm_value_int((INT64_C(1) << 53) + 2), CORM_REAL, "9007199254740994.0");
  becomes(CORM_TYPE_FLOAT, bytes(CORM_DECIMAL, "1.50", 4), CORM_REAL, "1.5");
  refused(CORM_TYPE_FLOAT, corm_value_int((INT64_C(1) << 53) + 1), "User.x: 9007199254740993 is not exact as a float");
  refused(CORM_TYPE_FLOAT, corm_value_int(INT64_MAX), "User.x: 9223372036854775807 is not exact as a float");
  refused(CORM_TYPE_FLOAT, corm_value_real(NAN), "User.x: nan (not a number) cannot be stored");
  refused(CORM_TYPE_FLOAT, text("1.5"), "User.x: '1.5' is not a number");
}

static void decimals(void **state) {
  (void)state;
  becomes(CORM_TYPE_NUMERIC, bytes(CORM_DECIMAL, "1.50", 4), CORM_DECIMAL, "1.50");
  becomes(CORM_TYPE_NUMERIC, text("+1.5e2"), CORM_DECIMAL, "150");
  becomes(CORM_TYPE_NUMERIC, text("-007.10"), CORM_DECIMAL, "-7.10");
  becomes(CORM_TYPE_NUMERIC, corm_value_int(-5), CORM_DECIMAL, "-5");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(0.1), CORM_DECIMAL, "0.1");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(0.1 + 0.2), CORM_DECIMAL, "0.3");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(-2.675), CORM_DECIMAL, "-2.675");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(0x1p62), CORM_DECIMAL, "4611686018427387904");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(1e20), CORM_DECIMAL, "100000000000000000000");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(1234567890123456.5), CORM_DECIMAL, "1234567890123456");
  becomes(CORM_TYPE_NUMERIC, corm_value_real(1e-7), CORM_DECIMAL, "0.0000001");
  refused(CORM_TYPE_NUMERIC, corm_value_real(NAN), "User.x: nan has no decimal form");
  refused(CORM_TYPE_NUMERIC, corm_value_real(-INFINITY), "User.x: -inf has no decimal form");
  refused(CORM_TYPE_NUMERIC, text("1,5"), "User.x: '1,5' is not a decimal number");
  refused(CORM_TYPE_NUMERIC, text(""), "User.x: '' is not a decimal number");
  refused(CORM_TYPE_NUMERIC, corm_value_bool(true), "User.x: true is not a number");
}

static void every_double_has_a_decimal(void **state) {
  (void)state;
  const double hard[] = {5e-324, 2.2250738585072011e-308, 1.7976931348623157e308, -4.9406564584124654e-324,
                         0x1.fffp-1000};
  for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
    corm_buf buf;
    corm_buf_init(&buf, &corm_mem_libc);
    corm_decimal_from_real(hard[i], &buf);
    double back = strtod(corm_buf_str(&buf), NULL);
    assert_true(fabs(back - hard[i]) <= fabs(hard[i]) * 1e-14);
    corm_buf_clear(&buf);
  }
}

static void strings(void **state) {
  (void)state;
  becomes(CORM_TYPE_STRING, text("it's"), CORM_TEXT, "'it''s'");
  becomes(CORM_TYPE_TEXT, text(""), CORM_TEXT, "''");
  refused(CORM_TYPE_STRING, corm_value_int(5), "User.x: 5 is not a string");
  refused(CORM_TYPE_UNICODE, bytes(CORM_BLOB, "a", 1), "User.x: X'61' is not a string");
  refused(CORM_TYPE_STRING, text("\xC0'"), "User.x: '\\xC0''' is not valid UTF-8");
  refused(CORM_TYPE_STRING, text("\xE5\x5C"), "User.x: '\\xE5\\' is not valid UTF-8");
  refused(CORM_TYPE_STRING, bytes(CORM_TEXT, "a\0b", 3), "User.x: 'a\\x00b' has a NUL at byte 2");
  corm_type type = *corm_type_default(CORM_TYPE_STRING);
  type.length = 3;
  attempt a = try(&type, text("\xC3\xA4\xC3\xB6\xC3\xBC"), NULL);
  assert_int_equal(a.status, CORM_OK);
  end(&a);
  refused_as(&type, text("abcd"), "User.x: 'abcd' has 4 characters, String(3) takes at most 3");
}

static void a_long_value_is_cut_in_the_message(void **state) {
  (void)state;
  char long_text[1000];
  memset(long_text, 'a', sizeof long_text);
  attempt a = try(corm_type_default(CORM_TYPE_INTEGER), bytes(CORM_TEXT, long_text, sizeof long_text), NULL);
  assert_int_equal(a.status, CORM_FAILED);
  assert_true(strlen(a.err.message) < 100);
  assert_non_null(strstr(a.err.message, "aaa'... is not an integer"));
  end(&a);
}

static void enums(void **state) {
  (void)state;
  static const char *const values[] = {"draft", "published", "withdrawn"};
  corm_type type = *corm_type_default(CORM_TYPE_ENUM);
  type.values = values;
  type.nvalues = 3;
  type.name = "status";
  attempt a = try(&type, text("draft"), "Post.status");
  assert_int_equal(a.status, CORM_OK);
  assert_int_equal(a.out.kind, CORM_TEXT);
  end(&a);
  a = try(&type, text("publishd"), "Post.status");
  assert_string_equal(a.err.message, "Post.status: 'publishd' is not among the values of Enum status");
  assert_string_equal(a.err.hint, "did you mean 'published'?");
  end(&a);
  refused_as(&type, corm_value_int(0), "User.x: 0 is not a string");
  refused_as(&type, text("Draft"), "User.x: 'Draft' is not among the values of Enum status");
}

static void dates_and_times(void **state) {
  (void)state;
  becomes(CORM_TYPE_DATE, of_kind(CORM_DATE, 0), CORM_DATE, "1970-01-01");
  becomes(CORM_TYPE_DATE, text("2024-02-29"), CORM_DATE, "2024-02-29");
  becomes(CORM_TYPE_TIME, text("23:59:59.25"), CORM_TIME, "23:59:59.250000");
  becomes(CORM_TYPE_DATETIME, text("2026-11-22T10:20:30"), CORM_DATETIME, "2026-11-22 10:20:30");
  becomes(CORM_TYPE_DATETIME, of_kind(CORM_DATE, 1), CORM_DATETIME, "1970-01-02 00:00:00");
  becomes(CORM_TYPE_DATETIME, of_kind(CORM_DATETIME, 1), CORM_DATETIME, "1970-01-01 00:00:00.000001");
  becomes(CORM_TYPE_INTERVAL, of_kind(CORM_INTERVAL, 1000000), CORM_INTERVAL, "0:00:01");
  refused(CORM_TYPE_DATE, text("2023-02-29"), "User.x: '2023-02-29' is not a date (YYYY-MM-DD)");
  refused(CORM_TYPE_DATE, text("0000-00-00"), "User.x: '0000-00-00' is not a date (YYYY-MM-DD)");
  refused(CORM_TYPE_DATE, corm_value_int(20000), "User.x: 20000 is not a date (YYYY-MM-DD)");
  refused(CORM_TYPE_DATE, of_kind(CORM_DATETIME, 1), "User.x: 1970-01-01 00:00:00.000001 is not a date (YYYY-MM-DD)");
  refused(CORM_TYPE_TIME, text("24:00"), "User.x: '24:00' is not a time (HH:MM:SS)");
  refused(CORM_TYPE_DATETIME, text("9999-12-31T23:59:60"),
          "User.x: '9999-12-31T23:59:60' is not a datetime (YYYY-MM-DD HH:MM:SS)");
  refused(CORM_TYPE_DATETIME, text("2026-11-22 10:00:00+02:00"),
          "User.x: '2026-11-22 10:00:00+02:00' has an offset from UTC, and the column has no timezone");
  refused(CORM_TYPE_INTERVAL, corm_value_int(3), "User.x: 3 is not an interval");
  corm_type zoned = *corm_type_default(CORM_TYPE_DATETIME);
  zoned.timezone = true;
  attempt a = try(&zoned, text("1970-01-01 02:00:00+02:00"), NULL);
  assert_int_equal(a.status, CORM_OK);
  assert_int_equal(a.out.as.i, 0);
  end(&a);
}

static void bytes_uuids_and_json(void **state) {
  (void)state;
  becomes(CORM_TYPE_BINARY, bytes(CORM_TEXT, "\0\xFF", 2), CORM_BLOB, "X'00ff'");
  becomes(CORM_TYPE_BINARY, bytes(CORM_BLOB, "", 0), CORM_BLOB, "X''");
  refused(CORM_TYPE_BINARY, corm_value_int(1), "User.x: 1 is not a string of bytes");
  becomes(CORM_TYPE_UUID, text("{12345678-1234-5678-1234-567812345678}"), CORM_UUID,
          "12345678-1234-5678-1234-567812345678");
  becomes(CORM_TYPE_UUID, text("12345678123456781234567812345678"), CORM_UUID, "12345678-1234-5678-1234-567812345678");
  refused(CORM_TYPE_UUID, text("1234"), "User.x: '1234' is not a UUID");
  becomes(CORM_TYPE_JSON, bytes(CORM_JSON, "[1]", 3), CORM_JSON, "'[1]'");
  becomes(CORM_TYPE_JSON, text("a\"\\\n"), CORM_JSON, "'\"a\\\"\\\\\\n\"'");
  becomes(CORM_TYPE_JSON, corm_value_bool(false), CORM_JSON, "'false'");
  becomes(CORM_TYPE_JSON, corm_value_int(-1), CORM_JSON, "'-1'");
  becomes(CORM_TYPE_JSON, corm_value_real(0.5), CORM_JSON, "'0.5'");
  refused(CORM_TYPE_JSON, corm_value_real(NAN), "User.x: nan has no JSON form");
  refused(CORM_TYPE_JSON, text("\xFF"), "User.x: '\\xFF' is not valid UTF-8");
  refused(CORM_TYPE_JSON, of_kind(CORM_DATE, 0), "User.x: 1970-01-01 has no JSON form");
}

static void the_holders_flags_stay_behind(void **state) {
  (void)state;
  corm_value in = text("a");
  in.flags = CORM_VALUE_OWNED | CORM_VALUE_DIRTY;
  in.extra = 3;
  attempt a = try(corm_type_default(CORM_TYPE_STRING), in, NULL);
  assert_int_equal(a.out.flags, 0);
  assert_int_equal(a.out.extra, 0);
  end(&a);
}

/* True: through; false: out of memory was reported. Refusals need memory for their message as well. */
static bool coerce_all(const corm_mem *mem) {
  const struct {
    corm_type_kind kind;
    corm_value value;
    bool refused;
  } cases[] = {
      {CORM_TYPE_NUMERIC, text("12.50"), false},
      {CORM_TYPE_NUMERIC, corm_value_real(0.1 + 0.2), false},
      {CORM_TYPE_JSON, text("abc"), false},
      {CORM_TYPE_INTEGER, text("abc"), true},
  };
  bool ok = true;
  for (size_t i = 0; i < sizeof cases / sizeof *cases && ok; i++) {
    corm_scratch scratch;
    corm_value out;
    corm_error err = {.is_set = false};
    corm_scratch_init(&scratch, mem);
    corm_status status = corm_type_coerce(corm_type_default(cases[i].kind), &cases[i].value, "x", &scratch, &out, &err);
    if (status != CORM_OK) assert_true(err.cls == CORM_E_MEMORY || cases[i].refused);
    ok = err.cls != CORM_E_MEMORY || !err.is_set;
    if (ok) assert_int_equal(status == CORM_FAILED, cases[i].refused);
    corm_scratch_clear(&scratch);
    corm_error_clear(&err);
  }
  return ok;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(coerce_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_type_names_itself_and_its_values),
      cmocka_unit_test(a_bare_value_has_the_type_of_its_kind),
      cmocka_unit_test(null_stays_null_and_nulltype_takes_everything),
      cmocka_unit_test(integers),
      cmocka_unit_test(booleans),
      cmocka_unit_test(floats),
      cmocka_unit_test(decimals),
      cmocka_unit_test(every_double_has_a_decimal),
      cmocka_unit_test(strings),
      cmocka_unit_test(a_long_value_is_cut_in_the_message),
      cmocka_unit_test(enums),
      cmocka_unit_test(dates_and_times),
      cmocka_unit_test(bytes_uuids_and_json),
      cmocka_unit_test(the_holders_flags_stay_behind),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
