/*
 * Transactions and savepoints of a connection. A transaction is begun logically first; the database hears of it with
 * the first statement, which tells whether it will write. After everything that fails the database is asked whether the
 * transaction is still there (SQLite ends it by itself when the disk is full).
 */
#include "engine/internal.h"

#include <stdio.h>

corm_status corm_conn_check(corm_conn *conn, corm_error *err) {
  if (conn->link == NULL || conn->close_wanted) {
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  }
  if (corm_engine_is_foreign(conn->engine)) {
    return corm_error_set(err, CORM_E_ILLEGAL_STATE_CHANGE,
                          "this connection was opened before fork() and belongs to the parent process");
  }
  if (conn->txn == CORM_TXN_LOST) {
    return corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                          "the transaction was ended by the database and nothing of it is left; call rollback() before "
                          "going on. The first error was: %s",
                          conn->lost);
  }
  return corm_link_unblock(conn->link, err);
}

/* -- the physical transaction ---------------------------------------------------------------------------------------
 */

static bool takes_part(const corm_conn *conn) {
  return conn->link->open && conn->txn == CORM_TXN_OPEN && conn->serial == conn->link->serial;
}

static void lose(corm_conn *conn, const corm_error *err, const char *otherwise) {
  conn->txn = CORM_TXN_LOST;
  if (err != NULL && err->is_set) {
    snprintf(conn->lost, sizeof conn->lost, "(%s) %.200s", corm_error_class_name(err->cls), err->message);
  } else {
    snprintf(conn->lost, sizeof conn->lost, "%s", otherwise);
  }
}

/* The physical transaction is over without a commit: who has written in it must know. */
static void lose_others(corm_link *link, const corm_conn *self, const corm_error *err, const char *otherwise) {
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *other = link->users.items[i];
    if (other != self && takes_part(other) && other->wrote) lose(other, err, otherwise);
  }
}

static void mark_ended(corm_link *link) {
  link->open = false;
  link->savepoints = 0;
}

static void reset_txn(corm_conn *conn) {
  conn->txn = CORM_TXN_NONE;
  conn->mode = CORM_BEGIN_READ;
  conn->wrote = false;
}

static corm_status begin_link(corm_conn *conn, bool readonly, corm_error *err) {
  corm_link *link = conn->link;
  const corm_begin begin = {.mode = readonly ? conn->mode : CORM_BEGIN_WRITE};
  corm_conn_log(conn, "BEGIN (implicit)");
  if (link->driver->begin(link->native, &begin, err) != CORM_OK) return CORM_FAILED;
  link->open = true;
  link->serial++;
  link->savepoints = 0;
  return CORM_OK;
}

corm_status corm_conn_join(corm_conn *conn, corm_verb verb, bool readonly, corm_error *err) {
  corm_link *link = conn->link;
  bool outside = verb >= CORM_VERB_SETTING && verb != CORM_VERB_SAVEPOINT;
  if (conn->txn == CORM_TXN_NONE) {
    conn->txn = CORM_TXN_OPEN;
    conn->mode = CORM_BEGIN_READ;
  }
  if (!link->open) {
    if (outside) return CORM_OK;
    if (begin_link(conn, readonly, err) != CORM_OK) return CORM_FAILED;
  }
  if (conn->serial != link->serial) {
    conn->serial = link->serial;
    conn->wrote = false;
  }
  if (!readonly) conn->wrote = true;
  return CORM_OK;
}

void corm_conn_failed(corm_conn *conn, const corm_error *err) {
  corm_link *link = conn->link;
  if (link == NULL) return;
  if (err != NULL && err->disconnected) link->broken = true;
  if (!link->open || link->driver->in_transaction(link->native)) return;
  lose_others(link, conn, err, "a statement failed");
  lose(conn, err, "a statement failed");
  mark_ended(link);
}

void corm_conn_noticed(corm_conn *conn, corm_verb verb) {
  corm_link *link = conn->link;
  bool now = link->driver->in_transaction(link->native);
  if (now && !link->open) {
    link->open = true;
    link->serial++;
    link->savepoints = 0;
    conn->serial = link->serial;
  } else if (!now && link->open) {
    static const char why[] = "a ROLLBACK was sent as an SQL statement";
    if (verb == CORM_VERB_ROLLBACK) {
      lose_others(link, conn, NULL, why);
      lose(conn, NULL, why);
    } else { /* a COMMIT, or what implies one */
      reset_txn(conn);
    }
    mark_ended(link);
  }
}

