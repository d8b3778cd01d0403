/*
 * Parameters: each value is sent with a type of its own. Arrays are executed in as few requests as the values allow:
 * all values of a column must go as one type, and the server limits the size of a request. The library asks for each
 * row by a callback, so that nothing is copied but into the packet.
 */
#include "driver/libmariadb.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/time.h"
#include "base/uuid.h"

/* What fits into a DECIMAL of the server; beyond that a value goes as text, and the column it is for decides. */
enum { DECIMAL_DIGITS = 65, DECIMAL_SCALE = 30 };

/* TIME ends at 838:59:59. */
#define TIME_MAX (INT64_C(838) * 3600 * CORM_USEC_PER_SEC + INT64_C(3599) * CORM_USEC_PER_SEC)

/* Doubles count by ones up to here. */
#define EXACT_MAX (INT64_C(1) << 53)

static bool is_exact(int64_t value) {
  return value >= -EXACT_MAX && value <= EXACT_MAX;
}

static enum enum_field_types decimal_type(const corm_value *value) {
  int before, after, significant;
  if (value->len <= DECIMAL_SCALE) return MYSQL_TYPE_NEWDECIMAL;
  corm_decimal_digits(value->as.s, value->len, &before, &after, &significant);
  return before + after <= DECIMAL_DIGITS && after <= DECIMAL_SCALE ? MYSQL_TYPE_NEWDECIMAL : MYSQL_TYPE_STRING;
}

static enum enum_field_types type_of(const corm_value *value) {
  switch (value->kind) {
  case CORM_BOOL:
  case CORM_INT: return MYSQL_TYPE_LONGLONG;
  case CORM_REAL: return MYSQL_TYPE_DOUBLE;
  case CORM_BLOB: return MYSQL_TYPE_BLOB;
  case CORM_DATE: return MYSQL_TYPE_DATE;
  case CORM_DATETIME: return MYSQL_TYPE_DATETIME;
  case CORM_TIME:
  case CORM_INTERVAL: return MYSQL_TYPE_TIME;
  case CORM_DECIMAL: return decimal_type(value);
  case CORM_TEXT:
  case CORM_UUID:
  case CORM_JSON:
  case CORM_ARRAY: return MYSQL_TYPE_STRING;
  default: return MYSQL_TYPE_NULL;
  }
}

static corm_status check_value(const corm_value *value, corm_error *err) {
  switch (value->kind) {
  case CORM_ABSENT: return corm_error_set(err, CORM_E_INTERFACE, "an absent value cannot be sent");
  case CORM_REAL:
    if (isfinite(value->as.f)) return CORM_OK;
    return corm_error_set(err, CORM_E_DATA, "MariaDB has no infinity and no NaN");
  case CORM_INTERVAL:
    if (value->as.i >= -TIME_MAX && value->as.i <= TIME_MAX) return CORM_OK;
    return corm_error_set(err, CORM_E_DATA, "the interval is beyond MariaDB's TIME, -838:59:59 to 838:59:59");
  case CORM_TIME:
    if (value->as.i >= 0 && value->as.i < CORM_USEC_PER_DAY) return CORM_OK;
    return corm_error_set(err, CORM_E_DATA, "the time is not one of a day");
  case CORM_DATE:
    if (value->as.i >= CORM_DATE_MIN && value->as.i <= CORM_DATE_MAX) return CORM_OK;
    return corm_error_set(err, CORM_E_DATA, "the date is outside the years 1 to 9999");
  case CORM_DATETIME:
    if (value->as.i >= CORM_DATETIME_MIN && value->as.i <= CORM_DATETIME_MAX) return CORM_OK;
    return corm_error_set(err, CORM_E_DATA, "the date is outside the years 1 to 9999");
  default: return CORM_OK;
  }
}

/* Upper bound of what a value adds to a request. */
static size_t size_of(const corm_value *value) {
  enum { HEAD = 10, FIXED = 16, UUID_TEXT = 36 };
  if (value->kind == CORM_UUID) return HEAD + UUID_TEXT;
  return corm_value_has_bytes(value) ? HEAD + (size_t)value->len : FIXED;
}

static void fill_time(MYSQL_TIME *out, const corm_value *value) {
  corm_civil civil = {0};
  memset(out, 0, sizeof *out);
  if (value->kind == CORM_TIME || value->kind == CORM_INTERVAL) {
    int64_t usec = value->as.i < 0 ? -value->as.i : value->as.i;
    out->time_type = MYSQL_TIMESTAMP_TIME;
    out->neg = value->as.i < 0;
    out->day = (unsigned)(usec / CORM_USEC_PER_DAY);
    out->second_part = (unsigned long)(usec % CORM_USEC_PER_SEC);
    unsigned seconds = (unsigned)(usec % CORM_USEC_PER_DAY / CORM_USEC_PER_SEC);
    out->hour = seconds / 3600;
    out->minute = seconds / 60 % 60;
    out->second = seconds % 60;
    return;
  }
  out->time_type = value->kind == CORM_DATE ? MYSQL_TIMESTAMP_DATE : MYSQL_TIMESTAMP_DATETIME;
  if (value->kind == CORM_DATE)
    corm_civil_from_days(value->as.i, &civil);
  else
    corm_civil_from_datetime(value->as.i, &civil);
  out->year = (unsigned)civil.year;
  out->month = (unsigned)civil.month;
  out->day = (unsigned)civil.day;
  out->hour = (unsigned)civil.hour;
  out->minute = (unsigned)civil.minute;
  out->second = (unsigned)civil.second;
  out->second_part = (unsigned long)civil.microsecond;
}

