#include "driver/client.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static corm_status find_calls(const corm_client *client, void *library, corm_error *err) {
  for (size_t i = 0; i < client->count; i++) {
    void *call = dlsym(library, client->names[i]);
    if (!call)
      return corm_error_set(err, CORM_E_NOT_SUPPORTED, "%s has no function %s", client->file, client->names[i]);
    memcpy((char *)client->calls + i * sizeof call, &call, sizeof call);
  }
  return CORM_OK;
}

static corm_status load(corm_client *client, corm_error *err) {
  void *library = dlopen(client->file, RTLD_LAZY | RTLD_LOCAL);
  if (!library) return corm_error_set(err, CORM_E_NOT_SUPPORTED, "the client library is not there: %s", dlerror());
  if (find_calls(client, library, err) != CORM_OK) {
    (void)dlclose(library);
    return CORM_FAILED;
  }
  client->is_loaded = true;
  return CORM_OK;
}

corm_status corm_client_load(corm_client *client, corm_error *err) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  (void)pthread_mutex_lock(&lock);
  const corm_status status = client->is_loaded ? CORM_OK : load(client, err);
  (void)pthread_mutex_unlock(&lock);
  return status;
}
