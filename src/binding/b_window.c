/*
 * What stands behind a function: OVER, FILTER, WITHIN GROUP, ORDER BY inside its parentheses. Methods of expressions
 * and functions of the module are the same: the function comes first.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_expr.h"

/* Expressions at the stack positions first..last, or in the plain table (or alone) at `first` of an option. */
typedef struct items {
  const corm_node **nodes; /* in scratch */
  const corm_node **made;  /* room for as many, for the build */
  size_t n;
} items;

static const corm_node *checkcall(lua_State *L, const char *what) {
  const corm_node *node = binding_checknode(L, 1, what);
  if (!corm_is_call(node))
    binding_error(L, CORM_E_ARGUMENT, "%s: a function such as corm.func.sum(x) expected before it", what);
  return node;
}

/* Keeps the value on the top in the table at `kept`, and pops it. */
static void keep(lua_State *L, int kept) {
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
}

static void room_for(lua_State *L, corm_arena *scratch, size_t n, items *out) {
  out->n = n;
  out->nodes = corm_arena_zalloc(scratch, n, sizeof *out->nodes);
  out->made = corm_arena_zalloc(scratch, n, sizeof *out->made);
  if (!out->nodes || !out->made) binding_error(L, CORM_E_MEMORY, "not enough memory");
}

static void read_item(lua_State *L, int at, const char *what, const corm_node **out) {
  if (lua_type(L, at) == LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a column or an SQL expression expected, got a string; raw SQL is written corm.text(\"...\")",
                  what);
  *out = binding_checkvalue(L, at, what);
}

/* The expressions at first..last. */
static void read_range(lua_State *L, int first, int last, int kept, corm_arena *scratch, const char *what, items *out) {
  room_for(L, scratch, (size_t)(last - first + 1), out);
  for (int i = first; i <= last; i++) {
    read_item(L, i, what, &out->nodes[i - first]);
    lua_pushvalue(L, i);
    keep(L, kept);
  }
}

/* The option: one expression, or a sequence of them. */
static void read_option(lua_State *L, int options, const char *name, int kept, corm_arena *scratch, items *out) {
  out->n = 0;
  if (!options || !binding_opt_push(L, options, name)) return;
  int at = lua_gettop(L);
  if (!binding_is_plain_table(L, at)) {
    read_range(L, at, at, kept, scratch, name, out);
  } else {
    room_for(L, scratch, lua_rawlen(L, at), out);
    for (size_t i = 0; i < out->n; i++) {
      lua_rawgeti(L, at, (lua_Integer)i + 1);
      read_item(L, lua_gettop(L), name, &out->nodes[i]);
      keep(L, kept);
    }
  }
  lua_settop(L, at - 1);
}

/* The list as a node; NULL for an empty one, too. */
static const corm_node *list_in(corm_arena *arena, const items *list) {
  for (size_t i = 0; i < list->n; i++) {
    list->made[i] = binding_scalar_in(arena, list->nodes[i]);
    if (!list->made[i]) return NULL;
  }
  return list->n ? corm_list_in(arena, list->made, list->n) : NULL;
}

static size_t list_room(const items *list) {
  return BINDING_ROOM(corm_list) + list->n * (sizeof(void *) + BINDING_ROOM(corm_grouping)) + 16;
}

static void start(binding_build *b, lua_State *L, size_t room) {
  binding_build_start(b, L, BINDING_EXPRESSION, sizeof(binding_expr), room + 64, 1);
}

/* A table for what the new node refers to, with the function at 1 in it. */
static int push_kept(lua_State *L) {
  lua_createtable(L, 4, 0);
  int kept = lua_gettop(L);
  lua_pushvalue(L, 1);
  keep(L, kept);
  return kept;
}

/* -- frames -------------------------------------------------------------------------------------------------------- */

typedef struct frame_arg {
  const corm_node *node; /* FrameClause(...), or NULL */
  corm_bound bounds[2];
  corm_value distances[2];
} frame_arg;

static void check_order(lua_State *L, corm_bound from, corm_bound to, const char *what) {
  if (to != CORM_BOUND_UNBOUNDED && from > to)
    binding_error(L, CORM_E_ARGUMENT, "%s: the frame ends before it begins", what);
}

static void read_bound(lua_State *L, int table, int i, const char *what, frame_arg *out) {
  lua_rawgeti(L, table, i);
  if (lua_isnil(L, -1))
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: { from, to } expected, two whole numbers: negative ones are rows before, 0 is the current row, "
                  "corm.null has no bound",
                  what);
  bool unbounded = binding_is_null(L, -1);
  if (!unbounded && (!lua_isinteger(L, -1) || lua_tointeger(L, -1) == LUA_MININTEGER))
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a bound is a whole number or corm.null, got %s; corm.FrameClause takes others", what,
                  binding_typename(L, lua_gettop(L)));
  lua_Integer distance = unbounded ? 0 : lua_tointeger(L, -1);
  out->bounds[i - 1] = unbounded      ? CORM_BOUND_UNBOUNDED
                       : distance < 0 ? CORM_BOUND_PRECEDING
                       : distance > 0 ? CORM_BOUND_FOLLOWING
                                      : CORM_BOUND_CURRENT;
  out->distances[i - 1] = corm_value_int(distance < 0 ? -distance : distance);
  lua_pop(L, 1);
}

