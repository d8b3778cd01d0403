#include "sql/compiler.h"
#include "sql/emit_column.h"
#include "sql/restrict.h"

/* Expressions and FROMs. Each node is a task on the compiler's own stack, so that depth costs no C stack; a step does
   what it can at once and pushes the rest. */

void corm_push_task(corm_compiler *c, corm_task task) {
  if (c->ntasks == c->tasks_cap) {
    corm_task *grown = corm_compiler_check(c, corm_arena_grow(c->arena, c->tasks, &c->tasks_cap, sizeof *grown));
    if (!grown) return;
    c->tasks = grown;
  }
  task.inside = c->inside;
  c->tasks[c->ntasks++] = task;
}

void corm_push_text(corm_compiler *c, const char *text) {
  corm_push_task(c, (corm_task){.text = text});
}

void corm_push_node(corm_compiler *c, const corm_node *node) {
  corm_push_task(c, (corm_task){.node = node});
}

void corm_push_placed(corm_compiler *c, const corm_node *node, corm_place place) {
  corm_push_task(c, (corm_task){.node = node, .place = (uint8_t)place});
}

void corm_push_again(corm_compiler *c, const corm_task *task) {
  corm_task next = *task;
  next.index++;
  corm_push_task(c, next);
}

const char *corm_take_text(corm_compiler *c, size_t at) {
  if (c->text.failed) return NULL;
  const char *text = corm_compiler_check(c, corm_arena_dup(c->arena, c->text.ptr + at, c->text.len - at));
  c->text.len = at;
  return text;
}

/* -- leaves -------------------------------------------------------------------------------------------------------- */

const char *corm_alias_name(corm_compiler *c, const corm_alias *alias) {
  if (alias->name) return alias->name;
  if (alias->cte) return corm_cte_name(c, alias);
  const corm_node *element = alias->element;
  const char *stem = element->kind == CORM_NODE_TABLE ? ((const corm_table_node *)element)->table->name : "anon";
  return corm_anonymous_name(c, (corm_identity){.a = alias}, stem);
}

static CORM_NOINLINE void emit_first_prefix(corm_compiler *c, const corm_node *from) {
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
  c->prefixes[slot] = (corm_prefix){corm_from_identity(from), at, c->text.len - at};
}

static void emit_prefix(corm_compiler *c, const corm_node *from) {
  const corm_prefix *known = corm_known_prefix(c, from);
  if (!known)
    emit_first_prefix(c, from);
  else if (corm_emit_fits(c, known->len)) /* room first: the text may move */
    corm_emit_bytes(c, c->text.ptr + known->at, known->len);
}

/* The row that is to be inserted is there in the clauses of its upsert only; an expression alone may be shown. */
static void check_proposed(corm_compiler *c, const corm_column_node *column) {
  const corm_table *table = ((const corm_table_node *)((const corm_alias *)column->from)->element)->table;
  if (c->proposed == table || !c->out->statement || c->out->statement->kind == CORM_NODE_COLUMN) return;
  const corm_node_kind kind = (corm_node_kind)c->out->statement->kind;
  if (!corm_as_select(c->out->statement) && kind != CORM_NODE_INSERT && kind != CORM_NODE_UPDATE &&
      kind != CORM_NODE_DELETE)
    return;
  const char *name = column->name ? column->name : column->key;
  if (c->proposed)
    corm_emit_error(c, CORM_E_COMPILE, "excluded.%s is the row to be inserted into '%s'; this is an upsert of '%s'",
                    name, table->name, c->proposed->name);
  else
    corm_emit_error(c, CORM_E_COMPILE,
                    "excluded.%s stands outside an upsert: the row to be inserted into '%s' is there in set_ and where "
                    "of on_conflict_do_update() only",
                    name, table->name);
}

static CORM_NOINLINE void emit_any_column(corm_compiler *c, const corm_column_node *column) {
  const corm_node *from = column->from;
  bool proposed = from && from->kind == CORM_NODE_ALIAS && from->flags & CORM_ALIAS_PROPOSED;
  if (proposed) check_proposed(c, column);
  if (proposed && c->dialect->duplicate_key && column->column) {
    corm_emit_text(c, "VALUES(");
    corm_emit_column_name(c, column->column);
    corm_emit_bytes(c, ")", 1);
    return;
  }
  if (column->from && !c->bare_columns) emit_prefix(c, column->from);
  const char *name = column->name;
  if (!name) {
    const corm_node *element = column->element;
    if (!element) {
      corm_emit_error(c, CORM_E_COMPILE,
                      "a Column without a name cannot stand in SQL; give it one, or put it into a model");
      return;
    }
    name = corm_element_name(c, column);
  }
  if (column->column && name == column->column->name) {
    corm_emit_column_name(c, column->column);
  } else if (column->column) {
    corm_emit_quoted(c, name);
  } else {
    corm_emit_own_name(c, name, "column");
  }
}

