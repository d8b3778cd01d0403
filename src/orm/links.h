/*
 * Relationships in memory: what an object points to, the history of it, and both sides kept in step (M13). Pointers
 * between objects are backed by host edges, so that whatever is reachable here is alive.
 */
#ifndef CORM_ORM_LINKS_H
#define CORM_ORM_LINKS_H

#include "orm/entity.h"
#include "orm/relationship.h"

typedef struct corm_item {
  corm_object *object;
  uint32_t edge;
} corm_item;

/* A growing list of edges to objects. */
typedef struct corm_items {
  corm_item *ptr;
  uint32_t n, cap;
} corm_items;

/* One relationship of one object. */
typedef struct corm_link {
  bool loaded;
  bool changed;       /* scalar: differs from `old`; list: added or removed is not empty, or was replaced */
  bool old_known;     /* scalar: `old` is what was there at the last load or flush */
  corm_item one;      /* scalar; object NULL: none */
  corm_item old;      /* scalar, while changed */
  corm_items items;   /* list, when loaded */
  corm_items added;   /* objects with a row: what came since the last load or flush (edge 0: the one in items); while
                         not loaded: the queue, with edges */
  corm_items removed; /* what went, with edges */
  uint32_t version;   /* rises with each change of items: iterators notice */
  uint8_t lazy;       /* corm_lazy + 1 as the query that loaded the object says; 0: the relationship's own */
} corm_link;

typedef struct corm_links {
  uint32_t n;
  corm_link links[];
} corm_links;

/* The link of a relationship, made when missing. NULL when out of memory. */
corm_link *corm_object_link(corm_object *object, const corm_relationship *relationship);
/* The link if there is one. */
corm_link *corm_object_find_link(const corm_object *object, const corm_relationship *relationship);
/* Frees all (the finalizer): drops no edges, follows no pointer. */
void corm_links_free(const corm_mem *mem, corm_links *links);
/* Drops link state and edges of one relationship: it will be loaded again. */
void corm_link_reset(corm_object *object, const corm_relationship *relationship);
/* True when a column or a relationship differs from what was last loaded or flushed. */
bool corm_object_has_history(const corm_object *object);
/* What is there counts as committed: history goes. */
void corm_link_commit(corm_object *object, const corm_relationship *relationship);

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
/* Replaces the whole content; what stays is not touched. */
CORM_MUST_USE corm_status corm_object_replace(corm_object *object, corm_relationship *relationship,
                                              corm_object *const *targets, uint32_t n, corm_error *err);
/* 0-based position of the first occurrence, or -1. */
int64_t corm_items_index(const corm_items *items, const corm_object *object);

/* Fills a link from a load; merges a queue of unflushed changes. For loaders. `edges` are the host's, one per target.
 */
CORM_MUST_USE corm_status corm_link_fill_one(corm_object *object, const corm_relationship *relationship,
                                             corm_object *target, uint32_t edge, corm_error *err);
CORM_MUST_USE corm_status corm_link_fill_many(corm_object *object, const corm_relationship *relationship,
                                              corm_object *const *targets, const uint32_t *edges, uint32_t n,
                                              corm_error *err);
/* Takes a deleted object out of a loaded list without history. */
void corm_link_forget(corm_object *object, const corm_relationship *relationship, const corm_object *gone);

#endif
