/* PostgreSQL's libpq behind the driver's interface: connections and transactions. */
#include "driver/libpq.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *pq_version(void) {
  static char text[16];
  corm_error err;
  corm_error_init(&err);
  const bool is_there = corm_pq_load(&err) == CORM_OK;
  corm_error_clear(&err);
  if (!is_there) return "";
  int number = PQlibVersion();
  snprintf(text, sizeof text, "%d.%d", number / 10000, number % 10000);
  return text;
}

static bool pq_is_private(const corm_driver *driver, const corm_driver_target *target) {
  (void)driver;
  (void)target;
  return false;
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

static void pq_close(corm_driver_conn *base) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  while (conn->stmts != NULL) corm_pq_free_stmt(conn->stmts);
  PQfreeCancel(conn->cancel);
  PQfinish(conn->pq);
  corm_buf_clear(&conn->scratch);
  corm_arena_clear(&conn->types);
  corm_mem_free(base->mem, conn->line.queue);
  corm_mem_free(base->mem, conn->doomed);
  corm_mem_free(base->mem, conn);
}

/* PQfinish says goodbye to the server: into the void. */
static void pq_abandon(corm_driver_conn *base) {
  int fd = PQsocket(corm_pq_conn_of(base)->pq);
  int nowhere = fd < 0 ? -1 : open("/dev/null", O_RDWR);
  if (nowhere >= 0) {
    (void)dup2(nowhere, fd);
    (void)close(nowhere);
  } else if (fd >= 0) {
    (void)close(fd);
  }
  pq_close(base);
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

static void pq_server(const corm_driver_conn *base, corm_server *out) {
  const corm_pq_conn *conn = corm_pq_conn_of(base);
  const char *version = PQparameterStatus(conn->pq, "server_version");
  *out = (corm_server){.version = version == NULL ? "" : version, .number = PQserverVersion(conn->pq)};
}

static bool pq_is_lost(const corm_driver_conn *conn) {
  return corm_pq_lost(corm_pq_conn_of(conn));
}

static bool pq_in_transaction(const corm_driver_conn *conn) {
  return corm_pq_in_transaction(corm_pq_conn_of(conn));
}

static bool pq_is_failed(const corm_driver_conn *conn) {
  return PQtransactionStatus(corm_pq_conn_of(conn)->pq) == PQTRANS_INERROR;
}

static int64_t pq_changes(const corm_driver_conn *conn) {
  return corm_pq_conn_of(conn)->changes;
}

/* Keys come back by RETURNING. */
static int64_t pq_last_insert_id(const corm_driver_conn *conn) {
  (void)conn;
  return 0;
}

static void pq_interrupt(corm_driver_conn *conn) {
  char why[256];
  (void)PQcancel(corm_pq_conn_of(conn)->cancel, why, sizeof why);
}

/* -- running ------------------------------------------------------------------------------------------------------- */

/* As simple query only where the text cannot be two statements: the extended protocol refuses those. */
static corm_status pq_exec(corm_driver_conn *base, const char *sql, corm_error *err) {
  size_t len = strlen(sql);
  bool simple = memchr(sql, ';', len) == NULL;
  corm_pq_text text = corm_pq_scan(sql, len);
  if (corm_pq_check_text(&text, sql, len, err) != CORM_OK) return CORM_FAILED;
  return corm_pq_command(corm_pq_conn_of(base), sql, simple, err);
}

static corm_status pq_begin(corm_driver_conn *base, const corm_begin *begin, corm_error *err) {
  static const char *const levels[] = {
#define CORM_X(id, name) [CORM_ISOLATION_##id] = name,
      CORM_ISOLATIONS(CORM_X)
#undef CORM_X
  };
  char sql[96];
  bool chosen = begin->isolation > CORM_ISOLATION_AUTOCOMMIT && begin->isolation < CORM_ISOLATION_COUNT;
  snprintf(sql, sizeof sql, "BEGIN%s%s%s%s", chosen ? " ISOLATION LEVEL " : "", chosen ? levels[begin->isolation] : "",
           begin->read_only ? " READ ONLY" : "", begin->deferrable ? " DEFERRABLE" : "");
  return corm_pq_command(corm_pq_conn_of(base), sql, true, err);
}

/* A stream is given up here, since its rows end with the transaction. */
static corm_status make_way(corm_pq_conn *conn, corm_error *err) {
  if (conn->streaming != NULL) corm_pq_drain_stream(conn);
  return corm_pq_settle(conn, err);
}

static corm_status unknown_outcome(const corm_pq_conn *conn, const PGresult *result, corm_error *err) {
  corm_error cause;
  corm_error_init(&cause);
  corm_pq_error(conn, result, &cause);
  corm_error_set(err, CORM_E_COMMIT_UNKNOWN,
                 "the connection was lost before the server answered COMMIT: whether the transaction was committed is "
                 "not known (%s)",
                 cause.message);
  if (err != NULL) {
    memcpy(err->sqlstate, cause.sqlstate, sizeof err->sqlstate);
    err->disconnected = true;
  }
  corm_error_clear(&cause);
  return CORM_FAILED;
}

/* What is known to be lost before COMMIT was sent is not committed, and the error says only that. Of a failed
   transaction the server answers COMMIT with success and the tag ROLLBACK. */
static corm_status pq_commit(corm_driver_conn *base, corm_error *err) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  if (make_way(conn, err) != CORM_OK) return CORM_FAILED;
  corm_pq_probe(conn);
  if (corm_pq_lost(conn)) return corm_pq_error(conn, NULL, err);
  PGresult *result = PQsendQuery(conn->pq, "COMMIT") == 1 ? corm_pq_answer(conn) : NULL;
  corm_status status = CORM_OK;
  if (result != NULL && PQresultStatus(result) == PGRES_COMMAND_OK) {
    corm_pq_note(conn, result);
    if (strcmp(PQcmdStatus(result), "ROLLBACK") == 0) {
      status = corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                              "the transaction was rolled back instead of committed: a statement in it had failed");
    }
  } else if (corm_pq_lost(conn)) {
    status = unknown_outcome(conn, result, err);
  } else {
    status = corm_pq_error(conn, result, err);
  }
  PQclear(result);
  return status;
}

