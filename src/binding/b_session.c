/* corm.Session: objects in and out, expiry, fields. Transactions, execution and get have files of their own. */
#include "binding/b_session.h"

#include <string.h>

#include "binding/b_engine.h"
#include "binding/b_statement.h"

/* Its address is the registry key of a table, weak in its values: corm_session * -> Session. */
static const char sessions_key;

corm_session *binding_checksession_at(lua_State *L, int arg, const char *what) {
  const binding_session *self = binding_check(L, arg, BINDING_SESSION, what);
  if (!self->session) binding_error(L, CORM_E_RESOURCE_CLOSED, "%s: this Session is gone", what);
  binding_get(L)->L = L;
  return self->session;
}

void binding_push_session(lua_State *L, corm_session *session) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key);
  lua_rawgetp(L, -1, session);
  lua_remove(L, -2);
}

int binding_list_sessions(lua_State *L) {
  lua_Integer n = 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key);
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, -3)) {
    const binding_session *self = binding_test(L, -1, BINDING_SESSION);
    if (self && self->session)
      lua_rawseti(L, -3, ++n);
    else
      lua_pop(L, 1); /* finalized by hand */
  }
  return 1;
}

/* -- making -- */

/* The engine or connection in the option `bind` becomes the user value; NULLs without one. */
static void read_bind(lua_State *L, int options, corm_engine **engine, corm_conn **conn) {
  if (!binding_opt_push(L, options, "bind")) return;
  if (binding_test(L, -1, BINDING_ENGINE))
    *engine = binding_check_engine(L, -1, "Session");
  else if (binding_test(L, -1, BINDING_CONNECTION))
    *conn = binding_check_conn(L, -1, "Session");
  else
    binding_error(L, CORM_E_ARGUMENT, "Session: option 'bind' must be an Engine or a Connection, got %s",
                  binding_typename(L, -1));
  lua_setiuservalue(L, -2, BINDING_SESSION_BIND);
}

/* The execution options at the top, for each transaction of a session over the engine. */
static corm_conn_options read_execution(lua_State *L, const corm_engine *engine) {
  if (!engine)
    binding_error(L, CORM_E_ARGUMENT,
                  "Session: option 'execution_options' needs an Engine as bind; a Connection has "
                  "options of its own");
  corm_conn_options out = *corm_engine_conn_options(engine);
  binding_check_execution_options(L, -1, "execution_options");
  binding_read_execution_options(L, lua_gettop(L), engine, &out);
  return out;
}

/* The names are in the order of corm_join_mode. */
static corm_join_mode read_join_mode(lua_State *L, int options) {
  static const char *const names[] = {"conditional_savepoint", "create_savepoint", "control_fully", "rollback_only"};
  const char *name = binding_opt_string(L, options, "join_transaction_mode", names[0]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return (corm_join_mode)i;
  binding_unknown(L, "join_transaction_mode", "Session", name, names, sizeof names / sizeof *names);
  return CORM_JOIN_CONDITIONAL_SAVEPOINT;
}

static void set_info(lua_State *L, int options) {
  lua_newtable(L);
  if (binding_opt_push(L, options, "info")) {
    if (!lua_istable(L, -1))
      binding_error(L, CORM_E_ARGUMENT, "Session: option 'info' must be a table, got %s", binding_typename(L, -1));
    lua_pushnil(L);
    while (lua_next(L, -2)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -5);
    }
    lua_pop(L, 1);
  }
  lua_setiuservalue(L, -2, BINDING_SESSION_INFO);
}

