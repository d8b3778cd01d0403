/*
 * Prepared statements and their results: fetched whole, so that the connection is free for others at once, or row by
 * row when they are asked to stream. A statement without a prepared form (LOCK TABLES on old servers, some SHOW) runs
 * as text, and its rows come as text.
 */
#include "driver/libmariadb.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

static corm_mariadb_conn *conn_of(const corm_mariadb_stmt *stmt) {
  return corm_mariadb_conn_of(stmt->base.conn);
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

static void link_into(corm_mariadb_stmt **list, corm_mariadb_stmt *stmt) {
  stmt->next = *list;
  stmt->link = list;
  if (stmt->next != NULL) stmt->next->link = &stmt->next;
  *list = stmt;
}

static void unlink_stmt(corm_mariadb_stmt *stmt) {
  if (stmt->link == NULL) return;
  *stmt->link = stmt->next;
  if (stmt->next != NULL) stmt->next->link = stmt->link;
  stmt->link = NULL;
}

static void free_stmt(corm_mariadb_stmt *stmt) {
  const corm_mem *mem = stmt->base.conn->mem;
  unlink_stmt(stmt);
  if (stmt->native != NULL) (void)mysql_stmt_close(stmt->native);
  if (stmt->result != NULL) mysql_free_result(stmt->result);
  for (int i = 0; i < stmt->nparams; i++) corm_mem_free(mem, stmt->params[i].copy);
  for (int i = 0; i < stmt->columns_size; i++) corm_mem_free(mem, stmt->columns[i].name);
  corm_mem_free(mem, stmt->params);
  corm_mem_free(mem, stmt->binds);
  corm_mem_free(mem, stmt->columns);
  corm_mem_free(mem, stmt->row);
  corm_mem_free(mem, stmt->sql);
  corm_mem_free(mem, stmt);
}

void corm_mariadb_free_statements(corm_mariadb_conn *conn) {
  while (conn->stmts != NULL) free_stmt(conn->stmts);
  while (conn->doomed != NULL) free_stmt(conn->doomed);
}

/* Makes the native statement, or leaves it NULL when the server has no prepared form of it. */
static corm_status prepare_native(corm_mariadb_stmt *stmt, corm_error *err) {
  corm_mariadb_conn *conn = conn_of(stmt);
  if ((stmt->native = mysql_stmt_init(conn->mysql)) == NULL) return corm_error_memory(err);
  stmt->arrays = false;
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_CB_USER_DATA, stmt);
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_CB_RESULT, (const void *)corm_mariadb_read_value);
  if (mysql_stmt_prepare(stmt->native, stmt->sql, (unsigned long)stmt->sql_len) == 0) return CORM_OK;
  if (mysql_stmt_errno(stmt->native) != ER_UNSUPPORTED_PS) return corm_mariadb_fail_stmt(stmt, err);
  (void)mysql_stmt_close(stmt->native);
  stmt->native = NULL;
  return CORM_OK;
}

static corm_status make_params(corm_mariadb_stmt *stmt) {
  const corm_mem *mem = stmt->base.conn->mem;
  size_t n = stmt->native == NULL ? 0 : mysql_stmt_param_count(stmt->native);
  if (n == 0) return CORM_OK;
  stmt->params = corm_mem_zalloc(mem, n, sizeof *stmt->params);
  stmt->binds = corm_mem_zalloc(mem, n, sizeof *stmt->binds);
  if (stmt->params == NULL || stmt->binds == NULL) return CORM_FAILED;
  for (size_t i = 0; i < n; i++) {
    stmt->binds[i].buffer_type = MYSQL_TYPE_NULL;
    stmt->binds[i].length = &stmt->params[i].length;
    stmt->binds[i].u.indicator = &stmt->params[i].indicator;
  }
  stmt->nparams = (int)n;
  return CORM_OK;
}

static corm_status describe_prepared(corm_mariadb_stmt *stmt) {
  unsigned n = stmt->native == NULL ? 0 : mysql_stmt_field_count(stmt->native);
  return n == 0 ? CORM_OK : corm_mariadb_describe(stmt, mariadb_stmt_fetch_fields(stmt->native), (int)n, false);
}

