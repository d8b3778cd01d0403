#include "schema/type.h"

#include <math.h>
#include <string.h>

#include "base/time.h"

#define PLAIN .precision = -1, .scale = -1, .return_scale = -1, .length = -1

const corm_type corm_default_types[CORM_TYPE_COUNT] = {
#define CORM_X(id, name, value)                                                                                        \
  [CORM_TYPE_##id] = {.kind = CORM_TYPE_##id, PLAIN, .asdecimal = (value) == CORM_DECIMAL},
    CORM_TYPES(CORM_X)
#undef CORM_X
};

const corm_type *corm_type_json_part(corm_json_part part) {
  static const corm_type types[] = {
      [CORM_JSON_WHOLE] = {.kind = CORM_TYPE_JSON, PLAIN},
      [CORM_JSON_INT_INDEX] = {.kind = CORM_TYPE_JSON, PLAIN, .json_part = CORM_JSON_INT_INDEX},
      [CORM_JSON_STR_INDEX] = {.kind = CORM_TYPE_JSON, PLAIN, .json_part = CORM_JSON_STR_INDEX},
      [CORM_JSON_PATH] = {.kind = CORM_TYPE_JSON, PLAIN, .json_part = CORM_JSON_PATH},
  };
  return &types[part];
}

const corm_type *corm_type_exact(int scale) {
#define EXACT(n)                                                                                                       \
  { .kind = CORM_TYPE_NUMERIC, .precision = -1, .scale = -1, .return_scale = (n), .length = -1, .asdecimal = true }
#define FOUR(n)    EXACT(n), EXACT((n) + 1), EXACT((n) + 2), EXACT((n) + 3)
#define SIXTEEN(n) FOUR(n), FOUR((n) + 4), FOUR((n) + 8), FOUR((n) + 12)
  static const corm_type types[] = {SIXTEEN(0), SIXTEEN(16)};
#undef SIXTEEN
#undef FOUR
#undef EXACT
  const bool known = scale >= 0 && (size_t)scale < sizeof types / sizeof *types;
  return known ? &types[scale] : corm_type_default(CORM_TYPE_NUMERIC);
}

static bool fits_integer(corm_type_kind kind, int64_t value) {
  if (kind == CORM_TYPE_SMALLINT) return value >= INT16_MIN && value <= INT16_MAX;
  return kind != CORM_TYPE_INTEGER || (value >= INT32_MIN && value <= INT32_MAX);
}

const corm_type *corm_type_beside(const corm_type *type, bool stored, const corm_value *value) {
  static const corm_type real = {.kind = CORM_TYPE_FLOAT, PLAIN, .said = true};
  static const corm_type decimal = {.kind = CORM_TYPE_NUMERIC, PLAIN, .said = true, .asdecimal = true};
  static const corm_type big = {.kind = CORM_TYPE_BIGINT, PLAIN, .said = true};
  static const corm_type moment = {.kind = CORM_TYPE_DATETIME, PLAIN, .said = true};
  const corm_type_kind kind = (corm_type_kind)type->kind;
  if (type->hosted || type->owner) return type;
  if (kind == CORM_TYPE_DATE)
    return value->kind == CORM_DATETIME && value->as.i % CORM_USEC_PER_DAY != 0 ? &moment : type;
  if (kind != CORM_TYPE_INTEGER && kind != CORM_TYPE_SMALLINT && kind != CORM_TYPE_BIGINT) return type;
  switch ((corm_value_kind)value->kind) {
  case CORM_INT: return fits_integer(kind, value->as.i) ? type : &big;
  case CORM_REAL: return !stored && isfinite(value->as.f) && value->as.f != trunc(value->as.f) ? &real : type;
  case CORM_DECIMAL: return stored ? type : &decimal;
  default: return type;
  }
}

const corm_type *corm_type_of_extract(void) {
  static const corm_type type = {.kind = CORM_TYPE_INTEGER, PLAIN, .asdecimal = true};
  return &type;
}

const char *corm_type_kind_name(corm_type_kind kind) {
  static const char *const names[] = {
#define CORM_X(id, name, value) [CORM_TYPE_##id] = (name),
      CORM_TYPES(CORM_X)
#undef CORM_X
  };
  return names[kind];
}

const char *corm_type_label(const corm_type *type) {
  return type->spelling ? type->spelling : corm_type_kind_name((corm_type_kind)type->kind);
}

const corm_type *corm_type_variant_for(const corm_type *type, const char *dialect) {
  const corm_type *found = type;
  for (uint32_t i = 0; i < type->nvariants; i++) {
    const corm_type_variant *variant = &type->variants[i];
    if (strcmp(variant->dialect, dialect) == 0) return variant->type;
    if (strcmp(variant->dialect, "mysql") == 0 && strcmp(dialect, "mariadb") == 0) found = variant->type;
  }
  return found;
}

corm_value_kind corm_type_value_kind(const corm_type *type) {
  static const uint8_t kinds[] = {
#define CORM_X(id, name, value) [CORM_TYPE_##id] = (value),
      CORM_TYPES(CORM_X)
#undef CORM_X
  };
  corm_value_kind kind = (corm_value_kind)kinds[type->kind];
  if (kind == CORM_DECIMAL || kind == CORM_REAL) return type->asdecimal ? CORM_DECIMAL : CORM_REAL;
  return kind;
}

const corm_type *corm_type_of_value(const corm_value *value) {
  static const uint8_t kinds[CORM_VALUE_KIND_COUNT] = {
      [CORM_BOOL] = CORM_TYPE_BOOLEAN,    [CORM_INT] = CORM_TYPE_INTEGER,       [CORM_REAL] = CORM_TYPE_FLOAT,
      [CORM_TEXT] = CORM_TYPE_STRING,     [CORM_BLOB] = CORM_TYPE_BINARY,       [CORM_DATE] = CORM_TYPE_DATE,
      [CORM_TIME] = CORM_TYPE_TIME,       [CORM_DATETIME] = CORM_TYPE_DATETIME, [CORM_INTERVAL] = CORM_TYPE_INTERVAL,
      [CORM_DECIMAL] = CORM_TYPE_NUMERIC, [CORM_UUID] = CORM_TYPE_UUID,         [CORM_JSON] = CORM_TYPE_JSON,
      [CORM_ARRAY] = CORM_TYPE_ARRAY,     [CORM_NULL] = CORM_TYPE_NULLTYPE,     [CORM_ABSENT] = CORM_TYPE_NULLTYPE,
  };
  bool big = value->kind == CORM_INT && (value->as.i < INT32_MIN || value->as.i > INT32_MAX);
  return corm_type_default(big ? CORM_TYPE_BIGINT : (corm_type_kind)kinds[value->kind]);
}

void corm_scratch_init(corm_scratch *scratch, const corm_mem *mem) {
  memset(scratch->bytes, 0, sizeof scratch->bytes);
  corm_buf_init(&scratch->buf, mem);
}

void corm_scratch_clear(corm_scratch *scratch) {
  corm_buf_clear(&scratch->buf);
}
