/* CREATE and DROP as text; what is written for SQLite is also run by SQLite. */
#include <sqlite3.h>

#include "schema_fixture.h"
#include "sql/ddl.h"
#include "sql/node.h"

/* Memory for the nodes of one test. */
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

static const corm_node *sql(const char *text) {
  return corm_text_in(&nodes, text, strlen(text));
}

static const corm_node *column_node(const corm_column *column) {
  return corm_column_node_in(&nodes, column, corm_table_node_in(&nodes, column->table));
}

static const corm_node *compare(corm_op op, const corm_column *column, int64_t number) {
  corm_value value = corm_value_int(number);
  return corm_compare_in(&nodes, op, column_node(column), &value);
}

static void runs(const char *text) {
  sqlite3 *db;
  char *message = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "ATTACH ':memory:' AS aux", NULL, NULL, NULL), SQLITE_OK);
  if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s\n%s", text, message);
  sqlite3_close(db);
}

static corm_status write_element(corm_ddl_kind kind, const corm_dialect *dialect, const void *object, corm_buf *buf,
                                 corm_error *err) {
  const corm_ddl_element element = {.kind = kind, .object = (void *)(uintptr_t)object};
  return corm_ddl_write(dialect, &element, buf, err);
}

static void creates_on(const corm_dialect *dialect, corm_table *table, const char *wanted) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  corm_status status = write_element(CORM_DDL_CREATE_TABLE, dialect, table, &buf, &err);
  if (status != CORM_OK) fail_msg("%s", err.message);
  assert_string_equal(corm_buf_str(&buf), wanted);
  if (dialect == &corm_dialect_sqlite) runs(wanted);
  corm_buf_clear(&buf);
}

static void creates(corm_table *table, const char *wanted) {
  creates_on(&corm_dialect_sqlite, table, wanted);
}

static void does_not_create(const corm_dialect *dialect, corm_table *table, const char *message) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(write_element(CORM_DDL_CREATE_TABLE, dialect, table, &buf, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_COMPILE);
  assert_string_equal(err.message, message);
  corm_error_clear(&err);
  corm_buf_clear(&buf);
}

static void the_tutorials_table(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "user");
  add_key(&f, "id");
  corm_column *name = new_column(&f, "name", CORM_TYPE_STRING);
  name->nullable = false;
  name->unique = true;
  assert_int_equal(corm_table_add_column(&f.table, name, &f.err), CORM_OK);
  creates(&f.table, "\nCREATE TABLE user (\n\tid INTEGER NOT NULL, \n\tname VARCHAR NOT NULL, \n\tPRIMARY KEY (id), "
                    "\n\tUNIQUE (name)\n)\n\n");
  creates_on(&corm_dialect_default, &f.table,
             "\nCREATE TABLE \"user\" (\n\tid INTEGER NOT NULL, \n\tname VARCHAR NOT NULL, \n\tPRIMARY KEY (id), "
             "\n\tUNIQUE (name)\n)\n\n");
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(write_element(CORM_DDL_DROP_TABLE, &corm_dialect_default, &f.table, &buf, &f.err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), "\nDROP TABLE \"user\"");
  corm_buf_clear(&buf);
  close_table(&f);
}

