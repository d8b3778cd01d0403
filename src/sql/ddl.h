/* CREATE and DROP statements as text, from the schema. Elements are separate so that each can be shown and executed. */
#ifndef CORM_SQL_DDL_H
#define CORM_SQL_DDL_H

#include "base/buf.h"
#include "schema/metadata.h"
#include "sql/dialect.h"

/* Foreign keys with use_alter are left to corm_ddl_add_foreign_key, where the dialect has that. */
CORM_MUST_USE corm_status corm_ddl_create_table(const corm_dialect *dialect, corm_table *table, corm_buf *out,
                                                corm_error *err);
/* The same, where `apart` says of a foreign key (which is resolved) whether it is left out. */
typedef bool corm_ddl_apart(const void *ctx, const corm_dialect *dialect, const corm_constraint *constraint);
CORM_MUST_USE corm_status corm_ddl_create_table_without(const corm_dialect *dialect, corm_table *table,
                                                        corm_ddl_apart *apart, const void *ctx, corm_buf *out,
                                                        corm_error *err);
/* ALTER TABLE ... ADD CONSTRAINT. */
CORM_MUST_USE corm_status corm_ddl_add_foreign_key(const corm_dialect *dialect, const corm_constraint *constraint,
                                                   corm_buf *out, corm_error *err);
CORM_MUST_USE corm_status corm_ddl_create_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out,
                                                corm_error *err);
CORM_MUST_USE corm_status corm_ddl_drop_table(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                              corm_error *err);
/* One statement for tables that refer to each other. */
CORM_MUST_USE corm_status corm_ddl_drop_tables(const corm_dialect *dialect, corm_table *const *tables, size_t n,
                                               corm_buf *out, corm_error *err);
CORM_MUST_USE corm_status corm_ddl_drop_index(const corm_dialect *dialect, const corm_index *index, corm_buf *out,
                                              corm_error *err);

/* What follows DEFAULT: a text as a quoted literal, an expression as it is; nothing for a default that DDL does not
   show. For the column_spec of dialects. */
CORM_MUST_USE corm_status corm_ddl_server_default(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                                  corm_error *err);

#endif
