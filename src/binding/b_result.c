/* Result, ScalarResult, MappingResult: reading rows one by one, all, exactly one; columns, unique, partitions. */
#include "binding/b_result.h"

#include <string.h>

#include "binding/state.h"

/* A Result or a view of one at argument 1. */
static binding_result *check_any(lua_State *L, const char *what) {
  binding_result *result = binding_test(L, 1, BINDING_VIEW);
  return result ? result : binding_check(L, 1, BINDING_RESULT, what);
}

static void null_for_nil(lua_State *L) {
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  binding_push_nullvalue(L);
}

/* -- fetching -- */

static void close_result(binding_result *self) {
  self->closed = self->source->closed = true;
  if (self->source->feed) self->source->feed->close(self->source->feed);
  if (self->source->result) corm_result_close(self->source->result);
}

static int result_close(lua_State *L) {
  close_result(check_any(L, "Result:close"));
  return 0;
}

/* At most `limit` items as a sequence; -1: all. */
static int push_list(lua_State *L, binding_result *self, lua_Integer limit) {
  lua_settop(L, 1);
  lua_newtable(L);
  for (lua_Integer n = 1; n != limit + 1 && binding_result_fetch(L, self); n++) {
    null_for_nil(L);
    lua_rawseti(L, 2, n);
  }
  return 1;
}

/* Nothing was read of a list of single values: then the list itself is what all() gives, without a copy. */
static bool take_list(lua_State *L, binding_result *self) {
  binding_result *source = self->source;
  if (self->mode != BINDING_SCALARS || self->is_unique || self->map || self->closed) return false;
  if (source->result || source->feed || source->closed || source->width != 1 || source->next > 0) return false;
  lua_settop(L, 1);
  if (source != self) lua_getiuservalue(L, 1, BINDING_RESULT_SOURCE);
  int holder = lua_gettop(L);
  if (lua_getiuservalue(L, holder, BINDING_RESULT_VALUES) != LUA_TTABLE) return false;
  for (lua_Integer i = 1; i <= source->count; i++) {
    if (lua_rawgeti(L, -1, i) == LUA_TNIL) {
      binding_push_nullvalue(L);
      lua_rawseti(L, -3, i);
    }
    lua_pop(L, 1);
  }
  source->next = source->count;
  lua_newtable(L);
  lua_setiuservalue(L, holder, BINDING_RESULT_VALUES);
  return true;
}

static int result_all(lua_State *L) {
  binding_result *self = check_any(L, "Result:all");
  return take_list(L, self) ? 1 : push_list(L, self, -1);
}

static lua_Integer size_arg(lua_State *L, int arg, const char *what) {
  int is_integer = 0;
  if (lua_isnoneornil(L, arg)) return -1;
  lua_Integer size = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &is_integer) : 0;
  if (!is_integer || size < 1)
    binding_error(L, CORM_E_ARGUMENT, "%s: a number of rows from 1 expected, got %s", what,
                  luaL_tolstring(L, arg, NULL));
  return size;
}

static int result_fetchmany(lua_State *L) {
  binding_result *self = check_any(L, "Result:fetchmany");
  return push_list(L, self, size_arg(L, 2, "fetchmany"));
}

static int result_fetchone(lua_State *L) {
  binding_result *self = check_any(L, "Result:fetchone");
  lua_settop(L, 1);
  if (!binding_result_fetch(L, self)) lua_pushnil(L);
  return 1;
}

/* for item in result do */
static int result_call(lua_State *L) {
  binding_result *self = binding_block_at(L, 1, BINDING_VIEW, sizeof *self); /* a loop asks for each item */
  if (!self) self = check_any(L, "Result:iterate");
  lua_settop(L, 1);
  if (!binding_result_fetch(L, self)) return 0;
  null_for_nil(L);
  return 1;
}

static int next_partition(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  binding_result *self = check_any(L, "partitions");
  push_list(L, self, lua_tointeger(L, lua_upvalueindex(3)));
  lua_rawgeti(L, -1, 1);
  if (lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 1;
}

/* result:yield_per(n): so many rows are a partition, and a page where objects come by pages. */
static int result_yield_per(lua_State *L) {
  const binding_result *self = check_any(L, "Result:yield_per");
  binding_result *source = self->source;
  const lua_Integer size = size_arg(L, 2, "yield_per");
  if (size < 0) return binding_error(L, CORM_E_ARGUMENT, "yield_per: a number of rows from 1 expected, got nil");
  source->page = size;
  if (source->feed) source->feed->page = size;
  lua_settop(L, 1);
  return 1;
}

static int result_partitions(lua_State *L) {
  const binding_result *self = check_any(L, "Result:partitions");
  const lua_Integer page = self->source->page;
  lua_Integer size = lua_isnoneornil(L, 2) && page ? page : size_arg(L, 2, "partitions");
  lua_pushlightuserdata(L, binding_upvalue(L));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, size);
  lua_pushcclosure(L, next_partition, 3);
  return 1;
}

