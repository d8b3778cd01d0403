#include "orm/backs.h"

/* Looks at all objects before entries are made, and objects below which looking is cheap. */
enum { WALKS = 4, FEW = 256 };

typedef struct entry {
  const corm_object *target; /* maybe gone: an address to compare */
  corm_object *holder;       /* likewise, until it is found in the identity map */
  uint32_t hash;             /* of the holder's identity */
  uint32_t next;             /* position + 1 of the next entry of the bucket */
} entry;

typedef struct corm_backs {
  uint32_t *heads; /* position + 1 of the first entry */
  uint32_t nheads; /* a power of two */
  entry *entries;
  uint32_t n, cap;
  uint32_t first; /* how many there were at first */
} corm_backs;

static uint32_t bucket_of(const corm_backs *backs, const corm_object *target) {
  return (uint32_t)((uint64_t)(uintptr_t)target * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (backs->nheads - 1);
}

void corm_backs_drop(corm_session *session) {
  corm_backs *backs = session->backs;
  session->walked = 0;
  if (!backs) return;
  corm_mem_free(session->mem, backs->heads);
  corm_mem_free(session->mem, backs->entries);
  corm_mem_free(session->mem, backs);
  session->backs = NULL;
}

static bool grow(const corm_mem *mem, corm_backs *backs) {
  const uint32_t cap = backs->cap ? backs->cap * 2 : FEW;
  entry *entries = cap > backs->cap ? corm_mem_resize(mem, backs->entries, cap * sizeof *entries) : NULL;
  if (!entries) return false;
  backs->entries = entries;
  backs->cap = cap;
  corm_mem_free(mem, backs->heads);
  backs->heads = corm_mem_zalloc(mem, cap, sizeof *backs->heads);
  if (!backs->heads) return false;
  backs->nheads = cap;
  for (uint32_t i = 0; i < backs->n; i++) {
    uint32_t *head = &backs->heads[bucket_of(backs, entries[i].target)];
    entries[i].next = *head;
    *head = i + 1;
  }
  return true;
}

void corm_backs_enter(corm_session *session, corm_object *holder, corm_object *target) {
  corm_backs *backs = session->backs;
  if (!(holder->flags & CORM_OBJECT_IN_MAP)) return; /* it is entered when it comes into the map */
  /* When most of them may be old, it is time to look at all again. */
  const bool old = backs->n > FEW && backs->n / WALKS > backs->first + session->identity.count;
  if (old || (backs->n == backs->cap && !grow(session->mem, backs))) {
    corm_backs_drop(session);
    return;
  }
  uint32_t *head = &backs->heads[bucket_of(backs, target)];
  backs->entries[backs->n] = (entry){target, holder, holder->hash, *head};
  *head = ++backs->n;
}

void corm_backs_enter_all(corm_session *session, corm_object *holder) {
  for (uint32_t i = 0; i < corm_object_link_count(holder); i++) {
    const corm_link *link = corm_object_link_at(holder, i);
    const corm_items *items = corm_link_items(link);
    if (corm_link_one(link) && session->backs) corm_backs_enter(session, holder, corm_link_one(link));
    for (uint32_t k = 0; session->backs && k < items->n; k++) corm_backs_enter(session, holder, items->ptr[k].object);
  }
}

void corm_backs_walked(corm_session *session) {
  const corm_host *host = session->host;
  const corm_identity *map = &session->identity;
  session->walked += map->cap;
  if (map->count < FEW || session->walked < (uint64_t)map->cap * WALKS) return;
  corm_backs_drop(session);
  corm_backs *backs = corm_mem_zalloc(session->mem, 1, sizeof *backs);
  if (backs && !grow(session->mem, backs)) {
    corm_mem_free(session->mem, backs->entries);
    corm_mem_free(session->mem, backs);
    backs = NULL;
  }
  session->backs = backs;
  for (uint32_t i = 0; session->backs && i < map->cap; i++) {
    corm_object *object = map->entries[i].object;
    if (object && object->links.n && host->alive(host->ctx, object)) corm_backs_enter_all(session, object);
  }
  if (session->backs) session->backs->first = session->backs->n;
}

/* The entry's holder, if it is in the session still: only then it may be looked at. */
static corm_object *find_holder(const corm_session *session, const entry *found) {
  const corm_identity *map = &session->identity;
  for (uint32_t i = corm_identity_start(map, found->hash); map->entries[i].object; i = corm_identity_next(map, i))
    if (map->entries[i].object == found->holder) return found->holder;
  return NULL;
}

corm_object *corm_backs_next(const corm_session *session, const corm_object *target, uint32_t *position) {
  const corm_backs *backs = session->backs;
  const corm_host *host = session->host;
  uint32_t at = *position ? backs->entries[*position - 1].next : backs->heads[bucket_of(backs, target)];
  for (; at; at = backs->entries[at - 1].next) {
    const entry *found = &backs->entries[at - 1];
    corm_object *holder = found->target == target && session->identity.cap ? find_holder(session, found) : NULL;
    *position = at;
    if (holder && host->alive(host->ctx, holder)) return holder;
  }
  return NULL;
}
