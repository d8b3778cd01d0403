#include "sql/froms.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "sql/restrict.h"
#include "sql/walk.h"

void corm_from_list_init(corm_from_list *list, corm_arena *arena) {
  list->arena = arena;
  list->items = list->first;
  list->n = list->nsaid = 0;
  list->restricted = false;
  list->cap = sizeof list->first / sizeof *list->first;
  list->map.slots = NULL;
}

bool corm_from_same(const corm_node *a, const corm_node *b) {
  return corm_from_identity(a) == corm_from_identity(b);
}

bool corm_from_map_init(corm_from_map *map, corm_arena *arena, size_t n) {
  size_t cap = 8;
  while (cap < n * 2) cap *= 2;
  map->slots = corm_arena_zalloc(arena, cap, sizeof *map->slots);
  map->mask = cap - 1;
  return map->slots != NULL;
}

corm_from_slot *corm_from_map_find(const corm_from_map *map, const corm_node *from) {
  const void *wanted = corm_from_identity(from);
  size_t at = (size_t)corm_hash_int((uint64_t)(uintptr_t)wanted) & map->mask;
  while (map->slots[at].from && map->slots[at].from != wanted) at = (at + 1) & map->mask;
  return &map->slots[at];
}

/* Fewer are found as fast by looking at each. */
#define FEW_FROMS 32
/* For so few a join is searched one by one. */
#define FEW_BESIDE 6

static void note(corm_from_list *list, uint32_t number) {
  const corm_node *from = list->items[number];
  *corm_from_map_find(&list->map, from) = (corm_from_slot){corm_from_identity(from), number};
}

void corm_from_list_cut(corm_from_list *list, uint32_t n) {
  if (list->n == n) return;
  list->n = n;
  if (!list->map.slots) return;
  memset(list->map.slots, 0, (list->map.mask + 1) * sizeof *list->map.slots);
  for (uint32_t i = 0; i < n; i++) note(list, i);
}

bool corm_from_list_has(const corm_from_list *list, const corm_node *from) {
  if (list->map.slots) return corm_from_map_find(&list->map, from)->from != NULL;
  const void *wanted = corm_from_identity(from);
  for (uint32_t i = list->n; i > 0; i--) {
    if (list->items[i - 1] == from || corm_from_identity(list->items[i - 1]) == wanted) return true;
  }
  return false;
}

bool corm_from_list_add(corm_from_list *list, const corm_node *from) {
  /* Columns of one table mostly stand together. */
  if (list->n && list->items[list->n - 1] == from) return true;
  /* Of a join only its members are looked at, or a long one would be walked for each of its parts. */
  if (from->kind != CORM_NODE_JOIN && corm_from_is_restricted(from)) list->restricted = true;
  if (corm_from_list_has(list, from)) return true;
  if (list->n == list->cap) {
    const corm_node **grown = corm_arena_grow(list->arena, list->items, &list->cap, sizeof *grown);
    if (!grown) return false;
    list->items = grown;
    if (list->cap > FEW_FROMS) {
      if (!corm_from_map_init(&list->map, list->arena, list->cap)) return false;
      for (uint32_t i = 0; i < list->n; i++) note(list, i);
    }
  }
  list->items[list->n++] = from;
  if (list->map.slots) note(list, list->n - 1);
  return true;
}

/* The FROMs that wait while joins are taken apart. */
typedef struct stack {
  corm_arena *arena;
  const corm_node **items;
  size_t n;
  size_t cap;
  const corm_node *first[16];
} stack;

static void start(stack *s, corm_arena *arena) {
  s->arena = arena;
  s->items = s->first;
  s->n = 0;
  s->cap = sizeof s->first / sizeof *s->first;
}

static bool push(stack *s, const corm_node *from) {
  if (s->n == s->cap) {
    const corm_node **grown = corm_arena_grow(s->arena, s->items, &s->cap, sizeof *grown);
    if (!grown) return false;
    s->items = grown;
  }
  s->items[s->n++] = from;
  return true;
}

/* Steps from a FROM to the next member of the join that it began with, NULL behind the last; false: no memory. */
static bool next_member(stack *s, const corm_node **from) {
  if ((*from)->kind != CORM_NODE_JOIN) {
    *from = s->n ? s->items[--s->n] : NULL;
    return true;
  }
  const corm_join *join = (const corm_join *)*from;
  *from = join->left;
  return push(s, join->right);
}

