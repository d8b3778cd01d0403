/*
 * The order of writing. Tables follow their foreign keys; within a table inserts keep the order of add, updates and
 * deletes go by primary key (U08). Rows of tables on a cycle, self-references included, are sorted one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/topo.h"
#include "orm/flush.h"

typedef struct edges {
  corm_edge *items;
  uint32_t n, cap;
} edges;

static corm_status edge_add(const corm_mem *mem, edges *list, uint32_t before, uint32_t after, corm_error *err) {
  corm_edge *items = corm_flush_grow(mem, list->items, list->n, &list->cap, sizeof *items);
  if (!items) return corm_error_memory(err);
  list->items = items;
  items[list->n++] = (corm_edge){before, after};
  return CORM_OK;
}

/* -- tables -- */

ptrdiff_t corm_plan_class_of(const corm_flush *flush, const corm_table *table) {
  for (size_t i = 0; i < flush->mappers.len; i++)
    if (corm_mapper_has_table(flush->mappers.items[i], table)) return (ptrdiff_t)i;
  return -1;
}

static corm_status edges_of_table(const corm_flush *flush, uint32_t m, const corm_table *table, edges *list, bool *self,
                                  corm_error *err) {
  const uint32_t mine = corm_flush_rank(flush, m);
  corm_status status = CORM_OK;
  for (size_t c = 0; status == CORM_OK && c < table->constraints.len; c++) {
    corm_constraint *fk = table->constraints.items[c];
    if (fk->kind != CORM_CONSTRAINT_FOREIGN_KEY || !fk->ncolumns) continue;
    status = corm_constraint_resolve(fk, err);
    if (status != CORM_OK) return status;
    if (corm_mapper_is_between_levels(flush->mappers.items[m], fk)) continue;
    const ptrdiff_t at = corm_plan_class_of(flush, fk->target_columns[0]->table);
    const ptrdiff_t to = at < 0 ? -1 : (ptrdiff_t)corm_flush_rank(flush, (uint32_t)at);
    if (to == (ptrdiff_t)mine)
      self[mine] = true;
    else if (to >= 0)
      status = edge_add(flush->mem, list, (uint32_t)to, mine, err);
  }
  return status;
}

/* Relationships by conditions need no foreign key, and keys go from row to row all the same. */
static corm_status edges_of_conditions(const corm_flush *flush, uint32_t m, edges *list, bool *self, corm_error *err) {
  const uint32_t mine = corm_flush_rank(flush, m);
  const corm_mapper *mapper = flush->mappers.items[m];
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < mapper->relationships.len; i++) {
    const corm_relationship *relationship = mapper->relationships.items[i];
    if (!relationship->on || relationship->def.secondary || relationship->def.viewonly) continue;
    const ptrdiff_t at = corm_plan_class_of(flush, relationship->target->table);
    if (at < 0) continue;
    const uint32_t other = corm_flush_rank(flush, (uint32_t)at);
    const bool child = relationship->direction == CORM_MANY_TO_ONE;
    if (other == mine)
      self[mine] = true;
    else
      status = edge_add(flush->mem, list, child ? other : mine, child ? mine : other, err);
  }
  return status;
}

/* A key that the database passes on may go over tables that have no rows in the flush. */
static corm_status edges_of_passes(const corm_flush *flush, edges *list, bool *self, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t w = 0; status == CORM_OK && flush->npasses && w < flush->nworks; w++) {
    const uint32_t mine = flush->works[w].rank;
    for (uint32_t s = flush->works[w].first_pass; status == CORM_OK && s; s = flush->passes[s - 1].next) {
      const uint32_t other = flush->works[flush->passes[s - 1].parent->flush - 1].rank;
      if (other == mine)
        self[mine] = true;
      else
        status = edge_add(flush->mem, list, other, mine, err);
    }
  }
  return status;
}

static corm_status table_edges(const corm_flush *flush, edges *list, bool *self, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t m = 0; status == CORM_OK && m < flush->mappers.len; m++) {
    const corm_mapper *mapper = flush->mappers.items[m];
    for (uint32_t t = 0; status == CORM_OK && t < mapper->ntables; t++)
      status = edges_of_table(flush, m, mapper->tables[t].table, list, self, err);
    if (status == CORM_OK) status = edges_of_conditions(flush, m, list, self, err);
  }
  return status == CORM_OK ? edges_of_passes(flush, list, self, err) : status;
}

