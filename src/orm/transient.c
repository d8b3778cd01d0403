/* Objects whose state is set by hand: new ones that count as detached, and others that count as new. */
#include "orm/keyed.h"
#include "orm/links.h"
#include "orm/state.h"

/* What is queued for a list that was not loaded is what the list has from now on. */
static corm_status settle_links(corm_object *object, corm_error *err) {
  const corm_vec *relationships = &object->mapper->relationships;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < corm_object_link_count(object); i++) {
    const corm_relationship *relationship = relationships->items[i];
    corm_link *link = corm_object_link_at(object, i);
    link->said = link->loaded;
    if (!link->loaded && corm_link_list(link)->added.n)
      status = corm_link_fill_many(object, relationship, NULL, NULL, 0, err);
    if (status == CORM_OK) corm_link_commit(object, relationship);
  }
  return status;
}

corm_status corm_object_make_transient(corm_object *object, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  corm_session *session = object->session;
  if (session && session->writing) return corm_state_check_idle(session, "make_transient()", err);
  corm_status status = settle_links(object, err);
  if (status != CORM_OK) return status;
  if (session) {
    corm_state_expect_news(session);
    corm_state_leave(session, object, object->state == CORM_PENDING ? CORM_TRANSIENT : CORM_DETACHED);
  }
  corm_object_clean(object);
  corm_keyed_note(object);
  for (uint32_t i = 0; i < object->mapper->nattributes; i++) {
    corm_value *value = &object->slots[i];
    if (value->flags & CORM_VALUE_EXPIRED) corm_value_clear(mem, value);
    value->flags &= CORM_VALUE_OWNED;
  }
  object->flags &= (uint8_t) ~(CORM_OBJECT_EXPIRED | CORM_OBJECT_KEYED);
  object->serial = 0;
  object->state = CORM_TRANSIENT; /* in no session: nobody is told */
  return session ? corm_state_tell(session, err) : CORM_OK;
}

static corm_status refuse(const corm_object *object, const char *why, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, object->mapper->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_status status = corm_error_set(err, CORM_E_INVALID_REQUEST, "make_transient_to_detached: %s %s",
                                      text ? text : object->mapper->name, why);
  corm_buf_clear(&name);
  return status;
}

/* A list that was only looked at is one that nobody has loaded. */
static void forget_empty_links(corm_object *object) {
  const corm_vec *relationships = &object->mapper->relationships;
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) {
    const corm_link *link = corm_object_link_at(object, i);
    if (!link->said && !corm_link_one(link) && !corm_link_items(link)->n)
      corm_link_reset(object, relationships->items[i]);
  }
}

corm_status corm_object_make_detached(corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  if (object->session || object->state != CORM_TRANSIENT) return refuse(object, "is not transient", err);
  for (uint32_t i = 0; i < mapper->npk; i++)
    if (object->slots[mapper->pk[i]].kind == CORM_ABSENT || object->slots[mapper->pk[i]].kind == CORM_NULL)
      return refuse(object, "has no complete primary key", err);
  forget_empty_links(object);
  corm_object_clean(object);
  corm_keyed_note(object);
  corm_state_commit_links(object);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    if (object->slots[i].kind != CORM_ABSENT) continue;
    object->slots[i].flags |= CORM_VALUE_EXPIRED;
    object->flags |= CORM_OBJECT_EXPIRED;
  }
  object->flags |= CORM_OBJECT_KEYED;
  object->state = CORM_DETACHED; /* in no session: nobody is told */
  return CORM_OK;
}
