/*
 * Expression userdata: how a node is found in a Lua value, how one is built inside a userdata, and what stands on the
 * right of an operator.
 */
#include "binding/b_expr.h"

#include <math.h>
#include <string.h>

#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/expr.h"

/* A constructor that still has no room after this many doublings failed for another reason. */
#define MAX_TRIES 24

/* -- building ------------------------------------------------------------------------------------------------------ */

static void allocate(binding_build *b) {
  b->expr = binding_new_with(b->L, (binding_kind)b->kind, b->size, b->room, b->nuvalue);
  corm_arena_init_fixed(&b->arena, (char *)b->expr + b->size, b->room);
}

void binding_build_start(binding_build *b, lua_State *L, binding_kind kind, size_t size, size_t room, int nuvalue) {
  b->L = L;
  b->size = CORM_ARENA_ROUND(size);
  b->room = room;
  b->kind = (int)kind;
  b->nuvalue = nuvalue;
  b->tries = 0;
  allocate(b);
}

bool binding_build_again(binding_build *b, const corm_node *node) {
  b->expr->node = node;
  /* A constructor may not have noticed that an optional part is missing for want of room. */
  if (!b->arena.failed) return false;
  if (++b->tries > MAX_TRIES) binding_error(b->L, CORM_E_MEMORY, "not enough memory");
  lua_pop(b->L, 1);
  b->room = b->room * 2 + 64;
  allocate(b);
  return true;
}

binding_kind binding_node_userdata(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS:
  case CORM_NODE_JOIN: return BINDING_FROM;
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL:
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE: return BINDING_STATEMENT;
  default: return BINDING_EXPRESSION;
  }
}

void binding_anchor(lua_State *L, int n, int arg) {
  int type = lua_type(L, arg);
  if (type != LUA_TUSERDATA && type != LUA_TTABLE) return;
  lua_pushvalue(L, arg);
  lua_setiuservalue(L, -2, n);
}

void binding_push_node(lua_State *L, const corm_node *node, int anchor) {
  anchor = lua_absindex(L, anchor);
  binding_kind kind = binding_node_userdata(node);
  size_t size = kind == BINDING_STATEMENT ? sizeof(binding_stmt) : sizeof(binding_expr);
  int slots = kind == BINDING_STATEMENT ? BINDING_STMT_ANCHOR : kind == BINDING_FROM ? BINDING_FROM_SLOTS : 1;
  binding_expr *expr = binding_new(L, kind, size, slots);
  expr->node = node;
  lua_pushvalue(L, anchor);
  lua_setiuservalue(L, -2, 1);
}

/* -- finding a node ------------------------------------------------------------------------------------------------ */

static const corm_node *node_of(const binding_head *head) {
  switch (binding_head_kind(head)) {
  case BINDING_COLUMN:
  case BINDING_TABLE:
  case BINDING_EXPRESSION:
  case BINDING_FROM:
  case BINDING_STATEMENT: return ((const binding_expr *)head)->node;
  default: return NULL;
  }
}

const corm_node *binding_tonamed(lua_State *L, int arg) {
  const binding_head *head;
  switch (lua_type(L, arg)) {
  case LUA_TUSERDATA: head = binding_headof(L, arg); return head ? node_of(head) : NULL;
  case LUA_TTABLE: break;
  default: return NULL;
  }
  const corm_mapper *mapper = binding_class_at(L, arg);
  if (mapper) return &mapper->bundle->base;
  if (!luaL_getmetafield(L, arg, "__corm_node")) return NULL;
  head = binding_headof(L, -1);
  lua_pop(L, 1);
  return head ? node_of(head) : NULL;
}

const corm_node *binding_tonode(lua_State *L, int arg) {
  const corm_node *node = binding_tonamed(L, arg);
  const bool named = node && node->kind == CORM_NODE_LABEL && node->flags & CORM_LABEL_ATTRIBUTE;
  return named ? ((const corm_label *)node)->element : node;
}

bool binding_is_plain_table(lua_State *L, int arg) {
  return lua_type(L, arg) == LUA_TTABLE && !binding_tonode(L, arg);
}

const corm_node *binding_checknode(lua_State *L, int arg, const char *what) {
  const corm_node *node = binding_tonode(L, arg);
  if (!node) binding_error(L, CORM_E_ARGUMENT, "%s: SQL expression expected, got %s", what, binding_typename(L, arg));
  return node;
}

void binding_check_count(lua_State *L, int n, const char *method) {
  if (lua_gettop(L) < n) binding_error(L, CORM_E_ARGUMENT, "%s: an argument is missing (nil would be NULL)", method);
}

static bool is_tuple(const corm_node *node) {
  if (!node || node->kind != CORM_NODE_GROUPING) return false;
  const corm_node *element = ((const corm_grouping *)node)->element;
  return element->kind == CORM_NODE_LIST && element->op == CORM_OP_COMMA;
}

