#include "sql/walk.h"

void corm_walk_init(corm_walk *walk, corm_arena *arena, const corm_node *root) {
  walk->arena = arena;
  walk->frames = walk->first;
  walk->n = 0;
  walk->cap = sizeof walk->first / sizeof *walk->first;
  walk->at = NULL;
  walk->frames[walk->n++] = (corm_walk_frame){.node = root};
}

static bool push(corm_walk *walk, const corm_node *node) {
  if (walk->n == walk->cap) {
    corm_walk_frame *grown = corm_arena_grow(walk->arena, walk->frames, &walk->cap, sizeof *grown);
    if (!grown) return false;
    walk->frames = grown;
  }
  walk->frames[walk->n++] = (corm_walk_frame){.node = node};
  return true;
}

const corm_node *corm_walk_next(corm_walk *walk, bool descend) {
  if (!walk->at) {
    /* The root waits in the first frame, which becomes the frame of its operands. */
    walk->entered = true;
    walk->at = walk->frames[0].node;
    return walk->at;
  }
  if (!descend && walk->entered) walk->n--;
  while (walk->n) {
    corm_walk_frame *top = &walk->frames[walk->n - 1];
    const corm_node *child = corm_node_child(top->node, top->next++);
    if (!child) {
      walk->n--;
      continue;
    }
    bool leaf = child->kind == CORM_NODE_COLUMN || child->kind == CORM_NODE_BIND;
    walk->entered = !leaf && corm_node_child(child, 0) != NULL;
    if (walk->entered && !push(walk, child)) return NULL;
    return walk->at = child;
  }
  return NULL;
}
