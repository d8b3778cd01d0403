#include "orm/links.h"

#include <string.h>

#include "orm/session.h"

static const corm_host *host_of(const corm_object *object) {
  return object->mapper->registry->host;
}

static void drop_edge(corm_object *object, uint32_t edge) {
  if (edge) host_of(object)->edge_drop(host_of(object)->ctx, object, edge);
}

static corm_status add_edge(corm_object *from, corm_object *to, uint32_t *edge, corm_error *err) {
  return host_of(from)->edges_add(host_of(from)->ctx, from, &to, 1, edge, err);
}

/* -- item lists -- */

static corm_status reserve(const corm_mem *mem, corm_items *items, uint32_t n, corm_error *err) {
  if (n <= items->cap) return CORM_OK;
  uint32_t cap = items->cap ? items->cap * 2 : 4;
  if (cap < n) cap = n;
  corm_item *ptr = corm_mem_resize(mem, items->ptr, cap * sizeof *ptr);
  if (!ptr) return corm_error_memory(err);
  items->ptr = ptr;
  items->cap = cap;
  return CORM_OK;
}

/* Room must have been reserved. */
static void insert_item(corm_items *items, uint32_t position, corm_object *object, uint32_t edge) {
  memmove(&items->ptr[position + 1], &items->ptr[position], (items->n - position) * sizeof *items->ptr);
  items->ptr[position] = (corm_item){object, edge};
  items->n++;
}

static corm_item take_item(corm_items *items, uint32_t position) {
  corm_item item = items->ptr[position];
  items->n--;
  memmove(&items->ptr[position], &items->ptr[position + 1], (items->n - position) * sizeof *items->ptr);
  return item;
}

int64_t corm_items_index(const corm_items *items, const corm_object *object) {
  for (uint32_t i = 0; i < items->n; i++)
    if (items->ptr[i].object == object) return i;
  return -1;
}

static void clear_items(corm_object *owner, corm_items *items) {
  for (uint32_t i = 0; i < items->n; i++) drop_edge(owner, items->ptr[i].edge);
  corm_mem_free(owner->mapper->mem, items->ptr);
  *items = (corm_items){0};
}

/* -- links -- */

corm_link *corm_object_find_link(const corm_object *object, const corm_relationship *relationship) {
  corm_links *links = object->links;
  return links && relationship->index < links->n ? &links->links[relationship->index] : NULL;
}

corm_link *corm_object_link(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (link) return link;
  uint32_t n = (uint32_t)object->mapper->relationships.len;
  uint32_t had = object->links ? object->links->n : 0;
  corm_links *links = corm_mem_resize(object->mapper->mem, object->links, sizeof *links + n * sizeof(corm_link));
  if (!links) return NULL;
  memset(&links->links[had], 0, (n - had) * sizeof(corm_link));
  links->n = n;
  object->links = links;
  return &links->links[relationship->index];
}

void corm_links_free(const corm_mem *mem, corm_links *links) {
  for (uint32_t i = 0; links && i < links->n; i++) {
    corm_mem_free(mem, links->links[i].items.ptr);
    corm_mem_free(mem, links->links[i].added.ptr);
    corm_mem_free(mem, links->links[i].removed.ptr);
  }
  corm_mem_free(mem, links);
}

void corm_link_commit(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  drop_edge(object, link->old.edge);
  link->old = (corm_item){0};
  link->changed = false;
  link->old_known = false;
  clear_items(object, &link->added);
  clear_items(object, &link->removed);
}

void corm_link_reset(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  corm_link_commit(object, relationship);
  drop_edge(object, link->one.edge);
  clear_items(object, &link->items);
  *link = (corm_link){.version = link->version + 1, .lazy = link->lazy};
}

void corm_link_forget(corm_object *object, const corm_relationship *relationship, const corm_object *gone) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  if (link->one.object == gone) {
    drop_edge(object, link->one.edge);
    link->one = (corm_item){0};
  }
  int64_t at = corm_items_index(&link->items, gone);
  if (at < 0) return;
  drop_edge(object, take_item(&link->items, (uint32_t)at).edge);
  link->version++;
}

