/* The scripted driver: scripts are taken in order of their making, each answers one execution. */
#include "driver/fake.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

typedef struct script {
  const char *match;
  bool used;
  bool fault;
  bool ends_transaction;
  corm_error_class cls;
  const char *message;
  const char *const *names;
  const corm_value *values;
  size_t ncols;
  size_t nrows;
} script;

struct corm_fake {
  corm_driver driver; /* first: the driver that the engine hands back is the fake itself */
  const corm_mem *mem;
  corm_arena arena;
  corm_vec scripts;
  corm_buf log;
  corm_server server;
  bool serves;
  int open;
};

typedef struct fake_conn {
  corm_driver_conn base;
  corm_fake *fake;
  bool in_transaction;
  bool failed;
  bool lost;
  int64_t changes;
  int64_t last_id;
} fake_conn;

typedef struct fake_stmt {
  corm_driver_stmt base;
  char *sql;
  int nparams;
  corm_value *params;   /* owned copies */
  const script *answer; /* NULL: none */
  size_t row;           /* 1-based; 0: not stepped */
  size_t nrows;         /* bound as arrays; 0: as single values */
  corm_buf arrays;      /* as the log shows them */
  size_t sent;          /* executions whose answers were not read */
  bool done;
} fake_stmt;

static fake_conn *conn_of(const corm_driver_conn *conn) {
  return (fake_conn *)(uintptr_t)conn;
}

static fake_stmt *stmt_of(const corm_driver_stmt *stmt) {
  return (fake_stmt *)(uintptr_t)stmt;
}

/* -- scripts ------------------------------------------------------------------------------------------------------- */

static script *add_script(corm_fake *fake, const char *match) {
  script *self = corm_arena_zalloc(&fake->arena, 1, sizeof *self);
  if (self == NULL) return NULL;
  self->match = corm_arena_dup(&fake->arena, match, strlen(match));
  return self->match != NULL && corm_vec_push(&fake->scripts, self) == CORM_OK ? self : NULL;
}

static script *find_script(const corm_fake *fake, const char *sql) {
  for (size_t i = 0; i < fake->scripts.len; i++) {
    script *self = fake->scripts.items[i];
    if (!self->used && strstr(sql, self->match) != NULL) return self;
  }
  return NULL;
}

static script *take_script(corm_fake *fake, const char *sql) {
  script *self = find_script(fake, sql);
  if (self != NULL) self->used = true;
  return self;
}

static corm_status play_fault(fake_conn *conn, const script *self, corm_error *err) {
  bool serves = conn->fake->serves;
  conn->lost = conn->lost || (serves && corm_error_class_is(self->cls, CORM_E_DISCONNECT));
  if (self->ends_transaction || conn->lost) conn->in_transaction = false;
  conn->failed = serves && conn->in_transaction;
  corm_error_set(err, self->cls, "%s", self->message);
  if (err != NULL) {
    err->disconnected = conn->lost;
    err->retryable = self->cls == CORM_E_SERIALIZATION || self->cls == CORM_E_DEADLOCK;
  }
  return CORM_FAILED;
}

static corm_status refuse_lost(corm_error *err) {
  corm_error_set(err, CORM_E_DISCONNECT, "no connection to the server");
  if (err != NULL) err->disconnected = true;
  return CORM_FAILED;
}

static const char **copy_names(corm_fake *fake, const char *const *names, size_t n) {
  const char **out = corm_arena_zalloc(&fake->arena, n, sizeof *out);
  for (size_t i = 0; i < n && out != NULL; i++) {
    out[i] = corm_arena_dup(&fake->arena, names[i], strlen(names[i]));
    if (out[i] == NULL) return NULL;
  }
  return out;
}

