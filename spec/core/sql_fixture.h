/* Tables and short builders for the golden SQL of test_expr, test_compile and test_dml. */
#ifndef CORM_SPEC_SQL_FIXTURE_H
#define CORM_SPEC_SQL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "schema/metadata.h"
#include "sql/compile.h"

typedef const corm_node *N;

static corm_arena arena;
static corm_metadata metadata;

#define MAX_COLUMNS 10
typedef struct fixture_table {
  corm_table table;
  corm_column columns[MAX_COLUMNS];
  size_t n;
  corm_constraint foreign_keys[2];
  const char *fk_columns[2];
  const char *fk_targets[2];
  N node;
} fixture_table;

static fixture_table account, address, tree, pair, odd, stamped;
static N a_id, a_name, a_age, a_active, a_balance, a_score, a_created, a_birthday, e_id, e_account, e_email;

static const corm_type string_5 = {.kind = CORM_TYPE_STRING, .precision = -1, .scale = -1, .length = 5};

static corm_column *add_column(fixture_table *t, const char *name, corm_type_kind kind) {
  corm_column *column = &t->columns[t->n];
  corm_error err = {0};
  corm_column_init(column, name, corm_type_default(kind));
  column->creation = t->n++;
  if (column->creation == 0) {
    column->primary_key = true;
    column->nullable = false;
  }
  assert_int_equal(corm_table_add_column(&t->table, column, &err), CORM_OK);
  return column;
}

static void add_foreign_key(fixture_table *t, int number, const char *column, const char *target) {
  corm_error err = {0};
  t->fk_columns[number] = column;
  t->fk_targets[number] = target;
  t->foreign_keys[number] = (corm_constraint){.kind = CORM_CONSTRAINT_FOREIGN_KEY,
                                              .creation = 100 + (uint64_t)number,
                                              .column_names = &t->fk_columns[number],
                                              .ncolumns = 1,
                                              .targets = &t->fk_targets[number],
                                              .deferrable = -1};
  assert_int_equal(corm_table_add_constraint(&t->table, &t->foreign_keys[number], &err), CORM_OK);
}

static void add_table(fixture_table *t, const char *name, const char *schema) {
  corm_error err = {0};
  memset(t, 0, sizeof *t);
  assert_int_equal(corm_table_init(&t->table, &corm_mem_libc, name, schema, &err), CORM_OK);
  assert_int_equal(corm_metadata_add(&metadata, &t->table, &err), CORM_OK);
  t->node = corm_table_node_in(&arena, &t->table);
}

static N col(fixture_table *t, const char *key) {
  N node = corm_from_column_in(&arena, t->node, key);
  assert_non_null(node);
  return node;
}

static void make_account(void) {
  add_table(&account, "account", NULL);
  add_column(&account, "id", CORM_TYPE_INTEGER);
  add_column(&account, "name", CORM_TYPE_STRING);
  add_column(&account, "age", CORM_TYPE_INTEGER);
  add_column(&account, "active", CORM_TYPE_BOOLEAN);
  add_column(&account, "balance", CORM_TYPE_NUMERIC);
  add_column(&account, "score", CORM_TYPE_FLOAT);
  add_column(&account, "created", CORM_TYPE_DATETIME);
  add_column(&account, "birthday", CORM_TYPE_DATE);
  a_id = col(&account, "id");
  a_name = col(&account, "name");
  a_age = col(&account, "age");
  a_active = col(&account, "active");
  a_balance = col(&account, "balance");
  a_score = col(&account, "score");
  a_created = col(&account, "created");
  a_birthday = col(&account, "birthday");
}

