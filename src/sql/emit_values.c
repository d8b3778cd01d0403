#include "sql/compiler.h"

/* VALUES in FROM: a table that the statement brings along. */

static void emit_item(corm_compiler *c, const corm_node *item) {
  if (item->kind == CORM_NODE_BIND) {
    corm_emit_bind(c, (const corm_bind *)item, NULL, NULL, CORM_OP_IN, CORM_PLACE_UNTYPED);
  } else {
    corm_emit_node(c, item);
  }
}

static void emit_row(corm_compiler *c, const corm_values *values, const corm_table_valued *from, uint32_t row) {
  const bool named = c->dialect->values_style == CORM_VALUES_SELECTS && row == 0;
  for (uint32_t i = 0; i < values->width; i++) {
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    emit_item(c, values->items[(size_t)row * values->width + i]);
    if (!named) continue;
    corm_emit_text(c, " AS ");
    corm_emit_own_name(c, from->columns[i].name, "column");
  }
}

void corm_emit_values(corm_compiler *c, const corm_table_valued *from) {
  const corm_values *values = (const corm_values *)from->alias.element;
  const corm_values_style style = c->dialect->values_style;
  const bool literals = c->options.literal_binds;
  if (values->nrows == 0) {
    corm_emit_error(c, CORM_E_COMPILE, "values() has no rows; they are given by :data({ { ... }, ... })");
    return;
  }
  c->options.literal_binds = literals || values->literal_binds;
  corm_emit_text(c, style == CORM_VALUES_SELECTS ? "(SELECT " : "(VALUES ");
  for (uint32_t row = 0; row < values->nrows && !c->failed; row++) {
    if (row > 0) corm_emit_text(c, style == CORM_VALUES_SELECTS ? " UNION ALL SELECT " : ", ");
    if (style == CORM_VALUES_ROWS) corm_emit_text(c, "ROW");
    if (style != CORM_VALUES_SELECTS) corm_emit_bytes(c, "(", 1);
    emit_row(c, values, from, row);
    if (style != CORM_VALUES_SELECTS) corm_emit_bytes(c, ")", 1);
  }
  corm_emit_text(c, ") AS ");
  corm_emit_own_name(c, corm_alias_name(c, &from->alias), "alias");
  c->options.literal_binds = literals;
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
