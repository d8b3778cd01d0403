#include "sql/adapt.h"

#include "sql/froms.h"

/* Places whose operand is still the original. An expression may be as deep as it likes. */
typedef struct adaption {
  corm_arena *arena;
  const corm_adapt *adapt;
  const corm_node ***places;
  size_t n;
  size_t cap;
  const corm_node **first[32];
} adaption;

/* An operand that is not there is nothing to put off. */
static bool put_off(adaption *a, const corm_node **place) {
  if (!*place) return true;
  if (a->n == a->cap) {
    const corm_node ***grown = corm_arena_grow(a->arena, a->places, &a->cap, sizeof *grown);
    if (!grown) return false;
    a->places = grown;
  }
  a->places[a->n++] = place;
  return true;
}

static const corm_node *const *put_off_list(adaption *a, const corm_node *const *items, uint32_t n) {
  const corm_node **copy = corm_arena_zalloc(a->arena, n, sizeof *copy);
  for (uint32_t i = 0; copy && i < n; i++) {
    copy[i] = items[i];
    if (!put_off(a, &copy[i])) return NULL;
  }
  return copy;
}

/* Declares `copy`, a copy of `node` as a struct type, and returns it when `parts` could be put off. */
#define COPY(type, parts)                                                                                              \
  do {                                                                                                                 \
    type *copy = corm_arena_copy(a->arena, node, sizeof *copy);                                                        \
    return copy && (parts) ? &copy->base : NULL;                                                                       \
  } while (0)

/* What is built around functions. */
static const corm_node *copy_call(adaption *a, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_FUNCTION: COPY(corm_function, (copy->args = put_off_list(a, copy->args, copy->nargs)));
  case CORM_NODE_FILTER: COPY(corm_filter, put_off(a, &copy->element) && put_off(a, &copy->criterion));
  case CORM_NODE_WITHIN_GROUP:
  case CORM_NODE_AGGREGATE_ORDER:
  case CORM_NODE_ARGUMENT_ORDER: COPY(corm_ordered, put_off(a, &copy->element) && put_off(a, &copy->order_by));
  case CORM_NODE_OVER: /* the bounds of its frame are no columns */
    COPY(corm_over, put_off(a, &copy->element) && put_off(a, &copy->partition_by) && put_off(a, &copy->order_by));
  case CORM_NODE_FIELD: COPY(corm_field, put_off(a, &copy->element));
  default: return node;
  }
}

/* -- subqueries -- */

static bool replaces_any(const adaption *a, const corm_from_list *froms) {
  for (uint32_t i = 0; i < froms->n; i++)
    if (a->adapt->from(a->adapt->ctx, froms->items[i]) != froms->items[i]) return true;
  return false;
}

/* Whether the select has one of the FROMs that are replaced as its own. */
static bool selects_itself(const adaption *a, const corm_select *select) {
  corm_from_list own;
  corm_from_list_init(&own, a->arena);
  for (uint32_t i = 0; i < select->nfroms; i++)
    if (!corm_from_list_add_members(&own, select->froms[i])) return true;
  for (uint32_t i = 0; !select->nfroms && i < select->ncolumns; i++)
    if (!corm_from_list_add_of(&own, select->columns[i])) return true;
  return replaces_any(a, &own);
}

/* Lists that are NULL mean something. */
static bool put_off_given(adaption *a, const corm_node *const **list, uint32_t n) {
  if (!*list) return true;
  *list = put_off_list(a, *list, n);
  return *list != NULL;
}

static bool replace_froms(const adaption *a, const corm_node *const **list, uint32_t n) {
  if (!*list) return true;
  const corm_node **copy = corm_arena_zalloc(a->arena, n + 1, sizeof *copy);
  for (uint32_t i = 0; copy && i < n; i++) copy[i] = a->adapt->from(a->adapt->ctx, (*list)[i]);
  *list = copy;
  return copy != NULL;
}

/* The parts of a compound are subqueries each. */
static const corm_select *copy_select(adaption *a, const corm_select *given) {
  corm_select *select = corm_arena_copy(a->arena, given, sizeof *given);
  if (!select) return NULL;
  if (a->adapt->correlate && !select->correlate && !select->correlate_except) {
    select->correlate = a->adapt->correlate;
    select->ncorrelate = a->adapt->ncorrelate;
  }
  const bool ok = put_off_given(a, &select->columns, select->ncolumns) && put_off(a, &select->where) &&
                  put_off(a, &select->having) && put_off_given(a, &select->group_by, select->ngroup_by) &&
                  put_off_given(a, &select->order_by, select->norder_by) &&
                  replace_froms(a, &select->correlate, select->ncorrelate) &&
                  replace_froms(a, &select->correlate_except, select->ncorrelate_except);
  return ok ? select : NULL;
}