static void each_type_has_its_name(void **state) {
  (void)state;
  static const char *const values[] = {"draft", "\xC3\xBC", "done"}; /* the longest has five characters */
  static const struct {
    corm_type_kind kind;
    int16_t length, precision, scale;
    const char *collation, *wanted;
  } cases[] = {
      {CORM_TYPE_INTEGER, -1, -1, -1, NULL, "INTEGER"},
      {CORM_TYPE_SMALLINT, -1, -1, -1, NULL, "SMALLINT"},
      {CORM_TYPE_BIGINT, -1, -1, -1, NULL, "BIGINT"},
      {CORM_TYPE_STRING, -1, -1, -1, NULL, "VARCHAR"},
      {CORM_TYPE_STRING, 50, -1, -1, NULL, "VARCHAR(50)"},
      {CORM_TYPE_STRING, 50, -1, -1, "NOCASE", "VARCHAR(50) COLLATE \"NOCASE\""},
      {CORM_TYPE_STRING, -1, -1, -1, "a\"b", "VARCHAR COLLATE \"a\"\"b\""},
      {CORM_TYPE_UNICODE, 5, -1, -1, NULL, "VARCHAR(5)"},
      {CORM_TYPE_TEXT, -1, -1, -1, NULL, "TEXT"},
      {CORM_TYPE_UNICODETEXT, -1, -1, -1, NULL, "TEXT"},
      {CORM_TYPE_BOOLEAN, -1, -1, -1, NULL, "BOOLEAN"},
      {CORM_TYPE_NUMERIC, -1, -1, -1, NULL, "NUMERIC"},
      {CORM_TYPE_NUMERIC, -1, 10, -1, NULL, "NUMERIC(10)"},
      {CORM_TYPE_NUMERIC, -1, 10, 2, NULL, "NUMERIC(10, 2)"},
      {CORM_TYPE_FLOAT, -1, 5, -1, NULL, "FLOAT"},
      {CORM_TYPE_DOUBLE, -1, -1, -1, NULL, "DOUBLE"},
      {CORM_TYPE_DATE, -1, -1, -1, NULL, "DATE"},
      {CORM_TYPE_TIME, -1, -1, -1, NULL, "TIME"},
      {CORM_TYPE_DATETIME, -1, -1, -1, NULL, "DATETIME"},
      {CORM_TYPE_INTERVAL, -1, -1, -1, NULL, "DATETIME"},
      {CORM_TYPE_BINARY, -1, -1, -1, NULL, "BLOB"},
      {CORM_TYPE_ENUM, -1, -1, -1, NULL, "VARCHAR(5)"},
      {CORM_TYPE_ENUM, 20, -1, -1, NULL, "VARCHAR(20)"},
      {CORM_TYPE_JSON, -1, -1, -1, NULL, "JSON"},
      {CORM_TYPE_UUID, -1, -1, -1, NULL, "CHAR(32)"},
  };
  const corm_dialect *const dialects[] = {&corm_dialect_sqlite, &corm_dialect_default};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    corm_type type = *corm_type_default(cases[i].kind);
    type.length = cases[i].length;
    type.precision = cases[i].precision;
    type.scale = cases[i].scale;
    type.collation = cases[i].collation;
    type.values = values;
    type.nvalues = 3;
    for (size_t d = 0; d < 2; d++) {
      corm_buf buf;
      corm_error err = {.is_set = false};
      corm_buf_init(&buf, &corm_mem_libc);
      assert_int_equal(dialects[d]->type_name(dialects[d], &type, &buf, &err), CORM_OK);
      assert_string_equal(corm_buf_str(&buf), cases[i].wanted);
      corm_buf_clear(&buf);
    }
  }
}

static void a_column_without_type_is_named(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  add_column(&f, "x", CORM_TYPE_NULLTYPE);
  does_not_create(&corm_dialect_sqlite, &f.table,
                  "(in table 't', column 'x'): NullType has no name in DDL; the column was given no type");
  creates_on(&corm_dialect_default, &f.table, "\nCREATE TABLE t (\n\tx NULL\n)\n\n");
  close_table(&f);
}

static void names_are_quoted_where_needed(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "Order");
  corm_column *column = new_column(&f, "say \"x\"", CORM_TYPE_INTEGER);
  column->unique = true;
  assert_int_equal(corm_table_add_column(&f.table, column, &f.err), CORM_OK);
  creates(&f.table, "\nCREATE TABLE \"Order\" (\n\t\"say \"\"x\"\"\" INTEGER, \n\tUNIQUE (\"say \"\"x\"\"\")\n)\n\n");
  close_table(&f);
}

