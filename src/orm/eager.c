/* Eager loading: which relationships of a query's objects are loaded with them, and how. */
#include "orm/loader.h"

static corm_load_option *find_option(const corm_load_entity *entity, const corm_relationship *relationship) {
  for (uint32_t i = 0; i < entity->noptions; i++)
    if (entity->options[i]->relationship == relationship) return entity->options[i];
  return NULL;
}

/* Joins of joins ...: each level is a C call here, and more tables than databases join. */
#define DEEPEST 100

static bool is_too_deep(const corm_load_entity *entity) {
  unsigned depth = 0;
  for (; entity->parent; entity = entity->parent) depth++;
  return depth >= DEEPEST;
}

/* By its own setting a relationship is not followed back to a class that the query came through. */
static bool comes_again(const corm_load_entity *entity, const corm_relationship *relationship) {
  for (const corm_load_path *path = &entity->path; path; path = path->up)
    if (path->mapper == relationship->target) return true;
  return false;
}

static corm_status add_job(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship,
                           const corm_load_option *option, corm_error *err) {
  corm_load_job *job = corm_arena_zalloc(&loader->arena, 1, sizeof *job);
  if (!job) return corm_error_memory(err);
  job->relationship = relationship;
  job->option = option;
  corm_load_job **end = &entity->jobs;
  while (*end) end = &(*end)->next;
  *end = job;
  return CORM_OK;
}

static corm_status add_override(corm_loader *loader, corm_load_entity *entity, corm_load_option *option,
                                corm_error *err) {
  if (!entity->overrides)
    entity->overrides = corm_arena_zalloc(&loader->arena, entity->noptions, sizeof *entity->overrides);
  if (!entity->overrides) return corm_error_memory(err);
  entity->overrides[entity->noverrides++] = option;
  return CORM_OK;
}

static corm_status plan_one(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship, bool joins,
                            corm_error *err) {
  corm_load_option *option = find_option(entity, relationship);
  const corm_lazy strategy = option ? option->strategy : (corm_lazy)relationship->def.lazy;
  corm_load_entity *joined;
  switch (strategy) {
  case CORM_LAZY_JOINED:
  case CORM_LAZY_SELECTIN:
  case CORM_LAZY_IMMEDIATE:
    if (!option && comes_again(entity, relationship)) return CORM_OK;
    if (strategy != CORM_LAZY_JOINED || !joins) return add_job(loader, entity, relationship, option, err);
    if (is_too_deep(entity))
      return corm_error_set(err, CORM_E_COMPILE, "%s.%s: joined loading is nested deeper than %d", entity->mapper->name,
                            relationship->key, DEEPEST);
    if (corm_joined_add(loader, entity, relationship, option, &joined, err) != CORM_OK) return CORM_FAILED;
    return corm_eager_plan(loader, joined, true, err);
  default: return option && strategy != relationship->def.lazy ? add_override(loader, entity, option, err) : CORM_OK;
  }
}

corm_status corm_eager_plan(corm_loader *loader, corm_load_entity *entity, bool joins, corm_error *err) {
  const corm_vec *relationships = &entity->mapper->relationships;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < relationships->len; i++)
    status = plan_one(loader, entity, relationships->items[i], joins, err);
  return status;
}

corm_status corm_eager_override(corm_load_entity *entity, corm_object *object, corm_error *err) {
  for (uint32_t i = 0; i < entity->noverrides; i++) {
    corm_link *link = corm_object_link(object, entity->overrides[i]->relationship);
    if (!link) return corm_error_memory(err);
    link->lazy = (uint8_t)(entity->overrides[i]->strategy + 1);
  }
  return CORM_OK;
}

/* -- statements after the rows -- */

/* What is loaded for some parents changes nothing about what others need, unless these are what is loaded. */
static bool may_go_ahead(const corm_load_entity *entity) {
  return entity->jobs->relationship->direction != CORM_MANY_TO_ONE && entity->seen.len > CORM_GATHER_KEYS;
}

/* `before`: the load whose rows will be read first, or NULL. */
static corm_status next_of_job(corm_loader *loader, corm_load_entity *entity, const corm_loader *before,
                               corm_loader **sub, corm_error *err) {
  const corm_fetch fetch = {.session = loader->session,
                            .relationship = entity->jobs->relationship,
                            .option = entity->jobs->option,
                            .path = &entity->path,
                            .populate_existing = loader->populate_existing,
                            .ahead = may_go_ahead(entity),
                            .beside = before ? before->fetch : NULL};
  return corm_fetch_open(&fetch, (corm_object *const *)entity->seen.items, (uint32_t)entity->seen.len, &entity->offset,
                         sub, err);
}

/* The statement of the load after `sub` is sent before the rows of `sub` are read: the server works on it meanwhile. */
static corm_status go_ahead(corm_loader *loader, corm_loader *sub, corm_error *err) {
  corm_load_entity *entity = loader->entities.items[loader->job_entity];
  if (!sub->ahead || !corm_result_is_expected(sub->result)) return CORM_OK;
  return next_of_job(loader, entity, sub, &loader->next, err) == CORM_FAILED ? CORM_FAILED : CORM_OK;
}

bool corm_loader_has_next(const corm_loader *loader) {
  for (size_t i = loader->job_entity; i < loader->entities.len; i++)
    if (((const corm_load_entity *)loader->entities.items[i])->jobs) return true;
  return false;
}

static corm_status open_next(corm_loader *loader, corm_loader **sub, corm_error *err) {
  if (loader->next) {
    *sub = loader->next;
    loader->next = NULL;
    return CORM_ROW;
  }
  while (loader->job_entity < loader->entities.len) {
    corm_load_entity *entity = loader->entities.items[loader->job_entity];
    if (!entity->jobs) {
      loader->job_entity++;
      continue;
    }
    corm_status status = next_of_job(loader, entity, NULL, sub, err);
    if (status != CORM_DONE) return status;
    entity->jobs = entity->jobs->next;
    entity->offset = 0;
  }
  return CORM_DONE;
}

corm_status corm_loader_next(corm_loader *loader, corm_loader **sub, corm_error *err) {
  corm_status status = open_next(loader, sub, err);
  if (status != CORM_ROW || go_ahead(loader, *sub, err) == CORM_OK) return status;
  corm_loader_free(*sub);
  *sub = NULL;
  return CORM_FAILED;
}
