/* Joined collections repeat the rows of their parents: each is shown once. */
#include "orm/loader.h"

typedef struct shown_row {
  struct shown_row *next;
  uint64_t hash;
  corm_value values[];
} shown_row;

struct corm_shown {
  shown_row **buckets;
  uint32_t cap; /* power of two */
  uint32_t count;
};

static corm_status item_value(corm_loader *loader, const corm_load_item *item, corm_value *out, corm_error *err) {
  if (item->entity < 0) return corm_result_value(loader->result, item->column, out, err);
  const corm_load_entity *entity = loader->entities.items[item->entity];
  *out = entity->object ? corm_value_int((int64_t)(intptr_t)entity->object) : corm_value_null();
  return CORM_OK;
}

static bool grow_shown(corm_loader *loader, struct corm_shown *shown) {
  if (shown->count < shown->cap) return true;
  const uint32_t cap = shown->cap ? shown->cap * 2 : 64;
  shown_row **buckets = corm_arena_zalloc(&loader->arena, cap, sizeof *buckets);
  if (!buckets) return false;
  for (uint32_t i = 0; i < shown->cap; i++) {
    for (shown_row *row = shown->buckets[i], *next; row; row = next) {
      next = row->next;
      row->next = buckets[row->hash & (cap - 1)];
      buckets[row->hash & (cap - 1)] = row;
    }
  }
  shown->buckets = buckets;
  shown->cap = cap;
  return true;
}

static bool same_row(const shown_row *row, const corm_value *values, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!corm_value_equal(&row->values[i], &values[i])) return false;
  return true;
}

static corm_status enter_row(corm_loader *loader, uint64_t hash, const corm_value *values, corm_error *err) {
  struct corm_shown *shown = loader->shown;
  const uint32_t n = loader->nitems;
  shown_row *row = corm_arena_alloc(&loader->arena, sizeof *row + n * sizeof *values);
  if (!row || !grow_shown(loader, shown)) return corm_error_memory(err);
  row->hash = hash;
  for (uint32_t i = 0; i < n; i++) {
    row->values[i] = values[i];
    if (!corm_value_has_bytes(&values[i])) continue;
    row->values[i].as.s = corm_arena_dup(&loader->arena, values[i].as.s, values[i].len);
    if (!row->values[i].as.s) return corm_error_memory(err);
  }
  row->next = shown->buckets[hash & (shown->cap - 1)];
  shown->buckets[hash & (shown->cap - 1)] = row;
  shown->count++;
  return CORM_OK;
}

static corm_status look_up_row(corm_loader *loader, bool *repeated, corm_error *err) {
  const uint32_t n = loader->nitems;
  uint64_t hash = 0;
  if (!loader->shown) {
    loader->shown = corm_arena_zalloc(&loader->arena, 1, sizeof *loader->shown);
    loader->row_values = corm_arena_zalloc(&loader->arena, n, sizeof *loader->row_values);
    if (!loader->shown || !loader->row_values) return corm_error_memory(err);
  }
  corm_value *values = loader->row_values;
  for (uint32_t i = 0; i < n; i++) {
    corm_status status = item_value(loader, &loader->items[i], &values[i], err);
    if (status != CORM_OK) return status;
    hash = corm_value_hash(&values[i], hash);
  }
  const struct corm_shown *shown = loader->shown;
  *repeated = true;
  for (const shown_row *row = shown->cap ? shown->buckets[hash & (shown->cap - 1)] : NULL; row; row = row->next)
    if (row->hash == hash && same_row(row, values, n)) return CORM_OK;
  *repeated = false;
  return enter_row(loader, hash, values, err);
}

bool corm_loader_duplicate(corm_loader *loader) {
  bool repeated = false;
  if (!loader->unique || loader->failed) return false;
  if (!loader->row_looked_at) {
    loader->row_looked_at = true;
    if (look_up_row(loader, &repeated, &loader->failure) != CORM_OK) loader->failed = true; /* step reports it */
    loader->row_repeated = repeated;
  }
  return loader->row_repeated;
}
