#include "sql/compiler.h"
#include "sql/indexing.h"

/* Operators: each writes what stands before its operands, pushes the rest and lets the loop go on. */

static void refuse_arrays(corm_compiler *c, const char *what) {
  corm_emit_error(c, CORM_E_COMPILE, "%s has no arrays, so no %s; JSON holds a list on every database",
                  c->dialect->name, what);
}

/* ANY and ALL: of a subquery, or of an array. */
static bool check_collection(corm_compiler *c, const corm_unary *unary) {
  const char *word = unary->base.op == CORM_OP_ANY ? "ANY" : "ALL";
  bool subquery = unary->operand->kind == CORM_NODE_SCALAR_SUBQUERY;
  if (subquery ? c->dialect->quantified : c->dialect->containment) return true;
  if (!subquery) {
    refuse_arrays(c, word);
  } else {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no %s before a subquery; write in_(subquery), or compare with its max() or min()",
                    c->dialect->name, word);
  }
  return false;
}

void corm_step_array(corm_compiler *c, const corm_list *array) {
  if (!c->dialect->containment) {
    refuse_arrays(c, "ARRAY[...]");
    return;
  }
  corm_emit_text(c, "ARRAY[");
  corm_push_text(c, "]");
  for (uint32_t i = array->n; i > 0; i--) {
    corm_push_node(c, array->items[i - 1]);
    if (i > 1) corm_push_text(c, ", ");
  }
}

void corm_check_ordering(corm_compiler *c, corm_op op) {
  if (!c->dialect->no_nulls_order || (op != CORM_OP_NULLS_FIRST && op != CORM_OP_NULLS_LAST)) return;
  corm_emit_error(c, CORM_E_COMPILE, "%s has no%s; order by x:is_(nil)%s, x first", c->dialect->name, corm_ops[op].text,
                  op == CORM_OP_NULLS_FIRST ? ":desc()" : "");
}

/* NOT of no condition; shown text has it all the same. */
static bool negates_nothing(const corm_unary *unary) {
  const corm_node *operand = unary->operand;
  while (operand->kind == CORM_NODE_GROUPING) operand = ((const corm_grouping *)operand)->element;
  return operand->kind == CORM_NODE_LIST && operand->op != CORM_OP_COMMA && ((const corm_list *)operand)->n == 0;
}

void corm_step_unary(corm_compiler *c, const corm_unary *unary) {
  corm_op op = (corm_op)unary->base.op;
  if (op == CORM_OP_NOT && !c->options.named && negates_nothing(unary)) {
    corm_emit_error(c, CORM_E_COMPILE, "not_() of an empty and_() or or_() is no condition");
    return;
  }
  if (corm_is_collection(&unary->base) && !check_collection(c, unary)) return;
  if (op == CORM_OP_IS_TRUE || op == CORM_OP_IS_FALSE) {
    bool condition = c->dialect->native_boolean || corm_is_condition(unary->operand);
    if (!condition) corm_push_text(c, op == CORM_OP_IS_TRUE ? " = 1" : " = 0");
    if (condition && op == CORM_OP_IS_FALSE) corm_emit_text(c, "NOT ");
  } else if (corm_ops[op].flags & CORM_OP_POSTFIX) {
    corm_check_ordering(c, op);
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
  const corm_type *type = corm_node_type(with);
  /* A type of one database's own may be something else for the operator: REGCLASS is compared as OID. */
  bool known = type->kind != CORM_TYPE_NULLTYPE && !type->owner;
  return comparison && known ? CORM_PLACE_TYPED : CORM_PLACE_SHARED;
}

static void push_compared(corm_compiler *c, corm_op op, const corm_node *node, const corm_node *with) {
  corm_push_task(c,
                 (corm_task){.node = node, .column = column_of(with), .place = (uint8_t)corm_place_beside(op, with)});
}

static bool is_ilike(const corm_binary *binary) {
  return binary->base.op == CORM_OP_ILIKE || binary->base.op == CORM_OP_NOT_ILIKE;
}

void corm_emit_quoted_text(corm_compiler *c, const char *text) {
  corm_value value = corm_value_text(text, strlen(text));
  if (!c->failed &&
      corm_dialect_literal(c->dialect, corm_type_default(CORM_TYPE_STRING), &value, &c->text, c->err) != CORM_OK) {
    c->failed = true;
  }
}

static void push_escape(corm_compiler *c, const char *escape) {
  if (escape[0] == '\0' || ((unsigned char)escape[0] < 0x80 && escape[1] != '\0')) {
    corm_emit_error(c, CORM_E_ARGUMENT, "the escape of LIKE must be one character");
    return;
  }
  size_t at = c->text.len;
  corm_emit_text(c, " ESCAPE ");
  corm_emit_quoted_text(c, escape);
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
  if (lowered)
    corm_emit_text(c, negated ? " NOT LIKE " : " LIKE ");
  else
    corm_emit_op(c, (corm_op)binary->base.op);
  if (call && (before || after)) corm_emit_text(c, "concat(");
  if (before) corm_emit_text(c, call ? "'%', " : "'%' || ");
  if (lowered) corm_emit_text(c, "lower(");
  if (binary->escape) push_escape(c, binary->escape);
  if (call && (before || after)) corm_push_text(c, ")");
  if (after) corm_push_text(c, call ? ", '%'" : " || '%'");
  if (lowered) corm_push_text(c, ")");
  if (binary->right->kind == CORM_NODE_BIND && !c->hole) {
    corm_emit_bind(c, (const corm_bind *)binary->right, column_of(binary->left), NULL, CORM_OP_IN,
                   corm_place_beside((corm_op)binary->base.op, binary->left));
  } else {
    push_compared(c, (corm_op)binary->base.op, binary->right, binary->left);
  }
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
  if (binary->custom) {
    if (!c->dialect->symmetric) {
      corm_emit_error(c, CORM_E_COMPILE, "%s has no BETWEEN SYMMETRIC; write or_(x:between(a, b), x:between(b, a))",
                      c->dialect->name);
    }
    corm_emit_text(c, "SYMMETRIC ");
  }
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
  default: corm_emit_op(c, (corm_op)binary->base.op); break;
  }
  if (binary->base.op == CORM_OP_NOT_IN) corm_push_text(c, ")");
  if (binary->right->kind == CORM_NODE_BIND && !corm_is_hole(c, binary->right)) {
    corm_emit_bind(c, (const corm_bind *)binary->right, column_of(binary->left), binary->left, (corm_op)binary->base.op,
                   corm_place_beside((corm_op)binary->base.op, binary->left));
  } else {
    corm_push_placed(c, binary->right, corm_place_beside((corm_op)binary->base.op, binary->left));
  }
}

