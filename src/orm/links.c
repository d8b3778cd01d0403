/* Relationships read and changed, with both sides kept in step. */
#include "orm/links.h"

#include "orm/backs.h"
#include "orm/session.h"
#include "orm/state.h"

static corm_status add_edge(corm_object *from, corm_object *to, uint32_t *edge, corm_error *err) {
  const corm_host *host = corm_object_host(from);
  return host->edges_add(host->ctx, from, &to, 1, edge, err);
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

/* The same for whoever reads: a new object may be one that loads. */
static corm_status read_link(corm_object *object, corm_relationship *relationship, corm_link **out, corm_error *err) {
  const corm_link *link = corm_object_find_link(object, relationship);
  if (!(object->flags & CORM_OBJECT_KEYED) && !(link && link->loaded)) {
    const corm_status status = corm_object_load_new(object, relationship, err);
    if (status != CORM_OK) return status;
  }
  return loaded_link(object, relationship, out, err);
}

corm_status corm_object_get_one(corm_object *object, corm_relationship *relationship, corm_object **out,
                                corm_error *err) {
  corm_link *link = NULL;
  corm_status status = read_link(object, relationship, &link, err);
  if (status == CORM_OK) *out = corm_link_one(link);
  return status;
}

corm_status corm_object_get_many(corm_object *object, corm_relationship *relationship, corm_link **out,
                                 corm_error *err) {
  return read_link(object, relationship, out, err);
}

/* -- changes, with both sides kept in step -- */

/* Which side must still be told; the side that began the change is not told again. */
enum { TELL_OLD = 1, TELL_NEW = 2, TELL_BOTH = 3 };

static corm_status set_scalar(corm_object *object, corm_relationship *relationship, corm_object *target, int tell,
                              corm_error *err);
static corm_status list_add(corm_object *object, corm_relationship *relationship, uint32_t position,
                            corm_object *target, bool tell, corm_error *err);
static corm_status list_remove(corm_object *object, corm_relationship *relationship, uint32_t position,
                               corm_object *target, bool tell, corm_error *err);

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

corm_object *corm_object_one_in_memory(const corm_object *object, const corm_relationship *relationship) {
  corm_value key[16];
  const corm_mapper *target = relationship->target;
  const corm_link *link = corm_object_find_link(object, relationship);
  if (link && (link->loaded || link->changed)) return corm_link_one(link);
  if (!object->session || !relationship->by_primary_key || target->npk > 16) return NULL;
  for (uint32_t i = 0; i < target->npk; i++) {
    const corm_value *v = &object->slots[relationship->pairs[relationship->pk_order[i]].near_slot];
    if (v->kind == CORM_ABSENT || v->kind == CORM_NULL) return NULL;
    key[i] = *v;
  }
  return corm_session_find(object->session, target, key);
}

/* Whom it has held is known without a load. */
static corm_status hold_in_memory(corm_object *object, corm_relationship *relationship, corm_object *target,
                                  corm_error *err) {
  uint32_t edge = 0;
  corm_status status = add_edge(object, target, &edge, err);
  return status == CORM_OK ? corm_link_fill_one(object, relationship, target, edge, err) : status;
}

static corm_status tell_gone(corm_object *other, corm_relationship *inverse, corm_object *object, corm_error *err) {
  if (inverse->uselist) return list_remove(other, inverse, UINT32_MAX, object, false, err);
  const corm_link *link = link_in_memory(other, inverse);
  corm_status status = link ? CORM_OK : corm_error_memory(err);
  if (link && link->loaded && corm_link_one(link) != object) return CORM_OK;
  if (link && !link->loaded && (inverse->cascade & CORM_CASCADE_DELETE_ORPHAN))
    status = hold_in_memory(other, inverse, object, err);
  return status == CORM_OK ? set_scalar(other, inverse, NULL, 0, err) : status;
}

static corm_status tell_come(corm_object *other, corm_relationship *inverse, corm_object *object, corm_error *err) {
  if (!inverse->uselist) return set_scalar(other, inverse, object, TELL_OLD, err);
  return list_add(other, inverse, UINT32_MAX, object, false, err);
}

/* The new object of a reference, whose edge is there. What the database has is remembered; assigning it again is no
   change. */
static corm_status put_reference(corm_object *object, corm_link *link, corm_object *target, uint32_t edge,
                                 corm_error *err) {
  if (link->changed) {
    corm_reference *change = link->as.change;
    corm_link_drop_edge(object, change->one.edge);
    change->one = (corm_item){target, edge};
    if (link->old_known && change->old.object == target) corm_link_settle(object, link);
  } else if (object->flags & CORM_OBJECT_KEYED) {
    corm_reference *change = corm_mem_alloc(object->mapper->mem, sizeof *change);
    if (!change) {
      corm_link_drop_edge(object, edge);
      return corm_error_memory(err);
    }
    *change = (corm_reference){{target, edge}, {link->as.object, link->edge}};
    link->as.change = change;
    link->edge = 0;
    link->old_known = link->loaded;
    link->changed = true;
  } else {
    corm_link_drop_edge(object, link->edge);
    link->as.object = target;
    link->edge = edge;
  }
  link->loaded = true;
  link->found = false;
  link->said = link->said || !target;
  corm_backs_note_change(object, target);
  return CORM_OK;
}

/* A pending object that loses its only parent is never inserted. */
static void expunge_orphan(const corm_object *object, const corm_relationship *relationship, corm_object *target) {
  if (!(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) || target->state != CORM_PENDING) return;
  if (corm_child_has_parent(relationship, object, target)) return;
  corm_error ignored;
  corm_error_init(&ignored);
  if (corm_session_expunge(target->session, target, &ignored) != CORM_OK) corm_error_clear(&ignored);
}

/* Who is to be deleted, and comes to a parent that is not, stays. */
static void adopt(const corm_object *object, const corm_relationship *relationship, corm_object *target) {
  if (relationship->direction != CORM_ONE_TO_MANY || (object->flags & CORM_OBJECT_DOOMED)) return;
  if (target->flags & CORM_OBJECT_DOOMED) corm_session_keep(target);
}

static corm_status set_scalar(corm_object *object, corm_relationship *relationship, corm_object *target, int tell,
                              corm_error *err) {
  corm_relationship *inverse = relationship->inverse;
  corm_link *link = link_in_memory(object, relationship);
  uint32_t edge = 0;
  if (!link) return corm_error_memory(err);
  if (link->loaded && corm_link_one(link) == target) return CORM_OK;
  corm_status status = note_modified(object, err);
  if (status == CORM_OK && target) status = add_edge(object, target, &edge, err);
  /* Only now, since nothing may hold it: both may run the collector. */
  corm_object *old = corm_object_one_in_memory(object, relationship);
  if (status == CORM_OK) status = put_reference(object, link, target, edge, err);
  if (status == CORM_OK && target) adopt(object, relationship, target);
  if (status != CORM_OK || old == target) return status; /* it held the object already */
  if (inverse && old && (tell & TELL_OLD)) status = tell_gone(old, inverse, object, err);
  if (status == CORM_OK && old) expunge_orphan(object, relationship, old);
  if (status == CORM_OK && inverse && target && (tell & TELL_NEW)) status = tell_come(target, inverse, object, err);
  return status;
}

/* Where the far side holds the key, its old row is detached; an orphan is deleted; and scripts may ask. */
static bool must_know_old(const corm_object *object, const corm_relationship *relationship) {
  if (relationship->direction != CORM_MANY_TO_ONE || relationship->def.active_history) return true;
  return (relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) && object->session && (object->flags & CORM_OBJECT_KEYED);
}

/* For merges of objects without a row. */
static void note_said(const corm_object *object, const corm_relationship *relationship) {
  corm_link *link = corm_object_find_link(object, relationship);
  if (link) link->said = true;
}

corm_status corm_object_set_one(corm_object *object, corm_relationship *relationship, corm_object *target,
                                corm_error *err) {
  corm_status status = corm_link_check(object, relationship, target, err);
  corm_link *link = NULL;
  if (status == CORM_OK && must_know_old(object, relationship)) status = loaded_link(object, relationship, &link, err);
  if (status == CORM_OK) status = corm_link_know_displaced(object, relationship, target, err);
  if (status == CORM_OK && corm_relationship_asks(relationship)) {
    status = corm_ask_set(object, relationship, &target, err);
    if (status == CORM_OK) status = corm_link_admit(object, relationship, target, err);
  }
  if (status == CORM_OK) status = set_scalar(object, relationship, target, TELL_BOTH, err);
  if (status == CORM_OK) status = cascade_add(object, relationship, target, err);
  if (!target) note_said(object, relationship);
  return status;
}

/* The lists of a link with room for one more item in `items` and `added`, or in `removed`. NULL: err is set. */
static corm_many *roomy_list(corm_object *object, corm_link *link, bool comes, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  const bool keyed = object->flags & CORM_OBJECT_KEYED;
  corm_many *list = corm_link_make_list(object, link);
  corm_status status = list ? CORM_OK : corm_error_memory(err);
  if (status == CORM_OK && comes) status = corm_items_reserve(mem, &list->items, list->items.n + 1, err);
  if (status == CORM_OK && keyed) {
    corm_items *history = comes ? &list->added : &list->removed;
    status = corm_items_reserve(mem, history, history->n + 1, err);
  }
  return status == CORM_OK ? list : NULL;
}

/* Room is there. A script may put an object into a list more than once: it counts once, and this is false then. */
static bool put_in(corm_object *object, const corm_link *link, corm_many *list, uint32_t position, corm_object *target,
                   uint32_t edge) {
  const bool again = corm_items_contains(link->loaded ? &list->items : &list->added, target);
  const int64_t back = list->removed.n ? corm_items_index(&list->removed, target) : -1;
  const bool news = !again && back < 0;
  if (back >= 0) corm_link_drop_edge(object, corm_items_take(&list->removed, (uint32_t)back).edge);
  if (link->loaded) {
    corm_items_insert(&list->items, position < list->items.n ? position : list->items.n, target, edge);
    if (news && (object->flags & CORM_OBJECT_KEYED)) corm_items_insert(&list->added, list->added.n, target, 0);
  } else if (news) {
    corm_items_insert(&list->added, list->added.n, target, edge);
  } else {
    corm_link_drop_edge(object, edge);
  }
  return !again;
}

/* Making an edge may run a finalizer, which may do anything: so it comes first. */
static corm_status list_add(corm_object *object, corm_relationship *relationship, uint32_t position,
                            corm_object *target, bool tell, corm_error *err) {
  uint32_t edge = 0;
  corm_status status = note_modified(object, err);
  if (status == CORM_OK) status = add_edge(object, target, &edge, err);
  if (status != CORM_OK) return status;
  corm_link *link = link_in_memory(object, relationship);
  corm_many *list = link ? roomy_list(object, link, true, err) : NULL;
  if (!list) {
    corm_link_drop_edge(object, edge);
    return link ? CORM_FAILED : corm_error_memory(err);
  }
  const bool counts = put_in(object, link, list, position, target, edge);
  corm_backs_note_change(object, target);
  adopt(object, relationship, target);
  if (counts && tell && relationship->inverse) status = tell_come(target, relationship->inverse, object, err);
  return status;
}

/* The one at the position, if that is where it stands, and all when there is nobody else to tell. False: it stands
   there once more. */
static bool take_items(corm_object *object, corm_many *list, uint32_t position, bool all, const corm_object *target,
                       uint32_t *edge) {
  const bool here = position < list->items.n && list->items.ptr[position].object == target;
  int64_t at = here ? position : corm_items_index(&list->items, target);
  while (at >= 0) {
    corm_link_drop_edge(object, *edge);
    *edge = corm_items_take(&list->items, (uint32_t)at).edge;
    at = corm_items_index(&list->items, target);
    if (at >= 0 && !all) break;
  }
  return at < 0;
}

/* What is in the history of a list without the object, and its last edge. */
static void take_out(corm_object *object, corm_many *list, corm_object *target, uint32_t edge) {
  const int64_t fresh = corm_items_index(&list->added, target);
  if (fresh < 0 && (object->flags & CORM_OBJECT_KEYED)) {
    corm_items_insert(&list->removed, list->removed.n, target, edge);
    return;
  }
  if (fresh >= 0) corm_link_drop_edge(object, corm_items_take(&list->added, (uint32_t)fresh).edge);
  corm_link_drop_edge(object, edge);
}

static corm_status list_remove(corm_object *object, corm_relationship *relationship, uint32_t position,
                               corm_object *target, bool tell, corm_error *err) {
  uint32_t edge = 0;
  corm_link *link = link_in_memory(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded && !corm_items_contains(corm_link_items(link), target)) return CORM_OK;
  corm_status status = note_modified(object, err);
  /* What is not loaded and not queued is noted as gone, and held. */
  if (status == CORM_OK && !link->loaded && !corm_items_contains(&corm_link_list(link)->added, target))
    status = add_edge(object, target, &edge, err);
  if (status != CORM_OK) return status;
  corm_many *list = roomy_list(object, link, false, err);
  if (!list) {
    corm_link_drop_edge(object, edge);
    return CORM_FAILED;
  }
  if (link->loaded && !take_items(object, list, position, !tell, target, &edge)) {
    corm_link_drop_edge(object, edge);
    return CORM_OK;
  }
  take_out(object, list, target, edge);
  if (tell && relationship->inverse) status = tell_gone(target, relationship->inverse, object, err);
  if (status == CORM_OK) expunge_orphan(object, relationship, target);
  return status;
}

/* Hooks may put another object in the place of the one that comes. */
static corm_status ask_append(corm_object *object, const corm_relationship *relationship, corm_object **target,
                              corm_error *err) {
  if (!corm_relationship_asks(relationship)) return CORM_OK;
  const corm_status status = corm_ask_append(object, relationship, false, target, err);
  return status == CORM_OK ? corm_link_admit(object, relationship, *target, err) : status;
}

corm_status corm_object_insert(corm_object *object, corm_relationship *relationship, uint32_t position,
                               corm_object *target, corm_error *err) {
  corm_link *link = NULL;
  corm_status status = corm_link_check(object, relationship, target, err);
  if (status == CORM_OK) status = loaded_link(object, relationship, &link, err);
  if (status == CORM_OK) status = corm_link_admit(object, relationship, target, err); /* a load may have flushed */
  if (status == CORM_OK) status = ask_append(object, relationship, &target, err);
  if (status != CORM_OK) return status;
  status = list_add(object, relationship, position, target, true, err);
  return status == CORM_OK ? cascade_add(object, relationship, target, err) : status;
}

/* Hooks may have changed the list, or let it expire. */
static corm_status ask_about_item(corm_object *object, corm_relationship *relationship, uint32_t position,
                                  corm_link **link, corm_error *err) {
  corm_object *item = corm_link_items(*link)->ptr[position].object;
  corm_status status = corm_ask_remove(object, relationship, false, item, err);
  if (status == CORM_OK) status = loaded_link(object, relationship, link, err);
  if (status == CORM_OK &&
      (position >= corm_link_items(*link)->n || corm_link_items(*link)->ptr[position].object != item))
    status = corm_error_set(err, CORM_E_INVALID_REQUEST, "a hook has changed %s.%s while an object was removed from it",
                            object->mapper->name, relationship->key);
  return status;
}

corm_status corm_object_remove_at(corm_object *object, corm_relationship *relationship, uint32_t position,
                                  corm_error *err) {
  corm_link *link = NULL;
  corm_status status = loaded_link(object, relationship, &link, err);
  if (status != CORM_OK) return status;
  if (position >= corm_link_items(link)->n)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s has no position %u", object->mapper->name, relationship->key,
                          position + 1);
  if (corm_relationship_asks(relationship)) status = ask_about_item(object, relationship, position, &link, err);
  if (status != CORM_OK) return status;
  note_said(object, relationship);
  return list_remove(object, relationship, position, corm_link_items(link)->ptr[position].object, true, err);
}

