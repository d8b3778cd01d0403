#include "orm/polymorphic.h"

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
  if (node) ((corm_table_node *)(uintptr_t)node)->only = ((const corm_table_node *)table->from)->only;
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

const corm_node *corm_polymorphic_from_in(corm_arena *arena, const corm_mapper *base, const corm_mapper *const *classes,
                                          uint32_t n, bool aliased) {
  family f = {.arena = arena, .aliased = aliased};
  f.tables = corm_arena_zalloc(arena, base->ntables + n, sizeof *f.tables);
  f.froms = corm_arena_zalloc(arena, base->ntables + n, sizeof *f.froms);
  bool ok = f.tables && f.froms;
  for (uint32_t t = 0; ok && t < base->ntables; t++)
    ok = join_table(&f, &base->tables[t], condition_of(base, t), false);
  for (uint32_t i = 0; ok && i < n; i++) {
    const uint32_t last = classes[i]->ntables - 1;
    if (classes[i]->ntables == classes[i]->parent->ntables) continue;
    ok = join_table(&f, &classes[i]->tables[last], condition_of(classes[i], last), true);
  }
  for (uint32_t i = 0; ok && f.n > 1 && i < f.n; i++) { /* made above */
    if (aliased)
      ((corm_alias *)(uintptr_t)f.froms[i])->whole = f.join;
    else
      ((corm_table_node *)(uintptr_t)f.froms[i])->whole = f.join;
  }
  return ok ? f.join : NULL;
}

const corm_node *corm_polymorphic_bundle_in(corm_arena *arena, const corm_mapper *base,
                                            const corm_mapper *const *classes, uint32_t n, const corm_node *from) {
  uint32_t total = base->nattributes, at = 0;
  for (uint32_t i = 0; i < n; i++) total += classes[i]->nattributes - classes[i]->parent->nattributes;
  corm_bundle *bundle = corm_arena_copy(arena, base->bundle, sizeof *bundle);
  corm_view *view = corm_arena_zalloc(arena, 1, sizeof *view);
  corm_view_part *parts = corm_arena_zalloc(arena, n + 1, sizeof *parts);
  const corm_node **columns = corm_arena_zalloc(arena, total, sizeof *columns);
  if (!bundle || !view || !parts || !columns) return NULL;
  for (uint32_t i = 0; i < base->nattributes; i++)
    if (!(columns[at++] = corm_mapper_column_in(arena, base, i, from))) return NULL;
  for (uint32_t k = 0; k < n; k++) {
    parts[k] = (corm_view_part){classes[k], at};
    for (uint32_t i = classes[k]->parent->nattributes; i < classes[k]->nattributes; i++)
      if (!(columns[at++] = corm_mapper_column_in(arena, classes[k], i, from))) return NULL;
  }
  view->parts = parts;
  view->nparts = n;
  bundle->view = view;
  bundle->from = from;
  bundle->columns = columns;
  bundle->n = total;
  bundle->distinct = from->kind != CORM_NODE_JOIN;
  return &bundle->base;
}
