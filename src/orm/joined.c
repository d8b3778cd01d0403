/*
 * Joined eager loading: LEFT OUTER JOINs to anonymous aliases, which the script's WHERE and ORDER BY do not see. A
 * select whose rows are counted (LIMIT, DISTINCT, GROUP BY) is wrapped first when a collection is joined, so that it
 * counts parents.
 */
#include <string.h>

#include "orm/loader.h"
#include "orm/polymorphic.h"
#include "sql/adapt.h"
#include "sql/subquery.h"

static corm_status add(corm_loader *loader, corm_load_entity *entity, corm_load_entity **out, corm_error *err) {
  if (!entity->bundle || corm_vec_push(&loader->entities, entity) != CORM_OK) return corm_error_memory(err);
  if (entity->relationship->uselist) loader->unique = true;
  *out = entity;
  return CORM_OK;
}

static corm_status add_contained(corm_loader *loader, corm_load_entity *entity, const corm_load_option *option,
                                 corm_load_entity **out, corm_error *err) {
  entity->contained = true;
  entity->bundle = option->contained;
  entity->mapper = corm_bundle_mapper(entity->bundle);
  entity->path.mapper = entity->mapper;
  return add(loader, entity, out, err);
}

/* What an outer join leads to can be joined by inner joins only inside of it. */
static bool is_nested(const corm_load_entity *entity) {
  const corm_load_entity *parent = entity->parent;
  return entity->inner && parent->relationship && !parent->contained && (!parent->inner || parent->nested);
}

corm_status corm_joined_add(corm_loader *loader, corm_load_entity *parent, corm_relationship *relationship,
                            const corm_load_option *option, corm_load_entity **out, corm_error *err) {
  corm_arena *arena = &loader->arena;
  const corm_mapper *target = relationship->target;
  const corm_table *secondary = relationship->def.secondary;
  corm_load_entity *entity = corm_arena_zalloc(arena, 1, sizeof *entity);
  if (!entity) return corm_error_memory(err);
  if (!corm_from_table(target->from) && corm_criteria_refuse(loader->criteria, target, err) != CORM_OK)
    return CORM_FAILED;
  corm_gather_init(&entity->gather, loader->mem, relationship);
  corm_vec_init(&entity->seen, loader->mem);
  entity->mapper = relationship->target;
  entity->path = (corm_load_path){&parent->path, target};
  entity->parent = parent;
  entity->relationship = relationship;
  entity->wild = parent->wild;
  entity->option = option;
  entity->inner = relationship->def.innerjoin;
  if (option) {
    entity->options = option->children;
    entity->noptions = option->nchildren;
    entity->inner = option->inner;
    if (option->strategy == CORM_LAZY_CONTAINED) return add_contained(loader, entity, option, out, err);
  }
  if (secondary) {
    const corm_node *table = corm_table_node_in(arena, secondary);
    entity->secondary = table ? corm_alias_in(arena, table, NULL) : NULL;
    if (!entity->secondary) return corm_error_memory(err);
  }
  if (option && option->type && corm_load_is_selected_from(option, relationship)) {
    entity->bundle = option->type;
    entity->mapper = corm_bundle_mapper(option->type);
    entity->nested = is_nested(entity);
    if (relationship->uselist) loader->counts = true;
    return add(loader, entity, out, err);
  }
  entity->type = option ? option->type : NULL;
  const corm_node *alias = corm_mapper_follow_in(arena, target);
  entity->bundle = alias ? (const corm_bundle *)corm_mapper_bundle_in(arena, target, alias) : NULL;
  entity->nested = is_nested(entity);
  if (relationship->uselist) loader->counts = true;
  return add(loader, entity, out, err);
}

void corm_joined_sort(corm_loader *loader) {
  void **items = loader->entities.items;
  size_t at = loader->nvisible;
  for (size_t i = at; i < loader->entities.len; i++) {
    corm_load_entity *entity = items[i];
    if (!entity->contained) continue;
    memmove(&items[at + 1], &items[at], (i - at) * sizeof *items);
    items[at++] = entity;
  }
}

/* -- expressions over aliases -- */

/* The FROMs that stand for a relationship's tables. */
typedef struct adaption {
  const corm_relationship *relationship;
  const corm_node *target;
  const corm_node *secondary;
} adaption;

