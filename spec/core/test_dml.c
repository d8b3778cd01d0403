#include "sql_fixture.h"

#define S(node) (&(node)->base)

static corm_insert *insert_into(fixture_table *t, uint32_t ncolumns, const char *const *keys, uint32_t nrows,
                                N *values) {
  corm_insert *insert = corm_arena_zalloc(&arena, 1, sizeof *insert);
  const corm_column **columns = corm_arena_zalloc(&arena, ncolumns, sizeof *columns);
  N *copy = corm_arena_zalloc(&arena, (size_t)ncolumns * nrows, sizeof *copy);
  for (uint32_t i = 0; i < ncolumns; i++) columns[i] = corm_table_column(&t->table, keys[i], strlen(keys[i]));
  if (ncolumns && nrows) memcpy(copy, values, (size_t)ncolumns * nrows * sizeof *copy);
  insert->base.kind = CORM_NODE_INSERT;
  insert->table = &t->table;
  insert->columns = ncolumns ? columns : NULL;
  insert->ncolumns = ncolumns;
  insert->values = copy;
  insert->nrows = nrows;
  return insert;
}
#define KEYS(...)            ((const char *const[]){__VA_ARGS__})
#define NKEYS(...)           ((uint32_t)(sizeof KEYS(__VA_ARGS__) / sizeof(char *)))
#define ROW1(t, key, ...)    insert_into(t, 1, KEYS(key), (uint32_t)NITEMS(__VA_ARGS__), ITEMS(__VA_ARGS__))
#define ROW2(t, k1, k2, ...) insert_into(t, 2, KEYS(k1, k2), (uint32_t)NITEMS(__VA_ARGS__) / 2, ITEMS(__VA_ARGS__))

static corm_insert *insert_returning(corm_insert *insert, N node) {
  N *copy;
  list_copy(1, &node, &copy);
  insert->returning = copy;
  insert->nreturning = 1;
  return insert;
}

static corm_insert *from_select(fixture_table *t, const char *k1, const char *k2, corm_select *select) {
  corm_insert *insert = insert_into(t, 2, KEYS(k1, k2), 0, NULL);
  insert->from_select = select;
  return insert;
}

static corm_update *update_of(fixture_table *t, uint32_t n, const char *const *keys, N *values, N condition) {
  corm_update *update = corm_arena_zalloc(&arena, 1, sizeof *update);
  const corm_column **columns = corm_arena_zalloc(&arena, n, sizeof *columns);
  N *copy = NULL;
  for (uint32_t i = 0; i < n; i++) columns[i] = corm_table_column(&t->table, keys[i], strlen(keys[i]));
  if (n) list_copy(n, values, &copy);
  update->base.kind = CORM_NODE_UPDATE;
  update->table = t->node;
  update->columns = columns;
  update->values = copy;
  update->n = n;
  update->where = condition;
  return update;
}
#define SET1(t, key, value, condition)     update_of(t, 1, KEYS(key), ITEMS(value), condition)
#define SET2(t, k1, v1, k2, v2, condition) update_of(t, 2, KEYS(k1, k2), ITEMS(v1, v2), condition)

static corm_update *ordered(corm_update *update) {
  update->ordered = true;
  return update;
}
static corm_update *update_returning(corm_update *update, N node) {
  N *copy;
  list_copy(1, &node, &copy);
  update->returning = copy;
  update->nreturning = 1;
  return update;
}

static corm_delete_node *delete_from(fixture_table *t, N condition) {
  corm_delete_node *node = corm_arena_zalloc(&arena, 1, sizeof *node);
  node->base.kind = CORM_NODE_DELETE;
  node->table = t->node;
  node->where = condition;
  return node;
}
static corm_delete_node *delete_returning(corm_delete_node *node, N column) {
  N *copy;
  list_copy(1, &column, &copy);
  node->returning = copy;
  node->nreturning = 1;
  return node;
}

