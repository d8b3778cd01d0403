/* A growing array of pointers. */
#ifndef CORM_BASE_VEC_H
#define CORM_BASE_VEC_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct corm_vec {
  const corm_mem *mem;
  void **items;
  size_t len;
  size_t cap; /* room from items on */
  size_t gap; /* free places before items: what is taken from the front leaves them */
} corm_vec;

void corm_vec_init(corm_vec *vec, const corm_mem *mem);
void corm_vec_clear(corm_vec *vec);

/* Appends; CORM_FAILED when out of memory (the vector is unchanged). */
CORM_MUST_USE corm_status corm_vec_push(corm_vec *vec, void *item);

/* Makes room for at least cap items in all. */
CORM_MUST_USE corm_status corm_vec_reserve(corm_vec *vec, size_t cap);

/* Inserts before index (index <= len). */
CORM_MUST_USE corm_status corm_vec_insert(corm_vec *vec, size_t index, void *item);

/* Removes and returns the item at index; what stands on its shorter side moves. */
void *corm_vec_remove(corm_vec *vec, size_t index);

/* Returns the index of the first equal pointer, or -1. */
ptrdiff_t corm_vec_index(const corm_vec *vec, const void *item);

/* Removes an item that is there at most once, which is searched from both ends: items that leave in their order or the
   other way round leave in constant time. */
void corm_vec_drop(corm_vec *vec, const void *item);

#endif
