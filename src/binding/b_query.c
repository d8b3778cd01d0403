/*
 * session:query(...): a select bound to a session. Its generative methods are those of the select inside; what comes
 * out of them is a Query again when it is a statement.
 */
#include <string.h>

#include "binding/b_bundle.h"
#include "binding/b_result.h"
#include "binding/b_session.h"
#include "binding/b_statement.h"

/* User values of a Query. RUNNING: the result of the iteration that runs. PARAMS: a table of parameters, or nil. */
enum { QUERY_SESSION = 1, QUERY_STATEMENT, QUERY_RUNNING, QUERY_PARAMS, QUERY_SLOTS = QUERY_PARAMS };

/* Its address is the registry key of the functions select, update and delete of the module. */
static const char functions_key;

static void check(lua_State *L, const char *what) {
  binding_check(L, 1, BINDING_QUERY, what);
}

/* Replaces the statement at the top by a Query of it, bound to the Session at 1, or to that of the Query at 1, whose
   parameters it takes over. */
static void wrap(lua_State *L) {
  binding_new(L, BINDING_QUERY, sizeof(binding_head), QUERY_SLOTS);
  if (binding_test(L, 1, BINDING_QUERY)) {
    lua_getiuservalue(L, 1, QUERY_PARAMS);
    lua_setiuservalue(L, -2, QUERY_PARAMS);
    lua_getiuservalue(L, 1, QUERY_SESSION);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_setiuservalue(L, -2, QUERY_SESSION);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, QUERY_STATEMENT);
}

static void push_function(lua_State *L, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

/* Calls the method of the value that lies below nargs arguments. */
static void call_method(lua_State *L, const char *name, int nargs, int nresults) {
  lua_getfield(L, -nargs - 1, name);
  lua_insert(L, -nargs - 2);
  lua_call(L, nargs + 1, nresults);
}

bool binding_push_query_statement(lua_State *L, int arg) {
  if (!binding_test(L, arg, BINDING_QUERY)) return false;
  lua_getiuservalue(L, arg, QUERY_STATEMENT);
  if (lua_getiuservalue(L, arg, QUERY_PARAMS) == LUA_TTABLE)
    call_method(L, "params", 1, 1);
  else
    lua_pop(L, 1);
  return true;
}

static int session_query(lua_State *L) {
  binding_checksession(L, "Session:query");
  if (lua_gettop(L) < 2) return binding_error(L, CORM_E_ARGUMENT, "Session:query: a mapped class or columns expected");
  push_function(L, "select");
  lua_insert(L, 2);
  lua_call(L, lua_gettop(L) - 2, 1);
  wrap(L);
  return 1;
}

static bool is_compound(const corm_node *node) {
  return node && node->kind == CORM_NODE_COMPOUND;
}

/* Rows of a union, whose statement is at the top, become what its first part lists, where that names classes. */
static void want_objects(lua_State *L) {
  binding_stmt *made = lua_touserdata(L, -1);
  if (!is_compound(made->base.node) || made->wanted) return;
  const corm_select *leader = corm_select_leader((const corm_select *)made->base.node);
  for (uint32_t i = 0; i < leader->ncolumns; i++)
    if (leader->columns[i]->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)leader->columns[i])->owner)
      made->wanted = leader;
}

/* A method of the statement inside. Upvalue 2: it. */
static int delegate(lua_State *L) {
  check(L, "Query");
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 2);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  lua_insert(L, 3);
  lua_call(L, lua_gettop(L) - 2, 1);
  if (binding_test(L, -1, BINDING_STATEMENT)) {
    want_objects(L);
    wrap(L);
  }
  return 1;
}

/* -- what only a Query says ---------------------------------------------------------------------------------------- */

/* The statement's method with the arguments behind the Query, which stays at 1. */
static int call_inside(lua_State *L, const char *name) {
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  lua_insert(L, 2);
  call_method(L, name, lua_gettop(L) - 2, 1);
  wrap(L);
  return 1;
}

static int query_with_entities(lua_State *L) {
  check(L, "Query:with_entities");
  return call_inside(L, "with_only_columns");
}

