/*
 * Keys that other rows refer to, and that change (M18). The database passes them on where a foreign key says ON UPDATE
 * CASCADE: then objects in memory learn of it after the fact, whoever refers to the old key. With passive_updates =
 * false corm does it: children are loaded and get UPDATEs of their own, association rows too. A child whose own key
 * changes by that is a parent in turn.
 */
#include <string.h>

#include "orm/flush.h"
#include "orm/preview.h"
#include "orm/state.h"

/* Whether a foreign key passes a new value on to this column. */
static bool cascades(const corm_column *column) {
  const corm_vec *constraints = &column->table->constraints;
  for (size_t i = 0; i < constraints->len; i++) {
    const corm_constraint *key = constraints->items[i];
    if (key->kind != CORM_CONSTRAINT_FOREIGN_KEY || !key->onupdate || strcmp(key->onupdate, "CASCADE") != 0) continue;
    for (uint32_t c = 0; c < key->ncolumns; c++)
      if (key->columns[c] == column) return true;
  }
  return false;
}

/* What one side says holds for both, except in a secondary table, which has a foreign key to each side. */
bool corm_relationship_is_active(const corm_relationship *r) {
  if (r->def.active_updates) return true;
  if (!r->inverse || !r->inverse->def.active_updates) return false;
  return r->direction != CORM_MANY_TO_MANY || !cascades(r->near_secondary[0].column);
}

bool corm_relationship_is_active_far(const corm_relationship *r) {
  if (r->inverse) return corm_relationship_is_active(r->inverse);
  return r->def.active_updates && !cascades(r->far_secondary[0].column);
}

/* -- which keys change --------------------------------------------------------------------------------------------- */

static bool has_new_key(const corm_object *object) {
  for (uint32_t i = 0; i < object->mapper->npk; i++)
    if (corm_object_is_dirty(object, object->mapper->pk[i])) return true;
  return false;
}

bool corm_key_switch_changes(const corm_flush *flush, const corm_relationship *r, const corm_object *parent) {
  for (uint32_t k = 0; k < r->npairs; k++)
    if (corm_sync_changes(flush, parent, corm_sync_parent_slot(r, k))) return true;
  return false;
}

static bool is_changed_near(const corm_flush *flush, const corm_relationship *r, const corm_object *object) {
  for (uint32_t i = 0; i < r->nnear; i++)
    if (corm_sync_changes(flush, object, r->near_secondary[i].slot)) return true;
  return false;
}

/* The i-th relationship in which the class is referred to: lists of its own, then references to it or to a class above;
   NULL at the end. */
static corm_relationship *referring(const corm_mapper *mapper, size_t *i) {
  corm_relationship *r;
  bool own;
  for (; (r = corm_mapper_tie(mapper, *i, &own)) != NULL; ++*i)
    if (!r->def.viewonly && r->direction == (own ? CORM_ONE_TO_MANY : CORM_MANY_TO_ONE)) return r;
  return NULL;
}

static bool is_switched(const corm_flush *flush, const corm_work *work) {
  const corm_object *object = work->object;
  for (uint32_t i = 0; object->changes && i < object->changes->n; i++)
    if (object->mapper->attributes[object->changes->items[i].slot].referred) return true;
  for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next) {
    const corm_relationship *r = flush->syncs[s - 1].relationship;
    for (uint32_t k = 0; k < r->npairs; k++) {
      const uint32_t slot = corm_sync_child_slot(r, k);
      if (object->mapper->attributes[slot].referred && corm_sync_changes(flush, object, slot)) return true;
    }
  }
  return false;
}

static corm_status note(corm_flush *flush, corm_work *work, corm_error *err) {
  if (work->kind != CORM_WORK_UPDATE || work->switched || !is_switched(flush, work)) return CORM_OK;
  if (corm_vec_push(&flush->switched, work->object) != CORM_OK) return corm_error_memory(err);
  work->switched = true;
  return CORM_OK;
}

bool corm_key_switch_gives(const corm_flush *flush, const corm_sync *sync) {
  const corm_object *parent = sync->parent;
  if (!parent || !parent->flush) return false;
  return corm_key_pass_reaches(flush, sync->relationship, parent) ||
         (flush->works[parent->flush - 1].switched && corm_key_switch_changes(flush, sync->relationship, parent));
}

/* -- what corm passes on ------------------------------------------------------------------------------------------- */

