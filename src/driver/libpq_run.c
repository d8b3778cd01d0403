/*
 * Executing. Answers are fetched whole, so that the connection is free for the next command; rows are read out of
 * libpq's result when they are asked for.
 */
#include "driver/libpq.h"

#include <string.h>

enum { FEW_ROWS = 1000 }; /* of an abandoned stream: reading them is cheaper than asking for an end */

/* -- sending ------------------------------------------------------------------------------------------------------- */

static corm_status check_size(const corm_pq_stmt *stmt, size_t *size, corm_error *err) {
  size_t total = (size_t)stmt->nparams * 6 + 64;
  for (int i = 0; i < stmt->nparams; i++) {
    if (stmt->values[i] != NULL && stmt->formats[i] != 0) total += (size_t)stmt->lengths[i];
    if (stmt->values[i] != NULL && stmt->formats[i] == 0) total += stmt->params[i].bytes.len;
  }
  *size = total;
  if (total <= CORM_PQ_MAX_BYTES) return CORM_OK;
  return corm_error_set(err, CORM_E_DATA, "the parameters are too large: %zu bytes; one message holds %zu", total,
                        CORM_PQ_MAX_BYTES);
}

corm_status corm_pq_execute(corm_pq_stmt *stmt, size_t *size, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  int format = stmt->binary ? 1 : 0;
  int sent;
  if (check_size(stmt, size, err) != CORM_OK) return CORM_FAILED;
  if (stmt->number > 0) {
    sent = PQsendQueryPrepared(conn->pq, stmt->name, stmt->nparams, stmt->values, stmt->lengths, stmt->formats, format);
  } else {
    sent = PQsendQueryParams(conn->pq, stmt->sql, stmt->nparams, stmt->oids, stmt->values, stmt->lengths, stmt->formats,
                             format);
  }
  return sent == 1 ? CORM_OK : corm_pq_error(conn, NULL, err);
}

/* -- streams ------------------------------------------------------------------------------------------------------- */

static bool skip_row(corm_pq_stmt *stmt) {
  if (stmt->copying) return corm_pq_skip_copied(stmt);
  PGresult *result = PQgetResult(stmt->conn->pq);
  PQclear(result);
  return result != NULL;
}

/* Outside a transaction the server is told to stop. Inside, that would make the transaction fail: the rest is read. */
void corm_pq_drain_stream(corm_pq_conn *conn) {
  corm_pq_stmt *stmt = conn->streaming;
  conn->streaming = NULL;
  stmt->phase = CORM_PQ_OVER;
  PQclear(stmt->result);
  stmt->result = NULL;
  if (!corm_pq_is_foreign(conn)) {
    for (int64_t rows = 1; skip_row(stmt); rows++) {
      if (rows == FEW_ROWS && !conn->was_in) conn->base.driver->interrupt(&conn->base);
    }
    if (stmt->copying) PQclear(corm_pq_answer(conn));
  }
  corm_pq_drop_copy(stmt);
}

void corm_pq_stream(corm_driver_stmt *base, bool on) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  if (stmt->phase == CORM_PQ_IDLE) stmt->stream = on;
}

void corm_pq_many(corm_driver_stmt *base) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  if (stmt->phase == CORM_PQ_IDLE) stmt->many = true;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static bool same_columns(const corm_pq_stmt *stmt, const PGresult *result) {
  if (PQnfields(result) != stmt->ncolumns) return false;
  for (int i = 0; i < stmt->ncolumns; i++) {
    if (PQftype(result, i) != stmt->columns[i].oid) return false;
  }
  return true;
}

/* The server keeps no plan for a result whose columns changed, and may have forgotten the statement (DISCARD, a pooler
   between). Neither has run anything yet. */
static bool is_outdated(const corm_pq_stmt *stmt, const PGresult *result) {
  if (corm_pq_result_is(result, "26000")) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return stmt->number > 0 && message != NULL && strstr(message, "\"corm_") != NULL;
  }
  const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  return corm_pq_result_is(result, "0A000") && where != NULL && strcmp(where, "RevalidateCachedQuery") == 0;
}

static corm_status fail(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  stmt->phase = CORM_PQ_OVER;
  switch (PQresultStatus(stmt->result)) {
  case PGRES_PIPELINE_ABORTED:
    corm_error_set(err, CORM_E_PENDING_ROLLBACK, "not executed: a statement that was sent before it failed");
    break;
  case PGRES_COPY_IN:
  case PGRES_COPY_OUT:
  case PGRES_COPY_BOTH: corm_error_set(err, CORM_E_NOT_SUPPORTED, "COPY from or to the client is not supported"); break;
  case PGRES_EMPTY_QUERY: corm_error_set(err, CORM_E_PROGRAMMING, "the statement is empty"); break;
  default: corm_pq_error(conn, stmt->result, err); break;
  }
  PQclear(stmt->result);
  stmt->result = NULL;
  return CORM_FAILED;
}

/* `binary` is of this result; what changed is prepared again before the next. */
corm_status corm_pq_redescribe(corm_pq_stmt *stmt, const PGresult *result, corm_error *err) {
  const bool binary = stmt->binary;
  if (same_columns(stmt, result)) return CORM_OK;
  if (corm_pq_describe(stmt, result, err) != CORM_OK) return CORM_FAILED;
  stmt->binary = binary;
  stmt->stale = !stmt->bulky;
  return CORM_OK;
}

static corm_status deliver(corm_pq_stmt *stmt, corm_error *err);

