#include "dialect/json_path.h"

#include <string.h>

#include "schema/array.h"

/* One step of a path: a JSON string with its quotes, or the digits of an integer. */
typedef struct step {
  const char *text;
  size_t len;
} step;

typedef corm_status (*put_step)(step s, corm_buf *out, corm_error *err);

static bool is_key(step s) {
  return s.text[0] == '"';
}

/* The length of the JSON string or integer at `at`; what the host wrote is well formed. */
static size_t step_length(const char *at, const char *end) {
  const char *p = at;
  if (*p != '"') {
    while (p < end && (*p == '-' || (*p >= '0' && *p <= '9'))) p++;
    return (size_t)(p - at);
  }
  for (p++; p < end && *p != '"'; p++) {
    if (*p == '\\') p++;
  }
  return p < end ? (size_t)(p + 1 - at) : 0;
}

static corm_status malformed(corm_error *err) {
  return corm_error_set(err, CORM_E_DATA, "a path into JSON is a list of strings and integers");
}

/* ["a", 0]: each step in turn. */
static corm_status put_list(const corm_value *in, put_step put, const char *between, corm_buf *out, corm_error *err) {
  const char *at = in->as.s, *end = at + in->len;
  if (in->len < 2 || *at++ != '[') return malformed(err);
  for (bool first = true; at < end && *at != ']'; first = false) {
    if (!first && *at == ',') at++;
    while (at < end && *at == ' ') at++;
    step s = {at, at < end ? step_length(at, end) : 0};
    if (s.len == 0) return malformed(err);
    if (!first) corm_buf_puts(out, between);
    if (put(s, out, err) != CORM_OK) return CORM_FAILED;
    at += s.len;
  }
  return CORM_OK;
}

static corm_status put_path(const corm_value *in, put_step put, corm_buf *out, corm_error *err) {
  corm_buf_putc(out, '$');
  if (in->kind == CORM_JSON) return put_list(in, put, "", out, err);
  corm_buf text;
  corm_buf_init(&text, out->mem);
  if (in->kind == CORM_INT) {
    corm_buf_int(&text, in->as.i);
  } else {
    corm_json_string(in->as.s, in->len, &text);
  }
  corm_status status = corm_buf_str(&text) ? put((step){text.ptr, text.len}, out, err) : corm_error_memory(err);
  corm_buf_clear(&text);
  return status;
}

/* The key is compared with the text between the quotes that is stored, escapes and all, and a quote ends it in any
   case: a key that has one stands bare, which a dot or a bracket would end. */
static corm_status put_sqlite(step s, corm_buf *out, corm_error *err) {
  if (!is_key(s)) {
    corm_buf_puts(out, s.text[0] == '-' ? "[#" : "[");
    corm_buf_add(out, s.text, s.len);
    corm_buf_putc(out, ']');
    return CORM_OK;
  }
  bool has_quote = memchr(s.text + 1, '"', s.len - 2) != NULL;
  if (has_quote && (memchr(s.text, '.', s.len) || memchr(s.text, '[', s.len))) {
    return corm_error_set(err, CORM_E_DATA, "SQLite has no path to a key with a quote and a dot or bracket: %.60s%s",
                          s.text, s.len > 60 ? "..." : "");
  }
  corm_buf_putc(out, '.');
  corm_buf_add(out, s.text + has_quote, s.len - 2 * (size_t)has_quote);
  return CORM_OK;
}

static corm_status put_mysql(step s, corm_buf *out, corm_error *err) {
  (void)err;
  if (is_key(s)) {
    corm_buf_putc(out, '.');
    corm_buf_add(out, s.text, s.len);
    return CORM_OK;
  }
  /* The last one is "last", the one before it "last-1". */
  bool negative = s.text[0] == '-';
  bool last = negative && s.len == 2 && s.text[1] == '1';
  corm_buf_puts(out, negative ? "[last" : "[");
  if (negative && !last) {
    int64_t back = 0;
    for (size_t i = 1; i < s.len && back < INT64_MAX / 10 - 10; i++) back = back * 10 + (s.text[i] - '0');
    corm_buf_putc(out, '-');
    corm_buf_int(out, back - 1);
  } else if (!negative) {
    corm_buf_add(out, s.text, s.len);
  }
  corm_buf_putc(out, ']');
  return CORM_OK;
}

static corm_status put_mariadb(step s, corm_buf *out, corm_error *err) {
  if (is_key(s) && s.text[1] == '-') {
    return corm_error_set(err, CORM_E_DATA, "MariaDB finds no key that begins with a minus: %.60s%s", s.text,
                          s.len > 60 ? "..." : "");
  }
  return put_mysql(s, out, err);
}

static corm_status put_string(step s, corm_buf *out, corm_error *err) {
  (void)err;
  if (!is_key(s)) corm_buf_putc(out, '"');
  corm_buf_add(out, s.text, s.len);
  if (!is_key(s)) corm_buf_putc(out, '"');
  return CORM_OK;
}

corm_status corm_json_path_sqlite(const corm_value *in, corm_buf *out, corm_error *err) {
  return put_path(in, put_sqlite, out, err);
}

corm_status corm_json_path_mysql(const corm_value *in, corm_buf *out, corm_error *err) {
  return put_path(in, put_mysql, out, err);
}

corm_status corm_json_path_mariadb(const corm_value *in, corm_buf *out, corm_error *err) {
  return put_path(in, put_mariadb, out, err);
}

corm_status corm_json_path_array(const corm_value *in, corm_buf *out, corm_error *err) {
  corm_buf_putc(out, '[');
  if (put_list(in, put_string, ", ", out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_putc(out, ']');
  return CORM_OK;
}

corm_status corm_json_part_text(corm_status (*write)(const corm_value *in, corm_buf *out, corm_error *err),
                                const corm_value *in, corm_scratch *scratch, corm_value *out, corm_error *err) {
  corm_buf *buf = &scratch->buf;
  corm_buf_reset(buf);
  *out = corm_value_null();
  if (write(in, buf, err) != CORM_OK) return CORM_FAILED;
  const char *text = corm_buf_str(buf);
  if (!text) return corm_error_memory(err);
  *out = corm_value_text(text, buf->len);
  return CORM_OK;
}
