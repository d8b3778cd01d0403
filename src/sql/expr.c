#include "sql/expr.h"

#include <string.h>

#include "base/str.h"
#include "sql/indexing.h"

/* Leaves and wrappers. What depends on operators (grouping, comparison, conditions) is in operators.c. */

const corm_node *corm_column_node_in(corm_arena *arena, const corm_column *column, const corm_node *from) {
  if (from && from->kind == CORM_NODE_ALIAS && ((const corm_alias *)from)->renames) {
    const corm_node *found = corm_from_selected_in(arena, from, column);
    if (found || arena->failed) return found;
  }
  corm_column_node *node = corm_node_new(arena, sizeof *node, CORM_NODE_COLUMN, CORM_OP_NONE, column->type);
  if (!node) return NULL;
  node->name = column->name;
  node->key = column->key;
  node->column = column;
  node->from = from;
  return &node->base;
}

const corm_node *corm_column_flagged_in(corm_arena *arena, const corm_column_node *column, unsigned flags) {
  corm_column_node *copy = corm_arena_copy(arena, column, sizeof *copy);
  if (!copy) return NULL;
  copy->base.flags = (uint16_t)flags;
  return &copy->base;
}

const corm_node *corm_name_in(corm_arena *arena, const char *name, const corm_type *type) {
  corm_column_node *node = corm_node_new(arena, sizeof *node, CORM_NODE_COLUMN, CORM_OP_NONE, type);
  char *copy = corm_arena_dup(arena, name, strlen(name));
  if (!node || !copy) return NULL;
  node->name = copy;
  node->key = copy;
  return &node->base;
}

const corm_node *corm_table_node_in(corm_arena *arena, const corm_table *table) {
  corm_table_node *node = corm_node_new(arena, sizeof *node, CORM_NODE_TABLE, CORM_OP_NONE, NULL);
  if (!node) return NULL;
  node->table = table;
  return &node->base;
}

static bool copy_value(corm_arena *arena, const corm_value *value, corm_value *out) {
  *out = *value;
  out->flags = 0;
  if (!corm_value_has_bytes(value)) return true;
  out->as.s = corm_arena_dup(arena, value->len ? value->as.s : "", value->len);
  return out->as.s != NULL;
}

/* What a bind is called that nothing names. */
static const char unnamed[] = "param";

static corm_bind *new_bind(corm_arena *arena, const char *key, const corm_type *type, const corm_value *value) {
  if (!type) type = value ? corm_type_of_value(value) : NULL;
  corm_bind *node = corm_node_new(arena, sizeof *node, CORM_NODE_BIND, CORM_OP_NONE, type);
  if (!node) return NULL;
  node->key = key == unnamed ? unnamed : corm_arena_copy(arena, key, strlen(key) + 1);
  node->required = !value;
  node->value = corm_value_null();
  if (!node->key || (value && !copy_value(arena, value, &node->value))) return NULL;
  return node;
}

const corm_node *corm_bind_in(corm_arena *arena, const char *hint, const corm_type *type, const corm_value *value) {
  return corm_bindparam_in(arena, hint ? hint : unnamed, type, value, true);
}

bool corm_bind_literal_in(corm_arena *arena, const corm_node *bind, const corm_value *literal) {
  corm_value *copy = corm_arena_alloc(arena, sizeof *copy);
  if (!bind || !copy) return false;
  *copy = *literal;
  if (corm_value_has_bytes(literal)) copy->as.s = corm_arena_dup(arena, literal->as.s, literal->len);
  ((corm_bind *)(uintptr_t)bind)->literal = copy; /* nobody but the caller has the node yet */
  return !arena->failed;
}

const corm_node *corm_bindparam_in(corm_arena *arena, const char *key, const corm_type *type, const corm_value *value,
                                   bool unique) {
  corm_bind *node = new_bind(arena, key, type, value);
  if (!node) return NULL;
  node->unique = unique;
  return &node->base;
}

