/* MySQL and MariaDB: which dialect a server gets, what their codec sends and takes, and the texts that are sent. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "sql/compile.h"

#include "fail_mem.h"

static corm_arena nodes;

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

static const corm_type *type_of(corm_type_kind kind) {
  return corm_type_default(kind);
}

static const corm_dialect *server(bool mariadb, int number) {
  corm_server answer = {.version = "", .number = number, .mariadb = mariadb};
  const corm_dialect *of_mysql = corm_dialect_mysql.for_server(&corm_dialect_mysql, &answer);
  assert_ptr_equal(of_mysql, corm_dialect_mariadb.for_server(&corm_dialect_mariadb, &answer));
  return of_mysql;
}

/* -- dialects ------------------------------------------------------------------------------------------------------ */

static void names(void **state) {
  (void)state;
  assert_ptr_equal(corm_dialect_find("mysql"), &corm_dialect_mysql);
  assert_ptr_equal(corm_dialect_find("mariadb"), &corm_dialect_mariadb);
  assert_string_equal(corm_dialect_mysql.default_driver, "libmariadb");
}

static void type_is(const corm_dialect *dialect, corm_type_kind kind, const char *in_ddl, const char *in_cast) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(dialect->type_name(dialect, type_of(kind), &buf, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), in_ddl);
  corm_buf_reset(&buf);
  assert_int_equal(dialect->cast_type(dialect, type_of(kind), &buf, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), in_cast);
  corm_buf_clear(&buf);
}

static void a_server_decides_what_it_is(void **state) {
  (void)state;
  assert_string_equal(server(true, 101119)->name, "mariadb");
  assert_string_equal(server(false, 80036)->name, "mysql");
  assert_true(server(true, 101119)->insert_returning);
  assert_true(server(true, 100500)->insert_returning);
  assert_false(server(true, 100400)->insert_returning);
  assert_true(server(true, 100400)->delete_returning);
  assert_false(server(false, 80036)->insert_returning);
  assert_false(server(false, 80036)->delete_returning);
  assert_int_equal(server(true, 100400)->bulk, CORM_BULK_ARRAY);
  assert_int_equal(server(false, 90000)->bulk, CORM_BULK_NONE);
  type_is(server(true, 100700), CORM_TYPE_UUID, "UUID", "");
  type_is(server(true, 100699), CORM_TYPE_UUID, "CHAR(32)", "");
  type_is(server(false, 80036), CORM_TYPE_UUID, "CHAR(32)", "");
  type_is(server(true, 100700), CORM_TYPE_FLOAT, "DOUBLE", "DOUBLE");
  type_is(server(true, 100400), CORM_TYPE_FLOAT, "DOUBLE", "");
  type_is(server(false, 80017), CORM_TYPE_DOUBLE, "DOUBLE", "DOUBLE");
  type_is(server(false, 80016), CORM_TYPE_DOUBLE, "DOUBLE", "");
}

static void a_float_of_few_digits_is_cast_to_one(void **state) {
  (void)state;
  corm_type type = *type_of(CORM_TYPE_FLOAT);
  corm_buf buf;
  corm_error err = {.is_set = false};
  const corm_dialect *dialect = server(true, 101119);
  corm_buf_init(&buf, &corm_mem_libc);
  type.precision = 24;
  assert_int_equal(dialect->cast_type(dialect, &type, &buf, &err), CORM_OK);
  type.precision = 25;
  corm_buf_putc(&buf, ' ');
  assert_int_equal(dialect->cast_type(dialect, &type, &buf, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), "FLOAT DOUBLE");
  corm_buf_clear(&buf);
}

/* The search ends at the first word that is greater. */
static void reserved_words_are_sorted(void **state) {
  (void)state;
  const corm_dialect *const dialects[] = {&corm_dialect_mysql, &corm_dialect_mariadb};
  for (size_t d = 0; d < 2; d++) {
    for (int letter = 0; letter < 26; letter++) {
      const char *const *words = dialects[d]->reserved[letter];
      for (; words && *words; words++) {
        assert_int_equal((*words)[0], 'a' + letter);
        if (words[1]) assert_true(strcmp(words[0], words[1]) < 0);
      }
    }
  }
}

