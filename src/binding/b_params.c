/* From the tables of a script to the sets of parameters that the core executes. */
#include "binding/b_params.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "binding/b_result.h"
#include "binding/state.h"

static int memory(lua_State *L) {
  return binding_error(L, CORM_E_MEMORY, "not enough memory");
}

static void *take(lua_State *L, corm_arena *arena, size_t count, size_t size) {
  void *block = corm_arena_zalloc(arena, count, size);
  if (!block) memory(L);
  return block;
}

/* -- what was given -- */

size_t binding_params_first(lua_State *L, int params, bool *many) {
  *many = false;
  if (lua_isnoneornil(L, params)) {
    lua_pushnil(L);
    return 0;
  }
  params = lua_absindex(L, params);
  if (!lua_istable(L, params))
    binding_error(L, CORM_E_ARGUMENT, "parameters: a table of values or a list of such tables expected, got %s",
                  binding_typename(L, params));
  lua_rawgeti(L, params, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushvalue(L, params);
    return 1;
  }
  size_t n = lua_rawlen(L, params);
  *many = true;
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, params, (lua_Integer)i);
    if (!lua_istable(L, -1))
      binding_error(L, CORM_E_ARGUMENT,
                    "parameters: a list holds tables of named values, but its item %d is of type %s (one set of named "
                    "values is a table with names)",
                    (int)i, binding_typename(L, -1));
    lua_pop(L, 1);
  }
  return n;
}

/* -- INSERT and UPDATE without columns -- */

static bool is_given(lua_State *L, int first, const char *key) {
  if (!lua_istable(L, first)) return false;
  lua_pushstring(L, key);
  bool given = lua_rawget(L, first) != LUA_TNIL;
  lua_pop(L, 1);
  return given;
}

static bool has_column(const corm_column *const *columns, size_t n, const corm_column *column) {
  for (size_t i = 0; i < n; i++)
    if (columns[i] == column) return true;
  return false;
}

/* The columns of a statement and their values, with those added that the parameters name. */
typedef struct assignments {
  const corm_column **columns;
  const corm_node **values;
  uint32_t n;
} assignments;

static bool extend(lua_State *L, const corm_table *table, const corm_column *const *columns,
                   const corm_node *const *values, uint32_t n, int first, corm_arena *arena, assignments *out) {
  size_t most = n + table->columns.len + 1;
  out->columns = corm_arena_alloc(arena, most * sizeof(corm_column *));
  out->values = corm_arena_alloc(arena, most * sizeof(corm_node *));
  if (!out->columns || !out->values) return false;
  for (uint32_t i = 0; i < n; i++) {
    out->columns[i] = columns[i];
    out->values[i] = values[i];
  }
  out->n = n;
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    if (has_column(columns, n, column) || !is_given(L, first, column->key)) continue;
    const corm_node *bind = corm_bindparam_in(arena, column->key, column->type, NULL, false);
    if (!bind) return false;
    out->columns[out->n] = column;
    out->values[out->n++] = bind;
  }
  return true;
}

static const corm_node *insert_statement(lua_State *L, const corm_insert *insert, int first, corm_arena *arena) {
  assignments all;
  if (insert->from_select || insert->nrows > 1 || (insert->nrows == 1 && !lua_istable(L, first))) return &insert->base;
  corm_insert *copy = corm_arena_alloc(arena, sizeof *copy);
  if (!copy || !extend(L, insert->table, insert->columns, insert->values, insert->nrows ? insert->ncolumns : 0, first,
                       arena, &all))
    return NULL;
  *copy = *insert;
  copy->columns = all.columns;
  copy->values = all.values;
  copy->ncolumns = all.n;
  copy->nrows = 1;
  return &copy->base;
}

static const corm_node *update_statement(lua_State *L, const corm_update *update, int first, corm_arena *arena) {
  assignments all;
  const corm_table *table = corm_dml_table(update->table);
  if (!lua_istable(L, first) || !table) return &update->base;
  corm_update *copy = corm_arena_alloc(arena, sizeof *copy);
  if (!copy || !extend(L, table, update->columns, update->values, update->n, first, arena, &all)) return NULL;
  *copy = *update;
  copy->columns = all.columns;
  copy->values = all.values;
  copy->n = all.n;
  return &copy->base;
}

