#include <time.h>

#include "sql_fixture.h"

#define S(select) (&(select)->base)

static corm_bundle bundle_of(const char *name, N from, size_t n, N *columns) {
  N *copy;
  list_copy(n, columns, &copy);
  return (corm_bundle){.base = {.kind = CORM_NODE_BUNDLE, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                       .name = name,
                       .from = from,
                       .columns = copy,
                       .n = (uint32_t)n};
}

static void test_simple(void **state) {
  (void)state;
  CHECK({S(SELECT(a_id)), "SELECT account.id \nFROM account", NULL},
        {S(SELECT(a_id, a_name)), "SELECT account.id, account.name \nFROM account", NULL},
        {S(SELECT(address.node)), "SELECT address.id, address.account_id, address.email \nFROM address", NULL},
        {S(SELECT(lit(1))), "SELECT :param_1 AS anon_1", NULL}, {S(SELECT(raw("1"))), "SELECT 1", NULL},
        {S(SELECT(text("1, 2"))), "SELECT 1, 2", NULL}, {S(SELECT(constant(CORM_CONSTANT_STAR))), "SELECT *", NULL},
        {S(SELECT(constant(CORM_CONSTANT_TRUE))), "SELECT true AS anon_1", "SELECT 1 AS anon_1"},
        {S(from(SELECT(constant(CORM_CONSTANT_STAR)), address.node)), "SELECT * \nFROM address", NULL},
        {S(distinct(SELECT(a_name))), "SELECT DISTINCT account.name \nFROM account", NULL},
        {S(where(SELECT(a_id), eq_text(a_name, "x"))),
         "SELECT account.id \nFROM account \nWHERE account.name = :name_1", NULL},
        {S(where(where(SELECT(a_id), eq_int(a_id, 1)), eq_int(a_id, 2))),
         "SELECT account.id \nFROM account \nWHERE account.id = :id_1 AND account.id = :id_2", NULL},
        {S(where(SELECT(a_id), a_active)), "SELECT account.id \nFROM account \nWHERE account.active",
         "SELECT account.id \nFROM account \nWHERE account.active = 1"},
        {S(where(SELECT(a_id), contains(a_name, "x"))),
         "SELECT account.id \nFROM account \nWHERE (account.name LIKE '%' || :name_1 || '%')", NULL},
        {S(where(SELECT(a_id), constant(CORM_CONSTANT_TRUE))), "SELECT account.id \nFROM account \nWHERE true",
         "SELECT account.id \nFROM account \nWHERE 1 = 1"},
        {S(where(SELECT(a_id), text("x = :y"))), "SELECT account.id \nFROM account \nWHERE x = :y", NULL},
        {S(order_by(order_by(SELECT(a_id), unary(CORM_OP_DESC, a_name)), a_id)),
         "SELECT account.id \nFROM account ORDER BY account.name DESC, account.id", NULL},
        {S(group_by(SELECT(a_age, FUNC("count", a_id)), a_age)),
         "SELECT account.age, count(account.id) AS count_1 \nFROM account GROUP BY account.age", NULL},
        {S(having(group_by(SELECT(a_age), a_age), gt_int(FUNC("count", a_id), 2))),
         "SELECT account.age \nFROM account GROUP BY account.age \nHAVING count(account.id) > :count_1", NULL},
        {S(limit(SELECT(a_id), 5, -1)), "SELECT account.id \nFROM account\n LIMIT :param_1",
         "SELECT account.id \nFROM account\n LIMIT :param_1 OFFSET :param_2"},
        {S(limit(SELECT(a_id), 5, 10)), "SELECT account.id \nFROM account\n LIMIT :param_1 OFFSET :param_2", NULL},
        {S(limit(SELECT(a_id), -1, 10)), "SELECT account.id \nFROM account\n LIMIT -1 OFFSET :param_1",
         "SELECT account.id \nFROM account\n LIMIT :param_1 OFFSET :param_2"},
        {S(limit(order_by(where(SELECT(a_id), eq_int(a_id, 1)), a_id), 3, -1)),
         "SELECT account.id \nFROM account \nWHERE account.id = :id_1 ORDER BY account.id\n LIMIT :param_1",
         "SELECT account.id \nFROM account \nWHERE account.id = :id_1 ORDER BY account.id\n LIMIT :param_1 OFFSET "
         ":param_2"},
        {S(SELECT(col(&odd, "Full \"Name\""), col(&odd, "select"))),
         "SELECT sales.\"Order Item\".\"Full \"\"Name\"\"\", sales.\"Order Item\".\"select\" \nFROM "
         "sales.\"Order Item\"",
         NULL}, );
}

static void test_labels(void **state) {
  (void)state;
  N nameless = label(NULL, FUNC("sum", a_age));
  N neg = unary(CORM_OP_NEG, a_id);
  CHECK(
      {S(SELECT(label("x", a_id))), "SELECT account.id AS x \nFROM account", NULL},
      {S(SELECT(label("Odd \"x\"", a_id))), "SELECT account.id AS \"Odd \"\"x\"\"\" \nFROM account", NULL},
      {S(SELECT(label("y", label("x", a_id)))), "SELECT account.id AS y \nFROM account", NULL},
      {S(SELECT(plus(a_id, a_age))), "SELECT account.id + account.age AS anon_1 \nFROM account", NULL},
      {S(SELECT(plus(a_id, a_age), times(a_id, a_age))),
       "SELECT account.id + account.age AS anon_1, account.id * account.age AS anon_2 \nFROM account", NULL},
      {S(SELECT(FUNC("count", a_id), FUNC("count", a_age))),
       "SELECT count(account.id) AS count_1, count(account.age) AS count_2 \nFROM account", NULL},
      {S(SELECT(nameless)), "SELECT sum(account.age) AS sum_1 \nFROM account", NULL},
      {S(SELECT(label(NULL, a_name))), "SELECT account.name AS name_1 \nFROM account", NULL},
      {S(SELECT(cast(a_id, CORM_TYPE_STRING))), "SELECT CAST(account.id AS VARCHAR) AS id \nFROM account", NULL},
      {S(SELECT(cast(plus(a_id, a_age), CORM_TYPE_STRING))),
       "SELECT CAST(account.id + account.age AS VARCHAR) AS anon_1 \nFROM account", NULL},
      {S(SELECT(cast(a_name, CORM_TYPE_INTEGER), cast(a_name, CORM_TYPE_STRING), a_name)),
       "SELECT CAST(account.name AS INTEGER) AS name, CAST(account.name AS VARCHAR) AS account_name__1, "
       "account.name AS name_1 \nFROM account",
       NULL},
      {S(SELECT(neg)), "SELECT -account.id \nFROM account", NULL},
      {S(SELECT(unary(CORM_OP_NEG, plus(a_id, a_age)))), "SELECT -(account.id + account.age) AS anon_1 \nFROM account",
       NULL},
      {S(SELECT(unary(CORM_OP_DISTINCT, a_id))), "SELECT DISTINCT account.id \nFROM account", NULL},
      {S(SELECT(eq_int(a_id, 1))), "SELECT account.id = :id_1 AS anon_1 \nFROM account", NULL},
      {S(SELECT(not_(a_active))), "SELECT NOT account.active AS active \nFROM account",
       "SELECT account.active = 0 AS active \nFROM account"},
      {S(SELECT(a_id, e_id)), "SELECT account.id, address.id AS id_1 \nFROM account, address", NULL},
      {S(SELECT(a_id, a_id)), "SELECT account.id, account.id AS id__1 \nFROM account", NULL},
      {S(SELECT(a_id, a_id, a_id)), "SELECT account.id, account.id AS id__1, account.id AS id__2 \nFROM account", NULL},
      {S(SELECT(a_id, e_id, e_id)),
       "SELECT account.id, address.id AS id_1, address.id AS id__1 \nFROM account, address", NULL},
      {S(where(SELECT(a_id, e_id), eq_int(a_id, 5))),
       "SELECT account.id, address.id AS id_1 \nFROM account, address \nWHERE account.id = :id_2", NULL},
      {S(SELECT(label("x", a_id), label("x", a_age))), "SELECT account.id AS x, account.age AS x \nFROM account",
       NULL}, );
}

static void test_label_styles(void **state) {
  (void)state;
  N total = label("total", plus(a_id, a_age)), nameless = label(NULL, FUNC("sum", a_age));
  CHECK({S(labelled(SELECT(a_id, a_name))),
         "SELECT account.id AS account_id, account.name AS account_name \nFROM account", NULL},
        {S(labelled(SELECT(a_id, e_account, FUNC("count", a_id), total))),
         "SELECT account.id AS account_id, address.account_id AS address_account_id, count(account.id) AS count_1, "
         "account.id + account.age AS total \nFROM account, address",
         NULL},
        {S(labelled(SELECT(col(&odd, "select")))),
         "SELECT sales.\"Order Item\".\"select\" AS \"sales_Order Item_select\" \nFROM sales.\"Order Item\"", NULL},
        {S(labelled(SELECT(a_id, a_id))), "SELECT account.id AS account_id, account.id AS account_id__1 \nFROM account",
         NULL},
        {S(order_by(SELECT(total), total)), "SELECT account.id + account.age AS total \nFROM account ORDER BY total",
         NULL},
        {S(order_by(SELECT(total), unary(CORM_OP_NULLS_LAST, unary(CORM_OP_DESC, total)))),
         "SELECT account.id + account.age AS total \nFROM account ORDER BY total DESC NULLS LAST", NULL},
        {S(order_by(SELECT(a_id), total)), "SELECT account.id \nFROM account ORDER BY account.id + account.age", NULL},
        {S(order_by(SELECT(nameless), unary(CORM_OP_DESC, nameless))),
         "SELECT sum(account.age) AS sum_1 \nFROM account ORDER BY sum_1 DESC", NULL},
        {S(order_by(SELECT(total), plus_int(total, 1))),
         "SELECT account.id + account.age AS total \nFROM account ORDER BY account.id + account.age + :total_1", NULL},
        {S(group_by(SELECT(total), total)),
         "SELECT account.id + account.age AS total \nFROM account GROUP BY account.id + account.age", NULL},
        {S(where(SELECT(total), gt_int(total, 3))),
         "SELECT account.id + account.age AS total \nFROM account \nWHERE account.id + account.age > :total_1",
         NULL}, );
}

/* SQLite has no packages, so its parser is not asked. */
static void test_package_function(void **state) {
  (void)state;
  assert_string_equal(compile_named(&corm_dialect_default, S(SELECT(FUNC("a.b.f", a_id))), false),
                      "SELECT a.b.f(account.id) AS f_1 \nFROM account");
}

static void test_froms(void **state) {
  (void)state;
  N pair_on = eq(col(&pair, "left_id"), a_id);
  N up = alias(tree.node, NULL), named = alias(tree.node, "Up");
  N two = join_of(account.node, address.node, false, false);
  CHECK({S(from(SELECT(a_id), two)), "SELECT account.id \nFROM account JOIN address ON account.id = address.account_id",
         NULL},
        {S(from(SELECT(a_id, e_email), join_of(address.node, account.node, true, false))),
         "SELECT account.id, address.email \nFROM address LEFT OUTER JOIN account ON account.id = address.account_id",
         NULL},
        {S(from(SELECT(a_id), join_of(account.node, address.node, true, true))),
         "SELECT account.id \nFROM account FULL OUTER JOIN address ON account.id = address.account_id", NULL},
        {S(from(SELECT(a_id), join_on(two, pair.node, pair_on))),
         "SELECT account.id \nFROM account JOIN address ON account.id = address.account_id JOIN pair ON pair.left_id = "
         "account.id",
         NULL},
        {S(from(SELECT(a_id), join_on(pair.node, two, pair_on))),
         "SELECT account.id \nFROM pair JOIN (account JOIN address ON account.id = address.account_id) ON "
         "pair.left_id = account.id",
         NULL},
        {S(from(SELECT(a_id), join_on(account.node, address.node, AND(eq(a_id, e_account), a_active)))),
         "SELECT account.id \nFROM account JOIN address ON account.id = address.account_id AND account.active",
         "SELECT account.id \nFROM account JOIN address ON account.id = address.account_id AND account.active = 1"},
        {S(from(SELECT(a_id), join_on(account.node, address.node, a_active))),
         "SELECT account.id \nFROM account JOIN address ON account.active",
         "SELECT account.id \nFROM account JOIN address ON account.active = 1"},
        {S(where(SELECT(a_id), eq(e_account, a_id))),
         "SELECT account.id \nFROM account, address \nWHERE address.account_id = account.id", NULL},
        {S(from(SELECT(a_id), address.node)), "SELECT account.id \nFROM address, account", NULL},
        {S(from(where(SELECT(e_id), eq_int(a_id, 1)), two)),
         "SELECT address.id \nFROM account JOIN address ON account.id = address.account_id \nWHERE account.id = :id_1",
         NULL},
        {S(order_by(SELECT(a_id), e_id)), "SELECT account.id \nFROM account ORDER BY address.id", NULL},
        {S(SELECT(of(up, "id"))), "SELECT tree_1.id \nFROM tree AS tree_1", NULL},
        {S(SELECT(of(named, "id"))), "SELECT \"Up\".id \nFROM tree AS \"Up\"", NULL},
        {S(SELECT(up)), "SELECT tree_1.id, tree_1.parent_id \nFROM tree AS tree_1", NULL},
        {S(from(SELECT(col(&tree, "id"), of(up, "id")),
                join_on(tree.node, up, eq(col(&tree, "parent_id"), of(up, "id"))))),
         "SELECT tree.id, tree_1.id AS id_1 \nFROM tree JOIN tree AS tree_1 ON tree.parent_id = tree_1.id", NULL},
        {S(SELECT(of(alias(tree.node, NULL), "id"), of(alias(tree.node, NULL), "id"))),
         "SELECT tree_1.id, tree_2.id AS id_1 \nFROM tree AS tree_1, tree AS tree_2", NULL},
        {S(labelled(SELECT(of(up, "id"), of(named, "id")))),
         "SELECT tree_1.id AS tree_1_id, \"Up\".id AS \"Up_id\" \nFROM tree AS tree_1, tree AS \"Up\"", NULL}, );
}

static void test_subqueries(void **state) {
  (void)state;
  corm_select *totals = group_by(SELECT(e_account, label("n", FUNC("count", e_id))), e_account);
  N sub = alias(S(totals), NULL), named = alias(S(totals), "totals");
  N nameless = alias(S(SELECT(FUNC("count", a_id), plus(a_id, a_age), a_id, e_id)), "s");
  N inner = alias(S(SELECT(a_id, a_name)), NULL), outer = alias(S(SELECT(of(inner, "id"))), NULL);
  CHECK({S(SELECT(sub)),
         "SELECT anon_1.account_id, anon_1.n \nFROM (SELECT address.account_id AS account_id, count(address.id) AS n "
         "\nFROM address GROUP BY address.account_id) AS anon_1",
         NULL},
        {S(where(SELECT(of(named, "n")), gt_int(of(named, "n"), 3))),
         "SELECT totals.n \nFROM (SELECT address.account_id AS account_id, count(address.id) AS n \nFROM address GROUP "
         "BY address.account_id) AS totals \nWHERE totals.n > :n_1",
         NULL},
        {S(SELECT(of(nameless, "count_1"), of(nameless, "anon_1"), of(nameless, "id"), of(nameless, "id_1"))),
         "SELECT s.count_1, s.anon_1, s.id, s.id_1 \nFROM (SELECT count(account.id) AS count_1, account.id + "
         "account.age AS anon_1, account.id AS id, address.id AS id_1 \nFROM account, address) AS s",
         NULL},
        {S(SELECT(of(outer, "id"))),
         "SELECT anon_1.id \nFROM (SELECT anon_2.id AS id \nFROM (SELECT account.id AS id, account.name AS name \nFROM "
         "account) AS anon_2) AS anon_1",
         NULL},
        {S(from(SELECT(a_name), join_on(account.node, named, eq(a_id, of(named, "account_id"))))),
         "SELECT account.name \nFROM account JOIN (SELECT address.account_id AS account_id, count(address.id) AS n "
         "\nFROM address GROUP BY address.account_id) AS totals ON account.id = totals.account_id",
         NULL},
        {S(SELECT(scalar(SELECT(FUNC("max", a_id))))),
         "SELECT (SELECT max(account.id) AS max_1 \nFROM account) AS anon_1", NULL},
        {S(SELECT(a_id, label("n", scalar(where(SELECT(FUNC("count", e_id)), eq(e_account, a_id)))))),
         "SELECT account.id, (SELECT count(address.id) AS count_1 \nFROM address \nWHERE address.account_id = "
         "account.id) AS n \nFROM account",
         NULL}, );
}

static void test_exists(void **state) {
  (void)state;
  CHECK(
      {S(where(SELECT(a_id), exists(where(SELECT(e_id), eq(e_account, a_id))))),
       "SELECT account.id \nFROM account \nWHERE EXISTS (SELECT address.id \nFROM address \nWHERE address.account_id "
       "= account.id)",
       NULL},
      {S(where(SELECT(a_id), exists(from(SELECT(constant(CORM_CONSTANT_STAR)), address.node)))),
       "SELECT account.id \nFROM account \nWHERE EXISTS (SELECT * \nFROM address)", NULL},
      {S(where(SELECT(a_id), gt(a_age, scalar(SELECT(FUNC("avg", a_age)))))),
       "SELECT account.id \nFROM account \nWHERE account.age > (SELECT avg(account.age) AS avg_1 \nFROM account)",
       NULL},
      {S(where(SELECT(a_id),
               gt(a_age, scalar(correlate(where(SELECT(FUNC("max", e_id)), eq(e_account, a_id)), NULL))))),
       "SELECT account.id \nFROM account \nWHERE account.age > (SELECT max(address.id) AS max_1 \nFROM address, "
       "account \nWHERE address.account_id = account.id)",
       NULL},
      {S(where(SELECT(a_id, e_id),
               exists(correlate(where(SELECT(col(&pair, "id")),
                                      AND(eq(col(&pair, "left_id"), a_id), eq(col(&pair, "right_id"), e_id))),
                                account.node)))),
       "SELECT account.id, address.id AS id_1 \nFROM account, address \nWHERE EXISTS (SELECT pair.id \nFROM pair, "
       "address \nWHERE pair.left_id = account.id AND pair.right_id = address.id)",
       NULL},
      {S(where(SELECT(a_id), exists(where(SELECT(a_id), eq_int(a_age, 1))))),
       "SELECT account.id \nFROM account \nWHERE EXISTS (SELECT account.id \nFROM account \nWHERE account.age = "
       ":age_1)",
       NULL},
      {S(where(SELECT(a_id),
               exists(where(SELECT(e_id), AND(eq(e_account, a_id), exists(where(SELECT(col(&pair, "id")),
                                                                                eq(col(&pair, "left_id"), e_id)))))))),
       "SELECT account.id \nFROM account \nWHERE EXISTS (SELECT address.id \nFROM address \nWHERE address.account_id "
       "= account.id AND (EXISTS (SELECT pair.id \nFROM pair \nWHERE pair.left_id = address.id)))",
       NULL},
      {S(where(SELECT(a_id), exists(SELECT(a_id, e_id)))),
       "SELECT account.id \nFROM account \nWHERE EXISTS (SELECT account.id, address.id AS id_1 \nFROM address)", NULL},
      {S(where(SELECT(a_id, e_id), exists(SELECT(a_id, e_id)))),
       "InvalidRequestError: Select statement returned no FROM clauses due to auto-correlation; specify "
       "correlate(<tables>) to control correlation manually.",
       NULL}, );
}

/* select.join() finds its left side and its condition. */
static const char *joined(corm_select *select, N left, N right, N on) {
  const corm_node *const *froms;
  uint32_t nfroms;
  corm_error err = {0};
  if (corm_select_join_in(&arena, select, left, right, on, false, false, &froms, &nfroms, &err) != CORM_OK) {
    char *message = corm_arena_alloc(&arena, 900);
    snprintf(message, 900, "%s: %.30s", corm_error_class_name(err.cls), err.message);
    return message;
  }
  select->froms = froms;
  select->nfroms = nfroms;
  const char *sql = strstr(compile_named(&corm_dialect_default, S(select), false), "FROM");
  return sql;
}

static void test_join_inference(void **state) {
  (void)state;
  N sub = alias(S(SELECT(e_account, e_email)), "s");
  N other = alias(account.node, NULL);
  struct {
    const char *got, *wanted;
  } rows[] = {
      {joined(SELECT(a_id), NULL, address.node, NULL), "FROM account JOIN address ON account.id = address.account_id"},
      {joined(SELECT(e_id), NULL, account.node, NULL), "FROM address JOIN account ON account.id = address.account_id"},
      {joined(SELECT(a_id), NULL, sub, NULL),
       "FROM account JOIN (SELECT address.account_id AS account_id, address.email AS email \nFROM address) AS s ON "
       "account.id = s.account_id"},
      {joined(SELECT(e_id), NULL, other, NULL),
       "FROM address JOIN account AS account_1 ON account_1.id = address.account_id"},
      {joined(SELECT(a_id), NULL, pair.node, NULL), "AmbiguousForeignKeysError: Can't determine join between '"},
      {joined(SELECT(a_id), NULL, pair.node, eq(a_id, col(&pair, "left_id"))),
       "FROM account JOIN pair ON account.id = pair.left_id"},
      {joined(SELECT(a_id), NULL, tree.node, NULL), "NoForeignKeysError: Can't find any foreign key rel"},
      {joined(SELECT(lit(1)), NULL, account.node, NULL), "InvalidRequestError: Can't determine which FROM cla"},
      {joined(SELECT(a_id, col(&tree, "id")), NULL, address.node, NULL),
       "FROM account JOIN address ON account.id = address.account_id, tree"},
      {joined(SELECT(col(&tree, "id"), a_id), NULL, address.node, eq(a_id, e_account)),
       "FROM account JOIN address ON account.id = address.account_id, tree"},
      {joined(SELECT(col(&tree, "id"), a_id), NULL, odd.node, eq(lit(1), lit(2))),
       "InvalidRequestError: Can't determine which FROM cla"},
      {joined(SELECT(a_id, of(other, "id")), NULL, address.node, NULL),
       "InvalidRequestError: Can't determine which FROM cla"},
      {joined(SELECT(a_id, of(other, "id")), other, address.node, NULL),
       "FROM account AS account_1 JOIN address ON account_1.id = address.account_id, account"},
      {joined(from(SELECT(e_id), join_of(account.node, address.node, false, false)), NULL,
              col(&tree, "id") ? tree.node : NULL, eq(col(&tree, "id"), e_id)),
       "FROM account JOIN address ON account.id = address.account_id JOIN tree ON tree.id = address.id"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(rows[i].got, rows[i].wanted) != 0) fail_msg("row %zu\n  %s\n  %s", i, rows[i].wanted, rows[i].got);
  }
}

static void test_self_join(void **state) {
  (void)state;
  N child = alias(tree.node, "child"), on;
  corm_error err = {0};
  assert_int_equal(corm_join_condition_in(&arena, tree.node, tree.node, &on, &err), CORM_OK);
  assert_string_equal(compile_named(&corm_dialect_default, on, false), "tree.id = tree.parent_id");
  /* Both directions fit; the right side's key decides. */
  corm_status status = corm_join_condition_in(&arena, tree.node, child, &on, &err);
  assert_int_equal(status, CORM_OK);
  assert_string_equal(compile_named(&corm_dialect_default, on, false), "tree.id = child.parent_id");
}

static void test_report(void **state) {
  (void)state;
  N columns[] = {a_id, a_name};
  corm_bundle entity = bundle_of("Account", account.node, 2, columns);
  entity.owner = &entity;
  corm_value word = corm_value_text("w", 1);
  corm_select *select = where(SELECT(label("n", FUNC("count", a_id)), &entity.base, e_id),
                              AND(corm_compare_in(&arena, CORM_OP_EQ, a_name, &word), IN_INTS(IN, a_id, 7, 8)));
  corm_compiled out;
  corm_error err = {0};
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, S(select), NULL, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "SELECT count(account.id) AS n, account.id, account.name, address.id AS id_1 \nFROM "
                               "account, address \nWHERE account.name = ? AND account.id IN (?, ?)");
  assert_int_equal(out.len, strlen(out.sql));
  assert_ptr_equal(out.statement, select);
  assert_int_equal(out.ncolumns, 4);
  assert_string_equal(out.columns[0].name, "n");
  assert_int_equal(out.columns[0].type->kind, CORM_TYPE_INTEGER);
  assert_int_equal(out.columns[0].bundle, -1);
  assert_int_equal(out.columns[1].bundle, 0);
  assert_ptr_equal(out.columns[1].node, a_id);
  assert_string_equal(out.columns[3].name, "id_1");
  assert_string_equal(out.columns[3].key, "id");
  assert_int_equal(out.nbundles, 1);
  assert_ptr_equal(out.bundles[0].node->owner, &entity);
  assert_int_equal(out.bundles[0].first, 1);
  assert_int_equal(out.bundles[0].n, 2);
  assert_int_equal(out.nbinds, 3);
  assert_string_equal(out.binds[0].name, "name_1");
  assert_ptr_equal(out.binds[0].column, &account.columns[1]);
  assert_int_equal(out.binds[0].element, -1);
  assert_string_equal(out.binds[2].name, "id_2_2");
  assert_int_equal(out.binds[2].element, 1);
  assert_int_equal(out.binds[2].node->values[1].as.i, 8);
  assert_false(out.is_dml);
  assert_false(out.textual);
}

