/*
 * Relationships in memory: what an object points to, the history of it, and both sides kept in step (M13). Pointers
 * between objects are backed by host edges, so that whatever is reachable here is alive.
 */
#ifndef CORM_ORM_LINKS_H
#define CORM_ORM_LINKS_H

#include "orm/items.h"
#include "orm/relationship.h"

/* A reference that is changed. */
typedef struct corm_reference {
  corm_item one; /* object NULL: none */
  corm_item old; /* what was there at the last load or flush */
} corm_reference;

/* A list that something is in, or went from. */
typedef struct corm_many {
  corm_items items;   /* when loaded */
  corm_items added;   /* objects with a row: what came since the last load or flush (edge 0: the one in items); while
                         not loaded: the queue, with edges */
  corm_items removed; /* what went, with edges */
} corm_many;

/* -- what a link holds (link_state.c) -- */

static inline uint32_t corm_object_link_count(const corm_object *object) {
  return object->links.n;
}

/* The link of the i-th relationship, below the count. */
static inline corm_link *corm_object_link_at(const corm_object *object, uint32_t i) {
  return object->links.n == 1 ? (corm_link *)(uintptr_t)&object->links : &object->links.as.all[i];
}

/* The link of a relationship, if there is one. */
static inline corm_link *corm_object_find_link(const corm_object *object, const corm_relationship *relationship) {
  return relationship->index < object->links.n ? corm_object_link_at(object, relationship->index) : NULL;
}

/* The link of a relationship, made when missing. NULL when out of memory. */
corm_link *corm_object_link(corm_object *object, const corm_relationship *relationship);

/* The object of a reference, NULL without one; what it was before the change. Lists have neither. */
static inline corm_object *corm_link_one(const corm_link *link) {
  if (link->many) return NULL;
  return link->changed ? link->as.change->one.object : link->as.object;
}
static inline corm_object *corm_link_old(const corm_link *link) {
  return link->changed ? link->as.change->old.object : NULL;
}

/* The lists of a list, borrowed until the next change; those of a reference are empty. */
extern const corm_many corm_many_none;
static inline const corm_many *corm_link_list(const corm_link *link) {
  return link->many && link->as.list ? link->as.list : &corm_many_none;
}
static inline const corm_items *corm_link_items(const corm_link *link) {
  return &corm_link_list(link)->items;
}

/* True when it differs from what was last loaded or flushed. */
static inline bool corm_link_has_history(const corm_link *link) {
  const corm_many *list = corm_link_list(link);
  return link->changed || list->added.n || list->removed.n;
}

/* Frees all (the finalizer): drops no edges, follows no pointer. */
void corm_links_free(corm_object *object);
/* The object has got a row: what was only looked at before, and was empty, is for the database to say. */
void corm_links_unlook(corm_object *object);
/* Drops link state and edges of one relationship: it will be loaded again. */
void corm_link_reset(corm_object *object, const corm_relationship *relationship);
/* True when a column or a relationship differs from what was last loaded or flushed. */
bool corm_object_has_history(const corm_object *object);
/* What is there counts as committed: history goes. */
void corm_link_commit(corm_object *object, const corm_relationship *relationship);
/* Takes a deleted object out of a loaded list without history. */
void corm_link_forget(corm_object *object, const corm_relationship *relationship, const corm_object *gone);
/* Likewise all that are deleted, at once. */
void corm_link_forget_deleted(corm_object *object, const corm_relationship *relationship);

/* Fills a link from a load; merges a queue of unflushed changes. For loaders. `edges` are the host's, one per target.
 */
CORM_MUST_USE corm_status corm_link_fill_one(corm_object *object, const corm_relationship *relationship,
                                             corm_object *target, uint32_t edge, corm_error *err);
CORM_MUST_USE corm_status corm_link_fill_many(corm_object *object, const corm_relationship *relationship,
                                              corm_object *const *targets, const uint32_t *edges, uint32_t n,
                                              corm_error *err);

/* For links.c. */
static inline const corm_host *corm_object_host(const corm_object *object) {
  return object->mapper->registry->host;
}
void corm_link_drop_edge(corm_object *object, uint32_t edge);
/* The lists of a list, made when there are none yet. NULL when out of memory. */
corm_many *corm_link_make_list(const corm_object *object, corm_link *link);
/* Ends the history of a changed reference. */
void corm_link_settle(corm_object *object, corm_link *link);

