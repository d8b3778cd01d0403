#include "sql/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "sql/expr.h"
#include "sql/froms.h"
#include "sql/parts.h"

/*
 * Pairs of nodes that must be equal wait on a stack, and a pair is looked at once, since trees share their parts. The
 * operands of what is unordered are put into the order of their hashes first, so that no pairing has to be tried.
 */

/* -- a table from pairs of pointers to numbers --------------------------------------------------------------------- */

typedef struct pair_slot {
  const void *a; /* NULL: empty */
  const void *b;
  uint64_t value;
} pair_slot;

typedef struct pair_table {
  corm_arena *arena;
  pair_slot *slots;
  size_t n;
  size_t cap;
} pair_table;

static pair_slot *find(pair_slot *slots, size_t cap, const void *a, const void *b) {
  uint64_t hash = corm_hash_int((uint64_t)(uintptr_t)a + UINT64_C(31) * (uint64_t)(uintptr_t)b);
  size_t place = (size_t)hash & (cap - 1);
  while (slots[place].a && (slots[place].a != a || slots[place].b != b)) place = (place + 1) & (cap - 1);
  return &slots[place];
}

static const pair_slot *lookup(const pair_table *table, const void *a, const void *b) {
  const pair_slot *slot = table->cap ? find(table->slots, table->cap, a, b) : NULL;
  return slot && slot->a ? slot : NULL;
}

static bool insert(pair_table *table, const void *a, const void *b, uint64_t value) {
  if (table->n * 2 >= table->cap) {
    size_t cap = table->cap ? table->cap * 2 : 64;
    pair_slot *slots = corm_arena_zalloc(table->arena, cap, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < table->cap; i++) {
      if (table->slots[i].a) *find(slots, cap, table->slots[i].a, table->slots[i].b) = table->slots[i];
    }
    table->slots = slots;
    table->cap = cap;
  }
  pair_slot *slot = find(table->slots, table->cap, a, b);
  if (!slot->a) table->n++;
  *slot = (pair_slot){a, b, value};
  return true;
}

/* -- hashes -------------------------------------------------------------------------------------------------------- */

typedef struct node_pair {
  const corm_node *a;
  const corm_node *b;
} node_pair;

typedef struct comparison {
  corm_arena *arena;
  node_pair *stack;
  size_t n;
  size_t cap;
  pair_table seen;     /* pairs of nodes */
  pair_table hashes;   /* (node, NULL) to its hash */
  pair_table forward;  /* an alias of the one tree to that of the other */
  pair_table backward; /* and the other way */
  corm_parts a_parts;
  corm_parts b_parts;
} comparison;

static bool push(comparison *c, const corm_node *a, const corm_node *b) {
  if (c->n == c->cap) {
    node_pair *grown = corm_arena_grow(c->arena, c->stack, &c->cap, sizeof *grown);
    if (!grown) return false;
    c->stack = grown;
  }
  c->stack[c->n++] = (node_pair){a, b};
  return true;
}

static uint64_t mix(uint64_t hash, uint64_t more) {
  return corm_hash_int(hash ^ (more + UINT64_C(0x9e3779b97f4a7c15)));
}

/* The hash of a node whose nodes all have theirs. Types do not count: unlike ones may be equal. */
static uint64_t hash_parts(const comparison *c, const corm_node *node, const corm_parts *parts) {
  uint64_t hash = mix((uint64_t)node->kind << 32 | (uint64_t)node->op << 16 | node->flags, 0), sum = 0;
  for (size_t i = 0; i < parts->n; i++) {
    const corm_part *part = &parts->items[i];
    switch ((corm_part_kind)part->kind) {
    case CORM_PART_NUMBER: hash = mix(hash, part->as.number); break;
    case CORM_PART_TEXT:
      hash = part->as.text ? corm_hash_bytes(part->as.text, strlen(part->as.text), hash) : mix(hash, 1);
      break;
    case CORM_PART_VALUE: hash = corm_value_hash(part->as.value, hash); break;
    case CORM_PART_TYPE: break;
    case CORM_PART_NODE: {
      uint64_t inner = part->as.node ? lookup(&c->hashes, part->as.node, NULL)->value : 2;
      if (parts->unordered) sum += inner;
      if (!parts->unordered) hash = mix(hash, inner);
      break;
    }
    }
  }
  return mix(hash, sum);
}

/* Gives the tree and all in it their hashes: a node waits on the stack until its nodes have theirs. */
static bool hash_tree(comparison *c, const corm_node *root, corm_parts *parts) {
  const size_t bottom = c->n;
  if (!push(c, root, NULL)) return false;
  while (c->n > bottom) {
    const corm_node *node = c->stack[c->n - 1].a;
    if (lookup(&c->hashes, node, NULL)) {
      c->n--;
      continue;
    }
    if (!corm_parts_of(parts, node)) return false;
    const size_t waiting = c->n;
    for (size_t i = 0; i < parts->n; i++) {
      const corm_node *inner = parts->items[i].kind == CORM_PART_NODE ? parts->items[i].as.node : NULL;
      if (inner && !lookup(&c->hashes, inner, NULL) && !push(c, inner, NULL)) return false;
    }
    if (c->n > waiting) continue;
    c->n--;
    if (!insert(&c->hashes, node, NULL, hash_parts(c, node, parts))) return false;
  }
  return true;
}

