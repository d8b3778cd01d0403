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

/* One placeholder in the text, in order. */
typedef struct corm_compiled_bind {
  const char *name;      /* "name_1", "id_1_2" for the 2nd element of an expanded list */
  const corm_bind *node; /* NULL: a column's required bind (insert without values, defaults) */
  const corm_type *type;
  const corm_column
      *column; /* the column whose value it is (INSERT, UPDATE SET, comparison), or NULL; names the place in errors */
  int32_t element; /* index into node->values when expanded, else -1 */
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
  bool is_insert;
} corm_compiled;

typedef struct corm_compile_options {
  bool named;         /* show ":name" instead of the driver's placeholders (API.md section 3) */
  bool literal_binds; /* values inlined and escaped, for reading */
  bool unqualified;   /* columns without their table: CHECK, index expressions */
} corm_compile_options;

/* Compiles a statement or a bare expression into the arena. CompileError, UnsupportedCompilationError, ArgumentError.
 */
CORM_MUST_USE corm_status corm_compile_in(corm_arena *arena, const corm_dialect *dialect, const corm_node *node,
                                          const corm_compile_options *options, corm_compiled *out, corm_error *err);

/* The same for INSERT with a chosen column list as required binds: the flush's and executemany's form. `columns` and
   `where` columns become binds in order; `returning` columns follow. */
CORM_MUST_USE corm_status corm_compile_insert_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *columns, size_t n,
                                                 const corm_column *const *returning, size_t nreturning,
                                                 corm_compiled *out, corm_error *err);
CORM_MUST_USE corm_status corm_compile_update_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *set, size_t nset,
                                                 const corm_column *const *where, size_t nwhere, corm_compiled *out,
                                                 corm_error *err);
CORM_MUST_USE corm_status corm_compile_delete_in(corm_arena *arena, const corm_dialect *dialect,
                                                 const corm_table *table, const corm_column *const *where,
                                                 size_t nwhere, corm_compiled *out, corm_error *err);

#endif
