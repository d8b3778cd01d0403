#include <string.h>

#include "base/vec.h"
#include "sql/expr.h"
#include "sql/froms.h"

/* ON clauses from foreign keys, and what select.join() joins to: SQLAlchemy's Join._join_condition and
   _join_determine_implicit_left_side. */

/* The node by which a FROM gives a table's column, or NULL. */
static corm_status column_of(corm_arena *arena, const corm_node *from, const corm_column *column, const corm_node **out,
                             corm_error *err) {
  *out = NULL;
  const corm_node *element = corm_from_element(from);
  if (element->kind == CORM_NODE_TABLE) {
    if (((const corm_table_node *)element)->table != column->table) return CORM_OK;
    *out = corm_column_node_in(arena, column, from);
    return *out ? CORM_OK : corm_error_memory(err);
  }
  corm_select_columns columns;
  if (corm_selectable_columns_in(arena, element, &columns, err) != CORM_OK) {
    return CORM_FAILED;
  }
  for (uint32_t i = 0; i < columns.n; i++) {
    const corm_node *node = columns.items[i].node;
    if (node->kind != CORM_NODE_COLUMN || ((const corm_column_node *)node)->column != column) continue;
    *out = corm_from_column_in(arena, from, columns.items[i].key);
    return *out ? CORM_OK : corm_error_memory(err);
  }
  return CORM_OK;
}

/* The tables whose columns a FROM (no join) gives. */
static corm_status tables_of(corm_arena *arena, const corm_node *from, corm_from_list *out, corm_error *err) {
  const corm_node *element = corm_from_element(from);
  if (element->kind == CORM_NODE_TABLE) return corm_from_list_add(out, element) ? CORM_OK : corm_error_memory(err);
  corm_select_columns columns;
  if (corm_selectable_columns_in(arena, element, &columns, err) != CORM_OK) {
    return CORM_FAILED;
  }
  for (uint32_t i = 0; i < columns.n; i++) {
    if (columns.items[i].node->kind != CORM_NODE_COLUMN) continue;
    const corm_column *column = ((const corm_column_node *)columns.items[i].node)->column;
    if (!column || !column->table) continue;
    const corm_node *table = corm_table_node_in(arena, column->table);
    if (!table || !corm_from_list_add(out, table)) return corm_error_memory(err);
  }
  return CORM_OK;
}

typedef struct search {
  corm_arena *arena;
  corm_error *err;
  const corm_node *condition; /* of the first constraint found */
  const corm_constraint *found;
  size_t count; /* of constraints that say different things */
  bool early;   /* keys to tables that are not there yet are left out */
} search;

static bool same_pairs(const corm_constraint *a, const corm_constraint *b) {
  if (a->ncolumns != b->ncolumns || a->table != b->table) return false;
  for (uint32_t i = 0; i < a->ncolumns; i++) {
    if (a->columns[i] != b->columns[i] || a->target_columns[i] != b->target_columns[i]) return false;
  }
  return true;
}

/* target = column for each pair, joined by AND; leaves the search as it is when a FROM lacks one of the columns. */
static corm_status take_constraint(search *s, const corm_constraint *fk, const corm_node *referring,
                                   const corm_node *referred) {
  if (s->found && same_pairs(s->found, fk)) return CORM_OK;
  const corm_node **pairs = corm_arena_alloc(s->arena, fk->ncolumns * sizeof *pairs);
  if (!pairs) return corm_error_memory(s->err);
  for (uint32_t i = 0; i < fk->ncolumns; i++) {
    const corm_node *target, *column;
    if (column_of(s->arena, referred, fk->target_columns[i], &target, s->err) != CORM_OK ||
        column_of(s->arena, referring, fk->columns[i], &column, s->err) != CORM_OK) {
      return CORM_FAILED;
    }
    if (!target || !column) return CORM_OK;
    pairs[i] = corm_binary_in(s->arena, CORM_OP_EQ, target, column);
  }
  s->count++;
  if (s->found) return CORM_OK;
  s->found = fk;
  s->condition = corm_and_or_in(s->arena, CORM_OP_AND, pairs, fk->ncolumns);
  return s->condition ? CORM_OK : corm_error_memory(s->err);
}

