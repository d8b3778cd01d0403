#include "orm/entity.h"

#include <string.h>

#include "orm/keyed.h"
#include "orm/links.h"
#include "orm/load_plan.h"
#include "orm/session.h"

void corm_object_init(corm_object *object, corm_mapper *mapper) {
  corm_object_begin(object, mapper);
  memset(object->slots, 0, mapper->nattributes * sizeof(corm_value));
}

/* -- changes -- */

corm_change *corm_object_change(const corm_object *object, uint32_t slot) {
  corm_changes *changes = object->changes;
  for (uint32_t i = 0; changes && i < changes->n; i++)
    if (changes->items[i].slot == slot) return &changes->items[i];
  return NULL;
}

static corm_status reserve_change(corm_object *object, corm_error *err) {
  corm_changes *changes = object->changes;
  if (changes && changes->n < changes->cap) return CORM_OK;
  uint32_t cap = changes && changes->cap ? changes->cap * 2 : 1;
  changes = corm_mem_resize(object->mapper->mem, changes, sizeof *changes + cap * sizeof(corm_change));
  if (!changes) return corm_error_memory(err);
  if (!object->changes) *changes = (corm_changes){0};
  changes->cap = cap;
  object->changes = changes;
  return CORM_OK;
}

static void drop_change(corm_object *object, corm_change *change) {
  corm_changes *changes = object->changes;
  *change = changes->items[--changes->n];
}

/* Frees the memory of the changes; the slots stay as they are. */
static void free_changes(corm_object *object) {
  const corm_mem *mem = object->mapper->mem;
  if (!object->changes) return;
  for (uint32_t i = 0; i < object->changes->n; i++) corm_value_clear(mem, &object->changes->items[i].old);
  object->changes->n = 0;
  object->changes->shown = false;
  if (object->changes->frames) return;
  corm_mem_free(mem, object->changes);
  object->changes = NULL;
}

static corm_status make_changes(corm_object *object, corm_error *err) {
  if (!object->changes) object->changes = corm_mem_zalloc(object->mapper->mem, 1, sizeof *object->changes);
  return object->changes ? CORM_OK : corm_error_memory(err);
}

corm_status corm_object_show(corm_object *object, corm_error *err) {
  const corm_status status = make_changes(object, err);
  if (status == CORM_OK) object->changes->shown = true;
  return status;
}

corm_status corm_object_enter_frame(corm_object *object, corm_error *err) {
  const corm_status status = make_changes(object, err);
  if (status == CORM_OK) object->changes->frames++;
  return status;
}

void corm_object_leave_frame(corm_object *object) {
  corm_changes *changes = object->changes;
  if (!changes || !changes->frames || --changes->frames || changes->n || changes->shown) return;
  corm_mem_free(object->mapper->mem, changes);
  object->changes = NULL;
}

const corm_value *corm_object_committed(const corm_object *object, uint32_t slot) {
  if (object->slots[slot].flags & CORM_VALUE_DIRTY) {
    const corm_change *change = corm_object_change(object, slot);
    if (change) return &change->old;
  }
  return &object->slots[slot];
}

bool corm_object_has_changes(const corm_object *object) {
  return object->changes && object->changes->n > 0;
}

void corm_object_clean(corm_object *object) {
  if (!object->changes) return;
  for (uint32_t i = 0; i < object->changes->n; i++)
    object->slots[object->changes->items[i].slot].flags &= (uint8_t)~CORM_VALUE_DIRTY;
  free_changes(object);
}

/* -- reading and writing -- */

corm_status corm_object_get(corm_object *object, uint32_t slot, const corm_value **out, corm_error *err) {
  const corm_value *value = &object->slots[slot];
  if (value->flags & CORM_VALUE_EXPIRED) {
    corm_status status = corm_object_refresh(object, slot, err);
    if (status != CORM_OK) return status;
  }
  *out = value;
  return CORM_OK;
}

/* Transient and pending objects have no row to differ from. */
static bool has_row(const corm_object *object) {
  return (object->flags & CORM_OBJECT_KEYED) != 0;
}

static void put(corm_object *object, uint32_t slot, corm_value value, uint8_t flags) {
  value.flags = (uint8_t)((value.flags & CORM_VALUE_OWNED) | flags);
  value.extra &= CORM_SLOT_PLACEHOLDER;
  object->slots[slot] = value;
  corm_keyed_note(object);
}

/* Integers, which most keys and counts are, without a call. */
static bool same(const corm_value *a, const corm_value *b) {
  if (a->kind == CORM_INT && b->kind == CORM_INT) return a->as.i == b->as.i;
  return corm_value_equal(a, b);
}

