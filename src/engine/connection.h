/*
 * A connection in use: transaction state, prepared-statement cache, execution. Begins a transaction by itself at the
 * first statement ("commit as you go"). Reference counted; results hold it. Close is idempotent.
 *
 * Transaction control that a script sends as SQL is noticed: COMMIT ends the transaction, BEGIN begins it, ROLLBACK
 * leaves it LOST, so that who counts on its rows is told. PRAGMA, ATTACH, DETACH and VACUUM begin no transaction.
 *
 * Connections to one in-memory database share one physical connection and with it one transaction and one stack of
 * savepoints: a commit commits what all have written, a rollback undoes it (the others that wrote are LOST then).
 * Closing one rolls back only when no other takes part in the transaction.
 *
 * A connection that broke is *invalidated*: its transaction waits for rollback(), and the next statement after that
 * takes another physical connection. Nothing is sent twice.
 *
 * A hook may close or release the connection in mid-execution; that happens when the execution ends.
 */
#ifndef CORM_ENGINE_CONNECTION_H
#define CORM_ENGINE_CONNECTION_H

#include "base/error.h"
#include "base/value.h"
#include "engine/engine.h"
#include "engine/result.h"
#include "sql/compile.h"

typedef enum corm_txn_state {
  CORM_TXN_NONE, /* nothing begun */
  CORM_TXN_OPEN,
  CORM_TXN_FAILED, /* a statement failed in it, and the database accepts only a rollback, or one to a savepoint */
  CORM_TXN_LOST    /* it is over without having been ended: nothing but rollback is accepted (PendingRollbackError) */
} corm_txn_state;

void corm_conn_acquire(corm_conn *conn);
void corm_conn_release(corm_conn *conn); /* the last one closes */

/* Rolls back what is open, orphans results, gives the physical connection back. Idempotent. */
void corm_conn_close(corm_conn *conn);
bool corm_conn_is_closed(const corm_conn *conn);
corm_engine *corm_conn_engine(const corm_conn *conn);

/* Begins explicitly. InvalidRequestError when a transaction is already open (autobegun ones count). The BEGIN itself is
   sent at the first statement: as a write transaction (BEGIN IMMEDIATE on SQLite) when mode is WRITE or that statement
   writes. */
CORM_MUST_USE corm_status corm_conn_begin(corm_conn *conn, corm_begin_mode mode, corm_error *err);
/* Without a transaction both do nothing. A commit that fails leaves the transaction open where the database does. */
CORM_MUST_USE corm_status corm_conn_commit(corm_conn *conn, corm_error *err);
CORM_MUST_USE corm_status corm_conn_rollback(corm_conn *conn, corm_error *err);
corm_txn_state corm_conn_txn(const corm_conn *conn);
/* A function runs on after the end of the transaction that is its block (`over`), or such a function has ended:
   meanwhile the connection executes nothing. */
void corm_conn_block_over(corm_conn *conn, bool over);

/* The physical connection is not used again, by nobody. `err`: why, or NULL. */
void corm_conn_invalidate(corm_conn *conn, const corm_error *err);
/* True from the loss of the physical connection until another one is taken. */
bool corm_conn_is_invalidated(const corm_conn *conn);

/* How its transactions begin. They cannot change while a transaction is under way (InvalidRequestError). */
const corm_conn_options *corm_conn_get_options(const corm_conn *conn);
CORM_MUST_USE corm_status corm_conn_set_options(corm_conn *conn, const corm_conn_options *options, corm_error *err);
/* The isolation level that holds for its transactions. */
CORM_MUST_USE corm_status corm_conn_isolation(corm_conn *conn, corm_isolation *out, corm_error *err);
/* The level of who asks for none, as the database says at the first connection. */
CORM_MUST_USE corm_status corm_conn_default_isolation(corm_conn *conn, corm_isolation *out, corm_error *err);

/* Savepoints. A savepoint is named by its depth; the outermost is 1. Opening one begins a transaction if need be. */
CORM_MUST_USE corm_status corm_conn_savepoint(corm_conn *conn, int *depth, corm_error *err);
/* Both end the savepoint and every deeper one; InvalidRequestError when it is not open. */
CORM_MUST_USE corm_status corm_conn_savepoint_release(corm_conn *conn, int depth, corm_error *err);
CORM_MUST_USE corm_status corm_conn_savepoint_rollback(corm_conn *conn, int depth, corm_error *err);
int corm_conn_savepoint_depth(const corm_conn *conn); /* 0: none open */

/* One table of named parameters. */
typedef struct corm_params {
  const char *const *names;
  const corm_value *values;
  size_t n;
} corm_params;

/*
 * Runs a compiled statement. Binds take their value from `params` by name, else from the node; a bind without either
 * and a parameter without a bind are InvalidRequestErrors ("A value is required for bind parameter 'x'"), raised before
 * anything is sent. Values are coerced to the bind's type and refused with DataError/ArgumentError naming the column.
 * *out owns one reference; release it always. `compiled` may go before the result; the nodes and types that its columns
 * point at may not.
 */