static corm_status pq_rollback(corm_driver_conn *base, corm_error *err) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  if (make_way(conn, err) != CORM_OK) return CORM_FAILED;
  return corm_pq_command(conn, "ROLLBACK", true, err);
}

/* -- statements ---------------------------------------------------------------------------------------------------- */

static int pq_param_count(const corm_driver_stmt *stmt) {
  return corm_pq_stmt_of(stmt)->nparams;
}

/* PostgreSQL's parameters have numbers only. */
static int pq_param_index(const corm_driver_stmt *stmt, const char *name) {
  (void)stmt;
  (void)name;
  return 0;
}

static bool pq_readonly(const corm_driver_stmt *stmt) {
  return corm_pq_stmt_of(stmt)->readonly;
}

static int pq_column_count(const corm_driver_stmt *stmt) {
  return corm_pq_stmt_of(stmt)->ncolumns;
}

static const char *pq_column_name(const corm_driver_stmt *stmt, int index) {
  return PQfname(corm_pq_stmt_of(stmt)->described, index);
}

const corm_driver corm_driver_libpq = {
    .name = "libpq",
    .kinds = ((UINT32_C(1) << CORM_VALUE_KIND_COUNT) - 1) & ~CORM_KIND(CORM_ABSENT),
    .isolations = UINT32_C(1) << CORM_ISOLATION_READ_UNCOMMITTED | UINT32_C(1) << CORM_ISOLATION_READ_COMMITTED |
                  UINT32_C(1) << CORM_ISOLATION_REPEATABLE_READ | UINT32_C(1) << CORM_ISOLATION_SERIALIZABLE,
    .one_stream = true,
    .option_names = corm_pq_option_names,
    .version = pq_version,
    .check = corm_pq_check,
    .is_private = pq_is_private,
    .open = corm_pq_open,
    .restore = corm_pq_restore,
    .limit = corm_pq_limit,
    .is_altered = corm_pq_is_altered,
    .close = pq_close,
    .abandon = pq_abandon,
    .server = pq_server,
    .ping = corm_pq_ping,
    .is_lost = pq_is_lost,
    .exec = pq_exec,
    .begin = pq_begin,
    .commit = pq_commit,
    .rollback = pq_rollback,
    .in_transaction = pq_in_transaction,
    .is_failed = pq_is_failed,
    .prepare = corm_pq_prepare,
    .finalize = corm_pq_finalize,
    .param_count = pq_param_count,
    .param_index = pq_param_index,
    .readonly = pq_readonly,
    .bind = corm_pq_bind,
    .bind_rows = corm_pq_bind_rows,
    .send = corm_pq_send,
    .stream = corm_pq_stream,
    .many = corm_pq_many,
    .page = corm_pq_page,
    .step = corm_pq_step,
    .reset = corm_pq_reset,
    .column_count = pq_column_count,
    .column_name = pq_column_name,
    .column = corm_pq_column_value,
    .columns = corm_pq_column_values,
    .changes = pq_changes,
    .last_insert_id = pq_last_insert_id,
    .interrupt = pq_interrupt,
};