static void test_insert(void **state) {
  (void)state;
  corm_insert *every = insert_into(&address, 0, NULL, 0, NULL);
  CHECK({S(every), "INSERT INTO address (id, account_id, email) VALUES (:id, :account_id, :email)", NULL},
        {S(insert_into(&address, 0, NULL, 1, NULL)), "INSERT INTO address DEFAULT VALUES", NULL},
        {S(ROW1(&address, "email", lit_text("x"))), "INSERT INTO address (email) VALUES (:email)", NULL},
        {S(ROW2(&address, "email", "account_id", lit_text("x"), lit(1))),
         "INSERT INTO address (account_id, email) VALUES (:account_id, :email)", NULL},
        {S(ROW2(&address, "email", "account_id", lit_text("x"), lit(1), lit_text("y"), lit(2))),
         "INSERT INTO address (account_id, email) VALUES (:account_id_m0, :email_m0), (:account_id_m1, :email_m1)",
         NULL},
        {S(ROW1(&address, "email", constant(CORM_CONSTANT_NULL))), "INSERT INTO address (email) VALUES (NULL)", NULL},
        {S(ROW1(&address, "email", FUNC("lower", lit_text("X")))),
         "INSERT INTO address (email) VALUES (lower(:param_1))", NULL},
        {S(ROW1(&address, "account_id", plus_int(lit(1), 2))),
         "INSERT INTO address (account_id) VALUES ((:param_1 + :param_2))", NULL},
        {S(ROW1(&address, "account_id", scalar(SELECT(FUNC("max", a_id))))),
         "INSERT INTO address (account_id) VALUES ((SELECT max(account.id) AS max_1 \nFROM account))", NULL},
        {S(ROW1(&address, "email", param("who"))), "INSERT INTO address (email) VALUES (:who)", NULL},
        {S(ROW1(&address, "email", param("email"))), "INSERT INTO address (email) VALUES (:email)", NULL},
        {S(ROW2(&address, "email", "account_id", lit_text("x"), param("email"))),
         "CompileError: bindparam() name 'email' is reserved for a value of this statement that has the same name. "
         "Please use another one (for example, 'b_email')",
         NULL},
        {S(ROW1(&odd, "Full \"Name\"", lit_text("x"))),
         "INSERT INTO sales.\"Order Item\" (\"Full \"\"Name\"\"\") VALUES (:Full_Name)", NULL},
        {S(insert_returning(ROW1(&address, "email", lit_text("x")), e_id)),
         "INSERT INTO address (email) VALUES (:email) RETURNING address.id",
         "INSERT INTO address (email) VALUES (:email) RETURNING id"},
        {S(insert_returning(ROW1(&address, "email", lit_text("x")), FUNC("lower", e_email))),
         "INSERT INTO address (email) VALUES (:email) RETURNING lower(address.email) AS lower_1",
         "INSERT INTO address (email) VALUES (:email) RETURNING lower(email) AS lower_1"},
        {S(insert_returning(ROW1(&address, "email", lit_text("x")), address.node)),
         "INSERT INTO address (email) VALUES (:email) RETURNING address.id, address.account_id, address.email",
         "INSERT INTO address (email) VALUES (:email) RETURNING id, account_id, email"},
        {S(from_select(&address, "email", "account_id", SELECT(a_name, a_id))),
         "INSERT INTO address (email, account_id) SELECT account.name, account.id \nFROM account", NULL},
        {S(from_select(&address, "email", "account_id", where(SELECT(a_name, lit(5)), eq_int(a_id, 1)))),
         "INSERT INTO address (email, account_id) SELECT account.name, :param_1 AS anon_1 \nFROM account \nWHERE "
         "account.id = :id_1",
         NULL}, );
}

