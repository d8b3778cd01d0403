/* corm.insert, corm.update and corm.delete. */
#include <string.h>

#include "base/str.h"
#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

#define ROOM_DML CORM_ARENA_ROUND(sizeof(corm_insert) > sizeof(corm_update) ? sizeof(corm_insert) : sizeof(corm_update))

/* -- making them --------------------------------------------------------------------------------------------------- */

/* The table at 1: a Table, the table of a mapped class, or, of what is no INSERT, an alias of one. */
static const corm_node *check_target(lua_State *L, const char *what, bool aliases) {
  const corm_node *from = binding_checkfrom(L, 1, what);
  const corm_node *own = binding_dml_class(L, from, what, aliases);
  if (own) return own;
  if (aliases ? !corm_dml_table(from) : from->kind != CORM_NODE_TABLE)
    binding_error(L, CORM_E_ARGUMENT, "%s: a table%s or a mapped class expected, got %s", what,
                  aliases ? ", an alias of one" : "", binding_typename(L, 1));
  return from;
}

static bool read_all(lua_State *L, const char *what) {
  static const binding_option_spec specs[] = {{"all", BINDING_OPT_BOOL}};
  binding_check_options(L, 2, what, specs, 1);
  return binding_opt_bool(L, 2, "all", false);
}

static int push_dml(lua_State *L, const void *filled, size_t size) {
  binding_build b;
  void *node;
  binding_statement_start(&b, L, CORM_ARENA_ROUND(size), 1);
  do {
    node = corm_arena_alloc(&b.arena, size);
    if (node) memcpy(node, filled, size);
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, false, 1, 1);
  ((binding_stmt *)lua_touserdata(L, -1))->entity = binding_tonode(L, 1);
  return 1;
}

static corm_node base_of(corm_node_kind kind) {
  return (corm_node){.kind = (uint8_t)kind, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
}

void binding_push_update_of(lua_State *L, int arg) {
  const binding_stmt *insert = lua_touserdata(L, arg);
  const corm_node *table = binding_node_from(insert->entity);
  corm_update filled = {.base = base_of(CORM_NODE_UPDATE), .table = table}, *node;
  binding_build b;
  arg = lua_absindex(L, arg);
  binding_statement_start(&b, L, CORM_ARENA_ROUND(sizeof filled), 1);
  do {
    node = corm_arena_alloc(&b.arena, sizeof *node);
    if (node) *node = filled;
  } while (binding_build_again(&b, node ? &node->base : NULL));
  binding_statement_finish(L, false, arg, arg);
  ((binding_stmt *)lua_touserdata(L, -1))->entity = insert->entity;
}

static int insert_call(lua_State *L) {
  const corm_node *target = check_target(L, "insert", false);
  corm_insert insert = {.base = base_of(CORM_NODE_INSERT), .table = ((const corm_table_node *)target)->table};
  return push_dml(L, &insert, sizeof insert);
}

static int update_call(lua_State *L) {
  const corm_node *target = check_target(L, "update", true);
  corm_update update = {.base = base_of(CORM_NODE_UPDATE), .table = target, .all = read_all(L, "update")};
  return push_dml(L, &update, sizeof update);
}

static int delete_call(lua_State *L) {
  const corm_node *target = check_target(L, "delete", true);
  corm_delete_node node = {.base = base_of(CORM_NODE_DELETE), .table = target, .all = read_all(L, "delete")};
  return push_dml(L, &node, sizeof node);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* One row of values by column index. `given` marks them; the table at `kept` keeps what they refer to alive. */
typedef struct value_row {
  binding_arg *args;
  bool *given;
} value_row;

/* A column of another FROM that an UPDATE sets, too; sorted by the FROM's name and the column's place. */
typedef struct other_value {
  struct other_value *next;
  const corm_column_node *column;
  binding_arg arg;
} other_value;

typedef struct value_set {
  const corm_table *table;
  const corm_node *changed; /* of an UPDATE: what it changes; NULL: an INSERT */
  other_value *others;
  uint32_t nothers;
  const corm_node *entity;
  const struct corm_mapper *local; /* of an UPDATE: see binding_dml_local_class */
  const char *what;
  corm_arena *scratch;
  int kept;
  size_t room;
} value_set;

static const corm_table *target_table(const corm_node *node) {
  if (node->kind == CORM_NODE_INSERT) return ((const corm_insert *)node)->table;
  return corm_dml_table(((const corm_update *)node)->table);
}

/* What the ORM knows about the names of a mapped class; NULL where there is none. */
static const binding_orm_hooks *orm_of(lua_State *L, const corm_node *entity) {
  return entity && entity->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)entity)->owner ? binding_get(L)->orm
                                                                                            : NULL;
}

