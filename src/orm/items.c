#include "orm/items.h"

#include <string.h>

#include "orm/keyed.h"

enum { LARGE = 256, PATIENCE = 8 };

/* What a large list has besides. */
typedef struct corm_crowd {
  const corm_mem *mem;
  uint32_t gap;      /* free items before the first one */
  uint64_t searched; /* items looked at by searches, as long as there is no set */
  /* Open addressing: each object as often as it is in the list; NULL: none was made. */
  const corm_object **set;
  uint32_t set_cap;
  struct corm_keys *keys; /* NULL: none was asked for */
} corm_crowd;

/* -- the set -- */

static uint32_t start_of(const corm_crowd *crowd, const corm_object *object) {
  const uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(hash >> 32) & (crowd->set_cap - 1);
}

static void drop_set(corm_crowd *crowd) {
  corm_mem_free(crowd->mem, crowd->set);
  crowd->set = NULL;
  crowd->set_cap = 0;
  crowd->searched = 0;
}

static void enter(corm_crowd *crowd, const corm_object *object) {
  uint32_t i = start_of(crowd, object);
  while (crowd->set[i]) i = (i + 1) & (crowd->set_cap - 1);
  crowd->set[i] = object;
}

/* Without memory for a set lists are searched from their beginning. */
static void make_set(const corm_items *items) {
  corm_crowd *crowd = items->crowd;
  uint32_t cap = LARGE;
  drop_set(crowd);
  if (items->n > UINT32_MAX / 8) return;
  while (cap < items->n * 3) cap *= 2;
  crowd->set = corm_mem_zalloc(crowd->mem, cap, sizeof *crowd->set);
  if (!crowd->set) return;
  crowd->set_cap = cap;
  for (uint32_t i = 0; i < items->n; i++) enter(crowd, items->ptr[i].object);
}

/* What stands behind the hole and may stand in it moves there, so that no search ends too early. */
static void leave(corm_crowd *crowd, const corm_object *object) {
  const uint32_t mask = crowd->set_cap - 1;
  uint32_t hole = start_of(crowd, object);
  while (crowd->set[hole] != object) hole = (hole + 1) & mask;
  for (uint32_t i = (hole + 1) & mask; crowd->set[i]; i = (i + 1) & mask) {
    const uint32_t start = start_of(crowd, crowd->set[i]);
    if (((i - start) & mask) < ((i - hole) & mask)) continue; /* it would come before its start */
    crowd->set[hole] = crowd->set[i];
    hole = i;
  }
  crowd->set[hole] = NULL;
}

static uint32_t count(const corm_crowd *crowd, const corm_object *object) {
  uint32_t n = 0;
  for (uint32_t i = start_of(crowd, object); crowd->set[i]; i = (i + 1) & (crowd->set_cap - 1))
    n += crowd->set[i] == object;
  return n;
}

/* -- searching -- */

static int64_t search(const corm_items *items, const corm_object *object) {
  for (uint32_t i = 0; i < items->n; i++)
    if (items->ptr[i].object == object) return i;
  return -1;
}

/* It is there, once. */
static int64_t search_from_both_ends(const corm_items *items, const corm_object *object) {
  uint32_t i = 0, last = items->n - 1;
  while (items->ptr[i].object != object && items->ptr[last].object != object) {
    i++;
    last--;
  }
  return items->ptr[i].object == object ? i : last;
}

int64_t corm_items_index(const corm_items *items, const corm_object *object) {
  corm_crowd *crowd = items->crowd;
  if (!crowd || !crowd->set) {
    const int64_t at = search(items, object);
    if (!crowd) return at;
    crowd->searched += at >= 0 ? (uint64_t)at : items->n;
    if (crowd->searched > (uint64_t)items->n * PATIENCE) make_set(items);
    return at;
  }
  const uint32_t times = count(crowd, object);
  if (!times) return -1;
  return times == 1 ? search_from_both_ends(items, object) : search(items, object);
}

bool corm_items_has(const corm_items *items, const corm_object *object) {
  return count(items->crowd, object) > 0;
}

