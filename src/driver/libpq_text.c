/* Values from the server's text form, with ISO dates, intervals in the style "postgres" and hex for bytea. */
#include "driver/libpq.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"
#include "base/uuid.h"

static void set_bytes(corm_value_kind kind, const char *bytes, size_t len, corm_value *out) {
  *out = (corm_value){.kind = (uint8_t)(bytes == NULL ? CORM_ABSENT : kind), .len = (uint32_t)len};
  out->as.s = bytes;
}

static bool set_number(corm_value_kind kind, int64_t number, corm_value *out) {
  *out = (corm_value){.kind = (uint8_t)kind};
  out->as.i = number;
  return true;
}

static bool read_int(const char *text, size_t len, corm_value *out) {
  bool negative = len > 0 && text[0] == '-';
  uint64_t size = 0, most = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  size_t i = negative ? 1 : 0;
  if (i == len) return false;
  for (; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (size > (most - digit) / 10) return false;
    size = size * 10 + digit;
  }
  return set_number(CORM_INT, negative ? (int64_t)(0 - size) : (int64_t)size, out);
}

static bool is_word(const char *text, size_t len, const char *word) {
  return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* 4-byte floats in their shortest form: the nearest double is not the float itself. */
static bool read_real(const char *text, size_t len, bool narrow, corm_arena *arena, corm_value *out) {
  double number;
  if (is_word(text, len, "NaN")) {
    number = (double)NAN;
  } else if (is_word(text, len, "Infinity") || is_word(text, len, "-Infinity")) {
    number = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
  } else {
    corm_buf canonical;
    corm_buf_init(&canonical, arena->mem);
    bool ok = corm_decimal_parse(text, len, &canonical), failed = canonical.failed;
    number = ok && !failed ? corm_decimal_to_real(canonical.ptr, canonical.len) : 0;
    corm_buf_clear(&canonical);
    if (failed) set_bytes(CORM_ABSENT, NULL, 0, out);
    if (failed || !ok) return failed;
    if (number == 0 && text[0] == '-') number = -0.0; /* canonical decimals have no negative zero */
  }
  *out = (corm_value){.kind = CORM_REAL};
  out->as.f = narrow ? (double)(float)number : number;
  return true;
}

static bool read_numeric(const char *text, size_t len, corm_arena *arena, corm_value *out) {
  corm_buf canonical;
  bool negative_zero = len > 0 && text[0] == '-' && strspn(text + 1, "0.") + 1 >= len;
  for (size_t i = 0; i < len; i++) {
    if (memchr("+-.0123456789", text[i], 13) == NULL) return false; /* NaN, Infinity */
  }
  if (!negative_zero && len > 0 && text[0] != '+') { /* the server's form is canonical already */
    set_bytes(CORM_DECIMAL, text, len, out);
    return true;
  }
  corm_buf_init(&canonical, arena->mem);
  bool ok = corm_decimal_parse(text, len, &canonical) || canonical.failed;
  const char *copy = canonical.failed || !ok ? NULL : corm_arena_dup(arena, canonical.ptr, canonical.len);
  if (ok) set_bytes(CORM_DECIMAL, copy, canonical.len, out);
  corm_buf_clear(&canonical);
  return ok;
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Both forms of bytea: a script may have chosen the old one. */
static bool read_bytea(const char *text, size_t len, corm_arena *arena, corm_value *out) {
  char *bytes = corm_arena_alloc(arena, len);
  size_t n = 0;
  bool hex = len >= 2 && text[0] == '\\' && text[1] == 'x';
  for (size_t i = hex ? 2 : 0; bytes != NULL && i < len; n++) {
    if (hex) {
      int high = hex_digit(text[i]), low = i + 1 < len ? hex_digit(text[i + 1]) : -1;
      if (high < 0 || low < 0) return false;
      bytes[n] = (char)(high << 4 | low);
      i += 2;
    } else if (text[i] == '\\' && i + 3 < len && text[i + 1] >= '0' && text[i + 1] <= '3') {
      bytes[n] = (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 4;
    } else {
      i += text[i] == '\\' ? 1 : 0;
      if (i < len) bytes[n] = text[i++];
    }
  }
  set_bytes(CORM_BLOB, bytes, n, out);
  return true;
}

/* "[+-]HH:MM:SS[.ffffff]", any number of hours. */
static bool read_clock(const char *text, const char *end, int64_t *usec) {
  bool negative = text < end && *text == '-';
  int64_t part[3] = {0, 0, 0}, fraction = 0, unit = CORM_USEC_PER_SEC;
  if (text < end && (*text == '-' || *text == '+')) text++;
  for (int i = 0; i < 3; i++) {
    if (i > 0 && (text == end || *text++ != ':')) return false;
    const char *start = text;
    for (; text < end && text - start < 10 && *text >= '0' && *text <= '9'; text++) {
      part[i] = part[i] * 10 + (*text - '0');
    }
    if (text == start) return false;
  }
  if (text < end && *text == '.') {
    for (text++; text < end && *text >= '0' && *text <= '9'; text++) fraction += (unit /= 10) * (*text - '0');
  }
  if (text != end || part[0] > 2000000000 || part[1] > 59 || part[2] > 59) return false;
  int64_t total = ((part[0] * 60 + part[1]) * 60 + part[2]) * CORM_USEC_PER_SEC + fraction;
  *usec = negative ? -total : total;
  return true;
}

/* "1 year 2 mons -3 days +04:05:06.789": only days and the clock make an INTERVAL. */
static bool read_interval(const char *text, size_t len, corm_value *out) {
  const char *end = text + len;
  int64_t days = 0, usec = 0;
  const char *word = memchr(text, 'd', len);
  const char *clock = memchr(text, ':', len);
  if (memchr(text, 'y', word == NULL ? len : (size_t)(word - text)) != NULL || memchr(text, 'm', len) != NULL) {
    return false;
  }
  if (word != NULL) {
    corm_value number;
    const char *start = *text == '+' ? text + 1 : text;
    if (word == start || !read_int(start, (size_t)(word - 1 - start), &number)) return false;
    days = number.as.i;
  }
  if (clock != NULL) {
    while (clock > text && clock[-1] != ' ') clock--;
    if (!read_clock(clock, end, &usec)) return false;
  }
  if (days > 100000000 || days < -100000000) return false;
  return set_number(CORM_INTERVAL, days * CORM_USEC_PER_DAY + usec, out);
}

static bool read_timestamp(const char *text, size_t len, bool zone, corm_value *out) {
  int64_t usec;
  bool has_zone = false;
  if (!corm_datetime_parse(text, len, &usec, zone ? &has_zone : NULL)) return false;
  return set_number(CORM_DATETIME, usec, out);
}

static bool read_time(const char *text, size_t len, bool zone, corm_value *out) {
  int64_t usec;
  if (zone) {
    if (len < 3 || memcmp(text + len - 3, "+00", 3) != 0) return false;
    len -= 3;
  }
  return corm_time_parse(text, len, &usec) && set_number(CORM_TIME, usec, out);
}

static bool read_uuid(const char *text, size_t len, corm_arena *arena, corm_value *out) {
  unsigned char uuid[16];
  if (!corm_uuid_parse(text, len, uuid)) return false;
  set_bytes(CORM_UUID, corm_arena_dup(arena, (const char *)uuid, sizeof uuid), sizeof uuid, out);
  return true;
}

static bool read_known(corm_pq_code code, const char *text, size_t len, corm_arena *arena, corm_value *out) {
  int64_t days;
  switch (code) {
  case CORM_PQ_BOOL: return len == 1 && set_number(CORM_BOOL, text[0] == 't', out);
  case CORM_PQ_INT2:
  case CORM_PQ_INT4:
  case CORM_PQ_INT8:
  case CORM_PQ_UINT4:
  case CORM_PQ_UINT8: return read_int(text, len, out);
  case CORM_PQ_FLOAT4:
  case CORM_PQ_FLOAT8: return read_real(text, len, code == CORM_PQ_FLOAT4, arena, out);
  case CORM_PQ_NUMERIC: return read_numeric(text, len, arena, out);
  case CORM_PQ_JSON:
  case CORM_PQ_JSONB: set_bytes(CORM_JSON, text, len, out); return true;
  case CORM_PQ_UUID: return read_uuid(text, len, arena, out);
  case CORM_PQ_BYTEA: return read_bytea(text, len, arena, out);
  case CORM_PQ_DATE: return corm_date_parse(text, len, &days) && set_number(CORM_DATE, days, out);
  case CORM_PQ_TIME:
  case CORM_PQ_TIMETZ: return read_time(text, len, code == CORM_PQ_TIMETZ, out);
  case CORM_PQ_TIMESTAMP:
  case CORM_PQ_TIMESTAMPTZ: return read_timestamp(text, len, code == CORM_PQ_TIMESTAMPTZ, out);
  case CORM_PQ_INTERVAL: return read_interval(text, len, out);
  default: return false;
  }
}

void corm_pq_decode_text(corm_pq_code code, const char *text, size_t len, corm_arena *arena, corm_value *out) {
  if (!read_known(code, text, len, arena, out)) set_bytes(CORM_TEXT, text, len, out);
}
