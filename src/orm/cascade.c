/* What happens to an object happens to its relatives: add, delete, expunge. Work lists instead of recursion. */
#include "orm/links.h"
#include "orm/session.h"
#include "orm/state.h"

static corm_status later(corm_vec *work, corm_object *object, corm_error *err) {
  if (!object) return CORM_OK;
  return corm_vec_push(work, object) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static corm_status items_later(corm_vec *work, const corm_items *items, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t k = 0; status == CORM_OK && k < items->n; k++) status = later(work, items->ptr[k].object, err);
  return status;
}

/* Who has left since the last flush comes along, too: the row still says whose it was. */
static corm_status queue_left(const corm_link *link, corm_vec *work, corm_error *err) {
  corm_status status = later(work, corm_link_old(link), err);
  return status == CORM_OK ? items_later(work, &corm_link_list(link)->removed, err) : status;
}

/* Queues what is in memory of the relationships with the given cascade. */
static corm_status queue_relatives(corm_object *object, uint32_t cascade, corm_vec *work, corm_error *err) {
  const corm_vec *relationships = &object->mapper->relationships;
  corm_status status = CORM_OK;
  const uint32_t n = corm_object_link_count(object);
  for (uint32_t i = 0; i < n; i++) {
    const corm_relationship *relationship = relationships->items[i];
    const corm_link *link = corm_object_link_at(object, i);
    if (!(relationship->cascade & cascade)) continue;
    const corm_many *list = corm_link_list(link);
    status = later(work, corm_link_one(link), err);
    if (status == CORM_OK) status = items_later(work, link->loaded ? &list->items : &list->added, err);
    if (status == CORM_OK && cascade == CORM_CASCADE_SAVE_UPDATE) status = queue_left(link, work, err);
    if (status != CORM_OK) break;
  }
  return status;
}

