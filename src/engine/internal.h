/*
 * What the files of the engine room share. A *link* is a physical connection with all that lives as long as it does; a
 * corm_conn is the right to use one. A link has one user, except that of an in-memory database, which every corm_conn
 * of its engine uses: these then share one transaction.
 */
#ifndef CORM_ENGINE_INTERNAL_H
#define CORM_ENGINE_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/connection.h"
#include "engine/stmt_cache.h"

typedef struct corm_link {
  corm_driver_conn *native;
  const corm_driver *driver;
  corm_stmt_cache cache;
  corm_map proved;       /* by text: SELECTs that have proved how keys are generated (engine/bulk_writer.c) */
  corm_vec users;        /* corm_conn * */
  corm_result *results;  /* those that still stream, of all users */
  int64_t limit_ms;      /* of a statement, as we set it last; 0: never, or not any more */
  uint64_t limit_serial; /* of the transaction in which that was, at whose end it may be taken back; 0: in none */
  uint64_t serial;       /* number of the physical transaction that is open or was last */
  int savepoints;
  bool open;           /* a physical transaction is open, as far as we know */
  bool broken;         /* not to be used again */
  bool touched;        /* a script changed settings */
  unsigned generation; /* of the engine, when it was opened */
  unsigned forks;      /* of the process, when it was opened */
  int64_t opened_at;   /* monotonic microseconds */
} corm_link;

struct corm_engine {
  size_t refs;
  const corm_mem *mem;
  const corm_dialect *dialect;
  const corm_driver *driver;
  corm_arena arena; /* the URL's strings */
  corm_url url;
  corm_engine_options options;
  corm_engine_observer observer;
  corm_engine *root; /* itself; a sibling uses nothing but its own root and conn_options */
  corm_conn_options conn_options;
  corm_vec idle;     /* corm_link *, the last one given back at the end */
  corm_link *shared; /* what all users share */
  corm_pool_class pool;
  bool is_settled; /* the dialect has met its server */
  bool was_connected;
  unsigned generation;              /* counts what made the links useless */
  unsigned forks;                   /* of the process, when the first link was opened */
  size_t links;                     /* open ones */
  size_t used;                      /* those among them that have a user */
  corm_isolation default_isolation; /* DEFAULT: not asked yet */
};

typedef struct corm_pages_worker corm_pages_worker;

struct corm_conn {
  size_t refs;
  corm_engine *engine;
  const corm_driver *driver;
  corm_link *link; /* NULL: closed, or invalidated */
  corm_conn_options options;
  const struct corm_recorder
      *recorder; /* what pages would send is told to it, and nothing is sent; engine/bulk_record.c */
  corm_batch *batches;
  struct corm_pages_job *jobs; /* pages that are being written in the background; engine/bulk_job.c */
  corm_pages_worker *worker;   /* the thread that does it, where it takes one */
  uint64_t serial;             /* the physical transaction it has taken part in */
  corm_txn_state txn;
  corm_begin_mode mode;
  bool wrote;
  bool used; /* the transaction has sent something */
  bool closed;
  bool close_wanted; /* closed by a hook in the middle of an execution */
  bool lost_retryable;
  int running;    /* executions under way */
  bool failing;   /* listeners are being told of an error: those of what they execute are theirs */
  unsigned overs; /* blocks whose transaction has ended before them */
  int64_t statements;
  char lost[256];    /* the error that ended the transaction */
  corm_error *first; /* the same, owned; NULL: there was none, or no memory */
};

typedef struct corm_row {
  struct corm_row *next;
  corm_value values[];
} corm_row;

typedef enum corm_result_phase {
  CORM_RESULT_SENT,     /* the statement was sent, nothing of its answer is known */
  CORM_RESULT_FIRST,    /* the statement stands on the first row, which was not fetched yet */
  CORM_RESULT_STREAM,   /* the statement stands on the row that was fetched */
  CORM_RESULT_BUFFERED, /* rows are in memory */
  CORM_RESULT_DONE,
  CORM_RESULT_CLOSED
} corm_result_phase;

