/* What a statement is about. */
#include "sql/subject.h"

#include "sql/dml.h"
#include "sql/walk.h"

const corm_table *corm_subject_changed(const corm_node *statement) {
  const corm_node *table = !statement                            ? NULL
                           : statement->kind == CORM_NODE_UPDATE ? ((const corm_update *)statement)->table
                           : statement->kind == CORM_NODE_DELETE ? ((const corm_delete_node *)statement)->table
                                                                 : NULL;
  return table ? corm_dml_table(table) : NULL;
}

static const corm_table *first_column_table(const corm_node *node, corm_arena *arena) {
  corm_walk walk;
  corm_walk_init(&walk, arena, node);
  for (const corm_node *at; (at = corm_walk_next(&walk, true)) != NULL;)
    if (at->kind == CORM_NODE_COLUMN && ((const corm_column_node *)at)->column)
      return ((const corm_column_node *)at)->column->table;
  return NULL;
}

/* The select below a FROM, or the table that it is (*table). */
static const corm_select *look_below(const corm_node *from, const corm_table **table) {
  while (from->kind == CORM_NODE_JOIN) from = ((const corm_join *)from)->left;
  if (from->kind == CORM_NODE_ALIAS) from = ((const corm_alias *)from)->element;
  if (from->kind == CORM_NODE_TABLE) *table = ((const corm_table_node *)from)->table;
  return from->kind == CORM_NODE_SELECT ? (const corm_select *)from : NULL;
}

static const corm_table *selected_table(const corm_select *select, corm_arena *arena) {
  const corm_table *table = NULL;
  while (!table && select) {
    for (uint32_t i = 0; !table && i < select->ncolumns; i++) table = first_column_table(select->columns[i], arena);
    select = !table && select->nfroms ? look_below(select->froms[0], &table) : NULL;
  }
  return table;
}

corm_status corm_subject_table(const corm_node *statement, const corm_mem *mem, const corm_table **out,
                               corm_error *err) {
  *out = corm_subject_changed(statement);
  if (*out || !statement) return CORM_OK;
  if (statement->kind == CORM_NODE_INSERT) *out = ((const corm_insert *)statement)->table;
  if (statement->kind != CORM_NODE_SELECT) return CORM_OK;
  corm_arena arena;
  corm_arena_init(&arena, mem);
  *out = selected_table((const corm_select *)statement, &arena);
  const bool failed = arena.failed;
  corm_arena_clear(&arena);
  return failed ? corm_error_memory(err) : CORM_OK;
}

bool corm_subject_writes(const corm_node *statement) {
  if (!statement) return false;
  switch (statement->kind) {
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE: return true;
  case CORM_NODE_SELECT: {
    const corm_select *select = (const corm_select *)statement;
    return select->extra && select->extra->lock;
  }
  default: return false;
  }
}
