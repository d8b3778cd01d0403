/* Rows become objects: one block each, with the row's text behind the slots. */
#include <string.h>

#include "orm/loader.h"
#include "orm/state.h"
#include "sql/expr.h"

/* -- shapes -- */

/* What stands in a slot that is not selected; what a class below the entity's brings can be loaded like all else. What
   only queries give is simply not there. */
static uint8_t missing_flags(const corm_load_entity *entity, const corm_mapper *mapper, uint32_t slot) {
  const corm_view *view = entity->bundle->view;
  const corm_attribute *attribute = &mapper->attributes[slot];
  const uint8_t later = CORM_VALUE_EXPIRED | CORM_VALUE_LATER;
  if (attribute->kind == CORM_ATTRIBUTE_VOID) return CORM_VALUE_LATER;
  const bool own = slot < entity->mapper->nattributes;
  const uint8_t said = own && view && view->missing ? view->missing[slot] : corm_selection_flags(entity, mapper, slot);
  if (said == CORM_SLOT_EMPTY || (attribute->kind == CORM_ATTRIBUTE_GIVEN && !attribute->expression)) return 0;
  return said ? said : later;
}

static corm_status describe_missing(corm_loader *loader, const corm_load_entity *entity, corm_load_shape *shape,
                                    corm_error *err) {
  const corm_mapper *mapper = shape->mapper;
  shape->missing = corm_arena_zalloc(&loader->arena, mapper->nattributes, 1);
  if (!shape->missing) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    if (shape->place[i] >= 0) continue;
    shape->missing[i] = missing_flags(entity, mapper, i);
    shape->partial = true;
  }
  return CORM_OK;
}

/* What only queries give has the type of what they give. */
static const corm_type *type_of(const corm_load_entity *entity, const corm_load_shape *shape, uint32_t slot) {
  const corm_attribute *attribute = &shape->mapper->attributes[slot];
  const corm_bundle *bundle = entity->bundle;
  if (attribute->kind != CORM_ATTRIBUTE_GIVEN || !shape->place || shape->place[slot] < 0) return attribute->type;
  const corm_node *node = bundle->columns[shape->place[slot]];
  return node ? corm_node_type(node) : attribute->type;
}

static corm_status describe_slots(corm_loader *loader, const corm_load_entity *entity, corm_load_shape *shape,
                                  corm_error *err) {
  const corm_mapper *mapper = shape->mapper;
  const corm_dialect *dialect = loader->dialect;
  shape->rest = corm_arena_zalloc(&loader->arena, mapper->nattributes, sizeof *shape->rest);
  shape->kinds = corm_arena_zalloc(&loader->arena, mapper->nattributes, 1);
  shape->wide = corm_arena_zalloc(&loader->arena, mapper->nattributes, sizeof *shape->wide);
  if (!shape->rest || !shape->kinds || !shape->wide) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_type *type = corm_type_on(type_of(entity, shape, i), dialect->name);
    shape->kinds[i] = dialect->is_plain(dialect, type) ? (uint8_t)corm_type_value_kind(type) : CORM_VALUE_KIND_COUNT;
    if (shape->kinds[i] == CORM_VALUE_KIND_COUNT || corm_value_kind_has_bytes(shape->kinds[i]))
      shape->wide[shape->nwide++] = (uint16_t)i;
    const bool missing = shape->place && shape->place[i] < 0;
    if (!missing && !mapper->attributes[i].primary_key)
      shape->rest[shape->nrest++] = (corm_load_slot){(uint16_t)i, shape->kinds[i]};
  }
  return CORM_OK;
}

/* Where the slots of a class below the entity's stand: those of each class between them in its part of the bundle. */
static int16_t *place_slots(corm_loader *loader, const corm_load_entity *entity, const corm_mapper *mapper) {
  const corm_view *view = entity->bundle->view;
  int16_t *place = corm_arena_alloc(&loader->arena, (mapper->nattributes + 1) * sizeof *place);
  const uint32_t own = entity->mapper->nattributes;
  if (!place) return NULL;
  for (uint32_t i = 0; i < own; i++) place[i] = view && view->place ? view->place[i] : (int16_t)i;
  for (uint32_t i = own; i < mapper->nattributes; i++) place[i] = -1;
  for (uint32_t p = 0; view && p < view->nparts; p++) {
    const corm_view_part *part = &view->parts[p];
    if (!corm_mapper_isa(mapper, part->mapper)) continue;
    const uint32_t first = part->mapper->parent->nattributes;
    for (uint32_t i = first; i < part->mapper->nattributes; i++) place[i] = part->place[i - first];
  }
  for (uint32_t i = 0; i < own && mapper->root != entity->mapper->root; i++)
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID) place[i] = -1;
  return place;
}