static corm_status refuse(corm_error *err, const corm_object *object, const char *why) {
  corm_buf name;
  corm_buf_init(&name, object->mapper->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_status status = corm_error_set(err, CORM_E_INVALID_REQUEST, "%s %s", text ? text : object->mapper->name, why);
  corm_buf_clear(&name);
  return status;
}

static corm_status make_pending(corm_session *session, corm_object *object, corm_error *err) {
  if (corm_vec_push(&session->news, object) != CORM_OK) return corm_error_memory(err);
  session->linked++;
  corm_status status = corm_state_hold(session, object, err);
  if (status != CORM_OK) {
    session->news.len--;
    return status;
  }
  object->session = session;
  if (session->listening) corm_state_note(session, object, CORM_EVENT_AFTER_ATTACH, NULL, 0);
  corm_state_move(session, object, CORM_PENDING);
  return CORM_OK;
}

void corm_session_keep(corm_object *object) {
  corm_vec_drop(&object->session->doomed, object);
  object->flags &= (uint8_t)~CORM_OBJECT_DOOMED;
  corm_state_let_go(object->session, object);
}

/* *fresh tells whether the object came in just now, so that its relatives have to follow. */
static corm_status add_one(corm_session *session, corm_object *object, bool *fresh, corm_error *err) {
  *fresh = false;
  if (object->session && object->session != session)
    return refuse(err, object, "is already attached to another session");
  switch ((corm_object_state)object->state) {
  case CORM_PENDING: return CORM_OK;
  case CORM_PERSISTENT:
    if (object->flags & CORM_OBJECT_DOOMED) corm_session_keep(object); /* add after delete */
    return CORM_OK;
  case CORM_DELETED:
    (void)refuse(err, object, "has been deleted and cannot be added again");
    corm_error_hint(err, "make_transient(object) makes a new object of it");
    return CORM_FAILED;
  case CORM_TRANSIENT: *fresh = true; return make_pending(session, object, err);
  case CORM_DETACHED: break;
  }
  *fresh = true;
  if (object->hash != session->number) object->serial = 0; /* another session has serials of its own */
  if (corm_frame_undid(session, object)) {
    corm_state_forget_row(object);
    return make_pending(session, object, err);
  }
  corm_state_note(session, object, CORM_EVENT_AFTER_ATTACH, NULL, 0);
  corm_status status = corm_session_register(session, object, err);
  if (status == CORM_OK) status = corm_frame_note_return(session, object, err);
  if (status == CORM_OK && corm_object_has_history(object)) status = corm_session_modified(session, object, err);
  return status;
}

corm_status corm_session_expect(corm_session *session, size_t n, corm_error *err) {
  corm_vec *news = &session->news;
  if (n <= news->cap - news->len || n < news->cap) return CORM_OK; /* few among many: doubling is enough */
  return corm_vec_reserve(news, news->len + n) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* Objects of the closure over save-update that are to come, in `work`; those in `seen` are left out. */
static corm_status list_newcomers(corm_session *session, corm_object *object, corm_vec *work, corm_map *seen,
                                  corm_error *err) {
  corm_vec walk;
  corm_vec_init(&walk, session->mem);
  corm_map reached;
  corm_map_init(&reached, session->mem);
  corm_status status = later(&walk, object, err);
  for (size_t i = 0; status == CORM_OK && i < walk.len; i++) {
    corm_object *next = walk.items[i];
    if (next->session || corm_map_get(&reached, (const char *)&next, sizeof next)) continue;
    if (corm_map_put(&reached, (const char *)&next, sizeof next, next) != CORM_OK) status = corm_error_memory(err);
    if (status == CORM_OK && !corm_map_get(seen, (const char *)&next, sizeof next)) status = later(work, next, err);
    if (status == CORM_OK) status = queue_relatives(next, CORM_CASCADE_SAVE_UPDATE, &walk, err);
  }
  corm_map_clear(&reached);
  corm_vec_clear(&walk);
  return status;
}

/* Tells of all that is going to be added before the first is: the hooks may change the graph, so it is walked until
   nobody new is found. */
static corm_status tell_before_attach(corm_session *session, corm_object *object, corm_error *err) {
  corm_vec work;
  corm_map seen;
  corm_status status = CORM_OK;
  corm_vec_init(&work, session->mem);
  corm_map_init(&seen, session->mem);
  do {
    work.len = 0;
    corm_state_expect_news(session);
    status = list_newcomers(session, object, &work, &seen, err);
    for (size_t i = 0; status == CORM_OK && i < work.len; i++) {
      if (corm_map_put(&seen, (const char *)&work.items[i], sizeof work.items[i], work.items[i]) != CORM_OK)
        status = corm_error_memory(err);
      corm_state_note(session, work.items[i], CORM_EVENT_BEFORE_ATTACH, NULL, 0);
    }
    if (status == CORM_OK) status = corm_state_tell(session, err);
  } while (status == CORM_OK && work.len);
  corm_map_clear(&seen);
  corm_vec_clear(&work);
  return status;
}

static corm_status add_closure(corm_session *session, corm_object *object, corm_error *err) {
  corm_vec work;
  bool fresh;
  corm_vec_init(&work, session->mem);
  corm_status status = add_one(session, object, &fresh, err);
  if (status == CORM_OK) status = queue_relatives(object, CORM_CASCADE_SAVE_UPDATE, &work, err);
  for (size_t i = 0; status == CORM_OK && i < work.len; i++) {
    corm_object *relative = work.items[i];
    if (relative->session == session) continue;
    status = add_one(session, relative, &fresh, err);
    if (status == CORM_OK && fresh) status = queue_relatives(relative, CORM_CASCADE_SAVE_UPDATE, &work, err);
  }
  corm_vec_clear(&work);
  return status;
}

corm_status corm_session_add(corm_session *session, corm_object *object, corm_error *err) {
  corm_status status = corm_session_check_usable(session, err);
  if (status != CORM_OK) return status;
  if (session->listening) {
    if (session->listening & CORM_EVENT_BIT(CORM_EVENT_BEFORE_ATTACH))
      status = tell_before_attach(session, object, err);
    corm_state_expect_news(session);
  }
  if (status == CORM_OK) status = add_closure(session, object, err);
  if (status != CORM_OK) {
    corm_state_tell_quietly(session);
    return status;
  }
  return corm_state_tell(session, err);
}

static corm_status doom(corm_session *session, corm_object *object, corm_error *err) {
  if (object->flags & CORM_OBJECT_DOOMED) return CORM_OK;
  if (corm_vec_push(&session->doomed, object) != CORM_OK) return corm_error_memory(err);
  corm_status status = corm_state_hold(session, object, err);
  if (status != CORM_OK)
    session->doomed.len--;
  else
    object->flags |= CORM_OBJECT_DOOMED;
  return status;
}

/* Whoever has left goes along when that made an orphan of it. */
static corm_status queue_orphan(const corm_object *object, const corm_relationship *relationship, corm_object *gone,
                                corm_vec *work, corm_error *err) {
  if (!gone || !(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN)) return CORM_OK;
  return corm_child_has_parent(relationship, object, gone) ? CORM_OK : later(work, gone, err);
}

/* Whoever has come to another parent stays. */
static corm_status queue_dependent(const corm_object *object, const corm_relationship *relationship, corm_object *held,
                                   corm_vec *work, corm_error *err) {
  return held && corm_child_has_gone(relationship, object, held) ? CORM_OK : later(work, held, err);
}

/* Delete cascades load what they must, unless the database deletes by itself (passive_deletes). */
static corm_status queue_dependents(corm_object *object, corm_vec *work, corm_error *err) {
  const corm_vec *relationships = &object->mapper->relationships;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < relationships->len; i++) {
    corm_relationship *relationship = relationships->items[i];
    if (!(relationship->cascade & CORM_CASCADE_DELETE)) continue;
    corm_link *link = corm_object_find_link(object, relationship);
    if (!link || !link->loaded) {
      if (relationship->def.passive_deletes != CORM_PASSIVE_NO) continue;
      status = corm_object_load_link(object, relationship, err);
      link = corm_object_find_link(object, relationship);
    }
    if (status != CORM_OK || !link) continue;
    const corm_many *list = corm_link_list(link);
    status = queue_dependent(object, relationship, corm_link_one(link), work, err);
    if (status == CORM_OK) status = queue_orphan(object, relationship, corm_link_old(link), work, err);
    for (uint32_t k = 0; status == CORM_OK && k < list->items.n; k++)
      status = queue_dependent(object, relationship, list->items.ptr[k].object, work, err);
    for (uint32_t k = 0; status == CORM_OK && k < list->removed.n; k++)
      status = queue_orphan(object, relationship, list->removed.ptr[k].object, work, err);
  }
  return status;
}

static bool must_load(const corm_object *object) {
  const corm_vec *relationships = &object->mapper->relationships;
  for (size_t i = 0; i < relationships->len; i++) {
    const corm_relationship *relationship = relationships->items[i];
    const corm_link *link = corm_object_find_link(object, relationship);
    if (!(relationship->cascade & CORM_CASCADE_DELETE) || relationship->def.passive_deletes != CORM_PASSIVE_NO)
      continue;
    if (!link || !link->loaded) return true;
  }
  return false;
}

/* The row of a new object would go at once: it is not written. For a preview it stays what it is. */
static void drop_pending(corm_session *session, corm_object *object) {
  if (session->preview) return;
  corm_state_expect_news(session);
  corm_state_leave(session, object, CORM_TRANSIENT);
}

/* A detached object comes back alone: what it brought along by save-update would be written. */
static corm_status take_back(corm_session *session, corm_object *object, corm_error *err) {
  bool fresh;
  corm_state_expect_news(session);
  corm_state_note(session, object, CORM_EVENT_BEFORE_ATTACH, NULL, 0);
  corm_status status = corm_state_tell(session, err);
  if (status == CORM_OK) status = add_one(session, object, &fresh, err);
  if (status == CORM_OK) return corm_state_tell(session, err);
  corm_state_tell_quietly(session);
  return status;
}

static corm_status doom_dependents(corm_session *session, corm_vec *work, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < work->len; i++) {
    corm_object *next = work->items[i];
    if (next->state == CORM_DETACHED) status = take_back(session, next, err);
    const bool pending = next->state == CORM_PENDING;
    if (status != CORM_OK || next->session != session || (next->flags & CORM_OBJECT_DOOMED)) continue;
    if (!pending && next->state != CORM_PERSISTENT) continue;
    if (pending)
      drop_pending(session, next);
    else
      status = doom(session, next, err);
    if (status == CORM_OK) status = queue_dependents(next, work, err);
  }
  return status;
}

