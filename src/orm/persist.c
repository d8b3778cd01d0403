/*
 * Rows become statements. Rows of one shape (table, kind, column set) go through one prepared statement, whether or not
 * they follow each other.
 */
#include <string.h>

#include "orm/flush.h"

/* A statement in use. `columns` are those bound, WHERE's behind SET's. */
typedef struct shape {
  struct shape *next;
  const corm_table *table;
  corm_work_kind kind;
  uint64_t *mask; /* bit per slot: part of INSERT or SET */
  uint32_t *slots;
  uint32_t n; /* slots bound from current values */
  corm_compiled compiled;
  corm_batch *batch;
} shape;

/* The same for rows of a secondary table: place[i] is where the i-th value stands, those of the near side first. */
typedef struct link_shape {
  struct link_shape *next;
  const corm_relationship *relationship;
  bool insert;
  uint32_t n;
  uint32_t *place;
  corm_value *values;
  corm_compiled compiled;
  corm_batch *batch;
} link_shape;

typedef struct persist {
  corm_flush *flush;
  corm_arena arena;
  shape *shapes;
  link_shape *links;
  const corm_dialect *dialect;
  corm_scratch scratch;
  corm_value *values; /* one row's */
  uint64_t *mask;     /* one row's */
  uint32_t nvalues, nwords;
} persist;

static uint32_t words_of(const corm_mapper *mapper) {
  return (mapper->nattributes + 63) / 64;
}

static bool has_bit(const uint64_t *mask, uint32_t slot) {
  return mask[slot / 64] >> (slot % 64) & 1;
}

