/*
 * Subquery loading: the targets of a relationship by one statement over the query itself, whose parents are not listed:
 * SELECT address..., anon_1.user_id FROM (SELECT user.id AS user_id FROM user WHERE ...) AS anon_1 JOIN address ON ...
 */
#include "orm/loader.h"
#include "sql/subquery.h"

bool corm_within_serves(const corm_select *select) {
  if (select->base.kind != CORM_NODE_SELECT || select->nparts || select->text || select->extra) return false;
  if (select->ngroup_by || select->having || select->nctes) return false;
  if (!select->limit && !select->offset) return true;
  /* Counted without an order, the database may choose other rows the second time; other columns may have brought FROMs
     whose rows count, or be what the order names. */
  return !select->distinct && select->norder_by && select->ncolumns == 1;
}

/* The slots of the parents' key, in the order of the fetch. */
static uint32_t near_slot(const corm_relationship *relationship, uint32_t i) {
  return relationship->direction == CORM_MANY_TO_MANY ? relationship->near_secondary[i].slot
                                                      : relationship->pairs[i].near_slot;
}

/* The query with the key in the place of what it selects; its order counts only where rows are counted. */
static corm_status make_inner(corm_arena *arena, const corm_fetch *fetch, uint32_t width, const corm_node **out,
                              corm_error *err) {
  const corm_select *outer = fetch->within->select;
  const corm_bundle *parents = fetch->within->parents;
  const corm_mapper *mapper = corm_bundle_mapper(parents);
  corm_select *inner = corm_arena_copy(arena, outer, sizeof *outer);
  const corm_node **columns = corm_arena_zalloc(arena, width, sizeof *columns);
  if (!inner || !columns) return corm_error_memory(err);
  for (uint32_t i = 0; i < width; i++) {
    columns[i] = corm_mapper_column_in(arena, mapper, near_slot(fetch->relationship, i), parents->from);
    if (!columns[i]) return corm_error_memory(err);
  }
  inner->columns = columns;
  inner->ncolumns = width;
  inner->label_columns = CORM_LABEL_STYLE_TABLE;
  if (!outer->limit && !outer->offset) {
    inner->norder_by = 0;
    if (fetch->relationship->direction == CORM_MANY_TO_ONE) inner->distinct = true;
  }
  *out = corm_alias_in(arena, &inner->base, NULL);
  return *out ? CORM_OK : corm_error_memory(err);
}

/* The parents' columns by slot, as the subquery has them: those of the key. */
static const corm_node *const *by_slot(corm_arena *arena, const corm_relationship *relationship,
                                       const corm_node *const *keys, uint32_t width) {
  const corm_node **columns = corm_arena_zalloc(arena, relationship->parent->nattributes, sizeof *columns);
  for (uint32_t i = 0; columns && i < width; i++) columns[near_slot(relationship, i)] = keys[i];
  return columns;
}

corm_status corm_within_build(corm_arena *arena, const corm_fetch *fetch, const corm_bundle *target, uint32_t width,
                              corm_select *select, const corm_node **secondary, corm_error *err) {
  const corm_relationship *relationship = fetch->relationship;
  const corm_node *alias, *on, *to_secondary = NULL;
  const corm_node *const *keys;
  uint32_t n;
  corm_status status = make_inner(arena, fetch, width, &alias, err);
  if (status == CORM_OK) status = corm_subquery_columns_in(arena, alias, &keys, &n, err);
  if (status != CORM_OK) return status;
  const corm_node **columns = corm_arena_zalloc(arena, (size_t)width + 1, sizeof *columns);
  const corm_node **froms = corm_arena_zalloc(arena, 1, sizeof *froms);
  const corm_node *const *left = by_slot(arena, relationship, keys, width);
  const corm_node *const *right = corm_mapper_slots_in(arena, relationship->target, target->from);
  if (!columns || !froms || !left || !right) return corm_error_memory(err);
  if (relationship->def.secondary) {
    const corm_node *table = corm_table_node_in(arena, relationship->def.secondary);
    *secondary = table ? corm_alias_in(arena, table, NULL) : NULL;
    if (!*secondary) return corm_error_memory(err);
  }
  status = corm_relationship_on_columns_in(arena, relationship, left, *secondary, right, &to_secondary, &on, err);
  if (status != CORM_OK) return status;
  froms[0] = *secondary ? corm_join_in(arena, alias, *secondary, to_secondary, false, false) : alias;
  if (froms[0]) froms[0] = corm_join_in(arena, froms[0], target->from, on, false, false);
  columns[0] = &target->base;
  for (uint32_t i = 0; i < width; i++) columns[i + 1] = keys[i];
  select->columns = columns;
  select->ncolumns = width + 1;
  select->froms = froms;
  select->nfroms = 1;
  return froms[0] ? CORM_OK : corm_error_memory(err);
}
