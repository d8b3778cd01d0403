/*
 * corm.Bundle("name", column, ...): several columns of a select that are one value of its rows, a Row themselves, or,
 * of a composite, what its function makes of them. The node is a BUNDLE without owner; in a session the values are put
 * together here.
 */
#include "binding/b_bundle.h"

#include <string.h>

#include "binding/b_result.h"
#include "orm/mapper.h"

/* base.flags of such a node: the only item of a Query is its values; a function makes the value of them. */
enum { SINGLE_ENTITY = 1, MADE = 2 };

const corm_bundle *binding_as_columns(const corm_node *node) {
  const corm_bundle *bundle = (const corm_bundle *)node;
  return node->kind == CORM_NODE_BUNDLE && !bundle->owner ? bundle : NULL;
}

bool binding_has_bundle(const corm_select *select) {
  for (uint32_t i = 0; i < select->ncolumns; i++)
    if (binding_as_columns(select->columns[i])) return true;
  return false;
}

bool binding_is_single_bundle(const corm_select *select) {
  return select->ncolumns == 1 && binding_as_columns(select->columns[0]) && select->columns[0]->flags & SINGLE_ENTITY;
}

const char *binding_key_of(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) return ((const corm_label *)node)->name;
  if (node->kind != CORM_NODE_COLUMN) return NULL;
  const corm_column_node *column = (const corm_column_node *)node;
  const corm_mapper *mapper = column->entity ? corm_bundle_mapper(column->entity) : NULL;
  const int32_t slot = mapper && column->column ? corm_mapper_column_slot(mapper, column->column) : -1;
  return slot >= 0 ? mapper->attributes[slot].key : column->key;
}

/* -- making one ---------------------------------------------------------------------------------------------------- */

static const corm_node *bundle_in(lua_State *L, corm_arena *arena, uint32_t n, uint16_t flags) {
  size_t len;
  const char *name = lua_tolstring(L, 1, &len);
  corm_bundle *bundle = corm_arena_zalloc(arena, 1, sizeof *bundle);
  const corm_node **columns = corm_arena_zalloc(arena, n + (size_t)1, sizeof *columns);
  const char *copy = corm_arena_dup(arena, name, len);
  if (!bundle || !columns || !copy) return NULL;
  for (uint32_t i = 0; i < n; i++) columns[i] = binding_tonamed(L, (int)i + 3);
  bundle->base.kind = CORM_NODE_BUNDLE;
  bundle->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  bundle->base.flags = flags;
  bundle->name = copy;
  bundle->columns = columns;
  bundle->n = n;
  return &bundle->base;
}

/* The functions of nodes, which the nodes' userdata keep. */
static void push_makers(lua_State *L) {
  static const char key;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

/* The argument at 2 says of the values of rows what they are: true, of a Query's, no rows; or what makes them. */
static uint16_t read_flags(lua_State *L) {
  if (lua_isfunction(L, 2)) return MADE;
  return lua_toboolean(L, 2) ? SINGLE_ENTITY : 0;
}

/* bundle(name, single_entity or function, column, ...): the node, and the keys of its columns. */
static int new_bundle(lua_State *L) {
  const int last = lua_gettop(L);
  luaL_checktype(L, 1, LUA_TSTRING);
  if (last < 3) return binding_error(L, CORM_E_ARGUMENT, "Bundle '%s': columns expected", lua_tostring(L, 1));
  luaL_checkstack(L, last + 8, "Bundle");
  lua_createtable(L, last - 2, 0);
  for (int i = 3; i <= last; i++) {
    (void)binding_checkvalue(L, i, "Bundle");
    const char *key = binding_key_of(binding_tonamed(L, i));
    if (!key)
      return binding_error(L, CORM_E_ARGUMENT, "Bundle '%s': item %d has no name; give it a label", lua_tostring(L, 1),
                           i - 2);
    lua_pushstring(L, key);
    lua_rawseti(L, last + 1, i - 2);
  }
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_bundle) + (size_t)last * 16 + 64, 1);
  const corm_node *node;
  do node = bundle_in(L, &b.arena, (uint32_t)(last - 2), read_flags(L));
  while (binding_build_again(&b, node));
  lua_createtable(L, last, 0);
  for (int i = 2; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setiuservalue(L, -2, 1);
  if (node->flags & MADE) {
    push_makers(L);
    lua_pushvalue(L, 2);
    lua_rawsetp(L, -2, node);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, last + 1);
  return 2;
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

/* The shape of a bundle's own rows; the nodes live in the statement. */
static void push_own_shape(lua_State *L, const corm_bundle *bundle, int statement) {
  binding_shape_column *columns = lua_newuserdatauv(L, (bundle->n + (size_t)1) * sizeof *columns, 0);
  for (uint32_t i = 0; i < bundle->n; i++)
    columns[i] = (binding_shape_column){.key = binding_key_of(bundle->columns[i]), .node = bundle->columns[i]};
  binding_push_shape(L, columns, bundle->n, statement);
  lua_remove(L, -2);
}

/* The shape of rows whose values are put together, made of the one at `flat`. */
static void push_grouped_shape(lua_State *L, const corm_select *select, int flat, int statement) {
  binding_shape_column *columns = lua_newuserdatauv(L, (select->ncolumns + (size_t)1) * sizeof *columns, 0);
  size_t at = 1;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = binding_as_columns(select->columns[i]);
    const char *key = bundle ? bundle->name : binding_shape_key(L, flat, at);
    columns[i] = (binding_shape_column){.key = key, .node = select->columns[i]};
    at += bundle ? bundle->n : 1;
  }
  binding_push_shape(L, columns, select->ncolumns, statement);
  lua_remove(L, -2);
}

