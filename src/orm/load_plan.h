/*
 * What outlives a query: its loader options, for what the script loads later from its objects. The group of an object's
 * siblings leads to them, so that they cost no byte an object.
 */
#ifndef CORM_ORM_LOAD_PLAN_H
#define CORM_ORM_LOAD_PLAN_H

#include "base/arena.h"
#include "orm/host.h"

typedef struct corm_load_plan {
  const corm_mem *mem;
  const corm_host *host;
  uint32_t refs;
  corm_arena arena; /* of the options */
} corm_load_plan;

/* One reference is the caller's. NULL when out of memory. */
corm_load_plan *corm_load_plan_new(const corm_mem *mem, const corm_host *host);
static inline corm_load_plan *corm_load_plan_acquire(corm_load_plan *plan) {
  if (plan) plan->refs++;
  return plan;
}
/* With the last reference the host is told. NULL is fine. */
void corm_load_plan_release(corm_load_plan *plan);

#endif
