#include <string.h>

#include "sql/dialect.h"

static const corm_dialect *const dialects[] = {&corm_dialect_default, &corm_dialect_sqlite, &corm_dialect_postgresql,
                                               &corm_dialect_mysql, &corm_dialect_mariadb};
static const char *const names[] = {"default", "sqlite", "postgresql", "mysql", "mariadb"};

const corm_dialect *corm_dialect_find(const char *name) {
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
    if (strcmp(dialects[i]->name, name) == 0) return dialects[i];
  }
  return NULL;
}

const char *const *corm_dialect_names(size_t *n) {
  *n = sizeof names / sizeof *names;
  return names;
}
