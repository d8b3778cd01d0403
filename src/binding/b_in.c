/* column:in_ { ... } and not_in: lists of values, of tuples, of expressions, and selects. */
#include <limits.h>

#include "binding/b_expr.h"
#include "sql/expr.h"

#define ROOM_IN (BINDING_ROOM(corm_binary) + 2 * BINDING_ROOM(corm_grouping))

uint32_t binding_tuple_width(const corm_node *left) {
  if (left->kind != CORM_NODE_GROUPING) return 0;
  const corm_node *element = ((const corm_grouping *)left)->element;
  return element->kind == CORM_NODE_LIST && element->op == CORM_OP_COMMA ? ((const corm_list *)element)->n : 0;
}

/* The length of the sequence at `arg`; a table with other keys than 1..n is refused. */
static size_t check_sequence(lua_State *L, int arg, const char *method) {
  if (!binding_is_plain_table(L, arg))
    binding_error(L, CORM_E_ARGUMENT, "%s: a sequence or a select expected, got %s", method, binding_typename(L, arg));
  size_t n = lua_rawlen(L, arg), count = 0;
  arg = lua_absindex(L, arg);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    lua_pop(L, 1);
    count++;
    if (!lua_isinteger(L, -1))
      binding_error(L, CORM_E_ARGUMENT, "%s: a sequence expected, got a table with the key '%s'", method,
                    luaL_tolstring(L, -1, NULL));
  }
  if (count != n) binding_error(L, CORM_E_ARGUMENT, "%s: the sequence has a hole; write corm.null for NULL", method);
  return n;
}

/* The type of the script's own that a member of the tuple on the left, or the left itself, is of; NULL: none. */
static const corm_type *hosted_type(const corm_node *left, uint32_t width, uint32_t member) {
  if (width == 0) return binding_hosted(left);
  return binding_hosted(corm_node_child(((const corm_grouping *)left)->element, member));
}

/* An element that is a table itself: of JSON or an array. */
static void read_table(lua_State *L, const char *method, const corm_type *type, corm_arena *arena, corm_value *out) {
  corm_error err;
  corm_error_init(&err);
  corm_buf *text = binding_scratch_buf(arena);
  if (binding_table_encode(L, lua_gettop(L), type, method, text, &err) != CORM_OK) binding_raise(L, &err);
  const char *copy = text->failed ? NULL : corm_arena_dup(arena, text->ptr ? text->ptr : "", text->len);
  if (!copy) binding_error(L, CORM_E_MEMORY, "not enough memory");
  *out = corm_value_text(copy, text->len);
  out->kind = (uint8_t)corm_type_value_kind(type);
}

/* `whole`: the type whose values are tables, or NULL. */
static void read_value(lua_State *L, const char *method, size_t row, const corm_type *type, const corm_type *whole,
                       corm_arena *arena, corm_value *out) {
  corm_error err;
  corm_error_init(&err);
  if (type && !binding_is_null(L, -1) && binding_pass_in(L, -1, &type, &err) != CORM_OK) binding_raise(L, &err);
  if (whole && lua_type(L, -1) == LUA_TTABLE) {
    read_table(L, method, whole, arena, out);
    lua_pop(L, 1);
    return;
  }
  if (!binding_tovalue_in(L, -1, arena, out))
    binding_error(L, CORM_E_ARGUMENT, "%s: element %d must be a value, got %s", method, (int)row,
                  binding_typename(L, -1));
  lua_pop(L, 1);
}

/* The values of IN at stack position 2, row-major, in the arena. */
static const corm_value *read_values(lua_State *L, const char *method, const corm_node *left, size_t rows,
                                     uint32_t width, corm_arena *arena, size_t *bytes) {
  size_t n = rows * (width ? width : 1);
  corm_value *values = corm_arena_zalloc(arena, n, sizeof *values);
  if (!values) binding_error(L, CORM_E_MEMORY, "not enough memory");
  const corm_type *whole = binding_takes_tables(corm_node_type(left)) ? corm_node_type(left) : NULL;
  for (size_t row = 0; row < rows; row++) {
    lua_rawgeti(L, 2, (lua_Integer)row + 1);
    if (width == 0) {
      read_value(L, method, row + 1, hosted_type(left, 0, 0), whole, arena, &values[row]);
      continue;
    }
    if (check_sequence(L, lua_gettop(L), method) != width)
      binding_error(L, CORM_E_ARGUMENT, "%s: element %d must have %d values, as the tuple has", method, (int)row + 1,
                    (int)width);
    for (uint32_t i = 0; i < width; i++) {
      lua_rawgeti(L, -1, (lua_Integer)i + 1);
      read_value(L, method, row + 1, hosted_type(left, width, i), NULL, arena, &values[row * width + i]);
    }
    lua_pop(L, 1);
  }
  *bytes = 0;
  for (size_t i = 0; i < n; i++)
    if (corm_value_has_bytes(&values[i])) *bytes += CORM_ROOM_TEXT(values[i].len);
  return values;
}

