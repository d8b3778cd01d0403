/*
 * Objects of mapped classes. A name is looked up by the address of the interned string in its class's table of
 * attributes, and a number is pushed straight from the slot: reading an attribute allocates nothing. What the table
 * does not have (methods, hybrids, typos) is the class's matter.
 */
#include "binding/b_object.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "binding/state.h"
#include "orm/binds.h"

/* Upvalues of __index and __newindex. */
enum { OBJECT_STATE = 1, OBJECT_CLASSES };

/* -- identity ------------------------------------------------------------------------------------------------------ */

static corm_object *block_at(lua_State *L, int arg) {
  return binding_block_at(L, arg, BINDING_OBJECT, sizeof(corm_object));
}

static corm_object *object_at(lua_State *L, int arg) {
  corm_object *object = block_at(L, arg);
  return object && object->mapper ? object : NULL;
}

/* The metatable tells a block of ours from one that looks like it. */
static bool is_object(lua_State *L, const binding_state *state, int arg) {
  if (!lua_getmetatable(L, arg)) return false;
  const void *identity = lua_topointer(L, -1);
  lua_pop(L, 1);
  return identity == state->identity[BINDING_OBJECT];
}

corm_object *binding_object_at(lua_State *L, const binding_state *state, int arg) {
  corm_object *object = object_at(L, arg);
  return object && !object->mapper->disposed && is_object(L, state, arg) ? object : NULL;
}

corm_object *binding_toobject(lua_State *L, int arg) {
  corm_object *object = binding_test(L, arg, BINDING_OBJECT);
  return object && object->mapper && !object->mapper->disposed ? object : NULL;
}

void binding_check_mapped(lua_State *L, const corm_mapper *mapper) {
  corm_error err;
  corm_error_init(&err);
  if (corm_mapper_check_mapped(mapper, &err) != CORM_OK) binding_raise(L, &err);
}

void binding_refuse_disposed(lua_State *L, int arg) {
  const corm_object *object = binding_test(L, arg, BINDING_OBJECT) ? object_at(L, arg) : NULL;
  if (object) binding_check_mapped(L, object->mapper);
}

corm_object *binding_checkobject(lua_State *L, int arg, const char *what) {
  corm_object *object = binding_toobject(L, arg);
  binding_get(L)->strays = true;
  if (!object) binding_refuse_disposed(L, arg);
  if (!object)
    binding_error(L, CORM_E_UNMAPPED, "%s: an object of a mapped class expected, got %s", what,
                  binding_tomapper(L, arg) ? "a class" : binding_typename(L, arg));
  return object;
}

void binding_push_object(lua_State *L, binding_state *state, const corm_object *object) {
  if (!object) {
    lua_pushnil(L);
    return;
  }
  (void)binding_push_handle(L, state, object->handle);
}

/* -- creation ------------------------------------------------------------------------------------------------------ */

void binding_more_handles(lua_State *L, binding_host *host) {
  uint32_t cap = host->cap ? host->cap * 2 : 256;
  uint32_t *grown = corm_mem_resize(&host->state->mem, host->free, cap * sizeof *grown);
  if (!grown) binding_error(L, CORM_E_MEMORY, "not enough memory");
  host->free = grown;
  host->cap = cap;
}

void binding_object_frame(lua_State *L, binding_state *state) {
  luaL_checkstack(L, 4, "object");
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[BINDING_OBJECT]);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
}

/* A class must outlive its objects; making the first one keeps it. The slot in `living` was made with the class. */
void binding_keep_class(lua_State *L, const binding_host *host, const binding_class *cls) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->living);
  binding_push_class(L, host->state, cls->mapper);
  lua_rawseti(L, -2, cls->number);
  lua_pop(L, 1);
}

/* Called by hand, the object is still in the table of handles; what is there can be replaced without an allocation. */
static void give_handle(binding_host *host, corm_object *object) {
  lua_State *tables = host->state->tables;
  if (lua_rawgeti(tables, 1, object->handle) != LUA_TNIL) {
    lua_pushboolean(tables, 0);
    lua_rawseti(tables, 1, object->handle);
  }
  lua_pop(tables, 1);
  if (host->nfree < host->cap) host->free[host->nfree++] = object->handle;
  object->handle = 0;
}

