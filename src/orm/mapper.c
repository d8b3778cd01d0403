/* What a class is made of: attributes to slots, those of its parent first. */
#include "orm/mapper.h"

#include <string.h>

#include "base/str.h"
#include "orm/heritage.h"
#include "orm/polymorphic.h"
#include "orm/relationship.h"
#include "sql/walk.h"

/* -- one mapper -- */

static corm_status check_def(const corm_registry *registry, const corm_mapper_def *def, corm_error *err) {
  if (corm_map_gets(&registry->classes, def->name))
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "a class with the name '%s' is mapped already", def->name);
  if (!def->parent && !def->nprimary_key && !def->table->primary_key->ncolumns)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "Mapper %s could not assemble any primary key columns for mapped table '%s'; give a column "
                          "primary_key = true",
                          def->name, def->table->fullname);
  if (def->parent && def->parent->selected && !(def->concrete && def->parent->united))
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "class %s: %s is mapped to a select: no class can inherit from it; of concrete classes "
                          "AbstractConcreteBase makes the union",
                          def->name, def->parent->name);
  const size_t above = def->parent ? def->parent->nattributes : 0;
  const size_t own = def->attributes ? def->nattributes : def->table ? def->table->columns.len : 0;
  if (above + own > UINT16_MAX)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s has too many columns to be mapped", def->name);
  if (def->parent && def->table && def->parent->ntables == UINT8_MAX)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s has too many classes with tables above it", def->name);
  return CORM_OK;
}

void corm_mapper_note_types(corm_mapper *mapper) {
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    corm_attribute *attribute = &mapper->attributes[i];
    if (attribute->column) attribute->type = attribute->column->type;
    attribute->plain = corm_dialect_default.is_plain(&corm_dialect_default, attribute->type);
  }
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    const corm_column *generated = corm_table_autoincrement_column(mapper->tables[t].table);
    const int32_t slot = generated ? corm_mapper_column_slot(mapper, generated) : -1;
    mapper->tables[t].generated = slot >= 0 && mapper->attributes[slot].level == t ? slot : -1;
  }
}

static corm_status add_key(corm_mapper *mapper, const char *key, size_t number, corm_error *err) {
  if (corm_map_gets(&mapper->by_key, key))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s has two attributes named '%s'", mapper->name, key);
  corm_status status = corm_map_puts(&mapper->by_key, key, (void *)(uintptr_t)(number + 1));
  return status == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* -- tables -- */

/* The slots of a table's columns, as far as `given` knows them. */
static uint32_t *list_slots(corm_arena *arena, const corm_table *table, const corm_mapper_table *given) {
  const uint32_t n = (uint32_t)table->columns.len;
  uint32_t *slots = corm_arena_alloc(arena, (n + 1) * sizeof *slots);
  for (uint32_t i = 0; slots && i < n; i++) slots[i] = given && i < given->nslots ? given->slots[i] : UINT32_MAX;
  return slots;
}

/* How many tables a class adds to those of its parent. */
static uint32_t count_tables(const corm_mapper_def *def) {
  uint32_t n = def->table ? 1 : 0;
  for (const corm_node *join = def->join; join && join->kind == CORM_NODE_JOIN; join = ((const corm_join *)join)->left)
    n++;
  return n;
}

/* The last join of the k-th table (from 1) of n that are joined. */
static const corm_join *join_of(const corm_mapper_def *def, uint32_t k, uint32_t n) {
  const corm_join *join = (const corm_join *)def->join;
  for (; n > k + 1; n--) join = (const corm_join *)join->left;
  return join;
}

static corm_table *table_of(const corm_mapper_def *def, uint32_t k, uint32_t n) {
  const corm_node *right = k ? join_of(def, k, n)->right : NULL;
  return right ? (corm_table *)(uintptr_t)((const corm_table_node *)right)->table
               : def->table; /* the node only reads */
}

/* Those of the parent, then its own; whose nodes are new: each class stands for a FROM of its own. */
static corm_status take_tables(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err) {
  const corm_mapper *parent = def->concrete ? NULL : def->parent;
  corm_arena *arena = &mapper->arena;
  const uint32_t above = parent ? parent->ntables : 0, own = count_tables(def), n = above + own;
  mapper->tables = corm_arena_zalloc(arena, n, sizeof *mapper->tables);
  if (!mapper->tables) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    corm_mapper_table *table = &mapper->tables[i];
    table->table = i < above ? parent->tables[i].table : table_of(def, i - above, own);
    table->slots = list_slots(arena, table->table, i < above ? &parent->tables[i] : NULL);
    table->nslots = (uint32_t)table->table->columns.len;
    table->from = def->selectable ? def->selectable : corm_table_node_in(arena, table->table);
    if (!table->slots || !table->from) return corm_error_memory(err);
  }
  mapper->ntables = n;
  mapper->selected = def->selectable != NULL;
  mapper->joined = def->join != NULL;
  mapper->table = mapper->tables[n - 1].table;
  if (n == 1) return CORM_OK;
  mapper->local = corm_table_node_in(arena, mapper->table);
  if (!mapper->local) return corm_error_memory(err);
  ((corm_table_node *)(uintptr_t)mapper->local)->owner = mapper; /* made above */
  return CORM_OK;
}

