/*
 * Transactions of a connection. A transaction is begun logically first; the database hears of it with the first
 * statement, which tells whether it will write. After everything that fails the database is asked whether the
 * transaction is still there (SQLite ends it by itself when the disk is full), whether it accepts anything (PostgreSQL
 * wants a rollback after each error) and whether the connection lives.
 */
#include <stdio.h>

#include "engine/internal.h"

/* -- states -------------------------------------------------------------------------------------------------------- */

static corm_status refuse_pending(const corm_conn *conn, corm_error *err) {
  const char *what =
      conn->txn == CORM_TXN_FAILED
          ? "the transaction has failed, and the database accepts nothing but a rollback; call "
            "rollback(), or roll back to a savepoint, before going on"
          : "the transaction was ended by the database and nothing of it is left; call rollback() before "
            "going on";
  corm_error_set(err, CORM_E_PENDING_ROLLBACK, "%s. The first error was: %s", what, conn->lost);
  if (err == NULL) return CORM_FAILED;
  err->retryable = conn->lost_retryable;
  corm_error_because(err, conn->engine->mem, conn->first);
  return CORM_FAILED;
}

static corm_status check_open(const corm_conn *conn, corm_error *err) {
  if (conn->closed || conn->close_wanted) {
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  }
  if (!corm_conn_is_foreign(conn)) return CORM_OK;
  return corm_error_set(err, CORM_E_ILLEGAL_STATE_CHANGE,
                        "this connection was opened before fork() and belongs to the parent process");
}

corm_status corm_conn_check(corm_conn *conn, corm_error *err) {
  corm_conn_settle(conn);
  if (check_open(conn, err) != CORM_OK) return CORM_FAILED;
  if (conn->txn == CORM_TXN_LOST || conn->txn == CORM_TXN_FAILED) return refuse_pending(conn, err);
  if (conn->overs)
    return corm_error_set(
        err, CORM_E_INVALID_REQUEST,
        "the transaction of this block has ended: leave the block before the Connection is used again");
  if (conn->link != NULL && conn->link->broken && conn->txn == CORM_TXN_NONE) corm_conn_leave_link(conn);
  if (conn->link == NULL && corm_link_take(conn->engine, conn, &conn->link, err) != CORM_OK) return CORM_FAILED;
  return corm_link_unblock(conn->link, err);
}

bool corm_conn_takes_part(const corm_conn *conn) {
  const corm_link *link = conn->link;
  bool begun = conn->txn == CORM_TXN_OPEN || conn->txn == CORM_TXN_FAILED;
  return link != NULL && link->open && begun && conn->serial == link->serial;
}

static void lose(corm_conn *conn, corm_txn_state state, const corm_error *err, const char *otherwise) {
  bool first = conn->txn != CORM_TXN_FAILED && conn->txn != CORM_TXN_LOST;
  conn->txn = state;
  if (!first) return;
  bool known = err != NULL && err->is_set;
  conn->lost_retryable = known && err->retryable;
  corm_error_free(conn->engine->mem, conn->first);
  conn->first = corm_error_dup(conn->engine->mem, err);
  if (known) {
    snprintf(conn->lost, sizeof conn->lost, "(%s) %.200s", corm_error_class_name(err->cls), err->message);
  } else {
    snprintf(conn->lost, sizeof conn->lost, "%s", otherwise);
  }
}

/* The physical transaction is over without a commit: who has written in it must know. */
static void lose_others(corm_link *link, const corm_conn *self, const corm_error *err, const char *otherwise) {
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *other = link->users.items[i];
    if (other != self && corm_conn_takes_part(other) && other->wrote) lose(other, CORM_TXN_LOST, err, otherwise);
  }
}

static void mark_ended(corm_link *link) {
  link->open = false;
  link->savepoints = 0;
}

static void reset_txn(corm_conn *conn) {
  conn->txn = CORM_TXN_NONE;
  conn->mode = CORM_BEGIN_READ;
  conn->wrote = conn->used = false;
  corm_error_free(conn->engine->mem, conn->first);
  conn->first = NULL;
}