static int object_gc(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  corm_object *object = block_at(L, 1);
  if (!object || !object->handle || !is_object(L, state, 1)) return 0;
  /* What waits to be told is pinned, so this is a call by hand; the collector's own will come. */
  if (object->mapper && (object->flags & CORM_OBJECT_TOLD)) return 0;
  binding_host *host = state->host;
  state->L = L;
  if (object->mapper) {
    binding_class *cls = binding_class_of(object->mapper);
    corm_object_finalize(object);
    if (--cls->living == 0) {
      lua_rawgeti(L, LUA_REGISTRYINDEX, host->living);
      lua_pushboolean(L, 0);
      lua_rawseti(L, -2, cls->number);
    }
  }
  give_handle(host, object);
  return 0;
}

/* -- names --------------------------------------------------------------------------------------------------------- */

static const binding_attr *find_long(const binding_class *cls, const char *key) {
  for (uint32_t i = 0; i < cls->cap; i++)
    if (cls->attrs[i].key && strcmp(cls->attrs[i].key, key) == 0) return &cls->attrs[i];
  return NULL;
}

/* Strings up to 40 bytes are interned: equal ones have one address. */
static const binding_attr *find(const binding_class *cls, const char *key) {
  uint32_t mask = cls->cap - 1;
  for (uint32_t i = (uint32_t)((uintptr_t)key >> 4) & mask;; i = (i + 1) & mask) {
    const binding_attr *attr = &cls->attrs[i];
    if (attr->key == key) return attr;
    if (!attr->key) return NULL;
  }
}

void binding_refuse_another(lua_State *L, int arg, const char *what, const char *all) {
  if (binding_toobject(L, arg)) binding_error(L, CORM_E_ARGUMENT, "%s: one object expected; %s", what, all);
}

const binding_attr *binding_find_attr(lua_State *L, const binding_class *cls, int key) {
  size_t len;
  const char *name = lua_tolstring(L, key, &len);
  const binding_attr *attr = find(cls, name);
  return attr || len <= 40 ? attr : find_long(cls, name);
}

const binding_attr *binding_find_short(lua_State *L, const binding_class *cls, int key) {
  const char *string = lua_topointer(L, key);
  return string ? find(cls, string + cls->text) : NULL;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

/* Names that are no attributes: a method or constant of the class, else what lua/corm/orm.lua says. */
static int index_class(lua_State *L, const binding_class *cls) {
  binding_check_mapped(L, cls->mapper);
  if (lua_rawgeti(L, lua_upvalueindex(OBJECT_CLASSES), cls->number) != LUA_TTABLE)
    return binding_error(L, CORM_E_INVALID_REQUEST, "the class of this object is being collected");
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  binding_host_function(L, binding_upvalue(L)->host, "object_index");
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -3);
  lua_pushvalue(L, 2);
  lua_call(L, 3, 1);
  return 1;
}

CORM_NOINLINE static int index_relationship(lua_State *L, corm_object *object, corm_relationship *relationship) {
  binding_state *state = binding_upvalue(L);
  corm_error err;
  corm_error_init(&err);
  corm_object *target;
  state->L = L;
  binding_configure(L, state, object->mapper->registry);
  if (relationship->uselist) {
    corm_link *link;
    if (!corm_relationship_is_unread(relationship) &&
        corm_object_get_many(object, relationship, &link, &err) != CORM_OK)
      return binding_raise(L, &err);
    binding_push_collection(L, 1, relationship);
    return 1;
  }
  if (corm_object_get_one(object, relationship, &target, &err) != CORM_OK) return binding_raise(L, &err);
  binding_push_object(L, state, target);
  return 1;
}

void binding_tell_dialect(binding_state *state, const corm_object *object) {
  const corm_session *session = object->session;
  if (!session) return;
  const corm_engine *engine =
      session->own_conn ? corm_conn_engine(session->own_conn) : corm_binds_engine(session, object->mapper, NULL);
  if (engine) state->dialect = corm_engine_dialect(engine);
}

/* The value at the top becomes one that tells of its changes. */
static void wrap(lua_State *L, const corm_object *object, const binding_attr *attr) {
  binding_host_function(L, binding_upvalue(L)->host, "mutable_wrap");
  lua_insert(L, -2);
  lua_pushvalue(L, 1);
  lua_insert(L, -2);
  lua_pushstring(L, object->mapper->attributes[attr->slot].key);
  lua_insert(L, -2);
  lua_call(L, 3, 1);
}