/* The ON clause between a class's own table and its parent's. Of what the host gives it speaks of the tables. */
static corm_status join_tables(corm_mapper *mapper, const corm_node *const *on, corm_error *err) {
  corm_arena *arena = &mapper->arena;
  mapper->from = mapper->united ? mapper->united : mapper->tables[0].from;
  for (uint32_t i = 1; i < mapper->ntables; i++) {
    mapper->from = corm_join_in(arena, mapper->from, mapper->tables[i].from, on[i], false, false);
    if (!mapper->from) return corm_error_memory(err);
  }
  for (uint32_t i = 0; mapper->ntables > 1 && i < mapper->ntables; i++)
    ((corm_table_node *)(uintptr_t)mapper->tables[i].from)->whole = mapper->from; /* made above */
  if (mapper->tables[0].from->kind == CORM_NODE_TABLE)
    ((corm_table_node *)(uintptr_t)mapper->tables[0].from)->owner = mapper;
  return CORM_OK;
}

/* on[i] joins the table of level i. */
static corm_status take_conditions(corm_mapper *mapper, const corm_mapper_def *def, const corm_node ***out,
                                   corm_error *err) {
  const uint32_t own = mapper->ntables - 1;
  const corm_node **on = *out = corm_arena_zalloc(&mapper->arena, mapper->ntables, sizeof *on);
  if (!on) return corm_error_memory(err);
  if (mapper->concrete) return CORM_OK;
  const corm_node *from = mapper->parent ? mapper->parent->from : NULL;
  for (uint32_t i = 1; def->join && i < mapper->ntables; i++) on[i] = join_of(def, i, mapper->ntables)->on;
  for (uint32_t i = mapper->parent ? mapper->parent->ntables : 1; i-- > 1; from = ((const corm_join *)from)->left)
    on[i] = ((const corm_join *)from)->on;
  if (!mapper->parent || !def->table) return CORM_OK;
  on[own] = def->on;
  if (def->on) return CORM_OK;
  corm_status status =
      corm_join_condition_in(&mapper->arena, mapper->tables[own - 1].from, mapper->tables[own].from, &on[own], err);
  if (status != CORM_OK && err->cls != CORM_E_MEMORY)
    corm_error_prefix(err,
                      "class %s: its table cannot be joined to that of %s (inherit_condition says how): ", mapper->name,
                      mapper->parent->name);
  return status;
}

/* -- columns -- */

/* The last one of the table. */
static uint32_t level_of(const corm_mapper *mapper, const corm_table *table) {
  uint32_t level = mapper->ntables - 1;
  while (level && mapper->tables[level].table != table) level--;
  return level;
}

/* Says that the column holds a slot of another table, too. */
static corm_status tie(corm_mapper *mapper, const corm_column *column, uint32_t slot, corm_error *err) {
  const uint32_t level = level_of(mapper, column->table);
  corm_attribute *attribute = &mapper->attributes[slot];
  corm_column **also = corm_arena_zalloc(&mapper->arena, mapper->ntables, sizeof *also);
  if (!also) return corm_error_memory(err);
  const corm_mapper *parent = mapper->parent;
  const bool inherited = parent && slot < parent->nattributes && attribute->also == parent->attributes[slot].also;
  if (attribute->also) memcpy(also, attribute->also, (inherited ? parent : mapper)->ntables * sizeof *also);
  also[level] = (corm_column *)(uintptr_t)column; /* the table's own */
  attribute->also = also;
  mapper->tables[level].slots[column->index] = slot;
  return CORM_OK;
}