/* An object without a row has nothing to load: what is in memory is all there is. */
static corm_link *link_in_memory(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_link(object, relationship);
  if (link && !link->loaded && !(object->flags & CORM_OBJECT_KEYED)) link->loaded = true;
  return link;
}

static corm_status loaded_link(corm_object *object, corm_relationship *relationship, corm_link **out, corm_error *err) {
  corm_link *link = link_in_memory(object, relationship);
  if (!link) return corm_error_memory(err);
  if (!link->loaded) {
    corm_status status = corm_object_load_link(object, relationship, err);
    if (status != CORM_OK) return status;
    link = corm_object_link(object, relationship);
  }
  *out = link;
  return CORM_OK;
}

corm_status corm_object_get_one(corm_object *object, corm_relationship *relationship, corm_object **out,
                                corm_error *err) {
  corm_link *link = NULL;
  corm_status status = loaded_link(object, relationship, &link, err);
  if (status == CORM_OK) *out = link->one.object;
  return status;
}

corm_status corm_object_get_many(corm_object *object, corm_relationship *relationship, corm_link **out,
                                 corm_error *err) {
  return loaded_link(object, relationship, out, err);
}

/* -- changes, with both sides kept in step -- */

/* Which side must still be told; the side that began the change is not told again. */
enum { TELL_OLD = 1, TELL_NEW = 2, TELL_BOTH = 3 };

static corm_status set_scalar(corm_object *object, corm_relationship *relationship, corm_object *target, int tell,
                              corm_error *err);
static corm_status list_add(corm_object *object, corm_relationship *relationship, uint32_t position,
                            corm_object *target, bool tell, corm_error *err);
static corm_status list_remove(corm_object *object, corm_relationship *relationship, corm_object *target, bool tell,
                               corm_error *err);

static corm_status check_target(const corm_object *object, const corm_relationship *relationship,
                                const corm_object *target, corm_error *err) {
  if (!target) return CORM_OK;
  if (target->mapper != relationship->target)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s holds %s objects, not %s", object->mapper->name,
                          relationship->key, relationship->target->name, target->mapper->name);
  if (object->session && target->session && object->session != target->session)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "the %s given to %s.%s is attached to another session; expunge it there first",
                          target->mapper->name, object->mapper->name, relationship->key);
  return CORM_OK;
}

static corm_status note_modified(corm_object *object, corm_error *err) {
  if (!object->session || !(object->flags & CORM_OBJECT_KEYED)) return CORM_OK;
  return corm_session_modified(object->session, object, err);
}

/* Save-update cascade at the moment of attaching; only from the side where the script acts, as SQLAlchemy 2.0 does. */
static corm_status cascade_add(corm_object *object, const corm_relationship *relationship, corm_object *target,
                               corm_error *err) {
  if (!object->session || !target || target->session || !(relationship->cascade & CORM_CASCADE_SAVE_UPDATE))
    return CORM_OK;
  return corm_session_add(object->session, target, err);
}

/* The old target of an unloaded many-to-one, if it is in the identity map: no SQL for an assignment. */
static corm_object *old_in_memory(corm_object *object, const corm_relationship *relationship) {
  corm_value key[16];
  const corm_mapper *target = relationship->target;
  if (!object->session || !relationship->by_primary_key || target->npk > 16) return NULL;
  for (uint32_t i = 0; i < target->npk; i++) {
    const corm_value *v = &object->slots[relationship->pairs[relationship->pk_order[i]].near_slot];
    if (v->kind == CORM_ABSENT || v->kind == CORM_NULL) return NULL;
    key[i] = *v;
  }
  return corm_session_find(object->session, target, key);
}

static corm_status tell_gone(corm_object *other, corm_relationship *inverse, corm_object *object, corm_error *err) {
  if (inverse->uselist) return list_remove(other, inverse, object, false, err);
  corm_link *link = corm_object_find_link(other, inverse);
  if (link && link->loaded && link->one.object != object) return CORM_OK;
  return set_scalar(other, inverse, NULL, 0, err);
}

