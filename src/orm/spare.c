#include "orm/spare.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/uuid.h"
#include "engine/bulk.h"

enum { FIRST_DAY = 36525, DAYS = 2800000 }; /* from 2070 to 9736 */

/* Text of this length, in digits and small letters, has 80 bits. */
enum { TEXT_LENGTH = 24, LONG_TEXT = 16, MORE_CANDIDATES = 12 };

/* -- which types --------------------------------------------------------------------------------------------------- */

bool corm_spare_has(const corm_type *type) {
  if (type->hosted) return false;
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_NULLTYPE:
  case CORM_TYPE_JSON:
  case CORM_TYPE_ARRAY:
  case CORM_TYPE_COUNT: return false;
  default: return type->length != 0;
  }
}

/* True when a random value is free without asking. */
static bool has_many(const corm_type *type) {
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_BIGINT: return !type->spelling || strcmp(type->spelling, "BIGINT") == 0;
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT: return type->length < 0 || type->length >= LONG_TEXT;
  case CORM_TYPE_BINARY: return type->length < 0 || type->length >= 8;
  case CORM_TYPE_UUID: return true;
  default: return false;
  }
}

/* -- random values ------------------------------------------------------------------------------------------------- */

static uint64_t draw(void) {
  unsigned char bytes[16];
  uint64_t low, high;
  if (!corm_uuid_v4(bytes)) return (uint64_t)corm_clock_monotonic() * UINT64_C(0x9e3779b97f4a7c15);
  memcpy(&low, bytes, 8);
  memcpy(&high, bytes + 8, 8);
  return low ^ (high << 7 | high >> 57);
}

/* Keys that the database counts are not drawn above those that it has given: it would go on from there. */
static int64_t draw_integer(const corm_column *column) {
  const corm_type *type = column->type;
  const uint64_t bits = draw();
  int64_t value;
  if (has_many(type))
    value = (int64_t)(bits >> 3 | UINT64_C(1) << 60);
  else if (type->spelling && strcmp(type->spelling, "INTEGER") != 0)
    value = (int64_t)(bits & 0x7f); /* TINYINT and its like */
  else if (type->kind == CORM_TYPE_SMALLINT)
    value = (int64_t)((bits & 0x3fff) | 0x4000);
  else
    value = (int64_t)((bits & 0x3fffffff) | 0x40000000);
  return column->table && corm_table_autoincrement_column(column->table) == column && !type->spelling ? -value : value;
}

static corm_status draw_text(corm_arena *arena, const corm_type *type, corm_value *out, corm_error *err) {
  static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  const uint32_t len = type->length < 0 || type->length > TEXT_LENGTH ? TEXT_LENGTH : (uint32_t)type->length;
  char *text = corm_arena_alloc(arena, len + 1);
  if (!text) return corm_error_memory(err);
  for (uint32_t i = 0; i < len; i++) text[i] = letters[draw() % 36];
  *out = corm_value_text(text, len);
  return CORM_OK;
}

static corm_status draw_bytes(corm_arena *arena, const corm_type *type, corm_value_kind kind, corm_value *out,
                              corm_error *err) {
  const uint32_t len = type->length < 0 || type->length > 16 ? 16 : (uint32_t)type->length;
  unsigned char bytes[16] = {0};
  if (!corm_uuid_v4(bytes)) return corm_error_set(err, CORM_E_FLUSH, "the system gives no random numbers");
  char *copy = corm_arena_alloc(arena, 16);
  if (!copy) return corm_error_memory(err);
  memcpy(copy, bytes, 16);
  *out = (corm_value){.as.s = copy, .len = len, .kind = (uint8_t)kind};
  return CORM_OK;
}

static corm_status draw_decimal(corm_arena *arena, const corm_type *type, corm_value *out, corm_error *err) {
  const int precision = type->precision > 0 ? type->precision : 15, scale = type->scale > 0 ? type->scale : 0;
  int digits = precision - scale;
  char *text = corm_arena_alloc(arena, 32);
  if (!text) return corm_error_memory(err);
  if (digits > 15) digits = 15;
  int len = 0;
  if (digits < 1) len = snprintf(text, 32, "0.");
  const int wanted = digits < 1 ? len + (scale > 15 ? 15 : scale) : digits;
  while (len < wanted) text[len++] = (char)('1' + draw() % 9);
  *out = (corm_value){.as.s = text, .len = (uint32_t)len, .kind = CORM_DECIMAL};
  return CORM_OK;
}