/* What an equality ties to a slot of the tables before. */
static corm_status tie_sides(corm_mapper *mapper, uint32_t level, const corm_node *left, const corm_node *right,
                             corm_error *err) {
  if (left->kind != CORM_NODE_COLUMN || right->kind != CORM_NODE_COLUMN) return CORM_OK;
  const corm_column *near = ((const corm_column_node *)left)->column, *far = ((const corm_column_node *)right)->column;
  if (!near || !far || near->table != mapper->tables[level].table) return CORM_OK;
  const int32_t slot = corm_mapper_column_slot(mapper->parent ? mapper->parent : mapper, far);
  return slot < 0 ? CORM_OK : tie(mapper, near, (uint32_t)slot, err);
}

static corm_status tie_columns(corm_mapper *mapper, uint32_t level, const corm_node *on, corm_error *err) {
  corm_walk walk;
  corm_walk_init(&walk, &mapper->arena, on);
  corm_status status = CORM_OK;
  bool descend = true;
  const corm_node *node;
  while (status == CORM_OK && (node = corm_walk_next(&walk, descend)) != NULL) {
    const corm_binary *binary = node->kind == CORM_NODE_BINARY ? (const corm_binary *)node : NULL;
    descend = node->kind == CORM_NODE_GROUPING || node->kind == CORM_NODE_LIST || (binary && node->op == CORM_OP_AND);
    if (!binary || node->op != CORM_OP_EQ) continue;
    status = tie_sides(mapper, level, binary->left, binary->right, err);
    if (status == CORM_OK) status = tie_sides(mapper, level, binary->right, binary->left, err);
  }
  return status;
}

/* The number that an attribute of a concrete class has in common with its parent's of that name, or -1. */
static int32_t void_slot(const corm_mapper *mapper, const char *key) {
  for (uint32_t i = 0; mapper->concrete && i < mapper->parent->nattributes; i++)
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_VOID && strcmp(mapper->attributes[i].key, key) == 0)
      return (int32_t)i;
  return -1;
}

/* One column of the class itself. The room in `attributes` is there. */
static corm_status map_column(corm_mapper *mapper, const corm_attribute_def *def, corm_error *err) {
  const char *key = def->key ? def->key : def->column->key;
  const uint32_t level = level_of(mapper, def->column->table);
  const int32_t shared = void_slot(mapper, key);
  const uint32_t slot = shared < 0 ? mapper->nattributes : (uint32_t)shared;
  uint32_t *place = &mapper->tables[level].slots[def->column->index];
  const bool tied = *place != UINT32_MAX;
  const char *copy = corm_arena_dup(&mapper->arena, key, strlen(key));
  if (!copy) return corm_error_memory(err);
  if (tied && corm_mapper_slot(mapper, key, strlen(key)) == (int32_t)*place) return CORM_OK;
  if (mapper->parent && corm_map_gets(&mapper->by_key, key))
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "class %s: column %s.%s has the name of an attribute of %s; map it under another name",
                          mapper->name, mapper->table->fullname, def->column->name, mapper->parent->name);
  corm_status status = add_key(mapper, copy, tied ? *place : slot, err);
  if (status != CORM_OK || tied) return status;
  *place = slot;
  mapper->nattributes += shared < 0;
  mapper->nlater -= shared >= 0;
  mapper->attributes[slot] = (corm_attribute){.key = copy,
                                              .type = def->column->type,
                                              .column = def->column,
                                              .kind = CORM_ATTRIBUTE_COLUMN,
                                              .level = (uint8_t)level,
                                              .read_only = def->read_only,
                                              .active_history = def->active_history,
                                              .deferred = def->deferred,
                                              .raise = def->raise};
  mapper->nlater += def->deferred;
  corm_attribute *attribute = &mapper->attributes[slot];
  attribute->group = def->group ? corm_arena_dup(&mapper->arena, def->group, strlen(def->group)) : NULL;
  return def->group && !attribute->group ? corm_error_memory(err) : CORM_OK;
}

