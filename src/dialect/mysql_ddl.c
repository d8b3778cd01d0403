/*
 * Types and columns. SQLAlchemy's DATETIME and TIME drop fractions of a second, its FLOAT is one of 4 bytes, and its
 * NUMERIC without a precision has no fraction: here nothing that was written is lost, so these four differ.
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "dialect/ansi.h"
#include "dialect/mysql.h"
#include "dialect/spelled.h"
#include "sql/ddl.h"

/* The widest that there is: 35 digits before the point and 30 after it. */
#define WIDEST_NUMERIC "(65, 30)"

/* The digits that a FLOAT of 4 bytes is asked for with
 * (https://dev.mysql.com/doc/refman/8.0/en/floating-point-types.html).
 */
#define SINGLE_PRECISION 24

/* -- types --------------------------------------------------------------------------------------------------------- */

static void sized(const char *name, int32_t length, corm_buf *out) {
  corm_buf_puts(out, name);
  if (length <= 0) return;
  corm_buf_putc(out, '(');
  corm_buf_int(out, length);
  corm_buf_putc(out, ')');
}

static void collated(const corm_dialect *dialect, const corm_type *type, corm_buf *out) {
  if (!type->collation) return;
  corm_buf_puts(out, " COLLATE ");
  corm_dialect_quote(dialect, type->collation, out);
}

static corm_status varchar(const corm_dialect *dialect, const corm_type *type, int32_t length, corm_buf *out,
                           corm_error *err) {
  if (length <= 0) return corm_error_set(err, CORM_E_COMPILE, "VARCHAR requires a length on dialect %s", dialect->name);
  sized("VARCHAR", length, out);
  collated(dialect, type, out);
  return CORM_OK;
}

/* ENUM('a','b'); without a type of its own it is as long as its longest value. */
static corm_status enumerated(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  size_t longest = type->length > 0 ? (size_t)type->length : 0;
  bool bare = type->bare || type->nvalues == 0;
  if (!bare) corm_buf_puts(out, "ENUM(");
  for (uint32_t i = 0; i < type->nvalues; i++) {
    corm_value value = corm_value_text(type->values[i], strlen(type->values[i]));
    size_t length = corm_utf8_length(value.as.s, value.len);
    if (length > longest) longest = length;
    if (bare) continue;
    if (i > 0) corm_buf_putc(out, ',');
    if (corm_dialect_literal(dialect, type, &value, out, err) != CORM_OK) return CORM_FAILED;
  }
  if (bare) return varchar(dialect, type, longest < INT32_MAX ? (int32_t)longest : INT32_MAX, out, err);
  corm_buf_putc(out, ')');
  corm_spelled_tail(dialect, &corm_spelling_mysql, type, out);
  return CORM_OK;
}

static void numeric(const char *name, const corm_type *type, corm_buf *out) {
  corm_buf_puts(out, name);
  if (type->precision < 0) {
    corm_buf_puts(out, WIDEST_NUMERIC);
  } else if (type->scale < 0) {
    corm_buf_printf(out, "(%d)", type->precision);
  } else {
    corm_buf_printf(out, "(%d, %d)", type->precision, type->scale);
  }
}

static void floating(const corm_type *type, corm_buf *out) {
  if (type->kind == CORM_TYPE_FLOAT && type->precision >= 0) {
    sized("FLOAT", type->precision, out);
  } else {
    corm_buf_puts(out, "DOUBLE");
  }
}

corm_status corm_mysql_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  type = corm_type_on(type, dialect->name);
  if (type->spelling) return corm_spelled_type(dialect, &corm_spelling_mysql, type, out, err);
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_STRING:
  case CORM_TYPE_UNICODE: return varchar(dialect, type, type->length, out, err);
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODETEXT:
    sized("TEXT", type->length, out);
    collated(dialect, type, out);
    return CORM_OK;
  case CORM_TYPE_ENUM: return enumerated(dialect, type, out, err);
  case CORM_TYPE_BOOLEAN: corm_buf_puts(out, "BOOL"); return CORM_OK;
  case CORM_TYPE_NUMERIC: numeric("NUMERIC", type, out); return CORM_OK;
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE: floating(type, out); return CORM_OK;
  case CORM_TYPE_TIME: corm_buf_puts(out, "TIME(6)"); return CORM_OK;
  case CORM_TYPE_DATETIME:
  case CORM_TYPE_INTERVAL: corm_buf_puts(out, "DATETIME(6)"); return CORM_OK;
  case CORM_TYPE_BINARY: sized("BLOB", type->length, out); return CORM_OK;
  case CORM_TYPE_ARRAY:
    return corm_error_set(err, CORM_E_COMPILE, "ARRAY is a type of PostgreSQL only; on %s use JSON", dialect->name);
  default: return corm_ansi_type_name(dialect, type, out, err);
  }
}

corm_status corm_mariadb_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  type = corm_type_on(type, dialect->name);
  if (type->kind != CORM_TYPE_UUID || type->spelling || type->bare)
    return corm_mysql_type_name(dialect, type, out, err);
  corm_buf_puts(out, "UUID");
  return CORM_OK;
}

/* What the server casts to no type of this name. */
static bool has_no_cast(const corm_type *type) {
  static const char *const names[] = {"YEAR", "BIT", "SET"};
  for (size_t i = 0; type->spelling && i < sizeof names / sizeof *names; i++) {
    if (strcmp(type->spelling, names[i]) == 0) return true;
  }
  return false;
}

/* DECIMAL(10, 2); without a precision a spelled type has the server's. */
static corm_status spelled_decimal(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  corm_type target = *type;
  target.spelling = "DECIMAL";
  target.suffix = NULL; /* the server takes no UNSIGNED here */
  return corm_spelled_type(dialect, &corm_spelling_mysql, &target, out, err);
}

