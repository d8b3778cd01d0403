/* Collections that are never loaded whole: objects come and go without a look at the others, and what is there is asked
   for by statements (lua/corm/write_only.lua). */
#include <string.h>

#include "binding/b_object.h"
#include "orm/links.h"
#include "orm/session.h"

/* The object at 1 and its relationship named at 2. */
static corm_relationship *check_relationship(lua_State *L, corm_object **object) {
  *object = binding_checkobject(L, 1, "relationship");
  const corm_mapper *mapper = (*object)->mapper;
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  binding_configure(L, binding_get(L), mapper->registry);
  corm_relationship *relationship = corm_mapper_relationship(mapper, key, len);
  if (!relationship || !relationship->target)
    binding_error(L, CORM_E_ARGUMENT, "%s has no relationship '%s'", mapper->name, key);
  return relationship;
}

static int change(lua_State *L, bool comes) {
  corm_object *object;
  corm_relationship *relationship = check_relationship(L, &object);
  binding_state *state = binding_get(L);
  lua_settop(L, 3);
  const binding_attr *attr = binding_find_attr(L, binding_class_of(object->mapper), 2);
  corm_object *target = binding_checktarget(L, 1, attr, 3, false);
  const uint32_t mark = state->host->nkept;
  corm_error err;
  corm_error_init(&err);
  state->L = L;
  const corm_status status = comes ? corm_object_queue(object, relationship, target, &err)
                                   : corm_object_unqueue(object, relationship, target, &err);
  binding_host_forget(L, state->host, mark);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

/* queue_add(object, key, target), queue_remove(object, key, target): without loading anything. */
static int queue_add(lua_State *L) {
  return change(L, true);
}

static int queue_remove(lua_State *L) {
  return change(L, false);
}

/* autoflush(object): gives a pending object its row, where the session does so by itself. */
static int autoflush(lua_State *L) {
  corm_session *session = binding_checkobject(L, 1, "autoflush")->session;
  if (!session) return 0;
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  return corm_session_autoflush(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* pairs(mapper, key): the names of the columns that a flush keeps equal, { near, far } each. */
static int pairs(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  const char *key = luaL_checkstring(L, 2);
  binding_configure(L, binding_get(L), cls->mapper->registry);
  const corm_relationship *relationship = corm_mapper_relationship(cls->mapper, key, strlen(key));
  lua_newtable(L);
  for (uint32_t i = 0; relationship && i < relationship->npairs; i++) {
    lua_createtable(L, 2, 0);
    lua_pushstring(L, relationship->parent->attributes[relationship->pairs[i].near_slot].key);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, relationship->target->attributes[relationship->pairs[i].far_slot].key);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

void binding_open_write_only(lua_State *L) {
  static const luaL_Reg functions[] = {{"queue_add", queue_add},
                                       {"queue_remove", queue_remove},
                                       {"autoflush", autoflush},
                                       {"relation_pairs", pairs},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
