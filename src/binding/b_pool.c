/*
 * engine.pool, and what the events of the pool show: the physical connection, for as long as the listener runs.
 */
#include <string.h>

#include "binding/b_engine.h"
#include "binding/state.h"

/* User value 1: the Engine. */
typedef struct pool_object {
  binding_head head;
} pool_object;

typedef struct native_object {
  binding_head head;
  corm_driver_conn *native; /* NULL: the event is over */
} native_object;

void binding_push_pool(lua_State *L, int engine) {
  engine = lua_absindex(L, engine);
  binding_new(L, BINDING_POOL, sizeof(pool_object), 1);
  lua_pushvalue(L, engine);
  lua_setiuservalue(L, -2, 1);
}

static corm_pool_state check(lua_State *L, const char *what) {
  binding_check(L, 1, BINDING_POOL, what);
  lua_getiuservalue(L, 1, 1);
  corm_pool_state state = corm_engine_pool(binding_check_engine(L, -1, what));
  lua_pop(L, 1);
  return state;
}

static int pool_status(lua_State *L) {
  corm_pool_state state = check(L, "Pool:status");
  if (strcmp(state.name, "QueuePool") == 0)
    lua_pushfstring(L,
                    "Pool size: %d  Connections in pool: %d Current Overflow: %d Current Checked out connections: %d",
                    state.size, state.idle, state.overflow, state.used);
  else
    lua_pushstring(L, state.name);
  return 1;
}

static int pool_size(lua_State *L) {
  lua_pushinteger(L, check(L, "Pool:size").size);
  return 1;
}

static int pool_checkedin(lua_State *L) {
  lua_pushinteger(L, check(L, "Pool:checkedin").idle);
  return 1;
}

static int pool_checkedout(lua_State *L) {
  lua_pushinteger(L, check(L, "Pool:checkedout").used);
  return 1;
}

static int pool_overflow(lua_State *L) {
  lua_pushinteger(L, check(L, "Pool:overflow").overflow);
  return 1;
}

static int pool_tostring(lua_State *L) {
  lua_pushfstring(L, "%s(%d)", check(L, "tostring").name, check(L, "tostring").used);
  return 1;
}

/* -- the physical connection --------------------------------------------------------------------------------------- */

void binding_push_native(lua_State *L, corm_driver_conn *native) {
  native_object *object = binding_new(L, BINDING_NATIVE, sizeof *object, 0);
  object->native = native;
}

void binding_end_native(lua_State *L, int arg) {
  native_object *object = binding_test(L, arg, BINDING_NATIVE);
  if (object) object->native = NULL;
}

/* dbapi_connection:execute(sql): one statement without parameters and rows, outside of any transaction of corm's. */
static int native_execute(lua_State *L) {
  const native_object *object = binding_check(L, 1, BINDING_NATIVE, "DBAPIConnection:execute");
  corm_error err;
  corm_error_init(&err);
  if (!object->native) return binding_error(L, CORM_E_RESOURCE_CLOSED, "this handle is for the event only");
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "DBAPIConnection:execute: SQL text expected, got %s",
                         binding_typename(L, 2));
  corm_driver_conn *native = object->native;
  if (native->driver->exec(native, lua_tostring(L, 2), &err) != CORM_OK) return binding_raise(L, &err);
  return 0;
}

void binding_open_pool(lua_State *L) {
  static const luaL_Reg methods[] = {{"status", pool_status},       {"size", pool_size},
                                     {"checkedin", pool_checkedin}, {"checkedout", pool_checkedout},
                                     {"overflow", pool_overflow},   {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", pool_tostring}, {NULL, NULL}};
  static const luaL_Reg native_methods[] = {{"execute", native_execute}, {NULL, NULL}};
  static const luaL_Reg native_meta[] = {{NULL, NULL}};
  static const char *const classes[] = {"QueuePool", "NullPool", "StaticPool", "SingletonThreadPool", "AssertionPool"};
  binding_metatable(L, BINDING_POOL, "Pool", methods, meta, NULL);
  binding_metatable(L, BINDING_NATIVE, "DBAPIConnection", native_methods, native_meta, NULL);
  lua_pop(L, 2);
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    lua_pushstring(L, classes[i]);
    lua_setfield(L, -2, classes[i]);
  }
}