static void test_insert_defaults(void **state) {
  (void)state;
  CHECK({S(ROW1(&stamped, "title", lit_text("x"))),
         "INSERT INTO stamped (title, status, token, made) VALUES (:title, :status, :token, now())",
         "INSERT INTO stamped (title, status, token, made) VALUES (:title, :status, :token, CURRENT_TIMESTAMP)"},
        {S(ROW2(&stamped, "made", "status", lit_text("x"), lit_text("old"))),
         "INSERT INTO stamped (status, token, made) VALUES (:status, :token, :made)", NULL},
        {S(insert_into(&stamped, 0, NULL, 1, NULL)),
         "INSERT INTO stamped (status, token, made) VALUES (:status, :token, now())",
         "INSERT INTO stamped (status, token, made) VALUES (:status, :token, CURRENT_TIMESTAMP)"},
        {S(ROW1(&stamped, "title", lit_text("x"), lit_text("y"))),
         "INSERT INTO stamped (title, status, token, made) VALUES (:title_m0, :status_m0, :token_m0, now()), "
         "(:title_m1, :status_m1, :token_m1, now())",
         "INSERT INTO stamped (title, status, token, made) VALUES (:title_m0, :status_m0, :token_m0, "
         "CURRENT_TIMESTAMP), (:title_m1, :status_m1, :token_m1, CURRENT_TIMESTAMP)"},
        {S(from_select(&stamped, "title", "status", SELECT(a_name, a_name))),
         "INSERT INTO stamped (title, status, token, made) SELECT account.name, account.name AS name__1, :token, "
         "now() \nFROM account",
         "INSERT INTO stamped (title, status, token, made) SELECT account.name, account.name AS name__1, :token, "
         "CURRENT_TIMESTAMP \nFROM account"}, );
  corm_compiled out;
  corm_error err = {0};
  corm_insert *two = ROW1(&stamped, "title", lit_text("x"), lit_text("y"));
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, S(two), NULL, &out, &err), CORM_OK);
  assert_int_equal(out.nbinds, 6);
  assert_int_equal(out.binds[0].source, CORM_BIND_VALUE);
  assert_non_null(out.binds[0].node);
  assert_ptr_equal(out.binds[0].column, &stamped.columns[1]);
  assert_int_equal(out.binds[4].source, CORM_BIND_DEFAULT);
  assert_null(out.binds[4].node);
  assert_int_equal(out.binds[4].row, 1);
  assert_string_equal(out.binds[4].name, "status_m1");
  assert_int_equal(out.binds[5].column->default_.hook, 7);
  assert_true(out.is_dml && out.is_insert);
  corm_insert *all = insert_into(&stamped, 0, NULL, 0, NULL);
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, S(all), NULL, &out, &err), CORM_OK);
  assert_int_equal(out.nbinds, 7);
  assert_int_equal(out.binds[6].source, CORM_BIND_REQUIRED);
}

static void test_update(void **state) {
  (void)state;
  N five = eq_int(e_id, 5);
  CHECK(
      {S(SET1(&address, "email", lit_text("x"), five)), "UPDATE address SET email=:email WHERE address.id = :id_1",
       NULL},
      {S(SET2(&address, "email", lit_text("x"), "account_id", lit(1), five)),
       "UPDATE address SET account_id=:account_id, email=:email WHERE address.id = :id_1", NULL},
      {S(ordered(SET2(&address, "email", lit_text("x"), "account_id", lit(1), five))),
       "UPDATE address SET email=:email, account_id=:account_id WHERE address.id = :id_1", NULL},
      {S(SET1(&address, "account_id", plus_int(e_account, 1), five)),
       "UPDATE address SET account_id=(address.account_id + :account_id_1) WHERE address.id = :id_1", NULL},
      {S(SET1(&address, "email", FUNC("lower", e_email), NULL)), "UPDATE address SET email=lower(address.email)", NULL},
      {S(SET1(&address, "email", constant(CORM_CONSTANT_NULL), NULL)), "UPDATE address SET email=NULL", NULL},
      {S(SET1(&address, "email", scalar(where(SELECT(a_name), eq(a_id, e_account))), NULL)),
       "UPDATE address SET email=(SELECT account.name \nFROM account \nWHERE account.id = address.account_id)", NULL},
      {S(SET1(&address, "email", lit_text("x"), exists(where(SELECT(a_id), eq(a_id, e_account))))),
       "UPDATE address SET email=:email WHERE EXISTS (SELECT account.id \nFROM account \nWHERE account.id = "
       "address.account_id)",
       NULL},
      {S(SET1(&account, "name", lit_text("x"), a_active)), "UPDATE account SET name=:name WHERE account.active",
       "UPDATE account SET name=:name WHERE account.active = 1"},
      {S(update_of(&tree, 0, NULL, NULL, NULL)), "UPDATE tree SET id=:id, parent_id=:parent_id", NULL},
      {S(update_returning(SET1(&address, "email", lit_text("x"), five), e_email)),
       "UPDATE address SET email=:email WHERE address.id = :id_1 RETURNING address.email",
       "UPDATE address SET email=:email WHERE address.id = :id_1 RETURNING email"},
      {S(SET1(&stamped, "title", lit_text("x"), NULL)), "UPDATE stamped SET title=:title, token=:token, changed=now()",
       "UPDATE stamped SET title=:title, token=:token, changed=CURRENT_TIMESTAMP"},
      {S(SET1(&stamped, "changed", lit_text("x"), NULL)), "UPDATE stamped SET token=:token, changed=:changed", NULL},
      {S(SET1(&address, "email", lit_text("x"), eq(e_email, param("email")))),
       "CompileError: bindparam() name 'email' is reserved for a value of this statement that has the same name. "
       "Please use another one (for example, 'b_email')",
       NULL}, );
}

