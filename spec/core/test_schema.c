#include "schema_fixture.h"

static void columns_stand_in_order_of_creation(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "user");
  corm_column *late = new_column(&f, "late", CORM_TYPE_STRING);
  corm_column *early = new_column(&f, "early", CORM_TYPE_STRING);
  corm_column *same = new_column(&f, "same", CORM_TYPE_STRING);
  late->creation = 9;
  early->creation = 3;
  same->creation = 9;
  assert_int_equal(corm_table_add_column(&f.table, late, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_column(&f.table, early, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_column(&f.table, same, &f.err), CORM_OK);
  assert_ptr_equal(column_at(&f.table, 0), early);
  assert_ptr_equal(column_at(&f.table, 1), late);
  assert_ptr_equal(column_at(&f.table, 2), same);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(column_at(&f.table, i)->index, i);
  assert_ptr_equal(late->table, &f.table);
  close_table(&f);
}

static void a_column_is_found_by_key_and_by_name(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "user");
  corm_column *column = new_column(&f, "user_name", CORM_TYPE_STRING);
  column->key = "name";
  assert_int_equal(corm_table_add_column(&f.table, column, &f.err), CORM_OK);
  assert_ptr_equal(corm_table_column(&f.table, "name", 4), column);
  assert_null(corm_table_column(&f.table, "user_name", 9));
  assert_ptr_equal(corm_table_column_by_name(&f.table, "user_name"), column);
  assert_null(corm_table_column_by_name(&f.table, "name"));
  assert_string_equal(corm_table_nearest(&f.table, "nmae"), "name");
  assert_null(corm_table_nearest(&f.table, "salary"));
  close_table(&f);
}

