/* corm.Table("name", metadata, columns, constraints, indexes, { options }) and what a table shows. */
#include <string.h>

#include "base/str.h"
#include "binding/b_host.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* -- parts --------------------------------------------------------------------------------------------------------- */

void binding_table_hold(lua_State *L, int table, const void *core, int part) {
  part = lua_absindex(L, part);
  lua_getiuservalue(L, table, BINDING_TABLE_PARTS);
  lua_pushvalue(L, part);
  lua_rawsetp(L, -2, core);
  lua_pop(L, 1);
}

/* Pushes the userdata of the core's struct if there is one already. */
static bool push_held(lua_State *L, int table, const void *core) {
  lua_getiuservalue(L, table, BINDING_TABLE_PARTS);
  lua_rawgetp(L, -1, core);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void binding_push_column(lua_State *L, int table, const corm_column *column) {
  if (!push_held(L, table, column)) lua_pushnil(L);
}

void binding_push_constraint(lua_State *L, int table, corm_constraint *constraint) {
  table = lua_absindex(L, table);
  if (push_held(L, table, constraint)) return;
  binding_constraint *made = binding_new(L, BINDING_CONSTRAINT, sizeof *made, BINDING_PART_SLOTS);
  made->constraint = constraint;
  binding_anchor(L, BINDING_PART_TABLE, table);
  binding_table_hold(L, table, constraint, -1);
}

void binding_push_index(lua_State *L, int table, corm_index *index) {
  table = lua_absindex(L, table);
  if (push_held(L, table, index)) return;
  binding_index_part *made = binding_new(L, BINDING_INDEX, sizeof *made, BINDING_PART_SLOTS);
  made->index = index;
  binding_anchor(L, BINDING_PART_TABLE, table);
  binding_table_hold(L, table, index, -1);
}

/* Core tables to their userdata, weakly. */
static const char tables_key;

static void push_registry(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &tables_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  binding_push_weak(L, "v");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &tables_key);
}

bool binding_push_table(lua_State *L, const corm_table *table) {
  push_registry(L);
  lua_rawgetp(L, -1, table);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

/* Fills t.c anew: positions and keys. */
static void refresh_columns(lua_State *L, int table) {
  const binding_table *self = binding_check(L, table, BINDING_TABLE, "Table");
  lua_getiuservalue(L, table, BINDING_TABLE_COLUMNS);
  int columns = lua_gettop(L);
  for (size_t i = 0; i < self->table.columns.len; i++) {
    const corm_column *column = self->table.columns.items[i];
    binding_push_column(L, table, column);
    lua_pushvalue(L, -1);
    lua_rawseti(L, columns, (lua_Integer)i + 1);
    lua_pushstring(L, column->key);
    lua_insert(L, -2);
    lua_rawset(L, columns);
  }
  lua_pop(L, 1);
}

/* Takes a Column out of the core's table and, by its key on the top, out of the collection below that. */
static void take_out(lua_State *L, int table, int item) {
  binding_table *self = lua_touserdata(L, table);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)self->table.columns.len);
  corm_table_remove_column(&self->table, &((binding_column *)lua_touserdata(L, item))->column);
}

void binding_table_remove(lua_State *L, int table, int item) {
  const binding_table *self = binding_check(L, table, BINDING_TABLE, "Table");
  const binding_column *column = binding_check(L, item, BINDING_COLUMN, "Column");
  if (column->column.table != &self->table) return;
  lua_getiuservalue(L, table, BINDING_TABLE_COLUMNS);
  lua_pushstring(L, column->column.key);
  take_out(L, table, item);
  lua_pop(L, 1);
  refresh_columns(L, table);
}

/* A ForeignKey of the column becomes a constraint of one column. */
static void attach_foreign_keys(lua_State *L, int item, int table) {
  binding_column *column = binding_check(L, item, BINDING_COLUMN, "Column");
  lua_getiuservalue(L, item, BINDING_COLUMN_PARTS);
  int parts = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, parts, i) != LUA_TNIL; i++) {
    binding_constraint *key = binding_check(L, -1, BINDING_CONSTRAINT, "ForeignKey");
    if (!key->is_foreign_key) {
      if (!key->own.inside) key->own.inside = &column->column;
      binding_constraint_attach(L, lua_gettop(L), table);
      lua_pop(L, 1);
      continue;
    }
    if (key->own.table)
      binding_error(L, CORM_E_ARGUMENT, "the ForeignKey of column '%s' belongs to another column already",
                    column->column.name);
    key->own.column_names = &column->column.key;
    /* As if it had been written right behind the table's arguments: SQLAlchemy's order. */
    key->own.creation = ((const binding_table *)lua_touserdata(L, table))->table.creation;
    binding_constraint_attach(L, lua_gettop(L), table);
    lua_pop(L, 1);
  }
  lua_settop(L, parts - 1);
}