corm_status corm_mariadb_prepare(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out,
                                 corm_error *err) {
  corm_mariadb_conn *self = corm_mariadb_conn_of(conn);
  if (corm_mariadb_check_idle(self, err) != CORM_OK || corm_mariadb_check_size(self, len + 1, err) != CORM_OK) {
    return CORM_FAILED;
  }
  corm_mariadb_stmt *stmt = corm_mem_zalloc(conn->mem, 1, sizeof *stmt);
  if (stmt == NULL) return corm_error_memory(err);
  stmt->base.conn = conn;
  link_into(&self->stmts, stmt);
  stmt->sql = corm_mem_dup(conn->mem, sql, len);
  stmt->sql_len = len;
  if (stmt->sql == NULL) {
    corm_error_memory(err);
  } else if (prepare_native(stmt, err) == CORM_OK) {
    stmt->nature = corm_mariadb_nature_of(stmt->sql);
    if (make_params(stmt) == CORM_OK && describe_prepared(stmt) == CORM_OK) {
      *out = &stmt->base;
      return CORM_OK;
    }
    corm_error_memory(err);
  }
  free_stmt(stmt);
  return CORM_FAILED;
}

/* -- leaving a result ---------------------------------------------------------------------------------------------- */

/* The wire is free again: what was finalized meanwhile can go. */
static void end_stream(corm_mariadb_conn *conn) {
  conn->streamer = NULL;
  while (conn->doomed != NULL) free_stmt(conn->doomed);
}

/* Reads what is left of the results of this statement's last execution and throws it away. */
static void drain(corm_mariadb_stmt *stmt) {
  corm_mariadb_conn *conn = conn_of(stmt);
  int rc = 0;
  (void)mysql_stmt_free_result(stmt->native);
  while (mysql_stmt_more_results(stmt->native) && (rc = mysql_stmt_next_result(stmt->native)) == 0) {
    (void)mysql_stmt_free_result(stmt->native);
  }
  unsigned code = mysql_errno(conn->mysql);
  if (code != 0 && corm_mariadb_class_of(code, mysql_sqlstate(conn->mysql), false) == CORM_E_DISCONNECT) {
    conn->lost = true;
  }
  end_stream(conn);
}

/* The library frees a stored result only while its cursor is inside, and believes the connection to be idle then. */
static void free_stored(corm_mariadb_stmt *stmt) {
  MYSQL *mysql = conn_of(stmt)->mysql;
  if (mysql_stmt_num_rows(stmt->native) == 0 || stmt->native->result.data == NULL) return;
  enum mysql_status status = mysql->status;
  mysql_stmt_data_seek(stmt->native, 0);
  (void)mysql_stmt_free_result(stmt->native);
  mysql->status = status;
}

/* The library goes on believing in it when the next execution has none, and then takes that one's rows for another's.
 */
static void forget_cursor(corm_mariadb_stmt *stmt) {
  (void)mysql_stmt_reset(stmt->native);
  stmt->native->cursor_exists = 0;
}

/* While another statement streams the wire is not free: the next execution, or the end of the statement, closes it. */
static void close_cursor(corm_mariadb_stmt *stmt) {
  if (conn_of(stmt)->streamer == NULL && !conn_of(stmt)->lost) forget_cursor(stmt);
}

static void leave_result(corm_mariadb_stmt *stmt) {
  if (stmt->native == NULL) {
    if (stmt->result != NULL) mysql_free_result(stmt->result);
    stmt->result = NULL;
  } else if (conn_of(stmt)->streamer == stmt) {
    drain(stmt);
  } else if (stmt->paged) {
    close_cursor(stmt);
  } else {
    free_stored(stmt);
  }
}

static void set_page(corm_mariadb_stmt *stmt, unsigned long rows) {
  const unsigned long type = rows > 0 ? CURSOR_TYPE_READ_ONLY : CURSOR_TYPE_NO_CURSOR, one = 1;
  stmt->page = rows;
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_CURSOR_TYPE, &type);
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_PREFETCH_ROWS, rows > 0 ? &rows : &one);
}

/* A statement without a prepared form is read whole. */
void corm_mariadb_page(corm_driver_stmt *stmt, uint32_t rows) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  if (self->native != NULL) set_page(self, rows);
}

void corm_mariadb_reset(corm_driver_stmt *stmt) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  if (self->state != CORM_MARIADB_READY) {
    leave_result(self);
    self->nrows = 0; /* arrays were lent for one execution */
  }
  self->state = CORM_MARIADB_READY;
  self->streaming = false;
  self->paged = self->turns = false;
  if (self->page > 0) set_page(self, 0);
  self->malformed = false;
}

void corm_mariadb_finalize(corm_driver_stmt *stmt) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  corm_mariadb_conn *conn = conn_of(self);
  corm_mariadb_reset(stmt);
  if (conn->streamer == NULL) {
    free_stmt(self);
    return;
  }
  unlink_stmt(self);
  link_into(&conn->doomed, self);
}