/* What rows of a bundle are made by: a shape, or a function. */
static void push_kind(lua_State *L, const corm_bundle *bundle, int statement) {
  if (!(bundle->base.flags & MADE)) {
    push_own_shape(L, bundle, statement);
    return;
  }
  push_makers(L);
  lua_rawgetp(L, -1, bundle);
  lua_remove(L, -2);
}

/* The value of a bundle for the values from *at + 1 on. */
static void push_group(lua_State *L, const corm_bundle *bundle, int kind, int values, lua_Integer *at) {
  const bool made = bundle->base.flags & MADE;
  if (made)
    lua_pushvalue(L, kind);
  else
    lua_createtable(L, (int)bundle->n, 0);
  for (uint32_t k = 1; k <= bundle->n; k++) {
    lua_rawgeti(L, values, ++*at);
    if (!made) lua_rawseti(L, -2, (lua_Integer)k);
  }
  if (made) {
    lua_call(L, (int)bundle->n, 1);
    return;
  }
  binding_push_row(L, kind, -1);
  lua_remove(L, -2);
}

lua_Integer binding_group_bundles(lua_State *L, const corm_select *select, int statement, int *values, int flat,
                                  lua_Integer rows, lua_Integer width) {
  lua_Integer expected = 0, at = 0, made = 0;
  for (uint32_t i = 0; i < select->ncolumns; i++)
    expected += binding_as_columns(select->columns[i]) ? binding_as_columns(select->columns[i])->n : 1;
  if (expected != width)
    binding_error(L, CORM_E_ARGUMENT, "a Bundle stands beside classes and columns, not beside whole tables");
  luaL_checkstack(L, (int)(select->ncolumns + width) + 12, "Bundle");
  lua_createtable(L, (int)(rows * select->ncolumns), 0);
  const int out = lua_gettop(L), shapes = out + 1;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = binding_as_columns(select->columns[i]);
    if (bundle)
      push_kind(L, bundle, statement);
    else
      lua_pushnil(L);
  }
  for (lua_Integer row = 0; row < rows; row++) {
    for (uint32_t i = 0; i < select->ncolumns; i++) {
      const corm_bundle *bundle = binding_as_columns(select->columns[i]);
      if (bundle)
        push_group(L, bundle, shapes + (int)i, *values, &at);
      else
        lua_rawgeti(L, *values, ++at);
      lua_rawseti(L, out, ++made);
    }
  }
  lua_settop(L, out);
  push_grouped_shape(L, select, flat, statement);
  *values = out;
  return select->ncolumns;
}

void binding_open_bundle(lua_State *L) {
  static const luaL_Reg functions[] = {{"bundle", new_bundle}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
