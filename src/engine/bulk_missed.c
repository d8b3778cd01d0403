/* Which rows of a page are not in the database: asked once, when a count says that some are missing. */
#include "engine/bulk_writer.h"

/* The key that the row has now: a new one that the page has set, or the one that was looked for. */
static void key_of(const corm_page *page, size_t row, const uint32_t *place, corm_value *out) {
  const corm_writer_def *def = &page->writer->def;
  for (size_t i = 0; i < def->nwhere; i++) out[i] = page->values[row * (def->ncolumns + def->nwhere) + place[i]];
}

static bool equal(const corm_value *a, const corm_value *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!corm_value_equal(&a[i], &b[i])) return false;
  return true;
}

static void place_keys(const corm_writer_def *def, uint32_t *place) {
  for (size_t i = 0; i < def->nwhere; i++) {
    place[i] = (uint32_t)(def->ncolumns + i);
    for (size_t k = 0; k < def->ncolumns; k++)
      if (def->columns[k] == def->where[i]) place[i] = (uint32_t)k;
  }
}

static void compare(corm_page *page, const corm_value *keys, const corm_value *found, size_t nfound) {
  const size_t n = page->writer->def.nwhere;
  for (size_t row = 0; row < page->nrows && page->nmissed < CORM_PAGE_MISSED; row++) {
    size_t at = 0;
    while (at < nfound && !equal(keys + row * n, found + at * n, n)) at++;
    if (at == nfound) page->missed[page->nmissed++] = row;
  }
}

corm_status corm_page_find_missed(corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  const corm_writer_def *def = &w->def;
  const size_t n = def->nwhere, total = n * page->nrows;
  if (page->nmissed || !n) return CORM_OK; /* known already */
  uint32_t *place = corm_arena_alloc(w->arena, n * sizeof *place);
  corm_value *keys = corm_arena_alloc(w->arena, total * sizeof *keys);
  corm_value *found = corm_arena_alloc(w->arena, total * sizeof *found);
  if (!place || !keys || !found) return corm_error_memory(err);
  place_keys(def, place);
  for (size_t row = 0; row < page->nrows; row++) key_of(page, row, place, keys + row * n);
  corm_compiled compiled;
  corm_batch *batch = NULL;
  corm_run run = {.values = keys, .n = total, .returned = found, .width = n, .room = page->nrows, .arena = w->arena};
  corm_status status = corm_compile_present_in(w->arena, corm_engine_dialect(corm_conn_engine(w->conn)), def->table,
                                               def->where, n, page->nrows, &compiled, err);
  if (status == CORM_OK) status = corm_conn_batch_open(w->conn, &compiled, &batch, err);
  if (status == CORM_OK) status = corm_batch_run(batch, &run, err);
  corm_batch_close(batch);
  if (status == CORM_OK) compare(page, keys, found, run.nreturned < run.room ? run.nreturned : run.room);
  return status;
}