static void test_two_bundles_of_one_table(void **state) {
  (void)state;
  N other = alias(account.node, NULL);
  N first[] = {a_id, a_name}, second[] = {of(other, "id"), of(other, "name")};
  corm_bundle a = bundle_of("A", account.node, 2, first), b = bundle_of("B", other, 2, second);
  corm_select *select = SELECT(&a.base, &b.base);
  assert_string_equal(compile_named(&corm_dialect_default, S(select), false),
                      "SELECT account.id, account.name, account_1.id AS id_1, account_1.name AS name_1 \nFROM account, "
                      "account AS account_1");
}

static void test_textual(void **state) {
  (void)state;
  corm_compiled out;
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_default, S(SELECT(text("a, b"))), NULL, &out, NULL), CORM_OK);
  assert_true(out.textual);
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_default, S(SELECT(raw("a"))), NULL, &out, NULL), CORM_OK);
  assert_false(out.textual);
  assert_string_equal(out.columns[0].name, "a");
}

static void test_names(void **state) {
  (void)state;
  const corm_dialect *d = &corm_dialect_default;
  N bind = lit(1);
  /* One bind in two places is one parameter. */
  assert_string_equal(compile_named(d, S(where(SELECT(a_id), AND(eq(a_id, bind), eq(a_age, bind)))), false),
                      "SELECT account.id \nFROM account \nWHERE account.id = :param_1 AND account.age = :param_1");
  assert_string_equal(compile_named(d, AND(eq(a_id, param("x")), eq(a_age, param("x"))), false),
                      "account.id = :x AND account.age = :x");
  const char *clash = compile_named(d, AND(eq_int(a_id, 1), eq(a_id, param("id_1"))), false);
  assert_int_equal(strncmp(clash, "CompileError: Bind parameter 'id_1' co", 37), 0);
  const char *bad[] = {"", "a\nb", "a\x01"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(strncmp(compile_named(d, S(SELECT(label(bad[i], a_id))), false), "IdentifierError", 15), 0);
    assert_int_equal(strncmp(compile_named(d, S(SELECT(alias(tree.node, bad[i]))), false), "IdentifierError", 15), 0);
  }
  /* A dialect with short names cuts those that the compiler makes. */
  corm_dialect brief = corm_dialect_default;
  brief.max_identifier = 12;
  assert_string_equal(compile_named(&brief, S(labelled(SELECT(a_birthday, e_account))), false),
                      "SELECT account.birthday AS accoun_1, address.account_id AS addres_2 \nFROM account, address");
  brief.paramstyle = CORM_PARAM_DOLLAR;
  corm_compiled out;
  assert_int_equal(corm_compile_in(&arena, &brief, AND(eq_int(a_id, 1), IN_INTS(IN, a_id, 2, 3)), NULL, &out, NULL),
                   CORM_OK);
  assert_string_equal(out.sql, "account.id = $1 AND account.id IN ($2, $3)");
}

