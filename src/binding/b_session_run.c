/*
 * What a session executes. A statement with entities goes through a loader, whose rows are read at once; every other
 * one through the Connection of the session's transaction, as a stream. Both give the same Result.
 */
#include "binding/b_bindparam.h"
#include "binding/b_bulk.h"
#include "binding/b_bundle.h"
#include "binding/b_engine.h"
#include "binding/b_load.h"
#include "binding/b_params.h"
#include "binding/b_result.h"
#include "binding/b_session.h"
#include "binding/b_statement.h"
#include "binding/b_stream.h"
#include "orm/binds.h"
#include "sql/subject.h"
#include "sql/walk.h"

/* What execution_options says for a session. */
typedef struct run_settings {
  bool autoflush;
  bool populate_existing;
  bool no_eagerloads;
  corm_synchronize synchronize;
  uint32_t page; /* yield_per, or what stream_results means for objects; 0: all at once */
} run_settings;

enum {
  PAGE = 1000,   /* rows, where nobody said how many */
  FEW_VALUES = 8 /* most queries give no more */
};

static run_settings read_settings(lua_State *L, int statement) {
  run_settings settings = {.autoflush = true, .synchronize = CORM_SYNCHRONIZE_AUTO};
  if (!binding_push_execution_options(L, statement)) return settings;
  settings.autoflush = binding_opt_bool(L, -1, "autoflush", true);
  settings.populate_existing = binding_opt_bool(L, -1, "populate_existing", false);
  settings.no_eagerloads = !binding_opt_bool(L, -1, "enable_eagerloads", true);
  settings.synchronize = binding_synchronize_option(L, lua_gettop(L));
  lua_pop(L, 1);
  corm_execution execution = {0};
  binding_read_streaming(L, statement, &execution);
  if (execution.stream_results) settings.page = execution.page ? execution.page : PAGE;
  return settings;
}

/* -- entities -- */

static const corm_bundle *entity(const corm_node *node) {
  const corm_bundle *bundle = (const corm_bundle *)node;
  return node->kind == CORM_NODE_BUNDLE && bundle->owner ? bundle : NULL;
}

static void returned(const corm_node *node, const corm_node *const **items, uint32_t *n) {
  *n = 0;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_SELECT:
    *items = ((const corm_select *)node)->columns;
    *n = ((const corm_select *)node)->ncolumns;
    break;
  case CORM_NODE_INSERT:
    *items = ((const corm_insert *)node)->returning;
    *n = ((const corm_insert *)node)->nreturning;
    break;
  case CORM_NODE_UPDATE:
    *items = ((const corm_update *)node)->returning;
    *n = ((const corm_update *)node)->nreturning;
    break;
  case CORM_NODE_DELETE:
    *items = ((const corm_delete_node *)node)->returning;
    *n = ((const corm_delete_node *)node)->nreturning;
    break;
  default: break;
  }
}

/* The entity that stands k-th among the entities of the statement, or NULL. */
static const corm_bundle *nth_entity(const corm_node *node, uint32_t k) {
  const corm_node *const *items;
  uint32_t n;
  returned(node, &items, &n);
  for (uint32_t i = 0; i < n; i++) {
    const corm_bundle *bundle = entity(items[i]);
    if (bundle && k-- == 0) return bundle;
  }
  return NULL;
}

/* Options that no entity of the statement has. */
static void refuse_strangers(lua_State *L, int statement, const corm_node *node, const corm_load_options *options,
                             corm_arena *arena) {
  const corm_node *const *items;
  uint32_t n, count = 0;
  if (!options->n || binding_is_replaced(L, statement)) return;
  returned(node, &items, &n);
  const corm_bundle **entities = corm_arena_alloc(arena, n * sizeof *entities);
  if (!entities) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < n; i++)
    if (entity(items[i])) entities[count++] = entity(items[i]);
  binding_refuse_option(L, options, entities, count);
}

