#include "sql/restrict.h"

#include "sql/adapt.h"
#include "sql/walk.h"

typedef struct alias_of {
  const corm_table *table;
  const corm_node *alias;
} alias_of;

static const corm_node *say_of_alias(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const alias_of *a = ctx;
  if (!column->from || column->from->kind != CORM_NODE_TABLE) return &column->base;
  if (((const corm_table_node *)column->from)->table != a->table) return &column->base;
  return corm_column_node_in(arena, column->column, a->alias);
}

static const corm_node *both(corm_arena *arena, const corm_node *a, const corm_node *b) {
  const corm_node *items[2] = {a, b};
  return a && b ? corm_and_or_in(arena, CORM_OP_AND, items, 2) : b ? b : a;
}

/* *condition AND node. */
static corm_status add_condition(corm_arena *arena, const corm_node **condition, const corm_node *node,
                                 corm_error *err) {
  if (!node) return CORM_OK;
  *condition = both(arena, *condition, node);
  return *condition ? CORM_OK : corm_error_memory(err);
}

corm_status corm_restrict_from_in(corm_arena *arena, const corm_criteria *criteria, const corm_node *from,
                                  const corm_node **condition, corm_error *err) {
  const corm_table_node *table = corm_from_table(from);
  from = corm_from_leftmost(from);
  if (!table) return CORM_OK;
  const corm_node *only = table->only, *more = NULL;
  if (only && from->kind == CORM_NODE_ALIAS) {
    alias_of a = {table->table, from};
    only = corm_adapt_columns_in(arena, only, say_of_alias, &a);
    if (!only) return corm_error_memory(err);
  }
  corm_status status = add_condition(arena, condition, only, err);
  if (status == CORM_OK && criteria && table->owner) status = criteria->find(criteria->ctx, arena, from, &more, err);
  return status == CORM_OK ? add_condition(arena, condition, more, err) : status;
}

/* What was looked at already: FROMs whose condition is in, and those that ON clauses care for. */
typedef struct restriction {
  corm_arena *arena;
  const corm_criteria *criteria;
  corm_error *err;
  bool failed;
  const corm_node *where;
  const corm_node **seen;
  size_t n, cap;
} restriction;

static bool is_new(restriction *r, const corm_node *from) {
  for (size_t i = 0; i < r->n; i++)
    if (r->seen[i] == from) return false;
  if (r->n == r->cap) {
    const corm_node **grown = corm_arena_grow(r->arena, r->seen, &r->cap, sizeof *grown);
    if (!grown) {
      r->failed = true;
      (void)corm_error_memory(r->err);
      return false;
    }
    r->seen = grown;
  }
  r->seen[r->n++] = from;
  return true;
}

static void add(restriction *r, const corm_node *from) {
  from = corm_from_leftmost(from);
  if (from->kind == CORM_NODE_TABLE && ((const corm_table_node *)from)->whole)
    from = corm_from_leftmost(((const corm_table_node *)from)->whole);
  if (r->failed || !corm_from_may_be_restricted(r->criteria, from) || !is_new(r, from)) return;
  r->failed = corm_restrict_from_in(r->arena, r->criteria, from, &r->where, r->err) != CORM_OK;
}

static void add_of(restriction *r, const corm_node *node) {
  corm_walk walk;
  corm_walk_init(&walk, r->arena, node);
  while ((node = corm_walk_next(&walk, true))) {
    if (node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->from)
      add(r, ((const corm_column_node *)node)->from);
  }
}

/* The right sides of the joins are restricted by their ON clauses. */
static void pass_over_joined(restriction *r, const corm_from_list *froms) {
  corm_from_list members;
  for (uint32_t i = 0; i < froms->n; i++) {
    const corm_node *from = froms->items[i];
    if (from->kind != CORM_NODE_JOIN) continue;
    corm_from_list_init(&members, r->arena);
    if (!corm_from_list_add_members(&members, from)) return; /* the arena is full, which the caller sees */
    for (uint32_t k = 0; k < members.n; k++)
      if (members.items[k]->kind == CORM_NODE_JOIN)
        (void)is_new(r, corm_from_leftmost(((const corm_join *)members.items[k])->right));
  }
}

corm_status corm_restrict_select_in(corm_arena *arena, const corm_criteria *criteria, const corm_select *select,
                                    const corm_select_columns *columns, const corm_from_list *froms,
                                    const corm_node **where, corm_error *err) {
  restriction r = {.arena = arena, .criteria = criteria, .err = err, .where = select->where};
  pass_over_joined(&r, froms);
  for (uint32_t i = 0; i < select->nfroms; i++) add(&r, select->froms[i]);
  for (uint32_t i = 0; i < columns->nbundles; i++)
    if (columns->bundles[i]->from) add(&r, columns->bundles[i]->from);
  for (uint32_t i = 0; i < columns->n; i++)
    if (columns->items[i].bundle < 0 || !columns->bundles[columns->items[i].bundle]->from)
      add_of(&r, columns->items[i].node);
  if (r.failed) return CORM_FAILED;
  *where = r.where;
  return arena->failed ? corm_error_memory(err) : CORM_OK;
}
