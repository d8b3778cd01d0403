/* Operators that PostgreSQL spells in its own way. */
#ifndef CORM_DIALECT_POSTGRESQL_OPERATORS_H
#define CORM_DIALECT_POSTGRESQL_OPERATORS_H

#include "sql/dialect.h"

bool corm_postgresql_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);

#endif
