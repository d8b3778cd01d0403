#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "sql/expr.h"

/* How types flow through operators and functions: SQLAlchemy's _expression_adaptations and functions.py. */

typedef enum affinity { NONE, INTEGER, NUMERIC, REAL, STRING, DATE, TIME, DATETIME, INTERVAL, OTHER } affinity;

static affinity affinity_of(const corm_type *type) {
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_NULLTYPE: return NONE;
  case CORM_TYPE_INTEGER:
  case CORM_TYPE_SMALLINT:
  case CORM_TYPE_BIGINT: return INTEGER;
  case CORM_TYPE_NUMERIC: return NUMERIC;
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE: return REAL;
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT:
  case CORM_TYPE_ENUM: return STRING;
  case CORM_TYPE_DATE: return DATE;
  case CORM_TYPE_TIME: return TIME;
  case CORM_TYPE_DATETIME: return DATETIME;
  case CORM_TYPE_INTERVAL: return INTERVAL;
  default: return OTHER;
  }
}

bool corm_type_same_affinity(const corm_type *a, const corm_type *b) {
  affinity left = affinity_of(a);
  return left == affinity_of(b) && (left != OTHER || a->kind == b->kind);
}

const corm_type *corm_wider_type(const corm_type *type, const corm_type *other) {
  if (!other || type->hosted || other->hosted) return type;
  const affinity a = affinity_of(type), b = affinity_of(other);
  const bool widens = (a == INTEGER && (b == NUMERIC || b == REAL)) || (a == DATE && b == DATETIME);
  return widens ? other : type;
}

const corm_type *corm_compared_type(corm_op op, const corm_type *type) {
  if (type->hosted) return type;
  bool like = op == CORM_OP_LIKE || op == CORM_OP_NOT_LIKE || op == CORM_OP_ILIKE || op == CORM_OP_NOT_ILIKE;
  if (like && type->kind == CORM_TYPE_ENUM) return corm_type_default(CORM_TYPE_STRING);
  bool text = affinity_of(type) == STRING && type->kind != CORM_TYPE_ENUM;
  if ((text || type->kind == CORM_TYPE_BINARY) && type->length >= 0) return corm_type_default(type->kind);
  return type;
}

/* left op right where neither is NullType: which of the two, or a third type, results. */
typedef struct rule {
  uint8_t op, left, right, result;
} rule;

static const rule rules[] = {
    {CORM_OP_ADD, INTEGER, DATE, CORM_TYPE_DATE},
    {CORM_OP_ADD, DATE, INTERVAL, CORM_TYPE_DATETIME},
    {CORM_OP_ADD, DATE, TIME, CORM_TYPE_DATETIME},
    {CORM_OP_ADD, TIME, DATE, CORM_TYPE_DATETIME},
    {CORM_OP_ADD, INTERVAL, DATE, CORM_TYPE_DATETIME},
    {CORM_OP_ADD, INTERVAL, DATETIME, CORM_TYPE_DATETIME},
    {CORM_OP_ADD, INTERVAL, TIME, CORM_TYPE_TIME},
    {CORM_OP_SUB, DATE, DATE, CORM_TYPE_INTEGER},
    {CORM_OP_SUB, DATE, INTERVAL, CORM_TYPE_DATETIME},
    {CORM_OP_SUB, DATE, DATETIME, CORM_TYPE_INTERVAL},
    {CORM_OP_SUB, DATETIME, DATETIME, CORM_TYPE_INTERVAL},
    {CORM_OP_SUB, TIME, TIME, CORM_TYPE_INTERVAL},
    {CORM_OP_MUL, INTEGER, INTERVAL, CORM_TYPE_INTERVAL},
    {CORM_OP_MUL, NUMERIC, INTERVAL, CORM_TYPE_INTERVAL},
    {CORM_OP_MUL, REAL, INTERVAL, CORM_TYPE_INTERVAL},
    /* The quotient of two integers is a float in Lua. */
    {CORM_OP_TRUEDIV, INTEGER, INTEGER, CORM_TYPE_FLOAT},
};

