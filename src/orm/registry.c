/* Classes that know each other. */
#include "orm/mapper.h"
#include "orm/relationship.h"

void corm_registry_init(corm_registry *registry, const corm_mem *mem, const corm_host *host) {
  *registry = (corm_registry){.mem = mem, .host = host};
  corm_map_init(&registry->classes, mem);
}

void corm_registry_clear(corm_registry *registry) {
  corm_map_clear(&registry->classes);
  registry->configured = false;
}

/* Foreign keys are resolved first: a column without a type of its own takes that of the column it refers to. */
static corm_status configure_columns(corm_mapper *mapper, corm_error *err) {
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    const corm_vec *constraints = &mapper->tables[t].table->constraints;
    for (size_t i = 0; i < constraints->len; i++) {
      corm_constraint *constraint = constraints->items[i];
      if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
      corm_status status = corm_constraint_resolve(constraint, err);
      if (status != CORM_OK) return status;
    }
  }
  corm_mapper_note_types(mapper);
  return CORM_OK;
}

/* The parent's relationships come first. */
static size_t inherited(const corm_mapper *mapper) {
  return mapper->root != mapper ? mapper->parent->relationships.len : 0;
}

static bool is_void(const corm_mapper *mapper, size_t i) {
  return ((const corm_relationship *)mapper->relationships.items[i])->is_void;
}

/* The side that is referred to; a secondary table's rows repeat what their own relationships say. */
static void mark_referred(corm_mapper *mapper) {
  for (size_t i = 0; i < mapper->relationships.len; i++) {
    const corm_relationship *r = mapper->relationships.items[i];
    for (uint32_t k = 0; r->direction == CORM_ONE_TO_MANY && k < r->npairs; k++)
      mapper->attributes[r->pairs[k].near_slot].referred = true;
    for (uint32_t k = 0; k < r->nnear; k++) mapper->attributes[r->near_secondary[k].slot].referred = true;
  }
  for (const corm_mapper *m = mapper; m; m = m->parent)
    for (size_t i = 0; i < m->referrers.len; i++) {
      const corm_relationship *r = m->referrers.items[i];
      for (uint32_t k = 0; r->direction == CORM_MANY_TO_ONE && k < r->npairs; k++)
        mapper->attributes[r->pairs[k].far_slot].referred = true;
    }
}

corm_status corm_registry_configure(corm_registry *registry, corm_error *err) {
  const corm_map_entry *entry;
  if (registry->configured) return CORM_OK;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    corm_status status = mapper->configured ? CORM_OK : configure_columns(mapper, err);
    for (size_t i = inherited(mapper); status == CORM_OK && i < mapper->relationships.len; i++)
      if (!is_void(mapper, i)) status = corm_relationship_configure(mapper->relationships.items[i], err);
    if (status != CORM_OK) return status;
  }
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    for (size_t i = inherited(mapper); i < mapper->relationships.len; i++) {
      corm_status status = is_void(mapper, i) ? CORM_OK : corm_relationship_pair(mapper->relationships.items[i], err);
      if (status != CORM_OK) return status;
    }
  }
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) mark_referred(entry->value);
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;)
    ((corm_mapper *)entry->value)->configured = true;
  registry->configured = true;
  registry->configurations++;
  return corm_registry_survey(registry, err);
}

/* -- letting classes go -------------------------------------------------------------------------------------------- */

static void leave_target(const corm_relationship *relationship) {
  corm_vec *referrers = &relationship->target->referrers;
  size_t kept = 0;
  for (size_t i = 0; i < referrers->len; i++)
    if (referrers->items[i] != relationship) referrers->items[kept++] = referrers->items[i];
  referrers->len = kept;
}

void corm_relationships_leave(corm_mapper *mapper, const corm_registry *but) {
  corm_relationship **at = &mapper->led;
  while (*at) {
    if ((*at)->target->registry == but) {
      at = &(*at)->next_led;
      continue;
    }
    leave_target(*at);
    *at = (*at)->next_led;
  }
}

void corm_relationships_lose(corm_mapper *target) {
  for (size_t i = 0; i < target->referrers.len; i++) {
    corm_relationship *relationship = target->referrers.items[i], **at = &relationship->parent->led;
    while (*at != relationship) at = &(*at)->next_led;
    *at = relationship->next_led;
    relationship->target = NULL;
  }
  target->referrers.len = 0;
}

void corm_registry_dispose(corm_registry *registry) {
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    corm_relationships_leave(mapper, registry);
    mapper->disposed = true;
  }
  corm_registry_clear(registry);
  registry->configurations++;
}

bool corm_registry_depends(const corm_registry *registry, const corm_registry *on) {
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    const corm_mapper *mapper = entry->value;
    for (size_t i = inherited(mapper); i < mapper->relationships.len; i++) {
      const corm_relationship *r = mapper->relationships.items[i];
      const corm_mapper *target = r->target ? r->target : r->def.target_mapper; /* where configuring it has failed */
      if (!is_void(mapper, i) && target && target->registry == on) return true;
    }
  }
  return false;
}

corm_status corm_mapper_check_mapped(const corm_mapper *mapper, corm_error *err) {
  if (!mapper->disposed) return CORM_OK;
  return corm_error_set(err, CORM_E_UNMAPPED, "%s is not mapped any more: its registry was disposed", mapper->name);
}
