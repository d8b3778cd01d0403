/* Rows of one execution: from the running statement, or from memory once it had to give way. */
#include "engine/result.h"

#include <string.h>

#include "engine/internal.h"

/* -- making -------------------------------------------------------------------------------------------------------- */

/* What the columns with their names take behind the result: the compiled statement may be gone before the result is,
   and one block for all is cheaper than an arena. */
static size_t columns_size(const corm_compiled *compiled, bool lasting) {
  size_t size = compiled->ncolumns * sizeof(corm_compiled_column);
  if (lasting) return size;
  for (uint32_t i = 0; i < compiled->ncolumns; i++) {
    const corm_compiled_column *column = &compiled->columns[i];
    size += strlen(column->name) + 1;
    if (column->key != NULL && column->key != column->name) size += strlen(column->key) + 1;
  }
  return size;
}

static const char *put_text(char **place, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*place, text, size);
  *place += size;
  return copy;
}

static void copy_columns(corm_result *result, const corm_compiled *compiled, bool lasting,
                         corm_compiled_column *columns) {
  const char *dialect = result->conn->engine->dialect->name;
  size_t n = compiled->ncolumns;
  char *place = (char *)(columns + n);
  for (size_t i = 0; i < n; i++) {
    const corm_compiled_column *from = &compiled->columns[i];
    columns[i] = *from;
    columns[i].type = corm_type_on(from->type, dialect);
    result->hosted = result->hosted || columns[i].type->hosted;
    if (lasting) continue;
    columns[i].name = put_text(&place, from->name);
    columns[i].key = from->key == from->name || from->key == NULL ? columns[i].name : put_text(&place, from->key);
  }
  result->columns = columns;
  result->ncolumns = n;
}

corm_status corm_result_new(corm_conn *conn, const corm_compiled *compiled, bool lasting, corm_result **out,
                            corm_error *err) {
  const corm_mem *mem = conn->engine->mem;
  bool typed = compiled != NULL && compiled->ncolumns > 0;
  corm_result *result = corm_mem_alloc(mem, sizeof *result + (typed ? columns_size(compiled, lasting) : 0));
  if (result == NULL) return corm_error_memory(err);
  *result = (corm_result){.refs = 1, .conn = conn, .driver = conn->driver, .phase = CORM_RESULT_DONE, .rowcount = -1};
  result->last = &result->rows;
  corm_arena_init(&result->arena, mem);
  corm_arena_init(&result->decoded, mem);
  if (typed) copy_columns(result, compiled, lasting, (corm_compiled_column *)(result + 1));
  corm_conn_acquire(conn);
  *out = result;
  return CORM_OK;
}

corm_status corm_result_describe(corm_result *result, corm_stmt *stmt, corm_error *err) {
  const corm_driver *driver = result->driver;
  int count = driver->column_count(stmt->native);
  size_t n = count > 0 ? (size_t)count : 0;
  /* MariaDB leaves RETURNING out where it sees that WHERE is never true: there are columns, and no rows. */
  result->returns_rows = n > 0 || (result->ncolumns > 0 && stmt->verb == CORM_VERB_DML);
  if (result->ncolumns > 0) {
    if (n == result->ncolumns || n == 0) return CORM_OK;
    return corm_error_set(
        err, CORM_E_INVALID_REQUEST,
        "the statement returned %zu columns where %zu were expected; columns() of a text names all of "
        "them, in their order",
        n, result->ncolumns);
  }
  corm_compiled_column *columns = corm_arena_zalloc(&result->arena, n, sizeof *columns);
  for (size_t i = 0; i < n && columns != NULL; i++) {
    const char *name = driver->column_name(stmt->native, (int)i);
    if (name == NULL) return corm_error_memory(err);
    columns[i].name = columns[i].key = corm_arena_dup(&result->arena, name, strlen(name));
    columns[i].type = corm_type_default(CORM_TYPE_NULLTYPE);
    columns[i].bundle = -1;
  }
  if (result->arena.failed) return corm_error_memory(err);
  result->columns = columns;
  result->ncolumns = n;
  result->plain = true;
  return CORM_OK;
}

static void link_in(corm_result *result) {
  corm_link *link = result->conn->link;
  result->next = link->results;
  if (result->next != NULL) result->next->prev = result;
  link->results = result;
}