static const corm_node *adapt_from(void *ctx, const corm_node *from) {
  const adaption *a = ctx;
  const corm_mapper *target = a->relationship->target;
  if (from->kind != CORM_NODE_TABLE) return from == target->from ? a->target : from;
  const corm_table *table = ((const corm_table_node *)from)->table;
  const corm_node *found = NULL;
  if (a->target != target->from) found = corm_polymorphic_element(a->target, table);
  if (table == a->relationship->def.secondary) found = a->secondary;
  return found ? found : from;
}

static const corm_node *adapt_column(corm_arena *arena, void *ctx, const corm_column_node *column) {
  const corm_node *united = ((const adaption *)ctx)->relationship->target->united;
  if (!column->from || (column->from->kind != CORM_NODE_TABLE && column->from != united)) return &column->base;
  const corm_node *from = adapt_from(ctx, column->from);
  if (from == column->from) return &column->base;
  const bool renames = from->kind == CORM_NODE_ALIAS && ((const corm_alias *)from)->renames && column->column;
  if (renames) return corm_column_node_in(arena, column->column, from);
  corm_column_node *copy = corm_arena_copy(arena, column, sizeof *column);
  if (!copy) return NULL;
  copy->from = from;
  return &copy->base;
}

const corm_node *corm_joined_adapt(corm_arena *arena, const corm_node *node, const corm_relationship *relationship,
                                   const corm_node *target, const corm_node *secondary) {
  adaption a = {.relationship = relationship, .target = target, .secondary = secondary};
  const corm_adapt adapt = {.column = adapt_column, .from = adapt_from, .ctx = &a};
  return corm_adapt_in(arena, node, &adapt);
}

/* -- the rewritten select -- */

typedef struct rewriting {
  corm_loader *loader;
  corm_arena *arena;
  corm_select *select; /* the result */
  const corm_node **columns;
  const corm_node **froms;
  const corm_node **order_by;
  corm_error *err;
} rewriting;

static corm_load_entity *hidden(const rewriting *r, size_t i) {
  return r->loader->entities.items[r->loader->nvisible + i];
}

static size_t count_hidden(const rewriting *r) {
  return r->loader->entities.len - r->loader->nvisible;
}

/* By slot: the columns of an entity, as objects of a class have them that is the entity's or below it. Those that it
   does not read are there as long as they have not moved into a subquery. NULL: out of memory. */
static const corm_node *const *slot_columns(rewriting *r, const corm_load_entity *entity, const corm_mapper *mapper) {
  const corm_bundle *bundle = entity->bundle;
  const corm_view *view = bundle->view;
  const int16_t *place = view ? view->place : NULL;
  if (corm_mapper_isa(entity->mapper, mapper)) mapper = entity->mapper;
  if (!place) return bundle->columns;
  if (!entity->moved) return corm_polymorphic_slots_in(r->arena, bundle, mapper);
  const corm_node **columns = corm_arena_zalloc(r->arena, mapper->nattributes, sizeof *columns);
  for (uint32_t i = 0; columns && i < entity->mapper->nattributes; i++)
    if (place[i] >= 0) columns[i] = bundle->columns[place[i]];
  for (uint32_t p = 0; columns && p < view->nparts; p++) {
    const corm_view_part *part = &view->parts[p];
    const uint32_t first = part->mapper->parent->nattributes;
    for (uint32_t i = first; i < part->mapper->nattributes && corm_mapper_isa(mapper, part->mapper); i++)
      if (part->place[i - first] >= 0) columns[i] = bundle->columns[part->place[i - first]];
  }
  return columns;
}