static void refuse_containment(corm_compiler *c, const corm_binary *binary) {
  if (binary->base.op == CORM_OP_GETITEM) {
    refuse_arrays(c, "subscripts of them");
    return;
  }
  const char *text = corm_ops[binary->base.op].text; /* between blanks */
  corm_emit_error(c, CORM_E_COMPILE, "%s has no operator %.*s; compare items of JSON: column[\"key\"]:as_string()",
                  c->dialect->name, (int)strlen(text) - 2, text + 1);
}

/* What stands before the left operand; false: the whole is done. */
static bool open_operator(corm_compiler *c, const corm_binary *binary) {
  const corm_op op = (corm_op)binary->base.op;
  if (op == CORM_OP_GETITEM) {
    corm_push_text(c, "]");
    corm_push_node(c, binary->right);
    corm_push_text(c, "[");
    corm_push_node(c, binary->left);
    return false;
  }
  if ((corm_ops[op].flags & CORM_OP_EAGER) && c->inside) {
    corm_emit_bytes(c, "(", 1);
    corm_push_text(c, ")");
  }
  c->inside = true;
  return true;
}

void corm_emit_operator(corm_compiler *c, const corm_binary *node, const char *text, bool eager) {
  const bool inside = c->inside;
  if (eager && inside) corm_emit_bytes(c, "(", 1);
  c->inside = true;
  corm_emit_node(c, node->left);
  corm_emit_text(c, text);
  corm_emit_node(c, node->right);
  c->inside = inside;
  if (eager && inside) corm_emit_bytes(c, ")", 1);
}

void corm_step_binary(corm_compiler *c, const corm_task *task) {
  const corm_binary *binary = (const corm_binary *)task->node;
  if (task->index == 1) {
    binary_right(c, binary);
    return;
  }
  const corm_op op = (corm_op)binary->base.op;
  if (op == CORM_OP_CONCAT && binary->base.type->kind == CORM_TYPE_ARRAY && !c->dialect->containment) {
    refuse_arrays(c, "|| of them");
    return;
  }
  if (op == CORM_OP_CONCAT && c->dialect->concat_call) {
    step_concat(c, task);
    return;
  }
  if ((corm_ops[op].flags & CORM_OP_CONTAINMENT) && !c->dialect->containment) {
    refuse_containment(c, binary);
    return;
  }
  const bool ilike = is_ilike(binary), like = ilike || op == CORM_OP_LIKE || op == CORM_OP_NOT_LIKE;
  if (!like) {
    if (!corm_compiler_enter(c)) {
      corm_compiler_leave(c);
      return;
    }
    bool done = c->dialect->binary(c->dialect, c, binary);
    corm_compiler_leave(c);
    if (done) return;
  }
  if (!like && !open_operator(c, binary)) return;
  /* SQLAlchemy always groups NOT IN, since its empty form is an OR. */
  if (op == CORM_OP_NOT_IN) corm_emit_bytes(c, "(", 1);
  if (ilike && !c->dialect->native_ilike) corm_emit_text(c, "lower(");
  if (binary->left->kind == CORM_NODE_COLUMN) {
    corm_emit_column(c, (const corm_column_node *)binary->left);
    binary_right(c, binary);
    return;
  }
  corm_push_again(c, task);
  push_compared(c, op, binary->left, binary->right);
}
