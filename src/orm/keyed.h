/*
 * Finding an object of a list by what one of its attributes says now. A small list is walked. A large one gets an index
 * once it was walked several times: places to look at, which are checked, so that only what comes into the list and
 * what is written has to be entered. The objects of a class that were written last are told by a ring of addresses,
 * with room for as many as the largest such list has: entering all again costs no more than the writes that filled it.
 */
#ifndef CORM_ORM_KEYED_H
#define CORM_ORM_KEYED_H

#include "orm/items.h"
#include "orm/mapper.h"

/* Of a root class with such lists. */
typedef struct corm_written {
  const corm_object **ring; /* addresses, to be compared only */
  uint32_t cap;             /* a power of two */
  uint64_t n;               /* written so far; one twice in a row counts once until somebody has seen it */
  bool seen;
} corm_written;

struct corm_keys; /* the index of a list */

/* To be called where a slot of an object that a script knows has changed. */
static inline void corm_keyed_note(const corm_object *object) {
  corm_written *written = object->mapper->root->written;
  if (!written || (!written->seen && written->ring[(written->n - 1) & (written->cap - 1)] == object)) return;
  written->ring[written->n++ & (written->cap - 1)] = object;
  written->seen = false;
}

/* The last object whose slot has the value, in *found, or NULL; false when one before it would have to be read. */
bool corm_keyed_find(const corm_items *items, corm_mapper *root, uint32_t slot, const corm_value *key,
                     const corm_object **found);

/* For an index that the caller keeps, by something else that the objects say: what it has to enter now. */
typedef enum corm_keyed_news {
  CORM_KEYED_WALK, /* there can be no index of this list */
  CORM_KEYED_ALL,  /* every object of the list, into an empty index */
  CORM_KEYED_ONE,  /* *object */
  CORM_KEYED_NONE
} corm_keyed_news;

/* To be asked until there is nothing, since what is asked of an object may load others. `anew`: the index is lost. */
corm_keyed_news corm_keyed_next(const corm_items *items, corm_mapper *root, bool anew, const corm_object **object);

/* What came into the list. */
void corm_keys_enter(struct corm_keys *keys, const corm_object *object);
void corm_keys_free(struct corm_keys *keys);

#endif
