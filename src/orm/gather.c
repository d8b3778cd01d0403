#include "orm/gather.h"

#include <stdio.h>
#include <string.h>

void corm_gather_init(corm_gather *gather, const corm_mem *mem, corm_relationship *relationship) {
  *gather = (corm_gather){.mem = mem, .relationship = relationship};
  corm_arena_init(&gather->arena, mem);
}

void corm_gather_clear(corm_gather *gather) {
  const corm_mem *mem = gather->mem;
  corm_siblings_release(gather->siblings);
  corm_mem_free(mem, gather->parents);
  corm_mem_free(mem, gather->pulls);
  corm_mem_free(mem, gather->index);
  corm_mem_free(mem, gather->targets);
  corm_mem_free(mem, gather->starts);
  corm_arena_clear(&gather->arena);
  corm_gather_init(gather, mem, gather->relationship);
}

static corm_status add_parent(corm_gather *gather, corm_object *parent, corm_error *err) {
  if (gather->nparents == gather->parents_cap) {
    uint32_t cap = gather->parents_cap ? gather->parents_cap * 2 : 16;
    corm_object **parents = corm_mem_resize(gather->mem, gather->parents, cap * sizeof(corm_object *));
    if (!parents) return corm_error_memory(err);
    gather->parents = parents;
    gather->parents_cap = cap;
  }
  gather->parents[gather->nparents++] = parent;
  return CORM_OK;
}

/* -- by address -- */

static uint32_t place_of(const corm_gather *gather, const corm_object *parent) {
  uint32_t place = (uint32_t)corm_hash_int((uintptr_t)parent) & (gather->index_cap - 1);
  while (gather->index[place] && gather->parents[gather->index[place] - 1] != parent)
    place = (place + 1) & (gather->index_cap - 1);
  return place;
}

static corm_status grow_index(corm_gather *gather, corm_error *err) {
  uint32_t cap = gather->index_cap ? gather->index_cap * 2 : 64;
  uint32_t *index = corm_mem_zalloc(gather->mem, cap, sizeof *index);
  if (!index) return corm_error_memory(err);
  corm_mem_free(gather->mem, gather->index);
  gather->index = index;
  gather->index_cap = cap;
  for (uint32_t i = 0; i < gather->nparents; i++) index[place_of(gather, gather->parents[i])] = i + 1;
  return CORM_OK;
}

corm_status corm_gather_parent(corm_gather *gather, corm_object *parent, uint32_t *out, corm_error *err) {
  if (gather->last < gather->nparents && gather->parents[gather->last] == parent) {
    *out = gather->last;
    return CORM_OK;
  }
  corm_status status = gather->nparents * 2 >= gather->index_cap ? grow_index(gather, err) : CORM_OK;
  if (status != CORM_OK) return status;
  uint32_t place = place_of(gather, parent);
  if (!gather->index[place]) {
    status = add_parent(gather, parent, err);
    if (status != CORM_OK) return status;
    gather->index[place] = gather->nparents;
  }
  *out = gather->last = gather->index[place] - 1;
  return CORM_OK;
}

/* -- by key -- */

corm_status corm_gather_by_key(corm_gather *gather, uint32_t width, uint32_t max, corm_error *err) {
  uint32_t cap = 4;
  while (cap < max * 2) cap *= 2;
  gather->width = width;
  gather->keys = corm_arena_zalloc(&gather->arena, max, width * sizeof *gather->keys);
  gather->key_parents = corm_arena_zalloc(&gather->arena, max, sizeof *gather->key_parents);
  gather->index = corm_mem_zalloc(gather->mem, cap, sizeof *gather->index);
  gather->index_cap = cap;
  gather->low = INT64_MAX;
  gather->high = INT64_MIN;
  return gather->keys && gather->key_parents && gather->index ? CORM_OK : corm_error_memory(err);
}

