/*
 * Lua functions that run while the core is at work, and blocks. No Lua error and no yield crosses a frame of the core
 * (docs/decisions/0001-architecture.md): hooks run protected, their error value waits in the state until the core
 * has unwound.
 */
#include "binding/binding.h"
#include "binding/state.h"

int binding_hook_add(lua_State *L, binding_state *state, int arg) {
  arg = lua_absindex(L, arg);
  int hook = ++state->next_hook;
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hooks);
  lua_pushvalue(L, arg);
  lua_rawseti(L, -2, hook);
  lua_pop(L, 1);
  return hook;
}

void binding_hook_push(lua_State *L, binding_state *state, int hook) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hooks);
  lua_rawgeti(L, -1, hook);
  lua_remove(L, -2);
}

static void set_hook_error(lua_State *L) {
  binding_state_push(L);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, BINDING_STATE_HOOK_ERROR);
  lua_pop(L, 1);
}

corm_status binding_hook_failed(lua_State *L, binding_state *state, corm_error *err) {
  (void)state;
  if (!err || err->is_set) {
    lua_pop(L, 1);
    return CORM_FAILED;
  }
  set_hook_error(L);
  (void)corm_error_set(err, CORM_E_HOOK, "a hook failed");
  err->from_hook = true;
  return CORM_FAILED;
}

corm_status binding_protect(binding_state *state, lua_CFunction body, void *ctx, corm_error *err) {
  lua_State *L = state->L;
  if (!lua_checkstack(L, 8)) return corm_error_memory(err);
  /* The value of an earlier failure that is still on its way must survive what this hook does. */
  binding_state_push(L);
  lua_getiuservalue(L, -1, BINDING_STATE_HOOK_ERROR);
  lua_remove(L, -2);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, ctx);
  int failed = lua_pcall(L, 1, 0, 0);
  state->L = L;
  lua_pushvalue(L, failed ? -2 : -1);
  set_hook_error(L);
  corm_status status = failed ? binding_hook_failed(L, state, err) : CORM_OK;
  lua_pop(L, 1);
  return status;
}

/* Closes the object with the error at the top; a second error while cleaning up must not hide the first. */
static void close_failed(lua_State *L, int object) {
  luaL_checkstack(L, 4, "block");
  int error = lua_gettop(L);
  if (luaL_getmetafield(L, object, "__close") == LUA_TNIL) return;
  lua_pushvalue(L, object);
  lua_pushvalue(L, error);
  (void)lua_pcall(L, 2, 0, 0);
  lua_settop(L, error);
}

/* coroutine.close() and lua_close() end a block without an error: then no function is left that calls __close. */
static bool is_abandoned(lua_State *L) {
  lua_Debug frame;
  return !lua_getstack(L, 1, &frame);
}

bool binding_closes_failed(lua_State *L) {
  const binding_head *head = lua_touserdata(L, 1);
  return !lua_isnoneornil(L, 2) || (head->flags & BINDING_IN_BLOCK) || is_abandoned(L);
}

static int finish_block(lua_State *L, int status, lua_KContext object) {
  ((binding_head *)lua_touserdata(L, (int)object))->flags &= ~BINDING_IN_BLOCK;
  if (status != LUA_OK && status != LUA_YIELD) {
    close_failed(L, (int)object);
    return lua_error(L);
  }
  lua_closeslot(L, (int)object);
  return lua_gettop(L) - (int)object;
}

int binding_block(lua_State *L, int object, int nargs) {
  object = lua_absindex(L, object);
  /* Nothing but the results may stand above the object afterwards. */
  lua_pushvalue(L, object);
  lua_insert(L, -(nargs + 2));
  object = lua_gettop(L) - nargs - 1;
  /* The slot is for a coroutine that is closed inside the block; an error goes through finish_block, so that it also
     ends the block where nobody closes the coroutine. */
  lua_toclose(L, object);
  ((binding_head *)lua_touserdata(L, object))->flags |= BINDING_IN_BLOCK;
  return finish_block(L, lua_pcallk(L, nargs, LUA_MULTRET, 0, object, finish_block), object);
}
