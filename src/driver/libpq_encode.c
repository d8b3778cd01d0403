/*
 * One value for the server: in the binary form of the type that it inferred, or as the text that it reads. Which kinds
 * go into which types follows what the server would take from a literal, but nothing is rounded or cut on the way.
 */
#include "driver/libpq.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"
#include "base/uuid.h"

#define EPOCH_DAYS INT64_C(10957) /* from 1970-01-01 to 2000-01-01 */
#define EPOCH_USEC (EPOCH_DAYS * CORM_USEC_PER_DAY)

/* -- numbers ------------------------------------------------------------------------------------------------------- */

static void put_int(corm_buf *out, uint64_t value, size_t size) {
  char *at = corm_pq_room(out, size);
  if (at == NULL) return;
  if (size == 8)
    corm_pq_put64(at, value);
  else if (size == 4)
    corm_pq_put32(at, (uint32_t)value);
  else
    corm_pq_put16(at, (uint16_t)value);
}

static corm_pq_fit encode_int(corm_pq_code code, int64_t value, corm_buf *out) {
  bool fits = true;
  size_t size = 8;
  switch (code) {
  case CORM_PQ_INT2:
    fits = value >= INT16_MIN && value <= INT16_MAX;
    size = 2;
    break;
  case CORM_PQ_INT4:
    fits = value >= INT32_MIN && value <= INT32_MAX;
    size = 4;
    break;
  case CORM_PQ_UINT4:
    fits = value >= 0 && value <= UINT32_MAX;
    size = 4;
    break;
  case CORM_PQ_UINT8: fits = value >= 0; break;
  default: break;
  }
  if (!fits) return CORM_PQ_RANGE;
  put_int(out, (uint64_t)value, size);
  return CORM_PQ_FITS;
}

static corm_pq_fit encode_real(corm_pq_code code, double value, corm_buf *out) {
  uint64_t bits = 0;
  if (code == CORM_PQ_FLOAT8) {
    memcpy(&bits, &value, sizeof value);
    put_int(out, bits, 8);
    return CORM_PQ_FITS;
  }
  /* Halfway to what would be the next float is rounded down to the largest one, as the server does. */
  if (isfinite(value) && fabs(value) >= 0x1.ffffffp127) return CORM_PQ_RANGE;
  float narrow = (float)value;
  uint32_t bits32;
  if (value != 0 && narrow == 0) return CORM_PQ_RANGE;
  memcpy(&bits32, &narrow, sizeof narrow);
  put_int(out, bits32, 4);
  return CORM_PQ_FITS;
}

static bool is_integer(corm_pq_code code) {
  return code == CORM_PQ_INT2 || code == CORM_PQ_INT4 || code == CORM_PQ_INT8 || code == CORM_PQ_UINT4 ||
         code == CORM_PQ_UINT8;
}

static corm_pq_fit real_to_int(corm_pq_code code, double value, corm_buf *out) {
  if (!isfinite(value)) return CORM_PQ_RANGE;
  if (value != floor(value)) return CORM_PQ_FRACTION;
  if (value < -0x1p63 || value >= 0x1p63) return CORM_PQ_RANGE;
  return encode_int(code, (int64_t)value, out);
}

static corm_pq_fit decimal_to_int(corm_pq_code code, const char *text, size_t len, corm_buf *out) {
  bool negative = len > 0 && text[0] == '-';
  uint64_t size = 0;
  size_t i = negative ? 1 : 0;
  for (; i < len && text[i] != '.'; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (size > (UINT64_MAX - digit) / 10) return CORM_PQ_RANGE;
    size = size * 10 + digit;
  }
  for (; i < len; i++) {
    if (text[i] != '.' && text[i] != '0') return CORM_PQ_FRACTION;
  }
  if (size > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return CORM_PQ_RANGE;
  return encode_int(code, negative ? (int64_t)(0 - size) : (int64_t)size, out);
}

static corm_pq_fit real_to_numeric(double value, corm_buf *out) {
  if (!isfinite(value)) return CORM_PQ_RANGE;
  corm_buf text, canonical;
  corm_pq_fit fit = CORM_PQ_RANGE;
  corm_buf_init(&text, out->mem);
  corm_buf_init(&canonical, out->mem);
  corm_buf_real(&text, value);
  bool ok = !text.failed && corm_decimal_parse(text.ptr, text.len, &canonical);
  if (text.failed || canonical.failed) {
    out->failed = true;
    fit = CORM_PQ_FITS;
  } else if (ok) {
    fit = corm_pq_numeric_encode(canonical.ptr, canonical.len, out);
  }
  corm_buf_clear(&text);
  corm_buf_clear(&canonical);
  return fit;
}

static corm_pq_fit int_to_numeric(int64_t value, corm_buf *out) {
  char digits[20];
  char *first = digits + sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    *--first = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) *--first = '-';
  return corm_pq_numeric_encode(first, (size_t)(digits + sizeof digits - first), out);
}