static corm_status pass_to(corm_flush *flush, const corm_relationship *r, corm_object *parent, corm_object *child,
                           corm_error *err) {
  if (!corm_sync_takes_part(flush, child) || child->state != CORM_PERSISTENT) return CORM_OK;
  corm_status status = corm_sync_add(flush, r, child, parent, err);
  if (status == CORM_OK && flush->preview) status = corm_preview_keep(flush->preview, child, err);
  if (status == CORM_OK) status = corm_sync_apply_one((corm_sync){r, child, parent, 0}, err);
  return status == CORM_OK && child->flush ? note(flush, &flush->works[child->flush - 1], err) : status;
}

static corm_status pass_association(corm_flush *flush, const corm_relationship *r, corm_object *near, corm_object *far,
                                    corm_error *err) {
  if (!corm_sync_takes_part(flush, far) || far->state != CORM_PERSISTENT) return CORM_OK;
  return corm_association_add(flush, r, near, far, CORM_WORK_UPDATE, err);
}

/* To all in a list that were there before. */
static corm_status pass_down(corm_flush *flush, corm_relationship *r, corm_object *object, corm_error *err) {
  const bool many = r->direction == CORM_MANY_TO_MANY;
  corm_status status = corm_object_load_link(object, r, err);
  const corm_link *link = status == CORM_OK ? corm_object_find_link(object, r) : NULL;
  if (!link) return status;
  corm_object *one = link->changed ? NULL : corm_link_one(link);
  if (one) status = many ? pass_association(flush, r, object, one, err) : pass_to(flush, r, object, one, err);
  for (uint32_t i = 0; status == CORM_OK && i < corm_link_items(link)->n; i++) {
    corm_object *item = corm_link_items(link)->ptr[i].object;
    if (corm_items_contains(&corm_link_list(link)->added, item)) continue;
    status = many ? pass_association(flush, r, object, item, err) : pass_to(flush, r, object, item, err);
  }
  return status;
}

/* Whether the child refers to the parent, by its reference or by the key that is in its row; what of that has expired
   is loaded. */
static corm_status refers(const corm_relationship *r, corm_object *child, const corm_object *parent, bool *yes,
                          corm_error *err) {
  const corm_link *link = corm_object_find_link(child, r);
  *yes = false;
  if (child->state != CORM_PERSISTENT || (link && link->changed)) return CORM_OK;
  if (link && link->loaded) {
    *yes = corm_link_one(link) == parent;
    return CORM_OK;
  }
  for (uint32_t k = 0; k < r->npairs; k++) {
    const uint32_t slot = r->pairs[k].near_slot;
    if (corm_sync_know(child, slot, err) != CORM_OK) return CORM_FAILED;
    const corm_value *key = corm_object_committed(parent, r->pairs[k].far_slot);
    if (corm_object_is_dirty(child, slot) || !corm_value_equal(&child->slots[slot], key)) return CORM_OK;
  }
  *yes = true;
  return CORM_OK;
}

/* To all objects in memory that refer to it. Where a load brings others all are looked at again. */
static corm_status pass_up(corm_flush *flush, const corm_relationship *r, corm_object *parent, corm_error *err) {
  corm_session *session = flush->session;
  const corm_identity *map = &session->identity;
  const corm_host *host = session->host;
  corm_status status = CORM_OK;
  uint32_t changes = map->changes;
  for (uint32_t i = 0; status == CORM_OK && i < map->cap; i++) {
    corm_object *child = map->entries[i].object;
    bool yes;
    if (!child || !corm_mapper_isa(child->mapper, r->parent) || !host->alive(host->ctx, child)) continue;
    if (corm_state_hold(session, child, err) != CORM_OK) return CORM_FAILED;
    status = refers(r, child, parent, &yes, err);
    if (status == CORM_OK && yes) status = pass_to(flush, r, parent, child, err);
    corm_state_let_go(session, child);
    if (map->changes != changes) i = UINT32_MAX; /* anew, from 0 */
    changes = map->changes;
  }
  return status;
}

