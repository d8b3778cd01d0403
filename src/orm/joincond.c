/*
 * Join conditions that a script gives (primaryjoin, secondaryjoin). Their columns are marked once, foreign and remote,
 * in a copy; from that follow the direction, the pairs of columns that a flush keeps equal, and how a load finds the
 * targets of many parents: by the far columns of the pairs where the rest of the condition is about the target alone,
 * else by the parents' own primary keys, with the parent's table in the statement.
 */
#include <string.h>

#include "orm/relationship.h"
#include "sql/adapt.h"
#include "sql/walk.h"

enum { SIDE_NONE, SIDE_NEAR, SIDE_FAR, SIDE_SECONDARY };

typedef struct condition {
  corm_relationship *relationship;
  const char *option;    /* "primaryjoin" */
  const corm_node *node; /* as given */
  bool far;              /* from the secondary table to the target */
  bool says_foreign, says_remote;
  corm_vec foreign; /* columns that foreign keys make foreign */
  corm_vec rest;    /* what is no pair */
  uint32_t npairs;
  bool foreign_near, foreign_far; /* foreign columns on the parent's side, on the target's */
  corm_status status;
  corm_error *err;
} condition;

static bool is_listed(corm_column *const *columns, uint32_t n, const corm_column *column) {
  for (uint32_t i = 0; i < n; i++)
    if (columns[i] == column) return true;
  return false;
}

static bool is_of(const corm_mapper *mapper, const corm_column *column) {
  for (uint32_t t = 0; t < mapper->ntables; t++)
    if (mapper->tables[t].table == column->table) return true;
  return false;
}

/* -- what a column is -- */

static bool is_foreign(const condition *c, const corm_column_node *node) {
  const corm_relationship_def *def = &c->relationship->def;
  if (c->says_foreign) return node->base.flags & CORM_COLUMN_FOREIGN;
  if (def->nforeign_keys) return is_listed(def->foreign_keys, def->nforeign_keys, node->column);
  return corm_vec_index(&c->foreign, node->column) >= 0;
}

/* Of a table that is on both sides. */
static bool is_remote(const condition *c, const corm_column_node *node) {
  const corm_relationship_def *def = &c->relationship->def;
  if (c->says_remote) return ((node->base.flags & CORM_COLUMN_REMOTE) != 0) != def->reversed;
  if (def->nremote_side) return is_listed(def->remote_side, def->nremote_side, node->column);
  return is_foreign(c, node);
}

/* A table, or what a class is mapped to instead of one. */
static bool is_known_from(const corm_relationship *relationship, const corm_node *from) {
  return from &&
         (from->kind == CORM_NODE_TABLE || from == relationship->parent->from || from == relationship->target->from);
}

static int side_of(const condition *c, const corm_column_node *node) {
  const corm_relationship *relationship = c->relationship;
  if (!node->column || !is_known_from(relationship, node->from)) return SIDE_NONE;
  if (relationship->def.secondary && node->column->table == relationship->def.secondary) return SIDE_SECONDARY;
  const bool near = is_of(relationship->parent, node->column), far = is_of(relationship->target, node->column);
  if (relationship->def.secondary && c->far) return far ? SIDE_FAR : SIDE_NONE;
  if (relationship->def.secondary) return near ? SIDE_NEAR : SIDE_NONE;
  if (near && far) return is_remote(c, node) ? SIDE_FAR : SIDE_NEAR;
  return near ? SIDE_NEAR : far ? SIDE_FAR : SIDE_NONE;
}

static uint32_t slot_of(const condition *c, const corm_column_node *node, int side) {
  const corm_mapper *mapper = side == SIDE_NEAR ? c->relationship->parent : c->relationship->target;
  return (uint32_t)corm_mapper_column_slot(mapper, node->column);
}

/* -- looking at it as it is given -- */

static corm_status refers_to(const corm_column *a, const corm_column *b, bool *out, corm_error *err) {
  corm_vec keys;
  corm_vec_init(&keys, a->table->arena.mem);
  *out = false;
  corm_status status = corm_table_foreign_keys_to(a->table, b->table, &keys, err);
  for (size_t i = 0; status == CORM_OK && i < keys.len; i++) {
    const corm_constraint *key = keys.items[i];
    for (uint32_t k = 0; k < key->ncolumns; k++)
      if (key->columns[k] == a && key->target_columns[k] == b) *out = true;
  }
  corm_vec_clear(&keys);
  return status;
}

static const corm_column *column_of(const corm_node *node) {
  const corm_column *column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
  return column && column->table ? column : NULL;
}

