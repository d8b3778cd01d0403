#include "orm/relationship.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sql/adapt.h"

/* -- cascades -- */

static const struct {
  const char *name;
  uint32_t flags;
} cascade_words[] = {
    {"all", CORM_CASCADE_ALL},
    {"none", 0},
    {"save-update", CORM_CASCADE_SAVE_UPDATE},
    {"merge", CORM_CASCADE_MERGE},
    {"delete", CORM_CASCADE_DELETE},
    {"delete-orphan", CORM_CASCADE_DELETE_ORPHAN},
    {"refresh-expire", CORM_CASCADE_REFRESH_EXPIRE},
    {"expunge", CORM_CASCADE_EXPUNGE},
};
enum { CASCADE_WORDS = sizeof cascade_words / sizeof *cascade_words };

static corm_status cascade_unknown(const char *word, size_t len, corm_error *err) {
  const char *names[CASCADE_WORDS];
  char copy[64];
  if (len >= sizeof copy) len = sizeof copy - 1;
  memcpy(copy, word, len);
  copy[len] = '\0';
  for (size_t i = 0; i < CASCADE_WORDS; i++) names[i] = cascade_words[i].name;
  corm_error_set(err, CORM_E_ARGUMENT, "Invalid cascade option: '%s'", copy);
  const char *nearest = corm_name_nearest(copy, names, CASCADE_WORDS);
  if (nearest)
    corm_error_hint(err, "did you mean '%s'?", nearest);
  else
    corm_error_hint(err, "options: all, save-update, merge, delete, delete-orphan, refresh-expire, expunge");
  return CORM_FAILED;
}

corm_status corm_cascade_parse(const char *text, uint32_t *out, corm_error *err) {
  uint32_t flags = 0;
  for (const char *p = text + strspn(text, " \t,"); *p; p += strspn(p, " \t,")) {
    const size_t len = strcspn(p, " \t,");
    size_t i = 0;
    while (i < CASCADE_WORDS && (strlen(cascade_words[i].name) != len || memcmp(cascade_words[i].name, p, len) != 0))
      i++;
    if (i == CASCADE_WORDS) return cascade_unknown(p, len, err);
    flags |= cascade_words[i].flags;
    p += len;
  }
  *out = flags;
  return CORM_OK;
}

/* -- declaration -- */

static const uint32_t writing_cascades = CORM_CASCADE_SAVE_UPDATE | CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN;

static corm_status check_def(const corm_mapper *parent, const corm_relationship_def *def, corm_error *err) {
  const char *class = parent->name;
  if (corm_map_gets(&parent->by_key, def->key))
    return corm_error_set(err, CORM_E_ARGUMENT, "%s has two attributes named '%s'", class, def->key);
  if (!def->target && !def->target_mapper)
    return corm_error_set(err, CORM_E_ARGUMENT, "relationship %s.%s names no class", class, def->key);
  if (def->viewonly && (def->cascade & (CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN)))
    return corm_error_set(
        err, CORM_E_ARGUMENT,
        "Cascade settings \"delete\" and \"delete-orphan\" apply to persistence operations and cannot "
        "be combined with viewonly = true on relationship %s.%s",
        class, def->key);
  if ((def->cascade & CORM_CASCADE_DELETE_ORPHAN) && !(def->cascade & CORM_CASCADE_DELETE))
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "On %s.%s, the 'delete-orphan' cascade option requires 'delete': cascade = \"all, "
                          "delete-orphan\"",
                          class, def->key);
  if (def->secondaryjoin && !def->secondary)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "Property %s.%s specified with secondaryjoin condition but no secondary argument", class,
                          def->key);
  if (def->passive_deletes == CORM_PASSIVE_ALL && (def->cascade & (CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN)))
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "On %s.%s, can't set passive_deletes = \"all\" in conjunction with 'delete' or "
                          "'delete-orphan' cascade",
                          class, def->key);
  return CORM_OK;
}

static const char *dup_name(corm_arena *arena, const char *name) {
  return name ? corm_arena_dup(arena, name, strlen(name)) : NULL;
}

