/*
 * create_all and its like. What is told of events is the Lua half's function (lua/corm/ddl.lua), which also makes the
 * mock engine: a table with the metatable that corm._ddl knows.
 */
#include "binding/b_create.h"

#include <string.h>

#include "base/str.h"
#include "binding/b_engine.h"
#include "binding/b_statement.h"
#include "engine/create.h"

/* -- which tables, in which order ---------------------------------------------------------------------------------- */

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

binding_table_list binding_sort_tables(lua_State *L, corm_metadata *metadata, int options, const char *what,
                                       corm_arena *scratch) {
  binding_table_list list = {.n = 0};
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

/* -- events and the mock engine ------------------------------------------------------------------------------------ */

static const char *const event_names[CORM_CREATE_EVENTS] = {[CORM_BEFORE_CREATE] = "before_create",
                                                            [CORM_AFTER_CREATE] = "after_create",
                                                            [CORM_BEFORE_DROP] = "before_drop",
                                                            [CORM_AFTER_DROP] = "after_drop"};

/* Of the registry: the Lua half's function(target, event, connection, options). */
static const char teller_key;

/* One run. While it lasts, a table in the registry at its address has target, bind and options, and the mock's
 * function. */
typedef struct making {
  binding_state *state;
  const corm_dialect *dialect; /* of a mock engine */
  corm_create_event event;
  corm_table *table; /* NULL: the target */
  const corm_ddl_element *element;
} making;

static int run_event(lua_State *L) {
  making *m = lua_touserdata(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, m);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &teller_key) != LUA_TFUNCTION) return 0;
  if (!m->table)
    lua_getfield(L, 2, "target");
  else if (!binding_push_table(L, m->table))
    return 0;
  lua_pushstring(L, event_names[m->event]);
  lua_getfield(L, 2, "bind");
  lua_getfield(L, 2, "options");
  lua_call(L, 4, 0);
  return 0;
}

static corm_status tell(void *ctx, corm_create_event event, corm_table *table, corm_error *err) {
  making *m = ctx;
  m->event = event;
  m->table = table;
  return binding_protect(m->state, run_event, m, err);
}

/* mock's function(element): the element speaks the mock's dialect. */
static int run_sink(lua_State *L) {
  const making *m = lua_touserdata(L, 1);
  corm_ddl_element element = *m->element;
  lua_rawgetp(L, LUA_REGISTRYINDEX, m);
  lua_getfield(L, 2, "sink");
  if (element.kind == CORM_DDL_TEXT) {
    lua_pushstring(L, element.object);
    element.object = (void *)(uintptr_t)lua_tostring(L, -1);
  } else {
    lua_pushvalue(L, 2);
  }
  binding_push_ddl(L, element, -1, m->dialect);
  lua_remove(L, -2);
  lua_call(L, 1, 0);
  return 0;
}

static corm_status sink(void *ctx, const corm_ddl_element *element, corm_error *err) {
  making *m = ctx;
  m->element = element;
  return binding_protect(m->state, run_sink, m, err);
}

/* Keeps what callbacks need: target at 1, the bind at `bind`, options at 3, the mock's function at `fn` (0: none). */
static void begin_making(lua_State *L, making *m, int bind, int fn) {
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "target");
  lua_pushvalue(L, bind);
  lua_setfield(L, -2, "bind");
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, "options");
  if (fn) {
    lua_pushvalue(L, fn);
    lua_setfield(L, -2, "sink");
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, m);
  m->state->L = L;
}

static void end_making(lua_State *L, const making *m) {
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, m);
}

/* The mock engine at `arg`: pushes its function; NULL for other values. */
static const corm_dialect *push_mock(lua_State *L, int arg) {
  if (!lua_istable(L, arg)) return NULL;
  lua_pushliteral(L, "_mock");
  lua_rawget(L, arg);
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 1);
    return NULL;
  }
  lua_pushliteral(L, "_dialect");
  lua_rawget(L, arg);
  const corm_dialect *dialect = lua_type(L, -1) == LUA_TSTRING ? corm_dialect_find(lua_tostring(L, -1)) : NULL;
  lua_pop(L, dialect ? 1 : 2);
  return dialect;
}

/* -- creating and dropping ----------------------------------------------------------------------------------------- */

static corm_status make(corm_conn *conn, making *m, const corm_create *create, bool whole, bool drop, corm_error *err) {
  corm_status status = CORM_OK;
  if (whole) status = tell(m, drop ? CORM_BEFORE_DROP : CORM_BEFORE_CREATE, NULL, err);
  if (status == CORM_OK) status = drop ? corm_conn_drop(conn, create, err) : corm_conn_create(conn, create, err);
  if (status == CORM_OK && whole) status = tell(m, drop ? CORM_AFTER_DROP : CORM_AFTER_CREATE, NULL, err);
  return status;
}

