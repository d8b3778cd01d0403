/*
 * corm.Integer, corm.String and the other types of schema/type.h. The name itself is a type without arguments and,
 * called, makes one with them: String, String(50) and String { length = 50 } all stand in a Column.
 */
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"
#include "sql/dialect.h"

typedef struct binding_type {
  binding_head head;
  const corm_type *type; /* own, static, or in the block that the user value anchors */
  corm_type own;
} binding_type;

/* Which of the struct's members a kind takes, in the order of its positional arguments. */
typedef enum type_param {
  NO_PARAM,
  LENGTH,
  COLLATION,
  PRECISION,
  SCALE,
  ASDECIMAL,
  TIMEZONE,
  CREATE_CONSTRAINT,
  NAME
} type_param;
#define MAX_PARAMS 4

static const char *const param_names[] = {[LENGTH] = "length",
                                          [COLLATION] = "collation",
                                          [PRECISION] = "precision",
                                          [SCALE] = "scale",
                                          [ASDECIMAL] = "asdecimal",
                                          [TIMEZONE] = "timezone",
                                          [CREATE_CONSTRAINT] = "create_constraint",
                                          [NAME] = "name"};

static const uint8_t params[CORM_TYPE_COUNT][MAX_PARAMS] = {
    [CORM_TYPE_STRING] = {LENGTH, COLLATION},
    [CORM_TYPE_TEXT] = {LENGTH, COLLATION},
    [CORM_TYPE_UNICODE] = {LENGTH, COLLATION},
    [CORM_TYPE_UNICODETEXT] = {LENGTH, COLLATION},
    [CORM_TYPE_BOOLEAN] = {CREATE_CONSTRAINT, NAME},
    [CORM_TYPE_NUMERIC] = {PRECISION, SCALE, ASDECIMAL},
    [CORM_TYPE_FLOAT] = {PRECISION, ASDECIMAL},
    [CORM_TYPE_DOUBLE] = {PRECISION, ASDECIMAL},
    [CORM_TYPE_TIME] = {TIMEZONE},
    [CORM_TYPE_DATETIME] = {TIMEZONE},
    [CORM_TYPE_BINARY] = {LENGTH},
    [CORM_TYPE_ENUM] = {LENGTH, CREATE_CONSTRAINT, NAME},
};

static const char *const kind_names[] = {
#define CORM_X(id, name, value) name,
    CORM_TYPES(CORM_X)
#undef CORM_X
};

const corm_type *binding_checktype(lua_State *L, int arg, const char *what) {
  const binding_type *type = binding_test(L, arg, BINDING_TYPE);
  if (type) return type->type;
  if (lua_type(L, arg) == LUA_TSTRING)
    binding_unknown(L, "type", what, lua_tostring(L, arg), kind_names, CORM_TYPE_COUNT);
  binding_error(L, CORM_E_ARGUMENT, "%s: a type such as corm.Integer expected, got %s", what, binding_typename(L, arg));
  return NULL;
}

void binding_push_type(lua_State *L, const corm_type *type, int anchor) {
  if (anchor) anchor = lua_absindex(L, anchor);
  binding_type *block = binding_new(L, BINDING_TYPE, sizeof *block, 1);
  block->type = type;
  if (anchor) binding_anchor(L, 1, anchor);
}

/* -- constructors ---------------------------------------------------------------------------------------------- */

/* An integer argument at the top of the stack, from 0 to max. */
static int32_t check_size(lua_State *L, const char *what, const char *param, lua_Integer max) {
  int is_integer = 0;
  lua_Integer value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &is_integer) : 0;
  if (!is_integer || value < 0 || value > max)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be an integer from 0 to %lld, got %s", what, param, (long long)max,
                  luaL_tolstring(L, -1, NULL));
  return (int32_t)value;
}

