#include "orm/identity.h"

void corm_identity_init(corm_identity *map, const corm_mem *mem) {
  *map = (corm_identity){.mem = mem};
}

void corm_identity_clear(corm_identity *map) {
  corm_mem_free(map->mem, map->buckets);
  corm_identity_init(map, map->mem);
}

uint32_t corm_identity_hash(const corm_mapper *mapper, const corm_value *key) {
  uint64_t hash = mapper->id_seed;
  if (mapper->npk == 1 && key->kind == CORM_INT) {
    /* Keys mostly follow each other: neighbours in the table are neighbours in memory. What differs only in higher bits
       is folded down. */
    uint64_t id = (uint64_t)key->as.i;
    return (uint32_t)(hash + id + (id >> 16) * UINT64_C(0x9e3779b1) + (id >> 32));
  } else {
    for (uint32_t i = 0; i < mapper->npk; i++) hash = corm_value_hash(&key[i], hash);
  }
  return (uint32_t)(hash ^ (hash >> 32));
}

/* A changed key column counts with its committed value until the flush. */
static bool has_key(const corm_object *object, const corm_value *key) {
  const corm_mapper *mapper = object->mapper;
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const corm_value *mine = corm_object_committed(object, mapper->pk[i]);
    if (mine->kind != key[i].kind) return false;
    if (mine->kind == CORM_INT ? mine->as.i != key[i].as.i : !corm_value_equal(mine, &key[i])) return false;
  }
  return true;
}

corm_object *corm_identity_find(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                uint32_t hash) {
  if (!map->cap) return NULL;
  for (corm_object *o = map->buckets[hash & (map->cap - 1)]; o; o = o->chain)
    if (o->hash == hash && o->mapper == mapper && has_key(o, key)) return o;
  return NULL;
}

static corm_status grow(corm_identity *map, uint32_t cap, corm_error *err) {
  corm_object **buckets = corm_mem_zalloc(map->mem, cap, sizeof *buckets);
  if (!buckets) return corm_error_memory(err);
  for (uint32_t i = 0; i < map->cap; i++) {
    for (corm_object *o = map->buckets[i], *next; o; o = next) {
      next = o->chain;
      o->chain = buckets[o->hash & (cap - 1)];
      buckets[o->hash & (cap - 1)] = o;
    }
  }
  corm_mem_free(map->mem, map->buckets);
  map->buckets = buckets;
  map->cap = cap;
  return CORM_OK;
}

corm_status corm_identity_reserve(corm_identity *map, uint32_t count, corm_error *err) {
  uint32_t cap = map->cap ? map->cap : 16;
  while (cap < UINT32_C(1) << 31 && cap < map->count + count) cap *= 2;
  return cap > map->cap ? grow(map, cap, err) : CORM_OK;
}

corm_status corm_identity_add(corm_identity *map, corm_object *object, corm_error *err) {
  if (map->count >= map->cap) {
    corm_status status = corm_identity_reserve(map, 1, err);
    if (status != CORM_OK) return status;
  }
  corm_object **bucket = &map->buckets[object->hash & (map->cap - 1)];
  object->chain = *bucket;
  *bucket = object;
  object->flags |= CORM_OBJECT_IN_MAP;
  map->count++;
  map->added++;
  return CORM_OK;
}

void corm_identity_remove(corm_identity *map, corm_object *object) {
  if (!(object->flags & CORM_OBJECT_IN_MAP)) return;
  corm_object **p = &map->buckets[object->hash & (map->cap - 1)];
  while (*p != object) p = &(*p)->chain;
  *p = object->chain;
  object->chain = NULL;
  object->flags &= (uint8_t)~CORM_OBJECT_IN_MAP;
  map->count--;
}
