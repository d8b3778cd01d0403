/* The session conducts: collect the work, order it, write it, settle what is in memory. */
#include "orm/flush.h"

#include <string.h>

#include "orm/binds.h"
#include "orm/handover.h"
#include "orm/outer.h"
#include "orm/preview.h"
#include "orm/state.h"

/* Growing by doubling copies what is there, and a large block's copy lies in memory that was never touched before. */
static corm_status reserve_works(corm_flush *flush, size_t n, corm_error *err) {
  if (n > UINT32_MAX) return corm_error_memory(err);
  flush->works = corm_mem_alloc(flush->mem, (n ? n : 1) * sizeof *flush->works);
  if (!flush->works) return corm_error_memory(err);
  flush->works_cap = (uint32_t)n;
  return CORM_OK;
}

void *corm_flush_grow(const corm_mem *mem, void *items, uint32_t n, uint32_t *cap, size_t size) {
  if (n < *cap) return items;
  uint32_t more = *cap ? *cap * 2 : 16;
  void *grown = corm_mem_resize(mem, items, more * size);
  if (grown) *cap = more;
  return grown;
}

void corm_flush_clear(corm_flush *flush) {
  for (uint32_t i = 0; i < flush->nworks; i++) flush->works[i].object->flush = 0;
  corm_mem_free(flush->mem, flush->works);
  corm_mem_free(flush->mem, flush->syncs);
  corm_mem_free(flush->mem, flush->posts);
  for (uint32_t i = 0; i < flush->npasses; i++) corm_value_clear(flush->mem, &flush->passes[i].key);
  corm_mem_free(flush->mem, flush->passes);
  corm_mem_free(flush->mem, flush->associations);
  corm_mem_free(flush->mem, flush->order);
  corm_mem_free(flush->mem, flush->cyclic);
  corm_handover_free(flush->handover);
  corm_map_clear(&flush->seen);
  corm_map_clear(&flush->places);
  corm_vec_clear(&flush->switched);
  corm_vec_clear(&flush->mappers);
}

/* -- collecting -- */

uint32_t corm_flush_rank(const corm_flush *flush, uint32_t at) {
  const corm_mapper *mapper = flush->mappers.items[at];
  if (mapper->root == mapper && !mapper->children.len) return at;
  uint32_t first = 0;
  while (((const corm_mapper *)flush->mappers.items[first])->root != mapper->root) first++;
  return first;
}

static corm_status rank_of(corm_flush *flush, corm_mapper *mapper, uint32_t *rank, corm_error *err) {
  ptrdiff_t at = corm_vec_index(&flush->mappers, mapper);
  if (at < 0) {
    if (corm_vec_push(&flush->mappers, mapper) != CORM_OK) return corm_error_memory(err);
    at = (ptrdiff_t)flush->mappers.len - 1;
  }
  *rank = corm_flush_rank(flush, (uint32_t)at);
  return CORM_OK;
}

static corm_status add_work(corm_flush *flush, corm_object *object, corm_work_kind kind, corm_error *err) {
  corm_work *works = corm_flush_grow(flush->mem, flush->works, flush->nworks, &flush->works_cap, sizeof *works);
  uint32_t rank = 0;
  if (corm_mapper_check_mapped(object->mapper, err) != CORM_OK) return CORM_FAILED;
  if (object->mapper->selected && (kind != CORM_WORK_UPDATE || corm_object_has_changes(object)))
    return corm_mapper_refuse_write(object->mapper, err);
  if (!works) return corm_error_memory(err);
  flush->works = works;
  corm_status status = rank_of(flush, object->mapper, &rank, err);
  if (status != CORM_OK) return status;
  works[flush->nworks++] =
      (corm_work){.object = object, .kind = (uint8_t)kind, .rank = rank, .linked = object->links.n > 0};
  object->flush = flush->nworks;
  return CORM_OK;
}

