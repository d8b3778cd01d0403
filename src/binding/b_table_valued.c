/* Functions in FROM: what gives them columns and a name, and what stands for the whole of such a FROM. */
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"
#include "binding/b_statement.h"

static const corm_node *checkelement(lua_State *L, const char *what) {
  const corm_node *node = binding_checknode(L, 1, what);
  bool call = node->kind == CORM_NODE_FUNCTION || (node->kind == CORM_NODE_CONSTRUCT && corm_is_call(node));
  if (!call)
    binding_error(L, CORM_E_ARGUMENT, "%s: a function such as corm.func.json_each(x) expected before it", what);
  return node;
}

/* The identifier at `arg`, NULL for nil. */
static const char *optional_name(lua_State *L, int arg, const char *what) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_isnoneornil(L, arg)) return NULL;
  if (lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: a name expected, got %s", what, binding_typename(L, arg));
  const char *name = lua_tolstring(L, arg, &len);
  if (corm_identifier_check(name, len, what, &err) != CORM_OK) binding_raise(L, &err);
  return name;
}

static size_t text_room(const char *text) {
  return text ? CORM_ROOM_TEXT(strlen(text)) : 0;
}

corm_column_def binding_check_column_def(lua_State *L, int arg, const char *what) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->name)
    return (corm_column_def){((const corm_column_node *)node)->name, node->type};
  if (node || lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: the name of a column or corm.column(name, type) expected, got %s", what,
                  binding_typename(L, arg));
  return (corm_column_def){optional_name(L, arg, what), NULL};
}

/* Pushes the FROM; what its node refers to is the table at `kept`. */
static void push_valued(lua_State *L, const corm_node *element, const char *name, const corm_column_def *columns,
                        size_t n, const corm_table_valued *marks, int kept) {
  size_t room = BINDING_ROOM(corm_table_valued) + CORM_ARENA_ROUND(n * sizeof(corm_column_node)) + text_room(name);
  for (size_t i = 0; i < n; i++) room += text_room(columns[i].name);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), room + 32, BINDING_FROM_SLOTS);
  do node = corm_table_valued_in(&b.arena, element, name, columns, n, marks);
  while (binding_build_again(&b, node));
  binding_anchor(L, BINDING_FROM_PARTS, kept);
}