static corm_status pass_on(corm_flush *flush, corm_object *object, corm_error *err) {
  corm_relationship *r;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && (r = referring(object->mapper, &i)) != NULL; i++) {
    if (!corm_relationship_is_active(r) || !corm_key_switch_changes(flush, r, object)) continue;
    if (r->direction == CORM_MANY_TO_ONE)
      status = pass_up(flush, r, object, err);
    else if (!corm_relationship_is_unread(r))
      status = pass_down(flush, r, object, err);
  }
  for (size_t i = 0; status == CORM_OK && i < object->mapper->relationships.len; i++) {
    r = object->mapper->relationships.items[i];
    if (r->direction != CORM_MANY_TO_MANY || r->def.viewonly || corm_relationship_is_unread(r)) continue;
    if (corm_relationship_is_active(r) && is_changed_near(flush, r, object)) status = pass_down(flush, r, object, err);
  }
  return status;
}

/* -- before writing ------------------------------------------------------------------------------------------------ */

/* The new key may be another object's only if that one gives it up. */
static corm_status check_key(corm_flush *flush, const corm_object *object, corm_error *err) {
  corm_value key[16];
  if (!has_new_key(object) || object->mapper->npk > 16 || !corm_object_key(object, key)) return CORM_OK;
  const corm_object *other = corm_session_find(flush->session, object->mapper->root, key);
  if (!other || other == object) return CORM_OK;
  const corm_work *work = other->flush ? &flush->works[other->flush - 1] : NULL;
  if (work && (work->kind == CORM_WORK_DELETE || has_new_key(other))) return CORM_OK;
  corm_buf name;
  corm_buf_init(&name, flush->mem);
  corm_object_describe(other, &name);
  const char *text = corm_buf_str(&name);
  corm_error_set(err, CORM_E_FLUSH, "an object cannot get the primary key of another one: %s is in this session",
                 text ? text : other->mapper->name);
  corm_error_hint(err, "give that one another key, or delete it, in the same flush");
  corm_error_field(err->entity, sizeof err->entity, object->mapper->name);
  corm_buf_clear(&name);
  return CORM_FAILED;
}

corm_status corm_key_switch_collect(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  const uint32_t n = flush->nworks;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = note(flush, &flush->works[i], err);
  for (size_t i = 0; status == CORM_OK && i < flush->switched.len; i++)
    status = pass_on(flush, flush->switched.items[i], err);
  for (size_t i = 0; status == CORM_OK && i < flush->switched.len; i++)
    status = check_key(flush, flush->switched.items[i], err);
  return status == CORM_OK && flush->switched.len ? corm_key_pass_collect(flush, err) : status;
}

/* -- after writing ------------------------------------------------------------------------------------------------- */

/* Parents by the keys that they had. */
typedef struct switches {
  const corm_relationship *relationship;
  corm_object **parents; /* open addressing */
  uint32_t cap;          /* power of two */
} switches;

static bool old_key_hash(const corm_relationship *r, const corm_object *object, bool parent, uint64_t *hash) {
  *hash = 0;
  for (uint32_t k = 0; k < r->npairs; k++) {
    const uint32_t slot = parent ? corm_sync_parent_slot(r, k) : corm_sync_child_slot(r, k);
    const corm_value *value = corm_object_committed(object, slot);
    if (value->kind == CORM_NULL || value->kind == CORM_ABSENT) return false;
    *hash = corm_value_hash(value, *hash);
  }
  return r->npairs > 0;
}

static bool is_child_of(const corm_relationship *r, const corm_object *child, const corm_object *parent) {
  for (uint32_t k = 0; k < r->npairs; k++)
    if (!corm_value_equal(corm_object_committed(child, corm_sync_child_slot(r, k)),
                          corm_object_committed(parent, corm_sync_parent_slot(r, k))))
      return false;
  return true;
}

static uint32_t place_of(const switches *s, uint64_t hash) {
  return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (s->cap - 1);
}

static const corm_mapper *parent_class(const corm_relationship *r) {
  return r->direction == CORM_MANY_TO_ONE ? r->target : r->parent;
}

/* The parents of a relationship from `from` to `to` of the list; false: there are none. */
static corm_status index_parents(const corm_flush *flush, switches *s, size_t from, size_t to, bool *any,
                                 corm_error *err) {
  const corm_relationship *r = s->relationship;
  for (s->cap = 16; s->cap < (to - from) * 2; s->cap *= 2) {
  }
  s->parents = corm_mem_zalloc(flush->mem, s->cap, sizeof(corm_object *));
  if (!s->parents) return corm_error_memory(err);
  for (size_t i = from; i < to; i++) {
    corm_object *parent = flush->switched.items[i];
    uint64_t hash;
    if (!corm_mapper_isa(parent->mapper, parent_class(r)) || !corm_key_switch_changes(flush, r, parent)) continue;
    if (!old_key_hash(r, parent, true, &hash)) continue;
    uint32_t at = place_of(s, hash);
    while (s->parents[at]) at = (at + 1) & (s->cap - 1);
    s->parents[at] = parent;
    *any = true;
  }
  return CORM_OK;
}

