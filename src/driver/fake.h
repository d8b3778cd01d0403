/*
 * A driver without a database: records every SQL text and its parameters, plays scripted rows and faults. For
 * specs of the engine, the flush and the loaders. What no script speaks of succeeds: a SELECT without rows, an INSERT,
 * UPDATE or DELETE that matched one row; INSERTs generate the keys 1, 2, 3...
 */
#ifndef CORM_DRIVER_FAKE_H
#define CORM_DRIVER_FAKE_H

#include "driver/driver.h"

typedef struct corm_fake corm_fake;

/* Makes a script; its driver is passed to the engine in place of a real one. It must outlive the engine. */
corm_fake *corm_fake_new(const corm_mem *mem);
void corm_fake_free(corm_fake *fake);
const corm_driver *corm_fake_driver(corm_fake *fake);

/* The next execution of a statement whose SQL contains `match` answers with these rows (row-major, copied). Without
   columns (ncols 0) it has matched nrows rows. */
CORM_MUST_USE corm_status corm_fake_rows(corm_fake *fake, const char *match, const char *const *names, size_t ncols,
                                         const corm_value *values, size_t nrows);
/* The next execution whose SQL contains `match` fails so; `ends_transaction` as SQLITE_FULL does. "BEGIN", "COMMIT" and
   "ROLLBACK" match the calls of transaction control. */
CORM_MUST_USE corm_status corm_fake_fault(corm_fake *fake, const char *match, corm_error_class cls, const char *message,
                                          bool ends_transaction);
/*
 * From now on it is a server's driver. A statement that fails in a transaction leaves it failed until a rollback, or
 * one to a savepoint; COMMIT then rolls back and is a PendingRollbackError. A fault of class DisconnectError or below
 * loses the connection: everything but closing is a DisconnectError from then on. "PING" matches the pings. All
 * isolation levels are there, and BEGIN names what it was given: "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY".
 * `server` is copied; its texts are not.
 */
void corm_fake_serve(corm_fake *fake, const corm_server *server);
/* What its statements can besides: arrays of rows ("INSERT ... | [1, 2], ['a', 'b']"; without a script they match as
   many rows as were bound), executions that are sent ahead ("SEND ...", and "ANSWER to ..." at the first step). */
void corm_fake_allow(corm_fake *fake, bool arrays, bool ahead);
/* Connections that are open now: opened and not closed yet. */
int corm_fake_open_count(const corm_fake *fake);
/* What was sent, one line a statement: "INSERT INTO t (a) VALUES (?) | 1"; borrowed, grows. */
const char *corm_fake_log(const corm_fake *fake);
void corm_fake_log_clear(corm_fake *fake);

#endif