/* -- codec: out ---------------------------------------------------------------------------------------------------- */

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value of_text(corm_value_kind kind, const char *text) {
  return bytes(kind, text, strlen(text));
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

static void sends_on(const corm_dialect *dialect, corm_value in, corm_value_kind kind, const char *wanted) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(dialect->encode(dialect, NULL, &in, &scratch, &out, &err), CORM_OK);
  shows(&out, kind, wanted);
  corm_scratch_clear(&scratch);
}

static void sends(corm_value in, corm_value_kind kind, const char *wanted) {
  sends_on(&corm_dialect_mysql, in, kind, wanted);
  sends_on(&corm_dialect_mariadb, in, kind, wanted);
}

static void refuses_for(const corm_type *type, corm_value in, const char *part) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_mysql.encode(&corm_dialect_mysql, type, &in, &scratch, &out, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_non_null(strstr(err.message, part));
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
}

static void refuses(corm_value in, const char *part) {
  refuses_for(NULL, in, part);
}

static void what_the_driver_moves_stays(void **state) {
  (void)state;
  sends(corm_value_null(), CORM_NULL, "NULL");
  sends(corm_value_int(INT64_MIN), CORM_INT, "-9223372036854775808");
  sends(corm_value_real(0.1), CORM_REAL, "0.1");
  sends(of_text(CORM_TEXT, "a'\\"), CORM_TEXT, "'a''\\'");
  sends(bytes(CORM_BLOB, "\xFF", 1), CORM_BLOB, "X'ff'");
  sends(of_text(CORM_DECIMAL, "1.50"), CORM_DECIMAL, "1.50");
  sends(of_kind(CORM_DATE, CORM_DATE_MIN), CORM_DATE, "0001-01-01");
  sends(of_kind(CORM_TIME, 1), CORM_TIME, "00:00:00.000001");
  sends(of_kind(CORM_DATETIME, CORM_DATETIME_MAX), CORM_DATETIME, "9999-12-31 23:59:59.999999");
}

static void what_the_server_lacks_takes_another_form(void **state) {
  (void)state;
  static const char uuid[16] = {0x12, 0x34, 0x56, 0x78, 0x1A, 0x2C, 0x3E, 0x40, 1, 2, 3, 4, 5, 6, 7, 8};
  sends(corm_value_bool(true), CORM_INT, "1");
  sends(of_text(CORM_JSON, "{\"a\":1}"), CORM_TEXT, "'{\"a\":1}'");
  sends(of_kind(CORM_INTERVAL, -1), CORM_DATETIME, "1969-12-31 23:59:59.999999");
  sends_on(&corm_dialect_mysql, bytes(CORM_UUID, uuid, 16), CORM_TEXT, "'123456781a2c3e400102030405060708'");
  sends_on(&corm_dialect_mariadb, bytes(CORM_UUID, uuid, 16), CORM_TEXT, "'12345678-1a2c-3e40-0102-030405060708'");
  sends_on(server(true, 100600), bytes(CORM_UUID, uuid, 16), CORM_TEXT, "'123456781a2c3e400102030405060708'");
}

static void what_the_server_would_change_is_refused(void **state) {
  (void)state;
  refuses(corm_value_real(NAN), "NaN");
  refuses(corm_value_real(-INFINITY), "infinite");
  refuses(of_kind(CORM_INTERVAL, CORM_DATETIME_MAX + 1), "interval");
  refuses(of_kind(CORM_INTERVAL, CORM_DATETIME_MIN - 1), "interval");
  refuses(of_kind(CORM_DATE, CORM_DATE_MAX + 1), "years 1 to 9999");
  refuses(of_text(CORM_ARRAY, "[1]"), "JSON");
  refuses(of_text(CORM_TEXT, "\xFF"), "UTF-8");
  refuses_for(type_of(CORM_TYPE_NULLTYPE), of_text(CORM_TEXT, "a\xC3"), "UTF-8");
  refuses((corm_value){.kind = CORM_ABSENT}, "absent");
}

