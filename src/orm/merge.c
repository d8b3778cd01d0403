/*
 * Objects of elsewhere (detached, transient, of another session) are copied onto those of a session, and so is what
 * their merge cascade reaches. Level by level, from a work list: the objects of a level whose rows are not in memory
 * come in one statement a class.
 *
 * What the levels have met is held by edges of the first source, which the caller holds: loads and hooks run in
 * between.
 */
#include <string.h>

#include "orm/loader.h"
#include "orm/state.h"

/* Keys that one statement asks for. */
enum { MERGE_KEYS = 500 };

/* -- holding -- */

corm_status corm_keeper_add(corm_keeper *keeper, corm_object *object, corm_error *err) {
  const corm_mem *mem = keeper->owner->mapper->mem;
  const corm_host *host = corm_object_host(keeper->owner);
  if (object == keeper->owner) return CORM_OK;
  if (keeper->n == keeper->cap) {
    const uint32_t cap = keeper->cap ? keeper->cap * 2 : 16;
    uint32_t *grown = corm_mem_resize(mem, keeper->edges, cap * sizeof *grown);
    if (!grown) return corm_error_memory(err);
    keeper->edges = grown;
    keeper->cap = cap;
  }
  corm_status status = host->edges_add(host->ctx, keeper->owner, &object, 1, &keeper->edges[keeper->n], err);
  if (status == CORM_OK) keeper->n++;
  return status;
}

static void clear_keeper(corm_keeper *keeper) {
  for (uint32_t i = 0; i < keeper->n; i++) corm_link_drop_edge(keeper->owner, keeper->edges[i]);
  corm_mem_free(keeper->owner->mapper->mem, keeper->edges);
}

/* -- the running merge -- */

/* A source and what becomes of it. */
typedef struct merged {
  corm_object *source, *target;
  const corm_value *key; /* of its row; NULL: it has none */
  struct merged *twin;   /* another source with the same key, whose target it shares; NULL: none */
  bool wanted;           /* its row has to be read */
} merged;

/* A relationship of a target that gets the targets of the source's. */
typedef struct job {
  corm_object *target;
  corm_relationship *relationship;
  merged **items;
  uint32_t n;
} job;

typedef struct merge {
  corm_session *session;
  const corm_load_options *options; /* of the first level; NULL: none */
  bool load;
  corm_arena arena;
  corm_keeper keeper;
  corm_vec all;       /* merged *, in order of discovery */
  corm_vec jobs;      /* job *: of the level before */
  corm_map by_source; /* corm_object * -> merged * */
  corm_map by_key;    /* root and key -> the first merged * with it that had no object in the session */
  corm_map ways;      /* { source, relationship that led there } */
  corm_buf text;
} merge;

static void *allocate(merge *m, size_t n, size_t size) {
  return corm_arena_zalloc(&m->arena, n ? n : 1, size);
}

static corm_status enter_source(merge *m, corm_object *source, merged **out, corm_error *err) {
  *out = corm_map_get(&m->by_source, (const char *)&source, sizeof source);
  if (*out) return CORM_OK;
  merged *entry = allocate(m, 1, sizeof *entry);
  if (!entry) return corm_error_memory(err);
  entry->source = source;
  corm_status status = corm_keeper_add(&m->keeper, source, err);
  if (status != CORM_OK) return status;
  if (corm_map_put(&m->by_source, (const char *)&source, sizeof source, entry) != CORM_OK ||
      corm_vec_push(&m->all, entry) != CORM_OK)
    return corm_error_memory(err);
  *out = entry;
  return CORM_OK;
}

/* -- keys -- */

static bool is_known(const corm_value *value) {
  return value->kind != CORM_ABSENT && !(value->flags & CORM_VALUE_EXPIRED);
}

static bool is_keyed(const corm_object *object) {
  return (object->flags & CORM_OBJECT_KEYED) != 0;
}

