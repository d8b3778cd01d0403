/*
 * SQL elements of the user's: corm.construct() makes a class, corm.compiles() says how it is written for a dialect. The
 * function gets the element's arguments and a compiler, and returns text. What it processes stands in that text as a
 * mark, and is written by the core when it gets there, so that values are bound in the order of the text, whatever the
 * function does with it, and nothing is nested in C.
 */
#include "binding/b_compiles.h"

#include <string.h>

#include "base/str.h"
#include "binding/b_statement.h"

/* -- classes ------------------------------------------------------------------------------------------------------- */

static construct_base check_base(lua_State *L) {
  static const char *const names[] = {"ColumnElement", "FunctionElement",      "FromClause",
                                      "Executable",    "ExecutableDDLElement", "DDLElement"};
  const char *name = lua_isnoneornil(L, 2) ? names[0] : binding_opt_string(L, 2, "base", names[0]);
  for (int i = 0; i < 6; i++) {
    if (strcmp(name, names[i]) == 0) return i == 5 ? DDL_ELEMENT : (construct_base)i;
  }
  binding_unknown(L, "base", "construct", name, names, 6);
  return COLUMN_ELEMENT;
}

/* The columns at the top, names or corm.column(name, type), must be a sequence of at least one. */
static void check_columns(lua_State *L) {
  int at = lua_gettop(L);
  if (!binding_is_plain_table(L, at) || lua_rawlen(L, at) == 0)
    binding_error(L, CORM_E_ARGUMENT, "construct: columns must be a list of names or of corm.column(name, type)");
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, at); i++) {
    lua_rawgeti(L, at, i);
    (void)binding_check_column_def(L, lua_gettop(L), "construct");
    lua_pop(L, 1);
  }
}

/* construct(name, { base, type, columns }?) */
static int construct(lua_State *L) {
  static const binding_option_spec specs[] = {
      {"base", BINDING_OPT_STRING}, {"type", BINDING_OPT_ANY}, {"columns", BINDING_OPT_ANY}};
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TSTRING) return binding_error(L, CORM_E_ARGUMENT, "construct: a name expected");
  size_t len;
  const char *name = lua_tolstring(L, 1, &len);
  if (corm_identifier_check(name, len, "construct", &err) != CORM_OK) return binding_raise(L, &err);
  binding_check_options(L, 2, "construct", specs, 3);
  construct_base base = check_base(L);
  bool options = !lua_isnil(L, 2);
  if (!options || !binding_opt_push(L, 2, "type")) lua_pushnil(L);
  if (!lua_isnil(L, 3)) binding_checktype(L, 3, "construct");
  if (options && binding_opt_push(L, 2, "columns")) {
    check_columns(L);
  } else {
    lua_pushnil(L);
  }
  if ((base == FROM_CLAUSE) == lua_isnil(L, 4))
    return binding_error(L, CORM_E_ARGUMENT, "construct: a FromClause has columns, the other bases have none");
  construct_class *class = binding_new(L, BINDING_CONSTRUCT, sizeof *class + len + 1, CLASS_SLOTS);
  class->base = base;
  memcpy(class->name, name, len + 1);
  lua_newtable(L);
  lua_setiuservalue(L, -2, CLASS_FUNCTIONS);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, CLASS_TYPE);
  lua_pushvalue(L, 4);
  lua_setiuservalue(L, -2, CLASS_COLUMNS);
  return 1;
}

/* compiles(class, fn), compiles(class, "sqlite", ..., fn): gives the function back. */
static int compiles(lua_State *L) {
  int last = lua_gettop(L);
  binding_check(L, 1, BINDING_CONSTRUCT, "compiles");
  if (last < 2 || lua_type(L, last) != LUA_TFUNCTION)
    return binding_error(L, CORM_E_ARGUMENT, "compiles: a function(element, compiler) expected as last argument");
  for (int i = 2; i < last; i++) {
    if (lua_type(L, i) != LUA_TSTRING)
      return binding_error(L, CORM_E_ARGUMENT, "compiles: the name of a dialect expected, got %s",
                           binding_typename(L, i));
    if (corm_dialect_find(lua_tostring(L, i))) continue;
    size_t n;
    const char *const *names = corm_dialect_names(&n);
    return binding_unknown(L, "dialect", "compiles", lua_tostring(L, i), names, n);
  }
  lua_getiuservalue(L, 1, CLASS_FUNCTIONS);
  for (int i = 2; i < last; i++) {
    lua_pushvalue(L, last);
    lua_setfield(L, -2, lua_tostring(L, i));
  }
  if (last == 2) {
    lua_pushvalue(L, last);
    lua_rawseti(L, -2, 1);
  }
  lua_pushvalue(L, last);
  return 1;
}