/* Of two columns that are compared the one that refers to the other is foreign. */
static corm_status note_foreign(condition *c, const corm_binary *binary) {
  const corm_column *a = column_of(binary->left), *b = column_of(binary->right);
  bool refers = false;
  if (!a || !b) return CORM_OK;
  corm_status status = refers_to(a, b, &refers, c->err);
  if (status == CORM_OK && !refers) {
    const corm_column *swap = a;
    a = b;
    b = swap;
    status = refers_to(a, b, &refers, c->err);
  }
  if (status != CORM_OK || !refers) return status;
  return corm_vec_push(&c->foreign, (void *)(uintptr_t)a) == CORM_OK ? CORM_OK : corm_error_memory(c->err);
}

static corm_status refuse_column(const condition *c, const corm_column_node *node) {
  const corm_relationship *relationship = c->relationship;
  const char *table = node->column && node->column->table ? node->column->table->fullname : NULL;
  return corm_error_set(c->err, CORM_E_ARGUMENT,
                        "%s of relationship %s.%s names column '%s%s%s', which is of no table that it joins", c->option,
                        relationship->parent->name, relationship->key, table ? table : "", table ? "." : "",
                        node->name ? node->name : "?");
}

static corm_status look_at(condition *c, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN:
    c->says_foreign |= (node->flags & CORM_COLUMN_FOREIGN) != 0;
    c->says_remote |= (node->flags & CORM_COLUMN_REMOTE) != 0;
    return CORM_OK;
  case CORM_NODE_BINARY: return note_foreign(c, (const corm_binary *)node);
  case CORM_NODE_SCALAR_SUBQUERY:
  case CORM_NODE_EXISTS:
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL:
  case CORM_NODE_CONSTRUCT:
    return corm_error_set(c->err, CORM_E_ARGUMENT,
                          "%s of relationship %s.%s holds a %s, which cannot be said of other tables; a condition of "
                          "columns, values and functions expected",
                          c->option, c->relationship->parent->name, c->relationship->key,
                          node->kind == CORM_NODE_CONSTRUCT ? "construct of the script's own" : "select");
  default: return CORM_OK;
  }
}

static corm_status look(condition *c) {
  corm_walk walk;
  corm_arena arena;
  const corm_node *node;
  corm_status status = CORM_OK;
  corm_arena_init(&arena, c->relationship->parent->mem);
  corm_walk_init(&walk, &arena, c->node);
  while (status == CORM_OK && (node = corm_walk_next(&walk, true)) != NULL) status = look_at(c, node);
  if (status == CORM_OK && arena.failed) status = corm_error_memory(c->err);
  corm_arena_clear(&arena);
  return status;
}

/* -- marking -- */

static const corm_node *mark(corm_arena *arena, void *ctx, const corm_column_node *node) {
  condition *c = ctx;
  const corm_relationship *relationship = c->relationship;
  const int side = side_of(c, node);
  unsigned flags = 0;
  if (c->status == CORM_OK && side == SIDE_NONE) c->status = refuse_column(c, node);
  if (c->status == CORM_OK && side != SIDE_SECONDARY && slot_of(c, node, side) == UINT32_MAX)
    c->status = corm_error_set(c->err, CORM_E_ARGUMENT, "relationship %s.%s needs column '%s.%s', which is not mapped",
                               relationship->parent->name, relationship->key, node->column->table->fullname,
                               node->column->name);
  if (c->status != CORM_OK) return &node->base;
  if (side == SIDE_FAR) flags |= CORM_COLUMN_REMOTE;
  if (side == SIDE_SECONDARY || (!relationship->def.secondary && is_foreign(c, node))) flags |= CORM_COLUMN_FOREIGN;
  if (flags & CORM_COLUMN_FOREIGN) *(side == SIDE_NEAR ? &c->foreign_near : &c->foreign_far) = true;
  return corm_column_flagged_in(arena, node, flags);
}

/* -- pairs -- */

/* What AND chains hold. */
static bool is_chain(const corm_node *node) {
  while (node->kind == CORM_NODE_GROUPING) node = ((const corm_grouping *)node)->element;
  return (node->kind == CORM_NODE_LIST || node->kind == CORM_NODE_BINARY) && node->op == CORM_OP_AND;
}

static void add_pair(condition *c, const corm_column_node *near, const corm_column_node *far) {
  corm_relationship *relationship = c->relationship;
  const uint32_t i = c->npairs++;
  if (!relationship->def.secondary)
    relationship->pairs[i] = (corm_pair){slot_of(c, near, SIDE_NEAR), slot_of(c, far, SIDE_FAR)};
  else if (c->far)
    relationship->far_secondary[i] =
        (corm_secondary_pair){(corm_column *)(uintptr_t)far->column, slot_of(c, near, SIDE_FAR)};
  else
    relationship->near_secondary[i] =
        (corm_secondary_pair){(corm_column *)(uintptr_t)far->column, slot_of(c, near, SIDE_NEAR)};
}

