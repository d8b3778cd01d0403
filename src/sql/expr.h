/* What the constructors share: raw nodes and SQLAlchemy's grouping rules. */
#ifndef CORM_SQL_EXPR_H
#define CORM_SQL_EXPR_H

#include <string.h>

#include "schema/column.h"
#include "sql/node.h"

/* Pseudo operators to group against: the whole of a condition, and nothing at all (which groups every operator). */
enum { CORM_AGAINST_CONDITION = CORM_OP_COUNT, CORM_AGAINST_NOTHING };

/* A zeroed node; NULL when the arena is full. It stands here since the size is a constant for the caller. */
static inline void *corm_node_new(corm_arena *arena, size_t size, corm_node_kind kind, corm_op op,
                                  const corm_type *type) {
  corm_node *node = corm_arena_alloc(arena, size);
  if (!node) return NULL;
  memset(node, 0, size);
  node->kind = (uint8_t)kind;
  node->op = (uint8_t)op;
  node->type = type ? type : corm_type_default(CORM_TYPE_NULLTYPE);
  return node;
}

/* The type of a value: a column's own, even when it was resolved after the node was made. */
static inline const corm_type *corm_node_type(const corm_node *node) {
  if (node->kind != CORM_NODE_COLUMN) return node->type;
  const corm_column *column = ((const corm_column_node *)node)->column;
  return column && column->type ? column->type : node->type;
}

/* The operand in parentheses when `against` (an operator or a pseudo operator) asks for them; a boolean value becomes a
   condition (IS_TRUE). `precedence` counts for CUSTOM only. NULL stays NULL. */
const corm_node *corm_group_any_in(corm_arena *arena, const corm_node *node, unsigned against, int precedence);
/* What most operands are needs none: columns and values beside an operator, comparisons in a condition. */
static inline const corm_node *corm_group_in(corm_arena *arena, const corm_node *node, unsigned against,
                                             int precedence) {
  if (!node) return NULL;
  bool condition = against == CORM_OP_AND || against == CORM_OP_OR || against == CORM_AGAINST_CONDITION;
  bool bare = condition ? node->kind == CORM_NODE_BINARY && node->op != CORM_OP_CUSTOM && !node->flags &&
                              corm_ops[node->op].precedence > corm_ops[CORM_OP_AND].precedence
                        : node->kind == CORM_NODE_COLUMN || node->kind == CORM_NODE_BIND;
  return bare ? node : corm_group_any_in(arena, node, against, precedence);
}

/* (element) */
const corm_node *corm_grouping_in(corm_arena *arena, const corm_node *element);

/* The name of binds that are compared with the expression: the column's key, the function's name; or NULL. */
const char *corm_bind_hint(const corm_node *node);

/* The type of left op right, and the operator itself: + of strings is CONCAT. */
const corm_type *corm_op_type(corm_op *op, const corm_type *left, const corm_type *right);
/* Of a decimal result: with the digits after the point that left op right has, which `type` may have less of. */
const corm_type *corm_exact_type(corm_op op, const corm_type *type, const corm_node *left, const corm_node *right);

/* The type of a known function's result, else NullType; NULL when the arena is full. */
const corm_type *corm_function_type_in(corm_arena *arena, corm_known_function known, const corm_node *const *args,
                                       size_t n);

/* The type for a value that is compared with `type` by `op`: without the limits of a column that stores it. */
const corm_type *corm_compared_type(corm_op op, const corm_type *type);

/* True for what every database takes as a condition. */
bool corm_is_condition(const corm_node *node);

/* True for a column of a table. */
bool corm_is_stored(const corm_node *node);

/* True when the types hold values of one kind, so that a literal of one may be bound as the other. */
bool corm_type_same_affinity(const corm_type *a, const corm_type *b);
/* The type, or `other` where that alone holds the values of both: of integers and fractions, of dates and times.
   `other` may be NULL. */
const corm_type *corm_wider_type(const corm_type *type, const corm_type *other);

#endif