/* Makes `bind` (of the type that was chosen) show the value; its bytes are borrowed. */
static void fill(corm_mariadb_param *param, MYSQL_BIND *bind, const corm_value *value) {
  param->indicator = STMT_INDICATOR_NONE;
  switch (bind->buffer_type) {
  case MYSQL_TYPE_NULL: return;
  case MYSQL_TYPE_LONGLONG: param->as.integer = value->as.i; break;
  case MYSQL_TYPE_DOUBLE: param->as.real = value->kind == CORM_REAL ? value->as.f : (double)value->as.i; break;
  case MYSQL_TYPE_DATE:
  case MYSQL_TYPE_DATETIME:
  case MYSQL_TYPE_TIME: fill_time(&param->as.time, value); break;
  default:
    if (value->kind == CORM_UUID) {
      corm_uuid_format((const unsigned char *)value->as.s, param->as.uuid);
      param->length = bind->buffer_length = 36;
      break;
    }
    /* Of a callback's row the library measures buffer_length and copies *length bytes. */
    param->length = bind->buffer_length = value->len;
    bind->buffer = (void *)(uintptr_t)(value->len == 0 ? "" : value->as.s); /* NULL would be sent as NULL */
    return;
  }
  bind->buffer = &param->as;
}

/* -- single values ------------------------------------------------------------------------------------------------- */

static corm_status check_index(const corm_mariadb_stmt *stmt, int index, corm_error *err) {
  if (index >= 1 && index <= stmt->nparams) return CORM_OK;
  return corm_error_set(err, CORM_E_PROGRAMMING, "there is no parameter %d, the statement has %d", index,
                        stmt->nparams);
}

static corm_status copy_bytes(const corm_mem *mem, corm_mariadb_param *param, MYSQL_BIND *bind, corm_error *err) {
  if (bind->buffer == &param->as || param->length == 0) return CORM_OK;
  if (param->length > param->copy_size) {
    char *copy = corm_mem_alloc(mem, param->length);
    if (copy == NULL) return corm_error_memory(err);
    corm_mem_free(mem, param->copy);
    param->copy = copy;
    param->copy_size = param->length;
  }
  memcpy(param->copy, bind->buffer, param->length);
  bind->buffer = param->copy;
  return CORM_OK;
}

corm_status corm_mariadb_bind(corm_driver_stmt *stmt, int index, const corm_value *value, bool keep, corm_error *err) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  if (check_index(self, index, err) != CORM_OK || check_value(value, err) != CORM_OK) return CORM_FAILED;
  corm_mariadb_param *param = &self->params[index - 1];
  MYSQL_BIND *bind = &self->binds[index - 1];
  self->nrows = 0;
  param->length = 0;
  bind->buffer_type = type_of(value);
  fill(param, bind, value);
  if (keep || !corm_value_has_bytes(value) || copy_bytes(stmt->conn->mem, param, bind, err) == CORM_OK) return CORM_OK;
  bind->buffer_type = MYSQL_TYPE_NULL;
  return CORM_FAILED;
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

corm_status corm_mariadb_bind_rows(corm_driver_stmt *stmt, int index, const corm_value *values, size_t stride,
                                   size_t nrows, corm_error *err) {
  corm_mariadb_stmt *self = corm_mariadb_stmt_of(stmt);
  if (check_index(self, index, err) != CORM_OK) return CORM_FAILED;
  if (nrows == 0) return corm_error_set(err, CORM_E_INTERFACE, "an array of parameters has at least one row");
  for (size_t i = 0; i < nrows; i++) {
    if (check_value(&values[i * stride], err) != CORM_OK) return CORM_FAILED;
  }
  self->params[index - 1].values = values;
  self->params[index - 1].stride = stride;
  self->nrows = nrows;
  self->next_row = 0;
  return CORM_OK;
}

static const corm_value *value_at(const corm_mariadb_param *param, size_t row) {
  return &param->values[row * param->stride];
}

static bool is_text_type(enum enum_field_types type) {
  return type == MYSQL_TYPE_STRING || type == MYSQL_TYPE_NEWDECIMAL;
}

/* True when the value can go as the type of the column so far, or that type can become a common one. The type is only
   changed when `commit` is set. */
