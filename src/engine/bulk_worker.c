/*
 * The thread that writes a connection's pages in the background. It lives as long as one flush and touches nothing but
 * what belongs to its jobs and the connection, which its owner leaves alone meanwhile. No function of the host runs in
 * it: bulk_job.c does not start it on a connection that somebody watches or listens to.
 */
#include <pthread.h>
#include <signal.h>

#include "engine/bulk_job.h"

struct corm_pages_worker {
  const corm_mem *mem;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t posted, written;
  corm_pages_job *queue, *last; /* the first one is being written */
  bool over;
};

static _Thread_local bool is_here;

bool corm_worker_is_here(void) {
  return is_here;
}

/* What stands behind a page that failed is not tried. */
static void write_job(corm_pages_job *job, bool *failed) {
  if (*failed)
    job->status = corm_error_set(&job->err, CORM_E_PENDING_ROLLBACK, "not executed: a statement before it failed");
  else
    job->status = corm_pages_write(job->pages, job->n, &job->failed, &job->err);
  *failed = job->status != CORM_OK;
}

static void *work(void *arg) {
  corm_pages_worker *worker = arg;
  bool failed = false;
  is_here = true;
  pthread_mutex_lock(&worker->mutex);
  for (;;) {
    while (!worker->queue && !worker->over) pthread_cond_wait(&worker->posted, &worker->mutex);
    corm_pages_job *job = worker->queue;
    if (!job) break;
    pthread_mutex_unlock(&worker->mutex);
    write_job(job, &failed);
    pthread_mutex_lock(&worker->mutex);
    worker->queue = job->behind;
    job->written = true;
    pthread_cond_signal(&worker->written);
  }
  pthread_mutex_unlock(&worker->mutex);
  return NULL;
}

/* Signals are the host's: its threads get them. */
static bool start_thread(corm_pages_worker *worker) {
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  const bool started = pthread_create(&worker->thread, NULL, work, worker) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

static void dispose(corm_pages_worker *worker) {
  pthread_cond_destroy(&worker->written);
  pthread_cond_destroy(&worker->posted);
  pthread_mutex_destroy(&worker->mutex);
  corm_mem_free(worker->mem, worker);
}

bool corm_worker_provide(corm_conn *conn) {
  if (conn->worker) return true;
  corm_pages_worker *worker = corm_mem_zalloc(conn->engine->mem, 1, sizeof *worker);
  if (!worker) return false;
  worker->mem = conn->engine->mem;
  /* On Linux none of these can fail with default attributes. */
  (void)pthread_mutex_init(&worker->mutex, NULL);
  (void)pthread_cond_init(&worker->posted, NULL);
  (void)pthread_cond_init(&worker->written, NULL);
  if (start_thread(worker)) {
    conn->worker = worker;
    return true;
  }
  dispose(worker);
  return false;
}

void corm_worker_post(corm_pages_worker *worker, corm_pages_job *job) {
  pthread_mutex_lock(&worker->mutex);
  if (worker->queue)
    worker->last->behind = job;
  else
    worker->queue = job;
  worker->last = job;
  pthread_cond_signal(&worker->posted);
  pthread_mutex_unlock(&worker->mutex);
}

void corm_worker_wait(corm_pages_worker *worker, corm_pages_job *job) {
  pthread_mutex_lock(&worker->mutex);
  while (!job->written) pthread_cond_wait(&worker->written, &worker->mutex);
  pthread_mutex_unlock(&worker->mutex);
}

void corm_worker_free(corm_pages_worker *worker) {
  pthread_mutex_lock(&worker->mutex);
  worker->over = true;
  pthread_cond_signal(&worker->posted);
  pthread_mutex_unlock(&worker->mutex);
  (void)pthread_join(worker->thread, NULL);
  dispose(worker);
}