void corm_mariadb_stream(corm_driver_stmt *stmt, bool on) {
  corm_mariadb_stmt_of(stmt)->streaming = on;
}

/* -- executing ----------------------------------------------------------------------------------------------------- */

static corm_status fail_memory(corm_mariadb_stmt *stmt, corm_error *err) {
  leave_result(stmt);
  return corm_error_memory(err);
}

static void count_changes(corm_mariadb_stmt *stmt, uint64_t rows, uint64_t key) {
  corm_mariadb_conn *conn = conn_of(stmt);
  if (stmt->nature.readonly || rows == UINT64_MAX) return;
  conn->changes += (int64_t)rows;
  conn->insert_id = (int64_t)key;
}

/* The library takes the types from the columns that an answer describes, but goes on with the names of the preparation.
   New names can only be seen in the answer that brings them: the server sends columns only when they have changed. */
static corm_status describe_result(corm_mariadb_stmt *stmt) {
  MYSQL *mysql = conn_of(stmt)->mysql;
  const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(stmt->native);
  int n = (int)mysql_field_count(mysql);
  for (int i = 0; i < n && mysql->fields != NULL && !stmt->stale; i++) {
    stmt->stale = strcmp(mysql->fields[i].name, fields[i].name) != 0;
  }
  return corm_mariadb_describe(stmt, stmt->stale ? mysql->fields : fields, n, false);
}

static corm_status open_result(corm_mariadb_stmt *stmt, corm_error *err) {
  corm_mariadb_conn *conn = conn_of(stmt);
  conn->streamer = stmt;
  if (describe_result(stmt) != CORM_OK) return fail_memory(stmt, err);
  stmt->state = CORM_MARIADB_ROWS;
  if (stmt->streaming) return CORM_OK;
  stmt->paged = stmt->page > 0 && stmt->native->cursor_exists;
  if (stmt->paged) {
    end_stream(conn);
    return CORM_OK;
  }
  int rc = mysql_stmt_store_result(stmt->native);
  /* A procedure's further results are read when its rows have been: until then the connection is not free. */
  if (rc != 0 || !mysql_stmt_more_results(stmt->native)) end_stream(conn);
  if (rc != 0) return corm_mariadb_fail_stmt(stmt, err);
  count_changes(stmt, mysql_stmt_num_rows(stmt->native), mysql_stmt_insert_id(stmt->native));
  return CORM_OK;
}

