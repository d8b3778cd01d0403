/* MetaData { naming_convention = { ix = "...", uq = "...", a_token = function(constraint, table) ... end } } */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

typedef struct call {
  binding_state *state;
  int hook;
  corm_table *table;
  corm_constraint *constraint;
  corm_index *index;
  corm_buf *out;
} call;

/* Calls the function with the constraint or the index, and its table. */
static int run_token(lua_State *L) {
  const call *c = lua_touserdata(L, 1);
  binding_hook_push(L, c->state, c->hook);
  if (lua_isnil(L, -1) || !binding_push_table(L, c->table)) return 0;
  const int table = lua_gettop(L);
  if (c->constraint)
    binding_push_constraint(L, table, c->constraint);
  else
    binding_push_index(L, table, c->index);
  lua_insert(L, table);
  lua_call(L, 2, 1);
  size_t len;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
  if (!text)
    return binding_error(L, CORM_E_ARGUMENT, "naming_convention: a token's function must return a string, got %s",
                         binding_typename(L, -1));
  corm_buf_add(c->out, text, len);
  return 0;
}

static corm_status call_token(void *ctx, int hook, corm_table *table, corm_constraint *constraint, corm_index *index,
                              corm_buf *out, corm_error *err) {
  call c = {.state = ctx, .hook = hook, .table = table, .constraint = constraint, .index = index, .out = out};
  return binding_protect(ctx, run_token, &c, err);
}

static int template_of(const char *key) {
  for (int i = 0; i < CORM_NAMING_KINDS; i++)
    if (strcmp(key, corm_naming_keys[i]) == 0) return i;
  return -1;
}

/* Checks the key and the value at the top; the table `kept` keeps what is the core's. */
static void read_entry(lua_State *L, int kept, corm_naming *naming, corm_naming_token *tokens) {
  const char *key = binding_name_at(L, -2);
  if (!*key) binding_error(L, CORM_E_ARGUMENT, "naming_convention: keys are names");
  const int kind = template_of(key);
  if (kind >= 0 && lua_type(L, -1) == LUA_TSTRING) {
    naming->templates[kind] = binding_name_at(L, -1);
    if (!*naming->templates[kind])
      binding_error(L, CORM_E_ARGUMENT, "naming_convention: '%s' is empty or holds a NUL", key);
  } else if (kind < 0 && lua_isfunction(L, -1)) {
    tokens[naming->ntokens++] = (corm_naming_token){key, binding_hook_add(L, binding_get(L), -1)};
  } else if (kind < 0 && lua_type(L, -1) == LUA_TSTRING) {
    binding_unknown(L, "key", "naming_convention", key, corm_naming_keys, CORM_NAMING_KINDS);
  } else {
    binding_error(L, CORM_E_ARGUMENT, "naming_convention: '%s' must be a %s, got %s", key,
                  kind >= 0 ? "string" : "function", binding_typename(L, -1));
  }
  lua_pushvalue(L, -2);
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
  lua_pushvalue(L, -1);
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
}

void binding_read_naming(lua_State *L, int options, binding_metadata *self) {
  if (!binding_opt_push(L, options, "naming_convention")) return;
  const int given = lua_gettop(L);
  if (!binding_is_plain_table(L, given)) binding_error(L, CORM_E_ARGUMENT, "naming_convention must be a table");
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, given); lua_pop(L, 1)) n++;
  corm_naming_token *tokens = lua_newuserdatauv(L, (n + 1) * sizeof *tokens, 0);
  lua_newtable(L);
  const int kept = lua_gettop(L);
  lua_pushvalue(L, -2);
  lua_setfield(L, kept, "tokens");
  lua_pushvalue(L, given);
  lua_setfield(L, kept, "given");
  corm_naming naming = {.tokens = tokens, .call = call_token, .ctx = binding_get(L)};
  for (lua_pushnil(L); lua_next(L, given); lua_pop(L, 1)) read_entry(L, kept, &naming, tokens);
  corm_error err;
  corm_error_init(&err);
  for (int i = 0; i < CORM_NAMING_KINDS; i++)
    if (corm_naming_check(&naming, (corm_naming_kind)i, &err) != CORM_OK) binding_raise(L, &err);
  lua_setiuservalue(L, given - 1, 4);
  self->metadata.naming = naming;
  lua_settop(L, given - 1);
}
