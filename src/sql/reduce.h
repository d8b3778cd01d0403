/* Which columns of a select say what another one says. */
#ifndef CORM_SQL_REDUCE_H
#define CORM_SQL_REDUCE_H

#include "sql/select.h"

/*
 * Sets omit[i] for each of the select's columns that another one makes needless: it refers to that one by a foreign
 * key, the select's WHERE or a join's ON says that both are equal (the first is kept), or it is there twice.
 * `synonyms`: only where both have one name. Errors of foreign keys whose target is not there.
 */
CORM_MUST_USE corm_status corm_reduce_columns(corm_arena *arena, const corm_select *select,
                                              const corm_node *const *columns, size_t n, bool synonyms, bool *omit,
                                              corm_error *err);

#endif