/* Creates or drops the listed tables over the Engine, Connection or mock engine at 2. `sequences`: the metadata's, NULL
   for a single table. */
static void run_ddl(lua_State *L, const binding_table_list *list, const corm_vec *sequences, bool drop,
                    const char *what) {
  making m = {.state = binding_get(L)};
  corm_error err;
  corm_error_init(&err);
  corm_create create = {.tables = list->tables,
                        .n = list->n,
                        .ncycle = list->ncycle,
                        .checkfirst = !lua_istable(L, 3) || binding_opt_bool(L, 3, "checkfirst", true),
                        .sequences = sequences,
                        .event = tell,
                        .ctx = &m,
                        .mem = &m.state->mem};
  m.dialect = push_mock(L, 2);
  if (m.dialect) {
    create.dialect = m.dialect;
    create.sink = sink;
    begin_making(L, &m, 2, lua_gettop(L));
    (void)!make(NULL, &m, &create, sequences, drop, &err);
    end_making(L, &m);
    if (err.is_set) binding_raise(L, &err);
    return;
  }
  corm_conn *conn = binding_bind_open(L, 2, what);
  int index = lua_gettop(L);
  begin_making(L, &m, index, 0);
  (void)!make(conn, &m, &create, sequences, drop, &err);
  end_making(L, &m);
  binding_bind_done(L, 2, index, &err);
}

static int all_tables(lua_State *L, bool drop, const char *what) {
  static const binding_option_spec specs[] = {{"tables", BINDING_OPT_ANY}, {"checkfirst", BINDING_OPT_BOOL}};
  binding_metadata *self = binding_check(L, 1, BINDING_METADATA, what);
  binding_state *state = binding_get(L);
  lua_settop(L, 3);
  binding_check_options(L, 3, what, specs, 2);
  corm_arena *scratch = binding_scratch(L, state);
  binding_table_list list = binding_sort_tables(L, &self->metadata, 3, what, scratch);
  run_ddl(L, &list, &self->metadata.sequences, drop, what);
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
  binding_table_list list = {.tables = &table, .n = 1};
  if (lua_isnil(L, 3)) {
    lua_newtable(L);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "checkfirst");
    lua_replace(L, 3);
  }
  run_ddl(L, &list, NULL, drop, what);
  return 0;
}

static int table_create(lua_State *L) {
  return one_table(L, false, "Table:create");
}

static int table_drop(lua_State *L) {
  return one_table(L, true, "Table:drop");
}

/* -- what the Lua half is given ------------------------------------------------------------------------------------ */

static int set_teller(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &teller_key);
  return 0;
}

/* text(sql): an element that is that text. */
static int ddl_text(lua_State *L) {
  size_t len;
  const char *sql = luaL_checklstring(L, 1, &len);
  if (memchr(sql, '\0', len) || !corm_utf8_valid(sql, len))
    return binding_error(L, CORM_E_ARGUMENT, "DDL: the SQL holds a NUL or is no UTF-8");
  binding_push_ddl(L, (corm_ddl_element){.kind = CORM_DDL_TEXT, .object = (void *)(uintptr_t)sql}, 1, NULL);
  return 1;
}

/* view(kind, table, select, flags): CREATE VIEW, DROP VIEW, CREATE TABLE ... AS; the value at 5 is kept with it. */
static int ddl_view(lua_State *L) {
  static const char *const names[] = {"create", "drop", "table", NULL};
  static const corm_ddl_kind kinds[] = {CORM_DDL_CREATE_VIEW, CORM_DDL_DROP_VIEW, CORM_DDL_CREATE_TABLE_AS};
  const corm_ddl_kind kind = kinds[luaL_checkoption(L, 1, NULL, names)];
  binding_table *table = binding_check(L, 2, BINDING_TABLE, "CreateView");
  const corm_node *select = lua_isnil(L, 3) ? NULL : binding_tonode(L, 3);
  const corm_ddl_element element = {
      .kind = (uint32_t)kind, .flags = (uint32_t)luaL_checkinteger(L, 4), .object = &table->table, .select = select};
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, 2);
  binding_push_ddl(L, element, -1, NULL);
  return 1;
}

