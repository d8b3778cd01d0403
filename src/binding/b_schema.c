/* corm.MetaData: tables by name, create_all and drop_all. */
#include <string.h>

#include "base/str.h"
#include "binding/b_engine.h"
#include "binding/b_schema.h"
#include "engine/create.h"

static binding_metadata *check_metadata(lua_State *L, const char *what) {
  return binding_check(L, 1, BINDING_METADATA, what);
}

static int metadata_call(lua_State *L) {
  static const binding_option_spec specs[] = {{"schema", BINDING_OPT_STRING}, {"info", BINDING_OPT_ANY}};
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  binding_check_options(L, 1, "MetaData", specs, 2);
  const char *schema = binding_opt_string(L, 1, "schema", NULL);
  size_t len = schema ? strlen(schema) : 0;
  if (schema && corm_identifier_check(schema, len, "schema", &err) != CORM_OK) return binding_raise(L, &err);
  binding_metadata *self = binding_new(L, BINDING_METADATA, sizeof *self + len + 1, 2);
  corm_metadata_init(&self->metadata, &state->mem);
  if (schema) self->metadata.schema = memcpy(self + 1, schema, len + 1);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  if (lua_istable(L, 1) && binding_opt_push(L, 1, "info")) lua_setiuservalue(L, -2, 2);
  return 1;
}

static int metadata_gc(lua_State *L) {
  binding_metadata *self = binding_test(L, 1, BINDING_METADATA);
  if (self && self->metadata.mem) corm_metadata_clear(&self->metadata);
  return 0;
}

/* -- which tables, in which order ------------------------------------------------------------------------------ */

typedef struct table_list {
  corm_table **tables; /* in the scratch arena, referenced ones first */
  size_t n;
  size_t ncycle;
} table_list;

/* The tables of the option `tables` at the position `options`, in the arena; none: all. */
static size_t chosen_tables(lua_State *L, int options, const char *what, corm_arena *scratch, corm_table ***out) {
  *out = NULL;
  if (!lua_istable(L, options) || !binding_opt_push(L, options, "tables")) return 0;
  if (!binding_is_plain_table(L, -1)) binding_error(L, CORM_E_ARGUMENT, "%s: tables must be a list of tables", what);
  int list = lua_gettop(L);
  size_t n = lua_rawlen(L, list);
  *out = corm_arena_alloc(scratch, (n + 1) * sizeof **out);
  if (!*out) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    const corm_node *from = binding_checkfrom(L, -1, what);
    if (from->kind != CORM_NODE_TABLE) binding_error(L, CORM_E_ARGUMENT, "%s: tables must be a list of tables", what);
    (*out)[i] = (corm_table *)(uintptr_t)((const corm_table_node *)from)->table;
    lua_pop(L, 1);
  }
  return n;
}

static table_list sort_tables(lua_State *L, corm_metadata *metadata, int options, const char *what,
                              corm_arena *scratch) {
  table_list list = {.n = 0};
  corm_table **chosen;
  corm_error err;
  corm_error_init(&err);
  size_t n = chosen_tables(L, options, what, scratch, &chosen);
  if (chosen && n == 0) return list;
  corm_vec sorted;
  corm_vec_init(&sorted, &binding_get(L)->mem);
  if (corm_metadata_sort(metadata, chosen, n, &sorted, &list.ncycle, &err) == CORM_OK) {
    list.tables = corm_arena_alloc(scratch, (sorted.len + 1) * sizeof *list.tables);
    if (list.tables && sorted.len) memcpy(list.tables, sorted.items, sorted.len * sizeof *list.tables);
    if (!list.tables) (void)corm_error_memory(&err);
    list.n = sorted.len;
  }
  corm_vec_clear(&sorted);
  if (err.is_set) binding_raise(L, &err);
  return list;
}

/* -- creating and dropping ------------------------------------------------------------------------------------- */

/* Creates or drops the listed tables over the Engine or Connection at 2. */
static void run_ddl(lua_State *L, const table_list *list, bool drop, const char *what) {
  corm_error err;
  corm_error_init(&err);
  const corm_create create = {.tables = list->tables,
                              .n = list->n,
                              .ncycle = list->ncycle,
                              .checkfirst = !lua_istable(L, 3) || binding_opt_bool(L, 3, "checkfirst", true)};
  corm_conn *conn = binding_bind_open(L, 2, what);
  int index = lua_gettop(L);
  (void)!(drop ? corm_conn_drop(conn, &create, &err) : corm_conn_create(conn, &create, &err));
  binding_bind_done(L, 2, index, &err);
}

static int all_tables(lua_State *L, bool drop, const char *what) {
  static const binding_option_spec specs[] = {{"tables", BINDING_OPT_ANY}, {"checkfirst", BINDING_OPT_BOOL}};
  binding_metadata *self = check_metadata(L, what);
  binding_state *state = binding_get(L);
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, 2);
  corm_arena *scratch = binding_scratch(L, state);
  table_list list = sort_tables(L, &self->metadata, 3, what, scratch);
  run_ddl(L, &list, drop, what);
  binding_scratch_done(L, state, scratch);
  return 0;
}

