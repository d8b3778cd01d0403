/*
 * A mapper ties a class to a table: attributes to slots, relationships to foreign keys. Mappers of one registry
 * know each other by name; relationships are resolved when first needed (corm_registry_configure).
 */
#ifndef CORM_ORM_MAPPER_H
#define CORM_ORM_MAPPER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "orm/host.h"
#include "schema/metadata.h"
#include "sql/compile.h"

typedef struct corm_relationship corm_relationship;

/* Classes that can name each other. */
typedef struct corm_registry {
  const corm_mem *mem;
  const corm_host *host;   /* keeps the objects of all its classes */
  corm_map classes;        /* name -> corm_mapper * */
  bool configured;         /* false again when a mapper is added */
  uint32_t configurations; /* how often it was */
} corm_registry;

void corm_registry_init(corm_registry *registry, const corm_mem *mem, const corm_host *host);
void corm_registry_clear(corm_registry *registry);
/* Lets its classes go: they are `disposed`, and no relationship of theirs is looked at any more. */
void corm_registry_dispose(corm_registry *registry);
/* Whether a relationship of its classes leads to one of `on`. */
bool corm_registry_depends(const corm_registry *registry, const corm_registry *on);

typedef enum corm_attribute_kind {
  CORM_ATTRIBUTE_COLUMN,     /* of one of the mapper's tables; written by a flush unless read_only */
  CORM_ATTRIBUTE_EXPRESSION, /* an expression over mapper->from: read with the row, never written */
  CORM_ATTRIBUTE_GIVEN,      /* read only where a query gives its expression */
  CORM_ATTRIBUTE_VOID        /* of a concrete class: its parent's, which it has not; never has a value */
} corm_attribute_kind;

/* What an object has a slot for; its position is the slot. */
typedef struct corm_attribute {
  const char *key;             /* attribute name */
  const corm_type *type;       /* the column's, or the expression's; that of a foreign key's target once configured */
  corm_column *column;         /* of COLUMN: in the table that owns it (mapper->tables[level]); else NULL */
  corm_column *const *also;    /* by level: the same value in other tables of the mapper (employee.id, engineer.id),
                                  NULL: not there; NULL for all: in no other table */
  const corm_node *expression; /* of EXPRESSION and GIVEN, over the mapper's tables; NULL: none, or not known yet */
  uint8_t kind;                /* corm_attribute_kind */
  uint8_t level;               /* of COLUMN: which of mapper->tables */
  bool plain;                  /* the default dialect codec's decode is the identity for it */
  bool primary_key;
  bool referred;       /* rows of other objects repeat it: it is a key, or one side of a relationship's condition */
  bool read_only;      /* a flush leaves the column alone */
  bool active_history; /* a new value asks the database for the old one first, where that has expired */
  bool deferred;       /* read when it is asked for, not with its object */
  bool raise;          /* deferred: and then only where a query says so */
  bool keeps;          /* of EXPRESSION: its value outlives a flush of the object */
  const char *group;   /* deferred: read together with those of the same group; NULL: alone */
} corm_attribute;

/* Who says what the next version of a row is. */
typedef enum corm_version_kind {
  CORM_VERSION_COUNTED, /* 1, then always one more */
  CORM_VERSION_HOOK,    /* a function of the host's, called as the column's default would be */
  CORM_VERSION_GIVEN    /* the script, or the database */
} corm_version_kind;

/* When what the database computed in a row is read. */
typedef enum corm_eager_defaults {
  CORM_EAGER_AUTO,   /* with the INSERT where it can tell and rows are few; else when somebody asks for it */
  CORM_EAGER_ALWAYS, /* with the statement, or else right after it */
  CORM_EAGER_NEVER   /* when somebody asks for it */
} corm_eager_defaults;

/* How a class's rows are written and read; those below have what the root has. */
typedef struct corm_mapper_rules {
  int version_hook;
  uint8_t version_kind;     /* corm_version_kind */
  uint8_t eager_defaults;   /* corm_eager_defaults */
  bool unconfirmed_deletes; /* nobody is told of a DELETE that finds no row */
  bool active_updates;      /* a new key is written in each of an object's tables: nothing passes it on */
  bool whole_keys;          /* a row whose key is NULL in part is no object, as if it were NULL wholly */
  bool one_by_one;          /* each object is written by statements of its own, between its hooks */
  bool refreshes;           /* every row that is read overwrites the object that is there, changes included */
} corm_mapper_rules;

