/* Makes a class's Mapper out of what lua/corm/declarative.lua has read. */
#include <string.h>

#include "binding/b_object.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* Arguments of mapper(), then what is made. */
enum { ARG_REGISTRY = 1, ARG_NAME, ARG_TABLE, ARG_KEYS, ARG_CLASS, ARG_PARENT, ARG_OPTIONS, ARG_END = ARG_OPTIONS };

/* Gives the class its number, and slots in the tables that may not grow later. */
static void number_class(lua_State *L, binding_host *host, binding_class *cls, int table) {
  lua_pushliteral(L, "corm");
  cls->text = lua_tostring(L, -1) - (const char *)lua_topointer(L, -1);
  lua_pop(L, 1);
  cls->number = ++host->next_class;
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->living);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, cls->number);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->classes);
  lua_pushvalue(L, table);
  lua_rawseti(L, -2, cls->number);
  lua_pop(L, 2);
}

void binding_read_attribute(lua_State *L, int options, corm_attribute_def *def) {
  if (!lua_istable(L, options)) return;
  lua_getfield(L, options, "deferred");
  def->deferred = lua_toboolean(L, -1);
  lua_getfield(L, options, "raiseload");
  def->raise = lua_toboolean(L, -1);
  lua_getfield(L, options, "active_history");
  def->active_history = lua_toboolean(L, -1);
  lua_getfield(L, options, "group");
  def->group = lua_tostring(L, -1); /* the options keep it */
  lua_pop(L, 4);
}

/* Column i (from 0) of the list at the top. */
static corm_column *column_at(lua_State *L, size_t i) {
  lua_rawgeti(L, -1, (lua_Integer)i + 1);
  corm_column *column = &((binding_column *)binding_check(L, -1, BINDING_COLUMN, "Column"))->column;
  lua_pop(L, 1);
  return column;
}

/* All of them. */
static corm_column **read_columns(lua_State *L, corm_arena *scratch, uint32_t *n) {
  *n = (uint32_t)lua_rawlen(L, -1);
  corm_column **columns = corm_arena_zalloc(scratch, (size_t)*n + 1, sizeof *columns);
  if (!columns) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < *n; i++) columns[i] = column_at(L, i);
  return columns;
}

/* The columns that have the value, too: of other tables of a join. */
static void read_also(lua_State *L, corm_arena *scratch, corm_attribute_def *def) {
  if (lua_getfield(L, ARG_OPTIONS, "also") == LUA_TTABLE && lua_getfield(L, -1, def->key) == LUA_TTABLE)
    def->also = read_columns(L, scratch, &def->nalso);
}

/* What is said of the attribute besides its column. */
static void read_attribute(lua_State *L, corm_arena *scratch, corm_attribute_def *def) {
  const int top = lua_gettop(L);
  read_also(L, scratch, def);
  lua_settop(L, top);
  lua_getfield(L, ARG_OPTIONS, "attributes");
  lua_getfield(L, -1, def->key);
  binding_read_attribute(L, lua_gettop(L), def);
  lua_pop(L, 2);
}

/* keys[i] names column i of the table (false: it is not mapped), or columns[i], which were added to the parent's, or
   are those of a join. */
static void read_attributes(lua_State *L, corm_arena *scratch, corm_mapper_def *def) {
  const bool own = lua_getfield(L, ARG_OPTIONS, "columns") != LUA_TTABLE;
  if (own) lua_pop(L, 1);
  const size_t n = own ? def->table->columns.len : lua_rawlen(L, -1);
  corm_attribute_def *attributes = corm_arena_zalloc(scratch, n + 1, sizeof *attributes);
  if (!attributes) binding_error(L, CORM_E_MEMORY, "not enough memory");
  uint32_t mapped = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, ARG_KEYS, (lua_Integer)i + 1);
    const bool left_out = lua_isboolean(L, -1);
    attributes[mapped].key = lua_tostring(L, -1); /* the table keeps it */
    lua_pop(L, 1);
    if (left_out) continue;
    read_attribute(L, scratch, &attributes[mapped]);
    attributes[mapped++].column = own ? def->table->columns.items[i] : column_at(L, i);
  }
  if (!own) lua_pop(L, 1);
  def->attributes = attributes;
  def->nattributes = mapped;
}

