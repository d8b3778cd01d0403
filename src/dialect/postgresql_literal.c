/* Literals that PostgreSQL spells in its own way. Strings are standard ones: a backslash is a backslash. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/time.h"
#include "dialect/postgresql_types.h"

static void bytea(const corm_value *value, corm_buf *out) {
  corm_buf_puts(out, "'\\x");
  corm_buf_hex(out, value->as.s, value->len);
  corm_buf_puts(out, "'::BYTEA");
}

/* SQLAlchemy's make_interval(secs=>...) goes through a double and rounds from 285 years on. */
static void interval(int64_t usec, corm_buf *out) {
  static const int64_t exact = INT64_C(1) << 53;
  if (usec < -exact || usec > exact) {
    corm_buf_printf(out, "'%" PRId64 " microseconds'::INTERVAL", usec);
    return;
  }
  uint64_t size = usec < 0 ? (uint64_t)-usec : (uint64_t)usec;
  corm_buf_printf(out, "make_interval(secs=>%s%" PRIu64 ".%06u)", usec < 0 ? "-" : "", size / 1000000,
                  (unsigned)(size % 1000000));
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

/* A JSON escape behind its backslash. corm writes \uXXXX for control characters only; others, and NUL, which text
   cannot hold, are refused. */
static const char *escape(const char *at, const char *end, corm_buf *out) {
  static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
  if (at >= end) return NULL;
  const char *name = strchr(names, *at);
  if (*at == 'u') {
    int high = end - at > 4 && at[1] == '0' && at[2] == '0' ? corm_hex_digit(at[3]) : -1;
    int low = high >= 0 && high < 8 ? corm_hex_digit(at[4]) : -1;
    if (low < 0 || high + low == 0) return NULL;
    corm_buf_putc(out, (char)(high << 4 | low));
    return at + 5;
  }
  corm_buf_putc(out, *at && name ? bytes[name - names] : *at);
  return at + 1;
}

/* A JSON string as an SQL one, from behind its quote; NULL when it cannot be. */
static const char *string(const char *at, const char *end, corm_buf *out) {
  corm_buf_putc(out, '\'');
  while (at < end && *at != '"') {
    if (*at == '\\') {
      at = escape(at + 1, end, out);
      if (!at) return NULL;
    } else {
      if (*at == '\'') corm_buf_putc(out, '\'');
      corm_buf_putc(out, *at++);
    }
  }
  corm_buf_putc(out, '\'');
  return at < end ? at + 1 : NULL;
}

/* The JSON text of an array as ARRAY[...]: null, true, false and numbers are spelled alike. */
static bool items(const corm_value *value, corm_buf *out) {
  const char *at = value->as.s, *end = at + value->len;
  corm_buf_puts(out, "ARRAY");
  while (at < end) {
    if (*at == '"') {
      at = string(at + 1, end, out);
      if (!at) return false;
    } else {
      if (*at != ' ') corm_buf_putc(out, *at);
      if (*at == ',') corm_buf_putc(out, ' ');
      at++;
    }
  }
  return true;
}

/* With a cast: ARRAY['2026-11-22'] is one of texts, ARRAY[] one of nothing. Strings of bytes would need one each. */
static bool array(const corm_dialect *dialect, const corm_type *type, const corm_value *value, corm_buf *out) {
  size_t start = out->len;
  if (!type || type->kind != CORM_TYPE_ARRAY || !type->item || type->item->kind == CORM_TYPE_BINARY) return false;
  if (items(value, out)) {
    corm_postgresql_bind_cast(dialect, type, out);
    return true;
  }
  if (!out->failed) out->len = start;
  return false;
}

/* An element of '{a, 0}': what is more than a word stands in quotes. */
static void put_element(const corm_buf *key, corm_buf *out) {
  bool word = key->len > 0 && !(key->len == 4 && strncasecmp(key->ptr, "null", 4) == 0);
  for (size_t i = 0; i < key->len && word; i++) {
    char c = key->ptr[i];
    word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  }
  if (!word) corm_buf_putc(out, '"');
  for (size_t i = 0; i < key->len; i++) {
    if (key->ptr[i] == '"' || key->ptr[i] == '\\') corm_buf_putc(out, '\\');
    corm_buf_putc(out, key->ptr[i]);
  }
  if (!word) corm_buf_putc(out, '"');
}

/* ["a", "0"], whose strings are JSON's, as {a, 0}; false for an escape that no key can have. */
static bool put_path(const corm_value *stored, corm_buf *out) {
  const char *at = stored->as.s, *end = at + stored->len;
  corm_buf key;
  corm_buf_init(&key, out->mem);
  for (; at && at < end; at++) {
    if (*at != '"') {
      corm_buf_putc(out, (char)(*at == '[' ? '{' : *at == ']' ? '}' : *at));
      continue;
    }
    corm_buf_reset(&key);
    for (at++; at && at < end && *at != '"';) {
      if (*at == '\\') {
        at = escape(at + 1, end, &key);
      } else {
        corm_buf_putc(&key, *at++);
      }
    }
    if (at) put_element(&key, out);
    if (!at) break;
  }
  if (key.failed) out->failed = true;
  corm_buf_clear(&key);
  return at != NULL;
}

static bool path(const corm_dialect *dialect, const corm_value *stored, corm_buf *out) {
  corm_buf text;
  corm_error err;
  corm_error_init(&err);
  corm_buf_init(&text, out->mem);
  bool done = put_path(stored, &text) && corm_buf_str(&text);
  if (done) {
    corm_value value = corm_value_text(text.ptr, text.len);
    done = corm_dialect_literal(dialect, corm_type_default(CORM_TYPE_STRING), &value, out, &err) == CORM_OK;
  }
  corm_buf_clear(&text);
  return done;
}

bool corm_postgresql_literal(const corm_dialect *dialect, const corm_type *type, const corm_value *stored,
                             corm_buf *out) {
  char text[CORM_TIME_TEXT];
  switch ((corm_value_kind)stored->kind) {
  case CORM_BLOB: bytea(stored, out); return true;
  case CORM_INTERVAL: interval(stored->as.i, out); return true;
  case CORM_ARRAY:
    if (type && type->json_part == CORM_JSON_PATH) return path(dialect, stored, out);
    return array(dialect, type, stored, out);
  case CORM_DATETIME:
    if (!type || !type->timezone) return false;
    corm_datetime_format(stored->as.i, false, text);
    corm_buf_printf(out, "'%s+00:00'", text);
    return true;
  case CORM_REAL:
    /* A number that overflows is an error here. */
    if (isfinite(stored->as.f)) return false;
    corm_buf_printf(out, "'%s'::FLOAT", isnan(stored->as.f) ? "NaN" : stored->as.f < 0 ? "-Infinity" : "Infinity");
    return true;
  default: return false;
  }
}
