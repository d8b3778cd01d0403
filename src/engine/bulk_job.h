/* Pages in the background from the inside: what bulk_job.c (jobs, the pipeline) and bulk_worker.c (the thread) share.
 */
#ifndef CORM_ENGINE_BULK_JOB_H
#define CORM_ENGINE_BULK_JOB_H

#include "engine/bulk_writer.h"
#include "engine/internal.h"

typedef enum corm_job_place {
  CORM_JOB_DONE,
  CORM_JOB_SENT,  /* its answer is due */
  CORM_JOB_POSTED /* with the worker */
} corm_job_place;

struct corm_pages_job {
  corm_pages_job *next; /* of the connection, in the order in which they were started */
  corm_conn *conn;
  corm_page *const *pages;
  size_t n;
  corm_job_place where;
  corm_page_run sent;
  corm_status status; /* when it is done */
  size_t failed;
  corm_error err;

  /* The worker's, under its mutex. */
  corm_pages_job *behind;
  bool written;
};

/* Makes the connection's worker, if there is none. False: there cannot be one. */
bool corm_worker_provide(corm_conn *conn);
void corm_worker_post(corm_pages_worker *worker, corm_pages_job *job);
void corm_worker_wait(corm_pages_worker *worker, corm_pages_job *job);
/* Waits for its end. */
void corm_worker_free(corm_pages_worker *worker);
/* True in a worker's own thread. */
bool corm_worker_is_here(void);

#endif
