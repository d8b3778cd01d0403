/*
 * Cursors: the rows of a SELECT stay with the server, and come a page at a time, so that the connection is free in
 * between. They live as long as their transaction.
 */
#include <stdio.h>

#include "driver/libpq.h"

enum { COMMAND_SIZE = 96 };

void corm_pq_page(corm_driver_stmt *base, uint32_t rows) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  if (stmt->phase == CORM_PQ_IDLE) stmt->page = rows;
}

/* Takes the answer to what was sent. */
static corm_status take_answer(corm_pq_stmt *stmt, int sent, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  conn->row_by_row = false;
  if (sent != 1) return corm_pq_error(conn, NULL, err);
  PQclear(stmt->result);
  stmt->result = corm_pq_answer(conn);
  return CORM_OK;
}

corm_status corm_pq_declare(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  char head[COMMAND_SIZE];
  (void)snprintf(head, sizeof head, "DECLARE corm_c%llu NO SCROLL CURSOR FOR ",
                 (unsigned long long)(conn->last_cursor + 1));
  corm_buf_reset(&conn->scratch);
  corm_buf_puts(&conn->scratch, head);
  corm_buf_add(&conn->scratch, stmt->sql, stmt->len);
  const char *sql = corm_buf_str(&conn->scratch);
  if (sql == NULL) return corm_error_memory(err);
  const int sent =
      PQsendQueryParams(conn->pq, sql, stmt->nparams, stmt->oids, stmt->values, stmt->lengths, stmt->formats, 0);
  if (take_answer(stmt, sent, err) != CORM_OK) return CORM_FAILED;
  if (!corm_pq_failed(stmt->result)) stmt->cursor = ++conn->last_cursor;
  return CORM_OK;
}

corm_status corm_pq_fetch(corm_pq_stmt *stmt, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  char sql[COMMAND_SIZE];
  (void)snprintf(sql, sizeof sql, "FETCH FORWARD %lu FROM corm_c%llu", (unsigned long)stmt->page,
                 (unsigned long long)stmt->cursor);
  if (corm_pq_settle(conn, err) != CORM_OK) return CORM_FAILED;
  return take_answer(stmt, PQsendQueryParams(conn->pq, sql, 0, NULL, NULL, NULL, NULL, stmt->binary ? 1 : 0), err);
}

void corm_pq_close_cursor(corm_pq_stmt *stmt) {
  corm_pq_conn *conn = stmt->conn;
  char sql[COMMAND_SIZE];
  const uint64_t cursor = stmt->cursor;
  if (cursor == 0) return;
  stmt->cursor = 0;
  if (corm_pq_is_foreign(conn) || conn->streaming != NULL || conn->line.n > 0) return;
  if (corm_pq_lost(conn) || PQtransactionStatus(conn->pq) != PQTRANS_INTRANS) return;
  (void)snprintf(sql, sizeof sql, "CLOSE corm_c%llu", (unsigned long long)cursor);
  (void)corm_pq_command(conn, sql, true, NULL);
}
