/*
 * Class.relation as a value that queries are made with: conditions (any, has, contains, eq), joins, filter_by.
 */
#include <string.h>

#include "binding/b_relationship.h"

/* relation(mapper, key [, alias]): the value of Class.key. */
static int new_relation(lua_State *L) {
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  const char *key = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  binding_relation *self = binding_new(L, BINDING_RELATIONSHIP, sizeof *self, BINDING_RELATION_SLOTS);
  self->mapper = cls->mapper;
  self->key = key;
  self->from = lua_isnil(L, 3) ? NULL : binding_checkfrom(L, 3, "aliased");
  for (int i = BINDING_RELATION_MAPPER; i <= BINDING_RELATION_FROM; i++) {
    lua_pushvalue(L, i);
    lua_setiuservalue(L, -2, i);
  }
  return 1;
}

/* -- what conditions start from ------------------------------------------------------------------------------------ */

static binding_ends resolve(lua_State *L, const corm_mapper *mapper, const char *key, const corm_node *from) {
  binding_configure(L, binding_get(L), mapper->registry);
  binding_ends e = {corm_mapper_relationship(mapper, key, strlen(key)), from ? from : mapper->from, NULL};
  if (!e.relationship || !e.relationship->target)
    binding_error(L, CORM_E_INVALID_REQUEST, "the relationship %s.%s is not configured yet", mapper->name, key);
  return e;
}

binding_ends binding_relation_ends(lua_State *L, const binding_relation *self) {
  binding_ends e = resolve(L, self->mapper, self->key, self->from);
  e.type = self->type;
  return e;
}

binding_ends binding_check_ends(lua_State *L, const char *method) {
  const binding_relation *self = binding_check(L, 1, BINDING_RELATIONSHIP, method);
  if (self->criteria)
    binding_error(L, CORM_E_ARGUMENT, "%s: what and_() adds is for joins and loader options; give it to any() or has()",
                  method);
  return binding_relation_ends(L, self);
}

/* relation:and_(criteria, ...): the relationship for joins and loader options, of which only a part is meant. */
static int relation_and(lua_State *L) {
  const binding_relation *self = binding_check(L, 1, BINDING_RELATIONSHIP, "Relationship:and_");
  const int last = lua_gettop(L);
  if (last < 2) return binding_error(L, CORM_E_ARGUMENT, "Relationship:and_: criteria expected");
  if (self->criteria) {
    lua_getiuservalue(L, 1, BINDING_RELATION_CRITERIA);
    lua_insert(L, 2);
  }
  binding_push_and_or(L, CORM_OP_AND, 2, last + (self->criteria != NULL), "Relationship:and_");
  binding_relation *result = binding_new(L, BINDING_RELATIONSHIP, sizeof *result, BINDING_RELATION_SLOTS);
  result->mapper = self->mapper;
  result->key = self->key;
  result->from = self->from;
  result->type = self->type;
  result->criteria = binding_tonode(L, -2);
  lua_getiuservalue(L, 1, BINDING_RELATION_TYPE);
  lua_setiuservalue(L, -2, BINDING_RELATION_TYPE);
  for (int i = BINDING_RELATION_MAPPER; i <= BINDING_RELATION_FROM; i++) {
    lua_getiuservalue(L, 1, i);
    lua_setiuservalue(L, -2, i);
  }
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, BINDING_RELATION_CRITERIA);
  return 1;
}

corm_relationship *binding_configured_relationship(lua_State *L, const corm_mapper *mapper, const char *key) {
  return resolve(L, mapper, key, NULL).relationship;
}

corm_relationship *binding_checkrelationship(lua_State *L, int arg, const char *what, const corm_node **from,
                                             const corm_node **criteria, const corm_bundle **type) {
  const binding_relation *self = binding_check(L, arg, BINDING_RELATIONSHIP, what);
  *from = self->from;
  *criteria = self->criteria;
  *type = self->type;
  return resolve(L, self->mapper, self->key, NULL).relationship;
}

/* -- EXISTS -------------------------------------------------------------------------------------------------------- */

/* The parts of an EXISTS; `criteria` are n nodes. */
typedef struct exists_parts {
  const binding_ends *ends;
  const corm_node *target;
  const corm_node **criteria;
  int n;
  bool negate;
  bool adapts; /* the criteria speak of the target's own FROM */
} exists_parts;

