/* Isolation levels and the other ways in which transactions of a connection begin. */
#include <string.h>

#include "base/str.h"
#include "engine/internal.h"

static const char *const names[] = {
#define CORM_X(id, name) [CORM_ISOLATION_##id] = name,
    CORM_ISOLATIONS(CORM_X)
#undef CORM_X
};

const char *corm_isolation_name(corm_isolation isolation) {
  return names[isolation];
}

static bool has_level(const corm_driver *driver, corm_isolation level) {
  return level == CORM_ISOLATION_AUTOCOMMIT || (driver->isolations & (UINT32_C(1) << level)) != 0;
}

/* "read_committed" and "READ-COMMITTED" are "READ COMMITTED". False when the name is too long to be one. */
static bool normalise(const char *name, char out[24]) {
  size_t n = 0;
  for (; name[n] != '\0'; n++) {
    if (n == 23) return false;
    char c = name[n];
    out[n] = (char)(c == '_' || c == '-' ? ' ' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  out[n] = '\0';
  return true;
}

static corm_isolation find_level(const char *name) {
  char wanted[24];
  if (!normalise(name, wanted)) return CORM_ISOLATION_DEFAULT;
  for (int i = CORM_ISOLATION_DEFAULT + 1; i < CORM_ISOLATION_COUNT; i++)
    if (strcmp(names[i], wanted) == 0) return (corm_isolation)i;
  return CORM_ISOLATION_DEFAULT;
}

corm_status corm_isolation_find(const corm_engine *engine, const char *name, corm_isolation *out, corm_error *err) {
  const corm_driver *driver = engine->root->driver;
  const char *valid[CORM_ISOLATION_COUNT];
  char list[128] = "";
  size_t n = 0;
  corm_isolation level = find_level(name);
  if (level != CORM_ISOLATION_DEFAULT && has_level(driver, level)) {
    *out = level;
    return CORM_OK;
  }
  for (int i = CORM_ISOLATION_DEFAULT + 1; i < CORM_ISOLATION_COUNT; i++) {
    if (!has_level(driver, (corm_isolation)i)) continue;
    if (n > 0) strcat(list, ", ");
    strcat(list, names[i]);
    valid[n++] = names[i];
  }
  const char *nearest = corm_name_nearest(name, valid, n);
  corm_error_set(err, CORM_E_ARGUMENT,
                 "Invalid value '%.40s' for isolation_level. Valid isolation levels for '%s' are %s", name,
                 engine->root->dialect->name, list);
  if (nearest != NULL) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

corm_status corm_limit_check(const corm_engine *engine, int64_t ms, corm_error *err) {
  if (ms < 0 || ms > INT32_MAX) {
    return corm_error_set(err, CORM_E_ARGUMENT, "statement_timeout must be a number of milliseconds from 0 to %d",
                          INT32_MAX);
  }
  if (ms == 0 || engine->root->driver->limit != NULL) return CORM_OK;
  return corm_error_set(err, CORM_E_ARGUMENT, "%s has no statement_timeout", engine->root->dialect->name);
}

/* -- a connection's ------------------------------------------------------------------------------------------------ */

const corm_conn_options *corm_conn_get_options(const corm_conn *conn) {
  return &conn->options;
}

corm_status corm_conn_set_options(corm_conn *conn, const corm_conn_options *options, corm_error *err) {
  const corm_conn_options *old = &conn->options;
  bool same = old->isolation == options->isolation && old->read_only == options->read_only &&
              old->deferrable == options->deferrable;
  if (conn->closed || conn->close_wanted) {
    return corm_error_set(err, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  }
  if (!same && conn->txn != CORM_TXN_NONE && conn->used) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "this connection has already begun a transaction, by begin() or by its first statement; "
                          "isolation_level may not be altered unless rollback() or commit() is called first");
  }
  conn->options = *options;
  return CORM_OK;
}

static corm_status read_level(corm_conn *conn, corm_driver_stmt *stmt, corm_isolation *out, corm_error *err) {
  corm_value value;
  char text[24] = "";
  corm_status step = conn->driver->step(stmt, err);
  if (step == CORM_FAILED) return CORM_FAILED;
  if (step == CORM_ROW) {
    conn->driver->column(stmt, 0, &value);
    if (value.kind == CORM_ABSENT) return corm_error_memory(err);
    if (value.kind == CORM_TEXT && value.len < sizeof text) memcpy(text, value.as.s, value.len);
  }
  while (step == CORM_ROW) step = conn->driver->step(stmt, err);
  if (step == CORM_FAILED) return CORM_FAILED;
  *out = find_level(text);
  if (*out != CORM_ISOLATION_DEFAULT) return CORM_OK;
  return corm_error_set(err, CORM_E_INTERNAL, "the database calls its isolation level '%s'", text);
}

/* Asked beside every transaction that is begun for statements: asking begins none. */
static corm_status ask(corm_conn *conn, corm_isolation *out, corm_error *err) {
  const char *sql = conn->engine->dialect->isolation_sql;
  corm_driver_stmt *stmt = NULL;
  if (sql == NULL) {
    *out = CORM_ISOLATION_SERIALIZABLE;
    return CORM_OK;
  }
  corm_status status = conn->driver->prepare(conn->link->native, sql, strlen(sql), &stmt, err);
  if (status == CORM_OK) {
    status = read_level(conn, stmt, out, err);
    conn->driver->finalize(stmt);
  }
  if (status != CORM_OK) corm_conn_failed(conn, err);
  return status;
}

corm_status corm_conn_isolation(corm_conn *conn, corm_isolation *out, corm_error *err) {
  if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
  *out = conn->options.isolation;
  if (*out != CORM_ISOLATION_DEFAULT) return CORM_OK;
  return corm_conn_takes_part(conn) ? ask(conn, out, err) : corm_conn_default_isolation(conn, out, err);
}

corm_status corm_conn_default_isolation(corm_conn *conn, corm_isolation *out, corm_error *err) {
  corm_engine *engine = conn->engine;
  if (engine->default_isolation == CORM_ISOLATION_DEFAULT) {
    if (corm_conn_check(conn, err) != CORM_OK) return CORM_FAILED;
    if (corm_conn_takes_part(conn) && conn->options.isolation != CORM_ISOLATION_DEFAULT) {
      return corm_error_set(err, CORM_E_INVALID_REQUEST,
                            "the default isolation level cannot be asked for in a transaction with another one");
    }
    if (ask(conn, &engine->default_isolation, err) != CORM_OK) return CORM_FAILED;
  }
  *out = engine->default_isolation;
  return CORM_OK;
}
