/* corm.values(): a table that the statement brings along; corm.tablesample(): a part of one. */
#include <string.h>

#include "base/str.h"
#include "binding/b_statement.h"

static const char *option_name(lua_State *L, int options, const char *what) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (!options || !binding_opt_push(L, options, "name")) return NULL;
  if (lua_type(L, -1) != LUA_TSTRING) binding_error(L, CORM_E_ARGUMENT, "%s: name must be a string", what);
  const char *name = lua_tolstring(L, -1, &len); /* the options keep it */
  if (corm_identifier_check(name, len, what, &err) != CORM_OK) binding_raise(L, &err);
  return name;
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* values(column, ..., { name, literal_binds }): a FROM without rows yet. */
static int values_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"name", BINDING_OPT_STRING}, {"literal_binds", BINDING_OPT_BOOL}};
  binding_state *state = binding_get(L);
  int last = lua_gettop(L), options = last > 0 && binding_is_plain_table(L, last) ? last-- : 0;
  if (last < 1) return binding_error(L, CORM_E_ARGUMENT, "values: at least one column expected");
  if (options) binding_check_options(L, options, "values", specs, 2);
  bool literal = options && binding_opt_bool(L, options, "literal_binds", false);
  const char *name = option_name(L, options, "values");
  corm_arena *scratch = binding_scratch(L, state);
  corm_column_def *columns = corm_arena_zalloc(scratch, (size_t)last, sizeof *columns);
  if (!columns) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (int i = 1; i <= last; i++) columns[i - 1] = binding_check_column_def(L, i, "values");
  const corm_table_valued marks = {.derived = true};
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr),
                      BINDING_ROOM(corm_table_valued) + (size_t)last * 160 + 256, BINDING_FROM_SLOTS);
  do {
    const corm_node *rows = corm_values_in(&b.arena, NULL, 0, (uint32_t)last, literal);
    node = rows ? corm_table_valued_in(&b.arena, rows, name, columns, (size_t)last, &marks) : NULL;
  } while (binding_build_again(&b, node));
  binding_scratch_done(L, state, scratch);
  lua_createtable(L, last, 0); /* the types of the columns */
  for (int i = 1; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  lua_setiuservalue(L, -2, BINDING_FROM_PARTS);
  return 1;
}

const corm_table_valued *binding_checkvalues(lua_State *L, const char *method) {
  const binding_expr *from = binding_test(L, 1, BINDING_FROM);
  const corm_table_valued *valued = from ? corm_as_table_valued(from->node) : NULL;
  if (!valued || valued->alias.element->kind != CORM_NODE_VALUES || valued->alias.cte)
    binding_error(L, CORM_E_ARGUMENT, "%s: called on %s; corm.values(...) has it", method,
                  valued && valued->alias.cte ? "a CTE" : binding_typename(L, 1));
  return valued;
}

/* Reads the row on the top of the stack; what its values borrow from goes into the table at `kept`. */
static void read_row(lua_State *L, const corm_table_valued *from, int number, int kept, binding_arg *out,
                     size_t *room) {
  int row = lua_gettop(L);
  if (!binding_is_plain_table(L, row) || lua_rawlen(L, row) != from->ncolumns)
    binding_error(L, CORM_E_ARGUMENT, "data: row %d must be a list of %d values, corm.null for NULL", number,
                  (int)from->ncolumns);
  for (uint32_t i = 0; i < from->ncolumns; i++) {
    char what[96];
    (void)snprintf(what, sizeof what, "row %d, column '%.40s' of values", number, from->columns[i].name);
    lua_rawgeti(L, row, (lua_Integer)i + 1);
    binding_arg_read(L, lua_gettop(L), from->columns[i].base.type, what, &out[i]);
    *room += out[i].room + sizeof(void *);
    while (lua_gettop(L) > row) lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
  }
}

static const corm_node *item_in(corm_arena *arena, const binding_arg *arg, const corm_type *type) {
  if (arg->node) return binding_scalar_in(arena, arg->node);
  return binding_arg_bind_in(arena, arg, NULL, type);
}

static const corm_node *with_rows_in(corm_arena *arena, const corm_table_valued *from, const binding_arg *args,
                                     size_t n) {
  const corm_values *old = (const corm_values *)from->alias.element;
  const uint32_t width = from->ncolumns;
  const size_t had = (size_t)old->nrows * width;
  const corm_node **items = corm_arena_alloc(arena, (had + n * width + 1) * sizeof *items);
  if (!items) return NULL;
  if (had) memcpy(items, old->items, had * sizeof *items);
  for (size_t i = 0; i < n * width; i++) {
    items[had + i] = item_in(arena, &args[i], from->columns[i % width].base.type);
    if (!items[had + i]) return NULL;
  }
  const corm_node *rows = corm_values_in(arena, items, old->nrows + (uint32_t)n, width, old->literal_binds);
  corm_column_def *columns = corm_arena_zalloc(arena, width, sizeof *columns);
  if (!rows || !columns) return NULL;
  for (uint32_t i = 0; i < width; i++)
    columns[i] = (corm_column_def){from->columns[i].name, from->columns[i].base.type};
  return corm_table_valued_in(arena, rows, from->alias.name, columns, width, from);
}

