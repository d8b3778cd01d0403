/*
 * Loader options: corm.selectinload(User.addresses):joinedload(Address.city). An option is a path of relationships,
 * each with its strategy, and the branches that options() has added to it; for a query the paths of all options become
 * one tree.
 */
#include <string.h>

#include "binding/b_option.h"
#include "binding/state.h"

static const struct {
  const char *name;
  uint8_t strategy;
  const char *option; /* the one that it takes, NULL: none */
} strategies[] = {{"selectinload", CORM_LAZY_SELECTIN, "recursion_depth"},
                  {"joinedload", CORM_LAZY_JOINED, "innerjoin"},
                  {"subqueryload", CORM_LAZY_SUBQUERY, NULL},
                  {"lazyload", CORM_LAZY_SELECT, NULL},
                  {"immediateload", CORM_LAZY_IMMEDIATE, "recursion_depth"},
                  {"raiseload", CORM_LAZY_RAISE, "sql_only"},
                  {"noload", CORM_LAZY_NOLOAD, NULL},
                  {"contains_eager", CORM_LAZY_CONTAINED, "alias"},
                  {"defaultload", CORM_LAZY_DEFAULT, NULL}};
enum { STRATEGIES = sizeof strategies / sizeof *strategies };

/* -- making -- */

load_option *binding_push_option(lua_State *L, const load_option *previous, int from, uint32_t n) {
  load_option *option = binding_new(L, BINDING_OPTION, sizeof *option + n * sizeof(option_step), OPTION_SLOTS);
  option->n = n;
  if (!previous) return option;
  option->mapper = previous->mapper;
  option->of = previous->of;
  memcpy(option->steps, previous->steps, previous->n * sizeof(option_step));
  lua_pushvalue(L, from);
  lua_setiuservalue(L, -2, OPTION_PREVIOUS);
  return option;
}

/* The last one that leads somewhere; NULL: the option begins. */
static const option_step *last_step(const load_option *option) {
  uint32_t n = option->n;
  while (n && option->steps[n - 1].columns) n--;
  return n ? &option->steps[n - 1] : NULL;
}

bool binding_option_is_root(const load_option *option) {
  return !last_step(option);
}

const corm_mapper *binding_option_end(const load_option *option) {
  if (!option) return NULL;
  const option_step *last = last_step(option);
  if (!last) return option->mapper;
  if (last->type) return corm_bundle_mapper(last->type);
  return last->contained ? corm_bundle_mapper(last->contained) : last->relationship ? last->relationship->target : NULL;
}

static bool is_below(const corm_mapper *mapper, const corm_mapper *parent) {
  return corm_mapper_isa(mapper, parent) || corm_mapper_isa(parent, mapper);
}

/* A step must begin where the option ends. */
static void check_link(lua_State *L, const load_option *previous, const option_step *step, const char *name) {
  if (!previous) return;
  const corm_mapper *end = binding_option_end(previous);
  if (!end) binding_error(L, CORM_E_ARGUMENT, "%s: \"*\" leads nowhere, nothing can be chained to it", name);
  if (!step->relationship || is_below(end, step->relationship->parent)) return;
  if (binding_option_is_root(previous))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is no relationship of %s", name, step->relationship->parent->name,
                  step->relationship->key, end->name);
  const corm_relationship *last = last_step(previous)->relationship;
  binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is no relationship of %s, where %s.%s leads", name,
                step->relationship->parent->name, step->relationship->key, end->name, last->parent->name, last->key);
}

/* The alias that the query joins, or the class itself. */
static const corm_bundle *read_contained(lua_State *L, int options, const option_step *step) {
  const corm_relationship *relationship = step->relationship;
  if (!binding_opt_push(L, options, "alias")) return step->type ? step->type : relationship->target->bundle;
  const corm_mapper *mapper = binding_tomapper(L, -1);
  if (!mapper || !is_below(mapper, relationship->target))
    binding_error(L, CORM_E_ARGUMENT, "contains_eager: alias must be %s or an alias of it, as %s.%s leads to, got %s",
                  relationship->target->name, relationship->parent->name, relationship->key,
                  mapper ? mapper->name : binding_typename(L, -1));
  const corm_bundle *bundle = (const corm_bundle *)binding_tonode(L, -1);
  lua_pop(L, 1);
  return bundle;
}

