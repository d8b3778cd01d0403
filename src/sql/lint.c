#include "sql/lint.h"

#include "sql/walk.h"

/* FROMs by their place in the list; `group` leads to the one that stands for all that are connected. */
typedef struct lint {
  corm_compiler *c;
  const corm_node *const *froms;
  uint32_t n;
  uint32_t *group;
  corm_from_list *members; /* of each FROM: what it joins */
} lint;

static uint32_t group_of(const lint *l, uint32_t i) {
  while (l->group[i] != i) i = l->group[i] = l->group[l->group[i]];
  return i;
}

/* Connects what the FROMs of one side belong to with those of the other. */
static void connect(lint *l, const corm_from_list *left, const corm_from_list *right) {
  uint32_t first = l->n;
  for (uint32_t i = 0; i < left->n + right->n; i++) {
    const corm_node *from = i < left->n ? left->items[i] : right->items[i - left->n];
    for (uint32_t j = 0; j < l->n; j++) {
      if (!corm_from_list_has(&l->members[j], from)) continue;
      if (first == l->n) first = j;
      l->group[group_of(l, j)] = group_of(l, first);
    }
  }
}

/* The sides of each comparison in the condition belong together. */
static bool connect_compared(lint *l, const corm_node *condition) {
  corm_walk walk;
  corm_walk_init(&walk, l->c->arena, condition);
  for (const corm_node *node; (node = corm_walk_next(&walk, true));) {
    if (node->kind != CORM_NODE_BINARY || !corm_is_condition(node)) continue;
    const corm_binary *binary = (const corm_binary *)node;
    corm_from_list left, right;
    corm_from_list_init(&left, l->c->arena);
    corm_from_list_init(&right, l->c->arena);
    if (!corm_from_list_add_of(&left, binary->left) || !corm_from_list_add_of(&right, binary->right)) return false;
    if (left.n && right.n) connect(l, &left, &right);
  }
  return !l->c->arena->failed;
}

/* An ON clause may speak of FROMs that stand beside the join. */
static bool connect_joined(lint *l, uint32_t at) {
  for (uint32_t i = 0; i < l->members[at].n; i++) {
    const corm_node *member = l->members[at].items[i];
    if (member->kind != CORM_NODE_JOIN) continue;
    const corm_node *on = ((const corm_join *)member)->on;
    if (on && !connect_compared(l, on)) return false;
  }
  return true;
}

/* A function meets the rows whose columns it is called with; joins_implicitly: all of them. */
static bool connect_called(lint *l, uint32_t at) {
  const corm_table_valued *valued = corm_as_table_valued(l->froms[at]);
  if (!valued || valued->alias.element->kind == CORM_NODE_ALIAS) return true;
  corm_from_list left, right;
  corm_from_list_init(&left, l->c->arena);
  corm_from_list_init(&right, l->c->arena);
  if (!corm_from_list_add(&left, l->froms[at]) || !corm_from_list_add_of(&right, valued->alias.element)) return false;
  for (uint32_t i = 0; valued->joins_implicitly && i < l->n; i++) {
    if (i != at && !corm_from_list_add(&right, l->froms[i])) return false;
  }
  if (right.n) connect(l, &left, &right);
  return true;
}

static void warn(lint *l, const char *statement) {
  corm_compiler *c = l->c;
  corm_buf text;
  corm_buf_init(&text, c->arena->mem ? c->arena->mem : &corm_mem_libc);
  uint32_t loose = 0;
  corm_buf_printf(&text, "%s without a join between \"%s\"", statement, corm_from_name(l->froms[0]));
  for (uint32_t i = 1; i < l->n; i++) {
    if (group_of(l, i) == group_of(l, 0)) continue;
    corm_buf_printf(&text, "%s\"%s\"", loose++ ? ", " : " and ", corm_from_name(l->froms[i]));
  }
  corm_buf_puts(&text, ": every row of one meets every row of the other; say with join() or where() how they belong "
                       "together, or join(..., true_()) if that is meant");
  const char *line = loose ? corm_buf_str(&text) : NULL;
  if (line) c->out->warning = corm_compiler_check(c, corm_arena_dup(c->arena, line, text.len));
  corm_buf_clear(&text);
}

void corm_lint_froms(corm_compiler *c, const char *statement, const corm_node *const *froms, uint32_t n,
                     const corm_node *where) {
  if (n < 2 || c->failed || c->out->warning) return;
  lint l = {.c = c, .froms = froms, .n = n};
  l.group = corm_arena_zalloc(c->arena, n, sizeof *l.group);
  l.members = corm_arena_zalloc(c->arena, n, sizeof *l.members);
  bool ok = l.group && l.members;
  for (uint32_t i = 0; ok && i < n; i++) {
    l.group[i] = i;
    corm_from_list_init(&l.members[i], c->arena);
    ok = corm_from_list_add_members(&l.members[i], froms[i]);
  }
  for (uint32_t i = 0; ok && i < n; i++) ok = connect_joined(&l, i) && connect_called(&l, i);
  if (ok && where) ok = connect_compared(&l, where);
  if (ok)
    warn(&l, statement);
  else
    corm_compiler_check(c, NULL);
}
