/*
 * An engine is a dialect paired with a driver and a place to connect to. It opens nothing until first used, keeps idle
 * connections in a pool, and is reference counted: connections hold it. A *sibling* is an engine that shares all of it
 * and differs in the options of its connections only.
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

/* X(enumerator, "name"): what an engine tells besides its statements. The first group is told before it is done and may
   stop it by failing, save for rollbacks. */
#define CORM_ENGINE_EVENTS(X)                                                                                          \
  X(BEGIN, "begin")                                                                                                    \
  X(COMMIT, "commit")                                                                                                  \
  X(ROLLBACK, "rollback")                                                                                              \
  X(SAVEPOINT, "savepoint")                                                                                            \
  X(ROLLBACK_SAVEPOINT, "rollback_savepoint")                                                                          \
  X(RELEASE_SAVEPOINT, "release_savepoint")                                                                            \
  X(DO_CONNECT, "do_connect")       /* one is about to be opened, and may go elsewhere; a failure stops that */        \
  X(CONNECT, "connect")             /* a physical connection was opened; a failure closes it */                        \
  X(FIRST_CONNECT, "first_connect") /* the same, once */                                                               \
  X(CHECKOUT, "checkout")           /* it leaves the pool; a failure puts it back */                                   \
  X(CHECKIN, "checkin")             /* it came back, or is about to be closed */                                       \
  X(RESET, "reset")                 /* before that */                                                                  \
  X(INVALIDATE, "invalidate")       /* it is not used again */                                                         \
  X(HANDLE_ERROR, "handle_error")   /* the database refused something; a failure is told instead */

typedef enum corm_engine_event {
#define CORM_X(id, name) CORM_ENGINE_##id,
  CORM_ENGINE_EVENTS(CORM_X)
#undef CORM_X
      CORM_ENGINE_EVENT_COUNT
} corm_engine_event;

/* An error of the database on its way out, and what comes of it. */
typedef struct corm_failure {
  corm_error *err;
  bool is_disconnect; /* the connection is lost; a listener may say so */
  bool spares_pool;   /* and the idle ones are not */
} corm_failure;

/* What an event is about; members that do not apply are NULL. */
typedef struct corm_engine_news {
  corm_engine_event event;
  corm_engine *engine;
  corm_conn *conn;          /* transactions */
  corm_driver_conn *native; /* the pool */
  const char *savepoint;
  const corm_error *cause; /* invalidate */
  corm_url *url;           /* do_connect: where it goes; may be changed, but for dialect and driver */
  corm_failure *failure;   /* handle_error; then `conn` is NULL where none could be opened */
  corm_arena *arena;       /* do_connect: where texts of a changed URL live */
} corm_engine_news;

/* What the engine tells about the statements it sends. Each may be NULL. A failing `before` stops the statement. */
typedef struct corm_engine_observer {
  void *ctx;
  uint32_t events; /* bits of the events that `event` is called for */
  corm_status (*event)(void *ctx, const corm_engine_news *news, corm_error *err);
  /* No connection is left: lets the host collect what was dropped without being closed. */
  void (*collect)(void *ctx);
  /* sql as sent; params: native order, storage values of the row(s), nrows * nparams; may fill err (from_hook). */
  corm_status (*before)(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                        size_t nrows, corm_error *err);
  corm_status (*after)(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                       size_t nrows, int64_t elapsed_usec, corm_error *err);
  /* One line for echo, without a newline: "BEGIN (implicit)", "SELECT ...", "[cached, 12 us] (1, 'x')". */
  void (*log)(void *ctx, const char *line);
  /* Where the script is: "script.lua:12". False where it cannot say; NULL: it never can. */
  bool (*place)(void *ctx, char *out, size_t size);
  /* One line about a statement that will run all the same but looks wrong; without echo only. */
  void (*warn)(void *ctx, const char *line);
} corm_engine_observer;

/* X(enumerator, "Name") */
#define CORM_POOLS(X)                                                                                                  \
  X(DEFAULT, "")                      /* Queue, or Singleton where each connection would be a database of its own */   \
  X(QUEUE, "QueuePool")               /* keeps some, gives out some more */                                            \
  X(NONE, "NullPool")                 /* keeps none */                                                                 \
  X(STATIC, "StaticPool")             /* has one, which all share with its transaction */                              \
  X(SINGLETON, "SingletonThreadPool") /* the same, as there is one thread */                                           \
  X(ASSERTION, "AssertionPool")       /* has one, which one user may have */

