/* What a class below that of a query adds to its rows, read by a statement after them: SELECT engineer.engineer_id,
   engineer.skill FROM engineer WHERE engineer.engineer_id IN (?, ?) for the engineers among the employees. */
#include "orm/loader.h"

/* -- planning -- */

corm_status corm_below_add(corm_loader *loader, corm_load_entity *entity, const corm_mapper *below, corm_error *err) {
  corm_load_job **end = &entity->jobs;
  for (; *end; end = &(*end)->next)
    if ((*end)->below == below) return CORM_OK;
  corm_load_job *job = corm_arena_zalloc(&loader->arena, 1, sizeof *job);
  if (!job) return corm_error_memory(err);
  job->below = below;
  corm_vec_init(&job->parents, loader->mem);
  corm_vec_init(&job->found, loader->mem);
  *end = job;
  return CORM_OK;
}

static bool is_below(const corm_mapper *mapper, const corm_mapper *base) {
  return mapper != base && corm_mapper_isa(mapper, base);
}

corm_status corm_below_plan(corm_loader *loader, corm_load_entity *entity, corm_error *err) {
  const corm_mapper *base = entity->mapper;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < entity->noptions; i++) {
    const corm_load_option *option = entity->options[i];
    if (option->columns != CORM_COLUMNS_BELOW || !is_below(option->mapper, base)) continue;
    if (corm_load_is_meant(entity, option->of)) status = corm_below_add(loader, entity, option->mapper, err);
  }
  const corm_map_entry *entry;
  for (size_t pos = 0; status == CORM_OK && base->widens && (entry = corm_map_next(&base->registry->classes, &pos));) {
    const corm_mapper *mapper = entry->value;
    if (mapper->selectin && is_below(mapper, base)) status = corm_below_add(loader, entity, mapper, err);
  }
  return status;
}

/* -- the statement -- */

/* The lowest class of a job that the object is of is the one that reads its row. */
static bool is_for(const corm_load_entity *entity, const corm_mapper *below, const corm_object *object) {
  if (!corm_mapper_isa(object->mapper, below)) return false;
  for (const corm_load_job *job = entity->jobs; job; job = job->next)
    if (job->below && is_below(job->below, below) && corm_mapper_isa(object->mapper, job->below)) return false;
  return true;
}

/* Notes the slots that the object has not got; true: there are some. What it has of the entity's own class and is
   expired was in the row, or is not wanted. */
static bool add_missing(const corm_load_entity *entity, const corm_mapper *below, const corm_object *object,
                        uint64_t *set) {
  bool any = false;
  for (uint32_t i = 0; i < below->nattributes; i++) {
    const uint8_t flags = object->slots[i].flags;
    if (!(flags & CORM_VALUE_EXPIRED) || (flags & CORM_VALUE_ALONE)) continue;
    if (!(flags & CORM_VALUE_LATER) && i < entity->mapper->nattributes) continue;
    set[i / 64] |= UINT64_C(1) << (i % 64);
    any = true;
  }
  return any;
}

/* The keys of the next objects, npk each. */
static uint32_t collect(const corm_loader *loader, corm_load_entity *entity, corm_value *keys, uint64_t *set) {
  const corm_mapper *below = entity->jobs->below;
  uint32_t n = 0;
  while (entity->offset < entity->seen.len && n < CORM_GATHER_KEYS / below->npk) {
    corm_object *object = entity->seen.items[entity->offset++];
    if (object->session != loader->session || !is_for(entity, below, object)) continue;
    if (!add_missing(entity, below, object, set)) continue;
    for (uint32_t i = 0; i < below->npk; i++) {
      keys[n * below->npk + i] = *corm_object_committed(object, below->pk[i]);
      keys[n * below->npk + i].flags = 0;
    }
    n++;
  }
  return n;
}

static const corm_node *criterion(corm_arena *arena, const corm_mapper *below, const corm_bundle *bundle,
                                  const corm_value *keys, uint32_t n) {
  const corm_node **columns = corm_arena_zalloc(arena, below->npk, sizeof *columns);
  for (uint32_t i = 0; columns && i < below->npk; i++) columns[i] = corm_mapper_key_column(below, bundle, i);
  if (!columns) return NULL;
  if (below->npk == 1) return corm_in_in(arena, CORM_OP_IN, columns[0], keys, n, 0);
  const corm_node *tuple = corm_tuple_in(arena, columns, below->npk);
  return tuple ? corm_in_in(arena, CORM_OP_IN, tuple, keys, (size_t)n * below->npk, below->npk) : NULL;
}

static corm_status open_keys(corm_loader *loader, const corm_mapper *below, const corm_value *keys, uint32_t n,
                             const uint64_t *set, corm_error *err) {
  corm_arena *arena = &loader->arena;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, 1, sizeof *columns);
  const corm_bundle *bundle = corm_mapper_columns_in(arena, below, set);
  if (!select || !columns || !bundle) return corm_error_memory(err);
  columns[0] = &bundle->base;
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = columns;
  select->ncolumns = 1;
  select->where = criterion(arena, below, bundle, keys, n);
  if (!select->where) return corm_error_memory(err);
  return corm_loader_open(loader, &select->base, NULL, NULL, 0, false, err);
}

corm_status corm_below_open(const corm_loader *loader, corm_load_entity *entity, corm_loader **out, corm_error *err) {
  const corm_mapper *below = entity->jobs->below;
  corm_loader *sub = NULL;
  corm_status status = corm_loader_make(loader->session, &sub, err);
  if (status != CORM_OK) return status;
  sub->columns_only = true;
  sub->of = below;
  corm_value *keys = corm_arena_alloc(&sub->arena, CORM_GATHER_KEYS * sizeof *keys);
  uint64_t *set = corm_arena_zalloc(&sub->arena, below->nattributes / 64 + (size_t)1, sizeof *set);
  const uint32_t n = keys && set ? collect(loader, entity, keys, set) : 0;
  status = !keys || !set ? corm_error_memory(err) : n ? open_keys(sub, below, keys, n, set, err) : CORM_DONE;
  if (status == CORM_OK) {
    *out = sub;
    return CORM_ROW;
  }
  corm_loader_free(sub);
  return status;
}
