/* What a session sends for itself, told to those who listen to all that it executes (do_orm_execute). */
#include "orm/loader.h"

corm_status corm_session_tell_load(corm_session *session, const corm_load_news *news, corm_load_plan **out,
                                   corm_error *err) {
  const corm_host *host = session->host;
  const char *busy = session->busy;
  session->busy = busy ? busy : "loading";
  corm_session_acquire(session);
  corm_status status = host->before_load(host->ctx, news, out, err);
  session->busy = busy;
  corm_session_release(session);
  return status;
}
