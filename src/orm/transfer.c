/*
 * What is handed over: values that rows give up, in a hash table, and the rows that get one of them. Only values in
 * memory count. Nothing is hashed unless a table has both rows that may give and rows that get.
 */
#include <string.h>

#include "engine/connection.h"
#include "engine/engine.h"
#include "orm/handover.h"

/* -- keys ---------------------------------------------------------------------------------------------------------- */

static bool waits_for_commit(const corm_constraint *constraint) {
  return constraint->deferrable == 1 && constraint->initially && strcmp(constraint->initially, "DEFERRED") == 0;
}

static corm_status add_key(corm_handover *h, corm_vec *keys, corm_unique_key key, corm_error *err) {
  corm_unique_key *copy = corm_arena_alloc(&h->arena, sizeof *copy);
  if (!copy || corm_vec_push(keys, copy) != CORM_OK) return corm_error_memory(err);
  *copy = key;
  return CORM_OK;
}

static corm_status add_index(corm_handover *h, const corm_index *index, corm_vec *keys, corm_error *err) {
  const corm_option *nulls = corm_option_find(index->options, CORM_OPTION_PG_NULLS_NOT_DISTINCT, false);
  corm_column **columns = corm_arena_zalloc(&h->arena, index->nitems, sizeof(corm_column *));
  if (!columns) return corm_error_memory(err);
  for (uint32_t i = 0; i < index->nitems; i++) {
    if (!index->items[i].column) return CORM_OK; /* who knows what an expression gives */
    columns[i] = index->items[i].column;
  }
  return add_key(
      h, keys,
      (corm_unique_key){
          .table = index->table, .columns = columns, .ncolumns = index->nitems, .nulls_equal = nulls && nulls->flag},
      err);
}

static corm_status add_keys_of(corm_handover *h, const corm_table *table, bool primary, corm_vec *keys,
                               corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < table->constraints.len; i++) {
    const corm_constraint *c = table->constraints.items[i];
    const bool is_primary = c->kind == CORM_CONSTRAINT_PRIMARY_KEY;
    if (is_primary ? !primary : c->kind != CORM_CONSTRAINT_UNIQUE) continue;
    if (!c->ncolumns || waits_for_commit(c)) continue;
    const corm_option *nulls = corm_option_find(c->options, CORM_OPTION_PG_NULLS_NOT_DISTINCT, false);
    status = add_key(h, keys,
                     (corm_unique_key){.table = table,
                                       .columns = c->columns,
                                       .ncolumns = c->ncolumns,
                                       .primary = is_primary,
                                       .nulls_equal = nulls && nulls->flag},
                     err);
  }
  for (size_t i = 0; status == CORM_OK && i < table->indexes.len; i++) {
    const corm_index *index = table->indexes.items[i];
    if (index->unique && index->nitems) status = add_index(h, index, keys, err);
  }
  return status;
}

/* By rank: some row of the family gets another primary key. NULL: out of memory. */
static bool *find_rekeyed(const corm_flush *flush, corm_handover *h) {
  bool *rekeyed = corm_arena_zalloc(&h->arena, flush->mappers.len, sizeof *rekeyed);
  for (uint32_t w = 0; rekeyed && w < flush->nworks; w++) {
    const corm_object *object = flush->works[w].object;
    if (flush->works[w].kind != CORM_WORK_UPDATE) continue;
    if (flush->works[w].first_pass) rekeyed[flush->works[w].rank] = true;
    for (uint32_t i = 0; (object->changes || flush->works[w].first_sync) && i < object->mapper->npk; i++)
      if (corm_sync_changes(flush, object, object->mapper->pk[i])) rekeyed[flush->works[w].rank] = true;
  }
  return rekeyed;
}

