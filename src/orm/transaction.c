/* The session's transactions: frames, what they change in memory, and how that is undone. */
#include <stdio.h>
#include <string.h>

#include "orm/links.h"
#include "orm/outer.h"
#include "orm/session.h"
#include "orm/state.h"

/* -- frames -- */

/* A primary key that a flush replaced. */
typedef struct rekey {
  corm_object *object;
  corm_value old[];
} rekey;

static void free_rekey(const corm_mem *mem, rekey *entry) {
  for (uint32_t i = 0; i < entry->object->mapper->npk; i++) corm_value_clear(mem, &entry->old[i]);
  corm_mem_free(mem, entry);
}

static corm_status push_frame(corm_session *session, int savepoint, corm_error *err) {
  corm_frame *frame = corm_mem_zalloc(session->mem, 1, sizeof *frame);
  if (!frame) return corm_error_memory(err);
  frame->parent = session->frame;
  frame->id = ++session->frames;
  frame->savepoint = savepoint;
  corm_vec_init(&frame->touched, session->mem);
  corm_vec_init(&frame->inserted, session->mem);
  corm_vec_init(&frame->deleted, session->mem);
  corm_vec_init(&frame->rekeyed, session->mem);
  session->frame = frame;
  return CORM_OK;
}

static void release_list(corm_session *session, corm_vec *list) {
  for (size_t i = 0; i < list->len; i++) {
    corm_object *object = list->items[i];
    corm_object_leave_frame(object);
    if (object->session) corm_state_let_go(session, object);
  }
  list->len = 0;
}

static void release_rekeyed(corm_session *session, corm_vec *list) {
  for (size_t i = 0; i < list->len; i++) {
    rekey *entry = list->items[i];
    corm_object *object = entry->object;
    corm_object_leave_frame(object);
    corm_state_let_go(session, object);
    free_rekey(session->mem, entry);
  }
  list->len = 0;
}

static void pop_frame(corm_session *session) {
  corm_frame *frame = session->frame;
  session->frame = frame->parent;
  corm_vec_clear(&frame->touched);
  corm_vec_clear(&frame->inserted);
  corm_vec_clear(&frame->deleted);
  corm_vec_clear(&frame->rekeyed);
  corm_mem_free(session->mem, frame);
}

/* The item is the object, or a record of it. */
static corm_status list_in_frame(corm_session *session, corm_vec *list, void *item, corm_object *object,
                                 corm_error *err) {
  if (corm_vec_push(list, item) != CORM_OK) return corm_error_memory(err);
  corm_status status = corm_object_enter_frame(object, err);
  if (status == CORM_OK) {
    status = corm_state_hold(session, object, err);
    if (status != CORM_OK) corm_object_leave_frame(object);
  }
  if (status != CORM_OK) list->len--;
  return status;
}

corm_status corm_frame_touch(corm_session *session, corm_object *object, bool inserted, corm_error *err) {
  corm_frame *frame = session->frame;
  if (!frame->parent) return CORM_OK; /* the root expires everything and knows its inserts by serial */
  corm_status status = CORM_OK;
  if (!corm_object_frames(object) || object->changes->touched != frame->id)
    status = list_in_frame(session, &frame->touched, object, object, err);
  if (status == CORM_OK) object->changes->touched = frame->id;
  if (status == CORM_OK && inserted) status = list_in_frame(session, &frame->inserted, object, object, err);
  return status;
}

corm_status corm_frame_note_deleted(corm_session *session, corm_object *object, corm_error *err) {
  return list_in_frame(session, &session->frame->deleted, object, object, err);
}

corm_status corm_frame_note_rekeyed(corm_session *session, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  rekey *entry = corm_mem_zalloc(session->mem, 1, sizeof *entry + mapper->npk * sizeof *entry->old);
  if (!entry) return corm_error_memory(err);
  corm_status status = CORM_OK;
  entry->object = object;
  for (uint32_t i = 0; status == CORM_OK && i < mapper->npk; i++)
    status = corm_value_dup(session->mem, corm_object_committed(object, mapper->pk[i]), &entry->old[i]);
  if (status != CORM_OK)
    (void)corm_error_memory(err);
  else
    status = list_in_frame(session, &session->frame->rekeyed, entry, object, err);
  if (status != CORM_OK) free_rekey(session->mem, entry);
  return status;
}

