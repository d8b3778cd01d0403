/* The life of a connection and the way of a statement through it. */
#include "engine/connection.h"

#include <string.h>

#include "base/time.h"
#include "engine/internal.h"

/* Below FEW_ROWS a round of the server's work is not worth a row's more of the client's; from MANY_ROWS on what the
   driver prepares for them is worth it. */
enum { FEW_ROWS = 256, MANY_ROWS = 1000 };

/* -- life ---------------------------------------------------------------------------------------------------------- */

corm_status corm_engine_connect(corm_engine *engine, corm_conn **out, corm_error *err) {
  const corm_conn_options options = *corm_engine_conn_options(engine);
  engine = engine->root;
  if (corm_engine_is_foreign(engine)) {
    return corm_error_set(err, CORM_E_ILLEGAL_STATE_CHANGE,
                          "this engine has connections of the parent process: open databases after fork(), or call "
                          "engine:dispose { close = false } first");
  }
  corm_conn *conn = corm_mem_zalloc(engine->mem, 1, sizeof *conn);
  if (conn == NULL) return corm_error_memory(err);
  conn->refs = 1;
  conn->engine = engine;
  conn->driver = engine->driver;
  conn->options = options;
  if (corm_link_take(engine, conn, &conn->link, err) != CORM_OK) {
    corm_mem_free(engine->mem, conn);
    return CORM_FAILED;
  }
  corm_engine_acquire(engine);
  *out = conn;
  return CORM_OK;
}

void corm_conn_acquire(corm_conn *conn) {
  conn->refs++;
}

void corm_conn_release(corm_conn *conn) {
  if (conn == NULL || --conn->refs > 0) return;
  corm_conn_close(conn);
  corm_engine *engine = conn->engine;
  corm_error_free(engine->mem, conn->first);
  corm_mem_free(engine->mem, conn);
  corm_engine_release(engine);
}

void corm_conn_leave_link(corm_conn *conn) {
  corm_link *link = conn->link;
  if (link == NULL) return;
  for (corm_result *result = link->results, *next; result != NULL; result = next) {
    next = result->next;
    if (result->conn == conn) corm_result_close(result);
  }
  while (conn->batches != NULL) corm_batch_orphan(conn->batches);
  corm_link_give(conn->engine, link, conn);
  conn->link = NULL;
  conn->serial = 0;
}

void corm_conn_close(corm_conn *conn) {
  if (conn->closed) return;
  if (conn->running > 0) {
    conn->close_wanted = true;
    return;
  }
  corm_conn_leave_link(conn);
  conn->closed = true;
  conn->txn = CORM_TXN_NONE;
}

bool corm_conn_is_closed(const corm_conn *conn) {
  return conn->closed || conn->close_wanted;
}

corm_engine *corm_conn_engine(const corm_conn *conn) {
  return conn->engine;
}

int64_t corm_conn_statement_count(const corm_conn *conn) {
  return conn->statements;
}

/* -- hooks --------------------------------------------------------------------------------------------------------- */

void corm_conn_enter(corm_conn *conn) {
  conn->refs++;
  conn->running++;
}

void corm_conn_leave(corm_conn *conn) {
  if (--conn->running == 0 && conn->close_wanted) {
    conn->close_wanted = false;
    corm_conn_close(conn);
  }
  corm_conn_release(conn);
}

/* A hook may have closed, committed or rolled back: what holds afterwards is asked again. */
corm_status corm_conn_before(corm_conn *conn, const corm_sent *sent, corm_error *err) {
  corm_engine_observer observer = conn->engine->observer;
  if (observer.before == NULL) return CORM_OK;
  if (observer.before(observer.ctx, conn, sent->stmt->sql, sent->values, sent->n, sent->nrows, err) != CORM_OK) {
    return CORM_FAILED;
  }
  return corm_conn_check(conn, err);
}

