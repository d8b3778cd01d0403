/*
 * Executions that are sent before the answers of earlier ones are read. In a transaction they may be many pages, and
 * go on while answers are read: sync points in between make the server begin, and a failure fails the transaction and
 * with it all that follows. Outside one they are a unit of their own, up to the one sync point that the first reading
 * sets. Neither end waits for the other for ever: libpq in blocking mode reads while it cannot write (pqSendSome), and
 * the server is asked for what is waited for.
 */
#include "driver/libpq.h"

#include <string.h>

/* Less is not worth a packet of its own, and the server's work for a sync point, unless it reads: then somebody wants
   the rows soon. */
enum { FLUSH_BYTES = 4096 };

/* -- the queue ----------------------------------------------------------------------------------------------------- */

static corm_status reserve(corm_pq_conn *conn, corm_error *err) {
  corm_pq_pipeline *line = &conn->line;
  if (line->n < line->cap) return CORM_OK;
  size_t cap = line->cap == 0 ? 16 : line->cap * 2;
  corm_pq_stmt **grown = corm_mem_alloc(conn->base.mem, cap * sizeof *grown);
  if (grown == NULL) return corm_error_memory(err);
  for (size_t i = 0; i < line->n; i++) grown[i] = line->queue[(line->head + i) % line->cap];
  corm_mem_free(conn->base.mem, line->queue);
  line->queue = grown;
  line->cap = cap;
  line->head = 0;
  return CORM_OK;
}

static void push(corm_pq_conn *conn, corm_pq_stmt *stmt) {
  corm_pq_pipeline *line = &conn->line;
  line->queue[(line->head + line->n++) % line->cap] = stmt;
  line->unsynced++;
}

static corm_pq_stmt *pop(corm_pq_conn *conn) {
  corm_pq_pipeline *line = &conn->line;
  corm_pq_stmt *stmt = line->queue[line->head];
  line->head = (line->head + 1) % line->cap;
  line->n--;
  return stmt;
}

static bool sync_now(corm_pq_conn *conn) {
  corm_pq_pipeline *line = &conn->line;
  line->bytes = 0;
  if (PQpipelineSync(conn->pq) != 1) return false;
  line->unsynced = 0;
  line->syncs++;
  return true;
}

static void leave(corm_pq_conn *conn) {
  corm_pq_pipeline *line = &conn->line;
  /* One NULL ends a command; two: the connection is gone. */
  for (int empty = 0; line->syncs > 0 && empty < 2;) {
    PGresult *result = PQgetResult(conn->pq);
    empty = result == NULL ? empty + 1 : 0;
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) line->syncs--;
    PQclear(result);
  }
  line->syncs = line->unsynced = line->bytes = 0;
  line->failed = false;
  if (PQexitPipelineMode(conn->pq) != 1) conn->dead = true;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

/* The answer of one execution, behind the sync points that come before it. */
static PGresult *next_answer(corm_pq_conn *conn) {
  PGresult *first = PQgetResult(conn->pq);
  while (PQresultStatus(first) == PGRES_PIPELINE_SYNC) {
    PQclear(first);
    conn->line.syncs--;
    first = PQgetResult(conn->pq);
  }
  return first == NULL ? NULL : corm_pq_rest_of_answer(conn, first);
}

/* The room was made when it was sent. */
static void take_answer(corm_pq_stmt *stmt, PGresult *result) {
  stmt->pending--;
  stmt->answers[stmt->answer + stmt->nanswers++] = result;
}

void corm_pq_read_oldest(corm_pq_conn *conn) {
  corm_pq_pipeline *line = &conn->line;
  const bool reachable = line->n > line->unsynced || sync_now(conn);
  PGresult *result = reachable ? next_answer(conn) : NULL;
  corm_pq_stmt *stmt = pop(conn);
  if (line->unsynced > line->n) line->unsynced = line->n;
  /* In a failed transaction the server refuses what follows, each for itself behind a sync point. */
  if (line->failed && corm_pq_result_is(result, "25P02")) {
    PQclear(result);
    result = PQmakeEmptyPGresult(conn->pq, PGRES_PIPELINE_ABORTED);
  }
  line->failed = line->failed || corm_pq_failed(result);
  take_answer(stmt, result);
  if (line->n == 0) leave(conn);
}

