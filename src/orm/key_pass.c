/*
 * Rows that have a parent's key in their own (M18). The database changes such a key when the parent's changes, so that
 * an UPDATE or DELETE which comes later finds the row by what it has then. Whose key that will be is found before
 * anything is written, by the keys that all had: upwards from the row, over rows that the flush does not write and
 * even those that are not in memory, whose keys say what they refer to. What becomes of the key is known once the
 * parent is written: its slots say it, whether it was the script, a parent of its own or the database that changed it.
 * Columns that refer to a parent beside the key are looked at where they are to refer to another one.
 */
#include "orm/flush.h"
#include "orm/preview.h"

/* -- upwards ------------------------------------------------------------------------------------------------------- */

/* As it was before the flush. */
typedef struct row {
  const corm_mapper *mapper;
  corm_object *object; /* NULL: only its key is known */
  corm_value key[16];
} row;

/* The i-th relationship by which rows of the class refer to others, on whichever side it is declared; NULL at the end.
 */
static const corm_relationship *referred(const corm_mapper *mapper, size_t *i) {
  const corm_relationship *r;
  bool own;
  for (; (r = corm_mapper_tie(mapper, *i, &own)) != NULL; ++*i)
    if (!r->def.viewonly && r->direction == (own ? CORM_MANY_TO_ONE : CORM_ONE_TO_MANY)) return r;
  return NULL;
}

/* The slot of the parent that a slot of the child repeats, and that the database passes on; -1: none. */
static int32_t repeated(const corm_relationship *r, uint32_t slot) {
  if (corm_relationship_is_active(r)) return -1;
  for (uint32_t k = 0; k < r->npairs; k++)
    if (corm_sync_child_slot(r, k) == slot) return (int32_t)corm_sync_parent_slot(r, k);
  return -1;
}

/* NULL: not known, or NULL. */
static corm_status value_of(const row *of, uint32_t slot, const corm_value **out, corm_error *err) {
  corm_status status = CORM_OK;
  *out = NULL;
  if (of->object) {
    status = corm_sync_know(of->object, slot, err);
    *out = corm_object_committed(of->object, slot);
  }
  for (uint32_t i = 0; !of->object && i < of->mapper->npk; i++)
    if (of->mapper->pk[i] == slot) *out = &of->key[i];
  if (*out && ((*out)->kind == CORM_NULL || (*out)->kind == CORM_ABSENT)) *out = NULL;
  return status;
}

/* By what is no primary key: only those whose keys change are looked at. */
static corm_status find_switched(const corm_flush *flush, const corm_relationship *r, const row *child, row *parent,
                                 corm_error *err) {
  for (size_t i = 0; i < flush->switched.len && !parent->object; i++) {
    corm_object *object = flush->switched.items[i];
    bool same = corm_mapper_isa(object->mapper, parent->mapper);
    for (uint32_t k = 0; same && k < r->npairs; k++) {
      const corm_value *value;
      if (value_of(child, corm_sync_child_slot(r, k), &value, err) != CORM_OK) return CORM_FAILED;
      same = value && corm_value_equal(value, corm_object_committed(object, corm_sync_parent_slot(r, k)));
    }
    if (same) *parent = (row){.mapper = object->mapper, .object = object};
  }
  return CORM_OK;
}

/* The row that another one refers to; *found: there is one. */
static corm_status find_parent(const corm_flush *flush, const corm_relationship *r, const row *child, row *parent,
                               bool *found, corm_error *err) {
  uint32_t known = 0;
  *parent = (row){.mapper = r->direction == CORM_MANY_TO_ONE ? r->target : r->parent};
  *found = false;
  if (parent->mapper->npk > 16) return CORM_OK;
  for (uint32_t i = 0; i < parent->mapper->npk; i++)
    for (uint32_t k = 0; k < r->npairs; k++) {
      const corm_value *value;
      if (corm_sync_parent_slot(r, k) != parent->mapper->pk[i]) continue;
      if (value_of(child, corm_sync_child_slot(r, k), &value, err) != CORM_OK) return CORM_FAILED;
      if (!value) return CORM_OK;
      parent->key[i] = *value;
      parent->key[i].flags = 0;
      known++;
    }
  corm_status status = CORM_OK;
  if (known == parent->mapper->npk)
    parent->object = corm_session_find(flush->session, parent->mapper, parent->key);
  else
    status = find_switched(flush, r, child, parent, err);
  if (parent->object) parent->mapper = parent->object->mapper;
  *found = known == parent->mapper->npk || parent->object;
  return status;
}

/* -- collecting ---------------------------------------------------------------------------------------------------- */

static corm_pass *find_pass(const corm_flush *flush, const corm_work *work, uint32_t slot) {
  for (uint32_t i = work->first_pass; i; i = flush->passes[i - 1].next)
    if (flush->passes[i - 1].slot == slot) return &flush->passes[i - 1];
  return NULL;
}

