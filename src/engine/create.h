/*
 * Creating and dropping what a schema describes: types, tables, indexes, and the foreign keys that cannot stand in
 * CREATE TABLE because their target is not there yet.
 */
#ifndef CORM_ENGINE_CREATE_H
#define CORM_ENGINE_CREATE_H

#include "engine/connection.h"
#include "schema/metadata.h"

typedef struct corm_create {
  corm_table *const *tables; /* those that are referred to first, as corm_metadata_sort gives them */
  size_t n;
  size_t ncycle;   /* so many of the last ones refer to each other */
  bool checkfirst; /* what is there already (or is gone already) is passed over */
} corm_create;

/* Types that columns need come first, once each, unless they are made elsewhere. */
CORM_MUST_USE corm_status corm_conn_create(corm_conn *conn, const corm_create *what, corm_error *err);

/* In the opposite order. A type that a table outside of `what`, in the same metadata, uses as well is left. */
CORM_MUST_USE corm_status corm_conn_drop(corm_conn *conn, const corm_create *what, corm_error *err);

#endif
