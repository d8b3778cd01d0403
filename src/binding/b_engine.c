/* corm.create_engine and Engine. */
#include "binding/b_engine.h"

#include <stdio.h>
#include <string.h>

#include "binding/state.h"

corm_engine *binding_check_engine(lua_State *L, int arg, const char *what) {
  const binding_engine *object = binding_check(L, arg, BINDING_ENGINE, what);
  if (!object->engine) binding_error(L, CORM_E_RESOURCE_CLOSED, "this engine was finalized");
  return object->engine;
}

/* -- making -- */

/* Makes the engine findable by the core's pointer, for events. */
static void remember(lua_State *L, binding_state *state, const void *key) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->connections);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, key);
  lua_pop(L, 1);
}

static int create_engine(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  corm_engine_options options;
  corm_error err;
  corm_error_init(&err);
  size_t len;
  lua_settop(L, 2);
  binding_read_engine_options(L, 2, &options);
  corm_arena *arena = binding_scratch(L, state);
  const char *url = binding_url_text(L, 1, arena, &len);
  binding_engine *object = binding_new(L, BINDING_ENGINE, sizeof *object, BINDING_ENGINE_SLOTS);
  if (corm_engine_new(&state->mem, url, len, &options, &object->engine, &err) != CORM_OK) return binding_raise(L, &err);
  state->dialect = corm_engine_dialect(object->engine);
  binding_read_engine_execution(L, 2, object->engine);
  corm_engine_observer observer = binding_quiet_observer(state);
  corm_engine_observe(object->engine, &observer);
  remember(L, state, object->engine);
  binding_push_url(L, corm_engine_url(object->engine));
  lua_setiuservalue(L, -2, BINDING_ENGINE_URL);
  binding_scratch_done(L, state, arena);
  return 1;
}

/* -- methods -- */

static int engine_connect(lua_State *L) {
  binding_check_engine(L, 1, "Engine:connect");
  binding_open_conn(L, 1);
  return 1;
}

/* engine:begin(fn): a connection in a transaction for the length of the function, which is taken to write (BEGIN
   IMMEDIATE on SQLite). Without one the Connection, which commits when it is closed as a to-be-closed variable. */
static int engine_begin(lua_State *L) {
  binding_check_engine(L, 1, "Engine:begin");
  bool block = !lua_isnoneornil(L, 2);
  if (block && !lua_isfunction(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "Engine:begin: a function expected, got %s", binding_typename(L, 2));
  lua_settop(L, 2);
  corm_conn *conn = binding_open_conn(L, 1);
  binding_conn *object = lua_touserdata(L, 3);
  corm_error err;
  corm_error_init(&err);
  corm_begin_mode mode = block ? CORM_BEGIN_WRITE : CORM_BEGIN_READ;
  if (corm_conn_begin(conn, mode, &err) != CORM_OK) return binding_raise(L, &err);
  object->commits_on_close = true;
  if (!block) return 1;
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  return binding_block(L, 3, 1);
}

/* engine:run_transaction(fn, options): begin(fn), tried again. */
static int engine_run_transaction(lua_State *L) {
  binding_check_engine(L, 1, "Engine:run_transaction");
  return binding_run_transaction(L, "Engine:run_transaction", engine_begin, NULL);
}

/* dispose({ close = false }) says that the connections are another process's; the core knows which are. */
static int engine_dispose(lua_State *L) {
  static const binding_option_spec specs[] = {{"close", BINDING_OPT_BOOL}};
  corm_engine *engine = binding_check_engine(L, 1, "Engine:dispose");
  binding_check_options(L, 2, "Engine:dispose", specs, 1);
  binding_get(L)->L = L;
  corm_engine_dispose(engine);
  return 0;
}

/* Pushes the Engine that owns the pool of the one at 1. */
static void push_root(lua_State *L) {
  if (lua_getiuservalue(L, 1, BINDING_ENGINE_ROOT) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_pushvalue(L, 1);
}

/* The table of listeners is made now, so that all siblings have the same. */
static void share_listeners(lua_State *L, int root, int sibling) {
  if (lua_getiuservalue(L, root, BINDING_ENGINE_LISTENERS) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, root, BINDING_ENGINE_LISTENERS);
  }
  lua_setiuservalue(L, sibling, BINDING_ENGINE_LISTENERS);
}

/* engine:execution_options { ... }: an Engine over the same pool. */
static int engine_execution_options(lua_State *L) {
  corm_engine *engine = binding_check_engine(L, 1, "Engine:execution_options");
  corm_conn_options options = *corm_engine_conn_options(engine);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 2);
  binding_check_execution_options(L, 2, "Engine:execution_options");
  binding_read_execution_options(L, 2, engine, &options);
  binding_engine *object = binding_new(L, BINDING_ENGINE, sizeof *object, BINDING_ENGINE_SLOTS);
  if (corm_engine_sibling(engine, &options, &object->engine, &err) != CORM_OK) return binding_raise(L, &err);
  lua_getiuservalue(L, 1, BINDING_ENGINE_URL);
  lua_setiuservalue(L, 3, BINDING_ENGINE_URL);
  push_root(L);
  share_listeners(L, 4, 3);
  lua_setiuservalue(L, 3, BINDING_ENGINE_ROOT);
  return 1;
}

