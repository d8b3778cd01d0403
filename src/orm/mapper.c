#include "orm/mapper.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "orm/relationship.h"

/* -- registry -- */

void corm_registry_init(corm_registry *registry, const corm_mem *mem, const corm_host *host) {
  *registry = (corm_registry){.mem = mem, .host = host};
  corm_map_init(&registry->classes, mem);
}

void corm_registry_clear(corm_registry *registry) {
  corm_map_clear(&registry->classes);
  registry->configured = false;
}

static void note_plain(corm_mapper *mapper) {
  for (uint32_t i = 0; i < mapper->nattributes; i++)
    mapper->attributes[i].plain =
        corm_dialect_default.is_plain(&corm_dialect_default, mapper->attributes[i].column->type);
}

/* Foreign keys are resolved first: a column without a type of its own takes that of the column it refers to. */
static corm_status configure_columns(corm_mapper *mapper, corm_error *err) {
  const corm_vec *constraints = &mapper->table->constraints;
  for (size_t i = 0; i < constraints->len; i++) {
    corm_constraint *constraint = constraints->items[i];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    corm_status status = corm_constraint_resolve(constraint, err);
    if (status != CORM_OK) return status;
  }
  note_plain(mapper);
  const corm_column *generated = corm_table_autoincrement_column(mapper->table);
  mapper->autoincrement = generated ? corm_mapper_column_slot(mapper, generated) : -1;
  return CORM_OK;
}

corm_status corm_registry_configure(corm_registry *registry, corm_error *err) {
  const corm_map_entry *entry;
  if (registry->configured) return CORM_OK;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    corm_status status = mapper->configured ? CORM_OK : configure_columns(mapper, err);
    for (size_t i = 0; status == CORM_OK && i < mapper->relationships.len; i++)
      status = corm_relationship_configure(mapper->relationships.items[i], err);
    if (status != CORM_OK) return status;
  }
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    for (size_t i = 0; i < mapper->relationships.len; i++) {
      corm_status status = corm_relationship_pair(mapper->relationships.items[i], err);
      if (status != CORM_OK) return status;
    }
  }
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;)
    ((corm_mapper *)entry->value)->configured = true;
  registry->configured = true;
  return CORM_OK;
}

/* -- one mapper -- */

static corm_status check_table(const corm_registry *registry, const char *name, const corm_table *table,
                               corm_error *err) {
  if (corm_map_gets(&registry->classes, name))
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "a class with the name '%s' is mapped already", name);
  if (!table->primary_key->ncolumns)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "Mapper %s could not assemble any primary key columns for mapped table '%s'; give a column "
                          "primary_key = true",
                          name, table->fullname);
  if (table->columns.len > UINT16_MAX)
    return corm_error_set(err, CORM_E_ARGUMENT, "table '%s' has too many columns to be mapped", table->fullname);
  return CORM_OK;
}

static corm_status add_key(corm_mapper *mapper, const char *key, size_t number, corm_error *err) {
  if (corm_map_gets(&mapper->by_key, key))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s has two attributes named '%s'", mapper->name, key);
  corm_status status = corm_map_puts(&mapper->by_key, key, (void *)(uintptr_t)(number + 1));
  return status == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static corm_status map_columns(corm_mapper *mapper, const char *const *keys, corm_error *err) {
  const corm_table *table = mapper->table;
  corm_arena *arena = &mapper->arena;
  const uint32_t n = (uint32_t)table->columns.len;
  mapper->attributes = corm_arena_zalloc(arena, n, sizeof *mapper->attributes);
  mapper->pk = corm_arena_zalloc(arena, table->primary_key->ncolumns, sizeof *mapper->pk);
  if (!mapper->attributes || !mapper->pk) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    corm_attribute *attribute = &mapper->attributes[i];
    corm_column *column = table->columns.items[i];
    const char *key = keys && keys[i] ? keys[i] : column->key;
    attribute->column = column;
    attribute->key = corm_arena_dup(arena, key, strlen(key));
    if (!attribute->key) return corm_error_memory(err);
    mapper->nattributes++;
    corm_status status = add_key(mapper, attribute->key, i, err);
    if (status != CORM_OK) return status;
  }
  for (uint32_t i = 0; i < table->primary_key->ncolumns; i++) {
    int32_t slot = corm_mapper_column_slot(mapper, table->primary_key->columns[i]);
    mapper->pk[mapper->npk++] = (uint32_t)slot;
    mapper->attributes[slot].primary_key = true;
  }
  return CORM_OK;
}