corm_work *corm_flush_work(corm_flush *flush, corm_object *object, corm_error *err) {
  if (!object->flush) {
    corm_work_kind kind = object->flags & CORM_OBJECT_DOOMED ? CORM_WORK_DELETE
                          : object->state == CORM_PENDING    ? CORM_WORK_INSERT
                                                             : CORM_WORK_UPDATE;
    if (kind == CORM_WORK_UPDATE && corm_session_modified(flush->session, object, err) != CORM_OK) return NULL;
    if (add_work(flush, object, kind, err) != CORM_OK) return NULL;
  }
  return &flush->works[object->flush - 1];
}

/* A row is written only if it has the version that the object knows. One that has expired is read before anything is
   written: then at least nobody comes in between. */
static corm_status load_versions(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    const corm_work *work = &flush->works[i];
    corm_object *object = work->object;
    const int32_t slot = object->mapper->version;
    if (slot < 0 || !(object->slots[slot].flags & CORM_VALUE_EXPIRED) || work->kind == CORM_WORK_INSERT) continue;
    if (work->kind == CORM_WORK_DELETE || work->first_sync || work->first_post || corm_object_has_changes(object))
      status = corm_object_refresh(object, (uint32_t)slot, err);
  }
  return status;
}

/* Relationships may add works while the list is walked; those only carry keys and have been looked at by their parents.
 */
corm_status corm_flush_collect(corm_flush *flush, corm_error *err) {
  corm_session *session = flush->session;
  corm_status status = corm_session_doom_orphans(session, err);
  if (status == CORM_OK)
    status = reserve_works(flush, session->doomed.len + session->news.len + session->modified.len, err);
  for (size_t i = 0; status == CORM_OK && i < session->doomed.len; i++)
    if (!corm_flush_work(flush, session->doomed.items[i], err)) status = CORM_FAILED;
  for (size_t i = 0; status == CORM_OK && i < session->news.len; i++) {
    if (i + CORM_FLUSH_AHEAD < session->news.len) corm_flush_ahead(session->news.items[i + CORM_FLUSH_AHEAD]);
    if (!corm_flush_work(flush, session->news.items[i], err)) status = CORM_FAILED;
  }
  for (size_t i = 0; status == CORM_OK && i < session->modified.len; i++)
    if (!corm_flush_work(flush, session->modified.items[i], err)) status = CORM_FAILED;
  flush->nnews = session->news.len;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++)
    if (flush->works[i].linked || flush->works[i].kind == CORM_WORK_DELETE)
      status = corm_sync_collect(flush, flush->works[i].object, (corm_work_kind)flush->works[i].kind, err);
  if (status == CORM_OK && flush->preview) status = corm_preview_keep_works(flush, err);
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++)
    if (flush->works[i].object->mapper->holds && flush->works[i].kind != CORM_WORK_DELETE)
      status = corm_object_reread(flush->works[i].object, err);
  if (status == CORM_OK && session->modified.len) status = corm_key_switch_collect(flush, err);
  if (status == CORM_OK && session->doomed.len && session->news.len) status = corm_row_switch_collect(flush, err);
  return status == CORM_OK ? load_versions(flush, err) : status;
}

/* -- settling -- */

static corm_status settle_inserted(corm_flush *flush, corm_object *object, corm_error *err) {
  object->serial = flush->session->frame->serial;
  corm_status status = corm_session_register_new(flush->session, object, err);
  if (status == CORM_OK) status = corm_frame_touch(flush->session, object, err);
  corm_links_unlook(object);
  return status;
}

static bool has_new_key(const corm_object *object) {
  for (uint32_t i = 0; object->changes && i < object->mapper->npk; i++)
    if (object->slots[object->mapper->pk[i]].flags & CORM_VALUE_DIRTY) return true;
  return false;
}

/* Keys may go from one object to another, so all that change leave the map before the first comes back. */
static corm_status leave_old_keys(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  flush->session->rekeyings++;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    corm_object *object = flush->works[i].object;
    if (flush->works[i].kind != CORM_WORK_UPDATE || !has_new_key(object)) continue;
    status = corm_frame_note_rekeyed(flush->session, object, err);
    if (status == CORM_OK) corm_identity_remove(&flush->session->identity, object);
  }
  return status;
}

