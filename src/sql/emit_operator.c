#include "sql/compiler.h"

/* Operators: each writes what stands before its operands, pushes the rest and lets the loop go on. */

void corm_step_unary(corm_compiler *c, const corm_unary *unary) {
  corm_op op = (corm_op)unary->base.op;
  if (op == CORM_OP_IS_TRUE || op == CORM_OP_IS_FALSE) {
    bool condition = c->dialect->native_boolean || corm_is_condition(unary->operand);
    if (!condition) corm_push_text(c, op == CORM_OP_IS_TRUE ? " = 1" : " = 0");
    if (condition && op == CORM_OP_IS_FALSE) corm_emit_text(c, "NOT ");
  } else if (corm_ops[op].flags & CORM_OP_POSTFIX) {
    corm_push_text(c, corm_ops[op].text);
  } else {
    corm_emit_text(c, corm_ops[op].text);
  }
  corm_push_node(c, unary->operand);
}

/* What op() may hold: no quotes, no comment, no end of the statement. */
static bool is_operator_text(const char *text) {
  if (!*text || strstr(text, "--") || strstr(text, "/*")) return false;
  for (const char *p = text; *p; p++) {
    if ((unsigned char)*p < ' ' || (unsigned char)*p >= 127 || strchr("'\"`;()\\", *p)) return false;
  }
  return true;
}

static void emit_custom(corm_compiler *c, const corm_binary *binary) {
  if (!is_operator_text(binary->custom)) {
    corm_emit_error(c, CORM_E_COMPILE, "op(): '%.40s' cannot be an operator", binary->custom);
  }
  corm_emit_bytes(c, " ", 1);
  corm_emit_text(c, binary->custom);
  corm_emit_bytes(c, " ", 1);
}

static const corm_column *column_of(const corm_node *node) {
  return node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
}

/* The step of a concatenation whose parentheses are written. */
#define INSIDE_CONCAT 2

/* True for an operand that has a type of its own, which the server knows. */
bool corm_has_own_type(const corm_node *node) {
  if (node->kind == CORM_NODE_CONSTANT) return ((const corm_constant *)node)->value != CORM_CONSTANT_NULL;
  return node->kind != CORM_NODE_BIND;
}

/* The place of a bind on the other side of `with`. */
corm_place corm_place_beside(corm_op op, const corm_node *with) {
  if (!corm_has_own_type(with)) return CORM_PLACE_UNTYPED;
  bool comparison = op != CORM_OP_CUSTOM && (corm_ops[op].flags & CORM_OP_BOOLEAN);
  return comparison && corm_node_type(with)->kind != CORM_TYPE_NULLTYPE ? CORM_PLACE_TYPED : CORM_PLACE_SHARED;
}

static void push_compared(corm_compiler *c, corm_op op, const corm_node *node, const corm_node *with) {
  corm_push_task(c,
                 (corm_task){.node = node, .column = column_of(with), .place = (uint8_t)corm_place_beside(op, with)});
}

static bool is_ilike(const corm_binary *binary) {
  return binary->base.op == CORM_OP_ILIKE || binary->base.op == CORM_OP_NOT_ILIKE;
}

static void push_escape(corm_compiler *c, const char *escape) {
  if (escape[0] == '\0' || ((unsigned char)escape[0] < 0x80 && escape[1] != '\0')) {
    corm_emit_error(c, CORM_E_ARGUMENT, "the escape of LIKE must be one character");
    return;
  }
  corm_value value = corm_value_text(escape, strlen(escape));
  size_t at = c->text.len;
  corm_emit_text(c, " ESCAPE ");
  if (!c->failed &&
      corm_dialect_literal(c->dialect, corm_type_default(CORM_TYPE_STRING), &value, &c->text, c->err) != CORM_OK) {
    c->failed = true;
  }
  const char *text = corm_take_text(c, at);
  if (text) corm_push_text(c, text);
}

/* LIKE and ILIKE with their percent signs: (x LIKE '%' || :x_1 || '%'), lower(x) LIKE lower(:x_1). */
static void like_right(corm_compiler *c, const corm_binary *binary) {
  bool lowered = is_ilike(binary) && !c->dialect->native_ilike;
  bool negated = binary->base.op == CORM_OP_NOT_LIKE || binary->base.op == CORM_OP_NOT_ILIKE;
  bool before = binary->base.flags & CORM_LIKE_PERCENT_BEFORE, after = binary->base.flags & CORM_LIKE_PERCENT_AFTER;
  bool call = c->dialect->concat_call;
  if (lowered) corm_emit_bytes(c, ")", 1);
  corm_emit_text(c, lowered ? (negated ? " NOT LIKE " : " LIKE ") : corm_ops[binary->base.op].text);
  if (call && (before || after)) corm_emit_text(c, "concat(");
  if (before) corm_emit_text(c, call ? "'%', " : "'%' || ");
  if (lowered) corm_emit_text(c, "lower(");
  if (binary->escape) push_escape(c, binary->escape);
  if (call && (before || after)) corm_push_text(c, ")");
  if (after) corm_push_text(c, call ? ", '%'" : " || '%'");
  if (lowered) corm_push_text(c, ")");
  push_compared(c, (corm_op)binary->base.op, binary->right, binary->left);
}