static bool is_queued(const corm_object *object, const corm_relationship *relationship, const corm_object *target) {
  const corm_link *link = corm_object_find_link(object, relationship);
  if (!link) return false;
  const corm_many *list = corm_link_list(link);
  return corm_items_contains(&list->added, target) || (link->loaded && corm_items_contains(&list->items, target));
}

corm_status corm_object_queue(corm_object *object, corm_relationship *relationship, corm_object *target,
                              corm_error *err) {
  corm_status status = corm_link_check(object, relationship, target, err);
  if (status == CORM_OK && is_queued(object, relationship, target)) return CORM_OK;
  if (status == CORM_OK) status = corm_link_know_displaced(object, relationship, target, err);
  if (status == CORM_OK) status = ask_append(object, relationship, &target, err);
  if (status != CORM_OK) return status;
  status = list_add(object, relationship, UINT32_MAX, target, true, err);
  return status == CORM_OK ? cascade_add(object, relationship, target, err) : status;
}

corm_status corm_object_unqueue(corm_object *object, corm_relationship *relationship, corm_object *target,
                                corm_error *err) {
  corm_status status = corm_link_check_kind(object, relationship, target, err);
  if (status == CORM_OK && corm_relationship_asks(relationship))
    status = corm_ask_remove(object, relationship, false, target, err);
  return status == CORM_OK ? list_remove(object, relationship, UINT32_MAX, target, true, err) : status;
}

