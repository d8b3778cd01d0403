#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *ctx, void *ptr, size_t size) {
  (void)ctx;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  return ptr ? realloc(ptr, size) : malloc(size);
}

const corm_mem corm_mem_libc = {.resize = libc_resize, .ctx = NULL};

void *corm_mem_alloc(const corm_mem *mem, size_t size) {
  return size == 0 ? NULL : mem->resize(mem->ctx, NULL, size);
}

void *corm_mem_zalloc(const corm_mem *mem, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  void *ptr = corm_mem_alloc(mem, count * size);
  if (ptr) memset(ptr, 0, count * size);
  return ptr;
}

void *corm_mem_resize(const corm_mem *mem, void *ptr, size_t size) {
  return mem->resize(mem->ctx, ptr, size);
}

void corm_mem_free(const corm_mem *mem, void *ptr) {
  if (ptr) mem->resize(mem->ctx, ptr, 0);
}

char *corm_mem_dup(const corm_mem *mem, const char *text, size_t len) {
  if (len == SIZE_MAX) return NULL;
  char *copy = corm_mem_alloc(mem, len + 1);
  if (!copy) return NULL;
  if (len) memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}