/* Nobody has the parent's attributes until they are declared; `nlater` counts what no query reads. */
static void leave_void(corm_mapper *mapper) {
  for (uint32_t i = 0; i < mapper->nattributes; i++)
    mapper->attributes[i] = (corm_attribute){.key = mapper->attributes[i].key,
                                             .type = corm_type_default(CORM_TYPE_NULLTYPE),
                                             .kind = CORM_ATTRIBUTE_VOID,
                                             .read_only = true};
  mapper->nlater = mapper->nattributes;
}

/* The class has more tables than its parent, in which the same values may stand. */
static bool make_room_for_ties(corm_mapper *mapper) {
  const uint32_t had = mapper->parent->ntables;
  for (uint32_t i = 0; mapper->ntables > had && i < mapper->nattributes; i++) {
    corm_attribute *attribute = &mapper->attributes[i];
    if (!attribute->also) continue;
    corm_column **also = corm_arena_zalloc(&mapper->arena, mapper->ntables, sizeof *also);
    if (!also) return false;
    memcpy(also, attribute->also, had * sizeof *also);
    attribute->also = also;
  }
  return true;
}

static corm_status inherit(corm_mapper *mapper, corm_error *err) {
  const corm_mapper *parent = mapper->parent;
  if (!parent) return CORM_OK;
  memcpy(mapper->attributes, parent->attributes, parent->nattributes * sizeof *mapper->attributes);
  mapper->nattributes = parent->nattributes;
  mapper->nlater = parent->nlater;
  if (mapper->concrete) {
    leave_void(mapper);
    return CORM_OK;
  }
  mapper->nexpressions = parent->nexpressions;
  if (!make_room_for_ties(mapper)) return corm_error_memory(err);
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&parent->by_key, &pos)) != NULL;) {
    if ((uintptr_t)entry->value > parent->nattributes) continue; /* a relationship */
    const char *key = entry->key;
    corm_status status = add_key(mapper, key, (uintptr_t)entry->value - 1, err);
    if (status != CORM_OK) return status;
  }
  return CORM_OK;
}

/* Table by table: what a condition ties to a table before is that one's attribute. */
static corm_status map_join(corm_mapper *mapper, const corm_mapper_def *def, const corm_node *const *on,
                            corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t level = 0; status == CORM_OK && level < mapper->ntables; level++) {
    if (level) status = tie_columns(mapper, level, on[level], err);
    for (uint32_t i = 0; status == CORM_OK && i < def->nattributes; i++) {
      const corm_attribute_def *attribute = &def->attributes[i];
      if (level_of(mapper, attribute->column->table) != level) continue;
      status = map_column(mapper, attribute, err);
      const int32_t slot = corm_mapper_column_slot(mapper, attribute->column);
      for (uint32_t k = 0; status == CORM_OK && k < attribute->nalso; k++)
        status = tie(mapper, attribute->also[k], (uint32_t)slot, err);
    }
  }
  return status;
}

static corm_status map_columns(corm_mapper *mapper, const corm_mapper_def *def, const corm_node *const *on,
                               corm_error *err) {
  const uint32_t own = def->attributes ? def->nattributes : def->table ? (uint32_t)def->table->columns.len : 0;
  const uint32_t above = mapper->parent ? mapper->parent->nattributes : 0;
  mapper->attributes = corm_arena_zalloc(&mapper->arena, above + own + 1, sizeof *mapper->attributes);
  if (!mapper->attributes) return corm_error_memory(err);
  corm_status status = inherit(mapper, err);
  if (def->join) return status == CORM_OK ? map_join(mapper, def, on, err) : status;
  const uint32_t last = mapper->ntables - 1;
  if (status == CORM_OK && mapper->root != mapper && def->table) status = tie_columns(mapper, last, on[last], err);
  for (uint32_t i = 0; status == CORM_OK && i < own; i++) {
    const corm_attribute_def all = {.column = def->attributes ? NULL : def->table->columns.items[i]};
    status = map_column(mapper, def->attributes ? &def->attributes[i] : &all, err);
  }
  return status;
}

/* -- which class a row is of -- */