const corm_node *binding_params_statement(lua_State *L, const corm_node *statement, int first, corm_arena *arena) {
  first = lua_absindex(L, first);
  if (statement->kind == CORM_NODE_INSERT) return insert_statement(L, (const corm_insert *)statement, first, arena);
  if (statement->kind == CORM_NODE_UPDATE) return update_statement(L, (const corm_update *)statement, first, arena);
  return statement;
}

/* -- default functions -- */

static int get_current_parameters(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

void binding_push_default_context(lua_State *L, int current) {
  current = lua_absindex(L, current);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, current);
  lua_setfield(L, -2, "current_parameters");
  lua_pushvalue(L, current);
  lua_pushcclosure(L, get_current_parameters, 1);
  lua_setfield(L, -2, "get_current_parameters");
}

/* -- reading -- */

/* In the map of names: the text has the value already. */
#define USED_UP (-1)
#define NO_SLOT SIZE_MAX

typedef struct reader {
  lua_State *L;
  const corm_compiled *compiled;
  corm_arena *arena;
  const char **names; /* distinct names of binds, in their order: the slots */
  uint32_t *binds;    /* slot -> bind */
  size_t n;
  const void **address; /* slot -> lua_topointer of the name, which is the same for all equal short strings */
  bool *bare;           /* slot -> numbers and strings are values as they are */
  size_t *order;        /* the slot of a row's i-th field, as the rows before had it */
  int map;              /* stack index: name -> slot */
  int set;              /* stack index: the given table of the current row, or nil */
  int context;          /* stack index: nil until a default function needs it; its values lie below */
  corm_value *values;
} reader;

static bool has_default(const corm_compiled_bind *bind) {
  return bind->source == CORM_BIND_DEFAULT || bind->source == CORM_BIND_ONUPDATE;
}

static void collect_slots(reader *r) {
  lua_State *L = r->L;
  r->names = take(L, r->arena, r->compiled->nbinds + 1, sizeof *r->names);
  r->binds = take(L, r->arena, r->compiled->nbinds + 1, sizeof *r->binds);
  r->address = take(L, r->arena, r->compiled->nbinds + 1, sizeof *r->address);
  r->bare = take(L, r->arena, r->compiled->nbinds + 1, sizeof *r->bare);
  r->order = take(L, r->arena, r->compiled->nbinds + 1, sizeof *r->order);
  lua_createtable(L, 0, (int)r->compiled->nbinds);
  r->map = lua_gettop(L);
  for (uint32_t i = 0; i < r->compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &r->compiled->binds[i];
    if (bind->element >= 0) continue;
    lua_pushstring(L, bind->name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, r->map) != LUA_TNIL) {
      lua_pop(L, 2);
      continue;
    }
    lua_pop(L, 1);
    r->names[r->n] = bind->name;
    r->address[r->n] = lua_topointer(L, -1);
    r->bare[r->n] = !binding_takes_tables(bind->type) && !bind->type->hosted;
    r->order[r->n] = r->n;
    r->binds[r->n++] = i;
    lua_pushinteger(L, (lua_Integer)r->n - 1);
    lua_rawset(L, r->map);
  }
  for (const corm_late_name *late = r->compiled->late; late; late = late->next) {
    lua_pushstring(L, late->name);
    lua_pushinteger(L, USED_UP);
    lua_rawset(L, r->map);
  }
}

/* The value at arg for a bind. `place` and its name are for messages. */
static void read_value(reader *r, int arg, const corm_compiled_bind *bind, const char *place, const char *name,
                       corm_value *out) {
  lua_State *L = r->L;
  const corm_type *type = bind->type;
  corm_error err;
  corm_error_init(&err);
  if (type && type->hosted && binding_pass_in(L, arg, &type, &err) != CORM_OK) binding_raise(L, &err);
  bool tables = binding_takes_tables(type) && !binding_is_null(L, arg);
  if (!tables && binding_tovalue_in(L, arg, r->arena, out)) return;
  char what[160];
  snprintf(what, sizeof what, "%s '%.100s'", place, name);
  if (!tables) binding_error(L, CORM_E_ARGUMENT, "%s: a %s is no value", what, binding_typename(L, arg));
  corm_buf *text = binding_scratch_buf(r->arena);
  if (binding_table_encode(L, arg, type, what, text, &err) != CORM_OK) binding_raise(L, &err);
  const char *copy = corm_arena_dup(r->arena, text->ptr, text->len);
  if (!copy) memory(L);
  *out = corm_value_text(copy, text->len);
  out->kind = (uint8_t)corm_type_value_kind(type);
}

