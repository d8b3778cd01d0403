#include <math.h>

#include "base/error.h"
#include "base/time.h"
#include "sql/dialect.h"

#include "fail_mem.h"

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value text(const char *content) {
  return corm_value_text(content, strlen(content));
}

static corm_value decimal(const char *content) {
  return bytes(CORM_DECIMAL, content, strlen(content));
}

static corm_value of_kind(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

static void shows(const corm_value *value, corm_value_kind kind, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_value_describe(value, 200, &buf);
  assert_string_equal(corm_buf_str(&buf), wanted);
  assert_string_equal(corm_value_kind_name((corm_value_kind)value->kind), corm_value_kind_name(kind));
  corm_buf_clear(&buf);
}

static void stores(corm_value in, corm_value_kind kind, const char *wanted) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_sqlite.encode(&corm_dialect_sqlite, NULL, &in, &scratch, &out, &err), CORM_OK);
  shows(&out, kind, wanted);
  corm_scratch_clear(&scratch);
}

static void does_not_store(corm_value in, const char *message) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_sqlite.encode(&corm_dialect_sqlite, NULL, &in, &scratch, &out, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.message, message);
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
}

static void loads_as(const corm_type *type, corm_value in, corm_value_kind kind, const char *wanted) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_sqlite.decode(&corm_dialect_sqlite, type, &in, &scratch, &out, &err), CORM_OK);
  shows(&out, kind, wanted);
  corm_scratch_clear(&scratch);
}

static void loads(corm_type_kind type, corm_value in, corm_value_kind kind, const char *wanted) {
  loads_as(corm_type_default(type), in, kind, wanted);
}

static void is_dirty_for(const corm_type *type, corm_value in, const char *message) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_sqlite.decode(&corm_dialect_sqlite, type, &in, &scratch, &out, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.message, message);
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
}

static void is_dirty(corm_type_kind type, corm_value in, const char *message) {
  is_dirty_for(corm_type_default(type), in, message);
}

static void storage_kinds_stay_as_they_are(void **state) {
  (void)state;
  stores(corm_value_null(), CORM_NULL, "NULL");
  stores(corm_value_int(INT64_MIN), CORM_INT, "-9223372036854775808");
  stores(corm_value_real(INFINITY), CORM_REAL, "inf");
  stores(text("it's"), CORM_TEXT, "'it''s'");
  stores(bytes(CORM_BLOB, "\0", 1), CORM_BLOB, "X'00'");
  does_not_store(corm_value_real(NAN), "NaN cannot be stored: SQLite would make it NULL");
  does_not_store((corm_value){.kind = CORM_ABSENT}, "a value that is absent cannot be stored");
}

static void the_forms_are_sqlalchemys(void **state) {
  (void)state;
  static const unsigned char uuid[16] = {0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0, 1, 2, 3, 4, 5, 6, 7, 8};
  stores(corm_value_bool(true), CORM_INT, "1");
  stores(of_kind(CORM_DATE, 20779), CORM_TEXT, "'2026-11-22'");
  stores(of_kind(CORM_TIME, 1), CORM_TEXT, "'00:00:00.000001'");
  stores(of_kind(CORM_DATETIME, 0), CORM_TEXT, "'1970-01-01 00:00:00.000000'");
  stores(of_kind(CORM_DATETIME, CORM_DATETIME_MAX), CORM_TEXT, "'9999-12-31 23:59:59.999999'");
  stores(of_kind(CORM_INTERVAL, CORM_USEC_PER_DAY + 5), CORM_TEXT, "'1970-01-02 00:00:00.000005'");
  stores(of_kind(CORM_INTERVAL, -CORM_USEC_PER_SEC), CORM_TEXT, "'1969-12-31 23:59:59.000000'");
  stores(bytes(CORM_UUID, (const char *)uuid, 16), CORM_TEXT, "'123456789abcdef00102030405060708'");
  stores(bytes(CORM_JSON, "{\"a\":1}", 7), CORM_TEXT, "'{\"a\":1}'");
  does_not_store(of_kind(CORM_DATETIME, CORM_DATETIME_MAX + 1),
                 "a datetime is out of range: years 1 to 9999 can be stored");
  does_not_store(of_kind(CORM_INTERVAL, INT64_MAX), "an interval is out of range: years 1 to 9999 can be stored");
}