const corm_column *binding_named_column(lua_State *L, const corm_node *entity, const corm_table *table, int key) {
  const binding_orm_hooks *orm = orm_of(L, entity);
  const corm_column *column = orm ? orm->column(L, entity, key) : NULL;
  if (column && column->table == table) return column;
  size_t len;
  const char *name = lua_tolstring(L, key, &len);
  return corm_table_column(table, name, len);
}

/* The index of the column that the key at `arg` names. */
static uint32_t check_key(lua_State *L, const value_set *set, int arg) {
  if (lua_type(L, arg) == LUA_TSTRING) {
    const corm_column *column = binding_named_column(L, set->entity, set->table, arg);
    if (!column) binding_refuse_name(L, orm_of(L, set->entity) ? set->entity : NULL, set->table, set->what, arg);
    return column->index;
  }
  const corm_column *column = binding_tocolumn(L, arg);
  if (!column)
    binding_error(L, CORM_E_ARGUMENT, "%s: a column or its name expected as key, got %s", set->what,
                  binding_typename(L, arg));
  if (column->table != set->table)
    binding_error(L, CORM_E_COMPILE, "%s: column '%s' is not in table '%s'", set->what, column->name, set->table->name);
  return column->index;
}

/* The value on the top of the stack, which goes away, for the column. */
static void read_arg(lua_State *L, value_set *set, const corm_column *column, binding_arg *arg) {
  int value = lua_gettop(L);
  char what[160];
  if (column->computed)
    binding_error(L, CORM_E_COMPILE, "%s: '%s.%s' is computed by the database and takes no value", set->what,
                  column->table->name, column->name);
  (void)snprintf(what, sizeof what, "%s of '%.60s.%.60s'", set->what, column->table->name, column->name);
  const corm_type *type = column->type;
  corm_error err;
  corm_error_init(&err);
  corm_value literal = {.kind = CORM_ABSENT};
  if (type->hosted && !binding_tonode(L, value)) binding_pass_literal(L, value, type, &literal);
  /* Here NULL, true and false pass a type's functions, too. */
  if (type->hosted && !binding_tonode(L, value) && binding_pass_in(L, value, &type, &err) != CORM_OK)
    binding_raise(L, &err);
  binding_arg_read(L, value, type->hosted ? NULL : type, what, arg);
  binding_arg_literal(arg, &literal);
  binding_dml_check_value(L, set->local, arg->node, set->scratch, set->what);
  set->room += arg->room + 2 * sizeof(void *);
  /* What the value borrows from is kept: strings made for it, and objects. */
  binding_arg_keep(L, value, set->kept);
}

/* The same for the column at `index` of the table. */
static void read_value(lua_State *L, value_set *set, value_row *row, uint32_t index) {
  read_arg(L, set, set->table->columns.items[index], &row->args[index]);
  row->given[index] = true;
}

