/* Database URLs: corm.make_url, corm.URL.create. */
#include <string.h>

#include "binding/b_engine.h"
#include "binding/state.h"
#include "engine/url.h"

typedef struct binding_url {
  binding_head head;
  corm_arena arena;
  corm_url url;
} binding_url;

/* Pushes an empty URL whose arena is ready. */
static binding_url *new_url(lua_State *L) {
  binding_url *object = binding_new(L, BINDING_URL, sizeof *object, 0);
  corm_arena_init(&object->arena, &binding_get(L)->mem);
  object->url.dialect = "";
  return object;
}

static binding_url *parse(lua_State *L, const char *text, size_t len) {
  corm_error err;
  corm_error_init(&err);
  binding_url *object = new_url(L);
  if (corm_url_parse_in(&object->arena, text, len, &object->url, &err) != CORM_OK) binding_raise(L, &err);
  return object;
}

/* Writing and reading copies every part. */
void binding_push_url(lua_State *L, const corm_url *url) {
  binding_state *state = binding_get(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *text = binding_scratch_buf(arena);
  corm_url_format(url, false, text);
  const char *shown = corm_buf_str(text);
  if (!shown) binding_error(L, CORM_E_MEMORY, "not enough memory");
  parse(L, shown, text->len);
  lua_insert(L, -2);
  binding_scratch_done(L, state, arena);
  lua_pop(L, 1);
}

const char *binding_url_text(lua_State *L, int arg, corm_arena *arena, size_t *len) {
  if (lua_type(L, arg) == LUA_TSTRING) return lua_tolstring(L, arg, len);
  const binding_url *object = binding_test(L, arg, BINDING_URL);
  if (!object)
    binding_error(L, CORM_E_ARGUMENT, "a database URL expected, as text or URL, got %s", binding_typename(L, arg));
  corm_buf *text = binding_scratch_buf(arena);
  corm_url_format(&object->url, false, text);
  const char *shown = corm_buf_str(text);
  if (!shown) binding_error(L, CORM_E_MEMORY, "not enough memory");
  *len = text->len;
  return shown;
}

static int make_url(lua_State *L) {
  if (binding_test(L, 1, BINDING_URL)) {
    lua_settop(L, 1);
    return 1;
  }
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "make_url: text expected, got %s", binding_typename(L, 1));
  size_t len;
  const char *text = lua_tolstring(L, 1, &len);
  parse(L, text, len);
  return 1;
}

/* -- URL.create("sqlite", { database = "x.db" }) -- */

static const char *copy(lua_State *L, corm_arena *arena, const char *text) {
  if (!text) return NULL;
  const char *kept = corm_arena_dup(arena, text, strlen(text));
  if (!kept) binding_error(L, CORM_E_MEMORY, "not enough memory");
  return kept;
}

/* The text at the top is a query's key or value. */
static const char *copy_query_text(lua_State *L, corm_arena *arena, const char *where) {
  if (lua_type(L, -1) != LUA_TSTRING || strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "%s: query holds texts, or lists of texts, by name", where);
  return copy(L, arena, lua_tostring(L, -1));
}

/* How many options the table at `query` says: a list is one for each of its texts. */
static size_t count_query(lua_State *L, int query) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, query); lua_pop(L, 1)) n += lua_istable(L, -1) ? (size_t)lua_rawlen(L, -1) : 1;
  return n;
}

/* One option, in its place among those that are there: keys in alphabetical order, those of a list in the list's. */
static void add_option(corm_url *url, corm_driver_option *items, corm_driver_option option) {
  size_t at = url->nquery++;
  for (; at > 0 && strcmp(items[at - 1].key, option.key) > 0; at--) items[at] = items[at - 1];
  items[at] = option;
}