static const corm_node *exists_in(corm_arena *arena, const exists_parts *parts) {
  const corm_relationship *relationship = parts->ends->relationship;
  const corm_node *secondary = NULL, *secondary_on = NULL, *on = NULL;
  const bool many = relationship->direction == CORM_MANY_TO_MANY;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **lists = corm_arena_zalloc(arena, (size_t)parts->n + 5, sizeof *lists);
  if (many) secondary = corm_table_node_in(arena, relationship->def.secondary);
  if (!select || !lists || (many && !secondary)) return NULL;
  if (corm_relationship_on_in(arena, relationship, parts->ends->left, secondary, parts->target, &secondary_on, &on,
                              NULL) != CORM_OK)
    return NULL;
  /* lists: the one column, the FROMs, the conditions; all other FROMs that those name are the enclosing ones' */
  lists[0] = corm_literal_column_in(arena, "1", 1, corm_type_default(CORM_TYPE_INTEGER));
  if (!lists[0]) return NULL;
  lists[1] = many ? secondary : parts->target;
  lists[2] = parts->target;
  uint32_t n = 3;
  if (secondary_on) lists[n++] = secondary_on;
  lists[n++] = on;
  for (int i = 0; i < parts->n; i++) {
    /* What is said of the class is said of its alias. */
    lists[n] = parts->adapts ? corm_joined_adapt(arena, parts->criteria[i], relationship, parts->target, NULL)
                             : parts->criteria[i];
    if (!lists[n++]) return NULL;
  }
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  select->columns = lists;
  select->ncolumns = 1;
  select->froms = &lists[1];
  select->nfroms = many ? 2 : 1;
  select->correlate_except = &lists[1];
  select->ncorrelate_except = select->nfroms;
  select->where = corm_and_or_in(arena, CORM_OP_AND, &lists[3], n - 3);
  const corm_node *exists = select->where ? corm_exists_in(arena, select) : NULL;
  return exists && parts->negate ? corm_not_in(arena, exists) : exists;
}

/* Pushes EXISTS (SELECT 1 ... AND criteria); what keeps the criteria stands in the stack above 1. */
static int push_exists(lua_State *L, const exists_parts *parts) {
  const int top = lua_gettop(L);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      3 * BINDING_ROOM_ON + (size_t)parts->n * BINDING_ROOM(corm_grouping), 2);
  do node = exists_in(&b.arena, parts);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  lua_createtable(L, top - 1, 0);
  for (int i = 2; i <= top; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setiuservalue(L, -2, 2);
  return 1;
}

/* The FROM of the target inside the EXISTS: an alias where the class points to itself, pushed if so. */
static const corm_node *push_inner_target(lua_State *L, const binding_ends *e) {
  const corm_mapper *target = e->type ? corm_bundle_mapper(e->type) : e->relationship->target;
  const corm_node *from = e->type ? e->type->from : target->from;
  if (from != target->from || !binding_is_table_of(e->left, target)) return from;
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), BINDING_ROOM(corm_alias), 3);
  do node = corm_mapper_follow_in(&b.arena, target);
  while (binding_build_again(&b, node));
  return node;
}

/* The class over that FROM; pushed if it is an alias, which is at the top. */
static const corm_node *push_inner_entity(lua_State *L, const corm_mapper *target, const corm_node *from) {
  if (from == target->from) return &target->bundle->base;
  const int alias = lua_gettop(L);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_bundle) + target->nattributes * (BINDING_ROOM(corm_column_node) + 16), 1);
  do node = corm_mapper_bundle_in(&b.arena, target, from);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, alias);
  return node;
}

