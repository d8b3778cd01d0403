#include <stdio.h>

#include "sql/compiler.h"

/*
 * VALUES: a table that the statement brings along. In FROM the alias names its columns, where the database lets it; in
 * WITH the CTE's name does, and as the right side of IN nothing.
 */

static void emit_item(corm_compiler *c, const corm_node *item) {
  if (item->kind == CORM_NODE_BIND) {
    corm_emit_bind(c, (const corm_bind *)item, NULL, NULL, CORM_OP_IN, CORM_PLACE_UNTYPED);
  } else {
    corm_emit_node(c, item);
  }
}

/* The name of a column of rows that are written as selects. */
static void emit_name(corm_compiler *c, const corm_table_valued *from, uint32_t column) {
  char number[32];
  corm_emit_text(c, " AS ");
  if (from) {
    corm_emit_own_name(c, from->columns[column].name, "column");
    return;
  }
  (void)snprintf(number, sizeof number, "column%u", (unsigned)column + 1);
  corm_emit_text(c, number);
}

static void emit_row(corm_compiler *c, const corm_values *values, uint32_t row) {
  for (uint32_t i = 0; i < values->width; i++) {
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    emit_item(c, values->items[(size_t)row * values->width + i]);
  }
}

static void emit_first_select(corm_compiler *c, const corm_values *values, const corm_table_valued *from) {
  for (uint32_t i = 0; i < values->width; i++) {
    corm_emit_text(c, i > 0 ? ", " : "SELECT ");
    emit_item(c, values->items[i]);
    emit_name(c, from, i);
  }
}

/* `from` gives selects the names of their columns; NULL: any do. */
static void emit_rows(corm_compiler *c, const corm_values *values, bool selects, const corm_table_valued *from) {
  const bool literals = c->options.literal_binds;
  if (values->nrows == 0) {
    corm_emit_error(c, CORM_E_COMPILE, "values() has no rows; they are given by :data({ { ... }, ... })");
    return;
  }
  c->options.literal_binds = literals || values->literal_binds;
  if (selects)
    emit_first_select(c, values, from);
  else
    corm_emit_text(c, "VALUES ");
  for (uint32_t row = selects ? 1 : 0; row < values->nrows && !c->failed; row++) {
    if (row > 0) corm_emit_text(c, selects ? " UNION ALL SELECT " : ", ");
    if (!selects) corm_emit_text(c, c->dialect->values_style == CORM_VALUES_ROWS ? "ROW(" : "(");
    emit_row(c, values, row);
    if (!selects) corm_emit_bytes(c, ")", 1);
  }
  c->options.literal_binds = literals;
}

void corm_emit_value_rows(corm_compiler *c, const corm_values *values) {
  emit_rows(c, values, c->dialect->values_lose_binds, NULL);
}

void corm_emit_values(corm_compiler *c, const corm_table_valued *from) {
  const corm_values_style style = c->dialect->values_style;
  corm_emit_text(c, from->alias.lateral ? "LATERAL (" : "(");
  emit_rows(c, (const corm_values *)from->alias.element, style == CORM_VALUES_SELECTS, from);
  corm_emit_text(c, ") AS ");
  corm_emit_own_name(c, corm_alias_name(c, &from->alias), "alias");
  for (uint32_t i = 0; i < from->ncolumns && style != CORM_VALUES_SELECTS; i++) {
    corm_emit_text(c, i > 0 ? ", " : " (");
    corm_emit_own_name(c, from->columns[i].name, "column");
  }
  if (style != CORM_VALUES_SELECTS) corm_emit_bytes(c, ")", 1);
}

void corm_emit_sampling(corm_compiler *c, const corm_alias *sample) {
  if (!c->dialect->tablesample) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no TABLESAMPLE; order by func.random() and limit the rows",
                    c->dialect->name);
    return;
  }
  corm_emit_text(c, " TABLESAMPLE ");
  corm_emit_node(c, sample->sampling);
  if (!sample->seed) return;
  corm_emit_text(c, " REPEATABLE (");
  corm_emit_node(c, sample->seed);
  corm_emit_bytes(c, ")", 1);
}
