/*
 * The operators of what has no value: tables, FROMs and statements. Beside an expression the operator is the
 * expression's, which takes a select as a value and refuses the rest; alone they say what is meant by it.
 */
#include <string.h>

#include "binding/b_expr.h"
#include "sql/select.h"

/* Text is a condition, but nobody knows how the operators in it bind. */
static bool has_value(lua_State *L, int arg, bool condition) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_TEXT) return condition;
  return node && binding_node_userdata(node) == BINDING_EXPRESSION;
}

static lua_CFunction operator_of_expressions(const char *event) {
  const luaL_Reg *reg = binding_operator_meta;
  while (reg->name && strcmp(reg->name, event) != 0) reg++;
  return reg->func;
}

static int no_operator(lua_State *L, const char *event, const char *sign) {
  const bool condition = *sign == '&' || *sign == '|';
  if (has_value(L, 1, condition) || has_value(L, 2, condition)) return operator_of_expressions(event)(L);
  const int arg = binding_tonode(L, 1) ? 1 : 2;
  const corm_node *node = binding_tonode(L, arg);
  const char *hint = "";
  if (node && binding_node_userdata(node) == BINDING_FROM)
    hint = "; a column of it has, such as t.c.name";
  else if (node && node->kind == CORM_NODE_TEXT)
    hint = "; an expression in SQL of your own is corm.literal_column(\"...\")";
  else if (node && corm_as_select(node))
    hint = "; as a value it has: select(...):scalar_subquery()";
  return binding_error(L, CORM_E_ARGUMENT, "a %s has no operator '%s'%s", binding_typename(L, arg), sign, hint);
}

/* X(name, sign) */
#define OPERATORS(X)                                                                                                   \
  X(add, "+")                                                                                                          \
  X(sub, "-")                                                                                                          \
  X(mul, "*")                                                                                                          \
  X(div, "/")                                                                                                          \
  X(idiv, "//")                                                                                                        \
  X(mod, "%")                                                                                                          \
  X(unm, "-")                                                                                                          \
  X(concat, "..")                                                                                                      \
  X(band, "&")                                                                                                         \
  X(bor, "|")                                                                                                          \
  X(bnot, "~")                                                                                                         \
  X(shl, "<<")                                                                                                         \
  X(shr, ">>")                                                                                                         \
  X(lt, "<")                                                                                                           \
  X(le, "<=")

#define NO_OPERATOR(name, sign)                                                                                        \
  static int no_##name(lua_State *L) {                                                                                 \
    return no_operator(L, "__" #name, sign);                                                                           \
  }
OPERATORS(NO_OPERATOR)

void binding_refuse_operators(lua_State *L) {
#define ENTRY(name, sign) {"__" #name, no_##name},
  static const luaL_Reg meta[] = {OPERATORS(ENTRY){NULL, NULL}};
  binding_setfuncs(L, meta);
}
