/*
 * The operators of expressions as methods and metamethods. An operator makes one userdata: it reads its operands, asks
 * the core for the node, and anchors those operands that are objects.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"
#include "binding/b_statement.h"
#include "sql/expr.h"
#include "sql/indexing.h"

/* What the usual operator takes: its own node, a bind and its name, parentheses for both sides. */
#define ROOM_BINARY (BINDING_ROOM(corm_binary) + 2 * BINDING_ROOM(corm_grouping))

/* ANY and ALL are compared, and nothing else. */
static void refuse_collection(lua_State *L, const corm_node *node, const char *method) {
  if (corm_is_collection(node))
    binding_error(L, CORM_E_ARGUMENT, "%s: only comparison operators may be used with ANY and ALL", method);
}

static const corm_node *check_operand(lua_State *L, const char *method) {
  const corm_node *node = binding_checkself(L, method);
  refuse_collection(L, node, method);
  return node;
}

/* -- two operands -------------------------------------------------------------------------------------------------- */

static bool is_equality(corm_op op) {
  return op == CORM_OP_EQ || op == CORM_OP_NE || op == CORM_OP_IS || op == CORM_OP_IS_NOT ||
         op == CORM_OP_IS_DISTINCT_FROM || op == CORM_OP_IS_NOT_DISTINCT_FROM;
}

static int compare(lua_State *L, corm_op op, const char *method) {
  const corm_node *left = binding_checkself(L, method), *node;
  binding_check_count(L, 2, method);
  binding_arg right;
  if (binding_tuple_width(left) && binding_is_plain_table(L, 2)) return binding_tuple_compare(L, op, method, left);
  binding_arg_read(L, 2, corm_node_type(left), method, &right);
  if (!right.node && !right.type && (right.value.kind == CORM_NULL || right.value.kind == CORM_BOOL) &&
      !is_equality(op) && !corm_is_collection(left))
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: NULL, true and false are compared by eq, ne, is_, is_not and "
                  "is_distinct_from only",
                  method);
  binding_build b = binding_expression_start(L, ROOM_BINARY + right.room, right.node ? 2 : 1);
  do {
    node = right.node || right.type ? corm_binary_in(&b.arena, op, left, binding_arg_in(&b.arena, &right, left))
                                    : corm_compare_in(&b.arena, op, left, &right.value);
  } while (binding_build_again(&b, node));
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  if (right.node) binding_anchor(L, 2, 2);
  return 1;
}

