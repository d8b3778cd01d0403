/*
 * Lists of parameters for INSERT and UPDATE of a mapped class: rows are said in the class's names, and may have
 * different ones; those that follow each other with the same names are executed together.
 */
#include <string.h>

#include "binding/b_bulk.h"
#include "binding/b_engine.h"
#include "binding/b_expr.h"
#include "binding/b_object.h"
#include "binding/b_params.h"
#include "binding/b_result.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "orm/state.h"
#include "sql/walk.h"

typedef struct grouping {
  const corm_node *entity;
  const corm_mapper *mapper;
  const corm_table *table;
  const corm_column *discriminator; /* of an INSERT, where the class says what stands there; else NULL */
  const corm_column *version;       /* likewise, where the client counts */
  int keys;                         /* the names of the group's rows, as a set */
  lua_Integer nkeys;
  bool translates; /* some name is not the column's key */
  bool strict;     /* the statement has nothing of its own, so that every name is one of the class */
} grouping;

static const corm_table *table_of(const corm_node *node) {
  return node->kind == CORM_NODE_INSERT ? ((const corm_insert *)node)->table
                                        : corm_dml_table(((const corm_update *)node)->table);
}

/* The column of a slot, where rows of an INSERT are to have it besides what the statement says. */
static const corm_column *added_column(const corm_node *node, const corm_mapper *mapper, int32_t slot) {
  if (node->kind != CORM_NODE_INSERT || slot < 0) return NULL;
  const corm_insert *insert = (const corm_insert *)node;
  const corm_column *column = mapper->attributes[slot].column;
  for (uint32_t i = 0; i < insert->ncolumns; i++)
    if (insert->columns[i] == column) return NULL;
  return column && column->table == insert->table ? column : NULL;
}

static grouping describe(const binding_stmt *stmt) {
  grouping g = {.entity = stmt->entity, .table = table_of(stmt->base.node)};
  g.mapper = corm_bundle_mapper((const corm_bundle *)stmt->entity);
  if (g.mapper->identity.kind != CORM_ABSENT)
    g.discriminator = added_column(stmt->base.node, g.mapper, g.mapper->discriminator);
  if (g.mapper->rules.version_kind == CORM_VERSION_COUNTED)
    g.version = added_column(stmt->base.node, g.mapper, g.mapper->version);
  return g;
}

static grouping start(lua_State *L, int statement) {
  const binding_stmt *stmt = lua_touserdata(L, statement);
  grouping g = describe(stmt);
  const corm_node *node = stmt->base.node;
  g.strict = node->kind == CORM_NODE_INSERT ? !((const corm_insert *)node)->ncolumns
                                            : !((const corm_update *)node)->n && !((const corm_update *)node)->where;
  lua_newtable(L);
  g.keys = lua_gettop(L);
  return g;
}

/* Sets the value at the top, which goes away, as the column's or under its own name at `key` in the table at `into`. */
static void set_named(lua_State *L, const grouping *g, int into, int key) {
  const corm_column *column =
      lua_type(L, key) == LUA_TSTRING ? binding_named_column(L, g->entity, g->table, key) : binding_tocolumn(L, key);
  if (column && column->table == g->table)
    lua_pushstring(L, column->key);
  else
    lua_pushvalue(L, key);
  lua_insert(L, -2);
  lua_rawset(L, into);
}

/* The value of a column that the row at `into` does not give. */
static void set_missing(lua_State *L, int into, const corm_column *column, const corm_value *value) {
  lua_pushstring(L, column->key);
  if (lua_rawget(L, into) == LUA_TNIL) {
    lua_pushstring(L, column->key);
    binding_push_typed(L, value, column->type);
    lua_rawset(L, into);
  }
  lua_settop(L, into);
}