/* A copied compound whose parts are still the originals. */
typedef struct open_compound {
  struct open_compound *next;
  corm_select *copy;
} open_compound;

static const corm_select *adapt_part(adaption *a, const corm_select *given, open_compound **open) {
  if (given->base.kind == CORM_NODE_SELECT) {
    if (!selects_itself(a, given)) return copy_select(a, given);
    return a->arena->failed ? NULL : given;
  }
  if (given->base.kind != CORM_NODE_COMPOUND) return given;
  corm_select *copy = corm_arena_copy(a->arena, given, sizeof *given);
  open_compound *entry = corm_arena_alloc(a->arena, sizeof *entry);
  if (!copy || !entry) return NULL;
  *entry = (open_compound){*open, copy};
  *open = entry;
  return copy;
}

static const corm_select *adapt_select(adaption *a, const corm_select *given) {
  open_compound *open = NULL;
  const corm_select *adapted = adapt_part(a, given, &open);
  while (adapted && open) {
    corm_select *compound = open->copy;
    open = open->next;
    const corm_select **parts = corm_arena_copy(a->arena, compound->parts, compound->nparts * sizeof *parts);
    if (!parts) return NULL;
    compound->parts = parts;
    for (uint32_t i = 0; i < compound->nparts; i++)
      if (!(parts[i] = adapt_part(a, parts[i], &open))) return NULL;
  }
  return adapted;
}

static const corm_node *copy_subselect(adaption *a, const corm_node *node) {
  if (!a->adapt->from) return node;
  const corm_select *given = ((const corm_subselect *)node)->select;
  const corm_select *select = adapt_select(a, given);
  if (select == given) return node;
  corm_subselect *copy = corm_arena_copy(a->arena, node, sizeof *copy);
  if (!copy || !select) return NULL;
  copy->select = select;
  return &copy->base;
}

/* A copy whose operands are put off; other nodes as they are. */
static const corm_node *copy_operation(adaption *a, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_EXISTS:
  case CORM_NODE_SCALAR_SUBQUERY: return copy_subselect(a, node);
  case CORM_NODE_UNARY: COPY(corm_unary, put_off(a, &copy->operand));
  case CORM_NODE_BINARY: COPY(corm_binary, put_off(a, &copy->left) && put_off(a, &copy->right));
  case CORM_NODE_ARRAY:
  case CORM_NODE_LIST: COPY(corm_list, (copy->items = put_off_list(a, copy->items, copy->n)));
  case CORM_NODE_GROUPING: COPY(corm_grouping, put_off(a, &copy->element));
  case CORM_NODE_LABEL: COPY(corm_label, put_off(a, &copy->element));
  case CORM_NODE_CAST: COPY(corm_cast, put_off(a, &copy->element));
  case CORM_NODE_EXTRACT: COPY(corm_extract, put_off(a, &copy->element));
  case CORM_NODE_CASE:
    COPY(corm_case_node, (copy->whens = put_off_list(a, copy->whens, copy->nwhens * 2)) && put_off(a, &copy->value) &&
                             put_off(a, &copy->else_));
  default: return copy_call(a, node);
  }
}

const corm_node *corm_adapt_in(corm_arena *arena, const corm_node *node, const corm_adapt *adapt) {
  adaption a = {.arena = arena, .adapt = adapt};
  a.places = a.first;
  a.cap = sizeof a.first / sizeof *a.first;
  if (!put_off(&a, &node)) return NULL;
  while (a.n) {
    const corm_node **place = a.places[--a.n];
    *place = (*place)->kind == CORM_NODE_COLUMN ? adapt->column(arena, adapt->ctx, (const corm_column_node *)*place)
                                                : copy_operation(&a, *place);
    if (!*place) return NULL;
  }
  return node;
}

const corm_node *corm_adapt_columns_in(corm_arena *arena, const corm_node *node, corm_adapt_column column, void *ctx) {
  const corm_adapt adapt = {.column = column, .ctx = ctx};
  return corm_adapt_in(arena, node, &adapt);
}
