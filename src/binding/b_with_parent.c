/* with_parent(object, Class.relation), and what a relationship attribute makes of lists and of classes. */
#include "binding/b_relationship.h"
#include "sql/adapt.h"

/* -- of_type ------------------------------------------------------------------------------------------------------- */

/* relation:of_type(Class): a class below the target, or an alias of it or of one below, is what is meant. */
int binding_relation_of_type(lua_State *L) {
  const binding_relation *self = binding_check(L, 1, BINDING_RELATIONSHIP, "Relationship:of_type");
  binding_ends e = binding_relation_ends(L, self);
  const corm_bundle *type = (const corm_bundle *)binding_tonode(L, 2);
  const corm_mapper *target = e.relationship->target;
  if (!type || type->base.kind != CORM_NODE_BUNDLE || !type->owner ||
      !corm_mapper_isa(corm_bundle_mapper(type), target))
    return binding_error(L, CORM_E_ARGUMENT,
                         "Relationship:of_type: %s.%s leads to %s: that class, one below it, or an alias expected, got "
                         "%s",
                         self->mapper->name, self->key, target->name,
                         type && type->base.kind == CORM_NODE_BUNDLE && type->name ? type->name
                                                                                   : binding_typename(L, 2));
  binding_relation *result = binding_new(L, BINDING_RELATIONSHIP, sizeof *result, BINDING_RELATION_SLOTS);
  const binding_head head = result->head;
  *result = *self;
  result->head = head;
  result->type = type;
  for (int i = BINDING_RELATION_MAPPER; i < BINDING_RELATION_TYPE; i++) {
    lua_getiuservalue(L, 1, i);
    lua_setiuservalue(L, -2, i);
  }
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, BINDING_RELATION_TYPE);
  return 1;
}

/* -- in_ ----------------------------------------------------------------------------------------------------------- */

/* The keys of the objects in the list at 2, row by row, as long as the objects do not change. */
static corm_value *read_keys(lua_State *L, const corm_relationship *relationship, uint32_t n, corm_arena *arena,
                             const char *method) {
  const uint32_t width = relationship->npairs;
  corm_value *keys = corm_arena_zalloc(arena, (size_t)n * width + 1, sizeof *keys);
  if (!keys) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    corm_object *object = binding_check_target(L, relationship, -1, method);
    for (uint32_t p = 0; p < width; p++) {
      corm_value *key = &keys[(size_t)i * width + p];
      *key = *binding_key_value(L, object, relationship->pairs[p].far_slot);
      key->flags = 0;
      if (corm_value_has_bytes(key) && !(key->as.s = corm_arena_dup(arena, key->as.s, key->len)))
        binding_error(L, CORM_E_MEMORY, "not enough memory");
    }
    lua_pop(L, 1);
  }
  return keys;
}

static const corm_node *in_in(corm_arena *arena, const binding_ends *e, corm_op op, const corm_value *keys,
                              uint32_t n) {
  const corm_relationship *relationship = e->relationship;
  const uint32_t width = relationship->npairs;
  const corm_node **columns = corm_arena_zalloc(arena, width, sizeof *columns);
  for (uint32_t p = 0; columns && p < width; p++) {
    columns[p] = corm_mapper_column_in(arena, relationship->parent, relationship->pairs[p].near_slot, e->left);
    if (!columns[p]) return NULL;
  }
  if (!columns) return NULL;
  if (width == 1) return corm_in_in(arena, op, columns[0], keys, n, 0);
  const corm_node *tuple = corm_tuple_in(arena, columns, width);
  return tuple ? corm_in_in(arena, op, tuple, keys, (size_t)n * width, width) : NULL;
}

static int in_objects(lua_State *L, corm_op op, const char *method) {
  binding_ends e = binding_check_ends(L, method);
  if (e.relationship->direction != CORM_MANY_TO_ONE)
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s: %s.%s is no many-to-one; use any() or contains()", method,
                         e.relationship->parent->name, e.relationship->key);
  if (!corm_relationship_is_plain(e.relationship))
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s: %s.%s has a condition of its own; use has()", method,
                         e.relationship->parent->name, e.relationship->key);
  if (!binding_is_plain_table(L, 2) || lua_gettop(L) > 2)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a list of %s objects expected, got %s", method,
                         e.relationship->target->name, binding_typename(L, 2));
  const lua_Unsigned n = lua_rawlen(L, 2);
  if (n > UINT32_MAX / 64) return binding_error(L, CORM_E_ARGUMENT, "%s: too many objects", method);
  corm_arena *arena = binding_scratch(L, binding_get(L));
  const corm_value *keys = read_keys(L, e.relationship, (uint32_t)n, arena, method);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM_ON + (size_t)n * e.relationship->npairs * sizeof *keys, 1);
  do node = in_in(&b.arena, &e, op, keys, (uint32_t)n);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_scratch_done(L, binding_get(L), arena);
  return 1;
}

int binding_relation_in(lua_State *L) {
  return in_objects(L, CORM_OP_IN, "Relationship:in_");
}

