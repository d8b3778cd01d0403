/* Eager loading: which relationships of a query's objects are loaded with them, and how. */
#include <string.h>

#include "orm/loader.h"
#include "orm/polymorphic.h"

/* Options of the first level say which of several entities of one class they mean; below it there is one. */
static bool is_meant(const corm_load_entity *entity, const corm_load_option *option) {
  return corm_load_is_meant(entity, option->of);
}

/* The option that was made for the relationship, else what holds for all that have none. */
static const corm_load_option *find_option(const corm_load_entity *entity, const corm_relationship *relationship) {
  const corm_load_option *wild = entity->wild;
  for (uint32_t i = 0; i < entity->noptions; i++) {
    const corm_load_option *option = entity->options[i];
    if (option->columns) continue;
    if (option->relationship == relationship && is_meant(entity, option)) return option;
    if (!option->relationship && (!option->mapper || corm_mapper_isa(entity->mapper, option->mapper)) &&
        is_meant(entity, option))
      wild = option;
  }
  return wild;
}

/* Joins of joins ...: each level is a C call here, and more tables than databases join. */
#define DEEPEST 100

static bool is_too_deep(const corm_load_entity *entity) {
  unsigned depth = 0;
  for (; entity->parent; entity = entity->parent) depth++;
  return depth >= DEEPEST;
}

/* By its own setting a relationship is not followed back to a class that the query came through, unless it says how
   often it may be. */
static bool comes_again(const corm_load_entity *entity, const corm_relationship *relationship) {
  uint32_t n = 0;
  for (const corm_load_path *path = &entity->path; path; path = path->up) n += path->mapper == relationship->target;
  return n > relationship->def.join_depth;
}

static corm_status add_job(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship,
                           const corm_load_option *option, bool within, corm_error *err) {
  corm_load_job *job = corm_arena_zalloc(&loader->arena, 1, sizeof *job);
  if (!job) return corm_error_memory(err);
  job->relationship = relationship;
  job->option = option;
  job->recursion = option ? option->recursion : 0;
  job->within = within;
  corm_vec_init(&job->parents, loader->mem);
  corm_vec_init(&job->found, loader->mem);
  corm_load_job **end = &entity->jobs;
  while (*end) end = &(*end)->next;
  *end = job;
  return CORM_OK;
}

static corm_status add_override(corm_loader *loader, corm_load_entity *entity, const corm_relationship *relationship,
                                corm_lazy strategy, corm_error *err) {
  enum { AT_A_TIME = 8 };
  const uint32_t n = entity->noverrides;
  if (n % AT_A_TIME == 0) {
    corm_load_override *more = corm_arena_zalloc(&loader->arena, n + AT_A_TIME, sizeof *more);
    if (!more) return corm_error_memory(err);
    if (n) memcpy(more, entity->overrides, n * sizeof *more);
    entity->overrides = more;
  }
  entity->overrides[entity->noverrides++] = (corm_load_override){relationship, (uint8_t)strategy};
  return CORM_OK;
}

static corm_status join(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship,
                        const corm_load_option *option, bool joins, corm_error *err) {
  corm_load_entity *joined;
  if (is_too_deep(entity))
    return corm_error_set(err, CORM_E_COMPILE, "%s.%s: joined loading is nested deeper than %d", entity->mapper->name,
                          relationship->key, DEEPEST);
  if (corm_joined_add(loader, entity, relationship, option, &joined, err) != CORM_OK) return CORM_FAILED;
  return corm_eager_plan(loader, joined, joins, err);
}

static corm_status refuse_unread(const corm_relationship *relationship, corm_error *err) {
  return corm_error_set(err, CORM_E_INVALID_REQUEST,
                        "'%s.%s' does not support object population - eager loading cannot be applied",
                        relationship->parent->name, relationship->key);
}

/* Whether the FROM of the entity has the columns of the class that the relationship is of. */
static bool has_columns(const corm_load_entity *entity, const corm_relationship *relationship) {
  const corm_view *view = entity->bundle->view;
  bool found = corm_mapper_isa(entity->mapper, relationship->parent);
  for (uint32_t i = 0; !found && view && i < view->nparts; i++)
    found = corm_mapper_isa(view->parts[i].mapper, relationship->parent);
  return found;
}

/* Whether it takes the rows of the query, or repeats it. */
static bool is_of_query(corm_lazy strategy) {
  return strategy == CORM_LAZY_JOINED || strategy == CORM_LAZY_SUBQUERY || strategy == CORM_LAZY_CONTAINED;
}

