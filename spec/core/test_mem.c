#include "fail_mem.h"

static void libc_heap_allocates_resizes_and_frees(void **state) {
  (void)state;
  char *ptr = corm_mem_alloc(&corm_mem_libc, 4);
  assert_non_null(ptr);
  memcpy(ptr, "abc", 4);
  ptr = corm_mem_resize(&corm_mem_libc, ptr, 4096);
  assert_non_null(ptr);
  assert_string_equal(ptr, "abc");
  corm_mem_free(&corm_mem_libc, ptr);
  corm_mem_free(&corm_mem_libc, NULL);
}

static void size_zero_is_null_and_resizing_to_it_frees(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  assert_null(corm_mem_alloc(&fail.mem, 0));
  assert_null(corm_mem_zalloc(&fail.mem, 0, 8));
  assert_null(corm_mem_zalloc(&fail.mem, 8, 0));
  assert_int_equal(fail.calls, 0);
  void *ptr = corm_mem_alloc(&fail.mem, 8);
  assert_int_equal(fail.live, 1);
  assert_null(corm_mem_resize(&fail.mem, ptr, 0));
  assert_int_equal(fail.live, 0);
}

static void zalloc_zeroes_and_refuses_an_overflow(void **state) {
  (void)state;
  unsigned char *ptr = corm_mem_zalloc(&corm_mem_libc, 100, 3);
  for (int i = 0; i < 300; i++) assert_int_equal(ptr[i], 0);
  corm_mem_free(&corm_mem_libc, ptr);
  fail_mem fail;
  fail_mem_init(&fail, 0);
  assert_null(corm_mem_zalloc(&fail.mem, SIZE_MAX / 2, 3));
  assert_int_equal(fail.calls, 0);
}

static void dup_copies_bytes_and_ends_them(void **state) {
  (void)state;
  char *copy = corm_mem_dup(&corm_mem_libc, "a\0bcd", 3);
  assert_memory_equal(copy, "a\0b", 4);
  corm_mem_free(&corm_mem_libc, copy);
  copy = corm_mem_dup(&corm_mem_libc, NULL, 0);
  assert_string_equal(copy, "");
  corm_mem_free(&corm_mem_libc, copy);
  assert_null(corm_mem_dup(&corm_mem_libc, "x", SIZE_MAX));
}

static void a_failed_resize_leaves_the_block(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 2);
  char *ptr = corm_mem_dup(&fail.mem, "kept", 4);
  assert_null(corm_mem_resize(&fail.mem, ptr, 100));
  assert_string_equal(ptr, "kept");
  corm_mem_free(&fail.mem, ptr);
  assert_int_equal(fail.live, 0);
}

static bool duplicate(const corm_mem *mem) {
  char *copy = corm_mem_dup(mem, "text", 4);
  void *zeroed = corm_mem_zalloc(mem, 3, 5);
  bool ok = copy && zeroed;
  corm_mem_free(mem, copy);
  corm_mem_free(mem, zeroed);
  return ok;
}

static void every_failure_is_null(void **state) {
  (void)state;
  fail_mem_each(duplicate);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(libc_heap_allocates_resizes_and_frees),
      cmocka_unit_test(size_zero_is_null_and_resizing_to_it_frees),
      cmocka_unit_test(zalloc_zeroes_and_refuses_an_overflow),
      cmocka_unit_test(dup_copies_bytes_and_ends_them),
      cmocka_unit_test(a_failed_resize_leaves_the_block),
      cmocka_unit_test(every_failure_is_null),
  };
  return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
