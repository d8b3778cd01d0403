/* Which columns of an entity a statement reads: what its class says, and what the query's options say about it. */
#include <string.h>

#include "orm/loader.h"
#include "orm/polymorphic.h"

/* -- options -- */

/* Options of the first level say which of several entities of one class they mean. `mapper`: the entity's class, or one
   below it whose own columns are asked about. */
static bool is_about(const corm_load_entity *entity, const corm_mapper *mapper, const corm_load_option *option) {
  const corm_mapper *of = option->mapper;
  if (!option->columns || option->columns == CORM_COLUMNS_BELOW) return false;
  if (!of) return true;
  const bool meant = corm_load_is_meant(entity, option->of);
  if (!meant || corm_mapper_isa(mapper, of)) /* load_only(Employee.name) leaves alone what subclasses add */
    return meant && (mapper == entity->mapper || mapper == of || option->columns != CORM_COLUMNS_ONLY);
  return mapper != entity->mapper && option->slot >= 0 && corm_mapper_isa(of, mapper);
}

/* How much an option says of an attribute: nothing, something of all attributes, of its group, of this very one. */
enum { NOTHING, OF_ALL, OF_GROUP, OF_IT };

static int says(const corm_attribute *attribute, uint32_t slot, const corm_load_option *option) {
  const int of_others = option->columns == CORM_COLUMNS_ONLY ? OF_ALL : NOTHING;
  if (option->group)
    return attribute->deferred && attribute->group && strcmp(attribute->group, option->group) == 0 ? OF_GROUP : NOTHING;
  if (option->slot < 0) return OF_ALL;
  return (uint32_t)option->slot == slot ? OF_IT : of_others;
}

static uint8_t later(bool raise) {
  return CORM_VALUE_EXPIRED | CORM_VALUE_LATER | CORM_VALUE_ALONE | (raise ? CORM_VALUE_RAISES : 0);
}

uint8_t corm_selection_flags(const corm_load_entity *entity, const corm_mapper *mapper, uint32_t slot) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  const corm_mapper *owner = mapper; /* whose own the slot is, down from the entity's class */
  while (owner != entity->mapper && owner->parent && slot < owner->parent->nattributes) owner = owner->parent;
  if (attribute->kind == CORM_ATTRIBUTE_VOID) return CORM_VALUE_LATER;
  uint8_t flags = corm_mapper_missing_flags(attribute);
  const bool empty = flags == CORM_SLOT_EMPTY; /* then only what gives it an expression means anything */
  int said = NOTHING; /* what says more goes before what says less, and then the last before the others */
  for (uint32_t k = 0; k < entity->noptions; k++) {
    const corm_load_option *option = entity->options[k];
    if (!is_about(entity, owner, option) || (empty && option->columns != CORM_COLUMNS_GIVE)) continue;
    const int more = says(attribute, slot, option);
    if (more == NOTHING || more < said) continue;
    const bool leaves =
        option->columns == CORM_COLUMNS_DEFER || (option->columns == CORM_COLUMNS_ONLY && more != OF_IT);
    flags = leaves ? later(option->raise) : 0;
    said = more;
  }
  return flags;
}

const corm_load_option *corm_selection_given(const corm_load_entity *entity, uint32_t *at) {
  for (; *at < entity->noptions; ++*at) {
    const corm_load_option *option = entity->options[*at];
    if (option->columns == CORM_COLUMNS_GIVE && is_about(entity, entity->mapper, option))
      return entity->options[(*at)++];
  }
  return NULL;
}

/* Whether an option gives some attribute an expression. */
static bool is_given_some(const corm_load_entity *entity) {
  uint32_t at = 0;
  return corm_selection_given(entity, &at) != NULL;
}

