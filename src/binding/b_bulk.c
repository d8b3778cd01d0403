/*
 * UPDATE and DELETE by criteria of a mapped class in a session: executed like any statement, while objects in memory
 * follow (orm/bulk_write.h).
 */
#include "binding/b_bulk.h"

#include <string.h>

#include "binding/b_bindparam.h"
#include "binding/b_engine.h"
#include "binding/b_load.h"
#include "binding/b_object.h"
#include "binding/b_params.h"
#include "binding/b_result.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "orm/bulk_write.h"

static const corm_mapper *class_of(lua_State *L, int statement, bool inserts) {
  const binding_stmt *stmt = binding_test(L, statement, BINDING_STATEMENT);
  const corm_node *node = stmt ? stmt->base.node : NULL;
  if (!node || !stmt->entity || (node->kind == CORM_NODE_INSERT) != inserts) return NULL;
  if (!inserts && node->kind != CORM_NODE_UPDATE && node->kind != CORM_NODE_DELETE) return NULL;
  const corm_bundle *bundle = (const corm_bundle *)stmt->entity;
  return bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner ? corm_bundle_mapper(bundle) : NULL;
}

const corm_mapper *binding_written_class(lua_State *L, int statement) {
  return class_of(L, statement, false);
}

const corm_mapper *binding_inserted_class(lua_State *L, int statement) {
  return class_of(L, statement, true);
}

/* A sequence of rows, and not one. */
static bool is_list(lua_State *L, int params) {
  if (!lua_istable(L, params)) return false;
  const bool list = lua_rawgeti(L, params, 1) == LUA_TTABLE;
  lua_pop(L, 1);
  return list;
}

bool binding_inserts_joined(lua_State *L, int statement, int params) {
  const corm_mapper *mapper = binding_inserted_class(L, statement);
  return mapper && mapper->local && is_list(L, params);
}

static const corm_node *select_returned_in(corm_arena *arena, const corm_insert *insert, const corm_node *from) {
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_alloc(arena, insert->nreturning * sizeof *columns);
  const corm_node **froms = corm_arena_alloc(arena, sizeof *froms);
  if (!select || !columns || !froms) return NULL;
  memcpy(columns, insert->returning, insert->nreturning * sizeof *columns);
  froms[0] = from;
  select->base = (corm_node){.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
  select->columns = columns;
  select->ncolumns = insert->nreturning;
  select->froms = froms;
  select->nfroms = 1;
  return &select->base;
}

/* returned(insert): the select of what it returns, with its options. No RETURNING knows all tables of the class. */
static int push_returned(lua_State *L) {
  const corm_insert *insert = (const corm_insert *)binding_tonode(L, 1);
  const corm_mapper *mapper = binding_inserted_class(L, 1);
  binding_build b;
  const corm_node *node;
  binding_statement_start(&b, L, BINDING_ROOM(corm_select) + ((size_t)insert->nreturning + 4) * sizeof(void *), 0);
  do node = select_returned_in(&b.arena, insert, mapper->from);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, 1);
  return 1;
}

/* The INSERT into the class's own table, with what values() said of it. */
static int push_local(lua_State *L) {
  binding_build b;
  corm_insert *insert;
  binding_statement_start(&b, L, BINDING_ROOM(corm_insert), 1);
  do {
    insert = corm_arena_copy(&b.arena, binding_tonode(L, 1), sizeof *insert);
    if (!insert) continue;
    insert->returning = NULL;
    insert->nreturning = 0;
    insert->sorted = false;
  } while (binding_build_again(&b, insert ? &insert->base : NULL));
  binding_statement_finish(L, false, 1, 1);
  return 1;
}

/* What an INSERT of a list of rows cannot say of several tables. */
static void check_joined(lua_State *L, const corm_mapper *mapper, const corm_insert *insert) {
  const char *what = insert->upsert                              ? "what becomes of a row that is there"
                     : insert->from_select                       ? "rows of a select"
                     : insert->nrows > 1                         ? "several rows in values()"
                     : insert->extra && insert->extra->nprefixes ? "prefix_with()"
                     : insert->extra && insert->extra->defaults  ? "return_defaults()"
                     : insert->nctes                             ? "a WITH"
                                                                 : NULL;
  if (!what) return;
  binding_error(L, CORM_E_INVALID_REQUEST,
                "insert of %s in several tables: %s and a list of rows do not go together; insert into each table, as "
                "insert(%s.__table__)",
                mapper->name, what, mapper->name);
}

/* True when the row, a table of values or nil, or the statement says the column. */
static bool says_column(lua_State *L, const corm_insert *insert, const corm_node *entity, int row,
                        const corm_column *column) {
  bool found = false;
  for (uint32_t i = 0; i < insert->ncolumns && !found; i++) found = insert->columns[i] == column;
  if (!lua_istable(L, row)) return found;
  for (lua_pushnil(L); !found && lua_next(L, row); lua_pop(L, 1)) {
    const int key = lua_gettop(L) - 1;
    if (lua_type(L, key) == LUA_TSTRING)
      found = binding_named_column(L, entity, insert->table, key) == column;
    else
      found = binding_tocolumn(L, key) == column;
    if (!found) continue;
    lua_pop(L, 2);
    break;
  }
  return found;
}

