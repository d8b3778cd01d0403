#include "orm/session.h"

#include <stdatomic.h>
#include <string.h>

#include "orm/backs.h"
#include "orm/binds.h"
#include "orm/keyed.h"
#include "orm/links.h"
#include "orm/state.h"

uint32_t corm_session_new_number(void) {
  static atomic_uint last;
  return atomic_fetch_add(&last, 1) + 1;
}

corm_session_options corm_session_options_default(void) {
  return (corm_session_options){
      .autoflush = true, .autobegin = true, .expire_on_commit = true, .close_resets_only = true};
}

corm_status corm_session_new(const corm_mem *mem, const corm_host *host, corm_engine *engine, corm_conn *conn,
                             const corm_session_options *options, corm_session **out, corm_error *err) {
  corm_session *session = corm_mem_zalloc(mem, 1, sizeof *session);
  if (!session) return corm_error_memory(err);
  session->mem = mem;
  session->host = host;
  session->options = options ? *options : corm_session_options_default();
  session->refs = 1;
  session->number = corm_session_new_number();
  session->engine = engine;
  session->own_conn = conn;
  if (engine) corm_engine_acquire(engine);
  if (conn) corm_conn_acquire(conn);
  corm_identity_init(&session->identity, mem);
  corm_vec_init(&session->news, mem);
  corm_vec_init(&session->modified, mem);
  corm_vec_init(&session->doomed, mem);
  corm_map_init(&session->binds, mem);
  corm_vec_init(&session->branches, mem);
  *out = session;
  return CORM_OK;
}

void corm_session_acquire(corm_session *session) {
  session->refs++;
}

void corm_session_release(corm_session *session) {
  if (!session || --session->refs) return;
  session->refs = 1; /* what closes it may hold it for a moment */
  session->listening = 0;
  corm_session_close(session);
  corm_state_drop_news(session);
  corm_mem_free(session->mem, session->states);
  corm_backs_drop(session);
  corm_adopters_drop(session);
  corm_identity_clear(&session->identity);
  corm_vec_clear(&session->news);
  corm_vec_clear(&session->modified);
  corm_vec_clear(&session->doomed);
  corm_binds_free(session);
  corm_mem_free(session->mem, session->undone);
  if (session->own_conn) corm_conn_release(session->own_conn);
  if (session->engine) corm_engine_release(session->engine);
  corm_mem_free(session->mem, session);
}

/* -- keeping objects alive -- */

static bool needs_pin(const corm_object *object) {
  return object->state == CORM_PENDING ||
         (object->flags & (CORM_OBJECT_MODIFIED | CORM_OBJECT_DOOMED | CORM_OBJECT_TOLD)) ||
         corm_object_frames(object) > 0;
}

corm_status corm_state_hold(corm_session *session, corm_object *object, corm_error *err) {
  if (object->flags & CORM_OBJECT_PINNED) return CORM_OK;
  corm_status status = session->host->pin(session->host->ctx, object, err);
  if (status == CORM_OK) object->flags |= CORM_OBJECT_PINNED;
  return status;
}

void corm_state_let_go(corm_session *session, corm_object *object) {
  if (!(object->flags & CORM_OBJECT_PINNED) || needs_pin(object)) return;
  object->flags &= (uint8_t)~CORM_OBJECT_PINNED;
  session->host->unpin(session->host->ctx, object);
}

corm_status corm_session_modified(corm_session *session, corm_object *object, corm_error *err) {
  if (object->state != CORM_PERSISTENT || (object->flags & CORM_OBJECT_MODIFIED)) return CORM_OK;
  corm_status status = corm_vec_push(&session->modified, object);
  if (status != CORM_OK) return corm_error_memory(err);
  session->linked++;
  status = corm_state_hold(session, object, err);
  if (status != CORM_OK)
    session->modified.len--;
  else
    object->flags |= CORM_OBJECT_MODIFIED;
  return status;
}