corm_status corm_conn_after(corm_conn *conn, const corm_sent *sent, int64_t elapsed_usec, int64_t rows,
                            corm_error *err) {
  corm_engine_observer observer = conn->engine->observer;
  corm_conn_log_outcome(conn, elapsed_usec, rows);
  if (observer.after == NULL) return CORM_OK;
  return observer.after(observer.ctx, conn, sent->stmt->sql, sent->values, sent->n, sent->nrows, elapsed_usec, err);
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static bool is_dml(corm_verb verb) {
  return verb == CORM_VERB_INSERT || verb == CORM_VERB_DML;
}

corm_status corm_conn_bind_row(corm_conn *conn, corm_stmt *stmt, const corm_sent *sent, size_t row, corm_error *err) {
  const corm_value *values = sent->values + row * sent->n;
  const bool keep = !stmt->readonly; /* only what reads may outlive the values */
  for (size_t i = 0; i < sent->n; i++) {
    if (conn->driver->bind(stmt->native, (int)i + 1, &values[i], keep, err) == CORM_OK) continue;
    if (sent->compiled != NULL) corm_bind_blame(&sent->compiled->binds[i], err);
    return CORM_FAILED;
  }
  return CORM_OK;
}

/* What is no reading and no plain DML may pull the ground from under statements that are still being read. */
static corm_status make_way(corm_conn *conn, const corm_stmt *stmt, corm_error *err) {
  bool gentle = stmt->verb == CORM_VERB_SELECT || is_dml(stmt->verb);
  return gentle ? CORM_OK : corm_link_buffer(conn->link, err);
}

/* Rows of a cursor are in nobody's way, and end with the transaction. */
static bool pages(const corm_conn *conn, const corm_sent *sent) {
  const corm_driver *driver = conn->driver;
  if (!sent->stream || !sent->page || driver->page == NULL || sent->stmt->verb != CORM_VERB_SELECT) return false;
  return driver->in_transaction(conn->link->native);
}

/* Executes every row; *row is the one that failed. */
static corm_status run_rows(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result *result, size_t *row,
                            corm_error *err) {
  const corm_driver *driver = conn->driver;
  corm_driver_stmt *native = stmt->native;
  bool dml = is_dml(stmt->verb);
  int64_t total = 0;
  result->paged = pages(conn, sent);
  result->blocks = sent->stream && driver->one_stream && !result->paged;
  *row = 0;
  if (dml && sent->nrows > 1 && corm_conn_run_many(conn, sent, stmt, result, row, &total, err) != CORM_OK)
    return CORM_FAILED;
  bool started = *row > 0;
  for (; *row < sent->nrows; ++*row) {
    if (corm_conn_bind_row(conn, stmt, sent, *row, err) != CORM_OK) return CORM_FAILED;
    if (result->paged)
      driver->page(native, sent->page);
    else if (sent->stream)
      driver->stream(native, true);
    if (sent->stream && sent->many && driver->many != NULL) driver->many(native);
    corm_status step = driver->step(native, err);
    if (step == CORM_FAILED || (!started && corm_result_start(result, stmt, step, err) != CORM_OK)) return CORM_FAILED;
    if (started && step == CORM_ROW && corm_result_collect(result, native, err) != CORM_OK) return CORM_FAILED;
    started = true;
    if (!dml) continue;
    int64_t changes = driver->changes(conn->link->native);
    total += changes;
    if (sent->nrows > 1)
      driver->reset(native);
    else if (stmt->verb == CORM_VERB_INSERT && changes > 0)
      result->last_id = driver->last_insert_id(conn->link->native);
  }
  if (dml) result->rowcount = total;
  return CORM_OK;
}

/* Outside a transaction what was sent together would fail together. */
static bool may_send_ahead(const corm_conn *conn, const corm_sent *sent) {
  return sent->ahead && corm_conn_can_send(conn) && conn->driver->in_transaction(conn->link->native);
}

static corm_status send_ahead(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result *result,
                              corm_error *err) {
  if (corm_conn_bind_row(conn, stmt, sent, 0, err) != CORM_OK) return CORM_FAILED;
  if (conn->driver->send(stmt->native, err) != CORM_OK) return CORM_FAILED;
  corm_result_expect(result, stmt);
  return CORM_OK;
}

static corm_status send_rows(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result *result,
                             corm_error *err) {
  size_t row = 0;
  bool watched = corm_conn_is_watched(conn);
  if (watched && corm_conn_before(conn, sent, err) != CORM_OK) return CORM_FAILED;
  if (make_way(conn, stmt, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_join(conn, stmt->verb, stmt->readonly, err) != CORM_OK) {
    corm_conn_attach(conn, sent, 0, err);
    corm_conn_failed(conn, err);
    return CORM_FAILED;
  }
  if (watched) corm_conn_log_statement(conn, sent);
  conn->statements++;
  int64_t start = watched ? corm_clock_monotonic() : 0;
  corm_status status = may_send_ahead(conn, sent) ? send_ahead(conn, sent, stmt, result, err)
                                                  : run_rows(conn, sent, stmt, result, &row, err);
  if (status != CORM_OK) {
    corm_conn_attach(conn, sent, row, err);
    conn->driver->reset(stmt->native); /* a statement left in mid-step keeps its locks */
    corm_conn_failed(conn, err);
    return CORM_FAILED;
  }
  if (stmt->verb == CORM_VERB_SETTING) conn->link->touched = true;
  if (stmt->verb >= CORM_VERB_DDL) corm_conn_noticed(conn, stmt->verb);
  if (!watched) return CORM_OK;
  const bool none = result->returns_rows && result->phase == CORM_RESULT_DONE;
  return corm_conn_after(conn, sent, corm_clock_monotonic() - start, none ? 0 : result->rowcount, err);
}

/* Runs a statement that is checked out, and gives it back unless the result keeps it. */
static corm_status run(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result **out, corm_error *err) {
  corm_result *result = NULL;
  corm_stmt_cache *cache = &conn->link->cache;
  corm_conn_enter(conn);
  corm_status status = corm_result_new(conn, sent->compiled, sent->lasting, &result, err);
  if (status == CORM_OK) status = send_rows(conn, sent, stmt, result, err);
  if (status == CORM_OK && sent->compiled != NULL && sent->compiled->keys) corm_result_keep_key(result, sent->compiled);
  if (result == NULL || result->stmt == NULL) corm_stmt_cache_give(cache, stmt);
  if (result != NULL) result->ends = sent->ends;
  if (status == CORM_OK)
    *out = result;
  else
    corm_result_release(result);
  corm_conn_leave(conn);
  return status;
}

/* A statement that cannot be prepared has no parameters to show, only its text. */
corm_status corm_conn_take_stmt(corm_conn *conn, const char *sql, size_t len, corm_stmt **out, corm_error *err) {
  if (corm_stmt_cache_take(&conn->link->cache, sql, len, out, err) == CORM_OK) return CORM_OK;
  if (err != NULL) {
    char *text = corm_mem_dup(conn->engine->mem, sql, len);
    if (text != NULL) corm_error_attach(err, conn->engine->mem, text, NULL);
    corm_mem_free(conn->engine->mem, text);
  }
  corm_conn_failed(conn, err);
  return CORM_FAILED;
}

static corm_status check_counts(const corm_stmt *stmt, const corm_args *args, corm_error *err) {
  if (args->nrows > 1 && !is_dml(stmt->verb)) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "only INSERT, UPDATE and DELETE can be executed with several sets of parameters");
  }
  if ((size_t)stmt->nparams == args->n) return CORM_OK;
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has %d parameters, but %zu values were bound",
                        stmt->nparams, args->n);
}

