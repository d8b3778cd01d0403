#include "orm/evaluate.h"

#include <string.h>

#include "sql/dialect.h"
#include "sql/expr.h"

typedef enum step_kind { STEP_SLOT, STEP_VALUE, STEP_OPERATOR, STEP_AMONG } step_kind;

typedef struct corm_step {
  uint8_t kind; /* step_kind */
  uint8_t op;   /* corm_op */
  bool loose;   /* equal values are equal; of others only the database knows */
  uint32_t n;   /* slot; operands; values of AMONG */
  corm_value value;
  const corm_value *values;
} corm_step;

/* -- how far values can be compared -------------------------------------------------------------------------------- */

typedef enum comparing { COMPARES, COMPARES_LOOSELY, COMPARES_NOT } comparing;

static bool is_order(corm_op op) {
  return op == CORM_OP_LT || op == CORM_OP_LE || op == CORM_OP_GT || op == CORM_OP_GE || op == CORM_OP_BETWEEN ||
         op == CORM_OP_NOT_BETWEEN;
}

static comparing text_comparing(const corm_dialect *dialect, const corm_type *type, bool order) {
  if (type->collation || type->spelling || !dialect->exact_equality) return COMPARES_LOOSELY;
  return order && (!dialect->exact_order || type->kind == CORM_TYPE_ENUM) ? COMPARES_LOOSELY : COMPARES;
}

static comparing type_comparing(const corm_dialect *dialect, const corm_type *type, corm_op op) {
  if (type->hosted) return COMPARES_NOT;
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_NULLTYPE:
  case CORM_TYPE_JSON:
  case CORM_TYPE_ARRAY: return COMPARES_NOT;
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT:
  case CORM_TYPE_ENUM: return text_comparing(dialect, type, is_order(op));
  case CORM_TYPE_FLOAT: return dialect->exact_equality ? COMPARES : COMPARES_LOOSELY;
  case CORM_TYPE_TIME:
  case CORM_TYPE_DATETIME: return dialect->exact_equality && !type->timezone ? COMPARES : COMPARES_LOOSELY;
  default: return COMPARES;
  }
}

bool corm_evaluator_keeps(const corm_dialect *dialect, const corm_type *type, const corm_value *value) {
  if (value->kind == CORM_NULL) return true;
  if (type->hosted || value->kind != corm_type_value_kind(type)) return false;
  if (type->spelling) return false;
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_ENUM:
  case CORM_TYPE_FLOAT: return dialect->exact_equality;
  case CORM_TYPE_TIME:
  case CORM_TYPE_DATETIME: return !type->timezone && (dialect->exact_equality || value->as.i % 1000000 == 0);
  case CORM_TYPE_NUMERIC:
  case CORM_TYPE_JSON:
  case CORM_TYPE_ARRAY: return false;
  default: return true;
  }
}

/* -- compiling ----------------------------------------------------------------------------------------------------- */

typedef struct pending {
  const corm_node *node;
  uint32_t next;
} pending;

typedef struct compiler {
  corm_evaluator *evaluator;
  corm_program *program;
  pending *stack;
  size_t n, cap;
  size_t steps;
} compiler;

static void refuse(compiler *c, const char *what) {
  if (!c->evaluator->refused) c->evaluator->refused = what;
}

static corm_step *emit(compiler *c, step_kind kind) {
  corm_program *program = c->program;
  if (program->n == c->steps) {
    corm_step *grown = corm_arena_grow(c->evaluator->arena, program->steps, &c->steps, sizeof *grown);
    if (!grown) return NULL;
    program->steps = grown;
  }
  corm_step *step = &program->steps[program->n++];
  *step = (corm_step){.kind = (uint8_t)kind};
  return step;
}

static const corm_node *bare(const corm_node *node) {
  while (node->kind == CORM_NODE_GROUPING) node = ((const corm_grouping *)node)->element;
  return node;
}

