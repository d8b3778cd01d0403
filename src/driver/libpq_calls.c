/* libpq, loaded when it is needed. */
#include "driver/libpq_calls.h"

#ifdef CORM_LIBPQ_FILE

corm_libpq_calls corm_libpq;

static const char *const names[] = {CORM_LIBPQ_CALLS(CORM_CLIENT_NAME)};

static corm_client client = {
    .file = CORM_LIBPQ_FILE, .names = names, .count = sizeof names / sizeof *names, .calls = &corm_libpq};

corm_status corm_pq_load(corm_error *err) {
  return corm_client_load(&client, err);
}

#else

corm_status corm_pq_load(corm_error *err) {
  (void)err;
  return CORM_OK;
}

#endif
