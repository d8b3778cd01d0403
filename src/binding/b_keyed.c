/*
 * Looking an object up in a dictionary of objects by what one of its attributes says now. There is no index, since the
 * attribute may change by whatever hand; but nothing is made of the objects that are passed by.
 */
#include "binding/b_object.h"
#include "orm/links.h"

/* True when the value is what a script would read, without anything to be loaded before. */
static bool is_there(const corm_value *value) {
  return value->kind != CORM_ABSENT || !(value->flags & (CORM_VALUE_EXPIRED | CORM_VALUE_SQL));
}

/* The last object whose slot has the value, in *found, or NULL; false when one before it would have to be read. */
static bool find_last(const corm_items *items, uint32_t slot, const corm_value *key, const corm_object **found) {
  *found = NULL;
  for (uint32_t i = items->n; i-- > 0 && !*found;) {
    const corm_object *object = items->ptr[i].object;
    const corm_value *value = &object->slots[slot];
    if (!is_there(value)) return false;
    if (value->kind == key->kind && corm_value_equal(value, key)) *found = object;
  }
  return true;
}

/* find_keyed(collection, attribute, key): the last of the objects with that value, nil without one; false: only
   reading them all can tell. */
static int find_keyed(lua_State *L) {
  const corm_relationship *relationship;
  const corm_items *items = binding_collection_items(L, 1, &relationship);
  const corm_mapper *target = relationship->target;
  const binding_attr *attr = binding_find_attr(L, binding_class_of(target), 2);
  corm_value key;
  const corm_object *found;
  const bool column = attr && attr->kind == BINDING_ATTR_COLUMN;
  if (!column || target->attributes[attr->slot].type->hosted ||
      !binding_plain_value(L, 3, target->attributes[attr->slot].type, &key) ||
      !find_last(items, attr->slot, &key, &found)) {
    lua_pushboolean(L, false);
  } else if (found) {
    binding_push_object(L, binding_get(L), found);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

void binding_open_keyed(lua_State *L) {
  static const luaL_Reg functions[] = {{"find_keyed", find_keyed}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