/* Attaches a column of which the name is known. */
static void add_column(lua_State *L, int table, int item) {
  binding_table *self = binding_check(L, table, BINDING_TABLE, "Table");
  binding_column *column = binding_check(L, item, BINDING_COLUMN, "Column");
  corm_error err;
  corm_error_init(&err);
  if (!column->column.name) binding_error(L, CORM_E_ARGUMENT, "table '%s': a Column has no name", self->table.name);
  if (!column->column.table) binding_table_hold(L, table, &column->column, item);
  if (corm_table_add_column(&self->table, &column->column, &err) != CORM_OK) binding_raise(L, &err);
  binding_column_attached(L, item, table);
}

/* A column that comes to a table later is its last one, whenever it was written: mapped classes know those that are
   there by their positions. */
static void come_last(lua_State *L, int item) {
  corm_column *column = &((binding_column *)lua_touserdata(L, item))->column;
  if (!column->table) column->creation = binding_get(L)->creation++;
}

/* What belongs to the Column at 2 comes to the Table at 1, too, and t.c has it. */
static int finish_column(lua_State *L) {
  attach_foreign_keys(L, 2, 1);
  refresh_columns(L, 1);
  return 0;
}

/* All of it or, where memory ends or a ForeignKey is another column's, nothing: so it can be added again. */
static void append_column(lua_State *L, int table, int item) {
  luaL_checkstack(L, 8, "Table:append_column");
  come_last(L, item);
  lua_getiuservalue(L, table, BINDING_TABLE_COLUMNS);
  lua_pushstring(L, ((const binding_column *)lua_touserdata(L, item))->column.key);
  add_column(L, table, item);
  lua_pushcfunction(L, finish_column);
  lua_pushvalue(L, table);
  lua_pushvalue(L, item);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) {
    lua_pop(L, 2);
    return;
  }
  lua_insert(L, -3); /* the error */
  take_out(L, table, item);
  lua_pop(L, 1);
  lua_error(L);
}

void binding_table_add(lua_State *L, int table, int item) {
  switch (binding_kindof(L, item)) {
  case BINDING_COLUMN: append_column(L, table, item); break;
  case BINDING_INDEX: binding_index_attach(L, item, table); break;
  case BINDING_CONSTRAINT:
    if (!((const binding_constraint *)lua_touserdata(L, item))->is_foreign_key) {
      binding_constraint_attach(L, item, table);
      break;
    }
    binding_error(L, CORM_E_ARGUMENT, "Table: a ForeignKey belongs into a Column; a table takes ForeignKeyConstraint");
    break;
  default:
    binding_error(L, CORM_E_ARGUMENT, "Table: a Column, a constraint or an Index expected, got %s",
                  binding_typename(L, item));
  }
}

/* -- construction -------------------------------------------------------------------------------------------------- */

static const binding_option_spec option_specs[] = {
    {"schema", BINDING_OPT_STRING},
    {"comment", BINDING_OPT_STRING},
    {"info", BINDING_OPT_ANY},
    {"keep_existing", BINDING_OPT_BOOL},
    {"sqlite_autoincrement", BINDING_OPT_BOOL},
    {"sqlite_strict", BINDING_OPT_BOOL},
    {"sqlite_with_rowid", BINDING_OPT_BOOL},
    {"prefixes", BINDING_OPT_ANY},
    {"quote", BINDING_OPT_BOOL},
    {"extend_existing", BINDING_OPT_BOOL},
};

/* Words behind CREATE, in the table's arena. */
static void read_prefixes(lua_State *L, int options, corm_table *table) {
  if (!binding_opt_push(L, options, "prefixes")) return;
  if (!binding_is_plain_table(L, -1)) binding_error(L, CORM_E_ARGUMENT, "Table: prefixes must be a list of words");
  const size_t n = lua_rawlen(L, -1);
  const char **prefixes = corm_arena_zalloc(&table->arena, n + 1, sizeof *prefixes);
  for (size_t i = 0; prefixes && i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    const char *word = binding_name_at(L, -1);
    if (!corm_option_is_word(word))
      binding_error(L, CORM_E_ARGUMENT, "Table: prefixes must be a list of words such as \"TEMPORARY\"");
    prefixes[i] = corm_arena_dup(&table->arena, word, strlen(word));
    lua_pop(L, 1);
    if (!prefixes[i]) prefixes = NULL;
  }
  if (!prefixes) binding_error(L, CORM_E_MEMORY, "not enough memory");
  table->prefixes = prefixes;
  table->nprefixes = (uint32_t)n;
  lua_pop(L, 1);
}