/* The shape becomes that of the current row. */
static corm_status add_shape(corm_loader *loader, corm_load_entity *entity, corm_mapper *mapper, bool straight,
                             corm_error *err) {
  corm_load_shape *shape = corm_arena_zalloc(&loader->arena, 1, sizeof *shape);
  if (!shape) return corm_error_memory(err);
  shape->mapper = mapper;
  if (!straight) shape->place = place_slots(loader, entity, mapper);
  if (!straight && !shape->place) return corm_error_memory(err);
  corm_status status = describe_slots(loader, entity, shape, err);
  if (status == CORM_OK && !straight) status = describe_missing(loader, entity, shape, err);
  if (status != CORM_OK) return status;
  if (mapper->root == mapper && mapper->npk > entity->mapper->npk) { /* a concrete class */
    entity->key = corm_arena_zalloc(&loader->arena, mapper->npk, sizeof *entity->key);
    if (!entity->key) return corm_error_memory(err);
  }
  if (!entity->values || mapper->nattributes > entity->room) {
    entity->values = corm_arena_zalloc(&loader->arena, mapper->nattributes, sizeof *entity->values);
    if (!entity->values) return corm_error_memory(err);
    entity->room = mapper->nattributes;
  }
  shape->next = entity->shapes;
  entity->shapes = entity->shape = shape;
  return CORM_OK;
}

corm_status corm_hydrate_prepare(corm_loader *loader, corm_load_entity *entity, corm_error *err) {
  const corm_mapper *mapper = entity->mapper;
  const bool straight = !entity->bundle->view && (mapper->discriminator < 0 || !mapper->children.len);
  entity->key = corm_arena_zalloc(&loader->arena, mapper->npk, sizeof *entity->key);
  if (!straight) entity->raw = corm_arena_zalloc(&loader->arena, entity->bundle->n, sizeof *entity->raw);
  if (!entity->key || (!straight && !entity->raw)) return corm_error_memory(err);
  entity->leads = straight;
  for (uint32_t i = 0; i < mapper->npk; i++) entity->leads = entity->leads && mapper->pk[i] == i;
  return add_shape(loader, entity, entity->mapper, straight, err);
}

/* -- one row -- */

/* "User(id=5)" as far as the row's key is known. */
static void describe_row(const corm_loader *loader, const corm_load_entity *entity, corm_buf *out) {
  const corm_mapper *mapper = entity->mapper;
  corm_buf_puts(out, mapper->name);
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < mapper->npk; i++) {
    corm_value raw;
    corm_result_raw(loader->result, entity->first + corm_hydrate_column(entity->shape, mapper->pk[i]), &raw);
    if (i) corm_buf_puts(out, ", ");
    corm_buf_puts(out, mapper->attributes[mapper->pk[i]].key);
    corm_buf_putc(out, '=');
    corm_value_describe(&raw, 40, out);
  }
  corm_buf_putc(out, ')');
}

/* Says which attribute of which object cannot be read. */
static corm_status explain(const corm_loader *loader, const corm_load_entity *entity, uint32_t slot, corm_error *err) {
  const corm_mapper *mapper = entity->shape->mapper;
  const corm_attribute *attribute = &mapper->attributes[slot];
  corm_buf text;
  if (err->cls == CORM_E_MEMORY) return CORM_FAILED;
  corm_buf_init(&text, loader->mem);
  describe_row(loader, entity, &text);
  const char *row = corm_buf_str(&text);
  corm_error_prefix(err, "%s.%s of %s: ", mapper->name, attribute->key, row ? row : mapper->name);
  corm_error_field(err->entity, sizeof err->entity, mapper->name);
  if (attribute->column) {
    corm_error_field(err->table, sizeof err->table, attribute->column->table->fullname);
    corm_error_field(err->column, sizeof err->column, attribute->column->name);
  }
  corm_buf_clear(&text);
  return CORM_FAILED;
}

