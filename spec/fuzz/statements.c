#include "fuzz.h"

#include <stdio.h>

#include "sql/function.h"

/* -- selects and FROMs --------------------------------------------------------------------------------------------- */

static N const *some_of(fuzz_machine *m, uint32_t *n, size_t most, bool froms) {
  N *items = corm_arena_zalloc(m->arena, most, sizeof *items);
  if (!items) return NULL;
  *n = fuzz_choose(m, most + 1);
  for (uint32_t i = 0; i < *n; i++) {
    items[i] = froms ? fuzz_take_from(m) : fuzz_take(m);
    if (!items[i]) return NULL;
  }
  return items;
}

static const corm_select_extra *make_extra(fuzz_machine *m) {
  corm_select_extra *extra = corm_arena_zalloc(m->arena, 1, sizeof *extra);
  corm_select_text *texts = corm_arena_zalloc(m->arena, 2, sizeof *texts);
  corm_row_lock *lock = corm_arena_zalloc(m->arena, 1, sizeof *lock);
  if (!extra || !texts || !lock) return NULL;
  unsigned parts = fuzz_byte(m);
  if (parts & 1) {
    lock->of = some_of(m, &lock->nof, 2, true);
    lock->read = parts & 2;
    lock->key_share = parts & 4;
    lock->nowait = parts & 8;
    lock->skip_locked = parts & 16;
    extra->lock = lock;
  }
  extra->fetch = parts & 32;
  extra->with_ties = parts & 64;
  extra->percent = parts & 128;
  if (fuzz_byte(m) & 1) extra->distinct_on = some_of(m, &extra->ndistinct_on, 2, false);
  extra->texts = texts;
  extra->ntexts = fuzz_choose(m, 3);
  for (uint32_t i = 0; i < extra->ntexts; i++) {
    texts[i].text = corm_text_in(m->arena, "HIGH :p", 7);
    texts[i].place = (uint8_t)fuzz_choose(m, 4);
    texts[i].dialect = fuzz_byte(m) & 1 ? "mysql" : NULL;
    if (texts[i].place == CORM_SELECT_HINT) texts[i].from = fuzz_take_from(m);
  }
  return extra;
}

static N make_select(fuzz_machine *m) {
  corm_select *select = corm_arena_zalloc(m->arena, 1, sizeof *select);
  if (!select) return NULL;
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  unsigned parts = fuzz_byte(m) | fuzz_byte(m) << 8;
  N *list = corm_arena_zalloc(m->arena, 4, sizeof *list);
  if (!list) return NULL;
  select->ncolumns = 1 + fuzz_choose(m, 3);
  for (uint32_t i = 0; i < select->ncolumns; i++) list[i] = fuzz_choose(m, 4) ? fuzz_take(m) : fuzz_take_from(m);
  select->columns = list;
  if (parts & 1) select->where = fuzz_take(m);
  if (parts & 2) select->having = fuzz_take(m);
  if (parts & 4) select->group_by = some_of(m, &select->ngroup_by, 2, false);
  if (parts & 8) select->order_by = some_of(m, &select->norder_by, 2, false);
  if (parts & 16) select->limit = fuzz_take(m);
  if (parts & 32) select->offset = fuzz_take(m);
  if (parts & 64) select->froms = some_of(m, &select->nfroms, 2, true);
  if (parts & 128) select->correlate = some_of(m, &select->ncorrelate, 1, true);
  select->distinct = parts & 256;
  select->label_columns = (uint8_t)(parts >> 9 & 1);
  if (parts & 1024) select->extra = make_extra(m);
  return m->arena->failed ? NULL : &select->base;
}

/* A select, a set operation over some, or text with columns. */
N fuzz_select(fuzz_machine *m) {
  N items[3];
  const corm_select *parts[3];
  size_t n = 1 + fuzz_choose(m, 3);
  switch (fuzz_choose(m, 6)) {
  case 0:
    for (size_t i = 0; i < n; i++) {
      bool old = i == 0 && m->nselects > 0;
      if (old) m->size += m->selects[--m->nselects].size;
      N part = old ? m->selects[m->nselects].node : make_select(m);
      if (!part) return NULL;
      parts[i] = corm_as_select(part);
    }
    return corm_compound_in(m->arena, (corm_set_op)fuzz_choose(m, CORM_SET_OP_COUNT), parts, n);
  case 1: {
    N text = corm_text_in(m->arena, "SELECT :a, b", 12);
    for (size_t i = 0; i < n; i++)
      if (!(items[i] = corm_name_in(m->arena, fuzz_name(m), fuzz_type(fuzz_byte(m))))) return NULL;
    return text ? corm_textual_in(m->arena, (const corm_text *)text, items, n) : NULL;
  }
  default: return make_select(m);
  }
}

