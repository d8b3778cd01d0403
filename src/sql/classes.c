/* What columns of joined classes bring into FROM, against what a select says. */
#include "sql/classes.h"

#include "sql/froms.h"

/* A table of the JOIN that is in the other one, too; NULL: none. */
static const corm_node *shared_table(corm_compiler *c, const corm_node *join, const corm_node *other) {
  corm_from_list members;
  corm_from_list_init(&members, c->arena);
  if (!corm_from_list_add_members(&members, join)) corm_compiler_check(c, NULL);
  for (uint32_t i = 0; i < members.n && !c->failed; i++) {
    const corm_node *member = members.items[i];
    if (member->kind != CORM_NODE_JOIN && corm_from_contains(c->arena, other, member)) return member;
  }
  return NULL;
}

/* By its name, a column would mean either. */
static void refuse_twice(corm_compiler *c, const corm_from_list *froms, uint32_t at) {
  for (uint32_t i = 0; i < froms->n && !c->failed; i++) {
    const corm_node *table = i == at ? NULL : shared_table(c, froms->items[at], froms->items[i]);
    if (!table || corm_from_whole(table) == table) continue; /* a class of one table, or none: what is said is meant */
    corm_emit_error(c, CORM_E_INVALID_REQUEST,
                    "'%s' would stand in FROM twice, as part of two classes; name one of them by an alias, "
                    "corm.aliased(Class), or both by corm.with_polymorphic(Class, { ... })",
                    corm_from_name(table));
  }
}

/* What stands in the parentheses and NOTs around a condition; whether these turn it round. */
static const corm_node *bare(const corm_node *node, bool *negated) {
  for (*negated = false; node;) {
    if (node->kind == CORM_NODE_GROUPING) {
      node = ((const corm_grouping *)node)->element;
    } else if (node->kind == CORM_NODE_UNARY && node->op == CORM_OP_NOT) {
      node = ((const corm_unary *)node)->operand;
      *negated = !*negated;
    } else {
      break;
    }
  }
  return node;
}

/* The conditions of which one is enough: an or_(), or an and_() that is negated. */
static const corm_list *alternatives(const corm_node *condition) {
  bool negated;
  const corm_node *node = bare(condition, &negated);
  return node && node->kind == CORM_NODE_LIST && node->op == (negated ? CORM_OP_AND : CORM_OP_OR)
             ? (const corm_list *)node
             : NULL;
}

/* The conditions of which all are needed; NULL: there is one. */
static const corm_list *conjunction(const corm_node *condition) {
  bool negated;
  const corm_node *node = bare(condition, &negated);
  return node && !negated && node->kind == CORM_NODE_LIST && node->op == CORM_OP_AND ? (const corm_list *)node : NULL;
}

static bool speaks_of(corm_compiler *c, const corm_node *node, const corm_node *join) {
  corm_from_list froms;
  corm_from_list_init(&froms, c->arena);
  if (!corm_from_list_add_of(&froms, node)) corm_compiler_check(c, NULL);
  return corm_from_list_has(&froms, join);
}

/* Whether the condition asks for rows of the class alone; `mixed`: whether those or others are enough for it. */
static bool asks_for(corm_compiler *c, const corm_node *condition, const corm_node *join, bool *mixed) {
  const corm_list *any = alternatives(condition);
  if (!any) return speaks_of(c, condition, join);
  uint32_t n = 0;
  for (uint32_t i = 0; i < any->n; i++) n += speaks_of(c, any->items[i], join);
  *mixed = *mixed || (n && n < any->n);
  return n && n == any->n;
}

/* Whether the JOIN is there for WHERE only, and in the place of what the select says itself. */
static bool takes_place(corm_compiler *c, const corm_select *select, const corm_node *join) {
  corm_from_list said;
  if (corm_select_froms_in(c->arena, select, true, &said, c->err) != CORM_OK) {
    c->failed = true;
    return false;
  }
  for (uint32_t i = 0; i < select->nfroms; i++)
    if (!corm_from_list_add(&said, select->froms[i])) corm_compiler_check(c, NULL);
  if (corm_from_list_has(&said, join)) return false;
  bool found = false;
  for (uint32_t i = 0; i < said.n && !found; i++) found = shared_table(c, said.items[i], join) != NULL;
  return found;
}

static void refuse_narrowing(corm_compiler *c, const corm_select *select, const corm_node *join) {
  const corm_list *all = conjunction(select->where);
  const corm_node *const *conditions = all ? all->items : &select->where;
  const uint32_t n = all ? all->n : 1;
  bool some = false, mixed = false;
  for (uint32_t i = 0; i < n && !some; i++) some = alternatives(conditions[i]) != NULL;
  for (uint32_t i = 0; i < n && some; i++)
    if (asks_for(c, conditions[i], join, &mixed)) return;
  if (!mixed || c->failed || !takes_place(c, select, join)) return;
  corm_emit_error(c, CORM_E_INVALID_REQUEST,
                  "or_() of columns of '%s' and of others, or not_() of their and_(): the rows that have none there "
                  "would be left out; "
                  "corm.with_polymorphic(Class, { ... }) has the columns of a class and of those below it",
                  corm_from_name(((const corm_join *)join)->right));
}

void corm_check_classes(corm_compiler *c, const corm_select *select, const corm_from_list *froms) {
  for (uint32_t i = 0; i < froms->n && !c->failed; i++) {
    if (froms->items[i]->kind != CORM_NODE_JOIN || froms->n == 1) continue;
    refuse_twice(c, froms, i);
  }
  for (uint32_t i = 0; select->where && i < froms->n && !c->failed; i++) {
    if (corm_from_is_of_class(froms->items[i])) refuse_narrowing(c, select, froms->items[i]);
  }
}
