/*
 * SELECT, and what it selects from: tables, aliases, joins; and selects as values.
 */
#ifndef CORM_SQL_SELECT_H
#define CORM_SQL_SELECT_H

#include "sql/expression.h"

typedef struct corm_select corm_select;

typedef struct corm_subselect {
  corm_node base;
  const corm_select *select;
} corm_subselect;

struct corm_bundle;

/* How the value of a bundle without owner is made of its columns' values, one step after the other: of the next column;
   `bundle`, one of its items, begins; or ends, itself with the last step. */
typedef struct corm_bundle_step {
  const struct corm_bundle *bundle; /* NULL: a column */
  bool ends;
} corm_bundle_step;

typedef struct corm_bundle {
  corm_node base;
  const char *name;  /* "User" */
  const void *owner; /* the ORM's entity; the compiler hands it on, like `view` */
  const void *view;  /* the ORM's: what the columns are, where they are not the entity's in order; or NULL */
  const corm_node *from;
  const corm_node *const *columns;
  uint32_t n;
  bool distinct;                 /* columns only, no two of one name: alone in a select they need no labels */
  const corm_bundle_step *steps; /* without owner */
  uint32_t nsteps;
  uint32_t nitems; /* its own columns and bundles; `columns` has those of all */
} corm_bundle;

typedef struct corm_table_node {
  corm_node base;
  const corm_table *table;
  const corm_node *only;  /* a condition that its rows meet wherever it is selected from (sql/restrict.h), or NULL */
  const corm_node *whole; /* the JOIN whose columns' FROM this is: a column brings all of it; or NULL */
  const void *owner;      /* the ORM's class whose FROM this begins, for corm_criteria; or NULL */
} corm_table_node;

/* Raw SQL of the user's at a fixed place of a select (or of INSERT, UPDATE, DELETE, a CTE). */
typedef enum corm_select_text_place {
  CORM_SELECT_PREFIX,        /* behind SELECT */
  CORM_SELECT_SUFFIX,        /* at the end */
  CORM_SELECT_HINT,          /* at `from` */
  CORM_SELECT_STATEMENT_HINT /* before the suffixes */
} corm_select_text_place;

typedef struct corm_select_text {
  const corm_node *text;
  const corm_node *from;
  const char *dialect; /* the only one that has it; NULL: all */
  uint8_t place;       /* corm_select_text_place */
} corm_select_text;

/* What makes an alias a common table expression. */
typedef struct corm_cte {
  /* The one that this is a UNION with, under the same name: the table that its own text may speak of. NULL: none. */
  const struct corm_alias *restates;
  const corm_select_text *texts; /* prefixes, behind AS, and suffixes, at the end */
  uint32_t ntexts;
  bool recursive;
  bool nesting; /* its WITH stands at the select that names it, not at the statement */
} corm_cte;

/* base.flags of an ALIAS: the row that an upsert was about to insert, as "excluded"; one that nobody named, which the
   ORM made to follow a relationship. */
enum { CORM_ALIAS_PROPOSED = 1, CORM_ALIAS_FOLLOWED = 2 };

typedef struct corm_alias {
  corm_node base;
  const char *name;          /* NULL: anonymous, "user_1" for tables, "anon_1" for selects */
  const corm_node *element;  /* TABLE, a selectable, a CTE; of a CTE also an INSERT, UPDATE or DELETE with RETURNING */
  const corm_cte *cte;       /* NULL: none */
  const corm_node *sampling; /* TABLESAMPLE's method; NULL: all rows */
  const corm_node *seed;     /* its REPEATABLE; NULL: none */
  const corm_node *whole;    /* the JOIN of aliases that this is a part of (corm_table_node.whole); or NULL */
  bool lateral;              /* LATERAL: a select that sees the FROMs beside it */
  bool renames;              /* the ORM's: a class is read from it whose columns have other names here */
} corm_alias;

typedef struct corm_join {
  corm_node base;
  const corm_node *left;
  const corm_node *right;
  const corm_node *on;
  bool outer;
  bool full;
} corm_join;

