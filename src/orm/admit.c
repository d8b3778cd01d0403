/* Before an object is put into a relationship: may it be there, and whom does it displace? */
#include "orm/links.h"
#include "orm/session.h"

/* Who else holds the target is known where the inverse is in memory, as in SQLAlchemy where the holder is. */
static corm_status check_single_parent(const corm_object *object, const corm_relationship *relationship,
                                       const corm_object *target, corm_error *err) {
  const corm_link *link = relationship->inverse ? corm_object_find_link(target, relationship->inverse) : NULL;
  if (!link) return CORM_OK;
  const corm_object *one = corm_link_one(link);
  const corm_many *many = corm_link_list(link);
  bool taken = one && one != object;
  for (uint32_t i = 0; !taken && i < many->items.n; i++) taken = many->items.ptr[i].object != object;
  for (uint32_t i = 0; !taken && !link->loaded && i < many->added.n; i++) taken = many->added.ptr[i].object != object;
  if (!taken) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST,
                        "this %s is already associated with another %s via its %s attribute, and is only allowed a "
                        "single parent",
                        target->mapper->name, object->mapper->name, relationship->key);
}

/* A concrete class may lack what a relationship to the class above it is written by. */
static corm_status check_columns(const corm_relationship *relationship, const corm_object *target, corm_error *err) {
  for (uint32_t i = 0; relationship->direction == CORM_ONE_TO_MANY && i < relationship->npairs; i++) {
    const corm_attribute *attribute = &target->mapper->attributes[relationship->pairs[i].far_slot];
    if (attribute->kind == CORM_ATTRIBUTE_VOID)
      return corm_error_set(err, CORM_E_ARGUMENT,
                            "%s.%s: the concrete class %s has no '%s' to refer by; declare it there",
                            relationship->parent->name, relationship->key, target->mapper->name, attribute->key);
  }
  return CORM_OK;
}

corm_status corm_link_check_kind(const corm_object *object, const corm_relationship *relationship,
                                 const corm_object *target, corm_error *err) {
  if (!corm_mapper_isa(target->mapper, relationship->target))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s holds %s objects, not %s", object->mapper->name,
                          relationship->key, relationship->target->name, target->mapper->name);
  if (target->mapper->root != relationship->target->root && check_columns(relationship, target, err) != CORM_OK)
    return CORM_FAILED;
  if (object->session && target->session && object->session != target->session)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "the %s given to %s.%s is attached to another session; expunge it there first",
                          target->mapper->name, object->mapper->name, relationship->key);
  return CORM_OK;
}

corm_status corm_link_check(const corm_object *object, const corm_relationship *relationship, corm_object *target,
                            corm_error *err) {
  if (!target) return CORM_OK;
  if (corm_link_check_kind(object, relationship, target, err) != CORM_OK) return CORM_FAILED;
  if (target->state == CORM_DELETED && object->session && (relationship->cascade & CORM_CASCADE_SAVE_UPDATE))
    return corm_session_add(object->session, target, err); /* which refuses it */
  return relationship->def.single_parent ? check_single_parent(object, relationship, target, err) : CORM_OK;
}

/* Whom the target holds must be known where another row than its own says so, where that one becomes an orphan, and
   where the script wants to know. */
static bool displaces(const corm_object *object, const corm_relationship *relationship, const corm_object *target) {
  const corm_relationship *inverse = relationship->inverse;
  if (!target || !inverse || inverse->uselist || inverse->def.viewonly) return false;
  const bool matters = inverse->def.active_history || (inverse->cascade & CORM_CASCADE_DELETE_ORPHAN);
  if (inverse->direction == CORM_MANY_TO_ONE && !matters) return false;
  if (!target->session || target->state != CORM_PERSISTENT) return false;
  const corm_link *now = corm_object_find_link(object, relationship);
  return !now || !now->loaded || (corm_link_one(now) != target && !corm_items_contains(corm_link_items(now), target));
}

corm_status corm_link_know_displaced(const corm_object *object, const corm_relationship *relationship,
                                     corm_object *target, corm_error *err) {
  corm_object *displaced;
  if (!displaces(object, relationship, target)) return CORM_OK;
  corm_session *session = target->session;
  session->no_autoflush++;
  session->merging++;
  const corm_status status = corm_object_get_one(target, relationship->inverse, &displaced, err);
  session->merging--;
  session->no_autoflush--;
  return status;
}

corm_status corm_link_admit(const corm_object *object, const corm_relationship *relationship, corm_object *target,
                            corm_error *err) {
  const corm_status status = corm_link_check(object, relationship, target, err);
  return status == CORM_OK ? corm_link_know_displaced(object, relationship, target, err) : status;
}
