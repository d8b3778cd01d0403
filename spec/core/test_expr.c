#include "sql_fixture.h"

#include <pthread.h>
#include <stdlib.h>

static void test_comparisons(void **state) {
  (void)state;
  CHECK({eq_int(a_id, 5), "account.id = :id_1", NULL}, {ne_int(a_id, 5), "account.id != :id_1", NULL},
        {lt_int(a_id, 5), "account.id < :id_1", NULL}, {le_int(a_id, 5), "account.id <= :id_1", NULL},
        {gt_int(a_id, 5), "account.id > :id_1", NULL}, {ge_int(a_id, 5), "account.id >= :id_1", NULL},
        {eq(a_id, e_id), "account.id = address.id", NULL}, {eq_null(a_id), "account.id IS NULL", NULL},
        {not_(eq_null(a_id)), "account.id IS NOT NULL", NULL},
        {ne(a_id, constant(CORM_CONSTANT_NULL)), "account.id IS NOT NULL", NULL},
        {is(a_id, constant(CORM_CONSTANT_NULL)), "account.id IS NULL", NULL},
        {is_not(a_id, constant(CORM_CONSTANT_NULL)), "account.id IS NOT NULL", NULL},
        {compare_bool(CORM_OP_EQ, a_active, true), "account.active = true", "account.active = 1"},
        {compare_bool(CORM_OP_NE, a_active, false), "account.active != false", "account.active != 0"},
        {compare_bool(CORM_OP_IS, a_active, true), "account.active IS true", "account.active IS 1"},
        {distinct_from_int(a_id, 5), "account.id IS DISTINCT FROM :id_1", "account.id IS NOT :id_1"},
        {not_distinct_from_int(a_id, 5), "account.id IS NOT DISTINCT FROM :id_1", "account.id IS :id_1"},
        {not_(distinct_from(a_id, e_id)), "account.id IS NOT DISTINCT FROM address.id", "account.id IS address.id"},
        {eq(eq_int(a_id, 1), eq_int(a_age, 2)), "(account.id = :id_1) = (account.age = :age_1)", NULL},
        {AND(eq_int(a_id, 1), eq_int(a_id, 2)), "account.id = :id_1 AND account.id = :id_2", NULL},
        {eq_text(a_name, "x"), "account.name = :name_1", NULL},
        {eq(a_name, lit_text("x")), "account.name = :param_1", NULL},
        {eq(a_name, param("who")), "account.name = :who", NULL},
        {gt_int(FUNC("count", a_id), 2), "count(account.id) > :count_1", NULL},
        {eq_int(label("total", plus(a_id, a_age)), 3), "account.id + account.age = :total_1", NULL},
        {eq_int(raw("rowid"), 3), "rowid = :rowid_1", NULL},
        {corm_compare_reverse_in(&arena, CORM_OP_ADD, &(corm_value){.kind = CORM_INT, .as.i = 1}, a_id),
         ":id_1 + account.id", NULL}, );
}

static void test_negation(void **state) {
  (void)state;
  CHECK({not_(eq_int(a_id, 5)), "account.id != :id_1", NULL}, {not_(lt_int(a_id, 5)), "account.id >= :id_1", NULL},
        {not_(gt_int(a_id, 5)), "account.id <= :id_1", NULL}, {not_(le_int(a_id, 5)), "account.id > :id_1", NULL},
        {not_(ge_int(a_id, 5)), "account.id < :id_1", NULL}, {not_(not_(eq_int(a_id, 5))), "account.id = :id_1", NULL},
        {not_(like_text(a_name, "x")), "account.name NOT LIKE :name_1", NULL},
        {not_(contains(a_name, "x")), "account.name NOT LIKE '%' || :name_1 || '%'", NULL},
        {not_(IN_INTS(IN, a_id, 1, 2)), "(account.id NOT IN (:id_1_1, :id_1_2))", NULL},
        {not_(between(CORM_OP_BETWEEN, a_id, 1, 2)), "account.id NOT BETWEEN :id_1 AND :id_2", NULL},
        {not_(AND(eq_int(a_id, 1), eq_int(a_age, 2))), "NOT (account.id = :id_1 AND account.age = :age_1)", NULL},
        {not_(OR(eq_int(a_id, 1), eq_int(a_age, 2))), "NOT (account.id = :id_1 OR account.age = :age_1)", NULL},
        {not_(not_(OR(eq_int(a_id, 1), eq_int(a_age, 2)))), "NOT (NOT (account.id = :id_1 OR account.age = :age_1))",
         NULL},
        {not_(a_active), "NOT account.active", "account.active = 0"},
        {not_(not_(a_active)), "account.active", "account.active = 1"}, {not_(a_id), "NOT account.id", NULL},
        {not_(plus(a_id, a_age)), "NOT (account.id + account.age)", NULL},
        {not_(constant(CORM_CONSTANT_TRUE)), "false", "0"}, {not_(constant(CORM_CONSTANT_FALSE)), "true", "1"},
        {not_(exists(SELECT(e_id))), "NOT (EXISTS (SELECT address.id \nFROM address))", NULL},
        {not_(text("x = 1")), "NOT x = 1", NULL}, {not_(func0("is_ok")), "NOT is_ok()", NULL},
        {not_(cast(a_id, CORM_TYPE_BOOLEAN)), "NOT CAST(account.id AS BOOLEAN)", "CAST(account.id AS BOOLEAN) = 0"}, );
}