static corm_status tell_come(corm_object *other, corm_relationship *inverse, corm_object *object, corm_error *err) {
  if (!inverse->uselist) return set_scalar(other, inverse, object, TELL_OLD, err);
  corm_link *link = link_in_memory(other, inverse);
  if (!link) return corm_error_memory(err);
  return list_add(other, inverse, link->loaded ? link->items.n : link->added.n, object, false, err);
}

static void keep_old(corm_object *object, corm_link *link) {
  if (link->changed || !(object->flags & CORM_OBJECT_KEYED)) {
    drop_edge(object, link->one.edge);
  } else {
    link->old = link->one;
    link->old_known = link->loaded;
    link->changed = true;
  }
}

/* Assigning what was there at the last flush is no change. */
static void settle(corm_object *object, corm_link *link) {
  if (!link->changed || !link->old_known || link->old.object != link->one.object) return;
  drop_edge(object, link->old.edge);
  link->old = (corm_item){0};
  link->changed = false;
}

static corm_status set_scalar(corm_object *object, corm_relationship *relationship, corm_object *target, int tell,
                              corm_error *err) {
  corm_relationship *inverse = relationship->inverse;
  corm_link *link = link_in_memory(object, relationship);
  uint32_t edge = 0;
  if (!link) return corm_error_memory(err);
  if (link->loaded && link->one.object == target) return CORM_OK;
  corm_object *old = link->loaded || link->changed ? link->one.object : old_in_memory(object, relationship);
  corm_status status = note_modified(object, err);
  if (status == CORM_OK && target) status = add_edge(object, target, &edge, err);
  if (status != CORM_OK) return status;
  keep_old(object, link);
  link->one = (corm_item){target, edge};
  link->loaded = true;
  settle(object, link);
  if (old && old != target && inverse && (tell & TELL_OLD)) status = tell_gone(old, inverse, object, err);
  if (status == CORM_OK && target && inverse && (tell & TELL_NEW)) status = tell_come(target, inverse, object, err);
  return status;
}

corm_status corm_object_set_one(corm_object *object, corm_relationship *relationship, corm_object *target,
                                corm_error *err) {
  corm_status status = check_target(object, relationship, target, err);
  /* The far side holds the key: its old row must be known to be detached. */
  corm_link *link = NULL;
  if (status == CORM_OK && relationship->direction != CORM_MANY_TO_ONE)
    status = loaded_link(object, relationship, &link, err);
  if (status == CORM_OK) status = set_scalar(object, relationship, target, TELL_BOTH, err);
  if (status == CORM_OK) status = cascade_add(object, relationship, target, err);
  return status;
}

static corm_status list_add(corm_object *object, corm_relationship *relationship, uint32_t position,
                            corm_object *target, bool tell, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  corm_link *link = link_in_memory(object, relationship);
  if (!link) return corm_error_memory(err);
  const bool keyed = object->flags & CORM_OBJECT_KEYED;
  int64_t back = link->removed.n ? corm_items_index(&link->removed, target) : -1;
  corm_status status = note_modified(object, err);
  if (status == CORM_OK) status = reserve(mem, &link->items, link->items.n + 1, err);
  if (status == CORM_OK && keyed) status = reserve(mem, &link->added, link->added.n + 1, err);
  uint32_t edge = back >= 0 ? link->removed.ptr[back].edge : 0;
  if (status == CORM_OK && back < 0) status = add_edge(object, target, &edge, err);
  if (status != CORM_OK) return status;
  if (back >= 0) take_item(&link->removed, (uint32_t)back);
  if (link->loaded) {
    insert_item(&link->items, position, target, edge);
    if (keyed && back < 0) insert_item(&link->added, link->added.n, target, 0);
  } else if (back < 0) {
    insert_item(&link->added, link->added.n, target, edge);
  } else {
    drop_edge(object, edge);
  }
  link->version++;
  if (tell && relationship->inverse) status = tell_come(target, relationship->inverse, object, err);
  return status;
}

/* A pending object that loses its only parent is never inserted. */
static void expunge_orphan(const corm_relationship *relationship, corm_object *target) {
  if (!(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) || target->state != CORM_PENDING) return;
  const corm_relationship *inverse = relationship->inverse;
  const corm_link *link = inverse ? corm_object_find_link(target, inverse) : NULL;
  if (link && link->one.object) return;
  corm_error ignored;
  corm_error_init(&ignored);
  if (corm_session_expunge(target->session, target, &ignored) != CORM_OK) corm_error_clear(&ignored);
}