static void mark(const corm_items *items, bool on) {
  for (uint32_t i = 0; i < items->n; i++) {
    corm_object *object = items->ptr[i].object;
    object->flags = (uint8_t)(on ? object->flags | CORM_OBJECT_MARK : object->flags & ~CORM_OBJECT_MARK);
  }
}

/* Brings the items that are not marked behind the others, where each goes without moving any. */
static corm_status unmarked_last(const corm_mem *mem, const corm_items *items, corm_error *err) {
  uint32_t n = 0, last = 0;
  while (n < items->n && items->ptr[n].object->flags & CORM_OBJECT_MARK) n++;
  if (n == items->n) return CORM_OK;
  corm_item *unmarked = corm_mem_alloc(mem, (items->n - n) * sizeof *unmarked);
  if (!unmarked) return corm_error_memory(err);
  for (uint32_t i = n; i < items->n; i++) {
    if (items->ptr[i].object->flags & CORM_OBJECT_MARK)
      items->ptr[n++] = items->ptr[i];
    else
      unmarked[last++] = items->ptr[i];
  }
  memcpy(items->ptr + n, unmarked, last * sizeof *unmarked);
  corm_mem_free(mem, unmarked);
  return CORM_OK;
}

/* Removes what the new content lacks; on return the kept ones are marked. */
static corm_status remove_missing(corm_object *object, corm_relationship *relationship, const corm_link *link,
                                  corm_object *const *targets, uint32_t n, corm_error *err) {
  mark(corm_link_items(link), false);
  for (uint32_t i = 0; i < n; i++) targets[i]->flags |= CORM_OBJECT_MARK;
  corm_status status = unmarked_last(object->mapper->mem, corm_link_items(link), err);
  for (uint32_t i = corm_link_items(link)->n; status == CORM_OK && i-- > 0;) {
    corm_object *item = corm_link_items(link)->ptr[i].object;
    if (!(item->flags & CORM_OBJECT_MARK)) status = list_remove(object, relationship, i, item, true, err);
  }
  for (uint32_t i = 0; i < n; i++) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  if (status == CORM_OK) mark(corm_link_items(link), true);
  return status;
}