/* Where a key stands in the index, or would. */
static uint32_t place_of_key(const corm_gather *gather, const corm_value *key) {
  const uint32_t width = gather->width, mask = gather->index_cap - 1;
  uint64_t hash = 0;
  for (uint32_t i = 0; i < width; i++) hash = corm_value_hash(&key[i], hash);
  for (uint32_t place = (uint32_t)hash & mask;; place = (place + 1) & mask) {
    if (!gather->index[place]) return place;
    const corm_value *other = &gather->keys[(gather->index[place] - 1) * width];
    uint32_t i = 0;
    while (i < width && corm_value_equal(&key[i], &other[i])) i++;
    if (i == width) return place;
  }
}

static corm_status copy_key(corm_gather *gather, const corm_value *key, corm_value *out, corm_error *err) {
  for (uint32_t i = 0; i < gather->width; i++) {
    out[i] = key[i];
    out[i].flags = 0;
    if (!corm_value_has_bytes(&key[i])) continue;
    out[i].as.s = corm_arena_dup(&gather->arena, key[i].as.s, key[i].len);
    if (!out[i].as.s) return corm_error_memory(err);
  }
  return CORM_OK;
}

/* A key that is no single integer makes the widest of all ranges. */
static void note_bounds(corm_gather *gather, const corm_value *key) {
  const bool is_int = gather->width == 1 && key->kind == CORM_INT;
  const int64_t low = is_int ? key->as.i : INT64_MIN, high = is_int ? key->as.i : INT64_MAX;
  if (low < gather->low) gather->low = low;
  if (high > gather->high) gather->high = high;
}

/* What stands beside `parents` for each of them. */
static uint32_t *grow_column(corm_gather *gather, const uint32_t *old, uint32_t had) {
  uint32_t *column = corm_arena_zalloc(&gather->arena, gather->parents_cap, sizeof *column);
  if (column && had) memcpy(column, old, had * sizeof *column);
  return column;
}

corm_status corm_gather_enter(corm_gather *gather, corm_object *parent, const corm_value *key, corm_error *err) {
  const uint32_t cap = gather->parents_cap;
  corm_status status = add_parent(gather, parent, err);
  if (status == CORM_OK && gather->parents_cap != cap) {
    gather->same_key = grow_column(gather, gather->same_key, cap);
    gather->places = grow_column(gather, gather->places, cap);
    if (!gather->same_key || !gather->places) status = corm_error_memory(err);
  }
  if (status != CORM_OK) return status;
  gather->places[gather->nparents - 1] = parent->sibling;
  uint32_t place = place_of_key(gather, key);
  if (!gather->index[place]) {
    status = copy_key(gather, key, &gather->keys[gather->nkeys * gather->width], err);
    if (status != CORM_OK) return status;
    gather->index[place] = ++gather->nkeys;
    note_bounds(gather, key);
  }
  const uint32_t number = gather->index[place] - 1;
  gather->same_key[gather->nparents - 1] = gather->key_parents[number];
  gather->key_parents[number] = gather->nparents;
  return CORM_OK;
}

/* -- ranges -- */

/* Values between the bounds, both counted, without one: all 64-bit integers are one too many for the type. */
static uint64_t reach(const corm_gather *gather) {
  return (uint64_t)gather->high - (uint64_t)gather->low;
}

/* One hole for eight keys is no more work for the database than it saves. */
static uint32_t allowed_holes(uint32_t nkeys, uint32_t allowed) {
  return nkeys / 8 < allowed ? nkeys / 8 : allowed;
}

bool corm_gather_may_be_range(const corm_gather *gather, uint32_t allowed) {
  return gather->low > gather->high || reach(gather) < (uint64_t)allowed + allowed / 8;
}