static int query_add_entity(lua_State *L) {
  check(L, "Query:add_entity");
  if (lua_gettop(L) != 2)
    return binding_error(L, CORM_E_ARGUMENT, "Query:add_entity: one mapped class or alias expected");
  const corm_node *node = binding_tonode(L, 2);
  if (!node || node->kind != CORM_NODE_BUNDLE || !((const corm_bundle *)node)->owner)
    return binding_error(L, CORM_E_ARGUMENT, "Query:add_entity: a mapped class or an alias expected, got %s",
                         binding_typename(L, 2));
  return call_inside(L, "add_columns");
}

/* The same with one execution option, whose value is at 2. */
static int set_option(lua_State *L, const char *name) {
  lua_settop(L, 2);
  lua_createtable(L, 0, 1);
  lua_insert(L, 2);
  lua_setfield(L, 2, name);
  return call_inside(L, "execution_options");
}

static int query_populate_existing(lua_State *L) {
  check(L, "Query:populate_existing");
  lua_settop(L, 1);
  lua_pushboolean(L, 1);
  return set_option(L, "populate_existing");
}

static int set_boolean(lua_State *L, const char *what, const char *name) {
  check(L, what);
  if (!lua_isboolean(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a boolean expected, got %s", what, binding_typename(L, 2));
  return set_option(L, name);
}

static int query_autoflush(lua_State *L) {
  return set_boolean(L, "Query:autoflush", "autoflush");
}

static int query_enable_eagerloads(lua_State *L) {
  return set_boolean(L, "Query:enable_eagerloads", "enable_eagerloads");
}

static int query_yield_per(lua_State *L) {
  check(L, "Query:yield_per");
  if (!lua_isinteger(L, 2) || lua_tointeger(L, 2) < 1)
    return binding_error(L, CORM_E_ARGUMENT, "Query:yield_per: a number of rows from 1 expected, got %s",
                         lua_isinteger(L, 2) ? lua_tostring(L, 2) : binding_typename(L, 2));
  return set_option(L, "yield_per");
}

/* query:params { name = value }: of those said before, the ones with other names stay. */
static int query_params(lua_State *L) {
  check(L, "Query:params");
  if (!binding_is_plain_table(L, 2) || lua_rawlen(L, 2) > 0 || lua_gettop(L) > 2)
    return binding_error(L, CORM_E_ARGUMENT, "Query:params: a table of named values expected, got %s",
                         binding_typename(L, 2));
  lua_newtable(L);
  lua_getiuservalue(L, 1, QUERY_PARAMS);
  for (int from = 4; from >= 2; from -= 2) {
    if (!lua_istable(L, from)) continue;
    lua_pushnil(L);
    while (lua_next(L, from)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 3);
    }
  }
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  wrap(L);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, QUERY_PARAMS);
  return 1;
}

/* -- running -- */

static const corm_select *select_of(lua_State *L) {
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  const corm_node *node = binding_tonode(L, -1);
  if (binding_wanted_select(L, -1) != (const corm_select *)node)
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "this Query has a statement of its own (a union, from_statement); it is only run");
  lua_pop(L, 1);
  return (const corm_select *)node;
}

/* A query of one entity gives objects, every other one rows. */
static bool gives_objects(const corm_select *select) {
  if (!select) return false;
  if (binding_is_single_bundle(select)) return true;
  return select->ncolumns == 1 && select->columns[0]->kind == CORM_NODE_BUNDLE &&
         ((const corm_bundle *)select->columns[0])->owner;
}

static bool is_entity(const corm_node *node) {
  return node->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)node)->owner;
}

/* Whether the statement lists classes and may have rows of the same objects several times. */
static bool may_repeat(lua_State *L, int statement) {
  const corm_select *select = binding_wanted_select(L, statement);
  bool lists_class = false;
  for (uint32_t i = 0; select && i < select->ncolumns; i++) lists_class |= is_entity(select->columns[i]);
  if (!lists_class || (const corm_node *)select != binding_tonode(L, statement)) return lists_class;
  const corm_node *from = ((const corm_bundle *)select->columns[0])->from;
  if (select->ncolumns == 1 && !select->nfroms && !select->where && from->kind == CORM_NODE_TABLE) return false;
  corm_arena *arena = binding_scratch(L, binding_get(L));
  const bool repeats = !corm_select_reads_listed(arena, select);
  binding_scratch_done(L, binding_get(L), arena);
  lua_settop(L, statement);
  return repeats;
}