/* -- the first content of a new object's list ---------------------------------------------------------------------- */

/* True when nothing has to be compared or remembered: the list of an object without a row, and no object twice. */
static bool is_first_content(const corm_object *object, const corm_link *link, corm_object *const *targets,
                             uint32_t n) {
  const corm_many *list = corm_link_list(link);
  if ((object->flags & CORM_OBJECT_KEYED) || list->items.n || list->added.n || list->removed.n) return false;
  uint32_t i = 0;
  for (; i < n && !(targets[i]->flags & CORM_OBJECT_MARK); i++) targets[i]->flags |= CORM_OBJECT_MARK;
  const bool distinct = i == n;
  while (i-- > 0) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  return distinct;
}

/* Objects told of at once. */
enum { TOLD = 32 };

/* A new object that points to nothing yet. */
static bool is_unlinked(const corm_object *object, const corm_relationship *relationship) {
  if (object->flags & CORM_OBJECT_KEYED) return false;
  const corm_link *link = corm_object_find_link(object, relationship);
  return !link || (!link->changed && !corm_link_one(link));
}

/* The references of the first of n new objects, at most TOLD and as long as they point to nothing. 0: none was set. */
static corm_status refer_back(corm_object *const *targets, uint32_t n, corm_relationship *inverse, corm_object *object,
                              uint32_t *count, corm_error *err) {
  const corm_host *host = corm_object_host(object);
  uint32_t edges[TOLD], k = 0;
  *count = 0;
  while (k < n && k < TOLD && is_unlinked(targets[k], inverse)) k++;
  for (uint32_t i = 0; i < k; i++)
    if (!corm_object_link(targets[i], inverse)) return corm_error_memory(err);
  if (k == 0) return CORM_OK;
  corm_status status = host->edges_to(host->ctx, targets, k, object, edges, err);
  if (status != CORM_OK) return status;
  for (uint32_t i = 0; i < k; i++) {
    corm_link *link = corm_object_find_link(targets[i], inverse);
    link->as.object = object;
    link->edge = edges[i];
    link->loaded = true;
    corm_backs_note_change(targets[i], object);
  }
  *count = k;
  return CORM_OK;
}