/* Only INTEGER PRIMARY KEY is the rowid. */
static void a_generated_key_is_an_integer(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *id = new_column(&f, "id", CORM_TYPE_BIGINT);
  id->primary_key = true;
  id->nullable = false;
  assert_int_equal(corm_table_add_column(&f.table, id, &f.err), CORM_OK);
  creates(&f.table, "\nCREATE TABLE t (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)\n\n");
  creates_on(&corm_dialect_default, &f.table, "\nCREATE TABLE t (\n\tid BIGINT NOT NULL, \n\tPRIMARY KEY (id)\n)\n\n");
  id->autoincrement = CORM_AUTOINCREMENT_OFF;
  creates(&f.table, "\nCREATE TABLE t (\n\tid BIGINT NOT NULL, \n\tPRIMARY KEY (id)\n)\n\n");
  id->autoincrement = CORM_AUTOINCREMENT_AUTO;
  f.table.sqlite_autoincrement = true;
  creates(&f.table, "\nCREATE TABLE t (\n\tid INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT\n)\n\n");
  creates_on(&corm_dialect_default, &f.table, "\nCREATE TABLE t (\n\tid BIGINT NOT NULL, \n\tPRIMARY KEY (id)\n)\n\n");
  close_table(&f);
}

static void a_composite_key_is_not_generated_on_sqlite(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_key(&f, "a");
  add_key(&f, "b");
  f.table.sqlite_autoincrement = true;
  creates(&f.table, "\nCREATE TABLE t (\n\ta INTEGER NOT NULL, \n\tb INTEGER NOT NULL, \n\tPRIMARY KEY (a, b)\n)\n\n");
  a->autoincrement = CORM_AUTOINCREMENT_ON;
  does_not_create(&corm_dialect_sqlite, &f.table,
                  "(in table 't', column 'a'): sqlite does not support autoincrement for composite primary keys");
  close_table(&f);
}

static void options_stand_behind_the_table(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  add_key(&f, "id");
  f.table.sqlite_strict = true;
  creates(&f.table, "\nCREATE TABLE t (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)\n STRICT\n\n");
  f.table.sqlite_without_rowid = true;
  creates(&f.table, "\nCREATE TABLE t (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)\n WITHOUT ROWID,\n STRICT\n\n");
  f.table.sqlite_strict = false;
  creates(&f.table, "\nCREATE TABLE t (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)\n WITHOUT ROWID\n\n");
  close_table(&f);
}

static corm_column *add_default(fixture *f, const char *name, const char *text, const char *expression) {
  corm_column *column = add_column(f, name, CORM_TYPE_STRING);
  column->server_default.kind = CORM_DEFAULT_SERVER;
  if (text) column->server_default.value = corm_value_text(text, strlen(text));
  if (expression) column->server_default.sql = sql(expression);
  return column;
}

static void server_defaults(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  add_default(&f, "a", "it's", NULL)->nullable = false;
  add_default(&f, "b", NULL, "CURRENT_TIMESTAMP");
  add_default(&f, "c", NULL, "1 + 2");
  add_default(&f, "d", NULL, "(1 + 2)");
  add_default(&f, "e", NULL, "'x' || 'y'");
  add_default(&f, "f", NULL, NULL);
  f.columns[4].server_default.sql = sql("-1");
  creates(&f.table, "\nCREATE TABLE t (\n\ta VARCHAR DEFAULT 'it''s' NOT NULL, \n\tb VARCHAR DEFAULT "
                    "CURRENT_TIMESTAMP, \n\tc VARCHAR DEFAULT (1 + 2), \n\td VARCHAR DEFAULT (1 + 2), \n\te VARCHAR "
                    "DEFAULT (-1), \n\tf VARCHAR\n)\n\n");
  creates_on(&corm_dialect_default, &f.table,
             "\nCREATE TABLE t (\n\ta VARCHAR DEFAULT 'it''s' NOT NULL, \n\tb VARCHAR DEFAULT CURRENT_TIMESTAMP, \n\tc "
             "VARCHAR DEFAULT 1 + 2, \n\td VARCHAR DEFAULT (1 + 2), \n\te VARCHAR DEFAULT -1, \n\tf VARCHAR\n)\n\n");
  f.columns[1].server_default.sql = corm_function_in(&nodes, "now", corm_type_default(CORM_TYPE_DATETIME), NULL, 0);
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(corm_ddl_server_default(&corm_dialect_sqlite, &f.columns[1], &buf, &f.err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), "CURRENT_TIMESTAMP");
  corm_buf_clear(&buf);
  close_table(&f);
}