/* Pushes the row at `row` by the keys of columns. */
static void push_translated(lua_State *L, const grouping *g, int row) {
  const binding_orm_hooks *orm = binding_get(L)->orm;
  luaL_checkstack(L, 12, "parameters");
  lua_newtable(L);
  const int into = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, row)) {
    const int key = into + 1, value = into + 2;
    const bool text = lua_type(L, key) == LUA_TSTRING;
    if (text && !binding_named_column(L, g->entity, g->table, key) && orm->assign(L, g->entity, key, value)) {
      const int list = lua_gettop(L);
      const lua_Integer n = (lua_Integer)lua_rawlen(L, list);
      for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        lua_rawgeti(L, list + 1, 1);
        lua_rawgeti(L, list + 1, 2);
        set_named(L, g, into, list + 2);
        lua_settop(L, list);
      }
    } else {
      lua_pushvalue(L, value);
      set_named(L, g, into, key);
    }
    lua_settop(L, key);
  }
  const corm_value first = corm_value_int(1);
  if (g->discriminator) set_missing(L, into, g->discriminator, &g->mapper->identity);
  if (g->version) set_missing(L, into, g->version, &first);
}

static bool fits(lua_State *L, const grouping *g, int row) {
  lua_Integer n = 0;
  lua_pushnil(L);
  while (lua_next(L, row)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    const bool known = lua_rawget(L, g->keys) != LUA_TNIL;
    lua_pop(L, 1);
    if (!known) {
      lua_pop(L, 1);
      return false;
    }
    n++;
  }
  return n == g->nkeys;
}

static int refuse_name(lua_State *L, const grouping *g, const char *name) {
  corm_error err;
  corm_error_init(&err);
  lua_pushstring(L, name);
  const corm_column *above = binding_entity_column(L, g->entity, -1);
  lua_pop(L, 1);
  if (above)
    binding_error(L, CORM_E_COMPILE,
                  "Unconsumed column names: %s (a column of '%s'; a list of rows goes into all tables of %s: "
                  "execute(insert(%s), { { ... } }))",
                  name, above->table->name, g->mapper->name, g->mapper->name);
  corm_error_set(&err, CORM_E_COMPILE, "Unconsumed column names: %.100s (%s has no such attribute)", name,
                 g->mapper->name);
  const char *nearest = corm_mapper_nearest(g->mapper, name);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return binding_raise(L, &err);
}

/* False for a name that the column's key, or several of them, are to stand for. The value is at key + 1. */
static bool is_own_key(lua_State *L, const grouping *g, int key) {
  if (lua_type(L, key) != LUA_TSTRING) return true; /* refused by who reads the parameters */
  const corm_column *column = binding_named_column(L, g->entity, g->table, key);
  if (column) return strcmp(column->key, lua_tostring(L, key)) == 0;
  if (!g->strict) return false;
  if (!binding_get(L)->orm->assign(L, g->entity, key, key + 1)) refuse_name(L, g, lua_tostring(L, key));
  lua_pop(L, 1);
  return false;
}

/* Makes the names of the row those of the group. */
static void take_keys(lua_State *L, grouping *g, int row) {
  lua_newtable(L);
  lua_replace(L, g->keys);
  g->nkeys = 0;
  g->translates = g->discriminator || g->version;
  lua_pushnil(L);
  while (lua_next(L, row)) {
    if (!is_own_key(L, g, lua_gettop(L) - 1)) g->translates = true;
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushboolean(L, true);
    lua_rawset(L, g->keys);
    g->nkeys++;
  }
}

static void push_row(lua_State *L, const grouping *g, int row) {
  if (g->translates)
    push_translated(L, g, row);
  else
    lua_pushvalue(L, row);
}

