/* Nodes of a mapper's columns, over its own tables and over aliases. */
#include <stdio.h>
#include <string.h>

#include "orm/mapper.h"
#include "sql/adapt.h"
#include "sql/criteria.h"

/* -- nodes -- */

static bool is_table(const corm_node *from, const corm_table *table) {
  if (from->kind == CORM_NODE_ALIAS) from = ((const corm_alias *)from)->element;
  return from->kind == CORM_NODE_TABLE && ((const corm_table_node *)from)->table == table;
}

const corm_node *corm_mapper_level_from(const corm_mapper *mapper, uint32_t level, const corm_node *from) {
  const corm_table *table = mapper->tables[level].table;
  while (from->kind == CORM_NODE_JOIN && !is_table(((const corm_join *)from)->right, table))
    from = ((const corm_join *)from)->left;
  return from->kind == CORM_NODE_JOIN ? ((const corm_join *)from)->right : from;
}

/* What the select shows under the name of a column. */
static const corm_node *selected_in(corm_arena *arena, const corm_column *column, const corm_node *from) {
  const corm_node *found = corm_from_column_in(arena, from, column->key);
  if (!found || found->kind != CORM_NODE_COLUMN) return arena->failed ? NULL : corm_column_node_in(arena, column, from);
  corm_column_node *node = corm_arena_copy(arena, found, sizeof *node);
  if (node) node->column = column;
  return node ? &node->base : NULL;
}

const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  if (!attribute->column) return corm_mapper_expression_in(arena, mapper, slot, from ? from : mapper->from);
  if (mapper->selected) return selected_in(arena, attribute->column, from ? from : mapper->from);
  return corm_column_node_in(arena, attribute->column,
                             corm_mapper_level_from(mapper, attribute->level, from ? from : mapper->from));
}

/* -- aliases -- */

typedef struct aliases {
  const corm_mapper *mapper;
  const corm_node **of; /* by level */
} aliases;

static const corm_node *say_of_alias(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const aliases *a = ctx;
  if (!column->from || column->from->kind != CORM_NODE_TABLE) return &column->base;
  for (uint32_t t = 0; t < a->mapper->ntables; t++)
    if (((const corm_table_node *)column->from)->table == a->mapper->tables[t].table)
      return corm_column_node_in(arena, column->column, a->of[t]);
  return &column->base;
}

/* Each table's alias has the given name and its own. */
static const char *level_name(corm_arena *arena, const char *name, const corm_table *table) {
  if (!name) return NULL;
  const size_t room = strlen(name) + strlen(table->name) + 2;
  char *full = corm_arena_alloc(arena, room);
  if (full) (void)snprintf(full, room, "%s_%s", name, table->name);
  return full;
}

const corm_node *corm_mapper_alias_in(corm_arena *arena, const corm_mapper *mapper, const char *name) {
  const uint32_t n = mapper->ntables;
  if (mapper->united) return corm_alias_in(arena, ((const corm_alias *)mapper->united)->element, name);
  const corm_alias *selected = mapper->selected ? (const corm_alias *)mapper->from : NULL;
  if (selected && !selected->cte) return corm_alias_in(arena, selected->element, name); /* the same once more */
  if (n == 1) return corm_alias_in(arena, mapper->from, name);
  aliases a = {mapper, corm_arena_zalloc(arena, n, sizeof *a.of)};
  const corm_node **on = corm_arena_zalloc(arena, n, sizeof *on);
  if (!a.of || !on) return NULL;
  const corm_node *from = mapper->from;
  for (uint32_t t = n; t-- > 0; from = t ? ((const corm_join *)from)->left : from) {
    const char *own = level_name(arena, name, mapper->tables[t].table);
    a.of[t] = !name || own ? corm_alias_in(arena, mapper->tables[t].from, own) : NULL;
    if (!a.of[t]) return NULL;
    if (t) on[t] = ((const corm_join *)from)->on;
  }
  const corm_node *join = a.of[0];
  for (uint32_t t = 1; t < n && join; t++) {
    on[t] = corm_adapt_columns_in(arena, on[t], say_of_alias, &a);
    join = on[t] ? corm_join_in(arena, join, a.of[t], on[t], false, false) : NULL;
  }
  for (uint32_t t = 0; join && t < n; t++) ((corm_alias *)(uintptr_t)a.of[t])->whole = join; /* made above */
  return join;
}

const corm_node *corm_mapper_follow_in(corm_arena *arena, const corm_mapper *mapper) {
  const corm_node *from = corm_mapper_alias_in(arena, mapper, NULL);
  if (from) ((corm_node *)(uintptr_t)corm_from_leftmost(from))->flags |= CORM_ALIAS_FOLLOWED; /* made above */
  return from;
}

