/* What the files of the SQLite driver share. */
#ifndef CORM_DRIVER_SQLITE_H
#define CORM_DRIVER_SQLITE_H

#include <sqlite3.h>

#include "driver/driver.h"

enum { CORM_SQLITE_CACHE_RUNS = 128 }; /* statements between two looks at the cache */

/* How much of the file a connection keeps (sqlite_cache.c). */
typedef struct corm_sqlite_cache {
  int kb;
  uint32_t runs; /* statements since the last look */
  bool grows;
} corm_sqlite_cache;

/* Sets it to `kb` for good, or to what grows with need when kb is negative. An SQLite result code. */
int corm_sqlite_cache_init(corm_sqlite_cache *cache, sqlite3 *db, int kb);
/* Looks whether the last statements would have found what they read in a larger one. */
void corm_sqlite_cache_look(corm_sqlite_cache *cache, sqlite3 *db);
/* A statement has run. */
static inline void corm_sqlite_cache_count(corm_sqlite_cache *cache, sqlite3 *db) {
  if (cache->grows && ++cache->runs == CORM_SQLITE_CACHE_RUNS) corm_sqlite_cache_look(cache, db);
}

typedef struct corm_sqlite_conn {
  corm_driver_conn base;
  sqlite3 *db;
  corm_sqlite_cache cache;
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

/*
 * A statement that SQLite would compile anew for each pattern (sqlite_steady.c), and its twin that is compiled once.
 * Values are bound to both; the twin runs in the statement's place once it has them all.
 */
typedef struct corm_sqlite_steady {
  sqlite3_stmt *twin; /* of the two the one that does not run; NULL: there is one only */
  uint64_t unbound;   /* bits of the twin's parameters without a value yet */
  bool watched;       /* it has patterns, and may come to need a twin */
  bool runs;          /* the twin does */
} corm_sqlite_steady;

void corm_sqlite_steady_init(corm_sqlite_steady *steady, sqlite3_stmt *stmt);
/* For a watched statement, before it is bound: makes the twin when it is time and no value can change the plan. */
void corm_sqlite_steady_watch(corm_sqlite_steady *steady, const corm_mem *mem, sqlite3 *db, sqlite3_stmt *stmt);
/* A parameter of the twin was bound: exchanges *stmt and the twin when it was the last. */
void corm_sqlite_steady_bound(corm_sqlite_steady *steady, int index, sqlite3_stmt **stmt);
/* After a failed step: true when the schema changed under the twin; *stmt is the first statement again, bound and
   ready. Else the connection has the step's error. */
bool corm_sqlite_steady_ended(corm_sqlite_steady *steady, sqlite3_stmt **stmt);

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
