/*
 * The injected allocator. Every container and handle of the core remembers the corm_mem it was made
 * with and asks nobody else for memory. Running out is reported by NULL, never by an abort.
 */
#ifndef CORM_BASE_MEM_H
#define CORM_BASE_MEM_H

#include <stddef.h>

typedef struct corm_mem {
  /* Like realloc; size 0 frees and returns NULL; ptr NULL allocates. Alignment as malloc's. */
  void *(*resize)(void *ctx, void *ptr, size_t size);
  void *ctx;
} corm_mem;

/* The C library's heap. */
extern const corm_mem corm_mem_libc;

/* Returns size bytes, uninitialised; NULL when out of memory or size is 0. */
void *corm_mem_alloc(const corm_mem *mem, size_t size);

/* Returns count * size zeroed bytes; NULL when out of memory or when the product overflows. */
void *corm_mem_zalloc(const corm_mem *mem, size_t count, size_t size);

/* Grows or shrinks a block; on NULL the old block is untouched. */
void *corm_mem_resize(const corm_mem *mem, void *ptr, size_t size);

/* Frees a block; NULL is allowed. */
void corm_mem_free(const corm_mem *mem, void *ptr);

/* Returns a NUL-terminated heap copy of len bytes, or NULL when out of memory. */
char *corm_mem_dup(const corm_mem *mem, const char *text, size_t len);

#endif
