/* The texts, white space included, are those of SQLAlchemy's DDL compiler. */
#include "sql/ddl.h"

#include <string.h>

#include "base/str.h"
#include "sql/compile.h"

static corm_status finish(const corm_buf *out, corm_error *err) {
  return out->failed ? corm_error_memory(err) : CORM_OK;
}

/* Appends an expression with its values written out: DDL has no parameters. */
static corm_status add_expression(const corm_dialect *dialect, const corm_node *node, corm_buf *out, corm_error *err) {
  static const corm_compile_options options = {.named = true, .literal_binds = true, .unqualified = true};
  corm_arena arena;
  corm_compiled compiled;
  corm_arena_init(&arena, out->mem);
  corm_status status = corm_compile_in(&arena, dialect, node, &options, &compiled, err);
  if (status == CORM_OK) corm_buf_add(out, compiled.sql, compiled.len);
  corm_arena_clear(&arena);
  return status;
}

corm_status corm_ddl_server_default(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                    corm_error *err) {
  const corm_default *value = &column->server_default;
  if (value->kind == CORM_DEFAULT_NONE) return CORM_OK;
  if (value->sql) return add_expression(dialect, value->sql, out, err);
  if (value->value.kind == CORM_ABSENT) return CORM_OK;
  return corm_dialect_literal(dialect, corm_type_of_value(&value->value), &value->value, out, err);
}

/* A name that is too long is an error on one server and cut on another, so that the next statement does not find it. */
static corm_status check_name(const corm_dialect *dialect, const char *what, const char *name, corm_error *err) {
  const size_t bytes = name ? strlen(name) : 0;
  if (!dialect->max_name || bytes <= dialect->max_name) return CORM_OK;
  const size_t len = dialect->name_in_characters ? corm_utf8_length(name, bytes) : bytes;
  if (len <= dialect->max_name) return CORM_OK;
  return corm_error_set(err, CORM_E_IDENTIFIER, "the name of %s '%s' has %zu %s; %s takes %zu", what, name, len,
                        dialect->name_in_characters ? "characters" : "bytes", dialect->name, dialect->max_name);
}

/* -- constraints -------------------------------------------------------------------------------------------------- */

static void add_columns(const corm_dialect *dialect, corm_column *const *columns, uint32_t n, corm_buf *out) {
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_dialect_quote(dialect, columns[i]->name, out);
  }
  corm_buf_putc(out, ')');
}

static void add_foreign_key(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out) {
  const corm_table *target = constraint->target_columns[0]->table;
  corm_buf_puts(out, "FOREIGN KEY");
  add_columns(dialect, constraint->columns, constraint->ncolumns, out);
  corm_buf_puts(out, " REFERENCES ");
  if (dialect->fk_same_schema) {
    corm_dialect_quote(dialect, target->name, out);
  } else {
    corm_dialect_table_name(dialect, target, out);
  }
  corm_buf_putc(out, ' ');
  add_columns(dialect, constraint->target_columns, constraint->ncolumns, out);
  if (constraint->ondelete) corm_buf_printf(out, " ON DELETE %s", constraint->ondelete);
  if (constraint->onupdate) corm_buf_printf(out, " ON UPDATE %s", constraint->onupdate);
}

/* "flag IN (0, 1)": what the column's type allows. */
static corm_status add_type_check(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err) {
  const corm_type *type = column->type;
  corm_dialect_quote(dialect, column->name, out);
  if (type->kind == CORM_TYPE_BOOLEAN) {
    corm_buf_puts(out, " IN (0, 1)");
    return CORM_OK;
  }
  corm_buf_puts(out, " IN (");
  for (uint32_t i = 0; i < type->nvalues; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_value value = corm_value_text(type->values[i], strlen(type->values[i]));
    if (corm_dialect_literal(dialect, type, &value, out, err) != CORM_OK) return CORM_FAILED;
  }
  corm_buf_putc(out, ')');
  return CORM_OK;
}

static corm_status add_check(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                             corm_error *err) {
  corm_buf_puts(out, "CHECK (");
  corm_status status = constraint->check ? add_expression(dialect, constraint->check, out, err)
                                         : add_type_check(dialect, constraint->columns[0], out, err);
  corm_buf_putc(out, ')');
  return status;
}

