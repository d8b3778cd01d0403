/*
 * Parking: a row gets another value in one column of a unique key, by an UPDATE of its own that nothing is told of and
 * no version counts; the flush's own UPDATE or DELETE of the row comes later. NULL is equal to nothing, so a nullable
 * column gets that. Another one gets a random value that nobody has: of types with few values the database is asked
 * first (orm/spare.c). Columns with foreign keys only take NULL, and those that others refer to never do.
 */
#include <string.h>

#include "engine/engine.h"
#include "orm/handover.h"
#include "orm/persist.h"
#include "orm/preview.h"
#include "orm/spare.h"

/* -- which column -------------------------------------------------------------------------------------------------- */

/* Whether a foreign key has the column among those that refer, or among those that are referred to. */
static bool has_foreign_key(const corm_table *table, const corm_column *column, bool target) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    const corm_constraint *fk = table->constraints.items[i];
    corm_column *const *columns = target ? fk->target_columns : fk->columns;
    if (fk->kind != CORM_CONSTRAINT_FOREIGN_KEY || !columns) continue;
    for (uint32_t c = 0; c < fk->ncolumns; c++)
      if (columns[c] == column) return true;
  }
  return false;
}

static bool is_referred_to(const corm_column *column) {
  const corm_map_entry *entry;
  for (size_t at = 0; (entry = corm_map_next(&column->table->metadata->tables, &at)) != NULL;)
    if (has_foreign_key(entry->value, column, true)) return true;
  return false;
}

static int cost_of(const corm_unique_key *key, const corm_column *column) {
  const bool null = column->nullable && !column->primary_key && !key->nulls_equal && !is_referred_to(column);
  if (null) return 0;
  return !column->computed && corm_spare_has(column->type) && !has_foreign_key(column->table, column, false) ? 1 : 2;
}

static bool is_changed(const corm_object *object, const corm_column *column) {
  const int32_t slot = object ? corm_mapper_column_slot(object->mapper, column) : -1;
  return slot >= 0 && (object->slots[slot].flags & CORM_VALUE_DIRTY);
}

/* The column that is parked best; among equals one that the row's own UPDATE writes as well. */
static const corm_column *choose(const corm_unique_key *key, const corm_object *object, int *cost) {
  const corm_column *best = key->columns[0];
  *cost = 3;
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    const int mine = cost_of(key, key->columns[i]);
    if (mine > *cost || (mine == *cost && (is_changed(object, best) || !is_changed(object, key->columns[i])))) continue;
    *cost = mine;
    best = key->columns[i];
  }
  return best;
}

int corm_park_cost(const corm_unique_key *key) {
  int cost;
  (void)choose(key, NULL, &cost);
  return cost;
}

/* -- noting -------------------------------------------------------------------------------------------------------- */

