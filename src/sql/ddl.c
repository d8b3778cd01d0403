/* The texts, white space included, are those of SQLAlchemy's DDL compiler. */
#include "sql/ddl.h"

#include <string.h>

#include "base/md5.h"
#include "base/str.h"
#include "sql/compile.h"

corm_status corm_ddl_expression(const corm_dialect *dialect, const corm_node *node, corm_buf *out, corm_error *err) {
  static const corm_compile_options options = {.named = true, .literal_binds = true, .unqualified = true};
  corm_arena arena;
  corm_compiled compiled;
  corm_arena_init(&arena, out->mem);
  corm_status status = corm_compile_in(&arena, dialect, node, &options, &compiled, err);
  if (status == CORM_OK) corm_buf_add(out, compiled.sql, compiled.len);
  corm_arena_clear(&arena);
  return status;
}

corm_status corm_ddl_literal(const corm_dialect *dialect, const char *text, corm_buf *out, corm_error *err) {
  const corm_value value = corm_value_text(text, strlen(text));
  return corm_dialect_literal(dialect, corm_type_of_value(&value), &value, out, err);
}

corm_status corm_ddl_server_default(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                    corm_error *err) {
  const corm_default *value = &column->server_default;
  if (value->kind == CORM_DEFAULT_NONE) return CORM_OK;
  if (value->sql) return corm_ddl_expression(dialect, value->sql, out, err);
  if (value->value.kind == CORM_ABSENT) return CORM_OK;
  return corm_dialect_literal(dialect, corm_type_of_value(&value->value), &value->value, out, err);
}

