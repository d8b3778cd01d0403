/* The lists of relationships, small and large, beside an array that is searched and moved step by step. */
#include "orm/items.h"

#include "fail_mem.h"

enum { MOST = 3000 };

static char places[MOST]; /* objects are addresses here */
static corm_item plain[MOST];

static corm_object *object_at(size_t i) {
  return (corm_object *)(void *)&places[i];
}

static int64_t plain_index(uint32_t n, const corm_object *object) {
  for (uint32_t i = 0; i < n; i++)
    if (plain[i].object == object) return i;
  return -1;
}

typedef struct walk {
  const corm_mem *mem;
  corm_items items;
  uint32_t n, random, edge;
} walk;

static uint32_t choose(walk *w, uint32_t n) {
  w->random = w->random * 1664525 + 1013904223;
  return n ? (w->random >> 8) % n : 0;
}

static bool put(walk *w, uint32_t at, corm_object *object) {
  corm_error err;
  corm_error_init(&err);
  if (corm_items_reserve(w->mem, &w->items, w->n + 1, &err) != CORM_OK) {
    corm_error_clear(&err);
    return false;
  }
  memmove(&plain[at + 1], &plain[at], (w->n - at) * sizeof *plain);
  plain[at] = (corm_item){object, ++w->edge};
  corm_items_insert(&w->items, at, object, w->edge);
  w->n++;
  return true;
}

static void take(walk *w, uint32_t at) {
  const corm_item item = corm_items_take(&w->items, at);
  assert_ptr_equal(item.object, plain[at].object);
  assert_int_equal(item.edge, plain[at].edge);
  w->n--;
  memmove(&plain[at], &plain[at + 1], (w->n - at) * sizeof *plain);
}

static void compare(const walk *w) {
  assert_int_equal(w->items.n, w->n);
  for (uint32_t i = 0; i < w->n; i++) {
    assert_ptr_equal(w->items.ptr[i].object, plain[i].object);
    assert_int_equal(w->items.ptr[i].edge, plain[i].edge);
  }
}

/* Grows and shrinks in turn; `kinds` few objects stand in it often. */
static void go(walk *w, int steps, uint32_t kinds) {
  for (int step = 0; step < steps; step++) {
    const uint32_t at = choose(w, w->n);
    if (w->n < MOST && (step / 2000 % 2 == 0 || w->n == 0))
      (void)put(w, choose(w, 3) ? w->n : at, object_at(choose(w, kinds)));
    else
      take(w, choose(w, 2) ? at : 0);
    const corm_object *asked = object_at(choose(w, kinds));
    if (step % 7 == 0) assert_int_equal(corm_items_index(&w->items, asked), plain_index(w->n, asked));
    if (step % 500 == 0) compare(w);
  }
  compare(w);
}

static void a_list_is_what_a_plain_array_is(void **state) {
  (void)state;
  const uint32_t kinds[] = {3, 100, MOST};
  for (size_t i = 0; i < 3; i++) {
    fail_mem fail;
    fail_mem_init(&fail, 0);
    walk w = {.mem = &fail.mem, .random = (uint32_t)i};
    go(&w, 20000, kinds[i]);
    corm_items_cut(&w.items, w.n / 2);
    w.n /= 2;
    go(&w, 5000, kinds[i]);
    corm_items_free(w.mem, &w.items);
    assert_int_equal(fail.live, 0);
  }
}

/* What is not there is searched for in vain only so often. */
static void searches_in_vain_become_cheap(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 0);
  walk w = {.mem = &fail.mem};
  for (uint32_t i = 0; i < MOST - 1; i++) assert_true(put(&w, w.n, object_at(i)));
  const size_t calls = fail.calls;
  for (int i = 0; i < 100; i++) assert_int_equal(corm_items_index(&w.items, object_at(MOST - 1)), -1);
  assert_int_equal(fail.calls, calls + 1); /* the set */
  for (uint32_t i = 0; i < MOST - 1; i++) take(&w, (uint32_t)corm_items_index(&w.items, object_at(i)));
  assert_int_equal(w.items.n, 0);
  corm_items_free(w.mem, &w.items);
  assert_int_equal(fail.live, 0);
}

static void memory_for_the_set_may_be_missing(void **state) {
  (void)state;
  for (size_t at = 1; at < 40; at++) {
    fail_mem fail;
    fail_mem_init(&fail, at);
    walk w = {.mem = &fail.mem, .random = (uint32_t)at};
    go(&w, 6000, MOST);
    corm_items_free(w.mem, &w.items);
    assert_int_equal(fail.live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_is_what_a_plain_array_is),
      cmocka_unit_test(searches_in_vain_become_cheap),
      cmocka_unit_test(memory_for_the_set_may_be_missing),
  };
  return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