lua_Integer binding_push_groups(lua_State *L, int statement, int params, bool *many) {
  luaL_checkstack(L, 16, "parameters");
  const size_t n = binding_params_first(L, params, many);
  const int first = lua_gettop(L);
  lua_newtable(L);
  const int groups = lua_gettop(L);
  grouping g = start(L, statement);
  if (!*many) {
    if (n) {
      take_keys(L, &g, first);
      push_row(L, &g, first);
      lua_rawseti(L, groups, 1);
    }
    lua_settop(L, groups);
    lua_remove(L, first);
    return 1;
  }
  lua_Integer ngroups = 0;
  lua_Integer in_group = 0;
  lua_pushnil(L); /* the group at hand */
  const int group = lua_gettop(L);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, params, (lua_Integer)i);
    const int row = lua_gettop(L);
    if (!ngroups || !fits(L, &g, row)) {
      take_keys(L, &g, row);
      lua_newtable(L);
      lua_pushvalue(L, -1);
      lua_rawseti(L, groups, ++ngroups);
      lua_replace(L, group);
      in_group = 0;
    }
    push_row(L, &g, row);
    lua_rawseti(L, group, ++in_group);
    lua_settop(L, group);
  }
  lua_settop(L, groups);
  lua_remove(L, first);
  return ngroups;
}

/* -- INSERT of what values() says ---------------------------------------------------------------------------------- */

static bool add_column_in(corm_arena *arena, corm_insert *insert, const corm_column *column, const corm_value *value) {
  const uint32_t old = insert->ncolumns, width = old + 1;
  const corm_column **columns = corm_arena_alloc(arena, width * sizeof *columns);
  const corm_node **values = corm_arena_alloc(arena, (size_t)insert->nrows * width * sizeof *values);
  if (!columns || !values) return false;
  if (old) memcpy(columns, insert->columns, old * sizeof *columns);
  columns[old] = column;
  for (size_t row = 0; row < insert->nrows; row++) {
    if (old) memcpy(values + row * width, insert->values + row * old, old * sizeof *values);
    values[row * width + old] = corm_bind_in(arena, column->key, column->type, value);
    if (!values[row * width + old]) return false;
  }
  insert->columns = columns;
  insert->values = values;
  insert->ncolumns = width;
  return true;
}

static corm_insert *complete_in(corm_arena *arena, const corm_insert *old, const grouping *g) {
  const corm_value first = corm_value_int(1);
  corm_insert *insert = corm_arena_copy(arena, old, sizeof *old);
  if (insert && g->discriminator && !add_column_in(arena, insert, g->discriminator, &g->mapper->identity)) return NULL;
  if (insert && g->version && !add_column_in(arena, insert, g->version, &first)) return NULL;
  return insert;
}

/* complete(statement) */
static int push_complete(lua_State *L) {
  const corm_insert *old = (const corm_insert *)binding_tonode(L, 1);
  const grouping g = describe(lua_touserdata(L, 1));
  const size_t width = old->ncolumns + 2;
  binding_build b;
  corm_insert *insert;
  binding_statement_start(
      &b, L, BINDING_ROOM(corm_insert) + 2 * (size_t)old->nrows * (width * sizeof(void *) + CORM_ROOM_NODE), 1);
  do insert = complete_in(&b.arena, old, &g);
  while (binding_build_again(&b, insert ? &insert->base : NULL));
  binding_statement_finish(L, true, 1, 1);
  return 1;
}

void binding_complete_insert(lua_State *L, int statement, int params) {
  if (!lua_isnoneornil(L, params) || !binding_inserted_class(L, statement)) return;
  const corm_insert *insert = (const corm_insert *)binding_tonode(L, statement);
  const grouping g = describe(lua_touserdata(L, statement));
  if (!insert->nrows || insert->from_select || !(g.discriminator || g.version)) return;
  lua_pushcfunction(L, push_complete);
  lua_pushvalue(L, statement);
  lua_call(L, 1, 1);
  lua_replace(L, statement);
}

/* Adds the rows that the Result at the top matched to those before it. */
static void add_rowcount(lua_State *L, int64_t *total) {
  binding_result *handle = lua_touserdata(L, -1);
  if (!handle->result) return;
  *total += corm_result_rowcount(handle->result);
  handle->rowcount = *total;
}

