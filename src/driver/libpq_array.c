/*
 * Arrays: the server's binary form (backend/utils/adt/arrayfuncs.c, array_send) and its literals ("Array Input and
 * Output Syntax" in the manual) on one side, JSON text on the other. Arrays that are written go as literals, which the
 * server reads into whatever the item's type is.
 */
#include "driver/libpq.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/uuid.h"

enum { MAX_DIMENSIONS = 6 }; /* the server's MAXDIM */

/* -- items as JSON ------------------------------------------------------------------------------------------------- */

static void put_json_string(const char *text, size_t len, corm_buf *out) {
  corm_buf_putc(out, '"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') corm_buf_putc(out, '\\');
    if (c < 0x20)
      corm_buf_printf(out, "\\u%04x", c);
    else
      corm_buf_putc(out, (char)c);
  }
  corm_buf_putc(out, '"');
}

static void put_json_hex(const corm_value *value, corm_buf *out) {
  corm_buf_putc(out, '"');
  corm_buf_hex(out, value->as.s, value->len);
  corm_buf_putc(out, '"');
}

static void put_json_time(const corm_value *value, corm_buf *out) {
  char text[CORM_TIME_TEXT];
  size_t len;
  switch (value->kind) {
  case CORM_DATE: len = corm_date_format(value->as.i, text); break;
  case CORM_TIME: len = corm_time_format(value->as.i, false, text); break;
  default: len = corm_datetime_format(value->as.i, false, text); break;
  }
  put_json_string(text, len, out);
}

/* JSON has no NaN and no infinities: they are strings, which no float's codec takes. */
static void put_json_item(const corm_value *value, corm_buf *out) {
  char uuid[37];
  switch (value->kind) {
  case CORM_NULL: corm_buf_puts(out, "null"); break;
  case CORM_BOOL: corm_buf_puts(out, value->as.i != 0 ? "true" : "false"); break;
  case CORM_INT:
  case CORM_INTERVAL: corm_buf_int(out, value->as.i); break;
  case CORM_REAL:
    if (isfinite(value->as.f)) {
      corm_buf_real(out, value->as.f);
    } else {
      const char *word = isnan(value->as.f) ? "NaN" : value->as.f < 0 ? "-Infinity" : "Infinity";
      put_json_string(word, strlen(word), out);
    }
    break;
  case CORM_BLOB: put_json_hex(value, out); break;
  case CORM_UUID:
    corm_uuid_format((const unsigned char *)value->as.s, uuid);
    put_json_string(uuid, 36, out);
    break;
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME: put_json_time(value, out); break;
  case CORM_ABSENT: out->failed = true; break;
  default: put_json_string(value->as.s, value->len, out); break;
  }
}

static void finish(const corm_buf *json, corm_arena *arena, corm_value *out) {
  char *copy = json->failed ? NULL : corm_arena_dup(arena, json->ptr, json->len);
  *out = (corm_value){.kind = copy == NULL ? CORM_ABSENT : CORM_ARRAY, .len = (uint32_t)json->len};
  out->as.s = copy;
}

/* -- from the binary form ------------------------------------------------------------------------------------------ */

typedef struct wire_array {
  const char *p;
  const char *end;
  corm_pq_code code;
  corm_arena *arena;
  uint32_t sizes[MAX_DIMENSIONS];
  uint32_t dimensions;
} wire_array;

static bool read_item(wire_array *at, corm_buf *out) {
  corm_value value = {.kind = CORM_NULL};
  if (at->end - at->p < 4) return false;
  uint32_t len = corm_pq_get32(at->p);
  at->p += 4;
  if (len != UINT32_MAX) {
    if ((size_t)(at->end - at->p) < len) return false;
    corm_pq_decode(at->code, at->p, len, at->arena, &value);
    at->p += len;
  }
  put_json_item(&value, out);
  return true;
}

/* Depth is limited by the format. */
static bool read_dimension(wire_array *at, uint32_t dimension, corm_buf *out) {
  corm_buf_putc(out, '[');
  for (uint32_t i = 0; i < at->sizes[dimension]; i++) {
    if (i > 0) corm_buf_putc(out, ',');
    bool ok = dimension + 1 < at->dimensions ? read_dimension(at, dimension + 1, out) : read_item(at, out);
    if (!ok || out->failed) return false;
  }
  corm_buf_putc(out, ']');
  return true;
}

