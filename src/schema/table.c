#include "schema/table.h"

#include <string.h>

#include "base/str.h"
#include "schema/metadata.h"
#include "schema/naming.h"

static corm_status set_names(corm_table *table, const char *name, const char *schema) {
  size_t len = strlen(name), schema_len = schema ? strlen(schema) : 0;
  table->name = corm_arena_dup(&table->arena, name, len);
  table->fullname = table->name;
  if (!table->name) return CORM_FAILED;
  table->plain = (uint8_t)corm_name_plain(name);
  if (!schema) return CORM_OK;
  char *fullname = corm_arena_alloc(&table->arena, schema_len + len + 2);
  table->schema = corm_arena_dup(&table->arena, schema, schema_len);
  if (!fullname || !table->schema) return CORM_FAILED;
  memcpy(fullname, schema, schema_len);
  fullname[schema_len] = '.';
  memcpy(fullname + schema_len + 1, name, len + 1);
  table->fullname = fullname;
  return CORM_OK;
}

corm_status corm_table_init(corm_table *table, const corm_mem *mem, const char *name, const char *schema,
                            corm_error *err) {
  *table = (corm_table){.name = NULL};
  corm_arena_init(&table->arena, mem);
  corm_vec_init(&table->columns, mem);
  corm_vec_init(&table->constraints, mem);
  corm_vec_init(&table->indexes, mem);
  corm_map_init(&table->by_key, mem);
  if (corm_identifier_check(name, strlen(name), "table", err) != CORM_OK ||
      (schema && corm_identifier_check(schema, strlen(schema), "schema", err) != CORM_OK)) {
    return CORM_FAILED;
  }
  table->primary_key = corm_arena_zalloc(&table->arena, 1, sizeof *table->primary_key);
  if (set_names(table, name, schema) != CORM_OK || !table->primary_key ||
      corm_vec_push(&table->constraints, table->primary_key) != CORM_OK) {
    corm_table_clear(table);
    return corm_error_memory(err);
  }
  table->primary_key->kind = CORM_CONSTRAINT_PRIMARY_KEY;
  table->primary_key->table = table;
  table->primary_key->deferrable = -1;
  table->primary_key->implicit = true;
  return CORM_OK;
}

