/* Constraints, in CREATE TABLE and by ALTER TABLE. */
#include <string.h>

#include "sql/ddl.h"

static void add_columns(const corm_dialect *dialect, corm_column *const *columns, uint32_t n, corm_buf *out) {
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_dialect_column_name(dialect, columns[i], out);
  }
  corm_buf_putc(out, ')');
}

/* A key that nobody wrote as a constraint begins with the column that the database generates. */
static void add_key_columns(const corm_dialect *dialect, const corm_constraint *key, corm_buf *out) {
  const corm_column *first = key->implicit ? corm_table_autoincrement_column(key->table) : NULL;
  corm_buf_putc(out, '(');
  if (first) corm_dialect_column_name(dialect, first, out);
  bool more = first;
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    if (key->columns[i] == first) continue;
    if (more) corm_buf_puts(out, ", ");
    more = true;
    corm_dialect_column_name(dialect, key->columns[i], out);
  }
  corm_buf_putc(out, ')');
}

static corm_status add_foreign_key(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                                   corm_error *err) {
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
  if (constraint->match && dialect->no_match) {
    corm_error_set(err, CORM_E_COMPILE,
                   "foreign key of table '%s': %s ignores MATCH, and ON UPDATE and ON DELETE with it; leave match out",
                   constraint->table->name, dialect->name);
    return CORM_FAILED;
  }
  if (constraint->match) corm_buf_printf(out, " MATCH %s", constraint->match);
  if (constraint->ondelete) corm_buf_printf(out, " ON DELETE %s", constraint->ondelete);
  if (constraint->onupdate) corm_buf_printf(out, " ON UPDATE %s", constraint->onupdate);
  return CORM_OK;
}

/* "flag IN (0, 1)": what the column's type allows. */
static corm_status add_type_check(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err) {
  const corm_type *type = column->type;
  corm_dialect_column_name(dialect, column, out);
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
  corm_status status = constraint->check ? corm_ddl_expression(dialect, constraint->check, out, err)
                                         : add_type_check(dialect, constraint->columns[0], out, err);
  corm_buf_putc(out, ')');
  return status;
}