/* That of its identity; of an object without a row what its attributes say. */
static corm_status read_key(merge *m, merged *entry, corm_error *err) {
  const corm_mapper *mapper = entry->source->mapper;
  corm_value *key = allocate(m, mapper->npk, sizeof *key);
  if (!key) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const uint32_t slot = mapper->pk[i];
    const corm_value *value =
        is_keyed(entry->source) ? corm_object_committed(entry->source, slot) : &entry->source->slots[slot];
    if (value->kind == CORM_ABSENT || value->kind == CORM_NULL) return CORM_OK;
    key[i] = *value;
    key[i].flags = 0;
    if (!corm_value_has_bytes(value)) continue;
    key[i].as.s = corm_arena_dup(&m->arena, value->as.s, value->len); /* a hook may change the source */
    if (!key[i].as.s) return corm_error_memory(err);
  }
  entry->key = key;
  return CORM_OK;
}

static corm_status write_key(merge *m, const merged *entry, corm_error *err) {
  const corm_mapper *mapper = entry->source->mapper;
  corm_buf_reset(&m->text);
  corm_buf_add(&m->text, (const char *)&mapper->root, sizeof mapper->root);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const corm_value *value = &entry->key[i];
    const bool has_bytes = corm_value_has_bytes(value);
    const int64_t number = has_bytes ? (int64_t)value->len : value->as.i;
    corm_buf_putc(&m->text, (char)value->kind);
    corm_buf_add(&m->text, (const char *)&number, sizeof number);
    if (has_bytes) corm_buf_add(&m->text, value->as.s, value->len);
  }
  return m->text.failed ? corm_error_memory(err) : CORM_OK;
}

/* -- which object a source becomes -- */

static corm_status take_target(merge *m, merged *entry, corm_object *target, corm_error *err) {
  entry->target = target;
  return corm_keeper_add(&m->keeper, target, err);
}

/* A transient object of the source's class. It is held. */
static corm_status make_target(merge *m, merged *entry, corm_error *err) {
  corm_session *session = m->session;
  corm_object *object = NULL;
  corm_status status = session->host->make(session->host->ctx, entry->source->mapper, &object, err);
  if (status != CORM_OK) return status;
  object->flags |= CORM_OBJECT_PINNED;
  status = take_target(m, entry, object, err);
  corm_state_let_go(session, object);
  return status;
}

static corm_status make_pending(merge *m, merged *entry, corm_error *err) {
  corm_status status = make_target(m, entry, err);
  return status == CORM_OK ? corm_session_add(m->session, entry->target, err) : status;
}

static corm_status refuse(const merged *entry, const char *why, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, entry->source->mapper->mem);
  corm_object_describe(entry->source, &name);
  const char *text = corm_buf_str(&name);
  corm_error_set(err, CORM_E_INVALID_REQUEST, "merge: %s is %s, which load = false does not take",
                 text ? text : entry->source->mapper->name, why);
  corm_error_hint(err, "flush() all changes of objects before merging them with load = false");
  corm_buf_clear(&name);
  return CORM_FAILED;
}

/* load = false: an object for a row that nobody has looked at. */
static corm_status make_persistent(merge *m, merged *entry, corm_error *err) {
  const corm_mapper *mapper = entry->source->mapper;
  if (corm_object_has_history(entry->source)) return refuse(entry, "changed", err);
  corm_status status = make_target(m, entry, err);
  for (uint32_t i = 0; status == CORM_OK && i < mapper->npk; i++)
    status = corm_object_store(entry->target, mapper->pk[i], &entry->key[i], err);
  if (status != CORM_OK) return status;
  corm_object *target = entry->target;
  for (uint32_t i = 0; i < mapper->nattributes; i++) target->slots[i].flags |= CORM_VALUE_EXPIRED;
  target->flags |= CORM_OBJECT_EXPIRED;
  corm_state_move(m->session, target, CORM_DETACHED);
  return corm_session_register(m->session, target, err);
}

/* True when the source has a value for something that the target would first have to read. */
static bool is_stale(const merged *entry, const corm_object *target) {
  if (!(target->flags & CORM_OBJECT_EXPIRED)) return false;
  for (uint32_t i = 0; i < entry->source->mapper->nattributes; i++) {
    const corm_value *value = &entry->source->slots[i];
    if (is_known(value) && (target->slots[i].flags & CORM_VALUE_EXPIRED)) return true;
  }
  return false;
}