/* True for an equality of a foreign column and one of the other side. With a secondary table its column is the far one.
 */
static bool take_pair(condition *c, const corm_node *node) {
  while (node->kind == CORM_NODE_GROUPING) node = ((const corm_grouping *)node)->element;
  if (node->kind != CORM_NODE_BINARY || node->op != CORM_OP_EQ) return false;
  const corm_binary *binary = (const corm_binary *)node;
  const corm_column_node *a = (const corm_column_node *)binary->left, *b = (const corm_column_node *)binary->right;
  if (a->base.kind != CORM_NODE_COLUMN || b->base.kind != CORM_NODE_COLUMN) return false;
  if (!(a->base.flags & CORM_COLUMN_FOREIGN) == !(b->base.flags & CORM_COLUMN_FOREIGN)) return false;
  const bool secondary = c->relationship->def.secondary;
  const unsigned far = secondary ? CORM_COLUMN_FOREIGN : CORM_COLUMN_REMOTE;
  if (!(a->base.flags & far) == !(b->base.flags & far)) return false;
  if (a->base.flags & far)
    add_pair(c, b, a);
  else
    add_pair(c, a, b);
  return true;
}

static corm_status take_parts(condition *c, const corm_node *marked, bool pairs) {
  corm_walk walk;
  corm_arena arena;
  const corm_node *node;
  corm_status status = CORM_OK;
  bool descend = true;
  corm_arena_init(&arena, c->relationship->parent->mem);
  corm_walk_init(&walk, &arena, marked);
  while (status == CORM_OK && (node = corm_walk_next(&walk, descend)) != NULL) {
    descend = is_chain(node);
    if (descend) continue;
    if (!pairs) c->npairs++; /* as many as there can be */
    if (pairs && !take_pair(c, node) && corm_vec_push(&c->rest, (void *)(uintptr_t)node) != CORM_OK)
      status = corm_error_memory(c->err);
  }
  if (status == CORM_OK && arena.failed) status = corm_error_memory(c->err);
  corm_arena_clear(&arena);
  return status;
}

static corm_status find_pairs(condition *c, const corm_node *marked) {
  corm_relationship *relationship = c->relationship;
  corm_arena *arena = &relationship->parent->arena;
  corm_status status = take_parts(c, marked, false);
  if (status != CORM_OK) return status;
  void *room = corm_arena_zalloc(arena, c->npairs, sizeof(corm_secondary_pair) + sizeof(corm_pair));
  if (!room) return corm_error_memory(c->err);
  if (!relationship->def.secondary)
    relationship->pairs = room;
  else if (c->far)
    relationship->far_secondary = room;
  else
    relationship->near_secondary = room;
  c->npairs = 0;
  status = take_parts(c, marked, true);
  *(!relationship->def.secondary ? &relationship->npairs
    : c->far                     ? &relationship->nfar
                                 : &relationship->nnear) = c->npairs;
  return status;
}

/* -- the rest -- */

static corm_status names_parent(const condition *c, bool *out) {
  corm_walk walk;
  corm_arena arena;
  const corm_relationship *relationship = c->relationship;
  *out = false;
  corm_arena_init(&arena, relationship->parent->mem);
  for (size_t i = 0; i < c->rest.len; i++) {
    const corm_node *node;
    corm_walk_init(&walk, &arena, c->rest.items[i]);
    while ((node = corm_walk_next(&walk, true)) != NULL)
      if (node->kind == CORM_NODE_COLUMN && !(node->flags & CORM_COLUMN_REMOTE) &&
          ((const corm_column_node *)node)->column->table != relationship->def.secondary)
        *out = true;
  }
  const bool failed = arena.failed;
  corm_arena_clear(&arena);
  return failed ? corm_error_memory(c->err) : CORM_OK;
}

static corm_status load_by_parent(corm_relationship *relationship, corm_error *err) {
  const corm_mapper *parent = relationship->parent;
  corm_secondary_pair *keys = corm_arena_zalloc(&relationship->parent->arena, parent->npk, sizeof *keys);
  if (!keys) return corm_error_memory(err);
  for (uint32_t i = 0; i < parent->npk; i++)
    keys[i] = (corm_secondary_pair){parent->attributes[parent->pk[i]].column, parent->pk[i]};
  relationship->load_keys = keys;
  relationship->nload_keys = parent->npk;
  relationship->by_parent = true;
  return CORM_OK;
}

