/*
 * One command at a time on a connection. libpq in blocking mode reads what comes in while it cannot write (pqSendSome),
 * so neither end waits for the other for ever, however much is sent.
 */
#include "driver/libpq.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

bool corm_pq_lost(const corm_pq_conn *conn) {
  return conn->dead || PQstatus(conn->pq) == CONNECTION_BAD;
}

bool corm_pq_in_transaction(const corm_pq_conn *conn) {
  switch (PQtransactionStatus(conn->pq)) {
  case PQTRANS_INTRANS:
  case PQTRANS_INERROR: return true;
  case PQTRANS_ACTIVE: return conn->was_in; /* in mid-command the server has not said */
  default: return false;
  }
}

bool corm_pq_is_foreign(const corm_pq_conn *conn) {
  return conn->pid != getpid();
}

bool corm_pq_wait(PGconn *pq, bool reading, int64_t deadline) {
  for (;;) {
    struct pollfd one = {.fd = PQsocket(pq), .events = reading ? POLLIN : POLLOUT};
    int64_t left = deadline == 0 ? -1 : (deadline - corm_clock_monotonic() + 999) / 1000;
    if (deadline != 0 && left <= 0) return false;
    int n = poll(&one, 1, left > INT_MAX ? INT_MAX : (int)left);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

/* -- what answers say ---------------------------------------------------------------------------------------------- */

static bool starts(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

void corm_pq_note(corm_pq_conn *conn, PGresult *result) {
  const char *tag = PQcmdStatus(result);
  if (starts(tag, "SELECT")) {
    conn->changes = 0;
    return;
  }
  bool dml = starts(tag, "INSERT") || starts(tag, "UPDATE") || starts(tag, "DELETE") || starts(tag, "MERGE");
  conn->changes = dml ? strtoll(PQcmdTuples(result), NULL, 10) : 0;
  if (starts(tag, "DEALLOCATE ALL") || starts(tag, "DISCARD ALL")) {
    conn->generation++;
    conn->ndoomed = 0;
  }
}

corm_status corm_pq_reserve_doom(corm_pq_conn *conn, corm_error *err) {
  size_t need = conn->ndoomed + conn->nstmts + 1;
  if (need <= conn->doomed_cap) return CORM_OK;
  uint64_t *grown = corm_mem_resize(conn->base.mem, conn->doomed, need * 2 * sizeof *grown);
  if (grown == NULL) return corm_error_memory(err);
  conn->doomed = grown;
  conn->doomed_cap = need * 2;
  return CORM_OK;
}

void corm_pq_doom(corm_pq_conn *conn, uint64_t number) {
  conn->doomed[conn->ndoomed++] = number;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

/* What the client does not ask for it would hoard: notifications of LISTEN. */
static void drop_notifications(corm_pq_conn *conn) {
  PGnotify *one;
  while ((one = PQnotifies(conn->pq)) != NULL) PQfreemem(one);
}

/* True when the result is COPY, which is ended without any data moved. */
static bool end_copy(corm_pq_conn *conn, const PGresult *result) {
  char *data = NULL;
  switch (PQresultStatus(result)) {
  case PGRES_COPY_IN: (void)PQputCopyEnd(conn->pq, "COPY is not supported"); return true;
  case PGRES_COPY_OUT:
    while (PQgetCopyData(conn->pq, &data, 0) > 0) PQfreemem(data);
    return true;
  case PGRES_COPY_BOTH:
    (void)PQputCopyEnd(conn->pq, NULL);
    while (PQgetCopyData(conn->pq, &data, 0) > 0) PQfreemem(data);
    return true;
  default: return false;
  }
}

bool corm_pq_failed(const PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

PGresult *corm_pq_answer(corm_pq_conn *conn) {
  return corm_pq_rest_of_answer(conn, PQgetResult(conn->pq));
}

PGresult *corm_pq_rest_of_answer(corm_pq_conn *conn, PGresult *first) {
  PGresult *kept = NULL;
  for (PGresult *next = first; next != NULL; next = PQgetResult(conn->pq)) {
    end_copy(conn, next);
    if (kept != NULL && corm_pq_failed(kept)) {
      PQclear(next);
      continue;
    }
    PQclear(kept);
    kept = next;
  }
  drop_notifications(conn);
  return kept;
}

/* -- commands ------------------------------------------------------------------------------------------------------ */

corm_status corm_pq_settle(corm_pq_conn *conn, corm_error *err) {
  if (conn->streaming != NULL) {
    return corm_error_set(err, CORM_E_INTERFACE, "the connection is busy with the rows of another statement");
  }
  if (conn->line.n > 0) corm_pq_drain_pipeline(conn);
  if (corm_pq_lost(conn)) {
    corm_error_set(err, CORM_E_DISCONNECT, "the connection to the server was lost");
    if (err != NULL) err->disconnected = true;
    return CORM_FAILED;
  }
  conn->was_in = corm_pq_in_transaction(conn);
  return CORM_OK;
}

static corm_status judge(corm_pq_conn *conn, PGresult *result, corm_error *err) {
  if (result == NULL) return corm_pq_error(conn, NULL, err);
  switch (PQresultStatus(result)) {
  case PGRES_COMMAND_OK:
  case PGRES_TUPLES_OK: corm_pq_note(conn, result); return CORM_OK;
  case PGRES_EMPTY_QUERY: return corm_error_set(err, CORM_E_PROGRAMMING, "the statement is empty");
  case PGRES_COPY_IN:
  case PGRES_COPY_OUT:
  case PGRES_COPY_BOTH: return corm_error_set(err, CORM_E_NOT_SUPPORTED, "COPY from or to the client is not supported");
  default: return corm_pq_error(conn, result, err);
  }
}

static PGresult *ask(corm_pq_conn *conn, const char *sql, bool simple, corm_error *err) {
  if (corm_pq_settle(conn, err) != CORM_OK) return NULL;
  int sent = simple ? PQsendQuery(conn->pq, sql) : PQsendQueryParams(conn->pq, sql, 0, NULL, NULL, NULL, NULL, 1);
  PGresult *result = NULL;
  conn->row_by_row = false;
  if (sent != 1) {
    corm_pq_error(conn, NULL, err);
    return NULL;
  }
  result = corm_pq_answer(conn);
  if (judge(conn, result, err) == CORM_OK) return result;
  PQclear(result);
  return NULL;
}

PGresult *corm_pq_query(corm_pq_conn *conn, const char *sql, corm_error *err) {
  return ask(conn, sql, true, err);
}

corm_status corm_pq_command(corm_pq_conn *conn, const char *sql, bool simple, corm_error *err) {
  PGresult *result = ask(conn, sql, simple, err);
  if (result == NULL) return CORM_FAILED;
  PQclear(result);
  return CORM_OK;
}

/* -- is anybody there? --------------------------------------------------------------------------------------------- */

/* The server's last words are read before the end of the stream behind them is seen. */
void corm_pq_probe(corm_pq_conn *conn) {
  for (int reads = 0; reads < 16 && !corm_pq_lost(conn); reads++) {
    struct pollfd one = {.fd = PQsocket(conn->pq), .events = POLLIN};
    if (poll(&one, 1, 0) <= 0) return;
    (void)PQconsumeInput(conn->pq);
  }
}

corm_status corm_pq_ping(corm_driver_conn *base, corm_error *err) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  int64_t deadline = conn->patience_s == 0 ? 0 : corm_clock_monotonic() + conn->patience_s * CORM_USEC_PER_SEC;
  if (corm_pq_settle(conn, err) != CORM_OK) return CORM_FAILED;
  if (PQsendQuery(conn->pq, "") != 1) return corm_pq_error(conn, NULL, err);
  while (PQisBusy(conn->pq)) {
    if (!corm_pq_wait(conn->pq, true, deadline)) {
      conn->dead = true;
      corm_error_set(err, CORM_E_DISCONNECT, "no answer from the server within %lld seconds",
                     (long long)conn->patience_s);
      if (err != NULL) err->disconnected = true;
      return CORM_FAILED;
    }
    if (PQconsumeInput(conn->pq) != 1) break;
  }
  PGresult *result = corm_pq_answer(conn);
  corm_status status = CORM_OK;
  if (PQresultStatus(result) != PGRES_EMPTY_QUERY) status = corm_pq_error(conn, result, err);
  PQclear(result);
  return status;
}