/* A table that objects of a mapper have rows in. */
typedef struct corm_mapper_table {
  corm_table *table;
  const corm_node *from; /* TABLE node, also part of mapper->from */
  uint32_t *slots;       /* by column->index: the slot, UINT32_MAX: not mapped */
  uint32_t nslots;       /* columns that the table had when it was mapped */
  int32_t generated;     /* slot whose value the database makes with a new row; -1 none, or one of another table */
} corm_mapper_table;

/* SQL that a mapper uses again and again, compiled once for each dialect. */
typedef struct corm_mapper_sql {
  struct corm_mapper_sql *next;
  const corm_dialect *dialect; /* NULL: no longer right, kept for who uses it */
  const uint64_t *set;         /* bit per slot: what it reads besides the key; NULL: the whole row */
  corm_arena arena;
  const corm_bundle *bundle; /* what it selects */
  struct corm_loader *kept;  /* the last get's, without a session; NULL: none (orm/load_get.c) */
  corm_compiled get;         /* SELECT ... WHERE pk = ?; required binds "pk_1", "pk_2" ..., or "row key 1" ... */
} corm_mapper_sql;

/*
 * Inheritance: the slots and relationships of a class begin with those of its parent, under the same numbers. So what
 * holds slot numbers of a class (pairs of relationships, indices of links, `pk`) holds for objects of its subclasses.
 * A class gets new columns only while it has no subclasses and no objects.
 *
 * A concrete class has a table of its own and rows in no other. It is a root, with keys of its own, and one of its
 * parent's kind all the same: what it declares under the name of an attribute of the parent's has that one's number,
 * and the numbers of what it does not declare stay void.
 */
struct corm_mapper {
  const corm_mem *mem;
  corm_arena arena;
  corm_registry *registry;
  const char *name;
  corm_mapper *parent;       /* NULL: inherits from no class */
  corm_mapper *root;         /* whose keys its objects share: itself without a parent */
  uint32_t depth;            /* classes above it */
  corm_vec children;         /* corm_mapper *: the classes that name it as their parent */
  corm_table *table;         /* its own, the last of `tables` */
  const corm_node *local;    /* with several tables: `table` by itself, which statements write; else NULL */
  corm_mapper_table *tables; /* the root's first; a class that adds no table has those of its parent; or those of a
                                join */
  uint32_t ntables;
  bool joined;               /* they are those of a join */
  bool selected;             /* the one table stands for the columns of a select, and `from` is its alias: read only */
  const corm_node *from;     /* TABLE node, or the JOIN of all tables, which leans to the left */
  const corm_bundle *bundle; /* what is read of its objects: all slots in order, or, with a view, those not deferred */
  corm_attribute *attributes;
  uint32_t nattributes; /* slots */
  uint32_t nlater; /* of them those that are not read with each object: deferred, given by queries, not known yet */
  uint32_t nexpressions; /* of them no columns */
  uint32_t *pk;          /* slots of the primary key */
  uint32_t npk;
  int32_t discriminator; /* slot that says which class a row is of: the parent's, too; -1 none */
  corm_value identity;   /* what stands there for this class; ABSENT: it has none */
  /* Queries of this class, and of those between it and the mapper, read what the mapper adds along; NULL: none do. */
  const corm_mapper *inline_of;
  bool selectin; /* queries of classes above read what the mapper adds by a statement right after them */
  bool concrete;
  /* Of a class whose queries select from a UNION of its table and those of concrete classes below: an alias of that,
     which is `from`; and the name of the column that says which class a row is of. NULL: none. */
  const corm_node *united;
  const char *united_type;
  const corm_bundle *own; /* what is read by key: `bundle`, or with `united` one over the table */
  bool widens;            /* some class below stands in queries of this one, or follows them */
  int32_t version;        /* slot of the row's version; -1 none */
  corm_mapper_rules rules;
  corm_vec relationships; /* corm_relationship *; index = relationship->index */
  corm_map by_key;        /* attribute or relationship key -> index + 1, relationships offset by nattributes */
  bool configured;
  bool disposed;                /* its registry let it go: nothing is read or written any more */
  bool holds;                   /* set by the host: it keeps what it made of some values (CORM_SLOT_HELD) */
  bool has_orphans;             /* some relationship with delete-orphan points here */
  uint64_t id_seed;             /* distinguishes classes in identity hashes: the root's */
  uint8_t number;               /* set by the host: distinguishes it from all other classes; 0: it has none */
  corm_vec referrers;           /* relationships of other mappers (or this) whose target this is */
  corm_relationship *led;       /* its own ones that are among their targets' referrers */
  corm_mapper_sql *sql;         /* one for each dialect in use */
  struct corm_written *written; /* of a root: which objects were (orm/keyed.h); NULL: nobody asks */
  uint64_t listening; /* bits of mapper and instance events, set by the host; subclasses have their parents' */
  void *host_data;    /* the host's class */
};

