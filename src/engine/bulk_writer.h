/* A writer from the inside: what bulk.c (executions), bulk_ahead.c (those that nobody waits for) and bulk_writer.c
   (statements, proofs, blame) share. */
#ifndef CORM_ENGINE_BULK_WRITER_H
#define CORM_ENGINE_BULK_WRITER_H

#include "engine/bulk.h"

/* Executions of one statement for many rows. */
typedef enum writer_way {
  WAY_ROWS,   /* one for each row */
  WAY_VALUES, /* one for each chunk of rows: VALUES (?, ?), (?, ?) */
  WAY_ARRAYS  /* one for all: bind_rows */
} writer_way;

typedef enum writer_proof { PROOF_EACH_TIME, PROOF_ONCE, PROOF_HOLDS } writer_proof;

/* Chunks of VALUES have 64, 32, 16, 8 or 4 rows, so that few texts serve all pages. Keys are proved for pages that are
   worth the SELECT: it costs what 20 to 40 rows gain. From as many rows on a row source is used. */
enum { WRITER_CHUNKS = 5, WRITER_MAX_CHUNK = 64, WRITER_MIN_KEYED = 32, WRITER_MIN_SOURCE = 32 };

typedef struct writer_text {
  corm_compiled compiled;
  corm_batch *batch;
} writer_text;

struct corm_writer {
  corm_conn *conn;
  corm_arena *arena;
  corm_writer_def def;
  writer_way way;
  writer_proof proof;
  bool sorted_keys;   /* UNNEST: keys that come back are sorted */
  bool key_returned;  /* by RETURNING, before the other columns */
  bool counted_keys;  /* VALUES, row source: proved keys follow each other */
  bool source;        /* many rows at once may come from the dialect's row source, though the way is another */
  bool has_constants; /* some default expression has values of its own */
  uint32_t max_params;
  corm_compiled one; /* of one row */
  corm_compiled set; /* UNNEST, ARRAY, row source */
  corm_batch *one_batch, *set_batch;
  writer_text chunks[WRITER_CHUNKS];
  corm_value *own; /* of one execution */
  size_t own_cap;
};

/* Where a page stands in its writing. */
typedef struct corm_page_progress {
  corm_page *page;
  size_t next;       /* row */
  bool one_by_one;   /* the way for many has failed or cannot be had */
  int64_t first_key; /* counted keys: of the page's first row */
} corm_page_progress;

/* One execution of a page. */
typedef struct corm_page_run {
  corm_page *page;
  corm_batch *batch;
  size_t first; /* row */
  size_t nrows;
  corm_run run;
} corm_page_run;

/* -- bulk.c -- */

/* Finds out how the page is written, which may ask the database for a proof. */
corm_status corm_page_begin(corm_page_progress *progress, corm_page *page, corm_error *err);
/* The next execution: its rows, their values in the order of the parameters, and its statement. */
corm_status corm_page_choose(corm_page_progress *progress, corm_page_run *run, const corm_compiled **compiled,
                             corm_error *err);
/* The same, ready to be run. */
corm_status corm_page_next(corm_page_progress *progress, corm_page_run *run, corm_error *err);
/* What the answer says goes into the page. */
corm_status corm_page_take(corm_page_run *run, corm_error *err);
/* The values of the row at fault, where a statement of many rows failed. */
void corm_page_show_row(const corm_page_run *run, corm_error *err);

/* -- bulk_record.c -- */

/* corm_pages_write over a connection with a recorder. */
corm_status corm_pages_record(corm_page *const *pages, size_t n, size_t *failed, corm_error *err);

/* -- bulk_ahead.c -- */

/* True when several executions would go out that need no answers from each other. */
bool corm_pages_can_go_ahead(corm_page *const *pages, size_t n);
/* corm_pages_write for these. */
corm_status corm_pages_write_ahead(corm_page *const *pages, size_t n, size_t *failed, corm_error *err);

/* -- bulk_writer.c -- */

/* Rows of the next chunk when `left` are left; 0: too few. */
size_t corm_writer_chunk(const corm_writer *writer, size_t left);
/* The text of the statement for n rows; NULL: out of memory. */
const char *corm_writer_sql(corm_writer *writer, const corm_compiled *compiled, size_t n);
/* The statement for n rows (1: &writer->one), prepared. */
corm_status corm_writer_batch(corm_writer *writer, const corm_compiled *compiled, size_t n, corm_batch **out,
                              corm_error *err);
/* Room for n values, kept for the next time; NULL: out of memory. */
corm_value *corm_writer_scratch(corm_writer *writer, size_t n);
/* The value that a bind of a default expression has. */
corm_status corm_writer_constant(const corm_writer *writer, const corm_compiled_bind *bind, corm_value *out,
                                 corm_error *err);
/* Whether n keys can be given to their rows, and which is the first one. */
corm_status corm_writer_prove(corm_writer *writer, size_t n, bool *proved, int64_t *first, corm_error *err);
/* The row at fault as far as the database's error tells, or CORM_NO_ROW. */
size_t corm_writer_blame(const corm_page *page, const corm_error *err);

#endif
