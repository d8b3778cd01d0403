/*
 * What table:to_metadata() needs beside the constructors (lua/corm/ddl.lua has the rest): copies of columns,
 * constraints and indexes that are attached to no table, and expressions said anew of the copy's columns.
 */
#include <string.h>

#include "binding/b_create.h"
#include "sql/adapt.h"

/* copy_column(column, foreign keys): unattached, with these keys in place of its own. */
static int copy_column(lua_State *L) {
  binding_check(L, 1, BINDING_COLUMN, "to_metadata");
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  binding_column_copy(L, 1);
  lua_getiuservalue(L, 3, BINDING_COLUMN_PARTS);
  lua_Integer n = 0;
  const lua_Integer had = (lua_Integer)lua_rawlen(L, 4);
  for (lua_Integer i = 1; i <= had; i++) {
    lua_rawgeti(L, 4, i);
    const bool is_key = ((const binding_constraint *)lua_touserdata(L, -1))->is_foreign_key;
    lua_pushnil(L);
    lua_rawseti(L, 4, i);
    if (is_key)
      lua_pop(L, 1);
    else
      lua_rawseti(L, 4, ++n);
  }
  for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++) lua_rawseti(L, 4, ++n);
  lua_settop(L, 3);
  return 1;
}

/* copy_constraint(constraint): unattached, of the same name and columns; nil for what a column brings by itself. */
static int copy_constraint(lua_State *L) {
  const binding_constraint *old = binding_check(L, 1, BINDING_CONSTRAINT, "to_metadata");
  if (old->constraint != &old->own || old->is_foreign_key || old->own.inside) return 0;
  binding_constraint_copy(L, 1);
  return 1;
}

/* copy_key_options(from, to): what the options of a new foreign key cannot say, since there are no words for it. */
static int copy_key_options(lua_State *L) {
  const corm_constraint *from =
      ((binding_constraint *)binding_check(L, 1, BINDING_CONSTRAINT, "to_metadata"))->constraint;
  binding_constraint *to = binding_check(L, 2, BINDING_CONSTRAINT, "to_metadata");
  lua_getiuservalue(L, 2, BINDING_PART_OPTIONS);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "copied"); /* it has what is borrowed here */
  to->own.options = from->options;
  to->own.condition = from->condition;
  to->own.link_to_name = from->link_to_name;
  to->own.made_name = from->made_name;
  lua_settop(L, 2);
  return 1;
}

/* copy_index(index): as copy_constraint. */
static int copy_index(lua_State *L) {
  const binding_index_part *old = binding_check(L, 1, BINDING_INDEX, "to_metadata");
  if (old->index != &old->own) return 0;
  const uint32_t n = old->own.nitems;
  binding_index_part *copy =
      binding_new(L, BINDING_INDEX, sizeof *copy + n * sizeof *copy->own.items, BINDING_PART_SLOTS);
  copy->own = old->own;
  copy->index = &copy->own;
  copy->own.table = NULL;
  copy->own.creation = binding_get(L)->creation++;
  copy->own.items = (corm_index_item *)(void *)(copy + 1);
  for (uint32_t i = 0; i < n; i++) {
    copy->own.items[i] = old->own.items[i];
    if (!copy->own.items[i].column) continue;
    copy->own.items[i].column_name = copy->own.items[i].column->key;
    copy->own.items[i].column = NULL;
  }
  lua_createtable(L, 1, 1);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
  return 1;
}

/* copy_options(from, to): what databases are told of the table, and its comment. */
static int copy_options(lua_State *L) {
  const binding_table *from = binding_check(L, 1, BINDING_TABLE, "to_metadata");
  binding_table *to = binding_check(L, 2, BINDING_TABLE, "to_metadata");
  to->table.options = from->table.options;
  to->table.prefixes = from->table.prefixes;
  to->table.nprefixes = from->table.nprefixes;
  to->table.comment = from->table.comment;
  to->table.sqlite_autoincrement = from->table.sqlite_autoincrement;
  to->table.sqlite_strict = from->table.sqlite_strict;
  to->table.sqlite_without_rowid = from->table.sqlite_without_rowid;
  to->table.quote = from->table.quote;
  lua_getiuservalue(L, 2, BINDING_TABLE_PARTS);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "copied");
  lua_getiuservalue(L, 1, BINDING_TABLE_PARTS);
  static const char *const kept[] = {"info", "comment"};
  for (size_t i = 0; i < 2; i++) {
    lua_getfield(L, -1, kept[i]);
    lua_setfield(L, -3, kept[i]);
  }
  return 0;
}

/* -- expressions --------------------------------------------------------------------------------------------------- */

typedef struct moving {
  const binding_table *from;
  const binding_table *to;
} moving;

static const corm_node *move_column(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const moving *m = ctx;
  const bool is_own = column->column && column->column->table == &m->from->table && column->from &&
                      column->from->kind == CORM_NODE_TABLE;
  const corm_column *copy =
      is_own ? corm_table_column(&m->to->table, column->column->key, strlen(column->column->key)) : NULL;
  return copy ? corm_column_node_in(arena, copy, &m->to->node.base) : &column->base;
}

