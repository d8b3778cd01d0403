/* What inspect() and the Lua half look at in objects: states, histories, values without loading. */
#include "binding/b_object.h"

#include <string.h>

#include "binding/b_host.h"
#include "binding/state.h"
#include "orm/session.h"

static const char *const states[] = {
    [CORM_TRANSIENT] = "transient", [CORM_PENDING] = "pending",   [CORM_PERSISTENT] = "persistent",
    [CORM_DELETED] = "deleted",     [CORM_DETACHED] = "detached",
};

static corm_object *check(lua_State *L) {
  return binding_checkobject(L, 1, "inspect");
}

/* The attribute of the object at 1 named at 2; ArgumentError for other names. */
static const binding_attr *check_attr(lua_State *L, const corm_object *object) {
  luaL_checktype(L, 2, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, binding_class_of(object->mapper), 2);
  if (!attr)
    binding_error(L, CORM_E_ARGUMENT, "%s has no mapped attribute '%s'", object->mapper->name, lua_tostring(L, 2));
  return attr;
}

/* class_of(value): the class of an object, nil for other values. */
static int class_of(lua_State *L) {
  const corm_object *object = binding_toobject(L, 1);
  if (!object) binding_refuse_disposed(L, 1);
  if (!object) return 0;
  binding_push_class(L, binding_upvalue(L), object->mapper);
  return 1;
}

/* state(object): "transient" ..., whether it has changes, whether its row was deleted. */
static int state_of(lua_State *L) {
  const corm_object *object = check(L);
  const bool deleted = object->state == CORM_DELETED;
  /* Once the transaction is over, a deleted object has no session any more. */
  lua_pushstring(L, states[deleted && !object->session ? CORM_DETACHED : object->state]);
  bool modified = corm_object_has_changes(object) || (object->flags & CORM_OBJECT_MODIFIED) != 0;
  modified = modified || corm_object_has_history(object);
  lua_pushboolean(L, modified);
  lua_pushboolean(L, deleted);
  return 3;
}

