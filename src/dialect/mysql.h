/*
 * The parts of the MySQL and MariaDB dialects: types and DDL (mysql_ddl.c), codec (mysql_codec.c), reserved words
 * (mysql_words.c), expressions and the dialects themselves (mysql.c). SQLAlchemy's compilers for both are the measure.
 */
#ifndef CORM_DIALECT_MYSQL_H
#define CORM_DIALECT_MYSQL_H

#include "sql/dialect.h"

extern const char *const *const corm_mysql_reserved[26];
extern const char *const *const corm_mariadb_reserved[26];

/* -- types and DDL -- */

corm_status corm_mysql_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
/* The same, with the UUID type of MariaDB 10.7. */
corm_status corm_mariadb_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
/* CAST to a float: only servers from MySQL 8.0.17 and MariaDB 10.4.5 on can. */
corm_status corm_mysql_cast_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
corm_status corm_mysql_float_cast_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                       corm_error *err);
corm_status corm_mysql_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                   corm_error *err);

/* -- operators (mysql_operators.c) -- */

bool corm_mysql_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);

/* -- codec -- */

/* Canonical to what the driver sends: booleans as integers, intervals as the datetime that lies so far from 1970-01-01,
   JSON as text, UUIDs as 32 hex digits. DataError for what the server would change or refuse. */
corm_status corm_mysql_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                              corm_scratch *scratch, corm_value *out, corm_error *err);
/* The same; UUIDs with their hyphens, as the UUID type shows them. */
corm_status corm_mariadb_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                                corm_scratch *scratch, corm_value *out, corm_error *err);
corm_status corm_mysql_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                              corm_scratch *scratch, corm_value *out, corm_error *err);
bool corm_mysql_is_plain(const corm_dialect *dialect, const corm_type *type);

/* -- what only these can be told (mysql_option.c) -- */
corm_status corm_mysql_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                    corm_error *err);
void corm_mysql_constraint_option(const corm_dialect *dialect, const corm_constraint *constraint, corm_ddl_place place,
                                  corm_buf *out);
void corm_mysql_index_option(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place, uint32_t item,
                             corm_buf *out);

#endif