/* any(criterion), any { key = value }, any() */
static int exists(lua_State *L, const char *method, bool list) {
  binding_ends e = binding_check_ends(L, method);
  const corm_relationship *relationship = e.relationship;
  if (relationship->uselist != list)
    return binding_error(L, CORM_E_INVALID_REQUEST, "'%s()' is not for %s.%s, which is %s; use %s()",
                         list ? "any" : "has", relationship->parent->name, relationship->key,
                         list ? "one object" : "a collection", list ? "has" : "any");
  lua_settop(L, 2);
  const bool by_fields = binding_is_plain_table(L, 2);
  exists_parts parts = {.ends = &e, .target = push_inner_target(L, &e)};
  const corm_bundle *own = e.type ? e.type : relationship->target->bundle;
  parts.adapts = !by_fields && parts.target != own->from;
  int first = lua_gettop(L) + 1;
  const corm_node *one;
  if (by_fields) {
    const corm_node *entity =
        parts.target == own->from ? &own->base : push_inner_entity(L, corm_bundle_mapper(own), parts.target);
    first = lua_gettop(L) + 1;
    parts.n = binding_push_filter_by(L, entity, method);
  } else if (!lua_isnil(L, 2)) {
    one = binding_checkcondition(L, 2, method);
    parts.criteria = &one;
    parts.n = 1;
    return push_exists(L, &parts);
  }
  const corm_node *few[32];
  if (parts.n > 32) return binding_error(L, CORM_E_ARGUMENT, "%s: too many fields", method);
  for (int i = 0; i < parts.n; i++) few[i] = binding_checkcondition(L, first + i, method);
  parts.criteria = few;
  return push_exists(L, &parts);
}

static int relation_any(lua_State *L) {
  return exists(L, "Relationship:any", true);
}

static int relation_has(lua_State *L) {
  return exists(L, "Relationship:has", false);
}

/* -- comparing with an object -------------------------------------------------------------------------------------- */

static const corm_value *value_of(lua_State *L, corm_object *object, uint32_t slot) {
  const corm_value *value;
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (corm_object_get(object, slot, &value, &err) != CORM_OK) binding_raise(L, &err);
  return value;
}

const corm_value *binding_key_value(lua_State *L, corm_object *object, uint32_t slot) {
  const corm_value *value = value_of(L, object, slot);
  if (value->kind == CORM_ABSENT || value->kind == CORM_NULL)
    binding_error(L, CORM_E_ARGUMENT, "the %s has no %s yet, so nothing can be compared with it; flush it first",
                  object->mapper->name, object->mapper->attributes[slot].key);
  return value;
}

corm_object *binding_check_target(lua_State *L, const corm_relationship *relationship, int arg, const char *method) {
  corm_object *object = binding_toobject(L, arg);
  if (!object || !corm_mapper_isa(object->mapper, relationship->target))
    binding_error(L, CORM_E_ARGUMENT, "%s.%s: %s: %s object expected, got %s", relationship->parent->name,
                  relationship->key, method, relationship->target->name,
                  object ? object->mapper->name : binding_typename(L, arg));
  return object;
}

/* One column that is compared with a value: that of slot `slot` of `mapper`, or one of a secondary table. */
typedef struct comparison {
  const corm_mapper *mapper; /* NULL: `column` it is */
  uint32_t slot;
  const corm_column *column;
  const corm_value *value; /* NULL: IS NULL */
} comparison;

static comparison of_slot(const corm_mapper *mapper, uint32_t slot, const corm_value *value) {
  return (comparison){mapper, slot, mapper->attributes[slot].column, value};
}

#define MAX_PAIRS 16

static const corm_node *compare_in(corm_arena *arena, const comparison *c, const corm_node *from, bool negate,
                                   bool value_first) {
  const corm_node *column =
      c->mapper ? corm_mapper_column_in(arena, c->mapper, c->slot, from) : corm_column_node_in(arena, c->column, from);
  if (!column) return NULL;
  if (!c->value) {
    corm_value none = corm_value_null();
    return corm_compare_in(arena, negate ? CORM_OP_NE : CORM_OP_EQ, column, &none);
  }
  const corm_node *bind = corm_bind_in(arena, "param", c->column->type, c->value);
  if (!bind) return NULL;
  if (!negate) return corm_binary_in(arena, CORM_OP_EQ, value_first ? bind : column, value_first ? column : bind);
  /* A row that points nowhere does not point to the object either. */
  corm_value none = corm_value_null();
  const corm_node *either[2] = {corm_binary_in(arena, CORM_OP_NE, column, bind),
                                corm_compare_in(arena, CORM_OP_EQ, column, &none)};
  return either[0] && either[1] ? corm_and_or_in(arena, CORM_OP_OR, either, 2) : NULL;
}

