/*
 * Who holds a deleted object lets it go. Objects know whom they refer to, not who refers to them: holders are found by
 * the inverse relationship and by the key of a parent, and where neither says it, by one look at all objects of the
 * session per flush, or by the account that is kept after several of these (orm/backs.h).
 */
#include "orm/backs.h"
#include "orm/flush.h"
#include "orm/links.h"
#include "orm/state.h"

enum { MANY = 64 };

/* True when the key in a child's row is the identity of the parent whose list holds it. */
static bool is_by_parent_key(const corm_relationship *relationship) {
  return relationship->direction == CORM_ONE_TO_MANY && relationship->parent->npk == relationship->npairs;
}

/* The parent, if it is in memory; NULL also when the keys are others than the primary one. */
static corm_object *find_parent(corm_session *session, const corm_relationship *relationship, const corm_object *gone) {
  const corm_mapper *parent = relationship->parent;
  corm_value key[16];
  uint32_t n = 0;
  for (; n < parent->npk && n < 16; n++) {
    uint32_t p = 0;
    while (p < relationship->npairs && relationship->pairs[p].near_slot != parent->pk[n]) p++;
    if (p == relationship->npairs) return NULL;
    key[n] = *corm_object_committed(gone, relationship->pairs[p].far_slot);
    if (key[n].kind == CORM_NULL || key[n].kind == CORM_ABSENT) return NULL;
  }
  return n == parent->npk ? corm_session_find(session, parent, key) : NULL;
}

static bool is_by_primary_key(const corm_relationship *relationship) {
  uint32_t found = 0;
  for (uint32_t p = 0; p < relationship->npairs; p++)
    for (uint32_t n = 0; n < relationship->parent->npk; n++)
      found += relationship->pairs[p].near_slot == relationship->parent->pk[n];
  return is_by_parent_key(relationship) && found == relationship->npairs;
}

static bool knows_key(const corm_object *gone, const corm_relationship *relationship) {
  for (uint32_t p = 0; p < relationship->npairs; p++)
    if (gone->slots[relationship->pairs[p].far_slot].flags & CORM_VALUE_EXPIRED) return false;
  return true;
}

/* The inverse of a relationship was loaded when the object was deleted, unless the database clears it by itself. What
   gets another key in this flush is not found by the one that the object knows. */
static bool has_known_holders(const corm_flush *flush, const corm_relationship *relationship, const corm_object *gone) {
  const corm_relationship *inverse = relationship->inverse;
  if (flush->switched.len) return false;
  if (relationship->direction == CORM_ONE_TO_MANY)
    return is_by_primary_key(relationship) && knows_key(gone, relationship);
  return inverse && inverse->def.passive_deletes == CORM_PASSIVE_NO && !inverse->def.viewonly;
}

/* One by one out of a list of n takes n steps each where their order is another one. */
static void leave_list_of(corm_flush *flush, corm_object *parent, const corm_relationship *relationship,
                          const corm_object *gone) {
  const corm_link *link = corm_object_find_link(parent, relationship);
  const corm_items *items = link ? corm_link_items(link) : NULL;
  if (items && items->n > MANY && flush->nworks > items->n / MANY && corm_items_contains(items, gone))
    corm_link_forget_deleted(parent, relationship);
  else
    corm_link_forget(parent, relationship, gone);
}

static void leave_known(corm_flush *flush, corm_object *gone) {
  corm_session *session = flush->session;
  for (const corm_mapper *mapper = gone->mapper; mapper; mapper = mapper->parent) {
    for (size_t i = 0; i < mapper->referrers.len; i++) {
      const corm_relationship *relationship = mapper->referrers.items[i];
      const corm_relationship *inverse = relationship->inverse;
      const corm_link *link = inverse ? corm_object_find_link(gone, inverse) : NULL;
      if (link && corm_link_one(link)) leave_list_of(flush, corm_link_one(link), relationship, gone);
      for (uint32_t k = 0; link && k < corm_link_items(link)->n; k++)
        leave_list_of(flush, corm_link_items(link)->ptr[k].object, relationship, gone);
      corm_object *parent = is_by_parent_key(relationship) ? find_parent(session, relationship, gone) : NULL;
      if (parent) leave_list_of(flush, parent, relationship, gone);
    }
  }
}

