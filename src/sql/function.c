#include "sql/function.h"

#include <string.h>

#include "sql/expr.h"

/* -- known functions ----------------------------------------------------------------------------------------------- */

typedef enum type_rule { FIXED, ARGUMENT, ARRAY, ORDER, ORDERS, OTHER } type_rule;

static const struct {
  const char *name;
  uint8_t kind; /* corm_type_kind */
  uint8_t rule;
} known_functions[] = {{"", CORM_TYPE_NULLTYPE, OTHER},
#define CORM_X(id, name, kind, rule) {name, CORM_TYPE_##kind, rule},
                       CORM_FUNCTIONS(CORM_X)
#undef CORM_X
};

static int lower(char c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare(const char *name, const char *known) {
  while (*name && lower(*name) == (unsigned char)*known) name++, known++;
  return lower(*name) - (unsigned char)*known;
}

corm_known_function corm_function_find(const char *name) {
  size_t low = 1, high = sizeof known_functions / sizeof *known_functions;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(name, known_functions[middle].name);
    if (order == 0) return (corm_known_function)middle;
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return CORM_FUNCTION_UNKNOWN;
}

const char *corm_function_name(corm_known_function known) {
  return known_functions[known].rule == OTHER ? NULL : known_functions[known].name;
}

static const corm_type *array_of(corm_arena *arena, const corm_type *item) {
  if (item->kind == CORM_TYPE_ARRAY || item->kind == CORM_TYPE_NULLTYPE) return item;
  corm_type *type = corm_arena_alloc(arena, sizeof *type);
  if (!type) return NULL;
  *type = *corm_type_default(CORM_TYPE_ARRAY);
  type->item = item;
  return type;
}

const corm_type *corm_function_type_in(corm_arena *arena, corm_known_function known, const corm_node *const *args,
                                       size_t n) {
  type_rule rule = (type_rule)known_functions[known].rule;
  if (rule != ARGUMENT && rule != ARRAY) {
    bool plain = known_functions[known].kind != CORM_TYPE_ARRAY;
    return corm_type_default(plain ? (corm_type_kind)known_functions[known].kind : CORM_TYPE_NULLTYPE);
  }
  const corm_type *type = NULL;
  for (size_t i = 0; i < n && !type; i++) {
    type = args[i] ? corm_node_type(args[i]) : NULL;
    if (type && type->kind == CORM_TYPE_NULLTYPE) type = NULL;
  }
  if (!type) return corm_type_default(CORM_TYPE_NULLTYPE);
  for (size_t i = 1; i < n; i++) type = corm_wider_type(type, args[i] ? corm_node_type(args[i]) : NULL);
  return rule == ARRAY ? array_of(arena, type) : type;
}

bool corm_function_is_aggregate(const corm_function *function) {
  switch ((corm_known_function)function->known) {
  case CORM_FUNCTION_MAX: /* of several values SQLite takes the greatest */
  case CORM_FUNCTION_MIN: return function->nargs == 1;
  case CORM_FUNCTION_AGGREGATE_STRINGS:
  case CORM_FUNCTION_ARRAY_AGG:
  case CORM_FUNCTION_AVG:
  case CORM_FUNCTION_COUNT:
  case CORM_FUNCTION_GROUP_CONCAT:
  case CORM_FUNCTION_STRING_AGG:
  case CORM_FUNCTION_SUM: return true;
  default: return false;
  }
}

const corm_node *corm_as_comparison_in(corm_arena *arena, const corm_function *function, unsigned left,
                                       unsigned right) {
  corm_unary *node =
      corm_node_new(arena, sizeof *node, CORM_NODE_UNARY, CORM_OP_COMPARISON, corm_type_default(CORM_TYPE_BOOLEAN));
  if (!node) return NULL;
  node->base.flags = (uint16_t)(left << 8 | right);
  node->operand = &function->base;
  return &node->base;
}

/* -- windows ------------------------------------------------------------------------------------------------------- */

const corm_node *corm_frame_in(corm_arena *arena, corm_bound start_bound, const corm_node *start, corm_bound end_bound,
                               const corm_node *end) {
  corm_window_frame *node = corm_node_new(arena, sizeof *node, CORM_NODE_FRAME, CORM_OP_NONE, NULL);
  if (!node) return NULL;
  node->start_bound = (uint8_t)start_bound;
  node->start = start;
  node->end_bound = (uint8_t)end_bound;
  node->end = end;
  return &node->base;
}

const corm_node *corm_over_in(corm_arena *arena, const corm_over *over) {
  corm_over *node = corm_node_new(arena, sizeof *node, CORM_NODE_OVER, CORM_OP_NONE, corm_node_type(over->element));
  if (!node) return NULL;
  corm_node base = node->base;
  *node = *over;
  node->base = base;
  return &node->base;
}

bool corm_is_call(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_FUNCTION:
  case CORM_NODE_FILTER:
  case CORM_NODE_WITHIN_GROUP:
  case CORM_NODE_AGGREGATE_ORDER: return true;
  case CORM_NODE_CONSTRUCT: return ((const corm_construct *)node)->function;
  default: return false;
  }
}