static corm_status want(merge *m, merged *entry, corm_error *err) {
  corm_status status = write_key(m, entry, err);
  if (status != CORM_OK) return status;
  entry->twin = corm_map_get(&m->by_key, m->text.ptr, m->text.len);
  if (entry->twin) return CORM_OK;
  entry->wanted = true;
  return corm_map_put(&m->by_key, m->text.ptr, m->text.len, entry) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* In memory, or at once where nothing has to be read. */
static corm_status find_target(merge *m, merged *entry, corm_error *err) {
  corm_status status = read_key(m, entry, err);
  if (status != CORM_OK) return status;
  if (!m->load && !is_keyed(entry->source)) return refuse(entry, "transient", err);
  corm_object *found = entry->key ? corm_session_find(m->session, entry->source->mapper, entry->key) : NULL;
  if (found && (found == entry->source || !m->load || !is_stale(entry, found)))
    return take_target(m, entry, found, err);
  if (!m->load) return make_persistent(m, entry, err);
  return entry->key ? want(m, entry, err) : CORM_OK;
}

/* -- rows -- */

/* SELECT ... WHERE id IN (...) for n entries of one class. */
static corm_status build_select(merge *m, merged *const *entries, uint32_t n, corm_select *select, corm_error *err) {
  const corm_mapper *mapper = entries[0]->source->mapper;
  const uint32_t width = mapper->npk;
  const corm_node **columns = allocate(m, width + 1, sizeof *columns);
  corm_value *keys = allocate(m, (size_t)n * width, sizeof *keys);
  if (!columns || !keys) return corm_error_memory(err);
  for (uint32_t i = 0; i < width; i++) {
    columns[i + 1] = corm_mapper_column_in(&m->arena, mapper, mapper->pk[i], NULL);
    if (!columns[i + 1]) return corm_error_memory(err);
  }
  for (uint32_t i = 0; i < n; i++) memcpy(&keys[i * width], entries[i]->key, width * sizeof *keys);
  const corm_node *left = width > 1 ? corm_tuple_in(&m->arena, &columns[1], width) : columns[1];
  columns[0] = &mapper->own->base;
  *select = (corm_select){.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                          .columns = columns,
                          .ncolumns = 1};
  if (left) select->where = corm_in_in(&m->arena, CORM_OP_IN, left, keys, (size_t)n * width, width > 1 ? width : 0);
  return select->where ? CORM_OK : corm_error_memory(err);
}

/* A single one by the class's own statement. */
static corm_status read_rows(merge *m, merged *const *entries, uint32_t n, corm_error *err) {
  corm_loader *loader = NULL;
  corm_select select;
  corm_status status;
  if (n == 1) {
    status = corm_loader_get(m->session, entries[0]->source->mapper, entries[0]->key, m->options, &loader, err);
  } else {
    corm_load_options options = m->options ? *m->options : (corm_load_options){0};
    corm_load_plan *also = NULL;
    status = corm_session_before_load(m->session, CORM_LOAD_GET, entries[0]->source->mapper, NULL, &also, err);
    options.plan = corm_load_plan_join(options.plan, also);
    if (status == CORM_OK) status = build_select(m, entries, n, &select, err);
    if (status == CORM_OK) status = corm_loader_new(m->session, &select.base, NULL, &options, &loader, err);
    corm_load_plan_release(also);
  }
  if (status != CORM_OK) return status;
  loader->keeper = &m->keeper;
  return corm_loader_run(loader, err);
}

/* The wanted entries of one class, from the i-th on. */
static corm_status read_class(merge *m, size_t i, corm_error *err) {
  const corm_mapper *mapper = ((const merged *)m->all.items[i])->source->mapper;
  const uint32_t max = mapper->npk < MERGE_KEYS ? MERGE_KEYS / mapper->npk : 1;
  merged *entries[MERGE_KEYS];
  corm_status status = CORM_OK;
  while (status == CORM_OK && i < m->all.len) {
    uint32_t n = 0;
    for (; i < m->all.len && n < max; i++) {
      merged *entry = m->all.items[i];
      if (!entry->wanted || entry->target || entry->source->mapper != mapper) continue;
      entry->wanted = false;
      entries[n++] = entry;
    }
    if (n) status = read_rows(m, entries, n, err);
  }
  return status;
}

/* What has been read, or else a new object: these come in the order of the sources. */
static corm_status settle_target(merge *m, merged *entry, corm_error *err) {
  if (entry->target) return CORM_OK;
  if (entry->twin) {
    entry->target = entry->twin->target;
    return CORM_OK;
  }
  corm_object *found = entry->key ? corm_session_find(m->session, entry->source->mapper, entry->key) : NULL;
  if (found && (found->slots[found->mapper->pk[0]].flags & CORM_VALUE_EXPIRED)) {
    const corm_status status = corm_session_lose(m->session, found, err); /* its row is gone */
    if (status != CORM_OK) return status;
    found = NULL;
  }
  return found ? take_target(m, entry, found, err) : make_pending(m, entry, err);
}

static corm_status find_targets(merge *m, size_t from, corm_error *err) {
  const size_t end = m->all.len;
  corm_status status = CORM_OK;
  for (size_t i = from; status == CORM_OK && i < end; i++) status = find_target(m, m->all.items[i], err);
  for (size_t i = from; status == CORM_OK && i < end; i++)
    if (((const merged *)m->all.items[i])->wanted) status = read_class(m, i, err);
  for (size_t i = from; status == CORM_OK && i < end; i++) status = settle_target(m, m->all.items[i], err);
  m->options = NULL;
  return status;
}

/* -- columns -- */

static void note_expired(corm_object *object) {
  object->flags &= (uint8_t)~CORM_OBJECT_EXPIRED;
  for (uint32_t i = 0; i < object->mapper->nattributes; i++)
    if (object->slots[i].flags & CORM_VALUE_EXPIRED) object->flags |= CORM_OBJECT_EXPIRED;
}

/* load = false: what the target had is of no interest. */
static void forget_changes(merge *m, corm_object *target) {
  corm_object_clean(target);
  corm_state_commit_links(target);
  if (!(target->flags & CORM_OBJECT_MODIFIED)) return;
  corm_vec_drop(&m->session->modified, target);
  target->flags &= (uint8_t)~CORM_OBJECT_MODIFIED;
  corm_state_let_go(m->session, target);
}

/* A copy of an older version must not overwrite a newer one. */
static corm_status check_version(const merged *entry, corm_error *err) {
  const int32_t slot = entry->source->mapper->version;
  if (slot < 0) return CORM_OK;
  const corm_value *given = &entry->source->slots[slot], *here = &entry->target->slots[slot];
  if (!is_known(given) || !is_known(here) || corm_value_equal(given, here)) return CORM_OK;
  corm_buf text;
  corm_buf_init(&text, entry->source->mapper->mem);
  corm_buf_puts(&text, "merge: version ");
  corm_value_describe(given, 40, &text);
  corm_buf_puts(&text, " of ");
  corm_object_describe(entry->source, &text);
  corm_buf_puts(&text, " does not match the existing version ");
  corm_value_describe(here, 40, &text);
  const char *message = corm_buf_str(&text);
  corm_error_set(err, CORM_E_STALE_DATA, "%s", message ? message : "merge: another version");
  corm_error_hint(err, "leave the version unset to overwrite whatever is there");
  corm_buf_clear(&text);
  return CORM_FAILED;
}

static corm_status copy_columns(merge *m, const merged *entry, corm_error *err) {
  const corm_mapper *mapper = entry->source->mapper;
  const corm_host *host = m->session->host;
  if (entry->source == entry->target) return CORM_OK;
  corm_status status = corm_object_reread(entry->source, err);
  if (status == CORM_OK) status = check_version(entry, err);
  if (status == CORM_OK && !m->load) forget_changes(m, entry->target);
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_value *value = &entry->source->slots[i];
    if (!is_known(value)) continue;
    if (!m->load)
      status = corm_object_store(entry->target, i, value, err);
    else if (mapper->attributes[i].kind == CORM_ATTRIBUTE_COLUMN && !mapper->attributes[i].read_only)
      status = host->assign(host->ctx, entry->target, i, value, err);
  }
  if (!m->load) note_expired(entry->target);
  return status;
}

