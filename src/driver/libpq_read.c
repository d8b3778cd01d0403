/*
 * Values from the server's binary form. What corm's kinds cannot hold (infinite dates, years after 9999 or before 1,
 * intervals with months, NaN among the decimals) arrives as TEXT in the server's own spelling
 * (backend/utils/adt/datetime.c): the codec refuses it where the model says otherwise, and nothing is bent.
 */
#include "driver/libpq.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define EPOCH_DAYS INT64_C(10957) /* from 1970-01-01 to 2000-01-01 */
#define EPOCH_USEC (EPOCH_DAYS * CORM_USEC_PER_DAY)

enum { SPELLING = 96 };

static void set_text(const char *text, size_t len, corm_arena *arena, corm_value *out) {
  char *copy = corm_arena_dup(arena, text, len);
  *out = (corm_value){.kind = copy == NULL ? CORM_ABSENT : CORM_TEXT, .len = (uint32_t)len};
  out->as.s = copy;
}

static void set_bytes(corm_value_kind kind, const char *bytes, size_t len, corm_value *out) {
  *out = (corm_value){.kind = (uint8_t)kind, .len = (uint32_t)len};
  out->as.s = bytes;
}

static void set_number(corm_value_kind kind, int64_t number, corm_value *out) {
  *out = (corm_value){.kind = (uint8_t)kind};
  out->as.i = number;
}

static void set_real(double number, corm_value *out) {
  *out = (corm_value){.kind = CORM_REAL};
  out->as.f = number;
}

/* -- the server's spelling of dates -------------------------------------------------------------------------------- */

