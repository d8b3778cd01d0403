/*
 * The loop around a corm_loader. A load that is larger than the whole heap was before makes objects that mostly stay;
 * the collector, which would mark them again at each doubling of the heap, is told that what exceeds twice the old heap
 * was not allocated, nor what the script makes next, up to a quarter of that: a credit. It is never given when the heap
 * is large already, so that garbage of many loads is bounded as it is without it.
 */
#include "binding/b_load.h"

#include <string.h>

#include "binding/state.h"

#define CREDIT_STEP_KB 64
#define LAST           4

/* One run with its eager loads. */
typedef struct run {
  lua_State *L;
  binding_state *state;
  int values;                    /* stack index of the table, or 0 */
  int anchors;                   /* stack index: a list of what no value holds, nil until there is something */
  int frame;                     /* stack index: binding_object_frame */
  lua_Integer count;             /* values appended */
  lua_Integer held;              /* anchors appended */
  const corm_object *last[LAST]; /* of the row's first entities: the anchor that it appended last */
  size_t bytes;                  /* of the objects made since the heap was looked at */
  int heap;        /* KB that the heap may have before the next credit: twice what it was, and the credit so far */
  uint32_t *edges; /* room for the edges of one parent, a userdata on the stack */
  uint32_t room;
} run;

static int loader_gc(lua_State *L) {
  binding_loader *handle = binding_test(L, 1, BINDING_LOADER);
  if (!handle || !handle->loader) return 0;
  binding_upvalue(L)->L = L;
  corm_loader_free(handle->loader);
  handle->loader = NULL;
  return 0;
}

binding_loader *binding_new_loader(lua_State *L) {
  bool is_new;
  return binding_borrow(L, BINDING_LOAN_LOADER, BINDING_LOADER, sizeof(binding_loader), &is_new);
}

void binding_loader_close(lua_State *L, int index) {
  index = lua_absindex(L, index);
  binding_loader *handle = lua_touserdata(L, index);
  corm_loader *loader = handle->loader;
  handle->loader = NULL;
  corm_loader_finish(loader);
  binding_give_back(L, BINDING_LOAN_LOADER, index);
}

/* -- the collector ------------------------------------------------------------------------------------------------- */

static void take_credit(run *r, size_t bytes) {
  r->bytes += bytes + 56; /* a userdata's own header */
  if (r->bytes < CREDIT_STEP_KB * 1024) return;
  r->bytes = 0;
  const int more = lua_gc(r->L, LUA_GCCOUNT) - r->heap;
  if (more <= 0) return;
  r->heap += more;
  if (lua_gc(r->L, LUA_GCISRUNNING)) lua_gc(r->L, LUA_GCSTEP, -(more + more / 4));
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

/* Pushes the userdata of entity k of the current row, or nil. */
static inline void push_entity(run *r, corm_loader *loader, uint32_t k) {
  lua_State *L = r->L;
  corm_error err;
  corm_error_init(&err);
  corm_object *object = NULL;
  size_t size = corm_loader_need(loader, k, &object);
  if (!size) {
    if (object)
      lua_rawgeti(L, r->frame + 1, object->handle);
    else
      lua_pushnil(L);
    return;
  }
  void *block =
      binding_object_block_at(L, r->state, r->frame, size, corm_loader_mapper(loader, k)->relationships.len > 0);
  object = corm_loader_fill(loader, k, block, &err);
  if (!object) binding_raise(L, &err);
  if ((void *)object != block) {
    lua_pop(L, 1);
    lua_rawgeti(L, r->frame + 1, object->handle);
    return;
  }
  binding_object_filled(r->state, L, object);
  take_credit(r, size);
}

static int list_of_anchors(run *r) {
  lua_State *L = r->L;
  if (lua_isnil(L, r->anchors)) {
    lua_newtable(L);
    lua_replace(L, r->anchors);
  }
  return r->anchors;
}

/* Objects that are no values of the row must not be collected before the links are made. Those that a join repeats
   mostly stand in rows that follow each other. */
static void anchor(run *r, int index, uint32_t k) {
  lua_State *L = r->L;
  const corm_object *object = lua_touserdata(L, index);
  if (!object || (k < LAST && r->last[k] == object)) return;
  if (k < LAST) r->last[k] = object;
  const int list = list_of_anchors(r);
  lua_pushvalue(L, index);
  lua_rawseti(L, list, ++r->held);
}

static void append_values(run *r, corm_loader *loader, int entities) {
  lua_State *L = r->L;
  corm_error err;
  corm_error_init(&err);
  const uint32_t n = corm_loader_items(loader);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t column = 0;
    int32_t k = corm_loader_item(loader, i, &column);
    if (k >= 0) {
      lua_pushvalue(L, entities + k);
    } else {
      corm_value value;
      corm_result *result = corm_loader_result(loader);
      if (corm_result_value(result, column, &value, &err) != CORM_OK) binding_raise(L, &err);
      if (corm_result_is_hosted(result)) binding_get(L)->dialect = corm_result_dialect(result);
      binding_push_typed(L, &value, corm_result_column(result, column)->type);
    }
    lua_rawseti(L, r->values, ++r->count);
  }
}

