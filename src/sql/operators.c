#include <string.h>

#include "sql/expr.h"
#include "sql/indexing.h"

/* Grouping, comparison, negation and conditions, by the rules of SQLAlchemy's elements.py and operators.py. */

enum { CONDITION_PRECEDENCE = -10, LOWEST_PRECEDENCE = -100, HIGHEST_PRECEDENCE = 100 };

static int precedence_against(unsigned against, int custom) {
  if (against == CORM_AGAINST_CONDITION) return CONDITION_PRECEDENCE;
  if (against == CORM_AGAINST_NOTHING) return HIGHEST_PRECEDENCE;
  return against == CORM_OP_CUSTOM ? custom : corm_ops[against].precedence;
}

static int own_precedence(const corm_node *node) {
  if (node->kind != CORM_NODE_BINARY) return corm_ops[node->op].precedence;
  if (node->op == CORM_OP_CUSTOM) return ((const corm_binary *)node)->precedence;
  /* contains(), startswith() and endswith() are in no table of SQLAlchemy's: they are always grouped. */
  return node->flags ? LOWEST_PRECEDENCE : corm_ops[node->op].precedence;
}

static bool is_boolean_op(const corm_node *node) {
  if (node->op == CORM_OP_CUSTOM) return node->type->kind == CORM_TYPE_BOOLEAN;
  return (corm_ops[node->op].flags & CORM_OP_BOOLEAN) != 0;
}

static bool is_boolean_type(const corm_node *node) {
  return corm_node_type(node)->kind == CORM_TYPE_BOOLEAN;
}

bool corm_is_condition(const corm_node *node) {
  while (node->kind == CORM_NODE_GROUPING || node->kind == CORM_NODE_LABEL) {
    node = node->kind == CORM_NODE_LABEL ? ((const corm_label *)node)->element : ((const corm_grouping *)node)->element;
  }
  if (node->kind == CORM_NODE_EXISTS) return true;
  bool operation = node->kind == CORM_NODE_BINARY || node->kind == CORM_NODE_LIST || node->kind == CORM_NODE_UNARY;
  return operation && is_boolean_op(node);
}

const corm_node *corm_grouping_in(corm_arena *arena, const corm_node *element) {
  if (!element) return NULL;
  corm_grouping *node = corm_node_new(arena, sizeof *node, CORM_NODE_GROUPING, CORM_OP_NONE, corm_node_type(element));
  if (!node) return NULL;
  node->element = element;
  return &node->base;
}

static const corm_node *new_unary(corm_arena *arena, corm_op op, const corm_type *type, const corm_node *operand) {
  if (!operand) return NULL;
  corm_unary *node = corm_node_new(arena, sizeof *node, CORM_NODE_UNARY, op, type);
  if (!node) return NULL;
  node->operand = operand;
  return &node->base;
}

static const corm_node *condition_of(corm_arena *arena, corm_op op, const corm_node *operand) {
  return new_unary(arena, op, corm_type_default(CORM_TYPE_BOOLEAN), operand);
}

/* Whether an operator inside `node` binds less tightly than the one outside. */
static bool needs_group(const corm_node *node, unsigned against, int outer) {
  bool same = node->op == against && (corm_ops[node->op].flags & CORM_OP_ASSOCIATIVE) && !node->flags;
  if (!same && own_precedence(node) <= outer) return true;
  return against == CORM_OP_NOT && !is_boolean_op(node);
}

/* Labels and type_coerce() print what they hold and nothing else: that is what is grouped. */
static const corm_node *silent_element(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) return ((const corm_label *)node)->element;
  bool silent = node->kind == CORM_NODE_CAST && ((const corm_cast *)node)->silent;
  return silent ? ((const corm_cast *)node)->element : NULL;
}

