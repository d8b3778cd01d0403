/* Nodes of a mapper's columns, and the statements that it uses again and again. */
#include <stdio.h>
#include <string.h>

#include "orm/mapper.h"
#include "sql/adapt.h"
#include "sql/restrict.h"

/* -- nodes -- */

const corm_node *corm_mapper_level_from(const corm_mapper *mapper, uint32_t level, const corm_node *from) {
  (void)mapper;
  if (from->kind != CORM_NODE_JOIN) return from;
  uint32_t joins = 0;
  for (const corm_node *at = from; at->kind == CORM_NODE_JOIN; at = ((const corm_join *)at)->left) joins++;
  /* What a class below adds stands to the right of what is the mapper's. */
  for (; joins > level + (level == 0); joins--) from = ((const corm_join *)from)->left;
  return level ? ((const corm_join *)from)->right : corm_from_leftmost(from);
}

const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  return corm_column_node_in(arena, attribute->column,
                             corm_mapper_level_from(mapper, attribute->level, from ? from : mapper->from));
}

/* -- aliases -- */

typedef struct aliases {
  const corm_mapper *mapper;
  const corm_node **of; /* by level */
} aliases;

static const corm_node *say_of_alias(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const aliases *a = ctx;
  if (!column->from || column->from->kind != CORM_NODE_TABLE) return &column->base;
  for (uint32_t t = 0; t < a->mapper->ntables; t++)
    if (((const corm_table_node *)column->from)->table == a->mapper->tables[t].table)
      return corm_column_node_in(arena, column->column, a->of[t]);
  return &column->base;
}

/* Each table's alias has the given name and its own. */
static const char *level_name(corm_arena *arena, const char *name, const corm_table *table) {
  if (!name) return NULL;
  const size_t room = strlen(name) + strlen(table->name) + 2;
  char *full = corm_arena_alloc(arena, room);
  if (full) (void)snprintf(full, room, "%s_%s", name, table->name);
  return full;
}

const corm_node *corm_mapper_alias_in(corm_arena *arena, const corm_mapper *mapper, const char *name) {
  const uint32_t n = mapper->ntables;
  if (n == 1) return corm_alias_in(arena, mapper->from, name);
  aliases a = {mapper, corm_arena_zalloc(arena, n, sizeof *a.of)};
  const corm_node **on = corm_arena_zalloc(arena, n, sizeof *on);
  if (!a.of || !on) return NULL;
  const corm_node *from = mapper->from;
  for (uint32_t t = n; t-- > 0; from = t ? ((const corm_join *)from)->left : from) {
    const char *own = level_name(arena, name, mapper->tables[t].table);
    a.of[t] = !name || own ? corm_alias_in(arena, mapper->tables[t].from, own) : NULL;
    if (!a.of[t]) return NULL;
    if (t) on[t] = ((const corm_join *)from)->on;
  }
  const corm_node *join = a.of[0];
  for (uint32_t t = 1; t < n && join; t++) {
    on[t] = corm_adapt_columns_in(arena, on[t], say_of_alias, &a);
    join = on[t] ? corm_join_in(arena, join, a.of[t], on[t], false, false) : NULL;
  }
  for (uint32_t t = 0; join && t < n; t++) ((corm_alias *)(uintptr_t)a.of[t])->whole = join; /* made above */
  return join;
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
  bundle->distinct = mapper->ntables == 1; /* they are one table's */
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
    const corm_type *type = mapper->attributes[mapper->pk[i]].type;
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