struct corm_result {
  size_t refs;
  corm_conn *conn; /* held */
  corm_result *next, *prev;
  const corm_driver *driver;
  corm_stmt *stmt; /* NULL: given back */
  corm_driver_stmt *native;
  corm_result_phase phase;
  bool returns_rows;
  bool blocks;      /* as long as it streams, the link can do nothing else */
  bool ends;        /* with the rollback of its transaction */
  bool paged;       /* it streams by a cursor: a step may need the link */
  bool plain;       /* columns have no types: raw SQL */
  bool has_decoded; /* `decoded` is in use */
  bool hosted;      /* some column's type is */
  int64_t rowcount;
  int64_t last_id;
  int64_t taken; /* rows, so far */
  const corm_compiled_column *columns;
  size_t ncolumns;
  corm_arena arena;   /* names, buffered rows */
  corm_arena decoded; /* of the current row */
  corm_row *rows;
  corm_row **last;
  corm_row *current;
  corm_row *key; /* what an INSERT returned that nobody asked for; NULL: nothing */
};

struct corm_batch {
  corm_conn *conn; /* held */
  const corm_compiled *compiled;
  corm_stmt *stmt;  /* NULL: the connection was closed */
  size_t in_flight; /* executions that were sent and not received */
  corm_batch *next, *prev;
};

/* -- link.c -------------------------------------------------------------------------------------------------------- */

corm_status corm_link_open(corm_engine *engine, corm_link **out, corm_error *err);
/* In a forked child it is abandoned. */
void corm_link_close(corm_engine *engine, corm_link *link);
/* Marks it as useless, and with it, the first time, all that were opened before: what broke one broke the others. */
void corm_link_break(corm_engine *engine, corm_link *link, const corm_error *err, bool all);
/* Ends what a script left open, restores settings. False: it cannot be used again. */
bool corm_link_restore(corm_engine *engine, corm_link *link);
/* Whether somebody listens to the event. */
static inline bool corm_engine_listens(const corm_engine *engine, corm_engine_event event) {
  return engine->observer.event != NULL && (engine->observer.events & (UINT32_C(1) << event)) != 0;
}
/* Tells an event of the pool. */
corm_status corm_link_tell(corm_engine *engine, corm_engine_event event, const corm_link *link, const corm_error *cause,
                           corm_error *err);
/* Tells an error of the database, or of opening a connection (conn NULL). An error in `instead` takes its place. */
void corm_failure_tell(corm_engine *engine, corm_conn *conn, corm_failure *failure, corm_error *instead);
/* Puts it there. */
void corm_failure_replace(corm_error *err, corm_error *instead);
/* True in a forked child of the process that opened the link, or the engine's links. */
bool corm_link_is_foreign(const corm_link *link);
bool corm_engine_is_foreign(const corm_engine *engine);
bool corm_conn_is_foreign(const corm_conn *conn);
/* In the child: the engine starts anew. */
void corm_engine_adopt(corm_engine *engine);

/* -- engine.c ------------------------------------------------------------------------------------------------------ */

/* Where a URL leads, whose texts are borrowed; ArgumentError for options and parts that the driver has no use for. */
corm_status corm_engine_target(const corm_engine *engine, const corm_url *url, corm_driver_target *out,
                               corm_error *err);

/* -- pool.c -------------------------------------------------------------------------------------------------------- */

/* Takes an idle link or opens one, and enters the user. */
corm_status corm_link_take(corm_engine *engine, corm_conn *user, corm_link **out, corm_error *err);
/* The user leaves; what nobody else takes part in is rolled back, and the link goes to the pool or is closed. */
void corm_link_give(corm_engine *engine, corm_link *link, corm_conn *user);
/* Closes the idle ones. */
void corm_pool_empty(corm_engine *engine);

/* -- drivers.c ----------------------------------------------------------------------------------------------------- */

