/*
 * Preparing. A statement is parsed and described in one round trip, through pipeline mode, and the names that the
 * server may forget go along with it: DEALLOCATE costs no round trip of its own.
 */
#include "driver/libpq.h"

#include <stdio.h>
#include <string.h>

static void give_number(corm_pq_stmt *stmt, uint64_t number) {
  stmt->number = number;
  stmt->name[0] = '\0';
  if (number > 0) snprintf(stmt->name, sizeof stmt->name, "corm_%llu", (unsigned long long)number);
}

/* -- what the server says about parameters and columns ------------------------------------------------------------- */

static void free_params(corm_pq_stmt *stmt) {
  for (int i = 0; i < stmt->nparams; i++) corm_buf_clear(&stmt->params[i].bytes);
  corm_mem_free(stmt->conn->base.mem, stmt->params);
  stmt->params = NULL;
  stmt->nparams = 0;
}

/* One block: the parameters and the four arrays that libpq takes. A parameter that is never bound is NULL. */
static corm_status take_params(corm_pq_stmt *stmt, const PGresult *described, int count, corm_error *err) {
  const corm_mem *mem = stmt->conn->base.mem;
  size_t n = (size_t)count;
  free_params(stmt);
  if (n == 0) return CORM_OK;
  size_t one = sizeof *stmt->params + sizeof *stmt->values + sizeof *stmt->oids + 2 * sizeof(int);
  if ((stmt->params = corm_mem_zalloc(mem, n, one)) == NULL) return corm_error_memory(err);
  stmt->values = (const char **)(stmt->params + n);
  stmt->oids = (Oid *)(stmt->values + n);
  stmt->lengths = (int *)(stmt->oids + n);
  stmt->formats = stmt->lengths + n;
  stmt->nparams = count;
  for (int i = 0; i < count; i++) {
    corm_pq_param *param = &stmt->params[i];
    param->oid = stmt->oids[i] = stmt->bulky ? 0 : PQparamtype(described, i);
    param->type = corm_pq_type_find(stmt->conn, param->oid, &param->is_array);
    corm_buf_init(&param->bytes, mem);
  }
  return CORM_OK;
}

corm_status corm_pq_describe(corm_pq_stmt *stmt, const PGresult *result, corm_error *err) {
  const corm_mem *mem = stmt->conn->base.mem;
  int count = PQnfields(result);
  corm_pq_column *columns = NULL;
  PGresult *copy = PQcopyResult(result, PG_COPYRES_ATTRS);
  if (copy == NULL) return corm_error_memory(err);
  if (count > 0 && (columns = corm_mem_zalloc(mem, (size_t)count, sizeof *columns)) == NULL) {
    PQclear(copy);
    return corm_error_memory(err);
  }
  corm_mem_free(mem, stmt->columns);
  PQclear(stmt->described);
  stmt->described = copy;
  stmt->columns = columns;
  stmt->ncolumns = count;
  stmt->binary = true;
  for (int i = 0; i < count; i++) {
    columns[i].oid = PQftype(result, i);
    columns[i].type = corm_pq_type_find(stmt->conn, columns[i].oid, &columns[i].is_array);
    columns[i].scalar = columns[i].type != NULL && !columns[i].is_array;
    if (columns[i].type == NULL) stmt->binary = false;
  }
  return CORM_OK;
}

/* -- preparing ----------------------------------------------------------------------------------------------------- */

/* In a failed transaction the server would not listen, and in an open one a name that it does not know any more would
   make the transaction fail: there only a heap of them is worth the risk. */
static bool may_deallocate(const corm_pq_conn *conn) {
  switch (PQtransactionStatus(conn->pq)) {
  case PQTRANS_IDLE: return conn->ndoomed > 0;
  case PQTRANS_INTRANS: return conn->ndoomed >= 64;
  default: return false;
  }
}

static bool send_deallocate(const corm_pq_conn *conn) {
  for (size_t i = 0; i < conn->ndoomed; i++) {
    char sql[CORM_PQ_NAME + 16];
    snprintf(sql, sizeof sql, "DEALLOCATE corm_%llu", (unsigned long long)conn->doomed[i]);
    if (PQsendQueryParams(conn->pq, sql, 0, NULL, NULL, NULL, NULL, 0) != 1) return false;
  }
  return PQpipelineSync(conn->pq) == 1;
}

/* Keeps the first failure, else the newest result. */
static void keep(PGresult **kept, PGresult *next) {
  bool failed = *kept != NULL && PQresultStatus(*kept) != PGRES_COMMAND_OK;
  PQclear(failed ? next : *kept);
  if (!failed) *kept = next;
}

/* Reads up to the last of `syncs` sync points; what comes before it counts, of what was before the others nothing. */
static PGresult *read_pieces(const corm_pq_conn *conn, int syncs) {
  PGresult *kept = NULL;
  int empty = 0;
  while (syncs > 0 && empty < 2) {
    PGresult *next = PQgetResult(conn->pq);
    empty = next == NULL ? empty + 1 : 0; /* one NULL ends a command; two: the connection is gone */
    if (next == NULL) continue;
    if (PQresultStatus(next) != PGRES_PIPELINE_SYNC) {
      keep(&kept, next);
      continue;
    }
    PQclear(next);
    if (--syncs > 0) {
      PQclear(kept);
      kept = NULL;
    }
  }
  return kept;
}

