#include <stdio.h>
#include <string.h>

#include "orm/binds.h"
#include "orm/loader.h"
#include "orm/state.h"

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
  corm_scratch_clear(&loader->scratch);
  corm_error_clear(&loader->failure);
  corm_arena_clear(&loader->arena);
  corm_session *session = loader->session;
  corm_mem_free(loader->mem, loader);
  corm_session_release(session);
}

/* -- opening -- */

corm_status corm_loader_find_dialect(corm_loader *loader, corm_error *err) {
  corm_session *session = loader->session;
  const corm_engine *engine = corm_binds_engine(session, loader->of, NULL);
  corm_conn *conn = engine ? NULL : session->own_conn;
  if (!conn && (!engine || !corm_engine_is_settled(engine))) {
    corm_status status = corm_binds_connection(session, loader->of, NULL, &conn, err); /* says that there is none */
    if (status != CORM_OK) return status;
  }
  if (!engine) engine = corm_conn_engine(conn);
  loader->dialect = corm_engine_dialect(engine);
  loader->lint = corm_engine_lints(engine);
  return CORM_OK;
}

corm_status corm_loader_add_root(corm_loader *loader, const corm_bundle *bundle, corm_load_option *const *options,
                                 uint32_t n, corm_error *err) {
  corm_load_entity *entity = corm_arena_zalloc(&loader->arena, 1, sizeof *entity);
  if (!entity) return corm_error_memory(err);
  entity->mapper = corm_bundle_mapper(bundle);
  entity->bundle = bundle;
  entity->said = bundle;
  entity->path = (corm_load_path){loader->path, entity->mapper};
  entity->options = options;
  entity->noptions = n;
  entity->wild = loader->wild;
  for (uint32_t i = 0; !loader->path && i < n; i++)
    if (!options[i]->relationship && !options[i]->mapper && !options[i]->columns) entity->wild = options[i];
  corm_vec_init(&entity->seen, loader->mem);
  if (corm_vec_push(&loader->entities, entity) != CORM_OK) return corm_error_memory(err);
  loader->nvisible++;
  const corm_node *from = bundle->from ? bundle->from : entity->mapper->from;
  if (!corm_from_table(from) && corm_criteria_refuse(loader->criteria, entity->mapper, err) != CORM_OK)
    return CORM_FAILED;
  return corm_registry_configure(entity->mapper->registry, err);
}

corm_status corm_loader_plan(corm_loader *loader, bool joins, corm_error *err) {
  corm_status status = CORM_OK;
  if (loader->columns_only) return CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < loader->nvisible; i++)
    status = corm_eager_plan(loader, loader->entities.items[i], joins, err);
  return status;
}

static corm_status plan_select(corm_loader *loader, const corm_select *select, corm_load_option *const *options,
                               uint32_t n, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner)
      status = corm_loader_add_root(loader, bundle, options, n, err);
  }
  return status == CORM_OK ? corm_loader_plan(loader, true, err) : status;
}

/* INSERT ... RETURNING: nothing can be joined to it. */
static corm_status plan_returning(corm_loader *loader, corm_load_option *const *options, uint32_t n, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < loader->compiled->nbundles; i++) {
    const corm_bundle *bundle = loader->compiled->bundles[i].node;
    if (bundle->owner) status = corm_loader_add_root(loader, bundle, options, n, err);
  }
  return status == CORM_OK ? corm_loader_plan(loader, false, err) : status;
}

/* Which columns hold which entity. */
static corm_status place_entities(corm_loader *loader, corm_error *err) {
  const corm_compiled *compiled = loader->compiled;
  corm_status status = CORM_OK;
  size_t k = 0;
  for (uint32_t i = 0; status == CORM_OK && i < compiled->nbundles; i++) {
    if (!compiled->bundles[i].node->owner) continue;
    if (k == loader->entities.len) return corm_error_set(err, CORM_E_COMPILE, "more entities than were planned");
    corm_load_entity *entity = loader->entities.items[k++];
    entity->first = compiled->bundles[i].first;
    status = corm_hydrate_prepare(loader, entity, err);
  }
  if (status == CORM_OK && k != loader->entities.len)
    return corm_error_set(err, CORM_E_COMPILE, "fewer entities than were planned");
  return status;
}

