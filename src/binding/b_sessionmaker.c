/* corm.Session and corm.sessionmaker. */
#include "binding/b_engine.h"
#include "binding/b_session.h"

static const binding_option_spec session_options[] = {{"bind", BINDING_OPT_ANY},
                                                      {"autoflush", BINDING_OPT_BOOL},
                                                      {"autobegin", BINDING_OPT_BOOL},
                                                      {"expire_on_commit", BINDING_OPT_BOOL},
                                                      {"close_resets_only", BINDING_OPT_BOOL},
                                                      {"execution_options", BINDING_OPT_ANY},
                                                      {"join_transaction_mode", BINDING_OPT_STRING},
                                                      {"binds", BINDING_OPT_ANY},
                                                      {"get_bind", BINDING_OPT_ANY},
                                                      {"info", BINDING_OPT_ANY}};

/* -- making sessions -- */

static void copy_into(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

/* Copies the options at `arg`, or the bind at `arg` and the options behind it, into the table at the top. */
static void read_options(lua_State *L, int arg, const char *where) {
  int table = lua_gettop(L);
  binding_kind kind = binding_kindof(L, arg);
  if (kind == BINDING_ENGINE || kind == BINDING_CONNECTION) {
    lua_pushvalue(L, arg++);
    lua_setfield(L, table, "bind");
  }
  if (arg >= table) return;
  binding_check_options(L, arg, where, session_options, sizeof session_options / sizeof *session_options);
  if (lua_istable(L, arg)) copy_into(L, arg, table);
}

static int session_call(lua_State *L) {
  lua_settop(L, 2);
  lua_newtable(L);
  read_options(L, 1, "Session");
  binding_new_session(L, 3, 0);
  return 1;
}

int binding_is_session_class(lua_State *L) {
  lua_pushboolean(L, lua_tocfunction(L, 1) == session_call);
  return 1;
}

static int sessionmaker_call(lua_State *L) {
  lua_settop(L, 2);
  lua_newtable(L);
  read_options(L, 1, "sessionmaker");
  binding_new(L, BINDING_SESSIONMAKER, sizeof(binding_head), BINDING_MAKER_SLOTS);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, BINDING_MAKER_OPTIONS);
  return 1;
}

/* maker(overrides) */
static int maker_call(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker");
  lua_settop(L, 2);
  lua_newtable(L);
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  copy_into(L, 4, 3);
  lua_settop(L, 3);
  read_options(L, 2, "sessionmaker");
  binding_new_session(L, 3, 1);
  return 1;
}

/* For sessions that are made from now on. */
static int maker_configure(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker:configure");
  lua_settop(L, 2);
  lua_newtable(L);
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  copy_into(L, 4, 3);
  lua_settop(L, 3);
  read_options(L, 2, "sessionmaker:configure");
  lua_setiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  return 0;
}

/* maker:begin([fn]): a session for one transaction, closed with it. */
static int maker_begin(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker:begin");
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && !lua_isfunction(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "sessionmaker:begin: a function expected, got %s", binding_typename(L, 2));
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  binding_new_session(L, 3, 1);
  lua_replace(L, 1);
  lua_settop(L, 2);
  return binding_session_begin_once(L);
}

void binding_open_sessionmaker(lua_State *L) {
  static const luaL_Reg methods[] = {{"configure", maker_configure}, {"begin", maker_begin}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", maker_call}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"Session", session_call}, {"sessionmaker", sessionmaker_call}, {NULL, NULL}};
  binding_host *host = binding_get(L)->host;
  const bool first = binding_get(L)->metatables[BINDING_SESSIONMAKER] == LUA_NOREF;
  binding_metatable(L, BINDING_SESSIONMAKER, "sessionmaker", methods, meta, NULL);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  if (!first) return;
  host->push_session = binding_push_session;
  host->push_connection = binding_push_session_connection;
  host->push_transaction = binding_push_session_txn;
}