static const void *dup_list(corm_arena *arena, const void *list, uint32_t n) {
  void *copy = n ? corm_arena_zalloc(arena, n, sizeof(void *)) : NULL;
  if (copy) memcpy(copy, list, n * sizeof(void *));
  return copy;
}

/* The column of the secondary table that a column of what it stands for is; those of a join have the name of their
   table in front. NULL: it is none of these. */
static const corm_column *secondary_column(const corm_relationship_def *def, const corm_column_node *node) {
  const corm_node *from = def->secondary_from;
  char name[256];
  if (node->from == from) return corm_map_gets(&def->secondary->by_key, node->key);
  if (from->kind != CORM_NODE_JOIN || !node->from || node->from->kind != CORM_NODE_TABLE) return NULL;
  const int n = snprintf(name, sizeof name, "%s_%s", ((const corm_table_node *)node->from)->table->name, node->key);
  return n > 0 && n < (int)sizeof name ? corm_map_gets(&def->secondary->by_key, name) : NULL;
}

typedef struct speech {
  const corm_relationship_def *def;
  const corm_mapper
      *beside; /* the class that the condition joins: its own columns are meant where a join has them, too */
} speech;

static const corm_node *of_secondary(corm_arena *arena, void *ctx, const corm_column_node *node) {
  const speech *s = ctx;
  const corm_relationship_def *def = s->def;
  const corm_table *own =
      node->from && node->from->kind == CORM_NODE_TABLE ? ((const corm_table_node *)node->from)->table : NULL;
  if (own && corm_mapper_has_table(s->beside, own)) return &node->base;
  const corm_column *column = secondary_column(def, node);
  if (!column) return &node->base;
  corm_column_node *made =
      (corm_column_node *)(uintptr_t)corm_column_node_in(arena, column, corm_table_node_in(arena, def->secondary));
  if (made) made->base.flags |= node->base.flags & (CORM_COLUMN_FOREIGN | CORM_COLUMN_REMOTE);
  return made ? &made->base : NULL;
}

static corm_status speak_of_secondary(corm_relationship *relationship, corm_error *err) {
  corm_relationship_def *def = &relationship->def;
  corm_arena *arena = &relationship->parent->arena;
  speech near = {def, relationship->parent}, far = {def, relationship->target};
  if (!def->secondary_from) return CORM_OK;
  arena->failed = false; /* what failed before is over */
  if (def->primaryjoin) def->primaryjoin = corm_adapt_columns_in(arena, def->primaryjoin, of_secondary, &near);
  if (def->secondaryjoin) def->secondaryjoin = corm_adapt_columns_in(arena, def->secondaryjoin, of_secondary, &far);
  for (uint32_t i = 0; i < def->norder_by; i++)
    ((const corm_node **)(uintptr_t)def->order_by)[i] = /* copied by copy_def */
        corm_adapt_columns_in(arena, def->order_by[i], of_secondary, &far);
  return arena->failed ? corm_error_memory(err) : CORM_OK;
}

static void copy_def(corm_arena *arena, const corm_relationship_def *def, corm_relationship_def *out) {
  *out = *def;
  out->key = dup_name(arena, def->key);
  out->target = dup_name(arena, def->target);
  out->back_populates = dup_name(arena, def->back_populates);
  out->overlaps = dup_name(arena, def->overlaps);
  out->foreign_keys = dup_list(arena, def->foreign_keys, def->nforeign_keys);
  out->remote_side = dup_list(arena, def->remote_side, def->nremote_side);
  out->order_by = dup_list(arena, def->order_by, def->norder_by);
}

corm_relationship *corm_relationship_void(corm_mapper *mapper, const corm_relationship *of) {
  corm_relationship *none = corm_arena_zalloc(&mapper->arena, 1, sizeof *none);
  if (!none) return NULL;
  none->is_void = true;
  none->key = none->def.key = of->key; /* which lives as long as the class above */
  none->def.viewonly = true;
  none->def.lazy = CORM_LAZY_NOLOAD;
  none->parent = none->target = mapper;
  none->index = of->index;
  none->direction = CORM_MANY_TO_ONE;
  return none;
}

