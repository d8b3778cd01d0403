/*
 * A column: name, type, keys, defaults. The struct lives where its creator put it and is attached to one table.
 * What a column refers to by name (a foreign key's target) is resolved when first needed.
 */
#ifndef CORM_SCHEMA_COLUMN_H
#define CORM_SCHEMA_COLUMN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "schema/option.h"
#include "schema/sequence.h"
#include "schema/type.h"

struct corm_node;
typedef struct corm_table corm_table;

typedef enum corm_default_kind {
  CORM_DEFAULT_NONE,
  CORM_DEFAULT_VALUE, /* a constant, bound by the client */
  CORM_DEFAULT_HOOK,  /* a host function, called once per row */
  CORM_DEFAULT_SQL,   /* an expression inlined in the statement */
  CORM_DEFAULT_SERVER /* server_default only: text of the DDL (`value`) or an expression (`sql`) */
} corm_default_kind;

typedef struct corm_default {
  corm_default_kind kind;
  corm_value value; /* canonical by the column's type; SERVER: TEXT, quoted as a literal in DDL */
  int hook;         /* the host's number of the function */
  const struct corm_node *sql;
} corm_default;

typedef enum corm_autoincrement {
  CORM_AUTOINCREMENT_AUTO,
  CORM_AUTOINCREMENT_ON,
  CORM_AUTOINCREMENT_OFF,
  CORM_AUTOINCREMENT_IGNORE_FK /* as AUTO, for a column with a foreign key, too */
} corm_autoincrement;

typedef struct corm_column {
  const char *name; /* in the database */
  const char *key;  /* in t.c; equals name unless given */
  const corm_type *type;
  corm_table *table; /* NULL until attached */
  uint64_t creation; /* order of writing */
  uint32_t index;    /* position in its table */
  bool primary_key;
  uint8_t plain;         /* once attached: the length of a name whose characters need no quotes; 0: others */
  int8_t quote;          /* its name: 1: always in quotes, -1: never, 0: where it needs them */
  bool nullable;         /* default: not primary_key */
  bool unique;           /* wants a one-column UNIQUE */
  bool indexed;          /* wants a one-column index */
  bool system;           /* the database has it in every table: no part of CREATE TABLE */
  uint8_t autoincrement; /* corm_autoincrement */
  corm_default default_;
  corm_default onupdate;
  corm_default server_default;
  bool server_onupdate; /* the database changes it on UPDATE: fetch it afterwards */
  const char *comment;
  const corm_computed *computed;        /* the database computes it: never written; NULL: no */
  const corm_identity_column *identity; /* GENERATED ... AS IDENTITY where the database has that; NULL: no */
  const corm_sequence *sequence; /* its default is the next value, where the database has sequences; NULL: none */
  corm_default next;             /* that value as a default */
  const corm_options *options;   /* what one database is told; NULL: nothing */
  const void *bare;              /* the dialect that was seen last to write the name without quotes; NULL: none */
} corm_column;

/* Sets a fresh column: nullable, no keys, no defaults, key = name. Strings are borrowed. */
void corm_column_init(corm_column *column, const char *name, const corm_type *type);

/* True when an INSERT that leaves the column out gets a value by itself (server default, generated key). */
bool corm_column_has_server_value(const corm_column *column);

#endif
