/*
 * What a driver does: moves SQL text and values to a database and rows back. The engine is its only caller. A driver
 * says which kinds of value it moves as they are (`kinds`): the dialect's codec turns the others into these. Errors are
 * filled here, once, with the class of the tree, the native code, the SQLSTATE, and table, column and constraint where
 * the database names them; what the server says about values goes into the error's detail, never into its message.
 */
#ifndef CORM_DRIVER_DRIVER_H
#define CORM_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/value.h"

typedef struct corm_driver corm_driver;

/* A key and a value of a URL's query part. */
typedef struct corm_driver_option {
  const char *key;
  const char *value;
} corm_driver_option;

/* Where to connect; every member may be NULL. Borrowed for the call. */
typedef struct corm_driver_target {
  const char *host;
  int port; /* 0: the default */
  const char *username;
  const char *password;
  const char *database;
  const corm_driver_option *options;
  size_t noptions;
  int64_t busy_timeout_ms; /* how long to wait for a lock */
} corm_driver_target;

/* An open connection; a driver's own struct begins with this. */
typedef struct corm_driver_conn {
  const corm_driver *driver;
  const corm_mem *mem;
} corm_driver_conn;

/* A prepared statement; a driver's own struct begins with this. */
typedef struct corm_driver_stmt {
  corm_driver_conn *conn;
} corm_driver_stmt;

/* How a unit of work begins: SQLite takes its lock at once for WRITE, servers make no difference. */
typedef enum corm_begin_mode { CORM_BEGIN_READ, CORM_BEGIN_WRITE } corm_begin_mode;

/* X(enumerator, "NAME") */
#define CORM_ISOLATIONS(X)                                                                                             \
  X(DEFAULT, "DEFAULT")       /* the server's */                                                                       \
  X(AUTOCOMMIT, "AUTOCOMMIT") /* the engine begins nothing; drivers never see it */                                    \
  X(READ_UNCOMMITTED, "READ UNCOMMITTED")                                                                              \
  X(READ_COMMITTED, "READ COMMITTED")                                                                                  \
  X(REPEATABLE_READ, "REPEATABLE READ")                                                                                \
  X(SERIALIZABLE, "SERIALIZABLE")

typedef enum corm_isolation {
#define CORM_X(id, name) CORM_ISOLATION_##id,
  CORM_ISOLATIONS(CORM_X)
#undef CORM_X
      CORM_ISOLATION_COUNT
} corm_isolation;

typedef struct corm_begin {
  corm_begin_mode mode;
  corm_isolation isolation;
  bool read_only;
  bool deferrable; /* PostgreSQL, with SERIALIZABLE and read_only */
} corm_begin;

/* What answers at the other end. */
typedef struct corm_server {
  const char *version; /* text of its own; borrowed from the connection */
  int number;          /* 150018: 15.18, 101119: 10.11.19, 80036: 8.0.36 */
  bool mariadb;        /* MariaDB, not MySQL */
} corm_server;

/* Bit of a value kind in `kinds`. */
#define CORM_KIND(kind) (UINT32_C(1) << (kind))

struct corm_driver {
  const char *name; /* "sqlite", "libpq", "libmariadb" */

  uint32_t kinds;      /* CORM_KIND bits: what `bind` takes and `column` gives */
  uint32_t isolations; /* bits of corm_isolation, DEFAULT and AUTOCOMMIT left out */
  bool one_stream;     /* while a statement streams, the connection can do nothing else */

  /* Option keys that `open` understands, NULL-terminated; the engine refuses others with a hint. */
  const char *const *option_names;

  /* The client library's version text. */
  const char *(*version)(void);

  /* Looks the target over without opening anything: ArgumentError for parts that make no sense here and for option
     values outside their range. */
  corm_status (*check)(const corm_driver *driver, const corm_driver_target *target, corm_error *err);
  /* True when every `open` would make a database of its own (SQLite in memory): the engine then opens one and shares
   * it. */
  bool (*is_private)(const corm_driver *driver, const corm_driver_target *target);

  corm_status (*open)(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                      corm_driver_conn **out, corm_error *err);
  /* Puts the settings that `open` made (foreign keys, timeout) back in force, after a script ran settings of its own.
   */
  corm_status (*restore)(corm_driver_conn *conn, corm_error *err);
  /* From now on the database ends a statement that takes longer, in milliseconds (StatementTimeoutError); 0: what holds
     is what `open` made it. On some databases the end of a transaction in which it was called takes it back. NULL:
     cannot. */
  corm_status (*limit)(corm_driver_conn *conn, int64_t ms, corm_error *err);
  /* True when such a setting is known to differ from what `open` made it (the server reported a change). NULL: only the
     engine, which reads the statements, knows. */
  bool (*is_altered)(const corm_driver_conn *conn);
  /* Finalizes whatever is left, rolls back what is open. Never fails. */
  void (*close)(corm_driver_conn *conn);
  /* In a forked child: gives up the descriptor and the memory without a word to the server, whose connection is the
     parent's. NULL: the connection is left as it is. */
  void (*abandon)(corm_driver_conn *conn);
  /* NULL: there is no server. */
  void (*server)(const corm_driver_conn *conn, corm_server *out);
  /* Asks whether the other end answers; DisconnectError when not. NULL: it always does. */
  corm_status (*ping)(corm_driver_conn *conn, corm_error *err);
  /* True when the connection is known to be lost. NULL: it cannot be. */
  bool (*is_lost)(const corm_driver_conn *conn);

