/* corm.MetaData: tables by name, create_all and drop_all. */
#include <string.h>

#include "base/str.h"
#include "binding/b_engine.h"
#include "binding/b_schema.h"
#include "binding/b_create.h"

static binding_metadata *check_metadata(lua_State *L, const char *what) {
  return binding_check(L, 1, BINDING_METADATA, what);
}

static void free_metadata(binding_life *life) {
  binding_metadata *self = (binding_metadata *)((char *)life - offsetof(binding_metadata, life));
  if (self->metadata.mem) corm_metadata_clear(&self->metadata);
}

static int metadata_call(lua_State *L) {
  static const binding_option_spec specs[] = {
      {"schema", BINDING_OPT_STRING}, {"info", BINDING_OPT_ANY}, {"naming_convention", BINDING_OPT_ANY}};
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  binding_check_options(L, 1, "MetaData", specs, 3);
  const char *schema = binding_opt_string(L, 1, "schema", NULL);
  size_t len = schema ? strlen(schema) : 0;
  if (schema && corm_identifier_check(schema, len, "schema", &err) != CORM_OK) return binding_raise(L, &err);
  binding_metadata *self = binding_new(L, BINDING_METADATA, sizeof *self + len + 1, 4);
  binding_live(L, &self->life, free_metadata);
  corm_metadata_init(&self->metadata, &state->mem);
  if (schema) self->metadata.schema = memcpy(self + 1, schema, len + 1);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 3);
  if (lua_istable(L, 1) && binding_opt_push(L, 1, "info")) lua_setiuservalue(L, -2, 2);
  if (lua_istable(L, 1)) binding_read_naming(L, 1, self);
  return 1;
}

static int metadata_gc(lua_State *L) {
  binding_metadata *self = binding_test(L, 1, BINDING_METADATA);
  if (self) binding_die(L, &self->life);
  return 0;
}

/* -- tables -------------------------------------------------------------------------------------------------------- */

/* metadata.tables: by position and full name. */
static void push_tables(lua_State *L, const corm_metadata *metadata, bool sorted) {
  corm_arena *scratch = NULL;
  binding_state *state = binding_get(L);
  binding_table_list list = {.n = 0};
  lua_newtable(L);
  int out = lua_gettop(L);
  if (sorted) {
    scratch = binding_scratch(L, state);
    list = binding_sort_tables(L, &((binding_metadata *)lua_touserdata(L, 1))->metadata, out, "sorted_tables", scratch);
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

static void push_naming(lua_State *L) {
  lua_getiuservalue(L, 1, 4);
  if (lua_istable(L, -1)) lua_getfield(L, -1, "given");
}

static void push_info(lua_State *L) {
  if (lua_getiuservalue(L, 1, 2) == LUA_TTABLE) return;
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, 2);
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
    push_info(L);
  else if (strcmp(name, "naming_convention") == 0)
    push_naming(L);
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
  static const luaL_Reg methods[] = {{"remove", metadata_remove},
                                     {"clear", metadata_clear},
                                     {"tables", NULL},
                                     {"sorted_tables", NULL},
                                     {"schema", NULL},
                                     {"info", NULL},
                                     {"naming_convention", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", metadata_gc}, {"__tostring", metadata_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"MetaData", metadata_call}, {NULL, NULL}};
  binding_metatable(L, BINDING_METADATA, "MetaData", methods, meta, metadata_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  binding_open_column(L);
  binding_open_constraint(L);
  binding_open_index(L);
  binding_open_table(L);
  binding_open_create(L);
  binding_open_sequence(L);
  binding_open_ddl(L);
}