static void test_refused(void **state) {
  (void)state;
  const corm_dialect *d = &corm_dialect_default;
  N two = join_of(account.node, address.node, false, false);
  const char *join = compile_named(d, S(SELECT(two)), false);
  assert_string_equal(join, "CompileError: a join cannot stand among the columns of a select");
  const char *nested = compile_named(d, S(SELECT(S(SELECT(a_id)))), false);
  assert_string_equal(nested, "CompileError: a statement cannot stand among the columns of a select");
  const char *alias_of_join = compile_named(d, S(from(SELECT(lit(1)), alias(two, "x"))), false);
  assert_int_equal(strncmp(alias_of_join, "CompileError", 12), 0);
}

static bool select_scenario(corm_arena *own) {
  corm_value word = corm_value_text("w", 1);
  N on;
  corm_error err = {0};
  N left = corm_table_node_in(own, &account.table), right = corm_table_node_in(own, &address.table);
  if (!left || !right) return false;
  if (corm_join_condition_in(own, left, right, &on, &err) != CORM_OK) {
    assert_int_equal(err.cls, CORM_E_MEMORY);
    return false;
  }
  N join = corm_join_in(own, left, right, on, true, false);
  N condition = corm_compare_in(own, CORM_OP_EQ, a_name, &word);
  N columns[30];
  for (int i = 0; i < 30; i++) columns[i] = i % 2 ? a_id : e_id;
  columns[0] = corm_function_in(own, "count", NULL, columns + 1, 1);
  if (!join || !condition || !columns[0]) return false;
  corm_select inner = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                       .columns = columns,
                       .ncolumns = 30,
                       .froms = &join,
                       .nfroms = 1,
                       .where = condition};
  N sub = corm_alias_in(own, &inner.base, NULL);
  if (!sub) return false;
  N column = corm_from_column_in(own, sub, "count_1");
  N exists_node = corm_exists_in(own, &inner);
  N selected[2] = {sub, column};
  if (!column || !exists_node) return false;
  corm_select outer = {
      .base = inner.base, .columns = selected, .ncolumns = 2, .where = exists_node, .label_columns = true};
  corm_compiled out;
  if (corm_compile_in(own, &corm_dialect_sqlite, &outer.base, NULL, &out, &err) == CORM_OK) return true;
  assert_int_equal(err.cls, CORM_E_MEMORY);
  return false;
}

