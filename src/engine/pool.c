/*
 * Who gets which physical connection. A Lua state has one thread: while somebody waits for a connection, nobody can
 * give one back. So an empty pool first lets the host collect what was dropped without being closed, and then says at
 * once what a queue would say after its timeout.
 */
#include "base/time.h"
#include "engine/internal.h"

static bool is_shared(const corm_engine *engine) {
  return engine->pool == CORM_POOL_STATIC || engine->pool == CORM_POOL_SINGLETON;
}

/* -- taking -------------------------------------------------------------------------------------------------------- */

/* A shared one is never too old: it may be a database in memory. */
static bool is_stale(const corm_engine *engine, const corm_link *link) {
  if (link->broken || link->generation != engine->generation) return true;
  int64_t limit = engine->options.pool_recycle_s;
  return limit >= 0 && !is_shared(engine) && corm_clock_monotonic() - link->opened_at >= limit * 1000000;
}

/* Asks the other end, where that is wanted. What does not answer has broken for all. */
static bool answers(corm_engine *engine, corm_link *link) {
  if (!engine->options.pool_pre_ping || link->driver->ping == NULL) return true;
  corm_error err;
  corm_error_init(&err);
  if (link->driver->ping(link->native, &err) == CORM_OK) return true;
  corm_link_break(engine, link, &err, true);
  corm_error_clear(&err);
  return false;
}

static corm_link *take_idle(corm_engine *engine) {
  while (engine->idle.len > 0) {
    size_t at = engine->options.pool_use_fifo ? 0 : engine->idle.len - 1;
    corm_link *link = engine->idle.items[at];
    corm_vec_remove(&engine->idle, at);
    if (!is_stale(engine, link) && answers(engine, link)) return link;
    corm_link_close(engine, link);
  }
  return NULL;
}

/* A shared one that nobody uses may be replaced; one in use stays what it is. */
static corm_link *take_shared(corm_engine *engine) {
  corm_link *link = engine->shared;
  if (link == NULL) return NULL;
  if (link->users.len > 0 && !link->broken) return link;
  if (link->users.len == 0 && !is_stale(engine, link) && answers(engine, link)) return link;
  engine->shared = NULL;
  if (link->users.len == 0) corm_link_close(engine, link);
  return NULL;
}

static bool is_exhausted(const corm_engine *engine) {
  const corm_engine_options *options = &engine->options;
  if (engine->pool == CORM_POOL_ASSERTION) return engine->used >= 1;
  if (engine->pool != CORM_POOL_QUEUE || options->pool_size == 0 || options->max_overflow < 0) return false;
  return engine->used >= (size_t)options->pool_size + (size_t)options->max_overflow;
}

static corm_status exhausted(const corm_engine *engine, corm_error *err) {
  if (engine->pool == CORM_POOL_ASSERTION) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "connection is already checked out");
  }
  corm_error_set(err, CORM_E_TIMEOUT,
                 "QueuePool limit of size %d overflow %d reached, connection timed out, timeout %.2f",
                 engine->options.pool_size, engine->options.max_overflow, engine->options.pool_timeout);
  corm_error_hint(err, "close connections and sessions that are no longer used; nobody else can while this waits");
  return CORM_FAILED;
}

static corm_status take(corm_engine *engine, corm_link **out, corm_error *err) {
  corm_engine_observer observer = engine->observer;
  if (is_exhausted(engine) && observer.collect != NULL) observer.collect(observer.ctx);
  if (is_exhausted(engine)) return exhausted(engine, err);
  *out = is_shared(engine) ? take_shared(engine) : take_idle(engine);
  return *out != NULL ? CORM_OK : corm_link_open(engine, out, err);
}

/* What is no longer used goes back, or is closed. */
static void put(corm_engine *engine, corm_link *link, bool usable) {
  const corm_engine_options *options = &engine->options;
  bool current = usable && !is_stale(engine, link);
  if (link == engine->shared) {
    if (current) return;
    engine->shared = NULL;
  }
  size_t room = engine->pool == CORM_POOL_QUEUE       ? (size_t)options->pool_size
                : engine->pool == CORM_POOL_ASSERTION ? 1
                                                      : 0;
  if (engine->pool == CORM_POOL_QUEUE && options->pool_size == 0) room = SIZE_MAX;
  if (!current || engine->idle.len >= room || corm_vec_push(&engine->idle, link) != CORM_OK) {
    corm_link_close(engine, link);
  }
}

corm_status corm_link_take(corm_engine *engine, corm_conn *user, corm_link **out, corm_error *err) {
  corm_link *link = NULL;
  if (take(engine, &link, err) != CORM_OK) return CORM_FAILED;
  if (is_shared(engine)) engine->shared = link;
  corm_status status = corm_vec_push(&link->users, user);
  if (status != CORM_OK) (void)corm_error_memory(err);
  if (status == CORM_OK) {
    if (link->users.len == 1) engine->used++;
    status = corm_link_tell(engine, CORM_ENGINE_CHECKOUT, link, NULL, err);
    if (status == CORM_OK) {
      *out = link;
      return CORM_OK;
    }
    link->users.len--;
    if (link->users.len == 0) engine->used--;
  }
  if (link->users.len == 0) put(engine, link, true);
  return CORM_FAILED;
}

/* -- giving back --------------------------------------------------------------------------------------------------- */

static bool is_used_by_others(const corm_link *link) {
  for (size_t i = 0; i < link->users.len; i++) {
    if (corm_conn_takes_part(link->users.items[i])) return true;
  }
  return false;
}

/* What the user began and did not end is never committed, whatever the pool does with leftovers. */
static void roll_back(corm_link *link, corm_conn *user) {
  corm_conn_log(user, "ROLLBACK");
  corm_error ignored;
  corm_error_init(&ignored);
  if (corm_conn_tell(user, CORM_ENGINE_ROLLBACK, NULL, &ignored) != CORM_OK) corm_error_clear(&ignored);
  if (link->driver->rollback(link->native, NULL) != CORM_OK) link->broken = true;
  link->open = false;
  link->savepoints = 0;
}

void corm_link_give(corm_engine *engine, corm_link *link, corm_conn *user) {
  ptrdiff_t at = corm_vec_index(&link->users, user);
  bool took_part = corm_conn_takes_part(user);
  if (at >= 0) corm_vec_remove(&link->users, (size_t)at);
  if (corm_link_is_foreign(link)) {
    if (link->users.len > 0) return;
    if (link == engine->shared) engine->shared = NULL;
    corm_link_close(engine, link);
    return;
  }
  if (took_part && !link->broken && !is_used_by_others(link) && link->driver->in_transaction(link->native)) {
    roll_back(link, user);
  }
  if (link->users.len > 0) return;
  engine->used--;
  put(engine, link, corm_link_restore(engine, link));
}

void corm_pool_empty(corm_engine *engine) {
  while (engine->idle.len > 0) corm_link_close(engine, engine->idle.items[--engine->idle.len]);
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

corm_pool_state corm_engine_pool(const corm_engine *engine) {
  static const char *const names[] = {
#define CORM_X(id, name) [CORM_POOL_##id] = name,
      CORM_POOLS(CORM_X)
#undef CORM_X
  };
  engine = engine->root;
  int idle = (int)engine->idle.len;
  if (engine->shared != NULL && engine->shared->users.len == 0) idle++;
  corm_pool_state state = {.name = names[engine->pool], .idle = idle, .used = (int)engine->used};
  if (engine->pool == CORM_POOL_QUEUE) state.size = engine->options.pool_size;
  if (engine->pool == CORM_POOL_QUEUE) state.overflow = state.idle + state.used - state.size;
  return state;
}
