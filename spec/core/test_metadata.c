#include <stdio.h>

#include "schema_fixture.h"

static void foreign_key_phrases_are_a_closed_list(void **state) {
  (void)state;
  static const char *const names[] = {"a"}, *const targets[] = {"u.id"};
  fixture f;
  open_table(&f, "t");
  add_column(&f, "a", CORM_TYPE_INTEGER);
  corm_constraint key = foreign_key(names, targets, 1);
  key.ondelete = "set null";
  key.onupdate = "Cascade";
  key.initially = "deferred";
  assert_int_equal(corm_table_add_constraint(&f.table, &key, &f.err), CORM_OK);
  assert_string_equal(key.ondelete, "SET NULL");
  assert_string_equal(key.onupdate, "CASCADE");
  assert_string_equal(key.initially, "DEFERRED");
  corm_constraint bad = foreign_key(names, targets, 1);
  bad.ondelete = "CASCADE; DROP TABLE t";
  assert_int_equal(corm_table_add_constraint(&f.table, &bad, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "foreign key: unexpected ondelete 'CASCADE; DROP TABLE t'", "");
  bad.ondelete = "CASCDE";
  assert_int_equal(corm_table_add_constraint(&f.table, &bad, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "foreign key: unexpected ondelete 'CASCDE'", "did you mean 'CASCADE'?");
  bad.ondelete = NULL;
  bad.initially = "NOW";
  assert_int_equal(corm_table_add_constraint(&f.table, &bad, &f.err), CORM_FAILED);
  failed_with(&f.err, CORM_E_ARGUMENT, "foreign key: unexpected initially 'NOW'", "");
  close_table(&f);
}

/* parent(id, code), child(id, parent_id -> what the test says) in one metadata. */
typedef struct family {
  corm_metadata metadata;
  fixture parent, child;
  corm_constraint key;
  corm_error err;
} family;

static void open_family(family *x, const char *const *targets) {
  static const char *const names[] = {"parent_id"};
  corm_metadata_init(&x->metadata, &corm_mem_libc);
  x->err = (corm_error){.is_set = false};
  open_table(&x->child, "child");
  open_table(&x->parent, "parent");
  add_key(&x->parent, "id");
  add_column(&x->parent, "code", CORM_TYPE_STRING)->key = "code";
  add_key(&x->child, "id");
  add_column(&x->child, "parent_id", CORM_TYPE_NULLTYPE);
  x->key = foreign_key(names, targets, 1);
  assert_int_equal(corm_table_add_constraint(&x->child.table, &x->key, &x->err), CORM_OK);
  assert_int_equal(corm_metadata_add(&x->metadata, &x->child.table, &x->err), CORM_OK);
  assert_int_equal(corm_metadata_add(&x->metadata, &x->parent.table, &x->err), CORM_OK);
}

static void close_family(family *x) {
  corm_error_clear(&x->err);
  close_table(&x->child);
  close_table(&x->parent);
  corm_metadata_clear(&x->metadata);
}

static void a_target_is_found_late_and_gives_its_type(void **state) {
  (void)state;
  static const char *const targets[] = {"parent.id"};
  family x;
  open_family(&x, targets);
  assert_null(x.key.target_columns);
  assert_int_equal(corm_constraint_resolve(&x.key, &x.err), CORM_OK);
  assert_ptr_equal(x.key.target_columns[0], x.parent.columns);
  assert_int_equal(x.child.columns[1].type->kind, CORM_TYPE_INTEGER);
  corm_vec keys;
  corm_vec_init(&keys, &corm_mem_libc);
  assert_int_equal(corm_table_foreign_keys_to(&x.child.table, &x.parent.table, &keys, &x.err), CORM_OK);
  assert_int_equal(keys.len, 1);
  assert_ptr_equal(keys.items[0], &x.key);
  assert_int_equal(corm_table_foreign_keys_to(&x.child.table, &x.child.table, &keys, &x.err), CORM_OK);
  assert_int_equal(keys.len, 1);
  corm_vec_clear(&keys);
  /* A table that is removed is not remembered. */
  corm_metadata_remove(&x.metadata, &x.parent.table);
  assert_null(x.parent.table.metadata);
  assert_int_equal(corm_constraint_resolve(&x.key, &x.err), CORM_FAILED);
  assert_int_equal(x.err.cls, CORM_E_NO_REFERENCED_TABLE);
  close_family(&x);
}

static void a_bad_target_is_named(void **state) {
  (void)state;
  static const struct {
    const char *target;
    corm_error_class cls;
    const char *message, *hint;
  } cases[] = {
      {"parnt.id", CORM_E_NO_REFERENCED_TABLE,
       "foreign key of column 'child.parent_id' could not find table 'parnt', which it names for its target column "
       "'id'",
       "did you mean 'parent.id'?"},
      {"parent.cod", CORM_E_NO_REFERENCED_COLUMN,
       "foreign key of column 'child.parent_id' names 'parent.cod', but table 'parent' has no column 'cod'",
       "did you mean 'parent.code'?"},
      {"id", CORM_E_ARGUMENT,
       "foreign key of column 'child.parent_id': the target 'id' is not of the form 'table.column'", ""},
      {"parent.", CORM_E_ARGUMENT,
       "foreign key of column 'child.parent_id': the target 'parent.' is not of the form 'table.column'", ""},
      {"aux.parent.id", CORM_E_NO_REFERENCED_TABLE,
       "foreign key of column 'child.parent_id' could not find table 'aux.parent', which it names for its target "
       "column 'id'",
       ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *const targets[] = {cases[i].target};
    family x;
    open_family(&x, targets);
    assert_int_equal(corm_constraint_resolve(&x.key, &x.err), CORM_FAILED);
    failed_with(&x.err, cases[i].cls, cases[i].message, cases[i].hint);
    close_family(&x);
  }
}

static void the_metadatas_schema_is_the_default_of_targets(void **state) {
  (void)state;
  static const char *const names[] = {"a"}, *const targets[] = {"u.id"};
  corm_error err = {.is_set = false};
  corm_metadata metadata;
  corm_metadata_init(&metadata, &corm_mem_libc);
  metadata.schema = "aux";
  fixture t = {.n = 0}, u = {.n = 0};
  assert_int_equal(corm_table_init(&t.table, &corm_mem_libc, "t", "aux", &err), CORM_OK);
  assert_int_equal(corm_table_init(&u.table, &corm_mem_libc, "u", "aux", &err), CORM_OK);
  add_column(&t, "a", CORM_TYPE_INTEGER);
  corm_column *id = add_key(&u, "id");
  corm_constraint key = foreign_key(names, targets, 1);
  assert_int_equal(corm_table_add_constraint(&t.table, &key, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &t.table, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &u.table, &err), CORM_OK);
  assert_int_equal(corm_constraint_resolve(&key, &err), CORM_OK);
  assert_ptr_equal(key.target_columns[0], id);
  assert_ptr_equal(corm_metadata_table(&metadata, "aux.u"), &u.table);
  assert_null(corm_metadata_table(&metadata, "u"));
  close_table(&t);
  close_table(&u);
  corm_metadata_clear(&metadata);
}

static void a_foreign_key_leads_to_one_table(void **state) {
  (void)state;
  static const char *const names[] = {"a", "b"}, *const targets[] = {"u.id", "v.id"};
  corm_error err = {.is_set = false};
  corm_metadata metadata;
  corm_metadata_init(&metadata, &corm_mem_libc);
  fixture t, u, v;
  open_table(&t, "t");
  open_table(&u, "u");
  open_table(&v, "v");
  add_column(&t, "a", CORM_TYPE_INTEGER);
  add_column(&t, "b", CORM_TYPE_INTEGER);
  corm_column *target = add_key(&u, "id");
  add_key(&v, "id");
  corm_constraint key = foreign_key(names, targets, 2);
  assert_int_equal(corm_table_add_constraint(&t.table, &key, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &t.table, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &u.table, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &v.table, &err), CORM_OK);
  assert_int_equal(corm_constraint_resolve(&key, &err), CORM_FAILED);
  failed_with(&err, CORM_E_ARGUMENT, "foreign key of table 't' names columns of two tables, 'u' and 'v'", "");
  /* A target that is given as a column must have its table by now. */
  corm_column loose;
  corm_column_init(&loose, "x", corm_type_default(CORM_TYPE_INTEGER));
  corm_column *known[] = {target, &loose};
  key.target_columns = known;
  assert_int_equal(corm_constraint_resolve(&key, &err), CORM_FAILED);
  failed_with(&err, CORM_E_NO_REFERENCED_TABLE,
              "foreign key of column 't.b': its target column 'x' belongs to no table", "");
  close_table(&t);
  close_table(&u);
  close_table(&v);
  corm_metadata_clear(&metadata);
}

static void a_name_is_taken_once(void **state) {
  (void)state;
  corm_error err = {.is_set = false};
  corm_metadata metadata;
  corm_metadata_init(&metadata, &corm_mem_libc);
  fixture a, b;
  open_table(&a, "user");
  open_table(&b, "user");
  assert_int_equal(corm_metadata_add(&metadata, &a.table, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &b.table, &err), CORM_FAILED);
  failed_with(&err, CORM_E_INVALID_REQUEST, "table 'user' is already defined for this MetaData", "");
  assert_int_equal(corm_metadata_add(&metadata, &a.table, &err), CORM_FAILED);
  failed_with(&err, CORM_E_INVALID_REQUEST, "table 'user' already belongs to a MetaData", "");
  corm_metadata_remove(&metadata, &b.table);
  assert_ptr_equal(corm_metadata_table(&metadata, "user"), &a.table);
  corm_metadata_remove(&metadata, &a.table);
  assert_null(corm_metadata_table(&metadata, "user"));
  assert_int_equal(corm_metadata_add(&metadata, &b.table, &err), CORM_OK);
  close_table(&a);
  close_table(&b);
  corm_metadata_clear(&metadata);
}

/* Tables t0 to t5 with one column each, and foreign keys between them as pairs of digits, "from to". */
enum { TABLES = 6 };
typedef struct graph {
  corm_metadata metadata;
  corm_table tables[TABLES];
  corm_column columns[TABLES];
  corm_constraint keys[16];
  char names[TABLES][8], targets[TABLES][16];
  const char *target_names[TABLES];
} graph;

static const char *const graph_column[] = {"id"};

static corm_status open_graph(graph *g, const corm_mem *mem, const char *const *edges, size_t n, corm_error *err) {
  memset(g, 0, sizeof *g);
  corm_metadata_init(&g->metadata, mem);
  corm_status status = CORM_OK;
  for (uint8_t i = 0; i < TABLES && status == CORM_OK; i++) {
    snprintf(g->names[i], sizeof g->names[i], "t%d", i);
    snprintf(g->targets[i], sizeof g->targets[i], "t%d.id", i);
    g->target_names[i] = g->targets[i];
    status = corm_table_init(&g->tables[i], mem, g->names[i], NULL, err);
    if (status != CORM_OK) break;
    g->tables[i].creation = (uint64_t)i;
    corm_column_init(&g->columns[i], "id", corm_type_default(CORM_TYPE_INTEGER));
    status = corm_table_add_column(&g->tables[i], &g->columns[i], err);
    if (status == CORM_OK) status = corm_metadata_add(&g->metadata, &g->tables[i], err);
  }
  for (size_t i = 0; i < n && status == CORM_OK; i++) {
    g->keys[i] = foreign_key(graph_column, &g->target_names[edges[i][1] - '0'], 1);
    status = corm_table_add_constraint(&g->tables[edges[i][0] - '0'], &g->keys[i], err);
  }
  return status;
}

static void close_graph(graph *g) {
  for (int i = 0; i < TABLES; i++) {
    if (g->tables[i].arena.mem) corm_table_clear(&g->tables[i]);
  }
  corm_metadata_clear(&g->metadata);
}

static void sorts_to(const char *const *edges, size_t n, const char *wanted, size_t wanted_cycle) {
  graph g;
  corm_error err = {.is_set = false};
  char order[TABLES + 1] = "";
  size_t ncycle = 99;
  corm_vec sorted;
  assert_int_equal(open_graph(&g, &corm_mem_libc, edges, n, &err), CORM_OK);
  corm_vec_init(&sorted, &corm_mem_libc);
  assert_int_equal(corm_metadata_sort(&g.metadata, NULL, 0, &sorted, &ncycle, &err), CORM_OK);
  assert_int_equal(sorted.len, TABLES);
  for (size_t i = 0; i < TABLES; i++) order[i] = ((const corm_table *)sorted.items[i])->name[1];
  assert_string_equal(order, wanted);
  assert_int_equal(ncycle, wanted_cycle);
  corm_vec_clear(&sorted);
  close_graph(&g);
}

static void referenced_tables_come_first(void **state) {
  (void)state;
  static const char *const chain[] = {"01", "12", "23", "34", "45"};
  static const char *const self[] = {"00", "55"};
  static const char *const diamond[] = {"01", "02", "13", "23", "01"};
  static const char *const cycle[] = {"01", "10", "24"};
  sorts_to(NULL, 0, "012345", 0);
  sorts_to(chain, 5, "543210", 0);
  sorts_to(self, 2, "012345", 0);
  sorts_to(diamond, 5, "312045", 0);
  sorts_to(cycle, 3, "342501", 2);
}

static void some_tables_are_sorted_among_themselves(void **state) {
  (void)state;
  static const char *const edges[] = {"01", "12", "05"};
  graph g;
  corm_error err = {.is_set = false};
  size_t ncycle = 0;
  corm_vec sorted;
  assert_int_equal(open_graph(&g, &corm_mem_libc, edges, 3, &err), CORM_OK);
  corm_vec_init(&sorted, &corm_mem_libc);
  corm_table *some[] = {&g.tables[3], &g.tables[0], &g.tables[1]};
  assert_int_equal(corm_metadata_sort(&g.metadata, some, 3, &sorted, &ncycle, &err), CORM_OK);
  assert_int_equal(sorted.len, 3);
  assert_ptr_equal(sorted.items[0], &g.tables[1]);
  assert_ptr_equal(sorted.items[1], &g.tables[0]);
  assert_ptr_equal(sorted.items[2], &g.tables[3]);
  assert_int_equal(corm_metadata_sort(&g.metadata, some, 0, &sorted, &ncycle, &err), CORM_OK);
  assert_int_equal(sorted.len, 3);
  corm_metadata_remove(&g.metadata, &g.tables[5]);
  assert_int_equal(corm_metadata_sort(&g.metadata, NULL, 0, &sorted, &ncycle, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_NO_REFERENCED_TABLE);
  corm_error_clear(&err);
  corm_vec_clear(&sorted);
  close_graph(&g);
}

static bool build_and_sort(const corm_mem *mem) {
  static const char *const edges[] = {"01", "12", "23", "30", "45"};
  graph g;
  corm_error err = {.is_set = false};
  size_t ncycle = 0;
  corm_vec sorted;
  corm_vec_init(&sorted, mem);
  corm_status status = open_graph(&g, mem, edges, 5, &err);
  if (status == CORM_OK) status = corm_metadata_sort(&g.metadata, NULL, 0, &sorted, &ncycle, &err);
  if (status != CORM_OK) assert_int_equal(err.cls, CORM_E_MEMORY);
  if (status == CORM_OK) assert_int_equal(ncycle, 4);
  corm_vec_clear(&sorted);
  close_graph(&g);
  corm_error_clear(&err);
  return status == CORM_OK;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(build_and_sort);
}

static void a_column_that_is_taken_out_leaves_the_key(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  add_key(&f, "a");
  add_key(&f, "b");
  add_column(&f, "c", CORM_TYPE_INTEGER);
  assert_int_equal(f.table.primary_key->ncolumns, 2);
  corm_table_remove_column(&f.table, f.table.primary_key->columns[0]);
  assert_int_equal(f.table.primary_key->ncolumns, 1);
  assert_string_equal(f.table.primary_key->columns[0]->name, "b");
  assert_int_equal(f.table.columns.len, 2);
  assert_null(corm_table_column(&f.table, "a", 1));
  assert_int_equal(((const corm_column *)f.table.columns.items[1])->index, 1);
  close_table(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(foreign_key_phrases_are_a_closed_list),
      cmocka_unit_test(a_target_is_found_late_and_gives_its_type),
      cmocka_unit_test(a_bad_target_is_named),
      cmocka_unit_test(the_metadatas_schema_is_the_default_of_targets),
      cmocka_unit_test(a_foreign_key_leads_to_one_table),
      cmocka_unit_test(a_name_is_taken_once),
      cmocka_unit_test(referenced_tables_come_first),
      cmocka_unit_test(some_tables_are_sorted_among_themselves),
      cmocka_unit_test(a_column_that_is_taken_out_leaves_the_key),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