/* The table whose columns an INSERT or UPDATE assigns, else NULL. */
static const corm_table *assigned_table(const corm_node *statement) {
  if (statement->kind == CORM_NODE_INSERT) return ((const corm_insert *)statement)->table;
  if (statement->kind != CORM_NODE_UPDATE) return NULL;
  return corm_dml_table(((const corm_update *)statement)->table);
}

static int unknown_parameter(reader *r, const char *name, size_t number) {
  corm_error err;
  corm_error_init(&err);
  const char *nearest = corm_name_nearest(name, r->names, r->n);
  const corm_table *table = r->compiled->statement ? assigned_table(r->compiled->statement) : NULL;
  if (table && !corm_table_column(table, name, strlen(name))) {
    (void)corm_error_set(&err, CORM_E_COMPILE, "Unconsumed column names: %.100s (table '%.100s' has no such column)",
                         name, table->name);
    if (!nearest) nearest = corm_table_nearest(table, name);
  } else if (number) {
    (void)corm_error_set(&err, CORM_E_INVALID_REQUEST,
                         "the statement has no bind parameter '%.100s', in parameter set %zu", name, number);
  } else {
    (void)corm_error_set(&err, CORM_E_INVALID_REQUEST, "the statement has no bind parameter '%.100s'", name);
  }
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return binding_raise(r->L, &err);
}

/* The slot of the name at `key`, which is the i-th of its row. */
static size_t find_slot(reader *r, int key, size_t i, size_t number) {
  lua_State *L = r->L;
  const void *address = lua_topointer(L, key);
  if (i < r->n && r->address[r->order[i]] == address) return r->order[i];
  if (lua_type(L, key) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "parameters have names, got a key of type %s", binding_typename(L, key));
  lua_pushvalue(L, key);
  if (lua_rawget(L, r->map) == LUA_TNIL) unknown_parameter(r, lua_tostring(L, key), number);
  const lua_Integer found = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (found == USED_UP) return NO_SLOT;
  const size_t slot = (size_t)found;
  if (i < r->n) r->order[i] = slot;
  return slot;
}

/* The numbers and strings among the values, at the top; false: read_value has to look. */
static bool read_bare(reader *r, corm_value *out) {
  lua_State *L = r->L;
  size_t len;
  const char *text;
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER:
    *out = lua_isinteger(L, -1) ? corm_value_int(lua_tointeger(L, -1)) : corm_value_real(lua_tonumber(L, -1));
    return true;
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &len);
    if (len > UINT32_MAX || !(text = corm_arena_dup(r->arena, text, len))) return false;
    *out = corm_value_text(text, len);
    return true;
  default: return false;
  }
}

/* number: of the set, 0: the only one. */
static void read_set(reader *r, size_t number) {
  lua_State *L = r->L;
  size_t i = 0;
  lua_pushnil(L);
  const int key = lua_gettop(L);
  for (; lua_next(L, r->set); lua_settop(L, key), i++) {
    const size_t slot = find_slot(r, key, i, number);
    if (slot == NO_SLOT) continue;
    if (!r->bare[slot] || !read_bare(r, &r->values[slot]))
      read_value(r, key + 1, &r->compiled->binds[r->binds[slot]], "bind parameter", r->names[slot], &r->values[slot]);
  }
}

/* Leaves the context of the current row at its index: made once a row, over a copy of what was given. */
static void need_context(reader *r) {
  lua_State *L = r->L;
  if (!lua_isnil(L, r->context)) return;
  lua_newtable(L);
  if (lua_istable(L, r->set)) {
    lua_pushnil(L);
    while (lua_next(L, r->set)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
    }
  }
  /* What values() gave counts as well. */
  for (size_t i = 0; i < r->n; i++) {
    const corm_compiled_bind *bind = &r->compiled->binds[r->binds[i]];
    if (!bind->node || bind->node->required || r->values[i].kind != CORM_ABSENT) continue;
    lua_pushstring(L, bind->column ? bind->column->key : bind->name);
    binding_push_typed_null(L, &bind->node->value, bind->type);
    lua_rawset(L, -3);
  }
  binding_push_default_context(L, -1);
  lua_replace(L, r->context);
  lua_replace(L, r->context - 1);
}

