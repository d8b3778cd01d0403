/*
 * The list of edges to objects that a relationship keeps. Small ones are plain arrays. A large one knows which objects
 * it has once it was searched often, and gives away its first item as cheaply as its last, so that the objects of a
 * collection can go one by one, in their order or the other way round, in time proportional to their number. From the
 * middle, what stands on the shorter side moves.
 */
#ifndef CORM_ORM_ITEMS_H
#define CORM_ORM_ITEMS_H

#include "orm/entity.h"

typedef struct corm_item {
  corm_object *object;
  uint32_t edge;
} corm_item;

typedef struct corm_items {
  corm_item *ptr;
  uint32_t n, cap;          /* cap: room from ptr on */
  struct corm_crowd *crowd; /* NULL: it never was large */
} corm_items;

/* 0-based position of the first occurrence, or -1. */
int64_t corm_items_index(const corm_items *items, const corm_object *object);
bool corm_items_contains(const corm_items *items, const corm_object *object);
/* Of a large list: where its index by a value is kept (orm/keyed.h), and whether it has what may be an old address.
   NULL: the list is small, or there is no memory. */
struct corm_keys **corm_items_keys(const corm_items *items);
bool corm_items_has(const corm_items *items, const corm_object *object);

/* Makes room for n items in all. */
CORM_MUST_USE corm_status corm_items_reserve(const corm_mem *mem, corm_items *items, uint32_t n, corm_error *err);
/* Room must have been reserved. */
void corm_items_insert(corm_items *items, uint32_t position, corm_object *object, uint32_t edge);
corm_item corm_items_take(corm_items *items, uint32_t position);

/* Keeps the first n items, after the caller wrote over some of them. */
void corm_items_cut(corm_items *items, uint32_t n);
/* Gives back the memory; drops no edges, follows no pointer. */
void corm_items_free(const corm_mem *mem, corm_items *items);

#endif