/* NULL for want of memory, or after an error of a class that is right. */
static N make_join(fuzz_machine *m) {
  N left = fuzz_take_from(m), right = fuzz_take_from(m), on = NULL;
  corm_error err = {0};
  if (!left || !right) return NULL;
  if (fuzz_byte(m) & 1) {
    on = fuzz_take(m);
  } else if (corm_join_condition_in(m->arena, left, right, &on, &err) != CORM_OK) {
    bool fine = err.cls == CORM_E_NO_FOREIGN_KEYS || err.cls == CORM_E_AMBIGUOUS_FOREIGN_KEYS ||
                err.cls == CORM_E_COMPILE || m->arena->failed;
    if (!fine) fuzz_fail("join", err.message);
    corm_error_clear(&err);
    return m->arena->failed ? NULL : left;
  }
  return corm_join_in(m->arena, left, right, on, fuzz_byte(m) & 1, fuzz_byte(m) & 1);
}

/* WITH: a select or a DML statement, or the other half of a recursive one. */
static N make_cte(fuzz_machine *m) {
  corm_cte cte = {.recursive = fuzz_byte(m) & 1, .nesting = fuzz_byte(m) & 1};
  const char *name = fuzz_byte(m) & 1 ? fuzz_name(m) : NULL;
  N element = fuzz_choose(m, 4) ? fuzz_select(m) : fuzz_dml(m);
  if (!element) return NULL;
  if (m->nfroms && (fuzz_byte(m) & 1)) {
    N other = m->froms[m->nfroms - 1].node;
    bool restates = other->kind == CORM_NODE_ALIAS && ((const corm_alias *)other)->cte && corm_as_select(element);
    if (restates && corm_as_select(((const corm_alias *)other)->element)) {
      const corm_select *parts[] = {corm_as_select(((const corm_alias *)other)->element), corm_as_select(element)};
      cte.restates = (const corm_alias *)other;
      m->size += m->froms[m->nfroms - 1].size;
      element = corm_compound_in(m->arena, CORM_SET_UNION_ALL, parts, 2);
      name = cte.restates->name;
    }
  }
  return element ? corm_cte_in(m->arena, element, name, &cte) : NULL;
}

static N const *take_values(fuzz_machine *m, uint32_t n);

/* VALUES, a sample of a table, or LATERAL. */
static N make_rare_from(fuzz_machine *m) {
  const char *name = fuzz_byte(m) & 1 ? fuzz_name(m) : NULL;
  switch (fuzz_choose(m, 3)) {
  case 0: {
    const corm_table_valued like = {.derived = true};
    corm_column_def defs[2] = {{fuzz_name(m), fuzz_type(fuzz_byte(m))}, {fuzz_name(m), NULL}};
    uint32_t width = 1 + fuzz_choose(m, 2), nrows = fuzz_choose(m, 4);
    N rows = corm_values_in(m->arena, take_values(m, width * nrows), nrows, width, fuzz_byte(m) & 1);
    return rows && !m->arena->failed ? corm_table_valued_in(m->arena, rows, name, defs, width, &like) : NULL;
  }
  case 1: {
    N table = corm_table_node_in(m->arena, &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)]);
    N method = fuzz_function(m), seed = fuzz_byte(m) & 1 ? fuzz_take(m) : NULL;
    return table && method ? corm_tablesample_in(m->arena, table, name, method, seed) : NULL;
  }
  default: {
    N select = fuzz_select(m);
    return select ? corm_lateral_in(m->arena, select, name) : NULL;
  }
  }
}

N fuzz_from(fuzz_machine *m) {
  switch (fuzz_choose(m, 6)) {
  case 0: return make_join(m);
  case 4: return make_cte(m);
  case 5: return make_rare_from(m);
  case 1: {
    N table = corm_table_node_in(m->arena, &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)]);
    return table ? corm_alias_in(m->arena, table, fuzz_byte(m) & 1 ? fuzz_name(m) : NULL) : NULL;
  }
  case 2: {
    corm_column_def defs[2] = {{fuzz_name(m), fuzz_type(fuzz_byte(m))}, {fuzz_name(m), NULL}};
    corm_table_valued like = {.ordinality = fuzz_byte(m) & 1, .derived = fuzz_byte(m) & 1, .derived_types = fuzz_byte(m) & 1};
    N f = fuzz_function(m);
    size_t n = fuzz_choose(m, 3);
    return f ? corm_table_valued_in(m->arena, f, fuzz_byte(m) & 1 ? fuzz_name(m) : NULL, defs, n, &like) : NULL;
  }
  default: {
    N select = fuzz_select(m);
    return select ? corm_alias_in(m->arena, select, fuzz_byte(m) & 1 ? fuzz_name(m) : NULL) : NULL;
  }
  }
}

N fuzz_subselect(fuzz_machine *m) {
  const corm_select *select = (const corm_select *)fuzz_select(m);
  if (!select) return NULL;
  return fuzz_byte(m) & 1 ? corm_scalar_subquery_in(m->arena, select) : corm_exists_in(m->arena, select);
}

