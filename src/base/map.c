#include "base/map.h"

#include <string.h>

/* The index holds entry numbers plus one; 0 is a free place. A removed key keeps its place, which points at a hole
   then, so that probing goes on behind it; compaction drops both. */

#define FIRST_CAP ((size_t)8)

uint64_t corm_hash_int(uint64_t value) {
  value += UINT64_C(0x9e3779b97f4a7c15);
  value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
  return value ^ (value >> 31);
}

uint64_t corm_hash_bytes(const void *bytes, size_t len, uint64_t seed) {
  const unsigned char *p = bytes;
  uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ corm_hash_int(seed);
  for (size_t i = 0; i < len; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
  return corm_hash_int(hash);
}

void corm_map_init(corm_map *map, const corm_mem *mem) {
  *map = (corm_map){.mem = mem};
}

void corm_map_clear(corm_map *map) {
  for (size_t i = 0; i < map->used; i++) corm_mem_free(map->mem, map->entries[i].key);
  corm_mem_free(map->mem, map->entries);
  corm_mem_free(map->mem, map->index);
  corm_map_init(map, map->mem);
}

static corm_map_entry *find(const corm_map *map, const char *key, size_t len, uint64_t hash) {
  if (map->count == 0) return NULL;
  size_t mask = map->index_cap - 1;
  for (size_t place = (size_t)hash & mask; map->index[place]; place = (place + 1) & mask) {
    corm_map_entry *entry = &map->entries[map->index[place] - 1];
    if (entry->hash == hash && entry->key && entry->len == len && memcmp(entry->key, key, len) == 0) return entry;
  }
  return NULL;
}

static void index_entry(corm_map *map, size_t number) {
  size_t mask = map->index_cap - 1;
  size_t place = (size_t)map->entries[number].hash & mask;
  while (map->index[place]) place = (place + 1) & mask;
  map->index[place] = (uint32_t)(number + 1);
}

/* Moves the live entries together and builds the index anew. */
static void compact(corm_map *map) {
  size_t live = 0;
  for (size_t i = 0; i < map->used; i++) {
    if (map->entries[i].key) map->entries[live++] = map->entries[i];
  }
  map->used = live;
  memset(map->index, 0, map->index_cap * sizeof *map->index);
  for (size_t i = 0; i < live; i++) index_entry(map, i);
}

/* Makes room for one more entry. Holes are reused when they are a quarter of the table, otherwise it doubles: either
   way the next call that works is a number of insertions away that pays for this one. */
static corm_status reserve(corm_map *map) {
  if (map->used < map->cap) return CORM_OK;
  if (map->cap - map->count >= map->cap / 4 && map->cap) {
    compact(map);
    return CORM_OK;
  }
  size_t cap = map->cap ? map->cap * 2 : FIRST_CAP;
  if (cap >= UINT32_MAX || cap > SIZE_MAX / sizeof *map->entries) return CORM_FAILED;
  size_t index_cap = cap * 2;
  uint32_t *index = corm_mem_zalloc(map->mem, index_cap, sizeof *index);
  if (!index) return CORM_FAILED;
  corm_map_entry *entries = corm_mem_resize(map->mem, map->entries, cap * sizeof *entries);
  if (!entries) {
    corm_mem_free(map->mem, index);
    return CORM_FAILED;
  }
  corm_mem_free(map->mem, map->index);
  map->entries = entries;
  map->cap = cap;
  map->index = index;
  map->index_cap = index_cap;
  compact(map);
  return CORM_OK;
}

void *corm_map_get(const corm_map *map, const char *key, size_t len) {
  const corm_map_entry *entry = find(map, key, len, corm_hash_bytes(key, len, 0));
  return entry ? entry->value : NULL;
}

void *corm_map_gets(const corm_map *map, const char *key) {
  return corm_map_get(map, key, strlen(key));
}

corm_status corm_map_put(corm_map *map, const char *key, size_t len, void *value) {
  uint64_t hash = corm_hash_bytes(key, len, 0);
  corm_map_entry *entry = find(map, key, len, hash);
  if (entry) {
    entry->value = value;
    return CORM_OK;
  }
  if (reserve(map) != CORM_OK) return CORM_FAILED;
  char *copy = corm_mem_dup(map->mem, key, len);
  if (!copy) return CORM_FAILED;
  map->entries[map->used] = (corm_map_entry){.key = copy, .len = len, .hash = hash, .value = value};
  index_entry(map, map->used);
  map->used++;
  map->count++;
  return CORM_OK;
}

corm_status corm_map_puts(corm_map *map, const char *key, void *value) {
  return corm_map_put(map, key, strlen(key), value);
}

void *corm_map_remove(corm_map *map, const char *key, size_t len) {
  corm_map_entry *entry = find(map, key, len, corm_hash_bytes(key, len, 0));
  if (!entry) return NULL;
  corm_mem_free(map->mem, entry->key);
  entry->key = NULL;
  map->count--;
  return entry->value;
}

corm_map_entry *corm_map_next(const corm_map *map, size_t *pos) {
  while (*pos < map->used) {
    corm_map_entry *entry = &map->entries[(*pos)++];
    if (entry->key) return entry;
  }
  return NULL;
}