void binding_new_session(lua_State *L, int options, int maker) {
  binding_state *state = binding_get(L);
  corm_session_options settings = corm_session_options_default();
  corm_engine *engine = NULL;
  corm_conn *conn = NULL;
  corm_error err;
  corm_error_init(&err);
  options = lua_absindex(L, options);
  settings.autoflush = binding_opt_bool(L, options, "autoflush", settings.autoflush);
  settings.autobegin = binding_opt_bool(L, options, "autobegin", settings.autobegin);
  settings.expire_on_commit = binding_opt_bool(L, options, "expire_on_commit", settings.expire_on_commit);
  settings.close_resets_only = binding_opt_bool(L, options, "close_resets_only", settings.close_resets_only);
  settings.join_mode = read_join_mode(L, options);
  binding_session *self = binding_new(L, BINDING_SESSION, sizeof *self, BINDING_SESSION_SLOTS);
  read_bind(L, options, &engine, &conn);
  if (binding_opt_push(L, options, "execution_options")) {
    settings.execution = read_execution(L, engine);
    settings.has_execution = true;
    lua_pop(L, 1);
  }
  set_info(L, options);
  if (maker) {
    lua_pushvalue(L, maker);
    lua_setiuservalue(L, -2, BINDING_SESSION_MAKER);
  }
  if (corm_session_new(&state->mem, &state->host->core, engine, conn, &settings, &self->session, &err) != CORM_OK)
    binding_raise(L, &err);
  binding_session_binds(L, options, self->session);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, self->session);
  lua_pop(L, 1);
  if (state->host->tells_new_sessions) binding_session_made(L);
}

/* -- objects -- */

static corm_object *check_object(lua_State *L, int arg, const char *what) {
  corm_object *object = binding_checkobject(L, arg, what);
  binding_configure(L, binding_upvalue(L), object->mapper->registry);
  return object;
}