static void test_conjunctions(void **state) {
  (void)state;
  N a = eq_int(a_id, 1), b = eq_int(a_age, 2), c = gt_int(a_age, 3);
  N yes = constant(CORM_CONSTANT_TRUE), no = constant(CORM_CONSTANT_FALSE);
  N empty = corm_and_or_in(&arena, CORM_OP_AND, NULL, 0);
  CHECK({AND(a, b, c), "account.id = :id_1 AND account.age = :age_1 AND account.age > :age_2", NULL},
        {AND(AND(a, b), c), "account.id = :id_1 AND account.age = :age_1 AND account.age > :age_2", NULL},
        {OR(a, OR(b, c)), "account.id = :id_1 OR account.age = :age_1 OR account.age > :age_2", NULL},
        {AND(a, OR(b, c)), "account.id = :id_1 AND (account.age = :age_1 OR account.age > :age_2)", NULL},
        {OR(a, AND(b, c)), "account.id = :id_1 OR account.age = :age_1 AND account.age > :age_2", NULL},
        {AND(OR(a, b), OR(b, c)),
         "(account.id = :id_1 OR account.age = :age_1) AND (account.age = :age_1 OR account.age > :age_2)", NULL},
        {AND(a), "account.id = :id_1", NULL}, {AND(a, yes), "account.id = :id_1", NULL},
        {AND(yes, yes), "true", "1 = 1"}, {AND(a, no), "false", "0 = 1"}, {OR(a, yes), "true", "1 = 1"},
        {OR(a, no), "account.id = :id_1", NULL}, {OR(no, no), "false", "0 = 1"}, {empty, "", NULL},
        {AND(a, empty), "account.id = :id_1", NULL},
        {AND(a_active, a), "account.active AND account.id = :id_1", "account.active = 1 AND account.id = :id_1"},
        {OR(not_(a_active), a), "NOT account.active OR account.id = :id_1", "account.active = 0 OR account.id = :id_1"},
        {AND(not_(a_id), a), "NOT account.id AND account.id = :id_1", NULL},
        {AND(exists(SELECT(e_id)), a), "(EXISTS (SELECT address.id \nFROM address)) AND account.id = :id_1", NULL},
        {AND(text("x = 1 or y"), a), "x = 1 or y AND account.id = :id_1", NULL},
        {AND(contains(a_name, "x"), a), "(account.name LIKE '%' || :name_1 || '%') AND account.id = :id_1", NULL},
        {AND(contains(a_name, "x")), "(account.name LIKE '%' || :name_1 || '%')", NULL},
        {eq(AND(a, b), constant(CORM_CONSTANT_TRUE)), "(account.id = :id_1 AND account.age = :age_1) = true",
         "(account.id = :id_1 AND account.age = :age_1) = 1"}, );
}

static void test_arithmetic(void **state) {
  (void)state;
  CHECK({plus_int(a_id, 1), "account.id + :id_1", NULL}, {minus_int(a_id, 1), "account.id - :id_1", NULL},
        {times_int(a_id, 2), "account.id * :id_1", NULL}, {mod_int(a_id, 2), "account.id % :id_1", NULL},
        {plus(plus(a_id, a_age), a_id), "account.id + account.age + account.id", NULL},
        {plus(a_id, plus(a_age, a_id)), "account.id + account.age + account.id", NULL},
        {minus(minus(a_id, a_age), a_id), "(account.id - account.age) - account.id", NULL},
        {minus(a_id, minus(a_age, a_id)), "account.id - (account.age - account.id)", NULL},
        {minus(plus(a_id, a_age), a_id), "(account.id + account.age) - account.id", NULL},
        {times(plus(a_id, a_age), a_id), "(account.id + account.age) * account.id", NULL},
        {plus(times(a_id, a_age), a_id), "account.id * account.age + account.id", NULL},
        {times(a_id, times(a_age, a_id)), "account.id * account.age * account.id", NULL},
        {eq(plus(a_id, a_age), a_id), "account.id + account.age = account.id", NULL},
        {plus(eq(a_id, a_age), a_id), "(account.id = account.age) + account.id", NULL},
        {over(a_id, a_age), "account.id / CAST(account.age AS NUMERIC)", "account.id / (account.age + 0.0)"},
        {over(a_id, a_score), "account.id / CAST(account.score AS FLOAT)", "account.id / (account.score + 0.0)"},
        {over(plus(a_id, a_age), a_age), "(account.id + account.age) / CAST(account.age AS NUMERIC)",
         "(account.id + account.age) / (account.age + 0.0)"},
        {floor_over(a_id, a_age), "account.id / account.age", NULL},
        {floor_over(a_id, a_score), "FLOOR(account.id / account.score)", "FLOOR(account.id / (account.score + 0.0))"},
        {unary(CORM_OP_NEG, a_id), "-account.id", NULL},
        {unary(CORM_OP_NEG, plus(a_id, a_age)), "-(account.id + account.age)", NULL},
        {unary(CORM_OP_NEG, unary(CORM_OP_NEG, a_id)), "-(-account.id)", NULL},
        {times(unary(CORM_OP_NEG, a_id), a_age), "(-account.id) * account.age", NULL},
        {compare_real(CORM_OP_MUL, a_id, 2.5), "account.id * :id_1", NULL},
        {bit_and_int(a_id, 1), "account.id & :id_1", NULL}, {bit_or_int(a_id, 1), "account.id | :id_1", NULL},
        {bit_xor(a_id, a_age), "account.id ^ account.age", "((account.id | account.age) - (account.id & account.age))"},
        {bit_or(bit_and(a_id, a_age), a_id), "(account.id & account.age) | account.id", NULL},
        {bit_and(bit_and(a_id, a_age), a_id), "(account.id & account.age) & account.id", NULL},
        {lshift_int(a_id, 2), "account.id << :id_1", NULL}, {rshift_int(a_id, 2), "account.id >> :id_1", NULL},
        {unary(CORM_OP_BIT_NOT, a_id), "~account.id", NULL},
        {unary(CORM_OP_BIT_NOT, bit_or(a_id, a_age)), "~(account.id | account.age)", NULL}, );
}

