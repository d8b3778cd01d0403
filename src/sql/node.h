/*
 * Statements and expressions as trees of immutable plain data. Constructors allocate in the caller's arena (NULL when
 * it is full); nodes point at their operands, whose lifetime is the caller's business. Names, precedence and negation
 * are SQLAlchemy's.
 */
#ifndef CORM_SQL_NODE_H
#define CORM_SQL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "schema/table.h"
#include "schema/type.h"

/* X(enumerator, struct name) */
#define CORM_NODES(X)                                                                                                  \
  X(COLUMN, column_node)  /* a column of a table, alias or subquery */                                                 \
  X(BIND, bind)           /* a bound value */                                                                          \
  X(LITERAL_COLUMN, text) /* raw SQL that acts as a column */                                                          \
  X(TEXT, text)           /* raw SQL with :binds */                                                                    \
  X(CONSTANT, constant)   /* NULL, true, false, default */                                                             \
  X(UNARY, unary)         /* op operand, or operand op for modifiers */                                                \
  X(BINARY, binary)       /* left op right */                                                                          \
  X(LIST, list)           /* AND / OR chains, comma lists, tuples */                                                   \
  X(GROUPING, grouping)   /* parentheses */                                                                            \
  X(FUNCTION, function)   /* name(args) */                                                                             \
  X(CASE, case_node)                                                                                                   \
  X(CAST, cast) /* CAST(x AS type); type_coerce when `silent` */                                                       \
  X(EXTRACT, extract)                                                                                                  \
  X(LABEL, label)               /* x AS name */                                                                        \
  X(SCALAR_SUBQUERY, subselect) /* (SELECT ...) as a value */                                                          \
  X(EXISTS, subselect)          /* EXISTS (SELECT ...) */                                                              \
  X(BUNDLE, bundle)             /* a named group of columns: an ORM entity */                                          \
  X(TABLE, table_node)          /* FROM: a table */                                                                    \
  X(ALIAS, alias)               /* FROM: table AS name, (select) AS name */                                            \
  X(JOIN, join)                 /* FROM: a JOIN b ON c */                                                              \
  X(SELECT, select)                                                                                                    \
  X(INSERT, insert)                                                                                                    \
  X(UPDATE, update)                                                                                                    \
  X(DELETE, delete_node)

typedef enum corm_node_kind {
#define CORM_X(id, name) CORM_NODE_##id,
  CORM_NODES(CORM_X)
#undef CORM_X
      CORM_NODE_KIND_COUNT
} corm_node_kind;

/*
 * X(enumerator, " SQL ", precedence, negation, flags): the higher binds tighter, as SQLAlchemy's operators.py has it.
 * ASSOCIATIVE: a op b op c needs no parentheses. BOOLEAN: the result is a truth value on every database. POSTFIX:
 * stands behind its operand; its precedence is only what operands are grouped against.
 * IS_TRUE and IS_FALSE make a condition of a boolean value: "x" and "NOT x", or "x = 1" and "x = 0".
 */
