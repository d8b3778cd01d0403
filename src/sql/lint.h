/* Warnings about statements that a database would run all the same. */
#ifndef CORM_SQL_LINT_H
#define CORM_SQL_LINT_H

#include "sql/compiler.h"

/*
 * Whether the FROMs of a statement belong together, so that it is no accidental cartesian product: by a join, or by a
 * comparison between them in `where` (NULL: none) or in an ON clause. What hangs loose is named in the compiled
 * statement's `warning`; the first one stays. `statement` is its word for the message: "SELECT". SQLAlchemy's rules
 * (enable_from_linting).
 */
void corm_lint_froms(corm_compiler *c, const char *statement, const corm_node *const *froms, uint32_t n,
                     const corm_node *where);

#endif