static corm_value *copy_values(corm_fake *fake, const corm_value *values, size_t n) {
  corm_value *out = corm_arena_zalloc(&fake->arena, n, sizeof *out);
  for (size_t i = 0; i < n && out != NULL; i++) {
    out[i] = values[i];
    out[i].flags = 0;
    if (corm_value_has_bytes(&values[i]) &&
        (out[i].as.s = corm_arena_dup(&fake->arena, values[i].len == 0 ? "" : values[i].as.s, values[i].len)) == NULL) {
      return NULL;
    }
  }
  return out;
}

corm_status corm_fake_rows(corm_fake *fake, const char *match, const char *const *names, size_t ncols,
                           const corm_value *values, size_t nrows) {
  const char **own_names = copy_names(fake, names, ncols);
  corm_value *own_values = copy_values(fake, values, ncols * nrows);
  script *self = own_names == NULL || own_values == NULL ? NULL : add_script(fake, match);
  if (self == NULL) return CORM_FAILED;
  self->names = own_names;
  self->values = own_values;
  self->ncols = ncols;
  self->nrows = nrows;
  return CORM_OK;
}

corm_status corm_fake_fault(corm_fake *fake, const char *match, corm_error_class cls, const char *message,
                            bool ends_transaction) {
  const char *own = corm_arena_dup(&fake->arena, message, strlen(message));
  script *self = own == NULL ? NULL : add_script(fake, match);
  if (self == NULL) return CORM_FAILED;
  self->fault = true;
  self->cls = cls;
  self->message = own;
  self->ends_transaction = ends_transaction;
  return CORM_OK;
}

const char *corm_fake_log(const corm_fake *fake) {
  return corm_buf_str(&fake->log);
}

void corm_fake_log_clear(corm_fake *fake) {
  corm_buf_reset(&fake->log);
}

/* -- the driver ---------------------------------------------------------------------------------------------------- */

static const char *fake_version(void) {
  return "0";
}

static corm_status fake_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err) {
  (void)driver;
  (void)target;
  (void)err;
  return CORM_OK;
}

static bool fake_is_private(const corm_driver *driver, const corm_driver_target *target) {
  (void)driver;
  (void)target;
  return false;
}

static corm_status fake_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                             corm_driver_conn **out, corm_error *err) {
  (void)target;
  fake_conn *self = corm_mem_zalloc(mem, 1, sizeof *self);
  if (self == NULL) return corm_error_memory(err);
  self->base = (corm_driver_conn){.driver = driver, .mem = mem};
  self->fake = (corm_fake *)(uintptr_t)driver;
  self->fake->open++;
  *out = &self->base;
  return CORM_OK;
}

static corm_status fake_restore(corm_driver_conn *conn, corm_error *err) {
  (void)conn;
  (void)err;
  return CORM_OK;
}

static void fake_close(corm_driver_conn *conn) {
  conn_of(conn)->fake->open--;
  corm_mem_free(conn->mem, conn);
}

static corm_status fake_exec(corm_driver_conn *conn, const char *sql, corm_error *err) {
  fake_conn *self = conn_of(conn);
  if (self->lost) return refuse_lost(err);
  const script *answer = take_script(self->fake, sql);
  corm_buf_printf(&self->fake->log, "%s\n", sql);
  if (answer != NULL && answer->fault) return play_fault(self, answer, err);
  if (strncmp(sql, "ROLLBACK", 8) == 0) self->failed = false;
  return CORM_OK;
}

static corm_status fake_ping(corm_driver_conn *conn, corm_error *err) {
  return fake_exec(conn, "PING", err);
}

static bool fake_is_lost(const corm_driver_conn *conn) {
  return conn_of(conn)->lost;
}

static bool fake_is_failed(const corm_driver_conn *conn) {
  return conn_of(conn)->failed;
}

static void fake_server(const corm_driver_conn *conn, corm_server *out) {
  *out = conn_of(conn)->fake->server;
}

