#include <strings.h>

#include "sql/compiler.h"

/* Expressions and FROMs. Each node is a task on the compiler's own stack, so that depth costs no C stack; a step does
   what it can at once and pushes the rest. */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void push(corm_compiler *c, corm_task task) {
  if (c->ntasks == c->tasks_cap) {
    corm_task *grown = corm_compiler_check(c, corm_arena_alloc(c->arena, 2 * c->tasks_cap * sizeof *grown));
    if (!grown) return;
    memcpy(grown, c->tasks, c->ntasks * sizeof *grown);
    c->tasks = grown;
    c->tasks_cap *= 2;
  }
  c->tasks[c->ntasks++] = task;
}

static void push_text(corm_compiler *c, const char *text) {
  push(c, (corm_task){.text = text});
}

void corm_push_node(corm_compiler *c, const corm_node *node) {
  push(c, (corm_task){.node = node});
}

static void push_placed(corm_compiler *c, const corm_node *node, corm_place place) {
  push(c, (corm_task){.node = node, .place = (uint8_t)place});
}

static void again(corm_compiler *c, const corm_task *task) {
  corm_task next = *task;
  next.index++;
  push(c, next);
}

/* -- leaves -------------------------------------------------------------------------------------------------------- */

const char *corm_alias_name(corm_compiler *c, const corm_alias *alias) {
  if (alias->name) return alias->name;
  const corm_node *element = alias->element;
  const char *stem = element->kind == CORM_NODE_TABLE ? ((const corm_table_node *)element)->table->name : "anon";
  return corm_anonymous_name(c, (corm_identity){alias, NULL}, stem);
}

/* "user." before a column: written and quoted once, then copied from the text. */
static void emit_prefix(corm_compiler *c, const corm_node *from) {
  const void *identity = corm_from_identity(from);
  for (size_t i = 0; i < sizeof c->prefixes / sizeof *c->prefixes; i++) {
    const corm_prefix *known = &c->prefixes[i];
    char copy[64];
    if (known->from != identity || known->len > sizeof copy || c->text.failed) continue;
    memcpy(copy, c->text.ptr + known->at, known->len);
    corm_emit_bytes(c, copy, known->len);
    return;
  }
  size_t at = c->text.len;
  if (from->kind == CORM_NODE_TABLE) {
    corm_dialect_table_name(c->dialect, ((const corm_table_node *)from)->table, &c->text);
  } else if (from->kind == CORM_NODE_ALIAS) {
    corm_emit_own_name(c, corm_alias_name(c, (const corm_alias *)from), "alias");
  } else {
    corm_emit_error(c, CORM_E_COMPILE, "a column cannot belong to a %s", corm_node_kind_name(from));
  }
  corm_emit_bytes(c, ".", 1);
  unsigned slot = c->next_prefix++ % (sizeof c->prefixes / sizeof *c->prefixes);
  c->prefixes[slot] = (corm_prefix){identity, at, c->text.len - at};
}

static void emit_column(corm_compiler *c, const corm_column_node *column) {
  if (column->from && !c->bare_columns) emit_prefix(c, column->from);
  const char *name = column->name;
  if (!name) {
    const corm_node *element = column->element;
    name = corm_anonymous_name(c, corm_node_identity(element), corm_anon_stem(element));
  }
  if (column->column) {
    corm_emit_quoted(c, name);
  } else {
    corm_emit_own_name(c, name, "column");
  }
}

static void emit_constant(corm_compiler *c, corm_constant_kind kind) {
  bool native = c->dialect->native_boolean || c->dialect->boolean_words;
  switch (kind) {
  case CORM_CONSTANT_NULL: corm_emit_text(c, "NULL"); break;
  case CORM_CONSTANT_TRUE: corm_emit_text(c, native ? "true" : "1"); break;
  case CORM_CONSTANT_FALSE: corm_emit_text(c, native ? "false" : "0"); break;
  case CORM_CONSTANT_STAR: corm_emit_text(c, "*"); break;
  }
}

/* -- operators ----------------------------------------------------------------------------------------------------- */

