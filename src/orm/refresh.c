/* Objects read again from their rows. */
#include <stdio.h>
#include <string.h>

#include "orm/keyed.h"
#include "orm/loader.h"
#include "orm/preview.h"
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
  const uint8_t both = CORM_VALUE_EXPIRED | CORM_VALUE_LATER;
  return (value->flags & both) == both;
}

static bool is_alone(const corm_value *value) {
  return (value->flags & CORM_VALUE_ALONE) != 0;
}

/* What has expired besides the key, without what waits to be asked for itself. */
static wanted expired_of(const corm_object *object) {
  const corm_mapper *mapper = object->mapper;
  wanted w = {.all = true};
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_value *value = &object->slots[i];
    const bool expired = (value->flags & CORM_VALUE_EXPIRED) && !is_later(value);
    if (mapper->attributes[i].primary_key) continue;
    if (expired && i < sizeof w.bits * 8) w.bits[i / 64] |= UINT64_C(1) << (i % 64);
    if (expired == mapper->attributes[i].deferred) w.all = false;
  }
  if (mapper->nattributes > sizeof w.bits * 8) w.all = true;
  return w;
}

/* Hooks may have taken the object out. */
static corm_status check_attached(const corm_object *object, corm_error *err) {
  if (object->session) return CORM_OK;
  return refuse(object, CORM_E_DETACHED_INSTANCE, "Instance ",
                " is not bound to a Session any more; attribute refresh operation cannot proceed", err);
}

/* Criteria do not hold here: the row is the object's. */
static corm_status tell(corm_object *object, corm_error *err) {
  corm_load_plan *ignored;
  corm_status status =
      corm_session_before_load(object->session, CORM_LOAD_COLUMNS, object->mapper, object, &ignored, err);
  corm_load_plan_release(ignored);
  return status == CORM_OK ? check_attached(object, err) : status;
}

/* Reads what is wanted of the object's row, which comes to it through the identity map; `lock`: NULL, or locks it. */
static corm_status load_row(corm_object *object, const wanted *w, const corm_row_lock *lock, corm_error *err) {
  const corm_load_options options = {.set = w->all ? NULL : w->bits, .lock = lock, .told = true};
  corm_mapper *mapper = object->mapper;
  corm_value small[8];
  corm_loader *loader = NULL;
  if (tell(object, err) != CORM_OK) return CORM_FAILED;
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

/* -- what the query of an object did not select -- */

static wanted later_of(const corm_object *object, uint32_t slot) {
  wanted w = {0};
  if (slot >= sizeof w.bits * 8) return (wanted){.all = true};
  for (uint32_t i = 0; i < object->mapper->nattributes && i < sizeof w.bits * 8; i++)
    if (is_later(&object->slots[i]) && !is_alone(&object->slots[i])) w.bits[i / 64] |= UINT64_C(1) << (i % 64);
  return w;
}

/* Of the objects that came with it, those of its class that have not got the slot either. */
static uint32_t list_keys(const corm_object *object, uint32_t slot, corm_value *keys) {
  const corm_siblings *siblings = object->siblings;
  const corm_host *host = object->session->host;
  uint32_t n = 0;
  for (uint32_t i = 0; i < siblings->n && n < CORM_GATHER_KEYS; i++) {
    corm_object *other = siblings->members[(object->sibling + i) % siblings->n];
    if (!other || other->session != object->session || other->mapper != object->mapper) continue;
    if (!is_later(&other->slots[slot]) || !host->alive(host->ctx, other)) continue;
    keys[n] = *corm_object_committed(other, other->mapper->pk[0]);
    if (keys[n].kind == CORM_ABSENT || keys[n].kind == CORM_NULL) continue;
    keys[n++].flags = 0;
  }
  return n;
}

static corm_status select_rows(corm_loader *loader, const corm_object *object, uint32_t slot, const wanted *w,
                               corm_error *err) {
  corm_arena *arena = &loader->arena;
  const corm_mapper *mapper = object->mapper;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, 1, sizeof *columns);
  corm_value *keys = corm_arena_alloc(arena, CORM_GATHER_KEYS * sizeof *keys);
  const corm_bundle *bundle = corm_mapper_columns_in(arena, mapper, w->bits);
  if (!select || !columns || !keys || !bundle) return corm_error_memory(err);
  const uint32_t n = list_keys(object, slot, keys);
  columns[0] = &bundle->base;
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = columns;
  select->ncolumns = 1;
  select->where = corm_in_in(arena, CORM_OP_IN, corm_mapper_key_column(mapper, bundle, 0), keys, n, 0);
  if (!select->where) return corm_error_memory(err);
  return corm_loader_open(loader, &select->base, NULL, NULL, 0, false, err);
}

