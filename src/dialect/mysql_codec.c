/* What libmariadb moves as it is stays as it is; the server has no booleans, intervals, infinities and UUIDs. */
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/str.h"
#include "base/time.h"
#include "base/uuid.h"
#include "dialect/ansi.h"
#include "dialect/json_path.h"
#include "dialect/mysql.h"
#include "dialect/native_codec.h"

#define DECIMAL_DIGITS 65
#define DECIMAL_SCALE  30 /* of every server; a type that says more is one of MariaDB's, which goes up to 38 */

/* -- out ----------------------------------------------------------------------------------------------------------- */

static corm_status keep_as(const corm_value *in, corm_value_kind kind, corm_value *out) {
  *out = (corm_value){.as = in->as, .len = in->len, .kind = (uint8_t)kind};
  return CORM_OK;
}

/* More digits after the point than the server keeps are rounded there without an error. */
static corm_status store_decimal(const corm_type *type, const corm_value *in, corm_value *out, corm_error *err) {
  const char *text = in->as.s;
  size_t len = in->len;
  if (memchr(text, '.', len)) {
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
  }
  int before, after, significant;
  corm_decimal_digits(text, len, &before, &after, &significant);
  int scale = type && type->scale > DECIMAL_SCALE ? type->scale : DECIMAL_SCALE;
  if (after > scale || before + after > DECIMAL_DIGITS) {
    return corm_error_set(err, CORM_E_DATA,
                          "%.60s%s would lose digits: the server keeps %d of a decimal number, %d of them after the "
                          "point",
                          text, in->len > 60 ? "..." : "", DECIMAL_DIGITS, scale);
  }
  return keep_as(in, CORM_DECIMAL, out);
}

static corm_status store_interval(const corm_value *in, corm_value *out, corm_error *err) {
  if (in->as.i < CORM_DATETIME_MIN || in->as.i > CORM_DATETIME_MAX) {
    return corm_error_set(err, CORM_E_DATA,
                          "an interval is out of range: it is stored as the datetime that lies so "
                          "far from 1970-01-01, in the years 1 to 9999");
  }
  return keep_as(in, CORM_DATETIME, out);
}

/* Text of a column was looked at when it was coerced. */
static corm_status store_text(const corm_type *type, const corm_value *in, corm_value *out, corm_error *err) {
  bool known = type && type->kind != CORM_TYPE_NULLTYPE;
  if (!known && in->len && !corm_utf8_valid(in->as.s, in->len)) {
    return corm_error_set(err, CORM_E_DATA,
                          "a string that is not valid UTF-8 cannot be sent as text: bind it as "
                          "LargeBinary");
  }
  return keep_as(in, CORM_TEXT, out);
}

static corm_status store_uuid(const corm_value *in, bool hyphens, corm_scratch *scratch, corm_value *out) {
  char text[37];
  if (hyphens) {
    corm_uuid_format((const unsigned char *)in->as.s, text);
  } else {
    corm_uuid_hex((const unsigned char *)in->as.s, text);
  }
  memcpy(scratch->bytes, text, sizeof text);
  *out = corm_value_text(scratch->bytes, strlen(text));
  return CORM_OK;
}

static corm_status encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in, bool hyphens,
                          corm_scratch *scratch, corm_value *out, corm_error *err) {
  if (type && type->json_part) {
    return corm_json_part_text(hyphens ? corm_json_path_mariadb : corm_json_path_mysql, in, scratch, out, err);
  }
  switch ((corm_value_kind)in->kind) {
  case CORM_BOOL: return keep_as(in, CORM_INT, out);
  case CORM_REAL:
    if (isfinite(in->as.f)) return keep_as(in, CORM_REAL, out);
    return corm_error_set(err, CORM_E_DATA, "%s cannot be stored: %s has no such number",
                          isnan(in->as.f) ? "NaN" : "an infinite number", dialect->name);
  case CORM_DECIMAL: return store_decimal(type, in, out, err);
  case CORM_INTERVAL: return store_interval(in, out, err);
  case CORM_TEXT: return store_text(type, in, out, err);
  case CORM_JSON: return keep_as(in, CORM_TEXT, out);
  case CORM_UUID: return store_uuid(in, hyphens && !(type && type->bare), scratch, out);
  case CORM_ARRAY:
    return corm_error_set(err, CORM_E_DATA, "%s has no arrays; JSON holds a list on every database", dialect->name);
  default: return corm_native_encode(dialect, type, in, scratch, out, err);
  }
}

corm_status corm_mysql_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                              corm_scratch *scratch, corm_value *out, corm_error *err) {
  return encode(dialect, type, in, false, scratch, out, err);
}

corm_status corm_mariadb_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                                corm_scratch *scratch, corm_value *out, corm_error *err) {
  return encode(dialect, type, in, true, scratch, out, err);
}

/* -- and back ------------------------------------------------------------------------------------------------------ */

static bool is_unscaled(const corm_type *type) {
  return type->kind == CORM_TYPE_NUMERIC && type->precision < 0 && type->scale < 0;
}

/* A column without a precision has thirty digits after the point; those that are zero were never written. */
static corm_status load_unscaled(const corm_value *in, corm_value *out) {
  keep_as(in, CORM_DECIMAL, out);
  if (!memchr(in->as.s, '.', in->len)) return CORM_OK;
  while (out->as.s[out->len - 1] == '0') out->len--;
  if (out->as.s[out->len - 1] == '.') out->len--;
  return CORM_OK;
}

/* A duration that is shorter than a day comes as a time. */
static corm_status load_interval(const corm_type *type, const corm_value *in, corm_scratch *scratch, corm_value *out,
                                 corm_error *err) {
  switch ((corm_value_kind)in->kind) {
  case CORM_DATETIME:
  case CORM_TIME:
  case CORM_INTERVAL: return keep_as(in, CORM_INTERVAL, out);
  default: return corm_ansi_load(type, in, scratch, out, err);
  }
}

/* Functions return text as bytes when one of their arguments is bytes. */
static bool is_text_in_bytes(const corm_type *type, const corm_value *in) {
  if (in->kind != CORM_BLOB) return false;
  switch (corm_type_value_kind(type)) {
  case CORM_TEXT:
  case CORM_JSON: return in->len == 0 || (corm_utf8_valid(in->as.s, in->len) && !memchr(in->as.s, '\0', in->len));
  default: return false;
  }
}

corm_status corm_mysql_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                              corm_scratch *scratch, corm_value *out, corm_error *err) {
  corm_value text;
  if (!type || in->kind == CORM_NULL) return corm_native_decode(dialect, type, in, scratch, out, err);
  if (type->kind == CORM_TYPE_INTERVAL) return load_interval(type, in, scratch, out, err);
  if (in->kind == CORM_DECIMAL && is_unscaled(type)) return load_unscaled(in, out);
  if (is_text_in_bytes(type, in)) {
    keep_as(in, CORM_TEXT, &text);
    in = &text;
  }
  return corm_native_decode(dialect, type, in, scratch, out, err);
}

bool corm_mysql_is_plain(const corm_dialect *dialect, const corm_type *type) {
  if (type->json_part) return false;
  switch (corm_type_value_kind(type)) {
  case CORM_BOOL:
  case CORM_INTERVAL:
  case CORM_UUID:
  case CORM_ARRAY: return false;
  case CORM_DECIMAL: return !is_unscaled(type);
  default: return corm_native_is_plain(dialect, type);
  }
}
