/*
 * The compiler that functions of compiles() get, and what becomes of the text that they return: pieces, between which
 * the core writes the nodes that were processed.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_compiles.h"

/* Pushes the function for the dialect: its own, for MariaDB MySQL's, the one for all; or raises. */
static void push_function(lua_State *L, int class, const corm_dialect *dialect) {
  lua_getiuservalue(L, class, CLASS_FUNCTIONS);
  int type = lua_getfield(L, -1, dialect->name);
  if (type == LUA_TNIL && strcmp(dialect->name, "mariadb") == 0) {
    lua_pop(L, 1);
    type = lua_getfield(L, -1, "mysql");
  }
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    type = lua_rawgeti(L, -1, 1);
  }
  if (type == LUA_TNIL)
    binding_error(L, CORM_E_UNSUPPORTED_COMPILATION,
                  "%s cannot be written for the dialect '%s'; say how by corm.compiles(%s, \"%s\", fn)",
                  ((construct_class *)lua_touserdata(L, class))->name, dialect->name,
                  ((construct_class *)lua_touserdata(L, class))->name, dialect->name);
  lua_remove(L, -2);
}

/* -- the compiler that the functions get --------------------------------------------------------------------------- */

/* User value 1: what was processed, by the numbers of the marks. */
typedef struct construct_compiler {
  binding_head head;
  const corm_dialect *dialect; /* NULL: the function has returned */
  lua_Integer count;
} construct_compiler;

#define MARK_BEGIN '\1'
#define MARK_END   '\2'

static construct_compiler *check_compiler(lua_State *L, const char *what) {
  construct_compiler *compiler = binding_check(L, 1, BINDING_COMPILER, what);
  if (!compiler->dialect)
    binding_error(L, CORM_E_INVALID_REQUEST, "%s: the compiler is only there while the function runs", what);
  return compiler;
}

/* Replaces the value at the top by its mark. */
static void mark(lua_State *L, construct_compiler *compiler, const char *what) {
  if (!binding_tonode(L, -1)) {
    binding_arg value;
    int at = lua_gettop(L);
    binding_arg_read(L, at, NULL, what, &value);
    const corm_node *node;
    binding_build b;
    binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), value.room, 1);
    do node = corm_literal_in(&b.arena, NULL, &value.value);
    while (binding_build_again(&b, node));
    lua_replace(L, at);
    lua_settop(L, at);
  }
  lua_getiuservalue(L, 1, 1);
  lua_insert(L, -2);
  lua_rawseti(L, -2, ++compiler->count);
  lua_pop(L, 1);
  lua_pushfstring(L, "%c%d%c", MARK_BEGIN, (int)compiler->count, MARK_END);
}

/* process(x): the text of an expression, a table or a statement; a value is bound; a list is written with commas. */
static int compiler_process(lua_State *L) {
  construct_compiler *compiler = check_compiler(L, "process");
  lua_settop(L, 2);
  if (!binding_is_plain_table(L, 2)) {
    mark(L, compiler, "process");
    return 1;
  }
  lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  luaL_Buffer text;
  lua_newtable(L);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, i);
    mark(L, compiler, "process");
    lua_rawseti(L, 3, i);
  }
  luaL_buffinit(L, &text);
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1) luaL_addstring(&text, ", ");
    lua_rawgeti(L, 3, i);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  return 1;
}