static void step_unary(corm_compiler *c, const corm_unary *unary) {
  corm_op op = (corm_op)unary->base.op;
  if (op == CORM_OP_IS_TRUE || op == CORM_OP_IS_FALSE) {
    bool condition = c->dialect->native_boolean || corm_is_condition(unary->operand);
    if (!condition) push_text(c, op == CORM_OP_IS_TRUE ? " = 1" : " = 0");
    if (condition && op == CORM_OP_IS_FALSE) corm_emit_text(c, "NOT ");
  } else if (corm_ops[op].flags & CORM_OP_POSTFIX) {
    push_text(c, corm_ops[op].text);
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
static bool has_type(const corm_node *node) {
  if (node->kind == CORM_NODE_CONSTANT) return ((const corm_constant *)node)->value != CORM_CONSTANT_NULL;
  return node->kind != CORM_NODE_BIND;
}

/* The place of a bind on the other side of `with`. */
static corm_place place_beside(corm_op op, const corm_node *with) {
  if (!has_type(with)) return CORM_PLACE_UNTYPED;
  bool comparison = op != CORM_OP_CUSTOM && (corm_ops[op].flags & CORM_OP_BOOLEAN);
  return comparison && corm_node_type(with)->kind != CORM_TYPE_NULLTYPE ? CORM_PLACE_TYPED : CORM_PLACE_SHARED;
}

static void push_compared(corm_compiler *c, corm_op op, const corm_node *node, const corm_node *with) {
  push(c, (corm_task){.node = node, .column = column_of(with), .place = (uint8_t)place_beside(op, with)});
}

static bool is_ilike(const corm_binary *binary) {
  return binary->base.op == CORM_OP_ILIKE || binary->base.op == CORM_OP_NOT_ILIKE;
}

/* What was written from `at` on is taken off again, for later; NULL after a failure. */
static const char *take_text(corm_compiler *c, size_t at) {
  if (c->text.failed) return NULL;
  const char *text = corm_compiler_check(c, corm_arena_dup(c->arena, c->text.ptr + at, c->text.len - at));
  c->text.len = at;
  return text;
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
  const char *text = take_text(c, at);
  if (text) push_text(c, text);
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
  if (call && (before || after)) push_text(c, ")");
  if (after) push_text(c, call ? ", '%'" : " || '%'");
  if (lowered) push_text(c, ")");
  push_compared(c, (corm_op)binary->base.op, binary->right, binary->left);
}

/* concat(a, b, c): what is concatenated in an operand takes part itself. */
static void step_concat(corm_compiler *c, const corm_task *task) {
  const corm_binary *binary = (const corm_binary *)task->node;
  const corm_node *operands[2] = {binary->right, binary->left};
  if (task->index != INSIDE_CONCAT) {
    corm_emit_text(c, "concat(");
    push_text(c, ")");
  }
  for (size_t i = 0; i < 2; i++) {
    const corm_node *operand = operands[i];
    bool flat = operand->kind == CORM_NODE_BINARY && operand->op == CORM_OP_CONCAT &&
                corm_type_same_affinity(operand->type, binary->base.type);
    if (i > 0) push_text(c, ", ");
    push(c, (corm_task){.node = operand,
                        .column = column_of(operands[1 - i]),
                        .index = flat ? INSIDE_CONCAT : 0,
                        .place = (uint8_t)place_beside(CORM_OP_CONCAT, operands[1 - i])});
  }
}

static void between_right(corm_compiler *c, const corm_binary *binary) {
  const corm_node *const *bounds = ((const corm_list *)binary->right)->items;
  corm_emit_text(c, corm_ops[binary->base.op].text);
  push_compared(c, CORM_OP_BETWEEN, bounds[1], binary->left);
  push_text(c, " AND ");
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
  if (binary->base.op == CORM_OP_NOT_IN) push_text(c, ")");
  if (binary->right->kind == CORM_NODE_BIND) {
    corm_emit_bind(c, (const corm_bind *)binary->right, column_of(binary->left), binary->left, (corm_op)binary->base.op,
                   place_beside((corm_op)binary->base.op, binary->left));
  } else {
    push_placed(c, binary->right, place_beside((corm_op)binary->base.op, binary->left));
  }
}

static void step_binary(corm_compiler *c, const corm_task *task) {
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
    emit_column(c, (const corm_column_node *)binary->left);
    binary_right(c, binary);
    return;
  }
  again(c, task);
  push_compared(c, (corm_op)binary->base.op, binary->left, binary->right);
}

static void step_list(corm_compiler *c, const corm_task *task) {
  const corm_list *list = (const corm_list *)task->node;
  if (task->index >= list->n) return;
  if (task->index > 0) corm_emit_text(c, corm_ops[list->base.op].text);
  if (task->index + 1 < list->n) again(c, task);
  push_placed(c, list->items[task->index],
              list->base.op == CORM_OP_COMMA ? (corm_place)task->place : CORM_PLACE_UNTYPED);
}

/* -- the rest ------------------------------------------------------------------------------------------------------ */

static bool is_plain_word(const char *word, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char byte = word[i];
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    if (!letter && !(i > 0 && ((byte >= '0' && byte <= '9') || byte == '$'))) return false;
  }
  return len > 0;
}