/* The condition of an entity's join, and what it joins: *right is the entity's FROM, with those nested in it. */
static corm_status condition(rewriting *r, const corm_load_entity *entity, const corm_node **right,
                             const corm_node **out) {
  const corm_load_option *option = entity->option;
  const corm_node *to_secondary = NULL, *on;
  const corm_node *both[2] = {NULL, NULL};
  const corm_node *const *near = slot_columns(r, entity->parent, entity->relationship->parent), *const *far =
                                                                                                    slot_columns(
                                                                                                        r, entity,
                                                                                                        entity->mapper);
  corm_status status = near && far ? corm_relationship_on_columns_in(r->arena, entity->relationship, near,
                                                                     entity->secondary, far, &to_secondary, &on, r->err)
                                   : corm_error_memory(r->err);
  if (status != CORM_OK) return status;
  if (option && option->criteria) {
    both[0] = on;
    both[1] =
        corm_joined_adapt(r->arena, option->criteria, entity->relationship, entity->bundle->from, entity->secondary);
    on = both[1] ? corm_and_or_in(r->arena, CORM_OP_AND, both, 2) : NULL;
  }
  *right = entity->right;
  if (entity->secondary) {
    if (on) *right = corm_join_in(r->arena, entity->secondary, *right, on, false, false);
    on = to_secondary;
  }
  *out = on;
  return on && *right ? CORM_OK : corm_error_memory(r->err);
}

/* Joins to the FROM of each entity those that stand inside of it; they come later in the list, so the end comes first.
 */
static corm_status nest(rewriting *r) {
  const size_t n = count_hidden(r);
  for (size_t i = n; i-- > 0;) {
    corm_load_entity *entity = hidden(r, i);
    entity->right = entity->bundle->from;
    for (size_t k = i + 1; k < n; k++) {
      const corm_load_entity *inside = hidden(r, k);
      const corm_node *right, *on;
      if (inside->parent != entity || !inside->nested) continue;
      if (condition(r, inside, &right, &on) != CORM_OK) return CORM_FAILED;
      entity->right = corm_join_in(r->arena, entity->right, right, on, false, false);
      if (!entity->right) return corm_error_memory(r->err);
    }
  }
  return CORM_OK;
}

static corm_status join_one(rewriting *r, const corm_load_entity *entity) {
  corm_arena *arena = r->arena;
  const corm_node *on, *right;
  const corm_load_entity *root = entity->parent;
  if (entity->contained || entity->nested) return CORM_OK;
  if (condition(r, entity, &right, &on) != CORM_OK) return CORM_FAILED;
  while (root->parent) root = root->parent;
  uint32_t i = 0;
  while (i < r->select->nfroms && !corm_from_contains(arena, r->froms[i], root->bundle->from)) i++;
  if (arena->failed) return corm_error_memory(r->err);
  if (i == r->select->nfroms) r->froms[r->select->nfroms++] = root->bundle->from;
  r->froms[i] = corm_join_in(arena, r->froms[i], right, on, !entity->inner, false);
  return r->froms[i] ? CORM_OK : corm_error_memory(r->err);
}

static corm_status order_one(rewriting *r, const corm_load_entity *entity) {
  const corm_relationship_def *def = &entity->relationship->def;
  for (uint32_t i = 0; !entity->contained && entity->relationship->uselist && i < def->norder_by; i++) {
    const corm_node *node =
        corm_joined_adapt(r->arena, def->order_by[i], entity->relationship, entity->bundle->from, entity->secondary);
    if (!node) return corm_error_memory(r->err);
    r->order_by[r->select->norder_by++] = node;
  }
  return CORM_OK;
}

static corm_status make_room(rewriting *r, const corm_select *base) {
  size_t orders = base->norder_by;
  const size_t n = count_hidden(r);
  for (size_t i = 0; i < n; i++) orders += hidden(r, i)->relationship->def.norder_by;
  r->select = corm_arena_alloc(r->arena, sizeof *r->select);
  r->columns = corm_arena_zalloc(r->arena, base->ncolumns + n, sizeof *r->columns);
  r->froms = corm_arena_zalloc(r->arena, base->nfroms + n, sizeof *r->froms);
  r->order_by = corm_arena_zalloc(r->arena, orders, sizeof *r->order_by);
  if (!r->select || !r->columns || !r->froms || !r->order_by) return corm_error_memory(r->err);
  *r->select = *base;
  if (base->ncolumns) memcpy(r->columns, base->columns, base->ncolumns * sizeof *r->columns);
  if (base->nfroms) memcpy(r->froms, base->froms, base->nfroms * sizeof *r->froms);
  if (base->norder_by) memcpy(r->order_by, base->order_by, base->norder_by * sizeof *r->order_by);
  r->select->columns = r->columns;
  r->select->froms = r->froms;
  r->select->order_by = r->order_by;
  return CORM_OK;
}

