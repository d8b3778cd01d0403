/* Executions of several pages, or of a page's rows, sent one behind the other before the first answer is read. */
#include "engine/bulk_writer.h"
#include "engine/internal.h"

enum { IN_FLIGHT = 256 };

typedef struct pipeline {
  corm_page_run runs[IN_FLIGHT];
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
  corm_page_run *j = &line->runs[line->head];
  corm_error later;
  corm_error_init(&later);
  line->head = (line->head + 1) % IN_FLIGHT;
  line->n--;
  const bool first = !line->culprit;
  corm_status status = corm_batch_receive(j->batch, &j->run, first ? err : &later);
  if (status == CORM_OK && first) status = corm_page_take(j, err);
  if (status != CORM_OK && first) {
    note_failure(line, j->page, j->nrows == 1 ? j->first : CORM_NO_ROW);
    corm_page_show_row(j, err);
  }
  corm_error_clear(&later);
  return status;
}

static corm_status send_page(pipeline *line, corm_page_progress *p, corm_error *err) {
  corm_status status = CORM_OK;
  while (status == CORM_OK && p->next < p->page->nrows) {
    if (line->n == IN_FLIGHT && (status = receive(line, err)) != CORM_OK) break;
    corm_page_run *j = &line->runs[(line->head + line->n) % IN_FLIGHT];
    status = corm_page_next(p, j, err);
    if (status == CORM_OK) status = corm_batch_send(j->batch, &j->run, err);
    if (status == CORM_OK)
      line->n++;
    else
      note_failure(line, p->page, CORM_NO_ROW);
  }
  return status;
}

/* Whatever takes a round trip of its own comes before the first execution is sent. */
static corm_status get_ready(corm_page_progress *p, corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  corm_batch *batch;
  corm_status status = corm_page_begin(p, page, err);
  if (status != CORM_OK) return status;
  const bool arrays = w->way == WAY_ARRAYS && !p->one_by_one;
  return corm_writer_batch(w, arrays ? &w->set : &w->one, arrays ? page->nrows : 1, &batch, err);
}

corm_status corm_pages_write_ahead(corm_page *const *pages, size_t n, size_t *failed, corm_error *err) {
  corm_arena *arena = pages[0]->writer->arena;
  pipeline *line = corm_arena_zalloc(arena, 1, sizeof *line);
  corm_page_progress *parts = corm_arena_zalloc(arena, n, sizeof *parts);
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

bool corm_pages_can_go_ahead(corm_page *const *pages, size_t n) {
  if (!corm_conn_can_send(pages[0]->writer->conn)) return false;
  for (size_t i = 0; i < n; i++)
    if (pages[i]->writer->way == WAY_VALUES) return false;
  return n > 1 || (pages[0]->nrows > 1 && pages[0]->writer->way == WAY_ROWS);
}
