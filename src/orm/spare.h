/* Values that no row has, for rows which lend their own to others for a while. Internal to orm/. */
#ifndef CORM_ORM_SPARE_H
#define CORM_ORM_SPARE_H

#include "engine/connection.h"
#include "schema/table.h"

/* True when there are such values of the type. */
bool corm_spare_has(const corm_type *type);

/*
 * n values for a column, all different. What is drawn at random from 2^60 values and more is free; of types with fewer
 * the database is asked, once, which of some are taken. Where too few are free the last ones stay ABSENT. Bytes are in
 * the arena.
 */
CORM_MUST_USE corm_status corm_spare_find(corm_conn *conn, corm_arena *arena, const corm_column *column,
                                          corm_value *values, size_t n, corm_error *err);

#endif
