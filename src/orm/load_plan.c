#include "orm/load_plan.h"

#include "orm/mapper.h"
#include "sql/adapt.h"

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
  while (plan && !--plan->refs) {
    corm_load_plan *more = plan->more;
    if (plan->host->plan_gone) plan->host->plan_gone(plan->host->ctx, plan);
    corm_arena_clear(&plan->arena);
    corm_mem_free(plan->mem, plan);
    plan = more;
  }
}

corm_load_plan *corm_load_plan_join(corm_load_plan *plan, corm_load_plan *also) {
  corm_load_plan *last = plan;
  if (!plan || !also) return plan ? plan : also;
  for (; last != also && last->more; last = last->more) continue;
  if (last != also) last->more = corm_load_plan_acquire(also);
  return plan;
}

bool corm_load_plan_propagates(const corm_load_plan *plan) {
  for (; plan; plan = plan->more)
    for (uint32_t i = 0; i < plan->ncriteria; i++)
      if (plan->criteria[i].propagates) return true;
  return false;
}

/* -- criteria ------------------------------------------------------------------------------------------------------ */

/* The host's script is asked once for each class, so that what is loaded later goes by what held for the query. */
static corm_status conditions_of(corm_load_plan *plan, const corm_mapper *mapper, const corm_node *const **out,
                                 corm_error *err) {
  const corm_host *host = plan->host;
  for (const corm_class_criteria *known = plan->known; known; known = known->next) {
    *out = known->conditions;
    if (known->mapper == mapper) return CORM_OK;
  }
  const corm_node **conditions = corm_arena_zalloc(&plan->arena, plan->ncriteria, sizeof *conditions);
  corm_class_criteria *entry = corm_arena_zalloc(&plan->arena, 1, sizeof *entry);
  if (!conditions || !entry) return corm_error_memory(err);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < plan->ncriteria; i++)
    status = host->criterion(host->ctx, plan, i, mapper, &conditions[i], err);
  if (status != CORM_OK) return status;
  *entry = (corm_class_criteria){plan->known, mapper, conditions};
  plan->known = entry;
  *out = conditions;
  return CORM_OK;
}

/* The class in the condition is the alias; or its table, of which a row is read by key, where it is a union else. */
typedef struct said_of {
  const corm_mapper *mapper;
  const corm_node *to;
} said_of;

static const corm_node *adapt_from(void *ctx, const corm_node *from) {
  const said_of *s = ctx;
  if (s->mapper->united && from == s->mapper->united) return s->to;
  if (from->kind != CORM_NODE_TABLE) return from;
  for (uint32_t t = 0; t < s->mapper->ntables; t++)
    if (s->mapper->tables[t].table == ((const corm_table_node *)from)->table)
      return corm_mapper_level_from(s->mapper, t, s->to);
  return from;
}

static const corm_node *adapt_column(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const corm_node *from = column->from ? adapt_from(ctx, column->from) : NULL;
  if (from == column->from || !column->column) return &column->base;
  return corm_column_node_in(arena, column->column, from);
}

static bool applies(const corm_criterion *criterion, const corm_node *from, bool later) {
  const bool alias = from->kind == CORM_NODE_ALIAS, followed = alias && (from->flags & CORM_ALIAS_FOLLOWED);
  if ((later || followed) && !criterion->propagates) return false;
  return !alias || followed || criterion->aliases;
}

/* *out AND what one plan says of the FROM. */
static corm_status add_one(corm_load_plan *plan, bool later, corm_arena *arena, const corm_node *from,
                           const corm_node **out, corm_error *err) {
  const corm_mapper *mapper = corm_from_table(from)->owner;
  const bool alias = from->kind == CORM_NODE_ALIAS, adapts = alias || mapper->united;
  said_of s = {mapper, alias && ((const corm_alias *)from)->whole ? ((const corm_alias *)from)->whole : from};
  const corm_adapt adapt = {.column = adapt_column, .from = adapt_from, .ctx = &s};
  const corm_node *const *conditions;
  if (!plan->ncriteria) return CORM_OK;
  if (conditions_of(plan, mapper, &conditions, err) != CORM_OK) return CORM_FAILED;
  for (uint32_t i = 0; i < plan->ncriteria; i++) {
    if (!conditions[i] || !applies(&plan->criteria[i], from, later)) continue;
    const corm_node *said = adapts                  ? corm_adapt_in(arena, conditions[i], &adapt)
                            : from == mapper->local ? corm_mapper_local_condition_in(arena, mapper, conditions[i])
                                                    : conditions[i];
    const corm_node *items[2] = {*out, said};
    *out = *out && items[1] ? corm_and_or_in(arena, CORM_OP_AND, items, 2) : items[1];
    if (!*out) return corm_error_memory(err);
  }
  return CORM_OK;
}

