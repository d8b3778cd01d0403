/*
 * The order of the plan, cut into pages. Objects with rows in several tables (joined inheritance) are written table by
 * table, those of one family that follow each other together: inserts and updates from the root's table down, deletes
 * up. What stands in open pages is written before a row that needs one of their
 * keys, before another table or kind, and in tables with cycles before another shape; a row whose key the script gave
 * does not share a time with rows whose keys the database makes, or these could take it.
 */
#include "orm/persist.h"

#include "engine/engine.h"
#include "orm/binds.h"
#include "orm/handover.h"
#include "orm/preview.h"

/* -- when pages are closed ----------------------------------------------------------------------------------------- */

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

static corm_status make_way(corm_persister *p, const corm_work *work, uint32_t level, corm_error *err) {
  const corm_shape *open = open_shape(p);
  if ((open || p->nwritten) && waits(p->flush, work)) return corm_pages_flush(p, err);
  const bool behind = work->first_pass && p->flush->cyclic[work->rank]; /* a parent may stand there */
  if (!open || (!behind && open->mapper && open->mapper->root == work->object->mapper->root && open->level == level &&
                (uint32_t)open->kind == work->kind))
    return CORM_OK;
  return corm_pages_close(p, err);
}

corm_status corm_persist_collect(corm_persister *p, const corm_work *work, corm_write_kind kind, uint32_t level,
                                 corm_error *err) {
  corm_object *object = work->object;
  p->versioned = kind != CORM_WRITE_INSERT && corm_persist_versioned(corm_flush_row_of(p->flush, work), level);
  if (p->parking)
    p->versioned = p->versioned && corm_park_is_versioned(p, object);
  else if (p->posting && (work->kind == CORM_WORK_INSERT || p->old_version.kind == CORM_NULL))
    p->versioned = false;
  p->in_order = p->flush->handover && kind == CORM_WRITE_UPDATE && p->flush->handover->in_order[work->rank];
  corm_shape *s = corm_page_shape(p, object, level, kind, err);
  if (!s) return CORM_FAILED;
  const corm_shape *open = open_shape(p);
  corm_status status = CORM_OK;
  if (open && open != s &&
      (p->posting || p->in_order || p->flush->cyclic[work->rank] || open->wants_key != s->wants_key))
    status = corm_pages_close(p, err);
  if (status == CORM_OK) status = corm_page_add(p, s, object, err);
  if (status == CORM_OK && p->in_order && p->versioned) return corm_pages_flush(p, err); /* else one takes from it */
  return status == CORM_OK && corm_page_is_full(p, s) ? corm_pages_close(p, err) : status;
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

/* Who hears of a row that was deleted may want to say what it was: what has expired is read while it is there. */
static corm_status read_what_goes(corm_object *object, corm_error *err) {
  const bool is_heard = object->mapper->listening & CORM_EVENT_BIT(CORM_EVENT_AFTER_DELETE);
  return is_heard && (object->flags & CORM_OBJECT_EXPIRED) ? corm_object_refresh(object, 0, err) : CORM_OK;
}

/* Once for an object, before the first of its rows. */
static corm_status tell_before(corm_persister *p, const corm_work *work, corm_error *err) {
  static const corm_event events[] = {[CORM_WORK_INSERT] = CORM_EVENT_BEFORE_INSERT,
                                      [CORM_WORK_UPDATE] = CORM_EVENT_BEFORE_UPDATE,
                                      [CORM_WORK_DELETE] = CORM_EVENT_BEFORE_DELETE};
  if (work->replaced) return CORM_OK;
  const corm_mapper *mapper = work->object->mapper;
  corm_status status = work->kind == CORM_WORK_DELETE ? read_what_goes(work->object, err) : CORM_OK;
  if (status == CORM_OK) status = corm_persist_tell(p, events[work->kind], work->object, err);
  const bool changed = mapper->holds && (mapper->listening & CORM_EVENTS_OF_ROWS) && work->kind != CORM_WORK_DELETE;
  return status == CORM_OK && changed ? corm_object_reread(work->object, err) : status;
}

/* Over the row of an object that is deleted. */
static corm_status write_over(corm_persister *p, const corm_work *work, uint32_t level, corm_error *err) {
  bool any;
  const corm_status status = corm_row_switch_mask(p, work, &any, err);
  return status == CORM_OK && any ? corm_persist_collect(p, work, CORM_WRITE_UPDATE, level, err) : status;
}

static corm_status insert_row(corm_persister *p, corm_work *work, uint32_t level, corm_error *err) {
  const corm_status status = corm_persist_insert_mask(p, work->object, level, err);
  if (status != CORM_OK) return status;
  if (work->replaces) return write_over(p, work, level, err);
  work->waiting = work->waiting || level == 0;
  return corm_persist_collect(p, work, (corm_write_kind)work->kind, level, err);
}

static corm_status update_row(corm_persister *p, const corm_work *work, uint32_t level, corm_error *err) {
  bool any = false;
  const corm_status status = corm_persist_update_mask(p, work->object, level, &any, err);
  if (status != CORM_OK) return status;
  if (any) return corm_persist_collect(p, work, (corm_write_kind)work->kind, level, err);
  /* Who was asked before is told after, although there was nothing to write. */
  return level == work->last_level ? corm_persist_tell(p, CORM_EVENT_AFTER_UPDATE, work->object, err) : CORM_OK;
}

static corm_status delete_row(corm_persister *p, const corm_work *work, uint32_t level, corm_error *err) {
  if (work->replaced) return CORM_OK;
  for (uint32_t i = 0; i < p->nwords; i++) p->mask[i] = 0;
  p->inlined = false;
  return corm_persist_collect(p, work, (corm_write_kind)work->kind, level, err);
}

corm_status corm_persist_reserve(corm_persister *p, const corm_mapper *mapper, corm_error *err) {
  if (corm_mask_words(mapper) <= p->nwords) return CORM_OK;
  p->nwords = corm_mask_words(mapper);
  p->mask = corm_arena_alloc(&p->arena, p->nwords * sizeof *p->mask);
  p->set = corm_arena_alloc(&p->arena, (size_t)p->nwords * 64 * sizeof *p->set);
  return p->mask && p->set ? CORM_OK : corm_error_memory(err);
}

static corm_status write_level(corm_persister *p, corm_work *work, uint32_t level, corm_error *err) {
  switch ((corm_work_kind)work->kind) {
  case CORM_WORK_INSERT: return insert_row(p, work, level, err);
  case CORM_WORK_UPDATE: return update_row(p, work, level, err);
  case CORM_WORK_DELETE: break;
  }
  return delete_row(p, work, level, err);
}

/* What comes before the first row of an object. */
static corm_status begin_work(corm_persister *p, corm_work *work, uint32_t level, corm_error *err) {
  corm_status status = corm_persist_reserve(p, work->object->mapper, err);
  if (status == CORM_OK) status = make_way(p, work, level, err);
  if (status == CORM_OK) status = corm_key_pass_begin(p->flush, work, err);
  if (status == CORM_OK) status = corm_sync_apply(p->flush, work, err);
  if (status == CORM_OK) status = tell_before(p, work, err);
  return status == CORM_OK ? corm_key_pass_settle(p->flush, work, err) : status;
}

/* What the database has done to the keys of rows that go counts for their association rows, too. */
static corm_status pass_to_deletes(corm_flush *flush, uint32_t from, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = from; status == CORM_OK && i < flush->nworks; i++)
    status = corm_key_pass_begin(flush, &flush->works[flush->order[i]], err);
  return status;
}