static corm_status join_all(rewriting *r, const corm_select *base) {
  corm_status status = make_room(r, base);
  const size_t n = count_hidden(r);
  if (status == CORM_OK) status = nest(r);
  for (size_t i = 0; status == CORM_OK && i < n; i++) {
    const corm_load_entity *entity = hidden(r, i);
    if (entity->contained) continue; /* it is selected already */
    r->columns[r->select->ncolumns++] = &entity->bundle->base;
    status = join_one(r, entity);
    if (status == CORM_OK) status = order_one(r, entity);
  }
  return status;
}

/* -- wrapping -- */

static bool is_counted(const corm_select *select) {
  return select->limit || select->offset || select->distinct || select->ngroup_by || select->having;
}

/* ASC, DESC and NULLS FIRST stay outside. */
static const corm_node *ordered(const corm_node *node) {
  while (node->kind == CORM_NODE_UNARY && (node->op == CORM_OP_ASC || node->op == CORM_OP_DESC ||
                                           node->op == CORM_OP_NULLS_FIRST || node->op == CORM_OP_NULLS_LAST))
    node = ((const corm_unary *)node)->operand;
  return node;
}

/* The same attribute of a class, that is no column. */
static bool is_same_expression(const corm_node *a, const corm_node *b) {
  if (a->kind != CORM_NODE_LABEL || b->kind != CORM_NODE_LABEL) return false;
  const corm_label *x = (const corm_label *)a, *y = (const corm_label *)b;
  const corm_bundle *left = x->entity, *right = y->entity;
  return left && right && x->slot == y->slot && left->owner == right->owner && corm_from_same(left->from, right->from);
}

static bool is_same(const corm_node *a, const corm_node *b) {
  if (a == b || is_same_expression(a, b)) return true;
  if (a->kind != CORM_NODE_COLUMN) return false;
  const corm_column_node *x = (const corm_column_node *)a;
  if (b->kind == CORM_NODE_LABEL) { /* ORDER BY its name */
    const char *name = ((const corm_label *)b)->name;
    return !x->from && x->name && name && strcmp(x->name, name) == 0;
  }
  if (b->kind != CORM_NODE_COLUMN) return false;
  const corm_column_node *y = (const corm_column_node *)b;
  return x->column && x->column == y->column && x->from && y->from && corm_from_same(x->from, y->from);
}

static bool is_selected(const corm_node *node, const corm_node *const *columns, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const corm_bundle *bundle = (const corm_bundle *)columns[i];
    if (bundle->base.kind != CORM_NODE_BUNDLE ? is_same(node, columns[i])
                                              : is_selected(node, bundle->columns, bundle->n))
      return true;
  }
  return false;
}

static bool has_label(const corm_node *const *columns, uint32_t n, const char *name) {
  for (uint32_t i = 0; i < n; i++) {
    const corm_bundle *bundle = (const corm_bundle *)columns[i];
    const corm_label *label = (const corm_label *)columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && has_label(bundle->columns, bundle->n, name)) return true;
    if (label->base.kind == CORM_NODE_LABEL && label->name && strcmp(label->name, name) == 0) return true;
  }
  return false;
}

/* An attribute that is an expression has its name wherever it is selected. From outside of a subquery the second one of
   a name is found without it. */
static const corm_node *without_repeated(rewriting *r, const corm_node *item, const corm_node *const *before,
                                         uint32_t n) {
  if (item->kind == CORM_NODE_LABEL) {
    const corm_label *label = (const corm_label *)item;
    if (!label->name || !has_label(before, n, label->name)) return item;
    corm_label *copy = corm_arena_copy(r->arena, label, sizeof *label);
    if (copy) copy->name = NULL;
    return copy ? &copy->base : NULL;
  }
  if (item->kind != CORM_NODE_BUNDLE) return item;
  corm_bundle *copy = corm_arena_copy(r->arena, item, sizeof *copy);
  const corm_node **columns = copy ? corm_arena_alloc(r->arena, copy->n * sizeof *columns) : NULL;
  for (uint32_t i = 0; columns && i < copy->n; i++) {
    columns[i] = copy->columns[i];
    if (columns[i]->kind == CORM_NODE_LABEL) columns[i] = without_repeated(r, columns[i], before, n);
    if (!columns[i]) return NULL;
  }
  if (copy) copy->columns = columns;
  return columns ? &copy->base : NULL;
}