/* quoted(table, dialect): its name, its schema or nil, and both with a point, as the dialect writes them. */
static int quoted(lua_State *L) {
  const binding_table *self = binding_check(L, 1, BINDING_TABLE, "DDL");
  const corm_dialect *dialect = corm_dialect_find(luaL_checkstring(L, 2));
  if (!dialect) dialect = &corm_dialect_default;
  corm_arena *arena = binding_scratch(L, binding_get(L));
  corm_buf *buf = binding_scratch_buf(arena);
  corm_dialect_quote(dialect, self->table.name, buf);
  lua_pushlstring(L, buf->ptr, buf->len);
  corm_buf_reset(buf);
  if (self->table.schema) corm_dialect_quote(dialect, self->table.schema, buf);
  lua_pushlstring(L, buf->ptr ? buf->ptr : "", buf->len);
  corm_buf_reset(buf);
  corm_dialect_table_name(dialect, &self->table, buf);
  lua_pushlstring(L, buf->ptr, buf->len);
  binding_scratch_done(L, binding_get(L), arena);
  return 3;
}

/* kind(value): what corm's messages call it. */
static int kind_of(lua_State *L) {
  lua_pushstring(L, binding_typename(L, 1));
  return 1;
}

/* statement_method(name, fn): a method of all statements. */
static int statement_method(lua_State *L) {
  lua_settop(L, 2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->methods[BINDING_STATEMENT]);
  lua_insert(L, 1);
  lua_rawset(L, 1);
  return 0;
}

static int is_ddl(lua_State *L) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  lua_pushboolean(L, stmt && stmt->ddl.kind != CORM_DDL_NONE);
  return 1;
}

/* flags(element): those of CORM_DDL_. */
static int flags_of(lua_State *L) {
  const binding_stmt *stmt = binding_check(L, 1, BINDING_STATEMENT, "DDL");
  lua_pushinteger(L, stmt->ddl.flags);
  return 1;
}

enum { MOST_NAMES = 32 }; /* that are looked at for the nearest one */

/* The names of the table at `arg`, which keeps them: its keys, or its items. */
static size_t names_of(lua_State *L, int arg, const char *names[MOST_NAMES]) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
    const int at = lua_type(L, -2) == LUA_TSTRING ? -2 : -1;
    if (n < MOST_NAMES && lua_type(L, at) == LUA_TSTRING) names[n++] = lua_tostring(L, at);
  }
  return n;
}

/* unknown(where, name, known): an unknown option, with the nearest name. */
static int unknown(lua_State *L) {
  const char *names[MOST_NAMES];
  luaL_checktype(L, 3, LUA_TTABLE);
  const size_t n = names_of(L, 3, names);
  return binding_unknown(L, "option", luaL_checkstring(L, 1), luaL_checkstring(L, 2), names, n);
}

/* unknown_event(what, name, events) */
static int unknown_event(lua_State *L) {
  const char *names[MOST_NAMES];
  corm_error err;
  corm_error_init(&err);
  luaL_checktype(L, 3, LUA_TTABLE);
  const size_t n = names_of(L, 3, names);
  const char *name = luaL_checkstring(L, 2), *nearest = corm_name_nearest(name, names, n);
  (void)corm_error_set(&err, CORM_E_INVALID_REQUEST, "a %s has no event '%.80s'", luaL_checkstring(L, 1), name);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return binding_raise(L, &err);
}

/* fail(class, message) */
static int fail(lua_State *L) {
  static const struct {
    const char *name;
    corm_error_class cls;
  } classes[] = {{"ArgumentError", CORM_E_ARGUMENT}, {"InvalidRequestError", CORM_E_INVALID_REQUEST}};
  const char *name = luaL_checkstring(L, 1);
  for (size_t i = 0; i < 2; i++)
    if (strcmp(classes[i].name, name) == 0) return binding_error(L, classes[i].cls, "%s", luaL_checkstring(L, 2));
  return luaL_error(L, "no class %s", name);
}

void binding_open_create(lua_State *L) {
  static const luaL_Reg metadata_methods[] = {
      {"create_all", metadata_create_all}, {"drop_all", metadata_drop_all}, {NULL, NULL}};
  static const luaL_Reg table_methods[] = {{"create", table_create}, {"drop", table_drop}, {NULL, NULL}};
  static const luaL_Reg native[] = {{"set_teller", set_teller},
                                    {"text", ddl_text},
                                    {"view", ddl_view},
                                    {"quoted", quoted},
                                    {"kind", kind_of},
                                    {"fail", fail},
                                    {"statement_method", statement_method},
                                    {"is_ddl", is_ddl},
                                    {"flags", flags_of},
                                    {"unknown", unknown},
                                    {"unknown_event", unknown_event},
                                    {NULL, NULL}};
  binding_add_methods(L, BINDING_METADATA, metadata_methods);
  binding_add_methods(L, BINDING_TABLE, table_methods);
  lua_newtable(L);
  binding_setfuncs(L, native);
  binding_open_copy(L);
  lua_setfield(L, -2, "_ddl");
}