static corm_status fake_begin(corm_driver_conn *conn, const corm_begin *begin, corm_error *err) {
  static const char *const levels[] = {
#define CORM_X(id, name) [CORM_ISOLATION_##id] = " ISOLATION LEVEL " name,
      CORM_ISOLATIONS(CORM_X)
#undef CORM_X
  };
  char sql[128];
  bool serves = conn_of(conn)->fake->serves;
  snprintf(sql, sizeof sql, "BEGIN%s%s%s%s", begin->mode == CORM_BEGIN_WRITE && !serves ? " IMMEDIATE" : "",
           begin->isolation == CORM_ISOLATION_DEFAULT ? "" : levels[begin->isolation],
           begin->read_only ? " READ ONLY" : "", begin->deferrable ? " DEFERRABLE" : "");
  if (fake_exec(conn, sql, err) != CORM_OK) return CORM_FAILED;
  conn_of(conn)->in_transaction = true;
  return CORM_OK;
}

static corm_status fake_end(corm_driver_conn *conn, const char *sql, corm_error *err) {
  if (fake_exec(conn, sql, err) != CORM_OK) return CORM_FAILED;
  conn_of(conn)->in_transaction = conn_of(conn)->failed = false;
  return CORM_OK;
}

static corm_status fake_commit(corm_driver_conn *conn, corm_error *err) {
  if (conn_of(conn)->failed) {
    if (fake_end(conn, "COMMIT", err) != CORM_OK) return CORM_FAILED;
    return corm_error_set(err, CORM_E_PENDING_ROLLBACK, "the server rolled back instead of committing");
  }
  return fake_end(conn, "COMMIT", err);
}

static corm_status fake_rollback(corm_driver_conn *conn, corm_error *err) {
  return fake_end(conn, "ROLLBACK", err);
}

static bool fake_in_transaction(const corm_driver_conn *conn) {
  return conn_of(conn)->in_transaction;
}

static int count_placeholders(const char *sql) {
  int n = 0;
  char quote = 0;
  for (; *sql != '\0'; sql++) {
    if (quote != 0)
      quote = *sql == quote ? (char)0 : quote;
    else if (*sql == '\'' || *sql == '"')
      quote = *sql;
    else if (*sql == '?' || (*sql == '$' && sql[1] >= '1' && sql[1] <= '9'))
      n++;
  }
  return n;
}

static void fake_finalize(corm_driver_stmt *stmt) {
  fake_stmt *self = stmt_of(stmt);
  const corm_mem *mem = stmt->conn->mem;
  for (int i = 0; i < self->nparams && self->params != NULL; i++) corm_value_clear(mem, &self->params[i]);
  corm_buf_clear(&self->arrays);
  corm_mem_free(mem, self->params);
  corm_mem_free(mem, self->sql);
  corm_mem_free(mem, self);
}

static corm_status fake_prepare(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out,
                                corm_error *err) {
  fake_stmt *self = corm_mem_zalloc(conn->mem, 1, sizeof *self);
  if (self == NULL) return corm_error_memory(err);
  self->base.conn = conn;
  self->sql = corm_mem_dup(conn->mem, sql, len);
  corm_buf_init(&self->arrays, conn->mem);
  self->nparams = self->sql == NULL ? 0 : count_placeholders(self->sql);
  self->params = corm_mem_zalloc(conn->mem, (size_t)self->nparams + 1, sizeof *self->params);
  if (self->sql == NULL || self->params == NULL) {
    fake_finalize(&self->base);
    return corm_error_memory(err);
  }
  self->answer = find_script(conn_of(conn)->fake, self->sql); /* the columns that the execution will have */
  *out = &self->base;
  return CORM_OK;
}

static int fake_param_count(const corm_driver_stmt *stmt) {
  return stmt_of(stmt)->nparams;
}

static int fake_param_index(const corm_driver_stmt *stmt, const char *name) {
  (void)stmt;
  (void)name;
  return 0;
}