static corm_status decode(corm_loader *loader, corm_load_entity *entity, uint32_t slot, corm_value *value) {
  const corm_dialect *dialect = loader->dialect;
  const corm_type *type = corm_type_on(type_of(entity, entity->shape, slot), dialect->name);
  const corm_value raw = *value;
  if (raw.kind == CORM_ABSENT) return corm_error_memory(&loader->failure);
  if (dialect->decode(dialect, type, &raw, &loader->scratch, value, &loader->failure) != CORM_OK)
    return explain(loader, entity, slot, &loader->failure);
  value->flags = 0;
  value->extra = 0;
  entity->unforeseen = entity->unforeseen || corm_value_has_bytes(value);
  return CORM_OK;
}

/* Bytes are copied at once: what the host does between need and fill may move the result's row. */
static corm_status keep_bytes(corm_loader *loader, corm_value *value) {
  corm_buf *text = &loader->text;
  const size_t offset = text->len;
  if (value->len < text->cap - text->len) {
    memcpy(text->ptr + text->len, value->as.s, value->len);
    text->len += value->len;
  } else {
    corm_buf_add(text, value->as.s, value->len);
    if (text->failed) return corm_error_memory(&loader->failure);
  }
  value->as.i = (int64_t)offset;
  return CORM_OK;
}

/* From what the driver gave to what the object gets. */
static inline corm_status read_slot(corm_loader *loader, corm_load_entity *entity, uint32_t slot, uint8_t kind) {
  corm_value *value = &entity->values[slot];
  if (value->kind != kind && value->kind != CORM_NULL && decode(loader, entity, slot, value) != CORM_OK)
    return CORM_FAILED;
  return corm_value_has_bytes(value) ? keep_bytes(loader, value) : CORM_OK;
}

static inline void point_at_bytes(corm_value *value, const char *bytes) {
  if (corm_value_has_bytes(value)) value->as.s = value->len ? bytes + value->as.i : "";
}

/* Rows of objects that are there already often follow each other: then the key is enough, mostly. */
static void read_columns(corm_loader *loader, corm_load_entity *entity) {
  entity->nread = entity->was_known && entity->leads ? entity->mapper->npk : entity->mapper->nattributes;
  corm_result_raws(loader->result, entity->first, entity->nread, entity->values);
}

static void read_other_columns(corm_loader *loader, corm_load_entity *entity) {
  const uint32_t from = entity->nread, n = entity->shape->mapper->nattributes - from;
  if (n) corm_result_raws(loader->result, entity->first + from, n, entity->values + from);
  entity->nread += n;
}

/* The class that a row says it is of; NULL: `failure` is set. */
static corm_mapper *class_of_row(corm_loader *loader, const corm_load_entity *entity, const corm_value *said) {
  corm_mapper *mapper = corm_mapper_identified(entity->mapper->root, said);
  if (mapper && corm_mapper_isa(mapper, entity->mapper)) return mapper;
  corm_buf text;
  corm_buf_init(&text, loader->mem);
  describe_row(loader, entity, &text);
  corm_buf_puts(&text, mapper ? " is of class " : " has the polymorphic identity ");
  if (mapper)
    corm_buf_puts(&text, mapper->name);
  else
    corm_value_describe(said, 40, &text);
  const char *row = corm_buf_str(&text);
  corm_error_set(&loader->failure, CORM_E_INVALID_REQUEST, "%s, which is no class of %s's",
                 row ? row : entity->mapper->name, entity->mapper->name);
  corm_error_field(loader->failure.entity, sizeof loader->failure.entity, entity->mapper->name);
  corm_buf_clear(&text);
  return NULL;
}

/* Whether there is no object in the row, of which an expression may say a class all the same. */
static bool is_no_object(const corm_load_entity *entity, const corm_load_shape *shape) {
  for (uint32_t i = 0; i < shape->mapper->npk; i++)
    if (entity->raw[shape->place[shape->mapper->pk[i]]].kind != CORM_NULL) return false;
  return true;
}

