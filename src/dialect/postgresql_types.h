/* PostgreSQL's types: their names in DDL, casts behind placeholders, literals, enumerated types. */
#ifndef CORM_DIALECT_POSTGRESQL_TYPES_H
#define CORM_DIALECT_POSTGRESQL_TYPES_H

#include "sql/dialect.h"

/* True for an Enum that has a type of its own in the database. */
bool corm_postgresql_is_named(const corm_type *type);

corm_status corm_postgresql_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                      corm_error *err);
void corm_postgresql_bind_cast(const corm_dialect *dialect, const corm_type *type, corm_buf *out);
corm_status corm_postgresql_create_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                        corm_error *err);
corm_status corm_postgresql_drop_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                      corm_error *err);
/* postgresql_literal.c */
bool corm_postgresql_literal(const corm_dialect *dialect, const corm_type *type, const corm_value *stored,
                             corm_buf *out);

/* The dialect's key_sql (postgresql_keys.c). */
void corm_postgresql_key_sql(const corm_dialect *dialect, const corm_table *table, const corm_column *key,
                             corm_buf *out);

/* -- DDL (postgresql_ddl.c) -- */
/* A column that is no SERIAL. */
corm_status corm_postgresql_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                        corm_error *err);
corm_status corm_postgresql_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                         corm_error *err);
void corm_postgresql_constraint_option(const corm_dialect *dialect, const corm_constraint *constraint,
                                       corm_ddl_place place, corm_buf *out);
void corm_postgresql_index_option(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place,
                                  uint32_t item, corm_buf *out);

#endif
