#include "base/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A canonical text taken apart. A single 0 before the point counts as no digit. */
typedef struct number {
  const char *whole;
  const char *fraction;
  size_t before; /* digits before the point */
  size_t after;
  bool negative;
} number;

static number split(const char *text, size_t len) {
  number x = {.negative = len > 0 && text[0] == '-'};
  const char *end = text + len;
  x.whole = text + x.negative;
  const char *point = memchr(x.whole, '.', (size_t)(end - x.whole));
  x.before = (size_t)((point ? point : end) - x.whole);
  if (x.before == 1 && x.whole[0] == '0') x.before = 0;
  x.fraction = point ? point + 1 : end;
  x.after = (size_t)(end - x.fraction);
  return x;
}

/* The i-th digit from the left of a number that has `before` columns in front of the point; 0 outside its digits. */
static int digit_in_column(const number *x, size_t i, size_t before) {
  size_t blank = before - x->before;
  if (i < blank) return 0;
  i -= blank;
  if (i < x->before) return x->whole[i] - '0';
  i -= x->before;
  return i < x->after ? x->fraction[i] - '0' : 0;
}

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Working memory: on the stack for ordinary numbers. */
typedef struct scratch {
  const corm_mem *mem;
  char *heap;
  char small[256];
} scratch;

static char *take_scratch(scratch *s, corm_buf *out, size_t size) {
  s->mem = out->mem;
  s->heap = NULL;
  if (out->failed) return NULL;
  if (size <= sizeof s->small) return s->small;
  s->heap = corm_mem_alloc(s->mem, size);
  if (!s->heap) out->failed = true;
  return s->heap;
}

static void drop_scratch(scratch *s) {
  corm_mem_free(s->mem, s->heap);
}

/* Appends n digits, of which the last `scale` are behind the point (n > scale), in canonical form. */
static void emit(const char *digits, size_t n, size_t scale, bool negative, corm_buf *out) {
  while (n > scale + 1 && *digits == '0') {
    digits++;
    n--;
  }
  bool zero = true;
  for (size_t i = 0; i < n && zero; i++) zero = digits[i] == '0';
  if (negative && !zero) corm_buf_putc(out, '-');
  corm_buf_add(out, digits, n - scale);
  if (scale) {
    corm_buf_putc(out, '.');
    corm_buf_add(out, digits + n - scale, scale);
  }
}

static void add_zeros(corm_buf *out, size_t count) {
  for (; count >= 16; count -= 16) corm_buf_add(out, "0000000000000000", 16);
  corm_buf_add(out, "0000000000000000", count);
}

/* Adds one to the last digit; the caller keeps a 0 in front for the carry. */
static void increment(char *digits, size_t n) {
  while (n > 0 && digits[n - 1] == '9') digits[--n] = '0';
  if (n > 0) digits[n - 1]++;
}

/* Takes what stands behind "e"; absurd sizes are as good as any that is too large. */
static bool parse_exponent(const char *text, const char *end, int64_t *out) {
  bool negative = text < end && *text == '-';
  if (text < end && (*text == '-' || *text == '+')) text++;
  if (text == end) return false;
  int64_t value = 0;
  for (; text < end; text++) {
    if (*text < '0' || *text > '9') return false;
    if (value < INT64_C(1000000000000)) value = value * 10 + (*text - '0');
  }
  *out = negative ? -value : value;
  return true;
}

typedef struct parsed {
  char digits[CORM_DECIMAL_MAX]; /* without leading zeros */
  int64_t count;
  int64_t fraction; /* digits behind the point as it was written */
  int64_t exponent;
} parsed;

static bool scan(const char *p, const char *end, parsed *x) {
  bool any = false, point = false;
  for (; p < end; p++) {
    if (*p == '.' && !point) {
      point = true;
    } else if (*p >= '0' && *p <= '9') {
      any = true;
      x->fraction += point;
      if (x->count == 0 && *p == '0') continue;
      if (x->count == CORM_DECIMAL_MAX) return false;
      x->digits[x->count++] = *p;
    } else {
      break;
    }
  }
  if (!any) return false;
  if (p == end) return true;
  return (*p == 'e' || *p == 'E') && parse_exponent(p + 1, end, &x->exponent);
}

