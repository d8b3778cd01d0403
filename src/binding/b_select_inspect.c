/* What a select says of itself: its columns, its FROMs, its condition. */
#include <string.h>

#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/expr.h"
#include "sql/froms.h"

/* -- columns ------------------------------------------------------------------------------------------------------- */

/* Where the columns go: a table at `list`; a sequence of their keys is at `names`. */
typedef struct collector {
  int list;
  int names;
  lua_Integer at; /* columns seen */
  lua_Integer n;  /* those that are there */
} collector;

/* Pushes the node; a table's own column is its Column. */
static void push_expression(lua_State *L, const corm_node *node) {
  const corm_column_node *column = (const corm_column_node *)node;
  if (node->kind == CORM_NODE_COLUMN && column->column && column->from && column->from->kind == CORM_NODE_TABLE &&
      !column->entity && binding_push_table(L, column->column->table)) {
    binding_push_column(L, lua_gettop(L), column->column);
    lua_remove(L, -2);
    return;
  }
  binding_push_node(L, node, 1);
}

/* Pushes the keys of a FROM's columns, and for an aliased select a table of these columns, else nil. */
static void push_from_keys(lua_State *L, const corm_node *from) {
  const corm_node *element = from->kind == CORM_NODE_ALIAS ? ((const corm_alias *)from)->element : from;
  if (corm_as_select(element)) {
    binding_push_select_keys(L, corm_as_select(element));
    lua_newtable(L);
    lua_pushvalue(L, 1); /* in which the FROM lives */
    lua_rawseti(L, -2, 1);
    binding_fill_from_columns(L, -1, from);
    return;
  }
  lua_newtable(L);
  const char *key;
  for (size_t i = 0; (key = binding_from_key(from, i)); i++) {
    lua_pushstring(L, key);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushnil(L);
}

/* Pushes the column of a FROM whose columns are in the table at `made`, if that is one; a table's own is its Column. */
static void push_from_column(lua_State *L, const corm_node *from, const char *key, int made) {
  const corm_table *table = from->kind == CORM_NODE_TABLE ? ((const corm_table_node *)from)->table : NULL;
  if (lua_istable(L, made)) {
    lua_getfield(L, made, key);
  } else if (table && binding_push_table(L, table)) {
    binding_push_column(L, lua_gettop(L), corm_table_column(table, key, strlen(key)));
    lua_remove(L, -2);
  } else {
    binding_push_from_column(L, from, key, 1);
  }
}

/* Takes the column from the top; under its name too, unless another has it. */
static void add_column(lua_State *L, collector *c) {
  lua_pushvalue(L, -1);
  lua_rawseti(L, c->list, ++c->n);
  lua_rawgeti(L, c->names, ++c->at);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, c->list) == LUA_TNIL) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_rawset(L, c->list);
  }
  lua_pop(L, 3);
}

static bool is_raw(const corm_node *node) {
  return node->kind == CORM_NODE_TEXT ||
         (node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == CORM_CONSTANT_STAR);
}

static void add_item(lua_State *L, collector *c, const corm_node *item) {
  const corm_bundle *bundle = (const corm_bundle *)item;
  if (is_raw(item)) return;
  if (item->kind == CORM_NODE_BUNDLE) {
    for (uint32_t i = 0; i < bundle->n; i++) {
      push_expression(L, bundle->columns[i]);
      add_column(L, c);
    }
  } else if (item->kind == CORM_NODE_TABLE || item->kind == CORM_NODE_ALIAS) {
    push_from_keys(L, item);
    int made = lua_gettop(L), keys = made - 1;
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; i++) {
      push_from_column(L, item, lua_tostring(L, -1), made);
      add_column(L, c);
      lua_settop(L, made);
    }
    lua_settop(L, keys - 1);
  } else {
    push_expression(L, item);
    add_column(L, c);
  }
}

void binding_push_selected_columns(lua_State *L, const corm_select *select) {
  luaL_checkstack(L, 12, "selected_columns");
  binding_push_select_keys(L, select);
  lua_newtable(L);
  collector c = {.list = lua_gettop(L), .names = lua_gettop(L) - 1};
  for (uint32_t i = 0; i < select->ncolumns; i++) add_item(L, &c, select->columns[i]);
  binding_seal_list(L);
}

/* -- descriptions -------------------------------------------------------------------------------------------------- */

/* Sets the entity of the description at the top, and whether it is an alias. */
static void describe_entity(lua_State *L, const corm_bundle *bundle, const char *field) {
  const corm_mapper *mapper = corm_bundle_mapper(bundle);
  binding_push_class(L, binding_get(L), mapper);
  if (field) {
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, field);
  }
  lua_setfield(L, -2, "entity");
  lua_pushboolean(L, bundle->from != mapper->from);
  lua_setfield(L, -2, "aliased");
}

/* A class, an alias of one, or a Bundle. */
static void add_bundle(lua_State *L, collector *c, const corm_bundle *bundle) {
  lua_createtable(L, 0, 5);
  lua_pushstring(L, bundle->name);
  lua_setfield(L, -2, "name");
  binding_push_node(L, &bundle->base, 1);
  lua_setfield(L, -2, "expr");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "aliased");
  if (bundle->owner) describe_entity(L, bundle, "type");
  lua_rawseti(L, c->list, ++c->n);
  c->at += bundle->n;
}

