/*
 * A host in plain C for tests of the ORM: keeps objects alive by roots, pins and edges, collects the others by mark and
 * sweep in two steps (condemned first, finalized at the next collection), as a Lua state does.
 */
#ifndef CORM_SPEC_HOST_H
#define CORM_SPEC_HOST_H

#include "orm/items.h"
#include "orm/load.h"

#include "fail_mem.h"

typedef struct host_block {
  struct host_block *next;
  corm_object **edges; /* NULL entries are free */
  uint32_t nedges;
  int roots; /* by the test, or by a running load */
  bool pinned, marked, condemned;
  corm_object object; /* slots and text follow */
} host_block;

typedef struct host {
  corm_host face; /* give &host.face to the core */
  const corm_mem *mem;
  host_block *blocks;
  size_t nblocks;
  size_t finalized;
  bool stress; /* collect at each allocation */
} host;

static inline host_block *host_block_of(const corm_object *object) {
  return (host_block *)((char *)(uintptr_t)object - offsetof(host_block, object));
}

static inline void host_mark(host_block *block) {
  if (block->marked) return;
  block->marked = true;
  for (uint32_t i = 0; i < block->nedges; i++)
    if (block->edges[i]) host_mark(host_block_of(block->edges[i]));
}

static inline void host_free_block(host *h, host_block *block) {
  corm_object_finalize(&block->object);
  corm_mem_free(h->mem, block->edges);
  corm_mem_free(h->mem, block);
  h->nblocks--;
}

/* Finalizes what was condemned the last time, condemns what nothing holds any more. */
static inline void host_collect(host *h) {
  for (host_block **p = &h->blocks, *block; (block = *p) != NULL;) {
    if (!block->condemned) {
      p = &block->next;
      continue;
    }
    *p = block->next;
    h->finalized++;
    host_free_block(h, block);
  }
  for (host_block *b = h->blocks; b; b = b->next) b->marked = false;
  for (host_block *b = h->blocks; b; b = b->next)
    if (b->roots || b->pinned) host_mark(b);
  for (host_block *b = h->blocks; b; b = b->next) b->condemned = !b->marked;
}

static inline corm_status host_pin(void *ctx, corm_object *object, corm_error *err) {
  host_block *block = host_block_of(object);
  assert_false(block->pinned);
  /* Whether it works is up to the allocator. */
  void *probe = corm_mem_alloc(((host *)ctx)->mem, 1);
  if (!probe) return corm_error_memory(err);
  corm_mem_free(((host *)ctx)->mem, probe);
  block->pinned = true;
  return CORM_OK;
}

static inline void host_unpin(void *ctx, corm_object *object) {
  (void)ctx;
  assert_true(host_block_of(object)->pinned);
  host_block_of(object)->pinned = false;
}

static inline bool host_alive(void *ctx, const corm_object *object) {
  (void)ctx;
  return !host_block_of(object)->condemned;
}

static inline corm_status host_edges_add(void *ctx, corm_object *from, corm_object *const *to, uint32_t n,
                                         uint32_t *edges, corm_error *err) {
  host *h = ctx;
  host_block *block = host_block_of(from);
  assert_false(block->condemned);
  uint32_t total = block->nedges + n;
  corm_object **list = corm_mem_resize(h->mem, block->edges, total * sizeof(corm_object *));
  if (!list) return corm_error_memory(err);
  block->edges = list;
  for (uint32_t i = 0; i < n; i++) {
    assert_false(host_block_of(to[i])->condemned);
    list[block->nedges + i] = to[i];
    edges[i] = block->nedges + i + 1;
  }
  block->nedges = total;
  if (h->stress) host_collect(h);
  return CORM_OK;
}

static inline corm_status host_edges_to(void *ctx, corm_object *const *from, uint32_t n, corm_object *to,
                                        uint32_t *edges, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = host_edges_add(ctx, from[i], &to, 1, &edges[i], err);
  return status;
}

static inline void host_edges_drop(void *ctx, corm_object *from, const corm_item *items, uint32_t n) {
  (void)ctx;
  host_block *block = host_block_of(from);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t edge = items[i].edge;
    if (!edge) continue;
    assert_in_range(edge, 1, block->nedges);
    assert_non_null(block->edges[edge - 1]);
    block->edges[edge - 1] = NULL;
  }
}

/* -- running loaders -- */

typedef struct host_values {
  const corm_mem *mem;
  corm_object **objects; /* of the first entity; held by a root each */
  size_t n, cap;
} host_values;

static inline bool host_keep(host_values *values, corm_object *object) {
  if (values->n == values->cap) {
    size_t cap = values->cap ? values->cap * 2 : 16;
    corm_object **objects = corm_mem_resize(values->mem, values->objects, cap * sizeof(corm_object *));
    if (!objects) return false;
    values->objects = objects;
    values->cap = cap;
  }
  if (object) host_block_of(object)->roots++;
  values->objects[values->n++] = object;
  return true;
}

static inline void host_drop(host_values *values) {
  for (size_t i = 0; i < values->n; i++)
    if (values->objects[i]) host_block_of(values->objects[i])->roots--;
  corm_mem_free(values->mem, values->objects);
  values->objects = NULL;
  values->n = values->cap = 0;
}