static corm_status write_row(corm_persister *p, corm_work *work, corm_error *err) {
  corm_status status = begin_work(p, work, 0, err);
  if (status == CORM_OK) status = write_level(p, work, 0, err);
  return status == CORM_OK ? CORM_OK : corm_persist_blame(work->object, err);
}

/* -- objects with several rows ------------------------------------------------------------------------------------- */

/* The last table that changes are written to; hooks have had their say. */
static uint8_t last_changed_level(const corm_object *object) {
  uint8_t last = 0;
  for (uint32_t i = 0; object->changes && i < object->changes->n; i++) {
    const corm_attribute *attribute = &object->mapper->attributes[object->changes->items[i].slot];
    if (attribute->column && !attribute->read_only && attribute->level > last) last = attribute->level;
    if (attribute->primary_key && object->mapper->rules.active_updates) return (uint8_t)(object->mapper->ntables - 1);
  }
  return last;
}

/* One table of the works from `from` up to `to`; `first` is the first table of the run. */
static corm_status write_table(corm_persister *p, uint32_t from, uint32_t to, uint32_t level, bool first,
                               corm_error *err) {
  corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  for (uint32_t i = from; status == CORM_OK && i < to; i++) {
    corm_work *work = &flush->works[flush->order[i]];
    const corm_mapper *mapper = work->object->mapper;
    const bool gone = work->kind == CORM_WORK_DELETE;
    const bool begins = gone ? level + 1 == mapper->ntables : first;
    if (level >= mapper->ntables) continue;
    status = begins ? begin_work(p, work, level, err) : corm_persist_reserve(p, mapper, err);
    if (begins && !gone)
      work->last_level =
          work->kind == CORM_WORK_INSERT ? (uint8_t)(mapper->ntables - 1) : last_changed_level(work->object);
    if (status == CORM_OK) status = write_level(p, work, level, err);
    if (status != CORM_OK) return corm_persist_blame(work->object, err);
  }
  return CORM_OK;
}

