/* The root transaction of a session on its connection. */
#include "orm/outer.h"

static corm_join_mode resolve(corm_join_mode mode, const corm_conn *conn) {
  if (mode != CORM_JOIN_CONDITIONAL_SAVEPOINT) return mode;
  return corm_conn_savepoint_depth(conn) ? CORM_JOIN_CREATE_SAVEPOINT : CORM_JOIN_ROLLBACK_ONLY;
}

corm_status corm_outer_begin(corm_session *session, corm_conn *conn, corm_begin_mode mode, int *savepoint,
                             corm_error *err) {
  *savepoint = 0;
  session->joined = CORM_JOIN_NONE;
  if (corm_conn_txn(conn) == CORM_TXN_NONE) {
    if (!session->own_conn && mode == CORM_BEGIN_READ) return CORM_OK; /* its first statement begins it */
    return corm_conn_begin(conn, mode, err);
  }
  if (!session->own_conn) return CORM_OK;
  const corm_join_mode joined = resolve(session->options.join_mode, conn);
  if (joined == CORM_JOIN_CREATE_SAVEPOINT) {
    if (corm_conn_savepoint(conn, savepoint, err) != CORM_OK) return CORM_FAILED;
  } else {
    *savepoint = corm_conn_savepoint_depth(conn);
  }
  session->joined = joined;
  return CORM_OK;
}

static corm_frame *root(const corm_session *session) {
  corm_frame *frame = session->frame;
  while (frame && frame->parent) frame = frame->parent;
  return frame;
}

void corm_outer_check(corm_session *session) {
  if (session->joined >= CORM_JOIN_NONE || corm_conn_txn(session->conn) != CORM_TXN_NONE) return;
  session->joined = CORM_JOIN_NONE;
  root(session)->savepoint = 0;
}

/* The depth of the savepoint that the session's work is in; 0: of the whole transaction. */
static int depth_of(const corm_session *session) {
  return session->joined == CORM_JOIN_NONE ? 0 : root(session)->savepoint;
}

corm_status corm_outer_commit(corm_session *session, corm_error *err) {
  corm_outer_check(session);
  if (session->joined == CORM_JOIN_ROLLBACK_ONLY) {
    if (corm_conn_txn(session->conn) == CORM_TXN_OPEN) return CORM_OK;
    return corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                          "the transaction that this Session joined has failed, so that its owner can only roll it "
                          "back; call session:rollback()");
  }
  const int depth = depth_of(session);
  return depth ? corm_conn_savepoint_release(session->conn, depth, err) : corm_conn_commit(session->conn, err);
}

/* A savepoint that is gone already was rolled back with what was around it; the owner of a transaction that is lost has
   to hear of it, so it stays lost. */
static corm_status rollback_savepoint(corm_session *session, int depth, corm_error *err) {
  corm_conn *conn = session->conn;
  if (corm_conn_txn(conn) == CORM_TXN_LOST || corm_conn_savepoint_depth(conn) < depth) return CORM_OK;
  return corm_conn_savepoint_rollback(conn, depth, err);
}

corm_status corm_outer_rollback(corm_session *session, corm_error *err) {
  if (!session->conn) return CORM_OK;
  corm_outer_check(session);
  if (session->joined == CORM_JOIN_OVER) return CORM_OK;
  const int depth = depth_of(session);
  session->joined = CORM_JOIN_OVER;
  return depth ? rollback_savepoint(session, depth, err) : corm_conn_rollback(session->conn, err);
}

corm_status corm_outer_close(corm_session *session, corm_error *err) {
  if (session->conn) corm_outer_check(session);
  return session->joined == CORM_JOIN_ROLLBACK_ONLY ? CORM_OK : corm_outer_rollback(session, err);
}
