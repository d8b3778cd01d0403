/* Joins along a relationship: select:join(User.addresses), and to what stands for its target. */
#include "binding/b_relationship.h"

bool binding_is_table_of(const corm_node *from, const corm_mapper *mapper) {
  if (mapper->united && from->kind == CORM_NODE_ALIAS &&
      ((const corm_alias *)from)->element == ((const corm_alias *)mapper->united)->element)
    return true;
  for (; from; from = from->kind == CORM_NODE_JOIN ? ((const corm_join *)from)->left : NULL) {
    const corm_node *one = from->kind == CORM_NODE_JOIN ? ((const corm_join *)from)->right : from;
    if (mapper->selected && corm_from_element(one) == corm_from_element(mapper->from)) return true;
    if (one->kind == CORM_NODE_ALIAS) one = ((const corm_alias *)one)->element;
    for (uint32_t t = 0; one->kind == CORM_NODE_TABLE && t < mapper->ntables; t++)
      if (((const corm_table_node *)one)->table == mapper->tables[t].table) return true;
  }
  return false;
}

/* Whether the entity is the relationship's target by a subquery, which needs the columns that a join asks for. */
static bool is_select_of(lua_State *L, const corm_bundle *entity, const corm_relationship *relationship) {
  const corm_node *from = entity ? entity->from : NULL;
  if (!from || from->kind != CORM_NODE_ALIAS || !corm_as_select(corm_from_element(from))) return false;
  if (!corm_mapper_isa(corm_bundle_mapper(entity), relationship->target)) return false;
  corm_arena *arena = binding_scratch(L, binding_get(L));
  for (uint32_t i = 0; i < relationship->npairs; i++) {
    const corm_column *column = relationship->target->attributes[relationship->pairs[i].far_slot].column;
    if (!corm_from_column_in(arena, from, column->key) && !corm_from_selected_in(arena, from, column))
      binding_error(L, CORM_E_ARGUMENT, "join: %s.%s needs the column '%s', which the subquery has not",
                    relationship->parent->name, relationship->key, column->key);
  }
  binding_scratch_done(L, binding_get(L), arena);
  return true;
}

/* The class, or the alias of one, at `arg`; NULL where something else is. */
static const corm_bundle *target_entity(lua_State *L, int arg) {
  const corm_node *node = binding_tonode(L, arg);
  const bool is = node && node->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)node)->owner;
  return is ? (const corm_bundle *)node : NULL;
}

/* One outer join takes the secondary table and the target as one FROM. */
static const corm_node *join_in(corm_arena *arena, const binding_ends *e, const corm_node *criteria, bool outer,
                                binding_relation_join *out) {
  const corm_relationship *relationship = e->relationship;
  const corm_node *secondary = NULL, *secondary_on = NULL, *on = NULL;
  if (relationship->direction == CORM_MANY_TO_MANY) {
    secondary = corm_table_node_in(arena, relationship->def.secondary);
    if (secondary) secondary = corm_alias_in(arena, secondary, NULL);
    if (!secondary) return NULL;
  }
  const corm_node *right = out->right;
  if (corm_relationship_on_in(arena, relationship, e->left, secondary, right, &secondary_on, &on, NULL) != CORM_OK)
    return NULL;
  if (criteria) {
    const corm_node *both[2] = {on, corm_joined_adapt(arena, criteria, relationship, right, secondary)};
    on = both[1] ? corm_and_or_in(arena, CORM_OP_AND, both, 2) : NULL;
    if (!on) return NULL;
  }
  out->secondary = NULL;
  out->secondary_on = NULL;
  out->on = on;
  if (!secondary) return on;
  if (!outer) {
    out->secondary = secondary;
    out->secondary_on = secondary_on;
    return on;
  }
  const corm_node *both = corm_join_in(arena, secondary, right, on, false, false);
  if (both) {
    out->right = both;
    out->on = secondary_on;
  }
  return both ? secondary_on : NULL;
}

void binding_relationship_join(lua_State *L, int arg, int target, bool outer, binding_relation_join *out) {
  const binding_relation *self = binding_check(L, arg, BINDING_RELATIONSHIP, "join");
  binding_ends e = binding_relation_ends(L, self);
  const corm_mapper *mapper = e.type ? corm_bundle_mapper(e.type) : e.relationship->target;
  const corm_node *right = target ? binding_checkfrom(L, target, "join") : e.type ? e.type->from : mapper->from;
  if (!binding_is_table_of(right, mapper) &&
      !is_select_of(L, target ? target_entity(L, target) : e.type, e.relationship))
    binding_error(L, CORM_E_ARGUMENT, "join: %s.%s leads to %s, not to the given target", e.relationship->parent->name,
                  e.relationship->key, mapper->name);
  out->left = e.left;
  out->entity = target ? binding_tonode(L, target) : e.type ? &e.type->base : &mapper->bundle->base;
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), 2 * BINDING_ROOM_ON, 2);
  do {
    out->right = right;
    node = join_in(&b.arena, &e, self->criteria, outer, out);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, arg);
  if (target) binding_anchor(L, 2, target);
}
