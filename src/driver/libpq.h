/*
 * What the files of the PostgreSQL driver share. Wire formats are those of PostgreSQL's backend/utils/adt (the
 * functions *_send and *_recv); the protocol is "Message Flow" of its manual, spoken by libpq.
 */
#ifndef CORM_DRIVER_LIBPQ_H
#define CORM_DRIVER_LIBPQ_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "driver/driver.h"
#include "driver/libpq_bytes.h"
#include "driver/libpq_calls.h"

/* The largest field that the server takes (MaxAllocSize of PostgreSQL's memutils.h). */
#define CORM_PQ_MAX_BYTES  ((size_t)0x3fffffff)
#define CORM_PQ_MAX_PARAMS 65535
/* libpq takes a description of parameters for garbage when it is longer than 30,000 bytes (fe-protocol3.c,
   VALID_LONG_MESSAGE_TYPE), and each parameter is four of them. */
#define CORM_PQ_MAX_DESCRIBED 7000
#define CORM_PQ_NAME          32 /* of a prepared statement, with its NUL */

/* -- types (libpq_type.c) ------------------------------------------------------------------------------------------ */

/* How the bytes of a type are read and written. */
typedef enum corm_pq_code {
  CORM_PQ_BOOL,
  CORM_PQ_INT2,
  CORM_PQ_INT4,
  CORM_PQ_INT8,
  CORM_PQ_UINT4, /* oid, xid, cid */
  CORM_PQ_UINT8, /* xid8 */
  CORM_PQ_FLOAT4,
  CORM_PQ_FLOAT8,
  CORM_PQ_NUMERIC,
  CORM_PQ_TEXT, /* the binary form is the text */
  CORM_PQ_JSON,
  CORM_PQ_JSONB,
  CORM_PQ_UUID,
  CORM_PQ_DATE,
  CORM_PQ_TIME,
  CORM_PQ_TIMETZ,
  CORM_PQ_TIMESTAMP,
  CORM_PQ_TIMESTAMPTZ,
  CORM_PQ_INTERVAL,
  CORM_PQ_BYTEA
} corm_pq_code;

typedef struct corm_pq_type {
  Oid oid;
  Oid array; /* 0: none */
  corm_pq_code code;
  const char *name;
} corm_pq_type;

/* What the catalog said about a type of a script's own. */
typedef struct corm_pq_learned {
  struct corm_pq_learned *next;
  Oid oid;
  bool known;
  bool is_array;
  corm_pq_type type;
} corm_pq_learned;

/* -- connections and statements ------------------------------------------------------------------------------------ */

typedef struct corm_pq_stmt corm_pq_stmt;

/* What is on its way. */
typedef struct corm_pq_pipeline {
  corm_pq_stmt **queue; /* a ring: the statement of each execution whose answer was not read, in the order of sending */
  size_t head, n, cap;
  size_t unsynced; /* the newest of them, with no sync point behind */
  size_t syncs;    /* sync points that were sent and not read */
  size_t bytes;    /* sent since the last one */
  bool failed;     /* one of the answers was a failure */
} corm_pq_pipeline;

typedef struct corm_pq_conn {
  corm_driver_conn base;
  PGconn *pq;
  PGcancel *cancel;
  corm_pq_stmt *stmts; /* all of them, for close */
  corm_pq_pipeline line;
  corm_pq_stmt *streaming; /* the one whose rows come one by one, or NULL */
  uint64_t *doomed;        /* numbers of prepared statements that the server may forget */
  size_t ndoomed, doomed_cap, nstmts;
  uint64_t last_number; /* of a prepared statement */
  uint64_t last_cursor;
  uint64_t generation; /* grows when the server forgot all prepared statements */
  int64_t changes;
  int64_t patience_s;           /* how long to wait for an answer to a ping; 0: for ever */
  pid_t pid;                    /* of the process that opened it: a forked child must not touch the wire */
  int64_t statement_timeout_ms; /* -1: the server's, as the next */
  int64_t lock_timeout_ms;
  corm_buf scratch;
  corm_pq_learned *learned;
  corm_arena types; /* of `learned` */
  bool named;       /* prepared statements have names */
  bool was_in;      /* a transaction was open when the running command was sent */
  bool row_by_row;  /* the last command outside a pipeline was a stream */
  bool dead;        /* given up: it did not answer in time */
} corm_pq_conn;