bool corm_items_contains(const corm_items *items, const corm_object *object) {
  const bool known = items->crowd && items->crowd->set;
  return known ? corm_items_has(items, object) : corm_items_index(items, object) >= 0;
}

struct corm_keys **corm_items_keys(const corm_items *items) {
  if (!items->crowd || items->n <= LARGE) return NULL;
  if (!items->crowd->set) make_set(items);
  return items->crowd->set ? &items->crowd->keys : NULL;
}

/* -- room -- */

static void slide(corm_items *items) {
  corm_crowd *crowd = items->crowd;
  const uint32_t gap = crowd->gap;
  memmove(items->ptr - gap, items->ptr, items->n * sizeof *items->ptr);
  items->ptr -= gap;
  items->cap += gap;
  crowd->gap = 0;
}

static bool make_crowd(const corm_mem *mem, corm_items *items) {
  items->crowd = corm_mem_zalloc(mem, 1, sizeof *items->crowd);
  if (items->crowd) items->crowd->mem = mem;
  return items->crowd != NULL;
}

corm_status corm_items_reserve(const corm_mem *mem, corm_items *items, uint32_t n, corm_error *err) {
  if (n <= items->cap) return CORM_OK;
  if (items->crowd && items->crowd->gap) {
    /* Sliding pays when much is gained by it: otherwise each item that comes would move all others. */
    const bool enough = items->crowd->gap > items->n / 2;
    slide(items);
    if (enough && n <= items->cap) return CORM_OK;
  }
  uint32_t cap = items->cap ? (items->cap < 4 ? 8 : items->cap * 2) : n; /* what comes at once fits exactly */
  if (cap < n) cap = n;
  if (cap > LARGE && !items->crowd && !make_crowd(mem, items)) return corm_error_memory(err);
  corm_item *ptr = corm_mem_resize(mem, items->ptr, cap * sizeof *ptr);
  if (!ptr) return corm_error_memory(err);
  items->ptr = ptr;
  items->cap = cap;
  return CORM_OK;
}

/* -- coming and going -- */

void corm_items_insert(corm_items *items, uint32_t position, corm_object *object, uint32_t edge) {
  corm_crowd *crowd = items->crowd;
  const uint32_t after = items->n - position;
  if (crowd && crowd->gap && position < after) {
    items->ptr--;
    items->cap++;
    crowd->gap--;
    memmove(items->ptr, items->ptr + 1, position * sizeof *items->ptr);
  } else if (after) {
    memmove(&items->ptr[position + 1], &items->ptr[position], after * sizeof *items->ptr);
  }
  items->ptr[position] = (corm_item){object, edge};
  items->n++;
  if (crowd && crowd->keys) corm_keys_enter(crowd->keys, object);
  if (!crowd || !crowd->set) return;
  if (items->n > crowd->set_cap / 2)
    make_set(items);
  else
    enter(crowd, object);
}

corm_item corm_items_take(corm_items *items, uint32_t position) {
  corm_crowd *crowd = items->crowd;
  const corm_item item = items->ptr[position];
  const uint32_t after = --items->n - position;
  if (crowd && position < after) {
    memmove(items->ptr + 1, items->ptr, position * sizeof *items->ptr);
    items->ptr++;
    items->cap--;
    crowd->gap++;
  } else {
    memmove(&items->ptr[position], &items->ptr[position + 1], after * sizeof *items->ptr);
  }
  if (crowd && crowd->set) leave(crowd, item.object);
  return item;
}

void corm_items_cut(corm_items *items, uint32_t n) {
  items->n = n;
  if (!items->crowd) return;
  drop_set(items->crowd);
  corm_keys_free(items->crowd->keys);
  items->crowd->keys = NULL;
}

void corm_items_free(const corm_mem *mem, corm_items *items) {
  corm_crowd *crowd = items->crowd;
  corm_mem_free(mem, crowd ? items->ptr - crowd->gap : items->ptr);
  if (crowd) corm_keys_free(crowd->keys);
  if (crowd) corm_mem_free(mem, crowd->set);
  corm_mem_free(mem, crowd);
  *items = (corm_items){0};
}
