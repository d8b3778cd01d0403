/* Keys travel from parents to children; association rows are the difference of two lists. */
#include "orm/flush.h"

#include <stdio.h>
#include <string.h>

#include "orm/state.h"

/* The lists of two parents may tell of one child, in any order: where it came counts, not what it left. */
static bool is_known(const corm_flush *flush, const corm_work *work, const corm_relationship *relationship,
                     corm_object *parent) {
  for (uint32_t i = work->first_sync; i; i = flush->syncs[i - 1].next) {
    corm_sync *sync = &flush->syncs[i - 1];
    if (sync->relationship != relationship || (sync->parent && parent)) continue;
    if (parent) sync->parent = parent;
    return true;
  }
  return false;
}

corm_status corm_sync_add(corm_flush *flush, const corm_relationship *relationship, corm_object *child,
                          corm_object *parent, corm_error *err) {
  corm_work *work = corm_flush_work(flush, child, err);
  if (!work) return CORM_FAILED;
  if (work->kind == CORM_WORK_DELETE) return CORM_OK;
  if (corm_post_has(relationship)) return corm_post_add(flush, work, relationship, parent, err);
  if (is_known(flush, work, relationship, parent)) return CORM_OK;
  corm_sync *syncs = corm_flush_grow(flush->mem, flush->syncs, flush->nsyncs, &flush->syncs_cap, sizeof *syncs);
  if (!syncs) return corm_error_memory(err);
  flush->syncs = syncs;
  syncs[flush->nsyncs++] = (corm_sync){relationship, child, parent, 0};
  if (work->last_sync)
    syncs[work->last_sync - 1].next = flush->nsyncs;
  else
    work->first_sync = flush->nsyncs;
  work->last_sync = flush->nsyncs;
  return CORM_OK;
}

corm_status corm_association_add(corm_flush *flush, const corm_relationship *relationship, corm_object *near,
                                 corm_object *far, corm_work_kind kind, corm_error *err) {
  const corm_relationship *inverse = relationship->inverse;
  /* One spelling for both sides: the side whose column stands first in the table is the near one. */
  if (inverse && inverse->near_secondary[0].column->index < relationship->near_secondary[0].column->index) {
    corm_object *other = near;
    near = far;
    far = other;
    relationship = inverse;
  }
  const void *row[3] = {relationship, near, far};
  if (corm_map_get(&flush->seen, (const char *)row, sizeof row)) return CORM_OK;
  if (corm_map_put(&flush->seen, (const char *)row, sizeof row, near) != CORM_OK) return corm_error_memory(err);
  corm_association *list =
      corm_flush_grow(flush->mem, flush->associations, flush->nassociations, &flush->associations_cap, sizeof *list);
  if (!list) return corm_error_memory(err);
  flush->associations = list;
  list[flush->nassociations++] = (corm_association){relationship, near, far, (uint8_t)kind};
  return CORM_OK;
}

/* An object that is in no session (or leaves it now) has no row to point to or to update. */
static bool takes_part(const corm_flush *flush, const corm_object *object) {
  return object && object->session == flush->session &&
         (object->state == CORM_PENDING || object->state == CORM_PERSISTENT);
}

/* What takes no part since nobody added it is not written, and that is seldom meant. */
static bool is_stranger(const corm_flush *flush, const corm_relationship *relationship, const corm_object *object) {
  const corm_host *host = flush->session->host;
  char text[512];
  if (takes_part(flush, object)) return false;
  if (!object || object->session || !host->warn) return true;
  (void)snprintf(text, sizeof text,
                 "Object of type %.80s not in session, add operation along '%.80s.%.80s' will not proceed; "
                 "session:add() it, too",
                 object->mapper->name, relationship->parent->name, relationship->key);
  host->warn(host->ctx, text);
  return true;
}

static bool is_doomed(const corm_object *object) {
  return object->flags & CORM_OBJECT_DOOMED;
}

bool corm_sync_takes_part(const corm_flush *flush, const corm_object *object) {
  return takes_part(flush, object) && !is_doomed(object);
}