enum { CORM_OP_ASSOCIATIVE = 1, CORM_OP_BOOLEAN = 2, CORM_OP_POSTFIX = 4 };
#define CORM_OPS(X)                                                                                                    \
  X(NONE, "", 0, NONE, 0)                                                                                              \
  X(AND, " AND ", 3, NONE, 3)                                                                                          \
  X(OR, " OR ", 2, NONE, 3)                                                                                            \
  X(COMMA, ", ", -1, NONE, 0)                                                                                          \
  X(NOT, "NOT ", 5, NONE, 2)                                                                                           \
  X(EQ, " = ", 5, NE, 2)                                                                                               \
  X(NE, " != ", 5, EQ, 2)                                                                                              \
  X(LT, " < ", 5, GE, 2)                                                                                               \
  X(LE, " <= ", 5, GT, 2)                                                                                              \
  X(GT, " > ", 5, LE, 2)                                                                                               \
  X(GE, " >= ", 5, LT, 2)                                                                                              \
  X(IS, " IS ", 5, IS_NOT, 2)                                                                                          \
  X(IS_NOT, " IS NOT ", 5, IS, 2)                                                                                      \
  X(IS_DISTINCT_FROM, " IS DISTINCT FROM ", 5, IS_NOT_DISTINCT_FROM, 2)                                                \
  X(IS_NOT_DISTINCT_FROM, " IS NOT DISTINCT FROM ", 5, IS_DISTINCT_FROM, 2)                                            \
  X(IN, " IN ", 5, NOT_IN, 2)                                                                                          \
  X(NOT_IN, " NOT IN ", 5, IN, 2)                                                                                      \
  X(LIKE, " LIKE ", 5, NOT_LIKE, 2)                                                                                    \
  X(NOT_LIKE, " NOT LIKE ", 5, LIKE, 2)                                                                                \
  X(ILIKE, " ILIKE ", 5, NOT_ILIKE, 2)                                                                                 \
  X(NOT_ILIKE, " NOT ILIKE ", 5, ILIKE, 2)                                                                             \
  X(BETWEEN, " BETWEEN ", 5, NOT_BETWEEN, 2)                                                                           \
  X(NOT_BETWEEN, " NOT BETWEEN ", 5, BETWEEN, 2)                                                                       \
  X(REGEXP, " REGEXP ", 5, NOT_REGEXP, 2)                                                                              \
  X(NOT_REGEXP, " NOT REGEXP ", 5, REGEXP, 2)                                                                          \
  X(MATCH, " MATCH ", 5, NOT_MATCH, 2)                                                                                 \
  X(NOT_MATCH, " NOT MATCH ", 5, MATCH, 2)                                                                             \
  X(ADD, " + ", 7, NONE, 1)                                                                                            \
  X(SUB, " - ", 7, NONE, 0)                                                                                            \
  X(MUL, " * ", 8, NONE, 1)                                                                                            \
  X(TRUEDIV, " / ", 8, NONE, 0)                                                                                        \
  X(FLOORDIV, " / ", 8, NONE, 0)                                                                                       \
  X(MOD, " % ", 8, NONE, 0)                                                                                            \
  X(CONCAT, " || ", 6, NONE, 1)                                                                                        \
  X(BIT_AND, " & ", 7, NONE, 0)                                                                                        \
  X(BIT_OR, " | ", 7, NONE, 0)                                                                                         \
  X(BIT_XOR, " ^ ", 7, NONE, 0)                                                                                        \
  X(LSHIFT, " << ", 7, NONE, 0)                                                                                        \
  X(RSHIFT, " >> ", 7, NONE, 0)                                                                                        \
  X(NEG, "-", 8, NONE, 0)                                                                                              \
  X(BIT_NOT, "~", 8, NONE, 0)                                                                                          \
  X(DISTINCT, "DISTINCT ", 5, NONE, 0)                                                                                 \
  X(COLLATE, " COLLATE ", 4, NONE, 0)                                                                                  \
  X(ASC, " ASC", 3, NONE, 4)                                                                                           \
  X(DESC, " DESC", 3, NONE, 4)                                                                                         \
  X(NULLS_FIRST, " NULLS FIRST", 100, NONE, 4)                                                                         \
  X(NULLS_LAST, " NULLS LAST", 100, NONE, 4)                                                                           \
  X(IS_TRUE, "", 5, IS_FALSE, 2)                                                                                       \
  X(IS_FALSE, "", 5, IS_TRUE, 2)                                                                                       \
  X(EXISTS, "EXISTS ", 0, NONE, 2)                                                                                     \
  X(CUSTOM, "", 0, NONE, 0)

typedef enum corm_op {
#define CORM_X(id, text, precedence, negation, flags) CORM_OP_##id,
  CORM_OPS(CORM_X)
#undef CORM_X
      CORM_OP_COUNT
} corm_op;

typedef struct corm_node {
  uint8_t kind; /* corm_node_kind */
  uint8_t op;   /* corm_op; NONE where it has no meaning */
  uint16_t flags;
  const corm_type *type; /* of the value; never NULL for expressions (NullType) */
} corm_node;

typedef struct corm_column_node {
  corm_node base;
  const char *name;          /* database name; NULL: the name that the subquery gives to `element` */
  const char *key;           /* names the bind that it is compared with */
  const corm_column *column; /* NULL for a subquery's computed column */
  const corm_node *from;     /* TABLE or ALIAS; NULL: unqualified */
  const corm_node *element;  /* of an aliased select: the selected expression that it stands for; else NULL */
  const void *entity;        /* the ORM's: the BUNDLE whose attribute it is, or NULL */
} corm_column_node;