static corm_pq_fit encode_number(corm_pq_code code, const corm_value *value, corm_buf *out) {
  bool integer = is_integer(code);
  bool numeric = code == CORM_PQ_NUMERIC;
  double real;
  switch (value->kind) {
  case CORM_INT:
    if (integer) return encode_int(code, value->as.i, out);
    return numeric ? int_to_numeric(value->as.i, out) : encode_real(code, (double)value->as.i, out);
  case CORM_REAL:
    if (integer) return real_to_int(code, value->as.f, out);
    return numeric ? real_to_numeric(value->as.f, out) : encode_real(code, value->as.f, out);
  case CORM_DECIMAL:
    if (integer) return decimal_to_int(code, value->as.s, value->len, out);
    if (numeric) return corm_pq_numeric_encode(value->as.s, value->len, out);
    real = corm_decimal_to_real(value->as.s, value->len);
    return isfinite(real) ? encode_real(code, real, out) : CORM_PQ_RANGE;
  default: return CORM_PQ_KIND;
  }
}

/* -- dates and times ----------------------------------------------------------------------------------------------- */

/* The extreme numbers are the server's infinities. */
static corm_pq_fit encode_date(const corm_value *value, corm_buf *out) {
  int64_t days = value->as.i;
  if (value->kind == CORM_DATETIME) {
    if (days % CORM_USEC_PER_DAY != 0) return CORM_PQ_FRACTION;
    days /= CORM_USEC_PER_DAY;
  } else if (value->kind != CORM_DATE) {
    return CORM_PQ_KIND;
  }
  if (days <= INT32_MIN + EPOCH_DAYS || days >= INT32_MAX + EPOCH_DAYS) return CORM_PQ_RANGE;
  put_int(out, (uint64_t)(days - EPOCH_DAYS), 4);
  return CORM_PQ_FITS;
}

static corm_pq_fit encode_timestamp(const corm_value *value, corm_buf *out) {
  int64_t usec = value->as.i;
  if (value->kind == CORM_DATE) {
    if (usec < CORM_DATE_MIN || usec > CORM_DATE_MAX) return CORM_PQ_RANGE;
    usec *= CORM_USEC_PER_DAY;
  } else if (value->kind != CORM_DATETIME) {
    return CORM_PQ_KIND;
  }
  if (usec <= INT64_MIN + EPOCH_USEC) return CORM_PQ_RANGE;
  put_int(out, (uint64_t)(usec - EPOCH_USEC), 8);
  return CORM_PQ_FITS;
}

static corm_pq_fit encode_time(corm_pq_code code, const corm_value *value, corm_buf *out) {
  if (value->kind != CORM_TIME) return CORM_PQ_KIND;
  if (value->as.i < 0 || value->as.i > CORM_USEC_PER_DAY) return CORM_PQ_RANGE;
  put_int(out, (uint64_t)value->as.i, 8);
  if (code == CORM_PQ_TIMETZ) put_int(out, 0, 4);
  return CORM_PQ_FITS;
}

static corm_pq_fit encode_interval(const corm_value *value, corm_buf *out) {
  if (value->kind != CORM_INTERVAL) return CORM_PQ_KIND;
  put_int(out, (uint64_t)(value->as.i % CORM_USEC_PER_DAY), 8);
  put_int(out, (uint64_t)(value->as.i / CORM_USEC_PER_DAY), 4);
  put_int(out, 0, 4); /* months */
  return CORM_PQ_FITS;
}

/* -- bytes --------------------------------------------------------------------------------------------------------- */

/* PostgreSQL's text cannot hold NUL: in text format it would be cut there, without an error. */
static corm_pq_fit encode_bytes(const corm_value *value, bool text, corm_buf *out) {
  if (value->len == 0) return CORM_PQ_FITS;
  if (text && memchr(value->as.s, '\0', value->len) != NULL) return CORM_PQ_NUL;
  char *at = corm_pq_room(out, value->len);
  if (at != NULL) memcpy(at, value->as.s, value->len);
  return CORM_PQ_FITS;
}

