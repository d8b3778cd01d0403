/*
 * Looking into values: items of JSON and arrays, as col["k"] or col:getitem(k), what they are read as, the operators of
 * arrays and JSONB, ANY and ALL, and postgresql.array.
 */
#include <limits.h>
#include <string.h>

#include "binding/b_expr.h"
#include "sql/expr.h"
#include "sql/indexing.h"

#define ROOM_ITEM (BINDING_ROOM(corm_binary) + BINDING_ROOM(corm_type) + 3 * BINDING_ROOM(corm_grouping))

/* -- items --------------------------------------------------------------------------------------------------------- */

/* Pushes the list of keys and positions at `arg` as the text of a JSON list. */
static void push_path(lua_State *L, int arg, corm_value *out) {
  corm_error err;
  corm_error_init(&err);
  size_t n = lua_rawlen(L, arg), count = 0;
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    bool fine = lua_isinteger(L, -2) && (lua_isinteger(L, -1) || lua_type(L, -1) == LUA_TSTRING);
    if (!fine)
      binding_error(L, CORM_E_ARGUMENT, "getitem: a path is a list of strings and integers, got %s in it",
                    binding_typename(L, -1));
    count++;
    lua_pop(L, 1);
  }
  if (count != n) binding_error(L, CORM_E_ARGUMENT, "getitem: the path has a hole");
  if (n == 0) {
    lua_pushliteral(L, "[]");
  } else {
    binding_state *state = binding_get(L);
    corm_arena *scratch = binding_scratch(L, state);
    corm_buf *text = binding_scratch_buf(scratch);
    if (binding_json_encode(L, arg, "getitem", text, &err) != CORM_OK) binding_raise(L, &err);
    lua_pushlstring(L, text->ptr, text->len);
    binding_scratch_done(L, state, scratch);
    lua_remove(L, -2);
  }
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  *out = corm_value_text(text, len);
  out->kind = CORM_JSON;
}