/* The foreign keys from one table, which `referring` gives, to one that `referred` gives. */
static corm_status search_tables(search *s, const corm_node *from_node, const corm_node *to_node,
                                 const corm_node *referring, const corm_node *referred) {
  /* Foreign keys are resolved at first use, which is no change that anybody sees. */
  corm_table *from = (corm_table *)(uintptr_t)((const corm_table_node *)from_node)->table;
  const corm_table *to = ((const corm_table_node *)to_node)->table;
  if (s->early) {
    corm_constraint *found;
    for (size_t at = 0;;) {
      if (corm_table_next_key_to(from, to, &at, &found, s->err) != CORM_OK) return CORM_FAILED;
      if (!found) return CORM_OK;
      if (take_constraint(s, found, referring, referred) != CORM_OK) return CORM_FAILED;
    }
  }
  corm_vec keys;
  corm_vec_init(&keys, from->arena.mem);
  corm_status status = corm_table_foreign_keys_to(from, to, &keys, s->err);
  for (size_t k = 0; k < keys.len && status == CORM_OK; k++)
    status = take_constraint(s, keys.items[k], referring, referred);
  corm_vec_clear(&keys);
  return status;
}

/* The foreign keys of `referring` that point at `referred`. */
static corm_status search_direction(search *s, const corm_node *referring, const corm_node *referred) {
  const corm_node *from = corm_from_element(referring), *to = corm_from_element(referred);
  if (from->kind == CORM_NODE_TABLE && to->kind == CORM_NODE_TABLE)
    return search_tables(s, from, to, referring, referred);
  corm_from_list from_tables, to_tables;
  corm_from_list_init(&from_tables, s->arena);
  corm_from_list_init(&to_tables, s->arena);
  corm_status status = tables_of(s->arena, referring, &from_tables, s->err);
  if (status == CORM_OK) status = tables_of(s->arena, referred, &to_tables, s->err);
  for (uint32_t i = 0; i < from_tables.n && status == CORM_OK; i++) {
    for (uint32_t j = 0; j < to_tables.n && status == CORM_OK; j++)
      status = search_tables(s, from_tables.items[i], to_tables.items[j], referring, referred);
  }
  return status;
}

static corm_status search_pair(search *s, const corm_node *left, const corm_node *right) {
  corm_status status = search_direction(s, right, left);
  if (status != CORM_OK || corm_from_same(left, right)) return status;
  return search_direction(s, left, right);
}

/* All pairs of what the two sides join. */
static corm_status search_sides(search *s, const corm_node *left, const corm_node *right) {
  if (left->kind != CORM_NODE_JOIN && right->kind != CORM_NODE_JOIN) return search_pair(s, left, right);
  corm_from_list lefts, rights;
  corm_from_list_init(&lefts, s->arena);
  corm_from_list_init(&rights, s->arena);
  if (!corm_from_list_add_members(&lefts, left) || !corm_from_list_add_members(&rights, right)) {
    return corm_error_memory(s->err);
  }
  corm_status status = CORM_OK;
  for (uint32_t i = 0; i < lefts.n && status == CORM_OK; i++) {
    if (lefts.items[i]->kind == CORM_NODE_JOIN) continue;
    for (uint32_t j = 0; j < rights.n && status == CORM_OK; j++) {
      if (rights.items[j]->kind != CORM_NODE_JOIN) status = search_pair(s, lefts.items[i], rights.items[j]);
    }
  }
  return status;
}

static corm_status search_join(search *s, const corm_node *left, const corm_node *right) {
  /* What was joined last comes first: a.join(b).join(c) means b's key to c when there is one. */
  if (left->kind == CORM_NODE_JOIN) {
    if (search_sides(s, ((const corm_join *)left)->right, right) != CORM_OK) return CORM_FAILED;
    if (s->count > 0) return CORM_OK;
  }
  return search_sides(s, left, right);
}

