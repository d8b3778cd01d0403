/* A collection of tables that know each other by name. */
#ifndef CORM_SCHEMA_METADATA_H
#define CORM_SCHEMA_METADATA_H

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "schema/naming.h"
#include "schema/table.h"

struct corm_metadata {
  const corm_mem *mem;
  corm_map tables; /* fullname -> corm_table *, in order of creation */
  const char *schema;
  corm_naming naming; /* borrows its creator's strings */
  corm_vec sequences; /* corm_sequence *, in order of creation; their creators' */
};

void corm_metadata_init(corm_metadata *metadata, const corm_mem *mem);
/* Forgets the tables; they are their creators'. */
void corm_metadata_clear(corm_metadata *metadata);

/* Adds a table; InvalidRequestError when the name is taken. */
CORM_MUST_USE corm_status corm_metadata_add(corm_metadata *metadata, corm_table *table, corm_error *err);
/* By "name" or "schema.name"; NULL when absent. */
corm_table *corm_metadata_table(const corm_metadata *metadata, const char *fullname);
/* Forgets a table; foreign keys that named it by a string are unresolved again. */
void corm_metadata_remove(corm_metadata *metadata, corm_table *table);
/* The nearest full name for a typo, or NULL. */
const char *corm_metadata_nearest(const corm_metadata *metadata, const char *fullname);

/*
 * Appends all tables, or the `ntables` given ones, sorted so that referenced tables come first; ties by order of
 * creation. Self-references and keys with use_alter do not count. Tables on a cycle of foreign keys come last, in order
 * of creation, and *ncycle is their number. Resolves foreign keys (NoReferencedTableError).
 */
CORM_MUST_USE corm_status corm_metadata_sort(const corm_metadata *metadata, corm_table *const *tables, size_t ntables,
                                             corm_vec *out, size_t *ncycle, corm_error *err);

#endif