corm_status corm_park_add(corm_flush *flush, corm_handover *h, uint32_t w, const corm_unique_key *key,
                          corm_error *err) {
  int cost;
  const corm_work *work = &flush->works[w];
  const corm_column *column = choose(key, work->object, &cost);
  const int32_t slot = corm_mapper_column_slot(work->object->mapper, column);
  /* The key of a row that goes is what its DELETE looks for. */
  if (cost > 1 || slot < 0 || (key->primary && work->kind != CORM_WORK_UPDATE)) return CORM_OK;
  for (uint32_t i = h->first_park[w]; i; i = h->parks[i - 1].next)
    if (h->parks[i - 1].column == column) return CORM_OK;
  corm_park *parks = corm_flush_grow(h->mem, h->parks, h->nparks, &h->parks_cap, sizeof *parks);
  if (!parks) return corm_error_memory(err);
  h->parks = parks;
  parks[h->nparks] = (corm_park){.column = column,
                                 .work = w,
                                 .slot = (uint32_t)slot,
                                 .value = {.kind = CORM_NULL},
                                 .found = cost == 0,
                                 .next = h->first_park[w]};
  h->first_park[w] = ++h->nparks;
  /* Its own UPDATE brings the value back, also where only another column of the key changes. */
  return work->kind == CORM_WORK_UPDATE ? corm_object_touch(work->object, (uint32_t)slot, err) : CORM_OK;
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* Fills in the values of all parks of one column, from `first` on. */
static corm_status find_values(corm_persister *p, uint32_t first, corm_error *err) {
  corm_handover *h = p->flush->handover;
  if (p->flush->preview) {
    corm_park *park = &h->parks[first];
    park->found = true;
    return corm_preview_value(p->flush->preview, p->flush->works[park->work].object, park->slot, "free", &park->value,
                              err);
  }
  const corm_column *column = h->parks[first].column;
  size_t n = 0, at = 0;
  for (uint32_t i = first; i < h->nparks; i++) n += h->parks[i].column == column && !h->parks[i].found;
  corm_value *values = corm_arena_zalloc(&h->arena, n, sizeof *values);
  if (!values) return corm_error_memory(err);
  const corm_mapper *mapper = p->flush->works[h->parks[first].work].object->mapper;
  corm_status status = corm_persist_at(p, mapper->root, NULL, err);
  if (status == CORM_OK) status = corm_spare_find(p->flush->conn, &h->arena, column, values, n, err);
  for (uint32_t i = first; status == CORM_OK && i < h->nparks && at < n; i++) {
    corm_park *park = &h->parks[i];
    if (park->column != column || park->found) continue;
    park->value = values[at++];
    park->found = park->value.kind != CORM_ABSENT;
  }
  return status;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* Puts the values of the parks of a row's table into the object, or what was there back again. */
static void exchange(corm_handover *h, corm_object *object, uint32_t level, uint32_t first) {
  for (uint32_t i = first; i; i = h->parks[i - 1].next) {
    corm_park *park = &h->parks[i - 1];
    corm_value *slot = &object->slots[park->slot], was = *slot;
    if (object->mapper->attributes[park->slot].level != level || !park->found) continue;
    *slot = park->value;
    slot->flags |= was.flags & CORM_VALUE_DIRTY; /* what comes back has its own */
    park->value = was;
  }
}

static corm_status write_level(corm_persister *p, const corm_work *work, uint32_t level, uint32_t first,
                               corm_error *err) {
  corm_handover *h = p->flush->handover;
  corm_object *object = work->object;
  bool any = false;
  corm_status status = corm_persist_reserve(p, object->mapper, err);
  if (status != CORM_OK) return status;
  memset(p->mask, 0, corm_mask_words(object->mapper) * sizeof *p->mask);
  for (uint32_t i = first; i; i = h->parks[i - 1].next) {
    const uint32_t slot = h->parks[i - 1].slot;
    if (object->mapper->attributes[slot].level != level || !h->parks[i - 1].found) continue;
    p->mask[slot / 64] |= UINT64_C(1) << (slot % 64);
    any = true;
  }
  if (!any) return CORM_OK;
  exchange(h, object, level, first);
  status = corm_persist_collect(p, work, CORM_WRITE_UPDATE, level, err);
  exchange(h, object, level, first);
  return status == CORM_OK ? CORM_OK : corm_persist_blame(object, err);
}

/* Children first: the key of a parent that is parked goes on to them. */
static corm_status write_all(corm_persister *p, corm_error *err) {
  const corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  for (uint32_t i = flush->nworks; status == CORM_OK && i-- > 0;) {
    const corm_work *work = &flush->works[flush->order[i]];
    const uint32_t first = flush->handover->first_park[flush->order[i]];
    if (!first) continue;
    status = corm_persist_at(p, work->object->mapper->root, NULL, err);
    for (uint32_t level = 0; status == CORM_OK && level < work->object->mapper->ntables; level++)
      status = write_level(p, work, level, first, err);
  }
  return status == CORM_OK ? corm_pages_flush(p, err) : status;
}

bool corm_park_is_versioned(const corm_persister *p, const corm_object *object) {
  return p->parking && object->mapper->version >= 0 && object->mapper->rules.version_kind == CORM_VERSION_GIVEN;
}

/* The database may have counted the row's version: it is read again. */
static corm_status read_versions(corm_persister *p, corm_error *err) {
  const corm_handover *h = p->flush->handover;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < h->nparks; i++) {
    corm_object *object = p->flush->works[h->parks[i].work].object;
    const uint32_t slot = (uint32_t)object->mapper->version;
    if (!h->parks[i].found || !corm_park_is_versioned(p, object) || (object->slots[slot].flags & CORM_VALUE_DIRTY))
      continue;
    corm_object_expire(object, &slot, 1);
    status = corm_object_refresh(object, slot, err);
  }
  return status;
}

void corm_parks_begin(corm_handover *h, const corm_flush *flush) {
  for (uint32_t i = 0; h && i < h->nparks; i++) {
    corm_park *park = &h->parks[i];
    corm_object *object = flush->works[park->work].object;
    if (!object->mapper->attributes[park->slot].primary_key || !park->found) continue;
    corm_change *change = corm_object_change(object, park->slot);
    if (!change) continue;
    park->original = change->old;
    change->old = park->value;
    change->old.flags = 0;
    park->swapped = true;
  }
}

corm_status corm_parks_write(corm_persister *p, corm_error *err) {
  corm_handover *h = p->flush->handover;
  corm_status status = CORM_OK;
  if (!h || !h->nparks) return CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < h->nparks; i++)
    if (!h->parks[i].found) status = find_values(p, i, err);
  p->posting = p->parking = true;
  p->inlined = false;
  if (status == CORM_OK) status = write_all(p, err);
  if (status == CORM_OK) status = read_versions(p, err);
  p->posting = p->parking = false;
  return status;
}

void corm_parks_end(corm_handover *h, const corm_flush *flush) {
  for (uint32_t i = 0; h && i < h->nparks; i++) {
    corm_park *park = &h->parks[i];
    corm_change *change = park->swapped ? corm_object_change(flush->works[park->work].object, park->slot) : NULL;
    if (change) change->old = park->original;
    park->swapped = false;
  }
}
