/* A process that forks with connections to servers open: the child can neither use nor end them, and the parent does
   not notice that there was one. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine_fixture.h"

enum { SKIPPED = 77 };

/* One server of the two. */
typedef struct kind {
  const char *variable;
  const char *session; /* SQL that asks for the number of the session at the other end */
} kind;

static const kind postgresql = {"CORM_TEST_POSTGRESQL", "SELECT pg_backend_pid()"};
static const kind mariadb = {"CORM_TEST_MARIADB", "SELECT CAST(connection_id() AS SIGNED)"};

/* What the parent has when it forks: one connection in a transaction, in the middle of a stream, and an idle one. */
typedef struct world {
  const kind *server;
  corm_engine *engine;
  corm_conn *conn;
  corm_result *stream;
  int64_t session, idle_session;
} world;

static const char *url_of(const kind *server) {
  const char *url = getenv(server->variable);
  return url != NULL && url[0] != '\0' ? url : NULL;
}

/* Three rows, one by one. */
static corm_result *stream(corm_conn *conn) {
  corm_result *result = NULL;
  corm_error err = {0};
  handmade h;
  handmade_init(&h, "SELECT a FROM forked ORDER BY a");
  handmade_column(&h, "a", CORM_TYPE_INTEGER);
  const corm_execution execution = {.stream_results = true};
  done(corm_conn_execute_many(conn, &h.compiled, NULL, 0, &execution, &result, &err), err);
  return result;
}

static void open_world(world *w, const kind *server) {
  w->server = server;
  w->engine = open_engine(url_of(server), NULL);
  w->conn = connect_to(w->engine);
  corm_conn *idle = connect_to(w->engine);
  w->session = number(w->conn, server->session);
  w->idle_session = number(idle, server->session);
  corm_conn_release(idle);
  run(w->conn, "CREATE TEMPORARY TABLE forked (a INTEGER)");
  run(w->conn, "INSERT INTO forked VALUES (1), (2)");
  done(corm_conn_commit(w->conn, NULL), (corm_error){0});
  run(w->conn, "INSERT INTO forked VALUES (3)");
  w->stream = stream(w->conn);
  assert_int_equal(corm_result_next(w->stream, NULL), CORM_ROW);
}

/* The parent goes on where it was. */
static void close_world(world *w) {
  corm_value value;
  assert_int_equal(corm_result_next(w->stream, NULL), CORM_ROW);
  corm_result_raw(w->stream, 0, &value);
  assert_int_equal(value.as.i, 2);
  assert_int_equal(corm_result_next(w->stream, NULL), CORM_ROW);
  assert_int_equal(corm_result_next(w->stream, NULL), CORM_DONE);
  corm_result_release(w->stream);
  assert_int_equal(number(w->conn, w->server->session), w->session);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM forked"), 3);
  assert_int_equal(corm_conn_rollback(w->conn, NULL), CORM_OK);
  assert_int_equal(number(w->conn, "SELECT count(*) FROM forked"), 2);
  corm_conn *idle = connect_to(w->engine);
  assert_int_equal(number(idle, w->server->session), w->idle_session);
  corm_conn_release(idle);
  corm_conn_release(w->conn);
  corm_engine_release(w->engine);
}