/* -- elements ------------------------------------------------------------------------------------------------------ */

/* Replaces the plain value at `arg` by a bound one, named after the function. */
static void bind_argument(lua_State *L, int arg, const construct_class *class) {
  binding_arg value;
  int top = lua_gettop(L);
  binding_arg_read(L, arg, NULL, class->name, &value);
  if (!value.node) {
    const corm_node *node;
    binding_build b;
    binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), value.room, 1);
    do
      node = value.value.kind == CORM_NULL ? corm_constant_in(&b.arena, CORM_CONSTANT_NULL)
                                           : corm_bind_in(&b.arena, class->name, NULL, &value.value);
    while (binding_build_again(&b, node));
    lua_replace(L, arg);
  }
  lua_settop(L, top);
}

/* Pushes what the functions get: the arguments by place, or the fields of the one table; the name; the clauses. */
static void push_arguments(lua_State *L, const construct_class *class, int last) {
  lua_newtable(L);
  int element = lua_gettop(L);
  lua_pushstring(L, class->name);
  lua_setfield(L, element, "name");
  if (class->base != FUNCTION_ELEMENT && last == 2 && binding_is_plain_table(L, 2)) {
    lua_pushnil(L);
    while (lua_next(L, 2)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, element);
    }
    return;
  }
  for (int i = 2; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, element, i - 1);
  }
  if (class->base != FUNCTION_ELEMENT) return;
  lua_createtable(L, last, 0);
  for (int i = 2; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setfield(L, element, "clauses");
}

/* The expressions among the values of the table at `element`, for the FROMs that they need. */
static size_t read_nodes(lua_State *L, int element, const corm_node **nodes) {
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, element)) {
    const corm_node *node = binding_tonode(L, -1);
    if (node && !binding_node_from(node) && binding_node_userdata(node) == BINDING_EXPRESSION) {
      if (nodes) nodes[n] = node;
      n++;
    }
    lua_pop(L, 1);
  }
  return n;
}

/* Pushes a record for the element's table at `element`, and gives it a number. */
static int push_record(lua_State *L, binding_state *state, int element) {
  lua_createtable(L, 4, 0);
  lua_pushvalue(L, element);
  lua_rawseti(L, -2, RECORD_ELEMENT);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, RECORD_CLASS);
  lua_newtable(L);
  lua_rawseti(L, -2, RECORD_CACHE);
  lua_newtable(L);
  lua_rawseti(L, -2, RECORD_FORMER);
  return binding_hook_add(L, state, -1);
}

/* The columns of a FromClause in scratch; their text belongs to the class. */
static corm_column_def *read_columns(lua_State *L, corm_arena *scratch, size_t *n) {
  *n = 0;
  if (lua_getiuservalue(L, 1, CLASS_COLUMNS) != LUA_TTABLE) return NULL;
  int at = lua_gettop(L);
  *n = lua_rawlen(L, at);
  corm_column_def *columns = corm_arena_zalloc(scratch, *n, sizeof *columns);
  if (!columns) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, at, (lua_Integer)i + 1);
    columns[i] = binding_check_column_def(L, lua_gettop(L), "construct");
    lua_pop(L, 1);
  }
  return columns;
}

typedef struct element_parts {
  const construct_class *class;
  const corm_type *type;
  binding_state *state;
  int id;
  const corm_node **nodes;
  size_t n;
  corm_column_def *columns;
  size_t ncolumns;
} element_parts;

