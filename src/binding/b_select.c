/* corm.select and its generative methods. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_bundle.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/froms.h"

#define ROOM_SELECT   CORM_ARENA_ROUND(sizeof(corm_select))
#define ROOM_ARRAY(n) CORM_ARENA_ROUND((size_t)(n) * sizeof(void *))

static const corm_select *check_select(lua_State *L, const char *method) {
  return (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, method)->base.node;
}

const corm_select *binding_checkordered(lua_State *L, const char *method) {
  const corm_select *select = binding_checkselectable(L, method);
  return select->base.kind == CORM_NODE_TEXTUAL ? check_select(L, method) : select;
}

static corm_select *copy_in(corm_arena *arena, const corm_select *old) {
  corm_select *copy = corm_arena_alloc(arena, sizeof *copy);
  if (copy) *copy = *old;
  return copy;
}

/* -- the select list ----------------------------------------------------------------------------------------------- */

static const corm_node *number_in(lua_State *L, int arg, corm_arena *arena) {
  char text[64];
  int len;
  if (lua_isinteger(L, arg)) {
    len = snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, arg));
    return corm_literal_column_in(arena, text, (size_t)len, corm_type_default(CORM_TYPE_INTEGER));
  }
  corm_value value = corm_value_real(lua_tonumber(L, arg));
  return corm_bind_in(arena, NULL, NULL, &value);
}

const corm_node *binding_column_item_in(lua_State *L, int arg, corm_arena *arena, const char *what) {
  const corm_node *node = binding_tonode(L, arg), *named = binding_tonamed(L, arg);
  if (node) {
    if (node->kind == CORM_NODE_JOIN || node->kind == CORM_NODE_INSERT || node->kind == CORM_NODE_UPDATE ||
        node->kind == CORM_NODE_DELETE)
      binding_error(L, CORM_E_ARGUMENT, "%s: columns, tables or mapped classes expected, got %s", what,
                    binding_typename(L, arg));
    if (node->kind == CORM_NODE_BUNDLE || node->kind == CORM_NODE_COLUMN) return named;
    binding_check_single(L, node, what);
    return named != node ? named : binding_scalar_in(arena, node);
  }
  switch (lua_type(L, arg)) {
  case LUA_TNUMBER: return number_in(L, arg, arena);
  case LUA_TNIL: return corm_constant_in(arena, CORM_CONSTANT_NULL);
  case LUA_TSTRING:
    if (strcmp(binding_name_at(L, arg), "*") == 0) return corm_constant_in(arena, CORM_CONSTANT_STAR);
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: a column expected, got the string '%.60s'; raw SQL is written corm.text(\"...\") or "
                  "corm.literal_column(\"...\")",
                  what, lua_tostring(L, arg));
    break;
  case LUA_TBOOLEAN: binding_checkcondition(L, arg, what); break;
  default: break;
  }
  binding_error(L, CORM_E_ARGUMENT, "%s: a column, table or mapped class expected, got %s", what,
                binding_typename(L, arg));
  return NULL;
}

/* The old items and those of the arguments first..last in one array; NULL when the arena is full. */
static const corm_node *const *items_in(lua_State *L, corm_arena *arena, const corm_node *const *old, uint32_t nold,
                                        int first, int last, const char *what) {
  const corm_node **items = corm_arena_alloc(arena, (nold + (size_t)(last - first + 1)) * sizeof *items);
  if (!items) return NULL;
  if (nold) memcpy(items, old, nold * sizeof *items);
  for (int i = first; i <= last; i++) {
    const corm_node *item = binding_column_item_in(L, i, arena, what);
    if (!item) return NULL;
    items[nold + (uint32_t)(i - first)] = item;
  }
  return items;
}

static size_t items_room(uint32_t nold, int n) {
  return ROOM_ARRAY(nold + (uint32_t)n) + (size_t)n * 16;
}

static int select_call(lua_State *L) {
  int n = lua_gettop(L);
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT + items_room(0, n), n);
  do {
    select = corm_arena_zalloc(&b.arena, 1, sizeof *select);
    if (!select) continue;
    select->base.kind = CORM_NODE_SELECT;
    select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
    select->columns = items_in(L, &b.arena, NULL, 0, 1, n, "select");
    select->ncolumns = (uint32_t)n;
    if (!select->columns) select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_built(&b, NULL, 1, n);
  return 1;
}