/* True when some element of the sequence at position 2 is an expression; NULL, which is never bound here, is one. */
static bool has_node(lua_State *L, size_t n) {
  for (size_t i = 1; i <= n; i++) {
    int type = lua_rawgeti(L, 2, (lua_Integer)i);
    bool found = (type == LUA_TUSERDATA || type == LUA_TTABLE) && (binding_tonode(L, -1) || binding_is_null(L, -1));
    lua_pop(L, 1);
    if (found) return true;
  }
  return false;
}

/* IN over expressions and values together. */
static int in_expressions(lua_State *L, corm_op op, const char *method, const corm_node *left, size_t n) {
  binding_state *state = binding_get(L);
  corm_arena *scratch = binding_scratch(L, state);
  const corm_node **items = corm_arena_zalloc(scratch, n, sizeof *items);
  binding_arg *args = corm_arena_zalloc(scratch, n, sizeof *args);
  if (!items || !args || n > INT_MAX - 1) binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t room = ROOM_IN + BINDING_ROOM(corm_list) + CORM_ARENA_ROUND(n * sizeof(void *));
  lua_createtable(L, (int)n, 0);
  int kept = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    binding_arg_read(L, kept + 1, binding_hosted(left), method, &args[i]);
    binding_arg_keep(L, kept + 1, kept);
    room += args[i].room;
  }
  binding_build b = binding_expression_start(L, room, 2);
  const corm_node *node;
  do {
    bool full = false;
    for (size_t i = 0; i < n && !full; i++) {
      bool is_null = !args[i].node && args[i].value.kind == CORM_NULL;
      items[i] = is_null ? corm_constant_in(&b.arena, CORM_CONSTANT_NULL) : binding_arg_in(&b.arena, &args[i], left);
      full = !items[i];
    }
    node = full ? NULL : corm_in_list_in(&b.arena, op, left, items, n);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static int in_values(lua_State *L, corm_op op, const char *method, const corm_node *left, size_t rows) {
  binding_state *state = binding_get(L);
  uint32_t width = binding_tuple_width(left);
  size_t bytes, n = rows * (width ? width : 1);
  corm_arena *scratch = binding_scratch(L, state);
  const corm_value *values = read_values(L, method, left, rows, width, scratch, &bytes);
  binding_build b =
      binding_expression_start(L, ROOM_IN + BINDING_ROOM(corm_bind) + 32 + n * sizeof(corm_value) + bytes, 1);
  const corm_node *node;
  do node = corm_in_in(&b.arena, op, left, values, n, width);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_scratch_done(L, state, scratch);
  return 1;
}

int binding_tuple_compare(lua_State *L, corm_op op, const char *method, const corm_node *left) {
  const corm_list *members = (const corm_list *)((const corm_grouping *)left)->element;
  const size_t n = check_sequence(L, 2, method);
  if (n != members->n)
    binding_error(L, CORM_E_ARGUMENT, "%s: the tuple has %d members, the list on its right has %d", method,
                  (int)members->n, (int)n);
  binding_state *state = binding_get(L);
  corm_arena *scratch = binding_scratch(L, state);
  const corm_node **items = corm_arena_zalloc(scratch, n, sizeof *items), *node;
  binding_arg *args = corm_arena_zalloc(scratch, n, sizeof *args);
  if (!items || !args) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t room = ROOM_IN + BINDING_ROOM(corm_list) + CORM_ARENA_ROUND(n * sizeof(void *));
  lua_createtable(L, (int)n, 0);
  const int kept = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    binding_arg_read(L, kept + 1, members->items[i]->type, method, &args[i]);
    binding_arg_keep(L, kept + 1, kept);
    room += args[i].room;
  }
  binding_build b = binding_expression_start(L, room, 2);
  do {
    bool full = false;
    for (size_t i = 0; i < n && !full; i++) {
      items[i] = args[i].node ? binding_scalar_in(&b.arena, args[i].node)
                              : corm_bind_in(&b.arena, NULL, corm_node_type(members->items[i]), &args[i].value);
      full = !items[i];
    }
    node = full ? NULL : corm_binary_in(&b.arena, op, left, corm_tuple_in(&b.arena, items, n));
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* A bindparam() takes its list when the statement is executed, unless it has one. */
static int in_bind(lua_State *L, corm_op op, const char *method, const corm_node *left, const corm_bind *bind) {
  const uint32_t width = binding_tuple_width(left);
  if (!bind->required && !bind->expanding && !bind->hook)
    return binding_error(L, CORM_E_ARGUMENT, "%s: the bindparam() holds one value; a list needs { expanding = true }",
                         method);
  for (uint32_t i = 0; i < width; i++) {
    if (hosted_type(left, width, i))
      return binding_error(L, CORM_E_ARGUMENT,
                           "%s: member %d of the tuple has a type of one's own, whose functions a bindparam() cannot "
                           "call; give the list itself",
                           method, (int)i + 1);
  }
  if (bind->nvalues && bind->width != width)
    return binding_error(L, CORM_E_ARGUMENT, "%s: the elements of the bindparam() have %d values each, not %d", method,
                         (int)(bind->width ? bind->width : 1), (int)(width ? width : 1));
  binding_build b =
      binding_expression_start(L, ROOM_IN + 2 * BINDING_ROOM(corm_bind) + 128 + bind->nvalues * sizeof(corm_value), 2);
  const corm_node *node;
  do node = corm_in_bind_in(&b.arena, op, left, bind, width);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

/* corm.values(), or its scalar_values(). */
static bool is_values(const corm_node *node) {
  if (node->kind == CORM_NODE_GROUPING) return ((const corm_grouping *)node)->element->kind == CORM_NODE_VALUES;
  const corm_table_valued *from = corm_as_table_valued(node);
  return from && from->alias.element->kind == CORM_NODE_VALUES && !from->alias.cte;
}

static void check_width(lua_State *L, const char *method, const corm_node *left, const corm_node *values) {
  const uint32_t wanted = binding_tuple_width(left) ? binding_tuple_width(left) : 1;
  const uint32_t width = ((const corm_values *)values)->width;
  if (width != wanted)
    binding_error(L, CORM_E_ARGUMENT, "%s: values of %d column%s beside %d", method, (int)width, width == 1 ? "" : "s",
                  (int)wanted);
}

static int in(lua_State *L, corm_op op, const char *method) {
  if (binding_push_query_statement(L, 2)) lua_replace(L, 2);
  const corm_node *left = binding_checkself(L, method), *right = binding_tonode(L, 2), *node;
  if (lua_gettop(L) < 2) binding_error(L, CORM_E_ARGUMENT, "%s: a sequence or a select expected", method);
  if (!right) {
    size_t n = check_sequence(L, 2, method);
    return has_node(L, n) ? in_expressions(L, op, method, left, n) : in_values(L, op, method, left, n);
  }
  if (right->kind == CORM_NODE_BIND) return in_bind(L, op, method, left, (const corm_bind *)right);
  const bool values = is_values(right);
  if (!values && !corm_as_select(right) && right->kind != CORM_NODE_SCALAR_SUBQUERY && right->kind != CORM_NODE_TEXT)
    binding_error(L, CORM_E_ARGUMENT, "%s: a sequence or a select expected, got %s", method, binding_typename(L, 2));
  const corm_table_valued *from = values ? corm_as_table_valued(right) : NULL;
  if (values)
    check_width(L, method, left, from ? from->alias.element : ((const corm_grouping *)right)->element);
  else
    binding_check_scalar(L, right, method);
  binding_build b = binding_expression_start(L, ROOM_IN + BINDING_ROOM(corm_grouping), 2);
  do {
    const corm_node *list = from ? corm_scalar_values_in(&b.arena, from) : binding_scalar_in(&b.arena, right);
    node = list ? corm_binary_in(&b.arena, op, left, list) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

int binding_op_in(lua_State *L) {
  return in(L, CORM_OP_IN, "in_");
}

int binding_op_not_in(lua_State *L) {
  return in(L, CORM_OP_NOT_IN, "not_in");
}