/* The class after `at` of those below `top`, each behind its parent: begin with `top`. NULL: that was the last. */
const corm_mapper *corm_mapper_next_below(const corm_mapper *top, const corm_mapper *at);

/* The i-th relationship that ties rows of the class to others: its own ones, then those of other classes that lead to
   it or to a class above (*own: false). NULL at the end. */
static inline corm_relationship *corm_mapper_tie(const corm_mapper *mapper, size_t i, bool *own) {
  *own = i < mapper->relationships.len;
  if (*own) return mapper->relationships.items[i];
  i -= mapper->relationships.len;
  for (const corm_mapper *m = mapper; m; i -= m->referrers.len, m = m->parent)
    if (i < m->referrers.len) return m->referrers.items[i];
  return NULL;
}

/* True for the class itself and the classes below it. */
static inline bool corm_mapper_isa(const corm_mapper *mapper, const corm_mapper *of) {
  while (mapper->depth > of->depth) mapper = mapper->parent;
  return mapper == of;
}

/* The same where objects of both have keys and rows in common: no concrete class stands between. */
static inline bool corm_mapper_is_kin(const corm_mapper *mapper, const corm_mapper *of) {
  return mapper->root == of->root && corm_mapper_isa(mapper, of);
}

/* Whether objects of the class have rows in the table. */
static inline bool corm_mapper_has_table(const corm_mapper *mapper, const corm_table *table) {
  for (uint32_t t = 0; t < mapper->ntables; t++)
    if (mapper->tables[t].table == table) return true;
  return false;
}

/* Whether a foreign key ties the rows of one object in two tables: both columns of each pair are the same attribute. */
bool corm_mapper_is_between_levels(const corm_mapper *mapper, const corm_constraint *key);

/* One attribute of a new class. */
typedef struct corm_attribute_def {
  const char *key; /* NULL: the column's key */
  corm_column *column;
  corm_column *const *also; /* of a class over a join: columns of other tables that have the same value */
  uint32_t nalso;
  const char *group; /* of a deferred one; NULL: none */
  bool read_only, deferred, raise, active_history;
  bool given; /* of corm_mapper_add_expression: queries say what it is */
  bool keeps;
} corm_attribute_def;

/* What a class is made of. Everything is copied, apart from tables, columns and the parent, which are borrowed. */
typedef struct corm_mapper_def {
  const char *name;
  corm_mapper *parent; /* NULL: none */
  corm_table *table;   /* its own; NULL: that of the parent (single-table inheritance) */
  /* Attributes besides the parent's. NULL: all columns of `table`. A column that the ON clause below ties to one of the
     parent's tables is the parent's attribute once more, whatever its key. */
  const corm_attribute_def *attributes;
  uint32_t nattributes;
  corm_column *const *primary_key; /* NULL: the table's; with a parent: always the parent's */
  uint32_t nprimary_key;
  const char *version;        /* key of the attribute that counts the row's versions; NULL: none. The root's only */
  corm_mapper_rules rules;    /* the root's only */
  const char *discriminator;  /* key of the attribute that says which class a row is of; NULL: the parent's, or none */
  const corm_value *identity; /* canonical, of the discriminator's type; NULL: none */
  const corm_mapper *inline_of; /* the mapper's own, NULL: none */
  bool selectin;
  bool concrete;           /* with a parent and a table */
  const corm_node *united; /* an alias, whose arena outlives the mapper */
  const char *united_type;
  const corm_node *join; /* of `table` and others by inner joins, leaning to the left, `table` being the first; the
                            attributes are given then. NULL: none; not with a parent */
  const corm_node *selectable; /* ALIAS that is selected from in the place of `table`, which has columns of the keys of
                                  its own and is in no database; NULL: none. Outlives the mapper; not with a parent */
  const corm_node *on; /* with a parent and a table: what joins them; NULL: from the foreign keys. Its arena outlives
                          the mapper */
} corm_mapper_def;

/* Makes a mapper. ArgumentError without a primary key, InvalidRequestError when the registry has the name. */
CORM_MUST_USE corm_status corm_mapper_new(const corm_mem *mem, corm_registry *registry, const corm_mapper_def *def,
                                          corm_mapper **out, corm_error *err);
void corm_mapper_free(corm_mapper *mapper);
/* Takes a class whose definition failed out of its registry, so that it can be defined again. */
void corm_mapper_forget(corm_mapper *mapper);