static void read_options(lua_State *L, int options, int table, binding_table *self) {
  if (!options) return;
  self->table.sqlite_autoincrement = binding_opt_bool(L, options, "sqlite_autoincrement", false);
  self->table.sqlite_strict = binding_opt_bool(L, options, "sqlite_strict", false);
  self->table.sqlite_without_rowid = !binding_opt_bool(L, options, "sqlite_with_rowid", true);
  lua_getiuservalue(L, table, BINDING_TABLE_PARTS);
  if (binding_opt_push(L, options, "info")) {
    if (!lua_istable(L, -1)) binding_error(L, CORM_E_ARGUMENT, "Table: info must be a table");
    lua_setfield(L, -2, "info");
  }
  if (binding_opt_push(L, options, "comment")) {
    self->table.comment = lua_tostring(L, -1); /* PARTS keeps it */
    lua_setfield(L, -2, "comment");
  }
  const corm_options *told = binding_push_schema_options(L, options, "Table", CORM_OPTION_OF_TABLE);
  if (told) {
    self->table.options = told;
    lua_setfield(L, -2, "options");
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  read_prefixes(L, options, &self->table);
  self->table.quote = binding_opt_quote(L, options, self->table.name, "Table");
}

static void free_table(binding_life *life) {
  binding_table *self = (binding_table *)((char *)life - offsetof(binding_table, life));
  if (self->table.arena.mem) corm_table_clear(&self->table);
}

/* The new Table on the top, empty and not yet in the metadata. */
static binding_table *push_new_table(lua_State *L, int metadata, const char *name, const char *schema) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  binding_table *self = binding_new(L, BINDING_TABLE, sizeof *self, BINDING_TABLE_SLOTS);
  binding_live(L, &self->life, free_table);
  if (corm_table_init(&self->table, &state->mem, name, schema, &err) != CORM_OK) binding_raise(L, &err);
  self->table.creation = state->creation++;
  self->table.naming = &((const binding_metadata *)lua_touserdata(L, metadata))->metadata.naming;
  self->node.base = (corm_node){.kind = CORM_NODE_TABLE, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
  self->node.table = &self->table;
  self->base.node = &self->node.base;
  push_registry(L);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, &self->table);
  lua_pop(L, 1);
  binding_anchor(L, BINDING_TABLE_METADATA, metadata);
  lua_newtable(L);
  binding_seal_list(L);
  lua_setiuservalue(L, -2, BINDING_TABLE_COLUMNS);
  lua_newtable(L);
  lua_setiuservalue(L, -2, BINDING_TABLE_PARTS);
  return self;
}

/* The items at first..last: all columns first, so that constraints find them whatever the order. */
static void add_items(lua_State *L, int table, int first, int last) {
  for (int i = first; i <= last; i++) {
    if (!binding_test(L, i, BINDING_COLUMN)) continue;
    add_column(L, table, i);
    attach_foreign_keys(L, i, table);
  }
  for (int i = first; i <= last; i++)
    if (!binding_test(L, i, BINDING_COLUMN)) binding_table_add(L, table, i);
  refresh_columns(L, table);
}

/* Resolves the foreign keys of untyped columns, which take their target's type; errors are told when they matter. */
static void resolve_types(corm_table *table) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    bool untyped = false;
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    for (uint32_t k = 0; k < constraint->ncolumns; k++)
      untyped |= constraint->columns[k]->type->kind == CORM_TYPE_NULLTYPE && !constraint->columns[k]->type->hosted;
    corm_error err;
    corm_error_init(&err);
    if (!untyped || corm_constraint_resolve(constraint, &err) != CORM_OK) {
      corm_error_clear(&err);
      continue;
    }
    for (uint32_t k = 0; k < constraint->ncolumns; k++) {
      corm_column *column = constraint->columns[k];
      ((binding_column *)((char *)column - offsetof(binding_column, column)))->node.base.type = column->type;
    }
  }
}

/* A new table can be what the foreign keys of earlier ones wait for. */
static void resolve_all_types(const corm_metadata *metadata) {
  size_t pos = 0;
  for (const corm_map_entry *entry; (entry = corm_map_next(&metadata->tables, &pos));) resolve_types(entry->value);
}

