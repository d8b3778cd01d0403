#include "sql/indexing.h"

#include <string.h>

#include "sql/expr.h"

/* -- ANY and ALL --------------------------------------------------------------------------------------------------- */

const corm_node *corm_collection_in(corm_arena *arena, corm_op op, const corm_node *operand) {
  if (!operand) return NULL;
  const corm_type *type = corm_node_type(operand);
  corm_unary *node = corm_node_new(arena, sizeof *node, CORM_NODE_UNARY, op,
                                   type->kind == CORM_TYPE_ARRAY && type->item ? type->item : type);
  if (!node) return NULL;
  bool closed = operand->kind == CORM_NODE_SCALAR_SUBQUERY || operand->kind == CORM_NODE_GROUPING;
  node->operand = closed ? operand : corm_grouping_in(arena, operand);
  return node->operand ? &node->base : NULL;
}

bool corm_is_collection(const corm_node *node) {
  return node->kind == CORM_NODE_UNARY && (node->op == CORM_OP_ANY || node->op == CORM_OP_ALL);
}

corm_op corm_op_mirror(corm_op op) {
  switch (op) {
  case CORM_OP_LT: return CORM_OP_GT;
  case CORM_OP_LE: return CORM_OP_GE;
  case CORM_OP_GT: return CORM_OP_LT;
  case CORM_OP_GE: return CORM_OP_LE;
  default: return op;
  }
}

const corm_node *corm_array_compare_in(corm_arena *arena, corm_op op, const corm_node *value,
                                       const corm_node *collection) {
  return corm_operator_in(arena, op, corm_type_default(CORM_TYPE_BOOLEAN), corm_group_in(arena, value, op, 0),
                          collection);
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

const corm_type *corm_array_type_in(corm_arena *arena, const corm_type *item) {
  corm_type *type = corm_arena_zalloc(arena, 1, sizeof *type);
  if (!type) return NULL;
  *type = *corm_type_default(CORM_TYPE_ARRAY);
  type->item = item;
  if (!item || item->kind != CORM_TYPE_ARRAY) return type;
  unsigned inside = item->dimensions ? item->dimensions : 1;
  type->item = item->item;
  type->dimensions = (uint8_t)(inside < UINT8_MAX ? inside + 1 : inside);
  return type;
}

/* The type of an item: arrays of arrays are one type with several dimensions. */
static const corm_type *item_type(corm_arena *arena, const corm_type *type) {
  if (type->kind != CORM_TYPE_ARRAY || !type->item) return corm_type_default(CORM_TYPE_NULLTYPE);
  if (type->dimensions < 2) return type->item;
  corm_type *inner = corm_arena_zalloc(arena, 1, sizeof *inner);
  if (!inner) return NULL;
  *inner = *type;
  inner->dimensions--;
  return inner;
}

const corm_node *corm_array_item_in(corm_arena *arena, const corm_node *array, const corm_node *index) {
  if (!array || !index) return NULL;
  const corm_type *type = item_type(arena, corm_node_type(array));
  if (!type) return NULL;
  return corm_operator_in(arena, CORM_OP_GETITEM, type, corm_group_in(arena, array, CORM_OP_GETITEM, 0),
                          corm_group_in(arena, index, CORM_OP_GETITEM, 0));
}

const corm_node *corm_array_slice_in(corm_arena *arena, const corm_node *array, const corm_node *start,
                                     const corm_node *stop) {
  if (!array) return NULL;
  corm_list *bounds = corm_node_new(arena, sizeof *bounds, CORM_NODE_LIST, CORM_OP_SLICE, NULL);
  const corm_node **items = corm_arena_alloc(arena, 2 * sizeof *items);
  const corm_node *open = start && stop ? NULL : corm_literal_column_in(arena, "", 0, NULL);
  if (!bounds || !items || (!open && !(start && stop))) return NULL;
  items[0] = start ? start : open;
  items[1] = stop ? stop : open;
  bounds->items = items;
  bounds->n = 2;
  return corm_operator_in(arena, CORM_OP_GETITEM, corm_node_type(array),
                          corm_group_in(arena, array, CORM_OP_GETITEM, 0), &bounds->base);
}

const corm_node *corm_array_in(corm_arena *arena, const corm_node *const *items, size_t n, const corm_type *item) {
  if (!item && n) item = corm_node_type(items[0]);
  const corm_type *type = corm_array_type_in(arena, item);
  corm_list *node = type ? corm_node_new(arena, sizeof *node, CORM_NODE_ARRAY, CORM_OP_COMMA, type) : NULL;
  const corm_node **copy = corm_arena_zalloc(arena, n, sizeof *copy);
  if (!node || !copy) return NULL;
  for (size_t i = 0; i < n; i++) {
    copy[i] = corm_group_in(arena, items[i], CORM_OP_COMMA, 0);
    if (!copy[i]) return NULL;
  }
  node->items = copy;
  node->n = (uint32_t)n;
  return &node->base;
}

/* -- JSON ---------------------------------------------------------------------------------------------------------- */

static const corm_node *json_item(corm_arena *arena, corm_op op, const corm_node *json, const corm_node *index) {
  if (!json || !index) return NULL;
  return corm_operator_in(arena, op, corm_node_type(json), corm_group_in(arena, json, op, 0),
                          corm_group_in(arena, index, op, 0));
}

const corm_node *corm_json_item_in(corm_arena *arena, const corm_node *json, const corm_value *index) {
  if (!json) return NULL;
  corm_json_part part = index->kind == CORM_INT    ? CORM_JSON_INT_INDEX
                        : index->kind == CORM_TEXT ? CORM_JSON_STR_INDEX
                                                   : CORM_JSON_PATH;
  const corm_node *bind = corm_bind_in(arena, corm_bind_hint(json), corm_type_json_part(part), index);
  return json_item(arena, part == CORM_JSON_PATH ? CORM_OP_JSON_PATH : CORM_OP_JSON_GETITEM, json, bind);
}

const corm_node *corm_json_item_by_in(corm_arena *arena, const corm_node *json, const corm_node *index) {
  if (index && index->kind == CORM_NODE_BIND && corm_node_type(index)->kind == CORM_TYPE_NULLTYPE) {
    corm_bind *bind = corm_node_new(arena, sizeof *bind, CORM_NODE_BIND, CORM_OP_NONE, NULL);
    if (!bind) return NULL;
    *bind = *(const corm_bind *)index;
    bind->base.type = corm_type_json_part(CORM_JSON_STR_INDEX);
    index = &bind->base;
  }
  return json_item(arena, CORM_OP_JSON_GETITEM, json, index);
}

bool corm_is_json_item(const corm_node *node) {
  return node->kind == CORM_NODE_BINARY && (node->op == CORM_OP_JSON_GETITEM || node->op == CORM_OP_JSON_PATH);
}

const corm_node *corm_json_as_in(corm_arena *arena, const corm_node *item, const corm_type *type) {
  corm_binary *copy = corm_node_new(arena, sizeof *copy, CORM_NODE_BINARY, (corm_op)item->op, type);
  if (!copy) return NULL;
  *copy = *(const corm_binary *)item;
  copy->base.type = type;
  return &copy->base;
}

const corm_node *corm_json_text_in(corm_arena *arena, const corm_node *item) {
  corm_op op = item->op == CORM_OP_JSON_PATH ? CORM_OP_PATH_ASTEXT : CORM_OP_ASTEXT;
  const corm_binary *old = (const corm_binary *)item;
  return corm_operator_in(arena, op, corm_type_default(CORM_TYPE_TEXT), corm_group_in(arena, old->left, op, 0),
                          corm_group_in(arena, old->right, op, 0));
}

const corm_node *corm_containment_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right) {
  if (!left) return NULL;
  const corm_type *type =
      corm_ops[op].flags & CORM_OP_BOOLEAN ? corm_type_default(CORM_TYPE_BOOLEAN) : corm_node_type(left);
  return corm_operator_in(arena, op, type, corm_group_in(arena, left, op, 0), corm_group_in(arena, right, op, 0));
}