static int columns_method(lua_State *L, bool replace, const char *method) {
  const corm_select *old = check_select(L, method);
  int last = lua_gettop(L);
  uint32_t kept = replace ? 0 : old->ncolumns;
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT + items_room(kept, last - 1), last - 1);
  do {
    select = copy_in(&b.arena, old);
    if (!select) continue;
    select->columns = items_in(L, &b.arena, old->columns, kept, 2, last, method);
    select->ncolumns = kept + (uint32_t)(last - 1);
    if (!select->columns) select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 2, last);
  if (replace) ((binding_stmt *)lua_touserdata(L, -1))->base.head.flags |= BINDING_STMT_REPLACED;
  return 1;
}

static int select_add_columns(lua_State *L) {
  return columns_method(L, false, "add_columns");
}

int binding_select_with_only_columns(lua_State *L) {
  return columns_method(L, true, "with_only_columns");
}

/* -- ORDER BY, GROUP BY -------------------------------------------------------------------------------------------- */

/* A selected column or label of that name; strings name nothing else. */
static const corm_node *named_item(const corm_node *const *items, uint32_t n, const char *name) {
  for (uint32_t i = 0; i < n; i++) {
    const corm_node *item = items[i], *found = NULL;
    if (item->kind == CORM_NODE_LABEL) {
      const char *label = ((const corm_label *)item)->name;
      if (label && strcmp(label, name) == 0) found = item;
    } else if (item->kind == CORM_NODE_COLUMN) {
      const corm_column_node *column = (const corm_column_node *)item;
      if (strcmp(column->key, name) == 0 || (column->name && strcmp(column->name, name) == 0)) found = item;
    } else if (item->kind == CORM_NODE_BUNDLE) {
      found = named_item(((const corm_bundle *)item)->columns, ((const corm_bundle *)item)->n, name);
    }
    if (found) return found;
  }
  return NULL;
}

/* The selected column of that name; a label is grouped by its name, as it is ordered by. */
static const corm_node *string_item_in(lua_State *L, const char *name, corm_arena *arena, const corm_select *select,
                                       bool group, const char *what) {
  const corm_node *compound = select->base.kind == CORM_NODE_COMPOUND ? &select->base : NULL;
  select = corm_select_leader(select);
  const corm_node *item = named_item(select->columns, select->ncolumns, name);
  for (uint32_t i = 0; i < select->ncolumns && !item; i++) {
    const corm_node *from = binding_node_from(select->columns[i]);
    item = from ? corm_from_column_in(arena, from, name) : NULL;
    if (arena->failed) return NULL;
  }
  if (!item && compound) item = corm_selectable_column_in(arena, compound, name); /* the second `n` is `n_1` there */
  if (!item && !arena->failed)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: '%.60s' is no label or column of the select; raw SQL is written corm.text(\"...\")", what, name);
  return group && item && item->kind == CORM_NODE_LABEL ? corm_name_in(arena, name, item->type) : item;
}

static const corm_node *order_item_in(lua_State *L, int arg, corm_arena *arena, const corm_select *select, bool group,
                                      const char *what) {
  if (lua_type(L, arg) == LUA_TSTRING) return string_item_in(L, binding_name_at(L, arg), arena, select, group, what);
  const corm_node *item = binding_scalar_in(arena, binding_checkcondition(L, arg, what));
  corm_op ops[8];
  size_t n = 0;
  const corm_node *inner = item;
  while (inner && inner->kind == CORM_NODE_UNARY && (corm_ops[inner->op].flags & CORM_OP_POSTFIX)) {
    if (n < 8) ops[n] = (corm_op)inner->op;
    n++;
    inner = ((const corm_unary *)inner)->operand;
  }
  if (!inner || n > 8 || inner->kind != CORM_NODE_COLUMN || !(inner->flags & CORM_COLUMN_REFERENCE)) return item;
  item = string_item_in(L, ((const corm_column_node *)inner)->name, arena, select, group, what);
  while (item && n > 0) item = corm_unary_in(arena, ops[--n], item);
  return item;
}

/* What stands for several columns: a Bundle or a composite, where they are grouped also a class or a FROM. */
typedef struct several {
  const corm_bundle *bundle; /* or NULL */
  const corm_node *from;     /* or NULL */
  uint32_t n;
} several;

