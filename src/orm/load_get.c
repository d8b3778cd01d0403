/*
 * The row of a primary key. What such a load prepares depends on the class alone as long as nobody says how to load it:
 * so the loader of a get is kept, with its arena, and the next one only binds another key.
 */
#include <stdio.h>
#include <string.h>

#include "orm/binds.h"
#include "orm/loader.h"

/* Of bytes that a row had, what is kept. */
enum { MOST_KEPT = 4096 };

/* -- the first of a class -- */

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
  params.names = loader->key_names = names;
  return corm_loader_execute(loader, &params, false, err);
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
  return status == CORM_OK ? corm_loader_execute(loader, NULL, false, err) : status;
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
  status = corm_mapper_get_sql(mapper, loader->dialect, NULL, &sql, err);
  return status == CORM_OK ? open_get(loader, mapper, sql, key, err) : status;
}

/* -- the next ones -- */

static corm_mapper_sql *sql_of(const corm_mapper *mapper, const corm_dialect *dialect) {
  corm_mapper_sql *sql = mapper->sql;
  while (sql && (sql->dialect != dialect || sql->set)) sql = sql->next;
  return sql;
}

/* Notes where the loader is kept, if what was prepared is the same for every row: nothing is loaded with it, and all
   rows are of one class. */
static void find_home(corm_loader *loader, const corm_mapper *mapper) {
  const corm_load_entity *entity = loader->entities.items[0];
  corm_mapper_sql *sql = sql_of(mapper, loader->dialect);
  const bool alone = loader->entities.len == 1 && !entity->jobs && !entity->noverrides && !entity->keeps;
  if (!alone || !sql || loader->compiled != &sql->get || mapper->children.len || loader->mem != mapper->mem) return;
  loader->home = sql;
  loader->configuration = mapper->registry->configurations;
}

/* The registry may have been configured since: the class may have got relationships, or classes below. */
static corm_loader *take_kept(const corm_session *session, corm_mapper *mapper, corm_branch *branch) {
  const corm_engine *engine = branch ? branch->engine : session->engine;
  if (!engine || !corm_engine_is_settled(engine)) return NULL;
  corm_mapper_sql *sql = sql_of(mapper, corm_engine_dialect(engine));
  corm_loader *loader = sql ? sql->kept : NULL;
  if (!loader) return NULL;
  sql->kept = NULL;
  if (mapper->registry->configured && loader->configuration == mapper->registry->configurations) return loader;
  corm_loader_free(loader);
  return NULL;
}

static corm_status get_again(corm_loader *loader, corm_session *session, const corm_value *key, corm_error *err) {
  const corm_params params = {.values = key, .names = loader->key_names, .n = loader->of->npk};
  loader->session = session;
  corm_session_acquire(session);
  return corm_loader_send(loader, &params, err);
}

void corm_loader_finish(corm_loader *loader) {
  if (!loader) return;
  corm_mapper_sql *sql = loader->home;
  if (!sql || sql->kept || loader->failed || !sql->dialect) {
    corm_loader_free(loader);
    return;
  }
  corm_loader_resume(loader);
  corm_result_release(loader->result);
  loader->result = NULL;
  loader->in_row = false;
  if (loader->text.cap > MOST_KEPT) corm_buf_clear(&loader->text);
  corm_map_clear(&loader->told);
  if (loader->scratch.buf.cap > MOST_KEPT) corm_buf_clear(&loader->scratch.buf);
  corm_session *session = loader->session;
  loader->session = NULL;
  sql->kept = loader;
  corm_session_release(session);
}

static bool is_plain(const corm_load_options *options) {
  return !options->n && !options->plan && !options->set && !options->lock;
}

corm_status corm_loader_get(corm_session *session, corm_mapper *mapper, const corm_value *key,
                            const corm_load_options *options, corm_loader **out, corm_error *err) {
  static const corm_load_options none = {0};
  corm_load_plan *also = NULL;
  if (!options) options = &none;
  corm_status status = CORM_OK;
  if (!options->told) status = corm_session_before_load(session, CORM_LOAD_GET, mapper, NULL, &also, err);
  const corm_bind_wish wish = {.mapper = mapper, .writes = options->lock != NULL};
  corm_branch *branch = NULL;
  if (status == CORM_OK) status = corm_binds_choose(session, &wish, &branch, err);
  if (status != CORM_OK) {
    corm_load_plan_release(also);
    return status;
  }
  const bool plain = !also && is_plain(options);
  corm_loader *loader = plain ? take_kept(session, mapper, branch) : NULL;
  const bool again = loader != NULL;
  if (!again) status = corm_loader_make(session, &loader, err);
  if (status == CORM_OK) {
    loader->branch = branch;
    loader->placed = true;
    loader->populate_existing = options->populate_existing;
    loader->keep_changes = options->lock;
    if (!again) corm_loader_follow(loader, corm_load_plan_join(options->plan, also), NULL, false);
    status = again ? get_again(loader, session, key, err) : corm_loader_open_key(loader, mapper, key, options, err);
  }
  if (status == CORM_OK && plain && !again) find_home(loader, mapper);
  corm_load_plan_release(also);
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}
