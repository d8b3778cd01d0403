/* What the files of the SQLite driver share. */
#ifndef CORM_DRIVER_SQLITE_H
#define CORM_DRIVER_SQLITE_H

#include <sqlite3.h>

#include "driver/driver.h"

typedef struct corm_sqlite_conn {
  corm_driver_conn base;
  sqlite3 *db;
  int timeout_ms;
  bool foreign_keys;
  bool uncommitted; /* reads what others have not committed (a shared cache's, SQLite knows no other) */
  bool query_only;
} corm_sqlite_conn;

/* The part of the driver that opens (sqlite_open.c). */
extern const char *const corm_sqlite_option_names[];
corm_status corm_sqlite_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err);
bool corm_sqlite_is_private(const corm_driver *driver, const corm_driver_target *target);
corm_status corm_sqlite_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                             corm_driver_conn **out, corm_error *err);
corm_status corm_sqlite_restore(corm_driver_conn *conn, corm_error *err);

/* What a failing call was doing: the same code means different things. */
typedef enum corm_sqlite_stage { CORM_SQLITE_PREPARE, CORM_SQLITE_RUN } corm_sqlite_stage;

/* Fills the error from the connection's last one: class, kind, and table, column and constraint as far as SQLite's
   message and the schema tell. `sql` is the failing statement or NULL. Returns CORM_FAILED. */
corm_status corm_sqlite_error(sqlite3 *db, corm_sqlite_stage stage, const char *sql, corm_error *err);

/* Gives the connection the function regexp(), which REGEXP calls (sqlite_regexp.c). An SQLite result code. */
int corm_sqlite_add_regexp(sqlite3 *db);

/* Values of one parameter for many rows, borrowed. */
typedef struct corm_sqlite_rows {
  const corm_value *values; /* of row i: values[i * stride] */
  size_t stride, nrows;
} corm_sqlite_rows;

/* What corm_rows() has at most; the dialect knows, too. */
enum { CORM_SQLITE_ROW_COLUMNS = 64 };

/* Gives the connection the table-valued function corm_rows(), which takes them (sqlite_rows.c). An SQLite result code.
 */
int corm_sqlite_add_rows(sqlite3 *db);
/* Binds an argument of it. */
int corm_sqlite_bind_rows(sqlite3_stmt *stmt, int index, const corm_sqlite_rows *rows);

#endif
