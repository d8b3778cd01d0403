#include "dialect/native_codec.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"
#include "base/uuid.h"
#include "dialect/ansi.h"
#include "dialect/array_text.h"
#include "dialect/json_path.h"

static corm_status keep_as(const corm_value *in, corm_value_kind kind, corm_value *out) {
  *out = (corm_value){.as = in->as, .len = in->len, .kind = (uint8_t)kind};
  return CORM_OK;
}

/* -- out ----------------------------------------------------------------------------------------------------------- */

static bool in_range(const corm_value *in) {
  switch ((corm_value_kind)in->kind) {
  case CORM_DATE: return in->as.i >= CORM_DATE_MIN && in->as.i <= CORM_DATE_MAX;
  case CORM_TIME: return in->as.i >= 0 && in->as.i < CORM_USEC_PER_DAY;
  case CORM_DATETIME: return in->as.i >= CORM_DATETIME_MIN && in->as.i <= CORM_DATETIME_MAX;
  default: return true;
  }
}

corm_status corm_native_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err) {
  (void)dialect;
  if (type && type->json_part == CORM_JSON_PATH && in->kind == CORM_JSON) {
    corm_status status = corm_json_part_text(corm_json_path_array, in, scratch, out, err);
    out->kind = CORM_ARRAY;
    return status;
  }
  if (in->kind == CORM_UUID && type && type->bare) return corm_ansi_store(in, false, scratch, out, err);
  if (in->kind == CORM_ABSENT || in->kind >= CORM_VALUE_KIND_COUNT) {
    return corm_error_set(err, CORM_E_DATA, "a value that is absent cannot be stored");
  }
  if (!in_range(in)) {
    return corm_error_set(err, CORM_E_DATA, "a %s is out of range: years 1 to 9999 can be stored",
                          corm_value_kind_name((corm_value_kind)in->kind));
  }
  return keep_as(in, (corm_value_kind)in->kind, out);
}

/* -- and back ------------------------------------------------------------------------------------------------------ */

typedef struct loading {
  const corm_type *type;
  const corm_value *in;
  corm_scratch *scratch;
  corm_value *out;
  corm_error *err;
} loading;

/* What the common codec takes or refuses: the storage forms of databases that lack the type. */
static corm_status load_common(const loading *l) {
  return corm_ansi_load(l->type, l->in, l->scratch, l->out, l->err);
}

static corm_status refuse(const loading *l) {
  return corm_ansi_refuse(l->type, l->in, l->scratch, l->err);
}

static corm_status give_int(const loading *l, corm_value_kind kind, int64_t value) {
  *l->out = corm_value_int(value);
  l->out->kind = (uint8_t)kind;
  return CORM_OK;
}

/* A decimal without a fraction that fits: "12", "-3.00". */
static bool decimal_int(const corm_value *in, int64_t *out) {
  const char *text = in->as.s;
  bool negative = in->len > 0 && text[0] == '-';
  uint64_t value = 0;
  uint32_t i = negative;
  for (; i < in->len && text[i] != '.'; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  for (i += i < in->len; i < in->len; i++) {
    if (text[i] != '0') return false;
  }
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

static corm_status load_number(const loading *l, corm_value_kind kind) {
  const corm_value *in = l->in;
  int64_t integer;
  if (in->kind == CORM_BOOL && kind == CORM_INT) return keep_as(in, CORM_INT, l->out);
  if (in->kind != CORM_DECIMAL) return load_common(l);
  if (kind == CORM_REAL) {
    double real = corm_decimal_to_real(in->as.s, in->len);
    if (!isfinite(real)) return refuse(l);
    *l->out = corm_value_real(real);
    return CORM_OK;
  }
  if (!decimal_int(in, &integer)) return l->type->asdecimal ? keep_as(in, CORM_DECIMAL, l->out) : refuse(l);
  if (kind == CORM_BOOL && integer != 0 && integer != 1) return refuse(l);
  return give_int(l, kind, integer);
}

static corm_status load_date(const loading *l) {
  if (l->in->kind != CORM_DATETIME) return load_common(l);
  int64_t usec = l->in->as.i % CORM_USEC_PER_DAY;
  return usec == 0 ? give_int(l, CORM_DATE, l->in->as.i / CORM_USEC_PER_DAY) : refuse(l);
}

static corm_status load_datetime(const loading *l) {
  if (l->in->kind != CORM_DATE) return load_common(l);
  return give_int(l, CORM_DATETIME, l->in->as.i * CORM_USEC_PER_DAY);
}

static corm_status load_text(const loading *l) {
  if (l->type->kind == CORM_TYPE_ENUM) return load_common(l);
  if (l->in->kind == CORM_JSON || l->in->kind == CORM_DECIMAL) return keep_as(l->in, CORM_TEXT, l->out);
  if (l->in->kind != CORM_UUID) return load_common(l);
  char text[37];
  corm_uuid_format((const unsigned char *)l->in->as.s, text);
  memcpy(l->scratch->bytes, text, sizeof text);
  *l->out = corm_value_text(l->scratch->bytes, sizeof text - 1);
  return CORM_OK;
}

/* Arrays of types that are carried as text come as text. */
static corm_status load_array(const loading *l) {
  corm_buf *buf = &l->scratch->buf;
  const corm_type *item = l->type->item;
  if (l->in->kind != CORM_TEXT || !item || corm_type_value_kind(item) != CORM_TEXT) return refuse(l);
  corm_buf_reset(buf);
  if (!corm_array_from_text(l->in->as.s, l->in->len, buf)) return buf->failed ? corm_error_memory(l->err) : refuse(l);
  const char *text = corm_buf_str(buf);
  if (!text) return corm_error_memory(l->err);
  *l->out = corm_value_text(text, buf->len);
  l->out->kind = CORM_ARRAY;
  return CORM_OK;
}

corm_status corm_native_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err) {
  (void)dialect;
  loading l = {type, in, scratch, out, err};
  if (in->kind == CORM_NULL || !type || type->kind == CORM_TYPE_NULLTYPE) {
    return keep_as(in, (corm_value_kind)in->kind, out);
  }
  corm_value_kind kind = corm_type_value_kind(type);
  if (in->kind == kind && type->kind != CORM_TYPE_ENUM) return keep_as(in, kind, out);
  switch (kind) {
  case CORM_INT:
  case CORM_BOOL:
  case CORM_REAL: return load_number(&l, kind);
  case CORM_TEXT: return load_text(&l);
  case CORM_DATE: return load_date(&l);
  case CORM_DATETIME: return load_datetime(&l);
  case CORM_INTERVAL: return refuse(&l);
  case CORM_ARRAY: return load_array(&l);
  default: return load_common(&l);
  }
}

bool corm_native_is_plain(const corm_dialect *dialect, const corm_type *type) {
  (void)dialect;
  if (type->kind == CORM_TYPE_UUID && type->bare) return false;
  return type->kind != CORM_TYPE_ENUM && type->json_part != CORM_JSON_PATH;
}