/* Sends and reads; the result is the description or the failure. Types are given for a statement that is bound. */
static PGresult *parse(corm_pq_stmt *stmt, bool bound) {
  corm_pq_conn *conn = stmt->conn;
  int syncs = 0;
  bool ok = true;
  if (PQenterPipelineMode(conn->pq) != 1) return NULL;
  if (may_deallocate(conn)) {
    ok = send_deallocate(conn);
    syncs++;
    conn->ndoomed = 0;
  }
  ok = ok && PQsendPrepare(conn->pq, stmt->name, stmt->sql, bound ? stmt->nparams : 0, bound ? stmt->oids : NULL) == 1;
  ok = ok && (stmt->bulky || PQsendDescribePrepared(conn->pq, stmt->name) == 1);
  ok = PQpipelineSync(conn->pq) == 1 && ok;
  PGresult *result = read_pieces(conn, syncs + 1);
  if (PQexitPipelineMode(conn->pq) != 1) conn->dead = true;
  if (ok) return result;
  PQclear(result);
  return NULL;
}

static corm_status take_description(corm_pq_stmt *stmt, const PGresult *result, bool bound, corm_error *err) {
  if (corm_pq_learn(stmt->conn, result, err) != CORM_OK) return CORM_FAILED;
  int count = stmt->bulky ? (int)corm_pq_scan(stmt->sql, stmt->len).params : PQnparams(result);
  if (!bound && take_params(stmt, result, count, err) != CORM_OK) return CORM_FAILED;
  if (corm_pq_describe(stmt, result, err) != CORM_OK) return CORM_FAILED;
  if (stmt->bulky) stmt->binary = false;
  return CORM_OK;
}

static corm_status prepare_now(corm_pq_stmt *stmt, bool bound, corm_error *err) {
  corm_pq_conn *conn = stmt->conn;
  if (corm_pq_reserve_doom(conn, err) != CORM_OK) return CORM_FAILED;
  if (stmt->number > 0 && stmt->generation == conn->generation) corm_pq_doom(conn, stmt->number);
  give_number(stmt, conn->named ? ++conn->last_number : 0);
  stmt->generation = conn->generation;
  PGresult *result = parse(stmt, bound);
  corm_status status = CORM_FAILED;
  if (result == NULL || PQresultStatus(result) != PGRES_COMMAND_OK) {
    give_number(stmt, 0);
    stmt->stale = true;
    corm_pq_error(conn, result, err);
  } else if (take_description(stmt, result, bound, err) == CORM_OK) {
    stmt->stale = false;
    status = CORM_OK;
  }
  PQclear(result);
  return status;
}

corm_status corm_pq_refresh(corm_pq_stmt *stmt, bool bound, corm_error *err) {
  if (!stmt->stale && stmt->generation == stmt->conn->generation) return CORM_OK;
  if (corm_pq_settle(stmt->conn, err) != CORM_OK) return CORM_FAILED;
  return prepare_now(stmt, bound, err);
}

corm_status corm_pq_prepare(corm_driver_conn *base, const char *sql, size_t len, corm_driver_stmt **out,
                            corm_error *err) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  corm_pq_text text = corm_pq_scan(sql, len);
  if (corm_pq_check_text(&text, sql, len, err) != CORM_OK || corm_pq_settle(conn, err) != CORM_OK) return CORM_FAILED;
  corm_pq_stmt *stmt = corm_mem_alloc(base->mem, sizeof *stmt + len + 1);
  if (stmt == NULL) return corm_error_memory(err);
  *stmt = (corm_pq_stmt){
      .base = {.conn = base}, .conn = conn, .readonly = text.readonly, .selects = text.selects, .len = len};
  stmt->bulky = text.params > CORM_PQ_MAX_DESCRIBED;
  memcpy(stmt->sql, sql, len);
  stmt->sql[len] = '\0';
  corm_arena_init(&stmt->decoded, base->mem);
  stmt->next = conn->stmts;
  if (conn->stmts != NULL) conn->stmts->prev = stmt;
  conn->stmts = stmt;
  conn->nstmts++;
  if (prepare_now(stmt, false, err) != CORM_OK) {
    corm_pq_finalize(&stmt->base);
    return CORM_FAILED;
  }
  *out = &stmt->base;
  return CORM_OK;
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

void corm_pq_free_stmt(corm_pq_stmt *stmt) {
  corm_pq_conn *conn = stmt->conn;
  *(stmt->prev != NULL ? &stmt->prev->next : &conn->stmts) = stmt->next;
  if (stmt->next != NULL) stmt->next->prev = stmt->prev;
  conn->nstmts--;
  free_params(stmt);
  corm_mem_free(conn->base.mem, stmt->columns);
  for (size_t i = 0; i < stmt->nanswers; i++) PQclear(stmt->answers[stmt->answer + i]);
  corm_mem_free(conn->base.mem, stmt->answers);
  corm_pq_drop_copy(stmt);
  PQclear(stmt->described);
  PQclear(stmt->result);
  corm_arena_clear(&stmt->decoded);
  corm_mem_free(conn->base.mem, stmt);
}

void corm_pq_finalize(corm_driver_stmt *base) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_pq_reset(base);
  if (stmt->number > 0 && stmt->generation == stmt->conn->generation) corm_pq_doom(stmt->conn, stmt->number);
  corm_pq_free_stmt(stmt);
}
