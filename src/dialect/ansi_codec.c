/* The storage forms that SQLAlchemy uses on a database without types of its own, and the way back. */
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"
#include "base/uuid.h"
#include "dialect/ansi.h"

#define SHOWN_BYTES 60

static corm_status give_text(const char *text, size_t len, corm_scratch *scratch, corm_value *out) {
  memcpy(scratch->bytes, text, len);
  *out = corm_value_text(scratch->bytes, len);
  return CORM_OK;
}

/* -- to storage ---------------------------------------------------------------------------------------------------- */

static corm_status store_time(const corm_value *in, bool fraction, corm_scratch *scratch, corm_value *out,
                              corm_error *err) {
  char text[CORM_TIME_TEXT];
  size_t len;
  switch ((corm_value_kind)in->kind) {
  case CORM_DATE: len = corm_date_format(in->as.i, text); break;
  case CORM_TIME: len = corm_time_format(in->as.i, fraction, text); break;
  default: len = corm_datetime_format(in->as.i, fraction, text); break;
  }
  if (len == 0) {
    return corm_error_set(err, CORM_E_DATA, "a%s %s is out of range: years 1 to 9999 can be stored",
                          in->kind == CORM_INTERVAL ? "n" : "", corm_value_kind_name((corm_value_kind)in->kind));
  }
  return give_text(text, len, scratch, out);
}

corm_status corm_ansi_store(const corm_value *in, bool fraction, corm_scratch *scratch, corm_value *out,
                            corm_error *err) {
  corm_value value = {.as = in->as, .len = in->len, .kind = in->kind};
  switch ((corm_value_kind)in->kind) {
  case CORM_BOOL: value.kind = CORM_INT; break;
  case CORM_DECIMAL:
  case CORM_JSON: value.kind = CORM_TEXT; break;
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME:
  case CORM_INTERVAL: return store_time(in, fraction, scratch, out, err);
  case CORM_UUID: {
    char hex[33];
    corm_uuid_hex((const unsigned char *)in->as.s, hex);
    return give_text(hex, 32, scratch, out);
  }
  case CORM_ABSENT:
  case CORM_VALUE_KIND_COUNT: return corm_error_set(err, CORM_E_DATA, "a value that is absent cannot be stored");
  default: break;
  }
  *out = value;
  return CORM_OK;
}

/* -- and back ------------------------------------------------------------------------------------------------------ */

typedef struct loading {
  const corm_type *type;
  const corm_value *in;
  corm_scratch *scratch;
  corm_value *out;
  corm_error *err;
} loading;

corm_status corm_ansi_refuse(const corm_type *type, const corm_value *in, corm_scratch *scratch, corm_error *err) {
  corm_buf value;
  corm_buf_init(&value, scratch->buf.mem);
  corm_value_describe(in, SHOWN_BYTES, &value);
  const char *text = corm_buf_str(&value);
  corm_status status =
      text ? corm_error_set(err, CORM_E_DATA, "the stored %s %s cannot be read as %s",
                            corm_value_kind_name((corm_value_kind)in->kind), text, corm_type_label(type))
           : corm_error_memory(err);
  corm_buf_clear(&value);
  return status;
}

static corm_status refuse(const loading *l) {
  return corm_ansi_refuse(l->type, l->in, l->scratch, l->err);
}

static corm_status keep_as(const loading *l, corm_value_kind kind) {
  *l->out = (corm_value){.as = l->in->as, .len = l->in->len, .kind = (uint8_t)kind};
  return CORM_OK;
}

static corm_status give_int(const loading *l, corm_value_kind kind, int64_t value) {
  *l->out = corm_value_int(value);
  l->out->kind = (uint8_t)kind;
  return CORM_OK;
}

static corm_status give_buf(const loading *l, corm_value_kind kind) {
  const char *text = corm_buf_str(&l->scratch->buf);
  if (!text) return corm_error_memory(l->err);
  *l->out = corm_value_text(text, l->scratch->buf.len);
  l->out->kind = (uint8_t)kind;
  return CORM_OK;
}