static int32_t read_recursion(lua_State *L, int options, const corm_relationship *relationship, const char *name) {
  const lua_Integer depth = binding_opt_int(L, options, "recursion_depth", 0);
  if (!depth) return 0;
  if (depth < -1 || depth > INT32_MAX)
    binding_error(L, CORM_E_ARGUMENT, "%s: recursion_depth is the number of levels, or -1 for all of them", name);
  if (relationship->target->root != relationship->parent->root)
    binding_error(L, CORM_E_INVALID_REQUEST, "%s: recursion_depth on %s.%s is not valid: it leads to another class, %s",
                  name, relationship->parent->name, relationship->key, relationship->target->name);
  return (int32_t)depth;
}

static void read_options(lua_State *L, lua_Integer which, int options, option_step *step) {
  const char *name = strategies[which].name;
  const corm_relationship *relationship = step->relationship;
  static const binding_option_spec specs[STRATEGIES] = {[0] = {"recursion_depth", BINDING_OPT_INT},
                                                        [1] = {"innerjoin", BINDING_OPT_BOOL},
                                                        [4] = {"recursion_depth", BINDING_OPT_INT},
                                                        [5] = {"sql_only", BINDING_OPT_BOOL},
                                                        [7] = {"alias", BINDING_OPT_ANY}};
  binding_check_options(L, options, name, &specs[which], strategies[which].option != NULL);
  if (step->strategy == CORM_LAZY_RAISE && binding_opt_bool(L, options, "sql_only", false))
    step->strategy = CORM_LAZY_RAISE_ON_SQL;
  if (!relationship) return;
  step->inner = binding_opt_bool(L, options, "innerjoin", relationship->def.innerjoin);
  if (step->strategy == CORM_LAZY_CONTAINED) step->contained = read_contained(L, options, step);
  if (step->strategy == CORM_LAZY_SELECTIN || step->strategy == CORM_LAZY_IMMEDIATE)
    step->recursion = read_recursion(L, options, relationship, name);
}

/* Criteria belong to what loads by them. */
static void check_criteria(lua_State *L, const option_step *step, const char *name) {
  if (!step->criteria) return;
  if (step->strategy == CORM_LAZY_CONTAINED)
    binding_error(L, CORM_E_ARGUMENT, "contains_eager: criteria stand in the query's own join and WHERE");
  if (step->strategy != CORM_LAZY_JOINED && step->strategy != CORM_LAZY_SELECTIN &&
      step->strategy != CORM_LAZY_IMMEDIATE && step->strategy != CORM_LAZY_SELECT &&
      step->strategy != CORM_LAZY_SUBQUERY)
    binding_error(L, CORM_E_ARGUMENT, "%s: it loads nothing, so that criteria mean nothing", name);
}

/* What stands at `arg`: "*", or a relationship. */
static option_step read_step(lua_State *L, const load_option *previous, int arg, lua_Integer which) {
  const char *name = strategies[which].name;
  option_step step = {.strategy = strategies[which].strategy};
  if (lua_type(L, arg) == LUA_TSTRING && strcmp(lua_tostring(L, arg), "*") == 0) {
    if (step.strategy == CORM_LAZY_CONTAINED || step.strategy == CORM_LAZY_DEFAULT)
      binding_error(L, CORM_E_ARGUMENT, "%s: a relationship expected, \"*\" means nothing here", name);
    step.mapper = binding_option_end(previous);
    if (previous && binding_option_is_root(previous)) step.of = previous->of;
    return step;
  }
  step.relationship = binding_checkrelationship(L, arg, name, &step.of, &step.criteria, &step.type);
  const bool root = previous && binding_option_is_root(previous);
  if (previous && !root) step.of = NULL;
  if (root && previous->of != step.of)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is not of the entity that Load() was given, but of %s", name,
                  step.relationship->parent->name, step.relationship->key, step.of ? "an alias" : "the class itself");
  return step;
}

