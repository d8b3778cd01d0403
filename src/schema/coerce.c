/* From the values of a host to the canonical ones: see corm_type_coerce in schema/type.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/str.h"
#include "base/time.h"
#include "base/uuid.h"
#include "schema/array.h"
#include "schema/type.h"

#define SHOWN_BYTES  60
#define EXACT_DOUBLE (INT64_C(1) << 53)
#define REAL_DIGITS  15

typedef struct coercion {
  const corm_type *type;
  const corm_value *in;
  const char *what;
  corm_scratch *scratch;
  corm_value *out;
  corm_error *err;
} coercion;

/* DataError "what: value message". */
CORM_PRINTF(2, 3) static corm_status refuse(const coercion *c, const char *format, ...) {
  char message[256];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  corm_buf value;
  corm_buf_init(&value, c->scratch->buf.mem);
  corm_value_describe(c->in, SHOWN_BYTES, &value);
  const char *text = corm_buf_str(&value);
  corm_status status = text ? corm_error_set(c->err, CORM_E_DATA, "%s%s%s %s", c->what ? c->what : "",
                                             c->what ? ": " : "", text, message)
                            : corm_error_memory(c->err);
  corm_buf_clear(&value);
  return status;
}

/* The value without its holder's flags; the bytes stay where they are. */
static corm_status keep(const coercion *c) {
  *c->out = (corm_value){.as = c->in->as, .len = c->in->len, .kind = c->in->kind};
  return CORM_OK;
}

static corm_status give_int(const coercion *c, corm_value_kind kind, int64_t value) {
  *c->out = corm_value_int(value);
  c->out->kind = (uint8_t)kind;
  return CORM_OK;
}

/* What was written to the scratch's buffer. */
static corm_status give_buf(const coercion *c, corm_value_kind kind) {
  const corm_buf *buf = &c->scratch->buf;
  const char *text = corm_buf_str(buf);
  if (!text) return corm_error_memory(c->err);
  if (buf->len > UINT32_MAX) return refuse(c, "is too long");
  *c->out = corm_value_text(text, buf->len);
  c->out->kind = (uint8_t)kind;
  return CORM_OK;
}

/* Exact: a double below 2^63 that has no fraction is an integer. */
static bool is_integral(double value) {
  return value >= -0x1p63 && value < 0x1p63 && value == floor(value);
}

void corm_decimal_from_real(double value, corm_buf *out) {
  if (is_integral(value)) {
    corm_buf_int(out, (int64_t)value);
    return;
  }
  /* No double needs more: sign, "0.", 323 zeros and 17 digits; or 309 digits. */
  char text[400];
  size_t start = out->len;
  corm_buf_real(out, value);
  if (out->failed) return;
  size_t len = out->len - start;
  memcpy(text, out->ptr + start, len);
  out->len = start;
  corm_decimal_parse(text, len, out);
  if (out->failed) return;
  int before, after, significant;
  corm_decimal_digits(out->ptr + start, out->len - start, &before, &after, &significant);
  if (after == 0 || significant <= REAL_DIGITS) return;
  len = out->len - start;
  memcpy(text, out->ptr + start, len);
  out->len = start;
  int scale = after - (significant - REAL_DIGITS);
  corm_decimal_round(text, len, scale > 0 ? scale : 0, out);
  if (out->failed || scale <= 0) return;
  while (out->ptr[out->len - 1] == '0') out->len--;
  if (out->ptr[out->len - 1] == '.') out->len--;
  out->ptr[out->len] = '\0';
}

/* -- one function for each canonical kind -------------------------------------------------------------------------- */

static corm_status to_int(const coercion *c) {
  int64_t value;
  if (c->in->kind == CORM_INT) {
    value = c->in->as.i;
  } else if (c->in->kind == CORM_REAL && is_integral(c->in->as.f)) {
    value = (int64_t)c->in->as.f;
  } else if (c->in->kind == CORM_REAL && isfinite(c->in->as.f) && c->in->as.f == floor(c->in->as.f)) {
    return refuse(c, "is out of the range of 64-bit integers");
  } else {
    return refuse(c, "is not an integer");
  }
  if (c->type->kind == CORM_TYPE_SMALLINT && (value < INT16_MIN || value > INT16_MAX)) {
    return refuse(c, "is out of the range of SmallInteger, %d to %d", INT16_MIN, INT16_MAX);
  }
  return give_int(c, CORM_INT, value);
}

static corm_status to_bool(const coercion *c) {
  const corm_value *in = c->in;
  bool number = (in->kind == CORM_INT && (in->as.i == 0 || in->as.i == 1)) ||
                (in->kind == CORM_REAL && (in->as.f == 0 || in->as.f == 1));
  if (in->kind != CORM_BOOL && !number) return refuse(c, "is not a boolean (true, false, 1 or 0)");
  return give_int(c, CORM_BOOL, in->kind == CORM_REAL ? in->as.f == 1 : in->as.i);
}