/* A column of a class with several tables stands for all of them. */
const corm_node *corm_from_whole(const corm_node *from) {
  const corm_node *whole = NULL;
  if (from && from->kind == CORM_NODE_TABLE) whole = ((const corm_table_node *)from)->whole;
  if (from && from->kind == CORM_NODE_ALIAS) whole = ((const corm_alias *)from)->whole;
  return whole ? whole : from;
}

static bool add_one(corm_from_list *list, const corm_node *from) {
  if (!from) return true;
  for (uint32_t i = 0; i < list->n && i < FEW_BESIDE; i++)
    if (list->items[i] == from) return true;
  if (from->kind == CORM_NODE_JOIN && corm_from_is_restricted(from)) list->restricted = true;
  return corm_from_list_add(list, from);
}

/* A column compared with a value, as most conditions are: no walk is needed. */
static const corm_column_node *compared_column(const corm_node *node) {
  if (node->kind != CORM_NODE_BINARY) return NULL;
  const corm_binary *binary = (const corm_binary *)node;
  bool plain = binary->left->kind == CORM_NODE_COLUMN && binary->right->kind == CORM_NODE_BIND;
  return plain ? (const corm_column_node *)binary->left : NULL;
}

static bool add_walked(corm_from_list *list, const corm_node *node) {
  const corm_column_node *column =
      node->kind == CORM_NODE_COLUMN ? (const corm_column_node *)node : compared_column(node);
  if (column) return add_one(list, corm_from_whole(column->from));
  if (node->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)node)->from)
    return add_one(list, ((const corm_bundle *)node)->from);
  corm_walk walk;
  corm_walk_init(&walk, list->arena, node);
  bool descend = true, ok = true;
  while (ok && (node = corm_walk_next(&walk, descend))) {
    descend = true;
    switch ((corm_node_kind)node->kind) {
    case CORM_NODE_COLUMN: ok = add_one(list, corm_from_whole(((const corm_column_node *)node)->from)); break;
    case CORM_NODE_TABLE:
    case CORM_NODE_ALIAS:
    case CORM_NODE_JOIN: ok = add_one(list, node); break;
    case CORM_NODE_BUNDLE:
      ok = add_one(list, ((const corm_bundle *)node)->from);
      descend = ((const corm_bundle *)node)->from == NULL;
      break;
    default: break;
    }
  }
  return ok && !list->arena->failed;
}

bool corm_from_list_add_of(corm_from_list *list, const corm_node *node) {
  if (node->kind != CORM_NODE_LIST) return add_walked(list, node);
  bool ok = true;
  for (uint32_t i = 0; ok && i < ((const corm_list *)node)->n; i++)
    ok = add_walked(list, ((const corm_list *)node)->items[i]);
  return ok;
}

bool corm_from_list_add_members(corm_from_list *list, const corm_node *from) {
  stack s;
  start(&s, list->arena);
  while (from) {
    if (!corm_from_list_add(list, from) || !next_member(&s, &from)) return false;
  }
  return true;
}

bool corm_from_contains(corm_arena *arena, const corm_node *from, const corm_node *part) {
  if (from->kind != CORM_NODE_JOIN) return corm_from_same(from, part);
  stack s;
  start(&s, arena);
  while (from && !corm_from_same(from, part)) {
    if (!next_member(&s, &from)) return false;
  }
  return from != NULL;
}

/* One join and a few FROMs beside it. */
static bool hide_few(corm_from_list *list, const corm_node *join) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    const corm_node *from = list->items[i];
    if (from == join || !corm_from_contains(list->arena, join, from)) list->items[kept++] = from;
  }
  corm_from_list_cut(list, kept);
  return !list->arena->failed;
}

bool corm_from_is_of_class(const corm_node *from) {
  return from->kind == CORM_NODE_JOIN && corm_from_whole(((const corm_join *)from)->right) == from;
}

/* All that the join joins is in the other one, too. */
static bool covers(corm_arena *arena, const corm_node *other, const corm_node *join) {
  stack s;
  start(&s, arena);
  for (const corm_node *from = join; from;) {
    if (from->kind != CORM_NODE_JOIN && !corm_from_contains(arena, other, from)) return false;
    if (!next_member(&s, &from)) return false;
  }
  return true;
}

