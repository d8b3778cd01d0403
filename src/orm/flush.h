/*
 * One flush: what has to be written (flush.c), in which order (plan.c), which keys travel (sync.c), and the pages of
 * rows (persist.c). Internal to orm/.
 */
#ifndef CORM_ORM_FLUSH_H
#define CORM_ORM_FLUSH_H

#include "orm/links.h"
#include "orm/session.h"

typedef enum corm_work_kind { CORM_WORK_INSERT, CORM_WORK_UPDATE, CORM_WORK_DELETE } corm_work_kind;

/* One row to write. object->flush is its index + 1. */
typedef struct corm_work {
  corm_object *object;
  uint32_t first_sync; /* index + 1 into syncs; 0: none */
  uint32_t last_sync;
  uint32_t replaces;   /* INSERT: index + 1 of the DELETE whose row it writes over; 0: none */
  uint32_t first_post; /* index + 1 into posts; 0: none */
  uint32_t first_pass; /* index + 1 into passes; 0: none */
  uint32_t rank;       /* position of its mapper in the order of tables */
  uint8_t kind;        /* corm_work_kind */
  bool linked;         /* some relationship was touched */
  bool replaced;       /* DELETE: its row is written over, and stays */
  bool waiting;        /* collected in a page, but not written: its key may be on its way */
  bool switched;       /* UPDATE: a key that others refer to changes; it is in flush->switched */
  uint8_t last_level;  /* INSERT, UPDATE: the last of its tables that is written */
} corm_work;

/* Before `child` is written, its foreign key becomes the key of `parent`, or NULL. */
typedef struct corm_sync {
  const corm_relationship *relationship;
  corm_object *child;
  corm_object *parent; /* NULL: clear */
  uint32_t next;       /* of the same child; index + 1 */
} corm_sync;

/* A slot of a primary key that the database changes when `parent` is written, before the row is: it gets the parent's
   value (orm/key_pass.c). */
typedef struct corm_pass {
  corm_object *parent;
  uint32_t slot, theirs;
  uint32_t next;  /* of the same work; index + 1 */
  corm_value key; /* what the row has got; ABSENT: not yet, or what it had */
} corm_pass;

/* A row of a secondary table. */
typedef struct corm_association {
  const corm_relationship *relationship;
  corm_object *near;
  corm_object *far;
  uint8_t kind; /* corm_work_kind; UPDATE: it gets the new keys of its objects */
} corm_association;

typedef struct corm_handover corm_handover;

typedef struct corm_flush {
  corm_session *session;
  struct corm_preview *preview; /* nothing is written: orm/preview.h; NULL: it is a flush */
  corm_conn *conn;
  const corm_mem *mem;
  corm_work *works;
  uint32_t nworks, works_cap;
  corm_sync *syncs;
  uint32_t nsyncs, syncs_cap;
  corm_sync *posts; /* of relationships with post_update: written by an UPDATE of their own */
  uint32_t nposts, posts_cap;
  corm_pass *passes;
  uint32_t npasses, passes_cap;
  corm_association *associations;
  uint32_t nassociations, associations_cap;
  size_t nnews;      /* of session->news when it was collected: they have works, what comes later waits */
  corm_vec switched; /* objects whose keys, by which others refer to them, change (orm/key_switch.c) */
  bool rekeyed;      /* some primary key was replaced */
  bool passing;      /* rows are written whose keys the database passes on */
  corm_map seen;     /* association rows already noted, from the other side */
  corm_map places;   /* of a routed session: class or table -> where its rows go (orm/persist.c) */
  corm_vec mappers;  /* involved, in order of writing after corm_plan_order */
  uint32_t *order;   /* works in order of writing: deletes that come first, inserts and updates, then other deletes */
  uint32_t nsaves;   /* how many of `order` are inserts and updates */
  corm_handover *handover; /* of unique values (orm/handover.h); NULL: none */
  bool *cyclic;            /* by rank: rows of this mapper may need rows of its own table or of one that needs it */
} corm_flush;

/* Objects lie where the host put them, so that each pass waits for memory once an object, unless it asks in time: for
   the header and the first slots of what comes so many steps later. */
enum { CORM_FLUSH_AHEAD = 8 };
static inline void corm_flush_ahead(const corm_object *object) {
  __builtin_prefetch(object);
  __builtin_prefetch(&object->mapper);
  __builtin_prefetch(&object->slots[2]);
}

/* Grows an array of plain structs to hold one more. NULL when out of memory. */
void *corm_flush_grow(const corm_mem *mem, void *items, uint32_t n, uint32_t *cap, size_t size);

/* The rank of the rows of flush->mappers[at]: classes that inherit from each other have one, that of the first. */
uint32_t corm_flush_rank(const corm_flush *flush, uint32_t at);

/* The work of an object, made as an UPDATE when there is none. NULL: err is set. */
corm_work *corm_flush_work(corm_flush *flush, corm_object *object, corm_error *err);

/* The object whose row the work writes: of a new one that takes the row of a deleted one, that. */
static inline const corm_object *corm_flush_row_of(const corm_flush *flush, const corm_work *work) {
  return work->replaces ? flush->works[work->replaces - 1].object : work->object;
}

/* What has to be written, and what relationships say of it. */
CORM_MUST_USE corm_status corm_flush_collect(corm_flush *flush, corm_error *err);
void corm_flush_clear(corm_flush *flush);

/* -- sync.c -- */
CORM_MUST_USE corm_status corm_sync_add(corm_flush *flush, const corm_relationship *relationship, corm_object *child,
                                        corm_object *parent, corm_error *err);
CORM_MUST_USE corm_status corm_association_add(corm_flush *flush, const corm_relationship *relationship,
                                               corm_object *near, corm_object *far, corm_work_kind kind,
                                               corm_error *err);