/* The operands that are computed by steps of their own. */
static const corm_node *operand(const corm_node *node, uint32_t i) {
  if (node->kind == CORM_NODE_GROUPING) return i ? NULL : ((const corm_grouping *)node)->element;
  if (node->kind == CORM_NODE_UNARY) return i ? NULL : ((const corm_unary *)node)->operand;
  if (node->kind == CORM_NODE_LIST) {
    const corm_list *list = (const corm_list *)node;
    return i < list->n ? list->items[i] : NULL;
  }
  if (node->kind != CORM_NODE_BINARY) return NULL;
  const corm_binary *binary = (const corm_binary *)node;
  if (i == 0) return binary->left;
  const corm_op op = (corm_op)node->op;
  if (op == CORM_OP_IN || op == CORM_OP_NOT_IN) return NULL;
  if (op == CORM_OP_BETWEEN || op == CORM_OP_NOT_BETWEEN) {
    const corm_list *bounds = (const corm_list *)binary->right;
    return i <= 2 ? bounds->items[i - 1] : NULL;
  }
  return i == 1 ? binary->right : NULL;
}

static bool emit_column(compiler *c, const corm_column_node *column) {
  const corm_evaluator *evaluator = c->evaluator;
  const bool own = column->column && column->from && corm_from_same(column->from, evaluator->from);
  const int32_t slot = own ? corm_mapper_column_slot(evaluator->mapper, column->column) : -1;
  if (slot < 0) {
    refuse(c, own ? "a column that is not mapped" : "a column of another table");
    return true;
  }
  corm_step *step = emit(c, STEP_SLOT);
  if (step) step->n = (uint32_t)slot;
  return step != NULL;
}

/* The value as the type has it; a number stays what it is where the type has no such number (n > 1.5); ABSENT where it
   cannot be compared. */
static bool coerce(compiler *c, const corm_type *type, const corm_value *given, corm_value *out) {
  corm_arena *arena = c->evaluator->arena;
  corm_scratch scratch;
  corm_error ignored;
  corm_error_init(&ignored);
  corm_scratch_init(&scratch, arena->mem);
  *out = *given;
  out->flags = 0;
  bool done = true;
  if (type && !type->hosted && given->kind != CORM_NULL) {
    if (corm_type_coerce(type, given, NULL, &scratch, out, &ignored) != CORM_OK) {
      corm_error_clear(&ignored);
      *out = *given;
      if (given->kind != CORM_INT && given->kind != CORM_REAL) out->kind = CORM_ABSENT;
    }
    out->flags = 0;
    if (corm_value_has_bytes(out)) {
      out->as.s = corm_arena_dup(arena, out->as.s, out->len);
      done = out->as.s != NULL;
    }
  }
  corm_scratch_clear(&scratch);
  return done;
}

static const corm_value *given_value(const corm_evaluator *evaluator, const corm_bind *bind) {
  const corm_params *params = evaluator->params;
  for (size_t i = 0; !bind->unique && bind->key && params && params->names && i < params->n; i++)
    if (strcmp(params->names[i], bind->key) == 0) return &params->values[i];
  const corm_dml_extra *extra = evaluator->extra;
  for (uint32_t i = extra ? extra->ngiven : 0; !bind->unique && i-- > 0;)
    if (strcmp(extra->given[i]->key, bind->key) == 0) return &extra->given[i]->value;
  return bind->required ? NULL : &bind->value;
}

static bool emit_bind(compiler *c, const corm_bind *bind) {
  const corm_value *given = bind->hook || bind->expanding ? NULL : given_value(c->evaluator, bind);
  if (!given || given->kind == CORM_ABSENT) {
    refuse(c, "a parameter");
    return true;
  }
  corm_step *step = emit(c, STEP_VALUE);
  if (!step || !coerce(c, bind->base.type, given, &step->value)) return false;
  if (step->value.kind == CORM_ABSENT) refuse(c, "a value of another type");
  return true;
}

static bool emit_constant(compiler *c, const corm_constant *constant) {
  corm_step *step = emit(c, STEP_VALUE);
  if (!step) return false;
  step->value = constant->value == CORM_CONSTANT_NULL ? corm_value_null()
                                                      : corm_value_bool(constant->value == CORM_CONSTANT_TRUE);
  if (constant->value == CORM_CONSTANT_STAR) refuse(c, "*");
  return true;
}