static bool is_integral(double value) {
  return value >= -0x1p63 && value < 0x1p63 && value == floor(value);
}

static corm_status load_int(const loading *l) {
  if (l->in->kind == CORM_INT) return keep_as(l, CORM_INT);
  if (l->in->kind == CORM_REAL && is_integral(l->in->as.f)) return give_int(l, CORM_INT, (int64_t)l->in->as.f);
  if (l->in->kind == CORM_REAL && l->type->asdecimal) return keep_as(l, CORM_REAL);
  return refuse(l);
}

static corm_status load_bool(const loading *l) {
  int64_t value;
  if (l->in->kind == CORM_INT) {
    value = l->in->as.i;
  } else if (l->in->kind == CORM_REAL && is_integral(l->in->as.f)) {
    value = (int64_t)l->in->as.f;
  } else {
    return refuse(l);
  }
  return value == 0 || value == 1 ? give_int(l, CORM_BOOL, value) : refuse(l);
}

static corm_status load_real(const loading *l) {
  if (l->in->kind == CORM_REAL) return keep_as(l, CORM_REAL);
  if (l->in->kind != CORM_INT) return refuse(l);
  double value = (double)l->in->as.i;
  if (!is_integral(value) || (int64_t)value != l->in->as.i) return refuse(l);
  *l->out = corm_value_real(value);
  return CORM_OK;
}

/* The scale that a float cannot keep ("1.50" is stored as 1.5) is the type's. */
static corm_status load_decimal(const loading *l) {
  corm_buf *buf = &l->scratch->buf;
  switch ((corm_value_kind)l->in->kind) {
  case CORM_INT: corm_buf_int(buf, l->in->as.i); break;
  case CORM_REAL:
    if (!isfinite(l->in->as.f)) return refuse(l);
    corm_decimal_from_real(l->in->as.f, buf);
    break;
  case CORM_TEXT:
    if (!corm_decimal_parse(l->in->as.s, l->in->len, buf)) return refuse(l);
    break;
  default: return refuse(l);
  }
  char exact[CORM_DECIMAL_MAX + 8];
  int scale = l->type->return_scale >= 0 ? l->type->return_scale : l->type->scale;
  if (!buf->failed && scale >= 0 && buf->len <= sizeof exact) {
    size_t len = buf->len;
    memcpy(exact, buf->ptr, len);
    corm_buf_reset(buf);
    corm_decimal_round(exact, len, scale, buf);
  }
  return give_buf(l, CORM_DECIMAL);
}

static bool is_enum_value(const corm_type *type, const corm_value *value) {
  for (uint32_t i = 0; i < type->nvalues; i++) {
    if (strlen(type->values[i]) == value->len && memcmp(type->values[i], value->as.s, value->len) == 0) return true;
  }
  return type->nvalues == 0;
}

static corm_status load_text(const loading *l) {
  if (l->type->kind == CORM_TYPE_ENUM && (l->in->kind != CORM_TEXT || !is_enum_value(l->type, l->in))) return refuse(l);
  if (l->in->kind == CORM_TEXT) return keep_as(l, CORM_TEXT);
  if (l->in->kind != CORM_INT) return refuse(l);
  corm_buf_int(&l->scratch->buf, l->in->as.i);
  return give_buf(l, CORM_TEXT);
}

static corm_status load_date(const loading *l) {
  int64_t number;
  const corm_value *in = l->in;
  if (in->kind != CORM_TEXT) return refuse(l);
  if (corm_date_parse(in->as.s, in->len, &number)) return give_int(l, CORM_DATE, number);
  if (!corm_datetime_parse(in->as.s, in->len, &number, NULL) || number % CORM_USEC_PER_DAY != 0) return refuse(l);
  return give_int(l, CORM_DATE, number / CORM_USEC_PER_DAY);
}

