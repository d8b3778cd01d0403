/*
 * A result's columns and values. What the kinds do not show: a FLOAT is given as the double of the same value
 * (0.1 as 0.10000000149011612, where the server's text says 0.1); an unsigned integer beyond 2^63 - 1 comes as DECIMAL;
 * a TIME outside 0 to 24 hours as INTERVAL; a date that the calendar does not have ('0000-00-00', '2026-02-00') as
 * TEXT; a BIT as a number; UUID and INET types as TEXT; geometries as BLOB.
 */
#include "driver/libmariadb.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"

/* How the bytes of a column are read. */
enum how {
  HOW_NULL,
  HOW_TINY,
  HOW_TINY_UNSIGNED,
  HOW_SHORT,
  HOW_SHORT_UNSIGNED,
  HOW_LONG,
  HOW_LONG_UNSIGNED,
  HOW_LONGLONG,
  HOW_LONGLONG_UNSIGNED,
  HOW_FLOAT,
  HOW_DOUBLE,
  HOW_DATE,
  HOW_DATETIME,
  HOW_TIME,
  HOW_BIT, /* from here on: with a length before the bytes, as are dates and times */
  HOW_DECIMAL,
  HOW_TEXT,
  HOW_BLOB,
  HOW_JSON
};

enum { BINARY_CHARSET = 63 };

/* -- columns ------------------------------------------------------------------------------------------------------- */

