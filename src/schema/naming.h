/*
 * Names of constraints and indexes that nobody wrote, by templates such as "fk_%(table_name)s_%(column_0_name)s".
 * SQLAlchemy's tokens, and functions of the script's own.
 */
#ifndef CORM_SCHEMA_NAMING_H
#define CORM_SCHEMA_NAMING_H

#include "base/buf.h"
#include "schema/table.h"

typedef enum corm_naming_kind {
  CORM_NAMING_INDEX,
  CORM_NAMING_UNIQUE,
  CORM_NAMING_CHECK,
  CORM_NAMING_FOREIGN_KEY,
  CORM_NAMING_PRIMARY_KEY,
  CORM_NAMING_KINDS
} corm_naming_kind;

/* "ix", "uq", "ck", "fk", "pk" */
extern const char *const corm_naming_keys[CORM_NAMING_KINDS];

typedef struct corm_naming_token {
  const char *name;
  int hook; /* the host's number of the function */
} corm_naming_token;

typedef struct corm_naming {
  const char *templates[CORM_NAMING_KINDS]; /* NULL: none; an index then is "ix_%(column_0_label)s" */
  const corm_naming_token *tokens;
  size_t ntokens;
  /* Appends what the function says of the constraint or the index (the other is NULL). */
  corm_status (*call)(void *ctx, int hook, corm_table *table, corm_constraint *constraint, corm_index *index,
                      corm_buf *out, corm_error *err);
  void *ctx;
} corm_naming;

/* Checks a template's form and its tokens: ArgumentError with the nearest one. */
CORM_MUST_USE corm_status corm_naming_check(const corm_naming *naming, corm_naming_kind kind, corm_error *err);

/*
 * Names what has no name, or one that the template has a place for (%(constraint_name)s), unless the name was made
 * already (made_name); does nothing where there is no template. The name is in the table's arena. InvalidRequestError
 * when the template wants a name that is not there.
 */
CORM_MUST_USE corm_status corm_naming_constraint(corm_table *table, corm_constraint *constraint, corm_error *err);
CORM_MUST_USE corm_status corm_naming_index(corm_table *table, corm_index *index, corm_error *err);

#endif