void corm_emit_column(corm_compiler *c, const corm_column_node *column) {
  const corm_prefix *known = corm_is_tables(c, column) ? corm_known_prefix(c, column->from) : NULL;
  if (!known || !corm_emit_known(c, column->column, known)) emit_any_column(c, column);
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

/* -- the rest ------------------------------------------------------------------------------------------------------ */

static void step_bind(corm_compiler *c, const corm_task *task) {
  if (corm_is_hole(c, task->node)) {
    corm_emit_hole(c, c->hole);
    return;
  }
  corm_emit_bind(c, (const corm_bind *)task->node, task->column, NULL, CORM_OP_IN, (corm_place)task->place);
}

static void step_grouping(corm_compiler *c, const corm_task *task) {
  corm_emit_bytes(c, "(", 1);
  corm_push_text(c, ")");
  corm_push_placed(c, ((const corm_grouping *)task->node)->element, (corm_place)task->place);
}

static void push_bundle(corm_compiler *c, const corm_bundle *bundle) {
  for (uint32_t i = bundle->n; i > 0; i--) {
    corm_push_node(c, bundle->columns[i - 1]);
    if (i > 1) corm_push_text(c, ", ");
  }
}

/* A column compared with a value: writing it leaves nothing to do, or little. */
static bool is_short(const corm_node *node) {
  return node->kind == CORM_NODE_BINARY && ((const corm_binary *)node)->left->kind == CORM_NODE_COLUMN &&
         ((const corm_binary *)node)->right->kind == CORM_NODE_BIND;
}

/* Puts the rest of a list below the tasks that its last item has left. */
static void push_below(corm_compiler *c, size_t base, corm_task rest) {
  corm_push_task(c, rest);
  if (c->failed) return;
  rest = c->tasks[c->ntasks - 1];
  memmove(&c->tasks[base + 1], &c->tasks[base], (c->ntasks - 1 - base) * sizeof rest);
  c->tasks[base] = rest;
}

static void step_list(corm_compiler *c, const corm_task *task) {
  const corm_list *list = (const corm_list *)task->node;
  const bool inside = c->inside;
  const size_t base = c->ntasks;
  corm_task rest = *task;
  if (list->base.flags & CORM_LIST_FALSE) {
    corm_push_node(c, list->items[0]);
    return;
  }
  for (; rest.index < list->n && !c->failed; rest.index++) {
    const corm_node *item = list->items[rest.index];
    if (rest.index > 0) corm_emit_op(c, (corm_op)list->base.op);
    if (!is_short(item)) {
      if (rest.index + 1 < list->n) corm_push_again(c, &rest);
      corm_push_placed(c, item, list->base.op == CORM_OP_COMMA ? (corm_place)task->place : CORM_PLACE_UNTYPED);
      return;
    }
    corm_step_binary(c, &(corm_task){.node = item});
    c->inside = inside;
    if (c->ntasks == base) continue;
    rest.index++;
    if (rest.index < list->n) push_below(c, base, rest);
    return;
  }
}

bool corm_is_plain_word(const char *word, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char byte = word[i];
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    if (!letter && !(i > 0 && ((byte >= '0' && byte <= '9') || byte == '$'))) return false;
  }
  return len > 0;
}

static corm_place case_place(const corm_case_node *node, uint32_t index) {
  if (index % 2 == 0) return node->value ? corm_place_beside(CORM_OP_EQ, node->value) : CORM_PLACE_UNTYPED;
  if (node->else_ && corm_has_own_type(node->else_)) return CORM_PLACE_SHARED;
  return corm_place_among(node->whens + 1, node->nwhens, 2);
}

