#include "orm/identity.h"

#include <string.h>

void corm_identity_init(corm_identity *map, const corm_mem *mem) {
  *map = (corm_identity){.mem = mem};
}

void corm_identity_clear(corm_identity *map) {
  corm_mem_free(map->mem, map->entries);
  corm_identity_init(map, map->mem);
}

uint32_t corm_identity_hash_wide(const corm_mapper *mapper, const corm_value *key) {
  uint64_t hash = mapper->id_seed;
  for (uint32_t i = 0; i < mapper->npk; i++) hash = corm_value_hash(&key[i], hash);
  return (uint32_t)(hash ^ (hash >> 32));
}

bool corm_identity_is(const corm_object *object, const corm_mapper *mapper, const corm_value *key) {
  if (object->mapper != mapper && object->mapper->root != mapper->root) return false;
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const corm_value *mine = corm_object_committed(object, mapper->pk[i]);
    if (mine->kind != key[i].kind) return false;
    if (mine->kind == CORM_INT ? mine->as.i != key[i].as.i : !corm_value_equal(mine, &key[i])) return false;
  }
  return true;
}

corm_object *corm_identity_search(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                  uint32_t hash, corm_identity_place *place) {
  *place = (corm_identity_place){0, map->changes};
  if (!map->cap) return NULL;
  for (uint32_t i = corm_identity_start(map, hash);; i = corm_identity_next(map, i)) {
    const corm_identity_entry *entry = &map->entries[i];
    place->position = i;
    if (!entry->object) return NULL;
    if (entry->hash == hash && corm_identity_is(entry->object, mapper, key)) return entry->object;
  }
}

corm_object *corm_identity_find(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                uint32_t hash) {
  corm_identity_place place;
  return corm_identity_search(map, mapper, key, hash, &place);
}

/* The committed value of the key's first column. */
static inline const corm_value *first_of_key(const corm_object *object) {
  const uint32_t slot = object->mapper->pk[0];
  const corm_value *value = &object->slots[slot];
  return value->flags & CORM_VALUE_DIRTY ? corm_object_committed(object, slot) : value;
}

static inline corm_identity_entry entry_of(const corm_object *object) {
  enum { HANDLES = 1 << 24 };
  const corm_mapper *mapper = object->mapper;
  const corm_value *key = first_of_key(object);
  const uint8_t number = object->handle < HANDLES ? corm_identity_number(mapper, key) : 0;
  corm_identity_entry entry = {.object = (corm_object *)(uintptr_t)object, .hash = object->hash};
  if (number && corm_identity_hash_int(mapper, key) == object->hash) {
    entry.handle = object->handle & (HANDLES - 1);
    entry.number = number;
  }
  return entry;
}

static void put(corm_identity *map, corm_identity_entry entry) {
  uint32_t i = corm_identity_start(map, entry.hash);
  while (map->entries[i].object) i = corm_identity_next(map, i);
  map->entries[i] = entry;
}

/* -- growing in place: what large blocks grow by need not be copied, nor mapped anew ------------------------------- */

/* From `end` on all entries are settled, below it those that are marked. */
static bool is_settled(const corm_identity_entry *entry) {
  return (uintptr_t)entry->object & 1;
}

static corm_identity_entry marked(corm_identity_entry entry, bool settled) {
  entry.object = (corm_object *)(((uintptr_t)entry.object & ~(uintptr_t)1) | settled);
  return entry;
}

/* An entry goes to its new position; one in its way that is not settled yet goes on instead of it. */
static inline void settle(corm_identity *map, corm_identity_entry entry, uint32_t end) {
  for (uint32_t i = corm_identity_start(map, entry.hash);; i = corm_identity_next(map, i)) {
    corm_identity_entry *at = &map->entries[i];
    const corm_identity_entry next = *at;
    if (next.object && (i >= end || is_settled(at))) continue;
    *at = i < end ? marked(entry, true) : entry;
    if (!next.object) return;
    entry = next;
    i = corm_identity_start(map, entry.hash) - 1; /* the step adds one, also past zero */
  }
}

