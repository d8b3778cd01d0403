/* Objects from the rows of a statement that the ORM has not written: from_statement. */
#include <string.h>

#include "orm/loader.h"

static bool is_column(const corm_compiled_column *result, const corm_column *column) {
  const corm_node *node = result->node;
  while (node && node->kind == CORM_NODE_LABEL) node = ((const corm_label *)node)->element;
  return node && node->kind == CORM_NODE_COLUMN && ((const corm_column_node *)node)->column == column;
}

/* "table_column" */
static bool is_labelled(const char *name, const corm_column *column) {
  const char *table = column->table ? column->table->name : "";
  const size_t len = strlen(table);
  return strncmp(name, table, len) == 0 && name[len] == '_' && strcmp(name + len + 1, column->name) == 0;
}

/* Of two FROMs with the columns of one table an alias is told from the table; NULL: this is no alias. */
static const corm_node *alias_of(const corm_node *from) {
  return from && from->kind == CORM_NODE_ALIAS ? from : NULL;
}

/* Of a column that is one of a table: whether it is of that FROM, an alias or, NULL, the table. */
static bool is_of(const corm_compiled_column *result, const corm_node *alias) {
  const corm_node *node = result->node;
  while (node->kind == CORM_NODE_LABEL) node = ((const corm_label *)node)->element;
  const corm_node *from = ((const corm_column_node *)node)->from;
  return alias ? from == alias : !from || from->kind == CORM_NODE_TABLE;
}

/* The result's column for one of a table: itself, of the same alias where there are several, else by its label, else by
   its name; -1: none. `used` marks those that an earlier class has taken; NULL: that does not matter. */
static int32_t find(const corm_result *result, const corm_column *column, const corm_node *alias, const bool *used) {
  const size_t n = corm_result_column_count(result);
  int32_t same = -1, labelled = -1, named = -1;
  for (size_t i = n; i-- > 0;) {
    const corm_compiled_column *found = corm_result_column(result, i);
    if (is_column(found, column)) {
      if (is_of(found, alias)) return (int32_t)i;
      if (same < 0 || !(used && used[i])) same = (int32_t)i;
      continue;
    }
    if (!found->name) continue;
    if (is_labelled(found->name, column)) labelled = (int32_t)i;
    if (strcmp(found->name, column->name) == 0 && !(used && used[i])) named = (int32_t)i;
  }
  return same >= 0 ? same : labelled >= 0 ? labelled : named;
}

static corm_status refuse(const char *owner, const char *name, corm_error *err) {
  return corm_error_set(err, CORM_E_NO_SUCH_COLUMN, "from_statement: the rows have no column for %s.%s", owner, name);
}

static int32_t find_named(const corm_result *result, const char *wanted) {
  for (size_t i = 0; i < corm_result_column_count(result); i++) {
    const char *name = corm_result_column(result, i)->name;
    if (name && strcmp(name, wanted) == 0) return (int32_t)i;
  }
  return -1;
}

/* The result's column for a slot; -1: it is not there. */
static int32_t place_slot(const corm_result *result, const corm_attribute *attribute, const corm_node *alias,
                          const bool *used) {
  if (attribute->kind == CORM_ATTRIBUTE_COLUMN && attribute->column)
    return find(result, attribute->column, alias, used);
  return find_named(result, attribute->key);
}

/* The name that an expression has among the columns of a statement; NULL: none. */
static const char *name_of(const corm_node *node) {
  if (node->kind == CORM_NODE_LABEL) return ((const corm_label *)node)->name;
  return node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->name : NULL;
}

/* with_expression says by name which of the statement's columns an attribute is: nothing can be added to them. */
static corm_status place_given(corm_loader *loader, int16_t *place, const corm_node **columns, corm_error *err) {
  const corm_load_entity *entity = loader->entities.items[loader->entities.len - 1];
  const corm_mapper *mapper = entity->mapper;
  const corm_load_option *option;
  for (uint32_t at = 0; (option = corm_selection_given(entity, &at)) != NULL;) {
    const char *key = mapper->attributes[option->slot].key, *name = name_of(option->expression);
    if (!name)
      return corm_error_set(err, CORM_E_ARGUMENT,
                            "from_statement: with_expression cannot add an expression for %s.%s to the statement; "
                            "select it there, and name its column: with_expression(%s.%s, corm.column \"...\")",
                            mapper->name, key, mapper->name, key);
    const int32_t found = find_named(loader->result, name);
    if (found < 0)
      return corm_error_set(err, CORM_E_NO_SUCH_COLUMN,
                            "from_statement: the rows have no column '%s', which with_expression says %s.%s to be",
                            name, mapper->name, key);
    place[option->slot] = (int16_t)found;
    columns[found] = option->expression;
  }
  return CORM_OK;
}

/* A bundle said of the result's columns: all of them, of which it takes its own. */
typedef struct placed {
  corm_bundle *bundle;
  int16_t *place;
  const corm_node **columns;
} placed;