/* The same wrappers around `inner`, from the outside in. */
static const corm_node *wrap_again(corm_arena *arena, const corm_node *node, const corm_node *inner) {
  const corm_node *first = NULL, **place = &first;
  for (const corm_node *element = silent_element(node); element; element = silent_element(node = element)) {
    if (node->kind == CORM_NODE_LABEL) {
      corm_label *copy = corm_node_new(arena, sizeof *copy, CORM_NODE_LABEL, CORM_OP_NONE, NULL);
      if (!copy) return NULL;
      *copy = *(const corm_label *)node;
      *place = &copy->base;
      place = &copy->element;
    } else {
      corm_cast *copy = corm_node_new(arena, sizeof *copy, CORM_NODE_CAST, CORM_OP_NONE, NULL);
      if (!copy) return NULL;
      *copy = *(const corm_cast *)node;
      *place = &copy->base;
      place = &copy->element;
    }
  }
  *place = inner;
  return first;
}

static const corm_node *group_silent(corm_arena *arena, const corm_node *node, unsigned against, int precedence) {
  const corm_node *inner = node;
  for (const corm_node *element = silent_element(inner); element; element = silent_element(inner)) inner = element;
  const corm_node *grouped = corm_group_any_in(arena, inner, against, precedence);
  if (!grouped || grouped == inner) return grouped ? node : NULL;
  return wrap_again(arena, node, grouped);
}

const corm_node *corm_group_any_in(corm_arena *arena, const corm_node *node, unsigned against, int precedence) {
  if (!node) return NULL;
  const bool condition = against == CORM_OP_AND || against == CORM_OP_OR || against == CORM_AGAINST_CONDITION;
  int outer = precedence_against(against, precedence);
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_BINARY: return needs_group(node, against, outer) ? corm_grouping_in(arena, node) : node;
  case CORM_NODE_LIST:
    if (((const corm_list *)node)->n == 0 && node->op != CORM_OP_COMMA) return node;
    return needs_group(node, against, outer) ? corm_grouping_in(arena, node) : node;
  case CORM_NODE_UNARY: {
    bool bare = corm_ops[node->op].flags & CORM_OP_POSTFIX;
    return !bare && corm_ops[node->op].precedence <= outer ? corm_grouping_in(arena, node) : node;
  }
  case CORM_NODE_EXISTS: return corm_ops[CORM_OP_EXISTS].precedence <= outer ? corm_grouping_in(arena, node) : node;
  case CORM_NODE_TEXT: return against == CORM_OP_IN || against == CORM_OP_NOT_IN ? corm_grouping_in(arena, node) : node;
  case CORM_NODE_LABEL:
  case CORM_NODE_CAST:
    if (silent_element(node)) return group_silent(arena, node, against, precedence);
    break;
  case CORM_NODE_FILTER: /* binds as concatenation does */
    if (corm_ops[CORM_OP_CONCAT].precedence <= outer) return corm_grouping_in(arena, node);
    break;
  case CORM_NODE_FUNCTION:
  case CORM_NODE_ARRAY:
    if (against == CORM_OP_GETITEM && corm_node_type(node)->kind == CORM_TYPE_ARRAY)
      return corm_grouping_in(arena, node);
    break;
  case CORM_NODE_GROUPING:
  case CORM_NODE_SCALAR_SUBQUERY: return node;
  default: break;
  }
  return condition && is_boolean_type(node) ? condition_of(arena, CORM_OP_IS_TRUE, node) : node;
}

const char *corm_bind_hint(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: return ((const corm_column_node *)node)->key;
  case CORM_NODE_LITERAL_COLUMN: return ((const corm_text *)node)->sql;
  case CORM_NODE_LABEL: return ((const corm_label *)node)->name;
  case CORM_NODE_WHOLE: return ((const corm_alias *)((const corm_whole *)node)->from)->name;
  case CORM_NODE_FIELD: return ((const corm_field *)node)->name;
  case CORM_NODE_NEXT_VALUE: return "next_value";
  case CORM_NODE_CONSTRUCT:
    return ((const corm_construct *)node)->function ? ((const corm_construct *)node)->name : NULL;
  case CORM_NODE_FUNCTION: {
    const char *name = ((const corm_function *)node)->name;
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
  }
  default: return NULL;
  }
}