void corm_pq_array_decode(corm_pq_code code, const char *wire, size_t len, corm_arena *arena, corm_buf *scratch,
                          corm_value *out) {
  wire_array at = {.p = wire, .end = wire + len, .code = code, .arena = arena};
  bool ok = len >= 12;
  corm_buf_reset(scratch);
  at.dimensions = ok ? corm_pq_get32(wire) : 0;
  ok = ok && at.dimensions <= MAX_DIMENSIONS && len >= 12 + 8 * (size_t)at.dimensions;
  size_t items = 1, most = len / 4; /* each item has four bytes at least: what claims more does not exist */
  for (uint32_t i = 0; ok && i < at.dimensions; i++) {
    at.sizes[i] = corm_pq_get32(wire + 12 + 8 * i);
    ok = at.sizes[i] > 0 && at.sizes[i] <= most / items;
    items *= ok ? at.sizes[i] : 1;
  }
  if (ok && at.dimensions == 0) {
    corm_buf_puts(scratch, "[]");
  } else if (ok) {
    at.p += 12 + 8 * at.dimensions;
    ok = read_dimension(&at, 0, scratch);
  }
  if (ok || scratch->failed) {
    finish(scratch, arena, out);
    return;
  }
  *out = (corm_value){.kind = CORM_BLOB, .len = (uint32_t)len};
  out->as.s = wire;
}

/* -- from a literal ------------------------------------------------------------------------------------------------ */

/* One item at *p into `item`, without quotes and backslashes. */
static const char *unquote(const char *p, const char *end, corm_buf *item, bool *quoted) {
  *quoted = p < end && *p == '"';
  corm_buf_reset(item);
  if (*quoted) p++;
  while (p < end && (*quoted ? *p != '"' : memchr(",{}", *p, 3) == NULL)) {
    if (*p == '\\' && p + 1 < end) p++;
    corm_buf_putc(item, *p++);
  }
  return *quoted && p < end ? p + 1 : p;
}

static void put_literal_item(corm_pq_code code, const corm_buf *item, bool quoted, corm_arena *arena, corm_buf *out) {
  corm_value value = {.kind = CORM_NULL};
  if (quoted || item->len != 4 || memcmp(item->ptr, "NULL", 4) != 0) {
    corm_pq_decode_text(code, item->ptr == NULL ? "" : item->ptr, item->len, arena, &value);
  }
  put_json_item(&value, out);
}

void corm_pq_array_decode_text(corm_pq_code code, const char *text, size_t len, corm_arena *arena, corm_buf *scratch,
                               corm_value *out) {
  const char *end = text + len;
  const char *p = memchr(text, '{', len); /* before it there may be bounds: "[0:1]={1,2}" */
  corm_buf item;
  corm_buf_init(&item, arena->mem);
  corm_buf_reset(scratch);
  for (; p != NULL && p < end && !item.failed; p++) {
    if (*p == '{' || *p == '}') {
      corm_buf_putc(scratch, *p == '{' ? '[' : ']');
    } else if (*p == ',') {
      corm_buf_putc(scratch, ',');
    } else {
      bool quoted;
      p = unquote(p, end, &item, &quoted) - 1;
      put_literal_item(code, &item, quoted, arena, scratch);
    }
  }
  scratch->failed = scratch->failed || item.failed;
  corm_buf_clear(&item);
  finish(scratch, arena, out);
}

/* -- to a literal -------------------------------------------------------------------------------------------------- */

static corm_pq_fit put_quoted(const char *text, size_t len, corm_buf *out) {
  if (len > 0 && memchr(text, '\0', len) != NULL) return CORM_PQ_NUL;
  corm_buf_putc(out, '"');
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '"' || text[i] == '\\') corm_buf_putc(out, '\\');
    corm_buf_putc(out, text[i]);
  }
  corm_buf_putc(out, '"');
  return CORM_PQ_FITS;
}

