/*
 * Client libraries, loaded with the first connection that needs them. Linked, they would be loaded with corm, and the
 * libraries that they need as well: OpenSSL, Kerberos, LDAP and twenty others, four of the five milliseconds that a
 * process with corm takes to start (docs/decisions/0022-client-libraries.md). A library stays until the process ends.
 */
#ifndef CORM_DRIVER_CLIENT_H
#define CORM_DRIVER_CLIENT_H

#include "base/error.h"

/* Of a list of functions: the fields of a struct of pointers to them, and their names. */
#define CORM_CLIENT_FIELD(name) __typeof__(name) *name;
#define CORM_CLIENT_NAME(name)  #name,

typedef struct corm_client {
  const char *file; /* as the system's loader finds it: "libpq.so.5" */
  const char *const *names;
  size_t count;
  void *calls; /* the functions of these names: a struct of so many pointers to functions */
  bool is_loaded;
} corm_client;

/* Fills `calls` unless that is done. An error when there is no such library, or it lacks a function. Any thread. */
corm_status corm_client_load(corm_client *client, corm_error *err);

#endif
