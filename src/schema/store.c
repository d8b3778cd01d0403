/*
 * What a column keeps of a value, which a comparison does not ask: databases round digits that a column has no room for
 * without a word, and each rounds its own way.
 */
#include <string.h>

#include "base/decimal.h"
#include "schema/type.h"

#define SHOWN_BYTES 60

/* The length without zeros behind the point, and without a point that ends it. */
static size_t significant_length(const corm_value *number) {
  size_t len = number->len;
  if (!memchr(number->as.s, '.', len)) return len;
  while (number->as.s[len - 1] == '0') len--;
  return number->as.s[len - 1] == '.' ? len - 1 : len;
}

static corm_status refuse(const corm_type *type, const corm_value *value, const char *what, corm_error *err, int has,
                          int most, const char *side) {
  int shown = value->len > SHOWN_BYTES ? SHOWN_BYTES : (int)value->len;
  return corm_error_set(err, CORM_E_DATA, "%s%s%.*s%s has %d digit%s %s the point, Numeric(%d, %d) takes at most %d",
                        what ? what : "", what ? ": " : "", shown, value->as.s,
                        (uint32_t)shown < value->len ? "..." : "", has, has == 1 ? "" : "s", side, type->precision,
                        type->scale < 0 ? 0 : type->scale, most);
}

/* A float carries digits that nobody wrote: it is rounded, as it is for comparisons with a decimal. */
static corm_status round_float(int scale, corm_scratch *scratch, corm_value *value, corm_error *err) {
  char text[CORM_DECIMAL_MAX + 8];
  size_t len = value->len;
  if (len > sizeof text) return CORM_OK;
  memcpy(text, value->as.s, len);
  corm_buf_reset(&scratch->buf);
  corm_decimal_round(text, len, scale, &scratch->buf);
  const char *rounded = corm_buf_str(&scratch->buf);
  if (!rounded) return corm_error_memory(err);
  *value = corm_value_text(rounded, scratch->buf.len);
  value->kind = CORM_DECIMAL;
  return CORM_OK;
}

corm_status corm_type_store(const corm_type *type, const corm_value *given, const char *what, corm_scratch *scratch,
                            corm_value *value, corm_error *err) {
  if (type->json_nulls && value->kind == CORM_NULL) {
    *value = corm_value_text("null", 4);
    value->kind = CORM_JSON;
    return CORM_OK;
  }
  if (type->kind != CORM_TYPE_NUMERIC || type->precision < 0 || value->kind != CORM_DECIMAL) return CORM_OK;
  int scale = type->scale < 0 ? 0 : type->scale, most = type->precision - scale;
  int before, after, significant;
  if (given->kind == CORM_REAL && round_float(scale, scratch, value, err) != CORM_OK) return CORM_FAILED;
  corm_decimal_digits(value->as.s, significant_length(value), &before, &after, &significant);
  /* The zero before the point of 0.5 takes no room. */
  if (before == 1 && *(value->as.s + (*value->as.s == '-')) == '0') before = 0;
  if (after > scale) return refuse(type, value, what, err, after, scale, "after");
  if (before > most) return refuse(type, value, what, err, before, most, "before");
  return CORM_OK;
}
