/* MariaDB and MySQL behind the driver's interface: the connection, its transactions, and the table of functions. */
#include "driver/libmariadb.h"

#include <errmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static corm_mariadb_conn *conn_of(const corm_driver_conn *conn) {
  return corm_mariadb_conn_of(conn);
}

static const char *mariadb_version(void) {
  corm_error err;
  corm_error_init(&err);
  const bool is_there = corm_mariadb_load(&err) == CORM_OK;
  corm_error_clear(&err);
  return is_there ? mysql_get_client_info() : "";
}

static bool mariadb_is_private(const corm_driver *driver, const corm_driver_target *target) {
  (void)driver;
  (void)target;
  return false;
}

static void mariadb_server(const corm_driver_conn *conn, corm_server *out) {
  *out = conn_of(conn)->server;
}

static bool mariadb_is_altered(const corm_driver_conn *conn) {
  return conn_of(conn)->altered;
}

static bool mariadb_is_lost(const corm_driver_conn *conn) {
  return conn_of(conn)->lost;
}

/* -- sending text -------------------------------------------------------------------------------------------------- */

corm_status corm_mariadb_check_idle(const corm_mariadb_conn *conn, corm_error *err) {
  if (conn->lost) {
    corm_error_set(err, CORM_E_DISCONNECT, "the connection was lost");
    if (err != NULL) err->disconnected = true;
    return CORM_FAILED;
  }
  if (conn->streamer == NULL) return CORM_OK;
  return corm_error_set(err, CORM_E_INTERFACE, "the rows of a streaming statement have not all been read yet");
}

/* What is far below every server's limit is not worth the question. */
size_t corm_mariadb_packet_limit(corm_mariadb_conn *conn, size_t bytes, corm_error *err) {
  enum { SMALL = 256 * 1024 };
  if (bytes <= SMALL || conn->max_packet > 0) return conn->max_packet > 0 ? conn->max_packet : SIZE_MAX;
  if (mysql_query(conn->mysql, "SELECT @@max_allowed_packet") == 0) {
    MYSQL_RES *result = mysql_store_result(conn->mysql);
    MYSQL_ROW row = result == NULL ? NULL : mysql_fetch_row(result);
    if (row != NULL && row[0] != NULL) conn->max_packet = strtoul(row[0], NULL, 10);
    mysql_free_result(result);
  }
  if (conn->max_packet == 0) (void)corm_mariadb_fail_conn(conn, NULL, err);
  return conn->max_packet;
}

corm_status corm_mariadb_check_size(corm_mariadb_conn *conn, size_t bytes, corm_error *err) {
  size_t limit = corm_mariadb_packet_limit(conn, bytes, err);
  if (bytes < limit) return CORM_OK;
  return corm_error_set(err, CORM_E_DATA,
                        "the statement and its values take %zu bytes, the server allows %zu (max_allowed_packet)",
                        bytes, limit);
}

void corm_mariadb_note_changes(corm_mariadb_conn *conn) {
  const char *data = NULL;
  size_t len = 0;
  if ((conn->mysql->server_status & SERVER_SESSION_STATE_CHANGED) != 0 &&
      mysql_session_track_get_first(conn->mysql, SESSION_TRACK_SYSTEM_VARIABLES, &data, &len) == 0) {
    conn->altered = true;
  }
}

/* After a good answer to text: reads what follows it and throws it away. */
static corm_status finish_text(corm_mariadb_conn *conn, const char *sql, corm_error *err) {
  MYSQL *mysql = conn->mysql;
  corm_mariadb_note_changes(conn);
  for (;;) {
    if (mysql_field_count(mysql) > 0) {
      MYSQL_RES *result = mysql_store_result(mysql);
      if (result == NULL) return corm_mariadb_fail_conn(conn, sql, err);
      mysql_free_result(result);
    } else {
      conn->changes = (int64_t)mysql_affected_rows(mysql);
      if (mysql_insert_id(mysql) != 0) conn->insert_id = (int64_t)mysql_insert_id(mysql);
    }
    if (!mysql_more_results(mysql)) return CORM_OK;
    if (mysql_next_result(mysql) > 0) return corm_mariadb_fail_conn(conn, sql, err);
  }
}