static void test_strings(void **state) {
  (void)state;
  CHECK(
      {plus_text(a_name, "x"), "account.name || :name_1", NULL},
      {concat(a_name, e_email), "account.name || address.email", NULL},
      {concat(a_name, concat(e_email, a_name)), "account.name || address.email || account.name", NULL},
      {concat(plus(a_id, a_age), a_name), "account.id + account.age || account.name", NULL},
      {eq(concat(a_name, e_email), a_name), "account.name || address.email = account.name", NULL},
      {like_text(a_name, "x%"), "account.name LIKE :name_1", NULL},
      {ilike_text(a_name, "x%"), "lower(account.name) LIKE lower(:name_1)", NULL},
      {not_(ilike_text(a_name, "x%")), "lower(account.name) NOT LIKE lower(:name_1)", NULL},
      {corm_like_in(&arena, CORM_OP_LIKE, a_name, lit_text("x"), "/"), "account.name LIKE :param_1 ESCAPE '/'", NULL},
      {corm_like_in(&arena, CORM_OP_LIKE, a_name, lit_text("x"), "'"), "account.name LIKE :param_1 ESCAPE ''''", NULL},
      {starts(a_name, "x"), "account.name LIKE :name_1 || '%'", NULL},
      {ends(a_name, "x"), "account.name LIKE '%' || :name_1", NULL},
      {contains(a_name, "x"), "account.name LIKE '%' || :name_1 || '%'", NULL},
      {not_(starts(a_name, "x")), "account.name NOT LIKE :name_1 || '%'", NULL},
      {affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_AFTER, a_name, "a%b", true, NULL),
       "account.name LIKE :name_1 || '%' ESCAPE '/'", NULL},
      {affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_AFTER, a_name, "a%b", false, "^"),
       "account.name LIKE :name_1 || '%' ESCAPE '^'", NULL},
      {affix(CORM_OP_ILIKE, CORM_LIKE_PERCENT_BEFORE | CORM_LIKE_PERCENT_AFTER, a_name, "x", false, NULL),
       "lower(account.name) LIKE '%' || lower(:name_1) || '%'", NULL},
      {affix(CORM_OP_NOT_ILIKE, CORM_LIKE_PERCENT_BEFORE, a_name, "x", false, NULL),
       "lower(account.name) NOT LIKE '%' || lower(:name_1)", NULL},
      {corm_affix_in(&arena, CORM_OP_LIKE, CORM_LIKE_PERCENT_AFTER, a_name, concat(e_email, a_name), NULL),
       "account.name LIKE (address.email || account.name) || '%'", NULL},
      {corm_collate_in(&arena, a_name, "NOCASE"), "account.name COLLATE \"NOCASE\"", NULL},
      {eq_text(corm_collate_in(&arena, a_name, "nocase"), "x"), "(account.name COLLATE nocase) = :param_1", NULL},
      {unary(CORM_OP_DESC, corm_collate_in(&arena, a_name, "nocase")), "account.name COLLATE nocase DESC", NULL},
      {corm_collate_in(&arena, concat(a_name, e_email), "nocase"), "account.name || address.email COLLATE nocase",
       NULL}, );
}

