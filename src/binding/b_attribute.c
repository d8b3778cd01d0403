/* Attributes of classes as expressions: User.name, User.fullname, and those that are no columns. */
#include <stdio.h>
#include <string.h>

#include "binding/b_bundle.h"
#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/state.h"
#include "sql/walk.h"

static binding_class *check_class(lua_State *L, int arg) {
  binding_class *cls = binding_check(L, arg, BINDING_MAPPER, "mapper");
  if (!cls->mapper) binding_error(L, CORM_E_INVALID_REQUEST, "the mapped class is finalized already");
  return cls;
}

const corm_bundle *binding_toattribute(lua_State *L, int arg, int32_t *slot) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_LABEL && ((const corm_label *)node)->entity) {
    *slot = (int32_t)((const corm_label *)node)->slot;
    return ((const corm_label *)node)->entity;
  }
  const corm_column_node *column = (const corm_column_node *)node;
  if (!node || node->kind != CORM_NODE_COLUMN || !column->entity || !column->column) return NULL;
  *slot = corm_mapper_column_slot(corm_bundle_mapper(column->entity), column->column);
  return *slot < 0 ? NULL : column->entity;
}

int binding_refuse_assignment(lua_State *L, const corm_mapper *mapper, const char *key) {
  if (mapper->selected)
    return binding_error(L, CORM_E_ARGUMENT, "%s.%s cannot be set: %s is mapped to a select, whose rows are read only",
                         mapper->name, key, mapper->name);
  return binding_error(L, CORM_E_ARGUMENT, "%s.%s is an SQL expression: it is read, and cannot be set", mapper->name,
                       key);
}

/* attribute(mapper, key [, entity]): the column of an attribute, or the expression that it is, which knows its class,
   or the alias of one. */