/* How many columns a select surely has. */
static uint32_t count_columns(const corm_select *select) {
  select = corm_select_leader(select);
  uint32_t n = select->ncolumns;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_node *column = select->columns[i];
    if (column->kind == CORM_NODE_BUNDLE) n += ((const corm_bundle *)column)->n - 1;
    if (column->kind == CORM_NODE_TABLE) n += (uint32_t)((const corm_table_node *)column)->table->columns.len - 1;
  }
  return n;
}

/* The columns of what stands in parentheses; 1 for everything else. */
static uint32_t count_values(const corm_node *node) {
  const corm_select *select = corm_as_select(node);
  if (node->kind == CORM_NODE_SCALAR_SUBQUERY) select = ((const corm_subselect *)node)->select;
  if (select) return count_columns(select);
  const corm_node *element = node->kind == CORM_NODE_GROUPING ? ((const corm_grouping *)node)->element : NULL;
  return element && element->kind == CORM_NODE_VALUES ? ((const corm_values *)element)->width : 1;
}

void binding_check_single(lua_State *L, const corm_node *node, const char *what) {
  const uint32_t n = count_values(node);
  if (n > 1)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a select of %d columns where one value is needed; select one, or compare a tuple_(...)", what,
                  (int)n);
}

void binding_check_scalar(lua_State *L, const corm_node *node, const char *what) {
  if (count_values(node) <= 1 || is_tuple(binding_tonode(L, 1))) return;
  if (lua_gettop(L) < 2 || !is_tuple(binding_tonode(L, 2))) binding_check_single(L, node, what);
}

/* Refuses the nodes that have no value. */
static void check_is_value(lua_State *L, const corm_node *node, const char *what) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN:
  case CORM_NODE_BINARY: break;
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS:
  case CORM_NODE_JOIN:
  case CORM_NODE_BUNDLE:
  case CORM_NODE_FRAME:
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE:
    binding_error(L, CORM_E_ARGUMENT, "%s: a column or an SQL expression expected, got %s", what,
                  node->kind == CORM_NODE_BUNDLE
                      ? ((const corm_bundle *)node)->owner ? "a mapped class" : "several columns"
                  : node->kind == CORM_NODE_FRAME               ? "a frame"
                  : binding_node_userdata(node) == BINDING_FROM ? "a FROM clause"
                                                                : "a statement");
    break;
  default: binding_check_scalar(L, node, what); break;
  }
}

const corm_node *binding_checkvalue(lua_State *L, int arg, const char *what) {
  const corm_node *node = binding_checknode(L, arg, what);
  check_is_value(L, node, what);
  return node;
}

const corm_node *binding_checkcondition(lua_State *L, int arg, const char *what) {
  switch (lua_type(L, arg)) {
  case LUA_TBOOLEAN:
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a condition expected, got the boolean %s: Lua's == ~= < <= > >= compare the objects themselves; "
                  "write column:eq(value), :ne, :lt, :le, :gt or :ge",
                  what, lua_toboolean(L, arg) ? "true" : "false");
    break;
  case LUA_TSTRING:
    binding_error(L, CORM_E_ARGUMENT, "%s: a condition expected, got a string; raw SQL is written corm.text(\"...\")",
                  what);
    break;
  case LUA_TUSERDATA: {
    const binding_head *head = binding_headof(L, arg);
    const corm_node *node = head ? node_of(head) : NULL;
    if (!node) break;
    check_is_value(L, node, what);
    return node;
  }
  default: break;
  }
  return binding_checkvalue(L, arg, what);
}

const corm_node *binding_checkself(lua_State *L, const char *method) {
  const corm_node *node = binding_tonode(L, 1);
  if (!node)
    binding_error(L, CORM_E_ARGUMENT, "%s: called on %s; methods of expressions are called with ':'", method,
                  binding_typename(L, 1));
  check_is_value(L, node, method);
  return node;
}

const corm_node *binding_node_from(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS:
  case CORM_NODE_JOIN: return node;
  case CORM_NODE_BUNDLE: return ((const corm_bundle *)node)->from;
  default: return NULL;
  }
}

const corm_node *binding_checkfrom(lua_State *L, int arg, const char *what) {
  const corm_node *node = binding_tonode(L, arg);
  const corm_node *from = node ? binding_node_from(node) : NULL;
  if (from) return from;
  if (node && (node->kind == CORM_NODE_FUNCTION || (node->kind == CORM_NODE_CONSTRUCT && corm_is_call(node))))
    return node;
  if (node && corm_as_select(node))
    binding_error(L, CORM_E_ARGUMENT, "%s: a select becomes a FROM clause by :subquery()", what);
  binding_error(L, CORM_E_ARGUMENT, "%s: a table, an alias, a subquery or a mapped class expected, got %s", what,
                binding_typename(L, arg));
  return NULL;
}

