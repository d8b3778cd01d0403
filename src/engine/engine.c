/* Making, sharing and ending engines. */
#include "engine/engine.h"

#include <string.h>

#include "engine/internal.h"

corm_engine_options corm_engine_options_default(void) {
  return (corm_engine_options){.stmt_cache_size = 128,
                               .pool_size = 5,
                               .max_overflow = 10,
                               .pool_timeout = 30,
                               .pool_recycle_s = -1,
                               .busy_timeout_ms = 5000};
}

/* -- what a URL names ---------------------------------------------------------------------------------------------- */

static corm_status check_options(const corm_driver *driver, const corm_url *url, corm_error *err) {
  const char *const *names = driver->option_names;
  size_t n = 0;
  while (names[n] != NULL) n++;
  for (size_t i = 0; i < url->nquery; i++) {
    size_t at = 0;
    while (at < n && strcmp(names[at], url->query[i].key) != 0) at++;
    if (at == n) return corm_name_unknown("option in the database URL:", url->query[i].key, names, n, err);
  }
  return CORM_OK;
}

corm_status corm_engine_target(const corm_engine *engine, const corm_url *url, corm_driver_target *out,
                               corm_error *err) {
  *out = (corm_driver_target){.host = url->host,
                              .port = url->port,
                              .username = url->username,
                              .password = url->password,
                              .database = url->database,
                              .options = url->query,
                              .noptions = url->nquery,
                              .busy_timeout_ms = engine->options.busy_timeout_ms};
  if (check_options(engine->driver, url, err) != CORM_OK) return CORM_FAILED;
  return engine->driver->check(engine->driver, out, err);
}

static bool copy_text(corm_arena *arena, const char **text) {
  if (*text != NULL) *text = corm_arena_dup(arena, *text, strlen(*text));
  return !arena->failed;
}

