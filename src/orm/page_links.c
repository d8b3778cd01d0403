/* Rows of secondary tables. */
#include "orm/persist.h"

/* Of an object that goes what its row has by now, whatever it was given last. */
static const corm_value *present(const corm_flush *flush, const corm_object *object, uint32_t slot) {
  const corm_work *work = object->flush ? &flush->works[object->flush - 1] : NULL;
  if (!work || work->kind != CORM_WORK_DELETE) return &object->slots[slot];
  return corm_key_pass_has(flush, work, slot);
}

/* `old`: what it was before the flush. */
static corm_status association_value(const corm_flush *flush, corm_object *object, const corm_secondary_pair *pair,
                                     bool old, const corm_value **out, corm_error *err) {
  *out = old ? corm_object_committed(object, pair->slot) : present(flush, object, pair->slot);
  return (*out)->kind == CORM_ABSENT ? corm_object_get(object, pair->slot, out, err) : CORM_OK;
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

static corm_shape *new_link_shape(corm_persister *p, const corm_relationship *r, corm_write_kind kind,
                                  corm_error *err) {
  const uint32_t n = r->nnear + r->nfar;
  corm_shape *s = corm_arena_zalloc(&p->arena, 1, sizeof *s);
  const corm_column **columns = corm_arena_alloc(&p->arena, n * sizeof(void *));
  if (!s || !columns) {
    corm_error_memory(err);
    return NULL;
  }
  *s = (corm_shape){.relationship = r, .kind = kind};
  s->place = corm_arena_alloc(&p->arena, n * sizeof *s->place);
  s->slots = corm_arena_alloc(&p->arena, n * sizeof *s->slots);
  if (!s->place || !s->slots) {
    corm_error_memory(err);
    return NULL;
  }
  place_columns(r, s->place, columns);
  for (uint32_t i = 0; i < n; i++) s->slots[i] = (corm_shape_slot){columns[i], i, corm_page_plain(p, columns[i])};
  corm_writer_def def = {.kind = kind, .table = r->def.secondary};
  if (kind != CORM_WRITE_DELETE) {
    s->n = n;
    def.columns = columns;
    def.ncolumns = n;
  }
  if (kind != CORM_WRITE_INSERT) {
    s->nkeys = n;
    s->keys = s->slots;
    def.where = columns;
    def.nwhere = n;
  }
  return corm_shape_open(p, s, &def, err) == CORM_OK ? s : NULL;
}

static corm_shape *find_link_shape(corm_persister *p, const corm_relationship *r, corm_write_kind kind,
                                   corm_error *err) {
  for (corm_shape *s = p->shapes; s; s = s->next)
    if (s->relationship == r && s->kind == kind) return s;
  return new_link_shape(p, r, kind, err);
}

static corm_status put_values(corm_persister *p, const corm_association *a, const corm_shape *s, bool old_near,
                              bool old_far, corm_value *out, corm_error *err) {
  const corm_relationship *r = a->relationship;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < r->nnear + r->nfar; i++) {
    const bool near = i < r->nnear;
    const corm_secondary_pair *pair = near ? &r->near_secondary[i] : &r->far_secondary[i - r->nnear];
    const corm_value *value;
    status = association_value(p->flush, near ? a->near : a->far, pair, near ? old_near : old_far, &value, err);
    if (status == CORM_OK)
      status = corm_page_put(p, pair->column, s->slots[s->place[i]].plain, value, out + s->place[i], err);
  }
  return status;
}

/* A row that is there has the keys from before the flush, unless the database has passed new ones on to it already. */
static corm_status add_association(corm_persister *p, const corm_association *a, bool early, corm_error *err) {
  const corm_relationship *r = a->relationship;
  const corm_work_kind kind = (corm_work_kind)a->kind;
  if (corm_persist_at(p, r->parent, r->def.secondary, err) != CORM_OK) return CORM_FAILED;
  corm_shape *s = find_link_shape(p, r, (corm_write_kind)kind, err);
  corm_value *out = s ? corm_page_room(p, s, a->near, err) : NULL;
  if (!out) return CORM_FAILED;
  const bool near = early || corm_relationship_is_active(r), far = early || corm_relationship_is_active_far(r);
  const bool gone = kind == CORM_WORK_DELETE;
  corm_status status = put_values(p, a, s, gone && near, gone && far, out, err);
  if (status == CORM_OK && kind == CORM_WORK_UPDATE) status = put_values(p, a, s, near, far, out + s->n, err);
  if (status != CORM_OK) return status;
  corm_page_count(p, s);
  return corm_page_is_full(p, s) ? corm_pages_close(p, err) : CORM_OK;
}

corm_status corm_persist_associations(corm_persister *p, corm_work_kind kind, bool early, corm_error *err) {
  const corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nassociations; i++) {
    const corm_association *a = &flush->associations[i];
    if (a->kind != kind) continue;
    if (add_association(p, a, early, err) != CORM_OK) status = corm_persist_blame(a->near, err);
  }
  return status == CORM_OK ? corm_pages_flush(p, err) : status;
}
