/* Closing pages, writing them in the background, and what becomes of their objects afterwards. */
#include "orm/persist.h"
#include "orm/preview.h"

/* Pages go out in the order of their first rows. */
static corm_status list_pages(corm_sheaf *sheaf, corm_error *err) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < sheaf->nrows; i++) n += sheaf->rows[i].row == 0;
  sheaf->shapes = corm_arena_alloc(&sheaf->bytes, n * sizeof(void *));
  sheaf->pages = corm_arena_alloc(&sheaf->bytes, n * sizeof(void *));
  if (!sheaf->shapes || !sheaf->pages) return corm_error_memory(err);
  for (uint32_t i = 0; i < sheaf->nrows; i++) {
    if (sheaf->rows[i].row != 0) continue;
    sheaf->shapes[sheaf->npages] = sheaf->rows[i].shape;
    sheaf->pages[sheaf->npages++] = corm_page_in(sheaf->rows[i].shape, sheaf);
  }
  return CORM_OK;
}

/* Ready to be collected anew. */
static void empty(corm_sheaf *sheaf) {
  for (uint32_t i = 0; i < sheaf->npages; i++) sheaf->pages[i]->nrows = 0;
  sheaf->npages = sheaf->nrows = 0;
  sheaf->nbytes = 0;
  corm_arena_reset(&sheaf->bytes);
}

static corm_status settle(corm_persister *p, corm_sheaf *sheaf, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < sheaf->npages; i++)
    status = corm_page_check(p, sheaf, sheaf->shapes[i], err);
  for (uint32_t i = 0; status == CORM_OK && i < sheaf->nrows; i++) {
    if (i + CORM_FLUSH_AHEAD < sheaf->nrows) corm_flush_ahead(sheaf->rows[i + CORM_FLUSH_AHEAD].object);
    status = corm_page_settle(p, sheaf, &sheaf->rows[i], err);
  }
  return status;
}

static corm_status finish_oldest(corm_persister *p, corm_error *err) {
  corm_sheaf *sheaf = &p->sheaves[p->oldest];
  size_t failed = 0;
  p->oldest = (p->oldest + 1) % CORM_SHEAVES;
  p->nwritten--;
  corm_status status = corm_pages_finish(sheaf->job, &failed, err);
  if (status == CORM_OK) {
    status = p->flush->preview ? corm_preview_settle(p, sheaf, err) : settle(p, sheaf, err);
  } else {
    status = corm_persist_blame_row(sheaf, sheaf->shapes[failed], sheaf->pages[failed]->blame, err);
  }
  p->failed = p->failed || status != CORM_OK;
  empty(sheaf);
  return status;
}

corm_status corm_pages_close(corm_persister *p, corm_error *err) {
  corm_sheaf *sheaf = p->open;
  if (!sheaf->nrows) return CORM_OK;
  corm_status status = list_pages(sheaf, err);
  while (status == CORM_OK && p->nwritten && !corm_pages_may_start(sheaf->pages, sheaf->npages))
    status = finish_oldest(p, err);
  if (status == CORM_OK) status = corm_pages_start(sheaf->pages, sheaf->npages, &sheaf->bytes, &sheaf->job, err);
  if (status != CORM_OK) return status;
  if (!p->nwritten++) p->oldest = sheaf->number;
  p->open = &p->sheaves[(sheaf->number + 1) % CORM_SHEAVES];
  return p->background ? CORM_OK : corm_pages_wait(p, err);
}

corm_status corm_pages_wait(corm_persister *p, corm_error *err) {
  corm_status status = CORM_OK;
  while (status == CORM_OK && p->nwritten) status = finish_oldest(p, err);
  return status;
}

corm_status corm_pages_flush(corm_persister *p, corm_error *err) {
  corm_status status = corm_pages_close(p, err);
  return status == CORM_OK ? corm_pages_wait(p, err) : status;
}

void corm_pages_abandon(corm_persister *p, corm_error *err) {
  corm_error earlier;
  corm_error_init(&earlier);
  while (p->nwritten) {
    corm_error *wanted = p->failed ? NULL : &earlier;
    (void)!finish_oldest(p, wanted);
  }
  if (!earlier.is_set) return;
  if (err) {
    corm_error_clear(err);
    *err = earlier;
  } else {
    corm_error_clear(&earlier);
  }
}