static corm_value of_days(corm_value_kind kind) {
  const int64_t day = INT64_C(86400000000), days = FIRST_DAY + (int64_t)(draw() % DAYS);
  const int64_t rest = (int64_t)(draw() % 86400) * 1000000;
  corm_value value = {.kind = (uint8_t)kind};
  value.as.i = kind == CORM_DATE ? days : kind == CORM_DATETIME ? days * day + rest : rest;
  return value;
}

/* The i-th candidate; ABSENT: there are no more. */
static corm_status candidate(corm_arena *arena, const corm_column *column, size_t i, corm_value *out, corm_error *err) {
  const corm_type *type = column->type;
  *out = (corm_value){.kind = CORM_ABSENT};
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_INTEGER:
  case CORM_TYPE_SMALLINT:
  case CORM_TYPE_BIGINT: *out = corm_value_int(draw_integer(column)); return CORM_OK;
  case CORM_TYPE_STRING:
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODE:
  case CORM_TYPE_UNICODETEXT: return draw_text(arena, type, out, err);
  case CORM_TYPE_BINARY: return draw_bytes(arena, type, CORM_BLOB, out, err);
  case CORM_TYPE_UUID: return draw_bytes(arena, type, CORM_UUID, out, err);
  case CORM_TYPE_NUMERIC: return draw_decimal(arena, type, out, err);
  case CORM_TYPE_FLOAT:
  case CORM_TYPE_DOUBLE: *out = corm_value_real((double)(draw() >> 40)); return CORM_OK;
  case CORM_TYPE_DATE: *out = of_days(CORM_DATE); return CORM_OK;
  case CORM_TYPE_TIME: *out = of_days(CORM_TIME); return CORM_OK;
  case CORM_TYPE_DATETIME: *out = of_days(CORM_DATETIME); return CORM_OK;
  case CORM_TYPE_INTERVAL: *out = of_days(CORM_INTERVAL); return CORM_OK;
  case CORM_TYPE_BOOLEAN:
    if (i < 2) *out = corm_value_bool(i == 1);
    return CORM_OK;
  case CORM_TYPE_ENUM:
    if (i < type->nvalues) *out = corm_value_text(type->values[i], strlen(type->values[i]));
    return CORM_OK;
  case CORM_TYPE_NULLTYPE:
  case CORM_TYPE_JSON:
  case CORM_TYPE_ARRAY:
  case CORM_TYPE_COUNT: break;
  }
  return CORM_OK;
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

static bool is_among(const corm_value *value, const corm_value *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (corm_value_equal(value, &values[i])) return true;
  return false;
}

static corm_status ask(corm_conn *conn, corm_arena *arena, const corm_column *column, corm_value *values, size_t n,
                       corm_error *err) {
  const size_t most = n + MORE_CANDIDATES;
  corm_value *candidates = corm_arena_zalloc(arena, most, sizeof *candidates);
  corm_value *raw = corm_arena_zalloc(arena, most, sizeof *raw);
  bool *taken = corm_arena_zalloc(arena, most, sizeof *taken);
  if (!candidates || !raw || !taken) return corm_error_memory(err);
  corm_status status = CORM_OK;
  size_t m = 0;
  for (size_t i = 0; status == CORM_OK && i < most * 4 && m < most; i++) {
    status = candidate(arena, column, i, &candidates[m], err);
    if (status != CORM_OK || candidates[m].kind == CORM_ABSENT || is_among(&candidates[m], candidates, m)) continue;
    status = corm_conn_encode(conn, column->type, &candidates[m], true, arena, &raw[m], err);
    m++;
  }
  if (status == CORM_OK && m) status = corm_conn_find_present(conn, arena, column, raw, m, taken, err);
  size_t found = 0;
  for (size_t i = 0; status == CORM_OK && i < m && found < n; i++)
    if (!taken[i]) values[found++] = candidates[i];
  return status;
}

corm_status corm_spare_find(corm_conn *conn, corm_arena *arena, const corm_column *column, corm_value *values, size_t n,
                            corm_error *err) {
  corm_status status = CORM_OK;
  if (!has_many(column->type)) return ask(conn, arena, column, values, n, err);
  for (size_t i = 0; status == CORM_OK && i < n; i++) status = candidate(arena, column, i, &values[i], err);
  return status;
}
