#include "orm/polymorphic.h"

#include <string.h>

#include "sql/adapt.h"

static bool is_among(const corm_mapper *mapper, const corm_mapper *const *given, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (corm_mapper_isa(given[i], mapper)) return true;
  return given == NULL;
}

const corm_mapper **corm_polymorphic_classes_in(corm_arena *arena, const corm_mapper *base,
                                                const corm_mapper *const *given, uint32_t ngiven, uint32_t *n) {
  const corm_map *all = &base->registry->classes;
  const corm_mapper **classes = corm_arena_zalloc(arena, all->count + 1, sizeof *classes);
  *n = 0;
  if (!classes) return NULL;
  uint32_t had = 1;
  for (uint32_t depth = base->depth + 1; had; depth++) {
    const corm_map_entry *entry;
    had = 0;
    for (size_t pos = 0; (entry = corm_map_next(all, &pos)) != NULL;) {
      const corm_mapper *mapper = entry->value;
      if (mapper->depth != depth || !corm_mapper_isa(mapper, base)) continue;
      had++;
      if (is_among(mapper, given, ngiven)) classes[(*n)++] = mapper;
    }
  }
  return classes;
}

static bool is_read_along(const corm_mapper *mapper, const corm_mapper *base) {
  return mapper != base && mapper->inline_of && corm_mapper_isa(mapper, base) &&
         corm_mapper_isa(base, mapper->inline_of);
}

const corm_mapper **corm_polymorphic_inline_in(corm_arena *arena, const corm_mapper *base, const corm_bundle *bundle,
                                               uint32_t *n) {
  const corm_map *all = &base->registry->classes;
  const corm_view *view = bundle ? bundle->view : NULL;
  const corm_mapper **given = corm_arena_zalloc(arena, all->count + (view ? view->nparts : 0) + 2, sizeof *given);
  uint32_t ngiven = 0;
  const corm_map_entry *entry;
  *n = 0;
  if (!given) return NULL;
  for (size_t pos = 0; base->widens && (entry = corm_map_next(all, &pos)) != NULL;)
    if (is_read_along(entry->value, base)) given[ngiven++] = entry->value;
  if (bundle && corm_bundle_mapper(bundle) != base) given[ngiven++] = corm_bundle_mapper(bundle);
  for (uint32_t i = 0; view && i < view->nparts; i++) given[ngiven++] = view->parts[i].mapper;
  return ngiven ? corm_polymorphic_classes_in(arena, base, given, ngiven, n) : given;
}

/* What stands for the tables, as far as they are joined already. */
typedef struct family {
  corm_arena *arena;
  const corm_table **tables;
  const corm_node **froms;
  uint32_t n;
  bool aliased;
  const corm_node *join;
} family;

static const corm_node *say_of_family(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const family *f = ctx;
  if (!column->from || column->from->kind != CORM_NODE_TABLE) return &column->base;
  for (uint32_t i = 0; i < f->n; i++)
    if (f->tables[i] == ((const corm_table_node *)column->from)->table)
      return corm_column_node_in(arena, column->column, f->froms[i]);
  return &column->base;
}

/* A FROM of its own for a table of a class: nodes of the class's are part of another JOIN. */
static const corm_node *new_from(family *f, const corm_mapper_table *table) {
  if (f->aliased) return corm_alias_in(f->arena, table->from, NULL);
  const corm_node *node = corm_table_node_in(f->arena, table->table);
  if (!node || table->from->kind != CORM_NODE_TABLE) return node;
  corm_table_node *made = (corm_table_node *)(uintptr_t)node; /* above */
  made->only = ((const corm_table_node *)table->from)->only;
  made->owner = ((const corm_table_node *)table->from)->owner;
  return node;
}