/* The table of that name which the metadata has already: pushed where the call asks for it, else an error. */
static bool push_existing(lua_State *L, const char *fullname, bool keep, bool has_items) {
  lua_getiuservalue(L, 2, 1);
  lua_getfield(L, -1, fullname);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  if (keep || !has_items) return true;
  binding_error(L, CORM_E_INVALID_REQUEST,
                "table '%s' is already defined for this MetaData; keep_existing = true takes the table that is "
                "there, extend_existing = true adds to it",
                fullname);
  return false;
}

/* Adds the items at first..last to a table that is there; a column that it has already stays as it is. */
static void extend_table(lua_State *L, int table, int first, int last) {
  const binding_table *self = binding_check(L, table, BINDING_TABLE, "Table");
  for (int i = first; i <= last; i++) {
    const binding_column *column = binding_test(L, i, BINDING_COLUMN);
    const char *key = column ? column->column.key : NULL;
    if (key && corm_table_column(&self->table, key, strlen(key))) continue;
    binding_table_add(L, table, i);
  }
}

/* Table(..., { autoload_with = bind }): what the database says becomes columns and constraints (lua/corm/autoload.lua).
 */
static bool is_reflected(lua_State *L) {
  const int last = lua_gettop(L);
  return last > 2 && lua_type(L, last) == LUA_TTABLE && binding_opt_push(L, last, "autoload_with");
}

static int call_autoload(lua_State *L) {
  lua_pop(L, 1);
  binding_host_function(L, binding_get(L)->host, "autoload");
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

int binding_table_call(lua_State *L) {
  if (is_reflected(L)) return call_autoload(L);
  int last = lua_gettop(L), options = 0;
  const int8_t quote = last > 0 ? binding_unwrap_name(L, 1) : 0;
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "Table: a name expected, got %s", binding_typename(L, 1));
  binding_metadata *metadata = binding_check(L, 2, BINDING_METADATA, "Table");
  if (last > 2 && lua_type(L, last) == LUA_TTABLE) options = last--;
  if (options)
    binding_check_schema_options(L, options, "Table", option_specs, sizeof option_specs / sizeof *option_specs,
                                 CORM_OPTION_OF_TABLE);
  size_t len;
  const char *name = lua_tolstring(L, 1, &len);
  corm_error err;
  corm_error_init(&err);
  if (corm_identifier_check(name, len, "table", &err) != CORM_OK) return binding_raise(L, &err);
  const char *schema = options ? binding_opt_string(L, options, "schema", NULL) : NULL;
  if (!schema) schema = metadata->metadata.schema;
  if (schema && !*schema) schema = NULL; /* BLANK_SCHEMA */
  const char *fullname = schema ? lua_pushfstring(L, "%s.%s", schema, name) : name;
  bool keep = options && binding_opt_bool(L, options, "keep_existing", false);
  const bool extend = options && binding_opt_bool(L, options, "extend_existing", false);
  if (keep && extend)
    return binding_error(L, CORM_E_ARGUMENT, "Table: keep_existing and extend_existing exclude each other");
  if (push_existing(L, fullname, keep || extend, last > 2)) {
    if (extend) extend_table(L, lua_gettop(L), 3, last);
    return 1;
  }
  binding_table *self = push_new_table(L, 2, name, schema);
  int table = lua_gettop(L);
  read_options(L, options, table, self);
  if (quote) self->table.quote = quote;
  add_items(L, table, 3, last);
  lua_getiuservalue(L, 2, 1);
  lua_pushvalue(L, table);
  lua_setfield(L, -2, fullname);
  if (corm_metadata_add(&metadata->metadata, &self->table, &err) != CORM_OK) return binding_raise(L, &err);
  lua_settop(L, table);
  resolve_all_types(&metadata->metadata);
  return 1;
}

/* The collector takes a Table that it has found unreachable out of the table of them; a finalizer of the same garbage
   may have brought it back. */
static int table_gc(lua_State *L) {
  binding_table *self = binding_test(L, 1, BINDING_TABLE);
  if (!self) return 0;
  binding_die(L, &self->life);
  if (!self->life.free) return 0;
  push_registry(L);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, &self->table);
  return 0;
}

/* -- looking at one ------------------------------------------------------------------------------------------------ */

