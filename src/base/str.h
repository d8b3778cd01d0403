/* Text helpers without an allocation: UTF-8, nearest names, identifiers. */
#ifndef CORM_BASE_STR_H
#define CORM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool corm_utf8_valid(const char *text, size_t len);

/* The number of code points; only for valid text. */
size_t corm_utf8_length(const char *text, size_t len);

/* The number of leading bytes, at most max, that end on a code point boundary. */
size_t corm_utf8_cut(const char *text, size_t len, size_t max);

/* The Damerau-Levenshtein distance (optimal string alignment) of two short names in bytes, ASCII case ignored; SIZE_MAX
   when either is over 64 bytes. */
size_t corm_name_distance(const char *a, const char *b);

/* Finds the nearest name for a typo among n candidates: the one at the least distance, if that is at most
   a third of the wanted name's length (at least 1, but less than the length: "x" is no typo for "y"). Of equally near
   ones the first. Returns NULL when none is near enough. */
const char *corm_name_nearest(const char *wanted, const char *const *names, size_t n);

/* Refuses what cannot be an identifier on any database: empty, over 255 bytes, NUL or control characters
   inside, invalid UTF-8. IdentifierError names what ("column", "label"). */
CORM_MUST_USE corm_status corm_identifier_check(const char *name, size_t len, const char *what, corm_error *err);

/* The length of a name that is [a-z_][a-z0-9_$]*, so that its characters need no quotes in SQL; 0 for any other one. */
size_t corm_name_plain(const char *name);

/* The value of a hexadecimal digit in either case, or -1. */
int corm_hex_digit(char c);

#endif