static bool flag(lua_State *L, const char *name) {
  lua_getfield(L, ARG_OPTIONS, name);
  const bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* The Columns that stand for the table's primary key. */
static void read_primary_key(lua_State *L, corm_arena *scratch, corm_mapper_def *def) {
  if (lua_getfield(L, ARG_OPTIONS, "primary_key") == LUA_TNIL) return;
  def->primary_key = read_columns(L, scratch, &def->nprimary_key);
}

/* lua/corm/mapper_args.lua has checked them. The function is kept with the options. */
static void read_rules(lua_State *L, corm_mapper_def *def) {
  corm_mapper_rules *rules = &def->rules;
  lua_getfield(L, ARG_OPTIONS, "version");
  def->version = lua_tostring(L, -1);
  const int type = lua_getfield(L, ARG_OPTIONS, "version_generator");
  if (type == LUA_TFUNCTION) {
    rules->version_kind = CORM_VERSION_HOOK;
    rules->version_hook = binding_hook_add(L, binding_get(L), -1);
  } else if (type == LUA_TBOOLEAN) {
    rules->version_kind = CORM_VERSION_GIVEN;
  }
  if (lua_getfield(L, ARG_OPTIONS, "eager_defaults") == LUA_TBOOLEAN)
    rules->eager_defaults = lua_toboolean(L, -1) ? CORM_EAGER_ALWAYS : CORM_EAGER_NEVER;
  def->selectin = flag(L, "selectin");
  def->concrete = flag(L, "concrete");
  rules->unconfirmed_deletes = flag(L, "unconfirmed_deletes");
  rules->whole_keys = flag(L, "whole_keys");
  rules->active_updates = flag(L, "active_updates");
  rules->one_by_one = flag(L, "one_by_one");
  rules->refreshes = flag(L, "refreshes");
}

/* The type of the attribute that polymorphic_on names; NULL: there is none. */
static const corm_type *discriminator_type(const corm_mapper_def *def) {
  const corm_mapper *parent = def->parent;
  for (uint32_t i = 0; def->discriminator && i < def->nattributes; i++) {
    const char *key = def->attributes[i].key ? def->attributes[i].key : def->attributes[i].column->key;
    if (strcmp(key, def->discriminator) == 0) return def->attributes[i].column->type;
  }
  int32_t slot = parent ? parent->discriminator : -1;
  if (parent && def->discriminator) slot = corm_mapper_slot(parent, def->discriminator, strlen(def->discriminator));
  return slot >= 0 ? parent->attributes[slot].type : NULL;
}

/* Leaves what it borrows from on the stack. `scratch` keeps the bytes of the identity. */
static void read_options(lua_State *L, corm_scratch *scratch, corm_mapper_def *def, corm_value *identity) {
  corm_error err;
  corm_error_init(&err);
  lua_getfield(L, ARG_OPTIONS, "discriminator");
  def->discriminator = lua_tostring(L, -1);
  lua_getfield(L, ARG_OPTIONS, "on");
  if (!lua_isnil(L, -1)) def->on = binding_checkcondition(L, -1, "inherit_condition");
  lua_getfield(L, ARG_OPTIONS, "united_type");
  def->united_type = lua_tostring(L, -1);
  if (lua_getfield(L, ARG_OPTIONS, "united") != LUA_TNIL) def->united = binding_checkfrom(L, -1, "with_polymorphic");
  if (lua_getfield(L, ARG_OPTIONS, "inline_of") != LUA_TNIL)
    def->inline_of = ((binding_class *)binding_check(L, -1, BINDING_MAPPER, "mapper"))->mapper;
  if (lua_getfield(L, ARG_OPTIONS, "selectable") != LUA_TNIL) def->selectable = binding_checkfrom(L, -1, "__table__");
  if (lua_getfield(L, ARG_OPTIONS, "join") != LUA_TNIL) def->join = binding_checkfrom(L, -1, "__table__");
  lua_pop(L, 2);
  if (lua_getfield(L, ARG_OPTIONS, "identity") == LUA_TNIL) return;
  const corm_type *type = discriminator_type(def);
  if (!type) type = corm_type_default(CORM_TYPE_STRING); /* the core says what lacks */
  if (binding_tovalue_typed(L, lua_gettop(L), type, "polymorphic_identity", scratch, identity, &err) != CORM_OK)
    binding_raise(L, &err);
  def->identity = identity;
}

static corm_arena *read_def(lua_State *L, binding_state *state, corm_mapper_def *def, corm_value *identity,
                            corm_scratch *bytes) {
  def->name = binding_name_at(L, ARG_NAME);
  if (!*def->name) binding_error(L, CORM_E_ARGUMENT, "the name of a class is empty or holds a NUL");
  if (!lua_isnil(L, ARG_TABLE))
    def->table = &((binding_table *)binding_check(L, ARG_TABLE, BINDING_TABLE, "__table__"))->table;
  if (!lua_isnil(L, ARG_PARENT))
    def->parent = ((binding_class *)binding_check(L, ARG_PARENT, BINDING_MAPPER, "mapper"))->mapper;
  luaL_checktype(L, ARG_OPTIONS, LUA_TTABLE);
  corm_arena *scratch = binding_scratch(L, state);
  read_attributes(L, scratch, def);
  read_primary_key(L, scratch, def);
  read_rules(L, def);
  read_options(L, bytes, def, identity);
  return scratch;
}

/* The names that the class shares with its parent, then its own. */
static void enter_names(lua_State *L, int self, binding_class *cls, const corm_mapper_def *def) {
  const corm_mapper *mapper = cls->mapper, *parent = mapper->concrete ? NULL : mapper->parent;
  if (parent) binding_class_inherit(L, cls, binding_class_of(parent));
  for (uint32_t i = parent ? parent->nattributes : 0; i < mapper->nattributes; i++) {
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID) continue;
    lua_pushstring(L, mapper->attributes[i].key);
    binding_class_add_column(L, self, i);
  }
  /* A column that is the parent's attribute once more, or that of a table before, may have a name of its own. */
  for (uint32_t i = 0; (parent || def->join) && i < def->nattributes; i++) {
    const char *key = def->attributes[i].key ? def->attributes[i].key : def->attributes[i].column->key;
    const int32_t slot = corm_mapper_slot(mapper, key, strlen(key));
    if (slot < 0 || (parent && (uint32_t)slot >= parent->nattributes)) continue;
    lua_pushstring(L, key);
    if (binding_find_attr(L, cls, -1))
      lua_pop(L, 1);
    else
      binding_class_add_column(L, self, (uint32_t)slot);
  }
}