corm_bind *corm_bind_copy_in(corm_arena *arena, const corm_bind *bind, const corm_type *type) {
  corm_bind *copy = new_bind(arena, bind->key, type ? type : bind->base.type, bind->required ? NULL : &bind->value);
  if (!copy) return NULL;
  copy->required = bind->required;
  copy->unique = bind->unique;
  copy->expanding = bind->expanding;
  copy->width = bind->width;
  copy->late = bind->late;
  copy->literal_execute = bind->literal_execute;
  copy->hook = bind->hook;
  if (!bind->nvalues) return copy;
  corm_value *values = corm_arena_zalloc(arena, bind->nvalues, sizeof *values);
  if (!values) return NULL;
  for (uint32_t i = 0; i < bind->nvalues; i++) {
    if (!copy_value(arena, &bind->values[i], &values[i])) return NULL;
  }
  copy->values = values;
  copy->nvalues = bind->nvalues;
  return copy;
}

const corm_node *corm_in_bind_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_bind *bind,
                                 uint32_t width) {
  bool typed = bind->base.type->kind != CORM_TYPE_NULLTYPE;
  corm_bind *copy = corm_bind_copy_in(arena, bind, typed ? NULL : corm_node_type(left));
  if (!copy) return NULL;
  copy->expanding = true;
  copy->late = true;
  copy->width = width;
  return corm_binary_in(arena, op, left, &copy->base);
}

bool corm_is_stored(const corm_node *node) {
  return node && node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->column;
}

const corm_node *corm_literal_in(corm_arena *arena, const corm_node *compared_to, const corm_value *value) {
  const corm_type *own = corm_type_of_value(value);
  const corm_type *type = compared_to ? corm_node_type(compared_to) : own;
  if (compared_to) type = corm_type_beside(type, false, value);
  if (value->kind != CORM_NULL && !corm_type_same_affinity(type, own)) type = own;
  return corm_bind_in(arena, compared_to ? corm_bind_hint(compared_to) : NULL, type, value);
}

const corm_node *corm_constant_in(corm_arena *arena, corm_constant_kind kind) {
  bool boolean = kind == CORM_CONSTANT_TRUE || kind == CORM_CONSTANT_FALSE;
  corm_constant *node = corm_node_new(arena, sizeof *node, CORM_NODE_CONSTANT, CORM_OP_NONE,
                                      boolean ? corm_type_default(CORM_TYPE_BOOLEAN) : NULL);
  if (!node) return NULL;
  node->value = kind;
  return &node->base;
}

/* An IN over values with a NULL among them: SQLAlchemy writes them one by one, so that NULL is a keyword. */
static const corm_node *in_with_nulls(corm_arena *arena, corm_op op, const corm_node *left, const corm_value *values,
                                      size_t n) {
  const corm_node **items = corm_arena_zalloc(arena, n, sizeof *items);
  if (!items) return NULL;
  for (size_t i = 0; i < n; i++) {
    items[i] = values[i].kind == CORM_NULL
                   ? corm_constant_in(arena, CORM_CONSTANT_NULL)
                   : corm_bind_in(arena, corm_bind_hint(left),
                                  corm_type_beside(corm_node_type(left), corm_is_stored(left), &values[i]), &values[i]);
    if (!items[i]) return NULL;
  }
  return corm_in_list_in(arena, op, left, items, n);
}

const corm_node *corm_in_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_value *values, size_t n,
                            uint32_t width) {
  if (!left) return NULL;
  for (size_t i = 0; width == 0 && i < n; i++) {
    if (values[i].kind == CORM_NULL) return in_with_nulls(arena, op, left, values, n);
  }
  const corm_type *type = corm_node_type(left);
  if (type->kind == CORM_TYPE_NULLTYPE && !type->custom && width == 0 && n > 0) type = corm_type_of_value(&values[0]);
  const char *hint = corm_bind_hint(left);
  corm_bind *bind = new_bind(arena, hint ? hint : "param", type, NULL);
  corm_value *copies = corm_arena_zalloc(arena, n, sizeof *copies);
  if (!bind || !copies) return NULL;
  for (size_t i = 0; i < n; i++) {
    if (!copy_value(arena, &values[i], &copies[i])) return NULL;
  }
  bind->unique = true;
  bind->required = false;
  bind->expanding = true;
  bind->width = width;
  bind->values = copies;
  bind->nvalues = (uint32_t)n;
  return corm_binary_in(arena, op, left, &bind->base);
}

const corm_node *corm_in_list_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *const *items,
                                 size_t n) {
  if (n == 0) return corm_in_in(arena, op, left, NULL, 0, 0);
  return corm_binary_in(arena, op, left, corm_list_in(arena, items, n));
}