static corm_status list_items(corm_loader *loader, corm_error *err) {
  const corm_compiled *compiled = loader->compiled;
  const size_t n = compiled->ncolumns ? compiled->ncolumns : corm_result_column_count(loader->result);
  loader->items = corm_arena_zalloc(&loader->arena, n, sizeof *loader->items);
  if (!loader->items) return corm_error_memory(err);
  uint32_t entity = 0;
  for (uint32_t i = 0; i < n; i++) {
    const int32_t number = compiled->ncolumns ? compiled->columns[i].bundle : -1;
    const corm_compiled_bundle *bundle = number >= 0 ? &compiled->bundles[number] : NULL;
    const bool is_entity = bundle && bundle->node->owner;
    if (is_entity && entity == loader->nvisible) break; /* the rest is hidden */
    loader->items[loader->nitems++] = (corm_load_item){is_entity ? (int32_t)entity++ : -1, i};
    if (is_entity) i = bundle->first + bundle->n - 1;
  }
  return CORM_OK;
}

static corm_status execute(corm_loader *loader, const corm_params *params, bool autoflush, corm_error *err) {
  corm_session *session = loader->session;
  corm_conn *conn;
  corm_status status = place_entities(loader, err);
  if (status == CORM_OK && autoflush) status = corm_session_autoflush(session, err);
  if (status == CORM_OK) status = corm_binds_connection(session, loader->of, NULL, &conn, err);
  if (status == CORM_OK && loader->explain)
    return corm_conn_explain(conn, loader->compiled, params, &loader->result, err);
  if (status == CORM_OK) {
    const corm_execution execution = {.stream_results = loader->page > 0,
                                      .page = loader->page,
                                      .ends = loader->page > 0,
                                      .at_once = !loader->alone && !loader->page,
                                      .ahead = loader->ahead};
    status = corm_conn_execute_many(conn, loader->compiled, params, params ? 1 : 0, &execution, &loader->result, err);
  }
  if (status != CORM_OK) return status;
  return list_items(loader, err);
}

/* The class of the first entity, or NULL. */
static const corm_mapper *first_class(const corm_select *select) {
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner) return corm_bundle_mapper(bundle);
  }
  return NULL;
}

/* Each page has all jobs. The rows of a joined collection do not end where a page does. */
static corm_status plan_pages(corm_loader *loader, corm_error *err) {
  for (size_t i = 0; i < loader->entities.len; i++) {
    corm_load_entity *entity = loader->entities.items[i];
    entity->all_jobs = entity->jobs;
    if (!entity->relationship || !entity->relationship->uselist) continue;
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "yield_per: the rows of a joined collection, '%s.%s', do not end with the page; load it by "
                          "selectinload",
                          entity->relationship->parent->name, entity->relationship->key);
  }
  return CORM_OK;
}

corm_status corm_loader_open(corm_loader *loader, const corm_node *statement, const corm_params *params,
                             corm_load_option *const *options, uint32_t n, bool autoflush, corm_error *err) {
  const corm_select *select = statement->kind == CORM_NODE_SELECT ? (const corm_select *)statement : NULL;
  if (!loader->of && select && loader->session->branches.len) loader->of = first_class(select);
  corm_status status = corm_loader_find_dialect(loader, err);
  if (select && !loader->path && !loader->page && corm_within_serves(select)) {
    loader->select = select;
    loader->params = params;
  }
  if (status == CORM_OK && select) {
    status = plan_select(loader, select, options, n, err);
    if (status == CORM_OK && loader->page) status = plan_pages(loader, err);
    if (status == CORM_OK) corm_joined_sort(loader);
    if (status == CORM_OK) status = corm_selection_plan(loader, err);
    if (status == CORM_OK) status = corm_selection_apply(loader, select, &select, err);
    if (status == CORM_OK && loader->entities.len > loader->nvisible)
      status = corm_joined_rewrite(loader, select, &select, err);
    statement = &select->base;
  }
  const corm_compile_options compile = {.lint = loader->lint, .late = loader->late, .criteria = loader->criteria};
  if (status == CORM_OK)
    status = corm_compile_in(&loader->arena, loader->dialect, statement, &compile, &loader->own, err);
  loader->compiled = &loader->own;
  if (status == CORM_OK && !select) status = plan_returning(loader, options, n, err);
  return status == CORM_OK ? execute(loader, params, autoflush, err) : status;
}