/* -- pairs --------------------------------------------------------------------------------------------------------- */

typedef struct hashed {
  uint64_t hash;
  const corm_node *node;
  size_t place;
} hashed;

/* Equal hashes stay in the order in which they stood. */
static int by_hash(const void *a, const void *b) {
  const hashed *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

/* The nodes among the parts, sorted; NULL: out of memory. */
static hashed *sorted_nodes(comparison *c, const corm_parts *parts, size_t *n) {
  hashed *sorted = corm_arena_alloc(c->arena, parts->n * sizeof *sorted);
  corm_parts scratch = {.arena = c->arena};
  *n = 0;
  for (size_t i = 0; sorted && i < parts->n; i++) {
    if (parts->items[i].kind != CORM_PART_NODE) continue;
    const corm_node *node = parts->items[i].as.node;
    if (!hash_tree(c, node, &scratch)) return NULL;
    sorted[*n] = (hashed){lookup(&c->hashes, node, NULL)->value, node, *n};
    ++*n;
  }
  if (sorted) qsort(sorted, *n, sizeof *sorted, by_hash);
  return sorted;
}

static bool push_unordered(comparison *c, bool *same) {
  size_t na, nb;
  const hashed *a = sorted_nodes(c, &c->a_parts, &na), *b = sorted_nodes(c, &c->b_parts, &nb);
  if (!a || !b) return false;
  *same = na == nb;
  for (size_t i = 0; *same && i < na; i++) {
    *same = a[i].hash == b[i].hash;
    if (*same && !push(c, a[i].node, b[i].node)) return false;
  }
  return true;
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether the parts are of one shape and equal but for their nodes. */
static bool same_parts(const corm_parts *a, const corm_parts *b) {
  bool same = a->n == b->n;
  for (size_t i = 0; same && i < a->n; i++) {
    const corm_part *x = &a->items[i], *y = &b->items[i];
    if (x->kind != y->kind) return false;
    switch ((corm_part_kind)x->kind) {
    case CORM_PART_NUMBER: same = x->as.number == y->as.number; break;
    case CORM_PART_TEXT: same = same_text(x->as.text, y->as.text); break;
    case CORM_PART_VALUE: same = corm_value_equal(x->as.value, y->as.value); break;
    case CORM_PART_TYPE: same = corm_type_same_affinity(x->as.type, y->as.type); break;
    case CORM_PART_NODE: same = !x->as.node == !y->as.node; break;
    }
  }
  return same;
}

/* An alias stands for one alias of the other tree, which stands for it. */
static bool same_alias(comparison *c, const corm_node *a, const corm_node *b, bool *same) {
  const void *x = corm_from_identity(a), *y = corm_from_identity(b);
  const pair_slot *there = lookup(&c->forward, x, NULL), *back = lookup(&c->backward, y, NULL);
  *same = (!there || there->value == (uint64_t)(uintptr_t)y) && (!back || back->value == (uint64_t)(uintptr_t)x);
  if (!*same || (there && back)) return true;
  return insert(&c->forward, x, NULL, (uint64_t)(uintptr_t)y) && insert(&c->backward, y, NULL, (uint64_t)(uintptr_t)x);
}

/* Compares what the nodes say themselves, and puts their nodes on the stack. False: out of memory. */
static bool compare_pair(comparison *c, const corm_node *a, const corm_node *b, bool *same) {
  *same = a->kind == b->kind && a->op == b->op && a->flags == b->flags;
  if (!*same || lookup(&c->seen, a, b)) return true;
  if (!insert(&c->seen, a, b, 0)) return false;
  if (a->kind == CORM_NODE_TABLE && corm_from_same(a, b)) return true;
  if (a->kind == CORM_NODE_ALIAS) {
    if (!same_alias(c, a, b, same)) return false;
    if (!*same) return true;
  }
  if (!corm_parts_of(&c->a_parts, a) || !corm_parts_of(&c->b_parts, b)) return false;
  *same = same_parts(&c->a_parts, &c->b_parts);
  if (!*same) return true;
  if (c->a_parts.unordered) return push_unordered(c, same);
  for (size_t i = c->a_parts.n; i-- > 0;) {
    if (c->a_parts.items[i].kind != CORM_PART_NODE || !c->a_parts.items[i].as.node) continue;
    if (!push(c, c->a_parts.items[i].as.node, c->b_parts.items[i].as.node)) return false;
  }
  return true;
}

corm_status corm_node_compare(corm_arena *arena, const corm_node *a, const corm_node *b, bool *same, corm_error *err) {
  comparison c = {.arena = arena,
                  .seen = {.arena = arena},
                  .hashes = {.arena = arena},
                  .forward = {.arena = arena},
                  .backward = {.arena = arena},
                  .a_parts = {.arena = arena},
                  .b_parts = {.arena = arena}};
  *same = true;
  bool room = push(&c, a, b);
  while (room && *same && c.n > 0) {
    c.n--;
    room = compare_pair(&c, c.stack[c.n].a, c.stack[c.n].b, same);
  }
  return room ? CORM_OK : corm_error_memory(err);
}