/* Takes one row; true when it is to be shown. */
static bool take_row(run *r, corm_loader *loader, bool wanted) {
  lua_State *L = r->L;
  int first = lua_gettop(L) + 1;
  const uint32_t n = corm_loader_entities(loader);
  luaL_checkstack(L, (int)n + 6, "entities of a row");
  for (uint32_t k = 0; k < n; k++) push_entity(r, loader, k);
  const bool shown = wanted && !corm_loader_duplicate(loader);
  /* With one entity that is the row's only value, the value holds it. */
  if (!shown || n > 1)
    for (uint32_t k = 0; k < n; k++) anchor(r, first + (int)k, k);
  if (shown) append_values(r, loader, first);
  lua_settop(L, first - 1);
  return shown;
}

/* -- links --------------------------------------------------------------------------------------------------------- */

static void link_groups(run *r, corm_loader *loader) {
  lua_State *L = r->L;
  corm_error err;
  corm_error_init(&err);
  corm_object *parent, *const *targets;
  uint32_t n;
  int top = lua_gettop(L);
  uint32_t few[32];
  if (!r->edges) {
    r->edges = few;
    r->room = 32;
  }
  while (corm_loader_group(loader, &parent, &targets, &n)) {
    if (n > r->room) {
      lua_settop(L, top);
      r->edges = lua_newuserdatauv(L, (size_t)n * sizeof *r->edges, 0);
      r->room = n;
    }
    if (n) binding_edges_add(L, r->state->host, parent, targets, n, r->edges);
    if (corm_loader_link(loader, r->edges, &err) != CORM_OK) binding_raise(L, &err);
  }
  lua_settop(L, top);
  r->edges = NULL;
}

/* Rows of one object each, which are what most queries ask for: they go to a list at once. */
static corm_status take_objects(run *r, corm_loader *loader, bool wanted, lua_Integer *rows, corm_error *err) {
  lua_State *L = r->L;
  lua_Integer *count = wanted ? &r->count : &r->held;
  const lua_Integer had = *count;
  corm_status status;
  luaL_checkstack(L, 8, "objects");
  const int list = wanted ? r->values : list_of_anchors(r);
  while ((status = corm_loader_step(loader, err)) == CORM_ROW) {
    push_entity(r, loader, 0);
    lua_rawseti(L, list, ++*count);
  }
  if (wanted) *rows = *count - had;
  return status;
}

static bool has_one_object(const corm_loader *loader, bool wanted) {
  uint32_t column;
  if (corm_loader_entities(loader) != 1) return false;
  return !wanted || (corm_loader_items(loader) == 1 && corm_loader_item(loader, 0, &column) == 0);
}

/* Eager loads, which may have some of their own: as deep as the options say. */
static void run_next(run *r, corm_loader *loader);

static lua_Integer run_one(run *r, corm_loader *loader, bool wanted) {
  lua_State *L = r->L;
  corm_error err;
  corm_error_init(&err);
  corm_status status;
  lua_Integer rows = 0;
  luaL_checkstack(L, 8, "eager loading");
  if (has_one_object(loader, wanted)) {
    status = take_objects(r, loader, wanted, &rows, &err);
  } else {
    while ((status = corm_loader_step(loader, &err)) == CORM_ROW) rows += take_row(r, loader, wanted);
  }
  if (status == CORM_FAILED) binding_raise(L, &err);
  link_groups(r, loader);
  run_next(r, loader);
  return rows;
}

