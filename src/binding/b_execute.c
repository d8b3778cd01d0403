/*
 * do_orm_execute: who listens is asked before a session executes a statement. What a script executes,
 * lua/corm/execute.lua does: it calls the listeners, and sends what they leave. Of what the core loads for itself the
 * listeners see a select of the class, and add criteria.
 */
#include "binding/b_load.h"
#include "binding/b_session.h"
#include "binding/b_statement.h"

/* Replaces nothing: pushes the Result that the listeners let through, or gave. */
void binding_session_hooked(lua_State *L, int session, int statement, int params) {
  luaL_checkstack(L, 8, "execute");
  session = lua_absindex(L, session);
  statement = lua_absindex(L, statement);
  if (params) params = lua_absindex(L, params);
  binding_host_function(L, binding_get(L)->host, "orm_execute");
  lua_pushvalue(L, session);
  lua_pushvalue(L, statement);
  if (params)
    lua_pushvalue(L, params);
  else
    lua_pushnil(L);
  lua_call(L, 3, 1);
}

/* -- what the core loads ------------------------------------------------------------------------------------------- */

typedef struct load_call {
  binding_host *host;
  const corm_load_news *news;
  corm_load_plan *plan;
} load_call;

/* orm_load(session, class, kind, object): a sequence of criteria, or nil. */
static int load_body(lua_State *L) {
  static const char *const kinds[] = {
      [CORM_LOAD_GET] = "get", [CORM_LOAD_RELATIONSHIP] = "relationship", [CORM_LOAD_COLUMNS] = "columns"};
  load_call *call = lua_touserdata(L, 1);
  const corm_load_news *news = call->news;
  const binding_host *host = call->host;
  luaL_checkstack(L, 8, "do_orm_execute");
  if (!host->push_session) return 0;
  binding_host_function(L, host, "orm_load");
  host->push_session(L, news->session);
  if (lua_isnil(L, -1)) return 0; /* the Session is being finalized */
  binding_push_class(L, host->state, news->mapper);
  lua_pushstring(L, kinds[news->kind]);
  binding_push_object(L, host->state, news->object);
  lua_call(L, 4, 1);
  if (lua_isnil(L, -1)) return 0;
  corm_load_options options;
  binding_load_options(L, lua_gettop(L), &options);
  call->plan = corm_load_plan_acquire(options.plan);
  binding_load_options_done(L, lua_gettop(L));
  return 0;
}

corm_status binding_host_before_load(void *ctx, const corm_load_news *news, corm_load_plan **out, corm_error *err) {
  binding_host *host = ctx;
  load_call call = {.host = host, .news = news};
  corm_status status = binding_protect(host->state, load_body, &call, err);
  *out = call.plan;
  if (status == CORM_OK) return CORM_OK;
  corm_load_plan_release(call.plan);
  *out = NULL;
  return status;
}

/* -- for lua/corm/execute.lua -------------------------------------------------------------------------------------- */

/* send(session, statement, parameters): the Result. */
static int send(lua_State *L) {
  lua_settop(L, 3);
  binding_session_send(L, 1, 2, 3);
  return 1;
}

static const corm_mapper *class_of(const corm_node *node) {
  for (;;) {
    if (node->kind == CORM_NODE_LABEL) node = ((const corm_label *)node)->element;
    if (node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->entity)
      node = ((const corm_column_node *)node)->entity;
    if (node->kind != CORM_NODE_BUNDLE) break;
    const corm_bundle *bundle = (const corm_bundle *)node;
    if (bundle->owner) return corm_bundle_mapper(bundle);
    if (!bundle->n) return NULL;
    node = bundle->columns[0];
  }
  const bool from = node->kind == CORM_NODE_TABLE || node->kind == CORM_NODE_ALIAS || node->kind == CORM_NODE_JOIN;
  const corm_table_node *table = from ? corm_from_table(node) : NULL;
  return table ? table->owner : NULL;
}

/* Appends the class of the node to the list at the top, once. */
static void note_class(lua_State *L, const corm_node *node) {
  const corm_mapper *mapper = class_of(node);
  if (!mapper) return;
  const lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  binding_push_class(L, binding_get(L), mapper);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, i);
    const bool known = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (!known) continue;
    lua_pop(L, 1);
    return;
  }
  lua_rawseti(L, -2, n + 1);
}

/* describe_statement(value): "select", "insert", "update", "delete" or nil; the classes that it is about, in order;
   whether its rows become what another select says. */
static int describe_statement(lua_State *L) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *node = stmt && stmt->wanted ? &stmt->wanted->base : binding_tonode(L, 1);
  const char *kind = !node                              ? NULL
                     : stmt && stmt->wanted             ? "select"
                     : node->kind == CORM_NODE_INSERT   ? "insert"
                     : node->kind == CORM_NODE_UPDATE   ? "update"
                     : node->kind == CORM_NODE_DELETE   ? "delete"
                     : node->kind == CORM_NODE_SELECT   ? "select"
                     : node->kind == CORM_NODE_COMPOUND ? "select"
                                                        : NULL;
  lua_pushstring(L, kind);
  lua_newtable(L);
  if (node && node->kind == CORM_NODE_SELECT) {
    const corm_select *select = (const corm_select *)node;
    for (uint32_t i = 0; i < select->ncolumns; i++) note_class(L, select->columns[i]);
    for (uint32_t i = 0; i < select->nfroms; i++) note_class(L, select->froms[i]);
  } else if (stmt && stmt->entity) {
    note_class(L, stmt->entity);
  }
  lua_pushboolean(L, stmt && stmt->wanted);
  return 3;
}

/* A copy of the table at the top, which is popped, or an empty one. */
static int push_copy(lua_State *L, bool is_there) {
  lua_newtable(L);
  if (!is_there) return 1;
  lua_pushnil(L);
  while (lua_next(L, -3)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  return 1;
}

/* statement_options(statement): a sequence of what options() got. */
static int statement_options(lua_State *L) {
  lua_settop(L, 1);
  return push_copy(L, binding_push_options(L, 1));
}

/* execution_options(statement): a table of what execution_options() got. */
static int execution_options(lua_State *L) {
  lua_settop(L, 1);
  return push_copy(L, binding_push_execution_options(L, 1));
}

/* same_node(a, b): whether two statements differ in their options at most. */
static int same_node(lua_State *L) {
  const corm_node *node = binding_tonode(L, 1);
  lua_pushboolean(L, node && node == binding_tonode(L, 2));
  return 1;
}

/* is_criteria(value), is_result(value) */
static int is_criteria(lua_State *L) {
  lua_pushboolean(L, binding_test(L, 1, BINDING_CRITERIA) != NULL);
  return 1;
}

static int is_result(lua_State *L) {
  lua_pushboolean(L, binding_test(L, 1, BINDING_RESULT) || binding_test(L, 1, BINDING_VIEW));
  return 1;
}

void binding_open_execute(lua_State *L) {
  static const luaL_Reg functions[] = {{"send", send},
                                       {"describe_statement", describe_statement},
                                       {"statement_options", statement_options},
                                       {"execution_options", execution_options},
                                       {"same_node", same_node},
                                       {"is_criteria", is_criteria},
                                       {"is_result", is_result},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
