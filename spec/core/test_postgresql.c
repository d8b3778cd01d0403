/* What is sent to PostgreSQL and comes back: casts behind placeholders, types with a name, the codec of its driver. */
#include <math.h>

#include "base/error.h"
#include "base/time.h"
#include "dialect/native_codec.h"
#include "dialect/postgresql_types.h"
#include "sql/compile.h"

#include "fail_mem.h"

static corm_arena nodes;
static const char *const moods[] = {"sad", "it's"};
static const corm_type mood = {.kind = CORM_TYPE_ENUM,
                               .precision = -1,
                               .scale = -1,
                               .length = -1,
                               .name = "Mood",
                               .schema = "feel",
                               .values = moods,
                               .nvalues = 2};

static int open_nodes(void **state) {
  (void)state;
  corm_arena_init(&nodes, &corm_mem_libc);
  return 0;
}

static int close_nodes(void **state) {
  (void)state;
  corm_arena_clear(&nodes);
  return 0;
}

/* -- casts --------------------------------------------------------------------------------------------------------- */

static const corm_node *name(const char *text, corm_type_kind kind) {
  return corm_name_in(&nodes, text, corm_type_default(kind));
}

static const corm_node *integer(int64_t number) {
  corm_value value = corm_value_int(number);
  return corm_bind_in(&nodes, NULL, NULL, &value);
}

static const corm_node *string(const char *text) {
  corm_value value = corm_value_text(text, strlen(text));
  return corm_bind_in(&nodes, NULL, NULL, &value);
}

static const corm_node *null_bind(void) {
  corm_value value = corm_value_null();
  return corm_bind_in(&nodes, NULL, NULL, &value);
}

static const corm_node *call(const char *function, const corm_node *a, const corm_node *b) {
  const corm_node *args[] = {a, b};
  return corm_function_in(&nodes, function, NULL, args, b ? 2 : 1);
}

static void is_sent(const corm_node *node, const char *wanted) {
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, &corm_mem_libc);
  if (corm_compile_in(&arena, &corm_dialect_postgresql, node, NULL, &compiled, &err) != CORM_OK) {
    fail_msg("%s", err.message);
  }
  assert_string_equal(compiled.sql, wanted);
  corm_arena_clear(&arena);
}

static void a_comparison_tells_the_type(void **state) {
  (void)state;
  const corm_node *a = name("a", CORM_TYPE_INTEGER), *s = name("s", CORM_TYPE_STRING);
  corm_value five = corm_value_int(5), list[] = {corm_value_int(1), corm_value_int(2)};
  is_sent(corm_compare_in(&nodes, CORM_OP_EQ, a, &five), "a = $1");
  is_sent(corm_binary_in(&nodes, CORM_OP_LT, integer(5), a), "$1 < a");
  is_sent(corm_in_in(&nodes, CORM_OP_IN, a, list, 2, 0), "a IN ($1, $2)");
  is_sent(corm_between_in(&nodes, CORM_OP_BETWEEN, a, integer(1), integer(2)), "a BETWEEN $1 AND $2");
  is_sent(corm_affix_in(&nodes, CORM_OP_ILIKE, CORM_LIKE_PERCENT_BEFORE, s, string("x"), NULL), "s ILIKE '%' || $1");
  is_sent(corm_binary_in(&nodes, CORM_OP_REGEXP, s, string("x")), "s ~ $1::VARCHAR");
  is_sent(corm_binary_in(&nodes, CORM_OP_IS_DISTINCT_FROM, call("max", a, NULL), integer(1)),
          "max(a) IS DISTINCT FROM $1");
  /* Nobody knows what a name of no type is: the value says it, but for strings, which have many meanings. */
  const corm_node *any = name("any", CORM_TYPE_NULLTYPE);
  is_sent(corm_binary_in(&nodes, CORM_OP_EQ, any, integer(5)), "\"any\" = $1::INTEGER");
  is_sent(corm_binary_in(&nodes, CORM_OP_EQ, any, string("x")), "\"any\" = $1");
  is_sent(corm_binary_in(&nodes, CORM_OP_EQ, integer(1), integer(2)), "$1::INTEGER = $2::INTEGER");
  is_sent(corm_binary_in(&nodes, CORM_OP_EQ, string("a"), string("b")), "$1::VARCHAR = $2::VARCHAR");
}

