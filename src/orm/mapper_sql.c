/* Nodes of a mapper's columns, and the statements that it uses again and again. */
#include <stdio.h>

#include "orm/mapper.h"

/* -- nodes -- */

const corm_node *corm_mapper_level_from(const corm_mapper *mapper, uint32_t level, const corm_node *from) {
  for (uint32_t i = mapper->ntables - 1; i > level; i--) from = ((const corm_join *)from)->left;
  return level ? ((const corm_join *)from)->right : from;
}

const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  return corm_column_node_in(arena, attribute->column,
                             corm_mapper_level_from(mapper, attribute->level, from ? from : mapper->from));
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