/* Pushes a node of the table at 2 as one of the table at 3; `anchor` keeps what they share. NULL: pushes nil. */
static const corm_node *push_moved(lua_State *L, const corm_node *node, int anchor) {
  if (!node) {
    lua_pushnil(L);
    return NULL;
  }
  moving m = {.from = lua_touserdata(L, 2), .to = lua_touserdata(L, 3)};
  const corm_node *moved;
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, anchor);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, 2);
  binding_build b = binding_expression_start(L, 4 * CORM_ROOM_NODE, 1);
  do moved = corm_adapt_columns_in(&b.arena, node, move_column, &m);
  while (binding_build_again(&b, moved));
  binding_anchor(L, 1, lua_gettop(L) - 1);
  lua_remove(L, -2);
  return moved;
}

/* The same, kept in the list on the top. */
static const corm_node *keep_moved(lua_State *L, const corm_node *node) {
  const corm_node *moved = push_moved(L, node, 4);
  if (moved)
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  else
    lua_pop(L, 1);
  return moved;
}

/* Pushes a table that keeps what the part at 1 has been keeping, and makes it the part's anchors. */
static void push_anchors(lua_State *L) {
  lua_getiuservalue(L, 1, BINDING_PART_ANCHORS); /* at 4 */
  if (lua_istable(L, 4)) {
    lua_pushvalue(L, 4);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 4);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, BINDING_PART_ANCHORS);
}

static void move_exclusion(lua_State *L, corm_constraint *constraint) {
  const corm_exclusion *old = constraint->exclude;
  corm_exclusion *copy = lua_newuserdatauv(L, sizeof *copy + old->nitems * sizeof *copy->items, 0);
  corm_exclusion_item *items = (corm_exclusion_item *)(void *)(copy + 1);
  lua_setfield(L, 5, "exclusion");
  *copy = *old;
  for (uint32_t i = 0; i < old->nitems; i++) {
    items[i] = old->items[i];
    items[i].expr = keep_moved(L, old->items[i].expr);
  }
  copy->items = items;
  copy->where = keep_moved(L, old->where);
  constraint->exclude = copy;
}

/* move_constraint(copy, from, to): what it says is of the table that it is attached to. */
static int move_constraint(lua_State *L) {
  binding_constraint *self = binding_check(L, 1, BINDING_CONSTRAINT, "to_metadata");
  if (self->constraint != &self->own || (!self->own.check && !self->own.exclude)) return 0;
  push_anchors(L);
  if (self->own.check) self->own.check = keep_moved(L, self->own.check);
  if (self->own.exclude) move_exclusion(L, &self->own);
  return 0;
}

/* move_index(copy, from, to) */
static int move_index(lua_State *L) {
  binding_index_part *self = binding_check(L, 1, BINDING_INDEX, "to_metadata");
  if (self->index != &self->own) return 0;
  push_anchors(L);
  for (uint32_t i = 0; i < self->own.nitems; i++) {
    corm_index_item *item = &self->own.items[i];
    if (!item->expr) continue;
    item->expr = keep_moved(L, item->expr);
    const binding_table *to = lua_touserdata(L, 3);
    if (item->first) item->first = corm_table_column(&to->table, item->first->key, strlen(item->first->key));
  }
  for (int i = 0; i < CORM_INDEX_WHERES; i++) self->own.where[i] = keep_moved(L, self->own.where[i]);
  return 0;
}

/* move_column(copy, from, to) */
static int move_parts(lua_State *L) {
  binding_column *self = binding_check(L, 1, BINDING_COLUMN, "to_metadata");
  lua_getiuservalue(L, 1, BINDING_COLUMN_PARTS);
  if (self->column.computed) {
    lua_getfield(L, 4, "computed");
    binding_computed *copy = binding_new(L, BINDING_COMPUTED, sizeof *copy, 1);
    const corm_node *moved = push_moved(L, self->column.computed->sql, 5);
    copy->computed = (corm_computed){.sql = moved, .persisted = self->column.computed->persisted};
    lua_setiuservalue(L, 6, 1);
    lua_setfield(L, 4, "computed");
    self->column.computed = &copy->computed;
  }
  if (!self->column.server_default.sql) return 0;
  lua_settop(L, 4);
  lua_getfield(L, 4, "server_default");
  const corm_node *moved = push_moved(L, self->column.server_default.sql, 5);
  lua_setfield(L, 4, "server_default");
  self->column.server_default.sql = moved;
  return 0;
}

void binding_open_copy(lua_State *L) {
  static const luaL_Reg native[] = {
      {"copy_column", copy_column},           {"copy_constraint", copy_constraint}, {"copy_index", copy_index},
      {"copy_key_options", copy_key_options}, {"copy_options", copy_options},       {"move_column", move_parts},
      {"move_constraint", move_constraint},   {"move_index", move_index},           {NULL, NULL}};
  binding_setfuncs(L, native);
}