void corm_session_forget(corm_session *session, corm_object *object) {
  corm_identity_remove(&session->identity, object);
  if (object->state == CORM_PENDING) corm_vec_drop(&session->news, object);
  if (object->flags & CORM_OBJECT_MODIFIED) corm_vec_drop(&session->modified, object);
  if (object->flags & CORM_OBJECT_DOOMED) corm_vec_drop(&session->doomed, object);
  corm_frame_forget(session, object);
  object->session = NULL;
}

/* -- identity -- */

static corm_object *find_alive(corm_session *session, const corm_mapper *mapper, const corm_value *key, uint32_t hash,
                               corm_identity_place *place) {
  corm_object *object = corm_identity_search(&session->identity, mapper, key, hash, place);
  if (!object || session->host->alive(session->host->ctx, object)) return object;
  corm_identity_remove(&session->identity, object);
  return NULL;
}

corm_object *corm_session_find(corm_session *session, const corm_mapper *mapper, const corm_value *key) {
  corm_identity_place place;
  corm_object *object = find_alive(session, mapper, key, corm_identity_hash(mapper, key), &place);
  return object && corm_mapper_isa(object->mapper, mapper) ? object : NULL;
}

static corm_status refuse_identity(const corm_session *session, const corm_object *object, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, session->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_status status = corm_error_set(err, session->writing ? CORM_E_FLUSH : CORM_E_INVALID_REQUEST,
                                      "another object with the identity %s is already in this session",
                                      text ? text : object->mapper->name);
  corm_buf_clear(&name);
  return status;
}

static corm_status register_as(corm_session *session, corm_object *object, const corm_value *key, bool is_new,
                               corm_error *err) {
  const uint32_t hash = corm_identity_hash(object->mapper, key);
  corm_identity_place place;
  corm_object *other = find_alive(session, object->mapper, key, hash, &place);
  if (other && other != object && is_new && !other->flush) {
    if (corm_session_lose(session, other, err) != CORM_OK) return CORM_FAILED;
    other = find_alive(session, object->mapper, key, hash, &place);
  }
  if (other && other != object) return refuse_identity(session, object, err);
  object->hash = hash;
  corm_status status = other ? CORM_OK : corm_identity_add_at(&session->identity, object, place, err);
  if (status != CORM_OK) return status;
  object->session = session;
  object->flags |= CORM_OBJECT_KEYED;
  if (session->backs && object->links.n) corm_backs_enter_all(session, object);
  corm_state_move(session, object, CORM_PERSISTENT);
  return CORM_OK;
}

static corm_status register_object(corm_session *session, corm_object *object, bool is_new, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_value small[8];
  corm_value *key = mapper->npk <= 8 ? small : corm_mem_zalloc(session->mem, mapper->npk, sizeof *key);
  if (!key) return corm_error_memory(err);
  corm_status status = corm_object_key(object, key)
                           ? register_as(session, object, key, is_new, err)
                           : corm_error_set(err, CORM_E_FLUSH, "%s has no complete primary key", mapper->name);
  if (key != small) corm_mem_free(session->mem, key);
  return status;
}

corm_status corm_session_register(corm_session *session, corm_object *object, corm_error *err) {
  return register_object(session, object, false, err);
}

corm_status corm_session_register_new(corm_session *session, corm_object *object, corm_error *err) {
  return register_object(session, object, true, err);
}

bool corm_session_contains(const corm_session *session, const corm_object *object) {
  return object->session == session && (object->state == CORM_PENDING || object->state == CORM_PERSISTENT);
}

bool corm_session_is_dirty(const corm_session *session) {
  return session->news.len || session->modified.len || session->doomed.len;
}

/* -- leaving the session -- */

corm_status corm_state_check_idle(const corm_session *session, const char *what, corm_error *err) {
  if (!session->busy) return CORM_OK;
  return corm_error_set(err, CORM_E_ILLEGAL_STATE_CHANGE, "%s is not possible while this Session is %s", what,
                        session->busy);
}

void corm_state_commit_links(corm_object *object) {
  const corm_vec *relationships = &object->mapper->relationships;
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) corm_link_commit(object, relationships->items[i]);
}