corm_status corm_join_condition_in(corm_arena *arena, const corm_node *left, const corm_node *right,
                                   const corm_node **out, corm_error *err) {
  search s = {.arena = arena, .err = err, .early = true};
  if (search_join(&s, left, right) != CORM_OK) return CORM_FAILED;
  s.early = false; /* the key that is missed may be one to a table that is misspelled */
  if (s.count == 0 && search_join(&s, left, right) != CORM_OK) return CORM_FAILED;
  if (s.count == 0) {
    (void)corm_error_set(err, CORM_E_NO_FOREIGN_KEYS, "Can't find any foreign key relationships between '%s' and '%s'.",
                         corm_from_name(left), corm_from_name(right));
    corm_error_hint(err, "the ON clause of the join says how they belong together");
    return CORM_FAILED;
  }
  if (s.count > 1) {
    return corm_error_set(err, CORM_E_AMBIGUOUS_FOREIGN_KEYS,
                          "Can't determine join between '%s' and '%s'; tables have more than one foreign key "
                          "constraint relationship between them. Please specify the 'onclause' of this join "
                          "explicitly.",
                          corm_from_name(left), corm_from_name(right));
  }
  *out = s.condition;
  return CORM_OK;
}

/* -- select.join() ------------------------------------------------------------------------------------------------- */

typedef struct joining {
  corm_arena *arena;
  const corm_node *right;
  const corm_node *on;
  corm_from_list froms; /* the candidates for the left side */
  corm_error *err;
} joining;

/* True when the ON clause speaks of nothing but what the candidate and the right side join. */
static corm_status speaks_of(joining *j, const corm_from_list *wanted, const corm_node *candidate, bool *out) {
  corm_from_list members;
  corm_from_list_init(&members, j->arena);
  if (!corm_from_list_add_members(&members, candidate) || !corm_from_list_add_members(&members, j->right)) {
    return corm_error_memory(j->err);
  }
  *out = true;
  for (uint32_t i = 0; i < wanted->n; i++) *out = *out && corm_from_list_has(&members, wanted->items[i]);
  return CORM_OK;
}

/* The candidates that can be the left side: those that the ON clause can be about, or that have a foreign key. */
static corm_status matching(joining *j, uint32_t *index, uint32_t *count) {
  corm_from_list wanted;
  corm_from_list_init(&wanted, j->arena);
  if (j->on && !corm_from_list_add_of(&wanted, j->on)) return corm_error_memory(j->err);
  *count = 0;
  for (uint32_t i = 0; i < j->froms.n; i++) {
    bool matches = false;
    if (corm_from_same(j->froms.items[i], j->right)) continue; /* a column of it stands in the select */
    if (j->on) {
      if (speaks_of(j, &wanted, j->froms.items[i], &matches) != CORM_OK) return CORM_FAILED;
    } else {
      search s = {.arena = j->arena, .err = j->err};
      if (search_join(&s, j->froms.items[i], j->right) != CORM_OK) return CORM_FAILED;
      matches = s.count > 0;
    }
    if (!matches) continue;
    if (*count == 0) *index = i;
    (*count)++;
  }
  return CORM_OK;
}

static corm_status choose_left(joining *j, uint32_t *index) {
  if (j->froms.n == 0) {
    return corm_error_set(j->err, CORM_E_INVALID_REQUEST,
                          "Can't determine which FROM clause to join from: the select has none; use select_from() or "
                          "join_from() to give the left side");
  }
  *index = 0;
  if (j->froms.n == 1) return CORM_OK;
  uint32_t count = 0;
  if (matching(j, index, &count) != CORM_OK) return CORM_FAILED;
  if (count == 1) return CORM_OK;
  return corm_error_set(j->err, CORM_E_INVALID_REQUEST,
                        "%s '%s'. Please use select_from() to establish an explicit left side, as well as providing an "
                        "explicit ON clause if not present already to help resolve the ambiguity.",
                        count > 1 ? "Can't determine which FROM clause to join from, there are multiple FROMS which "
                                    "can join to"
                                  : "Don't know how to join to",
                        corm_from_name(j->right));
}

