/* What dialects spell differently, through the compiler. */
#include "base/error.h"
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

static const corm_node *name(const char *text, corm_type_kind kind) {
  return corm_name_in(&nodes, text, type_of(kind));
}

static const corm_node *bound(int64_t number) {
  corm_value value = corm_value_int(number);
  return corm_bind_in(&nodes, NULL, NULL, &value);
}

static void is_on(const corm_dialect *dialect, const corm_node *node, const char *wanted) {
  static const corm_compile_options named = {.named = true};
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, &corm_mem_libc);
  if (corm_compile_in(&arena, dialect, node, &named, &compiled, &err) != CORM_OK) fail_msg("%s", err.message);
  assert_string_equal(compiled.sql, wanted);
  corm_arena_clear(&arena);
}

static void is(const corm_node *node, const char *sqlite, const char *generic) {
  is_on(&corm_dialect_sqlite, node, sqlite);
  is_on(&corm_dialect_default, node, generic);
}

static const corm_node *binary(corm_op op, corm_type_kind right) {
  return corm_binary_in(&nodes, op, name("a", CORM_TYPE_INTEGER), name("b", right));
}

static void division(void **state) {
  (void)state;
  is(binary(CORM_OP_TRUEDIV, CORM_TYPE_INTEGER), "a / (b + 0.0)", "a / CAST(b AS NUMERIC)");
  is(binary(CORM_OP_TRUEDIV, CORM_TYPE_FLOAT), "a / (b + 0.0)", "a / CAST(b AS FLOAT)");
  is(binary(CORM_OP_FLOORDIV, CORM_TYPE_INTEGER), "a / b", "a / b");
  is(binary(CORM_OP_FLOORDIV, CORM_TYPE_FLOAT), "FLOOR(a / (b + 0.0))", "FLOOR(a / b)");
}

static void operators_that_differ(void **state) {
  (void)state;
  is(binary(CORM_OP_IS_DISTINCT_FROM, CORM_TYPE_INTEGER), "a IS NOT b", "a IS DISTINCT FROM b");
  is(binary(CORM_OP_IS_NOT_DISTINCT_FROM, CORM_TYPE_INTEGER), "a IS b", "a IS NOT DISTINCT FROM b");
  is(binary(CORM_OP_BIT_XOR, CORM_TYPE_INTEGER), "((a | b) - (a & b))", "a ^ b");
  is(binary(CORM_OP_REGEXP, CORM_TYPE_STRING), "a REGEXP b", "a <regexp> b");
  is(binary(CORM_OP_NOT_REGEXP, CORM_TYPE_STRING), "a NOT REGEXP b", "a <not regexp> b");
  is(corm_constant_in(&nodes, CORM_CONSTANT_TRUE), "1", "true");
}

static void functions(void **state) {
  (void)state;
  const corm_node *a = name("a", CORM_TYPE_STRING);
  const corm_type *type = type_of(CORM_TYPE_STRING);
  const struct {
    const char *name;
    size_t nargs;
    const char *sqlite, *generic;
  } cases[] = {
      {"now", 0, "CURRENT_TIMESTAMP", "now()"},
      {"NOW", 0, "CURRENT_TIMESTAMP", "now()"},
      {"current_timestamp", 0, "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"},
      {"current_date", 0, "CURRENT_DATE", "CURRENT_DATE"},
      {"localtimestamp", 0, "DATETIME(CURRENT_TIMESTAMP, 'localtime')", "LOCALTIMESTAMP"},
      {"char_length", 1, "length(a)", "char_length(a)"},
      {"aggregate_strings", 1, "group_concat(a)", "aggregate_strings(a)"},
      {"random", 0, "random()", "random()"},
      {"lower", 1, "lower(a)", "lower(a)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    is(corm_function_in(&nodes, cases[i].name, type, &a, cases[i].nargs), cases[i].sqlite, cases[i].generic);
  }
}

static const corm_node *extract(const char *field) {
  return corm_extract_in(&nodes, field, name("a", CORM_TYPE_DATETIME));
}

static void parts_of_dates(void **state) {
  (void)state;
  is(extract("year"), "CAST(STRFTIME('%Y', a) AS INTEGER)", "EXTRACT(year FROM a)");
  is(extract("epoch"), "CAST(STRFTIME('%s', a) AS INTEGER)", "EXTRACT(epoch FROM a)");
  corm_arena arena;
  corm_compiled compiled;
  corm_error err = {.is_set = false};
  corm_arena_init(&arena, &corm_mem_libc);
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, extract("quarter"), NULL, &compiled, &err),
                   CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_COMPILE);
  assert_non_null(strstr(err.message, "sqlite has no field 'quarter' of extract()"));
  corm_error_clear(&err);
  corm_arena_clear(&arena);
}

