/*
 * The codec of databases whose driver moves every kind of value as it is. What is sent is the canonical value itself;
 * what comes back mostly is, too, and is_plain says so. Other forms are taken where nothing is lost: the type of an
 * expression is not always the type of the server's result (sum() of integers is a decimal), and a column may be of
 * another type than its model says.
 */
#ifndef CORM_DIALECT_NATIVE_CODEC_H
#define CORM_DIALECT_NATIVE_CODEC_H

#include "sql/dialect.h"

/* The value as it is; DataError for an absent one and for dates outside the years 1 to 9999. */
corm_status corm_native_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err);

/*
 * By the type: the canonical kind as it is (Enum values are checked); booleans and integers as each other, decimals
 * without a fraction as integers, decimals as floats, dates and midnights as each other, UUIDs and JSON as text; and
 * all that corm_ansi_load (dialect/ansi.h) takes, text forms among them. DataError names the stored value.
 */
corm_status corm_native_decode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err);

/* True for all types but Enum with values, which decode checks. */
bool corm_native_is_plain(const corm_dialect *dialect, const corm_type *type);

#endif