static int new_option(lua_State *L, const load_option *previous, int arg) {
  const lua_Integer which = lua_tointeger(L, lua_upvalueindex(2));
  const char *name = strategies[which].name;
  if (lua_gettop(L) > arg + 1 || (lua_gettop(L) > arg && !binding_is_plain_table(L, arg + 1)))
    return binding_error(L, CORM_E_ARGUMENT,
                         "%s: one relationship expected; what lies behind it is chained: %s(A.b):%s(B.c)", name, name,
                         name);
  lua_settop(L, arg + 1);
  option_step step = read_step(L, previous, arg, which);
  check_link(L, previous, &step, name);
  read_options(L, which, arg + 1, &step);
  check_criteria(L, &step, name);
  const uint32_t n = previous ? previous->n : 0;
  load_option *option = binding_push_option(L, previous, 1, n + 1);
  option->steps[n] = step;
  lua_pushvalue(L, arg);
  lua_setiuservalue(L, -2, OPTION_VALUE);
  if (previous) {
    lua_getiuservalue(L, 1, OPTION_BRANCHES);
    lua_setiuservalue(L, -2, OPTION_BRANCHES);
  }
  if (step.contained && binding_opt_push(L, arg + 1, "alias")) lua_setiuservalue(L, -2, OPTION_ALIAS);
  return 1;
}

static int option_function(lua_State *L) {
  return new_option(L, NULL, 1);
}

static int option_method(lua_State *L) {
  return new_option(L, binding_check(L, 1, BINDING_OPTION, "option:selectinload"), 2);
}

/* Load(entity): what begins at one of the query's entities. */
static int load_call(lua_State *L) {
  const corm_mapper *mapper = binding_tomapper(L, 1);
  if (!mapper)
    return binding_error(L, CORM_E_ARGUMENT, "Load: a mapped class or an alias of one expected, got %s",
                         binding_typename(L, 1));
  const corm_node *from = binding_node_from(binding_tonode(L, 1));
  binding_configure(L, binding_upvalue(L), mapper->registry);
  load_option *option = binding_push_option(L, NULL, 0, 0);
  option->mapper = mapper;
  option->of = from == mapper->from ? NULL : from;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, OPTION_VALUE);
  return 1;
}

/* Appends to the list at the top the path of `self` (at 1) with that of the option at `arg` behind it. */
static void append_branch(lua_State *L, const load_option *self, int arg) {
  const load_option *other = lua_touserdata(L, arg);
  if (!other->n) return;
  load_option *whole = binding_push_option(L, self, 1, self->n + other->n);
  memcpy(&whole->steps[self->n], other->steps, other->n * sizeof(option_step));
  if (!binding_option_is_root(self))
    for (uint32_t i = self->n; i < whole->n; i++) whole->steps[i].of = NULL;
  lua_pushvalue(L, arg);
  lua_setiuservalue(L, -2, OPTION_VALUE);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* The list of branches of the option at `arg` is pushed; returns its length. */
static lua_Integer push_branches(lua_State *L, int arg) {
  return lua_getiuservalue(L, arg, OPTION_BRANCHES) == LUA_TTABLE ? (lua_Integer)lua_rawlen(L, -1) : 0;
}

/* option:options(...): all of them begin where this one ends. */
static int option_options(lua_State *L) {
  const load_option *self = binding_check(L, 1, BINDING_OPTION, "option:options");
  const int last = lua_gettop(L);
  load_option *result = binding_push_option(L, self, 1, self->n);
  (void)result;
  const int own = lua_gettop(L);
  lua_newtable(L);
  const lua_Integer had = push_branches(L, 1);
  for (lua_Integer i = 1; i <= had; i++) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, own + 1, i);
  }
  lua_settop(L, own + 1);
  for (int i = 2; i <= last; i++) {
    if (binding_test(L, i, BINDING_CRITERIA))
      return binding_error(L, CORM_E_ARGUMENT,
                           "options: with_loader_criteria() holds of the whole statement; give it to the statement's "
                           "options()");
    const load_option *other = binding_check(L, i, BINDING_OPTION, "option:options");
    if (other->n && !other->steps[0].columns) check_link(L, self, &other->steps[0], "options");
    append_branch(L, self, i);
    const lua_Integer n = push_branches(L, i);
    for (lua_Integer k = 1; k <= n; k++) {
      lua_rawgeti(L, own + 2, k);
      lua_pushvalue(L, own + 1);
      append_branch(L, self, own + 3);
      lua_settop(L, own + 2);
    }
    lua_settop(L, own + 1);
  }
  lua_setiuservalue(L, own, OPTION_BRANCHES);
  return 1;
}