/* A function's name is written as it is, dots included; what is no word is quoted. */
static void emit_function_name(corm_compiler *c, const char *name) {
  for (;;) {
    size_t len = strcspn(name, ".");
    if (is_plain_word(name, len)) {
      corm_emit_bytes(c, name, len);
    } else {
      const char *part = corm_compiler_check(c, corm_arena_dup(c->arena, name, len));
      if (part) corm_emit_own_name(c, part, "function");
    }
    if (!name[len]) return;
    corm_emit_bytes(c, ".", 1);
    name += len + 1;
  }
}

/* Functions whose arguments are of one type, which is that of the result. */
static bool shares_type(const corm_function *function) {
  static const char *const names[] = {"coalesce", "nullif", "greatest", "least", "ifnull"};
  for (size_t i = 0; i < COUNT(names); i++) {
    if (strcasecmp(function->name, names[i]) == 0) return true;
  }
  return false;
}

static corm_place place_among(const corm_node *const *items, uint32_t n, uint32_t step) {
  for (uint32_t i = 0; i < n; i++) {
    if (has_type(items[(size_t)i * step])) return CORM_PLACE_SHARED;
  }
  return CORM_PLACE_UNTYPED;
}

static void step_function(corm_compiler *c, const corm_task *task) {
  const corm_function *function = (const corm_function *)task->node;
  if (task->index == 0) {
    if (!corm_compiler_enter(c)) {
      corm_compiler_leave(c);
      return;
    }
    bool done = c->dialect->function(c->dialect, c, function);
    corm_compiler_leave(c);
    if (done) return;
    emit_function_name(c, function->name);
    corm_emit_bytes(c, "(", 1);
  } else if (task->index < function->nargs) {
    corm_emit_bytes(c, ", ", 2);
  }
  if (task->index >= function->nargs) {
    corm_emit_bytes(c, ")", 1);
    return;
  }
  again(c, task);
  push_placed(c, function->args[task->index],
              shares_type(function) ? place_among(function->args, function->nargs, 1) : CORM_PLACE_UNTYPED);
}

static corm_place case_place(const corm_case_node *node, uint32_t index) {
  if (index % 2 == 0) return node->value ? place_beside(CORM_OP_EQ, node->value) : CORM_PLACE_UNTYPED;
  if (node->else_ && has_type(node->else_)) return CORM_PLACE_SHARED;
  return place_among(node->whens + 1, node->nwhens, 2);
}

