/* Objects read again from their rows. */
#include <stdio.h>
#include <string.h>

#include "orm/loader.h"
#include "orm/state.h"

static corm_status refuse(const corm_object *object, corm_error_class cls, const char *before, const char *after,
                          corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, object->mapper->mem);
  corm_object_describe(object, &name);
  const char *text = corm_buf_str(&name);
  corm_status status = corm_error_set(err, cls, "%s%s%s", before, text ? text : object->mapper->name, after);
  corm_buf_clear(&name);
  return status;
}

/* Slots to be read. More than it has room for are read with the whole row. */
typedef struct wanted {
  uint64_t bits[8];
  bool all; /* the row is to be read as a query would: nothing of it is known */
} wanted;

static bool is_wanted(const wanted *w, uint32_t slot) {
  return w->all || (w->bits[slot / 64] >> (slot % 64) & 1);
}

static bool is_later(const corm_value *value) {
  return (value->flags & CORM_VALUE_LATER) != 0;
}

/* What has expired besides the key, without what waits to be asked for itself. */
static wanted expired_of(const corm_object *object) {
  const corm_mapper *mapper = object->mapper;
  wanted w = {.all = true};
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_value *value = &object->slots[i];
    if (mapper->attributes[i].primary_key) continue;
    if ((value->flags & CORM_VALUE_EXPIRED) && !is_later(value) && i < sizeof w.bits * 8)
      w.bits[i / 64] |= UINT64_C(1) << (i % 64);
    else
      w.all = false;
  }
  if (mapper->nattributes > sizeof w.bits * 8) w.all = true;
  return w;
}

/* Reads what is wanted of the object's row, which comes to it through the identity map; `lock`: NULL, or locks it. */
static corm_status load_row(corm_object *object, const wanted *w, const corm_row_lock *lock, corm_error *err) {
  const corm_load_options options = {.set = w->all ? NULL : w->bits, .lock = lock};
  corm_mapper *mapper = object->mapper;
  corm_value small[8];
  corm_loader *loader = NULL;
  corm_value *key = mapper->npk <= 8 ? small : corm_mem_zalloc(mapper->mem, mapper->npk, sizeof *key);
  if (!key) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->npk; i++) {
    key[i] = *corm_object_committed(object, mapper->pk[i]);
    key[i].flags = 0;
  }
  corm_status status = corm_loader_get(object->session, mapper, key, &options, &loader, err);
  if (key != small) corm_mem_free(mapper->mem, key);
  return status == CORM_OK ? corm_loader_run(loader, err) : status;
}

static bool is_missing(const corm_object *object, const wanted *w) {
  const corm_attribute *attributes = object->mapper->attributes;
  for (uint32_t i = 0; i < object->mapper->nattributes; i++)
    if ((object->slots[i].flags & CORM_VALUE_EXPIRED) && !is_later(&object->slots[i]) &&
        (attributes[i].primary_key || is_wanted(w, i)))
      return true;
  return false;
}

corm_status corm_object_refresh(corm_object *object, uint32_t slot, corm_error *err) {
  if (!object->session) {
    char after[256];
    snprintf(after, sizeof after, " is not bound to a Session; attribute refresh operation of '%s.%s' cannot proceed",
             object->mapper->name, object->mapper->attributes[slot].key);
    return refuse(object, CORM_E_DETACHED_INSTANCE, "Instance ", after, err);
  }
  wanted w = {0};
  if (is_later(&object->slots[slot]) && slot < sizeof w.bits * 8)
    w.bits[slot / 64] = UINT64_C(1) << (slot % 64);
  else
    w = expired_of(object);
  corm_status status = load_row(object, &w, NULL, err);
  if (status == CORM_OK && (object->slots[slot].flags & CORM_VALUE_EXPIRED))
    return refuse(object, CORM_E_OBJECT_DELETED, "Instance ", " has been deleted, or its row is otherwise not present",
                  err);
  return status;
}

/* Relationships that were asked for by name are there afterwards. */
static corm_status load_named(corm_object *object, const char *const *keys, uint32_t n, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    corm_relationship *relationship = corm_mapper_relationship(object->mapper, keys[i], strlen(keys[i]));
    if (relationship) status = corm_object_load_link(object, relationship, err);
  }
  return status;
}

/* The columns among the names, which have expired. */
static wanted named(const corm_object *object, const char *const *keys, uint32_t n) {
  wanted w = {0};
  for (uint32_t i = 0; i < n; i++) {
    const int32_t slot = corm_mapper_slot(object->mapper, keys[i], strlen(keys[i]));
    if (slot >= 0 && (size_t)slot >= sizeof w.bits * 8) return (wanted){.all = true};
    if (slot >= 0) w.bits[slot / 64] |= UINT64_C(1) << (slot % 64);
  }
  return w;
}

corm_status corm_session_refresh(corm_session *session, corm_object *object, const char *const *keys, uint32_t n,
                                 const corm_row_lock *lock, corm_error *err) {
  corm_status status = corm_session_expire(session, object, keys, n, err);
  if (status == CORM_OK) status = corm_session_autoflush(session, err);
  if (status != CORM_OK) return status;
  const wanted w = keys ? named(object, keys, n) : expired_of(object);
  if (lock || (object->flags & CORM_OBJECT_EXPIRED)) status = load_row(object, &w, lock, err);
  if (status != CORM_OK) return status;
  if (is_missing(object, &w)) return refuse(object, CORM_E_INVALID_REQUEST, "Could not refresh instance ", "", err);
  return keys ? load_named(object, keys, n, err) : CORM_OK;
}
