/*
 * session:get. An integer key of a loaded object is answered without scratch, table or protected call; everything else
 * (other keys, expired objects, options, rows to be fetched) takes the long way.
 */
#include <string.h>

#include "binding/b_load.h"
#include "binding/b_session.h"
#include "binding/b_statement.h"

/* -- the short way -- */

static corm_session *session_at(lua_State *L) {
  const binding_session *self = binding_block_at(L, 1, BINDING_SESSION, sizeof *self);
  return self ? self->session : NULL;
}

static bool is_whole(const corm_object *object) {
  return !(object->slots[object->mapper->pk[0]].flags & CORM_VALUE_EXPIRED);
}

/* A call with a session, a class and an integer. */
typedef struct plain_get {
  corm_session *session;
  corm_mapper *mapper;
  corm_value key;
} plain_get;

static bool read_plain(lua_State *L, plain_get *out) {
  if (lua_gettop(L) != 3 || !lua_isinteger(L, 3)) return false;
  out->session = session_at(L);
  out->mapper = out->session ? binding_class_at(L, 2) : NULL;
  out->key = corm_value_int(lua_tointeger(L, 3));
  return out->mapper && out->mapper->npk == 1 && !out->mapper->rules.refreshes;
}

/* Whether the integer is the key as it is, of a class that nothing has to be done for. */
static bool is_ready(const plain_get *g) {
  const corm_type *type = g->mapper->attributes[g->mapper->pk[0]].type;
  return (type->kind == CORM_TYPE_INTEGER || type->kind == CORM_TYPE_BIGINT) && !type->hosted && !g->mapper->united &&
         g->mapper->registry->configured;
}

/* Pushes the object and returns true; false: it takes the long way, and what lies on the stack is to be dropped. */
static bool push_known(lua_State *L, binding_state *state, const plain_get *g) {
  const corm_identity *map = &g->session->identity;
  const uint32_t handle = corm_identity_handle(map, g->mapper, &g->key);
  if (handle) return binding_push_handle(L, state, handle) != LUA_TNIL;
  const corm_object *object = corm_identity_find(map, g->mapper, &g->key, corm_identity_hash(g->mapper, &g->key));
  return object && corm_mapper_isa(object->mapper, g->mapper) && is_whole(object) &&
         binding_push_handle(L, state, object->handle) != LUA_TNIL;
}

/* -- keys -- */

static const char *pk_name(const corm_mapper *mapper, uint32_t i) {
  return mapper->attributes[mapper->pk[i]].key;
}

/* Reads the value at the top as component i; false for NULL. */
static bool read_part(lua_State *L, const corm_mapper *mapper, uint32_t i, corm_arena *arena, corm_value *out) {
  corm_error err;
  corm_error_init(&err);
  corm_scratch scratch;
  if (binding_is_null(L, -1)) return false;
  corm_scratch_init(&scratch, &binding_get(L)->mem);
  corm_status status =
      binding_tovalue_typed(L, -1, mapper->attributes[mapper->pk[i]].type, "Session:get", &scratch, out, &err);
  if (status == CORM_OK && corm_value_has_bytes(out)) {
    out->as.s = corm_arena_dup(arena, out->as.s, out->len);
    if (!out->as.s) status = corm_error_memory(&err);
  }
  corm_scratch_clear(&scratch);
  if (status != CORM_OK) binding_raise(L, &err);
  return true;
}

static void refuse_size(lua_State *L, const corm_mapper *mapper, int n) {
  luaL_Buffer names;
  luaL_buffinit(L, &names);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    if (i) luaL_addstring(&names, ", ");
    luaL_addstring(&names, pk_name(mapper, i));
  }
  luaL_pushresult(&names);
  binding_error(L, CORM_E_INVALID_REQUEST,
                "Session:get: the primary key of %s has %d column%s (%s), but %d value%s given", mapper->name,
                (int)mapper->npk, mapper->npk == 1 ? "" : "s", lua_tostring(L, -1), n, n == 1 ? " was" : "s were");
}