static bool is_written(const corm_dialect *dialect, const corm_constraint *constraint) {
  switch (constraint->kind) {
  case CORM_CONSTRAINT_PRIMARY_KEY:
    return constraint->ncolumns > 0 && !dialect->inline_primary_key(dialect, constraint->table);
  case CORM_CONSTRAINT_UNIQUE: return constraint->ncolumns > 0;
  case CORM_CONSTRAINT_CHECK: {
    if (constraint->check) return true;
    const corm_type *type = corm_type_on(constraint->columns[0]->type, dialect->name);
    if (type->kind == CORM_TYPE_BOOLEAN) return !dialect->native_boolean;
    return type->bare || !(dialect->inline_enum || (dialect->native_enum && type->name));
  }
  default: break;
  }
  const char *from = constraint->table->schema, *to = constraint->target_columns[0]->table->schema;
  bool same_schema = from && to ? strcmp(from, to) == 0 : from == to;
  return same_schema || !dialect->fk_same_schema;
}

static corm_status add_constraint(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                                  corm_error *err) {
  corm_status status = check_name(dialect, "the constraint", constraint->name, err);
  if (status != CORM_OK) return status;
  if (constraint->name) {
    corm_buf_puts(out, "CONSTRAINT ");
    corm_dialect_quote(dialect, constraint->name, out);
    corm_buf_putc(out, ' ');
  }
  switch (constraint->kind) {
  case CORM_CONSTRAINT_FOREIGN_KEY: add_foreign_key(dialect, constraint, out); break;
  case CORM_CONSTRAINT_CHECK: status = add_check(dialect, constraint, out, err); break;
  default:
    corm_buf_puts(out, constraint->kind == CORM_CONSTRAINT_UNIQUE ? "UNIQUE " : "PRIMARY KEY ");
    add_columns(dialect, constraint->columns, constraint->ncolumns, out);
    break;
  }
  if (constraint->deferrable >= 0) corm_buf_puts(out, constraint->deferrable ? " DEFERRABLE" : " NOT DEFERRABLE");
  if (constraint->initially) corm_buf_printf(out, " INITIALLY %s", constraint->initially);
  return status;
}

/* -- tables ------------------------------------------------------------------------------------------------------- */