/* Gives the statement back; the connection is open as long as there is one. */
static void give_stmt(corm_result *result) {
  if (result->stmt == NULL) return;
  if (result->paged) corm_conn_settle(result->conn); /* its end may be a word to the server */
  corm_link *link = result->conn->link;
  *(result->prev != NULL ? &result->prev->next : &link->results) = result->next;
  if (result->next != NULL) result->next->prev = result->prev;
  result->next = result->prev = NULL;
  if (!corm_conn_is_foreign(result->conn)) corm_stmt_cache_give(&link->cache, result->stmt);
  result->stmt = NULL;
  result->native = NULL;
}

corm_status corm_result_start(corm_result *result, corm_stmt *stmt, corm_status step, corm_error *err) {
  bool reads = stmt->readonly;
  if (corm_result_describe(result, stmt, err) != CORM_OK) return CORM_FAILED;
  stmt->rows = step == CORM_ROW ? -1 : 0;
  if (step == CORM_ROW && !reads) {
    return corm_result_collect(result, stmt->native, err);
  }
  if (step == CORM_ROW) {
    result->stmt = stmt;
    result->native = stmt->native;
    result->phase = CORM_RESULT_FIRST;
    link_in(result);
  }
  return CORM_OK;
}

void corm_result_expect(corm_result *result, corm_stmt *stmt) {
  result->stmt = stmt;
  result->native = stmt->native;
  result->phase = CORM_RESULT_SENT;
  link_in(result);
}

static corm_status step_failed(corm_result *result, corm_error *err) {
  corm_conn *conn = result->conn;
  corm_sent sent = {.stmt = result->stmt};
  result->phase = CORM_RESULT_CLOSED;
  corm_conn_attach(conn, &sent, 0, err);
  corm_conn_failed(conn, err);
  corm_result_close(result);
  return CORM_FAILED;
}

/* Waits for the answer of what was sent ahead: CORM_ROW (it stands on the first row), CORM_DONE, CORM_FAILED. */
static corm_status read_answer(corm_result *result, corm_error *err) {
  if (corm_conn_is_foreign(result->conn)) return corm_conn_check(result->conn, err);
  corm_status step = result->driver->step(result->native, err);
  if (step == CORM_FAILED || corm_result_describe(result, result->stmt, err) != CORM_OK)
    return step_failed(result, err);
  result->stmt->rows = step == CORM_ROW ? -1 : 0;
  result->phase = step == CORM_ROW ? CORM_RESULT_FIRST : CORM_RESULT_DONE;
  if (step == CORM_DONE) give_stmt(result);
  return step;
}

static corm_result *oldest_expected(const corm_link *link) {
  corm_result *found = NULL;
  for (corm_result *result = link->results; result != NULL; result = result->next)
    if (result->phase == CORM_RESULT_SENT) found = result;
  return found;
}

void corm_link_find_cause(corm_link *link, corm_error *err) {
  corm_result *result;
  if (err == NULL || err->cls != CORM_E_PENDING_ROLLBACK || corm_link_is_foreign(link)) return;
  while ((result = oldest_expected(link)) != NULL) {
    corm_error cause;
    corm_error_init(&cause);
    if (read_answer(result, &cause) == CORM_FAILED && cause.cls != CORM_E_PENDING_ROLLBACK) {
      corm_error_clear(err);
      *err = cause;
      return;
    }
    corm_error_clear(&cause);
  }
}

/* -- buffering ----------------------------------------------------------------------------------------------------- */

static corm_status append_row(corm_result *result, corm_driver_stmt *native, corm_error *err) {
  corm_row *row = corm_arena_alloc(&result->arena, sizeof *row + result->ncolumns * sizeof(corm_value));
  if (row == NULL) return corm_error_memory(err);
  row->next = NULL;
  for (size_t i = 0; i < result->ncolumns; i++) {
    corm_value *value = &row->values[i];
    result->driver->column(native, (int)i, value);
    if (!corm_value_has_bytes(value)) continue;
    value->as.s = corm_arena_dup(&result->arena, value->as.s, value->len);
    if (value->as.s == NULL) return corm_error_memory(err);
  }
  *result->last = row;
  result->last = &row->next;
  return CORM_OK;
}

