/* FROM clauses: alias() and join() of tables, what FROM userdata can do, and their columns by name. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/criteria.h"
#include "sql/froms.h"

/* -- making them --------------------------------------------------------------------------------------------------- */

/* Pushes element AS name for the value at 1; the name is at 2 or absent. */
static int push_alias(lua_State *L, const corm_node *element, bool lateral, const char *what) {
  corm_error err;
  corm_error_init(&err);
  const char *name = NULL;
  size_t len = 0;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TSTRING) return binding_error(L, CORM_E_ARGUMENT, "%s: a name expected", what);
    name = lua_tolstring(L, 2, &len);
    if (corm_identifier_check(name, len, "alias", &err) != CORM_OK) return binding_raise(L, &err);
  }
  const corm_node *valued = binding_tonode(L, 1);
  if (valued && corm_as_table_valued(valued)) {
    binding_push_valued_alias(L, corm_as_table_valued(valued), name, corm_as_table_valued(valued));
    return 1;
  }
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), BINDING_ROOM(corm_table_valued) + CORM_ROOM_TEXT(len),
                      BINDING_FROM_SLOTS);
  do node = lateral ? corm_lateral_in(&b.arena, element, name) : corm_alias_in(&b.arena, element, name);
  while (binding_build_again(&b, node));
  binding_anchor(L, BINDING_FROM_PARTS, 1);
  return 1;
}

static int from_alias(lua_State *L) {
  const corm_node *from = binding_checkfrom(L, 1, "alias");
  if (from->kind == CORM_NODE_JOIN) return binding_error(L, CORM_E_ARGUMENT, "alias: a join has no alias");
  bool again = from->kind == CORM_NODE_ALIAS && !((const corm_alias *)from)->cte; /* the same once more */
  return push_alias(L, again ? ((const corm_alias *)from)->element : from, false, "alias");
}

int binding_select_subquery(lua_State *L) {
  return push_alias(L, &binding_checkselectable(L, "subquery")->base, false, "subquery");
}

int binding_select_lateral(lua_State *L) {
  if (binding_test(L, 1, BINDING_FROM)) return binding_values_lateral(L);
  return push_alias(L, &binding_checkselectable(L, "lateral")->base, true, "lateral");
}

/* Along the relationship at 3, from a class in `left` to the FROM at 2; pushes what keeps the nodes. */
static void read_relationship(lua_State *L, const corm_node *left, bool outer, const char *what,
                              binding_relation_join *out) {
  const binding_orm_hooks *orm = binding_get(L)->orm;
  if (!orm) binding_error(L, CORM_E_ARGUMENT, "%s: relationships are not open", what);
  orm->join(L, 3, 2, outer, out);
  corm_arena *arena = binding_scratch(L, binding_get(L));
  const bool fits = corm_from_contains(arena, left, corm_from_leftmost(out->left));
  binding_scratch_done(L, binding_get(L), arena);
  lua_pop(L, 1);
  if (!fits)
    binding_error(L, CORM_E_ARGUMENT, "%s: the relationship starts from '%s', which is not on the left", what,
                  corm_from_name(out->left));
}

static corm_status join_in(corm_arena *arena, const corm_node *left, const binding_relation_join *along, bool outer,
                           bool full, const corm_node **out, corm_error *err) {
  const corm_node *on = along->on;
  *out = NULL;
  if (!on && corm_join_condition_in(arena, left, along->right, &on, err) != CORM_OK) return CORM_FAILED;
  if (along->secondary) left = corm_join_in(arena, left, along->secondary, along->secondary_on, false, false);
  *out = left ? corm_join_in(arena, left, along->right, on, outer, full) : NULL;
  return CORM_OK;
}