static corm_status settle_updated(corm_flush *flush, corm_object *object, corm_error *err) {
  corm_session *session = flush->session;
  const bool rekeyed = flush->rekeyed && has_new_key(object);
  corm_object_clean(object);
  corm_status status = rekeyed ? corm_session_register(session, object, err) : CORM_OK;
  return status == CORM_OK ? corm_frame_touch(session, object, err) : status;
}

static corm_status settle_deleted(corm_flush *flush, corm_object *object, corm_error *err) {
  corm_session *session = flush->session;
  corm_status status = corm_frame_note_deleted(session, object, err);
  if (status != CORM_OK) return status;
  corm_identity_remove(&session->identity, object);
  corm_state_move(session, object, CORM_DELETED);
  return CORM_OK;
}

/* What hooks added in the meantime waits for the next flush. */
static void keep_unflushed(corm_vec *list) {
  size_t n = 0;
  for (size_t i = 0; i < list->len; i++) {
    corm_object *object = list->items[i];
    if (!object->flush) list->items[n++] = object;
  }
  list->len = n;
}

/* What the database computed, of classes that want to know it at once, as far as the statements did not tell. */
static corm_status load_computed(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    corm_object *object = flush->works[i].object;
    const corm_mapper *mapper = object->mapper;
    const bool versions = mapper->version >= 0 && mapper->rules.version_kind == CORM_VERSION_GIVEN &&
                          (object->slots[mapper->version].flags & CORM_VALUE_EXPIRED);
    if (flush->works[i].kind == CORM_WORK_DELETE || !(object->flags & CORM_OBJECT_EXPIRED)) continue;
    if (mapper->rules.eager_defaults != CORM_EAGER_ALWAYS && !versions) continue;
    uint32_t slot = 0;
    while (slot < mapper->nattributes &&
           (object->slots[slot].flags & (CORM_VALUE_EXPIRED | CORM_VALUE_LATER)) != CORM_VALUE_EXPIRED)
      slot++;
    if (slot < mapper->nattributes) status = corm_object_refresh(object, slot, err);
  }
  return status;
}

static corm_status settle(corm_flush *flush, corm_error *err) {
  corm_session *session = flush->session;
  corm_status status = corm_identity_reserve(&session->identity, (uint32_t)session->news.len, err);
  if (status == CORM_OK) status = corm_key_switch_follow(flush, err);
  if (status == CORM_OK && flush->rekeyed) status = leave_old_keys(flush, err);
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    corm_object *object = flush->works[i].object;
    if (i + CORM_FLUSH_AHEAD < flush->nworks) corm_flush_ahead(flush->works[i + CORM_FLUSH_AHEAD].object);
    switch ((corm_work_kind)flush->works[i].kind) {
    case CORM_WORK_INSERT: status = settle_inserted(flush, object, err); break;
    case CORM_WORK_UPDATE: status = settle_updated(flush, object, err); break;
    case CORM_WORK_DELETE: status = settle_deleted(flush, object, err); break;
    }
  }
  if (status == CORM_OK) status = corm_holders_leave(flush, err);
  if (status == CORM_OK) status = load_computed(flush, err);
  if (status != CORM_OK) return status;
  corm_vec *news = &session->news; /* while a flush is writing, nothing leaves the list */
  news->len -= flush->nnews;
  if (news->len) memmove(news->items, news->items + flush->nnews, news->len * sizeof *news->items);
  keep_unflushed(&session->modified);
  keep_unflushed(&session->doomed);
  for (uint32_t i = 0; i < flush->nworks; i++) {
    corm_object *object = flush->works[i].object;
    if (i + CORM_FLUSH_AHEAD < flush->nworks) corm_flush_ahead(flush->works[i + CORM_FLUSH_AHEAD].object);
    object->flags &= (uint8_t) ~(CORM_OBJECT_MODIFIED | CORM_OBJECT_DOOMED);
    object->flush = 0;
    if (object->mapper->nexpressions) corm_object_expire_expressions(object);
    if (object->links.n) corm_state_commit_links(object);
    corm_state_let_go(session, object);
  }
  flush->nworks = 0;
  return CORM_OK;
}

