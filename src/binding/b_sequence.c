/* corm.Sequence, Identity, Computed, and conv(name). */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* -- names --------------------------------------------------------------------------------------------------------- */

static int conv_call(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "conv: a name expected, got %s", binding_typename(L, 1));
  binding_name *self = binding_new(L, BINDING_NAME, sizeof *self, 1);
  self->conv = true;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

static void check_bare(lua_State *L, const char *name, const char *what) {
  if (!corm_option_is_word(name) || strpbrk(name, " .-"))
    binding_error(L, CORM_E_ARGUMENT, "%s: '%.80s' is no plain word, so that it needs its quotes", what, name);
}

/* quoted_name(name, quote): nil for `quote` is a name like others. */
static int quoted_name_call(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "quoted_name: a name expected, got %s", binding_typename(L, 1));
  if (!lua_isnil(L, 2) && !lua_isboolean(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "quoted_name: true, false or nil expected, got %s",
                         binding_typename(L, 2));
  const int8_t quote = (int8_t)(lua_isnil(L, 2) ? 0 : lua_toboolean(L, 2) ? 1 : -1);
  if (quote < 0) check_bare(L, lua_tostring(L, 1), "quoted_name");
  binding_name *self = binding_new(L, BINDING_NAME, sizeof *self, 1);
  self->quote = quote;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

int8_t binding_unwrap_name(lua_State *L, int arg) {
  const binding_name *name = binding_test(L, arg, BINDING_NAME);
  if (!name) return 0;
  const int8_t quote = name->quote;
  lua_getiuservalue(L, arg, 1);
  lua_replace(L, arg);
  return quote;
}

static int conv_tostring(lua_State *L) {
  binding_check(L, 1, BINDING_NAME, "tostring");
  lua_getiuservalue(L, 1, 1);
  return 1;
}

const char *binding_opt_name(lua_State *L, int options, const char *what, bool *made) {
  *made = false;
  if (!binding_opt_push(L, options, "name")) return NULL;
  if (binding_test(L, -1, BINDING_NAME)) {
    *made = ((const binding_name *)lua_touserdata(L, -1))->conv;
    lua_getiuservalue(L, -1, 1);
    lua_remove(L, -2);
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: option 'name' must be a string, got %s", what, binding_typename(L, -1));
  size_t len;
  const char *name = lua_tolstring(L, -1, &len);
  if (memchr(name, '\0', len)) binding_error(L, CORM_E_ARGUMENT, "%s: a name holds a NUL", what);
  lua_pop(L, 1);
  return name;
}

int8_t binding_opt_quote(lua_State *L, int options, const char *name, const char *what) {
  if (!binding_opt_push(L, options, "quote")) return 0;
  const bool quote = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (!quote && name) check_bare(L, name, what);
  return quote ? 1 : -1;
}

/* -- numbers ------------------------------------------------------------------------------------------------------- */

#define NUMBER_OPTIONS                                                                                                 \
  {"start", BINDING_OPT_INT}, {"increment", BINDING_OPT_INT}, {"minvalue", BINDING_OPT_INT},                           \
      {"maxvalue", BINDING_OPT_INT}, {"nominvalue", BINDING_OPT_BOOL}, {"nomaxvalue", BINDING_OPT_BOOL},               \
      {"cycle", BINDING_OPT_BOOL}, {                                                                                   \
    "cache", BINDING_OPT_INT                                                                                           \
  }

static void read_number(lua_State *L, int options, const char *name, uint8_t bit, int64_t *number, uint8_t *given) {
  if (!binding_opt_push(L, options, name)) return;
  *number = lua_tointeger(L, -1);
  *given |= bit;
  lua_pop(L, 1);
}

static corm_sequence_options read_numbers(lua_State *L, int options, const char *what) {
  corm_sequence_options out = {.cycle = -1};
  if (!options) return out;
  read_number(L, options, "start", CORM_SEQUENCE_START, &out.start, &out.given);
  read_number(L, options, "increment", CORM_SEQUENCE_INCREMENT, &out.increment, &out.given);
  read_number(L, options, "minvalue", CORM_SEQUENCE_MINVALUE, &out.minvalue, &out.given);
  read_number(L, options, "maxvalue", CORM_SEQUENCE_MAXVALUE, &out.maxvalue, &out.given);
  read_number(L, options, "cache", CORM_SEQUENCE_CACHE, &out.cache, &out.given);
  out.nominvalue = binding_opt_bool(L, options, "nominvalue", false);
  out.nomaxvalue = binding_opt_bool(L, options, "nomaxvalue", false);
  if (binding_opt_push(L, options, "cycle")) {
    out.cycle = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  if (out.given & CORM_SEQUENCE_INCREMENT && out.increment == 0)
    binding_error(L, CORM_E_ARGUMENT, "%s: increment must not be 0", what);
  if ((out.nominvalue && out.given & CORM_SEQUENCE_MINVALUE) || (out.nomaxvalue && out.given & CORM_SEQUENCE_MAXVALUE))
    binding_error(L, CORM_E_ARGUMENT, "%s: a bound is given and denied at once", what);
  return out;
}

/* -- Identity ------------------------------------------------------------------------------------------------------ */

static int identity_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"always", BINDING_OPT_BOOL}, NUMBER_OPTIONS};
  lua_settop(L, 1);
  binding_check_options(L, 1, "Identity", specs, sizeof specs / sizeof *specs);
  const int options = lua_istable(L, 1) ? 1 : 0;
  const corm_identity_column identity = {.options = read_numbers(L, options, "Identity"),
                                         .always = options && binding_opt_bool(L, 1, "always", false)};
  binding_identity *self = binding_new(L, BINDING_IDENTITY, sizeof *self, 0);
  self->identity = identity;
  return 1;
}