/* Arithmetic: either side may be the plain value. */
static int arithmetic(lua_State *L, corm_op op, const char *method) {
  binding_check_count(L, 2, method);
  binding_arg left, right;
  const corm_node *node, *typed = binding_tonode(L, 1) ? binding_tonode(L, 1) : binding_tonode(L, 2);
  if (!typed) binding_error(L, CORM_E_ARGUMENT, "%s: called without an SQL expression", method);
  refuse_collection(L, typed, method);
  binding_arg_read(L, 1, corm_node_type(typed), method, &left);
  binding_arg_read(L, 2, corm_node_type(typed), method, &right);
  binding_build b = binding_expression_start(L, ROOM_BINARY + left.room + right.room, 2);
  do {
    if ((left.node || left.type) && (right.node || right.type))
      node =
          corm_binary_in(&b.arena, op, binding_arg_in(&b.arena, &left, typed), binding_arg_in(&b.arena, &right, typed));
    else if (left.node)
      node = corm_compare_in(&b.arena, op, binding_scalar_in(&b.arena, left.node), &right.value);
    else
      node = corm_compare_reverse_in(&b.arena, op, &left.value, binding_scalar_in(&b.arena, right.node));
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

#define COMPARE(name, op)                                                                                              \
  static int op_##name(lua_State *L) {                                                                                 \
    return compare(L, CORM_OP_##op, #name);                                                                            \
  }
COMPARE(eq, EQ)
COMPARE(ne, NE)
COMPARE(lt, LT)
COMPARE(le, LE)
COMPARE(gt, GT)
COMPARE(ge, GE)
COMPARE(is_, IS)
COMPARE(is_not, IS_NOT)
COMPARE(is_distinct_from, IS_DISTINCT_FROM)
COMPARE(is_not_distinct_from, IS_NOT_DISTINCT_FROM)

#define ARITHMETIC(name, op)                                                                                           \
  static int op_##name(lua_State *L) {                                                                                 \
    return arithmetic(L, CORM_OP_##op, #name);                                                                         \
  }
ARITHMETIC(add, ADD)
ARITHMETIC(sub, SUB)
ARITHMETIC(mul, MUL)
ARITHMETIC(truediv, TRUEDIV)
ARITHMETIC(floordiv, FLOORDIV)
ARITHMETIC(mod, MOD)
ARITHMETIC(concat, CONCAT)
ARITHMETIC(bitwise_and, BIT_AND)
ARITHMETIC(bitwise_or, BIT_OR)
ARITHMETIC(bitwise_xor, BIT_XOR)
ARITHMETIC(bitwise_lshift, LSHIFT)
ARITHMETIC(bitwise_rshift, RSHIFT)

/* -- one operand --------------------------------------------------------------------------------------------------- */

static int unary(lua_State *L, corm_op op, const char *method) {
  const corm_node *operand = binding_checkself(L, method), *node;
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_binary) + 2 * BINDING_ROOM(corm_grouping), 1);
  do node = corm_unary_in(&b.arena, op, binding_scalar_in(&b.arena, operand));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* asc("label") and its like: what the select that is ordered so calls by the name. */
static int ordering(lua_State *L, corm_op op, const char *method) {
  if (lua_type(L, 1) != LUA_TSTRING) return unary(L, op, method);
  size_t len;
  const char *name = lua_tolstring(L, 1, &len);
  corm_error err;
  corm_error_init(&err);
  if (corm_identifier_check(name, len, "label", &err) != CORM_OK) return binding_raise(L, &err);
  const corm_node *node;
  binding_build b =
      binding_expression_start(L, BINDING_ROOM(corm_column_node) + BINDING_ROOM(corm_unary) + CORM_ROOM_TEXT(len), 1);
  do {
    corm_column_node *column = (corm_column_node *)(uintptr_t)corm_name_in(&b.arena, name, NULL);
    if (column) column->base.flags = CORM_COLUMN_REFERENCE;
    node = column ? corm_unary_in(&b.arena, op, &column->base) : NULL;
  } while (binding_build_again(&b, node));
  return 1;
}

static int op_neg(lua_State *L) {
  if (corm_is_condition(binding_checkself(L, "neg")))
    return binding_error(L, CORM_E_ARGUMENT, "neg: a condition has no minus; not_(condition) or ~condition denies it");
  return unary(L, CORM_OP_NEG, "neg");
}

#define ORDERING(name, op)                                                                                             \
  static int op_##name(lua_State *L) {                                                                                 \
    return ordering(L, CORM_OP_##op, #name);                                                                           \
  }
#define UNARY(name, op)                                                                                                \
  static int op_##name(lua_State *L) {                                                                                 \
    return unary(L, CORM_OP_##op, #name);                                                                              \
  }
UNARY(bitwise_not, BIT_NOT)
UNARY(distinct, DISTINCT)
ORDERING(asc, ASC)
ORDERING(desc, DESC)
ORDERING(nulls_first, NULLS_FIRST)
ORDERING(nulls_last, NULLS_LAST)

static int op_not_(lua_State *L) {
  const corm_node *operand = binding_checkcondition(L, 1, "not_"), *node;
  binding_build b = binding_expression_start(L, ROOM_BINARY + BINDING_ROOM(corm_binary), 1);
  do node = corm_not_in(&b.arena, binding_scalar_in(&b.arena, operand));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

static int op_and(lua_State *L) {
  binding_push_and_or(L, CORM_OP_AND, 1, 2, "&");
  return 1;
}

static int op_or(lua_State *L) {
  binding_push_and_or(L, CORM_OP_OR, 1, 2, "|");
  return 1;
}

/* -- LIKE ---------------------------------------------------------------------------------------------------------- */

/* The escape character of the options at `arg`; NULL when there is none. */
static const char *check_escape(lua_State *L, int arg, const char *method) {
  const char *escape = binding_opt_string(L, arg, "escape", NULL);
  if (escape && (corm_utf8_valid(escape, strlen(escape)) ? corm_utf8_length(escape, strlen(escape)) : 0) != 1)
    binding_error(L, CORM_E_ARGUMENT, "%s: escape must be one character", method);
  return escape;
}

static int like(lua_State *L, corm_op op, const char *method) {
  static const binding_option_spec specs[] = {{"escape", BINDING_OPT_STRING}};
  const corm_node *left = check_operand(L, method), *node;
  binding_check_count(L, 2, method);
  binding_arg right;
  const bool says_more = lua_gettop(L) > 2;
  if (says_more) binding_check_options(L, 3, method, specs, 1);
  const char *escape = says_more ? check_escape(L, 3, method) : NULL;
  binding_arg_read(L, 2, binding_hosted(left), method, &right);
  binding_build b = binding_expression_start(L, ROOM_BINARY + right.room + 16, right.node ? 2 : 1);
  do {
    const corm_node *pattern = binding_arg_in(&b.arena, &right, left);
    node = pattern ? corm_like_in(&b.arena, op, left, pattern, escape) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  if (right.node) binding_anchor(L, 2, 2);
  return 1;
}

static int affix(lua_State *L, corm_op op, unsigned flags, const char *method) {
  static const binding_option_spec specs[] = {{"autoescape", BINDING_OPT_BOOL}, {"escape", BINDING_OPT_STRING}};
  const corm_node *left = check_operand(L, method), *node;
  binding_check_count(L, 2, method);
  binding_arg right;
  binding_check_options(L, 3, method, specs, 2);
  bool autoescape = binding_opt_bool(L, 3, "autoescape", false);
  const char *escape = check_escape(L, 3, method);
  binding_arg_read(L, 2, binding_hosted(left), method, &right);
  if (autoescape && (right.node || right.value.kind != CORM_TEXT))
    binding_error(L, CORM_E_ARGUMENT, "%s: autoescape works on a string only", method);
  bool is_text = !right.node && right.value.kind == CORM_TEXT;
  binding_build b = binding_expression_start(
      L, ROOM_BINARY + right.room + (autoescape ? CORM_ROOM_TEXT(2 * right.value.len) : 0) + 16, 2);
  do {
    if (is_text) {
      node = corm_affix_text_in(&b.arena, op, flags, left, right.value.as.s, right.value.len, autoescape, escape);
    } else {
      const corm_node *pattern = binding_arg_in(&b.arena, &right, left);
      node = pattern ? corm_affix_in(&b.arena, op, flags, left, pattern, escape) : NULL;
    }
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

#define LIKE(name, op)                                                                                                 \
  static int op_##name(lua_State *L) {                                                                                 \
    return like(L, CORM_OP_##op, #name);                                                                               \
  }
LIKE(like, LIKE)
LIKE(not_like, NOT_LIKE)
LIKE(ilike, ILIKE)
LIKE(not_ilike, NOT_ILIKE)

#define AFFIX(name, op, flags)                                                                                         \
  static int op_##name(lua_State *L) {                                                                                 \
    return affix(L, CORM_OP_##op, (flags), #name);                                                                     \
  }
AFFIX(startswith, LIKE, CORM_LIKE_PERCENT_AFTER)
AFFIX(endswith, LIKE, CORM_LIKE_PERCENT_BEFORE)
AFFIX(icontains, ILIKE, CORM_LIKE_PERCENT_BEFORE | CORM_LIKE_PERCENT_AFTER)
AFFIX(istartswith, ILIKE, CORM_LIKE_PERCENT_AFTER)
AFFIX(iendswith, ILIKE, CORM_LIKE_PERCENT_BEFORE)

/* Of arrays and JSONB it means their own operator. */
static int op_contains(lua_State *L) {
  const corm_type *type = corm_node_type(binding_checkself(L, "contains"));
  bool own = type->kind == CORM_TYPE_ARRAY || (type->kind == CORM_TYPE_JSON && type->binary);
  return own ? binding_op_containing(L)
             : affix(L, CORM_OP_LIKE, CORM_LIKE_PERCENT_BEFORE | CORM_LIKE_PERCENT_AFTER, "contains");
}

/* -- the rest ------------------------------------------------------------------------------------------------------ */

static int op_between(lua_State *L) {
  const corm_node *left = binding_checkself(L, "between"), *node;
  static const binding_option_spec specs[] = {{"symmetric", BINDING_OPT_BOOL}};
  binding_check_count(L, 3, "between");
  binding_arg low, high;
  binding_check_options(L, 4, "between", specs, 1);
  const bool symmetric = binding_opt_bool(L, 4, "symmetric", false);
  binding_arg_read(L, 2, left->type, "between", &low);
  binding_arg_read(L, 3, left->type, "between", &high);
  binding_build b = binding_expression_start(L, ROOM_BINARY + BINDING_ROOM(corm_list) + 16 + low.room + high.room, 3);
  do {
    const corm_node *from = binding_arg_in(&b.arena, &low, left), *to = binding_arg_in(&b.arena, &high, left);
    node = !from || !to ? NULL
           : symmetric  ? corm_between_symmetric_in(&b.arena, left, from, to)
                        : corm_between_in(&b.arena, CORM_OP_BETWEEN, left, from, to);
  } while (binding_build_again(&b, node));
  for (int i = 1; i <= 3; i++) binding_anchor(L, i, i);
  return 1;
}

static int op_collate(lua_State *L) {
  const corm_node *operand = binding_checkself(L, "collate"), *node;
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 2) != LUA_TSTRING) binding_error(L, CORM_E_ARGUMENT, "collate: the name of a collation expected");
  const char *name = lua_tolstring(L, 2, &len);
  if (corm_identifier_check(name, len, "collation", &err) != CORM_OK) return binding_raise(L, &err);
  binding_build b = binding_expression_start(L, ROOM_BINARY + 128 + CORM_ROOM_TEXT(len), 1);
  do node = corm_collate_in(&b.arena, operand, name);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* label(nil) is an anonymous label. */
static int op_label(lua_State *L) {
  const corm_node *operand = binding_checkself(L, "label"), *node;
  corm_error err;
  corm_error_init(&err);
  size_t len = 0;
  const char *name = NULL;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TSTRING) binding_error(L, CORM_E_ARGUMENT, "label: a name expected");
    name = lua_tolstring(L, 2, &len);
    if (corm_identifier_check(name, len, "label", &err) != CORM_OK) return binding_raise(L, &err);
  }
  binding_build b = binding_expression_start(
      L, BINDING_ROOM(corm_label) + BINDING_ROOM(corm_subselect) + CORM_ROOM_TEXT(len) + 32, 1);
  do node = corm_label_in(&b.arena, name, binding_scalar_in(&b.arena, operand));
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

typedef enum cast_kind { CAST, TRY_CAST, TYPE_COERCE } cast_kind;

static const corm_node *cast_in(corm_arena *arena, const corm_node *element, const corm_type *type, cast_kind kind) {
  if (!element) return NULL;
  return kind == TRY_CAST ? corm_try_cast_in(arena, element, type)
                          : corm_cast_in(arena, element, type, kind == TYPE_COERCE);
}

static int cast_to(lua_State *L, cast_kind kind) {
  static const char *const methods[] = {"cast", "try_cast", "type_coerce"};
  const char *method = methods[kind];
  binding_arg operand = {.node = NULL};
  const corm_type *type = binding_checktype(L, 2, method);
  const corm_node *node;
  binding_arg_read(L, 1, type, method, &operand);
  /* The text of a number is what the cast reads. */
  corm_value_kind wanted = corm_type_value_kind(type);
  bool read = kind != TYPE_COERCE && operand.value.kind == CORM_TEXT && (wanted == CORM_INT || wanted == CORM_REAL);
  binding_build b =
      binding_expression_start(L, BINDING_ROOM(corm_cast) + 2 * BINDING_ROOM(corm_grouping) + operand.room, 2);
  do {
    const corm_node *element = operand.node ? binding_scalar_in(&b.arena, operand.node)
                               : operand.value.kind == CORM_NULL && kind != TYPE_COERCE
                                   ? corm_constant_in(&b.arena, CORM_CONSTANT_NULL)
                                   : corm_bind_in(&b.arena, NULL, read ? NULL : type, &operand.value);
    node = cast_in(&b.arena, element, type, kind);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

int binding_cast(lua_State *L) {
  return cast_to(L, CAST);
}

int binding_try_cast(lua_State *L) {
  return cast_to(L, TRY_CAST);
}

int binding_type_coerce(lua_State *L) {
  return cast_to(L, TYPE_COERCE);
}

/* -- op("...")(right) ---------------------------------------------------------------------------------------------- */

/* Upvalues: state, left, text, precedence, is_comparison, result type or nil. */
static int custom_call(lua_State *L) {
  binding_check_count(L, 1, "op");
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  const corm_node *left = binding_checkvalue(L, 2, "op"), *node;
  size_t len;
  const char *text = lua_tolstring(L, lua_upvalueindex(3), &len);
  int precedence = (int)lua_tointeger(L, lua_upvalueindex(4));
  bool boolean = lua_toboolean(L, lua_upvalueindex(5));
  bool typed = !lua_isnil(L, lua_upvalueindex(6));
  const corm_type *type = typed ? binding_checktype(L, lua_upvalueindex(6), "op") : NULL;
  binding_arg right;
  binding_arg_read(L, 1, left->type, "op", &right);
  binding_build b = binding_expression_start(L, ROOM_BINARY + right.room + CORM_ROOM_TEXT(len), 3);
  do {
    const corm_node *operand = binding_arg_in(&b.arena, &right, left);
    node = operand ? corm_custom_in(&b.arena, text, precedence, boolean, type, left, operand) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  if (typed) binding_anchor(L, 3, lua_upvalueindex(6));
  return 1;
}

/* Operators reach the database as they are written: no quotes, no parentheses, no comment, no second statement. */
static void check_operator(lua_State *L, const char *text, size_t len) {
  static const char allowed[] = "+-*/<>=~!@#%^&|?: _";
  bool fine = len > 0 && len <= 64;
  for (size_t i = 0; fine && i < len; i++) {
    char c = text[i];
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    fine = c != '\0' && (is_word || strchr(allowed, c));
  }
  if (!fine || strstr(text, "--") || strstr(text, "/*") || strstr(text, "*/"))
    binding_error(L, CORM_E_ARGUMENT, "op: '%.64s' is no operator: words and +-*/<>=~!@#%%^&|?: only", text);
}

static int custom(lua_State *L, bool boolean, const char *method) {
  static const binding_option_spec specs[] = {
      {"precedence", BINDING_OPT_INT}, {"is_comparison", BINDING_OPT_BOOL}, {"return_type", BINDING_OPT_ANY}};
  binding_checkself(L, method);
  if (lua_type(L, 2) != LUA_TSTRING) binding_error(L, CORM_E_ARGUMENT, "%s: an operator expected", method);
  size_t len;
  const char *text = lua_tolstring(L, 2, &len);
  check_operator(L, text, len);
  binding_check_options(L, 3, method, specs, 3);
  lua_Integer precedence = binding_opt_int(L, 3, "precedence", 0);
  if (precedence < -100 || precedence > 100)
    binding_error(L, CORM_E_ARGUMENT, "%s: precedence must lie between -100 and 100", method);
  lua_pushlightuserdata(L, binding_get(L));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, precedence);
  lua_pushboolean(L, boolean || binding_opt_bool(L, 3, "is_comparison", false));
  if (!binding_opt_push(L, 3, "return_type"))
    lua_pushnil(L);
  else
    binding_checktype(L, -1, method);
  lua_pushcclosure(L, custom_call, 6);
  return 1;
}

static int op_op(lua_State *L) {
  return custom(L, false, "op");
}

static int op_bool_op(lua_State *L) {
  return custom(L, true, "bool_op");
}

/* -- what Lua would answer silently -------------------------------------------------------------------------------- */

static int refuse_order(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT,
                       "SQL expressions are compared by methods: column:lt(value), :le, :gt, :ge, :eq, :ne");
}

const luaL_Reg binding_operator_methods[] = {
    {"eq", op_eq},
    {"ne", op_ne},
    {"lt", op_lt},
    {"le", op_le},
    {"gt", op_gt},
    {"ge", op_ge},
    {"is_", op_is_},
    {"is_not", op_is_not},
    {"isnot", op_is_not},
    {"is_distinct_from", op_is_distinct_from},
    {"is_not_distinct_from", op_is_not_distinct_from},
    {"isnot_distinct_from", op_is_not_distinct_from},
    {"in_", binding_op_in},
    {"not_in", binding_op_not_in},
    {"notin_", binding_op_not_in},
    {"like", op_like},
    {"not_like", op_not_like},
    {"notlike", op_not_like},
    {"ilike", op_ilike},
    {"not_ilike", op_not_ilike},
    {"notilike", op_not_ilike},
    {"contains", op_contains},
    {"startswith", op_startswith},
    {"endswith", op_endswith},
    {"icontains", op_icontains},
    {"istartswith", op_istartswith},
    {"iendswith", op_iendswith},
    {"between", op_between},
    {"add", op_add},
    {"sub", op_sub},
    {"mul", op_mul},
    {"truediv", op_truediv},
    {"floordiv", op_floordiv},
    {"mod", op_mod},
    {"neg", op_neg},
    {"concat", op_concat},
    {"bitwise_and", op_bitwise_and},
    {"bitwise_or", op_bitwise_or},
    {"bitwise_xor", op_bitwise_xor},
    {"bitwise_not", op_bitwise_not},
    {"bitwise_lshift", op_bitwise_lshift},
    {"bitwise_rshift", op_bitwise_rshift},
    {"and_", op_and},
    {"or_", op_or},
    {"not_", op_not_},
    {"distinct", op_distinct},
    {"asc", op_asc},
    {"desc", op_desc},
    {"nulls_first", op_nulls_first},
    {"nullsfirst", op_nulls_first},
    {"nulls_last", op_nulls_last},
    {"nullslast", op_nulls_last},
    {"collate", op_collate},
    {"label", op_label},
    {"cast", binding_cast},
    {"type_coerce", binding_type_coerce},
    {"op", op_op},
    {"bool_op", op_bool_op},
    {"compile", binding_compile_method},
    {NULL, NULL},
};

const luaL_Reg binding_operator_meta[] = {
    {"__add", op_add},
    {"__sub", op_sub},
    {"__mul", op_mul},
    {"__div", op_truediv},
    {"__idiv", op_floordiv},
    {"__mod", op_mod},
    {"__unm", op_neg},
    {"__concat", op_concat},
    {"__band", op_and},
    {"__bor", op_or},
    {"__bnot", op_not_},
    {"__shl", op_bitwise_lshift},
    {"__shr", op_bitwise_rshift},
    {"__lt", refuse_order},
    {"__le", refuse_order},
    {"__tostring", binding_node_tostring},
    {NULL, NULL},
};