void binding_check_local_insert(lua_State *L, int statement, int params) {
  const corm_mapper *mapper = binding_inserted_class(L, statement);
  if (!mapper || !mapper->local || is_list(L, params)) return;
  const binding_stmt *stmt = lua_touserdata(L, statement);
  const corm_insert *insert = (const corm_insert *)stmt->base.node;
  const corm_constraint *key = insert->table->primary_key;
  if (insert->table == mapper->root->table) return;
  luaL_checkstack(L, 8, "insert");
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    const corm_column *column = key->columns[i];
    if (column->default_.kind != CORM_DEFAULT_NONE || corm_column_has_server_value(column) ||
        says_column(L, insert, stmt->entity, params, column))
      continue;
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "insert of %s in several tables: a row of '%s' alone needs the key of the row above it, in '%s'; a "
                  "list of rows goes into all of them: execute(insert(%s), { { ... } })",
                  mapper->name, insert->table->name, column->name, mapper->name);
  }
}

bool binding_run_joined(lua_State *L, int self, int statement, int params, corm_synchronize synchronize) {
  const bool inserts = binding_inserted_class(L, statement) != NULL;
  const corm_mapper *mapper = inserts ? binding_inserted_class(L, statement) : binding_written_class(L, statement);
  if (!mapper || !mapper->local || !is_list(L, params)) return false;
  const corm_node *node = binding_tonode(L, statement);
  const corm_update *update = node->kind == CORM_NODE_UPDATE ? (const corm_update *)node : NULL;
  const corm_insert *insert = inserts ? (const corm_insert *)node : NULL;
  if ((!inserts && !update) || (update && update->where)) return false;
  if (insert) check_joined(L, mapper, insert);
  if (update && (update->n || update->nreturning || update->all))
    binding_error(L, CORM_E_INVALID_REQUEST,
                  "update of %s in several tables: all values stand in the list of rows, and nothing is returned",
                  mapper->name);
  binding_state *state = binding_get(L);
  luaL_checkstack(L, 8, "execute");
  binding_host_function(L, state->host, inserts ? "insert_joined" : "update_joined");
  lua_pushvalue(L, self);
  binding_push_class(L, state, mapper);
  lua_pushvalue(L, params);
  if (update) {
    lua_pushboolean(L, synchronize != CORM_SYNCHRONIZE_OFF);
  } else if (insert->nreturning) {
    lua_pushcfunction(L, push_returned);
    lua_pushvalue(L, statement);
    lua_call(L, 1, 1);
  } else {
    lua_pushnil(L);
  }
  if (inserts || !binding_push_options(L, statement)) lua_pushboolean(L, inserts && insert->sorted);
  if (inserts && insert->ncolumns) {
    lua_pushcfunction(L, push_local);
    lua_pushvalue(L, statement);
    lua_call(L, 1, 1);
  } else {
    lua_pushnil(L);
  }
  lua_call(L, 6, 2);
  const int64_t total = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    (void)binding_new_result(L, 0, 0);
  }
  ((binding_result *)lua_touserdata(L, -1))->rowcount = total;
  return true;
}

corm_synchronize binding_synchronize_option(lua_State *L, int options) {
  static const char *const words[] = {"auto", "evaluate", "fetch"};
  corm_synchronize found = CORM_SYNCHRONIZE_AUTO;
  if (!binding_opt_push(L, options, "synchronize_session")) return found;
  if (lua_isboolean(L, -1)) found = CORM_SYNCHRONIZE_OFF;
  for (int i = 0; lua_type(L, -1) == LUA_TSTRING && i < 3; i++)
    if (strcmp(lua_tostring(L, -1), words[i]) == 0) found = (corm_synchronize)i;
  lua_pop(L, 1);
  return found;
}

/* push_returning(statement, bulk): the statement that returns the keys, too. */
static int push_returning(lua_State *L) {
  const corm_bulk_write *bulk = lua_touserdata(L, 2);
  binding_build b;
  const corm_node *node;
  lua_settop(L, 1);
  binding_statement_start(&b, L, 512 + (size_t)bulk->mapper->npk * 256, 1);
  do node = corm_bulk_returning_in(&b.arena, bulk);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 1, 1);
  return 1;
}

static bool gives_rows(const corm_node *node) {
  const corm_dml_extra *extra = corm_dml_extra_of(node);
  if (extra && extra->defaults) return true;
  return node->kind == CORM_NODE_UPDATE ? ((const corm_update *)node)->nreturning > 0
                                        : ((const corm_delete_node *)node)->nreturning > 0;
}

