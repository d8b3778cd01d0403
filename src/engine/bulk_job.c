/*
 * Pages that are written while the caller does something else. Where the driver can send ahead, several are on their
 * way to the server and their answers are read later, so that nobody waits for a round trip. Where it cannot, a thread
 * waits for the server (bulk_worker.c). Without a server there is nobody to wait for: pages are written at once, since
 * handing them to another processor costs what it gains.
 */
#include "engine/bulk_job.h"

/* While the caller's own thread sends: the connection is used for the job itself. */
static _Thread_local bool sending;

bool corm_conn_has_background(const corm_conn *conn) {
  return !corm_conn_is_watched(conn) && conn->engine->observer.events == 0;
}

/* A server that is asked for one thing after the other. */
static bool waits_for_server(const corm_conn *conn) {
  return conn->driver->server && !conn->driver->send;
}

size_t corm_conn_page_rows(const corm_conn *conn) {
  return waits_for_server(conn) ? 4000 : 1000;
}

/* -- the pipeline -------------------------------------------------------------------------------------------------- */

/* One page, whose statement for all rows needs no round trip before it is sent: prepared, and proved. (Where there is a
   worker, that looks after the writers.) */
static bool is_ready(corm_page *const *pages, size_t n) {
  const corm_writer *w = pages[0]->writer;
  if (!corm_conn_can_send(w->conn) || n > 1 || pages[0]->nrows < 2 || w->way != WAY_ARRAYS || !w->set_batch)
    return false;
  return !w->def.key || w->proof == PROOF_HOLDS;
}

static corm_status send_page(corm_pages_job *job, corm_error *err) {
  corm_page_progress progress;
  sending = true;
  corm_status status = corm_page_begin(&progress, job->pages[0], err);
  if (status == CORM_OK) status = corm_page_next(&progress, &job->sent, err);
  if (status == CORM_OK) status = corm_batch_send(job->sent.batch, &job->sent.run, err);
  sending = false;
  return status;
}

/* Those behind one that failed fail as well. */
static void receive_page(corm_pages_job *job) {
  job->where = CORM_JOB_DONE;
  job->status = corm_batch_receive(job->sent.batch, &job->sent.run, &job->err);
  if (job->status == CORM_OK)
    job->status = corm_page_take(&job->sent, &job->err);
  else
    corm_page_show_row(&job->sent, &job->err);
}

/* -- jobs ---------------------------------------------------------------------------------------------------------- */

static void wait_for(corm_pages_job *job) {
  switch (job->where) {
  case CORM_JOB_DONE: return;
  case CORM_JOB_SENT: receive_page(job); return;
  case CORM_JOB_POSTED: break;
  }
  corm_worker_wait(job->conn->worker, job);
  job->where = CORM_JOB_DONE;
}

void corm_conn_settle(corm_conn *conn) {
  if (sending || corm_worker_is_here()) return;
  for (corm_pages_job *job = conn->jobs; job; job = job->next) wait_for(job);
}

bool corm_pages_may_start(corm_page *const *pages, size_t n) {
  const corm_conn *conn = pages[0]->writer->conn;
  size_t under_way = 0;
  for (const corm_pages_job *job = conn->jobs; job; job = job->next) under_way++;
  if (under_way == 0 || under_way >= CORM_PAGES_JOBS) return under_way == 0;
  return conn->worker || is_ready(pages, n);
}

static void start(corm_pages_job *job, corm_error *err) {
  corm_conn *conn = job->conn;
  const bool background = !conn->recorder && corm_conn_has_background(conn);
  if (background && is_ready(job->pages, job->n)) {
    job->status = send_page(job, err);
    job->where = job->status == CORM_OK ? CORM_JOB_SENT : CORM_JOB_DONE;
  } else if (background && waits_for_server(conn) && corm_worker_provide(conn)) {
    job->where = CORM_JOB_POSTED;
    corm_worker_post(conn->worker, job);
  } else {
    job->status = corm_pages_write(job->pages, job->n, &job->failed, err);
  }
}

corm_status corm_pages_start(corm_page *const *pages, size_t n, corm_arena *arena, corm_pages_job **out,
                             corm_error *err) {
  corm_conn *conn = pages[0]->writer->conn;
  corm_pages_job *job = corm_arena_zalloc(arena, 1, sizeof *job), **last = &conn->jobs;
  if (!job) return corm_error_memory(err);
  *job = (corm_pages_job){.conn = conn, .pages = pages, .n = n};
  if (!corm_pages_may_start(pages, n)) corm_conn_settle(conn);
  start(job, &job->err);
  while (*last) last = &(*last)->next;
  *last = job;
  *out = job;
  return CORM_OK;
}

corm_status corm_pages_finish(corm_pages_job *job, size_t *failed, corm_error *err) {
  corm_pages_job **link = &job->conn->jobs;
  for (; *link != job; link = &(*link)->next) wait_for(*link);
  wait_for(job);
  *link = job->next;
  *failed = job->failed;
  if (job->status == CORM_OK) return CORM_OK;
  if (err && !err->is_set)
    *err = job->err;
  else
    corm_error_clear(&job->err);
  return CORM_FAILED;
}

void corm_pages_rest(corm_conn *conn) {
  if (conn->worker) corm_worker_free(conn->worker);
  conn->worker = NULL;
}