/* -- relationships -- */

/* Looking at a list of an object without a row makes an empty one, which says nothing. */
static bool says_something(const corm_object *source, const corm_link *link) {
  if (!link || !link->loaded) return false;
  return is_keyed(source) || link->said || corm_link_one(link) || corm_link_items(link)->n;
}

/* A source that was reached by the other side of a relationship does not lead back by it. */
static bool leads_on(const merge *m, const corm_object *source, const corm_relationship *relationship) {
  if (!(relationship->cascade & CORM_CASCADE_MERGE) || relationship->def.viewonly) return false;
  if (!says_something(source, corm_object_find_link(source, relationship))) return false;
  if (!m->load || !relationship->inverse) return true;
  const void *way[2] = {source, relationship->inverse};
  return !corm_map_get(&m->ways, (const char *)way, sizeof way);
}

static corm_status add_item(merge *m, job *work, corm_object *source, corm_error *err) {
  const void *way[2] = {source, work->relationship};
  corm_status status = enter_source(m, source, &work->items[work->n], err);
  if (status != CORM_OK) return status;
  work->n++;
  return corm_map_put(&m->ways, (const char *)way, sizeof way, work) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* The objects that the source has there become sources, too. */
static corm_status plan_job(merge *m, const merged *entry, corm_relationship *relationship, corm_error *err) {
  const corm_link *link = corm_object_find_link(entry->source, relationship);
  corm_object *one = corm_link_one(link);
  const uint32_t n = one ? 1 : corm_link_items(link)->n;
  job *work = allocate(m, 1, sizeof *work);
  corm_object **sources = allocate(m, n, sizeof *sources);
  if (!work || !sources) return corm_error_memory(err);
  *work = (job){.target = entry->target, .relationship = relationship, .items = allocate(m, n, sizeof *work->items)};
  if (!work->items || corm_vec_push(&m->jobs, work) != CORM_OK) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) sources[i] = one ? one : corm_link_items(link)->ptr[i].object;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = add_item(m, work, sources[i], err);
  return status;
}

