/*
 * Items of arrays (CORM_ARRAY, base/value.h) as JSON texts, one by one. Whoever walks an array writes the brackets and
 * commas.
 */
#ifndef CORM_SCHEMA_ARRAY_H
#define CORM_SCHEMA_ARRAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"
#include "schema/type.h"

/* Appends text as a JSON string, quotes included. The text must be valid UTF-8. */
void corm_json_string(const char *text, size_t len, corm_buf *out);

/* Appends a canonical value as an item: NULL as null. */
void corm_array_put(const corm_value *item, corm_buf *out);

/*
 * From what JSON has (NULL, BOOL, INT, REAL, TEXT) to the canonical value of a kind. *out may point into `leaf` or
 * `scratch`. False when the leaf cannot be read as that kind, or memory ran out (scratch->buf.failed).
 */
CORM_MUST_USE bool corm_array_get(corm_value_kind kind, const corm_value *leaf, corm_scratch *scratch, corm_value *out);

#endif