static void a_bad_column_is_refused_and_changes_nothing(void **state) {
  (void)state;
  fixture f, g;
  open_table(&f, "user");
  open_table(&g, "other");
  corm_column *id = add_key(&f, "id");
  assert_int_equal(corm_table_add_column(&g.table, id, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "column 'id' already belongs to table 'user'", "");
  corm_column *again = new_column(&f, "id", CORM_TYPE_INTEGER);
  assert_int_equal(corm_table_add_column(&f.table, again, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 'user' already has a column with the key 'id'", "");
  again->key = "other";
  assert_int_equal(corm_table_add_column(&f.table, again, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 'user' already has a column named 'id'", "");
  corm_column *typeless = new_column(&f, "x", CORM_TYPE_INTEGER);
  typeless->type = NULL;
  assert_int_equal(corm_table_add_column(&f.table, typeless, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "column 'user.x' has no type", "");
  corm_column *nameless = new_column(&f, "", CORM_TYPE_INTEGER);
  assert_int_equal(corm_table_add_column(&f.table, nameless, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_IDENTIFIER, "column name is empty", "");
  assert_int_equal(f.table.columns.len, 1);
  assert_null(again->table);
  close_table(&f);
  close_table(&g);
}

static void names_that_no_database_takes_are_refused(void **state) {
  (void)state;
  const char *const bad[] = {"", "a\nb", "\xC3("};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    corm_table table;
    corm_error err = {.is_set = false};
    assert_int_equal(corm_table_init(&table, &corm_mem_libc, bad[i], NULL, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_IDENTIFIER);
    corm_error_clear(&err);
    assert_int_equal(corm_table_init(&table, &corm_mem_libc, "t", bad[i], &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_IDENTIFIER);
    corm_error_clear(&err);
  }
}

static void a_schema_makes_the_full_name(void **state) {
  (void)state;
  corm_table table;
  corm_error err = {.is_set = false};
  char name[] = "user", schema[] = "aux";
  assert_int_equal(corm_table_init(&table, &corm_mem_libc, name, schema, &err), CORM_OK);
  name[0] = schema[0] = 'X';
  assert_string_equal(table.fullname, "aux.user");
  assert_string_equal(table.name, "user");
  assert_string_equal(table.schema, "aux");
  corm_table_clear(&table);
}

static void flags_make_constraints_and_indexes(void **state) {
  (void)state;
  static const char *const values[] = {"a", "b"};
  corm_type choice = *corm_type_default(CORM_TYPE_ENUM);
  choice.values = values;
  choice.nvalues = 2;
  choice.native = true;
  choice.name = "choice";
  fixture f;
  open_table(&f, "user");
  corm_column *name = new_column(&f, "name", CORM_TYPE_STRING);
  name->unique = true;
  corm_column *mail = new_column(&f, "mail", CORM_TYPE_STRING);
  mail->unique = mail->indexed = true;
  corm_column *kind = new_column(&f, "kind", CORM_TYPE_ENUM);
  kind->type = &choice;
  assert_int_equal(corm_table_add_column(&f.table, name, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_column(&f.table, mail, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_column(&f.table, kind, &f.err), CORM_OK);
  assert_int_equal(f.table.constraints.len, 3);
  const corm_constraint *unique = f.table.constraints.items[1], *check = f.table.constraints.items[2];
  assert_int_equal(unique->kind, CORM_CONSTRAINT_UNIQUE);
  assert_ptr_equal(unique->columns[0], name);
  assert_int_equal(check->kind, CORM_CONSTRAINT_CHECK);
  assert_ptr_equal(check->columns[0], kind);
  assert_string_equal(check->name, "choice");
  assert_int_equal(f.table.indexes.len, 1);
  const corm_index *index = f.table.indexes.items[0];
  assert_string_equal(index->name, "ix_user_mail");
  assert_true(index->unique);
  close_table(&f);
}

/* What is written as an argument of the table comes before what its columns make. */
static void constraints_stand_in_order_of_creation(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  f.table.creation = 10;
  corm_column *a = new_column(&f, "a", CORM_TYPE_INTEGER);
  a->unique = true;
  assert_int_equal(corm_table_add_column(&f.table, a, &f.err), CORM_OK);
  corm_constraint written = {.kind = CORM_CONSTRAINT_CHECK, .creation = 4, .deferrable = -1};
  corm_constraint later = {.kind = CORM_CONSTRAINT_CHECK, .creation = 12, .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &later, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_constraint(&f.table, &written, &f.err), CORM_OK);
  assert_ptr_equal(f.table.constraints.items[0], f.table.primary_key);
  assert_ptr_equal(f.table.constraints.items[1], &written);
  assert_int_equal(((corm_constraint *)f.table.constraints.items[2])->kind, CORM_CONSTRAINT_UNIQUE);
  assert_ptr_equal(f.table.constraints.items[3], &later);
  assert_int_equal(corm_table_add_constraint(&f.table, &written, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "the constraint already belongs to table 't'", "");
  close_table(&f);
}

static void an_unknown_column_in_a_constraint_is_named(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "user");
  add_column(&f, "name", CORM_TYPE_STRING);
  static const char *const names[] = {"nmae"};
  corm_constraint unique = {.kind = CORM_CONSTRAINT_UNIQUE, .column_names = names, .ncolumns = 1, .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &unique, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 'user' has no column 'nmae'", "did you mean 'name'?");
  assert_null(unique.table);
  corm_index_item items[] = {{.column_name = "nmae"}};
  corm_index index = {.items = items, .nitems = 1};
  assert_int_equal(corm_table_add_index(&f.table, &index, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 'user' has no column 'nmae'", "did you mean 'name'?");
  corm_index_item expression[] = {{.column_name = NULL}};
  index.items = expression;
  assert_int_equal(corm_table_add_index(&f.table, &index, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 'user': an index over an expression without columns needs a name", "");
  index.nitems = 0;
  assert_int_equal(corm_table_add_index(&f.table, &index, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "index without columns", "");
  assert_int_equal(f.table.indexes.len, 0);
  close_table(&f);
}

static void a_constraint_keeps_to_its_table(void **state) {
  (void)state;
  fixture f, g;
  open_table(&f, "f");
  open_table(&g, "g");
  corm_column *foreign = add_column(&g, "x", CORM_TYPE_INTEGER);
  corm_constraint unique = {.kind = CORM_CONSTRAINT_UNIQUE, .columns = &foreign, .ncolumns = 1, .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &unique, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "constraint over a column 'x' that is not in table 'f'", "");
  corm_index_item items[] = {{.column = foreign}};
  corm_index index = {.items = items, .nitems = 1};
  assert_int_equal(corm_table_add_index(&f.table, &index, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "index over a column 'x' that is not in table 'f'", "");
  assert_int_equal(corm_table_add_constraint(&g.table, &unique, &g.err), CORM_OK);
  close_table(&f);
  close_table(&g);
}

static void the_primary_key_follows_the_columns(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  assert_int_equal(f.table.primary_key->ncolumns, 0);
  corm_column *b = add_key(&f, "b");
  corm_column *a = new_column(&f, "a", CORM_TYPE_INTEGER);
  a->primary_key = true;
  a->creation = 0;
  assert_int_equal(corm_table_add_column(&f.table, a, &f.err), CORM_OK);
  assert_int_equal(f.table.primary_key->ncolumns, 2);
  assert_ptr_equal(f.table.primary_key->columns[0], a);
  assert_ptr_equal(f.table.primary_key->columns[1], b);
  close_table(&f);
}

static void a_primary_key_constraint_takes_over(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_column(&f, "a", CORM_TYPE_INTEGER);
  corm_column *b = add_column(&f, "b", CORM_TYPE_INTEGER);
  static const char *const names[] = {"b", "a"};
  corm_constraint key = {
      .kind = CORM_CONSTRAINT_PRIMARY_KEY, .name = "pk_t", .column_names = names, .ncolumns = 2, .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &key, &f.err), CORM_OK);
  assert_ptr_equal(f.table.primary_key, &key);
  assert_ptr_equal(f.table.constraints.items[0], &key);
  assert_int_equal(f.table.constraints.len, 1);
  assert_ptr_equal(key.columns[0], b);
  assert_true(a->primary_key && b->primary_key && !a->nullable && !b->nullable);
  /* A name alone takes the columns that are there; others than those that are there are refused. */
  corm_constraint named = {.kind = CORM_CONSTRAINT_PRIMARY_KEY, .name = "pk", .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &named, &f.err), CORM_OK);
  assert_int_equal(named.ncolumns, 2);
  corm_constraint other = {.kind = CORM_CONSTRAINT_PRIMARY_KEY, .column_names = names, .ncolumns = 1, .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &other, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT,
              "table 't': its columns with primary_key = true are not those of its primary key constraint", "");
  close_table(&f);
}

static corm_column *generated(corm_type_kind kind, void (*change)(corm_column *)) {
  static fixture f;
  static bool open;
  if (open) close_table(&f);
  open = kind != CORM_TYPE_COUNT;
  if (!open) return NULL;
  open_table(&f, "t");
  corm_column *id = new_column(&f, "id", kind);
  id->primary_key = true;
  if (change) change(id);
  assert_int_equal(corm_table_add_column(&f.table, id, &f.err), CORM_OK);
  corm_column *column = corm_table_autoincrement_column(&f.table);
  assert_int_equal(corm_column_has_server_value(id), column == id || id->server_default.kind != CORM_DEFAULT_NONE);
  return column;
}

static void with_default(corm_column *column) {
  column->default_.kind = CORM_DEFAULT_VALUE;
}

static void with_server_default(corm_column *column) {
  column->server_default.kind = CORM_DEFAULT_SERVER;
}

static void off(corm_column *column) {
  column->autoincrement = CORM_AUTOINCREMENT_OFF;
}

static void on_with_default(corm_column *column) {
  with_default(column);
  column->autoincrement = CORM_AUTOINCREMENT_ON;
}

static void a_lone_integer_key_is_generated(void **state) {
  (void)state;
  assert_non_null(generated(CORM_TYPE_INTEGER, NULL));
  assert_non_null(generated(CORM_TYPE_BIGINT, NULL));
  assert_non_null(generated(CORM_TYPE_SMALLINT, NULL));
  assert_null(generated(CORM_TYPE_STRING, NULL));
  assert_null(generated(CORM_TYPE_NUMERIC, NULL));
  assert_null(generated(CORM_TYPE_INTEGER, with_default));
  assert_null(generated(CORM_TYPE_INTEGER, with_server_default));
  assert_null(generated(CORM_TYPE_INTEGER, off));
  assert_non_null(generated(CORM_TYPE_INTEGER, on_with_default));
  generated(CORM_TYPE_COUNT, NULL);
}

static void a_composite_or_referring_key_is_not_generated(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_key(&f, "a");
  assert_ptr_equal(corm_table_autoincrement_column(&f.table), a);
  static const char *const names[] = {"a"}, *const targets[] = {"u.id"};
  corm_constraint key = foreign_key(names, targets, 1);
  assert_int_equal(corm_table_add_constraint(&f.table, &key, &f.err), CORM_OK);
  assert_null(corm_table_autoincrement_column(&f.table));
  close_table(&f);

  open_table(&f, "t");
  add_key(&f, "a");
  corm_column *b = add_key(&f, "b");
  assert_null(corm_table_autoincrement_column(&f.table));
  b->autoincrement = CORM_AUTOINCREMENT_ON;
  assert_ptr_equal(corm_table_autoincrement_column(&f.table), b);
  corm_column *c = new_column(&f, "c", CORM_TYPE_INTEGER);
  c->primary_key = true;
  c->autoincrement = CORM_AUTOINCREMENT_ON;
  assert_int_equal(corm_table_add_column(&f.table, c, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "table 't': only one column may have autoincrement = true, found 'b' and 'c'",
              "");
  c->type = corm_type_default(CORM_TYPE_STRING);
  assert_int_equal(corm_table_add_column(&f.table, c, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "column 't.c': String is not compatible with autoincrement = true", "");
  close_table(&f);
}

/* Each column either is in the table with all that it brings, or has left no trace. */
static bool add_rich_columns(const corm_mem *mem) {
  corm_type flag = *corm_type_default(CORM_TYPE_BOOLEAN);
  flag.native = true;
  corm_error err = {.is_set = false};
  corm_table table;
  corm_status status = corm_table_init(&table, mem, "t", "aux", &err);
  if (status != CORM_OK) {
    assert_int_equal(err.cls, CORM_E_MEMORY);
    corm_error_clear(&err);
    return false;
  }
  corm_column columns[3];
  static const char *const names[] = {"a", "b", "c"};
  for (size_t i = 0; i < 3 && status == CORM_OK; i++) {
    corm_column_init(&columns[i], names[i], &flag);
    columns[i].primary_key = true;
    columns[i].indexed = i == 1;
    columns[i].unique = i == 2;
    size_t constraints = table.constraints.len, indexes = table.indexes.len;
    status = corm_table_add_column(&table, &columns[i], &err);
    bool added = status == CORM_OK;
    assert_int_equal(table.columns.len, i + added);
    assert_int_equal(table.primary_key->ncolumns, i + added);
    assert_int_equal(table.constraints.len, constraints + (added ? 1u + (i == 2) : 0u));
    assert_int_equal(table.indexes.len, indexes + (added && i == 1));
    assert_ptr_equal(columns[i].table, added ? &table : NULL);
    assert_int_equal(corm_table_column(&table, names[i], 1) != NULL, added);
  }
  if (status == CORM_OK) assert_string_equal(((corm_index *)table.indexes.items[0])->name, "ix_aux_t_b");
  corm_table_clear(&table);
  corm_error_clear(&err);
  return status == CORM_OK;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(add_rich_columns);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_stand_in_order_of_creation),
      cmocka_unit_test(a_column_is_found_by_key_and_by_name),
      cmocka_unit_test(a_bad_column_is_refused_and_changes_nothing),
      cmocka_unit_test(names_that_no_database_takes_are_refused),
      cmocka_unit_test(a_schema_makes_the_full_name),
      cmocka_unit_test(flags_make_constraints_and_indexes),
      cmocka_unit_test(constraints_stand_in_order_of_creation),
      cmocka_unit_test(an_unknown_column_in_a_constraint_is_named),
      cmocka_unit_test(a_constraint_keeps_to_its_table),
      cmocka_unit_test(the_primary_key_follows_the_columns),
      cmocka_unit_test(a_primary_key_constraint_takes_over),
      cmocka_unit_test(a_lone_integer_key_is_generated),
      cmocka_unit_test(a_composite_or_referring_key_is_not_generated),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
