/* A planned flush for lua/corm/plan.lua: plain tables, made when the core has finished. */
#include "binding/b_session.h"

#include "orm/preview.h"

/* What makes a placeholder of its text, and those that are made. */
enum { MAKE = 3, MADE = 4 };

static void push_planned_value(lua_State *L, const corm_session_plan *plan, const corm_value *value) {
  const char *text = corm_placeholder_text(plan, value);
  if (!text) {
    binding_push_null(L, value);
    return;
  }
  if (lua_rawgetp(L, MADE, text) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_pushvalue(L, MAKE);
  lua_pushstring(L, text);
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, MADE, text);
}

static void push_planned_row(lua_State *L, const corm_session_plan *plan, const corm_value *values, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_planned_value(L, plan, &values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_planned_values(lua_State *L, const corm_session_plan *plan, const corm_recorded *statement) {
  if (!statement->sets || statement->nrows == 1) {
    push_planned_row(L, plan, statement->values, statement->n);
    return;
  }
  lua_createtable(L, (int)statement->nrows, 0);
  for (size_t i = 0; i < statement->nrows; i++) {
    push_planned_row(L, plan, statement->values + i * statement->n, statement->n);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_planned(lua_State *L, const corm_session_plan *plan, const corm_recorded *statement) {
  static const char *const kinds[] = {
      [CORM_WRITE_INSERT] = "insert", [CORM_WRITE_UPDATE] = "update", [CORM_WRITE_DELETE] = "delete"};
  lua_createtable(L, 0, 6);
  lua_pushstring(L, kinds[statement->kind]);
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, statement->table->fullname);
  lua_setfield(L, -2, "table");
  lua_pushinteger(L, (lua_Integer)statement->nrows);
  lua_setfield(L, -2, "rows");
  lua_pushstring(L, statement->sql);
  lua_setfield(L, -2, "sql");
  push_planned_values(L, plan, statement);
  lua_setfield(L, -2, "parameters");
  lua_pushboolean(L, statement->sets && statement->nrows != 1);
  lua_setfield(L, -2, "executemany");
}

/* plan(session, load, make): the statements, and what a flush would read before them. */
static int make_plan(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:plan");
  binding_state *state = binding_get(L);
  const bool load = lua_toboolean(L, 2);
  corm_session_plan plan;
  corm_error err;
  corm_error_init(&err);
  lua_settop(L, MAKE);
  lua_newtable(L);
  corm_arena *arena = binding_scratch(L, state);
  state->L = L;
  if (corm_session_make_plan(session, arena, load, &plan, &err) != CORM_OK) return binding_raise(L, &err);
  luaL_checkstack(L, 12, "plan");
  lua_createtable(L, (int)plan.n, 1);
  lua_Integer n = 0;
  for (const corm_planned *planned = plan.first; planned; planned = planned->next) {
    push_planned(L, &plan, &planned->of);
    lua_rawseti(L, -2, ++n);
  }
  lua_createtable(L, (int)plan.nreads, 0);
  for (size_t i = 0; i < plan.nreads; i++) {
    lua_pushstring(L, plan.reads[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_scratch_done(L, state, arena);
  return 2;
}

void binding_open_plan(lua_State *L) {
  static const luaL_Reg functions[] = {{"plan", make_plan}, {NULL, NULL}};
  binding_setfuncs(L, functions);
}