/* Keeps the value at `index` as long as the mapper. */
static void keep_value(lua_State *L, int self, int index) {
  lua_pushvalue(L, index);
  binding_class_keep(L, self);
}

int binding_new_mapper(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  corm_error err;
  corm_error_init(&err);
  binding_registry *registry = binding_check(L, ARG_REGISTRY, BINDING_REGISTRY, "registry");
  corm_mapper_def def = {0};
  corm_value identity;
  corm_scratch bytes;
  lua_settop(L, ARG_END);
  binding_class *cls = binding_new(L, BINDING_MAPPER, sizeof *cls, BINDING_CLASS_SLOTS);
  cls->state = state;
  binding_live(L, &cls->life, binding_class_free);
  const int self = lua_gettop(L);
  lua_newtable(L);
  lua_setiuservalue(L, self, BINDING_CLASS_ANCHORS);
  keep_value(L, self, ARG_TABLE);
  keep_value(L, self, ARG_PARENT);
  keep_value(L, self, ARG_OPTIONS); /* the nodes of `on`, the columns */
  lua_pushvalue(L, ARG_CLASS);
  lua_setiuservalue(L, self, BINDING_CLASS_TABLE);
  lua_pushvalue(L, ARG_REGISTRY);
  lua_setiuservalue(L, self, BINDING_CLASS_REGISTRY);
  corm_scratch_init(&bytes, &state->mem);
  corm_arena *scratch = read_def(L, state, &def, &identity, &bytes);
  number_class(L, state->host, cls, ARG_CLASS);
  const corm_status status = corm_mapper_new(&state->mem, &registry->registry, &def, &cls->mapper, &err);
  corm_scratch_clear(&bytes);
  if (status != CORM_OK) return binding_raise(L, &err);
  cls->mapper->number = cls->number <= UINT8_MAX ? (uint8_t)cls->number : 0;
  cls->mapper->host_data = cls;
  enter_names(L, self, cls, &def);
  binding_scratch_done(L, state, scratch);
  lua_settop(L, self);
  return 1;
}