const corm_node *corm_unary_in(corm_arena *arena, corm_op op, const corm_node *operand) {
  if (!operand) return NULL;
  if (op == CORM_OP_NOT) return corm_not_in(arena, operand);
  return new_unary(arena, op, corm_node_type(operand), corm_group_in(arena, operand, op, 0));
}

/* A bindparam() without a type takes that of what it is compared with. */
static const corm_node *typed_like(corm_arena *arena, const corm_node *node, const corm_node *other, corm_op op) {
  const corm_type *type = corm_node_type(other);
  bool untyped = type->kind == CORM_TYPE_NULLTYPE && !type->custom;
  if (node->kind != CORM_NODE_BIND || node->type->kind != CORM_TYPE_NULLTYPE || node->type->custom || untyped) {
    return node;
  }
  corm_bind *bind = corm_node_new(arena, sizeof *bind, CORM_NODE_BIND, CORM_OP_NONE, type);
  if (!bind) return NULL;
  *bind = *(const corm_bind *)node;
  bind->base.type = corm_compared_type(op, type);
  return &bind->base;
}

const corm_node *corm_operator_in(corm_arena *arena, corm_op op, const corm_type *type, const corm_node *left,
                                  const corm_node *right) {
  if (!left || !right) return NULL;
  corm_binary *node = corm_node_new(arena, sizeof *node, CORM_NODE_BINARY, op, type);
  if (!node) return NULL;
  node->left = left;
  node->right = right;
  return &node->base;
}

static bool is_null(const corm_node *node) {
  return node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == CORM_CONSTANT_NULL;
}

const corm_node *corm_binary_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right) {
  if (!left || !right) return NULL;
  if (corm_is_collection(left)) {
    op = corm_op_mirror(op);
    return corm_array_compare_in(arena, op, typed_like(arena, right, left, op), left);
  }
  if (is_null(right) && op == CORM_OP_EQ) op = CORM_OP_IS;
  if (is_null(right) && op == CORM_OP_NE) op = CORM_OP_IS_NOT;
  right = typed_like(arena, right, left, op);
  if (!right) return NULL;
  left = typed_like(arena, left, right, op);
  if (!left) return NULL;
  const corm_type *type = corm_op_type(&op, corm_node_type(left), corm_node_type(right));
  if (type->kind == CORM_TYPE_NUMERIC) type = corm_exact_type(op, type, left, right);
  return corm_operator_in(arena, op, type, corm_group_in(arena, left, op, 0), corm_group_in(arena, right, op, 0));
}

static bool takes_constant(corm_op op) {
  switch (op) {
  case CORM_OP_EQ:
  case CORM_OP_NE:
  case CORM_OP_IS:
  case CORM_OP_IS_NOT:
  case CORM_OP_IS_DISTINCT_FROM:
  case CORM_OP_IS_NOT_DISTINCT_FROM: return true;
  default: return false;
  }
}

static const corm_node *compared_value(corm_arena *arena, corm_op op, const corm_node *with, const corm_value *value) {
  if (value->kind == CORM_NULL && (takes_constant(op) || corm_is_collection(with)))
    return corm_constant_in(arena, CORM_CONSTANT_NULL);
  if (takes_constant(op) && value->kind == CORM_BOOL) {
    return corm_constant_in(arena, value->as.i ? CORM_CONSTANT_TRUE : CORM_CONSTANT_FALSE);
  }
  if (!(corm_ops[op].flags & CORM_OP_BOOLEAN)) return corm_literal_in(arena, with, value);
  const corm_type *type = corm_type_beside(corm_compared_type(op, corm_node_type(with)), corm_is_stored(with), value);
  return corm_bind_in(arena, corm_bind_hint(with), type->kind == CORM_TYPE_NULLTYPE ? NULL : type, value);
}