corm_status corm_mariadb_run(corm_mariadb_conn *conn, const char *sql, size_t len, corm_error *err) {
  if (corm_mariadb_check_idle(conn, err) != CORM_OK || corm_mariadb_check_size(conn, len + 1, err) != CORM_OK) {
    return CORM_FAILED;
  }
  if (mysql_real_query(conn->mysql, sql, (unsigned long)len) != 0) return corm_mariadb_fail_conn(conn, sql, err);
  return finish_text(conn, sql, err);
}

static corm_status mariadb_exec(corm_driver_conn *conn, const char *sql, corm_error *err) {
  return corm_mariadb_run(conn_of(conn), sql, strlen(sql), err);
}

static corm_status mariadb_ping(corm_driver_conn *conn, corm_error *err) {
  corm_mariadb_conn *self = conn_of(conn);
  if (corm_mariadb_check_idle(self, err) != CORM_OK) return CORM_FAILED;
  return mysql_ping(self->mysql) == 0 ? CORM_OK : corm_mariadb_fail_conn(self, NULL, err);
}

/* -- transactions -------------------------------------------------------------------------------------------------- */

/* Sends two statements before it reads the first answer: one round trip. When the first one fails, the second one's
   effect is undone. */
static corm_status run_both(corm_mariadb_conn *conn, const char *first, const char *second, corm_error *err) {
  MYSQL *mysql = conn->mysql;
  if (corm_mariadb_check_idle(conn, err) != CORM_OK) return CORM_FAILED;
  if (mysql_send_query(mysql, first, (unsigned long)strlen(first)) != 0 ||
      mysql_send_query(mysql, second, (unsigned long)strlen(second)) != 0) {
    conn->lost = true; /* the first may be on its way: no answer can be told from another */
    return corm_mariadb_fail_conn(conn, NULL, err);
  }
  if (mysql_read_query_result(mysql) == 0) {
    return mysql_read_query_result(mysql) == 0 ? CORM_OK : corm_mariadb_fail_conn(conn, second, err);
  }
  unsigned code = mysql_errno(mysql);
  corm_error_class cls = corm_mariadb_class_of(code, mysql_sqlstate(mysql), false);
  (void)corm_mariadb_describe_error(cls, first, code, mysql_sqlstate(mysql), mysql_error(mysql), err);
  if (cls == CORM_E_DISCONNECT || mysql_read_query_result(mysql) != 0 || mysql_query(mysql, "ROLLBACK") != 0) {
    conn->lost = true;
  }
  return CORM_FAILED;
}