static void set_bit(uint64_t *mask, uint32_t slot) {
  mask[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* Room for the widest row; the primary key may stand twice. */
static corm_status reserve(persist *p, const corm_mapper *mapper, corm_error *err) {
  if (mapper->nattributes + mapper->npk > p->nvalues) {
    p->nvalues = mapper->nattributes + mapper->npk;
    p->values = corm_arena_alloc(&p->arena, p->nvalues * sizeof *p->values);
  }
  if (words_of(mapper) > p->nwords) {
    p->nwords = words_of(mapper);
    p->mask = corm_arena_alloc(&p->arena, p->nwords * sizeof *p->mask);
  }
  return p->arena.failed ? corm_error_memory(err) : CORM_OK;
}

/* -- shapes -- */

static corm_status compile_shape(persist *p, const corm_mapper *mapper, shape *s, corm_error *err) {
  const corm_column **columns = corm_arena_alloc(&p->arena, (mapper->nattributes + mapper->npk) * sizeof(void *));
  const corm_column **keys = columns + mapper->nattributes;
  if (!columns) return corm_error_memory(err);
  for (uint32_t i = 0; i < s->n; i++) columns[i] = mapper->attributes[s->slots[i]].column;
  for (uint32_t i = 0; i < mapper->npk; i++) keys[i] = mapper->attributes[mapper->pk[i]].column;
  switch (s->kind) {
  case CORM_WORK_INSERT:
    return corm_compile_insert_in(&p->arena, p->dialect, mapper->table, columns, s->n, NULL, 0, &s->compiled, err);
  case CORM_WORK_UPDATE:
    return corm_compile_update_in(&p->arena, p->dialect, mapper->table, columns, s->n, keys, mapper->npk, &s->compiled,
                                  err);
  case CORM_WORK_DELETE: break;
  }
  return corm_compile_delete_in(&p->arena, p->dialect, mapper->table, keys, mapper->npk, &s->compiled, err);
}

static shape *new_shape(persist *p, const corm_mapper *mapper, corm_work_kind kind, corm_error *err) {
  shape *s = corm_arena_zalloc(&p->arena, 1, sizeof *s);
  uint32_t *slots = corm_arena_alloc(&p->arena, (mapper->nattributes + 1) * sizeof *slots);
  uint64_t *mask = corm_arena_alloc(&p->arena, words_of(mapper) * sizeof *mask);
  if (!s || !slots || !mask) {
    corm_error_memory(err);
    return NULL;
  }
  memcpy(mask, p->mask, words_of(mapper) * sizeof *mask);
  *s = (shape){.table = mapper->table, .kind = kind, .mask = mask, .slots = slots};
  for (uint32_t i = 0; i < mapper->nattributes; i++)
    if (has_bit(mask, i)) slots[s->n++] = i;
  if (compile_shape(p, mapper, s, err) != CORM_OK) return NULL;
  if (corm_conn_batch_open(p->flush->conn, &s->compiled, &s->batch, err) != CORM_OK) return NULL;
  s->next = p->shapes;
  p->shapes = s;
  return s;
}

/* The shape of p->mask; the one used last stands first. */
static shape *find_shape(persist *p, const corm_mapper *mapper, corm_work_kind kind, corm_error *err) {
  for (shape **link = &p->shapes; *link; link = &(*link)->next) {
    shape *s = *link;
    if (s->table != mapper->table || s->kind != kind) continue;
    if (memcmp(s->mask, p->mask, words_of(mapper) * sizeof *s->mask) != 0) continue;
    *link = s->next;
    s->next = p->shapes;
    p->shapes = s;
    return s;
  }
  return new_shape(p, mapper, kind, err);
}

static void close_shapes(persist *p) {
  for (shape *s = p->shapes; s; s = s->next)
    if (s->batch) corm_batch_close(s->batch);
  for (link_shape *s = p->links; s; s = s->next) corm_batch_close(s->batch);
  p->shapes = NULL;
  p->links = NULL;
}

/* -- values that the script did not give -- */

static corm_status apply_default(persist *p, corm_object *object, uint32_t slot, const corm_default *from,
                                 corm_error *err) {
  const corm_column *column = object->mapper->attributes[slot].column;
  const corm_host *host = p->flush->session->host;
  corm_value value = from->value;
  if (from->kind == CORM_DEFAULT_HOOK) {
    corm_value given;
    char place[160];
    corm_status status = host->call_default(host->ctx, object, column, from->hook, &given, err);
    if (status != CORM_OK) return status;
    corm_buf name;
    corm_buf_init(&name, p->flush->mem);
    corm_buf_printf(&name, "%s.%s", object->mapper->name, object->mapper->attributes[slot].key);
    corm_error_field(place, sizeof place, corm_buf_str(&name) ? corm_buf_str(&name) : object->mapper->name);
    corm_buf_clear(&name);
    status = corm_type_coerce(column->type, &given, place, &p->scratch, &value, err);
    if (status != CORM_OK) return status;
  }
  return corm_object_set(object, slot, &value, err);
}

static bool is_client_default(const corm_default *value) {
  return value->kind == CORM_DEFAULT_VALUE || value->kind == CORM_DEFAULT_HOOK;
}

/* Decides for each absent slot: a client default, left to the database, or NULL. Fills p->mask with what is bound. */
static corm_status prepare_insert(persist *p, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_status status = CORM_OK;
  memset(p->mask, 0, words_of(mapper) * sizeof *p->mask);
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_column *column = mapper->attributes[i].column;
    if (object->slots[i].kind == CORM_ABSENT) {
      const corm_default *wanted = &column->default_;
      if (is_client_default(wanted)) {
        status = apply_default(p, object, i, wanted, err);
      } else if (wanted->kind == CORM_DEFAULT_SQL || corm_column_has_server_value(column) ||
                 (int32_t)i == mapper->autoincrement) {
        continue;
      } else {
        object->slots[i] = corm_value_null();
      }
    } else if ((int32_t)i == mapper->autoincrement && object->slots[i].kind == CORM_NULL) {
      continue;
    }
    set_bit(p->mask, i);
  }
  return status;
}

static corm_status prepare_update(persist *p, corm_object *object, bool *any, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_status status = CORM_OK;
  *any = false;
  if (!corm_object_has_changes(object)) return CORM_OK;
  memset(p->mask, 0, words_of(mapper) * sizeof *p->mask);
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_default *onupdate = &mapper->attributes[i].column->onupdate;
    if (!(object->slots[i].flags & CORM_VALUE_DIRTY) && is_client_default(onupdate))
      status = apply_default(p, object, i, onupdate, err);
    if (!(object->slots[i].flags & CORM_VALUE_DIRTY)) continue;
    set_bit(p->mask, i);
    *any = true;
  }
  return status;
}

/* What the database computed is read when somebody asks for it. */
static void expire_server_values(corm_object *object, corm_work_kind kind) {
  const corm_mapper *mapper = object->mapper;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_column *column = mapper->attributes[i].column;
    corm_value *slot = &object->slots[i];
    if (slot->flags & CORM_VALUE_DIRTY) continue;
    bool computed = kind == CORM_WORK_INSERT ? slot->kind == CORM_ABSENT
                                             : column->server_onupdate || column->onupdate.kind == CORM_DEFAULT_SQL;
    if (!computed || mapper->attributes[i].primary_key) continue;
    corm_value_clear(mapper->mem, slot);
    slot->flags |= CORM_VALUE_EXPIRED;
    object->flags |= CORM_OBJECT_EXPIRED;
  }
}

/* -- rows -- */

static corm_status blame(const corm_object *object, corm_error *err) {
  if (!err->entity[0]) corm_error_field(err->entity, sizeof err->entity, object->mapper->name);
  return CORM_FAILED;
}