static int new_attribute(lua_State *L) {
  const binding_class *cls = check_class(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, cls, 2);
  if (!attr || attr->kind == BINDING_ATTR_RELATIONSHIP) return 0;
  const bool aliased = !lua_isnoneornil(L, 3);
  const corm_mapper *mapper = cls->mapper;
  const corm_node *entity = aliased ? binding_checknode(L, 3, "aliased") : &mapper->bundle->base;
  const corm_view *view = entity->kind == CORM_NODE_BUNDLE ? ((const corm_bundle *)entity)->view : NULL;
  const bool is_column = mapper->attributes[attr->slot].column != NULL;
  if (is_column && view && view->place && !view->missing && view->place[attr->slot] < 0)
    return binding_error(L, CORM_E_INVALID_REQUEST, "the subquery that stands for %s has no column for '%s'",
                         mapper->name, lua_tostring(L, 2));
  const size_t room = (is_column && !mapper->selected ? 1 : 4) * BINDING_ROOM(corm_label);
  binding_build b = binding_expression_start(L, room, 2);
  const corm_node *node;
  do {
    node = corm_mapper_column_in(&b.arena, mapper, attr->slot, binding_node_from(entity));
    if (node && is_column) ((corm_column_node *)(uintptr_t)node)->entity = entity; /* still ours */
    if (node && !is_column) ((corm_label *)(uintptr_t)node)->entity = entity;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  if (aliased) binding_anchor(L, 2, 3);
  return 1;
}

/* entity_of(value): class and key of an attribute (User.name); nil for other values. */
static int entity_of(lua_State *L) {
  int32_t slot;
  const corm_bundle *entity = binding_toattribute(L, 1, &slot);
  if (!entity) return 0;
  const corm_mapper *mapper = corm_bundle_mapper(entity);
  binding_push_class(L, binding_upvalue(L), mapper);
  lua_pushstring(L, mapper->attributes[slot].key);
  return 2;
}

/* add_expression(mapper, key, options, given, keeps): an attribute that is no column, whose expression comes later. */
static int add_expression(lua_State *L) {
  binding_class *cls = check_class(L, 1);
  corm_error err;
  corm_error_init(&err);
  corm_attribute_def def = {.key = luaL_checkstring(L, 2), .given = lua_toboolean(L, 4), .keeps = lua_toboolean(L, 5)};
  if (cls->living)
    return binding_error(L, CORM_E_INVALID_REQUEST,
                         "%s.%s: there are objects of the class already: no attribute can be added any more",
                         cls->mapper->name, def.key);
  binding_read_attribute(L, 3, &def);
  lua_pushvalue(L, 2);
  const char *name = binding_class_reserve_name(L, 1);
  if (corm_mapper_add_expression(cls->mapper, &def, &err) != CORM_OK) return binding_raise(L, &err);
  binding_class_add_expression(cls, name, cls->mapper->nattributes - 1, !def.given);
  return 0;
}

/* is_select(value): true for a select, false for other expressions; nil for what is none. */
static int is_select(lua_State *L) {
  const corm_node *node = binding_tonode(L, 1);
  if (!node || binding_node_userdata(node) == BINDING_FROM || node->kind == CORM_NODE_BUNDLE) return 0;
  lua_pushboolean(L, binding_node_userdata(node) != BINDING_EXPRESSION);
  return 1;
}

/* is_key(column): whether a column of a FROM is one of its table's primary key. */
static int is_key(lua_State *L) {
  const corm_node *node = binding_checknode(L, 1, "primary_key");
  const corm_column_node *column = node->kind == CORM_NODE_COLUMN ? (const corm_column_node *)node : NULL;
  lua_pushboolean(L, column && column->column && column->column->primary_key);
  return 1;
}

/* The JOIN's left side, whose right side is a table that is joined by an inner join; NULL: it is no such join. */
static const corm_node *left_of(const corm_node *from) {
  const corm_join *join = (const corm_join *)from;
  return join->outer || join->full || join->right->kind != CORM_NODE_TABLE ? NULL : join->left;
}

/* joined_tables(from): the Tables of a join, the first one first; nothing for what is no join, false for one that is
   not of tables by inner joins. */
static int joined_tables(lua_State *L) {
  const corm_node *from = binding_checkfrom(L, 1, "__table__"), *first = from;
  lua_Integer n = 0;
  if (from->kind != CORM_NODE_JOIN) return 0;
  for (; first && first->kind == CORM_NODE_JOIN; first = left_of(first)) n++;
  if (!first || first->kind != CORM_NODE_TABLE) {
    lua_pushboolean(L, false);
    return 1;
  }
  lua_createtable(L, (int)n + 1, 0);
  for (; n >= 0; n--) {
    const corm_node *table = n ? ((const corm_join *)from)->right : from;
    if (!binding_push_table(L, ((const corm_table_node *)table)->table)) lua_pushboolean(L, false);
    lua_rawseti(L, -2, n + 1);
    if (n) from = ((const corm_join *)from)->left;
  }
  return 1;
}

/* No class may have objects whose slots were made for another expression. */
static void check_unused(lua_State *L, const corm_mapper *mapper, const char *key) {
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&mapper->registry->classes, &pos)) != NULL;) {
    const corm_mapper *heir = entry->value;
    if (!corm_mapper_isa(heir, mapper) || !heir->host_data || !binding_class_of(heir)->living) continue;
    binding_error(L, CORM_E_INVALID_REQUEST, "%s.%s: there are objects of %s already", mapper->name, key, heir->name);
  }
}

/* set_expression(mapper, key, expression): what such an attribute is. A select is refused: its scalar_subquery() is an
   expression. */
static int set_expression(lua_State *L) {
  binding_class *cls = check_class(L, 1);
  corm_error err;
  corm_error_init(&err);
  char what[256];
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  corm_mapper *mapper = cls->mapper;
  const int32_t slot = corm_mapper_slot(mapper, key, len);
  (void)snprintf(what, sizeof what, "%.100s.%.100s", mapper->name, key);
  if (slot < 0 || mapper->attributes[slot].column)
    return binding_error(L, CORM_E_ARGUMENT, "%s is no expression of the class", what);
  const corm_node *node = binding_checkvalue(L, 3, what);
  if (binding_node_userdata(node) != BINDING_EXPRESSION)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a select is a value as select:scalar_subquery()", what);
  check_unused(L, mapper, key);
  lua_pushvalue(L, 3);
  binding_class_keep(L, 1);
  if (corm_mapper_set_expression(mapper, (uint32_t)slot, node, &err) != CORM_OK) return binding_raise(L, &err);
  return 0;
}