static corm_status plan_one(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship, bool joins,
                            corm_error *err) {
  const corm_load_option *option = find_option(entity, relationship);
  const bool said = option && option->strategy != CORM_LAZY_DEFAULT;
  const corm_lazy strategy = corm_load_strategy(option, relationship);
  const corm_load_option *own = option && option->relationship ? option : NULL;
  joins = joins && has_columns(entity, relationship);
  if (corm_relationship_is_unread(relationship)) return own && said ? refuse_unread(relationship, err) : CORM_OK;
  if (loader->no_eagerloads && is_of_query(strategy)) return CORM_OK;
  if (strategy == CORM_LAZY_CONTAINED)
    return joins || loader->foreign ? join(loader, entity, relationship, own, joins, err) : CORM_OK;
  if (!corm_lazy_is_eager(strategy)) return said ? add_override(loader, entity, relationship, strategy, err) : CORM_OK;
  if (!(said && own) && comes_again(entity, relationship))
    return said ? add_override(loader, entity, relationship, strategy, err) : CORM_OK;
  if (strategy == CORM_LAZY_JOINED && joins) return join(loader, entity, relationship, own, true, err);
  return add_job(loader, entity, relationship, own, strategy == CORM_LAZY_SUBQUERY, err);
}

/* Whether some of its options say more than how the relationship is loaded now. */
static bool has_later(const corm_load_entity *entity) {
  bool found = entity->wild != NULL;
  for (uint32_t i = 0; !found && i < entity->noptions; i++)
    found = entity->options[i]->nchildren || entity->options[i]->criteria || entity->options[i]->type;
  return found;
}

/* -- relationships of classes below: those that options name, and those of classes that are read along -- */

static bool is_of_heir(const corm_load_entity *entity, const corm_load_option *option) {
  const corm_relationship *relationship = option->relationship;
  return relationship && relationship->parent != entity->mapper && is_meant(entity, option) &&
         corm_mapper_isa(relationship->parent, entity->mapper);
}

/* The key of a reference that is loaded at once is a column of the class below, which has to be read before. */
static corm_status plan_of_heir(corm_loader *loader, corm_load_entity *entity, corm_relationship *relationship,
                                bool joins, corm_error *err) {
  const bool eager = corm_lazy_is_eager(corm_load_strategy(find_option(entity, relationship), relationship));
  const bool refers = eager && relationship->direction == CORM_MANY_TO_ONE && !has_columns(entity, relationship);
  const corm_status status = refers ? corm_below_add(loader, entity, relationship->parent, err) : CORM_OK;
  return status == CORM_OK ? plan_one(loader, entity, relationship, joins, err) : status;
}

/* The classes below the entity's that are read with its rows, or by statements right after them. NULL: no more. */
static const corm_mapper *heir_at(const corm_load_entity *entity, uint32_t i) {
  if (i < entity->nheirs) return entity->heirs[i];
  i -= entity->nheirs;
  for (const corm_load_job *job = entity->jobs; job; job = job->next)
    if (job->below && i-- == 0) return job->below;
  return NULL;
}

/* Whether an option names the relationship, or a class that comes before the heir has it, too. */
static bool is_planned(const corm_load_entity *entity, uint32_t heir, const corm_relationship *relationship) {
  bool found = false;
  for (uint32_t i = 0; !found && i < heir; i++) found = corm_mapper_isa(heir_at(entity, i), relationship->parent);
  for (uint32_t i = 0; !found && i < entity->noptions; i++)
    found = entity->options[i]->relationship == relationship && is_of_heir(entity, entity->options[i]);
  return found;
}

static corm_status plan_heirs(corm_loader *loader, corm_load_entity *entity, bool joins, corm_error *err) {
  const corm_mapper *heir;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && (heir = heir_at(entity, i)) != NULL; i++) {
    const size_t from =
        heir->concrete || entity->mapper->united ? heir->relationships.len : entity->mapper->relationships.len;
    for (size_t k = from; status == CORM_OK && k < heir->relationships.len; k++)
      if (!is_planned(entity, i, heir->relationships.items[k]))
        status = plan_one(loader, entity, heir->relationships.items[k], joins, err);
  }
  return status;
}