static corm_status to_real(const coercion *c) {
  const corm_value *in = c->in;
  double value;
  switch ((corm_value_kind)in->kind) {
  case CORM_REAL: value = in->as.f; break;
  case CORM_INT:
    if (in->as.i > EXACT_DOUBLE || in->as.i < -EXACT_DOUBLE) {
      double near = (double)in->as.i;
      if (!is_integral(near) || (int64_t)near != in->as.i) return refuse(c, "is not exact as a float");
    }
    value = (double)in->as.i;
    break;
  case CORM_DECIMAL: value = corm_decimal_to_real(in->as.s, in->len); break;
  default: return refuse(c, "is not a number");
  }
  if (isnan(value)) return refuse(c, "(not a number) cannot be stored");
  *c->out = corm_value_real(value);
  return CORM_OK;
}

static corm_status to_decimal(const coercion *c) {
  const corm_value *in = c->in;
  corm_buf *buf = &c->scratch->buf;
  switch ((corm_value_kind)in->kind) {
  case CORM_DECIMAL: return keep(c);
  case CORM_INT: corm_buf_int(buf, in->as.i); break;
  case CORM_REAL:
    if (!isfinite(in->as.f)) return refuse(c, "has no decimal form");
    corm_decimal_from_real(in->as.f, buf);
    break;
  case CORM_TEXT:
    if (!corm_decimal_parse(in->as.s, in->len, buf)) return refuse(c, "is not a decimal number");
    break;
  default: return refuse(c, "is not a number");
  }
  return give_buf(c, CORM_DECIMAL);
}

static corm_status check_text(const coercion *c) {
  const corm_value *in = c->in;
  if (in->kind != CORM_TEXT) return refuse(c, "is not a string");
  if (!corm_utf8_valid(in->as.s, in->len)) return refuse(c, "is not valid UTF-8");
  const char *nul = in->len ? memchr(in->as.s, '\0', in->len) : NULL;
  if (nul) return refuse(c, "has a NUL at byte %zu", (size_t)(nul - in->as.s) + 1);
  return CORM_OK;
}

