/* What the files of loading share: load_open.c begins, load_get.c for a key, load.c runs, hydrate.c makes objects,
   eager.c plans, joined.c rewrites, fetch.c asks for relationships. Internal to orm/. */
#ifndef CORM_ORM_LOADER_H
#define CORM_ORM_LOADER_H

#include "orm/gather.h"
#include "orm/load.h"

/* The classes between the root of a query and an entity: default eager loading stops where a class comes again. */
typedef struct corm_load_path {
  const struct corm_load_path *up;
  const corm_mapper *mapper;
} corm_load_path;

/* A relationship to be loaded with statements of its own after the rows. */
typedef struct corm_load_job {
  struct corm_load_job *next;
  corm_relationship *relationship; /* NULL: the columns of a class below, which `below` is */
  const corm_mapper *below;
  const corm_load_option *option; /* NULL: by the relationship's own setting */
  bool within;                    /* by the query itself, if it serves */
  int32_t recursion;              /* levels still to be loaded below this one; -1: all */
  corm_vec parents;               /* of the level at hand; empty: the entity's objects */
  corm_vec found;                 /* with recursion: what the level brought */
} corm_load_job;

/* A strategy of the query for a relationship that is not loaded by it. */
typedef struct corm_load_override {
  const corm_relationship *relationship;
  uint8_t strategy;
} corm_load_override;

/* A slot that is read when the object is new. */
typedef struct corm_load_slot {
  uint16_t slot;
  uint8_t kind; /* as in `kinds` */
} corm_load_slot;

/* How the columns of an entity become an object of one class. Straight: each slot is the column of its number. */
typedef struct corm_load_shape {
  struct corm_load_shape *next;
  corm_mapper *mapper;
  const int16_t *place; /* by slot: the column of the bundle, -1: not selected; NULL: straight */
  uint8_t *kinds;       /* by slot: the storage kind that needs no decoding; CORM_VALUE_KIND_COUNT: all do */
  corm_load_slot *rest; /* of all that are selected but the key */
  uint32_t nrest;
  uint16_t *wide; /* the slots whose values may have bytes, by their kinds */
  uint32_t nwide;
  uint8_t *missing; /* by slot, where it is not straight: the flags of what is not selected */
  bool partial;     /* some slot is not selected */
} corm_load_shape;

/* Keeps objects by edges of one that is held. The edges are the owner's to drop. */
typedef struct corm_keeper {
  corm_object *owner;
  uint32_t *edges;
  uint32_t n, cap;
} corm_keeper;

/* An object in the rows. */
typedef struct corm_load_entity {
  corm_mapper *mapper;
  const corm_bundle *bundle; /* its columns in the statement */
  const corm_bundle *said;   /* of a root: in the script's own one */
  bool moved;                /* they are those of a subquery now */
  const corm_bundle *type;   /* option->type, as far as its columns are to be read along; NULL: none */
  uint32_t first;            /* result column of its first slot */
  corm_load_path path;

  /* joined eager loading */
  struct corm_load_entity *parent; /* NULL: the statement's own entity */
  corm_relationship *relationship; /* from there */
  const corm_load_option *option;  /* for it; NULL: none */
  const corm_node *right;          /* its FROM with what is nested in it, while the select is rewritten */
  bool contained;                  /* the query joins it */
  bool inner;                      /* by an inner join */
  bool nested;                     /* which stands inside the FROM of its parent */
  const corm_node *secondary;      /* alias of the association table; NULL: none */
  corm_gather gather;

  /* what its objects need besides */
  corm_load_option *const *options; /* given for it */
  uint32_t noptions;
  corm_load_job *jobs;           /* those that are still to be done */
  corm_load_job *all_jobs;       /* with pages: to be done for each */
  const corm_load_option *wild;  /* "*" that holds here and below; NULL: none */
  corm_load_override *overrides; /* lazy strategies that options say */
  uint32_t noverrides;
  const corm_mapper *const *heirs; /* classes below whose columns are read along */
  uint32_t nheirs;
  corm_vec seen;   /* with jobs: its objects */
  uint32_t offset; /* in seen: what the running job has dealt with */

  /* the current row */
  corm_object *object;
  uint32_t nread;  /* columns of it that were read: those of the key, where the last row's object was there already */
  bool was_known;  /* the last row's object was */
  bool unforeseen; /* a value has bytes, or may have, that its slot's kind has not */
  uint32_t room;   /* slots in `values` */
  uint32_t hash;
  corm_identity_place place; /* where the key was looked for in the identity map */
  corm_value
      *values; /* by slot, as the driver gave them or decoded; decoded bytes: as.i is the offset in loader->text */
  corm_value *key;
  corm_load_shape *shape;  /* of the current row's object */
  corm_load_shape *shapes; /* those met so far, that of `mapper` last */
  corm_value *raw;         /* the row by column, where it is not straight; else NULL */
  bool leads;              /* straight, and the key's columns come first, in order */
  bool keeps;              /* its objects are to know its options */
  corm_siblings *siblings;
  corm_object *lone; /* the only object so far, which is in another group */
} corm_load_entity;

