/* Engines and connections in Lua, and what other files of the room need of them. */
#ifndef CORM_BINDING_B_ENGINE_H
#define CORM_BINDING_B_ENGINE_H

#include "binding/binding.h"
#include "engine/connection.h"
#include "engine/engine.h"

/* -- engines (b_engine.c) -- */

/* User values of an Engine. LISTENERS: event name -> sequence of functions, replaced as a whole when it changes. */
enum {
  BINDING_ENGINE_URL = 1,
  BINDING_ENGINE_LISTENERS, /* siblings share the table of their root */
  BINDING_ENGINE_ROOT,      /* of a sibling: the Engine that owns the pool */
  BINDING_ENGINE_SLOTS = BINDING_ENGINE_ROOT
};

typedef struct binding_engine {
  binding_head head;
  corm_engine *engine; /* NULL: half built, or finalized by hand */
} binding_engine;

/* The engine at arg; ArgumentError for anything else. */
corm_engine *binding_check_engine(lua_State *L, int arg, const char *what);

/* -- options (b_engine_options.c) -- */

/* Those of create_engine at `options`; the ones that need the driver's word are read afterwards. */
void binding_read_engine_options(lua_State *L, int options, corm_engine_options *out);
void binding_read_engine_execution(lua_State *L, int options, corm_engine *engine);
/* Execution options of engines, connections and sessions: checked, and read over what is in `out`. */
void binding_check_execution_options(lua_State *L, int arg, const char *what);
void binding_read_execution_options(lua_State *L, int arg, const corm_engine *engine, corm_conn_options *out);
/* Pushes them as a table. */
void binding_push_execution_table(lua_State *L, const corm_conn_options *options);

/* -- the pool (b_pool.c) -- */

/* Pushes the Pool of the Engine at `engine`. */
void binding_push_pool(lua_State *L, int engine);
/* Pushes a DBAPIConnection, which is of use until it is ended. */
void binding_push_native(lua_State *L, corm_driver_conn *native);
void binding_end_native(lua_State *L, int arg);
void binding_open_pool(lua_State *L);

/* -- trying again (b_retry.c) -- */

/* target:run_transaction(fn, options): `begin` is target:begin(fn), `prepare` (or NULL) runs before each try with the
   target at 1. */
int binding_run_transaction(lua_State *L, const char *what, lua_CFunction begin, void (*prepare)(lua_State *L));

/* -- URLs (b_url.c) -- */

/* Pushes a URL. */
void binding_push_url(lua_State *L, const corm_url *url);
/* Pushes a table of its parts but dialect and driver, as URL.create takes it. */
void binding_push_url_parts(lua_State *L, const corm_url *url);
/* Reads such a table; texts are copied into the arena. Raises ArgumentError, in the name of `where`. */
void binding_read_url_parts(lua_State *L, int arg, const char *where, corm_arena *arena, corm_url *url);
/* The text of a URL, given as text or URL, with its password: in the scratch box's buffer or on the stack. */
const char *binding_url_text(lua_State *L, int arg, corm_arena *arena, size_t *len);

/* -- connections (b_connection.c) -- */

/* User values of a Connection. TRANSACTIONS: 1 is the transaction begun last, depth + 1 the savepoint. */
enum { BINDING_CONN_ENGINE = 1, BINDING_CONN_TRANSACTIONS, BINDING_CONN_SLOTS = BINDING_CONN_TRANSACTIONS };

typedef struct binding_conn {
  binding_head head;
  corm_conn *conn;       /* NULL: half built, or finalized by hand */
  bool commits_on_close; /* engine:begin(): closing without an error commits */
} binding_conn;

/* The connection at arg, which may be closed; ArgumentError for anything else. */
corm_conn *binding_check_conn(lua_State *L, int arg, const char *what);
/* Pushes the Connection of a core connection: the one that there is, or a new one which takes a reference. `engine`:
   stack index of its Engine. */
void binding_push_conn(lua_State *L, corm_conn *conn, int engine);
/* Opens a connection of the Engine at `engine` and pushes it. */
corm_conn *binding_open_conn(lua_State *L, int engine);

/* Compiles the statement at `stmt` for an execution with the parameters whose first set is at `first` (one for `keys`,
   which then asks for the generated key) and the criteria of its options (NULL: none). Raises. */
void binding_compile_execution(lua_State *L, int stmt, int first, bool keys, const corm_engine *engine,
                               const struct corm_criteria *criteria, corm_arena *arena, corm_compiled *out);
/* stream_results and yield_per, which means it too, of the statement's execution options. */
void binding_read_streaming(lua_State *L, int stmt, corm_execution *out);
/*
 * Executes the statement at `stmt` with the parameters at `params` (nil: none) on the Connection at `conn`, and pushes
 * the Result. Fires before_execute and after_execute.
 */
void binding_execute(lua_State *L, int conn, int stmt, int params);

/* -- schema work: create_all and its like -- */

/* The connection that the Engine or Connection at `bind` means; for an Engine a new one with a transaction of its own.
   Pushes the Connection. */
corm_conn *binding_bind_open(lua_State *L, int bind, const char *what);
/* Ends it: what binding_bind_open began is committed, or rolled back when err is set, and closed. Raises what is set
   or fails now. `conn`: stack index of what was pushed; `bind` as above. */
void binding_bind_done(lua_State *L, int bind, int conn, corm_error *err);

/* -- events (b_event.c) -- */

/* Pushes the list of listeners of the Engine at `engine` and returns their number, or pushes nothing and returns 0. */
size_t binding_push_listeners(lua_State *L, int engine, const char *name);

/* Starts and stops telling the core's engine about its listeners. */
void binding_engine_watch(lua_State *L, int engine);

/* The core's observer of an engine without listeners; `state` NULL: of one that nobody can reach any more. */
corm_engine_observer binding_quiet_observer(binding_state *state);

/* -- parts of binding_open_engine and binding_open_connection -- */
void binding_open_url(lua_State *L);
void binding_open_transaction(lua_State *L);

/* -- transactions (b_transaction.c), among the files of connections -- */

/* conn:begin([fn]) and conn:begin_nested([fn]). */
int binding_conn_begin(lua_State *L);
int binding_conn_begin_nested(lua_State *L);
/* conn:get_transaction(), conn:get_nested_transaction(): nil when there is none. */
int binding_conn_get_transaction(lua_State *L);
int binding_conn_get_nested_transaction(lua_State *L);
/* Marks the transaction objects from this depth on (0: all) as ended. */
void binding_transactions_ended(lua_State *L, int conn, int depth);

#endif
