/*
 * What is built around functions: windows, FILTER, ordered aggregates, functions in FROM, and constructs of the host's.
 * Constructors (function.c) keep the rules of expression.h.
 */
#ifndef CORM_SQL_FUNCTION_H
#define CORM_SQL_FUNCTION_H

#include "sql/expression.h"
#include "sql/select.h"

/*
 * X(enumerator, name, kind of the result, rule): the functions that are known, sorted by name. Rule: FIXED, the result
 * is of that kind; ARGUMENT, of the first argument that has a type, widened to hold the others; ARRAY, an array of it;
 * ORDER, of what WITHIN GROUP orders by; ORDERS, the same, or an array where the first argument is one of several;
 * OTHER: not a function of SQLAlchemy's, whose name is written as it was given.
 */
#define CORM_FUNCTIONS(X)                                                                                              \
  X(AGGREGATE_STRINGS, "aggregate_strings", STRING, FIXED)                                                             \
  X(ARRAY_AGG, "array_agg", ARRAY, ARRAY)                                                                              \
  X(AVG, "avg", NULLTYPE, OTHER)                                                                                       \
  X(CHAR_LENGTH, "char_length", INTEGER, FIXED)                                                                        \
  X(COALESCE, "coalesce", NULLTYPE, ARGUMENT)                                                                          \
  X(CONCAT, "concat", STRING, FIXED)                                                                                   \
  X(COUNT, "count", INTEGER, FIXED)                                                                                    \
  X(CUBE, "cube", NULLTYPE, FIXED)                                                                                     \
  X(CUME_DIST, "cume_dist", NUMERIC, FIXED)                                                                            \
  X(CURRENT_DATE, "current_date", DATE, FIXED)                                                                         \
  X(CURRENT_TIME, "current_time", TIME, FIXED)                                                                         \
  X(CURRENT_TIMESTAMP, "current_timestamp", DATETIME, FIXED)                                                           \
  X(CURRENT_USER, "current_user", STRING, FIXED)                                                                       \
  X(DENSE_RANK, "dense_rank", INTEGER, FIXED)                                                                          \
  X(GREATEST, "greatest", NULLTYPE, OTHER)                                                                             \
  X(GROUP_CONCAT, "group_concat", NULLTYPE, OTHER)                                                                     \
  X(GROUPING_SETS, "grouping_sets", NULLTYPE, FIXED)                                                                   \
  X(IFNULL, "ifnull", NULLTYPE, OTHER)                                                                                 \
  X(LEAST, "least", NULLTYPE, OTHER)                                                                                   \
  X(LOCALTIME, "localtime", DATETIME, FIXED)                                                                           \
  X(LOCALTIMESTAMP, "localtimestamp", DATETIME, FIXED)                                                                 \
  X(LOWER, "lower", NULLTYPE, ARGUMENT)                                                                                \
  X(MAX, "max", NULLTYPE, ARGUMENT)                                                                                    \
  X(MIN, "min", NULLTYPE, ARGUMENT)                                                                                    \
  X(MODE, "mode", NULLTYPE, ORDER)                                                                                     \
  X(NOW, "now", DATETIME, FIXED)                                                                                       \
  X(NULLIF, "nullif", NULLTYPE, OTHER)                                                                                 \
  X(PERCENT_RANK, "percent_rank", NUMERIC, FIXED)                                                                      \
  X(PERCENTILE_CONT, "percentile_cont", NULLTYPE, ORDERS)                                                              \
  X(PERCENTILE_DISC, "percentile_disc", NULLTYPE, ORDERS)                                                              \
  X(RANDOM, "random", NULLTYPE, FIXED)                                                                                 \
  X(RANK, "rank", INTEGER, FIXED)                                                                                      \
  X(ROLLUP, "rollup", NULLTYPE, FIXED)                                                                                 \
  X(SESSION_USER, "session_user", STRING, FIXED)                                                                       \
  X(STRING_AGG, "string_agg", NULLTYPE, OTHER)                                                                         \
  X(SUBSTRING, "substring", NULLTYPE, OTHER)                                                                           \
  X(SUM, "sum", NULLTYPE, ARGUMENT)                                                                                    \
  X(SYSDATE, "sysdate", DATETIME, FIXED)                                                                               \
  X(UPPER, "upper", NULLTYPE, ARGUMENT)                                                                                \
  X(USER, "user", STRING, FIXED)