/* IN over values that the statement has. */
static bool emit_among(compiler *c, const corm_binary *binary, bool loose) {
  const corm_bind *bind = (const corm_bind *)bare(binary->right);
  if (bind->base.kind != CORM_NODE_BIND || !bind->expanding || bind->width || bind->late || bind->required ||
      bind->hook) {
    refuse(c, "an IN of something else than values");
    return true;
  }
  corm_value *values = corm_arena_zalloc(c->evaluator->arena, bind->nvalues + (size_t)1, sizeof *values);
  corm_step *step = emit(c, STEP_AMONG);
  if (!values || !step) return false;
  *step = (corm_step){.kind = STEP_AMONG, .op = binary->base.op, .loose = loose, .n = bind->nvalues, .values = values};
  for (uint32_t i = 0; i < bind->nvalues; i++) {
    if (!coerce(c, bind->base.type, &bind->values[i], &values[i])) return false;
    if (values[i].kind == CORM_ABSENT) refuse(c, "a value of another type");
  }
  return true;
}

static bool emit_comparison(compiler *c, const corm_binary *binary, uint32_t n) {
  const corm_op op = (corm_op)binary->base.op;
  const corm_dialect *dialect = c->evaluator->dialect;
  const corm_node *right = bare(binary->right);
  comparing how = type_comparing(dialect, corm_node_type(binary->left), op);
  const bool constant = right->kind == CORM_NODE_CONSTANT;
  if (op == CORM_OP_IS || op == CORM_OP_IS_NOT) {
    if (!constant) refuse(c, "IS with something else than a constant");
    how = COMPARES;
  } else if (right->kind == CORM_NODE_COLUMN || right->kind == CORM_NODE_BINARY) {
    const comparing other = type_comparing(dialect, corm_node_type(right), op);
    if (other > how) how = other;
  }
  if (how == COMPARES_NOT) refuse(c, "a comparison of a type whose values only the database compares");
  if (how == COMPARES_LOOSELY) c->evaluator->loose = true;
  if (op == CORM_OP_IN || op == CORM_OP_NOT_IN) return emit_among(c, binary, how == COMPARES_LOOSELY);
  if (binary->custom) refuse(c, "BETWEEN SYMMETRIC");
  corm_step *step = emit(c, STEP_OPERATOR);
  if (!step) return false;
  step->op = (uint8_t)op;
  step->n = n;
  step->loose = how == COMPARES_LOOSELY;
  return true;
}

static bool emit_operator(compiler *c, const corm_node *node, uint32_t n) {
  switch ((corm_op)node->op) {
  case CORM_OP_EQ:
  case CORM_OP_NE:
  case CORM_OP_LT:
  case CORM_OP_LE:
  case CORM_OP_GT:
  case CORM_OP_GE:
  case CORM_OP_IS:
  case CORM_OP_IS_NOT:
  case CORM_OP_IS_DISTINCT_FROM:
  case CORM_OP_IS_NOT_DISTINCT_FROM:
  case CORM_OP_IN:
  case CORM_OP_NOT_IN:
  case CORM_OP_BETWEEN:
  case CORM_OP_NOT_BETWEEN:
    if (node->kind == CORM_NODE_BINARY) return emit_comparison(c, (const corm_binary *)node, n);
    break;
  case CORM_OP_AND:
  case CORM_OP_OR:
  case CORM_OP_NOT:
  case CORM_OP_IS_TRUE:
  case CORM_OP_IS_FALSE:
  case CORM_OP_ADD:
  case CORM_OP_SUB:
  case CORM_OP_MUL:
  case CORM_OP_NEG: {
    corm_step *step = emit(c, STEP_OPERATOR);
    if (!step) return false;
    step->op = node->op;
    step->n = n;
    return true;
  }
  default: break;
  }
  refuse(c, "an operator");
  return true;
}

static bool emit_leaf(compiler *c, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: return emit_column(c, (const corm_column_node *)node);
  case CORM_NODE_BIND: return emit_bind(c, (const corm_bind *)node);
  case CORM_NODE_CONSTANT: return emit_constant(c, (const corm_constant *)node);
  case CORM_NODE_FUNCTION: refuse(c, "a function"); return true;
  case CORM_NODE_TEXT:
  case CORM_NODE_LITERAL_COLUMN: refuse(c, "text"); return true;
  case CORM_NODE_EXISTS:
  case CORM_NODE_SCALAR_SUBQUERY: refuse(c, "a subquery"); return true;
  default: refuse(c, "an expression of the database"); return true;
  }
}