/* A table that keeps the stack positions 1..last. */
static int push_kept(lua_State *L, int last) {
  lua_createtable(L, last, 0);
  for (int i = 1; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  return lua_gettop(L);
}

/* f:table_valued("a", corm.column("b", T), { name, with_ordinality, joins_implicitly }) */
static int table_valued(lua_State *L) {
  static const binding_option_spec specs[] = {
      {"name", BINDING_OPT_STRING}, {"with_ordinality", BINDING_OPT_STRING}, {"joins_implicitly", BINDING_OPT_BOOL}};
  static const char what[] = "table_valued";
  binding_state *state = binding_get(L);
  const corm_node *element = checkelement(L, what);
  int last = lua_gettop(L), options = last > 1 && binding_is_plain_table(L, last) ? last-- : 0;
  corm_table_valued marks = {.ordinality = false};
  const char *name = NULL, *ordinality = NULL;
  if (options) {
    binding_check_options(L, options, what, specs, 3);
    marks.joins_implicitly = binding_opt_bool(L, options, "joins_implicitly", false);
    if (binding_opt_push(L, options, "name")) name = optional_name(L, lua_gettop(L), what);
    if (binding_opt_push(L, options, "with_ordinality")) ordinality = optional_name(L, lua_gettop(L), what);
  }
  if (last < 2) return binding_error(L, CORM_E_ARGUMENT, "table_valued: at least one column expected");
  int kept = push_kept(L, last);
  corm_arena *scratch = binding_scratch(L, state);
  corm_column_def *columns = corm_arena_zalloc(scratch, (size_t)last, sizeof *columns);
  if (!columns) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t n = 0;
  for (int i = 2; i <= last; i++) columns[n++] = binding_check_column_def(L, i, what);
  if (ordinality) columns[n++] = (corm_column_def){ordinality, corm_type_default(CORM_TYPE_INTEGER)};
  marks.ordinality = ordinality != NULL;
  push_valued(L, element, name, columns, n, &marks, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static const corm_table_valued *checkvalued(lua_State *L, const char *what) {
  const corm_node *from = binding_checkfrom(L, 1, what);
  const corm_table_valued *valued = corm_as_table_valued(from);
  if (!valued)
    binding_error(L, CORM_E_ARGUMENT, "%s: a function in FROM expected, such as corm.func.f(x):table_valued(\"a\")",
                  what);
  return valued;
}

/* Pushes the FROM at 1 under another name, with other marks. */
static void push_like(lua_State *L, const corm_table_valued *valued, const char *name, const corm_table_valued *marks) {
  size_t room = 2 * BINDING_ROOM(corm_table_valued) + valued->ncolumns * (sizeof(corm_column_node) + 64);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), room + text_room(name), BINDING_FROM_SLOTS);
  do node = corm_table_valued_like_in(&b.arena, valued, name, marks);
  while (binding_build_again(&b, node));
  binding_anchor(L, BINDING_FROM_PARTS, 1);
}

void binding_push_valued_alias(lua_State *L, const corm_table_valued *valued, const char *name,
                               const corm_table_valued *marks) {
  push_like(L, valued, name, marks);
}

/* render_derived { name, with_types }: AS name(a, b). */
static int render_derived(lua_State *L) {
  static const binding_option_spec specs[] = {{"name", BINDING_OPT_STRING}, {"with_types", BINDING_OPT_BOOL}};
  const corm_table_valued *valued = checkvalued(L, "render_derived");
  lua_settop(L, 2);
  binding_check_options(L, 2, "render_derived", specs, 2);
  corm_table_valued marks = *valued;
  const char *name = valued->alias.name;
  bool given = !lua_isnil(L, 2);
  if (given && binding_opt_push(L, 2, "name")) name = optional_name(L, 3, "render_derived");
  marks.derived = true;
  marks.derived_types = given && binding_opt_bool(L, 2, "with_types", false);
  push_like(L, valued, name, &marks);
  return 1;
}

/* Pushes the alias of the function at 1: a FROM without columns. */
static void push_alias(lua_State *L, const char *what) {
  const corm_node *element = checkelement(L, what);
  corm_table_valued marks = {.ordinality = false};
  const char *name = optional_name(L, 2, what);
  push_valued(L, element, name, NULL, 0, &marks, push_kept(L, 1));
}

static int function_alias(lua_State *L) {
  static const binding_option_spec specs[] = {{"joins_implicitly", BINDING_OPT_BOOL}};
  lua_settop(L, 3);
  binding_check_options(L, 3, "alias", specs, 1);
  push_alias(L, "alias");
  return 1;
}

void binding_push_whole(lua_State *L, int from) {
  from = lua_absindex(L, from);
  const corm_node *node, *alias = binding_checkfrom(L, from, "column");
  binding_build b;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), BINDING_ROOM(corm_whole), 1);
  do node = corm_whole_in(&b.arena, alias);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, from);
}

static int column_valued(lua_State *L) {
  static const binding_option_spec specs[] = {{"joins_implicitly", BINDING_OPT_BOOL}};
  lua_settop(L, 3);
  binding_check_options(L, 3, "column_valued", specs, 1);
  push_alias(L, "column_valued");
  binding_push_whole(L, -1);
  return 1;
}

/* scalar_table_valued(name, type?): (f(x)).name */
static int scalar_table_valued(lua_State *L) {
  static const char what[] = "scalar_table_valued";
  const corm_node *element = checkelement(L, what), *node;
  lua_settop(L, 3);
  const char *name = optional_name(L, 2, what);
  if (!name) return binding_error(L, CORM_E_ARGUMENT, "%s: the name of a column expected", what);
  const corm_type *type = lua_isnil(L, 3) ? NULL : binding_checktype(L, 3, what);
  binding_build b;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), BINDING_ROOM(corm_field) + text_room(name), 2);
  do node = corm_field_in(&b.arena, element, name, type);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 3);
  return 1;
}

void binding_open_table_valued(lua_State *L) {
  static const luaL_Reg methods[] = {{"table_valued", table_valued},
                                     {"column_valued", column_valued},
                                     {"scalar_table_valued", scalar_table_valued},
                                     {"alias", function_alias},
                                     {NULL, NULL}};
  static const luaL_Reg from_methods[] = {{"render_derived", render_derived}, {NULL, NULL}};
  binding_add_methods(L, BINDING_EXPRESSION, methods);
  binding_add_methods(L, BINDING_FROM, from_methods);
}
