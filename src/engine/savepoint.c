/* Savepoints: named by their depth on the link. */
#include <stdio.h>

#include "engine/internal.h"

static corm_status send(corm_conn *conn, const char *command, int depth, corm_error *err) {
  char sql[64];
  snprintf(sql, sizeof sql, "%s corm_sp_%d", command, depth);
  corm_conn_log(conn, sql);
  if (conn->driver->exec(conn->link->native, sql, err) == CORM_OK) return CORM_OK;
  corm_conn_failed(conn, err);
  return CORM_FAILED;
}

static corm_status tell(corm_conn *conn, corm_engine_event event, int depth, corm_error *err) {
  char name[32];
  snprintf(name, sizeof name, "corm_sp_%d", depth);
  return corm_conn_tell(conn, event, name, err);
}

int corm_conn_savepoint_depth(const corm_conn *conn) {
  return conn->link == NULL ? 0 : conn->link->savepoints;
}

corm_status corm_conn_savepoint(corm_conn *conn, int *depth, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (conn->options.isolation == CORM_ISOLATION_AUTOCOMMIT && !conn->link->open) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "a savepoint needs a transaction, and with AUTOCOMMIT this connection begins none");
  }
  if (corm_conn_join(conn, CORM_VERB_SAVEPOINT, true, err) != CORM_OK) {
    corm_conn_failed(conn, err);
    return CORM_FAILED;
  }
  int next = conn->link->savepoints + 1;
  if (tell(conn, CORM_ENGINE_SAVEPOINT, next, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_check(conn, err) != CORM_OK || send(conn, "SAVEPOINT", next, err) != CORM_OK) return CORM_FAILED;
  conn->link->savepoints = next;
  if (depth != NULL) *depth = next;
  return CORM_OK;
}

static corm_status check_depth(const corm_conn *conn, int depth, corm_error *err) {
  if (corm_conn_takes_part(conn) && depth >= 1 && depth <= conn->link->savepoints) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "savepoint %d is not open: it was released or rolled back", depth);
}

corm_status corm_conn_savepoint_release(corm_conn *conn, int depth, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK || check_depth(conn, depth, err) != CORM_OK) return CORM_FAILED;
  if (tell(conn, CORM_ENGINE_RELEASE_SAVEPOINT, depth, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_check(conn, err) != CORM_OK || send(conn, "RELEASE SAVEPOINT", depth, err) != CORM_OK) {
    return CORM_FAILED;
  }
  conn->link->savepoints = depth - 1;
  return CORM_OK;
}

/* A failed transaction is no obstacle: this is what heals it. */
corm_status corm_conn_savepoint_rollback(corm_conn *conn, int depth, corm_error *err) {
  if (conn->txn != CORM_TXN_FAILED && corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (check_depth(conn, depth, err) != CORM_OK) return CORM_FAILED;
  corm_error ignored;
  corm_error_init(&ignored);
  if (tell(conn, CORM_ENGINE_ROLLBACK_SAVEPOINT, depth, &ignored) != CORM_OK) corm_error_clear(&ignored);
  corm_link_buffer_or_close(conn->link, false);
  if (send(conn, "ROLLBACK TO SAVEPOINT", depth, err) != CORM_OK) return CORM_FAILED;
  corm_link_forget_limit(conn->link);
  corm_conn_heal(conn);
  conn->link->savepoints = depth; /* rolling back keeps the savepoint itself open */
  if (send(conn, "RELEASE SAVEPOINT", depth, err) != CORM_OK) return CORM_FAILED;
  conn->link->savepoints = depth - 1;
  return CORM_OK;
}