static bool join_table(family *f, const corm_mapper_table *table, const corm_node *on, bool outer) {
  const corm_node *from = new_from(f, table);
  if (!from) return false;
  f->tables[f->n] = table->table;
  f->froms[f->n++] = from;
  if (!f->join) {
    f->join = from;
    return true;
  }
  on = corm_adapt_columns_in(f->arena, on, say_of_family, f);
  f->join = on ? corm_join_in(f->arena, f->join, from, on, outer, false) : NULL;
  return f->join != NULL;
}

/* What joins the table of a level to those before it. */
static const corm_node *condition_of(const corm_mapper *mapper, uint32_t level) {
  const corm_node *from = mapper->from;
  for (uint32_t i = mapper->ntables - 1; i > level; i--) from = ((const corm_join *)from)->left;
  return level ? ((const corm_join *)from)->on : NULL;
}

static bool join_classes(family *f, const corm_mapper *const *classes, uint32_t n) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) {
    const uint32_t last = classes[i]->ntables - 1;
    if (classes[i]->ntables == classes[i]->parent->ntables) continue;
    ok = join_table(f, &classes[i]->tables[last], condition_of(classes[i], last), true);
  }
  return ok;
}

static bool start_family(family *f, corm_arena *arena, const corm_mapper *base, uint32_t n) {
  f->arena = arena;
  f->tables = corm_arena_zalloc(arena, base->ntables + n, sizeof *f->tables);
  f->froms = corm_arena_zalloc(arena, base->ntables + n, sizeof *f->froms);
  return f->tables && f->froms;
}

const corm_node *corm_polymorphic_from_in(corm_arena *arena, const corm_mapper *base, const corm_mapper *const *classes,
                                          uint32_t n, bool aliased) {
  family f = {.aliased = aliased};
  bool ok = start_family(&f, arena, base, n);
  for (uint32_t t = 0; ok && t < base->ntables; t++)
    ok = join_table(&f, &base->tables[t], condition_of(base, t), false);
  ok = ok && join_classes(&f, classes, n);
  for (uint32_t i = 0; ok && f.n > 1 && i < f.n; i++) { /* made above */
    if (aliased)
      ((corm_alias *)(uintptr_t)f.froms[i])->whole = f.join;
    else
      ((corm_table_node *)(uintptr_t)f.froms[i])->whole = f.join;
  }
  return ok ? f.join : NULL;
}

const corm_node *corm_polymorphic_joined_in(corm_arena *arena, const corm_mapper *base, const corm_node *from,
                                            const corm_mapper *const *classes, uint32_t n) {
  family f = {.join = from};
  if (!start_family(&f, arena, base, n)) return NULL;
  for (uint32_t t = 0; t < base->ntables; t++) {
    f.tables[t] = base->tables[t].table;
    f.froms[t] = corm_mapper_level_from(base, t, from);
  }
  f.n = base->ntables;
  f.aliased = f.froms[0]->kind == CORM_NODE_ALIAS;
  return join_classes(&f, classes, n) ? f.join : NULL;
}

/* -- columns -- */

typedef struct columns {
  corm_arena *arena;
  const corm_node **items;
  uint32_t n;
  bool repeats; /* two have one name */
} columns;

/* Which of the items has that name in the same FROM: classes side by side may share a column; -1: none. */
static int32_t find_item(const columns *c, const corm_node *item) {
  if (item->kind != CORM_NODE_COLUMN) return -1;
  const corm_column_node *wanted = (const corm_column_node *)item;
  for (uint32_t i = 0; wanted->from && wanted->name && i < c->n; i++) {
    const corm_column_node *each = (const corm_column_node *)c->items[i];
    if (each->base.kind != CORM_NODE_COLUMN || each->from != wanted->from || !each->name) continue;
    if (strcmp(each->name, wanted->name) == 0) return (int32_t)i;
  }
  return -1;
}