corm_mapper *corm_mapper_identified(corm_mapper *root, const corm_value *identity) {
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&root->registry->classes, &pos)) != NULL;) {
    corm_mapper *mapper = entry->value;
    if (corm_mapper_isa(mapper, root) && mapper->identity.kind != CORM_ABSENT &&
        corm_value_equal(&mapper->identity, identity))
      return mapper;
  }
  return NULL;
}

static corm_status refuse_name(const corm_mapper *mapper, const char *option, const char *name, corm_error *err) {
  const char *nearest = corm_mapper_nearest(mapper, name);
  (void)corm_error_set(err, CORM_E_ARGUMENT, "class %s: %s names no attribute: '%s'", mapper->name, option, name);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

static corm_status take_identity(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err) {
  mapper->discriminator = mapper->root != mapper ? mapper->parent->discriminator : -1;
  if (def->discriminator) {
    mapper->discriminator = corm_mapper_slot(mapper, def->discriminator, strlen(def->discriminator));
    if (mapper->discriminator < 0) return refuse_name(mapper, "polymorphic_on", def->discriminator, err);
  }
  if (!def->identity) return CORM_OK;
  if (mapper->discriminator < 0 && !mapper->united && !mapper->concrete)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "class %s: polymorphic_identity without polymorphic_on, here or in a class above",
                          mapper->name);
  return corm_heritage_identify(mapper, def->identity, err);
}

/* -- the whole -- */

static corm_status take_rules(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err) {
  const corm_mapper *parent = mapper->concrete ? NULL : mapper->parent;
  mapper->rules = parent ? parent->rules : def->rules;
  mapper->version = parent ? parent->version : -1;
  if (!def->version) return CORM_OK;
  mapper->version = corm_mapper_slot(mapper, def->version, strlen(def->version));
  if (mapper->version < 0) return refuse_name(mapper, "version_id_col", def->version, err);
  corm_attribute *attribute = &mapper->attributes[mapper->version];
  attribute->active_history = true;
  if (attribute->primary_key)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s: version_id_col cannot be part of the primary key",
                          mapper->name);
  if (mapper->rules.version_kind == CORM_VERSION_COUNTED && corm_type_value_kind(attribute->type) != CORM_INT)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "class %s: version_id_col '%s' is no integer to be counted; give a version_id_generator",
                          mapper->name, def->version);
  return CORM_OK;
}

/* The classes above whose queries have to look for classes below. */
static void note_wide(corm_mapper *mapper) {
  for (corm_mapper *above = mapper->parent; above; above = above->parent)
    if (mapper->selectin || (mapper->inline_of && corm_mapper_isa(above, mapper->inline_of))) above->widens = true;
}

static corm_status build(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err) {
  corm_arena *arena = &mapper->arena;
  corm_mapper *parent = mapper->parent;
  const corm_node **on = NULL;
  mapper->name = corm_arena_dup(arena, def->name, strlen(def->name));
  if (!mapper->name) return corm_error_memory(err);
  mapper->united_type = def->united ? corm_arena_dup(arena, def->united_type, strlen(def->united_type)) : NULL;
  if (def->united && !mapper->united_type) return corm_error_memory(err);
  mapper->id_seed = parent && !def->concrete ? parent->id_seed : corm_hash_bytes(def->name, strlen(def->name), 0);
  corm_status status = take_tables(mapper, def, err);
  if (status == CORM_OK) status = take_conditions(mapper, def, &on, err);
  if (status == CORM_OK) status = map_columns(mapper, def, on, err);
  if (status == CORM_OK) status = corm_mapper_take_key(mapper, def, err);
  if (status == CORM_OK) status = take_identity(mapper, def, err);
  if (status == CORM_OK) status = take_rules(mapper, def, err);
  if (status == CORM_OK) status = join_tables(mapper, on, err);
  if (status == CORM_OK && parent) status = corm_heritage_take(mapper, err);
  if (status == CORM_OK && mapper->nexpressions) status = corm_mapper_take_expressions(mapper, err);
  if (status == CORM_OK) status = corm_heritage_number(mapper, err);
  if (status != CORM_OK) return status;
  corm_mapper_note_types(mapper);
  mapper->bundle = (const corm_bundle *)corm_mapper_bundle_in(arena, mapper, mapper->from);
  mapper->own = mapper->bundle;
  if (mapper->united) mapper->own = (const corm_bundle *)corm_mapper_bundle_in(arena, mapper, mapper->tables[0].from);
  if (!mapper->bundle || !mapper->own) return corm_error_memory(err);
  if (corm_map_puts(&mapper->registry->classes, mapper->name, mapper) != CORM_OK) return corm_error_memory(err);
  if (parent && corm_vec_push(&parent->children, mapper) != CORM_OK) return corm_error_memory(err);
  mapper->inline_of = def->inline_of;
  mapper->selectin = def->selectin;
  note_wide(mapper);
  mapper->registry->configured = false;
  return corm_heritage_restrict(mapper, err);
}