/* Takes the expression from the top. */
static void add_description(lua_State *L, collector *c) {
  const corm_node *node = binding_tonamed(L, -1);
  lua_createtable(L, 0, 5);
  lua_rawgeti(L, c->names, ++c->at);
  if (node->kind == CORM_NODE_COLUMN) {
    lua_pop(L, 1);
    lua_pushstring(L, ((const corm_column_node *)node)->key);
  }
  lua_setfield(L, -2, "name");
  binding_push_type(L, corm_node_type(node), -2);
  lua_setfield(L, -2, "type");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "aliased");
  const corm_column_node *column = node->kind == CORM_NODE_COLUMN ? (const corm_column_node *)node : NULL;
  if (column && column->entity) describe_entity(L, column->entity, NULL);
  lua_insert(L, -2);
  lua_setfield(L, -2, "expr");
  lua_rawseti(L, c->list, ++c->n);
}

static void push_descriptions(lua_State *L, const corm_select *select) {
  luaL_checkstack(L, 12, "column_descriptions");
  binding_push_select_keys(L, select);
  lua_newtable(L);
  collector c = {.list = lua_gettop(L), .names = lua_gettop(L) - 1};
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_node *item = select->columns[i];
    if (is_raw(item)) continue;
    if (item->kind == CORM_NODE_BUNDLE) {
      add_bundle(L, &c, (const corm_bundle *)item);
    } else if (item->kind == CORM_NODE_TABLE || item->kind == CORM_NODE_ALIAS) {
      push_from_keys(L, item);
      int made = lua_gettop(L), keys = made - 1;
      for (lua_Integer k = 1; lua_rawgeti(L, keys, k) != LUA_TNIL; k++) {
        push_from_column(L, item, lua_tostring(L, -1), made);
        add_description(L, &c);
        lua_settop(L, made);
      }
      lua_settop(L, keys - 1);
    } else {
      push_expression(L, item);
      add_description(L, &c);
    }
  }
}

/* -- FROMs --------------------------------------------------------------------------------------------------------- */

static void push_froms(lua_State *L, const corm_select *select, bool columns_only) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_arena *arena = binding_scratch(L, state);
  corm_from_list froms;
  if (corm_select_froms_in(arena, select, columns_only, &froms, &err) != CORM_OK) binding_raise(L, &err);
  lua_createtable(L, (int)froms.n, 0);
  for (uint32_t i = 0; i < froms.n; i++) {
    const corm_node *from = froms.items[i];
    if (from->kind != CORM_NODE_TABLE || !binding_push_table(L, ((const corm_table_node *)from)->table))
      binding_push_node(L, from, 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_scratch_done(L, state, arena);
  lua_remove(L, -2);
}

static int select_get_final_froms(lua_State *L) {
  push_froms(L, (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, "get_final_froms")->base.node, false);
  return 1;
}

/* -- the properties ------------------------------------------------------------------------------------------------ */

/* Pushes the condition, or nil. */
static void push_where(lua_State *L, const corm_node *where) {
  if (where) {
    binding_push_node(L, where, 1);
  } else {
    lua_pushnil(L);
  }
}

static bool push_criteria(lua_State *L, const corm_node *statement) {
  switch ((corm_node_kind)statement->kind) {
  case CORM_NODE_SELECT: push_where(L, ((const corm_select *)statement)->where); return true;
  case CORM_NODE_UPDATE: push_where(L, ((const corm_update *)statement)->where); return true;
  case CORM_NODE_DELETE: push_where(L, ((const corm_delete_node *)statement)->where); return true;
  default: return false;
  }
}

bool binding_select_property(lua_State *L, const char *name) {
  static const char *const fields[] = {"selected_columns",     "exported_columns", "column_descriptions", "froms",
                                       "columns_clause_froms", "whereclause"};
  size_t field = 0, n = sizeof fields / sizeof *fields;
  while (field < n && strcmp(name, fields[field]) != 0) field++;
  const binding_stmt *stmt = field < n ? binding_test(L, 1, BINDING_STATEMENT) : NULL;
  if (!stmt) return false;
  const corm_select *select = stmt->base.node ? corm_as_select(stmt->base.node) : NULL;
  if (field < 2 && select) {
    binding_push_selected_columns(L, corm_select_leader(select));
  } else if (field == 2 && select) {
    push_descriptions(L, corm_select_leader(select));
  } else if (field < 5 && select && select->base.kind == CORM_NODE_SELECT) {
    push_froms(L, select, field == 4);
  } else if (field < 5 || !stmt->base.node || !push_criteria(L, stmt->base.node)) {
    binding_error(L, CORM_E_ARGUMENT, "%s has no field '%s'", binding_statement_name(stmt), name);
  }
  return true;
}

void binding_open_select_inspect(lua_State *L) {
  static const luaL_Reg methods[] = {{"get_final_froms", select_get_final_froms}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
}