static int metadata_create_all(lua_State *L) {
  return all_tables(L, false, "MetaData:create_all");
}

static int metadata_drop_all(lua_State *L) {
  return all_tables(L, true, "MetaData:drop_all");
}

/* table:create(bind, { checkfirst }): SQLAlchemy does not look first here. */
static int one_table(lua_State *L, bool drop, const char *what) {
  static const binding_option_spec specs[] = {{"checkfirst", BINDING_OPT_BOOL}};
  binding_table *self = binding_check(L, 1, BINDING_TABLE, what);
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, 1);
  corm_table *table = &self->table;
  table_list list = {.tables = &table, .n = 1};
  if (lua_isnil(L, 3)) {
    lua_newtable(L);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "checkfirst");
    lua_replace(L, 3);
  }
  run_ddl(L, &list, drop, what);
  return 0;
}

static int table_create(lua_State *L) {
  return one_table(L, false, "Table:create");
}

static int table_drop(lua_State *L) {
  return one_table(L, true, "Table:drop");
}

/* -- tables ---------------------------------------------------------------------------------------------------- */

/* metadata.tables: by position and full name. */
static void push_tables(lua_State *L, const corm_metadata *metadata, bool sorted) {
  corm_arena *scratch = NULL;
  binding_state *state = binding_get(L);
  table_list list = {.n = 0};
  lua_newtable(L);
  int out = lua_gettop(L);
  if (sorted) {
    scratch = binding_scratch(L, state);
    list = sort_tables(L, &((binding_metadata *)lua_touserdata(L, 1))->metadata, out, "sorted_tables", scratch);
  }
  size_t pos = 0, n = 0;
  while (true) {
    const corm_map_entry *entry = sorted ? NULL : corm_map_next(&metadata->tables, &pos);
    const corm_table *table = sorted ? (n < list.n ? list.tables[n] : NULL) : entry ? entry->value : NULL;
    if (!table || !binding_push_table(L, table)) break;
    if (!sorted) {
      lua_pushvalue(L, -1);
      lua_setfield(L, out, table->fullname);
    }
    lua_rawseti(L, out, (lua_Integer)++n);
  }
  if (scratch) binding_scratch_done(L, state, scratch);
  lua_settop(L, out);
  binding_seal_list(L);
}

static int metadata_remove(lua_State *L) {
  binding_metadata *self = check_metadata(L, "MetaData:remove");
  binding_table *table = binding_check(L, 2, BINDING_TABLE, "MetaData:remove");
  if (table->table.metadata != &self->metadata) return 0;
  corm_metadata_remove(&self->metadata, &table->table);
  lua_getiuservalue(L, 1, 1);
  lua_pushnil(L);
  lua_setfield(L, -2, table->table.fullname);
  return 0;
}

static int metadata_clear(lua_State *L) {
  binding_metadata *self = check_metadata(L, "MetaData:clear");
  size_t pos = 0;
  for (const corm_map_entry *entry; (entry = corm_map_next(&self->metadata.tables, &pos));)
    corm_metadata_remove(&self->metadata, entry->value);
  lua_newtable(L);
  lua_setiuservalue(L, 1, 1);
  return 0;
}

static bool metadata_property(lua_State *L, void *block, const char *name) {
  const binding_metadata *self = block;
  if (strcmp(name, "tables") == 0)
    push_tables(L, &self->metadata, false);
  else if (strcmp(name, "sorted_tables") == 0)
    push_tables(L, &self->metadata, true);
  else if (strcmp(name, "schema") == 0)
    lua_pushstring(L, self->metadata.schema);
  else if (strcmp(name, "info") == 0)
    lua_getiuservalue(L, 1, 2);
  else
    return false;
  return true;
}

static int metadata_index(lua_State *L) {
  return binding_index(L, BINDING_METADATA, metadata_property);
}

static int metadata_tostring(lua_State *L) {
  check_metadata(L, "MetaData");
  lua_pushliteral(L, "MetaData()");
  return 1;
}

void binding_open_schema(lua_State *L) {
  static const luaL_Reg methods[] = {{"create_all", metadata_create_all},
                                     {"drop_all", metadata_drop_all},
                                     {"remove", metadata_remove},
                                     {"clear", metadata_clear},
                                     {"tables", NULL},
                                     {"sorted_tables", NULL},
                                     {"schema", NULL},
                                     {"info", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", metadata_gc}, {"__tostring", metadata_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"MetaData", metadata_call}, {NULL, NULL}};
  static const luaL_Reg table_methods[] = {{"create", table_create}, {"drop", table_drop}, {NULL, NULL}};
  binding_metatable(L, BINDING_METADATA, "MetaData", methods, meta, metadata_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  binding_open_column(L);
  binding_open_constraint(L);
  binding_open_index(L);
  binding_open_table(L);
  binding_add_methods(L, BINDING_TABLE, table_methods);
  binding_open_ddl(L);
}