/* Appends the slots of a class from `first` on that are not missing; place[0] is that of `first`. */
static int16_t *add_slots(columns *c, const corm_mapper *mapper, uint32_t first, const corm_node *from,
                          const uint8_t *missing) {
  int16_t *place = corm_arena_alloc(c->arena, (mapper->nattributes - first + 1) * sizeof *place);
  for (uint32_t i = first; place && i < mapper->nattributes; i++) {
    place[i - first] = -1;
    if (missing[i]) continue;
    const corm_node *item = corm_mapper_column_in(c->arena, mapper, i, from);
    if (!item) return NULL;
    int32_t there = first && from->kind != CORM_NODE_JOIN ? find_item(c, item) : -1;
    if (there >= 0 && c->items[there]->type != item->type) { /* of a union: each class reads it by its own type */
      c->repeats = true;
      there = -1;
    }
    place[i - first] = (int16_t)(there < 0 ? (int32_t)c->n : there);
    if (there < 0) c->items[c->n++] = item;
  }
  return place;
}

static const uint8_t *own_missing(corm_arena *arena, const corm_mapper *mapper) {
  uint8_t *missing = corm_arena_zalloc(arena, mapper->nattributes + (size_t)1, 1);
  if (missing) corm_mapper_missing(mapper, missing);
  return missing;
}

const corm_node *corm_polymorphic_bundle_in(corm_arena *arena, const corm_mapper *base,
                                            const corm_mapper *const *classes, uint32_t n, const corm_node *from,
                                            const corm_node *joined, const uint8_t *const *missing) {
  uint32_t total = base->nattributes;
  for (uint32_t i = 0; i < n; i++) total += classes[i]->nattributes - classes[i]->parent->nattributes;
  total += base->united != NULL;
  corm_bundle *bundle = corm_arena_copy(arena, base->bundle, sizeof *bundle);
  corm_view *view = corm_arena_zalloc(arena, 1, sizeof *view);
  corm_view_part *parts = corm_arena_zalloc(arena, n + 1, sizeof *parts);
  columns c = {.arena = arena, .items = corm_arena_zalloc(arena, total, sizeof *c.items)};
  if (!bundle || !view || !parts || !c.items) return NULL;
  for (uint32_t k = 0; k <= n; k++) {
    const corm_mapper *mapper = k ? classes[k - 1] : base;
    const uint32_t first = k ? mapper->parent->nattributes : 0;
    const uint8_t *flags = missing ? missing[k] : own_missing(arena, mapper);
    const int16_t *place = flags ? add_slots(&c, mapper, first, k ? joined : from, flags) : NULL;
    if (!place) return NULL;
    if (k) {
      parts[k - 1] = (corm_view_part){mapper, place, flags + first};
    } else {
      view->place = place;
      view->missing = flags;
    }
  }
  view->type = -1;
  if (base->united) {
    view->type = (int16_t)c.n;
    if (!(c.items[c.n++] = corm_from_column_in(arena, from, base->united_type))) return NULL;
  }
  view->parts = parts;
  view->nparts = n;
  view->joined = joined;
  bundle->view = view;
  bundle->from = from;
  bundle->columns = c.items;
  bundle->n = c.n;
  bundle->distinct = joined->kind != CORM_NODE_JOIN && !c.repeats;
  return &bundle->base;
}

const corm_node *const *corm_polymorphic_slots_in(corm_arena *arena, const corm_bundle *bundle,
                                                  const corm_mapper *mapper) {
  const corm_view *view = bundle->view;
  const corm_mapper *base = corm_bundle_mapper(bundle);
  if (mapper == base || !view || !view->nparts) return corm_mapper_slots_in(arena, base, bundle->from);
  return corm_mapper_slots_in(arena, mapper, view->joined);
}

const corm_node *corm_polymorphic_element(const corm_node *from, const corm_table *table) {
  for (; from; from = from->kind == CORM_NODE_JOIN ? ((const corm_join *)from)->left : NULL) {
    const corm_node *one = from->kind == CORM_NODE_JOIN ? ((const corm_join *)from)->right : from;
    const corm_node *element = one->kind == CORM_NODE_ALIAS ? ((const corm_alias *)one)->element : one;
    if (element->kind == CORM_NODE_TABLE && ((const corm_table_node *)element)->table == table) return one;
  }
  return NULL;
}