/* A table by attribute names at 3. */
static bool read_named(lua_State *L, const corm_mapper *mapper, corm_arena *arena, corm_value *key) {
  uint32_t n = 0;
  bool whole = true;
  lua_pushnil(L);
  while (lua_next(L, 3)) {
    lua_pop(L, 1);
    const char *name = lua_type(L, -1) == LUA_TSTRING ? binding_name_at(L, -1) : NULL;
    bool known = false;
    for (uint32_t i = 0; name && i < mapper->npk; i++) known = known || strcmp(pk_name(mapper, i), name) == 0;
    if (!known)
      binding_error(L, CORM_E_INVALID_REQUEST, "Session:get: '%s' is no primary-key attribute of %s",
                    name ? name : binding_typename(L, -1), mapper->name);
    n++;
  }
  if (n != mapper->npk) refuse_size(L, mapper, (int)n);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    lua_pushstring(L, pk_name(mapper, i));
    lua_rawget(L, 3);
    whole = read_part(L, mapper, i, arena, &key[i]) && whole;
    lua_pop(L, 1);
  }
  return whole;
}

/* The key at 3: a value, a sequence in key order or a table by name. False when a part of it is NULL. */
static bool read_key(lua_State *L, const corm_mapper *mapper, corm_arena *arena, corm_value *key) {
  bool whole = true;
  if (mapper->selected && mapper->united)
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "Session:get: %s is abstract, and a key says one row of each class below it: name that class",
                  mapper->name);
  if (!lua_istable(L, 3)) {
    if (binding_is_null(L, 3)) return false;
    if (mapper->npk != 1) refuse_size(L, mapper, 1);
    lua_pushvalue(L, 3);
    whole = read_part(L, mapper, 0, arena, key);
    lua_pop(L, 1);
    return whole;
  }
  lua_Unsigned n = lua_rawlen(L, 3);
  if (n == 0) return read_named(L, mapper, arena, key);
  if (n != mapper->npk) refuse_size(L, mapper, (int)n);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    whole = read_part(L, mapper, i, arena, &key[i]) && whole;
    lua_pop(L, 1);
  }
  return whole;
}

/* -- the long way -- */

/* Pushes the object with that key if the session has it, loaded anew when expired. A row that is gone is none, and so
   is an object of another class of the hierarchy. */