static void test_membership(void **state) {
  (void)state;
  corm_value mixed[] = {corm_value_int(1), corm_value_null(), corm_value_int(2)};
  CHECK({IN_INTS(IN, a_id, 1), "account.id IN (:id_1_1)", NULL},
        {IN_INTS(IN, a_id, 1, 2, 3), "account.id IN (:id_1_1, :id_1_2, :id_1_3)", NULL},
        {IN_INTS(NOT_IN, a_id, 1, 2), "(account.id NOT IN (:id_1_1, :id_1_2))", NULL},
        {corm_in_in(&arena, CORM_OP_IN, a_id, NULL, 0, 0), "account.id IN (NULL) AND (1 != 1)",
         "account.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)"},
        {corm_in_in(&arena, CORM_OP_NOT_IN, a_id, NULL, 0, 0), "(account.id NOT IN (NULL) OR (1 = 1))",
         "(account.id NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))"},
        {corm_in_in(&arena, CORM_OP_IN, a_id, mixed, 3, 0), "account.id IN (:id_1, NULL, :id_2)", NULL},
        {corm_in_list_in(&arena, CORM_OP_IN, a_id, ITEMS(a_age, plus_int(a_age, 1)), 2),
         "account.id IN (account.age, account.age + :age_1)", NULL},
        {corm_binary_in(&arena, CORM_OP_IN, a_id, scalar(SELECT(e_account))),
         "account.id IN (SELECT address.account_id \nFROM address)", NULL},
        {corm_binary_in(&arena, CORM_OP_NOT_IN, a_id, scalar(SELECT(e_account))),
         "(account.id NOT IN (SELECT address.account_id \nFROM address))", NULL},
        {IN_TUPLES(IN, TUPLE(a_id, a_age), 2, 1, 2, 3, 4),
         "(account.id, account.age) IN ((:param_1_1_1, :param_1_1_2), (:param_1_2_1, :param_1_2_2))",
         "(account.id, account.age) IN (VALUES (:param_1_1_1, :param_1_1_2), (:param_1_2_1, :param_1_2_2))"},
        {IN_INTS(IN, plus(a_id, a_age), 1), "account.id + account.age IN (:param_1_1)", NULL},
        {AND(IN_INTS(IN, a_id, 1), IN_INTS(NOT_IN, a_id, 2)),
         "account.id IN (:id_1_1) AND (account.id NOT IN (:id_2_1))", NULL},
        {between(CORM_OP_BETWEEN, a_id, 1, 5), "account.id BETWEEN :id_1 AND :id_2", NULL},
        {between(CORM_OP_NOT_BETWEEN, a_id, 1, 5), "account.id NOT BETWEEN :id_1 AND :id_2", NULL},
        {AND(between(CORM_OP_BETWEEN, a_id, 1, 5), a_active), "account.id BETWEEN :id_1 AND :id_2 AND account.active",
         "account.id BETWEEN :id_1 AND :id_2 AND account.active = 1"},
        {corm_between_in(&arena, CORM_OP_BETWEEN, a_id, plus(a_age, a_id), OR(a_active, a_active)),
         "account.id BETWEEN account.age + account.id AND (account.active OR account.active)",
         "account.id BETWEEN account.age + account.id AND (account.active = 1 OR account.active = 1)"}, );
}