typedef struct corm_load_item {
  int32_t entity; /* -1: a plain column */
  uint32_t column;
} corm_load_item;

struct corm_loader {
  const corm_late *late; /* while it is opened */
  const corm_mem *mem;
  corm_session *session;      /* held */
  const corm_mapper *of;      /* the class whose database is asked; NULL: the session's own */
  bool placed;                /* `branch` is chosen */
  struct corm_branch *branch; /* of that database, once it is; NULL: the session's own */
  const corm_dialect *dialect;
  bool lint;        /* the engine warns of FROMs that nothing connects */
  corm_arena arena; /* plan, statement */
  corm_compiled own;
  const corm_compiled *compiled; /* own, or the mapper's */
  corm_mapper_sql *home;         /* where it is kept for the next one; NULL: it is not (load_get.c) */
  uint32_t configuration;        /* of the registry, when it was prepared */
  const char **key_names;        /* of a get: the names of the binds of the key */
  corm_result *result;
  corm_vec entities; /* corm_load_entity * */
  uint32_t nvisible; /* the statement's own ones */
  corm_load_item *items;
  uint32_t nitems;
  const corm_load_path *path;    /* above the statement's entities */
  const corm_load_option *wild;  /* "*" that was said above them */
  corm_load_plan *plan;          /* held; NULL: none */
  corm_load_plan *also;          /* criteria of this statement alone; held; NULL: none */
  const corm_criteria *criteria; /* both plans', for this statement, or NULL */
  const corm_select *select;     /* the script's, for what is loaded within it; NULL: none */
  const corm_params *params;     /* likewise */
  corm_vec *found;               /* where the entity's objects are wanted; NULL: nowhere */
  uint32_t page;                 /* rows that become objects together; 0: all */
  bool populate_existing;
  bool keep_changes;  /* which populate_existing would overwrite */
  bool no_eagerloads; /* but by statements of their own */
  bool foreign;       /* the statement is the script's own, whose columns may hold what contains_eager says */
  bool columns_only;  /* of objects that are there: nothing is loaded with them */
  bool explain;       /* asks for the plan of the statement instead of its rows */
  bool analyze;       /* and executes it for that */
  bool alone;         /* one object by key: no siblings */
  bool many;          /* its rows are probably many */
  bool ahead;         /* nobody waits for its rows yet: others are read before */
  bool in_row;
  bool unique; /* joined collections repeat rows */
  bool counts; /* some of them are joined by the loader, so that a LIMIT would count them */

  /* loads of one relationship: the rows' only entity belongs to the parents with the key in these columns */
  corm_gather *fetch;
  uint32_t *key_columns;
  corm_value *key;

  corm_keeper *keeper; /* of the objects of the first entity, beyond the load; NULL: none */

  corm_buf text; /* bytes of the entity at hand */
  corm_map told; /* by address: whom populate_existing has filled while somebody listens */
  corm_scratch scratch;
  bool failed; /* `failure` waits for a function that can report it */

  /* rows shown so far, when unique */
  struct corm_shown *shown;
  corm_value *row_values;
  bool row_looked_at, row_repeated;

  uint32_t link_at;    /* where corm_loader_group goes on: 0 is the fetch, then the hidden entities */
  uint32_t job_entity; /* where corm_loader_next goes on */
  corm_loader *next;   /* the next eager load, whose statement was sent; NULL: there is none */

  /* last: they are large, and not cleared for every loader */
  corm_plan_criteria own_criteria;
  corm_error failure;
};

/* -- load.c -- */

/* An empty loader; autoflushes nothing. */
CORM_MUST_USE corm_status corm_loader_make(corm_session *session, corm_loader **out, corm_error *err);
/* The same over the result of a statement that was executed already. */
CORM_MUST_USE corm_status corm_loader_over(corm_session *session, const corm_compiled *compiled, corm_result *result,
                                           const corm_load_options *options, corm_loader **out, corm_error *err);
/* Takes a reference to the plans (either may be NULL): what outlives the loader, and criteria of its statement alone.
   `later`: the statement loads what belongs to objects of the query that has the plan. */
void corm_loader_follow(corm_loader *loader, corm_load_plan *plan, corm_load_plan *also, bool later);
/* Runs to the end through the host, and frees. */
CORM_MUST_USE corm_status corm_loader_run(corm_loader *loader, corm_error *err);

/* -- load_open.c -- */