static void test_delete(void **state) {
  (void)state;
  CHECK({S(delete_from(&address, eq_int(e_id, 1))), "DELETE FROM address WHERE address.id = :id_1", NULL},
        {S(delete_from(&address, NULL)), "DELETE FROM address", NULL},
        {S(delete_from(&odd, eq_int(col(&odd, "id"), 1))),
         "DELETE FROM sales.\"Order Item\" WHERE sales.\"Order Item\".id = :id_1", NULL},
        {S(delete_from(&address, exists(where(SELECT(a_id), eq(a_id, e_account))))),
         "DELETE FROM address WHERE EXISTS (SELECT account.id \nFROM account \nWHERE account.id = "
         "address.account_id)",
         NULL},
        {S(delete_from(&address, corm_binary_in(&arena, CORM_OP_IN, e_account, scalar(SELECT(a_id))))),
         "DELETE FROM address WHERE address.account_id IN (SELECT account.id \nFROM account)", NULL},
        {S(delete_returning(delete_from(&address, eq_int(e_id, 1)), e_email)),
         "DELETE FROM address WHERE address.id = :id_1 RETURNING address.email",
         "DELETE FROM address WHERE address.id = :id_1 RETURNING email"}, );
}

static bool is_unfiltered(N node) {
  corm_compiled out;
  corm_error err = {0};
  assert_int_equal(corm_compile_in(&arena, &corm_dialect_sqlite, node, NULL, &out, &err), CORM_OK);
  assert_true(out.is_dml);
  return out.unfiltered;
}

static void test_unfiltered(void **state) {
  (void)state;
  N nothing = corm_and_or_in(&arena, CORM_OP_AND, NULL, 0);
  assert_true(is_unfiltered(S(delete_from(&address, NULL))));
  assert_true(is_unfiltered(S(delete_from(&address, nothing))));
  assert_true(is_unfiltered(S(SET1(&address, "email", lit_text("x"), NULL))));
  assert_false(is_unfiltered(S(delete_from(&address, eq_int(e_id, 1)))));
  assert_false(is_unfiltered(S(delete_from(&address, constant(CORM_CONSTANT_TRUE)))));
  corm_delete_node *all = delete_from(&address, NULL);
  all->all = true;
  assert_false(is_unfiltered(S(all)));
  corm_update *update = SET1(&address, "email", lit_text("x"), NULL);
  update->all = true;
  assert_false(is_unfiltered(S(update)));
}