static void call_default(reader *r, const corm_compiled_bind *bind, int hook, corm_value *out) {
  lua_State *L = r->L;
  need_context(r);
  binding_hook_push(L, binding_get(L), hook);
  lua_pushvalue(L, r->context);
  lua_call(L, 1, 1);
  read_value(r, lua_gettop(L), bind, "default of column", bind->column->key, out);
  lua_pushstring(L, bind->column->key);
  lua_insert(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    binding_push_nullvalue(L);
  }
  lua_rawset(L, r->context - 1);
}

static void add_defaults(reader *r) {
  lua_State *L = r->L;
  lua_pushnil(L); /* the context's values */
  lua_pushnil(L);
  r->context = lua_gettop(L);
  for (size_t i = 0; i < r->n; i++) {
    const corm_compiled_bind *bind = &r->compiled->binds[r->binds[i]];
    if (!has_default(bind) || r->values[i].kind != CORM_ABSENT) continue;
    const corm_default *source = bind->source == CORM_BIND_DEFAULT ? &bind->column->default_ : &bind->column->onupdate;
    if (source->kind == CORM_DEFAULT_HOOK)
      call_default(r, bind, source->hook, &r->values[i]);
    else
      r->values[i] = source->value;
  }
  lua_settop(L, r->context - 2);
}

static bool any_default(const corm_compiled *compiled) {
  for (uint32_t i = 0; i < compiled->nbinds; i++)
    if (has_default(&compiled->binds[i])) return true;
  return false;
}

const corm_params *binding_params_read(lua_State *L, const corm_compiled *compiled, int params, bool many,
                                       corm_arena *arena, size_t *nsets) {
  reader r = {.L = L, .compiled = compiled, .arena = arena};
  bool given = lua_istable(L, params), defaults = any_default(compiled);
  int top = lua_gettop(L);
  *nsets = 0;
  if (!given && !defaults) return NULL;
  params = given ? lua_absindex(L, params) : 0;
  luaL_checkstack(L, 16, "parameters");
  collect_slots(&r);
  size_t n = many ? lua_rawlen(L, params) : 1;
  corm_params *sets = take(L, arena, n, sizeof *sets);
  corm_value *values = r.n < SIZE_MAX / sizeof *values / (n + 1)
                           ? corm_arena_alloc(arena, (n * r.n + 1) * sizeof *values) /* touched row by row */
                           : NULL;
  if (!values) memory(L);
  for (size_t i = 0; i < n; i++) {
    r.values = values + i * r.n;
    memset(r.values, 0, r.n * sizeof *values); /* ABSENT */
    if (many)
      lua_rawgeti(L, params, (lua_Integer)i + 1);
    else if (given)
      lua_pushvalue(L, params);
    else
      lua_pushnil(L);
    r.set = lua_gettop(L);
    if (lua_istable(L, r.set)) read_set(&r, many ? i + 1 : 0);
    if (defaults) add_defaults(&r);
    lua_settop(L, r.set - 1);
    sets[i] = (corm_params){.names = r.names, .values = r.values, .n = r.n};
  }
  lua_settop(L, top);
  *nsets = n;
  return sets;
}

/* -- native placeholders -- */

