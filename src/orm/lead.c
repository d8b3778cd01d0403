/*
 * Deletes that come first. One can if nothing in the flush has to be written before it: rows that refer to its row are
 * deleted before it themselves, or are not written at all. Association rows go before all of them.
 */
#include "orm/handover.h"

#include <string.h>

typedef struct leader {
  corm_flush *flush;
  corm_handover *h;
  bool *wanted; /* by rank */
  bool *leads;  /* by work */
  bool *held;   /* by rank: some row may refer to any of its rows, nobody knows which */
} leader;

typedef void (*visitor)(leader *l, const corm_work *work, uint32_t rank, corm_object *object);

/* Calls visit for each row of the flush's tables that the row refers to; with NULL where it cannot be said which. */
static void visit_referenced(leader *l, const corm_work *work, visitor visit) {
  const corm_mapper *mapper = work->object->mapper;
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    const corm_table *table = mapper->tables[t].table;
    for (size_t c = 0; c < table->constraints.len; c++) {
      const corm_constraint *fk = table->constraints.items[c];
      if (fk->kind != CORM_CONSTRAINT_FOREIGN_KEY || !fk->target_columns) continue;
      const ptrdiff_t m = corm_plan_class_of(l->flush, fk->target_columns[0]->table);
      if (m < 0 || corm_mapper_is_between_levels(mapper, fk)) continue;
      bool null = false, known = true;
      for (uint32_t i = 0; i < fk->ncolumns; i++) {
        const int32_t slot = corm_mapper_column_slot(mapper, fk->columns[i]);
        const corm_value *value = slot < 0 ? NULL : corm_object_committed(work->object, (uint32_t)slot);
        null = null || (value && value->kind == CORM_NULL);
        known = known && value && value->kind != CORM_ABSENT;
        known = known && corm_mapper_column_slot(l->flush->mappers.items[m], fk->target_columns[i]) >= 0 &&
                fk->target_columns[i]->primary_key;
      }
      if (null) continue;
      corm_object *object = known ? corm_plan_referenced(l->flush, work->object, fk, l->flush->mappers.items[m]) : NULL;
      if (!known || (object && object->flush)) visit(l, work, corm_flush_rank(l->flush, (uint32_t)m), object);
    }
  }
}

static bool is_delete(const corm_work *work) {
  return work->kind == CORM_WORK_DELETE && !work->replaced;
}

/* -- who would lead ------------------------------------------------------------------------------------------------ */

/* A row goes with the one that it refers to. */
static void follow(leader *l, const corm_work *work, uint32_t rank, corm_object *object) {
  const uint32_t mine = (uint32_t)(work - l->flush->works);
  if (object ? l->leads[object->flush - 1] : l->wanted[rank]) l->leads[mine] = true;
}

/* Rows that refer to others stand before them, so the last one is looked at first. */
static void choose(leader *l) {
  const corm_flush *flush = l->flush;
  for (uint32_t i = flush->nworks; i-- > flush->nsaves;) {
    const uint32_t w = flush->order[i];
    if (!is_delete(&flush->works[w])) continue;
    if (l->wanted[flush->works[w].rank])
      l->leads[w] = true;
    else
      visit_referenced(l, &flush->works[w], follow);
  }
}

/* -- who cannot ---------------------------------------------------------------------------------------------------- */

static void hold(leader *l, const corm_work *work, uint32_t rank, corm_object *object) {
  (void)work;
  if (object)
    l->leads[object->flush - 1] = false;
  else
    l->held[rank] = true;
}

/* Rows that stay, and refer to one that leads, are written before that one goes. */
static void hold_back(leader *l) {
  const corm_flush *flush = l->flush;
  for (uint32_t w = 0; w < flush->nworks; w++) {
    const corm_work *work = &flush->works[w];
    if (work->kind == CORM_WORK_UPDATE || (work->kind == CORM_WORK_DELETE && work->replaced))
      visit_referenced(l, work, hold);
  }
  for (uint32_t i = flush->nsaves; i < flush->nworks; i++) {
    const uint32_t w = flush->order[i];
    const corm_work *work = &flush->works[w];
    if (work->first_post || l->held[work->rank]) l->leads[w] = false; /* its key becomes NULL before */
    if (is_delete(work) && !l->leads[w]) visit_referenced(l, work, hold);
  }
}

/* -- moving -------------------------------------------------------------------------------------------------------- */

static corm_status move(leader *l, corm_error *err) {
  corm_flush *flush = l->flush;
  uint32_t n = 0, rest = 0;
  uint32_t *order = corm_arena_alloc(&l->h->arena, flush->nworks * sizeof *order);
  if (!order) return corm_error_memory(err);
  for (uint32_t i = flush->nsaves; i < flush->nworks; i++) n += l->leads[flush->order[i]];
  if (!n) return CORM_OK;
  l->h->nfirst = n;
  for (uint32_t w = 0; l->h->unsure && w < flush->nworks; w++) l->h->unsure[w] = l->h->unsure[w] && !l->leads[w];
  for (uint32_t i = 0; i < flush->nworks; i++) {
    const uint32_t w = flush->order[i];
    if (l->leads[w])
      order[rest++] = w;
    else if (i < flush->nsaves)
      order[n + i] = w;
  }
  rest = n + flush->nsaves;
  for (uint32_t i = flush->nsaves; i < flush->nworks; i++)
    if (!l->leads[flush->order[i]]) order[rest++] = flush->order[i];
  memcpy(flush->order, order, flush->nworks * sizeof *order);
  return CORM_OK;
}

static bool find_wanted(const leader *l) {
  const corm_handover *h = l->h;
  bool any = false;
  for (uint32_t i = 0; i < h->ntransfers; i++) {
    const corm_work *giver = &l->flush->works[h->transfers[i].giver];
    if (is_delete(giver)) l->wanted[giver->rank] = any = true;
  }
  for (uint32_t w = 0; h->unsure && w < l->flush->nworks; w++)
    if (h->unsure[w] && is_delete(&l->flush->works[w])) l->wanted[l->flush->works[w].rank] = any = true;
  return any;
}

corm_status corm_deletes_lead(corm_flush *flush, corm_handover *h, corm_error *err) {
  leader l = {.flush = flush, .h = h};
  l.wanted = corm_arena_zalloc(&h->arena, flush->mappers.len, sizeof *l.wanted);
  l.held = corm_arena_zalloc(&h->arena, flush->mappers.len, sizeof *l.held);
  l.leads = corm_arena_zalloc(&h->arena, flush->nworks, sizeof *l.leads);
  if (!l.wanted || !l.held || !l.leads) return corm_error_memory(err);
  if (!find_wanted(&l)) return CORM_OK;
  choose(&l);
  hold_back(&l);
  return move(&l, err);
}