void corm_state_leave(corm_session *session, corm_object *object, corm_object_state state) {
  if (!session->frame) object->serial = 0; /* what is committed is not undone */
  if (state == CORM_DETACHED && object->serial) session->strays = true;
  corm_session_forget(session, object);
  object->flags &= (uint8_t) ~(CORM_OBJECT_MODIFIED | CORM_OBJECT_DOOMED);
  object->session = session; /* let_go needs the host */
  corm_state_move(session, object, state);
  corm_state_let_go(session, object);
  object->session = NULL;
  object->hash = session->number;
}

corm_status corm_session_lose(corm_session *session, corm_object *object, corm_error *err) {
  const corm_status status = corm_frame_note_deleted(session, object, err);
  if (status != CORM_OK) return status;
  if (object->flags & CORM_OBJECT_MODIFIED) corm_vec_drop(&session->modified, object);
  if (object->flags & CORM_OBJECT_DOOMED) corm_vec_drop(&session->doomed, object);
  object->flags &= (uint8_t) ~(CORM_OBJECT_MODIFIED | CORM_OBJECT_DOOMED);
  corm_identity_remove(&session->identity, object);
  corm_state_move(session, object, CORM_DELETED);
  return CORM_OK;
}

void corm_state_to_transient(corm_session *session, corm_object *object) {
  corm_state_leave(session, object, CORM_TRANSIENT);
  corm_state_forget_row(object);
}

void corm_state_forget_row(corm_object *object) {
  object->state = CORM_TRANSIENT;
  object->serial = 0;
  corm_object_clean(object);
  corm_state_commit_links(object);
  corm_keyed_note(object);
  for (uint32_t i = 0; i < object->mapper->nattributes; i++) {
    corm_value *value = &object->slots[i];
    if (value->flags & CORM_VALUE_GENERATED) corm_value_clear(object->mapper->mem, value);
    if ((value->flags & CORM_VALUE_EXPIRED) && value->kind == CORM_ABSENT) value->extra |= CORM_SLOT_LOST;
    value->flags &= (uint8_t) ~(CORM_VALUE_EXPIRED | CORM_VALUE_LATER | CORM_VALUE_RAISES | CORM_VALUE_ALONE);
  }
  object->flags &= (uint8_t) ~(CORM_OBJECT_EXPIRED | CORM_OBJECT_KEYED);
}

static void empty_list(corm_session *session, corm_vec *list, corm_object_state state) {
  while (list->len) {
    corm_object *object = list->items[list->len - 1];
    corm_state_leave(session, object, state);
  }
}

/* At once: one by one, in the order of their keys, each would be searched for. */
static void unmark_all(corm_vec *list, uint8_t flag) {
  for (size_t i = 0; i < list->len; i++) ((corm_object *)list->items[i])->flags &= (uint8_t)~flag;
  list->len = 0;
}

static void release_lists(corm_session *session) {
  unmark_all(&session->modified, CORM_OBJECT_MODIFIED);
  unmark_all(&session->doomed, CORM_OBJECT_DOOMED);
  for (corm_frame *f = session->frame; f; f = f->parent) {
    corm_frame_release_list(session, &f->touched);
    corm_frame_forget_rekeyed(session, &f->rekeyed);
  }
}

void corm_session_expunge_all(corm_session *session) {
  corm_state_expect_news(session);
  empty_list(session, &session->news, CORM_TRANSIENT);
  release_lists(session);
  corm_backs_drop(session);
  for (uint32_t i = 0; i < session->identity.cap; i++) {
    corm_object *object = session->identity.entries[i].object;
    corm_identity_fetch(&session->identity, i);
    if (!object) continue;
    object->flags &= (uint8_t)~CORM_OBJECT_IN_MAP; /* one by one, each would be searched for */
    corm_state_leave(session, object, CORM_DETACHED);
  }
  corm_identity_empty(&session->identity);
  for (corm_frame *f = session->frame; f; f = f->parent) empty_list(session, &f->deleted, CORM_DETACHED);
}

