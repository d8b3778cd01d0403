/* Physical connections: opened when needed, kept idle last in first out, never used in a forked child. */
#include "engine/internal.h"

#include <pthread.h>
#include <stdatomic.h>

/* Forks of this process, seen from the child. A count instead of getpid(), which is a system call for every statement.
 */
static atomic_uint forks;

static void count_fork(void) {
  atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void register_fork(void) {
  (void)pthread_atfork(NULL, NULL, count_fork);
}

void corm_engine_watch_forks(corm_engine *engine) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)pthread_once(&once, register_fork);
  engine->fork_count = atomic_load_explicit(&forks, memory_order_relaxed);
}

bool corm_engine_is_foreign(const corm_engine *engine) {
  return engine->links > 0 && engine->fork_count != atomic_load_explicit(&forks, memory_order_relaxed);
}

corm_driver_target corm_engine_target(const corm_engine *engine) {
  const corm_url *url = &engine->url;
  return (corm_driver_target){.host = url->host,
                              .port = url->port,
                              .username = url->username,
                              .password = url->password,
                              .database = url->database,
                              .options = url->query,
                              .noptions = url->nquery,
                              .busy_timeout_ms = engine->options.busy_timeout_ms};
}

/* The first server that answers says which dialect it speaks. */
static void settle_dialect(corm_engine *engine, const corm_link *link) {
  if (engine->is_settled) return;
  corm_server server = {0};
  link->driver->server(link->native, &server);
  engine->dialect = engine->dialect->for_server(engine->dialect, &server);
  engine->is_settled = true;
}

static corm_status open_link(corm_engine *engine, corm_link **out, corm_error *err) {
  corm_driver_target target = corm_engine_target(engine);
  corm_link *link = corm_mem_zalloc(engine->mem, 1, sizeof *link);
  if (link == NULL) return corm_error_memory(err);
  if (engine->driver->open(engine->driver, engine->mem, &target, &link->native, err) != CORM_OK) {
    corm_mem_free(engine->mem, link);
    return CORM_FAILED;
  }
  int keep = engine->options.stmt_cache_size;
  link->driver = engine->driver;
  link->generation = engine->generation;
  corm_vec_init(&link->users, engine->mem);
  corm_stmt_cache_init(&link->cache, link->native, keep > 0 ? (size_t)keep : 0);
  if (engine->links++ == 0) corm_engine_watch_forks(engine);
  settle_dialect(engine, link);
  *out = link;
  return CORM_OK;
}

/* In a forked child the connection is the parent's: closing it here could write to the database. It is left as it is.
 */
void corm_link_close(corm_engine *engine, corm_link *link) {
  if (corm_engine_is_foreign(engine)) return;
  corm_stmt_cache_clear(&link->cache);
  corm_vec_clear(&link->users);
  link->driver->close(link->native);
  corm_mem_free(engine->mem, link);
  engine->links--;
}

corm_status corm_link_take(corm_engine *engine, corm_conn *user, corm_link **out, corm_error *err) {
  corm_link *link = engine->shared;
  bool idle = link == NULL && engine->idle.len > 0;
  if (idle) link = engine->idle.items[engine->idle.len - 1];
  if (link == NULL && open_link(engine, &link, err) != CORM_OK) return CORM_FAILED;
  if (engine->is_private) engine->shared = link;
  if (corm_vec_push(&link->users, user) != CORM_OK) {
    if (!idle && !engine->is_private) corm_link_close(engine, link);
    return corm_error_memory(err);
  }
  if (idle) engine->idle.len--;
  *out = link;
  return CORM_OK;
}

static bool takes_part(const corm_link *link, const corm_conn *conn) {
  return link->open && conn->txn == CORM_TXN_OPEN && conn->serial == link->serial;
}

static bool is_used_by_others(const corm_link *link) {
  for (size_t i = 0; i < link->users.len; i++) {
    if (takes_part(link, link->users.items[i])) return true;
  }
  return false;
}

void corm_link_give(corm_engine *engine, corm_link *link, corm_conn *user) {
  ptrdiff_t at = corm_vec_index(&link->users, user);
  if (at >= 0) corm_vec_remove(&link->users, (size_t)at);
  if (corm_engine_is_foreign(engine)) return;
  if (link->driver->in_transaction(link->native) && !is_used_by_others(link)) {
    corm_conn_log(user, "ROLLBACK");
    if (link->driver->rollback(link->native, NULL) != CORM_OK) link->broken = true;
    link->open = false;
    link->savepoints = 0;
  }
  if (link->users.len > 0) return;
  if (link->touched && link->driver->restore(link->native, NULL) != CORM_OK) link->broken = true;
  link->touched = false;
  bool current = link->generation == engine->generation && !link->broken;
  if (current && link == engine->shared) return;
  if (link == engine->shared) engine->shared = NULL;
  bool room = engine->options.pool_size > 0 && engine->idle.len < (size_t)engine->options.pool_size;
  if (!current || !room || corm_vec_push(&engine->idle, link) != CORM_OK) corm_link_close(engine, link);
}
