/* Expressions said anew of other columns: of an alias's, or of those of a copied table. */
#ifndef CORM_SQL_ADAPT_H
#define CORM_SQL_ADAPT_H

#include "sql/node.h"

/* What stands for a column: a node of the arena or one that lives as long, the column itself, or NULL when the arena is
   full. */
typedef const corm_node *(*corm_adapt_column)(corm_arena *arena, void *ctx, const corm_column_node *column);

/* Goes on into subqueries. */
typedef struct corm_adapt {
  corm_adapt_column column;
  /* What stands for a FROM of the enclosing statement; the same where it stays. */
  const corm_node *(*from)(void *ctx, const corm_node *from);
  void *ctx;
  /* With `from`: what subqueries correlate to that say nothing about it; NULL: to what they find around them. */
  const corm_node *const *correlate;
  uint32_t ncorrelate;
} corm_adapt;

/* The same as below, also in EXISTS and scalar subqueries: their expressions and what they correlate to, unless they
   select from such a FROM themselves, which then is another one than that of the statement around them. What stands in
   their FROM clauses stays as it is. NULL when the arena is full. */
const corm_node *corm_adapt_in(corm_arena *arena, const corm_node *node, const corm_adapt *adapt);

/* A copy of the expression with each of its columns replaced; leaves are shared. What holds a select, and what the host
   writes (CONSTRUCT), stays as it is. NULL when the arena is full. */
const corm_node *corm_adapt_columns_in(corm_arena *arena, const corm_node *node, corm_adapt_column column, void *ctx);

#endif