static void other_places_do_not(void **state) {
  (void)state;
  const corm_node *a = name("a", CORM_TYPE_INTEGER), *s = name("s", CORM_TYPE_STRING);
  corm_value half = corm_value_real(0.5);
  is_sent(integer(5), "$1::INTEGER");
  is_sent(integer(INT64_C(1) << 40), "$1::BIGINT");
  is_sent(string("x"), "$1::VARCHAR");
  is_sent(null_bind(), "$1");
  is_sent(corm_unary_in(&nodes, CORM_OP_NEG, integer(5)), "-$1::INTEGER");
  is_sent(corm_binary_in(&nodes, CORM_OP_ADD, a, corm_bind_in(&nodes, NULL, NULL, &half)), "a + $1::FLOAT");
  is_sent(corm_binary_in(&nodes, CORM_OP_CONCAT, s, string("x")), "s || $1");
  is_sent(corm_binary_in(&nodes, CORM_OP_CONCAT, string("x"), string("y")), "$1::VARCHAR || $2::VARCHAR");
  is_sent(corm_custom_in(&nodes, "->", 5, false, NULL, name("j", CORM_TYPE_JSON), integer(0)), "j -> $1::INTEGER");
  is_sent(corm_custom_in(&nodes, "@>", 5, true, NULL, name("j", CORM_TYPE_JSON), string("{}")), "j @> $1");
  is_sent(call("lower", string("X"), NULL), "lower($1::VARCHAR)");
  is_sent(call("left", s, integer(2)), "left(s, $1::INTEGER)");
}

static void results_of_one_type(void **state) {
  (void)state;
  const corm_node *a = name("a", CORM_TYPE_INTEGER), *s = name("s", CORM_TYPE_STRING);
  is_sent(call("coalesce", s, string("x")), "coalesce(s, $1)");
  is_sent(call("coalesce", a, integer(0)), "coalesce(a, $1::INTEGER)");
  is_sent(call("Coalesce", null_bind(), string("x")), "coalesce($1, $2::VARCHAR)");
  const corm_node *searched[] = {corm_binary_in(&nodes, CORM_OP_GT, a, integer(1)), string("x")};
  is_sent(corm_case_in(&nodes, NULL, searched, 1, s), "CASE WHEN (a > $1) THEN $2 ELSE s END");
  is_sent(corm_case_in(&nodes, NULL, searched, 1, string("y")),
          "CASE WHEN (a > $1) THEN $2::VARCHAR ELSE $3::VARCHAR END");
  const corm_node *simple[] = {integer(1), s};
  is_sent(corm_case_in(&nodes, a, simple, 1, string("y")), "CASE a WHEN $1 THEN s ELSE $2 END");
  is_sent(corm_case_in(&nodes, integer(2), simple, 1, NULL), "CASE $1::INTEGER WHEN $2::INTEGER THEN s END");
}

static void raw_text_and_limits(void **state) {
  (void)state;
  corm_value one = corm_value_int(1), x = corm_value_text("x", 1);
  const corm_bind *binds[] = {(const corm_bind *)corm_bindparam_in(&nodes, "n", NULL, &one, false),
                              (const corm_bind *)corm_bindparam_in(&nodes, "s", NULL, &x, false)};
  static const char text[] = "SELECT :n, :s, :given, 'a'::text";
  is_sent(corm_text_binds_in(&nodes, text, sizeof text - 1, binds, 2), "SELECT $1::INTEGER, $2, $3, 'a'::text");
  const corm_node *columns[] = {name("a", CORM_TYPE_INTEGER)};
  corm_select select = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                        .columns = columns,
                        .ncolumns = 1,
                        .limit = integer(5),
                        .offset = integer(6)};
  is_sent(&select.base, "SELECT a \n LIMIT $1 OFFSET $2");
  select.limit = NULL;
  is_sent(&select.base, "SELECT a \n LIMIT ALL OFFSET $1");
}

static void casts_to(const corm_type *type, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_postgresql_bind_cast(&corm_dialect_postgresql, type, &buf);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

/* A cast that cuts would hide what the server refuses. */
static void casts_have_no_limits(void **state) {
  (void)state;
  corm_type type = *corm_type_default(CORM_TYPE_STRING), array = *corm_type_default(CORM_TYPE_ARRAY);
  type.length = 2;
  type.collation = "C";
  casts_to(&type, "::VARCHAR");
  array.item = &type;
  casts_to(&array, "::VARCHAR[]");
  array.dimensions = 2;
  casts_to(&array, "::VARCHAR[][]");
  array.item = NULL;
  casts_to(&array, "");
  type = *corm_type_default(CORM_TYPE_NUMERIC);
  type.precision = 4;
  type.scale = 1;
  casts_to(&type, "::NUMERIC");
  type = *corm_type_default(CORM_TYPE_DATETIME);
  type.timezone = true;
  casts_to(&type, "::TIMESTAMP WITH TIME ZONE");
  casts_to(&mood, "::feel.\"Mood\"");
  type = mood;
  type.bare = true;
  casts_to(&type, "::VARCHAR");
  type = *corm_type_default(CORM_TYPE_JSON);
  type.binary = true;
  casts_to(&type, "::JSONB");
  casts_to(corm_type_default(CORM_TYPE_NULLTYPE), "");
}

/* -- types of their own -------------------------------------------------------------------------------------------- */

typedef corm_status statement(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);

static void says(statement *write, const corm_type *type, const char *wanted) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(write(&corm_dialect_postgresql, type, &buf, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf) ? corm_buf_str(&buf) : "", wanted);
  corm_buf_clear(&buf);
}