/* -- rows -- */

static bool same_group(const corm_flush *flush, const uint32_t *group, const corm_object *object, uint32_t mine) {
  return object && object->flush && group[flush->works[object->flush - 1].rank] == mine;
}

corm_object *corm_plan_referenced(const corm_flush *flush, const corm_object *object, const corm_constraint *fk,
                                  const corm_mapper *target) {
  corm_value key[16];
  if (target->npk != fk->ncolumns || target->npk > 16) return NULL;
  for (uint32_t p = 0; p < target->npk; p++) {
    key[p] = corm_value_null();
    for (uint32_t i = 0; i < fk->ncolumns; i++) {
      if (corm_mapper_column_slot(target, fk->target_columns[i]) != (int32_t)target->pk[p]) continue;
      int32_t slot = corm_mapper_column_slot(object->mapper, fk->columns[i]);
      if (slot >= 0) key[p] = *corm_object_committed(object, (uint32_t)slot);
    }
    if (key[p].kind == CORM_NULL || key[p].kind == CORM_ABSENT) return NULL;
  }
  return corm_session_find(flush->session, target->root, key); /* of whichever class that has the table */
}

/* Where a row points is in the row: what is expired of it is loaded. */
static corm_status load_key(corm_object *object, const corm_constraint *fk, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < fk->ncolumns; i++) {
    const int32_t slot = corm_mapper_column_slot(object->mapper, fk->columns[i]);
    if (slot >= 0) status = corm_sync_know(object, (uint32_t)slot, err);
  }
  return status;
}

/* A doomed row goes before the doomed rows that it points to. */
static corm_status delete_edges_of(const corm_flush *flush, const uint32_t *group, const corm_work *work,
                                   const corm_table *table, edges *list, corm_error *err) {
  corm_object *object = work->object;
  corm_status status = CORM_OK;
  for (size_t c = 0; status == CORM_OK && c < table->constraints.len; c++) {
    const corm_constraint *fk = table->constraints.items[c];
    if (fk->kind != CORM_CONSTRAINT_FOREIGN_KEY || !fk->ncolumns) continue;
    ptrdiff_t m = corm_plan_class_of(flush, fk->target_columns[0]->table);
    if (m < 0 || corm_post_covers(object->mapper, fk)) continue;
    status = load_key(object, fk, err);
    if (status != CORM_OK) return status;
    corm_object *parent = corm_plan_referenced(flush, object, fk, flush->mappers.items[m]);
    if (parent == object || !same_group(flush, group, parent, group[work->rank])) continue;
    if (flush->works[parent->flush - 1].kind != CORM_WORK_DELETE) continue;
    status = edge_add(flush->mem, list, object->flush - 1, parent->flush - 1, err);
  }
  return status;
}

static corm_status delete_edges(const corm_flush *flush, const uint32_t *group, const corm_work *work, edges *list,
                                corm_error *err) {
  const corm_mapper *mapper = work->object->mapper;
  corm_status status = CORM_OK;
  for (uint32_t t = 0; status == CORM_OK && t < mapper->ntables; t++)
    status = delete_edges_of(flush, group, work, mapper->tables[t].table, list, err);
  return status;
}

/* A new row cannot wait for a key of its own that it has not. */
static bool needs_own_key(const corm_sync *sync) {
  const corm_relationship *r = sync->relationship;
  if (sync->parent != sync->child || (sync->child->flags & CORM_OBJECT_KEYED)) return false;
  for (uint32_t k = 0; k < r->npairs; k++) {
    const uint32_t slot = r->direction == CORM_MANY_TO_ONE ? r->pairs[k].far_slot : r->pairs[k].near_slot;
    const uint8_t kind = sync->parent->slots[slot].kind;
    if (kind == CORM_ABSENT || kind == CORM_NULL) return true;
  }
  return false;
}

static corm_status refuse_own_key(const corm_flush *flush, const corm_sync *sync, corm_error *err) {
  corm_buf name;
  corm_buf_init(&name, flush->mem);
  corm_object_describe(sync->child, &name);
  const char *text = corm_buf_str(&name);
  corm_error_set(err, CORM_E_CIRCULAR_DEPENDENCY,
                 "a row depends on itself: %s refers to itself by '%s', and its key is not known before it is inserted",
                 text ? text : sync->child->mapper->name, sync->relationship->key);
  corm_error_hint(err, "give it its key, or set post_update = true on the relationship");
  corm_buf_clear(&name);
  return CORM_FAILED;
}

