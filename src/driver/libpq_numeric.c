/*
 * PostgreSQL's numeric on the wire (backend/utils/adt/numeric.c): four 16-bit fields (count of digits, weight of the
 * first, sign, digits shown after the point) and digits of base 10000, without zeros at either end.
 */
#include "driver/libpq.h"

#include <string.h>

enum { HEADER = 8, MAX_BEFORE = 131072, MAX_AFTER = 16383 };
enum { NEGATIVE = 0x4000, NOT_A_NUMBER = 0xC000, INFINITE = 0xD000, NEGATIVE_INFINITE = 0xF000 };

/* The digit of base 10000 that begins `at` decimal digits before (negative: after) those given; digits outside are 0.
 */
static unsigned group_at(const char *digits, ptrdiff_t len, ptrdiff_t at) {
  unsigned group = 0;
  for (ptrdiff_t i = at; i < at + 4; i++) group = group * 10 + (i >= 0 && i < len ? (unsigned)(digits[i] - '0') : 0);
  return group;
}

corm_pq_fit corm_pq_numeric_encode(const char *text, size_t len, corm_buf *out) {
  bool negative = len > 0 && text[0] == '-';
  if (negative) {
    text++;
    len--;
  }
  const char *point = memchr(text, '.', len);
  ptrdiff_t before = point == NULL ? (ptrdiff_t)len : point - text;
  const char *fraction = point == NULL ? text + len : point + 1;
  ptrdiff_t after = text + len - fraction;
  if (before > MAX_BEFORE || after > MAX_AFTER) return CORM_PQ_RANGE;
  ptrdiff_t whole = (before + 3) / 4, broken = (after + 3) / 4;
  char *head = corm_pq_room(out, HEADER + 2 * (size_t)(whole + broken));
  if (head == NULL) return CORM_PQ_FITS;
  char *digit = head + HEADER;
  ptrdiff_t count = 0, first = 0, last = 0;
  for (ptrdiff_t i = 0; i < whole + broken; i++) {
    unsigned group =
        i < whole ? group_at(text, before, before - (whole - i) * 4) : group_at(fraction, after, (i - whole) * 4);
    if (group == 0 && count == 0) continue;
    if (count == 0) first = i;
    corm_pq_put16(digit + 2 * count++, (uint16_t)group);
    if (group != 0) last = count;
  }
  corm_pq_put16(head, (uint16_t)last);
  corm_pq_put16(head + 2, (uint16_t)(last == 0 ? 0 : whole - 1 - first));
  corm_pq_put16(head + 4, negative && last > 0 ? NEGATIVE : 0);
  corm_pq_put16(head + 6, (uint16_t)after);
  out->len = (size_t)(digit + 2 * last - out->ptr);
  out->ptr[out->len] = '\0';
  return CORM_PQ_FITS;
}

static char *put_group(char *out, unsigned group, int digits) {
  static const unsigned powers[] = {1000, 100, 10, 1};
  for (int i = 4 - digits; i < 4; i++) *out++ = (char)('0' + group / powers[i] % 10);
  return out;
}

static const char *special_name(unsigned sign) {
  switch (sign) {
  case NOT_A_NUMBER: return "NaN";
  case INFINITE: return "Infinity";
  case NEGATIVE_INFINITE: return "-Infinity";
  default: return NULL;
  }
}

/* The i-th digit of base 10000; those outside are zeros. */
static unsigned wire_group(const char *wire, int count, int i) {
  return i < 0 || i >= count ? 0 : corm_pq_get16(wire + HEADER + 2 * i);
}

static int length_of(unsigned group) {
  return group >= 1000 ? 4 : group >= 100 ? 3 : group >= 10 ? 2 : 1;
}

bool corm_pq_numeric_decode(const char *wire, size_t len, corm_arena *arena, const char **text, size_t *text_len,
                            const char **special) {
  *special = NULL;
  if (len < HEADER) return false;
  int count = corm_pq_get16(wire);
  int weight = (int16_t)corm_pq_get16(wire + 2);
  unsigned sign = corm_pq_get16(wire + 4);
  int scale = corm_pq_get16(wire + 6);
  if ((*special = special_name(sign)) != NULL) return false;
  if (len != HEADER + 2 * (size_t)count || scale > MAX_AFTER || (sign != 0 && sign != NEGATIVE)) return false;
  for (int i = 0; i < count; i++) {
    if (wire_group(wire, count, i) > 9999) return false;
  }
  char *start = corm_arena_alloc(arena, (weight > 0 ? (size_t)weight * 4 : 0) + (size_t)scale + 16);
  char *out = start;
  *text = start;
  if (start == NULL) return true;
  if (sign == NEGATIVE && count > 0) *out++ = '-';
  unsigned top = weight < 0 ? 0 : wire_group(wire, count, 0);
  out = put_group(out, top, length_of(top));
  for (int i = 1; i <= weight; i++) out = put_group(out, wire_group(wire, count, i), 4);
  if (scale > 0) *out++ = '.';
  for (int i = 0; i < scale; i += 4) {
    unsigned group = wire_group(wire, count, weight + 1 + i / 4);
    int digits = scale - i < 4 ? scale - i : 4;
    for (int drop = digits; drop < 4; drop++) group /= 10;
    out = put_group(out, group, digits);
  }
  *text_len = (size_t)(out - start);
  return true;
}
