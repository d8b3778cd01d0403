/* Which selected things are the same, found in one pass. */
#ifndef CORM_SQL_IDENTITY_H
#define CORM_SQL_IDENTITY_H

#include "sql/froms.h"

typedef struct corm_identity_slot {
  corm_identity identity;
  uint32_t place; /* plus 1; 0: empty */
} corm_identity_slot;

typedef struct corm_identity_set {
  corm_identity_slot *slots;
  size_t mask;
} corm_identity_set;

/* Room for n things; false: the arena is full. */
bool corm_identity_set_init(corm_identity_set *set, corm_arena *arena, size_t n);
/* The place of the first one that had the node's identity: `place` itself when there was none. */
uint32_t corm_identity_first(corm_identity_set *set, const corm_node *node, uint32_t place);

#endif