static void push_shape(lua_State *L, corm_loader *loader, const corm_node *node, int statement) {
  const uint32_t n = corm_loader_items(loader);
  binding_shape_column *columns = lua_newuserdatauv(L, (n + 1) * sizeof *columns, 0);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t at;
    int32_t k = corm_loader_item(loader, i, &at);
    const corm_bundle *bundle = k >= 0 ? nth_entity(node, (uint32_t)k) : NULL;
    if (bundle) {
      columns[i] = (binding_shape_column){.key = bundle->name, .node = &bundle->base};
    } else {
      const corm_compiled_column *column = corm_result_column(corm_loader_result(loader), at);
      columns[i] = (binding_shape_column){.key = column->key, .name = column->name, .node = column->node};
    }
  }
  binding_push_shape(L, columns, n, statement);
  lua_remove(L, -2);
}

/* Leaves the table of parameters, or nil, on the stack. Lists are left to who compiles. */
static void read_params(lua_State *L, int params, corm_arena *arena, corm_params *out) {
  bool many;
  size_t n = binding_params_first(L, params, &many);
  if (many) binding_error(L, CORM_E_ARGUMENT, "a statement that returns entities takes one table of parameters");
  binding_params_native(L, n ? -1 : params, true, arena, out);
}

/* A run of one statement that returns objects; stack indices. */
typedef struct entity_run {
  corm_session *session;
  const corm_node *node;
  int statement, params;
  const run_settings *settings;
  corm_load_options *options;
  corm_arena *arena;
  int values; /* a table, row after row */
  lua_Integer rows, width;
} entity_run;

/* Reads what the loader gives, and closes it; leaves the shape of its rows on the stack. */
static void take_rows(lua_State *L, entity_run *run, int loader) {
  binding_loader *handle = lua_touserdata(L, loader);
  const lua_Integer before = run->rows * run->width;
  run->width = corm_loader_items(handle->loader);
  int values = run->values;
  if (before) {
    lua_newtable(L);
    values = lua_gettop(L);
  }
  const lua_Integer rows = binding_run_loader(L, binding_get(L), handle->loader, values);
  for (lua_Integer i = 1; before && i <= rows * run->width; i++) {
    lua_rawgeti(L, values, i);
    lua_rawseti(L, run->values, before + i);
  }
  run->rows += rows;
  push_shape(L, handle->loader, run->node, run->statement);
  binding_loader_close(L, loader);
}

static void run_select(lua_State *L, entity_run *run) {
  corm_params given = {0};
  corm_error err;
  corm_error_init(&err);
  read_params(L, run->params, run->arena, &given);
  binding_late late;
  binding_late_init(&late, L, lua_gettop(L), false);
  run->options->late = &late.late;
  binding_loader *handle = binding_new_loader(L);
  const int loader = lua_gettop(L);
  binding_get(L)->L = L;
  run->session->no_autoflush += !run->settings->autoflush;
  corm_status status =
      corm_loader_new(run->session, run->node, given.n ? &given : NULL, run->options, &handle->loader, &err);
  run->session->no_autoflush -= !run->settings->autoflush;
  if (status != CORM_OK) binding_raise(L, &err);
  if (!run->options->page) {
    take_rows(L, run, loader);
    return;
  }
  push_shape(L, handle->loader, run->node, run->statement);
  binding_push_stream(L, loader, run->statement, (const corm_select *)run->node, run->options->page);
}