static void enums_are_types(void **state) {
  (void)state;
  corm_type bare = mood;
  bare.bare = true;
  says(corm_postgresql_create_type, &mood, "CREATE TYPE feel.\"Mood\" AS ENUM ('sad', 'it''s')");
  says(corm_postgresql_drop_type, &mood, "DROP TYPE feel.\"Mood\"");
  says(corm_postgresql_type_name, &bare, "VARCHAR(4)");
  says(corm_postgresql_create_type, &bare, "");
  says(corm_postgresql_drop_type, &bare, "");
  says(corm_postgresql_create_type, corm_type_default(CORM_TYPE_INTEGER), "");
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static corm_value of_kind(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static void goes(corm_value in) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_native_encode(&corm_dialect_postgresql, NULL, &in, &scratch, &out, &err), CORM_OK);
  assert_true(corm_value_equal(&in, &out));
  corm_scratch_clear(&scratch);
}

static void does_not_go(corm_value in, const char *message) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_native_encode(&corm_dialect_postgresql, NULL, &in, &scratch, &out, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.message, message);
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
}

static void values_go_as_they_are(void **state) {
  (void)state;
  goes(corm_value_null());
  goes(corm_value_bool(true));
  goes(corm_value_real(INFINITY));
  goes(of_kind(CORM_DATETIME, CORM_DATETIME_MAX));
  goes(of_kind(CORM_INTERVAL, INT64_MIN));
  goes(bytes(CORM_DECIMAL, "1.50", 4));
  goes(bytes(CORM_UUID, "0123456789abcdef", 16));
  does_not_go(of_kind(CORM_DATETIME, CORM_DATETIME_MAX + 1),
              "a datetime is out of range: years 1 to 9999 can be stored");
  does_not_go(of_kind(CORM_DATE, CORM_DATE_MIN - 1), "a date is out of range: years 1 to 9999 can be stored");
  does_not_go(of_kind(CORM_TIME, CORM_USEC_PER_DAY), "a time is out of range: years 1 to 9999 can be stored");
  does_not_go(of_kind(CORM_ABSENT, 0), "a value that is absent cannot be stored");
}

/* The value that is read, described; the error's message when it is refused. */
static void comes_as(const corm_type *type, corm_value in, corm_value_kind kind, const char *wanted) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_scratch_init(&scratch, &corm_mem_libc);
  corm_status status = corm_native_decode(&corm_dialect_postgresql, type, &in, &scratch, &out, &err);
  if (status != CORM_OK) {
    assert_int_equal(err.cls, CORM_E_DATA);
    assert_int_equal(kind, CORM_ABSENT);
    assert_string_equal(err.message, wanted);
  } else {
    corm_value_describe(&out, 100, &buf);
    assert_string_equal(corm_buf_str(&buf), wanted);
    assert_string_equal(corm_value_kind_name((corm_value_kind)out.kind), corm_value_kind_name(kind));
  }
  corm_scratch_clear(&scratch);
  corm_buf_clear(&buf);
  corm_error_clear(&err);
}

static void comes(corm_type_kind type, corm_value in, corm_value_kind kind, const char *wanted) {
  comes_as(corm_type_default(type), in, kind, wanted);
}

static void refused(corm_type_kind type, corm_value in, const char *message) {
  comes_as(corm_type_default(type), in, CORM_ABSENT, message);
}

static corm_value decimal(const char *text) {
  return bytes(CORM_DECIMAL, text, strlen(text));
}