/* -- regular expressions ------------------------------------------------------------------------------------------- */

static const corm_node *regexp(corm_arena *arena, corm_op op, const corm_type *type, const corm_node *string,
                               const corm_node *right, const char *flags) {
  if (!string || !right) return NULL;
  corm_binary *node = corm_node_new(arena, sizeof *node, CORM_NODE_BINARY, op, type);
  if (!node) return NULL;
  node->left = corm_group_in(arena, string, op, 0);
  node->right = right;
  node->escape = flags ? corm_arena_dup(arena, flags, strlen(flags)) : NULL;
  return node->left && (!flags || node->escape) ? &node->base : NULL;
}

const corm_node *corm_regexp_in(corm_arena *arena, const corm_node *string, const corm_node *pattern,
                                const char *flags) {
  return regexp(arena, CORM_OP_REGEXP, corm_type_default(CORM_TYPE_BOOLEAN), string,
                corm_group_in(arena, pattern, CORM_OP_REGEXP, 0), flags);
}

const corm_node *corm_regexp_replace_in(corm_arena *arena, const corm_node *string, const corm_node *pattern,
                                        const corm_node *replacement, const char *flags) {
  if (!string || !pattern || !replacement) return NULL;
  const corm_node *items[2] = {pattern, replacement};
  return regexp(arena, CORM_OP_REGEXP_REPLACE, corm_node_type(string), string, corm_list_in(arena, items, 2), flags);
}