static bool check_bool(lua_State *L, const char *what, const char *param) {
  if (!lua_isboolean(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a boolean, got %s", what, param, binding_typename(L, -1));
  return lua_toboolean(L, -1);
}

/* A name at the top of the stack; the type's block anchors its string. */
static const char *check_name(lua_State *L, const char *what, const char *param) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a string, got %s", what, param, binding_typename(L, -1));
  const char *name = lua_tolstring(L, -1, &len);
  if (corm_identifier_check(name, len, param, &err) != CORM_OK) binding_raise(L, &err);
  return name;
}

static void set_param(lua_State *L, corm_type *type, type_param param, const char *what) {
  const char *name = param_names[param];
  switch (param) {
  case LENGTH: type->length = check_size(L, what, name, INT32_MAX); break;
  case PRECISION: type->precision = (int16_t)check_size(L, what, name, 1000); break;
  case SCALE: type->scale = (int16_t)check_size(L, what, name, 1000); break;
  case ASDECIMAL: type->asdecimal = check_bool(L, what, name); break;
  case TIMEZONE: type->timezone = check_bool(L, what, name); break;
  case CREATE_CONSTRAINT: type->native = check_bool(L, what, name); break;
  case COLLATION: type->collation = check_name(L, what, name); break;
  case NAME: type->name = check_name(L, what, name); break;
  case NO_PARAM: break;
  }
}

/* Sets what the options table at `arg` says. */
static void read_options(lua_State *L, int arg, corm_type *type, const char *what) {
  binding_option_spec specs[MAX_PARAMS];
  size_t n = 0;
  const uint8_t *allowed = params[type->kind];
  while (n < MAX_PARAMS && allowed[n] != NO_PARAM) {
    specs[n] = (binding_option_spec){param_names[allowed[n]], BINDING_OPT_ANY};
    n++;
  }
  binding_check_options(L, arg, what, specs, n);
  for (size_t i = 0; i < n; i++) {
    if (!binding_opt_push(L, arg, specs[i].name)) continue;
    set_param(L, type, (type_param)allowed[i], what);
    lua_pop(L, 1);
  }
}

/* The values of an Enum at the stack positions 2..last, copied into the arena (strings are anchored by nobody). */
static size_t enum_room(lua_State *L, int last) {
  size_t room = CORM_ARENA_ROUND((size_t)(last > 1 ? last - 1 : 0) * sizeof(char *));
  for (int i = 2; i <= last; i++) {
    size_t len;
    if (lua_type(L, i) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "Enum: value %d must be a string, got %s", i - 1, binding_typename(L, i));
    const char *text = lua_tolstring(L, i, &len);
    if (memchr(text, '\0', len) || !corm_utf8_valid(text, len))
      binding_error(L, CORM_E_ARGUMENT, "Enum: value %d holds a NUL or is no UTF-8", i - 1);
    for (int k = 2; k < i; k++)
      if (lua_rawequal(L, i, k)) binding_error(L, CORM_E_ARGUMENT, "Enum: value '%s' is given twice", text);
    room += CORM_ROOM_TEXT(len);
  }
  return room;
}

static void copy_enum(lua_State *L, int last, corm_type *type, corm_arena *arena) {
  size_t n = (size_t)(last - 1);
  const char **values = corm_arena_alloc(arena, n * sizeof *values);
  for (size_t i = 0; i < n; i++) {
    size_t len;
    const char *text = lua_tolstring(L, (int)i + 2, &len);
    values[i] = corm_arena_dup(arena, text, len);
  }
  type->values = values;
  type->nvalues = (uint32_t)n;
}

/* Copies a string that belongs to Lua into the arena. */
static const char *keep(corm_arena *arena, const char *text) {
  return text ? corm_arena_dup(arena, text, strlen(text)) : NULL;
}

/* Type(args..., { options }): a new type of the same kind. */
static int type_call(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type");
  corm_type type = *self->type;
  const char *what = corm_type_kind_name((corm_type_kind)type.kind);
  int last = lua_gettop(L);
  if (last > 1 && lua_type(L, last) == LUA_TTABLE) read_options(L, last--, &type, what);
  size_t room = 0;
  if (type.kind == CORM_TYPE_ENUM) {
    if (last < 2) binding_error(L, CORM_E_ARGUMENT, "Enum: at least one value expected");
    room = enum_room(L, last);
  } else {
    const uint8_t *allowed = params[type.kind];
    for (int i = 2; i <= last; i++) {
      if (i - 2 >= MAX_PARAMS || allowed[i - 2] == NO_PARAM)
        binding_error(L, CORM_E_ARGUMENT, "%s: too many arguments", what);
      if (lua_isnil(L, i)) continue;
      lua_pushvalue(L, i);
      set_param(L, &type, (type_param)allowed[i - 2], what);
      lua_pop(L, 1);
    }
  }
  if (type.kind == CORM_TYPE_NUMERIC && type.scale > type.precision && type.precision >= 0)
    binding_error(L, CORM_E_ARGUMENT, "Numeric: scale %d is larger than precision %d", type.scale, type.precision);
  room += (type.name ? CORM_ROOM_TEXT(strlen(type.name)) : 0) +
          (type.collation ? CORM_ROOM_TEXT(strlen(type.collation)) : 0);
  binding_type *made = binding_new(L, BINDING_TYPE, CORM_ARENA_ROUND(sizeof *made) + room, 0);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)made + CORM_ARENA_ROUND(sizeof *made), room);
  if (type.kind == CORM_TYPE_ENUM) copy_enum(L, last, &type, &arena);
  type.name = keep(&arena, type.name);
  type.collation = keep(&arena, type.collation);
  made->own = type;
  made->type = &made->own;
  return 1;
}

