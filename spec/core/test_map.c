#include "base/map.h"

#include <stdio.h>

#include "fail_mem.h"

static int values[4000];

static const char *key_of(size_t i) {
  static char key[32];
  snprintf(key, sizeof key, "key_%zu", i);
  return key;
}

static void keys_are_found_and_replaced(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  assert_null(corm_map_gets(&map, "absent"));
  assert_null(corm_map_remove(&map, "absent", 6));
  for (size_t i = 0; i < 4000; i++) assert_int_equal(corm_map_puts(&map, key_of(i), &values[i]), CORM_OK);
  assert_int_equal(map.count, 4000);
  for (size_t i = 0; i < 4000; i++) assert_ptr_equal(corm_map_gets(&map, key_of(i)), &values[i]);
  assert_null(corm_map_gets(&map, "key_4000"));
  assert_int_equal(corm_map_puts(&map, "key_5", &values[0]), CORM_OK);
  assert_int_equal(map.count, 4000);
  assert_ptr_equal(corm_map_gets(&map, "key_5"), &values[0]);
  corm_map_clear(&map);
  assert_int_equal(map.count, 0);
  assert_null(corm_map_gets(&map, "key_5"));
}

static void keys_are_bytes_and_copied(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  char key[] = "a\0b";
  assert_int_equal(corm_map_put(&map, key, 3, &values[1]), CORM_OK);
  assert_int_equal(corm_map_put(&map, key, 1, &values[2]), CORM_OK);
  assert_int_equal(corm_map_put(&map, "", 0, &values[3]), CORM_OK);
  key[0] = 'z';
  assert_ptr_equal(corm_map_get(&map, "a\0b", 3), &values[1]);
  assert_ptr_equal(corm_map_gets(&map, "a"), &values[2]);
  assert_ptr_equal(corm_map_gets(&map, ""), &values[3]);
  assert_null(corm_map_get(&map, key, 3));
  corm_map_clear(&map);
}

static void walking_follows_insertion(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  size_t pos = 0;
  assert_null(corm_map_next(&map, &pos));
  for (size_t i = 0; i < 100; i++) assert_int_equal(corm_map_puts(&map, key_of(i), &values[i]), CORM_OK);
  for (size_t i = 0; i < 100; i += 3) assert_ptr_equal(corm_map_remove(&map, key_of(i), strlen(key_of(i))), &values[i]);
  assert_int_equal(corm_map_puts(&map, "key_0", &values[0]), CORM_OK);
  pos = 0;
  for (size_t i = 0; i < 100; i++) {
    if (i % 3 == 0) continue;
    corm_map_entry *entry = corm_map_next(&map, &pos);
    assert_string_equal(entry->key, key_of(i));
    assert_int_equal(entry->len, strlen(entry->key));
    assert_ptr_equal(entry->value, &values[i]);
  }
  assert_ptr_equal(corm_map_next(&map, &pos)->value, &values[0]);
  assert_null(corm_map_next(&map, &pos));
  corm_map_clear(&map);
}

static void keys_can_be_removed_while_walking(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  for (size_t i = 0; i < 50; i++) assert_int_equal(corm_map_puts(&map, key_of(i), &values[i]), CORM_OK);
  size_t pos = 0, seen = 0;
  for (corm_map_entry *entry; (entry = corm_map_next(&map, &pos)) != NULL; seen++) {
    assert_ptr_equal(corm_map_remove(&map, entry->key, entry->len), &values[seen]);
  }
  assert_int_equal(seen, 50);
  assert_int_equal(map.count, 0);
  corm_map_clear(&map);
}

/* A cache that always drops its oldest key: the table must neither grow nor fill up with holes. */
static void endless_turnover_stays_small(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  for (size_t i = 0; i < 20000; i++) {
    assert_int_equal(corm_map_puts(&map, key_of(i), &values[i % 4000]), CORM_OK);
    if (i >= 20)
      assert_ptr_equal(corm_map_remove(&map, key_of(i - 20), strlen(key_of(i - 20))), &values[(i - 20) % 4000]);
  }
  assert_int_equal(map.count, 20);
  assert_true(map.cap <= 64);
  for (size_t i = 19980; i < 20000; i++) assert_ptr_equal(corm_map_gets(&map, key_of(i)), &values[i % 4000]);
  corm_map_clear(&map);
}