corm_status corm_result_collect(corm_result *result, corm_driver_stmt *native, corm_error *err) {
  corm_status step = CORM_ROW;
  result->phase = CORM_RESULT_BUFFERED;
  while (step == CORM_ROW) {
    if (append_row(result, native, err) != CORM_OK) return CORM_FAILED;
    step = result->driver->step(native, err);
  }
  return step == CORM_DONE ? CORM_OK : CORM_FAILED;
}

/* The rows of a statement that writes are collected when it has run. */
void corm_result_keep_key(corm_result *result, const corm_compiled *compiled) {
  result->key = result->rows;
  if (compiled->written) return; /* who executed reads them first */
  result->rows = result->current = NULL;
  result->phase = CORM_RESULT_DONE;
  result->returns_rows = false;
  if (result->key != NULL && result->ncolumns == 1 && result->key->values[0].kind == CORM_INT)
    result->last_id = result->key->values[0].as.i;
}

void corm_result_end_written(corm_result *result, bool again) {
  result->current = NULL;
  result->rows = again ? result->key : NULL;
  result->phase = result->rows != NULL ? CORM_RESULT_BUFFERED : CORM_RESULT_DONE;
  result->returns_rows = again;
}

corm_status corm_result_buffer(corm_result *result, corm_error *err) {
  if (result->stmt == NULL) return CORM_OK;
  if (result->phase == CORM_RESULT_SENT) {
    corm_status status = read_answer(result, err);
    if (status != CORM_ROW) return status == CORM_DONE ? CORM_OK : CORM_FAILED;
  }
  corm_result_phase phase = result->phase;
  /* The current row stays readable: it becomes the first of the buffer, already fetched. */
  if (corm_result_collect(result, result->native, err) != CORM_OK) {
    give_stmt(result);
    result->phase = CORM_RESULT_CLOSED;
    return CORM_FAILED;
  }
  give_stmt(result);
  result->current = phase == CORM_RESULT_STREAM ? result->rows : NULL;
  if (phase == CORM_RESULT_STREAM) result->rows = result->rows->next;
  return CORM_OK;
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

void corm_result_acquire(corm_result *result) {
  result->refs++;
}

void corm_result_close(corm_result *result) {
  give_stmt(result);
  result->phase = CORM_RESULT_CLOSED;
  result->rows = result->current = NULL;
}

void corm_result_release(corm_result *result) {
  if (result == NULL || --result->refs > 0) return;
  corm_conn *conn = result->conn;
  const corm_mem *mem = conn->engine->mem;
  corm_result_close(result);
  corm_arena_clear(&result->arena);
  corm_arena_clear(&result->decoded);
  corm_mem_free(mem, result);
  corm_conn_release(conn);
}

bool corm_result_is_closed(const corm_result *result) {
  return result->phase == CORM_RESULT_CLOSED;
}

bool corm_result_is_expected(const corm_result *result) {
  return result->phase == CORM_RESULT_SENT;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

bool corm_result_returns_rows(const corm_result *result) {
  return result->returns_rows;
}

size_t corm_result_column_count(const corm_result *result) {
  return result->ncolumns;
}

const corm_compiled_column *corm_result_column(const corm_result *result, size_t index) {
  return &result->columns[index];
}

bool corm_result_is_hosted(const corm_result *result) {
  return result->hosted;
}

const corm_dialect *corm_result_dialect(const corm_result *result) {
  return result->conn->engine->dialect;
}

int64_t corm_result_rowcount(const corm_result *result) {
  return result->rowcount;
}

int64_t corm_result_last_id(const corm_result *result) {
  return result->last_id;
}

corm_status corm_result_key(corm_result *result, size_t index, corm_value *out, corm_error *err) {
  result->current = result->key;
  return corm_result_value(result, index, out, err);
}

static corm_status next_buffered(corm_result *result) {
  result->current = result->rows;
  if (result->rows == NULL) {
    result->phase = CORM_RESULT_DONE;
    corm_conn_log_rows(result->conn, result->taken);
    return CORM_DONE;
  }
  result->taken++;
  result->rows = result->rows->next;
  return CORM_ROW;
}

static corm_status refuse(const corm_result *result, corm_error *err) {
  if (result->phase == CORM_RESULT_CLOSED) {
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this result object is closed");
  }
  return corm_error_set(err, CORM_E_RESOURCE_CLOSED,
                        "this result object does not return rows; it has been closed automatically");
}

/* The next page of a cursor needs the link for itself. */
static corm_status make_way(corm_result *result, corm_error *err) {
  corm_conn_settle(result->conn);
  return corm_link_unblock(result->conn->link, err);
}

corm_status corm_result_next(corm_result *result, corm_error *err) {
  if (result->has_decoded) {
    corm_arena_reset(&result->decoded);
    result->has_decoded = false;
  }
  switch (result->phase) {
  case CORM_RESULT_STREAM: {
    if (corm_conn_is_foreign(result->conn)) return corm_conn_check(result->conn, err);
    if (result->paged && make_way(result, err) != CORM_OK) return CORM_FAILED;
    corm_status status = result->driver->step(result->native, err);
    if (status == CORM_ROW) {
      result->taken++;
      return CORM_ROW;
    }
    if (status == CORM_FAILED) return step_failed(result, err);
    result->stmt->rows = result->taken;
    give_stmt(result);
    result->phase = CORM_RESULT_DONE;
    corm_conn_log_rows(result->conn, result->taken);
    return CORM_DONE;
  }
  case CORM_RESULT_SENT: {
    corm_status status = read_answer(result, err);
    if (status == CORM_ROW) {
      result->phase = CORM_RESULT_STREAM;
      result->taken = 1;
    }
    return status;
  }
  case CORM_RESULT_FIRST:
    result->phase = CORM_RESULT_STREAM;
    result->taken = 1;
    return CORM_ROW;
  case CORM_RESULT_BUFFERED: return next_buffered(result);
  case CORM_RESULT_DONE: return result->returns_rows ? CORM_DONE : refuse(result, err);
  default: return refuse(result, err);
  }
}

void corm_result_raw(corm_result *result, size_t index, corm_value *out) {
  if (result->phase == CORM_RESULT_STREAM) {
    result->driver->column(result->native, (int)index, out);
  } else if (result->current != NULL) {
    *out = result->current->values[index];
  } else {
    *out = corm_value_null();
  }
}

void corm_result_raws(corm_result *result, size_t first, size_t n, corm_value *out) {
  const corm_driver *driver = result->driver;
  if (result->phase == CORM_RESULT_STREAM && driver->columns != NULL) {
    driver->columns(result->native, (int)first, (int)n, out);
  } else if (result->phase != CORM_RESULT_STREAM && result->current != NULL) {
    memcpy(out, &result->current->values[first], n * sizeof *out);
  } else {
    for (size_t i = 0; i < n; i++) corm_result_raw(result, first + i, &out[i]);
  }
}

/* Keeps what the decoder wrote into its scratch until the next step. */
static corm_status keep_bytes(corm_result *result, const corm_value *raw, corm_value *out, corm_error *err) {
  if (!corm_value_has_bytes(out) || (corm_value_has_bytes(raw) && out->as.s == raw->as.s)) return CORM_OK;
  result->has_decoded = true;
  out->as.s = corm_arena_dup(&result->decoded, out->as.s, out->len);
  return out->as.s == NULL ? corm_error_memory(err) : CORM_OK;
}

corm_status corm_result_value(corm_result *result, size_t index, corm_value *out, corm_error *err) {
  corm_value raw;
  corm_result_raw(result, index, &raw);
  if (raw.kind == CORM_ABSENT) return corm_error_memory(err);
  if (result->plain || raw.kind == CORM_NULL) {
    *out = raw;
    return CORM_OK;
  }
  const corm_dialect *dialect = result->conn->engine->dialect;
  const corm_compiled_column *column = &result->columns[index];
  if (raw.kind == corm_type_value_kind(column->type) && dialect->is_plain(dialect, column->type)) {
    *out = raw;
    return CORM_OK;
  }
  corm_scratch scratch;
  corm_scratch_init(&scratch, result->conn->engine->mem);
  corm_status status = dialect->decode(dialect, column->type, &raw, &scratch, out, err);
  if (status == CORM_OK) {
    status = keep_bytes(result, &raw, out, err);
  } else if (err != NULL && err->cls != CORM_E_MEMORY) {
    corm_error_prefix(err, "column '%s': ", column->name);
    corm_error_field(err->column, sizeof err->column, column->name);
  }
  corm_scratch_clear(&scratch);
  return status;
}
