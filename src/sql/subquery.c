#include "sql/subquery.h"

#include "sql/expr.h"
#include "sql/identity.h"

static const corm_node *address(corm_arena *arena, const corm_node *alias, const corm_select_column *column) {
  corm_column_node *node =
      corm_node_new(arena, sizeof *node, CORM_NODE_COLUMN, CORM_OP_NONE, corm_node_type(column->node));
  if (!node) return NULL;
  if (column->label == CORM_LABEL_ALIAS && column->node->kind == CORM_NODE_COLUMN)
    node->base.flags |= CORM_COLUMN_OF_ALIAS;
  if (column->label == CORM_LABEL_NAME) node->name = column->text;
  if (column->label == CORM_LABEL_NONE) node->name = column->name;
  node->key = column->key ? column->key : corm_anon_stem(column->node);
  if (column->node->kind == CORM_NODE_COLUMN) node->column = ((const corm_column_node *)column->node)->column;
  node->from = alias;
  node->element = column->node;
  return &node->base;
}

corm_status corm_subquery_columns_in(corm_arena *arena, const corm_node *alias, const corm_node *const **out,
                                     uint32_t *n, corm_error *err) {
  const corm_table_valued *valued = corm_as_table_valued(alias);
  if (valued) {
    const corm_node **nodes = corm_arena_zalloc(arena, valued->ncolumns, sizeof *nodes);
    for (uint32_t i = 0; nodes && i < valued->ncolumns; i++) nodes[i] = &valued->columns[i].base;
    *out = nodes;
    *n = valued->ncolumns;
    return nodes ? CORM_OK : corm_error_memory(err);
  }
  corm_select_columns columns;
  corm_status status = corm_selectable_columns_in(arena, corm_from_element(alias), &columns, err);
  if (status != CORM_OK) return status;
  if (columns.textual)
    return corm_error_set(err, CORM_E_COMPILE, "a select of raw text cannot be wrapped in a subquery");
  const corm_node **nodes = corm_arena_zalloc(arena, columns.n, sizeof *nodes);
  corm_identity_set set;
  if (!nodes || !corm_identity_set_init(&set, arena, columns.n)) return corm_error_memory(err);
  for (uint32_t i = 0; i < columns.n; i++) {
    const uint32_t k = corm_identity_first(&set, columns.items[i].node, i);
    nodes[i] = k < i ? nodes[k] : address(arena, alias, &columns.items[i]);
    if (!nodes[i]) return corm_error_memory(err);
  }
  *out = nodes;
  *n = columns.n;
  return CORM_OK;
}
