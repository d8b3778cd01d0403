/* What a node says, as a flat list: what passes that compare or hash whole statements go by. */
#ifndef CORM_SQL_PARTS_H
#define CORM_SQL_PARTS_H

#include "sql/node.h"

typedef enum corm_part_kind {
  CORM_PART_NUMBER,
  CORM_PART_TEXT,  /* may be NULL */
  CORM_PART_VALUE, /* borrowed */
  CORM_PART_TYPE,
  CORM_PART_NODE /* may be NULL */
} corm_part_kind;

typedef struct corm_part {
  uint8_t kind; /* corm_part_kind */
  union {
    uint64_t number;
    const char *text;
    const corm_value *value;
    const corm_type *type;
    const corm_node *node;
  } as;
} corm_part;

typedef struct corm_parts {
  corm_arena *arena;
  corm_part *items;
  size_t n;
  size_t cap;
  bool unordered; /* the nodes among them may stand in any order: AND, OR, =, !=, +, * */
} corm_parts;

/* Replaces the list by the node's: everything but its kind, op and flags. Statements, FROMs and expressions have all of
   their nodes in it, FROMs included. What names an anonymous thing is left out. False: the arena is full. */
bool corm_parts_of(corm_parts *parts, const corm_node *node);

#endif
