/* States of objects that are set by hand, and session methods about many objects or the connection. */
#include "binding/b_host.h"
#include "binding/b_session.h"

/* delete_all({ objects }): none of them when one is wrong. */
int binding_session_delete_all(lua_State *L) {
  static const char what[] = "Session:delete_all";
  corm_session *session = binding_checksession(L, what);
  corm_error err;
  corm_error_init(&err);
  if (!lua_istable(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a sequence of objects expected, got %s", what,
                         binding_typename(L, 2));
  const lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  lua_settop(L, 2);
  lua_newtable(L); /* 3: the objects, whatever becomes of the list */
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, i);
    const corm_object *object = binding_checkobject(L, -1, what);
    binding_configure(L, binding_upvalue(L), object->mapper->registry);
    if (object->session != session || object->state != CORM_PERSISTENT)
      return binding_error(L, CORM_E_INVALID_REQUEST, "%s: object %d is not persistent in this Session", what, (int)i);
    lua_rawseti(L, 3, i);
  }
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 3, i);
    corm_object *object = binding_toobject(L, -1);
    binding_get(L)->L = L;
    /* A cascade, or what it loads, may have taken it along. */
    const bool here = object->session == session && object->state == CORM_PERSISTENT;
    if (here && corm_session_delete(session, object, &err) != CORM_OK) return binding_raise(L, &err);
    lua_pop(L, 1);
  }
  return 0;
}

/* invalidate(): closes, and its physical connection is not used again. */
int binding_session_invalidate(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:invalidate");
  corm_error err;
  corm_error_init(&err);
  if (session->busy)
    return binding_error(L, CORM_E_ILLEGAL_STATE_CHANGE, "invalidate() is not possible while this Session is %s",
                         session->busy);
  if (session->conn) corm_conn_invalidate(session->conn, NULL);
  corm_session_close(session);
  return corm_session_tell(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* -- objects that load by a session that they are not in ----------------------------------------------------------- */

corm_session *binding_host_loads_by(void *ctx, const corm_object *object) {
  const binding_host *host = ctx;
  lua_State *tables = host->state->tables;
  if (!host->loads) return NULL;
  const int top = lua_gettop(tables);
  lua_rawgeti(tables, LUA_REGISTRYINDEX, host->loading);
  lua_rawgeti(tables, 1, object->handle);
  const bool found = lua_isuserdata(tables, -1) && lua_rawget(tables, -2) == LUA_TUSERDATA;
  const binding_session *session = found ? lua_touserdata(tables, -1) : NULL;
  lua_settop(tables, top);
  return session ? session->session : NULL;
}

/* enable_relationship_loading(object) */
int binding_session_enable_loading(lua_State *L) {
  static const char what[] = "Session:enable_relationship_loading";
  const corm_session *session = binding_checksession(L, what);
  const corm_object *object = binding_checkobject(L, 2, what);
  binding_host *host = binding_get(L)->host;
  binding_refuse_another(L, 3, what, "each is said by a call");
  const corm_session *other = object->session ? object->session : binding_host_loads_by(host, object);
  if (other && other != session)
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s: the %s is attached to another session", what,
                         object->mapper->name);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->loading);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_rawset(L, -3);
  host->loads = true;
  return 0;
}

static int make_transient(lua_State *L) {
  corm_object *object = binding_checkobject(L, 1, "make_transient");
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  return corm_object_make_transient(object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static int make_transient_to_detached(lua_State *L) {
  corm_object *object = binding_checkobject(L, 1, "make_transient_to_detached");
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  return corm_object_make_detached(object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

void binding_open_session_state(lua_State *L) {
  static const luaL_Reg functions[] = {{"make_transient", make_transient},
                                       {"make_transient_to_detached", make_transient_to_detached},
                                       {"sessions", binding_list_sessions},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