static void decimals_keep_their_digits_or_are_refused(void **state) {
  (void)state;
  corm_type wide = *type_of(CORM_TYPE_NUMERIC);
  wide.precision = 50;
  wide.scale = 31;
  corm_value thirty_one = of_text(CORM_DECIMAL, "0.0000000000000000000000000000001");
  sends(of_text(CORM_DECIMAL, "0.000000000000000000000000000001"), CORM_DECIMAL, "0.000000000000000000000000000001");
  sends(of_text(CORM_DECIMAL, "0.0000000000000000000000000000010000"), CORM_DECIMAL,
        "0.0000000000000000000000000000010000");
  refuses(thirty_one, "30 of them");
  refuses_for(type_of(CORM_TYPE_NUMERIC), thirty_one, "30 of them");
  char digits[67];
  memset(digits, '9', sizeof digits);
  sends(bytes(CORM_DECIMAL, digits, 65), CORM_DECIMAL,
        "99999999999999999999999999999999999999999999999999999999999999999");
  refuses(bytes(CORM_DECIMAL, digits, 66), "65 of a decimal number");

  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  corm_scratch_init(&scratch, &corm_mem_libc);
  assert_int_equal(corm_dialect_mariadb.encode(&corm_dialect_mariadb, &wide, &thirty_one, &scratch, &out, &err),
                   CORM_OK);
  shows(&out, CORM_DECIMAL, "0.0000000000000000000000000000001");
  corm_scratch_clear(&scratch);
}

/* -- codec: back --------------------------------------------------------------------------------------------------- */

static corm_status decode(const corm_type *type, corm_value in, corm_value *out, corm_scratch *scratch,
                          corm_error *err) {
  corm_scratch_init(scratch, &corm_mem_libc);
  return corm_dialect_mysql.decode(&corm_dialect_mysql, type, &in, scratch, out, err);
}

static void loads_as(const corm_type *type, corm_value in, corm_value_kind kind, const char *wanted) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  if (decode(type, in, &out, &scratch, &err) != CORM_OK) fail_msg("%s", err.message);
  shows(&out, kind, wanted);
  corm_scratch_clear(&scratch);
}

static void loads(corm_type_kind type, corm_value in, corm_value_kind kind, const char *wanted) {
  loads_as(type_of(type), in, kind, wanted);
}

