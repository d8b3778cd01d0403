/* What inspect() shows of mapped classes: their columns, tables and family, and what relationships are made of. */
#include "binding/b_relationship.h"
#include "binding/b_schema.h"

/* Pushes the Column; nil when its Table was collected. */
static void push_column(lua_State *L, const corm_column *column) {
  if (!column || !column->table || !binding_push_table(L, column->table)) {
    lua_pushnil(L);
    return;
  }
  binding_push_column(L, -1, column);
  lua_remove(L, -2);
}

/* -- relationships ------------------------------------------------------------------------------------------------- */

/* list[n + 1] = { local, remote } */
static void add_pair(lua_State *L, int list, const corm_column *local, const corm_column *remote) {
  lua_createtable(L, 2, 0);
  push_column(L, local);
  lua_rawseti(L, -2, 1);
  push_column(L, remote);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

static void push_pairs(lua_State *L, const corm_relationship *relationship) {
  const corm_attribute *near = relationship->parent->attributes, *far = relationship->target->attributes;
  lua_newtable(L);
  const int list = lua_gettop(L);
  for (uint32_t i = 0; i < relationship->npairs; i++)
    add_pair(L, list, near[relationship->pairs[i].near_slot].column, far[relationship->pairs[i].far_slot].column);
  for (uint32_t i = 0; i < relationship->nnear; i++)
    add_pair(L, list, near[relationship->near_secondary[i].slot].column, relationship->near_secondary[i].column);
  for (uint32_t i = 0; i < relationship->nfar; i++)
    add_pair(L, list, far[relationship->far_secondary[i].slot].column, relationship->far_secondary[i].column);
}

static void push_cascade(lua_State *L, uint32_t cascade) {
  static const struct {
    uint32_t bit;
    const char *name;
  } words[] = {{CORM_CASCADE_DELETE, "delete"},
               {CORM_CASCADE_DELETE_ORPHAN, "delete-orphan"},
               {CORM_CASCADE_EXPUNGE, "expunge"},
               {CORM_CASCADE_MERGE, "merge"},
               {CORM_CASCADE_REFRESH_EXPIRE, "refresh-expire"},
               {CORM_CASCADE_SAVE_UPDATE, "save-update"}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!(cascade & words[i].bit)) continue;
    lua_pushstring(L, words[i].name);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* relation_facts(mapper, key): what is known of a relationship, as a table of its own. */
int binding_relation_facts(lua_State *L) {
  static const char *const directions[] = {"ONETOMANY", "MANYTOONE", "MANYTOMANY"};
  static const char *const lazies[] = {
#define CORM_X(id, name) name,
      CORM_LAZIES(CORM_X)
#undef CORM_X
  };
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  const corm_relationship *relationship = binding_configured_relationship(L, cls->mapper, luaL_checkstring(L, 2));
  const corm_relationship_def *def = &relationship->def;
  luaL_checkstack(L, 10, "inspect");
  lua_createtable(L, 0, 16);
  lua_pushstring(L, directions[relationship->direction]);
  lua_setfield(L, -2, "direction");
  binding_push_class(L, binding_upvalue(L), relationship->parent);
  lua_setfield(L, -2, "parent");
  binding_push_class(L, binding_upvalue(L), relationship->target);
  lua_setfield(L, -2, "target");
  lua_pushstring(L, relationship->inverse ? relationship->inverse->key : NULL);
  lua_setfield(L, -2, "back_populates");
  lua_pushstring(L, def->lazy < CORM_LAZY_COUNT ? lazies[def->lazy] : NULL);
  lua_setfield(L, -2, "lazy");
  if (def->secondary && binding_push_table(L, def->secondary)) lua_setfield(L, -2, "secondary");
  push_pairs(L, relationship);
  lua_setfield(L, -2, "local_remote_pairs");
  push_cascade(L, relationship->cascade);
  lua_setfield(L, -2, "cascade");
  if (def->passive_deletes == CORM_PASSIVE_ALL)
    lua_pushliteral(L, "all");
  else
    lua_pushboolean(L, def->passive_deletes == CORM_PASSIVE_YES);
  lua_setfield(L, -2, "passive_deletes");
  set_boolean(L, "passive_updates", !def->active_updates);
  if (def->join_depth) {
    lua_pushinteger(L, def->join_depth);
    lua_setfield(L, -2, "join_depth");
  }
  set_boolean(L, "uselist", relationship->uselist);
  set_boolean(L, "viewonly", def->viewonly);
  set_boolean(L, "post_update", def->post_update);
  set_boolean(L, "single_parent", def->single_parent);
  set_boolean(L, "active_history", def->active_history);
  set_boolean(L, "innerjoin", def->innerjoin);
  set_boolean(L, "load_on_pending", def->on_pending);
  return 1;
}

/* -- classes
 * ----------------------------------------------------------------------------------------------------------- */

static const corm_mapper *check_mapper(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  return cls->mapper;
}

/* column_info(mapper, key): what is known of a column's attribute; nil for other names. */
static int column_info(lua_State *L) {
  const corm_mapper *mapper = check_mapper(L);
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  const int32_t slot = corm_mapper_slot(mapper, key, len);
  if (slot < 0) return 0;
  const corm_attribute *attribute = &mapper->attributes[slot];
  lua_createtable(L, 0, 8);
  lua_newtable(L);
  for (uint32_t level = 0; level < mapper->ntables; level++) {
    const corm_column *column = attribute->column && attribute->level == level
                                    ? attribute->column
                                    : corm_mapper_level_column(mapper, level, (uint32_t)slot);
    if (!attribute->column || !column) continue;
    push_column(L, column);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_setfield(L, -2, "columns");
  push_column(L, attribute->column);
  lua_setfield(L, -2, "column");
  lua_pushstring(L, attribute->group);
  lua_setfield(L, -2, "group");
  set_boolean(L, "deferred", attribute->deferred);
  set_boolean(L, "raiseload", attribute->raise);
  set_boolean(L, "active_history", attribute->active_history);
  set_boolean(L, "read_only", attribute->read_only || !attribute->column);
  return 1;
}

static void set_key(lua_State *L, const char *name, const corm_mapper *mapper, int32_t slot) {
  if (slot < 0) return;
  lua_pushstring(L, mapper->attributes[slot].key);
  lua_setfield(L, -2, name);
}

/* class_info(mapper): its family and tables. */
static int class_info(lua_State *L) {
  const corm_mapper *mapper = check_mapper(L);
  binding_state *state = binding_upvalue(L);
  luaL_checkstack(L, 10, "inspect");
  lua_createtable(L, 0, 8);
  if (mapper->parent) {
    binding_push_class(L, state, mapper->parent);
    lua_setfield(L, -2, "inherits");
  }
  binding_push_class(L, state, mapper->root);
  lua_setfield(L, -2, "base");
  lua_newtable(L);
  for (uint32_t i = 0; i < mapper->ntables; i++)
    if (binding_push_table(L, mapper->tables[i].table)) lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_setfield(L, -2, "tables");
  lua_newtable(L);
  for (size_t i = 0; i < mapper->children.len; i++) {
    binding_push_class(L, state, mapper->children.items[i]);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_setfield(L, -2, "children");
  set_key(L, "polymorphic_on", mapper, mapper->discriminator);
  set_key(L, "version_id_col", mapper, mapper->version);
  if (mapper->identity.kind != CORM_ABSENT) {
    binding_push_typed(L, &mapper->identity,
                       mapper->discriminator < 0 ? NULL : mapper->attributes[mapper->discriminator].type);
    lua_setfield(L, -2, "polymorphic_identity");
  }
  set_boolean(L, "single", mapper->root != mapper && mapper->parent->ntables == mapper->ntables);
  return 1;
}

void binding_open_class_inspect(lua_State *L) {
  static const luaL_Reg functions[] = {{"column_info", column_info}, {"class_info", class_info}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