static void read_frame(lua_State *L, int options, const char *name, int kept, frame_arg *out) {
  binding_opt_push(L, options, name);
  int at = lua_gettop(L);
  const corm_node *node = binding_tonode(L, at);
  if (node && node->kind == CORM_NODE_FRAME) {
    out->node = node;
    lua_pushvalue(L, at);
    keep(L, kept);
  } else {
    if (lua_type(L, at) != LUA_TTABLE || node)
      binding_error(L, CORM_E_ARGUMENT, "over: %s must be { from, to } or a FrameClause, got %s", name,
                    binding_typename(L, at));
    if (lua_rawlen(L, at) > 2) binding_error(L, CORM_E_ARGUMENT, "over: %s must be { from, to }", name);
    read_bound(L, at, 1, name, out);
    read_bound(L, at, 2, name, out);
    check_order(L, out->bounds[0], out->bounds[1], name);
  }
  lua_settop(L, at - 1);
}

static bool has_distance(corm_bound bound) {
  return bound == CORM_BOUND_PRECEDING || bound == CORM_BOUND_FOLLOWING;
}

static const corm_node *frame_in(corm_arena *arena, const frame_arg *frame) {
  if (frame->node) return frame->node;
  const corm_node *distances[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    if (has_distance(frame->bounds[i])) distances[i] = corm_bind_in(arena, NULL, NULL, &frame->distances[i]);
    if (has_distance(frame->bounds[i]) && !distances[i]) return NULL;
  }
  return corm_frame_in(arena, frame->bounds[0], distances[0], frame->bounds[1], distances[1]);
}

static corm_bound check_bound(lua_State *L, int arg) {
  static const char *const names[] = {"UNBOUNDED", "PRECEDING", "CURRENT", "FOLLOWING"};
  if (lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "FrameClause: a member of corm.FrameClauseType expected, got %s",
                  binding_typename(L, arg));
  for (size_t i = 0; i < 4; i++) {
    if (strcmp(lua_tostring(L, arg), names[i]) == 0) return (corm_bound)i;
  }
  binding_unknown(L, "member", "FrameClauseType", lua_tostring(L, arg), names, 4);
  return CORM_BOUND_CURRENT;
}