/* Whether a row of a cycle waits for its sync's parent: a new row, maybe of another class, or one with a new key. */
static bool waits_for(const corm_flush *flush, const uint32_t *group, const corm_work *work, const corm_sync *sync) {
  const corm_object *parent = sync->parent;
  return parent != work->object && same_group(flush, group, parent, group[work->rank]) &&
         (flush->works[parent->flush - 1].kind == CORM_WORK_INSERT || corm_key_switch_gives(flush, sync));
}

/* A row that waits for a new row's key comes after it; so does one whose new key value is named by plain columns, and
   one whose own key the database changes with its parent's. */
static corm_status save_edges(const corm_flush *flush, const uint32_t *group, const corm_work *work, edges *list,
                              corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t s = work->first_sync; status == CORM_OK && s; s = flush->syncs[s - 1].next) {
    const corm_sync *sync = &flush->syncs[s - 1];
    if (needs_own_key(sync)) return refuse_own_key(flush, sync, err);
    if (waits_for(flush, group, work, sync))
      status = edge_add(flush->mem, list, sync->parent->flush - 1, work->object->flush - 1, err);
  }
  for (uint32_t s = work->first_pass; status == CORM_OK && s; s = flush->passes[s - 1].next) {
    const corm_object *parent = flush->passes[s - 1].parent;
    if (same_group(flush, group, parent, group[work->rank]))
      status = edge_add(flush->mem, list, parent->flush - 1, work->object->flush - 1, err);
  }
  return status;
}

static corm_status cycle_error(const corm_flush *flush, const edges *list, corm_error *err) {
  uint32_t *cycle = corm_mem_alloc(flush->mem, flush->nworks * sizeof *cycle);
  size_t len = 0;
  corm_buf text;
  corm_buf_init(&text, flush->mem);
  corm_status status = cycle ? corm_topo_cycle(flush->mem, flush->nworks, list->items, list->n, cycle, &len, err)
                             : corm_error_memory(err);
  if (status == CORM_OK) {
    for (size_t i = 0; i < len && i < 8; i++) {
      if (i) corm_buf_puts(&text, " -> ");
      corm_object_describe(flush->works[cycle[i]].object, &text);
    }
    const char *names = corm_buf_str(&text);
    status = corm_error_set(err, CORM_E_CIRCULAR_DEPENDENCY, "rows depend on each other in a circle: %s%s",
                            names ? names : "", len > 8 ? " ..." : "");
    corm_error_hint(err, "post_update = true on one of the relationships writes its key by an UPDATE of its own");
  }
  corm_buf_clear(&text);
  corm_mem_free(flush->mem, cycle);
  return status;
}

/* -- the order -- */

typedef struct sort_key {
  uint32_t rank;     /* of the mapper, or of its cyclic group */
  uint32_t phase;    /* 0 updates that wait for nobody, 1 inserts and updates that these wait for, 2 other updates */
  uint32_t position; /* among rows of one place: order of add or of primary key */
  uint32_t work;
} sort_key;

static int by_key(const void *a, const void *b) {
  const sort_key *x = a, *y = b;
  if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
  if (x->phase != y->phase) return x->phase < y->phase ? -1 : 1;
  if (x->position != y->position) return x->position < y->position ? -1 : 1;
  return x->work < y->work ? -1 : x->work > y->work;
}

static int by_primary_key(const corm_object *a, const corm_object *b) {
  for (uint32_t i = 0; i < a->mapper->npk; i++) {
    uint32_t slot = a->mapper->pk[i];
    int order = corm_value_compare(corm_object_committed(a, slot), corm_object_committed(b, slot));
    if (order) return order;
  }
  return 0;
}

typedef struct pk_key {
  const corm_object *object;
  uint32_t work;
} pk_key;

static int by_pk(const void *a, const void *b) {
  const pk_key *x = a, *y = b;
  const corm_mapper *mine = x->object->mapper->root, *theirs = y->object->mapper->root;
  if (mine != theirs) return mine < theirs ? -1 : 1;
  int order = by_primary_key(x->object, y->object);
  return order ? order : x->work < y->work ? -1 : x->work > y->work;
}

