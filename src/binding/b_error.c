/*
 * Error objects: a corm_error moved into a userdata, with the place in the user's script. Raising needs memory, so it
 * runs protected; when memory is what lacks, the object made at load time is raised.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "binding/binding.h"
#include "binding/state.h"

typedef struct error_object {
  binding_head head;
  corm_error err;
  int line; /* of the user's script; 0: none */
  char source[LUA_IDSIZE];
} error_object;

/* User values. */
enum { ERROR_TRACEBACK = 1, ERROR_CAUSE, ERROR_OBJECT, ERROR_SLOTS = ERROR_OBJECT };

/* Stable numbers: each has its paragraph in docs/errors.md, and none is given twice. */
static const int codes[CORM_ERROR_CLASS_COUNT] = {
    [CORM_E_ERROR] = 1000,
    [CORM_E_ARGUMENT] = 1100,
    [CORM_E_IDENTIFIER] = 1101,
    [CORM_E_MAPPING] = 1102,
    [CORM_E_NO_FOREIGN_KEYS] = 1103,
    [CORM_E_AMBIGUOUS_FOREIGN_KEYS] = 1104,
    [CORM_E_OBJECT_NOT_EXECUTABLE] = 1105,
    [CORM_E_COMPILE] = 1200,
    [CORM_E_UNSUPPORTED_COMPILATION] = 1201,
    [CORM_E_CIRCULAR_DEPENDENCY] = 1300,
    [CORM_E_INVALID_REQUEST] = 1400,
    [CORM_E_PENDING_ROLLBACK] = 1401,
    [CORM_E_RESOURCE_CLOSED] = 1402,
    [CORM_E_ILLEGAL_STATE_CHANGE] = 1403,
    [CORM_E_NO_RESULT_FOUND] = 1404,
    [CORM_E_MULTIPLE_RESULTS_FOUND] = 1405,
    [CORM_E_NO_SUCH_COLUMN] = 1406,
    [CORM_E_AMBIGUOUS_COLUMN] = 1407,
    [CORM_E_NO_SUCH_TABLE] = 1408,
    [CORM_E_NO_REFERENCE] = 1409,
    [CORM_E_NO_REFERENCED_TABLE] = 1410,
    [CORM_E_NO_REFERENCED_COLUMN] = 1411,
    [CORM_E_OBJECT_DELETED] = 1412,
    [CORM_E_UNMAPPED] = 1413,
    [CORM_E_UNBOUND_EXECUTION] = 1414,
    [CORM_E_DETACHED_INSTANCE] = 1500,
    [CORM_E_FLUSH] = 1501,
    [CORM_E_STALE_DATA] = 1502,
    [CORM_E_TIMEOUT] = 1600,
    [CORM_E_MEMORY] = 1700,
    [CORM_E_HOOK] = 1701,
    [CORM_E_STATEMENT] = 2000,
    [CORM_E_DBAPI] = 2001,
    [CORM_E_INTERFACE] = 2002,
    [CORM_E_DATABASE] = 2100,
    [CORM_E_INTEGRITY] = 2101,
    [CORM_E_DATA] = 2102,
    [CORM_E_PROGRAMMING] = 2103,
    [CORM_E_NOT_SUPPORTED] = 2104,
    [CORM_E_INTERNAL] = 2105,
    [CORM_E_OPERATIONAL] = 2200,
    [CORM_E_DISCONNECT] = 2201,
    [CORM_E_COMMIT_UNKNOWN] = 2202,
    [CORM_E_LOCK_TIMEOUT] = 2203,
    [CORM_E_DEADLOCK] = 2204,
    [CORM_E_SERIALIZATION] = 2205,
    [CORM_E_DISK_FULL] = 2206,
    [CORM_E_READ_ONLY] = 2207,
    [CORM_E_CORRUPT] = 2208,
    [CORM_E_STATEMENT_TIMEOUT] = 2209,
    [CORM_E_AUTH] = 2210,
};

/* -- raising -- */

bool binding_script_place(lua_State *L, char *source, int *line) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (strcmp(frame.what, "C") == 0 || strncmp(frame.source, "=corm", 5) == 0 ||
        strncmp(frame.source, "@corm:", 6) == 0)
      continue;
    *line = frame.currentline > 0 ? frame.currentline : 0;
    memcpy(source, frame.short_src, sizeof frame.short_src);
    return true;
  }
  return false;
}

