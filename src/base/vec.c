#include "base/vec.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

void corm_vec_init(corm_vec *vec, const corm_mem *mem) {
  *vec = (corm_vec){.mem = mem};
}

void corm_vec_clear(corm_vec *vec) {
  corm_mem_free(vec->mem, vec->items);
  corm_vec_init(vec, vec->mem);
}

corm_status corm_vec_reserve(corm_vec *vec, size_t cap) {
  if (cap <= vec->cap) return CORM_OK;
  if (cap > SIZE_MAX / sizeof *vec->items) return CORM_FAILED;
  void **items = corm_mem_resize(vec->mem, vec->items, cap * sizeof *items);
  if (!items) return CORM_FAILED;
  vec->items = items;
  vec->cap = cap;
  return CORM_OK;
}

corm_status corm_vec_insert(corm_vec *vec, size_t index, void *item) {
  assert(index <= vec->len);
  if (vec->len == vec->cap && corm_vec_reserve(vec, vec->cap ? vec->cap * 2 : 8) != CORM_OK) return CORM_FAILED;
  memmove(vec->items + index + 1, vec->items + index, (vec->len - index) * sizeof *vec->items);
  vec->items[index] = item;
  vec->len++;
  return CORM_OK;
}

corm_status corm_vec_push(corm_vec *vec, void *item) {
  if (vec->len == vec->cap) return corm_vec_insert(vec, vec->len, item);
  vec->items[vec->len++] = item;
  return CORM_OK;
}

void *corm_vec_remove(corm_vec *vec, size_t index) {
  assert(index < vec->len);
  void *item = vec->items[index];
  vec->len--;
  memmove(vec->items + index, vec->items + index + 1, (vec->len - index) * sizeof *vec->items);
  return item;
}

ptrdiff_t corm_vec_index(const corm_vec *vec, const void *item) {
  for (size_t i = 0; i < vec->len; i++) {
    if (vec->items[i] == item) return (ptrdiff_t)i;
  }
  return -1;
}
