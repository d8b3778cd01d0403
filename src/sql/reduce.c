#include "sql/reduce.h"

#include <string.h>

#include "sql/identity.h"
#include "sql/walk.h"

typedef struct reduction {
  const corm_node *const *columns;
  size_t n;
  bool synonyms;
  bool *omit;
} reduction;

static const char *name_of(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) return ((const corm_label *)node)->name;
  return node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->name : NULL;
}

/* What the column of a subquery, or a label, stands for; NULL when it is no such thing. */
static const corm_node *behind(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) return ((const corm_label *)node)->element;
  return node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->element : NULL;
}

/* The table's column that the node has its values from, through any number of subqueries; else the innermost node. */
static const void *origin(const corm_node *node) {
  for (const corm_node *inner = behind(node); inner; inner = behind(node)) node = inner;
  const corm_column *column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
  return column ? (const void *)column : node;
}

static bool is_synonym(const reduction *r, const corm_node *a, const corm_node *b) {
  const char *x = name_of(a), *y = name_of(b);
  return !r->synonyms || (x && y && strcmp(x, y) == 0);
}

static bool same(const corm_node *a, const corm_node *b) {
  return corm_identity_same(corm_node_identity(a), corm_node_identity(b));
}

/* True when the node is the column, or what it stands for. */
static bool stands_for(const corm_node *column, const corm_node *node) {
  for (; column; column = behind(column)) {
    if (same(column, node)) return true;
    const corm_column_node *aliased = column->kind == CORM_NODE_COLUMN ? (const corm_column_node *)column : NULL;
    if (!aliased || aliased->element || !aliased->column || node->kind != CORM_NODE_COLUMN) continue;
    const corm_column_node *plain = (const corm_column_node *)node;
    if (plain->column == aliased->column && plain->from && plain->from->kind == CORM_NODE_TABLE) return true;
  }
  return false;
}

static bool is_kept(const reduction *r, const corm_node *node) {
  for (size_t i = 0; i < r->n; i++) {
    if (!r->omit[i] && stands_for(r->columns[i], node)) return true;
  }
  return false;
}

/* Leaves the i-th column out when it refers to another one. */
static void follow_key(reduction *r, size_t i, const corm_column *target) {
  for (size_t k = 0; k < r->n && !r->omit[i]; k++) {
    if (k != i && origin(r->columns[k]) == target) r->omit[i] = is_synonym(r, r->columns[k], r->columns[i]);
  }
}

static corm_status follow_keys(reduction *r, size_t i, corm_error *err) {
  const corm_node *node = r->columns[i];
  for (const corm_node *inner = behind(node); inner; inner = behind(node)) node = inner;
  const corm_column *column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
  if (!column || !column->table) return CORM_OK;
  const corm_vec *constraints = &column->table->constraints;
  for (size_t k = 0; k < constraints->len && !r->omit[i]; k++) {
    corm_constraint *constraint = constraints->items[k];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    for (uint32_t at = 0; at < constraint->ncolumns; at++) {
      if (constraint->columns[at] != column) continue;
      if (corm_constraint_resolve(constraint, err) != CORM_OK) return CORM_FAILED;
      follow_key(r, i, constraint->target_columns[at]);
    }
  }
  return CORM_OK;
}

/* left = right: the last column that has the values of the right side goes. */
static void follow_equality(reduction *r, const corm_binary *binary) {
  if (!is_kept(r, binary->left) || !is_kept(r, binary->right)) return;
  for (size_t i = r->n; i-- > 0;) {
    if (origin(r->columns[i]) != origin(binary->right) || !is_synonym(r, r->columns[i], binary->left)) continue;
    r->omit[i] = true;
    return;
  }
}

static corm_status follow_condition(reduction *r, corm_arena *arena, const corm_node *condition, corm_error *err) {
  if (!condition) return CORM_OK;
  corm_walk walk;
  corm_walk_init(&walk, arena, condition);
  const corm_node *node;
  while ((node = corm_walk_next(&walk, true))) {
    if (node->kind == CORM_NODE_BINARY && node->op == CORM_OP_EQ) follow_equality(r, (const corm_binary *)node);
  }
  return arena->failed ? corm_error_memory(err) : CORM_OK;
}

corm_status corm_reduce_columns(corm_arena *arena, const corm_select *select, const corm_node *const *columns, size_t n,
                                bool synonyms, bool *omit, corm_error *err) {
  reduction r = {.columns = columns, .n = n, .synonyms = synonyms, .omit = omit};
  corm_identity_set set;
  if (!corm_identity_set_init(&set, arena, n)) return corm_error_memory(err);
  for (size_t i = 0; i < n; i++) omit[i] = corm_identity_first(&set, columns[i], (uint32_t)i) != i;
  for (size_t i = 0; i < n; i++) {
    if (!omit[i] && follow_keys(&r, i, err) != CORM_OK) return CORM_FAILED;
  }
  if (follow_condition(&r, arena, select->where, err) != CORM_OK) return CORM_FAILED;
  corm_from_list members;
  corm_from_list_init(&members, arena);
  for (uint32_t i = 0; i < select->nfroms; i++) {
    if (!corm_from_list_add_members(&members, select->froms[i])) return corm_error_memory(err);
  }
  for (uint32_t i = 0; i < members.n; i++) {
    const corm_node *from = members.items[i];
    if (from->kind != CORM_NODE_JOIN) continue;
    if (follow_condition(&r, arena, ((const corm_join *)from)->on, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}
