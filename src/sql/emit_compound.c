#include "sql/compiler.h"

/* Set operations, and text that stands for a select. */

static const char *const set_ops[CORM_SET_OP_COUNT] = {
#define CORM_X(id, text) text,
    CORM_SET_OPS(CORM_X)
#undef CORM_X
};

static bool has_row_order(const corm_select *select) {
  return select->norder_by || select->limit || select->offset;
}

/* A compound in a compound, and a part with an order or limit of its own, stand in parentheses. */
static bool is_grouped(const corm_select *part) {
  return part->base.kind == CORM_NODE_COMPOUND || has_row_order(part);
}

static void emit_part(corm_compiler *c, const corm_select *part, corm_select_place place) {
  if (!corm_compiler_enter(c)) {
    corm_compiler_leave(c);
    return;
  }
  bool group = is_grouped(part), wrap = group && c->dialect->wrapped_parts;
  if (wrap) corm_emit_text(c, "SELECT * FROM ");
  if (group) corm_emit_bytes(c, "(", 1);
  if (part->base.kind == CORM_NODE_COMPOUND && !c->dialect->no_with_in_parts)
    corm_emit_select(c, part, place);
  else
    corm_emit_part(c, part, place, NULL, NULL);
  if (group) corm_emit_bytes(c, ")", 1);
  corm_compiler_leave(c);
}

static bool columns_of(corm_compiler *c, const corm_select *select, corm_select_columns *out) {
  select = corm_select_leader(select);
  if (corm_select_columns_in(c->arena, select->columns, select->ncolumns, select->label_columns, out, c->err) ==
      CORM_OK)
    return true;
  c->failed = true;
  return false;
}

static bool check_widths(corm_compiler *c, const corm_select *compound, corm_select_columns *columns) {
  for (uint32_t i = 0; i < compound->nparts; i++) {
    if (!columns_of(c, compound->parts[i], &columns[i])) return false;
    if (columns[i].textual || columns[0].textual || columns[i].n == columns[0].n) continue;
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s: the selects must have as many columns as each other; number 1 has %u, number %u has %u",
                    set_ops[compound->set_op], columns[0].n, i + 1, columns[i].n);
    return false;
  }
  return true;
}

/* What orders a compound is named as in its first part, whichever part's column it is: `columns` are those of all
   parts in a row, ended by one without any. */
static const corm_select_column *selected_column(const corm_select_columns *columns, const corm_node *node) {
  const corm_identity wanted = corm_node_identity(node);
  const char *name = node->kind == CORM_NODE_LABEL ? ((const corm_label *)node)->name : NULL;
  for (const corm_select_columns *part = columns; part->items; part++) {
    for (uint32_t i = 0; i < part->n && i < columns->n; i++) {
      const corm_node *selected = part->items[i].node;
      const char *own = selected->kind == CORM_NODE_LABEL ? ((const corm_label *)selected)->name : NULL;
      bool same = selected == node || corm_identity_same(corm_node_identity(selected), wanted);
      if (same || (name && own && strcmp(name, own) == 0)) return &columns->items[i];
    }
  }
  return NULL;
}

static void emit_items(corm_compiler *c, const char *words, const corm_node *const *items, uint32_t n,
                       const corm_select_columns *columns, bool labelled) {
  for (uint32_t i = 0; i < n; i++) {
    corm_emit_text(c, i ? ", " : words);
    c->labelled = labelled;
    corm_emit_order_item(c, items[i], columns, selected_column);
  }
}

/* SQLite takes a plain name in ORDER BY for a column of any FROM of the first part, and where several have it, for
   what is called so in the next part. */
static bool is_named(const corm_compiler *c, const corm_select *compound) {
  const corm_select *first = compound->parts[0];
  return c->dialect->orders_by_alias && compound->norder_by && first->base.kind == CORM_NODE_SELECT &&
         !is_grouped(first);
}

void corm_emit_compound(corm_compiler *c, const corm_select *compound, corm_select_place place) {
  bool all = compound->set_op == CORM_SET_INTERSECT_ALL || compound->set_op == CORM_SET_EXCEPT_ALL;
  if (all && c->dialect->distinct_parts)
    corm_emit_error(c, CORM_E_COMPILE, "%s is not there on dialect %s; without ALL each row comes once",
                    set_ops[compound->set_op], c->dialect->name);
  corm_select_columns *columns = corm_arena_zalloc(c->arena, compound->nparts + 1, sizeof *columns);
  if (!corm_compiler_check(c, columns) || !check_widths(c, compound, columns)) return;
  bool labelled = false;
  for (uint32_t i = 0; i < compound->nparts && !c->failed; i++) {
    if (i > 0) {
      corm_emit_bytes(c, " ", 1);
      corm_emit_text(c, set_ops[compound->set_op]);
      corm_emit_bytes(c, " ", 1);
    }
    c->named_part = i == 0 && is_named(c, compound);
    emit_part(c, compound->parts[i], i > 0 && place == CORM_SELECT_TOP ? CORM_SELECT_PART : place);
    if (i == 0) labelled = c->labelled;
  }
  emit_items(c, " GROUP BY ", compound->group_by, compound->ngroup_by, columns, labelled);
  emit_items(c, " ORDER BY ", compound->order_by, compound->norder_by, columns, labelled);
  corm_emit_row_limit(c, compound);
  c->labelled = labelled; /* for a compound around */
}

void corm_emit_textual(corm_compiler *c, const corm_select *textual, corm_select_place place) {
  corm_select_columns columns;
  corm_emit_text_node(c, textual->text);
  if (place != CORM_SELECT_TOP || c->failed || !columns_of(c, textual, &columns)) return;
  corm_report_columns(c, &columns);
  c->out->textual = true; /* there may be more than were named */
}