static bool identity_property(lua_State *L, void *block, const char *name) {
  if (strcmp(name, "always") != 0) return false;
  lua_pushboolean(L, ((const binding_identity *)block)->identity.always);
  return true;
}

static int identity_index(lua_State *L) {
  return binding_index(L, BINDING_IDENTITY, identity_property);
}

/* -- Computed ------------------------------------------------------------------------------------------------------ */

/* Computed(text or expression, { persisted }?) */
static int computed_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"persisted", BINDING_OPT_BOOL}};
  lua_settop(L, 2);
  binding_check_options(L, 2, "Computed", specs, 1);
  const bool is_text = lua_type(L, 1) == LUA_TSTRING;
  size_t len = 0;
  const char *text = is_text ? lua_tolstring(L, 1, &len) : NULL;
  if (!is_text) binding_checkvalue(L, 1, "Computed");
  if (is_text && (memchr(text, '\0', len) || !corm_utf8_valid(text, len)))
    return binding_error(L, CORM_E_ARGUMENT, "Computed: the SQL holds a NUL or is no UTF-8");
  const size_t size = CORM_ARENA_ROUND(sizeof(binding_computed));
  const size_t room = is_text ? CORM_ROOM_TEXT(len) + BINDING_ROOM(corm_text) : 0;
  binding_computed *self = binding_new(L, BINDING_COMPUTED, size + room, 1);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)self + size, room);
  self->computed.sql =
      is_text ? corm_literal_column_in(&arena, text, len, corm_type_default(CORM_TYPE_NULLTYPE)) : binding_tonode(L, 1);
  self->computed.persisted = -1;
  if (binding_opt_push(L, 2, "persisted")) {
    self->computed.persisted = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  binding_anchor(L, 1, 1);
  return 1;
}

static bool computed_property(lua_State *L, void *block, const char *name) {
  const corm_computed *computed = &((const binding_computed *)block)->computed;
  if (strcmp(name, "persisted") == 0) {
    if (computed->persisted < 0)
      lua_pushnil(L);
    else
      lua_pushboolean(L, computed->persisted);
  } else if (strcmp(name, "sqltext") == 0) {
    binding_push_node(L, computed->sql, 1);
  } else {
    return false;
  }
  return true;
}

static int computed_index(lua_State *L) {
  return binding_index(L, BINDING_COMPUTED, computed_property);
}

/* -- Sequence ------------------------------------------------------------------------------------------------------ */

static const char *read_names(lua_State *L, int options, const corm_metadata *metadata, const char **schema) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "Sequence: a name expected, got %s", binding_typename(L, 1));
  const char *name = lua_tolstring(L, 1, &len);
  if (corm_identifier_check(name, len, "sequence", &err) != CORM_OK) binding_raise(L, &err);
  *schema = options ? binding_opt_string(L, options, "schema", NULL) : NULL;
  if (!*schema && metadata) *schema = metadata->schema;
  if (*schema && corm_identifier_check(*schema, strlen(*schema), "schema", &err) != CORM_OK) binding_raise(L, &err);
  return name;
}