void binding_run_insert(lua_State *L, int connection, int statement, int params) {
  const int base = lua_gettop(L);
  bool many;
  const lua_Integer n = binding_push_groups(L, statement, params, &many);
  int64_t total = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, base + 1, i);
    binding_execute(L, connection, statement, base + 2);
    if (n > 1) add_rowcount(L, &total);
    if (i < n) lua_settop(L, base + 1);
  }
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
}

/* -- UPDATE by primary key ----------------------------------------------------------------------------------------- */

#define KEY_NAME "corm_key_%d"

/* One group of rows of such an UPDATE; stack indices. */
typedef struct key_update {
  corm_session *session;
  const corm_mapper *mapper;
  int connection, statement;
  int rows;  /* by the keys of columns */
  int named; /* the same with the primary key under names of its own */
  int made;  /* the statement that has criteria by these */
  lua_Integer n;
  lua_Integer before; /* rows of earlier groups */
  corm_arena *arena;
} key_update;

static const char *key_column(const corm_mapper *mapper, uint32_t i) {
  return mapper->attributes[mapper->pk[i]].column->key;
}

static const corm_node *by_key_in(corm_arena *arena, const corm_update *old, const corm_mapper *mapper) {
  corm_update *update = corm_arena_copy(arena, old, sizeof *old);
  const corm_node **criteria = corm_arena_zalloc(arena, mapper->npk, sizeof *criteria);
  for (uint32_t i = 0; update && criteria && i < mapper->npk; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, KEY_NAME, (int)i + 1);
    const corm_column *column = mapper->attributes[mapper->pk[i]].column;
    const corm_node *left = corm_column_node_in(arena, column, old->table);
    const corm_node *right = corm_bindparam_in(arena, name, column->type, NULL, false);
    criteria[i] = left && right ? corm_binary_in(arena, CORM_OP_EQ, left, right) : NULL;
    if (!criteria[i]) return NULL;
  }
  if (!update || !criteria) return NULL;
  update->where = corm_and_or_in(arena, CORM_OP_AND, criteria, mapper->npk);
  return update->where ? &update->base : NULL;
}

/* by_key(statement, mapper): the statement with criteria. */
static int push_by_key(lua_State *L) {
  const corm_mapper *mapper = lua_touserdata(L, 2);
  const corm_update *old = (const corm_update *)binding_tonode(L, 1);
  binding_build b;
  const corm_node *node;
  lua_settop(L, 1);
  binding_statement_start(&b, L, sizeof(corm_update) + (size_t)mapper->npk * 4 * CORM_ROOM_NODE, 1);
  do node = by_key_in(&b.arena, old, mapper);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 1, 1);
  return 1;
}

/* Fills `named`: rows with what is set, and the key apart. False: the group sets nothing. */
static bool name_keys(lua_State *L, const key_update *u) {
  bool sets = ((const corm_update *)binding_tonode(L, u->statement))->n > 0;
  const int top = lua_gettop(L);
  for (lua_Integer i = 1; i <= u->n; i++) {
    lua_rawgeti(L, u->rows, i);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, top + 1)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, top + 2);
    }
    for (uint32_t k = 0; k < u->mapper->npk; k++) {
      char name[32];
      (void)snprintf(name, sizeof name, KEY_NAME, (int)k + 1);
      lua_pushstring(L, key_column(u->mapper, k));
      lua_rawget(L, top + 2);
      if (binding_is_null(L, -1))
        binding_error(L, CORM_E_INVALID_REQUEST,
                      "update of %s by primary key: row %d has no value for '%s'; rows without criteria are found by "
                      "their keys",
                      u->mapper->name, (int)(u->before + i), u->mapper->attributes[u->mapper->pk[k]].key);
      lua_setfield(L, top + 2, name);
      lua_pushnil(L);
      lua_setfield(L, top + 2, key_column(u->mapper, k));
    }
    lua_pushnil(L);
    while (!sets && lua_next(L, top + 2)) {
      lua_pop(L, 1);
      sets = strncmp(lua_tostring(L, -1), KEY_NAME, sizeof KEY_NAME - 3) != 0;
    }
    lua_settop(L, top + 2);
    lua_rawseti(L, u->named, i);
    lua_settop(L, top);
  }
  return sets;
}