static bool copy_url(corm_arena *arena, corm_url *url) {
  if (!copy_text(arena, &url->dialect) || !copy_text(arena, &url->driver) || !copy_text(arena, &url->username) ||
      !copy_text(arena, &url->password) || !copy_text(arena, &url->host) || !copy_text(arena, &url->database)) {
    return false;
  }
  corm_driver_option *options = corm_arena_zalloc(arena, url->nquery, sizeof *options);
  for (size_t i = 0; i < url->nquery && options != NULL; i++) {
    options[i] = url->query[i];
    if (!copy_text(arena, &options[i].key) || !copy_text(arena, &options[i].value)) return false;
  }
  url->query = options;
  return options != NULL;
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

static void free_engine(corm_engine *engine) {
  if (engine->root != engine) {
    corm_engine_release(engine->root);
    corm_mem_free(engine->mem, engine);
    return;
  }
  corm_engine_dispose(engine);
  corm_vec_clear(&engine->idle);
  corm_arena_clear(&engine->arena);
  corm_mem_free(engine->mem, engine);
}

static corm_engine *make_engine(const corm_mem *mem, const corm_engine_options *options) {
  corm_engine *engine = corm_mem_zalloc(mem, 1, sizeof *engine);
  if (engine == NULL) return NULL;
  engine->refs = 1;
  engine->root = engine;
  engine->mem = mem;
  engine->options = options != NULL ? *options : corm_engine_options_default();
  engine->conn_options = engine->options.connection;
  corm_arena_init(&engine->arena, mem);
  corm_vec_init(&engine->idle, mem);
  return engine;
}

/* With dialect, driver and URL in place: everything that can be refused before a connection is opened. */
static corm_status finish(corm_engine *engine, corm_error *err) {
  corm_driver_target target;
  if (corm_engine_target(engine, &engine->url, &target, err) != CORM_OK) return CORM_FAILED;
  bool is_private = engine->driver->is_private(engine->driver, &target);
  engine->pool = engine->options.pool_class;
  if (engine->pool == CORM_POOL_DEFAULT) engine->pool = is_private ? CORM_POOL_SINGLETON : CORM_POOL_QUEUE;
  engine->is_settled = engine->dialect->for_server == NULL || engine->driver->server == NULL;
  return CORM_OK;
}

corm_status corm_engine_new(const corm_mem *mem, const char *url, size_t len, const corm_engine_options *options,
                            corm_engine **out, corm_error *err) {
  corm_engine *engine = make_engine(mem, options);
  if (engine == NULL) return corm_error_memory(err);
  if (corm_url_parse_in(&engine->arena, url, len, &engine->url, err) != CORM_OK ||
      corm_dialect_choose(engine->url.dialect, engine->url.driver, &engine->dialect, &engine->driver, err) != CORM_OK ||
      finish(engine, err) != CORM_OK) {
    free_engine(engine);
    return CORM_FAILED;
  }
  *out = engine;
  return CORM_OK;
}

corm_status corm_engine_new_with(const corm_mem *mem, const corm_dialect *dialect, const corm_driver *driver,
                                 const corm_url *url, const corm_engine_options *options, corm_engine **out,
                                 corm_error *err) {
  corm_engine *engine = make_engine(mem, options);
  if (engine == NULL) return corm_error_memory(err);
  engine->dialect = dialect;
  engine->driver = driver;
  engine->url = *url;
  if (!copy_url(&engine->arena, &engine->url)) {
    free_engine(engine);
    return corm_error_memory(err);
  }
  if (finish(engine, err) != CORM_OK) {
    free_engine(engine);
    return CORM_FAILED;
  }
  *out = engine;
  return CORM_OK;
}

void corm_engine_acquire(corm_engine *engine) {
  engine->refs++;
}

void corm_engine_release(corm_engine *engine) {
  if (engine != NULL && --engine->refs == 0) free_engine(engine);
}

corm_status corm_engine_sibling(corm_engine *engine, const corm_conn_options *options, corm_engine **out,
                                corm_error *err) {
  corm_engine *sibling = corm_mem_zalloc(engine->mem, 1, sizeof *sibling);
  if (sibling == NULL) return corm_error_memory(err);
  sibling->refs = 1;
  sibling->mem = engine->mem;
  sibling->root = engine->root;
  sibling->conn_options = *options;
  corm_engine_acquire(engine->root);
  *out = sibling;
  return CORM_OK;
}

corm_engine *corm_engine_root(corm_engine *engine) {
  return engine->root;
}

bool corm_engine_lints(const corm_engine *engine) {
  return engine->options.from_linting;
}

const corm_conn_options *corm_engine_conn_options(const corm_engine *engine) {
  return &engine->conn_options;
}

void corm_engine_set_conn_options(corm_engine *engine, const corm_conn_options *options) {
  engine->conn_options = *options;
}

void corm_engine_dispose(corm_engine *engine) {
  engine = engine->root;
  bool foreign = corm_engine_is_foreign(engine);
  engine->generation++;
  corm_pool_empty(engine);
  corm_link *shared = engine->shared;
  engine->shared = NULL; /* its users keep it until they are done; the next connection has a new database */
  if (shared != NULL && shared->users.len == 0) corm_link_close(engine, shared);
  if (foreign) corm_engine_adopt(engine);
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

const corm_mem *corm_engine_mem(const corm_engine *engine) {
  return engine->mem;
}

const corm_dialect *corm_engine_dialect(const corm_engine *engine) {
  return engine->root->dialect;
}

bool corm_engine_is_settled(const corm_engine *engine) {
  return engine->root->is_settled;
}

const corm_driver *corm_engine_driver(const corm_engine *engine) {
  return engine->root->driver;
}

const corm_url *corm_engine_url(const corm_engine *engine) {
  return &engine->root->url;
}

corm_engine_options *corm_engine_settings(corm_engine *engine) {
  return &engine->root->options;
}

void corm_engine_observe(corm_engine *engine, const corm_engine_observer *observer) {
  engine->root->observer = observer != NULL ? *observer : (corm_engine_observer){0};
}
