#include "base/value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/map.h"
#include "base/str.h"
#include "base/time.h"
#include "base/uuid.h"

_Static_assert(sizeof(corm_value) == 16, "object slots and rows count on 16 bytes");

corm_value corm_value_null(void) {
  return (corm_value){.kind = CORM_NULL};
}

corm_value corm_value_int(int64_t value) {
  return (corm_value){.as.i = value, .kind = CORM_INT};
}

corm_value corm_value_bool(bool value) {
  return (corm_value){.as.i = value, .kind = CORM_BOOL};
}

corm_value corm_value_real(double value) {
  return (corm_value){.as.f = value, .kind = CORM_REAL};
}

corm_value corm_value_text(const char *text, size_t len) {
  assert(len <= UINT32_MAX);
  return (corm_value){.as.s = text, .len = (uint32_t)len, .kind = CORM_TEXT};
}

static bool has_content(const corm_value *value) {
  return value->kind != CORM_ABSENT && value->kind != CORM_NULL;
}

static int compare_bytes(const corm_value *a, const corm_value *b) {
  uint32_t len = a->len < b->len ? a->len : b->len;
  int order = len ? memcmp(a->as.s, b->as.s, len) : 0;
  return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_reals(double a, double b) {
  if (isnan(a) || isnan(b)) return !!isnan(a) - !!isnan(b);
  return (a > b) - (a < b);
}

int corm_value_compare(const corm_value *a, const corm_value *b) {
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (!has_content(a)) return 0;
  if (a->kind == CORM_REAL) return compare_reals(a->as.f, b->as.f);
  if (a->kind == CORM_DECIMAL) return corm_decimal_compare(a->as.s, a->len, b->as.s, b->len);
  if (corm_value_has_bytes(a)) return compare_bytes(a, b);
  return (a->as.i > b->as.i) - (a->as.i < b->as.i);
}

bool corm_value_equal(const corm_value *a, const corm_value *b) {
  /* Bytes of different length need not be read, except decimals, where 1.5 is 1.50. */
  if (a->kind == b->kind && a->len != b->len && a->kind != CORM_DECIMAL && corm_value_has_bytes(a)) return false;
  return corm_value_compare(a, b) == 0;
}

/* Decimal text without the zeros that do not count. */
static size_t decimal_hash_length(const char *text, size_t len) {
  if (!memchr(text, '.', len)) return len;
  while (text[len - 1] == '0') len--;
  return text[len - 1] == '.' ? len - 1 : len;
}

uint64_t corm_value_hash(const corm_value *value, uint64_t seed) {
  uint64_t start = corm_hash_int(seed + value->kind);
  if (!has_content(value)) return start;
  if (value->kind == CORM_DECIMAL) {
    return corm_hash_bytes(value->as.s, decimal_hash_length(value->as.s, value->len), start);
  }
  if (corm_value_has_bytes(value)) return corm_hash_bytes(value->as.s, value->len, start);
  if (value->kind == CORM_REAL) {
    double real = isnan(value->as.f) ? (double)NAN : value->as.f + 0.0; /* -0.0 equals 0.0 */
    return corm_hash_bytes(&real, sizeof real, start);
  }
  return corm_hash_int(start ^ (uint64_t)value->as.i);
}

corm_status corm_value_dup(const corm_mem *mem, const corm_value *value, corm_value *out) {
  corm_value copy = {.as = value->as, .len = value->len, .kind = value->kind};
  if (corm_value_has_bytes(value)) {
    copy.as.s = corm_mem_dup(mem, value->as.s, value->len);
    if (!copy.as.s) return CORM_FAILED;
    copy.flags = CORM_VALUE_OWNED;
  }
  *out = copy;
  return CORM_OK;
}

void corm_value_clear(const corm_mem *mem, corm_value *value) {
  if (value->flags & CORM_VALUE_OWNED) corm_mem_free(mem, (void *)value->as.s);
  *value = (corm_value){.kind = CORM_ABSENT};
}

static void describe_text(const char *text, size_t len, size_t max, corm_buf *buf) {
  size_t shown = corm_utf8_cut(text, len, max);
  bool valid = corm_utf8_valid(text, shown);
  corm_buf_putc(buf, '\'');
  for (size_t i = 0; i < shown; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == 0x7F || (c >= 0x80 && !valid)) {
      corm_buf_printf(buf, "\\x%02X", c);
    } else {
      corm_buf_putc(buf, text[i]);
      if (c == '\'') corm_buf_putc(buf, '\'');
    }
  }
  corm_buf_puts(buf, shown < len ? "'..." : "'");
}

static void describe_blob(const corm_value *value, size_t max, corm_buf *buf) {
  size_t shown = value->len < max ? value->len : max;
  corm_buf_puts(buf, "X'");
  for (size_t i = 0; i < shown; i++) corm_buf_printf(buf, "%02x", (unsigned char)value->as.s[i]);
  corm_buf_puts(buf, shown < value->len ? "'..." : "'");
}

static void describe_time(const corm_value *value, corm_buf *buf) {
  char text[CORM_TIME_TEXT];
  size_t len = 0;
  switch ((corm_value_kind)value->kind) {
  case CORM_DATE: len = corm_date_format(value->as.i, text); break;
  case CORM_TIME: len = corm_time_format(value->as.i, false, text); break;
  case CORM_DATETIME: len = corm_datetime_format(value->as.i, false, text); break;
  default: len = corm_interval_format(value->as.i, text); break;
  }
  if (len) {
    corm_buf_add(buf, text, len);
  } else {
    corm_buf_printf(buf, "<%s out of range: ", corm_value_kind_name((corm_value_kind)value->kind));
    corm_buf_int(buf, value->as.i);
    corm_buf_putc(buf, '>');
  }
}

static void describe_uuid(const corm_value *value, corm_buf *buf) {
  char text[37];
  corm_uuid_format((const unsigned char *)value->as.s, text);
  corm_buf_puts(buf, text);
}

static void describe_decimal(const corm_value *value, size_t max, corm_buf *buf) {
  size_t shown = value->len < max ? value->len : max;
  corm_buf_add(buf, value->as.s, shown);
  if (shown < value->len) corm_buf_puts(buf, "...");
}

void corm_value_describe(const corm_value *value, size_t max, corm_buf *buf) {
  switch ((corm_value_kind)value->kind) {
  case CORM_NULL: corm_buf_puts(buf, "NULL"); break;
  case CORM_BOOL: corm_buf_puts(buf, value->as.i ? "true" : "false"); break;
  case CORM_INT: corm_buf_int(buf, value->as.i); break;
  case CORM_REAL: corm_buf_real(buf, value->as.f); break;
  case CORM_TEXT:
  case CORM_JSON:
  case CORM_ARRAY: describe_text(value->as.s, value->len, max, buf); break;
  case CORM_BLOB: describe_blob(value, max, buf); break;
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME:
  case CORM_INTERVAL: describe_time(value, buf); break;
  case CORM_DECIMAL: describe_decimal(value, max, buf); break;
  case CORM_UUID: describe_uuid(value, buf); break;
  case CORM_ABSENT:
  case CORM_VALUE_KIND_COUNT: corm_buf_puts(buf, "<absent>"); break;
  }
}

const char *corm_value_kind_name(corm_value_kind kind) {
  static const char *const names[] = {
#define CORM_X(id, name) [CORM_##id] = (name),
      CORM_VALUE_KINDS(CORM_X)
#undef CORM_X
  };
  return names[kind];
}
