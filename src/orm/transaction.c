/* The session's transactions: their beginning and their ends. What they change in memory is in frame.c. */
#include <stdio.h>

#include "orm/binds.h"
#include "orm/links.h"
#include "orm/outer.h"
#include "orm/session.h"
#include "orm/state.h"

/* -- beginning -- */

corm_status corm_session_refuse_failed(const corm_session *session, corm_error *err) {
  const char *why = session->commit_unknown
                        ? "the connection was lost while this Session committed, and nobody knows with what result"
                        : "this Session's transaction has been rolled back due to a previous exception during flush";
  corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                 "%s; to begin a new transaction, first call session:rollback(). Original exception was: %s", why,
                 session->failure);
  corm_error_because(err, session->mem, session->first);
  return CORM_FAILED;
}

void corm_session_note_failure(corm_session *session, const corm_error *err) {
  char class_name[64] = "";
  if (!err->from_hook) (void)snprintf(class_name, sizeof class_name, "(%s) ", corm_error_class_name(err->cls));
  (void)snprintf(session->failure, sizeof session->failure, "%s%.360s%s%.80s", class_name, err->message,
                 err->from_hook || !err->subject[0] ? "" : "; ", err->from_hook ? "" : err->subject);
  corm_error_free(session->mem, session->first);
  session->first = corm_error_dup(session->mem, err);
}

static void forget_failure(corm_session *session) {
  session->failure[0] = '\0';
  session->commit_unknown = false;
  corm_error_free(session->mem, session->first);
  session->first = NULL;
}

static corm_status open_root(corm_session *session, corm_begin_mode mode, corm_error *err) {
  corm_conn *conn = session->own_conn;
  corm_status status = CORM_OK;
  if (!session->engine && !conn)
    return corm_error_set(err, CORM_E_UNBOUND_EXECUTION, "this Session is not bound to an engine or a connection");
  if (conn)
    corm_conn_acquire(conn);
  else
    status = corm_engine_connect(session->engine, &conn, err);
  if (status != CORM_OK) return status;
  if (session->options.has_execution && !session->own_conn)
    status = corm_conn_set_options(conn, &session->options.execution, err);
  if (status == CORM_OK) status = corm_frame_push(session, 0, err);
  if (status == CORM_OK) {
    status = corm_outer_begin(session, conn, mode, &session->frame->savepoint, err);
    if (status != CORM_OK) corm_frame_pop(session);
  }
  if (status != CORM_OK) {
    corm_conn_release(conn);
    return status;
  }
  session->conn = conn;
  session->before = corm_conn_statement_count(conn);
  return CORM_OK;
}

/* Tells of the innermost frame, which is new: the hooks may execute, but not end it. */
static corm_status tell_begun(corm_session *session, corm_error *err) {
  const char *busy = session->busy;
  session->busy = busy ? busy : "beginning a transaction";
  corm_status status = corm_state_tell_now(session, CORM_EVENT_AFTER_TRANSACTION_CREATE, session->frame, err);
  if (status == CORM_OK) status = corm_state_tell_now(session, CORM_EVENT_AFTER_BEGIN, session->frame, err);
  session->busy = busy;
  return status;
}

static corm_status rollback_root(corm_session *session, corm_error *err);
static corm_status rollback_savepoint(corm_session *session, bool within, corm_error *err);

static corm_status begin_root(corm_session *session, corm_begin_mode mode, corm_error *err) {
  corm_status status = open_root(session, mode, err);
  if (status != CORM_OK || !session->listening) return status;
  status = tell_begun(session, err);
  if (status == CORM_OK) return CORM_OK;
  corm_error second;
  corm_error_init(&second);
  if (rollback_root(session, &second) != CORM_OK) corm_error_clear(&second);
  corm_state_tell_quietly(session);
  return status;
}

/* What a block did after the end of its transaction would not be committed by the end of the block. */
corm_status corm_session_check_usable(const corm_session *session, corm_error *err) {
  if (session->closed)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "this Session is closed for good (close_resets_only = false)");
  if (!session->over) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST,
                        "the transaction of this block has ended: leave the block before the Session is used again");
}

static corm_status refuse_autobegin(corm_error *err) {
  return corm_error_set(err, CORM_E_INVALID_REQUEST,
                        "autobegin is disabled on this Session; call session:begin() first");
}