bool corm_from_list_has_tables(const corm_from_list *list, const corm_node *from) {
  if (corm_from_list_has(list, from)) return true;
  if (!corm_from_is_of_class(from)) return false;
  stack s;
  start(&s, list->arena);
  while (from && (from->kind == CORM_NODE_JOIN || corm_from_list_has(list, from)))
    if (!next_member(&s, &from)) return false;
  return !from;
}

const corm_node *corm_from_list_captures(const corm_from_list *list, const corm_node *from) {
  const corm_node *join = NULL;
  if (from->kind != CORM_NODE_TABLE || (!((const corm_table_node *)from)->owner && corm_from_whole(from) == from))
    return NULL;
  for (uint32_t i = 0; i < list->n; i++) {
    stack s;
    start(&s, list->arena);
    for (const corm_node *part = list->items[i]; part && list->items[i]->kind == CORM_NODE_JOIN;) {
      if (part == from) return NULL;
      if (corm_from_same(part, from) && corm_from_whole(part) != part) join = list->items[i];
      if (!next_member(&s, &part)) return NULL;
    }
  }
  return join;
}

/* What columns of a class have brought is not joined once more where another join has it, as that of a class below. */
static bool hide_classes(corm_from_list *list) {
  uint32_t kept = list->nsaid;
  for (uint32_t i = kept; i < list->n; i++) {
    const corm_node *from = list->items[i];
    bool hidden = false;
    for (uint32_t k = 0; !hidden && corm_from_is_of_class(from) && k < list->n; k++) {
      const corm_node *other = k < kept || k > i ? list->items[k] : from;
      if (other == from || other->kind != CORM_NODE_JOIN || !covers(list->arena, other, from)) continue;
      hidden = k < kept || !covers(list->arena, from, other);
    }
    if (!hidden) list->items[kept++] = from;
  }
  corm_from_list_cut(list, kept);
  return !list->arena->failed;
}

bool corm_from_list_hide_joined(corm_from_list *list) {
  const corm_node *last = NULL;
  uint32_t joins = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    if (list->items[i]->kind != CORM_NODE_JOIN) continue;
    last = list->items[i];
    joins++;
  }
  if (joins == 0 || list->n == 1) return true;
  if (joins == 1 && list->n <= FEW_BESIDE) return hide_few(list, last);
  if (joins > 1 && !hide_classes(list)) return false;
  corm_from_list hidden;
  corm_from_list_init(&hidden, list->arena);
  for (uint32_t i = 0; i < list->n; i++) {
    if (list->items[i]->kind != CORM_NODE_JOIN) continue;
    const corm_join *join = (const corm_join *)list->items[i];
    if (!corm_from_list_add_members(&hidden, join->left)) return false;
    if (!corm_from_list_add_members(&hidden, join->right)) return false;
  }
  if (hidden.n == 0) return true;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    if (!corm_from_list_has(&hidden, list->items[i])) list->items[kept++] = list->items[i];
  }
  corm_from_list_cut(list, kept);
  return true;
}

/* Whether the table is that of a class which the select lists. */
static bool is_listed(corm_arena *arena, const corm_select *select, const corm_node *table) {
  for (uint32_t i = 0; i < select->ncolumns; i++) {
    const corm_bundle *bundle = (const corm_bundle *)select->columns[i];
    if (bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner && corm_from_contains(arena, bundle->from, table))
      return true;
  }
  return false;
}

bool corm_select_reads_listed(corm_arena *arena, const corm_select *select) {
  corm_from_list froms, members;
  if (corm_select_froms_in(arena, select, false, &froms, NULL) != CORM_OK) return false;
  corm_from_list_init(&members, arena);
  for (uint32_t i = 0; i < froms.n; i++)
    if (!corm_from_list_add_members(&members, froms.items[i])) return false;
  for (uint32_t i = 0; i < members.n; i++) {
    const corm_node *from = members.items[i];
    if (from->kind == CORM_NODE_JOIN) continue;
    if (corm_from_element(from)->kind != CORM_NODE_TABLE || !is_listed(arena, select, from)) return false;
  }
  return true;
}

/* -- columns of FROMs ---------------------------------------------------------------------------------------------- */

