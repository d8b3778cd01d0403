/* Frames: what a transaction or a savepoint changes in memory, and how that is undone. */
#include <string.h>

#include "orm/keyed.h"
#include "orm/links.h"
#include "orm/session.h"
#include "orm/state.h"

/* -- frames -- */

/* A primary key that a flush replaced. Who is away is known by the new one when it comes back. */
typedef struct rekey {
  corm_object *object;     /* NULL: it is away */
  const corm_mapper *root; /* to be compared only: it may be gone with the object */
  uint32_t n;
  uint32_t hash;   /* of the new key as an identity */
  uint32_t flush;  /* which of those that replace keys: what one of them does is done at once */
  corm_value *new; /* behind the old one */
  corm_value old[];
} rekey;

static void free_rekey(const corm_mem *mem, rekey *entry) {
  for (uint32_t i = 0; i < entry->n * 2; i++) corm_value_clear(mem, &entry->old[i]);
  corm_mem_free(mem, entry);
}

/* The serial of an object among those of the open frames when these are counted from 1. */
static void recount(const corm_session *session, corm_object *object) {
  uint16_t n = 0;
  for (const corm_frame *f = session->frame; f; f = f->parent) n = (uint16_t)(n + (object->serial >= f->serial));
  object->serial = n;
}

/* What has left the session is not reached, so it is taken for one of another session's. */
static corm_status restart_serials(corm_session *session, corm_error *err) {
  uint32_t n = 0;
  for (const corm_frame *f = session->frame; f; f = f->parent) n++;
  if (n >= UINT16_MAX) return corm_error_set(err, CORM_E_INVALID_REQUEST, "too many savepoints within each other");
  for (uint32_t i = 0; i < session->identity.cap; i++)
    if (session->identity.entries[i].object) recount(session, session->identity.entries[i].object);
  for (const corm_frame *f = session->frame; f; f = f->parent)
    for (size_t i = 0; i < f->deleted.len; i++) recount(session, f->deleted.items[i]);
  session->number = corm_session_new_number();
  session->strays = false;
  corm_mem_free(session->mem, session->undone);
  session->undone = NULL;
  session->serial = (uint16_t)n;
  for (corm_frame *f = session->frame; f; f = f->parent) f->serial = (uint16_t)n--;
  return CORM_OK;
}

corm_status corm_frame_push(corm_session *session, int savepoint, corm_error *err) {
  if (session->serial == UINT16_MAX && restart_serials(session, err) != CORM_OK) return CORM_FAILED;
  corm_frame *frame = corm_mem_zalloc(session->mem, 1, sizeof *frame);
  if (!frame) return corm_error_memory(err);
  frame->parent = session->frame;
  frame->id = ++session->frames;
  frame->serial = ++session->serial;
  frame->savepoint = savepoint;
  corm_vec_init(&frame->touched, session->mem);
  corm_vec_init(&frame->deleted, session->mem);
  corm_vec_init(&frame->rekeyed, session->mem);
  session->frame = frame;
  return CORM_OK;
}

void corm_frame_release_list(corm_session *session, corm_vec *list) {
  for (size_t i = 0; i < list->len; i++) {
    corm_object *object = list->items[i];
    corm_object_leave_frame(object);
    if (object->session) corm_state_let_go(session, object);
  }
  list->len = 0;
}

void corm_frame_forget_rekeyed(corm_session *session, const corm_vec *list) {
  for (size_t i = 0; i < list->len; i++) {
    rekey *entry = list->items[i];
    corm_object *object = entry->object;
    if (!object) continue;
    entry->object = NULL;
    corm_object_leave_frame(object);
    corm_state_let_go(session, object);
  }
}

void corm_frame_release_rekeyed(corm_session *session, corm_vec *list) {
  corm_frame_forget_rekeyed(session, list);
  for (size_t i = 0; i < list->len; i++) free_rekey(session->mem, list->items[i]);
  list->len = 0;
}

