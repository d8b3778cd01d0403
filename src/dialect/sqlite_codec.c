/* SQLite stores integers, doubles, text and blobs, whatever a column is called: https://www.sqlite.org/datatype3.html
 */
#include "dialect/sqlite_codec.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/uuid.h"
#include "dialect/ansi.h"
#include "dialect/json_path.h"

#define EXACT_DIGITS 15 /* of a double, and SQLite has nothing better for a number with a fraction */

/* The value of a canonical decimal without a fraction that fits 64 bits. */
static bool to_int64(const char *text, size_t len, int64_t *out) {
  bool negative = text[0] == '-';
  uint64_t value = 0;
  for (size_t i = negative; i < len; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = negative ? (int64_t)-value : (int64_t)value;
  return true;
}

/*
 * Decimals go in as numbers, not as text: in a NUMERIC column both end alike, but beside an expression, which has no
 * affinity, SQLite holds every text for greater than any number.
 */
static corm_status store_decimal(const corm_value *in, corm_value *out, corm_error *err) {
  const char *text = in->as.s;
  size_t len = in->len;
  if (memchr(text, '.', len)) {
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
  }
  int64_t integer;
  if (!memchr(text, '.', len) && to_int64(text, len, &integer)) {
    *out = corm_value_int(integer);
    return CORM_OK;
  }
  int before, after, significant;
  corm_decimal_digits(text, len, &before, &after, &significant);
  size_t zeros = 0;
  while (after == 0 && zeros < len && text[len - 1 - zeros] == '0') zeros++;
  double real = corm_decimal_to_real(text, len);
  /* Subnormal numbers have fewer digits than the others. */
  if (significant - (int)zeros > EXACT_DIGITS || !isfinite(real) || fpclassify(real) == FP_SUBNORMAL || real == 0) {
    return corm_error_set(err, CORM_E_DATA, "%.60s%s would lose digits: SQLite keeps %d of a decimal number", text,
                          len > 60 ? "..." : "", EXACT_DIGITS);
  }
  *out = corm_value_real(real);
  return CORM_OK;
}

/* A column called UUID would make a number of 32 digits that happen to be decimal: with hyphens it is text. */
static corm_status store_uuid(const corm_value *in, corm_scratch *scratch, corm_value *out) {
  char text[37];
  corm_uuid_format((const unsigned char *)in->as.s, text);
  memcpy(scratch->bytes, text, sizeof text);
  *out = corm_value_text(scratch->bytes, sizeof text - 1);
  return CORM_OK;
}

corm_status corm_sqlite_encode(const corm_dialect *dialect, const corm_type *type, const corm_value *in,
                               corm_scratch *scratch, corm_value *out, corm_error *err) {
  (void)dialect;
  if (type && type->json_part) return corm_json_part_text(corm_json_path_sqlite, in, scratch, out, err);
  if (in->kind == CORM_UUID && type && type->spelling) return store_uuid(in, scratch, out);
  if (in->kind == CORM_DECIMAL) return store_decimal(in, out, err);
  if (in->kind == CORM_REAL && isnan(in->as.f)) {
    return corm_error_set(err, CORM_E_DATA, "NaN cannot be stored: SQLite would make it NULL");
  }
  return corm_ansi_store(in, true, scratch, out, err);
}