static inline corm_object *host_new_object(host *h, size_t size, corm_mapper *mapper) {
  if (h->stress) host_collect(h);
  host_block *block = corm_mem_zalloc(h->mem, 1, offsetof(host_block, object) + size);
  if (!block) return NULL;
  block->next = h->blocks;
  h->blocks = block;
  h->nblocks++;
  if (mapper) corm_object_init(&block->object, mapper);
  return &block->object;
}

static inline corm_status host_make(void *ctx, corm_mapper *mapper, corm_object **out, corm_error *err) {
  *out = host_new_object(ctx, corm_object_size(mapper, 0), mapper);
  return *out ? host_pin(ctx, *out, err) : corm_error_memory(err);
}

static inline corm_status host_assign(void *ctx, corm_object *object, uint32_t slot, const corm_value *value,
                                      corm_error *err) {
  (void)ctx;
  return corm_object_set(object, slot, value, err);
}

static inline corm_status host_take_entity(host *h, corm_loader *loader, uint32_t k, host_values *anchors,
                                           corm_object **out, corm_error *err) {
  size_t size = corm_loader_need(loader, k, out);
  if (size) {
    corm_object *block = host_new_object(h, size, NULL);
    if (!block) return corm_error_memory(err);
    *out = corm_loader_fill(loader, k, block, err);
    if (!*out) return CORM_FAILED;
    assert_ptr_equal(*out, block);
  }
  return host_keep(anchors, *out) ? CORM_OK : corm_error_memory(err);
}

static inline corm_status host_link(corm_loader *loader, host *h, corm_error *err) {
  corm_object *parent, *const *targets;
  uint32_t n;
  while (corm_loader_group(loader, &parent, &targets, &n)) {
    uint32_t *edges = corm_mem_alloc(h->mem, n * sizeof *edges);
    if (!edges) return corm_error_memory(err);
    corm_status status = host_edges_add(h, parent, targets, n, edges, err);
    if (status == CORM_OK) status = corm_loader_link(loader, edges, err);
    corm_mem_free(h->mem, edges);
    if (status != CORM_OK) return status;
  }
  return CORM_OK;
}

/* Runs a loader to its end; `values` (may be NULL) gets entity 0 of each row to be shown. */
static inline corm_status host_run_into(host *h, corm_loader *loader, host_values *values, corm_error *err) {
  host_values anchors = {.mem = h->mem};
  corm_loader *sub;
  corm_status status;
  while ((status = corm_loader_step(loader, err)) == CORM_ROW) {
    corm_object *first = NULL, *object;
    for (uint32_t k = 0; k < corm_loader_entities(loader); k++) {
      if (host_take_entity(h, loader, k, &anchors, &object, err) != CORM_OK) goto done;
      if (k == 0) first = object;
    }
    if (values && !corm_loader_duplicate(loader) && !host_keep(values, first)) {
      (void)corm_error_memory(err);
      goto done;
    }
  }
  if (status == CORM_DONE) status = host_link(loader, h, err);
  while (status == CORM_OK && (status = corm_loader_next(loader, &sub, err)) == CORM_ROW) {
    status = host_run_into(h, sub, NULL, err);
    corm_loader_free(sub);
  }
done:
  host_drop(&anchors);
  return status == CORM_DONE ? CORM_OK : CORM_FAILED;
}

static inline corm_status host_run_loader(void *ctx, corm_loader *loader, corm_error *err) {
  return host_run_into(ctx, loader, NULL, err);
}

/* -- hooks -- */

static inline corm_status host_call_default(void *ctx, corm_object *object, const corm_column *column, int hook,
                                            corm_value *out, corm_error *err) {
  (void)ctx;
  (void)object;
  (void)hook;
  (void)out;
  return corm_error_set(err, CORM_E_HOOK, "no default function for %s", column->name);
}

static inline corm_status host_pins_reserve(void *ctx, corm_error *err) {
  (void)ctx;
  (void)err;
  return CORM_OK;
}

static inline corm_status host_event(void *ctx, const corm_news *news, corm_error *err) {
  (void)ctx;
  (void)news;
  (void)err;
  return CORM_OK;
}

static inline corm_status host_attribute(void *ctx, corm_attribute_news *news, corm_error *err) {
  (void)ctx;
  (void)news;
  (void)err;
  return CORM_OK;
}

static inline uint64_t host_listening(void *ctx) {
  (void)ctx;
  return 0;
}

static inline void host_init(host *h, const corm_mem *mem) {
  *h = (host){.mem = mem,
              .face = {.pin = host_pin,
                       .unpin = host_unpin,
                       .pins_reserve = host_pins_reserve,
                       .alive = host_alive,
                       .edges_add = host_edges_add,
                       .edges_to = host_edges_to,
                       .edges_drop = host_edges_drop,
                       .make = host_make,
                       .assign = host_assign,
                       .run_loader = host_run_loader,
                       .call_default = host_call_default,
                       .event = host_event,
                       .attribute = host_attribute,
                       .listening = host_listening}};
  h->face.ctx = h;
}

/* Finalizes everything, as a closing state does. */
static inline void host_clear(host *h) {
  while (h->blocks) {
    host_block *block = h->blocks;
    h->blocks = block->next;
    host_free_block(h, block);
  }
}

#endif
