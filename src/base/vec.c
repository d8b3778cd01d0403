#include "base/vec.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

void corm_vec_init(corm_vec *vec, const corm_mem *mem) {
  *vec = (corm_vec){.mem = mem};
}

void corm_vec_clear(corm_vec *vec) {
  corm_mem_free(vec->mem, vec->items ? vec->items - vec->gap : NULL);
  corm_vec_init(vec, vec->mem);
}

static void close_gap(corm_vec *vec) {
  memmove(vec->items - vec->gap, vec->items, vec->len * sizeof *vec->items);
  vec->items -= vec->gap;
  vec->cap += vec->gap;
  vec->gap = 0;
}

corm_status corm_vec_reserve(corm_vec *vec, size_t cap) {
  if (cap <= vec->cap) return CORM_OK;
  if (vec->gap) {
    /* Else each item that comes would move all others, where one goes for each. */
    const bool enough = vec->gap > vec->len / 2;
    close_gap(vec);
    if (enough && cap <= vec->cap) return CORM_OK;
  }
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
  const size_t after = --vec->len - index;
  if (index < after) {
    memmove(vec->items + 1, vec->items, index * sizeof *vec->items);
    vec->items++;
    vec->cap--;
    vec->gap++;
  } else {
    memmove(vec->items + index, vec->items + index + 1, after * sizeof *vec->items);
  }
  return item;
}

ptrdiff_t corm_vec_index(const corm_vec *vec, const void *item) {
  for (size_t i = 0; i < vec->len; i++) {
    if (vec->items[i] == item) return (ptrdiff_t)i;
  }
  return -1;
}

void corm_vec_drop(corm_vec *vec, const void *item) {
  for (size_t i = 0, last = vec->len; i < last--; i++) {
    if (vec->items[i] == item || vec->items[last] == item) {
      corm_vec_remove(vec, vec->items[i] == item ? i : last);
      return;
    }
  }
}
