#include "base/buf.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void corm_buf_init(corm_buf *buf, const corm_mem *mem) {
  *buf = (corm_buf){.mem = mem};
}

void corm_buf_clear(corm_buf *buf) {
  corm_mem_free(buf->mem, buf->ptr);
  corm_buf_init(buf, buf->mem);
}

void corm_buf_reset(corm_buf *buf) {
  buf->len = 0;
  buf->failed = false;
  if (buf->ptr) buf->ptr[0] = '\0';
}

bool corm_buf_reserve(corm_buf *buf, size_t extra) {
  if (buf->failed) return false;
  if (buf->cap - buf->len > extra) return true;
  size_t cap = buf->cap ? buf->cap : 64;
  while (cap - buf->len <= extra && cap <= SIZE_MAX / 2) cap *= 2;
  char *ptr = cap - buf->len > extra ? corm_mem_resize(buf->mem, buf->ptr, cap) : NULL;
  if (!ptr) {
    buf->failed = true;
    return false;
  }
  buf->ptr = ptr;
  buf->cap = cap;
  return true;
}

void corm_buf_printf(corm_buf *buf, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0) buf->failed = true;
  if (len < 0 || !corm_buf_reserve(buf, (size_t)len)) return;
  va_start(args, format);
  vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
  va_end(args);
  buf->len += (size_t)len;
}

void corm_buf_int(corm_buf *buf, int64_t value) {
  char digits[20];
  char *first = digits + sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do {
    *--first = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0) *--first = '-';
  corm_buf_add(buf, first, (size_t)(digits + sizeof digits - first));
}

/* Replaces what is neither digit, sign nor exponent, the locale's point (it may be several bytes), by ".". */
static size_t normalise_point(char *text, bool *is_plain_integer) {
  size_t len = 0;
  *is_plain_integer = true;
  for (const char *p = text; *p; p++) {
    bool plain = strchr("0123456789-", *p) != NULL;
    if (!plain) *is_plain_integer = false;
    if (plain || *p == '+' || *p == 'e') {
      text[len++] = *p;
    } else if (len == 0 || text[len - 1] != '.') {
      text[len++] = '.';
    }
  }
  return len;
}

void corm_buf_real(corm_buf *buf, double value) {
  if (isnan(value)) {
    corm_buf_puts(buf, "nan");
    return;
  }
  if (isinf(value)) {
    corm_buf_puts(buf, value < 0 ? "-inf" : "inf");
    return;
  }
  /* 15 digits survive the way to a double and back, so fewer need no trial; only subnormal numbers have less. */
  char text[64];
  int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
  for (;; precision++) {
    snprintf(text, sizeof text, "%.*g", precision, value);
    if (precision == DBL_DECIMAL_DIG) break;
    double back = strtod(text, NULL);
    if (memcmp(&back, &value, sizeof back) == 0) break;
  }
  bool is_plain_integer;
  size_t len = normalise_point(text, &is_plain_integer);
  corm_buf_add(buf, text, len);
  if (is_plain_integer) corm_buf_add(buf, ".0", 2);
}

void corm_buf_insert(corm_buf *buf, size_t pos, const char *text, size_t len) {
  assert(pos <= buf->len);
  if (!corm_buf_reserve(buf, len)) return;
  memmove(buf->ptr + pos + len, buf->ptr + pos, buf->len - pos);
  if (len) memcpy(buf->ptr + pos, text, len);
  buf->len += len;
  buf->ptr[buf->len] = '\0';
}

const char *corm_buf_str(const corm_buf *buf) {
  if (buf->failed) return NULL;
  return buf->ptr ? buf->ptr : "";
}

void corm_buf_hex(corm_buf *buf, const char *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    const unsigned char byte = (unsigned char)bytes[i];
    const char pair[2] = {digits[byte >> 4], digits[byte & 15]};
    corm_buf_add(buf, pair, 2);
  }
}
