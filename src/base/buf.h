/*
 * A growing byte buffer for text. Appending is sticky: after a failed allocation further appends do nothing and
 * `failed` says so once, at the end. The content is always NUL-terminated (once something was appended).
 */
#ifndef CORM_BASE_BUF_H
#define CORM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct corm_buf {
  const corm_mem *mem;
  char *ptr; /* NULL while empty and unallocated */
  size_t len;
  size_t cap;
  bool failed;
} corm_buf;

void corm_buf_init(corm_buf *buf, const corm_mem *mem);
void corm_buf_clear(corm_buf *buf);

/* Empties the buffer and keeps its memory; also forgets a failure. */
void corm_buf_reset(corm_buf *buf);

/* Makes room for extra bytes and the NUL; false: a failure, now or before. */
bool corm_buf_reserve(corm_buf *buf, size_t extra);

/* Most of what is appended is short and fits: that much stands here, so that constants are copied without a call. */
static inline void corm_buf_add(corm_buf *buf, const char *text, size_t len) {
  if ((buf->cap - buf->len <= len || buf->failed) && !corm_buf_reserve(buf, len)) return;
  if (len) memcpy(buf->ptr + buf->len, text, len);
  buf->len += len;
  buf->ptr[buf->len] = '\0';
}

static inline void corm_buf_puts(corm_buf *buf, const char *text) {
  corm_buf_add(buf, text, strlen(text));
}

static inline void corm_buf_putc(corm_buf *buf, char c) {
  corm_buf_add(buf, &c, 1);
}

CORM_PRINTF(2, 3) void corm_buf_printf(corm_buf *buf, const char *format, ...);

/* Decimal digits, faster than printf and untouched by the locale. */
void corm_buf_int(corm_buf *buf, int64_t value);

/* Two lower-case hexadecimal digits for each byte. */
void corm_buf_hex(corm_buf *buf, const char *bytes, size_t len);

/* The shortest decimal text that reads back as the same double, "." as the point whatever the locale;
   integral values keep ".0"; inf, -inf and nan as these words. */
void corm_buf_real(corm_buf *buf, double value);

/* Inserts text at a position (used for clauses that are known late). */
void corm_buf_insert(corm_buf *buf, size_t pos, const char *text, size_t len);

/* Returns the content as a C string, "" when empty; NULL when an append failed. Borrowed. */
const char *corm_buf_str(const corm_buf *buf);

#endif
