/* Types that are written as they are called: what follows the name, by the rules of each family of databases. */
#include "dialect/spelled.h"

#include "fail_mem.h"

static corm_type spelled(const char *spelling, corm_type_form form) {
  return (corm_type){.kind = CORM_TYPE_STRING,
                     .spelling = spelling,
                     .form = (uint8_t)form,
                     .length = -1,
                     .precision = -1,
                     .scale = -1,
                     .return_scale = -1};
}

static const struct {
  const char *dialect;
  const corm_spelling *rules;
} families[] = {{"sqlite", &corm_spelling_ansi},
                {"postgresql", &corm_spelling_postgresql},
                {"mysql", &corm_spelling_mysql},
                {"mariadb", &corm_spelling_mysql}};

static corm_status write(size_t family, const corm_type *type, corm_buf *out, corm_error *err) {
  return corm_spelled_type(corm_dialect_find(families[family].dialect), families[family].rules, type, out, err);
}

static void one_is(size_t family, const corm_type *type, const char *wanted) {
  corm_buf out;
  corm_error err = {.is_set = false};
  corm_buf_init(&out, &corm_mem_libc);
  assert_int_equal(write(family, type, &out, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&out), wanted);
  corm_buf_clear(&out);
}

static void is(const corm_type *type, const char *sqlite, const char *postgresql, const char *mysql) {
  one_is(0, type, sqlite);
  one_is(1, type, postgresql);
  one_is(2, type, mysql);
  one_is(3, type, mysql);
}

static void fails(size_t family, const corm_type *type, corm_error_class cls, const char *message) {
  corm_buf out;
  corm_error err = {.is_set = false};
  corm_buf_init(&out, &corm_mem_libc);
  assert_int_equal(write(family, type, &out, &err), CORM_FAILED);
  assert_string_equal(corm_error_class_name(err.cls), corm_error_class_name(cls));
  assert_string_equal(err.message, message);
  corm_error_clear(&err);
  corm_buf_clear(&out);
}

static void lengths(void **state) {
  (void)state;
  corm_type type = spelled("VARCHAR", CORM_FORM_LENGTH);
  fails(2, &type, CORM_E_COMPILE, "VARCHAR requires a length on dialect mysql");
  one_is(0, &type, "VARCHAR");
  type.length = 5;
  is(&type, "VARCHAR(5)", "VARCHAR(5)", "VARCHAR(5)");
  type.spelling = "NVARCHAR";
  is(&type, "NVARCHAR(5)", "NVARCHAR(5)", "NATIONAL VARCHAR(5)");
  type.spelling = "TEXT";
  is(&type, "TEXT(5)", "TEXT", "TEXT(5)");
  type = spelled("BLOB", CORM_FORM_BLOB);
  type.length = 5;
  is(&type, "BLOB", "BLOB", "BLOB(5)");
}

static void numbers(void **state) {
  (void)state;
  corm_type type = spelled("NUMERIC", CORM_FORM_NUMBER);
  is(&type, "NUMERIC", "NUMERIC", "NUMERIC");
  type.precision = 10;
  is(&type, "NUMERIC(10)", "NUMERIC(10)", "NUMERIC(10)");
  type.scale = 2;
  is(&type, "NUMERIC(10, 2)", "NUMERIC(10, 2)", "NUMERIC(10, 2)");
  type.spelling = "FLOAT";
  type.form = CORM_FORM_FLOAT;
  is(&type, "FLOAT", "FLOAT(10)", "FLOAT(10, 2)");
  type = spelled("INTEGER", CORM_FORM_WIDTH);
  type.precision = 4;
  type.suffix = "UNSIGNED";
  is(&type, "INTEGER", "INTEGER", "INTEGER(4) UNSIGNED");
  type = spelled("BOOLEAN", CORM_FORM_BARE);
  is(&type, "BOOLEAN", "BOOLEAN", "BOOL");
}

static void times(void **state) {
  (void)state;
  corm_type type = spelled("TIMESTAMP", CORM_FORM_TIME);
  is(&type, "TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP");
  type.precision = 3;
  type.timezone = true;
  is(&type, "TIMESTAMP", "TIMESTAMP(3) WITH TIME ZONE", "TIMESTAMP(3)");
  type.spelling = "DATETIME";
  is(&type, "DATETIME", "DATETIME", "DATETIME(3)");
  type = spelled("INTERVAL", CORM_FORM_INTERVAL);
  type.owner = "postgresql";
  type.suffix = "YEAR TO MONTH";
  type.precision = 3;
  one_is(1, &type, "INTERVAL YEAR TO MONTH (3)");
}

static void collations(void **state) {
  (void)state;
  corm_type type = spelled("CHAR", CORM_FORM_LENGTH);
  type.length = 2;
  type.collation = "a\"b";
  is(&type, "CHAR(2) COLLATE \"a\"\"b\"", "CHAR(2) COLLATE \"a\"\"b\"", "CHAR(2) COLLATE `a\"b`");
}

static void values(void **state) {
  (void)state;
  static const char *const values[] = {"a", "it's"};
  corm_type type = spelled("SET", CORM_FORM_VALUES);
  type.owner = "mysql";
  type.values = values;
  type.nvalues = 2;
  one_is(2, &type, "SET('a','it''s')");
  one_is(3, &type, "SET('a','it''s')");
}

static void types_of_others_are_refused(void **state) {
  (void)state;
  corm_type type = spelled("INET", CORM_FORM_BARE);
  type.owner = "postgresql";
  one_is(1, &type, "INET");
  fails(0, &type, CORM_E_UNSUPPORTED_COMPILATION, "sqlite has no type INET, which is one of postgresql's");
  fails(3, &type, CORM_E_UNSUPPORTED_COMPILATION, "mariadb has no type INET, which is one of postgresql's");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths),    cmocka_unit_test(numbers), cmocka_unit_test(times),
      cmocka_unit_test(collations), cmocka_unit_test(values),  cmocka_unit_test(types_of_others_are_refused),
  };
  return cmocka_run_group_tests_name("spelled", tests, NULL, NULL);
}