corm_status corm_conn_tell(corm_conn *conn, corm_engine_event event, const char *savepoint, corm_error *err) {
  corm_engine_observer observer = conn->engine->observer;
  if (!corm_engine_listens(conn->engine, event) || conn->refs == 0) return CORM_OK;
  corm_engine_news news = {.event = event, .engine = conn->engine, .conn = conn, .savepoint = savepoint};
  corm_conn_enter(conn);
  corm_status status = observer.event(observer.ctx, &news, err);
  corm_conn_leave(conn);
  return status;
}

enum { UNKNOWN = -1 }; /* limit_ms */

/* -- the physical transaction -------------------------------------------------------------------------------------- */

static corm_status begin_link(corm_conn *conn, bool readonly, corm_error *err) {
  corm_link *link = conn->link;
  const corm_conn_options *options = &conn->options;
  const corm_begin begin = {.mode = readonly || options->read_only ? conn->mode : CORM_BEGIN_WRITE,
                            .isolation = options->isolation,
                            .read_only = options->read_only,
                            .deferrable = options->deferrable};
  if (corm_conn_tell(conn, CORM_ENGINE_BEGIN, NULL, err) != CORM_OK) return CORM_FAILED;
  if (conn->link != link) return corm_conn_check(conn, err);
  corm_conn_log(conn, "BEGIN (implicit)");
  if (link->driver->begin(link->native, &begin, err) != CORM_OK) return CORM_FAILED;
  link->open = true;
  link->serial++;
  link->savepoints = 0;
  return CORM_OK;
}

void corm_link_forget_limit(corm_link *link) {
  if (link->limit_serial != 0) link->limit_ms = UNKNOWN;
}

/* Before the first statement for which it holds; what a transaction set holds no longer than that for sure. */
static corm_status keep_limit(corm_conn *conn, corm_error *err) {
  corm_link *link = conn->link;
  const int64_t wanted = conn->options.statement_timeout_ms;
  const bool sure = link->limit_serial == 0 || (link->open && link->limit_serial == link->serial);
  if ((sure && link->limit_ms == wanted) || link->driver->limit == NULL) return CORM_OK;
  link->limit_ms = UNKNOWN;
  if (link->driver->limit(link->native, wanted, err) != CORM_OK) return CORM_FAILED;
  link->limit_ms = wanted;
  link->limit_serial = link->open ? link->serial : 0;
  return CORM_OK;
}

corm_status corm_conn_join(corm_conn *conn, corm_verb verb, bool readonly, corm_error *err) {
  corm_link *link = conn->link;
  bool outside = verb >= CORM_VERB_SETTING && verb != CORM_VERB_SAVEPOINT;
  if (conn->txn == CORM_TXN_NONE) {
    conn->txn = CORM_TXN_OPEN;
    conn->mode = CORM_BEGIN_READ;
  }
  conn->used = true;
  if (keep_limit(conn, err) != CORM_OK) return CORM_FAILED;
  if (!link->open) {
    if (outside || conn->options.isolation == CORM_ISOLATION_AUTOCOMMIT) return CORM_OK;
    if (begin_link(conn, readonly, err) != CORM_OK) return CORM_FAILED;
  }
  if (conn->serial != link->serial) {
    conn->serial = link->serial;
    conn->wrote = false;
  }
  if (!readonly) conn->wrote = true;
  return CORM_OK;
}

/* -- failures ------------------------------------------------------------------------------------------------------ */

static bool is_lost(const corm_link *link, const corm_error *err) {
  bool said = err != NULL && err->is_set && (err->disconnected || corm_error_class_is(err->cls, CORM_E_DISCONNECT));
  return said || (link->driver->is_lost != NULL && link->driver->is_lost(link->native));
}

/* The connection is gone: with it every transaction on it. Without a transaction around it, nobody knows whether the
   statement had its effect. */
static void lost_link(corm_conn *conn, bool spares_pool, corm_error *err) {
  corm_link *link = conn->link;
  if (err != NULL && err->is_set) {
    err->disconnected = true;
    if (conn->used && !link->open && conn->options.isolation == CORM_ISOLATION_AUTOCOMMIT) err->unknown = true;
  }
  corm_link_break(conn->engine, link, err, !spares_pool);
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *other = link->users.items[i];
    if (other != conn && corm_conn_takes_part(other)) lose(other, CORM_TXN_LOST, err, "the connection was lost");
  }
  if (conn->txn != CORM_TXN_NONE) lose(conn, CORM_TXN_LOST, err, "the connection was lost");
  mark_ended(link);
}

