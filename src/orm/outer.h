/*
 * The root transaction of a session on its connection: one of its own, or one that the session found there and joined
 * (a Session on a Connection in whose transaction somebody works already). Internal to orm/.
 */
#ifndef CORM_ORM_OUTER_H
#define CORM_ORM_OUTER_H

#include "orm/session.h"

/* Begins, or joins. Notes in `session->joined` and in the root frame's `savepoint` what is the session's. */
CORM_MUST_USE corm_status corm_outer_begin(corm_session *session, corm_conn *conn, corm_begin_mode mode, int *savepoint,
                                           corm_error *err);

/* A joined transaction that its owner has ended: what the connection begins next is the session's own. */
void corm_outer_check(corm_session *session);

CORM_MUST_USE corm_status corm_outer_commit(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_outer_rollback(corm_session *session, corm_error *err);
/* A session that is closed rolls back what is its own, and leaves alone what it may not commit. */
CORM_MUST_USE corm_status corm_outer_close(corm_session *session, corm_error *err);

#endif