/* The column of another FROM at `arg`, or NULL: of an UPDATE only. */
static const corm_column_node *other_column(lua_State *L, const value_set *set, int arg) {
  const corm_node *node = set->changed && lua_isuserdata(L, arg) ? binding_tonode(L, arg) : NULL;
  if (!node || node->kind != CORM_NODE_COLUMN) return NULL;
  const corm_column_node *column = (const corm_column_node *)node;
  const corm_node *from = column->from;
  if (!column->column || !from || from->kind == CORM_NODE_JOIN) return NULL;
  if (corm_from_same(from, set->changed)) return NULL;
  return corm_from_element(from)->kind == CORM_NODE_TABLE ? column : NULL;
}

static int compare_columns(const corm_column_node *a, const corm_column_node *b) {
  int order = strcmp(corm_from_name(a->from), corm_from_name(b->from));
  return order ? order : a->column->index < b->column->index ? -1 : a->column->index > b->column->index;
}

/* The value on the top of the stack, and under it the key, which stays. */
static void read_other(lua_State *L, value_set *set, const corm_column_node *column) {
  other_value *other = corm_arena_zalloc(set->scratch, 1, sizeof *other);
  if (!other) binding_error(L, CORM_E_MEMORY, "not enough memory");
  other->column = column;
  read_arg(L, set, column->column, &other->arg);
  lua_pushvalue(L, -1);
  lua_rawseti(L, set->kept, (lua_Integer)lua_rawlen(L, set->kept) + 1);
  other_value **place = &set->others;
  while (*place && compare_columns((*place)->column, column) < 0) place = &(*place)->next;
  other->next = *place;
  *place = other;
  set->nothers++;
}

static value_row new_row(lua_State *L, const value_set *set) {
  size_t n = set->table->columns.len;
  value_row row = {corm_arena_zalloc(set->scratch, n + 1, sizeof *row.args),
                   corm_arena_zalloc(set->scratch, n + 1, sizeof *row.given)};
  if (!row.args || !row.given) binding_error(L, CORM_E_MEMORY, "not enough memory");
  return row;
}

/* The value on the top of the stack, which goes away, for the key under it, which stays. */
static void read_pair(lua_State *L, value_set *set, value_row *row) {
  const int key = lua_gettop(L) - 1;
  const corm_column_node *other = other_column(L, set, key);
  if (other)
    read_other(L, set, other);
  else
    read_value(L, set, row, check_key(L, set, key));
}

/* An attribute at the top - 1 that is no column: its value becomes a list of what is to be set; its length, or -1. */
static lua_Integer push_assigned(lua_State *L, const value_set *set) {
  const int key = lua_gettop(L) - 1, name = key + 2;
  const binding_orm_hooks *orm = orm_of(L, set->entity);
  const char *text = orm ? binding_attribute_name(L, key, set->table, set->scratch) : NULL;
  if (!text) return -1;
  lua_pushstring(L, text);
  const bool assigned =
      !binding_named_column(L, set->entity, set->table, name) && orm->assign(L, set->entity, name, key + 1);
  if (assigned) lua_replace(L, key + 1);
  lua_settop(L, key + 1);
  return assigned ? (lua_Integer)lua_rawlen(L, key + 1) : -1;
}

/* Pushes key and value of the i-th pair of the list at the top. */
static void push_pair(lua_State *L, lua_Integer i) {
  lua_rawgeti(L, -1, i);
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  lua_remove(L, -3);
}

/* As read_pair does, for any name of the class. */
static void read_field(lua_State *L, value_set *set, value_row *row) {
  const lua_Integer n = push_assigned(L, set);
  for (lua_Integer i = 1; i <= n; i++) {
    push_pair(L, i);
    read_pair(L, set, row);
    lua_pop(L, 1);
  }
  if (n < 0)
    read_pair(L, set, row);
  else
    lua_pop(L, 1);
}

