/* Opens the ORM's door: the host, classes, objects; the functions for the Lua half go into the module's field `_orm`.
 */
#include "binding/b_engine.h"
#include "binding/b_load.h"
#include "binding/b_object.h"
#include "binding/b_session.h"
#include "binding/b_stream.h"

/* Info about classes, by class. */
static void push_info(lua_State *L, const binding_host *host) {
  binding_host_function(L, host, "info");
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->functions);
  binding_push_weak(L, "k");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "info");
  lua_remove(L, -2);
}

void binding_open_orm(lua_State *L) {
  binding_open_host(L);
  binding_open_object(L);
  binding_open_load(L);
  binding_open_stream(L);
  binding_open_collection(L);
  binding_open_session(L);
  lua_newtable(L);
  binding_open_mapper(L);
  binding_open_relationship(L);
  binding_open_inspect(L);
  binding_open_class_inspect(L);
  binding_open_session_state(L);
  binding_open_committed(L);
  binding_open_held(L);
  binding_open_plan(L);
  binding_open_explain(L);
  binding_open_write_only(L);
  binding_open_keyed(L);
  binding_open_orm_event(L);
  binding_open_criteria(L);
  binding_open_execute(L);
  binding_open_frozen(L);
  push_info(L, binding_get(L)->host);
  lua_setfield(L, -2, "info");
  lua_setfield(L, -2, "_orm");
}