/* The other side of n objects that came, and their cascade; *told says how many know. */
static corm_status tell_all(corm_object *object, corm_relationship *relationship, corm_object *const *targets,
                            uint32_t n, uint32_t *told, corm_error *err) {
  corm_relationship *inverse = relationship->inverse;
  corm_status status = CORM_OK;
  uint32_t ahead = 0; /* referred to, and not cascaded to yet */
  for (*told = 0; status == CORM_OK && *told < n;) {
    corm_object *target = targets[*told];
    if (inverse && !ahead && !inverse->uselist)
      status = refer_back(targets + *told, n - *told, inverse, object, &ahead, err);
    if (status == CORM_OK && inverse && !ahead) status = tell_come(target, inverse, object, err);
    if (status != CORM_OK) break;
    if (ahead) ahead--;
    ++*told;
    status = cascade_add(object, relationship, target, err);
  }
  for (uint32_t i = *told; i < *told + ahead; i++) corm_link_reset(targets[i], inverse);
  return status;
}

static void drop_edges(corm_object *object, uint32_t edge, uint32_t n) {
  for (uint32_t i = 0; edge && i < n; i++) corm_link_drop_edge(object, edge + i);
}

/* The items of a list that is empty, with their edges. */
static corm_status put_first(corm_object *object, corm_link *link, corm_object *const *targets, uint32_t n,
                             uint32_t edge, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  const corm_host *host = corm_object_host(object);
  uint32_t few[TOLD], *edges = few;
  corm_many *list = corm_link_make_list(object, link);
  if (!list) return corm_error_memory(err);
  if (n > TOLD && !edge) edges = corm_mem_alloc(mem, n * sizeof *edges);
  if (!edges) return corm_error_memory(err);
  corm_status status = edge ? CORM_OK : host->edges_add(host->ctx, object, targets, n, edges, err);
  list = corm_link_make_list(object, link); /* a finalizer may have run */
  if (status == CORM_OK && (!list || corm_items_reserve(mem, &list->items, list->items.n + n, err) != CORM_OK)) {
    for (uint32_t i = 0; !edge && i < n; i++) corm_link_drop_edge(object, edges[i]);
    status = corm_error_memory(err);
  }
  for (uint32_t i = 0; status == CORM_OK && i < n; i++)
    corm_items_insert(&list->items, list->items.n, targets[i], edge ? edge + i : edges[i]);
  if (edges != few) corm_mem_free(mem, edges);
  return status;
}