corm_status corm_gather_find_range(corm_gather *gather, uint32_t allowed, corm_error *err) {
  if (!gather->nkeys || reach(gather) >= (uint64_t)gather->nkeys + allowed_holes(gather->nkeys, allowed))
    return CORM_OK;
  const uint32_t span = (uint32_t)reach(gather) + 1;
  uint8_t *seen = corm_arena_zalloc(&gather->arena, span, sizeof *seen);
  gather->holes = corm_arena_zalloc(&gather->arena, span - gather->nkeys + 1, sizeof *gather->holes);
  if (!seen || !gather->holes) return corm_error_memory(err);
  for (uint32_t i = 0; i < gather->nkeys; i++) seen[(uint64_t)gather->keys[i].as.i - (uint64_t)gather->low] = 1;
  for (uint32_t i = 0; i < span; i++)
    if (!seen[i]) gather->holes[gather->nholes++] = corm_value_int(gather->low + (int64_t)i);
  gather->is_range = true;
  return CORM_OK;
}

void corm_gather_cut(corm_gather *gather, uint32_t nparents, uint32_t nkeys) {
  for (uint32_t i = 0; i < nkeys; i++)
    while (gather->key_parents[i] > nparents) gather->key_parents[i] = gather->same_key[gather->key_parents[i] - 1];
  gather->nparents = nparents;
  gather->nkeys = nkeys;
  memset(gather->index, 0, gather->index_cap * sizeof *gather->index);
  for (uint32_t i = 0; i < nkeys; i++) gather->index[place_of_key(gather, &gather->keys[i * gather->width])] = i + 1;
}

/* -- rows -- */

corm_status corm_gather_pull(corm_gather *gather, uint32_t parent, corm_object *target, corm_error *err) {
  if (gather->npulls == gather->pulls_cap) {
    uint32_t cap = gather->pulls_cap ? gather->pulls_cap * 2 : 32;
    corm_pull *pulls = corm_mem_resize(gather->mem, gather->pulls, cap * sizeof *pulls);
    if (!pulls) return corm_error_memory(err);
    gather->pulls = pulls;
    gather->pulls_cap = cap;
  }
  gather->pulls[gather->npulls++] = (corm_pull){target, parent};
  return CORM_OK;
}

/* Number of a key + 1, or 0. Rows of one parent mostly follow each other. */
static uint32_t find_key(corm_gather *gather, const corm_value *key) {
  if (gather->width == 1 && gather->last && key->kind == CORM_INT) {
    const corm_value *last = &gather->keys[gather->last - 1];
    if (last->kind == CORM_INT && last->as.i == key->as.i) return gather->last;
  }
  const uint32_t number = gather->index[place_of_key(gather, key)];
  if (number) gather->last = number;
  return number;
}

corm_status corm_gather_pull_key(corm_gather *gather, const corm_value *key, corm_object *target, corm_error *err) {
  const uint32_t number = find_key(gather, key);
  corm_status status = CORM_OK;
  for (uint32_t parent = number ? gather->key_parents[number - 1] : 0; status == CORM_OK && parent;
       parent = gather->same_key[parent - 1])
    status = corm_gather_pull(gather, parent - 1, target, err);
  return status;
}

/* -- the end -- */

/* NULL for one that was collected (it left its group before its memory went) or has the relationship by now. */
static corm_object *parent_of(const corm_gather *gather, uint32_t number) {
  corm_object *parent = gather->parents[number];
  if (gather->siblings) {
    if (gather->siblings->members[gather->places[number]] != parent) return NULL;
    const corm_host *host = parent->mapper->registry->host;
    if (!host->alive(host->ctx, parent)) return NULL;
  }
  const corm_link *link = corm_object_find_link(parent, gather->relationship);
  return link && link->loaded ? NULL : parent;
}