/* What may be a table, which is made once. */
static int index_held(lua_State *L, const corm_object *object, const binding_attr *attr, const corm_value *value) {
  const binding_state *state = binding_upvalue(L);
  const corm_value before = *value;
  const corm_type *type = object->mapper->attributes[attr->slot].type;
  if ((value->extra & CORM_SLOT_HELD) && binding_push_held(L, state, 1, attr->slot)) return 1;
  if (value->kind == CORM_ARRAY && !attr->hosted)
    binding_push_array(L, value, binding_item_kind(type), attr->key);
  else
    binding_push_typed(L, value, type);
  if (!lua_istable(L, -1)) return 1;
  if (attr->tracked) wrap(L, object, attr);
  /* A function, or a finalizer, may have changed it meanwhile. */
  const bool same = object->mapper && value->kind == before.kind && value->as.s == before.as.s &&
                    value->len == before.len && value->flags == before.flags;
  if (same) binding_hold(L, state, 1, attr->slot);
  return 1;
}

static int index_hosted(lua_State *L, const corm_object *object, const binding_attr *attr, const corm_value *value) {
  binding_tell_dialect(binding_upvalue(L), object);
  if (value->flags & CORM_VALUE_SQL)
    binding_push_sql(L, binding_upvalue(L), 1, attr->slot);
  else if (value->kind == CORM_ABSENT)
    lua_pushnil(L);
  else
    return index_held(L, object, attr, value);
  return 1;
}

/* What is no plain value in memory. */
CORM_NOINLINE static int index_rest(lua_State *L, corm_object *object, const binding_attr *attr) {
  const corm_value *value = &object->slots[attr->slot];
  if (value->flags & CORM_VALUE_EXPIRED) {
    corm_error err;
    corm_error_init(&err);
    binding_upvalue(L)->L = L;
    if (corm_object_flush_first(object, &err) != CORM_OK) return binding_raise(L, &err);
    if (corm_object_get(object, attr->slot, &value, &err) != CORM_OK) return binding_raise(L, &err);
  }
  if (attr->hosted) return index_hosted(L, object, attr, value);
  switch ((corm_value_kind)value->kind) {
  case CORM_ABSENT:
    if (value->flags & CORM_VALUE_SQL) {
      binding_push_sql(L, binding_upvalue(L), 1, attr->slot);
      break;
    }
    lua_pushnil(L);
    break;
  case CORM_NULL: lua_pushnil(L); break;
  case CORM_ARRAY:
  case CORM_JSON: return index_held(L, object, attr, value);
  case CORM_UUID: binding_push_typed(L, value, object->mapper->attributes[attr->slot].type); break;
  default: binding_push(L, value); break;
  }
  return 1;
}

CORM_NOINLINE static int index_name(lua_State *L, corm_object *object, const binding_class *cls) {
  const binding_attr *attr = lua_type(L, 2) == LUA_TSTRING ? binding_find_attr(L, cls, 2) : NULL;
  if (!attr) return index_class(L, cls);
  if (attr->kind == BINDING_ATTR_RELATIONSHIP) return index_relationship(L, object, attr->relationship);
  return index_rest(L, object, attr);
}

CORM_NOINLINE static int refuse_index(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT, "an object of a mapped class expected");
}

/* What is read most stands here, and calls nothing that would need more of the C stack. */
static int object_index(lua_State *L) {
  corm_object *object = object_at(L, 1);
  if (!object) return refuse_index(L);
  const binding_class *cls = binding_class_of(object->mapper);
  const binding_attr *attr = binding_find_short(L, cls, 2);
  if (!attr) return index_name(L, object, cls);
  if (attr->kind == BINDING_ATTR_RELATIONSHIP) return index_relationship(L, object, attr->relationship);
  const corm_value *value = &object->slots[attr->slot];
  if ((value->flags & CORM_VALUE_EXPIRED) || attr->hosted) return index_rest(L, object, attr);
  if (value->kind == CORM_INT)
    lua_pushinteger(L, value->as.i);
  else if (value->kind == CORM_TEXT)
    lua_pushlstring(L, value->as.s, value->len);
  else if (value->kind == CORM_REAL)
    lua_pushnumber(L, value->as.f);
  else
    return index_rest(L, object, attr);
  return 1;
}

/* True when a name that is no attribute means what follows from attributes of the object, or never changes. */
static bool is_follower(lua_State *L, const corm_object *object) {
  binding_host_function(L, binding_upvalue(L)->host, "is_follower");
  binding_push_class(L, binding_upvalue(L), object->mapper);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  const bool follows = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return follows;
}

