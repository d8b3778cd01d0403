/* The relationships of a class's parents are its own, under the same numbers. */
#include "orm/heritage.h"

#include <string.h>

#include "orm/relationship.h"

/* The numbers of relationships begin behind those of the attributes. */
corm_status corm_heritage_number(corm_mapper *mapper, corm_error *err) {
  for (size_t i = 0; i < mapper->relationships.len; i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    if (relationship->is_void) continue;
    const uintptr_t number = mapper->nattributes + i + 1;
    if (corm_map_puts(&mapper->by_key, relationship->key, (void *)number) != CORM_OK) return corm_error_memory(err);
  }
  return CORM_OK;
}

static corm_status check_heir(const corm_mapper *heir, size_t at, const corm_relationship *relationship,
                              corm_error *err) {
  if (corm_map_gets(&heir->by_key, relationship->key) && corm_mapper_is_kin(heir, relationship->parent))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s: %s, which inherits from it, has an attribute of that name",
                          relationship->parent->name, relationship->key, heir->name);
  if (heir->configured && heir->relationships.len > at)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "%s.%s: %s inherits from it and is in use: declare the relationship before",
                          relationship->parent->name, relationship->key, heir->name);
  return CORM_OK;
}

/* A relationship of a concrete class takes the number of the one of its name that its parent has got now. */
static corm_status move_relationship(corm_mapper *heir, corm_relationship *own, size_t at, corm_error *err) {
  corm_vec *list = &heir->relationships;
  corm_vec_remove(list, own->index);
  if (corm_vec_insert(list, at, own) != CORM_OK) return corm_error_memory(err);
  for (size_t i = at; i < list->len; i++) ((corm_relationship *)list->items[i])->index = (uint32_t)i;
  heir->configured = false;
  return corm_heritage_number(heir, err);
}

/* The relationship at its number, what is behind it one further. */
static corm_status take_heritage(corm_mapper *heir, size_t at, corm_relationship *relationship, corm_error *err) {
  corm_vec *list = &heir->relationships;
  if (!corm_mapper_is_kin(heir, relationship->parent)) {
    corm_relationship *own = corm_mapper_relationship(heir, relationship->key, strlen(relationship->key));
    if (own) return own->parent == heir ? move_relationship(heir, own, at, err) : CORM_OK;
    relationship = corm_relationship_void(heir, relationship);
    if (!relationship) return corm_error_memory(err);
  }
  if (corm_vec_push(list, relationship) != CORM_OK) return corm_error_memory(err);
  for (size_t i = list->len - 1; i > at; i--) {
    corm_relationship *moved = list->items[i] = list->items[i - 1];
    if (moved->parent == heir) moved->index = (uint32_t)i;
  }
  list->items[at] = relationship;
  heir->configured = false;
  return corm_heritage_number(heir, err);
}

/* Takes back what the failure of another one has made useless. Entries that are there already need no memory. */
static void lose_heritage(corm_mapper *heir, const corm_relationship *relationship) {
  corm_vec *list = &heir->relationships;
  corm_error ignored;
  corm_error_init(&ignored);
  const ptrdiff_t at = corm_vec_index(list, relationship);
  if (at < 0) return;
  corm_vec_remove(list, (size_t)at);
  for (size_t i = (size_t)at; i < list->len; i++) {
    corm_relationship *moved = list->items[i];
    if (moved->parent == heir) moved->index = (uint32_t)i;
  }
  corm_map_remove(&heir->by_key, relationship->key, strlen(relationship->key));
  if (corm_heritage_number(heir, &ignored) != CORM_OK) corm_error_clear(&ignored);
}

corm_status corm_mapper_hand_down(corm_mapper *mapper, corm_relationship *relationship, corm_error *err) {
  const corm_map *classes = &mapper->registry->classes;
  const corm_map_entry *entry;
  corm_status status = CORM_OK;
  if (!mapper->children.len) return CORM_OK;
  for (size_t pos = 0; status == CORM_OK && (entry = corm_map_next(classes, &pos)) != NULL;)
    if (entry->value != mapper && corm_mapper_isa(entry->value, mapper))
      status = check_heir(entry->value, relationship->index, relationship, err);
  for (size_t pos = 0; status == CORM_OK && (entry = corm_map_next(classes, &pos)) != NULL;)
    if (entry->value != mapper && corm_mapper_isa(entry->value, mapper))
      status = take_heritage(entry->value, relationship->index, relationship, err);
  for (size_t pos = 0; status != CORM_OK && (entry = corm_map_next(classes, &pos)) != NULL;)
    if (entry->value != mapper && corm_mapper_isa(entry->value, mapper)) lose_heritage(entry->value, relationship);
  return status;
}

