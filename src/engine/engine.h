/*
 * An engine is a dialect paired with a driver and a place to connect to. It opens nothing until first used, keeps idle
 * connections (last in, first out), and is reference counted: connections hold it.
 */
#ifndef CORM_ENGINE_ENGINE_H
#define CORM_ENGINE_ENGINE_H

#include "base/error.h"
#include "base/mem.h"
#include "driver/driver.h"
#include "engine/url.h"
#include "sql/dialect.h"

typedef struct corm_engine corm_engine;
typedef struct corm_conn corm_conn;

/* What the engine tells about the statements it sends. Each may be NULL. A failing `before` stops the statement. */
typedef struct corm_engine_observer {
  void *ctx;
  /* sql as sent; params: native order, storage values of the row(s), nrows * nparams; may fill err (from_hook). */
  corm_status (*before)(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                        size_t nrows, corm_error *err);
  corm_status (*after)(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                       size_t nrows, int64_t elapsed_usec, corm_error *err);
  /* One line for echo, without a newline: "BEGIN (implicit)", "SELECT ...", "[cached, 12 us] (1, 'x')". */
  void (*log)(void *ctx, const char *line);
} corm_engine_observer;

typedef struct corm_engine_options {
  bool echo;
  bool hide_parameters;
  int stmt_cache_size; /* prepared statements kept per connection; 0: none */
  int pool_size;       /* idle connections kept */
  int64_t busy_timeout_ms;
} corm_engine_options;

/* echo off, 128 statements, 5 idle connections, 5000 ms. */
corm_engine_options corm_engine_options_default(void);

/* Makes an engine from a URL; unknown dialects, drivers and query keys are ArgumentErrors with the nearest name.
   Reference count 1. */
CORM_MUST_USE corm_status corm_engine_new(const corm_mem *mem, const char *url, size_t len,
                                          const corm_engine_options *options, corm_engine **out, corm_error *err);

/* The same with a dialect and a driver of the caller's (specs use the fake one). */
CORM_MUST_USE corm_status corm_engine_new_with(const corm_mem *mem, const corm_dialect *dialect,
                                               const corm_driver *driver, const corm_url *url,
                                               const corm_engine_options *options, corm_engine **out, corm_error *err);

void corm_engine_acquire(corm_engine *engine);
void corm_engine_release(corm_engine *engine);

/* Closes idle connections; those in use close when they come back. The engine stays usable. */
void corm_engine_dispose(corm_engine *engine);

const corm_mem *corm_engine_mem(const corm_engine *engine);
const corm_dialect *corm_engine_dialect(const corm_engine *engine);
/* False as long as the first connection may still change the dialect (mysql:// may lead to MariaDB). */
bool corm_engine_is_settled(const corm_engine *engine);
const corm_driver *corm_engine_driver(const corm_engine *engine);
const corm_url *corm_engine_url(const corm_engine *engine);
corm_engine_options *corm_engine_settings(corm_engine *engine); /* echo may be switched at run time */
void corm_engine_observe(corm_engine *engine, const corm_engine_observer *observer);

/* Takes a connection from the pool or opens one. The caller owns one reference (corm_conn_release). An in-memory
   database has one physical connection, which all share. A forked child is refused (IllegalStateChangeError). */
CORM_MUST_USE corm_status corm_engine_connect(corm_engine *engine, corm_conn **out, corm_error *err);

#endif