/* How the columns of a select are labelled. */
typedef enum corm_label_style {
  CORM_LABEL_STYLE_DISAMBIGUATE, /* the second of a name gets a number */
  CORM_LABEL_STYLE_TABLE,        /* user.id AS user_id */
  CORM_LABEL_STYLE_NONE          /* as they are, of one name or not */
} corm_label_style;

/* The style that an aliased select is labelled by: its columns must be told apart. */
#define corm_inner_style(select)                                                                                       \
  ((select)->label_columns == CORM_LABEL_STYLE_NONE ? CORM_LABEL_STYLE_DISAMBIGUATE                                    \
                                                    : (corm_label_style)(select)->label_columns)

/* FOR UPDATE and its kin. */
typedef struct corm_row_lock {
  const corm_node *const *of; /* the FROMs whose rows are locked; none: of all */
  uint32_t nof;
  bool read;
  bool key_share;
  bool nowait;
  bool skip_locked;
} corm_row_lock;

/* What few selects have. */
typedef struct corm_select_extra {
  const corm_node *const *distinct_on; /* with `distinct` */
  uint32_t ndistinct_on;
  const corm_row_lock *lock; /* NULL: none */
  const corm_select_text *texts;
  uint32_t ntexts;
  const corm_bind *const *given; /* values of named parameters, of the select and of what is in it */
  uint32_t ngiven;
  bool fetch; /* the limit is written FETCH FIRST */
  bool with_ties;
  bool percent;
} corm_select_extra;

/* X(enumerator, SQL): what joins the parts of a COMPOUND */
#define CORM_SET_OPS(X)                                                                                                \
  X(UNION, "UNION")                                                                                                    \
  X(UNION_ALL, "UNION ALL")                                                                                            \
  X(INTERSECT, "INTERSECT")                                                                                            \
  X(INTERSECT_ALL, "INTERSECT ALL")                                                                                    \
  X(EXCEPT, "EXCEPT")                                                                                                  \
  X(EXCEPT_ALL, "EXCEPT ALL")

typedef enum corm_set_op {
#define CORM_X(id, text) CORM_SET_##id,
  CORM_SET_OPS(CORM_X)
#undef CORM_X
      CORM_SET_OP_COUNT
} corm_set_op;

/*
 * A selectable, which has columns and may stand alone, in FROM, as a value, in IN and EXISTS: of kind SELECT; COMPOUND,
 * whose columns are those of its first part and of whose members only GROUP BY, ORDER BY, LIMIT and OFFSET count; or
 * TEXTUAL, of which only `text` and `columns` do.
 */
struct corm_select {
  corm_node base;
  const corm_node *const *columns; /* expressions, labels, bundles; TABLE and ALIAS mean all their columns */
  uint32_t ncolumns;
  const corm_node *const *froms; /* explicit: select_from, joins; more are inferred from the columns and WHERE */
  uint32_t nfroms;
  const corm_node *where; /* NULL: none */
  const corm_node *having;
  const corm_node *const *group_by;
  uint32_t ngroup_by;
  const corm_node *const *order_by;
  uint32_t norder_by;
  const corm_node *limit; /* a bind or expression */
  const corm_node *offset;
  const corm_node *const *correlate; /* explicit correlate(); NULL: automatic; not NULL with ncorrelate 0: none */
  uint32_t ncorrelate;
  const corm_select_extra *extra;         /* NULL: nothing */
  const struct corm_select *const *parts; /* COMPOUND: one at least */
  uint32_t nparts;
  corm_set_op set_op;
  const corm_text *text;        /* TEXTUAL */
  const corm_node *const *ctes; /* add_cte(): CTEs that nothing needs to name */
  uint32_t nctes;
  const corm_node *const *correlate_except; /* all enclosing FROMs but these; NULL: not said */
  uint32_t ncorrelate_except;
  bool distinct;
  uint8_t label_columns; /* corm_label_style */
};