/* Behind the others, or at the number of the parent's that a concrete class declares anew. */
static corm_status place(corm_mapper *parent, corm_relationship *relationship, corm_error *err) {
  corm_vec *list = &parent->relationships;
  for (size_t i = 0; i < list->len; i++) {
    const corm_relationship *other = list->items[i];
    if (!other->is_void || strcmp(other->key, relationship->key) != 0) continue;
    relationship->index = (uint32_t)i;
    list->items[i] = relationship;
    return CORM_OK;
  }
  relationship->index = (uint32_t)list->len;
  return corm_vec_push(list, relationship) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

/* It has not come to be. */
static void displace(corm_mapper *parent, corm_relationship *relationship) {
  if (relationship->index + (size_t)1 == parent->relationships.len)
    parent->relationships.len--;
  else
    relationship->is_void = true;
}

corm_status corm_relationship_new(corm_mapper *parent, const corm_relationship_def *def, corm_relationship **out,
                                  corm_error *err) {
  corm_arena *arena = &parent->arena;
  corm_status status = check_def(parent, def, err);
  if (status != CORM_OK) return status;
  corm_relationship *relationship = corm_arena_zalloc(arena, 1, sizeof *relationship);
  if (!relationship) return corm_error_memory(err);
  arena->failed = false; /* what failed before is over */
  copy_def(arena, def, &relationship->def);
  if (arena->failed) return corm_error_memory(err);
  relationship->key = relationship->def.key;
  relationship->parent = parent;
  relationship->cascade = def->viewonly ? def->cascade & ~writing_cascades : def->cascade;
  if (place(parent, relationship, err) != CORM_OK) return CORM_FAILED;
  const uintptr_t number = parent->nattributes + relationship->index + 1;
  if (corm_map_puts(&parent->by_key, def->key, (void *)number) != CORM_OK) {
    displace(parent, relationship);
    return corm_error_memory(err);
  }
  if (corm_mapper_hand_down(parent, relationship, err) != CORM_OK) {
    displace(parent, relationship);
    corm_map_remove(&parent->by_key, def->key, strlen(def->key));
    return CORM_FAILED;
  }
  parent->configured = false;
  parent->registry->configured = false;
  *out = relationship;
  return CORM_OK;
}

/* -- finding the target and the columns -- */

static corm_status find_target(const corm_relationship *relationship, corm_mapper **out, corm_error *err) {
  const corm_map *classes = &relationship->parent->registry->classes;
  const char *name = relationship->def.target;
  *out = relationship->def.target_mapper ? relationship->def.target_mapper : corm_map_gets(classes, name);
  if (*out) return CORM_OK;
  corm_error_set(
      err, CORM_E_INVALID_REQUEST,
      "When initializing mapper %s, relationship %s.%s failed to locate a class named '%s'; define it before "
      "the first use of %s",
      relationship->parent->name, relationship->parent->name, relationship->key, name, relationship->parent->name);
  const char *names[128];
  size_t n = 0;
  const corm_map_entry *entry;
  for (size_t pos = 0; n < 128 && (entry = corm_map_next(classes, &pos)) != NULL;) names[n++] = entry->key;
  const char *nearest = corm_name_nearest(name, names, n);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

/* Of the columns of a joined class that are one attribute (the key of each of its tables) any stands for the others. */
static bool is_same(const corm_mapper *mapper, const corm_column *a, const corm_column *b) {
  if (a == b) return true;
  const int32_t slot = corm_mapper_column_slot(mapper, a);
  return slot >= 0 && slot == corm_mapper_column_slot(mapper, b);
}

static bool lists(const corm_mapper *mapper, corm_column *const *columns, uint32_t n, const corm_column *column) {
  for (uint32_t i = 0; i < n; i++)
    if (is_same(mapper, columns[i], column)) return true;
  return false;
}

static bool lists_any(const corm_mapper *mapper, corm_column *const *columns, uint32_t n, corm_column *const *wanted,
                      uint32_t nwanted) {
  for (uint32_t i = 0; i < nwanted; i++)
    if (lists(mapper, columns, n, wanted[i])) return true;
  return false;
}

static bool lists_all(const corm_mapper *mapper, corm_column *const *columns, uint32_t n, corm_column *const *wanted,
                      uint32_t nwanted) {
  for (uint32_t i = 0; i < nwanted; i++)
    if (!lists(mapper, columns, n, wanted[i])) return false;
  return nwanted > 0;
}

/* Keeps the constraints that foreign_keys allows. */
static void choose(const corm_relationship *relationship, corm_vec *found) {
  const corm_relationship_def *def = &relationship->def;
  size_t kept = 0;
  for (size_t i = 0; def->nforeign_keys && i < found->len; i++) {
    const corm_constraint *constraint = found->items[i];
    if (lists_all(relationship->target, def->foreign_keys, def->nforeign_keys, constraint->columns,
                  constraint->ncolumns))
      found->items[kept++] = found->items[i];
  }
  if (def->nforeign_keys) found->len = kept;
}

static corm_status none_found(const corm_relationship *relationship, const corm_table *a, const corm_table *b,
                              corm_error *err) {
  return corm_error_set(err, CORM_E_NO_FOREIGN_KEYS,
                        "Could not determine join condition between parent/child tables on relationship %s.%s - there "
                        "are no foreign keys linking the tables '%s' and '%s'.  Ensure that %s columns are associated "
                        "with a ForeignKey or ForeignKeyConstraint, or specify a 'primaryjoin' expression",
                        relationship->parent->name, relationship->key, a->fullname, b->fullname,
                        relationship->def.nforeign_keys ? "the foreign_keys" : "referencing");
}

static corm_status several_found(const corm_relationship *relationship, const char *tables, const char *parameter,
                                 const char *which, corm_error *err) {
  corm_status status =
      corm_error_set(err, CORM_E_AMBIGUOUS_FOREIGN_KEYS,
                     "Could not determine join condition between %s tables on relationship %s.%s - there are multiple "
                     "foreign key paths "
                     "linking the tables.  Specify the '%s' argument, providing a list of those columns which %s",
                     tables, relationship->parent->name, relationship->key, parameter, which);
  corm_error_hint(err, "%s = { ... }", parameter);
  return status;
}

/* The foreign keys of `from` that refer to `to`, appended, twice the same at most once. */
static corm_status foreign_keys(corm_table *from, const corm_table *to, corm_vec *out, corm_error *err) {
  const size_t had = out->len;
  corm_status status = corm_table_foreign_keys_to(from, to, out, err);
  for (size_t i = had; status == CORM_OK && i < out->len; i++) {
    const corm_constraint *a = out->items[i];
    for (size_t k = had; k < i; k++) {
      const corm_constraint *b = out->items[k];
      if (a->ncolumns != b->ncolumns || memcmp(a->columns, b->columns, a->ncolumns * sizeof(void *)) != 0 ||
          memcmp(a->target_columns, b->target_columns, a->ncolumns * sizeof(void *)) != 0)
        continue;
      corm_vec_remove(out, i--);
      break;
    }
  }
  return status;
}

static corm_status unmapped(const corm_relationship *relationship, const corm_column *column, corm_error *err) {
  return corm_error_set(err, CORM_E_ARGUMENT, "relationship %s.%s needs column '%s.%s', which is not mapped",
                        relationship->parent->name, relationship->key, column->table->fullname, column->name);
}

static corm_status set_pairs(corm_relationship *relationship, corm_column *const *near, corm_column *const *far,
                             uint32_t n, corm_error *err) {
  relationship->pairs = corm_arena_zalloc(&relationship->parent->arena, n, sizeof *relationship->pairs);
  if (!relationship->pairs) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    int32_t a = corm_mapper_column_slot(relationship->parent, near[i]);
    int32_t b = corm_mapper_column_slot(relationship->target, far[i]);
    if (a < 0 || b < 0) return unmapped(relationship, a < 0 ? near[i] : far[i], err);
    relationship->pairs[i] = (corm_pair){(uint32_t)a, (uint32_t)b};
  }
  relationship->npairs = n;
  return CORM_OK;
}

/* A self-referential foreign key points both ways: remote_side tells which end is far. */
static corm_status self_direction(corm_relationship *relationship, const corm_constraint *key, corm_error *err) {
  const corm_relationship_def *def = &relationship->def;
  const corm_mapper *target = relationship->target;
  relationship->direction = CORM_ONE_TO_MANY;
  if (!def->nremote_side || lists_all(target, def->remote_side, def->nremote_side, key->columns, key->ncolumns))
    return CORM_OK;
  if (lists_all(target, def->remote_side, def->nremote_side, key->target_columns, key->ncolumns)) {
    relationship->direction = CORM_MANY_TO_ONE;
    return CORM_OK;
  }
  return corm_error_set(err, CORM_E_ARGUMENT,
                        "remote_side of the self-referential relationship %s.%s must name the referenced columns (for "
                        "the many-to-one side) or the foreign key columns (for the one-to-many side)",
                        relationship->parent->name, relationship->key);
}

static corm_status check_remote_side(const corm_relationship *relationship, corm_column *const *far, uint32_t n,
                                     corm_error *err) {
  const corm_relationship_def *def = &relationship->def;
  for (uint32_t i = 0; i < def->nremote_side; i++) {
    if (lists(relationship->target, far, n, def->remote_side[i])) continue;
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "remote_side of relationship %s.%s names column '%s.%s', which is not on the far side of its "
                          "foreign key",
                          relationship->parent->name, relationship->key, def->remote_side[i]->table->fullname,
                          def->remote_side[i]->name);
  }
  return CORM_OK;
}