/* What the target has there is read first, so that the objects are found in memory. */
static corm_status read_list(const merge *m, corm_object *target, corm_relationship *relationship, corm_error *err) {
  corm_link *link;
  if (!m->load || !relationship->uselist) return CORM_OK;
  return corm_object_get_many(target, relationship, &link, err);
}

static corm_status plan_jobs(merge *m, const merged *entry, corm_error *err) {
  const corm_vec *relationships = &entry->source->mapper->relationships;
  corm_status status = CORM_OK;
  if (entry->source == entry->target) return CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < relationships->len; i++) {
    corm_relationship *relationship = relationships->items[i];
    if (!leads_on(m, entry->source, relationship)) continue;
    status = read_list(m, entry->target, relationship, err);
    if (status == CORM_OK && says_something(entry->source, corm_object_find_link(entry->source, relationship)))
      status = plan_job(m, entry, relationship, err);
  }
  return status;
}

/* load = false: the target has what the source has, as if it had been loaded. */
static corm_status fill(const job *work, corm_object *const *targets, corm_error *err) {
  const corm_host *host = corm_object_host(work->target);
  corm_object *target = work->target;
  corm_link_reset(target, work->relationship);
  if (!work->relationship->uselist) {
    uint32_t edge = 0;
    corm_status status = work->n ? host->edges_add(host->ctx, target, targets, 1, &edge, err) : CORM_OK;
    if (status != CORM_OK) return status;
    return corm_link_fill_one(target, work->relationship, work->n ? targets[0] : NULL, edge, err);
  }
  uint32_t *edges = corm_mem_alloc(target->mapper->mem, (work->n + 1) * sizeof *edges);
  if (!edges) return corm_error_memory(err);
  corm_status status = work->n ? host->edges_add(host->ctx, target, targets, work->n, edges, err) : CORM_OK;
  if (status == CORM_OK) status = corm_link_fill_many(target, work->relationship, targets, edges, work->n, err);
  corm_mem_free(target->mapper->mem, edges);
  return status;
}