typedef enum corm_pq_phase {
  CORM_PQ_IDLE,
  CORM_PQ_SENT,      /* in the pipeline, no answer looked at */
  CORM_PQ_ANSWERED,  /* `result` is the answer, not looked at */
  CORM_PQ_ROWS,      /* `result` holds all rows; `row` is the next */
  CORM_PQ_STREAMING, /* rows come one by one */
  CORM_PQ_OVER
} corm_pq_phase;

typedef struct corm_pq_param {
  Oid oid;
  const corm_pq_type *type; /* of the items when is_array; NULL: unknown */
  bool is_array;
  corm_buf bytes;
} corm_pq_param;

typedef struct corm_pq_column {
  const corm_pq_type *type; /* NULL: unknown */
  Oid oid;
  bool is_array;
  bool scalar; /* known, and no array */
  int32_t len; /* of the current row's field, where it came by COPY; -1: NULL */
  const char *bytes;
} corm_pq_column;

struct corm_pq_stmt {
  corm_driver_stmt base;
  corm_pq_conn *conn;
  corm_pq_stmt *next, *prev; /* in conn->stmts */
  size_t pending;            /* executions in the pipeline whose answers were not read */
  PGresult **answers;        /* those that were read and not looked at, in the order of sending, from `answer` on */
  size_t answer, nanswers, answers_cap;
  uint64_t number; /* 0: the server knows it by no name */
  char name[CORM_PQ_NAME];
  uint64_t generation;
  corm_pq_phase phase;
  bool readonly;
  bool selects; /* the text is one that COPY takes, if it reads */
  bool stream;
  bool many;       /* the stream has many rows, probably */
  bool copying;    /* the stream's rows come by COPY */
  uint32_t page;   /* rows that a cursor is to give at a time; 0: no cursor */
  uint64_t cursor; /* the number of the one that is open; 0: none */
  bool stale;      /* the server refused it as outdated */
  bool binary;     /* format of the results */
  bool bulky;      /* too many parameters for a description: values and results go as text */
  int nparams;
  corm_pq_param *params;
  Oid *oids; /* these four: one an element for each parameter, in one block */
  const char **values;
  int *lengths;
  int *formats;
  int ncolumns;
  corm_pq_column *columns;
  PGresult *described; /* names of the columns before the first row */
  PGresult *result;
  char *copied;   /* the current row of COPY; libpq's */
  int row, nrows; /* of result; `row` is the current one's index + 1 */
  corm_arena decoded;
  size_t len;
  char sql[];
};

/* NULL when this driver does not know the type; *is_array: the type is an array of the returned one. */
const corm_pq_type *corm_pq_type_find(const corm_pq_conn *conn, Oid oid, bool *is_array);
/* Asks the catalog about the types of a description that are not known yet; costs nothing when there are none. */
corm_status corm_pq_learn(corm_pq_conn *conn, const PGresult *described, corm_error *err);

static inline corm_pq_conn *corm_pq_conn_of(const corm_driver_conn *conn) {
  return (corm_pq_conn *)(uintptr_t)conn;
}

static inline corm_pq_stmt *corm_pq_stmt_of(const corm_driver_stmt *stmt) {
  return (corm_pq_stmt *)(uintptr_t)stmt;
}

/* -- opening (libpq_open.c) ---------------------------------------------------------------------------------------- */

extern const char *const corm_pq_option_names[];
corm_status corm_pq_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err);
corm_status corm_pq_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                         corm_driver_conn **out, corm_error *err);
corm_status corm_pq_restore(corm_driver_conn *conn, corm_error *err);
corm_status corm_pq_limit(corm_driver_conn *conn, int64_t ms, corm_error *err);
bool corm_pq_is_altered(const corm_driver_conn *conn);

/* -- errors (libpq_error.c) ---------------------------------------------------------------------------------------- */

/* Fills the error from a failed result, or, when it is NULL, from the connection's own message. Returns CORM_FAILED. */
corm_status corm_pq_error(const corm_pq_conn *conn, const PGresult *result, corm_error *err);
/* The same for a connection that could not be made; the password is struck from the text. */
corm_status corm_pq_open_error(PGconn *pq, const char *password, corm_error *err);
/* True when the result is this error: five characters. */
bool corm_pq_result_is(const PGresult *result, const char *sqlstate);

/* -- the wire (libpq_wire.c) --------------------------------------------------------------------------------------- */

/* Makes the connection free for a command: reads what the pipeline and a stream still hold. DisconnectError when the
   connection is lost. */
corm_status corm_pq_settle(corm_pq_conn *conn, corm_error *err);
/* Waits until the connection can be read or written; false when the time is up (a monotonic clock's microseconds; 0: no
   end). */