/* The first item, nil when there is none. `one`: more than one is an error; `some`: none is one. */
static int single(lua_State *L, binding_result *self, bool one, bool some) {
  lua_settop(L, 1);
  bool found = binding_result_fetch(L, self);
  bool more = false;
  if (found && one) {
    more = binding_result_fetch(L, self);
    lua_settop(L, 2);
  }
  close_result(self);
  if (more)
    return binding_error(L, CORM_E_MULTIPLE_RESULTS_FOUND, "several rows were found where %s was required",
                         some ? "exactly one" : "one or none");
  if (!found && some) return binding_error(L, CORM_E_NO_RESULT_FOUND, "no row was found where one was required");
  if (!found) lua_pushnil(L);
  return 1;
}

static int result_first(lua_State *L) {
  return single(L, check_any(L, "Result:first"), false, false);
}

static int result_one(lua_State *L) {
  return single(L, check_any(L, "Result:one"), true, true);
}

static int result_one_or_none(lua_State *L) {
  return single(L, check_any(L, "Result:one_or_none"), true, false);
}

/* The same for the first column. The mode is this call's only: afterwards the result is closed. */
static int scalar(lua_State *L, const char *what, bool one, bool some) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, what);
  self->mode = BINDING_SCALARS;
  self->column = 0;
  return single(L, self, one, some);
}

static int result_scalar(lua_State *L) {
  return scalar(L, "Result:scalar", false, false);
}

static int result_scalar_one(lua_State *L) {
  return scalar(L, "Result:scalar_one", true, true);
}

static int result_scalar_one_or_none(lua_State *L) {
  return scalar(L, "Result:scalar_one_or_none", true, false);
}

/* -- choosing columns -- */

static void push_shape(lua_State *L, binding_result *self) {
  if (lua_getiuservalue(L, 1, BINDING_RESULT_SHAPE) != LUA_TNIL) return;
  if (self->closed || self->source->closed) binding_result_refuse_closed(L);
  binding_error(L, CORM_E_RESOURCE_CLOSED, "this result object does not return rows; it has been closed automatically");
}

/* The position (from 0, in the rows that self gives) that arg names; the shape is on the top. */
static int column_arg(lua_State *L, int arg, const char *what) {
  int shape = lua_gettop(L), is_integer = 0, index = 0;
  if (lua_type(L, arg) == LUA_TNUMBER) {
    lua_Integer given = lua_tointegerx(L, arg, &is_integer);
    if (given > 0 && given <= (lua_Integer)binding_shape_width(L, shape)) index = (int)given;
  } else if (lua_type(L, arg) == LUA_TSTRING) {
    index = binding_shape_find(L, shape, binding_name_at(L, arg));
  } else if (binding_tonode(L, arg)) {
    index = binding_shape_find_node(L, shape, binding_tonode(L, arg));
  } else {
    return binding_error(L, CORM_E_ARGUMENT, "%s: a position, a name or a column expected, got %s", what,
                         binding_typename(L, arg));
  }
  if (index == BINDING_SHAPE_AMBIGUOUS)
    binding_error(L, CORM_E_AMBIGUOUS_COLUMN, "%s: several columns are called '%s'", what, lua_tostring(L, arg));
  if (index == 0)
    binding_error(L, CORM_E_NO_SUCH_COLUMN, "%s: the result has no column '%s'", what, luaL_tolstring(L, arg, NULL));
  return index - 1;
}

static int result_keys(lua_State *L) {
  push_shape(L, check_any(L, "Result:keys"));
  binding_push_keys(L, -1);
  return 1;
}

