/*
 * corm.event: listeners of engines here, those of tables, classes and sessions in the Lua half. Cursor events come from
 * the middle of the core's work, so the listeners run protected.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_engine.h"
#include "binding/b_host.h"
#include "binding/state.h"

/* Those of the core follow in the order of its own list. */
static const char *const engine_events[] = {"before_execute", "after_execute", "before_cursor_execute",
                                            "after_cursor_execute",
#define CORM_X(id, name) name,
                                            CORM_ENGINE_EVENTS(CORM_X)
#undef CORM_X
};
enum { FIRST_NEWS = 4 };
enum { ENGINE_EVENTS = sizeof engine_events / sizeof *engine_events };

/* -- what the core tells -- */

/* "INFO corm.engine.Engine BEGIN (implicit)": as SQLAlchemy's log, without the time. */
static void log_line(void *ctx, const char *line) {
  (void)ctx;
  fprintf(stderr, "INFO corm.engine.Engine %s\n", line);
}

static bool place(void *ctx, char *out, size_t size) {
  char source[LUA_IDSIZE];
  int line;
  if (!binding_script_place(((binding_state *)ctx)->L, source, &line)) return false;
  (void)snprintf(out, size, "%s:%d", source, line);
  return true;
}

static void warn(void *ctx, const char *line) {
  lua_warning(((binding_state *)ctx)->L, line, 0);
}

typedef struct cursor_event {
  const char *name;
  corm_conn *conn;
  const char *sql;
  const corm_value *params;
  size_t nparams, nrows;
} cursor_event;