corm_status corm_session_begin(corm_session *session, corm_begin_mode mode, corm_error *err) {
  if (corm_session_check_usable(session, err) != CORM_OK) return CORM_FAILED;
  if (session->frame)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "a transaction is already begun on this Session");
  return begin_root(session, mode, err);
}

corm_status corm_session_connection(corm_session *session, corm_conn **out, corm_error *err) {
  if (session->frame && session->frame->failed) return corm_session_refuse_failed(session, err);
  if (corm_session_check_usable(session, err) != CORM_OK) return CORM_FAILED;
  if (!session->frame) {
    if (!session->options.autobegin) return refuse_autobegin(err);
    corm_status status = begin_root(session, CORM_BEGIN_READ, err);
    if (status != CORM_OK) return status;
  }
  corm_outer_check(session);
  *out = session->conn;
  return CORM_OK;
}

corm_status corm_session_begin_nested(corm_session *session, corm_error *err) {
  corm_conn *conn = NULL;
  int depth = 0;
  corm_status status = corm_session_connection(session, &conn, err);
  if (status == CORM_OK) status = corm_session_flush(session, err);
  if (status == CORM_OK) status = corm_conn_savepoint(conn, &depth, err);
  if (status != CORM_OK) return status;
  status = corm_binds_savepoint(session, err);
  if (status == CORM_OK) status = corm_frame_push(session, depth, err);
  if (status != CORM_OK) {
    corm_error ignored;
    corm_error_init(&ignored);
    if (corm_conn_savepoint_rollback(conn, depth, &ignored) != CORM_OK) corm_error_clear(&ignored);
    return status;
  }
  status = tell_begun(session, err);
  if (status == CORM_OK) return CORM_OK;
  corm_error second;
  corm_error_init(&second);
  if (rollback_savepoint(session, false, &second) != CORM_OK) corm_error_clear(&second);
  corm_state_tell_quietly(session);
  return status;
}

/* -- ending -- */

static corm_status release_savepoint(corm_session *session, corm_error *err) {
  corm_status status = corm_frame_reserve_merge(session->frame, err);
  if (status == CORM_OK) status = corm_conn_savepoint_release(session->conn, session->frame->savepoint, err);
  if (status == CORM_OK) status = corm_binds_release(session, err);
  if (status != CORM_OK) return status;
  corm_frame_merge(session);
  corm_frame_release_list(session, &session->frame->touched);
  corm_state_note_frame(session, CORM_EVENT_AFTER_COMMIT, NULL);
  corm_state_note_frame(session, CORM_EVENT_AFTER_TRANSACTION_END, session->frame);
  corm_frame_pop(session);
  return CORM_OK;
}

int64_t corm_session_statement_count(const corm_session *session) {
  int64_t n = session->statements;
  if (session->conn) n += corm_conn_statement_count(session->conn) - session->before;
  for (size_t i = 0; i < session->branches.len; i++) {
    const corm_branch *branch = session->branches.items[i];
    if (branch->conn) n += corm_conn_statement_count(branch->conn);
  }
  return n;
}

/* A connection of the engine goes back at once, whoever else still holds it: results that are not read to their end
   were buffered when the transaction ended. */
static void leave_connection(corm_session *session) {
  corm_conn *conn = session->conn;
  session->statements = corm_session_statement_count(session);
  corm_binds_leave(session);
  session->conn = NULL;
  if (!conn) return;
  if (conn != session->own_conn) corm_conn_close(conn);
  corm_conn_release(conn);
}

static void bury(corm_session *session, corm_vec *deleted) {
  while (deleted->len) {
    corm_object *object = deleted->items[deleted->len - 1];
    size_t before = deleted->len;
    corm_state_leave(session, object, CORM_DETACHED);
    if (deleted->len == before) deleted->len--;
  }
}

static void note_rolled_back(corm_session *session, const corm_frame *frame) {
  corm_state_note_frame(session, CORM_EVENT_AFTER_TRANSACTION_END, frame);
  corm_state_note_frame(session, CORM_EVENT_AFTER_SOFT_ROLLBACK, frame);
}