bool corm_pq_wait(PGconn *pq, bool reading, int64_t deadline);
/* True for what is neither rows nor the end of a command. */
bool corm_pq_failed(const PGresult *result);
/* Reads one command's answer to its end: the first failed result, else the last one. NULL: libpq had no memory. COPY
   is refused, and the connection left clean. */
PGresult *corm_pq_answer(corm_pq_conn *conn);
/* The same when the first result was read already; takes it over. */
PGresult *corm_pq_rest_of_answer(corm_pq_conn *conn, PGresult *first);
/* Sends a command without parameters, as simple query (several statements are one) or as extended one, and reads its
   answer. */
corm_status corm_pq_command(corm_pq_conn *conn, const char *sql, bool simple, corm_error *err);
/* Asks without words, waiting no longer than `patience`. */
corm_status corm_pq_ping(corm_driver_conn *conn, corm_error *err);
/* Looks without waiting whether the server has hung up. */
void corm_pq_probe(corm_pq_conn *conn);
/* True in a child of the process that opened the connection. */
bool corm_pq_is_foreign(const corm_pq_conn *conn);
/* Like corm_pq_command with `simple`, but the result is the caller's; NULL when an error was set. */
PGresult *corm_pq_query(corm_pq_conn *conn, const char *sql, corm_error *err);
/* Takes note of what a successful result's command tag says. */
void corm_pq_note(corm_pq_conn *conn, PGresult *result);
bool corm_pq_lost(const corm_pq_conn *conn);
/* Makes room for one more number than there are statements, so that dooming cannot fail. */
corm_status corm_pq_reserve_doom(corm_pq_conn *conn, corm_error *err);
/* Lets the server forget a prepared statement with the next preparation. */
void corm_pq_doom(corm_pq_conn *conn, uint64_t number);
bool corm_pq_in_transaction(const corm_pq_conn *conn);

/* -- statements (libpq_stmt.c, libpq_run.c, libpq_pipeline.c) ------------------------------------------------------ */

corm_status corm_pq_prepare(corm_driver_conn *conn, const char *sql, size_t len, corm_driver_stmt **out,
                            corm_error *err);
void corm_pq_finalize(corm_driver_stmt *stmt);
/* Frees the memory of a statement and nothing else. */
void corm_pq_free_stmt(corm_pq_stmt *stmt);
/* Prepares it again if the server does not know it any more. `bound`: values are bound, so the types must stay. */
corm_status corm_pq_refresh(corm_pq_stmt *stmt, bool bound, corm_error *err);
/* Takes columns and their readers from a result. */
corm_status corm_pq_describe(corm_pq_stmt *stmt, const PGresult *result, corm_error *err);
/* The same for one that is being read, if its columns are not those that were described. */
corm_status corm_pq_redescribe(corm_pq_stmt *stmt, const PGresult *result, corm_error *err);

corm_status corm_pq_send(corm_driver_stmt *stmt, corm_error *err);
void corm_pq_stream(corm_driver_stmt *stmt, bool on);
void corm_pq_many(corm_driver_stmt *stmt);
void corm_pq_page(corm_driver_stmt *stmt, uint32_t rows);
/* Opens the cursor of a statement, and asks for its next rows (libpq_cursor.c): the answer is stmt->result. */
corm_status corm_pq_declare(corm_pq_stmt *stmt, corm_error *err);
corm_status corm_pq_fetch(corm_pq_stmt *stmt, corm_error *err);
/* Closes it, where that takes nothing but a word to the server; the end of the transaction closes it anyway. */
void corm_pq_close_cursor(corm_pq_stmt *stmt);
corm_status corm_pq_step(corm_driver_stmt *stmt, corm_error *err);
void corm_pq_reset(corm_driver_stmt *stmt);
/* Sends what is bound; *size is about its length in bytes. */
corm_status corm_pq_execute(corm_pq_stmt *stmt, size_t *size, corm_error *err);
/* The oldest execution that was sent gets its answer. */
void corm_pq_read_oldest(corm_pq_conn *conn);
/* Makes the statement's next answer its result, read if need be; false when nothing of it was sent. */
bool corm_pq_next_answer(corm_pq_stmt *stmt);
void corm_pq_drop_answers(corm_pq_stmt *stmt);
/* Reads the answers of all sent statements into them and leaves pipeline mode. */
void corm_pq_drain_pipeline(corm_pq_conn *conn);
/* Reads and throws away the rest of the stream. */
void corm_pq_drain_stream(corm_pq_conn *conn);

