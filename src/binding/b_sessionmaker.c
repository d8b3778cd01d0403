/* corm.Session, corm.sessionmaker, and the events of sessions. */
#include <string.h>

#include "binding/b_engine.h"
#include "binding/b_session.h"

/* Its address is the registry key of the listeners of corm.Session: those of all sessions. */
static const char class_listeners_key;

static const binding_option_spec session_options[] = {{"bind", BINDING_OPT_ANY},
                                                      {"autoflush", BINDING_OPT_BOOL},
                                                      {"autobegin", BINDING_OPT_BOOL},
                                                      {"expire_on_commit", BINDING_OPT_BOOL},
                                                      {"execution_options", BINDING_OPT_ANY},
                                                      {"join_transaction_mode", BINDING_OPT_STRING},
                                                      {"info", BINDING_OPT_ANY}};

/* -- making sessions -- */

static void copy_into(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

/* Copies the options at `arg`, or the bind at `arg` and the options behind it, into the table at the top. */
static void read_options(lua_State *L, int arg, const char *where) {
  int table = lua_gettop(L);
  binding_kind kind = binding_kindof(L, arg);
  if (kind == BINDING_ENGINE || kind == BINDING_CONNECTION) {
    lua_pushvalue(L, arg++);
    lua_setfield(L, table, "bind");
  }
  if (arg >= table) return;
  binding_check_options(L, arg, where, session_options, sizeof session_options / sizeof *session_options);
  if (lua_istable(L, arg)) copy_into(L, arg, table);
}

static int session_call(lua_State *L) {
  lua_settop(L, 2);
  lua_newtable(L);
  read_options(L, 1, "Session");
  binding_new_session(L, 3, 0);
  return 1;
}

static int sessionmaker_call(lua_State *L) {
  lua_settop(L, 2);
  lua_newtable(L);
  read_options(L, 1, "sessionmaker");
  binding_new(L, BINDING_SESSIONMAKER, sizeof(binding_head), BINDING_MAKER_SLOTS);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, BINDING_MAKER_OPTIONS);
  return 1;
}

/* maker(overrides) */
static int maker_call(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker");
  lua_settop(L, 2);
  lua_newtable(L);
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  copy_into(L, 4, 3);
  lua_settop(L, 3);
  read_options(L, 2, "sessionmaker");
  binding_new_session(L, 3, 1);
  return 1;
}

/* For sessions that are made from now on. */
static int maker_configure(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker:configure");
  lua_settop(L, 2);
  lua_newtable(L);
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  copy_into(L, 4, 3);
  lua_settop(L, 3);
  read_options(L, 2, "sessionmaker:configure");
  lua_setiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  return 0;
}

/* maker:begin([fn]): a session for one transaction, closed with it. */
static int maker_begin(lua_State *L) {
  binding_check(L, 1, BINDING_SESSIONMAKER, "sessionmaker:begin");
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && !lua_isfunction(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "sessionmaker:begin: a function expected, got %s", binding_typename(L, 2));
  lua_getiuservalue(L, 1, BINDING_MAKER_OPTIONS);
  binding_new_session(L, 3, 1);
  lua_replace(L, 1);
  lua_settop(L, 2);
  return binding_session_begin_once(L);
}

/* -- events -- */

static const struct {
  const char *name;
  corm_event event;
} session_events[] = {{"before_flush", CORM_EVENT_BEFORE_FLUSH},
                      {"after_flush", CORM_EVENT_AFTER_FLUSH},
                      {"before_commit", CORM_EVENT_BEFORE_COMMIT},
                      {"after_commit", CORM_EVENT_AFTER_COMMIT},
                      {"after_rollback", CORM_EVENT_AFTER_ROLLBACK}};
enum { SESSION_EVENTS = sizeof session_events / sizeof *session_events };

static size_t check_event(lua_State *L, int arg) {
  const char *names[SESSION_EVENTS];
  const char *name = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : binding_typename(L, arg);
  for (size_t i = 0; i < SESSION_EVENTS; i++) {
    names[i] = session_events[i].name;
    if (strcmp(names[i], name) == 0) return i;
  }
  binding_unknown(L, "event", "Session", name, names, SESSION_EVENTS);
  return 0;
}

/* Pushes the table of listeners (event name -> list) of a Session, a sessionmaker or corm.Session, or nil; false for
   other targets. */
static bool push_listeners(lua_State *L, int target) {
  switch (binding_kindof(L, target)) {
  case BINDING_SESSION: lua_getiuservalue(L, target, BINDING_SESSION_LISTENERS); return true;
  case BINDING_SESSIONMAKER: lua_getiuservalue(L, target, BINDING_MAKER_LISTENERS); return true;
  default: break;
  }
  if (lua_tocfunction(L, target) != session_call) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &class_listeners_key);
  return true;
}

/* Makes the table at the top that of the target. */
static void set_listeners(lua_State *L, int target) {
  switch (binding_kindof(L, target)) {
  case BINDING_SESSION: lua_setiuservalue(L, target, BINDING_SESSION_LISTENERS); break;
  case BINDING_SESSIONMAKER: lua_setiuservalue(L, target, BINDING_MAKER_LISTENERS); break;
  default: lua_rawsetp(L, LUA_REGISTRYINDEX, &class_listeners_key); break;
  }
}