/* The error that the core says this one followed from becomes an object of its own. */
static void push_cause(lua_State *L, error_object *object) {
  error_object *cause = binding_new(L, BINDING_ERROR, sizeof *cause, ERROR_SLOTS);
  cause->err = *object->err.cause;
  *object->err.cause = (corm_error){0};
}

/* The object that a flush failed for, if it is still the one that was kept. Leaves the error at the top. */
static void take_blamed(lua_State *L, const corm_error *err) {
  if (!err->blamed) return;
  if (err->blamed == binding_get(L)->blamed) {
    binding_state_push(L);
    lua_getiuservalue(L, -1, BINDING_STATE_BLAMED);
    lua_setiuservalue(L, -3, ERROR_OBJECT);
    lua_pushnil(L);
    lua_setiuservalue(L, -2, BINDING_STATE_BLAMED);
    lua_pop(L, 1);
  }
}

/* Runs protected. Argument 1: the corm_error to move; 2: the cause, if any. */
static int new_error(lua_State *L) {
  corm_error *err = lua_touserdata(L, 1);
  bool has_cause = lua_gettop(L) > 1;
  error_object *object = binding_new(L, BINDING_ERROR, sizeof *object, ERROR_SLOTS);
  object->err = *err;
  memset(err, 0, sizeof *err);
  (void)binding_script_place(L, object->source, &object->line);
  luaL_traceback(L, L, NULL, 1);
  lua_setiuservalue(L, -2, ERROR_TRACEBACK);
  take_blamed(L, &object->err);
  if (!has_cause && !object->err.cause) return 1;
  if (has_cause)
    lua_pushvalue(L, 2);
  else
    push_cause(L, object);
  lua_setiuservalue(L, -2, ERROR_CAUSE);
  return 1;
}

static int raise_memory(lua_State *L, corm_error *err) {
  corm_error_clear(err);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->memory_error);
  return lua_error(L);
}

static int raise_hook_error(lua_State *L, corm_error *err) {
  corm_error_clear(err);
  binding_state_push(L);
  lua_getiuservalue(L, -1, BINDING_STATE_HOOK_ERROR);
  lua_pushnil(L);
  lua_setiuservalue(L, -3, BINDING_STATE_HOOK_ERROR);
  return lua_error(L);
}

/* cause: index, or 0. */
static int raise(lua_State *L, corm_error *err, int cause) {
  if (!lua_checkstack(L, 6) || err->cls == CORM_E_MEMORY) return raise_memory(L, err);
  if (err->from_hook) return raise_hook_error(L, err);
  if (cause) cause = lua_absindex(L, cause);
  lua_pushcfunction(L, new_error);
  lua_pushlightuserdata(L, err);
  if (cause) lua_pushvalue(L, cause);
  if (lua_pcall(L, cause ? 2 : 1, 1, 0) != LUA_OK) return raise_memory(L, err);
  return lua_error(L);
}

void binding_push_error_copy(lua_State *L, const corm_error *err) {
  const corm_mem *mem = &binding_get(L)->mem;
  corm_error *copy = corm_error_dup(mem, err);
  if (!copy) raise_memory(L, &(corm_error){0});
  copy->blamed = 0; /* the object is for who catches the error itself */
  lua_pushcfunction(L, new_error);
  lua_pushlightuserdata(L, copy);
  const int status = lua_pcall(L, 1, 1, 0);
  corm_error_free(mem, copy);
  if (status != LUA_OK) raise_memory(L, &(corm_error){0});
}

int binding_raise(lua_State *L, corm_error *err) {
  return raise(L, err, 0);
}

int binding_raise_from(lua_State *L, corm_error *err, int cause) {
  return raise(L, err, cause);
}

int binding_error(lua_State *L, corm_error_class cls, const char *format, ...) {
  corm_error err;
  corm_error_init(&err);
  va_list args;
  va_start(args, format);
  (void)corm_error_setv(&err, cls, format, args);
  va_end(args);
  return raise(L, &err, 0);
}

int binding_unknown(lua_State *L, const char *what, const char *where, const char *name, const char *const *names,
                    size_t n) {
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_ARGUMENT, "unknown %s '%s' of %s", what, name, where);
  const char *nearest = corm_name_nearest(name, names, n);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return raise(L, &err, 0);
}

/* -- the object's face -- */