static corm_status list_remove(corm_object *object, corm_relationship *relationship, corm_object *target, bool tell,
                               corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  corm_link *link = link_in_memory(object, relationship);
  if (!link) return corm_error_memory(err);
  int64_t at = link->loaded ? corm_items_index(&link->items, target) : -1;
  if (link->loaded && at < 0) return CORM_OK;
  const bool keyed = object->flags & CORM_OBJECT_KEYED;
  int64_t fresh = corm_items_index(&link->added, target);
  corm_status status = note_modified(object, err);
  if (status == CORM_OK && keyed && fresh < 0) status = reserve(mem, &link->removed, link->removed.n + 1, err);
  uint32_t edge = 0;
  if (status == CORM_OK && at < 0 && fresh < 0) status = add_edge(object, target, &edge, err);
  if (status != CORM_OK) return status;
  if (at >= 0) edge = take_item(&link->items, (uint32_t)at).edge;
  if (fresh >= 0) {
    corm_item item = take_item(&link->added, (uint32_t)fresh);
    drop_edge(object, at >= 0 ? edge : item.edge);
  } else if (keyed) {
    insert_item(&link->removed, link->removed.n, target, edge);
  } else {
    drop_edge(object, edge);
  }
  link->version++;
  if (tell && relationship->inverse) status = tell_gone(target, relationship->inverse, object, err);
  if (status == CORM_OK) expunge_orphan(relationship, target);
  return status;
}

corm_status corm_object_insert(corm_object *object, corm_relationship *relationship, uint32_t position,
                               corm_object *target, corm_error *err) {
  corm_link *link = NULL;
  corm_status status = check_target(object, relationship, target, err);
  if (status == CORM_OK) status = loaded_link(object, relationship, &link, err);
  if (status != CORM_OK) return status;
  if (position > link->items.n) position = link->items.n;
  status = list_add(object, relationship, position, target, true, err);
  return status == CORM_OK ? cascade_add(object, relationship, target, err) : status;
}

corm_status corm_object_remove_at(corm_object *object, corm_relationship *relationship, uint32_t position,
                                  corm_error *err) {
  corm_link *link = NULL;
  corm_status status = loaded_link(object, relationship, &link, err);
  if (status != CORM_OK) return status;
  if (position >= link->items.n)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s has no position %u", object->mapper->name, relationship->key,
                          position + 1);
  return list_remove(object, relationship, link->items.ptr[position].object, true, err);
}

static void mark(const corm_items *items, bool on) {
  for (uint32_t i = 0; i < items->n; i++) {
    corm_object *object = items->ptr[i].object;
    object->flags = (uint8_t)(on ? object->flags | CORM_OBJECT_MARK : object->flags & ~CORM_OBJECT_MARK);
  }
}

/* Removes what the new content lacks; on return the kept ones are marked. */
static corm_status remove_missing(corm_object *object, corm_relationship *relationship, corm_link *link,
                                  corm_object *const *targets, uint32_t n, corm_error *err) {
  corm_status status = CORM_OK;
  mark(&link->items, false);
  for (uint32_t i = 0; i < n; i++) targets[i]->flags |= CORM_OBJECT_MARK;
  for (uint32_t i = link->items.n; status == CORM_OK && i-- > 0;) {
    corm_object *item = link->items.ptr[i].object;
    if (!(item->flags & CORM_OBJECT_MARK)) status = list_remove(object, relationship, item, true, err);
  }
  for (uint32_t i = 0; i < n; i++) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  if (status == CORM_OK) mark(&link->items, true);
  return status;
}

/* True when nothing has to be compared or remembered: the list of an object without a row, and no object twice. */
static bool is_first_content(const corm_object *object, const corm_link *link, corm_object *const *targets,
                             uint32_t n) {
  if ((object->flags & CORM_OBJECT_KEYED) || link->items.n || link->added.n || link->removed.n) return false;
  uint32_t i = 0;
  for (; i < n && !(targets[i]->flags & CORM_OBJECT_MARK); i++) targets[i]->flags |= CORM_OBJECT_MARK;
  const bool distinct = i == n;
  while (i-- > 0) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  return distinct;
}

