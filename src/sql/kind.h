/*
 * What kinds of nodes and operators there are, and what every node begins with. Precedence and negation are
 * SQLAlchemy's.
 */
#ifndef CORM_SQL_KIND_H
#define CORM_SQL_KIND_H

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
  X(ARRAY, list)          /* ARRAY[a, b]; base.type is an ARRAY */                                                     \
  X(FUNCTION, function)   /* name(args) */                                                                             \
  X(CASE, case_node)                                                                                                   \
  X(CAST, cast) /* CAST(x AS type); type_coerce when `silent` */                                                       \
  X(EXTRACT, extract)                                                                                                  \
  X(OVER, over)                 /* f(x) OVER (...) */                                                                  \
  X(FRAME, window_frame)        /* the bounds of a window's frame */                                                   \
  X(FILTER, filter)             /* f(x) FILTER (WHERE ...) */                                                          \
  X(WITHIN_GROUP, ordered)      /* f(x) WITHIN GROUP (ORDER BY ...) */                                                 \
  X(AGGREGATE_ORDER, ordered)   /* f(x ORDER BY ...) */                                                                \
  X(ARGUMENT_ORDER, ordered)    /* x ORDER BY ..., as an argument */                                                   \
  X(WHOLE, whole)               /* the alias of a function in FROM, as a value */                                      \
  X(NEXT_VALUE, next_value)     /* nextval('name') */                                                                  \
  X(FIELD, field)               /* (f(x)).name */                                                                      \
  X(CONSTRUCT, construct)       /* what the host writes */                                                             \
  X(LABEL, label)               /* x AS name */                                                                        \
  X(SCALAR_SUBQUERY, subselect) /* (SELECT ...) as a value */                                                          \
  X(EXISTS, subselect)          /* EXISTS (SELECT ...) */                                                              \
  X(BUNDLE, bundle)             /* a named group of columns: an ORM entity */                                          \
  X(TABLE, table_node)          /* FROM: a table */                                                                    \
  X(ALIAS, alias)               /* FROM: table AS name, (select) AS name */                                            \
  X(JOIN, join)                 /* FROM: a JOIN b ON c */                                                              \
  X(VALUES, values)             /* the element of an ALIAS: rows of values */                                          \
  X(SELECT, select)                                                                                                    \
  X(COMPOUND, select) /* selects joined by UNION and its like */                                                       \
  X(TEXTUAL, select)  /* text whose columns are known */                                                               \
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
 * stands behind its operand; its precedence is only what operands are grouped against. EAGER: stands in parentheses of
 * its own inside every other operator, whatever the precedence. CONTAINMENT: of databases with arrays and JSONB only.
 * COMPARISON is a function that compares two of its arguments, whose places are in the node's flags (left * 256 +
 * right). IS_TRUE and IS_FALSE make a condition of a boolean value: "x" and "NOT x", or "x = 1" and "x = 0".
 */