/* Setting what the database has undoes the change. */
static bool undo_change(corm_object *object, uint32_t slot, const corm_value *value) {
  corm_change *change = corm_object_change(object, slot);
  if (!change || change->old.kind == CORM_ABSENT || !same(&change->old, value)) return false;
  corm_value old = change->old;
  drop_change(object, change);
  corm_value_clear(object->mapper->mem, &object->slots[slot]);
  put(object, slot, old, 0);
  return true;
}

void corm_object_unset(corm_object *object, uint32_t slot) {
  corm_change *change = corm_object_change(object, slot);
  if (!change || change->old.kind == CORM_ABSENT) return;
  const corm_value old = change->old;
  drop_change(object, change);
  corm_value_clear(object->mapper->mem, &object->slots[slot]);
  put(object, slot, old, 0);
}

/* Those who refer to an object are found by what they refer to. A primary key is known when it has expired. */
static bool asks_first(const corm_object *object, uint32_t slot) {
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  return (object->slots[slot].flags & CORM_VALUE_EXPIRED) && object->session && object->state == CORM_PERSISTENT &&
         (attribute->active_history || (attribute->referred && !attribute->primary_key));
}

/* Room was reserved (reserve_change), and the session knows. */
static void keep_old(corm_object *object, uint32_t slot, corm_value old) {
  corm_change *change = &object->changes->items[object->changes->n++];
  change->slot = slot;
  change->old = old;
  change->old.flags &= CORM_VALUE_OWNED;
  change->old.extra &= CORM_SLOT_PLACEHOLDER;
}

/* An integer that was changed and registered before gets another value, which most changes of such are: nothing to
   keep, copy or free. False: it is something else. */
static bool set_again(corm_object *object, uint32_t slot, const corm_value *value) {
  corm_value *current = &object->slots[slot];
  if (value->kind != CORM_INT || current->kind != CORM_INT || !(object->flags & CORM_OBJECT_MODIFIED)) return false;
  if ((current->flags & (CORM_VALUE_DIRTY | CORM_VALUE_EXPIRED)) != CORM_VALUE_DIRTY) return false;
  const corm_change *change = corm_object_change(object, slot);
  if (!change || change->old.kind != CORM_INT || change->old.as.i == value->as.i) return false;
  current->as.i = value->as.i;
  current->extra = value->extra & CORM_SLOT_PLACEHOLDER;
  corm_keyed_note(object);
  return true;
}

CORM_NOINLINE static corm_status set(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  corm_value *current = &object->slots[slot];
  const corm_value *now;
  corm_value copy;
  if (asks_first(object, slot) && corm_object_get(object, slot, &now, err) != CORM_OK) return CORM_FAILED;
  const bool dirty = current->flags & CORM_VALUE_DIRTY, track = has_row(object);
  current->extra &= CORM_SLOT_PLACEHOLDER; /* not what the host made of it */
  if (current->kind != CORM_ABSENT && !(current->flags & CORM_VALUE_EXPIRED) && same(current, value)) return CORM_OK;
  if (dirty && undo_change(object, slot, value)) return CORM_OK;

  if (corm_value_dup(mem, value, &copy) != CORM_OK) return corm_error_memory(err);
  copy.extra = value->extra;
  corm_status status = track && !dirty ? reserve_change(object, err) : CORM_OK;
  if (status == CORM_OK && track && object->session) status = corm_session_modified(object->session, object, err);
  if (status != CORM_OK) {
    corm_value_clear(mem, &copy);
    return status;
  }
  if (track && !dirty) {
    keep_old(object, slot, *current);
  } else {
    corm_value_clear(mem, current);
  }
  put(object, slot, copy, track ? CORM_VALUE_DIRTY : 0);
  return CORM_OK;
}

corm_status corm_object_set(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err) {
  return set_again(object, slot, value) ? CORM_OK : set(object, slot, value, err);
}

corm_status corm_object_set_sql(corm_object *object, uint32_t slot, const corm_node *expression, corm_error *err) {
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  corm_value *current = &object->slots[slot];
  const bool dirty = current->flags & CORM_VALUE_DIRTY, track = has_row(object);
  if (attribute->primary_key || !attribute->column)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s cannot be set to an SQL expression%s", object->mapper->name,
                          attribute->key, attribute->primary_key ? ": it is part of the primary key" : "");
  corm_status status = CORM_OK;
  const corm_value *now;
  if (asks_first(object, slot)) status = corm_object_get(object, slot, &now, err);
  if (status == CORM_OK && track && !dirty) status = reserve_change(object, err);
  if (status == CORM_OK && track && object->session) status = corm_session_modified(object->session, object, err);
  if (status != CORM_OK) return status;
  if (track && !dirty) {
    keep_old(object, slot, *current);
  } else {
    corm_value_clear(object->mapper->mem, current);
  }
  *current = (corm_value){.as.s = (const char *)expression};
  current->flags = (uint8_t)(CORM_VALUE_SQL | (track ? CORM_VALUE_DIRTY : 0));
  corm_keyed_note(object);
  return CORM_OK;
}