static bool enter(compiler *c, const corm_node *node) {
  if (!operand(node, 0) && node->kind != CORM_NODE_LIST) return emit_leaf(c, node);
  if (c->n == c->cap) {
    pending *grown = corm_arena_grow(c->evaluator->arena, c->stack, &c->cap, sizeof *grown);
    if (!grown) return false;
    c->stack = grown;
  }
  c->stack[c->n++] = (pending){.node = node};
  return true;
}

static bool compile(compiler *c, const corm_node *node) {
  bool done = enter(c, node);
  while (done && c->n && !c->evaluator->refused) {
    pending *top = &c->stack[c->n - 1];
    const corm_node *next = operand(top->node, top->next);
    if (next) {
      top->next++;
      done = enter(c, next);
      continue;
    }
    const pending finished = c->stack[--c->n];
    if (finished.node->kind != CORM_NODE_GROUPING) done = emit_operator(c, finished.node, finished.next);
  }
  return done;
}

corm_status corm_evaluator_compile(corm_evaluator *evaluator, const corm_node *node, corm_program *out,
                                   corm_error *err) {
  compiler c = {.evaluator = evaluator, .program = out};
  *out = (corm_program){0};
  bool done = compile(&c, node);
  if (done) out->stack = corm_arena_zalloc(evaluator->arena, out->n + (size_t)1, sizeof *out->stack);
  return done && out->stack ? CORM_OK : corm_error_memory(err);
}