static int compiler_literal(lua_State *L) {
  construct_compiler *compiler = check_compiler(L, "render_literal_value");
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 3);
  const corm_type *type = lua_isnil(L, 3) ? NULL : binding_checktype(L, 3, "render_literal_value");
  binding_arg value;
  binding_arg_read(L, 2, type, "render_literal_value", &value);
  if (value.node) return binding_error(L, CORM_E_ARGUMENT, "render_literal_value: a plain value expected");
  if (!type) type = corm_type_of_value(&value.value);
  corm_arena *scratch = binding_scratch(L, state);
  corm_buf *buf = binding_scratch_buf(scratch);
  corm_scratch room;
  corm_value canonical;
  corm_scratch_init(&room, &state->mem);
  corm_status status = corm_type_coerce(type, &value.value, "render_literal_value", &room, &canonical, &err);
  if (status == CORM_OK) status = corm_dialect_literal(compiler->dialect, type, &canonical, buf, &err);
  corm_scratch_clear(&room);
  if (status != CORM_OK) return binding_raise(L, &err);
  if (buf->failed) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushlstring(L, buf->ptr ? buf->ptr : "", buf->len);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static int push_quoted(lua_State *L, const corm_dialect *dialect, const char *name, const corm_table *table) {
  binding_state *state = binding_get(L);
  corm_arena *scratch = binding_scratch(L, state);
  corm_buf *buf = binding_scratch_buf(scratch);
  if (table) {
    corm_dialect_table_name(dialect, table, buf);
  } else {
    corm_dialect_quote(dialect, name, buf);
  }
  if (buf->failed) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushlstring(L, buf->ptr ? buf->ptr : "", buf->len);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static int compiler_quote(lua_State *L) {
  construct_compiler *compiler = check_compiler(L, "quote");
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "quote: a name expected, got %s", binding_typename(L, 2));
  const char *name = lua_tolstring(L, 2, &len);
  if (corm_identifier_check(name, len, "quote", &err) != CORM_OK) return binding_raise(L, &err);
  return push_quoted(L, compiler->dialect, name, NULL);
}

static int compiler_format_table(lua_State *L) {
  construct_compiler *compiler = check_compiler(L, "format_table");
  const corm_node *from = binding_checkfrom(L, 2, "format_table");
  if (from->kind != CORM_NODE_TABLE)
    return binding_error(L, CORM_E_ARGUMENT, "format_table: a table expected, got %s", binding_typename(L, 2));
  return push_quoted(L, compiler->dialect, NULL, ((const corm_table_node *)from)->table);
}

static bool compiler_property(lua_State *L, void *block, const char *name) {
  const construct_compiler *compiler = block;
  if (strcmp(name, "preparer") == 0) {
    lua_pushvalue(L, 1);
  } else if (strcmp(name, "dialect") == 0) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, compiler->dialect ? compiler->dialect->name : NULL);
    lua_setfield(L, -2, "name");
  } else {
    return false;
  }
  return true;
}

static int compiler_index(lua_State *L) {
  return binding_index(L, BINDING_COMPILER, compiler_property);
}

/* -- from text to pieces ------------------------------------------------------------------------------------------- */

/* The number of the mark at text[*at], which moves behind it; 0 when there is none. */
static lua_Integer read_mark(const char *text, size_t len, size_t *at) {
  lua_Integer number = 0;
  size_t i = *at + 1;
  while (i < len && text[i] >= '0' && text[i] <= '9' && number < INT32_MAX / 10)
    number = number * 10 + (text[i++] - '0');
  if (i >= len || text[i] != MARK_END) return 0;
  *at = i + 1;
  return number;
}

static int refuse_text(lua_State *L, const construct_class *class, const char *why) {
  return binding_error(L, CORM_E_COMPILE, "compiles(%s): the text that the function returned %s", class->name, why);
}

typedef struct pieces {
  size_t n;
  corm_piece items[]; /* then their text */
} pieces;

/* Makes the pieces of the text at `text`, whose marks are the nodes of the table at `nodes`; pushes a userdata that
   keeps them. */
static void push_pieces(lua_State *L, const construct_class *class, int text, int nodes, lua_Integer count) {
  size_t len, marks = 0;
  const char *sql = lua_tolstring(L, text, &len);
  if (len == 0 || memchr(sql, '\0', len) || !corm_utf8_valid(sql, len))
    refuse_text(L, class, "is empty, holds a NUL or is no UTF-8");
  for (size_t i = 0; i < len; i++) marks += sql[i] == MARK_BEGIN;
  pieces *out = lua_newuserdatauv(L, sizeof *out + (marks + 1) * sizeof *out->items + len + marks + 1, 1);
  char *room = (char *)&out->items[marks + 1];
  out->n = 0;
  for (size_t at = 0; at < len;) {
    corm_piece *piece = &out->items[out->n++];
    *piece = (corm_piece){.text = room};
    while (at < len && sql[at] != MARK_BEGIN && sql[at] != MARK_END) *room++ = sql[at++];
    *room++ = '\0';
    if (at == len) break;
    lua_Integer number = sql[at] == MARK_BEGIN ? read_mark(sql, len, &at) : 0;
    if (number < 1 || number > count) refuse_text(L, class, "was cut inside what process() gave");
    lua_rawgeti(L, nodes, number);
    piece->node = binding_tonode(L, -1);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, nodes);
  lua_setiuservalue(L, -2, 1);
}

