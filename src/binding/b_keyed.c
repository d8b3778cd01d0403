/*
 * Looking an object up in a dictionary of objects by what it says now: one of its attributes, or a function of the
 * script's. What a function says can be kept when it has read nothing but the object's own attributes, since writing
 * these is noted: while it runs, the metatable of objects has another __index, which tells.
 */
#include "binding/b_object.h"
#include "binding/b_values.h"
#include "orm/keyed.h"
#include "orm/links.h"

/* find_keyed(collection, attribute, key): the last of the objects with that value, nil without one; false: only
   reading them all can tell, and true besides: the attribute or the key is none that the core can compare. */
static int find_keyed(lua_State *L) {
  const corm_relationship *relationship;
  const corm_items *items = binding_collection_items(L, 1, &relationship);
  const corm_mapper *target = relationship->target;
  const binding_attr *attr = binding_find_attr(L, binding_class_of(target), 2);
  corm_value key;
  const corm_object *found;
  const bool column = attr && attr->kind == BINDING_ATTR_COLUMN;
  const bool comparable = column && !target->attributes[attr->slot].type->hosted;
  if (!comparable || !binding_plain_value(L, 3, target->attributes[attr->slot].type, &key)) {
    lua_pushboolean(L, false);
    lua_pushboolean(L, !comparable || binding_test(L, 3, BINDING_VALUE));
    return 2;
  }
  if (!corm_keyed_find(items, target->root, attr->slot, &key, &found)) {
    lua_pushboolean(L, false);
  } else if (found) {
    binding_push_object(L, binding_get(L), found);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* keyed_news(collection, anew): an object that the index of lua/corm/keyed.lua has to enter, false for all of them,
   true when there is none, nil when there can be no index. */
static int keyed_news(lua_State *L) {
  const corm_relationship *relationship;
  const corm_items *items = binding_collection_items(L, 1, &relationship);
  const corm_object *object;
  binding_get(L)->strays = true;
  switch (corm_keyed_next(items, relationship->target->root, lua_toboolean(L, 2), &object)) {
  case CORM_KEYED_ALL: lua_pushboolean(L, false); break;
  case CORM_KEYED_ONE: binding_push_object(L, binding_get(L), object); break;
  case CORM_KEYED_NONE: lua_pushboolean(L, true); break;
  case CORM_KEYED_WALK:
  default: lua_pushnil(L); break;
  }
  return 1;
}

/* What equal keys have in common; nil for what is compared in another way. */
static int key_place(lua_State *L) {
  const binding_value *value = binding_test(L, 1, BINDING_VALUE);
  lua_settop(L, 1);
  if (value) {
    const uint64_t hash = corm_value_hash(&value->value, 0);
    lua_pushlightuserdata(L, (void *)(uintptr_t)hash); /* NOLINT(performance-no-int-to-ptr) */
    return 1;
  }
  const int type = lua_type(L, 1);
  const bool plain = type == LUA_TSTRING || type == LUA_TBOOLEAN ||
                     (type == LUA_TNUMBER && lua_tonumber(L, 1) == lua_tonumber(L, 1)); /* not NaN */
  if (!plain) lua_pushnil(L);
  return 1;
}

/* Objects are read by the function that their metatable has under that name from now on. */
static void read_by(lua_State *L, int metatable, const char *name) {
  lua_getfield(L, metatable, name);
  lua_setfield(L, metatable, "__index");
}

/* own_key(function, object): the key, and whether it follows from the object's own attributes alone. */
static int own_key(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const void *outer = state->traced;
  enum { FUNCTION = 1, OBJECT, METATABLE };
  lua_settop(L, OBJECT);
  const corm_object *object = binding_checkobject(L, OBJECT, "key");
  lua_getmetatable(L, OBJECT);
  lua_pushvalue(L, FUNCTION);
  lua_pushvalue(L, OBJECT);
  state->strays = false;
  state->traced = object;
  read_by(L, METATABLE, "traced");
  const int failed = lua_pcall(L, 1, 1, 0);
  state->traced = outer;
  if (!outer) read_by(L, METATABLE, "plain");
  const bool own = !state->strays;
  state->strays = true; /* for one around it, which has asked another object */
  if (failed) return lua_error(L);
  lua_pushboolean(L, own);
  return 2;
}

void binding_open_keyed(lua_State *L) {
  static const luaL_Reg functions[] = {{"find_keyed", find_keyed},
                                       {"keyed_news", keyed_news},
                                       {"key_place", key_place},
                                       {"own_key", own_key},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