typedef enum corm_known_function {
  CORM_FUNCTION_UNKNOWN,
#define CORM_X(id, name, kind, rule) CORM_FUNCTION_##id,
  CORM_FUNCTIONS(CORM_X)
#undef CORM_X
} corm_known_function;

/* Which known function the name is, whatever its case; packages have none. */
corm_known_function corm_function_find(const char *name);

/* The name of a known function as SQLAlchemy writes it, NULL for others. */
const char *corm_function_name(corm_known_function known);

/* A function that makes one value of many rows, and so cannot stand directly inside another one. */
bool corm_function_is_aggregate(const corm_function *function);

/* The function as a condition that compares its arguments `left` and `right`, counted from 1, both below 256. */
const corm_node *corm_as_comparison_in(corm_arena *arena, const corm_function *function, unsigned left, unsigned right);

/* -- windows ------------------------------------------------------------------------------------------------------- */

typedef enum corm_bound {
  CORM_BOUND_UNBOUNDED,
  CORM_BOUND_PRECEDING,
  CORM_BOUND_CURRENT,
  CORM_BOUND_FOLLOWING
} corm_bound;
typedef enum corm_frame_unit { CORM_FRAME_NONE, CORM_FRAME_ROWS, CORM_FRAME_RANGE, CORM_FRAME_GROUPS } corm_frame_unit;
typedef enum corm_exclude {
  CORM_EXCLUDE_NONE,
  CORM_EXCLUDE_CURRENT_ROW,
  CORM_EXCLUDE_GROUP,
  CORM_EXCLUDE_TIES,
  CORM_EXCLUDE_NO_OTHERS
} corm_exclude;

typedef struct corm_window_frame {
  corm_node base;
  const corm_node *start; /* how far; NULL unless PRECEDING or FOLLOWING */
  const corm_node *end;
  uint8_t start_bound; /* corm_bound */
  uint8_t end_bound;
} corm_window_frame;

typedef struct corm_over {
  corm_node base;
  const corm_node *element;
  const corm_node *partition_by; /* a COMMA list, or NULL */
  const corm_node *order_by;
  const corm_window_frame *frame;
  uint8_t unit;    /* corm_frame_unit */
  uint8_t exclude; /* corm_exclude */
} corm_over;

typedef struct corm_filter {
  corm_node base;
  const corm_node *element;
  const corm_node *criterion;
} corm_filter;

/* WITHIN_GROUP, AGGREGATE_ORDER (element: a function), ARGUMENT_ORDER. */
typedef struct corm_ordered {
  corm_node base;
  const corm_node *element;
  const corm_node *order_by; /* a COMMA list */
} corm_ordered;

const corm_node *corm_frame_in(corm_arena *arena, corm_bound start_bound, const corm_node *start, corm_bound end_bound,
                               const corm_node *end);
/* The parts of *over but for `base` are taken over; the lists may be NULL. */
const corm_node *corm_over_in(corm_arena *arena, const corm_over *over);
/* Further criteria of a FILTER join the old ones. */
const corm_node *corm_filter_in(corm_arena *arena, const corm_node *element, const corm_node *criterion);
/* WITHIN GROUP stands before FILTER, whichever was asked for first. */
const corm_node *corm_within_group_in(corm_arena *arena, const corm_node *element, const corm_node *order_by);
/* kind: AGGREGATE_ORDER or ARGUMENT_ORDER. */
const corm_node *corm_ordered_in(corm_arena *arena, corm_node_kind kind, const corm_node *element,
                                 const corm_node *order_by);
/* A function, or one that has its FILTER, WITHIN GROUP or ORDER BY already: what OVER and FILTER may follow. */
bool corm_is_call(const corm_node *node);

/* -- functions in FROM --------------------------------------------------------------------------------------------- */