/* A row written as { column = value } or, by position, { value, value }. */
static value_row read_row(lua_State *L, value_set *set, int arg) {
  value_row row = new_row(L, set);
  luaL_checkstack(L, 8, "values");
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    if (lua_isinteger(L, -2)) {
      lua_Integer at = lua_tointeger(L, -2);
      if (at < 1 || (size_t)at > set->table->columns.len)
        binding_error(L, CORM_E_ARGUMENT, "%s: table '%s' has %d columns, got a value at position %d", set->what,
                      set->table->name, (int)set->table->columns.len, (int)at);
      read_value(L, set, &row, (uint32_t)at - 1);
    } else {
      read_field(L, set, &row);
    }
  }
  return row;
}

/* The nodes of a row for the columns that `columns` lists; `old` gives what the row does not. False: the arena is full.
 */
static const corm_node *arg_in(corm_arena *arena, const binding_arg *arg, const corm_column *column) {
  if (arg->node) return binding_scalar_in(arena, arg->node);
  return binding_arg_bind_in(arena, arg, NULL, column->type);
}

static const corm_node *value_in(corm_arena *arena, const value_row *row, const corm_column *column) {
  return arg_in(arena, &row->args[column->index], column);
}

/* The value that an earlier values() gave to a column, or NULL. */
static const corm_node *earlier(const corm_column *const *columns, const corm_node *const *values, uint32_t n,
                                const corm_column *column) {
  for (uint32_t i = 0; i < n; i++)
    if (columns[i] == column) return values[i];
  return NULL;
}

/* The merged columns and values of an earlier and a new row, in the order of the table. */
static bool merge_in(corm_arena *arena, const value_set *set, const value_row *row, const corm_column *const **columns,
                     const corm_node *const **values, uint32_t *n) {
  size_t most = set->table->columns.len + 1;
  const corm_column **out_columns = corm_arena_alloc(arena, most * sizeof *out_columns);
  const corm_node **out_values = corm_arena_alloc(arena, most * sizeof *out_values);
  if (!out_columns || !out_values) return false;
  uint32_t count = 0;
  for (size_t i = 0; i < set->table->columns.len; i++) {
    const corm_column *column = set->table->columns.items[i];
    const corm_node *value = row->given[i] ? value_in(arena, row, column) : earlier(*columns, *values, *n, column);
    if (row->given[i] && !value) return false;
    if (!value) continue;
    out_columns[count] = column;
    out_values[count++] = value;
  }
  *columns = out_columns;
  *values = out_values;
  *n = count;
  return true;
}

static bool is_given(const value_set *set, const corm_column_node *column) {
  for (const other_value *other = set->others; other; other = other->next) {
    if (other->column->column == column->column && corm_from_same(other->column->from, column->from)) return true;
  }
  return false;
}

/* The same for columns of other FROMs: those given now, then the earlier ones. */
static bool merge_others_in(corm_arena *arena, const value_set *set, const corm_update *old, corm_update *update) {
  if (!set->nothers) return true;
  const size_t most = (size_t)set->nothers + old->nothers;
  const corm_column_node **columns = corm_arena_alloc(arena, most * sizeof *columns);
  const corm_node **values = corm_arena_alloc(arena, most * sizeof *values);
  if (!columns || !values) return false;
  uint32_t n = 0;
  for (const other_value *other = set->others; other; other = other->next) {
    columns[n] = other->column;
    values[n] = arg_in(arena, &other->arg, other->column->column);
    if (!values[n++]) return false;
  }
  for (uint32_t i = 0; i < old->nothers; i++) {
    if (is_given(set, old->others[i])) continue;
    columns[n] = old->others[i];
    values[n++] = old->other_values[i];
  }
  update->others = columns;
  update->other_values = values;
  update->nothers = n;
  return true;
}

static size_t columns_room(const corm_table *table) {
  return 2 * CORM_ARENA_ROUND((table->columns.len + 1) * sizeof(void *));
}

/* -- several rows -------------------------------------------------------------------------------------------------- */

/* values { { ... }, { ... } }: the columns are those of the first row, and every row has the same. */
typedef struct value_rows {
  value_row *rows;
  uint32_t n;
  uint32_t width;
} value_rows;