static void test_refused(void **state) {
  (void)state;
  corm_dialect poor = corm_dialect_default;
  poor.insert_returning = poor.update_returning = poor.delete_returning = poor.multi_values = poor.default_values =
      false;
  corm_insert *foreign = ROW1(&address, "email", lit_text("x"));
  foreign->table = &account.table;
  assert_string_equal(compile_named(&poor, S(foreign), false), "CompileError: Unconsumed column names: email");
  corm_update *update = SET1(&address, "email", lit_text("x"), NULL);
  update->table = account.node;
  assert_string_equal(compile_named(&poor, S(update), false), "CompileError: Unconsumed column names: email");
  update->table = alias(account.node, "a");
  assert_string_equal(compile_named(&poor, S(update), false), "CompileError: Unconsumed column names: email");
  update->table = alias(S(SELECT(e_id)), "a");
  assert_int_equal(strncmp(compile_named(&poor, S(update), false), "ArgumentError", 13), 0);
  const char *several = compile_named(&poor, S(ROW1(&address, "email", lit(1), lit(2))), false);
  assert_int_equal(strncmp(several, "CompileError: The 'default' dialect has no INSERT of several rows", 65), 0);
  const char *empty = compile_named(&corm_dialect_default, S(insert_into(&address, 0, NULL, 2, NULL)), false);
  assert_int_equal(strncmp(empty, "CompileError", 12), 0);
  assert_string_equal(compile_named(&poor, S(insert_into(&address, 0, NULL, 1, NULL)), false),
                      "INSERT INTO address () VALUES ()");
  N returning[] = {S(insert_returning(ROW1(&address, "email", lit(1)), e_id)),
                   S(update_returning(SET1(&address, "email", lit(1), NULL), e_id)),
                   S(delete_returning(delete_from(&address, NULL), e_id))};
  for (int i = 0; i < 3; i++) {
    assert_string_equal(
        compile_named(&poor, returning[i], false),
        "CompileError: default has no RETURNING for this statement; select the rows by a statement of their own");
  }
  const char *list =
      compile_named(&poor, S(ROW1(&address, "email", ((const corm_binary *)IN_INTS(IN, e_id, 1))->right)), false);
  assert_string_equal(list, "CompileError: a list cannot be the value of column email");
}

