/* CREATE and DROP statements as text, from the schema. Elements are separate so that each can be shown and executed. */
#ifndef CORM_SQL_DDL_H
#define CORM_SQL_DDL_H

#include "base/buf.h"
#include "schema/metadata.h"
#include "sql/dialect.h"

CORM_MUST_USE corm_status corm_ddl_create_table(const corm_dialect *dialect, corm_table *table, corm_buf *out,
                                                corm_error *err);
CORM_MUST_USE corm_status corm_ddl_create_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out,
                                                corm_error *err);
CORM_MUST_USE corm_status corm_ddl_drop_table(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                              corm_error *err);
CORM_MUST_USE corm_status corm_ddl_drop_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out,
                                              corm_error *err);

/* What follows DEFAULT: a text as a quoted literal, an expression as it is; nothing for a default that DDL does not
   show. For the column_spec of dialects. */
CORM_MUST_USE corm_status corm_ddl_server_default(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                                  corm_error *err);

#endif