/* Sets the shape that the row's discriminator asks for. */
static corm_status choose_shape(corm_loader *loader, corm_load_entity *entity) {
  const int32_t slot = entity->mapper->discriminator;
  corm_load_shape *own = entity->shapes;
  while (own->next) own = own->next;
  corm_load_shape *const last = entity->shape;
  const corm_view *view = entity->bundle->view;
  const bool united = view && view->nparts && view->type >= 0;
  entity->shape = own;
  if (!united && (slot < 0 || own->place[slot] < 0)) return CORM_OK;
  corm_value said = entity->raw[united ? view->type : own->place[slot]];
  if (said.kind == CORM_NULL) return CORM_OK;
  if (!united && said.kind != own->kinds[slot] && decode(loader, entity, (uint32_t)slot, &said) != CORM_OK)
    return CORM_FAILED;
  if (corm_value_equal(&last->mapper->identity, &said)) {
    entity->shape = last;
    return CORM_OK;
  }
  for (corm_load_shape *shape = entity->shapes; shape; shape = shape->next) {
    if (!corm_value_equal(&shape->mapper->identity, &said)) continue;
    entity->shape = shape;
    return CORM_OK;
  }
  if (is_no_object(entity, own)) return CORM_OK;
  corm_mapper *mapper = class_of_row(loader, entity, &said);
  return mapper ? add_shape(loader, entity, mapper, false, &loader->failure) : CORM_FAILED;
}

/* By slot, whatever order the columns have; what is not selected waits to be asked for. */
static corm_status read_mapped(corm_loader *loader, corm_load_entity *entity) {
  corm_result_raws(loader->result, entity->first, entity->bundle->n, entity->raw);
  const corm_status status = choose_shape(loader, entity);
  const corm_load_shape *shape = entity->shape;
  entity->nread = shape->mapper->nattributes;
  for (uint32_t i = 0; status == CORM_OK && i < entity->nread; i++)
    entity->values[i] = shape->place[i] < 0 ? (corm_value){.kind = CORM_ABSENT, .flags = shape->missing[i]}
                                            : entity->raw[shape->place[i]];
  return status;
}

/* CORM_DONE: the key is NULL, there is no object in this row. */
static corm_status read_key(corm_loader *loader, corm_load_entity *entity) {
  const corm_mapper *mapper = entity->shape->mapper;
  uint32_t nulls = 0;
  loader->text.len = 0;
  loader->text.failed = false;
  entity->unforeseen = false;
  if (mapper->npk == 1) {
    const uint32_t slot = mapper->pk[0];
    if (read_slot(loader, entity, slot, entity->shape->kinds[slot]) != CORM_OK) return CORM_FAILED;
    *entity->key = entity->values[slot];
    point_at_bytes(entity->key, loader->text.ptr);
    return entity->key->kind == CORM_NULL ? CORM_DONE : CORM_OK;
  }
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const uint32_t slot = mapper->pk[i];
    if (read_slot(loader, entity, slot, entity->shape->kinds[slot]) != CORM_OK) return CORM_FAILED;
    nulls += entity->values[slot].kind == CORM_NULL;
  }
  if (nulls && (nulls == mapper->npk || mapper->rules.whole_keys)) return CORM_DONE;
  for (uint32_t i = 0; i < mapper->npk; i++) {
    entity->key[i] = entity->values[mapper->pk[i]];
    point_at_bytes(&entity->key[i], loader->text.ptr);
  }
  return CORM_OK;
}

/* -- objects that are there already -- */

static bool populates(const corm_loader *loader, const corm_object *object) {
  return loader->populate_existing || object->mapper->rules.refreshes;
}

static bool may_overwrite(const corm_loader *loader, const corm_object *object, uint32_t slot) {
  const corm_value *value = &object->slots[slot];
  if (value->flags & CORM_VALUE_DIRTY) return populates(loader, object) && !loader->keep_changes;
  return (value->flags & CORM_VALUE_EXPIRED) || value->kind == CORM_ABSENT || populates(loader, object);
}

/* populate_existing overwrites changes, too, and relationships are loaded again. */
static void forget_links(const corm_loader *loader, corm_object *object) {
  if (!populates(loader, object) || loader->keep_changes) return;
  for (uint32_t i = 0; i < corm_object_link_count(object); i++)
    corm_link_reset(object, object->mapper->relationships.items[i]);
}

/* The slots of an object that a row of the shape can fill: all, unless the row says that it is of another class now. */
static uint32_t common_slots(const corm_load_shape *shape, const corm_object *object) {
  const corm_mapper *mapper = shape->mapper;
  while (!corm_mapper_isa(object->mapper, mapper)) mapper = mapper->parent;
  return mapper->nattributes;
}

static bool has_expired(const corm_object *object) {
  for (uint32_t i = 0; i < object->mapper->nattributes; i++)
    if ((object->slots[i].flags & (CORM_VALUE_EXPIRED | CORM_VALUE_LATER)) == CORM_VALUE_EXPIRED) return true;
  return false;
}

