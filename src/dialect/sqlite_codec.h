/* SQLite's storage forms; the way back is the common one (dialect/ansi.h). */
#ifndef CORM_DIALECT_SQLITE_CODEC_H
#define CORM_DIALECT_SQLITE_CODEC_H

#include "sql/dialect.h"

/* Dates and times as ISO text with microseconds, booleans as 0 and 1, UUIDs as hex digits, decimals as numbers:
   DataError where those would lose digits. */
corm_status corm_sqlite_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err);

#endif
