/*
 * The corm_host over Lua. What the core calls in the middle of its work must not unwind through it: entries that can
 * fail run under lua_pcall, the others use table accesses that cannot allocate.
 */
#include "binding/b_host.h"

#include <stdio.h>

#include "binding/b_load.h"
#include "binding/state.h"

/* User values of the host. */
enum { HOST_VALUE = 1, HOST_TABLES, HOST_SLOTS = HOST_TABLES };

/* Runs body(L) with ctx; it can fail for want of memory only. */
static corm_status attempt(binding_host *host, lua_CFunction body, void *ctx, corm_error *err) {
  lua_State *L = host->state->L;
  if (!lua_checkstack(L, 10)) return corm_error_memory(err);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, ctx);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return CORM_OK;
  lua_pop(L, 1);
  return corm_error_memory(err);
}

/* -- pins: pins[handle] is the userdata, or false where none is needed: setting it allocates nothing. The first pin of
   a new object makes the places of all that there are by then. -------------------------------------------------- */

static int places_body(lua_State *L) {
  binding_host *host = lua_touserdata(L, 1);
  const uint32_t more = host->pins + host->pins / 2, last = more > host->handles ? more : host->handles;
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->state->pins);
  for (; host->pins < last; host->pins++) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, (lua_Integer)host->pins + 1);
  }
  return 0;
}

static corm_status host_pin(void *ctx, corm_object *object, corm_error *err) {
  binding_host *host = ctx;
  lua_State *tables = host->state->tables;
  lua_rawgeti(tables, 1, object->handle); /* lying here it is held while the places are made */
  if (object->handle > host->pins && attempt(host, places_body, host, err) != CORM_OK) {
    lua_pop(tables, 1);
    return CORM_FAILED;
  }
  lua_rawseti(tables, 2, object->handle);
  return CORM_OK;
}

static corm_status host_pins_reserve(void *ctx, corm_error *err) {
  binding_host *host = ctx;
  corm_status status = CORM_OK;
  while (status == CORM_OK && host->handles > host->pins) status = attempt(host, places_body, host, err);
  return status;
}

static void host_unpin(void *ctx, corm_object *object) {
  lua_State *tables = ((binding_host *)ctx)->state->tables;
  lua_pushboolean(tables, 0);
  lua_rawseti(tables, 2, object->handle);
}

static bool host_alive(void *ctx, const corm_object *object) {
  lua_State *tables = ((binding_host *)ctx)->state->tables;
  const bool alive = lua_rawgeti(tables, 1, object->handle) == LUA_TUSERDATA;
  lua_pop(tables, 1);
  return alive;
}

/*
 * -- edges ------------------------------------------------------------------------------------------------------
 * User value 1 of an object is nil, the one value that it points to (edge 1), or a table: t[1] is the first free edge
 * (0: none), t[edge + 1] the value or the next free edge. Objects of classes without relationships have no user value,
 * which saves 24 bytes and a visit of the collector; where such a class gets a relationship later, an ephemeron table
 * stands in for them.
 */

/* Pushes what the object at `index` holds. */
static int push_held(lua_State *L, const binding_host *host, int index) {
  const int type = lua_getiuservalue(L, index, 1);
  if (type != LUA_TNONE) return type;
  lua_pop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->late);
  lua_pushvalue(L, index);
  const int late = lua_rawget(L, -2);
  lua_remove(L, -2);
  return late;
}

