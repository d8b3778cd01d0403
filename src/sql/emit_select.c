#include "sql/classes.h"
#include "sql/compiler.h"
#include "sql/emit_column.h"
#include "sql/lint.h"
#include "sql/restrict.h"
#include "sql/walk.h"

/* -- columns ------------------------------------------------------------------------------------------------------- */

const char *corm_label_text(corm_compiler *c, const corm_select_column *column) {
  const corm_node *node = column->node;
  if (node->kind == CORM_NODE_LABEL && ((const corm_label *)node)->name) return ((const corm_label *)node)->name;
  switch ((corm_label_kind)column->label) {
  case CORM_LABEL_NONE: return NULL;
  case CORM_LABEL_NAME: return corm_fit_name(c, column->text, strlen(column->text));
  case CORM_LABEL_ANON: return corm_anonymous_name(c, column->identity, column->text);
  case CORM_LABEL_ALIAS: {
    const char *alias = corm_alias_name(c, (const corm_alias *)column->from);
    size_t alias_len = strlen(alias), len = strlen(column->text);
    char *label = corm_compiler_check(c, corm_arena_alloc(c->arena, alias_len + len + 2));
    if (!label) return "";
    memcpy(label, alias, alias_len);
    label[alias_len] = '_';
    memcpy(label + alias_len + 1, column->text, len + 1);
    return corm_fit_name(c, label, strlen(label));
  }
  }
  return NULL;
}

const char *corm_element_name(corm_compiler *c, const corm_column_node *column) {
  const corm_node *element = column->element;
  if (element->kind == CORM_NODE_LABEL && ((const corm_label *)element)->name) {
    corm_emit_error(c, CORM_E_INVALID_REQUEST,
                    "two columns of a subquery have the label '%.100s', and none of them can be named from outside; "
                    "give each a label of its own",
                    ((const corm_label *)element)->name);
    return "";
  }
  if (!(column->base.flags & CORM_COLUMN_OF_ALIAS))
    return corm_anonymous_name(c, corm_node_identity(element), corm_anon_stem(element));
  const corm_column_node *inner = (const corm_column_node *)element;
  const corm_select_column label = {.node = element,
                                    .label = CORM_LABEL_ALIAS,
                                    .from = inner->from,
                                    .text = inner->name ? inner->name : corm_anon_stem(element)};
  return corm_label_text(c, &label);
}

/* -x and DISTINCT x keep the name that x has. */
static bool wraps_named(const corm_node *node) {
  const corm_node *operand = ((const corm_unary *)node)->operand;
  while (operand->kind == CORM_NODE_GROUPING) operand = ((const corm_grouping *)operand)->element;
  if (operand->kind == CORM_NODE_LABEL) return ((const corm_label *)operand)->name != NULL;
  return operand->kind == CORM_NODE_COLUMN || operand->kind == CORM_NODE_LITERAL_COLUMN;
}

/* Whether the label is written: SQLAlchemy's _label_select_column. */
static bool is_labelled(const corm_select_column *column, bool all_labels) {
  const corm_node *node = column->node;
  if (node->kind == CORM_NODE_LABEL) return true;
  if (column->required) return true;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: return all_labels && ((const corm_column_node *)node)->from;
  case CORM_NODE_WHOLE:
  case CORM_NODE_FIELD:
  case CORM_NODE_TEXT:
  case CORM_NODE_LITERAL_COLUMN: return false;
  case CORM_NODE_CONSTANT: return ((const corm_constant *)node)->value != CORM_CONSTANT_STAR;
  case CORM_NODE_UNARY:
    return node->op == CORM_OP_IS_TRUE || node->op == CORM_OP_IS_FALSE || all_labels || !wraps_named(node);
  default: return true;
  }
}

const char *corm_natural_text(corm_compiler *c, const corm_select_column *column) {
  if (column->name) return column->name;
  const corm_node *node = column->node;
  if (node->kind == CORM_NODE_WHOLE) {
    return corm_alias_name(c, (const corm_alias *)((const corm_whole *)node)->from);
  }
  if (node->kind != CORM_NODE_COLUMN) return "";
  const corm_node *element = ((const corm_column_node *)node)->element;
  return element ? corm_element_name(c, (const corm_column_node *)node) : "";
}