/* The object's slots, and those of its siblings: a list of objects of subclasses costs a statement for each class, not
   for each object. */
static corm_status load_later(corm_object *object, uint32_t slot, corm_error *err) {
  const wanted w = later_of(object, slot);
  corm_loader *loader = NULL;
  if (w.all || object->mapper->npk != 1 || !object->siblings || object->siblings->n < 2)
    return load_row(object, &w, NULL, err);
  corm_status status = tell(object, err);
  if (status == CORM_OK) status = corm_loader_make(object->session, &loader, err);
  if (status != CORM_OK) return status;
  loader->columns_only = true;
  status = select_rows(loader, object, slot, &w, err);
  if (status == CORM_OK) return corm_loader_run(loader, err);
  corm_loader_free(loader);
  return status;
}

/* A deferred slot is loaded with those of its group. */
static wanted group_of(const corm_object *object, uint32_t slot) {
  const corm_attribute *attributes = object->mapper->attributes;
  const char *group = attributes[slot].group;
  wanted w = {.bits = {0}};
  for (uint32_t i = 0; i < object->mapper->nattributes && i < sizeof w.bits * 8; i++) {
    const uint8_t flags = object->slots[i].flags;
    const bool beside = group && attributes[i].group && strcmp(attributes[i].group, group) == 0 &&
                        is_later(&object->slots[i]) && !(flags & CORM_VALUE_RAISES);
    if (i == slot || beside) w.bits[i / 64] |= UINT64_C(1) << (i % 64);
  }
  return w;
}

corm_status corm_object_refresh(corm_object *object, uint32_t slot, corm_error *err) {
  const corm_attribute *attribute = &object->mapper->attributes[slot];
  if (attribute->kind == CORM_ATTRIBUTE_GIVEN && !attribute->expression) { /* nobody can say it again */
    corm_value_clear(object->mapper->mem, &object->slots[slot]);
    corm_keyed_note(object);
    return CORM_OK;
  }
  if (object->slots[slot].flags & CORM_VALUE_RAISES)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "'%s.%s' is not available due to raiseload=True",
                          object->mapper->name, object->mapper->attributes[slot].key);
  if (!object->session) {
    char after[256];
    snprintf(after, sizeof after, " is not bound to a Session; attribute refresh operation of '%s.%s' cannot proceed",
             object->mapper->name, object->mapper->attributes[slot].key);
    return refuse(object, CORM_E_DETACHED_INSTANCE, "Instance ", after, err);
  }
  if (object->session->preview) return corm_preview_refresh(object->session->preview, object, slot, err);
  const wanted w = is_alone(&object->slots[slot]) ? group_of(object, slot) : expired_of(object);
  const bool others = is_later(&object->slots[slot]) && !is_alone(&object->slots[slot]);
  corm_status status = others ? load_later(object, slot, err) : load_row(object, &w, NULL, err);
  if (status == CORM_OK && (object->slots[slot].flags & CORM_VALUE_EXPIRED))
    return refuse(object, CORM_E_OBJECT_DELETED, "Instance ", " has been deleted, or its row is otherwise not present",
                  err);
  return status;
}

corm_status corm_object_flush_first(const corm_object *object, corm_error *err) {
  corm_session *session = object->session;
  return session && !session->preview && object->mapper->nexpressions ? corm_session_autoflush(session, err) : CORM_OK;
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
  if (status == CORM_OK) status = check_attached(object, err);
  if (status != CORM_OK) return status;
  const wanted w = keys ? named(object, keys, n) : expired_of(object);
  if (lock || (object->flags & CORM_OBJECT_EXPIRED)) status = load_row(object, &w, lock, err);
  if (status != CORM_OK) return status;
  if (is_missing(object, &w)) return refuse(object, CORM_E_INVALID_REQUEST, "Could not refresh instance ", "", err);
  return keys ? load_named(object, keys, n, err) : CORM_OK;
}