/* What the scratch and the stack hold while such a statement runs. */
typedef struct written {
  corm_bulk_write bulk;
  corm_params params;
  binding_late late;
  corm_plan_criteria criteria;
  bool many;
} written;

static void prepare(lua_State *L, written *w, corm_session *session, corm_conn *conn, int statement, int params,
                    corm_synchronize synchronize, bool listed) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  const size_t n = binding_params_first(L, params, &w->many);
  const int first = lua_gettop(L);
  corm_arena *arena = binding_scratch(L, state);
  binding_late_init(&w->late, L, first, false);
  const corm_node *node = binding_tonode(L, statement);
  const corm_node *whole = binding_params_statement(L, node, first, arena);
  if (!whole) binding_error(L, CORM_E_MEMORY, "not enough memory");
  if (n) binding_params_native(L, first, true, arena, &w->params);
  const corm_criteria *criteria = binding_push_criteria(L, statement, &w->criteria);
  w->bulk = (corm_bulk_write){.session = session,
                              .arena = arena,
                              .mapper = binding_written_class(L, statement),
                              .statement = whole,
                              .params = n ? &w->params : NULL,
                              .late = &w->late.late,
                              .criteria = criteria,
                              .synchronize = synchronize,
                              .gives_rows = gives_rows(node),
                              .listed = listed};
  state->L = L;
  if (!w->many && corm_bulk_prepare(&w->bulk, conn, &err) != CORM_OK) binding_raise(L, &err);
  if (w->many) w->bulk.outdates = true;
}

/* Tells that the statement at `statement` gave what is at the top, where somebody listens. */
static void tell_written(lua_State *L, const corm_session *session, int statement) {
  const bool deletes = binding_tonode(L, statement)->kind == CORM_NODE_DELETE;
  const corm_event event = deletes ? CORM_EVENT_AFTER_BULK_DELETE : CORM_EVENT_AFTER_BULK_UPDATE;
  const binding_host *host = binding_get(L)->host;
  if (!(session->listening & CORM_EVENT_BIT(event))) return;
  const int result = lua_gettop(L);
  binding_host_function(L, host, "bulk_event");
  lua_pushstring(L, deletes ? "after_bulk_delete" : "after_bulk_update");
  host->push_session(L, (corm_session *)(uintptr_t)session);
  binding_push_class(L, binding_get(L), binding_written_class(L, statement));
  lua_pushvalue(L, statement);
  lua_pushvalue(L, result);
  lua_call(L, 5, 0);
}

void binding_run_bulk(lua_State *L, corm_session *session, int connection, int statement, int params,
                      corm_synchronize synchronize) {
  const int base = lua_gettop(L);
  written w = {.many = false};
  corm_error err;
  corm_error_init(&err);
  luaL_checkstack(L, 16, "execute");
  prepare(L, &w, session, binding_check_conn(L, connection, "execute"), statement, params, synchronize, false);
  int sent = statement;
  if (w.bulk.returns_keys) {
    lua_pushcfunction(L, push_returning);
    lua_pushvalue(L, statement);
    lua_pushlightuserdata(L, &w.bulk);
    lua_call(L, 2, 1);
    sent = lua_gettop(L);
  }
  binding_execute(L, connection, sent, params);
  const int result = lua_gettop(L);
  binding_get(L)->L = L;
  corm_status status = CORM_OK;
  if (w.bulk.returns_keys) {
    binding_result *handle = lua_touserdata(L, result);
    status = corm_bulk_take(&w.bulk, handle->result, &err);
    handle->width = 0;
  }
  if (status == CORM_OK) status = corm_bulk_finish(&w.bulk, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  binding_scratch_done(L, binding_get(L), w.bulk.arena);
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
  tell_written(L, session, statement);
}

void binding_note_written(lua_State *L, corm_session *session, corm_conn *conn, int statement, int params,
                          corm_synchronize synchronize, int values, lua_Integer n) {
  const int top = lua_gettop(L);
  written w = {.many = false};
  corm_error err;
  corm_error_init(&err);
  prepare(L, &w, session, conn, statement, params, synchronize, true);
  corm_status status = CORM_OK;
  const bool deletes = w.bulk.statement->kind == CORM_NODE_DELETE, follows = synchronize != CORM_SYNCHRONIZE_OFF;
  for (lua_Integer i = 1; follows && status == CORM_OK && i <= n; i++) {
    lua_rawgeti(L, values, i);
    corm_object *object = binding_toobject(L, -1);
    const bool about = object && corm_mapper_is_kin(object->mapper, w.bulk.mapper);
    if (about && deletes)
      status = corm_bulk_apply(&w.bulk, object, &err);
    else if (about)
      corm_bulk_doubt(&w.bulk, object);
    lua_pop(L, 1);
  }
  if (status == CORM_OK) status = corm_bulk_finish(&w.bulk, &err);
  if (status != CORM_OK) binding_raise(L, &err);
  binding_scratch_done(L, binding_get(L), w.bulk.arena);
  lua_settop(L, top);
}
