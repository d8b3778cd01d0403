/* One prepared statement, executed again and again. Nothing is allocated per execution. */
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
  batch->in_flight = 0;
}

corm_status corm_conn_batch_open(corm_conn *conn, const corm_compiled *compiled, corm_batch **out, corm_error *err) {
  const corm_mem *mem = conn->engine->mem;
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  corm_batch *batch = corm_mem_zalloc(mem, 1, sizeof *batch);
  if (batch == NULL) return corm_error_memory(err);
  batch->conn = conn;
  batch->compiled = compiled;
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
  corm_mem_free(conn->engine->mem, batch);
  corm_conn_release(conn);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* The value may be one of another variant's, made before the database was known. */
static corm_status encode_variant(const corm_conn *conn, const corm_type *type, const corm_value *value,
                                  corm_arena *arena, corm_value *out, corm_error *err) {
  corm_value own;
  corm_scratch scratch;
  type = corm_type_on(type, conn->engine->dialect->name);
  corm_scratch_init(&scratch, conn->engine->mem);
  corm_status status = corm_type_coerce(type, value, NULL, &scratch, &own, err);
  if (status == CORM_OK && type->nvariants)
    status = corm_error_set(err, CORM_E_INTERNAL, "a variant has variants");
  else if (status == CORM_OK)
    status = corm_conn_encode(conn, type, &own, true, arena, out, err);
  corm_scratch_clear(&scratch);
  return status;
}

corm_status corm_conn_encode(const corm_conn *conn, const corm_type *type, const corm_value *value, bool copy,
                             corm_arena *arena, corm_value *out, corm_error *err) {
  const corm_dialect *dialect = conn->engine->dialect;
  if (type != NULL && type->nvariants) return encode_variant(conn, type, value, arena, out, err);
  const bool plain = type != NULL && corm_driver_takes(conn->driver, value) && dialect->is_plain(dialect, type);
  corm_scratch scratch;
  corm_status status = CORM_OK;
  if (value->kind == CORM_NULL || plain) {
    *out = *value;
    out->flags = 0;
    if (!copy || !corm_value_has_bytes(out)) return CORM_OK;
    out->as.s = corm_arena_dup(arena, out->as.s, out->len);
    return out->as.s == NULL ? corm_error_memory(err) : CORM_OK;
  }
  corm_scratch_init(&scratch, conn->engine->mem);
  status = dialect->encode(dialect, type, value, &scratch, out, err);
  if (status == CORM_OK) {
    out->flags = 0;
    const bool own = corm_value_has_bytes(value) && corm_value_has_bytes(out) && out->as.s == value->as.s;
    if (corm_value_has_bytes(out) && (copy || !own)) {
      out->as.s = corm_arena_dup(arena, out->as.s, out->len);
      if (out->as.s == NULL) status = corm_error_memory(err);
    }
  }
  corm_scratch_clear(&scratch);
  return status;
}

/* -- one execution ------------------------------------------------------------------------------------------------- */

static corm_status bind(corm_batch *batch, const corm_run *run, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  corm_driver_stmt *native = batch->stmt->native;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < run->n; i++) {
    status = run->nrows > 0 ? driver->bind_rows(native, (int)i + 1, run->values + i, run->n, run->nrows, err)
                            : driver->bind(native, (int)i + 1, &run->values[i], true, err);
    if (status != CORM_OK && i < batch->compiled->nbinds) corm_bind_blame(&batch->compiled->binds[i], err);
  }
  return status;
}

static corm_status keep_row(corm_batch *batch, corm_run *run, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  if (run->returned == NULL || run->nreturned++ >= run->room) return CORM_OK;
  corm_value *row = run->returned + (run->nreturned - 1) * run->width;
  for (size_t i = 0; i < run->width; i++) {
    driver->column(batch->stmt->native, (int)i, &row[i]);
    if (row[i].kind == CORM_ABSENT) return corm_error_memory(err);
    if (!corm_value_has_bytes(&row[i])) continue;
    row[i].as.s = corm_arena_dup(run->arena, row[i].as.s, row[i].len);
    if (row[i].as.s == NULL) return corm_error_memory(err);
  }
  return CORM_OK;
}

/* Runs to the end: what SQLite returns it has made before the first row, but locks and counts wait for the last. */
static corm_status step_to_end(corm_batch *batch, corm_run *run, corm_error *err) {
  const corm_driver *driver = batch->conn->driver;
  corm_driver_stmt *native = batch->stmt->native;
  corm_status step = CORM_ROW;
  run->nreturned = 0;
  while ((step = driver->step(native, err)) == CORM_ROW && keep_row(batch, run, err) == CORM_OK) continue;
  if (step != CORM_ROW) return step == CORM_DONE ? CORM_OK : CORM_FAILED;
  while (driver->step(native, NULL) == CORM_ROW) continue; /* the next answer must begin where this one ends */
  return CORM_FAILED;
}

