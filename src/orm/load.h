/*
 * Rows become tracked objects. A loader is pulled by the host, which owns memory:
 *
 *   while (corm_loader_step(loader, err) == CORM_ROW)
 *     for (k = 0; k < corm_loader_entities(loader); k++) {
 *       size = corm_loader_need(loader, k, &object);      // 0: object is there already, or NULL (outer join)
 *       if (size) object = corm_loader_fill(loader, k, block_of(size), err);
 *       ... keep `object` alive until the loader is finished; root entities are the row's values ...
 *     }
 *   while (corm_loader_group(loader, &parent, &relationship, &targets, &n))
 *     corm_loader_link(loader, edges_of(parent, targets, n), err);
 *   while (corm_loader_next(loader, &sub, err) == CORM_ROW) run(sub), corm_loader_free(sub);   // eager loads
 *
 * So no call into the host happens below a core frame, and a host that unwinds leaves only a loader to free.
 */
#ifndef CORM_ORM_LOAD_H
#define CORM_ORM_LOAD_H

#include "orm/links.h"
#include "orm/load_plan.h"
#include "orm/session.h"
#include "sql/select.h"

/* What an option says of columns. */
typedef enum corm_columns_rule {
  CORM_COLUMNS_NONE, /* it is about a relationship */
  CORM_COLUMNS_ONLY, /* of several such: all others are deferred */
  CORM_COLUMNS_DEFER,
  CORM_COLUMNS_READ,  /* although they are deferred */
  CORM_COLUMNS_BELOW, /* what `mapper`, a class below the entity's, adds is read by a statement of its own */
  CORM_COLUMNS_GIVE   /* one that only queries give, as `expression` */
} corm_columns_rule;

/* How to load one relationship, or all that have no option of their own ("*"), and from there on. Borrowed by the
   loader and those it makes. */
typedef struct corm_load_option {
  corm_relationship *relationship; /* NULL: all */
  const corm_mapper *mapper;       /* of all: those of this class; NULL: of every class, from there on down */
  const corm_node *of;             /* of a root entity: the FROM of the alias that is meant; NULL: the class itself */
  corm_lazy strategy;
  bool inner;                   /* JOINED: by an inner join */
  int32_t recursion;            /* SELECTIN, IMMEDIATE: how many levels more are loaded likewise; -1: all */
  const corm_node *criteria;    /* over the target's own FROM: only these are loaded; NULL: all */
  const corm_bundle *contained; /* CONTAINED: the target as the query has it */
  const corm_bundle *type;      /* a class below the target, or several in a with_polymorphic, whose columns are read
                                   along; or an alias that is selected from; NULL: neither */
  uint8_t columns;              /* corm_columns_rule: of these of `mapper`, and nothing of the above but `of` */
  bool raise;                   /* deferred ones are not to be asked for */
  int32_t slot;                 /* -1: all, or those of the group */
  const char *group;
  const corm_node *expression; /* over the FROM of its entity, or of its class */
  struct corm_load_option *const *children;
  uint32_t nchildren;
} corm_load_option;

/* How a relationship is loaded, by an option or, without one that says it, by its own setting. */
static inline corm_lazy corm_load_strategy(const corm_load_option *option, const corm_relationship *relationship) {
  const bool said = option && option->strategy != CORM_LAZY_DEFAULT;
  return said ? option->strategy : (corm_lazy)relationship->def.lazy;
}
/* Whether it comes with the query that asks for it, by a statement or a join of corm's. */
static inline bool corm_lazy_is_eager(corm_lazy strategy) {
  return strategy == CORM_LAZY_JOINED || strategy == CORM_LAZY_SELECTIN || strategy == CORM_LAZY_SUBQUERY ||
         strategy == CORM_LAZY_IMMEDIATE;
}

/* Whether the type of an option is an alias, or a with_polymorphic of aliases, that the statement selects from. */
bool corm_load_is_selected_from(const corm_load_option *option, const corm_relationship *relationship);

typedef struct corm_load_options {
  const corm_late *late;          /* parameters that the text depends on, or NULL */
  corm_load_option *const *items; /* of the root entities */
  uint32_t n;
  corm_load_plan *plan; /* where the items are, held by the loader; NULL: they serve this load only */
  const uint64_t *set;  /* of corm_loader_get: bit per slot, what to read besides the key, and no relationships; NULL:
                           the row and what is loaded with it */
  const corm_row_lock *lock; /* of corm_loader_get: locks the row, and nothing is joined to it; or NULL */
  bool explain;              /* of corm_loader_new: the result is the database's plan, and nothing is loaded */
  bool analyze;              /* with `explain`: the statement is executed for it */
  uint32_t page;             /* of corm_loader_new: rows become objects so many at a time (corm_loader_pause); 0: all */
  bool told;                 /* of corm_loader_get: who listens has been told of the load */
  bool populate_existing;    /* overwrite what is loaded, unflushed changes included; relationships are loaded again */
  struct corm_branch *branch; /* of corm_loader_new, with `placed`: the database that it is for (orm/binds.h) */
  bool placed;
  bool no_eagerloads; /* of corm_loader_new: nothing is joined or asked for by a subquery of it */
  bool keep_changes;  /* of corm_loader_of and corm_loader_text: that leaves changes and relationships alone */
} corm_load_options;

