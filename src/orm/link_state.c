/* What the links of an object hold: references, lists, their history, and how loads fill them. */
#include <stdlib.h>
#include <string.h>

#include "orm/backs.h"
#include "orm/links.h"

const corm_many corm_many_none;

void corm_link_drop_edge(corm_object *object, uint32_t edge) {
  const corm_host *host = corm_object_host(object);
  if (edge) host->edges_drop(host->ctx, object, &(corm_item){.edge = edge}, 1);
}

static void clear_items(corm_object *owner, corm_items *items) {
  const corm_host *host = corm_object_host(owner);
  if (items->n) host->edges_drop(host->ctx, owner, items->ptr, items->n);
  corm_items_free(owner->mapper->mem, items);
}

/* -- links -- */

/* A class with one relationship has its link in the object; several lie in a block, so that none of them moves while
   another is made. */
static corm_link *make_links(corm_object *object, uint32_t index) {
  const size_t n = object->mapper->relationships.len, had = object->links.n;
  if (n == 1) {
    object->links = (corm_link){.n = 1};
    return &object->links;
  }
  if (n > UINT16_MAX) return NULL;
  corm_link *all = corm_mem_resize(object->mapper->mem, had > 1 ? object->links.as.all : NULL, n * sizeof *all);
  if (!all) return NULL;
  memset(&all[had], 0, (n - had) * sizeof *all);
  if (had == 1) all[0] = object->links;
  object->links = (corm_link){.as.all = all, .n = (uint16_t)n};
  return &all[index];
}

corm_link *corm_object_link(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) link = make_links(object, relationship->index);
  if (link) link->many = relationship->uselist;
  return link;
}

static void free_list(const corm_mem *mem, corm_many *list) {
  if (!list) return;
  corm_items_free(mem, &list->items);
  corm_items_free(mem, &list->added);
  corm_items_free(mem, &list->removed);
  corm_mem_free(mem, list);
}

void corm_links_free(corm_object *object) {
  const corm_mem *mem = object->mapper->mem;
  const uint32_t n = object->links.n;
  for (uint32_t i = 0; i < n; i++) {
    const corm_link *link = corm_object_link_at(object, i);
    if (link->many)
      free_list(mem, link->as.list);
    else if (link->changed)
      corm_mem_free(mem, link->as.change);
  }
  if (n > 1) corm_mem_free(mem, object->links.as.all);
  object->links = (corm_link){0};
}

corm_many *corm_link_make_list(const corm_object *object, corm_link *link) {
  if (!link->as.list) link->as.list = corm_mem_zalloc(object->mapper->mem, 1, sizeof *link->as.list);
  return link->as.list;
}

void corm_link_settle(corm_object *object, corm_link *link) {
  if (!link->changed) return;
  corm_reference *change = link->as.change;
  const corm_item one = change->one, old = change->old;
  link->as.object = one.object;
  link->edge = one.edge;
  link->changed = link->old_known = false;
  corm_mem_free(object->mapper->mem, change);
  corm_link_drop_edge(object, old.edge);
}

void corm_link_commit(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  if (!link->many) {
    corm_link_settle(object, link);
  } else if (link->as.list) {
    clear_items(object, &link->as.list->added);
    clear_items(object, &link->as.list->removed);
  }
}

/* -- order -- */

static int by_object(const void *a, const void *b) {
  const uintptr_t x = (uintptr_t)((const corm_item *)a)->object, y = (uintptr_t)((const corm_item *)b)->object;
  return (x > y) - (x < y);
}

/* Where the object's items begin among the sorted ones; n: nowhere. */
static uint32_t first_of(const corm_item *sorted, uint32_t n, const corm_object *object) {
  uint32_t low = 0, high = n;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if ((uintptr_t)sorted[middle].object < (uintptr_t)object)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && sorted[low].object == object ? low : n;
}

bool corm_link_reorder(const corm_link *link, corm_object *const *targets, uint32_t n, corm_item *room) {
  const corm_items *list = corm_link_items(link);
  corm_item *sorted = room, *ordered = room + n,
            *taken = room + 2 * (size_t)n; /* edge: how many of those from there on */
  if (list->n != n) return false;
  if (!n) return true;
  memcpy(sorted, list->ptr, n * sizeof *sorted);
  memset(taken, 0, n * sizeof *taken);
  qsort(sorted, n, sizeof *sorted, by_object);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t first = first_of(sorted, n, targets[i]);
    if (first == n) return false;
    const uint32_t at = first + taken[first].edge++;
    if (at >= n || sorted[at].object != targets[i]) return false;
    ordered[i] = sorted[at];
  }
  memcpy(list->ptr, ordered, n * sizeof *ordered);
  return true;
}