/* From `a`'s tables to those of `b`. */
static bool leads(const corm_constraint *key, const corm_mapper *a, const corm_mapper *b) {
  return corm_mapper_has_table(a, key->table) && corm_mapper_has_table(b, key->target_columns[0]->table);
}

static corm_status use_key(corm_relationship *relationship, const corm_constraint *key, corm_error *err) {
  const corm_mapper *parent = relationship->parent, *target = relationship->target;
  corm_status status = CORM_OK;
  const bool there = leads(key, parent, target);
  if (there && leads(key, target, parent))
    status = self_direction(relationship, key, err);
  else
    relationship->direction = there ? CORM_MANY_TO_ONE : CORM_ONE_TO_MANY;
  if (status != CORM_OK) return status;
  const bool to_one = relationship->direction == CORM_MANY_TO_ONE;
  corm_column *const *near = to_one ? key->columns : key->target_columns;
  corm_column *const *far = to_one ? key->target_columns : key->columns;
  status = check_remote_side(relationship, far, key->ncolumns, err);
  return status == CORM_OK ? set_pairs(relationship, near, far, key->ncolumns, err) : status;
}

/* Those between the tables of two classes, without what ties the tables of one of them. */
static corm_status keys_between(const corm_mapper *a, const corm_mapper *b, corm_vec *keys, corm_error *err) {
  corm_status status = CORM_OK;
  size_t kept = keys->len;
  for (uint32_t i = 0; status == CORM_OK && i < a->ntables; i++)
    for (uint32_t k = 0; status == CORM_OK && k < b->ntables; k++)
      status = foreign_keys(a->tables[i].table, b->tables[k].table, keys, err);
  for (size_t i = kept; i < keys->len; i++) {
    const corm_constraint *key = keys->items[i];
    if (corm_mapper_is_between_levels(a, key) || corm_mapper_is_between_levels(b, key)) continue;
    size_t same = 0;
    while (same < kept && keys->items[same] != key) same++;
    if (same == kept) keys->items[kept++] = keys->items[i];
  }
  keys->len = kept;
  return status;
}

