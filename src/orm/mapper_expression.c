/* Attributes that are no columns: expressions over the mapper's tables, read with the row and never written. */
#include <string.h>

#include "orm/heritage.h"
#include "orm/mapper.h"
#include "sql/adapt.h"
#include "sql/expr.h"
#include "sql/froms.h"

/* -- said of another FROM -- */

typedef struct saying {
  const corm_mapper *mapper;
  const corm_node *from;
} saying;

/* What stands for a table of the mapper's. */
static const corm_node *say_from(void *ctx, const corm_node *from) {
  const saying *s = ctx;
  if (s->mapper->selected && from == s->mapper->from) return s->from;
  if (from->kind != CORM_NODE_TABLE) return from;
  for (uint32_t t = 0; t < s->mapper->ntables; t++)
    if (s->mapper->tables[t].table == ((const corm_table_node *)from)->table)
      return corm_mapper_level_from(s->mapper, t, s->from);
  return from;
}

/* A Column that was used before it had a table is one of its table's. */
static const corm_node *say_column(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const saying *s = ctx;
  const corm_node *from = column->from ? say_from(ctx, column->from) : NULL;
  for (uint32_t t = 0; !from && column->column && t < s->mapper->ntables; t++)
    if (s->mapper->tables[t].table == column->column->table) from = corm_mapper_level_from(s->mapper, t, s->from);
  if (from == column->from || !column->column) return &column->base;
  return corm_column_node_in(arena, column->column, from);
}

const corm_node *corm_mapper_say_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *expression,
                                    const corm_node *from) {
  saying s = {mapper, from};
  const corm_adapt adapt = {.column = say_column, .from = say_from, .ctx = &s};
  return corm_adapt_in(arena, expression, &adapt);
}

/* A subquery speaks of the class's row, whatever else the statement around it selects from. */
static const corm_node *say_own_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *expression,
                                   const corm_node *from) {
  const corm_node **froms = corm_arena_zalloc(arena, mapper->ntables + (size_t)1, sizeof *froms);
  if (!froms) return NULL;
  froms[0] = from;
  for (uint32_t t = 0; t < mapper->ntables; t++) froms[t + 1] = corm_mapper_level_from(mapper, t, from);
  saying s = {mapper, from};
  const corm_adapt adapt = {say_column, say_from, &s, froms, mapper->ntables + 1};
  return corm_adapt_in(arena, expression, &adapt);
}

/* A select that stands for the class may have it among its columns. */
const corm_node *corm_mapper_expression_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                           const corm_node *from) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  const bool selected = from->kind == CORM_NODE_ALIAS && corm_from_element(from)->kind != CORM_NODE_TABLE;
  const corm_node *node = selected ? corm_from_column_in(arena, from, attribute->key) : NULL;
  if (!node && attribute->expression)
    node = say_own_in(arena, mapper, attribute->expression, from);
  else if (!node)
    node = corm_constant_in(arena, CORM_CONSTANT_NULL);
  corm_label *label = (corm_label *)(uintptr_t)corm_label_in(arena, attribute->key, node); /* still ours */
  if (!label || arena->failed) return NULL;
  label->slot = slot;
  return &label->base;
}

/* -- more slots -- */

static corm_status check_addition(const corm_mapper *mapper, const char *key, corm_error *err) {
  if (mapper->united)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "%s.%s: a class that is read from a UNION has no attribute that is an expression",
                          mapper->name, key);
  if (mapper->children.len)
    return corm_error_set(err, CORM_E_INVALID_REQUEST,
                          "%s.%s: %s inherits from it already: no attribute can be added; declare it with the class, "
                          "by a function that returns the expression",
                          mapper->name, key, ((const corm_mapper *)mapper->children.items[0])->name);
  if (mapper->nattributes == UINT16_MAX)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s has too many attributes", mapper->name);
  if (corm_map_gets(&mapper->by_key, key))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s has two attributes named '%s'", mapper->name, key);
  return CORM_OK;
}