static corm_status build(corm_mapper *mapper, const char *name, const char *const *keys, corm_error *err) {
  corm_arena *arena = &mapper->arena;
  mapper->name = corm_arena_dup(arena, name, strlen(name));
  if (!mapper->name) return corm_error_memory(err);
  corm_status status = map_columns(mapper, keys, err);
  if (status != CORM_OK) return status;
  note_plain(mapper);
  const corm_column *generated = corm_table_autoincrement_column(mapper->table);
  mapper->autoincrement = generated ? corm_mapper_column_slot(mapper, generated) : -1;
  mapper->id_seed = corm_hash_bytes(name, strlen(name), 0);
  mapper->from = corm_table_node_in(arena, mapper->table);
  mapper->bundle = mapper->from ? (const corm_bundle *)corm_mapper_bundle_in(arena, mapper, mapper->from) : NULL;
  if (!mapper->bundle) return corm_error_memory(err);
  if (corm_map_puts(&mapper->registry->classes, mapper->name, mapper) != CORM_OK) return corm_error_memory(err);
  mapper->registry->configured = false;
  return CORM_OK;
}

corm_status corm_mapper_new(const corm_mem *mem, corm_registry *registry, const char *name, corm_table *table,
                            const char *const *keys, corm_mapper **out, corm_error *err) {
  corm_status status = check_table(registry, name, table, err);
  if (status != CORM_OK) return status;
  corm_mapper *mapper = corm_mem_zalloc(mem, 1, sizeof *mapper);
  if (!mapper) return corm_error_memory(err);
  mapper->mem = mem;
  mapper->registry = registry;
  mapper->table = table;
  mapper->autoincrement = -1;
  corm_arena_init(&mapper->arena, mem);
  corm_vec_init(&mapper->relationships, mem);
  corm_vec_init(&mapper->referrers, mem);
  corm_map_init(&mapper->by_key, mem);
  status = build(mapper, name, keys, err);
  if (status == CORM_OK)
    *out = mapper;
  else
    corm_mapper_free(mapper);
  return status;
}

/* The numbers of relationships begin behind those of the attributes. */
static corm_status renumber(corm_mapper *mapper, corm_error *err) {
  for (size_t i = 0; i < mapper->relationships.len; i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    const uintptr_t number = mapper->nattributes + i + 1;
    if (corm_map_puts(&mapper->by_key, relationship->key, (void *)number) != CORM_OK) return corm_error_memory(err);
  }
  return CORM_OK;
}

corm_status corm_mapper_add_column(corm_mapper *mapper, corm_column *column, const char *key, corm_error *err) {
  const uint32_t n = mapper->nattributes;
  corm_arena *arena = &mapper->arena;
  if (mapper->sql)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "%s has been loaded already: no column can be added any more",
                          mapper->name);
  if (column->primary_key)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s: a primary key cannot be added to a mapped class", mapper->name,
                          key);
  corm_attribute *attributes = corm_arena_zalloc(arena, n + 1, sizeof *attributes);
  const corm_node **columns = corm_arena_zalloc(arena, n + 1, sizeof *columns);
  char *copy = corm_arena_dup(arena, key, strlen(key));
  const corm_node *node = corm_column_node_in(arena, column, mapper->from);
  if (!attributes || !columns || !copy || !node) return corm_error_memory(err);
  corm_status status = add_key(mapper, copy, n, err);
  if (status != CORM_OK) return status;
  memcpy(attributes, mapper->attributes, n * sizeof *attributes);
  memcpy(columns, mapper->bundle->columns, n * sizeof *columns);
  attributes[n] = (corm_attribute){.key = copy, .column = column};
  columns[n] = node;
  mapper->attributes = attributes;
  mapper->nattributes = n + 1;
  corm_bundle *bundle = (corm_bundle *)(uintptr_t)mapper->bundle; /* made by this file, and seen by statements */
  bundle->columns = columns;
  bundle->n = n + 1;
  note_plain(mapper);
  mapper->registry->configured = false;
  mapper->configured = false;
  return renumber(mapper, err);
}

void corm_mapper_free(corm_mapper *mapper) {
  if (!mapper) return;
  corm_map *classes = &mapper->registry->classes;
  if (mapper->name && corm_map_gets(classes, mapper->name) == mapper)
    corm_map_remove(classes, mapper->name, strlen(mapper->name));
  for (corm_mapper_sql *sql = mapper->sql, *next; sql; sql = next) {
    next = sql->next;
    corm_arena_clear(&sql->arena);
    corm_mem_free(mapper->mem, sql);
  }
  corm_vec_clear(&mapper->relationships);
  corm_vec_clear(&mapper->referrers);
  corm_map_clear(&mapper->by_key);
  corm_arena_clear(&mapper->arena);
  corm_mem_free(mapper->mem, mapper);
}