typedef struct corm_bind {
  corm_node base;
  const char *key; /* the name, or the hint for an anonymous name ("name" -> name_1) */
  bool unique;     /* anonymous */
  bool required;   /* has no value of its own */
  bool expanding;  /* an IN list: values[n] */
  uint32_t width;  /* expanding tuples: members of each; 0: scalars */
  corm_value value;
  const corm_value *values; /* expanding */
  uint32_t nvalues;         /* elements; rows * width for tuples */
} corm_bind;

typedef struct corm_text {
  corm_node base;
  const char *sql;
  size_t len;
  const corm_bind *const *binds; /* bindparams(); others are required binds */
  uint32_t nbinds;
} corm_text;

typedef enum corm_constant_kind {
  CORM_CONSTANT_NULL,
  CORM_CONSTANT_TRUE,
  CORM_CONSTANT_FALSE,
  CORM_CONSTANT_STAR
} corm_constant_kind;
typedef struct corm_constant {
  corm_node base;
  corm_constant_kind value;
} corm_constant;

typedef struct corm_unary {
  corm_node base; /* op: NOT NEG BIT_NOT DISTINCT ASC DESC NULLS_FIRST NULLS_LAST */
  const corm_node *operand;
} corm_unary;

/* base.flags of the LIKE family: contains, startswith and endswith put a percent sign before or after the right side.
 */
enum { CORM_LIKE_PERCENT_BEFORE = 1, CORM_LIKE_PERCENT_AFTER = 2 };

typedef struct corm_binary {
  corm_node base; /* op, flags */
  const corm_node *left;
  const corm_node *right; /* BETWEEN: a LIST of two with op AND */
  const char *custom;     /* op CUSTOM: its text */
  int8_t precedence;      /* op CUSTOM */
  const char *escape;     /* LIKE family: one character, or NULL */
} corm_binary;

typedef struct corm_list {
  corm_node base; /* op: AND OR COMMA; a tuple is a GROUPING of a COMMA list */
  const corm_node *const *items;
  uint32_t n;
} corm_list;

typedef struct corm_grouping {
  corm_node base;
  const corm_node *element;
} corm_grouping;

typedef struct corm_function {
  corm_node base;
  const char *name; /* "count"; dotted names are packages */
  const corm_node *const *args;
  uint32_t nargs;
} corm_function;

typedef struct corm_case_node {
  corm_node base;
  const corm_node *value;        /* simple CASE; NULL: searched */
  const corm_node *const *whens; /* pairs: condition, result */
  uint32_t nwhens;               /* number of pairs */
  const corm_node *else_;        /* NULL: none */
} corm_case_node;

typedef struct corm_cast {
  corm_node base; /* type: the target */
  const corm_node *element;
  bool silent; /* type_coerce: no SQL */
} corm_cast;

typedef struct corm_extract {
  corm_node base;
  const char *field; /* from a closed list: year month day hour minute second ... */
  const corm_node *element;
} corm_extract;

typedef struct corm_label {
  corm_node base;
  const char *name; /* NULL: anonymous ("anon_1", or the function's name: count_1) */
  const corm_node *element;
} corm_label;

typedef struct corm_select corm_select;

typedef struct corm_subselect {
  corm_node base;
  const corm_select *select;
} corm_subselect;

typedef struct corm_bundle {
  corm_node base;
  const char *name;  /* "User" */
  const void *owner; /* the ORM's entity; the compiler hands it on */
  const corm_node *from;
  const corm_node *const *columns;
  uint32_t n;
} corm_bundle;

typedef struct corm_table_node {
  corm_node base;
  const corm_table *table;
} corm_table_node;

typedef struct corm_alias {
  corm_node base;
  const char *name;         /* NULL: anonymous, "user_1" for tables, "anon_1" for selects */
  const corm_node *element; /* TABLE or SELECT */
} corm_alias;

