/*
 * What every C unit test includes: cmocka with the headers that it wants, and an allocator that counts its blocks and
 * fails on demand, so that each test program can show that no path out of memory loses or damages anything.
 */
#ifndef CORM_SPEC_FAIL_MEM_H
#define CORM_SPEC_FAIL_MEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

typedef struct fail_mem {
  corm_mem mem;   /* give &fail.mem to the code under test */
  size_t calls;   /* allocations and resizes so far */
  size_t fail_at; /* the call that fails, from 1; 0: none */
  bool fail_rest; /* all later ones fail too */
  size_t failures;
  size_t live; /* blocks not freed yet */
} fail_mem;

static inline void *fail_mem_resize(void *ctx, void *ptr, size_t size) {
  fail_mem *fail = ctx;
  if (size == 0) {
    if (ptr) fail->live--;
    free(ptr);
    return NULL;
  }
  fail->calls++;
  if (fail->fail_at && (fail->calls == fail->fail_at || (fail->fail_rest && fail->calls > fail->fail_at))) {
    fail->failures++;
    return NULL;
  }
  /* Always a new block, so that a pointer kept across a resize is a use after free for the sanitizer. */
  void *fresh = malloc(size);
  if (!fresh) abort();
  if (ptr) {
    char *old = realloc(ptr, size);
    if (!old) abort();
    memcpy(fresh, old, size);
    free(old);
  } else {
    fail->live++;
  }
  return fresh;
}

static inline void fail_mem_init(fail_mem *fail, size_t fail_at) {
  *fail = (fail_mem){.mem = {.resize = fail_mem_resize}, .fail_at = fail_at};
  fail->mem.ctx = fail;
}

/* A scenario sets up, works and tears down with the given allocator; it returns false when the code under test reported
   that it is out of memory. */
typedef bool fail_mem_scenario(const corm_mem *mem);

/* Runs the scenario with its first allocation failing, then its second, and so on, each once alone and once with all
   later ones, until it gets through without a failure. Nothing may leak, no failure may go unreported. */
static inline void fail_mem_each(fail_mem_scenario *scenario) {
  for (int rest = 0; rest < 2; rest++) {
    bool through = false;
    for (size_t n = 1; !through; n++) {
      fail_mem fail;
      fail_mem_init(&fail, n);
      fail.fail_rest = rest;
      bool ok = scenario(&fail.mem);
      assert_int_equal(fail.live, 0);
      assert_int_equal(ok, fail.failures == 0);
      through = fail.failures == 0;
      if (through) assert_true(n > 1); /* the scenario did ask for memory */
    }
  }
}

#endif
