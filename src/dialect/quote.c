/*
 * Identifiers and literals. The rule for quoting is SQLAlchemy's: reserved words, what is not [a-z_][a-z0-9_$]*, and
 * therefore upper case, which would otherwise name the same as lower case.
 */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "base/uuid.h"
#include "dialect/ansi.h"
#include "sql/dialect.h"

/* Of a name that begins with a small letter or an underscore. */
static bool is_reserved(const corm_dialect *dialect, const char *name) {
  const char *const *word = *name == '_' ? NULL : dialect->reserved[*name - 'a'];
  for (; word && *word; word++) {
    if ((*word)[1] < name[1]) continue;
    if ((*word)[1] > name[1]) return false;
    if (strcmp(*word, name) == 0) return true;
  }
  return false;
}

static void add_quoted(const corm_dialect *dialect, const char *name, corm_buf *out) {
  corm_buf_putc(out, dialect->quote);
  for (const char *p = name; *p; p++) {
    if (*p == dialect->quote) corm_buf_putc(out, *p);
    corm_buf_putc(out, *p);
  }
  corm_buf_putc(out, dialect->quote);
}

void corm_dialect_quote(const corm_dialect *dialect, const char *name, corm_buf *out) {
  const size_t plain = corm_name_plain(name);
  if (plain > 0 && !is_reserved(dialect, name)) {
    corm_buf_add(out, name, plain);
  } else {
    add_quoted(dialect, name, out);
  }
}

void corm_dialect_quote_as(const corm_dialect *dialect, const char *name, int8_t quote, corm_buf *out) {
  if (quote > 0) {
    add_quoted(dialect, name, out);
  } else if (quote < 0) {
    corm_buf_puts(out, name);
  } else {
    corm_dialect_quote(dialect, name, out);
  }
}

/* That a name is none of a dialect's words is remembered with it, which is no change that anybody sees. */
static bool is_bare(const corm_dialect *dialect, const char *name, size_t plain, int8_t quote, const void **bare) {
  if (quote != 0 || plain == 0 || is_reserved(dialect, name)) return false;
  *bare = dialect;
  return true;
}

void corm_dialect_column_name(const corm_dialect *dialect, const corm_column *column, corm_buf *out) {
  corm_column *own = (corm_column *)(uintptr_t)column;
  if (column->bare == dialect || is_bare(dialect, column->name, column->plain, column->quote, &own->bare)) {
    corm_buf_add(out, column->name, column->plain);
  } else {
    corm_dialect_quote_as(dialect, column->name, column->quote, out);
  }
}

static bool is_reserved_table(const corm_dialect *dialect, const corm_table *table) {
  return table->quote == 0 && dialect->reserved_table && strcmp(table->name, dialect->reserved_table) == 0;
}

void corm_dialect_table_name(const corm_dialect *dialect, const corm_table *table, corm_buf *out) {
  corm_table *own = (corm_table *)(uintptr_t)table;
  if (table->schema) {
    corm_dialect_quote(dialect, table->schema, out);
    corm_buf_putc(out, '.');
  }
  if (table->bare == dialect) {
    corm_buf_add(out, table->name, table->plain);
  } else if (is_reserved_table(dialect, table)) {
    add_quoted(dialect, table->name, out);
  } else if (is_bare(dialect, table->name, table->plain, table->quote, &own->bare)) {
    corm_buf_add(out, table->name, table->plain);
  } else {
    corm_dialect_quote_as(dialect, table->name, table->quote, out);
  }
}

/* -- literals ------------------------------------------------------------------------------------------------------ */

/* A NUL would end the statement's text for most drivers, and the rest of it would not run. */
static corm_status quote_text(const corm_dialect *dialect, const corm_value *value, corm_buf *out, corm_error *err) {
  if (value->len && memchr(value->as.s, '\0', value->len)) {
    return corm_error_set(err, CORM_E_COMPILE, "a string with a NUL has no SQL literal: bind it");
  }
  corm_buf_putc(out, '\'');
  for (uint32_t i = 0; i < value->len; i++) {
    bool doubled = value->as.s[i] == '\'' || (value->as.s[i] == '\\' && dialect->backslash_escapes);
    if (doubled) corm_buf_putc(out, value->as.s[i]);
    corm_buf_putc(out, value->as.s[i]);
  }
  corm_buf_putc(out, '\'');
  return CORM_OK;
}

