/* Pages that are told to a recorder instead of being written. */
#include "engine/bulk_writer.h"
#include "engine/internal.h"

static corm_status settle_engine(corm_engine *engine, corm_error *err) {
  corm_conn *conn = NULL;
  if (corm_engine_is_settled(engine)) return CORM_OK;
  const corm_status status = corm_engine_connect(engine, &conn, err);
  corm_conn_release(conn);
  return status;
}

corm_status corm_engine_record(corm_engine *engine, const corm_recorder *recorder, corm_conn **out, corm_error *err) {
  if (settle_engine(engine, err) != CORM_OK) return CORM_FAILED;
  engine = engine->root;
  corm_conn *conn = corm_mem_zalloc(engine->mem, 1, sizeof *conn);
  if (!conn) return corm_error_memory(err);
  *conn = (corm_conn){.refs = 1, .engine = engine, .driver = engine->driver, .recorder = recorder, .closed = true};
  corm_engine_acquire(engine);
  *out = conn;
  return CORM_OK;
}

static corm_status record_page(const corm_recorder *recorder, corm_page *page, corm_error *err) {
  corm_page_progress p;
  corm_status status = corm_page_begin(&p, page, err);
  while (status == CORM_OK && p.next < page->nrows) {
    corm_page_run j;
    const corm_compiled *compiled;
    status = corm_page_choose(&p, &j, &compiled, err);
    if (status != CORM_OK) break;
    const corm_recorded statement = {.kind = page->writer->def.kind,
                                     .table = page->writer->def.table,
                                     .sql = corm_writer_sql(page->writer, compiled, j.nrows),
                                     .nrows = j.nrows,
                                     .values = j.run.values,
                                     .n = j.run.n,
                                     .sets = j.run.nrows > 0};
    status = statement.sql ? recorder->record(recorder->ctx, &statement, err) : corm_error_memory(err);
  }
  page->matched = (int64_t)page->nrows;
  return status;
}

corm_status corm_pages_record(corm_page *const *pages, size_t n, size_t *failed, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < n; i++) {
    *failed = i;
    status = record_page(pages[i]->writer->conn->recorder, pages[i], err);
  }
  return status;
}