static void test_out_of_memory(void **state) {
  (void)state;
  /* The schema resolves the foreign key once; afterwards only the arena is asked for memory. */
  (void)join_of(account.node, address.node, false, false);
  fail_each_allocation(select_scenario);
}

/* -- thousands of FROMs -------------------------------------------------------------------------------------------- */

/* Compiles a select of n aliases, each compared with the next but for one pair; returns the seconds of CPU time. */
static double many_froms(size_t n, size_t unconnected, const char **warning) {
  corm_arena own;
  corm_arena_init(&own, &corm_mem_libc);
  corm_error err = {0};
  corm_compiled out;
  N *ids = corm_arena_alloc(&own, n * sizeof *ids), *conditions = corm_arena_alloc(&own, n * sizeof *conditions);
  size_t nconditions = 0;
  for (size_t i = 0; i < n; i++) ids[i] = corm_from_column_in(&own, corm_alias_in(&own, account.node, NULL), "id");
  for (size_t i = 1; i < n; i++)
    if (i != unconnected) conditions[nconditions++] = corm_binary_in(&own, CORM_OP_EQ, ids[i - 1], ids[i]);
  const corm_select select = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                              .columns = ids,
                              .ncolumns = (uint32_t)n,
                              .where = corm_and_or_in(&own, CORM_OP_AND, conditions, nconditions)};
  const corm_compile_options options = {.lint = true};
  const clock_t start = clock();
  assert_int_equal(corm_compile_in(&own, &corm_dialect_sqlite, &select.base, &options, &out, &err), CORM_OK);
  const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  *warning = out.warning ? corm_arena_dup(&arena, out.warning, strlen(out.warning)) : NULL;
  corm_arena_clear(&own);
  return seconds;
}