static several several_at(lua_State *L, int arg, bool group) {
  const corm_node *node = group || lua_type(L, arg) == LUA_TTABLE ? binding_tonode(L, arg) : NULL;
  if (!node) return (several){.n = 1};
  const corm_bundle *bundle =
      group && node->kind == CORM_NODE_BUNDLE ? (const corm_bundle *)node : binding_as_columns(node);
  if (bundle) return (several){.bundle = bundle, .n = bundle->n};
  const corm_node *from = group ? binding_node_from(node) : NULL;
  if (!from) return (several){.n = 1};
  several all = {.from = from};
  while (binding_from_key(from, all.n)) all.n++;
  return all.n ? all : (several){.n = 1};
}

static const corm_node *column_of_several_in(corm_arena *arena, const several *all, uint32_t i) {
  return all->bundle ? all->bundle->columns[i] : corm_from_column_in(arena, all->from, binding_from_key(all->from, i));
}

/* The items at 2 .. last behind `made`; false when the arena is full. */
static bool order_items_in(lua_State *L, int last, corm_arena *arena, const corm_select *select, bool group,
                           const corm_node **made, const char *method) {
  for (int i = 2; i <= last; i++) {
    const several all = several_at(L, i, group);
    const bool one = !all.bundle && !all.from;
    for (uint32_t k = 0; k < all.n; k++) {
      *made = one ? order_item_in(L, i, arena, select, group, method) : column_of_several_in(arena, &all, k);
      if (!*made++) return false;
    }
  }
  return true;
}

/* order_by(...) and group_by(...): appends; a single nil empties the list. */
static int order_method(lua_State *L, bool group, const char *method) {
  const corm_select *old = binding_checkordered(L, method);
  int last = lua_gettop(L);
  bool reset = last == 2 && lua_isnil(L, 2);
  if (reset) last = 1;
  const corm_node *const *items = group ? old->group_by : old->order_by;
  uint32_t kept = reset ? 0 : group ? old->ngroup_by : old->norder_by, n = kept;
  for (int i = 2; i <= last; i++) n += several_at(L, i, group).n;
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT + items_room(n, last - 1) + 64, last - 1);
  do {
    select = copy_in(&b.arena, old);
    const corm_node **made = corm_arena_alloc(&b.arena, n * sizeof *made);
    if (!select || !made) continue;
    if (kept) memcpy(made, items, kept * sizeof *made);
    if (!order_items_in(L, last, &b.arena, old, group, made + kept, method)) select = NULL;
    if (!select) continue;
    *(group ? &select->group_by : &select->order_by) = made;
    *(group ? &select->ngroup_by : &select->norder_by) = n;
  } while (binding_build_again(&b, select && !b.arena.failed ? &select->base : NULL));
  binding_statement_built(&b, lua_touserdata(L, 1), 2, last);
  return 1;
}

static int select_order_by(lua_State *L) {
  return order_method(L, false, "order_by");
}

static int select_group_by(lua_State *L) {
  return order_method(L, true, "group_by");
}

/* -- HAVING, LIMIT, OFFSET, DISTINCT ------------------------------------------------------------------------------- */

static int select_having(lua_State *L) {
  const corm_select *old = check_select(L, "having");
  int last = lua_gettop(L);
  const corm_node *few[BINDING_FEW], *const *added = binding_checkconditions(L, 2, last, "having", few);
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT + 128 + ROOM_ARRAY(last), last - 1);
  do {
    select = copy_in(&b.arena, old);
    if (select && !(select->having = binding_conjunction_in(&b.arena, old->having, added, (size_t)(last - 1))))
      select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 2, last);
  return 1;
}

bool binding_row_count(lua_State *L, int arg, const char *what, corm_value *out) {
  if (binding_tonode(L, arg)) return false;
  int is_integer = 0;
  lua_Integer n = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &is_integer) : -1;
  if (!is_integer || n < 0)
    binding_error(L, CORM_E_ARGUMENT, "%s: a whole number, 0 or more, expected, got %s", what,
                  lua_type(L, arg) == LUA_TNUMBER ? lua_tostring(L, arg) : binding_typename(L, arg));
  *out = corm_value_int(n);
  return true;
}

static const corm_select_extra *without_fetch_in(corm_arena *arena, const corm_select_extra *old) {
  corm_select_extra *extra = corm_arena_alloc(arena, sizeof *extra);
  if (!extra) return NULL;
  *extra = *old;
  extra->fetch = extra->with_ties = extra->percent = false;
  return extra;
}