/* join(left, right [, on or relationship] [, { isouter, full }]) */
static int join(lua_State *L, bool outer) {
  static const binding_option_spec specs[] = {{"isouter", BINDING_OPT_BOOL}, {"full", BINDING_OPT_BOOL}};
  const char *what = outer ? "outerjoin" : "join";
  const corm_node *left = binding_checkfrom(L, 1, what), *node;
  binding_relation_join along = {.right = binding_checkfrom(L, 2, what)};
  const int top = lua_gettop(L), options = top > 2 && binding_is_plain_table(L, top) ? top : 0;
  if (options) binding_check_options(L, options, what, specs, 2);
  const bool full = options && binding_opt_bool(L, options, "full", false);
  if (options) outer = binding_opt_bool(L, options, "isouter", outer);
  lua_pushnil(L);
  if (options != 3 && binding_test(L, 3, BINDING_RELATIONSHIP)) {
    read_relationship(L, left, outer || full, what, &along);
    lua_replace(L, top + 1);
  } else if (options != 3 && !lua_isnoneornil(L, 3)) {
    along.on = binding_checkcondition(L, 3, what);
  }
  corm_error err;
  corm_error_init(&err);
  corm_status status;
  binding_build b;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), 2 * BINDING_ROOM(corm_join) + (along.on ? 0 : 256),
                      BINDING_FROM_SLOTS);
  do {
    status = join_in(&b.arena, left, &along, outer, full, &node, &err);
    if (status != CORM_OK && b.arena.failed) corm_error_clear(&err);
  } while (binding_build_again(&b, node));
  if (!node) return binding_raise(L, &err);
  lua_createtable(L, 4, 0);
  for (int i = 1; i <= top + 1; i++) {
    if (i == options || lua_isnil(L, i)) continue;
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  lua_setiuservalue(L, -2, BINDING_FROM_PARTS);
  return 1;
}

static int from_join(lua_State *L) {
  return join(L, false);
}

static int from_outerjoin(lua_State *L) {
  return join(L, true);
}

const luaL_Reg binding_from_methods[] = {{"alias", from_alias},
                                         {"join", from_join},
                                         {"outerjoin", from_outerjoin},
                                         {"compile", binding_compile_method},
                                         {NULL, NULL}};

/* -- t.c of a FROM ------------------------------------------------------------------------------------------------- */

/*
 * The table behind `c`: columns are made when first asked for and kept in it, by key and, once all are there, by
 * position. The table holds its FROM under a key that no script has: the address of this variable.
 */
static const char from_key;
static const char keys_key;   /* of the keys of an aliased select, a sequence */
static const char filled_key; /* true: an aliased select's columns are all there */

/* Subqueries of subqueries are looked into so far: what is deeper has no SQL either. */
#define DEEPEST 60

static const char *nth_key(const corm_node *node, int depth, size_t *n);

static const char *nth_of(const corm_node *const *nodes, uint32_t count, int depth, size_t *n) {
  const char *key = NULL;
  for (uint32_t i = 0; i < count && !key; i++) key = nth_key(nodes[i], depth, n);
  return key;
}

/* The key of the n-th named column (from 0); NULL when there are fewer, and *n is what is left over. */
static const char *nth_key(const corm_node *node, int depth, size_t *n) {
  const char *key = NULL;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_TABLE: {
    const corm_vec *columns = &((const corm_table_node *)node)->table->columns;
    if (*n < columns->len) return ((const corm_column *)columns->items[*n])->key;
    *n -= columns->len;
    return NULL;
  }
  case CORM_NODE_ALIAS: {
    const corm_table_valued *valued = corm_as_table_valued(node);
    if (!valued) return nth_key(((const corm_alias *)node)->element, depth, n);
    if (*n < valued->ncolumns) return valued->columns[*n].key;
    *n -= valued->ncolumns;
    return NULL;
  }
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL: {
    const corm_select *select = corm_select_leader((const corm_select *)node);
    return depth < DEEPEST ? nth_of(select->columns, select->ncolumns, depth + 1, n) : NULL;
  }
  case CORM_NODE_INSERT:
    return nth_of(((const corm_insert *)node)->returning, ((const corm_insert *)node)->nreturning, depth, n);
  case CORM_NODE_UPDATE:
    return nth_of(((const corm_update *)node)->returning, ((const corm_update *)node)->nreturning, depth, n);
  case CORM_NODE_DELETE:
    return nth_of(((const corm_delete_node *)node)->returning, ((const corm_delete_node *)node)->nreturning, depth, n);
  case CORM_NODE_BUNDLE: return nth_of(((const corm_bundle *)node)->columns, ((const corm_bundle *)node)->n, depth, n);
  case CORM_NODE_COLUMN: key = ((const corm_column_node *)node)->key; break;
  case CORM_NODE_LABEL: key = ((const corm_label *)node)->name; break;
  default: break;
  }
  if (!key) return NULL;
  if (*n == 0) return key;
  --*n;
  return NULL;
}