corm_status corm_object_touch(corm_object *object, uint32_t slot, corm_error *err) {
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  corm_value *value = &object->slots[slot];
  corm_value old = {0};
  if ((value->kind == CORM_ABSENT && !(value->flags & CORM_VALUE_SQL)) || (value->flags & CORM_VALUE_EXPIRED))
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "Can't flag attribute '%s.%s' modified; it's not present in the object state",
                          object->mapper->name, attribute->key);
  if (!has_row(object) || (value->flags & CORM_VALUE_DIRTY)) return CORM_OK;
  corm_status status = reserve_change(object, err);
  if (status == CORM_OK && object->session) status = corm_session_modified(object->session, object, err);
  /* What the row is found by has to be known. */
  const bool known = attribute->primary_key || (int32_t)slot == object->mapper->version;
  if (status == CORM_OK && known && corm_value_dup(object->mapper->mem, value, &old) != CORM_OK)
    status = corm_error_memory(err);
  if (status != CORM_OK) return status;
  keep_old(object, slot, old);
  value->flags |= CORM_VALUE_DIRTY;
  return CORM_OK;
}

corm_status corm_object_rewrite(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err) {
  corm_value copy, *current = &object->slots[slot];
  if (corm_value_equal(current, value)) return CORM_OK;
  if (corm_value_dup(object->mapper->mem, value, &copy) != CORM_OK) return corm_error_memory(err);
  copy.flags = (uint8_t)(copy.flags | (current->flags & ~CORM_VALUE_OWNED));
  copy.extra = current->extra;
  corm_value_clear(object->mapper->mem, current);
  *current = copy;
  return CORM_OK;
}

corm_status corm_object_reread(corm_object *object, corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  const corm_host *host = mapper->registry->host;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; mapper->holds && status == CORM_OK && i < mapper->nattributes; i++) {
    const corm_value *value = &object->slots[i];
    if (!(value->extra & CORM_SLOT_HELD) || (value->flags & CORM_VALUE_EXPIRED)) continue;
    if ((value->flags & CORM_VALUE_DIRTY) || !has_row(object)) status = host->reread(host->ctx, object, i, err);
  }
  return status;
}

corm_status corm_object_store(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err) {
  const corm_mem *mem = object->mapper->mem;
  corm_value copy;
  if (corm_value_dup(mem, value, &copy) != CORM_OK) return corm_error_memory(err);
  if (object->slots[slot].flags & CORM_VALUE_DIRTY) {
    corm_change *change = corm_object_change(object, slot);
    if (change) {
      corm_value_clear(mem, &change->old);
      drop_change(object, change);
    }
  }
  corm_value_clear(mem, &object->slots[slot]);
  put(object, slot, copy, 0);
  return CORM_OK;
}

/* The change of a slot by which the row is not found. */
static corm_change *change_beside_key(const corm_object *object, uint32_t slot) {
  if (object->mapper->attributes[slot].primary_key || (int32_t)slot == object->mapper->version) return NULL;
  return corm_object_change(object, slot);
}

corm_status corm_object_rebase(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err) {
  corm_change *change = change_beside_key(object, slot);
  corm_value copy;
  if (!change) return CORM_OK;
  if (corm_value_dup(object->mapper->mem, value, &copy) != CORM_OK) return corm_error_memory(err);
  corm_value_clear(object->mapper->mem, &change->old);
  change->old = copy;
  return CORM_OK;
}

void corm_object_doubt(corm_object *object, uint32_t slot) {
  corm_change *change = change_beside_key(object, slot);
  if (change) corm_value_clear(object->mapper->mem, &change->old);
}

/* What was deferred and is not loaded stays so when all expire, and what no row has, as it is. */
static bool stays_later(const corm_object *object, uint32_t slot) {
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  return attribute->kind == CORM_ATTRIBUTE_VOID ||
         ((object->slots[slot].flags & CORM_VALUE_LATER) && attribute->deferred);
}

static inline void expire_slot(corm_object *object, uint32_t slot) {
  const corm_mem *mem = object->mapper->mem;
  corm_value *value = &object->slots[slot];
  if (value->flags & CORM_VALUE_DIRTY) {
    corm_change *change = corm_object_change(object, slot);
    corm_value_clear(mem, value);
    if (change) {
      *value = change->old;
      drop_change(object, change);
    }
  }
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  if (!attribute->primary_key) {
    if (value->flags & CORM_VALUE_OWNED) corm_value_clear(mem, value);
    *value = (corm_value){.kind = CORM_ABSENT};
  }
  if (attribute->kind == CORM_ATTRIBUTE_GIVEN && !attribute->expression) return; /* nobody can say it again */
  value->flags = (uint8_t)((value->flags & (CORM_VALUE_OWNED | CORM_VALUE_GENERATED)) | CORM_VALUE_EXPIRED);
  value->extra = 0;
}

