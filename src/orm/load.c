/* The life of a loader, and what it makes of each row. */
#include <string.h>

#include "orm/loader.h"

/* -- life -- */

corm_status corm_loader_make(corm_session *session, corm_loader **out, corm_error *err) {
  corm_loader *loader = corm_mem_alloc(session->mem, sizeof *loader);
  if (!loader) return corm_error_memory(err);
  memset(loader, 0, offsetof(corm_loader, own_criteria));
  corm_error_init(&loader->failure);
  loader->mem = session->mem;
  loader->session = session;
  corm_session_acquire(session);
  corm_arena_init(&loader->arena, session->mem);
  corm_vec_init(&loader->entities, session->mem);
  corm_buf_init(&loader->text, session->mem);
  corm_map_init(&loader->told, session->mem);
  corm_scratch_init(&loader->scratch, session->mem);
  *out = loader;
  return CORM_OK;
}

void corm_loader_follow(corm_loader *loader, corm_load_plan *plan, corm_load_plan *also, bool later) {
  loader->plan = corm_load_plan_acquire(plan);
  loader->also = corm_load_plan_acquire(also);
  loader->criteria = corm_plan_criteria_init(&loader->own_criteria, plan, also, later);
}

corm_status corm_loader_over(corm_session *session, const corm_compiled *compiled, corm_result *result,
                             const corm_load_options *options, corm_loader **out, corm_error *err) {
  if (corm_loader_make(session, out, err) != CORM_OK) return CORM_FAILED;
  corm_loader *loader = *out;
  loader->populate_existing = options->populate_existing;
  loader->keep_changes = options->keep_changes;
  corm_loader_follow(loader, options->plan, NULL, false);
  loader->compiled = compiled;
  loader->result = result;
  corm_result_acquire(result);
  return CORM_OK;
}

static void clear_entity(corm_load_entity *entity) {
  corm_siblings_release(entity->siblings);
  corm_load_job *jobs = entity->all_jobs ? entity->all_jobs : entity->jobs;
  for (corm_load_job *job = jobs; job; job = job->next) {
    corm_vec_clear(&job->parents);
    corm_vec_clear(&job->found);
  }
  if (entity->relationship) corm_gather_clear(&entity->gather);
  corm_vec_clear(&entity->seen);
}

void corm_loader_free(corm_loader *loader) {
  if (!loader) return;
  for (size_t i = 0; i < loader->entities.len; i++) clear_entity(loader->entities.items[i]);
  if (loader->fetch) {
    corm_gather_clear(loader->fetch);
    corm_mem_free(loader->mem, loader->fetch);
  }
  corm_load_plan_release(loader->plan);
  corm_load_plan_release(loader->also);
  corm_loader_free(loader->next);
  corm_result_release(loader->result);
  corm_vec_clear(&loader->entities);
  corm_buf_clear(&loader->text);
  corm_map_clear(&loader->told);
  corm_scratch_clear(&loader->scratch);
  corm_error_clear(&loader->failure);
  corm_arena_clear(&loader->arena);
  corm_session *session = loader->session;
  corm_mem_free(loader->mem, loader);
  corm_session_release(session);
}

/* -- rows -- */

/* The integer that the row has in a column of the entity, as it was read; NULL: it takes a look at the result. */
static const corm_value *integer_at(const corm_load_entity *entity, uint32_t column) {
  const uint32_t slot = column - entity->first;
  const bool plain = !entity->raw && slot < entity->nread && entity->shape->kinds[slot] == CORM_INT;
  return plain && entity->values[slot].kind == CORM_INT ? &entity->values[slot] : NULL;
}

/* The parents of a fetched object are those with the key that its row shows. */
static corm_status pull_fetched(corm_loader *loader, corm_error *err) {
  corm_gather *fetch = loader->fetch;
  const corm_load_entity *entity = loader->entities.items[0];
  corm_status status = CORM_OK;
  if (!entity->object) return CORM_OK;
  const corm_value *known = fetch->width == 1 ? integer_at(entity, loader->key_columns[0]) : NULL;
  if (known) return corm_gather_pull_key(fetch, known, entity->object, err);
  for (uint32_t i = 0; status == CORM_OK && i < fetch->width; i++) {
    known = integer_at(entity, loader->key_columns[i]);
    if (known)
      loader->key[i] = *known;
    else
      status = corm_result_value(loader->result, loader->key_columns[i], &loader->key[i], err);
  }
  return status == CORM_OK ? corm_gather_pull_key(fetch, loader->key, entity->object, err) : status;
}

static corm_status pull_joined(corm_loader *loader, corm_load_entity *entity, corm_error *err) {
  corm_object *parent = entity->parent->object;
  corm_gather *gather = &entity->gather;
  const uint32_t had = gather->nparents;
  uint32_t number;
  if (!parent || !corm_mapper_isa(parent->mapper, entity->relationship->parent)) return CORM_OK;
  corm_status status = corm_gather_parent(gather, parent, &number, err);
  if (status != CORM_OK) return status;
  if (gather->nparents > had && loader->populate_existing) {
    const corm_link *link = corm_object_find_link(parent, entity->relationship);
    if (link && link->loaded && !corm_link_has_history(link)) corm_link_reset(parent, entity->relationship);
  }
  return entity->object ? corm_gather_pull(gather, number, entity->object, err) : CORM_OK;
}