static int engine_get_execution_options(lua_State *L) {
  const corm_engine *engine = binding_check_engine(L, 1, "Engine:get_execution_options");
  binding_push_execution_table(L, corm_engine_conn_options(engine));
  return 1;
}

static int engine_tostring(lua_State *L) {
  binding_check_engine(L, 1, "tostring");
  lua_getiuservalue(L, 1, BINDING_ENGINE_URL);
  lua_pushfstring(L, "Engine(%s)", luaL_tolstring(L, -1, NULL));
  return 1;
}

/* -- fields -- */

static void push_dialect(lua_State *L, const corm_engine *engine) {
  lua_createtable(L, 0, 2);
  lua_pushstring(L, corm_engine_dialect(engine)->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, corm_engine_driver(engine)->name);
  lua_setfield(L, -2, "driver");
}

static int engine_index(lua_State *L) {
  corm_engine *engine = binding_check_engine(L, 1, "Engine:field");
  const char *name = binding_name_at(L, 2);
  if (strcmp(name, "url") == 0)
    lua_getiuservalue(L, 1, BINDING_ENGINE_URL);
  else if (strcmp(name, "name") == 0)
    lua_pushstring(L, corm_engine_dialect(engine)->name);
  else if (strcmp(name, "driver") == 0)
    lua_pushstring(L, corm_engine_driver(engine)->name);
  else if (strcmp(name, "dialect") == 0)
    push_dialect(L, engine);
  else if (strcmp(name, "pool") == 0)
    binding_push_pool(L, 1);
  else if (strcmp(name, "echo") == 0)
    lua_pushboolean(L, corm_engine_settings(engine)->echo);
  else
    return binding_method(L, BINDING_ENGINE, 2);
  return 1;
}

static int engine_newindex(lua_State *L) {
  corm_engine *engine = binding_check_engine(L, 1, "Engine:field");
  if (strcmp(binding_name_at(L, 2), "echo") != 0)
    return binding_error(L, CORM_E_ARGUMENT, "of an Engine only echo can be set");
  if (!lua_isboolean(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "echo must be a boolean, got %s", binding_typename(L, 3));
  corm_engine_settings(engine)->echo = lua_toboolean(L, 3);
  return 0;
}

static int engine_gc(lua_State *L) {
  binding_engine *object = binding_test(L, 1, BINDING_ENGINE);
  if (!object || !object->engine) return 0;
  corm_engine *engine = object->engine;
  object->engine = NULL;
  corm_engine_observer observer = binding_quiet_observer(NULL);
  if (corm_engine_root(engine) == engine) corm_engine_observe(engine, &observer); /* connections may live on */
  corm_engine_release(engine);
  return 0;
}

/* -- schema work -- */

corm_conn *binding_bind_open(lua_State *L, int bind, const char *what) {
  bind = lua_absindex(L, bind);
  if (binding_test(L, bind, BINDING_CONNECTION)) {
    lua_pushvalue(L, bind);
    return binding_check_conn(L, bind, what);
  }
  if (!binding_test(L, bind, BINDING_ENGINE))
    binding_error(L, CORM_E_ARGUMENT, "%s: an Engine or a Connection expected, got %s", what,
                  binding_typename(L, bind));
  binding_check_engine(L, bind, what);
  corm_error err;
  corm_error_init(&err);
  corm_conn *conn = binding_open_conn(L, bind);
  if (corm_conn_begin(conn, CORM_BEGIN_WRITE, &err) != CORM_OK) binding_raise(L, &err);
  return conn;
}

void binding_bind_done(lua_State *L, int bind, int conn, corm_error *err) {
  if (binding_test(L, bind, BINDING_ENGINE)) {
    const binding_conn *object = lua_touserdata(L, conn);
    binding_get(L)->L = L;
    if (!err->is_set) (void)!corm_conn_commit(object->conn, err);
    corm_conn_close(object->conn);
  }
  if (err->is_set) binding_raise(L, err);
}

void binding_open_engine(lua_State *L) {
  static const luaL_Reg methods[] = {{"connect", engine_connect},
                                     {"begin", engine_begin},
                                     {"dispose", engine_dispose},
                                     {"run_transaction", engine_run_transaction},
                                     {"execution_options", engine_execution_options},
                                     {"get_execution_options", engine_get_execution_options},
                                     {"pool", NULL},
                                     {"url", NULL},
                                     {"name", NULL},
                                     {"driver", NULL},
                                     {"dialect", NULL},
                                     {"echo", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__tostring", engine_tostring}, {"__newindex", engine_newindex}, {"__gc", engine_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"create_engine", create_engine}, {NULL, NULL}};
  binding_metatable(L, BINDING_ENGINE, "Engine", methods, meta, engine_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  binding_open_url(L);
  binding_open_pool(L);
}