static corm_status tell(persist *p, corm_event event, corm_object *object, corm_error *err) {
  const corm_host *host = p->flush->session->host;
  if (!(p->flush->listening & (UINT32_C(1) << event))) return CORM_OK;
  return host->event(host->ctx, event, p->flush->session, object, err);
}

static corm_status insert_row(persist *p, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  int64_t id = 0;
  corm_status status = tell(p, CORM_EVENT_BEFORE_INSERT, object, err);
  if (status == CORM_OK) status = prepare_insert(p, object, err);
  shape *s = status == CORM_OK ? find_shape(p, mapper, CORM_WORK_INSERT, err) : NULL;
  if (!s) return blame(object, err);
  for (uint32_t i = 0; i < s->n; i++) p->values[i] = object->slots[s->slots[i]];
  if (corm_batch_run(s->batch, p->values, s->n, NULL, &id, NULL, NULL, err) != CORM_OK) return blame(object, err);
  if (mapper->autoincrement >= 0 && !has_bit(s->mask, (uint32_t)mapper->autoincrement)) {
    corm_value key = corm_value_int(id);
    status = corm_object_store(object, (uint32_t)mapper->autoincrement, &key, err);
    object->slots[mapper->autoincrement].flags |= CORM_VALUE_GENERATED;
  }
  if (s->n < mapper->nattributes) expire_server_values(object, CORM_WORK_INSERT);
  return status == CORM_OK ? tell(p, CORM_EVENT_AFTER_INSERT, object, err) : status;
}

static void add_committed_key(persist *p, const corm_object *object, uint32_t at) {
  for (uint32_t i = 0; i < object->mapper->npk; i++)
    p->values[at + i] = *corm_object_committed(object, object->mapper->pk[i]);
}

static corm_status stale(const corm_object *object, const char *what, int64_t matched, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, object->mapper->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_error_set(err, CORM_E_STALE_DATA, "%s statement on table '%s' expected to match 1 row for %s; %lld matched",
                 what, object->mapper->table->fullname, text ? text : object->mapper->name, (long long)matched);
  corm_buf_clear(&name);
  return blame(object, err);
}

static corm_status update_row(persist *p, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  int64_t matched = 0;
  bool any = false;
  corm_status status = tell(p, CORM_EVENT_BEFORE_UPDATE, object, err);
  if (status == CORM_OK) status = prepare_update(p, object, &any, err);
  if (status != CORM_OK) return blame(object, err);
  if (!any) return CORM_OK;
  shape *s = find_shape(p, mapper, CORM_WORK_UPDATE, err);
  if (!s) return blame(object, err);
  for (uint32_t i = 0; i < s->n; i++) p->values[i] = object->slots[s->slots[i]];
  add_committed_key(p, object, s->n);
  status = corm_batch_run(s->batch, p->values, s->n + mapper->npk, &matched, NULL, NULL, NULL, err);
  if (status != CORM_OK) return blame(object, err);
  if (matched != 1) return stale(object, "UPDATE", matched, err);
  expire_server_values(object, CORM_WORK_UPDATE);
  return tell(p, CORM_EVENT_AFTER_UPDATE, object, err);
}

static corm_status delete_row(persist *p, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_status status = tell(p, CORM_EVENT_BEFORE_DELETE, object, err);
  memset(p->mask, 0, words_of(mapper) * sizeof *p->mask);
  shape *s = status == CORM_OK ? find_shape(p, mapper, CORM_WORK_DELETE, err) : NULL;
  if (!s) return blame(object, err);
  add_committed_key(p, object, 0);
  /* A row that is gone already is what was wanted. */
  status = corm_batch_run(s->batch, p->values, mapper->npk, NULL, NULL, NULL, NULL, err);
  return status == CORM_OK ? tell(p, CORM_EVENT_AFTER_DELETE, object, err) : blame(object, err);
}

/* -- secondary tables -- */

static corm_status association_value(corm_object *object, const corm_secondary_pair *pair, corm_value *out,
                                     corm_error *err) {
  const corm_value *key = &object->slots[pair->slot];
  corm_status status = CORM_OK;
  if (key->kind == CORM_ABSENT) status = corm_object_get(object, pair->slot, &key, err);
  if (status == CORM_OK) *out = *key;
  return status;
}