/* Steps: the value, then each condition and each result, then ELSE, then END. */
static void step_case(corm_compiler *c, const corm_task *task) {
  const corm_case_node *node = (const corm_case_node *)task->node;
  uint32_t index = task->index;
  if (index == 0) {
    corm_emit_text(c, node->value ? "CASE " : "CASE");
    corm_push_again(c, task);
    if (node->value) corm_push_node(c, node->value);
    return;
  }
  index--;
  if (index < node->nwhens * 2) {
    corm_emit_text(c, index % 2 ? " THEN " : " WHEN ");
    corm_push_again(c, task);
    corm_push_placed(c, node->whens[index], case_place(node, index));
  } else if (index == node->nwhens * 2 && node->else_) {
    corm_emit_text(c, " ELSE ");
    corm_push_again(c, task);
    corm_push_placed(c, node->else_, corm_place_among(node->whens + 1, node->nwhens, 2));
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
  if (cast->attempt && !dialect->try_cast) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no TRY_CAST; test the value in a case() around a cast()", dialect->name);
    return;
  }
  size_t at = c->text.len;
  corm_status status =
      (dialect->cast_type ? dialect->cast_type : dialect->type_name)(dialect, cast->base.type, &c->text, c->err);
  if (status != CORM_OK) c->failed = true;
  const char *type = corm_take_text(c, at);
  if (!type || c->failed) return;
  if (!*type) {
    const corm_node *element = corm_group_in(c->arena, cast->element, CORM_AGAINST_NOTHING, 0);
    if (corm_compiler_check(c, (void *)(uintptr_t)element)) corm_push_node(c, element);
    return;
  }
  corm_emit_text(c, cast->attempt ? "TRY_CAST(" : "CAST(");
  corm_push_text(c, ")");
  corm_push_text(c, type);
  corm_push_text(c, " AS ");
  corm_push_node(c, cast->element);
}

static void emit_extract(corm_compiler *c, const corm_extract *extract) {
  if (!corm_is_plain_word(extract->field, strlen(extract->field))) {
    corm_emit_error(c, CORM_E_COMPILE, "'%.40s' is no field of extract()", extract->field);
    return;
  }
  if (corm_compiler_enter(c)) c->dialect->extract(c->dialect, c, extract);
  corm_compiler_leave(c);
}

static void emit_subselect(corm_compiler *c, const corm_node *node) {
  if (corm_compiler_enter(c)) {
    corm_emit_text(c, node->kind == CORM_NODE_EXISTS ? "EXISTS (" : "(");
    corm_emit_select(c, ((const corm_subselect *)node)->select, CORM_SELECT_VALUE);
    corm_emit_bytes(c, ")", 1);
  }
  corm_compiler_leave(c);
}

/* -- FROMs --------------------------------------------------------------------------------------------------------- */

/* False: the dialect has no LATERAL, and that is the error. */
static bool check_lateral(corm_compiler *c) {
  if (!c->dialect->no_lateral) return true;
  corm_emit_error(
      c, CORM_E_COMPILE,
      "%s has no LATERAL; select one value by a correlated scalar_subquery(), or join to a subquery that is "
      "grouped by what the rows are joined by",
      c->dialect->name);
  return false;
}

/* A table by its name, or the select that stands for it. */
static void emit_table(corm_compiler *c, const corm_table *table) {
  if (!table->selected) {
    corm_dialect_table_name(c->dialect, table, &c->text);
    return;
  }
  if (corm_compiler_enter(c)) {
    corm_emit_bytes(c, "(", 1);
    corm_emit_select(c, table->selected, CORM_SELECT_FROM);
    corm_emit_bytes(c, ")", 1);
  }
  corm_compiler_leave(c);
}

static void step_alias(corm_compiler *c, const corm_alias *alias) {
  const corm_node *element = alias->element;
  if (alias->cte) {
    corm_emit_cte(c, alias);
    return;
  }
  if (alias->lateral && !check_lateral(c)) return;
  if (element->kind == CORM_NODE_VALUES) {
    corm_emit_values(c, corm_as_table_valued(&alias->base));
    return;
  }
  if (element->kind == CORM_NODE_ALIAS) {
    corm_emit_cte(c, (const corm_alias *)element);
  } else if (corm_as_select(element)) {
    if (corm_compiler_enter(c)) {
      corm_emit_text(c, alias->lateral ? "LATERAL (" : "(");
      corm_emit_select(c, corm_as_select(element), alias->lateral ? CORM_SELECT_LATERAL : CORM_SELECT_FROM);
      corm_emit_bytes(c, ")", 1);
    }
    corm_compiler_leave(c);
  } else if (element->kind == CORM_NODE_TABLE) {
    emit_table(c, ((const corm_table_node *)element)->table);
  } else if (corm_as_table_valued(&alias->base)) {
    if (corm_compiler_enter(c)) corm_emit_node(c, element);
    corm_compiler_leave(c);
    if (corm_as_table_valued(&alias->base)->ordinality) corm_emit_text(c, " WITH ORDINALITY");
  } else {
    corm_emit_error(c, CORM_E_COMPILE, "a %s cannot have an alias", corm_node_kind_name(element));
  }
  corm_emit_text(c, " AS ");
  corm_emit_own_name(c, corm_alias_name(c, alias), "alias");
  if (corm_as_table_valued(&alias->base)) corm_emit_derived(c, corm_as_table_valued(&alias->base));
  if (alias->sampling) corm_emit_sampling(c, alias);
}

