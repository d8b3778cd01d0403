/* Which columns of an entity a statement reads: what its class says, and what the query's options say about it. */
#include <string.h>

#include "orm/loader.h"

/* -- options -- */

static bool is_about(const corm_load_entity *entity, const corm_load_option *option) {
  if (!option->columns || (option->mapper && !corm_mapper_isa(entity->mapper, option->mapper))) return false;
  if (!option->mapper) return true;
  return entity->parent || entity->bundle->from == (option->of ? option->of : entity->mapper->from);
}

static bool names(const corm_attribute *attribute, uint32_t slot, const corm_load_option *option) {
  if (option->group) return attribute->deferred && attribute->group && strcmp(attribute->group, option->group) == 0;
  return option->slot < 0 || (uint32_t)option->slot == slot;
}

static uint8_t later(bool raise) {
  return CORM_VALUE_EXPIRED | CORM_VALUE_LATER | CORM_VALUE_ALONE | (raise ? CORM_VALUE_RAISES : 0);
}

/* Before the first column of load_only is named, all are left out. */
static void leave_out_others(const corm_load_entity *entity, const corm_load_option *option, uint8_t *missing) {
  for (uint32_t i = 0; i < entity->mapper->nattributes; i++) missing[i] = later(option->raise);
}

/* True when an option was about the entity. */
static bool apply_options(const corm_load_entity *entity, uint8_t *missing) {
  const corm_mapper *mapper = entity->mapper;
  bool any = false, only = false;
  for (uint32_t k = 0; k < entity->noptions; k++) {
    const corm_load_option *option = entity->options[k];
    if (!is_about(entity, option)) continue;
    any = true;
    if (option->columns == CORM_COLUMNS_ONLY && !only) leave_out_others(entity, option, missing);
    only = only || option->columns == CORM_COLUMNS_ONLY;
    for (uint32_t i = 0; i < mapper->nattributes; i++)
      if (names(&mapper->attributes[i], i, option))
        missing[i] = option->columns == CORM_COLUMNS_DEFER ? later(option->raise) : 0;
  }
  return any;
}

/* -- what is needed whatever the options say -- */

static void need_pairs(const corm_relationship *relationship, bool far, uint8_t *missing) {
  if (relationship->direction == CORM_MANY_TO_MANY) {
    for (uint32_t i = 0; !far && i < relationship->nnear; i++) missing[relationship->near_secondary[i].slot] = 0;
    return;
  }
  for (uint32_t i = 0; i < relationship->npairs; i++)
    missing[far ? relationship->pairs[i].far_slot : relationship->pairs[i].near_slot] = 0;
}

/* The key, which class it is of, its version, and what relationships that are loaded with it are found by. */
static void need(const corm_loader *loader, const corm_load_entity *entity, uint8_t *missing) {
  const corm_mapper *mapper = entity->mapper;
  for (uint32_t i = 0; i < mapper->npk; i++) missing[mapper->pk[i]] = 0;
  if (mapper->discriminator >= 0) missing[mapper->discriminator] = 0;
  if (mapper->version >= 0) missing[mapper->version] = 0;
  for (const corm_load_job *job = entity->jobs; job; job = job->next) need_pairs(job->relationship, false, missing);
  for (size_t i = loader->nvisible; i < loader->entities.len; i++) {
    const corm_load_entity *joined = loader->entities.items[i];
    if (joined->parent == entity) need_pairs(joined->relationship, false, missing);
  }
  if (loader->fetch && entity == loader->entities.items[0]) need_pairs(loader->fetch->relationship, true, missing);
}

/* -- planning -- */

static bool has_column_options(const corm_load_entity *entity) {
  for (uint32_t i = 0; i < entity->noptions; i++)
    if (entity->options[i]->columns) return true;
  return false;
}

static bool is_as_it_is(const corm_load_entity *entity, const uint8_t *missing) {
  const corm_view *view = entity->bundle->view;
  for (uint32_t i = 0; i < entity->mapper->nattributes; i++) {
    const uint8_t now = view && view->place && view->missing ? view->missing[i] : 0;
    if (now != missing[i]) return false;
  }
  return true;
}

static corm_status plan_entity(const corm_loader *loader, corm_load_entity *entity, corm_arena *arena,
                               corm_error *err) {
  const corm_mapper *mapper = entity->mapper;
  if (!mapper->nlater && !has_column_options(entity)) return CORM_OK;
  const corm_view *view = entity->bundle->view;
  /* With columns of classes below, or those that a subquery has. */
  if (view && (view->nparts || (view->place && !view->missing))) return CORM_OK;
  uint8_t *missing = corm_arena_zalloc(arena, mapper->nattributes, 1);
  if (!missing) return corm_error_memory(err);
  corm_mapper_missing(mapper, missing);
  (void)apply_options(entity, missing);
  need(loader, entity, missing);
  if (is_as_it_is(entity, missing)) return CORM_OK;
  const corm_node *bundle = corm_mapper_bundle_without_in(arena, mapper, entity->bundle->from, missing);
  if (!bundle) return corm_error_memory(err);
  entity->bundle = (const corm_bundle *)bundle;
  return CORM_OK;
}

corm_status corm_selection_plan(corm_loader *loader, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < loader->entities.len; i++)
    status = plan_entity(loader, loader->entities.items[i], &loader->arena, err);
  return status;
}

corm_status corm_selection_apply(corm_loader *loader, const corm_select *select, const corm_select **out,
                                 corm_error *err) {
  bool same = true;
  uint32_t k = 0;
  *out = select;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    if (bundle->base.kind != CORM_NODE_BUNDLE || !bundle->owner) continue;
    same = same && ((const corm_load_entity *)loader->entities.items[k])->bundle == bundle;
    k++;
  }
  if (same) return CORM_OK;
  corm_select *copy = corm_arena_copy(&loader->arena, select, sizeof *select);
  const corm_node **columns = corm_arena_alloc(&loader->arena, select->ncolumns * sizeof *columns);
  if (!copy || !columns) return corm_error_memory(err);
  k = 0;
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    columns[i] = select->columns[i];
    if (bundle->base.kind != CORM_NODE_BUNDLE || !bundle->owner) continue;
    columns[i] = &((const corm_load_entity *)loader->entities.items[k++])->bundle->base;
  }
  copy->columns = columns;
  *out = copy;
  return CORM_OK;
}
