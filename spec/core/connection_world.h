/* A file database with one table t (id, a), a connection to it, and the echo of what it sends. */
#ifndef CORM_SPEC_CONNECTION_WORLD_H
#define CORM_SPEC_CONNECTION_WORLD_H

#include "engine_fixture.h"
#include "temp_dir.h"

typedef struct world {
  temp_dir dir;
  char url[200];
  corm_engine *engine;
  corm_conn *conn;
  corm_buf echo;
  corm_error err;
} world;

static inline int setup(void **state) {
  corm_engine_options options = corm_engine_options_default();
  options.busy_timeout_ms = 20;
  world *w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  temp_dir_open(&w->dir);
  snprintf(w->url, sizeof w->url, "sqlite:///%s", temp_dir_file(&w->dir, "a.db"));
  w->engine = open_engine(w->url, &options);
  w->conn = connect_to(w->engine);
  run(w->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)");
  assert_int_equal(corm_conn_commit(w->conn, NULL), CORM_OK);
  record_echo(w->engine, &w->echo);
  *state = w;
  return 0;
}

static inline int teardown(void **state) {
  world *w = *state;
  corm_error_clear(&w->err);
  corm_conn_release(w->conn);
  corm_engine_release(w->engine);
  corm_buf_clear(&w->echo);
  temp_dir_close(&w->dir);
  free(w);
  return 0;
}

/* What another process would see. */
static inline int64_t committed(world *w) {
  corm_engine *engine = open_engine(w->url, NULL);
  corm_conn *conn = connect_to(engine);
  int64_t n = number(conn, "SELECT count(*) FROM t");
  corm_conn_release(conn);
  corm_engine_release(engine);
  return n;
}

static inline void insert(world *w, const char *text) {
  char sql[100];
  snprintf(sql, sizeof sql, "INSERT INTO t (a) VALUES ('%s')", text);
  run(w->conn, sql);
}

static inline int open_savepoint(world *w) {
  int depth = 0;
  done(corm_conn_savepoint(w->conn, &depth, &w->err), w->err);
  return depth;
}

#endif
