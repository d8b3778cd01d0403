/*
 * What the files of the MariaDB and MySQL driver share. Rows and parameters are read and written by Connector/C's
 * callbacks (STMT_ATTR_CB_RESULT, STMT_ATTR_CB_PARAM), so that values go from the packet into corm_values and back
 * without a buffer in between. The binary forms are those of the protocol's documentation
 * (https://mariadb.com/kb/en/resultset-row/, https://mariadb.com/kb/en/com_stmt_bulk_execute/).
 */
#ifndef CORM_DRIVER_LIBMARIADB_H
#define CORM_DRIVER_LIBMARIADB_H

#include "base/arena.h"
#include "driver/driver.h"
#include "driver/libmariadb_calls.h"

typedef struct corm_mariadb_stmt corm_mariadb_stmt;

/* The target with its options, read. */
typedef struct corm_mariadb_config {
  const char *host;
  const char *username;
  const char *password;
  const char *database;
  const char *unix_socket;
  const char *ssl_ca;
  const char *ssl_cert;
  const char *ssl_key;
  const char *ssl_cipher;
  unsigned port;
  unsigned connect_timeout; /* seconds, as the two below; 0: none */
  unsigned read_timeout;
  unsigned write_timeout;
  int64_t statement_timeout; /* milliseconds, as below; -1: as the server has it */
  int64_t lock_timeout;
  bool tls;
  bool verify;
} corm_mariadb_config;

typedef struct corm_mariadb_conn {
  corm_driver_conn base;
  MYSQL *mysql;
  corm_arena arena; /* what config and settings point at */
  corm_mariadb_config config;
  const char *settings; /* the SET statement that open ran and restore repeats */
  corm_server server;
  unsigned long thread_id;
  corm_mariadb_stmt *stmts;    /* those in use */
  corm_mariadb_stmt *doomed;   /* finalized while another one streamed: closed when that ends */
  corm_mariadb_stmt *streamer; /* its rows are still on the wire */
  int64_t changes;
  int64_t insert_id;
  size_t max_packet; /* bytes; 0: not asked yet */
  bool bulk;         /* the server takes arrays of values */
  bool lost;
  bool altered;
  bool rolled_back; /* the server undid the transaction by itself, and nobody has acknowledged it by a rollback */
} corm_mariadb_conn;

/* What a statement's text says about it. */
typedef struct corm_mariadb_nature {
  bool readonly;
  bool dml;  /* reads or writes rows: never commits implicitly */
  bool bulk; /* may be executed for an array of values */
} corm_mariadb_nature;

/* The memory of one parameter; what its MYSQL_BIND points at. */
typedef struct corm_mariadb_param {
  union {
    double real;
    int64_t integer;
    MYSQL_TIME time;
    char uuid[37];
  } as;
  unsigned long length;
  char indicator;
  bool exact; /* the integers among the values so far are exact as doubles */
  char *copy; /* bytes that the caller does not keep */
  size_t copy_size;
  const corm_value *values; /* of an array: row i has values[i * stride] */
  size_t stride;
} corm_mariadb_param;

typedef struct corm_mariadb_column {
  char *name;
  uint8_t how; /* of libmariadb_read.c */
  char digits[96];
} corm_mariadb_column;

typedef enum corm_mariadb_state {
  CORM_MARIADB_READY,
  CORM_MARIADB_ROWS, /* executed, with a result */
  CORM_MARIADB_FINISHED
} corm_mariadb_state;

struct corm_mariadb_stmt {
  corm_driver_stmt base;
  corm_mariadb_stmt *next;
  corm_mariadb_stmt **link; /* what points here */
  MYSQL_STMT *native;       /* NULL: it has no prepared form and runs as text */
  MYSQL_RES *result;        /* of text */
  char *sql;
  size_t sql_len;
  corm_mariadb_nature nature;
  corm_mariadb_state state;
  bool streaming;
  unsigned long page; /* rows that a cursor is to give at a time; 0: no cursor */
  bool paged;         /* the server has opened it */
  bool turns;         /* the row that is read is the first of a page */
  bool arrays;        /* the library is set up for arrays */
  bool stale;         /* columns were renamed: the library has their old names */
  bool malformed;

  int nparams;
  corm_mariadb_param *params;
  MYSQL_BIND *binds;
  size_t nrows;    /* of the bound arrays; 0: single values are bound */
  size_t next_row; /* the first one not executed yet */
  size_t base_row; /* the first one of the execution that is being sent */

  int ncolumns;
  int columns_size; /* allocated */
  corm_mariadb_column *columns;
  corm_value *row;
  const unsigned char *row_end; /* of the row's bytes */
};

static inline corm_mariadb_conn *corm_mariadb_conn_of(const corm_driver_conn *conn) {
  return (corm_mariadb_conn *)(uintptr_t)conn;
}