corm_status corm_mysql_cast_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  type = corm_type_on(type, dialect->name);
  if (has_no_cast(type)) return CORM_OK;
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_INTEGER:
  case CORM_TYPE_SMALLINT:
  case CORM_TYPE_BIGINT:
    corm_buf_puts(out, type->suffix && strstr(type->suffix, "UNSIGNED") ? "UNSIGNED INTEGER" : "SIGNED INTEGER");
    return CORM_OK;
  case CORM_TYPE_STRING:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODETEXT:
    sized("CHAR", type->length, out);
    /* A character set of one's own keeps its collation. */
    if (type->suffix) corm_spelled_tail(dialect, &corm_spelling_mysql, type, out);
    return CORM_OK;
  case CORM_TYPE_NUMERIC:
    if (type->spelling) return spelled_decimal(dialect, type, out, err);
    numeric("DECIMAL", type, out);
    return CORM_OK;
  case CORM_TYPE_DATETIME:
    if (!type->spelling || strcmp(type->spelling, "TIMESTAMP") != 0) break;
    corm_buf_puts(out, "DATETIME");
    return CORM_OK;
  case CORM_TYPE_BINARY: corm_buf_puts(out, "BINARY"); return CORM_OK;
  case CORM_TYPE_BOOLEAN:
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE:
  case CORM_TYPE_ENUM:
  case CORM_TYPE_UUID: return CORM_OK;
  default: break;
  }
  return dialect->type_name(dialect, type, out, err);
}

corm_status corm_mysql_float_cast_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                       corm_error *err) {
  type = corm_type_on(type, dialect->name);
  if (type->kind != CORM_TYPE_FLOAT && type->kind != CORM_TYPE_DOUBLE) {
    return corm_mysql_cast_type(dialect, type, out, err);
  }
  bool single = type->kind == CORM_TYPE_FLOAT && type->precision >= 0 && type->precision <= SINGLE_PRECISION;
  corm_buf_puts(out, single ? "FLOAT" : "DOUBLE");
  return CORM_OK;
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

static bool is_word(const char *text) {
  for (; *text; text++) {
    bool word = *text == '_' || *text == '.' || *text == '-' || *text == '+' || (*text >= '0' && *text <= '9') ||
                (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
    if (!word) return false;
  }
  return true;
}

/* Words for the present are literals only beside columns of whole seconds, which these are not. */
static bool is_present(const char *text) {
  static const char *const words[] = {"current_timestamp", "localtime", "localtimestamp", "current_date",
                                      "current_time"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcasecmp(text, words[i]) == 0) return true;
  }
  return false;
}

/* MySQL takes a literal for a TEXT, BLOB or JSON column only as an expression; MariaDB takes both. */
static bool needs_expression(const corm_type *type) {
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODETEXT:
  case CORM_TYPE_BINARY:
  case CORM_TYPE_JSON: return true;
  default: return false;
  }
}

/* What is more than a literal stands in parentheses, except what says what happens ON UPDATE as well. */
static bool needs_parentheses(const corm_dialect *dialect, const corm_column *column, const char *text) {
  while (*text == ' ' || (*text >= '\t' && *text <= '\r')) text++;
  if (*text == '(') return false;
  if (*text == '\'' || *text == '"') return needs_expression(column->type) && strcmp(dialect->name, "mysql") == 0;
  for (const char *p = text; *p; p++) {
    if (strncasecmp(p, "on update", 9) == 0) return false;
  }
  return !is_word(text) || is_present(text);
}

static corm_status default_clause(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err) {
  corm_buf text;
  corm_buf_init(&text, out->mem);
  corm_status status = corm_ddl_server_default(dialect, column, &text, err);
  const char *expression = corm_buf_str(&text);
  if (status == CORM_OK && !expression) status = corm_error_memory(err);
  if (status == CORM_OK && text.len > 0) {
    bool parentheses = needs_parentheses(dialect, column, expression);
    corm_buf_puts(out, parentheses ? " DEFAULT (" : " DEFAULT ");
    corm_buf_puts(out, expression);
    if (parentheses) corm_buf_putc(out, ')');
  }
  corm_buf_clear(&text);
  return status;
}

/* Servers that have explicit_defaults_for_timestamp off, as MariaDB before 10.10, take a TIMESTAMP for NOT NULL unless
 * told otherwise. */
static bool says_null(const corm_dialect *dialect, const corm_column *column) {
  const corm_type *type = corm_type_on(column->type, dialect->name);
  return column->nullable && !column->computed && type->spelling && strcmp(type->spelling, "TIMESTAMP") == 0;
}

corm_status corm_mysql_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                   corm_error *err) {
  if (dialect->type_name(dialect, column->type, out, err) != CORM_OK) return CORM_FAILED;
  const corm_computed *computed = column->computed;
  if (corm_ddl_computed(dialect, column, computed ? computed->persisted : -1, out, err) != CORM_OK) return CORM_FAILED;
  if (!column->nullable) corm_buf_puts(out, " NOT NULL");
  if (says_null(dialect, column)) corm_buf_puts(out, " NULL");
  if (column->comment) {
    corm_buf_puts(out, " COMMENT ");
    if (corm_ddl_literal(dialect, column->comment, out, err) != CORM_OK) return CORM_FAILED;
  }
  const bool drawn = dialect->sequences && column->sequence && !column->sequence->optional;
  bool generated = corm_table_autoincrement_column(column->table) == column &&
                   column->server_default.kind == CORM_DEFAULT_NONE && !drawn;
  if (!generated) return default_clause(dialect, column, out, err);
  corm_buf_puts(out, " AUTO_INCREMENT");
  return CORM_OK;
}
