/*
 * Parameters. One value borrows its bytes where it can; the rows of a bulk statement become one array in the server's
 * binary form (backend/utils/adt/arrayfuncs.c, array_recv), written in one pass into a buffer that the parameter keeps.
 */
#include "driver/libpq.h"

#include <math.h>
#include <string.h>

/* Larger buffers are not kept for the next value. */
enum { KEEP_BYTES = 1 << 20 };

/* -- refusing ------------------------------------------------------------------------------------------------------ */

static const char *name_of(const corm_pq_param *param) {
  return param->type == NULL ? "of this parameter" : param->type->name;
}

/* Names the parameter and, of many rows, the row (-1: there is one). The value goes to the detail. */
static corm_status refuse(const corm_pq_param *param, int index, ptrdiff_t row, corm_pq_fit fit,
                          const corm_value *value, corm_error *err) {
  char where[64] = "";
  corm_buf text;
  if (err == NULL || err->is_set) return CORM_FAILED;
  corm_buf_init(&text, &corm_mem_libc);
  if (row >= 0) {
    corm_buf_printf(&text, ", row %td", row + 1);
    if (!text.failed && text.len < sizeof where) memcpy(where, text.ptr, text.len + 1);
    corm_buf_reset(&text);
  }
  const char *kind = corm_value_kind_name((corm_value_kind)value->kind);
  switch (fit) {
  case CORM_PQ_RANGE:
    corm_error_set(err, CORM_E_DATA, "parameter %d%s: the value is out of range for the type %s", index, where,
                   name_of(param));
    break;
  case CORM_PQ_FRACTION:
    corm_error_set(err, CORM_E_DATA, "parameter %d%s: the type %s would lose the fraction of the value", index, where,
                   name_of(param));
    break;
  case CORM_PQ_NUL:
    corm_error_set(err, CORM_E_DATA, "parameter %d%s: PostgreSQL's text cannot hold a NUL character", index, where);
    break;
  case CORM_PQ_MALFORMED:
    corm_error_set(err, CORM_E_DATA, "parameter %d%s: the value is no array", index, where);
    break;
  default:
    corm_error_set(err, CORM_E_DATA, "parameter %d%s: a value of kind %s does not go into the type %s%s", index, where,
                   kind, name_of(param), param->is_array && row < 0 ? "[]" : "");
    break;
  }
  corm_value_describe(value, 100, &text);
  if (corm_buf_str(&text) != NULL) corm_error_field(err->detail, sizeof err->detail, corm_buf_str(&text));
  corm_buf_clear(&text);
  return CORM_FAILED;
}

static corm_status find_param(corm_pq_stmt *stmt, int index, corm_pq_param **out, corm_error *err) {
  /* A statement that the server forgot is prepared again before its first value: types may have changed. */
  if (index == 1 && stmt->phase == CORM_PQ_IDLE && corm_pq_refresh(stmt, false, err) != CORM_OK) return CORM_FAILED;
  if (index < 1 || index > stmt->nparams) {
    return corm_error_set(err, CORM_E_PROGRAMMING, "there is no parameter %d: the statement has %d", index,
                          stmt->nparams);
  }
  *out = &stmt->params[index - 1];
  if ((*out)->bytes.cap > KEEP_BYTES) corm_buf_clear(&(*out)->bytes);
  corm_buf_reset(&(*out)->bytes);
  return CORM_OK;
}

static void set_slot(corm_pq_stmt *stmt, int index, const char *bytes, size_t len, int format) {
  stmt->values[index - 1] = bytes;
  stmt->lengths[index - 1] = (int)len;
  stmt->formats[index - 1] = format;
}

/* What was written into the parameter's buffer becomes its value. */
static corm_status set_bytes(corm_pq_stmt *stmt, int index, int format, corm_error *err) {
  corm_buf *bytes = &stmt->params[index - 1].bytes;
  if (bytes->failed) return corm_error_memory(err);
  if (bytes->len > CORM_PQ_MAX_BYTES) {
    return corm_error_set(err, CORM_E_DATA, "parameter %d is too large: %zu bytes; a field holds %zu", index,
                          bytes->len, CORM_PQ_MAX_BYTES);
  }
  set_slot(stmt, index, bytes->len == 0 ? "" : bytes->ptr, bytes->len, format);
  return CORM_OK;
}