static const char *name_of(uint8_t strategy) {
  if (strategy == CORM_LAZY_RAISE_ON_SQL) strategy = CORM_LAZY_RAISE;
  size_t k = 0;
  while (k < STRATEGIES - 1 && strategies[k].strategy != strategy) k++;
  return strategies[k].name;
}

static void add_columns(luaL_Buffer *text, const option_step *step) {
  luaL_addstring(text, binding_option_columns_name(step));
  luaL_addchar(text, '(');
  if (step->columns == CORM_COLUMNS_BELOW) {
    luaL_addstring(text, step->mapper->name);
  } else if (step->group) {
    luaL_addstring(text, step->group);
  } else if (step->slot < 0) {
    luaL_addstring(text, "\"*\"");
  } else {
    luaL_addstring(text, step->mapper->name);
    luaL_addchar(text, '.');
    luaL_addstring(text, step->mapper->attributes[step->slot].key);
  }
  luaL_addchar(text, ')');
}

static int option_tostring(lua_State *L) {
  const load_option *option = binding_check(L, 1, BINDING_OPTION, "tostring");
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  if (option->mapper) {
    luaL_addstring(&text, "Load(");
    luaL_addstring(&text, option->mapper->name);
    luaL_addchar(&text, ')');
  }
  for (uint32_t i = 0; i < option->n; i++) {
    const option_step *step = &option->steps[i];
    if (i || option->mapper) luaL_addchar(&text, ':');
    if (step->columns) {
      add_columns(&text, step);
      continue;
    }
    luaL_addstring(&text, name_of(step->strategy));
    luaL_addchar(&text, '(');
    luaL_addstring(&text, step->relationship ? step->relationship->parent->name : "\"*\"");
    if (step->relationship) luaL_addchar(&text, '.');
    if (step->relationship) luaL_addstring(&text, step->relationship->key);
    luaL_addchar(&text, ')');
  }
  luaL_pushresult(&text);
  return 1;
}

/* -- the tree -- */

typedef struct tree {
  lua_State *L;
  corm_arena *arena;
  size_t width; /* steps: no level has more options */
  corm_load_option **roots;
  uint32_t n;
} tree;

static void *take(const tree *t, size_t count, size_t size) {
  void *block = corm_arena_zalloc(t->arena, count, size);
  if (!block) binding_error(t->L, CORM_E_MEMORY, "not enough memory");
  return block;
}

static bool is_same(const corm_load_option *option, const option_step *step) {
  if (option->columns != step->columns || option->slot != step->slot) return false;
  if (option->group != step->group && (!option->group || !step->group || strcmp(option->group, step->group) != 0))
    return false;
  return option->relationship == step->relationship && option->mapper == step->mapper && option->of == step->of;
}