static corm_status note_found(corm_loader *loader, corm_object *object, corm_error *err) {
  return corm_vec_push(loader->found, object) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static corm_status keep_object(const corm_loader *loader, corm_error *err) {
  corm_object *object = ((const corm_load_entity *)loader->entities.items[0])->object;
  return object ? corm_keeper_add(loader->keeper, object, err) : CORM_OK;
}

static corm_status finish_entities(corm_loader *loader, corm_error *err) {
  corm_status status = loader->keeper ? keep_object(loader, err) : CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < loader->entities.len; i++) {
    corm_load_entity *entity = loader->entities.items[i];
    if (entity->relationship) status = pull_joined(loader, entity, err);
    if (status == CORM_OK && i == 0 && loader->found && entity->object)
      status = note_found(loader, entity->object, err);
    if (status != CORM_OK || !entity->jobs || !entity->object) continue;
    if (entity->seen.len && entity->seen.items[entity->seen.len - 1] == entity->object) continue;
    if (corm_vec_push(&entity->seen, entity->object) != CORM_OK) status = corm_error_memory(err);
  }
  return status;
}

/* Mostly nobody waits for a row's object but a fetch. */
static inline corm_status finish_row(corm_loader *loader, corm_error *err) {
  if (loader->fetch && pull_fetched(loader, err) != CORM_OK) return CORM_FAILED;
  const bool single = loader->entities.len == 1 && !((const corm_load_entity *)loader->entities.items[0])->jobs;
  return single && !loader->keeper && !loader->found ? CORM_OK : finish_entities(loader, err);
}

static corm_status finish_rows(corm_loader *loader, corm_error *err) {
  corm_status status = loader->fetch ? corm_gather_finish(loader->fetch, err) : CORM_OK;
  for (size_t i = loader->nvisible; status == CORM_OK && i < loader->entities.len; i++)
    status = corm_gather_finish(&((corm_load_entity *)loader->entities.items[i])->gather, err);
  return status;
}

static corm_status report(corm_loader *loader, corm_error *err) {
  loader->failed = false;
  if (err && !err->is_set) {
    *err = loader->failure;
    loader->failure = (corm_error){0};
  } else {
    corm_error_clear(&loader->failure);
  }
  return CORM_FAILED;
}

corm_status corm_loader_step(corm_loader *loader, corm_error *err) {
  if (loader->failed) return report(loader, err);
  corm_status status = loader->in_row ? finish_row(loader, err) : CORM_OK;
  loader->in_row = false;
  if (status != CORM_OK) return status;
  status = corm_result_next(loader->result, err);
  if (status == CORM_DONE) return finish_rows(loader, err) == CORM_OK ? CORM_DONE : CORM_FAILED;
  loader->in_row = status == CORM_ROW;
  loader->row_looked_at = false;
  return status;
}

corm_status corm_loader_pause(corm_loader *loader, corm_error *err) {
  if (loader->failed) return report(loader, err);
  corm_status status = loader->in_row ? finish_row(loader, err) : CORM_OK;
  loader->in_row = false;
  return status == CORM_OK ? finish_rows(loader, err) : status;
}

void corm_loader_resume(corm_loader *loader) {
  loader->link_at = loader->job_entity = 0;
  for (size_t i = 0; i < loader->entities.len; i++) {
    corm_load_entity *entity = loader->entities.items[i];
    corm_siblings_release(entity->siblings);
    entity->siblings = NULL;
    entity->lone = entity->object = NULL;
    entity->was_known = false;
    entity->seen.len = 0;
    entity->offset = 0;
    entity->jobs = entity->all_jobs;
    for (corm_load_job *job = entity->jobs; job; job = job->next) {
      corm_vec_clear(&job->parents);
      corm_vec_clear(&job->found);
      job->recursion = job->option ? job->option->recursion : 0;
    }
    if (entity->relationship) corm_gather_clear(&entity->gather);
  }
}

corm_object *corm_loader_fill(corm_loader *loader, uint32_t k, void *block, corm_error *err) {
  if (!loader->failed) return corm_hydrate_fill(loader, loader->entities.items[k], block, err);
  ((corm_object *)block)->mapper = NULL; /* nothing for a finalizer to do */
  (void)report(loader, err);
  return NULL;
}

uint32_t corm_loader_entities(const corm_loader *loader) {
  return (uint32_t)loader->entities.len;
}

uint32_t corm_loader_items(const corm_loader *loader) {
  return loader->nitems;
}

int32_t corm_loader_item(const corm_loader *loader, uint32_t item, uint32_t *column) {
  *column = loader->items[item].column;
  return loader->items[item].entity;
}

corm_result *corm_loader_result(corm_loader *loader) {
  return loader->result;
}

corm_session *corm_loader_session(const corm_loader *loader) {
  return loader->session;
}

corm_mapper *corm_loader_mapper(const corm_loader *loader, uint32_t k) {
  return ((const corm_load_entity *)loader->entities.items[k])->shape->mapper;
}

/* -- links -- */

static corm_gather *gather_at(corm_loader *loader, uint32_t number) {
  if (number == 0) return loader->fetch;
  const size_t k = loader->nvisible + number - 1;
  return k < loader->entities.len ? &((corm_load_entity *)loader->entities.items[k])->gather : NULL;
}

bool corm_loader_group(corm_loader *loader, corm_object **parent, corm_object *const **targets, uint32_t *n) {
  const uint32_t end = (uint32_t)loader->entities.len - loader->nvisible;
  for (; loader->link_at <= end; loader->link_at++) {
    corm_gather *gather = gather_at(loader, loader->link_at);
    if (gather && corm_gather_next(gather, parent, targets, n)) return true;
  }
  return false;
}

corm_status corm_loader_link(corm_loader *loader, const uint32_t *edges, corm_error *err) {
  return corm_gather_link(gather_at(loader, loader->link_at), edges, err);
}

corm_status corm_loader_run(corm_loader *loader, corm_error *err) {
  const corm_host *host = loader->session->host;
  corm_status status = host->run_loader(host->ctx, loader, err);
  corm_loader_free(loader);
  return status;
}
