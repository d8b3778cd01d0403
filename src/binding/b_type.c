/*
 * corm.Integer, corm.String and the other types of schema/type.h. The name itself is a type without arguments and,
 * called, makes one with them: String, String(50) and String { length = 50 } all stand in a Column. Also corm.dialects:
 * the same types under the names that one database has for them.
 */
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"
#include "sql/dialect.h"

/* User value 1: what keeps `type` or the item of an ARRAY alive. */
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
  NAME,
  NATIVE_ENUM,
  SCHEMA,
  CREATE_TYPE,
  DIMENSIONS,
  AS_UUID
} type_param;
#define MAX_PARAMS     6
#define MAX_DIMENSIONS 6

static const char *const param_names[] = {[LENGTH] = "length",
                                          [COLLATION] = "collation",
                                          [PRECISION] = "precision",
                                          [SCALE] = "scale",
                                          [ASDECIMAL] = "asdecimal",
                                          [TIMEZONE] = "timezone",
                                          [CREATE_CONSTRAINT] = "create_constraint",
                                          [NAME] = "name",
                                          [NATIVE_ENUM] = "native_enum",
                                          [SCHEMA] = "schema",
                                          [CREATE_TYPE] = "create_type",
                                          [DIMENSIONS] = "dimensions",
                                          [AS_UUID] = "as_uuid"};

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
    [CORM_TYPE_ENUM] = {LENGTH, CREATE_CONSTRAINT, NAME, NATIVE_ENUM, SCHEMA, CREATE_TYPE},
    [CORM_TYPE_UUID] = {AS_UUID},
    [CORM_TYPE_ARRAY] = {DIMENSIONS},
};

static const char *const kind_names[] = {
#define CORM_X(id, name, value) name,
    CORM_TYPES(CORM_X)
#undef CORM_X
};

const corm_type *binding_checktype(lua_State *L, int arg, const char *what) {
  const binding_type *type = binding_test(L, arg, BINDING_TYPE);
  if (type && type->type->kind == CORM_TYPE_ARRAY && !type->type->item)
    binding_error(L, CORM_E_ARGUMENT, "%s: ARRAY needs the type of its items: ARRAY(corm.Integer)", what);
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
  case SCHEMA: type->schema = check_name(L, what, name); break;
  case NATIVE_ENUM: type->bare = !check_bool(L, what, name); break;
  case CREATE_TYPE: type->made_elsewhere = !check_bool(L, what, name); break;
  case AS_UUID: type->as_text = !check_bool(L, what, name); break;
  case DIMENSIONS:
    type->dimensions = (uint8_t)check_size(L, what, name, MAX_DIMENSIONS);
    if (type->dimensions == 0) binding_error(L, CORM_E_ARGUMENT, "%s: dimensions begin with 1", what);
    break;
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

/* The positional arguments from the stack position `first` on. */
static void read_arguments(lua_State *L, int first, int last, corm_type *type, const char *what) {
  const uint8_t *allowed = params[type->kind];
  for (int i = first; i <= last; i++) {
    if (i - first >= MAX_PARAMS || allowed[i - first] == NO_PARAM)
      binding_error(L, CORM_E_ARGUMENT, "%s: too many arguments", what);
    if (lua_isnil(L, i)) continue;
    lua_pushvalue(L, i);
    set_param(L, type, (type_param)allowed[i - first], what);
    lua_pop(L, 1);
  }
}

/* ARRAY(item): as in SQLAlchemy, further dimensions are no arrays of arrays. */
static void read_item(lua_State *L, int last, corm_type *type) {
  if (last < 2) binding_error(L, CORM_E_ARGUMENT, "ARRAY: the type of its items expected");
  type->item = binding_checktype(L, 2, "ARRAY");
  if (type->item->kind == CORM_TYPE_ARRAY)
    binding_error(L, CORM_E_ARGUMENT,
                  "ARRAY: an item is no array; ARRAY(item, { dimensions = 2 }) has tables of tables");
  if (type->item->kind == CORM_TYPE_NULLTYPE) binding_error(L, CORM_E_ARGUMENT, "ARRAY: NullType is no type of items");
}

static size_t name_room(const char *name) {
  return name ? CORM_ROOM_TEXT(strlen(name)) : 0;
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
  } else if (type.kind == CORM_TYPE_ARRAY) {
    read_item(L, last, &type);
    read_arguments(L, 3, last, &type, what);
  } else {
    read_arguments(L, 2, last, &type, what);
  }
  if (type.kind == CORM_TYPE_NUMERIC && type.scale > type.precision && type.precision >= 0)
    binding_error(L, CORM_E_ARGUMENT, "Numeric: scale %d is larger than precision %d", type.scale, type.precision);
  room += name_room(type.name) + name_room(type.schema) + name_room(type.collation);
  binding_type *made = binding_new(L, BINDING_TYPE, CORM_ARENA_ROUND(sizeof *made) + room, 1);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)made + CORM_ARENA_ROUND(sizeof *made), room);
  if (type.kind == CORM_TYPE_ENUM) copy_enum(L, last, &type, &arena);
  type.name = keep(&arena, type.name);
  type.schema = keep(&arena, type.schema);
  type.collation = keep(&arena, type.collation);
  made->own = type;
  made->type = &made->own;
  if (type.kind == CORM_TYPE_ARRAY) binding_anchor(L, 1, 2);
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

