#include "base/arena.h"

#include <stdint.h>
#include <string.h>

/* What no allocator gives; below it sums of a size and a header cannot overflow. */
#define TOO_MUCH ((size_t)PTRDIFF_MAX - 4096)

#define ALIGNMENT       ((size_t)16)
#define FIRST_BLOCK     ((size_t)1024)
#define LARGEST_REGULAR ((size_t)64 * 1024)
#define FIRST_ITEMS     ((size_t)32)

struct corm_arena_block {
  corm_arena_block *older;
  size_t size; /* of the payload */
};

/* The header keeps the payload at the alignment that the allocator gave. */
#define HEADER ((sizeof(corm_arena_block) + ALIGNMENT - 1) & ~(ALIGNMENT - 1))

static void *fail(corm_arena *arena) {
  arena->failed = true;
  return NULL;
}

static char *payload(corm_arena_block *block) {
  return (char *)block + HEADER;
}

static void free_blocks(const corm_mem *mem, corm_arena_block *block) {
  while (block) {
    corm_arena_block *older = block->older;
    corm_mem_free(mem, block);
    block = older;
  }
}

static corm_arena_block *new_block(const corm_mem *mem, size_t size) {
  corm_arena_block *block = corm_mem_alloc(mem, HEADER + size);
  if (block) *block = (corm_arena_block){.older = NULL, .size = size};
  return block;
}

void corm_arena_init(corm_arena *arena, const corm_mem *mem) {
  *arena = (corm_arena){.mem = mem};
}

void corm_arena_init_fixed(corm_arena *arena, void *block, size_t size) {
  *arena = (corm_arena){.next = block, .end = (char *)block + size};
}

void corm_arena_clear(corm_arena *arena) {
  if (!arena->mem) return;
  free_blocks(arena->mem, arena->blocks);
  corm_arena_init(arena, arena->mem);
}

#ifdef CORM_MALLOC_ARENAS

void corm_arena_reset(corm_arena *arena) {
  corm_arena_clear(arena);
}

static void *grow(corm_arena *arena, size_t size, size_t rounded) {
  (void)rounded;
  corm_arena_block *block = new_block(arena->mem, size);
  if (!block) return fail(arena);
  block->older = arena->blocks;
  arena->blocks = block;
  return payload(block);
}

#else

static void use_block(corm_arena *arena, corm_arena_block *block) {
  arena->blocks = block;
  arena->next = payload(block);
  arena->end = arena->next + block->size;
}

void corm_arena_reset(corm_arena *arena) {
  if (!arena->mem) return;
  corm_arena_block *newest = arena->blocks;
  arena->failed = false;
  if (!newest) return;
  free_blocks(arena->mem, newest->older);
  newest->older = NULL;
  use_block(arena, newest);
}

static void *grow(corm_arena *arena, size_t size, size_t rounded) {
  (void)size;
  size_t regular = FIRST_BLOCK;
  if (arena->blocks) regular = arena->blocks->size < LARGEST_REGULAR / 2 ? arena->blocks->size * 2 : LARGEST_REGULAR;
  /* A large piece goes into a block of its own behind the current one, whose free room is not lost so. */
  if (arena->blocks && rounded > regular / 4) {
    corm_arena_block *own = new_block(arena->mem, rounded);
    if (!own) return fail(arena);
    own->older = arena->blocks->older;
    arena->blocks->older = own;
    return payload(own);
  }
  corm_arena_block *block = new_block(arena->mem, rounded > regular ? rounded : regular);
  if (!block) return fail(arena);
  block->older = arena->blocks;
  use_block(arena, block);
  void *ptr = arena->next;
  arena->next += rounded;
  return ptr;
}

#endif

void *corm_arena_more(corm_arena *arena, size_t size) {
  if (size > TOO_MUCH || !arena->mem) return fail(arena);
  return grow(arena, size, CORM_ARENA_ROUND(size));
}

void *corm_arena_zalloc(corm_arena *arena, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return fail(arena);
  void *ptr = corm_arena_alloc(arena, count * size);
  if (ptr) memset(ptr, 0, count * size);
  return ptr;
}

void *corm_arena_grow(corm_arena *arena, const void *items, size_t *cap, size_t size) {
  const size_t more = *cap ? *cap : FIRST_ITEMS;
  if (more > TOO_MUCH / 2 / size) return fail(arena);
  void *grown = corm_arena_alloc(arena, (*cap + more) * size);
  if (!grown) return NULL;
  if (*cap) memcpy(grown, items, *cap * size);
  *cap += more;
  return grown;
}

void *corm_arena_copy(corm_arena *arena, const void *from, size_t size) {
  void *copy = corm_arena_alloc(arena, size);
  if (copy && size) memcpy(copy, from, size);
  return copy;
}

char *corm_arena_dup(corm_arena *arena, const char *text, size_t len) {
  if (len == SIZE_MAX) return fail(arena);
  char *copy = corm_arena_alloc(arena, len + 1);
  if (!copy) return NULL;
  if (len) memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}