static int json_item(lua_State *L, const corm_node *json) {
  const corm_node *by = binding_tonode(L, 2), *node;
  corm_value index = corm_value_null();
  if (by) {
    by = binding_checkvalue(L, 2, "getitem");
  } else if (lua_isinteger(L, 2)) {
    index = corm_value_int(lua_tointeger(L, 2));
  } else if (lua_type(L, 2) == LUA_TSTRING) {
    size_t len;
    const char *key = lua_tolstring(L, 2, &len);
    if (memchr(key, '\0', len)) binding_error(L, CORM_E_ARGUMENT, "getitem: the key holds a NUL");
    index = corm_value_text(key, len);
  } else if (lua_type(L, 2) == LUA_TTABLE) {
    push_path(L, 2, &index);
  } else {
    binding_error(L, CORM_E_ARGUMENT, "getitem: a key, a position, a path or an expression expected, got %s",
                  binding_typename(L, 2));
  }
  size_t room = ROOM_ITEM + BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(64) + CORM_ROOM_TEXT(by ? 0 : index.len);
  binding_build b = binding_expression_start(L, room, 2);
  do
    node = by ? corm_json_item_by_in(&b.arena, json, binding_scalar_in(&b.arena, by))
              : corm_json_item_in(&b.arena, json, &index);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

/* What a subscript takes: an integer, which is bound, or an expression. */
static void read_subscript(lua_State *L, int arg, const char *method, binding_arg *out) {
  if (!binding_tonode(L, arg) && !lua_isinteger(L, arg))
    binding_error(L, CORM_E_ARGUMENT, "%s: a position of an array is an integer, got %s", method,
                  binding_typename(L, arg));
  binding_arg_read(L, arg, NULL, method, out);
}

static const corm_node *subscript_in(corm_arena *arena, const binding_arg *arg, const corm_node *array) {
  if (arg->node) return binding_scalar_in(arena, arg->node);
  return corm_bind_in(arena, corm_bind_hint(array), corm_type_default(CORM_TYPE_INTEGER), &arg->value);
}

static int array_item(lua_State *L, const corm_node *array) {
  binding_arg index;
  const corm_node *node;
  read_subscript(L, 2, "getitem", &index);
  binding_build b = binding_expression_start(L, ROOM_ITEM + index.room, 2);
  do node = corm_array_item_in(&b.arena, array, subscript_in(&b.arena, &index, array));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

static int op_getitem(lua_State *L) {
  const corm_node *left = binding_checkself(L, "getitem");
  const corm_type *type = corm_node_type(left);
  binding_check_count(L, 2, "getitem");
  lua_settop(L, 2);
  if (type->kind == CORM_TYPE_JSON) return json_item(L, left);
  if (type->kind == CORM_TYPE_ARRAY) return array_item(L, left);
  return binding_error(L, CORM_E_ARGUMENT, "getitem: only JSON and ARRAY have items, this is %s",
                       corm_type_kind_name((corm_type_kind)type->kind));
}

bool binding_push_item(lua_State *L) {
  const corm_node *left = binding_tonode(L, 1);
  const corm_type_kind kind = left ? (corm_type_kind)corm_node_type(left)->kind : CORM_TYPE_NULLTYPE;
  bool name = lua_type(L, 2) == LUA_TSTRING;
  if (kind != CORM_TYPE_JSON && (kind != CORM_TYPE_ARRAY || name)) return false;
  (void)op_getitem(L);
  return true;
}

static int op_slice(lua_State *L) {
  const corm_node *left = binding_checkself(L, "slice"), *node;
  if (corm_node_type(left)->kind != CORM_TYPE_ARRAY)
    return binding_error(L, CORM_E_ARGUMENT, "slice: only an ARRAY has slices, this is %s",
                         corm_type_kind_name((corm_type_kind)corm_node_type(left)->kind));
  lua_settop(L, 3);
  binding_arg from = {.room = 0}, to = {.room = 0};
  bool has_from = !lua_isnil(L, 2), has_to = !lua_isnil(L, 3);
  if (has_from) read_subscript(L, 2, "slice", &from);
  if (has_to) read_subscript(L, 3, "slice", &to);
  binding_build b = binding_expression_start(L, ROOM_ITEM + 2 * BINDING_ROOM(corm_list) + 128 + from.room + to.room, 3);
  do {
    const corm_node *first = has_from ? subscript_in(&b.arena, &from, left) : NULL;
    const corm_node *last = has_to ? subscript_in(&b.arena, &to, left) : NULL;
    bool full = (has_from && !first) || (has_to && !last);
    node = full ? NULL : corm_array_slice_in(&b.arena, left, first, last);
  } while (binding_build_again(&b, node));
  for (int i = 1; i <= 3; i++) binding_anchor(L, i, i);
  return 1;
}

/* -- what an item of JSON is read as ------------------------------------------------------------------------------- */

static const corm_node *check_json_item(lua_State *L, const char *method) {
  const corm_node *item = binding_checkself(L, method);
  if (!corm_is_json_item(item))
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "The JSON cast operator JSON.%s() only works with a JSON index expression e.g. col[\"q\"]:%s()",
                  method, method);
  return item;
}

static int as_type(lua_State *L, const char *method, const corm_type *type) {
  const corm_node *item = check_json_item(L, method), *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_binary), 1);
  do node = corm_json_as_in(&b.arena, item, type);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

#define AS(name, type)                                                                                                 \
  static int op_##name(lua_State *L) {                                                                                 \
    return as_type(L, #name, corm_type_default(CORM_TYPE_##type));                                                     \
  }
AS(as_string, STRING)
AS(as_integer, INTEGER)
AS(as_float, FLOAT)
AS(as_boolean, BOOLEAN)