corm_status corm_ddl_computed(const corm_dialect *dialect, const corm_column *column, int persisted, corm_buf *out,
                              corm_error *err) {
  if (!column->computed) return CORM_OK;
  corm_buf_puts(out, " GENERATED ALWAYS AS (");
  if (corm_ddl_expression(dialect, column->computed->sql, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_putc(out, ')');
  if (persisted >= 0) corm_buf_puts(out, persisted ? " STORED" : " VIRTUAL");
  return CORM_OK;
}

/* -- names --------------------------------------------------------------------------------------------------------- */

/* What fits may be written. A name that is too long is an error on one server and cut on another, so that the next
   statement does not find it. */
static bool fits(const corm_dialect *dialect, const char *name, size_t *len) {
  *len = strlen(name);
  if (!dialect->max_name || *len <= dialect->max_name) return true;
  if (dialect->name_in_characters) *len = corm_utf8_length(name, *len);
  return *len <= dialect->max_name;
}

static corm_status check_name(const corm_dialect *dialect, const char *what, const char *name, corm_error *err) {
  size_t len;
  if (fits(dialect, name, &len)) return CORM_OK;
  return corm_error_set(err, CORM_E_IDENTIFIER, "the name of %s '%s' has %zu %s; %s takes %zu", what, name, len,
                        dialect->name_in_characters ? "characters" : "bytes", dialect->name, dialect->max_name);
}

corm_status corm_ddl_name(const corm_dialect *dialect, const char *what, const char *name, bool made, corm_buf *out,
                          corm_error *err) {
  enum { HASH = 4, TAIL = 8 }; /* of the name's end, SQLAlchemy takes off 8 and puts "_" and 4 digits there */
  size_t len;
  if (!made || fits(dialect, name, &len)) {
    corm_dialect_quote(dialect, name, out);
    return check_name(dialect, what, name, err);
  }
  char digest[CORM_MD5_HEX + 1], cut[256];
  const size_t kept = corm_utf8_cut(name, strlen(name), dialect->max_name - TAIL);
  corm_md5_hex(name, strlen(name), digest);
  memcpy(cut, name, kept);
  cut[kept] = '_';
  memcpy(cut + kept + 1, digest + CORM_MD5_HEX - HASH, HASH + 1);
  corm_dialect_quote(dialect, cut, out);
  return CORM_OK;
}

/* -- tables -------------------------------------------------------------------------------------------------------- */

static corm_status resolve_foreign_keys(corm_table *table, corm_error *err) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    if (corm_constraint_resolve(constraint, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

/* The checks that stand inside the column. */
static corm_status add_checks(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err) {
  const corm_vec *constraints = &column->table->constraints;
  for (size_t i = 0; i < constraints->len; i++) {
    const corm_constraint *constraint = constraints->items[i];
    if (constraint->inside != column) continue;
    corm_buf_putc(out, ' ');
    if (corm_ddl_constraint(dialect, constraint, out, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status add_column(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err) {
  corm_dialect_column_name(dialect, column, out);
  corm_buf_putc(out, ' ');
  corm_status status = check_name(dialect, "the column", column->name, err);
  if (status == CORM_OK) status = dialect->column_spec(dialect, column, out, err);
  if (status == CORM_OK) status = add_checks(dialect, column, out, err);
  if (status != CORM_OK) corm_error_prefix(err, "(in table '%s', column '%s'): ", column->table->name, column->name);
  return status;
}

static bool alters(const void *ctx, const corm_dialect *dialect, const corm_constraint *constraint) {
  (void)ctx;
  return constraint->use_alter && !dialect->inline_keys;
}

static corm_status add_constraints(const corm_dialect *dialect, const corm_table *table, corm_ddl_apart *apart,
                                   const void *ctx, const char *separator, corm_buf *out, corm_error *err) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    const corm_constraint *constraint = table->constraints.items[i];
    bool written;
    if (corm_ddl_has_constraint(dialect, constraint, &written, err) != CORM_OK) return CORM_FAILED;
    if (!written) continue;
    if (constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && apart(ctx, dialect, constraint)) continue;
    corm_buf_puts(out, separator);
    separator = ", \n\t";
    if (corm_ddl_constraint(dialect, constraint, out, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

corm_status corm_ddl_create_table_without(const corm_dialect *dialect, corm_table *table, uint32_t flags,
                                          corm_ddl_apart *apart, const void *ctx, corm_buf *out, corm_error *err) {
  /* First, since a foreign key may give its column the type. */
  if (resolve_foreign_keys(table, err) != CORM_OK) return CORM_FAILED;
  if (check_name(dialect, "the table", table->name, err) != CORM_OK) return CORM_FAILED;
  const char *separator = "\n\t";
  corm_buf_puts(out, "\nCREATE ");
  for (uint32_t i = 0; i < table->nprefixes; i++) {
    corm_buf_puts(out, table->prefixes[i]);
    corm_buf_putc(out, ' ');
  }
  corm_buf_puts(out, flags & CORM_DDL_IF ? "TABLE IF NOT EXISTS " : "TABLE ");
  corm_dialect_table_name(dialect, table, out);
  corm_buf_puts(out, " (");
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    if (column->system) continue;
    corm_buf_puts(out, separator);
    separator = ", \n\t";
    if (add_column(dialect, column, out, err) != CORM_OK) return CORM_FAILED;
  }
  if (add_constraints(dialect, table, apart, ctx, separator, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_puts(out, "\n)");
  if (dialect->table_suffix(dialect, table, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_puts(out, "\n\n");
  return out->failed ? corm_error_memory(err) : CORM_OK;
}

static corm_status drop_table(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out) {
  corm_buf_puts(out, element->flags & CORM_DDL_IF ? "\nDROP TABLE IF EXISTS " : "\nDROP TABLE ");
  corm_dialect_table_name(dialect, element->object, out);
  return CORM_OK;
}

corm_status corm_ddl_drop_tables(const corm_dialect *dialect, corm_table *const *tables, size_t n, corm_buf *out,
                                 corm_error *err) {
  for (size_t i = 0; i < n; i++) {
    corm_buf_puts(out, i > 0 ? ", " : "\nDROP TABLE ");
    corm_dialect_table_name(dialect, tables[i], out);
  }
  return out->failed ? corm_error_memory(err) : CORM_OK;
}

static corm_status write(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out, corm_error *err) {
  switch ((corm_ddl_kind)element->kind) {
  case CORM_DDL_CREATE_TABLE:
    return corm_ddl_create_table_without(dialect, element->object, element->flags, alters, NULL, out, err);
  case CORM_DDL_DROP_TABLE: return drop_table(dialect, element, out);
  case CORM_DDL_CREATE_INDEX:
  case CORM_DDL_DROP_INDEX: return corm_ddl_index(dialect, element, out, err);
  case CORM_DDL_ADD_CONSTRAINT:
  case CORM_DDL_DROP_CONSTRAINT: return corm_ddl_alter_constraint(dialect, element, out, err);
  default: return corm_ddl_other(dialect, element, out, err);
  }
}

corm_status corm_ddl_write(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out,
                           corm_error *err) {
  corm_status status = write(dialect, element, out, err);
  if (status == CORM_OK && out->failed) status = corm_error_memory(err);
  return status;
}