const char *binding_from_key(const corm_node *from, size_t at) {
  return nth_key(from, 0, &at);
}

void binding_push_select_keys(lua_State *L, const corm_select *select) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  const char *const *keys;
  uint32_t n;
  corm_arena *arena = binding_scratch(L, state);
  if (corm_select_keys_in(arena, &select->base, &keys, &n, &err) != CORM_OK) binding_raise(L, &err);
  lua_createtable(L, (int)n, 0);
  lua_Integer count = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!keys[i]) continue;
    lua_pushstring(L, keys[i]);
    lua_rawseti(L, -2, ++count);
  }
  binding_scratch_done(L, state, arena);
  lua_remove(L, -2);
}

/* Pushes the column of the FROM, which lives in the value at `anchor`, or nil. */
void binding_push_from_column(lua_State *L, const corm_node *owner, const char *key, int anchor) {
  const corm_node *node;
  binding_build b;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_column_node) + CORM_ROOM_TEXT(strlen(key)), 1);
  do node = corm_from_column_in(&b.arena, owner, key);
  while (binding_build_again(&b, node));
  if (node) {
    binding_anchor(L, 1, anchor);
  } else {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

/* Those whose keys are their own first, since numbered ones give way to them; of several the first. */
static void fill_columns(lua_State *L, int table, const corm_from_column *columns, uint32_t n, bool exact) {
  for (uint32_t i = 0; i < n; i++) {
    if (columns[i].exact != exact) continue;
    lua_pushstring(L, columns[i].key);
    if (lua_rawget(L, table) == LUA_TNIL) {
      lua_pushstring(L, columns[i].key);
      binding_push_node(L, columns[i].node, table);
      lua_rawset(L, table);
    }
    lua_pop(L, 1);
  }
}

/* One pass makes all columns, in scratch that is not given back: the table keeps it, and each column keeps the table.
 */
void binding_fill_from_columns(lua_State *L, int table, const corm_node *from) {
  static const char nodes_key;
  table = lua_absindex(L, table);
  luaL_checkstack(L, 8, "c");
  corm_error err;
  corm_error_init(&err);
  corm_from_column *columns;
  uint32_t n;
  corm_arena *arena = binding_scratch(L, binding_get(L));
  if (corm_from_columns_in(arena, from, &columns, &n, &err) != CORM_OK) binding_raise(L, &err);
  lua_rawsetp(L, table, &nodes_key);
  fill_columns(L, table, columns, n, true);
  fill_columns(L, table, columns, n, false);
}

/* Makes the column with the key, keeps it in the table at 1, and leaves it (or nil) on the stack. */
static void fetch(lua_State *L, const char *key) {
  if (lua_rawgetp(L, 1, &keys_key) == LUA_TTABLE && lua_rawgetp(L, 1, &filled_key) == LUA_TNIL) {
    lua_rawgetp(L, 1, &from_key);
    const corm_node *owner = binding_checkfrom(L, -1, "c");
    lua_pop(L, 1);
    lua_pushboolean(L, true);
    lua_rawsetp(L, 1, &filled_key);
    binding_fill_from_columns(L, 1, owner);
  }
  lua_settop(L, 2);
  lua_pushstring(L, key);
  if (lua_rawget(L, 1) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_rawgetp(L, 1, &from_key);
  int from = lua_gettop(L);
  binding_push_from_column(L, binding_checkfrom(L, from, "c"), key, from);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) return;
  lua_pushstring(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
}

static const corm_node *owner_of(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawgetp(L, 1, &from_key);
  const corm_node *from = binding_checkfrom(L, -1, "c");
  lua_pop(L, 1);
  return from;
}

/* Pushes the key of the FROM's column at a position from 1, or nil. A select's own are in the table at `columns`. */
static void push_nth_key(lua_State *L, int columns, const corm_node *from, lua_Integer at) {
  if (lua_rawgetp(L, columns, &keys_key) == LUA_TTABLE) {
    lua_rawgeti(L, -1, at);
  } else {
    const char *key = at < 1 ? NULL : binding_from_key(from, (size_t)at - 1);
    lua_pushstring(L, key);
  }
  lua_remove(L, -2);
}

static int unknown_column(lua_State *L, const corm_node *from, const char *wanted) {
  const char *names[64], *name = corm_from_name(from);
  size_t n = 0;
  luaL_checkstack(L, 70, "c");
  while (n < sizeof names / sizeof *names) {
    push_nth_key(L, 1, from, (lua_Integer)n + 1);
    if (lua_isnil(L, -1)) break;
    names[n++] = lua_tostring(L, -1); /* the stack keeps it */
  }
  return binding_unknown(L, "column", name ? name : "the subquery", wanted, names, n);
}

static int columns_index(lua_State *L) {
  const corm_node *from = owner_of(L);
  if (lua_isinteger(L, 2)) {
    push_nth_key(L, 1, from, lua_tointeger(L, 2));
    if (lua_isnil(L, -1)) return 1;
    lua_gettable(L, 1);
    return 1;
  }
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "c: the name of a column expected, got %s", binding_typename(L, 2));
  fetch(L, binding_name_at(L, 2));
  return lua_isnil(L, -1) ? unknown_column(L, from, lua_tostring(L, 2)) : 1;
}

static lua_Integer count_columns(lua_State *L, const corm_node *from) {
  lua_Integer n = 0;
  for (;; n++) {
    push_nth_key(L, 1, from, n + 1);
    bool end = lua_isnil(L, -1);
    lua_pop(L, 1);
    if (end) return n;
  }
}

static int columns_len(lua_State *L) {
  lua_pushinteger(L, count_columns(L, owner_of(L)));
  return 1;
}

/* for column in alias.c do: the control variable is the column before. */
static int columns_call(lua_State *L) {
  const corm_node *from = owner_of(L), *last = lua_isnoneornil(L, 3) ? NULL : binding_tonode(L, 3);
  lua_settop(L, 3);
  lua_Integer next = 1;
  push_nth_key(L, 1, from, next);
  if (last && last->kind == CORM_NODE_COLUMN) {
    while (!lua_isnil(L, -1) && strcmp(lua_tostring(L, -1), ((const corm_column_node *)last)->key) != 0) {
      lua_pop(L, 1);
      push_nth_key(L, 1, from, ++next);
    }
    if (!lua_isnil(L, -1)) push_nth_key(L, 1, from, ++next);
  }
  if (!lua_isnil(L, -1)) lua_gettable(L, 1);
  return 1;
}

static int refuse_set(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT, "the columns of a FROM clause cannot be set");
}