/* True when the current row can fill the slot. */
static bool fills(const corm_loader *loader, const corm_load_shape *shape, const corm_object *object, uint32_t slot) {
  return may_overwrite(loader, object, slot) && !(shape->place && shape->place[slot] < 0);
}

/* Whether listeners have heard of the object, which comes in several rows. Pages may not hold it from one to another.
 */
static bool is_told(corm_loader *loader, const corm_object *object, corm_error *err, corm_status *status) {
  if (!populates(loader, object) || loader->page) return false;
  const char *address = (const char *)&object;
  if (corm_map_get(&loader->told, address, sizeof object)) return true;
  *status = corm_map_put(&loader->told, address, sizeof object, loader);
  if (*status != CORM_OK) *status = corm_error_memory(err);
  return false;
}

/* Notes the slots, below n, that a row is going to fill, where somebody listens. */
static corm_status note_refresh(corm_loader *loader, const corm_load_shape *shape, corm_object *object, uint32_t n,
                                corm_error *err) {
  corm_status status = CORM_OK;
  if (is_told(loader, object, err, &status) || status != CORM_OK) return status;
  uint32_t count = 0, *slots = corm_mem_alloc(loader->mem, n * sizeof *slots);
  if (!slots) return corm_error_memory(err);
  for (uint32_t slot = 0; slot < n; slot++)
    if (fills(loader, shape, object, slot)) slots[count++] = slot;
  if (count) corm_state_note(loader->session, object, CORM_EVENT_REFRESH, slots, count);
  corm_mem_free(loader->mem, slots);
  return CORM_OK;
}

/* populate_existing is about the whole object: what the row does not have (deferred columns, those of classes below) is
   read again when somebody asks for it. */
static void forget_unread(const corm_loader *loader, const corm_load_shape *shape, corm_object *object, uint32_t n) {
  if (!loader->populate_existing || loader->columns_only) return;
  for (uint32_t slot = 0; slot < object->mapper->nattributes; slot++) {
    const corm_attribute *attribute = &object->mapper->attributes[slot];
    const corm_value *value = &object->slots[slot];
    const bool has = slot < n && !(shape->place && shape->place[slot] < 0);
    if (has || attribute->primary_key || attribute->kind != CORM_ATTRIBUTE_COLUMN || value->kind == CORM_ABSENT)
      continue;
    if (!(value->flags & CORM_VALUE_EXPIRED) && (!(value->flags & CORM_VALUE_DIRTY) || !loader->keep_changes))
      corm_object_expire(object, &slot, 1);
  }
}

/* Fills what is absent or expired. The key is known to be equal. */
static corm_status fill_existing(corm_loader *loader, corm_load_entity *entity, corm_object *object) {
  const corm_load_shape *shape = entity->shape;
  const corm_mapper *mapper = shape->mapper;
  const uint32_t n = object->mapper == mapper ? mapper->nattributes : common_slots(shape, object);
  corm_status status = CORM_OK;
  forget_links(loader, object);
  forget_unread(loader, shape, object, n);
  if (object->mapper->listening & CORM_EVENT_BIT(CORM_EVENT_REFRESH))
    status = note_refresh(loader, shape, object, n, &loader->failure);
  for (uint32_t slot = 0; status == CORM_OK && slot < n; slot++) {
    if (!fills(loader, shape, object, slot)) continue;
    if (object->slots[slot].flags & CORM_VALUE_DIRTY) corm_object_expire(object, &slot, 1);
    read_other_columns(loader, entity);
    if (mapper->attributes[slot].primary_key && object->slots[slot].kind != CORM_ABSENT) {
      object->slots[slot].flags &= (uint8_t)~CORM_VALUE_EXPIRED;
      continue;
    }
    if (!mapper->attributes[slot].primary_key && read_slot(loader, entity, slot, shape->kinds[slot]) != CORM_OK)
      return CORM_FAILED;
    corm_value value = entity->values[slot];
    point_at_bytes(&value, loader->text.ptr);
    status = corm_object_store(object, slot, &value, &loader->failure);
  }
  if (status == CORM_OK && !((shape->partial || n < object->mapper->nattributes) && has_expired(object)))
    object->flags &= (uint8_t)~CORM_OBJECT_EXPIRED;
  return status;
}

