/* Sessions over several databases: the option `binds`, { [Model or Table] = Engine }. */
#include "binding/b_engine.h"
#include "binding/b_schema.h"
#include "binding/b_session.h"
#include "orm/binds.h"

/* The table of the Table at arg, or NULL. */
static const corm_table *table_at(lua_State *L, int arg) {
  const binding_table *table = binding_test(L, arg, BINDING_TABLE);
  return table ? &table->table : NULL;
}

/* The key at -2, the Engine at -1. */
static void bind_one(lua_State *L, corm_session *session) {
  corm_error err;
  corm_error_init(&err);
  corm_mapper *mapper = binding_tomapper(L, -2);
  const corm_table *table = mapper ? NULL : table_at(L, -2);
  if (!mapper && !table)
    binding_error(L, CORM_E_ARGUMENT, "Session: the keys of 'binds' are models and Tables, got %s",
                  binding_typename(L, -2));
  if (!binding_test(L, -1, BINDING_ENGINE))
    binding_error(L, CORM_E_ARGUMENT, "Session: the values of 'binds' are Engines, got %s", binding_typename(L, -1));
  corm_engine *engine = binding_check_engine(L, -1, "Session");
  corm_status status = mapper ? corm_session_bind_mapper(session, mapper, engine, &err)
                              : corm_session_bind_table(session, table, engine, &err);
  if (status != CORM_OK) binding_raise(L, &err);
}

void binding_session_binds(lua_State *L, int options, corm_session *session) {
  const int self = lua_gettop(L);
  if (!binding_opt_push(L, options, "binds")) return;
  if (!lua_istable(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "Session: option 'binds' must be a table { [Model] = engine }, got %s",
                  binding_typename(L, -1));
  if (!session->engine)
    binding_error(L, CORM_E_ARGUMENT, "Session: 'binds' needs an Engine as 'bind', for all that is not in it");
  lua_newtable(L);
  lua_pushnil(L);
  for (lua_Integer n = 0; lua_next(L, self + 1); lua_pop(L, 1)) {
    bind_one(L, session);
    lua_pushvalue(L, -1);
    lua_rawseti(L, self + 2, ++n);
  }
  lua_setiuservalue(L, self, BINDING_SESSION_BINDS);
  lua_settop(L, self);
}

/* get_bind(Model or Table?): its Engine. */
int binding_session_get_bind(lua_State *L) {
  static const char what[] = "Session:get_bind";
  const corm_session *session = binding_checksession(L, what);
  lua_settop(L, 2);
  const corm_mapper *mapper = lua_isnil(L, 2) ? NULL : binding_tomapper(L, 2);
  const corm_table *table = mapper || lua_isnil(L, 2) ? NULL : table_at(L, 2);
  if (!mapper && !table && !lua_isnil(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a model or a Table expected, got %s", what, binding_typename(L, 2));
  const corm_engine *engine = corm_binds_engine(session, mapper, table);
  lua_getiuservalue(L, 1, BINDING_SESSION_BIND);
  if (engine == session->engine || lua_getiuservalue(L, 1, BINDING_SESSION_BINDS) != LUA_TTABLE) {
    lua_settop(L, 3);
    return 1;
  }
  for (lua_Integer i = 1; lua_rawgeti(L, 4, i) != LUA_TNIL; i++) {
    if (binding_check_engine(L, -1, what) == engine) return 1;
    lua_pop(L, 1);
  }
  return 1;
}
