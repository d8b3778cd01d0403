/* SQL expressions as the values of attributes: object.n = Class.n + 1. The slot points to the node; what keeps it is
   here, by object and slot. */
#include "binding/b_expr.h"
#include "binding/b_object.h"
#include "binding/state.h"

bool binding_is_sql(lua_State *L, int arg) {
  return lua_type(L, arg) == LUA_TUSERDATA && binding_tonode(L, arg) != NULL;
}

/* Pushes the expression as a value: a select becomes a scalar subquery. */
static const corm_node *push_value(lua_State *L, int arg, const char *what) {
  const corm_node *given = binding_checkvalue(L, arg, what);
  binding_build b;
  const corm_node *node;
  lua_pushvalue(L, arg);
  if (given->kind != CORM_NODE_SELECT && given->kind != CORM_NODE_COMPOUND) return given;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), 4 * BINDING_ROOM(corm_grouping), 1);
  do node = binding_scalar_in(&b.arena, given);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, arg);
  lua_remove(L, -2);
  return node;
}

/* kept[object][slot] = the value at the top, which is popped. */
static void keep(lua_State *L, const binding_host *host, int object, uint32_t slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->expressions);
  lua_pushvalue(L, object);
  if (lua_rawget(L, -2) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, object);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_pushvalue(L, -3);
  lua_rawseti(L, -2, (lua_Integer)slot + 1);
  lua_pop(L, 3);
}

void binding_set_sql(lua_State *L, binding_state *state, int object, const binding_attr *attr, int value) {
  corm_error err;
  corm_error_init(&err);
  luaL_checkstack(L, 8, "expression");
  corm_object *self = lua_touserdata(L, object);
  lua_pushfstring(L, "%s.%s", self->mapper->name, attr->key);
  const corm_node *node = push_value(L, value, lua_tostring(L, -1));
  keep(L, state->host, object, attr->slot);
  lua_pop(L, 1);
  state->L = L;
  if (corm_object_set_sql(self, attr->slot, node, &err) != CORM_OK) binding_raise(L, &err);
}

void binding_push_sql(lua_State *L, const binding_state *state, int object, uint32_t slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->expressions);
  lua_pushvalue(L, object);
  if (lua_rawget(L, -2) == LUA_TTABLE)
    lua_rawgeti(L, -1, (lua_Integer)slot + 1);
  else
    lua_pushnil(L);
  lua_replace(L, -3);
  lua_pop(L, 1);
}