bool corm_program_reads(const corm_program *program, const bool *set, uint32_t own) {
  for (uint32_t i = 0; i < program->n; i++) {
    const corm_step *step = &program->steps[i];
    if (step->kind == STEP_SLOT && step->n != own && set[step->n]) return true;
  }
  return false;
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static const corm_value unknown = {.kind = CORM_ABSENT};

static bool is_integer(const corm_value *value) {
  return value->kind == CORM_INT || value->kind == CORM_BOOL;
}

static bool is_true(const corm_value *value) {
  if (is_integer(value)) return value->as.i != 0;
  return value->kind == CORM_REAL && value->as.f != 0;
}

/* An integer as a double, where that is exact. */
static bool as_real(const corm_value *value, double *out) {
  static const int64_t exact = INT64_C(1) << 53;
  *out = value->kind == CORM_REAL ? value->as.f : (double)value->as.i;
  if (value->kind != CORM_REAL && !is_integer(value)) return false;
  return value->kind == CORM_REAL ? *out == *out : value->as.i >= -exact && value->as.i <= exact;
}

/* Orders two values that are not NULL; false: only the database can. */
static bool order(const corm_value *a, const corm_value *b, int *out) {
  double x, y;
  if (is_integer(a) && is_integer(b)) {
    *out = (a->as.i > b->as.i) - (a->as.i < b->as.i);
    return true;
  }
  if (a->kind == b->kind && a->kind != CORM_REAL) {
    *out = corm_value_compare(a, b);
    return true;
  }
  if (!as_real(a, &x) || !as_real(b, &y)) return false;
  *out = (x > y) - (x < y);
  return true;
}

static corm_value compare(corm_op op, const corm_value *a, const corm_value *b, bool loose) {
  int sign;
  if (a->kind == CORM_NULL || b->kind == CORM_NULL) return corm_value_null();
  if (a->kind == CORM_ABSENT || b->kind == CORM_ABSENT || !order(a, b, &sign) || (loose && sign)) return unknown;
  switch (op) {
  case CORM_OP_EQ: return corm_value_bool(sign == 0);
  case CORM_OP_NE: return corm_value_bool(sign != 0);
  case CORM_OP_LT: return corm_value_bool(sign < 0);
  case CORM_OP_LE: return corm_value_bool(sign <= 0);
  case CORM_OP_GT: return corm_value_bool(sign > 0);
  case CORM_OP_GE: return corm_value_bool(sign >= 0);
  default: return unknown;
  }
}

/* Of truth values, NULL among them; `absorbing` is what decides alone. */
static corm_value connect(const corm_value *items, uint32_t n, bool absorbing) {
  bool null = false, doubt = false;
  for (uint32_t i = 0; i < n; i++) {
    if (items[i].kind == CORM_ABSENT)
      doubt = true;
    else if (items[i].kind == CORM_NULL)
      null = true;
    else if (is_true(&items[i]) == absorbing)
      return corm_value_bool(absorbing);
  }
  return doubt ? unknown : null ? corm_value_null() : corm_value_bool(!absorbing);
}

static corm_value negate(corm_value value) {
  if (value.kind == CORM_ABSENT || value.kind == CORM_NULL) return value;
  return corm_value_bool(!is_true(&value));
}

static corm_value same(const corm_value *a, const corm_value *b, bool loose) {
  if (a->kind == CORM_ABSENT || b->kind == CORM_ABSENT) return unknown;
  if (a->kind == CORM_NULL || b->kind == CORM_NULL) return corm_value_bool(a->kind == b->kind);
  return compare(CORM_OP_EQ, a, b, loose);
}

static corm_value between(const corm_value *x, bool loose) {
  const corm_value sides[2] = {compare(CORM_OP_GE, &x[0], &x[1], loose), compare(CORM_OP_LE, &x[0], &x[2], loose)};
  return connect(sides, 2, false);
}

static corm_value compute(corm_op op, const corm_value *a, const corm_value *b) {
  if (a->kind == CORM_ABSENT || b->kind == CORM_ABSENT) return unknown;
  if (a->kind == CORM_NULL || b->kind == CORM_NULL) return corm_value_null();
  int64_t whole;
  if (a->kind == CORM_INT && b->kind == CORM_INT) {
    const bool over = op == CORM_OP_ADD   ? __builtin_add_overflow(a->as.i, b->as.i, &whole)
                      : op == CORM_OP_SUB ? __builtin_sub_overflow(a->as.i, b->as.i, &whole)
                                          : __builtin_mul_overflow(a->as.i, b->as.i, &whole);
    return over ? unknown : corm_value_int(whole);
  }
  double x, y;
  if (!as_real(a, &x) || !as_real(b, &y)) return unknown;
  return corm_value_real(op == CORM_OP_ADD ? x + y : op == CORM_OP_SUB ? x - y : x * y);
}

static corm_value operate(const corm_step *step, const corm_value *x) {
  const corm_value zero = corm_value_int(0);
  switch ((corm_op)step->op) {
  case CORM_OP_AND: return connect(x, step->n, false);
  case CORM_OP_OR: return connect(x, step->n, true);
  case CORM_OP_NOT:
  case CORM_OP_IS_FALSE: return negate(x[0]);
  case CORM_OP_IS_TRUE: return negate(negate(x[0]));
  case CORM_OP_IS:
  case CORM_OP_IS_NOT_DISTINCT_FROM: return same(&x[0], &x[1], step->loose);
  case CORM_OP_IS_NOT:
  case CORM_OP_IS_DISTINCT_FROM: return negate(same(&x[0], &x[1], step->loose));
  case CORM_OP_BETWEEN: return between(x, step->loose);
  case CORM_OP_NOT_BETWEEN: return negate(between(x, step->loose));
  case CORM_OP_ADD:
  case CORM_OP_SUB:
  case CORM_OP_MUL: return compute((corm_op)step->op, &x[0], &x[1]);
  case CORM_OP_NEG: return compute(CORM_OP_SUB, &zero, &x[0]);
  default: return compare((corm_op)step->op, &x[0], &x[1], step->loose);
  }
}

static corm_value among(const corm_step *step, const corm_value *x) {
  corm_value found = corm_value_bool(false);
  for (uint32_t i = 0; i < step->n; i++) {
    const corm_value either[2] = {found, compare(CORM_OP_EQ, x, &step->values[i], step->loose)};
    found = connect(either, 2, true);
    if (is_true(&found)) break;
  }
  return step->op == CORM_OP_IN ? found : negate(found);
}

corm_value corm_program_run(const corm_program *program, const corm_object *object) {
  corm_value *stack = program->stack;
  uint32_t n = 0;
  for (uint32_t i = 0; i < program->n; i++) {
    const corm_step *step = &program->steps[i];
    switch ((step_kind)step->kind) {
    case STEP_SLOT: stack[n++] = *corm_object_committed(object, step->n); break;
    case STEP_VALUE: stack[n++] = step->value; break;
    case STEP_AMONG: stack[n - 1] = among(step, &stack[n - 1]); break;
    case STEP_OPERATOR:
      n -= step->n;
      stack[n] = operate(step, &stack[n]);
      n++;
      break;
    }
  }
  return stack[0];
}