/* The node as a selectable, NULL when it is none. */
static inline const corm_select *corm_as_select(const corm_node *node) {
  bool is = node->kind == CORM_NODE_SELECT || node->kind == CORM_NODE_COMPOUND || node->kind == CORM_NODE_TEXTUAL;
  return is ? (const corm_select *)node : NULL;
}
/* The one whose columns the selectable has: itself, or the innermost first part. */
const corm_select *corm_select_leader(const corm_select *select);

const corm_node *corm_table_node_in(corm_arena *arena, const corm_table *table);
const corm_node *corm_alias_in(corm_arena *arena, const corm_node *element, const char *name);
/* The table under the name by which an upsert speaks of the row that was to be inserted. */
const corm_node *corm_proposed_in(corm_arena *arena, const corm_table *table);
/* What the columns of a FROM (no join) come from: its table, selectable, function or DML statement. */
const corm_node *corm_from_element(const corm_node *from);
/* WITH name AS (element); `cte` is copied. */
const corm_node *corm_cte_in(corm_arena *arena, const corm_node *element, const char *name, const corm_cte *cte);
/* parts joined by the operator; the array is copied. */
const corm_node *corm_compound_in(corm_arena *arena, corm_set_op op, const corm_select *const *parts, size_t n);
/* Text that gives these columns; the array is copied. */
const corm_node *corm_textual_in(corm_arena *arena, const corm_text *text, const corm_node *const *columns, size_t n);
/* table AS name TABLESAMPLE sampling REPEATABLE (seed). */
const corm_node *corm_tablesample_in(corm_arena *arena, const corm_node *element, const char *name,
                                     const corm_node *sampling, const corm_node *seed);
/* LATERAL (SELECT ...) AS name. */
const corm_node *corm_lateral_in(corm_arena *arena, const corm_node *element, const char *name);
/* (SELECT ...) as a value, of the type of its first column; EXISTS (SELECT ...). The select is borrowed. */
const corm_node *corm_scalar_subquery_in(corm_arena *arena, const corm_select *select);
const corm_node *corm_exists_in(corm_arena *arena, const corm_select *select);
/* left JOIN right ON on. */
const corm_node *corm_join_in(corm_arena *arena, const corm_node *left, const corm_node *right, const corm_node *on,
                              bool outer, bool full);

/* -- FROMs (sql/froms.c, sql/join.c) -- */

/* The ON clause from the foreign keys between two FROMs: NoForeignKeysError, AmbiguousForeignKeysError. */
CORM_MUST_USE corm_status corm_join_condition_in(corm_arena *arena, const corm_node *left, const corm_node *right,
                                                 const corm_node **out, corm_error *err);

/* A column of a FROM by key: a table's column, or an alias's; NULL when there is none (or the arena is full). */
const corm_node *corm_from_column_in(corm_arena *arena, const corm_node *from, const char *key);
/* The column of an alias of a select that stands for a table's column, whatever it is called; NULL: none, or no memory.
 */
const corm_node *corm_from_selected_in(corm_arena *arena, const corm_node *from, const corm_column *column);

/* The name that a FROM shows in messages: "user". */
const char *corm_from_name(const corm_node *from);

/*
 * select.join(): the select's FROM list with `right` joined to it. `left` NULL: the one FROM (explicit, else of the
 * columns) that can join; `on` NULL: from the foreign keys. InvalidRequestError when there is no left side or several.
 */
CORM_MUST_USE corm_status corm_select_join_in(corm_arena *arena, const corm_select *select, const corm_node *left,
                                              const corm_node *right, const corm_node *on, bool outer, bool full,
                                              const corm_node *const **froms, uint32_t *nfroms, corm_error *err);

/* True when both name the same FROM: one table is the same whichever node stands for it. */
bool corm_from_same(const corm_node *a, const corm_node *b);

/* True when `part` is `from` or stands in it, where that is a join; false also when the arena is full. */
bool corm_from_contains(corm_arena *arena, const corm_node *from, const corm_node *part);
/* Whether all that the select reads are tables of classes that it lists: then no row comes twice. False when the arena
   is full, too. */
bool corm_select_reads_listed(corm_arena *arena, const corm_select *select);

#endif