/* The value at the top, which is popped, is what the object at `index` holds. */
static void set_held(lua_State *L, const binding_host *host, int index) {
  lua_pushvalue(L, -1);
  if (!lua_setiuservalue(L, index, 1)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, host->late);
    lua_pushvalue(L, index);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Pushes the table of the object at `index`, with room for n edges. */
static void push_table(lua_State *L, const binding_host *host, int index, uint32_t n) {
  int type = push_held(L, host, index);
  if (type == LUA_TTABLE) return;
  lua_createtable(L, (int)(n + 2), 0); /* one for what there is, or for the collection that they belong to */
  lua_pushinteger(L, 0);
  lua_rawseti(L, -2, 1);
  lua_insert(L, -2);
  if (type == LUA_TUSERDATA)
    lua_rawseti(L, -2, 2);
  else
    lua_pop(L, 1);
  lua_pushvalue(L, -1);
  set_held(L, host, index);
}

/* Takes the first free edge of the table at the top, or 0. */
static uint32_t take_free_edge(lua_State *L) {
  lua_rawgeti(L, -1, 1);
  uint32_t edge = (uint32_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (!edge) return 0;
  lua_rawgeti(L, -1, edge + 1);
  lua_rawseti(L, -2, 1);
  return edge;
}

bool binding_edges_begin(lua_State *L, const binding_host *host, int index, int n) {
  bool none = push_held(L, host, index) == LUA_TNIL;
  lua_pop(L, 1);
  if (!none) return false;
  lua_createtable(L, n + 2, 0); /* one place for the collection that they belong to */
  lua_pushinteger(L, 0);
  lua_rawseti(L, -2, 1);
  none = push_held(L, host, index) == LUA_TNIL; /* a finalizer may have run; from now on none does */
  lua_pop(L, none ? 1 : 2);
  return none;
}

void binding_edges_end(lua_State *L, const binding_host *host, int index) {
  set_held(L, host, index);
}

uint32_t binding_edge_keep(lua_State *L, const binding_host *host, int index) {
  if (push_held(L, host, index) == LUA_TNIL) {
    lua_pop(L, 1);
    set_held(L, host, index);
    return 1;
  }
  lua_pop(L, 1);
  push_table(L, host, index, 1);
  uint32_t edge = take_free_edge(L);
  if (!edge) edge = (uint32_t)lua_rawlen(L, -1);
  lua_insert(L, -2);
  lua_rawseti(L, -2, edge + 1);
  lua_pop(L, 1);
  return edge;
}

void binding_edge_push(lua_State *L, const binding_host *host, int index, uint32_t edge) {
  if (push_held(L, host, index) != LUA_TTABLE) return;
  lua_rawgeti(L, -1, edge + 1);
  lua_remove(L, -2);
}

void binding_edges_add(lua_State *L, binding_host *host, corm_object *from, corm_object *const *to, uint32_t n,
                       uint32_t *edges) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 9, "objects");
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->state->objects);
  lua_rawgeti(L, top + 1, from->handle);
  if (n == 1 && push_held(L, host, top + 2) == LUA_TNIL) {
    lua_rawgeti(L, top + 1, to[0]->handle);
    set_held(L, host, top + 2);
    edges[0] = 1;
    lua_settop(L, top);
    return;
  }
  lua_settop(L, top + 2);
  if (n == 1) lua_rawgeti(L, top + 1, to[0]->handle); /* a single one may be held by nobody yet */
  if (binding_edges_begin(L, host, top + 2, (int)n)) {
    for (uint32_t i = 0; i < n; i++) {
      lua_rawgeti(L, top + 1, to[i]->handle);
      lua_rawseti(L, -2, (lua_Integer)i + 2);
      edges[i] = i + 1;
    }
    set_held(L, host, top + 2);
    lua_settop(L, top);
    return;
  }
  push_table(L, host, top + 2, n);
  uint32_t count = (uint32_t)lua_rawlen(L, -1) - 1;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t edge = take_free_edge(L);
    if (!edge) edge = ++count;
    lua_rawgeti(L, top + 1, to[i]->handle);
    lua_rawseti(L, -2, edge + 1);
    edges[i] = edge;
  }
  lua_settop(L, top);
}

typedef struct edges_call {
  binding_host *host;
  corm_object *from;
  corm_object *const *to;
  uint32_t n;
  uint32_t *edges;
} edges_call;