static const corm_node *new_list(corm_arena *arena, corm_op op, const corm_type *type, const corm_node *const *items,
                                 size_t n, unsigned against) {
  corm_list *node = corm_node_new(arena, sizeof *node, CORM_NODE_LIST, op, type);
  const corm_node **copy = corm_arena_zalloc(arena, n, sizeof *copy);
  if (!node || !copy) return NULL;
  for (size_t i = 0; i < n; i++) {
    copy[i] = corm_group_in(arena, items[i], against, 0);
    if (!copy[i]) return NULL;
  }
  node->items = copy;
  node->n = (uint32_t)n;
  return &node->base;
}

const corm_node *corm_list_in(corm_arena *arena, const corm_node *const *items, size_t n) {
  return new_list(arena, CORM_OP_COMMA, NULL, items, n, CORM_OP_COMMA);
}

const corm_node *corm_tuple_in(corm_arena *arena, const corm_node *const *items, size_t n) {
  return corm_grouping_in(arena, corm_list_in(arena, items, n));
}

const corm_node *corm_function_in(corm_arena *arena, const char *name, const corm_type *type,
                                  const corm_node *const *args, size_t n) {
  corm_known_function known = corm_function_find(name);
  const char *canonical = corm_function_name(known);
  if (!type) type = corm_function_type_in(arena, known, args, n);
  corm_function *node = corm_node_new(arena, sizeof *node, CORM_NODE_FUNCTION, CORM_OP_NONE, type);
  bool count_all = n == 0 && known == CORM_FUNCTION_COUNT;
  const corm_node **copy = corm_arena_zalloc(arena, count_all ? 1 : n, sizeof *copy);
  const char *own_name = canonical ? canonical : corm_arena_dup(arena, name, strlen(name));
  if (!node || !copy || !own_name || !type) return NULL;
  node->name = own_name;
  node->known = (uint8_t)known;
  node->args = copy;
  node->nargs = (uint32_t)(count_all ? 1 : n);
  for (size_t i = 0; i < node->nargs; i++) {
    copy[i] = count_all ? corm_constant_in(arena, CORM_CONSTANT_STAR) : corm_group_in(arena, args[i], CORM_OP_COMMA, 0);
    if (!copy[i]) return NULL;
  }
  return &node->base;
}

/* The last result that has a type decides, as in SQLAlchemy, widened to hold the others. */
static const corm_type *case_type(const corm_node *const *whens, size_t npairs, const corm_node *else_) {
  const corm_type *type = NULL;
  for (size_t i = npairs; i > 0; i--) {
    const corm_node *result = whens[i * 2 - 1];
    if (!result) continue;
    if (type)
      type = corm_wider_type(type, corm_node_type(result));
    else if (corm_node_type(result)->kind != CORM_TYPE_NULLTYPE)
      type = corm_node_type(result);
  }
  if (!else_) return type;
  return type ? corm_wider_type(type, corm_node_type(else_)) : corm_node_type(else_);
}

const corm_node *corm_case_in(corm_arena *arena, const corm_node *value, const corm_node *const *whens, size_t npairs,
                              const corm_node *else_) {
  corm_case_node *node =
      corm_node_new(arena, sizeof *node, CORM_NODE_CASE, CORM_OP_NONE, case_type(whens, npairs, else_));
  const corm_node **copy = corm_arena_zalloc(arena, npairs * 2, sizeof *copy);
  if (!node || !copy) return NULL;
  for (size_t i = 0; i < npairs * 2; i++) {
    copy[i] = i % 2 ? whens[i] : corm_group_in(arena, whens[i], CORM_AGAINST_NOTHING, 0);
    if (!copy[i]) return NULL;
  }
  node->value = value;
  node->whens = copy;
  node->nwhens = (uint32_t)npairs;
  node->else_ = else_;
  return &node->base;
}

const corm_node *corm_cast_in(corm_arena *arena, const corm_node *element, const corm_type *type, bool silent) {
  if (!element) return NULL;
  corm_cast *node = corm_node_new(arena, sizeof *node, CORM_NODE_CAST, CORM_OP_NONE, type);
  if (!node) return NULL;
  node->element = element;
  node->silent = silent;
  /* type_coerce is about the value's way into the database as well; CAST takes it as it is. */
  if (silent && element->kind == CORM_NODE_BIND && ((const corm_bind *)element)->unique) {
    corm_bind *bind = corm_node_new(arena, sizeof *bind, CORM_NODE_BIND, CORM_OP_NONE, type);
    if (!bind) return NULL;
    *bind = *(const corm_bind *)element;
    bind->base.type = type;
    node->element = &bind->base;
  }
  return &node->base;
}