static bool returns_few(const corm_stmt *stmt) {
  return stmt->rows >= 0 && stmt->rows < FEW_ROWS;
}

/* Rows of a statement that writes are collected at once, so that it could gain nothing from a stream. */
static bool may_stream(const corm_conn *conn, const corm_stmt *stmt, const corm_execution *execution) {
  if (!stmt->readonly || conn->driver->stream == NULL) return false;
  if (conn->options.stream_results) return true;
  return execution != NULL && (execution->stream_results || (execution->at_once && !returns_few(stmt)));
}

/* What is known counts more than what is expected. */
static bool may_be_many(const corm_conn *conn, const corm_stmt *stmt, const corm_execution *how) {
  if (stmt->rows >= 0) return stmt->rows >= MANY_ROWS;
  return how->many || how->stream_results || conn->options.stream_results;
}

corm_status corm_conn_execute_many(corm_conn *conn, const corm_compiled *compiled, const corm_params *sets,
                                   size_t nsets, const corm_execution *execution, corm_result **out, corm_error *err) {
  corm_args args;
  corm_stmt *stmt = NULL;
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (compiled->warning) corm_conn_warn(conn, compiled->warning);
  corm_args_init(&args, conn->engine->mem);
  corm_status status = corm_args_compiled(&args, conn, compiled, sets, nsets, err);
  if (status == CORM_OK) status = corm_conn_take_stmt(conn, compiled->sql, compiled->len, &stmt, err);
  if (status == CORM_OK) {
    static const corm_execution plain = {0};
    const corm_execution *how = execution != NULL ? execution : &plain;
    const corm_sent sent = {.stmt = stmt,
                            .compiled = compiled,
                            .values = args.values,
                            .n = args.n,
                            .nrows = args.nrows,
                            .stream = may_stream(conn, stmt, execution),
                            .many = may_be_many(conn, stmt, how),
                            .page = how->page,
                            .ends = how->ends,
                            .lasting = how->lasting,
                            .ahead = stmt->readonly && how->ahead};
    status = check_counts(stmt, &args, err);
    if (status == CORM_OK)
      status = run(conn, &sent, stmt, out, err);
    else
      corm_stmt_cache_give(&conn->link->cache, stmt);
  }
  corm_args_clear(&args);
  return status;
}

