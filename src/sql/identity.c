#include "sql/identity.h"

#include "base/map.h"

bool corm_identity_set_init(corm_identity_set *set, corm_arena *arena, size_t n) {
  size_t cap = 8;
  while (cap < n * 2) cap *= 2;
  set->slots = corm_arena_zalloc(arena, cap, sizeof *set->slots);
  set->mask = cap - 1;
  return set->slots != NULL;
}

uint32_t corm_identity_first(corm_identity_set *set, const corm_node *node, uint32_t place) {
  const corm_identity identity = corm_node_identity(node);
  uint64_t hash = corm_hash_int((uint64_t)(uintptr_t)identity.a + UINT64_C(31) * (uint64_t)(uintptr_t)identity.b);
  size_t at = (size_t)hash & set->mask;
  for (; set->slots[at].place; at = (at + 1) & set->mask) {
    const corm_identity_slot *slot = &set->slots[at];
    if (corm_identity_same(slot->identity, identity)) return slot->place - 1;
  }
  set->slots[at] = (corm_identity_slot){identity, place + 1};
  return place;
}