static corm_status collect_many_to_one(corm_flush *flush, const corm_relationship *relationship, corm_object *object,
                                       const corm_link *link, corm_work_kind kind, corm_error *err) {
  corm_object *parent = corm_link_one(link);
  const bool news = kind == CORM_WORK_INSERT ? (parent && !link->found) || link->said : link->changed;
  if (!news || (parent && is_stranger(flush, relationship, parent))) return CORM_OK;
  return corm_sync_add(flush, relationship, object, parent, err);
}

/* The child may have another parent by now; then its own side says so later, and the last word counts. */
static corm_status clear_child(corm_flush *flush, const corm_relationship *relationship, const corm_object *parent,
                               corm_object *child, corm_error *err) {
  if (!takes_part(flush, child) || is_doomed(child)) return CORM_OK;
  if (!relationship->inverse && corm_child_is_anothers(relationship, parent, child)) return CORM_OK;
  const corm_link *link = relationship->inverse ? corm_object_find_link(child, relationship->inverse) : NULL;
  if (link && link->loaded && corm_link_one(link)) return CORM_OK;
  return corm_sync_add(flush, relationship, child, NULL, err);
}

/* The many-to-one side of a new object says the same when it is collected. */
static bool says_itself(const corm_relationship *relationship, const corm_object *child, const corm_object *parent) {
  const corm_relationship *inverse = relationship->inverse;
  const corm_link *link = corm_object_find_link(child, inverse);
  if (child->state != CORM_PENDING || !link || corm_link_one(link) != parent) return false;
  if (inverse->def.viewonly || inverse->npairs != relationship->npairs) return false;
  for (uint32_t i = 0; i < inverse->npairs; i++)
    if (inverse->pairs[i].near_slot != relationship->pairs[i].far_slot ||
        inverse->pairs[i].far_slot != relationship->pairs[i].near_slot)
      return false;
  return true;
}

static corm_status collect_one_to_many(corm_flush *flush, const corm_relationship *relationship, corm_object *object,
                                       const corm_link *link, corm_work_kind kind, corm_error *err) {
  const corm_many *list = corm_link_list(link);
  const corm_items *come = kind == CORM_WORK_INSERT ? &list->items : &list->added;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < list->removed.n; i++)
    status = clear_child(flush, relationship, object, list->removed.ptr[i].object, err);
  for (uint32_t i = 0; status == CORM_OK && i < come->n; i++) {
    corm_object *child = come->ptr[i].object;
    if (is_stranger(flush, relationship, child)) continue;
    if (relationship->inverse && says_itself(relationship, child, object)) continue;
    status = corm_sync_add(flush, relationship, child, object, err);
  }
  if (status != CORM_OK || relationship->uselist) return status;
  if (corm_link_old(link)) status = clear_child(flush, relationship, object, corm_link_old(link), err);
  bool news = kind == CORM_WORK_INSERT || link->changed;
  if (status == CORM_OK && news && !is_stranger(flush, relationship, corm_link_one(link)))
    status = corm_sync_add(flush, relationship, corm_link_one(link), object, err);
  return status;
}

/* Who has no row took no part when the list was written; who is deleted took the association's rows along. */
static corm_status collect_gone(corm_flush *flush, const corm_relationship *relationship, corm_object *object,
                                corm_object *gone, corm_error *err) {
  if (!(gone->flags & CORM_OBJECT_KEYED) || gone->state == CORM_DELETED) return CORM_OK;
  return corm_association_add(flush, relationship, object, gone, CORM_WORK_DELETE, err);
}

static corm_status collect_many_to_many(corm_flush *flush, const corm_relationship *relationship, corm_object *object,
                                        const corm_link *link, corm_work_kind kind, corm_error *err) {
  const corm_many *list = corm_link_list(link);
  const corm_items *come = kind == CORM_WORK_INSERT ? &list->items : &list->added;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < come->n; i++)
    if (!is_stranger(flush, relationship, come->ptr[i].object) && !is_doomed(come->ptr[i].object))
      status = corm_association_add(flush, relationship, object, come->ptr[i].object, CORM_WORK_INSERT, err);
  for (uint32_t i = 0; status == CORM_OK && i < list->removed.n; i++)
    status = collect_gone(flush, relationship, object, list->removed.ptr[i].object, err);
  if (status != CORM_OK || relationship->uselist) return status;
  if (corm_link_old(link)) status = collect_gone(flush, relationship, object, corm_link_old(link), err);
  if (status == CORM_OK && (kind == CORM_WORK_INSERT || link->changed) &&
      !is_stranger(flush, relationship, corm_link_one(link)) && !is_doomed(corm_link_one(link)))
    status = corm_association_add(flush, relationship, object, corm_link_one(link), CORM_WORK_INSERT, err);
  return status;
}

