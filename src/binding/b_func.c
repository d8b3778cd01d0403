/* Functions that make expressions: corm.func, and_, or_, case, cast, literal, bindparam and their like. */
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_bindparam.h"
#include "binding/b_expr.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/expr.h"

/* Keeps the stack positions first..last as one table in user value 1 of the userdata on the top. */
static void anchor_all(lua_State *L, int first, int last) {
  if (last < first) return;
  lua_createtable(L, last - first + 1, 0);
  for (int i = first; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - first + 1);
  }
  lua_setiuservalue(L, -2, 1);
}

/* -- func ---------------------------------------------------------------------------------------------------------- */

/* A function's name that waits for its arguments; "" is corm.func itself. */
typedef struct binding_func {
  binding_head head;
  char name[];
} binding_func;

void binding_push_func(lua_State *L, const char *package, const char *name, size_t len) {
  size_t prefix = strlen(package);
  binding_func *func = binding_new(L, BINDING_FUNC, sizeof *func + prefix + len + 2, 0);
  char *end = func->name;
  if (prefix) {
    memcpy(end, package, prefix);
    end += prefix;
    *end++ = '.';
  }
  memcpy(end, name, len);
  end[len] = '\0';
}

static int func_index(lua_State *L) {
  const binding_func *self = binding_check(L, 1, BINDING_FUNC, "func");
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "func: a function's name expected, got %s", binding_typename(L, 2));
  const char *name = lua_tolstring(L, 2, &len);
  /* func.end_ is the function "end", a word that Lua keeps for itself. */
  if (len > 1 && name[len - 1] == '_') len--;
  if (corm_identifier_check(name, len, "function", &err) != CORM_OK) return binding_raise(L, &err);
  binding_push_func(L, self->name, name, len);
  return 1;
}

/* The type of the options table at the top, which goes away; NULL without one. */
static const corm_type *read_type(lua_State *L, const char *what, int *type_arg) {
  static const binding_option_spec specs[] = {{"type_", BINDING_OPT_ANY}};
  *type_arg = 0;
  if (!binding_is_plain_table(L, lua_gettop(L))) return NULL;
  binding_check_options(L, lua_gettop(L), what, specs, 1);
  if (!binding_opt_push(L, lua_gettop(L), "type_")) {
    lua_pop(L, 1);
    return NULL;
  }
  lua_remove(L, -2);
  *type_arg = lua_gettop(L);
  return binding_checktype(L, -1, what);
}

/* Reads the values at first..last into args; returns the room that they take. */
static size_t read_args(lua_State *L, int first, int last, const char *what, binding_arg *args) {
  size_t room = 0;
  for (int i = first; i <= last; i++) {
    binding_arg_read(L, i, NULL, what, &args[i - first]);
    room += args[i - first].room + 2 * sizeof(void *);
  }
  return room + 64;
}

enum { FEW = 4 };