static void test_functions(void **state) {
  (void)state;
  N when = eq_int(a_id, 1);
  corm_value half = corm_value_text("0.5", 3);
  CHECK(
      {func0("count"), "count(*)", NULL}, {FUNC("count", a_id), "count(account.id)", NULL},
      {func0("now"), "now()", "CURRENT_TIMESTAMP"}, {func0("current_date"), "CURRENT_DATE", NULL},
      {FUNC("coalesce", a_name, lit_text("x")), "coalesce(account.name, :param_1)", NULL},
      {FUNC("char_length", a_name), "char_length(account.name)", "length(account.name)"},
      {FUNC("pkg.sub.f", a_id), "pkg.sub.f(account.id)", NULL},
      {FUNC("Odd Name", a_id), "\"Odd Name\"(account.id)", NULL},
      {FUNC("count", unary(CORM_OP_DISTINCT, a_id)), "count(DISTINCT account.id)", NULL},
      {FUNC("f", plus(a_id, a_age), FUNC("g", a_id)), "f(account.id + account.age, g(account.id))", NULL},
      {FUNC("f", contains(a_name, "x")), "f((account.name LIKE '%' || :name_1 || '%'))", NULL},
      {corm_case_in(&arena, NULL, ITEMS(when, a_age), 1, NULL), "CASE WHEN (account.id = :id_1) THEN account.age END",
       NULL},
      {corm_case_in(&arena, NULL, ITEMS(when, lit(1), gt_int(a_id, 2), lit(2)), 2, lit(3)),
       "CASE WHEN (account.id = :id_1) THEN :param_1 WHEN (account.id > :id_2) THEN :param_2 ELSE :param_3 END", NULL},
      {corm_case_in(&arena, a_name, ITEMS(lit_text("a"), lit(1)), 1, lit(2)),
       "CASE account.name WHEN :param_1 THEN :param_2 ELSE :param_3 END", NULL},
      {cast(a_id, CORM_TYPE_STRING), "CAST(account.id AS VARCHAR)", NULL},
      {cast(plus(a_id, a_age), CORM_TYPE_NUMERIC), "CAST(account.id + account.age AS NUMERIC)", NULL},
      {corm_cast_in(&arena, corm_bind_in(&arena, NULL, NULL, &half), corm_type_default(CORM_TYPE_NUMERIC), false),
       "CAST(:param_1 AS NUMERIC)", NULL},
      {corm_cast_in(&arena, a_id, corm_type_default(CORM_TYPE_STRING), true), "account.id", NULL},
      {times(corm_cast_in(&arena, plus(a_id, a_age), corm_type_default(CORM_TYPE_INTEGER), true), a_id),
       "(account.id + account.age) * account.id", NULL},
      {corm_extract_in(&arena, "year", a_created), "EXTRACT(year FROM account.created)",
       "CAST(STRFTIME('%Y', account.created) AS INTEGER)"},
      {constant(CORM_CONSTANT_NULL), "NULL", NULL}, {constant(CORM_CONSTANT_TRUE), "true", "1"},
      {TUPLE(a_id, a_age), "(account.id, account.age)", NULL},
      {corm_custom_in(&arena, "@>", 0, true, NULL, a_id, a_age), "account.id @> account.age", NULL},
      {AND(corm_custom_in(&arena, "&&", 0, true, NULL, a_id, a_age), a_active),
       "(account.id && account.age) AND account.active", "(account.id && account.age) AND account.active = 1"},
      {plus(corm_custom_in(&arena, "->", 15, false, NULL, a_id, a_age), a_id), "account.id -> account.age + account.id",
       NULL},
      {not_(corm_custom_in(&arena, "~", 0, true, NULL, a_id, a_age)), "NOT (account.id ~ account.age)", NULL},
      {unary(CORM_OP_DESC, a_id), "account.id DESC", NULL}, {unary(CORM_OP_ASC, a_id), "account.id ASC", NULL},
      {unary(CORM_OP_NULLS_LAST, unary(CORM_OP_DESC, a_id)), "account.id DESC NULLS LAST", NULL},
      {unary(CORM_OP_NULLS_FIRST, plus(a_id, a_age)), "(account.id + account.age) NULLS FIRST", NULL},
      {unary(CORM_OP_DESC, plus(a_id, a_age)), "account.id + account.age DESC", NULL},
      {unary(CORM_OP_DESC, AND(a_id, a_age)), "(account.id AND account.age) DESC", NULL},
      {corm_name_in(&arena, "x", NULL), "x", NULL}, {corm_name_in(&arena, "Odd", NULL), "\"Odd\"", NULL},
      {col(&odd, "Full \"Name\""), "sales.\"Order Item\".\"Full \"\"Name\"\"\"", NULL},
      {eq_int(col(&odd, "select"), 1), "sales.\"Order Item\".\"select\" = :select_1", NULL},
      {eq_text(col(&odd, "Full \"Name\""), "x"), "sales.\"Order Item\".\"Full \"\"Name\"\"\" = :Full_Name_1", NULL}, );
}

static void test_text(void **state) {
  (void)state;
  corm_value five = corm_value_int(5);
  const corm_bind *bound = (const corm_bind *)corm_bindparam_in(&arena, "x", NULL, &five, false);
  CHECK({text("a = 1"), "a = 1", NULL}, {text("a = :x"), "a = :x", NULL},
        {text("a = :x and b=:y_2"), "a = :x and b=:y_2", NULL}, {text("a::int"), "a::int", NULL},
        {text("':x' = :x"), "':x' = :x", NULL},
        {text("\":x\" \\:y -- :z\n/* :w */ :v"), "\":x\" :y -- :z\n/* :w */ :v", NULL}, {text("a:b"), "a:b", NULL},
        {text("'it''s :x' || :y"), "'it''s :x' || :y", NULL}, {text(":x::text"), ":x::text", NULL},
        {text(""), "", NULL}, {text(": x"), ": x", NULL}, {raw("count(*) :x"), "count(*) :x", NULL},
        {corm_text_binds_in(&arena, "a = :x", 6, &bound, 1), "a = :x", NULL},
        {AND(text("a"), text("b")), "a AND b", NULL}, );
  corm_compiled out;
  corm_error err = {0};
  N node = text("':a' = :b or :c or :b -- :d");
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, node, NULL, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "':a' = ? or ? or ? -- :d");
  assert_int_equal(out.nbinds, 3);
  assert_true(out.textual);
  assert_string_equal(out.binds[0].name, "b");
  assert_string_equal(out.binds[1].name, "c");
  assert_string_equal(out.binds[2].name, "b");
  assert_true(out.binds[0].node->required);
  assert_string_equal(compile_named(&corm_dialect_default, corm_text_in(&arena, "a\0b", 3), false),
                      "CompileError: SQL text cannot hold a NUL");
}