/* Works of one family and kind. A table's rows need the keys that the table before has made. */
static corm_status write_tables(corm_persister *p, uint32_t from, uint32_t to, corm_error *err) {
  const corm_flush *flush = p->flush;
  const bool gone = flush->works[flush->order[from]].kind == CORM_WORK_DELETE;
  uint32_t most = 0;
  for (uint32_t i = from; i < to; i++) {
    const corm_mapper *mapper = flush->works[flush->order[i]].object->mapper;
    if (mapper->ntables > most) most = mapper->ntables;
  }
  corm_status status = CORM_OK;
  for (uint32_t l = 0; status == CORM_OK && l < most; l++) {
    status = write_table(p, from, to, gone ? most - 1 - l : l, l == 0, err);
    if (status == CORM_OK && l + 1 < most) status = gone ? corm_pages_close(p, err) : corm_pages_flush(p, err);
  }
  return status;
}

/* How far the works from `from` on go together. Rows that were sorted one by one are written one by one. */
static uint32_t end_of_run(const corm_flush *flush, uint32_t from, uint32_t to) {
  const corm_work *first = &flush->works[flush->order[from]];
  uint32_t end = from + 1;
  if (flush->cyclic[first->rank] || first->object->mapper->rules.one_by_one) return end;
  for (; end < to; end++) {
    const corm_work *work = &flush->works[flush->order[end]];
    if (work->kind != first->kind || work->object->mapper->root != first->object->mapper->root) break;
  }
  return end;
}

static corm_status write_family(corm_persister *p, uint32_t *at, uint32_t to, corm_error *err) {
  const uint32_t end = end_of_run(p->flush, *at, to);
  const corm_status status = write_tables(p, *at, end, err);
  *at = end - 1;
  return status;
}

static void take_connection(corm_persister *p, corm_conn *conn) {
  corm_engine *engine = corm_conn_engine(conn);
  p->flush->conn = conn;
  p->dialect = corm_engine_dialect(engine);
  p->background = !p->copies && corm_conn_has_background(conn);
  p->page_rows = corm_conn_page_rows(conn);
  p->kinds = corm_engine_driver(engine)->kinds;
}

/* Who is asked anew for each statement is asked once in a flush for each class and table. */
static corm_status find_branch(corm_flush *flush, const corm_mapper *mapper, const corm_table *table, corm_branch **out,
                               corm_error *err) {
  static const char own;
  corm_session *session = flush->session;
  const corm_bind_wish wish = {mapper, table, true};
  const void *key = table ? (const void *)table : mapper;
  if (!session->routed) return corm_binds_choose(session, &wish, out, err);
  void *known = corm_map_get(&flush->places, (const char *)&key, sizeof key);
  *out = known != &own ? known : NULL;
  if (known) return CORM_OK;
  if (corm_binds_choose(session, &wish, out, err) != CORM_OK) return CORM_FAILED;
  known = *out ? (void *)*out : (void *)(uintptr_t)&own;
  return corm_map_put(&flush->places, (const char *)&key, sizeof key, known) == CORM_OK ? CORM_OK
                                                                                        : corm_error_memory(err);
}