/*
 * Maps one more column of the table, as the last slot. InvalidRequestError once statements were made for the class;
 * there must be no objects of it either, which the caller knows. ArgumentError for a part of the primary key and a
 * taken key.
 */
CORM_MUST_USE corm_status corm_mapper_add_column(corm_mapper *mapper, const corm_attribute_def *def, corm_error *err);
/* UnmappedError for one that is disposed. */
CORM_MUST_USE corm_status corm_mapper_check_mapped(const corm_mapper *mapper, corm_error *err);

/* Concrete classes have come below a class that is united: its queries select from `element` in the alias, which is the
   class's own, or from the same as before (NULL), and read what these classes add. */
CORM_MUST_USE corm_status corm_mapper_unite(corm_mapper *mapper, const corm_node *element, corm_error *err);
/*
 * Adds an attribute that is no column, as the last slot; it has a `key` and no `column`. Nothing is read for it until
 * its expression is known. InvalidRequestError for a class with subclasses; there must be no objects of it either,
 * which the caller knows.
 */
CORM_MUST_USE corm_status corm_mapper_add_expression(corm_mapper *mapper, const corm_attribute_def *def,
                                                     corm_error *err);
/* Lets an attribute that is no column, and whose expression is known, say the class of a row; `identity` is what it
   says of this class's rows, NULL: nothing. For a class without a parent and without classes below. ArgumentError for
   an attribute that is deferred, or whose expression nobody has said. */
CORM_MUST_USE corm_status corm_mapper_discriminate(corm_mapper *mapper, uint32_t slot, const corm_value *identity,
                                                   corm_error *err);
/* Says what an attribute that is no column is, for the class and those below it: an expression over the mapper's tables
   or whatever else, whose nodes outlive the mapper. There must be no objects of these classes. */
CORM_MUST_USE corm_status corm_mapper_set_expression(corm_mapper *mapper, uint32_t slot, const corm_node *expression,
                                                     corm_error *err);
/* The primary key of a new class: slots of its columns. ArgumentError when one of them is not mapped, or deferred. */
CORM_MUST_USE corm_status corm_mapper_take_key(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err);
/* The expressions that a new class has from its parent, said of its own tables. */
CORM_MUST_USE corm_status corm_mapper_take_expressions(corm_mapper *mapper, corm_error *err);
/* The number of slots has changed: relationships have other numbers, and the bundle other columns. */
CORM_MUST_USE corm_status corm_mapper_remake(corm_mapper *mapper, corm_error *err);

/* Takes over what configuration told the columns: types of foreign keys, which column the database counts. */
void corm_mapper_note_types(corm_mapper *mapper);

/* The class of the root's family with that polymorphic identity, or NULL. */
corm_mapper *corm_mapper_identified(corm_mapper *root, const corm_value *identity);

/* Gives a relationship that the mapper has just got, its last, to the classes below it. InvalidRequestError when one of
   them is in use and has relationships of its own, ArgumentError when one has an attribute of that name. */
CORM_MUST_USE corm_status corm_mapper_hand_down(corm_mapper *mapper, corm_relationship *relationship, corm_error *err);

/* InvalidRequestError: its objects are read only. */
corm_status corm_mapper_refuse_write(const corm_mapper *mapper, corm_error *err);

/* Slot of an attribute, or -1. */
int32_t corm_mapper_slot(const corm_mapper *mapper, const char *key, size_t len);
/* Slot of a column of one of the mapper's tables, or -1. */
int32_t corm_mapper_column_slot(const corm_mapper *mapper, const corm_column *column);
/* The column that holds a slot in the table of a level, or NULL. */
corm_column *corm_mapper_level_column(const corm_mapper *mapper, uint32_t level, uint32_t slot);
corm_relationship *corm_mapper_relationship(const corm_mapper *mapper, const char *key, size_t len);
/* The nearest attribute or relationship name for a typo, or NULL. */
const char *corm_mapper_nearest(const corm_mapper *mapper, const char *key);

/* Resolves all relationships of the registry. Idempotent and cheap when done. */
CORM_MUST_USE corm_status corm_registry_configure(corm_registry *registry, corm_error *err);

/* The mapper of a class or alias in a statement; NULL for a bundle of other columns. */
static inline corm_mapper *corm_bundle_mapper(const corm_bundle *bundle) {
  return (corm_mapper *)(uintptr_t)bundle->owner; /* const in the tree only */
}

