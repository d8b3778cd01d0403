/* libmariadb, loaded when it is needed. */
#include "driver/libmariadb_calls.h"

#ifdef CORM_LIBMARIADB_FILE

corm_libmariadb_calls corm_libmariadb;

static const char *const names[] = {CORM_LIBMARIADB_CALLS(CORM_CLIENT_NAME)};

static corm_client client = {
    .file = CORM_LIBMARIADB_FILE, .names = names, .count = sizeof names / sizeof *names, .calls = &corm_libmariadb};

corm_status corm_mariadb_load(corm_error *err) {
  return corm_client_load(&client, err);
}

#else

corm_status corm_mariadb_load(corm_error *err) {
  (void)err;
  return CORM_OK;
}

#endif