static corm_status load_time(const loading *l) {
  int64_t usec;
  if (l->in->kind != CORM_TEXT || !corm_time_parse(l->in->as.s, l->in->len, &usec)) return refuse(l);
  return give_int(l, CORM_TIME, usec);
}

/* An offset from UTC would move the clock's hands of a datetime without a zone. */
static corm_status load_datetime(const loading *l, corm_value_kind kind) {
  int64_t usec;
  bool has_zone = false;
  bool zoned = kind == CORM_DATETIME && l->type->timezone;
  if (l->in->kind != CORM_TEXT) return refuse(l);
  if (!corm_datetime_parse(l->in->as.s, l->in->len, &usec, zoned ? &has_zone : NULL)) return refuse(l);
  return give_int(l, kind, usec);
}

static corm_status load_uuid(const loading *l) {
  unsigned char uuid[16];
  if (l->in->kind == CORM_BLOB && l->in->len == sizeof uuid) return keep_as(l, CORM_UUID);
  if (l->in->kind != CORM_TEXT || !corm_uuid_parse(l->in->as.s, l->in->len, uuid)) return refuse(l);
  give_text((const char *)uuid, sizeof uuid, l->scratch, l->out);
  l->out->kind = CORM_UUID;
  return CORM_OK;
}

/* A column of numeric affinity turns JSON that is a bare number into a number. */
static corm_status load_json(const loading *l) {
  corm_buf *buf = &l->scratch->buf;
  switch ((corm_value_kind)l->in->kind) {
  case CORM_TEXT: return keep_as(l, CORM_JSON);
  case CORM_INT: corm_buf_int(buf, l->in->as.i); break;
  case CORM_REAL:
    if (!isfinite(l->in->as.f)) return refuse(l);
    corm_buf_real(buf, l->in->as.f);
    break;
  default: return refuse(l);
  }
  return give_buf(l, CORM_JSON);
}

corm_status corm_ansi_load(const corm_type *type, const corm_value *in, corm_scratch *scratch, corm_value *out,
                           corm_error *err) {
  loading l = {type, in, scratch, out, err};
  corm_buf_reset(&scratch->buf);
  if (in->kind == CORM_NULL || !type) return keep_as(&l, (corm_value_kind)in->kind);
  switch (corm_type_value_kind(type)) {
  case CORM_INT: return load_int(&l);
  case CORM_BOOL: return load_bool(&l);
  case CORM_REAL: return load_real(&l);
  case CORM_DECIMAL: return load_decimal(&l);
  case CORM_TEXT: return load_text(&l);
  case CORM_BLOB: return in->kind == CORM_BLOB || in->kind == CORM_TEXT ? keep_as(&l, CORM_BLOB) : refuse(&l);
  case CORM_DATE: return load_date(&l);
  case CORM_TIME: return load_time(&l);
  case CORM_DATETIME: return load_datetime(&l, CORM_DATETIME);
  case CORM_INTERVAL: return load_datetime(&l, CORM_INTERVAL);
  case CORM_UUID: return load_uuid(&l);
  case CORM_JSON: return load_json(&l);
  default: return keep_as(&l, (corm_value_kind)in->kind);
  }
}

corm_status corm_ansi_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                             corm_scratch *scratch, corm_value *out, corm_error *err) {
  (void)dialect;
  (void)type;
  return corm_ansi_store(in, false, scratch, out, err);
}

corm_status corm_ansi_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                             corm_scratch *scratch, corm_value *out, corm_error *err) {
  (void)dialect;
  return corm_ansi_load(type, in, scratch, out, err);
}

bool corm_ansi_is_plain(const corm_dialect *dialect, const corm_type *type) {
  (void)dialect;
  switch (corm_type_value_kind(type)) {
  case CORM_INT:
  case CORM_REAL:
  case CORM_BLOB: return true;
  case CORM_TEXT: return type->kind != CORM_TYPE_ENUM;
  default: return type->kind == CORM_TYPE_NULLTYPE;
  }
}