/* One execution of a statement that writes, with the parameters at `params`; leaves the shape of its rows. */
static void run_written(lua_State *L, entity_run *run, corm_conn *conn, int params) {
  corm_compiled *compiled = corm_arena_alloc(run->arena, sizeof *compiled);
  corm_error err;
  corm_error_init(&err);
  if (!compiled) binding_error(L, CORM_E_MEMORY, "not enough memory");
  bool many;
  size_t nsets;
  binding_params_first(L, params, &many);
  corm_plan_criteria own;
  const corm_criteria *criteria = corm_plan_criteria_init(&own, run->options->plan, NULL, false);
  binding_compile_execution(L, run->statement, lua_gettop(L), false, corm_conn_engine(conn), criteria, run->arena,
                            compiled);
  const corm_params *sets = binding_params_read(L, compiled, params, many, run->arena, &nsets);
  binding_result *result = binding_new_result(L, 0, 0);
  binding_get(L)->L = L;
  corm_status status =
      corm_conn_execute_many(conn, compiled, sets, many ? nsets : nsets != 0, NULL, &result->result, &err);
  binding_loader *handle = status == CORM_OK ? binding_new_loader(L) : NULL;
  const int loader = lua_gettop(L);
  const corm_select *wanted = ((const binding_stmt *)lua_touserdata(L, run->statement))->wanted;
  if (status == CORM_OK)
    status = wanted ? corm_loader_text(run->session, wanted->columns, wanted->ncolumns, compiled, result->result,
                                       run->options, &handle->loader, &err)
                    : corm_loader_of(run->session, compiled, result->result, run->options, &handle->loader, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  take_rows(L, run, loader);
}

static void run_returning(lua_State *L, entity_run *run) {
  corm_conn *conn;
  corm_error err;
  corm_error_init(&err);
  corm_status status = run->settings->autoflush ? corm_session_autoflush(run->session, &err) : CORM_OK;
  if (status == CORM_OK) {
    corm_branch *branch = binding_place(L, run->session, run->statement, run->node);
    status = corm_binds_open(run->session, branch, &conn, &err);
  }
  if (status != CORM_OK) binding_raise(L, &err);
  lua_pushnil(L); /* the shape */
  const int shape = lua_gettop(L);
  bool many = false;
  lua_Integer n = 1;
  if (binding_inserted_class(L, run->statement)) {
    n = binding_push_groups(L, run->statement, run->params, &many);
  } else {
    lua_newtable(L);
    lua_pushvalue(L, run->params);
    lua_rawseti(L, -2, 1);
  }
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, shape + 1, i);
    run_written(L, run, conn, shape + 2);
    lua_replace(L, shape);
    lua_settop(L, shape + 1);
  }
  if (binding_written_class(L, run->statement))
    binding_note_written(L, run->session, conn, run->statement, run->params, run->settings->synchronize, run->values,
                         run->rows * run->width);
  lua_settop(L, shape);
}

static void run_entities(lua_State *L, corm_session *session, const corm_node *node, int statement, int params,
                         const run_settings *settings) {
  binding_state *state = binding_get(L);
  corm_load_options options = {0};
  int base = lua_gettop(L);
  binding_configure_statement(L, state, node);
  const corm_bundle *bundle;
  for (uint32_t k = 0; (bundle = nth_entity(node, k)) != NULL; k++) {
    binding_check_mapped(L, corm_bundle_mapper(bundle));
    binding_configure(L, state, corm_bundle_mapper(bundle)->registry);
  }
  corm_arena *arena = binding_scratch(L, state);
  int list = binding_push_options(L, statement) ? lua_gettop(L) : 0;
  binding_load_options(L, list, &options);
  const int plan = lua_gettop(L);
  refuse_strangers(L, statement, node, &options, arena);
  /* What an UPDATE returns is newer than what is in memory. */
  options.populate_existing = settings->populate_existing ||
                              (binding_written_class(L, statement) && settings->synchronize != CORM_SYNCHRONIZE_OFF);
  options.keep_changes = options.populate_existing && !settings->populate_existing;
  options.no_eagerloads = settings->no_eagerloads;
  lua_createtable(L, FEW_VALUES, 0);
  entity_run run = {.session = session,
                    .node = node,
                    .statement = statement,
                    .params = params,
                    .settings = settings,
                    .options = &options,
                    .arena = arena,
                    .values = lua_gettop(L)};
  const bool selects = binding_tonode(L, statement)->kind == CORM_NODE_SELECT && binding_tonode(L, statement) == node;
  if (settings->page && node->kind == CORM_NODE_SELECT && !selects)
    binding_error(
        L, CORM_E_INVALID_REQUEST,
        "yield_per: the rows of from_statement() become objects all at once; execute the statement without it");
  options.page = selects ? settings->page : 0;
  options.branch = selects ? binding_place(L, session, statement, node) : NULL;
  options.placed = selects;
  if (selects)
    run_select(L, &run);
  else
    run_returning(L, &run);
  binding_load_options_done(L, plan);
  if (options.page) {
    binding_scratch_done(L, state, arena);
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
    return;
  }
  if (node->kind == CORM_NODE_SELECT && binding_has_bundle((const corm_select *)node))
    (void)binding_group_bundles(L, (const corm_select *)node, statement, &run.values, lua_gettop(L), run.rows,
                                run.width);
  binding_push_list_result(L, -1, run.values, run.rows);
  binding_scratch_done(L, state, arena);
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
}