static void emit_next_value(corm_compiler *c, const corm_sequence *sequence) {
  const corm_dialect *dialect = c->dialect;
  if (!dialect->next_value) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "sequence '%s': %s has no sequences; an integer primary key is generated without one",
                    sequence->name, dialect->name);
    return;
  }
  corm_buf name;
  corm_buf_init(&name, c->text.mem);
  if (sequence->schema) {
    corm_dialect_quote(dialect, sequence->schema, &name);
    corm_buf_putc(&name, '.');
  }
  corm_dialect_quote(dialect, sequence->name, &name);
  const char *text = corm_buf_str(&name);
  if (!text) corm_compiler_check(c, NULL);
  corm_emit_text(c, "nextval(");
  if (dialect->sequence_strings) {
    const corm_value value = corm_value_text(text ? text : "", name.len);
    if (corm_dialect_literal(dialect, corm_type_of_value(&value), &value, &c->text, c->err) != CORM_OK)
      c->failed = true;
  } else if (text) {
    corm_emit_bytes(c, text, name.len);
  }
  corm_emit_text(c, ")");
  corm_buf_clear(&name);
}

static void push_field(corm_compiler *c, const corm_field *field) {
  size_t at = c->text.len;
  corm_emit_own_name(c, field->name, "column");
  const char *name = corm_take_text(c, at);
  if (!name || c->failed) return;
  corm_emit_bytes(c, "(", 1);
  corm_push_text(c, name);
  corm_push_text(c, ").");
  corm_push_node(c, field->element);
}

/* A table or an alias, between its hints. */
static void step_from(corm_compiler *c, const corm_node *from) {
  if (c->hinted) corm_emit_hints_before(c, from);
  if (from->kind == CORM_NODE_TABLE) {
    const corm_table *table = ((const corm_table_node *)from)->table;
    emit_table(c, table);
    if (table->selected) corm_emit_text(c, " AS ");
    if (table->selected) corm_dialect_table_name(c->dialect, table, &c->text);
  } else {
    step_alias(c, (const corm_alias *)from);
  }
  if (c->hinted) corm_emit_hints_behind(c, from);
}