static void push_constraints(lua_State *L, binding_table *self, int only) {
  lua_newtable(L);
  lua_Integer n = 0;
  for (size_t i = 0; i < self->table.constraints.len; i++) {
    corm_constraint *constraint = self->table.constraints.items[i];
    if (only >= 0 && (int)constraint->kind != only) continue;
    binding_push_constraint(L, 1, constraint);
    lua_rawseti(L, -2, ++n);
  }
  binding_seal_list(L);
}

static void push_indexes(lua_State *L, binding_table *self) {
  lua_newtable(L);
  for (size_t i = 0; i < self->table.indexes.len; i++) {
    binding_push_index(L, 1, self->table.indexes.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_seal_list(L);
}

static void push_part(lua_State *L, const char *name) {
  lua_getiuservalue(L, 1, BINDING_TABLE_PARTS);
  lua_getfield(L, -1, name);
}

static bool table_property(lua_State *L, void *block, const char *name) {
  binding_table *self = block;
  if (strcmp(name, "c") == 0 || strcmp(name, "columns") == 0)
    lua_getiuservalue(L, 1, BINDING_TABLE_COLUMNS);
  else if (strcmp(name, "name") == 0)
    lua_pushstring(L, self->table.name);
  else if (strcmp(name, "schema") == 0)
    lua_pushstring(L, self->table.schema);
  else if (strcmp(name, "fullname") == 0 || strcmp(name, "key") == 0)
    lua_pushstring(L, self->table.fullname);
  else if (strcmp(name, "metadata") == 0)
    lua_getiuservalue(L, 1, BINDING_TABLE_METADATA);
  else if (strcmp(name, "primary_key") == 0)
    binding_push_constraint(L, 1, self->table.primary_key);
  else if (strcmp(name, "constraints") == 0)
    push_constraints(L, self, -1);
  else if (strcmp(name, "foreign_keys") == 0 || strcmp(name, "foreign_key_constraints") == 0)
    push_constraints(L, self, CORM_CONSTRAINT_FOREIGN_KEY);
  else if (strcmp(name, "indexes") == 0)
    push_indexes(L, self);
  else if (strcmp(name, "info") == 0)
    binding_push_part_info(L, BINDING_TABLE_PARTS);
  else if (strcmp(name, "comment") == 0)
    push_part(L, name);
  else
    return false;
  return true;
}

static int table_index(lua_State *L) {
  /* t.c is what nearly every expression begins with. */
  if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "c") == 0 && binding_test(L, 1, BINDING_TABLE)) {
    lua_getiuservalue(L, 1, BINDING_TABLE_COLUMNS);
    return 1;
  }
  return binding_index(L, BINDING_TABLE, table_property);
}

static int table_tostring(lua_State *L) {
  lua_pushstring(L, ((binding_table *)binding_check(L, 1, BINDING_TABLE, "Table"))->table.fullname);
  return 1;
}

/* t:append_column(column), t:append_constraint(constraint): added later. */
static int table_append(lua_State *L) {
  binding_check(L, 1, BINDING_TABLE, "Table:append_column");
  lua_settop(L, 2);
  binding_table_add(L, 1, 2);
  return 0;
}

/* t:select() and its like are the functions of the module with the table as first argument. */
static int call_module(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

void binding_table_add_dml(lua_State *L) {
  static const char *const names[] = {"select", "insert", "update", "delete"};
  int module = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->methods[BINDING_TABLE]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_pushlightuserdata(L, binding_get(L));
    lua_getfield(L, module, names[i]);
    lua_pushcclosure(L, call_module, 2);
    lua_setfield(L, -2, names[i]);
  }
  lua_pop(L, 1);
}

void binding_open_table(lua_State *L) {
  static const luaL_Reg methods[] = {{"append_column", table_append},
                                     {"append_constraint", table_append},
                                     {"c", NULL},
                                     {"columns", NULL},
                                     {"name", NULL},
                                     {"schema", NULL},
                                     {"fullname", NULL},
                                     {"key", NULL},
                                     {"metadata", NULL},
                                     {"primary_key", NULL},
                                     {"constraints", NULL},
                                     {"foreign_keys", NULL},
                                     {"foreign_key_constraints", NULL},
                                     {"indexes", NULL},
                                     {"info", NULL},
                                     {"comment", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", table_tostring}, {"__gc", table_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"Table", binding_table_call}, {NULL, NULL}};
  binding_metatable(L, BINDING_TABLE, "Table", methods, meta, table_index);
  binding_refuse_operators(L);
  lua_pop(L, 1);
  binding_add_methods(L, BINDING_TABLE, binding_from_methods);
  binding_setfuncs(L, functions);
}
