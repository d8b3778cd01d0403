/* How a load begins: by a statement, planned, compiled and sent. */
#include <string.h>

#include "orm/binds.h"
#include "orm/loader.h"
#include "orm/state.h"

corm_status corm_loader_find_dialect(corm_loader *loader, corm_error *err) {
  corm_session *session = loader->session;
  const corm_bind_wish wish = {.mapper = loader->of};
  if (loader->result) { /* it was executed before */
    loader->dialect = corm_result_dialect(loader->result);
    return CORM_OK;
  }
  if (!loader->placed && corm_binds_choose(session, &wish, &loader->branch, err) != CORM_OK) return CORM_FAILED;
  loader->placed = true;
  const corm_engine *engine = loader->branch ? loader->branch->engine : session->engine;
  corm_conn *conn = engine ? NULL : session->own_conn;
  if (!conn && (!engine || !corm_engine_is_settled(engine))) {
    corm_status status = corm_binds_open(session, loader->branch, &conn, err); /* says that there is none */
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
  if (corm_mapper_check_mapped(corm_bundle_mapper(bundle), err) != CORM_OK) return CORM_FAILED;
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

corm_status corm_loader_send(corm_loader *loader, const corm_params *params, corm_error *err) {
  corm_conn *conn;
  const corm_status status = corm_binds_open(loader->session, loader->branch, &conn, err);
  if (status != CORM_OK) return status;
  if (loader->explain) return corm_conn_explain(conn, loader->compiled, params, loader->analyze, &loader->result, err);
  const corm_execution execution = {.stream_results = loader->page > 0,
                                    .page = loader->page,
                                    .ends = loader->page > 0,
                                    .at_once = !loader->alone && !loader->page,
                                    .many = loader->many,
                                    .ahead = loader->ahead,
                                    .lasting = loader->home != NULL};
  return corm_conn_execute_many(conn, loader->compiled, params, params ? 1 : 0, &execution, &loader->result, err);
}

corm_status corm_loader_execute(corm_loader *loader, const corm_params *params, bool autoflush, corm_error *err) {
  corm_status status = place_entities(loader, err);
  if (status == CORM_OK && autoflush) status = corm_session_autoflush(loader->session, err);
  if (status == CORM_OK) status = corm_loader_send(loader, params, err);
  return status == CORM_OK && !loader->explain ? list_items(loader, err) : status;
}

const corm_mapper *corm_select_class(const corm_select *select) {
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner) return corm_bundle_mapper(bundle);
  }
  return NULL;
}

/* All objects of a class, as far as can be seen. */
static bool reads_all(const corm_select *select) {
  return !select->where && !select->having && !select->ngroup_by && !select->distinct && !select->limit &&
         !select->offset && corm_select_class(select) != NULL;
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
  if (!loader->of && select && corm_binds_are_several(loader->session)) loader->of = corm_select_class(select);
  corm_status status = corm_loader_find_dialect(loader, err);
  if (select && reads_all(select)) loader->many = true;
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
  return status == CORM_OK ? corm_loader_execute(loader, params, autoflush, err) : status;
}

corm_status corm_loader_new(corm_session *session, const corm_node *statement, const corm_params *params,
                            const corm_load_options *options, corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  corm_status status = corm_loader_make(session, &loader, err);
  if (status != CORM_OK) return status;
  loader->populate_existing = options && options->populate_existing;
  loader->no_eagerloads = options && options->no_eagerloads;
  loader->late = options ? options->late : NULL;
  loader->explain = options && options->explain;
  loader->analyze = options && options->analyze;
  loader->page = options ? options->page : 0;
  loader->placed = options && options->placed;
  loader->branch = loader->placed ? options->branch : NULL;
  if (options) corm_loader_follow(loader, options->plan, NULL, false);
  status = corm_loader_open(loader, statement, params, options ? options->items : NULL, options ? options->n : 0,
                            !loader->explain, err);
  loader->late = loader->page ? NULL : loader->late; /* the caller's goes before the pages */
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}

corm_status corm_loader_of(corm_session *session, const corm_compiled *compiled, corm_result *result,
                           const corm_load_options *options, corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  corm_status status = corm_loader_over(session, compiled, result, options, &loader, err);
  if (status != CORM_OK) return status;
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