static corm_object *find_parent(const switches *s, const corm_object *child) {
  uint64_t hash;
  if (!old_key_hash(s->relationship, child, false, &hash)) return NULL;
  for (uint32_t at = place_of(s, hash); s->parents[at]; at = (at + 1) & (s->cap - 1))
    if (is_child_of(s->relationship, child, s->parents[at])) return s->parents[at];
  return NULL;
}

/* What a hook has changed meanwhile waits for the next flush: of such an object the key is only forgotten. */
static corm_status learn(corm_flush *flush, const corm_relationship *r, corm_object *child, const corm_object *parent,
                         corm_error *err) {
  const bool waits = !child->flush && corm_object_has_changes(child);
  corm_work *work = waits ? NULL : corm_flush_work(flush, child, err);
  if (!waits && !work) return CORM_FAILED;
  if (work && work->kind != CORM_WORK_UPDATE) return CORM_OK;
  corm_status status = CORM_OK;
  for (uint32_t k = 0; status == CORM_OK && k < r->npairs; k++) {
    const uint32_t slot = corm_sync_child_slot(r, k);
    if (corm_object_is_dirty(child, slot)) continue; /* written by this flush, or by the next */
    if (!waits)
      status = corm_object_set(child, slot, &parent->slots[corm_sync_parent_slot(r, k)], err);
    else if (!child->mapper->attributes[slot].primary_key)
      corm_object_expire(child, &slot, 1);
    if (child->mapper->attributes[slot].primary_key && !waits) flush->rekeyed = true;
  }
  return status == CORM_OK && work ? note(flush, &flush->works[child->flush - 1], err) : status;
}

static corm_status follow(corm_flush *flush, const corm_relationship *r, size_t from, size_t to, corm_error *err) {
  const corm_mapper *child = r->direction == CORM_MANY_TO_ONE ? r->parent : r->target;
  const corm_identity *map = &flush->session->identity;
  const corm_host *host = flush->session->host;
  switches s = {.relationship = r};
  bool any = false;
  corm_status status = index_parents(flush, &s, from, to, &any, err);
  for (uint32_t i = 0; any && status == CORM_OK && i < map->cap; i++) {
    corm_object *object = map->entries[i].object;
    if (!object || !corm_mapper_isa(object->mapper, child)) continue;
    const corm_object *parent = find_parent(&s, object);
    if (parent && host->alive(host->ctx, object)) status = learn(flush, r, object, parent, err);
  }
  corm_mem_free(flush->mem, s.parents);
  return status;
}

static corm_status add_relationships(const corm_flush *flush, size_t from, size_t to, corm_vec *list, corm_error *err) {
  const corm_mapper *last = NULL;
  for (size_t i = from; i < to; i++) {
    const corm_object *object = flush->switched.items[i];
    corm_relationship *r;
    if (object->mapper == last) continue;
    last = object->mapper;
    for (size_t k = 0; (r = referring(last, &k)) != NULL; k++) {
      if (corm_relationship_is_active(r) || corm_vec_index(list, r) >= 0) continue;
      if (corm_vec_push(list, r) != CORM_OK) return corm_error_memory(err);
    }
  }
  return CORM_OK;
}

corm_status corm_key_switch_follow(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  corm_vec relationships;
  const uint32_t n = flush->nworks;
  if (!flush->rekeyed && !flush->switched.len) return CORM_OK;
  corm_vec_init(&relationships, flush->mem);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = note(flush, &flush->works[i], err);
  for (size_t from = 0, to; status == CORM_OK && from < flush->switched.len; from = to) {
    to = flush->switched.len;
    relationships.len = 0;
    status = add_relationships(flush, from, to, &relationships, err);
    for (size_t i = 0; status == CORM_OK && i < relationships.len; i++)
      status = follow(flush, relationships.items[i], from, to, err);
  }
  corm_vec_clear(&relationships);
  return status;
}