/* data({ { ... }, ... }): more rows. */
static int values_data(lua_State *L) {
  const corm_table_valued *from = binding_checkvalues(L, "data");
  binding_state *state = binding_get(L);
  lua_settop(L, 2);
  if (!binding_is_plain_table(L, 2) || lua_rawlen(L, 2) == 0)
    return binding_error(L, CORM_E_ARGUMENT, "data: a list of rows expected, got %s", binding_typename(L, 2));
  size_t n = (size_t)lua_rawlen(L, 2), room = 0;
  if (n > UINT32_MAX / 2 / from->ncolumns) return binding_error(L, CORM_E_ARGUMENT, "data: too many rows");
  lua_newtable(L);
  int kept = lua_gettop(L);
  lua_pushvalue(L, 1);
  lua_rawseti(L, kept, 1);
  corm_arena *scratch = binding_scratch(L, state);
  binding_arg *args = corm_arena_zalloc(scratch, n * from->ncolumns, sizeof *args);
  if (!args) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    read_row(L, from, (int)i + 1, kept, args + i * from->ncolumns, &room);
    lua_pop(L, 1);
  }
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr),
                      BINDING_ROOM(corm_table_valued) + from->ncolumns * (size_t)160 + room + 256, BINDING_FROM_SLOTS);
  do node = with_rows_in(&b.arena, from, args, n);
  while (binding_build_again(&b, node));
  binding_anchor(L, BINDING_FROM_PARTS, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

int binding_values_lateral(lua_State *L) {
  corm_table_valued marks = *binding_checkvalues(L, "lateral");
  corm_error err;
  corm_error_init(&err);
  const char *name = marks.alias.name;
  size_t len;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TSTRING) return binding_error(L, CORM_E_ARGUMENT, "lateral: a name expected");
    name = lua_tolstring(L, 2, &len);
    if (corm_identifier_check(name, len, "lateral", &err) != CORM_OK) return binding_raise(L, &err);
  }
  marks.alias.lateral = true;
  binding_push_valued_alias(L, binding_checkvalues(L, "lateral"), name, &marks);
  return 1;
}

/* scalar_values(): (VALUES (1), (2)), for the right side of IN. */
static int values_scalar(lua_State *L) {
  const corm_table_valued *from = binding_checkvalues(L, "scalar_values");
  const corm_node *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_grouping), 1);
  do node = corm_scalar_values_in(&b.arena, from);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* -- tablesample --------------------------------------------------------------------------------------------------- */

/* A number becomes system(number). */
static const corm_node *method_in(lua_State *L, corm_arena *arena, const corm_node *given, int arg) {
  if (given) return given;
  corm_value percent = corm_value_real(lua_tonumber(L, arg));
  if (lua_isinteger(L, arg)) percent = corm_value_int(lua_tointeger(L, arg));
  const corm_node *bind = corm_bind_in(arena, "system", NULL, &percent);
  return bind ? corm_function_in(arena, "system", NULL, &bind, 1) : NULL;
}

/* tablesample(from, sampling [, { name, seed }]) */
static int tablesample_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"name", BINDING_OPT_STRING}, {"seed", BINDING_OPT_ANY}};
  static const char what[] = "tablesample";
  const corm_node *from = binding_checkfrom(L, 1, what), *sampling = NULL, *seed = NULL, *node;
  bool again = from->kind == CORM_NODE_ALIAS && !((const corm_alias *)from)->cte;
  const corm_node *element = again ? ((const corm_alias *)from)->element : from;
  if (element->kind != CORM_NODE_TABLE)
    return binding_error(L, CORM_E_ARGUMENT, "tablesample: a table expected, got %s", binding_typename(L, 1));
  if (lua_type(L, 2) != LUA_TNUMBER) sampling = binding_checkvalue(L, 2, what);
  int options = lua_isnoneornil(L, 3) ? 0 : 3;
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, 2);
  corm_value number = {.kind = CORM_ABSENT};
  if (options && binding_opt_push(L, options, "seed")) {
    if (lua_isinteger(L, -1))
      number = corm_value_int(lua_tointeger(L, -1));
    else
      seed = binding_checkvalue(L, lua_gettop(L), what);
  }
  const char *name = option_name(L, options, what);
  binding_build b;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), BINDING_ROOM(corm_alias) + 512, BINDING_FROM_SLOTS);
  do {
    const corm_node *method = method_in(L, &b.arena, sampling, 2);
    const corm_node *repeat = number.kind == CORM_ABSENT ? seed : corm_bind_in(&b.arena, "seed", NULL, &number);
    node = b.arena.failed ? NULL : corm_tablesample_in(&b.arena, element, name, method, repeat);
  } while (binding_build_again(&b, node));
  int top = lua_gettop(L);
  lua_createtable(L, top, 0);
  for (int i = 1; i < top; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  lua_setiuservalue(L, top, BINDING_FROM_PARTS);
  return 1;
}

void binding_open_from_values(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"data", values_data}, {"lateral", binding_values_lateral}, {"scalar_values", values_scalar}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"values", values_call}, {"tablesample", tablesample_call}, {NULL, NULL}};
  binding_add_methods(L, BINDING_FROM, methods);
  binding_setfuncs(L, functions);
}