static corm_compiled_column *reserve_report(corm_compiler *c, const corm_select_columns *columns) {
  corm_compiled_column *report = corm_arena_alloc(c->arena, columns->n * sizeof *report);
  corm_compiled_bundle *bundles = corm_arena_zalloc(c->arena, columns->nbundles, sizeof *bundles);
  if (!corm_compiler_check(c, report) || !corm_compiler_check(c, bundles)) return NULL;
  for (uint32_t i = 0; i < columns->nbundles; i++) bundles[i].node = columns->bundles[i];
  for (uint32_t i = columns->n; i > 0; i--) {
    int32_t bundle = columns->items[i - 1].bundle;
    if (bundle < 0) continue;
    bundles[bundle].first = i - 1;
    bundles[bundle].n++;
  }
  c->out->columns = report;
  c->out->ncolumns = columns->n;
  c->out->bundles = bundles;
  c->out->nbundles = columns->nbundles;
  c->out->textual = columns->textual;
  return report;
}

static void report_column(corm_compiled_column *out, const corm_select_column *column, const char *name) {
  *out = (corm_compiled_column){.name = name,
                                .key = column->key ? column->key : name,
                                .type = corm_node_type(column->node),
                                .node = column->node,
                                .bundle = column->bundle};
}

void corm_report_columns(corm_compiler *c, const corm_select_columns *columns) {
  corm_compiled_column *out = reserve_report(c, columns);
  for (uint32_t i = 0; out && i < columns->n; i++) {
    const char *label = corm_label_text(c, &columns->items[i]);
    report_column(&out[i], &columns->items[i], label ? label : corm_natural_text(c, &columns->items[i]));
  }
}

/* What the type of a column puts around it, where its value leaves the statement; NULL: nothing. */
static const corm_type_custom *custom_around(const corm_compiler *c, const corm_node *node) {
  const corm_type *type = corm_node_type(node);
  if (!type->hosted) return NULL;
  type = corm_type_on(type, c->dialect->name);
  return type->custom && type->custom->column ? type->custom : NULL;
}

static void emit_around(corm_compiler *c, const corm_type_custom *custom, const corm_node *node) {
  bool call = custom->column->kind == CORM_NODE_FUNCTION;
  corm_hole hole = {.node = custom->column_hole,
                    .inner = call ? node : corm_group_in(c->arena, node, CORM_AGAINST_NOTHING, 0)};
  if (corm_compiler_check(c, (void *)(uintptr_t)hole.inner)) corm_emit_around(c, custom->column, &hole);
}

/* A column and nothing else: no label, nothing that its type puts around it. */
static inline bool is_bare(const corm_select_column *column, bool all_labels, bool leaves) {
  const corm_node *node = column->node;
  if (node->kind != CORM_NODE_COLUMN || column->required) return false;
  return !(all_labels && ((const corm_column_node *)node)->from) && !(leaves && corm_node_type(node)->hosted);
}

void corm_emit_columns(corm_compiler *c, const corm_select_columns *columns, bool all_labels, bool report,
                       bool leaves) {
  corm_compiled_column *out = report && !c->options.text ? reserve_report(c, columns) : NULL;
  const corm_node *from = NULL;
  const corm_prefix *known = NULL; /* of `from` */
  for (uint32_t i = 0; i < columns->n && !c->failed; i++) {
    const corm_select_column *column = &columns->items[i];
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    if (is_bare(column, all_labels, leaves)) {
      const corm_column_node *node = (const corm_column_node *)column->node;
      if (!(known && node->from == from && corm_is_tables(c, node) && corm_emit_known(c, node->column, known))) {
        corm_emit_column(c, node);
        from = node->from;
        known = from ? corm_known_prefix(c, from) : NULL;
      }
      if (out) report_column(&out[i], column, corm_natural_text(c, column));
      continue;
    }
    known = NULL;
    /* The label takes its number before what it labels. */
    const corm_type_custom *around = leaves ? custom_around(c, column->node) : NULL;
    bool labelled = around || is_labelled(column, all_labels);
    const char *name = labelled ? corm_label_text(c, column) : NULL;
    if (around) {
      emit_around(c, around, column->node);
    } else {
      corm_emit_node(c, column->node);
    }
    if (labelled) {
      corm_emit_bytes(c, " AS ", 4);
      if (name) {
        corm_emit_own_name(c, name, "label");
      } else {
        corm_emit_quoted(c, name = corm_natural_text(c, column));
      }
    }
    if (!out) continue;
    if (!name) name = corm_natural_text(c, column);
    report_column(&out[i], column, name);
  }
}

/* -- FROM ---------------------------------------------------------------------------------------------------------- */

static bool add_from(corm_from_list *froms, const corm_node *from) {
  if (corm_from_is_restricted(from)) froms->restricted = true;
  return corm_from_list_add(froms, from);
}