/* The query of the options at `options`: name -> text or list of texts. */
static void read_query(lua_State *L, int options, const char *where, corm_arena *arena, corm_url *url) {
  if (!binding_opt_push(L, options, "query")) return;
  if (!lua_istable(L, -1)) binding_error(L, CORM_E_ARGUMENT, "%s: query must be a table", where);
  const int query = lua_gettop(L);
  corm_driver_option *items = corm_arena_zalloc(arena, count_query(L, query) + 1, sizeof *items);
  if (!items) binding_error(L, CORM_E_MEMORY, "not enough memory");
  url->query = items;
  for (lua_pushnil(L); lua_next(L, query); lua_settop(L, query + 1)) {
    const size_t n = lua_istable(L, -1) ? (size_t)lua_rawlen(L, -1) : 0;
    lua_pushvalue(L, query + 1);
    corm_driver_option option = {.key = copy_query_text(L, arena, where)};
    for (size_t i = 0; i < (n ? n : 1); i++) {
      lua_settop(L, query + 2);
      if (n) lua_rawgeti(L, -1, (lua_Integer)i + 1);
      option.value = copy_query_text(L, arena, where);
      add_option(url, items, option);
    }
  }
  lua_settop(L, query - 1);
}

void binding_read_url_parts(lua_State *L, int arg, const char *where, corm_arena *arena, corm_url *url) {
  static const binding_option_spec specs[] = {{"username", BINDING_OPT_STRING}, {"password", BINDING_OPT_STRING},
                                              {"host", BINDING_OPT_STRING},     {"port", BINDING_OPT_INT},
                                              {"database", BINDING_OPT_STRING}, {"query", BINDING_OPT_ANY}};
  *url = (corm_url){.dialect = url->dialect, .driver = url->driver};
  binding_check_options(L, arg, where, specs, sizeof specs / sizeof *specs);
  url->username = copy(L, arena, binding_opt_string(L, arg, "username", NULL));
  url->password = copy(L, arena, binding_opt_string(L, arg, "password", NULL));
  url->host = copy(L, arena, binding_opt_string(L, arg, "host", NULL));
  url->database = copy(L, arena, binding_opt_string(L, arg, "database", NULL));
  lua_Integer port = binding_opt_int(L, arg, "port", 0);
  if (port < 0 || port > 65535) binding_error(L, CORM_E_ARGUMENT, "%s: there is no port %d", where, (int)port);
  url->port = (int)port;
  if (url->host && !*url->host) url->host = NULL; /* the same text, as in the next line */
  if (url->password && !url->username) url->username = "";
  read_query(L, arg, where, arena, url);
}

static int url_create(lua_State *L) {
  if (lua_istable(L, 1)) lua_remove(L, 1); /* URL:create(...) */
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "URL.create: the name of a dialect expected, got %s",
                         binding_typename(L, 1));
  lua_settop(L, 2);
  binding_url *object = new_url(L);
  char *name = (char *)copy(L, &object->arena, binding_name_at(L, 1));
  char *plus = strchr(name, '+');
  if (plus) *plus = '\0';
  object->url.dialect = name;
  object->url.driver = plus ? plus + 1 : NULL;
  binding_read_url_parts(L, 2, "URL.create", &object->arena, &object->url);
  corm_error err;
  corm_error_init(&err);
  if (corm_url_check(&object->url, &binding_get(L)->mem, &err) != CORM_OK) return binding_raise(L, &err);
  return 1;
}

/* -- the object -- */

