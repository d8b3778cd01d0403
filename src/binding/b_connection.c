/* Connection: executing statements, committing, closing. */
#include <string.h>

#include "binding/b_bindparam.h"
#include "binding/b_engine.h"
#include "binding/b_load.h"
#include "binding/b_params.h"
#include "binding/b_result.h"
#include "binding/b_statement.h"
#include "binding/state.h"

corm_conn *binding_check_conn(lua_State *L, int arg, const char *what) {
  const binding_conn *object = binding_check(L, arg, BINDING_CONNECTION, what);
  if (!object->conn) binding_error(L, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  return object->conn;
}

/* -- making -- */

/* Pushes a Connection without a core connection yet. */
static binding_conn *push_empty(lua_State *L, int engine) {
  engine = lua_absindex(L, engine);
  binding_conn *object = binding_new(L, BINDING_CONNECTION, sizeof *object, BINDING_CONN_SLOTS);
  lua_pushvalue(L, engine);
  lua_setiuservalue(L, -2, BINDING_CONN_ENGINE);
  return object;
}

static void remember(lua_State *L, const corm_conn *conn) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->connections);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, conn);
  lua_pop(L, 1);
}

void binding_push_conn(lua_State *L, corm_conn *conn, int engine) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->connections);
  lua_rawgetp(L, -1, conn);
  lua_remove(L, -2);
  const binding_conn *known = binding_test(L, -1, BINDING_CONNECTION);
  if (known && known->conn == conn) return;
  lua_pop(L, 1);
  binding_conn *object = push_empty(L, engine);
  corm_conn_acquire(conn);
  object->conn = conn;
  remember(L, conn);
}

corm_conn *binding_open_conn(lua_State *L, int engine) {
  corm_error err;
  corm_error_init(&err);
  engine = lua_absindex(L, engine);
  corm_engine *core = binding_check_engine(L, engine, "connect");
  binding_conn *object = push_empty(L, engine);
  binding_get(L)->L = L;
  if (corm_engine_connect(core, &object->conn, &err) != CORM_OK) binding_raise(L, &err);
  remember(L, object->conn);
  return object->conn;
}

/* -- events around an execution -- */

/* The list of listeners of the Connection at `conn`, or nothing. */
static size_t push_listeners(lua_State *L, int conn, const char *name) {
  lua_getiuservalue(L, conn, BINDING_CONN_ENGINE);
  size_t n = binding_push_listeners(L, lua_gettop(L), name);
  lua_remove(L, n ? -2 : -1);
  return n;
}

/* Pushes (conn, statement, multiparams, params, execution_options). */
static void push_event_args(lua_State *L, int conn, int stmt, int params) {
  bool many = false;
  if (lua_istable(L, params)) {
    lua_rawgeti(L, params, 1);
    many = lua_istable(L, -1);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, conn);
  lua_pushvalue(L, stmt);
  if (many)
    lua_pushvalue(L, params);
  else
    lua_newtable(L);
  if (many || lua_isnoneornil(L, params))
    lua_newtable(L);
  else
    lua_pushvalue(L, params);
  if (!binding_push_execution_options(L, stmt)) lua_newtable(L);
}

/* before_execute. A listener with retval gives statement, multiparams and params anew, at `stmt` and `params`. */
static void fire_before(lua_State *L, int conn, int stmt, int params) {
  size_t n = push_listeners(L, conn, "before_execute");
  if (n == 0) return;
  int list = lua_gettop(L);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    lua_rawgeti(L, -1, 2);
    bool retval = lua_toboolean(L, -1);
    lua_rawgeti(L, -2, 1);
    push_event_args(L, conn, stmt, params);
    lua_call(L, 5, 3);
    if (retval) {
      if (!lua_istable(L, -2) || !lua_istable(L, -1))
        binding_error(L, CORM_E_ARGUMENT,
                      "before_execute with retval must return the statement, multiparams and params");
      bool many = lua_rawlen(L, -2) > 0;
      lua_pushvalue(L, many ? -2 : -1);
      lua_replace(L, params);
      lua_pushvalue(L, -3);
      lua_replace(L, stmt);
    }
    lua_settop(L, list);
  }
  lua_pop(L, 1);
}

/* after_execute; the Result is on the top and stays there. */
static void fire_after(lua_State *L, int conn, int stmt, int params) {
  int result = lua_gettop(L);
  size_t n = push_listeners(L, conn, "after_execute");
  if (n == 0) return;
  int list = lua_gettop(L);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    lua_rawgeti(L, -1, 1);
    push_event_args(L, conn, stmt, params);
    lua_pushvalue(L, result);
    lua_call(L, 6, 0);
    lua_settop(L, list);
  }
  lua_settop(L, result);
}