/* The names of the binds of a key; what is computed in the select list may have binds before them. */
static bool name_keys(const corm_loader *loader, const char **names, uint32_t n) {
  const corm_compiled *compiled = loader->compiled;
  for (uint32_t i = 0; i < n; i++) {
    char wanted[24];
    snprintf(wanted, sizeof wanted, "row key %u", i + 1);
    for (uint32_t k = 0; k < compiled->nbinds && !names[i]; k++)
      if (strcmp(compiled->binds[k].name, wanted) == 0) names[i] = compiled->binds[k].name;
    if (!names[i]) return false;
  }
  return true;
}

/* The mapper's own statement serves as long as nothing is joined to it. */
static corm_status open_get(corm_loader *loader, const corm_mapper *mapper, const corm_mapper_sql *sql,
                            const corm_value *key, corm_error *err) {
  corm_params params = {.values = key, .n = mapper->npk};
  loader->compiled = &sql->get;
  const char **names = corm_arena_zalloc(&loader->arena, mapper->npk, sizeof *names);
  if (!names) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++) names[i] = mapper->nexpressions ? NULL : loader->compiled->binds[i].name;
  if (mapper->nexpressions && !name_keys(loader, names, mapper->npk))
    return corm_error_set(err, CORM_E_COMPILE, "%s: the key is not among the parameters of its own statement",
                          mapper->name);
  params.names = names;
  return execute(loader, &params, false, err);
}

static corm_status open_select(corm_loader *loader, const corm_mapper *mapper, const corm_value *key,
                               const corm_row_lock *lock, corm_error *err) {
  corm_arena *arena = &loader->arena;
  const corm_node *columns = &((const corm_load_entity *)loader->entities.items[0])->bundle->base;
  const corm_select_extra extra = {.lock = lock};
  corm_select select = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                        .columns = &columns,
                        .ncolumns = 1,
                        .extra = lock ? &extra : NULL};
  const corm_node **criteria = corm_arena_zalloc(arena, mapper->npk, sizeof *criteria);
  for (uint32_t i = 0; criteria && i < mapper->npk; i++) {
    const corm_node *column = corm_mapper_column_in(arena, mapper, mapper->pk[i], mapper->own->from);
    criteria[i] = column ? corm_compare_in(arena, CORM_OP_EQ, column, &key[i]) : NULL;
    if (!criteria[i]) return corm_error_memory(err);
  }
  select.where = criteria ? corm_and_or_in(arena, CORM_OP_AND, criteria, mapper->npk) : NULL;
  if (!select.where) return corm_error_memory(err);
  const corm_select *rewritten;
  const corm_compile_options compile = {.criteria = loader->criteria};
  corm_status status = corm_selection_apply(loader, &select, &rewritten, err);
  if (status == CORM_OK && !lock) status = corm_joined_rewrite(loader, rewritten, &rewritten, err);
  if (status == CORM_OK)
    status = corm_compile_in(arena, loader->dialect, &rewritten->base, &compile, &loader->own, err);
  loader->compiled = &loader->own;
  return status == CORM_OK ? execute(loader, NULL, false, err) : status;
}

/* Some columns, without what is loaded with objects. */
static corm_status open_part(corm_loader *loader, corm_mapper *mapper, const corm_value *key,
                             const corm_load_options *options, corm_error *err) {
  const corm_mapper_sql *sql;
  corm_status status = corm_registry_configure(mapper->registry, err);
  if (status == CORM_OK) status = corm_mapper_get_sql(mapper, loader->dialect, options->set, &sql, err);
  if (status != CORM_OK) return status;
  const corm_bundle *bundle = sql->bundle;
  if (options->lock) bundle = corm_mapper_part_in(&loader->arena, mapper, mapper->own->from, -1, options->set);
  if (!bundle) return corm_error_memory(err);
  status = corm_loader_add_root(loader, bundle, NULL, 0, err);
  if (status != CORM_OK) return status;
  return options->lock ? open_select(loader, mapper, key, options->lock, err) : open_get(loader, mapper, sql, key, err);
}

