/* Which columns of an object are written: values that the script did not give come from defaults or the database. */
#include <string.h>

#include "orm/keyed.h"
#include "orm/persist.h"
#include "orm/preview.h"

static void set_bit(uint64_t *mask, uint32_t slot) {
  mask[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static corm_status apply_default(corm_persister *p, corm_object *object, uint32_t slot, const corm_default *from,
                                 corm_error *err) {
  const corm_column *column = object->mapper->attributes[slot].column;
  const corm_host *host = p->flush->session->host;
  corm_value value = from->value;
  if (from->kind == CORM_DEFAULT_HOOK) {
    corm_value given;
    char place[160];
    if (p->flush->preview) return corm_preview_put(p->flush->preview, object, slot, "default of", err);
    corm_status status = host->call_default(host->ctx, object, column, from->hook, &given, err);
    if (status != CORM_OK) return status;
    corm_buf name;
    corm_buf_init(&name, p->flush->mem);
    corm_buf_printf(&name, "%s.%s", object->mapper->name, object->mapper->attributes[slot].key);
    corm_error_field(place, sizeof place, corm_buf_str(&name) ? corm_buf_str(&name) : object->mapper->name);
    corm_buf_clear(&name);
    /* The host has said what it is where functions of its own stand before the type. */
    value = given;
    if (!column->type->hosted) status = corm_type_coerce(column->type, &given, place, &p->scratch, &value, err);
    if (status != CORM_OK) return status;
  }
  if ((object->mapper->listening & CORM_EVENT_BIT(CORM_EVENT_REFRESH_FLUSH)) && p->nset < p->nwords * 64)
    p->set[p->nset++] = slot;
  return corm_object_set(object, slot, &value, err);
}

/* What defaults have set is told when all of the row is there. */
static corm_status tell_defaults(corm_persister *p, corm_object *object, corm_error *err) {
  const uint32_t n = p->nset;
  p->nset = 0;
  return corm_persist_tell_set(p, object, p->set, n, err);
}

/* -- versions ------------------------------------------------------------------------------------------------------ */

/* The version stands in the table of one level. */
static bool counts_version(const corm_mapper *mapper, uint32_t level) {
  return mapper->version >= 0 && mapper->attributes[mapper->version].level == level;
}

bool corm_persist_versioned(const corm_object *object, uint32_t level) {
  const int32_t slot = object->mapper->version;
  if (!counts_version(object->mapper, level)) return false;
  const corm_value *old = corm_object_committed(object, (uint32_t)slot);
  return old->kind != CORM_ABSENT && old->kind != CORM_NULL;
}

/* Gives the row that is about to be written its next version. */
static corm_status count_version(corm_persister *p, corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  const uint32_t slot = (uint32_t)mapper->version;
  switch ((corm_version_kind)mapper->rules.version_kind) {
  case CORM_VERSION_GIVEN: return CORM_OK;
  case CORM_VERSION_HOOK: {
    const corm_default hook = {.kind = CORM_DEFAULT_HOOK, .hook = mapper->rules.version_hook};
    return apply_default(p, object, slot, &hook, err);
  }
  case CORM_VERSION_COUNTED: break;
  }
  const corm_value *old = &object->slots[slot];
  if (old->extra & CORM_SLOT_PLACEHOLDER) return corm_preview_put(p->flush->preview, object, slot, "next", err);
  const bool counts = (object->flags & CORM_OBJECT_KEYED) && old->kind == CORM_INT && old->as.i < INT64_MAX;
  const corm_value next = corm_value_int(counts ? old->as.i + 1 : 1);
  return corm_object_set(object, slot, &next, err);
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

static bool is_client_default(const corm_default *value) {
  return value->kind == CORM_DEFAULT_VALUE || value->kind == CORM_DEFAULT_HOOK;
}

/* The column of a slot that a flush writes into the table of a level; NULL: none. */
static const corm_column *written(const corm_mapper *mapper, uint32_t slot, uint32_t level) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  return attribute->level == level && !attribute->read_only ? attribute->column : NULL;
}

/* Values of other levels that this one repeats: keys, which are there by now. */
static void add_copies(corm_persister *p, const corm_object *object, uint32_t level) {
  for (uint32_t i = 0; level && i < object->mapper->nattributes; i++)
    if (object->mapper->attributes[i].level != level && corm_mapper_level_column(object->mapper, level, i))
      set_bit(p->mask, i);
}

/* Neither NULL nor a default is what the script gave. */
static corm_status refuse_lost(const corm_persister *p, const corm_object *object, uint32_t slot, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, p->flush->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_error_set(err, CORM_E_INVALID_REQUEST,
                 "%s cannot be inserted: its '%s' had expired when its row was rolled back, and is lost",
                 text ? text : object->mapper->name, object->mapper->attributes[slot].key);
  corm_buf_clear(&name);
  corm_error_hint(err, "assign it again, or make a new object");
  return CORM_FAILED;
}

corm_status corm_persist_insert_mask(corm_persister *p, corm_object *object, uint32_t level, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_status status = CORM_OK;
  memset(p->mask, 0, corm_mask_words(mapper) * sizeof *p->mask);
  p->inlined = false;
  add_copies(p, object, level);
  if (counts_version(mapper, level)) status = count_version(p, object, err);
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_column *column = written(mapper, i, level);
    if (!column) continue;
    if (object->slots[i].flags & CORM_VALUE_SQL) {
      p->inlined = true;
    } else if (object->slots[i].kind == CORM_ABSENT) {
      const corm_default *wanted = &column->default_;
      if (!is_client_default(wanted) && ((int32_t)i == mapper->tables[level].generated ||
                                         wanted->kind == CORM_DEFAULT_SQL || corm_column_has_server_value(column)))
        continue;
      if (object->slots[i].extra & CORM_SLOT_LOST) {
        status = refuse_lost(p, object, i, err);
      } else if (is_client_default(wanted)) {
        status = apply_default(p, object, i, wanted, err);
      } else {
        object->slots[i] = corm_value_null();
        corm_keyed_note(object);
      }
    } else if ((int32_t)i == mapper->tables[level].generated && object->slots[i].kind == CORM_NULL) {
      continue;
    }
    set_bit(p->mask, i);
  }
  return status == CORM_OK ? tell_defaults(p, object, err) : status;
}

static bool has_changes(const corm_object *object, uint32_t level) {
  if (!corm_object_has_changes(object)) return false;
  for (uint32_t i = 0; i < object->changes->n; i++) {
    const uint32_t slot = object->changes->items[i].slot;
    if (written(object->mapper, slot, level) && !(object->slots[slot].extra & CORM_SLOT_PASSED)) return true;
  }
  return false;
}

/* The slot is part of a new key that each table gets by an UPDATE of its own. */
static bool is_key_of(const corm_object *object, uint32_t slot, uint32_t level) {
  const corm_mapper *mapper = object->mapper;
  return level && mapper->rules.active_updates && mapper->attributes[slot].primary_key &&
         (object->slots[slot].flags & CORM_VALUE_DIRTY) && corm_mapper_level_column(mapper, level, slot);
}

static bool has_new_key(const corm_object *object, uint32_t level) {
  for (uint32_t i = 0; level && i < object->mapper->npk; i++)
    if (is_key_of(object, object->mapper->pk[i], level)) return true;
  return false;
}

/* The row of the level that has the version is written when that of another one is. */
static bool changes_below(const corm_object *object) {
  for (uint32_t level = 1; level < object->mapper->ntables; level++)
    if (has_changes(object, level)) return true;
  return false;
}

corm_status corm_persist_update_mask(corm_persister *p, corm_object *object, uint32_t level, bool *any,
                                     corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  corm_status status = CORM_OK;
  *any = has_changes(object, level) || has_new_key(object, level) ||
         (counts_version(mapper, level) && changes_below(object));
  if (!*any) return CORM_OK;
  memset(p->mask, 0, corm_mask_words(mapper) * sizeof *p->mask);
  p->inlined = false;
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_column *column = written(mapper, i, level);
    if (!column && is_key_of(object, i, level)) set_bit(p->mask, i);
    if (!column) continue;
    if (!(object->slots[i].flags & CORM_VALUE_DIRTY) && is_client_default(&column->onupdate))
      status = apply_default(p, object, i, &column->onupdate, err);
    if ((object->slots[i].flags & CORM_VALUE_DIRTY) && !(object->slots[i].extra & CORM_SLOT_PASSED)) {
      set_bit(p->mask, i);
      if (mapper->attributes[i].primary_key) p->flush->rekeyed = true;
    }
    if (object->slots[i].flags & CORM_VALUE_SQL) p->inlined = true;
  }
  const uint32_t version = (uint32_t)mapper->version;
  /* Unless it is the script's own. */
  if (status == CORM_OK && counts_version(mapper, level) && !(object->slots[version].flags & CORM_VALUE_DIRTY)) {
    status = count_version(p, object, err);
    if (object->slots[version].flags & CORM_VALUE_DIRTY) set_bit(p->mask, version);
  }
  return status == CORM_OK ? tell_defaults(p, object, err) : status;
}