/* What is joined, or of a class below, has other FROMs than the class that the expression was written of. */
static corm_status give_expressions(const corm_load_entity *entity, corm_bundle *bundle, corm_arena *arena,
                                    corm_error *err) {
  const corm_mapper *mapper = entity->mapper;
  const corm_load_option *option;
  for (uint32_t at = 0; (option = corm_selection_given(entity, &at)) != NULL;) {
    const corm_node *node = option->expression;
    if (entity->parent || mapper != option->mapper || (!option->of && bundle->from != mapper->from))
      node = corm_mapper_say_in(arena, mapper, node, bundle->from);
    node = corm_label_in(arena, mapper->attributes[option->slot].key, node);
    if (!node) return corm_error_memory(err);
    const corm_view *view = bundle->view;
    ((const corm_node **)(uintptr_t)bundle->columns)[view->place[option->slot]] = node; /* still ours */
  }
  return CORM_OK;
}

/* -- what is needed whatever the options say -- */

static void need_slot(const corm_mapper *mapper, uint32_t slot, uint8_t *missing) {
  if (slot < mapper->nattributes) missing[slot] = 0;
}

static void need_pairs(const corm_mapper *mapper, const corm_relationship *relationship, bool far, uint8_t *missing) {
  if (relationship->direction == CORM_MANY_TO_MANY) {
    for (uint32_t i = 0; !far && i < relationship->nnear; i++)
      need_slot(mapper, relationship->near_secondary[i].slot, missing);
    return;
  }
  for (uint32_t i = 0; i < relationship->npairs; i++)
    need_slot(mapper, far ? relationship->pairs[i].far_slot : relationship->pairs[i].near_slot, missing);
}

/* The key, which class it is of, its version, and what relationships that are loaded with it are found by. */
static void need(const corm_loader *loader, const corm_load_entity *entity, const corm_mapper *mapper,
                 uint8_t *missing) {
  for (uint32_t i = 0; i < mapper->npk; i++) missing[mapper->pk[i]] = 0;
  if (mapper->discriminator >= 0) missing[mapper->discriminator] = 0;
  if (mapper->version >= 0) missing[mapper->version] = 0;
  for (const corm_load_job *job = entity->jobs; job; job = job->next)
    if (job->relationship) need_pairs(mapper, job->relationship, false, missing);
  for (size_t i = loader->nvisible; i < loader->entities.len; i++) {
    const corm_load_entity *joined = loader->entities.items[i];
    if (joined->parent == entity) need_pairs(mapper, joined->relationship, false, missing);
  }
  if (loader->fetch && entity == loader->entities.items[0])
    need_pairs(mapper, loader->fetch->relationship, true, missing);
}

/* -- planning -- */

static bool has_column_options(const corm_load_entity *entity) {
  for (uint32_t i = 0; i < entity->noptions; i++)
    if (entity->options[i]->columns) return true;
  return false;
}

static bool is_as_it_is(const corm_load_entity *entity, const uint8_t *missing) {
  const corm_view *view = entity->bundle->view;
  for (uint32_t i = 0; i < entity->mapper->nattributes; i++) {
    const uint8_t now = view && view->place && view->missing ? view->missing[i] : 0;
    if (now != missing[i]) return false;
  }
  return true;
}

static uint8_t *new_missing(const corm_loader *loader, const corm_load_entity *entity, const corm_mapper *mapper,
                            corm_arena *arena) {
  uint8_t *missing = corm_arena_zalloc(arena, mapper->nattributes + (size_t)1, 1);
  for (uint32_t i = 0; missing && i < mapper->nattributes; i++) missing[i] = corm_selection_flags(entity, mapper, i);
  if (missing) need(loader, entity, mapper, missing);
  return missing;
}

/* Whether the entity stands in the script's own FROM. */
static bool is_given(const corm_load_entity *entity) {
  return !entity->relationship || entity->contained;
}