/* Sets the loader's dialect: that of the session's engine. */
CORM_MUST_USE corm_status corm_loader_find_dialect(corm_loader *loader, corm_error *err);
/* Adds an entity of the statement's own, which stand first, with the options of all of them; then plans the eager
   loading of each, where joined loading (`joins`) appends entities of its own. */
CORM_MUST_USE corm_status corm_loader_add_root(corm_loader *loader, const corm_bundle *bundle,
                                               corm_load_option *const *options, uint32_t n, corm_error *err);
CORM_MUST_USE corm_status corm_loader_plan(corm_loader *loader, bool joins, corm_error *err);
/* Plans, compiles, executes. A statement other than SELECT must have its entities in RETURNING. */
CORM_MUST_USE corm_status corm_loader_open(corm_loader *loader, const corm_node *statement, const corm_params *params,
                                           corm_load_option *const *options, uint32_t n, bool autoflush,
                                           corm_error *err);
/* Sends what is compiled; the loader gets the result. */
CORM_MUST_USE corm_status corm_loader_send(corm_loader *loader, const corm_params *params, corm_error *err);
/* The same, prepares for its rows. */
CORM_MUST_USE corm_status corm_loader_execute(corm_loader *loader, const corm_params *params, bool autoflush,
                                              corm_error *err);
/* -- load_get.c -- */

/* Opens the load of a row by primary key. Of the options: items, set, lock. */
CORM_MUST_USE corm_status corm_loader_open_key(corm_loader *loader, corm_mapper *mapper, const corm_value *key,
                                               const corm_load_options *options, corm_error *err);
/* -- execute.c -- */

CORM_MUST_USE corm_status corm_session_tell_load(corm_session *session, const corm_load_news *news,
                                                 corm_load_plan **out, corm_error *err);
/* Before a load is prepared: who listens is told of it. Scripts run then: objects may have left the session afterwards,
   groups have other members. *out: criteria of the statement alone, a reference for the caller; or NULL. */
CORM_MUST_USE static inline corm_status corm_session_before_load(corm_session *session, corm_load_kind kind,
                                                                 const corm_mapper *mapper, corm_object *object,
                                                                 corm_load_plan **out, corm_error *err) {
  const corm_load_news news = {kind, session, mapper, object};
  *out = NULL;
  if (!(session->listening & CORM_EVENT_BIT(CORM_EVENT_DO_ORM_EXECUTE))) return CORM_OK;
  return corm_session_tell_load(session, &news, out, err);
}

/* -- hydrate.c -- */

/* Which column of the bundle a slot is, that is selected. */
static inline uint32_t corm_hydrate_column(const corm_load_shape *shape, uint32_t slot) {
  return shape->place ? (uint32_t)shape->place[slot] : slot;
}

static inline bool corm_load_is_root(const corm_load_entity *entity) {
  return !entity->parent && !entity->path.up;
}
/* The FROM of a root entity in the script's statement, if it is not its class itself; else NULL. */
static inline const corm_node *corm_load_alias(const corm_load_entity *entity) {
  const corm_node *from = (entity->said ? entity->said : entity->bundle)->from;
  return from == entity->mapper->from || from == entity->mapper->own->from ? NULL : from;
}
/* Whether what an option says of a root entity, or of an alias of it, is meant for this one. Below roots there is one.
 */
static inline bool corm_load_is_meant(const corm_load_entity *entity, const corm_node *of) {
  return !corm_load_is_root(entity) || of == corm_load_alias(entity);
}

/* Room for an entity's rows; its `first` is known. */
CORM_MUST_USE corm_status corm_hydrate_prepare(corm_loader *loader, corm_load_entity *entity, corm_error *err);

/* The object of an entity in the current row. NULL: err is set. */
corm_object *corm_hydrate_fill(corm_loader *loader, corm_load_entity *entity, void *block, corm_error *err);

/* -- eager.c -- */

/* Plans the eager loading of an entity; appends hidden ones with theirs when `joins` allows it. */
CORM_MUST_USE corm_status corm_eager_plan(corm_loader *loader, corm_load_entity *entity, bool joins, corm_error *err);
/* Strategies of the query for objects made by it. */
CORM_MUST_USE corm_status corm_eager_override(corm_load_entity *entity, corm_object *object, corm_error *err);

/* -- unique.c: corm_loader_duplicate -- */

/* -- below.c -- */

/* Plans the statements for what classes below an entity's add: of those that options name, and those that say so. */
CORM_MUST_USE corm_status corm_below_plan(corm_loader *loader, corm_load_entity *entity, corm_error *err);
/* The next of such a job: CORM_ROW and a loader, CORM_DONE when all objects have got what the class adds. */
CORM_MUST_USE corm_status corm_below_open(const corm_loader *loader, corm_load_entity *entity, corm_loader **out,
                                          corm_error *err);