/* Classes below a bundle's whose own slots (all but the parent's) stand in it, too. */
typedef struct corm_view_part {
  const corm_mapper *mapper;
  const int16_t *place;   /* by slot, from the first of its own on: the column of the bundle, -1: not selected */
  const uint8_t *missing; /* likewise the flags of what is not selected */
} corm_view_part;

/* What the columns of a bundle are (bundle->view) where they are not the slots of its mapper in order. */
typedef struct corm_view {
  const int16_t *place;   /* by slot: the column of the bundle, -1: not selected; NULL: the first ones, in order */
  const uint8_t *missing; /* by slot: the flags of what is not selected in a new object, although the FROM has
                             it; NULL: it has no more than these */
  const corm_view_part *parts;
  uint32_t nparts;
  int16_t type;            /* with parts: the column that says which class a row is of; -1: the discriminator does */
  const corm_node *joined; /* with parts: the FROM that has the tables of all of them, which leans to the left. Where it
                              is not the bundle's, it begins with that, and a loader joins the rest */
} corm_view;

/* The FROM of a level's table within `from`: mapper->from, or one that joins the same tables, or aliases of them. */
const corm_node *corm_mapper_level_from(const corm_mapper *mapper, uint32_t level, const corm_node *from);
/* A FROM like mapper->from made of aliases: named `name`, with several tables `name`_table; NULL: anonymous. */
const corm_node *corm_mapper_alias_in(corm_arena *arena, const corm_mapper *mapper, const char *name);
/* What is said of a class with several tables, said of its own table, `local`: in subqueries that do not select from
   the class, too. *stranger: an attribute that only another table has, which stays; or NULL. NULL when the arena is
   full. */
const corm_node *corm_mapper_local_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *node,
                                      const corm_attribute **stranger);
/* A condition of the class, of the rows of `local`: where other tables have a part in it, EXISTS of the row above. */
const corm_node *corm_mapper_local_condition_in(corm_arena *arena, const corm_mapper *mapper,
                                                const corm_node *condition);
/* An anonymous one that stands where a relationship leads to the class: criteria of the class hold of it. */
const corm_node *corm_mapper_follow_in(corm_arena *arena, const corm_mapper *mapper);
/* A bundle of what is read of the mapper's objects over another FROM (an alias). */
const corm_node *corm_mapper_bundle_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from);
/* The same with other slots: those whose flag in `missing` is 0. `missing` is borrowed. */
const corm_node *corm_mapper_bundle_without_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from,
                                               const uint8_t *missing);
/* In `missing`: not read, and no value is there or can be asked for. */
#define CORM_SLOT_EMPTY UINT8_MAX
/* What a query that says nothing about it reads: missing[slot] is 0, the flags that stand instead of a value, or
   CORM_SLOT_EMPTY. */
void corm_mapper_missing(const corm_mapper *mapper, uint8_t *missing);
uint8_t corm_mapper_missing_flags(const corm_attribute *attribute);
/* By slot: the column over a FROM, NULL where the attribute is no column. NULL: out of memory. */
const corm_node *const *corm_mapper_slots_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from);
/* The column node of a slot over a FROM (NULL: the table itself); a LABEL of the key for what is no column. */
const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from);
/* The same of what is no column: what a subquery selects under its key, NULL where nothing is known. */
const corm_node *corm_mapper_expression_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                           const corm_node *from);
/* An expression over the mapper's tables said of another FROM of its. */
const corm_node *corm_mapper_say_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *expression,
                                    const corm_node *from);
/* The same of the primary key and the slots of a set only. level: -1, or that of the one table that `from` is. */
const corm_bundle *corm_mapper_part_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from,
                                       int32_t level, const uint64_t *set);
/* The primary key and the slots of a set: over one table below the root's where that has all of them. */
const corm_bundle *corm_mapper_columns_in(corm_arena *arena, const corm_mapper *mapper, const uint64_t *set);
/* The column of such a bundle that is component i of the primary key. */
const corm_node *corm_mapper_key_column(const corm_mapper *mapper, const corm_bundle *bundle, uint32_t i);
/* The compiled SELECT by primary key, of the slots of a set and the key (NULL: of all). It may read more than the set.
   Where one table below the root's has all of them, it is the only one that is read. */
CORM_MUST_USE corm_status corm_mapper_get_sql(corm_mapper *mapper, const corm_dialect *dialect, const uint64_t *set,
                                              const corm_mapper_sql **out, corm_error *err);
/* What was compiled is no longer right; or will not be used any more. */
void corm_mapper_forget_sql(corm_mapper *mapper);
void corm_mapper_free_sql(corm_mapper *mapper);

#endif