corm_status corm_conn_execute(corm_conn *conn, const corm_compiled *compiled, const corm_params *params,
                              corm_result **out, corm_error *err) {
  return corm_conn_execute_many(conn, compiled, params, params == NULL ? 0 : 1, NULL, out, err);
}

corm_status corm_conn_explain(corm_conn *conn, const corm_compiled *compiled, const corm_params *params, bool analyze,
                              corm_result **out, corm_error *err) {
  const corm_dialect *dialect = conn->engine->dialect;
  const char *before = analyze ? dialect->analyze : dialect->explain ? dialect->explain : "EXPLAIN ";
  if (analyze && (compiled->is_dml || compiled->writes_within))
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "explain: `analyze` executes the statement, and this one writes; its text may be given, as "
                          "corm.text()");
  if (!before)
    return corm_error_set(err, CORM_E_COMPILE, "%s has no EXPLAIN ANALYZE; without `analyze` it tells its plan",
                          dialect->name);
  corm_compiled asked = {.binds = compiled->binds, .nbinds = compiled->nbinds};
  corm_buf sql;
  corm_buf_init(&sql, conn->engine->mem);
  corm_buf_puts(&sql, before);
  corm_buf_add(&sql, compiled->sql, compiled->len);
  asked.sql = corm_buf_str(&sql);
  asked.len = sql.len;
  const corm_status status = asked.sql ? corm_conn_execute(conn, &asked, params, out, err) : corm_error_memory(err);
  corm_buf_clear(&sql);
  return status;
}

corm_status corm_conn_execute_sql(corm_conn *conn, const char *sql, size_t len, const corm_params *params,
                                  corm_result **out, corm_error *err) {
  corm_args args;
  corm_stmt *stmt = NULL;
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  if (corm_conn_take_stmt(conn, sql, len, &stmt, err) != CORM_OK) return CORM_FAILED;
  corm_args_init(&args, conn->engine->mem);
  corm_status status = corm_args_native(&args, conn, stmt, params, err);
  if (status == CORM_OK) {
    corm_sent sent = {.stmt = stmt, .values = args.values, .n = args.n, .nrows = args.nrows};
    status = run(conn, &sent, stmt, out, err);
  } else {
    corm_stmt_cache_give(&conn->link->cache, stmt);
  }
  corm_args_clear(&args);
  return status;
}