/* position[w]: inserts by order of add, rows with a key by that key. */
static corm_status positions(const corm_flush *flush, uint32_t *position, corm_error *err) {
  pk_key *keys = corm_mem_alloc(flush->mem, flush->nworks * sizeof *keys);
  uint32_t n = 0;
  if (!keys) return corm_error_memory(err);
  bool sorted = true;
  for (uint32_t w = 0; w < flush->nworks; w++) {
    position[w] = w;
    if (flush->works[w].kind == CORM_WORK_INSERT) continue;
    keys[n] = (pk_key){flush->works[w].object, w};
    if (n && by_pk(&keys[n - 1], &keys[n]) > 0) sorted = false;
    n++;
  }
  if (!sorted) qsort(keys, n, sizeof *keys, by_pk);
  for (uint32_t i = 0; i < n; i++) position[keys[i].work] = i;
  corm_mem_free(flush->mem, keys);
  return CORM_OK;
}

static bool waits(const corm_flush *flush, const uint32_t *group, const corm_work *work) {
  for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next)
    if (waits_for(flush, group, work, &flush->syncs[s - 1])) return true;
  for (uint32_t s = work->first_pass; s; s = flush->passes[s - 1].next)
    if (same_group(flush, group, flush->passes[s - 1].parent, group[work->rank])) return true;
  return false;
}

/* Updates that wait, and for which a new row waits, come among the new rows: `among` of their numbers. */
static void mark_among(const corm_flush *flush, const uint32_t *group, const uint32_t *order, bool *among) {
  for (uint32_t i = flush->nworks; i-- > 0;) {
    const corm_work *work = &flush->works[order[i]];
    if (!flush->cyclic[work->rank] || !(work->kind == CORM_WORK_INSERT || among[order[i]])) continue;
    for (uint32_t s = work->first_sync; s; s = flush->syncs[s - 1].next)
      if (waits_for(flush, group, work, &flush->syncs[s - 1])) among[flush->syncs[s - 1].parent->flush - 1] = true;
    for (uint32_t s = work->first_pass; s; s = flush->passes[s - 1].next)
      among[flush->passes[s - 1].parent->flush - 1] = true;
  }
}

/* Rows of cyclic groups get their positions from a sort of their own. */
static corm_status sort_rows(const corm_flush *flush, const uint32_t *group, uint32_t *position, bool *among,
                             corm_error *err) {
  edges list = {0};
  size_t placed = flush->nworks;
  corm_status status = CORM_OK;
  bool any = false;
  for (uint32_t w = 0; status == CORM_OK && w < flush->nworks; w++) {
    const corm_work *work = &flush->works[w];
    if (!flush->cyclic[work->rank]) continue;
    any = true;
    status = work->kind == CORM_WORK_DELETE ? delete_edges(flush, group, work, &list, err)
                                            : save_edges(flush, group, work, &list, err);
  }
  if (status == CORM_OK && any && list.n) {
    uint32_t *order = corm_mem_alloc(flush->mem, flush->nworks * sizeof *order);
    status = order ? corm_topo_sort(flush->mem, flush->nworks, list.items, list.n, order, &placed, err)
                   : corm_error_memory(err);
    if (status == CORM_OK && placed < flush->nworks) status = cycle_error(flush, &list, err);
    for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++)
      if (flush->cyclic[flush->works[order[i]].rank]) position[order[i]] = i;
    if (status == CORM_OK) mark_among(flush, group, order, among);
    corm_mem_free(flush->mem, order);
  }
  corm_mem_free(flush->mem, list.items);
  return status;
}

static uint32_t phase_of(const corm_flush *flush, const uint32_t *group, const corm_work *work, bool among) {
  if (work->kind == CORM_WORK_INSERT) return 1;
  if (!flush->cyclic[work->rank] || !waits(flush, group, work)) return 0;
  return among ? 1 : 2;
}

/* Mostly they stand in order as they come. */
static void sort_keys(sort_key *keys, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    if (by_key(&keys[i - 1], &keys[i]) > 0) {
      qsort(keys, n, sizeof *keys, by_key);
      return;
    }
}

