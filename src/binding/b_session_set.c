/* session.new, session.dirty, session.deleted, session.identity_map: what the session holds at the moment of asking. */
#include <string.h>

#include "binding/b_session.h"

/* User value 1: the objects as a sequence. */
typedef struct session_set {
  binding_head head;
  lua_Integer next; /* of the running iteration */
} session_set;

/* Not everything that was touched differs: attributes may have been set back. */
static bool belongs(const corm_object *object, bool dirty) {
  const bool shown = object->changes && object->changes->shown;
  return !dirty || (!(object->flags & CORM_OBJECT_DOOMED) && (shown || corm_object_has_history(object)));
}

/* Appends the persistent objects to the sequence at the top, which has n. */
static void add_persistent(lua_State *L, const corm_session *session, lua_Integer n) {
  binding_state *state = binding_get(L);
  for (uint32_t i = 0; i < session->identity.cap; i++) { /* nothing here runs a finalizer */
    const corm_object *object = session->identity.entries[i].object;
    if (!object) continue;
    binding_push_object(L, state, object);
    if (lua_type(L, -1) == LUA_TUSERDATA)
      lua_rawseti(L, -2, ++n);
    else
      lua_pop(L, 1); /* condemned */
  }
}

bool binding_push_session_map(lua_State *L, corm_session *session, bool with_new) {
  binding_state *state = binding_get(L);
  lua_Integer n = 0;
  binding_new(L, BINDING_SET, sizeof(session_set), 1);
  lua_newtable(L);
  for (size_t i = 0; with_new && i < session->news.len; i++) {
    binding_push_object(L, state, session->news.items[i]);
    lua_rawseti(L, -2, ++n);
  }
  add_persistent(L, session, n);
  lua_setiuservalue(L, -2, 1);
  return true;
}

bool binding_push_session_set(lua_State *L, corm_session *session, const char *name) {
  const bool dirty = strcmp(name, "dirty") == 0;
  const corm_vec *list = dirty                          ? &session->modified
                         : strcmp(name, "new") == 0     ? &session->news
                         : strcmp(name, "deleted") == 0 ? &session->doomed
                                                        : NULL;
  if (strcmp(name, "identity_map") == 0) return binding_push_session_map(L, session, false);
  if (!list) return false;
  binding_state *state = binding_get(L);
  lua_Integer n = 0;
  binding_new(L, BINDING_SET, sizeof(session_set), 1);
  lua_createtable(L, list->len < INT32_MAX ? (int)list->len : 0, 0);
  for (size_t i = 0; i < list->len; i++) {
    const corm_object *object = list->items[i];
    if (!belongs(object, dirty)) continue;
    binding_push_object(L, state, object);
    lua_rawseti(L, -2, ++n);
  }
  lua_setiuservalue(L, -2, 1);
  return true;
}

static session_set *push_list(lua_State *L, const char *what) {
  session_set *set = binding_check(L, 1, BINDING_SET, what);
  lua_getiuservalue(L, 1, 1);
  return set;
}

static int set_contains(lua_State *L) {
  binding_checkobject(L, 2, "contains");
  push_list(L, "SessionSet:contains");
  bool found = false;
  for (lua_Integer i = 1; !found && lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    found = lua_rawequal(L, -1, 2);
    lua_pop(L, 1);
  }
  lua_pushboolean(L, found);
  return 1;
}

static int set_len(lua_State *L) {
  push_list(L, "#");
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

/* for object in session.new do */
static int set_call(lua_State *L) {
  lua_settop(L, 3);
  session_set *set = push_list(L, "SessionSet:iterate");
  if (lua_isnil(L, 3)) set->next = 0;
  lua_rawgeti(L, -1, ++set->next);
  return 1;
}

static int set_index(lua_State *L) {
  if (!lua_isinteger(L, 2)) return binding_method(L, BINDING_SET, 2);
  push_list(L, "index");
  lua_rawgeti(L, -1, lua_tointeger(L, 2));
  return 1;
}

/* for object in session do: what is new first, as it was when the loop began. */
int binding_session_iterate(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:iterate");
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) {
    binding_push_session_map(L, session, true);
    lua_setiuservalue(L, 1, BINDING_SESSION_LOOP);
  }
  lua_getiuservalue(L, 1, BINDING_SESSION_LOOP);
  session_set *set = binding_check(L, -1, BINDING_SET, "Session:iterate");
  lua_getiuservalue(L, -1, 1);
  if (lua_rawgeti(L, -1, ++set->next) == LUA_TNIL) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, BINDING_SESSION_LOOP);
  }
  return 1;
}

void binding_open_session_set(lua_State *L) {
  static const luaL_Reg methods[] = {{"contains", set_contains}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__len", set_len}, {"__call", set_call}, {NULL, NULL}};
  binding_metatable(L, BINDING_SET, "SessionSet", methods, meta, set_index);
  lua_pop(L, 1);
}