/* Ten times as many take at most forty times as long; looking at each FROM for each comparison, it is a hundred. */
static void test_many_froms(void **state) {
  (void)state;
  const char *warning;
  double few = many_froms(3000, 0, &warning);
  assert_null(warning);
  for (int i = 0; i < 4; i++) {
    const double again = many_froms(3000, 0, &warning);
    if (again < few) few = again;
  }
  const double many = many_froms(30000, 0, &warning);
  assert_null(warning);
  assert_true(many < 40 * few + 0.02);
  (void)many_froms(3000, 2999, &warning);
  assert_string_equal(strchr(warning, '"'),
                      "\"account\" and \"account\": every row of one meets every row of the other; say with join() or "
                      "where() how they belong together, or join(..., true_()) if that is meant");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_simple),
      cmocka_unit_test(test_labels),
      cmocka_unit_test(test_label_styles),
      cmocka_unit_test(test_package_function),
      cmocka_unit_test(test_froms),
      cmocka_unit_test(test_subqueries),
      cmocka_unit_test(test_exists),
      cmocka_unit_test(test_join_inference),
      cmocka_unit_test(test_self_join),
      cmocka_unit_test(test_report),
      cmocka_unit_test(test_two_bundles_of_one_table),
      cmocka_unit_test(test_textual),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_many_froms),
      cmocka_unit_test(test_out_of_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
