/*
 * The session in Lua: the unit of work over an engine or a connection, its transactions, what it executes. The core's
 * session lives as long as its userdata; objects do not keep it.
 */
#ifndef CORM_BINDING_B_SESSION_H
#define CORM_BINDING_B_SESSION_H

#include "binding/b_object.h"
#include "orm/load.h"
#include "orm/session.h"

/* User values of a Session. */
enum {
  BINDING_SESSION_BIND = 1,
  BINDING_SESSION_INFO,
  BINDING_SESSION_MAKER,
  BINDING_SESSION_BINDS, /* the other Engines, by their addresses, or nil */
  BINDING_SESSION_ROUTE, /* the function get_bind, or nil */
  BINDING_SESSION_LOOP,  /* the set that `for object in session` goes through */
  BINDING_SESSION_SLOTS = BINDING_SESSION_LOOP
};

typedef struct binding_session {
  binding_head head;
  corm_session *session; /* NULL: finalized by hand */
} binding_session;

/* User value of a sessionmaker: its options. */
enum { BINDING_MAKER_OPTIONS = 1, BINDING_MAKER_SLOTS = BINDING_MAKER_OPTIONS };

/* The session at arg (at 1), ready for calls into the core; `what`: the method ("Session:add"). */
corm_session *binding_checksession_at(lua_State *L, int arg, const char *what);
#define binding_checksession(L, what) binding_checksession_at(L, 1, what)

/* Its userdata, or nil; the Connection of its transaction, or nil. */
void binding_push_session(lua_State *L, corm_session *session);
void binding_push_session_connection(lua_State *L, corm_session *session);

/* sessions(): all that there are, as a sequence. is_session_class(value): it is corm.Session. */
int binding_list_sessions(lua_State *L);
int binding_is_session_class(lua_State *L);

/* -- transactions (b_session_txn.c) -- */
int binding_session_begin(lua_State *L);
int binding_session_begin_nested(lua_State *L);
int binding_session_get_transaction(lua_State *L);
int binding_session_get_nested_transaction(lua_State *L);
int binding_session_run_transaction(lua_State *L);
int binding_session_no_autoflush(lua_State *L);
int binding_session_commit(lua_State *L);
int binding_session_rollback(lua_State *L);
/* The same as begin for sessionmaker:begin, Session at 1, function or nil at 2: the Session is closed with it. */
int binding_session_begin_once(lua_State *L);
/* Pushes a SessionTransaction for the frame with that id of the Session at the absolute index `session`. */
void binding_push_session_txn(lua_State *L, int session, uint32_t frame, bool nested);
void binding_open_session_txn(lua_State *L);

/* -- new, dirty, deleted, identity_map (b_session_set.c) -- */
int binding_session_iterate(lua_State *L);
bool binding_push_session_map(lua_State *L, corm_session *session, bool with_new);
bool binding_push_session_set(lua_State *L, corm_session *session, const char *name);
void binding_open_session_set(lua_State *L);

/* -- get, execute, scalars, scalar, connection (b_session_run.c, b_session_get.c) -- */
int binding_session_get(lua_State *L);
int binding_session_get_one(lua_State *L);
int binding_session_execute(lua_State *L);
int binding_session_scalars(lua_State *L);
int binding_session_scalar(lua_State *L);
int binding_session_connection(lua_State *L);
/* Runs the statement at `statement` with the parameters at `params` (0: none) in the Session at `session`; pushes the
 * Result. */
void binding_session_run(lua_State *L, int session, int statement, int params);
/* The same without asking who listens to do_orm_execute; and by asking them (b_execute.c). */
void binding_session_send(lua_State *L, int session, int statement, int params);
void binding_session_hooked(lua_State *L, int session, int statement, int params);

/* -- binds (b_session_binds.c) -- */
/* Reads the options `binds` and `get_bind` of the table at `options` into the Session at the top. */
void binding_session_binds(lua_State *L, int options, corm_session *session);
int binding_session_get_bind(lua_State *L);
int binding_session_bind_mapper(lua_State *L);
int binding_session_bind_table(lua_State *L);
/* Pushes the Engine, or the bind of the Session at `self` where it is none of its others. */
void binding_push_bind(lua_State *L, int self, const corm_engine *engine);
/* The database for the statement at `statement`, whose node is `node`, or NULL: the session's own. */
struct corm_branch *binding_place(lua_State *L, corm_session *session, int statement, const corm_node *node);
/* That of the bind_arguments at the absolute index. Raises what is wrong with them, as does the check alone. */
struct corm_branch *binding_place_asked(lua_State *L, corm_session *session, int arguments, const char *what);
void binding_check_bind_arguments(lua_State *L, int arg, const char *what);

/* -- delete_all, invalidate; make_transient and its like for lua/corm/inspect.lua (b_session_state.c) -- */
int binding_session_delete_all(lua_State *L);
int binding_session_enable_loading(lua_State *L);
int binding_session_invalidate(lua_State *L);
void binding_open_session_state(lua_State *L);

/* -- for lua/corm/plan.lua: plan (b_plan.c), explain (b_session_run.c) -- */
void binding_open_plan(lua_State *L);
void binding_open_explain(lua_State *L);

/* -- merge, merge_all (b_session_merge.c) -- */
int binding_session_merge(lua_State *L);
int binding_session_merge_all(lua_State *L);

/* -- makers (b_sessionmaker.c) -- */
/* Pushes a Session of the checked options at `options`, made by the sessionmaker at `maker` (0: none). */
void binding_new_session(lua_State *L, int options, int maker);
void binding_open_sessionmaker(lua_State *L);

/* -- loader options (b_option.c) -- */
/* The tree of the options in the sequence at `list` (0: none). Pushes what holds it until the load is done, nil where
   there is none; then binding_load_options_done may give it back. ArgumentError. */
void binding_load_options(lua_State *L, int list, corm_load_options *out);
void binding_load_options_done(lua_State *L, int index);
/* ArgumentError for an option that begins at none of the entities. */
void binding_refuse_option(lua_State *L, const corm_load_options *options, const corm_bundle *const *entities,
                           size_t n);
void binding_open_option(lua_State *L);

/* -- queries (b_query.c) -- */
void binding_open_query(lua_State *L);

/* With the module on the top of the stack. */
void binding_open_session(lua_State *L);

#endif