/* result:columns(...): these columns in this order; changes and returns the result. */
static int result_columns(lua_State *L) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, "Result:columns");
  int n = lua_gettop(L) - 1;
  if (n == 0) return binding_error(L, CORM_E_ARGUMENT, "columns: name at least one column");
  luaL_checkstack(L, n + 8, "columns");
  push_shape(L, self);
  int shape = lua_gettop(L);
  int *map = lua_newuserdatauv(L, (size_t)n * 2 * sizeof *map, 0);
  int *in_shape = map + n; /* behind the positions in the row as read: those in the rows given so far */
  int block = lua_gettop(L);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(L, shape);
    in_shape[i] = column_arg(L, i + 2, "columns");
    lua_pop(L, 1);
    map[i] = self->map ? self->map[in_shape[i]] : in_shape[i];
  }
  binding_push_projection(L, shape, in_shape, (size_t)n);
  lua_setiuservalue(L, 1, BINDING_RESULT_SHAPE);
  lua_pushvalue(L, block);
  lua_setiuservalue(L, 1, BINDING_RESULT_MAP);
  self->map = map;
  self->nmap = (size_t)n;
  lua_settop(L, 1);
  return 1;
}

static int result_unique(lua_State *L) {
  binding_result *self = check_any(L, "Result:unique");
  if (self->source->feed)
    return binding_error(
        L, CORM_E_INVALID_REQUEST,
        "unique: objects that come by pages (yield_per) are not remembered, as unique() would have to");
  if (!lua_isnoneornil(L, 2) && !lua_isfunction(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "unique: a function expected, got %s", binding_typename(L, 2));
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, BINDING_RESULT_STRATEGY);
  lua_newtable(L);
  lua_setiuservalue(L, 1, BINDING_RESULT_SEEN);
  self->is_unique = true;
  return 1;
}

/* -- views -- */

/* Pushes a view of the Result at argument 1. */
static binding_result *push_view(lua_State *L, binding_result *self, binding_result_mode mode) {
  static const int shared[] = {BINDING_RESULT_SHAPE, BINDING_RESULT_MAP, BINDING_RESULT_SEEN, BINDING_RESULT_STRATEGY};
  binding_result *view = binding_new(L, BINDING_VIEW, sizeof *view, BINDING_RESULT_SLOTS);
  view->source = self;
  view->mode = (uint8_t)mode;
  view->map = self->map;
  view->nmap = self->nmap;
  view->is_unique = self->is_unique;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, BINDING_RESULT_SOURCE);
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
    lua_getiuservalue(L, 1, shared[i]);
    lua_setiuservalue(L, -2, shared[i]);
  }
  return view;
}

static int result_scalars(lua_State *L) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, "Result:scalars");
  lua_settop(L, 2);
  push_shape(L, self);
  int column = lua_isnil(L, 2) ? 0 : column_arg(L, 2, "scalars");
  push_view(L, self, BINDING_SCALARS)->column = column;
  return 1;
}

static int result_mappings(lua_State *L) {
  binding_result *self = binding_check(L, 1, BINDING_RESULT, "Result:mappings");
  lua_settop(L, 1);
  push_view(L, self, BINDING_MAPPINGS);
  return 1;
}

int binding_result_scalars(lua_State *L) {
  return result_scalars(L);
}

int binding_result_scalar(lua_State *L) {
  return result_scalar(L);
}

/* -- fields -- */

/* inserted_primary_key_rows: of one row, or those that return_defaults() brought. */
static void push_keys(lua_State *L) {
  int found = lua_getiuservalue(L, 1, BINDING_RESULT_KEYS);
  if (found == LUA_TTABLE) return;
  if (found == LUA_TNIL) found = lua_getiuservalue(L, 1, BINDING_RESULT_KEY);
  if (found == LUA_TNIL)
    binding_error(
        L, CORM_E_INVALID_REQUEST,
        "inserted_primary_key_rows: this was no INSERT into a table of which the keys are known: those of many "
        "rows are after return_defaults(), where the database has RETURNING and inserted them all");
  lua_createtable(L, 1, 0);
  lua_insert(L, -2);
  if (lua_toboolean(L, -1))
    lua_rawseti(L, -2, 1);
  else
    lua_pop(L, 1);
}