static int push_text(lua_State *L, const corm_url *url, bool hide) {
  binding_state *state = binding_get(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *text = binding_scratch_buf(arena);
  corm_url_format(url, hide, text);
  const char *shown = corm_buf_str(text);
  if (!shown) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushlstring(L, shown, text->len);
  binding_scratch_done(L, state, arena);
  lua_remove(L, -2);
  return 1;
}

static int url_tostring(lua_State *L) {
  const binding_url *object = binding_check(L, 1, BINDING_URL, "tostring");
  return push_text(L, &object->url, true);
}

/* url:render_as_string(hide_password = true), or { hide_password = false }. */
static int url_render(lua_State *L) {
  static const binding_option_spec specs[] = {{"hide_password", BINDING_OPT_BOOL}};
  const binding_url *object = binding_check(L, 1, BINDING_URL, "URL:render_as_string");
  if (lua_isboolean(L, 2)) return push_text(L, &object->url, lua_toboolean(L, 2));
  binding_check_options(L, 2, "render_as_string", specs, 1);
  return push_text(L, &object->url, binding_opt_bool(L, 2, "hide_password", true));
}

static int url_eq(lua_State *L) {
  const binding_url *a = binding_test(L, 1, BINDING_URL), *b = binding_test(L, 2, BINDING_URL);
  if (a && b) {
    push_text(L, &a->url, false);
    push_text(L, &b->url, false);
  }
  lua_pushboolean(L, a && b && lua_rawequal(L, -1, -2));
  return 1;
}

static int backend_name(lua_State *L) {
  const binding_url *object = binding_check(L, 1, BINDING_URL, "URL:get_backend_name");
  lua_pushstring(L, object->url.dialect);
  return 1;
}

/* What is not said is the dialect's own. */
static int driver_name(lua_State *L) {
  const binding_url *object = binding_check(L, 1, BINDING_URL, "URL:get_driver_name");
  const char *name = object->url.driver;
  corm_error err;
  corm_error_init(&err);
  if (!name && corm_driver_name(object->url.dialect, &name, &err) != CORM_OK) return binding_raise(L, &err);
  lua_pushstring(L, name);
  return 1;
}

/* name -> list of texts; -> text where the name stands once, unless they are to be `normalized`. */
static void push_query(lua_State *L, const corm_url *url, bool normalized) {
  lua_createtable(L, 0, (int)url->nquery);
  for (size_t i = 0; i < url->nquery; i++) {
    const char *key = url->query[i].key;
    int found = lua_getfield(L, -1, key);
    if (found != LUA_TTABLE && (found == LUA_TSTRING || normalized)) {
      lua_createtable(L, 1, 0);
      lua_insert(L, -2);
      lua_rawseti(L, -2, 1);
      lua_pushvalue(L, -1);
      lua_setfield(L, -3, key);
      found = LUA_TTABLE;
    }
    lua_pushstring(L, url->query[i].value);
    if (found == LUA_TNIL)
      lua_setfield(L, -3, key);
    else
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
  }
}

static bool push_field(lua_State *L, const corm_url *url, const char *name) {
  if (strcmp(name, "drivername") == 0)
    url->driver ? lua_pushfstring(L, "%s+%s", url->dialect, url->driver) : lua_pushstring(L, url->dialect);
  else if (strcmp(name, "username") == 0)
    lua_pushstring(L, url->username);
  else if (strcmp(name, "password") == 0)
    lua_pushstring(L, url->password);
  else if (strcmp(name, "host") == 0)
    lua_pushstring(L, url->host);
  else if (strcmp(name, "database") == 0)
    lua_pushstring(L, url->database);
  else if (strcmp(name, "port") == 0)
    url->port ? lua_pushinteger(L, url->port) : lua_pushnil(L);
  else if (strcmp(name, "query") == 0)
    push_query(L, url, false);
  else if (strcmp(name, "normalized_query") == 0)
    push_query(L, url, true);
  else
    return false;
  return true;
}

void binding_push_url_parts(lua_State *L, const corm_url *url) {
  static const char *const parts[] = {"username", "password", "host", "port", "database", "query"};
  lua_createtable(L, 0, sizeof parts / sizeof *parts);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    (void)push_field(L, url, parts[i]);
    lua_setfield(L, -2, parts[i]);
  }
}

static int url_index(lua_State *L) {
  const binding_url *object = binding_check(L, 1, BINDING_URL, "URL:field");
  if (push_field(L, &object->url, binding_name_at(L, 2))) return 1;
  return binding_method(L, BINDING_URL, 2);
}

static int url_gc(lua_State *L) {
  binding_url *object = binding_test(L, 1, BINDING_URL);
  if (object) {
    static const corm_url nothing = {.dialect = ""};
    object->url = nothing;
    corm_arena_clear(&object->arena);
  }
  return 0;
}

void binding_open_url(lua_State *L) {
  static const luaL_Reg methods[] = {{"render_as_string", url_render},
                                     {"get_backend_name", backend_name},
                                     {"get_driver_name", driver_name},
                                     {"drivername", NULL},
                                     {"username", NULL},
                                     {"password", NULL},
                                     {"host", NULL},
                                     {"port", NULL},
                                     {"database", NULL},
                                     {"query", NULL},
                                     {"normalized_query", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", url_tostring}, {"__eq", url_eq}, {"__gc", url_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"make_url", make_url}, {NULL, NULL}};
  static const luaL_Reg class[] = {{"create", url_create}, {NULL, NULL}};
  binding_metatable(L, BINDING_URL, "URL", methods, meta, url_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  lua_newtable(L);
  binding_setfuncs(L, class);
  lua_setfield(L, -2, "URL");
}
