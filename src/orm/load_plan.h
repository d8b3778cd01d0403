/*
 * What outlives a query: its loader options and criteria, for what the script loads later from its objects. The group
 * of an object's siblings leads to them, so that they cost no byte an object.
 */
#ifndef CORM_ORM_LOAD_PLAN_H
#define CORM_ORM_LOAD_PLAN_H

#include "base/arena.h"
#include "orm/host.h"
#include "sql/criteria.h"

/* Conditions of classes wherever the query names them: one with_loader_criteria(). */
typedef struct corm_criterion {
  bool aliases;    /* of aliases that the script made, too */
  bool propagates; /* of what is loaded with the objects and from them, too */
} corm_criterion;

/* What the criteria say of one class, once it was met. */
typedef struct corm_class_criteria {
  struct corm_class_criteria *next;
  const corm_mapper *mapper;
  const corm_node *const *conditions; /* one of each criterion; NULL: it is not about the class */
} corm_class_criteria;

typedef struct corm_load_plan {
  const corm_mem *mem;
  const corm_host *host;
  uint32_t refs;
  corm_arena arena; /* of the options */
  corm_criterion *criteria;
  uint32_t ncriteria;
  corm_class_criteria *known;
  struct corm_load_plan *more; /* one reference; NULL: none. Its criteria hold where these do */
} corm_load_plan;

/* One reference is the caller's. NULL when out of memory. */
corm_load_plan *corm_load_plan_new(const corm_mem *mem, const corm_host *host);
static inline corm_load_plan *corm_load_plan_acquire(corm_load_plan *plan) {
  if (plan) plan->refs++;
  return plan;
}
/* With the last reference the host is told. NULL is fine. */
void corm_load_plan_release(corm_load_plan *plan);

/* A plan with the criteria of both, which may be NULL; borrowed: `plan`, to which `also` is added, or `also` itself. */
corm_load_plan *corm_load_plan_join(corm_load_plan *plan, corm_load_plan *also);

/* True when what is loaded from the query's objects goes by some of its criteria. plan: may be NULL. */
bool corm_load_plan_propagates(const corm_load_plan *plan);

/* The criteria of a plan as one statement is compiled with them. */
typedef struct corm_plan_criteria {
  corm_criteria base;
  corm_load_plan *plan; /* NULL: none */
  corm_load_plan *also; /* what holds of this statement alone; NULL: nothing */
  bool later;           /* the statement loads what belongs to the objects of the plan's query */
} corm_plan_criteria;

/* Fills `out`, which must stay where it is, and returns it as the compiler takes it; NULL where there are none. The
   plans, which may be NULL, must outlive the statement's execution. */
const corm_criteria *corm_plan_criteria_init(corm_plan_criteria *out, corm_load_plan *plan, corm_load_plan *also,
                                             bool later);
/* *out: whether they say something of the class's own FROM. criteria: NULL: they do not. */
CORM_MUST_USE corm_status corm_criteria_concern(const corm_criteria *criteria, corm_arena *arena,
                                                const corm_mapper *mapper, bool *out, corm_error *err);
/* InvalidRequestError when they are about a class that no table stands for, so that they would have no effect. */
CORM_MUST_USE corm_status corm_criteria_refuse(const corm_criteria *criteria, const corm_mapper *mapper,
                                               corm_error *err);

#endif
