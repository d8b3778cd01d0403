/*
 * What most databases say alike: the callbacks of the generic dialect, which others take over or fall back on. The
 * generic dialect is SQLAlchemy's StrCompileDialect.
 */
#ifndef CORM_DIALECT_ANSI_H
#define CORM_DIALECT_ANSI_H

#include "sql/dialect.h"

corm_status corm_ansi_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
bool corm_ansi_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);
bool corm_ansi_function(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node);
bool corm_ansi_extract(const corm_dialect *dialect, corm_compiler *compiler, const corm_extract *node);
void corm_ansi_limit(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select);
void corm_ansi_empty_in(const corm_dialect *dialect, corm_compiler *compiler, const corm_bind *bind, corm_op op);
corm_status corm_ansi_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err);
bool corm_ansi_inline_primary_key(const corm_dialect *dialect, const corm_table *table);
corm_status corm_ansi_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                   corm_error *err);

/* left, the operator's text with its blanks, right */
void corm_ansi_infix(corm_compiler *compiler, const corm_node *left, const char *op, const corm_node *right);
/* Whether it is a decimal or a float. */
bool corm_ansi_has_fraction(const corm_node *node);
/* Whether `//` of the two is division of integers, which the database does by itself. */
bool corm_ansi_divides_whole(const corm_binary *node);
/* Of MATCH: false, and a CompileError, when it names several columns, as MySQL can. */
bool corm_ansi_match_one(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);
/* "(a, b)" */
void corm_ansi_arguments(corm_compiler *compiler, const corm_function *node);

/* -- storage in text, for what a database has no type of its own (ansi_codec.c) -- */

/* Canonical to storage value: booleans as integers, dates and times as ISO text (always with six digits of a second
   when `fraction` is true), intervals as the datetime that lies so far from 1970-01-01, UUIDs as 32 hex digits. `in`
   may lie in the scratch. */
corm_status corm_ansi_store(const corm_value *in, bool fraction, corm_scratch *scratch, corm_value *out,
                            corm_error *err);
/* Back, by the type; lossless other forms are taken, too: an integer in a float column, a "T" in a datetime, a midnight
   in a date. DataError names the stored value. */
corm_status corm_ansi_load(const corm_type *type, const corm_value *in, corm_scratch *scratch, corm_value *out,
                           corm_error *err);

/* DataError "the stored integer 2 cannot be read as Boolean". */
corm_status corm_ansi_refuse(const corm_type *type, const corm_value *in, corm_scratch *scratch, corm_error *err);

corm_status corm_ansi_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                             corm_scratch *scratch, corm_value *out, corm_error *err);
corm_status corm_ansi_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                             corm_scratch *scratch, corm_value *out, corm_error *err);
bool corm_ansi_is_plain(const corm_dialect *dialect, const corm_type *type);

#endif
