/* Expiring an object takes along what its refresh-expire cascade reaches, as far as that is in memory. */
#include "orm/links.h"
#include "orm/state.h"

/* The relatives of an object, each once in the list: those that are in it already carry the mark. */
static corm_status queue(corm_vec *list, corm_object *object, corm_error *err) {
  if (!object || (object->flags & CORM_OBJECT_MARK)) return CORM_OK;
  if (corm_vec_push(list, object) != CORM_OK) return corm_error_memory(err);
  object->flags |= CORM_OBJECT_MARK;
  return CORM_OK;
}

static corm_status queue_items(corm_vec *list, const corm_items *items, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < items->n; i++) status = queue(list, items->ptr[i].object, err);
  return status;
}

static corm_status queue_relatives(corm_vec *list, const corm_object *object, corm_error *err) {
  const uint32_t n = corm_object_link_count(object);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    const corm_relationship *relationship = object->mapper->relationships.items[i];
    const corm_link *link = corm_object_link_at(object, i);
    if (!(relationship->cascade & CORM_CASCADE_REFRESH_EXPIRE)) continue;
    const corm_many *many = corm_link_list(link);
    status = queue(list, corm_link_one(link), err);
    if (status == CORM_OK) status = queue_items(list, &many->items, err);
    if (status == CORM_OK && !link->loaded) status = queue_items(list, &many->added, err);
  }
  return status;
}

/* What was pending has no row to be read again from, so it goes. */
static void expire_one(corm_session *session, corm_object *object) {
  if (object->session != session) return;
  if (object->state == CORM_PERSISTENT)
    corm_state_expire(session, object);
  else if (object->state == CORM_PENDING)
    corm_state_leave(session, object, CORM_TRANSIENT);
}

corm_status corm_expire_with_relatives(corm_session *session, corm_object *object, corm_error *err) {
  corm_vec list;
  corm_vec_init(&list, session->mem);
  corm_state_expect_news(session);
  corm_status status = queue(&list, object, err);
  for (size_t i = 0; status == CORM_OK && i < list.len; i++) status = queue_relatives(&list, list.items[i], err);
  for (size_t i = 0; i < list.len; i++) ((corm_object *)list.items[i])->flags &= (uint8_t)~CORM_OBJECT_MARK;
  for (size_t i = 0; status == CORM_OK && i < list.len; i++) expire_one(session, list.items[i]);
  corm_vec_clear(&list);
  return status;
}
