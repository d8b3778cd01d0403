/*
 * Orphans of delete-orphan relationships: objects that left one parent and have no other. Where the relationship has an
 * inverse that is loaded the object itself says who its parent is; else its foreign key, and the lists of the session's
 * other parents.
 */
#include "orm/links.h"
#include "orm/session.h"
#include "orm/state.h"

/* The link of an object that has this very relationship. */
static const corm_link *link_along(const corm_object *object, const corm_relationship *relationship) {
  const corm_vec *all = &object->mapper->relationships;
  if (relationship->index >= all->len || all->items[relationship->index] != relationship) return NULL;
  return corm_object_find_link(object, relationship);
}

/* What came to a parent since the database was last asked or told. */
static const corm_items *come(const corm_object *parent, const corm_link *link) {
  const corm_many *list = corm_link_list(link);
  return parent->flags & CORM_OBJECT_KEYED ? &list->added : &list->items;
}

static bool has_come(const corm_object *parent, const corm_relationship *relationship, const corm_object *child) {
  const corm_link *link = link_along(parent, relationship);
  return link && (corm_link_one(link) == child || corm_items_contains(come(parent, link), child));
}

/* To one of the session's parents, but for one. */
static bool has_come_to_one(const corm_session *session, const corm_relationship *relationship,
                            const corm_object *child, const corm_object *except) {
  const corm_vec *lists[] = {&session->modified, &session->news};
  for (size_t l = 0; l < 2; l++)
    for (size_t i = 0; i < lists[l]->len; i++)
      if (lists[l]->items[i] != except && has_come(lists[l]->items[i], relationship, child)) return true;
  return false;
}

/* The parent's key may have changed since the child got it. */
bool corm_child_is_anothers(const corm_relationship *relationship, const corm_object *parent,
                            const corm_object *child) {
  if (relationship->direction != CORM_ONE_TO_MANY) return false;
  for (uint32_t i = 0; i < relationship->npairs; i++) {
    const uint32_t slot = relationship->pairs[i].near_slot;
    const corm_value *key = &child->slots[relationship->pairs[i].far_slot];
    const corm_value *its = &parent->slots[slot];
    if (key->kind == CORM_ABSENT || key->kind == CORM_NULL) return false;
    if (its->kind == CORM_ABSENT || corm_value_equal(key, its)) continue;
    if (!corm_value_equal(key, corm_object_committed(parent, slot))) return true;
  }
  return false;
}

/* What the child says itself: along the inverse, or by its key. */
static bool says_parent(const corm_relationship *relationship, const corm_object *parent, const corm_object *child) {
  const corm_link *link = relationship->inverse ? corm_object_find_link(child, relationship->inverse) : NULL;
  if (link && link->loaded) return corm_link_one(link) != NULL;
  return corm_child_is_anothers(relationship, parent, child);
}

/* -- who has them -------------------------------------------------------------------------------------------------- */

/*
 * Whom each child of a relationship has come to, of the session's parents. It is made when these were looked at several
 * times, and serves until something is put into a link or comes into the lists of the session: what leaves them since
 * makes it say too much, never too little. All are addresses to compare.
 */
typedef struct corm_adopters {
  const corm_relationship *relationship;
  uint64_t linked; /* the session's when this was begun */
  uint64_t walked; /* parents looked at since */
  bool made;
  corm_map parents; /* by child; of several parents the relationship stands for them */
} corm_adopters;

enum { WALKS = 4 };

void corm_adopters_drop(corm_session *session) {
  if (session->adopters) corm_map_clear(&session->adopters->parents);
  corm_mem_free(session->mem, session->adopters);
  session->adopters = NULL;
}

static corm_status enter(corm_adopters *adopters, const corm_object *parent, const corm_object *child) {
  const void *other = corm_map_get(&adopters->parents, (const char *)&child, sizeof child);
  const void *holder = other && other != parent ? (const void *)adopters->relationship : parent;
  return corm_map_put(&adopters->parents, (const char *)&child, sizeof child, (void *)(uintptr_t)holder);
}

