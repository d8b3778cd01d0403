#include "dialect/array_text.h"

#include <string.h>

#include "schema/array.h"

/* More than the server's six dimensions is no array of its own. */
#define MAX_DEPTH 6

typedef struct reading {
  const char *at, *end;
  corm_buf *out;
  corm_buf item; /* the current item without its quotes */
} reading;

/* An item in quotes, whose backslashes take the character behind them; *at is behind the first quote. */
static bool read_quoted(reading *r) {
  for (; r->at < r->end && *r->at != '"'; r->at++) {
    if (*r->at == '\\' && ++r->at == r->end) return false;
    corm_buf_putc(&r->item, *r->at);
  }
  return r->at++ < r->end;
}

static bool read_item(reading *r) {
  corm_buf_reset(&r->item);
  bool quoted = r->at < r->end && *r->at == '"';
  if (quoted) {
    r->at++;
    if (!read_quoted(r)) return false;
  } else {
    while (r->at < r->end && *r->at != ',' && *r->at != '}') corm_buf_putc(&r->item, *r->at++);
  }
  if (!quoted && r->item.len == 4 && memcmp(r->item.ptr, "NULL", 4) == 0) {
    corm_buf_puts(r->out, "null");
  } else {
    corm_json_string(r->item.ptr ? r->item.ptr : "", r->item.len, r->out);
  }
  return quoted || r->item.len > 0;
}

static bool read_items(reading *r) {
  int depth = 0;
  bool wants_item = true;  /* one may begin here */
  bool needs_item = false; /* behind a comma, it must */
  while (r->at < r->end) {
    if (*r->at == '{' && wants_item && depth < MAX_DEPTH) {
      depth++;
      needs_item = false;
      r->at++;
      corm_buf_putc(r->out, '[');
    } else if (*r->at == '}' && depth > 0 && !needs_item) {
      r->at++;
      corm_buf_putc(r->out, ']');
      wants_item = false;
      if (--depth == 0) return r->at == r->end;
    } else if (*r->at == ',' && depth > 0 && !wants_item) {
      r->at++;
      corm_buf_putc(r->out, ',');
      wants_item = needs_item = true;
    } else if (depth > 0 && wants_item && read_item(r)) {
      wants_item = needs_item = false;
    } else {
      return false;
    }
  }
  return false;
}

bool corm_array_from_text(const char *text, size_t len, corm_buf *out) {
  reading r = {.at = text, .end = text + len, .out = out};
  if (len > 0 && *text == '[') {
    const char *bounds = memchr(text, '=', len);
    if (!bounds) return false;
    r.at = bounds + 1;
  }
  corm_buf_init(&r.item, out->mem);
  bool ok = read_items(&r) && !r.item.failed && !out->failed;
  if (r.item.failed) out->failed = true;
  corm_buf_clear(&r.item);
  return ok;
}
