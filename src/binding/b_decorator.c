/*
 * Types of a script's own: TypeDecorator (functions between the script's values and those of another type),
 * UserDefinedType (a name that the database knows) and variants for one database. The functions run here, where values
 * pass between Lua and the core, before a statement is under way or after a row was decoded; the core sees a type
 * whose impl stores. What goes around binds and columns in SQL is asked for once, when the type is made.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_type.h"
#include "binding/state.h"
#include "sql/dialect.h"

#define MAX_VARIANTS 8

/* One block: the type, its functions, and for each database that has a type of its own both again. */
typedef struct decorated {
  binding_type base;
  corm_type_custom custom;
  corm_type_variant variants[MAX_VARIANTS];
  corm_type types[MAX_VARIANTS];
  corm_type_custom customs[MAX_VARIANTS];
} decorated;

static const char *const fields[] = {"impl",
                                     "cache_ok",
                                     "process_bind_param",
                                     "process_result_value",
                                     "process_literal_param",
                                     "load_dialect_impl",
                                     "bind_expression",
                                     "column_expression",
                                     "coerce_compared_value",
                                     "get_col_spec",
                                     "comparator"};
enum { FIRST_FUNCTION = 2, LAST_FUNCTION = 9, NFIELDS = sizeof fields / sizeof *fields };

/* -- the dialect that functions are told --------------------------------------------------------------------------- */

static int type_descriptor(lua_State *L) {
  lua_settop(L, 2);
  return 1;
}

/* { name = "sqlite", type_descriptor = function(self, type) }, one for each name. */
static void push_dialect(lua_State *L, const char *name) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, "corm.dialects") == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "corm.dialects");
  }
  if (lua_getfield(L, -1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushcfunction(L, type_descriptor);
    lua_setfield(L, -2, "type_descriptor");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
  }
  lua_remove(L, -2);
}

