/*
 * with_loader_criteria(): conditions of classes wherever a statement names them. The option holds what the script gave;
 * lua/corm/criteria.lua knows which classes it is about.
 */
#include "binding/b_option.h"
#include "binding/b_statement.h"

/* User values. */
enum { CRITERIA_TARGET = 1, CRITERIA_WHERE, CRITERIA_SLOTS = CRITERIA_WHERE };

typedef struct criteria_option {
  binding_head head;
  corm_criterion criterion;
} criteria_option;

/* criterion(target, where, aliases, propagates): the option; the arguments have been checked. */
static int new_criterion(lua_State *L) {
  lua_settop(L, 4);
  criteria_option *option = binding_new(L, BINDING_CRITERIA, sizeof *option, CRITERIA_SLOTS);
  option->criterion = (corm_criterion){.aliases = lua_toboolean(L, 3), .propagates = lua_toboolean(L, 4)};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, CRITERIA_TARGET);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, CRITERIA_WHERE);
  return 1;
}

/* check_condition(value, where) */
static int check_condition(lua_State *L) {
  (void)binding_checkcondition(L, 1, luaL_checkstring(L, 2));
  return 0;
}

static int criterion_tostring(lua_State *L) {
  lua_getiuservalue(L, 1, CRITERIA_TARGET);
  lua_pushfstring(L, "with_loader_criteria(%s)", luaL_tolstring(L, -1, NULL));
  return 1;
}

bool binding_load_criterion(lua_State *L, int index, corm_criterion *out) {
  const criteria_option *option = binding_test(L, index, BINDING_CRITERIA);
  if (option) *out = option->criterion;
  return option != NULL;
}

/* -- what they say of a class -------------------------------------------------------------------------------------- */

typedef struct criterion_call {
  binding_host *host;
  const corm_load_plan *plan;
  uint32_t number;
  const corm_mapper *mapper;
  const corm_node *condition;
} criterion_call;

/* Pushes the plan's option of a number; the list of what the plan keeps is at `list`. */
static void push_criterion(lua_State *L, int list, uint32_t number) {
  for (lua_Integer i = 1;; i++) {
    if (lua_rawgeti(L, list, i) == LUA_TNIL || (binding_test(L, -1, BINDING_CRITERIA) && !number--)) return;
    lua_pop(L, 1);
  }
}

/* criterion(class, target, where): the condition, or nil. */
static int criterion_body(lua_State *L) {
  criterion_call *call = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, call->host->plans);
  lua_rawgetp(L, -1, call->plan);
  const int list = lua_gettop(L);
  binding_host_function(L, call->host, "criterion");
  binding_push_class(L, call->host->state, call->mapper);
  push_criterion(L, list, call->number);
  lua_getiuservalue(L, -1, CRITERIA_TARGET);
  lua_getiuservalue(L, -2, CRITERIA_WHERE);
  lua_remove(L, -3);
  lua_call(L, 3, 1);
  if (lua_isnil(L, -1)) return 0;
  call->condition = binding_checkcondition(L, -1, "with_loader_criteria");
  lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
  return 0;
}

corm_status binding_host_criterion(void *ctx, corm_load_plan *plan, uint32_t number, const corm_mapper *mapper,
                                   const corm_node **out, corm_error *err) {
  binding_host *host = ctx;
  criterion_call call = {.host = host, .plan = plan, .number = number, .mapper = mapper};
  corm_status status = binding_protect(host->state, criterion_body, &call, err);
  *out = call.condition;
  return status;
}

const corm_criteria *binding_push_criteria(lua_State *L, int statement, corm_plan_criteria *out) {
  corm_load_options options;
  if (!binding_push_options(L, statement)) {
    lua_pushnil(L);
    return NULL;
  }
  binding_load_options(L, lua_gettop(L), &options);
  lua_remove(L, -2);
  return corm_plan_criteria_init(out, options.plan, NULL, false);
}

void binding_open_criteria(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"criterion", new_criterion}, {"check_condition", check_condition}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", criterion_tostring}, {NULL, NULL}};
  if (binding_get(L)->metatables[BINDING_CRITERIA] == LUA_NOREF) {
    binding_metatable(L, BINDING_CRITERIA, "criteria", NULL, meta, NULL);
    lua_pop(L, 1);
  }
  binding_setfuncs(L, functions);
}