/* join_from(left, right): continues the FROM that holds the left side, or begins a new one. */
static corm_status place_left(joining *j, const corm_node *left, uint32_t *index) {
  for (uint32_t i = 0; i < j->froms.n; i++) {
    if (!corm_from_contains(j->arena, j->froms.items[i], left)) continue;
    *index = i;
    return CORM_OK;
  }
  *index = j->froms.n;
  return corm_from_list_add(&j->froms, left) ? CORM_OK : corm_error_memory(j->err);
}

static corm_status candidates(joining *j, const corm_select *select, bool inferred) {
  bool ok = true;
  for (uint32_t i = 0; i < select->nfroms && ok; i++) ok = corm_from_list_add(&j->froms, select->froms[i]);
  /* Only without an explicit FROM do the columns say what to join from. */
  for (uint32_t i = 0; i < select->ncolumns && select->nfroms == 0 && inferred && ok; i++) {
    ok = corm_from_list_add_of(&j->froms, select->columns[i]);
  }
  return ok ? CORM_OK : corm_error_memory(j->err);
}

static corm_status stands_already(const joining *j, const corm_node *from) {
  corm_error_set(j->err, CORM_E_INVALID_REQUEST, "'%s' stands in this join already, and its columns would mean both",
                 corm_from_name(from));
  corm_error_hint(j->err, "join to an alias: corm.aliased(Class), or table:alias()");
  return CORM_FAILED;
}

/* A FROM can stand once in a join: its name would mean both. */
static corm_status check_once(const joining *j, const corm_node *base) {
  if (j->right->kind != CORM_NODE_JOIN)
    return corm_from_contains(j->arena, base, j->right) ? stands_already(j, j->right) : CORM_OK;
  corm_from_list rights;
  corm_from_list_init(&rights, j->arena);
  if (!corm_from_list_add_members(&rights, j->right)) return corm_error_memory(j->err);
  for (uint32_t i = 0; i < rights.n; i++) {
    const corm_node *from = rights.items[i];
    if (from->kind != CORM_NODE_JOIN && corm_from_contains(j->arena, base, from)) return stands_already(j, from);
  }
  return CORM_OK;
}

corm_status corm_select_join_in(corm_arena *arena, const corm_select *select, const corm_node *left,
                                const corm_node *right, const corm_node *on, bool outer, bool full,
                                const corm_node *const **froms, uint32_t *nfroms, corm_error *err) {
  joining j = {.arena = arena, .right = right, .on = on, .err = err};
  corm_from_list_init(&j.froms, arena);
  uint32_t index = 0;
  if (candidates(&j, select, !left) != CORM_OK) return CORM_FAILED;
  if ((left ? place_left(&j, left, &index) : choose_left(&j, &index)) != CORM_OK) return CORM_FAILED;
  const corm_node *base = j.froms.items[index];
  if (check_once(&j, base) != CORM_OK) return CORM_FAILED;
  if (!on && corm_join_condition_in(arena, base, right, &on, err) != CORM_OK) return CORM_FAILED;
  const corm_node *join = corm_join_in(arena, base, right, on, outer, full);
  /* The list may live in this frame. */
  const corm_node **items = corm_arena_alloc(arena, j.froms.n * sizeof *items);
  if (!join || !items) return corm_error_memory(err);
  /* SQLAlchemy keeps only the chosen one of the inferred FROMs: the others follow from the columns again. */
  bool explicit_froms = select->nfroms > 0 || left;
  uint32_t n = 0;
  for (uint32_t i = 0; i < j.froms.n; i++) {
    if (i == index)
      items[n++] = join;
    else if (explicit_froms)
      items[n++] = j.froms.items[i];
  }
  *froms = items;
  *nfroms = n;
  return CORM_OK;
}