/* Pushes the AND of the comparisons, and of `extra` if that is not NULL. */
static int push_comparisons(lua_State *L, const comparison *pairs, uint32_t n, const corm_node *from, bool negate,
                            bool value_first) {
  binding_build b;
  const corm_node *node;
  size_t room = BINDING_ROOM_ON;
  for (uint32_t i = 0; i < n; i++)
    if (pairs[i].value && corm_value_has_bytes(pairs[i].value)) room += CORM_ROOM_TEXT(pairs[i].value->len);
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, 1);
  do {
    const corm_node *items[MAX_PAIRS];
    node = NULL;
    uint32_t i = 0;
    while (i < n && (items[i] = compare_in(&b.arena, &pairs[i], from, negate, value_first))) i++;
    if (i == n) node = n == 1 ? items[0] : corm_and_or_in(&b.arena, negate ? CORM_OP_OR : CORM_OP_AND, items, n);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  return 1;
}

static void check_pairs(lua_State *L, const corm_relationship *relationship, uint32_t n) {
  if (n > MAX_PAIRS)
    binding_error(L, CORM_E_ARGUMENT, "%s.%s: a key of more than %d columns cannot be compared",
                  relationship->parent->name, relationship->key, MAX_PAIRS);
}

/* The foreign key columns of a many-to-one against the object at `arg`, or against NULL. */
static int push_equal_one(lua_State *L, const binding_ends *e, int arg, bool negate, const char *method) {
  const corm_relationship *relationship = e->relationship;
  comparison pairs[MAX_PAIRS];
  corm_object *object = binding_is_null(L, arg) ? NULL : binding_check_target(L, relationship, arg, method);
  check_pairs(L, relationship, relationship->npairs);
  for (uint32_t i = 0; i < relationship->npairs; i++) {
    const corm_pair *pair = &relationship->pairs[i];
    pairs[i] =
        of_slot(relationship->parent, pair->near_slot, object ? binding_key_value(L, object, pair->far_slot) : NULL);
  }
  return push_comparisons(L, pairs, relationship->npairs, e->left, negate, true);
}

/* What is in no collection has NULL there, to which no key is equal. A new object may be in one all the same. */
static const corm_value *child_value(lua_State *L, corm_object *object, uint32_t slot) {
  const bool has_row = object->state != CORM_TRANSIENT && object->state != CORM_PENDING;
  const corm_value *value = has_row ? value_of(L, object, slot) : NULL;
  return value && value->kind == CORM_NULL ? value : binding_key_value(L, object, slot);
}

/* The referenced key columns of the parent against the foreign key of the child at `arg`. */
static int push_equal_child(lua_State *L, const binding_ends *e, int arg, const char *method) {
  const corm_relationship *relationship = e->relationship;
  comparison pairs[MAX_PAIRS];
  corm_object *object = binding_check_target(L, relationship, arg, method);
  check_pairs(L, relationship, relationship->npairs);
  for (uint32_t i = 0; i < relationship->npairs; i++) {
    const corm_pair *pair = &relationship->pairs[i];
    pairs[i] = of_slot(relationship->parent, pair->near_slot, child_value(L, object, pair->far_slot));
  }
  return push_comparisons(L, pairs, relationship->npairs, e->left, false, false);
}

/* EXISTS over the secondary table and the target, with the target's key fixed. */
static int push_linked(lua_State *L, const binding_ends *e, int arg, const char *method) {
  const corm_relationship *relationship = e->relationship;
  comparison pairs[MAX_PAIRS];
  corm_object *object = binding_check_target(L, relationship, arg, method);
  check_pairs(L, relationship, relationship->nfar);
  for (uint32_t i = 0; i < relationship->nfar; i++) {
    pairs[i] = (comparison){.column = relationship->far_secondary[i].column,
                            .value = binding_key_value(L, object, relationship->far_secondary[i].slot)};
  }
  binding_build t;
  const corm_node *secondary;
  binding_build_start(&t, L, BINDING_FROM, sizeof(binding_expr), BINDING_ROOM(corm_table_node), 3);
  do secondary = corm_table_node_in(&t.arena, relationship->def.secondary);
  while (binding_build_again(&t, secondary));
  push_comparisons(L, pairs, relationship->nfar, secondary, false, false);
  const corm_node *fixed = binding_tonode(L, -1);
  exists_parts parts = {.ends = e, .criteria = &fixed, .n = 1};
  parts.target = push_inner_target(L, e);
  return push_exists(L, &parts);
}