void corm_table_clear(corm_table *table) {
  corm_vec_clear(&table->columns);
  corm_vec_clear(&table->constraints);
  corm_vec_clear(&table->indexes);
  corm_map_clear(&table->by_key);
  corm_arena_clear(&table->arena);
  table->primary_key = NULL;
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

static bool is_integer(const corm_column *column) {
  return corm_type_value_kind(column->type) == CORM_INT;
}

static corm_status check_autoincrement_type(const corm_table *table, const corm_column *column, corm_error *err) {
  if (column->autoincrement != CORM_AUTOINCREMENT_ON || is_integer(column)) return CORM_OK;
  return corm_error_set(err, CORM_E_ARGUMENT, "column '%s.%s': %s is not compatible with autoincrement = true",
                        table->name, column->name, corm_type_kind_name((corm_type_kind)column->type->kind));
}

static corm_status check_autoincrement(const corm_table *table, const corm_column *column, corm_error *err) {
  if (column->autoincrement != CORM_AUTOINCREMENT_ON || !column->primary_key) return CORM_OK;
  if (check_autoincrement_type(table, column, err) != CORM_OK) return CORM_FAILED;
  for (uint32_t i = 0; i < table->primary_key->ncolumns; i++) {
    const corm_column *other = table->primary_key->columns[i];
    if (other->autoincrement == CORM_AUTOINCREMENT_ON) {
      return corm_error_set(err, CORM_E_ARGUMENT,
                            "table '%s': only one column may have autoincrement = true, found '%s' and '%s'",
                            table->name, other->name, column->name);
    }
  }
  return CORM_OK;
}

static corm_status check_column(const corm_table *table, const corm_column *column, corm_error *err) {
  if (corm_identifier_check(column->name, strlen(column->name), "column", err) != CORM_OK) return CORM_FAILED;
  if (column->table) {
    return corm_error_set(err, CORM_E_ARGUMENT, "column '%s' already belongs to table '%s'", column->name,
                          column->table->name);
  }
  if (!column->type) {
    return corm_error_set(err, CORM_E_ARGUMENT, "column '%s.%s' has no type", table->name, column->name);
  }
  if (corm_map_gets(&table->by_key, column->key)) {
    return corm_error_set(err, CORM_E_ARGUMENT, "table '%s' already has a column with the key '%s'", table->name,
                          column->key);
  }
  if (corm_table_column_by_name(table, column->name)) {
    return corm_error_set(err, CORM_E_ARGUMENT, "table '%s' already has a column named '%s'", table->name,
                          column->name);
  }
  return check_autoincrement(table, column, err);
}

/* What a column brings with it, allocated before the table changes: that may leave unused memory in the arena, no more.
 */
typedef struct implied {
  corm_constraint *unique;
  corm_constraint *check;
  corm_index *index;
  corm_column **primary_key;
} implied;

static corm_constraint *implied_constraint(corm_table *table, corm_constraint_kind kind, corm_column *column,
                                           const char *name, corm_error *err) {
  corm_constraint *constraint = corm_arena_zalloc(&table->arena, 1, sizeof *constraint);
  corm_column **columns = corm_arena_zalloc(&table->arena, 1, sizeof(corm_column *));
  if (!constraint || !columns) {
    (void)corm_error_memory(err);
    return NULL;
  }
  columns[0] = column;
  *constraint = (corm_constraint){.kind = kind,
                                  .name = name,
                                  .table = table,
                                  .creation = table->creation,
                                  .columns = columns,
                                  .ncolumns = 1,
                                  .deferrable = -1};
  return corm_naming_constraint(table, constraint, err) == CORM_OK ? constraint : NULL;
}

static corm_index *implied_index(corm_table *table, corm_column *column, corm_error *err) {
  corm_index *index = corm_arena_zalloc(&table->arena, 1, sizeof *index);
  corm_index_item *items = corm_arena_zalloc(&table->arena, 1, sizeof *items);
  if (!index || !items) {
    (void)corm_error_memory(err);
    return NULL;
  }
  items[0].column = column;
  *index =
      (corm_index){.table = table, .creation = table->creation, .items = items, .nitems = 1, .unique = column->unique};
  return corm_naming_index(table, index, err) == CORM_OK ? index : NULL;
}

static bool has_type_check(const corm_column *column) {
  return column->type->native && (column->type->kind == CORM_TYPE_BOOLEAN || column->type->kind == CORM_TYPE_ENUM);
}

static corm_status prepare(corm_table *table, corm_column *column, implied *out, corm_error *err) {
  uint32_t nkeys = table->primary_key->ncolumns;
  *out = (implied){.unique = NULL};
  if (column->indexed) {
    out->index = implied_index(table, column, err);
    if (!out->index) return CORM_FAILED;
  } else if (column->unique) {
    out->unique = implied_constraint(table, CORM_CONSTRAINT_UNIQUE, column, NULL, err);
    if (!out->unique) return CORM_FAILED;
  }
  if (has_type_check(column)) {
    out->check = implied_constraint(table, CORM_CONSTRAINT_CHECK, column, column->type->name, err);
    if (!out->check) return CORM_FAILED;
  }
  if (column->primary_key) {
    out->primary_key = corm_arena_zalloc(&table->arena, nkeys + 1, sizeof(corm_column *));
    if (!out->primary_key) return corm_error_memory(err);
  }
  if (corm_vec_reserve(&table->columns, table->columns.len + 1) != CORM_OK ||
      corm_vec_reserve(&table->constraints, table->constraints.len + 2) != CORM_OK ||
      corm_vec_reserve(&table->indexes, table->indexes.len + 1) != CORM_OK ||
      corm_map_puts(&table->by_key, column->key, column) != CORM_OK) {
    return corm_error_memory(err);
  }
  return CORM_OK;
}

/* Where an element of this number of creation stands: behind all that are not younger. `offset` is that of `creation`.
 */
static size_t position(const corm_vec *vec, size_t first, size_t offset, uint64_t creation) {
  size_t at = vec->len;
  for (; at > first; at--) {
    uint64_t other;
    memcpy(&other, (const char *)vec->items[at - 1] + offset, sizeof other);
    if (other <= creation) break;
  }
  return at;
}

/* Behind the primary key, which is always the first. */
static corm_status insert_constraint(corm_table *table, corm_constraint *constraint) {
  size_t at = position(&table->constraints, 1, offsetof(corm_constraint, creation), constraint->creation);
  return corm_vec_insert(&table->constraints, at, constraint);
}

static corm_status insert_index(corm_table *table, corm_index *index) {
  size_t at = position(&table->indexes, 0, offsetof(corm_index, creation), index->creation);
  return corm_vec_insert(&table->indexes, at, index);
}

/* Primary key columns stand in the order of the table's columns. */
static void insert_key(corm_constraint *key, corm_column *column, corm_column **columns) {
  uint32_t n = 0;
  while (n < key->ncolumns && key->columns[n]->index < column->index) {
    columns[n] = key->columns[n];
    n++;
  }
  columns[n] = column;
  for (; n < key->ncolumns; n++) columns[n + 1] = key->columns[n];
  key->columns = columns;
  key->ncolumns++;
}

/* The name of the key that the table has by itself speaks of all its columns. */
static corm_status name_own_key(corm_table *table, corm_error *err) {
  corm_constraint *key = table->primary_key;
  if (!key->implicit) return CORM_OK;
  key->name = NULL;
  key->made_name = false;
  return corm_naming_constraint(table, key, err);
}

corm_status corm_table_add_column(corm_table *table, corm_column *column, corm_error *err) {
  if (check_column(table, column, err) != CORM_OK) return CORM_FAILED;
  implied made;
  if (prepare(table, column, &made, err) != CORM_OK) return CORM_FAILED;
  /* Room was made for all that follows. */
  size_t at = position(&table->columns, 0, offsetof(corm_column, creation), column->creation);
  corm_status status = corm_vec_insert(&table->columns, at, column);
  column->table = table;
  column->plain = (uint8_t)corm_name_plain(column->name);
  column->bare = NULL;
  for (size_t i = at; i < table->columns.len; i++) ((corm_column *)table->columns.items[i])->index = (uint32_t)i;
  if (column->primary_key) insert_key(table->primary_key, column, made.primary_key);
  if (status == CORM_OK && made.index) status = insert_index(table, made.index);
  if (status == CORM_OK && made.unique) status = insert_constraint(table, made.unique);
  if (status == CORM_OK && made.check) status = insert_constraint(table, made.check);
  if (status != CORM_OK) return corm_error_memory(err);
  if (!column->primary_key || name_own_key(table, err) == CORM_OK) return CORM_OK;
  corm_table_remove_column(table, column);
  return CORM_FAILED;
}

static bool speaks_of(const corm_constraint *constraint, const corm_column *column) {
  for (uint32_t i = 0; i < constraint->ncolumns; i++)
    if (constraint->columns[i] == column) return true;
  return false;
}

static bool indexes(const corm_index *index, const corm_column *column) {
  for (uint32_t i = 0; i < index->nitems; i++)
    if (index->items[i].column == column) return true;
  return false;
}

static void remove_from_key(corm_constraint *key, const corm_column *column) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < key->ncolumns; i++)
    if (key->columns[i] != column) key->columns[n++] = key->columns[i];
  key->ncolumns = n;
}

