/*
 * The identity map: key -> object, weak. Open addressing: an entry holds what a lookup needs besides the key, so that
 * growing, removing and walking past others touch no object, and a host gets at the object's handle beside it.
 */
#ifndef CORM_ORM_IDENTITY_H
#define CORM_ORM_IDENTITY_H

#include "orm/entity.h"

typedef struct corm_identity_entry {
  corm_object *object; /* NULL: free */
  uint32_t hash;
  uint32_t handle : 24; /* the object's, if it has so few bits; else 0 */
  uint32_t number : 8;  /* of the object's class, if `hash` says all of the key; else 0 */
} corm_identity_entry;

typedef struct corm_identity {
  const corm_mem *mem;
  corm_identity_entry *entries;
  uint32_t cap; /* a multiple of 4; 0 at first */
  uint32_t count;
  uint32_t changes; /* counts what came and went, wrapping */
  bool stale;       /* some object in it may have expired since it was empty */
} corm_identity;

typedef struct corm_identity_place {
  uint32_t position;
  uint32_t changes; /* the map's then */
} corm_identity_place;

void corm_identity_init(corm_identity *map, const corm_mem *mem);
void corm_identity_clear(corm_identity *map); /* frees the table, not the objects */

/* Keys mostly follow each other. Of larger ones, what differs only in higher bits is folded down. */
static inline uint32_t corm_identity_hash_int(const corm_mapper *mapper, const corm_value *key) {
  const uint64_t hash = mapper->id_seed, id = (uint64_t)key->as.i;
  return (uint32_t)(id >> 32 ? hash + id + (id >> 16) * UINT64_C(0x9e3779b1) + (id >> 32) : hash + id);
}
uint32_t corm_identity_hash_wide(const corm_mapper *mapper, const corm_value *key);
static inline uint32_t corm_identity_hash(const corm_mapper *mapper, const corm_value *key) {
  const bool narrow = mapper->npk == 1 && key->kind == CORM_INT;
  return narrow ? corm_identity_hash_int(mapper, key) : corm_identity_hash_wide(mapper, key);
}

/* The number of the class, if no two keys of it that have one have the same hash; else 0. */
static inline uint8_t corm_identity_number(const corm_mapper *mapper, const corm_value *key) {
  return mapper->npk == 1 && key->kind == CORM_INT && key->as.i >> 32 == 0 ? mapper->number : 0;
}

/* Where the search for a hash begins. Of keys that follow each other four lie side by side, in one line of the cache,
   so that a load mostly finds fetched what it needs next; the groups come far apart, and so evenly that those of one
   class hardly meet. Their order is that of the product, so that growing moves them in order. Larger groups make long
   rows of entries where keys come at regular distances. */
static inline uint32_t corm_identity_start(const corm_identity *map, uint32_t hash) {
  const uint32_t spread = (hash >> 2) * UINT32_C(0x9e3779b1);
  return (uint32_t)((uint64_t)spread * (map->cap / 4) >> 32) * 4 + (hash & 3);
}

/* For a walk over all objects, which waits for the memory of each: what comes later is fetched meanwhile. */
static inline void corm_identity_fetch(const corm_identity *map, uint32_t i) {
#if defined(__GNUC__)
  enum { AHEAD = 16 };
  if (map->cap - i > AHEAD) __builtin_prefetch(map->entries[i + AHEAD].object, 1);
#else
  (void)map, (void)i;
#endif
}

/* Where keys follow each other, the next of them will be looked for in the next group. */
static inline void corm_identity_expect(const corm_identity *map, uint32_t hash) {
#if defined(__GNUC__)
  if ((hash & 3) == 0 && map->cap) __builtin_prefetch(&map->entries[corm_identity_start(map, hash + 4)], 1);
#else
  (void)map, (void)hash;
#endif
}

static inline uint32_t corm_identity_next(const corm_identity *map, uint32_t i) {
  return i + 1 < map->cap ? i + 1 : 0;
}

/* True when the object is of the mapper and has the key; a changed key column counts with its committed value. */
bool corm_identity_is(const corm_object *object, const corm_mapper *mapper, const corm_value *key);
/* The handle of the object of exactly that class with that key, as long as none has expired and without a look at the
   object; 0: it takes a search. */
static inline uint32_t corm_identity_handle(const corm_identity *map, const corm_mapper *mapper,
                                            const corm_value *key) {
  if (map->stale || !map->cap) return 0;
  const uint32_t hash = corm_identity_hash(mapper, key), number = corm_identity_number(mapper, key);
  for (uint32_t i = corm_identity_start(map, hash); number; i = corm_identity_next(map, i)) {
    const corm_identity_entry *entry = &map->entries[i];
    if (!entry->object) return 0;
    if (entry->hash == hash && entry->number == number) return entry->handle;
  }
  return 0;
}
/* The object with that key, or NULL. May return a condemned one: see corm_session_find. */
corm_object *corm_identity_find(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                uint32_t hash);
/* The same; *place is where the search ended. With it an object whose key was not there is added without a second
   search, unless the map changed in between. */
corm_object *corm_identity_search(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                  uint32_t hash, corm_identity_place *place);
CORM_MUST_USE corm_status corm_identity_add_at(corm_identity *map, corm_object *object, corm_identity_place place,
                                               corm_error *err);
/* Adds an object whose hash is set; its key must not be there. */
CORM_MUST_USE corm_status corm_identity_add(corm_identity *map, corm_object *object, corm_error *err);
/* Forgets all, when each was told so that its flag is off. */
void corm_identity_empty(corm_identity *map);
/* Moves others: a walk by position looks at the same position again. */
void corm_identity_remove(corm_identity *map, corm_object *object);

/* Makes room for count more objects. */
CORM_MUST_USE corm_status corm_identity_reserve(corm_identity *map, uint32_t count, corm_error *err);

#endif
