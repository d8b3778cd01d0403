/* The ways to write a page, and the order in which executions are sent and received. */
#include "engine/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bulk_writer.h"
#include "engine/internal.h"

/* One execution of a page. */
typedef struct job {
  corm_page *page;
  corm_batch *batch;
  size_t first; /* row */
  size_t nrows;
  corm_run run;
} job;

/* Where a page stands in its writing. */
typedef struct progress {
  corm_page *page;
  size_t next;       /* row */
  bool one_by_one;   /* the way for many has failed or cannot be had */
  int64_t first_key; /* VALUES: of the page's first row */
} progress;

/* -- from rows to executions ----------------------------------------------------------------------------------------
 */

static corm_status begin_page(progress *p, corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  *p = (progress){.page = page, .one_by_one = w->way == WAY_ROWS || page->nrows < 2};
  page->matched = 0;
  page->nmissed = 0;
  page->blame = CORM_NO_ROW;
  if (p->one_by_one || !w->def.key) return CORM_OK;
  if (w->way == WAY_VALUES && page->nrows < WRITER_MIN_KEYED) p->one_by_one = true;
  if (p->one_by_one || w->proof == PROOF_HOLDS) return CORM_OK;
  bool proved = false;
  corm_status status = corm_writer_prove(w, page->nrows, &proved, &p->first_key, err);
  p->one_by_one = !proved;
  return status;
}

/* How many of the rows that are left the next execution takes. */
static size_t rows_of_next(const progress *p) {
  const corm_writer *w = p->page->writer;
  const size_t left = p->page->nrows - p->next;
  if (p->one_by_one) return 1;
  if (w->way == WAY_ARRAYS) return left;
  const size_t n = corm_writer_chunk(w, left);
  return n ? n : 1;
}

/* The values of the job's rows in the order of the statement's parameters. */
static corm_status fill(job *j, const corm_compiled *compiled, corm_error *err) {
  corm_writer *w = j->page->writer;
  const corm_value *given = j->run.values;
  corm_value *out = corm_writer_scratch(w, &w->own, &w->own_cap, j->nrows * compiled->nbinds);
  corm_status status = out ? CORM_OK : corm_error_memory(err);
  j->run.values = out;
  j->run.n = j->nrows * compiled->nbinds;
  for (size_t row = 0; status == CORM_OK && row < j->nrows; row++)
    for (uint32_t i = 0; status == CORM_OK && i < compiled->nbinds; i++, out++) {
      const corm_compiled_bind *bind = &compiled->binds[i];
      if (bind->node)
        status = corm_writer_constant(w, bind, out, err);
      else
        *out = *given++;
    }
  return status;
}

/* What comes back of an INSERT: the key where RETURNING gives it, then what else is wanted. */
static corm_status make_room(job *j, size_t n, corm_error *err) {
  corm_writer *w = j->page->writer;
  const size_t width = w->key_returned + w->def.nreturning;
  if (!width) return CORM_OK;
  j->run.returned = corm_writer_scratch(w, &w->back, &w->back_cap, n * width);
  j->run.width = width;
  j->run.room = n;
  j->run.arena = w->arena;
  return j->run.returned ? CORM_OK : corm_error_memory(err);
}

static corm_status next_job(progress *p, job *j, corm_error *err) {
  corm_page *page = p->page;
  corm_writer *w = page->writer;
  const size_t stride = w->def.ncolumns + w->def.nwhere, n = rows_of_next(p), first = p->next;
  const bool arrays = n > 1 && w->way == WAY_ARRAYS, chunk = n > 1 && w->way == WAY_VALUES;
  const bool keyed = chunk && w->def.key;
  const corm_compiled *compiled = arrays ? &w->set : &w->one;
  *j = (job){.page = page, .first = first, .nrows = n};
  j->run = (corm_run){.values = page->values + first * stride, .n = chunk ? n * stride : stride};
  if (arrays) j->run.nrows = n;
  p->next += n;
  for (size_t i = 0; keyed && i < n; i++) page->keys[first + i] = p->first_key + (int64_t)(first + i);
  corm_status status = corm_writer_batch(w, compiled, n, &j->batch, err);
  if (status == CORM_OK && w->has_constants) status = fill(j, compiled, err);
  return status == CORM_OK && !keyed ? make_room(j, n, err) : status;
}

/* -- what came of it ------------------------------------------------------------------------------------------------
 */

static int by_key(const void *a, const void *b) {
  const int64_t x = ((const corm_value *)a)->as.i, y = ((const corm_value *)b)->as.i;
  return x < y ? -1 : x > y;
}

