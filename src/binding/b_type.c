/*
 * corm.Integer, corm.String and the other types of schema/type.h. The name itself is a type without arguments and,
 * called, makes one with them: String, String(50) and String { length = 50 } all stand in a Column. Also corm.dialects:
 * the same types under the names that one database has for them.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "binding/b_host.h"
#include "binding/b_type.h"
#include "sql/dialect.h"

#define MAX_DIMENSIONS 6

static const char *const param_names[] = {[LENGTH] = "length",
                                          [COLLATION] = "collation",
                                          [PRECISION] = "precision",
                                          [SCALE] = "scale",
                                          [RETURN_SCALE] = "decimal_return_scale",
                                          [ASDECIMAL] = "asdecimal",
                                          [TIMEZONE] = "timezone",
                                          [CREATE_CONSTRAINT] = "create_constraint",
                                          [NAME] = "name",
                                          [NATIVE_ENUM] = "native_enum",
                                          [SCHEMA] = "schema",
                                          [CREATE_TYPE] = "create_type",
                                          [DIMENSIONS] = "dimensions",
                                          [AS_UUID] = "as_uuid",
                                          [NONE_AS_NULL] = "none_as_null",
                                          [VALIDATE] = "validate_strings",
                                          [NATIVE_UUID] = "native_uuid",
                                          [SECONDS] = "second_precision",
                                          [WIDTH] = "display_width",
                                          [FSP] = "fsp",
                                          [UNSIGNED] = "unsigned",
                                          [ZEROFILL] = "zerofill",
                                          [CHARSET] = "charset",
                                          [ASCII] = "ascii",
                                          [UNICODE] = "unicode",
                                          [BINARY_COLLATION] = "binary",
                                          [NATIONAL] = "national",
                                          [FIELDS] = "fields",
                                          [VARYING] = "varying",
                                          [STORAGE_FORMAT] = "storage_format",
                                          [REGEXP] = "regexp"};

static const uint8_t params[CORM_TYPE_COUNT][BINDING_TYPE_PARAMS] = {
    [CORM_TYPE_STRING] = {LENGTH, COLLATION},
    [CORM_TYPE_TEXT] = {LENGTH, COLLATION},
    [CORM_TYPE_UNICODE] = {LENGTH, COLLATION},
    [CORM_TYPE_UNICODETEXT] = {LENGTH, COLLATION},
    [CORM_TYPE_BOOLEAN] = {CREATE_CONSTRAINT, NAME},
    [CORM_TYPE_NUMERIC] = {PRECISION, SCALE, ASDECIMAL, RETURN_SCALE},
    [CORM_TYPE_FLOAT] = {PRECISION, ASDECIMAL, RETURN_SCALE},
    [CORM_TYPE_DOUBLE] = {PRECISION, ASDECIMAL, RETURN_SCALE},
    [CORM_TYPE_TIME] = {TIMEZONE},
    [CORM_TYPE_DATETIME] = {TIMEZONE},
    [CORM_TYPE_INTERVAL] = {SECONDS},
    [CORM_TYPE_BINARY] = {LENGTH},
    [CORM_TYPE_ENUM] = {LENGTH, CREATE_CONSTRAINT, NAME, NATIVE_ENUM, SCHEMA, CREATE_TYPE, VALIDATE, COLLATION},
    [CORM_TYPE_JSON] = {NONE_AS_NULL},
    [CORM_TYPE_UUID] = {AS_UUID, NATIVE_UUID},
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
  if (type->custom) {
    /* One of a script's own has fields: it is given as it is. */
    binding_hook_push(L, binding_get(L), type->custom->host);
    const binding_type *own = binding_test(L, -1, BINDING_TYPE);
    if (own && own->type == type) return;
    lua_pop(L, 1);
  }
  binding_type *block = binding_new(L, BINDING_TYPE, sizeof *block, BINDING_TYPE_SLOTS);
  block->type = type;
  if (anchor) binding_anchor(L, BINDING_TYPE_ANCHOR, anchor);
}

void binding_push_named_type(lua_State *L, const binding_named *named) {
  binding_type *block = binding_new(L, BINDING_TYPE, sizeof *block, BINDING_TYPE_SLOTS);
  block->own = *corm_type_default((corm_type_kind)named->kind);
  block->own.spelling = named->spelling;
  block->own.form = named->form;
  block->own.owner = named->owner;
  block->named = named;
  block->type = &block->own;
}

