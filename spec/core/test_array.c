#include "schema/array.h"

#include <math.h>

#include "fail_mem.h"

#define TEXT_OF(kind_, text_)                                                                                          \
  { .as.s = (text_), .len = sizeof(text_) - 1, .kind = CORM_##kind_ }
#define NUMBER_OF(kind_, number)                                                                                       \
  { .as.i = (number), .kind = CORM_##kind_ }

/* A value as an item, and what a reader of JSON makes of it. */
static const struct item {
  corm_value value;
  const char *json;
  corm_value leaf;
} items[] = {
    {NUMBER_OF(NULL, 0), "null", NUMBER_OF(NULL, 0)},
    {NUMBER_OF(BOOL, 1), "true", NUMBER_OF(BOOL, 1)},
    {NUMBER_OF(INT, -5), "-5", NUMBER_OF(INT, -5)},
    {{.as.f = 0.5, .kind = CORM_REAL}, "0.5", {.as.f = 0.5, .kind = CORM_REAL}},
    {{.as.f = INFINITY, .kind = CORM_REAL}, "\"Infinity\"", TEXT_OF(TEXT, "Infinity")},
    {{.as.f = -INFINITY, .kind = CORM_REAL}, "\"-Infinity\"", TEXT_OF(TEXT, "-Infinity")},
    {TEXT_OF(TEXT, "a\"\\\n"), "\"a\\\"\\\\\\n\"", TEXT_OF(TEXT, "a\"\\\n")},
    {TEXT_OF(BLOB, "\x00\xff"), "\"00ff\"", TEXT_OF(TEXT, "00fF")},
    {TEXT_OF(BLOB, ""), "\"\"", TEXT_OF(TEXT, "")},
    {NUMBER_OF(DATE, 0), "\"1970-01-01\"", TEXT_OF(TEXT, "1970-01-01")},
    {NUMBER_OF(TIME, 1), "\"00:00:00.000001\"", TEXT_OF(TEXT, "00:00:00.000001")},
    {NUMBER_OF(DATETIME, -1000000), "\"1969-12-31 23:59:59\"", TEXT_OF(TEXT, "1969-12-31 23:59:59")},
    {NUMBER_OF(INTERVAL, -7), "-7", NUMBER_OF(INT, -7)},
    {TEXT_OF(DECIMAL, "-1.50"), "\"-1.50\"", TEXT_OF(TEXT, "-1.50")},
    {TEXT_OF(DECIMAL, "5"), "\"5\"", NUMBER_OF(INT, 5)},
    {TEXT_OF(UUID, "0123456789abcdef"), "\"30313233-3435-3637-3839-616263646566\"",
     TEXT_OF(TEXT, "30313233-3435-3637-3839-616263646566")},
    {TEXT_OF(JSON, "{\"a\": 1}"), "\"{\\\"a\\\": 1}\"", TEXT_OF(TEXT, "{\"a\": 1}")},
};

static void items_are_written_and_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    corm_buf json;
    corm_scratch scratch;
    corm_value back;
    corm_buf_init(&json, &corm_mem_libc);
    corm_scratch_init(&scratch, &corm_mem_libc);
    corm_array_put(&items[i].value, &json);
    assert_string_equal(corm_buf_str(&json), items[i].json);
    assert_true(corm_array_get((corm_value_kind)items[i].value.kind, &items[i].leaf, &scratch, &back));
    assert_true(corm_value_equal(&back, &items[i].value));
    corm_scratch_clear(&scratch);
    corm_buf_clear(&json);
  }
}

