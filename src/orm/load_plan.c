#include "orm/load_plan.h"

corm_load_plan *corm_load_plan_new(const corm_mem *mem, const corm_host *host) {
  corm_load_plan *plan = corm_mem_zalloc(mem, 1, sizeof *plan);
  if (!plan) return NULL;
  plan->mem = mem;
  plan->host = host;
  plan->refs = 1;
  corm_arena_init(&plan->arena, mem);
  return plan;
}

void corm_load_plan_release(corm_load_plan *plan) {
  if (!plan || --plan->refs) return;
  if (plan->host->plan_gone) plan->host->plan_gone(plan->host->ctx, plan);
  corm_arena_clear(&plan->arena);
  corm_mem_free(plan->mem, plan);
}