/* Keys of all tables, each once; of a class's own, or of a class before it in the list. */
static corm_status list_keys(const corm_flush *flush, corm_handover *h, corm_vec *keys, corm_error *err) {
  const bool *rekeyed = find_rekeyed(flush, h);
  corm_status status = rekeyed ? CORM_OK : corm_error_memory(err);
  for (size_t m = 0; status == CORM_OK && m < flush->mappers.len; m++) {
    const corm_mapper *mapper = flush->mappers.items[m];
    for (uint32_t t = 0; status == CORM_OK && t < mapper->ntables; t++) {
      const corm_table *table = mapper->tables[t].table;
      bool known = false;
      for (size_t before = 0; !known && before < m; before++)
        known = corm_mapper_has_table(flush->mappers.items[before], table);
      if (!known) status = add_keys_of(h, table, t == 0 && rekeyed[corm_flush_rank(flush, (uint32_t)m)], keys, err);
    }
  }
  return status;
}

/* The slots of a class for one key; *slots NULL: it has not all of them. */
static corm_status slots_of(corm_handover *h, const corm_mapper *mapper, const corm_unique_key *key, uint32_t **slots,
                            corm_error *err) {
  *slots = NULL;
  if (!corm_mapper_has_table(mapper, key->table)) return CORM_OK;
  uint32_t *found = corm_arena_alloc(&h->arena, key->ncolumns * sizeof *found);
  if (!found) return corm_error_memory(err);
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    const int32_t slot = corm_mapper_column_slot(mapper, key->columns[i]);
    if (slot < 0) return CORM_OK;
    found[i] = (uint32_t)slot;
  }
  *slots = found;
  return CORM_OK;
}

static corm_status map_keys(const corm_flush *flush, corm_handover *h, const corm_vec *keys, corm_error *err) {
  h->of = corm_arena_zalloc(&h->arena, flush->mappers.len, sizeof *h->of);
  if (!h->of) return corm_error_memory(err);
  for (size_t m = 0; m < flush->mappers.len; m++) {
    corm_unique_of *list = h->of[m] = corm_arena_zalloc(&h->arena, keys->len + 1, sizeof *list);
    uint32_t n = 0;
    if (!list) return corm_error_memory(err);
    for (size_t k = 0; k < keys->len; k++) {
      corm_unique_of of = {.key = keys->items[k]};
      const corm_status status = slots_of(h, flush->mappers.items[m], of.key, &of.slots, err);
      if (status != CORM_OK) return status;
      if (of.slots) list[n++] = of;
    }
  }
  return CORM_OK;
}

/* -- values before and after --------------------------------------------------------------------------------------- */

static bool is_changed(const corm_flush *flush, const corm_work *work, const corm_unique_of *of) {
  for (uint32_t i = 0; i < of->key->ncolumns; i++) {
    if (work->object->slots[of->slots[i]].flags & CORM_VALUE_DIRTY) return true;
    if (work->first_sync && corm_sync_coming(flush, work->object, of->slots[i])) return true;
  }
  return false;
}

/* What it will have, as far as that is known. */
static const corm_value *after(const corm_flush *flush, const corm_work *work, uint32_t slot) {
  const corm_value *value = work->first_sync ? corm_sync_coming(flush, work->object, slot) : NULL;
  if (value) return value;
  value = &work->object->slots[slot];
  return value->flags & CORM_VALUE_DIRTY ? value : corm_key_pass_will_have(flush, work, slot);
}

typedef struct tuple {
  const corm_value *values[16];
  uint64_t hash;
} tuple;

typedef enum knowledge { KNOWN, NOBODYS, UNKNOWN } knowledge; /* NOBODYS: it has a NULL, which is equal to none */

/* Databases that take "a" for "A" have more values that are equal: such ones are at least ordered. */
static uint64_t hash_value(const corm_value *value, bool exact, uint64_t seed) {
  if (exact || value->kind != CORM_TEXT) return corm_value_hash(value, seed);
  uint32_t len = value->len;
  while (len && value->as.s[len - 1] == ' ') len--;
  for (uint32_t i = 0; i < len; i++) {
    const unsigned char c = (unsigned char)value->as.s[i];
    seed = (seed ^ (c >= 'A' && c <= 'Z' ? c + 32U : c)) * UINT64_C(0x100000001b3);
  }
  return seed ^ seed >> 29;
}