static void push_row(lua_State *L, const corm_value *values, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    binding_push_null(L, &values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_parameters(lua_State *L, const cursor_event *event) {
  if (event->nrows == 1) {
    push_row(L, event->params, event->nparams);
    return;
  }
  lua_createtable(L, (int)event->nrows, 0);
  for (size_t i = 0; i < event->nrows; i++) {
    push_row(L, event->params + i * event->nparams, event->nparams);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Protected. fn(conn, cursor, statement, parameters, context, executemany); there is no cursor and no context to show.
 */
static int tell_cursor(lua_State *L) {
  const cursor_event *event = lua_touserdata(L, 1);
  luaL_checkstack(L, 16, "event");
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->connections);
  lua_rawgetp(L, -1, corm_conn_engine(event->conn));
  int engine = lua_gettop(L);
  if (lua_isnil(L, engine)) return 0;
  size_t n = binding_push_listeners(L, engine, event->name);
  if (n == 0) return 0;
  int list = lua_gettop(L);
  binding_push_conn(L, event->conn, engine);
  push_parameters(L, event);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    lua_pushvalue(L, list + 1);
    lua_pushnil(L);
    lua_pushstring(L, event->sql);
    lua_pushvalue(L, list + 2);
    lua_pushnil(L);
    lua_pushboolean(L, event->nrows > 1);
    lua_call(L, 6, 0);
  }
  return 0;
}

static corm_status before(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                          size_t nrows, corm_error *err) {
  cursor_event event = {"before_cursor_execute", conn, sql, params, nparams, nrows};
  return binding_protect(ctx, tell_cursor, &event, err);
}

static corm_status after(void *ctx, corm_conn *conn, const char *sql, const corm_value *params, size_t nparams,
                         size_t nrows, int64_t elapsed_usec, corm_error *err) {
  (void)elapsed_usec;
  cursor_event event = {"after_cursor_execute", conn, sql, params, nparams, nrows};
  return binding_protect(ctx, tell_cursor, &event, err);
}

/* Pushes the context of handle_error. */
static void push_failure(lua_State *L, const corm_engine_news *news, int engine) {
  const corm_failure *failure = news->failure;
  lua_createtable(L, 0, 7);
  lua_pushvalue(L, engine);
  lua_setfield(L, -2, "engine");
  if (news->conn) {
    binding_push_conn(L, news->conn, engine);
    lua_setfield(L, -2, "connection");
  }
  binding_push_error_copy(L, failure->err);
  lua_setfield(L, -2, "original_exception");
  lua_pushstring(L, failure->err->statement.sql);
  lua_setfield(L, -2, "statement");
  lua_pushstring(L, failure->err->statement.params);
  lua_setfield(L, -2, "parameters");
  lua_pushboolean(L, failure->is_disconnect);
  lua_setfield(L, -2, "is_disconnect");
  lua_pushboolean(L, !failure->spares_pool);
  lua_setfield(L, -2, "invalidate_pool_on_disconnect");
}

/* Reads what listeners have made of the context. */
static void read_failure(lua_State *L, int context, corm_failure *failure) {
  lua_getfield(L, context, "is_disconnect");
  failure->is_disconnect = failure->is_disconnect || lua_toboolean(L, -1);
  lua_getfield(L, context, "invalidate_pool_on_disconnect");
  failure->spares_pool = !lua_toboolean(L, -1);
  lua_pop(L, 2);
}

/* Pushes what a listener is told of: a Connection, the handle of a physical one, the parts of the URL to which one is
   about to be opened, or an error. */
static void push_subject(lua_State *L, const corm_engine_news *news, int engine) {
  if (news->url)
    binding_push_url_parts(L, news->url);
  else if (news->failure)
    push_failure(L, news, engine);
  else if (news->conn)
    binding_push_conn(L, news->conn, engine);
  else
    binding_push_native(L, news->native);
}

/* Pushes the arguments of a listener; what they are told of stands at `subject`. */
static int push_news(lua_State *L, const corm_engine_news *news, int engine, int subject) {
  if (news->url) {
    lua_getfield(L, engine, "dialect");
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushvalue(L, subject);
    return 4;
  }
  lua_pushvalue(L, subject);
  if (news->failure) return 1;
  if (news->conn) {
    if (news->savepoint) lua_pushstring(L, news->savepoint);
    return news->savepoint ? 2 : 1;
  }
  lua_pushnil(L); /* the record that the pool keeps of a connection is not shown */
  if (news->event != CORM_ENGINE_INVALIDATE) return 2;
  lua_pushstring(L, news->cause && news->cause->is_set ? news->cause->message : NULL);
  return 3;
}

/* What a listener returned is at the top; `retval`: it was said to count. */
static void take_answer(lua_State *L, const corm_engine_news *news, bool retval) {
  if (lua_isnil(L, -1)) return;
  if (news->url)
    binding_error(L, CORM_E_ARGUMENT, "do_connect: a listener returns nothing: it changes its last argument");
  if (news->failure && retval) lua_error(L);
}

/* Calls the listeners in the list; all is protected by the caller, who ends the subject in any case. */
static int call_listeners(lua_State *L) {
  const corm_engine_news *news = lua_touserdata(L, 1);
  const int engine = 2, list = 3, subject = 4;
  const size_t n = lua_rawlen(L, list);
  for (size_t i = 1; i <= n; i++) {
    lua_settop(L, subject);
    lua_rawgeti(L, list, (lua_Integer)i);
    lua_rawgeti(L, -1, 2);
    const bool retval = lua_toboolean(L, -1);
    lua_rawgeti(L, -2, 1);
    lua_call(L, push_news(L, news, engine, subject), 1);
    take_answer(L, news, retval);
  }
  return 0;
}

/* Protected. fn(connection [, savepoint]), fn(dbapi_connection, nil [, message]), fn(dialect, nil, nil, parameters) or
   fn(context). */
static int tell_news(lua_State *L) {
  const corm_engine_news *news = lua_touserdata(L, 1);
  luaL_checkstack(L, 16, "event");
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->connections);
  lua_rawgetp(L, -1, news->engine);
  int engine = lua_gettop(L);
  if (lua_isnil(L, engine)) return 0;
  size_t n = binding_push_listeners(L, engine, engine_events[FIRST_NEWS + (int)news->event]);
  if (n == 0) return 0;
  push_subject(L, news, engine);
  int subject = lua_gettop(L);
  lua_pushcfunction(L, call_listeners);
  lua_pushvalue(L, 1);
  for (int i = engine; i <= subject; i++) lua_pushvalue(L, i);
  int status = lua_pcall(L, 4, 0, 0);
  binding_end_native(L, subject);
  if (news->failure) read_failure(L, subject, news->failure);
  if (news->url && status == LUA_OK) binding_read_url_parts(L, subject, "do_connect", news->arena, news->url);
  return status == LUA_OK ? 0 : lua_error(L);
}

static corm_status on_news(void *ctx, const corm_engine_news *news, corm_error *err) {
  return binding_protect(ctx, tell_news, (void *)(uintptr_t)news, err);
}

static void collect_garbage(void *ctx) {
  lua_gc(((binding_state *)ctx)->L, LUA_GCCOLLECT);
}

corm_engine_observer binding_quiet_observer(binding_state *state) {
  return (corm_engine_observer){.ctx = state,
                                .log = log_line,
                                .place = state ? place : NULL,
                                .warn = state ? warn : NULL,
                                .collect = state ? collect_garbage : NULL};
}

/* -- listeners of an engine: entries { fn, retval } in a list that is replaced when it changes, so that a listener may
   listen and remove -- */

size_t binding_push_listeners(lua_State *L, int engine, const char *name) {
  lua_getiuservalue(L, engine, BINDING_ENGINE_LISTENERS);
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  size_t n = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
  if (n == 0) lua_pop(L, 1);
  return n;
}

void binding_engine_watch(lua_State *L, int engine) {
  corm_engine *core = binding_check_engine(L, engine, "event");
  corm_engine_observer observer = binding_quiet_observer(binding_get(L));
  if (binding_push_listeners(L, engine, "before_cursor_execute") > 0) {
    observer.before = before;
    lua_pop(L, 1);
  }
  if (binding_push_listeners(L, engine, "after_cursor_execute") > 0) {
    observer.after = after;
    lua_pop(L, 1);
  }
  for (int i = 0; i < CORM_ENGINE_EVENT_COUNT; i++) {
    if (binding_push_listeners(L, engine, engine_events[FIRST_NEWS + i]) == 0) continue;
    observer.event = on_news;
    observer.events |= UINT32_C(1) << i;
    lua_pop(L, 1);
  }
  corm_engine_observe(core, &observer);
}

/* Pushes a copy of the list for the event at 2 of the engine at 1, without the function at 3; *had tells whether it was
 * in. */
static void push_list_without(lua_State *L, bool *had) {
  size_t n = binding_push_listeners(L, 1, lua_tostring(L, 2));
  if (n == 0) lua_pushnil(L);
  int old = lua_gettop(L);
  lua_Integer kept = 0;
  lua_newtable(L);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, old, (lua_Integer)i);
    lua_rawgeti(L, -1, 1);
    bool same = lua_rawequal(L, -1, 3);
    lua_pop(L, 1);
    if (same) {
      *had = true;
      lua_pop(L, 1);
    } else {
      lua_rawseti(L, -2, ++kept);
    }
  }
  lua_remove(L, old);
}