/* Sequence(name, { start, increment ..., metadata, schema, optional, data_type }?) */
static int sequence_call(lua_State *L) {
  static const binding_option_spec specs[] = {NUMBER_OPTIONS,
                                              {"metadata", BINDING_OPT_ANY},
                                              {"schema", BINDING_OPT_STRING},
                                              {"optional", BINDING_OPT_BOOL},
                                              {"data_type", BINDING_OPT_ANY}};
  binding_state *state = binding_get(L);
  lua_settop(L, 2);
  binding_check_options(L, 2, "Sequence", specs, sizeof specs / sizeof *specs);
  const int options = lua_istable(L, 2) ? 2 : 0;
  if (!options || !binding_opt_push(L, 2, "metadata")) lua_pushnil(L);
  if (!options || !binding_opt_push(L, 2, "data_type")) lua_pushnil(L);
  binding_metadata *metadata = lua_isnil(L, 3) ? NULL : binding_check(L, 3, BINDING_METADATA, "Sequence");
  const corm_type *type = lua_isnil(L, 4) ? NULL : binding_checktype(L, 4, "Sequence");
  const char *schema, *name = read_names(L, options, metadata ? &metadata->metadata : NULL, &schema);
  const corm_sequence_options numbers = read_numbers(L, options, "Sequence");
  const size_t size = CORM_ARENA_ROUND(sizeof(binding_sequence));
  const size_t room = CORM_ROOM_TEXT(strlen(name)) + (schema ? CORM_ROOM_TEXT(strlen(schema)) : 0);
  binding_sequence *self = binding_new(L, BINDING_SEQUENCE, size + room, 2);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)self + size, room);
  self->sequence = (corm_sequence){.name = corm_arena_dup(&arena, name, strlen(name)),
                                   .schema = schema ? corm_arena_dup(&arena, schema, strlen(schema)) : NULL,
                                   .options = numbers,
                                   .optional = options && binding_opt_bool(L, 2, "optional", false),
                                   .data_type = type,
                                   .creation = state->creation++};
  corm_next_value_init(&self->next, &self->sequence);
  self->sequence.next_value = &self->next.base;
  binding_anchor(L, 1, 4);
  binding_anchor(L, 2, 3);
  if (metadata) {
    /* The metadata keeps its sequences. */
    lua_getiuservalue(L, 3, 3);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
    if (corm_vec_push(&metadata->metadata.sequences, &self->sequence) != CORM_OK)
      return binding_error(L, CORM_E_MEMORY, "not enough memory");
  }
  return 1;
}

/* seq:next_value() and func.next_value(seq): an expression. */
int binding_next_value(lua_State *L) {
  const binding_sequence *self = binding_check(L, 1, BINDING_SEQUENCE, "Sequence:next_value");
  binding_push_node(L, &self->next.base, 1);
  return 1;
}

static bool sequence_property(lua_State *L, void *block, const char *name) {
  const corm_sequence *sequence = &((const binding_sequence *)block)->sequence;
  if (strcmp(name, "name") == 0)
    lua_pushstring(L, sequence->name);
  else if (strcmp(name, "schema") == 0)
    lua_pushstring(L, sequence->schema);
  else if (strcmp(name, "optional") == 0)
    lua_pushboolean(L, sequence->optional);
  else if (strcmp(name, "metadata") == 0)
    lua_getiuservalue(L, 1, 2);
  else
    return false;
  return true;
}

static int sequence_index(lua_State *L) {
  return binding_index(L, BINDING_SEQUENCE, sequence_property);
}

void binding_open_sequence(lua_State *L) {
  static const luaL_Reg functions[] = {{"conv", conv_call},         {"quoted_name", quoted_name_call},
                                       {"Identity", identity_call}, {"Computed", computed_call},
                                       {"Sequence", sequence_call}, {NULL, NULL}};
  static const luaL_Reg name_meta[] = {{"__tostring", conv_tostring}, {NULL, NULL}};
  static const luaL_Reg identity_fields[] = {{"always", NULL}, {NULL, NULL}};
  static const luaL_Reg computed_fields[] = {{"persisted", NULL}, {"sqltext", NULL}, {NULL, NULL}};
  static const luaL_Reg sequence_methods[] = {{"next_value", binding_next_value},
                                              {"name", NULL},
                                              {"schema", NULL},
                                              {"optional", NULL},
                                              {"metadata", NULL},
                                              {NULL, NULL}};
  binding_metatable(L, BINDING_NAME, "conv", NULL, name_meta, NULL);
  binding_metatable(L, BINDING_IDENTITY, "Identity", identity_fields, NULL, identity_index);
  binding_metatable(L, BINDING_COMPUTED, "Computed", computed_fields, NULL, computed_index);
  binding_metatable(L, BINDING_SEQUENCE, "Sequence", sequence_methods, NULL, sequence_index);
  lua_pop(L, 4);
  binding_setfuncs(L, functions);
}
