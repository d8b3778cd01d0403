/* The statements by primary key: of whole rows, and of some of their columns. */
#include <stdio.h>
#include <string.h>

#include "orm/load.h"
#include "orm/mapper.h"

/* So many sets of columns have statements of their own; who wants yet another one reads the whole row, as long as
   that has all columns. */
enum { MOST_SETS = 32 };

static bool in_set(const uint64_t *set, uint32_t slot) {
  return set[slot / 64] >> (slot % 64) & 1;
}

/* The one table below the root's that holds all columns of the set, with the key; -1: several are needed. */
static int32_t level_of(const corm_mapper *mapper, const uint64_t *set) {
  int32_t level = -1;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_attribute *attribute = &mapper->attributes[i];
    if (attribute->primary_key || !in_set(set, i)) continue;
    if (!attribute->column || !attribute->level || (level >= 0 && level != attribute->level)) return -1;
    level = attribute->level;
  }
  for (uint32_t i = 0; level >= 0 && i < mapper->npk; i++)
    if (!corm_mapper_level_column(mapper, (uint32_t)level, mapper->pk[i])) return -1;
  return level;
}

const corm_bundle *corm_mapper_columns_in(corm_arena *arena, const corm_mapper *mapper, const uint64_t *set) {
  const int32_t level = level_of(mapper, set);
  const corm_node *from = level < 0 ? mapper->own->from : corm_table_node_in(arena, mapper->tables[level].table);
  return from ? corm_mapper_part_in(arena, mapper, from, level, set) : NULL;
}

const corm_node *corm_mapper_key_column(const corm_mapper *mapper, const corm_bundle *bundle, uint32_t i) {
  const corm_view *view = bundle->view;
  const uint32_t slot = mapper->pk[i];
  return bundle->columns[view ? (uint32_t)view->place[slot] : slot];
}

static corm_status compile_get(const corm_mapper *mapper, corm_mapper_sql *sql, corm_error *err) {
  corm_arena *arena = &sql->arena;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, 1, sizeof *columns);
  const corm_node **criteria = corm_arena_zalloc(arena, mapper->npk, sizeof *criteria);
  sql->bundle = sql->set ? corm_mapper_columns_in(arena, mapper, sql->set) : mapper->own;
  if (!select || !columns || !criteria || !sql->bundle) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    char name[24];
    /* No bind of an expression of the class has such a name. */
    snprintf(name, sizeof name, mapper->nexpressions ? "row key %u" : "pk_%u", i + 1);
    const corm_type *type = mapper->attributes[mapper->pk[i]].type;
    const corm_node *bind = corm_bindparam_in(arena, name, type, NULL, false);
    criteria[i] = bind ? corm_binary_in(arena, CORM_OP_EQ, corm_mapper_key_column(mapper, sql->bundle, i), bind) : NULL;
    if (!criteria[i]) return corm_error_memory(err);
  }
  columns[0] = &sql->bundle->base;
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = columns;
  select->ncolumns = 1;
  select->where = corm_and_or_in(arena, CORM_OP_AND, criteria, mapper->npk);
  if (!select->where) return corm_error_memory(err);
  return corm_compile_in(arena, sql->dialect, &select->base, NULL, &sql->get, err);
}

static void free_sql(const corm_mapper *mapper, corm_mapper_sql *sql) {
  corm_loader_free(sql->kept);
  corm_arena_clear(&sql->arena);
  corm_mem_free(mapper->mem, sql);
}

static corm_status new_sql(corm_mapper *mapper, const corm_dialect *dialect, const uint64_t *set, corm_error *err) {
  const size_t size = (mapper->nattributes + 63) / 64 * sizeof *set;
  corm_mapper_sql *sql = corm_mem_zalloc(mapper->mem, 1, sizeof *sql);
  if (!sql) return corm_error_memory(err);
  sql->dialect = dialect;
  corm_arena_init(&sql->arena, mapper->mem);
  uint64_t *copy = set ? corm_arena_alloc(&sql->arena, size) : NULL;
  if (copy) memcpy(copy, set, size);
  sql->set = copy;
  const corm_status status = set && !copy ? corm_error_memory(err) : compile_get(mapper, sql, err);
  if (status != CORM_OK) {
    free_sql(mapper, sql);
    return status;
  }
  sql->next = mapper->sql;
  mapper->sql = sql;
  return CORM_OK;
}

static bool is_of(const corm_mapper *mapper, const corm_mapper_sql *sql, const corm_dialect *dialect,
                  const uint64_t *set) {
  if (sql->dialect != dialect || !sql->set != !set) return false;
  return !set || memcmp(sql->set, set, (mapper->nattributes + 63) / 64 * sizeof *set) == 0;
}

corm_status corm_mapper_get_sql(corm_mapper *mapper, const corm_dialect *dialect, const uint64_t *set,
                                const corm_mapper_sql **out, corm_error *err) {
  uint32_t sets = 0;
  corm_mapper_sql *sql = mapper->sql;
  for (; sql && !is_of(mapper, sql, dialect, set); sql = sql->next) sets += sql->set != NULL;
  if (!sql && set && sets >= MOST_SETS && !mapper->nlater) return corm_mapper_get_sql(mapper, dialect, NULL, out, err);
  const corm_status status = sql ? CORM_OK : new_sql(mapper, dialect, set, err);
  if (status == CORM_OK) *out = sql ? sql : mapper->sql;
  return status;
}

void corm_mapper_forget_sql(corm_mapper *mapper) {
  for (corm_mapper_sql *sql = mapper->sql; sql; sql = sql->next) sql->dialect = NULL;
}

void corm_mapper_free_sql(corm_mapper *mapper) {
  for (corm_mapper_sql *sql = mapper->sql, *next; sql; sql = next) {
    next = sql->next;
    free_sql(mapper, sql);
  }
  mapper->sql = NULL;
}