static corm_sent sent_of(const corm_batch *batch, const corm_run *run) {
  return (corm_sent){.stmt = batch->stmt,
                     .compiled = batch->compiled,
                     .values = run->values,
                     .n = run->n,
                     .nrows = run->nrows > 0 ? run->nrows : 1};
}

/* Says in the error what was executed, and asks what is left of the transaction. */
static corm_status blame(corm_batch *batch, const corm_run *run, corm_error *err) {
  corm_sent sent = sent_of(batch, run);
  if (run->nrows > 1) sent.n = 0; /* nobody knows which row it was */
  corm_conn_attach(batch->conn, &sent, 0, err);
  corm_conn_failed(batch->conn, err);
  return CORM_FAILED;
}

/* Answers that are still to be received outlive the failure of a further execution. */
static corm_status fail(corm_batch *batch, const corm_run *run, corm_error *err) {
  if (batch->in_flight == 0) batch->conn->driver->reset(batch->stmt->native);
  return blame(batch, run, err);
}

/* Everything up to the first step. */
static corm_status prepare(corm_batch *batch, const corm_run *run, bool watched, corm_error *err) {
  corm_conn *conn = batch->conn;
  corm_stmt *stmt = batch->stmt;
  corm_sent sent = sent_of(batch, run);
  if (watched && corm_conn_before(conn, &sent, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_join(conn, stmt->verb, stmt->readonly, err) != CORM_OK) return fail(batch, run, err);
  if (watched) {
    corm_conn_log_statement(conn, &sent);
    stmt->hit = true; /* the next execution is no longer the one it was prepared for */
  }
  conn->statements++;
  return bind(batch, run, err) == CORM_OK ? CORM_OK : fail(batch, run, err);
}

static void count(corm_batch *batch, corm_run *run) {
  const corm_conn *conn = batch->conn;
  run->matched = conn->driver->changes(conn->link->native);
  run->last_id = 0;
  if (run->matched > 0 && batch->stmt->verb == CORM_VERB_INSERT)
    run->last_id = conn->driver->last_insert_id(conn->link->native);
}

static corm_status check(corm_batch *batch, size_t n, corm_error *err) {
  if (batch->stmt == NULL) return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  if (corm_conn_check(batch->conn, err) != CORM_OK) return CORM_FAILED;
  if (batch->stmt->nparams == (int)n) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has %d parameters, but %zu values were bound",
                        batch->stmt->nparams, n);
}

corm_status corm_batch_run(corm_batch *batch, corm_run *run, corm_error *err) {
  if (check(batch, run->n, err) != CORM_OK) return CORM_FAILED;
  corm_conn *conn = batch->conn;
  const bool watched = corm_conn_is_watched(conn);
  corm_conn_enter(conn);
  int64_t start = watched ? corm_clock_monotonic() : 0;
  corm_status status = prepare(batch, run, watched, err);
  if (status == CORM_OK && step_to_end(batch, run, err) != CORM_OK) status = fail(batch, run, err);
  if (status == CORM_OK) {
    count(batch, run);
    conn->driver->reset(batch->stmt->native);
    corm_sent sent = sent_of(batch, run);
    if (watched) status = corm_conn_after(conn, &sent, corm_clock_monotonic() - start, run->matched, err);
  }
  corm_conn_leave(conn);
  return status;
}

/* -- in two halves ------------------------------------------------------------------------------------------------- */

bool corm_conn_has_send(const corm_conn *conn) {
  return conn->driver->send != NULL;
}

/* Hooks may use the connection in the middle, so who watches gets one statement after the other. */
bool corm_conn_can_send(const corm_conn *conn) {
  return corm_conn_has_send(conn) && !corm_conn_is_watched(conn);
}

corm_status corm_batch_send(corm_batch *batch, const corm_run *run, corm_error *err) {
  if (check(batch, run->n, err) != CORM_OK || prepare(batch, run, false, err) != CORM_OK) return CORM_FAILED;
  if (batch->conn->driver->send(batch->stmt->native, err) != CORM_OK) return fail(batch, run, err);
  batch->in_flight++;
  return CORM_OK;
}

/* The statement is reset with its last answer: that would drop the others. */
corm_status corm_batch_receive(corm_batch *batch, corm_run *run, corm_error *err) {
  if (batch->stmt == NULL) return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  if (batch->in_flight == 0) return corm_error_set(err, CORM_E_INTERFACE, "nothing was sent that could be received");
  const bool last = --batch->in_flight == 0;
  corm_status status = step_to_end(batch, run, err);
  if (status == CORM_OK) count(batch, run);
  if (last) batch->conn->driver->reset(batch->stmt->native);
  return status == CORM_OK ? CORM_OK : blame(batch, run, err);
}

corm_status corm_conn_begin_writing(corm_conn *conn, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  return corm_conn_join(conn, CORM_VERB_INSERT, false, err);
}
