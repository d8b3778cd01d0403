/* corm.Index(name, columns or expressions ..., { options }). */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

/* The stack positions of the arguments: items first..last, options or 0. */
typedef struct index_args {
  const char *name;
  bool made; /* by conv() */
  int last;
  int options;
} index_args;

static const char *const where_names[CORM_INDEX_WHERES] = {
    [CORM_INDEX_WHERE_SQLITE] = "sqlite_where", [CORM_INDEX_WHERE_POSTGRESQL] = "postgresql_where"};

static index_args read_args(lua_State *L) {
  static const binding_option_spec specs[] = {{"unique", BINDING_OPT_BOOL},
                                              {"sqlite_where", BINDING_OPT_ANY},
                                              {"postgresql_where", BINDING_OPT_ANY},
                                              {"info", BINDING_OPT_ANY}};
  index_args args = {.last = lua_gettop(L)};
  corm_error err;
  corm_error_init(&err);
  if (args.last > 1 && binding_is_plain_table(L, args.last)) args.options = args.last--;
  if (args.options) binding_check_schema_options(L, args.options, "Index", specs, 4, CORM_OPTION_OF_INDEX);
  if (!lua_isnil(L, 1)) {
    size_t len;
    if (binding_test(L, 1, BINDING_NAME)) {
      args.made = true;
      lua_getiuservalue(L, 1, 1);
      lua_replace(L, 1);
    }
    if (lua_type(L, 1) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "Index: a name (or nil for a generated one) expected, got %s",
                    binding_typename(L, 1));
    args.name = lua_tolstring(L, 1, &len);
    if (corm_identifier_check(args.name, len, "index", &err) != CORM_OK) binding_raise(L, &err);
  }
  if (args.last < 2) binding_error(L, CORM_E_ARGUMENT, "Index: at least one column expected");
  return args;
}

/* The room of the names that must be copied. */
static size_t check_items(lua_State *L, const index_args *args) {
  size_t room = args->name ? CORM_ROOM_TEXT(strlen(args->name)) : 0;
  for (int i = 2; i <= args->last; i++) {
    size_t len;
    if (lua_type(L, i) != LUA_TSTRING) {
      binding_checkvalue(L, i, "Index");
      continue;
    }
    const char *text = lua_tolstring(L, i, &len);
    if (memchr(text, '\0', len)) binding_error(L, CORM_E_ARGUMENT, "Index: a name holds a NUL");
    room += CORM_ROOM_TEXT(len);
  }
  return room;
}

/* Expressions of an index are small; a tree that is deeper is not searched further, which bounds the C stack. */
#define DEEPEST 64

/* The first column of a table inside the expression, or NULL. */
static const corm_column *first_column(const corm_node *node, int depth) {
  if (node->kind == CORM_NODE_COLUMN) {
    const corm_column *column = ((const corm_column_node *)node)->column;
    return column && column->table ? column : NULL;
  }
  const corm_column *found = NULL;
  const corm_node *child;
  if (depth >= DEEPEST) return NULL;
  for (uint32_t i = 0; !found && (child = corm_node_child(node, i)); i++) found = first_column(child, depth + 1);
  return found;
}

static void set_item(lua_State *L, int arg, corm_index_item *item, corm_arena *arena) {
  if (lua_type(L, arg) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, arg, &len);
    item->column_name = corm_arena_dup(arena, text, len);
    return;
  }
  item->column = binding_tocolumn(L, arg);
  if (item->column) return;
  item->expr = binding_tonode(L, arg);
  if (item->expr) item->first = first_column(item->expr, 0);
}

/* Keeps the items and the conditions of a partial index, which stand from `where` on, in one table. */
static void anchor_items(lua_State *L, const index_args *args, int where) {
  lua_createtable(L, args->last + CORM_INDEX_WHERES + 2, 0);
  for (int i = 2; i <= args->last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - 1);
  }
  for (int i = 0; i <= CORM_INDEX_WHERES; i++) {
    lua_pushvalue(L, where + i);
    lua_rawseti(L, -2, args->last + i);
  }
  if (args->options && binding_opt_push(L, args->options, "info")) lua_setfield(L, -2, "info");
  lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
}

/* Pushes the table that the items belong to already; false when they belong to none. */
static bool push_table(lua_State *L, const corm_index *index) {
  for (uint32_t i = 0; i < index->nitems; i++) {
    const corm_index_item *item = &index->items[i];
    const corm_column *column = item->column ? item->column : item->first;
    if (column && column->table) return binding_push_table(L, column->table);
  }
  return false;
}

/* Pushes a condition, or nil. */
static void push_where(lua_State *L, const index_args *args, const char *name) {
  if (args->options && binding_opt_push(L, args->options, name))
    binding_checkcondition(L, -1, name);
  else
    lua_pushnil(L);
}