  /* Runs SQL without parameters and rows (PRAGMA, SAVEPOINT). */
  corm_status (*exec)(corm_driver_conn *conn, const char *sql, corm_error *err);

  corm_status (*begin)(corm_driver_conn *conn, const corm_begin *begin, corm_error *err);
  /* OK only when the database said that it has committed: PendingRollbackError when it rolled back instead,
     CommitUnknownError when the connection was lost before the answer. */
  corm_status (*commit)(corm_driver_conn *conn, corm_error *err);
  corm_status (*rollback)(corm_driver_conn *conn, corm_error *err);
  /* The truth, as the database tells it (SQLite ends transactions by itself when the disk is full). */
  bool (*in_transaction)(const corm_driver_conn *conn);
  /* True in a transaction in which a statement failed, so that only a rollback (to a savepoint) is accepted. NULL:
     there is no such state. */
  bool (*is_failed)(const corm_driver_conn *conn);

  /* Prepares one statement; text after it other than white space and comments is a ProgrammingError. */
  corm_status (*prepare)(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out, corm_error *err);
  void (*finalize)(corm_driver_stmt *stmt);
  int (*param_count)(const corm_driver_stmt *stmt);
  /* 1-based index of a native named parameter, by its name without the prefix; 0 when there is none. Only for
     exec_driver_sql. */
  int (*param_index)(const corm_driver_stmt *stmt, const char *name);
  /* True for statements that cannot write (used to choose how a transaction begins). */
  bool (*readonly)(const corm_driver_stmt *stmt);

  /* Binds parameter 1..n. `keep`: the bytes stay valid until the next reset; else they are copied. */
  corm_status (*bind)(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err);
  /*
   * Binds parameter 1..n for nrows executions at once: the value of row i is values[i * stride]. Borrowed until the
   * next step. All parameters of the statement are bound so, with the same nrows; then one `step` executes all, and
   * rows that they return follow each other. On MariaDB the statement's text is one row's; on PostgreSQL each parameter
   * is an array (unnest), on SQLite an argument of the driver's table-valued function corm_rows(). NULL where the
   * client library has no such thing.
   */
  corm_status (*bind_rows)(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride, size_t nrows,
                           corm_error *err);
  /*
   * Sends the bound execution without waiting for the answer; `step` on the same statement reads it later. Statements
   * may be sent one after the other, and one that was sent may be bound and sent again, but not in the middle of its
   * rows. A step after the end of one of a statement's answers begins its next. In a transaction, executions may also
   * be sent while answers of earlier ones are still to be read: the database begins at once with what makes a few
   * packets, and has the rest at the latest when an answer is waited for. Outside a transaction all that is sent before
   * the first step is one unit, and what is sent after it waits for all answers. So does everything else that is done
   * with the connection, and a step of what was sent later; the answers then wait in their statements. After a failure
   * the later ones fail too (PendingRollbackError), and none of the transaction or unit has an effect; reset drops the
   * statement's answers. NULL: cannot.
   */
  corm_status (*send)(corm_driver_stmt *stmt, corm_error *err);
  /* Before the first step: true lets rows come one by one, in constant memory, false (what holds after prepare and
     reset) fetches them whole. NULL: rows always come one by one. */
  void (*stream)(corm_driver_stmt *stmt, bool on);
  /* Behind `stream`: its rows are probably many, so that a dearer beginning is worth it where each row is cheaper then.
     Holds until reset. NULL: there is no such way. */
  void (*many)(corm_driver_stmt *stmt);
  /* Before the first step of a SELECT, on PostgreSQL in a transaction: its rows stay with the server, in a cursor,
     which gives so many at a time; in between the connection is free for everything but the end of the transaction.
     Holds until reset. NULL: rows of one statement are in nobody's way (SQLite). */
  void (*page)(corm_driver_stmt *stmt, uint32_t rows);
  /* CORM_ROW, CORM_DONE or CORM_FAILED. */
  corm_status (*step)(corm_driver_stmt *stmt, corm_error *err);
  /* Ready for the next execution; bindings stay. Never reports the last step's error again. */
  void (*reset)(corm_driver_stmt *stmt);

  /* Sure only after the first step: a changed schema may change it. */
  int (*column_count)(const corm_driver_stmt *stmt);
  const char *(*column_name)(const corm_driver_stmt *stmt, int index); /* 0-based; borrowed */
  /* The value of a column of the current row, 0-based; bytes are borrowed until the next step or reset. ABSENT when
     memory ran out. */
  void (*column)(corm_driver_stmt *stmt, int index, corm_value *out);
  /* The same for n columns from `first` on. NULL: one by one. */
  void (*columns)(corm_driver_stmt *stmt, int first, int n, corm_value *out);

  int64_t (*changes)(const corm_driver_conn *conn);        /* rows matched by the last DML */
  int64_t (*last_insert_id)(const corm_driver_conn *conn); /* generated key of the last INSERT */
  void (*interrupt)(corm_driver_conn *conn);               /* from another thread or a signal handler */
};

extern const corm_driver corm_driver_sqlite;
extern const corm_driver corm_driver_libpq;      /* in builds with CORM_HAVE_LIBPQ */
extern const corm_driver corm_driver_libmariadb; /* in builds with CORM_HAVE_LIBMARIADB */

#endif