corm_status corm_mapper_unite(corm_mapper *mapper, const corm_node *element, corm_error *err) {
  corm_alias *alias = (corm_alias *)(uintptr_t)mapper->united; /* the class's own */
  const corm_node *before = alias->element;
  uint32_t n;
  if (element) alias->element = element;
  const corm_mapper **classes = corm_polymorphic_classes_in(&mapper->arena, mapper, NULL, 0, &n);
  const corm_node *from = mapper->from, *bundle = NULL;
  if (classes) bundle = corm_polymorphic_bundle_in(&mapper->arena, mapper, classes, n, from, from, NULL);
  if (!bundle) {
    alias->element = before;
    return corm_error_memory(err);
  }
  *(corm_bundle *)(uintptr_t)mapper->bundle = *(const corm_bundle *)bundle; /* made by this file, seen by statements */
  mapper->widens = true;
  return CORM_OK;
}

corm_status corm_mapper_new(const corm_mem *mem, corm_registry *registry, const corm_mapper_def *def, corm_mapper **out,
                            corm_error *err) {
  corm_status status = check_def(registry, def, err);
  if (status != CORM_OK) return status;
  corm_mapper *mapper = corm_mem_zalloc(mem, 1, sizeof *mapper);
  if (!mapper) return corm_error_memory(err);
  mapper->mem = mem;
  mapper->registry = registry;
  mapper->parent = def->parent;
  mapper->concrete = def->concrete;
  mapper->united = def->united;
  mapper->root = def->parent && !def->concrete ? def->parent->root : mapper;
  mapper->depth = def->parent ? def->parent->depth + 1 : 0;
  mapper->discriminator = mapper->version = -1;
  corm_arena_init(&mapper->arena, mem);
  corm_vec_init(&mapper->children, mem);
  corm_vec_init(&mapper->relationships, mem);
  corm_vec_init(&mapper->referrers, mem);
  corm_map_init(&mapper->by_key, mem);
  status = build(mapper, def, err);
  if (status == CORM_OK)
    *out = mapper;
  else
    corm_mapper_free(mapper);
  return status;
}

corm_status corm_mapper_add_column(corm_mapper *mapper, const corm_attribute_def *def, corm_error *err) {
  const char *key = def->key;
  const uint32_t n = mapper->nattributes;
  corm_arena *arena = &mapper->arena;
  if (mapper->sql)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "%s has been loaded already: no column can be added any more",
                          mapper->name);
  if (def->column->primary_key)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s: a primary key cannot be added to a mapped class", mapper->name,
                          key);
  if (mapper->children.len)
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "%s.%s: %s inherits from it already: no column can be added",
                          mapper->name, key, ((const corm_mapper *)mapper->children.items[0])->name);
  corm_mapper_table *table = &mapper->tables[mapper->ntables - 1];
  corm_attribute *attributes = corm_arena_zalloc(arena, n + 2, sizeof *attributes);
  uint32_t *slots = list_slots(arena, table->table, table);
  if (!attributes || !slots) return corm_error_memory(err);
  memcpy(attributes, mapper->attributes, n * sizeof *attributes);
  mapper->attributes = attributes;
  table->slots = slots;
  table->nslots = (uint32_t)table->table->columns.len;
  corm_status status = map_column(mapper, def, err);
  if (status != CORM_OK) return status;
  corm_mapper_note_types(mapper);
  mapper->registry->configured = false;
  mapper->configured = false;
  return corm_mapper_remake(mapper, err);
}

