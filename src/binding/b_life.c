/*
 * Finalizers of what others point to. A weak table has each of them: the collector takes out what it has found
 * unreachable, before finalizers run, while at the end of the program all finalizers run and nothing was taken out.
 */
#include "binding/binding.h"
#include "binding/state.h"

void binding_live(lua_State *L, binding_life *life, void (*free)(binding_life *life)) {
  luaL_checkstack(L, 3, "object");
  life->free = free; /* first: there may be no memory for its place in the table, and then it is freed without */
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->lives);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, life);
  lua_pop(L, 1);
}

static void forget(binding_state *state, binding_life *life) {
  binding_life **at = &state->dead;
  while (*at && *at != life) at = &(*at)->next;
  if (*at) *at = life->next;
  life->waits = false;
}

void binding_die(lua_State *L, binding_life *life) {
  binding_state *state = binding_get(L);
  if (!life->free) return; /* half made, or freed */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->lives);
  const bool reachable = lua_rawgetp(L, -1, life) != LUA_TNIL;
  lua_pop(L, 1);
  if (reachable) { /* the end of the program, or a call by hand */
    if (life->waits) return;
    life->waits = true;
    life->next = state->dead;
    state->dead = life;
    return;
  }
  if (!life->condemned) {
    life->condemned = true;
    lua_getmetatable(L, 1);
    lua_setmetatable(L, 1); /* to be called again, also where there is no memory for what follows */
    lua_pushvalue(L, 1);
    lua_rawsetp(L, -2, life);
    return;
  }
  if (life->waits) forget(state, life);
  life->free(life);
  life->free = NULL;
}

/* Finalizers run in the reverse order of making: this one after all of corm's. From then on only values, errors and
   corm.null are known: whatever else a script asks for is refused. */
int binding_state_gc(lua_State *L) {
  binding_state *state = lua_touserdata(L, 1);
  binding_life *life = state->dead, *first = NULL;
  for (binding_life *next; life; life = next) {
    next = life->next;
    life->next = first;
    first = life;
  }
  state->dead = NULL;
  for (life = first; life; life = first) {
    first = life->next;
    life->free(life);
    life->free = NULL;
  }
  for (int i = 0; i < BINDING_KIND_COUNT; i++)
    if (i != BINDING_ERROR && i != BINDING_VALUE && i != BINDING_NULL) state->identity[i] = NULL;
  return 0;
}