/* Of several, those of the class's own table come before those of the tables above it. */
static void prefer_own(const corm_mapper *mapper, corm_vec *keys) {
  size_t own = 0;
  for (size_t i = 0; i < keys->len; i++) {
    const corm_constraint *key = keys->items[i];
    own += key->table == mapper->table || key->target_columns[0]->table == mapper->table;
  }
  if (!own || keys->len < 2 || mapper->ntables == 1) return;
  size_t kept = 0;
  for (size_t i = 0; i < keys->len; i++) {
    const corm_constraint *key = keys->items[i];
    if (key->table == mapper->table || key->target_columns[0]->table == mapper->table)
      keys->items[kept++] = keys->items[i];
  }
  keys->len = kept;
}

static corm_status find_direct(corm_relationship *relationship, corm_vec *keys, corm_error *err) {
  const corm_mapper *parent = relationship->parent, *target = relationship->target;
  if (relationship->def.primaryjoin) return corm_relationship_use_condition(relationship, false, err);
  corm_status status = keys_between(parent, target, keys, err);
  if (status == CORM_OK) status = keys_between(target, parent, keys, err);
  if (status != CORM_OK) return status;
  choose(relationship, keys);
  prefer_own(parent, keys);
  prefer_own(target, keys);
  if (!keys->len) return none_found(relationship, parent->table, target->table, err);
  if (keys->len > 1)
    return several_found(relationship, "parent/child", "foreign_keys",
                         "should be counted as containing a foreign key reference to the parent table", err);
  return use_key(relationship, keys->items[0], err);
}