void binding_params_native(lua_State *L, int params, bool lists, corm_arena *arena, corm_params *out) {
  *out = (corm_params){0};
  if (lua_isnoneornil(L, params)) return;
  params = lua_absindex(L, params);
  size_t n = lua_rawlen(L, params), named = 0;
  lua_pushnil(L);
  while (lua_next(L, params)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      named++;
    else if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || (size_t)lua_tointeger(L, -1) > n)
      binding_error(L, CORM_E_ARGUMENT, "parameters: names or positions from 1 without holes (NULL is corm.null)");
  }
  if (named && n) binding_error(L, CORM_E_ARGUMENT, "parameters: either names or positions");
  corm_value *values = take(L, arena, n + named, sizeof *values);
  const char **names = named ? take(L, arena, named, sizeof *names) : NULL;
  size_t i = 0;
  lua_pushnil(L);
  while (lua_next(L, params)) {
    if (lists && named && lua_istable(L, -1) && (lua_rawlen(L, -1) > 0 || !binding_tovalue(L, -1, NULL, &values[i]))) {
      lua_pop(L, 1);
      continue;
    }
    size_t at = named ? i++ : (size_t)lua_tointeger(L, -2) - 1;
    if (!binding_tovalue_in(L, -1, arena, &values[at]))
      binding_error(L, CORM_E_ARGUMENT, "parameters: a %s is no value", binding_typename(L, -1));
    lua_pop(L, 1);
    if (!named) continue;
    size_t len;
    const char *name = lua_tolstring(L, -1, &len);
    names[at] = corm_arena_dup(arena, name, len);
    if (!names[at]) memory(L);
  }
  *out = (corm_params){.names = names, .values = values, .n = named ? i : n};
}

/* -- inserted_primary_key -- */

/* What was bound for the column; NULL when it is not among the binds, or is NULL. */
static const corm_value *bound_value(const corm_compiled *compiled, const corm_params *set, const corm_column *column) {
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    if (bind->column != column) continue;
    const corm_value *value = bind->node && !bind->node->required ? &bind->node->value : NULL;
    for (size_t k = 0; set && k < set->n; k++)
      if (strcmp(set->names[k], bind->name) == 0 && set->values[k].kind != CORM_ABSENT) value = &set->values[k];
    return value && value->kind != CORM_NULL ? value : NULL;
  }
  return NULL;
}

/* What the database told of a column of the key that it generated; NULL when it told nothing. */
static corm_value told_value(lua_State *L, const corm_compiled *compiled, const corm_column *column,
                             corm_result *result) {
  corm_error err;
  corm_error_init(&err);
  corm_value value = corm_value_null();
  for (uint32_t i = 0; compiled->keys && i < compiled->ncolumns; i++) {
    if (((const corm_column_node *)compiled->columns[i].node)->column != column) continue;
    corm_status status =
        compiled->written ? corm_result_value(result, i, &value, &err) : corm_result_key(result, i, &value, &err);
    if (status != CORM_OK) binding_raise(L, &err);
    return value;
  }
  int64_t last_id = corm_result_last_id(result);
  bool generated = corm_table_autoincrement_column(column->table) == column && !compiled->keys;
  return generated && last_id != 0 ? corm_value_int(last_id) : value;
}

bool binding_push_inserted_key(lua_State *L, const corm_compiled *compiled, const corm_params *set,
                               corm_result *result) {
  const corm_insert *insert = (const corm_insert *)compiled->statement;
  if (!compiled->is_insert || insert->base.kind != CORM_NODE_INSERT || insert->nrows > 1 || insert->from_select ||
      insert->nreturning > 0)
    return false;
  const corm_constraint *key = insert->table->primary_key;
  uint32_t n = key->ncolumns;
  bool told = false; /* some part of it by the database */
  for (uint32_t i = 0; i < n && !told; i++) told = !bound_value(compiled, set, key->columns[i]);
  luaL_checkstack(L, 8, "key");
  if (told && corm_result_rowcount(result) == 0) { /* it was there already, and stays */
    lua_pushboolean(L, false);
    return true;
  }
  binding_shape_column *columns = lua_newuserdatauv(L, (n + 1) * sizeof *columns, 0);
  int block = lua_gettop(L);
  lua_createtable(L, (int)n, 0);
  for (uint32_t i = 0; i < n; i++) {
    columns[i] = (binding_shape_column){.key = key->columns[i]->key};
    const corm_value *bound = bound_value(compiled, set, key->columns[i]);
    const corm_value value = bound ? *bound : told_value(L, compiled, key->columns[i], result);
    binding_push_typed(L, &value, key->columns[i]->type);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_push_shape(L, columns, n, 0);
  binding_push_row(L, -1, -2);
  lua_replace(L, block);
  lua_settop(L, block);
  return true;
}