int binding_type_again(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type");
  const corm_type *type = self->type->custom ? self->type->custom->impl : self->type;
  binding_type *again = binding_new(L, BINDING_TYPE, sizeof *again, BINDING_TYPE_SLOTS);
  again->type = self->type;
  again->named = self->named;
  binding_anchor(L, BINDING_TYPE_ANCHOR, 1);
  for (int i = BINDING_TYPE_DEFINITION; i <= BINDING_TYPE_KEPT; i++) {
    lua_getiuservalue(L, 1, i);
    lua_setiuservalue(L, -2, i);
  }
  lua_pushstring(L, self->type->hosted              ? "hosted"
                    : type->kind == CORM_TYPE_JSON  ? "JSON"
                    : type->kind == CORM_TYPE_ARRAY ? "ARRAY"
                                                    : NULL);
  lua_getiuservalue(L, 1, BINDING_TYPE_DEFINITION);
  return 3;
}

/* -- constructors -------------------------------------------------------------------------------------------------- */

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

/* The type being made, and what its suffix is made of. */
typedef struct making {
  corm_type type;
  bool is_unsigned, zerofill, ascii, unicode, binary, national, varying;
  const char *charset;
  const char *fields;
} making;

/* A name that stands in DDL without quotes. */
static const char *check_word(lua_State *L, const char *what, const char *param) {
  const char *text = binding_name_at(L, -1);
  size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
  if (len == 0 || len != lua_rawlen(L, -1) || len > 60)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a word of letters, digits and underscores", what, param);
  return text;
}

/* The fields that an INTERVAL of PostgreSQL is limited to. */
static const char *check_fields(lua_State *L, const char *what) {
  static const char *const fields[] = {"YEAR",
                                       "MONTH",
                                       "DAY",
                                       "HOUR",
                                       "MINUTE",
                                       "SECOND",
                                       "YEAR TO MONTH",
                                       "DAY TO HOUR",
                                       "DAY TO MINUTE",
                                       "DAY TO SECOND",
                                       "HOUR TO MINUTE",
                                       "HOUR TO SECOND",
                                       "MINUTE TO SECOND"};
  const char *text = binding_name_at(L, -1);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (strcasecmp(text, fields[i]) == 0) return fields[i];
  binding_unknown(L, "fields", what, text, fields, sizeof fields / sizeof *fields);
  return NULL;
}

static void set_attribute(lua_State *L, making *m, type_param param, const char *what) {
  const char *name = param_names[param];
  switch (param) {
  case UNSIGNED: m->is_unsigned = check_bool(L, what, name); break;
  case ZEROFILL: m->zerofill = check_bool(L, what, name); break;
  case ASCII: m->ascii = check_bool(L, what, name); break;
  case UNICODE: m->unicode = check_bool(L, what, name); break;
  case BINARY_COLLATION: m->binary = check_bool(L, what, name); break;
  case NATIONAL: m->national = check_bool(L, what, name); break;
  case VARYING: m->varying = check_bool(L, what, name); break;
  case CHARSET: m->charset = check_word(L, what, name); break;
  case FIELDS: m->fields = check_fields(L, what); break;
  default: break;
  }
}

static void set_param(lua_State *L, making *m, type_param param, const char *what) {
  corm_type *type = &m->type;
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
  case NONE_AS_NULL: type->json_nulls = !check_bool(L, what, name); break;
  case DIMENSIONS:
    type->dimensions = (uint8_t)check_size(L, what, name, MAX_DIMENSIONS);
    if (type->dimensions == 0) binding_error(L, CORM_E_ARGUMENT, "%s: dimensions begin with 1", what);
    break;
  case RETURN_SCALE: type->return_scale = (int16_t)check_size(L, what, name, 1000); break;
  case VALIDATE: type->unchecked = !check_bool(L, what, name); break;
  case NATIVE_UUID: type->bare = !check_bool(L, what, name); break;
  case SECONDS:
  case FSP: type->precision = (int16_t)check_size(L, what, name, 6); break;
  case WIDTH: type->precision = (int16_t)check_size(L, what, name, 255); break;
  default: set_attribute(L, m, param, what); break;
  }
}

