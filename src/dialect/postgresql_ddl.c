/* What PostgreSQL alone can be told of tables, columns, constraints and indexes. */
#include <ctype.h>
#include <string.h>

#include "dialect/ansi.h"
#include "dialect/postgresql_types.h"
#include "sql/ddl.h"

corm_status corm_postgresql_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                        corm_error *err) {
  if (column->computed && column->computed->persisted == 0) {
    return corm_error_set(err, CORM_E_COMPILE,
                          "%s has no virtual computed columns; leave persisted out or make it true", dialect->name);
  }
  const bool stored = column->computed;
  corm_column copy = *column;
  const corm_computed computed = {.sql = stored ? column->computed->sql : NULL, .persisted = 1};
  if (stored) copy.computed = &computed;
  if (corm_ansi_column_spec(dialect, &copy, out, err) != CORM_OK) return CORM_FAILED;
  if (column->identity && column->nullable) corm_buf_puts(out, " NULL");
  return CORM_OK;
}

static const corm_option *find(const corm_options *options, corm_option_id id) {
  return corm_option_find(options, id, false);
}

static void add_names(const corm_dialect *dialect, const corm_option *option, corm_buf *out) {
  for (uint32_t i = 0; i < option->npairs; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_dialect_quote(dialect, option->pairs[i].name, out);
  }
}

/* In capitals, blanks for "_"; or in small letters. */
static void add_word(const char *word, bool capitals, corm_buf *out) {
  for (; *word; word++) {
    const unsigned char c = (unsigned char)*word;
    corm_buf_putc(out, (char)(!capitals ? tolower(c) : c == '_' ? ' ' : toupper(c)));
  }
}

corm_status corm_postgresql_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                         corm_error *err) {
  (void)err;
  const corm_option *option = find(table->options, CORM_OPTION_PG_INHERITS);
  if (option) {
    corm_buf_puts(out, "\n INHERITS ( ");
    add_names(dialect, option, out);
    corm_buf_puts(out, " )");
  }
  option = find(table->options, CORM_OPTION_PG_PARTITION_BY);
  if (option) corm_buf_printf(out, "\n PARTITION BY %s", option->text);
  option = find(table->options, CORM_OPTION_PG_TABLE_USING);
  if (option) corm_buf_printf(out, "\n USING %s", option->text);
  option = find(table->options, CORM_OPTION_PG_WITH_OIDS);
  if (option) corm_buf_puts(out, option->flag ? "\n WITH OIDS" : "\n WITHOUT OIDS");
  option = find(table->options, CORM_OPTION_PG_ON_COMMIT);
  if (option) {
    corm_buf_puts(out, "\n ON COMMIT ");
    add_word(option->text, true, out);
  }
  option = find(table->options, CORM_OPTION_PG_TABLESPACE);
  if (option) {
    corm_buf_puts(out, "\n TABLESPACE ");
    corm_dialect_quote(dialect, option->text, out);
  }
  return CORM_OK;
}

void corm_postgresql_constraint_option(const corm_dialect *dialect, const corm_constraint *constraint,
                                       corm_ddl_place place, corm_buf *out) {
  (void)dialect;
  if (place == CORM_DDL_BEFORE_COLUMNS) {
    const corm_option *nulls = find(constraint->options, CORM_OPTION_PG_NULLS_NOT_DISTINCT);
    if (nulls) corm_buf_puts(out, nulls->flag ? "NULLS NOT DISTINCT " : "NULLS DISTINCT ");
  } else if (place == CORM_DDL_AT_END) {
    const corm_option *not_valid = find(constraint->options, CORM_OPTION_PG_NOT_VALID);
    if (not_valid && not_valid->flag) corm_buf_puts(out, " NOT VALID");
  }
}

/* -- indexes ------------------------------------------------------------------------------------------------------- */

/* The operator class of a column, by its key or its name; of an expression by its label. */
static void add_class(const corm_index *index, uint32_t item, corm_buf *out) {
  const corm_option *ops = find(index->options, CORM_OPTION_PG_OPS);
  const corm_column *column = index->items[item].column;
  const corm_node *expr = index->items[item].expr;
  if (!ops) return;
  const corm_option_pair *pair = NULL;
  if (column) {
    pair = corm_option_pair_of(ops, column->key);
    if (!pair) pair = corm_option_pair_of(ops, column->name);
  } else if (expr->kind == CORM_NODE_LABEL && ((const corm_label *)expr)->name) {
    pair = corm_option_pair_of(ops, ((const corm_label *)expr)->name);
  }
  if (pair && pair->text) corm_buf_printf(out, " %s", pair->text);
}

static void add_end(const corm_dialect *dialect, const corm_index *index, corm_buf *out) {
  const corm_option *option = find(index->options, CORM_OPTION_PG_INCLUDE);
  if (option) {
    corm_buf_puts(out, " INCLUDE (");
    add_names(dialect, option, out);
    corm_buf_putc(out, ')');
  }
  option = find(index->options, CORM_OPTION_PG_NULLS_NOT_DISTINCT);
  if (option) corm_buf_puts(out, option->flag ? " NULLS NOT DISTINCT" : " NULLS DISTINCT");
  option = find(index->options, CORM_OPTION_PG_WITH);
  for (uint32_t i = 0; option && i < option->npairs; i++) {
    const corm_option_pair *pair = &option->pairs[i];
    corm_buf_printf(out, i > 0 ? ", %s = " : " WITH (%s = ", pair->name);
    if (pair->text) {
      corm_buf_puts(out, pair->text);
    } else {
      corm_buf_int(out, pair->number);
    }
  }
  if (option) corm_buf_putc(out, ')');
  option = find(index->options, CORM_OPTION_PG_TABLESPACE);
  if (!option) return;
  corm_buf_puts(out, " TABLESPACE ");
  corm_dialect_quote(dialect, option->text, out);
}

void corm_postgresql_index_option(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place,
                                  uint32_t item, corm_buf *out) {
  const corm_option *option;
  switch (place) {
  case CORM_DDL_BEFORE_NAME:
    option = find(index->options, CORM_OPTION_PG_CONCURRENTLY);
    if (option && option->flag) corm_buf_puts(out, "CONCURRENTLY ");
    break;
  case CORM_DDL_BEFORE_COLUMNS:
    option = find(index->options, CORM_OPTION_PG_USING);
    if (!option) break;
    corm_buf_puts(out, "USING ");
    add_word(option->text, false, out);
    corm_buf_putc(out, ' ');
    break;
  case CORM_DDL_AT_COLUMN: add_class(index, item, out); break;
  case CORM_DDL_AT_END: add_end(dialect, index, out); break;
  default: break;
  }
}
