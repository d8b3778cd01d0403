#include "sql/lint.h"

#include "sql/walk.h"

/* FROMs by their number; `group` leads to the one that stands for all that are connected. */
typedef struct lint {
  corm_compiler *c;
  const corm_node *const *froms;
  uint32_t n;
  uint32_t *group;
  corm_from_map map; /* what stands in them: themselves, and what they join */
  bool whole;        /* all are connected */
} lint;

static uint32_t group_of(const lint *l, uint32_t i) {
  while (l->group[i] != i) i = l->group[i] = l->group[l->group[i]];
  return i;
}

static void unite(lint *l, uint32_t a, uint32_t b) {
  l->group[group_of(l, a)] = group_of(l, b);
}

/* Connects what the FROMs of one side belong to with those of the other; what encloses the statement belongs to none.
 */
static void connect(lint *l, const corm_from_list *left, const corm_from_list *right) {
  uint32_t first = l->n;
  for (uint32_t i = 0; i < left->n + right->n; i++) {
    const corm_from_slot *slot = corm_from_map_find(&l->map, i < left->n ? left->items[i] : right->items[i - left->n]);
    if (!slot->from) continue;
    if (first == l->n) first = slot->number;
    unite(l, slot->number, first);
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
  corm_from_list members;
  if (l->froms[at]->kind != CORM_NODE_JOIN) return true;
  corm_from_list_init(&members, l->c->arena);
  if (!corm_from_list_add_members(&members, l->froms[at])) return false;
  for (uint32_t i = 0; i < members.n; i++) {
    const corm_node *member = members.items[i];
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
  for (uint32_t i = 0; valued->joins_implicitly && !l->whole && i < l->n; i++) unite(l, i, at);
  l->whole = l->whole || valued->joins_implicitly;
  corm_from_list left, right;
  corm_from_list_init(&left, l->c->arena);
  corm_from_list_init(&right, l->c->arena);
  if (!corm_from_list_add(&left, l->froms[at]) || !corm_from_list_add_of(&right, valued->alias.element)) return false;
  if (right.n) connect(l, &left, &right);
  return true;
}

/* Gives what stands in each FROM its number: of several that hold the same, they belong together. */
static bool number_froms(lint *l) {
  corm_from_list members;
  size_t total = 0;
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1 && !corm_from_map_init(&l->map, l->c->arena, total)) return false;
    for (uint32_t i = 0; i < l->n; i++) {
      corm_from_list_init(&members, l->c->arena);
      if (!corm_from_list_add_members(&members, l->froms[i])) return false;
      total += members.n;
      for (uint32_t k = 0; pass == 1 && k < members.n; k++) {
        corm_from_slot *slot = corm_from_map_find(&l->map, members.items[k]);
        if (slot->from) unite(l, slot->number, i);
        *slot = (corm_from_slot){corm_from_identity(members.items[k]), i};
      }
    }
  }
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
  for (uint32_t i = 0; l.group && i < n; i++) l.group[i] = i;
  bool ok = l.group && number_froms(&l);
  for (uint32_t i = 0; ok && i < n; i++) ok = connect_joined(&l, i) && connect_called(&l, i);
  if (ok && where) ok = connect_compared(&l, where);
  if (ok)
    warn(&l, statement);
  else
    corm_compiler_check(c, NULL);
}