/* -- the others -- */

/* Adds the relationships that may hold the object, besides those whose holders are known. */
static corm_status add_referrers(const corm_flush *flush, corm_vec *list, const corm_object *gone, corm_error *err) {
  for (const corm_mapper *mapper = gone->mapper; mapper; mapper = mapper->parent) {
    for (size_t i = 0; i < mapper->referrers.len; i++) {
      corm_relationship *relationship = mapper->referrers.items[i];
      if (has_known_holders(flush, relationship, gone)) continue;
      bool known = false;
      for (size_t k = 0; !known && k < list->len; k++) known = list->items[k] == relationship;
      if (!known && corm_vec_push(list, relationship) != CORM_OK) return corm_error_memory(err);
    }
  }
  return CORM_OK;
}

/* The database has taken the key out of the row, so that it is read again. */
static void forget_key(corm_object *object, const corm_relationship *relationship) {
  for (uint32_t p = 0; p < relationship->npairs; p++) {
    const uint32_t slot = relationship->pairs[p].near_slot;
    if (!(object->slots[slot].flags & CORM_VALUE_DIRTY)) corm_object_expire(object, &slot, 1);
  }
}

static void leave_one(corm_object *object, const corm_relationship *relationship, const corm_link *link) {
  const corm_object *one = corm_link_one(link);
  if (!one || one->state != CORM_DELETED) return;
  if (relationship->direction == CORM_MANY_TO_ONE) {
    forget_key(object, relationship);
    if (!corm_link_has_history(link)) {
      corm_link_reset(object, relationship);
      return;
    }
  }
  corm_link_forget(object, relationship, one);
}

static void leave(corm_object *object, const corm_relationship *relationship) {
  const corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  leave_one(object, relationship, link);
  corm_link_forget_deleted(object, relationship);
}

static void leave_by(corm_object *holder, const corm_vec *relationships) {
  for (size_t k = 0; k < relationships->len; k++) {
    const corm_relationship *relationship = relationships->items[k];
    if (corm_mapper_isa(holder->mapper, relationship->parent)) leave(holder, relationship);
  }
}

static void leave_all(corm_session *session, const corm_vec *relationships) {
  const corm_host *host = session->host;
  for (uint32_t i = 0; relationships->len && i < session->identity.cap; i++) {
    corm_object *object = session->identity.entries[i].object;
    if (object && object->links.n && host->alive(host->ctx, object)) leave_by(object, relationships);
  }
}

/* The same by the account of who holds whom. */
static void leave_holders(const corm_flush *flush, const corm_vec *relationships) {
  const corm_session *session = flush->session;
  for (uint32_t i = 0; i < flush->nworks; i++) {
    corm_object *holder;
    uint32_t position = 0;
    if (flush->works[i].kind != CORM_WORK_DELETE) continue;
    while ((holder = corm_backs_next(session, flush->works[i].object, &position)) != NULL)
      leave_by(holder, relationships);
  }
}

corm_status corm_holders_leave(corm_flush *flush, corm_error *err) {
  const corm_mapper *last = NULL;
  corm_status status = CORM_OK;
  corm_vec relationships;
  corm_vec_init(&relationships, flush->mem);
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    corm_object *object = flush->works[i].object;
    if (flush->works[i].kind != CORM_WORK_DELETE) continue;
    leave_known(flush, object);
    if (object->mapper != last || (object->flags & CORM_OBJECT_EXPIRED))
      status = add_referrers(flush, &relationships, object, err);
    last = object->mapper;
  }
  if (status == CORM_OK && relationships.len && flush->session->backs) {
    leave_holders(flush, &relationships);
  } else if (status == CORM_OK && relationships.len) {
    leave_all(flush->session, &relationships);
    corm_backs_walked(flush->session);
  }
  corm_vec_clear(&relationships);
  return status;
}