static int edges_body(lua_State *L) {
  const edges_call *call = lua_touserdata(L, 1);
  binding_edges_add(L, call->host, call->from, call->to, call->n, call->edges);
  return 0;
}

/* The first edge of an object takes no memory, so that nothing can be raised. */
static bool add_first_edge(binding_host *host, const corm_object *from, const corm_object *to) {
  lua_State *L = host->state->L;
  if (!lua_checkstack(L, 4)) return false;
  int top = lua_gettop(L);
  binding_push_handle(L, host->state, from->handle);
  const bool free = lua_getiuservalue(L, -1, 1) == LUA_TNIL;
  if (free) {
    binding_push_handle(L, host->state, to->handle);
    lua_setiuservalue(L, top + 1, 1);
  }
  lua_settop(L, top);
  return free;
}

static corm_status host_edges_add(void *ctx, corm_object *from, corm_object *const *to, uint32_t n, uint32_t *edges,
                                  corm_error *err) {
  if (n == 1 && add_first_edge(ctx, from, to[0])) {
    edges[0] = 1;
    return CORM_OK;
  }
  edges_call call = {ctx, from, to, n, edges};
  return attempt(ctx, edges_body, &call, err);
}

static int edges_to_body(lua_State *L) {
  const edges_call *call = lua_touserdata(L, 1);
  for (uint32_t i = 0; i < call->n; i++)
    if (!call->edges[i])
      binding_edges_add(L, call->host, call->to[i], (corm_object *const *)&call->from, 1, &call->edges[i]);
  return 0;
}

/* Those that have no edge yet take no memory. */
static corm_status host_edges_to(void *ctx, corm_object *const *from, uint32_t n, corm_object *to, uint32_t *edges,
                                 corm_error *err) {
  binding_host *host = ctx;
  lua_State *L = host->state->L;
  if (!lua_checkstack(L, 5)) return corm_error_memory(err);
  const int objects = lua_gettop(L) + 1;
  bool all = true;
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->state->objects);
  lua_rawgeti(L, objects, to->handle);
  for (uint32_t i = 0; i < n; i++) {
    lua_rawgeti(L, objects, from[i]->handle);
    edges[i] = lua_getiuservalue(L, -1, 1) == LUA_TNIL;
    if (edges[i]) {
      lua_pushvalue(L, objects + 1);
      lua_setiuservalue(L, -3, 1);
    } else {
      all = false;
    }
    lua_settop(L, objects + 1);
  }
  lua_settop(L, objects - 1);
  edges_call call = {ctx, to, from, n, edges};
  return all ? CORM_OK : attempt(ctx, edges_to_body, &call, err);
}

typedef struct make_call {
  binding_host *host;
  corm_mapper *mapper;
  corm_object *object;
} make_call;