CORM_MUST_USE corm_status corm_conn_execute(corm_conn *conn, const corm_compiled *compiled, const corm_params *params,
                                            corm_result **out, corm_error *err);

/* How a statement is executed. */
typedef struct corm_execution {
  bool stream_results; /* rows come one by one, in constant memory; else the driver may fetch them whole */
  uint32_t page; /* so many rows at a time, with which the caller is done before it asks for more; other statements
                    may run in between without the rest being read; 0: nobody knows */
  bool ends;     /* with the rollback of its transaction: what is left of the rows is not read then */
  bool at_once;  /* all rows are read as soon as they come: where they are many, they come one by one, so that the
                    server works on the next ones meanwhile */
  bool many;     /* the rows are probably many: the first execution may take more trouble to begin */
  bool ahead;    /* the rows are wanted later: a statement that reads is only sent, where the driver can, and its
                    failure is told by corm_result_next */
  bool lasting;  /* the compiled statement outlives the result */
} corm_execution;

/* Asks how the database would execute a statement, with these values: rows of its own. The statement is not executed;
   with `analyze` it is, and the rows tell what that took: CompileError where the database has no such thing,
   InvalidRequestError for one that writes. */
CORM_MUST_USE corm_status corm_conn_explain(corm_conn *conn, const corm_compiled *compiled, const corm_params *params,
                                            bool analyze, corm_result **out, corm_error *err);

/* executemany: the same statement once per parameter set, one prepared statement; the result has the summed rowcount.
   All sets are checked before the first is sent. Rows that are returned follow each other. Counts as one statement.
   `execution` may be NULL. */
CORM_MUST_USE corm_status corm_conn_execute_many(corm_conn *conn, const corm_compiled *compiled,
                                                 const corm_params *sets, size_t nsets, const corm_execution *execution,
                                                 corm_result **out, corm_error *err);

/* Native SQL with native placeholders; positional values 1..n, or named ones when names is not NULL. */
CORM_MUST_USE corm_status corm_conn_execute_sql(corm_conn *conn, const char *sql, size_t len, const corm_params *params,
                                                corm_result **out, corm_error *err);

/*
 * A statement prepared for many executions with values that are ready for the driver (corm_conn_encode): the way in of
 * engine/bulk.h. `batch` keeps it checked out of the cache until it is closed. `compiled` must outlive it. It holds the
 * connection; after a close it only refuses.
 */
typedef struct corm_batch corm_batch;

/* One execution of a batch. */
typedef struct corm_run {
  const corm_value *values; /* of the statement's parameters, n for each row */
  size_t n;
  size_t nrows; /* 0: an ordinary execution; else all rows at once, through the driver's bind_rows */

  /* Room for rows that the statement returns, `width` values each; NULL: they are not wanted. Bytes are copied. */
  corm_value *returned;
  size_t width;
  size_t room;
  corm_arena *arena;

  /* What came of it. */
  size_t nreturned; /* may exceed the room */
  int64_t matched;
  int64_t last_id; /* generated key; 0: none */
} corm_run;

CORM_MUST_USE corm_status corm_conn_batch_open(corm_conn *conn, const corm_compiled *compiled, corm_batch **out,
                                               corm_error *err);
CORM_MUST_USE corm_status corm_batch_run(corm_batch *batch, corm_run *run, corm_error *err);
/* The two halves of it, for drivers that can send ahead: what is sent is received in the same order, before anything
   else is done with the connection. In a transaction sending may go on between the receiving, of the same batch, too.
   Once one half has failed, `receive` is still due for all that was sent. */
bool corm_conn_can_send(const corm_conn *conn);
/* Whether its driver can; nobody may be watching for it to be done. */
bool corm_conn_has_send(const corm_conn *conn);
CORM_MUST_USE corm_status corm_batch_send(corm_batch *batch, const corm_run *run, corm_error *err);
CORM_MUST_USE corm_status corm_batch_receive(corm_batch *batch, corm_run *run, corm_error *err);
void corm_batch_close(corm_batch *batch);

/* The form in which the driver takes a canonical value of this type. Bytes are the value's own, unless `copy` is set or
   the codec rewrites them: then they are in the arena. DataError. */
CORM_MUST_USE corm_status corm_conn_encode(const corm_conn *conn, const corm_type *type, const corm_value *value,
                                           bool copy, corm_arena *arena, corm_value *out, corm_error *err);

/* Begins the transaction as one that writes, if it has not begun. */
CORM_MUST_USE corm_status corm_conn_begin_writing(corm_conn *conn, corm_error *err);

/* A warning: to the log with echo, else to the observer. */
void corm_conn_warn(const corm_conn *conn, const char *warning);

/* Statements sent since the connection was opened, transaction control not counted. */
int64_t corm_conn_statement_count(const corm_conn *conn);

#endif