static int func_call(lua_State *L) {
  const binding_func *self = binding_check(L, 1, BINDING_FUNC, "func");
  const char *name = self->name;
  if (!*name) return binding_error(L, CORM_E_ARGUMENT, "func: name the function: func.count(...)");
  if (strcmp(name, "next_value") == 0 && binding_test(L, 2, BINDING_SEQUENCE)) {
    lua_remove(L, 1);
    return binding_next_value(L);
  }
  const char *hint = strrchr(name, '.') ? strrchr(name, '.') + 1 : name; /* binds leave the package out */
  const char *canonical = corm_function_name(corm_function_find(name));
  if (canonical) hint = canonical;
  binding_state *state = binding_upvalue(L);
  int type_arg, top = lua_gettop(L);
  const corm_type *type = top > 1 ? read_type(L, name, &type_arg) : NULL;
  if (state->generic_functions != LUA_NOREF) {
    const corm_type *own_type;
    const char *own = binding_generic_function(L, name, &own_type);
    if (own) name = hint = own;
    if (own_type && !type)
      type = own_type;
    else if (own_type)
      lua_pop(L, 1);
  }
  int last = type ? lua_gettop(L) - 1 : lua_gettop(L), n = last - 1;
  binding_arg few[FEW], *args = few;
  const corm_node *few_nodes[FEW], **nodes = few_nodes, *node;
  corm_arena *scratch = NULL;
  if (n > FEW) {
    scratch = binding_scratch(L, state);
    args = corm_arena_zalloc(scratch, (size_t)n, sizeof *args);
    nodes = corm_arena_zalloc(scratch, (size_t)n, sizeof *nodes);
    if (!args || !nodes) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  }
  size_t room = read_args(L, 2, last, name, args) + BINDING_ROOM(corm_function) + CORM_ROOM_TEXT(strlen(name));
  binding_build b = binding_expression_start(L, room, 1);
  do {
    bool full = false;
    for (int i = 0; i < n && !full; i++) {
      nodes[i] = args[i].node                      ? binding_scalar_in(&b.arena, args[i].node)
                 : args[i].value.kind == CORM_NULL ? corm_constant_in(&b.arena, CORM_CONSTANT_NULL)
                                                   : corm_bind_in(&b.arena, hint, NULL, &args[i].value);
      full = !nodes[i];
    }
    node = full ? NULL : corm_function_in(&b.arena, name, type, nodes, (size_t)n);
  } while (binding_build_again(&b, node));
  anchor_all(L, 2, type ? last + 1 : last);
  if (scratch) binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- boolean functions and constants ------------------------------------------------------------------------------- */

static int and_call(lua_State *L) {
  binding_push_and_or(L, CORM_OP_AND, 1, lua_gettop(L), "and_");
  return 1;
}

static int or_call(lua_State *L) {
  binding_push_and_or(L, CORM_OP_OR, 1, lua_gettop(L), "or_");
  return 1;
}

static int push_constant(lua_State *L, corm_constant_kind kind) {
  const corm_node *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_constant), 0);
  do node = corm_constant_in(&b.arena, kind);
  while (binding_build_again(&b, node));
  return 1;
}

static int null_call(lua_State *L) {
  return push_constant(L, CORM_CONSTANT_NULL);
}

static int true_call(lua_State *L) {
  return push_constant(L, CORM_CONSTANT_TRUE);
}

static int false_call(lua_State *L) {
  return push_constant(L, CORM_CONSTANT_FALSE);
}

/* -- case ---------------------------------------------------------------------------------------------------------- */

typedef struct case_parts {
  binding_arg *args; /* condition, result, condition, ...; then value and else_ where they are given */
  size_t npairs;
  bool has_value;
  bool has_else;
  size_t room;
} case_parts;

/* Reads the value on the top of the stack, which the table at `kept` keeps from now on. */
static void read_part(lua_State *L, int kept, binding_arg *out, case_parts *parts) {
  lua_pushvalue(L, -1);
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
  binding_arg_read(L, lua_gettop(L), NULL, "case", out);
  parts->room += out->room + 2 * sizeof(void *);
  lua_pop(L, 1);
}

static void read_case(lua_State *L, int last, int options, int kept, case_parts *parts) {
  static const binding_option_spec specs[] = {{"value", BINDING_OPT_ANY}, {"else_", BINDING_OPT_ANY}};
  if (options) {
    binding_check_options(L, options, "case", specs, 2);
    parts->has_value = binding_opt_push(L, options, "value");
    if (parts->has_value) read_part(L, kept, &parts->args[2 * parts->npairs], parts);
    parts->has_else = binding_opt_push(L, options, "else_");
    if (parts->has_else) read_part(L, kept, &parts->args[2 * parts->npairs + 1], parts);
  }
  for (int i = 1; i <= last; i++) {
    binding_arg *pair = &parts->args[2 * (i - 1)];
    if (!binding_is_plain_table(L, i) || lua_rawlen(L, i) != 2)
      binding_error(L, CORM_E_ARGUMENT, "case: { condition, result } expected as argument %d", i);
    lua_rawgeti(L, i, 1);
    if (!parts->has_value) binding_checkcondition(L, -1, "case");
    read_part(L, kept, &pair[0], parts);
    lua_rawgeti(L, i, 2);
    read_part(L, kept, &pair[1], parts);
  }
}