/* Columns stand in the order of the table, whichever side the relationship is declared on. */
static void place_columns(const corm_relationship *r, uint32_t *place, const corm_column **columns) {
  const uint32_t n = r->nnear + r->nfar;
  for (uint32_t i = 0; i < n; i++) {
    const corm_column *column = i < r->nnear ? r->near_secondary[i].column : r->far_secondary[i - r->nnear].column;
    uint32_t at = i;
    for (; at > 0 && columns[at - 1]->index > column->index; at--) columns[at] = columns[at - 1];
    columns[at] = column;
    for (uint32_t k = 0; k < i; k++) place[k] += place[k] >= at;
    place[i] = at;
  }
}

static link_shape *new_link_shape(persist *p, const corm_relationship *r, bool insert, corm_error *err) {
  const uint32_t n = r->nnear + r->nfar;
  link_shape *s = corm_arena_zalloc(&p->arena, 1, sizeof *s);
  const corm_column **columns = corm_arena_alloc(&p->arena, n * sizeof(void *));
  uint32_t *place = corm_arena_alloc(&p->arena, n * sizeof *place);
  corm_value *values = corm_arena_alloc(&p->arena, n * sizeof *values);
  if (!s || !columns || !place || !values) {
    (void)corm_error_memory(err);
    return NULL;
  }
  *s = (link_shape){.relationship = r, .insert = insert, .place = place, .values = values, .n = n};
  place_columns(r, place, columns);
  corm_status status =
      insert ? corm_compile_insert_in(&p->arena, p->dialect, r->def.secondary, columns, n, NULL, 0, &s->compiled, err)
             : corm_compile_delete_in(&p->arena, p->dialect, r->def.secondary, columns, n, &s->compiled, err);
  if (status == CORM_OK) status = corm_conn_batch_open(p->flush->conn, &s->compiled, &s->batch, err);
  if (status != CORM_OK) return NULL;
  s->next = p->links;
  p->links = s;
  return s;
}

static link_shape *find_link_shape(persist *p, const corm_relationship *r, bool insert, corm_error *err) {
  for (link_shape *s = p->links; s; s = s->next)
    if (s->relationship == r && s->insert == insert) return s;
  return new_link_shape(p, r, insert, err);
}

static corm_status write_association(persist *p, const corm_association *a, corm_error *err) {
  const corm_relationship *r = a->relationship;
  int64_t matched = 1;
  const link_shape *s = find_link_shape(p, r, a->insert, err);
  if (!s) return blame(a->near, err);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < r->nnear; i++)
    status = association_value(a->near, &r->near_secondary[i], &s->values[s->place[i]], err);
  for (uint32_t i = 0; status == CORM_OK && i < r->nfar; i++)
    status = association_value(a->far, &r->far_secondary[i], &s->values[s->place[r->nnear + i]], err);
  if (status == CORM_OK) status = corm_batch_run(s->batch, s->values, s->n, &matched, NULL, NULL, NULL, err);
  if (status != CORM_OK) return blame(a->near, err);
  if (!a->insert && matched < 1)
    return corm_error_set(err, CORM_E_STALE_DATA, "DELETE statement on table '%s' expected to match 1 row; 0 matched",
                          r->def.secondary->fullname);
  return CORM_OK;
}

static corm_status write_associations(persist *p, bool insert, corm_error *err) {
  const corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nassociations; i++)
    if (flush->associations[i].insert == insert) status = write_association(p, &flush->associations[i], err);
  return status;
}

static corm_status write_row(persist *p, const corm_work *work, corm_error *err) {
  corm_status status = reserve(p, work->object->mapper, err);
  if (status == CORM_OK) status = corm_sync_apply(p->flush, work, err);
  if (status != CORM_OK) return status;
  switch ((corm_work_kind)work->kind) {
  case CORM_WORK_INSERT: return insert_row(p, work->object, err);
  case CORM_WORK_UPDATE: return update_row(p, work->object, err);
  case CORM_WORK_DELETE: break;
  }
  return delete_row(p, work->object, err);
}

corm_status corm_persist(corm_flush *flush, corm_error *err) {
  persist p = {.flush = flush, .dialect = corm_engine_dialect(corm_conn_engine(flush->conn))};
  corm_status status = CORM_OK;
  corm_arena_init(&p.arena, flush->mem);
  corm_scratch_init(&p.scratch, flush->mem);
  for (uint32_t i = 0; status == CORM_OK && i < flush->nsaves; i++)
    status = write_row(&p, &flush->works[flush->order[i]], err);
  if (status == CORM_OK) status = write_associations(&p, false, err);
  if (status == CORM_OK) status = write_associations(&p, true, err);
  for (uint32_t i = flush->nsaves; status == CORM_OK && i < flush->nworks; i++)
    status = write_row(&p, &flush->works[flush->order[i]], err);
  close_shapes(&p);
  corm_scratch_clear(&p.scratch);
  corm_arena_clear(&p.arena);
  return status;
}