const char *corm_from_name(const corm_node *from) {
  while (from->kind == CORM_NODE_JOIN) from = ((const corm_join *)from)->left;
  if (from->kind == CORM_NODE_TABLE) return ((const corm_table_node *)from)->table->fullname;
  if (from->kind == CORM_NODE_FUNCTION) return ((const corm_function *)from)->name;
  if (from->kind != CORM_NODE_ALIAS) return "subquery";
  const corm_alias *alias = (const corm_alias *)from;
  if (!alias->name && alias->element->kind == CORM_NODE_FUNCTION) return ((const corm_function *)alias->element)->name;
  return alias->name ? alias->name : corm_from_name(alias->element);
}

/* What a column is found by: its key, else the stem of its label. */
static const char *base_key(const corm_select_column *column) {
  return column->key ? column->key : column->text;
}

/* Splits "id_2" into the length of "id" and 2; 0: there is no number. */
static unsigned long numbered_key(const char *key, size_t *len) {
  const char *digits = strrchr(key, '_');
  if (!digits || digits[1] < '1' || digits[1] > '9' || strspn(digits + 1, "0123456789") != strlen(digits + 1)) return 0;
  unsigned long number = 0;
  for (const char *p = digits + 1; *p && number < 1000000; p++) number = number * 10 + (unsigned long)(*p - '0');
  *len = (size_t)(digits - key);
  return number;
}

/* "count_2" is the second column that has no name but the stem "count"; "id_1" the second that has the key "id". */
static const corm_select_column *find_numbered(const corm_select_columns *columns, const char *key) {
  size_t len = 0;
  unsigned long wanted = numbered_key(key, &len);
  bool first = true;
  if (!wanted) return NULL;
  for (uint32_t i = 0; i < columns->n; i++) {
    const corm_select_column *column = &columns->items[i];
    const char *base = base_key(column);
    if (!base || strncmp(base, key, len) != 0 || base[len]) continue;
    bool counts = !first || !column->key;
    first = false;
    if (counts && --wanted == 0) return column;
  }
  return NULL;
}

static const corm_select_column *find_selected(const corm_select_columns *columns, const char *key) {
  for (uint32_t i = 0; i < columns->n; i++) {
    const char *own = base_key(&columns->items[i]);
    if (own && strcmp(own, key) == 0) return &columns->items[i];
  }
  return find_numbered(columns, key);
}

/* The column of the FROM that stands for a selected one; NULL: the arena is full. */
static const corm_node *column_for(corm_arena *arena, const corm_node *from, const corm_select_column *found,
                                   const char *key) {
  corm_column_node *node = corm_arena_zalloc(arena, 1, sizeof *node);
  char *own_key = corm_arena_dup(arena, key, strlen(key));
  if (!node || !own_key) return NULL;
  bool is_column = found->node->kind == CORM_NODE_COLUMN;
  node->base.kind = CORM_NODE_COLUMN;
  node->base.type = found->node->type;
  if (found->label == CORM_LABEL_NAME) {
    node->name = found->text;
  } else if (found->label == CORM_LABEL_NONE) {
    node->name = found->name;
  }
  node->key = own_key;
  node->column = is_column ? ((const corm_column_node *)found->node)->column : NULL;
  node->from = from;
  node->element = found->node;
  return &node->base;
}

static const corm_node *selected_column(corm_arena *arena, const corm_node *from, const corm_node *element,
                                        const char *key) {
  corm_select_columns columns;
  corm_error *ignored = NULL;
  if (corm_selectable_columns_in(arena, element, &columns, ignored) != CORM_OK) {
    return NULL;
  }
  const corm_select_column *found = find_selected(&columns, key);
  return found ? column_for(arena, from, found, key) : NULL;
}

const corm_node *corm_selectable_column_in(corm_arena *arena, const corm_node *element, const char *key) {
  corm_select_columns columns;
  if (corm_selectable_columns_in(arena, element, &columns, NULL) != CORM_OK) return NULL;
  const corm_select_column *found = find_selected(&columns, key);
  return found ? found->node : NULL;
}

static const corm_column *column_behind(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) node = ((const corm_label *)node)->element;
  return node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
}

const corm_node *corm_from_selected_in(corm_arena *arena, const corm_node *from, const corm_column *column) {
  corm_select_columns columns;
  if (corm_selectable_columns_in(arena, corm_from_element(from), &columns, NULL) != CORM_OK) return NULL;
  for (uint32_t i = 0; i < columns.n; i++) {
    if (column_behind(columns.items[i].node) != column) continue;
    corm_column_node *node = (corm_column_node *)(uintptr_t)column_for(arena, from, &columns.items[i], column->key);
    if (node) node->column = column;
    return node ? &node->base : NULL;
  }
  return NULL;
}

