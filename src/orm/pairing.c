/* Relationships as pairs: two directions of one, and the join between two FROMs. */
#include <string.h>

#include "orm/relationship.h"

/* -- back_populates -- */

static corm_status find_reverse(const corm_relationship *relationship, corm_relationship **out, corm_error *err) {
  const char *name = relationship->def.back_populates;
  const corm_mapper *target = relationship->target;
  *out = corm_mapper_relationship(target, name, strlen(name));
  if (*out) return CORM_OK;
  const bool column = corm_mapper_slot(target, name, strlen(name)) >= 0;
  corm_error_set(err, CORM_E_INVALID_REQUEST, "back_populates of %s.%s: mapper %s has no %s '%s'",
                 relationship->parent->name, relationship->key, target->name,
                 column ? "relationship, only a column," : "property", name);
  const char *nearest = column ? NULL : corm_mapper_nearest(target, name);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

static bool same_sides(const corm_relationship *a, const corm_relationship *b) {
  if (a->npairs != b->npairs) return false;
  for (uint32_t i = 0; i < a->npairs; i++) {
    uint32_t k = 0;
    while (k < b->npairs &&
           (b->pairs[k].near_slot != a->pairs[i].far_slot || b->pairs[k].far_slot != a->pairs[i].near_slot))
      k++;
    if (k == b->npairs) return false;
  }
  return true;
}

static bool same_secondary(const corm_secondary_pair *a, uint32_t na, const corm_secondary_pair *b, uint32_t nb) {
  if (na != nb) return false;
  for (uint32_t i = 0; i < na; i++) {
    uint32_t k = 0;
    while (k < nb && b[k].column != a[i].column) k++;
    if (k == nb) return false;
  }
  return true;
}

static corm_status refuse(const corm_relationship *a, const corm_relationship *b, const char *why, corm_error *err) {
  return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s and back-reference %s.%s %s", a->parent->name, a->key,
                        b->parent->name, b->key, why);
}

/* A concrete class says again what the class above says, whose back-reference it is. */
static bool is_declared_anew(const corm_relationship *relationship, const corm_mapper *above) {
  if (!relationship->parent->concrete || !corm_mapper_isa(relationship->parent, above)) return false;
  const corm_relationship *first = corm_mapper_relationship(above, relationship->key, strlen(relationship->key));
  return first && first->index == relationship->index;
}

static corm_status check_reverse(const corm_relationship *relationship, const corm_relationship *reverse,
                                 corm_error *err) {
  if (reverse->target != relationship->parent && !is_declared_anew(relationship, reverse->target))
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "reverse_property '%s' on relationship %s.%s references relationship %s.%s, which does not "
                          "reference mapper %s",
                          reverse->key, relationship->parent->name, relationship->key, reverse->parent->name,
                          reverse->key, relationship->parent->name);
  if (reverse->def.back_populates && strcmp(reverse->def.back_populates, relationship->key) != 0)
    return refuse(relationship, reverse, "do not name each other in back_populates", err);
  const bool many = relationship->direction == CORM_MANY_TO_MANY;
  if (!many && relationship->direction == reverse->direction)
    return refuse(relationship, reverse,
                  relationship->direction == CORM_ONE_TO_MANY
                      ? "are both of the same direction ONE_TO_MANY.  Did you mean to set remote_side on the "
                        "many-to-one side?"
                      : "are both of the same direction MANY_TO_ONE.  Did you mean to set remote_side on the "
                        "many-to-one side only?",
                  err);
  if (many != (reverse->direction == CORM_MANY_TO_MANY))
    return refuse(relationship, reverse, "do not both name the secondary table", err);
  if (!many && !same_sides(relationship, reverse))
    return refuse(relationship, reverse,
                  "go by different foreign keys; specify the 'foreign_keys' argument of both alike", err);
  if (many &&
      (!same_secondary(relationship->near_secondary, relationship->nnear, reverse->far_secondary, reverse->nfar) ||
       !same_secondary(relationship->far_secondary, relationship->nfar, reverse->near_secondary, reverse->nnear)))
    return refuse(relationship, reverse,
                  relationship->def.secondary == reverse->def.secondary
                      ? "do not mirror each other; specify the 'remote_side' argument of both"
                      : "name different secondary tables",
                  err);
  return CORM_OK;
}