corm_status corm_link_order_as(const corm_object *object, const corm_link *link, corm_object **targets, uint32_t n,
                               corm_error *err) {
  corm_items *items = n ? &link->as.list->items : NULL;
  uint32_t k = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!(targets[i]->flags & CORM_OBJECT_MARK)) continue;
    targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
    targets[k++] = targets[i];
  }
  uint32_t first = 0;
  while (first < k && items->ptr[first].object == targets[first]) first++;
  if (first == k) return CORM_OK;
  corm_item *room = corm_mem_alloc(object->mapper->mem, 3 * (size_t)items->n * sizeof *room);
  if (!room) return corm_error_memory(err);
  const bool done = corm_link_reorder(link, targets, k, room);
  corm_mem_free(object->mapper->mem, room);
  for (uint32_t i = first; !done && i < k; i++) {
    const uint32_t at = (uint32_t)corm_items_index(items, targets[i]);
    corm_items_insert(items, i, targets[i], corm_items_take(items, at).edge);
  }
  return CORM_OK;
}

void corm_link_reset(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  corm_link_commit(object, relationship);
  link->loaded = false;
  if (link->many) {
    if (link->as.list) clear_items(object, &link->as.list->items);
    free_list(object->mapper->mem, link->as.list);
    link->as.list = NULL;
  } else {
    corm_link_drop_edge(object, link->edge);
    link->as.object = NULL;
    link->edge = 0;
  }
}

void corm_links_unlook(corm_object *object) {
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) {
    corm_link *link = corm_object_link_at(object, i);
    const bool empty = !corm_link_one(link) && !corm_link_items(link)->n && !corm_link_has_history(link);
    if (empty && !link->said) link->loaded = false;
  }
}

void corm_link_forget(corm_object *object, const corm_relationship *relationship, const corm_object *gone) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return;
  if (corm_link_one(link) == gone) {
    corm_item *changed = link->changed ? &link->as.change->one : NULL;
    corm_link_drop_edge(object, changed ? changed->edge : link->edge);
    if (changed) {
      *changed = (corm_item){0};
    } else {
      link->as.object = NULL;
      link->edge = 0;
    }
  }
  const int64_t at = corm_items_index(corm_link_items(link), gone);
  if (at >= 0) corm_link_drop_edge(object, corm_items_take(&link->as.list->items, (uint32_t)at).edge);
}

void corm_link_forget_deleted(corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (!link || !corm_link_items(link)->n) return;
  corm_items *items = &link->as.list->items;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < items->n; i++) {
    if (items->ptr[i].object->state == CORM_DELETED)
      corm_link_drop_edge(object, items->ptr[i].edge);
    else
      items->ptr[kept++] = items->ptr[i];
  }
  if (kept < items->n) corm_items_cut(items, kept);
}

bool corm_object_has_history(const corm_object *object) {
  if (corm_object_has_changes(object)) return true;
  for (uint32_t i = 0; i < corm_object_link_count(object); i++)
    if (corm_link_has_history(corm_object_link_at(object, i))) return true;
  return false;
}

/* -- loads -- */

corm_status corm_link_fill_one(corm_object *object, const corm_relationship *relationship, corm_object *target,
                               uint32_t edge, corm_error *err) {
  corm_link *link = corm_object_link(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded) {
    corm_link_drop_edge(object, edge);
    return CORM_OK;
  }
  link->as.object = target;
  link->edge = edge;
  link->loaded = true;
  corm_backs_note(object, target);
  return CORM_OK;
}

/* What came while the list was not loaded stands behind what is loaded. */
static void append_queue(corm_object *object, corm_many *list) {
  uint32_t still = 0;
  for (uint32_t i = 0; i < list->added.n; i++) {
    const corm_item item = list->added.ptr[i];
    if (corm_items_contains(&list->items, item.object)) { /* flushed since, and now loaded */
      corm_link_drop_edge(object, item.edge);
      continue;
    }
    corm_items_insert(&list->items, list->items.n, item.object, item.edge);
    list->added.ptr[still++] = (corm_item){item.object, 0};
  }
  corm_items_cut(&list->added, still);
}

corm_status corm_link_fill_many(corm_object *object, const corm_relationship *relationship, corm_object *const *targets,
                                const uint32_t *edges, uint32_t n, corm_error *err) {
  corm_link *link = corm_object_link(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded) {
    for (uint32_t i = 0; i < n; i++) corm_link_drop_edge(object, edges[i]);
    return CORM_OK;
  }
  if (n || link->as.list) {
    corm_many *list = corm_link_make_list(object, link);
    if (!list) return corm_error_memory(err);
    corm_status status = corm_items_reserve(object->mapper->mem, &list->items, n + list->added.n, err);
    if (status != CORM_OK) return status;
    for (uint32_t i = 0; i < n; i++) {
      if (list->removed.n && corm_items_contains(&list->removed, targets[i]))
        corm_link_drop_edge(object, edges[i]);
      else
        corm_items_insert(&list->items, list->items.n, targets[i], edges[i]);
      corm_backs_note(object, targets[i]);
    }
    append_queue(object, list);
  }
  link->loaded = true;
  return CORM_OK;
}