/* What the cascade loads has to see what is pending, but a flush must not see half of the cascade. */
corm_status corm_session_delete(corm_session *session, corm_object *object, corm_error *err) {
  if (object->session && object->session != session) return refuse(err, object, "is attached to another session");
  if (object->state != CORM_PERSISTENT && object->state != CORM_DETACHED)
    return refuse(err, object, object->state == CORM_DELETED ? "has been deleted already" : "is not persisted");
  if (object->mapper->selected) return corm_mapper_refuse_write(object->mapper, err);
  corm_vec work;
  corm_vec_init(&work, session->mem);
  corm_status status = must_load(object) ? corm_session_autoflush(session, err) : CORM_OK;
  if (status == CORM_OK) status = later(&work, object, err);
  session->no_autoflush++;
  if (status == CORM_OK) status = doom_dependents(session, &work, err);
  session->no_autoflush--;
  corm_vec_clear(&work);
  if (status == CORM_OK) return corm_state_tell(session, err);
  corm_state_tell_quietly(session);
  return status;
}

corm_status corm_session_expunge(corm_session *session, corm_object *object, corm_error *err) {
  if (session->writing) return corm_state_check_idle(session, "expunge()", err);
  if (object->session != session) return refuse(err, object, "is not present in this Session");
  corm_vec work;
  corm_vec_init(&work, session->mem);
  corm_state_expect_news(session);
  corm_status status = later(&work, object, err);
  for (size_t i = 0; status == CORM_OK && i < work.len; i++) {
    corm_object *next = work.items[i];
    if (next->session != session) continue;
    corm_state_leave(session, next, next->state == CORM_PENDING ? CORM_TRANSIENT : CORM_DETACHED);
    status = queue_relatives(next, CORM_CASCADE_EXPUNGE, &work, err);
  }
  corm_vec_clear(&work);
  if (status == CORM_OK) return corm_state_tell(session, err);
  corm_state_tell_quietly(session);
  return status;
}