/* Explicit FROMs, then those of the columns, then those of WHERE; without what a join holds already. */
static bool collect_froms(corm_from_list *froms, const corm_select *select, const corm_select_columns *columns) {
  for (uint32_t i = 0; i < select->nfroms; i++) {
    if (!add_from(froms, select->froms[i])) return false;
  }
  froms->nsaid = froms->n;
  for (uint32_t i = 0; i < columns->nbundles; i++) {
    const corm_node *from = columns->bundles[i]->from;
    if (from && !add_from(froms, from)) return false;
  }
  const bool all_known = columns->nbundles == 1 && columns->bundles[0]->from && columns->n == columns->bundles[0]->n;
  for (uint32_t i = 0; i < columns->n && !all_known; i++) {
    const corm_node *node = columns->items[i].node;
    bool in_bundle = columns->items[i].bundle >= 0 && columns->bundles[columns->items[i].bundle]->from;
    if (!in_bundle && !corm_from_list_add_of(froms, node)) return false;
  }
  if (select->where && !corm_from_list_add_of(froms, select->where)) return false;
  return corm_from_list_hide_joined(froms);
}

corm_status corm_select_froms_in(corm_arena *arena, const corm_select *select, bool columns_only, corm_from_list *out,
                                 corm_error *err) {
  corm_select_columns columns;
  corm_select bare = *select;
  if (columns_only) {
    bare.nfroms = 0;
    bare.where = NULL;
  }
  if (corm_select_columns_in(arena, select->columns, select->ncolumns, select->label_columns, &columns, err) != CORM_OK)
    return CORM_FAILED;
  corm_from_list_init(out, arena);
  return collect_froms(out, &bare, &columns) ? CORM_OK : corm_error_memory(err);
}

static bool among(const corm_node *const *items, uint32_t n, const corm_node *from) {
  for (uint32_t i = 0; i < n; i++) {
    if (corm_from_same(items[i], from)) return true;
  }
  return false;
}

/* The FROMs of a scope. */
static const corm_from_list *froms_of(corm_compiler *c, corm_scope *scope) {
  const corm_from_list *unread = scope->unread;
  scope->unread = NULL;
  for (uint32_t i = 0; unread && i < unread->n; i++)
    if (!corm_from_list_add_members(&scope->froms, unread->items[i])) corm_compiler_check(c, NULL);
  return &scope->froms;
}

static bool in_outer(corm_compiler *c, corm_scope *scope, const corm_node *from) {
  for (; scope; scope = scope->outer) {
    if (corm_from_list_has_tables(froms_of(c, scope), from)) return true;
  }
  return false;
}

static bool is_correlated(corm_compiler *c, const corm_select *select, corm_select_place place, const corm_node *from,
                          uint32_t nfroms) {
  if (!c->scope) return false;
  if (select->correlate || select->correlate_except) {
    /* A subquery in FROM sees what encloses the select that it stands in, not its neighbours. */
    corm_scope *visible = place == CORM_SELECT_FROM ? c->scope->outer : c->scope;
    bool said = select->correlate && among(select->correlate, select->ncorrelate, from);
    if (select->correlate_except) said = said || !among(select->correlate_except, select->ncorrelate_except, from);
    return said && in_outer(c, visible, from);
  }
  /* Automatic: only where something is left over. */
  return place != CORM_SELECT_FROM && nfroms > 1 && corm_from_list_has_tables(froms_of(c, c->scope), from);
}

static void correlate(corm_compiler *c, const corm_select *select, corm_select_place place, corm_from_list *froms) {
  uint32_t kept = 0, n = froms->n;
  for (uint32_t i = 0; i < n; i++) {
    const corm_node *from = froms->items[i];
    if (!is_correlated(c, select, place, from, n)) froms->items[kept++] = from;
  }
  corm_from_list_cut(froms, kept);
  if (n > 0 && kept == 0 && !select->correlate && !select->correlate_except) {
    corm_emit_error(c, CORM_E_INVALID_REQUEST,
                    "Select statement returned no FROM clauses due to auto-correlation; specify correlate(<tables>) to "
                    "control correlation manually.");
  }
}

/* Columns of an enclosing FROM whose table is here, too, as part of another class: by its name they would mean that. */
static void refuse_captured(corm_compiler *c, const corm_node *node, const corm_from_list *froms) {
  corm_walk walk;
  corm_walk_init(&walk, c->arena, node);
  while (!c->failed && (node = corm_walk_next(&walk, true))) {
    const corm_node *from = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->from : NULL;
    if (!from || corm_from_list_has(froms, corm_from_whole(from)) || !corm_from_list_captures(froms, from)) continue;
    if (!in_outer(c, c->scope, corm_from_whole(from))) continue;
    corm_emit_error(c, CORM_E_INVALID_REQUEST,
                    "'%s' stands in this subquery, as part of a class, and around it: %s.%s would mean the inner one; "
                    "name one of them by an alias: corm.aliased(Class)",
                    corm_from_name(from), corm_from_name(from), ((const corm_column_node *)node)->name);
  }
}