static const char *dialect_of(const binding_state *state) {
  return state->dialect ? state->dialect->name : corm_dialect_default.name;
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* Pushes a function of a type and the type, for a call. */
static void push_method(lua_State *L, binding_state *state, int host, const char *name) {
  luaL_checkstack(L, 8, "type");
  binding_hook_push(L, state, host);
  if (lua_isnil(L, -1)) binding_error(L, CORM_E_INVALID_REQUEST, "the type of this value is gone");
  lua_getiuservalue(L, -1, BINDING_TYPE_DEFINITION);
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  lua_insert(L, -2);
}

/* Pushes the value at arg as functions get it: one that tells of its changes as a plain table. */
static void push_given(lua_State *L, int arg) {
  if (binding_is_null(L, arg))
    lua_pushnil(L);
  else if (binding_push_content(L, arg))
    binding_push_plain(L, arg);
  else
    lua_pushvalue(L, arg);
}

corm_status binding_pass_in(lua_State *L, int arg, const corm_type **type, corm_error *err) {
  binding_state *state = binding_get(L);
  const char *dialect = dialect_of(state);
  const corm_type *t = corm_type_on(*type, dialect);
  arg = lua_absindex(L, arg);
  for (; t->custom; t = corm_type_on(t->custom->impl, dialect)) {
    if (!t->custom->binds) continue;
    push_method(L, state, t->custom->host, "process_bind_param");
    push_given(L, arg);
    push_dialect(L, dialect);
    if (lua_pcall(L, 3, 1, 0) != LUA_OK) return binding_hook_failed(L, state, err);
    lua_replace(L, arg);
  }
  *type = t;
  return CORM_OK;
}

void binding_pass_literal(lua_State *L, int arg, const corm_type *type, corm_value *out) {
  binding_state *state = binding_get(L);
  const corm_type *t = corm_type_on(type, dialect_of(state));
  if (!t->custom || !t->custom->literals) return;
  arg = lua_absindex(L, arg);
  push_method(L, state, t->custom->host, "process_literal_param");
  push_given(L, arg);
  push_dialect(L, dialect_of(state));
  lua_call(L, 3, 1);
  if (!binding_tovalue(L, -1, NULL, out) || lua_istable(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "process_literal_param: a %s is no value", binding_typename(L, -1));
}

void binding_push_hosted(lua_State *L, const corm_value *value, const corm_type *type) {
  binding_state *state = binding_get(L);
  const char *dialect = dialect_of(state);
  const corm_type *t = corm_type_on(type, dialect);
  luaL_checkstack(L, 8, "type");
  if (!t->custom) {
    binding_push_typed(L, value, t);
    return;
  }
  binding_push_typed(L, value, t->custom->impl);
  if (!t->custom->results) return;
  push_method(L, state, t->custom->host, "process_result_value");
  lua_pushvalue(L, -3);
  push_dialect(L, dialect);
  lua_call(L, 3, 1);
  lua_remove(L, -2);
}

/* The types that coerce_compared_value gives are no more and no fewer than the script has: each is kept by its address.
 */
static const corm_type *compared_type(lua_State *L, binding_state *state, const corm_type *type, int arg,
                                      const char *op) {
  push_method(L, state, type->custom->host, "coerce_compared_value");
  lua_pushstring(L, op);
  push_given(L, arg);
  lua_call(L, 3, 1);
  const corm_type *given = binding_checktype(L, lua_gettop(L), "coerce_compared_value");
  if (!given->custom && !given->nvariants && !given->spelling) {
    lua_pop(L, 1);
    return corm_type_default((corm_type_kind)given->kind);
  }
  binding_hook_push(L, state, type->custom->host);
  lua_getiuservalue(L, -1, BINDING_TYPE_KEPT);
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, given);
  lua_pop(L, 3);
  return given;
}

const corm_type *binding_compared_type(lua_State *L, const corm_type *type, int arg, const char *op) {
  binding_state *state = binding_get(L);
  const corm_type *t = corm_type_on(type, dialect_of(state));
  return t->custom && t->custom->compares ? compared_type(L, state, t, arg, op) : type;
}

/* -- making one ---------------------------------------------------------------------------------------------------- */

/* A field that is nearly one of the known is a slip of the pen; others are the script's own. */
static void check_definition(lua_State *L, int def, const char *what) {
  if (!lua_istable(L, def)) binding_error(L, CORM_E_ARGUMENT, "%s: a table of its functions expected", what);
  lua_pushnil(L);
  while (lua_next(L, def)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    const char *name = lua_tostring(L, -1);
    size_t i = 0;
    while (i < NFIELDS && strcmp(name, fields[i]) != 0) i++;
    if (i == NFIELDS && (strncmp(name, "process_", 8) == 0 || corm_name_nearest(name, fields, NFIELDS)))
      binding_unknown(L, "field", what, name, fields, NFIELDS);
  }
  for (size_t i = FIRST_FUNCTION; i <= LAST_FUNCTION; i++) {
    lua_pushstring(L, fields[i]);
    int type = lua_rawget(L, def);
    if (type != LUA_TNIL && type != LUA_TFUNCTION)
      binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a function, got %s", what, fields[i], lua_typename(L, type));
    lua_pop(L, 1);
  }
  lua_pushliteral(L, "comparator");
  int type = lua_rawget(L, def);
  if (type != LUA_TNIL && type != LUA_TTABLE)
    binding_error(L, CORM_E_ARGUMENT, "%s: comparator must be a table of methods, got %s", what, lua_typename(L, type));
  lua_pop(L, 1);
}

static bool has_field(lua_State *L, int def, const char *name) {
  lua_pushstring(L, name);
  bool has = lua_rawget(L, def) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

/* Keeps the value at the top, which is popped, as long as the type at `self` lives. */
static void keep_with(lua_State *L, int self) {
  lua_getiuservalue(L, self, BINDING_TYPE_KEPT);
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

/* Calls def[name](self, ...) with the nargs values at the top, which are popped; one result is left. */
static void call_method(lua_State *L, int def, int self, const char *name, int nargs) {
  luaL_checkstack(L, 6, "type");
  lua_pushstring(L, name);
  lua_rawget(L, def);
  lua_insert(L, -(nargs + 1));
  lua_pushvalue(L, self);
  lua_insert(L, -(nargs + 1));
  lua_call(L, nargs + 1, 1);
}

/* Asks for what goes around a bind or a column: *out and *hole, or NULL. */
static void read_expression(lua_State *L, int def, int self, const char *name, const corm_node **out,
                            const corm_node **hole) {
  *out = *hole = NULL;
  if (!has_field(L, def, name)) return;
  const binding_type *type = lua_touserdata(L, self);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(16), 1);
  do node = corm_bindparam_in(&b.arena, "param", type->type, NULL, true);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, self);
  lua_pushvalue(L, -1);
  keep_with(L, self);
  call_method(L, def, self, name, 1);
  const corm_node *given = lua_isnil(L, -1) ? NULL : binding_checkvalue(L, -1, name);
  if (given && !corm_as_select(given) && given != node) {
    *out = given;
    *hole = node;
    keep_with(L, self);
  } else {
    lua_pop(L, 1);
  }
}

static void add_variant(decorated *d, const char *dialect, const corm_type *impl) {
  uint32_t n = d->base.own.nvariants++;
  d->types[n] = *impl;
  d->types[n].variants = NULL;
  d->types[n].nvariants = 0;
  d->types[n].hosted = true;
  d->types[n].custom = &d->customs[n];
  d->customs[n] = d->custom;
  d->customs[n].impl = impl;
  d->variants[n] = (corm_type_variant){dialect, &d->types[n]};
  d->base.own.variants = d->variants;
}

/* load_dialect_impl is asked for each database now: the core calls nothing of Lua. */
static void read_variants(lua_State *L, int def, int self, decorated *d) {
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  bool asks = has_field(L, def, "load_dialect_impl");
  for (size_t i = 0; i < n && i < MAX_VARIANTS; i++) {
    const corm_type *impl = d->custom.impl;
    if (asks) {
      push_dialect(L, names[i]);
      call_method(L, def, self, "load_dialect_impl", 1);
      if (!lua_isnil(L, -1)) {
        impl = binding_checktype(L, lua_gettop(L), "load_dialect_impl");
        keep_with(L, self);
      } else {
        lua_pop(L, 1);
      }
    }
    impl = corm_type_on(impl, names[i]);
    if (impl != d->custom.impl) add_variant(d, names[i], impl);
  }
}

/* "GEOMETRY(POINT, 4326)": what get_col_spec says, as it stands in DDL. */
static void read_col_spec(lua_State *L, int def, int self, corm_type *own) {
  size_t len;
  call_method(L, def, self, "get_col_spec", 0);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
  if (!text || len == 0 || memchr(text, '\0', len) || !corm_utf8_valid(text, len))
    binding_error(L, CORM_E_ARGUMENT, "get_col_spec: the type's name expected as a string");
  own->spelling = text;
  own->form = CORM_FORM_BARE;
  keep_with(L, self);
}

/* Pushes the type of the definition at `def` over the type at `impl` (0: one without values of its own). */
static void push_decorated(lua_State *L, int def, int impl) {
  binding_state *state = binding_get(L);
  const corm_type *stores =
      impl ? binding_checktype(L, impl, "TypeDecorator: impl") : corm_type_default(CORM_TYPE_NULLTYPE);
  decorated *d = binding_new(L, BINDING_TYPE, sizeof *d, BINDING_TYPE_SLOTS);
  int self = lua_gettop(L);
  if (impl) binding_anchor(L, BINDING_TYPE_ANCHOR, impl);
  lua_pushvalue(L, def);
  lua_setiuservalue(L, self, BINDING_TYPE_DEFINITION);
  lua_newtable(L);
  lua_setiuservalue(L, self, BINDING_TYPE_KEPT);
  corm_type *own = &d->base.own;
  *own = *stores;
  own->variants = NULL;
  own->nvariants = 0;
  own->hosted = true;
  own->custom = &d->custom;
  d->base.type = own;
  d->custom = (corm_type_custom){.host = binding_hook_add(L, state, self),
                                 .binds = has_field(L, def, "process_bind_param"),
                                 .results = has_field(L, def, "process_result_value"),
                                 .literals = has_field(L, def, "process_literal_param"),
                                 .compares = has_field(L, def, "coerce_compared_value"),
                                 .impl = stores};
  if (has_field(L, def, "get_col_spec")) read_col_spec(L, def, self, own);
  read_expression(L, def, self, "bind_expression", &d->custom.bind, &d->custom.bind_hole);
  read_expression(L, def, self, "column_expression", &d->custom.column, &d->custom.column_hole);
  if (impl) read_variants(L, def, self, d);
}

/* corm.TypeDecorator { impl = corm.String, process_bind_param = ... } */
static int type_decorator(lua_State *L) {
  lua_settop(L, 1);
  check_definition(L, 1, "TypeDecorator");
  lua_getfield(L, 1, "impl");
  if (!binding_test(L, 2, BINDING_TYPE))
    binding_error(L, CORM_E_ARGUMENT,
                  "TypeDecorator: impl must be the type that stores the values, such as corm.String");
  if (has_field(L, 1, "get_col_spec"))
    binding_error(L, CORM_E_ARGUMENT, "TypeDecorator: get_col_spec is a function of UserDefinedType; impl has a name");
  push_decorated(L, 1, 2);
  return 1;
}

/* corm.UserDefinedType { get_col_spec = function(self) return "GEOMETRY" end } */
static int user_defined_type(lua_State *L) {
  lua_settop(L, 1);
  check_definition(L, 1, "UserDefinedType");
  if (!has_field(L, 1, "get_col_spec"))
    binding_error(L, CORM_E_ARGUMENT, "UserDefinedType: get_col_spec must be a function that returns the type's name");
  if (has_field(L, 1, "impl") || has_field(L, 1, "load_dialect_impl"))
    binding_error(L, CORM_E_ARGUMENT, "UserDefinedType has no impl: it is a TypeDecorator that has one");
  push_decorated(L, 1, 0);
  return 1;
}

int binding_decorator_call(lua_State *L) {
  int n = lua_gettop(L);
  lua_getiuservalue(L, 1, BINDING_TYPE_DEFINITION);
  if (lua_getiuservalue(L, 1, BINDING_TYPE_ANCHOR) == LUA_TNIL) {
    if (n > 1)
      binding_error(L, CORM_E_ARGUMENT, "a UserDefinedType takes no arguments; a function that makes one does");
    lua_settop(L, 1);
    return 1;
  }
  int impl = lua_gettop(L);
  if (n > 1) {
    luaL_checkstack(L, n, "type");
    lua_pushvalue(L, impl);
    for (int i = 2; i <= n; i++) lua_pushvalue(L, i);
    lua_call(L, n - 1, 1);
    lua_replace(L, impl);
  }
  push_decorated(L, impl - 1, impl);
  return 1;
}

bool binding_push_comparator(lua_State *L, const corm_type *type, int key) {
  if (!type->custom || lua_type(L, key) != LUA_TSTRING) return false;
  key = lua_absindex(L, key);
  int top = lua_gettop(L);
  luaL_checkstack(L, 6, "type");
  binding_hook_push(L, binding_get(L), type->custom->host);
  if (binding_test(L, -1, BINDING_TYPE) && lua_getiuservalue(L, -1, BINDING_TYPE_DEFINITION) == LUA_TTABLE) {
    lua_pushliteral(L, "comparator");
    if (lua_rawget(L, -2) == LUA_TTABLE) {
      lua_pushvalue(L, key);
      if (lua_rawget(L, -2) == LUA_TFUNCTION) return true;
    }
  }
  lua_settop(L, top);
  return false;
}

bool binding_decorator_field(lua_State *L, int self, const char *name) {
  if (strcmp(name, "impl") == 0) {
    lua_getiuservalue(L, self, BINDING_TYPE_ANCHOR);
    return true;
  }
  if (lua_getiuservalue(L, self, BINDING_TYPE_DEFINITION) != LUA_TTABLE) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushstring(L, name);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_remove(L, -2);
  return true;
}

/* -- variants ------------------------------------------------------------------------------------------------------ */

static void check_dialect_name(lua_State *L, int arg) {
  const char *name = luaL_optstring(L, arg, "");
  if (corm_dialect_find(name)) return;
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  binding_unknown(L, "dialect", "with_variant", name, names, n);
}

/* type:with_variant(other, "postgresql", ...): the same type, and on these databases the other. */
int binding_with_variant(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type:with_variant");
  const corm_type *other = binding_checktype(L, 2, "with_variant");
  int n = lua_gettop(L) - 2;
  uint32_t had = self->type->nvariants;
  if (n < 1) binding_error(L, CORM_E_ARGUMENT, "with_variant: the name of a dialect expected behind the type");
  if (other->nvariants)
    binding_error(L, CORM_E_ARGUMENT, "with_variant: the type that stands for another has variants of its own");
  for (int i = 3; i <= n + 2; i++) {
    if (lua_type(L, i) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "with_variant: the name of a dialect expected, got %s", binding_typename(L, i));
    check_dialect_name(L, i);
    for (uint32_t k = 0; k < had; k++)
      if (strcmp(self->type->variants[k].dialect, lua_tostring(L, i)) == 0)
        binding_error(L, CORM_E_ARGUMENT, "with_variant: the type has a variant for %s already", lua_tostring(L, i));
  }
  size_t total = had + (size_t)n, room = total * sizeof(corm_type_variant);
  binding_type *made = binding_new(L, BINDING_TYPE, CORM_ARENA_ROUND(sizeof *made) + room, BINDING_TYPE_SLOTS);
  int at = lua_gettop(L);
  corm_type_variant *variants = (void *)((char *)made + CORM_ARENA_ROUND(sizeof *made));
  if (had) memcpy(variants, self->type->variants, had * sizeof *variants);
  for (int i = 0; i < n; i++)
    variants[had + (uint32_t)i] = (corm_type_variant){corm_dialect_find(lua_tostring(L, i + 3))->name, other};
  made->own = *self->type;
  made->own.variants = variants;
  made->own.nvariants = (uint32_t)total;
  made->own.hosted = true;
  made->type = &made->own;
  made->named = self->named;
  /* Strings, items and functions are the first one's. */
  lua_getiuservalue(L, 1, BINDING_TYPE_ANCHOR);
  lua_setiuservalue(L, at, BINDING_TYPE_ANCHOR);
  lua_getiuservalue(L, 1, BINDING_TYPE_DEFINITION);
  lua_setiuservalue(L, at, BINDING_TYPE_DEFINITION);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 2);
  lua_setiuservalue(L, at, BINDING_TYPE_KEPT);
  return 1;
}

void binding_open_decorator(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"TypeDecorator", type_decorator}, {"UserDefinedType", user_defined_type}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
