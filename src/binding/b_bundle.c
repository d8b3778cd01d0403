/*
 * corm.Bundle("name", column, ...): several columns of a select that are one value of its rows, a Row themselves, or,
 * of a composite, what its function makes of them. The node is a BUNDLE without owner; in a session the values are put
 * together here. Bundles in a bundle add their columns to its own: only the steps of making a value know of them.
 */
#include "binding/b_bundle.h"

#include <string.h>

#include "binding/b_result.h"
#include "orm/mapper.h"

/* base.flags of such a node: the only item of a Query is its values; a function makes the value of them. */
enum { SINGLE_ENTITY = 1, MADE = 2 };

/* Columns of a bundle, which lie on the stack while a row is made. */
enum { MOST = 10000 };

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

/* What the items from 3 on have together. */
typedef struct extent {
  uint32_t items, columns, steps;
} extent;

/* Behind what is there: the column, or all that the bundle is made of. */
static void append_item(corm_bundle *bundle, const corm_node **columns, corm_bundle_step *steps,
                        const corm_node *item) {
  const corm_bundle *inner = binding_as_columns(item);
  if (!inner) {
    columns[bundle->n++] = item;
    bundle->nsteps++;
    return;
  }
  memcpy(&columns[bundle->n], inner->columns, inner->n * sizeof *columns);
  bundle->n += inner->n;
  steps[bundle->nsteps++].bundle = inner;
  memcpy(&steps[bundle->nsteps], inner->steps, inner->nsteps * sizeof *steps);
  bundle->nsteps += inner->nsteps;
}