typedef struct corm_join {
  corm_node base;
  const corm_node *left;
  const corm_node *right;
  const corm_node *on;
  bool outer;
  bool full;
} corm_join;

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
  bool distinct;
  bool label_columns; /* LABEL_STYLE_TABLENAME_PLUS_COL: user.id AS user_id */
};

/* One column and its value in INSERT or UPDATE; several rows are row-major. */
/* An anonymous BIND among the values is a plain value: it gets the column's name and type. */
struct corm_insert {
  corm_node base;
  const corm_table *table;
  const corm_column *const *columns; /* those given by values() or from_select; NULL: all columns as required binds */
  uint32_t ncolumns;
  const corm_node *const *values; /* nrows * ncolumns */
  uint32_t nrows;                 /* 0 with columns NULL; DEFAULT VALUES when ncolumns is 0 and nrows is 1 */
  const corm_select *from_select;
  const corm_node *const *returning;
  uint32_t nreturning;
};
typedef struct corm_insert corm_insert;

typedef struct corm_update {
  corm_node base;
  const corm_node *table; /* TABLE */
  const corm_column *const *columns;
  const corm_node *const *values;
  uint32_t n; /* 0: all columns as required binds */
  const corm_node *where;
  const corm_node *const *returning;
  uint32_t nreturning;
  bool all;     /* without criteria, and meant so */
  bool ordered; /* ordered_values(): SET in the order given, not in table order */
} corm_update;

typedef struct corm_delete_node {
  corm_node base;
  const corm_node *table; /* TABLE */
  const corm_node *where;
  const corm_node *const *returning;
  uint32_t nreturning;
  bool all;
} corm_delete_node;

typedef struct corm_op_info {
  const char *text;
  int8_t precedence;
  uint8_t negation; /* corm_op; NONE: no operator of its own */
  uint8_t flags;
} corm_op_info;
extern const corm_op_info corm_ops[CORM_OP_COUNT];

/* "GROUPING", for messages. */
const char *corm_node_kind_name(const corm_node *node);

/* The index-th operand of a node for passes that walk trees (NULL: no more). FROMs and nested selects are not operands.
 */
const corm_node *corm_node_child(const corm_node *node, uint32_t index);

/*
 * -- constructors (sql/expr.c, sql/operators.c): NULL only when the arena is full. They add groupings as SQLAlchemy
 * does. -- For the caller who measures a fixed arena: a constructor takes at most CORM_ROOM_NODE, plus
 * CORM_ROOM_LIST(n) for n items, plus CORM_ROOM_TEXT(len) for each name, SQL text or value's bytes that is copied.
 */
#define CORM_ROOM_NODE      ((size_t)512)
#define CORM_ROOM_LIST(n)   ((size_t)(n)*192 + 32)
#define CORM_ROOM_TEXT(len) CORM_ARENA_ROUND((size_t)(len) + 1)

const corm_node *corm_column_node_in(corm_arena *arena, const corm_column *column, const corm_node *from);
/* A name that stands for itself, without a table: column("x"). */
const corm_node *corm_name_in(corm_arena *arena, const char *name, const corm_type *type);
const corm_node *corm_table_node_in(corm_arena *arena, const corm_table *table);
/* An anonymous bind named after `hint` (NULL: "param"); bytes of the value are copied into the arena. `type` NULL: the
 * value's. */
const corm_node *corm_bind_in(corm_arena *arena, const char *hint, const corm_type *type, const corm_value *value);
/* bindparam(); `value` NULL: required. */
const corm_node *corm_bindparam_in(corm_arena *arena, const char *key, const corm_type *type, const corm_value *value,
                                   bool unique);
const corm_node *corm_constant_in(corm_arena *arena, corm_constant_kind kind);
/* Prefix and postfix operators; NOT folds as corm_not_in does. */
const corm_node *corm_unary_in(corm_arena *arena, corm_op op, const corm_node *operand);
/* left op right with the parentheses that precedence asks for; the result type follows the operands; + of strings is
   ||. EQ and NE with the constants NULL are IS and IS NOT. */
const corm_node *corm_binary_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right);
/* left op value. Comparisons: NULL makes IS / IS NOT of EQ and NE, NULL and booleans are constants for EQ, NE, IS...;
   else a bind named after the left side, of its type. Other operators: a bind of the left side's type when the value is
   of that kind, else of the value's own. */
