/*
 * Which objects a load links to which parents: rows say "this target belongs to that parent" in any order, and at the
 * end each parent has its targets once, in the order of the rows. Internal to orm/.
 */
#ifndef CORM_ORM_GATHER_H
#define CORM_ORM_GATHER_H

#include "orm/links.h"
#include "orm/session.h"

/* One row's word: a parent's number, a target. */
typedef struct corm_pull {
  corm_object *target;
  uint32_t parent;
} corm_pull;

/* Parents are found by their key (loads of one relationship for known parents) or by their address (joined rows). */
typedef struct corm_gather {
  const corm_mem *mem;
  corm_relationship *relationship;
  corm_object **parents;
  uint32_t nparents, parents_cap;
  /* The parents belong to this group, which is held, and may be collected meanwhile; NULL: somebody keeps them alive.
   */
  corm_siblings *siblings;
  corm_pull *pulls;
  uint32_t npulls, pulls_cap;
  uint32_t *index; /* hash -> parent + 1, open addressing; power of two */
  uint32_t index_cap;
  uint32_t last; /* parent of the last row; by key: number of the last row's key + 1, or 0 */

  /* by key */
  uint32_t width; /* values of a key; 0: by address */
  uint32_t nkeys;
  corm_value *keys;      /* nkeys * width; bytes in the arena */
  uint32_t *key_parents; /* key -> newest parent + 1 */
  uint32_t *same_key;    /* parent -> older parent of the same key + 1 */
  uint32_t *places;      /* parent -> its position in `siblings` */
  corm_arena arena;

  /* single integers, as long as all of them are */
  int64_t low, high;
  bool is_range;     /* the keys are what lies from low to high, without `holes` */
  corm_value *holes; /* in the arena */
  uint32_t nholes;

  /* result */
  corm_object **targets;
  uint32_t *starts; /* nparents + 1 positions in targets */
  uint32_t group;   /* the next to be handed out */
  bool warned;      /* that there is more than one where there should be one */
} corm_gather;

enum { CORM_GATHER_KEYS = 500 }; /* of one statement, as SQLAlchemy's selectin loading has it */

void corm_gather_init(corm_gather *gather, const corm_mem *mem, corm_relationship *relationship);
void corm_gather_clear(corm_gather *gather);

/* Finds or enters a parent by address. */
CORM_MUST_USE corm_status corm_gather_parent(corm_gather *gather, corm_object *parent, uint32_t *out, corm_error *err);

/* Makes the gather one by key, with room for `max` keys of `width` values. */
CORM_MUST_USE corm_status corm_gather_by_key(corm_gather *gather, uint32_t width, uint32_t max, corm_error *err);
/* Enters a parent under a key, which is copied. */
CORM_MUST_USE corm_status corm_gather_enter(corm_gather *gather, corm_object *parent, const corm_value *key,
                                            corm_error *err);

/* Whether `allowed` keys can still make a range with few holes. */
bool corm_gather_may_be_range(const corm_gather *gather, uint32_t allowed);
/* Makes a range of the keys where fewer than `allowed` values have to be named for it; is_range says so. */
CORM_MUST_USE corm_status corm_gather_find_range(corm_gather *gather, uint32_t allowed, corm_error *err);
/* Forgets the parents and keys behind the first ones. No parent may have been linked. */
void corm_gather_cut(corm_gather *gather, uint32_t nparents, uint32_t nkeys);

/* A target for one parent; for all parents of a key. */
CORM_MUST_USE corm_status corm_gather_pull(corm_gather *gather, uint32_t parent, corm_object *target, corm_error *err);
CORM_MUST_USE corm_status corm_gather_pull_key(corm_gather *gather, const corm_value *key, corm_object *target,
                                               corm_error *err);

/* After the last row: sorts by parent, drops repetitions, marks the relationship of parents without targets as loaded.
 */
CORM_MUST_USE corm_status corm_gather_finish(corm_gather *gather, corm_error *err);
/* The next parent that is alive, misses the relationship and has targets. */
bool corm_gather_next(corm_gather *gather, corm_object **parent, corm_object *const **targets, uint32_t *n);
/* Links what corm_gather_next gave. */
CORM_MUST_USE corm_status corm_gather_link(corm_gather *gather, const uint32_t *edges, corm_error *err);

#endif