static void fill_order(corm_flush *flush, const uint32_t *group, const uint32_t *position, const bool *among,
                       sort_key *keys) {
  uint32_t saves = 0, rest = flush->nworks;
  for (uint32_t w = 0; w < flush->nworks; w++) {
    const corm_work *work = &flush->works[w];
    const bool gone = work->kind == CORM_WORK_DELETE;
    sort_key key = {group[work->rank], gone ? 0 : phase_of(flush, group, work, among[w]), position[w], w};
    if (gone) key.rank = UINT32_MAX - key.rank; /* children's tables first */
    keys[gone ? --rest : saves++] = key;
  }
  flush->nsaves = saves;
  sort_keys(keys, saves);
  sort_keys(keys + saves, flush->nworks - saves);
  for (uint32_t i = 0; i < flush->nworks; i++) flush->order[i] = keys[i].work;
}

/* Gives each mapper its place; those that a cycle holds share one. */
static corm_status rank_mappers(corm_flush *flush, uint32_t *group, bool *cyclic, corm_error *err) {
  const uint32_t n = (uint32_t)flush->mappers.len;
  edges list = {0};
  size_t sorted = n;
  uint32_t *order = corm_mem_alloc(flush->mem, n * sizeof *order);
  corm_status status = order ? table_edges(flush, &list, cyclic, err) : corm_error_memory(err);
  if (status == CORM_OK) status = corm_topo_sort(flush->mem, n, list.items, list.n, order, &sorted, err);
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) {
    group[order[i]] = i < sorted ? i : (uint32_t)sorted;
    if (i >= sorted) cyclic[order[i]] = true;
  }
  corm_mem_free(flush->mem, list.items);
  corm_mem_free(flush->mem, order);
  return status;
}

/* New rows of tables without cycles keep the order of add, table by table: nothing has to be compared. */
static corm_status order_inserts(corm_flush *flush, const uint32_t *group, corm_error *err) {
  const size_t n = flush->mappers.len;
  uint32_t *start = corm_mem_zalloc(flush->mem, n + 1, sizeof *start);
  if (!start) return corm_error_memory(err);
  for (uint32_t w = 0; w < flush->nworks; w++) start[group[flush->works[w].rank] + 1]++;
  for (size_t g = 1; g <= n; g++) start[g] += start[g - 1];
  for (uint32_t w = 0; w < flush->nworks; w++) flush->order[start[group[flush->works[w].rank]]++] = w;
  flush->nsaves = flush->nworks;
  corm_mem_free(flush->mem, start);
  return CORM_OK;
}

static bool only_inserts(const corm_flush *flush) {
  for (size_t m = 0; m < flush->mappers.len; m++)
    if (flush->cyclic[m]) return false;
  for (uint32_t w = 0; w < flush->nworks; w++)
    if (flush->works[w].kind != CORM_WORK_INSERT) return false;
  return true;
}

static corm_status order_all(corm_flush *flush, const uint32_t *group, corm_error *err) {
  uint32_t *position = corm_mem_alloc(flush->mem, flush->nworks * sizeof *position);
  sort_key *keys = corm_mem_alloc(flush->mem, flush->nworks * sizeof *keys);
  bool *among = corm_mem_zalloc(flush->mem, flush->nworks, sizeof *among);
  corm_status status = position && keys && among ? positions(flush, position, err) : corm_error_memory(err);
  if (status == CORM_OK) status = sort_rows(flush, group, position, among, err);
  if (status == CORM_OK) fill_order(flush, group, position, among, keys);
  corm_mem_free(flush->mem, among);
  corm_mem_free(flush->mem, position);
  corm_mem_free(flush->mem, keys);
  return status;
}

corm_status corm_plan_order(corm_flush *flush, corm_error *err) {
  const size_t n = flush->mappers.len;
  uint32_t *group = corm_mem_zalloc(flush->mem, n, sizeof *group);
  flush->cyclic = corm_mem_zalloc(flush->mem, n, sizeof *flush->cyclic);
  flush->order = corm_mem_alloc(flush->mem, flush->nworks * sizeof *flush->order);
  corm_status status = group && flush->cyclic && flush->order ? CORM_OK : corm_error_memory(err);
  if (status == CORM_OK) status = rank_mappers(flush, group, flush->cyclic, err);
  if (status == CORM_OK) status = only_inserts(flush) ? order_inserts(flush, group, err) : order_all(flush, group, err);
  corm_mem_free(flush->mem, group);
  return status;
}