static int make_body(lua_State *L) {
  make_call *call = lua_touserdata(L, 1);
  binding_state *state = call->host->state;
  binding_object_frame(L, state);
  call->object =
      binding_object_block_at(L, state, 2, corm_object_size(call->mapper, 0), call->mapper->relationships.len > 0);
  corm_object_init(call->object, call->mapper);
  binding_object_filled(state, L, call->object);
  corm_error err;
  corm_error_init(&err);
  return host_pin(call->host, call->object, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static corm_status host_make(void *ctx, corm_mapper *mapper, corm_object **out, corm_error *err) {
  make_call call = {.host = ctx, .mapper = mapper};
  corm_status status = attempt(ctx, make_body, &call, err);
  *out = call.object;
  return status;
}

typedef struct assign_call {
  binding_host *host;
  corm_object *object;
  const binding_attr *attr;
  const corm_value *value;
} assign_call;

static int assign_body(lua_State *L) {
  const assign_call *call = lua_touserdata(L, 1);
  binding_push_object(L, call->host->state, call->object);
  lua_pushstring(L, call->attr->key);
  binding_push_typed(L, call->value, call->object->mapper->attributes[call->attr->slot].type);
  lua_settable(L, -3);
  return 0;
}

static const binding_attr *attr_of_slot(const binding_class *cls, uint32_t slot) {
  for (uint32_t i = 0; i < cls->cap; i++) {
    const binding_attr *attr = &cls->attrs[i];
    if (attr->key && attr->kind == BINDING_ATTR_COLUMN && attr->slot == slot) return attr;
  }
  return NULL;
}

static corm_status host_assign(void *ctx, corm_object *object, uint32_t slot, const corm_value *value,
                               corm_error *err) {
  const binding_class *cls = binding_class_of(object->mapper);
  assign_call call = {ctx, object, cls->hooked ? attr_of_slot(cls, slot) : NULL, value};
  if (!call.attr || !call.attr->hooked) return corm_object_set(object, slot, value, err);
  return binding_protect(call.host->state, assign_body, &call, err);
}

/* In the table at the top, each becomes the first free one. */
static void free_edges(lua_State *L, const corm_item *items, uint32_t n) {
  lua_rawgeti(L, -1, 1);
  lua_Integer first = lua_tointeger(L, -1);
  lua_pop(L, 1);
  for (uint32_t i = 0; i < n; i++) {
    if (!items[i].edge) continue;
    lua_pushinteger(L, first);
    lua_rawseti(L, -2, items[i].edge + 1);
    first = items[i].edge;
  }
  lua_pushinteger(L, first);
  lua_rawseti(L, -2, 1);
}

static void host_edges_drop(void *ctx, corm_object *from, const corm_item *items, uint32_t n) {
  binding_host *host = ctx;
  lua_State *L = host->state->L;
  while (n && !items[n - 1].edge) n--;
  if (!n) return;                    /* a single edge that `from` has without a table is none of these */
  if (!lua_checkstack(L, 8)) return; /* what it pointed to lives as long as `from` */
  int top = lua_gettop(L);
  binding_push_handle(L, host->state, from->handle);
  if (!lua_isnil(L, -1)) {
    if (push_held(L, host, top + 1) == LUA_TTABLE) {
      free_edges(L, items, n);
    } else {
      lua_pushnil(L);
      set_held(L, host, top + 1);
    }
  }
  lua_settop(L, top);
}

/* -- hooks --------------------------------------------------------------------------------------------------------- */

void binding_host_function(lua_State *L, const binding_host *host, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->functions);
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

static void host_warn(void *ctx, const char *text) {
  const binding_host *host = ctx;
  char line[640], place[LUA_IDSIZE];
  int number;
  const bool known = binding_script_place(host->state->L, place, &number);
  if (known)
    (void)snprintf(line, sizeof line, "%s:%d: %s", place, number, text);
  else
    (void)snprintf(line, sizeof line, "%s", text);
  lua_warning(host->state->L, line, 0);
}

static void host_blame(void *ctx, const corm_object *object, corm_error *err) {
  const binding_host *host = ctx;
  binding_state *state = host->state;
  lua_State *tables = state->tables;
  binding_state_push(tables);
  lua_rawgeti(tables, 1, object->handle);
  lua_setiuservalue(tables, -2, BINDING_STATE_BLAMED);
  lua_pop(tables, 1);
  if (!++state->blamed) state->blamed = 1;
  err->blamed = state->blamed;
}

static void host_plan_gone(void *ctx, corm_load_plan *plan) {
  const binding_host *host = ctx;
  lua_State *tables = host->state->tables;
  lua_rawgeti(tables, LUA_REGISTRYINDEX, host->plans);
  if (lua_rawgetp(tables, -1, plan) != LUA_TNIL) { /* so that what is set is there already */
    lua_pushnil(tables);
    lua_rawsetp(tables, -3, plan);
  }
  lua_pop(tables, 2);
}

typedef struct default_call {
  binding_host *host;
  corm_object *object;
  const corm_column *column;
  int hook;
  corm_value *out;
  corm_error err;
} default_call;

/* Keeps the Lua value behind *out until the next call. */
static void keep_value(lua_State *L, binding_host *host) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, host);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, HOST_VALUE);
  lua_pop(L, 1);
}