static int traced_index(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const corm_object *object = object_at(L, 1);
  const bool named = object && lua_type(L, 2) == LUA_TSTRING;
  const binding_attr *attr = named ? binding_find_attr(L, binding_class_of(object->mapper), 2) : NULL;
  const bool own =
      named && object == state->traced && (attr ? attr->kind != BINDING_ATTR_RELATIONSHIP : is_follower(L, object));
  state->strays = state->strays || !own;
  (void)object_index(L);
  state->strays = state->strays || (attr && lua_istable(L, -1)); /* which may be changed inside */
  return 1;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static bool plain_text(lua_State *L, int arg, const corm_type *type, corm_value *out) {
  size_t len;
  if (lua_type(L, arg) != LUA_TSTRING) return false;
  const char *text = lua_tolstring(L, arg, &len);
  if (len > UINT32_MAX) return false;
  *out = corm_value_text(text, len);
  return corm_type_takes(type, out);
}

bool binding_plain_value(lua_State *L, int arg, const corm_type *type, corm_value *out) {
  if (type->hosted) return false;
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_INTEGER:
  case CORM_TYPE_BIGINT:
    if (!lua_isinteger(L, arg)) return false;
    *out = corm_value_int(lua_tointeger(L, arg));
    return true;
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE:
    if (type->asdecimal || lua_type(L, arg) != LUA_TNUMBER || lua_isinteger(L, arg)) return false;
    *out = corm_value_real(lua_tonumber(L, arg));
    return isfinite(out->as.f);
  case CORM_TYPE_BOOLEAN:
    if (!lua_isboolean(L, arg)) return false;
    *out = corm_value_bool(lua_toboolean(L, arg));
    return true;
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT: return plain_text(L, arg, type, out);
  default: return false;
  }
}

corm_status binding_read_attr(lua_State *L, int arg, const corm_mapper *mapper, const binding_attr *attr,
                              corm_scratch *scratch, corm_value *out, corm_error *err) {
  const corm_type *type = mapper->attributes[attr->slot].type;
  char place[256];
  if (lua_isnil(L, arg) && !type->hosted && !type->json_nulls) {
    *out = corm_value_null();
    return CORM_OK;
  }
  if (binding_plain_value(L, arg, type, out)) return CORM_OK;
  (void)snprintf(place, sizeof place, "%.120s.%.120s", mapper->name, attr->key);
  return binding_tovalue_typed(L, arg, type, place, scratch, out, err);
}

/* Validators and listeners see the value at index 3 and may give another one. */
static void call_hooks(lua_State *L, const binding_state *state) {
  binding_host_function(L, state->host, "attribute_set");
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_call(L, 3, 1);
  lua_replace(L, 3);
}

/* A value that must be converted, or an expression. */
CORM_NOINLINE static void set_other(lua_State *L, binding_state *state, corm_object *object, const binding_attr *attr) {
  corm_error err;
  corm_error_init(&err);
  corm_value value;
  corm_scratch scratch;
  if (binding_is_sql(L, 3)) {
    binding_set_sql(L, state, 1, attr, 3);
    return;
  }
  corm_scratch_init(&scratch, &state->mem);
  binding_tell_dialect(state, object);
  corm_status status = binding_read_attr(L, 3, object->mapper, attr, &scratch, &value, &err);
  if (status == CORM_OK) status = corm_object_set(object, attr->slot, &value, &err);
  corm_scratch_clear(&scratch);
  if (status != CORM_OK) binding_raise(L, &err);
}

static void set_column(lua_State *L, binding_state *state, corm_object *object, const binding_attr *attr) {
  corm_error err;
  corm_error_init(&err);
  corm_value value;
  state->L = L;
  if (!binding_plain_value(L, 3, object->mapper->attributes[attr->slot].type, &value))
    set_other(L, state, object, attr);
  else if (corm_object_set(object, attr->slot, &value, &err) != CORM_OK)
    binding_raise(L, &err);
}

/* The value at 3, which the hooks have made, is the object's from now on, and the one before is not. */
static void hold_assigned(lua_State *L, const corm_object *object, const binding_attr *attr) {
  binding_host_function(L, binding_upvalue(L)->host, "mutable_assigned");
  lua_pushvalue(L, 1);
  lua_pushstring(L, object->mapper->attributes[attr->slot].key);
  lua_pushvalue(L, 3);
  lua_call(L, 3, 0);
}

