/* Bytes in network order, as PostgreSQL's wire has them, and room for them in a buffer. */
#ifndef CORM_DRIVER_LIBPQ_BYTES_H
#define CORM_DRIVER_LIBPQ_BYTES_H

#include "base/buf.h"

static inline uint16_t corm_pq_get16(const char *p) {
  const unsigned char *u = (const unsigned char *)p;
  return (uint16_t)((unsigned)u[0] << 8 | u[1]);
}

static inline uint32_t corm_pq_get32(const char *p) {
  const unsigned char *u = (const unsigned char *)p;
  return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static inline uint64_t corm_pq_get64(const char *p) {
  return (uint64_t)corm_pq_get32(p) << 32 | corm_pq_get32(p + 4);
}

static inline void corm_pq_put16(char *p, uint16_t v) {
  p[0] = (char)(v >> 8);
  p[1] = (char)v;
}

static inline void corm_pq_put32(char *p, uint32_t v) {
  p[0] = (char)(v >> 24);
  p[1] = (char)(v >> 16);
  p[2] = (char)(v >> 8);
  p[3] = (char)v;
}

static inline void corm_pq_put64(char *p, uint64_t v) {
  corm_pq_put32(p, (uint32_t)(v >> 32));
  corm_pq_put32(p + 4, (uint32_t)v);
}

/* n more bytes at the end of the buffer, to be written by the caller; NULL (and `failed`) when out of memory. */
static inline char *corm_pq_room(corm_buf *buf, size_t n) {
  if (buf->failed) return NULL;
  if (buf->cap - buf->len <= n) {
    size_t cap = buf->cap + buf->cap / 2 + n + 64;
    char *ptr = corm_mem_resize(buf->mem, buf->ptr, cap);
    if (ptr == NULL) {
      buf->failed = true;
      return NULL;
    }
    buf->ptr = ptr;
    buf->cap = cap;
  }
  char *at = buf->ptr + buf->len;
  buf->len += n;
  buf->ptr[buf->len] = '\0';
  return at;
}

#endif