/* It need not stand there yet. */
static void leave_parent(corm_mapper *mapper) {
  if (!mapper->parent) return;
  corm_vec *children = &mapper->parent->children;
  size_t kept = 0;
  for (size_t i = 0; i < children->len; i++)
    if (children->items[i] != mapper) children->items[kept++] = children->items[i];
  children->len = kept;
}

static void leave_registry(corm_mapper *mapper) {
  corm_map *classes = &mapper->registry->classes;
  if (mapper->name && corm_map_gets(classes, mapper->name) == mapper)
    corm_map_remove(classes, mapper->name, strlen(mapper->name));
  leave_parent(mapper);
}

void corm_mapper_forget(corm_mapper *mapper) {
  corm_error ignored;
  corm_error_init(&ignored);
  leave_registry(mapper);
  /* Without memory for less its parents see rows of one identity more, which nobody can make. */
  if (mapper->parent && corm_heritage_restrict(mapper->parent, &ignored) != CORM_OK) corm_error_clear(&ignored);
}

void corm_mapper_free(corm_mapper *mapper) {
  if (!mapper) return;
  leave_registry(mapper);
  for (size_t i = 0; i < mapper->children.len; i++) /* which are freed later, in the same garbage */
    ((corm_mapper *)mapper->children.items[i])->parent = NULL;
  corm_relationships_leave(mapper, NULL);
  corm_relationships_lose(mapper);
  corm_mapper_free_sql(mapper);
  corm_vec_clear(&mapper->children);
  corm_vec_clear(&mapper->relationships);
  corm_vec_clear(&mapper->referrers);
  corm_map_clear(&mapper->by_key);
  corm_arena_clear(&mapper->arena);
  corm_mem_free(mapper->mem, mapper);
}

corm_status corm_mapper_refuse_write(const corm_mapper *mapper, corm_error *err) {
  corm_error_set(err, CORM_E_INVALID_REQUEST, "%s is mapped to a select: its objects are read, and cannot be written",
                 mapper->name);
  corm_error_hint(err, "a relationship to it or from it wants viewonly = true");
  return CORM_FAILED;
}

/* -- names -- */

int32_t corm_mapper_slot(const corm_mapper *mapper, const char *key, size_t len) {
  uintptr_t number = (uintptr_t)corm_map_get(&mapper->by_key, key, len);
  return number && number <= mapper->nattributes ? (int32_t)(number - 1) : -1;
}

int32_t corm_mapper_column_slot(const corm_mapper *mapper, const corm_column *column) {
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    const corm_mapper_table *table = &mapper->tables[t];
    if (table->table != column->table) continue;
    const uint32_t slot = column->index < table->nslots ? table->slots[column->index] : UINT32_MAX;
    return slot == UINT32_MAX ? -1 : (int32_t)slot;
  }
  return -1;
}

bool corm_mapper_is_between_levels(const corm_mapper *mapper, const corm_constraint *key) {
  if (mapper->ntables == 1) return false;
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    const int32_t slot = corm_mapper_column_slot(mapper, key->columns[i]);
    if (slot < 0 || slot != corm_mapper_column_slot(mapper, key->target_columns[i])) return false;
  }
  return true;
}

corm_column *corm_mapper_level_column(const corm_mapper *mapper, uint32_t level, uint32_t slot) {
  const corm_attribute *attribute = &mapper->attributes[slot];
  if (!attribute->column) return NULL;
  if (attribute->level == level) return attribute->column;
  return attribute->also ? attribute->also[level] : NULL;
}

corm_relationship *corm_mapper_relationship(const corm_mapper *mapper, const char *key, size_t len) {
  uintptr_t number = (uintptr_t)corm_map_get(&mapper->by_key, key, len);
  return number > mapper->nattributes ? mapper->relationships.items[number - 1 - mapper->nattributes] : NULL;
}

const char *corm_mapper_nearest(const corm_mapper *mapper, const char *key) {
  const char *names[128]; /* a class with more names than that gets its hint from the first ones */
  size_t n = 0;
  const corm_map_entry *entry;
  for (size_t pos = 0; n < 128 && (entry = corm_map_next(&mapper->by_key, &pos)) != NULL;) names[n++] = entry->key;
  return corm_name_nearest(key, names, n);
}
