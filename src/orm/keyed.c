#include "orm/keyed.h"

enum { WALKS = 4 };

typedef struct place {
  const corm_object *object;
  uint32_t hash;
} place;

struct corm_keys {
  const corm_mem *mem;
  corm_written *written;
  uint32_t slot;
  uint32_t n, cap;
  place *places;   /* open addressing; NULL: nothing is entered yet */
  uint64_t seen;   /* how much of what was written */
  uint64_t walked; /* objects looked at without places */
  bool unsure;     /* what some object says has to be read first */
};

static void drop_places(struct corm_keys *keys) {
  corm_mem_free(keys->mem, keys->places);
  keys->places = NULL;
  keys->n = keys->cap = 0;
  keys->walked = 0;
  keys->unsure = false;
}

void corm_keys_free(struct corm_keys *keys) {
  if (!keys) return;
  drop_places(keys);
  corm_mem_free(keys->mem, keys);
}

/* True when the value is what a script would read, without anything to be loaded before. */
static bool is_there(const corm_value *value) {
  return value->kind != CORM_ABSENT || !(value->flags & (CORM_VALUE_EXPIRED | CORM_VALUE_SQL));
}

static bool says(const corm_object *object, uint32_t slot, const corm_value *key) {
  const corm_value *value = &object->slots[slot];
  return value->kind == key->kind && corm_value_equal(value, key);
}

static bool walk(const corm_items *items, uint32_t slot, const corm_value *key, const corm_object **found) {
  *found = NULL;
  for (uint32_t i = items->n; i-- > 0 && !*found;) {
    const corm_object *object = items->ptr[i].object;
    if (!is_there(&object->slots[slot])) return false;
    if (says(object, slot, key)) *found = object;
  }
  return true;
}

/* -- the index -- */

void corm_keys_enter(struct corm_keys *keys, const corm_object *object) {
  const corm_value *value = &object->slots[keys->slot];
  if (!keys->places) return;
  if (keys->n >= keys->cap / 2) {
    drop_places(keys); /* most places are old ones */
    return;
  }
  keys->unsure = keys->unsure || !is_there(value);
  if (value->kind == CORM_ABSENT) return;
  const uint32_t hash = (uint32_t)corm_value_hash(value, 0);
  uint32_t at = hash & (keys->cap - 1);
  for (; keys->places[at].object; at = (at + 1) & (keys->cap - 1))
    if (keys->places[at].object == object && keys->places[at].hash == hash) return;
  keys->places[at] = (place){object, hash};
  keys->n++;
}

static void enter_all(struct corm_keys *keys, const corm_items *items) {
  drop_places(keys);
  for (keys->cap = 1024; keys->cap < items->n * 4; keys->cap *= 2) {
  }
  keys->places = corm_mem_zalloc(keys->mem, keys->cap, sizeof *keys->places);
  for (uint32_t i = 0; keys->places && i < items->n; i++) corm_keys_enter(keys, items->ptr[i].object);
  keys->seen = keys->written->n;
  keys->written->seen = true;
}

/* What was written since the last time; nothing is known if that was much. */
static void catch_up(struct corm_keys *keys, const corm_items *items) {
  corm_written *written = keys->written;
  if (written->n - keys->seen > CORM_WRITTEN) drop_places(keys);
  for (; keys->places && keys->seen < written->n; keys->seen++) {
    const corm_object *object = written->ring[keys->seen % CORM_WRITTEN];
    if (corm_items_has(items, object)) corm_keys_enter(keys, object);
  }
  written->seen = true;
}

static struct corm_keys *new_keys(const corm_mem *mem, corm_mapper *root, uint32_t slot) {
  if (!root->written) root->written = corm_arena_zalloc(&root->arena, 1, sizeof *root->written);
  struct corm_keys *keys = root->written ? corm_mem_zalloc(mem, 1, sizeof *keys) : NULL;
  if (!keys) return NULL;
  keys->mem = mem;
  keys->slot = slot;
  keys->written = root->written;
  return keys;
}

/* The index of a large list, as it is now; NULL: the list has to be walked. */
static struct corm_keys *keys_of(const corm_items *items, corm_mapper *root, uint32_t slot) {
  struct corm_keys **at = corm_items_keys(items);
  if (!at) return NULL;
  if (*at && ((*at)->slot != slot || (*at)->written != root->written)) {
    corm_keys_free(*at);
    *at = NULL;
  }
  if (!*at) *at = new_keys(root->mem, root, slot);
  struct corm_keys *keys = *at;
  if (!keys) return NULL;
  if (keys->places) catch_up(keys, items);
  if (keys->unsure) drop_places(keys);
  if (!keys->places && (keys->walked += items->n) > (uint64_t)items->n * WALKS) enter_all(keys, items);
  return keys->places && !keys->unsure ? keys : NULL;
}

bool corm_keyed_find(const corm_items *items, corm_mapper *root, uint32_t slot, const corm_value *key,
                     const corm_object **found) {
  const struct corm_keys *keys = key->kind == CORM_NULL ? NULL : keys_of(items, root, slot);
  if (!keys) return walk(items, slot, key, found);
  *found = NULL;
  const uint32_t hash = (uint32_t)corm_value_hash(key, 0);
  for (uint32_t at = hash & (keys->cap - 1); keys->places[at].object; at = (at + 1) & (keys->cap - 1)) {
    const corm_object *object = keys->places[at].object;
    if (keys->places[at].hash != hash || !corm_items_has(items, object) || !says(object, slot, key)) continue;
    if (*found && *found != object) return walk(items, slot, key, found); /* which of them is the last */
    *found = object;
  }
  return true;
}