/* identity(object): its key as a sequence; nil before it has one. */
static int identity_of(lua_State *L) {
  const corm_object *object = check(L);
  const corm_mapper *mapper = object->mapper;
  if (!(object->flags & CORM_OBJECT_KEYED)) return 0;
  lua_createtable(L, (int)mapper->npk, 0);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    binding_push_typed(L, corm_object_committed(object, mapper->pk[i]), mapper->attributes[mapper->pk[i]].type);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int session_of(lua_State *L) {
  const corm_object *object = check(L);
  binding_host *host = binding_upvalue(L)->host;
  corm_session *session = object->session ? object->session : binding_host_loads_by(host, object);
  if (!session || !host->push_session) return 0;
  host->push_session(L, session);
  return 1;
}

static bool is_loaded(const corm_object *object, const corm_relationship *relationship) {
  const corm_link *link = corm_object_find_link(object, relationship);
  return link && link->loaded;
}

/* unloaded(object): names of attributes that have no value in memory. */
static int unloaded(lua_State *L) {
  const corm_object *object = check(L);
  const corm_mapper *mapper = object->mapper;
  lua_Integer n = 0;
  lua_newtable(L);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_value *value = &object->slots[i];
    if (value->kind != CORM_ABSENT && !(value->flags & CORM_VALUE_EXPIRED)) continue;
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID) continue;
    lua_pushstring(L, mapper->attributes[i].key);
    lua_rawseti(L, -2, ++n);
  }
  for (size_t i = 0; i < mapper->relationships.len; i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    if (relationship->is_void || is_loaded(object, relationship)) continue;
    lua_pushstring(L, relationship->key);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* expired(object): names of columns that are read when they are asked for. */
static int expired(lua_State *L) {
  const corm_object *object = check(L);
  const corm_mapper *mapper = object->mapper;
  lua_Integer n = 0;
  lua_newtable(L);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    if ((object->slots[i].flags & (CORM_VALUE_EXPIRED | CORM_VALUE_LATER)) != CORM_VALUE_EXPIRED) continue;
    lua_pushstring(L, mapper->attributes[i].key);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* committed(object, key): whether the column is changed, whether its old value is known, and that value. */
static int committed(lua_State *L) {
  const corm_object *object = check(L);
  const binding_attr *attr = check_attr(L, object);
  if (attr->kind != BINDING_ATTR_COLUMN || !(object->slots[attr->slot].flags & CORM_VALUE_DIRTY)) return 0;
  const corm_value *old = corm_object_committed(object, attr->slot);
  lua_pushboolean(L, true);
  lua_pushboolean(L, old->kind != CORM_ABSENT);
  binding_push_typed_null(L, old, object->mapper->attributes[attr->slot].type);
  return 3;
}

static void append_value(lua_State *L, int list, const corm_value *value, const corm_type *type) {
  if (value->kind == CORM_ABSENT) return;
  binding_push_typed_null(L, value, type);
  lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

static void append_object(lua_State *L, int list, const corm_object *object) {
  if (!object) return;
  binding_push_object(L, binding_upvalue(L), object);
  lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

static void column_history(lua_State *L, const corm_object *object, uint32_t slot, int added) {
  const corm_value *value = &object->slots[slot];
  const bool dirty = value->flags & CORM_VALUE_DIRTY;
  if (value->flags & CORM_VALUE_EXPIRED) return;
  if (value->kind != CORM_ABSENT || (value->flags & CORM_VALUE_SQL)) {
    binding_push_slot(L, binding_upvalue(L), 1, slot);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      binding_push_nullvalue(L);
    }
    const bool fresh = dirty || (value->flags & CORM_VALUE_SQL) || !(object->flags & CORM_OBJECT_KEYED);
    lua_rawseti(L, fresh ? added : added + 1, 1);
  }
  if (dirty) append_value(L, added + 2, corm_object_committed(object, slot), object->mapper->attributes[slot].type);
}

static void list_history(lua_State *L, const corm_object *object, const corm_link *link, int added) {
  const bool keyed = object->flags & CORM_OBJECT_KEYED;
  const corm_many *list = corm_link_list(link);
  for (uint32_t i = 0; i < list->items.n; i++) {
    const corm_object *item = list->items.ptr[i].object;
    append_object(L, keyed && !corm_items_contains(&list->added, item) ? added + 1 : added, item);
  }
  for (uint32_t i = 0; !link->loaded && i < list->added.n; i++) append_object(L, added, list->added.ptr[i].object);
  for (uint32_t i = 0; i < list->removed.n; i++) append_object(L, added + 2, list->removed.ptr[i].object);
}

static void append_reference(lua_State *L, int list, const corm_object *object) {
  if (object) {
    append_object(L, list, object);
    return;
  }
  binding_push_nullvalue(L);
  lua_rawseti(L, list, 1);
}

/* That there is none is something, too, but where a new object was only looked at. */
static void one_history(lua_State *L, const corm_object *object, const corm_link *link, int added) {
  const bool fresh = link->changed || !(object->flags & CORM_OBJECT_KEYED);
  const corm_object *one = corm_link_one(link), *old = corm_link_old(link);
  if (!link->loaded || (fresh && !one && !link->changed && !link->said)) return;
  append_reference(L, fresh ? added : added + 1, one);
  if (old || link->old_known) append_reference(L, added + 2, old);
}

/* history(object, key): added, unchanged, deleted as sequences; nothing is loaded. */
static int history(lua_State *L) {
  const corm_object *object = check(L);
  const binding_attr *attr = check_attr(L, object);
  lua_settop(L, 2);
  for (int i = 0; i < 3; i++) lua_newtable(L);
  if (attr->kind != BINDING_ATTR_RELATIONSHIP) {
    column_history(L, object, attr->slot, 3);
    return 3;
  }
  const corm_link *link = corm_object_find_link(object, attr->relationship);
  if (link && attr->relationship->uselist)
    list_history(L, object, link, 3);
  else if (link)
    one_history(L, object, link, 3);
  return 3;
}

/* in_memory(object, key): the object that a reference leads to as far as that is in memory, loaded by whatever; else
 * nil. */
static int in_memory(lua_State *L) {
  const corm_object *object = check(L);
  const binding_attr *attr = check_attr(L, object);
  if (attr->kind != BINDING_ATTR_RELATIONSHIP || attr->relationship->uselist) return 0;
  const corm_object *one = corm_object_one_in_memory(object, attr->relationship);
  if (!one) return 0;
  binding_push_object(L, binding_upvalue(L), one);
  return 1;
}

/* peek(object, key): whether a value is in memory, and it; nothing is loaded. */
static int peek(lua_State *L) {
  const corm_object *object = check(L);
  const binding_attr *attr = check_attr(L, object);
  if (attr->kind != BINDING_ATTR_RELATIONSHIP) {
    const corm_value *value = &object->slots[attr->slot];
    const bool known = value->kind != CORM_ABSENT && !(value->flags & CORM_VALUE_EXPIRED);
    lua_pushboolean(L, known);
    if (value->flags & CORM_VALUE_SQL) lua_pushboolean(L, true);
    if (!known && !(value->flags & CORM_VALUE_SQL)) return 1;
    binding_push_slot(L, binding_upvalue(L), 1, attr->slot);
    return 2;
  }
  const corm_link *link = corm_object_find_link(object, attr->relationship);
  const bool known = link && link->loaded;
  lua_pushboolean(L, known);
  if (!known) return 1;
  if (attr->relationship->uselist)
    binding_push_collection(L, 1, attr->relationship);
  else
    binding_push_object(L, binding_upvalue(L), corm_link_one(link));
  return 2;
}

/* nullable(mapper, key): whether the column of an attribute may hold NULL. */
static int nullable(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  const int32_t slot = corm_mapper_slot(cls->mapper, key, len);
  const corm_column *column = slot < 0 ? NULL : cls->mapper->attributes[slot].column;
  lua_pushboolean(L, !column || (column->nullable && !column->primary_key));
  return 1;
}

/* method("Session", name, fn): a method that is written in Lua. */
static int add_method(lua_State *L) {
  const binding_state *state = binding_upvalue(L);
  luaL_checktype(L, 2, LUA_TSTRING);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  binding_kind kind = BINDING_KIND_COUNT;
  for (int i = 0; i < BINDING_KIND_COUNT; i++)
    if (state->names[i] && strcmp(state->names[i], luaL_checkstring(L, 1)) == 0) kind = (binding_kind)i;
  if (kind == BINDING_KIND_COUNT) return luaL_error(L, "corm has no class '%s'", lua_tostring(L, 1));
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[kind]);
  lua_insert(L, 2);
  lua_rawset(L, 2);
  return 0;
}

void binding_open_inspect(lua_State *L) {
  static const luaL_Reg functions[] = {{"class_of", class_of},
                                       {"state", state_of},
                                       {"identity", identity_of},
                                       {"session", session_of},
                                       {"unloaded", unloaded},
                                       {"expired", expired},
                                       {"committed", committed},
                                       {"history", history},
                                       {"peek", peek},
                                       {"in_memory", in_memory},
                                       {"nullable", nullable},
                                       {"method", add_method},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
