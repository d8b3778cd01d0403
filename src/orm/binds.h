/*
 * Sessions over several databases (U36): classes and tables that belong to other engines than the session's own. Each
 * engine is asked for a connection when something of it is first needed; all transactions begin and end together, as
 * far as that can be without two phases: they are committed one after the other. A routed session asks its host, for
 * each statement and each class of a flush anew.
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

/* What a database is looked for by. */
typedef struct corm_bind_wish {
  const corm_mapper *mapper; /* or NULL */
  const corm_table *table;   /* or NULL */
  bool writes;               /* what is to be executed changes rows */
} corm_bind_wish;

/* True when not all belongs to the session's own engine. */
static inline bool corm_binds_are_several(const corm_session *session) {
  return session->branches.len > 0 || session->routed;
}
/* Of a class, else of a table, by `binds` alone; either may be NULL. The session's own where neither is bound. */
corm_engine *corm_binds_engine(const corm_session *session, const corm_mapper *mapper, const corm_table *table);
/* Chooses: the host is asked where the session is routed, and `binds` says what it leaves open. *out: NULL for the
   session's own. */
CORM_MUST_USE corm_status corm_binds_choose(corm_session *session, const corm_bind_wish *wish, corm_branch **out,
                                            corm_error *err);
/* The branch of an engine, NULL for the session's own. MemoryError. */
CORM_MUST_USE corm_status corm_binds_branch(corm_session *session, corm_engine *engine, corm_branch **out,
                                            corm_error *err);
/* The same as corm_session_connection, for what was chosen. */
CORM_MUST_USE corm_status corm_binds_open(corm_session *session, corm_branch *branch, corm_conn **out, corm_error *err);

/* A savepoint more; the innermost frame's away; everything since the innermost frame began, or all, undone. */
CORM_MUST_USE corm_status corm_binds_savepoint(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_binds_release(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_binds_rollback(corm_session *session, bool savepoint, corm_error *err);
/* Stops at the first that fails. */
CORM_MUST_USE corm_status corm_binds_commit(corm_session *session, corm_error *err);
void corm_binds_leave(corm_session *session);

#endif
