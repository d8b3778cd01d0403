#include "sql/named.h"

#include "sql/dml.h"
#include "sql/parts.h"

typedef struct search {
  corm_arena *arena;
  corm_named_binds *out;
  size_t cap, texts_cap;
  const corm_node **waiting;
  size_t nwaiting, waiting_cap;
  const corm_node **met; /* open addressing */
  size_t nmet, met_cap;
} search;

static const corm_node **place_of(const corm_node **met, size_t cap, const corm_node *node) {
  size_t i = (size_t)(((uint64_t)(uintptr_t)node * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (cap - 1);
  while (met[i] && met[i] != node) i = (i + 1) & (cap - 1);
  return &met[i];
}

static bool make_room(search *s) {
  if (s->nmet * 2 < s->met_cap) return true;
  const size_t cap = s->met_cap ? s->met_cap * 2 : 64;
  const corm_node **met = corm_arena_zalloc(s->arena, cap, sizeof *met);
  if (!met) return false;
  for (size_t i = 0; i < s->met_cap; i++)
    if (s->met[i]) *place_of(met, cap, s->met[i]) = s->met[i];
  s->met = met;
  s->met_cap = cap;
  return true;
}

static bool add(search *s, const corm_node *node, const corm_type *type) {
  const corm_bind *bind = (const corm_bind *)node;
  if (bind->unique) return true;
  if (s->out->n == s->cap) {
    corm_named_bind *grown = corm_arena_grow(s->arena, s->out->items, &s->cap, sizeof *grown);
    if (!grown) return false;
    s->out->items = grown;
  }
  const bool bare = bind->base.type->kind == CORM_TYPE_NULLTYPE && !bind->base.type->custom;
  s->out->items[s->out->n++] = (corm_named_bind){.bind = bind, .type = bare && type ? type : bind->base.type};
  return true;
}

static bool add_text(search *s, const corm_node *node) {
  if (s->out->ntexts == s->texts_cap) {
    const corm_text **grown = corm_arena_grow(s->arena, s->out->texts, &s->texts_cap, sizeof *grown);
    if (!grown) return false;
    s->out->texts = grown;
  }
  s->out->texts[s->out->ntexts++] = (const corm_text *)node;
  return true;
}

/* The node comes later, unless it came already. */
static bool wait(search *s, const corm_node *node) {
  if (!node) return true;
  if (!make_room(s)) return false;
  const corm_node **place = place_of(s->met, s->met_cap, node);
  if (*place) return true;
  *place = node;
  s->nmet++;
  if (node->kind == CORM_NODE_BIND) return add(s, node, NULL);
  if (node->kind == CORM_NODE_TEXT && !add_text(s, node)) return false;
  if (s->nwaiting == s->waiting_cap) {
    const corm_node **grown = corm_arena_grow(s->arena, s->waiting, &s->waiting_cap, sizeof *grown);
    if (!grown) return false;
    s->waiting = grown;
  }
  s->waiting[s->nwaiting++] = node;
  return true;
}

static bool add_values(search *s, const corm_column *const *columns, uint32_t n, const corm_node *const *values,
                       uint32_t nrows) {
  bool ok = true;
  for (size_t i = 0; ok && i < (size_t)nrows * n; i++)
    if (values[i]->kind == CORM_NODE_BIND) ok = add(s, values[i], columns[i % n]->type);
  return ok;
}

static bool add_assigned(search *s, const corm_node *node) {
  if (node->kind == CORM_NODE_UPDATE) {
    const corm_update *update = (const corm_update *)node;
    return add_values(s, update->columns, update->n, update->values, 1);
  }
  if (node->kind != CORM_NODE_INSERT) return true;
  const corm_insert *insert = (const corm_insert *)node;
  bool ok = !insert->values || add_values(s, insert->columns, insert->ncolumns, insert->values, insert->nrows);
  for (const corm_upsert *upsert = insert->upsert; ok && upsert; upsert = upsert->next)
    ok = add_values(s, upsert->columns, upsert->n, upsert->values, 1);
  return ok;
}

bool corm_named_binds_in(corm_arena *arena, const corm_node *statement, corm_named_binds *out) {
  search s = {.arena = arena, .out = out};
  corm_parts parts = {.arena = arena};
  *out = (corm_named_binds){0};
  bool ok = wait(&s, statement);
  while (ok && s.nwaiting) {
    const corm_node *node = s.waiting[--s.nwaiting];
    ok = add_assigned(&s, node) && corm_parts_of(&parts, node);
    for (size_t i = 0; ok && i < parts.n; i++)
      if (parts.items[i].kind == CORM_PART_NODE) ok = wait(&s, parts.items[i].as.node);
  }
  return ok;
}