static corm_status missing_rows(const job *j, corm_error *err) {
  return corm_error_set(err, CORM_E_FLUSH,
                        "INSERT into table '%s' gave %zu row%s back for %zu; a trigger or rule of the database keeps "
                        "rows from being inserted",
                        j->page->writer->def.table->fullname, j->run.nreturned, j->run.nreturned == 1 ? "" : "s",
                        j->nrows);
}

static corm_status take_returned(job *j, corm_error *err) {
  corm_page *page = j->page;
  corm_writer *w = page->writer;
  corm_value *back = j->run.returned;
  if (j->run.nreturned != j->nrows) return missing_rows(j, err);
  if (w->key_returned && w->sorted_keys && j->nrows > 1) qsort(back, j->nrows, sizeof *back, by_key);
  for (size_t i = 0; i < j->nrows; i++, back += j->run.width) {
    if (w->key_returned && back->kind != CORM_INT)
      return corm_error_set(err, CORM_E_FLUSH, "the key that table '%s' generated is no integer",
                            w->def.table->fullname);
    if (w->key_returned) page->keys[j->first + i] = back->as.i;
    if (w->def.nreturning)
      memcpy(page->returned + (j->first + i) * w->def.nreturning, back + w->key_returned,
             w->def.nreturning * sizeof *back);
  }
  return CORM_OK;
}

static corm_status settle(job *j, corm_error *err) {
  corm_page *page = j->page;
  const corm_writer *w = page->writer;
  page->matched += j->run.matched;
  if (w->def.kind != CORM_WRITE_INSERT) {
    if (j->nrows == 1 && j->run.matched < 1 && page->nmissed < CORM_PAGE_MISSED)
      page->missed[page->nmissed++] = j->first;
    return CORM_OK;
  }
  if (j->run.returned && take_returned(j, err) != CORM_OK) return CORM_FAILED;
  if (w->def.key && !w->key_returned && j->nrows == 1) page->keys[j->first] = j->run.last_id;
  return CORM_OK;
}

/* The keys of a chunk end with the one that the database tells. When that is not the one that was proved, somebody has
   inserted in between (a hook): where the greatest key is the last one now, the keys still followed each other. */
static corm_status take_chunk_keys(progress *p, const job *j, corm_error *err) {
  corm_page *page = p->page;
  int64_t *keys = page->keys + j->first, next = 0;
  bool proved = true;
  corm_status status = CORM_OK;
  if (j->run.last_id != keys[j->nrows - 1]) {
    status = corm_writer_prove(page->writer, page->nrows, &proved, &next, err);
    if (status == CORM_OK && (!proved || next != j->run.last_id + 1))
      return corm_error_set(err, CORM_E_FLUSH,
                            "the keys of an INSERT into table '%s' are not known: it was changed meanwhile",
                            page->writer->def.table->fullname);
    p->first_key += j->run.last_id - keys[j->nrows - 1];
  }
  for (size_t i = 0; i < j->nrows; i++) keys[i] = p->first_key + (int64_t)(j->first + i);
  return status;
}

/* -- one after the other --------------------------------------------------------------------------------------------
 */

/* The values of the row at fault, where a statement of many rows failed. */
static void show_row(const job *j, corm_error *err) {
  corm_page *page = j->page;
  const corm_writer *w = page->writer;
  if (!err || !err->statement.mem || j->nrows < 2 || (page->blame = corm_writer_blame(page, err)) == CORM_NO_ROW)
    return;
  const size_t n = w->def.ncolumns + w->def.nwhere;
  const corm_sent sent = {
      .stmt = j->batch->stmt, .compiled = &w->set, .values = page->values, .n = n, .nrows = page->nrows};
  corm_mem_free(w->conn->engine->mem, err->statement.sql); /* attached without parameters */
  corm_mem_free(w->conn->engine->mem, err->statement.params);
  err->statement = (corm_error_statement){0};
  corm_conn_attach(w->conn, &sent, page->blame, err);
}

/* A statement of many rows that failed has changed nothing, and the transaction still stands: row by row the one at
   fault is found. */
static bool try_again(progress *p, const job *j, const corm_error *err) {
  if (j->nrows < 2 || p->one_by_one || !corm_conn_may_retry(p->page->writer->conn, err)) return false;
  p->one_by_one = true;
  p->next = j->first;
  return true;
}

static corm_status write_page(corm_page *page, corm_error *err) {
  progress p;
  corm_status status = begin_page(&p, page, err);
  while (status == CORM_OK && p.next < page->nrows) {
    job j;
    status = next_job(&p, &j, err);
    if (status != CORM_OK) break;
    status = corm_batch_run(j.batch, &j.run, err);
    if (status == CORM_OK) {
      status = settle(&j, err);
      if (status == CORM_OK && j.nrows > 1 && page->writer->way == WAY_VALUES && page->writer->def.key)
        status = take_chunk_keys(&p, &j, err);
    } else if (try_again(&p, &j, err)) {
      corm_error_clear(err);
      status = CORM_OK;
    } else {
      page->blame = j.nrows == 1 ? j.first : CORM_NO_ROW;
      show_row(&j, err);
    }
  }
  return status;
}

