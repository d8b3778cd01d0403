#include "dialect/spelled.h"

#include <string.h>

const corm_spelling corm_spelling_ansi = {.owner = ""};
const corm_spelling corm_spelling_postgresql = {
    .owner = "postgresql", .bare_text = true, .float_precision = true, .zones = true};
const corm_spelling corm_spelling_mysql = {.owner = "mysql",
                                           .lengths_asked = true,
                                           .national = true,
                                           .bool_word = true,
                                           .blob_length = true,
                                           .float_precision = true,
                                           .widths = true,
                                           .bare_collation = true};

static bool is(const corm_type *type, const char *spelling) {
  return strcmp(type->spelling, spelling) == 0;
}

/* Shown text takes all of them; the types of "mysql" are MariaDB's, too. */
static bool has_type(const corm_dialect *dialect, const corm_spelling *rules, const corm_type *type) {
  return !type->owner || strcmp(type->owner, dialect->name) == 0 || strcmp(type->owner, rules->owner) == 0 ||
         strcmp(dialect->name, corm_dialect_default.name) == 0;
}

static corm_status refuse_foreign(const corm_dialect *dialect, const corm_type *type, corm_error *err) {
  corm_error_set(err, CORM_E_UNSUPPORTED_COMPILATION, "%s has no type %s, which is one of %s's", dialect->name,
                 type->spelling, type->owner);
  corm_error_hint(err, "a general type with a variant is written on each: corm.String:with_variant(%s, \"%s\")",
                  type->spelling, type->owner);
  return CORM_FAILED;
}

static void numbers(int first, int second, corm_buf *out) {
  if (first < 0) return;
  corm_buf_printf(out, second >= 0 ? "(%d, %d)" : "(%d)", first, second);
}

static void name_of(const corm_spelling *rules, const corm_type *type, corm_buf *out) {
  if (rules->national && (is(type, "NVARCHAR") || is(type, "NCHAR"))) {
    corm_buf_puts(out, "NATIONAL ");
    corm_buf_puts(out, type->spelling + 1);
  } else if (rules->bool_word && is(type, "BOOLEAN")) {
    corm_buf_puts(out, "BOOL");
  } else {
    corm_buf_puts(out, type->spelling);
  }
}

static void time_form(const corm_spelling *rules, const corm_type *type, corm_buf *out) {
  if (rules->widths || (rules->zones && !is(type, "DATETIME"))) numbers(type->precision, -1, out);
  if (rules->zones && !is(type, "DATETIME")) {
    corm_buf_puts(out, type->timezone ? " WITH TIME ZONE" : " WITHOUT TIME ZONE");
  }
}

/* PostgreSQL's INTERVAL YEAR TO MONTH (3). */
static void interval_form(const corm_type *type, corm_buf *out) {
  if (type->suffix) corm_buf_printf(out, " %s", type->suffix);
  if (type->precision >= 0) corm_buf_printf(out, " (%d)", type->precision);
}

void corm_spelled_tail(const corm_dialect *dialect, const corm_spelling *rules, const corm_type *type, corm_buf *out) {
  if (rules->widths && type->suffix && *type->suffix) corm_buf_printf(out, " %s", type->suffix);
  if (!type->collation) return;
  corm_buf_puts(out, " COLLATE ");
  if (rules->bare_collation) {
    corm_dialect_quote(dialect, type->collation, out);
    return;
  }
  corm_buf_putc(out, '"');
  for (const char *p = type->collation; *p; p++) {
    if (*p == '"') corm_buf_putc(out, '"');
    corm_buf_putc(out, *p);
  }
  corm_buf_putc(out, '"');
}

/* SET('a','b') */
static corm_status value_form(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < type->nvalues; i++) {
    corm_value value = corm_value_text(type->values[i], strlen(type->values[i]));
    if (i > 0) corm_buf_putc(out, ',');
    if (corm_dialect_literal(dialect, corm_type_default(CORM_TYPE_STRING), &value, out, err) != CORM_OK) {
      return CORM_FAILED;
    }
  }
  corm_buf_putc(out, ')');
  return CORM_OK;
}

corm_status corm_spelled_type(const corm_dialect *dialect, const corm_spelling *rules, const corm_type *type,
                              corm_buf *out, corm_error *err) {
  corm_status status = CORM_OK;
  if (!has_type(dialect, rules, type)) return refuse_foreign(dialect, type, err);
  if (rules->lengths_asked && type->length < 0 &&
      (is(type, "VARCHAR") || is(type, "NVARCHAR") || is(type, "VARBINARY"))) {
    return corm_error_set(err, CORM_E_COMPILE, "%s requires a length on dialect %s", type->spelling, dialect->name);
  }
  name_of(rules, type, out);
  switch ((corm_type_form)type->form) {
  case CORM_FORM_LENGTH:
    if (rules->bare_text && is(type, "TEXT")) break;
    numbers(type->length < 0 && rules->zones && is(type, "BIT") ? 1 : type->length, -1, out);
    break;
  case CORM_FORM_BLOB:
    if (rules->blob_length) numbers(type->length, -1, out);
    break;
  case CORM_FORM_NUMBER: numbers(type->precision, type->scale, out); break;
  case CORM_FORM_FLOAT:
    if (rules->float_precision) numbers(type->precision, rules->widths ? type->scale : -1, out);
    break;
  case CORM_FORM_WIDTH:
    if (rules->widths) numbers(type->precision, -1, out);
    break;
  case CORM_FORM_TIME: time_form(rules, type, out); break;
  case CORM_FORM_INTERVAL: interval_form(type, out); break;
  case CORM_FORM_VALUES: status = value_form(dialect, type, out, err); break;
  case CORM_FORM_BARE: break;
  }
  corm_spelled_tail(dialect, rules, type, out);
  return status;
}
