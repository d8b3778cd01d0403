/*
 * A row whose object is deleted while a new one takes its primary key is written over by an UPDATE (U22): the old
 * object leaves as deleted, the new one becomes persistent, and no row of another table has to let go of it.
 */
#include "orm/persist.h"
#include "orm/preview.h"

/* The key may come from a parent that has one already. */
static corm_status find_key(corm_flush *flush, const corm_work *work, corm_value *key, bool *whole, corm_error *err) {
  *whole = corm_object_key(work->object, key);
  if (*whole || !work->first_sync) return CORM_OK;
  for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next) {
    const corm_object *parent = flush->syncs[s - 1].parent;
    if (!parent || parent->state != CORM_PERSISTENT) return CORM_OK;
  }
  const corm_status status = corm_sync_apply(flush, work, err);
  *whole = status == CORM_OK && corm_object_key(work->object, key);
  return status;
}

/* The row's next version; a script that counts them itself has given it. */
static corm_status pass_version(corm_object *to, const corm_object *from, corm_error *err) {
  const int32_t slot = to->mapper->version;
  if (slot < 0 || to->mapper->rules.version_kind != CORM_VERSION_COUNTED) return CORM_OK;
  const corm_value *old = corm_object_committed(from, (uint32_t)slot);
  if (old->extra & CORM_SLOT_PLACEHOLDER)
    return corm_preview_put(to->session->preview, to, (uint32_t)slot, "next", err);
  const corm_value next = corm_value_int(old->kind == CORM_INT && old->as.i < INT64_MAX ? old->as.i + 1 : 1);
  return corm_object_set(to, (uint32_t)slot, &next, err);
}

static corm_status look_at(corm_flush *flush, corm_work *work, corm_error *err) {
  corm_value key[16];
  bool whole = false;
  const corm_mapper *mapper = work->object->mapper;
  if (mapper->npk > 16) return CORM_OK;
  corm_status status = find_key(flush, work, key, &whole, err);
  if (status != CORM_OK || !whole) return status;
  const corm_object *old = corm_session_find(flush->session, mapper, key);
  if (!old || old->mapper != mapper || !old->flush) return CORM_OK;
  corm_work *gone = &flush->works[old->flush - 1];
  if (gone->kind != CORM_WORK_DELETE || gone->replaced || gone->first_pass) return CORM_OK;
  gone->replaced = true;
  work->replaces = old->flush;
  return CORM_OK;
}

corm_status corm_row_switch_collect(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++)
    if (flush->works[i].kind == CORM_WORK_INSERT) status = look_at(flush, &flush->works[i], err);
  return status;
}

corm_status corm_row_switch_mask(corm_persister *p, const corm_work *work, bool *any, corm_error *err) {
  const corm_object *old = p->flush->works[work->replaces - 1].object;
  const corm_mapper *mapper = work->object->mapper;
  corm_status status = pass_version(work->object, old, err);
  for (uint32_t i = 0; i < mapper->npk; i++) p->mask[mapper->pk[i] / 64] &= ~(UINT64_C(1) << (mapper->pk[i] % 64));
  *any = false;
  for (uint32_t i = 0; i < corm_mask_words(mapper); i++) *any = *any || p->mask[i];
  return status;
}