typedef enum corm_pool_class {
#define CORM_X(id, name) CORM_POOL_##id,
  CORM_POOLS(CORM_X)
#undef CORM_X
      CORM_POOL_COUNT
} corm_pool_class;

/* What is done with a transaction that a script began by SQL of its own and left open. */
typedef enum corm_pool_reset { CORM_RESET_ROLLBACK, CORM_RESET_COMMIT, CORM_RESET_NONE } corm_pool_reset;

/* How the transactions of a connection are begun. */
typedef struct corm_conn_options {
  corm_isolation isolation;
  bool read_only;
  bool deferrable;
  bool stream_results;
  int64_t statement_timeout_ms; /* 0: what the URL or the server says */
} corm_conn_options;

typedef struct corm_engine_options {
  bool echo;
  bool hide_parameters;
  bool from_linting;   /* warn of statements whose FROMs nothing connects */
  int stmt_cache_size; /* prepared statements kept per connection; 0: none */
  corm_pool_class pool_class;
  int pool_size;          /* connections kept; 0: no limit */
  int max_overflow;       /* connections beyond these; -1: no limit */
  double pool_timeout;    /* seconds; shown only: nobody can give a connection back while the one thread waits */
  int64_t pool_recycle_s; /* connections older than this are replaced; -1: never */
  bool pool_pre_ping;     /* asks before a connection leaves the pool whether it lives */
  bool pool_use_fifo;     /* gives the one that was idle longest */
  corm_pool_reset pool_reset;
  int64_t busy_timeout_ms;
  corm_conn_options connection;
} corm_engine_options;

/* echo off, 128 statements, 5 connections and 10 more, 30 s, no recycling, no ping, last in first out, 5000 ms. */
corm_engine_options corm_engine_options_default(void);

/* Makes an engine from a URL; unknown dialects, drivers and query keys are ArgumentErrors with the nearest name.
   Reference count 1. */
CORM_MUST_USE corm_status corm_engine_new(const corm_mem *mem, const char *url, size_t len,
                                          const corm_engine_options *options, corm_engine **out, corm_error *err);

/* The same with a dialect and a driver of the caller's (specs use the fake one). */
CORM_MUST_USE corm_status corm_engine_new_with(const corm_mem *mem, const corm_dialect *dialect,
                                               const corm_driver *driver, const corm_url *url,
                                               const corm_engine_options *options, corm_engine **out, corm_error *err);

/* Whether statements are to be compiled with `lint`. */
bool corm_engine_lints(const corm_engine *engine);

void corm_engine_acquire(corm_engine *engine);
void corm_engine_release(corm_engine *engine);

/* An engine over the same pool, dialect, settings and observer, with other options of connections. */
CORM_MUST_USE corm_status corm_engine_sibling(corm_engine *engine, const corm_conn_options *options, corm_engine **out,
                                              corm_error *err);
/* The engine that owns the pool: itself, unless it is a sibling. */
corm_engine *corm_engine_root(corm_engine *engine);
const corm_conn_options *corm_engine_conn_options(const corm_engine *engine);
/* For connections made from now on. */
void corm_engine_set_conn_options(corm_engine *engine, const corm_conn_options *options);

/* Closes idle connections; those in use close when they come back. The engine stays usable. In a forked child the
   connections are given up without a word to the server; afterwards the engine serves the child. */
void corm_engine_dispose(corm_engine *engine);

typedef struct corm_pool_state {
  const char *name; /* "QueuePool" */
  int size;
  int idle;
  int used;
  int overflow; /* open ones beyond the size; negative while there are fewer */
} corm_pool_state;
corm_pool_state corm_engine_pool(const corm_engine *engine);

/* The level by its name in any case, with spaces or underscores; ArgumentError lists those that the driver has. */
CORM_MUST_USE corm_status corm_isolation_find(const corm_engine *engine, const char *name, corm_isolation *out,
                                              corm_error *err);
const char *corm_isolation_name(corm_isolation isolation);
/* ArgumentError for a statement_timeout that is out of range, or that the database does not have. */
CORM_MUST_USE corm_status corm_limit_check(const corm_engine *engine, int64_t ms, corm_error *err);

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