static corm_status fill_empty(corm_object *object, corm_relationship *relationship, corm_link *link,
                              corm_object *const *targets, uint32_t n, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  uint32_t *edges = corm_mem_alloc(mem, n * sizeof *edges);
  if (!edges) return corm_error_memory(err);
  corm_status status = reserve(mem, &link->items, n, err);
  if (status == CORM_OK) status = host_of(object)->edges_add(host_of(object)->ctx, object, targets, n, edges, err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) insert_item(&link->items, i, targets[i], edges[i]);
  corm_mem_free(mem, edges);
  if (status != CORM_OK) return status;
  link->version++;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    if (relationship->inverse) status = tell_come(targets[i], relationship->inverse, object, err);
    if (status == CORM_OK) status = cascade_add(object, relationship, targets[i], err);
    if (status == CORM_OK) continue;
    link = corm_object_find_link(object, relationship); /* those that were not told do not come */
    while (link->items.n > i + 1) drop_edge(object, take_item(&link->items, link->items.n - 1).edge);
  }
  return status;
}

corm_status corm_object_replace(corm_object *object, corm_relationship *relationship, corm_object *const *targets,
                                uint32_t n, corm_error *err) {
  corm_link *link = NULL;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = check_target(object, relationship, targets[i], err);
  if (status == CORM_OK) status = loaded_link(object, relationship, &link, err);
  if (status == CORM_OK && n && is_first_content(object, link, targets, n))
    return fill_empty(object, relationship, link, targets, n, err);
  if (status == CORM_OK) status = remove_missing(object, relationship, link, targets, n, err);
  uint32_t kept = 0;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    corm_object *target = targets[i];
    if (!(target->flags & CORM_OBJECT_MARK)) {
      status = list_add(object, relationship, kept, target, true, err);
      if (status == CORM_OK) status = cascade_add(object, relationship, target, err);
      target->flags |= CORM_OBJECT_MARK; /* a second mention adds nothing */
    } else {
      int64_t at = corm_items_index(&link->items, target);
      if (at < kept) continue;
      insert_item(&link->items, kept, target, take_item(&link->items, (uint32_t)at).edge);
    }
    kept++;
  }
  for (uint32_t i = 0; i < n; i++) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  return status;
}

/* -- loads -- */

corm_status corm_link_fill_one(corm_object *object, const corm_relationship *relationship, corm_object *target,
                               uint32_t edge, corm_error *err) {
  corm_link *link = corm_object_link(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded) {
    drop_edge(object, edge);
    return CORM_OK;
  }
  link->one = (corm_item){target, edge};
  link->loaded = true;
  return CORM_OK;
}

corm_status corm_link_fill_many(corm_object *object, const corm_relationship *relationship, corm_object *const *targets,
                                const uint32_t *edges, uint32_t n, corm_error *err) {
  corm_link *link = corm_object_link(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded) {
    for (uint32_t i = 0; i < n; i++) drop_edge(object, edges[i]);
    return CORM_OK;
  }
  corm_status status = n + link->added.n ? reserve(object->mapper->mem, &link->items, n + link->added.n, err) : CORM_OK;
  if (status != CORM_OK) return status;
  for (uint32_t i = 0; i < n; i++) {
    if (link->removed.n && corm_items_index(&link->removed, targets[i]) >= 0) {
      drop_edge(object, edges[i]);
      continue;
    }
    link->items.ptr[link->items.n++] = (corm_item){targets[i], edges[i]};
  }
  uint32_t still = 0;
  for (uint32_t i = 0; i < link->added.n; i++) {
    corm_item item = link->added.ptr[i];
    if (corm_items_index(&link->items, item.object) >= 0) { /* flushed since, and now loaded */
      drop_edge(object, item.edge);
      continue;
    }
    link->items.ptr[link->items.n++] = item;
    link->added.ptr[still++] = (corm_item){item.object, 0};
  }
  link->added.n = still;
  link->loaded = true;
  link->version++;
  return CORM_OK;
}