/* -- everything else -- */

/* Pushes the Connection of a running transaction for the Session at `self`. */
static void push_connection(lua_State *L, int self, corm_conn *conn) {
  binding_push_bind(L, self, corm_conn_engine(conn));
  if (binding_test(L, -1, BINDING_CONNECTION)) return;
  binding_push_conn(L, conn, lua_gettop(L));
  lua_remove(L, -2);
}

/* A select without a class has nothing that loader options could be about. */
static void refuse_options(lua_State *L, int statement) {
  const int top = lua_gettop(L);
  const corm_node *node = binding_tonode(L, statement);
  if (!node || node->kind != CORM_NODE_SELECT || binding_is_replaced(L, statement)) return;
  if (binding_push_options(L, statement)) {
    corm_load_options options;
    binding_load_options(L, lua_gettop(L), &options);
    binding_refuse_option(L, &options, NULL, 0);
    binding_load_options_done(L, lua_gettop(L));
  }
  lua_settop(L, top);
}

static void run_plain(lua_State *L, corm_session *session, int self, int statement, int params,
                      const run_settings *settings) {
  corm_conn *conn;
  corm_error err;
  corm_error_init(&err);
  int base = lua_gettop(L);
  const corm_mapper *inserted = binding_inserted_class(L, statement);
  const corm_mapper *written = inserted ? inserted : binding_written_class(L, statement);
  refuse_options(L, statement);
  if (written) binding_check_mapped(L, written);
  corm_branch *branch = binding_place(L, session, statement, binding_tonode(L, statement));
  corm_status status = corm_binds_open(session, branch, &conn, &err);
  if (status == CORM_OK && settings->autoflush) status = corm_session_autoflush(session, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  if (binding_run_joined(L, self, statement, params, settings->synchronize)) return;
  push_connection(L, self, conn);
  if (binding_is_update_by_key(L, statement, params)) {
    binding_run_update_by_key(L, session, base + 1, statement, params, settings->synchronize);
  } else if (binding_written_class(L, statement)) {
    binding_run_bulk(L, session, base + 1, statement, params, settings->synchronize);
  } else if (binding_inserted_class(L, statement)) {
    binding_run_insert(L, base + 1, statement, params);
  } else {
    binding_execute(L, base + 1, statement, params);
    const corm_table *table = corm_subject_changed(binding_tonode(L, statement));
    if (table && session->frame) session->frame->bulk = true;
    if (table && settings->synchronize != CORM_SYNCHRONIZE_OFF) corm_session_outdate(session, table);
  }
  lua_replace(L, base + 1);
}

/* A rollback to the savepoint takes it back: what was read since is not what the database has then. */
static void note_insert(lua_State *L, const corm_session *session, int statement) {
  const corm_node *node = binding_tonode(L, statement);
  if (node && node->kind == CORM_NODE_INSERT && session->frame) session->frame->bulk = true;
}

/* An INSERT of a list returns columns: its groups' rows are put together as those of objects are. */
static bool returns_of_list(lua_State *L, int statement, int params) {
  const corm_node *node = binding_inserted_class(L, statement) ? binding_tonode(L, statement) : NULL;
  return node && ((const corm_insert *)node)->nreturning && lua_istable(L, params) && lua_rawlen(L, params) > 1;
}

void binding_session_send(lua_State *L, int self, int statement, int params) {
  luaL_checkstack(L, 16, "execute");
  corm_session *session = binding_checksession_at(L, self, "Session:execute");
  binding_complete_insert(L, statement, params);
  const binding_stmt *stmt = binding_test(L, statement, BINDING_STATEMENT);
  const corm_node *node = stmt && stmt->wanted ? &stmt->wanted->base : binding_tonode(L, statement);
  run_settings settings = read_settings(L, statement);
  binding_check_local_insert(L, statement, params);
  const bool bundles = node && node->kind == CORM_NODE_SELECT && binding_has_bundle((const corm_select *)node);
  const bool entities =
      node && (bundles || (stmt && stmt->wanted) || nth_entity(node, 0) || returns_of_list(L, statement, params));
  if (entities && !binding_inserts_joined(L, statement, params))
    run_entities(L, session, node, statement, params, &settings);
  else
    run_plain(L, session, self, statement, params, &settings);
  note_insert(L, session, statement);
}

void binding_session_run(lua_State *L, int self, int statement, int params) {
  const corm_session *session = binding_checksession_at(L, self, "Session:execute");
  if (session->listening & CORM_EVENT_BIT(CORM_EVENT_DO_ORM_EXECUTE))
    binding_session_hooked(L, self, statement, params);
  else
    binding_session_send(L, self, statement, params);
}

/* -- plans of the database -- */

/* Asks with the core's own statement for objects: what is joined to it stands in it, too. */
static void explain_select(lua_State *L, corm_session *session, const corm_node *node, bool analyze, corm_result **out,
                           corm_arena *arena) {
  corm_load_options options = {0};
  corm_params given = {0};
  corm_error err;
  corm_error_init(&err);
  const corm_bundle *bundle;
  binding_configure_statement(L, binding_get(L), node);
  for (uint32_t k = 0; (bundle = nth_entity(node, k)) != NULL; k++)
    binding_configure(L, binding_get(L), corm_bundle_mapper(bundle)->registry);
  int list = binding_push_options(L, 2) ? lua_gettop(L) : 0;
  binding_load_options(L, list, &options);
  const int plan = lua_gettop(L);
  refuse_strangers(L, 2, node, &options, arena);
  read_params(L, 3, arena, &given);
  binding_late late;
  binding_late_init(&late, L, lua_gettop(L), false);
  options.late = &late.late;
  options.no_eagerloads = read_settings(L, 2).no_eagerloads;
  options.explain = true;
  options.analyze = analyze;
  options.branch = binding_place(L, session, 2, node);
  options.placed = true;
  binding_loader *handle = binding_new_loader(L);
  const int loader = lua_gettop(L);
  binding_get(L)->L = L;
  if (corm_loader_new(session, node, given.n ? &given : NULL, &options, &handle->loader, &err) != CORM_OK)
    binding_raise(L, &err);
  *out = corm_loader_result(handle->loader);
  corm_result_acquire(*out);
  binding_loader_close(L, loader);
  binding_load_options_done(L, plan);
}

static void explain_other(lua_State *L, corm_session *session, bool analyze, corm_result **out, corm_arena *arena) {
  corm_conn *conn;
  corm_compiled *compiled = corm_arena_alloc(arena, sizeof *compiled);
  corm_error err;
  bool many;
  size_t nsets;
  corm_error_init(&err);
  if (!compiled) binding_error(L, CORM_E_MEMORY, "not enough memory");
  corm_status status = corm_binds_open(session, binding_place(L, session, 2, binding_tonode(L, 2)), &conn, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  corm_plan_criteria own;
  const corm_criteria *criteria = binding_push_criteria(L, 2, &own);
  binding_params_first(L, 3, &many);
  binding_compile_execution(L, 2, lua_gettop(L), false, corm_conn_engine(conn), criteria, arena, compiled);
  const corm_params *sets = binding_params_read(L, compiled, 3, many, arena, &nsets);
  binding_get(L)->L = L;
  if (corm_conn_explain(conn, compiled, nsets ? sets : NULL, analyze, out, &err) != CORM_OK) binding_raise(L, &err);
}

/* explain(session, statement, parameters, analyze): a Result of the database's own rows. */
static int explain(lua_State *L) {
  static const char what[] = "Session:explain";
  corm_session *session = binding_checksession(L, what);
  const bool analyze = lua_toboolean(L, 4);
  lua_settop(L, 3);
  if (binding_push_query_statement(L, 2)) lua_replace(L, 2);
  const binding_stmt *stmt = binding_test(L, 2, BINDING_STATEMENT);
  const corm_node *node = binding_tonode(L, 2);
  if (!stmt)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a statement expected, got %s%s", what, binding_typename(L, 2),
                         lua_isnil(L, 2) ? "; session:plan() shows what a flush would send" : "");
  corm_arena *arena = binding_scratch(L, binding_get(L));
  binding_result *result = binding_new_result(L, 1, 0);
  const int handle = lua_gettop(L);
  const bool objects = node && node->kind == CORM_NODE_SELECT && !stmt->wanted && nth_entity(node, 0);
  if (objects)
    explain_select(L, session, node, analyze, &result->result, arena);
  else
    explain_other(L, session, analyze, &result->result, arena);
  lua_pushvalue(L, handle);
  binding_result_started(L, result);
  binding_scratch_done(L, binding_get(L), arena);
  return 1;
}

void binding_open_explain(lua_State *L) {
  static const luaL_Reg functions[] = {{"explain", explain}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}

/* -- methods -- */

/* The statement at 2 with the options at 4: { execution_options = ..., bind_arguments = ... }, both of which go into
   its execution options. */
static void add_options(lua_State *L, const char *what) {
  static const binding_option_spec specs[] = {{"execution_options", BINDING_OPT_ANY},
                                              {"bind_arguments", BINDING_OPT_ANY}};
  binding_check_options(L, 4, what, specs, 2);
  if (!binding_test(L, 2, BINDING_STATEMENT))
    binding_error(L, CORM_E_ARGUMENT, "%s: execution_options are of statements, got %s", what, binding_typename(L, 2));
  if (binding_opt_push(L, 4, "execution_options")) {
    lua_getfield(L, 2, "execution_options");
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 5);
    lua_call(L, 2, 1);
    lua_replace(L, 2);
    lua_settop(L, 4);
  }
  if (!binding_opt_push(L, 4, "bind_arguments")) return;
  binding_check_bind_arguments(L, 5, what);
  lua_getfield(L, 2, "execution_options");
  lua_pushvalue(L, 2);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 5);
  lua_setfield(L, -2, "bind_arguments");
  lua_call(L, 2, 1);
  lua_replace(L, 2);
}