/* -- operands ------------------------------------------------------------------------------------------------------ */

/* Turns the Lua table at arg into the text of a JSON or array value, left on the stack as a string. */
static void push_encoded(lua_State *L, int arg, const corm_type *type, const char *what) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *buf = binding_scratch_buf(arena);
  if (binding_table_encode(L, arg, type, what, buf, &err) != CORM_OK) binding_raise(L, &err);
  if (buf->failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushlstring(L, buf->ptr ? buf->ptr : "", buf->len);
  binding_scratch_done(L, state, arena);
  lua_remove(L, -2);
}

void binding_arg_literal(binding_arg *arg, const corm_value *literal) {
  if (literal->kind == CORM_ABSENT) return;
  arg->literal = *literal;
  arg->room += BINDING_ROOM(corm_value);
  if (corm_value_has_bytes(literal)) arg->room += CORM_ROOM_TEXT(literal->len);
}

const corm_node *binding_arg_bind_in(corm_arena *arena, const binding_arg *arg, const char *hint,
                                     const corm_type *type) {
  const corm_node *node = corm_bind_in(arena, hint, type, &arg->value);
  if (arg->literal.kind == CORM_ABSENT) return node;
  return corm_bind_literal_in(arena, node, &arg->literal) ? node : NULL;
}

/* NULL, true and false are compared as they are; other values pass the type's functions. */
static void read_hosted(lua_State *L, int arg, const corm_type *type, const char *what, binding_arg *out) {
  corm_error err;
  corm_error_init(&err);
  bool constant = binding_is_null(L, arg) || lua_isboolean(L, arg);
  corm_value literal = {.kind = CORM_ABSENT};
  if (!constant) binding_pass_literal(L, arg, type, &literal);
  const corm_type *compared = constant ? type : binding_compared_type(L, type, arg, what), *stores = compared;
  if (!constant && compared->hosted && binding_pass_in(L, arg, &stores, &err) != CORM_OK) binding_raise(L, &err);
  if (stores->hosted) stores = NULL;
  binding_arg_read(L, arg, stores, what, out);
  if (constant || out->node) return;
  out->type = compared;
  binding_arg_literal(out, &literal);
}

void binding_arg_read(lua_State *L, int arg, const corm_type *type, const char *what, binding_arg *out) {
  if (lua_type(L, arg) == LUA_TNUMBER && !(type && type->hosted)) {
    out->node = NULL;
    out->type = NULL;
    out->literal.kind = CORM_ABSENT;
    corm_scratch_init(&out->scratch, NULL);
    out->room = BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(64);
    (void)binding_tovalue(L, arg, &out->scratch, &out->value);
    return;
  }
  out->room = 0;
  out->node = binding_tonode(L, arg);
  if (out->node) {
    check_is_value(L, out->node, what);
    out->room = BINDING_ROOM(corm_grouping);
    return;
  }
  corm_scratch_init(&out->scratch, NULL);
  out->type = NULL;
  out->literal.kind = CORM_ABSENT;
  if (type && type->hosted) {
    read_hosted(L, arg, type, what, out);
    return;
  }
  if (binding_takes_tables(type) && lua_type(L, arg) == LUA_TTABLE) {
    push_encoded(L, arg, type, what);
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    out->value = corm_value_text(text, len);
    out->value.kind = (uint8_t)corm_type_value_kind(type);
  } else if (!binding_tovalue(L, arg, &out->scratch, &out->value)) {
    if (lua_type(L, arg) == LUA_TTABLE)
      binding_error(L, CORM_E_ARGUMENT,
                    "%s: a value or an SQL expression expected, got a table; operators are methods: "
                    "column:gt(5), column:in_ { 1, 2 }",
                    what);
    binding_error(L, CORM_E_ARGUMENT, "%s: a value or an SQL expression expected, got %s", what,
                  binding_typename(L, arg));
  }
  out->room = BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(64);
  if (corm_value_has_bytes(&out->value)) out->room += CORM_ROOM_TEXT(out->value.len);
}

void binding_arg_keep(lua_State *L, int at, int kept) {
  while (lua_gettop(L) >= at) lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
}

const corm_node *binding_arg_in(corm_arena *arena, const binding_arg *arg, const corm_node *compared_to) {
  if (arg->node) return binding_scalar_in(arena, arg->node);
  if (arg->type) return binding_arg_bind_in(arena, arg, compared_to ? corm_bind_hint(compared_to) : NULL, arg->type);
  return corm_literal_in(arena, compared_to, &arg->value);
}

