#include "base/arena.h"

#include "fail_mem.h"

static void pieces_are_aligned_and_apart(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_arena arena;
  corm_arena_init(&arena, &fail.mem);
  assert_int_equal(fail.calls, 0);
  unsigned char *pieces[500];
  for (size_t i = 0; i < 500; i++) {
    size_t size = i * 7 % 300;
    pieces[i] = corm_arena_alloc(&arena, size);
    assert_non_null(pieces[i]);
    assert_int_equal((uintptr_t)pieces[i] % 16, 0);
    memset(pieces[i], (int)(i & 0xFF), size);
  }
  for (size_t i = 0; i < 500; i++) {
    for (size_t j = 0; j < i * 7 % 300; j++) assert_int_equal(pieces[i][j], i & 0xFF);
  }
  assert_false(arena.failed);
  corm_arena_clear(&arena);
  assert_int_equal(fail.live, 0);
  assert_non_null(corm_arena_alloc(&arena, 1));
  corm_arena_clear(&arena);
  assert_int_equal(fail.live, 0);
}

static void a_large_piece_spares_the_current_block(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_arena arena;
  corm_arena_init(&arena, &fail.mem);
  char *small = corm_arena_alloc(&arena, 16);
  char *large = corm_arena_zalloc(&arena, 1000, 1000);
  assert_non_null(large);
  assert_int_equal(large[999999], 0);
  char *next = corm_arena_alloc(&arena, 16);
  assert_non_null(next);
#ifndef CORM_MALLOC_ARENAS
  assert_ptr_equal(next, small + 16);
  assert_int_equal(fail.calls, 2);
#else
  assert_ptr_not_equal(next, small);
  assert_int_equal(fail.calls, 3);
#endif
  corm_arena_clear(&arena);
  assert_int_equal(fail.live, 0);
}

static void reset_forgets_but_keeps_one_block(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_arena arena;
  corm_arena_init(&arena, &fail.mem);
  corm_arena_reset(&arena);
  for (int i = 0; i < 300; i++) assert_non_null(corm_arena_alloc(&arena, 100));
  corm_arena_reset(&arena);
#ifndef CORM_MALLOC_ARENAS
  assert_int_equal(fail.live, 1);
  size_t calls = fail.calls;
  for (int i = 0; i < 100; i++) assert_non_null(corm_arena_alloc(&arena, 100));
  assert_int_equal(fail.calls, calls);
#else
  assert_int_equal(fail.live, 0);
#endif
  corm_arena_clear(&arena);
  assert_int_equal(fail.live, 0);
}

static void a_fixed_arena_never_grows(void **state) {
  (void)state;
  _Alignas(16) char block[64];
  corm_arena arena;
  corm_arena_init_fixed(&arena, block, sizeof block);
  char *first = corm_arena_alloc(&arena, 1);
  assert_ptr_equal(first, block);
  char *second = corm_arena_alloc(&arena, 33);
  assert_ptr_equal(second, block + CORM_ARENA_ROUND(1));
  assert_non_null(corm_arena_alloc(&arena, 0));
  assert_false(arena.failed);
  assert_null(corm_arena_alloc(&arena, 1));
  assert_true(arena.failed);
  corm_arena_clear(&arena);
  corm_arena_reset(&arena);
  assert_null(corm_arena_alloc(&arena, 1));
}

static void a_measured_block_is_filled_to_the_last_byte(void **state) {
  (void)state;
  _Alignas(16) char block[CORM_ARENA_ROUND(5) + CORM_ARENA_ROUND(16) + CORM_ARENA_ROUND(17)];
  assert_int_equal(sizeof block, 16 + 16 + 32);
  corm_arena arena;
  corm_arena_init_fixed(&arena, block, sizeof block);
  assert_string_equal(corm_arena_dup(&arena, "four-", 4), "four");
  assert_non_null(corm_arena_alloc(&arena, 16));
  assert_non_null(corm_arena_zalloc(&arena, 17, 1));
  assert_null(corm_arena_dup(&arena, "", 0));
  assert_true(arena.failed);
}

static void impossible_sizes_fail(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_arena arena;
  corm_arena_init(&arena, &fail.mem);
  assert_null(corm_arena_alloc(&arena, SIZE_MAX));
  assert_null(corm_arena_alloc(&arena, SIZE_MAX - 16));
  assert_null(corm_arena_zalloc(&arena, SIZE_MAX / 4, 8));
  assert_null(corm_arena_dup(&arena, "", SIZE_MAX));
  assert_true(arena.failed);
  assert_int_equal(fail.calls, 0);
  corm_arena_clear(&arena);
  assert_false(arena.failed);
}

static void a_full_array_grows_with_its_items(void **state) {
  (void)state;
  corm_arena arena;
  corm_arena_init(&arena, &corm_mem_libc);
  size_t cap = 0, n = 0;
  int *items = NULL;
  for (int i = 0; i < 1000; i++) {
    if (n == cap) items = corm_arena_grow(&arena, items, &cap, sizeof *items);
    assert_non_null(items);
    items[n++] = i;
  }
  assert_int_equal(cap, 1024);
  for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
  const int few[3] = {1, 2, 3};
  cap = 3;
  items = corm_arena_grow(&arena, few, &cap, sizeof *items);
  assert_int_equal(cap, 6);
  assert_memory_equal(items, few, sizeof few);
  assert_memory_equal(corm_arena_copy(&arena, few, sizeof few), few, sizeof few);
  cap = SIZE_MAX / 2;
  assert_null(corm_arena_grow(&arena, few, &cap, sizeof *items));
  assert_int_equal(cap, SIZE_MAX / 2);
  assert_true(arena.failed);
  corm_arena_clear(&arena);
}

static bool fill(const corm_mem *mem) {
  corm_arena arena;
  corm_arena_init(&arena, mem);
  bool each = true;
  for (int i = 0; i < 60; i++) each &= corm_arena_alloc(&arena, 50) != NULL;
  each &= corm_arena_zalloc(&arena, 100, 100) != NULL;
  each &= corm_arena_dup(&arena, "text", 4) != NULL;
  assert_int_equal(each, !arena.failed);
  corm_arena_clear(&arena);
  return each;
}

static void every_failure_is_noted(void **state) {
  (void)state;
  fail_mem_each(fill);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_aligned_and_apart),
      cmocka_unit_test(a_large_piece_spares_the_current_block),
      cmocka_unit_test(reset_forgets_but_keeps_one_block),
      cmocka_unit_test(a_fixed_arena_never_grows),
      cmocka_unit_test(a_measured_block_is_filled_to_the_last_byte),
      cmocka_unit_test(impossible_sizes_fail),
      cmocka_unit_test(a_full_array_grows_with_its_items),
      cmocka_unit_test(every_failure_is_noted),
  };
  return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