static void test_chosen(void **state) {
  (void)state;
  const corm_column *id = &stamped.columns[0], *title = &stamped.columns[1], *made = &stamped.columns[4],
                    *changed = &stamped.columns[5];
  const corm_column *set[] = {title, made}, *where_columns[] = {id, title}, *back[] = {id, changed};
  const corm_dialect *d = &corm_dialect_sqlite;
  corm_compiled out;
  corm_error err = {0};
  assert_int_equal(corm_compile_insert_in(&arena, d, &stamped.table, set, 2, NULL, back, 2, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "INSERT INTO stamped (title, made) VALUES (?, ?) RETURNING id, changed");
  assert_int_equal(out.nbinds, 2);
  assert_ptr_equal(out.binds[1].column, made);
  assert_int_equal(out.binds[1].source, CORM_BIND_REQUIRED);
  assert_string_equal(out.binds[1].name, "made");
  assert_int_equal(out.ncolumns, 2);
  assert_string_equal(out.columns[1].name, "changed");
  assert_true(out.is_insert);
  assert_int_equal(corm_compile_insert_in(&arena, d, &stamped.table, set, 1, NULL, NULL, 0, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "INSERT INTO stamped (title, made) VALUES (?, CURRENT_TIMESTAMP)");
  assert_int_equal(corm_compile_insert_in(&arena, d, &stamped.table, NULL, 0, NULL, NULL, 0, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "INSERT INTO stamped (made) VALUES (CURRENT_TIMESTAMP)");
  assert_int_equal(corm_compile_insert_in(&arena, d, &address.table, NULL, 0, NULL, NULL, 0, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "INSERT INTO address DEFAULT VALUES");

  assert_int_equal(corm_compile_update_in(&arena, d, &stamped.table, set, 2, NULL, where_columns, 2, &out, &err),
                   CORM_OK);
  assert_string_equal(out.sql, "UPDATE stamped SET title=?, made=?, changed=CURRENT_TIMESTAMP WHERE stamped.id = ? "
                               "AND stamped.title = ?");
  assert_string_equal(out.binds[2].name, "stamped_id");
  assert_false(out.unfiltered);
  assert_int_equal(corm_compile_update_in(&arena, d, &address.table, NULL, 0, NULL, NULL, 0, &out, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_COMPILE);
  corm_error_clear(&err);

  assert_int_equal(corm_compile_delete_in(&arena, d, &stamped.table, where_columns, 1, &out, &err), CORM_OK);
  assert_string_equal(out.sql, "DELETE FROM stamped WHERE stamped.id = ?");
  assert_int_equal(corm_compile_delete_in(&arena, d, &stamped.table, NULL, 0, &out, &err), CORM_OK);
  assert_true(out.unfiltered);
}

static void test_literals(void **state) {
  (void)state;
  const corm_dialect *d = &corm_dialect_sqlite;
  assert_string_equal(compile_named(d, S(SET1(&address, "email", lit_text("it's"), eq_int(e_id, 1))), true),
                      "UPDATE address SET email='it''s' WHERE address.id = 1");
  assert_string_equal(compile_named(d, S(ROW1(&address, "email", lit_text("x"))), true),
                      "INSERT INTO address (email) VALUES ('x')");
  assert_string_equal(compile_named(d, S(insert_into(&address, 0, NULL, 0, NULL)), true),
                      "CompileError: Bind parameter 'id' without a renderable value not allowed here.");
}

static void test_values_never_in_text(void **state) {
  (void)state;
  static const char *const hostile[] = {"x", "'); DROP TABLE canary;--", "?", ":email", "$1", "\\", ""};
  const char *first = NULL;
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    corm_insert *insert = ROW2(&address, "email", "account_id", lit_text(hostile[i]), lit((int64_t)i));
    const char *sql = compile_named(&corm_dialect_sqlite, S(insert), false);
    if (!first) first = sql;
    assert_string_equal(sql, first);
  }
}

static N own_text(corm_arena *own, const char *text_value) {
  corm_value value = corm_value_text(text_value, strlen(text_value));
  return corm_bind_in(own, NULL, NULL, &value);
}

static bool dml_scenario(corm_arena *own) {
  N value = own_text(own, "x");
  if (!value) return false;
  N values[2] = {value, value};
  const corm_column *title[] = {&stamped.columns[1]};
  corm_insert insert = {.base = {.kind = CORM_NODE_INSERT},
                        .table = &stamped.table,
                        .columns = title,
                        .ncolumns = 1,
                        .values = values,
                        .nrows = 2,
                        .returning = &stamped.node,
                        .nreturning = 1};
  corm_update update = {
      .base = {.kind = CORM_NODE_UPDATE}, .table = stamped.node, .columns = title, .values = values, .n = 1};
  N nodes[2] = {&insert.base, &update.base};
  corm_compile_options named = {.named = true};
  corm_compiled out;
  corm_error err = {0};
  for (int i = 0; i < 2; i++) {
    if (corm_compile_in(own, &corm_dialect_sqlite, nodes[i], &named, &out, &err) == CORM_OK) continue;
    assert_int_equal(err.cls, CORM_E_MEMORY);
    return false;
  }
  if (corm_compile_insert_in(own, &corm_dialect_sqlite, &stamped.table, title, 1, NULL, title, 1, &out, &err) ==
          CORM_OK &&
      corm_compile_update_in(own, &corm_dialect_sqlite, &stamped.table, title, 1, NULL, title, 1, &out, &err) ==
          CORM_OK) {
    return true;
  }
  assert_int_equal(err.cls, CORM_E_MEMORY);
  return false;
}

static void test_out_of_memory(void **state) {
  (void)state;
  fail_each_allocation(dml_scenario);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_insert),
      cmocka_unit_test(test_insert_defaults),
      cmocka_unit_test(test_update),
      cmocka_unit_test(test_delete),
      cmocka_unit_test(test_unfiltered),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_chosen),
      cmocka_unit_test(test_literals),
      cmocka_unit_test(test_values_never_in_text),
      cmocka_unit_test(test_out_of_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