/* -- INSERT, UPDATE, DELETE ---------------------------------------------------------------------------------------- */

static const corm_column *const *first_columns(fuzz_machine *m, const corm_table *table, uint32_t n) {
  const corm_column **items = corm_arena_zalloc(m->arena, n, sizeof *items);
  for (uint32_t i = 0; items && i < n; i++) items[i] = table->columns.items[i];
  return items;
}

static N const *take_values(fuzz_machine *m, uint32_t n) {
  N *items = corm_arena_zalloc(m->arena, n, sizeof *items);
  for (uint32_t i = 0; items && i < n; i++) {
    items[i] = fuzz_take(m);
    if (!items[i]) return NULL;
  }
  return items;
}

/* Up to two clauses about rows that are there. */
static const corm_upsert *make_upsert(fuzz_machine *m, const corm_table *table) {
  const corm_upsert *next = NULL;
  for (unsigned n = 1 + fuzz_choose(m, 2); n > 0; n--) {
    corm_upsert *clause = corm_arena_zalloc(m->arena, 1, sizeof *clause);
    if (!clause) return NULL;
    clause->next = next;
    clause->ntargets = fuzz_choose(m, 3);
    clause->targets = take_values(m, clause->ntargets);
    if (!clause->ntargets && (fuzz_byte(m) & 1)) clause->constraint = fuzz_name(m);
    if (clause->ntargets && (fuzz_byte(m) & 1)) clause->index_where = fuzz_take(m);
    clause->n = fuzz_choose(m, 3);
    clause->columns = first_columns(m, table, clause->n);
    clause->values = take_values(m, clause->n);
    if (clause->n && (fuzz_byte(m) & 1)) clause->where = fuzz_take(m);
    clause->duplicate_key = clause->n && (fuzz_byte(m) & 1);
    if ((clause->ntargets && !clause->targets) || (clause->n && !clause->values)) return NULL;
    next = clause;
  }
  return next;
}

static N make_insert(fuzz_machine *m) {
  corm_insert *insert = corm_arena_zalloc(m->arena, 1, sizeof *insert);
  if (!insert) return NULL;
  insert->base.kind = CORM_NODE_INSERT;
  insert->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  insert->table = &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)];
  unsigned form = fuzz_choose(m, 3);
  if (form > 0) {
    insert->ncolumns = fuzz_choose(m, 5);
    insert->nrows = form == 1 && insert->ncolumns ? 1 + fuzz_choose(m, 3) : 1;
    insert->columns = first_columns(m, insert->table, insert->ncolumns);
    if (!insert->columns) return NULL;
  }
  if (form == 1) insert->values = take_values(m, insert->ncolumns * insert->nrows);
  if (form == 2 && insert->ncolumns) {
    insert->nrows = 0;
    insert->from_select = (const corm_select *)fuzz_select(m);
  } else if (form == 2) {
    insert->values = take_values(m, 0);
  }
  if (fuzz_byte(m) & 1) insert->upsert = make_upsert(m, insert->table);
  if (fuzz_byte(m) & 1) insert->returning = some_of(m, &insert->nreturning, 2, false);
  return m->arena->failed ? NULL : &insert->base;
}

static N make_update(fuzz_machine *m) {
  corm_update *update = corm_arena_zalloc(m->arena, 1, sizeof *update);
  if (!update) return NULL;
  const corm_table *table = &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)];
  update->base.kind = CORM_NODE_UPDATE;
  update->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  update->table = corm_table_node_in(m->arena, table);
  update->n = fuzz_choose(m, 4);
  update->columns = first_columns(m, table, update->n);
  update->values = take_values(m, update->n);
  if (fuzz_byte(m) & 1) update->where = fuzz_take(m);
  update->ordered = update->n && (fuzz_byte(m) & 1);
  if (fuzz_byte(m) & 1) update->returning = some_of(m, &update->nreturning, 2, false);
  return m->arena->failed ? NULL : &update->base;
}

static N make_delete(fuzz_machine *m) {
  corm_delete_node *delete = corm_arena_zalloc(m->arena, 1, sizeof *delete);
  if (!delete) return NULL;
  delete->base.kind = CORM_NODE_DELETE;
  delete->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  delete->table = corm_table_node_in(m->arena, &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)]);
  if (fuzz_byte(m) & 1) delete->where = fuzz_take(m);
  if (fuzz_byte(m) & 1) delete->returning = some_of(m, &delete->nreturning, 2, false);
  return m->arena->failed ? NULL : &delete->base;
}

N fuzz_dml(fuzz_machine *m) {
  switch (fuzz_choose(m, 3)) {
  case 0: return make_insert(m);
  case 1: return make_update(m);
  default: return make_delete(m);
  }
}