static corm_status add_plan(corm_load_plan *plan, bool later, corm_arena *arena, const corm_node *from,
                            const corm_node **out, corm_error *err) {
  corm_status status = CORM_OK;
  for (; plan && status == CORM_OK; plan = plan->more) status = add_one(plan, later, arena, from, out, err);
  return status;
}

static corm_status find(void *ctx, corm_arena *arena, const corm_node *from, const corm_node **out, corm_error *err) {
  const corm_plan_criteria *self = ctx;
  *out = NULL;
  corm_status status = add_plan(self->plan, self->later, arena, from, out, err);
  return status == CORM_OK ? add_plan(self->also, false, arena, from, out, err) : status;
}

const corm_criteria *corm_plan_criteria_init(corm_plan_criteria *out, corm_load_plan *plan, corm_load_plan *also,
                                             bool later) {
  const bool some = plan && (later ? corm_load_plan_propagates(plan) : plan->ncriteria > 0 || plan->more);
  if (!some && !also) return NULL;
  *out = (corm_plan_criteria){{find, out}, plan, also, later};
  return &out->base;
}

corm_status corm_criteria_concern(const corm_criteria *criteria, corm_arena *arena, const corm_mapper *mapper,
                                  bool *out, corm_error *err) {
  const corm_node *condition = NULL;
  *out = false;
  if (!criteria) return CORM_OK;
  corm_status status = criteria->find(criteria->ctx, arena, mapper->tables[0].from, &condition, err);
  *out = condition != NULL;
  return status;
}

/* `below`: the class, or one whose rows its union has. */
static corm_status refuse_if_any(corm_load_plan *plan, bool later, const corm_mapper *mapper, const corm_mapper *below,
                                 corm_error *err) {
  const corm_node *const *conditions;
  if (conditions_of(plan, below, &conditions, err) != CORM_OK) return CORM_FAILED;
  for (uint32_t i = 0; i < plan->ncriteria; i++)
    if (conditions[i] && (!later || plan->criteria[i].propagates))
      return corm_error_set(
          err, CORM_E_INVALID_REQUEST,
          "with_loader_criteria does not reach the rows of %s%s%s, which come from a select or a union of "
          "tables: say the condition in the query, or in what the class is mapped to",
          below->name, below == mapper ? "" : " among those of ", below == mapper ? "" : mapper->name);
  return CORM_OK;
}

static corm_status refuse_one(corm_load_plan *plan, bool later, const corm_mapper *mapper, corm_error *err) {
  const corm_map_entry *entry;
  if (!plan->ncriteria) return CORM_OK;
  corm_status status = refuse_if_any(plan, later, mapper, mapper, err);
  for (size_t pos = 0; mapper->united && (entry = corm_map_next(&mapper->registry->classes, &pos)) != NULL;) {
    const corm_mapper *below = entry->value;
    if (status == CORM_OK && below != mapper && corm_mapper_isa(below, mapper))
      status = refuse_if_any(plan, later, mapper, below, err);
  }
  return status;
}

static corm_status refuse_all(corm_load_plan *plan, bool later, const corm_mapper *mapper, corm_error *err) {
  corm_status status = CORM_OK;
  for (; plan && status == CORM_OK; plan = plan->more) status = refuse_one(plan, later, mapper, err);
  return status;
}

corm_status corm_criteria_refuse(const corm_criteria *criteria, const corm_mapper *mapper, corm_error *err) {
  const corm_plan_criteria *self = criteria ? criteria->ctx : NULL;
  if (!self) return CORM_OK;
  corm_status status = refuse_all(self->plan, self->later, mapper, err);
  return status == CORM_OK ? refuse_all(self->also, false, mapper, err) : status;
}
