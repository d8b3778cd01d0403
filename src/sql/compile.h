/*
 * From tree to text: one pass over the nodes, calling the dialect for what databases spell differently. The result
 * says where each bind stands and what each result column is; it copies what it needs from the tree except the nodes
 * and types it points at, which must outlive it.
 */
#ifndef CORM_SQL_COMPILE_H
#define CORM_SQL_COMPILE_H

#include "base/arena.h"
#include "base/error.h"
#include "sql/dialect.h"
#include "sql/node.h"

/*
 * What an execution gives for a bindparam() that is marked late: its value decides the text (a list behind IN, a
 * literal), or a function makes it (callable_). Asked while the statement is compiled; the answer lives in the arena.
 */
typedef struct corm_late_values {
  bool given;
  const corm_value *values; /* a list's, row-major for tuples; else one */
  uint32_t n;
} corm_late_values;

typedef struct corm_late {
  corm_status (*find)(void *ctx, const corm_bind *bind, corm_arena *arena, corm_late_values *out, corm_error *err);
  void *ctx;
} corm_late;

/* A parameter that was given so, and is none of the binds. */
typedef struct corm_late_name {
  const struct corm_late_name *next;
  const char *name;
} corm_late_name;

/* Where a placeholder's value comes from. */
typedef enum corm_bind_source {
  CORM_BIND_VALUE,    /* `node` holds it, unless node->required: then the parameters, by `name` */
  CORM_BIND_REQUIRED, /* the parameters, by `name`: a column of INSERT or UPDATE without values; node is NULL */
  CORM_BIND_DEFAULT,  /* column->default_ (VALUE or HOOK), unless the parameters have `name`; node is NULL */
  CORM_BIND_ONUPDATE  /* column->onupdate (VALUE or HOOK), likewise */
} corm_bind_source;

/* One placeholder in the text, in order. A bind that stands in several places is reported as often, but for places of
   one kind where placeholders have numbers. */
typedef struct corm_compiled_bind {
  const char *name;      /* "name_1", "id_1_2" for the 2nd element of an expanded list, "name_m1" in the 2nd row */
  const corm_bind *node; /* NULL: see `source` */
  const corm_type *type;
  const corm_column *column; /* whose value it is (INSERT, SET, comparison): names the place in errors; or NULL */
  int32_t element;           /* index into node->values when expanded, else -1 */
  uint32_t row;              /* of a multi-row INSERT: a default's hook is called once for each */
  uint32_t part;             /* the compiler's: the CTE that it stands in, 0: none */
  uint8_t source;            /* corm_bind_source */
  uint8_t place;             /* the compiler's: what it stands beside */
  bool assigned;             /* `column` is to keep the value */
} corm_compiled_bind;

typedef struct corm_compiled_column {
  const char *name; /* as the result names it (label or column name) */
  const char *key;  /* attribute name for lookup: the column's key, the label */
  const corm_type *type;
  const corm_node *node; /* the expression selected, for lookup by object */
  int32_t bundle;        /* index into `bundles`, or -1 */
} corm_compiled_column;

/* One item of the select list that is several columns. */
typedef struct corm_compiled_bundle {
  const corm_bundle *node;
  uint32_t first; /* column index */
  uint32_t n;
} corm_compiled_bundle;

typedef struct corm_compiled {
  const char *sql; /* as sent to the driver */
  size_t len;
  const corm_node *statement;
  const corm_compiled_bind *binds;
  uint32_t nbinds;
  const corm_compiled_column *columns; /* none: does not return rows, or raw text */
  uint32_t ncolumns;
  const corm_compiled_bundle *bundles;
  uint32_t nbundles;
  bool is_dml;
  bool writes_within; /* a CTE does */
  bool is_insert;
  bool unfiltered;     /* UPDATE or DELETE without criteria that does not say `all`: to be refused when executed */
  bool keys;           /* RETURNING was added for the key: `columns` are columns of the primary key, not of a result */
  bool written;        /* with `keys`, of return_defaults(): other columns, too, of UPDATE as well, and of every row */
  bool shared;         /* with `written`: they are the rows of the result, too */
  const char *warning; /* about FROMs that nothing connects; NULL: none, or not looked for */
  const corm_late_name *late; /* parameters that are used up by the text */
  bool textual;               /* raw text or * among the columns: the result has other columns than `columns` says */
  size_t row_at;              /* INSERT of one row: where its "(?, ?)" stands in the text */
  size_t row_len;             /* 0: there is none */
} corm_compiled;