/* EXISTS over the target with its primary key fixed: where more than the pairs is asked for. */
static int push_among(lua_State *L, const binding_ends *e, int arg, bool negate, const char *method) {
  const corm_relationship *relationship = e->relationship;
  const corm_mapper *target = relationship->target;
  comparison pairs[MAX_PAIRS];
  corm_object *object = binding_check_target(L, relationship, arg, method);
  check_pairs(L, relationship, target->npk);
  exists_parts parts = {.ends = e, .n = 1, .negate = negate, .target = push_inner_target(L, e)};
  for (uint32_t i = 0; i < target->npk; i++)
    pairs[i] = of_slot(target, target->pk[i], binding_key_value(L, object, target->pk[i]));
  push_comparisons(L, pairs, target->npk, parts.target, false, false);
  const corm_node *fixed = binding_tonode(L, -1);
  parts.criteria = &fixed;
  return push_exists(L, &parts);
}

static int relation_contains(lua_State *L) {
  binding_ends e = binding_check_ends(L, "Relationship:contains");
  lua_settop(L, 2);
  if (!e.relationship->uselist)
    return binding_error(L, CORM_E_INVALID_REQUEST, "contains() is for collections; write %s.%s:eq(object)",
                         e.relationship->parent->name, e.relationship->key);
  if (!corm_relationship_is_plain(e.relationship)) return push_among(L, &e, 2, false, "contains");
  if (e.relationship->direction == CORM_MANY_TO_MANY) return push_linked(L, &e, 2, "contains");
  return push_equal_child(L, &e, 2, "contains");
}

/* Pushes the relationship of `e` compared with the value at `arg`. */
static int push_equal(lua_State *L, const binding_ends *e, int arg, bool negate) {
  const corm_relationship *relationship = e->relationship;
  const char *method = negate ? "ne" : "eq";
  const bool plain = corm_relationship_is_plain(relationship);
  if (relationship->direction == CORM_MANY_TO_ONE && plain) return push_equal_one(L, e, arg, negate, method);
  if (binding_is_null(L, arg)) {
    exists_parts parts = {.ends = e, .negate = !negate};
    parts.target = push_inner_target(L, e);
    return push_exists(L, &parts);
  }
  if (relationship->uselist || (negate && relationship->direction != CORM_MANY_TO_ONE))
    return binding_error(L, CORM_E_INVALID_REQUEST,
                         "%s.%s: a collection cannot be compared with an object; use contains() to test for membership",
                         relationship->parent->name, relationship->key);
  return plain ? push_equal_child(L, e, arg, method) : push_among(L, e, arg, negate, method);
}

static int relation_eq(lua_State *L) {
  binding_ends e = binding_check_ends(L, "Relationship:eq");
  lua_settop(L, 2);
  return push_equal(L, &e, 2, false);
}

static int relation_ne(lua_State *L) {
  binding_ends e = binding_check_ends(L, "Relationship:ne");
  lua_settop(L, 2);
  return push_equal(L, &e, 2, true);
}