/* -- one value ----------------------------------------------------------------------------------------------------- */

/* True for values whose bytes are the binary form. */
static bool is_raw(const corm_pq_param *param, const corm_value *value) {
  if (param->type == NULL || param->is_array) return false;
  switch (param->type->code) {
  case CORM_PQ_TEXT: return value->kind == CORM_TEXT;
  case CORM_PQ_JSON: return value->kind == CORM_JSON || value->kind == CORM_TEXT;
  case CORM_PQ_BYTEA: return value->kind == CORM_BLOB;
  default: return false;
  }
}

static corm_status bind_raw(corm_pq_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err) {
  corm_pq_param *param = &stmt->params[index - 1];
  if (value->len > CORM_PQ_MAX_BYTES) {
    return corm_error_set(err, CORM_E_DATA, "parameter %d is too large: %u bytes; a field holds %zu", index, value->len,
                          CORM_PQ_MAX_BYTES);
  }
  if (param->type->code != CORM_PQ_BYTEA && value->len > 0 && memchr(value->as.s, '\0', value->len) != NULL) {
    return refuse(param, index, -1, CORM_PQ_NUL, value, err);
  }
  if (keep) {
    set_slot(stmt, index, value->len == 0 ? "" : value->as.s, value->len, 1);
    return CORM_OK;
  }
  if (value->len > 0) corm_buf_add(&param->bytes, value->as.s, value->len);
  return set_bytes(stmt, index, 1, err);
}

corm_status corm_pq_bind(corm_driver_stmt *base, int index, const corm_value *value, bool keep, corm_error *err) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_pq_param *param = NULL;
  if (find_param(stmt, index, &param, err) != CORM_OK) return CORM_FAILED;
  if (value->kind == CORM_NULL) {
    set_slot(stmt, index, NULL, 0, 0);
    return CORM_OK;
  }
  if (is_raw(param, value)) return bind_raw(stmt, index, value, keep, err);
  bool scalar = param->type != NULL && !param->is_array;
  corm_pq_fit fit = scalar ? corm_pq_encode(param->type, value, &param->bytes) : CORM_PQ_AS_TEXT;
  int format = fit == CORM_PQ_AS_TEXT ? 0 : 1;
  if (fit == CORM_PQ_AS_TEXT) {
    bool fits = !param->is_array || value->kind == CORM_ARRAY || value->kind == CORM_TEXT;
    fit = fits ? corm_pq_text_form(param->type, value, &param->bytes) : CORM_PQ_KIND;
  }
  if (fit != CORM_PQ_FITS) return refuse(param, index, -1, fit, value, err);
  return set_bytes(stmt, index, format, err);
}

/* -- many rows ----------------------------------------------------------------------------------------------------- */

enum { ARRAY_HEADER = 20 }; /* dimensions, has NULLs, item type, and of the one dimension size and lower bound */

/* Items of one fixed size: the room for all of them is made at once. */
static corm_pq_fit write_ints(corm_pq_code code, const corm_value *values, size_t stride, size_t nrows, corm_buf *out,
                              size_t *row) {
  uint32_t size = code == CORM_PQ_INT8 ? 8 : 4;
  char *at = corm_pq_room(out, nrows * (4 + (size_t)size));
  if (at == NULL) return CORM_PQ_FITS;
  for (size_t i = 0; i < nrows; i++, values += stride) {
    *row = i;
    if (values->kind == CORM_NULL) {
      corm_pq_put32(at, UINT32_MAX);
      at += 4;
      continue;
    }
    if (values->kind != CORM_INT) return CORM_PQ_AS_TEXT;
    if (size == 4 && (values->as.i < INT32_MIN || values->as.i > INT32_MAX)) return CORM_PQ_RANGE;
    corm_pq_put32(at, size);
    if (size == 4)
      corm_pq_put32(at + 4, (uint32_t)values->as.i);
    else
      corm_pq_put64(at + 4, (uint64_t)values->as.i);
    at += 4 + size;
  }
  out->len = (size_t)(at - out->ptr);
  return CORM_PQ_FITS;
}

