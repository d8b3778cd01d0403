/* The identity map beside a list of the same objects: keys that follow each other, come at distances, are wide or
   composite, come and go in any order. */
#include "orm/identity.h"

#include "fail_mem.h"
#include "orm_world.h"

enum { MOST = 4000, STEPS = 60000 };

typedef struct keeper {
  world *w;
  corm_identity map;
  corm_object *objects[MOST]; /* all; the first n are in the map */
  uint32_t n, made;
  uint32_t random;
  char texts[MOST][8]; /* of composite keys */
} keeper;

static uint32_t choose(keeper *k, uint32_t n) {
  k->random = k->random * 1664525 + 1013904223;
  return n ? (k->random >> 8) % n : 0;
}

/* The key of the object with that number: a User's, narrow or wide, or a Doc's. No two are the same. */
static const corm_mapper *key_of(keeper *k, uint32_t number, corm_value key[2]) {
  const int64_t id = number;
  key[0] = corm_value_int(number % 7 == 0 ? id * 4096 : number % 7 == 1 ? -id : number % 7 == 2 ? id << 33 : id);
  if (number % 7 < 6) return k->w->user;
  const int len = snprintf(k->texts[number], sizeof k->texts[number], "p%u", number % 97);
  key[0] = corm_value_text(k->texts[number], (size_t)len);
  key[1] = corm_value_int(id);
  return k->w->doc;
}

static corm_object *make(keeper *k) {
  corm_value key[2];
  const corm_mapper *mapper = key_of(k, k->made, key);
  corm_object *object = calloc(1, corm_object_size(mapper, 0));
  assert_non_null(object);
  corm_object_init(object, (corm_mapper *)(uintptr_t)mapper);
  for (uint32_t i = 0; i < mapper->npk; i++) object->slots[mapper->pk[i]] = key[i];
  object->handle = k->made % 11 == 10 ? 1 << 24 : k->made + 1;
  object->hash = corm_identity_hash(mapper, key);
  return k->objects[k->made++] = object;
}

static void swap(keeper *k, uint32_t i, uint32_t j) {
  corm_object *object = k->objects[i];
  k->objects[i] = k->objects[j];
  k->objects[j] = object;
}

static corm_object *find(keeper *k, const corm_object *object, corm_identity_place *place) {
  corm_value key[2];
  for (uint32_t i = 0; i < object->mapper->npk; i++) key[i] = object->slots[object->mapper->pk[i]];
  return corm_identity_search(&k->map, object->mapper, key, object->hash, place);
}

/* The handle is told for plain keys only, and then it is the right one. */
static void check_handle(keeper *k, const corm_object *object, bool there) {
  const corm_value *key = &object->slots[object->mapper->pk[0]];
  const uint32_t handle = object->mapper->npk == 1 ? corm_identity_handle(&k->map, object->mapper, key) : 0;
  if (handle) assert_true(there);
  if (handle) assert_int_equal(handle, object->handle);
  const bool told = there && object->mapper->npk == 1 && key->as.i >> 32 == 0 && object->handle < 1 << 24;
  if (object->mapper->number) assert_int_equal(handle != 0, told);
}

static void check(keeper *k) {
  corm_identity_place place;
  assert_int_equal(k->map.count, k->n);
  for (uint32_t i = 0; i < k->made; i++) {
    corm_object *object = k->objects[i];
    assert_ptr_equal(find(k, object, &place), i < k->n ? object : NULL);
    assert_int_equal((object->flags & CORM_OBJECT_IN_MAP) != 0, i < k->n);
    check_handle(k, object, i < k->n);
  }
}