const corm_node *corm_try_cast_in(corm_arena *arena, const corm_node *element, const corm_type *type) {
  corm_cast *node = (corm_cast *)(uintptr_t)corm_cast_in(arena, element, type, false);
  if (!node) return NULL;
  node->attempt = true;
  return &node->base;
}

const corm_node *corm_extract_in(corm_arena *arena, const char *field, const corm_node *element) {
  if (!element) return NULL;
  corm_extract *node = corm_node_new(arena, sizeof *node, CORM_NODE_EXTRACT, CORM_OP_NONE, corm_type_of_extract());
  char *copy = corm_arena_dup(arena, field, strlen(field));
  if (!node || !copy) return NULL;
  node->field = copy;
  node->element = element;
  return &node->base;
}

const corm_node *corm_label_in(corm_arena *arena, const char *name, const corm_node *element) {
  if (!element) return NULL;
  /* A label of a label names the innermost expression anew. */
  while (element->kind == CORM_NODE_LABEL) element = ((const corm_label *)element)->element;
  const corm_node *grouped = corm_group_in(arena, element, CORM_OP_COMMA, 0);
  if (!grouped) return NULL;
  corm_label *node = corm_node_new(arena, sizeof *node, CORM_NODE_LABEL, CORM_OP_NONE, corm_node_type(element));
  char *copy = name ? corm_arena_dup(arena, name, strlen(name)) : NULL;
  if (!node || (name && !copy)) return NULL;
  node->name = copy;
  node->element = grouped;
  return &node->base;
}

const corm_node *corm_alias_in(corm_arena *arena, const corm_node *element, const char *name) {
  static const corm_table_valued unmarked;
  if (!element) return NULL;
  if (element->kind == CORM_NODE_FUNCTION) return corm_table_valued_in(arena, element, name, NULL, 0, &unmarked);
  corm_alias *node = corm_node_new(arena, sizeof *node, CORM_NODE_ALIAS, CORM_OP_NONE, NULL);
  char *copy = name ? corm_arena_dup(arena, name, strlen(name)) : NULL;
  if (!node || (name && !copy)) return NULL;
  node->name = copy;
  node->element = element;
  return &node->base;
}

const corm_node *corm_tablesample_in(corm_arena *arena, const corm_node *element, const char *name,
                                     const corm_node *sampling, const corm_node *seed) {
  corm_alias *node = (corm_alias *)(uintptr_t)corm_alias_in(arena, element, name);
  if (!node) return NULL;
  node->sampling = sampling;
  node->seed = seed;
  return &node->base;
}

const corm_node *corm_lateral_in(corm_arena *arena, const corm_node *element, const char *name) {
  corm_alias *node = corm_node_new(arena, sizeof *node, CORM_NODE_ALIAS, CORM_OP_NONE, NULL);
  char *copy = name ? corm_arena_dup(arena, name, strlen(name)) : NULL;
  if (!element || !node || (name && !copy)) return NULL;
  node->name = copy;
  node->element = element;
  node->lateral = true;
  return &node->base;
}

static corm_text *new_text(corm_arena *arena, corm_node_kind kind, const char *sql, size_t len, const corm_type *type) {
  corm_text *node = corm_node_new(arena, sizeof *node, kind, CORM_OP_NONE, type);
  char *copy = corm_arena_dup(arena, sql, len);
  if (!node || !copy) return NULL;
  node->sql = copy;
  node->len = len;
  return node;
}

const corm_node *corm_text_in(corm_arena *arena, const char *sql, size_t len) {
  return corm_text_binds_in(arena, sql, len, NULL, 0);
}

const corm_node *corm_text_binds_in(corm_arena *arena, const char *sql, size_t len, const corm_bind *const *binds,
                                    size_t nbinds) {
  corm_text *node = new_text(arena, CORM_NODE_TEXT, sql, len, NULL);
  const corm_bind **copy = corm_arena_zalloc(arena, nbinds, sizeof *copy);
  if (!node || !copy) return NULL;
  if (nbinds) memcpy(copy, binds, nbinds * sizeof *copy);
  node->binds = copy;
  node->nbinds = (uint32_t)nbinds;
  return &node->base;
}