void corm_pq_drain_pipeline(corm_pq_conn *conn) {
  if (corm_pq_is_foreign(conn)) conn->dead = true;
  while (conn->line.n > 0 && !conn->dead) corm_pq_read_oldest(conn);
  while (conn->line.n > 0) take_answer(pop(conn), NULL);
}

bool corm_pq_next_answer(corm_pq_stmt *stmt) {
  while (stmt->nanswers == 0 && stmt->pending > 0) corm_pq_read_oldest(stmt->conn);
  if (stmt->nanswers == 0) return false;
  PQclear(stmt->result);
  stmt->result = stmt->answers[stmt->answer++];
  if (--stmt->nanswers == 0) stmt->answer = 0;
  /* What was sent after a failure fails, too: reading it now makes the transaction's state known. */
  if (corm_pq_failed(stmt->result)) corm_pq_drain_pipeline(stmt->conn);
  return true;
}

void corm_pq_drop_answers(corm_pq_stmt *stmt) {
  if (stmt->pending > 0) corm_pq_drain_pipeline(stmt->conn);
  for (; stmt->nanswers > 0; stmt->nanswers--) PQclear(stmt->answers[stmt->answer++]);
  stmt->answer = 0;
}

/* -- sending ------------------------------------------------------------------------------------------------------- */

/* True where the execution can follow those that are on their way. */
static bool may_follow(const corm_pq_stmt *stmt) {
  const corm_pq_conn *conn = stmt->conn;
  if (conn->line.n == 0 || stmt->stale || stmt->generation != conn->generation) return false;
  return conn->was_in || conn->line.unsynced == conn->line.n;
}

/* Not while an answer is looked at: what is prepared again for the sending may have other columns. */
static bool may_send(const corm_pq_stmt *stmt) {
  if (stmt->phase == CORM_PQ_IDLE || stmt->phase == CORM_PQ_SENT) return true;
  return stmt->phase == CORM_PQ_OVER && stmt->pending + stmt->nanswers > 0;
}

/* Room for one more answer than are on their way or waiting. */
static corm_status reserve_answer(corm_pq_stmt *stmt, corm_error *err) {
  const size_t n = stmt->nanswers + stmt->pending + 1;
  if (stmt->answer + n <= stmt->answers_cap) return CORM_OK;
  if (n > stmt->answers_cap) {
    PGresult **grown = corm_mem_resize(stmt->conn->base.mem, stmt->answers, (stmt->answer + 2 * n) * sizeof *grown);
    if (grown == NULL) return corm_error_memory(err);
    stmt->answers = grown;
    stmt->answers_cap = stmt->answer + 2 * n;
  } else {
    memmove(stmt->answers, stmt->answers + stmt->answer, stmt->nanswers * sizeof *stmt->answers);
    stmt->answer = 0;
  }
  return CORM_OK;
}

/* libpq begins a pipeline in the mode of the last command before it, and leaves that mode with what is not the first:
   after a stream a sync point is the first. */
static int enter(corm_pq_conn *conn) {
  if (PQenterPipelineMode(conn->pq) != 1) return 0;
  if (!conn->row_by_row) return 1;
  conn->row_by_row = false;
  return sync_now(conn);
}

corm_status corm_pq_send(corm_driver_stmt *base, corm_error *err) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_pq_conn *conn = stmt->conn;
  corm_pq_pipeline *line = &conn->line;
  size_t size = 0;
  if (!may_send(stmt)) return corm_error_set(err, CORM_E_INTERFACE, "the statement is being executed already");
  if (reserve(conn, err) != CORM_OK || reserve_answer(stmt, err) != CORM_OK) return CORM_FAILED;
  if (!may_follow(stmt)) {
    if (corm_pq_settle(conn, err) != CORM_OK || corm_pq_refresh(stmt, true, err) != CORM_OK) return CORM_FAILED;
    if (enter(conn) != 1) return corm_pq_error(conn, NULL, err);
  }
  if (corm_pq_execute(stmt, &size, err) != CORM_OK) {
    if (line->n == 0) leave(conn);
    return CORM_FAILED;
  }
  stmt->pending++;
  if (stmt->phase == CORM_PQ_IDLE) stmt->phase = CORM_PQ_SENT;
  push(conn, stmt);
  line->bytes += size;
  /* A connection that breaks here is noticed where the answer is read. */
  if (conn->was_in && (line->bytes >= FLUSH_BYTES || stmt->readonly)) (void)sync_now(conn);
  return CORM_OK;
}