/* Random puts and removals against a plain array. */
static void agrees_with_a_model(void **state) {
  (void)state;
  corm_map map;
  corm_map_init(&map, &corm_mem_libc);
  void *model[300] = {NULL};
  size_t count = 0;
  uint64_t random = 1;
  for (int step = 0; step < 30000; step++) {
    random = corm_hash_int(random);
    size_t i = (size_t)(random % 300);
    const char *key = key_of(i);
    if (random >> 60 < 8) {
      void *value = &values[(random >> 20) % 4000];
      count += model[i] == NULL;
      model[i] = value;
      assert_int_equal(corm_map_puts(&map, key, value), CORM_OK);
    } else {
      assert_ptr_equal(corm_map_remove(&map, key, strlen(key)), model[i]);
      count -= model[i] != NULL;
      model[i] = NULL;
    }
    assert_int_equal(map.count, count);
    i = (size_t)(random >> 32) % 300;
    assert_ptr_equal(corm_map_gets(&map, key_of(i)), model[i]);
  }
  corm_map_clear(&map);
}

static void hashes_depend_on_every_part(void **state) {
  (void)state;
  assert_true(corm_hash_bytes("abc", 3, 0) == corm_hash_bytes("abc", 3, 0));
  assert_true(corm_hash_bytes("abc", 3, 0) != corm_hash_bytes("abc", 3, 1));
  assert_true(corm_hash_bytes("abc", 3, 0) != corm_hash_bytes("abc", 2, 0));
  assert_true(corm_hash_bytes("\0", 1, 0) != corm_hash_bytes("\0\0", 2, 0));
  /* The first outputs of splitmix64 with seed 0 and 1 (Vigna's reference implementation). */
  assert_true(corm_hash_int(0) == UINT64_C(0xe220a8397b1dcdaf));
  assert_true(corm_hash_int(1) == UINT64_C(0x910a2dec89025cc1));
}

/* 4096 similar keys over 4096 places: a good hash leaves about 1/e of them empty and piles up no more than 9. */
static void similar_keys_spread(void **state) {
  (void)state;
  unsigned char by_text[4096] = {0}, by_int[4096] = {0};
  for (size_t i = 0; i < 4096; i++) {
    by_text[corm_hash_bytes(key_of(i), strlen(key_of(i)), 0) & 4095]++;
    by_int[corm_hash_int(i << 20) & 4095]++;
  }
  size_t text_empty = 0, int_empty = 0;
  for (size_t i = 0; i < 4096; i++) {
    text_empty += by_text[i] == 0;
    int_empty += by_int[i] == 0;
    assert_true(by_text[i] < 10 && by_int[i] < 10);
  }
  assert_in_range(text_empty, 1400, 1615);
  assert_in_range(int_empty, 1400, 1615);
}

static bool put_many(const corm_mem *mem) {
  corm_map map;
  corm_map_init(&map, mem);
  bool ok = true;
  size_t stored = 0;
  for (size_t i = 0; i < 40 && ok; i++) {
    ok = corm_map_puts(&map, key_of(i), &values[i]) == CORM_OK;
    stored += ok;
    assert_int_equal(map.count, stored);
  }
  for (size_t i = 0; i < 40; i++) assert_ptr_equal(corm_map_gets(&map, key_of(i)), i < stored ? &values[i] : NULL);
  corm_map_clear(&map);
  return ok;
}

static void a_failed_put_changes_nothing(void **state) {
  (void)state;
  fail_mem_each(put_many);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_found_and_replaced),  cmocka_unit_test(keys_are_bytes_and_copied),
      cmocka_unit_test(walking_follows_insertion),    cmocka_unit_test(keys_can_be_removed_while_walking),
      cmocka_unit_test(endless_turnover_stays_small), cmocka_unit_test(agrees_with_a_model),
      cmocka_unit_test(hashes_depend_on_every_part),  cmocka_unit_test(similar_keys_spread),
      cmocka_unit_test(a_failed_put_changes_nothing),
  };
  return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
