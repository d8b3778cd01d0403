/*
 * The one currency of values: bound parameters, result columns, object slots. 16 bytes, plain data, database-neutral.
 * Text-like kinds borrow their bytes unless CORM_VALUE_OWNED is set.
 */
#ifndef CORM_BASE_VALUE_H
#define CORM_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

/* X(enumerator, "name") */
#define CORM_VALUE_KINDS(X)                                                                                            \
  X(ABSENT, "absent") /* a slot that was never assigned or is not loaded; never bound */                               \
  X(NULL, "null")                                                                                                      \
  X(BOOL, "boolean")      /* as.i is 0 or 1 */                                                                         \
  X(INT, "integer")       /* as.i */                                                                                   \
  X(REAL, "float")        /* as.f */                                                                                   \
  X(TEXT, "string")       /* as.s, len: bytes */                                                                       \
  X(BLOB, "binary")       /* as.s, len */                                                                              \
  X(DATE, "date")         /* as.i: days since 1970-01-01, proleptic Gregorian */                                       \
  X(TIME, "time")         /* as.i: microseconds since midnight */                                                      \
  X(DATETIME, "datetime") /* as.i: microseconds since 1970-01-01 00:00:00, no zone */                                  \
  X(INTERVAL, "interval") /* as.i: microseconds */                                                                     \
  X(DECIMAL, "decimal")   /* as.s, len: canonical text "-12.30" (base/decimal.h) */                                    \
  X(UUID, "uuid")         /* as.s: 16 bytes, big-endian */                                                             \
  X(JSON, "json")         /* as.s, len: JSON text */                                                                   \
  X(ARRAY, "array")       /* as.s, len: JSON text of an array: see below */

/* Items of an ARRAY are null, true, false, numbers, nested arrays and strings; a string is text, or the text form of
   the item type's canonical kind (dates in ISO form, decimals, UUIDs; blobs as hex digits; JSON as its text). Intervals
   are whole microseconds; the floats that JSON has not are "NaN", "Infinity", "-Infinity". schema/array.h writes and
   reads single items. */

typedef enum corm_value_kind {
#define CORM_X(id, name) CORM_##id,
  CORM_VALUE_KINDS(CORM_X)
#undef CORM_X
      CORM_VALUE_KIND_COUNT
} corm_value_kind;

enum {
  CORM_VALUE_OWNED = 1,     /* as.s is a heap block of the holder's allocator */
  CORM_VALUE_DIRTY = 2,     /* object slots: changed since the last load or flush */
  CORM_VALUE_EXPIRED = 4,   /* object slots: absent, to be loaded at the next access */
  CORM_VALUE_GENERATED = 8, /* object slots: the key that the database gave at the INSERT */
  CORM_VALUE_LATER = 16,    /* object slots, beside EXPIRED: loaded when it is asked for itself, not with others */
  CORM_VALUE_RAISES = 32,   /* the same: asking for it is an error */
  CORM_VALUE_ALONE = 64,    /* the same: loaded with those of its group only, and for its object only */
  CORM_VALUE_SQL = 128 /* object slots: ABSENT, and as.s is the expression (corm_node) that the next flush writes */
};

typedef struct corm_value {
  union {
    int64_t i;
    double f;
    const char *s;
  } as;
  uint32_t len;
  uint8_t kind;
  uint8_t flags;
  uint16_t extra; /* the holder's; 0 */
} corm_value;

corm_value corm_value_null(void);
corm_value corm_value_int(int64_t value);
corm_value corm_value_bool(bool value);
corm_value corm_value_real(double value);
corm_value corm_value_text(const char *text, size_t len); /* borrowed; at most UINT32_MAX bytes */

/* True for kinds whose as.s points at bytes (TEXT BLOB DECIMAL UUID JSON ARRAY). */
static inline bool corm_value_kind_has_bytes(uint8_t kind) {
  enum {
    KINDS = 1 << CORM_TEXT | 1 << CORM_BLOB | 1 << CORM_DECIMAL | 1 << CORM_UUID | 1 << CORM_JSON | 1 << CORM_ARRAY
  };
  return ((unsigned)KINDS >> kind & 1U) != 0;
}

static inline bool corm_value_has_bytes(const corm_value *value) {
  return corm_value_kind_has_bytes(value->kind);
}

/* Exact equality: same kind and content (REAL by ==, with NaN equal to NaN); INT 1 and REAL 1.0 differ, NULL
   equals NULL, DECIMAL by number ("1.50" equals "1.5"). */
bool corm_value_equal(const corm_value *a, const corm_value *b);

/* A total order for sorting keys: by kind, then content (REAL by number, NaN last; bytes as unsigned bytes). */
int corm_value_compare(const corm_value *a, const corm_value *b);

/* A hash consistent with corm_value_equal. */
uint64_t corm_value_hash(const corm_value *value, uint64_t seed);

/* Copies a value; bytes go to the heap and are OWNED. The copy has no other flags. */
CORM_MUST_USE corm_status corm_value_dup(const corm_mem *mem, const corm_value *value, corm_value *out);

/* Frees owned bytes and leaves ABSENT without flags. */
void corm_value_clear(const corm_mem *mem, corm_value *value);

/* Appends a readable form, as SQL-like text: NULL, 1, 'it''s', X'00ff', 2026-11-22. Content past max bytes is cut and
   the form ends in "..."; control characters and malformed UTF-8 in text are shown as \xNN. */
void corm_value_describe(const corm_value *value, size_t max, corm_buf *buf);

/* "integer", "date" */
const char *corm_value_kind_name(corm_value_kind kind);

#endif