corm_status corm_eager_plan(corm_loader *loader, corm_load_entity *entity, bool joins, corm_error *err) {
  const corm_vec *relationships = &entity->mapper->relationships;
  corm_status status = CORM_OK;
  entity->keeps = loader->plan && (has_later(entity) || corm_load_plan_propagates(loader->plan));
  if (entity->noptions || entity->mapper->widens) status = corm_below_plan(loader, entity, err);
  if (status == CORM_OK) status = corm_selection_heirs(entity, &loader->arena, err);
  for (size_t i = 0; status == CORM_OK && i < relationships->len; i++)
    status = plan_one(loader, entity, relationships->items[i], joins, err);
  for (uint32_t i = 0; status == CORM_OK && i < entity->noptions; i++)
    if (is_of_heir(entity, entity->options[i]))
      status = plan_of_heir(loader, entity, entity->options[i]->relationship, joins, err);
  return status == CORM_OK && joins ? plan_heirs(loader, entity, joins, err) : status;
}

corm_status corm_eager_override(corm_load_entity *entity, corm_object *object, corm_error *err) {
  for (uint32_t i = 0; i < entity->noverrides; i++) {
    const corm_relationship *relationship = entity->overrides[i].relationship;
    if (!corm_mapper_isa(object->mapper, relationship->parent)) continue;
    const bool own = entity->overrides[i].strategy == relationship->def.lazy; /* a query before may have said else */
    corm_link *link = own ? corm_object_find_link(object, relationship) : corm_object_link(object, relationship);
    if (!link && !own) return corm_error_memory(err);
    if (link) link->lazy = own ? 0 : (uint8_t)(entity->overrides[i].strategy + 1);
  }
  return CORM_OK;
}

/* -- statements after the rows -- */

/* What is loaded for some parents changes nothing about what others need, unless these are what is loaded. */
static bool may_go_ahead(const corm_load_job *job, const corm_vec *parents) {
  return job->relationship->direction != CORM_MANY_TO_ONE && parents->len > CORM_GATHER_KEYS;
}

/* Loading all levels ends where everything is loaded, also in a circle: so the lower ones are not loaded anew. */
static bool may_overwrite(const corm_loader *loader, const corm_load_job *job) {
  return loader->populate_existing && !(job->recursion < 0 && job->parents.len);
}

/* Only the query's own entities are the rows of it, and it selects no keys of classes below them. */
static bool is_within_query(const corm_loader *loader, const corm_load_entity *entity, const corm_load_job *job) {
  const corm_relationship *relationship = job->relationship;
  if (!job->within || !loader->select || entity->parent || relationship->by_parent) return false;
  return corm_mapper_isa(corm_bundle_mapper(entity->said), relationship->parent);
}

/* `before`: the load whose rows will be read first, or NULL. */
static corm_status next_of_job(corm_loader *loader, corm_load_entity *entity, const corm_loader *before,
                               corm_loader **sub, corm_error *err) {
  corm_load_job *job = entity->jobs;
  if (job->below) return corm_below_open(loader, entity, sub, err);
  const corm_vec *parents = job->parents.len ? &job->parents : &entity->seen;
  const corm_within within = {loader->select, loader->params, loader->late, entity->said};
  corm_load_plan *also = NULL;
  corm_status status = CORM_OK;
  if (entity->offset < parents->len)
    status =
        corm_session_before_load(loader->session, CORM_LOAD_RELATIONSHIP, job->relationship->target, NULL, &also, err);
  if (status != CORM_OK) return status;
  const corm_fetch fetch = {.within = is_within_query(loader, entity, job) ? &within : NULL,
                            .session = loader->session,
                            .relationship = job->relationship,
                            .option = job->option,
                            .path = &entity->path,
                            .wild = entity->wild,
                            .plan = loader->plan,
                            .also = also,
                            .found = job->recursion ? &job->found : NULL,
                            .populate_existing = may_overwrite(loader, job),
                            .ahead = may_go_ahead(job, parents),
                            .beside = before ? before->fetch : NULL};
  status =
      corm_fetch_open(&fetch, (corm_object *const *)parents->items, (uint32_t)parents->len, &entity->offset, sub, err);
  corm_load_plan_release(also);
  return status;
}

/* The next level of a job that goes on below what it found: in a loop, since how deep it goes is what the rows say. */
static bool next_level(corm_load_entity *entity) {
  corm_load_job *job = entity->jobs;
  entity->offset = 0;
  corm_vec_clear(&job->parents);
  if (!job->found.len) return false;
  const corm_vec empty = job->parents;
  job->parents = job->found;
  job->found = empty;
  if (job->recursion > 0) job->recursion--;
  return true;
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
    if (!next_level(entity)) entity->jobs = entity->jobs->next;
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