/* A value beside others: a bind of the type that they have, where it is of that kind. */
static const corm_node *case_part_in(corm_arena *arena, const binding_arg *arg, const corm_node *with) {
  const corm_type *type = NULL;
  if (arg->node) return binding_scalar_in(arena, arg->node);
  if (with && arg->value.kind != CORM_NULL) {
    type = corm_node_type(with);
    if (!corm_type_same_affinity(type, corm_type_of_value(&arg->value))) type = NULL;
  }
  return corm_bind_in(arena, NULL, type, &arg->value);
}

static const corm_node *build_case(corm_arena *arena, const case_parts *parts, const corm_node **whens) {
  const binding_arg *extra = &parts->args[2 * parts->npairs];
  const corm_node *value = parts->has_value ? binding_arg_in(arena, &extra[0], NULL) : NULL;
  const corm_node *else_ = parts->has_else ? binding_arg_in(arena, &extra[1], NULL) : NULL;
  for (size_t i = 0; i < 2 * parts->npairs; i++) {
    whens[i] = case_part_in(arena, &parts->args[i], i % 2 == 0 ? value : NULL);
    if (!whens[i]) return NULL;
  }
  return arena->failed ? NULL : corm_case_in(arena, value, whens, parts->npairs, else_);
}

static int case_call(lua_State *L) {
  binding_state *state = binding_get(L);
  int last = lua_gettop(L), options = 0;
  if (last > 0 && binding_is_plain_table(L, last) && lua_rawlen(L, last) == 0) options = last--;
  if (last < 1) return binding_error(L, CORM_E_ARGUMENT, "case: at least one { condition, result } expected");
  case_parts parts = {.npairs = (size_t)last, .room = BINDING_ROOM(corm_case_node) + 64};
  lua_createtable(L, 2 * last, 0);
  int kept = lua_gettop(L);
  corm_arena *scratch = binding_scratch(L, state);
  parts.args = corm_arena_zalloc(scratch, 2 * parts.npairs + 2, sizeof *parts.args);
  const corm_node **whens = corm_arena_zalloc(scratch, 2 * parts.npairs, sizeof *whens), *node;
  if (!parts.args || !whens) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  read_case(L, last, options, kept, &parts);
  binding_build b = binding_expression_start(L, parts.room, 1);
  do node = build_case(&b.arena, &parts, whens);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- values and names ---------------------------------------------------------------------------------------------- */

static int literal_call(lua_State *L) {
  binding_arg value;
  if (lua_gettop(L) < 1) return binding_error(L, CORM_E_ARGUMENT, "literal: a value expected");
  const corm_type *type = lua_isnoneornil(L, 2) ? NULL : binding_checktype(L, 2, "literal");
  const corm_node *node;
  binding_arg_read(L, 1, type, "literal", &value);
  if (value.node) return binding_error(L, CORM_E_ARGUMENT, "literal: a plain value expected, got an SQL expression");
  binding_build b = binding_expression_start(L, value.room, 1);
  do node = corm_bind_in(&b.arena, NULL, type, &value.value);
  while (binding_build_again(&b, node));
  if (type) binding_anchor(L, 1, 2);
  return 1;
}

/* Raw SQL is the caller's to vouch for; only what would end the text early is refused. */
static int literal_column_call(lua_State *L) {
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING) return binding_error(L, CORM_E_ARGUMENT, "literal_column: a string expected");
  const char *sql = lua_tolstring(L, 1, &len);
  if (memchr(sql, '\0', len) || !corm_utf8_valid(sql, len))
    return binding_error(L, CORM_E_ARGUMENT, "literal_column: the text holds a NUL or is no UTF-8");
  const corm_type *type =
      lua_isnoneornil(L, 2) ? corm_type_default(CORM_TYPE_NULLTYPE) : binding_checktype(L, 2, "literal_column");
  const corm_node *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_text) + CORM_ROOM_TEXT(len), 1);
  do node = corm_literal_column_in(&b.arena, sql, len, type);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 2);
  return 1;
}

static int column_name_call(lua_State *L) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING) return binding_error(L, CORM_E_ARGUMENT, "column: a name expected");
  const char *name = lua_tolstring(L, 1, &len);
  if (corm_identifier_check(name, len, "column", &err) != CORM_OK) return binding_raise(L, &err);
  const corm_type *type =
      lua_isnoneornil(L, 2) ? corm_type_default(CORM_TYPE_NULLTYPE) : binding_checktype(L, 2, "column");
  const corm_node *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_column_node) + CORM_ROOM_TEXT(len), 1);
  do node = corm_name_in(&b.arena, name, type);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 2);
  return 1;
}