void corm_object_expire(corm_object *object, const uint32_t *slots, uint32_t n) {
  if (slots) {
    for (uint32_t i = 0; i < n; i++) {
      corm_keyed_note(object);
      expire_slot(object, slots[i]);
    }
  } else {
    corm_keyed_note(object);
    for (uint32_t i = 0; i < object->mapper->nattributes; i++)
      if (!stays_later(object, i)) expire_slot(object, i);
    if (object->changes) free_changes(object);
  }
  object->flags |= CORM_OBJECT_EXPIRED;
  if (object->session) object->session->identity.stale = true;
}

void corm_object_expire_expressions(corm_object *object) {
  const corm_mapper *mapper = object->mapper;
  if (object->state != CORM_PERSISTENT) return;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_attribute *attribute = &mapper->attributes[i];
    corm_value *value = &object->slots[i];
    const bool there = value->kind != CORM_ABSENT;
    if ((attribute->kind != CORM_ATTRIBUTE_EXPRESSION && attribute->kind != CORM_ATTRIBUTE_GIVEN) ||
        (value->flags & CORM_VALUE_EXPIRED) || (there && attribute->keeps))
      continue;
    corm_keyed_note(object);
    expire_slot(object, i);
    if (!(value->flags & CORM_VALUE_EXPIRED)) continue;
    if (!there && attribute->deferred)
      value->flags = corm_mapper_missing_flags(attribute);
    else if (!attribute->deferred)
      object->flags |= CORM_OBJECT_EXPIRED;
  }
}

bool corm_object_key(const corm_object *object, corm_value *key) {
  const corm_mapper *mapper = object->mapper;
  for (uint32_t i = 0; i < mapper->npk; i++) {
    key[i] = object->slots[mapper->pk[i]];
    key[i].flags = 0;
    if (key[i].kind == CORM_ABSENT || key[i].kind == CORM_NULL) return false;
  }
  return true;
}

void corm_object_describe(const corm_object *object, corm_buf *out) {
  const corm_mapper *mapper = object->mapper;
  corm_buf_puts(out, mapper->name);
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const corm_value *value = &object->slots[mapper->pk[i]];
    if (i) corm_buf_puts(out, ", ");
    corm_buf_puts(out, mapper->attributes[mapper->pk[i]].key);
    corm_buf_putc(out, '=');
    if (value->kind == CORM_ABSENT)
      corm_buf_puts(out, "NULL");
    else
      corm_value_describe(value, 40, out);
  }
  corm_buf_putc(out, ')');
}

/* -- siblings -- */

corm_siblings *corm_siblings_new(const corm_mem *mem) {
  corm_siblings *siblings = corm_mem_zalloc(mem, 1, sizeof *siblings);
  if (siblings) {
    siblings->mem = mem;
    siblings->refs = 1;
  }
  return siblings;
}

void corm_siblings_release(corm_siblings *siblings) {
  if (!siblings || --siblings->refs) return;
  corm_load_plan_release(siblings->plan);
  corm_mem_free(siblings->mem, siblings->members);
  corm_mem_free(siblings->mem, siblings);
}

void corm_siblings_leave(corm_object *object) {
  if (!object->siblings) return;
  object->siblings->members[object->sibling] = NULL;
  corm_siblings_release(object->siblings);
  object->siblings = NULL;
}

corm_status corm_siblings_join(corm_siblings *siblings, corm_object *object, corm_error *err) {
  if (object->siblings == siblings) return CORM_OK;
  if (siblings->n == siblings->cap) {
    uint32_t cap = siblings->cap ? siblings->cap * 2 : 8;
    corm_object **members = corm_mem_resize(siblings->mem, siblings->members, cap * sizeof *members);
    if (!members) return corm_error_memory(err);
    siblings->members = members;
    siblings->cap = cap;
  }
  corm_siblings_leave(object);
  corm_siblings_enter(siblings, object);
  return CORM_OK;
}

void corm_object_finalize(corm_object *object) {
  if (!object->mapper) return;
  const corm_mem *mem = object->mapper->mem;
  if (object->session) corm_session_forget(object->session, object);
  corm_siblings_leave(object);
  for (uint32_t i = 0; i < object->mapper->nattributes; i++)
    if (object->slots[i].flags & CORM_VALUE_OWNED) corm_value_clear(mem, &object->slots[i]);
  if (object->changes) {
    object->changes->frames = 0;
    free_changes(object);
  }
  corm_links_free(object);
  object->mapper = NULL;
}