/* Leaves session, statement and parameters, and pushes the Result. */
static void run(lua_State *L, const char *what) {
  binding_checksession(L, what);
  if (lua_gettop(L) > 4)
    binding_error(L, CORM_E_ARGUMENT, "%s: a statement, its parameters and { execution_options = ... } expected", what);
  lua_settop(L, 4);
  if (binding_push_query_statement(L, 2)) lua_replace(L, 2);
  if (!lua_isnil(L, 4)) add_options(L, what);
  lua_settop(L, 3);
  binding_session_run(L, 1, 2, 3);
}

int binding_session_execute(lua_State *L) {
  run(L, "Session:execute");
  return 1;
}

static int run_then(lua_State *L, const char *what, lua_CFunction method) {
  run(L, what);
  lua_insert(L, 1);
  lua_settop(L, 1);
  return method(L);
}

int binding_session_scalars(lua_State *L) {
  return run_then(L, "Session:scalars", binding_result_scalars);
}

int binding_session_scalar(lua_State *L) {
  return run_then(L, "Session:scalar", binding_result_scalar);
}

int binding_session_connection(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:connection");
  corm_conn *conn;
  corm_error err;
  corm_error_init(&err);
  static const binding_option_spec specs[] = {{"execution_options", BINDING_OPT_ANY},
                                              {"bind_arguments", BINDING_OPT_ANY}};
  lua_settop(L, 2);
  binding_check_options(L, 2, "Session:connection", specs, 2);
  corm_branch *branch = NULL;
  if (binding_opt_push(L, 2, "bind_arguments")) branch = binding_place_asked(L, session, 3, "Session:connection");
  lua_settop(L, 2);
  binding_get(L)->L = L;
  if (corm_binds_open(session, branch, &conn, &err) != CORM_OK) return binding_raise(L, &err);
  if (binding_opt_push(L, 2, "execution_options")) {
    corm_conn_options options = *corm_conn_get_options(conn);
    binding_check_execution_options(L, 3, "Session:connection");
    binding_read_execution_options(L, 3, corm_conn_engine(conn), &options);
    if (corm_conn_set_options(conn, &options, &err) != CORM_OK) return binding_raise(L, &err);
  }
  push_connection(L, 1, conn);
  return 1;
}

/* The host's push_connection. */
void binding_push_session_connection(lua_State *L, corm_session *session) {
  binding_push_session(L, session);
  if (lua_isnil(L, -1) || !session->conn) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return;
  }
  push_connection(L, lua_gettop(L), session->conn);
  lua_remove(L, -2);
}
