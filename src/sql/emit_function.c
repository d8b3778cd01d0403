#include "sql/compiler.h"

/* Functions and what is built around them. */

/* -- calls --------------------------------------------------------------------------------------------------------- */

/* A function's name is written as it is, dots included; what is no word is quoted. */
static void emit_function_name(corm_compiler *c, const char *name) {
  for (;;) {
    size_t len = strcspn(name, ".");
    if (corm_is_plain_word(name, len)) {
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
  switch ((corm_known_function)function->known) {
  case CORM_FUNCTION_COALESCE:
  case CORM_FUNCTION_NULLIF:
  case CORM_FUNCTION_GREATEST:
  case CORM_FUNCTION_LEAST:
  case CORM_FUNCTION_IFNULL: return true;
  default: return false;
  }
}

corm_place corm_place_among(const corm_node *const *items, uint32_t n, uint32_t step) {
  for (uint32_t i = 0; i < n; i++) {
    if (corm_has_own_type(items[(size_t)i * step])) return CORM_PLACE_SHARED;
  }
  return CORM_PLACE_UNTYPED;
}

const corm_node *corm_emit_ordering(const corm_compiler *compiler) {
  return compiler->ordering;
}

static bool emit_by_dialect(corm_compiler *c, const corm_function *function, const corm_node *order_by) {
  const corm_node *outer = c->ordering;
  bool done = true;
  if (corm_compiler_enter(c)) {
    c->ordering = order_by;
    done = c->dialect->function(c->dialect, c, function);
    c->ordering = outer;
  }
  corm_compiler_leave(c);
  return done;
}

/* An aggregate of an aggregate is refused by every database, whatever is between the two but a subquery or OVER. */
static void enter_aggregate(corm_compiler *c, const corm_function *function) {
  if (c->aggregate && !c->dialect->nested_aggregates) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "the aggregate %s() stands inside the arguments of another aggregate; aggregate a subquery that "
                    "has the inner one among its columns",
                    function->name);
  }
  c->aggregate = true;
}

/* Steps: the name and the first argument, the others, the end. */
void corm_step_function(corm_compiler *c, const corm_task *task) {
  const corm_node *order_by = NULL, *node = task->node;
  if (node->kind == CORM_NODE_AGGREGATE_ORDER) {
    order_by = ((const corm_ordered *)node)->order_by;
    node = ((const corm_ordered *)node)->element;
  }
  const corm_function *function = (const corm_function *)node;
  bool aggregate = corm_function_is_aggregate(function) && c->windowed != node;
  if (task->index == 0) {
    if (aggregate) enter_aggregate(c, function);
    bool done = emit_by_dialect(c, function, order_by);
    if (done && aggregate) c->aggregate = false;
    if (done) return;
    if (function->known) {
      corm_emit_text(c, function->name);
    } else {
      emit_function_name(c, function->name);
    }
    corm_emit_bytes(c, "(", 1);
  } else if (task->index < function->nargs) {
    corm_emit_bytes(c, ", ", 2);
  }
  if (task->index < function->nargs) {
    corm_push_again(c, task);
    corm_push_placed(c, function->args[task->index],
                     shares_type(function) ? corm_place_among(function->args, function->nargs, 1) : CORM_PLACE_UNTYPED);
    return;
  }
  if (aggregate) c->aggregate = false;
  if (!order_by) {
    corm_emit_bytes(c, ")", 1);
    return;
  }
  corm_emit_text(c, " ORDER BY ");
  corm_push_text(c, ")");
  corm_push_node(c, order_by);
}

/* -- windows ------------------------------------------------------------------------------------------------------- */

/* The function itself, without FILTER and the like. */
static const corm_node *called(const corm_node *node) {
  for (;;) {
    switch ((corm_node_kind)node->kind) {
    case CORM_NODE_FILTER: node = ((const corm_filter *)node)->element; break;
    case CORM_NODE_WITHIN_GROUP:
    case CORM_NODE_AGGREGATE_ORDER: node = ((const corm_ordered *)node)->element; break;
    default: return node;
    }
  }
}

static void check_unit(corm_compiler *c, const corm_over *over) {
  if (!c->dialect->few_frames) return;
  if (over->unit == CORM_FRAME_GROUPS) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no frames of GROUPS; use rows or range_", c->dialect->name);
  } else if (over->exclude != CORM_EXCLUDE_NONE) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no EXCLUDE in frames; subtract the row's own value instead",
                    c->dialect->name);
  }
}

static const char *const units[] = {"", "ROWS BETWEEN ", "RANGE BETWEEN ", "GROUPS BETWEEN "};
static const char *const excludes[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES",
                                       " EXCLUDE NO OTHERS"};