/* The option of a step in a list that has room for all; the strategy said last holds. */
static corm_load_option *enter(const tree *t, corm_load_option **items, uint32_t *n, const option_step *step) {
  uint32_t i = 0;
  while (i < *n && !is_same(items[i], step)) i++;
  const bool is_new = i == *n;
  if (is_new) {
    items[(*n)++] = take(t, 1, sizeof **items);
    items[i]->children = take(t, t->width, sizeof *items[i]->children);
  } else if (step->strategy == CORM_LAZY_DEFAULT) {
    return items[i];
  }
  *items[i] = (corm_load_option){.relationship = step->relationship,
                                 .mapper = step->mapper,
                                 .of = step->of,
                                 .strategy = (corm_lazy)step->strategy,
                                 .inner = step->inner,
                                 .recursion = step->recursion,
                                 .criteria = step->criteria,
                                 .contained = step->contained,
                                 .type = step->type,
                                 .columns = step->columns,
                                 .raise = step->raise,
                                 .slot = step->slot,
                                 .group = step->group,
                                 .expression = step->expression,
                                 .children = items[i]->children,
                                 .nchildren = items[i]->nchildren};
  return items[i];
}

static void enter_path(tree *t, const load_option *option) {
  corm_load_option **items = t->roots;
  uint32_t *n = &t->n;
  for (uint32_t k = 0; k < option->n; k++) {
    corm_load_option *node = enter(t, items, n, &option->steps[k]);
    if (option->steps[k].columns) continue;
    items = (corm_load_option **)(uintptr_t)node->children; /* still ours */
    n = &node->nchildren;
  }
}

/* How many steps the options of the list have, which are checked, those of their branches too. A path that names
   columns has several on one level. And how many are criteria instead. */
static size_t count_steps(lua_State *L, int list, uint32_t *criteria) {
  const size_t n = (size_t)lua_rawlen(L, list);
  size_t steps = 0;
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    if (binding_test(L, -1, BINDING_CRITERIA)) {
      (*criteria)++;
      lua_pop(L, 1);
      continue;
    }
    steps += ((const load_option *)binding_check(L, -1, BINDING_OPTION, "options"))->n;
    const lua_Integer branches = push_branches(L, lua_gettop(L));
    for (lua_Integer k = 1; k <= branches; k++) {
      lua_rawgeti(L, -1, k);
      steps += ((const load_option *)lua_touserdata(L, -1))->n;
      lua_pop(L, 1);
    }
    lua_pop(L, 2);
  }
  return steps;
}

typedef struct plan_handle {
  binding_head head;
  corm_load_plan *plan; /* NULL: idle */
} plan_handle;

static void drop_plan(plan_handle *handle) {
  corm_load_plan *plan = handle->plan;
  handle->plan = NULL;
  corm_load_plan_release(plan);
}

static int plan_gc(lua_State *L) {
  plan_handle *handle = binding_test(L, 1, BINDING_PLAN);
  if (handle) drop_plan(handle);
  return 0;
}

/* Pushes a handle of a new plan. What the list at `list` holds is kept as long as the plan lives. */
static corm_load_plan *push_plan(lua_State *L, int list) {
  binding_state *state = binding_get(L);
  bool is_new;
  plan_handle *handle = binding_borrow(L, BINDING_LOAN_PLAN, BINDING_PLAN, sizeof *handle, &is_new);
  corm_load_plan *plan = handle->plan = corm_load_plan_new(&state->mem, &state->host->core);
  if (!plan) binding_error(L, CORM_E_MEMORY, "not enough memory");
  const lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->plans);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    lua_rawseti(L, -2, i);
  }
  lua_rawsetp(L, -2, plan);
  lua_pop(L, 1);
  return plan;
}

void binding_load_options_done(lua_State *L, int index) {
  plan_handle *handle = binding_test(L, index, BINDING_PLAN);
  if (!handle) return;
  drop_plan(handle);
  binding_give_back(L, BINDING_LOAN_PLAN, index);
}