static corm_status add_exclude(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                               corm_error *err) {
  const corm_exclusion *exclude = constraint->exclude;
  if (!dialect->exclude) {
    return corm_error_set(err, CORM_E_COMPILE, "ExcludeConstraint of table '%s': %s has no EXCLUDE; PostgreSQL has it",
                          constraint->table->name, dialect->name);
  }
  corm_buf_printf(out, "EXCLUDE USING %s (", exclude->method);
  for (uint32_t i = 0; i < exclude->nitems; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    if (corm_ddl_index_item(dialect, exclude->items[i].expr, out, err) != CORM_OK) return CORM_FAILED;
    corm_buf_printf(out, " WITH %s", exclude->items[i].op);
  }
  corm_buf_putc(out, ')');
  if (!exclude->where) return CORM_OK;
  corm_buf_puts(out, " WHERE (");
  if (corm_ddl_expression(dialect, exclude->where, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_putc(out, ')');
  return CORM_OK;
}

static bool is_written(const corm_dialect *dialect, const corm_constraint *constraint) {
  switch (constraint->kind) {
  case CORM_CONSTRAINT_PRIMARY_KEY:
    return constraint->ncolumns > 0 && !dialect->inline_primary_key(dialect, constraint->table);
  case CORM_CONSTRAINT_UNIQUE: return constraint->ncolumns > 0;
  case CORM_CONSTRAINT_EXCLUDE: return true;
  case CORM_CONSTRAINT_CHECK: {
    if (constraint->inside) return false;
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

corm_status corm_ddl_is_wanted(const corm_dialect *dialect, const corm_ddl_if *condition, bool *out, corm_error *err) {
  *out = true;
  if (!condition) return CORM_OK;
  *out = condition->n == 0;
  for (uint32_t i = 0; i < condition->n && !*out; i++) *out = strcmp(condition->dialects[i], dialect->name) == 0;
  if (!*out || condition->hook < 0) return CORM_OK;
  return condition->call(condition->ctx, condition->hook, dialect->name, out, err);
}

corm_status corm_ddl_has_constraint(const corm_dialect *dialect, const corm_constraint *constraint, bool *out,
                                    corm_error *err) {
  if (corm_ddl_is_wanted(dialect, constraint->condition, out, err) != CORM_OK) return CORM_FAILED;
  *out = *out && is_written(dialect, constraint);
  return CORM_OK;
}

static void add_option(const corm_dialect *dialect, const corm_constraint *constraint, corm_ddl_place place,
                       corm_buf *out) {
  if (dialect->constraint_option) dialect->constraint_option(dialect, constraint, place, out);
}

corm_status corm_ddl_constraint(const corm_dialect *dialect, const corm_constraint *constraint, corm_buf *out,
                                corm_error *err) {
  corm_status status = CORM_OK;
  if (constraint->name) {
    corm_buf_puts(out, "CONSTRAINT ");
    status = corm_ddl_name(dialect, "the constraint", constraint->name, constraint->made_name, out, err);
    if (status != CORM_OK) return status;
    corm_buf_putc(out, ' ');
  }
  switch (constraint->kind) {
  case CORM_CONSTRAINT_FOREIGN_KEY: status = add_foreign_key(dialect, constraint, out, err); break;
  case CORM_CONSTRAINT_CHECK: status = add_check(dialect, constraint, out, err); break;
  case CORM_CONSTRAINT_EXCLUDE: status = add_exclude(dialect, constraint, out, err); break;
  case CORM_CONSTRAINT_UNIQUE:
    corm_buf_puts(out, "UNIQUE ");
    add_option(dialect, constraint, CORM_DDL_BEFORE_COLUMNS, out);
    add_columns(dialect, constraint->columns, constraint->ncolumns, out);
    break;
  default:
    corm_buf_puts(out, "PRIMARY KEY ");
    add_key_columns(dialect, constraint, out);
    break;
  }
  if (constraint->deferrable >= 0) corm_buf_puts(out, constraint->deferrable ? " DEFERRABLE" : " NOT DEFERRABLE");
  if (constraint->initially) corm_buf_printf(out, " INITIALLY %s", constraint->initially);
  add_option(dialect, constraint, CORM_DDL_AT_END, out);
  return status;
}

/* -- ALTER TABLE --------------------------------------------------------------------------------------------------- */

/* What MySQL calls the constraint after DROP. */
static const char *drop_word(const corm_dialect *dialect, const corm_constraint *constraint) {
  if (!dialect->drop_by_kind) return "CONSTRAINT ";
  switch (constraint->kind) {
  case CORM_CONSTRAINT_FOREIGN_KEY: return "FOREIGN KEY ";
  case CORM_CONSTRAINT_PRIMARY_KEY: return "PRIMARY KEY ";
  case CORM_CONSTRAINT_UNIQUE: return "INDEX ";
  default: return dialect->drop_check_word;
  }
}

static corm_status drop_constraint(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out,
                                   corm_error *err) {
  const corm_constraint *constraint = element->object;
  const char *word = drop_word(dialect, constraint);
  const bool nameless = strcmp(word, "PRIMARY KEY ") == 0;
  corm_buf_printf(out, " DROP %s", word);
  if (nameless) return CORM_OK;
  if (!constraint->name) {
    return corm_error_set(err, CORM_E_COMPILE, "DropConstraint: a constraint of table '%s' has no name",
                          constraint->table->name);
  }
  if (!dialect->drop_by_kind && element->flags & CORM_DDL_IF) corm_buf_puts(out, "IF EXISTS ");
  if (corm_ddl_name(dialect, "the constraint", constraint->name, constraint->made_name, out, err) != CORM_OK)
    return CORM_FAILED;
  if (!dialect->drop_by_kind && element->flags & CORM_DDL_CASCADE) corm_buf_puts(out, " CASCADE");
  return CORM_OK;
}

corm_status corm_ddl_alter_constraint(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out,
                                      corm_error *err) {
  corm_constraint *constraint = element->object;
  const bool add = element->kind == CORM_DDL_ADD_CONSTRAINT;
  if (dialect->inline_keys) {
    return corm_error_set(err, CORM_E_COMPILE, "%s: %s has no ALTER TABLE for constraints; they stand in CREATE TABLE",
                          add ? "AddConstraint" : "DropConstraint", dialect->name);
  }
  if (constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && corm_constraint_resolve(constraint, err) != CORM_OK)
    return CORM_FAILED;
  corm_buf_puts(out, "ALTER TABLE ");
  corm_dialect_table_name(dialect, constraint->table, out);
  if (!add) return drop_constraint(dialect, element, out, err);
  corm_buf_puts(out, " ADD ");
  return corm_ddl_constraint(dialect, constraint, out, err);
}
