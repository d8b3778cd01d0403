#include "base/topo.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define NO_NODE UINT32_MAX

/* Node i's followers are targets[first[i] .. first[i + 1] - 1]. All four arrays are one block. */
typedef struct graph {
  uint32_t *first;   /* n + 1 */
  uint32_t *waiting; /* n: how many edges lead here from nodes that have no place yet */
  uint32_t *heap;    /* n */
  uint32_t *targets; /* nedges */
} graph;

static bool counts(const corm_edge *edge) {
  return edge->before != edge->after;
}

/* Returns the block to free, or NULL when out of memory. */
static uint32_t *build(const corm_mem *mem, size_t n, const corm_edge *edges, size_t nedges, graph *g) {
  if (n >= NO_NODE || nedges >= UINT32_MAX) return NULL;
  uint32_t *block = corm_mem_zalloc(mem, 3 * n + 1 + nedges, sizeof *block);
  if (!block) return NULL;
  *g = (graph){.first = block, .waiting = block + n + 1, .heap = block + 2 * n + 1, .targets = block + 3 * n + 1};
  for (size_t i = 0; i < nedges; i++) {
    assert(edges[i].before < n && edges[i].after < n);
    if (!counts(&edges[i])) continue;
    g->first[edges[i].before]++;
    g->waiting[edges[i].after]++;
  }
  uint32_t sum = 0;
  for (size_t i = 0; i <= n; i++) {
    sum += g->first[i];
    g->first[i] = sum;
  }
  /* Filled from behind, each start moves down to where it belongs. */
  for (size_t i = 0; i < nedges; i++) {
    if (counts(&edges[i])) g->targets[--g->first[edges[i].before]] = edges[i].after;
  }
  return block;
}

static void heap_push(uint32_t *heap, size_t *count, uint32_t node) {
  size_t place = (*count)++;
  while (place > 0 && heap[(place - 1) / 2] > node) {
    heap[place] = heap[(place - 1) / 2];
    place = (place - 1) / 2;
  }
  heap[place] = node;
}

static uint32_t heap_pop(uint32_t *heap, size_t *count) {
  uint32_t least = heap[0];
  uint32_t moved = heap[--*count];
  size_t place = 0;
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= *count) break;
    if (child + 1 < *count && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= moved) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = moved;
  return least;
}

corm_status corm_topo_sort(const corm_mem *mem, size_t n, const corm_edge *edges, size_t nedges, uint32_t *order,
                           size_t *sorted, corm_error *err) {
  graph g;
  uint32_t *block = build(mem, n, edges, nedges, &g);
  if (!block) return corm_error_memory(err);
  size_t placed = 0, free_count = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (g.waiting[i] == 0) heap_push(g.heap, &free_count, i);
  }
  while (free_count) {
    uint32_t node = heap_pop(g.heap, &free_count);
    order[placed++] = node;
    for (uint32_t i = g.first[node]; i < g.first[node + 1]; i++) {
      if (--g.waiting[g.targets[i]] == 0) heap_push(g.heap, &free_count, g.targets[i]);
    }
  }
  *sorted = placed;
  for (uint32_t i = 0; i < n; i++) {
    if (g.waiting[i]) order[placed++] = i;
  }
  corm_mem_free(mem, block);
  return CORM_OK;
}

/* Writes the cycle that leads back to start along `before`, in the direction of the edges, its lowest node first. */
static size_t write_cycle(const uint32_t *before, uint32_t start, uint32_t *cycle) {
  uint32_t lowest = start;
  for (uint32_t node = before[start]; node != start; node = before[node]) lowest = node < lowest ? node : lowest;
  size_t len = 0;
  uint32_t node = lowest;
  do {
    cycle[len++] = node;
    node = before[node];
  } while (node != lowest);
  for (size_t i = 1, j = len - 1; i < j; i++, j--) {
    uint32_t kept = cycle[i];
    cycle[i] = cycle[j];
    cycle[j] = kept;
  }
  return len;
}

/* Every node without a place has a predecessor without one, so walking backwards from any of them must come round. */
corm_status corm_topo_cycle(const corm_mem *mem, size_t n, const corm_edge *edges, size_t nedges, uint32_t *cycle,
                            size_t *len, corm_error *err) {
  size_t sorted;
  if (corm_topo_sort(mem, n, edges, nedges, cycle, &sorted, err) != CORM_OK) return CORM_FAILED;
  *len = 0;
  if (sorted == n) return CORM_OK;
  uint32_t *before = corm_mem_alloc(mem, 2 * n * sizeof *before);
  if (!before) return corm_error_memory(err);
  uint32_t *state = before + n; /* 0: placed, 1: not placed, 2: walked over */
  memset(before, 0xFF, n * sizeof *before);
  memset(state, 0, n * sizeof *state);
  for (size_t i = sorted; i < n; i++) state[cycle[i]] = 1;
  for (size_t i = 0; i < nedges; i++) {
    const corm_edge *edge = &edges[i];
    if (counts(edge) && state[edge->before] && state[edge->after] && edge->before < before[edge->after]) {
      before[edge->after] = edge->before;
    }
  }
  uint32_t node = cycle[sorted];
  while (state[node] == 1) {
    state[node] = 2;
    node = before[node];
  }
  *len = write_cycle(before, node, cycle);
  corm_mem_free(mem, before);
  return CORM_OK;
}