bool corm_decimal_parse(const char *text, size_t len, corm_buf *out) {
  const char *end = text + len;
  bool negative = len > 0 && text[0] == '-';
  if (len > 0 && (text[0] == '-' || text[0] == '+')) text++;
  parsed x;
  x.count = x.fraction = x.exponent = 0;
  if (len > INT32_MAX || !scan(text, end, &x)) return false;
  int64_t after = x.fraction - x.exponent; /* negative: zeros are to be added before the point */
  int64_t zeros = after < 0 && x.count > 0 ? -after : 0;
  if (after < 0) after = 0;
  int64_t before = x.count + zeros - after;
  if (after > CORM_DECIMAL_MAX || (before > 0 ? before : 0) + after > CORM_DECIMAL_MAX) return false;
  if (negative && x.count) corm_buf_putc(out, '-');
  int64_t whole = before > 0 ? before - zeros : 0;
  if (before > 0) {
    corm_buf_add(out, x.digits, (size_t)whole);
    add_zeros(out, (size_t)zeros);
  } else {
    corm_buf_putc(out, '0');
  }
  if (after > 0) {
    corm_buf_putc(out, '.');
    add_zeros(out, (size_t)(after - (x.count - whole)));
    corm_buf_add(out, x.digits + whole, (size_t)(x.count - whole));
  }
  return true;
}

static int compare_magnitude(const number *a, const number *b) {
  size_t before = larger(a->before, b->before);
  size_t n = before + larger(a->after, b->after);
  for (size_t i = 0; i < n; i++) {
    int difference = digit_in_column(a, i, before) - digit_in_column(b, i, before);
    if (difference) return difference < 0 ? -1 : 1;
  }
  return 0;
}

int corm_decimal_compare(const char *a, size_t alen, const char *b, size_t blen) {
  number x = split(a, alen), y = split(b, blen);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  int order = compare_magnitude(&x, &y);
  return x.negative ? -order : order;
}

static void add_numbers(number a, number b, corm_buf *out) {
  bool subtract = a.negative != b.negative;
  if (subtract && compare_magnitude(&a, &b) < 0) {
    number kept = a;
    a = b;
    b = kept;
  }
  size_t before = larger(a.before, b.before) + 1, scale = larger(a.after, b.after);
  size_t n = before + scale;
  scratch s;
  char *digits = take_scratch(&s, out, n);
  if (!digits) return;
  int carry = 0;
  for (size_t i = n; i-- > 0;) {
    int right = digit_in_column(&b, i, before);
    int sum = digit_in_column(&a, i, before) + (subtract ? -right : right) + carry;
    carry = sum < 0 ? -1 : sum / 10;
    digits[i] = (char)('0' + sum - 10 * carry);
  }
  emit(digits, n, scale, a.negative, out);
  drop_scratch(&s);
}

void corm_decimal_add(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out) {
  add_numbers(split(a, alen), split(b, blen), out);
}

void corm_decimal_sub(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out) {
  number y = split(b, blen);
  y.negative = !y.negative;
  add_numbers(split(a, alen), y, out);
}

void corm_decimal_mul(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out) {
  number x = split(a, alen), y = split(b, blen);
  size_t xlen = x.before + x.after, ylen = y.before + y.after;
  size_t n = xlen + ylen + 1; /* one more, so that a digit stands before the point */
  scratch s;
  char *digits = take_scratch(&s, out, n);
  if (!digits) return;
  memset(digits, '0', n);
  for (size_t i = xlen; i-- > 0;) {
    int factor = digit_in_column(&x, i, x.before);
    int carry = 0;
    char *cell = digits + i + ylen + 1;
    for (size_t j = ylen; j-- > 0; cell--) {
      int sum = *cell - '0' + factor * digit_in_column(&y, j, y.before) + carry;
      carry = sum / 10;
      *cell = (char)('0' + sum % 10);
    }
    *cell = (char)('0' + carry);
  }
  emit(digits, n, x.after + y.after, x.negative != y.negative, out);
  drop_scratch(&s);
}

/* One step of long division: takes the divisor from the rest as often as it goes. Both have n digits. */
static int divide_digit(char *rest, const char *divisor, size_t n) {
  int times = 0;
  for (; memcmp(rest, divisor, n) >= 0; times++) {
    int borrow = 0;
    for (size_t i = n; i-- > 0;) {
      int difference = rest[i] - divisor[i] - borrow;
      borrow = difference < 0;
      rest[i] = (char)('0' + difference + 10 * borrow);
    }
  }
  return times;
}

/* Compares twice the rest with the divisor, which decides the rounding. */
static int compare_half(char *rest, const char *divisor, size_t n) {
  int carry = 0;
  for (size_t i = n; i-- > 0;) {
    int sum = 2 * (rest[i] - '0') + carry;
    carry = sum / 10;
    rest[i] = (char)('0' + sum % 10);
  }
  return memcmp(rest, divisor, n);
}