/* The class of the first entity that is selected, or NULL. */
const corm_mapper *corm_select_class(const corm_select *select);

/*
 * Prepares an ORM query: rewrites the select for joined eager loading, autoflushes, compiles, executes. The select's
 * nodes must outlive the loader. Frees with corm_loader_free.
 */
CORM_MUST_USE corm_status corm_loader_new(corm_session *session, const corm_node *statement, const corm_params *params,
                                          const corm_load_options *options, corm_loader **out, corm_error *err);
/* The same for the rows of a statement that was compiled and executed by the caller; both must outlive the loader,
   which takes a reference to the result. Nothing is joined to it. */
CORM_MUST_USE corm_status corm_loader_of(corm_session *session, const corm_compiled *compiled, corm_result *result,
                                         const corm_load_options *options, corm_loader **out, corm_error *err);
/* The same for rows of any statement, whose columns are the items' by being the same column, or by name: n classes,
   aliases and columns. NoSuchColumnError when a part of a primary key, or a single column, is not among them; other
   attributes that are not there are loaded when they are asked for. */
CORM_MUST_USE corm_status corm_loader_text(corm_session *session, const corm_node *const *items, uint32_t n,
                                           const corm_compiled *compiled, corm_result *result,
                                           const corm_load_options *options, corm_loader **out, corm_error *err);
/* The row of a primary key; no autoflush. key: npk canonical values. */
CORM_MUST_USE corm_status corm_loader_get(corm_session *session, corm_mapper *mapper, const corm_value *key,
                                          const corm_load_options *options, corm_loader **out, corm_error *err);
void corm_loader_free(corm_loader *loader);
/* The same for one that was run to its end while its class is alive: that of a get may be kept for the next one. */
void corm_loader_finish(corm_loader *loader);

corm_status corm_loader_step(corm_loader *loader, corm_error *err);

/*
 * With options->page the host steps so many rows, pauses, takes groups and next loads as at the end, and goes on with
 * corm_loader_resume. Nothing of the rows before is held, so that a page takes the memory of a page.
 */
CORM_MUST_USE corm_status corm_loader_pause(corm_loader *loader, corm_error *err);
void corm_loader_resume(corm_loader *loader);

/* Entities of a row: first those selected, then hidden ones of joined eager loading. */
uint32_t corm_loader_entities(const corm_loader *loader);
size_t corm_loader_need(corm_loader *loader, uint32_t k, corm_object **object);
/* `block` holds at least `size` bytes; returns the object in it, or another one when making the block loaded the same
 * row (a finalizer may do that): the block was not touched then. NULL: err is set. */
corm_object *corm_loader_fill(corm_loader *loader, uint32_t k, void *block, corm_error *err);

/* The visible row: items in the order of the select list. */
uint32_t corm_loader_items(const corm_loader *loader);
/* The entity number of an item, or -1 and *column is its result column. */
int32_t corm_loader_item(const corm_loader *loader, uint32_t item, uint32_t *column);
/* True when the row repeats the values of an earlier row because of joined eager loading: not to be shown again. Asked
   when the row's entities are filled. */
bool corm_loader_duplicate(corm_loader *loader);
corm_result *corm_loader_result(corm_loader *loader); /* for plain columns; borrowed */
/* The class of entity k in the current row, once corm_loader_need was asked: that of the query or one below it. */
corm_mapper *corm_loader_mapper(const corm_loader *loader, uint32_t k);
corm_session *corm_loader_session(const corm_loader *loader);

bool corm_loader_group(corm_loader *loader, corm_object **parent, corm_object *const **targets, uint32_t *n);
/* edges: one per target, from host edges of `parent`. */
CORM_MUST_USE corm_status corm_loader_link(corm_loader *loader, const uint32_t *edges, corm_error *err);

/* False when there is certainly none: a host need not make room for it. */
bool corm_loader_has_next(const corm_loader *loader);
/* CORM_ROW and a loader for the next eager load, CORM_DONE, CORM_FAILED. */
CORM_MUST_USE corm_status corm_loader_next(corm_loader *loader, corm_loader **sub, corm_error *err);

#endif
