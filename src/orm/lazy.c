/* Relationships loaded at their first access. */
#include <stdio.h>

#include "orm/loader.h"
#include "orm/preview.h"

static corm_status fill_empty(corm_object *object, const corm_relationship *relationship, corm_error *err) {
  if (relationship->uselist) return corm_link_fill_many(object, relationship, NULL, NULL, 0, err);
  return corm_link_fill_one(object, relationship, NULL, 0, err);
}

static corm_status refuse_detached(const corm_object *object, const corm_relationship *relationship, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, object->mapper->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_status status =
      corm_error_set(err, CORM_E_DETACHED_INSTANCE,
                     "Parent instance %s is not bound to a Session; lazy load operation of attribute '%s.%s' cannot "
                     "proceed",
                     text ? text : object->mapper->name, object->mapper->name, relationship->key);
  corm_buf_clear(&name);
  return status;
}

/* The expired column of the key, so that the row is read first. */
static uint32_t unknown_slot(const corm_object *object, const corm_relationship *relationship) {
  const uint32_t nkeys = relationship->nload_keys;
  const uint32_t width = nkeys ? nkeys : relationship->npairs;
  for (uint32_t i = 0; i < width; i++) {
    const uint32_t slot = nkeys ? relationship->load_keys[i].slot : relationship->pairs[i].near_slot;
    if (object->slots[slot].kind == CORM_ABSENT) return slot;
  }
  return 0;
}

static bool is_loaded(const corm_object *object, const corm_relationship *relationship) {
  const corm_link *link = corm_object_find_link(object, relationship);
  return link && link->loaded;
}

/* So many objects of one result that load a relationship one by one are worth a word. */
enum { REPEATED = 10 };

/* Where the script asked for lazy = "select": one statement would have served all of them. */
static void note_repetition(const corm_object *object, const corm_relationship *relationship) {
  corm_siblings *siblings = object->siblings;
  const corm_host *host = object->session->host;
  char text[512];
  if (!siblings || siblings->n < REPEATED || ++siblings->alone != REPEATED || !host->warn) return;
  (void)snprintf(text, sizeof text,
                 "%d objects of one result have loaded '%.80s.%.80s' one by one; selectinload(%.80s.%.80s), or lazy = "
                 "\"batch\" instead of \"select\", takes one statement",
                 REPEATED, object->mapper->name, relationship->key, object->mapper->name, relationship->key);
  host->warn(host->ctx, text);
}

/* With the siblings that miss it too, from the object on; one chunk at an access. */
static corm_status load_rows(corm_fetch *fetch, corm_object *object, bool batch, corm_error *err) {
  corm_siblings *siblings = object->siblings; /* as they are after the hooks */
  corm_object *const *objects = &object;
  uint32_t n = 1, offset = 0;
  corm_loader *loader = NULL;
  fetch->single = !batch || !siblings || siblings->n < 2;
  if (!fetch->single) {
    fetch->siblings = siblings;
    fetch->start = object->sibling;
    objects = siblings->members;
    n = siblings->n;
  }
  corm_status status = corm_fetch_open(fetch, objects, n, &offset, &loader, err);
  if (status == CORM_ROW && !batch) note_repetition(object, fetch->relationship);
  if (status == CORM_ROW) return corm_loader_run(loader, err);
  return status == CORM_DONE ? CORM_OK : status;
}

/* What the query that showed the object said of the relationship, beside how it is loaded. */
static void add_options(corm_fetch *fetch, const corm_object *object) {
  const corm_siblings *siblings = object->siblings;
  if (!siblings || !siblings->plan) return;
  fetch->plan = siblings->plan;
  fetch->wild = siblings->wild;
  for (uint32_t i = 0; i < siblings->noptions; i++) {
    const corm_load_option *option = siblings->options[i];
    const bool meant = !siblings->roots || option->of == siblings->entity;
    if (meant && option->relationship == fetch->relationship) fetch->option = option;
  }
}

static corm_status load(corm_object *object, corm_relationship *relationship, bool batch, corm_error *err) {
  const corm_load_path path = {NULL, object->mapper};
  corm_fetch fetch = {.session = object->session, .relationship = relationship, .path = &path};
  add_options(&fetch, object);
  corm_status status = corm_fetch_now(&fetch, object, err);
  /* The row has to say who it is: after the flush, which may write that. */
  if (status == CORM_ROW) {
    status = corm_session_autoflush(object->session, err);
    if (status == CORM_OK && !object->session) return refuse_detached(object, relationship, err);
    if (status == CORM_OK && !is_loaded(object, relationship)) status = corm_fetch_now(&fetch, object, err);
  }
  /* Deferred columns come one by one. */
  for (uint32_t known = 0; status == CORM_ROW && known < object->mapper->nattributes; known++) {
    status = corm_object_refresh(object, unknown_slot(object, relationship), err);
    if (status == CORM_OK && !is_loaded(object, relationship)) status = corm_fetch_now(&fetch, object, err);
  }
  if (status == CORM_DONE || status == CORM_FAILED) return status == CORM_DONE ? CORM_OK : status;
  if (status == CORM_OK) status = corm_session_autoflush(object->session, err);
  if (status == CORM_FAILED) return status;
  if (!is_loaded(object, relationship)) {
    status = corm_session_before_load(object->session, CORM_LOAD_RELATIONSHIP, relationship->target, object,
                                      &fetch.also, err);
    if (status == CORM_OK && !object->session) status = refuse_detached(object, relationship, err);
    if (status == CORM_OK && !is_loaded(object, relationship)) status = load_rows(&fetch, object, batch, err);
    corm_load_plan_release(fetch.also);
  }
  return status != CORM_FAILED && !is_loaded(object, relationship) ? fill_empty(object, relationship, err) : status;
}