static void numbers_change_without_loss(void **state) {
  (void)state;
  comes(CORM_TYPE_INTEGER, decimal("9223372036854775807"), CORM_INT, "9223372036854775807");
  comes(CORM_TYPE_INTEGER, decimal("-9223372036854775808.00"), CORM_INT, "-9223372036854775808");
  comes(CORM_TYPE_INTEGER, corm_value_bool(true), CORM_INT, "1");
  comes(CORM_TYPE_BOOLEAN, decimal("1.0"), CORM_BOOL, "true");
  comes(CORM_TYPE_BOOLEAN, corm_value_int(0), CORM_BOOL, "false");
  comes(CORM_TYPE_FLOAT, decimal("1.25"), CORM_REAL, "1.25");
  comes(CORM_TYPE_FLOAT, corm_value_int(3), CORM_REAL, "3.0");
  comes(CORM_TYPE_NUMERIC, decimal("1.500"), CORM_DECIMAL, "1.500");
  comes(CORM_TYPE_NUMERIC, corm_value_int(7), CORM_DECIMAL, "7");
  refused(CORM_TYPE_INTEGER, decimal("1.5"), "the stored decimal 1.5 cannot be read as Integer");
  refused(CORM_TYPE_BIGINT, decimal("9223372036854775808"),
          "the stored decimal 9223372036854775808 cannot be read as BigInteger");
  refused(CORM_TYPE_BOOLEAN, decimal("2"), "the stored decimal 2 cannot be read as Boolean");
  refused(CORM_TYPE_BOOLEAN, corm_value_int(2), "the stored integer 2 cannot be read as Boolean");
  refused(CORM_TYPE_INTEGER, corm_value_text("1", 1), "the stored string '1' cannot be read as Integer");
}

static void times_and_texts(void **state) {
  (void)state;
  static const char id[] = "12345678-1234-5678-1234-567812345678";
  comes(CORM_TYPE_DATE, of_kind(CORM_DATETIME, -CORM_USEC_PER_DAY), CORM_DATE, "1969-12-31");
  comes(CORM_TYPE_DATETIME, of_kind(CORM_DATE, 1), CORM_DATETIME, "1970-01-02 00:00:00");
  comes(CORM_TYPE_DATE, corm_value_text("2026-11-22", 10), CORM_DATE, "2026-11-22");
  refused(CORM_TYPE_DATE, of_kind(CORM_DATETIME, 1),
          "the stored datetime 1970-01-01 00:00:00.000001 cannot be read as Date");
  refused(CORM_TYPE_INTERVAL, corm_value_int(1), "the stored integer 1 cannot be read as Interval");
  comes(CORM_TYPE_UUID, corm_value_text(id, 36), CORM_UUID, id);
  comes(CORM_TYPE_STRING, bytes(CORM_UUID, "\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78", 16),
        CORM_TEXT, "'12345678-1234-5678-1234-567812345678'");
  comes(CORM_TYPE_STRING, bytes(CORM_JSON, "[1]", 3), CORM_TEXT, "'[1]'");
  comes(CORM_TYPE_STRING, decimal("1.50"), CORM_TEXT, "'1.50'");
  comes(CORM_TYPE_JSON, corm_value_text("[1]", 3), CORM_JSON, "'[1]'");
  comes_as(&mood, corm_value_text("sad", 3), CORM_TEXT, "'sad'");
  comes_as(&mood, corm_value_text("glad", 4), CORM_ABSENT, "the stored string 'glad' cannot be read as Enum");
  refused(CORM_TYPE_ARRAY, corm_value_text("[1]", 3), "the stored string '[1]' cannot be read as ARRAY");
}

static void what_has_no_type_passes(void **state) {
  (void)state;
  comes(CORM_TYPE_INTEGER, corm_value_null(), CORM_NULL, "NULL");
  comes(CORM_TYPE_NULLTYPE, corm_value_bool(true), CORM_BOOL, "true");
  comes_as(NULL, corm_value_int(1), CORM_INT, "1");
  assert_true(corm_native_is_plain(&corm_dialect_postgresql, corm_type_default(CORM_TYPE_DATETIME)));
  assert_true(corm_native_is_plain(&corm_dialect_postgresql, corm_type_default(CORM_TYPE_NUMERIC)));
  assert_false(corm_native_is_plain(&corm_dialect_postgresql, &mood));
}

/* -- literals ------------------------------------------------------------------------------------------------------ */

static void is_literal(const corm_type *type, corm_value value, const char *wanted) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  corm_status status = corm_dialect_literal(&corm_dialect_postgresql, type, &value, &buf, &err);
  if (status == CORM_OK) {
    assert_string_equal(corm_buf_str(&buf), wanted);
  } else {
    assert_int_equal(err.cls, CORM_E_COMPILE);
    assert_string_equal(err.message, wanted);
  }
  corm_buf_clear(&buf);
  corm_error_clear(&err);
}

