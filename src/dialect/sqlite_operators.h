/* Operators that SQLite spells in its own way. */
#ifndef CORM_DIALECT_SQLITE_OPERATORS_H
#define CORM_DIALECT_SQLITE_OPERATORS_H

#include "sql/dialect.h"

bool corm_sqlite_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);

#endif
