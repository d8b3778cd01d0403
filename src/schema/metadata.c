#include "schema/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/topo.h"

void corm_metadata_init(corm_metadata *metadata, const corm_mem *mem) {
  *metadata = (corm_metadata){.mem = mem};
  corm_map_init(&metadata->tables, mem);
  corm_vec_init(&metadata->sequences, mem);
}

void corm_metadata_clear(corm_metadata *metadata) {
  corm_map_clear(&metadata->tables);
  corm_vec_clear(&metadata->sequences);
}

corm_status corm_metadata_add(corm_metadata *metadata, corm_table *table, corm_error *err) {
  if (table->metadata) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "table '%s' already belongs to a MetaData", table->fullname);
  }
  if (corm_map_gets(&metadata->tables, table->fullname)) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "table '%s' is already defined for this MetaData",
                          table->fullname);
  }
  if (corm_map_puts(&metadata->tables, table->fullname, table) != CORM_OK) return corm_error_memory(err);
  table->metadata = metadata;
  return CORM_OK;
}

corm_table *corm_metadata_table(const corm_metadata *metadata, const char *fullname) {
  return corm_map_gets(&metadata->tables, fullname);
}

const char *corm_metadata_nearest(const corm_metadata *metadata, const char *fullname) {
  const char *nearest = NULL;
  size_t least = SIZE_MAX, pos = 0;
  for (const corm_map_entry *entry; (entry = corm_map_next(&metadata->tables, &pos));) {
    const char *candidate = entry->key;
    size_t distance = corm_name_distance(fullname, candidate);
    if (distance < least && corm_name_nearest(fullname, &candidate, 1)) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/* Foreign keys that found the table by name must not remember it. */
static void unresolve(corm_table *from, const corm_table *gone) {
  for (size_t i = 0; i < from->constraints.len; i++) {
    corm_constraint *constraint = from->constraints.items[i];
    bool by_name = constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && constraint->targets;
    if (by_name && constraint->target_columns && constraint->target_columns[0]->table == gone) {
      constraint->target_columns = NULL;
    }
  }
}

void corm_metadata_remove(corm_metadata *metadata, corm_table *table) {
  if (corm_map_gets(&metadata->tables, table->fullname) != table) return;
  corm_map_remove(&metadata->tables, table->fullname, strlen(table->fullname));
  table->metadata = NULL;
  size_t pos = 0;
  for (const corm_map_entry *entry; (entry = corm_map_next(&metadata->tables, &pos));) unresolve(entry->value, table);
}

/* -- sorting ------------------------------------------------------------------------------------------------------- */

typedef struct sorting {
  corm_table **tables; /* in order of creation; the index is the node's number */
  size_t n;
  corm_edge *edges;
  size_t nedges;
  uint32_t *order;
} sorting;

static size_t count_foreign_keys(const sorting *s) {
  size_t count = 0;
  for (size_t i = 0; i < s->n; i++) {
    const corm_vec *constraints = &s->tables[i]->constraints;
    for (size_t k = 0; k < constraints->len; k++) {
      count += ((const corm_constraint *)constraints->items[k])->kind == CORM_CONSTRAINT_FOREIGN_KEY;
    }
  }
  return count;
}

static void insert_by_creation(sorting *s, corm_table *table) {
  size_t at = s->n++;
  for (; at > 0 && s->tables[at - 1]->creation > table->creation; at--) s->tables[at] = s->tables[at - 1];
  s->tables[at] = table;
}

static corm_status collect_tables(const corm_metadata *metadata, corm_table *const *tables, size_t ntables, sorting *s,
                                  corm_error *err) {
  size_t n = tables ? ntables : metadata->tables.count;
  if (n == 0) return CORM_OK;
  s->tables = corm_mem_zalloc(metadata->mem, n, sizeof *s->tables);
  s->order = corm_mem_zalloc(metadata->mem, n, sizeof *s->order);
  if (!s->tables || !s->order) return corm_error_memory(err);
  if (tables) {
    for (size_t i = 0; i < n; i++) insert_by_creation(s, tables[i]);
    return CORM_OK;
  }
  size_t pos = 0;
  for (const corm_map_entry *entry; (entry = corm_map_next(&metadata->tables, &pos));) {
    insert_by_creation(s, entry->value);
  }
  return CORM_OK;
}

/* One edge for each foreign key whose target is sorted, too. */
static corm_status collect_edges(const corm_metadata *metadata, sorting *s, corm_error *err) {
  size_t count = count_foreign_keys(s);
  if (count == 0) return CORM_OK;
  s->edges = corm_mem_zalloc(metadata->mem, count, sizeof *s->edges);
  if (!s->edges) return corm_error_memory(err);
  for (size_t i = 0; i < s->n; i++) {
    const corm_vec *constraints = &s->tables[i]->constraints;
    for (size_t k = 0; k < constraints->len; k++) {
      corm_constraint *constraint = constraints->items[k];
      if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
      if (corm_constraint_resolve(constraint, err) != CORM_OK) return CORM_FAILED;
      size_t target = 0;
      if (constraint->use_alter) continue;
      while (target < s->n && s->tables[target] != constraint->target_columns[0]->table) target++;
      if (target < s->n) s->edges[s->nedges++] = (corm_edge){.before = (uint32_t)target, .after = (uint32_t)i};
    }
  }
  return CORM_OK;
}

corm_status corm_metadata_sort(const corm_metadata *metadata, corm_table *const *tables, size_t ntables, corm_vec *out,
                               size_t *ncycle, corm_error *err) {
  sorting s = {.n = 0};
  size_t sorted = 0;
  *ncycle = 0;
  corm_status status = collect_tables(metadata, tables, ntables, &s, err);
  if (status == CORM_OK) status = collect_edges(metadata, &s, err);
  if (status == CORM_OK && s.n > 0) {
    status = corm_topo_sort(metadata->mem, s.n, s.edges, s.nedges, s.order, &sorted, err);
  }
  if (status != CORM_OK) goto done;
  if (corm_vec_reserve(out, out->len + s.n) != CORM_OK) {
    status = corm_error_memory(err);
    goto done;
  }
  for (size_t i = 0; i < s.n && status == CORM_OK; i++) status = corm_vec_push(out, s.tables[s.order[i]]);
  *ncycle = s.n - sorted;
done:
  corm_mem_free(metadata->mem, s.tables);
  corm_mem_free(metadata->mem, s.order);
  corm_mem_free(metadata->mem, s.edges);
  return status;
}