static corm_status prepare_again(corm_mariadb_stmt *stmt, corm_error *err) {
  (void)mysql_stmt_close(stmt->native); /* reads away what is left of an answer */
  stmt->native = NULL;
  stmt->stale = false;
  if (prepare_native(stmt, err) != CORM_OK) return CORM_FAILED;
  if (stmt->native == NULL || (size_t)stmt->nparams != mysql_stmt_param_count(stmt->native)) {
    return corm_error_set(err, CORM_E_PROGRAMMING, "the statement has changed its meaning since it was prepared");
  }
  return describe_prepared(stmt) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* A table was altered, and the result has another number of columns than the statement was prepared with: the library
   cannot read it. What only reads is executed again. */
static corm_status recover(corm_mariadb_stmt *stmt, corm_error *err) {
  if (prepare_again(stmt, err) != CORM_OK) return CORM_FAILED;
  if (stmt->nature.readonly) return CORM_OK;
  return corm_error_set(err, CORM_E_OPERATIONAL,
                        "a table was altered after the statement was prepared; it was executed, but its rows could not "
                        "be read");
}

static corm_status execute_native(corm_mariadb_stmt *stmt, corm_error *err) {
  corm_mariadb_conn *conn = conn_of(stmt);
  if (stmt->stale && prepare_again(stmt, err) != CORM_OK) return CORM_FAILED;
  if (stmt->page == 0 && stmt->native->cursor_exists) forget_cursor(stmt);
  size_t taken = 0;
  for (bool recovered = false;;) {
    if (corm_mariadb_bind_next(stmt, &taken, err) != CORM_OK) return CORM_FAILED;
    if (mysql_stmt_execute(stmt->native) == 0) break;
    unsigned code = mysql_stmt_errno(stmt->native);
    if (code == ER_UNSUPPORTED_PS && taken > 1) { /* INSERT ... SELECT, several tables: row by row */
      stmt->nature.bulk = false;
    } else if (code == CR_NEW_STMT_METADATA && !recovered) {
      if (recover(stmt, err) != CORM_OK) return CORM_FAILED;
      recovered = true;
    } else {
      return corm_mariadb_fail_stmt(stmt, err);
    }
  }
  stmt->next_row += taken;
  corm_mariadb_note_changes(conn);
  if (mysql_field_count(conn->mysql) > 0) return open_result(stmt, err);
  count_changes(stmt, mysql_stmt_affected_rows(stmt->native), mysql_stmt_insert_id(stmt->native));
  if (mysql_stmt_more_results(stmt->native)) drain(stmt);
  return CORM_OK;
}

static corm_status execute_text(corm_mariadb_stmt *stmt, corm_error *err) {
  MYSQL *mysql = conn_of(stmt)->mysql;
  if (mysql_real_query(mysql, stmt->sql, (unsigned long)stmt->sql_len) != 0) {
    return corm_mariadb_fail_conn(conn_of(stmt), stmt->sql, err);
  }
  corm_mariadb_note_changes(conn_of(stmt));
  if (mysql_field_count(mysql) == 0) {
    count_changes(stmt, mysql_affected_rows(mysql), mysql_insert_id(mysql));
    return CORM_OK;
  }
  if ((stmt->result = mysql_store_result(mysql)) == NULL) {
    return corm_mariadb_fail_conn(conn_of(stmt), stmt->sql, err);
  }
  if (corm_mariadb_describe(stmt, mysql_fetch_fields(stmt->result), (int)mysql_num_fields(stmt->result), true) !=
      CORM_OK) {
    return fail_memory(stmt, err);
  }
  stmt->state = CORM_MARIADB_ROWS;
  return CORM_OK;
}

/* Executes what is bound, or its next part; the state is FINISHED or ROWS afterwards. */
static corm_status execute(corm_mariadb_stmt *stmt, corm_error *err) {
  stmt->state = CORM_MARIADB_FINISHED;
  corm_status status = stmt->native == NULL ? execute_text(stmt, err) : execute_native(stmt, err);
  if (status != CORM_OK) stmt->nrows = 0; /* nothing of the array is tried after a failure */
  return status;
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static corm_status fetch_text(corm_mariadb_stmt *stmt) {
  MYSQL_ROW row = mysql_fetch_row(stmt->result);
  if (row == NULL) return CORM_DONE;
  corm_mariadb_read_text(stmt, row, mysql_fetch_lengths(stmt->result));
  return CORM_ROW;
}

static corm_status fetch_native(corm_mariadb_stmt *stmt, corm_error *err) {
  corm_mariadb_conn *conn = conn_of(stmt);
  if (!stmt->streaming) {
    const MYSQL_ROWS *next = mysql_stmt_row_tell(stmt->native);
    if (next != NULL) stmt->row_end = (const unsigned char *)next->data + next->length;
    stmt->turns = next == NULL; /* then the library reads a page first */
  }
  int rc = mysql_stmt_fetch(stmt->native);
  if (rc == 0 && !stmt->malformed) {
    if (stmt->streaming) count_changes(stmt, 1, 0);
    return CORM_ROW;
  }
  if (rc == 0) {
    conn->lost = true; /* what speaks like this cannot be trusted with anything */
    return corm_mariadb_fail(conn, NULL, CR_MALFORMED_PACKET, "HY000", "a row of the server is malformed", err);
  }
  if (rc == MYSQL_NO_DATA) {
    if (conn->streamer == stmt) drain(stmt);
    return CORM_DONE;
  }
  if (conn->streamer == stmt) end_stream(conn);
  return corm_mariadb_fail_stmt(stmt, err);
}

corm_status corm_mariadb_step(corm_driver_stmt *stmt, corm_error *err) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  corm_mariadb_conn *conn = conn_of(self);
  if (self->state == CORM_MARIADB_READY) {
    if (corm_mariadb_check_idle(conn, err) != CORM_OK) return CORM_FAILED;
    if (!self->nature.readonly) conn->changes = 0;
    self->next_row = 0;
    if (execute(self, err) != CORM_OK) return CORM_FAILED;
  }
  for (;;) {
    if (self->state == CORM_MARIADB_ROWS) {
      corm_status status = self->native == NULL ? fetch_text(self) : fetch_native(self, err);
      if (status == CORM_ROW) return CORM_ROW;
      self->state = CORM_MARIADB_FINISHED;
      if (status == CORM_FAILED) return CORM_FAILED;
    }
    if (self->next_row >= self->nrows || self->native == NULL) return CORM_DONE;
    if (execute(self, err) != CORM_OK) return CORM_FAILED;
  }
}
