/*
 * executemany by the dialect's way for many rows. What is not done here, run_rows does one by one; so it does after a
 * statement of many rows failed for the sake of its values, since that changed nothing and hides which row it was.
 */
#include <string.h>

#include "engine/bulk.h"
#include "engine/internal.h"

enum { MAX_CHUNK = 64, MIN_CHUNK = 4, MIN_SOURCE = 32, PAGES_AHEAD = 4 };

/* One executemany under way. */
typedef struct many {
  corm_conn *conn;
  const corm_sent *sent;
  corm_result *result;
  size_t *row; /* the next one */
  int64_t *total;
} many;

bool corm_conn_may_retry(const corm_conn *conn, const corm_error *err) {
  if (err == NULL || err->from_hook || err->disconnected) return false;
  if (!corm_error_class_is(err->cls, CORM_E_INTEGRITY) && !corm_error_class_is(err->cls, CORM_E_DATA)) return false;
  const corm_driver *driver = conn->driver;
  corm_driver_conn *native = conn->link->native;
  return driver->in_transaction(native) && (driver->is_failed == NULL || !driver->is_failed(native));
}

/* Executes what is bound, or reads the answer to what was sent; the result gets the rows. *again: the rows are to be
   tried one by one. */
static corm_status answer(many *m, corm_stmt *stmt, size_t n, bool *again, corm_error *err) {
  const corm_driver *driver = m->conn->driver;
  corm_error local;
  corm_error_init(&local);
  corm_status status = driver->step(stmt->native, &local);
  if (status == CORM_FAILED && corm_conn_may_retry(m->conn, &local)) {
    *again = true;
    corm_error_clear(&local);
    driver->reset(stmt->native);
    return CORM_OK;
  }
  if (status == CORM_FAILED) {
    if (err != NULL)
      *err = local;
    else
      corm_error_clear(&local);
    *m->row = m->sent->nrows; /* nobody knows which one */
    return CORM_FAILED;
  }
  if (status == CORM_ROW && m->result->rows != NULL)
    status = corm_result_collect(m->result, stmt->native, err);
  else
    status = corm_result_start(m->result, stmt, status, err);
  if (status != CORM_OK) return status;
  *m->total += driver->changes(m->conn->link->native);
  *m->row += n;
  return CORM_OK;
}

static corm_status step(many *m, corm_stmt *stmt, size_t n, bool *again, corm_error *err) {
  corm_status status = answer(m, stmt, n, again, err);
  if (status == CORM_OK) m->conn->driver->reset(stmt->native);
  return status;
}

/* -- VALUES -------------------------------------------------------------------------------------------------------- */

static corm_status run_chunk(many *m, corm_stmt *stmt, size_t n, bool *again, corm_error *err) {
  const corm_value *values = m->sent->values + *m->row * m->sent->n;
  for (size_t i = 0; i < n * m->sent->n; i++)
    if (m->conn->driver->bind(stmt->native, (int)i + 1, &values[i], true, err) != CORM_OK) return CORM_FAILED;
  return step(m, stmt, n, again, err);
}

/* As many chunks of n rows as there are. */
static corm_status run_chunks(many *m, size_t n, bool *again, corm_error *err) {
  corm_conn *conn = m->conn;
  corm_arena arena;
  corm_stmt *stmt = NULL;
  size_t len = 0;
  if (m->sent->nrows - *m->row < n || n * m->sent->n > conn->engine->dialect->max_params) return CORM_OK;
  corm_arena_init(&arena, conn->engine->mem);
  const char *sql = corm_compile_repeat_in(&arena, conn->engine->dialect, m->sent->compiled, n, &len);
  corm_status status = arena.failed ? corm_error_memory(err) : CORM_OK;
  if (sql != NULL) {
    status = corm_conn_take_stmt(conn, sql, len, &stmt, err);
    while (status == CORM_OK && !*again && m->sent->nrows - *m->row >= n) status = run_chunk(m, stmt, n, again, err);
    if (stmt != NULL) corm_stmt_cache_give(&conn->link->cache, stmt);
  }
  corm_arena_clear(&arena);
  return status;
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

/* Rows from one on that make a page. */
static size_t page_rows(const many *m, size_t from) {
  const size_t most = corm_conn_page_rows(m->conn);
  size_t n = 0, bytes = 0;
  while (from + n < m->sent->nrows && n < most && bytes < CORM_PAGE_BYTES) {
    const corm_value *values = m->sent->values + (from + n++) * m->sent->n;
    for (size_t i = 0; i < m->sent->n; i++) bytes += corm_value_has_bytes(&values[i]) ? values[i].len : 0;
  }
  return n;
}

static corm_status bind_page(const many *m, corm_stmt *stmt, size_t from, size_t n, corm_error *err) {
  const corm_value *values = m->sent->values + from * m->sent->n;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < m->sent->n; i++)
    status = m->conn->driver->bind_rows(stmt->native, (int)i + 1, values + i, m->sent->n, n, err);
  return status;
}

