/*
 * One prepared statement, many rows: the flush's way in. Nothing is allocated per row unless somebody watches or a
 * value must be rewritten for storage.
 */
#include "base/time.h"
#include "engine/internal.h"

static void link_in(corm_batch *batch) {
  corm_conn *conn = batch->conn;
  batch->next = conn->batches;
  if (batch->next != NULL) batch->next->prev = batch;
  conn->batches = batch;
}

/* The connection closes: the statement goes back, the batch is an empty shell from now on. */
void corm_batch_orphan(corm_batch *batch) {
  corm_conn *conn = batch->conn;
  if (batch->stmt == NULL) return;
  *(batch->prev != NULL ? &batch->prev->next : &conn->batches) = batch->next;
  if (batch->next != NULL) batch->next->prev = batch->prev;
  batch->next = batch->prev = NULL;
  if (!corm_conn_is_foreign(conn)) corm_stmt_cache_give(&conn->link->cache, batch->stmt);
  batch->stmt = NULL;
}

corm_status corm_conn_batch_open(corm_conn *conn, const corm_compiled *compiled, corm_batch **out, corm_error *err) {
  const corm_dialect *dialect = conn->engine->dialect;
  const corm_mem *mem = conn->engine->mem;
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  corm_batch *batch = corm_mem_zalloc(mem, 1, sizeof *batch + compiled->nbinds * sizeof(bool));
  if (batch == NULL) return corm_error_memory(err);
  batch->conn = conn;
  batch->compiled = compiled;
  batch->plain = (bool *)(batch + 1);
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_type *type = compiled->binds[i].type;
    batch->plain[i] = type != NULL && dialect->is_plain(dialect, type);
  }
  corm_scratch_init(&batch->scratch, mem);
  if (corm_conn_take_stmt(conn, compiled->sql, compiled->len, &batch->stmt, err) != CORM_OK) {
    corm_mem_free(mem, batch);
    return CORM_FAILED;
  }
  link_in(batch);
  corm_conn_acquire(conn);
  *out = batch;
  return CORM_OK;
}

void corm_batch_close(corm_batch *batch) {
  if (batch == NULL) return;
  corm_conn *conn = batch->conn;
  corm_batch_orphan(batch);
  corm_scratch_clear(&batch->scratch);
  corm_mem_free(conn->engine->mem, batch);
  corm_conn_release(conn);
}

/* -- one row --------------------------------------------------------------------------------------------------------
 */

static bool goes_as_it_is(const corm_batch *batch, size_t i, const corm_value *value) {
  return value->kind == CORM_NULL || (batch->plain[i] && corm_driver_takes(batch->conn->driver, value));
}