/* FrameClause(start, end, start_frame_type, end_frame_type): bounds that are no whole numbers. */
static int frame_clause(lua_State *L) {
  lua_settop(L, 4);
  corm_bound bounds[2] = {check_bound(L, 3), check_bound(L, 4)};
  binding_arg args[2] = {{.room = 0}, {.room = 0}};
  check_order(L, bounds[0], bounds[1], "FrameClause");
  for (int i = 0; i < 2; i++) {
    if (has_distance(bounds[i]) == binding_is_null(L, i + 1))
      binding_error(L, CORM_E_ARGUMENT, "FrameClause: PRECEDING and FOLLOWING have a distance, the others have nil");
    if (has_distance(bounds[i])) binding_arg_read(L, i + 1, NULL, "FrameClause", &args[i]);
  }
  const corm_node *node, *distances[2] = {NULL, NULL};
  int kept = push_kept(L);
  lua_pushvalue(L, 2);
  keep(L, kept);
  binding_build b;
  start(&b, L, BINDING_ROOM(corm_window_frame) + args[0].room + args[1].room);
  do {
    for (int i = 0; i < 2; i++)
      distances[i] = has_distance(bounds[i]) ? binding_arg_in(&b.arena, &args[i], NULL) : NULL;
    node = b.arena.failed ? NULL : corm_frame_in(&b.arena, bounds[0], distances[0], bounds[1], distances[1]);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  return 1;
}

/* -- over ---------------------------------------------------------------------------------------------------------- */

static corm_frame_unit read_unit(lua_State *L, int options, int kept, frame_arg *out) {
  static const char *const names[] = {NULL, "rows", "range_", "groups"};
  corm_frame_unit unit = CORM_FRAME_NONE;
  for (int i = CORM_FRAME_ROWS; options && i <= CORM_FRAME_GROUPS; i++) {
    if (!binding_opt_push(L, options, names[i])) continue;
    lua_pop(L, 1);
    if (unit != CORM_FRAME_NONE)
      binding_error(L, CORM_E_ARGUMENT, "over: only one of rows, range_ and groups can be given");
    unit = (corm_frame_unit)i;
  }
  if (unit != CORM_FRAME_NONE) read_frame(L, options, names[unit], kept, out);
  return unit;
}

static corm_exclude read_exclude(lua_State *L, int options, corm_frame_unit unit) {
  static const char *const names[] = {"CURRENT ROW", "GROUP", "TIES", "NO OTHERS"};
  const char *word = options ? binding_opt_string(L, options, "exclude", NULL) : NULL;
  if (!word) return CORM_EXCLUDE_NONE;
  if (unit == CORM_FRAME_NONE) binding_error(L, CORM_E_ARGUMENT, "over: exclude needs a frame: rows, range_ or groups");
  for (size_t i = 0; i < 4; i++) {
    if (strcmp(word, names[i]) == 0) return (corm_exclude)(i + 1);
  }
  binding_unknown(L, "exclusion", "over", word, names, 4);
  return CORM_EXCLUDE_NONE;
}

static int over(lua_State *L) {
  static const binding_option_spec specs[] = {{"partition_by", BINDING_OPT_ANY}, {"order_by", BINDING_OPT_ANY},
                                              {"rows", BINDING_OPT_ANY},         {"range_", BINDING_OPT_ANY},
                                              {"groups", BINDING_OPT_ANY},       {"exclude", BINDING_OPT_STRING}};
  binding_state *state = binding_get(L);
  const corm_node *element = checkcall(L, "over"), *node;
  lua_settop(L, 2);
  int options = lua_isnil(L, 2) ? 0 : 2;
  if (options) binding_check_options(L, 2, "over", specs, 6);
  items partition, order;
  frame_arg frame = {.node = NULL};
  int kept = push_kept(L);
  corm_arena *scratch = binding_scratch(L, state);
  read_option(L, options, "partition_by", kept, scratch, &partition);
  read_option(L, options, "order_by", kept, scratch, &order);
  corm_frame_unit unit = read_unit(L, options, kept, &frame);
  corm_exclude exclude = read_exclude(L, options, unit);
  binding_build b;
  start(&b, L,
        BINDING_ROOM(corm_over) + list_room(&partition) + list_room(&order) +
            (unit ? BINDING_ROOM(corm_window_frame) + 2 * (BINDING_ROOM(corm_bind) + 32) : 0));
  do {
    corm_over parts = {.element = element, .unit = (uint8_t)unit, .exclude = (uint8_t)exclude};
    parts.partition_by = list_in(&b.arena, &partition);
    parts.order_by = list_in(&b.arena, &order);
    if (unit) parts.frame = (const corm_window_frame *)frame_in(&b.arena, &frame);
    node = b.arena.failed ? NULL : corm_over_in(&b.arena, &parts);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- aggregates ---------------------------------------------------------------------------------------------------- */

/* filter(condition, ...): without one, the function itself. */
static int filter(lua_State *L) {
  binding_state *state = binding_get(L);
  const corm_node *element = checkcall(L, "filter"), *node;
  int last = lua_gettop(L);
  if (last == 1) return 1;
  int kept = push_kept(L);
  corm_arena *scratch = binding_scratch(L, state);
  items conditions;
  room_for(L, scratch, (size_t)(last - 1), &conditions);
  for (int i = 2; i <= last; i++) {
    conditions.nodes[i - 2] = binding_checkcondition(L, i, "filter");
    lua_pushvalue(L, i);
    keep(L, kept);
  }
  binding_build b;
  start(&b, L, BINDING_ROOM(corm_filter) + 2 * list_room(&conditions));
  do {
    bool full = false;
    for (size_t i = 0; i < conditions.n && !full; i++)
      full = !(conditions.made[i] = binding_scalar_in(&b.arena, conditions.nodes[i]));
    const corm_node *criterion = full ? NULL
                                 : conditions.n > 1
                                     ? corm_and_or_in(&b.arena, CORM_OP_AND, conditions.made, conditions.n)
                                     : conditions.made[0];
    node = criterion ? corm_filter_in(&b.arena, element, criterion) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static const corm_node *ordered_in(corm_arena *arena, corm_node_kind kind, const corm_node *element,
                                   const corm_node *order_by) {
  if (!order_by) return NULL;
  if (kind == CORM_NODE_WITHIN_GROUP) return corm_within_group_in(arena, element, order_by);
  return corm_ordered_in(arena, kind, element, order_by);
}

/* The element at 1, which is a node or the value in *value, ordered by what follows it. */
static int ordered(lua_State *L, corm_node_kind kind, const corm_node *element, const binding_arg *value, int last,
                   const char *what) {
  binding_state *state = binding_get(L);
  if (last < 2) binding_error(L, CORM_E_ARGUMENT, "%s: what to order by expected", what);
  const corm_node *node;
  int kept = push_kept(L);
  corm_arena *scratch = binding_scratch(L, state);
  items order;
  read_range(L, 2, last, kept, scratch, what, &order);
  binding_build b;
  start(&b, L, 2 * BINDING_ROOM(corm_ordered) + list_room(&order) + (value ? value->room : 0));
  do {
    const corm_node *target = value ? binding_arg_in(&b.arena, value, NULL) : element;
    node = target ? ordered_in(&b.arena, kind, target, list_in(&b.arena, &order)) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, kept);
  binding_scratch_done(L, state, scratch);
  return 1;
}

static int within_group(lua_State *L) {
  const corm_node *element = checkcall(L, "within_group");
  return ordered(L, CORM_NODE_WITHIN_GROUP, element, NULL, lua_gettop(L), "within_group");
}

static int aggregate_order_by(lua_State *L) {
  const corm_node *element = binding_checknode(L, 1, "aggregate_order_by");
  if (element->kind != CORM_NODE_FUNCTION)
    binding_error(L, CORM_E_ARGUMENT,
                  "aggregate_order_by: an aggregate such as corm.func.array_agg(x) expected before it; FILTER and OVER "
                  "come after it");
  return ordered(L, CORM_NODE_AGGREGATE_ORDER, element, NULL, lua_gettop(L), "aggregate_order_by");
}

/* PostgreSQL's: x ORDER BY y as an argument. */
static int argument_order_by(lua_State *L) {
  binding_arg target;
  int last = lua_gettop(L);
  if (last < 1) binding_error(L, CORM_E_ARGUMENT, "aggregate_order_by: an expression expected");
  binding_arg_read(L, 1, NULL, "aggregate_order_by", &target);
  return ordered(L, CORM_NODE_ARGUMENT_ORDER, NULL, &target, last, "aggregate_order_by");
}

/* as_comparison(left, right): the function compares these two of its arguments. */
static int as_comparison(lua_State *L) {
  const corm_node *element = binding_checknode(L, 1, "as_comparison"), *node;
  if (element->kind != CORM_NODE_FUNCTION)
    binding_error(L, CORM_E_ARGUMENT, "as_comparison: a function such as corm.func.f(a, b) expected before it");
  lua_Integer places[2];
  const corm_function *function = (const corm_function *)element;
  lua_Integer most = function->nargs < 255 ? function->nargs : 255;
  for (int i = 0; i < 2; i++) {
    places[i] = lua_isinteger(L, i + 2) ? lua_tointeger(L, i + 2) : 0;
    if (places[i] < 1 || places[i] > most)
      binding_error(L, CORM_E_ARGUMENT, "as_comparison: the places of two arguments expected, from 1 to %d", (int)most);
  }
  binding_build b;
  start(&b, L, BINDING_ROOM(corm_unary));
  do node = corm_as_comparison_in(&b.arena, function, (unsigned)places[0], (unsigned)places[1]);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

static void set_frame_types(lua_State *L, int module) {
  static const char *const names[] = {"UNBOUNDED", "CURRENT", "PRECEDING", "FOLLOWING"};
  lua_createtable(L, 0, 4);
  for (size_t i = 0; i < 4; i++) {
    lua_pushstring(L, names[i]);
    lua_setfield(L, -2, names[i]);
  }
  lua_setfield(L, module, "FrameClauseType");
}

void binding_open_window(lua_State *L) {
  static const luaL_Reg methods[] = {{"over", over},
                                     {"filter", filter},
                                     {"within_group", within_group},
                                     {"aggregate_order_by", aggregate_order_by},
                                     {"as_comparison", as_comparison},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"over", over},
                                       {"funcfilter", filter},
                                       {"within_group", within_group},
                                       {"aggregate_order_by", aggregate_order_by},
                                       {"FrameClause", frame_clause},
                                       {NULL, NULL}};
  int module = lua_gettop(L);
  binding_add_methods(L, BINDING_EXPRESSION, methods);
  binding_setfuncs(L, functions);
  set_frame_types(L, module);
  if (lua_getfield(L, module, "dialects") == LUA_TTABLE) {
    lua_getfield(L, -1, "postgresql");
    binding_pushfunction(L, argument_order_by);
    lua_setfield(L, -2, "aggregate_order_by");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}