const corm_node *corm_filter_in(corm_arena *arena, const corm_node *element, const corm_node *criterion) {
  if (!criterion) return NULL;
  if (element->kind == CORM_NODE_FILTER) {
    const corm_node *both[] = {((const corm_filter *)element)->criterion, criterion};
    criterion = corm_and_or_in(arena, CORM_OP_AND, both, 2);
    element = ((const corm_filter *)element)->element;
  }
  corm_filter *node = corm_node_new(arena, sizeof *node, CORM_NODE_FILTER, CORM_OP_NONE, corm_node_type(element));
  if (!node || !criterion) return NULL;
  node->element = element;
  node->criterion = criterion;
  return &node->base;
}

const corm_node *corm_ordered_in(corm_arena *arena, corm_node_kind kind, const corm_node *element,
                                 const corm_node *order_by) {
  if (!element || !order_by) return NULL;
  corm_ordered *node = corm_node_new(arena, sizeof *node, kind, CORM_OP_NONE, corm_node_type(element));
  if (!node) return NULL;
  node->element = element;
  node->order_by = order_by;
  return &node->base;
}

/* The type of what is ordered by, without DESC and NULLS LAST. */
static const corm_type *ordered_type(const corm_node *order_by) {
  const corm_list *list = (const corm_list *)order_by;
  const corm_node *item = list->n ? list->items[0] : NULL;
  while (item && item->kind == CORM_NODE_UNARY && (corm_ops[item->op].flags & CORM_OP_POSTFIX)) {
    item = ((const corm_unary *)item)->operand;
  }
  return item ? corm_node_type(item) : NULL;
}

const corm_node *corm_within_group_in(corm_arena *arena, const corm_node *element, const corm_node *order_by) {
  if (element->kind == CORM_NODE_FILTER) {
    const corm_filter *filter = (const corm_filter *)element;
    const corm_node *inner = corm_within_group_in(arena, filter->element, order_by);
    return inner ? corm_filter_in(arena, inner, filter->criterion) : NULL;
  }
  corm_ordered *node = (corm_ordered *)(uintptr_t)corm_ordered_in(arena, CORM_NODE_WITHIN_GROUP, element, order_by);
  if (!node || element->kind != CORM_NODE_FUNCTION || element->type->kind != CORM_TYPE_NULLTYPE) {
    return node ? &node->base : NULL;
  }
  const corm_function *function = (const corm_function *)element;
  type_rule rule = (type_rule)known_functions[function->known].rule;
  const corm_type *type = rule == ORDER || rule == ORDERS ? ordered_type(order_by) : NULL;
  if (!type) return &node->base;
  node->base.type = rule == ORDERS && function->nargs > 1 ? array_of(arena, type) : type;
  return node->base.type ? &node->base : NULL;
}

/* -- functions in FROM --------------------------------------------------------------------------------------------- */

const corm_table_valued *corm_as_table_valued(const corm_node *from) {
  if (from->kind != CORM_NODE_ALIAS) return NULL;
  const corm_node *element = corm_from_element(from);
  bool called = element->kind == CORM_NODE_FUNCTION || element->kind == CORM_NODE_CONSTRUCT;
  return called || element->kind == CORM_NODE_VALUES ? (const corm_table_valued *)from : NULL;
}

const corm_node *corm_values_in(corm_arena *arena, const corm_node *const *items, uint32_t nrows, uint32_t width,
                                bool literal_binds) {
  corm_values *node = corm_node_new(arena, sizeof *node, CORM_NODE_VALUES, CORM_OP_NONE, NULL);
  if (!node) return NULL;
  node->items = items;
  node->nrows = nrows;
  node->width = width;
  node->literal_binds = literal_binds;
  return &node->base;
}