/* -- executing -- */

/* `first`: the first set of parameters; `keys`: the key of an INSERT is wanted. */
void binding_compile_execution(lua_State *L, int stmt, int first, bool keys, const corm_engine *engine,
                               const corm_criteria *criteria, corm_arena *arena, corm_compiled *out) {
  binding_late late;
  binding_late_init(&late, L, first, !keys);
  const corm_compile_options options = {
      .late = &late.late, .criteria = criteria, .keys = keys, .lint = corm_engine_lints(engine)};
  const corm_dialect *dialect = corm_engine_dialect(engine);
  corm_error err;
  corm_error_init(&err);
  const corm_node *node = binding_tonode(L, stmt), *wanted = node;
  binding_get(L)->dialect = dialect;
  if (node) wanted = binding_params_statement(L, node, first, arena);
  corm_status status;
  if (wanted == node)
    status = binding_compile(L, stmt, dialect, &options, arena, out, &err);
  else if (!wanted)
    status = corm_error_memory(&err);
  else
    status = corm_compile_in(arena, dialect, wanted, &options, out, &err);
  if (status == CORM_OK && out->unfiltered)
    (void)corm_error_set(&err, CORM_E_ARGUMENT,
                         "an UPDATE or DELETE without criteria would change every row; say so with { all = true }");
  if (err.is_set) binding_raise(L, &err);
}

enum { MAX_PAGE = 100000 }; /* rows of a cursor that are fetched together */

void binding_read_streaming(lua_State *L, int stmt, corm_execution *out) {
  if (!binding_push_execution_options(L, stmt)) return;
  const lua_Integer size = binding_opt_int(L, -1, "yield_per", 0);
  out->page = size > 0 ? (uint32_t)(size < MAX_PAGE ? size : MAX_PAGE) : 0;
  out->stream_results = binding_opt_bool(L, -1, "stream_results", out->page > 0);
  lua_pop(L, 1);
}