static corm_status enter_all(corm_adopters *adopters, const corm_vec *parents) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < parents->len; i++) {
    const corm_object *parent = parents->items[i];
    const corm_link *link = link_along(parent, adopters->relationship);
    const corm_items *list = link ? come(parent, link) : NULL;
    if (link && corm_link_one(link)) status = enter(adopters, parent, corm_link_one(link));
    for (uint32_t k = 0; list && status == CORM_OK && k < list->n; k++)
      status = enter(adopters, parent, list->ptr[k].object);
  }
  return status;
}

/* NULL: the parents have to be looked at; also without memory. */
static const corm_adopters *adopters_of(corm_session *session, const corm_relationship *relationship) {
  const size_t n = session->modified.len + session->news.len;
  corm_adopters *adopters = session->adopters;
  if (adopters && (adopters->relationship != relationship || adopters->linked != session->linked)) {
    corm_adopters_drop(session);
    adopters = NULL;
  }
  if (!adopters) {
    session->adopters = adopters = corm_mem_zalloc(session->mem, 1, sizeof *adopters);
    if (!adopters) return NULL;
    adopters->relationship = relationship;
    adopters->linked = session->linked;
    corm_map_init(&adopters->parents, session->mem);
  }
  adopters->walked += n;
  if (adopters->made || adopters->walked <= n * WALKS) return adopters->made ? adopters : NULL;
  adopters->made = enter_all(adopters, &session->modified) == CORM_OK && enter_all(adopters, &session->news) == CORM_OK;
  if (!adopters->made) corm_adopters_drop(session);
  return session->adopters;
}

bool corm_child_has_parent(const corm_relationship *relationship, const corm_object *parent, const corm_object *child) {
  if (says_parent(relationship, parent, child)) return true;
  corm_session *session = child->session;
  if (relationship->inverse || !session) return false;
  const corm_adopters *adopters = adopters_of(session, relationship);
  const void *other = adopters ? corm_map_get(&adopters->parents, (const char *)&child, sizeof child) : NULL;
  if (adopters && (!other || other == parent)) return has_come(parent, relationship, child);
  return has_come_to_one(session, relationship, child, NULL);
}

bool corm_child_has_gone(const corm_relationship *relationship, const corm_object *parent, const corm_object *child) {
  corm_session *session = child->session;
  if (relationship->direction != CORM_ONE_TO_MANY || !session) return false;
  if (relationship->inverse) {
    const corm_link *link = corm_object_find_link(child, relationship->inverse);
    return link && link->loaded && corm_link_one(link) && corm_link_one(link) != parent;
  }
  const corm_adopters *adopters = adopters_of(session, relationship);
  if (!adopters) return has_come_to_one(session, relationship, child, parent);
  const void *other = corm_map_get(&adopters->parents, (const char *)&child, sizeof child);
  return other && other != parent;
}

/* -- in a flush ---------------------------------------------------------------------------------------------------- */

/* `unsure`: relationships and children in turn, whom lists of other parents may still save. */
static corm_status doom(corm_session *session, const corm_relationship *relationship, const corm_object *parent,
                        corm_object *child, corm_vec *unsure, corm_error *err) {
  if (!child || child->session != session || child->state != CORM_PERSISTENT) return CORM_OK;
  if (says_parent(relationship, parent, child)) return CORM_OK;
  const corm_link *link = relationship->inverse ? corm_object_find_link(child, relationship->inverse) : NULL;
  if (link && link->loaded) return corm_session_delete(session, child, err);
  if (corm_vec_push(unsure, (void *)(uintptr_t)relationship) != CORM_OK || corm_vec_push(unsure, child) != CORM_OK)
    return corm_error_memory(err);
  return CORM_OK;
}

static void set_mark(corm_object *object, bool on) {
  object->flags = (uint8_t)(on ? object->flags | CORM_OBJECT_MARK : object->flags & ~CORM_OBJECT_MARK);
}

static void mark_come(const corm_vec *parents, const corm_relationship *relationship, bool on) {
  for (size_t i = 0; i < parents->len; i++) {
    const corm_link *link = link_along(parents->items[i], relationship);
    const corm_items *list = link ? come(parents->items[i], link) : NULL;
    if (link && corm_link_one(link)) set_mark(corm_link_one(link), on);
    for (uint32_t k = 0; list && k < list->n; k++) set_mark(list->ptr[k].object, on);
  }
}

