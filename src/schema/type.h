/*
 * SQL types: what a column holds, which host values it accepts, and (in the dialect) how it is spelled and stored.
 * Immutable plain data; memory is the creator's.
 */
#ifndef CORM_SCHEMA_TYPE_H
#define CORM_SCHEMA_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

/* X(enumerator, "Name in Lua", canonical value kind) */
#define CORM_TYPES(X)                                                                                                  \
  X(NULLTYPE, "NullType", CORM_NULL)                                                                                   \
  X(INTEGER, "Integer", CORM_INT)                                                                                      \
  X(SMALLINT, "SmallInteger", CORM_INT)                                                                                \
  X(BIGINT, "BigInteger", CORM_INT)                                                                                    \
  X(STRING, "String", CORM_TEXT)                                                                                       \
  X(TEXT, "Text", CORM_TEXT)                                                                                           \
  X(UNICODE, "Unicode", CORM_TEXT)                                                                                     \
  X(UNICODETEXT, "UnicodeText", CORM_TEXT)                                                                             \
  X(BOOLEAN, "Boolean", CORM_BOOL)                                                                                     \
  X(NUMERIC, "Numeric", CORM_DECIMAL)                                                                                  \
  X(FLOAT, "Float", CORM_REAL)                                                                                         \
  X(DOUBLE, "Double", CORM_REAL)                                                                                       \
  X(DATE, "Date", CORM_DATE)                                                                                           \
  X(TIME, "Time", CORM_TIME)                                                                                           \
  X(DATETIME, "DateTime", CORM_DATETIME)                                                                               \
  X(INTERVAL, "Interval", CORM_INTERVAL)                                                                               \
  X(BINARY, "LargeBinary", CORM_BLOB)                                                                                  \
  X(ENUM, "Enum", CORM_TEXT)                                                                                           \
  X(JSON, "JSON", CORM_JSON)                                                                                           \
  X(UUID, "Uuid", CORM_UUID)                                                                                           \
  X(ARRAY, "ARRAY", CORM_ARRAY)

typedef enum corm_type_kind {
#define CORM_X(id, name, value) CORM_TYPE_##id,
  CORM_TYPES(CORM_X)
#undef CORM_X
      CORM_TYPE_COUNT
} corm_type_kind;

/* What selects a part of a JSON value: no type of columns, but of the values behind -> and its like. */
typedef enum corm_json_part {
  CORM_JSON_WHOLE,     /* an ordinary JSON value */
  CORM_JSON_INT_INDEX, /* an integer */
  CORM_JSON_STR_INDEX, /* text */
  CORM_JSON_PATH       /* CORM_JSON: the text of a list of integers and strings */
} corm_json_part;

typedef struct corm_type {
  uint8_t kind;       /* corm_type_kind */
  bool timezone;      /* DateTime, Time */
  bool native;        /* Boolean, Enum: a CHECK constraint is made when true (create_constraint) */
  int16_t precision;  /* Numeric, Float; -1: not given */
  int16_t scale;      /* Numeric; -1: not given */
  int32_t length;     /* String, LargeBinary; -1: not given */
  const char *name;   /* Enum: the type's name; else NULL */
  const char *schema; /* Enum: where the type of that name lies; NULL: in the schema of the connection */
  const char *collation;
  const char *const *values; /* Enum */
  uint32_t nvalues;
  bool asdecimal;               /* Numeric (default true), Float (default false): which kind comes back */
  bool binary;                  /* JSON: PostgreSQL's JSONB */
  bool bare;                    /* Enum: no type of its own even where the database has such (native_enum = false) */
  bool made_elsewhere;          /* Enum: its type is neither created nor dropped with tables (create_type = false) */
  bool as_text;                 /* Uuid: the host gets text */
  bool json_nulls;              /* JSON: NULL is stored as JSON's null (none_as_null = false) */
  uint8_t json_part;            /* JSON: corm_json_part */
  uint8_t dimensions;           /* ARRAY; 0: any number */
  const struct corm_type *item; /* ARRAY */
} corm_type;

/* The type without arguments, static: for literals and functions. */
const corm_type *corm_type_default(corm_type_kind kind);

/* The type of values that select a part of JSON, static. */
const corm_type *corm_type_json_part(corm_json_part part);

/* "Integer" */
const char *corm_type_kind_name(corm_type_kind kind);

/* The kind of values that columns of this type hold. */
corm_value_kind corm_type_value_kind(const corm_type *type);

/* The type that a bare value has (integer -> Integer, or BigInteger beyond 32 bits, string -> String ...). */
const corm_type *corm_type_of_value(const corm_value *value);

/* Room for a value that coercion rewrites (a parsed decimal, a UUID). */
typedef struct corm_scratch {
  char bytes[64];
  corm_buf buf; /* used when 64 bytes are not enough; init with the caller's mem, clear at the end */
} corm_scratch;

void corm_scratch_init(corm_scratch *scratch, const corm_mem *mem);
void corm_scratch_clear(corm_scratch *scratch);

/*
 * Turns a host value into the type's canonical value, or refuses it. *out may point into `in` or into `scratch`, whose
 * former content is lost. NULL stays NULL; NullType takes everything. Accepted besides the canonical kind: integral
 * floats for integers, integers (that a double holds exactly) and decimals for floats, 0 and 1 for booleans, ISO text
 * for dates and times, dates for datetimes (midnight), decimal text and numbers for Numeric, strings for LargeBinary,
 * text forms of UUIDs, strings, finite numbers and booleans for JSON. DataError: 3.5 into Integer, out of range
 * (SmallInteger: 16 bits; Integer and BigInteger: 64, since databases differ in what an Integer is), "12" into Integer,
 * NaN, text that is no UTF-8 or holds a NUL, longer than String(n), not among an Enum's values, a malformed date, an
 * offset in a DateTime without timezone. Numeric keeps the digits that it gets: a comparison may need more of them than
 * the column stores. `what` names the place in messages ("User.age", "column user.age"); it may be NULL.
 */
CORM_MUST_USE corm_status corm_type_coerce(const corm_type *type, const corm_value *in, const char *what,
                                           corm_scratch *scratch, corm_value *out, corm_error *err);

/* A quick yes for values that corm_type_coerce would give back as they are: integers, floats and text of the plain
   types, within their limits. No means that coercion has to say. */
bool corm_type_takes(const corm_type *type, const corm_value *value);

/*
 * What a column asks beyond that of a value which is assigned to it: no digits that Numeric(p, s) has no room for (no
 * scale is a scale of 0). A float, by the kind of `given`, is rounded instead. `value` is the canonical one; it may lie
 * in the scratch and be changed there. DataError.
 */
CORM_MUST_USE corm_status corm_type_store(const corm_type *type, const corm_value *given, const char *what,
                                          corm_scratch *scratch, corm_value *value, corm_error *err);

/* Appends a finite float as a canonical decimal: an integral one exactly, others with the 15 significant digits that a
   double is sure to carry, so that 0.1 + 0.2 is 0.3. */
void corm_decimal_from_real(double value, corm_buf *out);

#endif