/* Bytes that the codec wrote into the scratch are gone with the next value, so the driver copies them. */
static corm_status bind_values(corm_batch *batch, const corm_value *values, size_t n, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  const corm_dialect *dialect = batch->conn->engine->dialect;
  corm_driver_stmt *native = batch->stmt->native;
  for (size_t i = 0; i < n; i++) {
    const corm_value *value = &values[i];
    corm_value stored;
    bool keep = true;
    if (!goes_as_it_is(batch, i, value)) {
      const corm_type *type = batch->compiled->binds[i].type;
      if (dialect->encode(dialect, type, value, &batch->scratch, &stored, err) != CORM_OK) return CORM_FAILED;
      keep = corm_value_has_bytes(value) && stored.as.s == value->as.s;
      value = &stored;
    }
    if (driver->bind(native, (int)i + 1, value, keep, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status copy_returned(corm_batch *batch, corm_arena *arena, corm_value *returned, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  for (uint32_t i = 0; i < batch->compiled->ncolumns; i++) {
    driver->column(batch->stmt->native, (int)i, &returned[i]);
    if (!corm_value_has_bytes(&returned[i])) continue;
    returned[i].as.s = corm_arena_dup(arena, returned[i].as.s, returned[i].len);
    if (returned[i].as.s == NULL) return corm_error_memory(err);
  }
  return CORM_OK;
}

/* Runs to the end: what SQLite returns it has made before the first row, but locks and counts wait for the last. */
static corm_status step_to_end(corm_batch *batch, corm_arena *arena, corm_value *returned, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  corm_driver_stmt *native = batch->stmt->native;
  corm_status step = driver->step(native, err);
  if (step == CORM_ROW && returned != NULL && copy_returned(batch, arena, returned, err) != CORM_OK) return CORM_FAILED;
  while (step == CORM_ROW) step = driver->step(native, err);
  return step == CORM_DONE ? CORM_OK : CORM_FAILED;
}

/* The row as it is sent, for those who watch and for errors. */
static corm_status stored_values(const corm_batch *batch, const corm_value *values, size_t n, corm_args *args,
                                 corm_error *err) {
  const corm_dialect *dialect = batch->conn->engine->dialect;
  corm_scratch scratch;
  corm_scratch_init(&scratch, args->arena.mem);
  corm_status status = CORM_OK;
  args->n = n;
  args->nrows = 1;
  if (n > CORM_ARGS_INLINE) args->values = corm_arena_zalloc(&args->arena, n, sizeof *args->values);
  if (args->values == NULL) status = corm_error_memory(err);
  for (size_t i = 0; i < n && status == CORM_OK; i++) {
    corm_value *out = &args->values[i];
    *out = values[i];
    out->flags = 0;
    if (goes_as_it_is(batch, i, &values[i])) continue;
    status = dialect->encode(dialect, batch->compiled->binds[i].type, &values[i], &scratch, out, err);
    if (status == CORM_OK && corm_value_has_bytes(out)) {
      out->as.s = corm_arena_dup(&args->arena, out->as.s, out->len);
      if (out->as.s == NULL) status = corm_error_memory(err);
    }
  }
  corm_scratch_clear(&scratch);
  return status;
}

static void fail(corm_batch *batch, const corm_value *values, size_t n, corm_error *err) {
  corm_conn *conn = batch->conn;
  corm_args args;
  conn->driver->reset(batch->stmt->native);
  corm_args_init(&args, conn->engine->mem);
  corm_sent sent = {.stmt = batch->stmt, .compiled = batch->compiled};
  if (stored_values(batch, values, n, &args, NULL) == CORM_OK) {
    sent.values = args.values;
    sent.n = n;
    sent.nrows = 1;
  }
  corm_conn_attach(conn, &sent, 0, err);
  corm_conn_failed(conn, err);
  corm_args_clear(&args);
}

static corm_status execute(corm_batch *batch, const corm_value *values, size_t n, const corm_sent *watched,
                           corm_arena *arena, corm_value *returned, corm_error *err) {
  corm_conn *conn = batch->conn;
  corm_stmt *stmt = batch->stmt;
  corm_status status = corm_conn_join(conn, stmt->verb, stmt->readonly, err);
  if (status == CORM_OK && watched != NULL) {
    corm_conn_log_statement(conn, watched);
    stmt->hit = true; /* the next row is no longer the one it was prepared for */
  }
  conn->statements++;
  if (status != CORM_OK || bind_values(batch, values, n, err) != CORM_OK ||
      step_to_end(batch, arena, returned, err) != CORM_OK) {
    fail(batch, values, n, err);
    return CORM_FAILED;
  }
  return CORM_OK;
}

/* The same with hooks and echo around it. */
static corm_status execute_watched(corm_batch *batch, const corm_value *values, size_t n, corm_arena *arena,
                                   corm_value *returned, corm_error *err) {
  corm_conn *conn = batch->conn;
  corm_args args;
  corm_args_init(&args, conn->engine->mem);
  corm_status status = stored_values(batch, values, n, &args, err);
  corm_sent sent = {.stmt = batch->stmt, .compiled = batch->compiled, .values = args.values, .n = n, .nrows = 1};
  if (status == CORM_OK) status = corm_conn_before(conn, &sent, err);
  int64_t start = corm_clock_monotonic();
  if (status == CORM_OK) status = execute(batch, values, n, &sent, arena, returned, err);
  if (status == CORM_OK) status = corm_conn_after(conn, &sent, corm_clock_monotonic() - start, err);
  corm_args_clear(&args);
  return status;
}

static corm_status check(corm_batch *batch, size_t n, corm_error *err) {
  if (batch->stmt == NULL) return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  if (corm_conn_check(batch->conn, err) != CORM_OK) return CORM_FAILED;
  if (n == batch->compiled->nbinds && batch->stmt->nparams == (int)n) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has %d parameters, but %zu values were bound",
                        batch->stmt->nparams, n);
}

corm_status corm_batch_run(corm_batch *batch, const corm_value *values, size_t n, int64_t *rowcount, int64_t *last_id,
                           corm_arena *arena, corm_value *returned, corm_error *err) {
  if (check(batch, n, err) != CORM_OK) return CORM_FAILED;
  corm_conn *conn = batch->conn;
  const corm_driver *driver = conn->driver;
  corm_conn_enter(conn);
  corm_status status = corm_conn_is_watched(conn) ? execute_watched(batch, values, n, arena, returned, err)
                                                  : execute(batch, values, n, NULL, arena, returned, err);
  if (status == CORM_OK) {
    int64_t changes = rowcount != NULL || last_id != NULL ? driver->changes(conn->link->native) : 0;
    if (rowcount != NULL) *rowcount = changes;
    if (last_id != NULL) *last_id = changes > 0 ? driver->last_insert_id(conn->link->native) : 0;
  }
  driver->reset(batch->stmt->native);
  corm_conn_leave(conn);
  return status;
}