void binding_execute(lua_State *L, int conn_index, int stmt_index, int params_index) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_compiled compiled;
  bool many;
  luaL_checkstack(L, 24, "execute");
  int base = lua_gettop(L), conn_at = base + 1, stmt = base + 2, params = base + 3;
  conn_index = lua_absindex(L, conn_index);
  stmt_index = lua_absindex(L, stmt_index);
  params_index = lua_absindex(L, params_index);
  lua_pushvalue(L, conn_index);
  lua_pushvalue(L, stmt_index);
  if (params_index > base) /* not given */
    lua_pushnil(L);
  else
    lua_pushvalue(L, params_index);
  corm_conn *conn = binding_check_conn(L, conn_at, "execute");
  if (corm_conn_is_closed(conn)) binding_error(L, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  fire_before(L, conn_at, stmt, params);
  corm_arena *arena = binding_scratch(L, state);
  corm_plan_criteria own;
  const corm_criteria *criteria = binding_push_criteria(L, stmt, &own);
  binding_params_first(L, params, &many);
  binding_compile_execution(L, stmt, -1, !many, corm_conn_engine(conn), criteria, arena, &compiled);
  size_t nsets;
  const corm_params *sets = binding_params_read(L, &compiled, params, many, arena, &nsets);
  binding_result *result = binding_new_result(L, conn_at, stmt);
  result->is_insert = compiled.is_insert;
  state->L = L;
  corm_execution execution = {0};
  binding_read_streaming(L, stmt, &execution);
  if (!many && !nsets) sets = NULL;
  corm_status status =
      corm_conn_execute_many(conn, &compiled, sets, many ? nsets : sets != NULL, &execution, &result->result, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  if (compiled.written) binding_result_written(L, result->result, &compiled, sets, nsets);
  binding_result_started(L, result);
  if (compiled.is_insert && !many && !compiled.written &&
      binding_push_inserted_key(L, &compiled, nsets ? sets : NULL, result->result))
    lua_setiuservalue(L, -2, BINDING_RESULT_KEY);
  binding_scratch_done(L, state, arena);
  fire_after(L, conn_at, stmt, params);
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
}

/* Leaves connection, statement, parameters; refuses more. */
static void execute_args(lua_State *L, const char *what) {
  binding_check_conn(L, 1, what);
  if (lua_gettop(L) > 3)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a statement and its parameters expected; options go through execution_options", what);
  lua_settop(L, 3);
}

static int conn_execute(lua_State *L) {
  execute_args(L, "Connection:execute");
  binding_execute(L, 1, 2, 3);
  return 1;
}

/* The Result of the execution as argument 1 of one of its methods. */
static int execute_then(lua_State *L, lua_CFunction method) {
  binding_execute(L, 1, 2, 3);
  lua_insert(L, 1);
  lua_settop(L, 1);
  return method(L);
}

static int conn_scalar(lua_State *L) {
  execute_args(L, "Connection:scalar");
  return execute_then(L, binding_result_scalar);
}

static int conn_scalars(lua_State *L) {
  execute_args(L, "Connection:scalars");
  return execute_then(L, binding_result_scalars);
}

/* conn:exec_driver_sql(sql [, params]): native placeholders, positions or names; a list of either is executed one by
 * one. */
static int conn_exec_driver_sql(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  corm_conn *conn = binding_check_conn(L, 1, "Connection:exec_driver_sql");
  size_t len;
  corm_error err;
  corm_error_init(&err);
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "exec_driver_sql: SQL text expected, got %s", binding_typename(L, 2));
  if (!lua_isnoneornil(L, 3) && !lua_istable(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "exec_driver_sql: a table of parameters expected, got %s",
                         binding_typename(L, 3));
  lua_settop(L, 3);
  const char *sql = lua_tolstring(L, 2, &len);
  bool many = lua_istable(L, 3) && lua_rawgeti(L, 3, 1) == LUA_TTABLE;
  lua_settop(L, 3);
  size_t n = many ? lua_rawlen(L, 3) : 1;
  int64_t total = 0;
  corm_arena *arena = binding_scratch(L, state);
  binding_result *result = binding_new_result(L, 1, 0);
  state->L = L;
  for (size_t i = 1; i <= n; i++) {
    corm_params params;
    if (many) lua_rawgeti(L, 3, (lua_Integer)i);
    if (many && !lua_istable(L, -1))
      return binding_error(L, CORM_E_ARGUMENT, "exec_driver_sql: a list of parameters holds tables, not a %s",
                           binding_typename(L, -1));
    binding_params_native(L, many ? -1 : 3, false, arena, &params);
    if (many) lua_pop(L, 1);
    corm_result *old = result->result;
    result->result = NULL;
    corm_result_release(old);
    if (corm_conn_execute_sql(conn, sql, len, &params, &result->result, &err) != CORM_OK) return binding_raise(L, &err);
    total += corm_result_rowcount(result->result);
  }
  if (many) result->rowcount = total;
  binding_result_started(L, result);
  binding_scratch_done(L, state, arena);
  return 1;
}

/* -- transactions and closing -- */

static int conn_commit(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:commit");
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (corm_conn_commit(conn, &err) != CORM_OK) return binding_raise(L, &err);
  binding_transactions_ended(L, 1, 0);
  return 0;
}

static int conn_rollback(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:rollback");
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (corm_conn_rollback(conn, &err) != CORM_OK) return binding_raise(L, &err);
  binding_transactions_ended(L, 1, 0);
  return 0;
}

static int conn_close(lua_State *L) {
  binding_conn *object = binding_check(L, 1, BINDING_CONNECTION, "Connection:close");
  binding_get(L)->L = L;
  if (object->conn) corm_conn_close(object->conn);
  return 0;
}

/* __close(connection, error) */
static int conn_on_close(lua_State *L) {
  binding_conn *object = binding_test(L, 1, BINDING_CONNECTION);
  corm_error err;
  corm_error_init(&err);
  if (!object || !object->conn || corm_conn_is_closed(object->conn)) return 0;
  binding_get(L)->L = L;
  if (object->commits_on_close && !binding_closes_failed(L)) (void)!corm_conn_commit(object->conn, &err);
  corm_conn_close(object->conn);
  return err.is_set ? binding_raise(L, &err) : 0;
}

static int conn_gc(lua_State *L) {
  binding_conn *object = binding_test(L, 1, BINDING_CONNECTION);
  if (!object) return 0;
  binding_upvalue(L)->L = L;
  corm_conn *conn = object->conn;
  object->conn = NULL;
  corm_conn_release(conn);
  return 0;
}

/* -- options -- */

/* conn:execution_options { ... }: changes this connection and gives it. */
static int conn_execution_options(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:execution_options");
  corm_conn_options options = *corm_conn_get_options(conn);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 2);
  binding_check_execution_options(L, 2, "Connection:execution_options");
  binding_read_execution_options(L, 2, corm_conn_engine(conn), &options);
  if (corm_conn_set_options(conn, &options, &err) != CORM_OK) return binding_raise(L, &err);
  lua_settop(L, 1);
  return 1;
}

