/*
 * Statements that write many rows at once. Each column's values are one parameter, and unnest() makes rows of them, or
 * a table-valued function of the driver's: the text does not depend on how many there are. The names are those that
 * SQLAlchemy gives (imp_sen, p0, sen_counter).
 */
#include "sql/emit_bulk.h"

#define ROWS    "imp_sen"
#define COUNTER "sen_counter"

static void emit_number(corm_compiler *c, const char *before, size_t number) {
  corm_emit_text(c, before);
  corm_buf_int(&c->text, (int64_t)number);
}

/* "$1::INTEGER[]", or "?" */
static void emit_array(corm_compiler *c, const corm_column *column) {
  const size_t at = c->text.len;
  corm_emit_column_bind(c, column->key, column, NULL, CORM_BIND_REQUIRED, 0);
  if (c->failed || c->text.failed) return;
  const corm_type *type = corm_type_on(column->type, c->dialect->name);
  if (type->custom && type->custom->bind) c->no_arrays = true;
  if (c->dialect->row_source) return;
  if (!strstr(c->text.ptr + at, "::")) {
    const size_t bare = c->text.len;
    if (c->dialect->bind_cast) c->dialect->bind_cast(c->dialect, column->type, &c->text);
    if (c->text.len == bare) c->no_arrays = true;
  }
  if (type->kind == CORM_TYPE_ARRAY) c->no_arrays = true; /* an array of arrays is flattened by unnest() */
  corm_emit_text(c, "[]");
}

/* "unnest($1::INTEGER[], $2::VARCHAR[])" over both lists, "corm_rows(?, ?)". */
static void emit_source(corm_compiler *c, const corm_column *const *columns, size_t n, const corm_column *const *more,
                        size_t nmore) {
  if (c->dialect->row_source && n + nmore > c->dialect->row_columns) c->no_arrays = true;
  corm_emit_text(c, c->dialect->row_source ? c->dialect->row_source : "unnest");
  for (size_t i = 0; i < n + nmore; i++) {
    corm_emit_text(c, i ? ", " : "(");
    emit_array(c, i < n ? columns[i] : more[i - n]);
  }
  corm_emit_text(c, ")");
}

/* " AS imp_sen(p0, p1)"; a row source's columns are called so already. `counter`: one more behind them. */
static void emit_row_names(corm_compiler *c, size_t n, const char *counter) {
  corm_emit_text(c, " AS " ROWS);
  if (c->dialect->row_source) return;
  for (size_t i = 0; i < n; i++) emit_number(c, i ? ", p" : "(p", i);
  if (counter) corm_emit_text(c, ", ");
  if (counter) corm_emit_text(c, counter);
  corm_emit_text(c, ")");
}

/* -- INSERT -------------------------------------------------------------------------------------------------------- */

static bool is_inlined(const corm_compiler *c, const corm_column *column, const corm_column *const *columns, size_t n) {
  return corm_default_of(c, column)->kind == CORM_DEFAULT_SQL && !corm_is_chosen(column, columns, n);
}

void corm_emit_insert_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n,
                             const corm_node *const *returning, size_t nreturning) {
  c->out->is_dml = true;
  c->out->is_insert = true;
  if (!n) c->no_arrays = true;
  corm_emit_text(c, "INSERT INTO ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  corm_emit_text(c, " (");
  for (size_t i = 0; i < n; i++) {
    if (i) corm_emit_text(c, ", ");
    corm_emit_column_name(c, columns[i]);
  }
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    if (!is_inlined(c, column, columns, n)) continue;
    corm_emit_text(c, ", ");
    corm_emit_column_name(c, column);
  }
  corm_emit_text(c, ") SELECT ");
  for (size_t i = 0; i < n; i++) emit_number(c, i ? ", p" : "p", i);
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    if (!is_inlined(c, column, columns, n)) continue;
    corm_emit_text(c, ", ");
    corm_emit_default(c, column, corm_default_of(c, column), column->key, CORM_BIND_DEFAULT, 0);
  }
  corm_emit_text(c, " FROM ");
  emit_source(c, columns, n, NULL, 0);
  if (!c->dialect->row_source) corm_emit_text(c, " WITH ORDINALITY");
  emit_row_names(c, n, COUNTER);
  if (!c->dialect->row_source) corm_emit_text(c, " ORDER BY " COUNTER); /* its rows come in their order */
  corm_emit_returning(c, returning, (uint32_t)nreturning, c->dialect->insert_returning);
}

/* -- UPDATE and DELETE --------------------------------------------------------------------------------------------- */