/* Reads a class name at arg; ArgumentError when there is none of that name. */
static corm_error_class check_class(lua_State *L, int arg, const char *what) {
  if (lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: the name of an error class expected, got %s", what,
                  binding_typename(L, arg));
  const char *name = lua_tostring(L, arg);
  corm_error_class cls = CORM_E_ERROR;
  if (!corm_error_class_find(name, &cls)) {
    const char *names[CORM_ERROR_CLASS_COUNT];
    for (unsigned i = 0; i < CORM_ERROR_CLASS_COUNT; i++) names[i] = corm_error_class_name((corm_error_class)i);
    binding_unknown(L, "class", "corm.exc", name, names, CORM_ERROR_CLASS_COUNT);
  }
  return cls;
}

bool binding_error_is(lua_State *L, int arg, corm_error_class cls) {
  const error_object *object = binding_test(L, arg, BINDING_ERROR);
  return object && corm_error_class_is(object->err.cls, cls);
}

const corm_error *binding_error_of(lua_State *L, int arg) {
  const error_object *object = binding_test(L, arg, BINDING_ERROR);
  return object ? &object->err : NULL;
}

static int error_is(lua_State *L) {
  binding_check(L, 1, BINDING_ERROR, "Error:is");
  lua_pushboolean(L, binding_error_is(L, 1, check_class(L, 2, "Error:is")));
  return 1;
}

/* corm.is_error(e [, name]). Lua's own text for a failed allocation counts as a MemoryError. */
static int is_error(lua_State *L) {
  corm_error_class cls = lua_isnoneornil(L, 2) ? CORM_E_ERROR : check_class(L, 2, "is_error");
  bool yes = binding_error_is(L, 1, cls);
  if (!yes && lua_type(L, 1) == LUA_TSTRING && (cls == CORM_E_ERROR || cls == CORM_E_MEMORY))
    yes = strcmp(lua_tostring(L, 1), "not enough memory") == 0;
  lua_pushboolean(L, yes);
  return 1;
}

/* What follows the message on its line, after a semicolon each. */
static void add_parts(luaL_Buffer *text, const corm_error *err) {
  const char *const parts[] = {err->subject, err->hint};
  luaL_addstring(text, err->message);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!parts[i][0]) continue;
    luaL_addstring(text, "; ");
    luaL_addstring(text, parts[i]);
  }
}

static void push_message(lua_State *L, const corm_error *err) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  add_parts(&text, err);
  luaL_pushresult(&text);
}

static int error_tostring(lua_State *L) {
  const error_object *object = binding_check(L, 1, BINDING_ERROR, "tostring");
  const corm_error *err = &object->err;
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  if (object->line) {
    char place[LUA_IDSIZE + 24];
    snprintf(place, sizeof place, "%s:%d: ", object->source, object->line);
    luaL_addstring(&text, place);
  }
  luaL_addstring(&text, corm_error_class_name(err->cls));
  luaL_addstring(&text, ": ");
  add_parts(&text, err);
  if (err->detail[0]) {
    luaL_addstring(&text, "\nDETAIL: ");
    luaL_addstring(&text, err->detail);
  }
  if (err->statement.sql) {
    luaL_addstring(&text, "\n[SQL: ");
    luaL_addstring(&text, err->statement.sql);
    luaL_addchar(&text, ']');
  }
  if (err->statement.params) {
    luaL_addstring(&text, "\n[parameters: ");
    luaL_addstring(&text, err->statement.params);
    luaL_addchar(&text, ']');
  }
  luaL_pushresult(&text);
  return 1;
}

static void push_text(lua_State *L, const char *text) {
  if (text && text[0])
    lua_pushstring(L, text);
  else
    lua_pushnil(L);
}