static void quote_blob(const corm_value *value, corm_buf *out) {
  corm_buf_puts(out, "X'");
  corm_buf_hex(out, value->as.s, value->len);
  corm_buf_putc(out, '\'');
}

/* A sign behind a minus would begin a comment (CVE-2024-1597 is of that family). */
static void open_number(bool negative, corm_buf *out, bool *parentheses) {
  *parentheses = negative && out->len > 0 && out->ptr[out->len - 1] == '-';
  if (*parentheses) corm_buf_putc(out, '(');
}

static corm_status number(const corm_value *value, corm_buf *out, corm_error *err) {
  bool parentheses;
  if (value->kind == CORM_REAL) {
    if (isnan(value->as.f)) return corm_error_set(err, CORM_E_COMPILE, "NaN has no SQL literal");
    open_number(signbit(value->as.f), out, &parentheses);
    if (isinf(value->as.f)) {
      /* No database reads a word for it in plain SQL; a number that overflows is read as infinity. */
      corm_buf_puts(out, value->as.f < 0 ? "-9e999" : "9e999");
    } else {
      corm_buf_real(out, value->as.f);
    }
  } else if (value->kind == CORM_DECIMAL) {
    open_number(value->len && value->as.s[0] == '-', out, &parentheses);
    corm_buf_add(out, value->as.s, value->len);
  } else {
    open_number(value->as.i < 0, out, &parentheses);
    corm_buf_int(out, value->as.i);
  }
  if (parentheses) corm_buf_putc(out, ')');
  return CORM_OK;
}

/* What a codec keeps that has a quoted text form. */
static void quote_form(const corm_value *value, corm_buf *out) {
  char text[CORM_TIME_TEXT] = "";
  switch ((corm_value_kind)value->kind) {
  case CORM_DATE: corm_date_format(value->as.i, text); break;
  case CORM_TIME: corm_time_format(value->as.i, false, text); break;
  case CORM_DATETIME: corm_datetime_format(value->as.i, false, text); break;
  default: corm_uuid_format((const unsigned char *)value->as.s, text); break;
  }
  corm_buf_printf(out, "'%s'", text);
}

static corm_status stored_literal(const corm_dialect *dialect, const corm_type *type, const corm_value *value,
                                  corm_buf *out, corm_error *err) {
  corm_scratch scratch;
  corm_value stored;
  corm_scratch_init(&scratch, out->mem);
  corm_status status = dialect->encode(dialect, type, value, &scratch, &stored, err);
  if (status == CORM_OK && !(dialect->literal && dialect->literal(dialect, type, &stored, out))) {
    switch ((corm_value_kind)stored.kind) {
    case CORM_TEXT:
    case CORM_JSON: status = quote_text(dialect, &stored, out, err); break;
    case CORM_BLOB: quote_blob(&stored, out); break;
    case CORM_DATE:
    case CORM_TIME:
    case CORM_DATETIME:
    case CORM_UUID: quote_form(&stored, out); break;
    case CORM_INTERVAL:
    case CORM_ARRAY:
      status = corm_error_set(err, CORM_E_COMPILE, "an %s has no SQL literal: bind it",
                              corm_value_kind_name((corm_value_kind)stored.kind));
      break;
    default: status = number(&stored, out, err); break;
    }
  }
  corm_scratch_clear(&scratch);
  return status;
}

corm_status corm_dialect_literal(const corm_dialect *dialect, const corm_type *type, const corm_value *value,
                                 corm_buf *out, corm_error *err) {
  switch ((corm_value_kind)value->kind) {
  case CORM_ABSENT:
  case CORM_VALUE_KIND_COUNT: return corm_error_set(err, CORM_E_COMPILE, "a value that is absent has no SQL literal");
  case CORM_NULL: corm_buf_puts(out, "NULL"); return CORM_OK;
  case CORM_BOOL:
    if (dialect->native_boolean || dialect->boolean_words) {
      corm_buf_puts(out, value->as.i ? "true" : "false");
    } else {
      corm_buf_putc(out, value->as.i ? '1' : '0');
    }
    return CORM_OK;
  case CORM_DECIMAL: return number(value, out, err);
  default: return stored_literal(dialect, type, value, out, err);
  }
}
