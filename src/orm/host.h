/*
 * What the ORM core asks of the host that holds its objects (a Lua state; ten lines of C in unit tests). The core
 * never allocates an object's block and never keeps it alive: the host does. Every entry may be called in the middle of
 * core work, so the host's side must not unwind through it: Lua errors are caught and come back as CORM_FAILED with
 * err->from_hook.
 */
#ifndef CORM_ORM_HOST_H
#define CORM_ORM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"
#include "orm/event.h"
#include "schema/column.h"

typedef struct corm_object corm_object;
typedef struct corm_session corm_session;
typedef struct corm_loader corm_loader;
typedef struct corm_mapper corm_mapper;
struct corm_bind_wish;
struct corm_engine;
struct corm_item;
struct corm_load_plan;
struct corm_node;

typedef struct corm_host {
  void *ctx;

  /* Keeps an object alive until unpinned; never nested (the core counts). MemoryError. */
  corm_status (*pin)(void *ctx, corm_object *object, corm_error *err);
  void (*unpin)(void *ctx, corm_object *object);
  /* Until another object is made pinning neither fails nor runs anything. MemoryError. */
  corm_status (*pins_reserve)(void *ctx, corm_error *err);

  /* False when the object is condemned by the collector and only waits for its finalizer. */
  bool (*alive)(void *ctx, const corm_object *object);

  /* `from` points to n objects `to`: keep them alive as long as it lives. Writes one edge number for each (>= 1). */
  corm_status (*edges_add)(void *ctx, corm_object *from, corm_object *const *to, uint32_t n, uint32_t *edges,
                           corm_error *err);
  /* The same for n objects that each point to `to`. When it fails, edges that were made live as long as their object.
   */
  corm_status (*edges_to)(void *ctx, corm_object *const *from, uint32_t n, corm_object *to, uint32_t *edges,
                          corm_error *err);
  /* Those of n items; one without an edge has the number 0. Neither fails nor runs anything. */
  void (*edges_drop)(void *ctx, corm_object *from, const struct corm_item *items, uint32_t n);

  /* A transient object without values, pinned. MemoryError. */
  corm_status (*make)(void *ctx, corm_mapper *mapper, corm_object **out, corm_error *err);

  /* corm_object_set as when a script assigns: validators and listeners are asked first. */
  corm_status (*assign)(void *ctx, corm_object *object, uint32_t slot, const corm_value *value, corm_error *err);

  /* corm_object_rewrite with what has become of the value that the host holds of a slot. ArgumentError, DataError for
     what its column does not take. */
  corm_status (*reread)(void *ctx, corm_object *object, uint32_t slot, corm_error *err);

  /* Runs a loader to its end: steps, gives blocks, links (see orm/load.h). */
  corm_status (*run_loader)(void *ctx, corm_loader *loader, corm_error *err);

  /* The session that an object without a row, or without a session, is to load relationships by; NULL: none. Must
     neither fail nor run anything. NULL: the host has none such. */
  corm_session *(*loads_by)(void *ctx, const corm_object *object);

  /* Tells the script what it might do better; the host knows where the script is. NULL: it does not want to know. */
  void (*warn)(void *ctx, const char *text);

  /* Keeps the object that a flush failed for until the error is raised: sets err->blamed. Must neither fail nor run
     anything. NULL: the host does not tell. */
  void (*blame)(void *ctx, const corm_object *object, corm_error *err);

  /* Nobody needs the options of a query any more. Must neither fail nor run anything. NULL: the host keeps nothing for
     them. */
  void (*plan_gone)(void *ctx, struct corm_load_plan *plan);

  /* What the plan's criterion of that number says of a class: a condition, which the host keeps as long as the plan, or
     NULL: it is about other classes. NULL where no plan has criteria. */
  corm_status (*criterion)(void *ctx, struct corm_load_plan *plan, uint32_t number, const corm_mapper *mapper,
                           const struct corm_node **out, corm_error *err);

  /* Of a session that is routed: the engine for what is wished (orm/binds.h), borrowed and alive as long as the
     session; NULL: nothing is said. NULL where no session is. */
  corm_status (*route)(void *ctx, corm_session *session, const struct corm_bind_wish *wish, struct corm_engine **out,
                       corm_error *err);

  /* Calls a default or onupdate function for one row. *out borrows until the next host call. */
  corm_status (*call_default)(void *ctx, corm_object *object, const corm_column *column, int hook, corm_value *out,
                              corm_error *err);

  /* Tells whoever listens of an event. */
  corm_status (*event)(void *ctx, const corm_news *news, corm_error *err);
  /* Tells of a load, and asks what is to hold of its statement besides: a plan with criteria, of which one reference is
     the caller's, or NULL. */
  corm_status (*before_load)(void *ctx, const corm_load_news *news, struct corm_load_plan **out, corm_error *err);
  /* Asks about a change of a relationship that is `hooked`. */
  corm_status (*attribute)(void *ctx, corm_attribute_news *news, corm_error *err);
  /* Union of the bits of all mappers, maybe with some more. */
  uint64_t (*listening)(void *ctx);
} corm_host;

#endif