/* A full page may not be the last one; an empty page ends it, so this goes no deeper. */
static corm_status next_row(corm_pq_stmt *stmt, corm_error *err) {
  if (stmt->row < stmt->nrows) {
    stmt->row++;
    return CORM_ROW;
  }
  if (stmt->cursor > 0 && stmt->nrows > 0 && (uint32_t)stmt->nrows == stmt->page)
    return corm_pq_fetch(stmt, err) == CORM_OK ? deliver(stmt, err) : CORM_FAILED;
  PQclear(stmt->result);
  stmt->result = NULL;
  stmt->phase = CORM_PQ_OVER;
  corm_pq_close_cursor(stmt);
  return CORM_DONE;
}

/* Looks at the whole answer in stmt->result. */
static corm_status deliver(corm_pq_stmt *stmt, corm_error *err) {
  if (corm_pq_failed(stmt->result)) {
    if (stmt->result != NULL && is_outdated(stmt, stmt->result)) stmt->stale = true;
    return fail(stmt, err);
  }
  corm_pq_note(stmt->conn, stmt->result);
  stmt->row = 0;
  stmt->nrows = PQntuples(stmt->result);
  stmt->phase = CORM_PQ_ROWS;
  if (PQresultStatus(stmt->result) == PGRES_TUPLES_OK && corm_pq_redescribe(stmt, stmt->result, err) != CORM_OK)
    return CORM_FAILED;
  return next_row(stmt, err);
}

static corm_status end_stream(corm_pq_stmt *stmt, PGresult *answer, corm_error *err) {
  stmt->conn->streaming = NULL;
  stmt->result = answer;
  return deliver(stmt, err);
}

static corm_status next_copied(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  const corm_status status = corm_pq_next_copied(stmt);
  if (status == CORM_ROW) return CORM_ROW;
  if (status == CORM_FAILED) {
    corm_pq_drain_stream(conn);
    return corm_error_set(err, CORM_E_INTERFACE, "the server sent rows in an unknown form");
  }
  corm_pq_drop_copy(stmt);
  return end_stream(stmt, corm_pq_answer(conn), err);
}

static corm_status next_streamed(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  if (stmt->copying) return next_copied(stmt, err);
  PQclear(stmt->result);
  stmt->result = PQgetResult(conn->pq);
  if (PQresultStatus(stmt->result) == PGRES_SINGLE_TUPLE) {
    stmt->row = 1;
    return CORM_ROW;
  }
  PQclear(corm_pq_answer(conn));
  return end_stream(stmt, stmt->result, err);
}

static corm_status run_cursor(corm_pq_stmt *stmt, corm_error *err) {
  size_t size;
  if (check_size(stmt, &size, err) != CORM_OK || corm_pq_declare(stmt, err) != CORM_OK) return CORM_FAILED;
  if (corm_pq_failed(stmt->result)) return fail(stmt, err);
  return corm_pq_fetch(stmt, err) == CORM_OK ? deliver(stmt, err) : CORM_FAILED;
}

static corm_status run_copy(corm_pq_stmt *stmt, corm_error *err) {
  if (corm_pq_copy(stmt, err) != CORM_OK) {
    PQclear(stmt->result);
    stmt->result = NULL;
    return CORM_FAILED;
  }
  if (!stmt->copying) return deliver(stmt, err);
  stmt->conn->streaming = stmt;
  stmt->phase = CORM_PQ_STREAMING;
  return next_copied(stmt, err);
}

static corm_status run_once(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  size_t size;
  if (corm_pq_settle(conn, err) != CORM_OK || corm_pq_refresh(stmt, true, err) != CORM_OK) return CORM_FAILED;
  if (stmt->page > 0) return run_cursor(stmt, err);
  if (corm_pq_may_copy(stmt)) return run_copy(stmt, err);
  if (corm_pq_execute(stmt, &size, err) != CORM_OK) return CORM_FAILED;
  conn->row_by_row = stmt->stream && PQsetSingleRowMode(conn->pq) == 1;
  if (conn->row_by_row) {
    conn->streaming = stmt;
    stmt->phase = CORM_PQ_STREAMING;
    return next_streamed(stmt, err);
  }
  stmt->result = corm_pq_answer(conn);
  return deliver(stmt, err);
}

/* A statement that the server refused as outdated is prepared again and run again, unless that failure was the end of
   a transaction. */
static corm_status run(corm_pq_stmt *stmt, corm_error *err) {
  corm_error first;
  corm_error_init(&first);
  corm_status status = run_once(stmt, &first);
  if (status == CORM_FAILED && stmt->stale && !stmt->conn->was_in && !corm_pq_lost(stmt->conn)) {
    corm_error_clear(&first);
    stmt->phase = CORM_PQ_IDLE;
    return run_once(stmt, err);
  }
  if (status == CORM_FAILED && err != NULL && !err->is_set) *err = first;
  return status;
}

corm_status corm_pq_step(corm_driver_stmt *base, corm_error *err) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_arena_reset(&stmt->decoded);
  if ((stmt->phase == CORM_PQ_SENT || stmt->phase == CORM_PQ_OVER) && corm_pq_next_answer(stmt))
    stmt->phase = CORM_PQ_ANSWERED;
  switch (stmt->phase) {
  case CORM_PQ_IDLE: return run(stmt, err);
  case CORM_PQ_ANSWERED: return deliver(stmt, err);
  case CORM_PQ_ROWS: return next_row(stmt, err);
  case CORM_PQ_STREAMING: return next_streamed(stmt, err);
  default: return CORM_DONE;
  }
}

void corm_pq_reset(corm_driver_stmt *base) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_pq_drop_answers(stmt);
  if (stmt->phase == CORM_PQ_STREAMING) corm_pq_drain_stream(stmt->conn);
  PQclear(stmt->result);
  stmt->result = NULL;
  corm_pq_close_cursor(stmt);
  stmt->phase = CORM_PQ_IDLE;
  stmt->stream = stmt->many = false;
  stmt->page = 0;
  corm_arena_reset(&stmt->decoded);
}