static void test_literals(void **state) {
  (void)state;
  const corm_dialect *d = &corm_dialect_sqlite;
  assert_string_equal(compile_named(d, eq_text(a_name, "it's"), true), "account.name = 'it''s'");
  assert_string_equal(compile_named(d, eq_int(a_id, -5), true), "account.id = -5");
  assert_string_equal(compile_named(d, IN_INTS(IN, a_id, 1, 2), true), "account.id IN (1, 2)");
  assert_string_equal(compile_named(d, IN_TUPLES(IN, TUPLE(a_id, a_age), 2, 1, 2), true),
                      "(account.id, account.age) IN (VALUES (1, 2))");
  assert_string_equal(compile_named(d, eq(a_id, param("x")), true),
                      "CompileError: Bind parameter 'x' without a renderable value not allowed here.");
  corm_compile_options options = {.unqualified = true, .literal_binds = true};
  corm_compiled out;
  corm_error err = {0};
  assert_int_equal(corm_compile_in(&arena, d, gt_int(a_id, 1), &options, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "id > 1");
  assert_int_equal(out.nbinds, 0);
}

static void test_types(void **state) {
  (void)state;
  corm_value text_value = corm_value_text("longer than five", 16);
  struct {
    N node;
    corm_type_kind kind;
  } rows[] = {
      {plus(a_id, a_age), CORM_TYPE_INTEGER},
      {plus(a_id, a_balance), CORM_TYPE_NUMERIC},
      {times(a_id, a_score), CORM_TYPE_FLOAT},
      {over(a_id, a_age), CORM_TYPE_FLOAT},
      {floor_over(a_id, a_age), CORM_TYPE_INTEGER},
      {compare_real(CORM_OP_MUL, a_id, 2.5), CORM_TYPE_FLOAT},
      {minus(a_created, a_created), CORM_TYPE_INTERVAL},
      {minus(a_birthday, a_birthday), CORM_TYPE_INTEGER},
      {plus_int(a_birthday, 1), CORM_TYPE_DATE},
      {concat(a_name, a_name), CORM_TYPE_STRING},
      {eq_int(a_id, 1), CORM_TYPE_BOOLEAN},
      {FUNC("count", a_name), CORM_TYPE_INTEGER},
      {FUNC("max", a_name), CORM_TYPE_STRING},
      {FUNC("LOWER", a_name), CORM_TYPE_STRING},
      {FUNC("unknown", a_name), CORM_TYPE_NULLTYPE},
      {func0("now"), CORM_TYPE_DATETIME},
      {scalar(SELECT(a_balance)), CORM_TYPE_NUMERIC},
      {corm_case_in(&arena, NULL, ITEMS(a_active, a_balance), 1, NULL), CORM_TYPE_NUMERIC},
      {cast(a_id, CORM_TYPE_UUID), CORM_TYPE_UUID},
      {label("x", a_balance), CORM_TYPE_NUMERIC},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].node->type->kind != rows[i].kind) fail_msg("row %zu has type %d", i, rows[i].node->type->kind);
  }
  /* A value that is compared may be longer than the column that stores it. */
  N short_name = corm_name_in(&arena, "code", &string_5);
  const corm_binary *compared = (const corm_binary *)corm_compare_in(&arena, CORM_OP_EQ, short_name, &text_value);
  assert_int_equal(compared->right->type->length, -1);
  /* A bindparam() without a type takes that of the other side. */
  const corm_binary *typed = (const corm_binary *)eq(a_balance, param("x"));
  assert_int_equal(typed->right->type->kind, CORM_TYPE_NUMERIC);
}

static void test_escaped_value(void **state) {
  (void)state;
  const corm_binary *node =
      (const corm_binary *)affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_AFTER, a_name, "a/b%c_d", true, NULL);
  const corm_bind *bind = (const corm_bind *)node->right;
  assert_int_equal(bind->value.len, 10);
  assert_memory_equal(bind->value.as.s, "a//b/%c/_d", 10);
}

static void test_errors(void **state) {
  (void)state;
  const corm_dialect *d = &corm_dialect_default;
  const char *bad_ops[] = {"", "; drop", "--", "/*", "'", "\"", "=(select", "\\"};
  for (size_t i = 0; i < sizeof bad_ops / sizeof *bad_ops; i++) {
    const char *got = compile_named(d, corm_custom_in(&arena, bad_ops[i], 0, true, NULL, a_id, a_age), false);
    if (strncmp(got, "CompileError", 12) != 0) fail_msg("%s was accepted: %s", bad_ops[i], got);
  }
  assert_string_equal(compile_named(d, corm_extract_in(&arena, "year from x)--", a_created), false),
                      "CompileError: 'year from x)--' is no field of extract()");
  assert_string_equal(compile_named(d, corm_like_in(&arena, CORM_OP_LIKE, a_name, a_name, "//"), false),
                      "ArgumentError: the escape of LIKE must be one character");
  const char *function = compile_named(d, FUNC("f\ng", a_id), false);
  assert_int_equal(strncmp(function, "IdentifierError", 15), 0);
  const char *collation = compile_named(d, corm_collate_in(&arena, a_name, "a\nb"), false);
  assert_int_equal(strncmp(collation, "IdentifierError", 15), 0);
}