void binding_set_relationship(lua_State *L, binding_state *state, int object, const binding_attr *attr, int value) {
  corm_error err;
  corm_error_init(&err);
  corm_relationship *relationship = attr->relationship;
  binding_configure(L, state, relationship->parent->registry);
  if (relationship->uselist) {
    binding_assign_collection(L, object, attr, value);
    return;
  }
  corm_object *target = binding_checktarget(L, object, attr, value, true);
  const uint32_t mark = state->host->nkept;
  state->L = L;
  const corm_status status = corm_object_set_one(lua_touserdata(L, object), relationship, target, &err);
  binding_host_forget(L, state->host, mark);
  if (status != CORM_OK) binding_raise(L, &err);
}

static int object_newindex(lua_State *L) {
  corm_object *object = object_at(L, 1);
  if (!object) return binding_error(L, CORM_E_ARGUMENT, "an object of a mapped class expected");
  const binding_class *cls = binding_class_of(object->mapper);
  const binding_attr *attr = binding_find_short(L, cls, 2);
  if (!attr && lua_type(L, 2) == LUA_TSTRING) attr = binding_find_attr(L, cls, 2);
  if (!attr) {
    binding_check_mapped(L, object->mapper);
    binding_host_function(L, binding_upvalue(L)->host, "object_newindex");
    lua_insert(L, 1);
    lua_call(L, 3, 0);
    return 0;
  }
  if (attr->kind == BINDING_ATTR_RELATIONSHIP) {
    binding_set_relationship(L, binding_upvalue(L), 1, attr, 3);
    return 0;
  }
  if (attr->hooked) {
    if (attr->kind == BINDING_ATTR_EXPRESSION) return binding_refuse_assignment(L, object->mapper, attr->key);
    call_hooks(L, binding_upvalue(L));
  }
  set_column(L, cls->state, object, attr);
  if (attr->tracked) hold_assigned(L, object, attr);
  return 0;
}

/* -- showing ------------------------------------------------------------------------------------------------------- */

/* "User(id=1, name='x')": the key, and what else is in memory. Messages have corm_object_describe's, the key alone. */
static void describe_loaded(const corm_object *object, corm_buf *out) {
  const corm_mapper *mapper = object->mapper;
  corm_object_describe(object, out);
  if (out->len && !out->failed) out->len--; /* the bracket */
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_value *value = &object->slots[i];
    if (mapper->attributes[i].primary_key || value->kind == CORM_ABSENT || (value->flags & CORM_VALUE_EXPIRED))
      continue;
    corm_buf_puts(out, ", ");
    corm_buf_puts(out, mapper->attributes[i].key);
    corm_buf_putc(out, '=');
    corm_value_describe(value, 40, out);
  }
  corm_buf_putc(out, ')');
}

/* __pairs: written in Lua. */
static int object_pairs(lua_State *L) {
  (void)binding_checkobject(L, 1, "pairs");
  binding_upvalue(L)->strays = true;
  binding_host_function(L, binding_upvalue(L)->host, "object_pairs");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int object_tostring(lua_State *L) {
  if (!binding_toobject(L, 1) && binding_test(L, 1, BINDING_OBJECT)) { /* its finalizer was called by hand */
    lua_pushliteral(L, "object(gone)");
    return 1;
  }
  corm_object *object = binding_checkobject(L, 1, "tostring");
  binding_state *state = binding_upvalue(L);
  state->strays = true;
  binding_push_class(L, state, object->mapper);
  lua_pushliteral(L, "__tostring");
  if (lua_rawget(L, -2) != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
  }
  corm_error ignored;
  corm_error_init(&ignored);
  state->L = L;
  if (corm_object_reread(object, &ignored) != CORM_OK) corm_error_clear(&ignored);
  corm_arena *scratch = binding_scratch(L, state);
  corm_buf *buf = binding_scratch_buf(scratch);
  describe_loaded(object, buf);
  const char *text = corm_buf_str(buf);
  if (!text) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushstring(L, text);
  binding_scratch_done(L, state, scratch);
  return 1;
}

void binding_open_object(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__tostring", object_tostring}, {"__pairs", object_pairs}, {"__gc", object_gc}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  if (state->metatables[BINDING_OBJECT] != LUA_NOREF) return;
  binding_metatable(L, BINDING_OBJECT, "object", NULL, meta, NULL);
  static const struct {
    const char *event;
    lua_CFunction function;
  } accessors[] = {
      {"__index", object_index}, {"plain", object_index}, {"traced", traced_index}, {"__newindex", object_newindex}};
  for (size_t i = 0; i < sizeof accessors / sizeof *accessors; i++) {
    lua_pushlightuserdata(L, state);
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->classes);
    lua_pushcclosure(L, accessors[i].function, 2);
    lua_setfield(L, -2, accessors[i].event);
  }
  lua_pop(L, 1);
}