/* discriminate(mapper, key, identity): the attribute, whose expression is known, says the class of a row. */
static int discriminate(lua_State *L) {
  corm_mapper *mapper = check_class(L, 1)->mapper;
  corm_error err;
  corm_scratch scratch;
  corm_value identity;
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  const int32_t slot = corm_mapper_slot(mapper, key, len);
  corm_error_init(&err);
  if (slot < 0) return binding_error(L, CORM_E_ARGUMENT, "%s has no attribute '%s'", mapper->name, key);
  corm_scratch_init(&scratch, &binding_upvalue(L)->mem);
  const bool given = !lua_isnoneornil(L, 3);
  corm_status status = CORM_OK;
  if (given)
    status =
        binding_tovalue_typed(L, 3, mapper->attributes[slot].type, "polymorphic_identity", &scratch, &identity, &err);
  if (status == CORM_OK) status = corm_mapper_discriminate(mapper, (uint32_t)slot, given ? &identity : NULL, &err);
  corm_scratch_clear(&scratch);
  return status == CORM_OK ? 0 : binding_raise(L, &err);
}

/* expressions(mapper): a set of the keys of what is no column. */
static int expressions(lua_State *L) {
  const corm_mapper *mapper = check_class(L, 1)->mapper;
  lua_newtable(L);
  for (uint32_t i = 0; mapper->nexpressions && i < mapper->nattributes; i++) {
    if (mapper->attributes[i].column || mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID) continue;
    lua_pushboolean(L, true);
    lua_setfield(L, -2, mapper->attributes[i].key);
  }
  return 1;
}

const char *binding_attribute_name(lua_State *L, int arg, const corm_table *table, corm_arena *scratch) {
  if (lua_type(L, arg) == LUA_TSTRING) return lua_tostring(L, arg);
  const corm_node *node = binding_tonamed(L, arg);
  const bool hybrid = node && node->kind == CORM_NODE_LABEL && node->flags & CORM_LABEL_ATTRIBUTE;
  const corm_bundle *several = node ? binding_as_columns(node) : NULL;
  if ((!hybrid && !several) || binding_tocolumn(L, arg)) return NULL;
  const char *name = hybrid ? ((const corm_label *)node)->name : several->name;
  corm_walk walk;
  corm_walk_init(&walk, scratch, node);
  while ((node = corm_walk_next(&walk, true))) {
    const corm_column_node *column = node->kind == CORM_NODE_COLUMN ? (const corm_column_node *)node : NULL;
    if (column && column->column && column->column->table == table) return name;
  }
  return NULL;
}

/* named(value, key): an expression is called so where it is selected; a column of that name and all else stay. */
static int named(lua_State *L) {
  const corm_node *node = binding_tonode(L, 1), *label;
  const char *key = luaL_checkstring(L, 2);
  lua_settop(L, 2);
  const bool is_value = node && node->kind != CORM_NODE_BUNDLE && node->kind != CORM_NODE_LABEL &&
                        (node->kind == CORM_NODE_COLUMN || binding_node_userdata(node) == BINDING_EXPRESSION);
  const char *own = is_value && node->kind == CORM_NODE_COLUMN ? binding_key_of(node) : NULL;
  if (!is_value || (own && strcmp(own, key) == 0)) {
    lua_settop(L, 1);
    return 1;
  }
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_label) + CORM_ROOM_TEXT(strlen(key)) + 32, 1);
  do {
    label = corm_label_in(&b.arena, key, node);
    if (label) ((corm_node *)(uintptr_t)label)->flags |= CORM_LABEL_ATTRIBUTE; /* made above */
  } while (binding_build_again(&b, label));
  binding_anchor(L, 1, 1);
  return 1;
}

void binding_open_attribute(lua_State *L) {
  static const luaL_Reg functions[] = {{"attribute", new_attribute},
                                       {"entity_of", entity_of},
                                       {"add_expression", add_expression},
                                       {"set_expression", set_expression},
                                       {"discriminate", discriminate},
                                       {"expressions", expressions},
                                       {"is_select", is_select},
                                       {"is_key", is_key},
                                       {"joined_tables", joined_tables},
                                       {"named", named},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