/* Replaces the statement at the top by its Result. Rows with objects are given once each, as by unique(), unless they
   come by pages. */
static void run_rows(lua_State *L) {
  int statement = lua_gettop(L);
  const bool repeats = may_repeat(L, statement);
  lua_getiuservalue(L, 1, QUERY_SESSION);
  lua_getiuservalue(L, 1, QUERY_PARAMS);
  binding_session_run(L, statement + 1, statement, statement + 2);
  if (repeats && !((const binding_result *)lua_touserdata(L, -1))->feed) call_method(L, "unique", 0, 1);
  lua_replace(L, statement);
  lua_settop(L, statement);
}

/* The same, of objects where the query gives such. */
static void run(lua_State *L) {
  const bool objects = gives_objects(binding_wanted_select(L, -1));
  run_rows(L);
  if (objects) call_method(L, "scalars", 0, 1);
}

static int run_then(lua_State *L, const char *what, const char *method) {
  check(L, what);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  run(L);
  call_method(L, method, 0, 1);
  return 1;
}

static int query_all(lua_State *L) {
  return run_then(L, "Query:all", "all");
}

static int query_one(lua_State *L) {
  return run_then(L, "Query:one", "one");
}

static int query_one_or_none(lua_State *L) {
  return run_then(L, "Query:one_or_none", "one_or_none");
}

static int query_first(lua_State *L) {
  check(L, "Query:first");
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  const corm_node *node = binding_tonode(L, -1);
  if (is_compound(node) || (const corm_node *)binding_wanted_select(L, -1) == node) {
    lua_pushinteger(L, 1);
    call_method(L, "limit", 1, 1);
  }
  run(L);
  call_method(L, "first", 0, 1);
  return 1;
}

/* The first column of the only row. */
static int query_scalar(lua_State *L) {
  check(L, "Query:scalar");
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  run_rows(L);
  call_method(L, "scalar_one_or_none", 0, 1);
  return 1;
}

/* for item in query do: the query runs when the loop begins. */
static int query_call(lua_State *L) {
  check(L, "Query:iterate");
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) {
    lua_getiuservalue(L, 1, QUERY_STATEMENT);
    run(L);
    lua_setiuservalue(L, 1, QUERY_RUNNING);
  }
  if (lua_getiuservalue(L, 1, QUERY_RUNNING) == LUA_TNIL) return 1;
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, QUERY_RUNNING);
  }
  return 1;
}

/* Gives the statement at the top the criteria among the query's options: what it counts and writes they are about, too.
 */
static void carry_criteria(lua_State *L) {
  const int at = lua_gettop(L);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  if (binding_push_options(L, at + 1)) {
    const int n = (int)lua_rawlen(L, at + 2);
    luaL_checkstack(L, n + 4, "options");
    lua_pushvalue(L, at);
    for (int i = 1; i <= n; i++) {
      lua_rawgeti(L, at + 2, i);
      if (!binding_test(L, -1, BINDING_CRITERIA)) lua_pop(L, 1);
    }
    const int kept = lua_gettop(L) - at - 3;
    if (kept) {
      call_method(L, "options", kept, 1);
      lua_replace(L, at);
    }
  }
  lua_settop(L, at);
}

/* -- count: SELECT count(*) FROM (the query) -- */

static void push_count(lua_State *L, const corm_select *inner, int statement) {
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, sizeof(corm_select) + 4 * CORM_ROOM_NODE, 1);
  do {
    select = corm_arena_zalloc(&b.arena, 1, sizeof *select);
    const corm_node **parts = corm_arena_zalloc(&b.arena, 2, sizeof *parts);
    if (!select || !parts) continue;
    select->base.kind = CORM_NODE_SELECT;
    select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
    parts[0] = corm_function_in(&b.arena, "count", NULL, NULL, 0);
    parts[1] = corm_alias_in(&b.arena, &inner->base, NULL);
    select->columns = &parts[0];
    select->froms = &parts[1];
    select->ncolumns = select->nfroms = 1;
  } while (binding_build_again(&b, b.arena.failed ? NULL : &select->base));
  binding_statement_finish(L, false, statement, statement);
}

