/*
 * Sessions over several databases: the options `binds`, { [Model or Table] = Engine }, and `get_bind`, a function that
 * is asked for each statement; `bind_arguments`, which say what a statement is about.
 */
#include "binding/b_bulk.h"
#include "binding/b_engine.h"
#include "binding/b_load.h"
#include "binding/b_schema.h"
#include "binding/b_session.h"
#include "binding/b_statement.h"
#include "orm/binds.h"
#include "sql/subject.h"

/* -- the engines that a session keeps: a table, by their addresses ------------------------------------------------- */

/* The Engine at `value` is the session's that is at `self`, too. */
static corm_engine *keep_engine(lua_State *L, int self, int value, const char *what) {
  value = lua_absindex(L, value);
  self = lua_absindex(L, self);
  corm_engine *engine = binding_check_engine(L, value, what);
  if (lua_getiuservalue(L, self, BINDING_SESSION_BINDS) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, self, BINDING_SESSION_BINDS);
  }
  lua_pushvalue(L, value);
  lua_rawsetp(L, -2, engine);
  lua_pop(L, 1);
  return engine;
}

void binding_push_bind(lua_State *L, int self, const corm_engine *engine) {
  self = lua_absindex(L, self);
  lua_getiuservalue(L, self, BINDING_SESSION_BIND);
  const int bind = lua_gettop(L);
  if (lua_getiuservalue(L, self, BINDING_SESSION_BINDS) == LUA_TTABLE && lua_rawgetp(L, -1, engine) != LUA_TNIL)
    lua_replace(L, bind);
  lua_settop(L, bind);
}

/* -- the options of a session -- */

/* The table of the Table at arg, or NULL. */
static const corm_table *table_at(lua_State *L, int arg) {
  const binding_table *table = binding_test(L, arg, BINDING_TABLE);
  return table ? &table->table : NULL;
}

/* The model or Table at `key` belongs to the Engine at `value`; the Session is at `self`. */
static void bind_one(lua_State *L, int self, int key, int value, const char *keys, const char *values) {
  corm_session *session = ((const binding_session *)lua_touserdata(L, self))->session;
  corm_error err;
  corm_error_init(&err);
  corm_mapper *mapper = binding_tomapper(L, key);
  const corm_table *table = mapper ? NULL : table_at(L, key);
  if (!mapper && !table) binding_error(L, CORM_E_ARGUMENT, keys, binding_typename(L, key));
  if (!binding_test(L, value, BINDING_ENGINE)) binding_error(L, CORM_E_ARGUMENT, values, binding_typename(L, value));
  corm_engine *engine = keep_engine(L, self, value, "Session");
  corm_status status = mapper ? corm_session_bind_mapper(session, mapper, engine, &err)
                              : corm_session_bind_table(session, table, engine, &err);
  if (status != CORM_OK) binding_raise(L, &err);
}

static void read_binds(lua_State *L, int self) {
  const int binds = lua_gettop(L);
  if (!lua_istable(L, binds))
    binding_error(L, CORM_E_ARGUMENT, "Session: option 'binds' must be a table { [Model] = engine }, got %s",
                  binding_typename(L, binds));
  lua_pushnil(L);
  for (; lua_next(L, binds); lua_pop(L, 1))
    bind_one(L, self, binds + 1, binds + 2, "Session: the keys of 'binds' are models and Tables, got %s",
             "Session: the values of 'binds' are Engines, got %s");
}

static void need_engine(lua_State *L, const corm_session *session, const char *what) {
  if (!session->engine)
    binding_error(L, CORM_E_ARGUMENT, "Session: %s needs an Engine as 'bind', for all that is not in it", what);
}

void binding_session_binds(lua_State *L, int options, corm_session *session) {
  const int self = lua_gettop(L);
  if (binding_opt_push(L, options, "binds")) {
    need_engine(L, session, "'binds'");
    read_binds(L, self);
  }
  lua_settop(L, self);
  if (!binding_opt_push(L, options, "get_bind")) return;
  need_engine(L, session, "'get_bind'");
  if (!lua_isfunction(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "Session: option 'get_bind' must be a function, got %s", binding_typename(L, -1));
  lua_setiuservalue(L, self, BINDING_SESSION_ROUTE);
  session->routed = true;
}

static int bind_later(lua_State *L, const char *what) {
  const corm_session *session = binding_checksession(L, what);
  lua_settop(L, 3);
  if (!session->engine)
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s: this Session is bound to no Engine, for all else", what);
  bind_one(L, 1, 2, 3, "a model or a Table expected, got %s", "an Engine expected, got %s");
  return 0;
}

int binding_session_bind_mapper(lua_State *L) {
  return bind_later(L, "Session:bind_mapper");
}

int binding_session_bind_table(lua_State *L) {
  return bind_later(L, "Session:bind_table");
}

/* -- get_bind -- */

typedef struct route_call {
  binding_state *state;
  corm_session *session;
  const corm_bind_wish *wish;
  corm_engine **out;
} route_call;

static void push_wish(lua_State *L, binding_state *state, const corm_bind_wish *wish) {
  lua_createtable(L, 0, 3);
  if (wish->mapper) {
    binding_push_class(L, state, wish->mapper);
    lua_setfield(L, -2, "mapper");
  }
  if (wish->table && binding_push_table(L, wish->table)) lua_setfield(L, -2, "table");
  lua_pushboolean(L, wish->writes);
  lua_setfield(L, -2, "writes");
}

static int route_body(lua_State *L) {
  const route_call *call = lua_touserdata(L, 1);
  binding_push_session(L, call->session);
  if (lua_getiuservalue(L, 2, BINDING_SESSION_ROUTE) != LUA_TFUNCTION) return 0;
  lua_pushvalue(L, 2);
  push_wish(L, call->state, call->wish);
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1)) return 0;
  if (!binding_test(L, -1, BINDING_ENGINE))
    return binding_error(L, CORM_E_ARGUMENT, "Session: get_bind must return an Engine or nil, got %s",
                         binding_typename(L, -1));
  *call->out = keep_engine(L, 2, 3, "get_bind");
  return 0;
}

