/* The columns of an aliased select, for passes that wrap one statement in another. */
#ifndef CORM_SQL_SUBQUERY_H
#define CORM_SQL_SUBQUERY_H

#include "sql/node.h"

/*
 * One node for each selected column of the aliased select, bundles expanded, in order. A column that is selected twice
 * is addressed by its first label. CompileError for what cannot be addressed (raw text among the columns).
 */
CORM_MUST_USE corm_status corm_subquery_columns_in(corm_arena *arena, const corm_node *alias,
                                                   const corm_node *const **out, uint32_t *n, corm_error *err);

#endif