static corm_status fill_first(corm_object *object, corm_relationship *relationship, corm_link *link,
                              corm_object *const *targets, uint32_t n, uint32_t edge, corm_error *err) {
  uint32_t told;
  corm_status status = put_first(object, link, targets, n, edge, err);
  if (status != CORM_OK) {
    drop_edges(object, edge, n);
    return status;
  }
  status = tell_all(object, relationship, targets, n, &told, err);
  while (status != CORM_OK && corm_link_items(link)->n > told)
    corm_link_drop_edge(object, corm_items_take(&link->as.list->items, corm_link_items(link)->n - 1).edge);
  return status;
}

/* Whom the new content brings and whom it lacks, before anything is marked. Hooks may make both longer or shorter. */
static corm_status ask_about_all(corm_object *object, corm_relationship *relationship, corm_object **targets,
                                 uint32_t n, corm_error *err) {
  corm_link *link = NULL;
  corm_status status = CORM_OK;
  corm_map named;
  corm_map_init(&named, object->mapper->mem);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++)
    if (corm_map_put(&named, (const char *)&targets[i], sizeof targets[i], targets[i]) != CORM_OK)
      status = corm_error_memory(err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    status = loaded_link(object, relationship, &link, err);
    if (status != CORM_OK || corm_items_contains(corm_link_items(link), targets[i])) continue;
    status = corm_link_know_displaced(object, relationship, targets[i], err);
    if (status == CORM_OK) status = corm_ask_append(object, relationship, true, &targets[i], err);
    if (status == CORM_OK) status = corm_link_check(object, relationship, targets[i], err);
  }
  for (uint32_t i = 0; status == CORM_OK; i++) {
    status = loaded_link(object, relationship, &link, err);
    if (status != CORM_OK || i >= corm_link_items(link)->n) break;
    corm_object *item = corm_link_items(link)->ptr[i].object;
    if (!corm_map_get(&named, (const char *)&item, sizeof item))
      status = corm_ask_remove(object, relationship, true, item, err);
  }
  corm_map_clear(&named);
  return status;
}