static corm_status add_all(corm_vec *relationships, const corm_mapper *mapper, corm_error *err) {
  for (size_t i = 0; i < mapper->referrers.len; i++)
    if (corm_vec_push(relationships, mapper->referrers.items[i]) != CORM_OK) return corm_error_memory(err);
  return CORM_OK;
}

corm_status corm_holders_leave_bulk(corm_session *session, const corm_mapper *mapper, corm_error *err) {
  corm_status status = CORM_OK;
  corm_vec relationships;
  corm_vec_init(&relationships, session->mem);
  for (const corm_mapper *at = mapper->parent; status == CORM_OK && at; at = at->parent)
    status = add_all(&relationships, at, err);
  for (const corm_mapper *at = mapper; status == CORM_OK && at; at = corm_mapper_next_below(mapper, at))
    status = add_all(&relationships, at, err);
  if (status == CORM_OK) leave_all(session, &relationships);
  corm_vec_clear(&relationships);
  return status;
}

/* -- coming back -- */

enum { CLASSES = 16 };

/* Some of the classes of the deleted objects; 0: there are more of them than that. */
static uint32_t list_classes(const corm_vec *deleted, const corm_mapper **classes) {
  uint32_t n = 0;
  for (size_t i = 0; i < deleted->len; i++) {
    const corm_mapper *mapper = ((const corm_object *)deleted->items[i])->mapper;
    uint32_t k = 0;
    while (k < n && classes[k] != mapper) k++;
    if (k < n) continue;
    if (n == CLASSES) return 0;
    classes[n++] = mapper;
  }
  return n;
}

static bool may_hold(const corm_relationship *relationship, const corm_mapper *const *classes, uint32_t n) {
  bool may = n == 0;
  for (uint32_t i = 0; !may && i < n; i++) may = corm_mapper_isa(classes[i], relationship->target);
  return may;
}

/* What the database had taken out of the row is there again. */
static void forget_null(corm_object *object, const corm_relationship *relationship) {
  for (uint32_t p = 0; p < relationship->npairs; p++) {
    const uint32_t slot = relationship->pairs[p].near_slot;
    if (object->slots[slot].kind == CORM_NULL) corm_object_expire(object, &slot, 1);
  }
}

static void restore(corm_object *object, const corm_mapper *const *classes, uint32_t n) {
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) {
    const corm_relationship *relationship = object->mapper->relationships.items[i];
    if (!may_hold(relationship, classes, n)) continue;
    if (relationship->direction == CORM_MANY_TO_ONE) forget_null(object, relationship);
    corm_link_reset(object, relationship);
  }
}

void corm_holders_restore(corm_session *session, const corm_vec *deleted) {
  const corm_host *host = session->host;
  const corm_mapper *classes[CLASSES];
  const uint32_t n = list_classes(deleted, classes);
  for (uint32_t i = 0; deleted->len && i < session->identity.cap; i++) {
    corm_object *object = session->identity.entries[i].object;
    if (object && object->links.n && host->alive(host->ctx, object)) restore(object, classes, n);
  }
}

/* -- what is undone -- */

/* The lists that hold an object by the key in its row. False: some of that key is not known. */
static bool read_lists_again(corm_session *session, const corm_object *object) {
  bool known = true;
  for (const corm_mapper *mapper = object->mapper; mapper; mapper = mapper->parent)
    for (size_t i = 0; i < mapper->referrers.len; i++) {
      const corm_relationship *relationship = mapper->referrers.items[i];
      if (!is_by_parent_key(relationship)) continue;
      known = known && knows_key(object, relationship);
      corm_object *parent = find_parent(session, relationship, object);
      if (parent) corm_link_reset(parent, relationship);
    }
  return known;
}

void corm_holders_forget(corm_session *session, const corm_vec *touched) {
  bool known = true;
  for (size_t i = 0; i < touched->len; i++) known = read_lists_again(session, touched->items[i]) && known;
  if (!known) corm_holders_restore(session, touched);
}