/* -- failing -- */

/* The transaction is over as far as this frame goes: the database is rolled back at once, the script has to say so too.
 */
static void fail(corm_session *session, const corm_error *err) {
  corm_error second;
  corm_error_init(&second);
  corm_frame *frame = session->frame;
  const bool lost = corm_conn_txn(session->conn) == CORM_TXN_LOST;
  corm_session_note_failure(session, err);
  corm_state_note_frame(session, CORM_EVENT_AFTER_ROLLBACK, NULL);
  if (frame->parent && !lost) {
    if (corm_conn_savepoint_rollback(session->conn, frame->savepoint, &second) != CORM_OK) corm_error_clear(&second);
    if (corm_binds_rollback(session, true, &second) != CORM_OK) corm_error_clear(&second);
    corm_frame_restore(session, frame);
    frame->failed = true;
    return;
  }
  if (corm_outer_rollback(session, &second) != CORM_OK) corm_error_clear(&second);
  if (corm_binds_rollback(session, false, &second) != CORM_OK) corm_error_clear(&second);
  for (; frame; frame = frame->parent) {
    corm_frame_restore(session, frame);
    frame->failed = true;
  }
}

static corm_status run(corm_flush *flush, corm_error *err) {
  corm_session *session = flush->session;
  session->writing = true;
  corm_status status = corm_flush_collect(flush, err);
  if (status == CORM_OK && flush->nworks) status = corm_plan_order(flush, err);
  if (status == CORM_OK) status = corm_handover_plan(flush, err);
  if (status == CORM_OK) status = corm_persist(flush, err);
  if (status == CORM_OK) status = corm_state_tell_now(session, CORM_EVENT_AFTER_FLUSH, NULL, err);
  if (status == CORM_OK) {
    corm_state_expect_news(session);
    status = settle(flush, err);
  }
  session->writing = false;
  if (status == CORM_OK) status = corm_state_tell(session, err);
  if (status == CORM_OK) status = corm_state_tell_now(session, CORM_EVENT_AFTER_FLUSH_POSTEXEC, NULL, err);
  return status;
}

corm_status corm_session_flush(corm_session *session, corm_error *err) {
  corm_flush flush = {.session = session, .mem = session->mem};
  if (session->flushing) return corm_error_set(err, CORM_E_INVALID_REQUEST, "this Session is already flushing");
  if (!corm_session_is_dirty(session)) return CORM_OK;
  corm_status status = corm_session_connection(session, &flush.conn, err);
  if (status != CORM_OK) return status;
  corm_map_init(&flush.seen, session->mem);
  corm_map_init(&flush.places, session->mem);
  corm_vec_init(&flush.mappers, session->mem);
  corm_vec_init(&flush.switched, session->mem);
  const char *busy = session->busy;
  session->flushing = true;
  session->busy = "flushing";
  status = corm_state_tell_now(session, CORM_EVENT_BEFORE_FLUSH, NULL, err);
  const bool refused = status != CORM_OK; /* nothing was sent, so nothing has to be rolled back */
  if (!refused) status = run(&flush, err);
  session->flushing = session->writing = false;
  session->busy = busy;
  corm_flush_clear(&flush);
  if (status != CORM_OK && !refused) {
    fail(session, err);
    corm_state_tell_quietly(session);
  }
  return status;
}

corm_status corm_session_autoflush(corm_session *session, corm_error *err) {
  if (!session->options.autoflush || session->no_autoflush || session->flushing) return CORM_OK;
  corm_status status = corm_session_flush(session, err);
  if (status != CORM_OK && err->cls != CORM_E_PENDING_ROLLBACK)
    corm_error_prefix(err,
                      "(raised as a result of autoflush, before a query ran; session:no_autoflush(fn) suspends it) ");
  return status;
}
