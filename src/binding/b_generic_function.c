/*
 * GenericFunction { name, type, package, identifier }: functions that corm.func knows by an identifier, with a name and
 * a type of their own. The registry is one table for the state: "package.identifier" in lower case -> the options.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"

/* The longest identifier that is looked up. */
enum { LONGEST = 192 };

/* Pushes the name in lower case; false (and nothing pushed) when it is longer than any that is registered. */
static bool push_lower(lua_State *L, const char *name) {
  char lower[LONGEST];
  size_t len = strlen(name);
  if (len > sizeof lower) return false;
  for (size_t i = 0; i < len; i++) lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
  lua_pushlstring(L, lower, len);
  return true;
}

const char *binding_generic_function(lua_State *L, const char *name, const corm_type **type) {
  *type = NULL;
  int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->generic_functions);
  if (!push_lower(L, name) || lua_rawget(L, top + 1) != LUA_TTABLE) {
    lua_settop(L, top);
    return NULL;
  }
  lua_rawgeti(L, top + 2, 1);
  const char *own = lua_tostring(L, -1);
  bool typed = lua_rawgeti(L, top + 2, 2) != LUA_TNIL;
  if (typed) *type = binding_checktype(L, -1, "func");
  lua_replace(L, top + 1);
  lua_settop(L, typed ? top + 1 : top);
  return own;
}

static const char *check_name(lua_State *L, const char *name, const char *otherwise) {
  corm_error err;
  corm_error_init(&err);
  const char *text = binding_opt_string(L, 1, name, otherwise);
  if (!text || !*text) return text;
  if (corm_identifier_check(text, strlen(text), name, &err) != CORM_OK) binding_raise(L, &err);
  return text;
}

static int generic_function(lua_State *L) {
  static const binding_option_spec specs[] = {{"name", BINDING_OPT_STRING},
                                              {"type", BINDING_OPT_ANY},
                                              {"package", BINDING_OPT_STRING},
                                              {"identifier", BINDING_OPT_STRING}};
  binding_state *state = binding_get(L);
  lua_settop(L, 1);
  if (lua_type(L, 1) != LUA_TTABLE)
    return binding_error(L, CORM_E_ARGUMENT, "GenericFunction: { name = \"...\" } expected, got %s",
                         binding_typename(L, 1));
  binding_check_options(L, 1, "GenericFunction", specs, 4);
  const char *name = check_name(L, "name", NULL);
  if (!name || !*name) return binding_error(L, CORM_E_ARGUMENT, "GenericFunction: the name of a function expected");
  const char *identifier = check_name(L, "identifier", name), *package = check_name(L, "package", "");
  bool typed = binding_opt_push(L, 1, "type");
  if (typed) binding_checktype(L, 2, "GenericFunction");
  lua_settop(L, 2);
  lua_pushfstring(L, *package ? "%s.%s" : "%s%s", package, identifier);
  if (lua_rawlen(L, 3) > LONGEST || !push_lower(L, lua_tostring(L, 3)))
    return binding_error(L, CORM_E_ARGUMENT, "GenericFunction: the identifier is longer than %d bytes", LONGEST);
  if (state->generic_functions == LUA_NOREF) {
    lua_newtable(L);
    state->generic_functions = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->generic_functions);
  lua_insert(L, -2);
  lua_createtable(L, 2, 0);
  lua_pushstring(L, name);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 2);
  lua_rawset(L, -3);
  binding_push_func(L, package, identifier, strlen(identifier));
  return 1;
}

void binding_open_generic_function(lua_State *L) {
  static const luaL_Reg functions[] = {{"GenericFunction", generic_function}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
