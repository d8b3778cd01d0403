/*
 * Many rows of one table, written by the dialect's way (corm_bulk): one statement for all where there is one, else row
 * by row, sent ahead where the driver can. A writer is one shape: table, kind and columns; a page is rows of it. The
 * flush and executemany are its callers.
 *
 * Keys that the database generates are given to their rows by proof: SQLite's next keys are known before the insert,
 * inside the write transaction, where no trigger can insert, and the last one is checked afterwards; PostgreSQL's
 * sequence is drawn in the order of the rows, so the keys that come back are sorted; MariaDB executes the rows of an
 * array one after the other. Where the dialect's `key_sql` finds no proof, rows go one by one.
 */
#ifndef CORM_ENGINE_BULK_H
#define CORM_ENGINE_BULK_H

#include "engine/connection.h"

typedef enum corm_write_kind { CORM_WRITE_INSERT, CORM_WRITE_UPDATE, CORM_WRITE_DELETE } corm_write_kind;

/* The caller's bytes of a page should stay below CORM_PAGE_BYTES. */
enum { CORM_PAGE_BYTES = 1 << 20, CORM_PAGE_MISSED = 5 };

/* Rows of a page, at most: 1,000, and 4,000 where each page pays a round trip of its own. */
size_t corm_conn_page_rows(const corm_conn *conn);

#define CORM_NO_ROW SIZE_MAX

/* One shape. The arrays are borrowed as long as the writer lives. */
typedef struct corm_writer_def {
  corm_write_kind kind;
  const corm_table *table;
  const corm_column *const *columns; /* VALUES or SET */
  size_t ncolumns;
  const corm_column *const *where; /* what an UPDATE or DELETE looks for */
  size_t nwhere;
  const corm_column *key;              /* INSERT: the integer key that the database generates; NULL: none */
  const corm_column *const *returning; /* INSERT: what else the database makes and must be known */
  size_t nreturning;
  const corm_inlined *inlined; /* INSERT, UPDATE: further columns, whose values are expressions; NULL: none */
  bool versioned;              /* the last one of `where` is no key but a version */
  bool in_order;               /* UPDATE: a row may take what one before it gives up, so each is written by itself */
  bool singly;                 /* one execution a row: what is inlined is of one row */
} corm_writer_def;

typedef struct corm_writer corm_writer;

/* Rows to write, and what came of it. */
typedef struct corm_page {
  corm_writer *writer;
  const corm_value *values; /* encoded, ncolumns + nwhere for each row */
  size_t nrows;
  int64_t *keys;        /* room for nrows, when the writer has a key */
  corm_value *returned; /* for nrows * nreturning values; their bytes are in `room` */
  corm_arena *room;     /* for what comes back; the caller's until it has looked at the page */
  int64_t matched;
  size_t blame;                    /* of a failure: the row at fault, or CORM_NO_ROW */
  size_t missed[CORM_PAGE_MISSED]; /* rows that an UPDATE or DELETE did not find, the first ones, after */
  size_t nmissed;                  /* corm_page_find_missed */
} corm_page;

/* Makes a writer in the arena; its statements are prepared when they are needed. */
CORM_MUST_USE corm_status corm_writer_new(corm_conn *conn, corm_arena *arena, const corm_writer_def *def,
                                          corm_writer **out, corm_error *err);
void corm_writer_close(corm_writer *writer);

/* Writes pages that need no answers from each other. *failed: the page that did. */
CORM_MUST_USE corm_status corm_pages_write(corm_page *const *pages, size_t n, size_t *failed, corm_error *err);

/*
 * The same in the background of what the caller does meanwhile, several calls one behind the other. Until the job is
 * finished the pages, what their writers were given, and the arena are left alone; whatever else the connection is
 * asked to do waits for it. Jobs are finished in the order in which they were started, all of them.
 */
typedef struct corm_pages_job corm_pages_job;

/* Jobs of a connection that may be under way. */
enum { CORM_PAGES_JOBS = 4 };

/* False when hooks may run: pages are then written before corm_pages_start returns. */
bool corm_conn_has_background(const corm_conn *conn);
/* True when a start would not wait for the jobs before it. */
bool corm_pages_may_start(corm_page *const *pages, size_t n);
/* Fails only for lack of memory; what became of the pages is told at the end. */
CORM_MUST_USE corm_status corm_pages_start(corm_page *const *pages, size_t n, corm_arena *arena, corm_pages_job **out,
                                           corm_error *err);
CORM_MUST_USE corm_status corm_pages_finish(corm_pages_job *job, size_t *failed, corm_error *err);
/* No more jobs for now: what they took of the machine is given back. */
void corm_pages_rest(corm_conn *conn);

/* -- pages that nobody writes (bulk_record.c) ---------------------------------------------------------------------- */

/* One statement that a page would send. */
typedef struct corm_recorded {
  corm_write_kind kind;
  const corm_table *table;
  const char *sql;
  size_t nrows;             /* of the page that it is for */
  const corm_value *values; /* ready for the driver; n, or n for each row where they are given in sets */
  size_t n;
  bool sets; /* all rows at once, through the driver's bind_rows */
} corm_recorded;

typedef struct corm_recorder {
  void *ctx;
  corm_status (*record)(void *ctx, const corm_recorded *statement, corm_error *err);
} corm_recorder;

/* A connection for pages only, which takes nothing from the pool and sends nothing: what they would send, in the same
   order, is told to the recorder, which outlives it. Proofs of keys are taken as given where the dialect has one; keys
   and returned values of the pages are left as they were, and all rows count as found. An engine that has never seen
   its server sees it now, since that decides about the texts. Anything else is refused as by a closed connection. The
   caller owns one reference.
 */
CORM_MUST_USE corm_status corm_engine_record(corm_engine *engine, const corm_recorder *recorder, corm_conn **out,
                                             corm_error *err);

/* Which of n encoded values stand in a column: one SELECT. taken: n flags, that are set for these. */
CORM_MUST_USE corm_status corm_conn_find_present(corm_conn *conn, corm_arena *arena, const corm_column *column,
                                                 const corm_value *values, size_t n, bool *taken, corm_error *err);

/* After a page matched fewer rows than it has: one SELECT, which ones these are, as far as that can be told. */
CORM_MUST_USE corm_status corm_page_find_missed(corm_page *page, corm_error *err);

#endif