/* Runs it in a child; 0 is what it must return. `leave`: how the child ends. */
static void in_child(world *w, int (*act)(world *w), void (*leave)(int status)) {
  int status = 0;
  (void)fflush(NULL);
  pid_t child = fork();
  if (child == 0) leave(act(w));
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* -- children ------------------------------------------------------------------------------------------------------ */

static bool is_refused(corm_status status, corm_error *err) {
  bool refused = status == CORM_FAILED && err->cls == CORM_E_ILLEGAL_STATE_CHANGE && strstr(err->message, "fork()");
  corm_error_clear(err);
  *err = (corm_error){0};
  return refused;
}

static int use_all(world *w) {
  corm_conn *other = NULL;
  corm_result *none = NULL;
  corm_error err = {0};
  int depth = 0;
  if (!is_refused(corm_engine_connect(w->engine, &other, &err), &err)) return 1;
  if (!is_refused(corm_conn_execute_sql(w->conn, "SELECT 1", 8, NULL, &none, &err), &err)) return 2;
  if (!is_refused(corm_result_next(w->stream, &err), &err)) return 3;
  if (!is_refused(corm_conn_savepoint(w->conn, &depth, &err), &err)) return 4;
  if (!is_refused(corm_conn_commit(w->conn, &err), &err)) return 5;
  if (!is_refused(corm_conn_rollback(w->conn, &err), &err)) return 6;
  return 0;
}

static int close_all(world *w) {
  corm_result_close(w->stream);
  corm_result_release(w->stream);
  corm_conn_close(w->conn);
  corm_conn_release(w->conn);
  corm_engine_release(w->engine);
  return 0;
}

static int invalidate(world *w) {
  corm_error err = {0};
  corm_conn_invalidate(w->conn, NULL);
  if (!is_refused(corm_conn_rollback(w->conn, &err), &err) && corm_conn_txn(w->conn) != CORM_TXN_NONE) return 1;
  corm_result *none = NULL;
  if (!is_refused(corm_conn_execute_sql(w->conn, "SELECT 1", 8, NULL, &none, &err), &err)) return 2;
  return close_all(w);
}

/* Connections of its own, while those of the parent are still held, and afterwards. */
static int open_its_own(world *w) {
  corm_conn *own = NULL;
  corm_error err = {0};
  int64_t first = 0;
  corm_engine_dispose(w->engine);
  for (int i = 0; i < 2; i++) {
    if (corm_engine_connect(w->engine, &own, &err) != CORM_OK) return 1;
    int64_t session = number(own, w->server->session);
    if (session == w->session || session == w->idle_session) return 2;
    if (i == 1 && session != first) return 3; /* it came from the pool */
    first = session;
    corm_conn_release(own);
    corm_result *none = NULL;
    if (i == 0 && !is_refused(corm_conn_execute_sql(w->conn, "SELECT 1", 8, NULL, &none, &err), &err)) return 4;
    if (i == 0) corm_result_release(w->stream);
    if (i == 0) corm_conn_release(w->conn);
  }
  corm_pool_state pool = corm_engine_pool(w->engine);
  if (pool.used != 0 || pool.idle != 1) return 5;
  corm_engine_release(w->engine);
  return 0;
}

/* A child of the child, which has a connection of its own by then. */
static int fork_again(world *w) {
  corm_conn *own = NULL;
  corm_error err = {0};
  int status = 0;
  corm_engine_dispose(w->engine);
  if (corm_engine_connect(w->engine, &own, &err) != CORM_OK) return 1;
  int64_t session = number(own, w->server->session);
  pid_t child = fork();
  if (child == 0) {
    corm_result *none = NULL;
    bool refused = is_refused(corm_conn_execute_sql(own, "SELECT 1", 8, NULL, &none, &err), &err);
    corm_conn_release(own);
    corm_engine_dispose(w->engine);
    refused = refused && corm_engine_connect(w->engine, &own, &err) == CORM_OK;
    _exit(refused && number(own, w->server->session) != session ? 0 : 1);
  }
  if (waitpid(child, &status, 0) != child || status != 0) return 2;
  if (number(own, w->server->session) != session) return 3;
  corm_conn_release(own);
  return close_all(w);
}

static int do_nothing(world *w) {
  (void)w;
  return 0;
}

/* -- with each server ---------------------------------------------------------------------------------------------- */

static void try_child(const kind *server, int (*act)(world *w), void (*leave)(int status)) {
  world w;
  if (url_of(server) == NULL) skip();
  open_world(&w, server);
  in_child(&w, act, leave);
  close_world(&w);
}

#define CHILD(name, act, leave)                                                                                        \
  static void name(void **state) {                                                                                     \
    try_child(*state, act, leave);                                                                                     \
  }

CHILD(use_is_refused, use_all, _exit)
CHILD(closing_says_nothing, close_all, _exit)
CHILD(exit_says_nothing, do_nothing, exit)
CHILD(invalidating_says_nothing, invalidate, _exit)
CHILD(dispose_frees_the_engine, open_its_own, _exit)
CHILD(grandchild_is_refused, fork_again, _exit)

int main(void) {
#define ON(which, test)                                                                                                \
  { .name = #test " on " #which, .test_func = test, .initial_state = (void *)(uintptr_t)&which }
#define ON_BOTH(test) ON(postgresql, test), ON(mariadb, test)
  const struct CMUnitTest tests[] = {
      ON_BOTH(use_is_refused),           ON_BOTH(closing_says_nothing),
      ON_BOTH(exit_says_nothing),        ON_BOTH(invalidating_says_nothing),
      ON_BOTH(dispose_frees_the_engine), ON_BOTH(grandchild_is_refused),
  };
  if (url_of(&postgresql) == NULL && url_of(&mariadb) == NULL) return SKIPPED;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