corm_status corm_mapper_add_expression(corm_mapper *mapper, const corm_attribute_def *def, corm_error *err) {
  const uint32_t n = mapper->nattributes;
  corm_arena *arena = &mapper->arena;
  corm_status status = check_addition(mapper, def->key, err);
  if (status != CORM_OK) return status;
  corm_attribute *attributes = corm_arena_zalloc(arena, n + (size_t)2, sizeof *attributes);
  const char *key = corm_arena_dup(arena, def->key, strlen(def->key));
  const char *group = def->group ? corm_arena_dup(arena, def->group, strlen(def->group)) : NULL;
  if (!attributes || !key || (def->group && !group)) return corm_error_memory(err);
  memcpy(attributes, mapper->attributes, n * sizeof *attributes);
  attributes[n] = (corm_attribute){.key = key,
                                   .type = corm_type_default(CORM_TYPE_NULLTYPE),
                                   .kind = def->given ? CORM_ATTRIBUTE_GIVEN : CORM_ATTRIBUTE_EXPRESSION,
                                   .read_only = true,
                                   .deferred = def->deferred,
                                   .raise = def->raise,
                                   .keeps = def->keeps,
                                   .group = group};
  if (corm_map_puts(&mapper->by_key, key, (void *)((uintptr_t)n + 1)) != CORM_OK) return corm_error_memory(err);
  mapper->attributes = attributes;
  mapper->nattributes++;
  mapper->nexpressions++;
  mapper->nlater++;
  corm_mapper_note_types(mapper);
  return corm_mapper_remake(mapper, err);
}

/* -- their expressions -- */

static corm_status set_expression(corm_mapper *mapper, uint32_t slot, const corm_node *expression, corm_error *err) {
  corm_attribute *attribute = &mapper->attributes[slot];
  const bool is_new = !attribute->expression;
  const corm_node *said = corm_mapper_say_in(&mapper->arena, mapper, expression, mapper->from);
  if (!said) return corm_error_memory(err);
  attribute->expression = said;
  attribute->type = corm_node_type(said);
  if (is_new && !attribute->deferred) mapper->nlater--;
  corm_mapper_note_types(mapper);
  return corm_mapper_remake(mapper, err);
}

/* A concrete class below it has nothing of it. */
static bool has_expression(const corm_mapper *mapper, const corm_mapper *of, uint32_t slot) {
  return corm_mapper_isa(mapper, of) && mapper->attributes[slot].kind != CORM_ATTRIBUTE_VOID;
}

corm_status corm_mapper_set_expression(corm_mapper *mapper, uint32_t slot, const corm_node *expression,
                                       corm_error *err) {
  const corm_map_entry *entry;
  corm_status status = set_expression(mapper, slot, expression, err);
  for (size_t pos = 0; status == CORM_OK && (entry = corm_map_next(&mapper->registry->classes, &pos)) != NULL;)
    if (entry->value != mapper && has_expression(entry->value, mapper, slot))
      status = set_expression(entry->value, slot, expression, err);
  return status;
}

corm_status corm_mapper_discriminate(corm_mapper *mapper, uint32_t slot, const corm_value *identity, corm_error *err) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  if (!attribute->expression || attribute->kind == CORM_ATTRIBUTE_GIVEN)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s: polymorphic_on: nothing says what '%s' is", mapper->name,
                          attribute->key);
  if (attribute->deferred)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "%s: polymorphic_on: '%s' is deferred, and the class is known with the row", mapper->name,
                          attribute->key);
  mapper->discriminator = (int32_t)slot;
  return identity ? corm_heritage_identify(mapper, identity, err) : CORM_OK;
}

corm_status corm_mapper_take_expressions(corm_mapper *mapper, corm_error *err) {
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    corm_attribute *attribute = &mapper->attributes[i];
    if (!attribute->expression) continue;
    attribute->expression = corm_mapper_say_in(&mapper->arena, mapper, attribute->expression, mapper->from);
    if (!attribute->expression) return corm_error_memory(err);
  }
  return CORM_OK;
}

corm_status corm_mapper_remake(corm_mapper *mapper, corm_error *err) {
  if (corm_heritage_number(mapper, err) != CORM_OK) return CORM_FAILED;
  corm_mapper_forget_sql(mapper);
  if (!mapper->bundle) return CORM_OK; /* it is being made */
  const corm_bundle *bundle = (const corm_bundle *)corm_mapper_bundle_in(&mapper->arena, mapper, mapper->from);
  if (!bundle) return corm_error_memory(err);
  *(corm_bundle *)(uintptr_t)mapper->bundle = *bundle; /* made by the mapper, and seen by statements */
  return CORM_OK;
}