void corm_table_remove_column(corm_table *table, corm_column *column) {
  size_t kept = 1; /* the primary key stays */
  remove_from_key(table->primary_key, column);
  for (size_t i = 1; i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    if (speaks_of(constraint, column))
      constraint->table = NULL;
    else
      table->constraints.items[kept++] = constraint;
  }
  table->constraints.len = kept;
  kept = 0;
  for (size_t i = 0; i < table->indexes.len; i++) {
    corm_index *index = table->indexes.items[i];
    if (indexes(index, column))
      index->table = NULL;
    else
      table->indexes.items[kept++] = index;
  }
  table->indexes.len = kept;
  corm_map_remove(&table->by_key, column->key, strlen(column->key));
  corm_vec_remove(&table->columns, column->index);
  for (size_t i = column->index; i < table->columns.len; i++)
    ((corm_column *)table->columns.items[i])->index = (uint32_t)i;
  column->table = NULL;
}

corm_column *corm_table_column(const corm_table *table, const char *key, size_t len) {
  return corm_map_get(&table->by_key, key, len);
}

corm_column *corm_table_column_by_name(const corm_table *table, const char *name) {
  for (size_t i = 0; i < table->columns.len; i++) {
    corm_column *column = table->columns.items[i];
    if (strcmp(column->name, name) == 0) return column;
  }
  return NULL;
}