corm_status corm_persist_at(corm_persister *p, const corm_mapper *mapper, const corm_table *table, corm_error *err) {
  corm_conn *conn;
  corm_branch *branch;
  corm_session *session = p->flush->session;
  if (!corm_binds_are_several(session)) return CORM_OK;
  corm_preview *preview = p->flush->preview;
  corm_status status = find_branch(p->flush, mapper, table, &branch, err);
  if (status == CORM_OK)
    status =
        preview ? corm_preview_connection(preview, branch, &conn, err) : corm_binds_open(session, branch, &conn, err);
  if (status != CORM_OK || conn == p->flush->conn) return status;
  status = corm_pages_flush(p, err);
  corm_pages_rest(p->flush->conn);
  if (status == CORM_OK) take_connection(p, conn);
  return status;
}

static corm_status write_rows(corm_persister *p, uint32_t from, uint32_t to, corm_error *err) {
  const corm_flush *flush = p->flush;
  const bool several = corm_binds_are_several(flush->session);
  corm_status status = CORM_OK;
  for (uint32_t i = from; status == CORM_OK && i < to; i++) {
    if (i + CORM_FLUSH_AHEAD < to) corm_flush_ahead(flush->works[flush->order[i + CORM_FLUSH_AHEAD]].object);
    corm_work *work = &flush->works[flush->order[i]];
    const corm_mapper *root = work->object->mapper->root;
    if (several) status = corm_persist_at(p, root, NULL, err);
    if (status == CORM_OK)
      status = root->children.len || root->ntables > 1 ? write_family(p, &i, to, err) : write_row(p, work, err);
    if (status == CORM_OK && root->rules.one_by_one) status = corm_pages_flush(p, err);
  }
  return status == CORM_OK ? corm_pages_flush(p, err) : status;
}

/* True when scripts run in the middle of the flush: they may change an object whose values stand in a page. */
static bool calls_out(const corm_flush *flush) {
  for (size_t m = 0; m < flush->mappers.len; m++) {
    const corm_mapper *mapper = flush->mappers.items[m];
    if (mapper->listening & CORM_EVENTS_OF_ROWS) return true;
    if (mapper->version >= 0 && mapper->rules.version_kind == CORM_VERSION_HOOK) return true;
    for (uint32_t i = 0; i < mapper->nattributes; i++) {
      const corm_column *column = mapper->attributes[i].column;
      if (!column) continue;
      if (column->default_.kind == CORM_DEFAULT_HOOK || column->onupdate.kind == CORM_DEFAULT_HOOK) return true;
    }
  }
  return false;
}

corm_status corm_persist(corm_flush *flush, corm_error *err) {
  corm_persister p = {.flush = flush, .copies = calls_out(flush)};
  take_connection(&p, flush->conn);
  p.open = p.sheaves;
  corm_arena_init(&p.arena, flush->mem);
  corm_arena_init(&p.writing, flush->mem);
  for (uint32_t i = 0; i < CORM_SHEAVES; i++) {
    p.sheaves[i].number = i;
    corm_arena_init(&p.sheaves[i].bytes, flush->mem);
  }
  corm_scratch_init(&p.scratch, flush->mem);
  const uint32_t saves = flush->handover ? flush->handover->nfirst : 0, rest = saves + flush->nsaves;
  corm_status status = saves ? corm_persist_associations(&p, CORM_WORK_DELETE, true, err) : CORM_OK;
  if (status == CORM_OK && saves) status = write_rows(&p, 0, saves, err);
  if (status == CORM_OK) status = corm_parks_write(&p, err);
  if (status == CORM_OK) corm_parks_begin(flush->handover, flush);
  flush->passing = true;
  if (status == CORM_OK) status = write_rows(&p, saves, rest, err);
  if (status == CORM_OK) status = pass_to_deletes(flush, rest, err);
  if (status == CORM_OK) status = corm_posts_write(&p, err);
  corm_parks_end(flush->handover, flush);
  if (status == CORM_OK && !saves) status = corm_persist_associations(&p, CORM_WORK_DELETE, false, err);
  if (status == CORM_OK) status = corm_persist_associations(&p, CORM_WORK_UPDATE, false, err);
  if (status == CORM_OK) status = corm_persist_associations(&p, CORM_WORK_INSERT, false, err);
  if (status == CORM_OK) status = write_rows(&p, rest, flush->nworks, err);
  if (status != CORM_OK) corm_pages_abandon(&p, err);
  corm_key_pass_end(flush);
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