/* What a savepoint did within a transaction that is undone, too, is undone with that: so nothing expires that will have
   no row to be read from. Without memory for it each is undone for itself. */
static void undo_frame(corm_session *session, bool within) {
  corm_frame *frame = session->frame;
  corm_error ignored;
  corm_error_init(&ignored);
  if (within && corm_frame_reserve_merge(frame, &ignored) == CORM_OK) {
    corm_frame_merge(session);
    corm_frame_release_list(session, &frame->touched);
  } else {
    corm_error_clear(&ignored);
    corm_frame_restore(session, frame);
  }
  note_rolled_back(session, frame);
  corm_frame_pop(session);
}

/* All of them, whatever goes wrong with one. */
static corm_status rollback_all(corm_session *session, corm_error *err) {
  corm_status status = corm_outer_rollback(session, err);
  corm_error second;
  corm_error_init(&second);
  if (corm_binds_rollback(session, false, &second) == CORM_OK) return status;
  if (status == CORM_OK)
    *err = second;
  else
    corm_error_clear(&second);
  return CORM_FAILED;
}

static corm_status rollback_root(corm_session *session, corm_error *err) {
  corm_status status = rollback_all(session, err);
  while (session->frame) {
    corm_frame *frame = session->frame;
    /* Where a flush failed its rollback was told. */
    if (!frame->failed) corm_state_note_frame(session, CORM_EVENT_AFTER_ROLLBACK, NULL);
    undo_frame(session, frame->parent != NULL);
  }
  leave_connection(session);
  forget_failure(session);
  return status;
}

/* The session's own first. What of the others fails then is rolled back, and nobody can undo what is committed. */
static corm_status commit_databases(corm_session *session, corm_error *err) {
  corm_status status = corm_outer_commit(session, err);
  if (status != CORM_OK || corm_binds_commit(session, err) == CORM_OK) return status;
  corm_error_prefix(err, "some databases of this Session had committed when another one failed: ");
  err->cls = CORM_E_COMMIT_UNKNOWN;
  return CORM_FAILED;
}

static corm_status commit_root(corm_session *session, corm_error *err) {
  corm_status status = commit_databases(session, err);
  if (status != CORM_OK && corm_error_class_is(err->cls, CORM_E_COMMIT_UNKNOWN)) {
    /* Whether the rows are there is for the script to find out, so it has to say itself that it goes on. */
    corm_session_note_failure(session, err);
    session->frame->failed = session->commit_unknown = true;
    return status;
  }
  if (status != CORM_OK) {
    corm_error second;
    corm_error_init(&second);
    if (rollback_root(session, &second) != CORM_OK) corm_error_clear(&second);
    return status;
  }
  corm_state_expect_news(session);
  corm_state_note_frame(session, CORM_EVENT_AFTER_COMMIT, NULL);
  bury(session, &session->frame->deleted);
  corm_frame_release_rekeyed(session, &session->frame->rekeyed);
  const corm_frame ended = {.id = session->frame->id};
  corm_frame_pop(session);
  leave_connection(session);
  if (session->options.expire_on_commit) corm_session_expire_all(session);
  corm_state_note_frame(session, CORM_EVENT_AFTER_TRANSACTION_END, &ended);
  return CORM_OK;
}

/* What hooks of a flush change is flushed, too (C9). */
static corm_status flush_until_clean(corm_session *session, corm_error *err) {
  enum { MOST = 100 };
  corm_status status = corm_session_flush(session, err);
  for (int i = 1; status == CORM_OK && corm_session_is_dirty(session); i++) {
    if (i == MOST)
      return corm_error_set(
          err, CORM_E_FLUSH,
          "over %d subsequent flushes have occurred within session:commit(): is an after_flush() hook "
          "creating new objects?",
          MOST);
    status = corm_session_flush(session, err);
  }
  return status;
}

static corm_status tell_before_commit(corm_session *session, corm_error *err) {
  const char *busy = session->busy;
  session->busy = "committing";
  const corm_status status = corm_state_tell_now(session, CORM_EVENT_BEFORE_COMMIT, session->frame, err);
  session->busy = busy;
  return status;
}

/* What has happened is told even where something else failed. */
static corm_status tell_end(corm_session *session, corm_status status, corm_error *err) {
  if (status == CORM_OK) return corm_state_tell(session, err);
  corm_state_tell_quietly(session);
  return status;
}