/* True for objects that have rows in the session, or will have, and are not about to leave it. */
bool corm_sync_takes_part(const corm_flush *flush, const corm_object *object);
/* Collects what the relationships of one work say. */
CORM_MUST_USE corm_status corm_sync_collect(corm_flush *flush, corm_object *object, corm_work_kind kind,
                                            corm_error *err);
/* Copies the keys into the object, just before it is written. */
CORM_MUST_USE corm_status corm_sync_apply(corm_flush *flush, const corm_work *work, corm_error *err);

/* The same for one. */
CORM_MUST_USE corm_status corm_sync_apply_one(corm_sync sync, corm_error *err);
/* Of the k-th pair: the slot that refers, in the child, and the one that is referred to. */
uint32_t corm_sync_child_slot(const corm_relationship *relationship, uint32_t k);
uint32_t corm_sync_parent_slot(const corm_relationship *relationship, uint32_t k);
/* What a key that is still on its way brings into the slot, as far as its parent has it; NULL: nothing comes. */
const corm_value *corm_sync_coming(const corm_flush *flush, const corm_object *object, uint32_t slot);
/* True when the slot gets another value, by the script or from a parent. */
bool corm_sync_changes(const corm_flush *flush, const corm_object *object, uint32_t slot);
/* Loads a slot of an object that is going to be deleted, if it is expired; that its row is gone is no failure. */
CORM_MUST_USE corm_status corm_sync_know(corm_object *object, uint32_t slot, corm_error *err);

/* -- key_switch.c -- */
/* Finds the objects whose keys change. What corm passes on itself (passive_updates = false) becomes part of the flush:
   their children's foreign keys, their association rows. FlushError when another object of the session has the key. */
CORM_MUST_USE corm_status corm_key_switch_collect(corm_flush *flush, corm_error *err);
/* After all is written: what the database has passed on to rows of objects in memory is noted there, as works of which
   nothing is left to be written. */
CORM_MUST_USE corm_status corm_key_switch_follow(corm_flush *flush, corm_error *err);
/* True when what a relationship refers to by changes in the parent. */
bool corm_key_switch_changes(const corm_flush *flush, const corm_relationship *relationship, const corm_object *parent);
/* True when an UPDATE of the flush gives the parent of a sync the key that the child gets, or lets the database do so.
 */
bool corm_key_switch_gives(const corm_flush *flush, const corm_sync *sync);
/* True when corm itself passes changed keys on; of a MANY_TO_MANY: those of the near side, and of the far one. */
bool corm_relationship_is_active(const corm_relationship *relationship);
bool corm_relationship_is_active_far(const corm_relationship *relationship);

/* -- key_pass.c -- */
/* Finds the rows whose primary keys the database changes before they are written: they have a parent's in them. */
CORM_MUST_USE corm_status corm_key_pass_collect(corm_flush *flush, corm_error *err);
/* True when the database changes what a relationship refers to by in the parent, which takes part in the flush. */
bool corm_key_pass_reaches(const corm_flush *flush, const corm_relationship *relationship, const corm_object *parent);
/* The parents of a work are written: its object gets their keys. */
CORM_MUST_USE corm_status corm_key_pass_begin(corm_flush *flush, const corm_work *work, corm_error *err);
/* Syncs and hooks have had their say: what the row has already need not be written, and what it lost has to be. */
CORM_MUST_USE corm_status corm_key_pass_settle(corm_flush *flush, const corm_work *work, corm_error *err);
/* What the row has by now, or will have when its turn comes: the database may change the slots of a primary key. */
const corm_value *corm_key_pass_has(const corm_flush *flush, const corm_work *work, uint32_t slot);
const corm_value *corm_key_pass_will_have(const corm_flush *flush, const corm_work *work, uint32_t slot);
/* All is written: deleted objects have the old keys again, should they come back. */
void corm_key_pass_end(corm_flush *flush);

/* -- row_switch.c -- */
/* Finds the new rows that take the keys of deleted ones. */
CORM_MUST_USE corm_status corm_row_switch_collect(corm_flush *flush, corm_error *err);

/* -- post_update.c -- */
/* True when the key of a relationship is written by an UPDATE of its own. */
bool corm_post_has(const corm_relationship *relationship);
CORM_MUST_USE corm_status corm_post_add(corm_flush *flush, corm_work *work, const corm_relationship *relationship,
                                        corm_object *parent, corm_error *err);
/* The keys of an object that is deleted become NULL before. */
CORM_MUST_USE corm_status corm_post_collect_deleted(corm_flush *flush, corm_object *object, corm_error *err);
/* True when a foreign key in rows of the mapper is NULL by the time when they are deleted. */
bool corm_post_covers(const corm_mapper *mapper, const corm_constraint *fk);

/* -- plan.c -- */
/* Orders mappers by foreign keys, rows within a mapper by U08, rows of cyclic tables one by one.
 * CircularDependencyError. */
CORM_MUST_USE corm_status corm_plan_order(corm_flush *flush, corm_error *err);
/* The first of the flush's classes that has rows in the table, or -1. */
ptrdiff_t corm_plan_class_of(const corm_flush *flush, const corm_table *table);
/* The object that a foreign key's committed values point to, when it is in this session and they are known. */
corm_object *corm_plan_referenced(const corm_flush *flush, const corm_object *object, const corm_constraint *fk,
                                  const corm_mapper *target);

/* -- holders.c -- */
/* Takes the deleted objects of the flush, whose state says so already, out of what holds them in memory. */
CORM_MUST_USE corm_status corm_holders_leave(corm_flush *flush, corm_error *err);

/* -- persist.c -- */
/* Runs everything in order. */
CORM_MUST_USE corm_status corm_persist(corm_flush *flush, corm_error *err);

#endif