static int default_body(lua_State *L) {
  default_call *call = lua_touserdata(L, 1);
  binding_host *host = call->host;
  binding_host_function(L, host, "call_default");
  binding_hook_push(L, host->state, call->hook);
  binding_push_object(L, host->state, call->object);
  lua_pushstring(L, call->column->key);
  lua_call(L, 3, 1);
  lua_pushfstring(L, "the default of column '%s.%s'", call->column->table->fullname, call->column->name);
  corm_status status =
      binding_tovalue_typed(L, -2, call->column->type, lua_tostring(L, -1), &host->scratch, call->out, &call->err);
  if (status != CORM_OK) return binding_raise(L, &call->err);
  lua_pop(L, 1);
  keep_value(L, host);
  return 0;
}

static corm_status host_call_default(void *ctx, corm_object *object, const corm_column *column, int hook,
                                     corm_value *out, corm_error *err) {
  binding_host *host = ctx;
  default_call call = {.host = host, .object = object, .column = column, .hook = hook, .out = out};
  return binding_protect(host->state, default_body, &call, err);
}

static uint64_t host_listening(void *ctx) {
  return ((const binding_host *)ctx)->listening;
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

static int host_gc(lua_State *L) {
  binding_host *host = binding_test(L, 1, BINDING_HOST);
  if (!host) return 0;
  corm_mem_free(&host->state->mem, host->free);
  corm_scratch_clear(&host->scratch);
  host->free = NULL;
  host->nfree = host->cap = 0;
  return 0;
}

void binding_open_host(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", host_gc}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  if (state->host) return;
  binding_metatable(L, BINDING_HOST, "host", NULL, meta, NULL);
  lua_pop(L, 1);
  binding_host *host = binding_new(L, BINDING_HOST, sizeof *host, HOST_SLOTS);
  host->state = state;
  host->core = (corm_host){.ctx = host,
                           .pin = host_pin,
                           .unpin = host_unpin,
                           .pins_reserve = host_pins_reserve,
                           .alive = host_alive,
                           .loads_by = binding_host_loads_by,
                           .edges_add = host_edges_add,
                           .edges_to = host_edges_to,
                           .edges_drop = host_edges_drop,
                           .make = host_make,
                           .assign = host_assign,
                           .reread = binding_host_reread,
                           .run_loader = binding_host_run_loader,
                           .blame = host_blame,
                           .plan_gone = host_plan_gone,
                           .criterion = binding_host_criterion,
                           .before_load = binding_host_before_load,
                           .warn = host_warn,
                           .route = binding_host_route,
                           .call_default = host_call_default,
                           .event = binding_host_event,
                           .attribute = binding_host_attribute,
                           .listening = host_listening};
  corm_scratch_init(&host->scratch, &state->mem);
  state->tables = lua_newthread(L);
  lua_setiuservalue(L, -2, HOST_TABLES);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->pins);
  lua_xmove(L, state->tables, 2);
  host->classes = binding_table_ref(L, "v");
  host->living = binding_table_ref(L, NULL);
  host->aliases = binding_table_ref(L, "v");
  host->late = binding_table_ref(L, "k");
  host->plans = binding_table_ref(L, NULL);
  host->expressions = binding_table_ref(L, "k");
  host->held = binding_table_ref(L, "k");
  host->loading = binding_table_ref(L, "k");
  host->functions = binding_table_ref(L, NULL);
  host->kept = binding_table_ref(L, NULL);
  lua_rawsetp(L, LUA_REGISTRYINDEX, host);
  state->host = host;
}