/* A reference that is in memory, or none, need not be loaded to see that it stays. */
static corm_status set_one(merge *m, const job *work, corm_object *one, corm_error *err) {
  const corm_link *link = corm_object_find_link(work->target, work->relationship);
  const corm_fetch fetch = {.session = m->session, .relationship = work->relationship};
  corm_status status = CORM_OK;
  if (is_keyed(work->target) && !(link && link->loaded)) status = corm_fetch_now(&fetch, work->target, err);
  return status == CORM_FAILED ? status : corm_object_set_one(work->target, work->relationship, one, err);
}

static corm_status do_job(merge *m, const job *work, corm_error *err) {
  corm_object **targets = allocate(m, work->n, sizeof *targets);
  if (!targets) return corm_error_memory(err);
  for (uint32_t i = 0; i < work->n; i++) targets[i] = work->items[i]->target;
  if (!m->load) return fill(work, targets, err);
  if (!work->relationship->uselist) return set_one(m, work, work->n ? targets[0] : NULL, err);
  return corm_object_replace(work->target, work->relationship, targets, work->n, 0, err);
}

static corm_status do_jobs(merge *m, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < m->jobs.len; i++) status = do_job(m, m->jobs.items[i], err);
  m->jobs.len = 0;
  return status;
}

/* -- all of it -- */

/* Objects have their columns before a relationship gets them: what keeps them in order may look. */
static corm_status run(merge *m, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t from = 0; status == CORM_OK && (from < m->all.len || m->jobs.len);) {
    const size_t end = m->all.len;
    status = find_targets(m, from, err);
    for (size_t i = from; status == CORM_OK && i < end; i++) status = copy_columns(m, m->all.items[i], err);
    if (status == CORM_OK) status = do_jobs(m, err);
    for (size_t i = from; status == CORM_OK && i < end; i++) status = plan_jobs(m, m->all.items[i], err);
    from = end;
  }
  return status;
}

static void init(merge *m) {
  const corm_mem *mem = m->session->mem;
  corm_arena_init(&m->arena, mem);
  corm_vec_init(&m->all, mem);
  corm_vec_init(&m->jobs, mem);
  corm_map_init(&m->by_source, mem);
  corm_map_init(&m->by_key, mem);
  corm_map_init(&m->ways, mem);
  corm_buf_init(&m->text, mem);
}

static void clear(merge *m) {
  clear_keeper(&m->keeper);
  corm_buf_clear(&m->text);
  corm_map_clear(&m->ways);
  corm_map_clear(&m->by_key);
  corm_map_clear(&m->by_source);
  corm_vec_clear(&m->jobs);
  corm_vec_clear(&m->all);
  corm_arena_clear(&m->arena);
}

corm_status corm_session_merge(corm_session *session, corm_object *const *sources, uint32_t n, bool load,
                               const corm_load_options *options, corm_object **targets, corm_error *err) {
  merge m = {.session = session, .load = load, .options = options};
  if (!n) return CORM_OK;
  m.keeper.owner = sources[0];
  corm_status status = load ? corm_session_autoflush(session, err) : CORM_OK;
  if (status != CORM_OK) return status;
  init(&m);
  merged **entries = allocate(&m, n, sizeof *entries);
  if (!entries) status = corm_error_memory(err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = enter_source(&m, sources[i], &entries[i], err);
  session->no_autoflush++;
  session->merging++;
  if (status == CORM_OK) status = run(&m, err);
  session->merging--;
  session->no_autoflush--;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) targets[i] = entries[i]->target;
  clear(&m);
  if (status == CORM_OK) return corm_state_tell(session, err);
  corm_state_tell_quietly(session);
  return status;
}
