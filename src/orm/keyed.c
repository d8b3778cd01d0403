#include "orm/keyed.h"

enum { WALKS = 4, ROOM = 8, ELSEWHERE = UINT32_MAX };

typedef struct place {
  const corm_object *object;
  uint32_t hash;
} place;

struct corm_keys {
  const corm_mem *mem;
  corm_written *written;
  uint32_t slot; /* ELSEWHERE: the index is the caller's */
  uint32_t n, cap;
  place *places;   /* open addressing; NULL: nothing is entered yet */
  uint64_t seen;   /* how much of what was written */
  uint64_t walked; /* objects looked at without places */
  bool unsure;     /* what some object says has to be read first */
  bool entered;    /* the caller's index has all that is not told by the ring */
  bool strange;    /* an object has another root, which does not tell what is written */
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

/* -- what is written -- */

static void note_in(corm_written *written, const corm_object *object) {
  written->ring[written->n++ & (written->cap - 1)] = object;
  written->seen = false;
}

/* Without memory the ring stays as it is. The old one goes with the mapper: they are twice the last one together. */
static void make_room(corm_mapper *root, uint32_t n) {
  corm_written *written = root->written;
  uint32_t cap = written->cap ? written->cap : ROOM;
  while (cap < n) cap *= 2;
  if (cap == written->cap) return;
  const corm_object **ring = corm_arena_zalloc(&root->arena, cap, sizeof *ring);
  if (!ring) return;
  const uint64_t kept = written->n < written->cap ? written->n : written->cap;
  for (uint64_t i = written->n - kept; i < written->n; i++) ring[i & (cap - 1)] = written->ring[i & (written->cap - 1)];
  written->ring = ring;
  written->cap = cap;
}

static bool is_far_behind(const struct corm_keys *keys, const corm_items *items) {
  const uint64_t behind = keys->written->n - keys->seen;
  return behind > keys->written->cap || behind > items->n;
}

static void caught_up(struct corm_keys *keys) {
  if (keys->seen == keys->written->n) keys->written->seen = true;
}

static bool is_strange(const struct corm_keys *keys, const corm_object *object) {
  return object->mapper->root->written != keys->written;
}

/* -- the index -- */

void corm_keys_enter(struct corm_keys *keys, const corm_object *object) {
  keys->strange = keys->strange || is_strange(keys, object);
  if (keys->slot == ELSEWHERE) {
    note_in(keys->written, object);
    return;
  }
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
  caught_up(keys);
}

/* The next object of the list that was written since the last time. */
static const corm_object *next_written(struct corm_keys *keys, const corm_items *items) {
  const corm_written *written = keys->written;
  const corm_object *found = NULL;
  while (!found && keys->seen < written->n) {
    const corm_object *object = written->ring[keys->seen++ & (written->cap - 1)];
    if (corm_items_has(items, object)) found = object;
  }
  caught_up(keys);
  return found;
}

/* What was written since the last time; nothing is known if that was much. */
static void catch_up(struct corm_keys *keys, const corm_items *items) {
  const corm_object *object;
  if (is_far_behind(keys, items)) drop_places(keys);
  while (keys->places && (object = next_written(keys, items))) corm_keys_enter(keys, object);
}

static bool make_written(corm_mapper *root) {
  if (root->written) return true;
  root->written = corm_arena_zalloc(&root->arena, 1, sizeof *root->written);
  if (!root->written) return false;
  make_room(root, ROOM);
  if (!root->written->ring) root->written = NULL;
  return root->written != NULL;
}

static struct corm_keys *new_keys(const corm_mem *mem, corm_mapper *root, uint32_t slot) {
  struct corm_keys *keys = make_written(root) ? corm_mem_zalloc(mem, 1, sizeof *keys) : NULL;
  if (!keys) return NULL;
  keys->mem = mem;
  keys->slot = slot;
  keys->written = root->written;
  return keys;
}

static struct corm_keys *kept_keys(const corm_items *items, corm_mapper *root, uint32_t slot) {
  struct corm_keys **at = corm_items_keys(items);
  if (!at) return NULL;
  if (*at && ((*at)->slot != slot || (*at)->written != root->written)) {
    corm_keys_free(*at);
    *at = NULL;
  }
  if (!*at) *at = new_keys(root->mem, root, slot);
  return *at;
}

/* The index of a large list, as it is now; NULL: the list has to be walked. */
static struct corm_keys *keys_of(const corm_items *items, corm_mapper *root, uint32_t slot) {
  struct corm_keys *keys = kept_keys(items, root, slot);
  if (!keys || keys->strange) return NULL;
  if (keys->places) catch_up(keys, items);
  if (keys->unsure) drop_places(keys);
  if (!keys->places && (keys->walked += items->n) > (uint64_t)items->n * WALKS) {
    make_room(root, items->n);
    enter_all(keys, items);
  }
  if (keys->strange) return NULL;
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

corm_keyed_news corm_keyed_next(const corm_items *items, corm_mapper *root, bool anew, const corm_object **object) {
  struct corm_keys *keys = kept_keys(items, root, ELSEWHERE);
  if (!keys || keys->strange) return CORM_KEYED_WALK;
  if (anew || !keys->entered || is_far_behind(keys, items)) {
    for (uint32_t i = 0; i < items->n && !keys->strange; i++) keys->strange = is_strange(keys, items->ptr[i].object);
    if (keys->strange) return CORM_KEYED_WALK;
    make_room(root, items->n);
    keys->entered = true;
    keys->seen = keys->written->n;
    caught_up(keys);
    return CORM_KEYED_ALL;
  }
  *object = next_written(keys, items);
  return *object ? CORM_KEYED_ONE : CORM_KEYED_NONE;
}
