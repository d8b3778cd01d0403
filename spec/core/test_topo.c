#include "base/topo.h"

#include "base/map.h"

#include "fail_mem.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check_order(size_t n, const corm_edge *edges, size_t nedges, const uint32_t *wanted, size_t wanted_sorted) {
  uint32_t order[16];
  size_t sorted = 99;
  corm_error err = {0};
  assert_int_equal(corm_topo_sort(&corm_mem_libc, n, edges, nedges, order, &sorted, &err), CORM_OK);
  assert_int_equal(sorted, wanted_sorted);
  if (n) assert_memory_equal(order, wanted, n * sizeof *order);
}

static void free_nodes_keep_their_order(void **state) {
  (void)state;
  check_order(0, NULL, 0, NULL, 0);
  check_order(4, NULL, 0, (uint32_t[]){0, 1, 2, 3}, 4);
  static const corm_edge edges[] = {{3, 0}, {3, 0}, {2, 2}};
  check_order(5, edges, COUNT(edges), (uint32_t[]){1, 2, 3, 0, 4}, 5);
  static const corm_edge chain[] = {{4, 3}, {3, 2}, {2, 1}, {1, 0}};
  check_order(5, chain, COUNT(chain), (uint32_t[]){4, 3, 2, 1, 0}, 5);
  static const corm_edge diamond[] = {{3, 1}, {3, 2}, {1, 0}, {2, 0}};
  check_order(4, diamond, COUNT(diamond), (uint32_t[]){3, 1, 2, 0}, 4);
}

static void nodes_on_and_behind_cycles_come_last(void **state) {
  (void)state;
  /* 5 -> 1 -> 4 -> 1, 4 -> 0; 2 and 3 are free */
  static const corm_edge edges[] = {{5, 1}, {1, 4}, {4, 1}, {4, 0}};
  check_order(6, edges, COUNT(edges), (uint32_t[]){2, 3, 5, 0, 1, 4}, 3);
}

static void check_cycle(size_t n, const corm_edge *edges, size_t nedges, const uint32_t *wanted, size_t wanted_len) {
  uint32_t cycle[16];
  size_t len = 99;
  corm_error err = {0};
  assert_int_equal(corm_topo_cycle(&corm_mem_libc, n, edges, nedges, cycle, &len, &err), CORM_OK);
  assert_int_equal(len, wanted_len);
  if (len) assert_memory_equal(cycle, wanted, len * sizeof *cycle);
}

static void a_cycle_is_found_along_its_edges(void **state) {
  (void)state;
  check_cycle(0, NULL, 0, NULL, 0);
  static const corm_edge none[] = {{0, 1}, {1, 2}, {0, 2}, {1, 1}};
  check_cycle(3, none, COUNT(none), NULL, 0);
  static const corm_edge pair[] = {{0, 1}, {1, 0}};
  check_cycle(2, pair, COUNT(pair), (uint32_t[]){0, 1}, 2);
  /* 4 -> 2 -> 5 -> 3 -> 4 with a tail 3 -> 0 -> 1 behind it, which the search starts from */
  static const corm_edge tail[] = {{4, 2}, {2, 5}, {5, 3}, {3, 4}, {3, 0}, {0, 1}};
  check_cycle(6, tail, COUNT(tail), (uint32_t[]){2, 5, 3, 4}, 4);
}

/* Random graphs: the order must respect each edge, and the least free node must come first; the cycle must be one. */
static void random_graphs_are_sorted(void **state) {
  (void)state;
  uint64_t random = 7;
  size_t cyclic = 0;
  for (int round = 0; round < 2000; round++) {
    enum { NODES = 12 };
    corm_edge edges[24];
    size_t nedges = (size_t)(round % 24);
    bool linked[NODES][NODES] = {{false}};
    for (size_t i = 0; i < nedges; i++) {
      random = corm_hash_int(random);
      edges[i] = (corm_edge){(uint32_t)(random % NODES), (uint32_t)((random >> 32) % NODES)};
      if (edges[i].before != edges[i].after) linked[edges[i].before][edges[i].after] = true;
    }
    uint32_t order[NODES], cycle[NODES];
    size_t sorted, len;
    assert_int_equal(corm_topo_sort(&corm_mem_libc, NODES, edges, nedges, order, &sorted, NULL), CORM_OK);
    assert_int_equal(corm_topo_cycle(&corm_mem_libc, NODES, edges, nedges, cycle, &len, NULL), CORM_OK);
    bool placed[NODES] = {false};
    for (size_t i = 0; i <= sorted; i++) {
      uint32_t least = NODES;
      for (uint32_t node = NODES; node-- > 0;) {
        bool blocked = placed[node];
        for (size_t other = 0; other < NODES; other++) blocked |= linked[other][node] && !placed[other];
        if (!blocked) least = node;
      }
      assert_int_equal(least, i < sorted ? order[i] : NODES);
      if (i < sorted) placed[least] = true;
    }
    for (size_t i = sorted; i < NODES; i++) assert_false(placed[order[i]]);
    for (size_t i = sorted + 1; i < NODES; i++) assert_true(order[i - 1] < order[i]);
    assert_int_equal(len == 0, sorted == NODES);
    cyclic += len > 0;
    for (size_t i = 0; i < len; i++) assert_true(linked[cycle[i]][cycle[(i + 1) % len]]);
  }
  assert_in_range(cyclic, 100, 1900);
}

/* A ring of 100,000 nodes: nothing recurses, nothing is quadratic. */
static void a_large_ring_is_no_problem(void **state) {
  (void)state;
  enum { NODES = 100000 };
  corm_edge *edges = malloc(NODES * sizeof *edges);
  uint32_t *cycle = malloc(NODES * sizeof *cycle);
  assert_non_null(edges);
  assert_non_null(cycle);
  for (uint32_t i = 0; i < NODES; i++) edges[i] = (corm_edge){i, (i + 1) % NODES};
  size_t len;
  assert_int_equal(corm_topo_cycle(&corm_mem_libc, NODES, edges, NODES, cycle, &len, NULL), CORM_OK);
  assert_int_equal(len, NODES);
  for (uint32_t i = 0; i < NODES; i++) assert_true(cycle[i] == i);
  free(edges);
  free(cycle);
}

static bool find_cycle(const corm_mem *mem) {
  static const corm_edge edges[] = {{0, 1}, {1, 2}, {2, 1}};
  uint32_t cycle[3];
  size_t len;
  corm_error err = {0};
  bool ok = corm_topo_cycle(mem, 3, edges, COUNT(edges), cycle, &len, &err) == CORM_OK;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  return ok;
}

static void every_failure_is_reported(void **state) {
  (void)state;
  fail_mem_each(find_cycle);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(free_nodes_keep_their_order),      cmocka_unit_test(nodes_on_and_behind_cycles_come_last),
      cmocka_unit_test(a_cycle_is_found_along_its_edges), cmocka_unit_test(random_graphs_are_sorted),
      cmocka_unit_test(a_large_ring_is_no_problem),       cmocka_unit_test(every_failure_is_reported),
  };
  return cmocka_run_group_tests_name("topo", tests, NULL, NULL);
}