static int session_add(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:add");
  corm_object *object = check_object(L, 2, "Session:add");
  corm_error err;
  corm_error_init(&err);
  binding_refuse_another(L, 3, "Session:add", "several are added by add_all { ... }");
  return corm_session_add(session, object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* Pushes item i of the list at `list`: a plain sequence, a collection or a set. */
static bool push_item(lua_State *L, int list, lua_Integer i) {
  int type = lua_istable(L, list) ? lua_rawgeti(L, list, i) : lua_geti(L, list, i);
  if (type != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

/* The length of the plain sequence at `list`, when all of its items are objects; -1: something is not as it should be,
   or it cannot be told so quickly. */
static lua_Integer count_objects(lua_State *L, int list) {
  binding_state *state = binding_upvalue(L);
  const corm_registry *configured = NULL;
  lua_Integer n = 0, last = 0;
  lua_pushnil(L);
  for (; lua_next(L, list); lua_pop(L, 1), n++) {
    const corm_object *object = binding_object_at(L, state, -1);
    const lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (!object || key < 1) break;
    if (key > last) last = key;
    if (object->mapper->registry == configured) continue;
    binding_configure(L, state, object->mapper->registry);
    configured = object->mapper->registry;
  }
  if (lua_gettop(L) > list) last = -1;
  lua_settop(L, list);
  return last == n ? n : -1;
}

/* The same for collections and sets, item by item; it raises what is wrong with a table. */
static lua_Integer check_objects(lua_State *L) {
  lua_Integer n = 0;
  for (; push_item(L, 2, n + 1); lua_pop(L, 1), n++) check_object(L, -1, "Session:add_all");
  lua_pushnil(L);
  for (lua_Integer seen = 0; lua_istable(L, 2) && lua_next(L, 2); lua_pop(L, 1))
    if (++seen > n)
      binding_error(L, CORM_E_ARGUMENT,
                    "Session:add_all: a sequence of objects expected, got a table with holes "
                    "or named fields");
  return n;
}

/* Objects lie apart: what comes so many steps later is asked for in time. */
enum { ADD_AHEAD = 8 };
static void ask_ahead(lua_State *L, lua_Integer i) {
  lua_rawgeti(L, 2, i);
  const char *object = lua_touserdata(L, -1);
  if (object) {
    __builtin_prefetch(object);
    __builtin_prefetch(object + offsetof(corm_object, slots));
  }
  lua_pop(L, 1);
}

static int session_add_all(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:add_all");
  corm_error err;
  corm_error_init(&err);
  binding_kind kind = binding_kindof(L, 2);
  const bool plain = lua_istable(L, 2);
  if (!plain && kind != BINDING_COLLECTION && kind != BINDING_SET)
    return binding_error(L, CORM_E_ARGUMENT, "Session:add_all: a sequence of objects expected, got %s",
                         binding_typename(L, 2));
  lua_settop(L, 2);
  lua_Integer n = plain ? count_objects(L, 2) : -1;
  if (n < 0) n = check_objects(L);
  if (corm_session_expect(session, (size_t)n, &err) != CORM_OK) return binding_raise(L, &err);
  for (lua_Integer i = 1; i <= n; i++) {
    if (plain) ask_ahead(L, i + ADD_AHEAD);
    push_item(L, 2, i);
    corm_object *object = plain ? lua_touserdata(L, -1) : check_object(L, -1, "Session:add_all");
    if (corm_session_add(session, object, &err) != CORM_OK) return binding_raise(L, &err);
    lua_settop(L, 2);
  }
  return 0;
}

static int session_delete(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:delete");
  corm_error err;
  corm_error_init(&err);
  corm_object *object = check_object(L, 2, "Session:delete");
  binding_refuse_another(L, 3, "Session:delete", "several are deleted by delete_all { ... }");
  return corm_session_delete(session, object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static int session_expunge(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:expunge");
  corm_error err;
  corm_error_init(&err);
  corm_object *object = check_object(L, 2, "Session:expunge");
  binding_refuse_another(L, 3, "Session:expunge", "each is expunged by a call");
  return corm_session_expunge(session, object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static void check_idle(lua_State *L, const corm_session *session, const char *what) {
  if (session->busy)
    binding_error(L, CORM_E_ILLEGAL_STATE_CHANGE, "%s is not possible while this Session is %s", what, session->busy);
}

/* What the call before has left to be told. */
static int tell(lua_State *L, corm_session *session) {
  corm_error err;
  corm_error_init(&err);
  return corm_session_tell(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static int session_expunge_all(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:expunge_all");
  check_idle(L, session, "expunge_all()");
  corm_session_expunge_all(session);
  return tell(L, session);
}

static int session_contains(lua_State *L) {
  const corm_session *session = binding_checksession(L, "Session:contains");
  lua_pushboolean(L, corm_session_contains(session, binding_checkobject(L, 2, "Session:contains")));
  return 1;
}

/* All that an object without a row has is new. */
static bool is_filled(const corm_object *object) {
  const uint32_t n = object->flags & CORM_OBJECT_KEYED ? 0 : object->mapper->nattributes;
  uint32_t i = 0;
  while (i < n && object->slots[i].kind == CORM_ABSENT) i++;
  return i < n;
}

static bool has_news(const corm_object *object, const corm_link *link) {
  if (object->flags & CORM_OBJECT_KEYED) return corm_link_has_history(link);
  return corm_link_one(link) || corm_link_items(link)->n;
}

static int session_is_modified(lua_State *L) {
  binding_checksession(L, "Session:is_modified");
  const corm_object *object = binding_checkobject(L, 2, "Session:is_modified");
  static const binding_option_spec spec = {"include_collections", BINDING_OPT_BOOL};
  lua_settop(L, 3);
  binding_check_options(L, 3, "Session:is_modified", &spec, 1);
  bool modified = corm_object_has_changes(object) || is_filled(object);
  for (uint32_t i = 0; !modified && i < corm_object_link_count(object); i++) {
    const corm_link *link = corm_object_link_at(object, i);
    if (!link->many || binding_opt_bool(L, 3, "include_collections", true)) modified = has_news(object, link);
  }
  lua_pushboolean(L, modified);
  return 1;
}

static int session_flush(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:flush");
  if (!lua_isnoneornil(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "Session:flush: all that is changed is flushed, no part of it alone");
  corm_error err;
  corm_error_init(&err);
  return corm_session_flush(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* -- expiry -- */

/* The attribute names at 3 as copies in the arena; NULL when none are given. */
static const char *const *read_keys(lua_State *L, const char *what, corm_arena *arena, uint32_t *n) {
  *n = 0;
  if (lua_isnoneornil(L, 3)) return NULL;
  if (!lua_istable(L, 3))
    binding_error(L, CORM_E_ARGUMENT, "%s: a sequence of attribute names expected, got %s", what,
                  binding_typename(L, 3));
  lua_Unsigned len = lua_rawlen(L, 3);
  const char **keys = corm_arena_alloc(arena, (size_t)(len + 1) * sizeof *keys);
  for (lua_Unsigned i = 0; keys && i < len; i++) {
    if (lua_rawgeti(L, 3, (lua_Integer)i + 1) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "%s: attribute names expected, got %s", what, binding_typename(L, -1));
    const char *name = binding_name_at(L, -1);
    keys[i] = corm_arena_dup(arena, name, strlen(name));
    lua_pop(L, 1);
  }
  if (arena->failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
  *n = (uint32_t)len;
  return keys;
}

static int session_expire(lua_State *L) {
  static const char what[] = "Session:expire";
  corm_session *session = binding_checksession(L, what);
  corm_object *object = check_object(L, 2, what);
  corm_error err;
  corm_error_init(&err);
  uint32_t n;
  lua_settop(L, 3);
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  const char *const *keys = read_keys(L, what, arena, &n);
  corm_status status = corm_session_expire(session, object, keys, n, &err);
  binding_scratch_done(L, state, arena);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

/* refresh(object [, names] [, { with_for_update }]) */
static int session_refresh(lua_State *L) {
  static const char what[] = "Session:refresh";
  static const binding_option_spec specs[] = {{"with_for_update", BINDING_OPT_ANY}};
  corm_session *session = binding_checksession(L, what);
  corm_object *object = check_object(L, 2, what);
  corm_error err;
  corm_error_init(&err);
  uint32_t n;
  corm_row_lock lock;
  lua_settop(L, 4);
  if (lua_isnil(L, 4) && lua_istable(L, 3) && lua_rawlen(L, 3) == 0) {
    lua_pushnil(L);
    lua_insert(L, 3);
  }
  binding_check_options(L, 4, what, specs, 1);
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  const char *const *keys = read_keys(L, what, arena, &n);
  const bool locks = binding_opt_lock(L, 4, object->mapper->from, arena, &lock);
  corm_status status = corm_session_refresh(session, object, keys, n, locks ? &lock : NULL, &err);
  binding_scratch_done(L, state, arena);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

static int session_expire_all(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:expire_all");
  corm_session_expire_all(session);
  return tell(L, session);
}

/* -- fields and states -- */

static int session_in_transaction(lua_State *L) {
  lua_pushboolean(L, binding_checksession(L, "Session:in_transaction")->frame != NULL);
  return 1;
}

static int session_in_nested_transaction(lua_State *L) {
  const corm_session *session = binding_checksession(L, "Session:in_nested_transaction");
  lua_pushboolean(L, session->frame && session->frame->parent);
  return 1;
}

/* False while a failed flush waits for its rollback, and where nothing began that must be begun by hand. */
static bool is_active(const corm_session *session) {
  return session->frame ? !session->frame->failed : session->options.autobegin;
}

static bool push_field(lua_State *L, void *block, const char *name) {
  corm_session *session = ((binding_session *)block)->session;
  if (!session) return false;
  if (strcmp(name, "bind") == 0)
    lua_getiuservalue(L, 1, BINDING_SESSION_BIND);
  else if (strcmp(name, "info") == 0)
    lua_getiuservalue(L, 1, BINDING_SESSION_INFO);
  else if (strcmp(name, "is_active") == 0)
    lua_pushboolean(L, is_active(session));
  else if (strcmp(name, "statement_count") == 0)
    lua_pushinteger(L, corm_session_statement_count(session));
  else if (strcmp(name, "autoflush") == 0)
    lua_pushboolean(L, session->options.autoflush);
  else if (strcmp(name, "autobegin") == 0)
    lua_pushboolean(L, session->options.autobegin);
  else if (strcmp(name, "expire_on_commit") == 0)
    lua_pushboolean(L, session->options.expire_on_commit);
  else
    return binding_push_session_set(L, session, name);
  return true;
}

static int session_index(lua_State *L) {
  return binding_index(L, BINDING_SESSION, push_field);
}

/* autoflush and expire_on_commit may be switched, as in SQLAlchemy. */
static int session_newindex(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session");
  const char *name = binding_name_at(L, 2);
  bool *option = strcmp(name, "autoflush") == 0          ? &session->options.autoflush
                 : strcmp(name, "expire_on_commit") == 0 ? &session->options.expire_on_commit
                                                         : NULL;
  if (!option) {
    static const char *const names[] = {"autoflush", "expire_on_commit"};
    return binding_unknown(L, "field to set", "Session", name, names, 2);
  }
  if (!lua_isboolean(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "Session.%s: a boolean expected, got %s", name, binding_typename(L, 3));
  *option = lua_toboolean(L, 3);
  return 0;
}

/* -- ending -- */

/* The session is usable again afterwards. */
static int session_reset(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:reset");
  check_idle(L, session, "reset()");
  corm_session_reset(session);
  return tell(L, session);
}

static int session_close(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:close");
  check_idle(L, session, "close()");
  corm_session_close(session);
  return tell(L, session);
}

/* __close. A hook that closes the session which is flushing has to wait for the flush. */
static int session_leave(lua_State *L) {
  const binding_session *self = binding_test(L, 1, BINDING_SESSION);
  binding_upvalue(L)->L = L;
  if (!self || !self->session || self->session->busy) return 0;
  corm_session_close(self->session);
  if (lua_isnoneornil(L, 2)) return tell(L, self->session);
  corm_error second; /* the error that left the block is the one that counts */
  corm_error_init(&second);
  if (corm_session_tell(self->session, &second) != CORM_OK) corm_error_clear(&second);
  return 0;
}

static int session_gc(lua_State *L) {
  binding_session *self = binding_test(L, 1, BINDING_SESSION);
  if (!self || !self->session) return 0;
  corm_session *session = self->session;
  self->session = NULL;
  binding_upvalue(L)->L = L;
  corm_session_release(session);
  return 0;
}

static int session_tostring(lua_State *L) {
  const binding_session *self = binding_check(L, 1, BINDING_SESSION, "tostring");
  if (self->session)
    lua_pushfstring(L, "Session(%d objects)", (int)(self->session->identity.count + self->session->news.len));
  else
    lua_pushliteral(L, "Session(gone)");
  return 1;
}

static const luaL_Reg methods[] = {{"add", session_add},
                                   {"add_all", session_add_all},
                                   {"delete", session_delete},
                                   {"delete_all", binding_session_delete_all},
                                   {"flush", session_flush},
                                   {"enable_relationship_loading", binding_session_enable_loading},
                                   {"expunge", session_expunge},
                                   {"expunge_all", session_expunge_all},
                                   {"expire", session_expire},
                                   {"expire_all", session_expire_all},
                                   {"refresh", session_refresh},
                                   {"merge", binding_session_merge},
                                   {"merge_all", binding_session_merge_all},
                                   {"contains", session_contains},
                                   {"is_modified", session_is_modified},
                                   {"in_transaction", session_in_transaction},
                                   {"in_nested_transaction", session_in_nested_transaction},
                                   {"get_transaction", binding_session_get_transaction},
                                   {"get_nested_transaction", binding_session_get_nested_transaction},
                                   {"begin", binding_session_begin},
                                   {"begin_nested", binding_session_begin_nested},
                                   {"run_transaction", binding_session_run_transaction},
                                   {"no_autoflush", binding_session_no_autoflush},
                                   {"commit", binding_session_commit},
                                   {"rollback", binding_session_rollback},
                                   {"close", session_close},
                                   {"reset", session_reset},
                                   {"invalidate", binding_session_invalidate},
                                   {"get", binding_session_get},
                                   {"get_one", binding_session_get_one},
                                   {"connection", binding_session_connection},
                                   {"get_bind", binding_session_get_bind},
                                   {"bind_mapper", binding_session_bind_mapper},
                                   {"bind_table", binding_session_bind_table},
                                   {"execute", binding_session_execute},
                                   {"scalars", binding_session_scalars},
                                   {"scalar", binding_session_scalar},
                                   {"bind", NULL},
                                   {"info", NULL},
                                   {"new", NULL},
                                   {"dirty", NULL},
                                   {"deleted", NULL},
                                   {"identity_map", NULL},
                                   {"is_active", NULL},
                                   {"statement_count", NULL},
                                   {"autoflush", NULL},
                                   {"autobegin", NULL},
                                   {"expire_on_commit", NULL},
                                   {NULL, NULL}};

void binding_open_session(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__close", session_leave},       {"__call", binding_session_iterate}, {"__gc", session_gc},
      {"__newindex", session_newindex}, {"__tostring", session_tostring},    {NULL, NULL}};
  binding_metatable(L, BINDING_SESSION, "Session", methods, meta, session_index);
  lua_pop(L, 1);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key) == LUA_TNIL) {
    binding_push_weak(L, "v");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &sessions_key);
  }
  lua_pop(L, 1);
  binding_open_session_txn(L);
  binding_open_session_set(L);
  binding_open_option(L);
  binding_open_sessionmaker(L);
  binding_open_query(L);
}