/* Steps: the function, PARTITION BY, ORDER BY, the frame. */
void corm_step_over(corm_compiler *c, const corm_task *task) {
  const corm_over *over = (const corm_over *)task->node;
  bool first = true;
  switch (task->index) {
  case 0:
    check_unit(c, over);
    corm_push_again(c, task);
    c->windowed = called(over->element);
    corm_push_node(c, over->element);
    return;
  case 1:
    c->windowed = NULL;
    corm_emit_text(c, " OVER (");
    corm_push_again(c, task);
    if (!over->partition_by) return;
    corm_emit_text(c, "PARTITION BY ");
    corm_push_node(c, over->partition_by);
    return;
  case 2:
    corm_push_again(c, task);
    if (!over->order_by) return;
    corm_emit_text(c, over->partition_by ? " ORDER BY " : "ORDER BY ");
    corm_push_node(c, over->order_by);
    return;
  default: break;
  }
  first = !over->partition_by && !over->order_by;
  corm_push_text(c, ")");
  if (!over->frame) return;
  if (!first) corm_emit_bytes(c, " ", 1);
  corm_emit_text(c, units[over->unit]);
  corm_push_text(c, excludes[over->exclude]);
  corm_push_node(c, &over->frame->base);
}

/* Bounds are values, mostly; an expression of any depth may be one. */
static void emit_bound(corm_compiler *c, corm_bound bound, const corm_node *distance, bool start) {
  if (bound == CORM_BOUND_CURRENT) {
    corm_emit_text(c, "CURRENT ROW");
    return;
  }
  bool preceding = bound == CORM_BOUND_PRECEDING || (bound == CORM_BOUND_UNBOUNDED && start);
  if (bound == CORM_BOUND_UNBOUNDED) {
    corm_emit_text(c, "UNBOUNDED");
  } else if (corm_compiler_enter(c)) {
    if (c->dialect->few_frames) {
      corm_emit_inlined(c, distance);
    } else {
      corm_emit_node(c, distance);
    }
  }
  if (bound != CORM_BOUND_UNBOUNDED) corm_compiler_leave(c);
  corm_emit_text(c, preceding ? " PRECEDING" : " FOLLOWING");
}

void corm_step_frame(corm_compiler *c, const corm_window_frame *frame) {
  emit_bound(c, (corm_bound)frame->start_bound, frame->start, true);
  corm_emit_text(c, " AND ");
  emit_bound(c, (corm_bound)frame->end_bound, frame->end, false);
}

/* -- aggregates ---------------------------------------------------------------------------------------------------- */

void corm_step_filter(corm_compiler *c, const corm_task *task) {
  const corm_filter *filter = (const corm_filter *)task->node;
  if (c->dialect->no_filter) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no FILTER of aggregates; aggregate corm.case({ condition, value }) instead, whose other "
                    "rows are NULL and do not count",
                    c->dialect->name);
    return;
  }
  if (task->index == 0) {
    corm_push_again(c, task);
    corm_push_node(c, filter->element);
    return;
  }
  corm_emit_text(c, " FILTER (WHERE ");
  corm_push_text(c, ")");
  corm_push_node(c, filter->criterion);
}

void corm_step_ordered(corm_compiler *c, const corm_ordered *ordered) {
  bool within = ordered->base.kind == CORM_NODE_WITHIN_GROUP;
  corm_within_group able = c->dialect->within_group;
  bool windowed = c->windowed && called(&ordered->base) == c->windowed;
  if (within && (able == CORM_WITHIN_GROUP_NONE || (able == CORM_WITHIN_GROUP_WINDOW && !windowed))) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no WITHIN GROUP%s", c->dialect->name,
                    able == CORM_WITHIN_GROUP_NONE ? "; number the rows by row_number() OVER and pick the wanted ones"
                                                   : " without OVER; add :over { partition_by = ... }");
    return;
  }
  if (within) corm_push_text(c, ")");
  corm_push_node(c, ordered->order_by);
  corm_push_text(c, within ? " WITHIN GROUP (ORDER BY " : " ORDER BY ");
  corm_push_node(c, ordered->element);
}

/* -- in FROM ------------------------------------------------------------------------------------------------------- */

void corm_emit_derived(corm_compiler *c, const corm_table_valued *from) {
  if (!from->derived) return;
  for (uint32_t i = 0; i < from->ncolumns; i++) {
    corm_emit_text(c, i > 0 ? ", " : "(");
    corm_emit_own_name(c, from->columns[i].name, "column");
    if (!from->derived_types) continue;
    corm_emit_bytes(c, " ", 1);
    corm_emit_type_name(c, from->columns[i].base.type);
  }
  if (from->ncolumns) corm_emit_bytes(c, ")", 1);
}

/* -- constructs ---------------------------------------------------------------------------------------------------- */

void corm_step_construct(corm_compiler *c, const corm_construct *construct) {
  const corm_piece *pieces;
  size_t n;
  if (!construct->write) {
    corm_emit_error(c, CORM_E_COMPILE, "%s cannot be written here", construct->name);
    return;
  }
  if (construct->write(construct, c->dialect, &pieces, &n, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  while (n > 0) {
    n--;
    if (pieces[n].node) corm_push_node(c, pieces[n].node);
    if (pieces[n].text) corm_push_text(c, pieces[n].text);
  }
}