/* How a load asks for the targets of the near condition. */
static corm_status plan_load(condition *c) {
  corm_relationship *relationship = c->relationship;
  bool parent;
  corm_status status = names_parent(c, &parent);
  if (status != CORM_OK) return status;
  if (parent || !c->npairs) return load_by_parent(relationship, c->err);
  if (!c->rest.len) return CORM_OK;
  const corm_node **items = (const corm_node **)(void *)c->rest.items;
  relationship->rest = corm_and_or_in(&relationship->parent->arena, CORM_OP_AND, items, c->rest.len);
  return relationship->rest ? CORM_OK : corm_error_memory(c->err);
}

/* -- consequences -- */

static corm_status no_pairs(const condition *c) {
  const corm_relationship *relationship = c->relationship;
  const bool none = !c->foreign_near && !c->foreign_far;
  corm_error_set(c->err, CORM_E_ARGUMENT,
                 "Could not locate any %s for %s condition on relationship %s.%s.  Ensure that referencing columns are "
                 "associated with a ForeignKey or ForeignKeyConstraint, or are annotated in the join condition with "
                 "the foreign() annotation%s",
                 none ? "relevant foreign key columns" : "simple equality expressions involving foreign key columns",
                 c->option, relationship->parent->name, relationship->key,
                 none ? ""
                      : "; to allow comparison operators other than '==', the relationship can be marked as "
                        "viewonly = true");
  return CORM_FAILED;
}

static corm_status find_direction(const condition *c) {
  corm_relationship *relationship = c->relationship;
  if (relationship->def.secondary) return CORM_OK;
  if (c->foreign_near && c->foreign_far)
    return corm_error_set(c->err, CORM_E_ARGUMENT,
                          "Can't determine relationship direction for relationship %s.%s - foreign key columns within "
                          "the join condition are present in both the parent and the child's mapped tables.  Ensure "
                          "that only those columns referring to a parent column are marked as foreign, either via the "
                          "foreign() annotation or via the foreign_keys argument",
                          relationship->parent->name, relationship->key);
  relationship->direction = c->foreign_near ? CORM_MANY_TO_ONE : CORM_ONE_TO_MANY;
  return CORM_OK;
}

static corm_status use(condition *c) {
  corm_relationship *relationship = c->relationship;
  corm_arena *arena = &relationship->parent->arena;
  corm_status status = look(c);
  if (status != CORM_OK) return status;
  arena->failed = false; /* what failed before is over */
  const corm_node *marked = corm_adapt_columns_in(arena, c->node, mark, c);
  if (c->status != CORM_OK) return c->status;
  if (!marked) return corm_error_memory(c->err);
  *(c->far ? &relationship->far_on : &relationship->on) = marked;
  status = find_pairs(c, marked);
  if (status != CORM_OK) return status;
  const bool foreign = c->foreign_near || c->foreign_far;
  if (!foreign || (!c->npairs && !relationship->def.viewonly)) return no_pairs(c);
  status = find_direction(c);
  return status == CORM_OK && !c->far ? plan_load(c) : status;
}

corm_status corm_relationship_use_condition(corm_relationship *relationship, bool far, corm_error *err) {
  const corm_relationship_def *def = &relationship->def;
  condition c = {.relationship = relationship, .far = far, .err = err};
  c.option = far ? "secondaryjoin" : "primaryjoin";
  c.node = far ? def->secondaryjoin : def->primaryjoin;
  corm_vec_init(&c.foreign, relationship->parent->mem);
  corm_vec_init(&c.rest, relationship->parent->mem);
  const corm_status status = use(&c);
  corm_vec_clear(&c.foreign);
  corm_vec_clear(&c.rest);
  return status;
}

/* -- said of other FROMs -- */

typedef struct sides {
  const corm_relationship *relationship;
  const corm_node *const *near;
  const corm_node *secondary;
  const corm_node *const *far;
} sides;

static const corm_node *put_side(corm_arena *arena, void *ctx, const corm_column_node *node) {
  const sides *s = ctx;
  const corm_relationship *relationship = s->relationship;
  if (relationship->def.secondary && node->column->table == relationship->def.secondary)
    return corm_column_node_in(arena, node->column, s->secondary);
  const bool remote = node->base.flags & CORM_COLUMN_REMOTE;
  const corm_mapper *mapper = remote ? relationship->target : relationship->parent;
  return (remote ? s->far : s->near)[corm_mapper_column_slot(mapper, node->column)];
}

const corm_node *corm_relationship_condition_in(corm_arena *arena, const corm_relationship *relationship,
                                                const corm_node *on, const corm_node *const *near,
                                                const corm_node *secondary, const corm_node *const *far) {
  sides s = {relationship, near, secondary, far};
  return corm_adapt_columns_in(arena, on, put_side, &s);
}