static const corm_type *arithmetic_type(corm_op op, const corm_type *left, const corm_type *right) {
  affinity a = affinity_of(left), b = affinity_of(right);
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (rules[i].op == op && rules[i].left == a && rules[i].right == b) {
      return corm_type_default((corm_type_kind)rules[i].result);
    }
  }
  bool widens =
      op == CORM_OP_ADD || op == CORM_OP_SUB || op == CORM_OP_MUL || op == CORM_OP_TRUEDIV || op == CORM_OP_FLOORDIV;
  return widens && a == INTEGER && (b == NUMERIC || b == REAL) ? right : left;
}

/* Numbers, dates and their like are text once they are put together. */
static const corm_type *concat_type(const corm_type *left, const corm_type *right) {
  const corm_type *type = affinity_of(left) == NONE ? right : left, *other = type == left ? right : left;
  const affinity a = affinity_of(type);
  const bool chain = a == OTHER && type->kind != CORM_TYPE_BOOLEAN && type->kind != CORM_TYPE_UUID;
  if (a == STRING || chain || type->hosted) return type;
  return affinity_of(other) == STRING ? other : corm_type_default(CORM_TYPE_STRING);
}

const corm_type *corm_op_type(corm_op *op, const corm_type *left, const corm_type *right) {
  if (corm_ops[*op].flags & CORM_OP_BOOLEAN) return corm_type_default(CORM_TYPE_BOOLEAN);
  affinity a = affinity_of(left), b = affinity_of(right);
  bool chain = left->kind == CORM_TYPE_ARRAY || left->kind == CORM_TYPE_JSON;
  if (*op == CORM_OP_ADD && chain && (left->kind == right->kind || b == NONE)) *op = CORM_OP_CONCAT;
  bool commutes = *op == CORM_OP_ADD || *op == CORM_OP_MUL;
  if (*op == CORM_OP_ADD && (a == STRING || b == STRING) && (a == STRING || a == NONE) && (b == STRING || b == NONE)) {
    *op = CORM_OP_CONCAT;
  }
  if (*op == CORM_OP_CONCAT) return concat_type(left, right);
  if (a == NONE) return commutes && b != NONE ? arithmetic_type(*op, right, left) : left;
  return b == NONE ? left : arithmetic_type(*op, left, right);
}

/* -- decimals ------------------------------------------------------------------------------------------------------ */

/* SQLite computes decimals as floats. What they mean is told by the digits after the point: 1.25 * 1.25 has four, and a
   type of two would cut them. */

#define UNKNOWN (-1)

static int scale_of_text(const char *text, size_t len) {
  int before, after, significant;
  corm_decimal_digits(text, len, &before, &after, &significant);
  return after;
}

static int scale_of_value(const corm_value *value) {
  char text[40];
  switch ((corm_value_kind)value->kind) {
  case CORM_INT: return 0;
  case CORM_DECIMAL: return scale_of_text(value->as.s, value->len);
  case CORM_REAL: {
    const int len = snprintf(text, sizeof text, "%.15g", value->as.f);
    return len > 0 && text[strspn(text, "-.0123456789")] == '\0' ? scale_of_text(text, (size_t)len) : UNKNOWN;
  }
  default: return UNKNOWN;
  }
}

static int scale_of_type(const corm_type *type) {
  if (affinity_of(type) == INTEGER) return 0;
  if (type->kind != CORM_TYPE_NUMERIC) return UNKNOWN;
  return type->return_scale >= 0 ? type->return_scale : type->scale;
}

static int scale_of(const corm_node *node) {
  const corm_bind *bind = node->kind == CORM_NODE_BIND ? (const corm_bind *)node : NULL;
  if (bind && bind->unique && !bind->required && !bind->late && !bind->expanding) return scale_of_value(&bind->value);
  return scale_of_type(corm_node_type(node));
}

const corm_type *corm_exact_type(corm_op op, const corm_type *type, const corm_node *left, const corm_node *right) {
  if (type->hosted || !type->asdecimal) return type;
  const int a = scale_of(left), b = scale_of(right), kept = scale_of_type(type);
  int scale = UNKNOWN;
  switch (op) {
  case CORM_OP_ADD:
  case CORM_OP_SUB:
  case CORM_OP_MOD:
    if (a != UNKNOWN && b != UNKNOWN) scale = a > b ? a : b;
    break;
  case CORM_OP_MUL:
    if (a != UNKNOWN && b != UNKNOWN) scale = a + b;
    break;
  case CORM_OP_TRUEDIV: break;
  default: return type;
  }
  return scale == kept ? type : corm_type_exact(scale);
}