/* Children of a deleted parent lose their key, association rows go; both need the list, so it is loaded. */
static corm_status collect_deleted(corm_flush *flush, corm_relationship *relationship, corm_object *object,
                                   corm_error *err) {
  corm_link *link = corm_object_find_link(object, relationship);
  corm_status status = CORM_OK;
  if (relationship->direction == CORM_MANY_TO_ONE || relationship->def.passive_deletes == CORM_PASSIVE_ALL)
    return CORM_OK;
  if (!link || !link->loaded) {
    if (relationship->def.passive_deletes != CORM_PASSIVE_NO) return CORM_OK;
    status = corm_object_load_link(object, relationship, err);
    link = corm_object_find_link(object, relationship);
  }
  if (status != CORM_OK || !link) return status;
  const bool many = relationship->direction == CORM_MANY_TO_MANY;
  const corm_many *list = corm_link_list(link);
  corm_object *single = link->changed ? corm_link_old(link) : corm_link_one(link);
  if (single && many)
    status = collect_gone(flush, relationship, object, single, err);
  else if (single && link->changed)
    status = clear_child(flush, relationship, object, single, err);
  else if (single && takes_part(flush, single) && !is_doomed(single))
    status = corm_sync_add(flush, relationship, single, NULL, err);
  for (uint32_t i = 0; status == CORM_OK && i < list->items.n; i++) {
    corm_object *other = list->items.ptr[i].object;
    if (!(other->flags & CORM_OBJECT_KEYED) || corm_items_contains(&list->added, other)) continue;
    if (many)
      status = collect_gone(flush, relationship, object, other, err);
    else if (takes_part(flush, other) && !is_doomed(other))
      status = corm_sync_add(flush, relationship, other, NULL, err);
  }
  for (uint32_t i = 0; status == CORM_OK && i < list->removed.n; i++) {
    corm_object *other = list->removed.ptr[i].object;
    status = many ? collect_gone(flush, relationship, object, other, err)
                  : clear_child(flush, relationship, object, other, err);
  }
  return status;
}

corm_status corm_sync_collect(corm_flush *flush, corm_object *object, corm_work_kind kind, corm_error *err) {
  const corm_vec *relationships = &object->mapper->relationships;
  corm_status status = kind == CORM_WORK_DELETE ? corm_post_collect_deleted(flush, object, err) : CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < relationships->len; i++) {
    corm_relationship *relationship = relationships->items[i];
    if (relationship->def.viewonly) continue;
    if (kind == CORM_WORK_DELETE) {
      status = collect_deleted(flush, relationship, object, err);
      continue;
    }
    const corm_link *link = corm_object_find_link(object, relationship);
    if (!link) continue;
    switch (relationship->direction) {
    case CORM_MANY_TO_ONE: status = collect_many_to_one(flush, relationship, object, link, kind, err); break;
    case CORM_ONE_TO_MANY: status = collect_one_to_many(flush, relationship, object, link, kind, err); break;
    case CORM_MANY_TO_MANY: status = collect_many_to_many(flush, relationship, object, link, kind, err); break;
    }
  }
  return status;
}

uint32_t corm_sync_child_slot(const corm_relationship *r, uint32_t k) {
  return r->direction == CORM_MANY_TO_ONE ? r->pairs[k].near_slot : r->pairs[k].far_slot;
}

uint32_t corm_sync_parent_slot(const corm_relationship *r, uint32_t k) {
  return r->direction == CORM_MANY_TO_ONE ? r->pairs[k].far_slot : r->pairs[k].near_slot;
}