corm_status corm_relationship_pair(corm_relationship *relationship, corm_error *err) {
  corm_relationship *reverse;
  if (!relationship->def.back_populates || relationship->inverse) return CORM_OK;
  corm_status status = find_reverse(relationship, &reverse, err);
  /* Of another registry, which may be configured later. */
  if (status == CORM_OK) status = corm_relationship_configure(reverse, err);
  if (status == CORM_OK) status = check_reverse(relationship, reverse, err);
  if (status != CORM_OK) return status;
  const bool anew = reverse->target != relationship->parent;
  if (reverse->inverse && reverse->inverse != relationship && !anew)
    return refuse(relationship, reverse, "are not a pair: the back-reference belongs to another relationship", err);
  if (relationship->def.viewonly || reverse->def.viewonly) return CORM_OK; /* what only looks takes part in no change */
  if (relationship->def.no_sync || reverse->def.no_sync) return CORM_OK;
  relationship->inverse = reverse;
  if (!anew) reverse->inverse = relationship;
  return CORM_OK;
}

/* -- ON clauses -- */

/* SQLAlchemy writes the referenced column first. */
static const corm_node *equal(corm_arena *arena, const corm_node *referenced, const corm_node *referencing) {
  return referenced && referencing ? corm_binary_in(arena, CORM_OP_EQ, referenced, referencing) : NULL;
}

static const corm_node *secondary_on(corm_arena *arena, const corm_secondary_pair *pairs, uint32_t n,
                                     const corm_node *const *columns, const corm_node *secondary) {
  const corm_node **items = corm_arena_zalloc(arena, n, sizeof *items);
  for (uint32_t i = 0; items && i < n; i++) {
    items[i] = equal(arena, columns[pairs[i].slot], corm_column_node_in(arena, pairs[i].column, secondary));
    if (!items[i]) return NULL;
  }
  return items ? corm_and_or_in(arena, CORM_OP_AND, items, n) : NULL;
}

static const corm_node *direct_on(corm_arena *arena, const corm_relationship *relationship,
                                  const corm_node *const *near, const corm_node *const *far) {
  const corm_node **items = corm_arena_zalloc(arena, relationship->npairs, sizeof *items);
  const bool to_one = relationship->direction == CORM_MANY_TO_ONE;
  for (uint32_t i = 0; items && i < relationship->npairs; i++) {
    const corm_node *a = near[relationship->pairs[i].near_slot], *b = far[relationship->pairs[i].far_slot];
    items[i] = to_one ? equal(arena, b, a) : equal(arena, a, b);
    if (!items[i]) return NULL;
  }
  return items ? corm_and_or_in(arena, CORM_OP_AND, items, relationship->npairs) : NULL;
}

corm_status corm_relationship_on_columns_in(corm_arena *arena, const corm_relationship *relationship,
                                            const corm_node *const *left, const corm_node *secondary,
                                            const corm_node *const *right, const corm_node **to_secondary,
                                            const corm_node **on, corm_error *err) {
  const corm_node *near_on =
      relationship->on ? corm_relationship_condition_in(arena, relationship, relationship->on, left, secondary, right)
      : relationship->direction != CORM_MANY_TO_MANY
          ? direct_on(arena, relationship, left, right)
          : secondary_on(arena, relationship->near_secondary, relationship->nnear, left, secondary);
  if (relationship->direction != CORM_MANY_TO_MANY) {
    *on = near_on;
    return *on ? CORM_OK : corm_error_memory(err);
  }
  *to_secondary = near_on;
  *on = relationship->far_on
            ? corm_relationship_condition_in(arena, relationship, relationship->far_on, left, secondary, right)
            : secondary_on(arena, relationship->far_secondary, relationship->nfar, right, secondary);
  return *to_secondary && *on ? CORM_OK : corm_error_memory(err);
}

corm_status corm_relationship_on_in(corm_arena *arena, const corm_relationship *relationship, const corm_node *left,
                                    const corm_node *secondary, const corm_node *right, const corm_node **to_secondary,
                                    const corm_node **on, corm_error *err) {
  const corm_node *const *near = corm_mapper_slots_in(arena, relationship->parent, left);
  const corm_node *const *far = corm_mapper_slots_in(arena, relationship->target, right);
  if (!near || !far) return corm_error_memory(err);
  return corm_relationship_on_columns_in(arena, relationship, near, secondary, far, to_secondary, on, err);
}