/* The version that the row has by now. */
static corm_status keep_version(corm_persister *p, const corm_value *value, corm_error *err) {
  p->old_version = *value;
  if (!corm_value_has_bytes(value)) return CORM_OK;
  p->old_version.as.s = corm_arena_dup(&p->arena, value->as.s, value->len);
  return p->old_version.as.s ? CORM_OK : corm_error_memory(err);
}

corm_status corm_persist_post_mask(corm_persister *p, const corm_work *work, uint32_t level, corm_error *err) {
  corm_object *object = work->object;
  const corm_mapper *mapper = object->mapper;
  corm_status status = CORM_OK;
  p->old_version = (corm_value){.kind = CORM_ABSENT};
  p->written_keys = work->kind != CORM_WORK_DELETE;
  if (counts_version(mapper, level)) status = keep_version(p, &object->slots[mapper->version], err);
  if (work->kind == CORM_WORK_DELETE) return status;
  for (uint32_t i = 0; status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_column *column = written(mapper, i, level);
    if (!column || !is_client_default(&column->onupdate) || corm_mask_has(p->mask, i)) continue;
    if (!(object->slots[i].flags & CORM_VALUE_DIRTY)) status = apply_default(p, object, i, &column->onupdate, err);
    if (object->slots[i].flags & CORM_VALUE_DIRTY) set_bit(p->mask, i);
  }
  if (status != CORM_OK || work->kind == CORM_WORK_INSERT || !counts_version(mapper, level)) return status;
  status = count_version(p, object, err);
  if (object->slots[mapper->version].flags & CORM_VALUE_DIRTY) set_bit(p->mask, (uint32_t)mapper->version);
  return status;
}

void corm_persist_expire(corm_object *object, corm_write_kind kind, uint32_t level) {
  const corm_mapper *mapper = object->mapper;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_attribute *attribute = &mapper->attributes[i];
    const corm_column *column = attribute->column;
    corm_value *slot = &object->slots[i];
    if (!column || attribute->level != level) continue;
    if (slot->flags & CORM_VALUE_SQL) corm_object_expire(object, &i, 1);
    if (slot->flags & CORM_VALUE_DIRTY) continue;
    bool computed = kind == CORM_WRITE_INSERT ? slot->kind == CORM_ABSENT
                                              : column->server_onupdate || column->onupdate.kind == CORM_DEFAULT_SQL;
    computed = computed || (kind == CORM_WRITE_UPDATE && (int32_t)i == mapper->version);
    if (!computed || attribute->primary_key) continue;
    corm_value_clear(mapper->mem, slot);
    slot->flags |= CORM_VALUE_EXPIRED;
    object->flags |= CORM_OBJECT_EXPIRED;
    corm_keyed_note(object);
  }
}
