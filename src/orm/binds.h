/*
 * Sessions over several databases (U36): classes and tables that belong to other engines than the session's own. Each
 * engine is asked for a connection when something of it is first needed; all transactions begin and end together, as
 * far as that can be without two phases: they are committed one after the other.
 */
#ifndef CORM_ORM_BINDS_H
#define CORM_ORM_BINDS_H

#include "orm/session.h"

/* The database of some classes beside the session's own. */
typedef struct corm_branch {
  corm_engine *engine; /* held */
  corm_conn *conn;     /* while the transaction runs and something of it was needed */
} corm_branch;

void corm_binds_free(corm_session *session);

/* Of a class, else of a table; either may be NULL. The session's own where neither is bound. */
corm_engine *corm_binds_engine(const corm_session *session, const corm_mapper *mapper, const corm_table *table);
/* The same as corm_session_connection for a class or a table. */
CORM_MUST_USE corm_status corm_binds_connection(corm_session *session, const corm_mapper *mapper,
                                                const corm_table *table, corm_conn **out, corm_error *err);

/* A savepoint more; the innermost frame's away; everything since the innermost frame began, or all, undone. */
CORM_MUST_USE corm_status corm_binds_savepoint(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_binds_release(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_binds_rollback(corm_session *session, bool savepoint, corm_error *err);
/* Stops at the first that fails. */
CORM_MUST_USE corm_status corm_binds_commit(corm_session *session, corm_error *err);
void corm_binds_leave(corm_session *session);

#endif