static int check_is(lua_State *L, bool negate) {
  binding_ends e = binding_check_ends(L, negate ? "Relationship:is_not" : "Relationship:is_");
  lua_settop(L, 2);
  if (!binding_is_null(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: nil expected, got %s; compare with an object by eq()",
                         negate ? "is_not" : "is_", binding_typename(L, 2));
  return push_equal(L, &e, 2, negate);
}

static int relation_is(lua_State *L) {
  return check_is(L, false);
}

static int relation_is_not(lua_State *L) {
  return check_is(L, true);
}

/* -- what statements ask ------------------------------------------------------------------------------------------- */

static bool hook_filter_by(lua_State *L, const corm_node *entity, const char *key, int value) {
  if (entity->kind != CORM_NODE_BUNDLE) return false;
  const corm_mapper *mapper = corm_bundle_mapper((const corm_bundle *)entity);
  const corm_node *from = ((const corm_bundle *)entity)->from;
  binding_configure(L, binding_get(L), mapper->registry);
  value = lua_absindex(L, value);
  corm_relationship *relationship = corm_mapper_relationship(mapper, key, strlen(key));
  if (relationship) {
    binding_ends e = {relationship, from, NULL};
    push_equal(L, &e, value, false);
    return true;
  }
  int32_t slot = corm_mapper_slot(mapper, key, strlen(key));
  if (slot < 0) return binding_push_filter(L, entity, key, value);
  binding_arg operand;
  binding_arg_read(L, value, mapper->attributes[slot].type, key, &operand);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), BINDING_ROOM_ON + operand.room, 2);
  do {
    const corm_node *left = corm_mapper_column_in(&b.arena, mapper, (uint32_t)slot, from);
    const corm_node *right = left ? binding_arg_in(&b.arena, &operand, left) : NULL;
    node = right ? corm_binary_in(&b.arena, CORM_OP_EQ, left, right) : NULL;
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, value);
  return true;
}

/* -- its face ------------------------------------------------------------------------------------------------------ */

static int relation_tostring(lua_State *L) {
  const binding_relation *self = binding_check(L, 1, BINDING_RELATIONSHIP, "tostring");
  lua_pushfstring(L, "%s.%s", self->mapper->name, self->key);
  return 1;
}

static int relation_index(lua_State *L) {
  const binding_relation *self = binding_check(L, 1, BINDING_RELATIONSHIP, "relationship");
  const char *name = binding_name_at(L, 2);
  if (strcmp(name, "key") == 0) {
    lua_pushstring(L, self->key);
    return 1;
  }
  if (binding_push_attribute_fact(L, self->mapper, self->key, name)) return 1;
  return binding_method(L, BINDING_RELATIONSHIP, 2);
}

/* relation_info(mapper, key): direction, uselist, target class, key of the inverse, whether its objects are added. */
static int relation_info(lua_State *L) {
  static const char *const directions[] = {"ONETOMANY", "MANYTOONE", "MANYTOMANY"};
  const binding_class *cls = binding_check(L, 1, BINDING_MAPPER, "mapper");
  const corm_relationship *relationship = resolve(L, cls->mapper, luaL_checkstring(L, 2), NULL).relationship;
  lua_pushstring(L, directions[relationship->direction]);
  lua_pushboolean(L, relationship->uselist);
  binding_push_class(L, binding_upvalue(L), relationship->target);
  lua_pushstring(L, relationship->inverse ? relationship->inverse->key : NULL);
  lua_pushboolean(L, (relationship->cascade & CORM_CASCADE_SAVE_UPDATE) != 0);
  return 5;
}

void binding_open_relationship(lua_State *L) {
  static const luaL_Reg methods[] = {{"and_", relation_and},
                                     {"any", relation_any},
                                     {"has", relation_has},
                                     {"contains", relation_contains},
                                     {"eq", relation_eq},
                                     {"ne", relation_ne},
                                     {"is_", relation_is},
                                     {"is_not", relation_is_not},
                                     {"in_", binding_relation_in},
                                     {"not_in", binding_relation_not_in},
                                     {"of_type", binding_relation_of_type},
                                     {"key", NULL},
                                     {"class_", NULL},
                                     {"parent", NULL},
                                     {"property", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", relation_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"relationship", binding_declare_relationship},
                                       {"mark_column", binding_mark_column},
                                       {"relation", new_relation},
                                       {"relation_info", relation_info},
                                       {"relation_facts", binding_relation_facts},
                                       {"with_parent", binding_with_parent},
                                       {NULL, NULL}};
  static const binding_orm_hooks hooks = {.join = binding_relationship_join,
                                          .filter_by = hook_filter_by,
                                          .column = binding_entity_column,
                                          .assign = binding_push_assigned,
                                          .fact = binding_push_column_fact};
  binding_metatable(L, BINDING_RELATIONSHIP, "Relationship", methods, meta, relation_index);
  lua_pop(L, 1);
  binding_get(L)->orm = &hooks;
  binding_setfuncs(L, functions);
}