/* unite(mapper [, union]): concrete classes have come below it; the queries go to another union, or to the same. */
int binding_mapper_unite(lua_State *L) {
  corm_mapper *mapper = ((binding_class *)binding_check(L, 1, BINDING_MAPPER, "mapper"))->mapper;
  const corm_node *node = lua_isnoneornil(L, 2) ? NULL : binding_checkfrom(L, 2, "with_polymorphic");
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, 2);
  binding_class_keep(L, 1);
  if (corm_mapper_unite(mapper, node ? ((const corm_alias *)node)->element : NULL, &err) != CORM_OK)
    return binding_raise(L, &err);
  return 0;
}

/* alias(mapper [, name]): what aliased(Class) selects from. */
int binding_mapper_alias(lua_State *L) {
  const corm_mapper *mapper = ((binding_class *)binding_check(L, 1, BINDING_MAPPER, "mapper"))->mapper;
  const char *name = luaL_optstring(L, 2, NULL);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), BINDING_ROOM(corm_alias), 1);
  do node = corm_mapper_alias_in(&b.arena, mapper, name);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

/* unextend(table, column): the class was refused. */
int binding_mapper_unextend(lua_State *L) {
  lua_settop(L, 2);
  binding_table_remove(L, 1, 2);
  return 0;
}

/* extend(table, column, name): a class without a table of its own brings a column into its parent's. */
int binding_mapper_extend(lua_State *L) {
  binding_check(L, 1, BINDING_TABLE, "__table__");
  binding_check(L, 2, BINDING_COLUMN, "Column");
  luaL_checktype(L, 3, LUA_TSTRING);
  lua_settop(L, 3);
  binding_column_set_name(L, 2, 3);
  binding_table_add(L, 1, 2);
  return 0;
}

/* names(mapper): the keys of columns, of relationships, of the primary key. */
int binding_mapper_names(lua_State *L) {
  const corm_mapper *mapper = ((binding_class *)binding_check(L, 1, BINDING_MAPPER, "mapper"))->mapper;
  if (!mapper) return binding_error(L, CORM_E_INVALID_REQUEST, "the mapped class is finalized already");
  lua_createtable(L, (int)mapper->nattributes, 0);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID) continue;
    lua_pushstring(L, mapper->attributes[i].key);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_createtable(L, (int)mapper->relationships.len, 0);
  for (size_t i = 0; i < mapper->relationships.len; i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    if (relationship->is_void) continue;
    lua_pushstring(L, relationship->key);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_createtable(L, (int)mapper->npk, 0);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    lua_pushstring(L, mapper->attributes[mapper->pk[i]].key);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 3;
}

/* level(mapper, level): the keys of columns by the names of attributes, as the table of the level has them; the name of
   the discriminator and its value for the class, or nil; the name of the version that is counted, or nil. */
int binding_mapper_level(lua_State *L) {
  const corm_mapper *mapper = ((binding_class *)binding_check(L, 1, BINDING_MAPPER, "mapper"))->mapper;
  const uint32_t level = (uint32_t)luaL_checkinteger(L, 2) - 1;
  lua_newtable(L);
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&mapper->by_key, &pos)) != NULL;) {
    if ((uintptr_t)entry->value > mapper->nattributes) continue;
    const corm_column *column = corm_mapper_level_column(mapper, level, (uint32_t)((uintptr_t)entry->value - 1));
    if (!column) continue;
    lua_pushstring(L, column->key);
    lua_setfield(L, -2, entry->key);
  }
  const bool identified = mapper->discriminator >= 0 && mapper->identity.kind != CORM_ABSENT;
  const corm_attribute *discriminator = identified ? &mapper->attributes[mapper->discriminator] : NULL;
  lua_pushstring(L, discriminator ? discriminator->key : NULL);
  if (discriminator)
    binding_push_typed(L, &mapper->identity, discriminator->type);
  else
    lua_pushnil(L);
  const bool counted = mapper->version >= 0 && mapper->rules.version_kind == CORM_VERSION_COUNTED;
  lua_pushstring(L, counted ? mapper->attributes[mapper->version].key : NULL);
  return 4;
}