static void decimals_are_stored_as_numbers_or_not_at_all(void **state) {
  (void)state;
  stores(decimal("12.30"), CORM_REAL, "12.3");
  stores(decimal("12.00"), CORM_INT, "12");
  stores(decimal("0"), CORM_INT, "0");
  stores(decimal("-0.5"), CORM_REAL, "-0.5");
  stores(decimal("9223372036854775807"), CORM_INT, "9223372036854775807");
  stores(decimal("-9223372036854775808"), CORM_INT, "-9223372036854775808");
  stores(decimal("9300000000000000000"), CORM_REAL, "9.3e+18");
  stores(decimal("123456789012345.000"), CORM_INT, "123456789012345");
  stores(decimal("1234567890.12345"), CORM_REAL, "1234567890.12345");
  does_not_store(decimal("9223372036854775808"),
                 "9223372036854775808 would lose digits: SQLite keeps 15 of a decimal number");
  does_not_store(decimal("-9223372036854775809"),
                 "-9223372036854775809 would lose digits: SQLite keeps 15 of a decimal number");
  does_not_store(decimal("1234567890.123456"),
                 "1234567890.123456 would lose digits: SQLite keeps 15 of a decimal number");
  does_not_store(decimal("18446744073709551617"),
                 "18446744073709551617 would lose digits: SQLite keeps 15 of a decimal number");
  char huge[400], tiny[400] = "0.";
  memset(huge, '0', sizeof huge);
  huge[0] = '1';
  memset(tiny + 2, '0', sizeof tiny - 2);
  tiny[399] = '1';
  corm_scratch scratch;
  corm_scratch_init(&scratch, &corm_mem_libc);
  corm_value out,
      values[] = {bytes(CORM_DECIMAL, huge, 400), bytes(CORM_DECIMAL, tiny, 400), bytes(CORM_DECIMAL, tiny, 0)};
  tiny[320] = '1'; /* subnormal */
  values[2] = bytes(CORM_DECIMAL, tiny, 321);
  for (size_t i = 0; i < 3; i++) {
    corm_error err = {.is_set = false};
    assert_int_equal(corm_dialect_sqlite.encode(&corm_dialect_sqlite, NULL, &values[i], &scratch, &out, &err),
                     CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DATA);
    corm_error_clear(&err);
  }
  corm_scratch_clear(&scratch);
}

static void decimals_come_back_with_their_scale(void **state) {
  (void)state;
  corm_type money = *corm_type_default(CORM_TYPE_NUMERIC);
  money.precision = 10;
  money.scale = 2;
  loads_as(&money, corm_value_real(12.3), CORM_DECIMAL, "12.30");
  loads_as(&money, corm_value_int(12), CORM_DECIMAL, "12.00");
  loads_as(&money, corm_value_real(0.1 + 0.2), CORM_DECIMAL, "0.30");
  loads_as(&money, text("7.5"), CORM_DECIMAL, "7.50");
  loads(CORM_TYPE_NUMERIC, corm_value_real(0.1 + 0.2), CORM_DECIMAL, "0.3");
  loads(CORM_TYPE_NUMERIC, corm_value_int(-3), CORM_DECIMAL, "-3");
  is_dirty_for(&money, text("cheap"), "the stored string 'cheap' cannot be read as Numeric");
  is_dirty_for(&money, corm_value_real(INFINITY), "the stored float inf cannot be read as Numeric");
  is_dirty_for(&money, bytes(CORM_BLOB, "1", 1), "the stored binary X'31' cannot be read as Numeric");
}

static void numbers_and_text_are_tolerant_without_loss(void **state) {
  (void)state;
  loads(CORM_TYPE_INTEGER, corm_value_real(3.0), CORM_INT, "3");
  loads(CORM_TYPE_FLOAT, corm_value_int(3), CORM_REAL, "3.0");
  loads(CORM_TYPE_BOOLEAN, corm_value_int(1), CORM_BOOL, "true");
  loads(CORM_TYPE_BOOLEAN, corm_value_real(0.0), CORM_BOOL, "false");
  loads(CORM_TYPE_STRING, corm_value_int(-12), CORM_TEXT, "'-12'");
  loads(CORM_TYPE_BINARY, text("ab"), CORM_BLOB, "X'6162'");
  is_dirty(CORM_TYPE_INTEGER, corm_value_real(3.5), "the stored float 3.5 cannot be read as Integer");
  is_dirty(CORM_TYPE_INTEGER, corm_value_real(1e19), "the stored float 1e+19 cannot be read as Integer");
  is_dirty(CORM_TYPE_INTEGER, text("12"), "the stored string '12' cannot be read as Integer");
  is_dirty(CORM_TYPE_FLOAT, corm_value_int(INT64_MAX),
           "the stored integer 9223372036854775807 cannot be read as Float");
  is_dirty(CORM_TYPE_FLOAT, text("x"), "the stored string 'x' cannot be read as Float");
  is_dirty(CORM_TYPE_BOOLEAN, corm_value_int(2), "the stored integer 2 cannot be read as Boolean");
  is_dirty(CORM_TYPE_BOOLEAN, text("true"), "the stored string 'true' cannot be read as Boolean");
  is_dirty(CORM_TYPE_STRING, corm_value_real(1.5), "the stored float 1.5 cannot be read as String");
  is_dirty(CORM_TYPE_STRING, bytes(CORM_BLOB, "a", 1), "the stored binary X'61' cannot be read as String");
  is_dirty(CORM_TYPE_BINARY, corm_value_int(1), "the stored integer 1 cannot be read as LargeBinary");
}

