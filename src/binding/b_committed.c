/* What the Lua half does to objects besides assignments: values count as changed, or as loaded. */
#include "binding/b_object.h"

#include "orm/links.h"
#include "orm/session.h"

static corm_object *check(lua_State *L, const char *what) {
  return binding_checkobject(L, 1, what);
}

static const binding_attr *check_attr(lua_State *L, const corm_object *object, const char *what) {
  if (lua_type(L, 2) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: the name of an attribute expected, got %s", what, binding_typename(L, 2));
  const binding_attr *attr = binding_find_attr(L, binding_class_of(object->mapper), 2);
  if (!attr)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s has no mapped attribute '%s'", what, object->mapper->name,
                  lua_tostring(L, 2));
  return attr;
}

/* flag_modified(object, key) */
static int flag_modified(lua_State *L) {
  corm_object *object = check(L, "flag_modified");
  const binding_attr *attr = check_attr(L, object, "flag_modified");
  corm_error err;
  corm_error_init(&err);
  if (attr->kind == BINDING_ATTR_RELATIONSHIP)
    return binding_error(L, CORM_E_ARGUMENT, "flag_modified: %s.%s is a relationship, which keeps its own history",
                         object->mapper->name, attr->key);
  if (attr->kind == BINDING_ATTR_EXPRESSION) return binding_refuse_assignment(L, object->mapper, attr->key);
  binding_upvalue(L)->L = L;
  return corm_object_touch(object, attr->slot, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* flag_dirty(object): a flush looks at it, and its hooks find it in session.dirty. */
static int flag_dirty(lua_State *L) {
  corm_object *object = check(L, "flag_dirty");
  corm_error err;
  corm_error_init(&err);
  binding_upvalue(L)->L = L;
  if (!object->session || object->state != CORM_PERSISTENT) return 0; /* a new object is looked at anyway */
  corm_status status = corm_session_modified(object->session, object, &err);
  if (status == CORM_OK) status = corm_object_show(object, &err);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

static corm_status commit_column(lua_State *L, corm_object *object, const binding_attr *attr, corm_error *err) {
  corm_scratch scratch;
  corm_value value;
  corm_scratch_init(&scratch, &binding_upvalue(L)->mem);
  corm_status status = binding_read_attr(L, 3, object->mapper, attr, &scratch, &value, err);
  if (status == CORM_OK) status = corm_object_store(object, attr->slot, &value, err);
  corm_scratch_clear(&scratch);
  return status;
}

static const corm_object *check_target(lua_State *L, int arg, const corm_relationship *relationship) {
  const corm_object *target = binding_toobject(L, arg);
  if (!target || !corm_mapper_isa(target->mapper, relationship->target))
    binding_error(L, CORM_E_ARGUMENT, "set_committed_value: %s.%s: an object of %s expected, got %s",
                  relationship->parent->name, relationship->key, relationship->target->name,
                  target ? target->mapper->name : binding_typename(L, arg));
  return target;
}

static corm_status commit_one(lua_State *L, corm_object *object, corm_relationship *relationship, corm_error *err) {
  const corm_host *host = &binding_upvalue(L)->host->core;
  corm_object *target = lua_isnil(L, 3) ? NULL : (corm_object *)(uintptr_t)check_target(L, 3, relationship);
  uint32_t edge = 0;
  corm_link_reset(object, relationship);
  corm_status status = target ? host->edges_add(host->ctx, object, &target, 1, &edge, err) : CORM_OK;
  return status == CORM_OK ? corm_link_fill_one(object, relationship, target, edge, err) : status;
}

static corm_status commit_many(lua_State *L, corm_object *object, corm_relationship *relationship, corm_error *err) {
  binding_state *state = binding_upvalue(L);
  const corm_host *host = &state->host->core;
  if (!lua_istable(L, 3))
    binding_error(L, CORM_E_ARGUMENT, "set_committed_value: %s.%s: a list of objects expected, got %s",
                  relationship->parent->name, relationship->key, binding_typename(L, 3));
  const size_t n = (size_t)lua_rawlen(L, 3);
  corm_arena *scratch = binding_scratch(L, state);
  corm_object **targets = corm_arena_zalloc(scratch, n + 1, sizeof *targets);
  uint32_t *edges = corm_arena_zalloc(scratch, n + 1, sizeof *edges);
  if (!targets || !edges || n > UINT32_MAX) return corm_error_memory(err);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    targets[i] = (corm_object *)(uintptr_t)check_target(L, -1, relationship);
    lua_pop(L, 1); /* the list keeps it */
  }
  corm_link_reset(object, relationship);
  corm_status status = n ? host->edges_add(host->ctx, object, targets, (uint32_t)n, edges, err) : CORM_OK;
  if (status == CORM_OK) status = corm_link_fill_many(object, relationship, targets, edges, (uint32_t)n, err);
  binding_scratch_done(L, state, scratch);
  return status;
}

/* set_committed(object, key, value): as if it had been loaded. */
static int set_committed(lua_State *L) {
  corm_object *object = check(L, "set_committed_value");
  const binding_attr *attr = check_attr(L, object, "set_committed_value");
  binding_state *state = binding_upvalue(L);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 3);
  state->L = L;
  corm_status status;
  if (attr->kind != BINDING_ATTR_RELATIONSHIP) {
    status = commit_column(L, object, attr, &err);
  } else {
    binding_configure(L, state, object->mapper->registry);
    status = attr->relationship->uselist ? commit_many(L, object, attr->relationship, &err)
                                         : commit_one(L, object, attr->relationship, &err);
  }
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

void binding_open_committed(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"flag_modified", flag_modified}, {"flag_dirty", flag_dirty}, {"set_committed", set_committed}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