/* -- many-to-many -- */

static corm_status set_secondary(corm_relationship *relationship, const corm_constraint *key, const corm_mapper *mapper,
                                 corm_secondary_pair **out, uint32_t *n, corm_error *err) {
  corm_secondary_pair *pairs = corm_arena_zalloc(&relationship->parent->arena, key->ncolumns, sizeof *pairs);
  if (!pairs) return corm_error_memory(err);
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    int32_t slot = corm_mapper_column_slot(mapper, key->target_columns[i]);
    if (slot < 0) return unmapped(relationship, key->target_columns[i], err);
    pairs[i] = (corm_secondary_pair){key->columns[i], (uint32_t)slot};
  }
  *out = pairs;
  *n = key->ncolumns;
  return CORM_OK;
}

/* Of a table that refers twice to the same class, remote_side names the columns that point to the target. */
static void choose_side(const corm_relationship *relationship, corm_vec *keys, bool far) {
  const corm_relationship_def *def = &relationship->def;
  size_t kept = 0;
  if (!def->nremote_side) return;
  for (size_t i = 0; i < keys->len; i++) {
    const corm_constraint *key = keys->items[i];
    if (lists_any(relationship->target, def->remote_side, def->nremote_side, key->columns, key->ncolumns) == far)
      keys->items[kept++] = keys->items[i];
  }
  keys->len = kept;
}

/* A key to the class's own table is meant rather than one to a table above it. */
static void prefer_target(const corm_mapper *mapper, corm_vec *keys) {
  size_t kept = 0;
  for (size_t i = 0; keys->len > 1 && mapper->ntables > 1 && i < keys->len; i++)
    if (((const corm_constraint *)keys->items[i])->target_columns[0]->table == mapper->table)
      keys->items[kept++] = keys->items[i];
  if (kept) keys->len = kept;
}

static corm_status find_side(corm_relationship *relationship, const corm_mapper *mapper, bool far, corm_vec *keys,
                             corm_error *err) {
  corm_table *secondary = relationship->def.secondary;
  const bool self = relationship->parent->root == relationship->target->root;
  if (far ? relationship->def.secondaryjoin : relationship->def.primaryjoin)
    return corm_relationship_use_condition(relationship, far, err);
  keys->len = 0;
  corm_status status = CORM_OK;
  for (uint32_t t = 0; status == CORM_OK && t < mapper->ntables; t++)
    status = foreign_keys(secondary, mapper->tables[t].table, keys, err);
  if (status != CORM_OK) return status;
  choose(relationship, keys);
  if (self) choose_side(relationship, keys, far);
  prefer_target(mapper, keys);
  if (!keys->len) return none_found(relationship, secondary, mapper->table, err);
  if (keys->len > 1 && self)
    return several_found(relationship, "parent/secondary", "remote_side", "of the secondary table refer to the target",
                         err);
  if (keys->len > 1)
    return several_found(relationship, far ? "secondary/child" : "parent/secondary", "foreign_keys",
                         "should be counted as containing a foreign key reference from the secondary table", err);
  if (far)
    return set_secondary(relationship, keys->items[0], mapper, &relationship->far_secondary, &relationship->nfar, err);
  return set_secondary(relationship, keys->items[0], mapper, &relationship->near_secondary, &relationship->nnear, err);
}