corm_status corm_loader_open_key(corm_loader *loader, corm_mapper *mapper, const corm_value *key,
                                 const corm_load_options *options, corm_error *err) {
  const corm_row_lock *lock = options->lock;
  const corm_mapper_sql *sql;
  loader->of = mapper;
  corm_status status = corm_loader_find_dialect(loader, err);
  loader->alone = true;
  if (status == CORM_OK && options->set) return open_part(loader, mapper, key, options, err);
  if (status == CORM_OK) status = corm_loader_add_root(loader, mapper->own, options->items, options->n, err);
  /* With an outer join PostgreSQL locks nothing, and MySQL more than the object. */
  if (status == CORM_OK) status = corm_loader_plan(loader, !lock, err);
  bool restricted = false;
  if (status == CORM_OK) status = corm_selection_plan(loader, err);
  if (status == CORM_OK) status = corm_criteria_concern(loader->criteria, &loader->arena, mapper, &restricted, err);
  if (status != CORM_OK) return status;
  corm_load_entity *entity = loader->entities.items[0];
  const corm_view *view = entity->bundle->view;
  if (lock && view && view->nparts) entity->bundle = mapper->own;
  if (restricted || lock || loader->entities.len > loader->nvisible || entity->bundle != mapper->own)
    return open_select(loader, mapper, key, lock, err);
  if (status == CORM_OK) status = corm_mapper_get_sql(mapper, loader->dialect, NULL, &sql, err);
  return status == CORM_OK ? open_get(loader, mapper, sql, key, err) : status;
}

corm_status corm_loader_new(corm_session *session, const corm_node *statement, const corm_params *params,
                            const corm_load_options *options, corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  corm_status status = corm_loader_make(session, &loader, err);
  if (status != CORM_OK) return status;
  loader->populate_existing = options && options->populate_existing;
  loader->late = options ? options->late : NULL;
  loader->explain = options && options->explain;
  loader->page = options ? options->page : 0;
  if (options) corm_loader_follow(loader, options->plan, options->also, false);
  status = corm_loader_open(loader, statement, params, options ? options->items : NULL, options ? options->n : 0,
                            !loader->explain, err);
  loader->late = loader->page ? NULL : loader->late; /* the caller's goes before the pages */
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}

corm_status corm_loader_get(corm_session *session, corm_mapper *mapper, const corm_value *key,
                            const corm_load_options *options, corm_loader **out, corm_error *err) {
  static const corm_load_options plain = {0};
  corm_loader *loader = NULL;
  corm_load_plan *also = NULL;
  if (!options) options = &plain;
  corm_status status = CORM_OK;
  if (!options->told) status = corm_session_before_load(session, CORM_LOAD_GET, mapper, NULL, &also, err);
  if (status == CORM_OK) status = corm_loader_make(session, &loader, err);
  if (status == CORM_OK) {
    loader->populate_existing = options->populate_existing;
    loader->keep_changes = options->lock;
    corm_loader_follow(loader, options->plan, also, false);
    status = corm_loader_open_key(loader, mapper, key, options, err);
  }
  corm_load_plan_release(also);
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}

/* -- rows -- */

/* The parents of a fetched object are those with the key that its row shows. */
static corm_status pull_fetched(corm_loader *loader, corm_error *err) {
  corm_gather *fetch = loader->fetch;
  const corm_load_entity *entity = loader->entities.items[0];
  corm_status status = CORM_OK;
  if (!entity->object) return CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < fetch->width; i++) {
    const uint32_t slot = loader->key_columns[i] - entity->first;
    if (!entity->raw && slot < entity->nread && entity->shape->kinds[slot] == CORM_INT &&
        entity->values[slot].kind == CORM_INT)
      loader->key[i] = entity->values[slot]; /* as it was read */
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

static corm_status finish_row(corm_loader *loader, corm_error *err) {
  corm_status status = loader->fetch ? pull_fetched(loader, err) : CORM_OK;
  if (loader->keeper && status == CORM_OK) status = keep_object(loader, err);
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

corm_status corm_loader_of(corm_session *session, const corm_compiled *compiled, corm_result *result,
                           const corm_load_options *options, corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  corm_status status = corm_loader_over(session, compiled, result, options, &loader, err);
  if (status != CORM_OK) return status;
  for (uint32_t i = 0; !loader->of && i < compiled->nbundles; i++)
    if (compiled->bundles[i].node->owner) loader->of = corm_bundle_mapper(compiled->bundles[i].node);
  status = corm_loader_find_dialect(loader, err);
  if (status == CORM_OK) status = plan_returning(loader, options->items, options->n, err);
  if (status == CORM_OK) status = place_entities(loader, err);
  if (status == CORM_OK) status = list_items(loader, err);
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}
