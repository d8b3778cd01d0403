/* Options tables: the last argument of most calls. Read raw; unknown names are refused. */
#include <string.h>

#include "base/str.h"
#include "binding/binding.h"

static bool has_kind(lua_State *L, int arg, binding_option_kind kind) {
  switch (kind) {
  case BINDING_OPT_BOOL: return lua_isboolean(L, arg);
  case BINDING_OPT_INT: {
    int is_integer = 0;
    if (lua_type(L, arg) == LUA_TNUMBER) lua_tointegerx(L, arg, &is_integer);
    return is_integer;
  }
  case BINDING_OPT_STRING: return lua_type(L, arg) == LUA_TSTRING;
  case BINDING_OPT_ANY: break;
  }
  return true;
}

static const char *kind_name(binding_option_kind kind) {
  static const char *const names[] = {[BINDING_OPT_BOOL] = "boolean",
                                      [BINDING_OPT_INT] = "integer",
                                      [BINDING_OPT_STRING] = "string",
                                      [BINDING_OPT_ANY] = "value"};
  return names[kind];
}

static void unknown_option(lua_State *L, const char *where, const char *name, const binding_option_spec *specs,
                           size_t n) {
  const char **names = lua_newuserdatauv(L, n ? n * sizeof *names : 1, 0);
  for (size_t i = 0; i < n; i++) names[i] = specs[i].name;
  binding_unknown(L, "option", where, name, names, n);
}

/* Names that are like none of the known ones are the script's own. */
static bool is_own(const char *name, const binding_option_spec *specs, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (corm_name_nearest(name, &specs[i].name, 1)) return false;
  return true;
}

/* The string at the top becomes one of C's, which would end at its first NUL. */
static void refuse_nul(lua_State *L, const char *where, const char *name) {
  if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "%s: option '%s' holds a NUL", where, name);
}

static size_t check_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n,
                            bool open) {
  size_t given = 0;
  if (lua_isnoneornil(L, arg)) return 0;
  if (!lua_istable(L, arg))
    binding_error(L, CORM_E_ARGUMENT, "%s: a table of options expected, got %s", where, binding_typename(L, arg));
  arg = lua_absindex(L, arg);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "%s: options have names, got a key of type %s", where, binding_typename(L, -2));
    const char *name = binding_name_at(L, -2);
    size_t i = 0;
    while (i < n && strcmp(specs[i].name, name) != 0) i++;
    if (i == n && open && is_own(name, specs, n)) {
      lua_pop(L, 1);
      continue;
    }
    if (i == n) unknown_option(L, where, name, specs, n);
    if (!has_kind(L, -1, specs[i].kind))
      binding_error(L, CORM_E_ARGUMENT, "%s: option '%s' must be %s %s, got %s", where, name,
                    specs[i].kind == BINDING_OPT_INT ? "an" : "a", kind_name(specs[i].kind), binding_typename(L, -1));
    if (specs[i].kind == BINDING_OPT_STRING) refuse_nul(L, where, name);
    lua_pop(L, 1);
    given++;
  }
  return given;
}

size_t binding_check_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n) {
  return check_options(L, arg, where, specs, n, false);
}

void binding_check_open_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n) {
  (void)check_options(L, arg, where, specs, n, true);
}

bool binding_opt_push(lua_State *L, int arg, const char *name) {
  if (!lua_istable(L, arg)) return false;
  arg = lua_absindex(L, arg);
  lua_pushstring(L, name);
  if (lua_rawget(L, arg) != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

bool binding_opt_bool(lua_State *L, int arg, const char *name, bool otherwise) {
  if (!binding_opt_push(L, arg, name)) return otherwise;
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

lua_Integer binding_opt_int(lua_State *L, int arg, const char *name, lua_Integer otherwise) {
  if (!binding_opt_push(L, arg, name)) return otherwise;
  int is_integer;
  lua_Integer value = lua_tointegerx(L, -1, &is_integer);
  lua_pop(L, 1);
  return is_integer ? value : otherwise;
}

const char *binding_opt_string(lua_State *L, int arg, const char *name, const char *otherwise) {
  if (!binding_opt_push(L, arg, name)) return otherwise;
  const char *value = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : otherwise;
  if (value != otherwise) refuse_nul(L, "options", name);
  lua_pop(L, 1);
  return value;
}