const corm_node *corm_compare_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_value *value);
/* value op right, for `1 + t.c.x`. */
const corm_node *corm_compare_reverse_in(corm_arena *arena, corm_op op, const corm_value *value,
                                         const corm_node *right);
/* The bind that compare makes of a value: for between(), case(), function arguments. `compared_to` may be NULL. */
const corm_node *corm_literal_in(corm_arena *arena, const corm_node *compared_to, const corm_value *value);
/* x op("text") y: precedence as SQLAlchemy's op(), 0 by default; `boolean`: is_comparison. The text is checked when
 * compiled. */
const corm_node *corm_custom_in(corm_arena *arena, const char *text, int precedence, bool boolean,
                                const corm_type *type, const corm_node *left, const corm_node *right);
/* IN over values (row-major when width > 0); `op` is IN or NOT_IN. The values are copied; n counts values, not rows. */
const corm_node *corm_in_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_value *values, size_t n,
                            uint32_t width);
/* IN over expressions; of a single select: pass its SCALAR_SUBQUERY to corm_binary_in. */
const corm_node *corm_in_list_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *const *items,
                                 size_t n);
const corm_node *corm_between_in(corm_arena *arena, corm_op op, const corm_node *x, const corm_node *low,
                                 const corm_node *high);
/* LIKE family with an escape character (NULL: none). */
const corm_node *corm_like_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right,
                              const char *escape);
/* contains (both flags), startswith (AFTER), endswith (BEFORE): op is LIKE, ILIKE or their negation, `flags`
 * CORM_LIKE_PERCENT_*. */
const corm_node *corm_affix_in(corm_arena *arena, corm_op op, unsigned flags, const corm_node *left,
                               const corm_node *right, const char *escape);
/* The same for a text value; autoescape marks % and _ and the escape character itself ("/" when escape is NULL) in it.
   Takes CORM_ROOM_TEXT(2 * len) for the text. */
const corm_node *corm_affix_text_in(corm_arena *arena, corm_op op, unsigned flags, const corm_node *left,
                                    const char *text, size_t len, bool autoescape, const char *escape);
const corm_node *corm_collate_in(corm_arena *arena, const corm_node *operand, const char *collation);
const corm_node *corm_not_in(corm_arena *arena, const corm_node *operand);
/* AND / OR: drops the neutral element, short-cuts the absorbing one; n may be 1 (what where() does with one criterion)
   or 0 (an empty list, which renders nothing). Nested lists of one operator stay nested and render flat. */
const corm_node *corm_and_or_in(corm_arena *arena, corm_op op, const corm_node *const *items, size_t n);
const corm_node *corm_list_in(corm_arena *arena, const corm_node *const *items, size_t n);
const corm_node *corm_tuple_in(corm_arena *arena, const corm_node *const *items, size_t n);
/* `type` NULL: that of the known functions, else NullType. count without arguments is count(*). */
const corm_node *corm_function_in(corm_arena *arena, const char *name, const corm_type *type,
                                  const corm_node *const *args, size_t n);
/* `whens` are npairs pairs: condition (or compared value), result. `value` and `else_` may be NULL. */
const corm_node *corm_case_in(corm_arena *arena, const corm_node *value, const corm_node *const *whens, size_t npairs,
                              const corm_node *else_);
const corm_node *corm_extract_in(corm_arena *arena, const char *field, const corm_node *element);
const corm_node *corm_label_in(corm_arena *arena, const char *name, const corm_node *element);
const corm_node *corm_cast_in(corm_arena *arena, const corm_node *element, const corm_type *type, bool silent);
const corm_node *corm_alias_in(corm_arena *arena, const corm_node *element, const char *name);
const corm_node *corm_text_in(corm_arena *arena, const char *sql, size_t len);
/* The same text with typed or valued binds: bindparams(). The array is copied. */
const corm_node *corm_text_binds_in(corm_arena *arena, const char *sql, size_t len, const corm_bind *const *binds,
                                    size_t nbinds);
const corm_node *corm_literal_column_in(corm_arena *arena, const char *sql, size_t len, const corm_type *type);
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

#endif