const char *corm_table_nearest(const corm_table *table, const char *key) {
  const char *nearest = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < table->columns.len; i++) {
    const char *candidate = ((const corm_column *)table->columns.items[i])->key;
    size_t distance = corm_name_distance(key, candidate);
    if (distance < least && corm_name_nearest(key, &candidate, 1)) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

static bool is_referring(const corm_table *table, const corm_column *column) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    const corm_constraint *constraint = table->constraints.items[i];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    for (uint32_t k = 0; k < constraint->ncolumns; k++) {
      if (constraint->columns[k] == column) return true;
    }
  }
  return false;
}

corm_column *corm_table_autoincrement_column(const corm_table *table) {
  const corm_constraint *key = table->primary_key;
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    if (key->columns[i]->autoincrement == CORM_AUTOINCREMENT_ON) return key->columns[i];
  }
  if (key->ncolumns != 1) return NULL;
  corm_column *column = key->columns[0];
  bool has_default = column->default_.kind != CORM_DEFAULT_NONE || column->server_default.kind != CORM_DEFAULT_NONE;
  if (column->autoincrement == CORM_AUTOINCREMENT_OFF || has_default || !is_integer(column)) return NULL;
  return column->autoincrement == CORM_AUTOINCREMENT_IGNORE_FK || !is_referring(table, column) ? column : NULL;
}

/* -- constraints and indexes --------------------------------------------------------------------------------------- */

static corm_column *named_column(const corm_table *table, const char *name, corm_error *err) {
  corm_column *column = corm_map_gets(&table->by_key, name);
  if (!column) column = corm_table_column_by_name(table, name);
  if (column) return column;
  corm_error_set(err, CORM_E_ARGUMENT, "table '%s' has no column '%s'", table->name, name);
  const char *nearest = corm_table_nearest(table, name);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return NULL;
}

/* The constraint's columns by their names, or those that its creator knows. */
static corm_status resolve_columns(corm_table *table, const corm_constraint *constraint, corm_column ***out,
                                   corm_error *err) {
  *out = constraint->columns;
  if (constraint->ncolumns == 0) return CORM_OK;
  if (!constraint->columns) *out = corm_arena_zalloc(&table->arena, constraint->ncolumns, sizeof **out);
  if (!*out) return corm_error_memory(err);
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    if (!constraint->columns) (*out)[i] = named_column(table, constraint->column_names[i], err);
    if (!(*out)[i]) return CORM_FAILED;
    if ((*out)[i]->table != table) {
      return corm_error_set(err, CORM_E_ARGUMENT, "constraint over a column '%s' that is not in table '%s'",
                            (*out)[i]->name, table->name);
    }
  }
  return CORM_OK;
}

