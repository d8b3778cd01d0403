/* From a page to executions, what came of them, and one after the other. */
#include "engine/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bulk_writer.h"
#include "engine/internal.h"

/* -- from rows to executions --------------------------------------------------------------------------------------- */

corm_status corm_page_begin(corm_page_progress *p, corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  const bool sourced = w->source && page->nrows >= WRITER_MIN_SOURCE;
  *p = (corm_page_progress){.page = page, .one_by_one = (w->way == WAY_ROWS && !sourced) || page->nrows < 2};
  page->matched = 0;
  page->nmissed = 0;
  page->blame = CORM_NO_ROW;
  if (p->one_by_one || !w->def.key) return CORM_OK;
  if (w->counted_keys && page->nrows < WRITER_MIN_KEYED) p->one_by_one = true;
  if (p->one_by_one || w->proof == PROOF_HOLDS) return CORM_OK;
  bool proved = false;
  corm_status status = corm_writer_prove(w, page->nrows, &proved, &p->first_key, err);
  p->one_by_one = !proved;
  return status;
}

/* How many of the rows that are left the next execution takes. */
static size_t rows_of_next(const corm_page_progress *p) {
  const corm_writer *w = p->page->writer;
  const size_t left = p->page->nrows - p->next;
  if (p->one_by_one) return 1;
  if (w->way == WAY_ARRAYS || (w->source && left >= WRITER_MIN_SOURCE)) return left;
  const size_t n = w->way == WAY_VALUES ? corm_writer_chunk(w, left) : 1;
  return n ? n : 1;
}

/* The values of the job's rows in the order of the statement's parameters. */
static corm_status fill(corm_page_run *j, const corm_compiled *compiled, corm_error *err) {
  corm_writer *w = j->page->writer;
  const corm_value *given = j->run.values;
  corm_value *out = corm_writer_scratch(w, j->nrows * compiled->nbinds);
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
static corm_status make_room(corm_page_run *j, size_t n, corm_error *err) {
  const corm_writer *w = j->page->writer;
  const size_t width = w->key_returned + w->def.nreturning;
  if (!width) return CORM_OK;
  j->run.arena = j->page->room;
  j->run.returned = corm_arena_alloc(j->run.arena, n * width * sizeof *j->run.returned);
  j->run.width = width;
  j->run.room = n;
  return j->run.returned ? CORM_OK : corm_error_memory(err);
}

corm_status corm_page_choose(corm_page_progress *p, corm_page_run *j, const corm_compiled **compiled, corm_error *err) {
  corm_page *page = p->page;
  corm_writer *w = page->writer;
  const size_t stride = w->def.ncolumns + w->def.nwhere, n = rows_of_next(p), first = p->next;
  const bool arrays = n > 1 && (w->way == WAY_ARRAYS || (w->source && n >= WRITER_MIN_SOURCE));
  const bool chunk = n > 1 && !arrays;
  *compiled = arrays ? &w->set : &w->one;
  *j = (corm_page_run){.page = page, .first = first, .nrows = n};
  j->run = (corm_run){.values = page->values + first * stride, .n = chunk ? n * stride : stride};
  if (arrays) j->run.nrows = n;
  p->next += n;
  return w->has_constants ? fill(j, *compiled, err) : CORM_OK;
}

corm_status corm_page_next(corm_page_progress *p, corm_page_run *j, corm_error *err) {
  const corm_compiled *compiled;
  corm_status status = corm_page_choose(p, j, &compiled, err);
  if (status == CORM_OK) status = corm_writer_batch(p->page->writer, compiled, j->nrows, &j->batch, err);
  return status == CORM_OK ? make_room(j, j->nrows, err) : status;
}

/* -- what came of it ----------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b) {
  const int64_t x = ((const corm_value *)a)->as.i, y = ((const corm_value *)b)->as.i;
  return x < y ? -1 : x > y;
}

static corm_status missing_rows(const corm_page_run *j, corm_error *err) {
  return corm_error_set(err, CORM_E_FLUSH,
                        "INSERT into table '%s' gave %zu row%s back for %zu; a trigger or rule of the database keeps "
                        "rows from being inserted",
                        j->page->writer->def.table->fullname, j->run.nreturned, j->run.nreturned == 1 ? "" : "s",
                        j->nrows);
}

static corm_status take_returned(corm_page_run *j, corm_error *err) {
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

corm_status corm_page_take(corm_page_run *j, corm_error *err) {
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
static corm_status take_chunk_keys(corm_page_progress *p, const corm_page_run *j, corm_error *err) {
  corm_page *page = p->page;
  const int64_t wanted = p->first_key + (int64_t)(j->first + j->nrows - 1);
  if (j->run.last_id != wanted) {
    int64_t next = 0;
    bool proved = false;
    if (corm_writer_prove(page->writer, page->nrows, &proved, &next, err) != CORM_OK) return CORM_FAILED;
    if (!proved || next != j->run.last_id + 1)
      return corm_error_set(err, CORM_E_FLUSH,
                            "the keys of an INSERT into table '%s' are not known: it was changed meanwhile",
                            page->writer->def.table->fullname);
    p->first_key += j->run.last_id - wanted;
  }
  for (size_t i = j->first; i < j->first + j->nrows; i++) page->keys[i] = p->first_key + (int64_t)i;
  return CORM_OK;
}

/* -- one after the other ------------------------------------------------------------------------------------------- */

/* The values of the row at fault, where a statement of many rows failed. */
void corm_page_show_row(const corm_page_run *j, corm_error *err) {
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
static bool try_again(corm_page_progress *p, const corm_page_run *j, const corm_error *err) {
  if (j->nrows < 2 || p->one_by_one || !corm_conn_may_retry(p->page->writer->conn, err)) return false;
  p->one_by_one = true;
  p->next = j->first;
  return true;
}

static corm_status write_page(corm_page *page, corm_error *err) {
  corm_page_progress p;
  corm_status status = corm_page_begin(&p, page, err);
  while (status == CORM_OK && p.next < page->nrows) {
    corm_page_run j;
    status = corm_page_next(&p, &j, err);
    if (status != CORM_OK) break;
    status = corm_batch_run(j.batch, &j.run, err);
    if (status == CORM_OK) {
      status = corm_page_take(&j, err);
      if (status == CORM_OK && j.nrows > 1 && page->writer->counted_keys && page->writer->def.key)
        status = take_chunk_keys(&p, &j, err);
    } else if (try_again(&p, &j, err)) {
      corm_error_clear(err);
      status = CORM_OK;
    } else {
      page->blame = j.nrows == 1 ? j.first : CORM_NO_ROW;
      corm_page_show_row(&j, err);
    }
  }
  return status;
}

corm_status corm_pages_write(corm_page *const *pages, size_t n, size_t *failed, corm_error *err) {
  if (n == 0) return CORM_OK;
  if (pages[0]->writer->conn->recorder) return corm_pages_record(pages, n, failed, err);
  if (corm_pages_can_go_ahead(pages, n)) return corm_pages_write_ahead(pages, n, failed, err);
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < n; i++) {
    *failed = i;
    status = write_page(pages[i], err);
  }
  return status;
}