/* A bundle of n columns, which the caller fills. */
static corm_bundle *new_bundle(corm_arena *arena, const corm_mapper *mapper, const corm_node *from, uint32_t n,
                               const corm_node ***columns) {
  corm_bundle *bundle = corm_arena_zalloc(arena, 1, sizeof *bundle);
  *columns = corm_arena_zalloc(arena, n, sizeof **columns);
  if (!bundle || !*columns) return NULL;
  bundle->base.kind = CORM_NODE_BUNDLE;
  bundle->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  bundle->name = mapper->name;
  bundle->owner = mapper;
  bundle->from = from;
  bundle->columns = *columns;
  bundle->n = n;
  bundle->distinct = mapper->ntables == 1 && !mapper->nexpressions; /* they are one table's */
  return bundle;
}

/* Attributes that are no columns know whose they are, so that ORDER BY finds them among what is selected. */
static void claim_expressions(const corm_bundle *bundle) {
  if (!corm_bundle_mapper(bundle)->nexpressions) return;
  for (uint32_t i = 0; i < bundle->n; i++)
    if (bundle->columns[i]->kind == CORM_NODE_LABEL)
      ((corm_label *)(uintptr_t)bundle->columns[i])->entity = bundle; /* made above */
}

const corm_node *const *corm_mapper_slots_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from) {
  const corm_node **columns = corm_arena_zalloc(arena, mapper->nattributes, sizeof *columns);
  for (uint32_t i = 0; columns && i < mapper->nattributes; i++) {
    if (!mapper->attributes[i].column) continue;
    columns[i] = corm_mapper_column_in(arena, mapper, i, from);
    if (!columns[i]) return NULL;
  }
  return columns;
}

uint8_t corm_mapper_missing_flags(const corm_attribute *attribute) {
  const uint8_t later = CORM_VALUE_EXPIRED | CORM_VALUE_LATER | CORM_VALUE_ALONE;
  if (attribute->kind == CORM_ATTRIBUTE_VOID) return CORM_VALUE_LATER;
  if (attribute->kind == CORM_ATTRIBUTE_GIVEN && !attribute->expression) return CORM_SLOT_EMPTY;
  if (attribute->kind == CORM_ATTRIBUTE_EXPRESSION && !attribute->expression) return later;
  if (!attribute->deferred) return 0;
  return attribute->raise ? later | CORM_VALUE_RAISES : later;
}

void corm_mapper_missing(const corm_mapper *mapper, uint8_t *missing) {
  for (uint32_t i = 0; i < mapper->nattributes; i++) missing[i] = corm_mapper_missing_flags(&mapper->attributes[i]);
}

const corm_node *corm_mapper_bundle_without_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from,
                                               const uint8_t *missing) {
  const corm_node **columns;
  corm_view *view = corm_arena_zalloc(arena, 1, sizeof *view);
  int16_t *place = corm_arena_alloc(arena, (mapper->nattributes + 1) * sizeof *place);
  corm_bundle *bundle = new_bundle(arena, mapper, from, mapper->nattributes, &columns);
  if (!view || !place || !bundle) return NULL;
  bundle->n = 0;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    place[i] = -1;
    if (missing[i]) continue;
    place[i] = (int16_t)bundle->n;
    columns[bundle->n] = corm_mapper_column_in(arena, mapper, i, from);
    if (!columns[bundle->n++]) return NULL;
  }
  *view = (corm_view){.place = place, .missing = missing};
  bundle->view = view;
  claim_expressions(bundle);
  return &bundle->base;
}

const corm_node *corm_mapper_bundle_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from) {
  uint8_t *missing = mapper->nlater ? corm_arena_zalloc(arena, mapper->nattributes, 1) : NULL;
  if (missing) {
    corm_mapper_missing(mapper, missing);
    return corm_mapper_bundle_without_in(arena, mapper, from, missing);
  }
  if (mapper->nlater) return NULL;
  const corm_node **columns;
  const corm_bundle *bundle = new_bundle(arena, mapper, from, mapper->nattributes, &columns);
  if (!bundle) return NULL;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    columns[i] = corm_mapper_column_in(arena, mapper, i, from);
    if (!columns[i]) return NULL;
  }
  claim_expressions(bundle);
  return &bundle->base;
}

static const corm_node *part_column(corm_arena *arena, const corm_mapper *mapper, uint32_t slot, const corm_node *from,
                                    int32_t level) {
  if (level < 0) return corm_mapper_column_in(arena, mapper, slot, from);
  return corm_column_node_in(arena, corm_mapper_level_column(mapper, (uint32_t)level, slot), from);
}

const corm_bundle *corm_mapper_part_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from,
                                       int32_t level, const uint64_t *set) {
  const corm_node **columns;
  corm_view *view = corm_arena_zalloc(arena, 1, sizeof *view);
  int16_t *place = corm_arena_alloc(arena, mapper->nattributes * sizeof *place);
  corm_bundle *bundle = new_bundle(arena, mapper, from, mapper->nattributes, &columns);
  if (!view || !place || !bundle) return NULL;
  bundle->n = 0;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    place[i] = -1;
    if (!mapper->attributes[i].primary_key && !(set[i / 64] >> (i % 64) & 1)) continue;
    place[i] = (int16_t)bundle->n;
    columns[bundle->n] = part_column(arena, mapper, i, from, level);
    if (!columns[bundle->n++]) return NULL;
  }
  view->place = place;
  bundle->view = view;
  claim_expressions(bundle);
  return bundle;
}
