/* How two mapped classes hang together: direction, the column pairs that are kept equal, cascades, loading. */
#ifndef CORM_ORM_RELATIONSHIP_H
#define CORM_ORM_RELATIONSHIP_H

#include "orm/mapper.h"

typedef enum corm_direction { CORM_ONE_TO_MANY, CORM_MANY_TO_ONE, CORM_MANY_TO_MANY } corm_direction;

enum {
  CORM_CASCADE_SAVE_UPDATE = 1,
  CORM_CASCADE_MERGE = 2,
  CORM_CASCADE_DELETE = 4,
  CORM_CASCADE_DELETE_ORPHAN = 8,
  CORM_CASCADE_REFRESH_EXPIRE = 16,
  CORM_CASCADE_EXPUNGE = 32,
  CORM_CASCADE_DEFAULT = 3,
  CORM_CASCADE_ALL = 1 | 2 | 4 | 16 | 32
};

/* X(enumerator, "name"): the lazy option. */
#define CORM_LAZIES(X)                                                                                                 \
  X(BATCH, "batch")                                                                                                    \
  X(SELECT, "select")                                                                                                  \
  X(SELECTIN, "selectin")                                                                                              \
  X(SUBQUERY, "subquery")                                                                                              \
  X(JOINED, "joined")                                                                                                  \
  X(IMMEDIATE, "immediate")                                                                                            \
  X(RAISE, "raise")                                                                                                    \
  X(RAISE_ON_SQL, "raise_on_sql")                                                                                      \
  X(NOLOAD, "noload")                                                                                                  \
  X(WRITE_ONLY, "write_only")                                                                                          \
  X(DYNAMIC, "dynamic")

typedef enum corm_lazy {
#define CORM_X(id, name) CORM_LAZY_##id,
  CORM_LAZIES(CORM_X)
#undef CORM_X
      CORM_LAZY_COUNT,
  /* what only an option of a query says */
  CORM_LAZY_CONTAINED = CORM_LAZY_COUNT, /* by the query's own join */
  CORM_LAZY_DEFAULT                      /* as the relationship says; the option leads to others */
} corm_lazy;

typedef enum corm_passive_deletes { CORM_PASSIVE_NO, CORM_PASSIVE_YES, CORM_PASSIVE_ALL } corm_passive_deletes;

/*
 * What a script declares; strings and columns are copied or must outlive the mapper. What names other classes (columns
 * of foreign_keys, remote_side, order_by) may still be filled in by the host in `relationship->def` until the
 * relationship is configured, that is while relationship->target is NULL.
 */
typedef struct corm_relationship_def {
  const char *key;
  const char *target;         /* class name; or */
  corm_mapper *target_mapper; /* the class itself */
  corm_table *secondary;
  const char *back_populates;
  const char *overlaps; /* keys of other relationships that may write the same columns; NULL: none */
  int8_t uselist;       /* -1: by direction */
  uint8_t lazy;         /* corm_lazy */
  uint32_t cascade;
  uint8_t passive_deletes;
  bool viewonly;
  bool single_parent;
  bool active_history; /* a new value loads the old one first */
  bool on_pending;     /* a new object in a session loads it by the keys that it was given */
  bool post_update;
  bool active_updates;              /* passive_updates = false: corm passes changed keys on to other rows itself */
  bool innerjoin;                   /* joined loading by an inner join */
  uint8_t join_depth;               /* eager loading back to the own class: how often; 0: not */
  corm_column *const *foreign_keys; /* chooses among several foreign keys */
  uint32_t nforeign_keys;
  /* Self-referential: the far end. With a secondary table that refers twice to one class: its columns that point to the
     target. */
  corm_column *const *remote_side;
  uint32_t nremote_side;
  const corm_node *const *order_by; /* over the target's table */
  uint32_t norder_by;
  const corm_node *secondary_from; /* what `secondary` stands for, of which the conditions speak; NULL: itself */
  const corm_node *primaryjoin; /* over the parent's table and the target's, or the secondary one; NULL: foreign keys */
  const corm_node *secondaryjoin; /* over the secondary table and the target's */
  bool reversed;                  /* what primaryjoin says is remote is this class's own: it is the inverse's */
  bool no_sync;                   /* the inverse is only checked: changes do not go from one to the other */
} corm_relationship_def;

/* near = slot in the parent; far = slot in the target (or, for secondary, see below). */
typedef struct corm_pair {
  uint32_t near_slot;
  uint32_t far_slot;
} corm_pair;

/* A column of the secondary table and the slot it mirrors. */
typedef struct corm_secondary_pair {
  corm_column *column;
  uint32_t slot;
} corm_secondary_pair;