/* The canonical value of the row at `row` for a column; false where it has none, or none that memory takes. */
static bool row_value(lua_State *L, const key_update *u, int row, const corm_attribute *attribute, corm_value *out) {
  corm_scratch scratch;
  corm_error err;
  corm_error_init(&err);
  corm_scratch_init(&scratch, u->arena->mem);
  lua_pushstring(L, attribute->column->key);
  bool found = lua_rawget(L, row) != LUA_TNIL && !attribute->type->hosted && !binding_takes_tables(attribute->type);
  if (found && binding_tovalue_typed(L, -1, attribute->type, attribute->key, &scratch, out, &err) != CORM_OK) {
    corm_error_clear(&err);
    found = false;
  }
  if (found && corm_value_has_bytes(out)) {
    out->as.s = corm_arena_dup(u->arena, out->as.s, out->len);
    found = out->as.s != NULL;
  }
  corm_scratch_clear(&scratch);
  lua_pop(L, 1);
  return found;
}

/* The object of the row at `row` gets what was written. */
static corm_status follow(lua_State *L, const key_update *u, corm_bulk_write *bulk, int row, bool *storable,
                          corm_error *err) {
  const corm_mapper *mapper = u->mapper;
  corm_value *key = corm_arena_zalloc(u->arena, mapper->npk, sizeof *key);
  if (!key) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++)
    if (!row_value(L, u, row, &mapper->attributes[mapper->pk[i]], &key[i])) return CORM_OK;
  corm_object *object = corm_session_find(u->session, mapper, key);
  if (!object) return CORM_OK;
  for (uint32_t i = 0; i < bulk->nsets; i++) {
    const corm_value *had = &object->slots[bulk->sets[i].slot];
    storable[i] = !(had->flags & (CORM_VALUE_DIRTY | CORM_VALUE_EXPIRED)) && had->kind != CORM_ABSENT;
  }
  corm_status status = corm_bulk_apply(bulk, object, err);
  for (uint32_t i = 0; status == CORM_OK && i < bulk->nsets; i++) {
    const corm_attribute *attribute = &mapper->attributes[bulk->sets[i].slot];
    corm_value value;
    if (!storable[i] || attribute->primary_key || attribute->kind != CORM_ATTRIBUTE_COLUMN) continue;
    if (!row_value(L, u, row, attribute, &value)) continue;
    if (corm_evaluator_keeps(bulk->evaluator.dialect, attribute->type, &value))
      status = corm_object_store(object, bulk->sets[i].slot, &value, err);
  }
  return status;
}

static void follow_all(lua_State *L, const key_update *u, corm_synchronize synchronize) {
  corm_error err;
  corm_error_init(&err);
  corm_conn *conn = binding_check_conn(L, u->connection, "execute");
  lua_rawgeti(L, u->named, 1);
  corm_bulk_write bulk = {.session = u->session,
                          .arena = u->arena,
                          .mapper = u->mapper,
                          .statement = binding_params_statement(L, binding_tonode(L, u->made), -1, u->arena),
                          .synchronize = synchronize,
                          .listed = true};
  if (!bulk.statement) binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pop(L, 1);
  bool *storable = corm_arena_zalloc(u->arena, u->mapper->nattributes + (size_t)1, sizeof *storable);
  corm_status status = storable ? corm_bulk_prepare(&bulk, conn, &err) : corm_error_memory(&err);
  for (lua_Integer i = 1; status == CORM_OK && synchronize != CORM_SYNCHRONIZE_OFF && i <= u->n; i++) {
    lua_rawgeti(L, u->rows, i);
    status = follow(L, u, &bulk, lua_gettop(L), storable, &err);
    lua_pop(L, 1);
  }
  if (status == CORM_OK) status = corm_bulk_finish(&bulk, &err);
  if (status != CORM_OK) binding_raise(L, &err);
}