static void checks_have_their_values_written_out(void **state) {
  (void)state;
  static const char *const kinds[] = {"it's", "b"};
  corm_type flag = *corm_type_default(CORM_TYPE_BOOLEAN), kind = *corm_type_default(CORM_TYPE_ENUM);
  flag.native = kind.native = true;
  kind.values = kinds;
  kind.nvalues = 2;
  kind.name = "kind";
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_column(&f, "a", CORM_TYPE_INTEGER);
  corm_column *b = new_column(&f, "order", CORM_TYPE_BOOLEAN);
  b->type = &flag;
  assert_int_equal(corm_table_add_column(&f.table, b, &f.err), CORM_OK);
  corm_column *c = new_column(&f, "c", CORM_TYPE_ENUM);
  c->type = &kind;
  assert_int_equal(corm_table_add_column(&f.table, c, &f.err), CORM_OK);
  corm_constraint positive = {
      .kind = CORM_CONSTRAINT_CHECK, .name = "Positive", .check = compare(CORM_OP_GT, a, 0), .deferrable = -1};
  corm_constraint raw = {.kind = CORM_CONSTRAINT_CHECK, .check = sql("a < 10"), .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &positive, &f.err), CORM_OK);
  assert_int_equal(corm_table_add_constraint(&f.table, &raw, &f.err), CORM_OK);
  creates(&f.table, "\nCREATE TABLE t (\n\ta INTEGER, \n\t\"order\" BOOLEAN, \n\tc VARCHAR(4), \n\tCHECK (\"order\" IN "
                    "(0, 1)), \n\tCONSTRAINT kind CHECK (c IN ('it''s', 'b')), \n\tCONSTRAINT \"Positive\" CHECK (a > "
                    "0), \n\tCHECK (a < 10)\n)\n\n");
  creates_on(
      &corm_dialect_default, &f.table,
      "\nCREATE TABLE t (\n\ta INTEGER, \n\t\"order\" BOOLEAN, \n\tc VARCHAR(4), \n\tCONSTRAINT kind CHECK (c IN "
      "('it''s', 'b')), \n\tCONSTRAINT \"Positive\" CHECK (a > 0), \n\tCHECK (a < 10)\n)\n\n");
  close_table(&f);
}

static void foreign_keys_with_all_they_can_say(void **state) {
  (void)state;
  static const char *const names[] = {"a", "b"}, *const targets[] = {"Parent.x", "Parent.y"};
  corm_metadata metadata;
  corm_metadata_init(&metadata, &corm_mem_libc);
  fixture parent, child;
  open_table(&parent, "Parent");
  open_table(&child, "child");
  add_key(&parent, "x");
  add_key(&parent, "y");
  add_column(&child, "a", CORM_TYPE_NULLTYPE);
  add_column(&child, "b", CORM_TYPE_NULLTYPE);
  corm_constraint key = foreign_key(names, targets, 2);
  key.name = "fk_child";
  key.ondelete = "CASCADE";
  key.onupdate = "set null";
  key.deferrable = 1;
  key.initially = "DEFERRED";
  assert_int_equal(corm_table_add_constraint(&child.table, &key, &child.err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &parent.table, &child.err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &child.table, &child.err), CORM_OK);
  creates(&child.table, "\nCREATE TABLE child (\n\ta INTEGER, \n\tb INTEGER, \n\tCONSTRAINT fk_child FOREIGN KEY(a, b) "
                        "REFERENCES \"Parent\" (x, y) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY "
                        "DEFERRED\n)\n\n");
  key.deferrable = 0;
  key.name = key.initially = key.ondelete = key.onupdate = NULL;
  creates(&child.table, "\nCREATE TABLE child (\n\ta INTEGER, \n\tb INTEGER, \n\tFOREIGN KEY(a, b) REFERENCES "
                        "\"Parent\" (x, y) NOT DEFERRABLE\n)\n\n");
  close_table(&parent);
  close_table(&child);
  corm_metadata_clear(&metadata);
}