/* Where each field of text stands; 0 for the others. */
static size_t text_field(const char *name) {
  static const struct {
    const char *name;
    size_t offset;
  } fields[] = {{"hint", offsetof(corm_error, hint)},
                {"entity", offsetof(corm_error, entity)},
                {"table", offsetof(corm_error, table)},
                {"column", offsetof(corm_error, column)},
                {"constraint", offsetof(corm_error, constraint)},
                {"attribute", offsetof(corm_error, attribute)},
                {"sqlstate", offsetof(corm_error, sqlstate)},
                {"detail", offsetof(corm_error, detail)}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (strcmp(fields[i].name, name) == 0) return fields[i].offset;
  return 0;
}

/* "unknown" where the database may have done it, else "none"; nil for what came from no database. */
static void push_outcome(lua_State *L, const corm_error *err) {
  bool unknown = err->unknown || corm_error_class_is(err->cls, CORM_E_COMMIT_UNKNOWN);
  lua_pushstring(L, unknown ? "unknown" : corm_error_class_is(err->cls, CORM_E_DBAPI) ? "none" : NULL);
}

static bool push_field(lua_State *L, const error_object *object, const char *name) {
  const corm_error *err = &object->err;
  size_t offset = text_field(name);
  if (offset)
    push_text(L, (const char *)err + offset);
  else if (strcmp(name, "class") == 0)
    lua_pushstring(L, corm_error_class_name(err->cls));
  else if (strcmp(name, "message") == 0)
    push_message(L, err);
  else if (strcmp(name, "code") == 0)
    lua_pushfstring(L, "corm-e%d", codes[err->cls]);
  else if (strcmp(name, "statement") == 0)
    push_text(L, err->statement.sql);
  else if (strcmp(name, "params") == 0)
    push_text(L, err->statement.params);
  else if (strcmp(name, "orig") == 0)
    push_text(L, corm_error_class_is(err->cls, CORM_E_DBAPI) ? err->message : NULL);
  else if (strcmp(name, "native_code") == 0)
    err->native_code ? lua_pushinteger(L, err->native_code) : lua_pushnil(L);
  else if (strcmp(name, "kind") == 0)
    push_text(L, err->kind);
  else if (strcmp(name, "retryable") == 0)
    lua_pushboolean(L, err->retryable);
  else if (strcmp(name, "disconnected") == 0)
    lua_pushboolean(L, err->disconnected);
  else if (strcmp(name, "outcome") == 0)
    push_outcome(L, err);
  else if (strcmp(name, "traceback") == 0)
    lua_getiuservalue(L, 1, ERROR_TRACEBACK);
  else if (strcmp(name, "cause") == 0)
    lua_getiuservalue(L, 1, ERROR_CAUSE);
  else if (strcmp(name, "object") == 0)
    lua_getiuservalue(L, 1, ERROR_OBJECT);
  else if (strcmp(name, "source") == 0)
    push_text(L, object->source);
  else if (strcmp(name, "line") == 0)
    object->line ? lua_pushinteger(L, object->line) : lua_pushnil(L);
  else
    return false;
  return true;
}

static int error_index(lua_State *L) {
  const error_object *object = binding_check(L, 1, BINDING_ERROR, "Error:field");
  if (push_field(L, object, binding_name_at(L, 2))) return 1;
  return binding_method(L, BINDING_ERROR, 2);
}

static int error_gc(lua_State *L) {
  error_object *object = binding_test(L, 1, BINDING_ERROR);
  if (object) corm_error_clear(&object->err);
  return 0;
}

/* -- opening -- */

static int unknown_class(lua_State *L) {
  luaL_tolstring(L, 2, NULL);
  check_class(L, -1, "exc");
  return 0;
}

static int refuse_assignment(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT, "corm.exc cannot be changed");
}

/* corm.exc: class names as strings, so that `err.class == corm.exc.IntegrityError` and `err:is(corm.exc.DBAPIError)`.
 */
static void push_classes(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", unknown_class}, {"__newindex", refuse_assignment}, {NULL, NULL}};
  lua_createtable(L, 0, CORM_ERROR_CLASS_COUNT);
  for (unsigned i = 0; i < CORM_ERROR_CLASS_COUNT; i++) {
    const char *name = corm_error_class_name((corm_error_class)i);
    lua_pushstring(L, name);
    lua_setfield(L, -2, name);
  }
  lua_createtable(L, 0, 2);
  binding_setfuncs(L, meta);
  lua_setmetatable(L, -2);
}

void binding_open_error(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"is", error_is},   {"class", NULL},        {"message", NULL},    {"code", NULL},        {"statement", NULL},
      {"params", NULL},   {"orig", NULL},         {"cause", NULL},      {"native_code", NULL}, {"kind", NULL},
      {"table", NULL},    {"column", NULL},       {"constraint", NULL}, {"entity", NULL},      {"hint", NULL},
      {"sqlstate", NULL}, {"detail", NULL},       {"outcome", NULL},    {"retryable", NULL},   {"source", NULL},
      {"line", NULL},     {"disconnected", NULL}, {"traceback", NULL},  {"attribute", NULL},   {"object", NULL},
      {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", error_tostring}, {"__gc", error_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"is_error", is_error}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  binding_metatable(L, BINDING_ERROR, "Error", methods, meta, error_index);
  lua_pop(L, 1);
  if (state->memory_error == LUA_NOREF) {
    error_object *object = binding_new(L, BINDING_ERROR, sizeof *object, ERROR_SLOTS);
    (void)corm_error_memory(&object->err);
    state->memory_error = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  binding_setfuncs(L, functions);
  push_classes(L);
  lua_setfield(L, -2, "exc");
}
