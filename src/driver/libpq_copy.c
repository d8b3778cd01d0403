/*
 * Streams by COPY (SELECT ...) TO STDOUT: libpq gives each row as one block of bytes, where a row of a SELECT is a
 * result of its own, for six times the work. The server plans and runs the same SELECT, workers included, but takes no
 * parameters in it, so that only statements without any come this way, and does not describe its columns. Therefore the
 * same text stands before it with LIMIT 0, in one message: that tells the types, and its locks keep them as they are.
 * The form of the rows is "COPY" in the manual, "Binary Format"; "each message is one row" says its chapter "COPY
 * Operations".
 */
#include <string.h>

#include "driver/libpq.h"

/* Longer texts take the server too long to plan twice. */
enum { LONGEST = 32768 };

static const char signature[] = "PGCOPY\n\377\r\n"; /* with its NUL; flags, and the length of what may follow, behind */

enum { HEADER = sizeof signature + 8 };

/* -- text ---------------------------------------------------------------------------------------------------------- */

bool corm_pq_may_copy(const corm_pq_stmt *stmt) {
  if (!stmt->stream || !stmt->many || !stmt->conn->named || stmt->nparams > 0) return false;
  if (!stmt->selects || !stmt->binary || stmt->ncolumns == 0) return false;
  return stmt->len <= LONGEST && memchr(stmt->sql, ';', stmt->len) == NULL;
}

static void add_text(const corm_pq_stmt *stmt, corm_buf *out) {
  corm_buf_add(out, stmt->sql, stmt->len);
  corm_buf_putc(out, '\n'); /* a comment may be the end */
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

/* Past the header, which comes with the first row. */
static bool skip_header(const char **at, size_t *len) {
  if (*len < HEADER || memcmp(*at, signature, sizeof signature) != 0) return false;
  const size_t size = (size_t)HEADER + corm_pq_get32(*at + sizeof signature + 4);
  if (*len < size) return false;
  *at += size;
  *len -= size;
  return true;
}

corm_status corm_pq_read_copied(corm_pq_stmt *stmt, const char *at, size_t len) {
  if (stmt->row == 0 && !skip_header(&at, &len)) return CORM_FAILED;
  stmt->row = 1;
  if (len < 2) return len == 0 ? CORM_DONE : CORM_FAILED;
  const char *const end = at + len;
  const int fields = (int16_t)corm_pq_get16(at);
  at += 2;
  if (fields == -1) return at == end ? CORM_DONE : CORM_FAILED;
  if (fields != stmt->ncolumns) return CORM_FAILED;
  for (int i = 0; i < fields; i++) {
    corm_pq_column *column = &stmt->columns[i];
    if (end - at < 4) return CORM_FAILED;
    column->len = (int32_t)corm_pq_get32(at);
    column->bytes = at += 4;
    if (column->len < -1 || column->len > end - at) return CORM_FAILED;
    if (column->len > 0) at += column->len;
  }
  return at == end ? CORM_ROW : CORM_FAILED;
}

static void drop_row(corm_pq_stmt *stmt) {
  PQfreemem(stmt->copied);
  stmt->copied = NULL;
}

void corm_pq_drop_copy(corm_pq_stmt *stmt) {
  drop_row(stmt);
  stmt->copying = false;
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static bool send_copy(corm_pq_conn *conn, const corm_pq_stmt *stmt, corm_error *err) {
  corm_buf *sql = &conn->scratch;
  corm_buf_reset(sql);
  corm_buf_puts(sql, "SELECT * FROM (");
  add_text(stmt, sql);
  corm_buf_puts(sql, ") AS corm LIMIT 0; COPY (");
  add_text(stmt, sql);
  corm_buf_puts(sql, ") TO STDOUT (FORMAT binary)");
  const char *text = corm_buf_str(sql);
  conn->row_by_row = false;
  if (text == NULL)
    corm_error_memory(err);
  else if (PQsendQuery(conn->pq, text) != 1)
    corm_pq_error(conn, NULL, err);
  else
    return true;
  return false;
}

corm_status corm_pq_copy(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  if (!send_copy(conn, stmt, err)) return CORM_FAILED;
  PGresult *result = PQgetResult(conn->pq);
  corm_status status = CORM_OK;
  if (PQresultStatus(result) == PGRES_TUPLES_OK) {
    status = corm_pq_redescribe(stmt, result, err);
    PQclear(result);
    result = PQgetResult(conn->pq);
  }
  if (status == CORM_OK && PQresultStatus(result) == PGRES_COPY_OUT) {
    PQclear(result);
    stmt->copying = true;
    stmt->row = 0;
    return CORM_OK;
  }
  stmt->result = corm_pq_rest_of_answer(conn, result);
  return status;
}

corm_status corm_pq_next_copied(corm_pq_stmt *stmt) {
  corm_status status = CORM_DONE;
  while (status == CORM_DONE) {
    drop_row(stmt);
    const int len = PQgetCopyData(stmt->conn->pq, &stmt->copied, 0);
    if (len <= 0) return CORM_DONE;
    /* The end of the rows is told before the end of COPY. */
    status = corm_pq_read_copied(stmt, stmt->copied, (size_t)len);
  }
  return status;
}

bool corm_pq_skip_copied(corm_pq_stmt *stmt) {
  drop_row(stmt);
  return PQgetCopyData(stmt->conn->pq, &stmt->copied, 0) > 0;
}