/* Howard Hinnant's civil_from_days, for any day that the server has. Years before 1 are written "0044-03-15 BC". */
static size_t spell_date(int64_t days, char *out, bool *before_christ) {
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int64_t day = doy - (153 * mp + 2) / 5 + 1;
  int64_t month = mp < 10 ? mp + 3 : mp - 9;
  int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  *before_christ = year <= 0;
  if (year <= 0) year = 1 - year;
  int n = snprintf(out, SPELLING, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
  return (size_t)n;
}

/* "04:05:06.789": without trailing zeros. */
static size_t spell_time(int64_t usec, char *out) {
  int64_t seconds = usec / CORM_USEC_PER_SEC;
  int n = snprintf(out, SPELLING / 2, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
  int64_t fraction = usec % CORM_USEC_PER_SEC;
  if (fraction == 0) return (size_t)n;
  n += snprintf(out + n, SPELLING / 2, ".%06" PRId64, fraction);
  while (out[n - 1] == '0') n--;
  return (size_t)n;
}

static void read_date(const char *wire, corm_arena *arena, corm_value *out) {
  int32_t raw = (int32_t)corm_pq_get32(wire);
  int64_t days = (int64_t)raw + EPOCH_DAYS;
  char text[SPELLING];
  bool before_christ;
  if (days >= CORM_DATE_MIN && days <= CORM_DATE_MAX) {
    set_number(CORM_DATE, days, out);
  } else if (raw == INT32_MAX || raw == INT32_MIN) {
    const char *word = raw == INT32_MAX ? "infinity" : "-infinity";
    set_text(word, strlen(word), arena, out);
  } else {
    size_t len = spell_date(days, text, &before_christ);
    if (before_christ) len += (size_t)snprintf(text + len, 4, " BC");
    set_text(text, len, arena, out);
  }
}

static void read_timestamp(const char *wire, bool zone, corm_arena *arena, corm_value *out) {
  int64_t raw = (int64_t)corm_pq_get64(wire);
  char text[SPELLING];
  bool before_christ;
  if (raw >= CORM_DATETIME_MIN - EPOCH_USEC && raw <= CORM_DATETIME_MAX - EPOCH_USEC) {
    set_number(CORM_DATETIME, raw + EPOCH_USEC, out);
    return;
  }
  if (raw == INT64_MAX || raw == INT64_MIN) {
    const char *word = raw == INT64_MAX ? "infinity" : "-infinity";
    set_text(word, strlen(word), arena, out);
    return;
  }
  int64_t days = raw / CORM_USEC_PER_DAY - (raw % CORM_USEC_PER_DAY < 0 ? 1 : 0);
  size_t len = spell_date(days + EPOCH_DAYS, text, &before_christ);
  text[len++] = ' ';
  len += spell_time(raw - days * CORM_USEC_PER_DAY, text + len);
  if (zone) len += (size_t)snprintf(text + len, 4, "+00");
  if (before_christ) len += (size_t)snprintf(text + len, 4, " BC");
  set_text(text, len, arena, out);
}

/* A time with a zone is one of corm's only when the zone is UTC. `west`: seconds west of Greenwich. */
static void read_time(int64_t usec, int32_t west, bool zone, corm_arena *arena, corm_value *out) {
  char text[SPELLING];
  if (usec >= 0 && usec < CORM_USEC_PER_DAY && west == 0) {
    set_number(CORM_TIME, usec, out);
    return;
  }
  size_t len = spell_time(usec, text);
  if (zone) {
    int64_t size = west < 0 ? -(int64_t)west : west;
    len += (size_t)snprintf(text + len, 32, "%c%02" PRId64, west <= 0 ? '+' : '-', size / 3600);
    if (size % 3600 != 0) len += (size_t)snprintf(text + len, 32, ":%02" PRId64, size / 60 % 60);
    if (size % 60 != 0) len += (size_t)snprintf(text + len, 32, ":%02" PRId64, size % 60);
  }
  set_text(text, len, arena, out);
}

/* -- intervals ----------------------------------------------------------------------------------------------------- */

typedef struct spelling {
  char text[SPELLING];
  size_t len;
  bool after_negative; /* the field before was negative: a positive one needs its sign */
} spelling;

static void spell_part(spelling *out, int64_t number, const char *unit) {
  if (number == 0) return;
  out->len +=
      (size_t)snprintf(out->text + out->len, SPELLING - out->len, "%s%s%" PRId64 " %s%s", out->len > 0 ? " " : "",
                       out->after_negative && number > 0 ? "+" : "", number, unit, number == 1 ? "" : "s");
  out->after_negative = number < 0;
}

static void read_interval(const char *wire, corm_arena *arena, corm_value *out) {
  int64_t usec = (int64_t)corm_pq_get64(wire);
  int64_t days = (int32_t)corm_pq_get32(wire + 8);
  int32_t months = (int32_t)corm_pq_get32(wire + 12);
  int64_t most = (INT64_MAX - (usec < 0 ? 0 : usec)) / CORM_USEC_PER_DAY;
  int64_t least = (INT64_MIN - (usec > 0 ? 0 : usec)) / CORM_USEC_PER_DAY;
  if (months == 0 && days <= most && days >= least) {
    set_number(CORM_INTERVAL, days * CORM_USEC_PER_DAY + usec, out);
    return;
  }
  spelling text = {.len = 0};
  spell_part(&text, months / 12, "year");
  spell_part(&text, months % 12, "mon");
  spell_part(&text, days, "day");
  if (usec != 0) {
    const char *sign = usec < 0 ? "-" : text.after_negative ? "+" : "";
    if (usec == INT64_MIN) usec++; /* not a number that the server writes in this field */
    text.len += (size_t)snprintf(text.text + text.len, SPELLING - text.len, " %s", sign);
    text.len += spell_time(usec < 0 ? -usec : usec, text.text + text.len);
  }
  set_text(text.text, text.len, arena, out);
}

/* -- all types ----------------------------------------------------------------------------------------------------- */

static void read_numeric(const char *wire, size_t len, corm_arena *arena, corm_value *out) {
  const char *text = NULL, *special = NULL;
  size_t text_len = 0;
  if (corm_pq_numeric_decode(wire, len, arena, &text, &text_len, &special)) {
    set_bytes(text == NULL ? CORM_ABSENT : CORM_DECIMAL, text, text_len, out);
  } else if (special != NULL) {
    set_bytes(CORM_TEXT, special, strlen(special), out);
  } else {
    set_bytes(CORM_BLOB, wire, len, out);
  }
}

static void read_float(corm_pq_code code, const char *wire, corm_value *out) {
  double wide;
  float narrow;
  if (code == CORM_PQ_FLOAT8) {
    uint64_t bits = corm_pq_get64(wire);
    memcpy(&wide, &bits, sizeof wide);
    set_real(wide, out);
    return;
  }
  uint32_t bits = corm_pq_get32(wire);
  memcpy(&narrow, &bits, sizeof narrow);
  set_real((double)narrow, out);
}

/* 0: of any length. */
static size_t size_of(corm_pq_code code) {
  switch (code) {
  case CORM_PQ_BOOL: return 1;
  case CORM_PQ_INT2: return 2;
  case CORM_PQ_INT4:
  case CORM_PQ_UINT4:
  case CORM_PQ_FLOAT4:
  case CORM_PQ_DATE: return 4;
  case CORM_PQ_TIMETZ: return 12;
  case CORM_PQ_INTERVAL:
  case CORM_PQ_UUID: return 16;
  case CORM_PQ_INT8:
  case CORM_PQ_UINT8:
  case CORM_PQ_FLOAT8:
  case CORM_PQ_TIME:
  case CORM_PQ_TIMESTAMP:
  case CORM_PQ_TIMESTAMPTZ: return 8;
  default: return 0;
  }
}

/* Bytes that are not the type's come from no honest server: they are given as they are, and no codec takes them. */
void corm_pq_decode(corm_pq_code code, const char *wire, size_t len, corm_arena *arena, corm_value *out) {
  size_t size = size_of(code);
  if (size != 0 && size != len) {
    set_bytes(CORM_BLOB, wire, len, out);
    return;
  }
  switch (code) {
  case CORM_PQ_BOOL: set_number(CORM_BOOL, wire[0] != 0, out); break;
  case CORM_PQ_INT2: set_number(CORM_INT, (int16_t)corm_pq_get16(wire), out); break;
  case CORM_PQ_INT4: set_number(CORM_INT, (int32_t)corm_pq_get32(wire), out); break;
  case CORM_PQ_UINT4: set_number(CORM_INT, corm_pq_get32(wire), out); break;
  case CORM_PQ_INT8:
  case CORM_PQ_UINT8: set_number(CORM_INT, (int64_t)corm_pq_get64(wire), out); break;
  case CORM_PQ_FLOAT4:
  case CORM_PQ_FLOAT8: read_float(code, wire, out); break;
  case CORM_PQ_NUMERIC: read_numeric(wire, len, arena, out); break;
  case CORM_PQ_TEXT: set_bytes(CORM_TEXT, wire, len, out); break;
  case CORM_PQ_JSON: set_bytes(CORM_JSON, wire, len, out); break;
  case CORM_PQ_JSONB:
    if (len > 0 && wire[0] == 1)
      set_bytes(CORM_JSON, wire + 1, len - 1, out);
    else
      set_bytes(CORM_BLOB, wire, len, out);
    break;
  case CORM_PQ_UUID: set_bytes(CORM_UUID, wire, len, out); break;
  case CORM_PQ_BYTEA: set_bytes(CORM_BLOB, wire, len, out); break;
  case CORM_PQ_DATE: read_date(wire, arena, out); break;
  case CORM_PQ_TIME: read_time((int64_t)corm_pq_get64(wire), 0, false, arena, out); break;
  case CORM_PQ_TIMETZ:
    read_time((int64_t)corm_pq_get64(wire), (int32_t)corm_pq_get32(wire + 8), true, arena, out);
    break;
  case CORM_PQ_TIMESTAMP: read_timestamp(wire, false, arena, out); break;
  case CORM_PQ_TIMESTAMPTZ: read_timestamp(wire, true, arena, out); break;
  case CORM_PQ_INTERVAL: read_interval(wire, arena, out); break;
  }
}

/* Types that most columns have, without the way through all of them. False: take that way. */
static bool read_common(corm_pq_code code, const char *bytes, int len, corm_value *out) {
  switch (code) {
  case CORM_PQ_TEXT: set_bytes(CORM_TEXT, bytes, (size_t)len, out); return true;
  case CORM_PQ_INT4:
    if (len == 4) set_number(CORM_INT, (int32_t)corm_pq_get32(bytes), out);
    return len == 4;
  case CORM_PQ_INT8:
    if (len == 8) set_number(CORM_INT, (int64_t)corm_pq_get64(bytes), out);
    return len == 8;
  case CORM_PQ_FLOAT8:
    if (len == 8) read_float(code, bytes, out);
    return len == 8;
  default: return false;
  }
}

static void read_value(corm_pq_stmt *stmt, int index, corm_value *out) {
  const corm_pq_column *column = &stmt->columns[index];
  const int row = stmt->row - 1;
  const int len = stmt->copying ? column->len : PQgetlength(stmt->result, row, index);
  if (len < 0 || (len == 0 && !stmt->copying && PQgetisnull(stmt->result, row, index))) {
    *out = (corm_value){.kind = CORM_NULL};
    return;
  }
  const char *bytes = stmt->copying ? column->bytes : PQgetvalue(stmt->result, row, index);
  if (column->scalar && stmt->binary && read_common(column->type->code, bytes, len, out)) return;
  if (column->type == NULL)
    set_bytes(CORM_TEXT, bytes, (size_t)len, out);
  else if (column->is_array && stmt->binary)
    corm_pq_array_decode(column->type->code, bytes, (size_t)len, &stmt->decoded, &stmt->conn->scratch, out);
  else if (column->is_array)
    corm_pq_array_decode_text(column->type->code, bytes, (size_t)len, &stmt->decoded, &stmt->conn->scratch, out);
  else if (!stmt->binary)
    corm_pq_decode_text(column->type->code, bytes, (size_t)len, &stmt->decoded, out);
  else
    corm_pq_decode(column->type->code, bytes, (size_t)len, &stmt->decoded, out);
}

void corm_pq_column_value(corm_driver_stmt *base, int index, corm_value *out) {
  corm_pq_column_values(base, index, 1, out);
}

void corm_pq_column_values(corm_driver_stmt *base, int first, int n, corm_value *out) {
  corm_pq_stmt *stmt = corm_pq_stmt_of(base);
  for (int i = 0; i < n; i++) {
    const int index = first + i;
    if (index >= 0 && index < stmt->ncolumns)
      read_value(stmt, index, &out[i]);
    else
      out[i] = (corm_value){.kind = CORM_NULL};
  }
}