/* -- names -- */

int32_t corm_mapper_slot(const corm_mapper *mapper, const char *key, size_t len) {
  uintptr_t number = (uintptr_t)corm_map_get(&mapper->by_key, key, len);
  return number && number <= mapper->nattributes ? (int32_t)(number - 1) : -1;
}

int32_t corm_mapper_column_slot(const corm_mapper *mapper, const corm_column *column) {
  if (column->index < mapper->nattributes && mapper->attributes[column->index].column == column)
    return (int32_t)column->index;
  for (uint32_t i = 0; i < mapper->nattributes; i++)
    if (mapper->attributes[i].column == column) return (int32_t)i;
  return -1;
}

corm_relationship *corm_mapper_relationship(const corm_mapper *mapper, const char *key, size_t len) {
  uintptr_t number = (uintptr_t)corm_map_get(&mapper->by_key, key, len);
  return number > mapper->nattributes ? mapper->relationships.items[number - 1 - mapper->nattributes] : NULL;
}

const char *corm_mapper_nearest(const corm_mapper *mapper, const char *key) {
  const char *names[128]; /* a class with more names than that gets its hint from the first ones */
  size_t n = 0;
  const corm_map_entry *entry;
  for (size_t pos = 0; n < 128 && (entry = corm_map_next(&mapper->by_key, &pos)) != NULL;) names[n++] = entry->key;
  return corm_name_nearest(key, names, n);
}

/* -- nodes -- */

const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from) {
  return corm_column_node_in(arena, mapper->attributes[slot].column, from ? from : mapper->from);
}

const corm_node *corm_mapper_bundle_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from) {
  const corm_node **columns = corm_arena_zalloc(arena, mapper->nattributes, sizeof *columns);
  corm_bundle *bundle = corm_arena_zalloc(arena, 1, sizeof *bundle);
  if (!columns || !bundle) return NULL;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    columns[i] = corm_mapper_column_in(arena, mapper, i, from);
    if (!columns[i]) return NULL;
  }
  bundle->base.kind = CORM_NODE_BUNDLE;
  bundle->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  bundle->name = mapper->name;
  bundle->owner = mapper;
  bundle->from = from;
  bundle->columns = columns;
  bundle->n = mapper->nattributes;
  bundle->distinct = true; /* they are one table's */
  return &bundle->base;
}

/* -- statements -- */

static corm_status compile_get(const corm_mapper *mapper, corm_mapper_sql *sql, corm_error *err) {
  corm_arena *arena = &sql->arena;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, 1, sizeof *columns);
  const corm_node **criteria = corm_arena_zalloc(arena, mapper->npk, sizeof *criteria);
  if (!select || !columns || !criteria) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    char name[16];
    snprintf(name, sizeof name, "pk_%u", i + 1);
    const corm_type *type = mapper->attributes[mapper->pk[i]].column->type;
    const corm_node *column = corm_mapper_column_in(arena, mapper, mapper->pk[i], mapper->from);
    const corm_node *bind = corm_bindparam_in(arena, name, type, NULL, false);
    criteria[i] = column && bind ? corm_binary_in(arena, CORM_OP_EQ, column, bind) : NULL;
    if (!criteria[i]) return corm_error_memory(err);
  }
  columns[0] = &mapper->bundle->base;
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = columns;
  select->ncolumns = 1;
  select->where = corm_and_or_in(arena, CORM_OP_AND, criteria, mapper->npk);
  if (!select->where) return corm_error_memory(err);
  return corm_compile_in(arena, sql->dialect, &select->base, NULL, &sql->get, err);
}

corm_status corm_mapper_get_sql(corm_mapper *mapper, const corm_dialect *dialect, const corm_compiled **out,
                                corm_error *err) {
  corm_mapper_sql *sql = mapper->sql;
  while (sql && sql->dialect != dialect) sql = sql->next;
  if (!sql) {
    sql = corm_mem_zalloc(mapper->mem, 1, sizeof *sql);
    if (!sql) return corm_error_memory(err);
    sql->dialect = dialect;
    corm_arena_init(&sql->arena, mapper->mem);
    corm_status status = compile_get(mapper, sql, err);
    if (status != CORM_OK) {
      corm_arena_clear(&sql->arena);
      corm_mem_free(mapper->mem, sql);
      return status;
    }
    sql->next = mapper->sql;
    mapper->sql = sql;
  }
  *out = &sql->get;
  return CORM_OK;
}