/* The entity with the columns of classes below it. */
static corm_status widen(const corm_loader *loader, corm_load_entity *entity, const corm_mapper *const *classes,
                         uint32_t n, corm_arena *arena, corm_error *err) {
  const corm_view *view = entity->bundle->view;
  const corm_node *from = entity->bundle->from;
  const corm_node *joined = view && view->nparts ? view->joined
                            : entity->mapper->united
                                ? from
                                : corm_polymorphic_joined_in(arena, entity->mapper, from, classes, n);
  const uint8_t **missing = corm_arena_zalloc(arena, n + (size_t)1, sizeof *missing);
  if (!joined || !missing) return corm_error_memory(err);
  for (uint32_t k = 0; k <= n; k++) {
    missing[k] = new_missing(loader, entity, k ? classes[k - 1] : entity->mapper, arena);
    if (!missing[k]) return corm_error_memory(err);
  }
  const corm_node *bundle =
      corm_polymorphic_bundle_in(arena, entity->mapper, classes, n, is_given(entity) ? from : joined, joined, missing);
  if (!bundle) return corm_error_memory(err);
  entity->bundle = (const corm_bundle *)bundle;
  return CORM_OK;
}

static const corm_mapper **classes_of(const corm_load_entity *entity, corm_arena *arena, uint32_t *n) {
  const corm_view *view = entity->bundle->view;
  const corm_mapper *mapper = entity->mapper;
  *n = 0;
  if (mapper->united && !mapper->selected && entity->bundle->from == mapper->own->from) /* by key */
    return corm_arena_zalloc(arena, 1, sizeof(corm_mapper *));
  if (mapper->united) return corm_polymorphic_classes_in(arena, mapper, NULL, 0, n);
  if (!view || !view->nparts) return corm_polymorphic_inline_in(arena, mapper, entity->type, n);
  const corm_mapper **classes = corm_arena_zalloc(arena, view->nparts, sizeof *classes);
  *n = view->nparts;
  for (uint32_t i = 0; classes && i < *n; i++) classes[i] = view->parts[i].mapper;
  return classes;
}

corm_status corm_selection_heirs(corm_load_entity *entity, corm_arena *arena, corm_error *err) {
  const corm_view *view = entity->bundle->view;
  if (!entity->mapper->widens && !entity->type && !(view && view->nparts)) return CORM_OK;
  entity->heirs = classes_of(entity, arena, &entity->nheirs);
  return entity->heirs ? CORM_OK : corm_error_memory(err);
}

/* A subquery has the columns that it has; what is not among them is loaded when it is asked for. */
static void keep_selected(const corm_load_entity *entity, uint8_t *missing) {
  const corm_view *view = entity->bundle->view;
  for (uint32_t i = 0; i < entity->mapper->nattributes; i++)
    if (entity->mapper->attributes[i].kind != CORM_ATTRIBUTE_GIVEN)
      missing[i] = view->place[i] < 0 ? CORM_VALUE_EXPIRED | CORM_VALUE_LATER : 0;
}

static corm_status refuse_to_give(const corm_load_entity *entity, corm_error *err) {
  return corm_error_set(err, CORM_E_INVALID_REQUEST,
                        "with_expression: %s is selected with the classes below it; select the class itself",
                        entity->mapper->name);
}

static corm_status plan_entity(const corm_loader *loader, corm_load_entity *entity, corm_arena *arena,
                               corm_error *err) {
  const corm_mapper *mapper = entity->mapper;
  const corm_view *view = entity->bundle->view;
  const bool has_options = has_column_options(entity);
  if (!mapper->nlater && !has_options && !mapper->widens && !entity->type) return CORM_OK;
  const bool gives = has_options && is_given_some(entity), selected = view && view->place && !view->missing;
  if (selected && !gives) return CORM_OK; /* what a subquery has */
  const uint32_t n = entity->nheirs;
  if (n && gives) return refuse_to_give(entity, err);
  if (n && (!view || !view->nparts || has_options)) return widen(loader, entity, entity->heirs, n, arena, err);
  if (n) return CORM_OK;
  if (!mapper->nlater && !has_options) return CORM_OK;
  uint8_t *missing = new_missing(loader, entity, mapper, arena);
  if (!missing) return corm_error_memory(err);
  if (selected) keep_selected(entity, missing);
  if (!gives && is_as_it_is(entity, missing)) return CORM_OK;
  const corm_node *bundle = corm_mapper_bundle_without_in(arena, mapper, entity->bundle->from, missing);
  if (!bundle) return corm_error_memory(err);
  entity->bundle = (const corm_bundle *)bundle;
  return gives ? give_expressions(entity, (corm_bundle *)(uintptr_t)bundle, arena, err) : CORM_OK;
}