const corm_node *corm_compare_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_value *value) {
  if (!left) return NULL;
  return corm_binary_in(arena, op, left, compared_value(arena, op, left, value));
}

const corm_node *corm_compare_reverse_in(corm_arena *arena, corm_op op, const corm_value *value,
                                         const corm_node *right) {
  if (!right) return NULL;
  return corm_binary_in(arena, op, compared_value(arena, op, right, value), right);
}

const corm_node *corm_custom_in(corm_arena *arena, const char *text, int precedence, bool boolean,
                                const corm_type *type, const corm_node *left, const corm_node *right) {
  if (!left || !right) return NULL;
  right = typed_like(arena, right, left, CORM_OP_CUSTOM);
  if (!right) return NULL;
  if (precedence < INT8_MIN) precedence = INT8_MIN;
  if (precedence > INT8_MAX) precedence = INT8_MAX;
  corm_binary *node = corm_node_new(arena, sizeof *node, CORM_NODE_BINARY, CORM_OP_CUSTOM,
                                    type      ? type
                                    : boolean ? corm_type_default(CORM_TYPE_BOOLEAN)
                                              : corm_node_type(left));
  if (!node) return NULL;
  node->left = corm_group_in(arena, left, CORM_OP_CUSTOM, precedence);
  node->right = corm_group_in(arena, right, CORM_OP_CUSTOM, precedence);
  node->custom = corm_arena_dup(arena, text, strlen(text));
  node->precedence = (int8_t)precedence;
  return node->left && node->right && node->custom ? &node->base : NULL;
}

/* The bounds: SQLAlchemy never groups them, and so changes the meaning of those that bind as loosely as AND does. */
static const corm_node *bound(corm_arena *arena, const corm_node *node, const corm_node *x) {
  return node ? corm_group_in(arena, typed_like(arena, node, x, CORM_OP_BETWEEN), CORM_OP_BETWEEN, 0) : NULL;
}

static const corm_node *between(corm_arena *arena, corm_op op, const corm_node *x, const corm_node *low,
                                const corm_node *high, const char *word) {
  if (!x) return NULL;
  const corm_node **items = corm_arena_alloc(arena, 2 * sizeof *items);
  corm_list *list = corm_node_new(arena, sizeof *list, CORM_NODE_LIST, CORM_OP_AND, NULL);
  if (!items || !list) return NULL;
  items[0] = bound(arena, low, x);
  items[1] = bound(arena, high, x);
  if (!items[0] || !items[1]) return NULL;
  list->items = items;
  list->n = 2;
  corm_binary *node = corm_node_new(arena, sizeof *node, CORM_NODE_BINARY, op, corm_type_default(CORM_TYPE_BOOLEAN));
  if (!node) return NULL;
  node->left = corm_group_in(arena, x, op, 0);
  node->right = &list->base;
  node->custom = word;
  return node->left ? &node->base : NULL;
}

const corm_node *corm_between_in(corm_arena *arena, corm_op op, const corm_node *x, const corm_node *low,
                                 const corm_node *high) {
  return between(arena, op, x, low, high, NULL);
}

const corm_node *corm_between_symmetric_in(corm_arena *arena, const corm_node *x, const corm_node *low,
                                           const corm_node *high) {
  return between(arena, CORM_OP_BETWEEN, x, low, high, "SYMMETRIC");
}

const corm_node *corm_like_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right,
                              const char *escape) {
  return corm_affix_in(arena, op, 0, left, right, escape);
}