static int index_call(lua_State *L) {
  binding_state *state = binding_get(L);
  index_args args = read_args(L);
  size_t n = (size_t)args.last - 1, size = CORM_ARENA_ROUND(sizeof(binding_index_part));
  size_t room = check_items(L, &args) + CORM_ARENA_ROUND(n * sizeof(corm_index_item));
  int where = lua_gettop(L) + 1;
  for (int i = 0; i < CORM_INDEX_WHERES; i++) push_where(L, &args, where_names[i]);
  const corm_options *options = binding_push_schema_options(L, args.options, "Index", CORM_OPTION_OF_INDEX);
  binding_index_part *self = binding_new(L, BINDING_INDEX, size + room, BINDING_PART_SLOTS);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)self + size, room);
  self->index = &self->own;
  self->own.options = options;
  self->own.made_name = args.made;
  self->own.creation = state->creation++;
  self->own.unique = args.options && binding_opt_bool(L, args.options, "unique", false);
  self->own.name = args.name ? corm_arena_dup(&arena, args.name, strlen(args.name)) : NULL;
  self->own.items = corm_arena_zalloc(&arena, n, sizeof *self->own.items);
  self->own.nitems = (uint32_t)n;
  for (int i = 2; i <= args.last; i++) set_item(L, i, &self->own.items[i - 2], &arena);
  for (int i = 0; i < CORM_INDEX_WHERES; i++) self->own.where[i] = binding_tonode(L, where + i);
  anchor_items(L, &args, where);
  int part = lua_gettop(L);
  if (push_table(L, &self->own)) {
    binding_index_attach(L, part, lua_gettop(L));
    lua_settop(L, part);
  }
  return 1;
}

void binding_index_attach(lua_State *L, int part, int table) {
  binding_index_part *self = binding_check(L, part, BINDING_INDEX, "Index");
  binding_table *owner = binding_check(L, table, BINDING_TABLE, "Table");
  corm_error err;
  corm_error_init(&err);
  if (self->index->table == &owner->table) return;
  binding_table_hold(L, table, self->index, part);
  lua_pushvalue(L, table);
  lua_setiuservalue(L, part, BINDING_PART_TABLE);
  if (corm_table_add_index(&owner->table, self->index, &err) != CORM_OK) binding_raise(L, &err);
}

static void push_columns(lua_State *L, const corm_index *index) {
  lua_createtable(L, (int)index->nitems, 0);
  int list = lua_gettop(L), n = 0;
  lua_getiuservalue(L, 1, BINDING_PART_TABLE);
  for (uint32_t i = 0; index->table && i < index->nitems; i++) {
    if (!index->items[i].column) continue;
    binding_push_column(L, list + 1, index->items[i].column);
    lua_rawseti(L, list, ++n);
  }
  lua_settop(L, list);
  binding_seal_list(L);
}

/* The columns and expressions in order. */
static void push_expressions(lua_State *L, const corm_index *index) {
  lua_createtable(L, (int)index->nitems, 0);
  const int list = lua_gettop(L);
  lua_getiuservalue(L, 1, BINDING_PART_TABLE);
  for (uint32_t i = 0; index->table && i < index->nitems; i++) {
    if (index->items[i].column)
      binding_push_column(L, list + 1, index->items[i].column);
    else
      binding_push_node(L, index->items[i].expr, 1);
    lua_rawseti(L, list, (lua_Integer)i + 1);
  }
  lua_settop(L, list);
  binding_seal_list(L);
}

/* index:ddl_if { dialect, callable_ } */
static int index_ddl_if(lua_State *L) {
  binding_index_part *self = binding_check(L, 1, BINDING_INDEX, "Index:ddl_if");
  lua_settop(L, 2);
  binding_push_part_info(L, BINDING_PART_ANCHORS);
  lua_getiuservalue(L, 1, BINDING_PART_ANCHORS);
  self->index->condition = binding_push_ddl_if(L, 2);
  lua_setfield(L, -2, "ddl_if");
  lua_settop(L, 1);
  return 1;
}

static bool index_property(lua_State *L, void *block, const char *name) {
  const corm_index *index = ((const binding_index_part *)block)->index;
  if (strcmp(name, "name") == 0)
    lua_pushstring(L, index->name);
  else if (strcmp(name, "unique") == 0)
    lua_pushboolean(L, index->unique);
  else if (strcmp(name, "table") == 0)
    lua_getiuservalue(L, 1, BINDING_PART_TABLE);
  else if (strcmp(name, "columns") == 0)
    push_columns(L, index);
  else if (strcmp(name, "expressions") == 0)
    push_expressions(L, index);
  else if (strcmp(name, "info") == 0)
    binding_push_part_info(L, BINDING_PART_ANCHORS);
  else
    return false;
  return true;
}

static int index_index(lua_State *L) {
  return binding_index(L, BINDING_INDEX, index_property);
}

static int index_tostring(lua_State *L) {
  const binding_index_part *self = binding_check(L, 1, BINDING_INDEX, "Index");
  lua_pushfstring(L, "Index(%s)", self->index->name ? self->index->name : "");
  return 1;
}

void binding_open_index(lua_State *L) {
  static const luaL_Reg fields[] = {{"ddl_if", index_ddl_if}, {"name", NULL}, {"unique", NULL},      {"table", NULL},
                                    {"columns", NULL},        {"info", NULL}, {"expressions", NULL}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", index_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"Index", index_call}, {NULL, NULL}};
  binding_metatable(L, BINDING_INDEX, "Index", fields, meta, index_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
}
