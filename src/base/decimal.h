/*
 * Exact decimal numbers as canonical text: optional "-", digits without leading zeros (one before the point),
 * optionally "." and digits. The scale is kept: "1.50" stays "1.50". Zero has no sign. No exponent, no infinity, no
 * NaN. Up to 1000 digits come in; what is computed from them may be longer. Failed memory shows in the buffer that is
 * written to, which must not be the one that holds the arguments.
 */
#ifndef CORM_BASE_DECIMAL_H
#define CORM_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CORM_DECIMAL_MAX 1000 /* digits */

/* Appends the canonical form of a decimal text ("+1.5e3", "007.10"); false when it is no number or too long. */
bool corm_decimal_parse(const char *text, size_t len, corm_buf *out);

/* -1, 0, 1 by number: "1.50" equals "1.5". Arguments are canonical, as in all functions below. */
int corm_decimal_compare(const char *a, size_t alen, const char *b, size_t blen);

/* Exact sum, difference, product. */
void corm_decimal_add(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out);
void corm_decimal_sub(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out);
void corm_decimal_mul(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out);

/* The quotient with `scale` (0 or more) digits after the point, rounded half to even; false when b is zero. */
bool corm_decimal_div(const char *a, size_t alen, const char *b, size_t blen, int scale, corm_buf *out);

/* Rounds half to even to `scale` (0 or more) digits after the point (adds zeros when there are fewer). */
void corm_decimal_round(const char *a, size_t alen, int scale, corm_buf *out);

/* The number of digits before the point (leading zero not counted), after it, and of significant digits: those from
   the first that is not 0 on, trailing zeros included; none in zero. */
void corm_decimal_digits(const char *a, size_t alen, int *before, int *after, int *significant);

/* The nearest double; infinite when it is out of range. */
double corm_decimal_to_real(const char *a, size_t alen);

#endif