/* The text depends on the shape alone. */
static void test_values_never_in_text(void **state) {
  (void)state;
  static const char *const hostile[] = {
      "x", "'; DROP TABLE canary;--", "\"",   "`", "\\", "$$", "/*", "?", "$1", ":x", "%s",
      "",  "\xF0\x9F\x98\x80",        "100%", "_"};
  const char *first = NULL;
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    corm_value values[2] = {corm_value_text(hostile[i], strlen(hostile[i])), corm_value_text("b", 1)};
    N node = AND(eq_text(a_name, hostile[i]), contains(e_email, hostile[i]),
                 corm_in_in(&arena, CORM_OP_IN, a_name, values, 2, 0),
                 eq_text(FUNC("lower", lit_text(hostile[i])), hostile[i]), ilike_text(a_name, hostile[i]));
    const char *sql = compile_named(&corm_dialect_sqlite, node, false);
    if (!first) first = sql;
    assert_string_equal(sql, first);
  }
}

/* -- depth and length ---------------------------------------------------------------------------------------------- */

static void *with_small_stack(void *ctx) {
  ((void (*)(void))(uintptr_t)ctx)();
  return NULL;
}

static void on_small_stack(void (*work)(void)) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  assert_int_equal(pthread_create(&thread, &attributes, with_small_stack, (void *)(uintptr_t)work), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
}

static size_t deep_len[6];
static bool deep_ok[6];
enum { DEEP = 100000, LONG = 1000000 };

static void compile_deep(int slot, N node) {
  corm_compiled out;
  deep_ok[slot] = corm_compile_in(&arena, &corm_dialect_default, node, NULL, &out, NULL) == CORM_OK;
  deep_len[slot] = deep_ok[slot] ? out.len : 0;
}

static void build_deep(void) {
  N nested = a_id, right = a_name, chain = eq(a_id, a_age), nots = OR(a_active, a_active);
  for (int i = 0; i < DEEP; i++) {
    nested = minus(nested, a_age);
    right = concat(a_name, right);
    chain = i % 2 ? AND(chain, a_active) : OR(chain, a_active);
    nots = not_(nots);
  }
  compile_deep(0, nested);
  compile_deep(1, right);
  compile_deep(2, chain);
  compile_deep(3, nots);
  N *items = corm_arena_alloc(&arena, LONG * sizeof(N));
  for (int i = 0; i < LONG; i++) items[i] = chain;
  N a = eq(a_id, a_age);
  for (int i = 0; i < LONG; i++) items[i] = a;
  compile_deep(4, corm_and_or_in(&arena, CORM_OP_OR, items, LONG));
  N pairs = a;
  for (int i = 0; i < DEEP; i++) pairs = AND(pairs, a);
  compile_deep(5, pairs);
}

static void test_deep_and_long(void **state) {
  (void)state;
  on_small_stack(build_deep);
  for (int i = 0; i < 6; i++) assert_true(deep_ok[i]);
  assert_true(deep_len[0] > (size_t)DEEP * strlen(" - account.age"));
  assert_int_equal(deep_len[1], (DEEP + 1) * strlen("account.name || ") - 4);
  assert_int_equal(deep_len[4], LONG * strlen("account.id = account.age OR ") - 4);
  assert_int_equal(deep_len[5], (DEEP + 1) * strlen("account.id = account.age AND ") - 5);
}

static const char *recursive_message[2];

static void build_recursive(void) {
  N divided = a_id, nested = a_id;
  for (int i = 0; i < DEEP; i++) {
    divided = over(divided, a_age);
    nested = scalar(SELECT(nested));
  }
  recursive_message[0] = compile_named(&corm_dialect_sqlite, divided, false);
  recursive_message[1] = compile_named(&corm_dialect_sqlite, nested, false);
}

/* What a dialect spells by itself, and subqueries, cost C stack and are limited. */
static void test_recursion_is_limited(void **state) {
  (void)state;
  on_small_stack(build_recursive);
  assert_string_equal(recursive_message[0], "CompileError: expression is nested too deeply");
  assert_string_equal(recursive_message[1], "CompileError: expression is nested too deeply");
}

static void test_long_in(void **state) {
  (void)state;
  enum { COUNT = 300000 };
  corm_value *values = corm_arena_alloc(&arena, COUNT * sizeof *values);
  for (int i = 0; i < COUNT; i++) values[i] = corm_value_int(i);
  corm_compiled out;
  N node = corm_in_in(&arena, CORM_OP_IN, a_id, values, COUNT, 0);
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, node, NULL, &out, NULL), CORM_OK);
  assert_int_equal(out.nbinds, 1); /* more than SQLite takes: one, unless the text is only shown */
  const corm_compile_options named = {.named = true};
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, node, &named, &out, NULL), CORM_OK);
  assert_int_equal(out.nbinds, COUNT);
  assert_string_equal(out.binds[COUNT - 1].name, "id_1_300000");
  assert_int_equal(out.binds[COUNT - 1].element, COUNT - 1);
}

