/*
 * What the ORM core tells of, on its way to lua/corm/events.lua, which knows who listens; and the bits by which the
 * core knows that somebody does.
 */
#include "binding/b_session.h"

/* Its address is the registry key of the listeners of sessions: an ephemeron table. */
static const char listeners_key;

static const char *const names[] = {
#define CORM_X(id, name) name,
    CORM_SESSION_EVENTS(CORM_X) CORM_MAPPER_EVENTS(CORM_X) CORM_INSTANCE_EVENTS(CORM_X)
#undef CORM_X
};

/* -- telling ------------------------------------------------------------------------------------------------------- */

typedef struct event_call {
  binding_host *host;
  const corm_news *news;
} event_call;

/* session_event(name, session, ...): nothing is pushed when the Session is being finalized. */
static int push_session_event(lua_State *L, const event_call *call) {
  const binding_host *host = call->host;
  const corm_news *news = call->news;
  if (!host->push_session) return 0;
  host->push_session(L, news->session);
  const int session = lua_gettop(L);
  if (lua_isnil(L, session)) return 0;
  binding_host_function(L, host, "session_event");
  lua_pushstring(L, names[news->event]);
  lua_pushvalue(L, session);
  if (news->object) {
    binding_push_object(L, host->state, news->object);
    return 3;
  }
  if (!news->frame || news->event < CORM_EVENT_AFTER_SOFT_ROLLBACK) return 2;
  host->push_transaction(L, session, news->frame, news->nested);
  if (news->event != CORM_EVENT_AFTER_BEGIN) return 3;
  host->push_connection(L, news->session);
  return 4;
}

/* mapper_event(name, connection, object) */
static int push_mapper_event(lua_State *L, const event_call *call) {
  const binding_host *host = call->host;
  binding_host_function(L, host, "mapper_event");
  lua_pushstring(L, names[call->news->event]);
  if (host->push_connection)
    host->push_connection(L, call->news->session);
  else
    lua_pushnil(L);
  binding_push_object(L, host->state, call->news->object);
  return 3;
}

/* instance_event(name, object, attrs) */
static int push_instance_event(lua_State *L, const event_call *call) {
  const corm_news *news = call->news;
  const corm_mapper *mapper = news->object->mapper;
  binding_host_function(L, call->host, "instance_event");
  lua_pushstring(L, names[news->event]);
  binding_push_object(L, call->host->state, news->object);
  if (!news->slots) return 2;
  lua_createtable(L, (int)news->nslots, 0);
  for (uint32_t i = 0; i < news->nslots; i++) {
    lua_pushstring(L, mapper->attributes[news->slots[i]].key);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 3;
}

static int event_body(lua_State *L) {
  const event_call *call = lua_touserdata(L, 1);
  luaL_checkstack(L, 12, "event");
  const int event = (int)call->news->event;
  const int n = event < CORM_FIRST_MAPPER_EVENT     ? push_session_event(L, call)
                : event < CORM_FIRST_INSTANCE_EVENT ? push_mapper_event(L, call)
                                                    : push_instance_event(L, call);
  if (n) lua_call(L, n, 0);
  return 0;
}

corm_status binding_host_event(void *ctx, const corm_news *news, corm_error *err) {
  binding_host *host = ctx;
  if (news->object && !news->object->mapper) return CORM_OK; /* finalized by hand meanwhile */
  event_call call = {host, news};
  return binding_protect(host->state, event_body, &call, err);
}

/* -- asking about relationships ------------------------------------------------------------------------------------ */

typedef struct attribute_call {
  binding_host *host;
  corm_attribute_news *news;
} attribute_call;

static bool is_own(const corm_attribute_news *news) {
  return news->initiator->relationship == news->relationship && news->initiator->op == news->op;
}

/* The answer at the top becomes the target; another one than before is held until the script's call is over. */
static void take_answer(lua_State *L, const attribute_call *call) {
  binding_host *host = call->host;
  corm_attribute_news *news = call->news;
  const corm_relationship *relationship = news->relationship;
  corm_object *target = binding_is_null(L, -1) ? NULL : binding_toobject(L, -1);
  if (target == news->target || !is_own(news)) return;
  if (!target && (news->op != CORM_ATTRIBUTE_SET || !binding_is_null(L, -1)))
    binding_error(L, CORM_E_ARGUMENT, "%s.%s holds %s objects, a hook gave %s", relationship->parent->name,
                  relationship->key, relationship->target->name, binding_typename(L, -1));
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->kept);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, (lua_Integer)++host->nkept);
  news->target = target;
}