corm_status corm_selection_plan(corm_loader *loader, corm_error *err) {
  corm_status status = CORM_OK;
  if (loader->columns_only) return CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < loader->entities.len; i++)
    status = plan_entity(loader, loader->entities.items[i], &loader->arena, err);
  return status;
}

static const corm_load_entity *entity_at(const corm_loader *loader, size_t k) {
  return loader->entities.items[k];
}

/* The select with the bundles of the entities. */
static corm_status replace_bundles(corm_loader *loader, const corm_select **select, corm_error *err) {
  const corm_select *old = *select;
  bool same = true;
  uint32_t k = 0;
  for (uint32_t i = 0; i < old->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)old->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner) same = same && entity_at(loader, k++)->bundle == bundle;
  }
  if (same) return CORM_OK;
  corm_select *copy = corm_arena_copy(&loader->arena, old, sizeof *old);
  const corm_node **columns = corm_arena_alloc(&loader->arena, old->ncolumns * sizeof *columns);
  if (!copy || !columns) return corm_error_memory(err);
  k = 0;
  for (uint32_t i = 0; i < old->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)old->columns[i];
    columns[i] = old->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner) columns[i] = &entity_at(loader, k++)->bundle->base;
  }
  copy->columns = columns;
  *select = copy;
  return CORM_OK;
}

/* The tables of classes below the entity's are joined to the FROM that has the entity's. */
static corm_status join_rest(corm_loader *loader, const corm_bundle *bundle, corm_select *select,
                             const corm_node **froms, corm_error *err) {
  corm_arena *arena = &loader->arena;
  const corm_node *right[UINT8_MAX + 1], *on[UINT8_MAX + 1];
  uint32_t n = 0, at = 0;
  const corm_view *view = bundle->view;
  const corm_node *node = view->joined;
  for (; node != bundle->from && node->kind == CORM_NODE_JOIN; node = ((const corm_join *)node)->left) {
    if (n > UINT8_MAX) return corm_error_set(err, CORM_E_COMPILE, "%s: too many tables to be joined", bundle->name);
    right[n] = ((const corm_join *)node)->right;
    on[n++] = ((const corm_join *)node)->on;
  }
  while (at < select->nfroms && !corm_from_contains(arena, froms[at], bundle->from)) at++;
  if (arena->failed) return corm_error_memory(err);
  if (at == select->nfroms) froms[select->nfroms++] = bundle->from;
  while (n-- > 0) {
    if (corm_from_contains(arena, froms[at], right[n])) continue; /* the query joins it itself */
    froms[at] = corm_join_in(arena, froms[at], right[n], on[n], true, false);
    if (!froms[at]) return corm_error_memory(err);
  }
  return CORM_OK;
}

static bool is_to_be_joined(const corm_load_entity *entity) {
  const corm_view *view = entity->bundle->view;
  return view && view->nparts && view->joined != entity->bundle->from && is_given(entity);
}

corm_status corm_selection_apply(corm_loader *loader, const corm_select *select, const corm_select **out,
                                 corm_error *err) {
  corm_status status = replace_bundles(loader, &select, err);
  size_t n = 0;
  for (size_t i = 0; i < loader->entities.len; i++) n += is_to_be_joined(entity_at(loader, i));
  *out = select;
  if (status != CORM_OK || !n) return status;
  corm_select *copy = corm_arena_copy(&loader->arena, select, sizeof *select);
  const corm_node **froms = corm_arena_zalloc(&loader->arena, select->nfroms + n, sizeof *froms);
  if (!copy || !froms) return corm_error_memory(err);
  if (select->nfroms) memcpy(froms, select->froms, select->nfroms * sizeof *froms);
  copy->froms = froms;
  for (size_t i = 0; status == CORM_OK && i < loader->entities.len; i++)
    if (is_to_be_joined(entity_at(loader, i)))
      status = join_rest(loader, entity_at(loader, i)->bundle, copy, froms, err);
  *out = copy;
  return status;
}