/* `frames` says how many entries there are in all lists, which ends the search. */
static void leave_list(corm_vec *list, corm_object *object) {
  for (size_t i = list->len; corm_object_frames(object) && i-- > 0;) {
    if (list->items[i] != object) continue;
    corm_vec_remove(list, i);
    corm_object_leave_frame(object);
  }
}

static void leave_rekeyed(corm_vec *list, corm_object *object) {
  for (size_t i = list->len; corm_object_frames(object) && i-- > 0;) {
    rekey *entry = list->items[i];
    if (entry->object != object) continue;
    corm_vec_remove(list, i);
    free_rekey(list->mem, entry);
    corm_object_leave_frame(object);
  }
}

void corm_frame_forget(corm_session *session, corm_object *object) {
  for (corm_frame *f = session->frame; corm_object_frames(object) && f; f = f->parent) {
    leave_list(&f->inserted, object);
    leave_list(&f->deleted, object);
    leave_rekeyed(&f->rekeyed, object);
    leave_list(&f->touched, object);
  }
  while (corm_object_frames(object)) corm_object_leave_frame(object);
}

bool corm_session_has_frame(const corm_session *session, const corm_frame *frame) {
  for (const corm_frame *f = session->frame; f; f = f->parent)
    if (f == frame) return true;
  return false;
}

corm_frame *corm_session_find_frame(const corm_session *session, uint32_t id) {
  for (corm_frame *f = session->frame; f; f = f->parent)
    if (f->id == id) return f;
  return NULL;
}

/* -- restoring memory -- */

/* A flush that failed while it settled has made some of the new objects persistent; those do not leave the list by
   themselves. */
static void undo_pending(corm_session *session) {
  while (session->news.len) {
    const size_t before = session->news.len;
    corm_state_to_transient(session, session->news.items[before - 1]);
    if (session->news.len == before) session->news.len--;
  }
  while (session->doomed.len) {
    corm_object *object = session->doomed.items[--session->doomed.len];
    object->flags &= (uint8_t)~CORM_OBJECT_DOOMED;
    corm_state_let_go(session, object);
  }
}

/* True when the object came to be in the transaction that is being undone: to a savepoint it may have been there
 * before. */
static bool is_undone(const corm_session *session, const corm_frame *frame, const corm_object *object) {
  return !frame->parent && object->txn == session->txn;
}

/* Deleted objects come back; putting them into a map that has room does not fail, and one without room loses them from
   the session only (they become detached). */
static void undo_deletes(corm_session *session, corm_frame *frame) {
  while (frame->deleted.len) {
    corm_object *object = frame->deleted.items[--frame->deleted.len];
    corm_error ignored;
    corm_error_init(&ignored);
    corm_object_leave_frame(object);
    if (is_undone(session, frame, object)) {
      corm_state_to_transient(session, object);
      continue;
    }
    object->session = NULL;
    object->state = CORM_DETACHED;
    if (corm_session_register(session, object, &ignored) == CORM_OK) {
      corm_state_expire(session, object);
    } else {
      corm_error_clear(&ignored);
      corm_state_leave(session, object, CORM_DETACHED);
    }
  }
}

static void restore_key(corm_object *object, rekey *entry) {
  const corm_mapper *mapper = object->mapper;
  corm_object_expire(object, mapper->pk, mapper->npk);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    corm_value *slot = &object->slots[mapper->pk[i]];
    corm_value_clear(mapper->mem, slot);
    *slot = entry->old[i];
    slot->flags |= CORM_VALUE_EXPIRED;
    entry->old[i] = corm_value_null();
  }
}

/* Keys may have gone from one object to another, so all leave the map before the first comes back. */
static void undo_rekeys(corm_session *session, corm_frame *frame) {
  for (size_t i = frame->rekeyed.len; i-- > 0;) {
    rekey *entry = frame->rekeyed.items[i];
    corm_identity_remove(&session->identity, entry->object);
    restore_key(entry->object, entry);
  }
  while (frame->rekeyed.len) {
    rekey *entry = frame->rekeyed.items[--frame->rekeyed.len];
    corm_object *object = entry->object;
    corm_error ignored;
    corm_error_init(&ignored);
    free_rekey(session->mem, entry);
    corm_object_leave_frame(object);
    if (object->state == CORM_PERSISTENT && corm_session_register(session, object, &ignored) != CORM_OK) {
      corm_error_clear(&ignored);
      corm_state_leave(session, object, CORM_DETACHED);
      continue;
    }
    corm_state_let_go(session, object);
  }
}

