/*
 * The order of the plan, cut into pages. What stands in open pages is written before a row that needs one of their
 * keys, before another table or kind, and in tables with cycles before another shape; a row whose key the script gave
 * does not share a time with rows whose keys the database makes, or these could take it.
 */
#include "orm/persist.h"

#include "engine/engine.h"

/* -- when pages are closed --------------------------------------------------------------------------------------------
 */

/* Some parent of the row has no key yet. */
static bool waits(const corm_flush *flush, const corm_work *work) {
  for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next) {
    const corm_object *parent = flush->syncs[s - 1].parent;
    if (parent && parent->flush && flush->works[parent->flush - 1].waiting) return true;
  }
  return false;
}

/* What the open pages hold, as far as it decides about the next row. */
static const corm_shape *open_shape(const corm_persister *p) {
  return p->open->nrows ? p->open->rows[p->open->nrows - 1].shape : NULL;
}

static corm_status make_way(corm_persister *p, const corm_work *work, corm_error *err) {
  const corm_shape *open = open_shape(p);
  if ((open || p->nwritten) && waits(p->flush, work)) return corm_pages_flush(p, err);
  if (!open || (open->mapper == work->object->mapper && (uint32_t)open->kind == work->kind)) return CORM_OK;
  return corm_pages_close(p, err);
}

static corm_status collect_row(corm_persister *p, const corm_work *work, corm_error *err) {
  corm_object *object = work->object;
  corm_shape *s = corm_page_shape(p, object->mapper, (corm_write_kind)work->kind, err);
  if (!s) return CORM_FAILED;
  const corm_shape *open = open_shape(p);
  corm_status status = CORM_OK;
  if (open && open != s && (p->flush->cyclic[work->rank] || open->wants_key != s->wants_key))
    status = corm_pages_close(p, err);
  if (status == CORM_OK) status = corm_page_add(p, s, object, err);
  return status == CORM_OK && corm_page_is_full(p, s) ? corm_pages_close(p, err) : status;
}

/* -- rows -----------------------------------------------------------------------------------------------------------
 */

static corm_status insert_row(corm_persister *p, corm_work *work, corm_error *err) {
  corm_status status = corm_persist_tell(p, CORM_EVENT_BEFORE_INSERT, work->object, err);
  if (status == CORM_OK) status = corm_persist_insert_mask(p, work->object, err);
  if (status != CORM_OK) return status;
  work->waiting = true;
  return collect_row(p, work, err);
}

static corm_status update_row(corm_persister *p, const corm_work *work, corm_error *err) {
  bool any = false;
  corm_status status = corm_persist_tell(p, CORM_EVENT_BEFORE_UPDATE, work->object, err);
  if (status == CORM_OK) status = corm_persist_update_mask(p, work->object, &any, err);
  return status == CORM_OK && any ? collect_row(p, work, err) : status;
}

static corm_status delete_row(corm_persister *p, const corm_work *work, corm_error *err) {
  for (uint32_t i = 0; i < p->nwords; i++) p->mask[i] = 0;
  corm_status status = corm_persist_tell(p, CORM_EVENT_BEFORE_DELETE, work->object, err);
  return status == CORM_OK ? collect_row(p, work, err) : status;
}

static corm_status reserve(corm_persister *p, const corm_mapper *mapper, corm_error *err) {
  if (corm_mask_words(mapper) <= p->nwords) return CORM_OK;
  p->nwords = corm_mask_words(mapper);
  p->mask = corm_arena_alloc(&p->arena, p->nwords * sizeof *p->mask);
  return p->mask ? CORM_OK : corm_error_memory(err);
}

static corm_status write_row(corm_persister *p, corm_work *work, corm_error *err) {
  corm_status status = reserve(p, work->object->mapper, err);
  if (status == CORM_OK) status = make_way(p, work, err);
  if (status == CORM_OK) status = corm_sync_apply(p->flush, work, err);
  if (status != CORM_OK) return status;
  switch ((corm_work_kind)work->kind) {
  case CORM_WORK_INSERT: status = insert_row(p, work, err); break;
  case CORM_WORK_UPDATE: status = update_row(p, work, err); break;
  case CORM_WORK_DELETE: status = delete_row(p, work, err); break;
  }
  return status == CORM_OK ? CORM_OK : corm_persist_blame(work->object, err);
}

static corm_status write_rows(corm_persister *p, uint32_t from, uint32_t to, corm_error *err) {
  const corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  for (uint32_t i = from; status == CORM_OK && i < to; i++) {
    if (i + CORM_FLUSH_AHEAD < to) corm_flush_ahead(flush->works[flush->order[i + CORM_FLUSH_AHEAD]].object);
    status = write_row(p, &flush->works[flush->order[i]], err);
  }
  return status == CORM_OK ? corm_pages_flush(p, err) : status;
}

/* True when scripts run in the middle of the flush: they may change an object whose values stand in a page. */
static bool calls_out(const corm_flush *flush) {
  for (size_t m = 0; m < flush->mappers.len; m++) {
    const corm_mapper *mapper = flush->mappers.items[m];
    if (mapper->listening & CORM_EVENTS_OF_ROWS) return true;
    for (uint32_t i = 0; i < mapper->nattributes; i++) {
      const corm_column *column = mapper->attributes[i].column;
      if (column->default_.kind == CORM_DEFAULT_HOOK || column->onupdate.kind == CORM_DEFAULT_HOOK) return true;
    }
  }
  return false;
}

corm_status corm_persist(corm_flush *flush, corm_error *err) {
  corm_engine *engine = corm_conn_engine(flush->conn);
  corm_persister p = {.flush = flush, .dialect = corm_engine_dialect(engine), .copies = calls_out(flush)};
  p.background = !p.copies && corm_conn_has_background(flush->conn);
  p.page_rows = corm_conn_page_rows(flush->conn);
  p.kinds = corm_engine_driver(engine)->kinds;
  p.open = p.sheaves;
  corm_arena_init(&p.arena, flush->mem);
  corm_arena_init(&p.writing, flush->mem);
  for (uint32_t i = 0; i < CORM_SHEAVES; i++) {
    p.sheaves[i].number = i;
    corm_arena_init(&p.sheaves[i].bytes, flush->mem);
  }
  corm_scratch_init(&p.scratch, flush->mem);
  corm_status status = write_rows(&p, 0, flush->nsaves, err);
  if (status == CORM_OK) status = corm_persist_associations(&p, err);
  if (status == CORM_OK) status = write_rows(&p, flush->nsaves, flush->nworks, err);
  if (status != CORM_OK) corm_pages_abandon(&p, err);
  corm_pages_rest(flush->conn);
  for (corm_shape *s = p.shapes; s; s = s->next) corm_writer_close(s->writer);
  corm_scratch_clear(&p.scratch);
  for (uint32_t i = 0; i < CORM_SHEAVES; i++) {
    corm_mem_free(flush->mem, p.sheaves[i].rows);
    corm_arena_clear(&p.sheaves[i].bytes);
  }
  corm_arena_clear(&p.writing);
  corm_arena_clear(&p.arena);
  return status;
}