/* Counting sort: rows of one parent keep their order. */
static corm_status sort_pulls(corm_gather *gather, corm_error *err) {
  const uint32_t n = gather->nparents;
  uint32_t *starts = gather->starts = corm_mem_zalloc(gather->mem, n + 2, sizeof *starts);
  if (!starts) return corm_error_memory(err);
  if (!gather->npulls) return CORM_OK;
  gather->targets = corm_mem_zalloc(gather->mem, gather->npulls, sizeof(corm_object *));
  if (!gather->targets) return corm_error_memory(err);
  /* starts[p + 2] counts, so that starts[p + 1] is where p's next target goes, and its end when all are placed. */
  for (uint32_t i = 0; i < gather->npulls; i++) starts[gather->pulls[i].parent + 2]++;
  for (uint32_t i = 2; i <= n; i++) starts[i] += starts[i - 1];
  for (uint32_t i = 0; i < gather->npulls; i++)
    gather->targets[starts[gather->pulls[i].parent + 1]++] = gather->pulls[i].target;
  return CORM_OK;
}

/* Joins of several collections, and association rows that stand twice, repeat targets. */
static void drop_repetitions(corm_gather *gather) {
  uint32_t kept = 0, start = 0;
  for (uint32_t p = 0; p < gather->nparents; p++) {
    const uint32_t first = kept, end = gather->starts[p + 1];
    for (uint32_t i = start; i < end; i++) {
      corm_object *target = gather->targets[i];
      if (target->flags & CORM_OBJECT_MARK) continue;
      target->flags |= CORM_OBJECT_MARK;
      gather->targets[kept++] = target;
    }
    for (uint32_t i = first; i < kept; i++) gather->targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
    gather->starts[p] = first;
    start = end;
  }
  gather->starts[gather->nparents] = kept;
}

corm_status corm_gather_finish(corm_gather *gather, corm_error *err) {
  const corm_relationship *relationship = gather->relationship;
  corm_status status = sort_pulls(gather, err);
  if (status != CORM_OK) return status;
  drop_repetitions(gather);
  for (uint32_t p = 0; status == CORM_OK && p < gather->nparents; p++) {
    if (gather->starts[p] != gather->starts[p + 1]) continue;
    corm_object *parent = parent_of(gather, p);
    if (!parent) continue;
    status = relationship->uselist ? corm_link_fill_many(parent, relationship, NULL, NULL, 0, err)
                                   : corm_link_fill_one(parent, relationship, NULL, 0, err);
  }
  return status;
}

bool corm_gather_next(corm_gather *gather, corm_object **parent, corm_object *const **targets, uint32_t *n) {
  while (gather->group < gather->nparents) {
    const uint32_t p = gather->group++;
    const uint32_t start = gather->starts[p], count = gather->starts[p + 1] - start;
    if (!count || !(*parent = parent_of(gather, p))) continue;
    *targets = &gather->targets[start];
    *n = gather->relationship->uselist ? count : 1;
    return true;
  }
  return false;
}

/* Where there should be one row and are several, the others are lost from sight: once a load says so. */
static void warn_of_several(corm_gather *gather, uint32_t p) {
  const corm_relationship *relationship = gather->relationship;
  const corm_host *host = corm_object_host(gather->parents[p]);
  char text[400];
  if (gather->warned || !host->warn) return;
  gather->warned = true;
  (void)snprintf(text, sizeof text,
                 "Multiple rows returned with uselist = false for '%.80s.%.80s': the first of %u is taken",
                 relationship->parent->name, relationship->key, gather->starts[p + 1] - gather->starts[p]);
  host->warn(host->ctx, text);
}

corm_status corm_gather_link(corm_gather *gather, const uint32_t *edges, corm_error *err) {
  const uint32_t p = gather->group - 1, start = gather->starts[p];
  const corm_relationship *relationship = gather->relationship;
  if (!relationship->uselist) {
    if (gather->starts[p + 1] - start > 1) warn_of_several(gather, p);
    return corm_link_fill_one(gather->parents[p], relationship, gather->targets[start], edges[0], err);
  }
  return corm_link_fill_many(gather->parents[p], relationship, &gather->targets[start], edges,
                             gather->starts[p + 1] - start, err);
}