static bool has_join(const corm_from_list *froms) {
  bool found = false;
  for (uint32_t i = 0; i < froms->n && !found; i++) found = froms->items[i]->kind == CORM_NODE_JOIN;
  return found;
}

static void check_captured(corm_compiler *c, const corm_select *select, corm_select_place place,
                           const corm_from_list *froms) {
  if (!c->scope || place == CORM_SELECT_FROM || !has_join(froms)) return;
  for (uint32_t i = 0; i < select->ncolumns; i++) refuse_captured(c, select->columns[i], froms);
  if (select->where) refuse_captured(c, select->where, froms);
}

/* -- the clauses --------------------------------------------------------------------------------------------------- */

static bool is_empty(const corm_node *condition) {
  return !condition || (condition->kind == CORM_NODE_LIST && condition->op != CORM_OP_COMMA &&
                        ((const corm_list *)condition)->n == 0);
}

static const corm_node *ordered_operand(const corm_node *node) {
  bool postfix = node->kind == CORM_NODE_UNARY && (corm_ops[node->op].flags & CORM_OP_POSTFIX);
  return postfix ? ((const corm_unary *)node)->operand : NULL;
}

/* What a label holds; asc() and desc() have put parentheses around an operator in it. */
static const corm_node *labelled(const corm_label *label) {
  const corm_node *element = label->element;
  return element->kind == CORM_NODE_GROUPING ? ((const corm_grouping *)element)->element : element;
}

/* The column of the select list that a label in ORDER BY is, NULL: none. */
static const corm_select_column *selected_label(const corm_select_columns *columns, const corm_node *node) {
  if (node->kind != CORM_NODE_LABEL) return NULL;
  for (uint32_t i = 0; i < columns->n; i++) {
    const corm_node *selected = columns->items[i].node;
    if (selected == node) return &columns->items[i];
    const corm_label *a = (const corm_label *)selected, *b = (const corm_label *)node;
    bool same = selected->kind == CORM_NODE_LABEL && a->name && b->name && strcmp(a->name, b->name) == 0;
    if (same && labelled(a) == labelled(b)) return &columns->items[i];
  }
  return NULL;
}

void corm_emit_order_item(corm_compiler *c, const corm_node *item, const corm_select_columns *columns,
                          const corm_select_column *(*find)(const corm_select_columns *, const corm_node *)) {
  const corm_node *inner = item;
  size_t depth = 0;
  for (const corm_node *next = ordered_operand(inner); next; next = ordered_operand(inner)) {
    inner = next;
    depth++;
  }
  for (const corm_node *at = item; at != inner; at = ordered_operand(at)) corm_check_ordering(c, (corm_op)at->op);
  const corm_select_column *column = depth < 8 ? find(columns, inner) : NULL;
  if (!column) {
    corm_emit_node(c, item);
    return;
  }
  const char *label = is_labelled(column, c->labelled) ? corm_label_text(c, column) : NULL;
  corm_emit_own_name(c, label ? label : corm_natural_text(c, column), "label");
  for (size_t level = depth; level > 0; level--) {
    const corm_node *node = item;
    for (size_t i = 1; i < level; i++) node = ordered_operand(node);
    corm_emit_text(c, corm_ops[node->op].text);
  }
}

void corm_emit_row_limit(corm_compiler *c, const corm_select *select) {
  const corm_select_extra *extra = select->extra;
  if ((select->limit || select->offset) && !c->failed) {
    if (extra && extra->fetch) {
      corm_emit_fetch(c, select);
    } else {
      c->dialect->limit(c->dialect, c, select);
    }
  }
  if (extra) corm_emit_select_tail(c, extra);
}

static void emit_clauses(corm_compiler *c, const corm_select *select, const corm_node *where,
                         const corm_select_columns *columns) {
  if (!is_empty(where)) {
    corm_emit_text(c, " \nWHERE ");
    corm_emit_condition(c, where);
  }
  if (select->ngroup_by) {
    corm_emit_text(c, " GROUP BY ");
    corm_emit_list(c, select->group_by, select->ngroup_by);
  }
  if (!is_empty(select->having)) {
    corm_emit_text(c, " \nHAVING ");
    corm_emit_condition(c, select->having);
  }
  for (uint32_t i = 0; i < select->norder_by; i++) {
    corm_emit_text(c, i ? ", " : " ORDER BY ");
    corm_emit_order_item(c, select->order_by[i], columns, selected_label);
  }
  corm_emit_row_limit(c, select);
}