static int op_as_json(lua_State *L) {
  (void)check_json_item(L, "as_json");
  lua_settop(L, 1);
  return 1;
}

static int op_as_numeric(lua_State *L) {
  static const binding_option_spec specs[] = {{"asdecimal", BINDING_OPT_BOOL}};
  const corm_node *item = check_json_item(L, "as_numeric"), *node;
  if (!lua_isinteger(L, 2) || !lua_isinteger(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "as_numeric: the precision and the scale expected: as_numeric(10, 2)");
  lua_Integer precision = lua_tointeger(L, 2), scale = lua_tointeger(L, 3);
  if (precision < 1 || precision > 1000 || scale < 0 || scale > precision)
    return binding_error(L, CORM_E_ARGUMENT, "as_numeric: the precision lies between 1 and 1000, the scale below it");
  binding_check_options(L, 4, "as_numeric", specs, 1);
  bool asdecimal = binding_opt_bool(L, 4, "asdecimal", true);
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_binary) + BINDING_ROOM(corm_type), 1);
  do {
    corm_type *type = corm_arena_zalloc(&b.arena, 1, sizeof *type);
    if (type) {
      *type = *corm_type_default(CORM_TYPE_NUMERIC);
      type->precision = (int16_t)precision;
      type->scale = (int16_t)scale;
      type->asdecimal = asdecimal;
    }
    node = type ? corm_json_as_in(&b.arena, item, type) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

static int op_astext(lua_State *L) {
  const corm_node *item = check_json_item(L, "astext"), *node;
  binding_build b = binding_expression_start(L, ROOM_ITEM, 1);
  do node = corm_json_text_in(&b.arena, item);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* -- ANY and ALL --------------------------------------------------------------------------------------------------- */

static int collection(lua_State *L, corm_op op, const char *what) {
  const corm_node *operand = binding_checkvalue(L, 1, what), *node;
  bool subquery = corm_as_select(operand) || operand->kind == CORM_NODE_SCALAR_SUBQUERY;
  corm_type_kind kind = (corm_type_kind)corm_node_type(operand)->kind;
  if (!subquery && kind != CORM_TYPE_ARRAY && kind != CORM_TYPE_NULLTYPE)
    return binding_error(L, CORM_E_ARGUMENT, "%s: an array or a subquery expected, this is %s", what,
                         corm_type_kind_name(kind));
  binding_build b = binding_expression_start(
      L, BINDING_ROOM(corm_unary) + BINDING_ROOM(corm_subselect) + BINDING_ROOM(corm_grouping), 1);
  do node = corm_collection_in(&b.arena, op, binding_scalar_in(&b.arena, operand));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

static int any_call(lua_State *L) {
  return collection(L, CORM_OP_ANY, "any_");
}

static int all_call(lua_State *L) {
  return collection(L, CORM_OP_ALL, "all_");
}

static corm_op read_operator(lua_State *L, int options, const char *method) {
  static const char *const names[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  static const corm_op ops[] = {CORM_OP_EQ, CORM_OP_NE, CORM_OP_LT, CORM_OP_LE, CORM_OP_GT, CORM_OP_GE};
  static const binding_option_spec specs[] = {{"operator", BINDING_OPT_STRING}};
  binding_check_options(L, options, method, specs, 1);
  const char *name = binding_opt_string(L, options, "operator", "eq");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return ops[i];
  binding_unknown(L, "operator", method, name, names, sizeof names / sizeof *names);
  return CORM_OP_EQ;
}

/* array:any(value): value = ANY (array). */
static int array_compare(lua_State *L, corm_op op, const char *method) {
  const corm_node *array = binding_checkself(L, method), *node;
  const corm_type *type = corm_node_type(array);
  binding_check_count(L, 2, method);
  if (type->kind != CORM_TYPE_ARRAY)
    return binding_error(L, CORM_E_ARGUMENT, "%s: only an ARRAY has it, this is %s", method,
                         corm_type_kind_name((corm_type_kind)type->kind));
  const corm_op compared = read_operator(L, 3, method);
  binding_arg value;
  binding_arg_read(L, 2, type->item, method, &value);
  binding_build b = binding_expression_start(L, ROOM_ITEM + 2 * BINDING_ROOM(corm_unary) + value.room, 2);
  do {
    const corm_node *left = value.node ? binding_scalar_in(&b.arena, value.node)
                            : value.value.kind == CORM_NULL
                                ? corm_constant_in(&b.arena, CORM_CONSTANT_NULL)
                                : corm_bind_in(&b.arena, corm_bind_hint(array), type->item, &value.value);
    const corm_node *right = corm_collection_in(&b.arena, op, array);
    node = left && right ? corm_array_compare_in(&b.arena, compared, left, right) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

static int op_any(lua_State *L) {
  return array_compare(L, CORM_OP_ANY, "any");
}

static int op_all(lua_State *L) {
  return array_compare(L, CORM_OP_ALL, "all");
}

/* -- operators of arrays and JSONB --------------------------------------------------------------------------------- */

/* What stands on the right: a value of the left side's type, text, or a list of texts. */
typedef enum operand_kind { OF_SAME_TYPE, OF_TEXT, OF_TEXTS } operand_kind;

/* TEXT[], for lists of keys. */
#define PLAIN .precision = -1, .scale = -1, .length = -1
static const corm_type text_type = {.kind = CORM_TYPE_TEXT, PLAIN};
static const corm_type texts_type = {.kind = CORM_TYPE_ARRAY, PLAIN, .dimensions = 1, .item = &text_type};

static int containment(lua_State *L, corm_op op, operand_kind wanted, const char *method) {
  const corm_node *left = binding_checkself(L, method), *node;
  const corm_type *type = corm_node_type(left);
  binding_check_count(L, 2, method);
  bool array = type->kind == CORM_TYPE_ARRAY && wanted == OF_SAME_TYPE;
  bool jsonb = type->kind == CORM_TYPE_JSON && op != CORM_OP_OVERLAP;
  if (!array && !jsonb && type->kind != CORM_TYPE_NULLTYPE)
    return binding_error(L, CORM_E_ARGUMENT, "%s: %s expected, this is %s", method,
                         op == CORM_OP_OVERLAP    ? "an ARRAY"
                         : wanted == OF_SAME_TYPE ? "an ARRAY or JSONB"
                                                  : "JSONB",
                         corm_type_kind_name((corm_type_kind)type->kind));
  const corm_type *other = wanted == OF_SAME_TYPE ? type : wanted == OF_TEXT ? &text_type : &texts_type;
  binding_arg right;
  binding_arg_read(L, 2, other, method, &right);
  binding_build b = binding_expression_start(L, ROOM_ITEM + right.room, 2);
  do {
    const corm_node *operand = right.node ? binding_scalar_in(&b.arena, right.node)
                                          : corm_bind_in(&b.arena, corm_bind_hint(left), other, &right.value);
    node = corm_containment_in(&b.arena, op, left, operand);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

int binding_op_containing(lua_State *L) {
  return containment(L, CORM_OP_CONTAINS, OF_SAME_TYPE, "contains");
}

#define CONTAINMENT(name, op, wanted)                                                                                  \
  static int op_##name(lua_State *L) {                                                                                 \
    return containment(L, CORM_OP_##op, wanted, #name);                                                                \
  }
CONTAINMENT(contained_by, CONTAINED_BY, OF_SAME_TYPE)
CONTAINMENT(overlap, OVERLAP, OF_SAME_TYPE)
CONTAINMENT(has_key, HAS_KEY, OF_TEXT)
CONTAINMENT(has_all, HAS_ALL, OF_TEXTS)
CONTAINMENT(has_any, HAS_ANY, OF_TEXTS)
CONTAINMENT(delete_path, DELETE_PATH, OF_TEXTS)
CONTAINMENT(path_exists, PATH_EXISTS, OF_TEXT)
CONTAINMENT(path_match, PATH_MATCH, OF_TEXT)

/* -- postgresql.array ---------------------------------------------------------------------------------------------- */

/* array({ a, b }, { type_ }): ARRAY[a, b]; lists inside are further dimensions. */
static int array_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"type_", BINDING_OPT_ANY}};
  if (!binding_is_plain_table(L, 1))
    return binding_error(L, CORM_E_ARGUMENT, "array: a list of values and expressions expected, got %s",
                         binding_typename(L, 1));
  lua_settop(L, 2);
  binding_check_options(L, 2, "array", specs, 1);
  const corm_type *type = binding_opt_push(L, 2, "type_") ? binding_checktype(L, -1, "array") : NULL;
  if (!type) lua_pushnil(L);
  binding_state *state = binding_get(L);
  size_t n = lua_rawlen(L, 1);
  if (n > INT_MAX - 1) return binding_error(L, CORM_E_ARGUMENT, "array: too many items");
  lua_createtable(L, (int)n + 1, 0);
  const int kept = lua_gettop(L);
  lua_pushvalue(L, 3);
  binding_arg_keep(L, kept + 1, kept);
  corm_arena *scratch = binding_scratch(L, state);
  const int item = lua_gettop(L) + 1;
  const corm_node **items = corm_arena_zalloc(scratch, n, sizeof *items), *node;
  binding_arg *args = corm_arena_zalloc(scratch, n, sizeof *args);
  if (!items || !args) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t room = BINDING_ROOM(corm_list) + BINDING_ROOM(corm_type) + CORM_ARENA_ROUND(n * sizeof(void *));
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    binding_arg_read(L, item, type, "array", &args[i]);
    binding_arg_keep(L, item, kept);
    room += args[i].room + BINDING_ROOM(corm_grouping);
  }
  binding_build b = binding_expression_start(L, room, 1);
  do {
    bool full = false;
    for (size_t i = 0; i < n && !full; i++) {
      items[i] =
          args[i].node ? binding_scalar_in(&b.arena, args[i].node) : corm_bind_in(&b.arena, NULL, type, &args[i].value);
      full = !items[i];
    }
    node = full ? NULL : corm_array_in(&b.arena, items, n, type);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

static const luaL_Reg methods[] = {{"getitem", op_getitem},
                                   {"slice", op_slice},
                                   {"as_string", op_as_string},
                                   {"as_integer", op_as_integer},
                                   {"as_float", op_as_float},
                                   {"as_boolean", op_as_boolean},
                                   {"as_numeric", op_as_numeric},
                                   {"as_json", op_as_json},
                                   {"astext", op_astext},
                                   {"any_", any_call},
                                   {"all_", all_call},
                                   {"any", op_any},
                                   {"all", op_all},
                                   {"contained_by", op_contained_by},
                                   {"overlap", op_overlap},
                                   {"has_key", op_has_key},
                                   {"has_all", op_has_all},
                                   {"has_any", op_has_any},
                                   {"delete_path", op_delete_path},
                                   {"path_exists", op_path_exists},
                                   {"path_match", op_path_match},
                                   {NULL, NULL}};

void binding_open_indexing(lua_State *L) {
  static const luaL_Reg functions[] = {{"any_", any_call}, {"all_", all_call}, {NULL, NULL}};
  static const luaL_Reg dialect[] = {{"array", array_call}, {NULL, NULL}};
  binding_add_methods(L, BINDING_EXPRESSION, methods);
  binding_add_methods(L, BINDING_COLUMN, methods);
  binding_setfuncs(L, functions);
  lua_getfield(L, -1, "dialects");
  lua_getfield(L, -1, "postgresql");
  binding_setfuncs(L, dialect);
  lua_pop(L, 2);
}