static const corm_node *bundle_in(lua_State *L, corm_arena *arena, const extent *all, uint16_t flags) {
  size_t len;
  const char *name = lua_tolstring(L, 1, &len);
  corm_bundle *bundle = corm_arena_zalloc(arena, 1, sizeof *bundle);
  const corm_node **columns = corm_arena_zalloc(arena, all->columns + (size_t)1, sizeof *columns);
  corm_bundle_step *steps = corm_arena_zalloc(arena, all->steps, sizeof *steps);
  const char *copy = corm_arena_dup(arena, name, len);
  if (!bundle || !columns || !steps || !copy) return NULL;
  for (uint32_t i = 0; i < all->items; i++) append_item(bundle, columns, steps, binding_tonamed(L, (int)i + 3));
  steps[bundle->nsteps++] = (corm_bundle_step){bundle, true};
  bundle->base.kind = CORM_NODE_BUNDLE;
  bundle->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  bundle->base.flags = flags;
  bundle->name = copy;
  bundle->columns = columns;
  bundle->steps = steps;
  bundle->nitems = all->items;
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

/* The name of the item at `arg`, the i-th; notes what it has. */
static const char *check_item(lua_State *L, int arg, extent *all) {
  const corm_node *named = binding_tonamed(L, arg);
  const corm_bundle *inner = named ? binding_as_columns(named) : NULL;
  const uint64_t columns = inner ? inner->n : 1, steps = inner ? inner->nsteps + UINT64_C(1) : 1;
  if (!inner) (void)binding_checkvalue(L, arg, "Bundle");
  const char *key = inner ? inner->name : binding_key_of(named);
  if (!key)
    binding_error(L, CORM_E_ARGUMENT, "Bundle '%s': item %d has no name; give it a label", lua_tostring(L, 1), arg - 2);
  if (all->columns + columns > MOST)
    binding_error(L, CORM_E_ARGUMENT, "Bundle '%s': more than %d columns", lua_tostring(L, 1), MOST);
  all->items++;
  all->columns += (uint32_t)columns;
  all->steps += (uint32_t)steps;
  return key;
}

/* bundle(name, single_entity or function, column or bundle, ...): the node, and the keys of its items. */
static int new_bundle(lua_State *L) {
  const int last = lua_gettop(L);
  extent all = {.steps = 1};
  luaL_checktype(L, 1, LUA_TSTRING);
  if (last < 3) return binding_error(L, CORM_E_ARGUMENT, "Bundle '%s': columns expected", lua_tostring(L, 1));
  luaL_checkstack(L, last + 8, "Bundle");
  lua_createtable(L, last - 2, 0);
  for (int i = 3; i <= last; i++) {
    lua_pushstring(L, check_item(L, i, &all));
    lua_rawseti(L, last + 1, i - 2);
  }
  const size_t room = all.columns * sizeof(corm_node *) + all.steps * sizeof(corm_bundle_step);
  binding_build b = binding_expression_start(L, BINDING_ROOM(corm_bundle) + room + 128, 1);
  const corm_node *node;
  do node = bundle_in(L, &b.arena, &all, read_flags(L));
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
  binding_shape_column *columns = lua_newuserdatauv(L, (bundle->nitems + (size_t)1) * sizeof *columns, 0);
  uint32_t column = 0, n = 0;
  for (uint32_t i = 0; i + 1 < bundle->nsteps; i++) {
    const corm_bundle *inner = bundle->steps[i].bundle;
    if (!inner) {
      const corm_node *node = bundle->columns[column++];
      columns[n++] = (binding_shape_column){.key = binding_key_of(node), .node = node};
      continue;
    }
    columns[n++] = (binding_shape_column){.key = inner->name, .node = &inner->base};
    column += inner->n;
    i += inner->nsteps; /* to its end */
  }
  binding_push_shape(L, columns, n, statement);
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

/* What values of a bundle are made by: a shape, or a function. */
static void push_kind(lua_State *L, const corm_bundle *bundle, int statement) {
  if (!(bundle->base.flags & MADE)) {
    push_own_shape(L, bundle, statement);
    return;
  }
  push_makers(L);
  lua_rawgetp(L, -1, bundle);
  lua_remove(L, -2);
}

/* Pushes the kinds of a bundle and those in it, in the order of their beginning. */
static void push_kinds(lua_State *L, const corm_bundle *bundle, int statement) {
  lua_Integer n = 0;
  lua_newtable(L);
  push_kind(L, bundle, statement);
  lua_rawseti(L, -2, ++n);
  for (uint32_t i = 0; i < bundle->nsteps; i++) {
    if (!bundle->steps[i].bundle || bundle->steps[i].ends) continue;
    push_kind(L, bundle->steps[i].bundle, statement);
    lua_rawseti(L, -2, ++n);
  }
}

/* Replaces the kind of a bundle and the values above it by the bundle's value. */
static void end_group(lua_State *L, const corm_bundle *bundle) {
  const int n = (int)bundle->nitems, kind = lua_gettop(L) - n;
  if (bundle->base.flags & MADE) {
    lua_call(L, n, 1);
    return;
  }
  lua_createtable(L, n, 0);
  lua_insert(L, kind + 1);
  for (lua_Integer k = n; k > 0; k--) lua_rawseti(L, kind + 1, k);
  binding_push_row(L, kind, kind + 1);
  lua_replace(L, kind);
  lua_settop(L, kind);
}

/* The value of a bundle for the values from *at + 1 on. */
static void push_group(lua_State *L, const corm_bundle *bundle, int kinds, int values, lua_Integer *at) {
  lua_Integer begun = 0;
  lua_rawgeti(L, kinds, ++begun);
  for (uint32_t i = 0; i < bundle->nsteps; i++) {
    const corm_bundle_step *step = &bundle->steps[i];
    if (!step->bundle)
      lua_rawgeti(L, values, ++*at);
    else if (step->ends)
      end_group(L, step->bundle);
    else
      lua_rawgeti(L, kinds, ++begun);
  }
}

/* No more bundles than these have begun at once. */
static uint32_t deepest(const corm_select *select) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = binding_as_columns(select->columns[i]);
    if (bundle && bundle->nsteps > most) most = bundle->nsteps;
  }
  return most;
}

lua_Integer binding_group_bundles(lua_State *L, const corm_select *select, int statement, int *values, int flat,
                                  lua_Integer rows, lua_Integer width) {
  lua_Integer expected = 0, at = 0, made = 0;
  for (uint32_t i = 0; i < select->ncolumns; i++)
    expected += binding_as_columns(select->columns[i]) ? binding_as_columns(select->columns[i])->n : 1;
  if (expected != width)
    binding_error(L, CORM_E_ARGUMENT, "a Bundle stands beside classes and columns, not beside whole tables");
  luaL_checkstack(L, (int)(select->ncolumns + width) + (int)deepest(select) + 12, "Bundle");
  lua_createtable(L, (int)(rows * select->ncolumns), 0);
  const int out = lua_gettop(L), shapes = out + 1;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = binding_as_columns(select->columns[i]);
    if (bundle)
      push_kinds(L, bundle, statement);
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
