#include "sql/node.h"

const corm_op_info corm_ops[CORM_OP_COUNT] = {
#define CORM_X(id, text, precedence, negation, flags)                                                                  \
  {text, sizeof(text) - 1, precedence, CORM_OP_##negation, CORM_OP_##flags},
    CORM_OPS(CORM_X)
#undef CORM_X
};

const char *corm_node_kind_name(const corm_node *node) {
  static const char *const names[CORM_NODE_KIND_COUNT] = {
#define CORM_X(id, name) #id,
      CORM_NODES(CORM_X)
#undef CORM_X
  };
  return names[node->kind];
}

static const corm_node *item(const corm_node *const *items, uint32_t n, uint32_t index) {
  return index < n ? items[index] : NULL;
}

static const corm_node *only(const corm_node *operand, uint32_t index) {
  return index == 0 ? operand : NULL;
}

/* The value (when there is one), then the pairs, then ELSE. */
static const corm_node *case_child(const corm_case_node *node, uint32_t index) {
  if (node->value) {
    if (index == 0) return node->value;
    index--;
  }
  if (index < node->nwhens * 2) return node->whens[index];
  return index == node->nwhens * 2 ? node->else_ : NULL;
}

/* The index-th of those that are there. */
static const corm_node *present(const corm_node *const *items, uint32_t n, uint32_t index) {
  for (uint32_t i = 0; i < n; i++) {
    if (items[i] && index-- == 0) return items[i];
  }
  return NULL;
}

static const corm_node *over_child(const corm_over *over, uint32_t index) {
  const corm_node *parts[] = {over->element, over->partition_by, over->order_by,
                              over->frame ? &over->frame->base : NULL};
  return present(parts, 4, index);
}

/* What stands in parts: { first, second }. */
static const corm_node *either(const corm_node *first, const corm_node *second, uint32_t index) {
  const corm_node *parts[] = {first, second};
  return present(parts, 2, index);
}

const corm_node *corm_node_child(const corm_node *node, uint32_t index) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_NEXT_VALUE: return NULL;
  case CORM_NODE_UNARY: return only(((const corm_unary *)node)->operand, index);
  case CORM_NODE_BINARY: {
    const corm_binary *binary = (const corm_binary *)node;
    return index == 0 ? binary->left : index == 1 ? binary->right : NULL;
  }
  case CORM_NODE_VALUES:
    return item(((const corm_values *)node)->items,
                ((const corm_values *)node)->nrows * ((const corm_values *)node)->width, index);
  case CORM_NODE_ARRAY:
  case CORM_NODE_LIST: return item(((const corm_list *)node)->items, ((const corm_list *)node)->n, index);
  case CORM_NODE_GROUPING: return only(((const corm_grouping *)node)->element, index);
  case CORM_NODE_FUNCTION:
    return item(((const corm_function *)node)->args, ((const corm_function *)node)->nargs, index);
  case CORM_NODE_CASE: return case_child((const corm_case_node *)node, index);
  case CORM_NODE_CAST: return only(((const corm_cast *)node)->element, index);
  case CORM_NODE_EXTRACT: return only(((const corm_extract *)node)->element, index);
  case CORM_NODE_OVER: return over_child((const corm_over *)node, index);
  case CORM_NODE_FRAME:
    return either(((const corm_window_frame *)node)->start, ((const corm_window_frame *)node)->end, index);
  case CORM_NODE_FILTER:
    return either(((const corm_filter *)node)->element, ((const corm_filter *)node)->criterion, index);
  case CORM_NODE_WITHIN_GROUP:
  case CORM_NODE_AGGREGATE_ORDER:
  case CORM_NODE_ARGUMENT_ORDER:
    return either(((const corm_ordered *)node)->element, ((const corm_ordered *)node)->order_by, index);
  case CORM_NODE_WHOLE: return only(((const corm_whole *)node)->from, index);
  case CORM_NODE_FIELD: return only(((const corm_field *)node)->element, index);
  case CORM_NODE_CONSTRUCT:
    return item(((const corm_construct *)node)->args, ((const corm_construct *)node)->nargs, index);
  case CORM_NODE_LABEL: return only(((const corm_label *)node)->element, index);
  case CORM_NODE_BUNDLE: return item(((const corm_bundle *)node)->columns, ((const corm_bundle *)node)->n, index);
  case CORM_NODE_COLUMN:
  case CORM_NODE_BIND:
  case CORM_NODE_LITERAL_COLUMN:
  case CORM_NODE_TEXT:
  case CORM_NODE_CONSTANT:
  case CORM_NODE_SCALAR_SUBQUERY:
  case CORM_NODE_EXISTS:
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS:
  case CORM_NODE_JOIN:
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL:
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE:
  case CORM_NODE_KIND_COUNT: return NULL;
  }
  return NULL;
}