const corm_node *corm_table_valued_in(corm_arena *arena, const corm_node *element, const char *name,
                                      const corm_column_def *columns, size_t n, const corm_table_valued *like) {
  corm_table_valued *node = corm_node_new(arena, sizeof *node, CORM_NODE_ALIAS, CORM_OP_NONE, corm_node_type(element));
  corm_column_node *nodes = corm_arena_zalloc(arena, n, sizeof *nodes);
  char *copy = name ? corm_arena_dup(arena, name, strlen(name)) : NULL;
  if (!node || !nodes || (name && !copy)) return NULL;
  node->alias.name = copy;
  node->alias.element = element;
  node->columns = nodes;
  node->ncolumns = (uint32_t)n;
  node->ordinality = like->ordinality;
  node->joins_implicitly = like->joins_implicitly;
  node->derived = like->derived;
  node->derived_types = like->derived_types;
  node->alias.lateral = like->alias.lateral;
  for (size_t i = 0; i < n; i++) {
    char *own = corm_arena_dup(arena, columns[i].name, strlen(columns[i].name));
    if (!own) return NULL;
    const corm_type *type = columns[i].type ? columns[i].type : corm_type_default(CORM_TYPE_NULLTYPE);
    nodes[i] = (corm_column_node){
        .base = {.kind = CORM_NODE_COLUMN, .type = type}, .name = own, .key = own, .from = &node->alias.base};
  }
  return &node->alias.base;
}

/* The same columns of another element. */
static const corm_node *with_element_in(corm_arena *arena, const corm_table_valued *from, const corm_node *element,
                                        const char *name, const corm_table_valued *like) {
  corm_column_def *columns = corm_arena_zalloc(arena, from->ncolumns, sizeof *columns);
  if (!columns) return NULL;
  for (uint32_t i = 0; i < from->ncolumns; i++) {
    columns[i] = (corm_column_def){from->columns[i].name, from->columns[i].base.type};
  }
  return corm_table_valued_in(arena, element, name, columns, from->ncolumns, like);
}

const corm_node *corm_table_valued_like_in(corm_arena *arena, const corm_table_valued *from, const char *name,
                                           const corm_table_valued *like) {
  static const corm_table_valued unmarked;
  if (from->alias.cte) return with_element_in(arena, from, &from->alias.base, name, &unmarked);
  return with_element_in(arena, from, from->alias.element, name, like);
}

const corm_node *corm_values_cte_in(corm_arena *arena, const corm_table_valued *values, const char *name,
                                    const corm_cte *cte) {
  static const corm_table_valued unmarked;
  corm_alias *node =
      (corm_alias *)(uintptr_t)with_element_in(arena, values, corm_from_element(&values->alias.base), name, &unmarked);
  corm_cte *copy = corm_arena_alloc(arena, sizeof *copy);
  if (!node || !copy) return NULL;
  *copy = *cte;
  node->cte = copy;
  return &node->base;
}

const corm_node *corm_scalar_values_in(corm_arena *arena, const corm_table_valued *values) {
  corm_node *node = (corm_node *)(uintptr_t)corm_grouping_in(arena, values->alias.element);
  if (node) node->type = values->columns[0].base.type;
  return node;
}

const corm_node *corm_whole_in(corm_arena *arena, const corm_node *from) {
  if (!from) return NULL;
  const corm_table_valued *valued = corm_as_table_valued(from);
  const corm_type *type = valued && valued->ncolumns == 1 ? valued->columns[0].base.type : from->type;
  corm_whole *node = corm_node_new(arena, sizeof *node, CORM_NODE_WHOLE, CORM_OP_NONE, type);
  if (!node) return NULL;
  node->from = from;
  return &node->base;
}

const corm_node *corm_field_in(corm_arena *arena, const corm_node *element, const char *name, const corm_type *type) {
  corm_field *node = corm_node_new(arena, sizeof *node, CORM_NODE_FIELD, CORM_OP_NONE, type);
  char *copy = corm_arena_dup(arena, name, strlen(name));
  if (!node || !copy) return NULL;
  node->element = element;
  node->name = copy;
  return &node->base;
}

void corm_next_value_init(corm_next_value *node, const corm_sequence *sequence) {
  const corm_type *type = sequence->data_type ? sequence->data_type : corm_type_default(CORM_TYPE_INTEGER);
  *node = (corm_next_value){.base = {.kind = CORM_NODE_NEXT_VALUE, .type = type}, .sequence = sequence};
}

/* -- constructs ---------------------------------------------------------------------------------------------------- */

corm_construct *corm_construct_in(corm_arena *arena, const char *name, const corm_type *type,
                                  const corm_node *const *args, size_t n) {
  corm_construct *node = corm_node_new(arena, sizeof *node, CORM_NODE_CONSTRUCT, CORM_OP_NONE, type);
  const corm_node **copy = corm_arena_zalloc(arena, n, sizeof *copy);
  char *own = corm_arena_dup(arena, name, strlen(name));
  if (!node || !copy || !own) return NULL;
  if (n) memcpy(copy, args, n * sizeof *copy);
  node->name = own;
  node->args = copy;
  node->nargs = (uint32_t)n;
  return node;
}