struct corm_relationship {
  corm_relationship_def def; /* with copied strings */
  const char *key;
  corm_mapper *parent;
  corm_mapper *target; /* NULL until configured */
  uint32_t index;      /* in parent->relationships */
  corm_direction direction;
  bool uselist;
  bool is_void;  /* stands in a concrete class at the number of one of its parent's, which it has not */
  bool hooked;   /* set by the host: it is asked about changes */
  bool surveyed; /* by corm_registry_survey */
  bool shaped;   /* the host's: its script sees the list as something else */
  uint32_t cascade;
  corm_relationship *inverse;
  corm_relationship *next_led; /* of the same parent: corm_mapper.led */
  /* ONE_TO_MANY: near = referenced key in parent, far = foreign key in target. MANY_TO_ONE: near = foreign key in
   * parent, far = key. */
  corm_pair *pairs;
  uint32_t npairs;
  bool by_primary_key; /* MANY_TO_ONE whose far slots are the target's whole primary key, in `pk_order` */
  uint32_t *pk_order;  /* pk position -> pair index */
  corm_secondary_pair *near_secondary; /* MANY_TO_MANY */
  corm_secondary_pair *far_secondary;
  uint32_t nnear, nfar;
  /* Of conditions that were given (joincond.c); `on`, `far_on` NULL: the pairs say it all. */
  const corm_node *on;     /* to the target, or to the secondary table */
  const corm_node *far_on; /* from the secondary table to the target */
  const corm_node *rest;   /* what a load asks for beside its keys, over the target and the secondary table */
  bool by_parent;          /* a load joins the parent's table, and goes by its primary key */
  /* Columns of the secondary table or the parent's that rows of a load show whose they are by; none: far columns of the
     pairs. */
  corm_secondary_pair *load_keys;
  uint32_t nload_keys;
  void *host_data;
};

/* Adds a relationship to a mapper. ArgumentError for a taken key, an impossible cascade. */
CORM_MUST_USE corm_status corm_relationship_new(corm_mapper *parent, const corm_relationship_def *def,
                                                corm_relationship **out, corm_error *err);
/* What stands at its number in a concrete class below its own. NULL: out of memory. */
corm_relationship *corm_relationship_void(corm_mapper *mapper, const corm_relationship *of);
/* Resolves target, columns, direction, inverse. Called by corm_registry_configure. */
CORM_MUST_USE corm_status corm_relationship_configure(corm_relationship *relationship, corm_error *err);
/* The mapper's own relationships are no longer among the referrers of their targets, except those of the registry `but`
   (NULL: none is spared). */
void corm_relationships_leave(corm_mapper *mapper, const corm_registry *but);
/* The target is freed: what refers to it, which is on its way out as well, has none any more. */
void corm_relationships_lose(corm_mapper *target);
/* True for a collection that no access loads, only what a statement asks of it. */
static inline bool corm_relationship_is_unread(const corm_relationship *relationship) {
  return relationship->def.lazy == CORM_LAZY_WRITE_ONLY || relationship->def.lazy == CORM_LAZY_DYNAMIC;
}
/* Takes pairs, direction and ways of loading from primaryjoin, with `far` from secondaryjoin. In joincond.c. */
CORM_MUST_USE corm_status corm_relationship_use_condition(corm_relationship *relationship, bool far, corm_error *err);
/* True when the pairs alone are the condition. */
static inline bool corm_relationship_is_plain(const corm_relationship *relationship) {
  return !relationship->rest && !relationship->by_parent;
}
/* relationship->on or far_on, said of the nodes of the columns of both sides by slot. NULL: out of memory. */
const corm_node *corm_relationship_condition_in(corm_arena *arena, const corm_relationship *relationship,
                                                const corm_node *on, const corm_node *const *near,
                                                const corm_node *secondary, const corm_node *const *far);
/* Pairs inverses; after all of the registry are configured. */
CORM_MUST_USE corm_status corm_relationship_pair(corm_relationship *relationship, corm_error *err);

/* Warns of relationships that write the same column and do not know of each other. In overlap.c. */
CORM_MUST_USE corm_status corm_registry_survey(const corm_registry *registry, corm_error *err);

/* "save-update, merge" or "all, delete-orphan" -> flags; ArgumentError for unknown words. */
CORM_MUST_USE corm_status corm_cascade_parse(const char *text, uint32_t *out, corm_error *err);

/* ON clause(s) from `left` (a FROM of the parent) to `right` (a FROM of the target); for MANY_TO_MANY *secondary_on
   joins left to the secondary FROM `secondary` and *on the secondary to right. */
CORM_MUST_USE corm_status corm_relationship_on_in(corm_arena *arena, const corm_relationship *relationship,
                                                  const corm_node *left, const corm_node *secondary,
                                                  const corm_node *right, const corm_node **secondary_on,
                                                  const corm_node **on, corm_error *err);

/* An expression over the target's own FROM, said of another one of it and of an alias of the association table (NULL:
   as it is). NULL: out of memory. In joined.c. */
const corm_node *corm_joined_adapt(corm_arena *arena, const corm_node *node, const corm_relationship *relationship,
                                   const corm_node *target, const corm_node *secondary);

/* The same with the nodes of all columns of either side, by slot. */
CORM_MUST_USE corm_status corm_relationship_on_columns_in(corm_arena *arena, const corm_relationship *relationship,
                                                          const corm_node *const *left, const corm_node *secondary,
                                                          const corm_node *const *right, const corm_node **secondary_on,
                                                          const corm_node **on, corm_error *err);

#endif