static void undo_inserts_of_txn(corm_session *session) {
  const corm_identity *map = &session->identity;
  for (uint32_t i = 0; i < map->cap; i++) {
    corm_object *object;
    while ((object = map->entries[i].object) != NULL && object->txn == session->txn &&
           session->host->alive(session->host->ctx, object))
      corm_state_to_transient(session, object);
  }
}

/* `inserted` is a part of `touched`, so an object leaves both lists when it becomes transient. */
static void undo_inserts_of_frame(corm_session *session, corm_frame *frame) {
  while (frame->inserted.len) {
    corm_object *object = frame->inserted.items[frame->inserted.len - 1];
    size_t before = frame->inserted.len;
    corm_state_to_transient(session, object);
    if (frame->inserted.len == before) frame->inserted.len--;
  }
}

static void expire_touched(corm_session *session, corm_frame *frame) {
  for (size_t i = 0; i < frame->touched.len; i++) {
    corm_object *object = frame->touched.items[i];
    if (object->session == session && object->state == CORM_PERSISTENT) corm_state_expire(session, object);
  }
  while (session->modified.len) corm_state_expire(session, session->modified.items[session->modified.len - 1]);
}

void corm_frame_restore(corm_session *session, corm_frame *frame) {
  undo_pending(session);
  if (!frame || !frame->parent) {
    if (frame) undo_inserts_of_txn(session);
    if (frame) undo_rekeys(session, frame);
    if (frame) undo_deletes(session, frame);
    corm_session_expire_all(session);
    return;
  }
  undo_inserts_of_frame(session, frame);
  undo_rekeys(session, frame);
  corm_holders_restore(session, &frame->deleted);
  undo_deletes(session, frame);
  expire_touched(session, frame);
  release_list(session, &frame->touched);
}

/* -- beginning -- */

/* So that nothing that an old transaction inserted looks like the work of a new one. */
static void restart_serials(corm_session *session) {
  session->txn = 1;
  for (uint32_t i = 0; i < session->identity.cap; i++)
    if (session->identity.entries[i].object) session->identity.entries[i].object->txn = 0;
}

static corm_status refuse_failed(const corm_session *session, corm_error *err) {
  const char *why = session->commit_unknown
                        ? "the connection was lost while this Session committed, and nobody knows with what result"
                        : "this Session's transaction has been rolled back due to a previous exception during flush";
  corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                 "%s; to begin a new transaction, first call session:rollback(). Original exception was: %s", why,
                 session->failure);
  corm_error_because(err, session->mem, session->first);
  return CORM_FAILED;
}

void corm_session_note_failure(corm_session *session, const corm_error *err) {
  char class_name[64] = "";
  if (!err->from_hook) (void)snprintf(class_name, sizeof class_name, "(%s) ", corm_error_class_name(err->cls));
  (void)snprintf(session->failure, sizeof session->failure, "%s%.440s", class_name, err->message);
  corm_error_free(session->mem, session->first);
  session->first = corm_error_dup(session->mem, err);
}

static void forget_failure(corm_session *session) {
  session->failure[0] = '\0';
  session->commit_unknown = false;
  corm_error_free(session->mem, session->first);
  session->first = NULL;
}

static corm_status begin_root(corm_session *session, corm_begin_mode mode, corm_error *err) {
  corm_conn *conn = session->own_conn;
  corm_status status = CORM_OK;
  if (!session->engine && !conn)
    return corm_error_set(err, CORM_E_UNBOUND_EXECUTION, "this Session is not bound to an engine or a connection");
  if (conn)
    corm_conn_acquire(conn);
  else
    status = corm_engine_connect(session->engine, &conn, err);
  if (status != CORM_OK) return status;
  if (session->options.has_execution && !session->own_conn)
    status = corm_conn_set_options(conn, &session->options.execution, err);
  if (status == CORM_OK) status = push_frame(session, 0, err);
  if (status == CORM_OK) {
    status = corm_outer_begin(session, conn, mode, &session->frame->savepoint, err);
    if (status != CORM_OK) pop_frame(session);
  }
  if (status != CORM_OK) {
    corm_conn_release(conn);
    return status;
  }
  session->conn = conn;
  if (++session->txn == 0) restart_serials(session);
  return CORM_OK;
}

