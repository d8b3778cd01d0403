/*
 * Relationships with post_update: their foreign keys are written by an UPDATE of their own, after all INSERTs and
 * before all DELETEs, so that rows may refer to each other in a circle (M15).
 */
#include <string.h>

#include "orm/persist.h"

bool corm_post_has(const corm_relationship *relationship) {
  return relationship->def.post_update || (relationship->inverse && relationship->inverse->def.post_update);
}

/* Slot of the child's foreign key in a pair. */
static uint32_t key_slot(const corm_relationship *relationship, uint32_t pair) {
  const corm_pair *p = &relationship->pairs[pair];
  return relationship->direction == CORM_MANY_TO_ONE ? p->near_slot : p->far_slot;
}

corm_status corm_post_add(corm_flush *flush, corm_work *work, const corm_relationship *relationship,
                          corm_object *parent, corm_error *err) {
  corm_sync *posts = corm_flush_grow(flush->mem, flush->posts, flush->nposts, &flush->posts_cap, sizeof *posts);
  if (!posts) return corm_error_memory(err);
  flush->posts = posts;
  posts[flush->nposts++] = (corm_sync){relationship, work->object, parent, work->first_post};
  work->first_post = flush->nposts;
  return CORM_OK;
}

/* -- deleted objects ----------------------------------------------------------------------------------------------- */

/* What is expired is loaded: only the row says whether it refers to another one. */
static corm_status has_key(corm_object *object, const corm_relationship *relationship, bool *has, corm_error *err) {
  *has = relationship->npairs > 0;
  for (uint32_t i = 0; *has && i < relationship->npairs; i++) {
    const uint32_t slot = key_slot(relationship, i);
    if (corm_sync_know(object, slot, err) != CORM_OK) return CORM_FAILED;
    const corm_value *value = corm_object_committed(object, slot);
    *has = value->kind != CORM_NULL && value->kind != CORM_ABSENT;
  }
  return CORM_OK;
}

/* The i-th relationship with post_update whose key is in rows of the mapper, on whichever side it is declared; NULL at
   the end. */
static const corm_relationship *posted(const corm_mapper *mapper, size_t *i) {
  const corm_relationship *r;
  bool own;
  for (; (r = corm_mapper_tie(mapper, *i, &own)) != NULL; ++*i)
    if (corm_post_has(r) && (own ? r->direction == CORM_MANY_TO_ONE : r->direction == CORM_ONE_TO_MANY && !r->inverse))
      return r;
  return NULL;
}

corm_status corm_post_collect_deleted(corm_flush *flush, corm_object *object, corm_error *err) {
  const corm_relationship *r;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && (r = posted(object->mapper, &i)) != NULL; i++) {
    bool has = false;
    if (!r->def.viewonly) status = has_key(object, r, &has, err);
    if (has) status = corm_post_add(flush, &flush->works[object->flush - 1], r, NULL, err);
  }
  return status;
}

bool corm_post_covers(const corm_mapper *mapper, const corm_constraint *fk) {
  const corm_relationship *r;
  for (size_t i = 0; (r = posted(mapper, &i)) != NULL; i++) {
    uint32_t found = 0;
    for (uint32_t c = 0; c < fk->ncolumns; c++)
      for (uint32_t p = 0; p < r->npairs; p++)
        found += corm_mapper_column_slot(mapper, fk->columns[c]) == (int32_t)key_slot(r, p);
    if (found == fk->ncolumns) return true;
  }
  return false;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* The slots of one table that the work's posts have changed, in p->mask. An object that was just inserted has no row to
   differ from as far as it knows, so all of its count. */
static bool fill_mask(corm_persister *p, const corm_work *work, uint32_t level) {
  const corm_object *object = work->object;
  bool any = false;
  memset(p->mask, 0, corm_mask_words(object->mapper) * sizeof *p->mask);
  for (uint32_t i = work->first_post; i; i = p->flush->posts[i - 1].next) {
    const corm_relationship *r = p->flush->posts[i - 1].relationship;
    for (uint32_t k = 0; k < r->npairs; k++) {
      const uint32_t slot = key_slot(r, k);
      if (object->mapper->attributes[slot].level != level) continue;
      if (work->kind != CORM_WORK_INSERT && !(object->slots[slot].flags & CORM_VALUE_DIRTY)) continue;
      p->mask[slot / 64] |= UINT64_C(1) << (slot % 64);
      any = true;
    }
  }
  return any;
}

static corm_status write_posts(corm_persister *p, const corm_work *work, corm_error *err) {
  corm_object *object = work->object;
  corm_status status = corm_persist_reserve(p, object->mapper, err);
  for (uint32_t i = work->first_post; status == CORM_OK && i; i = p->flush->posts[i - 1].next)
    status = corm_sync_apply_one(p->flush->posts[i - 1], err);
  for (uint32_t level = 0; status == CORM_OK && level < object->mapper->ntables; level++)
    if (fill_mask(p, work, level)) {
      status = corm_persist_post_mask(p, work, level, err);
      if (status == CORM_OK) status = corm_persist_collect(p, work, CORM_WRITE_UPDATE, level, err);
    }
  return status == CORM_OK ? CORM_OK : corm_persist_blame(object, err);
}

corm_status corm_posts_write(corm_persister *p, corm_error *err) {
  const corm_flush *flush = p->flush;
  corm_status status = CORM_OK;
  if (!flush->nposts) return CORM_OK;
  p->posting = true;
  p->inlined = false;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++) {
    const corm_work *work = &flush->works[flush->order[i]];
    if (work->first_post) status = corm_persist_at(p, work->object->mapper->root, NULL, err);
    if (status == CORM_OK && work->first_post) status = write_posts(p, work, err);
  }
  if (status == CORM_OK) status = corm_pages_flush(p, err);
  p->posting = p->written_keys = false;
  return status;
}