static bool equal_values(const corm_value *a, const corm_value *b, bool exact) {
  if (exact || a->kind != CORM_TEXT || b->kind != CORM_TEXT) return corm_value_equal(a, b);
  return hash_value(a, false, 1) == hash_value(b, false, 1);
}

static knowledge read_tuple(const corm_flush *flush, const corm_work *work, const corm_unique_of *of, bool now,
                            bool exact, tuple *out) {
  knowledge known = KNOWN;
  out->hash = (uint64_t)(uintptr_t)of->key;
  if (of->key->ncolumns > 16) return UNKNOWN;
  for (uint32_t i = 0; i < of->key->ncolumns; i++) {
    const corm_value *value =
        now ? corm_key_pass_will_have(flush, work, of->slots[i]) : after(flush, work, of->slots[i]);
    if (value->kind == CORM_ABSENT || (value->extra & CORM_SLOT_PLACEHOLDER)) return UNKNOWN;
    if (value->kind == CORM_NULL && !of->key->nulls_equal) known = NOBODYS;
    out->values[i] = value;
    out->hash = hash_value(value, exact, out->hash);
  }
  return known;
}

/* -- finding ------------------------------------------------------------------------------------------------------- */

typedef struct offer {
  uint64_t hash;
  const corm_unique_of *of;
  uint32_t work; /* number + 1; 0: free */
} offer;

typedef struct finder {
  corm_flush *flush;
  corm_handover *h;
  offer *offers; /* open addressing */
  uint32_t cap;  /* power of two */
  uint32_t ngivers;
  bool exact;
  bool unsure;
} finder;

static const corm_unique_of *keys_of(const finder *f, const corm_work *work) {
  return f->h->of[corm_vec_index(&f->flush->mappers, work->object->mapper)];
}

static bool gives(const corm_flush *flush, const corm_work *work, const corm_unique_of *of) {
  if (work->kind == CORM_WORK_INSERT) return false;
  return work->kind == CORM_WORK_DELETE || is_changed(flush, work, of);
}

static bool takes(const corm_flush *flush, const corm_work *work, const corm_unique_of *of) {
  if (work->kind == CORM_WORK_DELETE) return false;
  return work->kind == CORM_WORK_INSERT || is_changed(flush, work, of);
}

/* Marks the keys that are worth a closer look. */
static bool look_over(finder *f) {
  bool any = false;
  for (uint32_t w = 0; w < f->flush->nworks; w++) {
    const corm_work *work = &f->flush->works[w];
    for (const corm_unique_of *of = keys_of(f, work); of->key; of++) {
      if (gives(f->flush, work, of)) {
        of->key->given = true;
        f->ngivers++;
      }
      if (takes(f->flush, work, of)) of->key->taken = true;
      any = any || (of->key->given && of->key->taken);
    }
  }
  return any;
}

static uint32_t place_of(const finder *f, uint64_t hash) {
  return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (f->cap - 1);
}

static corm_status offer_all(finder *f, corm_error *err) {
  for (f->cap = 16; f->cap < f->ngivers * 2; f->cap *= 2) {
  }
  f->offers = corm_mem_zalloc(f->h->mem, f->cap, sizeof *f->offers);
  f->h->unsure = corm_arena_zalloc(&f->h->arena, f->flush->nworks, sizeof *f->h->unsure);
  if (!f->offers || !f->h->unsure) return corm_error_memory(err);
  for (uint32_t w = 0; w < f->flush->nworks; w++) {
    const corm_work *work = &f->flush->works[w];
    for (const corm_unique_of *of = keys_of(f, work); of->key; of++) {
      tuple had;
      if (!of->key->given || !of->key->taken || !gives(f->flush, work, of)) continue;
      const knowledge known = read_tuple(f->flush, work, of, true, f->exact, &had);
      if (known == UNKNOWN && work->kind == CORM_WORK_DELETE) f->h->unsure[w] = f->unsure = true;
      if (known != KNOWN) continue;
      uint32_t at = place_of(f, had.hash);
      while (f->offers[at].work) at = (at + 1) & (f->cap - 1);
      f->offers[at] = (offer){had.hash, of, w + 1};
    }
  }
  return CORM_OK;
}

