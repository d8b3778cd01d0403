/* SQLite's C API behind the driver's interface: statements and transactions. */
#include "driver/sqlite.h"

#include <math.h>
#include <string.h>

typedef struct sqlite_stmt {
  corm_driver_stmt base;
  sqlite3_stmt *stmt;
  sqlite3 *db;
  corm_sqlite_rows *rows; /* by parameter, once some were bound */
  corm_sqlite_steady steady;
} sqlite_stmt;

static corm_sqlite_conn *conn_of(const corm_driver_conn *conn) {
  return (corm_sqlite_conn *)(uintptr_t)conn;
}

static const sqlite_stmt *stmt_of(const corm_driver_stmt *stmt) {
  return (const sqlite_stmt *)stmt;
}

static const char *sqlite_version(void) {
  return sqlite3_libversion();
}

static void sqlite_close(corm_driver_conn *conn) {
  corm_sqlite_conn *self = conn_of(conn);
  sqlite3_stmt *left;
  while ((left = sqlite3_next_stmt(self->db, NULL)) != NULL) sqlite3_finalize(left);
  (void)sqlite3_close(self->db); /* with no statement left it cannot be busy; it rolls back */
  corm_mem_free(conn->mem, self);
}

static corm_status sqlite_exec(corm_driver_conn *conn, const char *sql, corm_error *err) {
  sqlite3 *db = conn_of(conn)->db;
  return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? CORM_OK
                                                              : corm_sqlite_error(db, CORM_SQLITE_RUN, sql, err);
}

static corm_status set_pragma(sqlite3 *db, bool *now, bool on, const char *name, corm_error *err) {
  char sql[48];
  if (*now == on) return CORM_OK;
  sqlite3_snprintf(sizeof sql, sql, "PRAGMA %s = %d", name, on);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) return corm_sqlite_error(db, CORM_SQLITE_RUN, sql, err);
  *now = on;
  return CORM_OK;
}

/* What a transaction asked for ends with it. */
static corm_status set_mode(corm_sqlite_conn *self, bool uncommitted, bool query_only, corm_error *err) {
  if (set_pragma(self->db, &self->uncommitted, uncommitted, "read_uncommitted", err) != CORM_OK) return CORM_FAILED;
  return set_pragma(self->db, &self->query_only, query_only, "query_only", err);
}

static bool sqlite_is_altered(const corm_driver_conn *conn) {
  return conn_of(conn)->uncommitted || conn_of(conn)->query_only;
}

static corm_status sqlite_restore(corm_driver_conn *conn, corm_error *err) {
  if (set_mode(conn_of(conn), false, false, err) != CORM_OK) return CORM_FAILED;
  return corm_sqlite_restore(conn, err);
}