static void array_literal(corm_type_kind item, const char *json, const char *wanted) {
  corm_type type = *corm_type_default(CORM_TYPE_ARRAY);
  type.item = corm_type_default(item);
  is_literal(&type, bytes(CORM_ARRAY, json, strlen(json)), wanted);
}

static void literals(void **state) {
  (void)state;
  const corm_type *interval = corm_type_default(CORM_TYPE_INTERVAL);
  is_literal(NULL, corm_value_text("a\\'b", 4), "'a\\''b'");
  is_literal(NULL, bytes(CORM_BLOB, "\0\xff", 2), "'\\x00ff'::BYTEA");
  is_literal(interval, of_kind(CORM_INTERVAL, -90000500000), "make_interval(secs=>-90000.500000)");
  is_literal(interval, of_kind(CORM_INTERVAL, INT64_MAX), "'9223372036854775807 microseconds'::INTERVAL");
  is_literal(NULL, corm_value_real(-INFINITY), "'-Infinity'::FLOAT");
  is_literal(NULL, corm_value_real(1.5), "1.5");
  is_literal(NULL, of_kind(CORM_DATETIME, 1), "'1970-01-01 00:00:00.000001'");
  corm_type zoned = *corm_type_default(CORM_TYPE_DATETIME);
  zoned.timezone = true;
  is_literal(&zoned, of_kind(CORM_DATETIME, 0), "'1970-01-01 00:00:00+00:00'");
}

static void literals_of_arrays(void **state) {
  (void)state;
  array_literal(CORM_TYPE_INTEGER, "[1,null,-2]", "ARRAY[1, null, -2]::INTEGER[]");
  array_literal(CORM_TYPE_INTEGER, "[[1],[2]]", "ARRAY[[1], [2]]::INTEGER[]");
  array_literal(CORM_TYPE_STRING, "[]", "ARRAY[]::VARCHAR[]");
  array_literal(CORM_TYPE_STRING, "[\"it's\",\"a\\\"\\\\\\n\\u0001, b\"]",
                "ARRAY['it''s', 'a\"\\\n\x01, b']::VARCHAR[]");
  array_literal(CORM_TYPE_STRING, "[\"\\u0000\"]", "an array has no SQL literal: bind it");
  array_literal(CORM_TYPE_STRING, "[\"a", "an array has no SQL literal: bind it");
  array_literal(CORM_TYPE_BINARY, "[\"00\"]", "an array has no SQL literal: bind it");
  is_literal(corm_type_default(CORM_TYPE_ARRAY), bytes(CORM_ARRAY, "[]", 2), "an array has no SQL literal: bind it");
}

static const corm_node *compiled_node;

static bool compile_one(const corm_mem *mem) {
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, mem);
  bool ok = corm_compile_in(&arena, &corm_dialect_postgresql, compiled_node, NULL, &compiled, &err) == CORM_OK;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_error_clear(&err);
  corm_arena_clear(&arena);
  return ok;
}

static bool refuse_one(const corm_mem *mem) {
  corm_scratch scratch;
  corm_value out, in = corm_value_text("x", 1);
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, mem);
  assert_int_equal(
      corm_native_decode(&corm_dialect_postgresql, corm_type_default(CORM_TYPE_INTEGER), &in, &scratch, &out, &err),
      CORM_FAILED);
  bool ok = err.cls == CORM_E_DATA;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_error_clear(&err);
  corm_scratch_clear(&scratch);
  return ok;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  compiled_node = call("coalesce", string("x"), integer(1));
  fail_mem_each(compile_one);
  fail_mem_each(refuse_one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_comparison_tells_the_type, open_nodes, close_nodes),
      cmocka_unit_test_setup_teardown(other_places_do_not, open_nodes, close_nodes),
      cmocka_unit_test_setup_teardown(results_of_one_type, open_nodes, close_nodes),
      cmocka_unit_test_setup_teardown(raw_text_and_limits, open_nodes, close_nodes),
      cmocka_unit_test(casts_have_no_limits),
      cmocka_unit_test(enums_are_types),
      cmocka_unit_test(values_go_as_they_are),
      cmocka_unit_test(numbers_change_without_loss),
      cmocka_unit_test(times_and_texts),
      cmocka_unit_test(what_has_no_type_passes),
      cmocka_unit_test(literals),
      cmocka_unit_test(literals_of_arrays),
      cmocka_unit_test_setup_teardown(out_of_memory_is_reported, open_nodes, close_nodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