corm_status corm_link_buffer(corm_link *link, corm_error *err) {
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (corm_result_buffer(result, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

corm_status corm_link_unblock(corm_link *link, corm_error *err) {
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (result->blocks && corm_result_buffer(result, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

/* A rollback must not fail because of a result: what cannot be read to its end is closed. */
static void buffer_or_close(corm_link *link) {
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (corm_result_buffer(result, NULL) != CORM_OK) corm_result_close(result);
  }
}

/* -- begin, commit, rollback ----------------------------------------------------------------------------------------
 */

corm_txn_state corm_conn_txn(const corm_conn *conn) {
  return conn->txn;
}

corm_status corm_conn_begin(corm_conn *conn, corm_begin_mode mode, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (conn->txn != CORM_TXN_NONE) {
    return corm_error_set(
        err, CORM_E_INVALID_REQUEST,
        "a transaction is already begun on this connection (the first statement begins one by itself); "
        "call commit() or rollback() first");
  }
  conn->txn = CORM_TXN_OPEN;
  conn->mode = mode;
  conn->wrote = false;
  return CORM_OK;
}

corm_status corm_conn_commit(corm_conn *conn, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  corm_link *link = conn->link;
  if (takes_part(conn)) {
    if (corm_link_buffer(link, err) != CORM_OK) return CORM_FAILED;
    corm_conn_log(conn, "COMMIT");
    if (link->driver->commit(link->native, err) != CORM_OK) {
      corm_conn_failed(conn, err);
      return CORM_FAILED;
    }
    mark_ended(link);
  }
  reset_txn(conn);
  return CORM_OK;
}

corm_status corm_conn_rollback(corm_conn *conn, corm_error *err) {
  corm_status status = CORM_OK;
  corm_link *link = conn->link;
  if (conn->txn != CORM_TXN_LOST && corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (link != NULL && takes_part(conn)) {
    buffer_or_close(link);
    corm_conn_log(conn, "ROLLBACK");
    status = link->driver->rollback(link->native, err);
    if (status != CORM_OK) link->broken = true;
    if (status != CORM_OK && link->driver->in_transaction(link->native)) return status;
    lose_others(link, conn, NULL, "another connection to the same in-memory database rolled back");
    mark_ended(link);
  }
  reset_txn(conn);
  return status;
}

/* -- savepoints -----------------------------------------------------------------------------------------------------
 */

static corm_status send(corm_conn *conn, const char *command, int depth, corm_error *err) {
  char sql[64];
  snprintf(sql, sizeof sql, "%s corm_sp_%d", command, depth);
  corm_conn_log(conn, sql);
  if (conn->driver->exec(conn->link->native, sql, err) == CORM_OK) return CORM_OK;
  corm_conn_failed(conn, err);
  return CORM_FAILED;
}

int corm_conn_savepoint_depth(const corm_conn *conn) {
  return conn->link == NULL ? 0 : conn->link->savepoints;
}

corm_status corm_conn_savepoint(corm_conn *conn, int *depth, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK || corm_conn_join(conn, CORM_VERB_SAVEPOINT, true, err) != CORM_OK) {
    return CORM_FAILED;
  }
  int next = conn->link->savepoints + 1;
  if (send(conn, "SAVEPOINT", next, err) != CORM_OK) return CORM_FAILED;
  conn->link->savepoints = next;
  if (depth != NULL) *depth = next;
  return CORM_OK;
}

static corm_status check_depth(corm_conn *conn, int depth, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (takes_part(conn) && depth >= 1 && depth <= conn->link->savepoints) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "savepoint %d is not open: it was released or rolled back", depth);
}

corm_status corm_conn_savepoint_release(corm_conn *conn, int depth, corm_error *err) {
  if (check_depth(conn, depth, err) != CORM_OK) return CORM_FAILED;
  if (send(conn, "RELEASE SAVEPOINT", depth, err) != CORM_OK) return CORM_FAILED;
  conn->link->savepoints = depth - 1;
  return CORM_OK;
}

corm_status corm_conn_savepoint_rollback(corm_conn *conn, int depth, corm_error *err) {
  if (check_depth(conn, depth, err) != CORM_OK) return CORM_FAILED;
  buffer_or_close(conn->link);
  if (send(conn, "ROLLBACK TO SAVEPOINT", depth, err) != CORM_OK) return CORM_FAILED;
  conn->link->savepoints = depth; /* rolling back keeps the savepoint itself open */
  return corm_conn_savepoint_release(conn, depth, err);
}