/* "ARRAY(INTEGER)": what no common SQL spells is shown as it is written. */
static int array_tostring(lua_State *L, const corm_type *type) {
  if (!type->item) {
    lua_pushliteral(L, "ARRAY");
    return 1;
  }
  push_type_name(L, type->item, &corm_dialect_default);
  lua_pushfstring(L, "ARRAY(%s)", lua_tostring(L, -1));
  return 1;
}

/* A type that the generic dialect cannot spell (String without a length can; NullType not) shows its name. */
static int type_tostring(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type");
  if (self->type->kind == CORM_TYPE_NULLTYPE) {
    lua_pushliteral(L, "NULL");
    return 1;
  }
  if (self->type->kind == CORM_TYPE_ARRAY) return array_tostring(L, self->type);
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
  } else if (strcmp(name, "schema") == 0) {
    lua_pushstring(L, type->schema);
  } else if (strcmp(name, "native_enum") == 0) {
    lua_pushboolean(L, type->kind == CORM_TYPE_ENUM && !type->bare);
  } else if (strcmp(name, "as_uuid") == 0) {
    lua_pushboolean(L, type->kind == CORM_TYPE_UUID && !type->as_text);
  } else if (strcmp(name, "dimensions") == 0) {
    push_size(L, type->dimensions ? type->dimensions : -1);
  } else if (strcmp(name, "item_type") == 0) {
    if (type->item)
      binding_push_type(L, type->item, 1);
    else
      lua_pushnil(L);
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

/* -- corm.dialects --------------------------------------------------------------------------------------------- */

typedef struct dialect_type {
  const char *name;
  const corm_type *type; /* NULL: that of the kind */
  corm_type_kind kind;
} dialect_type;

static void add_dialect(lua_State *L, const char *name, const dialect_type *types) {
  lua_newtable(L);
  for (; types->name; types++) {
    if (types->type)
      binding_push_type(L, types->type, 0);
    else
      lua_getfield(L, -3, corm_type_kind_name(types->kind));
    lua_setfield(L, -2, types->name);
  }
  lua_setfield(L, -2, name);
}

/* The names under which a database's own manual has the types; the module table is on the top. */
static void open_dialects(lua_State *L) {
  static const corm_type jsonb = {.kind = CORM_TYPE_JSON, .precision = -1, .scale = -1, .length = -1, .binary = true};
  static const dialect_type postgresql[] = {{"ARRAY", NULL, CORM_TYPE_ARRAY}, {"BYTEA", NULL, CORM_TYPE_BINARY},
                                            {"ENUM", NULL, CORM_TYPE_ENUM},   {"INTERVAL", NULL, CORM_TYPE_INTERVAL},
                                            {"JSON", NULL, CORM_TYPE_JSON},   {"JSONB", &jsonb, CORM_TYPE_JSON},
                                            {"TIME", NULL, CORM_TYPE_TIME},   {"TIMESTAMP", NULL, CORM_TYPE_DATETIME},
                                            {"UUID", NULL, CORM_TYPE_UUID},   {NULL, NULL, CORM_TYPE_NULLTYPE}};
  static const dialect_type mysql[] = {{"DATETIME", NULL, CORM_TYPE_DATETIME}, {"DOUBLE", NULL, CORM_TYPE_DOUBLE},
                                       {"ENUM", NULL, CORM_TYPE_ENUM},         {"JSON", NULL, CORM_TYPE_JSON},
                                       {"TIME", NULL, CORM_TYPE_TIME},         {NULL, NULL, CORM_TYPE_NULLTYPE}};
  static const dialect_type sqlite[] = {{"DATE", NULL, CORM_TYPE_DATE},
                                        {"DATETIME", NULL, CORM_TYPE_DATETIME},
                                        {"JSON", NULL, CORM_TYPE_JSON},
                                        {"TIME", NULL, CORM_TYPE_TIME},
                                        {NULL, NULL, CORM_TYPE_NULLTYPE}};
  lua_createtable(L, 0, 4);
  add_dialect(L, "postgresql", postgresql);
  add_dialect(L, "mysql", mysql);
  lua_getfield(L, -1, "mysql");
  lua_setfield(L, -2, "mariadb");
  add_dialect(L, "sqlite", sqlite);
  lua_setfield(L, -2, "dialects");
}

void binding_open_type(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"compile", type_compile}, {"length", NULL},     {"precision", NULL}, {"scale", NULL},
      {"timezone", NULL},        {"asdecimal", NULL},  {"name", NULL},      {"collation", NULL},
      {"__visit_name__", NULL},  {"enums", NULL},      {"schema", NULL},    {"native_enum", NULL},
      {"as_uuid", NULL},         {"dimensions", NULL}, {"item_type", NULL}, {NULL, NULL}};
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
  open_dialects(L);
}