static bool merge_type(corm_mariadb_param *param, enum enum_field_types *column, const corm_value *value, bool commit) {
  enum enum_field_types type = type_of(value);
  bool exact = type != MYSQL_TYPE_LONGLONG || is_exact(value->as.i);
  if (type == MYSQL_TYPE_NULL) return true;
  if (*column == MYSQL_TYPE_NULL) {
    if (commit) param->exact = true;
  } else if (*column != type) {
    if (*column == MYSQL_TYPE_DOUBLE && type == MYSQL_TYPE_LONGLONG) {
      if (!exact) return false;
      type = MYSQL_TYPE_DOUBLE;
    } else if (is_text_type(*column) && is_text_type(type)) {
      type = MYSQL_TYPE_STRING;
    } else if (*column != MYSQL_TYPE_LONGLONG || type != MYSQL_TYPE_DOUBLE || !param->exact) {
      return false;
    }
  }
  if (commit) {
    *column = type;
    param->exact = param->exact && exact;
  }
  return true;
}

/* Counts the rows from next_row on that one request can take, and chooses the types of their columns. */
static corm_status plan(corm_mariadb_stmt *stmt, size_t *taken, corm_error *err) {
  corm_mariadb_conn *conn = corm_mariadb_conn_of(stmt->base.conn);
  size_t most = conn->bulk && stmt->nature.bulk ? stmt->nrows - stmt->next_row : 1;
  size_t total = 64 + (size_t)stmt->nparams * 3;
  for (int i = 0; i < stmt->nparams; i++) stmt->binds[i].buffer_type = MYSQL_TYPE_NULL;
  for (*taken = 0; *taken < most; ++*taken) {
    size_t row = stmt->next_row + *taken;
    for (int i = 0; i < stmt->nparams; i++) {
      const corm_value *value = value_at(&stmt->params[i], row);
      if (!merge_type(&stmt->params[i], &stmt->binds[i].buffer_type, value, false)) return CORM_OK;
      total += size_of(value);
    }
    size_t limit = corm_mariadb_packet_limit(conn, total, err);
    if (limit == 0) return CORM_FAILED;
    if (total >= limit) return *taken > 0 ? CORM_OK : corm_mariadb_check_size(conn, total, err);
    for (int i = 0; i < stmt->nparams; i++) {
      (void)merge_type(&stmt->params[i], &stmt->binds[i].buffer_type, value_at(&stmt->params[i], row), true);
    }
  }
  return CORM_OK;
}

/* The library's callback for one row of an array: STMT_ATTR_CB_PARAM. */
static my_bool fill_row(void *stmt, MYSQL_BIND *binds, unsigned row) {
  corm_mariadb_stmt *self = stmt;
  for (int i = 0; i < self->nparams; i++) {
    const corm_value *value = value_at(&self->params[i], self->base_row + row);
    if (value->kind == CORM_NULL)
      self->params[i].indicator = STMT_INDICATOR_NULL;
    else
      fill(&self->params[i], &binds[i], value);
  }
  return 0;
}

/* The size of the array stays with the statement, so it is set back for a single execution. */
static void set_arrays(corm_mariadb_stmt *stmt, size_t nrows) {
  unsigned size = nrows > 1 ? (unsigned)nrows : 0;
  if (size == 0 && !stmt->arrays) return;
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_ARRAY_SIZE, &size);
  (void)mysql_stmt_attr_set(stmt->native, STMT_ATTR_CB_PARAM, size > 0 ? (const void *)fill_row : NULL);
  stmt->arrays = size > 0;
}

static corm_status bind_array(corm_mariadb_stmt *stmt, size_t *taken, corm_error *err) {
  for (int i = 0; i < stmt->nparams; i++) {
    if (stmt->params[i].values == NULL) {
      return corm_error_set(err, CORM_E_INTERFACE, "parameter %d was not bound to an array", i + 1);
    }
  }
  if (plan(stmt, taken, err) != CORM_OK) return CORM_FAILED;
  stmt->base_row = stmt->next_row;
  for (int i = 0; i < stmt->nparams; i++) {
    MYSQL_BIND *bind = &stmt->binds[i];
    if (*taken > 1) {
      bind->buffer = &stmt->params[i].as;
      if (bind->buffer_type == MYSQL_TYPE_NULL) bind->buffer_type = MYSQL_TYPE_STRING; /* nothing but NULLs */
    } else {
      fill(&stmt->params[i], bind, value_at(&stmt->params[i], stmt->base_row));
    }
  }
  set_arrays(stmt, *taken);
  return CORM_OK;
}

corm_status corm_mariadb_bind_next(corm_mariadb_stmt *stmt, size_t *taken, corm_error *err) {
  *taken = 1;
  if (stmt->nrows > 0) {
    if (bind_array(stmt, taken, err) != CORM_OK) return CORM_FAILED;
  } else {
    size_t total = 64;
    for (int i = 0; i < stmt->nparams; i++) total += 26 + stmt->params[i].length;
    if (corm_mariadb_check_size(corm_mariadb_conn_of(stmt->base.conn), total, err) != CORM_OK) return CORM_FAILED;
    set_arrays(stmt, 0);
  }
  if (stmt->nparams > 0 && mysql_stmt_bind_param(stmt->native, stmt->binds) != 0) {
    return corm_mariadb_fail_stmt(stmt, err);
  }
  return CORM_OK;
}
