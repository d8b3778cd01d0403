/*
 * UPDATE and DELETE by criteria, seen from the objects of a session (synchronize_session): objects in memory follow
 * what the statement does to their rows. Which they are is evaluated on their slots, or the database is asked for the
 * keys, by RETURNING where there is such a thing, else by a SELECT before. Nothing is loaded again that can be known.
 *
 *   corm_bulk_prepare, execute (bulk->returns_keys: corm_bulk_returning_in instead), corm_bulk_take, corm_bulk_finish
 */
#ifndef CORM_ORM_BULK_WRITE_H
#define CORM_ORM_BULK_WRITE_H

#include "orm/evaluate.h"
#include "orm/session.h"
#include "sql/node.h"

typedef enum corm_synchronize {
  CORM_SYNCHRONIZE_AUTO, /* evaluates where that is possible, else fetches */
  CORM_SYNCHRONIZE_EVALUATE,
  CORM_SYNCHRONIZE_FETCH,
  CORM_SYNCHRONIZE_OFF
} corm_synchronize;

/* What becomes of a slot. */
typedef struct corm_bulk_set {
  uint32_t slot;
  bool known; /* `value` gives it; else it is loaded again */
  corm_program value;
} corm_bulk_set;

typedef struct corm_bulk_write {
  /* The caller's. */
  corm_session *session;
  corm_arena *arena; /* outlives it */
  const corm_mapper *mapper;
  const corm_node *statement;           /* UPDATE or DELETE, with the columns that the parameters name */
  const corm_params *params;            /* NULL: none */
  const corm_late *late;                /* likewise */
  const struct corm_criteria *criteria; /* with which it is compiled; NULL: none */
  corm_synchronize synchronize;
  bool gives_rows; /* it has a RETURNING of its own */
  bool listed;     /* the caller knows the objects: all others in memory have no such rows */

  /* corm_bulk_prepare's. */
  bool returns_keys; /* the keys are to be returned, and given to corm_bulk_take */
  bool outdates;     /* nothing is known: what is loaded of the table is loaded again */
  bool fetches;
  const corm_node *condition; /* its own WHERE and the criteria's; NULL: all rows */
  corm_evaluator evaluator;
  corm_program where;
  corm_bulk_set *sets;
  uint32_t nsets;
  corm_value *values; /* room for one of each */
  bool *is_set;       /* by slot */
  corm_value *keys;   /* of objects in memory that match, npk each */
  size_t nkeys, cap_keys;
  bool gone; /* some object was deleted */
} corm_bulk_write;

/*
 * Before the statement is sent, after the autoflush. InvalidRequestError when "evaluate" was asked for and the criteria
 * cannot be evaluated. May send a SELECT.
 */
CORM_MUST_USE corm_status corm_bulk_prepare(corm_bulk_write *bulk, corm_conn *conn, corm_error *err);
/* A copy of the statement that returns the primary keys; NULL when the arena is full. */
const corm_node *corm_bulk_returning_in(corm_arena *arena, const corm_bulk_write *bulk);
/* Reads the keys to the end; the result has no rows then. */
CORM_MUST_USE corm_status corm_bulk_take(corm_bulk_write *bulk, corm_result *result, corm_error *err);
/* An object whose row is known to be written. */
CORM_MUST_USE corm_status corm_bulk_apply(corm_bulk_write *bulk, corm_object *object, corm_error *err);
/* An object that was read since: what its changes were made of is not known any more. */
void corm_bulk_doubt(const corm_bulk_write *bulk, corm_object *object);
/* After the statement. */
CORM_MUST_USE corm_status corm_bulk_finish(corm_bulk_write *bulk, corm_error *err);

#endif
