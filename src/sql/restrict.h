/*
 * Conditions that FROMs carry (corm_table_node.only): classes that share a table see their own rows only. Where such a
 * FROM is selected from, its condition joins WHERE; on the right of a JOIN it joins ON, so that outer joins stay outer.
 */
#ifndef CORM_SQL_RESTRICT_H
#define CORM_SQL_RESTRICT_H

#include "sql/froms.h"

/* The FROM that a JOIN begins with, or itself. */
static inline const corm_node *corm_from_leftmost(const corm_node *from) {
  while (from->kind == CORM_NODE_JOIN) from = ((const corm_join *)from)->left;
  return from;
}

/* True when it carries a condition, or is the alias of what does. */
static inline bool corm_from_is_restricted(const corm_node *from) {
  from = corm_from_leftmost(from);
  if (from->kind == CORM_NODE_ALIAS) from = ((const corm_alias *)from)->element;
  return from->kind == CORM_NODE_TABLE && ((const corm_table_node *)from)->only;
}

/* `condition`, or NULL for none, and that of the FROM; NULL without either, and when the arena is full. */
const corm_node *corm_restrict_from_in(corm_arena *arena, const corm_node *condition, const corm_node *from);
/* The WHERE of a select whose FROMs were collected: its own, and the conditions of what its FROMs and columns name. */
const corm_node *corm_restrict_select_in(corm_arena *arena, const corm_select *select,
                                         const corm_select_columns *columns, const corm_from_list *froms);

#endif