static void run_next(run *r, corm_loader *loader) {
  lua_State *L = r->L;
  corm_error err;
  corm_error_init(&err);
  while (corm_loader_has_next(loader)) {
    binding_loader *sub = binding_new_loader(L);
    r->state->L = L;
    corm_status status = corm_loader_next(loader, &sub->loader, &err);
    if (status == CORM_FAILED) binding_raise(L, &err);
    if (status == CORM_ROW) run_one(r, sub->loader, false);
    binding_loader_close(L, -1);
    lua_pop(L, 1);
  }
}

static void begin_run(lua_State *L, run *r) {
  luaL_checkstack(L, 8, "loader");
  r->heap = 2 * lua_gc(L, LUA_GCCOUNT);
  lua_pushnil(L);
  r->anchors = lua_gettop(L);
  binding_object_frame(L, r->state);
  r->frame = r->anchors + 1;
  r->state->L = L;
}

/* What happened to objects is told; the stack is as it was. */
static void end_run(lua_State *L, const run *r, corm_session *session) {
  corm_error err;
  corm_error_init(&err);
  r->state->L = L;
  lua_settop(L, r->anchors - 1);
  if (corm_session_tell(session, &err) != CORM_OK) binding_raise(L, &err);
}

lua_Integer binding_run_loader(lua_State *L, binding_state *state, corm_loader *loader, int values) {
  run r = {.L = L, .state = state, .values = values ? lua_absindex(L, values) : 0};
  begin_run(L, &r);
  corm_session *session = corm_loader_session(loader);
  lua_Integer rows = run_one(&r, loader, values != 0);
  end_run(L, &r, session);
  return rows;
}

void binding_run_get(lua_State *L, binding_state *state, corm_loader *loader) {
  run r = {.L = L, .state = state};
  corm_error err;
  corm_error_init(&err);
  corm_status status;
  if (!has_one_object(loader, true)) {
    lua_createtable(L, 1, 0);
    binding_run_loader(L, state, loader, -1);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    return;
  }
  lua_pushnil(L);
  begin_run(L, &r);
  while ((status = corm_loader_step(loader, &err)) == CORM_ROW) {
    push_entity(&r, loader, 0);
    lua_replace(L, r.anchors - 1);
  }
  if (status == CORM_FAILED) binding_raise(L, &err);
  link_groups(&r, loader);
  run_next(&r, loader);
  end_run(L, &r, corm_loader_session(loader));
}

lua_Integer binding_run_page(lua_State *L, binding_state *state, corm_loader *loader, int values, uint32_t page,
                             bool *over) {
  run r = {.L = L, .state = state, .values = lua_absindex(L, values)};
  corm_error err;
  corm_error_init(&err);
  corm_status status = CORM_ROW;
  lua_Integer rows = 0;
  begin_run(L, &r);
  while (rows < (lua_Integer)page && (status = corm_loader_step(loader, &err)) == CORM_ROW)
    rows += take_row(&r, loader, true);
  if (status == CORM_ROW && corm_loader_pause(loader, &err) != CORM_OK) status = CORM_FAILED;
  if (status == CORM_FAILED) binding_raise(L, &err);
  link_groups(&r, loader);
  run_next(&r, loader);
  corm_loader_resume(loader);
  *over = status == CORM_DONE;
  end_run(L, &r, corm_loader_session(loader));
  return rows;
}

/* -- from within the core ------------------------------------------------------------------------------------------ */

typedef struct load_call {
  binding_state *state;
  corm_loader *loader;
} load_call;

static int load_body(lua_State *L) {
  const load_call *call = lua_touserdata(L, 1);
  binding_run_loader(L, call->state, call->loader, 0);
  return 0;
}

corm_status binding_host_run_loader(void *ctx, corm_loader *loader, corm_error *err) {
  binding_host *host = ctx;
  load_call call = {host->state, loader};
  return binding_protect(host->state, load_body, &call, err);
}

void binding_open_load(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", loader_gc}, {"__close", loader_gc}, {NULL, NULL}};
  binding_metatable(L, BINDING_LOADER, "Loader", NULL, meta, NULL);
  lua_pop(L, 1);
}