/* MariaDB's JSON is a LONGTEXT whose format is said beside its type. */
static bool is_json(const MYSQL_FIELD *field) {
  MARIADB_CONST_STRING format = {NULL, 0};
  return field->extension != NULL && mariadb_field_attr(&format, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0 &&
         format.length == 4 && memcmp(format.str, "json", 4) == 0;
}

static enum how how_of_bytes(const MYSQL_FIELD *field) {
  if (field->charsetnr == BINARY_CHARSET) return HOW_BLOB;
  return is_json(field) ? HOW_JSON : HOW_TEXT;
}

static enum how how_of(const MYSQL_FIELD *field) {
  bool is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
  switch (field->type) {
  case MYSQL_TYPE_NULL: return HOW_NULL;
  case MYSQL_TYPE_TINY: return is_unsigned ? HOW_TINY_UNSIGNED : HOW_TINY;
  case MYSQL_TYPE_YEAR: return HOW_SHORT_UNSIGNED;
  case MYSQL_TYPE_SHORT: return is_unsigned ? HOW_SHORT_UNSIGNED : HOW_SHORT;
  case MYSQL_TYPE_INT24:
  case MYSQL_TYPE_LONG: return is_unsigned ? HOW_LONG_UNSIGNED : HOW_LONG;
  case MYSQL_TYPE_LONGLONG: return is_unsigned ? HOW_LONGLONG_UNSIGNED : HOW_LONGLONG;
  case MYSQL_TYPE_FLOAT: return HOW_FLOAT;
  case MYSQL_TYPE_DOUBLE: return HOW_DOUBLE;
  case MYSQL_TYPE_DECIMAL:
  case MYSQL_TYPE_NEWDECIMAL: return HOW_DECIMAL;
  case MYSQL_TYPE_DATE:
  case MYSQL_TYPE_NEWDATE: return HOW_DATE;
  case MYSQL_TYPE_DATETIME:
  case MYSQL_TYPE_DATETIME2:
  case MYSQL_TYPE_TIMESTAMP:
  case MYSQL_TYPE_TIMESTAMP2: return HOW_DATETIME;
  case MYSQL_TYPE_TIME:
  case MYSQL_TYPE_TIME2: return HOW_TIME;
  case MYSQL_TYPE_BIT: return HOW_BIT;
  case MYSQL_TYPE_JSON: return HOW_JSON;
  case MYSQL_TYPE_GEOMETRY: return HOW_BLOB;
  default: return how_of_bytes(field);
  }
}

static corm_status reserve(corm_mariadb_stmt *stmt, int n) {
  const corm_mem *mem = stmt->base.conn->mem;
  if (n <= stmt->columns_size) return CORM_OK;
  corm_mariadb_column *columns = corm_mem_zalloc(mem, (size_t)n, sizeof *columns);
  corm_value *row = corm_mem_zalloc(mem, (size_t)n, sizeof *row);
  if (columns == NULL || row == NULL) {
    corm_mem_free(mem, columns);
    corm_mem_free(mem, row);
    return CORM_FAILED;
  }
  if (stmt->columns_size > 0) memcpy(columns, stmt->columns, (size_t)stmt->columns_size * sizeof *columns);
  corm_mem_free(mem, stmt->columns);
  corm_mem_free(mem, stmt->row);
  stmt->columns = columns;
  stmt->row = row;
  stmt->columns_size = n;
  return CORM_OK;
}

/* The fields belong to the library and may go with the next execution: the name is copied. */
static corm_status keep_name(const corm_mem *mem, corm_mariadb_column *column, const char *name) {
  if (column->name != NULL && strcmp(column->name, name) == 0) return CORM_OK;
  char *copy = corm_mem_dup(mem, name, strlen(name));
  if (copy == NULL) return CORM_FAILED;
  corm_mem_free(mem, column->name);
  column->name = copy;
  return CORM_OK;
}

corm_status corm_mariadb_describe(corm_mariadb_stmt *stmt, const MYSQL_FIELD *fields, int n, bool text) {
  if (reserve(stmt, n) != CORM_OK) return CORM_FAILED;
  stmt->ncolumns = 0;
  for (int i = 0; i < n; i++) {
    enum how how = how_of(&fields[i]);
    if (text && how != HOW_BLOB) how = HOW_TEXT;
    stmt->columns[i].how = (uint8_t)how;
    if (keep_name(stmt->base.conn->mem, &stmt->columns[i], fields[i].name) != CORM_OK) return CORM_FAILED;
  }
  stmt->ncolumns = n;
  return CORM_OK;
}

/* -- values -------------------------------------------------------------------------------------------------------- */

/* Each is one load where the machine's order is the wire's. */
static inline uint16_t get16(const unsigned char *p) {
  return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t get32(const unsigned char *p) {
  return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t get64(const unsigned char *p) {
  return (uint64_t)get32(p + 4) << 32 | get32(p);
}

/* Reads the length before a value's bytes; false when it or they end beyond the row. */
static bool read_length(const unsigned char **at, const unsigned char *end, size_t *out) {
  const unsigned char *p = *at;
  if (p >= end) return false;
  size_t width = *p < 251 ? 0 : *p == 252 ? 2 : *p == 253 ? 3 : 8;
  if ((size_t)(end - p) < width + 1) return false;
  uint64_t len = *p;
  if (width == 2) len = get16(p + 1);
  if (width == 3) len = get16(p + 1) | (uint32_t)p[3] << 16;
  if (width == 8) len = get64(p + 1);
  p += width + 1;
  if (len > (size_t)(end - p) || len > UINT32_MAX) return false;
  *at = p;
  *out = (size_t)len;
  return true;
}

static inline corm_value bytes_value(corm_value_kind kind, const unsigned char *p, size_t len) {
  return (corm_value){.as.s = (const char *)p, .len = (uint32_t)len, .kind = (uint8_t)kind};
}

static corm_value unsigned_value(corm_mariadb_column *column, uint64_t value) {
  if (value <= INT64_MAX) return corm_value_int((int64_t)value);
  int len = snprintf(column->digits, sizeof column->digits, "%llu", (unsigned long long)value);
  return bytes_value(CORM_DECIMAL, (const unsigned char *)column->digits, (size_t)len);
}

/* The server's text is canonical but for the zeros of ZEROFILL. */
static corm_value decimal_value(corm_mariadb_column *column, const unsigned char *p, size_t len) {
  size_t out = 0;
  if (len > 1 && p[0] == '0' && p[1] != '.' && len < sizeof column->digits) {
    size_t skip = 0;
    while (skip + 1 < len && p[skip] == '0' && p[skip + 1] != '.') skip++;
    p += skip;
    len -= skip;
  }
  if (len < sizeof column->digits && len > 1 && p[0] == '.') { /* a leading zero is part of the canonical form */
    column->digits[out++] = '0';
    memcpy(column->digits + out, p, len);
    return bytes_value(CORM_DECIMAL, (const unsigned char *)column->digits, len + out);
  }
  return bytes_value(CORM_DECIMAL, p, len);
}

typedef struct moment {
  unsigned year, month, day, hour, minute, second, microsecond;
} moment;

static moment read_moment(const unsigned char *p, size_t len) {
  moment m = {0};
  if (len >= 4) {
    m.year = (unsigned)get16(p);
    m.month = p[2];
    m.day = p[3];
  }
  if (len >= 7) {
    m.hour = p[4];
    m.minute = p[5];
    m.second = p[6];
  }
  if (len >= 11) m.microsecond = (unsigned)get32(p + 7);
  return m;
}

static corm_value date_value(corm_mariadb_column *column, const unsigned char *p, size_t len) {
  moment m = read_moment(p, len);
  bool with_time = column->how == HOW_DATETIME;
  if (corm_date_valid((int)m.year, (int)m.month, (int)m.day)) {
    int64_t days = corm_days_from_civil((int)m.year, (int)m.month, (int)m.day);
    int64_t seconds = (int64_t)m.hour * 3600 + (int64_t)m.minute * 60 + m.second;
    corm_value out = corm_value_int(days);
    out.kind = with_time ? CORM_DATETIME : CORM_DATE;
    if (with_time) out.as.i = days * CORM_USEC_PER_DAY + seconds * CORM_USEC_PER_SEC + m.microsecond;
    return out;
  }
  int wrote = snprintf(column->digits, sizeof column->digits, "%04u-%02u-%02u", m.year, m.month, m.day);
  if (with_time) {
    wrote += snprintf(column->digits + wrote, sizeof column->digits - (size_t)wrote, " %02u:%02u:%02u", m.hour,
                      m.minute, m.second);
  }
  return corm_value_text(column->digits, (size_t)wrote);
}

static corm_value time_value(const unsigned char *p, size_t len) {
  int64_t usec = 0;
  bool negative = len >= 8 && p[0] != 0;
  if (len >= 8) {
    int64_t hours = (int64_t)get32(p + 1) * 24 + p[5];
    usec = ((hours * 60 + p[6]) * 60 + p[7]) * CORM_USEC_PER_SEC;
  }
  if (len >= 12) usec += (int64_t)get32(p + 8);
  corm_value out = corm_value_int(negative ? -usec : usec);
  out.kind = out.as.i < 0 || out.as.i >= CORM_USEC_PER_DAY ? CORM_INTERVAL : CORM_TIME;
  return out;
}

static corm_value bit_value(corm_mariadb_column *column, const unsigned char *p, size_t len) {
  uint64_t value = 0;
  for (size_t i = 0; i < len; i++) value = value << 8 | p[i];
  return unsigned_value(column, value);
}

static inline corm_value real_value(const unsigned char *p, size_t size) {
  if (size == 8) {
    const uint64_t bits = get64(p);
    double value;
    memcpy(&value, &bits, sizeof value);
    return corm_value_real(value);
  }
  const uint32_t narrow = get32(p);
  float value;
  memcpy(&value, &narrow, sizeof value);
  return corm_value_real((double)value);
}

static corm_value sized_value(corm_mariadb_column *column, const unsigned char *p, size_t len) {
  switch (column->how) {
  case HOW_DATE:
  case HOW_DATETIME: return date_value(column, p, len);
  case HOW_TIME: return time_value(p, len);
  case HOW_BIT: return bit_value(column, p, len);
  case HOW_DECIMAL: return decimal_value(column, p, len);
  case HOW_BLOB: return bytes_value(CORM_BLOB, p, len);
  case HOW_JSON: return bytes_value(CORM_JSON, p, len);
  default: return bytes_value(CORM_TEXT, p, len);
  }
}

static inline corm_value fixed_value(corm_mariadb_column *column, const unsigned char *p) {
  switch (column->how) {
  case HOW_TINY: return corm_value_int((int8_t)p[0]);
  case HOW_TINY_UNSIGNED: return corm_value_int(p[0]);
  case HOW_SHORT: return corm_value_int((int16_t)get16(p));
  case HOW_SHORT_UNSIGNED: return corm_value_int((int64_t)get16(p));
  case HOW_LONG: return corm_value_int((int32_t)get32(p));
  case HOW_LONG_UNSIGNED: return corm_value_int((int64_t)get32(p));
  case HOW_LONGLONG: return corm_value_int((int64_t)get64(p));
  case HOW_LONGLONG_UNSIGNED: return unsigned_value(column, get64(p));
  case HOW_FLOAT: return real_value(p, 4);
  default: return real_value(p, 8);
  }
}

/* A value of any type, which is not NULL. */
static void read_any(corm_mariadb_stmt *stmt, corm_mariadb_column *column, unsigned char **at, corm_value *out) {
  static const uint8_t sizes[] = {
      [HOW_TINY] = 1,  [HOW_TINY_UNSIGNED] = 1, [HOW_SHORT] = 2,    [HOW_SHORT_UNSIGNED] = 2,
      [HOW_LONG] = 4,  [HOW_LONG_UNSIGNED] = 4, [HOW_LONGLONG] = 8, [HOW_LONGLONG_UNSIGNED] = 8,
      [HOW_FLOAT] = 4, [HOW_DOUBLE] = 8,        [HOW_JSON] = 0};
  const unsigned char *p = *at;
  size_t len = sizes[column->how];
  if (len > 0) {
    if (p > stmt->row_end || (size_t)(stmt->row_end - p) < len) goto malformed;
    *out = fixed_value(column, p);
  } else {
    if (!read_length(&p, stmt->row_end, &len)) goto malformed;
    *out = sized_value(column, p, len);
  }
  *at += (size_t)(p - *at) + len;
  return;
malformed:
  stmt->malformed = true;
  *out = corm_value_null();
}

/* What most columns hold is read here, the rest and what is malformed there. */
void corm_mariadb_read_value(void *stmt, unsigned index, unsigned char **at) {
  corm_mariadb_stmt *self = stmt;
  if (index >= (unsigned)self->ncolumns) return;
  corm_value *out = &self->row[index];
  corm_mariadb_column *column = &self->columns[index];
  if (at == NULL) {
    *out = (corm_value){.kind = CORM_NULL};
    return;
  }
  if (self->turns) {
    const MYSQL_ROWS *first = self->native->result.data;
    self->row_end = (const unsigned char *)first->data + first->length;
  }
  if (self->streaming) self->row_end = corm_mariadb_conn_of(self->base.conn)->mysql->net.buff_end;
  const unsigned char *p = *at;
  const size_t left = self->row_end > p ? (size_t)(self->row_end - p) : 0;
  size_t size = 8;
  switch (column->how) {
  case HOW_LONG:
    size = 4;
    if (left < size) goto other;
    *out = (corm_value){.as.i = (int32_t)get32(p), .kind = CORM_INT};
    break;
  case HOW_LONGLONG:
    if (left < size) goto other;
    *out = (corm_value){.as.i = (int64_t)get64(p), .kind = CORM_INT};
    break;
  case HOW_DOUBLE: {
    if (left < size) goto other;
    const uint64_t bits = get64(p);
    *out = (corm_value){.kind = CORM_REAL};
    memcpy(&out->as.f, &bits, sizeof bits);
    break;
  }
  case HOW_TEXT:
    if (left == 0 || *p >= 251 || *p > left - 1) goto other;
    size = (size_t)*p + 1;
    *out = bytes_value(CORM_TEXT, p + 1, size - 1);
    break;
  default: goto other;
  }
  *at += size;
  return;
other:
  read_any(self, column, at, out);
}

void corm_mariadb_read_text(corm_mariadb_stmt *stmt, MYSQL_ROW row, const unsigned long *lengths) {
  for (int i = 0; i < stmt->ncolumns; i++) {
    corm_value_kind kind = stmt->columns[i].how == HOW_BLOB ? CORM_BLOB : CORM_TEXT;
    stmt->row[i] = row[i] == NULL ? corm_value_null() : bytes_value(kind, (unsigned char *)row[i], lengths[i]);
  }
}
