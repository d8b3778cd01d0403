/* What statements ask about names of a class that are no columns; lua/corm/descriptor.lua answers. */
#include <string.h>

#include "binding/b_object.h"

static corm_mapper *mapper_of(const corm_node *entity) {
  return (corm_mapper *)(uintptr_t)((const corm_bundle *)entity)->owner; /* a bundle only borrows its owner */
}

bool binding_push_filter(lua_State *L, const corm_node *entity, const char *key, int value) {
  binding_state *state = binding_get(L);
  value = lua_absindex(L, value);
  luaL_checkstack(L, 6, "filter_by");
  binding_host_function(L, state->host, "filter_by");
  binding_push_entity(L, state, entity);
  binding_push_class(L, state, mapper_of(entity));
  lua_pushstring(L, key);
  lua_pushvalue(L, value);
  lua_call(L, 4, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  (void)binding_checkcondition(L, -1, "filter_by");
  return true;
}

const corm_column *binding_entity_column(lua_State *L, const corm_node *entity, int key) {
  const corm_mapper *mapper = mapper_of(entity);
  const binding_attr *attr = binding_find_attr(L, binding_class_of(mapper), key);
  return attr && attr->kind == BINDING_ATTR_COLUMN ? mapper->attributes[attr->slot].column : NULL;
}

void binding_refuse_name(lua_State *L, const corm_node *entity, const corm_table *table, const char *what, int key) {
  const char *name = lua_tostring(L, key);
  const corm_column *above = entity ? binding_entity_column(L, entity, key) : NULL;
  const char *nearest = corm_table_nearest(table, name);
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_COMPILE, "%s: unconsumed column names: %.80s (table '%s' has no such column)", what,
                       name, table->name);
  if (above)
    corm_error_hint(&err, "it is a column of '%s', and this writes the class's own table", above->table->name);
  else if (nearest)
    corm_error_hint(&err, "did you mean '%s'?", nearest);
  binding_raise(L, &err);
}

bool binding_push_assigned(lua_State *L, const corm_node *entity, int key, int value) {
  binding_state *state = binding_get(L);
  key = lua_absindex(L, key);
  value = lua_absindex(L, value);
  luaL_checkstack(L, 6, "values");
  binding_host_function(L, state->host, "assign");
  binding_push_class(L, state, mapper_of(entity));
  lua_pushvalue(L, key);
  lua_pushvalue(L, value);
  lua_call(L, 3, 1);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

bool binding_push_attribute_fact(lua_State *L, const corm_mapper *mapper, const char *key, const char *name) {
  binding_state *state = binding_get(L);
  if (strcmp(name, "class_") == 0) {
    binding_push_class(L, state, mapper);
    return true;
  }
  if (strcmp(name, "parent") != 0 && strcmp(name, "property") != 0) return false;
  luaL_checkstack(L, 6, name);
  binding_host_function(L, state->host, "attribute_fact");
  binding_push_class(L, state, mapper);
  lua_pushstring(L, key);
  lua_pushstring(L, name);
  lua_call(L, 3, 1);
  return true;
}

bool binding_push_column_fact(lua_State *L, const corm_column_node *column, const char *name) {
  const corm_mapper *mapper = column->entity ? corm_bundle_mapper(column->entity) : NULL;
  const int32_t slot = mapper && column->column ? corm_mapper_column_slot(mapper, column->column) : -1;
  return slot >= 0 && binding_push_attribute_fact(L, mapper, mapper->attributes[slot].key, name);
}
