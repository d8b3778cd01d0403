#include <string.h>

#include "base/map.h"
#include "sql/expr.h"
#include "sql/identity.h"

/* The columns of a select list and their labels: SQLAlchemy's _generate_columns_plus_names. */

/* A select of a subquery of a subquery ... : each level is a C call here. */
#define DEEPEST 60

corm_identity corm_node_identity(const corm_node *node) {
  if (node->kind != CORM_NODE_COLUMN) return (corm_identity){.a = node};
  const corm_column_node *column = (const corm_column_node *)node;
  const void *from = corm_from_identity(column->from);
  uint64_t path = 0;
  /* A subquery's column is what is selected innermost, seen through all the aliases from there to the outermost. */
  while (column->element && column->element->kind == CORM_NODE_COLUMN) {
    column = (const corm_column_node *)column->element;
    path = corm_hash_int(path ^ (uint64_t)(uintptr_t)corm_from_identity(column->from));
  }
  const void *innermost = column->element ? (const void *)column->element : column->column;
  return innermost ? (corm_identity){innermost, from, path} : (corm_identity){.a = column};
}

bool corm_identity_same(corm_identity x, corm_identity y) {
  return x.a == y.a && x.b == y.b && x.path == y.path;
}

/* What CAST and truth tests take their name from. */
static const corm_node *wrapped(const corm_node *node) {
  if (node->kind == CORM_NODE_CAST) return ((const corm_cast *)node)->element;
  bool truth = node->kind == CORM_NODE_UNARY && (node->op == CORM_OP_IS_TRUE || node->op == CORM_OP_IS_FALSE);
  return truth ? ((const corm_unary *)node)->operand : NULL;
}

static const char *natural_name(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_COLUMN: return ((const corm_column_node *)node)->name;
  case CORM_NODE_LABEL: return ((const corm_label *)node)->name;
  case CORM_NODE_LITERAL_COLUMN: return ((const corm_text *)node)->sql;
  case CORM_NODE_WHOLE: return ((const corm_alias *)((const corm_whole *)node)->from)->name;
  case CORM_NODE_FIELD: return ((const corm_field *)node)->name;
  default: return NULL;
  }
}

static const corm_node *innermost(const corm_node *node) {
  for (const corm_node *inner = wrapped(node); inner; inner = wrapped(node)) node = inner;
  return node;
}

const char *corm_anon_stem(const corm_node *node) {
  while (!natural_name(node)) {
    if (node->kind == CORM_NODE_LABEL) {
      node = ((const corm_label *)node)->element;
    } else if (node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->element) {
      node = ((const corm_column_node *)node)->element;
    } else {
      break;
    }
  }
  if (node->kind == CORM_NODE_FUNCTION || node->kind == CORM_NODE_CONSTRUCT || node->kind == CORM_NODE_NEXT_VALUE) {
    const char *hint = corm_bind_hint(node);
    return hint ? hint : "anon";
  }
  /* A Column that has no name yet is refused where it is written. */
  return node->kind == CORM_NODE_COLUMN && natural_name(node) ? natural_name(node) : "anon";
}

/* -- expansion ----------------------------------------------------------------------------------------------------- */

typedef struct expansion {
  corm_arena *arena;
  corm_select_columns *out;
  size_t cap;
  unsigned depth;
  corm_error *err;
} expansion;

static corm_status add_column(expansion *x, const corm_node *node, int32_t bundle) {
  corm_select_columns *out = x->out;
  if (!node) return corm_error_memory(x->err);
  if (out->n == x->cap) {
    corm_select_column *grown = corm_arena_grow(x->arena, out->items, &x->cap, sizeof *grown);
    if (!grown) return corm_error_memory(x->err);
    out->items = grown;
  }
  corm_select_column *column = &out->items[out->n++];
  *column = (corm_select_column){.node = node, .name = natural_name(node), .bundle = bundle};
  column->key = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->key : column->name;
  bool star = node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == CORM_CONSTANT_STAR;
  if (star || node->kind == CORM_NODE_TEXT) out->textual = true;
  return CORM_OK;
}

static corm_status expand_table(expansion *x, const corm_node *from, const corm_table *table) {
  corm_status status = CORM_OK;
  for (size_t i = 0; i < table->columns.len && status == CORM_OK; i++) {
    status = add_column(x, corm_column_node_in(x->arena, table->columns.items[i], from), -1);
  }
  return status;
}

static corm_status columns_at(corm_arena *arena, const corm_node *const *columns, uint32_t n, unsigned style,
                              unsigned depth, corm_select_columns *out, corm_error *err);