static corm_status commit_all(corm_session *session, corm_error *err) {
  corm_status status = CORM_OK;
  while (status == CORM_OK && session->frame->parent) {
    status = tell_before_commit(session, err);
    if (status == CORM_OK) status = flush_until_clean(session, err);
    if (status == CORM_OK) status = release_savepoint(session, err);
  }
  return status == CORM_OK ? commit_root(session, err) : status;
}

static void commit_nothing(corm_session *session) {
  corm_state_expect_news(session);
  corm_state_note_frame(session, CORM_EVENT_AFTER_COMMIT, NULL);
  if (session->options.expire_on_commit) corm_session_expire_all(session);
}

corm_status corm_session_commit(corm_session *session, corm_error *err) {
  if (session->busy) return corm_state_check_idle(session, "commit()", err);
  if (session->frame && session->frame->failed) return corm_session_refuse_failed(session, err);
  if (session->closed) return corm_session_check_usable(session, err);
  if (!session->frame && !session->options.autobegin) return refuse_autobegin(err);
  corm_status status = tell_before_commit(session, err);
  if (status == CORM_OK) status = flush_until_clean(session, err);
  if (status != CORM_OK) return status;
  if (session->frame)
    status = commit_all(session, err);
  else
    commit_nothing(session);
  return tell_end(session, status, err);
}

corm_status corm_session_rollback(corm_session *session, corm_error *err) {
  corm_status status = CORM_OK;
  if (session->busy) return corm_state_check_idle(session, "rollback()", err);
  corm_state_forgive(session);
  if (session->frame)
    status = rollback_root(session, err);
  else
    corm_frame_restore(session, NULL);
  return tell_end(session, status, err);
}

static corm_status rollback_savepoint(corm_session *session, bool within, corm_error *err) {
  corm_frame *frame = session->frame;
  corm_status status = CORM_OK;
  if (!frame->failed) {
    status = corm_conn_savepoint_rollback(session->conn, frame->savepoint, err);
    if (status == CORM_OK) status = corm_binds_rollback(session, true, err);
    corm_state_note_frame(session, CORM_EVENT_AFTER_ROLLBACK, NULL);
  }
  undo_frame(session, within && status == CORM_OK);
  return status;
}

/* Hooks may have ended the frame before. */
static corm_status end_savepoints(corm_session *session, uint32_t id, bool commit, corm_error *err) {
  corm_status status = CORM_OK;
  if (commit) {
    if (session->frame->failed) return corm_session_refuse_failed(session, err);
    status = tell_before_commit(session, err);
    if (status == CORM_OK) status = flush_until_clean(session, err);
  }
  const corm_frame *frame = corm_session_find_frame(session, id);
  for (bool last = !frame; status == CORM_OK && !last;) {
    last = session->frame == frame;
    status = commit ? release_savepoint(session, err) : rollback_savepoint(session, !last, err);
  }
  return status;
}

corm_status corm_session_end_frame(corm_session *session, corm_frame *frame, bool commit, corm_error *err) {
  if (!corm_session_has_frame(session, frame))
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this transaction is closed");
  if (!frame->parent) return commit ? corm_session_commit(session, err) : corm_session_rollback(session, err);
  if (session->busy) return corm_state_check_idle(session, commit ? "commit()" : "rollback()", err);
  if (!commit) corm_state_forgive(session);
  return tell_end(session, end_savepoints(session, frame->id, commit, err), err);
}

void corm_session_close(corm_session *session) {
  corm_session_reset(session);
  session->closed = !session->options.close_resets_only;
}

void corm_session_reset(corm_session *session) {
  corm_error ignored;
  corm_error_init(&ignored);
  corm_session_expunge_all(session);
  if (corm_outer_close(session, &ignored) != CORM_OK) corm_error_clear(&ignored);
  if (corm_binds_rollback(session, false, &ignored) != CORM_OK) corm_error_clear(&ignored);
  while (session->frame) {
    corm_state_note_frame(session, CORM_EVENT_AFTER_TRANSACTION_END, session->frame);
    corm_frame_pop(session);
  }
  session->over = 0;
  leave_connection(session);
  forget_failure(session);
}