corm_status corm_object_replace(corm_object *object, corm_relationship *relationship, corm_object **targets, uint32_t n,
                                uint32_t edge, corm_error *err) {
  corm_link *link = NULL;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = corm_link_check(object, relationship, targets[i], err);
  if (status == CORM_OK && corm_relationship_asks(relationship))
    status = ask_about_all(object, relationship, targets, n, err);
  if (status == CORM_OK) status = loaded_link(object, relationship, &link, err); /* which may have flushed */
  for (uint32_t i = 0; status == CORM_OK && i < n; i++)
    if (targets[i]->state == CORM_DELETED) status = corm_link_check(object, relationship, targets[i], err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++)
    status = corm_link_know_displaced(object, relationship, targets[i], err);
  if (status == CORM_OK && !n) link->said = true;
  if (status == CORM_OK && n && is_first_content(object, link, targets, n))
    return fill_first(object, relationship, link, targets, n, edge, err);
  if (status == CORM_OK) status = remove_missing(object, relationship, link, targets, n, err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    corm_object *target = targets[i];
    if (target->flags & CORM_OBJECT_MARK) continue; /* it was there, or a second mention, which adds nothing */
    status = list_add(object, relationship, corm_link_items(link)->n, target, true, err);
    if (status == CORM_OK) status = cascade_add(object, relationship, target, err);
    target->flags |= CORM_OBJECT_MARK;
  }
  if (status == CORM_OK) status = corm_link_order_as(object, link, targets, n, err);
  for (uint32_t i = 0; i < n; i++) targets[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
  drop_edges(object, edge, n); /* they held the targets until here */
  return status;
}