static int query_count(lua_State *L) {
  check(L, "Query:count");
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, QUERY_SESSION);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  const corm_node *node = binding_tonode(L, 3);
  push_count(L, is_compound(node) ? (const corm_select *)node : select_of(L), 3);
  carry_criteria(L);
  if (binding_push_execution_options(L, 3)) call_method(L, "execution_options", 1, 1);
  lua_getiuservalue(L, 1, QUERY_PARAMS);
  binding_session_run(L, 2, 4, 5);
  call_method(L, "scalar", 0, 1);
  return 1;
}

/* -- get, update, delete -- */

static const corm_mapper *mapper_of(lua_State *L, const corm_select *select, const char *what) {
  const corm_bundle *bundle = select->ncolumns == 1 ? (const corm_bundle *)select->columns[0] : NULL;
  if (!bundle || bundle->base.kind != CORM_NODE_BUNDLE || !bundle->owner ||
      bundle->from != corm_bundle_mapper(bundle)->from)
    binding_error(L, CORM_E_INVALID_REQUEST, "%s: the query must be of one mapped class", what);
  binding_check_mapped(L, corm_bundle_mapper(bundle));
  return corm_bundle_mapper(bundle);
}

static int query_get(lua_State *L) {
  check(L, "Query:get");
  const corm_select *select = select_of(L);
  const corm_mapper *mapper = mapper_of(L, select, "Query:get");
  if (select->where || select->nfroms || select->limit || select->offset || select->norder_by || select->extra)
    return binding_error(
        L, CORM_E_INVALID_REQUEST,
        "Query:get: not on a query with criteria, joins, order, limits or locks; session:get(class, key, { "
        "with_for_update = true }) locks");
  lua_getiuservalue(L, 1, QUERY_SESSION);
  lua_replace(L, 1);
  binding_push_class(L, binding_upvalue(L), mapper);
  lua_insert(L, 2);
  return binding_session_get(L);
}

/* Pushes update(Class) or delete(Class) with the criteria of the query; options at `options`. */
static void push_bulk(lua_State *L, const char *name, int options, const char *what) {
  static const binding_option_spec specs[] = {{"all", BINDING_OPT_BOOL}, {"synchronize_session", BINDING_OPT_ANY}};
  const corm_select *select = select_of(L);
  const corm_mapper *mapper = mapper_of(L, select, what);
  binding_check_options(L, options, what, specs, sizeof specs / sizeof *specs);
  if (select->nfroms || select->limit || select->offset || select->norder_by || select->ngroup_by || select->distinct ||
      select->having || select->extra)
    binding_error(L, CORM_E_INVALID_REQUEST, "%s: not on a query with joins, order, groups, limits, distinct or locks",
                  what);
  push_function(L, name);
  binding_push_class(L, binding_upvalue(L), mapper);
  lua_createtable(L, 0, 1);
  lua_pushboolean(L, binding_opt_bool(L, options, "all", false));
  lua_setfield(L, -2, "all");
  lua_call(L, 2, 1);
  if (select->where) {
    lua_getiuservalue(L, 1, QUERY_STATEMENT);
    binding_push_node(L, select->where, -1);
    lua_remove(L, -2);
    call_method(L, "where", 1, 1);
  }
  carry_criteria(L);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  if (binding_push_execution_options(L, -1)) {
    lua_remove(L, -2);
    call_method(L, "execution_options", 1, 1);
  } else {
    lua_pop(L, 1);
  }
  if (binding_opt_push(L, options, "synchronize_session")) {
    lua_createtable(L, 0, 1);
    lua_insert(L, -2);
    lua_setfield(L, -2, "synchronize_session");
    call_method(L, "execution_options", 1, 1);
  }
}

/* Runs the statement at the top; returns the number of matched rows. */
static int run_bulk(lua_State *L) {
  int statement = lua_gettop(L);
  lua_getiuservalue(L, 1, QUERY_SESSION);
  lua_getiuservalue(L, 1, QUERY_PARAMS);
  binding_session_run(L, statement + 1, statement, statement + 2);
  lua_getfield(L, -1, "rowcount");
  return 1;
}