static int conn_get_execution_options(lua_State *L) {
  const corm_conn *conn = binding_check_conn(L, 1, "Connection:get_execution_options");
  binding_push_execution_table(L, corm_conn_get_options(conn));
  return 1;
}

static int push_level(lua_State *L, const char *what,
                      corm_status (*ask)(corm_conn *conn, corm_isolation *out, corm_error *err)) {
  corm_conn *conn = binding_check_conn(L, 1, what);
  corm_isolation level = CORM_ISOLATION_DEFAULT;
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (ask(conn, &level, &err) != CORM_OK) return binding_raise(L, &err);
  lua_pushstring(L, corm_isolation_name(level));
  return 1;
}

static int conn_get_isolation_level(lua_State *L) {
  return push_level(L, "Connection:get_isolation_level", corm_conn_isolation);
}

/* conn:invalidate(): the physical connection is not used again. */
static int conn_invalidate(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:invalidate");
  if (corm_conn_is_closed(conn)) return binding_error(L, CORM_E_RESOURCE_CLOSED, "this connection is closed");
  binding_get(L)->L = L;
  corm_conn_invalidate(conn, NULL);
  return 0;
}

/* -- asking -- */

static int conn_in_transaction(lua_State *L) {
  lua_pushboolean(L, corm_conn_txn(binding_check_conn(L, 1, "Connection:in_transaction")) != CORM_TXN_NONE);
  return 1;
}

static int conn_in_nested_transaction(lua_State *L) {
  const corm_conn *conn = binding_check_conn(L, 1, "Connection:in_nested_transaction");
  lua_pushboolean(L, corm_conn_txn(conn) != CORM_TXN_NONE && corm_conn_savepoint_depth(conn) > 0);
  return 1;
}

static int conn_index(lua_State *L) {
  const binding_conn *object = binding_check(L, 1, BINDING_CONNECTION, "Connection:field");
  const char *name = binding_name_at(L, 2);
  if (strcmp(name, "closed") == 0) {
    lua_pushboolean(L, !object->conn || corm_conn_is_closed(object->conn));
  } else if (strcmp(name, "invalidated") == 0) {
    lua_pushboolean(L, object->conn && corm_conn_is_invalidated(object->conn));
  } else if (strcmp(name, "default_isolation_level") == 0) {
    push_level(L, "Connection:default_isolation_level", corm_conn_default_isolation);
  } else if (strcmp(name, "engine") == 0) {
    lua_getiuservalue(L, 1, BINDING_CONN_ENGINE);
  } else if (strcmp(name, "dialect") == 0) {
    lua_getiuservalue(L, 1, BINDING_CONN_ENGINE);
    lua_getfield(L, -1, "dialect");
  } else {
    return binding_method(L, BINDING_CONNECTION, 2);
  }
  return 1;
}

void binding_open_connection(lua_State *L) {
  static const luaL_Reg methods[] = {{"execute", conn_execute},
                                     {"scalar", conn_scalar},
                                     {"scalars", conn_scalars},
                                     {"exec_driver_sql", conn_exec_driver_sql},
                                     {"begin", binding_conn_begin},
                                     {"begin_nested", binding_conn_begin_nested},
                                     {"get_transaction", binding_conn_get_transaction},
                                     {"get_nested_transaction", binding_conn_get_nested_transaction},
                                     {"in_transaction", conn_in_transaction},
                                     {"in_nested_transaction", conn_in_nested_transaction},
                                     {"commit", conn_commit},
                                     {"rollback", conn_rollback},
                                     {"close", conn_close},
                                     {"execution_options", conn_execution_options},
                                     {"get_execution_options", conn_get_execution_options},
                                     {"get_isolation_level", conn_get_isolation_level},
                                     {"invalidate", conn_invalidate},
                                     {"invalidated", NULL},
                                     {"default_isolation_level", NULL},
                                     {"closed", NULL},
                                     {"engine", NULL},
                                     {"dialect", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__close", conn_on_close}, {"__gc", conn_gc}, {NULL, NULL}};
  binding_metatable(L, BINDING_CONNECTION, "Connection", methods, meta, conn_index);
  lua_pop(L, 1);
  binding_open_transaction(L);
}