/* concat(a, b, c): what is concatenated in an operand takes part itself. */
static void step_concat(corm_compiler *c, const corm_task *task) {
  const corm_binary *binary = (const corm_binary *)task->node;
  const corm_node *operands[2] = {binary->right, binary->left};
  if (task->index != INSIDE_CONCAT) {
    corm_emit_text(c, "concat(");
    corm_push_text(c, ")");
  }
  for (size_t i = 0; i < 2; i++) {
    const corm_node *operand = operands[i];
    bool flat = operand->kind == CORM_NODE_BINARY && operand->op == CORM_OP_CONCAT &&
                corm_type_same_affinity(operand->type, binary->base.type);
    if (i > 0) corm_push_text(c, ", ");
    corm_push_task(c, (corm_task){.node = operand,
                                  .column = column_of(operands[1 - i]),
                                  .index = flat ? INSIDE_CONCAT : 0,
                                  .place = (uint8_t)corm_place_beside(CORM_OP_CONCAT, operands[1 - i])});
  }
}

static void between_right(corm_compiler *c, const corm_binary *binary) {
  const corm_node *const *bounds = ((const corm_list *)binary->right)->items;
  corm_emit_text(c, corm_ops[binary->base.op].text);
  push_compared(c, CORM_OP_BETWEEN, bounds[1], binary->left);
  corm_push_text(c, " AND ");
  push_compared(c, CORM_OP_BETWEEN, bounds[0], binary->left);
}

static void binary_right(corm_compiler *c, const corm_binary *binary) {
  switch ((corm_op)binary->base.op) {
  case CORM_OP_LIKE:
  case CORM_OP_NOT_LIKE:
  case CORM_OP_ILIKE:
  case CORM_OP_NOT_ILIKE: like_right(c, binary); return;
  case CORM_OP_BETWEEN:
  case CORM_OP_NOT_BETWEEN: between_right(c, binary); return;
  case CORM_OP_CUSTOM: emit_custom(c, binary); break;
  default: corm_emit_text(c, corm_ops[binary->base.op].text); break;
  }
  if (binary->base.op == CORM_OP_NOT_IN) corm_push_text(c, ")");
  if (binary->right->kind == CORM_NODE_BIND) {
    corm_emit_bind(c, (const corm_bind *)binary->right, column_of(binary->left), binary->left, (corm_op)binary->base.op,
                   corm_place_beside((corm_op)binary->base.op, binary->left));
  } else {
    corm_push_placed(c, binary->right, corm_place_beside((corm_op)binary->base.op, binary->left));
  }
}

void corm_step_binary(corm_compiler *c, const corm_task *task) {
  const corm_binary *binary = (const corm_binary *)task->node;
  if (task->index == 1) {
    binary_right(c, binary);
    return;
  }
  if (binary->base.op == CORM_OP_CONCAT && c->dialect->concat_call) {
    step_concat(c, task);
    return;
  }
  bool like = is_ilike(binary) || binary->base.op == CORM_OP_LIKE || binary->base.op == CORM_OP_NOT_LIKE;
  if (!like) {
    if (!corm_compiler_enter(c)) {
      corm_compiler_leave(c);
      return;
    }
    bool done = c->dialect->binary(c->dialect, c, binary);
    corm_compiler_leave(c);
    if (done) return;
  }
  /* SQLAlchemy always groups NOT IN, since its empty form is an OR. */
  if (binary->base.op == CORM_OP_NOT_IN) corm_emit_bytes(c, "(", 1);
  if (is_ilike(binary) && !c->dialect->native_ilike) corm_emit_text(c, "lower(");
  if (binary->left->kind == CORM_NODE_COLUMN) {
    corm_emit_column(c, (const corm_column_node *)binary->left);
    binary_right(c, binary);
    return;
  }
  corm_push_again(c, task);
  push_compared(c, (corm_op)binary->base.op, binary->left, binary->right);
}
