/*
 * The corm_host over Lua: what the ORM core asks of the Lua state, and what the files of the ORM's door share. An
 * object's block is its userdata; a small integer handle leads from the core's pointer back to it.
 *
 * The tables of handles lie on the stack of a thread of their own, so that reaching an object takes neither the
 * registry nor room on the running stack. What may allocate is never done there: an error of that thread has nowhere to
 * go.
 *
 * Whoever calls into orm/ sets state->L = L before it, finalizers included: hooks run there.
 */
#ifndef CORM_BINDING_B_HOST_H
#define CORM_BINDING_B_HOST_H

#include "binding/b_expr.h"
#include "orm/host.h"
#include "orm/links.h"

typedef struct binding_host {
  binding_head head;
  corm_host core; /* what registries and sessions are made with */
  binding_state *state;
  uint32_t *free; /* handles given back by finalizers; room for all that were ever given out */
  uint32_t nfree, cap;
  uint32_t handles; /* given out so far */
  uint32_t pins;    /* handles up to this one have their place among the pins */
  int classes;      /* ref: weak-valued array, class number -> class table */
  int living;       /* ref: binding_class * -> Mapper, strong while objects of the class exist */
  int aliases;      /* ref: weak-valued, BUNDLE of an alias -> its table, which the node's userdata keeps */
  int late;         /* ref: ephemeron table, object -> what would be its user value; b_host.c */
  int plans;        /* ref: corm_load_plan * -> the list of options that it was made of */
  int expressions;  /* ref: ephemeron table, object -> the expressions that are values of it, by slot + 1 */
  int loading;      /* ref: ephemeron table, object -> the Session that it loads relationships by */
  bool loads;       /* whether there were any */
  int held;         /* ref: ephemeron table, object -> the tables that it shows, by slot + 1; b_held.c */
  int functions;    /* ref: the functions of lua/corm/orm.lua that C calls, by name */
  uint32_t next_class;
  uint64_t listening;   /* bits of mapper and instance events that somebody listened to */
  corm_scratch scratch; /* of call_default; the Lua value behind it is user value 1 */

  /* The session's (b_session.c); NULL until it is opened. */
  int kept;                     /* ref: a sequence of the objects that hooks gave instead of others */
  uint32_t nkept;               /* of it, by the calls that are running */
  const corm_object *converted; /* what a hook made of a value that was no object: it has been asked about */
  bool tells_new_sessions;      /* somebody listens to a maker or to corm.Session: new sessions are asked about */
  void (*push_session)(lua_State *L, corm_session *session);    /* its userdata, or nil */
  void (*push_connection)(lua_State *L, corm_session *session); /* the Connection of its transaction, or nil */
  /* the SessionTransaction of a frame of the Session at an absolute index */
  void (*push_transaction)(lua_State *L, int session, uint32_t frame, bool nested);
} binding_host;

/* Pushes the userdata of an object, or nil when it is condemned. */
static inline int binding_push_handle(lua_State *L, const binding_state *state, uint32_t handle) {
  const int type = lua_rawgeti(state->tables, 1, handle);
  lua_xmove(state->tables, L, 1);
  return type;
}

/* Pushes the function of lua/corm/orm.lua with that name. */
void binding_host_function(lua_State *L, const binding_host *host, const char *name);

/* -- edges in the frame of the caller, which may raise (loaders) -- */
void binding_edges_add(lua_State *L, binding_host *host, corm_object *from, corm_object *const *to, uint32_t n,
                       uint32_t *edges);

/* Where the object at `index` (absolute, as below) has no edge yet: pushes a table for n of them, to be filled from
   index 2 on and then given to binding_edges_end, which pops it. They are the edges from 1 on. */
bool binding_edges_begin(lua_State *L, const binding_host *host, int index, int n);
void binding_edges_end(lua_State *L, const binding_host *host, int index);
/* Makes the value at the top, which is popped, an edge of the object at `index`; pushes what such an edge leads to. */
uint32_t binding_edge_keep(lua_State *L, const binding_host *host, int index);
void binding_edge_push(lua_State *L, const binding_host *host, int index, uint32_t edge);

/* corm_host.loads_by: b_session_state.c. */
corm_session *binding_host_loads_by(void *ctx, const corm_object *object);
CORM_MUST_USE corm_status binding_host_reread(void *ctx, corm_object *object, uint32_t slot, corm_error *err);

/* -- events (b_orm_event.c) -- */
CORM_MUST_USE corm_status binding_host_event(void *ctx, const corm_news *news, corm_error *err);
CORM_MUST_USE corm_status binding_host_attribute(void *ctx, corm_attribute_news *news, corm_error *err);
/* Lets go of what hooks gave since host->nkept was `mark`. Cannot fail. */
void binding_host_forget(lua_State *L, binding_host *host, uint32_t mark);
/* A new Session, at the top, is asked about by those who listen to its maker or to all. */
void binding_session_made(lua_State *L);
void binding_open_orm_event(lua_State *L);

void binding_open_host(lua_State *L);

#endif