static void is_dirty(corm_type_kind type, corm_value in, const char *message) {
  corm_scratch scratch;
  corm_value out;
  corm_error err = {.is_set = false};
  assert_int_equal(decode(type_of(type), in, &out, &scratch, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.message, message);
  corm_scratch_clear(&scratch);
  corm_error_clear(&err);
}

static void the_servers_forms_are_read(void **state) {
  (void)state;
  corm_value uuid = of_text(CORM_TEXT, "12345678-1a2c-3e40-0102-030405060708");
  loads(CORM_TYPE_BOOLEAN, corm_value_int(1), CORM_BOOL, "true");
  loads(CORM_TYPE_INTEGER, of_text(CORM_DECIMAL, "6"), CORM_INT, "6");
  loads(CORM_TYPE_FLOAT, of_text(CORM_DECIMAL, "0.3333"), CORM_REAL, "0.3333");
  loads(CORM_TYPE_UUID, uuid, CORM_UUID, "12345678-1a2c-3e40-0102-030405060708");
  loads(CORM_TYPE_UUID, of_text(CORM_TEXT, "123456781a2c3e400102030405060708"), CORM_UUID,
        "12345678-1a2c-3e40-0102-030405060708");
  loads(CORM_TYPE_JSON, of_text(CORM_TEXT, "[1]"), CORM_JSON, "'[1]'");
  loads(CORM_TYPE_JSON, of_text(CORM_BLOB, "[1]"), CORM_JSON, "'[1]'");
  loads(CORM_TYPE_STRING, of_text(CORM_BLOB, "ü"), CORM_TEXT, "'ü'");
  loads(CORM_TYPE_BINARY, of_text(CORM_BLOB, "ü"), CORM_BLOB, "X'c3bc'");
  loads(CORM_TYPE_DATE, of_kind(CORM_DATETIME, CORM_USEC_PER_DAY), CORM_DATE, "1970-01-02");
  loads(CORM_TYPE_STRING, corm_value_null(), CORM_NULL, "NULL");
  loads_as(NULL, corm_value_int(5), CORM_INT, "5");
}

static void intervals_come_in_three_forms(void **state) {
  (void)state;
  corm_value stored = of_kind(CORM_DATETIME, -1), time = of_kind(CORM_TIME, 5), out;
  corm_scratch scratch;
  corm_error err = {.is_set = false};
  const corm_type *type = type_of(CORM_TYPE_INTERVAL);
  assert_int_equal(decode(type, stored, &out, &scratch, &err), CORM_OK);
  assert_true(out.kind == CORM_INTERVAL && out.as.i == -1);
  assert_int_equal(decode(type, time, &out, &scratch, &err), CORM_OK);
  assert_true(out.kind == CORM_INTERVAL && out.as.i == 5);
  assert_int_equal(decode(type, of_kind(CORM_INTERVAL, -7), &out, &scratch, &err), CORM_OK);
  assert_true(out.kind == CORM_INTERVAL && out.as.i == -7);
  assert_int_equal(decode(type, of_text(CORM_TEXT, "1970-01-02 00:00:00"), &out, &scratch, &err), CORM_OK);
  assert_true(out.kind == CORM_INTERVAL && out.as.i == CORM_USEC_PER_DAY);
}

static void zeros_that_nobody_wrote_are_left_out(void **state) {
  (void)state;
  corm_type scaled = *type_of(CORM_TYPE_NUMERIC);
  scaled.precision = 10;
  scaled.scale = 2;
  loads(CORM_TYPE_NUMERIC, of_text(CORM_DECIMAL, "1.500000"), CORM_DECIMAL, "1.5");
  loads(CORM_TYPE_NUMERIC, of_text(CORM_DECIMAL, "100.000000"), CORM_DECIMAL, "100");
  loads(CORM_TYPE_NUMERIC, of_text(CORM_DECIMAL, "100"), CORM_DECIMAL, "100");
  loads_as(&scaled, of_text(CORM_DECIMAL, "1.50"), CORM_DECIMAL, "1.50");
}

static void what_is_of_another_kind_is_refused(void **state) {
  (void)state;
  is_dirty(CORM_TYPE_BOOLEAN, corm_value_int(2), "the stored integer 2 cannot be read as Boolean");
  is_dirty(CORM_TYPE_DATE, of_text(CORM_TEXT, "0000-00-00"), "the stored string '0000-00-00' cannot be read as Date");
  is_dirty(CORM_TYPE_STRING, of_text(CORM_BLOB, "\xFF"), "the stored binary X'ff' cannot be read as String");
  is_dirty(CORM_TYPE_UUID, of_text(CORM_TEXT, "x"), "the stored string 'x' cannot be read as Uuid");
}

static void what_arrives_as_its_own_kind_is_plain(void **state) {
  (void)state;
  static const struct {
    corm_type_kind kind;
    bool plain;
  } cases[] = {
      {CORM_TYPE_INTEGER, true},   {CORM_TYPE_STRING, true},   {CORM_TYPE_TEXT, true},  {CORM_TYPE_DOUBLE, true},
      {CORM_TYPE_DATE, true},      {CORM_TYPE_TIME, true},     {CORM_TYPE_JSON, true},  {CORM_TYPE_DATETIME, true},
      {CORM_TYPE_BINARY, true},    {CORM_TYPE_NULLTYPE, true}, {CORM_TYPE_UUID, false}, {CORM_TYPE_BOOLEAN, false},
      {CORM_TYPE_INTERVAL, false}, {CORM_TYPE_NUMERIC, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(corm_dialect_mysql.is_plain(&corm_dialect_mysql, type_of(cases[i].kind)), cases[i].plain);
  }
  corm_type scaled = *type_of(CORM_TYPE_NUMERIC);
  scaled.precision = 10;
  assert_true(corm_dialect_mysql.is_plain(&corm_dialect_mysql, &scaled));
}

/* -- text ---------------------------------------------------------------------------------------------------------- */

static const corm_node *name(const char *text, corm_type_kind kind) {
  return corm_name_in(&nodes, text, type_of(kind));
}

static const corm_node *bound(const char *text) {
  corm_value value = corm_value_text(text, strlen(text));
  return corm_bind_in(&nodes, NULL, NULL, &value);
}

static void is(const corm_node *node, bool named, const char *wanted) {
  corm_compile_options options = {.named = named};
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, &corm_mem_libc);
  if (corm_compile_in(&arena, &corm_dialect_mariadb, node, &options, &compiled, &err) != CORM_OK) {
    fail_msg("%s", err.message);
  }
  assert_string_equal(compiled.sql, wanted);
  corm_arena_clear(&arena);
}

static const corm_node *binary(corm_op op) {
  return corm_binary_in(&nodes, op, name("a", CORM_TYPE_STRING), name("b", CORM_TYPE_STRING));
}

static void operators(void **state) {
  (void)state;
  is(binary(CORM_OP_REGEXP), true, "a REGEXP b");
  is(binary(CORM_OP_NOT_REGEXP), true, "a NOT REGEXP b");
  is(binary(CORM_OP_MATCH), true, "MATCH (a) AGAINST (b IN BOOLEAN MODE)");
  is(binary(CORM_OP_NOT_MATCH), true, "NOT MATCH (a) AGAINST (b IN BOOLEAN MODE)");
  is(binary(CORM_OP_BIT_XOR), true, "a ^ b");
  is(binary(CORM_OP_MOD), true, "a % b");
}

/* The server takes no parameter behind SEPARATOR. */
static void a_separator_is_sent_as_a_literal(void **state) {
  (void)state;
  const corm_node *args[2] = {name("a", CORM_TYPE_STRING), bound("'\\")};
  const corm_node *joined = corm_function_in(&nodes, "aggregate_strings", NULL, args, 2);
  is(joined, true, "group_concat(a SEPARATOR :param_1)");
  is(joined, false, "group_concat(a SEPARATOR '''\\\\')");
}

/* Each level is a frame nowhere but on the compiler's own stack. */
static void a_long_chain_is_one_call(void **state) {
  (void)state;
  enum { LENGTH = 20000 };
  const corm_node *left = name("a", CORM_TYPE_STRING), *right = left;
  for (size_t i = 1; i < LENGTH; i++) {
    left = corm_binary_in(&nodes, CORM_OP_CONCAT, left, name("a", CORM_TYPE_STRING));
    right = corm_binary_in(&nodes, CORM_OP_CONCAT, name("a", CORM_TYPE_STRING), right);
  }
  char *wanted = malloc(3 * LENGTH + 8);
  assert_non_null(wanted);
  char *at = wanted + sprintf(wanted, "concat(a");
  for (size_t i = 1; i < LENGTH; i++) at += sprintf(at, ", a");
  sprintf(at, ")");
  is(left, true, wanted);
  is(right, true, wanted);
  free(wanted);
}

static const corm_node *compiled_node;

static bool compile_one(const corm_mem *mem) {
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, mem);
  bool ok = corm_compile_in(&arena, &corm_dialect_mysql, compiled_node, NULL, &compiled, &err) == CORM_OK;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_error_clear(&err);
  corm_arena_clear(&arena);
  return ok;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  const corm_node *args[2] = {name("a", CORM_TYPE_STRING), bound(", ")};
  const corm_node *sum =
      corm_binary_in(&nodes, CORM_OP_ADD, name("a", CORM_TYPE_INTEGER), name("b", CORM_TYPE_INTEGER));
  const corm_node *const statements[] = {
      corm_function_in(&nodes, "aggregate_strings", NULL, args, 2),
      corm_cast_in(&nodes, sum, type_of(CORM_TYPE_FLOAT), false),
      corm_cast_in(&nodes, sum, type_of(CORM_TYPE_STRING), false),
      corm_binary_in(&nodes, CORM_OP_CONCAT, binary(CORM_OP_CONCAT), bound("x")),
      corm_affix_in(&nodes, CORM_OP_ILIKE, CORM_LIKE_PERCENT_BEFORE | CORM_LIKE_PERCENT_AFTER,
                    name("a", CORM_TYPE_STRING), bound("x"), "\\"),
  };
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    compiled_node = statements[i];
    assert_non_null(compiled_node);
    fail_mem_each(compile_one);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(a_server_decides_what_it_is),
      cmocka_unit_test(a_float_of_few_digits_is_cast_to_one),
      cmocka_unit_test(reserved_words_are_sorted),
      cmocka_unit_test(what_the_driver_moves_stays),
      cmocka_unit_test(what_the_server_lacks_takes_another_form),
      cmocka_unit_test(what_the_server_would_change_is_refused),
      cmocka_unit_test(decimals_keep_their_digits_or_are_refused),
      cmocka_unit_test(the_servers_forms_are_read),
      cmocka_unit_test(intervals_come_in_three_forms),
      cmocka_unit_test(zeros_that_nobody_wrote_are_left_out),
      cmocka_unit_test(what_is_of_another_kind_is_refused),
      cmocka_unit_test(what_arrives_as_its_own_kind_is_plain),
      cmocka_unit_test(operators),
      cmocka_unit_test(a_separator_is_sent_as_a_literal),
      cmocka_unit_test(a_long_chain_is_one_call),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, open_nodes, close_nodes);
}
