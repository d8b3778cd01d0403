/* constraint:ddl_if { dialect, callable_ } and index:ddl_if: on which databases an object is made. */
#include <string.h>

#include "binding/b_schema.h"

typedef struct asking {
  binding_state *state;
  int hook;
  const char *dialect;
  bool answer;
} asking;

/* callable_(ddl, target, bind, { dialect }): the first three are nil here, where no statement runs. */
static int ask(lua_State *L) {
  asking *a = lua_touserdata(L, 1);
  binding_hook_push(L, a->state, a->hook);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_createtable(L, 0, 1);
  lua_pushstring(L, a->dialect);
  lua_setfield(L, -2, "dialect");
  lua_call(L, 4, 1);
  a->answer = lua_toboolean(L, -1);
  return 0;
}

static corm_status call(void *ctx, int hook, const char *dialect, bool *out, corm_error *err) {
  asking a = {.state = ctx, .hook = hook, .dialect = dialect};
  corm_status status = binding_protect(ctx, ask, &a, err);
  *out = a.answer;
  return status;
}

const corm_ddl_if *binding_push_ddl_if(lua_State *L, int options) {
  static const binding_option_spec specs[] = {{"dialect", BINDING_OPT_ANY}, {"callable_", BINDING_OPT_ANY}};
  options = lua_absindex(L, options);
  if (!lua_istable(L, options)) binding_error(L, CORM_E_ARGUMENT, "ddl_if: a table of options expected");
  binding_check_options(L, options, "ddl_if", specs, 2);
  const bool has_dialect = binding_opt_push(L, options, "dialect");
  if (!has_dialect) lua_pushnil(L);
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
  }
  if (has_dialect && !binding_is_plain_table(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "ddl_if: dialect is a name or a list of names");
  const int list = lua_gettop(L);
  const size_t n = has_dialect ? lua_rawlen(L, list) : 0;
  corm_ddl_if *made = lua_newuserdatauv(L, sizeof *made + (n + 1) * sizeof(char *), 2);
  const char **names = (const char **)(void *)(made + 1);
  *made = (corm_ddl_if){.dialects = names, .n = (uint32_t)n, .hook = -1, .call = call, .ctx = binding_get(L)};
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    if (lua_rawgeti(L, list, (lua_Integer)i + 1) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "ddl_if: dialect is a name or a list of names");
    names[i] = lua_tostring(L, -1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setiuservalue(L, -2, 1);
  if (binding_opt_push(L, options, "callable_")) {
    if (!lua_isfunction(L, -1)) binding_error(L, CORM_E_ARGUMENT, "ddl_if: callable_ must be a function");
    made->hook = binding_hook_add(L, binding_get(L), -1);
    lua_setiuservalue(L, -2, 2);
  }
  lua_replace(L, list);
  lua_settop(L, list);
  return made;
}