static void read_rows(lua_State *L, value_set *set, int arg, value_rows *out) {
  lua_Unsigned n = lua_rawlen(L, arg);
  out->rows = corm_arena_alloc(set->scratch, (size_t)n * sizeof *out->rows);
  if (!out->rows || n > UINT32_MAX) binding_error(L, CORM_E_MEMORY, "not enough memory");
  out->n = (uint32_t)n;
  for (uint32_t i = 0; i < out->n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    if (!binding_is_plain_table(L, -1))
      binding_error(L, CORM_E_ARGUMENT, "%s: row %d must be a table, got %s", set->what, (int)i + 1,
                    binding_typename(L, -1));
    out->rows[i] = read_row(L, set, lua_gettop(L));
    lua_pop(L, 1);
    for (size_t c = 0; c < set->table->columns.len; c++) {
      if (i == 0) out->width += out->rows[0].given[c];
      if (out->rows[i].given[c] == out->rows[0].given[c]) continue;
      const corm_column *column = set->table->columns.items[c];
      binding_error(L, CORM_E_COMPILE, "%s: row %d %s a value for column '%s.%s', but the first row %s", set->what,
                    (int)i + 1, out->rows[i].given[c] ? "has" : "lacks", set->table->name, column->name,
                    out->rows[i].given[c] ? "has not" : "has one");
    }
  }
}

static bool fill_rows_in(corm_arena *arena, const value_set *set, const value_rows *rows, corm_insert *insert) {
  const corm_column **columns = corm_arena_alloc(arena, (rows->width + 1) * sizeof *columns);
  const corm_node **values = corm_arena_alloc(arena, ((size_t)rows->n * rows->width + 1) * sizeof *values);
  if (!columns || !values) return false;
  size_t at = 0;
  for (uint32_t i = 0; i < rows->n; i++) {
    uint32_t width = 0;
    for (size_t c = 0; c < set->table->columns.len; c++) {
      if (!rows->rows[0].given[c]) continue;
      columns[width++] = set->table->columns.items[c];
      values[at] = value_in(arena, &rows->rows[i], set->table->columns.items[c]);
      if (!values[at++]) return false;
    }
  }
  insert->columns = columns;
  insert->ncolumns = rows->width;
  insert->values = values;
  insert->nrows = rows->n;
  return true;
}

/* -- values(): the method ------------------------------------------------------------------------------------------ */

static bool is_list_of_rows(lua_State *L, int arg) {
  lua_rawgeti(L, arg, 1);
  bool found = binding_is_plain_table(L, -1);
  lua_pop(L, 1);
  return found;
}

/* Prepares the reading of values at stack position 2: scratch arena and table of what is to be kept. */
static value_set start_values(lua_State *L, const corm_node *node, const corm_node *entity, const char *what) {
  value_set set = {.table = target_table(node), .entity = entity, .what = what};
  lua_newtable(L);
  set.kept = lua_gettop(L);
  set.scratch = binding_scratch(L, binding_get(L));
  return set;
}

static int insert_values(lua_State *L, const corm_insert *old, const corm_node *entity) {
  value_set set = start_values(L, &old->base, entity, "values");
  bool many = is_list_of_rows(L, 2);
  value_rows rows = {.n = 0};
  value_row row = {.args = NULL};
  if (many)
    read_rows(L, &set, 2, &rows);
  else
    row = read_row(L, &set, 2);
  binding_build b;
  corm_insert *insert;
  binding_statement_start(&b, L, ROOM_DML + set.room + columns_room(set.table), 1);
  do {
    insert = corm_arena_alloc(&b.arena, sizeof *insert);
    if (!insert) continue;
    *insert = *old;
    if (many ? !fill_rows_in(&b.arena, &set, &rows, insert)
             : !merge_in(&b.arena, &set, &row, &insert->columns, &insert->values, &insert->ncolumns)) {
      insert = NULL;
    } else if (!many) {
      insert->nrows = 1;
    }
  } while (binding_build_again(&b, insert ? &insert->base : NULL));
  binding_statement_finish(L, true, set.kept, set.kept);
  binding_scratch_done(L, binding_get(L), set.scratch);
  return 1;
}