const corm_node *binding_operand(lua_State *L, int arg, corm_arena *arena, const char *hint, const corm_type *type) {
  binding_arg operand;
  int top = lua_gettop(L);
  binding_arg_read(L, arg, type, hint, &operand);
  const corm_node *node = operand.node ? binding_scalar_in(arena, operand.node)
                                       : corm_bind_in(arena, hint, operand.type ? operand.type : type, &operand.value);
  lua_settop(L, top);
  return node;
}

/* -- lists of conditions ------------------------------------------------------------------------------------------- */

/* Up to so many operands are anchored one by one, more by a table. */
#define FEW 16

void binding_push_and_or(lua_State *L, corm_op op, int first, int last, const char *what) {
  int n = last - first + 1;
  binding_state *state = NULL;
  corm_arena *scratch = NULL;
  const corm_node *few[2 * FEW];
  const corm_node **items = few;
  if (n > FEW) {
    state = binding_get(L);
    scratch = binding_scratch(L, state);
    items = corm_arena_alloc(scratch, 2 * (size_t)n * sizeof *items);
    if (!items) binding_error(L, CORM_E_MEMORY, "not enough memory");
  }
  size_t room = BINDING_ROOM(corm_list) + 64;
  for (int i = 0; i < n; i++) {
    items[i] = binding_checkcondition(L, first + i, what);
    room += 2 * BINDING_ROOM(corm_grouping);
  }
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, n > FEW ? 1 : n);
  do {
    const corm_node **values = items + n;
    bool full = false;
    for (int i = 0; i < n && !full; i++) full = !(values[i] = binding_scalar_in(&b.arena, items[i]));
    node = full ? NULL : corm_and_or_in(&b.arena, op, values, (size_t)n);
  } while (binding_build_again(&b, node));
  if (!scratch) {
    for (int i = 0; i < n; i++) binding_anchor(L, i + 1, first + i);
    return;
  }
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(L, first + i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setiuservalue(L, -2, 1);
  binding_scratch_done(L, state, scratch);
}

/* -- methods and fields -------------------------------------------------------------------------------------------- */

void binding_add_methods(lua_State *L, binding_kind kind, const luaL_Reg *methods) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->methods[kind]);
  binding_setfuncs(L, methods);
  lua_pop(L, 1);
}

int binding_index_more(lua_State *L, binding_kind kind, binding_property property) {
  lua_settop(L, 2);
  if (property && lua_type(L, 2) == LUA_TSTRING) {
    void *block = binding_check(L, 1, kind, "index");
    if (property(L, block, binding_name_at(L, 2))) return 1;
  }
  bool has_value = kind == BINDING_EXPRESSION || kind == BINDING_COLUMN;
  const corm_node *node = has_value ? binding_tonode(L, 1) : NULL;
  if (node && binding_push_comparator(L, corm_node_type(node), 2)) return 1;
  if (has_value && binding_push_item(L)) return 1;
  return binding_method(L, kind, 2);
}

/* -- expressions --------------------------------------------------------------------------------------------------- */

static bool expr_property(lua_State *L, void *block, const char *name) {
  const corm_node *node = ((const binding_expr *)block)->node;
  if (strcmp(name, "type") == 0) {
    binding_push_type(L, node->type, 1);
  } else if (strcmp(name, "name") == 0 || strcmp(name, "key") == 0) {
    bool is_key = name[0] == 'k';
    switch ((corm_node_kind)node->kind) {
    case CORM_NODE_COLUMN:
      lua_pushstring(L, is_key ? ((const corm_column_node *)node)->key : ((const corm_column_node *)node)->name);
      break;
    case CORM_NODE_LABEL: lua_pushstring(L, ((const corm_label *)node)->name); break;
    case CORM_NODE_FUNCTION: lua_pushstring(L, ((const corm_function *)node)->name); break;
    case CORM_NODE_BIND: lua_pushstring(L, ((const corm_bind *)node)->key); break;
    default: lua_pushnil(L); break;
    }
  } else {
    const binding_orm_hooks *orm = node->kind == CORM_NODE_COLUMN ? binding_get(L)->orm : NULL;
    return orm && orm->fact(L, (const corm_column_node *)node, name);
  }
  return true;
}

static int expr_index(lua_State *L) {
  return binding_index(L, BINDING_EXPRESSION, expr_property);
}

void binding_open_expr(lua_State *L) {
  static const luaL_Reg fields[] = {{"type", NULL}, {"name", NULL}, {"key", NULL}, {NULL, NULL}};
  binding_metatable(L, BINDING_EXPRESSION, "SQL expression", fields, binding_operator_meta, expr_index);
  lua_pop(L, 1);
  binding_add_methods(L, BINDING_EXPRESSION, binding_operator_methods);
  binding_open_func(L);
  binding_open_from(L);
  binding_open_window(L);
  binding_open_indexing(L);
  binding_open_match(L);
  binding_open_table_valued(L);
  binding_open_generic_function(L);
  binding_open_compiles(L);
}