static corm_status find_secondary(corm_relationship *relationship, corm_vec *keys, corm_error *err) {
  relationship->direction = CORM_MANY_TO_MANY;
  corm_status status = find_side(relationship, relationship->parent, false, keys, err);
  if (status == CORM_OK) status = find_side(relationship, relationship->target, true, keys, err);
  if (status != CORM_OK || relationship->by_parent) return status;
  relationship->load_keys = relationship->near_secondary;
  relationship->nload_keys = relationship->nnear;
  return CORM_OK;
}

/* -- consequences -- */

static corm_status note_primary_key(corm_relationship *relationship, corm_error *err) {
  const corm_mapper *target = relationship->target;
  if (relationship->direction != CORM_MANY_TO_ONE || relationship->npairs != target->npk) return CORM_OK;
  if (!corm_relationship_is_plain(relationship)) return CORM_OK;
  uint32_t *order = corm_arena_zalloc(&relationship->parent->arena, target->npk, sizeof *order);
  if (!order) return corm_error_memory(err);
  for (uint32_t i = 0; i < target->npk; i++) {
    uint32_t k = 0;
    while (k < relationship->npairs && relationship->pairs[k].far_slot != target->pk[i]) k++;
    if (k == relationship->npairs) return CORM_OK;
    order[i] = k;
  }
  relationship->pk_order = order;
  relationship->by_primary_key = true;
  return CORM_OK;
}

static corm_status check_shape(corm_relationship *relationship, corm_error *err) {
  const char *class = relationship->parent->name;
  const char *key = relationship->key;
  const corm_relationship_def *def = &relationship->def;
  relationship->uselist = def->uselist < 0 ? relationship->direction != CORM_MANY_TO_ONE : def->uselist != 0;
  if (relationship->uselist && relationship->direction == CORM_MANY_TO_ONE)
    return corm_error_set(err, CORM_E_ARGUMENT, "relationship %s.%s is many-to-one: uselist = true does not fit it%s",
                          class, key, relationship->parent == relationship->target ? "; check remote_side" : "");
  if (!(relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) || def->single_parent ||
      relationship->direction == CORM_ONE_TO_MANY)
    return CORM_OK;
  return corm_error_set(
      err, CORM_E_ARGUMENT,
      "For %s relationship %s.%s, delete-orphan cascade is normally configured only on the \"one\" side of a "
      "one-to-many "
      "relationship.  To force this relationship to allow a particular %s object to be referenced by only a single %s "
      "object at a time, which would allow delete-orphan cascade to take place in this direction, set single_parent = "
      "true",
      relationship->direction == CORM_MANY_TO_ONE ? "many-to-one" : "many-to-many", class, key,
      relationship->target->name, class);
}

corm_status corm_relationship_configure(corm_relationship *relationship, corm_error *err) {
  corm_mapper *target;
  corm_vec keys;
  if (relationship->target) return CORM_OK;
  corm_status status = find_target(relationship, &target, err);
  if (status != CORM_OK) return status;
  corm_vec_init(&keys, relationship->parent->mem);
  relationship->target = target;
  status = speak_of_secondary(relationship, err);
  if (status == CORM_OK)
    status =
        relationship->def.secondary ? find_secondary(relationship, &keys, err) : find_direct(relationship, &keys, err);
  if (status == CORM_OK) status = check_shape(relationship, err);
  if (status == CORM_OK) status = note_primary_key(relationship, err);
  if (status == CORM_OK && corm_vec_push(&target->referrers, relationship) != CORM_OK) status = corm_error_memory(err);
  corm_vec_clear(&keys);
  if (status != CORM_OK) {
    relationship->target = NULL;
    return status;
  }
  relationship->next_led = relationship->parent->led;
  relationship->parent->led = relationship;
  if (relationship->cascade & CORM_CASCADE_DELETE_ORPHAN) target->has_orphans = true;
  return CORM_OK;
}