static bool begins(const char *sql, const char *word) {
  return strncmp(sql, word, strlen(word)) == 0;
}

static bool fake_readonly(const corm_driver_stmt *stmt) {
  return begins(stmt_of(stmt)->sql, "SELECT");
}

static corm_status fake_bind(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err) {
  (void)keep;
  fake_stmt *self = stmt_of(stmt);
  if (index < 1 || index > self->nparams) return corm_error_set(err, CORM_E_PROGRAMMING, "no parameter %d", index);
  self->nrows = 0;
  corm_value_clear(stmt->conn->mem, &self->params[index - 1]);
  return corm_value_dup(stmt->conn->mem, value, &self->params[index - 1]) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static corm_status fake_bind_rows(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride,
                                  size_t nrows, corm_error *err) {
  fake_stmt *self = stmt_of(stmt);
  if (index < 1 || index > self->nparams) return corm_error_set(err, CORM_E_PROGRAMMING, "no parameter %d", index);
  if (index == 1) corm_buf_reset(&self->arrays);
  corm_buf_puts(&self->arrays, index == 1 ? " | [" : ", [");
  for (size_t i = 0; i < nrows; i++) {
    if (i > 0) corm_buf_puts(&self->arrays, ", ");
    corm_value_describe(&values[i * stride], 100, &self->arrays);
  }
  corm_buf_putc(&self->arrays, ']');
  self->nrows = nrows;
  return self->arrays.failed ? corm_error_memory(err) : CORM_OK;
}

static void log_execution(const fake_stmt *self, corm_buf *log) {
  corm_buf_puts(log, self->sql);
  if (self->nrows > 0) corm_buf_puts(log, corm_buf_str(&self->arrays));
  for (int i = 0; self->nrows == 0 && i < self->nparams; i++) {
    corm_buf_puts(log, i == 0 ? " | " : ", ");
    corm_value_describe(&self->params[i], 100, log);
  }
  corm_buf_putc(log, '\n');
}

static corm_status fake_step(corm_driver_stmt *stmt, corm_error *err) {
  fake_stmt *self = stmt_of(stmt);
  fake_conn *conn = conn_of(stmt->conn);
  if (self->done && self->sent > 1) { /* the next answer */
    self->sent--;
    self->answer = NULL;
    self->row = 0;
    self->done = false;
  }
  if (self->done) return CORM_DONE;
  if (conn->lost) return refuse_lost(err);
  if (self->row == 0) {
    if (conn->failed) return corm_error_set(err, CORM_E_INTERNAL, "sent in a failed transaction");
    if (self->sent > 0)
      corm_buf_printf(&conn->fake->log, "ANSWER to %.20s\n", self->sql);
    else
      log_execution(self, &conn->fake->log);
    self->answer = take_script(conn->fake, self->sql);
    if (self->answer != NULL && self->answer->fault) return play_fault(conn, self->answer, err);
    const int64_t rows = self->nrows > 0 ? (int64_t)self->nrows : 1;
    if (begins(self->sql, "INSERT")) conn->last_id += rows;
    if (!fake_readonly(stmt)) conn->changes = self->answer == NULL ? rows : (int64_t)self->answer->nrows;
  }
  self->row++;
  if (self->answer != NULL && self->answer->ncols > 0 && self->row <= self->answer->nrows) return CORM_ROW;
  self->done = true;
  return CORM_DONE;
}

static corm_status fake_send(corm_driver_stmt *stmt, corm_error *err) {
  fake_stmt *self = stmt_of(stmt);
  const bool between = self->done && self->sent > 1; /* two answers */
  if (self->row > 0 && !between)
    return corm_error_set(err, CORM_E_INTERFACE, "the statement is being executed already");
  corm_buf_puts(&conn_of(stmt->conn)->fake->log, "SEND ");
  log_execution(self, &conn_of(stmt->conn)->fake->log);
  self->sent++;
  return CORM_OK;
}

static void fake_reset(corm_driver_stmt *stmt) {
  fake_stmt *self = stmt_of(stmt);
  self->sent = 0;
  self->answer = NULL;
  self->row = 0;
  self->done = false;
}

static int fake_column_count(const corm_driver_stmt *stmt) {
  const script *answer = stmt_of(stmt)->answer;
  return answer == NULL || answer->fault ? 0 : (int)answer->ncols;
}

static const char *fake_column_name(const corm_driver_stmt *stmt, int index) {
  return stmt_of(stmt)->answer->names[index];
}

static void fake_column(corm_driver_stmt *stmt, int index, corm_value *out) {
  const fake_stmt *self = stmt_of(stmt);
  *out = self->answer->values[(self->row - 1) * self->answer->ncols + (size_t)index];
}

static int64_t fake_changes(const corm_driver_conn *conn) {
  return conn_of(conn)->changes;
}

static int64_t fake_last_insert_id(const corm_driver_conn *conn) {
  return conn_of(conn)->last_id;
}

static void fake_interrupt(corm_driver_conn *conn) {
  (void)conn;
}

static const char *const no_options[] = {NULL};

static const corm_driver fake_driver = {
    .name = "fake",
    .kinds =
        CORM_KIND(CORM_NULL) | CORM_KIND(CORM_INT) | CORM_KIND(CORM_REAL) | CORM_KIND(CORM_TEXT) | CORM_KIND(CORM_BLOB),
    .isolations = UINT32_C(1) << CORM_ISOLATION_SERIALIZABLE,
    .option_names = no_options,
    .version = fake_version,
    .check = fake_check,
    .is_private = fake_is_private,
    .open = fake_open,
    .restore = fake_restore,
    .close = fake_close,
    .exec = fake_exec,
    .begin = fake_begin,
    .commit = fake_commit,
    .rollback = fake_rollback,
    .in_transaction = fake_in_transaction,
    .prepare = fake_prepare,
    .finalize = fake_finalize,
    .param_count = fake_param_count,
    .param_index = fake_param_index,
    .readonly = fake_readonly,
    .bind = fake_bind,
    .step = fake_step,
    .reset = fake_reset,
    .column_count = fake_column_count,
    .column_name = fake_column_name,
    .column = fake_column,
    .changes = fake_changes,
    .last_insert_id = fake_last_insert_id,
    .interrupt = fake_interrupt,
};

corm_fake *corm_fake_new(const corm_mem *mem) {
  corm_fake *fake = corm_mem_zalloc(mem, 1, sizeof *fake);
  if (fake == NULL) return NULL;
  fake->driver = fake_driver;
  fake->mem = mem;
  corm_arena_init(&fake->arena, mem);
  corm_vec_init(&fake->scripts, mem);
  corm_buf_init(&fake->log, mem);
  return fake;
}

void corm_fake_free(corm_fake *fake) {
  if (fake == NULL) return;
  corm_buf_clear(&fake->log);
  corm_vec_clear(&fake->scripts);
  corm_arena_clear(&fake->arena);
  corm_mem_free(fake->mem, fake);
}

void corm_fake_allow(corm_fake *fake, bool arrays, bool ahead) {
  fake->driver.bind_rows = arrays ? fake_bind_rows : NULL;
  fake->driver.send = ahead ? fake_send : NULL;
}

const corm_driver *corm_fake_driver(corm_fake *fake) {
  return &fake->driver;
}

void corm_fake_serve(corm_fake *fake, const corm_server *server) {
  fake->serves = true;
  fake->server = *server;
  fake->driver.isolations = UINT32_MAX;
  fake->driver.ping = fake_ping;
  fake->driver.is_lost = fake_is_lost;
  fake->driver.is_failed = fake_is_failed;
  fake->driver.server = fake_server;
}

int corm_fake_open_count(const corm_fake *fake) {
  return fake->open;
}
