/*
 * Topological sorting over small integers, stable: among nodes that are free at the same time the lower number
 * comes first (Kahn's algorithm with a heap). Used for tables in DDL, mappers in a flush and rows in a table.
 */
#ifndef CORM_BASE_TOPO_H
#define CORM_BASE_TOPO_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct corm_edge {
  uint32_t before;
  uint32_t after;
} corm_edge;

/*
 * Writes the nodes 0..n-1 to order[] so that each edge's `before` precedes its `after`. Edges from a node to
 * itself are ignored; repeated edges are allowed. CORM_OK: *sorted is n. With a cycle the call still succeeds, *sorted
 * is the number of nodes that could be placed, and order[*sorted .. n-1] holds the nodes on or behind cycles in rising
 * order. CORM_FAILED only when out of memory.
 */
CORM_MUST_USE corm_status corm_topo_sort(const corm_mem *mem, size_t n, const corm_edge *edges, size_t nedges,
                                         uint32_t *order, size_t *sorted, corm_error *err);

/* Finds one cycle among the nodes; writes it to cycle[] (room for n, overwritten in any case) and its length, 0 when
   there is none. It runs along the edges, from its lowest node; the last one leads back to the first. */
CORM_MUST_USE corm_status corm_topo_cycle(const corm_mem *mem, size_t n, const corm_edge *edges, size_t nedges,
                                          uint32_t *cycle, size_t *len, corm_error *err);

#endif