static corm_pq_fit put_node(const corm_pq_type *type, const json_t *node, corm_buf *out);

static corm_pq_fit put_list(const corm_pq_type *type, const json_t *node, corm_buf *out) {
  size_t n = json_array_size(node);
  corm_pq_fit fit = CORM_PQ_FITS;
  corm_buf_putc(out, '{');
  for (size_t i = 0; i < n && fit == CORM_PQ_FITS; i++) {
    if (i > 0) corm_buf_putc(out, ',');
    fit = put_node(type, json_array_get(node, i), out);
  }
  corm_buf_putc(out, '}');
  return fit;
}

/* Whole microseconds, which the server would take for seconds. */
static corm_pq_fit put_interval(const json_t *node, corm_buf *out) {
  const corm_value value = {.kind = CORM_INTERVAL, .as.i = json_integer_value(node)};
  corm_buf_putc(out, '"');
  corm_pq_fit fit = corm_pq_text_form(NULL, &value, out);
  corm_buf_putc(out, '"');
  return fit;
}

/* Depth is limited by the parser. Blobs are hex digits in JSON and need the server's prefix. */
static corm_pq_fit put_node(const corm_pq_type *type, const json_t *node, corm_buf *out) {
  const char *text = json_string_value(node);
  size_t len = json_string_length(node);
  bool bytes = type != NULL && type->code == CORM_PQ_BYTEA;
  switch (json_typeof(node)) {
  case JSON_ARRAY: return put_list(type, node, out);
  case JSON_NULL: corm_buf_puts(out, "NULL"); break;
  case JSON_TRUE: corm_buf_puts(out, "true"); break;
  case JSON_FALSE: corm_buf_puts(out, "false"); break;
  case JSON_INTEGER:
    if (type != NULL && type->code == CORM_PQ_INTERVAL) return put_interval(node, out);
    corm_buf_int(out, json_integer_value(node));
    break;
  case JSON_REAL: corm_buf_real(out, json_real_value(node)); break;
  case JSON_STRING:
    if (!bytes || (len >= 2 && text[0] == '\\' && text[1] == 'x')) return put_quoted(text, len, out);
    corm_buf_puts(out, "\"\\\\x");
    corm_buf_add(out, text, len);
    corm_buf_putc(out, '"');
    break;
  case JSON_OBJECT: return CORM_PQ_MALFORMED;
  }
  return CORM_PQ_FITS;
}

corm_pq_fit corm_pq_array_literal(const corm_pq_type *type, const char *json, size_t len, corm_buf *out) {
  json_error_t why;
  json_t *root = json_loadb(json, len, JSON_ALLOW_NUL, &why);
  corm_pq_fit fit = CORM_PQ_MALFORMED;
  if (root == NULL && json_error_code(&why) == json_error_out_of_memory) out->failed = true;
  if (json_is_array(root)) fit = put_list(type, root, out);
  json_decref(root);
  return out->failed ? CORM_PQ_FITS : fit;
}

corm_pq_fit corm_pq_rows_literal(const corm_pq_type *type, const corm_value *values, size_t stride, size_t nrows,
                                 corm_buf *out, size_t *row) {
  corm_buf item;
  corm_pq_fit fit = CORM_PQ_FITS;
  corm_buf_init(&item, out->mem);
  corm_buf_putc(out, '{');
  for (size_t i = 0; i < nrows && fit == CORM_PQ_FITS && !out->failed; i++, values += stride) {
    *row = i;
    if (i > 0) corm_buf_putc(out, ',');
    if (values->kind == CORM_NULL) {
      corm_buf_puts(out, "NULL");
      continue;
    }
    if (out->len > CORM_PQ_MAX_BYTES) fit = CORM_PQ_RANGE;
    corm_buf_reset(&item);
    if (fit == CORM_PQ_FITS) fit = corm_pq_text_form(type, values, &item);
    if (fit == CORM_PQ_FITS && !item.failed) fit = put_quoted(item.ptr, item.len, out);
    out->failed = out->failed || item.failed;
  }
  corm_buf_putc(out, '}');
  corm_buf_clear(&item);
  return fit;
}