static inline corm_mariadb_stmt *corm_mariadb_stmt_of(const corm_driver_stmt *stmt) {
  return (corm_mariadb_stmt *)(uintptr_t)stmt;
}

/* -- libmariadb.c -- */

/* Runs text and throws away what it returns; takes note of affected rows, keys and changed settings. */
corm_status corm_mariadb_run(corm_mariadb_conn *conn, const char *sql, size_t len, corm_error *err);
/* Refuses to send while rows of another statement are on the wire. */
corm_status corm_mariadb_check_idle(const corm_mariadb_conn *conn, corm_error *err);
/* The size at which the server refuses a request and closes the connection; asked when `bytes` may come near it. 0: the
   question failed. */
size_t corm_mariadb_packet_limit(corm_mariadb_conn *conn, size_t bytes, corm_error *err);
/* DataError for a request of so many bytes that is over the limit. */
corm_status corm_mariadb_check_size(corm_mariadb_conn *conn, size_t bytes, corm_error *err);
/* After an answer: did it say that one of our settings changed? */
void corm_mariadb_note_changes(corm_mariadb_conn *conn);

/* -- libmariadb_open.c -- */

extern const char *const corm_mariadb_option_names[];
corm_status corm_mariadb_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err);
corm_status corm_mariadb_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                              corm_driver_conn **out, corm_error *err);
corm_status corm_mariadb_restore(corm_driver_conn *conn, corm_error *err);
corm_status corm_mariadb_limit(corm_driver_conn *conn, int64_t ms, corm_error *err);
void corm_mariadb_close(corm_driver_conn *conn);
void corm_mariadb_abandon(corm_driver_conn *conn);
void corm_mariadb_interrupt(corm_driver_conn *conn);

/* -- libmariadb_stmt.c -- */

corm_status corm_mariadb_prepare(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out,
                                 corm_error *err);
void corm_mariadb_finalize(corm_driver_stmt *stmt);
void corm_mariadb_stream(corm_driver_stmt *stmt, bool on);
void corm_mariadb_page(corm_driver_stmt *stmt, uint32_t rows);
corm_status corm_mariadb_step(corm_driver_stmt *stmt, corm_error *err);
void corm_mariadb_reset(corm_driver_stmt *stmt);
/* Frees all statements of a connection that is closed. */
void corm_mariadb_free_statements(corm_mariadb_conn *conn);

/* -- libmariadb_bind.c -- */

corm_status corm_mariadb_bind(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err);
corm_status corm_mariadb_bind_rows(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride,
                                   size_t nrows, corm_error *err);
/* Hands what is bound to the library: the single values, or the rows from next_row on that one execution can take; they
   are counted in *taken. */
corm_status corm_mariadb_bind_next(corm_mariadb_stmt *stmt, size_t *taken, corm_error *err);

/* -- libmariadb_read.c -- */

/* Fits columns, their names and decoders to the fields of a result (or of what a result will have), which are not
   needed any more afterwards. CORM_FAILED: out of memory. */
corm_status corm_mariadb_describe(corm_mariadb_stmt *stmt, const MYSQL_FIELD *fields, int n, bool text);
/* The library's callback for one value of a row: STMT_ATTR_CB_RESULT. */
void corm_mariadb_read_value(void *stmt, unsigned column, unsigned char **at);
/* Reads a row of a text result. */
void corm_mariadb_read_text(corm_mariadb_stmt *stmt, MYSQL_ROW row, const unsigned long *lengths);

/* -- libmariadb_sql.c -- */

corm_mariadb_nature corm_mariadb_nature_of(const char *sql);
/* The table that an INSERT, REPLACE, UPDATE or DELETE names first, without its schema; false when it is none. */
bool corm_mariadb_target_of(const char *sql, char *out, size_t size);

/* -- libmariadb_error.c -- */

/*
 * Fills the error from what the library or the server said, marks the connection as lost where that is so, and, in a
 * transaction, asks whether it is still there. `sql`: what failed, or NULL. Returns CORM_FAILED.
 */
corm_status corm_mariadb_fail(corm_mariadb_conn *conn, const char *sql, unsigned code, const char *sqlstate,
                              const char *message, corm_error *err);
corm_status corm_mariadb_fail_conn(corm_mariadb_conn *conn, const char *sql, corm_error *err);
corm_status corm_mariadb_fail_stmt(corm_mariadb_stmt *stmt, corm_error *err);
/* The class of a code; `connecting`: while a connection is being made, where nothing can be lost. */
corm_error_class corm_mariadb_class_of(unsigned code, const char *sqlstate, bool connecting);
/* Fills class, code and text only: for a connection that could not be made. */
corm_status corm_mariadb_describe_error(corm_error_class cls, const char *sql, unsigned code, const char *sqlstate,
                                        const char *message, corm_error *err);

#endif
