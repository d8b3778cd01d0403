/* Which drivers this build has, and what the first part of a URL means. */
#include <string.h>

#include "base/str.h"
#include "engine/internal.h"

static const corm_driver *const drivers[] = {
    &corm_driver_sqlite,
#ifdef CORM_HAVE_LIBPQ
    &corm_driver_libpq,
#endif
#ifdef CORM_HAVE_LIBMARIADB
    &corm_driver_libmariadb,
#endif
};

/* Dialects whose driver a build may lack. */
static const struct {
  const char *dialect;
  const char *library;
} optional[] = {{"postgresql", "libpq"}, {"mysql", "libmariadb"}, {"mariadb", "libmariadb"}};
enum { OPTIONAL = sizeof optional / sizeof *optional };

corm_status corm_name_unknown(const char *what, const char *name, const char *const *names, size_t n, corm_error *err) {
  const char *nearest = corm_name_nearest(name, names, n);
  corm_error_set(err, CORM_E_ARGUMENT, "unknown %s '%.60s'", what, name);
  if (nearest != NULL) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

/* The generic dialect has no database, and so no driver. */
static bool has_driver(const corm_dialect *dialect) {
  return dialect != NULL && dialect->default_driver != NULL && dialect->default_driver[0] != '\0';
}

static const corm_driver *find_driver(const char *name) {
  for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
    if (strcmp(drivers[i]->name, name) == 0) return drivers[i];
  return NULL;
}

static const char *library_of(const char *dialect) {
  for (size_t i = 0; i < OPTIONAL; i++)
    if (strcmp(optional[i].dialect, dialect) == 0) return optional[i].library;
  return NULL;
}

static corm_status unknown_dialect(const char *name, corm_error *err) {
  enum { MOST = 16 };
  const char *usable[MOST] = {"postgresql", "mysql", "mariadb"};
  size_t n = 0, nusable = OPTIONAL;
  if (strcmp(name, "postgres") == 0) { /* libpq's own spelling, which SQLAlchemy refuses too */
    corm_error_set(err, CORM_E_ARGUMENT, "unknown dialect 'postgres'");
    corm_error_hint(err, "write postgresql://");
    return CORM_FAILED;
  }
  const char *const *names = corm_dialect_names(&n);
  for (size_t i = 0; i < n && nusable < MOST; i++) {
    if (has_driver(corm_dialect_find(names[i])) && library_of(names[i]) == NULL) usable[nusable++] = names[i];
  }
  return corm_name_unknown("dialect", name, usable, nusable, err);
}

corm_status corm_driver_name(const char *dialect, const char **out, corm_error *err) {
  const corm_dialect *found = corm_dialect_find(dialect);
  *out = has_driver(found) ? found->default_driver : library_of(dialect);
  return *out ? CORM_OK : unknown_dialect(dialect, err);
}

corm_status corm_dialect_choose(const char *dialect, const char *driver, const corm_dialect **dialect_out,
                                const corm_driver **driver_out, corm_error *err) {
  const corm_dialect *found = corm_dialect_find(dialect);
  const char *own;
  if (corm_driver_name(dialect, &own, err) != CORM_OK) return CORM_FAILED;
  if (driver != NULL && strcmp(driver, own) != 0) {
    corm_name_unknown("driver", driver, &own, 1, err);
    corm_error_hint(err, "the driver of %s is '%s'", dialect, own);
    return CORM_FAILED;
  }
  *dialect_out = found;
  *driver_out = find_driver(own);
  if (found != NULL && *driver_out != NULL) return CORM_OK;
  return corm_error_set(err, CORM_E_ARGUMENT,
                        "this build of corm has no driver for %s: %s was not found when it was built", dialect, own);
}
