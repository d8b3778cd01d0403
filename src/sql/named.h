/* The named parameters of a whole statement, without compiling it: what is in it may be one database's only. */
#ifndef CORM_SQL_NAMED_H
#define CORM_SQL_NAMED_H

#include "sql/node.h"

typedef struct corm_named_bind {
  const corm_bind *bind;
  const corm_type *type; /* the column's that it is the value of, where it has none of its own */
} corm_named_bind;

typedef struct corm_named_binds {
  corm_named_bind *items; /* a name as often as it is said; those that are values of columns before others */
  size_t n;
  const corm_text **texts; /* those met, whose placeholders are parameters, too */
  size_t ntexts;
} corm_named_binds;

/* Nodes that stand at several places are looked at once. False: the arena is full. */
bool corm_named_binds_in(corm_arena *arena, const corm_node *statement, corm_named_binds *out);

#endif