/* One step up from a row: to a parent whose key changes, the nearest of several, or to one whose own may be changed. */
static corm_status step(const corm_flush *flush, row *at, corm_pass *pass, bool *climbs, corm_error *err) {
  const corm_relationship *r;
  row next = {0};
  uint32_t most = 0, next_slot = 0;
  corm_status status = CORM_OK;
  *climbs = false;
  for (size_t i = 0; status == CORM_OK && (r = referred(at->mapper, &i)) != NULL; i++) {
    const int32_t theirs = repeated(r, pass->theirs);
    row parent;
    bool found = false;
    if (theirs >= 0) status = find_parent(flush, r, at, &parent, &found, err);
    if (!found || (parent.object && parent.object == at->object)) continue;
    const corm_work *work = parent.object && parent.object->flush ? &flush->works[parent.object->flush - 1] : NULL;
    if (work && work->kind == CORM_WORK_UPDATE && corm_key_switch_changes(flush, r, parent.object)) {
      if (r->npairs <= most) continue;
      most = r->npairs; /* who has more columns in its key is further down */
      pass->parent = parent.object;
      next_slot = (uint32_t)theirs;
    } else if (!most && !*climbs) {
      *climbs = true;
      next = parent;
      next_slot = (uint32_t)theirs;
    }
  }
  if (most) *climbs = false;
  if (most || *climbs) pass->theirs = next_slot;
  if (*climbs) *at = next;
  return status;
}

/* The first `looked` works were looked at before. */
static corm_status find(const corm_flush *flush, corm_object *object, uint32_t looked, corm_pass *pass,
                        corm_error *err) {
  row at = {.mapper = object->mapper, .object = object};
  corm_status status = CORM_OK;
  bool climbs = true;
  /* Rows may refer to each other in a circle. */
  for (uint32_t most = flush->session->identity.count + 16; status == CORM_OK && climbs && most; most--) {
    const uint32_t number = at.object ? at.object->flush : 0;
    if (number && number <= looked) {
      const corm_pass *known = find_pass(flush, &flush->works[number - 1], pass->theirs);
      if (known) pass->parent = known->parent;
      if (known) pass->theirs = known->theirs;
      break;
    }
    status = step(flush, &at, pass, &climbs, err);
  }
  return status;
}

static corm_status add(corm_flush *flush, corm_work *work, corm_pass pass, corm_error *err) {
  corm_pass *passes = corm_flush_grow(flush->mem, flush->passes, flush->npasses, &flush->passes_cap, sizeof *passes);
  if (!passes) return corm_error_memory(err);
  flush->passes = passes;
  pass.next = work->first_pass;
  passes[flush->npasses++] = pass;
  work->first_pass = flush->npasses;
  return CORM_OK;
}

static corm_status look(corm_flush *flush, corm_work *work, uint32_t slot, corm_error *err) {
  corm_pass pass = {.slot = slot, .theirs = slot, .key = {.kind = CORM_ABSENT}};
  const corm_status status = find(flush, work->object, (uint32_t)(work - flush->works), &pass, err);
  return status == CORM_OK && pass.parent ? add(flush, work, pass, err) : status;
}

/* Columns that are to refer to another parent: what they become may be what they were, and what the database has made
   of that is another value. */
static corm_status look_at_references(corm_flush *flush, corm_work *work, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next) {
    const corm_relationship *r = flush->syncs[s - 1].relationship;
    for (uint32_t k = 0; status == CORM_OK && k < r->npairs; k++) {
      const uint32_t slot = corm_sync_child_slot(r, k);
      const bool in_key = work->object->mapper->attributes[slot].primary_key;
      if (!in_key && !find_pass(flush, work, slot)) status = look(flush, work, slot, err);
    }
  }
  return status;
}

/* Others are to refer to it: if the database changes its key meanwhile, it takes part, so that they get the new one. */
static corm_status let_take_part(corm_flush *flush, corm_object *object, corm_error *err) {
  if (!object || object->flush || object->state != CORM_PERSISTENT || object->session != flush->session) return CORM_OK;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < object->mapper->npk; i++) {
    corm_pass pass = {.theirs = object->mapper->pk[i]};
    status = find(flush, object, 0, &pass, err);
    if (status != CORM_OK || !pass.parent) continue;
    if (!corm_flush_work(flush, object, err)) return CORM_FAILED;
    return flush->preview ? corm_preview_keep(flush->preview, object, err) : CORM_OK;
  }
  return status;
}