static corm_status sqlite_begin(corm_driver_conn *conn, const corm_begin *begin, corm_error *err) {
  /* On a read-only database no write can follow, and BEGIN IMMEDIATE would be refused. */
  bool immediate = begin->mode == CORM_BEGIN_WRITE && sqlite3_db_readonly(conn_of(conn)->db, "main") != 1;
  bool uncommitted = begin->isolation == CORM_ISOLATION_READ_UNCOMMITTED;
  if (set_mode(conn_of(conn), uncommitted, begin->read_only, err) != CORM_OK) return CORM_FAILED;
  return sqlite_exec(conn, immediate && !begin->read_only ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

/* After a failure the settings wait for the next begin, or for the connection's return. */
static corm_status end_transaction(corm_driver_conn *conn, const char *sql, corm_error *err) {
  if (sqlite_exec(conn, sql, err) != CORM_OK) return CORM_FAILED;
  (void)set_mode(conn_of(conn), false, false, NULL);
  return CORM_OK;
}

static corm_status sqlite_commit(corm_driver_conn *conn, corm_error *err) {
  return end_transaction(conn, "COMMIT", err);
}

static corm_status sqlite_rollback(corm_driver_conn *conn, corm_error *err) {
  return end_transaction(conn, "ROLLBACK", err);
}

static bool sqlite_in_transaction(const corm_driver_conn *conn) {
  return sqlite3_get_autocommit(conn_of(conn)->db) == 0;
}

/* The first byte after white space, semicolons and comments, or `end`. */
static const char *skip_blank(const char *p, const char *end) {
  while (p < end) {
    if (strchr(" \t\r\n\f;", *p) != NULL && *p != '\0') {
      p++;
    } else if (end - p >= 2 && p[0] == '-' && p[1] == '-') {
      const char *newline = memchr(p, '\n', (size_t)(end - p));
      p = newline == NULL ? end : newline + 1;
    } else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
      for (p += 2; p < end && !(end - p >= 2 && p[0] == '*' && p[1] == '/');) p++;
      p = end - p >= 2 ? p + 2 : end;
    } else {
      break;
    }
  }
  return p;
}

static corm_status sqlite_prepare(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out,
                                  corm_error *err) {
  sqlite3 *db = conn_of(conn)->db;
  sqlite3_stmt *stmt = NULL;
  const char *tail = sql;
  if (len > INT32_MAX) return corm_error_set(err, CORM_E_DATA, "the statement is too long (%zu bytes)", len);
  if (sqlite3_prepare_v3(db, sql, (int)len, SQLITE_PREPARE_PERSISTENT, &stmt, &tail) != SQLITE_OK) {
    return corm_sqlite_error(db, CORM_SQLITE_PREPARE, NULL, err);
  }
  sqlite_stmt *self = NULL;
  if (stmt == NULL && skip_blank(sql, sql + len) == sql + len) {
    corm_error_set(err, CORM_E_PROGRAMMING, "the statement is empty");
  } else if (stmt == NULL || skip_blank(tail, sql + len) != sql + len) {
    corm_error_set(err, CORM_E_PROGRAMMING, "only one statement can be executed at a time");
  } else if ((self = corm_mem_alloc(conn->mem, sizeof *self)) == NULL) {
    corm_error_memory(err);
  } else {
    *self = (sqlite_stmt){.base = {.conn = conn}, .stmt = stmt, .db = db};
    corm_sqlite_steady_init(&self->steady, stmt);
    *out = &self->base;
    return CORM_OK;
  }
  sqlite3_finalize(stmt);
  return CORM_FAILED;
}

static void sqlite_finalize(corm_driver_stmt *stmt) {
  sqlite3_finalize(stmt_of(stmt)->stmt);
  sqlite3_finalize(stmt_of(stmt)->steady.twin);
  corm_mem_free(stmt->conn->mem, stmt_of(stmt)->rows);
  corm_mem_free(stmt->conn->mem, stmt);
}

static int sqlite_param_count(const corm_driver_stmt *stmt) {
  return sqlite3_bind_parameter_count(stmt_of(stmt)->stmt);
}

static int sqlite_param_index(const corm_driver_stmt *stmt, const char *name) {
  sqlite3_stmt *native = stmt_of(stmt)->stmt;
  int n = sqlite3_bind_parameter_count(native);
  for (int i = 1; i <= n; i++) {
    const char *native_name = sqlite3_bind_parameter_name(native, i);
    if (native_name != NULL && native_name[0] != '?' && strcmp(native_name + 1, name) == 0) return i;
  }
  return 0;
}

static bool sqlite_readonly(const corm_driver_stmt *stmt) {
  return sqlite3_stmt_readonly(stmt_of(stmt)->stmt) != 0;
}

static corm_status check_storage(const corm_value *value, corm_error *err) {
  if (value->kind > CORM_BLOB || value->kind == CORM_ABSENT || value->kind == CORM_BOOL)
    return corm_error_set(err, CORM_E_INTERFACE, "a %s is no storage value of SQLite",
                          corm_value_kind_name((corm_value_kind)value->kind));
  if (value->kind == CORM_REAL && isnan(value->as.f))
    return corm_error_set(err, CORM_E_DATA, "NaN cannot be stored: SQLite would make it NULL");
  return CORM_OK;
}

static int bind_value(sqlite3_stmt *stmt, int index, const corm_value *value, bool keep) {
  sqlite3_destructor_type lifetime = keep ? SQLITE_STATIC : SQLITE_TRANSIENT;
  const char *bytes = value->len == 0 ? "" : value->as.s; /* a NULL pointer would bind NULL */
  switch (value->kind) {
  case CORM_NULL: return sqlite3_bind_null(stmt, index);
  case CORM_INT: return sqlite3_bind_int64(stmt, index, value->as.i);
  case CORM_REAL: return sqlite3_bind_double(stmt, index, value->as.f);
  case CORM_TEXT: return sqlite3_bind_text64(stmt, index, bytes, value->len, lifetime, SQLITE_UTF8);
  default: return sqlite3_bind_blob64(stmt, index, bytes, value->len, lifetime);
  }
}

static corm_status sqlite_bind(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err) {
  sqlite_stmt *self = (sqlite_stmt *)stmt;
  if (check_storage(value, err) != CORM_OK) return CORM_FAILED;
  if (self->steady.watched) corm_sqlite_steady_watch(&self->steady, stmt->conn->mem, self->db, self->stmt);
  int rc = bind_value(self->stmt, index, value, keep);
  if (rc == SQLITE_OK && self->steady.twin) {
    rc = bind_value(self->steady.twin, index, value, keep);
    if (rc == SQLITE_OK) corm_sqlite_steady_bound(&self->steady, index, &self->stmt);
  }
  return rc == SQLITE_OK ? CORM_OK : corm_sqlite_error(self->db, CORM_SQLITE_RUN, sqlite3_sql(self->stmt), err);
}

/* The statement's parameters are arguments of corm_rows(). */
static corm_status sqlite_bind_rows(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride,
                                    size_t nrows, corm_error *err) {
  sqlite_stmt *self = (sqlite_stmt *)stmt;
  for (size_t i = 0; i < nrows; i++)
    if (check_storage(&values[i * stride], err) != CORM_OK) return CORM_FAILED;
  if (!self->rows) self->rows = corm_mem_zalloc(stmt->conn->mem, (size_t)sqlite_param_count(stmt), sizeof *self->rows);
  if (!self->rows) return corm_error_memory(err);
  self->rows[index - 1] = (corm_sqlite_rows){values, stride, nrows};
  if (corm_sqlite_bind_rows(self->stmt, index, &self->rows[index - 1]) == SQLITE_OK) return CORM_OK;
  return corm_sqlite_error(self->db, CORM_SQLITE_RUN, sqlite3_sql(self->stmt), err);
}

static corm_status sqlite_step(corm_driver_stmt *stmt, corm_error *err) {
  sqlite_stmt *self = (sqlite_stmt *)stmt;
  int rc = sqlite3_step(self->stmt);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE && corm_sqlite_steady_ended(&self->steady, &self->stmt))
    rc = sqlite3_step(self->stmt);
  if (rc == SQLITE_ROW) return CORM_ROW;
  if (rc == SQLITE_DONE) return CORM_DONE;
  return corm_sqlite_error(self->db, CORM_SQLITE_RUN, sqlite3_sql(self->stmt), err);
}

