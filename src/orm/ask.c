/*
 * Both sides of a relationship are asked before a change of it begins: what links.c then does calls nobody. Each
 * question is a call into the host, which may change anything, so nothing is remembered from one to the next but the
 * objects that the script itself holds.
 */
#include "orm/links.h"

static corm_status ask(corm_attribute_op op, corm_object *object, const corm_relationship *relationship,
                       corm_object **target, const corm_initiator *by, corm_error *err) {
  const corm_host *host = corm_object_host(object);
  corm_attribute_news news = {op, object, relationship, *target, by};
  if (!relationship->hooked) return CORM_OK;
  const corm_status status = host->attribute(host->ctx, &news, err);
  if (by->relationship == relationship && by->op == op) *target = news.target;
  return status;
}

static bool is_loaded(const corm_object *object, const corm_relationship *relationship) {
  const corm_link *link = corm_object_find_link(object, relationship);
  return link && link->loaded;
}

static corm_status ask_gone(corm_object *other, const corm_relationship *inverse, corm_object *object,
                            const corm_initiator *by, corm_error *err) {
  corm_object *none = NULL;
  if (inverse->uselist) return ask(CORM_ATTRIBUTE_REMOVE, other, inverse, &object, by, err);
  if (is_loaded(other, inverse) && corm_object_one_in_memory(other, inverse) != object) return CORM_OK;
  return ask(CORM_ATTRIBUTE_SET, other, inverse, &none, by, err);
}

/* The other side takes the object, and lets go of the one that it had. */
static corm_status ask_come(corm_object *other, const corm_relationship *inverse, corm_object *object,
                            const corm_initiator *by, corm_error *err) {
  if (inverse->uselist) return ask(CORM_ATTRIBUTE_APPEND, other, inverse, &object, by, err);
  corm_object *old = corm_object_one_in_memory(other, inverse);
  if (old == object) return CORM_OK;
  corm_status status = old ? ask_gone(old, inverse->inverse, other, by, err) : CORM_OK;
  return status == CORM_OK ? ask(CORM_ATTRIBUTE_SET, other, inverse, &object, by, err) : status;
}

corm_status corm_ask_set(corm_object *object, const corm_relationship *relationship, corm_object **target,
                         corm_error *err) {
  const corm_initiator by = {relationship, CORM_ATTRIBUTE_SET, false};
  corm_status status = ask(CORM_ATTRIBUTE_SET, object, relationship, target, &by, err);
  corm_object *old = corm_object_one_in_memory(object, relationship);
  if (status != CORM_OK || !relationship->inverse || old == *target) return status;
  if (old) status = ask_gone(old, relationship->inverse, object, &by, err);
  if (status == CORM_OK && *target) status = ask_come(*target, relationship->inverse, object, &by, err);
  return status;
}

corm_status corm_ask_append(corm_object *object, const corm_relationship *relationship, bool bulk, corm_object **target,
                            corm_error *err) {
  const corm_initiator by = {relationship, CORM_ATTRIBUTE_APPEND, bulk};
  const corm_status status = ask(CORM_ATTRIBUTE_APPEND, object, relationship, target, &by, err);
  if (status != CORM_OK || !relationship->inverse || !*target) return status;
  return ask_come(*target, relationship->inverse, object, &by, err);
}

corm_status corm_ask_remove(corm_object *object, const corm_relationship *relationship, bool bulk, corm_object *target,
                            corm_error *err) {
  const corm_initiator by = {relationship, CORM_ATTRIBUTE_REMOVE, bulk};
  const corm_status status = ask(CORM_ATTRIBUTE_REMOVE, object, relationship, &target, &by, err);
  if (status != CORM_OK || !relationship->inverse) return status;
  return ask_gone(target, relationship->inverse, object, &by, err);
}