static void dates_and_times_are_read_strictly(void **state) {
  (void)state;
  loads(CORM_TYPE_DATE, text("2026-11-22"), CORM_DATE, "2026-11-22");
  loads(CORM_TYPE_DATE, text("2009-01-01 00:00:00"), CORM_DATE, "2009-01-01");
  loads(CORM_TYPE_DATE, text("1969-12-31 00:00:00"), CORM_DATE, "1969-12-31");
  loads(CORM_TYPE_TIME, text("10:20:30"), CORM_TIME, "10:20:30");
  loads(CORM_TYPE_DATETIME, text("2009-01-01 00:00:00"), CORM_DATETIME, "2009-01-01 00:00:00");
  loads(CORM_TYPE_DATETIME, text("2009-01-01T00:00:00.5"), CORM_DATETIME, "2009-01-01 00:00:00.500000");
  loads(CORM_TYPE_DATETIME, text("2009-01-01"), CORM_DATETIME, "2009-01-01 00:00:00");
  loads(CORM_TYPE_INTERVAL, text("1970-01-02 00:00:00.000000"), CORM_INTERVAL, "1 day, 0:00:00");
  is_dirty(CORM_TYPE_DATE, text("2009-01-01 00:00:01"),
           "the stored string '2009-01-01 00:00:01' cannot be read as Date");
  is_dirty(CORM_TYPE_DATE, text("0000-00-00"), "the stored string '0000-00-00' cannot be read as Date");
  is_dirty(CORM_TYPE_DATE, corm_value_int(20260101), "the stored integer 20260101 cannot be read as Date");
  is_dirty(CORM_TYPE_TIME, text("noon"), "the stored string 'noon' cannot be read as Time");
  is_dirty(CORM_TYPE_DATETIME, corm_value_int(0), "the stored integer 0 cannot be read as DateTime");
  is_dirty(CORM_TYPE_DATETIME, text("2009-01-01 00:00:00Z"),
           "the stored string '2009-01-01 00:00:00Z' cannot be read as DateTime");
  is_dirty(CORM_TYPE_INTERVAL, text("1 day"), "the stored string '1 day' cannot be read as Interval");
  corm_type zoned = *corm_type_default(CORM_TYPE_DATETIME);
  zoned.timezone = true;
  loads_as(&zoned, text("1970-01-01 02:00:00+02:00"), CORM_DATETIME, "1970-01-01 00:00:00");
}

static void enums_uuids_and_json(void **state) {
  (void)state;
  static const char *const values[] = {"draft", "done"};
  corm_type status = *corm_type_default(CORM_TYPE_ENUM);
  status.values = values;
  status.nvalues = 2;
  loads_as(&status, text("done"), CORM_TEXT, "'done'");
  is_dirty_for(&status, text("gone"), "the stored string 'gone' cannot be read as Enum");
  is_dirty_for(&status, corm_value_int(1), "the stored integer 1 cannot be read as Enum");
  loads(CORM_TYPE_UUID, text("123456789abcdef00102030405060708"), CORM_UUID, "12345678-9abc-def0-0102-030405060708");
  loads(CORM_TYPE_UUID, bytes(CORM_BLOB, "0123456789abcdef", 16), CORM_UUID, "30313233-3435-3637-3839-616263646566");
  is_dirty(CORM_TYPE_UUID, text("1234"), "the stored string '1234' cannot be read as Uuid");
  is_dirty(CORM_TYPE_UUID, bytes(CORM_BLOB, "0", 1), "the stored binary X'30' cannot be read as Uuid");
  loads(CORM_TYPE_JSON, text("[1]"), CORM_JSON, "'[1]'");
  loads(CORM_TYPE_JSON, corm_value_int(5), CORM_JSON, "'5'");
  loads(CORM_TYPE_JSON, corm_value_real(0.5), CORM_JSON, "'0.5'");
  is_dirty(CORM_TYPE_JSON, corm_value_real(-INFINITY), "the stored float -inf cannot be read as JSON");
  is_dirty(CORM_TYPE_JSON, bytes(CORM_BLOB, "1", 1), "the stored binary X'31' cannot be read as JSON");
}

