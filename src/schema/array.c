#include "schema/array.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "base/uuid.h"

void corm_json_string(const char *text, size_t len, corm_buf *out) {
  static const char named[] = "\b\f\n\r\t", letters[] = "bfnrt";
  corm_buf_putc(out, '"');
  for (size_t i = 0; i < len; i++) {
    unsigned char ch = (unsigned char)text[i];
    const char *at = ch && ch < 0x20 ? strchr(named, ch) : NULL;
    if (at) {
      corm_buf_putc(out, '\\');
      corm_buf_putc(out, letters[at - named]);
    } else if (ch < 0x20) {
      corm_buf_printf(out, "\\u%04x", ch);
    } else {
      if (ch == '"' || ch == '\\') corm_buf_putc(out, '\\');
      corm_buf_putc(out, (char)ch);
    }
  }
  corm_buf_putc(out, '"');
}

static void put_real(double value, corm_buf *out) {
  if (isfinite(value))
    corm_buf_real(out, value);
  else
    corm_buf_puts(out, isnan(value) ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
}

static void put_time(const corm_value *item, corm_buf *out) {
  char text[CORM_TIME_TEXT];
  size_t len;
  switch ((corm_value_kind)item->kind) {
  case CORM_DATE: len = corm_date_format(item->as.i, text); break;
  case CORM_TIME: len = corm_time_format(item->as.i, false, text); break;
  default: len = corm_datetime_format(item->as.i, false, text); break;
  }
  corm_json_string(text, len, out);
}

static void put_hex(const char *bytes, size_t len, corm_buf *out) {
  corm_buf_putc(out, '"');
  corm_buf_hex(out, bytes, len);
  corm_buf_putc(out, '"');
}

void corm_array_put(const corm_value *item, corm_buf *out) {
  switch ((corm_value_kind)item->kind) {
  case CORM_BOOL: corm_buf_puts(out, item->as.i ? "true" : "false"); break;
  case CORM_INT:
  case CORM_INTERVAL: corm_buf_int(out, item->as.i); break;
  case CORM_REAL: put_real(item->as.f, out); break;
  case CORM_TEXT:
  case CORM_DECIMAL:
  case CORM_JSON: corm_json_string(item->as.s, item->len, out); break;
  case CORM_BLOB: put_hex(item->as.s, item->len, out); break;
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME: put_time(item, out); break;
  case CORM_UUID: {
    char text[37];
    corm_uuid_format((const unsigned char *)item->as.s, text);
    corm_json_string(text, 36, out);
    break;
  }
  case CORM_ARRAY: corm_buf_add(out, item->as.s, item->len); break;
  case CORM_ABSENT:
  case CORM_NULL:
  case CORM_VALUE_KIND_COUNT: corm_buf_puts(out, "null"); break;
  }
}

/* -- and back ------------------------------------------------------------------------------------------------------ */

static bool get_blob(const corm_value *leaf, corm_scratch *scratch, corm_value *out) {
  corm_buf *buf = &scratch->buf;
  corm_buf_reset(buf);
  if (leaf->kind != CORM_TEXT || leaf->len % 2 != 0) return false;
  for (uint32_t i = 0; i < leaf->len; i += 2) {
    int high = corm_hex_digit(leaf->as.s[i]), low = corm_hex_digit(leaf->as.s[i + 1]);
    if (high < 0 || low < 0) return false;
    corm_buf_putc(buf, (char)(high << 4 | low));
  }
  const char *bytes = corm_buf_str(buf);
  if (!bytes) return false;
  *out = corm_value_text(bytes, buf->len);
  out->kind = CORM_BLOB;
  return true;
}

static bool get_real(const corm_value *leaf, corm_value *out) {
  static const struct {
    const char *text;
    double value;
  } words[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (leaf->len != strlen(words[i].text) || memcmp(leaf->as.s, words[i].text, leaf->len) != 0) continue;
    *out = corm_value_real(words[i].value);
    return true;
  }
  return false;
}

bool corm_array_get(corm_value_kind kind, const corm_value *leaf, corm_scratch *scratch, corm_value *out) {
  *out = *leaf;
  if (leaf->kind == CORM_NULL) return true;
  switch (kind) {
  case CORM_BLOB: return get_blob(leaf, scratch, out);
  case CORM_TEXT: return leaf->kind == CORM_TEXT;
  case CORM_REAL:
    if (leaf->kind == CORM_TEXT) return get_real(leaf, out);
    break;
  case CORM_INTERVAL:
  case CORM_JSON: out->kind = (uint8_t)kind; return leaf->kind == (kind == CORM_JSON ? CORM_TEXT : CORM_INT);
  case CORM_ABSENT:
  case CORM_NULL:
  case CORM_ARRAY:
  case CORM_VALUE_KIND_COUNT: return true;
  default: break;
  }
  const corm_value of_kind = {.kind = (uint8_t)kind};
  return corm_type_coerce(corm_type_of_value(&of_kind), leaf, NULL, scratch, out, NULL) == CORM_OK;
}
