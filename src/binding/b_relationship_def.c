/* Declaring relationships for the core, from options that lua/corm has resolved. */
#include <string.h>

#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "orm/relationship.h"

/* Columns of the list in field `name` of the options at 3, in scratch memory. */
static corm_column **read_columns(lua_State *L, const char *name, corm_arena *arena, uint32_t *n) {
  *n = 0;
  if (!binding_opt_push(L, 3, name)) return NULL;
  const lua_Integer len = (lua_Integer)lua_rawlen(L, -1);
  corm_column **columns = corm_arena_alloc(arena, (size_t)len * sizeof *columns);
  if (!columns) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (lua_Integer i = 1; i <= len; i++) {
    lua_rawgeti(L, -1, i);
    columns[i - 1] = binding_tocolumn(L, -1);
    if (!columns[i - 1])
      binding_error(L, CORM_E_ARGUMENT, "%s of a relationship: a column expected, got %s", name,
                    binding_typename(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  *n = (uint32_t)len;
  return columns;
}

static const corm_node **read_order(lua_State *L, corm_arena *arena, uint32_t *n) {
  *n = 0;
  if (!binding_opt_push(L, 3, "order_by")) return NULL;
  const lua_Integer len = (lua_Integer)lua_rawlen(L, -1);
  const corm_node **nodes = corm_arena_alloc(arena, (size_t)len * sizeof *nodes);
  if (!nodes) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (lua_Integer i = 1; i <= len; i++) {
    lua_rawgeti(L, -1, i);
    nodes[i - 1] = binding_checkvalue(L, -1, "order_by of a relationship");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  *n = (uint32_t)len;
  return nodes;
}

/* foreign(column), remote(column): the column with its mark; marks add up. */
int binding_mark_column(lua_State *L) {
  const bool remote = lua_toboolean(L, 2);
  const corm_node *node = binding_checknode(L, 1, remote ? "remote" : "foreign");
  if (node->kind != CORM_NODE_COLUMN)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a column expected, got %s", remote ? "remote" : "foreign",
                         binding_typename(L, 1));
  const unsigned flags = node->flags | (remote ? CORM_COLUMN_REMOTE : CORM_COLUMN_FOREIGN);
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_column_node), 1);
  const corm_node *copy;
  do copy = corm_column_flagged_in(&b.arena, (const corm_column_node *)node, flags);
  while (binding_build_again(&b, copy));
  binding_anchor(L, 1, 1);
  return 1;
}

/* The condition in field `name` of the options at 3; NULL: none. */
static const corm_node *read_condition(lua_State *L, const char *name) {
  if (!binding_opt_push(L, 3, name)) return NULL;
  const corm_node *node = binding_checkcondition(L, -1, name);
  lua_pop(L, 1);
  return node;
}

static uint8_t read_lazy(lua_State *L) {
  static const char *const names[] = {
#define CORM_X(id, name) name,
      CORM_LAZIES(CORM_X)
#undef CORM_X
  };
  const char *name = binding_opt_string(L, 3, "lazy", names[CORM_LAZY_BATCH]);
  for (uint8_t i = 0; i < CORM_LAZY_COUNT; i++)
    if (strcmp(names[i], name) == 0) return i;
  binding_unknown(L, "lazy option", "relationship", name, names, CORM_LAZY_COUNT);
  return 0;
}

static uint8_t read_passive_deletes(lua_State *L) {
  uint8_t value = CORM_PASSIVE_NO;
  if (!binding_opt_push(L, 3, "passive_deletes")) return value;
  if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "all") == 0)
    value = CORM_PASSIVE_ALL;
  else if (!lua_isboolean(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "relationship: passive_deletes is true, false or \"all\"");
  else if (lua_toboolean(L, -1))
    value = CORM_PASSIVE_YES;
  lua_pop(L, 1);
  return value;
}

/* What the secondary table stands for, which the options keep, and the select in its place, which the table keeps. */
static void read_secondary_from(lua_State *L, corm_relationship_def *def) {
  def->secondary_from = binding_checkfrom(L, -1, "relationship: secondary");
  lua_getfield(L, 3, "secondary");
  lua_getfield(L, 3, "secondary_select");
  const corm_select *select = corm_as_select(binding_tonode(L, -1));
  binding_table_hold(L, lua_gettop(L) - 1, select, -1);
  def->secondary->selected = select;
  lua_pop(L, 3);
}

int binding_declare_relationship(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  corm_relationship_def def = {.key = luaL_checkstring(L, 2), .uselist = -1, .cascade = CORM_CASCADE_DEFAULT};
  corm_relationship *relationship;
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 3);
  corm_arena *scratch = binding_scratch(L, state);
  lua_getfield(L, 3, "target");
  def.target_mapper = binding_checkmapper(L, -1, "relationship");
  if (binding_opt_push(L, 3, "secondary")) {
    def.secondary = &((binding_table *)binding_check(L, -1, BINDING_TABLE, "relationship: secondary"))->table;
    lua_pop(L, 1);
  }
  if (binding_opt_push(L, 3, "secondary_from")) read_secondary_from(L, &def);
  if (binding_opt_push(L, 3, "uselist")) {
    def.uselist = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  def.back_populates = binding_opt_string(L, 3, "back_populates", NULL);
  def.overlaps = binding_opt_string(L, 3, "overlaps", NULL);
  def.lazy = read_lazy(L);
  def.passive_deletes = read_passive_deletes(L);
  def.viewonly = binding_opt_bool(L, 3, "viewonly", false);
  def.innerjoin = binding_opt_bool(L, 3, "innerjoin", false);
  def.join_depth = (uint8_t)binding_opt_int(L, 3, "join_depth", 0);
  def.active_history = binding_opt_bool(L, 3, "active_history", false);
  def.on_pending = binding_opt_bool(L, 3, "load_on_pending", false);
  def.single_parent = binding_opt_bool(L, 3, "single_parent", false);
  def.post_update = binding_opt_bool(L, 3, "post_update", false);
  def.active_updates = !binding_opt_bool(L, 3, "passive_updates", true);
  def.foreign_keys = read_columns(L, "foreign_keys", scratch, &def.nforeign_keys);
  def.remote_side = read_columns(L, "remote_side", scratch, &def.nremote_side);
  def.primaryjoin = read_condition(L, "primaryjoin");
  def.secondaryjoin = read_condition(L, "secondaryjoin");
  def.reversed = binding_opt_bool(L, 3, "reversed", false);
  def.no_sync = !binding_opt_bool(L, 3, "sync_backref", true);
  def.order_by = read_order(L, scratch, &def.norder_by);
  const char *cascade = binding_opt_string(L, 3, "cascade", NULL);
  if (cascade && corm_cascade_parse(cascade, &def.cascade, &err) != CORM_OK) return binding_raise(L, &err);
  const bool hooked = binding_opt_bool(L, 3, "hooked", false);
  lua_pushvalue(L, 3);
  binding_class_keep(L, 1); /* the nodes of order_by and the conditions */
  lua_pushvalue(L, 2);
  const char *name = binding_class_reserve_name(L, 1);
  if (corm_relationship_new(cls->mapper, &def, &relationship, &err) != CORM_OK) return binding_raise(L, &err);
  relationship->shaped = binding_opt_bool(L, 3, "shaped", false);
  binding_class_add_relationship(cls, name, relationship, hooked);
  binding_scratch_done(L, state, scratch);
  return 0;
}