static corm_status let_referred_take_part(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t s = 0; status == CORM_OK && s < flush->nsyncs; s++)
    status = let_take_part(flush, flush->syncs[s].parent, err);
  for (uint32_t s = 0; status == CORM_OK && s < flush->nposts; s++)
    status = let_take_part(flush, flush->posts[s].parent, err);
  for (uint32_t a = 0; status == CORM_OK && a < flush->nassociations; a++) {
    status = let_take_part(flush, flush->associations[a].near, err);
    if (status == CORM_OK) status = let_take_part(flush, flush->associations[a].far, err);
  }
  return status;
}

bool corm_key_pass_reaches(const corm_flush *flush, const corm_relationship *r, const corm_object *parent) {
  for (uint32_t k = 0; k < r->npairs; k++)
    if (find_pass(flush, &flush->works[parent->flush - 1], corm_sync_parent_slot(r, k))) return true;
  return false;
}

corm_status corm_key_pass_collect(corm_flush *flush, corm_error *err) {
  corm_status status = let_referred_take_part(flush, err);
  for (uint32_t w = 0; status == CORM_OK && w < flush->nworks; w++) {
    corm_work *work = &flush->works[w];
    const corm_mapper *mapper = work->object->mapper;
    if (work->kind == CORM_WORK_INSERT) continue;
    for (uint32_t i = 0; status == CORM_OK && i < mapper->npk; i++) status = look(flush, work, mapper->pk[i], err);
    if (status == CORM_OK && work->kind == CORM_WORK_UPDATE) status = look_at_references(flush, work, err);
  }
  return status;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

corm_status corm_key_pass_begin(corm_flush *flush, const corm_work *work, corm_error *err) {
  corm_object *object = work->object;
  corm_status status = CORM_OK;
  if (!flush->passing) return CORM_OK; /* no parent is written yet */
  for (uint32_t i = work->first_pass; status == CORM_OK && i; i = flush->passes[i - 1].next) {
    corm_pass *pass = &flush->passes[i - 1];
    const corm_value *value = &pass->parent->slots[pass->theirs];
    if (pass->key.kind != CORM_ABSENT || corm_value_equal(value, corm_object_committed(object, pass->slot))) continue;
    if (corm_value_dup(flush->mem, value, &pass->key) != CORM_OK) return corm_error_memory(err);
    pass->key.extra = value->extra & CORM_SLOT_PLACEHOLDER;
    if (object->mapper->attributes[pass->slot].primary_key) flush->rekeyed = true;
    if (!corm_object_is_dirty(object, pass->slot)) status = corm_object_set(object, pass->slot, &pass->key, err);
  }
  return status;
}

corm_status corm_key_pass_settle(corm_flush *flush, const corm_work *work, corm_error *err) {
  corm_object *object = work->object;
  corm_status status = CORM_OK;
  for (uint32_t i = work->first_pass; status == CORM_OK && i; i = flush->passes[i - 1].next) {
    const corm_pass *pass = &flush->passes[i - 1];
    if (pass->key.kind == CORM_ABSENT) continue;
    if (!corm_object_is_dirty(object, pass->slot))
      status = corm_object_touch(object, pass->slot, err);
    else if (corm_value_equal(&object->slots[pass->slot], &pass->key))
      object->slots[pass->slot].extra |= CORM_SLOT_PASSED;
  }
  return status;
}

const corm_value *corm_key_pass_has(const corm_flush *flush, const corm_work *work, uint32_t slot) {
  const corm_pass *pass = find_pass(flush, work, slot);
  return pass && pass->key.kind != CORM_ABSENT ? &pass->key : corm_object_committed(work->object, slot);
}

const corm_value *corm_key_pass_will_have(const corm_flush *flush, const corm_work *work, uint32_t slot) {
  const corm_value *value = corm_object_committed(work->object, slot);
  const corm_pass *pass;
  /* Rows may refer to each other in a circle, which is refused once their order is asked for. */
  for (uint32_t left = flush->npasses; left && (pass = find_pass(flush, work, slot)) != NULL; left--) {
    slot = pass->theirs;
    work = &flush->works[pass->parent->flush - 1];
    const corm_value *coming = corm_sync_coming(flush, pass->parent, slot);
    if (coming) return coming;
    value = &pass->parent->slots[slot];
    if (value->flags & CORM_VALUE_DIRTY) return value;
  }
  return value;
}

void corm_key_pass_end(corm_flush *flush) {
  for (uint32_t w = 0; flush->npasses && w < flush->nworks; w++) {
    const corm_work *work = &flush->works[w];
    for (uint32_t i = work->first_pass; i; i = flush->passes[i - 1].next) {
      const corm_pass *pass = &flush->passes[i - 1];
      work->object->slots[pass->slot].extra &= (uint16_t)~CORM_SLOT_PASSED;
      if (work->kind == CORM_WORK_DELETE) corm_object_unset(work->object, pass->slot);
    }
  }
}