static void empty_lists(void **state) {
  (void)state;
  const corm_node *a = name("a", CORM_TYPE_INTEGER);
  const corm_node *pair[] = {a, name("b", CORM_TYPE_INTEGER)};
  is(corm_in_in(&nodes, CORM_OP_IN, a, NULL, 0, 0), "a IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)",
     "a IN (NULL) AND (1 != 1)");
  is(corm_in_in(&nodes, CORM_OP_NOT_IN, a, NULL, 0, 0), "(a NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))",
     "(a NOT IN (NULL) OR (1 = 1))");
  is(corm_in_in(&nodes, CORM_OP_IN, corm_tuple_in(&nodes, pair, 2), NULL, 0, 2),
     "(a, b) IN (SELECT 1, 1 FROM (SELECT 1, 1) WHERE 1!=1)", "(a, b) IN ((NULL, NULL)) AND (1 != 1)");
}

static const corm_node *limited(const corm_node *limit, const corm_node *offset) {
  const corm_node **columns = corm_arena_zalloc(&nodes, 1, sizeof *columns);
  corm_select *select = corm_arena_zalloc(&nodes, 1, sizeof *select);
  assert_true(columns && select);
  columns[0] = name("a", CORM_TYPE_INTEGER);
  select->base = (corm_node){.kind = CORM_NODE_SELECT, .type = type_of(CORM_TYPE_NULLTYPE)};
  select->columns = columns;
  select->ncolumns = 1;
  select->limit = limit;
  select->offset = offset;
  return &select->base;
}

static void limits(void **state) {
  (void)state;
  is(limited(NULL, NULL), "SELECT a", "SELECT a");
  is(limited(bound(5), NULL), "SELECT a\n LIMIT :param_1 OFFSET :param_2", "SELECT a\n LIMIT :param_1");
  is(limited(bound(5), bound(10)), "SELECT a\n LIMIT :param_1 OFFSET :param_2",
     "SELECT a\n LIMIT :param_1 OFFSET :param_2");
  is(limited(NULL, bound(10)), "SELECT a\n LIMIT :param_1 OFFSET :param_2", "SELECT a\n LIMIT -1 OFFSET :param_1");
}

static const corm_node *compiled_node;

static bool compile_one(const corm_mem *mem) {
  const corm_dialect *const dialects[] = {&corm_dialect_sqlite, &corm_dialect_default};
  bool ok = true;
  for (size_t i = 0; i < 2 && ok; i++) {
    corm_arena arena;
    corm_compiled compiled;
    corm_error err = {.is_set = false};
    corm_arena_init(&arena, mem);
    ok = corm_compile_in(&arena, dialects[i], compiled_node, NULL, &compiled, &err) == CORM_OK;
    if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
    corm_error_clear(&err);
    corm_arena_clear(&arena);
  }
  return ok;
}

/* The callbacks make nodes: a LIMIT's stand-in, a divisor's cast. */
static void out_of_memory_is_reported(void **state) {
  (void)state;
  compiled_node = limited(bound(5), NULL);
  fail_mem_each(compile_one);
  compiled_node = binary(CORM_OP_TRUEDIV, CORM_TYPE_INTEGER);
  fail_mem_each(compile_one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(division),
      cmocka_unit_test(operators_that_differ),
      cmocka_unit_test(functions),
      cmocka_unit_test(parts_of_dates),
      cmocka_unit_test(empty_lists),
      cmocka_unit_test(limits),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, open_nodes, close_nodes);
}