/* Position of the function at 4 in the list at the top (which may be nil), or 0. */
static lua_Integer find_listener(lua_State *L) {
  if (!lua_istable(L, -1)) return 0;
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1), found = 0;
  for (lua_Integer i = 1; !found && i <= n; i++) {
    lua_rawgeti(L, -1, i);
    if (lua_rawequal(L, -1, 4)) found = i;
    lua_pop(L, 1);
  }
  return found;
}

/* Replaces the list at `list` in the table at `listeners` by a copy without item `without` (0: with all) and with the
   function at 4 when `add`: a running event goes on with the old one. */
static void change_list(lua_State *L, int listeners, int list, lua_Integer without, bool add) {
  lua_Integer n = lua_istable(L, list) ? (lua_Integer)lua_rawlen(L, list) : 0, count = 0;
  lua_pushvalue(L, 3);
  lua_createtable(L, (int)n + 1, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    if (i == without) continue;
    lua_rawgeti(L, list, i);
    lua_rawseti(L, -2, ++count);
  }
  if (add) {
    lua_pushvalue(L, 4);
    lua_rawseti(L, -2, count + 1);
  }
  lua_rawset(L, listeners);
}

/* ("listen" | "remove" | "contains", target, name, fn): see b_engine.h. */
static int event_handler(lua_State *L) {
  lua_settop(L, 4);
  if (!push_listeners(L, 2)) return 0;
  const char *action = lua_tostring(L, 1);
  size_t event = check_event(L, 3);
  if (lua_isnil(L, 5)) {
    lua_newtable(L);
    lua_replace(L, 5);
    lua_pushvalue(L, 5);
    set_listeners(L, 2);
  }
  lua_pushvalue(L, 3);
  lua_rawget(L, 5); /* at 6 */
  lua_Integer at = find_listener(L);
  lua_pushboolean(L, 1);
  if (strcmp(action, "contains") == 0) {
    lua_pushboolean(L, at != 0);
    return 2;
  }
  if (strcmp(action, "listen") == 0) {
    if (!at) change_list(L, 5, 6, 0, true);
    binding_upvalue(L)->host->session_listening |= UINT32_C(1) << session_events[event].event;
  } else {
    if (!at)
      return binding_error(L, CORM_E_INVALID_REQUEST, "event.remove: this function does not listen to '%s'",
                           session_events[event].name);
    change_list(L, 5, 6, at, false);
  }
  return 1;
}

typedef struct event_call {
  corm_session *session;
  const char *name;
} event_call;

/* Calls the listeners in the table at the top (or nil), which is popped, for the Session at 2. Python's further
   arguments, flush_context and instances, are nil. */
static void call_listeners(lua_State *L, const char *name) {
  int top = lua_gettop(L);
  if (lua_istable(L, top) && lua_getfield(L, top, name) == LUA_TTABLE) {
    for (lua_Integer i = 1; lua_rawgeti(L, top + 1, i) == LUA_TFUNCTION; i++) {
      lua_pushvalue(L, 2);
      lua_call(L, 1, 0);
    }
  }
  lua_settop(L, top - 1);
}

static int event_body(lua_State *L) {
  const event_call *call = lua_touserdata(L, 1);
  luaL_checkstack(L, 12, "event");
  binding_push_session(L, call->session);
  if (lua_isnil(L, 2)) return 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &class_listeners_key);
  call_listeners(L, call->name);
  lua_getiuservalue(L, 2, BINDING_SESSION_MAKER);
  if (!lua_isnil(L, -1)) {
    lua_getiuservalue(L, -1, BINDING_MAKER_LISTENERS);
    call_listeners(L, call->name);
  }
  lua_getiuservalue(L, 2, BINDING_SESSION_LISTENERS);
  call_listeners(L, call->name);
  return 0;
}

static corm_status session_event(binding_host *host, corm_event event, corm_session *session, corm_error *err) {
  event_call call = {.session = session};
  for (size_t i = 0; i < SESSION_EVENTS; i++)
    if (session_events[i].event == event) call.name = session_events[i].name;
  return call.name ? binding_protect(host->state, event_body, &call, err) : CORM_OK;
}

void binding_open_sessionmaker(lua_State *L) {
  static const luaL_Reg methods[] = {{"configure", maker_configure}, {"begin", maker_begin}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", maker_call}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"Session", session_call}, {"sessionmaker", sessionmaker_call}, {NULL, NULL}};
  binding_host *host = binding_get(L)->host;
  const bool first = binding_get(L)->metatables[BINDING_SESSIONMAKER] == LUA_NOREF;
  binding_metatable(L, BINDING_SESSIONMAKER, "sessionmaker", methods, meta, NULL);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  if (!first) return;
  host->session_event = session_event;
  host->push_session = binding_push_session;
  host->push_connection = binding_push_session_connection;
  binding_pushfunction(L, event_handler);
  binding_event_handler(L);
}