/* Everybody on the link shares the failed transaction. */
static void fail_link(corm_link *link, const corm_error *err) {
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *user = link->users.items[i];
    if (corm_conn_takes_part(user)) lose(user, CORM_TXN_FAILED, err, "a statement failed");
  }
}

/* What is left of the transaction and the connection. */
static void settle_failure(corm_conn *conn, const corm_failure *failure) {
  corm_link *link = conn->link;
  corm_error *err = failure->err;
  if (link == NULL || (err != NULL && err->from_hook)) return;
  if (failure->is_disconnect) {
    lost_link(conn, failure->spares_pool, err);
  } else if (link->open && !link->driver->in_transaction(link->native)) {
    lose_others(link, conn, err, "a statement failed");
    lose(conn, CORM_TXN_LOST, err, "a statement failed");
    mark_ended(link);
  } else if (link->open && link->driver->is_failed != NULL && link->driver->is_failed(link->native)) {
    fail_link(link, err);
  }
}

void corm_conn_failed(corm_conn *conn, corm_error *err) {
  corm_error instead;
  corm_error_init(&instead);
  if (conn->link != NULL) corm_link_find_cause(conn->link, err);
  if (err != NULL && err->is_set && conn->engine->options.hide_parameters) err->detail[0] = '\0';
  corm_failure failure = {.err = err, .is_disconnect = conn->link != NULL && is_lost(conn->link, err)};
  corm_failure_tell(conn->engine, conn, &failure, &instead);
  settle_failure(conn, &failure);
  corm_failure_replace(err, &instead);
}

void corm_conn_heal(corm_conn *conn) {
  corm_link *link = conn->link;
  if (link->driver->is_failed != NULL && link->driver->is_failed(link->native)) return;
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *user = link->users.items[i];
    if (user->txn == CORM_TXN_FAILED) user->txn = CORM_TXN_OPEN;
  }
}

void corm_conn_noticed(corm_conn *conn, corm_verb verb) {
  corm_link *link = conn->link;
  bool now = link->driver->in_transaction(link->native);
  corm_map_clear(&link->proved); /* there may be a trigger now, or another table of the same name */
  if (now && !link->open) {
    link->open = true;
    link->serial++;
    link->savepoints = 0;
    conn->serial = link->serial;
  } else if (!now && link->open) {
    static const char why[] = "a ROLLBACK was sent as an SQL statement";
    if (verb == CORM_VERB_ROLLBACK) {
      lose_others(link, conn, NULL, why);
      lose(conn, CORM_TXN_LOST, NULL, why);
    } else { /* a COMMIT, or what implies one */
      reset_txn(conn);
    }
    mark_ended(link);
  }
}

/* -- streams in the way -------------------------------------------------------------------------------------------- */

/* What blocks the link comes first: the others need it. */
corm_status corm_link_buffer(corm_link *link, corm_error *err) {
  if (corm_link_unblock(link, err) != CORM_OK) return CORM_FAILED;
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

static void close_some(corm_link *link, bool ending) {
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (ending ? result->ends : result->blocks) corm_result_close(result);
  }
}

/* A rollback must not fail because of a result. */
void corm_link_buffer_or_close(corm_link *link, bool over) {
  if (over) close_some(link, true);
  if (corm_link_unblock(link, NULL) != CORM_OK) close_some(link, false);
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (corm_result_buffer(result, NULL) != CORM_OK) corm_result_close(result);
  }
}

/* -- begin, commit, rollback --------------------------------------------------------------------------------------- */

corm_txn_state corm_conn_txn(const corm_conn *conn) {
  return conn->txn;
}

void corm_conn_block_over(corm_conn *conn, bool over) {
  if (over)
    conn->overs++;
  else if (conn->overs)
    conn->overs--;
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
  conn->wrote = conn->used = false;
  return CORM_OK;
}

/* A database that is told to commit a failed transaction rolls back and may call that a success. It is told to roll
   back, and the script what became of its work. */