/* The SELECT itself, its FROMs being known. */
static void emit_body(corm_compiler *c, const corm_select *select, corm_select_place place,
                      const corm_select_columns *columns, const corm_from_list *froms,
                      void (*more)(corm_compiler *c, const void *ctx), const void *ctx) {
  if (select->extra) {
    corm_emit_select_head(c, select);
  } else {
    corm_emit_text(c, select->distinct ? "SELECT DISTINCT " : "SELECT ");
  }
  const bool top = place == CORM_SELECT_TOP, in_from = place == CORM_SELECT_FROM || place == CORM_SELECT_LATERAL;
  const bool named = c->named_part && froms_of(c, c->scope)->n > 1;
  c->named_part = false;
  corm_emit_columns(c, columns, in_from || named, top, top || place == CORM_SELECT_PART);
  if (more) more(c, ctx);
  if (froms->n) corm_emit_text(c, " \nFROM ");
  if (!froms->n && c->dialect->from_dual && !is_empty(select->where)) corm_emit_text(c, " FROM DUAL");
  corm_emit_list(c, froms->items, froms->n);
  const corm_node *where = select->where;
  const corm_criteria *criteria = c->options.criteria;
  if ((criteria || froms->restricted) && !c->failed &&
      corm_restrict_select_in(c->arena, criteria, select, columns, froms, &where, c->err) != CORM_OK)
    c->failed = true;
  emit_clauses(c, select, where, columns);
  c->labelled = in_from || named;
}

static void emit_plain(corm_compiler *c, const corm_select *select, corm_select_place place,
                       void (*more)(corm_compiler *c, const void *ctx), const void *ctx) {
  corm_select_columns columns;
  const bool from = place == CORM_SELECT_FROM || place == CORM_SELECT_LATERAL;
  unsigned style = from ? corm_inner_style(select) : select->label_columns;
  if (corm_select_columns_in(c->arena, select->columns, select->ncolumns, style, &columns, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  if (!columns.n && c->dialect->no_empty_select && !c->failed) {
    corm_emit_error(c, CORM_E_COMPILE, "this SELECT names no column and no class; rows of %s have one column at least",
                    c->dialect->name);
    return;
  }
  corm_from_list froms;
  corm_scope scope;
  scope.outer = c->scope;
  scope.unread = &froms;
  corm_from_list_init(&froms, c->arena);
  corm_from_list_init(&scope.froms, c->arena);
  if (!collect_froms(&froms, select, &columns)) corm_compiler_check(c, NULL);
  if (!c->failed) {
    correlate(c, select, place, &froms);
    check_captured(c, select, place, &froms);
    corm_check_classes(c, select, &froms);
  }
  if (c->options.lint) corm_lint_froms(c, "SELECT", froms.items, froms.n, select->where);

  const bool bare = c->bare_columns, aggregate = c->aggregate;
  const corm_select_extra *hinted = c->hinted;
  c->bare_columns = false;
  c->aggregate = false;
  c->scope = &scope;
  c->hinted = select->extra && select->extra->ntexts ? select->extra : NULL;
  emit_body(c, select, place, &columns, &froms, more, ctx);
  c->hinted = hinted;
  c->scope = scope.outer;
  c->bare_columns = bare;
  c->aggregate = aggregate;
}

void corm_emit_part(corm_compiler *c, const corm_select *select, corm_select_place place,
                    void (*more)(corm_compiler *c, const void *ctx), const void *ctx) {
  if (c->failed) return;
  if (select->extra && select->extra->ngiven) corm_take_given(c, select->extra->given, select->extra->ngiven);
  if (select->nctes) corm_add_ctes(c, select->ctes, select->nctes);
  switch ((corm_node_kind)select->base.kind) {
  case CORM_NODE_COMPOUND: corm_emit_compound(c, select, place); break;
  case CORM_NODE_TEXTUAL: corm_emit_textual(c, select, place); break;
  default: emit_plain(c, select, place, more, ctx); break;
  }
}

void corm_emit_select(corm_compiler *c, const corm_select *select, corm_select_place place) {
  const corm_level level = corm_enter_level(c);
  corm_emit_part(c, select, place, NULL, NULL);
  corm_leave_level(c, level);
}