int binding_relation_not_in(lua_State *L) {
  return in_objects(L, CORM_OP_NOT_IN, "Relationship:not_in");
}

/* -- with_parent --------------------------------------------------------------------------------------------------- */

/* The relationship's condition, in which the parent's columns become values. */
typedef struct parent_values {
  const corm_relationship *relationship;
  const corm_node *left;    /* an alias that stands for the parent */
  const corm_value *values; /* by slot of the parent */
} parent_values;

static const corm_node *value_of(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const parent_values *v = ctx;
  if (column->from != v->left || !column->column) return &column->base;
  const int32_t slot = corm_mapper_column_slot(v->relationship->parent, column->column);
  if (slot < 0 || v->values[slot].kind == CORM_ABSENT) return &column->base;
  return corm_bind_in(arena, "param", column->column->type, &v->values[slot]);
}

static const corm_node *parent_in(corm_arena *arena, parent_values *v, const corm_node *right) {
  const corm_relationship *relationship = v->relationship;
  const corm_node *secondary = NULL, *parts[2] = {NULL, NULL};
  if (relationship->direction == CORM_MANY_TO_MANY) {
    secondary = corm_table_node_in(arena, relationship->def.secondary);
    if (!secondary) return NULL;
  }
  v->left = corm_alias_in(arena, corm_table_node_in(arena, relationship->parent->table), NULL);
  if (!v->left ||
      corm_relationship_on_in(arena, relationship, v->left, secondary, right, &parts[0], &parts[1], NULL) != CORM_OK)
    return NULL;
  const corm_node *made[2];
  size_t n = 0;
  for (int i = 0; i < 2; i++) {
    if (!parts[i]) continue;
    made[n] = corm_adapt_columns_in(arena, parts[i], value_of, v);
    if (!made[n++]) return NULL;
  }
  return n == 1 ? made[0] : corm_and_or_in(arena, CORM_OP_AND, made, n);
}

/* The values of the object that the condition asks for; false: a reference that leads nowhere. */
static bool read_parent(lua_State *L, const corm_relationship *relationship, corm_object *object, corm_value *values,
                        size_t *room) {
  const bool many = relationship->direction == CORM_MANY_TO_MANY, all = relationship->by_parent;
  const uint32_t n = all ? object->mapper->nattributes : many ? relationship->nnear : relationship->npairs;
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t slot = all ? i : many ? relationship->near_secondary[i].slot : relationship->pairs[i].near_slot;
    const corm_value *value;
    corm_error err;
    corm_error_init(&err);
    binding_get(L)->L = L;
    if (all) { /* its condition may name any of them */
      if (corm_object_get(object, slot, &value, &err) != CORM_OK) binding_raise(L, &err);
    } else if (relationship->direction == CORM_MANY_TO_ONE) {
      if (corm_object_get(object, slot, &value, &err) != CORM_OK) binding_raise(L, &err);
      if (value->kind == CORM_NULL || value->kind == CORM_ABSENT) return false;
    } else {
      value = binding_key_value(L, object, slot);
    }
    values[slot] = *value;
    if (corm_value_has_bytes(value)) *room += CORM_ROOM_TEXT(value->len);
  }
  return true;
}

/* with_parent(object, Class.relation): the criterion that rows of the target are those of the object. */
int binding_with_parent(lua_State *L) {
  corm_object *object = binding_toobject(L, 1);
  if (!object)
    return binding_error(L, CORM_E_ARGUMENT, "with_parent: an object expected, got %s", binding_typename(L, 1));
  const binding_relation *self = binding_check(L, 2, BINDING_RELATIONSHIP, "with_parent");
  if (lua_gettop(L) > 2) return binding_error(L, CORM_E_ARGUMENT, "with_parent: an object and a relationship expected");
  if (self->criteria)
    return binding_error(L, CORM_E_ARGUMENT, "with_parent: give what and_() adds to where() by itself");
  binding_ends e = binding_relation_ends(L, self);
  const corm_relationship *relationship = e.relationship;
  if (!corm_mapper_isa(object->mapper, self->mapper))
    return binding_error(L, CORM_E_ARGUMENT, "with_parent: %s.%s: %s object expected, got %s", self->mapper->name,
                         self->key, self->mapper->name, object->mapper->name);
  corm_arena *arena = binding_scratch(L, binding_get(L));
  corm_value *values = corm_arena_zalloc(arena, object->mapper->nattributes + (size_t)1, sizeof *values);
  if (!values) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  size_t room = 4 * BINDING_ROOM_ON;
  const bool leads = read_parent(L, relationship, object, values, &room);
  parent_values v = {.relationship = relationship, .values = values};
  const corm_node *right = e.type ? e.type->from : relationship->target->from;
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, 1);
  do node = leads ? parent_in(&b.arena, &v, right) : corm_constant_in(&b.arena, CORM_CONSTANT_FALSE);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 2);
  binding_scratch_done(L, binding_get(L), arena);
  return 1;
}