corm_status corm_session_begin(corm_session *session, corm_begin_mode mode, corm_error *err) {
  if (session->frame)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "a transaction is already begun on this Session");
  return begin_root(session, mode, err);
}

corm_status corm_session_connection(corm_session *session, corm_conn **out, corm_error *err) {
  if (session->frame && session->frame->failed) return refuse_failed(session, err);
  if (!session->frame) {
    if (!session->options.autobegin)
      return corm_error_set(err, CORM_E_INVALID_REQUEST,
                            "autobegin is disabled on this Session; call session:begin() first");
    corm_status status = begin_root(session, CORM_BEGIN_READ, err);
    if (status != CORM_OK) return status;
  }
  corm_outer_check(session);
  *out = session->conn;
  return CORM_OK;
}

corm_status corm_session_begin_nested(corm_session *session, corm_error *err) {
  corm_conn *conn = NULL;
  int depth = 0;
  corm_status status = corm_session_connection(session, &conn, err);
  if (status == CORM_OK) status = corm_session_flush(session, err);
  if (status == CORM_OK) status = corm_conn_savepoint(conn, &depth, err);
  if (status != CORM_OK) return status;
  status = push_frame(session, depth, err);
  if (status != CORM_OK) {
    corm_error ignored;
    corm_error_init(&ignored);
    if (corm_conn_savepoint_rollback(conn, depth, &ignored) != CORM_OK) corm_error_clear(&ignored);
  }
  return status;
}

/* -- ending -- */

static corm_status tell(corm_session *session, corm_event event, corm_error *err) {
  const corm_host *host = session->host;
  if (!(host->listening(host->ctx) & (UINT32_C(1) << event))) return CORM_OK;
  return host->event(host->ctx, event, session, NULL, err);
}