static corm_status mariadb_begin(corm_driver_conn *conn, const corm_begin *begin, corm_error *err) {
  static const char *const levels[CORM_ISOLATION_COUNT] = {
      [CORM_ISOLATION_READ_UNCOMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
      [CORM_ISOLATION_READ_COMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
      [CORM_ISOLATION_REPEATABLE_READ] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
      [CORM_ISOLATION_SERIALIZABLE] = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
  };
  const char *start = begin->read_only ? "START TRANSACTION READ ONLY" : "START TRANSACTION";
  const char *level = levels[begin->isolation];
  conn_of(conn)->rolled_back = false;
  return level == NULL ? mariadb_exec(conn, start, err) : run_both(conn_of(conn), level, start, err);
}

/* COMMIT of a transaction that the server has undone succeeds there: it is not even asked. */
static corm_status mariadb_commit(corm_driver_conn *conn, corm_error *err) {
  corm_mariadb_conn *self = conn_of(conn);
  if (self->rolled_back && (self->mysql->server_status & SERVER_STATUS_IN_TRANS) == 0) {
    return corm_error_set(err, CORM_E_PENDING_ROLLBACK,
                          "the server has rolled the transaction back after an error; nothing was committed");
  }
  if (corm_mariadb_check_idle(self, err) != CORM_OK) return CORM_FAILED;
  bool open = err != NULL && !err->is_set;
  if (corm_mariadb_run(self, "COMMIT", 6, err) == CORM_OK) return CORM_OK;
  if (open && err->cls == CORM_E_DISCONNECT) err->cls = CORM_E_COMMIT_UNKNOWN;
  return CORM_FAILED;
}

static corm_status mariadb_rollback(corm_driver_conn *conn, corm_error *err) {
  conn_of(conn)->rolled_back = false;
  return mariadb_exec(conn, "ROLLBACK", err);
}

static bool mariadb_in_transaction(const corm_driver_conn *conn) {
  const corm_mariadb_conn *self = conn_of(conn);
  return !self->lost && (self->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

/* -- statements: what needs no file of its own --------------------------------------------------------------------- */

static int mariadb_param_count(const corm_driver_stmt *stmt) {
  return corm_mariadb_stmt_of(stmt)->nparams;
}

/* Parameters have no names in this protocol. */
static int mariadb_param_index(const corm_driver_stmt *stmt, const char *name) {
  (void)stmt;
  (void)name;
  return 0;
}

static bool mariadb_readonly(const corm_driver_stmt *stmt) {
  return corm_mariadb_stmt_of(stmt)->nature.readonly;
}

static int mariadb_column_count(const corm_driver_stmt *stmt) {
  return corm_mariadb_stmt_of(stmt)->ncolumns;
}

static const char *mariadb_column_name(const corm_driver_stmt *stmt, int index) {
  return corm_mariadb_stmt_of(stmt)->columns[index].name;
}

static void mariadb_column(corm_driver_stmt *stmt, int index, corm_value *out) {
  *out = corm_mariadb_stmt_of(stmt)->row[index];
}

static void mariadb_columns(corm_driver_stmt *stmt, int first, int n, corm_value *out) {
  memcpy(out, corm_mariadb_stmt_of(stmt)->row + first, (size_t)n * sizeof *out);
}

static int64_t mariadb_changes(const corm_driver_conn *conn) {
  return conn_of(conn)->changes;
}

static int64_t mariadb_last_insert_id(const corm_driver_conn *conn) {
  return conn_of(conn)->insert_id;
}

const corm_driver corm_driver_libmariadb = {
    .name = "libmariadb",
    .kinds = CORM_KIND(CORM_NULL) | CORM_KIND(CORM_BOOL) | CORM_KIND(CORM_INT) | CORM_KIND(CORM_REAL) |
             CORM_KIND(CORM_TEXT) | CORM_KIND(CORM_BLOB) | CORM_KIND(CORM_DATE) | CORM_KIND(CORM_TIME) |
             CORM_KIND(CORM_DATETIME) | CORM_KIND(CORM_INTERVAL) | CORM_KIND(CORM_DECIMAL) | CORM_KIND(CORM_UUID) |
             CORM_KIND(CORM_JSON) | CORM_KIND(CORM_ARRAY),
    .isolations = UINT32_C(1) << CORM_ISOLATION_READ_UNCOMMITTED | UINT32_C(1) << CORM_ISOLATION_READ_COMMITTED |
                  UINT32_C(1) << CORM_ISOLATION_REPEATABLE_READ | UINT32_C(1) << CORM_ISOLATION_SERIALIZABLE,
    .one_stream = true,
    .option_names = corm_mariadb_option_names,
    .version = mariadb_version,
    .check = corm_mariadb_check,
    .is_private = mariadb_is_private,
    .open = corm_mariadb_open,
    .restore = corm_mariadb_restore,
    .limit = corm_mariadb_limit,
    .is_altered = mariadb_is_altered,
    .close = corm_mariadb_close,
    .abandon = corm_mariadb_abandon,
    .server = mariadb_server,
    .ping = mariadb_ping,
    .is_lost = mariadb_is_lost,
    .exec = mariadb_exec,
    .begin = mariadb_begin,
    .commit = mariadb_commit,
    .rollback = mariadb_rollback,
    .in_transaction = mariadb_in_transaction,
    .prepare = corm_mariadb_prepare,
    .finalize = corm_mariadb_finalize,
    .param_count = mariadb_param_count,
    .param_index = mariadb_param_index,
    .readonly = mariadb_readonly,
    .bind = corm_mariadb_bind,
    .bind_rows = corm_mariadb_bind_rows,
    .stream = corm_mariadb_stream,
    .page = corm_mariadb_page,
    .step = corm_mariadb_step,
    .reset = corm_mariadb_reset,
    .column_count = mariadb_column_count,
    .column_name = mariadb_column_name,
    .column = mariadb_column,
    .columns = mariadb_columns,
    .changes = mariadb_changes,
    .last_insert_id = mariadb_last_insert_id,
    .interrupt = corm_mariadb_interrupt,
};