/* The list that the columns of a selectable, or of a DML statement with RETURNING, are. */
static const corm_node *const *list_of(const corm_node *element, uint32_t *n, unsigned *style) {
  *style = CORM_LABEL_STYLE_DISAMBIGUATE;
  *n = 0;
  switch ((corm_node_kind)element->kind) {
  case CORM_NODE_INSERT:
    *n = ((const corm_insert *)element)->nreturning;
    return ((const corm_insert *)element)->returning;
  case CORM_NODE_UPDATE:
    *n = ((const corm_update *)element)->nreturning;
    return ((const corm_update *)element)->returning;
  case CORM_NODE_DELETE:
    *n = ((const corm_delete_node *)element)->nreturning;
    return ((const corm_delete_node *)element)->returning;
  default: break;
  }
  const corm_select *select = corm_as_select(element);
  if (!select) return NULL;
  select = corm_select_leader(select);
  *style = corm_inner_style(select);
  *n = select->ncolumns;
  return select->columns;
}

static corm_status expand_select(expansion *x, const corm_node *from, const corm_node *element) {
  corm_select_columns inner;
  uint32_t n;
  unsigned style;
  const corm_node *const *list = list_of(element, &n, &style);
  if (columns_at(x->arena, list, n, style, x->depth + 1, &inner, x->err) != CORM_OK) return CORM_FAILED;
  corm_identity_set set;
  if (!corm_identity_set_init(&set, x->arena, inner.n)) return corm_error_memory(x->err);
  for (uint32_t i = 0; i < inner.n; i++) {
    /* What is there twice is addressed by its first label. */
    const corm_select_column *column = &inner.items[corm_identity_first(&set, inner.items[i].node, i)];
    corm_column_node *node =
        corm_node_new(x->arena, sizeof *node, CORM_NODE_COLUMN, CORM_OP_NONE, corm_node_type(column->node));
    if (!node) return corm_error_memory(x->err);
    bool is_column = column->node->kind == CORM_NODE_COLUMN;
    node->name = column->label == CORM_LABEL_NAME   ? column->text
                 : column->label == CORM_LABEL_NONE ? column->name
                                                    : NULL;
    if (!node->name && column->label == CORM_LABEL_NONE) continue;
    node->key = column->key ? column->key : corm_anon_stem(column->node);
    node->column = is_column ? ((const corm_column_node *)column->node)->column : NULL;
    node->from = from;
    node->element = column->node;
    if (add_column(x, &node->base, -1) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status expand_valued(expansion *x, const corm_table_valued *from) {
  if (from->ncolumns == 0) {
    corm_error_set(x->err, CORM_E_COMPILE, "the alias of a function has no columns to select");
    corm_error_hint(x->err, "select its .column, or name its columns by :table_valued(\"a\", ...)");
    return CORM_FAILED;
  }
  corm_status status = CORM_OK;
  for (uint32_t i = 0; i < from->ncolumns && status == CORM_OK; i++) status = add_column(x, &from->columns[i].base, -1);
  return status;
}

static corm_status expand_from(expansion *x, const corm_node *from) {
  if (corm_as_table_valued(from)) return expand_valued(x, corm_as_table_valued(from));
  const corm_node *element = corm_from_element(from);
  if (element->kind == CORM_NODE_TABLE) return expand_table(x, from, ((const corm_table_node *)element)->table);
  return expand_select(x, from, element);
}

static corm_status expand_bundle(expansion *x, const corm_bundle *bundle) {
  uint32_t number = x->out->nbundles++;
  x->out->bundles[number] = bundle;
  corm_status status = CORM_OK;
  uint32_t i = 0;
  /* Columns come first, mostly all of them. */
  if (x->cap - x->out->n >= bundle->n) {
    corm_select_column *made = x->out->items + x->out->n;
    for (; i < bundle->n && bundle->columns[i]->kind == CORM_NODE_COLUMN; i++) {
      const corm_column_node *column = (const corm_column_node *)bundle->columns[i];
      made[i] = (corm_select_column){
          .node = &column->base, .name = column->name, .key = column->key, .bundle = (int32_t)number};
    }
    x->out->n += i;
  }
  for (; i < bundle->n && status == CORM_OK; i++) status = add_column(x, bundle->columns[i], (int32_t)number);
  return status;
}

static corm_status expand(expansion *x, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_BUNDLE: return expand_bundle(x, (const corm_bundle *)node);
  case CORM_NODE_TABLE:
  case CORM_NODE_ALIAS: return expand_from(x, node);
  case CORM_NODE_JOIN:
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL:
  case CORM_NODE_INSERT:
  case CORM_NODE_UPDATE:
  case CORM_NODE_DELETE:
    return corm_error_set(x->err, CORM_E_COMPILE, "a %s cannot stand among the columns of a select",
                          node->kind == CORM_NODE_JOIN ? "join" : "statement");
  default: return add_column(x, node, -1);
  }
}

/* -- labels -------------------------------------------------------------------------------------------------------- */

/* Names in use: open addressing. `scope` tells apart equal texts that will be numbered differently. */
typedef struct used {
  const char *text;
  const void *scope;
  corm_identity owner;
} used;

typedef struct labels {
  corm_arena *arena;
  used *slots;
  size_t mask;
  uintptr_t repeated; /* number of the next label for a repeated column */
} labels;

static used *find_used(const labels *l, const char *text, const void *scope) {
  size_t place = (size_t)corm_hash_bytes(text, strlen(text), (uint64_t)(uintptr_t)scope) & l->mask;
  while (l->slots[place].text) {
    used *slot = &l->slots[place];
    if (slot->scope == scope && strcmp(slot->text, text) == 0) return slot;
    place = (place + 1) & l->mask;
  }
  return &l->slots[place];
}

/* "name" and "some_" joined. */
static const char *join_text(corm_arena *arena, const char *a, const char *b) {
  size_t a_len = strlen(a), b_len = strlen(b);
  char *text = corm_arena_alloc(arena, a_len + b_len + 1);
  if (!text) return NULL;
  memcpy(text, a, a_len);
  memcpy(text + a_len, b, b_len + 1);
  return text;
}

static const corm_alias *anonymous_alias(const corm_node *from) {
  bool anonymous = from && from->kind == CORM_NODE_ALIAS && !((const corm_alias *)from)->name;
  return anonymous ? (const corm_alias *)from : NULL;
}

static const char *underscored(corm_arena *arena, const char *schema) {
  char *copy = corm_arena_dup(arena, schema, strlen(schema));
  for (char *p = copy; p && *p; p++) {
    if (*p == '.') *p = '_';
  }
  return copy;
}

/* "user_id" for user.id; for an anonymous alias only "id", to be prefixed when its name is known. NULL: out of memory.
 */
static const char *table_label(corm_arena *arena, const corm_column_node *column) {
  const corm_node *from = column->from;
  const char *name = column->name ? column->name : corm_anon_stem(&column->base);
  if (anonymous_alias(from)) return name;
  const char *label = corm_from_name(from);
  if (from->kind == CORM_NODE_TABLE) {
    const corm_table *table = ((const corm_table_node *)from)->table;
    label = table->name;
    const char *schema = table->schema ? underscored(arena, table->schema) : NULL;
    if (table->schema) label = schema ? join_text(arena, schema, "_") : NULL;
    if (table->schema && label) label = join_text(arena, label, table->name);
  }
  label = label ? join_text(arena, label, "_") : NULL;
  return label ? join_text(arena, label, name) : NULL;
}

static bool set_anonymous(corm_select_column *column, const char *stem, corm_identity identity, bool required) {
  column->label = CORM_LABEL_ANON;
  column->text = stem;
  column->identity = identity;
  column->required = required;
  return stem != NULL;
}

/* A column that is there already gets a label that nobody addresses: id__1. */
static bool set_repeated(labels *l, corm_select_column *column, const char *name, bool required) {
  const char *stem = join_text(l->arena, name, "_");
  if (!stem) return false;
  uint64_t hash = corm_hash_bytes(stem, strlen(stem), 0);
  corm_identity identity = {.a = (const void *)l->repeated++, .b = (const void *)(uintptr_t)hash};
  return set_anonymous(column, stem, identity, required);
}

/* Expressions without a name: anon_1, count_1; CAST(t.x AS ...) AS x. */
static bool label_unnamed(labels *l, corm_select_column *column) {
  const corm_node *node = column->node, *inner = innermost(node);
  const char *name = inner == node ? NULL : natural_name(inner);
  corm_identity identity = corm_node_identity(inner);
  const char *stem = name ? name : corm_anon_stem(inner);
  used *slot = find_used(l, stem, name ? NULL : identity.a);
  bool repeated = slot->text != NULL;
  *slot = (used){stem, name ? NULL : identity.a, corm_node_identity(node)};
  if (repeated && name && inner->kind == CORM_NODE_COLUMN && ((const corm_column_node *)inner)->from) {
    stem = table_label(l->arena, (const corm_column_node *)inner);
    if (!stem) return false;
  }
  if (repeated) return set_repeated(l, column, stem, false);
  if (!name) return set_anonymous(column, stem, identity, false);
  column->label = CORM_LABEL_NAME;
  column->text = name;
  return true;
}

static bool label_named(labels *l, corm_select_column *column, const char *name, const corm_node *alias) {
  corm_identity identity = corm_node_identity(column->node);
  used *slot = find_used(l, name, alias);
  if (!slot->text) {
    *slot = (used){name, alias, identity};
    return true;
  }
  if (corm_identity_same(slot->owner, identity)) return set_repeated(l, column, name, true);
  used *again = find_used(l, name, identity.b ? identity.b : identity.a);
  if (again->text && corm_identity_same(again->owner, identity)) return set_repeated(l, column, name, true);
  *again = (used){name, identity.b ? identity.b : identity.a, identity};
  return set_anonymous(column, name, identity, true);
}

static bool label_with_table(labels *l, corm_select_column *column) {
  const corm_node *inner = innermost(column->node);
  const corm_column_node *named = inner->kind == CORM_NODE_COLUMN ? (const corm_column_node *)inner : NULL;
  if (!named || !named->from) {
    return column->name ? label_named(l, column, column->name, NULL) : label_unnamed(l, column);
  }
  column->text = table_label(l->arena, named);
  if (!column->text) return false;
  column->from = anonymous_alias(named->from) ? named->from : NULL;
  column->label = column->from ? CORM_LABEL_ALIAS : CORM_LABEL_NAME;
  column->required = true;
  if (!column->from) column->key = column->text;
  return label_named(l, column, column->text, column->from);
}

/* Without looking at the others: anon_1, CAST(t.x AS ...) AS x. */
static bool label_plainly(corm_select_column *column) {
  const corm_node *inner = innermost(column->node);
  const char *name = inner == column->node ? NULL : natural_name(inner);
  if (!name) return set_anonymous(column, corm_anon_stem(inner), corm_node_identity(inner), false);
  column->label = CORM_LABEL_NAME;
  column->text = name;
  return true;
}

static bool set_label(labels *l, corm_select_column *column, unsigned style) {
  const corm_node *node = column->node;
  bool star = node->kind == CORM_NODE_CONSTANT && ((const corm_constant *)node)->value == CORM_CONSTANT_STAR;
  bool loose = node->kind == CORM_NODE_COLUMN && !((const corm_column_node *)node)->from && column->name;
  if (star || loose || node->kind == CORM_NODE_TEXT || node->kind == CORM_NODE_LITERAL_COLUMN) return true;
  if (style == CORM_LABEL_STYLE_NONE) {
    return column->name || label_plainly(column);
  }
  if (style == CORM_LABEL_STYLE_TABLE) return label_with_table(l, column);
  return column->name ? label_named(l, column, column->name, NULL) : label_unnamed(l, column);
}

static bool set_labels(corm_arena *arena, corm_select_columns *columns, unsigned style) {
  used few[32];
  labels l = {.arena = arena, .slots = few, .mask = sizeof few / sizeof *few - 1, .repeated = 1};
  /* A column takes up to two places. */
  if (columns->n * 3 > sizeof few / sizeof *few) {
    size_t size = 64;
    while (size < (size_t)columns->n * 3) size *= 2;
    l.slots = corm_arena_zalloc(arena, size, sizeof *l.slots);
    l.mask = size - 1;
    if (!l.slots) return false;
  } else {
    memset(few, 0, sizeof few);
  }
  for (uint32_t i = 0; i < columns->n; i++) {
    if (!set_label(&l, &columns->items[i], style)) return false;
  }
  return true;
}

static corm_status columns_at(corm_arena *arena, const corm_node *const *columns, uint32_t n, unsigned style,
                              unsigned depth, corm_select_columns *out, corm_error *err) {
  if (depth > DEEPEST) return corm_error_set(err, CORM_E_COMPILE, "subqueries are nested too deeply");
  *out = (corm_select_columns){0};
  expansion x = {.arena = arena, .out = out, .cap = n < 8 ? 8 : n, .depth = depth, .err = err};
  out->items = corm_arena_alloc(arena, x.cap * sizeof *out->items);
  uint32_t nbundles = 0;
  for (uint32_t i = 0; i < n; i++) nbundles += columns[i]->kind == CORM_NODE_BUNDLE;
  out->bundles = corm_arena_alloc(arena, nbundles * sizeof *out->bundles);
  if (!out->items || !out->bundles) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    if (expand(&x, columns[i]) != CORM_OK) return CORM_FAILED;
  }
  bool plain = n == 1 && columns[0]->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)columns[0])->distinct;
  if (plain && style != CORM_LABEL_STYLE_TABLE) return CORM_OK;
  return set_labels(arena, out, style) ? CORM_OK : corm_error_memory(err);
}

corm_status corm_select_columns_in(corm_arena *arena, const corm_node *const *columns, uint32_t n, unsigned style,
                                   corm_select_columns *out, corm_error *err) {
  return columns_at(arena, columns, n, style, 0, out, err);
}

corm_status corm_selectable_columns_in(corm_arena *arena, const corm_node *element, corm_select_columns *out,
                                       corm_error *err) {
  uint32_t n;
  unsigned style;
  const corm_node *const *list = list_of(element, &n, &style);
  return columns_at(arena, list, n, style, 0, out, err);
}
