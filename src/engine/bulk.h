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

/* Rows of a page, at most; the caller's bytes of a page should stay below CORM_PAGE_BYTES. */
enum { CORM_PAGE_ROWS = 1000, CORM_PAGE_BYTES = 1 << 20, CORM_PAGE_MISSED = 5 };

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
} corm_writer_def;

typedef struct corm_writer corm_writer;

/* Rows to write, and what came of it. */
typedef struct corm_page {
  corm_writer *writer;
  const corm_value *values; /* encoded, ncolumns + nwhere for each row */
  size_t nrows;
  int64_t *keys;        /* room for nrows, when the writer has a key */
  corm_value *returned; /* room for nrows * nreturning; bytes are the arena's */
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

/* After a page matched fewer rows than it has: one SELECT, which rows are not there. */
CORM_MUST_USE corm_status corm_page_find_missed(corm_page *page, corm_error *err);

#endif