/* -- ahead ----------------------------------------------------------------------------------------------------------
 */

enum { IN_FLIGHT = 256 };

typedef struct pipeline {
  job jobs[IN_FLIGHT];
  size_t head, n;
  corm_page *culprit; /* the page of the first failure */
} pipeline;

static void note_failure(pipeline *line, corm_page *page, size_t row) {
  if (line->culprit) return;
  line->culprit = page;
  page->blame = row;
}

/* Answers come for everything that was sent; the first failure counts. */
static corm_status receive(pipeline *line, corm_error *err) {
  job *j = &line->jobs[line->head];
  corm_error later;
  corm_error_init(&later);
  line->head = (line->head + 1) % IN_FLIGHT;
  line->n--;
  j->page->writer->in_flight--;
  const bool first = !line->culprit;
  corm_status status = corm_batch_receive(j->batch, &j->run, first ? err : &later);
  if (status == CORM_OK && first) status = settle(j, err);
  if (status != CORM_OK && first) {
    note_failure(line, j->page, j->nrows == 1 ? j->first : CORM_NO_ROW);
    show_row(j, err);
  }
  corm_error_clear(&later);
  return status;
}

/* Room of its own for every execution in flight. */
static corm_status own_room(job *j, corm_error *err) {
  if (!j->run.returned) return CORM_OK;
  j->run.returned = corm_arena_alloc(j->page->writer->arena, j->run.room * j->run.width * sizeof *j->run.returned);
  return j->run.returned ? CORM_OK : corm_error_memory(err);
}

static corm_status send_page(pipeline *line, progress *p, corm_error *err) {
  corm_writer *w = p->page->writer;
  const bool ones = p->one_by_one || w->way == WAY_ROWS;
  corm_status status = CORM_OK;
  while (status == CORM_OK && p->next < p->page->nrows) {
    while (status == CORM_OK && (line->n == IN_FLIGHT || (ones && w->in_flight == w->ncopies)))
      status = receive(line, err);
    if (status != CORM_OK) break;
    job *j = &line->jobs[(line->head + line->n) % IN_FLIGHT];
    status = next_job(p, j, err);
    if (status == CORM_OK) status = own_room(j, err);
    if (status == CORM_OK) status = corm_batch_send(j->batch, &j->run, err);
    if (status != CORM_OK) {
      note_failure(line, p->page, CORM_NO_ROW);
    } else {
      line->n++;
      w->in_flight++;
    }
  }
  return status;
}

/* Whatever takes a round trip of its own comes before the first execution is sent. */
static corm_status get_ready(progress *p, corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  corm_batch *batch;
  corm_status status = begin_page(p, page, err);
  if (status != CORM_OK) return status;
  if (w->way == WAY_ARRAYS && !p->one_by_one) return corm_writer_batch(w, &w->set, page->nrows, &batch, err);
  return corm_writer_copies(w, page->nrows, err);
}

static corm_status write_ahead(corm_page *const *pages, size_t n, size_t *failed, corm_error *err) {
  corm_arena *arena = pages[0]->writer->arena;
  pipeline *line = corm_arena_zalloc(arena, 1, sizeof *line);
  progress *parts = corm_arena_zalloc(arena, n, sizeof *parts);
  if (!line || !parts) return corm_error_memory(err);
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < n; i++) {
    *failed = i;
    status = get_ready(&parts[i], pages[i], err);
  }
  for (size_t i = 0; status == CORM_OK && i < n; i++) status = send_page(line, &parts[i], err);
  while (line->n)
    if (receive(line, err) != CORM_OK) status = CORM_FAILED;
  for (size_t i = 0; line->culprit && i < n; i++)
    if (pages[i] == line->culprit) *failed = i;
  return status;
}

/* True when several executions would go out that need no answers from each other. */
static bool is_worth_it(corm_page *const *pages, size_t n) {
  if (!corm_conn_can_send(pages[0]->writer->conn)) return false;
  for (size_t i = 0; i < n; i++)
    if (pages[i]->writer->way == WAY_VALUES) return false;
  return n > 1 || (pages[0]->nrows > 1 && pages[0]->writer->way == WAY_ROWS);
}

corm_status corm_pages_write(corm_page *const *pages, size_t n, size_t *failed, corm_error *err) {
  if (n == 0) return CORM_OK;
  if (is_worth_it(pages, n)) return write_ahead(pages, n, failed, err);
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < n; i++) {
    *failed = i;
    status = write_page(pages[i], err);
  }
  return status;
}