/* Whether criteria have parameters by name, which rows may give. */
static bool has_named(lua_State *L, const corm_node *criteria) {
  corm_arena *arena = binding_scratch(L, binding_get(L));
  corm_walk walk;
  corm_walk_init(&walk, arena, criteria);
  bool found = false;
  for (const corm_node *node; !found && (node = corm_walk_next(&walk, true)) != NULL;)
    found = node->kind == CORM_NODE_BIND && !((const corm_bind *)node)->unique;
  binding_scratch_done(L, binding_get(L), arena);
  return found;
}

/* Rows with their keys beside criteria that say nothing of a row: each would set the keys of all that are found. */
static void refuse_keys_beside(lua_State *L, const corm_mapper *mapper, const corm_node *criteria, int row) {
  for (uint32_t i = 0; i < mapper->npk; i++) {
    lua_pushstring(L, mapper->attributes[mapper->pk[i]].key);
    const bool there = lua_rawget(L, row) != LUA_TNIL;
    lua_pop(L, 1);
    if (!there) return;
  }
  if (!has_named(L, criteria))
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "update(%s): rows with their keys are the UPDATE by primary key, which takes no criteria; criteria "
                  "that speak of each row have parameters: bindparam(name)",
                  mapper->name);
}

bool binding_is_update_by_key(lua_State *L, int statement, int params) {
  const corm_node *node = binding_written_class(L, statement) ? binding_tonode(L, statement) : NULL;
  if (!node || node->kind != CORM_NODE_UPDATE || !lua_istable(L, params)) return false;
  const corm_update *update = (const corm_update *)node;
  lua_rawgeti(L, params, 1);
  const bool list = lua_istable(L, -1);
  if (list && update->where) refuse_keys_beside(L, binding_written_class(L, statement), update->where, lua_gettop(L));
  lua_pop(L, 1);
  return list && !update->where && !update->all && !update->nreturning;
}

void binding_run_update_by_key(lua_State *L, corm_session *session, int connection, int statement, int params,
                               corm_synchronize synchronize) {
  const int base = lua_gettop(L);
  bool many;
  int64_t total = 0;
  key_update u = {
      .session = session, .connection = connection, .statement = statement, .rows = base + 4, .made = base + 2};
  u.mapper = binding_written_class(L, statement);
  if (u.mapper->ntables > 1)
    binding_error(L, CORM_E_INVALID_REQUEST, "update of %s by primary key: its objects have rows in several tables",
                  u.mapper->name);
  const lua_Integer ngroups = binding_push_groups(L, statement, params, &many);
  lua_pushcfunction(L, push_by_key);
  lua_pushvalue(L, statement);
  lua_pushlightuserdata(L, (void *)(uintptr_t)u.mapper);
  lua_call(L, 2, 1);
  binding_new_result(L, 0, 0)->rowcount = 0; /* the Result, where no group sets anything */
  for (lua_Integer g = 1; g <= ngroups; g++, u.before += u.n) {
    lua_settop(L, base + 3);
    lua_rawgeti(L, base + 1, g);
    lua_newtable(L);
    u.named = base + 5;
    u.n = (lua_Integer)lua_rawlen(L, u.rows);
    if (!name_keys(L, &u)) continue;
    binding_execute(L, connection, u.made, u.named);
    const int64_t before = total;
    add_rowcount(L, &total);
    lua_replace(L, base + 3);
    if (total - before < u.n)
      binding_error(L, CORM_E_STALE_DATA, "UPDATE statement on table '%s' expected to match %d row(s); %d were matched",
                    u.mapper->table->name, (int)u.n, (int)(total - before));
    u.arena = binding_scratch(L, binding_get(L));
    binding_get(L)->L = L;
    follow_all(L, &u, synchronize);
    binding_scratch_done(L, binding_get(L), u.arena);
  }
  lua_settop(L, base + 3);
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
}
