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

/* It is freed at the state's end, unless it is forgotten before. */
static void wait(binding_state *state, binding_life *life) {
  if (life->waits) return;
  life->waits = true;
  life->prev = NULL;
  life->next = state->dead;
  if (life->next) life->next->prev = life;
  state->dead = life;
}

static void forget(binding_state *state, binding_life *life) {
  *(life->prev ? &life->prev->next : &state->dead) = life->next;
  if (life->next) life->next->prev = life->prev;
  life->waits = false;
}

void binding_die(lua_State *L, binding_life *life) {
  binding_state *state = binding_get(L);
  if (!life->free) return; /* half made, or freed */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->lives);
  const bool reachable = lua_rawgetp(L, -1, life) != LUA_TNIL;
  lua_pop(L, 1);
  if (reachable) { /* the end of the program, or a call by hand */
    wait(state, life);
  } else if (!life->condemned) {
    life->condemned = true;
    wait(state, life); /* a state that is being closed calls no finalizer twice */
    lua_getmetatable(L, 1);
    lua_setmetatable(L, 1); /* to be called again, also where there is no memory for what follows */
    lua_pushvalue(L, 1);
    lua_rawsetp(L, -2, life);
  } else {
    if (life->waits) forget(state, life);
    life->free(life);
    life->free = NULL;
  }
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