bool corm_decimal_div(const char *a, size_t alen, const char *b, size_t blen, int scale, corm_buf *out) {
  assert(scale >= 0);
  number x = split(a, alen), y = split(b, blen);
  size_t xlen = x.before + x.after, ylen = y.before + y.after;
  size_t skip = 0; /* leading zeros of the divisor */
  while (skip < ylen && digit_in_column(&y, skip, y.before) == 0) skip++;
  if (skip == ylen) return false;
  /* The quotient of the digits as integers, one of them extended by zeros, has `scale` digits behind the point. */
  size_t above = y.after + (size_t)scale;
  size_t dividend = xlen + (above > x.after ? above - x.after : 0);
  size_t divisor_len = ylen - skip + (above < x.after ? x.after - above : 0);
  size_t n = divisor_len + 1;
  size_t width = larger(dividend, (size_t)scale + 1) + 1;
  scratch s;
  char *divisor = take_scratch(&s, out, 2 * n + width);
  if (!divisor) return true;
  char *rest = divisor + n, *quotient = rest + n;
  memset(divisor, '0', 2 * n + width);
  for (size_t i = skip; i < ylen; i++) divisor[1 + i - skip] = (char)('0' + digit_in_column(&y, i, y.before));
  for (size_t i = 0; i < dividend; i++) {
    memmove(rest, rest + 1, n - 1);
    rest[n - 1] = (char)('0' + (i < xlen ? digit_in_column(&x, i, x.before) : 0));
    quotient[width - dividend + i] = (char)('0' + divide_digit(rest, divisor, n));
  }
  int half = compare_half(rest, divisor, n);
  if (half > 0 || (half == 0 && (quotient[width - 1] - '0') % 2 == 1)) increment(quotient, width);
  emit(quotient, width, (size_t)scale, x.negative != y.negative, out);
  drop_scratch(&s);
  return true;
}

void corm_decimal_round(const char *a, size_t alen, int scale, corm_buf *out) {
  assert(scale >= 0);
  number x = split(a, alen);
  size_t kept = (size_t)scale;
  if (kept >= x.after) {
    corm_buf_add(out, a, alen);
    if (x.after == 0 && kept > 0) corm_buf_putc(out, '.');
    add_zeros(out, kept - x.after);
    return;
  }
  size_t before = x.before + 1, n = before + kept;
  scratch s;
  char *digits = take_scratch(&s, out, n);
  if (!digits) return;
  for (size_t i = 0; i < n; i++) digits[i] = (char)('0' + digit_in_column(&x, i, before));
  bool up = x.fraction[kept] > '5';
  if (x.fraction[kept] == '5') {
    up = (digits[n - 1] - '0') % 2 == 1;
    for (size_t i = kept + 1; i < x.after && !up; i++) up = x.fraction[i] != '0';
  }
  if (up) increment(digits, n);
  emit(digits, n, kept, x.negative, out);
  drop_scratch(&s);
}

void corm_decimal_digits(const char *a, size_t alen, int *before, int *after, int *significant) {
  number x = split(a, alen);
  size_t n = x.before + x.after, zeros = 0;
  while (zeros < n && digit_in_column(&x, zeros, x.before) == 0) zeros++;
  *before = (int)x.before;
  *after = (int)x.after;
  *significant = (int)(n - zeros);
}

/* Written for strtod without a point, which depends on the locale. No double, nor the middle between two, has more than
   767 significant digits, so what comes behind MOST digits matters only by not being zero. */
double corm_decimal_to_real(const char *a, size_t alen) {
  enum { MOST = 800 };
  char text[MOST + 32];
  number x = split(a, alen);
  size_t n = x.before + x.after, i = 0, len = 0;
  while (i < n && digit_in_column(&x, i, x.before) == 0) i++;
  if (x.negative) text[len++] = '-';
  text[len++] = '0';
  for (size_t end = n - i > MOST ? i + MOST : n; i < end; i++) {
    text[len++] = (char)('0' + digit_in_column(&x, i, x.before));
  }
  long long exponent = (long long)(n - i) - (long long)x.after;
  bool more = false;
  for (; i < n && !more; i++) more = digit_in_column(&x, i, x.before) != 0;
  if (more) {
    text[len++] = '1';
    exponent--;
  }
  snprintf(text + len, sizeof text - len, "e%lld", exponent);
  return strtod(text, NULL);
}