/* " WHERE t.a = imp_sen.p2 AND t.b = imp_sen.p3" */
static void emit_matching(corm_compiler *c, const corm_table *table, const corm_column *const *where, size_t n,
                          size_t first) {
  c->out->unfiltered = n == 0;
  for (size_t i = 0; i < n; i++) {
    corm_emit_text(c, i ? " AND " : " WHERE ");
    corm_dialect_table_name(c->dialect, table, &c->text);
    corm_emit_text(c, ".");
    corm_emit_column_name(c, where[i]);
    emit_number(c, " = " ROWS ".p", first + i);
  }
}

/* "UPDATE t SET a=imp_sen.p0 FROM " */
static void emit_setting(corm_compiler *c, const corm_table *table, const corm_column *const *set, size_t nset) {
  c->out->is_dml = true;
  corm_emit_text(c, "UPDATE ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  for (size_t i = 0; i < nset; i++) {
    corm_emit_text(c, i ? ", " : " SET ");
    corm_emit_column_name(c, set[i]);
    emit_number(c, "=" ROWS ".p", i);
  }
  for (size_t i = 0, n = nset; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    if (column->onupdate.kind != CORM_DEFAULT_SQL || corm_is_chosen(column, set, nset)) continue;
    corm_emit_text(c, n++ ? ", " : " SET ");
    corm_emit_column_name(c, column);
    corm_emit_text(c, "=");
    corm_emit_default(c, column, &column->onupdate, column->key, CORM_BIND_ONUPDATE, 0);
  }
  corm_emit_text(c, " FROM ");
}

void corm_emit_update_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *set, size_t nset,
                             const corm_column *const *where, size_t nwhere) {
  emit_setting(c, table, set, nset);
  emit_source(c, set, nset, where, nwhere);
  emit_row_names(c, nset + nwhere, NULL);
  emit_matching(c, table, where, nwhere, nset);
}

static void emit_keys(corm_compiler *c, const corm_table *table, const corm_column *const *keys, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i) corm_emit_text(c, ", ");
    corm_dialect_table_name(c->dialect, table, &c->text);
    corm_emit_text(c, ".");
    corm_emit_quoted(c, keys[i]->name);
  }
}

/* " WHERE (t.a, t.b) IN (SELECT p0, p1 FROM corm_rows(?, ?))": there is no USING. */
static void emit_among(corm_compiler *c, const corm_table *table, const corm_column *const *where, size_t n) {
  corm_emit_text(c, n > 1 ? " WHERE (" : " WHERE ");
  emit_keys(c, table, where, n);
  corm_emit_text(c, n > 1 ? ") IN (" : " IN (");
  for (size_t i = 0; i < n; i++) emit_number(c, i ? ", p" : "SELECT p", i);
  corm_emit_text(c, " FROM ");
  emit_source(c, where, n, NULL, 0);
  corm_emit_text(c, ")");
}

void corm_emit_delete_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *where,
                             size_t nwhere) {
  c->out->is_dml = true;
  corm_emit_text(c, "DELETE FROM ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  if (c->dialect->row_source) {
    emit_among(c, table, where, nwhere);
  } else if (nwhere == 1) {
    corm_emit_text(c, " WHERE ");
    emit_keys(c, table, where, 1);
    corm_emit_text(c, " = ANY(");
    emit_array(c, where[0]);
    corm_emit_text(c, ")");
  } else {
    corm_emit_text(c, " USING ");
    emit_source(c, where, nwhere, NULL, 0);
    emit_row_names(c, nwhere, NULL);
    emit_matching(c, table, where, nwhere, 0);
  }
}

/* -- which rows are there ------------------------------------------------------------------------------------------ */

void corm_emit_present(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t nkeys,
                       size_t n, size_t nrows) {
  const bool several = nkeys > 1;
  corm_emit_text(c, "SELECT ");
  emit_keys(c, table, columns, n);
  corm_emit_text(c, " FROM ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  corm_emit_text(c, several ? " WHERE (" : " WHERE ");
  emit_keys(c, table, columns, nkeys);
  corm_emit_text(c, !several ? " IN (" : c->dialect->tuple_values ? ") IN (VALUES " : ") IN (");
  for (size_t row = 0; row < nrows && !c->failed; row++) {
    if (row) corm_emit_text(c, ", ");
    if (several) corm_emit_text(c, "(");
    for (size_t i = 0; i < nkeys; i++) {
      if (i) corm_emit_text(c, ", ");
      corm_emit_column_bind(c, columns[i]->key, columns[i], NULL, CORM_BIND_REQUIRED, (uint32_t)row);
    }
    if (several) corm_emit_text(c, ")");
  }
  corm_emit_text(c, ")");
  if (c->dialect->locking == CORM_LOCKING_MODE) corm_emit_text(c, " LOCK IN SHARE MODE");
}