/* -- expiry -- */

void corm_state_expire(corm_session *session, corm_object *object) {
  const corm_vec *relationships = &object->mapper->relationships;
  corm_object_expire(object, NULL, 0);
  corm_state_note(session, object, CORM_EVENT_EXPIRE, NULL, 0);
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) corm_link_reset(object, relationships->items[i]);
  if (object->flags & CORM_OBJECT_MODIFIED) {
    corm_vec_drop(&session->modified, object);
    object->flags &= (uint8_t)~CORM_OBJECT_MODIFIED;
  }
  corm_state_let_go(session, object);
}

void corm_session_expire_all(corm_session *session) {
  corm_state_expect_news(session);
  unmark_all(&session->modified, CORM_OBJECT_MODIFIED);
  corm_backs_drop(session);
  for (uint32_t i = 0; i < session->identity.cap; i++) {
    corm_identity_fetch(&session->identity, i);
    corm_object *object = session->identity.entries[i].object;
    if (object && session->host->alive(session->host->ctx, object)) corm_state_expire(session, object);
  }
}

static void outdate_object(corm_object *object, const corm_table *table) {
  const corm_mapper *mapper = object->mapper;
  const bool own = corm_mapper_has_table(mapper, table);
  for (uint32_t i = 0; own && i < object->mapper->nattributes; i++) {
    corm_object_doubt(object, i);
    if (!(object->slots[i].flags & (CORM_VALUE_DIRTY | CORM_VALUE_LATER))) corm_object_expire(object, &i, 1);
  }
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    if (!own && !corm_mapper_has_table(relationship->target, table) && relationship->def.secondary != table) continue;
    if (!corm_link_has_history(corm_object_link_at(object, i))) corm_link_reset(object, relationship);
  }
}

void corm_session_outdate(corm_session *session, const corm_table *table) {
  for (uint32_t i = 0; i < session->identity.cap; i++) {
    corm_object *object = session->identity.entries[i].object;
    if (object && session->host->alive(session->host->ctx, object)) outdate_object(object, table);
  }
}

static corm_status check_key(const corm_object *object, const char *key, corm_error *err) {
  const size_t len = strlen(key);
  if (corm_mapper_slot(object->mapper, key, len) >= 0 || corm_mapper_relationship(object->mapper, key, len))
    return CORM_OK;
  corm_error_set(err, CORM_E_INVALID_REQUEST, "%s has no attribute '%s'", object->mapper->name, key);
  const char *nearest = corm_mapper_nearest(object->mapper, key);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

/* Listeners are told of all the columns at once. */
static corm_status expire_keys(corm_object *object, const char *const *keys, uint32_t n, corm_error *err) {
  const corm_mem *mem = object->session->mem;
  uint32_t count = 0, *slots = corm_mem_alloc(mem, (n ? n : 1) * sizeof *slots);
  if (!slots) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    const int32_t slot = corm_mapper_slot(object->mapper, keys[i], strlen(keys[i]));
    if (slot < 0)
      corm_link_reset(object, corm_mapper_relationship(object->mapper, keys[i], strlen(keys[i])));
    else
      slots[count++] = (uint32_t)slot;
  }
  if (count) {
    corm_object_expire(object, slots, count);
    corm_state_note(object->session, object, CORM_EVENT_EXPIRE, slots, count);
  }
  corm_mem_free(mem, slots);
  return CORM_OK;
}

corm_status corm_session_expire(corm_session *session, corm_object *object, const char *const *keys, uint32_t n,
                                corm_error *err) {
  if (object->session != session || object->state != CORM_PERSISTENT)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "this %s is not persistent within this Session",
                          object->mapper->name);
  corm_status status = keys ? CORM_OK : corm_expire_with_relatives(session, object, err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = check_key(object, keys[i], err);
  if (status == CORM_OK && keys) status = expire_keys(object, keys, n, err);
  return status == CORM_OK ? corm_state_tell(session, err) : status;
}