/* Takes out whom another parent has: one walk over the session's parents a relationship. */
static void keep_adopted(const corm_session *session, corm_vec *unsure) {
  for (size_t i = 0; i < unsure->len; i += 2) {
    const corm_relationship *relationship = unsure->items[i];
    if (!relationship) continue;
    mark_come(&session->modified, relationship, true);
    mark_come(&session->news, relationship, true);
    for (size_t k = i; k < unsure->len; k += 2) {
      if (unsure->items[k] != relationship) continue;
      unsure->items[k] = NULL;
      if (((const corm_object *)unsure->items[k + 1])->flags & CORM_OBJECT_MARK) unsure->items[k + 1] = NULL;
    }
    mark_come(&session->modified, relationship, false);
    mark_come(&session->news, relationship, false);
  }
}

/* What left this parent. */
static corm_status doom_those_of(corm_session *session, const corm_object *parent, corm_vec *unsure, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t r = 0; status == CORM_OK && r < corm_object_link_count(parent); r++) {
    const corm_relationship *relationship = parent->mapper->relationships.items[r];
    if (!(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN)) continue;
    const corm_link *link = corm_object_link_at(parent, r);
    const corm_items *removed = &corm_link_list(link)->removed;
    for (uint32_t k = 0; status == CORM_OK && k < removed->n; k++)
      status = doom(session, relationship, parent, removed->ptr[k].object, unsure, err);
    if (status == CORM_OK && link->changed)
      status = doom(session, relationship, parent, corm_link_old(link), unsure, err);
  }
  return status;
}

/* Whether a child says that it has no parent any more, whoever that was: nobody may have known. */
static bool says_it_left(const corm_object *child, const corm_relationship *relationship) {
  if (!(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) || relationship->direction != CORM_ONE_TO_MANY)
    return false;
  const corm_link *link = relationship->inverse ? corm_object_find_link(child, relationship->inverse) : NULL;
  return link && link->loaded && link->changed && !corm_link_one(link);
}

/* Who had none does not leave it by saying so; what has expired of its row is read. */
static corm_status row_has_parent(corm_object *child, const corm_relationship *relationship, bool *out,
                                  corm_error *err) {
  *out = true;
  for (uint32_t i = 0; *out && i < relationship->npairs; i++) {
    const uint32_t slot = relationship->pairs[i].far_slot;
    if (child->slots[slot].flags & CORM_VALUE_EXPIRED && corm_object_refresh(child, slot, err) != CORM_OK)
      return CORM_FAILED;
    *out = corm_object_committed(child, slot)->kind != CORM_NULL;
  }
  return CORM_OK;
}

static corm_status doom_itself(corm_session *session, corm_object *child, corm_error *err) {
  if (child->state != CORM_PERSISTENT) return CORM_OK;
  for (const corm_mapper *mapper = child->mapper; mapper; mapper = mapper->parent)
    for (size_t i = 0; mapper->has_orphans && i < mapper->referrers.len; i++) {
      bool had = false;
      if (!says_it_left(child, mapper->referrers.items[i])) continue;
      if (row_has_parent(child, mapper->referrers.items[i], &had, err) != CORM_OK) return CORM_FAILED;
      if (had) return corm_session_delete(session, child, err);
    }
  return CORM_OK;
}

corm_status corm_session_doom_orphans(corm_session *session, corm_error *err) {
  corm_vec unsure;
  corm_vec_init(&unsure, session->mem);
  corm_adopters_drop(session);
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < session->modified.len; i++)
    status = doom_those_of(session, session->modified.items[i], &unsure, err);
  for (size_t i = 0; status == CORM_OK && i < session->modified.len; i++)
    status = doom_itself(session, session->modified.items[i], err);
  if (status == CORM_OK) keep_adopted(session, &unsure);
  for (size_t k = 1; status == CORM_OK && k < unsure.len; k += 2)
    if (unsure.items[k]) status = corm_session_delete(session, unsure.items[k], err);
  corm_vec_clear(&unsure);
  return status;
}
