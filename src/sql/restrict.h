/*
 * Conditions that hold of FROMs: classes that share a table see their own rows only (corm_table_node.only), and a
 * statement may come with conditions for the classes that it names (corm_criteria). Where such a FROM is selected from,
 * its condition joins WHERE; on the right of a JOIN it joins ON, so that outer joins stay outer.
 */
#ifndef CORM_SQL_RESTRICT_H
#define CORM_SQL_RESTRICT_H

#include "sql/criteria.h"
#include "sql/froms.h"

/* *condition, or NULL for none, and what holds of the FROM. criteria: NULL: none. */
CORM_MUST_USE corm_status corm_restrict_from_in(corm_arena *arena, const corm_criteria *criteria, const corm_node *from,
                                                const corm_node **condition, corm_error *err);
/* The WHERE of a select whose FROMs were collected: its own, and the conditions of what its FROMs and columns name. */
CORM_MUST_USE corm_status corm_restrict_select_in(corm_arena *arena, const corm_criteria *criteria,
                                                  const corm_select *select, const corm_select_columns *columns,
                                                  const corm_from_list *froms, const corm_node **where,
                                                  corm_error *err);

#endif