static corm_pq_fit encode_json(corm_pq_code code, const corm_value *value, corm_buf *out) {
  if (value->kind != CORM_JSON && value->kind != CORM_TEXT && value->kind != CORM_ARRAY) return CORM_PQ_KIND;
  if (code == CORM_PQ_JSONB) corm_buf_putc(out, 1); /* version of the format */
  return encode_bytes(value, true, out);
}

corm_pq_fit corm_pq_encode(const corm_pq_type *type, const corm_value *value, corm_buf *out) {
  corm_pq_code code = type->code;
  if (code == CORM_PQ_TEXT) {
    if (value->kind == CORM_TEXT) return encode_bytes(value, true, out);
    return value->kind == CORM_BLOB ? CORM_PQ_KIND : corm_pq_text_form(NULL, value, out);
  }
  if (code == CORM_PQ_JSON || code == CORM_PQ_JSONB) return encode_json(code, value, out);
  if (value->kind == CORM_TEXT) return CORM_PQ_AS_TEXT;
  switch (code) {
  case CORM_PQ_BOOL:
    if (value->kind != CORM_BOOL) return CORM_PQ_KIND;
    corm_buf_putc(out, value->as.i != 0 ? 1 : 0);
    return CORM_PQ_FITS;
  case CORM_PQ_UUID: return value->kind == CORM_UUID ? encode_bytes(value, false, out) : CORM_PQ_KIND;
  case CORM_PQ_BYTEA: return value->kind == CORM_BLOB ? encode_bytes(value, false, out) : CORM_PQ_KIND;
  case CORM_PQ_DATE: return encode_date(value, out);
  case CORM_PQ_TIME:
  case CORM_PQ_TIMETZ: return encode_time(code, value, out);
  case CORM_PQ_TIMESTAMP:
  case CORM_PQ_TIMESTAMPTZ: return encode_timestamp(value, out);
  case CORM_PQ_INTERVAL: return encode_interval(value, out);
  default: return encode_number(code, value, out);
  }
}

/* -- text ---------------------------------------------------------------------------------------------------------- */

static void put_hex(const corm_value *value, corm_buf *out) {
  static const char digits[] = "0123456789abcdef";
  char *at = corm_pq_room(out, 2 + 2 * (size_t)value->len);
  if (at == NULL) return;
  *at++ = '\\';
  *at++ = 'x';
  for (uint32_t i = 0; i < value->len; i++) {
    unsigned byte = (unsigned char)value->as.s[i];
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
  }
}

static corm_pq_fit put_formatted(const corm_value *value, corm_buf *out) {
  char text[CORM_TIME_TEXT];
  size_t len;
  switch (value->kind) {
  case CORM_DATE: len = corm_date_format(value->as.i, text); break;
  case CORM_TIME: len = corm_time_format(value->as.i, false, text); break;
  case CORM_DATETIME: len = corm_datetime_format(value->as.i, false, text); break;
  default: len = corm_interval_format(value->as.i, text); break;
  }
  if (len == 0) return CORM_PQ_RANGE;
  corm_buf_add(out, text, len);
  return CORM_PQ_FITS;
}

corm_pq_fit corm_pq_text_form(const corm_pq_type *type, const corm_value *value, corm_buf *out) {
  char uuid[37];
  switch (value->kind) {
  case CORM_BOOL: corm_buf_puts(out, value->as.i != 0 ? "true" : "false"); return CORM_PQ_FITS;
  case CORM_INT: corm_buf_int(out, value->as.i); return CORM_PQ_FITS;
  case CORM_REAL: corm_buf_real(out, value->as.f); return CORM_PQ_FITS;
  case CORM_BLOB: put_hex(value, out); return CORM_PQ_FITS;
  case CORM_UUID:
    corm_uuid_format((const unsigned char *)value->as.s, uuid);
    corm_buf_add(out, uuid, 36);
    return CORM_PQ_FITS;
  case CORM_TEXT:
  case CORM_DECIMAL:
  case CORM_JSON: return encode_bytes(value, true, out);
  case CORM_ARRAY: return corm_pq_array_literal(type, value->as.s, value->len, out);
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME:
  case CORM_INTERVAL: return put_formatted(value, out);
  default: return CORM_PQ_KIND;
  }
}
