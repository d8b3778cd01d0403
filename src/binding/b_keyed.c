/* Looking an object up in a dictionary of objects by what one of its attributes says now. */
#include "binding/b_object.h"
#include "orm/keyed.h"
#include "orm/links.h"

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
      !corm_keyed_find(items, target->root, attr->slot, &key, &found)) {
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