static corm_status commit_failed(corm_conn *conn, corm_error *err) {
  corm_error first;
  corm_error_init(&first);
  refuse_pending(conn, &first);
  corm_status status = corm_conn_rollback(conn, err);
  if (status == CORM_OK) {
    corm_error_set(
        err, CORM_E_PENDING_ROLLBACK,
        "the transaction had failed, so that nothing could be committed; it was rolled back. The first error "
        "was: %s",
        conn->lost);
    if (err != NULL) err->retryable = first.retryable;
    corm_error_because(err, conn->engine->mem, first.cause);
  }
  corm_error_clear(&first);
  return CORM_FAILED;
}

/* The database has rolled back instead: the transaction is over, and that was said. */
static void after_failed_commit(corm_conn *conn, corm_error *err) {
  corm_link *link = conn->link;
  corm_conn_failed(conn, err);
  if (err == NULL || err->cls != CORM_E_PENDING_ROLLBACK || conn->txn != CORM_TXN_LOST || link->broken) return;
  reset_txn(conn);
}

corm_status corm_conn_commit(corm_conn *conn, corm_error *err) {
  if (check_open(conn, err) != CORM_OK) return CORM_FAILED;
  if (conn->txn == CORM_TXN_FAILED) return commit_failed(conn, err);
  if (conn->txn == CORM_TXN_LOST) return refuse_pending(conn, err);
  if (corm_conn_takes_part(conn)) {
    corm_link *link = conn->link;
    if (corm_conn_tell(conn, CORM_ENGINE_COMMIT, NULL, err) != CORM_OK) return CORM_FAILED;
    if (check_open(conn, err) != CORM_OK) return CORM_FAILED;
    if (corm_link_buffer(link, err) != CORM_OK) return CORM_FAILED;
    corm_conn_log(conn, "COMMIT");
    if (link->driver->commit(link->native, err) != CORM_OK) {
      after_failed_commit(conn, err);
      return CORM_FAILED;
    }
    mark_ended(link);
  }
  reset_txn(conn);
  return CORM_OK;
}

/* A connection that is lost has nothing left to roll back. */
static corm_status rollback_link(corm_conn *conn, corm_error *err) {
  corm_link *link = conn->link;
  corm_error local;
  corm_error_init(&local);
  corm_link_buffer_or_close(link, true);
  corm_conn_log(conn, "ROLLBACK");
  corm_status status = link->driver->rollback(link->native, &local);
  if (status == CORM_OK) {
    lose_others(link, conn, NULL, "another connection to the same in-memory database rolled back");
    mark_ended(link);
    return CORM_OK;
  }
  if (is_lost(link, &local)) {
    lost_link(conn, false, &local);
    corm_error_clear(&local);
    return CORM_OK;
  }
  link->broken = true;
  bool open = link->driver->in_transaction(link->native);
  if (!open) {
    lose_others(link, conn, &local, "the transaction could not be rolled back");
    mark_ended(link);
  }
  if (err != NULL && !err->is_set)
    *err = local;
  else
    corm_error_clear(&local);
  return CORM_FAILED;
}

corm_status corm_conn_rollback(corm_conn *conn, corm_error *err) {
  corm_status status = CORM_OK;
  if (conn->txn != CORM_TXN_LOST && check_open(conn, err) != CORM_OK) return CORM_FAILED;
  if (conn->txn != CORM_TXN_NONE) {
    corm_error ignored;
    corm_error_init(&ignored);
    if (corm_conn_tell(conn, CORM_ENGINE_ROLLBACK, NULL, &ignored) != CORM_OK) corm_error_clear(&ignored);
  }
  if (corm_conn_takes_part(conn)) {
    status = rollback_link(conn, err);
    if (status != CORM_OK && corm_conn_takes_part(conn)) return status;
  }
  reset_txn(conn);
  return status;
}

void corm_conn_invalidate(corm_conn *conn, const corm_error *err) {
  corm_link *link = conn->link;
  if (link == NULL) return;
  corm_link_break(conn->engine, link, err, false);
  for (size_t i = 0; i < link->users.len; i++) {
    corm_conn *user = link->users.items[i];
    if (user->txn != CORM_TXN_NONE && user->used) lose(user, CORM_TXN_LOST, err, "the connection was invalidated");
  }
  mark_ended(link);
}

bool corm_conn_is_invalidated(const corm_conn *conn) {
  return !conn->closed && (conn->link == NULL || conn->link->broken);
}