/* Names stay right when the tables on the stack have become too small. */
static void test_many_binds(void **state) {
  (void)state;
  N *items = corm_arena_alloc(&arena, 3000 * sizeof(N));
  for (int i = 0; i < 3000; i++) items[i] = eq_int(i % 2 ? a_id : a_age, i);
  corm_compiled out;
  corm_error err = {0};
  N node = corm_and_or_in(&arena, CORM_OP_AND, items, 3000);
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, node, NULL, &out, &err), CORM_OK);
  assert_string_equal(out.binds[0].name, "age_1");
  assert_string_equal(out.binds[2998].name, "age_1500");
  assert_string_equal(out.binds[2999].name, "id_1500");
  assert_ptr_equal(out.binds[2999].column, &account.columns[0]);
}

static bool build_and_compile(corm_arena *own) {
  corm_value five = corm_value_int(5), word = corm_value_text("word", 4);
  corm_value values[3] = {five, five, five};
  N conditions[12];
  conditions[0] = corm_compare_in(own, CORM_OP_EQ, a_id, &five);
  conditions[1] = corm_compare_in(own, CORM_OP_ILIKE, a_name, &word);
  conditions[2] = corm_in_in(own, CORM_OP_NOT_IN, a_age, values, 3, 0);
  conditions[3] = corm_affix_text_in(own, CORM_OP_LIKE, 3, a_name, "a%", 2, true, NULL);
  conditions[4] = corm_not_in(own, a_active);
  conditions[5] = corm_between_in(own, CORM_OP_BETWEEN, a_id, a_age, corm_literal_in(own, a_id, &five));
  conditions[6] = corm_binary_in(own, CORM_OP_GT, corm_binary_in(own, CORM_OP_TRUEDIV, a_id, a_age), a_score);
  conditions[7] = corm_text_in(own, "x = :y", 6);
  conditions[8] = corm_compare_in(own, CORM_OP_EQ, corm_collate_in(own, a_name, "nocase"), &word);
  conditions[9] = corm_custom_in(own, "@@", 5, true, NULL, a_id, a_age);
  N pair_of[2] = {conditions[0], conditions[1]};
  conditions[10] = corm_case_in(own, NULL, pair_of, 1, a_active);
  conditions[11] = corm_label_in(
      own, "l",
      corm_cast_in(own, corm_function_in(own, "f", NULL, pair_of, 1), corm_type_default(CORM_TYPE_BOOLEAN), false));
  N all = corm_and_or_in(own, CORM_OP_AND, conditions, 12);
  if (!all) return false;
  corm_compiled out;
  corm_error err = {0};
  if (corm_compile_in(own, &corm_dialect_sqlite, all, NULL, &out, &err) == CORM_OK) return true;
  assert_int_equal(err.cls, CORM_E_MEMORY);
  return false;
}

static void test_out_of_memory(void **state) {
  (void)state;
  fail_each_allocation(build_and_compile);
}

/* Constructors stay inside the room that node.h promises. */
static void test_room(void **state) {
  (void)state;
  static char block[8192] __attribute__((aligned(16)));
  corm_value word = corm_value_text("some longer word", 16), values[20];
  for (int i = 0; i < 20; i++) values[i] = word;
  struct {
    size_t room;
    int which;
  } rows[] = {{CORM_ROOM_NODE + CORM_ROOM_TEXT(16) + CORM_ROOM_TEXT(4), 0},
              {CORM_ROOM_NODE + CORM_ROOM_LIST(20) + 20 * CORM_ROOM_TEXT(16), 1},
              {CORM_ROOM_NODE + CORM_ROOM_LIST(20), 2},
              {CORM_ROOM_NODE + CORM_ROOM_TEXT(32) + CORM_ROOM_TEXT(4), 3},
              {CORM_ROOM_NODE, 4}};
  N items[20];
  for (int i = 0; i < 20; i++) items[i] = a_active;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    corm_arena fixed;
    corm_arena_init_fixed(&fixed, block, rows[i].room);
    switch (rows[i].which) {
    case 0: assert_non_null(corm_compare_in(&fixed, CORM_OP_EQ, plus(a_name, a_name), &word)); break;
    case 1: assert_non_null(corm_in_in(&fixed, CORM_OP_IN, a_name, values, 20, 0)); break;
    case 2: assert_non_null(corm_and_or_in(&fixed, CORM_OP_OR, items, 20)); break;
    case 3:
      assert_non_null(corm_affix_text_in(&fixed, CORM_OP_LIKE, 3, concat(a_name, a_name), word.as.s, 16, true, NULL));
      break;
    default: assert_non_null(corm_between_in(&fixed, CORM_OP_BETWEEN, AND(a_id, a_id), OR(a_id, a_id), OR(a_id, a_id)));
    }
    assert_false(fixed.failed);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_comparisons),
      cmocka_unit_test(test_negation),
      cmocka_unit_test(test_conjunctions),
      cmocka_unit_test(test_arithmetic),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_membership),
      cmocka_unit_test(test_functions),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_literals),
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_escaped_value),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_values_never_in_text),
      cmocka_unit_test(test_deep_and_long),
      cmocka_unit_test(test_recursion_is_limited),
      cmocka_unit_test(test_long_in),
      cmocka_unit_test(test_many_binds),
      cmocka_unit_test(test_out_of_memory),
      cmocka_unit_test(test_room),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
