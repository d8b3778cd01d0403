/*
 * The module's state, metatables, checked userdata and scratch memory. One state serves every opening of the module in
 * a Lua state, so that values made before a second opening still fit.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/str.h"
#include "binding/binding.h"
#include "binding/state.h"

/* Its address is the state's key in the registry. */
static const char state_key;

/* More than this in one block is not kept for the next use of the scratch box. */
#define BOX_KEEPS ((size_t)256 * 1024)

typedef struct scratch_box {
  binding_head head;
  corm_arena arena;
  corm_buf buf;
} scratch_box;

/*
 * A thread remembers the state that it asked for last, by the address of the registry, since every check of a userdata
 * asks. A Lua state that is closed may leave its registry's address to a later one; but in that one the module is
 * opened before anything else asks, and each opening makes whatever was remembered before it void. Where there has been
 * one opening only, as in most processes, nothing has to be compared.
 */
static atomic_uint openings;
static _Thread_local struct {
  const void *registry;
  binding_state *state;
  unsigned openings;
} latest;

static binding_state *find_state(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  binding_state *state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return state;
}

static binding_state *find_again(lua_State *L, unsigned now) {
  const void *registry = lua_topointer(L, LUA_REGISTRYINDEX);
  if (latest.registry == registry && latest.openings == now) return latest.state;
  binding_state *state = find_state(L);
  if (state) {
    latest.registry = registry;
    latest.state = state;
    latest.openings = now;
  }
  return state;
}

static inline binding_state *get(lua_State *L) {
  const unsigned now = atomic_load_explicit(&openings, memory_order_relaxed);
  return now == 1 && latest.openings == 1 ? latest.state : find_again(L, now);
}

binding_state *binding_get(lua_State *L) {
  return get(L);
}

void binding_state_push(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->self);
}

void binding_push_weak(lua_State *L, const char *mode) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