const corm_node *corm_affix_in(corm_arena *arena, corm_op op, unsigned flags, const corm_node *left,
                               const corm_node *right, const char *escape) {
  if (!left || !right) return NULL;
  right = typed_like(arena, right, left, op);
  if (!right) return NULL;
  corm_binary *node = corm_node_new(arena, sizeof *node, CORM_NODE_BINARY, op, corm_type_default(CORM_TYPE_BOOLEAN));
  if (!node) return NULL;
  node->base.flags = (uint16_t)flags;
  /* SQLAlchemy groups against an operator that no table has, and then against the || around the right side. */
  node->left = corm_group_in(arena, left, flags ? CORM_AGAINST_NOTHING : (unsigned)op, 0);
  node->right = corm_group_in(arena, right, flags ? CORM_AGAINST_NOTHING : (unsigned)op, 0);
  node->escape = escape ? corm_arena_dup(arena, escape, strlen(escape)) : NULL;
  return node->left && node->right && (!escape || node->escape) ? &node->base : NULL;
}

const corm_node *corm_affix_text_in(corm_arena *arena, corm_op op, unsigned flags, const corm_node *left,
                                    const char *text, size_t len, bool autoescape, const char *escape) {
  if (!left) return NULL;
  char *escaped = NULL;
  if (autoescape) {
    if (!escape) escape = "/";
    escaped = len <= SIZE_MAX / 2 - 1 ? corm_arena_alloc(arena, len * 2 + 1) : NULL;
    if (!escaped) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
      if (text[i] == '%' || text[i] == '_' || text[i] == escape[0]) escaped[n++] = escape[0];
      escaped[n++] = text[i];
    }
    text = escaped;
    len = n;
  }
  corm_value value = corm_value_text(text, len);
  const corm_node *right = compared_value(arena, op, left, &value);
  return corm_affix_in(arena, op, flags, left, right, escape);
}

const corm_node *corm_collate_in(corm_arena *arena, const corm_node *operand, const char *collation) {
  if (!operand) return NULL;
  return corm_operator_in(arena, CORM_OP_COLLATE, corm_node_type(operand),
                          corm_group_in(arena, operand, CORM_OP_COLLATE, 0), corm_name_in(arena, collation, NULL));
}

static const corm_node *not_binary(corm_arena *arena, const corm_binary *binary) {
  corm_op negation = (corm_op)corm_ops[binary->base.op].negation;
  /* x != ANY (...) is not what x = ANY (...) denies. */
  bool collection = corm_is_collection(binary->right) || corm_is_collection(binary->left);
  if (negation == CORM_OP_NONE || collection) {
    const corm_node *group = corm_grouping_in(arena, &binary->base);
    return group ? corm_not_in(arena, group) : NULL;
  }
  corm_binary *copy = corm_node_new(arena, sizeof *copy, CORM_NODE_BINARY, negation, NULL);
  if (!copy) return NULL;
  *copy = *binary;
  copy->base.op = (uint8_t)negation;
  return &copy->base;
}

static const corm_node *not_constant(corm_arena *arena, const corm_node *node) {
  bool was_true = ((const corm_constant *)node)->value == CORM_CONSTANT_TRUE;
  return corm_constant_in(arena, was_true ? CORM_CONSTANT_FALSE : CORM_CONSTANT_TRUE);
}

static bool is_truth(const corm_node *node, corm_constant_kind kind) {
  return node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == kind;
}

static const corm_node *not_unary(corm_arena *arena, const corm_unary *unary) {
  if (unary->base.op == CORM_OP_IS_TRUE || unary->base.op == CORM_OP_IS_FALSE) {
    if (unary->operand->kind == CORM_NODE_CONSTANT) return not_constant(arena, unary->operand);
    return condition_of(arena, (corm_op)corm_ops[unary->base.op].negation, unary->operand);
  }
  return condition_of(arena, CORM_OP_NOT, corm_group_in(arena, &unary->base, CORM_OP_NOT, 0));
}