static corm_status enter_group(corm_loader *loader, corm_load_entity *entity, corm_object *object, corm_error *err) {
  if (!entity->siblings) {
    entity->siblings = corm_siblings_new(loader->mem);
    if (!entity->siblings) return corm_error_memory(err);
    if (entity->keeps) {
      entity->siblings->plan = corm_load_plan_acquire(loader->plan);
      entity->siblings->options = entity->options;
      entity->siblings->noptions = entity->noptions;
      entity->siblings->wild = entity->wild;
      entity->siblings->roots = corm_load_is_root(entity);
      entity->siblings->entity = corm_load_alias(entity);
    }
  }
  return corm_siblings_join(entity->siblings, object, err);
}

/* Whether the object came with another entity of the same rows. */
static bool came_already(const corm_loader *loader, const corm_load_entity *entity, const corm_object *object) {
  for (size_t i = 0; object->siblings && i < loader->entities.len; i++) {
    const corm_load_entity *other = loader->entities.items[i];
    if (other != entity && other->siblings == object->siblings) return true;
  }
  return false;
}

/*
 * Siblings are the objects of the latest query that showed at least two. What comes along with other objects keeps the
 * group that it has, and so does an object that is looked for alone.
 */
static corm_status join_siblings(corm_loader *loader, corm_load_entity *entity, corm_object *object, corm_error *err) {
  if (loader->alone && !entity->keeps) return CORM_OK;
  if (!entity->shape->mapper->relationships.len && !entity->shape->partial) return CORM_OK;
  if (loader->fetch && loader->fetch->siblings && loader->fetch->siblings == object->siblings)
    return CORM_OK; /* it may be a parent of this load, which are known by their places in the group */
  if (entity->keeps && came_already(loader, entity, object)) return CORM_OK;
  if (!entity->keeps && object->siblings && (object->siblings->n > 1 || object->siblings->plan)) {
    if (object->siblings == entity->siblings || object == entity->lone || loader->fetch || entity->parent ||
        loader->columns_only)
      return CORM_OK;
    if (!entity->siblings && !entity->lone) {
      entity->lone = object;
      return CORM_OK;
    }
  }
  corm_object *lone = entity->lone;
  entity->lone = NULL;
  corm_status status = lone ? enter_group(loader, entity, lone, err) : CORM_OK;
  return status == CORM_OK ? enter_group(loader, entity, object, err) : status;
}

/* A query that reads the object anew says how its relationships are loaded from now on. What is read by its key alone
   because it has expired stays as the query before it said. */
static void forget_options(const corm_loader *loader, const corm_load_entity *entity, corm_object *object) {
  const bool expired = object->flags & CORM_OBJECT_EXPIRED;
  const bool anew = loader->populate_existing || (!loader->alone && (expired || populates(loader, object)));
  if (!anew || loader->keep_changes || loader->columns_only) return;
  for (uint32_t i = 0; i < corm_object_link_count(object); i++) corm_object_link_at(object, i)->lazy = 0;
  const corm_siblings *siblings = object->siblings;
  const bool planned = siblings && siblings->plan && siblings != entity->siblings;
  if (planned && !loader->fetch && !entity->parent && !came_already(loader, entity, object))
    corm_siblings_leave(object);
}

static corm_status take_existing(corm_loader *loader, corm_load_entity *entity, corm_object *object) {
  forget_options(loader, entity, object);
  corm_status status = fill_existing(loader, entity, object);
  if (status == CORM_OK) status = join_siblings(loader, entity, object, &loader->failure);
  if (status == CORM_OK && entity->noverrides) status = corm_eager_override(entity, object, &loader->failure);
  return status;
}

/* -- new objects -- */

static corm_status read_rest(corm_loader *loader, corm_load_entity *entity) {
  read_other_columns(loader, entity);
  const corm_load_slot *rest = entity->shape->rest;
  const uint32_t n = entity->shape->nrest;
  for (uint32_t i = 0; i < n; i++)
    if (read_slot(loader, entity, rest[i].slot, rest[i].kind) != CORM_OK) return CORM_FAILED;
  return CORM_OK;
}

/* The class by whose keys the current row's object is known: the entity's, unless a concrete one is below. */
static corm_mapper *known_as(const corm_load_entity *entity) {
  corm_mapper *mapper = entity->shape->mapper;
  return mapper->root == entity->mapper->root ? entity->mapper : mapper;
}

