/*
 * Tables that objects show for values of JSON, arrays and types of a script's own. Each is made when it is first asked
 * for and is the object's from then on, so that a script may change it in place: a flush that writes the column anyway
 * writes what has become of it. lua/corm/mutable.lua makes those that tell of their changes by themselves; what they
 * hold lies in a field of theirs that only the two know.
 */
#include "binding/b_object.h"
#include "binding/b_type.h"
#include "binding/state.h"

/* Its address is the key of the content of a value that tells of its changes. */
static const char content_key;

/* -- what is held -------------------------------------------------------------------------------------------------- */

/* Pushes the tables of the object at `object` by slot + 1, or nil. */
static bool push_tables(lua_State *L, const binding_host *host, int object) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->held);
  lua_pushvalue(L, object);
  const bool found = lua_rawget(L, -2) == LUA_TTABLE;
  lua_remove(L, -2);
  return found;
}

void binding_hold(lua_State *L, const binding_state *state, int object, uint32_t slot) {
  luaL_checkstack(L, 6, "value");
  if (!push_tables(L, state->host, object)) {
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->held);
    lua_pushvalue(L, object);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_insert(L, -4);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, (lua_Integer)slot + 1);
  lua_pop(L, 1);
  corm_object *self = lua_touserdata(L, object);
  if (!self->mapper) return;
  self->slots[slot].extra |= CORM_SLOT_HELD;
  self->mapper->holds = true;
}

bool binding_push_held(lua_State *L, const binding_state *state, int object, uint32_t slot) {
  if (!push_tables(L, state->host, object)) {
    lua_pop(L, 1);
    return false;
  }
  const bool found = lua_rawgeti(L, -1, (lua_Integer)slot + 1) == LUA_TTABLE;
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

void binding_push_slot(lua_State *L, const binding_state *state, int object, uint32_t slot) {
  const corm_object *self = lua_touserdata(L, object);
  const corm_value *value = &self->slots[slot];
  luaL_checkstack(L, 6, "value");
  if (value->flags & CORM_VALUE_SQL)
    binding_push_sql(L, state, object, slot);
  else if (!(value->extra & CORM_SLOT_HELD) || !binding_push_held(L, state, object, slot))
    binding_push_typed(L, value, self->mapper->attributes[slot].type);
}

/* -- what the core asks for ---------------------------------------------------------------------------------------- */

typedef struct reread_call {
  binding_host *host;
  corm_object *object;
  uint32_t slot;
} reread_call;

static int reread_body(lua_State *L) {
  const reread_call *call = lua_touserdata(L, 1);
  binding_host *host = call->host;
  const corm_mapper *mapper = call->object->mapper;
  const binding_attr attr = {.key = mapper->attributes[call->slot].key, .slot = call->slot};
  corm_value value;
  corm_error err;
  corm_error_init(&err);
  luaL_checkstack(L, 12, "value");
  binding_push_object(L, host->state, call->object);
  if (lua_isnil(L, -1) || !binding_push_held(L, host->state, lua_gettop(L), call->slot)) return 0;
  binding_tell_dialect(host->state, call->object);
  corm_status status = binding_read_attr(L, lua_gettop(L), mapper, &attr, &host->scratch, &value, &err);
  if (status == CORM_OK && call->object->mapper) status = corm_object_rewrite(call->object, call->slot, &value, &err);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

corm_status binding_host_reread(void *ctx, corm_object *object, uint32_t slot, corm_error *err) {
  binding_host *host = ctx;
  reread_call call = {host, object, slot};
  return binding_protect(host->state, reread_body, &call, err);
}

/* -- values that tell of their changes ----------------------------------------------------------------------------- */

bool binding_push_content(lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TTABLE || !lua_getmetatable(L, arg)) return false;
  lua_pop(L, 1);
  lua_pushvalue(L, arg);
  const bool found = lua_rawgetp(L, -1, &content_key) == LUA_TTABLE;
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

void binding_push_plain(lua_State *L, int arg) {
  arg = lua_absindex(L, arg);
  lua_pop(L, 1);
  binding_host_function(L, binding_get(L)->host, "mutable_plain");
  lua_pushvalue(L, arg);
  lua_call(L, 1, 1);
}

/* content_key(): the key of the content. */
static int get_content_key(lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)&content_key);
  return 1;
}

static const binding_attr *check_column(lua_State *L, const corm_object *object) {
  luaL_checktype(L, 2, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, binding_class_of(object->mapper), 2);
  if (!attr || attr->kind != BINDING_ATTR_COLUMN)
    binding_error(L, CORM_E_ARGUMENT, "%s has no column attribute '%s'", object->mapper->name, lua_tostring(L, 2));
  return attr;
}

/* held(object, key): the table that was held last; it may be the object's no longer. */
static int held(lua_State *L) {
  const corm_object *object = binding_checkobject(L, 1, "held");
  const binding_attr *attr = check_column(L, object);
  return binding_push_held(L, binding_upvalue(L), 1, attr->slot);
}

/* hold(object, key, table): it is what the attribute shows now. */
static int hold(lua_State *L) {
  const corm_object *object = binding_checkobject(L, 1, "hold");
  const binding_attr *attr = check_column(L, object);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  binding_hold(L, binding_upvalue(L), 1, attr->slot);
  return 0;
}

/* changed(object, key, table): the column counts as changed, and true; nothing where the object shows another one. */
static int changed(lua_State *L) {
  corm_object *object = binding_checkobject(L, 1, "changed");
  const binding_attr *attr = check_column(L, object);
  binding_state *state = binding_upvalue(L);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 3);
  if (!(object->slots[attr->slot].extra & CORM_SLOT_HELD) || !binding_push_held(L, state, 1, attr->slot)) return 0;
  if (!lua_rawequal(L, 3, -1)) return 0;
  state->L = L;
  if (corm_object_touch(object, attr->slot, &err) != CORM_OK) return binding_raise(L, &err);
  lua_pushboolean(L, true);
  return 1;
}

/* check_value(object, key, value): raises what the column says against a value inside of its own. What passes
   functions of a script is left to them. */
static int check_value(lua_State *L) {
  const corm_object *object = binding_checkobject(L, 1, "check_value");
  const binding_attr *attr = check_column(L, object);
  const corm_type *type = object->mapper->attributes[attr->slot].type;
  binding_state *state = binding_upvalue(L);
  lua_settop(L, 3);
  if (type->hosted || lua_isnil(L, 3)) return 0;
  if (type->kind == CORM_TYPE_ARRAY) {
    lua_createtable(L, 1, 0);
    lua_insert(L, 3);
    lua_rawseti(L, 3, 1);
  }
  corm_scratch scratch;
  corm_error err;
  corm_value value;
  corm_error_init(&err);
  corm_scratch_init(&scratch, &state->mem);
  const corm_status status = binding_read_attr(L, 3, object->mapper, attr, &scratch, &value, &err);
  corm_scratch_clear(&scratch);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

/* track(mapper, key): values of the attribute are made by lua/corm/mutable.lua. */
static int track(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  const int32_t slot = cls->mapper ? corm_mapper_slot(cls->mapper, key, len) : -1;
  if (slot >= 0) binding_class_track(cls, (uint32_t)slot);
  return 0;
}

void binding_open_held(lua_State *L) {
  static const luaL_Reg functions[] = {{"content_key", get_content_key},
                                       {"held", held},
                                       {"hold", hold},
                                       {"changed", changed},
                                       {"check_value", check_value},
                                       {"track", track},
                                       {"type_again", binding_type_again},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