/* Stores the list on the top for the event at 2 of the engine at 1. */
static void store_list(lua_State *L) {
  if (lua_getiuservalue(L, 1, BINDING_ENGINE_LISTENERS) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, BINDING_ENGINE_LISTENERS);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
  binding_engine_watch(L, 1);
}

static void check_event(lua_State *L) {
  const char *name = lua_tostring(L, 2);
  for (size_t i = 0; i < ENGINE_EVENTS; i++)
    if (strcmp(engine_events[i], name) == 0) return;
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_INVALID_REQUEST, "an Engine has no event '%.80s'", name);
  const char *nearest = corm_name_nearest(name, engine_events, ENGINE_EVENTS);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  binding_raise(L, &err);
}

static int engine_listen(lua_State *L) {
  static const binding_option_spec specs[] = {{"retval", BINDING_OPT_BOOL}};
  bool had = false;
  check_event(L);
  binding_check_options(L, 4, "event.listen", specs, 1);
  bool retval = binding_opt_bool(L, 4, "retval", false);
  if (retval && strcmp(lua_tostring(L, 2), "before_execute") != 0 && strcmp(lua_tostring(L, 2), "handle_error") != 0)
    return binding_error(L, CORM_E_ARGUMENT,
                         "event.listen: retval is for before_execute, which may give another statement, and for "
                         "handle_error, which may give another error");
  push_list_without(L, &had);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, 1);
  lua_pushboolean(L, retval);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  store_list(L);
  return 0;
}

static int engine_remove(lua_State *L) {
  bool had = false;
  check_event(L);
  push_list_without(L, &had);
  if (!had)
    return binding_error(L, CORM_E_INVALID_REQUEST, "event.remove: this function does not listen for '%s'",
                         lua_tostring(L, 2));
  store_list(L);
  return 0;
}

static int engine_contains(lua_State *L) {
  bool had = false;
  check_event(L);
  push_list_without(L, &had);
  lua_pushboolean(L, had);
  return 1;
}

/* -- corm.event -- */

/*
 * table_event or event (action, target, name, fn, options): nothing when the target is none of the Lua half's, else
 * true, and for "contains" the answer, which is left on the top.
 */
static int ask_lua_half(lua_State *L, const char *action, bool of_table) {
  lua_settop(L, 4);
  binding_host_function(L, binding_get(L)->host, of_table ? "table_event" : "event");
  lua_pushstring(L, action);
  for (int arg = 1; arg <= 4; arg++) lua_pushvalue(L, arg);
  lua_call(L, 5, 2);
  if (lua_toboolean(L, -2)) return 1;
  return binding_error(L, CORM_E_INVALID_REQUEST, "event.%s: a %s has no events", action, binding_typename(L, 1));
}

static int dispatch(lua_State *L, const char *action, lua_CFunction on_engine) {
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "event.%s: the name of an event expected, got %s", action,
                         binding_typename(L, 2));
  const bool of_table = binding_test(L, 1, BINDING_TABLE) || binding_test(L, 1, BINDING_METADATA);
  if (!lua_isfunction(L, 3) && !(of_table && binding_test(L, 3, BINDING_STATEMENT)))
    return binding_error(L, CORM_E_ARGUMENT, "event.%s: a function expected, got %s", action, binding_typename(L, 3));
  lua_settop(L, 4);
  if (binding_test(L, 1, BINDING_ENGINE)) return on_engine(L);
  int answers = ask_lua_half(L, action, of_table);
  return strcmp(action, "contains") == 0 ? answers : 0;
}

static int event_listen(lua_State *L) {
  return dispatch(L, "listen", engine_listen);
}

static int event_remove(lua_State *L) {
  return dispatch(L, "remove", engine_remove);
}

static int event_contains(lua_State *L) {
  return dispatch(L, "contains", engine_contains);
}

void binding_open_event(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"listen", event_listen}, {"remove", event_remove}, {"contains", event_contains}, {NULL, NULL}};
  lua_newtable(L);
  binding_setfuncs(L, functions);
  lua_setfield(L, -2, "event");
}