static void a_foreign_key_with_no_target_stops_the_table(void **state) {
  (void)state;
  static const char *const names[] = {"a"}, *const targets[] = {"nowhere.id"};
  fixture f;
  open_table(&f, "t");
  add_column(&f, "a", CORM_TYPE_INTEGER);
  corm_constraint key = foreign_key(names, targets, 1);
  assert_int_equal(corm_table_add_constraint(&f.table, &key, &f.err), CORM_OK);
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(write_element(CORM_DDL_CREATE_TABLE, &corm_dialect_sqlite, &f.table, &buf, &f.err), CORM_FAILED);
  assert_int_equal(f.err.cls, CORM_E_NO_REFERENCED_TABLE);
  assert_int_equal(buf.len, 0);
  corm_buf_clear(&buf);
  close_table(&f);
}

/* SQLite's foreign keys cannot leave the database that they are in. */
static void schemas(void **state) {
  (void)state;
  static const char *const names[] = {"a"}, *const inside[] = {"aux.u.id"}, *const outside[] = {"v.id"};
  corm_metadata metadata;
  corm_error err = {.is_set = false};
  corm_metadata_init(&metadata, &corm_mem_libc);
  fixture t = {.n = 0}, u = {.n = 0}, v;
  assert_int_equal(corm_table_init(&t.table, &corm_mem_libc, "t", "aux", &err), CORM_OK);
  assert_int_equal(corm_table_init(&u.table, &corm_mem_libc, "u", "aux", &err), CORM_OK);
  open_table(&v, "v");
  corm_column *a = new_column(&t, "a", CORM_TYPE_INTEGER);
  a->indexed = true;
  assert_int_equal(corm_table_add_column(&t.table, a, &err), CORM_OK);
  add_key(&u, "id");
  add_key(&v, "id");
  corm_constraint near = foreign_key(names, inside, 1), far = foreign_key(names, outside, 1);
  assert_int_equal(corm_table_add_constraint(&t.table, &near, &err), CORM_OK);
  assert_int_equal(corm_table_add_constraint(&t.table, &far, &err), CORM_OK);
  corm_table *const tables[] = {&t.table, &u.table, &v.table};
  for (size_t i = 0; i < 3; i++) assert_int_equal(corm_metadata_add(&metadata, tables[i], &err), CORM_OK);
  creates(&t.table, "\nCREATE TABLE aux.t (\n\ta INTEGER, \n\tFOREIGN KEY(a) REFERENCES u (id)\n)\n\n");
  creates_on(&corm_dialect_default, &t.table,
             "\nCREATE TABLE aux.t (\n\ta INTEGER, \n\tFOREIGN KEY(a) REFERENCES aux.u (id), \n\tFOREIGN KEY(a) "
             "REFERENCES v (id)\n)\n\n");
  const struct {
    const corm_dialect *dialect;
    const char *create;
  } cases[] = {{&corm_dialect_sqlite, "CREATE INDEX aux.ix_aux_t_a ON t (a)"},
               {&corm_dialect_default, "CREATE INDEX ix_aux_t_a ON aux.t (a)"}};
  for (size_t i = 0; i < 2; i++) {
    corm_buf buf;
    corm_buf_init(&buf, &corm_mem_libc);
    assert_int_equal(write_element(CORM_DDL_CREATE_INDEX, cases[i].dialect, t.table.indexes.items[0], &buf, &err),
                     CORM_OK);
    assert_string_equal(corm_buf_str(&buf), cases[i].create);
    corm_buf_reset(&buf);
    assert_int_equal(write_element(CORM_DDL_DROP_INDEX, cases[i].dialect, t.table.indexes.items[0], &buf, &err),
                     CORM_OK);
    assert_string_equal(corm_buf_str(&buf), "\nDROP INDEX aux.ix_aux_t_a");
    corm_buf_clear(&buf);
  }
  close_table(&t);
  close_table(&u);
  close_table(&v);
  corm_metadata_clear(&metadata);
}