static int setup(void **state) {
  (void)state;
  corm_arena_init(&arena, &corm_mem_libc);
  corm_metadata_init(&metadata, &corm_mem_libc);
  make_account();
  add_table(&address, "address", NULL);
  add_column(&address, "id", CORM_TYPE_INTEGER);
  add_column(&address, "account_id", CORM_TYPE_INTEGER);
  add_column(&address, "email", CORM_TYPE_STRING);
  add_foreign_key(&address, 0, "account_id", "account.id");
  e_id = col(&address, "id");
  e_account = col(&address, "account_id");
  e_email = col(&address, "email");
  add_table(&tree, "tree", NULL);
  add_column(&tree, "id", CORM_TYPE_INTEGER);
  add_column(&tree, "parent_id", CORM_TYPE_INTEGER);
  add_foreign_key(&tree, 0, "parent_id", "tree.id");
  add_table(&pair, "pair", NULL); /* two ways to account */
  add_column(&pair, "id", CORM_TYPE_INTEGER);
  add_column(&pair, "left_id", CORM_TYPE_INTEGER);
  add_column(&pair, "right_id", CORM_TYPE_INTEGER);
  add_foreign_key(&pair, 0, "left_id", "account.id");
  add_foreign_key(&pair, 1, "right_id", "account.id");
  add_table(&odd, "Order Item", "sales");
  add_column(&odd, "id", CORM_TYPE_INTEGER);
  add_column(&odd, "Full \"Name\"", CORM_TYPE_STRING);
  add_column(&odd, "select", CORM_TYPE_INTEGER);
  add_table(&stamped, "stamped", NULL);
  add_column(&stamped, "id", CORM_TYPE_INTEGER);
  add_column(&stamped, "title", CORM_TYPE_STRING);
  corm_column *status = add_column(&stamped, "status", CORM_TYPE_STRING);
  status->default_ = (corm_default){.kind = CORM_DEFAULT_VALUE, .value = corm_value_text("new", 3)};
  corm_column *token = add_column(&stamped, "token", CORM_TYPE_STRING);
  token->default_ = (corm_default){.kind = CORM_DEFAULT_HOOK, .hook = 7};
  token->onupdate = (corm_default){.kind = CORM_DEFAULT_HOOK, .hook = 8};
  corm_column *made = add_column(&stamped, "made", CORM_TYPE_DATETIME);
  made->default_ = (corm_default){.kind = CORM_DEFAULT_SQL, .sql = corm_function_in(&arena, "now", NULL, NULL, 0)};
  corm_column *changed = add_column(&stamped, "changed", CORM_TYPE_DATETIME);
  changed->onupdate = (corm_default){.kind = CORM_DEFAULT_SQL, .sql = corm_function_in(&arena, "now", NULL, NULL, 0)};
  corm_column *served = add_column(&stamped, "served", CORM_TYPE_INTEGER);
  served->server_default = (corm_default){.kind = CORM_DEFAULT_SERVER, .value = corm_value_text("0", 1)};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  fixture_table *tables[] = {&account, &address, &tree, &pair, &odd, &stamped};
  corm_metadata_clear(&metadata);
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) corm_table_clear(&tables[i]->table);
  corm_arena_clear(&arena);
  return 0;
}

/* -- builders ------------------------------------------------------------------------------------------------------ */