static corm_status place_bundle(corm_loader *loader, const corm_bundle *bundle, bool *used, placed *out,
                                corm_error *err) {
  const corm_mapper *mapper = corm_bundle_mapper(bundle);
  const uint32_t n = (uint32_t)corm_result_column_count(loader->result);
  corm_bundle *made = corm_arena_copy(&loader->arena, bundle, sizeof *bundle);
  corm_view *view = corm_arena_zalloc(&loader->arena, 1, sizeof *view);
  int16_t *place = corm_arena_zalloc(&loader->arena, mapper->nattributes + (size_t)1, sizeof *place);
  const corm_node **columns = corm_arena_zalloc(&loader->arena, n + (size_t)1, sizeof *columns);
  const corm_node *alias = alias_of(bundle->from);
  if (!made || !view || !place || !columns) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_attribute *attribute = &mapper->attributes[i];
    place[i] = (int16_t)place_slot(loader->result, attribute, alias, used);
    if (place[i] < 0 && attribute->primary_key) return refuse(mapper->name, attribute->key, err);
  }
  for (uint32_t i = 0; i < mapper->nattributes; i++)
    if (place[i] >= 0) used[place[i]] = true;
  view->place = place;
  made->view = view;
  made->columns = columns;
  made->n = n;
  *out = (placed){made, place, columns};
  return CORM_OK;
}

static corm_status add_entity(corm_loader *loader, const corm_bundle *bundle, const corm_load_options *options,
                              bool *used, corm_error *err) {
  placed p;
  if (place_bundle(loader, bundle, used, &p, err) != CORM_OK) return CORM_FAILED;
  loader->items[loader->nitems++] = (corm_load_item){(int32_t)loader->entities.len, 0};
  corm_status status = corm_loader_add_root(loader, p.bundle, options->items, options->n, err);
  return status == CORM_OK ? place_given(loader, p.place, p.columns, err) : status;
}

/* What contains_eager says that the rows have besides: behind the classes that are listed. */
static corm_status place_contained(corm_loader *loader, bool *used, corm_error *err) {
  for (size_t i = loader->nvisible; i < loader->entities.len; i++) {
    corm_load_entity *entity = loader->entities.items[i];
    placed p;
    if (place_bundle(loader, entity->bundle, used, &p, err) != CORM_OK) return CORM_FAILED;
    entity->bundle = p.bundle;
  }
  return CORM_OK;
}

static corm_status add_column(corm_loader *loader, const corm_node *item, corm_error *err) {
  const corm_node *node = item;
  while (node->kind == CORM_NODE_LABEL) node = ((const corm_label *)node)->element;
  const corm_column *column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
  if (!column)
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "from_statement: classes, aliases and columns are found in the rows, no other expressions");
  const corm_node *alias = alias_of(((const corm_column_node *)node)->from);
  const int32_t at = find(loader->result, column, alias, NULL);
  if (at < 0) return refuse(column->table ? column->table->name : "", column->name, err);
  loader->items[loader->nitems++] = (corm_load_item){-1, (uint32_t)at};
  return CORM_OK;
}

static corm_status open_text(corm_loader *loader, const corm_node *const *items, uint32_t n,
                             const corm_load_options *options, corm_error *err) {
  const size_t width = corm_result_column_count(loader->result);
  bool *used = corm_arena_zalloc(&loader->arena, width + 1, sizeof *used);
  loader->items = corm_arena_zalloc(&loader->arena, n + (size_t)1, sizeof *loader->items);
  if (!used || !loader->items) return corm_error_memory(err);
  if (!corm_result_returns_rows(loader->result) || width > INT16_MAX)
    return corm_error_set(err, CORM_E_ARGUMENT, "from_statement: the statement returns no rows");
  corm_status status = corm_loader_find_dialect(loader, err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    const corm_bundle *bundle = (const corm_bundle *)items[i];
    status = bundle->base.kind == CORM_NODE_BUNDLE && bundle->owner ? add_entity(loader, bundle, options, used, err)
                                                                    : add_column(loader, items[i], err);
  }
  loader->foreign = true;
  if (status == CORM_OK) status = corm_loader_plan(loader, false, err);
  if (status == CORM_OK) status = place_contained(loader, used, err);
  for (size_t i = 0; status == CORM_OK && i < loader->entities.len; i++)
    status = corm_hydrate_prepare(loader, loader->entities.items[i], err);
  return status;
}

corm_status corm_loader_text(corm_session *session, const corm_node *const *items, uint32_t n,
                             const corm_compiled *compiled, corm_result *result, const corm_load_options *options,
                             corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  corm_status status = corm_loader_over(session, compiled, result, options, &loader, err);
  if (status != CORM_OK) return status;
  status = open_text(loader, items, n, options, err);
  if (status == CORM_OK)
    *out = loader;
  else
    corm_loader_free(loader);
  return status;
}