static void indexes_on(const corm_dialect *dialect, fixture *f, corm_index *index, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(write_element(CORM_DDL_CREATE_INDEX, dialect, index, &buf, &f->err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void indexes(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_column(&f, "a", CORM_TYPE_INTEGER);
  corm_column *key = add_column(&f, "Key", CORM_TYPE_STRING);
  const corm_node *args[] = {column_node(key)};
  corm_index_item items[] = {
      {.column_name = "a"},
      {.column_name = "Key"},
      {.expr = corm_unary_in(&nodes, CORM_OP_DESC, column_node(a))},
      {.expr = corm_function_in(&nodes, "lower", corm_type_default(CORM_TYPE_STRING), args, 1)},
  };
  corm_index plain = {.items = items, .nitems = 2};
  assert_int_equal(corm_table_add_index(&f.table, &plain, &f.err), CORM_OK);
  indexes_on(&corm_dialect_sqlite, &f, &plain, "CREATE INDEX ix_t_a ON t (a, \"Key\")");
  corm_index partial = {.name = "Some", .items = items + 2, .nitems = 2, .unique = true};
  partial.where[CORM_INDEX_WHERE_SQLITE] = compare(CORM_OP_GT, a, 5);
  assert_int_equal(corm_table_add_index(&f.table, &partial, &f.err), CORM_OK);
  indexes_on(&corm_dialect_sqlite, &f, &partial,
             "CREATE UNIQUE INDEX \"Some\" ON t (a DESC, lower(\"Key\")) WHERE a > 5");
  indexes_on(&corm_dialect_default, &f, &partial, "CREATE UNIQUE INDEX \"Some\" ON t (a DESC, lower(\"Key\"))");
  close_table(&f);
}

/* -- out of memory ------------------------------------------------------------------------------------------------- */

static fixture *rich;
static corm_index *rich_index;

static bool write_all(const corm_mem *mem) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, mem);
  corm_status status = write_element(CORM_DDL_CREATE_TABLE, &corm_dialect_sqlite, &rich->table, &buf, &err);
  if (status == CORM_OK) status = write_element(CORM_DDL_CREATE_INDEX, &corm_dialect_sqlite, rich_index, &buf, &err);
  if (status == CORM_OK) status = write_element(CORM_DDL_DROP_INDEX, &corm_dialect_sqlite, rich_index, &buf, &err);
  if (status == CORM_OK) status = write_element(CORM_DDL_DROP_TABLE, &corm_dialect_sqlite, &rich->table, &buf, &err);
  if (status != CORM_OK) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_buf_clear(&buf);
  corm_error_clear(&err);
  return status == CORM_OK;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fixture f;
  open_table(&f, "t");
  corm_column *a = add_column(&f, "a", CORM_TYPE_INTEGER);
  add_default(&f, "b", "x", NULL);
  add_default(&f, "c", NULL, "1 + 2");
  corm_constraint check = {.kind = CORM_CONSTRAINT_CHECK, .check = compare(CORM_OP_GT, a, 0), .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&f.table, &check, &f.err), CORM_OK);
  corm_index_item items[] = {{.column_name = "a"}};
  corm_index index = {.items = items, .nitems = 1, .where = {compare(CORM_OP_GT, a, 5)}};
  assert_int_equal(corm_table_add_index(&f.table, &index, &f.err), CORM_OK);
  rich = &f;
  rich_index = &index;
  fail_mem_each(write_all);
  close_table(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tutorials_table),
      cmocka_unit_test(each_type_has_its_name),
      cmocka_unit_test(a_column_without_type_is_named),
      cmocka_unit_test(names_are_quoted_where_needed),
      cmocka_unit_test(a_generated_key_is_an_integer),
      cmocka_unit_test(a_composite_key_is_not_generated_on_sqlite),
      cmocka_unit_test(options_stand_behind_the_table),
      cmocka_unit_test(server_defaults),
      cmocka_unit_test(checks_have_their_values_written_out),
      cmocka_unit_test(foreign_keys_with_all_they_can_say),
      cmocka_unit_test(a_foreign_key_with_no_target_stops_the_table),
      cmocka_unit_test(schemas),
      cmocka_unit_test(indexes),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, open_nodes, close_nodes);
}
