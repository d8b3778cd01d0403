#include "base/vec.h"

#include "fail_mem.h"

static int items[100];

static void items_keep_their_order(void **state) {
  (void)state;
  corm_vec vec;
  corm_vec_init(&vec, &corm_mem_libc);
  for (size_t i = 0; i < 100; i++) assert_int_equal(corm_vec_push(&vec, &items[i]), CORM_OK);
  assert_int_equal(vec.len, 100);
  for (size_t i = 0; i < 100; i++) assert_ptr_equal(vec.items[i], &items[i]);
  assert_int_equal(corm_vec_index(&vec, &items[63]), 63);
  assert_int_equal(corm_vec_index(&vec, NULL), -1);
  corm_vec_clear(&vec);
  assert_int_equal(vec.len, 0);
  assert_int_equal(corm_vec_index(&vec, &items[0]), -1);
}

static void insert_and_remove_move_the_rest(void **state) {
  (void)state;
  corm_vec vec;
  corm_vec_init(&vec, &corm_mem_libc);
  assert_int_equal(corm_vec_insert(&vec, 0, &items[1]), CORM_OK);
  assert_int_equal(corm_vec_insert(&vec, 0, &items[0]), CORM_OK);
  assert_int_equal(corm_vec_insert(&vec, 2, &items[3]), CORM_OK);
  assert_int_equal(corm_vec_insert(&vec, 2, &items[2]), CORM_OK);
  for (size_t i = 0; i < 4; i++) assert_ptr_equal(vec.items[i], &items[i]);
  assert_ptr_equal(corm_vec_remove(&vec, 1), &items[1]);
  assert_ptr_equal(corm_vec_remove(&vec, 2), &items[3]);
  assert_ptr_equal(corm_vec_remove(&vec, 0), &items[0]);
  assert_int_equal(vec.len, 1);
  assert_ptr_equal(vec.items[0], &items[2]);
  corm_vec_clear(&vec);
}

static void reserved_room_needs_no_memory(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  corm_vec vec;
  corm_vec_init(&vec, &fail.mem);
  assert_int_equal(corm_vec_reserve(&vec, 50), CORM_OK);
  assert_int_equal(corm_vec_reserve(&vec, 10), CORM_OK);
  for (size_t i = 0; i < 50; i++) assert_int_equal(corm_vec_push(&vec, &items[i]), CORM_OK);
  assert_int_equal(fail.calls, 1);
  assert_int_equal(corm_vec_reserve(&vec, SIZE_MAX / 2), CORM_FAILED);
  assert_int_equal(fail.calls, 1);
  corm_vec_clear(&vec);
  assert_int_equal(fail.live, 0);
}

static bool push_many(const corm_mem *mem) {
  corm_vec vec;
  corm_vec_init(&vec, mem);
  bool ok = true;
  for (size_t i = 0; i < 100; i++) {
    size_t len = vec.len;
    bool pushed = corm_vec_push(&vec, &items[i]) == CORM_OK;
    assert_int_equal(vec.len, len + pushed);
    if (pushed) assert_ptr_equal(vec.items[len], &items[i]);
    if (len) assert_ptr_equal(vec.items[0], &items[0]);
    ok &= pushed;
    if (!ok) break;
  }
  corm_vec_clear(&vec);
  return ok;
}

static void a_failed_push_changes_nothing(void **state) {
  (void)state;
  fail_mem_each(push_many);
}

/* Beside an array that moves everything. */
static void items_leave_at_both_ends(void **state) {
  (void)state;
  corm_vec vec;
  corm_vec_init(&vec, &corm_mem_libc);
  void *plain[100];
  size_t n = 0;
  uint32_t random = 7;
  for (int step = 0; step < 5000; step++) {
    random = random * 1664525 + 1013904223;
    const size_t at = n ? (random >> 8) % n : 0;
    if (n < 100 && (step / 150 % 2 == 0 || n == 0)) {
      memmove(&plain[at + 1], &plain[at], (n - at) * sizeof *plain);
      plain[at] = &items[step % 100];
      assert_int_equal(corm_vec_insert(&vec, at, &items[step % 100]), CORM_OK);
      n++;
    } else {
      const size_t gone = step % 3 ? at : 0; /* often the first */
      assert_ptr_equal(corm_vec_remove(&vec, gone), plain[gone]);
      n--;
      memmove(&plain[gone], &plain[gone + 1], (n - gone) * sizeof *plain);
    }
    assert_int_equal(vec.len, n);
    if (n) assert_memory_equal(vec.items, plain, n * sizeof *plain);
  }
  corm_vec_clear(&vec);
}

static void an_item_is_dropped_wherever_it_is(void **state) {
  (void)state;
  corm_vec vec;
  corm_vec_init(&vec, &corm_mem_libc);
  for (size_t i = 0; i < 5; i++) assert_int_equal(corm_vec_push(&vec, &items[i]), CORM_OK);
  corm_vec_drop(&vec, &items[99]);
  corm_vec_drop(&vec, &items[2]);
  corm_vec_drop(&vec, &items[0]);
  corm_vec_drop(&vec, &items[4]);
  assert_int_equal(vec.len, 2);
  assert_ptr_equal(vec.items[0], &items[1]);
  assert_ptr_equal(vec.items[1], &items[3]);
  corm_vec_clear(&vec);
  corm_vec_drop(&vec, &items[0]);
}

/* As a queue of a fixed length: it needs no more room, however many pass through it. */
static void a_queue_takes_no_more_room(void **state) {
  (void)state;
  corm_vec vec;
  corm_vec_init(&vec, &corm_mem_libc);
  for (size_t i = 0; i < 50; i++) assert_int_equal(corm_vec_push(&vec, &items[i]), CORM_OK);
  for (size_t i = 0; i < 10000; i++) {
    assert_ptr_equal(corm_vec_remove(&vec, 0), &items[i % 100]);
    assert_int_equal(corm_vec_push(&vec, &items[(i + 50) % 100]), CORM_OK);
  }
  assert_true(vec.cap + vec.gap <= 256);
  corm_vec_clear(&vec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_keep_their_order),        cmocka_unit_test(insert_and_remove_move_the_rest),
      cmocka_unit_test(reserved_room_needs_no_memory), cmocka_unit_test(a_failed_push_changes_nothing),
      cmocka_unit_test(items_leave_at_both_ends),      cmocka_unit_test(an_item_is_dropped_wherever_it_is),
      cmocka_unit_test(a_queue_takes_no_more_room),
  };
  return cmocka_run_group_tests_name("vec", tests, NULL, NULL);
}