static int update_values(lua_State *L, const corm_update *old, const corm_node *entity) {
  value_set set = start_values(L, &old->base, entity, "values");
  set.changed = old->table;
  set.local = binding_dml_local_class(lua_touserdata(L, 1));
  value_row row = read_row(L, &set, 2);
  binding_build b;
  corm_update *update;
  binding_statement_start(&b, L, ROOM_DML + set.room + columns_room(set.table), 1);
  do {
    update = corm_arena_alloc(&b.arena, sizeof *update);
    if (!update) continue;
    *update = *old;
    if (!merge_in(&b.arena, &set, &row, &update->columns, &update->values, &update->n) ||
        !merge_others_in(&b.arena, &set, old, update) || !binding_dml_local_values_in(&b.arena, set.local, update))
      update = NULL;
  } while (binding_build_again(&b, update ? &update->base : NULL));
  binding_statement_finish(L, true, set.kept, set.kept);
  binding_scratch_done(L, binding_get(L), set.scratch);
  return 1;
}

static int stmt_values(lua_State *L) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  if (!stmt || !stmt->base.node || stmt->base.node->kind != CORM_NODE_UPDATE)
    stmt = binding_checkstatement(L, CORM_NODE_INSERT, "values");
  if (!binding_is_plain_table(L, 2) || lua_gettop(L) > 2)
    return binding_error(L, CORM_E_ARGUMENT, "values: one table expected, { column = value }, got %s",
                         lua_gettop(L) > 2 ? "several arguments" : binding_typename(L, 2));
  if (stmt->base.node->kind == CORM_NODE_INSERT)
    return insert_values(L, (const corm_insert *)stmt->base.node, stmt->entity);
  if (is_list_of_rows(L, 2)) return binding_error(L, CORM_E_ARGUMENT, "values: an update has one row of values");
  return update_values(L, (const corm_update *)stmt->base.node, stmt->entity);
}

/* Columns in the order in which they are set. */
typedef struct value_order {
  const corm_column **columns; /* room for all of the table */
  uint32_t n;
} value_order;

/* The value at the top goes away, the key under it stays. */
static void read_ordered(lua_State *L, value_set *set, value_row *row, value_order *order) {
  const uint32_t index = check_key(L, set, lua_gettop(L) - 1);
  if (row->given[index]) binding_error(L, CORM_E_ARGUMENT, "ordered_values: a column is given twice");
  read_value(L, set, row, index);
  order->columns[order->n++] = set->table->columns.items[index];
}

