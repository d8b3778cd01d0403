#include "dialect/postgresql_types.h"

#include <string.h>

#include "dialect/ansi.h"
#include "dialect/spelled.h"

bool corm_postgresql_is_named(const corm_type *type) {
  return type->kind == CORM_TYPE_ENUM && type->name && !type->bare && !type->spelling;
}

/* -- names --------------------------------------------------------------------------------------------------------- */

static void timed(const char *name, const corm_type *type, corm_buf *out) {
  corm_buf_puts(out, name);
  if (type->precision >= 0) corm_buf_printf(out, "(%d)", type->precision);
  corm_buf_puts(out, type->timezone ? " WITH TIME ZONE" : " WITHOUT TIME ZONE");
}

static void sized(const char *name, const corm_type *type, corm_buf *out) {
  corm_buf_puts(out, name);
  if (type->precision >= 0) corm_buf_printf(out, "(%d)", type->precision);
}

static corm_status array_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  if (!type->item) return corm_error_set(err, CORM_E_COMPILE, "an ARRAY needs the type of its items");
  if (corm_postgresql_type_name(dialect, type->item, out, err) != CORM_OK) return CORM_FAILED;
  for (int i = 0; i < (type->dimensions > 0 ? type->dimensions : 1); i++) corm_buf_puts(out, "[]");
  return CORM_OK;
}

corm_status corm_postgresql_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                      corm_error *err) {
  corm_type unlimited;
  type = corm_type_on(type, dialect->name);
  if (type->spelling) return corm_spelled_type(dialect, &corm_spelling_postgresql, type, out, err);
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODETEXT: /* TEXT takes no length here */
    unlimited = *type;
    unlimited.length = -1;
    return corm_ansi_type_name(dialect, &unlimited, out, err);
  case CORM_TYPE_ENUM:
    if (!corm_postgresql_is_named(type)) return corm_ansi_type_name(dialect, type, out, err);
    if (type->schema) {
      corm_dialect_quote(dialect, type->schema, out);
      corm_buf_putc(out, '.');
    }
    corm_dialect_quote(dialect, type->name, out);
    break;
  case CORM_TYPE_FLOAT: sized("FLOAT", type, out); break;
  case CORM_TYPE_DOUBLE: corm_buf_puts(out, "DOUBLE PRECISION"); break;
  case CORM_TYPE_TIME: timed("TIME", type, out); break;
  case CORM_TYPE_DATETIME: timed("TIMESTAMP", type, out); break;
  case CORM_TYPE_INTERVAL: sized("INTERVAL", type, out); break;
  case CORM_TYPE_BINARY: corm_buf_puts(out, "BYTEA"); break;
  case CORM_TYPE_JSON: corm_buf_puts(out, type->binary ? "JSONB" : "JSON"); break;
  case CORM_TYPE_UUID: corm_buf_puts(out, type->bare ? "CHAR(32)" : "UUID"); break;
  case CORM_TYPE_ARRAY: return array_name(dialect, type, out, err);
  default: return corm_ansi_type_name(dialect, type, out, err);
  }
  return CORM_OK;
}

/* A cast to VARCHAR(2) or NUMERIC(4, 1) would cut the value in silence, and a collation is no part of a type. */
static corm_type without_limits(const corm_type *type) {
  corm_type plain = *type;
  plain.length = -1;
  plain.precision = -1;
  plain.scale = -1;
  plain.collation = NULL;
  plain.suffix = NULL;
  /* CHAR alone is one character. */
  if (plain.spelling && (strcmp(plain.spelling, "CHAR") == 0 || strcmp(plain.spelling, "NCHAR") == 0)) {
    plain.spelling = "BPCHAR";
  }
  if (plain.kind == CORM_TYPE_UUID && plain.bare) plain.kind = CORM_TYPE_STRING;
  if (plain.kind == CORM_TYPE_ENUM && !corm_postgresql_is_named(&plain)) plain.kind = CORM_TYPE_STRING;
  return plain;
}

/* BIT alone is one bit; the server infers the type of a parameter beside one. */
static bool has_no_cast(const corm_type *type) {
  return type->spelling && strcmp(type->spelling, "BIT") == 0;
}

void corm_postgresql_bind_cast(const corm_dialect *dialect, const corm_type *type, corm_buf *out) {
  type = corm_type_on(type, dialect->name);
  corm_type item, plain = without_limits(type);
  corm_error err;
  corm_error_init(&err);
  if (type->kind == CORM_TYPE_NULLTYPE || has_no_cast(type)) return;
  if (type->json_part) {
    static const char *const casts[] = {"", "::INTEGER", "::TEXT", "::TEXT[]"};
    corm_buf_puts(out, casts[type->json_part]);
    return;
  }
  if (type->kind == CORM_TYPE_ARRAY) {
    if (!type->item || type->item->kind == CORM_TYPE_NULLTYPE || has_no_cast(type->item)) return;
    item = without_limits(type->item);
    plain.item = &item;
  }
  size_t start = out->len;
  corm_buf_puts(out, "::");
  /* A type without a name has no cast, and the server infers one. */
  if (corm_postgresql_type_name(dialect, &plain, out, &err) != CORM_OK && !out->failed) out->len = start;
}

/* -- enumerated types ---------------------------------------------------------------------------------------------- */

corm_status corm_postgresql_create_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                        corm_error *err) {
  if (!corm_postgresql_is_named(type)) return CORM_OK;
  corm_buf_puts(out, "CREATE TYPE ");
  if (corm_postgresql_type_name(dialect, type, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_puts(out, " AS ENUM (");
  for (uint32_t i = 0; i < type->nvalues; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_value value = corm_value_text(type->values[i], strlen(type->values[i]));
    if (corm_dialect_literal(dialect, type, &value, out, err) != CORM_OK) return CORM_FAILED;
  }
  corm_buf_putc(out, ')');
  return CORM_OK;
}

corm_status corm_postgresql_drop_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                      corm_error *err) {
  if (!corm_postgresql_is_named(type)) return CORM_OK;
  corm_buf_puts(out, "DROP TYPE ");
  return corm_postgresql_type_name(dialect, type, out, err);
}