static void add(keeper *k) {
  if (k->made < MOST && (k->n == k->made || choose(k, 2))) {
    make(k);
    swap(k, k->n, k->made - 1);
  } else if (k->n < k->made) {
    swap(k, k->n, k->n + choose(k, k->made - k->n));
  } else {
    return;
  }
  corm_object *object = k->objects[k->n++];
  corm_identity_place place;
  assert_null(find(k, object, &place));
  if (choose(k, 3) == 0)
    ok(k->w, corm_identity_reserve(&k->map, choose(k, 64), &k->w->err)); /* the place is outdated */
  if (choose(k, 2))
    ok(k->w, corm_identity_add_at(&k->map, object, place, &k->w->err));
  else
    ok(k->w, corm_identity_add(&k->map, object, &k->w->err));
}

static void take(keeper *k) {
  if (!k->n) return;
  const uint32_t i = choose(k, k->n);
  corm_identity_remove(&k->map, k->objects[i]);
  corm_identity_remove(&k->map, k->objects[i]); /* once more does nothing */
  swap(k, i, --k->n);
}

static void finish(keeper *k) {
  for (uint32_t i = 0; i < k->made; i++) free(k->objects[i]);
  corm_identity_clear(&k->map);
}

static void test_random(void **state) {
  static keeper k;
  for (uint32_t seed = 1; seed <= 4; seed++) {
    memset(&k, 0, sizeof k);
    k.w = *state;
    k.random = seed;
    corm_identity_init(&k.map, &corm_mem_libc);
    for (uint32_t step = 0; step < STEPS; step++) {
      const bool growing = step % (STEPS / 4) < STEPS / 6;
      if (choose(&k, 10) < (growing ? 7u : 3u))
        add(&k);
      else
        take(&k);
      if (step % 5000 == 0) check(&k);
    }
    check(&k);
    while (k.n) take(&k);
    check(&k);
    assert_false(k.map.stale);
    finish(&k);
  }
}

/* What had no memory changes nothing. */
static void test_no_memory(void **state) {
  static keeper k;
  fail_mem mem;
  fail_mem_init(&mem, 0);
  memset(&k, 0, sizeof k);
  k.w = *state;
  corm_identity_init(&k.map, &mem.mem);
  for (uint32_t i = 0; i < 13; i++) add(&k);
  mem.fail_at = mem.calls + 1;
  make(&k);
  corm_object *object = k.objects[k.made - 1];
  assert_int_equal(corm_identity_reserve(&k.map, 1000, &k.w->err), CORM_FAILED);
  corm_error_clear(&k.w->err);
  assert_false(object->flags & CORM_OBJECT_IN_MAP);
  check(&k);
  finish(&k);
}

/* An object whose key changed in memory is found by what the database has; an expired one has no handle to tell. */
static void test_changed_and_expired(void **state) {
  static keeper k;
  memset(&k, 0, sizeof k);
  k.w = *state;
  corm_identity_init(&k.map, &corm_mem_libc);
  for (uint32_t i = 0; i < 4; i++) add(&k);
  corm_object *object = NULL;
  for (uint32_t i = 0; i < 4; i++)
    if (k.objects[i]->slots[k.w->user->pk[0]].as.i == 3) object = k.objects[i];
  assert_non_null(object);
  const corm_value key = corm_value_int(3), changed = corm_value_int(300);
  corm_identity_remove(&k.map, object);
  object->slots[k.w->user->pk[0]].flags |= CORM_VALUE_EXPIRED;
  ok(k.w, corm_identity_add(&k.map, object, &k.w->err));
  assert_true(k.map.stale);
  assert_int_equal(corm_identity_handle(&k.map, k.w->user, &key), 0);
  assert_ptr_equal(corm_identity_find(&k.map, k.w->user, &key, object->hash), object);
  assert_null(corm_identity_find(&k.map, k.w->user, &changed, corm_identity_hash(k.w->user, &changed)));
  corm_identity_empty(&k.map);
  assert_int_equal(k.map.count, 0);
  assert_false(k.map.stale);
  finish(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_random, world_setup, world_teardown),
      cmocka_unit_test_setup_teardown(test_no_memory, world_setup, world_teardown),
      cmocka_unit_test_setup_teardown(test_changed_and_expired, world_setup, world_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