/* The select as a subquery, with what it is ordered by among its columns. */
static corm_status make_subquery(rewriting *r, const corm_select *base, const corm_node **out) {
  corm_select *inner = corm_arena_copy(r->arena, base, sizeof *base);
  const corm_node **columns = corm_arena_zalloc(r->arena, base->ncolumns + base->norder_by, sizeof *columns);
  if (!inner || !columns) return corm_error_memory(r->err);
  if (base->ncolumns) memcpy(columns, base->columns, base->ncolumns * sizeof *columns);
  for (uint32_t i = 0; i < base->ncolumns; i++) {
    columns[i] = without_repeated(r, columns[i], columns, i);
    if (!columns[i]) return corm_error_memory(r->err);
  }
  inner->columns = columns;
  inner->label_columns = CORM_LABEL_STYLE_TABLE;
  for (uint32_t i = 0; i < base->norder_by; i++) {
    const corm_node *node = ordered(base->order_by[i]);
    if (node->kind == CORM_NODE_TEXT || is_selected(node, columns, inner->ncolumns)) continue;
    columns[inner->ncolumns++] = node;
  }
  *out = corm_alias_in(r->arena, &inner->base, NULL);
  return *out ? CORM_OK : corm_error_memory(r->err);
}

/* How many columns an item of the select list stands for. */
static corm_status count_columns(rewriting *r, const corm_node *item, uint32_t *n) {
  const corm_node *const *ignored;
  *n = 1;
  if (item->kind == CORM_NODE_BUNDLE) *n = ((const corm_bundle *)item)->n;
  if (item->kind != CORM_NODE_TABLE && item->kind != CORM_NODE_ALIAS) return CORM_OK;
  const corm_node *element = item->kind == CORM_NODE_ALIAS ? ((const corm_alias *)item)->element : item;
  if (element->kind != CORM_NODE_TABLE) return corm_subquery_columns_in(r->arena, item, &ignored, n, r->err);
  *n = (uint32_t)((const corm_table_node *)element)->table->columns.len;
  return CORM_OK;
}

/* A column of the subquery, by the name that the item has in the rows. */
static const corm_node *named_as(rewriting *r, const corm_node *item, const corm_node *column) {
  const char *name = item->kind == CORM_NODE_LABEL ? ((const corm_label *)item)->name : NULL;
  return name && !((const corm_column_node *)column)->name ? corm_label_in(r->arena, name, column) : column;
}

static const corm_node *outer_bundle(rewriting *r, const corm_bundle *bundle, const corm_node *alias,
                                     const corm_node *const *columns) {
  corm_bundle *copy = corm_arena_copy(r->arena, bundle, sizeof *bundle);
  if (!copy) return NULL;
  copy->from = alias;
  copy->columns = columns;
  return &copy->base;
}

static void move_entity(corm_load_entity *entity, const corm_node *bundle) {
  entity->bundle = (const corm_bundle *)bundle;
  entity->moved = true;
}

/* The outer select list: the same items over the subquery's columns. The entities move with their bundles. */
static corm_status select_outer(rewriting *r, const corm_select *base, const corm_node *alias,
                                const corm_node *const *nodes, corm_select *outer) {
  uint32_t total = 0, at = 0, entity = 0;
  for (uint32_t i = 0, n; i < base->ncolumns; i++) {
    if (count_columns(r, base->columns[i], &n) != CORM_OK) return CORM_FAILED;
    total += n;
  }
  const corm_node **columns = corm_arena_zalloc(r->arena, total, sizeof *columns);
  if (!columns) return corm_error_memory(r->err);
  outer->columns = columns;
  for (uint32_t i = 0, n; i < base->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)base->columns[i];
    if (count_columns(r, base->columns[i], &n) != CORM_OK) return CORM_FAILED;
    if (bundle->base.kind == CORM_NODE_BUNDLE) {
      const corm_node *moved = outer_bundle(r, bundle, alias, &nodes[at]);
      if (!moved) return corm_error_memory(r->err);
      columns[outer->ncolumns++] = moved;
      if (bundle->owner) move_entity(r->loader->entities.items[entity++], moved);
    } else {
      for (uint32_t k = 0; k < n; k++)
        if (!(columns[outer->ncolumns++] = named_as(r, base->columns[i], nodes[at + k])))
          return corm_error_memory(r->err);
    }
    at += n;
  }
  return CORM_OK;
}