enum {
  CORM_OP_PLAIN = 0,
  CORM_OP_ASSOCIATIVE = 1,
  CORM_OP_BOOLEAN = 2,
  CORM_OP_POSTFIX = 4,
  CORM_OP_EAGER = 8,
  CORM_OP_CONTAINMENT = 16,
  /* What operators have together: AND and OR; items of arrays; what takes from JSONB, and what tests it. */
  CORM_OP_CHAINED = CORM_OP_ASSOCIATIVE | CORM_OP_BOOLEAN,
  CORM_OP_ITEM = CORM_OP_ASSOCIATIVE | CORM_OP_CONTAINMENT,
  CORM_OP_TAKING = CORM_OP_ITEM | CORM_OP_EAGER,
  CORM_OP_TESTING = CORM_OP_TAKING | CORM_OP_BOOLEAN
};
#define CORM_OPS(X)                                                                                                    \
  X(NONE, "", 0, NONE, PLAIN)                                                                                          \
  X(AND, " AND ", 3, NONE, CHAINED)                                                                                    \
  X(OR, " OR ", 2, NONE, CHAINED)                                                                                      \
  X(COMMA, ", ", -1, NONE, PLAIN)                                                                                      \
  X(NOT, "NOT ", 5, NONE, BOOLEAN)                                                                                     \
  X(EQ, " = ", 5, NE, BOOLEAN)                                                                                         \
  X(NE, " != ", 5, EQ, BOOLEAN)                                                                                        \
  X(LT, " < ", 5, GE, BOOLEAN)                                                                                         \
  X(LE, " <= ", 5, GT, BOOLEAN)                                                                                        \
  X(GT, " > ", 5, LE, BOOLEAN)                                                                                         \
  X(GE, " >= ", 5, LT, BOOLEAN)                                                                                        \
  X(IS, " IS ", 5, IS_NOT, BOOLEAN)                                                                                    \
  X(IS_NOT, " IS NOT ", 5, IS, BOOLEAN)                                                                                \
  X(IS_DISTINCT_FROM, " IS DISTINCT FROM ", 5, IS_NOT_DISTINCT_FROM, BOOLEAN)                                          \
  X(IS_NOT_DISTINCT_FROM, " IS NOT DISTINCT FROM ", 5, IS_DISTINCT_FROM, BOOLEAN)                                      \
  X(IN, " IN ", 5, NOT_IN, BOOLEAN)                                                                                    \
  X(NOT_IN, " NOT IN ", 5, IN, BOOLEAN)                                                                                \
  X(LIKE, " LIKE ", 5, NOT_LIKE, BOOLEAN)                                                                              \
  X(NOT_LIKE, " NOT LIKE ", 5, LIKE, BOOLEAN)                                                                          \
  X(ILIKE, " ILIKE ", 5, NOT_ILIKE, BOOLEAN)                                                                           \
  X(NOT_ILIKE, " NOT ILIKE ", 5, ILIKE, BOOLEAN)                                                                       \
  X(BETWEEN, " BETWEEN ", 5, NOT_BETWEEN, BOOLEAN)                                                                     \
  X(NOT_BETWEEN, " NOT BETWEEN ", 5, BETWEEN, BOOLEAN)                                                                 \
  X(REGEXP, " REGEXP ", 5, NOT_REGEXP, BOOLEAN)                                                                        \
  X(NOT_REGEXP, " NOT REGEXP ", 5, REGEXP, BOOLEAN)                                                                    \
  X(MATCH, " MATCH ", 5, NOT_MATCH, BOOLEAN)                                                                           \
  X(NOT_MATCH, " NOT MATCH ", 5, MATCH, BOOLEAN)                                                                       \
  X(REGEXP_REPLACE, "", 5, NONE, PLAIN)                                                                                \
  X(ANY, "ANY ", 15, NONE, PLAIN)                                                                                      \
  X(ALL, "ALL ", 15, NONE, PLAIN)                                                                                      \
  X(GETITEM, "", 15, NONE, ITEM)                                                                                       \
  X(SLICE, ":", -1, NONE, PLAIN)                                                                                       \
  X(JSON_GETITEM, "", 15, NONE, ASSOCIATIVE)                                                                           \
  X(JSON_PATH, "", 15, NONE, ASSOCIATIVE)                                                                              \
  X(ASTEXT, " ->> ", 15, NONE, TAKING)                                                                                 \
  X(PATH_ASTEXT, " #>> ", 15, NONE, TAKING)                                                                            \
  X(CONTAINS, " @> ", 5, NONE, TESTING)                                                                                \
  X(CONTAINED_BY, " <@ ", 5, NONE, TESTING)                                                                            \
  X(OVERLAP, " && ", 5, NONE, TESTING)                                                                                 \
  X(HAS_KEY, " ? ", 5, NONE, TESTING)                                                                                  \
  X(HAS_ALL, " ?& ", 5, NONE, TESTING)                                                                                 \
  X(HAS_ANY, " ?| ", 5, NONE, TESTING)                                                                                 \
  X(DELETE_PATH, " #- ", 15, NONE, TAKING)                                                                             \
  X(PATH_EXISTS, " @? ", 5, NONE, TESTING)                                                                             \
  X(PATH_MATCH, " @@ ", 5, NONE, TESTING)                                                                              \
  X(ADD, " + ", 7, NONE, ASSOCIATIVE)                                                                                  \
  X(SUB, " - ", 7, NONE, PLAIN)                                                                                        \
  X(MUL, " * ", 8, NONE, ASSOCIATIVE)                                                                                  \
  X(TRUEDIV, " / ", 8, NONE, PLAIN)                                                                                    \
  X(FLOORDIV, " / ", 8, NONE, PLAIN)                                                                                   \
  X(MOD, " % ", 8, NONE, PLAIN)                                                                                        \
  X(CONCAT, " || ", 6, NONE, ASSOCIATIVE)                                                                              \
  X(BIT_AND, " & ", 7, NONE, PLAIN)                                                                                    \
  X(BIT_OR, " | ", 7, NONE, PLAIN)                                                                                     \
  X(BIT_XOR, " ^ ", 7, NONE, PLAIN)                                                                                    \
  X(LSHIFT, " << ", 7, NONE, PLAIN)                                                                                    \
  X(RSHIFT, " >> ", 7, NONE, PLAIN)                                                                                    \
  X(NEG, "-", 8, NONE, PLAIN)                                                                                          \
  X(BIT_NOT, "~", 8, NONE, PLAIN)                                                                                      \
  X(DISTINCT, "DISTINCT ", 5, NONE, PLAIN)                                                                             \
  X(COLLATE, " COLLATE ", 4, NONE, PLAIN)                                                                              \
  X(ASC, " ASC", 3, NONE, POSTFIX)                                                                                     \
  X(DESC, " DESC", 3, NONE, POSTFIX)                                                                                   \
  X(NULLS_FIRST, " NULLS FIRST", 100, NONE, POSTFIX)                                                                   \
  X(NULLS_LAST, " NULLS LAST", 100, NONE, POSTFIX)                                                                     \
  X(IS_TRUE, "", 5, IS_FALSE, BOOLEAN)                                                                                 \
  X(IS_FALSE, "", 5, IS_TRUE, BOOLEAN)                                                                                 \
  X(COMPARISON, "", 101, NONE, BOOLEAN)                                                                                \
  X(EXISTS, "EXISTS ", 0, NONE, BOOLEAN)                                                                               \
  X(CUSTOM, "", 0, NONE, PLAIN)

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

typedef struct corm_op_info {
  const char *text;
  uint8_t len; /* of the text */
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

#endif