static void what_is_no_item_is_refused(void **state) {
  (void)state;
  static const struct {
    corm_value_kind kind;
    corm_value leaf;
  } wrong[] = {{CORM_BLOB, TEXT_OF(TEXT, "0")},        {CORM_BLOB, TEXT_OF(TEXT, "0g")},
               {CORM_BLOB, NUMBER_OF(INT, 0)},         {CORM_TEXT, NUMBER_OF(INT, 0)},
               {CORM_REAL, TEXT_OF(TEXT, "infinite")}, {CORM_INTERVAL, TEXT_OF(TEXT, "1 day")},
               {CORM_JSON, NUMBER_OF(INT, 1)},         {CORM_DATE, TEXT_OF(TEXT, "infinity")},
               {CORM_DECIMAL, TEXT_OF(TEXT, "NaN")},   {CORM_UUID, TEXT_OF(TEXT, "x")},
               {CORM_INT, TEXT_OF(TEXT, "1")},         {CORM_BOOL, NUMBER_OF(INT, 2)},
               {CORM_DATETIME, TEXT_OF(TEXT, "soon")}, {CORM_TIME, TEXT_OF(TEXT, "24:00:00")}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    corm_scratch scratch;
    corm_value out;
    corm_scratch_init(&scratch, &corm_mem_libc);
    assert_false(corm_array_get(wrong[i].kind, &wrong[i].leaf, &scratch, &out));
    corm_scratch_clear(&scratch);
  }
}

/* -- what a column stores ------------------------------------------------------------------------------------------ */

static corm_status store(const corm_mem *mem, int16_t precision, int16_t scale, corm_value given, const char *wanted) {
  corm_type type = *corm_type_default(CORM_TYPE_NUMERIC);
  type.precision = precision;
  type.scale = scale;
  corm_scratch scratch;
  corm_value value;
  corm_error err;
  corm_error_init(&err);
  corm_scratch_init(&scratch, mem);
  corm_status status = corm_type_coerce(&type, &given, "x", &scratch, &value, &err);
  if (status == CORM_OK) status = corm_type_store(&type, &given, "x", &scratch, &value, &err);
  if (status == CORM_OK && wanted) {
    assert_int_equal(value.len, strlen(wanted));
    assert_memory_equal(value.as.s, wanted, value.len);
  }
  if (status != CORM_OK) assert_int_equal(err.cls, mem == &corm_mem_libc ? CORM_E_DATA : CORM_E_MEMORY);
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
  return status;
}

static void digits_without_room_are_refused(void **state) {
  (void)state;
  const corm_mem *mem = &corm_mem_libc;
  assert_int_equal(store(mem, 5, 2, corm_value_text("123.450", 7), "123.450"), CORM_OK);
  assert_int_equal(store(mem, 5, 2, corm_value_text("123.456", 7), NULL), CORM_FAILED);
  assert_int_equal(store(mem, 5, 2, corm_value_text("-1234", 5), NULL), CORM_FAILED);
  assert_int_equal(store(mem, 2, 2, corm_value_text("-0.25", 5), "-0.25"), CORM_OK);
  assert_int_equal(store(mem, 3, -1, corm_value_text("1.5", 3), NULL), CORM_FAILED);
  assert_int_equal(store(mem, -1, -1, corm_value_text("1.23456789", 10), "1.23456789"), CORM_OK);
  assert_int_equal(store(mem, 5, 2, corm_value_real(0.1 + 0.2), "0.30"), CORM_OK);
  assert_int_equal(store(mem, 5, 2, corm_value_real(999.999), NULL), CORM_FAILED);
}

static void memory_may_run_out(void **state) {
  (void)state;
  fail_mem fail;
  size_t failures = 1;
  for (size_t n = 1; failures > 0; n++) {
    fail_mem_init(&fail, n);
    corm_status status = store(&fail.mem, 5, 2, corm_value_real(0.1 + 0.2), "0.30");
    assert_int_equal(fail.live, 0);
    failures = fail.failures;
    if (failures == 0) assert_int_equal(status, CORM_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_are_written_and_read),
      cmocka_unit_test(what_is_no_item_is_refused),
      cmocka_unit_test(digits_without_room_are_refused),
      cmocka_unit_test(memory_may_run_out),
  };
  return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