const corm_node *corm_literal_column_in(corm_arena *arena, const char *sql, size_t len, const corm_type *type) {
  corm_text *node = new_text(arena, CORM_NODE_LITERAL_COLUMN, sql, len, type);
  return node ? &node->base : NULL;
}

const corm_node *corm_proposed_in(corm_arena *arena, const corm_table *table) {
  corm_alias *node = (corm_alias *)(uintptr_t)corm_alias_in(arena, corm_table_node_in(arena, table), "excluded");
  if (node) node->base.flags = CORM_ALIAS_PROPOSED;
  return node ? &node->base : NULL;
}

const corm_node *corm_from_element(const corm_node *from) {
  while (from->kind == CORM_NODE_ALIAS) from = ((const corm_alias *)from)->element;
  return from;
}

const corm_node *corm_cte_in(corm_arena *arena, const corm_node *element, const char *name, const corm_cte *cte) {
  corm_alias *node = (corm_alias *)(uintptr_t)corm_alias_in(arena, element, name);
  corm_cte *copy = corm_arena_alloc(arena, sizeof *copy);
  if (!node || !copy) return NULL;
  *copy = *cte;
  node->cte = copy;
  return &node->base;
}

const corm_select *corm_select_leader(const corm_select *select) {
  while (select->base.kind == CORM_NODE_COMPOUND) select = select->parts[0];
  return select;
}

const corm_node *corm_compound_in(corm_arena *arena, corm_set_op op, const corm_select *const *parts, size_t n) {
  const corm_select **copy = corm_arena_zalloc(arena, n, sizeof *copy);
  corm_select *node = corm_node_new(arena, sizeof *node, CORM_NODE_COMPOUND, CORM_OP_NONE, NULL);
  if (!copy || !node) return NULL;
  memcpy(copy, parts, n * sizeof *copy);
  node->parts = copy;
  node->nparts = (uint32_t)n;
  node->set_op = op;
  return &node->base;
}

const corm_node *corm_textual_in(corm_arena *arena, const corm_text *text, const corm_node *const *columns, size_t n) {
  const corm_node **copy = corm_arena_zalloc(arena, n, sizeof *copy);
  corm_select *node = corm_node_new(arena, sizeof *node, CORM_NODE_TEXTUAL, CORM_OP_NONE, NULL);
  if (!copy || !node) return NULL;
  if (n) memcpy(copy, columns, n * sizeof *copy);
  node->text = text;
  node->columns = copy;
  node->ncolumns = (uint32_t)n;
  return &node->base;
}

static const corm_node *new_subselect(corm_arena *arena, corm_node_kind kind, corm_op op, const corm_type *type,
                                      const corm_select *select) {
  corm_subselect *node = corm_node_new(arena, sizeof *node, kind, op, type);
  if (!node) return NULL;
  node->select = select;
  return &node->base;
}

const corm_node *corm_scalar_subquery_in(corm_arena *arena, const corm_select *select) {
  const corm_type *type = NULL;
  const corm_select *leader = corm_select_leader(select);
  if (leader->ncolumns && leader->columns[0]->type) type = corm_node_type(leader->columns[0]);
  return new_subselect(arena, CORM_NODE_SCALAR_SUBQUERY, CORM_OP_NONE, type, select);
}

const corm_node *corm_exists_in(corm_arena *arena, const corm_select *select) {
  return new_subselect(arena, CORM_NODE_EXISTS, CORM_OP_EXISTS, corm_type_default(CORM_TYPE_BOOLEAN), select);
}

const corm_node *corm_join_in(corm_arena *arena, const corm_node *left, const corm_node *right, const corm_node *on,
                              bool outer, bool full) {
  const corm_node *condition = corm_group_in(arena, on, CORM_AGAINST_CONDITION, 0);
  corm_join *node = corm_node_new(arena, sizeof *node, CORM_NODE_JOIN, CORM_OP_NONE, NULL);
  if (!node || !condition) return NULL;
  node->left = left;
  node->right = right;
  node->on = condition;
  node->outer = outer;
  node->full = full;
  return &node->base;
}