/* Steps: the value, then each condition and each result, then ELSE, then END. */
static void step_case(corm_compiler *c, const corm_task *task) {
  const corm_case_node *node = (const corm_case_node *)task->node;
  uint32_t index = task->index;
  if (index == 0) {
    corm_emit_text(c, node->value ? "CASE " : "CASE");
    again(c, task);
    if (node->value) corm_push_node(c, node->value);
    return;
  }
  index--;
  if (index < node->nwhens * 2) {
    corm_emit_text(c, index % 2 ? " THEN " : " WHEN ");
    again(c, task);
    push_placed(c, node->whens[index], case_place(node, index));
  } else if (index == node->nwhens * 2 && node->else_) {
    corm_emit_text(c, " ELSE ");
    again(c, task);
    push_placed(c, node->else_, place_among(node->whens + 1, node->nwhens, 2));
  } else {
    corm_emit_text(c, " END");
  }
}

static void step_cast(corm_compiler *c, const corm_cast *cast) {
  const corm_dialect *dialect = c->dialect;
  if (cast->silent) {
    corm_push_node(c, cast->element);
    return;
  }
  size_t at = c->text.len;
  corm_status status =
      (dialect->cast_type ? dialect->cast_type : dialect->type_name)(dialect, cast->base.type, &c->text, c->err);
  if (status != CORM_OK) c->failed = true;
  const char *type = take_text(c, at);
  if (!type || c->failed) return;
  if (!*type) {
    const corm_node *element = corm_group_in(c->arena, cast->element, CORM_AGAINST_NOTHING, 0);
    if (corm_compiler_check(c, (void *)(uintptr_t)element)) corm_push_node(c, element);
    return;
  }
  corm_emit_text(c, "CAST(");
  push_text(c, ")");
  push_text(c, type);
  push_text(c, " AS ");
  corm_push_node(c, cast->element);
}

static void emit_extract(corm_compiler *c, const corm_extract *extract) {
  if (!is_plain_word(extract->field, strlen(extract->field))) {
    corm_emit_error(c, CORM_E_COMPILE, "'%.40s' is no field of extract()", extract->field);
    return;
  }
  if (corm_compiler_enter(c)) c->dialect->extract(c->dialect, c, extract);
  corm_compiler_leave(c);
}

static void emit_subselect(corm_compiler *c, const corm_node *node) {
  if (corm_compiler_enter(c)) {
    corm_emit_text(c, node->kind == CORM_NODE_EXISTS ? "EXISTS (" : "(");
    corm_emit_select(c, ((const corm_subselect *)node)->select, CORM_SELECT_VALUE, NULL, NULL);
    corm_emit_bytes(c, ")", 1);
  }
  corm_compiler_leave(c);
}

/* -- FROMs --------------------------------------------------------------------------------------------------------- */

static void step_alias(corm_compiler *c, const corm_alias *alias) {
  const corm_node *element = alias->element;
  if (element->kind == CORM_NODE_SELECT) {
    if (corm_compiler_enter(c)) {
      corm_emit_bytes(c, "(", 1);
      corm_emit_select(c, (const corm_select *)element, CORM_SELECT_FROM, NULL, NULL);
      corm_emit_bytes(c, ")", 1);
    }
    corm_compiler_leave(c);
  } else if (element->kind == CORM_NODE_TABLE) {
    corm_dialect_table_name(c->dialect, ((const corm_table_node *)element)->table, &c->text);
  } else {
    corm_emit_error(c, CORM_E_COMPILE, "a %s cannot have an alias", corm_node_kind_name(element));
  }
  corm_emit_text(c, " AS ");
  corm_emit_own_name(c, corm_alias_name(c, alias), "alias");
}

static void push_join(corm_compiler *c, const corm_join *join) {
  bool group = join->right->kind == CORM_NODE_JOIN;
  if (join->on) corm_push_node(c, join->on);
  push_text(c, join->on ? (group ? ") ON " : " ON ") : (group ? ")" : ""));
  corm_push_node(c, join->right);
  if (group) push_text(c, "(");
  const char *plain = c->dialect->inner_join ? " INNER JOIN " : " JOIN ";
  push_text(c, join->full ? " FULL OUTER JOIN " : join->outer ? " LEFT OUTER JOIN " : plain);
  corm_push_node(c, join->left);
}

/* -- the loop ------------------------------------------------------------------------------------------------------ */

