/*
 * Physical connections: opened and closed, never used in a forked child, marked when they are lost.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/time.h"
#include "engine/internal.h"

/* -- forks --------------------------------------------------------------------------------------------------------- */

/* Forks of this process, seen from the child. A count instead of getpid(), which is a system call for every statement.
 */
static atomic_uint forks;

static void count_fork(void) {
  atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void register_fork(void) {
  (void)pthread_atfork(NULL, NULL, count_fork);
}

static unsigned fork_count(void) {
  return atomic_load_explicit(&forks, memory_order_relaxed);
}

bool corm_link_is_foreign(const corm_link *link) {
  return link->forks != fork_count();
}

bool corm_engine_is_foreign(const corm_engine *engine) {
  return engine->links > 0 && engine->forks != fork_count();
}

bool corm_conn_is_foreign(const corm_conn *conn) {
  return conn->link != NULL ? corm_link_is_foreign(conn->link) : corm_engine_is_foreign(conn->engine);
}

void corm_engine_adopt(corm_engine *engine) {
  engine->links = engine->used = 0;
  engine->forks = fork_count();
}

/* -- events -------------------------------------------------------------------------------------------------------- */

corm_status corm_link_tell(corm_engine *engine, corm_engine_event event, const corm_link *link, const corm_error *cause,
                           corm_error *err) {
  const corm_engine_observer observer = engine->observer;
  if (!corm_engine_listens(engine, event)) return CORM_OK;
  corm_engine_news news = {.event = event, .engine = engine, .native = link->native, .cause = cause};
  return observer.event(observer.ctx, &news, err);
}

void corm_failure_tell(corm_engine *engine, corm_conn *conn, corm_failure *failure, corm_error *instead) {
  const corm_engine_observer observer = engine->observer;
  const corm_error *err = failure->err;
  if (!corm_engine_listens(engine, CORM_ENGINE_HANDLE_ERROR)) return;
  if (err == NULL || !err->is_set || err->from_hook || err->cls == CORM_E_MEMORY) return;
  if (conn != NULL && (conn->failing || conn->refs == 0)) return;
  const corm_engine_news news = {.event = CORM_ENGINE_HANDLE_ERROR, .engine = engine, .conn = conn, .failure = failure};
  if (conn == NULL) {
    (void)!observer.event(observer.ctx, &news, instead);
    return;
  }
  conn->failing = true;
  corm_conn_enter(conn);
  (void)!observer.event(observer.ctx, &news, instead);
  conn->failing = false;
  corm_conn_leave(conn);
}

void corm_failure_replace(corm_error *err, corm_error *instead) {
  if (!instead->is_set) return;
  corm_error_clear(err);
  *err = *instead;
}

/* For what happens anyway. */
static void tell_only(corm_engine *engine, corm_engine_event event, const corm_link *link, const corm_error *cause) {
  corm_error ignored;
  corm_error_init(&ignored);
  if (corm_link_tell(engine, event, link, cause, &ignored) != CORM_OK) corm_error_clear(&ignored);
}

/* -- opening and closing ------------------------------------------------------------------------------------------- */

/* Goes where the URL says, or a listener. */
static corm_status open_native(corm_engine *engine, corm_arena *own, corm_driver_conn **out, corm_error *err) {
  const corm_engine_observer observer = engine->observer;
  corm_url url = engine->url;
  corm_driver_target target;
  if (corm_engine_listens(engine, CORM_ENGINE_DO_CONNECT)) {
    corm_engine_news news = {.event = CORM_ENGINE_DO_CONNECT, .engine = engine, .url = &url, .arena = own};
    if (observer.event(observer.ctx, &news, err) != CORM_OK) return CORM_FAILED;
  }
  if (corm_engine_target(engine, &url, &target, err) != CORM_OK) return CORM_FAILED;
  if (engine->driver->open(engine->driver, engine->mem, &target, out, err) == CORM_OK) return CORM_OK;
  corm_failure failure = {.err = err};
  corm_error instead;
  corm_error_init(&instead);
  corm_failure_tell(engine, NULL, &failure, &instead);
  corm_failure_replace(err, &instead);
  return CORM_FAILED;
}

/* The first server that answers says which dialect it speaks. */
static void settle_dialect(corm_engine *engine, const corm_link *link) {
  if (engine->is_settled) return;
  corm_server server = {0};
  link->driver->server(link->native, &server);
  engine->dialect = engine->dialect->for_server(engine->dialect, &server);
  engine->is_settled = true;
}

static corm_status tell_opened(corm_engine *engine, const corm_link *link, corm_error *err) {
  bool first = !engine->was_connected;
  engine->was_connected = true;
  if (first && corm_link_tell(engine, CORM_ENGINE_FIRST_CONNECT, link, NULL, err) != CORM_OK) return CORM_FAILED;
  return corm_link_tell(engine, CORM_ENGINE_CONNECT, link, NULL, err);
}

corm_status corm_link_open(corm_engine *engine, corm_link **out, corm_error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  corm_link *link = corm_mem_zalloc(engine->mem, 1, sizeof *link);
  if (link == NULL) return corm_error_memory(err);
  corm_arena own;
  corm_arena_init(&own, engine->mem);
  const corm_status opened = open_native(engine, &own, &link->native, err);
  corm_arena_clear(&own);
  if (opened != CORM_OK) {
    corm_mem_free(engine->mem, link);
    return CORM_FAILED;
  }
  int keep = engine->options.stmt_cache_size;
  (void)pthread_once(&once, register_fork);
  link->driver = engine->driver;
  link->generation = engine->generation;
  link->forks = fork_count();
  link->opened_at = corm_clock_monotonic();
  corm_vec_init(&link->users, engine->mem);
  corm_map_init(&link->proved, engine->mem);
  corm_stmt_cache_init(&link->cache, link->native, keep > 0 ? (size_t)keep : 0);
  if (engine->links++ == 0) engine->forks = link->forks;
  settle_dialect(engine, link);
  if (tell_opened(engine, link, err) != CORM_OK) {
    corm_link_close(engine, link);
    return CORM_FAILED;
  }
  *out = link;
  return CORM_OK;
}

/* In a forked child the connection is the parent's: closing it here could write to the database. Its statements stay
   where they are, since giving them up would do so, too. */
void corm_link_close(corm_engine *engine, corm_link *link) {
  corm_vec_clear(&link->users);
  corm_map_clear(&link->proved);
  if (corm_link_is_foreign(link)) {
    if (link->driver->abandon != NULL) link->driver->abandon(link->native);
    corm_mem_free(engine->mem, link);
    return;
  }
  corm_stmt_cache_clear(&link->cache);
  link->driver->close(link->native);
  corm_mem_free(engine->mem, link);
  engine->links--;
}

/* -- losing -------------------------------------------------------------------------------------------------------- */

void corm_link_break(corm_engine *engine, corm_link *link, const corm_error *err, bool all) {
  if (link->broken) return;
  link->broken = true;
  tell_only(engine, CORM_ENGINE_INVALIDATE, link, err);
  if (!all || link->generation != engine->generation) return;
  engine->generation++;
  corm_pool_empty(engine);
}

/* -- coming back --------------------------------------------------------------------------------------------------- */

static corm_status end_leftover(corm_engine *engine, corm_link *link) {
  const corm_driver *driver = link->driver;
  if (!driver->in_transaction(link->native)) return CORM_OK;
  link->open = false;
  link->savepoints = 0;
  bool commit = engine->options.pool_reset == CORM_RESET_COMMIT;
  if (commit && driver->commit(link->native, NULL) == CORM_OK) return CORM_OK;
  return driver->in_transaction(link->native) ? driver->rollback(link->native, NULL) : CORM_OK;
}

bool corm_link_restore(corm_engine *engine, corm_link *link) {
  const corm_driver *driver = link->driver;
  bool lost = link->broken || (driver->is_lost != NULL && driver->is_lost(link->native));
  if (engine->options.pool_reset != CORM_RESET_NONE) tell_only(engine, CORM_ENGINE_RESET, link, NULL);
  if (!lost && end_leftover(engine, link) != CORM_OK) lost = true;
  bool altered = link->touched || (driver->is_altered != NULL && driver->is_altered(link->native));
  if (!lost && altered) {
    if (driver->restore(link->native, NULL) != CORM_OK) lost = true;
    link->limit_ms = 0;
    link->limit_serial = 0;
  }
  link->touched = false;
  tell_only(engine, CORM_ENGINE_CHECKIN, link, NULL);
  return !lost;
}
