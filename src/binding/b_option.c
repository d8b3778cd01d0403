/*
 * Loader options: corm.selectinload(User.addresses):joinedload(Address.city). An option is a path of relationships,
 * each with its strategy; for a query the paths of all options become one tree.
 */
#include <string.h>

#include "binding/b_load.h"
#include "binding/b_session.h"

typedef struct option_step {
  corm_relationship *relationship;
  corm_lazy strategy;
} option_step;

/* User value 1: the option that it was made from; 2: the relationship attribute, which keeps the class. */
typedef struct load_option {
  binding_head head;
  uint32_t n;
  option_step steps[];
} load_option;

static const struct {
  const char *name;
  corm_lazy strategy;
} strategies[] = {{"selectinload", CORM_LAZY_SELECTIN}, {"joinedload", CORM_LAZY_JOINED},
                  {"lazyload", CORM_LAZY_SELECT},       {"immediateload", CORM_LAZY_IMMEDIATE},
                  {"raiseload", CORM_LAZY_RAISE},       {"noload", CORM_LAZY_NOLOAD}};
enum { STRATEGIES = sizeof strategies / sizeof *strategies };

/* -- making -- */

static int new_option(lua_State *L, const load_option *previous, int arg) {
  const lua_Integer which = lua_tointeger(L, lua_upvalueindex(2));
  const char *name = strategies[which].name;
  corm_relationship *relationship = binding_checkrelationship(L, arg, name, NULL);
  uint32_t n = previous ? previous->n : 0;
  if (lua_gettop(L) > arg)
    return binding_error(L, CORM_E_ARGUMENT,
                         "%s: one relationship expected; what lies behind it is chained: %s(A.b):%s(B.c)", name, name,
                         name);
  if (previous && previous->steps[n - 1].relationship->target != relationship->parent)
    return binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is no relationship of %s, where %s.%s leads", name,
                         relationship->parent->name, relationship->key,
                         previous->steps[n - 1].relationship->target->name,
                         previous->steps[n - 1].relationship->parent->name, previous->steps[n - 1].relationship->key);
  load_option *option = binding_new(L, BINDING_OPTION, sizeof *option + (n + 1) * sizeof(option_step), 2);
  option->n = n + 1;
  if (previous) {
    memcpy(option->steps, previous->steps, n * sizeof(option_step));
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
  }
  option->steps[n] = (option_step){relationship, strategies[which].strategy};
  lua_pushvalue(L, arg);
  lua_setiuservalue(L, -2, 2);
  return 1;
}

static int option_function(lua_State *L) {
  return new_option(L, NULL, 1);
}

static int option_method(lua_State *L) {
  return new_option(L, binding_check(L, 1, BINDING_OPTION, "option:selectinload"), 2);
}

static int option_tostring(lua_State *L) {
  const load_option *option = binding_check(L, 1, BINDING_OPTION, "tostring");
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (uint32_t i = 0; i < option->n; i++) {
    const option_step *step = &option->steps[i];
    for (size_t k = 0; k < STRATEGIES; k++) {
      if (strategies[k].strategy != step->strategy) continue;
      if (i) luaL_addchar(&text, ':');
      luaL_addstring(&text, strategies[k].name);
    }
    luaL_addchar(&text, '(');
    luaL_addstring(&text, step->relationship->parent->name);
    luaL_addchar(&text, '.');
    luaL_addstring(&text, step->relationship->key);
    luaL_addchar(&text, ')');
  }
  luaL_pushresult(&text);
  return 1;
}

/* -- the tree -- */

typedef struct tree {
  lua_State *L;
  corm_arena *arena;
  size_t width; /* options: no level has more */
} tree;

static void *take(const tree *t, size_t count, size_t size) {
  void *block = corm_arena_zalloc(t->arena, count, size);
  if (!block) binding_error(t->L, CORM_E_MEMORY, "not enough memory");
  return block;
}

/* The option of a relationship in a list that has room for one of each path; the strategy said last holds. */
static corm_load_option *enter(const tree *t, corm_load_option **items, uint32_t *n, const option_step *step) {
  uint32_t i = 0;
  while (i < *n && items[i]->relationship != step->relationship) i++;
  if (i == *n) {
    items[(*n)++] = take(t, 1, sizeof **items);
    items[i]->relationship = step->relationship;
    items[i]->children = take(t, t->width, sizeof *items[i]->children);
  }
  items[i]->strategy = step->strategy;
  return items[i];
}

void binding_load_options(lua_State *L, int list, corm_arena *arena, corm_load_options *out) {
  *out = (corm_load_options){0};
  if (!list) return;
  if (!lua_istable(L, list))
    binding_error(L, CORM_E_ARGUMENT, "options: a sequence of loader options expected, got %s",
                  binding_typename(L, list));
  tree t = {L, arena, (size_t)lua_rawlen(L, list)};
  corm_load_option **roots = take(&t, t.width + 1, sizeof *roots);
  for (size_t i = 1; i <= t.width; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    const load_option *option = binding_check(L, -1, BINDING_OPTION, "options");
    corm_load_option **items = roots;
    uint32_t *n = &out->n;
    for (uint32_t k = 0; k < option->n; k++) {
      corm_load_option *node = enter(&t, items, n, &option->steps[k]);
      items = (corm_load_option **)(uintptr_t)node->children; /* still ours */
      n = &node->nchildren;
    }
    lua_pop(L, 1);
  }
  out->items = roots;
}

void binding_refuse_option(lua_State *L, const corm_load_options *options, const corm_mapper *const *mappers,
                           size_t n) {
  for (uint32_t i = 0; i < options->n; i++) {
    const corm_relationship *relationship = options->items[i]->relationship;
    bool fits = false;
    for (size_t k = 0; k < n; k++) fits = fits || mappers[k] == relationship->parent;
    if (!fits)
      binding_error(L, CORM_E_ARGUMENT, "options: %s.%s does not belong to an entity of this query",
                    relationship->parent->name, relationship->key);
  }
}

static void push_strategy(lua_State *L, lua_CFunction function, lua_Integer which) {
  lua_pushlightuserdata(L, binding_get(L));
  lua_pushinteger(L, which);
  lua_pushcclosure(L, function, 2);
}

void binding_open_option(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", option_tostring}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  for (lua_Integer i = 0; i < STRATEGIES; i++) {
    push_strategy(L, option_function, i);
    lua_setfield(L, -2, strategies[i].name);
  }
  if (state->metatables[BINDING_OPTION] != LUA_NOREF) return;
  binding_metatable(L, BINDING_OPTION, "option", NULL, meta, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[BINDING_OPTION]);
  for (lua_Integer i = 0; i < STRATEGIES; i++) {
    push_strategy(L, option_method, i);
    lua_setfield(L, -2, strategies[i].name);
  }
  lua_pop(L, 2);
}