static void step(corm_compiler *c, const corm_task *task) {
  const corm_node *node = task->node;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: emit_column(c, (const corm_column_node *)node); break;
  case CORM_NODE_BIND:
    corm_emit_bind(c, (const corm_bind *)node, task->column, NULL, CORM_OP_IN, (corm_place)task->place);
    break;
  case CORM_NODE_LITERAL_COLUMN:
    corm_emit_bytes(c, ((const corm_text *)node)->sql, ((const corm_text *)node)->len);
    break;
  case CORM_NODE_TEXT: corm_emit_text_node(c, (const corm_text *)node); break;
  case CORM_NODE_CONSTANT: emit_constant(c, ((const corm_constant *)node)->value); break;
  case CORM_NODE_UNARY: step_unary(c, (const corm_unary *)node); break;
  case CORM_NODE_BINARY: step_binary(c, task); break;
  case CORM_NODE_LIST: step_list(c, task); break;
  case CORM_NODE_GROUPING:
    corm_emit_bytes(c, "(", 1);
    push_text(c, ")");
    push_placed(c, ((const corm_grouping *)node)->element, (corm_place)task->place);
    break;
  case CORM_NODE_FUNCTION: step_function(c, task); break;
  case CORM_NODE_CASE: step_case(c, task); break;
  case CORM_NODE_CAST: step_cast(c, (const corm_cast *)node); break;
  case CORM_NODE_EXTRACT: emit_extract(c, (const corm_extract *)node); break;
  case CORM_NODE_LABEL: corm_push_node(c, ((const corm_label *)node)->element); break;
  case CORM_NODE_SCALAR_SUBQUERY:
  case CORM_NODE_EXISTS: emit_subselect(c, node); break;
  case CORM_NODE_BUNDLE: {
    const corm_bundle *bundle = (const corm_bundle *)node;
    for (uint32_t i = bundle->n; i > 0; i--) {
      corm_push_node(c, bundle->columns[i - 1]);
      if (i > 1) push_text(c, ", ");
    }
    break;
  }
  case CORM_NODE_TABLE: corm_dialect_table_name(c->dialect, ((const corm_table_node *)node)->table, &c->text); break;
  case CORM_NODE_ALIAS: step_alias(c, (const corm_alias *)node); break;
  case CORM_NODE_JOIN: push_join(c, (const corm_join *)node); break;
  case CORM_NODE_SELECT:
    if (corm_compiler_enter(c)) corm_emit_select(c, (const corm_select *)node, CORM_SELECT_VALUE, NULL, NULL);
    corm_compiler_leave(c);
    break;
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE:
  case CORM_NODE_KIND_COUNT:
    corm_emit_error(c, CORM_E_COMPILE, "%s cannot stand inside an expression", corm_node_kind_name(node));
    break;
  }
}

void corm_emit_node(corm_compiler *compiler, const corm_node *node) {
  if (!corm_compiler_check(compiler, (void *)(uintptr_t)node)) return;
  if (node->kind == CORM_NODE_COLUMN) {
    emit_column(compiler, (const corm_column_node *)node);
    return;
  }
  size_t base = compiler->ntasks;
  corm_push_node(compiler, node);
  while (compiler->ntasks > base) {
    corm_task task = compiler->tasks[--compiler->ntasks];
    if (compiler->failed) continue;
    if (task.node) {
      step(compiler, &task);
    } else {
      corm_emit_text(compiler, task.text);
    }
  }
}

void corm_emit_typed(corm_compiler *compiler, const corm_node *node) {
  if (node->kind == CORM_NODE_BIND) {
    corm_emit_bind(compiler, (const corm_bind *)node, NULL, NULL, CORM_OP_IN, CORM_PLACE_TYPED);
  } else {
    corm_emit_node(compiler, node);
  }
}

void corm_emit_condition(corm_compiler *c, const corm_node *node) {
  corm_emit_node(c, corm_group_in(c->arena, node, CORM_AGAINST_CONDITION, 0));
}

void corm_emit_list(corm_compiler *c, const corm_node *const *items, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    corm_emit_node(c, items[i]);
  }
}