static const corm_node *outer_order(rewriting *r, const corm_node *node, const corm_node *const *nodes, uint32_t n) {
  const corm_node *result = node, **place = &result, *inner = ordered(node);
  for (; *place != inner; place = &((corm_unary *)(uintptr_t)*place)->operand) {
    *place = corm_arena_copy(r->arena, *place, sizeof(corm_unary));
    if (!*place) return NULL;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!is_same(inner, ((const corm_column_node *)nodes[i])->element)) continue;
    *place = nodes[i];
    return result;
  }
  return NULL;
}

/* Rows of the joined tables are locked as well, unless the tables are named. */
static corm_status lock_outer(rewriting *r, const corm_select *base, corm_select *outer) {
  const corm_row_lock *lock = base->extra ? base->extra->lock : NULL;
  if (!lock || lock->nof) return CORM_OK;
  corm_select_extra *extra = corm_arena_zalloc(r->arena, 1, sizeof *extra);
  if (!extra) return corm_error_memory(r->err);
  extra->lock = lock;
  outer->extra = extra;
  return CORM_OK;
}

static corm_status wrap(rewriting *r, const corm_select *base, const corm_select **out) {
  const corm_node *alias;
  const corm_node *const *nodes;
  uint32_t n;
  corm_select *outer = corm_arena_zalloc(r->arena, 1, sizeof *outer);
  const corm_node **order_by = corm_arena_zalloc(r->arena, base->norder_by, sizeof *order_by);
  const corm_node **froms = corm_arena_zalloc(r->arena, 1, sizeof *froms);
  if (!outer || !order_by || !froms) return corm_error_memory(r->err);
  corm_status status = make_subquery(r, base, &alias);
  if (status == CORM_OK) status = corm_subquery_columns_in(r->arena, alias, &nodes, &n, r->err);
  if (status != CORM_OK) return status;
  outer->base = base->base;
  outer->label_columns = base->label_columns;
  status = select_outer(r, base, alias, nodes, outer);
  if (status == CORM_OK) status = lock_outer(r, base, outer);
  if (status != CORM_OK) return status;
  for (uint32_t i = 0; i < base->norder_by; i++) {
    if (ordered(base->order_by[i])->kind == CORM_NODE_TEXT) continue; /* nobody knows what it names */
    const corm_node *node = outer_order(r, base->order_by[i], nodes, n);
    if (!node) return corm_error_memory(r->err);
    order_by[outer->norder_by++] = node;
  }
  froms[0] = alias;
  outer->order_by = order_by;
  outer->froms = froms;
  outer->nfroms = 1;
  *out = outer;
  return CORM_OK;
}

/* What the query joins itself is selected with its own entities, and counted with them. */
static corm_status select_contained(rewriting *r, const corm_select **select) {
  const size_t n = count_hidden(r);
  const corm_select *base = *select;
  size_t contained = 0;
  while (contained < n && hidden(r, contained)->contained) contained++;
  if (!contained) return CORM_OK;
  corm_select *copy = corm_arena_copy(r->arena, base, sizeof *base);
  const corm_node **columns = corm_arena_zalloc(r->arena, base->ncolumns + contained, sizeof *columns);
  if (!copy || !columns) return corm_error_memory(r->err);
  memcpy(columns, base->columns, base->ncolumns * sizeof *columns);
  copy->columns = columns;
  for (size_t i = 0; i < contained; i++) columns[copy->ncolumns++] = &hidden(r, i)->bundle->base;
  *select = copy;
  return CORM_OK;
}

corm_status corm_joined_rewrite(corm_loader *loader, const corm_select *select, const corm_select **out,
                                corm_error *err) {
  rewriting r = {.loader = loader, .arena = &loader->arena, .err = err};
  corm_status status = select_contained(&r, &select);
  if (status == CORM_OK && loader->counts && is_counted(select)) status = wrap(&r, select, &select);
  if (status == CORM_OK) status = join_all(&r, select);
  if (status == CORM_OK) *out = r.select;
  return status;
}