/* Pushes `c` of the FROM userdata at 1, made at the first access. */
static void push_columns(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", columns_index},
                                  {"__len", columns_len},
                                  {"__call", columns_call},
                                  {"__newindex", refuse_set},
                                  {NULL, NULL}};
  if (lua_getiuservalue(L, 1, BINDING_FROM_COLUMNS) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, &from_key);
  const corm_node *node = binding_checkfrom(L, 1, "c");
  const corm_node *element = node->kind == CORM_NODE_ALIAS ? ((const corm_alias *)node)->element : node;
  if (corm_as_select(element)) {
    binding_push_select_keys(L, corm_as_select(element));
    lua_rawsetp(L, -2, &keys_key);
  }
  binding_list_metatable(L, "corm.from_columns", "corm.columns", meta);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, BINDING_FROM_COLUMNS);
}

static bool from_property(lua_State *L, void *block, const char *name) {
  const binding_expr *self = block;
  if (strcmp(name, "c") == 0 || strcmp(name, "columns") == 0) {
    push_columns(L);
  } else if (strcmp(name, "column") == 0 && corm_as_table_valued(self->node)) {
    binding_push_whole(L, 1);
  } else if (strcmp(name, "name") == 0) {
    lua_pushstring(L, corm_from_name(self->node));
  } else {
    return false;
  }
  return true;
}

static int from_index(lua_State *L) {
  return binding_index(L, BINDING_FROM, from_property);
}

void binding_open_from(lua_State *L) {
  static const luaL_Reg fields[] = {{"c", NULL}, {"columns", NULL}, {"column", NULL}, {"name", NULL}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", binding_node_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"alias", from_alias},
                                       {"join", from_join},
                                       {"outerjoin", from_outerjoin},
                                       {"lateral", binding_select_lateral},
                                       {NULL, NULL}};
  binding_metatable(L, BINDING_FROM, "FROM clause", fields, meta, from_index);
  binding_refuse_operators(L);
  lua_pop(L, 1);
  binding_add_methods(L, BINDING_FROM, binding_from_methods);
  binding_setfuncs(L, functions);
}
