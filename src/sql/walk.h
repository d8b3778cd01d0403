/* The operands of a tree in order, each before its own, without recursion: what passes over trees go by. */
#ifndef CORM_SQL_WALK_H
#define CORM_SQL_WALK_H

#include "sql/kind.h"

typedef struct corm_walk_frame {
  const corm_node *node;
  uint32_t next; /* child to visit */
} corm_walk_frame;

typedef struct corm_walk {
  corm_arena *arena; /* for trees deeper than `first` */
  corm_walk_frame *frames;
  size_t n;
  size_t cap;
  const corm_node *at;
  bool entered; /* `at` has operands, and a frame */
  corm_walk_frame first[32];
} corm_walk;

void corm_walk_init(corm_walk *walk, corm_arena *arena, const corm_node *root);
/* The next node: the root first. With `descend` false the operands of the node that came last are left out. NULL at the
   end, or when the arena is full (its `failed` tells). */
const corm_node *corm_walk_next(corm_walk *walk, bool descend);

#endif