typedef struct writing {
  const corm_construct *element;
  const corm_dialect *dialect;
  const corm_piece *pieces;
  size_t n;
} writing;

/* Pushes a copy of the element's table, so that a function cannot change it. */
static void push_element(lua_State *L, int record) {
  lua_newtable(L);
  lua_rawgeti(L, record, RECORD_ELEMENT);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
}

/* Runs the function at `function` for the record and pushes the pieces. */
static void push_written(lua_State *L, int record, int function, const construct_class *class,
                         const corm_dialect *dialect) {
  construct_compiler *compiler = binding_new(L, BINDING_COMPILER, sizeof *compiler, 1);
  int at = lua_gettop(L);
  compiler->dialect = dialect;
  lua_newtable(L);
  int nodes = lua_gettop(L);
  lua_pushvalue(L, nodes);
  lua_setiuservalue(L, at, 1);
  lua_pushvalue(L, function);
  push_element(L, record);
  lua_pushvalue(L, at);
  int failed = lua_pcall(L, 2, 1, 0);
  compiler->dialect = NULL;
  if (failed) lua_error(L);
  if (lua_type(L, -1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "compiles(%s): the function must return a string, got %s", class->name,
                  binding_typename(L, lua_gettop(L)));
  push_pieces(L, class, lua_gettop(L), nodes, compiler->count);
}

/* The pieces of the record at `record` for the dialect, written at first or when the function is another one. */
static const pieces *find_pieces(lua_State *L, int record, const corm_dialect *dialect) {
  lua_rawgeti(L, record, RECORD_CLASS);
  int class = record + 1, function = record + 2, cache = record + 3, entry = record + 4;
  push_function(L, class, dialect);
  lua_rawgeti(L, record, RECORD_CACHE);
  bool known = lua_getfield(L, cache, dialect->name) == LUA_TTABLE;
  if (known) {
    lua_rawgeti(L, entry, 1);
    known = lua_rawequal(L, -1, function);
    lua_pop(L, 1);
    if (!known) { /* its pieces may be in use: they stay as long as the element */
      lua_rawgeti(L, record, RECORD_FORMER);
      lua_pushvalue(L, entry);
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
  }
  if (!known) {
    lua_settop(L, cache);
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, function);
    lua_rawseti(L, entry, 1);
    push_written(L, record, function, lua_touserdata(L, class), dialect);
    lua_rawseti(L, entry, 2);
    lua_settop(L, entry);
    lua_pushvalue(L, entry);
    lua_setfield(L, cache, dialect->name);
  }
  lua_rawgeti(L, entry, 2);
  return lua_touserdata(L, -1);
}

static int write_body(lua_State *L) {
  writing *w = lua_touserdata(L, 1);
  luaL_checkstack(L, 24, "compiles");
  binding_hook_push(L, binding_get(L), (int)w->element->id);
  const pieces *found = find_pieces(L, lua_gettop(L), w->dialect);
  w->pieces = found->items;
  w->n = found->n;
  return 0;
}

corm_status binding_write_construct(const corm_construct *element, const corm_dialect *dialect, const corm_piece **out,
                                    size_t *n, corm_error *err) {
  writing w = {.element = element, .dialect = dialect};
  corm_status status = binding_protect(element->host, write_body, &w, err);
  *out = w.pieces;
  *n = w.n;
  return status;
}

void binding_open_construct_compiler(lua_State *L) {
  static const luaL_Reg methods[] = {{"process", compiler_process},
                                     {"render_literal_value", compiler_literal},
                                     {"quote", compiler_quote},
                                     {"format_table", compiler_format_table},
                                     {"dialect", NULL},
                                     {"preparer", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  binding_metatable(L, BINDING_COMPILER, "compiler", methods, none, compiler_index);
  lua_pop(L, 1);
}
