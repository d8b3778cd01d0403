/*
 * Arrays as PostgreSQL writes them in text: {a,"b c",NULL,{...}}, perhaps behind their bounds ("[0:1]={...}"). So come
 * arrays of types that the driver has no binary form of.
 */
#ifndef CORM_DIALECT_ARRAY_TEXT_H
#define CORM_DIALECT_ARRAY_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the array as a CORM_ARRAY has it: JSON, its items strings or null. False when the text is no array, or
   memory ran out (out->failed). */
bool corm_array_from_text(const char *text, size_t len, corm_buf *out);

#endif