int binding_table_ref(lua_State *L, const char *mode) {
  if (mode) {
    binding_push_weak(L, mode);
  } else {
    lua_newtable(L);
  }
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

binding_state *binding_state_open(lua_State *L) {
  binding_state *state = find_state(L);
  if (state) return state;
  atomic_fetch_add_explicit(&openings, 1, memory_order_relaxed);
  state = lua_newuserdatauv(L, sizeof *state, BINDING_STATE_SLOTS);
  memset(state, 0, sizeof *state);
  state->head = (binding_head){.tag = BINDING_TAG(BINDING_STATE)};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, binding_state_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  state->mem = corm_mem_libc;
  if (lua_getfield(L, LUA_REGISTRYINDEX, "corm.mem") == LUA_TLIGHTUSERDATA)
    state->mem = *(const corm_mem *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  state->L = L;
  for (int i = 0; i < BINDING_KIND_COUNT; i++) state->metatables[i] = state->methods[i] = LUA_NOREF;
  state->null_ref = state->array_ref = state->memory_error = state->generic_functions = LUA_NOREF;
  state->objects = binding_table_ref(L, "v");
  state->pins = binding_table_ref(L, NULL);
  state->hooks = binding_table_ref(L, "v");
  state->connections = binding_table_ref(L, "v");
  state->lives = binding_table_ref(L, "v");
  for (int i = 0; i < BINDING_LOAN_COUNT; i++) {
    lua_pushboolean(L, false);
    state->idle[i] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_pushvalue(L, -1);
  state->self = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
  return state;
}

const char *binding_name_at(lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TSTRING) return "";
  size_t len;
  const char *name = lua_tolstring(L, arg, &len);
  return strlen(name) == len ? name : "";
}

/* -- functions and metatables -- */

void binding_setfuncs(lua_State *L, const luaL_Reg *functions) {
  lua_pushlightuserdata(L, binding_get(L));
  luaL_setfuncs(L, functions, 1);
}

void binding_pushfunction(lua_State *L, lua_CFunction function) {
  lua_pushlightuserdata(L, binding_get(L));
  lua_pushcclosure(L, function, 1);
}

/* ArgumentError for a name that the table of methods at `methods` has not. */
static int no_member(lua_State *L, const char *owner, int methods, int key) {
  if (lua_type(L, key) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "%s has no member of type %s", owner, binding_typename(L, key));
  const char *names[128];
  size_t n = 0;
  methods = lua_absindex(L, methods);
  lua_pushnil(L);
  while (n < sizeof names / sizeof *names && lua_next(L, methods)) {
    names[n++] = lua_tostring(L, -2); /* the table keeps it */
    lua_pop(L, 1);
  }
  return binding_unknown(L, "member", owner, lua_tostring(L, key), names, n);
}

/* __index of a table of methods: only unknown names come here. Upvalue 2: the kind. */
static int unknown_member(lua_State *L) {
  binding_kind kind = (binding_kind)lua_tointeger(L, lua_upvalueindex(2));
  return no_member(L, binding_upvalue(L)->names[kind], 1, 2);
}

static int refuse_write(lua_State *L) {
  const char *owner = binding_typename(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "%s has no member '%s' that can be set", owner, lua_tostring(L, 2));
  return binding_error(L, CORM_E_ARGUMENT, "%s has no member that can be set", owner);
}

void binding_metatable(lua_State *L, binding_kind kind, const char *name, const luaL_Reg *methods, const luaL_Reg *meta,
                       lua_CFunction index) {
  static const luaL_Reg nothing[] = {{NULL, NULL}};
  binding_state *state = binding_get(L);
  if (state->metatables[kind] != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[kind]);
    return;
  }
  state->names[kind] = name;
  lua_createtable(L, 0, 8);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushfstring(L, "corm.%s", name);
  lua_setfield(L, -2, "__metatable");
  binding_pushfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  binding_setfuncs(L, meta ? meta : nothing);
  lua_newtable(L);
  binding_setfuncs(L, methods ? methods : nothing);
  if (index) {
    lua_pushlightuserdata(L, state);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, index, 2);
  } else {
    lua_createtable(L, 0, 1);
    lua_pushlightuserdata(L, state);
    lua_pushinteger(L, kind);
    lua_pushcclosure(L, unknown_member, 2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
  }
  lua_setfield(L, -3, "__index");
  state->methods[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
  state->identity[kind] = lua_topointer(L, -1);
  lua_pushvalue(L, -1);
  state->metatables[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}

void binding_list_metatable(lua_State *L, const char *name, const char *shown, const luaL_Reg *meta) {
  if (luaL_getmetatable(L, name) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 6);
  binding_setfuncs(L, meta);
  lua_pushstring(L, shown);
  lua_setfield(L, -2, "__metatable");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, name);
}

int binding_method(lua_State *L, binding_kind kind, int key) {
  binding_state *state = binding_get(L);
  key = lua_absindex(L, key);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[kind]);
  lua_pushvalue(L, key);
  lua_rawget(L, -2);
  if (!lua_toboolean(L, -1))
    return no_member(L, binding_kindof(L, 1) == kind ? binding_typename(L, 1) : state->names[kind], -2, key);
  return 1;
}

/* -- userdata -- */

void *binding_new_with(lua_State *L, binding_kind kind, size_t size, size_t room, int nuvalue) {
  binding_state *state = get(L);
  void *block = lua_newuserdatauv(L, size + room, nuvalue);
  memset(block, 0, size);
  *(binding_head *)block = (binding_head){.tag = BINDING_TAG(kind)};
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[kind]);
  lua_setmetatable(L, -2);
  return block;
}

void *binding_new(lua_State *L, binding_kind kind, size_t size, int nuvalue) {
  return binding_new_with(L, kind, size, 0, nuvalue);
}

/* The head of a block that says it is ours. A script with the debug library can put our metatable on a foreign
   userdata, and a foreign one on ours: both are looked at. */
binding_head *binding_headof(lua_State *L, int arg) {
  binding_head *head = lua_touserdata(L, arg);
  /* Light userdata has no length. */
  if (!head || lua_rawlen(L, arg) < sizeof *head) return NULL;
  if ((head->tag & ~UINT32_C(0xff)) != BINDING_MAGIC || binding_head_kind(head) >= BINDING_KIND_COUNT ||
      !lua_getmetatable(L, arg))
    return NULL;
  const void *identity = lua_topointer(L, -1);
  lua_pop(L, 1);
  return identity == get(L)->identity[binding_head_kind(head)] ? head : NULL;
}

binding_kind binding_kindof(lua_State *L, int arg) {
  const binding_head *head = binding_headof(L, arg);
  return head ? binding_head_kind(head) : (binding_kind)0;
}

void *binding_test(lua_State *L, int arg, binding_kind kind) {
  binding_head *head = binding_headof(L, arg);
  return head && binding_head_kind(head) == kind ? head : NULL;
}