/* Rows of values, row-major. */
typedef struct corm_values {
  corm_node base;
  const corm_node *const *items;
  uint32_t nrows;
  uint32_t width;
  bool literal_binds; /* written out, not bound */
} corm_values;

/* An ALIAS of a FUNCTION, a CONSTRUCT or VALUES is one of these, and so are a CTE of VALUES and its aliases. */
typedef struct corm_table_valued {
  corm_alias alias;
  const corm_column_node *columns;
  uint32_t ncolumns;
  bool ordinality;       /* WITH ORDINALITY: the last column */
  bool joins_implicitly; /* the function's arguments join it to what they are columns of */
  bool derived;          /* AS name(a, b) */
  bool derived_types;    /* AS name(a INTEGER, b VARCHAR) */
} corm_table_valued;

typedef struct corm_whole {
  corm_node base;
  const corm_node *from; /* ALIAS */
} corm_whole;

typedef struct corm_field {
  corm_node base;
  const corm_node *element;
  const char *name;
} corm_field;

/* The next value of a sequence: nextval('name'). */
typedef struct corm_next_value {
  corm_node base;
  const corm_sequence *sequence;
} corm_next_value;

typedef struct corm_column_def {
  const char *name;
  const corm_type *type; /* NULL: NullType */
} corm_column_def;

/* The items are borrowed. */
const corm_node *corm_values_in(corm_arena *arena, const corm_node *const *items, uint32_t nrows, uint32_t width,
                                bool literal_binds);
/* The node's table_valued, NULL when it is another FROM. */
const corm_table_valued *corm_as_table_valued(const corm_node *from);
/* `like` gives the marks; of its alias `lateral` counts, its columns are not looked at. `name` NULL: anonymous. */
const corm_node *corm_table_valued_in(corm_arena *arena, const corm_node *element, const char *name,
                                      const corm_column_def *columns, size_t n, const corm_table_valued *like);
/* The same FROM under another name, with other marks; an alias of it, when it is a CTE. */
const corm_node *corm_table_valued_like_in(corm_arena *arena, const corm_table_valued *from, const char *name,
                                           const corm_table_valued *like);
/* WITH name(a, b) AS (VALUES ...), of an alias of VALUES or of such a CTE; `cte` is copied. */
const corm_node *corm_values_cte_in(corm_arena *arena, const corm_table_valued *values, const char *name,
                                    const corm_cte *cte);
/* (VALUES ...) as a value, of the type of its first column: the right side of IN. */
const corm_node *corm_scalar_values_in(corm_arena *arena, const corm_table_valued *values);
const corm_node *corm_whole_in(corm_arena *arena, const corm_node *from);
const corm_node *corm_field_in(corm_arena *arena, const corm_node *element, const char *name, const corm_type *type);

/* -- constructs ---------------------------------------------------------------------------------------------------- */

/* Text, then a node; either may be NULL. */
typedef struct corm_piece {
  const char *text;
  const corm_node *node;
} corm_piece;

typedef struct corm_construct corm_construct;
struct corm_dialect;

/* The host's: writes an element for a dialect. The pieces and their nodes must live as long as the element.
   UnsupportedCompilationError when there is no form for the dialect; errors of the hook. */
typedef corm_status (*corm_construct_write)(const corm_construct *element, const struct corm_dialect *dialect,
                                            const corm_piece **pieces, size_t *n, corm_error *err);

struct corm_construct {
  corm_node base;
  const char *name; /* of its class: names labels and binds of FunctionElements */
  bool function;    /* a FunctionElement */
  bool ddl;         /* values are inlined */
  const corm_node *const *args;
  uint32_t nargs;
  corm_construct_write write;
  void *host; /* what `write` needs */
  uint64_t id;
};

/* The node with its arguments copied; the host fills in the rest. */
corm_construct *corm_construct_in(corm_arena *arena, const char *name, const corm_type *type,
                                  const corm_node *const *args, size_t n);

/* The node of a sequence that outlives it. */
void corm_next_value_init(corm_next_value *node, const corm_sequence *sequence);

#endif
