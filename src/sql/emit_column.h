/*
 * Columns as most of them are: a table's, whose name is in the text already, and without quotes. What stands for them
 * is copied, without a call for each.
 */
#ifndef CORM_SQL_EMIT_COLUMN_H
#define CORM_SQL_EMIT_COLUMN_H

#include "sql/compiler.h"

/* Where "user." stands in the text: it is written and quoted once, then copied. NULL: it was not written yet. */
static inline const corm_prefix *corm_known_prefix(const corm_compiler *c, const corm_node *from) {
  const void *identity = corm_from_identity(from);
  for (size_t i = 0; i < sizeof c->prefixes / sizeof *c->prefixes; i++)
    if (c->prefixes[i].from == identity) return &c->prefixes[i];
  return NULL;
}

/* True for the column of a table by its own name, which was seen to need no quotes here. */
static inline bool corm_is_tables(const corm_compiler *c, const corm_column_node *column) {
  const corm_column *own = column->column;
  return own && own->bare == c->dialect && own->name == column->name && column->from &&
         column->from->kind == CORM_NODE_TABLE && !c->bare_columns;
}

/* memcpy without a call for the length of most names: two words that may overlap. */
static inline void corm_copy_short(char *to, const char *from, size_t len) {
  uint64_t first8, last8;
  uint32_t first4, last4;
  if (len >= sizeof first8 && len <= 2 * sizeof first8) {
    memcpy(&first8, from, sizeof first8);
    memcpy(&last8, from + len - sizeof last8, sizeof last8);
    memcpy(to, &first8, sizeof first8);
    memcpy(to + len - sizeof last8, &last8, sizeof last8);
  } else if (len >= sizeof first4 && len < sizeof first8) {
    memcpy(&first4, from, sizeof first4);
    memcpy(&last4, from + len - sizeof last4, sizeof last4);
    memcpy(to, &first4, sizeof first4);
    memcpy(to + len - sizeof last4, &last4, sizeof last4);
  } else if (len > 2 * sizeof first8) {
    memcpy(to, from, len);
  } else if (len > 0) {
    to[0] = from[0];
    to[len / 2] = from[len / 2];
    to[len - 1] = from[len - 1];
  }
}

/* Writes a column of which that holds; false: there is no room. */
static inline bool corm_emit_known(corm_compiler *c, const corm_column *column, const corm_prefix *known) {
  if (!corm_emit_fits(c, known->len + column->plain)) return false;
  char *at = c->text.ptr + c->text.len;
  corm_copy_short(at, c->text.ptr + known->at, known->len);
  corm_copy_short(at + known->len, column->name, column->plain);
  c->text.len += known->len + column->plain;
  c->text.ptr[c->text.len] = '\0';
  return true;
}

#endif