#define ITEMS(...)      ((N[]){__VA_ARGS__})
#define NITEMS(...)     (sizeof ITEMS(__VA_ARGS__) / sizeof(N))
#define FUNC(name, ...) corm_function_in(&arena, name, NULL, ITEMS(__VA_ARGS__), NITEMS(__VA_ARGS__))
#define AND(...)        corm_and_or_in(&arena, CORM_OP_AND, ITEMS(__VA_ARGS__), NITEMS(__VA_ARGS__))
#define OR(...)         corm_and_or_in(&arena, CORM_OP_OR, ITEMS(__VA_ARGS__), NITEMS(__VA_ARGS__))
#define TUPLE(...)      corm_tuple_in(&arena, ITEMS(__VA_ARGS__), NITEMS(__VA_ARGS__))
#define IN_INTS(op, x, ...)                                                                                            \
  in_ints(CORM_OP_##op, x, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__}, 0)
#define IN_TUPLES(op, x, width, ...)                                                                                   \
  in_ints(CORM_OP_##op, x, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__}, width)
#define SELECT(...) select_of(NITEMS(__VA_ARGS__), ITEMS(__VA_ARGS__))

#define OPERATION(name, id)                                                                                            \
  static inline N name(N a, N b) {                                                                                     \
    return corm_binary_in(&arena, CORM_OP_##id, a, b);                                                                 \
  }                                                                                                                    \
  static inline N name##_int(N a, int64_t value) {                                                                     \
    corm_value v = corm_value_int(value);                                                                              \
    return corm_compare_in(&arena, CORM_OP_##id, a, &v);                                                               \
  }                                                                                                                    \
  static inline N name##_text(N a, const char *value) {                                                                \
    corm_value v = corm_value_text(value, strlen(value));                                                              \
    return corm_compare_in(&arena, CORM_OP_##id, a, &v);                                                               \
  }
OPERATION(eq, EQ)
OPERATION(ne, NE)
OPERATION(lt, LT)
OPERATION(le, LE)
OPERATION(gt, GT)
OPERATION(ge, GE)
OPERATION(is, IS)
OPERATION(is_not, IS_NOT)
OPERATION(distinct_from, IS_DISTINCT_FROM)
OPERATION(not_distinct_from, IS_NOT_DISTINCT_FROM)
OPERATION(like, LIKE)
OPERATION(ilike, ILIKE)
OPERATION(plus, ADD)
OPERATION(minus, SUB)
OPERATION(times, MUL)
OPERATION(over, TRUEDIV)
OPERATION(floor_over, FLOORDIV)
OPERATION(mod, MOD)
OPERATION(concat, CONCAT)
OPERATION(bit_and, BIT_AND)
OPERATION(bit_or, BIT_OR)
OPERATION(bit_xor, BIT_XOR)
OPERATION(lshift, LSHIFT)
OPERATION(rshift, RSHIFT)

static inline N unary(corm_op op, N x) {
  return corm_unary_in(&arena, op, x);
}
static inline N not_(N x) {
  return corm_not_in(&arena, x);
}
static inline N eq_null(N x) {
  corm_value v = corm_value_null();
  return corm_compare_in(&arena, CORM_OP_EQ, x, &v);
}
static inline N compare_bool(corm_op op, N x, bool value) {
  corm_value v = corm_value_bool(value);
  return corm_compare_in(&arena, op, x, &v);
}
static inline N compare_real(corm_op op, N x, double value) {
  corm_value v = corm_value_real(value);
  return corm_compare_in(&arena, op, x, &v);
}
static inline N constant(corm_constant_kind kind) {
  return corm_constant_in(&arena, kind);
}
static inline N lit(int64_t value) {
  corm_value v = corm_value_int(value);
  return corm_bind_in(&arena, NULL, NULL, &v);
}
static inline N lit_text(const char *value) {
  corm_value v = corm_value_text(value, strlen(value));
  return corm_bind_in(&arena, NULL, NULL, &v);
}
static inline N param(const char *name) {
  return corm_bindparam_in(&arena, name, NULL, NULL, false);
}
static inline N text(const char *sql) {
  return corm_text_in(&arena, sql, strlen(sql));
}
static inline N raw(const char *sql) {
  return corm_literal_column_in(&arena, sql, strlen(sql), NULL);
}
static inline N label(const char *name, N x) {
  return corm_label_in(&arena, name, x);
}
static inline N cast(N x, corm_type_kind kind) {
  return corm_cast_in(&arena, x, corm_type_default(kind), false);
}
static inline N affix(corm_op op, unsigned flags, N x, const char *value, bool autoescape, const char *escape) {
  return corm_affix_text_in(&arena, op, flags, x, value, strlen(value), autoescape, escape);
}
static inline N starts(N x, const char *value) {
  return affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_AFTER, x, value, false, NULL);
}
static inline N ends(N x, const char *value) {
  return affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_BEFORE, x, value, false, NULL);
}
static inline N contains(N x, const char *value) {
  return affix(CORM_OP_LIKE, CORM_LIKE_PERCENT_BEFORE | CORM_LIKE_PERCENT_AFTER, x, value, false, NULL);
}
static inline N in_ints(corm_op op, N x, size_t n, const int64_t *numbers, uint32_t width) {
  corm_value values[16];
  for (size_t i = 0; i < n; i++) values[i] = corm_value_int(numbers[i]);
  return corm_in_in(&arena, op, x, values, n, width);
}
static inline N between(corm_op op, N x, int64_t low, int64_t high) {
  corm_value a = corm_value_int(low), b = corm_value_int(high);
  return corm_between_in(&arena, op, x, corm_literal_in(&arena, x, &a), corm_literal_in(&arena, x, &b));
}
static inline N func0(const char *name) {
  return corm_function_in(&arena, name, NULL, NULL, 0);
}
static inline N alias(N element, const char *name) {
  return corm_alias_in(&arena, element, name);
}
static inline N of(N from, const char *key) {
  N node = corm_from_column_in(&arena, from, key);
  assert_non_null(node);
  return node;
}
static inline N list_copy(size_t n, N *items, N **out) {
  *out = corm_arena_alloc(&arena, n * sizeof(N));
  memcpy(*out, items, n * sizeof(N));
  return items[0];
}

static inline corm_select *select_of(size_t n, N *columns) {
  corm_select *select = corm_arena_zalloc(&arena, 1, sizeof *select);
  N *copy;
  list_copy(n, columns, &copy);
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = copy;
  select->ncolumns = (uint32_t)n;
  return select;
}
static inline corm_select *where(corm_select *select, N condition) {
  select->where = select->where ? AND(select->where, condition) : AND(condition);
  return select;
}
static inline corm_select *from(corm_select *select, N node) {
  N *copy;
  list_copy(1, &node, &copy);
  select->froms = copy;
  select->nfroms = 1;
  return select;
}
static inline corm_select *order_by(corm_select *select, N node) {
  N *grown = corm_arena_alloc(&arena, (select->norder_by + 1) * sizeof(N));
  if (select->norder_by) memcpy(grown, select->order_by, select->norder_by * sizeof(N));
  grown[select->norder_by++] = node;
  select->order_by = grown;
  return select;
}
static inline corm_select *group_by(corm_select *select, N node) {
  N *copy;
  list_copy(1, &node, &copy);
  select->group_by = copy;
  select->ngroup_by = 1;
  return select;
}
static inline corm_select *having(corm_select *select, N condition) {
  select->having = condition;
  return select;
}
static inline corm_select *distinct(corm_select *select) {
  select->distinct = true;
  return select;
}
static inline corm_select *labelled(corm_select *select) {
  select->label_columns = true;
  return select;
}
static inline corm_select *limit(corm_select *select, int64_t n, int64_t offset) {
  if (n >= 0) select->limit = lit(n);
  if (offset >= 0) select->offset = lit(offset);
  return select;
}
static inline corm_select *correlate(corm_select *select, N node) {
  N *copy;
  list_copy(1, &node, &copy);
  select->correlate = copy;
  select->ncorrelate = node ? 1 : 0;
  return select;
}
static inline N exists(corm_select *select) {
  return corm_exists_in(&arena, select);
}
static inline N scalar(corm_select *select) {
  return corm_scalar_subquery_in(&arena, select);
}
static inline N join_on(N left, N right, N on) {
  return corm_join_in(&arena, left, right, on, false, false);
}
static inline N join_of(N left, N right, bool outer, bool full) {
  N on;
  corm_error err = {0};
  if (corm_join_condition_in(&arena, left, right, &on, &err) != CORM_OK) fail_msg("%s", err.message);
  return corm_join_in(&arena, left, right, on, outer, full);
}

/* -- checking ------------------------------------------------------------------------------------------------------ */

typedef struct golden {
  N node;
  const char *generic;
  const char *sqlite; /* NULL: the same */
} golden;

static inline const char *compile_named(const corm_dialect *dialect, N node, bool literal) {
  corm_compile_options options = {.named = true, .literal_binds = literal};
  corm_compiled out;
  corm_error err = {0};
  if (corm_compile_in(&arena, dialect, node, &options, &out, &err) == CORM_OK) return out.sql;
  char *message = corm_arena_alloc(&arena, 900);
  snprintf(message, 900, "%s: %s", corm_error_class_name(err.cls), err.message);
  corm_error_clear(&err);
  return message;
}

/* What SQLite's parser says of a statement, NULL when it takes it. Unknown tables, columns and functions do not count.
 */
static inline const char *refused_by_sqlite(N node, const char *sql) {
  bool statement = node->kind >= CORM_NODE_SELECT && strstr(sql, "Error: ") == NULL;
  if (!statement) return NULL;
  sqlite3 *db;
  sqlite3_stmt *stmt = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  const char *message = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK && strstr(sqlite3_errmsg(db), "syntax error")) {
    message = corm_arena_dup(&arena, sqlite3_errmsg(db), strlen(sqlite3_errmsg(db)));
  }
  sqlite3_finalize(stmt);
  sqlite3_close(db);
  return message;
}

