/* Numbers that the database generates: sequences, identity columns; and columns that it computes. */
#ifndef CORM_SCHEMA_SEQUENCE_H
#define CORM_SCHEMA_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/type.h"

struct corm_node;

/* Which numbers were given. */
enum {
  CORM_SEQUENCE_START = 1,
  CORM_SEQUENCE_INCREMENT = 2,
  CORM_SEQUENCE_MINVALUE = 4,
  CORM_SEQUENCE_MAXVALUE = 8,
  CORM_SEQUENCE_CACHE = 16
};

typedef struct corm_sequence_options {
  uint8_t given;
  bool nominvalue;
  bool nomaxvalue;
  int8_t cycle; /* -1: not given, 0, 1 */
  int64_t start, increment, minvalue, maxvalue, cache;
} corm_sequence_options;

typedef struct corm_identity_column {
  corm_sequence_options options;
  bool always;
} corm_identity_column;

typedef struct corm_sequence {
  const char *name;
  const char *schema;
  corm_sequence_options options;
  bool optional;              /* only for databases that have no other way to generate a key */
  const corm_type *data_type; /* NULL: the database's own */
  uint64_t creation;
  const struct corm_node *next_value;
} corm_sequence;

typedef struct corm_computed {
  const struct corm_node *sql;
  int8_t persisted; /* -1: as the database likes it; 0: computed when read; 1: stored */
} corm_computed;

#endif