static corm_status add_transfer(corm_handover *h, corm_transfer transfer, corm_error *err) {
  corm_transfer *list = corm_flush_grow(h->mem, h->transfers, h->ntransfers, &h->transfers_cap, sizeof *list);
  if (!list) return corm_error_memory(err);
  h->transfers = list;
  list[h->ntransfers++] = transfer;
  return CORM_OK;
}

/* A deleted row that is written over gives when it is written over. */
static bool is_same_row(const corm_work *giver, const corm_work *taker, uint32_t giver_number) {
  return giver == taker || (taker->replaces && taker->replaces == giver_number + 1);
}

static corm_status take_from(finder *f, uint32_t w, const corm_unique_of *of, corm_error *err) {
  const corm_work *works = f->flush->works;
  tuple wanted, had;
  if (read_tuple(f->flush, &works[w], of, false, f->exact, &wanted) != KNOWN) return CORM_OK;
  corm_status status = CORM_OK;
  for (uint32_t at = place_of(f, wanted.hash); status == CORM_OK && f->offers[at].work; at = (at + 1) & (f->cap - 1)) {
    const offer *from = &f->offers[at];
    const uint32_t giver = from->work - 1;
    if (from->hash != wanted.hash || from->of->key != of->key || is_same_row(&works[giver], &works[w], giver)) continue;
    (void)read_tuple(f->flush, &works[giver], from->of, true, f->exact, &had);
    uint32_t same = 0;
    while (same < of->key->ncolumns && equal_values(wanted.values[same], had.values[same], f->exact)) same++;
    if (same == of->key->ncolumns) status = add_transfer(f->h, (corm_transfer){of->key, giver, w, false}, err);
  }
  return status;
}

static corm_status take_all(finder *f, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t w = 0; status == CORM_OK && w < f->flush->nworks; w++) {
    const corm_work *work = &f->flush->works[w];
    for (const corm_unique_of *of = keys_of(f, work); status == CORM_OK && of->key; of++)
      if (of->key->given && takes(f->flush, work, of)) status = take_from(f, w, of, err);
  }
  return status;
}

corm_status corm_transfers_load(corm_flush *flush, corm_handover *h, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t w = 0; status == CORM_OK && w < flush->nworks; w++) {
    corm_object *object = flush->works[w].object;
    const corm_unique_of *of = h->of[corm_vec_index(&flush->mappers, object->mapper)];
    for (; status == CORM_OK && h->unsure[w] && of->key; of++)
      for (uint32_t i = 0; status == CORM_OK && i < of->key->ncolumns; i++)
        status = corm_sync_know(object, of->slots[i], err);
  }
  return status;
}

corm_status corm_transfers_find(corm_flush *flush, corm_handover *h, bool *any, corm_error *err) {
  finder f = {.flush = flush, .h = h, .exact = corm_engine_dialect(corm_conn_engine(flush->conn))->exact_equality};
  corm_vec keys;
  corm_vec_init(&keys, h->mem);
  corm_status status = list_keys(flush, h, &keys, err);
  if (status == CORM_OK && keys.len) status = map_keys(flush, h, &keys, err);
  if (status == CORM_OK && keys.len && look_over(&f)) {
    status = offer_all(&f, err);
    if (status == CORM_OK) status = take_all(&f, err);
  }
  if (!f.unsure) h->unsure = NULL;
  *any = status == CORM_OK && (h->ntransfers || f.unsure);
  corm_mem_free(h->mem, f.offers);
  corm_vec_clear(&keys);
  return status;
}