/* The last one that writes the slot; NULL: none. */
static const corm_sync *writing(const corm_flush *flush, const corm_object *object, uint32_t slot, uint32_t *theirs) {
  const corm_sync *last = NULL;
  if (!object->flush) return NULL;
  for (uint32_t s = flush->works[object->flush - 1].first_sync; s; s = flush->syncs[s - 1].next) {
    const corm_relationship *r = flush->syncs[s - 1].relationship;
    for (uint32_t k = 0; k < r->npairs; k++) {
      if (corm_sync_child_slot(r, k) != slot) continue;
      last = &flush->syncs[s - 1];
      *theirs = corm_sync_parent_slot(r, k);
    }
  }
  return last;
}

/* The parent may get its own value from another one; where it has that, the search ends. */
const corm_value *corm_sync_coming(const corm_flush *flush, const corm_object *object, uint32_t slot) {
  static const corm_value null = {.kind = CORM_NULL};
  const corm_value *value = NULL;
  for (uint32_t most = flush->nsyncs; most; most--) { /* they may go in a circle */
    const corm_sync *sync = writing(flush, object, slot, &slot);
    if (!sync) break;
    if (!sync->parent) return &null;
    const corm_value *next = &sync->parent->slots[slot];
    if (value && (value->flags & CORM_VALUE_DIRTY) && corm_value_equal(value, next)) break;
    object = sync->parent;
    value = next;
  }
  return value;
}

bool corm_sync_changes(const corm_flush *flush, const corm_object *object, uint32_t slot) {
  if (corm_object_is_dirty(object, slot)) return true;
  const corm_value *coming = corm_sync_coming(flush, object, slot);
  return coming && !corm_value_equal(coming, &object->slots[slot]);
}

static corm_status clear_key(corm_object *child, uint32_t slot, corm_error *err) {
  const corm_attribute *attribute = &child->mapper->attributes[slot];
  const corm_value null = corm_value_null();
  const corm_value_kind kind = child->slots[slot].kind;
  if (kind == CORM_NULL || (kind == CORM_ABSENT && !(child->flags & CORM_OBJECT_KEYED))) return CORM_OK;
  if (attribute->primary_key)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "%s.%s is a primary key and cannot be set to NULL because its parent is gone; use cascade = "
                          "'all, delete-orphan' or delete the object",
                          child->mapper->name, attribute->key);
  return corm_object_set(child, slot, &null, err);
}

static corm_status apply_pair(const corm_sync *sync, uint32_t k, corm_error *err) {
  const uint32_t mine = corm_sync_child_slot(sync->relationship, k);
  const uint32_t theirs = corm_sync_parent_slot(sync->relationship, k);
  if (!sync->parent) return clear_key(sync->child, mine, err);
  const corm_value *key = &sync->parent->slots[theirs];
  corm_status status = CORM_OK;
  if (key->kind == CORM_ABSENT) status = corm_object_get(sync->parent, theirs, &key, err);
  if (status == CORM_OK && key->kind == CORM_ABSENT) {
    status = corm_error_set(err, CORM_E_FLUSH, "%s has no value for '%s' that %s needs as its key",
                            sync->parent->mapper->name, sync->parent->mapper->attributes[theirs].key,
                            sync->child->mapper->name);
    if (sync->parent == sync->child)
      corm_error_hint(err, "post_update = true on %s.%s lets a row refer to itself", sync->relationship->parent->name,
                      sync->relationship->key);
  }
  return status == CORM_OK ? corm_object_set(sync->child, mine, key, err) : status;
}

corm_status corm_sync_apply_one(corm_sync sync, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t k = 0; status == CORM_OK && k < sync.relationship->npairs; k++) status = apply_pair(&sync, k, err);
  return status;
}

corm_status corm_sync_apply(corm_flush *flush, const corm_work *work, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = work->first_sync; status == CORM_OK && i; i = flush->syncs[i - 1].next)
    status = corm_sync_apply_one(flush->syncs[i - 1], err);
  return status;
}

corm_status corm_sync_know(corm_object *object, uint32_t slot, corm_error *err) {
  const corm_value *ignored;
  if (corm_object_get(object, slot, &ignored, err) == CORM_OK) return CORM_OK;
  if (err->cls != CORM_E_OBJECT_DELETED) return CORM_FAILED;
  corm_error_clear(err);
  return CORM_OK;
}
