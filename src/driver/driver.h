/*
 * What a driver does: moves SQL text and values to a database and rows back. The engine is its only caller. A driver
 * knows storage values only (NULL INT REAL TEXT BLOB); turning dates, decimals and the like into them is the
 * dialect's codec. Errors are filled here, once, with the class of the tree, the native code, and table, column and
 * constraint where the database names them.
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

/* How a unit of work begins. */
typedef enum corm_begin_mode { CORM_BEGIN_READ, CORM_BEGIN_WRITE } corm_begin_mode;

struct corm_driver {
  const char *name; /* "sqlite" */

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
  /* Finalizes whatever is left, rolls back what is open. Never fails. */
  void (*close)(corm_driver_conn *conn);

  /* Runs SQL without parameters and rows (PRAGMA, SAVEPOINT). */
  corm_status (*exec)(corm_driver_conn *conn, const char *sql, corm_error *err);

  corm_status (*begin)(corm_driver_conn *conn, corm_begin_mode mode, corm_error *err);
  corm_status (*commit)(corm_driver_conn *conn, corm_error *err);
  corm_status (*rollback)(corm_driver_conn *conn, corm_error *err);
  /* The truth, as the database tells it (SQLite ends transactions by itself when the disk is full). */
  bool (*in_transaction)(const corm_driver_conn *conn);

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

  int64_t (*changes)(const corm_driver_conn *conn);        /* rows matched by the last DML */
  int64_t (*last_insert_id)(const corm_driver_conn *conn); /* generated key of the last INSERT */
  void (*interrupt)(corm_driver_conn *conn);               /* from another thread or a signal handler */
};

extern const corm_driver corm_driver_sqlite;

#endif