static int row_count_method(lua_State *L, bool offset, const char *method) {
  const corm_select *old = binding_checkordered(L, method);
  corm_value value = {.kind = CORM_NULL};
  if (!lua_isnoneornil(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "%s: one number of rows expected; limit(n) and offset(n) are two calls",
                         method);
  lua_settop(L, 2);
  const bool none = lua_isnil(L, 2), is_value = !none && binding_row_count(L, 2, method, &value);
  const corm_node *given = is_value || none ? NULL : binding_checkvalue(L, 2, method);
  binding_build b;
  corm_select *select;
  bool fetches = !offset && old->extra && old->extra->fetch;
  size_t room = fetches ? CORM_ARENA_ROUND(sizeof(corm_select_extra)) : 0;
  binding_statement_start(&b, L, room + ROOM_SELECT + BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(8), 1);
  do {
    select = copy_in(&b.arena, old);
    const corm_node *count = given;
    if (is_value) count = corm_bind_in(&b.arena, NULL, corm_type_default(CORM_TYPE_INTEGER), &value);
    if (given) count = binding_scalar_in(&b.arena, given);
    if (select) *(offset ? &select->offset : &select->limit) = count;
    if (fetches && select) select->extra = without_fetch_in(&b.arena, old->extra);
  } while (binding_build_again(&b, b.arena.failed ? NULL : &select->base));
  binding_statement_built(&b, lua_touserdata(L, 1), 2, is_value ? 1 : 2);
  return 1;
}

static int select_limit(lua_State *L) {
  return row_count_method(L, false, "limit");
}

static int select_offset(lua_State *L) {
  return row_count_method(L, true, "offset");
}

static int select_distinct(lua_State *L) {
  const corm_select *old = check_select(L, "distinct");
  if (lua_gettop(L) > 1) return binding_select_distinct_on(L);
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT, 0);
  do {
    select = copy_in(&b.arena, old);
    if (select) select->distinct = true;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 1, 0);
  return 1;
}

/* -- as a value ---------------------------------------------------------------------------------------------------- */

static int select_scalar_subquery(lua_State *L) {
  const corm_select *select = binding_checkselectable(L, "scalar_subquery");
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), BINDING_ROOM(corm_subselect), 1);
  do node = corm_scalar_subquery_in(&b.arena, select);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* label(name): the scalar subquery under that name. */
static int select_label(lua_State *L) {
  lua_settop(L, 2);
  binding_check_scalar(L, &binding_checkselectable(L, "label")->base, "label");
  select_scalar_subquery(L);
  lua_getfield(L, -1, "label");
  lua_insert(L, -2);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

int binding_push_exists(lua_State *L, const corm_select *select, int anchor) {
  anchor = lua_absindex(L, anchor);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_unary) + BINDING_ROOM(corm_subselect) + 32, 1);
  do node = corm_exists_in(&b.arena, select);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, anchor);
  return 1;
}

static int select_exists(lua_State *L) {
  return binding_push_exists(L, binding_checkselectable(L, "exists"), 1);
}

/* exists(select), or exists(columns...) for a select of them (of * without any). */
static int exists_call(lua_State *L) {
  if (lua_gettop(L) == 1 && binding_push_query_statement(L, 1)) lua_replace(L, 1);
  const corm_node *node = lua_gettop(L) == 1 ? binding_tonode(L, 1) : NULL;
  if (node && corm_as_select(node)) return binding_push_exists(L, corm_as_select(node), 1);
  if (node && node->kind == CORM_NODE_SCALAR_SUBQUERY)
    return binding_push_exists(L, ((const corm_subselect *)node)->select, 1);
  if (lua_gettop(L) == 0) lua_pushliteral(L, "*");
  select_call(L);
  return binding_push_exists(L, (const corm_select *)binding_tonode(L, -1), -1);
}

void binding_open_select(lua_State *L) {
  static const luaL_Reg methods[] = {{"add_columns", select_add_columns},
                                     {"with_only_columns", binding_select_with_only_columns},
                                     {"order_by", select_order_by},
                                     {"group_by", select_group_by},
                                     {"having", select_having},
                                     {"limit", select_limit},
                                     {"offset", select_offset},
                                     {"distinct", select_distinct},
                                     {"subquery", binding_select_subquery},
                                     {"alias", binding_select_subquery},
                                     {"lateral", binding_select_lateral},
                                     {"scalar_subquery", select_scalar_subquery},
                                     {"as_scalar", select_scalar_subquery},
                                     {"label", select_label},
                                     {"exists", select_exists},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"select", select_call}, {"exists", exists_call}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  binding_setfuncs(L, functions);
  binding_open_join(L);
  binding_open_select_extra(L);
  binding_open_select_inspect(L);
  binding_open_correlate(L);
}