static const corm_node *valued_column(const corm_table_valued *from, const char *key) {
  for (uint32_t i = 0; i < from->ncolumns; i++) {
    if (strcmp(from->columns[i].key, key) == 0) return &from->columns[i].base;
  }
  return NULL;
}

const corm_node *corm_from_column_in(corm_arena *arena, const corm_node *from, const char *key) {
  if (corm_as_table_valued(from)) return valued_column(corm_as_table_valued(from), key);
  const corm_node *element = corm_from_element(from);
  if (element->kind != CORM_NODE_TABLE) return selected_column(arena, from, element, key);
  const corm_column *column = corm_table_column(((const corm_table_node *)element)->table, key, strlen(key));
  return column ? corm_column_node_in(arena, column, from) : NULL;
}

/* How many columns had the key before: open addressing by its text. */
typedef struct key_slot {
  const char *key;
  uint32_t count;
} key_slot;

static key_slot *find_key(key_slot *slots, size_t mask, const char *key) {
  size_t at = (size_t)corm_hash_bytes(key, strlen(key), 0) & mask;
  while (slots[at].key && strcmp(slots[at].key, key) != 0) at = (at + 1) & mask;
  return &slots[at];
}

/* The key of a selected column, as find_selected reads it; the slot tells how often the same was there. */
static const char *own_key(corm_arena *arena, const corm_select_column *column, key_slot *slot) {
  const char *base = base_key(column);
  const uint32_t before = base ? slot->count++ : 0;
  if (!base) base = "anon";
  if (column->key && before == 0) return base;
  size_t len = strlen(base);
  char *key = corm_arena_alloc(arena, len + 12);
  if (key) snprintf(key, len + 12, "%s_%u", base, column->key ? before : before + 1);
  return key;
}

static bool is_raw(const corm_node *node) {
  bool star = node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == CORM_CONSTANT_STAR;
  return star || node->kind == CORM_NODE_TEXT;
}

static corm_status set_keys(corm_arena *arena, const corm_select_columns *columns, const char **keys, corm_error *err) {
  size_t cap = 8;
  while (cap < (size_t)columns->n * 2) cap *= 2;
  key_slot *slots = corm_arena_zalloc(arena, cap, sizeof *slots);
  if (!slots) return corm_error_memory(err);
  for (uint32_t i = 0; i < columns->n; i++) {
    const corm_select_column *column = &columns->items[i];
    key_slot *slot = base_key(column) ? find_key(slots, cap - 1, base_key(column)) : NULL;
    if (slot) slot->key = base_key(column);
    if (is_raw(column->node)) {
      if (slot) slot->count++;
      continue;
    }
    keys[i] = own_key(arena, column, slot);
    if (!keys[i]) return corm_error_memory(err);
  }
  return CORM_OK;
}

corm_status corm_select_keys_in(corm_arena *arena, const corm_node *element, const char *const **keys, uint32_t *n,
                                corm_error *err) {
  corm_select_columns columns;
  corm_status status = corm_selectable_columns_in(arena, element, &columns, err);
  if (status != CORM_OK) return status;
  const char **own = corm_arena_zalloc(arena, columns.n, sizeof *own);
  if (!own) return corm_error_memory(err);
  *keys = own;
  *n = columns.n;
  return set_keys(arena, &columns, own, err);
}

corm_status corm_from_columns_in(corm_arena *arena, const corm_node *from, corm_from_column **out, uint32_t *n,
                                 corm_error *err) {
  corm_select_columns columns;
  corm_status status = corm_selectable_columns_in(arena, corm_from_element(from), &columns, err);
  if (status != CORM_OK) return status;
  corm_from_column *made = corm_arena_zalloc(arena, columns.n, sizeof *made);
  const char **keys = corm_arena_zalloc(arena, columns.n, sizeof *keys);
  if (!made || !keys) return corm_error_memory(err);
  status = set_keys(arena, &columns, keys, err);
  *n = 0;
  for (uint32_t i = 0; status == CORM_OK && i < columns.n; i++) {
    if (!keys[i]) continue;
    const corm_node *node = column_for(arena, from, &columns.items[i], keys[i]);
    if (!node) return corm_error_memory(err);
    made[(*n)++] = (corm_from_column){node, keys[i], keys[i] == base_key(&columns.items[i])};
  }
  *out = made;
  return status;
}