/* -- looking at one -------------------------------------------------------------------------------------------- */

static const corm_dialect *check_dialect(lua_State *L, int options) {
  const char *name = binding_opt_string(L, options, "dialect", NULL);
  if (!name) return &corm_dialect_default;
  const corm_dialect *dialect = corm_dialect_find(name);
  if (!dialect) {
    size_t n;
    const char *const *names = corm_dialect_names(&n);
    binding_unknown(L, "dialect", "compile", name, names, n);
  }
  return dialect;
}

static int push_type_name(lua_State *L, const corm_type *type, const corm_dialect *dialect) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_arena *scratch = binding_scratch(L, state);
  corm_buf *buf = binding_scratch_buf(scratch);
  corm_status status = dialect->type_name(dialect, type, buf, &err);
  if (status == CORM_OK && buf->failed) status = corm_error_memory(&err);
  if (status == CORM_OK) lua_pushlstring(L, buf->ptr ? buf->ptr : "", buf->len);
  binding_scratch_done(L, state, scratch);
  return status == CORM_OK ? 1 : binding_raise(L, &err);
}

static int type_compile(lua_State *L) {
  static const binding_option_spec specs[] = {{"dialect", BINDING_OPT_STRING}};
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type:compile");
  binding_check_options(L, 2, "compile", specs, 1);
  return push_type_name(L, self->type, check_dialect(L, 2));
}

/* A type that the generic dialect cannot spell (String without a length can; NullType not) shows its name. */
static int type_tostring(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type");
  if (self->type->kind == CORM_TYPE_NULLTYPE) {
    lua_pushliteral(L, "NULL");
    return 1;
  }
  return push_type_name(L, self->type, &corm_dialect_default);
}

static void push_size(lua_State *L, int32_t value) {
  if (value < 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, value);
}

static bool type_property(lua_State *L, void *block, const char *name) {
  const corm_type *type = ((const binding_type *)block)->type;
  if (strcmp(name, "length") == 0) {
    push_size(L, type->length);
  } else if (strcmp(name, "precision") == 0) {
    push_size(L, type->precision);
  } else if (strcmp(name, "scale") == 0) {
    push_size(L, type->scale);
  } else if (strcmp(name, "timezone") == 0) {
    lua_pushboolean(L, type->timezone);
  } else if (strcmp(name, "asdecimal") == 0) {
    lua_pushboolean(L, type->asdecimal);
  } else if (strcmp(name, "name") == 0) {
    lua_pushstring(L, type->name);
  } else if (strcmp(name, "collation") == 0) {
    lua_pushstring(L, type->collation);
  } else if (strcmp(name, "__visit_name__") == 0) {
    lua_pushstring(L, corm_type_kind_name((corm_type_kind)type->kind));
  } else if (strcmp(name, "enums") == 0) {
    lua_createtable(L, (int)type->nvalues, 0);
    for (uint32_t i = 0; i < type->nvalues; i++) {
      lua_pushstring(L, type->values[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
  } else {
    return false;
  }
  return true;
}

static int type_index(lua_State *L) {
  return binding_index(L, BINDING_TYPE, type_property);
}

void binding_open_type(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"compile", type_compile}, {"length", NULL},    {"precision", NULL}, {"scale", NULL},
      {"timezone", NULL},        {"asdecimal", NULL}, {"name", NULL},      {"collation", NULL},
      {"__visit_name__", NULL},  {"enums", NULL},     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", type_call}, {"__tostring", type_tostring}, {NULL, NULL}};
  binding_metatable(L, BINDING_TYPE, "type", methods, meta, type_index);
  lua_pop(L, 1);
  lua_createtable(L, 0, CORM_TYPE_COUNT);
  for (int kind = 0; kind < CORM_TYPE_COUNT; kind++) {
    binding_push_type(L, corm_type_default((corm_type_kind)kind), 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, kind_names[kind]);
    lua_setfield(L, -3, kind_names[kind]);
  }
  lua_setfield(L, -2, "types");
}