corm_status binding_host_route(void *ctx, corm_session *session, const corm_bind_wish *wish, corm_engine **out,
                               corm_error *err) {
  binding_state *state = ((binding_host *)ctx)->state;
  route_call call = {state, session, wish, out};
  return binding_protect(state, route_body, &call, err);
}

/* get_bind(Model or Table?, { writes }?): its Engine. */
int binding_session_get_bind(lua_State *L) {
  static const char what[] = "Session:get_bind";
  static const binding_option_spec specs[] = {{"writes", BINDING_OPT_BOOL}};
  corm_session *session = binding_checksession(L, what);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, 1);
  corm_bind_wish wish = {.writes = binding_opt_bool(L, 3, "writes", false)};
  wish.mapper = lua_isnil(L, 2) ? NULL : binding_tomapper(L, 2);
  wish.table = wish.mapper || lua_isnil(L, 2) ? NULL : table_at(L, 2);
  if (!wish.mapper && !wish.table && !lua_isnil(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a model or a Table expected, got %s", what, binding_typename(L, 2));
  corm_branch *branch;
  if (corm_binds_choose(session, &wish, &branch, &err) != CORM_OK) return binding_raise(L, &err);
  binding_push_bind(L, 1, branch ? branch->engine : session->engine);
  return 1;
}

/* -- bind_arguments: { bind = Engine, mapper = Model } -- */

static const binding_option_spec argument_specs[] = {{"bind", BINDING_OPT_ANY}, {"mapper", BINDING_OPT_ANY}};

void binding_check_bind_arguments(lua_State *L, int arg, const char *what) {
  const int top = lua_gettop(L);
  if (!lua_istable(L, arg))
    binding_error(L, CORM_E_ARGUMENT, "%s: bind_arguments must be a table { bind, mapper }, got %s", what,
                  binding_typename(L, arg));
  binding_check_options(L, arg, what, argument_specs, 2);
  if (binding_opt_push(L, arg, "bind") && !binding_test(L, -1, BINDING_ENGINE))
    binding_error(L, CORM_E_ARGUMENT, "%s: 'bind' of bind_arguments must be an Engine, got %s", what,
                  binding_typename(L, -1));
  if (binding_opt_push(L, arg, "mapper") && !binding_tomapper(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "%s: 'mapper' of bind_arguments must be a model, got %s", what,
                  binding_typename(L, -1));
  lua_settop(L, top);
}

/* What the table at the top says, once it is found right; *wish gets its mapper. */
static bool read_arguments(lua_State *L, corm_session *session, corm_bind_wish *wish, corm_branch **out,
                           const char *what) {
  const int arguments = lua_gettop(L);
  corm_error err;
  corm_error_init(&err);
  binding_check_bind_arguments(L, arguments, what);
  if (binding_opt_push(L, arguments, "mapper")) wish->mapper = binding_tomapper(L, -1);
  lua_settop(L, arguments);
  if (!binding_opt_push(L, arguments, "bind")) return false;
  if (!session->engine)
    binding_error(L, CORM_E_INVALID_REQUEST, "%s: a Session that is bound to a Connection has no other", what);
  binding_push_session(L, session);
  corm_engine *engine = keep_engine(L, -1, arguments + 1, what);
  if (corm_binds_branch(session, engine, out, &err) != CORM_OK) binding_raise(L, &err);
  lua_settop(L, arguments);
  return true;
}

corm_branch *binding_place_asked(lua_State *L, corm_session *session, int arguments, const char *what) {
  corm_bind_wish wish = {0};
  corm_branch *branch = NULL;
  corm_error err;
  corm_error_init(&err);
  lua_pushvalue(L, arguments);
  if (read_arguments(L, session, &wish, &branch, what)) return branch;
  binding_get(L)->L = L;
  if (corm_binds_choose(session, &wish, &branch, &err) != CORM_OK) binding_raise(L, &err);
  return branch;
}

corm_branch *binding_place(lua_State *L, corm_session *session, int statement, const corm_node *node) {
  const int top = lua_gettop(L);
  corm_bind_wish wish = {0};
  corm_branch *branch = NULL;
  corm_error err;
  corm_error_init(&err);
  luaL_checkstack(L, 8, "execute");
  if (binding_push_execution_options(L, statement) && binding_opt_push(L, top + 1, "bind_arguments")) {
    const bool said = read_arguments(L, session, &wish, &branch, "Session:execute");
    lua_settop(L, top);
    if (said) return branch;
  }
  lua_settop(L, top);
  if (!corm_binds_are_several(session)) return NULL;
  if (!wish.mapper && node && node->kind == CORM_NODE_SELECT)
    wish.mapper = corm_select_class((const corm_select *)node);
  if (!wish.mapper) wish.mapper = binding_written_class(L, statement);
  if (!wish.mapper) wish.mapper = binding_inserted_class(L, statement);
  if (!wish.mapper && corm_subject_table(node, session->mem, &wish.table, &err) != CORM_OK) binding_raise(L, &err);
  wish.writes = corm_subject_writes(node);
  binding_get(L)->L = L;
  if (corm_binds_choose(session, &wish, &branch, &err) != CORM_OK) binding_raise(L, &err);
  return branch;
}