static void sqlite_reset(corm_driver_stmt *stmt) {
  (void)sqlite3_reset(stmt_of(stmt)->stmt);
  corm_sqlite_cache_count(&conn_of(stmt->conn)->cache, stmt_of(stmt)->db);
}

static int sqlite_column_count(const corm_driver_stmt *stmt) {
  return sqlite3_column_count(stmt_of(stmt)->stmt);
}

static const char *sqlite_column_name(const corm_driver_stmt *stmt, int index) {
  return sqlite3_column_name(stmt_of(stmt)->stmt, index);
}

/* One lookup of the cell instead of three: the connection is opened without mutexes, so that the "unprotected" value
   may be read like any other (SQLite, "Dynamically Typed Value Object"). */
static void read_cell(sqlite3_stmt *stmt, int index, corm_value *out) {
  sqlite3_value *cell = sqlite3_column_value(stmt, index);
  switch (sqlite3_value_type(cell)) {
  case SQLITE_INTEGER: *out = (corm_value){.as.i = sqlite3_value_int64(cell), .kind = CORM_INT}; break;
  case SQLITE_FLOAT: *out = (corm_value){.as.f = sqlite3_value_double(cell), .kind = CORM_REAL}; break;
  case SQLITE_TEXT:
    *out = (corm_value){.as.s = (const char *)sqlite3_value_text(cell), .kind = CORM_TEXT};
    out->len = (uint32_t)sqlite3_value_bytes(cell);
    if (out->as.s == NULL) out->kind = CORM_ABSENT; /* UTF-16 that could not be converted for lack of memory */
    break;
  case SQLITE_BLOB:
    *out = (corm_value){.as.s = sqlite3_value_blob(cell), .kind = CORM_BLOB};
    out->len = (uint32_t)sqlite3_value_bytes(cell);
    if (out->as.s == NULL) out->as.s = "";
    break;
  default: *out = (corm_value){.kind = CORM_NULL}; break;
  }
}

static void sqlite_column(corm_driver_stmt *stmt, int index, corm_value *out) {
  read_cell(stmt_of(stmt)->stmt, index, out);
}

static void sqlite_columns(corm_driver_stmt *stmt, int first, int n, corm_value *out) {
  sqlite3_stmt *native = stmt_of(stmt)->stmt;
  for (int i = 0; i < n; i++) read_cell(native, first + i, &out[i]);
}

static int64_t sqlite_changes(const corm_driver_conn *conn) {
  return sqlite3_changes64(conn_of(conn)->db);
}

static int64_t sqlite_last_insert_id(const corm_driver_conn *conn) {
  return sqlite3_last_insert_rowid(conn_of(conn)->db);
}

static void sqlite_interrupt(corm_driver_conn *conn) {
  sqlite3_interrupt(conn_of(conn)->db);
}

const corm_driver corm_driver_sqlite = {
    .name = "sqlite",
    .kinds =
        CORM_KIND(CORM_NULL) | CORM_KIND(CORM_INT) | CORM_KIND(CORM_REAL) | CORM_KIND(CORM_TEXT) | CORM_KIND(CORM_BLOB),
    .isolations = UINT32_C(1) << CORM_ISOLATION_SERIALIZABLE | UINT32_C(1) << CORM_ISOLATION_READ_UNCOMMITTED,
    .option_names = corm_sqlite_option_names,
    .version = sqlite_version,
    .check = corm_sqlite_check,
    .is_private = corm_sqlite_is_private,
    .open = corm_sqlite_open,
    .restore = sqlite_restore,
    .is_altered = sqlite_is_altered,
    .close = sqlite_close,
    .exec = sqlite_exec,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .in_transaction = sqlite_in_transaction,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .param_count = sqlite_param_count,
    .param_index = sqlite_param_index,
    .readonly = sqlite_readonly,
    .bind = sqlite_bind,
    .bind_rows = sqlite_bind_rows,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .column_count = sqlite_column_count,
    .column_name = sqlite_column_name,
    .column = sqlite_column,
    .columns = sqlite_columns,
    .changes = sqlite_changes,
    .last_insert_id = sqlite_last_insert_id,
    .interrupt = sqlite_interrupt,
};