/* query:update(values [, options]) */
static int query_update(lua_State *L) {
  check(L, "Query:update");
  if (!lua_istable(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "Query:update: a table of values expected, got %s",
                         binding_typename(L, 2));
  lua_settop(L, 3);
  push_bulk(L, "update", 3, "Query:update");
  lua_pushvalue(L, 2);
  call_method(L, "values", 1, 1);
  return run_bulk(L);
}

/* query:delete([options]) */
static int query_delete(lua_State *L) {
  check(L, "Query:delete");
  lua_settop(L, 2);
  push_bulk(L, "delete", 2, "Query:delete");
  return run_bulk(L);
}

/* -- fields -- */

/* A field of the statement inside. */
static bool push_statement_field(lua_State *L, const char *name) {
  lua_pushvalue(L, 1);
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  lua_replace(L, 1);
  bool found = binding_select_property(L, name);
  if (found) lua_insert(L, -2);
  lua_replace(L, 1);
  return found;
}

static bool push_field(lua_State *L, void *block, const char *name) {
  (void)block;
  if (strcmp(name, "statement") == 0)
    lua_getiuservalue(L, 1, QUERY_STATEMENT);
  else if (strcmp(name, "session") == 0)
    lua_getiuservalue(L, 1, QUERY_SESSION);
  else
    return push_statement_field(L, name);
  return true;
}

static int query_index(lua_State *L) {
  return binding_index(L, BINDING_QUERY, push_field);
}

static int query_tostring(lua_State *L) {
  check(L, "tostring");
  lua_getiuservalue(L, 1, QUERY_STATEMENT);
  luaL_tolstring(L, -1, NULL);
  return 1;
}

/* Statements have methods that a select refuses by itself (values ...); those stay with it. */
static void add_delegates(lua_State *L, binding_state *state) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[BINDING_QUERY]);
  int own = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[BINDING_STATEMENT]);
  lua_pushnil(L);
  while (lua_next(L, own + 1)) {
    lua_pushvalue(L, -2);
    if (lua_rawget(L, own) == LUA_TNIL && lua_isfunction(L, -2)) {
      lua_pop(L, 1);
      lua_pushvalue(L, -2);
      lua_pushlightuserdata(L, state);
      lua_pushvalue(L, -3);
      lua_pushcclosure(L, delegate, 2);
      lua_rawset(L, own);
      lua_pop(L, 1);
    } else if (lua_isnil(L, -1)) { /* a field */
      lua_pop(L, 1);
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, own);
    } else {
      lua_pop(L, 2);
    }
  }
  lua_settop(L, own - 1);
}

static void keep_functions(lua_State *L) {
  static const char *const names[] = {"select", "update", "delete"};
  lua_createtable(L, 0, 3);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_getfield(L, -2, names[i]);
    lua_setfield(L, -2, names[i]);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
}

void binding_open_query(lua_State *L) {
  static const luaL_Reg methods[] = {{"all", query_all},
                                     {"first", query_first},
                                     {"one", query_one},
                                     {"one_or_none", query_one_or_none},
                                     {"scalar", query_scalar},
                                     {"count", query_count},
                                     {"get", query_get},
                                     {"update", query_update},
                                     {"delete", query_delete},
                                     {"with_entities", query_with_entities},
                                     {"add_entity", query_add_entity},
                                     {"populate_existing", query_populate_existing},
                                     {"autoflush", query_autoflush},
                                     {"enable_eagerloads", query_enable_eagerloads},
                                     {"yield_per", query_yield_per},
                                     {"params", query_params},
                                     {"statement", NULL},
                                     {"session", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__call", query_call}, {"__tostring", query_tostring}, {NULL, NULL}};
  static const luaL_Reg session_methods[] = {{"query", session_query}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  if (state->metatables[BINDING_QUERY] != LUA_NOREF) return;
  binding_open_from_statement(L);
  binding_metatable(L, BINDING_QUERY, "Query", methods, meta, query_index);
  lua_pop(L, 1);
  add_delegates(L, state);
  binding_add_methods(L, BINDING_SESSION, session_methods);
  keep_functions(L);
}