static int tuple_call(lua_State *L) {
  binding_state *state = binding_get(L);
  int n = lua_gettop(L);
  corm_arena *scratch = binding_scratch(L, state);
  binding_arg *args = corm_arena_zalloc(scratch, (size_t)n, sizeof *args);
  const corm_node **nodes = corm_arena_zalloc(scratch, (size_t)n, sizeof *nodes), *node;
  if (!args || !nodes) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t room = read_args(L, 1, n, "tuple_", args) + BINDING_ROOM(corm_list) + BINDING_ROOM(corm_grouping);
  binding_build b = binding_expression_start(L, room, 1);
  do {
    bool full = false;
    for (int i = 0; i < n && !full; i++) full = !(nodes[i] = binding_arg_in(&b.arena, &args[i], NULL));
    node = full ? NULL : corm_tuple_in(&b.arena, nodes, (size_t)n);
  } while (binding_build_again(&b, node));
  anchor_all(L, 1, n);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static int extract_call(lua_State *L) {
  static const char *const fields[] = {"year",   "month",        "day",          "hour",    "minute", "second",
                                       "week",   "quarter",      "dow",          "doy",     "epoch",  "decade",
                                       "isodow", "microseconds", "milliseconds", "century", "julian", "isoyear"};
  size_t n = sizeof fields / sizeof *fields, i = 0;
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "extract: a field such as \"year\" expected");
  const char *field = binding_name_at(L, 1);
  while (i < n && strcmp(fields[i], field) != 0) i++;
  if (i == n) return binding_unknown(L, "field", "extract", field, fields, n);
  const corm_node *element = binding_checkvalue(L, 2, "extract"), *node;
  binding_build b =
      binding_expression_start(L, BINDING_ROOM(corm_extract) + CORM_ROOM_TEXT(16) + BINDING_ROOM(corm_subselect), 1);
  do node = corm_extract_in(&b.arena, fields[i], binding_scalar_in(&b.arena, element));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 2);
  return 1;
}

/* label(name, element): the function has the arguments in the other order. */
static int label_call(lua_State *L) {
  lua_settop(L, 2);
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

/* Methods of expressions that are functions as well: desc(x) is x:desc(). */
static void share_methods(lua_State *L, int module) {
  static const char *const names[] = {"asc",      "desc", "nulls_first", "nullsfirst", "nulls_last", "nullslast",
                                      "distinct", "not_", "between",     "collate",    "cast",       "type_coerce"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const luaL_Reg *method = binding_operator_methods;
    while (strcmp(method->name, names[i]) != 0) method++;
    binding_pushfunction(L, method->func);
    lua_setfield(L, module, names[i]);
  }
  const luaL_Reg *label = binding_operator_methods;
  while (strcmp(label->name, "label") != 0) label++;
  lua_pushlightuserdata(L, binding_get(L));
  binding_pushfunction(L, label->func);
  lua_pushcclosure(L, label_call, 2);
  lua_setfield(L, module, "label");
}

/* corm.null() is the SQL constant NULL. */
static void make_null_callable(lua_State *L) {
  binding_push_nullvalue(L);
  if (lua_getmetatable(L, -1)) {
    binding_pushfunction(L, null_call);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

void binding_open_func(lua_State *L) {
  static const luaL_Reg meta[] = {{"__call", func_call}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"and_", and_call},
                                       {"or_", or_call},
                                       {"true_", true_call},
                                       {"false_", false_call},
                                       {"case", case_call},
                                       {"literal", literal_call},
                                       {"literal_column", literal_column_call},
                                       {"column", column_name_call},
                                       {"bindparam", binding_bindparam},
                                       {"tuple_", tuple_call},
                                       {"extract", extract_call},
                                       {"try_cast", binding_try_cast},
                                       {NULL, NULL}};
  int module = lua_gettop(L);
  binding_metatable(L, BINDING_FUNC, "function", NULL, meta, func_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  binding_push_func(L, "", "", 0);
  lua_setfield(L, module, "func");
  share_methods(L, module);
  make_null_callable(L);
}