void corm_frame_pop(corm_session *session) {
  corm_frame *frame = session->frame;
  session->frame = frame->parent;
  session->over += frame->block;
  corm_frame_release_rekeyed(session, &frame->rekeyed);
  corm_vec_clear(&frame->touched);
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

corm_status corm_frame_touch(corm_session *session, corm_object *object, corm_error *err) {
  corm_frame *frame = session->frame;
  if (!frame->parent) return CORM_OK; /* the root expires everything */
  corm_status status = CORM_OK;
  if (!corm_object_frames(object) || object->changes->touched != frame->id)
    status = list_in_frame(session, &frame->touched, object, object, err);
  if (status == CORM_OK) object->changes->touched = frame->id;
  return status;
}

static bool has_key(const rekey *entry, const corm_object *object, const corm_value *key) {
  const corm_mapper *mapper = object->mapper;
  if (entry->root != mapper->root) return false;
  for (uint32_t i = 0; i < mapper->npk; i++)
    if (!corm_value_equal(&entry->new[i], key ? &key[i] : corm_object_committed(object, mapper->pk[i]))) return false;
  return true;
}

/* The keys that an object had which was away, the last first. */
static corm_status find_rekeyed(corm_session *session, corm_object *object, corm_error *err) {
  const corm_value *key = NULL;
  uint32_t flush = UINT32_MAX;
  corm_status status = CORM_OK;
  for (corm_frame *f = session->frame; status == CORM_OK && f; f = f->parent) {
    for (size_t i = f->rekeyed.len; status == CORM_OK && i-- > 0;) {
      rekey *entry = f->rekeyed.items[i];
      if (entry->object != object) {
        if (entry->object || entry->flush >= flush || !has_key(entry, object, key)) continue;
        status = corm_object_enter_frame(object, err);
        if (status != CORM_OK) continue;
        entry->object = object;
      }
      key = entry->old;
      flush = entry->flush;
    }
  }
  return status == CORM_OK && key ? corm_state_hold(session, object, err) : status;
}

corm_status corm_frame_note_return(corm_session *session, corm_object *object, corm_error *err) {
  corm_status status = find_rekeyed(session, object, err);
  for (corm_frame *f = session->frame; status == CORM_OK && f && f->parent; f = f->parent)
    status = list_in_frame(session, &f->touched, object, object, err);
  if (status == CORM_OK && object->changes && session->frame) object->changes->touched = session->frame->id;
  return status;
}

corm_status corm_frame_note_deleted(corm_session *session, corm_object *object, corm_error *err) {
  return list_in_frame(session, &session->frame->deleted, object, object, err);
}

corm_status corm_frame_note_rekeyed(corm_session *session, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  rekey *entry = corm_mem_zalloc(session->mem, 1, sizeof *entry + mapper->npk * 2 * sizeof *entry->old);
  if (!entry) return corm_error_memory(err);
  corm_status status = CORM_OK;
  entry->object = object;
  entry->root = mapper->root;
  entry->n = mapper->npk;
  entry->flush = session->rekeyings;
  entry->new = entry->old + entry->n;
  for (uint32_t i = 0; status == CORM_OK && i < entry->n; i++) {
    status = corm_value_dup(session->mem, corm_object_committed(object, mapper->pk[i]), &entry->old[i]);
    if (status == CORM_OK) status = corm_value_dup(session->mem, &object->slots[mapper->pk[i]], &entry->new[i]);
  }
  entry->hash = corm_identity_hash(mapper, entry->new);
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

static void leave_rekeyed(const corm_vec *list, corm_object *object) {
  for (size_t i = list->len; corm_object_frames(object) && i-- > 0;) {
    rekey *entry = list->items[i];
    if (entry->object != object) continue;
    entry->object = NULL;
    corm_object_leave_frame(object);
  }
}

void corm_frame_forget(corm_session *session, corm_object *object) {
  for (corm_frame *f = session->frame; corm_object_frames(object) && f; f = f->parent) {
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

/* Whether the object came to be in the frame that is being undone, or in one that became part of it. */
static bool is_undone(const corm_frame *frame, const corm_object *object) {
  return object->serial >= frame->serial;
}

/* Another object has the identity whose row comes back: its own row was made since, and is gone. It may not be known as
   inserted, if it was loaded. */
static void make_way(corm_session *session, const corm_object *object) {
  const corm_mapper *mapper = object->mapper;
  corm_value key[16];
  if (mapper->npk > 16) return;
  for (uint32_t i = 0; i < mapper->npk; i++) key[i] = *corm_object_committed(object, mapper->pk[i]);
  corm_object *other = corm_session_find(session, mapper->root, key);
  if (other && other != object) corm_state_to_transient(session, other);
}

/* Deleted objects come back; putting them into a map that has room does not fail, and one without room loses them from
   the session only (they become detached). */
static void undo_deletes(corm_session *session, corm_frame *frame) {
  while (frame->deleted.len) {
    corm_object *object = frame->deleted.items[--frame->deleted.len];
    corm_error ignored;
    corm_error_init(&ignored);
    corm_object_leave_frame(object);
    if (is_undone(frame, object)) {
      corm_state_to_transient(session, object);
      continue;
    }
    object->session = NULL;
    for (uint32_t i = 0; i < object->mapper->npk; i++) corm_object_unset(object, object->mapper->pk[i]);
    make_way(session, object);
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
  corm_keyed_note(object);
}

static bool is_from(const rekey *later, const rekey *entry) {
  if (later->root != entry->root || later->flush <= entry->flush) return false;
  for (uint32_t i = 0; i < entry->n; i++)
    if (!corm_value_equal(&later->old[i], &entry->new[i])) return false;
  return true;
}

/* Who had the key after an object that is away: whoever gave it up later, by another one or by a DELETE, or has it now;
   NULL: nobody. */
static corm_object *find_successor(const corm_session *session, const corm_frame *frame, size_t at) {
  const corm_identity *map = &session->identity;
  const rekey *entry = frame->rekeyed.items[at];
  for (size_t i = at + 1; i < frame->rekeyed.len; i++)
    if (is_from(frame->rekeyed.items[i], entry)) return ((const rekey *)frame->rekeyed.items[i])->object;
  for (size_t i = 0; i < frame->deleted.len; i++)
    if (has_key(entry, frame->deleted.items[i], NULL)) return frame->deleted.items[i];
  if (!map->cap) return NULL;
  for (uint32_t i = corm_identity_start(map, entry->hash); map->entries[i].object; i = corm_identity_next(map, i)) {
    corm_object *object = map->entries[i].object;
    if (map->entries[i].hash == entry->hash && session->host->alive(session->host->ctx, object) &&
        has_key(entry, object, NULL))
      return object;
  }
  return NULL;
}

/* What was loaded by a key that goes is the row that gets its old one back. */
static void find_successors(corm_session *session, const corm_frame *frame) {
  for (size_t i = frame->rekeyed.len; i-- > 0;) {
    const rekey *entry = frame->rekeyed.items[i];
    corm_object *object = entry->object ? NULL : find_successor(session, frame, i);
    corm_error ignored;
    corm_error_init(&ignored);
    if (object && find_rekeyed(session, object, &ignored) != CORM_OK) corm_error_clear(&ignored);
    if (object && object->state == CORM_PERSISTENT) corm_state_expire(session, object);
  }
}

/* Keys may have gone from one object to another, so all leave the map before the first comes back. */
static void undo_rekeys(corm_session *session, corm_frame *frame) {
  find_successors(session, frame);
  for (size_t i = frame->rekeyed.len; i-- > 0;) {
    rekey *entry = frame->rekeyed.items[i];
    if (!entry->object) continue;
    corm_identity_remove(&session->identity, entry->object);
    restore_key(entry->object, entry);
  }
  while (frame->rekeyed.len) {
    rekey *entry = frame->rekeyed.items[--frame->rekeyed.len];
    corm_object *object = entry->object;
    corm_error ignored;
    corm_error_init(&ignored);
    free_rekey(session->mem, entry);
    if (!object) continue;
    corm_object_leave_frame(object);
    if (object->state == CORM_PERSISTENT && corm_session_register(session, object, &ignored) != CORM_OK) {
      corm_error_clear(&ignored);
      corm_state_leave(session, object, CORM_DETACHED);
      continue;
    }
    corm_state_let_go(session, object);
  }
}

static void undo_inserts_of_root(corm_session *session, const corm_frame *frame) {
  const corm_identity *map = &session->identity;
  for (uint32_t i = 0; i < map->cap; i++) {
    corm_object *object;
    corm_identity_fetch(map, i);
    while ((object = map->entries[i].object) != NULL && is_undone(frame, object) &&
           session->host->alive(session->host->ctx, object))
      corm_state_to_transient(session, object);
  }
}

/* What becomes transient leaves the list, from wherever it stands there. */
static void undo_inserts_of_savepoint(corm_session *session, corm_frame *frame) {
  for (size_t i = frame->touched.len; i-- > 0;)
    if (i < frame->touched.len && is_undone(frame, frame->touched.items[i]))
      corm_state_to_transient(session, frame->touched.items[i]);
}

static void expire_touched(corm_session *session, corm_frame *frame) {
  for (size_t i = 0; i < frame->touched.len; i++) {
    corm_object *object = frame->touched.items[i];
    if (object->session == session && object->state == CORM_PERSISTENT) corm_state_expire(session, object);
  }
  while (session->modified.len) corm_state_expire(session, session->modified.items[session->modified.len - 1]);
}

/* Nobody holds those that have left; they are told when they come back. Without memory for it they are taken for rows,
   as those are that come to another session. */
static void note_undone(corm_session *session, const corm_frame *frame) {
  if (!session->undone) session->undone = corm_mem_zalloc(session->mem, UINT16_MAX / 8 + 1, 1);
  for (uint32_t serial = frame->serial; session->undone && serial <= session->serial; serial++)
    session->undone[serial / 8] |= (uint8_t)(1u << serial % 8);
}

bool corm_frame_undid(const corm_session *session, const corm_object *object) {
  if (!session->undone || object->hash != session->number) return false;
  return session->undone[object->serial / 8] & (1u << object->serial % 8);
}

void corm_frame_restore(corm_session *session, corm_frame *frame) {
  corm_state_expect_news(session);
  if (frame && session->strays) note_undone(session, frame);
  undo_pending(session);
  if (!frame || !frame->parent) {
    if (frame) undo_inserts_of_root(session, frame);
    if (frame) undo_rekeys(session, frame);
    if (frame) undo_deletes(session, frame);
    corm_session_expire_all(session);
    return;
  }
  corm_holders_forget(session, &frame->touched);
  undo_inserts_of_savepoint(session, frame);
  undo_rekeys(session, frame);
  corm_holders_restore(session, &frame->deleted);
  undo_deletes(session, frame);
  if (frame->bulk) corm_session_expire_all(session);
  expire_touched(session, frame);
  corm_frame_release_list(session, &frame->touched);
}

/* -- becoming part of the enclosing frame -- */

/* Many savepoints may become part of one frame, so that it grows by doubling. */
static corm_status reserve_for(corm_vec *to, const corm_vec *from) {
  const size_t need = to->len + from->len;
  if (need <= to->cap) return CORM_OK;
  return corm_vec_reserve(to, need > to->cap * 2 ? need : to->cap * 2);
}

/* Makes room for what corm_frame_merge moves. */
corm_status corm_frame_reserve_merge(corm_frame *frame, corm_error *err) {
  corm_frame *parent = frame->parent;
  corm_status status = reserve_for(&parent->deleted, &frame->deleted);
  if (status == CORM_OK) status = reserve_for(&parent->rekeyed, &frame->rekeyed);
  if (status == CORM_OK && parent->parent) status = reserve_for(&parent->touched, &frame->touched);
  return status == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static void move_list(corm_vec *to, corm_vec *from) {
  for (size_t i = 0; i < from->len; i++) to->items[to->len++] = from->items[i];
  from->len = 0;
}

/* What a released savepoint did belongs to the enclosing frame from now on; the root needs to know of deletes and keys
   only. */
void corm_frame_merge(corm_session *session) {
  corm_frame *frame = session->frame, *parent = frame->parent;
  parent->bulk = parent->bulk || frame->bulk;
  if (parent->parent) move_list(&parent->touched, &frame->touched);
  move_list(&parent->deleted, &frame->deleted);
  move_list(&parent->rekeyed, &frame->rekeyed);
}