static bool push_field(lua_State *L, const binding_result *self, const char *name) {
  const corm_result *core = self->source->result;
  if (strcmp(name, "closed") == 0) {
    lua_pushboolean(L, self->closed || self->source->closed || (core && corm_result_is_closed(core)));
  } else if (strcmp(name, "rowcount") == 0) {
    lua_pushinteger(L, self->rowcount != INT64_MIN || !core ? self->rowcount : corm_result_rowcount(core));
  } else if (strcmp(name, "lastrowid") == 0) {
    lua_pushinteger(L, core ? corm_result_last_id(core) : 0);
  } else if (strcmp(name, "returns_rows") == 0) {
    lua_pushboolean(L, self->width > 0);
  } else if (strcmp(name, "is_insert") == 0) {
    lua_pushboolean(L, self->is_insert);
  } else if (strcmp(name, "inserted_primary_key") == 0) {
    if (lua_getiuservalue(L, 1, BINDING_RESULT_KEY) == LUA_TNIL)
      binding_error(L, CORM_E_INVALID_REQUEST,
                    "inserted_primary_key: this was not the INSERT of a single row into a table");
    if (!lua_toboolean(L, -1)) lua_pushnil(L);
  } else if (strcmp(name, "inserted_primary_key_rows") == 0) {
    push_keys(L);
  } else if (strcmp(name, "returned_defaults") == 0) {
    if (lua_getiuservalue(L, 1, BINDING_RESULT_WRITTEN) == LUA_TTABLE) lua_rawgeti(L, -1, 1);
  } else if (strcmp(name, "returned_defaults_rows") == 0) {
    lua_getiuservalue(L, 1, BINDING_RESULT_WRITTEN);
  } else {
    return false;
  }
  return true;
}

static int result_index(lua_State *L) {
  const binding_result *self = binding_check(L, 1, BINDING_RESULT, "Result:field");
  if (push_field(L, self, binding_name_at(L, 2))) return 1;
  return binding_method(L, BINDING_RESULT, 2);
}

static int view_index(lua_State *L) {
  const binding_result *self = binding_check(L, 1, BINDING_VIEW, "ScalarResult:field");
  if (strcmp(binding_name_at(L, 2), "closed") == 0) {
    push_field(L, self, "closed");
    return 1;
  }
  return binding_method(L, BINDING_VIEW, 2);
}

/* -- ending -- */

static int result_gc(lua_State *L) {
  binding_result *self = binding_test(L, 1, BINDING_RESULT);
  if (!self) return 0;
  corm_result *result = self->result;
  self->feed = NULL;         /* finalized by itself, maybe before */
  binding_upvalue(L)->L = L; /* the last one gives the connection back */
  self->result = NULL;
  self->closed = true;
  corm_result_release(result);
  return 0;
}

static int any_close(lua_State *L) {
  binding_result *self = binding_test(L, 1, BINDING_RESULT);
  if (!self) self = binding_test(L, 1, BINDING_VIEW);
  if (self) close_result(self);
  return 0;
}

#define FETCHING                                                                                                       \
  {"all", result_all}, {"fetchall", result_all}, {"fetchmany", result_fetchmany}, {"first", result_first},             \
      {"one", result_one}, {"one_or_none", result_one_or_none}, {"partitions", result_partitions},                     \
      {"unique", result_unique}, {"yield_per", result_yield_per}, {"close", result_close}, {"closed", NULL}, {         \
    "fetchone", result_fetchone                                                                                        \
  }

void binding_open_result(lua_State *L) {
  static const luaL_Reg methods[] = {FETCHING,
                                     {"columns", result_columns},
                                     {"keys", result_keys},
                                     {"scalars", result_scalars},
                                     {"mappings", result_mappings},
                                     {"scalar", result_scalar},
                                     {"scalar_one", result_scalar_one},
                                     {"scalar_one_or_none", result_scalar_one_or_none},
                                     {"rowcount", NULL},
                                     {"lastrowid", NULL},
                                     {"inserted_primary_key", NULL},
                                     {"inserted_primary_key_rows", NULL},
                                     {"returned_defaults", NULL},
                                     {"returned_defaults_rows", NULL},
                                     {"returns_rows", NULL},
                                     {"is_insert", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg view_methods[] = {FETCHING, {"keys", result_keys}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", result_call}, {"__close", any_close}, {"__gc", result_gc}, {NULL, NULL}};
  static const luaL_Reg view_meta[] = {{"__call", result_call}, {"__close", any_close}, {NULL, NULL}};
  binding_open_row(L);
  binding_metatable(L, BINDING_RESULT, "Result", methods, meta, result_index);
  binding_metatable(L, BINDING_VIEW, "ScalarResult", view_methods, view_meta, view_index);
  lua_pop(L, 2);
}