static corm_pq_fit write_texts(const corm_value *values, size_t stride, size_t nrows, corm_buf *out, size_t *row) {
  for (size_t i = 0; i < nrows; i++, values += stride) {
    *row = i;
    bool null = values->kind == CORM_NULL;
    if (!null && values->kind != CORM_TEXT) return CORM_PQ_AS_TEXT;
    uint32_t len = null ? 0 : values->len;
    if (len > CORM_PQ_MAX_BYTES || out->len > CORM_PQ_MAX_BYTES) return CORM_PQ_RANGE;
    char *at = corm_pq_room(out, 4 + (size_t)len);
    if (at == NULL) return CORM_PQ_FITS;
    corm_pq_put32(at, null ? UINT32_MAX : len);
    if (len == 0) continue;
    if (memchr(values->as.s, '\0', len) != NULL) return CORM_PQ_NUL;
    memcpy(at + 4, values->as.s, len);
  }
  return CORM_PQ_FITS;
}

/* Any type and any kind: an item's length is known when it is written. */
static corm_pq_fit write_items(const corm_pq_type *type, const corm_value *values, size_t stride, size_t nrows,
                               corm_buf *out, size_t *row) {
  for (size_t i = 0; i < nrows && !out->failed; i++, values += stride) {
    *row = i;
    if (out->len > CORM_PQ_MAX_BYTES) return CORM_PQ_RANGE;
    size_t at = out->len;
    if (corm_pq_room(out, 4) == NULL) break;
    corm_pq_put32(out->ptr + at, UINT32_MAX);
    if (values->kind == CORM_NULL) continue;
    corm_pq_fit fit = corm_pq_encode(type, values, out);
    if (fit != CORM_PQ_FITS) return fit;
    if (!out->failed) corm_pq_put32(out->ptr + at, (uint32_t)(out->len - at - 4));
  }
  return CORM_PQ_FITS;
}

static corm_pq_fit write_array(const corm_pq_type *type, const corm_value *values, size_t stride, size_t nrows,
                               corm_buf *out, size_t *row) {
  char *head = corm_pq_room(out, ARRAY_HEADER);
  if (head == NULL) return CORM_PQ_FITS;
  corm_pq_put32(head, 1);
  corm_pq_put32(head + 4, 1);
  corm_pq_put32(head + 8, type->oid);
  corm_pq_put32(head + 12, (uint32_t)nrows);
  corm_pq_put32(head + 16, 1);
  corm_pq_fit fit = CORM_PQ_AS_TEXT;
  if (type->code == CORM_PQ_INT4 || type->code == CORM_PQ_INT8)
    fit = write_ints(type->code, values, stride, nrows, out, row);
  else if (type->code == CORM_PQ_TEXT)
    fit = write_texts(values, stride, nrows, out, row);
  if (fit != CORM_PQ_AS_TEXT) return fit;
  out->len = ARRAY_HEADER; /* other kinds among them: the general way */
  return write_items(type, values, stride, nrows, out, row);
}

corm_status corm_pq_bind_rows(corm_driver_stmt *base, int index, const corm_value *values, size_t stride, size_t nrows,
                              corm_error *err) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  corm_pq_param *param = NULL;
  size_t row = 0;
  int format = 1;
  if (find_param(stmt, index, &param, err) != CORM_OK) return CORM_FAILED;
  if (nrows > INT32_MAX) return corm_error_set(err, CORM_E_DATA, "parameter %d: too many rows (%zu)", index, nrows);
  if (param->type != NULL && !param->is_array) {
    return corm_error_set(err, CORM_E_INTERFACE, "parameter %d takes one value of the type %s, not an array of rows",
                          index, name_of(param));
  }
  corm_pq_fit fit = CORM_PQ_AS_TEXT;
  if (param->type != NULL && nrows > 0) fit = write_array(param->type, values, stride, nrows, &param->bytes, &row);
  if (fit == CORM_PQ_AS_TEXT) {
    format = 0;
    corm_buf_reset(&param->bytes);
    fit = corm_pq_rows_literal(param->type, values, stride, nrows, &param->bytes, &row);
  }
  if (fit != CORM_PQ_FITS) return refuse(param, index, (ptrdiff_t)row, fit, &values[row * stride], err);
  return set_bytes(stmt, index, format, err);
}