typedef struct corm_compile_options {
  const corm_late *late;                /* NULL: nothing is given */
  const struct corm_criteria *criteria; /* conditions of the classes that it names (sql/restrict.h), or NULL */
  bool named;                           /* show ":name" instead of the driver's placeholders */
  bool literal_binds;                   /* values inlined and escaped, for reading */
  bool lint;                            /* look for FROMs that nothing connects: corm_compiled.warning */
  bool unqualified;                     /* columns without their table: CHECK, index expressions */
  bool text; /* nobody asks for the binds, nor for the columns of the result, which may be left out */
  bool keys; /* an INSERT of one row returns the key that the database generates, where the dialect fetches keys
                so (returns_key), which shown text has always, and of an upsert where there is RETURNING */
} corm_compile_options;

/* Compiles a statement or a bare expression into the arena. CompileError, UnsupportedCompilationError, ArgumentError.
 */
CORM_MUST_USE corm_status corm_compile_in(corm_arena *arena, const corm_dialect *dialect, const corm_node *node,
                                          const corm_compile_options *options, corm_compiled *out, corm_error *err);

/*
 * The same for statements of chosen columns, the flush's and executemany's form: `columns`, `set` and `where` become
 * required binds in this order. Columns left out get their SQL-expression default (onupdate) inlined; other defaults
 * are the caller's. Names: "name" for INSERT and SET, "user_id" (table_column) in WHERE.
 */
typedef struct corm_inlined { /* columns whose values are expressions; they stand behind the others */
  const corm_column *const *columns;
  const corm_node *const *values;
  size_t n;
} corm_inlined;

CORM_MUST_USE corm_status corm_compile_insert_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *columns, size_t n,
                                                 const corm_inlined *inlined, const corm_column *const *returning,
                                                 size_t nreturning, corm_compiled *out, corm_error *err);
CORM_MUST_USE corm_status corm_compile_update_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *set, size_t nset,
                                                 const corm_inlined *inlined, const corm_column *const *where,
                                                 size_t nwhere, corm_compiled *out, corm_error *err);
CORM_MUST_USE corm_status corm_compile_delete_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *where,
                                                 size_t nwhere, corm_compiled *out, corm_error *err);

/* -- many rows in one statement (emit_bulk.c) -- */

/* The text of an INSERT of one row with nrows rows: "VALUES (?, ?), (?, ?)". NULL, without an error, where the
   dialect numbers its placeholders or the statement has no row to repeat; NULL with `arena->failed` when out of memory.
 */
const char *corm_compile_repeat_in(corm_arena *arena, const corm_dialect *dialect, const corm_compiled *one,
                                   size_t nrows, size_t *len);

/*
 * Statements whose parameters are arrays, one for each column (CORM_BULK_UNNEST, or a row_source): the same text for
 * any number of rows. Rows are inserted in the order of the arrays. *out stays without text where that cannot be said:
 * no columns, a type that has no array form, a default expression with values of its own.
 */
CORM_MUST_USE corm_status corm_compile_insert_arrays_in(corm_arena *arena, const corm_dialect *dialect,
                                                        const corm_table *table, const corm_column *const *columns,
                                                        size_t n, const corm_node *const *returning, size_t nreturning,
                                                        corm_compiled *out, corm_error *err);
CORM_MUST_USE corm_status corm_compile_update_arrays_in(corm_arena *arena, const corm_dialect *dialect,
                                                        const corm_table *table, const corm_column *const *set,
                                                        size_t nset, const corm_column *const *where, size_t nwhere,
                                                        corm_compiled *out, corm_error *err);
CORM_MUST_USE corm_status corm_compile_delete_arrays_in(corm_arena *arena, const corm_dialect *dialect,
                                                        const corm_table *table, const corm_column *const *where,
                                                        size_t nwhere, corm_compiled *out, corm_error *err);

/* "SELECT t.a, t.b, t.c FROM t WHERE (t.a, t.b) IN ((?, ?), (?, ?))": which of nrows keys are there now, the first
   nkeys of the columns, and the others. Now: where a transaction sees what was there at its beginning, with a lock. */
CORM_MUST_USE corm_status corm_compile_present_in(corm_arena *arena, const corm_dialect *dialect,
                                                  const corm_table *table, const corm_column *const *columns,
                                                  size_t nkeys, size_t n, size_t nrows, corm_compiled *out,
                                                  corm_error *err);

#endif
