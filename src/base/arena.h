/*
 * Memory with one lifetime: allocate forward, free all at once. A fixed arena works inside a block that the
 * caller owns and never grows. Built with CORM_MALLOC_ARENAS every allocation is a block of its own, so that
 * sanitizers see each of them.
 */
#ifndef CORM_BASE_ARENA_H
#define CORM_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

typedef struct corm_arena_block corm_arena_block;

typedef struct corm_arena {
  const corm_mem *mem; /* NULL: fixed */
  corm_arena_block *blocks;
  char *next;
  char *end;
  bool failed; /* sticky: some allocation returned NULL */
} corm_arena;

/* Prepares an empty arena; allocates nothing yet. */
void corm_arena_init(corm_arena *arena, const corm_mem *mem);

/* Prepares an arena over the caller's block; allocations past its end fail. They are aligned as the block is, which
   must be 8 at least (Lua's userdata with user values has no more). Clear and reset do nothing to a fixed arena. */
void corm_arena_init_fixed(corm_arena *arena, void *block, size_t size);

/* Frees every block; the arena is empty and usable again. */
void corm_arena_clear(corm_arena *arena);

/* Forgets all allocations but keeps the newest block for the next use. */
void corm_arena_reset(corm_arena *arena);

/* What an allocation of this size takes from the arena: for measuring the block of a fixed one. */
#define CORM_ARENA_ROUND(size) (((size_t)(size) + 15) & ~(size_t)15)

/* What does not fit into the current block. */
void *corm_arena_more(corm_arena *arena, size_t size);

/* Returns size bytes aligned to 16, uninitialised; NULL (and `failed`) when out of memory. Size 0 is allowed. */
static inline void *corm_arena_alloc(corm_arena *arena, size_t size) {
  const size_t left = (size_t)(arena->end - arena->next);
  /* The first comparison keeps the rounding from overflowing. */
  if (size > left || CORM_ARENA_ROUND(size) > left || !arena->next) return corm_arena_more(arena, size);
  void *ptr = arena->next;
  arena->next += CORM_ARENA_ROUND(size);
  return ptr;
}

/* The same for count * size zeroed bytes; an overflowing product fails. */
void *corm_arena_zalloc(corm_arena *arena, size_t count, size_t size);

/* Room for twice as many items as the *cap that are full, for 32 where *cap is 0: returns it with the old items copied
   and sets *cap. NULL when out of memory, *cap unchanged; the old items stay in any case. */
void *corm_arena_grow(corm_arena *arena, const void *items, size_t *cap, size_t size);

/* Returns a copy of size bytes. */
void *corm_arena_copy(corm_arena *arena, const void *from, size_t size);

/* Returns a NUL-terminated copy of len bytes. */
char *corm_arena_dup(corm_arena *arena, const char *text, size_t len);

#endif
