/*
 * Creating and dropping what a schema describes: types, tables, indexes, and the foreign keys that cannot stand in
 * CREATE TABLE because their target is not there yet.
 */
#ifndef CORM_ENGINE_CREATE_H
#define CORM_ENGINE_CREATE_H

#include "engine/connection.h"
#include "schema/metadata.h"
#include "sql/ddl.h"

typedef enum corm_create_event {
  CORM_BEFORE_CREATE,
  CORM_AFTER_CREATE,
  CORM_BEFORE_DROP,
  CORM_AFTER_DROP,
  CORM_CREATE_EVENTS
} corm_create_event;

typedef struct corm_create {
  corm_table *const *tables; /* those that are referred to first, as corm_metadata_sort gives them */
  size_t n;
  size_t ncycle;             /* so many of the last ones refer to each other */
  bool checkfirst;           /* what is there already (or is gone already) is passed over */
  const corm_vec *sequences; /* corm_sequence *: those of the metadata; NULL: none besides those of columns */
  /* Told of each table; NULL: nobody is. */
  corm_status (*event)(void *ctx, corm_create_event event, corm_table *table, corm_error *err);
  /* Gets each statement in place of a database, as an element and as text; NULL: there is a database. */
  corm_status (*sink)(void *ctx, const corm_ddl_element *element, corm_error *err);
  void *ctx;
  /* With a sink, and without a connection: */
  const corm_dialect *dialect;
  const corm_mem *mem;
} corm_create;

/* Types that columns need come first, once each, unless they are made elsewhere. */
CORM_MUST_USE corm_status corm_conn_create(corm_conn *conn, const corm_create *what, corm_error *err);

/* In the opposite order. A type that a table outside of `what`, in the same metadata, uses as well is left. */
CORM_MUST_USE corm_status corm_conn_drop(corm_conn *conn, const corm_create *what, corm_error *err);

#endif
