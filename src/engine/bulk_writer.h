/* A writer from the inside: what bulk.c (executions) and bulk_writer.c (statements, proofs, blame) share. */
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
   worth the SELECT: it costs what 20 to 40 rows gain. */
enum { WRITER_CHUNKS = 5, WRITER_MAX_CHUNK = 64, WRITER_MIN_KEYED = 32 };

/* A statement that was sent is in use until its answer was read, so rows that are sent ahead take turns among several
   copies of it: about as many as their number's root, since each has to be prepared first. */
enum { WRITER_COPIES = 32 };

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
  bool has_constants; /* some default expression has values of its own */
  uint32_t max_params;
  corm_compiled one;                 /* of one row */
  corm_compiled set;                 /* UNNEST, ARRAY */
  corm_batch *copies[WRITER_COPIES]; /* of `one` */
  size_t ncopies, turn;              /* how many take turns, and whose it is */
  size_t in_flight;
  corm_batch *set_batch;
  writer_text chunks[WRITER_CHUNKS];
  corm_value *own, *back; /* of one execution */
  size_t own_cap, back_cap;
};

/* Rows of the next chunk when `left` are left; 0: too few. */
size_t corm_writer_chunk(const corm_writer *writer, size_t left);
/* Prepares the copies for n rows that are sent ahead. */
corm_status corm_writer_copies(corm_writer *writer, size_t n, corm_error *err);
/* The statement for n rows (1: &writer->one), prepared. */
corm_status corm_writer_batch(corm_writer *writer, const corm_compiled *compiled, size_t n, corm_batch **out,
                              corm_error *err);
/* Room for n values, kept for the next time; NULL: out of memory. */
corm_value *corm_writer_scratch(corm_writer *writer, corm_value **kept, size_t *cap, size_t n);
/* The value that a bind of a default expression has. */
corm_status corm_writer_constant(const corm_writer *writer, const corm_compiled_bind *bind, corm_value *out,
                                 corm_error *err);
/* Whether n keys can be given to their rows, and which is the first one. */
corm_status corm_writer_prove(corm_writer *writer, size_t n, bool *proved, int64_t *first, corm_error *err);
/* The row at fault as far as the database's error tells, or CORM_NO_ROW. */
size_t corm_writer_blame(const corm_page *page, const corm_error *err);

#endif
