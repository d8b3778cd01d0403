/*
 * Values: columns, binds, operators, functions. Constructors (expr.c, operators.c) allocate in the caller's arena and
 * return NULL only when it is full; nodes point at their operands, whose lifetime is the caller's business. They add
 * groupings as SQLAlchemy does.
 */
#ifndef CORM_SQL_EXPRESSION_H
#define CORM_SQL_EXPRESSION_H

#include "sql/kind.h"

/* base.flags of a column. REFERENCE: the name of a label or column of the select, to be found where that is ordered by
   it. FOREIGN, REMOTE: what foreign() and remote() say of it in a relationship's condition. OF_ALIAS: the subquery
   calls its `element`, a column of an anonymous alias, by that alias's name and its own: user_1_id. */
enum { CORM_COLUMN_REFERENCE = 1, CORM_COLUMN_FOREIGN = 2, CORM_COLUMN_REMOTE = 4, CORM_COLUMN_OF_ALIAS = 8 };

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
  const char *key;      /* the name, or the hint for an anonymous name ("name" -> name_1) */
  bool unique;          /* anonymous */
  bool required;        /* has no value of its own */
  bool expanding;       /* an IN list: values[n] */
  bool late;            /* bindparam() whose value the execution may give before the text is written: see corm_late */
  bool literal_execute; /* sent as a literal */
  int hook;             /* callable_: the host's number of the function that gives the value; 0: none */
  uint32_t width;       /* expanding tuples: members of each; 0: scalars */
  corm_value value;
  const corm_value *literal; /* what stands for the value where it is written into the text; NULL: the value */
  const corm_value *values;  /* expanding */
  uint32_t nvalues;          /* elements; rows * width for tuples */
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
  corm_node base; /* op: ANY ALL NOT NEG BIT_NOT DISTINCT ASC DESC NULLS_FIRST NULLS_LAST */
  const corm_node *operand;
} corm_unary;

/* base.flags of the LIKE family: contains, startswith and endswith put a percent sign before or after the right side.
 */
enum { CORM_LIKE_PERCENT_BEFORE = 1, CORM_LIKE_PERCENT_AFTER = 2 };

typedef struct corm_binary {
  corm_node base; /* op, flags */
  const corm_node *left;
  const corm_node *right; /* BETWEEN: a LIST of two with op AND; REGEXP_REPLACE: one of pattern and replacement */
  const char *custom;     /* op CUSTOM: its text; BETWEEN: "SYMMETRIC"; MATCH: what stands behind the pattern */
  int8_t precedence;      /* op CUSTOM */
  const char *escape;     /* LIKE family: one character; REGEXP family: flags; MATCH: a text search configuration; or
                             NULL */
} corm_binary;

/* base.flags of a LIST of AND: it begins with a false, which is all that is written; the FROMs of the others count. */
enum { CORM_LIST_FALSE = 1 };

typedef struct corm_list {
  corm_node base; /* op: AND OR COMMA SLICE; a tuple is a GROUPING of a COMMA list */
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
  uint8_t known; /* corm_known_function, function.h */
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
  bool silent;  /* type_coerce: no SQL */
  bool attempt; /* TRY_CAST */
} corm_cast;

typedef struct corm_extract {
  corm_node base;
  const char *field; /* from a closed list: year month day hour minute second ... */
  const corm_node *element;
} corm_extract;

/* base.flags of a LABEL: the name of an attribute that stands for the expression. It is seen where that is selected. */
enum { CORM_LABEL_ATTRIBUTE = 1 };

typedef struct corm_label {
  corm_node base;
  const char *name; /* NULL: anonymous ("anon_1", or the function's name: count_1) */
  const corm_node *element;
  const void *entity; /* the ORM's: the BUNDLE whose attribute it is, or NULL */
  uint32_t slot;      /* with an entity: which attribute */
} corm_label;

/*
 * For the caller who measures a fixed arena: a constructor takes at most CORM_ROOM_NODE, plus
 * CORM_ROOM_LIST(n) for n items, plus CORM_ROOM_TEXT(len) for each name, SQL text or value's bytes that is copied.
 */
#define CORM_ROOM_NODE      ((size_t)512)
#define CORM_ROOM_LIST(n)   ((size_t)(n)*192 + 32)
#define CORM_ROOM_TEXT(len) CORM_ARENA_ROUND((size_t)(len) + 1)

const corm_node *corm_column_node_in(corm_arena *arena, const corm_column *column, const corm_node *from);
/* A copy of the column with flags of its own. */
const corm_node *corm_column_flagged_in(corm_arena *arena, const corm_column_node *column, unsigned flags);
/* A name that stands for itself, without a table: column("x"). */
const corm_node *corm_name_in(corm_arena *arena, const char *name, const corm_type *type);
/* An anonymous bind named after `hint` (NULL: "param"); bytes of the value are copied into the arena. `type` NULL: the
 * value's. */
const corm_node *corm_bind_in(corm_arena *arena, const char *hint, const corm_type *type, const corm_value *value);
/* Sets what a bind made here is written as in text; bytes are copied into the arena. False: it is full. */
CORM_MUST_USE bool corm_bind_literal_in(corm_arena *arena, const corm_node *bind, const corm_value *literal);
/* bindparam(); `value` NULL: required. */
const corm_node *corm_bindparam_in(corm_arena *arena, const char *key, const corm_type *type, const corm_value *value,
                                   bool unique);
/* A copy, values and all, that lives on its own; `type` NULL: the same. */
corm_bind *corm_bind_copy_in(corm_arena *arena, const corm_bind *bind, const corm_type *type);
/* A bindparam() behind IN: a list, of tuples when `left` is one. NULL with a full arena. */
const corm_node *corm_in_bind_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_bind *bind,
                                 uint32_t width);
const corm_node *corm_constant_in(corm_arena *arena, corm_constant_kind kind);
/* Prefix and postfix operators; NOT folds as corm_not_in does. */
const corm_node *corm_unary_in(corm_arena *arena, corm_op op, const corm_node *operand);
/* left op right with the parentheses that precedence asks for; the result type follows the operands; + of strings is
   ||. EQ and NE with the constants NULL are IS and IS NOT. */
const corm_node *corm_binary_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right);
/* The node alone, of a type that the caller knows: nothing is grouped or retyped. NULL also where an operand is. */
const corm_node *corm_operator_in(corm_arena *arena, corm_op op, const corm_type *type, const corm_node *left,
                                  const corm_node *right);
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
/* BETWEEN SYMMETRIC: the bounds in either order. */
const corm_node *corm_between_symmetric_in(corm_arena *arena, const corm_node *x, const corm_node *low,
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
/* AND of the criteria of a statement, whose FROMs are there even where one of the criteria is false. */
const corm_node *corm_criteria_in(corm_arena *arena, const corm_node *const *items, size_t n);
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
const corm_node *corm_try_cast_in(corm_arena *arena, const corm_node *element, const corm_type *type);
const corm_node *corm_text_in(corm_arena *arena, const char *sql, size_t len);
/* The same text with typed or valued binds: bindparams(). The array is copied. */
const corm_node *corm_text_binds_in(corm_arena *arena, const char *sql, size_t len, const corm_bind *const *binds,
                                    size_t nbinds);
/* True when raw SQL has the parameter :name. */
bool corm_text_has(const char *sql, size_t len, const char *name);
const corm_node *corm_literal_column_in(corm_arena *arena, const char *sql, size_t len, const corm_type *type);

#endif