/* What the two names of a URL mean, `driver` may be NULL. ArgumentError for what is unknown or not in this build. */
corm_status corm_dialect_choose(const char *dialect, const char *driver, const corm_dialect **dialect_out,
                                const corm_driver **driver_out, corm_error *err);
/* ArgumentError with the nearest name. */
corm_status corm_name_unknown(const char *what, const char *name, const char *const *names, size_t n, corm_error *err);

/* -- transaction.c ------------------------------------------------------------------------------------------------- */

/* Makes sure that a statement can be sent: refuses what is closed, in a forked child, or waits for a rollback, and
   takes a stream out of the way. */
corm_status corm_conn_check(corm_conn *conn, corm_error *err);
/* What holds for statements is not known any more: a part of the transaction was rolled back. */
void corm_link_forget_limit(corm_link *link);
/* Makes sure that a transaction is open for a statement of this verb, and notes that the connection takes part in it.
 */
corm_status corm_conn_join(corm_conn *conn, corm_verb verb, bool readonly, corm_error *err);
/* Asks the database, after a failed statement, what is left of transaction and connection. */
void corm_conn_failed(corm_conn *conn, corm_error *err);
/* The connection takes part in the physical transaction of its link. */
bool corm_conn_takes_part(const corm_conn *conn);
/* The same for an event of transactions; not told when nobody has the connection any more. */
corm_status corm_conn_tell(corm_conn *conn, corm_engine_event event, const char *savepoint, corm_error *err);
/* Gives the link back, with all that hangs on it. */
void corm_conn_leave_link(corm_conn *conn);
/* Closes what streams and cannot be read to its end; with `over`, at a rollback, also what ends there. */
void corm_link_buffer_or_close(corm_link *link, bool over);
/* A rollback to a savepoint has healed a failed transaction. */
void corm_conn_heal(corm_conn *conn);
/* The same after a statement of transaction control that a script sent as SQL. */
void corm_conn_noticed(corm_conn *conn, corm_verb verb);
/* Reads the rest of all streaming results of the link. */
corm_status corm_link_buffer(corm_link *link, corm_error *err);
/* The same, of what keeps the link from sending anything else. */
corm_status corm_link_unblock(corm_link *link, corm_error *err);

/* -- result.c ------------------------------------------------------------------------------------------------------ */

/* `lasting`: the compiled statement outlives the result, which shares its names. */
corm_status corm_result_new(corm_conn *conn, const corm_compiled *compiled, bool lasting, corm_result **out,
                            corm_error *err);
/* Takes the statement over, which `step` (CORM_ROW or CORM_DONE) has just said this about. Statements that write are
   read to their end at once. */
corm_status corm_result_start(corm_result *result, corm_stmt *stmt, corm_status step, corm_error *err);
/* Takes a statement over that was sent ahead. */
void corm_result_expect(corm_result *result, corm_stmt *stmt);
/* A statement was refused because an earlier one had failed: when that one was sent ahead, its failure is told instead,
   and its result is closed. */
void corm_link_find_cause(corm_link *link, corm_error *err);
/* Reads the columns' names from the statement, which must have been stepped. */
corm_status corm_result_describe(corm_result *result, corm_stmt *stmt, corm_error *err);
/* Appends the statement's rows from the one on which it stands. */
corm_status corm_result_collect(corm_result *result, corm_driver_stmt *native, corm_error *err);
/* What was collected is the key of an INSERT and no result; of return_defaults() it is read first. */
void corm_result_keep_key(corm_result *result, const corm_compiled *compiled);
corm_status corm_result_buffer(corm_result *result, corm_error *err);

/* -- params.c ------------------------------------------------------------------------------------------------------ */

enum { CORM_ARGS_INLINE = 16 };

/* Storage values of nrows executions, row-major. Bytes are the caller's or the arena's. */
typedef struct corm_args {
  corm_value *values;
  size_t n; /* of one row */
  size_t nrows;
  corm_arena arena;
  corm_value few[CORM_ARGS_INLINE];
} corm_args;