void *binding_check(lua_State *L, int arg, binding_kind kind, const char *what) {
  void *block = binding_test(L, arg, kind);
  if (block) return block;
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_ARGUMENT, "%s: %s expected, got %s", what, binding_get(L)->names[kind],
                       binding_typename(L, arg));
  const char *colon = strchr(what, ':');
  if (arg == 1 && colon) corm_error_hint(&err, "call it as x%s(...)", colon);
  binding_raise(L, &err);
  return NULL;
}

const char *binding_typename(lua_State *L, int arg) {
  const binding_head *head = binding_headof(L, arg);
  if (head && binding_head_kind(head) == BINDING_VALUE) return binding_value_name(head);
  if (head) return binding_get(L)->names[binding_head_kind(head)];
  if (lua_type(L, arg) == LUA_TNUMBER) return lua_isinteger(L, arg) ? "integer" : "float";
  if (lua_type(L, arg) == LUA_TTABLE && luaL_getmetafield(L, arg, "__corm_kind")) {
    const char *kind = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL; /* the metatable keeps it */
    lua_pop(L, 1);
    if (kind) return kind;
  }
  return lua_type(L, arg) == LUA_TNONE ? "no value" : luaL_typename(L, arg);
}

/* -- scratch -- */

static int box_gc(lua_State *L) {
  scratch_box *box = binding_test(L, 1, BINDING_BOX);
  if (box) {
    corm_arena_clear(&box->arena);
    corm_buf_clear(&box->buf);
  }
  return 0;
}

/* The fields of `idle` are there: setting one takes no memory. */
void *binding_borrow(lua_State *L, binding_loan loan, binding_kind kind, size_t size, bool *is_new) {
  const int idle = get(L)->idle[loan];
  luaL_checkstack(L, 4, "scratch");
  lua_rawgeti(L, LUA_REGISTRYINDEX, idle);
  void *block = lua_touserdata(L, -1);
  *is_new = block == NULL;
  if (block) {
    lua_pushboolean(L, false);
    lua_rawseti(L, LUA_REGISTRYINDEX, idle);
    return block;
  }
  lua_pop(L, 1);
  return binding_new(L, kind, size, 0);
}

void binding_give_back(lua_State *L, binding_loan loan, int index) {
  lua_pushvalue(L, index);
  lua_rawseti(L, LUA_REGISTRYINDEX, get(L)->idle[loan]);
}

/* The box is borrowed at most calls, and is nothing but memory: it stays in `idle` while it is lent. When it is lost by
   an error, the next one that is given back takes its place. */
corm_arena *binding_scratch(lua_State *L, binding_state *state) {
  luaL_checkstack(L, 4, "scratch");
  scratch_box *box = state->idle_box;
  if (box) {
    state->idle_box = NULL;
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->idle[BINDING_LOAN_BOX]);
    return &box->arena;
  }
  box = binding_new(L, BINDING_BOX, sizeof *box, 0);
  corm_arena_init(&box->arena, &state->mem);
  corm_buf_init(&box->buf, &state->mem);
  return &box->arena;
}

static scratch_box *box_of(corm_arena *arena) {
  return (scratch_box *)((char *)arena - offsetof(scratch_box, arena));
}

void binding_scratch_done(lua_State *L, binding_state *state, corm_arena *arena) {
  scratch_box *box = box_of(arena);
  if (state->box != box) {
    int anchor = lua_gettop(L);
    while (anchor > 0 && lua_touserdata(L, anchor) != (void *)box) anchor--;
    if (anchor == 0) return; /* the collector has it or will */
    binding_give_back(L, BINDING_LOAN_BOX, anchor);
  }
  corm_arena_reset(arena);
  if (arena->blocks && (size_t)(arena->end - arena->next) > BOX_KEEPS) corm_arena_clear(arena);
  if (box->buf.cap > BOX_KEEPS) corm_buf_clear(&box->buf);
  state->box = state->idle_box = box;
}

corm_buf *binding_scratch_buf(corm_arena *arena) {
  corm_buf *buf = &box_of(arena)->buf;
  corm_buf_reset(buf);
  return buf;
}

void binding_open_state(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", box_gc}, {NULL, NULL}};
  binding_metatable(L, BINDING_BOX, "scratch", NULL, meta, NULL);
  lua_pop(L, 1);
}