/* Sets what the options table at `arg` says. */
static void read_options(lua_State *L, int arg, making *m, const uint8_t *allowed, const char *what) {
  binding_option_spec specs[BINDING_TYPE_PARAMS];
  size_t n = 0;
  while (n < BINDING_TYPE_PARAMS && allowed[n] != NO_PARAM) {
    specs[n] = (binding_option_spec){param_names[allowed[n]], BINDING_OPT_ANY};
    n++;
  }
  binding_check_options(L, arg, what, specs, n);
  for (size_t i = 0; i < n; i++) {
    if (!binding_opt_push(L, arg, specs[i].name)) continue;
    set_param(L, m, (type_param)allowed[i], what);
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
static void read_arguments(lua_State *L, int first, int last, making *m, const uint8_t *allowed, const char *what) {
  for (int i = first; i <= last; i++) {
    if (i - first >= BINDING_TYPE_PARAMS || allowed[i - first] == NO_PARAM)
      binding_error(L, CORM_E_ARGUMENT, "%s: too many arguments", what);
    if (lua_isnil(L, i)) continue;
    lua_pushvalue(L, i);
    set_param(L, m, (type_param)allowed[i - first], what);
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
  if (type->item->hosted)
    binding_error(L, CORM_E_ARGUMENT,
                  "ARRAY: an item is no type of one's own and has no variants; put them around the ARRAY");
  if (type->item->kind == CORM_TYPE_NULLTYPE) binding_error(L, CORM_E_ARGUMENT, "ARRAY: NullType is no type of items");
}

static size_t name_room(const char *name) {
  return name ? CORM_ROOM_TEXT(strlen(name)) : 0;
}

static void add_word(char *out, size_t size, const char *word, const char *more) {
  size_t len = strlen(out);
  (void)snprintf(out + len, size - len, "%s%s%s", len ? " " : "", word, more);
}

/* What follows a name of MySQL's, in SQLAlchemy's order: "UNSIGNED ZEROFILL", "CHARACTER SET utf8mb4"; NULL: nothing.
   An empty one says that the collation is MySQL's own, and belongs to a cast as well. */
static const char *write_suffix(making *m, bool takes_charset, char *out, size_t size) {
  corm_type *type = &m->type;
  *out = '\0';
  if (m->varying) type->spelling = "BIT VARYING";
  if (m->fields) return m->fields;
  if (m->is_unsigned) add_word(out, size, "UNSIGNED", "");
  if (m->zerofill) add_word(out, size, "ZEROFILL", "");
  if (m->national) {
    type->spelling = strcmp(type->spelling, "CHAR") == 0 ? "NCHAR" : "NVARCHAR";
  } else if (m->charset) {
    add_word(out, size, "CHARACTER SET ", m->charset);
  } else if (m->ascii || m->unicode) {
    add_word(out, size, m->ascii ? "ASCII" : "UNICODE", "");
  }
  if (m->binary && !type->collation && !m->national) add_word(out, size, "BINARY", "");
  return *out || (takes_charset && type->collation) ? out : NULL;
}

static bool lists_values(const corm_type *type) {
  return type->kind == CORM_TYPE_ENUM || type->form == CORM_FORM_VALUES;
}

/* Reads all arguments of Type(args..., { options }). Returns the room that the values of an Enum take; *last is then
   the last of them. */
static size_t read_call(lua_State *L, making *m, const uint8_t *allowed, int *last, const char *what) {
  if (*last > 1 && lua_type(L, *last) == LUA_TTABLE) read_options(L, (*last)--, m, allowed, what);
  if (lists_values(&m->type)) {
    if (*last < 2) binding_error(L, CORM_E_ARGUMENT, "%s: at least one value expected", what);
    return enum_room(L, *last);
  }
  if (m->type.kind == CORM_TYPE_ARRAY) read_item(L, *last, &m->type);
  read_arguments(L, m->type.kind == CORM_TYPE_ARRAY ? 3 : 2, *last, m, allowed, what);
  if (m->type.kind == CORM_TYPE_NUMERIC && m->type.scale > m->type.precision && m->type.precision >= 0)
    binding_error(L, CORM_E_ARGUMENT, "%s: scale %d is larger than precision %d", what, m->type.scale,
                  m->type.precision);
  return 0;
}

/* What lua/corm/types.lua makes of the arguments: an Enum of a table, SQLite's dates in a format of the script's own.
   False: nothing. */
static bool call_lua(lua_State *L, const binding_type *self) {
  bool stored = self->named && self->named->params && self->named->params[0] == STORAGE_FORMAT;
  bool members = self->type->kind == CORM_TYPE_ENUM && !self->type->hosted;
  if (!(stored || members) || !binding_is_plain_table(L, 2)) return false;
  binding_host_function(L, binding_get(L)->host, stored ? "sqlite_type" : "enum_of");
  if (stored) {
    lua_pushstring(L, self->named->name);
    lua_insert(L, 1);
  }
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return true;
}

/* Type(args..., { options }): a new type of the same kind. */
static int type_call(lua_State *L) {
  static const uint8_t none[BINDING_TYPE_PARAMS] = {NO_PARAM};
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type");
  if (self->type->custom) return binding_decorator_call(L);
  if (call_lua(L, self)) return 1;
  const binding_named *named = self->named;
  making m = {.type = *self->type};
  const char *what = named ? named->name : corm_type_kind_name((corm_type_kind)m.type.kind);
  const uint8_t *allowed = named ? named->params ? named->params : none : params[m.type.kind];
  int last = lua_gettop(L);
  char suffix[128];
  size_t room = read_call(L, &m, allowed, &last, what);
  corm_type *type = &m.type;
  bool takes_charset = memchr(allowed, CHARSET, BINDING_TYPE_PARAMS) != NULL;
  const char *written = write_suffix(&m, takes_charset, suffix, sizeof suffix);
  if (written) type->suffix = written;
  room += name_room(type->name) + name_room(type->schema) + name_room(type->collation) + name_room(type->suffix);
  binding_type *made = binding_new(L, BINDING_TYPE, CORM_ARENA_ROUND(sizeof *made) + room, BINDING_TYPE_SLOTS);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)made + CORM_ARENA_ROUND(sizeof *made), room);
  if (lists_values(type)) copy_enum(L, last, type, &arena);
  type->name = keep(&arena, type->name);
  type->schema = keep(&arena, type->schema);
  type->collation = keep(&arena, type->collation);
  type->suffix = keep(&arena, type->suffix);
  made->own = *type;
  made->type = &made->own;
  made->named = named;
  /* Variants of the type that was called are its own. */
  if (type->nvariants) binding_anchor(L, BINDING_TYPE_KEPT, 1);
  if (type->kind == CORM_TYPE_ARRAY) binding_anchor(L, BINDING_TYPE_ANCHOR, 2);
  return 1;
}

/* -- looking at one ------------------------------------------------------------------------------------------------ */

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
  if (type->custom && binding_decorator_field(L, 1, name)) return true;
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
  } else if (strcmp(name, "NULL") == 0 && type->kind == CORM_TYPE_JSON) {
    binding_push_json_null(L);
  } else if (strcmp(name, "NULL") == 0 || strcmp(name, "impl") == 0) { /* of other types */
    lua_pushnil(L);
  } else if (strcmp(name, "none_as_null") == 0) {
    lua_pushboolean(L, type->kind == CORM_TYPE_JSON && !type->json_nulls);
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
    lua_pushstring(L, corm_type_label(type));
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

/* type:as_generic(): the general type that a spelled one is of. */
static int type_as_generic(lua_State *L) {
  const binding_type *self = binding_check(L, 1, BINDING_TYPE, "type:as_generic");
  if (self->type->hosted)
    binding_error(L, CORM_E_INVALID_REQUEST, "a type of one's own, and one with variants, is of no general type");
  if (!self->type->spelling) {
    lua_settop(L, 1);
    return 1;
  }
  binding_type *made = binding_new(L, BINDING_TYPE, sizeof *made, BINDING_TYPE_SLOTS);
  bool width = self->type->form == CORM_FORM_WIDTH || self->type->form == CORM_FORM_TIME;
  made->own = *self->type;
  made->own.spelling = made->own.suffix = made->own.owner = NULL;
  made->own.form = CORM_FORM_BARE;
  if (width) made->own.precision = -1;
  made->type = &made->own;
  binding_anchor(L, BINDING_TYPE_ANCHOR, 1);
  return 1;
}

static int type_index(lua_State *L) {
  return binding_index(L, BINDING_TYPE, type_property);
}

void binding_open_type(lua_State *L) {
  static const luaL_Reg methods[] = {{"compile", type_compile},
                                     {"length", NULL},
                                     {"precision", NULL},
                                     {"scale", NULL},
                                     {"timezone", NULL},
                                     {"asdecimal", NULL},
                                     {"name", NULL},
                                     {"collation", NULL},
                                     {"__visit_name__", NULL},
                                     {"enums", NULL},
                                     {"schema", NULL},
                                     {"native_enum", NULL},
                                     {"as_uuid", NULL},
                                     {"none_as_null", NULL},
                                     {"NULL", NULL},
                                     {"dimensions", NULL},
                                     {"item_type", NULL},
                                     {"impl", NULL},
                                     {"with_variant", binding_with_variant},
                                     {"as_generic", type_as_generic},
                                     {NULL, NULL}};
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
  binding_add_named_types(L, lua_gettop(L) - 1);
  lua_setfield(L, -2, "types");
  binding_open_dialects(L);
  binding_open_decorator(L);
}