static bool push_found(lua_State *L, binding_state *state, corm_session *session, corm_mapper *mapper,
                       const corm_value *key) {
  corm_error err;
  corm_error_init(&err);
  corm_object *object = corm_session_find(session, mapper->root, key);
  if (!object) return false;
  binding_push_object(L, state, corm_mapper_isa(object->mapper, mapper) ? object : NULL);
  if (lua_isnil(L, -1)) return true;
  if (is_whole(object)) return true;
  corm_status status = corm_object_flush_first(object, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  if (corm_session_find(session, mapper->root, key) != object) {
    lua_pop(L, 1);
    return false;
  }
  status = corm_object_refresh(object, mapper->pk[0], &err);
  if (status == CORM_OK) return true;
  if (err.cls != CORM_E_OBJECT_DELETED || err.from_hook) binding_raise(L, &err);
  corm_error_clear(&err);
  if (corm_session_lose(session, object, &err) != CORM_OK) binding_raise(L, &err);
  lua_pop(L, 1);
  lua_pushnil(L);
  return true;
}

static void push_loaded(lua_State *L, binding_state *state, corm_session *session, corm_mapper *mapper,
                        const corm_value *key, const corm_load_options *options) {
  corm_error err;
  corm_error_init(&err);
  binding_loader *handle = binding_new_loader(L);
  if (corm_loader_get(session, mapper, key, options, &handle->loader, &err) != CORM_OK) binding_raise(L, &err);
  binding_run_get(L, state, handle->loader);
  binding_loader_close(L, -2);
}

/* The execution options that mean something to a get, beside those of their own. */
static bool populates(lua_State *L) {
  static const binding_option_spec specs[] = {{"populate_existing", BINDING_OPT_BOOL}};
  bool populate = binding_opt_bool(L, 4, "populate_existing", false);
  if (binding_opt_push(L, 4, "execution_options")) {
    binding_check_options(L, -1, "execution_options of get", specs, 1);
    populate = populate || binding_opt_bool(L, lua_gettop(L), "populate_existing", false);
    lua_pop(L, 1);
  }
  return populate;
}

/* Pushes the object or nil. */
static void push_object(lua_State *L, binding_state *state, corm_session *session, corm_mapper *mapper,
                        const corm_value *key, const corm_load_options *options) {
  corm_error err;
  corm_error_init(&err);
  state->L = L;
  if (!options->populate_existing && push_found(L, state, session, mapper, key)) return;
  const uint32_t changes = session->identity.changes;
  if (corm_session_autoflush(session, &err) != CORM_OK) binding_raise(L, &err);
  const bool looked = options->populate_existing || changes == session->identity.changes;
  if (looked || !push_found(L, state, session, mapper, key)) push_loaded(L, state, session, mapper, key, options);
}

/* Pushes the object or nil and returns true, where the key is a plain value and there are no options. */
static bool get_plainly(lua_State *L, binding_state *state, corm_session *session, corm_mapper *mapper) {
  const corm_load_options options = {.populate_existing = mapper->rules.refreshes};
  corm_value key;
  if (lua_gettop(L) != 3 || mapper->npk != 1 || mapper->united) return false;
  if (!binding_plain_value(L, 3, mapper->attributes[mapper->pk[0]].type, &key)) return false;
  push_object(L, state, session, mapper, &key, &options);
  return true;
}

/* Pushes the object or nil. Arguments: session, class, key, options. */
static void get(lua_State *L, binding_state *state, const char *what) {
  static const binding_option_spec specs[] = {{"populate_existing", BINDING_OPT_BOOL},
                                              {"options", BINDING_OPT_ANY},
                                              {"with_for_update", BINDING_OPT_ANY},
                                              {"execution_options", BINDING_OPT_ANY}};
  corm_session *session = binding_checksession(L, what);
  corm_mapper *mapper = binding_checkmapper(L, 2, what);
  corm_load_options options = {0};
  corm_row_lock lock;
  if (lua_isnone(L, 3)) binding_error(L, CORM_E_ARGUMENT, "%s: a primary key expected", what);
  binding_configure(L, state, mapper->registry);
  if (get_plainly(L, state, session, mapper)) return;
  lua_settop(L, 4);
  binding_check_options(L, 4, what, specs, sizeof specs / sizeof *specs);
  corm_arena *arena = binding_scratch(L, state);
  corm_value *key = corm_arena_zalloc(arena, mapper->npk, sizeof *key);
  if (!key) binding_error(L, CORM_E_MEMORY, "not enough memory");
  if (!read_key(L, mapper, arena, key)) {
    lua_pushnil(L);
  } else {
    int list = binding_opt_push(L, 4, "options") ? lua_gettop(L) : 0;
    binding_load_options(L, list, &options);
    const int plan = lua_gettop(L);
    binding_refuse_option(L, &options, &(const corm_bundle *){mapper->bundle}, 1);
    if (binding_opt_lock(L, 4, mapper->from, arena, &lock)) options.lock = &lock;
    options.populate_existing = populates(L) || options.lock || mapper->rules.refreshes;
    push_object(L, state, session, mapper, key, &options);
    binding_load_options_done(L, plan);
  }
  binding_scratch_done(L, state, arena);
}

int binding_session_get(lua_State *L) {
  const int nargs = lua_gettop(L);
  binding_state *state = binding_upvalue(L);
  static const corm_load_options none = {0};
  plain_get g;
  if (!read_plain(L, &g)) {
    get(L, state, "Session:get");
    return 1;
  }
  if (push_known(L, state, &g)) return 1;
  lua_settop(L, nargs);
  if (is_ready(&g))
    push_object(L, state, g.session, g.mapper, &g.key, &none);
  else
    get(L, state, "Session:get");
  return 1;
}

int binding_session_get_one(lua_State *L) {
  get(L, binding_upvalue(L), "Session:get_one");
  if (lua_isnil(L, -1))
    return binding_error(L, CORM_E_NO_RESULT_FOUND, "Session:get_one: no row was found with this primary key");
  return 1;
}
