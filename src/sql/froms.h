/* Which FROMs an expression needs, and what a select's columns are called: passes shared by joins and the compiler. */
#ifndef CORM_SQL_FROMS_H
#define CORM_SQL_FROMS_H

#include "sql/node.h"

/* Numbers of FROMs, each by what it stands for: open addressing, in an arena. */
typedef struct corm_from_slot {
  const void *from; /* NULL: empty */
  uint32_t number;
} corm_from_slot;

typedef struct corm_from_map {
  corm_from_slot *slots; /* NULL: none */
  size_t mask;
} corm_from_map;

/* Room for n FROMs; false: the arena is full. */
bool corm_from_map_init(corm_from_map *map, corm_arena *arena, size_t n);
/* The FROM's slot, which is empty when it is not there; who fills it sets both. */
corm_from_slot *corm_from_map_find(const corm_from_map *map, const corm_node *from);

/* A set of FROMs in order of first mention. Lives where its user puts it; more than a few spill into the arena, and are
   found by a map. */
typedef struct corm_from_list {
  corm_arena *arena;
  const corm_node **items;
  uint32_t n;
  uint32_t nsaid; /* so many the statement itself names; columns have brought the others */
  size_t cap;
  corm_from_map map;
  bool restricted; /* some FROM that was added carries a condition */
  const corm_node *first[8];
} corm_from_list;

/* A column of a class with several tables stands for all of them: their JOIN, or the FROM itself. */
const corm_node *corm_from_whole(const corm_node *from);
/* The JOIN of the tables of a class, which its columns bring. */
bool corm_from_is_of_class(const corm_node *from);

void corm_from_list_init(corm_from_list *list, corm_arena *arena);
bool corm_from_list_has(const corm_from_list *list, const corm_node *from);
/* The same; of the JOIN that columns of a class have brought, whether all of its tables are there. */
bool corm_from_list_has_tables(const corm_from_list *list, const corm_node *from);
/* After items were moved forward in the array: the first n are what is left. */
void corm_from_list_cut(corm_from_list *list, uint32_t n);

/* A JOIN of the list that has the table of the class whose FROM that is, but as a part of another class; NULL: none. */
const corm_node *corm_from_list_captures(const corm_from_list *list, const corm_node *from);

/* The functions below return false when the arena is full. */
bool corm_from_list_add(corm_from_list *list, const corm_node *from);
/* Adds the FROM itself, and for a join all that it joins. */
bool corm_from_list_add_members(corm_from_list *list, const corm_node *from);
/* Adds the FROMs that the columns inside an expression belong to; subqueries keep theirs to themselves. */
bool corm_from_list_add_of(corm_from_list *list, const corm_node *node);
/* Drops what is a part of a join in the same list. */
bool corm_from_list_hide_joined(corm_from_list *list);

/* The FROMs of a select as they will stand there, correlation aside; `columns_only`: those that its columns ask for. */
CORM_MUST_USE corm_status corm_select_froms_in(corm_arena *arena, const corm_select *select, bool columns_only,
                                               corm_from_list *out, corm_error *err);

/* By what the columns of a select are found where it is aliased, one for each: "id", and "id_1" for the second of that
   key; NULL for raw text. In the arena. */
CORM_MUST_USE corm_status corm_select_keys_in(corm_arena *arena, const corm_node *element, const char *const **keys,
                                              uint32_t *n, corm_error *err);

/* A column of an aliased select, and by what it is found. */
typedef struct corm_from_column {
  const corm_node *node;
  const char *key;
  bool exact; /* the key is the column's own; a numbered one gives way to it */
} corm_from_column;

/* All columns of an aliased select (or of a DML statement's alias) that have a key, in order; in the arena. */
CORM_MUST_USE corm_status corm_from_columns_in(corm_arena *arena, const corm_node *from, corm_from_column **out,
                                               uint32_t *n, corm_error *err);

/* What tells one selected thing from another: a column of a FROM, or a node. */
typedef struct corm_identity {
  const void *a;
  const void *b;
  uint64_t path; /* of a subquery's column: the FROMs between */
} corm_identity;

corm_identity corm_node_identity(const corm_node *node);
bool corm_identity_same(corm_identity x, corm_identity y);
static inline const void *corm_from_identity(const corm_node *from) {
  return from && from->kind == CORM_NODE_TABLE ? (const void *)((const corm_table_node *)from)->table
                                               : (const void *)from;
}

/* The stem of an anonymous label: "count" of count(x), the column's name, else "anon". */
const char *corm_anon_stem(const corm_node *node);

typedef enum corm_label_kind {
  CORM_LABEL_NONE,
  CORM_LABEL_NAME,  /* `text` */
  CORM_LABEL_ANON,  /* `text` and a number that belongs to `identity` */
  CORM_LABEL_ALIAS, /* the name of the anonymous alias `from`, "_", `text` */
} corm_label_kind;

/* One column of a select list after expansion. */
typedef struct corm_select_column {
  const corm_node *node;
  const char *name; /* its natural name, NULL: none */
  const char *key;  /* for lookup; NULL: the label */
  const char *text;
  const corm_node *from;
  corm_identity identity;
  int32_t bundle; /* index of the BUNDLE among the select's bundles, or -1 */
  uint8_t label;  /* corm_label_kind */
  bool required;  /* the label is written even where the expression has a name */
} corm_select_column;

typedef struct corm_select_columns {
  corm_select_column *items;
  uint32_t n;
  const corm_bundle **bundles;
  uint32_t nbundles;
  bool textual; /* raw text or * among them */
} corm_select_columns;

/* Expands bundles and FROMs and decides the labels as SQLAlchemy does; in the arena. `style`: corm_label_style.
   CompileError for what cannot be selected. */
CORM_MUST_USE corm_status corm_select_columns_in(corm_arena *arena, const corm_node *const *columns, uint32_t n,
                                                 unsigned style, corm_select_columns *out, corm_error *err);
/* The same of a selectable or a DML statement with RETURNING, as they are seen from outside; none for other nodes. */
CORM_MUST_USE corm_status corm_selectable_columns_in(corm_arena *arena, const corm_node *element,
                                                     corm_select_columns *out, corm_error *err);
/* What the selectable has under a key that its columns have where it stands in FROM; NULL: nothing, or no memory. */
const corm_node *corm_selectable_column_in(corm_arena *arena, const corm_node *element, const char *key);

#endif