/* A concrete class has a void in the place of each relationship of its parent, until it declares one of that name. */
static corm_status take_relationship(corm_mapper *mapper, corm_relationship *relationship, corm_error *err) {
  if (mapper->concrete) relationship = corm_relationship_void(mapper, relationship);
  if (!relationship || corm_vec_push(&mapper->relationships, relationship) != CORM_OK) return corm_error_memory(err);
  return CORM_OK;
}

corm_status corm_heritage_take(corm_mapper *mapper, corm_error *err) {
  const corm_vec *above = &mapper->parent->relationships;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < above->len; i++) status = take_relationship(mapper, above->items[i], err);
  return status;
}

/* -- rows of a family -- */

/* The topmost class, above concrete ones, too. */
static corm_mapper *top_of(corm_mapper *mapper) {
  while (mapper->parent) mapper = mapper->parent;
  return mapper;
}

corm_status corm_heritage_identify(corm_mapper *mapper, const corm_value *identity, corm_error *err) {
  const corm_mapper *other = corm_mapper_identified(top_of(mapper), identity);
  if (other)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s has the polymorphic identity of class %s", mapper->name,
                          other->name);
  mapper->identity = *identity;
  mapper->identity.flags = 0;
  if (!corm_value_has_bytes(identity)) return CORM_OK;
  mapper->identity.as.s = corm_arena_dup(&mapper->arena, identity->as.s, identity->len);
  return mapper->identity.as.s ? CORM_OK : corm_error_memory(err);
}

static bool is_single(const corm_mapper *mapper) {
  return mapper->root != mapper && mapper->ntables == mapper->parent->ntables && mapper->discriminator >= 0;
}

/* Whether the class is `of` or below it, where only classes without tables of their own are in between. */
static bool shares_rows(const corm_mapper *mapper, const corm_mapper *of) {
  return mapper->identity.kind != CORM_ABSENT && corm_mapper_is_kin(mapper, of);
}

/* A class that has its table in common with its parent sees the rows of its own identity and of those below it. */
static corm_status restrict_rows(corm_mapper *mapper, corm_error *err) {
  const corm_attribute *attribute = &mapper->attributes[mapper->discriminator];
  const corm_map *classes = &mapper->registry->classes;
  corm_arena *arena = &mapper->arena;
  corm_value *values = corm_arena_zalloc(arena, classes->count + 1, sizeof *values);
  if (!values) return corm_error_memory(err);
  size_t n = 0;
  if (mapper->identity.kind != CORM_ABSENT) values[n++] = mapper->identity;
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(classes, &pos)) != NULL;) {
    const corm_mapper *other = entry->value;
    if (other != mapper && shares_rows(other, mapper)) values[n++] = other->identity;
  }
  const corm_node *from = mapper->tables[attribute->level].from;
  const corm_node *said =
      attribute->column ? corm_column_node_in(arena, attribute->column, from) : attribute->expression;
  const corm_node *only = said ? corm_in_in(arena, CORM_OP_IN, said, values, n, 0) : NULL;
  if (!only) return corm_error_memory(err);
  ((corm_table_node *)(uintptr_t)from)->only = only; /* made by take_tables */
  corm_mapper_forget_sql(mapper);
  return CORM_OK;
}

/* The new class's rows are also those of the classes above it. */
corm_status corm_heritage_restrict(corm_mapper *mapper, corm_error *err) {
  corm_status status = CORM_OK;
  for (; status == CORM_OK && mapper; mapper = mapper->parent)
    if (is_single(mapper)) status = restrict_rows(mapper, err);
  return status;
}

const corm_mapper *corm_mapper_next_below(const corm_mapper *top, const corm_mapper *at) {
  if (at->children.len) return at->children.items[0];
  for (; at != top; at = at->parent) {
    const corm_vec *siblings = &at->parent->children;
    size_t i = 0;
    while (siblings->items[i] != at) i++;
    if (i + 1 < siblings->len) return siblings->items[i + 1];
  }
  return NULL;
}