/* Streams by COPY (libpq_copy.c): whether the statement's rows can come so, and its beginning: with `copying` set rows
   follow, else stmt->result is the answer, unless it is CORM_FAILED with an error of the client's. */
bool corm_pq_may_copy(const corm_pq_stmt *stmt);
corm_status corm_pq_copy(corm_pq_stmt *stmt, corm_error *err);
/* CORM_ROW: the columns hold the next row. CORM_DONE: only the answer is left. CORM_FAILED: bytes of no known form, and
   no error set. */
corm_status corm_pq_next_copied(corm_pq_stmt *stmt);
/* Reads one more row and does not look at it; false at the end. */
bool corm_pq_skip_copied(corm_pq_stmt *stmt);
/* Ends it here, without a word to the server. */
void corm_pq_drop_copy(corm_pq_stmt *stmt);
/* One message of COPY's binary form, as corm_pq_next_copied says; CORM_DONE: it has no row. */
corm_status corm_pq_read_copied(corm_pq_stmt *stmt, const char *at, size_t len);

/* What the text of a statement shows (libpq_sql.c). */
typedef struct corm_pq_text {
  uint64_t params; /* the highest $n */
  bool empty;
  bool readonly;
  bool selects; /* reads, and COPY takes it in parentheses */
  bool copy;    /* COPY from or to the client */
} corm_pq_text;

corm_pq_text corm_pq_scan(const char *sql, size_t len);
/* Refuses what cannot be sent. */
corm_status corm_pq_check_text(const corm_pq_text *text, const char *sql, size_t len, corm_error *err);

/* -- values out (libpq_bind.c, libpq_encode.c) --------------------------------------------------------------------- */

corm_status corm_pq_bind(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err);
corm_status corm_pq_bind_rows(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride, size_t nrows,
                              corm_error *err);

typedef enum corm_pq_fit {
  CORM_PQ_FITS,
  CORM_PQ_AS_TEXT,  /* no binary form here: the server is to read the value's text */
  CORM_PQ_KIND,     /* a value of this kind is none of this type */
  CORM_PQ_RANGE,    /* out of the type's range */
  CORM_PQ_FRACTION, /* would lose a fraction */
  CORM_PQ_NUL,      /* text with a NUL byte */
  CORM_PQ_MALFORMED /* an array's text is no JSON array */
} corm_pq_fit;

/* Appends the binary form of a value that is not NULL. Failed memory shows in `out`. */
corm_pq_fit corm_pq_encode(const corm_pq_type *type, const corm_value *value, corm_buf *out);
/* Appends the text form, as the server reads it. `type`: of the items where the value is an array, or NULL. */
corm_pq_fit corm_pq_text_form(const corm_pq_type *type, const corm_value *value, corm_buf *out);
/* Appends {1,NULL,"a b"}: of JSON text, of rows. */
corm_pq_fit corm_pq_array_literal(const corm_pq_type *type, const char *json, size_t len, corm_buf *out);
corm_pq_fit corm_pq_rows_literal(const corm_pq_type *type, const corm_value *values, size_t stride, size_t nrows,
                                 corm_buf *out, size_t *row);

/* Numbers of base 10000 (libpq_numeric.c): canonical decimal text to wire and back. */
corm_pq_fit corm_pq_numeric_encode(const char *text, size_t len, corm_buf *out);
/* False when the bytes are no numeric or the number is NaN or infinite: then *special names it, if it is one. */
bool corm_pq_numeric_decode(const char *wire, size_t len, corm_arena *arena, const char **text, size_t *text_len,
                            const char **special);

/* -- values in (libpq_read.c, libpq_text.c, libpq_array.c) --------------------------------------------------------- */

void corm_pq_column_value(corm_driver_stmt *stmt, int index, corm_value *out);
void corm_pq_column_values(corm_driver_stmt *stmt, int first, int n, corm_value *out);
/* One value that is not NULL from its binary form, and from the server's text. Bytes are borrowed from the wire or
   live in the arena. ABSENT: memory ran out. */
void corm_pq_decode(corm_pq_code code, const char *wire, size_t len, corm_arena *arena, corm_value *out);
void corm_pq_decode_text(corm_pq_code code, const char *text, size_t len, corm_arena *arena, corm_value *out);
/* A whole array as JSON text. */
void corm_pq_array_decode(corm_pq_code code, const char *wire, size_t len, corm_arena *arena, corm_buf *scratch,
                          corm_value *out);
void corm_pq_array_decode_text(corm_pq_code code, const char *text, size_t len, corm_arena *arena, corm_buf *scratch,
                               corm_value *out);

#endif