static void push_join(corm_compiler *c, const corm_join *join) {
  if (join->full && c->dialect->no_full_join) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no FULL OUTER JOIN (of '%.60s'); union_all() of an outerjoin and of the rows of the other "
                    "side that not_(exists()) finds without a partner says the same",
                    c->dialect->name, corm_from_name(join->right));
    return;
  }
  bool group = join->right->kind == CORM_NODE_JOIN;
  const corm_node *on = join->on;
  if (corm_from_may_be_restricted(c->options.criteria, join->right) &&
      corm_restrict_from_in(c->arena, c->options.criteria, join->right, &on, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  const char *plain = c->dialect->inner_join ? " INNER JOIN " : " JOIN ";
  const char *word = join->full ? " FULL OUTER JOIN " : join->outer ? " LEFT OUTER JOIN " : plain;
  if (on) corm_push_node(c, on);
  if (join->left->kind == CORM_NODE_TABLE && join->right->kind == CORM_NODE_TABLE) {
    step_from(c, join->left);
    corm_emit_text(c, word);
    step_from(c, join->right);
    if (on) corm_emit_text(c, " ON ");
    return;
  }
  corm_push_text(c, on ? (group ? ") ON " : " ON ") : (group ? ")" : ""));
  corm_push_node(c, join->right);
  if (group) corm_push_text(c, "(");
  corm_push_text(c, word);
  corm_push_node(c, join->left);
}

static void emit_whole(corm_compiler *c, const corm_whole *whole) {
  corm_emit_own_name(c, corm_alias_name(c, (const corm_alias *)whole->from), "alias");
}

/* -- the loop ------------------------------------------------------------------------------------------------------ */

static void step(corm_compiler *c, const corm_task *task) {
  const corm_node *node = task->node;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: corm_emit_column(c, (const corm_column_node *)node); break;
  case CORM_NODE_BIND: step_bind(c, task); break;
  case CORM_NODE_LITERAL_COLUMN:
    corm_emit_bytes(c, ((const corm_text *)node)->sql, ((const corm_text *)node)->len);
    break;
  case CORM_NODE_TEXT: corm_emit_text_node(c, (const corm_text *)node); break;
  case CORM_NODE_CONSTANT: emit_constant(c, ((const corm_constant *)node)->value); break;
  case CORM_NODE_UNARY: corm_step_unary(c, (const corm_unary *)node); break;
  case CORM_NODE_BINARY: corm_step_binary(c, task); break;
  case CORM_NODE_LIST: step_list(c, task); break;
  case CORM_NODE_GROUPING: step_grouping(c, task); break;
  case CORM_NODE_ARRAY: corm_step_array(c, (const corm_list *)node); break;
  case CORM_NODE_FUNCTION:
  case CORM_NODE_AGGREGATE_ORDER: corm_step_function(c, task); break;
  case CORM_NODE_OVER: corm_step_over(c, task); break;
  case CORM_NODE_FRAME: corm_step_frame(c, (const corm_window_frame *)node); break;
  case CORM_NODE_FILTER: corm_step_filter(c, task); break;
  case CORM_NODE_WITHIN_GROUP:
  case CORM_NODE_ARGUMENT_ORDER: corm_step_ordered(c, (const corm_ordered *)node); break;
  case CORM_NODE_WHOLE: emit_whole(c, (const corm_whole *)node); break;
  case CORM_NODE_FIELD: push_field(c, (const corm_field *)node); break;
  case CORM_NODE_NEXT_VALUE: emit_next_value(c, ((const corm_next_value *)node)->sequence); break;
  case CORM_NODE_CONSTRUCT: corm_step_construct(c, (const corm_construct *)node); break;
  case CORM_NODE_CASE: step_case(c, task); break;
  case CORM_NODE_CAST: step_cast(c, (const corm_cast *)node); break;
  case CORM_NODE_EXTRACT: emit_extract(c, (const corm_extract *)node); break;
  case CORM_NODE_LABEL: corm_push_node(c, ((const corm_label *)node)->element); break;
  case CORM_NODE_SCALAR_SUBQUERY:
  case CORM_NODE_EXISTS: emit_subselect(c, node); break;
  case CORM_NODE_BUNDLE: push_bundle(c, (const corm_bundle *)node); break;
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS: step_from(c, node); break;
  case CORM_NODE_JOIN: push_join(c, (const corm_join *)node); break;
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL:
    if (corm_compiler_enter(c)) corm_emit_select(c, (const corm_select *)node, CORM_SELECT_VALUE);
    corm_compiler_leave(c);
    break;
  case CORM_NODE_VALUES: corm_emit_value_rows(c, (const corm_values *)node); break;
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE:
  case CORM_NODE_KIND_COUNT:
    corm_emit_error(c, CORM_E_COMPILE, "%s cannot stand inside an expression", corm_node_kind_name(node));
    break;
  }
}

static CORM_NOINLINE void emit_by_tasks(corm_compiler *compiler, const corm_node *node) {
  size_t base = compiler->ntasks;
  const bool inside = compiler->inside;
  if (!compiler->failed) step(compiler, &(corm_task){.node = node, .inside = inside});
  while (compiler->ntasks > base) {
    corm_task task = compiler->tasks[--compiler->ntasks];
    if (compiler->failed) continue;
    compiler->inside = task.inside;
    if (task.node) {
      step(compiler, &task);
    } else {
      corm_emit_text(compiler, task.text);
    }
  }
  compiler->inside = inside;
}

void corm_emit_node(corm_compiler *compiler, const corm_node *node) {
  if (!corm_compiler_check(compiler, (void *)(uintptr_t)node)) return;
  if (node->kind == CORM_NODE_COLUMN) {
    corm_emit_column(compiler, (const corm_column_node *)node);
    return;
  }
  if (node->kind == CORM_NODE_BIND && !compiler->hole && !compiler->failed) {
    corm_emit_bind(compiler, (const corm_bind *)node, NULL, NULL, CORM_OP_IN, CORM_PLACE_UNTYPED);
    return;
  }
  emit_by_tasks(compiler, node);
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