/* -- asking (ask.c) -- before anything changes, and only where this is true; hooks may change anything else. */
static inline bool corm_relationship_asks(const corm_relationship *relationship) {
  return relationship->hooked || (relationship->inverse && relationship->inverse->hooked);
}
/* About object.relationship = *target; an object that comes into a list; one that leaves it. */
CORM_MUST_USE corm_status corm_ask_set(corm_object *object, const corm_relationship *relationship, corm_object **target,
                                       corm_error *err);
CORM_MUST_USE corm_status corm_ask_append(corm_object *object, const corm_relationship *relationship, bool bulk,
                                          corm_object **target, corm_error *err);
CORM_MUST_USE corm_status corm_ask_remove(corm_object *object, const corm_relationship *relationship, bool bulk,
                                          corm_object *target, corm_error *err);

/* -- admitting (admit.c) -- */

/* What may stand in object.relationship: an object of its class, and of the same session. */
CORM_MUST_USE corm_status corm_link_check_kind(const corm_object *object, const corm_relationship *relationship,
                                               const corm_object *target, corm_error *err);
/* What may come into it: such an object that is not deleted, nor another's where there is a single parent. NULL may. */
CORM_MUST_USE corm_status corm_link_check(const corm_object *object, const corm_relationship *relationship,
                                          corm_object *target, corm_error *err);
/* Loads whom the target has had on its side, where that is one object which the new one displaces: its row must be
   detached, or deleted. Nothing is flushed for it, and what is not to be loaded lazily is. */
CORM_MUST_USE corm_status corm_link_know_displaced(const corm_object *object, const corm_relationship *relationship,
                                                   corm_object *target, corm_error *err);
/* Both. */
CORM_MUST_USE corm_status corm_link_admit(const corm_object *object, const corm_relationship *relationship,
                                          corm_object *target, corm_error *err);

/* -- reading and changing (links.c) -- */

/* The scalar side without SQL: what is loaded, or else what the key finds in the identity map. */
corm_object *corm_object_one_in_memory(const corm_object *object, const corm_relationship *relationship);
/* The scalar side, loading when needed. *out may be NULL. */
CORM_MUST_USE corm_status corm_object_get_one(corm_object *object, corm_relationship *relationship, corm_object **out,
                                              corm_error *err);
/* Sets it (NULL: none), fires the inverse, cascades save-update. ArgumentError for an object of another class. */
CORM_MUST_USE corm_status corm_object_set_one(corm_object *object, corm_relationship *relationship, corm_object *target,
                                              corm_error *err);

/* The list side: loads when needed; *out is borrowed until the next change. */
CORM_MUST_USE corm_status corm_object_get_many(corm_object *object, corm_relationship *relationship, corm_link **out,
                                               corm_error *err);
/* Inserts before position (0-based; n: append). */
CORM_MUST_USE corm_status corm_object_insert(corm_object *object, corm_relationship *relationship, uint32_t position,
                                             corm_object *target, corm_error *err);
/* Removes the item at a position. */
CORM_MUST_USE corm_status corm_object_remove_at(corm_object *object, corm_relationship *relationship, uint32_t position,
                                                corm_error *err);
/* Puts the items of a loaded list into the order of `targets`; `room` is for 3 n items. False, with the list as it was,
   when these are other objects. */
bool corm_link_reorder(const corm_link *link, corm_object *const *targets, uint32_t n, corm_item *room);
/* Puts the items, all of which are marked, into the order in which `targets` mention them first, unmarks them, and
   leaves of `targets` the first mentions. What stands in the list twice stands behind. */
CORM_MUST_USE corm_status corm_link_order_as(const corm_object *object, const corm_link *link, corm_object **targets,
                                             uint32_t n, corm_error *err);
/* An object that comes into a list or leaves it, without loading the others: for lists that are never read whole. One
   that has come already is not queued again. */
CORM_MUST_USE corm_status corm_object_queue(corm_object *object, corm_relationship *relationship, corm_object *target,
                                            corm_error *err);
CORM_MUST_USE corm_status corm_object_unqueue(corm_object *object, corm_relationship *relationship, corm_object *target,
                                              corm_error *err);
/* Replaces the whole content; what stays is not touched. Hooks may put other objects into `targets`. `edge` not 0: the
   host has made n edges to the targets, from this number on, which are taken or dropped. */
CORM_MUST_USE corm_status corm_object_replace(corm_object *object, corm_relationship *relationship,
                                              corm_object **targets, uint32_t n, uint32_t edge, corm_error *err);

#endif