/* Makes room for what merge_frame moves. */
static corm_status reserve_merge(corm_frame *frame, corm_error *err) {
  corm_frame *parent = frame->parent;
  corm_status status = corm_vec_reserve(&parent->deleted, parent->deleted.len + frame->deleted.len);
  if (status == CORM_OK) status = corm_vec_reserve(&parent->rekeyed, parent->rekeyed.len + frame->rekeyed.len);
  if (status == CORM_OK && parent->parent) {
    status = corm_vec_reserve(&parent->touched, parent->touched.len + frame->touched.len);
    if (status == CORM_OK) status = corm_vec_reserve(&parent->inserted, parent->inserted.len + frame->inserted.len);
  }
  return status == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static void move_list(corm_vec *to, corm_vec *from) {
  for (size_t i = 0; i < from->len; i++) to->items[to->len++] = from->items[i];
  from->len = 0;
}

/* What a released savepoint did belongs to the enclosing frame from now on; the root needs to know of deletes and keys
   only. */
static void merge_frame(corm_session *session) {
  corm_frame *frame = session->frame, *parent = frame->parent;
  if (parent->parent) {
    move_list(&parent->touched, &frame->touched);
    move_list(&parent->inserted, &frame->inserted);
  }
  move_list(&parent->deleted, &frame->deleted);
  move_list(&parent->rekeyed, &frame->rekeyed);
}

static corm_status release_savepoint(corm_session *session, corm_error *err) {
  corm_status status = reserve_merge(session->frame, err);
  if (status == CORM_OK) status = corm_conn_savepoint_release(session->conn, session->frame->savepoint, err);
  if (status != CORM_OK) return status;
  merge_frame(session);
  release_list(session, &session->frame->touched);
  release_list(session, &session->frame->inserted);
  pop_frame(session);
  return CORM_OK;
}

/* A connection of the engine goes back at once, whoever else still holds it: results that are not read to their end
   were buffered when the transaction ended. */
static void leave_connection(corm_session *session) {
  corm_conn *conn = session->conn;
  session->conn = NULL;
  if (!conn) return;
  if (conn != session->own_conn) corm_conn_close(conn);
  corm_conn_release(conn);
}

static void bury(corm_session *session, corm_vec *deleted) {
  while (deleted->len) {
    corm_object *object = deleted->items[deleted->len - 1];
    size_t before = deleted->len;
    corm_state_leave(session, object, CORM_DELETED);
    if (deleted->len == before) deleted->len--;
  }
}

static corm_status rollback_root(corm_session *session, corm_error *err) {
  corm_status status = corm_outer_rollback(session, err);
  while (session->frame) {
    corm_frame_restore(session, session->frame);
    pop_frame(session);
  }
  leave_connection(session);
  forget_failure(session);
  return status;
}

static corm_status commit_root(corm_session *session, corm_error *err) {
  corm_status status = corm_outer_commit(session, err);
  if (status != CORM_OK && corm_error_class_is(err->cls, CORM_E_COMMIT_UNKNOWN)) {
    /* Whether the rows are there is for the script to find out, so it has to say itself that it goes on. */
    corm_session_note_failure(session, err);
    session->frame->failed = session->commit_unknown = true;
    return status;
  }
  if (status != CORM_OK) {
    corm_error second;
    corm_error_init(&second);
    if (rollback_root(session, &second) != CORM_OK) corm_error_clear(&second);
    return status;
  }
  bury(session, &session->frame->deleted);
  release_rekeyed(session, &session->frame->rekeyed);
  pop_frame(session);
  leave_connection(session);
  if (session->options.expire_on_commit) corm_session_expire_all(session);
  return CORM_OK;
}

corm_status corm_session_commit(corm_session *session, corm_error *err) {
  if (session->flushing) return corm_state_check_idle(session, "commit()", err);
  if (session->frame && session->frame->failed) return refuse_failed(session, err);
  corm_status status = tell(session, CORM_EVENT_BEFORE_COMMIT, err);
  if (status == CORM_OK) status = corm_session_flush(session, err);
  if (status != CORM_OK) return status;
  if (!session->frame) {
    if (session->options.expire_on_commit) corm_session_expire_all(session);
    return CORM_OK;
  }
  while (status == CORM_OK && session->frame->parent) status = release_savepoint(session, err);
  if (status == CORM_OK) status = commit_root(session, err);
  return status == CORM_OK ? tell(session, CORM_EVENT_AFTER_COMMIT, err) : status;
}

corm_status corm_session_rollback(corm_session *session, corm_error *err) {
  if (session->flushing) return corm_state_check_idle(session, "rollback()", err);
  if (!session->frame) {
    corm_frame_restore(session, NULL);
    return CORM_OK;
  }
  corm_status status = rollback_root(session, err);
  return status == CORM_OK ? tell(session, CORM_EVENT_AFTER_ROLLBACK, err) : status;
}

static corm_status rollback_savepoint(corm_session *session, corm_error *err) {
  corm_frame *frame = session->frame;
  corm_status status = CORM_OK;
  if (!frame->failed) status = corm_conn_savepoint_rollback(session->conn, frame->savepoint, err);
  corm_frame_restore(session, frame);
  pop_frame(session);
  return status;
}

corm_status corm_session_end_frame(corm_session *session, corm_frame *frame, bool commit, corm_error *err) {
  if (!corm_session_has_frame(session, frame))
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this transaction is closed");
  if (!frame->parent) return commit ? corm_session_commit(session, err) : corm_session_rollback(session, err);
  if (commit) {
    if (session->frame->failed) return refuse_failed(session, err);
    corm_status status = corm_session_flush(session, err);
    if (status != CORM_OK) return status;
  }
  for (bool last = false; !last;) {
    last = session->frame == frame;
    corm_status status = commit ? release_savepoint(session, err) : rollback_savepoint(session, err);
    if (status != CORM_OK) return status;
  }
  return CORM_OK;
}

void corm_session_close(corm_session *session) {
  corm_error ignored;
  corm_error_init(&ignored);
  corm_session_expunge_all(session);
  if (corm_outer_close(session, &ignored) != CORM_OK) corm_error_clear(&ignored);
  while (session->frame) pop_frame(session);
  leave_connection(session);
  forget_failure(session);
}