static corm_status run_arrays(many *m, corm_stmt *stmt, corm_error *err) {
  bool again = false;
  corm_status status = CORM_OK;
  while (status == CORM_OK && !again && *m->row < m->sent->nrows) {
    const size_t n = page_rows(m, *m->row);
    status = bind_page(m, stmt, *m->row, n, err);
    if (status == CORM_OK) status = step(m, stmt, n, &again, err);
  }
  return status;
}

/* A few pages are on their way while the answer to the first is read. A page that cannot be bound ends them: those
   before it have their effect. */
static corm_status run_arrays_ahead(many *m, corm_stmt *stmt, corm_error *err) {
  const corm_driver *driver = m->conn->driver;
  size_t rows[PAGES_AHEAD], first = 0, n = 0, next = *m->row;
  bool again = false;
  corm_error refused;
  corm_error_init(&refused);
  corm_status sending = CORM_OK, status = CORM_OK;
  for (;;) {
    while (sending == CORM_OK && n < PAGES_AHEAD && next < m->sent->nrows) {
      const size_t page = rows[(first + n) % PAGES_AHEAD] = page_rows(m, next);
      sending = bind_page(m, stmt, next, page, &refused);
      if (sending == CORM_OK) sending = driver->send(stmt->native, &refused);
      n += sending == CORM_OK;
      next += page;
    }
    if (!n || (status = answer(m, stmt, rows[first], &again, err)) != CORM_OK) break;
    first = (first + 1) % PAGES_AHEAD;
    n--;
  }
  driver->reset(stmt->native);
  if (status == CORM_OK && sending != CORM_OK && err != NULL)
    *err = refused;
  else
    corm_error_clear(&refused);
  return status == CORM_OK ? sending : status;
}

/* True when each placeholder is the value of one column, in the order of the columns, and the rows that one statement
   returns may come in any order. */
static bool is_of_columns(const corm_insert *insert) {
  if (insert->base.kind != CORM_NODE_INSERT || insert->from_select || insert->upsert || insert->nrows > 1) return false;
  if (insert->sorted || insert->extra) return false;
  for (uint32_t i = 0; insert->nrows && i < insert->ncolumns; i++) {
    const corm_node *value = insert->values[i];
    if (value->kind != CORM_NODE_BIND || ((const corm_bind *)value)->expanding) return false;
  }
  return true;
}

/* Without a transaction around them each row, or page, is committed by itself, and one that fails undoes no other. */
static bool can_send(const many *m) {
  const corm_driver *driver = m->conn->driver;
  return driver->send != NULL && driver->in_transaction(m->conn->link->native);
}