static corm_status resolve_foreign_keys(corm_table *table, corm_error *err) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    if (corm_constraint_resolve(constraint, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status add_column(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err) {
  corm_dialect_quote(dialect, column->name, out);
  corm_buf_putc(out, ' ');
  corm_status status = check_name(dialect, "the column", column->name, err);
  if (status == CORM_OK) status = dialect->column_spec(dialect, column, out, err);
  if (status != CORM_OK) corm_error_prefix(err, "(in table '%s', column '%s'): ", column->table->name, column->name);
  return status;
}

static bool alters(const void *ctx, const corm_dialect *dialect, const corm_constraint *constraint) {
  (void)ctx;
  return constraint->use_alter && !dialect->inline_keys;
}

corm_status corm_ddl_create_table(const corm_dialect *dialect, corm_table *table, corm_buf *out, corm_error *err) {
  return corm_ddl_create_table_without(dialect, table, alters, NULL, out, err);
}

corm_status corm_ddl_create_table_without(const corm_dialect *dialect, corm_table *table, corm_ddl_apart *apart,
                                          const void *ctx, corm_buf *out, corm_error *err) {
  /* First, since a foreign key may give its column the type. */
  if (resolve_foreign_keys(table, err) != CORM_OK) return CORM_FAILED;
  if (check_name(dialect, "the table", table->name, err) != CORM_OK) return CORM_FAILED;
  const char *separator = "\n\t";
  corm_buf_puts(out, "\nCREATE TABLE ");
  corm_dialect_table_name(dialect, table, out);
  corm_buf_puts(out, " (");
  for (size_t i = 0; i < table->columns.len; i++) {
    corm_buf_puts(out, separator);
    separator = ", \n\t";
    if (add_column(dialect, table->columns.items[i], out, err) != CORM_OK) return CORM_FAILED;
  }
  for (size_t i = 0; i < table->constraints.len; i++) {
    const corm_constraint *constraint = table->constraints.items[i];
    if (!is_written(dialect, constraint)) continue;
    if (constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && apart(ctx, dialect, constraint)) continue;
    corm_buf_puts(out, separator);
    separator = ", \n\t";
    if (add_constraint(dialect, constraint, out, err) != CORM_OK) return CORM_FAILED;
  }
  corm_buf_puts(out, "\n)");
  dialect->table_suffix(dialect, table, out);
  corm_buf_puts(out, "\n\n");
  return finish(out, err);
}

corm_status corm_ddl_drop_table(const corm_dialect *dialect, const corm_table *table, corm_buf *out, corm_error *err) {
  corm_buf_puts(out, "\nDROP TABLE ");
  corm_dialect_table_name(dialect, table, out);
  return finish(out, err);
}

corm_status corm_ddl_drop_tables(const corm_dialect *dialect, corm_table *const *tables, size_t n, corm_buf *out,
                                 corm_error *err) {
  for (size_t i = 0; i < n; i++) {
    corm_buf_puts(out, i > 0 ? ", " : "\nDROP TABLE ");
    corm_dialect_table_name(dialect, tables[i], out);
  }
  return finish(out, err);
}

corm_status corm_ddl_add_foreign_key(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                                     corm_error *err) {
  corm_buf_puts(out, "ALTER TABLE ");
  corm_dialect_table_name(dialect, constraint->table, out);
  corm_buf_puts(out, " ADD ");
  if (add_constraint(dialect, constraint, out, err) != CORM_OK) return CORM_FAILED;
  return finish(out, err);
}

/* -- indexes ------------------------------------------------------------------------------------------------------ */

static void add_index_name(const corm_dialect *dialect, const corm_index *index, bool schema, corm_buf *out) {
  if (schema && index->table->schema) {
    corm_dialect_quote(dialect, index->table->schema, out);
    corm_buf_putc(out, '.');
  }
  corm_dialect_quote(dialect, index->name, out);
}

static bool has_parentheses(const corm_dialect *dialect, const corm_node *expr) {
  if (expr->op == CORM_OP_ASC || expr->op == CORM_OP_DESC) return false;
  switch ((corm_node_kind)expr->kind) {
  case CORM_NODE_BINARY:
  case CORM_NODE_UNARY: return dialect->index_parentheses != CORM_INDEX_BARE;
  case CORM_NODE_FUNCTION: return dialect->index_parentheses == CORM_INDEX_ALL;
  default: return false;
  }
}

static corm_status add_index_expression(const corm_dialect *dialect, const corm_node *expr, corm_buf *out,
                                        corm_error *err) {
  bool parentheses = has_parentheses(dialect, expr);
  if (parentheses) corm_buf_putc(out, '(');
  corm_status status = add_expression(dialect, expr, out, err);
  if (parentheses) corm_buf_putc(out, ')');
  return status;
}

corm_status corm_ddl_create_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out,
                                  corm_error *err) {
  if (check_name(dialect, "the index", index->name, err) != CORM_OK) return CORM_FAILED;
  corm_buf_puts(out, index->unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
  add_index_name(dialect, index, dialect->index_has_schema, out);
  corm_buf_puts(out, " ON ");
  if (dialect->index_has_schema) {
    corm_dialect_quote(dialect, index->table->name, out);
  } else {
    corm_dialect_table_name(dialect, index->table, out);
  }
  corm_buf_puts(out, " (");
  for (uint32_t i = 0; i < index->nitems; i++) {
    const corm_index_item *item = &index->items[i];
    if (i > 0) corm_buf_puts(out, ", ");
    if (item->column) {
      corm_dialect_quote(dialect, item->column->name, out);
    } else if (add_index_expression(dialect, item->expr, out, err) != CORM_OK) {
      return CORM_FAILED;
    }
  }
  corm_buf_putc(out, ')');
  const corm_node *where = dialect->index_where < CORM_INDEX_WHERES ? index->where[dialect->index_where] : NULL;
  if (where) {
    corm_buf_puts(out, " WHERE ");
    if (add_expression(dialect, where, out, err) != CORM_OK) return CORM_FAILED;
  }
  return finish(out, err);
}

corm_status corm_ddl_drop_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out, corm_error *err) {
  corm_buf_puts(out, "\nDROP INDEX ");
  add_index_name(dialect, index, !dialect->index_of_table, out);
  if (dialect->index_of_table) {
    corm_buf_puts(out, " ON ");
    corm_dialect_table_name(dialect, index->table, out);
  }
  return finish(out, err);
}