/* ordered_values({ column, value }, ...): SET in this order. */
static int update_ordered_values(lua_State *L) {
  const binding_stmt *stmt = binding_checkstatement(L, CORM_NODE_UPDATE, "ordered_values");
  const corm_update *old = (const corm_update *)stmt->base.node;
  int last = lua_gettop(L);
  value_set set = start_values(L, &old->base, stmt->entity, "ordered_values");
  set.local = binding_dml_local_class(stmt);
  value_row row = new_row(L, &set);
  value_order order = {.columns = corm_arena_alloc(set.scratch, (set.table->columns.len + 1) * sizeof *order.columns)};
  if (!order.columns) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (int i = 2; i <= last; i++) {
    if (!binding_is_plain_table(L, i) || lua_rawlen(L, i) != 2)
      return binding_error(L, CORM_E_ARGUMENT, "ordered_values: { column, value } expected as argument %d", i - 1);
    lua_rawgeti(L, i, 1);
    lua_rawgeti(L, i, 2);
    const lua_Integer more = push_assigned(L, &set);
    for (lua_Integer j = 1; j <= more; j++) {
      push_pair(L, j);
      read_ordered(L, &set, &row, &order);
      lua_pop(L, 1);
    }
    if (more < 0)
      read_ordered(L, &set, &row, &order);
    else
      lua_pop(L, 1);
    lua_pop(L, 1);
  }
  const uint32_t n = order.n;
  binding_build b;
  corm_update *update;
  binding_statement_start(&b, L, ROOM_DML + set.room + columns_room(set.table), 1);
  do {
    update = corm_arena_alloc(&b.arena, sizeof *update);
    const corm_column **columns = corm_arena_alloc(&b.arena, (n + 1) * sizeof *columns);
    const corm_node **values = corm_arena_alloc(&b.arena, (n + 1) * sizeof *values);
    if (!update || !columns || !values) continue;
    *update = *old;
    for (uint32_t i = 0; i < n; i++) values[i] = value_in(&b.arena, &row, columns[i] = order.columns[i]);
    update->columns = columns;
    update->values = values;
    update->n = n;
    update->ordered = true;
    (void)binding_dml_local_values_in(&b.arena, set.local, update);
  } while (binding_build_again(&b, b.arena.failed ? NULL : &update->base));
  binding_statement_finish(L, true, set.kept, set.kept);
  binding_scratch_done(L, binding_get(L), set.scratch);
  return 1;
}

/* -- INSERT FROM SELECT -------------------------------------------------------------------------------------------- */

/* from_select({ names }, select [, { include_defaults }]) */
static int insert_from_select(lua_State *L) {
  static const binding_option_spec specs[] = {{"include_defaults", BINDING_OPT_BOOL}};
  if (binding_push_query_statement(L, 3)) lua_replace(L, 3);
  binding_check_options(L, 4, "from_select", specs, 1);
  const bool defaults = binding_opt_bool(L, 4, "include_defaults", true);
  const binding_stmt *stmt = binding_checkstatement(L, CORM_NODE_INSERT, "from_select");
  const corm_insert *old = (const corm_insert *)stmt->base.node;
  const corm_node *select = binding_tonode(L, 3);
  value_set set = {.table = old->table, .entity = stmt->entity, .what = "from_select"};
  if (!binding_is_plain_table(L, 2) || !select || !corm_as_select(select))
    return binding_error(L, CORM_E_ARGUMENT, "from_select: a list of columns and a select expected");
  uint32_t n = (uint32_t)lua_rawlen(L, 2);
  binding_build b;
  corm_insert *insert;
  binding_statement_start(&b, L, ROOM_DML + CORM_ARENA_ROUND((n + (size_t)1) * sizeof(void *)), 1);
  do {
    insert = corm_arena_alloc(&b.arena, sizeof *insert);
    const corm_column **columns = corm_arena_alloc(&b.arena, (n + (size_t)1) * sizeof *columns);
    if (!insert || !columns) continue;
    *insert = *old;
    for (uint32_t i = 0; i < n; i++) {
      lua_rawgeti(L, 2, (lua_Integer)i + 1);
      columns[i] = set.table->columns.items[check_key(L, &set, lua_gettop(L))];
      lua_pop(L, 1);
    }
    insert->columns = columns;
    insert->ncolumns = n;
    insert->values = NULL;
    insert->nrows = 0;
    insert->from_select = (const corm_select *)select;
    insert->bare_select = !defaults;
  } while (binding_build_again(&b, b.arena.failed ? NULL : &insert->base));
  binding_statement_finish(L, true, 3, 3);
  return 1;
}

void binding_open_dml(lua_State *L) {
  static const luaL_Reg methods[] = {{"values", stmt_values},
                                     {"ordered_values", update_ordered_values},
                                     {"from_select", insert_from_select},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"insert", insert_call}, {"update", update_call}, {"delete", delete_call}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  binding_setfuncs(L, functions);
  binding_open_returning(L);
  binding_open_dml_extra(L);
}