static corm_status run_columns(many *m, corm_error *err) {
  const corm_compiled *compiled = m->sent->compiled;
  const corm_insert *insert = (const corm_insert *)compiled->statement;
  corm_conn *conn = m->conn;
  corm_arena arena;
  corm_compiled arrays = {0};
  corm_stmt *stmt = NULL;
  if (!compiled->is_insert || insert == NULL || !compiled->row_len || !is_of_columns(insert)) return CORM_OK;
  corm_arena_init(&arena, conn->engine->mem);
  const corm_column **columns = corm_arena_alloc(&arena, compiled->nbinds * sizeof *columns);
  corm_status status = columns == NULL ? corm_error_memory(err) : CORM_OK;
  bool whole = true;
  for (uint32_t i = 0; status == CORM_OK && i < compiled->nbinds; i++) {
    columns[i] = compiled->binds[i].column;
    whole = whole && columns[i] != NULL;
  }
  if (status == CORM_OK && whole)
    status = corm_compile_insert_arrays_in(&arena, conn->engine->dialect, insert->table, columns, compiled->nbinds,
                                           insert->returning, insert->nreturning, &arrays, err);
  if (status == CORM_OK && arrays.sql != NULL && arrays.ncolumns == compiled->ncolumns) {
    status = corm_conn_take_stmt(conn, arrays.sql, arrays.len, &stmt, err);
    if (status == CORM_OK) status = can_send(m) ? run_arrays_ahead(m, stmt, err) : run_arrays(m, stmt, err);
    if (stmt != NULL) corm_stmt_cache_give(&conn->link->cache, stmt);
  }
  corm_arena_clear(&arena);
  return status;
}

/* -- sent ahead ---------------------------------------------------------------------------------------------------- */

static corm_status receive(many *m, corm_stmt *stmt, corm_error *err) {
  const corm_driver *driver = m->conn->driver;
  corm_status status = driver->step(stmt->native, err);
  if (status == CORM_ROW && *m->row > 0)
    status = corm_result_collect(m->result, stmt->native, err);
  else if (status != CORM_FAILED && *m->row == 0)
    status = corm_result_start(m->result, stmt, status, err);
  if (status == CORM_FAILED) return CORM_FAILED;
  *m->total += driver->changes(m->conn->link->native);
  ++*m->row;
  return CORM_OK;
}

/* The answers of a page are read when all of it is on its way. What was sent before a row that cannot be bound has its
   effect, as it has row by row. */
static corm_status run_page_ahead(many *m, corm_stmt *stmt, corm_error *err) {
  const size_t n = page_rows(m, *m->row);
  size_t sent = 0;
  corm_error refused;
  corm_error_init(&refused);
  corm_status status = CORM_OK;
  for (; status == CORM_OK && sent < n; sent += status == CORM_OK) {
    status = corm_conn_bind_row(m->conn, stmt, m->sent, *m->row + sent, &refused);
    if (status == CORM_OK) status = m->conn->driver->send(stmt->native, &refused);
  }
  corm_status answered = CORM_OK;
  for (size_t i = 0; answered == CORM_OK && i < sent; i++) answered = receive(m, stmt, err);
  m->conn->driver->reset(stmt->native);
  if (answered == CORM_OK && status != CORM_OK && err != NULL)
    *err = refused;
  else
    corm_error_clear(&refused);
  return answered == CORM_OK ? status : answered;
}

static corm_status run_ahead(many *m, corm_stmt *stmt, corm_error *err) {
  corm_status status = CORM_OK;
  while (can_send(m) && status == CORM_OK && *m->row < m->sent->nrows) status = run_page_ahead(m, stmt, err);
  return status;
}

corm_status corm_conn_run_many(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result *result,
                               size_t *row, int64_t *total, corm_error *err) {
  many m = {conn, sent, result, row, total};
  const corm_compiled *compiled = sent->compiled;
  bool again = false;
  corm_status status = CORM_OK;
  if (compiled == NULL || sent->n == 0) return CORM_OK;
  switch (conn->engine->dialect->bulk) {
  case CORM_BULK_NONE: break;
  case CORM_BULK_VALUES: /* nobody promises the order in which rows of one statement are returned */
    if (compiled->ncolumns > 0) break;
    if (conn->engine->dialect->row_source && conn->driver->bind_rows && sent->nrows >= MIN_SOURCE)
      status = run_columns(&m, err);
    for (size_t n = MAX_CHUNK; status == CORM_OK && !again && n >= MIN_CHUNK; n /= 2)
      status = run_chunks(&m, n, &again, err);
    break;
  case CORM_BULK_UNNEST:
    if (conn->driver->bind_rows != NULL) status = run_columns(&m, err);
    return status == CORM_OK ? run_ahead(&m, stmt, err) : status;
  case CORM_BULK_ARRAY: return conn->driver->bind_rows != NULL ? run_arrays(&m, stmt, err) : CORM_OK;
  }
  return status;
}
