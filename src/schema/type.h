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
/* What follows a type's own name (`spelling`). */
typedef enum corm_type_form {
  CORM_FORM_BARE,
  CORM_FORM_LENGTH,   /* VARCHAR(50) */
  CORM_FORM_BLOB,     /* BLOB(50), where the dialect takes a length */
  CORM_FORM_NUMBER,   /* DECIMAL(10, 2) */
  CORM_FORM_FLOAT,    /* FLOAT(24), likewise */
  CORM_FORM_WIDTH,    /* INTEGER(11), likewise: in `precision` */
  CORM_FORM_TIME,     /* TIMESTAMP(3) WITH TIME ZONE, likewise */
  CORM_FORM_INTERVAL, /* INTERVAL YEAR TO MONTH: in `suffix` */
  CORM_FORM_VALUES    /* SET('a','b') */
} corm_type_form;

/*
 * A type of the host's own (TypeDecorator): functions stand between the host's values and those that the type holds,
 * which the core neither knows nor calls; and expressions stand around its binds and columns, which are nodes with a
 * hole, made once. Nodes and `host` live as long as the type.
 */
typedef struct corm_type_custom {
  int host;                            /* the host's number of the type */
  bool binds;                          /* values are changed on the way in */
  bool results;                        /* and on the way out */
  bool literals;                       /* values that are written into text are changed another way */
  bool compares;                       /* the host says of which type is what it is compared with */
  const struct corm_type *impl;        /* what stores the changed values */
  const struct corm_node *bind;        /* around each bind; NULL: nothing */
  const struct corm_node *bind_hole;   /* the BIND in it that stands for the value */
  const struct corm_node *column;      /* around each selected column; NULL: nothing */
  const struct corm_node *column_hole; /* likewise */
} corm_type_custom;

/* The type that stands for another one on one database: with_variant, load_dialect_impl. */
typedef struct corm_type_variant {
  const char *dialect;
  const struct corm_type *type;
} corm_type_variant;

typedef struct corm_type {
  uint8_t kind;         /* corm_type_kind */
  bool timezone;        /* DateTime, Time */
  bool native;          /* Boolean, Enum: a CHECK constraint is made when true (create_constraint) */
  int16_t precision;    /* Numeric, Float; -1: not given */
  int16_t scale;        /* Numeric; -1: not given */
  int16_t return_scale; /* Numeric, Float: of a float that comes back as a decimal; -1: `scale` */
  int32_t length;       /* String, LargeBinary; -1: not given */
  const char *name;     /* Enum: the type's name; else NULL */
  const char *schema;   /* Enum: where the type of that name lies; NULL: in the schema of the connection */
  const char *collation;
  const char *const *values; /* Enum */
  uint32_t nvalues;
  bool said;      /* a parameter of the type says so, also beside a column of another one */
  bool asdecimal; /* Numeric (default true), Float (default false): which kind comes back; Integer: a number with a
                     fraction may, as it is (of EXTRACT) */
  bool binary;    /* JSON: PostgreSQL's JSONB */
  bool bare; /* Enum, Uuid: no type of its own even where the database has such (native_enum, native_uuid = false) */
  bool unchecked;               /* Enum: other values pass on the way in (validate_strings = false) */
  bool made_elsewhere;          /* Enum: its type is neither created nor dropped with tables (create_type = false) */
  bool as_text;                 /* Uuid: the host gets text */
  bool json_nulls;              /* JSON: NULL is stored as JSON's null (none_as_null = false) */
  uint8_t json_part;            /* JSON: corm_json_part */
  uint8_t dimensions;           /* ARRAY; 0: any number */
  const struct corm_type *item; /* ARRAY */

  /* Of types that are written as they are called, on every database: "NVARCHAR". NULL: the dialect's name of the kind.
   */
  const char *spelling;
  const char *suffix; /* what follows it: "UNSIGNED"; or NULL */
  uint8_t form;       /* corm_type_form */
  const char *owner;  /* the dialect that alone has it; NULL: not asked */
  bool hosted;        /* custom, or variants: what passes between the host and the core is the host's matter */
  const corm_type_custom *custom; /* NULL: none */
  const corm_type_variant *variants;
  uint32_t nvariants;
} corm_type;

/* The type as a database has it: itself, or its variant. MariaDB takes one for "mysql", too. */
const corm_type *corm_type_variant_for(const corm_type *type, const char *dialect);
#define corm_type_on(type, dialect_name) ((type)->nvariants ? corm_type_variant_for((type), (dialect_name)) : (type))

/* Numeric, of what was computed: a float that comes back is a decimal of so many digits after the point; -1: of what it
   has. */
const corm_type *corm_type_exact(int scale);

/* The type that a value has beside one of `type`: that, or for what it does not hold, as 1.5 or 2^40 beside an Integer
   and a datetime beside a Date, one of the value's own, which is `said`. Beside a column (`stored`) a number with a
   fraction stays one of `type`, which refuses it: compared as such, it would make a database leave the column's index.
 */
const corm_type *corm_type_beside(const corm_type *type, bool stored, const corm_value *value);

/* Integer, of what may come with a fraction: the seconds of EXTRACT on PostgreSQL. */
const corm_type *corm_type_of_extract(void);

/* "Integer", or the spelling: for messages. */
const char *corm_type_label(const corm_type *type);

/* The type without arguments, static: for literals and functions. */
extern const corm_type corm_default_types[CORM_TYPE_COUNT];
static inline const corm_type *corm_type_default(corm_type_kind kind) {
  return &corm_default_types[kind];
}

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