static inline void check(const golden *rows, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const corm_dialect *dialects[] = {&corm_dialect_default, &corm_dialect_sqlite};
    for (int d = 0; d < 2; d++) {
      const char *wanted = d && rows[i].sqlite ? rows[i].sqlite : rows[i].generic;
      const char *got = compile_named(dialects[d], rows[i].node, false);
      const char *refused = d ? refused_by_sqlite(rows[i].node, got) : NULL;
      if (refused) fail_msg("row %zu: SQLite says %s of %s", i, refused, got);
      if (strcmp(got, wanted) == 0) continue;
      wrong++;
      print_error("row %zu, %s:\n  wanted %s\n  got    %s\n", i, dialects[d]->name, wanted, got);
    }
  }
  assert_int_equal(wrong, 0);
}
#define CHECK(...)                                                                                                     \
  do {                                                                                                                 \
    golden rows_[] = {__VA_ARGS__};                                                                                    \
    check(rows_, sizeof rows_ / sizeof *rows_);                                                                        \
  } while (0)

/* An allocator that fails from the n-th allocation on. */
typedef struct failing_mem {
  size_t left;
} failing_mem;

static void *failing_resize(void *ctx, void *ptr, size_t size) {
  failing_mem *mem = ctx;
  if (size > 0 && mem->left == 0) return NULL;
  if (size > 0) mem->left--;
  return corm_mem_libc.resize(corm_mem_libc.ctx, ptr, size);
}

/* Runs a scenario with 0, 1, 2 ... allocations granted until it succeeds. It returns false when memory ran out. */
static inline void fail_each_allocation(bool (*scenario)(corm_arena *)) {
  for (size_t granted = 0; granted < 10000; granted++) {
    failing_mem state = {granted};
    corm_mem mem = {failing_resize, &state};
    corm_arena own;
    corm_arena_init(&own, &mem);
    bool done = scenario(&own);
    corm_arena_clear(&own);
    if (done) {
      assert_true(granted > 0);
      return;
    }
  }
  fail_msg("the scenario never succeeded");
}

#endif