/* From the end on: mostly an entry goes to where all is settled, and is not looked at again. */
static corm_status grow(corm_identity *map, uint32_t cap, corm_error *err) {
  const uint32_t had = map->cap;
  corm_identity_entry *entries = corm_mem_resize(map->mem, map->entries, (size_t)cap * sizeof *entries);
  if (!entries) return corm_error_memory(err);
  memset(entries + had, 0, (size_t)(cap - had) * sizeof *entries);
  map->entries = entries;
  map->cap = cap;
  map->changes++;
  for (uint32_t i = had; i-- > 0;) {
    const corm_identity_entry entry = entries[i];
    if (is_settled(&entry)) {
      entries[i] = marked(entry, false);
    } else if (entry.object) {
      entries[i] = (corm_identity_entry){0};
      settle(map, entry, i);
    }
  }
  return CORM_OK;
}

/* Five parts of six are the most that is filled: a search for what is not there ends at a free entry. */
static uint64_t limit(uint32_t cap) {
  return cap - cap / 6;
}

corm_status corm_identity_reserve(corm_identity *map, uint32_t count, corm_error *err) {
  uint32_t cap = map->cap ? map->cap : 16;
  while (limit(cap) < (uint64_t)map->count + count) {
    if (cap > UINT32_MAX / 2) return corm_error_memory(err);
    cap *= 2;
  }
  return cap > map->cap ? grow(map, cap, err) : CORM_OK;
}

static inline void enter(corm_identity *map, corm_object *object) {
  object->flags |= CORM_OBJECT_IN_MAP;
  if (object->slots[object->mapper->pk[0]].flags & CORM_VALUE_EXPIRED) map->stale = true;
  map->count++;
  map->changes++;
}

corm_status corm_identity_add(corm_identity *map, corm_object *object, corm_error *err) {
  if (map->count >= limit(map->cap)) {
    corm_status status = corm_identity_reserve(map, 1, err);
    if (status != CORM_OK) return status;
  }
  put(map, entry_of(object));
  enter(map, object);
  return CORM_OK;
}

corm_status corm_identity_add_at(corm_identity *map, corm_object *object, corm_identity_place place, corm_error *err) {
  if (map->changes != place.changes || map->count >= limit(map->cap)) return corm_identity_add(map, object, err);
  map->entries[place.position] = entry_of(object);
  enter(map, object);
  return CORM_OK;
}

/* Steps from one position to another. */
static uint32_t distance(const corm_identity *map, uint32_t from, uint32_t to) {
  return to >= from ? to - from : to + (map->cap - from);
}

/* What stands behind the hole and may stand in it moves there, so that no search ends too early. */
static void close_hole(corm_identity *map, uint32_t hole) {
  for (uint32_t i = corm_identity_next(map, hole); map->entries[i].object; i = corm_identity_next(map, i)) {
    const uint32_t start = corm_identity_start(map, map->entries[i].hash);
    if (distance(map, start, i) < distance(map, hole, i)) continue; /* it would come before its start */
    map->entries[hole] = map->entries[i];
    hole = i;
  }
  map->entries[hole] = (corm_identity_entry){0};
}

void corm_identity_remove(corm_identity *map, corm_object *object) {
  if (!(object->flags & CORM_OBJECT_IN_MAP)) return;
  uint32_t i = corm_identity_start(map, object->hash);
  while (map->entries[i].object != object) i = corm_identity_next(map, i);
  close_hole(map, i);
  object->flags &= (uint8_t)~CORM_OBJECT_IN_MAP;
  map->count--;
  map->changes++;
  if (!map->count) map->stale = false;
}

void corm_identity_empty(corm_identity *map) {
  corm_mem_free(map->mem, map->entries);
  *map = (corm_identity){.mem = map->mem, .changes = map->changes + 1};
}