void binding_load_options(lua_State *L, int list, corm_load_options *out) {
  *out = (corm_load_options){0};
  if (list && !lua_istable(L, list))
    binding_error(L, CORM_E_ARGUMENT, "options: a sequence of loader options expected, got %s",
                  binding_typename(L, list));
  if (!list || !lua_rawlen(L, list)) {
    lua_pushnil(L);
    return;
  }
  luaL_checkstack(L, 8, "options");
  out->plan = push_plan(L, list);
  corm_load_plan *plan = out->plan;
  uint32_t ncriteria = 0;
  tree t = {.L = L, .arena = &plan->arena, .width = count_steps(L, list, &ncriteria)};
  t.roots = take(&t, t.width + 1, sizeof *t.roots);
  plan->criteria = take(&t, ncriteria + 1, sizeof *plan->criteria);
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, list); i++) {
    lua_rawgeti(L, list, i);
    if (binding_load_criterion(L, -1, &plan->criteria[plan->ncriteria])) {
      plan->ncriteria++;
      lua_pop(L, 1);
      continue;
    }
    enter_path(&t, lua_touserdata(L, -1));
    const lua_Integer n = push_branches(L, lua_gettop(L));
    for (lua_Integer k = 1; k <= n; k++) {
      lua_rawgeti(L, -1, k);
      enter_path(&t, lua_touserdata(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 2);
  }
  out->items = t.roots;
  out->n = t.n;
}

/* The class that the option begins at; NULL: any. */
static const corm_mapper *root_of(const corm_load_option *option) {
  return option->relationship ? option->relationship->parent : option->mapper;
}

static bool fits(const corm_load_option *option, const corm_bundle *entity) {
  const corm_mapper *mapper = corm_bundle_mapper(entity);
  return is_below(mapper, root_of(option)) && entity->from == (option->of ? option->of : mapper->from);
}

void binding_refuse_option(lua_State *L, const corm_load_options *options, const corm_bundle *const *entities,
                           size_t n) {
  for (uint32_t i = 0; i < options->n; i++) {
    const corm_load_option *option = options->items[i];
    const corm_relationship *relationship = option->relationship;
    bool found = !root_of(option);
    for (size_t k = 0; k < n; k++) found = found || fits(option, entities[k]);
    if (found) continue;
    if (!relationship)
      binding_error(L, CORM_E_ARGUMENT, "options: %s%s is no entity of this query", option->of ? "that alias of " : "",
                    option->mapper->name);
    binding_error(L, CORM_E_ARGUMENT, "options: %s.%s does not belong to an entity of this query%s",
                  relationship->parent->name, relationship->key,
                  option->of ? ", which does not select that alias" : "");
  }
}

static void push_strategy(lua_State *L, lua_CFunction function, lua_Integer which) {
  lua_pushlightuserdata(L, binding_get(L));
  lua_pushinteger(L, which);
  lua_pushcclosure(L, function, 2);
}

void binding_open_option(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", option_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"options", option_options}, {NULL, NULL}};
  static const luaL_Reg plan_meta[] = {{"__gc", plan_gc}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  for (lua_Integer i = 0; i < STRATEGIES; i++) {
    push_strategy(L, option_function, i);
    lua_setfield(L, -2, strategies[i].name);
  }
  binding_pushfunction(L, load_call);
  lua_setfield(L, -2, "Load");
  binding_open_option_columns(L, false);
  binding_open_option_below(L, false);
  if (state->metatables[BINDING_OPTION] != LUA_NOREF) return;
  binding_metatable(L, BINDING_PLAN, "plan", NULL, plan_meta, NULL);
  lua_pop(L, 1);
  binding_metatable(L, BINDING_OPTION, "option", methods, meta, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[BINDING_OPTION]);
  for (lua_Integer i = 0; i < STRATEGIES; i++) {
    push_strategy(L, option_method, i);
    lua_setfield(L, -2, strategies[i].name);
  }
  binding_open_option_columns(L, true);
  binding_open_option_below(L, true);
  lua_pop(L, 2);
}