const corm_node *corm_not_in(corm_arena *arena, const corm_node *operand) {
  if (!operand) return NULL;
  switch ((corm_node_kind)operand->kind) {
  case CORM_NODE_BINARY: return not_binary(arena, (const corm_binary *)operand);
  case CORM_NODE_UNARY: return not_unary(arena, (const corm_unary *)operand);
  case CORM_NODE_LIST:
  case CORM_NODE_EXISTS: return condition_of(arena, CORM_OP_NOT, corm_group_in(arena, operand, CORM_OP_NOT, 0));
  case CORM_NODE_CONSTANT:
    if (is_boolean_type(operand)) return not_constant(arena, operand);
    break;
  default: break;
  }
  if (is_boolean_type(operand)) return condition_of(arena, CORM_OP_IS_FALSE, operand);
  return condition_of(arena, CORM_OP_NOT, corm_group_in(arena, operand, CORM_OP_NOT, 0));
}

static bool is_empty_list(const corm_node *node) {
  return node->kind == CORM_NODE_LIST && node->op != CORM_OP_COMMA && ((const corm_list *)node)->n == 0;
}

const corm_node *corm_and_or_in(corm_arena *arena, corm_op op, const corm_node *const *items, size_t n) {
  corm_constant_kind neutral = op == CORM_OP_AND ? CORM_CONSTANT_TRUE : CORM_CONSTANT_FALSE;
  corm_constant_kind absorbing = op == CORM_OP_AND ? CORM_CONSTANT_FALSE : CORM_CONSTANT_TRUE;
  const corm_node *dropped = NULL, *first = NULL;
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    if (!items[i]) return NULL;
    if (is_truth(items[i], absorbing)) return corm_group_in(arena, items[i], CORM_AGAINST_CONDITION, 0);
    if (is_truth(items[i], neutral)) {
      dropped = items[i];
    } else if (!is_empty_list(items[i])) {
      if (!first) first = items[i];
      count++;
    }
  }
  if (count == 0 && dropped) first = dropped;
  if (count < 2 && first) return corm_group_in(arena, first, CORM_AGAINST_CONDITION, 0);
  corm_list *node = corm_node_new(arena, sizeof *node, CORM_NODE_LIST, op, corm_type_default(CORM_TYPE_BOOLEAN));
  const corm_node **copy = corm_arena_zalloc(arena, count, sizeof *copy);
  if (!node || !copy) return NULL;
  for (size_t i = 0; i < n; i++) {
    if (is_truth(items[i], neutral) || is_empty_list(items[i])) continue;
    copy[node->n] = corm_group_in(arena, items[i], op, 0);
    if (!copy[node->n++]) return NULL;
  }
  node->items = copy;
  return &node->base;
}

static bool is_false(const corm_node *node) {
  return is_truth(node, CORM_CONSTANT_FALSE) || (node->kind == CORM_NODE_LIST && node->flags & CORM_LIST_FALSE);
}

const corm_node *corm_criteria_in(corm_arena *arena, const corm_node *const *items, size_t n) {
  const corm_node *decides = NULL;
  for (size_t i = 0; i < n && !decides; i++)
    if (items[i] && is_false(items[i])) decides = items[i];
  if (!decides || n == 1) return corm_and_or_in(arena, CORM_OP_AND, items, n);
  corm_list *node =
      corm_node_new(arena, sizeof *node, CORM_NODE_LIST, CORM_OP_AND, corm_type_default(CORM_TYPE_BOOLEAN));
  const corm_node **copy = corm_arena_alloc(arena, n * sizeof *copy);
  if (!node || !copy) return NULL;
  copy[node->n++] = corm_group_in(arena, decides, CORM_AGAINST_CONDITION, 0);
  for (size_t i = 0; i < n; i++) {
    if (!items[i]) return NULL;
    if (items[i] != decides) copy[node->n++] = items[i];
  }
  node->items = copy;
  node->base.flags = CORM_LIST_FALSE;
  return copy[0] ? &node->base : NULL;
}