size_t corm_loader_need(corm_loader *loader, uint32_t k, corm_object **object) {
  corm_load_entity *entity = loader->entities.items[k];
  corm_session *session = loader->session;
  corm_object *found = NULL;
  entity->object = *object = NULL;
  corm_status status = CORM_OK;
  if (entity->raw)
    status = read_mapped(loader, entity);
  else
    read_columns(loader, entity);
  if (status == CORM_OK) status = read_key(loader, entity);
  if (status == CORM_DONE) return 0;
  if (status == CORM_OK) {
    corm_mapper *mapper = known_as(entity);
    entity->hash = corm_identity_hash(mapper, entity->key);
    corm_identity_expect(&session->identity, entity->hash);
    found = corm_identity_search(&session->identity, mapper, entity->key, entity->hash, &entity->place);
    if (found && !session->host->alive(session->host->ctx, found))
      found = corm_session_find(session, mapper, entity->key); /* drops what is condemned */
    status = found ? take_existing(loader, entity, found) : read_rest(loader, entity);
    entity->was_known = found != NULL;
  }
  if (status != CORM_OK) {
    loader->failed = true; /* fill reports it */
    return corm_object_size(entity->mapper, 0);
  }
  if (!found) return corm_object_size(entity->shape->mapper, loader->text.len);
  entity->object = *object = found;
  return 0;
}

/* The same for an object that is new. */
static inline corm_status join_new(corm_loader *loader, corm_load_entity *entity, corm_object *object,
                                   corm_error *err) {
  corm_siblings *siblings = entity->siblings;
  if (!siblings || siblings->n == siblings->cap || entity->lone) return join_siblings(loader, entity, object, err);
  if (entity->shape->mapper->relationships.len || entity->shape->partial) corm_siblings_enter(siblings, object);
  return CORM_OK;
}

/* The object of this very row, when making the block ran a finalizer that loaded it; NULL: none. */
static corm_object *find_arrived(corm_loader *loader, corm_load_entity *entity) {
  corm_session *session = loader->session;
  if (session->identity.changes == entity->place.changes) return NULL;
  return entity->object = corm_session_find(session, known_as(entity), entity->key);
}

static inline void point_slots_at_bytes(const corm_load_entity *entity, corm_object *object, const char *bytes) {
  const corm_load_shape *shape = entity->shape;
  if (entity->unforeseen) {
    for (uint32_t i = 0; i < shape->mapper->nattributes; i++) point_at_bytes(&object->slots[i], bytes);
  } else {
    for (uint32_t i = 0; i < shape->nwide; i++) point_at_bytes(&object->slots[shape->wide[i]], bytes);
  }
}

corm_object *corm_hydrate_fill(corm_loader *loader, corm_load_entity *entity, void *block, corm_error *err) {
  corm_mapper *mapper = entity->shape->mapper;
  corm_session *session = loader->session;
  corm_object *object = find_arrived(loader, entity);
  if (object) {
    const bool taken = join_siblings(loader, entity, object, err) == CORM_OK &&
                       (!entity->noverrides || corm_eager_override(entity, object, err) == CORM_OK);
    return taken ? object : NULL;
  }
  object = block;
  corm_object_begin(object, mapper);
  char *bytes = (char *)&object->slots[mapper->nattributes];
  if (loader->text.len) memcpy(bytes, loader->text.ptr, loader->text.len);
  memcpy(object->slots, entity->values, mapper->nattributes * sizeof *object->slots);
  point_slots_at_bytes(entity, object, bytes);
  object->state = CORM_PERSISTENT;
  object->flags = CORM_OBJECT_KEYED;
  object->hash = entity->hash;
  corm_status status = join_new(loader, entity, object, err);
  if (status == CORM_OK && entity->noverrides) status = corm_eager_override(entity, object, err);
  if (status == CORM_OK) status = corm_identity_add_at(&session->identity, object, entity->place, err);
  if (status != CORM_OK) {
    corm_object_finalize(object);
    return NULL;
  }
  object->session = session;
  entity->object = object;
  if (mapper->listening | session->listening) {
    if ((mapper->listening & CORM_EVENT_BIT(CORM_EVENT_REFRESH)) && !is_told(loader, object, err, &status) &&
        status != CORM_OK)
      session->news_lost = true;
    corm_state_note(session, object, CORM_EVENT_LOAD, NULL, 0);
    corm_state_note(session, object, CORM_EVENT_LOADED_AS_PERSISTENT, NULL, 0);
  }
  return object;
}