/* Appends such a job, once for each class. */
CORM_MUST_USE corm_status corm_below_add(corm_loader *loader, corm_load_entity *entity, const corm_mapper *below,
                                         corm_error *err);

/* -- selection.c -- */

/* Notes the classes below an entity's whose columns are read along: those that a with_polymorphic names, or the class
   and the option do. */
CORM_MUST_USE corm_status corm_selection_heirs(corm_load_entity *entity, corm_arena *arena, corm_error *err);
/* Decides what is read of each entity: their bundles. After the planning of what is loaded with them. */
CORM_MUST_USE corm_status corm_selection_plan(corm_loader *loader, corm_error *err);
/* What stands in a slot of a class below the entity's, or of the entity's, where it is not selected; 0: it is to be
   read, if there is a column for it. */
uint8_t corm_selection_flags(const corm_load_entity *entity, const corm_mapper *mapper, uint32_t slot);
/* The next option from *at on that gives an attribute of the entity an expression, or NULL. */
const corm_load_option *corm_selection_given(const corm_load_entity *entity, uint32_t *at);
/* The select with the bundles of its own entities. */
CORM_MUST_USE corm_status corm_selection_apply(corm_loader *loader, const corm_select *select, const corm_select **out,
                                               corm_error *err);

/* -- joined.c -- */

/* Appends a hidden entity below another one. */
CORM_MUST_USE corm_status corm_joined_add(corm_loader *loader, corm_load_entity *parent,
                                          corm_relationship *relationship, const corm_load_option *option,
                                          corm_load_entity **out, corm_error *err);
/* Hidden entities that the query joins itself stand before the others. */
void corm_joined_sort(corm_loader *loader);

/* The select with the hidden entities joined to it; wrapped in a subquery where rows are counted or grouped. */
CORM_MUST_USE corm_status corm_joined_rewrite(corm_loader *loader, const corm_select *select, const corm_select **out,
                                              corm_error *err);

/* -- merge.c -- */

CORM_MUST_USE corm_status corm_keeper_add(corm_keeper *keeper, corm_object *object, corm_error *err);

/* -- within.c -- */

struct corm_fetch;
/* Whether a select can be a subquery that shows its parents' keys. */
bool corm_within_serves(const corm_select *select);
/* Fills the select with the columns of the target, behind them the parents' key, and what they come from. *secondary:
   alias of the association table, else left alone. */
CORM_MUST_USE corm_status corm_within_build(corm_arena *arena, const struct corm_fetch *fetch,
                                            const corm_bundle *target, uint32_t width, corm_select *select,
                                            const corm_node **secondary, corm_error *err);

/* -- fetch.c -- */

/*
 * Loads one relationship for parents. corm_fetch_open: CORM_ROW and a loader for up to 500 keys, or for
 * all if they make a range, CORM_DONE when nobody
 * misses it any more. Takes parents from `objects` at *offset. Parents whose key is NULL get nothing; many-to-one
 * targets that are in memory are linked at once, unless `option` asks for more below them.
 */
typedef struct corm_within {
  const corm_select *select;
  const corm_params *params;
  const corm_late *late;
  const corm_bundle *parents; /* its entity */
} corm_within;

typedef struct corm_fetch {
  const corm_within *within; /* the query that showed all of the parents, to be asked instead of keys; NULL: none */
  corm_session *session;
  corm_relationship *relationship;
  const corm_load_option *option; /* NULL: none */
  const corm_load_path *path;     /* down to the parents */
  const corm_load_option *wild;   /* that holds for the targets; NULL: none */
  corm_load_plan *plan;           /* of these; NULL: none */
  corm_load_plan *also;           /* criteria of this load alone; NULL: none */
  corm_vec *found;                /* takes the targets; NULL: not wanted */
  corm_siblings *siblings;        /* the group of the parents when they are weak */
  uint32_t start;                 /* the position among the parents to begin at; it goes on from the first */
  bool populate_existing;
  const corm_object *alone;  /* one that need not be the session's; it counts as it is. NULL: none */
  bool single;               /* one parent: "? = address.user_id" */
  bool ahead;                /* another load of the relationship will follow before the rows of this one are read */
  const corm_gather *beside; /* of the load before it, whose parents are still to be linked; NULL: there is none */
} corm_fetch;
/* Links without a statement where that is possible: CORM_DONE; CORM_OK when one is needed, CORM_ROW when the object's
   key is not loaded. */
CORM_MUST_USE corm_status corm_fetch_now(const corm_fetch *fetch, corm_object *object, corm_error *err);
CORM_MUST_USE corm_status corm_fetch_open(const corm_fetch *fetch, corm_object *const *objects, uint32_t n,
                                          uint32_t *offset, corm_loader **out, corm_error *err);

#endif