/* relationship_event(op, object, key, value, is own, class and key and op where it began): the value */
static int attribute_body(lua_State *L) {
  static const char *const ops[] = {
      [CORM_ATTRIBUTE_SET] = "replace", [CORM_ATTRIBUTE_APPEND] = "append", [CORM_ATTRIBUTE_REMOVE] = "remove"};
  const attribute_call *call = lua_touserdata(L, 1);
  const corm_attribute_news *news = call->news;
  binding_state *state = call->host->state;
  luaL_checkstack(L, 14, "event");
  binding_host_function(L, call->host, "relationship_event");
  lua_pushstring(L, ops[news->op]);
  binding_push_object(L, state, news->object);
  lua_pushstring(L, news->relationship->key);
  binding_push_object(L, state, news->target);
  lua_pushboolean(L, is_own(news));
  binding_push_class(L, state, news->initiator->relationship->parent);
  lua_pushstring(L, news->initiator->relationship->key);
  lua_pushstring(L, news->initiator->bulk ? "bulk_replace" : ops[news->initiator->op]);
  lua_call(L, 8, 1);
  if (news->op != CORM_ATTRIBUTE_REMOVE) take_answer(L, call);
  return 0;
}

corm_status binding_host_attribute(void *ctx, corm_attribute_news *news, corm_error *err) {
  binding_host *host = ctx;
  attribute_call call = {.host = host, .news = news};
  const bool asked = news->target && is_own(news) && host->converted == news->target;
  if (is_own(news)) host->converted = NULL;
  return asked ? CORM_OK : binding_protect(host->state, attribute_body, &call, err);
}

void binding_host_forget(lua_State *L, binding_host *host, uint32_t mark) {
  if (host->nkept == mark) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->kept);
  for (; host->nkept > mark; host->nkept--) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, (lua_Integer)host->nkept);
  }
  lua_pop(L, 1);
}

/* -- who listens --------------------------------------------------------------------------------------------------- */

static void set_bits(lua_State *L, int family, const char *name, int from, int to) {
  lua_newtable(L);
  for (int event = from; event < to; event++) {
    lua_pushinteger(L, event);
    lua_setfield(L, -2, names[event]);
  }
  lua_setfield(L, family, name);
}

/* events(): family -> name -> number of the bit. */
static int list_events(lua_State *L) {
  lua_createtable(L, 0, 3);
  const int all = lua_gettop(L);
  set_bits(L, all, "session", 0, CORM_FIRST_MAPPER_EVENT);
  set_bits(L, all, "mapper", CORM_FIRST_MAPPER_EVENT, CORM_FIRST_INSTANCE_EVENT);
  set_bits(L, all, "instance", CORM_FIRST_INSTANCE_EVENT, CORM_EVENT_COUNT);
  return 1;
}

/* observe(mapper, bits): what somebody listens to among the mapper's events. */
static int observe(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "observe");
  const uint64_t bits = (uint64_t)luaL_checkinteger(L, 2);
  if (!cls->mapper) return 0;
  cls->mapper->listening = bits;
  binding_upvalue(L)->host->listening |= bits;
  return 0;
}

static int observe_session(lua_State *L) {
  const binding_session *self = binding_check(L, 1, BINDING_SESSION, "observe_session");
  if (self->session) self->session->listening = (uint64_t)luaL_checkinteger(L, 2);
  return 0;
}

static int observe_new_sessions(lua_State *L) {
  binding_upvalue(L)->host->tells_new_sessions = true;
  return 0;
}

void binding_session_made(lua_State *L) {
  binding_host_function(L, binding_get(L)->host, "session_made");
  lua_pushvalue(L, -2);
  lua_call(L, 1, 0);
}

static int session_maker(lua_State *L) {
  binding_check(L, 1, BINDING_SESSION, "session_maker");
  lua_getiuservalue(L, 1, BINDING_SESSION_MAKER);
  return 1;
}

static int session_listeners(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &listeners_key) == LUA_TTABLE) return 1;
  lua_pop(L, 1);
  binding_push_weak(L, "k");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &listeners_key);
  return 1;
}

void binding_open_orm_event(lua_State *L) {
  static const luaL_Reg functions[] = {{"events", list_events},
                                       {"observe", observe},
                                       {"observe_session", observe_session},
                                       {"observe_new_sessions", observe_new_sessions},
                                       {"session_maker", session_maker},
                                       {"session_listeners", session_listeners},
                                       {"sessions", binding_list_sessions},
                                       {"is_session_class", binding_is_session_class},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