static bool contains(const corm_constraint *constraint, corm_column *const *columns, uint32_t n) {
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    uint32_t k = 0;
    while (k < n && columns[k] != constraint->columns[i]) k++;
    if (k == n) return false;
  }
  return true;
}

static corm_status replace_primary_key(corm_table *table, corm_constraint *constraint, corm_column **columns,
                                       corm_error *err) {
  const corm_constraint *old = table->primary_key;
  if (constraint->ncolumns == 0) {
    constraint->columns = old->columns;
    constraint->ncolumns = old->ncolumns;
  } else if (!contains(old, columns, constraint->ncolumns)) {
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "table '%s': its columns with primary_key = true are not those of its primary key constraint",
                          table->name);
  } else {
    for (uint32_t i = 0; i < constraint->ncolumns; i++) {
      if (check_autoincrement_type(table, columns[i], err) != CORM_OK) return CORM_FAILED;
    }
    constraint->columns = columns;
  }
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    constraint->columns[i]->primary_key = true;
    constraint->columns[i]->nullable = false;
  }
  constraint->table = table;
  table->primary_key = constraint;
  table->constraints.items[0] = constraint;
  return CORM_OK;
}

corm_status corm_table_add_constraint(corm_table *table, corm_constraint *constraint, corm_error *err) {
  if (constraint->table) {
    return corm_error_set(err, CORM_E_ARGUMENT, "the constraint already belongs to table '%s'",
                          constraint->table->name);
  }
  if (constraint->name && corm_identifier_check(constraint->name, strlen(constraint->name), "constraint", err)) {
    return CORM_FAILED;
  }
  if (corm_constraint_check(constraint, err) != CORM_OK) return CORM_FAILED;
  corm_column **columns;
  if (resolve_columns(table, constraint, &columns, err) != CORM_OK) return CORM_FAILED;
  corm_column **const given = constraint->columns;
  corm_status status = CORM_OK;
  if (constraint->kind == CORM_CONSTRAINT_PRIMARY_KEY) {
    status = replace_primary_key(table, constraint, columns, err);
    return status == CORM_OK ? corm_naming_constraint(table, constraint, err) : status;
  }
  constraint->columns = columns;
  constraint->table = table;
  status = corm_naming_constraint(table, constraint, err);
  if (status == CORM_OK && insert_constraint(table, constraint) != CORM_OK) status = corm_error_memory(err);
  if (status == CORM_OK) return status;
  constraint->columns = given;
  constraint->table = NULL;
  return status;
}

corm_status corm_table_add_index(corm_table *table, corm_index *index, corm_error *err) {
  if (index->table) {
    return corm_error_set(err, CORM_E_ARGUMENT, "the index already belongs to table '%s'", index->table->name);
  }
  if (index->name && corm_identifier_check(index->name, strlen(index->name), "index", err)) return CORM_FAILED;
  if (index->nitems == 0) return corm_error_set(err, CORM_E_ARGUMENT, "index without columns");
  for (uint32_t i = 0; i < index->nitems; i++) {
    corm_index_item *item = &index->items[i];
    if (!item->column && item->column_name) item->column = named_column(table, item->column_name, err);
    if (!item->column && item->column_name) return CORM_FAILED;
    if (item->column && item->column->table != table) {
      return corm_error_set(err, CORM_E_ARGUMENT, "index over a column '%s' that is not in table '%s'",
                            item->column->name, table->name);
    }
  }
  if (!index->name && !index->items[0].column && !index->items[0].first) {
    return corm_error_set(err, CORM_E_ARGUMENT, "table '%s': an index over an expression without columns needs a name",
                          table->name);
  }
  index->table = table;
  corm_status status = corm_naming_index(table, index, err);
  if (status == CORM_OK && insert_index(table, index) != CORM_OK) status = corm_error_memory(err);
  if (status != CORM_OK) index->table = NULL;
  return status;
}
