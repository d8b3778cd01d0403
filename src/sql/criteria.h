/* Conditions that come with a statement for the classes that it names, and the FROMs that may have some. */
#ifndef CORM_SQL_CRITERIA_H
#define CORM_SQL_CRITERIA_H

#include "sql/select.h"

/* What is to hold of classes wherever one statement names them, subqueries included. */
typedef struct corm_criteria {
  /* Gives the condition for a TABLE, or an ALIAS of one, said of it: a node that lives as long as the arena; NULL:
     none. */
  corm_status (*find)(void *ctx, corm_arena *arena, const corm_node *from, const corm_node **out, corm_error *err);
  void *ctx;
} corm_criteria;

/* The FROM that a JOIN begins with, or itself. */
static inline const corm_node *corm_from_leftmost(const corm_node *from) {
  while (from->kind == CORM_NODE_JOIN) from = ((const corm_join *)from)->left;
  return from;
}

/* The TABLE that a FROM begins with, also if it is the alias of one; or NULL. */
static inline const corm_table_node *corm_from_table(const corm_node *from) {
  from = corm_from_leftmost(from);
  if (from->kind == CORM_NODE_ALIAS) from = ((const corm_alias *)from)->element;
  return from->kind == CORM_NODE_TABLE ? (const corm_table_node *)from : NULL;
}

/* True when it carries a condition, or is the alias of what does. */
static inline bool corm_from_is_restricted(const corm_node *from) {
  const corm_table_node *table = corm_from_table(from);
  return table && table->only;
}

/* True when a condition may hold of it. criteria: NULL: none. */
static inline bool corm_from_may_be_restricted(const corm_criteria *criteria, const corm_node *from) {
  const corm_table_node *table = corm_from_table(from);
  return table && (table->only || (criteria && table->owner));
}

#endif