static const corm_node *element_in(corm_arena *arena, const element_parts *parts) {
  static const corm_table_valued unmarked;
  corm_construct *node = corm_construct_in(arena, parts->class->name, parts->type, parts->nodes, parts->n);
  if (!node) return NULL;
  node->function = parts->class->base == FUNCTION_ELEMENT;
  node->ddl = parts->class->base == DDL_ELEMENT;
  node->write = binding_write_construct;
  node->host = parts->state;
  node->id = (uint64_t)parts->id;
  if (!parts->columns) return &node->base;
  return corm_table_valued_in(arena, &node->base, NULL, parts->columns, parts->ncolumns, &unmarked);
}

static size_t element_room(const element_parts *parts) {
  return BINDING_ROOM(corm_construct) + BINDING_ROOM(corm_table_valued) + CORM_ROOM_TEXT(strlen(parts->class->name)) +
         parts->n * sizeof(void *) + parts->ncolumns * (sizeof(corm_column_node) + 64) + 64;
}

/* Starts the userdata that the class's elements are; returns the user value that keeps the record. */
static int start_element(lua_State *L, binding_build *b, const element_parts *parts) {
  size_t room = element_room(parts);
  switch (parts->class->base) {
  case FROM_CLAUSE:
    binding_build_start(b, L, BINDING_FROM, sizeof(binding_expr), room, BINDING_FROM_SLOTS);
    return BINDING_FROM_PARTS;
  case EXECUTABLE:
  case DDL_ELEMENT: binding_statement_start(b, L, room, 1); return BINDING_STMT_ANCHOR;
  default: binding_build_start(b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, 1); return 1;
  }
}

static int construct_call(lua_State *L) {
  const construct_class *class = binding_check(L, 1, BINDING_CONSTRUCT, "construct");
  element_parts parts = {.class = class, .state = binding_get(L)};
  int last = lua_gettop(L);
  luaL_checkstack(L, 24, "construct");
  for (int i = 2; class->base == FUNCTION_ELEMENT && i <= last; i++) bind_argument(L, i, class);
  push_arguments(L, class, last);
  int element = lua_gettop(L);
  parts.id = push_record(L, parts.state, element);
  int record = lua_gettop(L);
  if (lua_getiuservalue(L, 1, CLASS_TYPE) != LUA_TNIL) parts.type = binding_checktype(L, -1, class->name);
  corm_arena *scratch = binding_scratch(L, parts.state);
  parts.columns = read_columns(L, scratch, &parts.ncolumns);
  if (class->base == COLUMN_ELEMENT || class->base == FUNCTION_ELEMENT) {
    parts.n = read_nodes(L, element, NULL);
    parts.nodes = corm_arena_zalloc(scratch, parts.n, sizeof *parts.nodes);
    if (!parts.nodes) return binding_error(L, CORM_E_MEMORY, "not enough memory");
    read_nodes(L, element, parts.nodes);
  }
  const corm_node *node;
  binding_build b;
  int slot = start_element(L, &b, &parts);
  do node = element_in(&b.arena, &parts);
  while (binding_build_again(&b, node));
  binding_anchor(L, slot, record);
  binding_scratch_done(L, parts.state, scratch);
  return 1;
}

static int class_tostring(lua_State *L) {
  const construct_class *class = binding_check(L, 1, BINDING_CONSTRUCT, "construct");
  lua_pushfstring(L, "construct %s", class->name);
  return 1;
}

static bool class_property(lua_State *L, void *block, const char *name) {
  if (strcmp(name, "name") != 0) return false;
  lua_pushstring(L, ((const construct_class *)block)->name);
  return true;
}

static int class_index(lua_State *L) {
  return binding_index(L, BINDING_CONSTRUCT, class_property);
}

void binding_open_compiles(lua_State *L) {
  static const luaL_Reg fields[] = {{"name", NULL}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", construct_call}, {"__tostring", class_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"construct", construct}, {"compiles", compiles}, {NULL, NULL}};
  binding_metatable(L, BINDING_CONSTRUCT, "construct", fields, meta, class_index);
  lua_pop(L, 1);
  binding_open_construct_compiler(L);
  binding_setfuncs(L, functions);
}