static corm_status refuse_lazy(const corm_object *object, const corm_relationship *relationship, const char *how,
                               corm_error *err) {
  return corm_error_set(err, CORM_E_INVALID_REQUEST, "'%s.%s' is not available due to lazy='%s'", object->mapper->name,
                        relationship->key, how);
}

/* -- objects without a row, or without a session, that load all the same -- */

static corm_session *session_for(const corm_object *object, const corm_relationship *relationship) {
  const corm_host *host = corm_object_host(object);
  const bool own = object->session && relationship->def.on_pending;
  corm_session *session = own ? object->session : host->loads_by ? host->loads_by(host->ctx, object) : NULL;
  if (session && object->session) session = object->session;
  return session && (session->flushing || session->merging || session->preview) ? NULL : session;
}

/* By what the object says of its keys, without a flush. */
static corm_status load_by(corm_session *session, corm_object *object, corm_relationship *relationship,
                           corm_error *err) {
  const corm_load_path path = {NULL, object->mapper};
  corm_fetch fetch = {.session = session, .relationship = relationship, .path = &path, .alone = object, .single = true};
  corm_loader *loader = NULL;
  uint32_t offset = 0;
  corm_status status = corm_fetch_now(&fetch, object, err);
  if (status == CORM_DONE || status == CORM_FAILED) return status == CORM_DONE ? CORM_OK : status;
  if (status == CORM_ROW) return fill_empty(object, relationship, err); /* nobody has said its key */
  status = corm_session_before_load(session, CORM_LOAD_RELATIONSHIP, relationship->target, object, &fetch.also, err);
  if (status == CORM_OK && !is_loaded(object, relationship)) {
    status = corm_fetch_open(&fetch, &object, 1, &offset, &loader, err);
    if (status == CORM_ROW) status = corm_loader_run(loader, err);
  }
  corm_load_plan_release(fetch.also);
  if (status == CORM_FAILED || is_loaded(object, relationship)) return status == CORM_FAILED ? status : CORM_OK;
  return fill_empty(object, relationship, err);
}

corm_status corm_object_load_new(corm_object *object, corm_relationship *relationship, corm_error *err) {
  const corm_lazy lazy = (corm_lazy)relationship->def.lazy;
  if (lazy == CORM_LAZY_NOLOAD || corm_relationship_is_unread(relationship)) return CORM_OK;
  corm_session *session = session_for(object, relationship);
  if (!session) return CORM_OK;
  if (lazy == CORM_LAZY_RAISE || lazy == CORM_LAZY_RAISE_ON_SQL)
    return refuse_lazy(object, relationship, lazy == CORM_LAZY_RAISE ? "raise" : "raise_on_sql", err);
  corm_status status = load_by(session, object, relationship, err);
  corm_link *link = corm_object_find_link(object, relationship);
  if (link && !relationship->uselist && !(object->flags & CORM_OBJECT_KEYED)) link->found = corm_link_one(link) != NULL;
  return status;
}

static corm_status refuse_whole(const corm_object *object, const corm_relationship *relationship, corm_error *err) {
  corm_error_set(err, CORM_E_INVALID_REQUEST,
                 "'%s.%s' can't load the existing state from the database for this operation; full iteration is not "
                 "permitted",
                 object->mapper->name, relationship->key);
  corm_error_hint(err,
                  "if this is a delete operation, configure passive_deletes = true on the write-only relationship");
  return CORM_FAILED;
}

/* What is in memory, or certainly nothing. */
static corm_status load_without_sql(corm_object *object, corm_relationship *relationship, corm_error *err) {
  corm_fetch fetch = {.session = object->session, .relationship = relationship};
  add_options(&fetch, object);
  const corm_status status = corm_fetch_now(&fetch, object, err);
  if (status == CORM_DONE || status == CORM_FAILED) return status == CORM_DONE ? CORM_OK : status;
  return refuse_lazy(object, relationship, "raise_on_sql", err);
}

/* What is in memory; the rest is only noted. */
static corm_status plan_load(corm_object *object, corm_relationship *relationship, corm_error *err) {
  corm_fetch fetch = {.session = object->session, .relationship = relationship};
  const corm_status status = corm_fetch_now(&fetch, object, err);
  if (status == CORM_DONE || status == CORM_FAILED) return status == CORM_DONE ? CORM_OK : status;
  return corm_preview_miss(object->session->preview, object, relationship, err);
}

corm_status corm_object_load_link(corm_object *object, corm_relationship *relationship, corm_error *err) {
  const corm_link *link = corm_object_link(object, relationship);
  if (!link) return corm_error_memory(err);
  if (link->loaded) return CORM_OK;
  const corm_lazy lazy = link->lazy ? (corm_lazy)(link->lazy - 1) : (corm_lazy)relationship->def.lazy;
  if (lazy == CORM_LAZY_NOLOAD || !(object->flags & CORM_OBJECT_KEYED)) return fill_empty(object, relationship, err);
  const bool flushing = object->session && (object->session->flushing || object->session->merging);
  if (lazy == CORM_LAZY_RAISE && !flushing) return refuse_lazy(object, relationship, "raise", err);
  if (lazy == CORM_LAZY_WRITE_ONLY) return refuse_whole(object, relationship, err);
  if (!object->session) {
    corm_session *session = session_for(object, relationship);
    return session ? load_by(session, object, relationship, err) : refuse_detached(object, relationship, err);
  }
  if (lazy == CORM_LAZY_RAISE_ON_SQL && !flushing) return load_without_sql(object, relationship, err);
  if (object->session->preview) return plan_load(object, relationship, err);
  return load(object, relationship, lazy != CORM_LAZY_SELECT, err);
}
