/* Whether two trees say the same. */
#ifndef CORM_SQL_COMPARE_H
#define CORM_SQL_COMPARE_H

#include "sql/kind.h"

/*
 * True in *same when both trees have the same structure, names and values, as SQLAlchemy's compare() says: operands of
 * AND, OR, =, !=, + and * may stand in any order, types count by what kind of values they hold, tables by name and
 * columns. Names that are made up do not count, but an anonymous alias must stand for the same one everywhere.
 * Without recursion; what it needs comes from the arena, whose being full is the only error.
 */
CORM_MUST_USE corm_status corm_node_compare(corm_arena *arena, const corm_node *a, const corm_node *b, bool *same,
                                            corm_error *err);

#endif
