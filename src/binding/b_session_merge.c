/* session:merge and session:merge_all. */
#include "binding/b_session.h"

static const binding_option_spec specs[] = {{"load", BINDING_OPT_BOOL}, {"options", BINDING_OPT_ANY}};

static corm_object *check_source(lua_State *L, int arg, const char *what) {
  corm_object *object = binding_checkobject(L, arg, what);
  binding_configure(L, binding_upvalue(L), object->mapper->registry);
  return object;
}

/* The loader options in the table at 3, which have to fit all sources; pushes what holds them. */
static void read_options(lua_State *L, corm_object *const *sources, uint32_t n, corm_load_options *out) {
  const int list = binding_opt_push(L, 3, "options") ? lua_gettop(L) : 0;
  binding_load_options(L, list, out);
  for (uint32_t i = 0; i < n; i++) binding_refuse_option(L, out, &(const corm_bundle *){sources[i]->mapper->bundle}, 1);
}

static corm_object **take(lua_State *L, corm_arena *arena, size_t n) {
  corm_object **objects = corm_arena_zalloc(arena, n + 1, sizeof *objects);
  if (!objects) binding_error(L, CORM_E_MEMORY, "not enough memory");
  return objects;
}

/* Leaves what holds the options at the top of the stack; raises what went wrong. */
static void merge(lua_State *L, corm_session *session, corm_object *const *sources, uint32_t n, corm_object **targets) {
  corm_load_options options;
  corm_error err;
  corm_error_init(&err);
  const bool load = binding_opt_bool(L, 3, "load", true);
  read_options(L, sources, n, &options);
  if (!load && options.n)
    binding_error(L, CORM_E_ARGUMENT, "merge: options = { ... } say how to load, which load = false does not do");
  binding_get(L)->L = L;
  if (corm_session_merge(session, sources, n, load, &options, targets, &err) != CORM_OK) binding_raise(L, &err);
}

/* merge(object, { load, options }?) */
int binding_session_merge(lua_State *L) {
  static const char what[] = "Session:merge";
  corm_session *session = binding_checksession(L, what);
  corm_object *source = check_source(L, 2, what), *target = NULL;
  binding_state *state = binding_upvalue(L);
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, sizeof specs / sizeof *specs);
  merge(L, session, &source, 1, &target);
  const int plan = lua_gettop(L);
  binding_push_object(L, state, target); /* before anything may collect it */
  binding_load_options_done(L, plan);
  return 1;
}

/* merge_all({ objects }, { load, options }?): a sequence of what they became. */
int binding_session_merge_all(lua_State *L) {
  static const char what[] = "Session:merge_all";
  corm_session *session = binding_checksession(L, what);
  binding_state *state = binding_upvalue(L);
  if (!lua_istable(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a sequence of objects expected, got %s", what,
                         binding_typename(L, 2));
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, sizeof specs / sizeof *specs);
  const lua_Unsigned n = lua_rawlen(L, 2);
  if (n > INT32_MAX) return binding_error(L, CORM_E_ARGUMENT, "%s: too many objects", what);
  lua_createtable(L, (int)n, 0); /* 4: the sources, whatever becomes of the list */
  for (lua_Unsigned i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i);
    check_source(L, -1, what);
    lua_rawseti(L, 4, (lua_Integer)i);
  }
  lua_createtable(L, (int)n, 0); /* 5 */
  corm_arena *arena = binding_scratch(L, state);
  corm_object **sources = take(L, arena, n), **targets = take(L, arena, n);
  for (lua_Unsigned i = 0; i < n; i++) {
    lua_rawgeti(L, 4, (lua_Integer)i + 1);
    sources[i] = binding_toobject(L, -1);
    lua_pop(L, 1);
  }
  merge(L, session, sources, (uint32_t)n, targets);
  const int plan = lua_gettop(L);
  for (lua_Unsigned i = 0; i < n; i++) {
    binding_push_object(L, state, targets[i]);
    lua_rawseti(L, 5, (lua_Integer)i + 1);
  }
  binding_load_options_done(L, plan);
  lua_pushvalue(L, 5);
  binding_scratch_done(L, state, arena);
  return 1;
}