static void null_and_untyped_values_pass(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < CORM_TYPE_COUNT; kind++) {
    loads((corm_type_kind)kind, corm_value_null(), CORM_NULL, "NULL");
  }
  loads_as(NULL, text("x"), CORM_TEXT, "'x'");
  loads(CORM_TYPE_NULLTYPE, corm_value_real(1.5), CORM_REAL, "1.5");
}

/* A plain type's storage value of the right kind is what decode gives, too. */
static void plain_types_need_no_decoding(void **state) {
  (void)state;
  static const bool plain[CORM_TYPE_COUNT] = {
      [CORM_TYPE_NULLTYPE] = true, [CORM_TYPE_INTEGER] = true,     [CORM_TYPE_SMALLINT] = true,
      [CORM_TYPE_BIGINT] = true,   [CORM_TYPE_STRING] = true,      [CORM_TYPE_TEXT] = true,
      [CORM_TYPE_UNICODE] = true,  [CORM_TYPE_UNICODETEXT] = true, [CORM_TYPE_FLOAT] = true,
      [CORM_TYPE_DOUBLE] = true,   [CORM_TYPE_BINARY] = true,
  };
  const corm_dialect *dialect = &corm_dialect_sqlite;
  for (unsigned kind = 0; kind < CORM_TYPE_COUNT; kind++) {
    assert_int_equal(dialect->is_plain(dialect, corm_type_default((corm_type_kind)kind)), plain[kind]);
  }
  corm_type exact = *corm_type_default(CORM_TYPE_FLOAT);
  exact.asdecimal = true;
  assert_false(dialect->is_plain(dialect, &exact));
}

/* What coercion left in the scratch is encoded there. */
static void coercion_and_encoding_share_a_scratch(void **state) {
  (void)state;
  const struct {
    corm_type_kind type;
    const char *given, *stored;
  } cases[] = {
      {CORM_TYPE_UUID, "{12345678-9ABC-DEF0-0102-030405060708}", "'123456789abcdef00102030405060708'"},
      {CORM_TYPE_JSON, "x", "'\"x\"'"},
      {CORM_TYPE_NUMERIC, "1e-3", "0.001"},
      {CORM_TYPE_DATETIME, "2026-11-22", "'2026-11-22 00:00:00.000000'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    corm_scratch scratch;
    corm_error err = {.is_set = false};
    corm_value in = text(cases[i].given), out;
    const corm_type *type = corm_type_default(cases[i].type);
    corm_scratch_init(&scratch, &corm_mem_libc);
    assert_int_equal(corm_type_coerce(type, &in, NULL, &scratch, &out, &err), CORM_OK);
    assert_int_equal(corm_dialect_sqlite.encode(&corm_dialect_sqlite, type, &out, &scratch, &out, &err), CORM_OK);
    shows(&out, (corm_value_kind)out.kind, cases[i].stored);
    corm_scratch_clear(&scratch);
  }
}

static bool decode_all(const corm_mem *mem) {
  corm_type money = *corm_type_default(CORM_TYPE_NUMERIC);
  money.scale = 2;
  const struct {
    const corm_type *type;
    corm_value value;
    bool dirty;
  } cases[] = {
      {&money, corm_value_real(0.1 + 0.2), false},
      {corm_type_default(CORM_TYPE_STRING), corm_value_int(5), false},
      {corm_type_default(CORM_TYPE_JSON), corm_value_real(0.5), false},
      {corm_type_default(CORM_TYPE_DATE), text("never"), true},
  };
  bool ok = true;
  for (size_t i = 0; i < sizeof cases / sizeof *cases && ok; i++) {
    corm_scratch scratch;
    corm_value out;
    corm_error err = {.is_set = false};
    corm_scratch_init(&scratch, mem);
    corm_status status =
        corm_dialect_sqlite.decode(&corm_dialect_sqlite, cases[i].type, &cases[i].value, &scratch, &out, &err);
    ok = !err.is_set || err.cls != CORM_E_MEMORY;
    if (ok) assert_int_equal(status == CORM_FAILED, cases[i].dirty);
    if (!ok) assert_int_equal(status, CORM_FAILED);
    corm_scratch_clear(&scratch);
    corm_error_clear(&err);
  }
  return ok;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(decode_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(storage_kinds_stay_as_they_are),
      cmocka_unit_test(the_forms_are_sqlalchemys),
      cmocka_unit_test(decimals_are_stored_as_numbers_or_not_at_all),
      cmocka_unit_test(decimals_come_back_with_their_scale),
      cmocka_unit_test(numbers_and_text_are_tolerant_without_loss),
      cmocka_unit_test(dates_and_times_are_read_strictly),
      cmocka_unit_test(enums_uuids_and_json),
      cmocka_unit_test(null_and_untyped_values_pass),
      cmocka_unit_test(plain_types_need_no_decoding),
      cmocka_unit_test(coercion_and_encoding_share_a_scratch),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
