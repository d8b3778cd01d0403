/*
 * A hash table from byte strings to pointers, in order of insertion: named things (tables, columns, options) and
 * caches. Keys are copied. Open addressing over a dense entry array, as in Raymond Hettinger's compact dict.
 */
#ifndef CORM_BASE_MAP_H
#define CORM_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct corm_map_entry {
  char *key; /* NUL-terminated copy; NULL: removed */
  size_t len;
  uint64_t hash;
  void *value;
} corm_map_entry;

typedef struct corm_map {
  const corm_mem *mem;
  corm_map_entry *entries; /* in order of insertion, with holes where keys were removed */
  size_t used;             /* entries in use, holes included */
  size_t count;            /* live keys */
  size_t cap;
  uint32_t *index;
  size_t index_cap; /* power of two */
} corm_map;

void corm_map_init(corm_map *map, const corm_mem *mem);
void corm_map_clear(corm_map *map); /* frees keys and table, not the values */

/* Returns the value, or NULL when the key is absent. */
void *corm_map_get(const corm_map *map, const char *key, size_t len);
void *corm_map_gets(const corm_map *map, const char *key);

/* Sets or replaces. */
CORM_MUST_USE corm_status corm_map_put(corm_map *map, const char *key, size_t len, void *value);
CORM_MUST_USE corm_status corm_map_puts(corm_map *map, const char *key, void *value);

/* Removes the key and returns its value, or NULL. */
void *corm_map_remove(corm_map *map, const char *key, size_t len);

/* Walks live entries: start with *pos = 0; returns NULL at the end. Keys may be removed meanwhile, not added. */
corm_map_entry *corm_map_next(const corm_map *map, size_t *pos);

/* 64-bit hash of bytes (FNV-1a folded by a multiply-xorshift finaliser). */
uint64_t corm_hash_bytes(const void *bytes, size_t len, uint64_t seed);

/* 64-bit hash of an integer (the splitmix64 finaliser). */
uint64_t corm_hash_int(uint64_t value);

#endif