void corm_args_init(corm_args *args, const corm_mem *mem);
void corm_args_clear(corm_args *args);
/* The values of a compiled statement's binds for each set; `sets` may be NULL (one row of the nodes' own values). */
corm_status corm_args_compiled(corm_args *args, const corm_conn *conn, const corm_compiled *compiled,
                               const corm_params *sets, size_t nsets, corm_error *err);
/* Names the column of a bind whose value a driver or codec refused (DataError). */
void corm_bind_blame(const corm_compiled_bind *bind, corm_error *err);
/* The values of native placeholders. */
corm_status corm_args_native(corm_args *args, const corm_conn *conn, const corm_stmt *stmt, const corm_params *params,
                             corm_error *err);
/* True for a kind that the driver moves as it is. */
static inline bool corm_driver_takes(const corm_driver *driver, const corm_value *value) {
  return (driver->kinds & CORM_KIND(value->kind)) != 0;
}

/* -- echo.c -------------------------------------------------------------------------------------------------------- */

/* What is executed, for those who watch. */
typedef struct corm_sent {
  const corm_stmt *stmt;
  const corm_compiled *compiled; /* NULL: raw SQL */
  const corm_value *values;
  size_t n;
  size_t nrows;
  bool stream;   /* rows come one by one */
  bool many;     /* and are probably many */
  uint32_t page; /* so many at a time from a cursor, where there is such a thing */
  bool ahead;    /* nobody waits for the answer yet */
  bool ends;     /* a rollback of the transaction ends it */
  bool lasting;  /* the compiled statement outlives the result */
} corm_sent;

bool corm_conn_is_watched(const corm_conn *conn);
void corm_conn_log(const corm_conn *conn, const char *line);
void corm_conn_log_statement(const corm_conn *conn, const corm_sent *sent);
/* With echo: what came of it, and which line of the script it was. */
void corm_conn_log_outcome(const corm_conn *conn, int64_t elapsed_usec, int64_t rows);
/* With echo: a result was read to its end. */
void corm_conn_log_rows(const corm_conn *conn, int64_t rows);
/* Attaches SQL and parameters to an error of the driver. `row`: the failing one; past the end: nobody knows. */
void corm_conn_attach(const corm_conn *conn, const corm_sent *sent, size_t row, corm_error *err);

/* -- bulk_job.c ---------------------------------------------------------------------------------------------------- */

/* Waits for what is written in the background; in the background itself it does nothing. */
void corm_conn_settle(corm_conn *conn);

/* -- many.c -------------------------------------------------------------------------------------------------------- */

/* Executes rows of an executemany from *row on as far as one statement can stand for many, or be sent ahead; *row: the
   next one, the one that failed, or past the end when many failed together. */
corm_status corm_conn_run_many(corm_conn *conn, const corm_sent *sent, corm_stmt *stmt, corm_result *result,
                               size_t *row, int64_t *total, corm_error *err);
/* A statement of many rows failed because of its values, and the transaction stands: the rows may be tried again. */
bool corm_conn_may_retry(const corm_conn *conn, const corm_error *err);

/* -- connection.c -------------------------------------------------------------------------------------------------- */

/* Checks a statement out of the cache. */
corm_status corm_conn_take_stmt(corm_conn *conn, const char *sql, size_t len, corm_stmt **out, corm_error *err);
/* Binds the values of one row; who is refused is named. */
corm_status corm_conn_bind_row(corm_conn *conn, corm_stmt *stmt, const corm_sent *sent, size_t row, corm_error *err);
/* Around everything that may call a hook: closing and releasing wait for the last leave. */
void corm_conn_enter(corm_conn *conn);
void corm_conn_leave(corm_conn *conn);
corm_status corm_conn_before(corm_conn *conn, const corm_sent *sent, corm_error *err);
/* rows: how many were written or are there to read; -1: nobody knows yet. */
corm_status corm_conn_after(corm_conn *conn, const corm_sent *sent, int64_t elapsed_usec, int64_t rows,
                            corm_error *err);
void corm_batch_orphan(corm_batch *batch);

#endif