static corm_status check_enum(const coercion *c) {
  const corm_type *type = c->type;
  if (type->unchecked) return CORM_OK;
  for (uint32_t i = 0; i < type->nvalues; i++) {
    if (strlen(type->values[i]) == c->in->len && memcmp(type->values[i], c->in->as.s, c->in->len) == 0) return CORM_OK;
  }
  char typed[65];
  size_t len = c->in->len < sizeof typed ? c->in->len : sizeof typed - 1;
  memcpy(typed, c->in->as.s, len);
  typed[len] = '\0';
  const char *nearest = corm_name_nearest(typed, type->values, type->nvalues);
  refuse(c, "is not among the values of Enum%s%s", type->name ? " " : "", type->name ? type->name : "");
  if (nearest) corm_error_hint(c->err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

static corm_status to_text(const coercion *c) {
  if (check_text(c) != CORM_OK) return CORM_FAILED;
  if (c->type->kind == CORM_TYPE_ENUM && c->type->nvalues > 0) {
    if (check_enum(c) != CORM_OK) return CORM_FAILED;
  } else if (c->type->length >= 0 && c->in->len > (uint32_t)c->type->length) {
    size_t length = corm_utf8_length(c->in->as.s, c->in->len);
    if (length > (size_t)c->type->length) {
      return refuse(c, "has %zu characters, %s(%d) takes at most %d", length, corm_type_label(c->type),
                    (int)c->type->length, (int)c->type->length);
    }
  }
  return keep(c);
}

static corm_status to_blob(const coercion *c) {
  if (c->in->kind != CORM_BLOB && c->in->kind != CORM_TEXT) return refuse(c, "is not a string of bytes");
  keep(c);
  c->out->kind = CORM_BLOB;
  return CORM_OK;
}

static corm_status to_date(const coercion *c) {
  int64_t days;
  const corm_value *in = c->in;
  if (in->kind == CORM_DATE) return keep(c);
  if (in->kind == CORM_DATETIME && in->as.i % CORM_USEC_PER_DAY == 0)
    return give_int(c, CORM_DATE, in->as.i / CORM_USEC_PER_DAY);
  if (in->kind != CORM_TEXT || !corm_date_parse(in->as.s, in->len, &days))
    return refuse(c, "is not a date (YYYY-MM-DD)");
  return give_int(c, CORM_DATE, days);
}

static corm_status to_time(const coercion *c) {
  int64_t usec;
  const corm_value *in = c->in;
  if (in->kind == CORM_TIME) return keep(c);
  if (in->kind != CORM_TEXT || !corm_time_parse(in->as.s, in->len, &usec)) return refuse(c, "is not a time (HH:MM:SS)");
  return give_int(c, CORM_TIME, usec);
}

static corm_status to_datetime(const coercion *c) {
  int64_t usec;
  bool has_zone = false;
  const corm_value *in = c->in;
  if (in->kind == CORM_DATETIME) return keep(c);
  if (in->kind == CORM_DATE) return give_int(c, CORM_DATETIME, in->as.i * CORM_USEC_PER_DAY);
  if (in->kind != CORM_TEXT || !corm_datetime_parse(in->as.s, in->len, &usec, &has_zone)) {
    return refuse(c, "is not a datetime (YYYY-MM-DD HH:MM:SS)");
  }
  if (has_zone && !c->type->timezone) return refuse(c, "has an offset from UTC, and the column has no timezone");
  return give_int(c, CORM_DATETIME, usec);
}

static corm_status to_interval(const coercion *c) {
  return c->in->kind == CORM_INTERVAL ? keep(c) : refuse(c, "is not an interval");
}

static corm_status to_uuid(const coercion *c) {
  unsigned char uuid[16];
  const corm_value *in = c->in;
  if (in->kind == CORM_UUID) return keep(c);
  if (in->kind != CORM_TEXT || !corm_uuid_parse(in->as.s, in->len, uuid)) return refuse(c, "is not a UUID");
  memcpy(c->scratch->bytes, uuid, sizeof uuid);
  *c->out = corm_value_text(c->scratch->bytes, sizeof uuid);
  c->out->kind = CORM_UUID;
  return CORM_OK;
}

/* A key or a position is itself, not the JSON text of it. */
static corm_status to_json_part(const coercion *c) {
  const corm_value *in = c->in;
  if (in->kind == CORM_TEXT && (!corm_utf8_valid(in->as.s, in->len) || (in->len && memchr(in->as.s, 0, in->len))))
    return refuse(c, "is no key: it holds a NUL or is no UTF-8");
  if (in->kind == CORM_TEXT || in->kind == CORM_INT || in->kind == CORM_JSON) return keep(c);
  return refuse(c, "is no index of JSON: an integer, a string or a list of them");
}

static corm_status to_json(const coercion *c) {
  const corm_value *in = c->in;
  if (c->type->json_part) return to_json_part(c);
  corm_buf *buf = &c->scratch->buf;
  switch ((corm_value_kind)in->kind) {
  case CORM_JSON: return keep(c);
  case CORM_BOOL: corm_buf_puts(buf, in->as.i ? "true" : "false"); break;
  case CORM_INT: corm_buf_int(buf, in->as.i); break;
  case CORM_REAL:
    if (!isfinite(in->as.f)) return refuse(c, "has no JSON form");
    corm_buf_real(buf, in->as.f);
    break;
  case CORM_TEXT:
    if (!corm_utf8_valid(in->as.s, in->len)) return refuse(c, "is not valid UTF-8");
    corm_json_string(in->as.s, in->len, buf);
    break;
  default: return refuse(c, "has no JSON form");
  }
  return give_buf(c, CORM_JSON);
}

/* Items were coerced one by one when the array was made. */
static corm_status check_array(const coercion *c) {
  return c->in->kind == CORM_ARRAY ? keep(c) : refuse(c, "is not an array");
}

bool corm_type_takes(const corm_type *type, const corm_value *value) {
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_INTEGER:
  case CORM_TYPE_BIGINT: return value->kind == CORM_INT;
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE: return value->kind == CORM_REAL && !type->asdecimal && !isnan(value->as.f);
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT:
    if (value->kind != CORM_TEXT || (type->length >= 0 && value->len > (uint32_t)type->length)) return false;
    return value->len == 0 || (corm_utf8_valid(value->as.s, value->len) && !memchr(value->as.s, '\0', value->len));
  default: return false;
  }
}

corm_status corm_type_coerce(const corm_type *type, const corm_value *in, const char *what, corm_scratch *scratch,
                             corm_value *out, corm_error *err) {
  coercion c = {type, in, what, scratch, out, err};
  corm_buf_reset(&scratch->buf);
  if (in->kind == CORM_NULL) return keep(&c);
  switch (corm_type_value_kind(type)) {
  case CORM_INT: return to_int(&c);
  case CORM_BOOL: return to_bool(&c);
  case CORM_REAL: return to_real(&c);
  case CORM_DECIMAL: return to_decimal(&c);
  case CORM_TEXT: return to_text(&c);
  case CORM_BLOB: return to_blob(&c);
  case CORM_DATE: return to_date(&c);
  case CORM_TIME: return to_time(&c);
  case CORM_DATETIME: return to_datetime(&c);
  case CORM_INTERVAL: return to_interval(&c);
  case CORM_UUID: return to_uuid(&c);
  case CORM_JSON: return to_json(&c);
  case CORM_ARRAY: return check_array(&c);
  default: return keep(&c);
  }
}
