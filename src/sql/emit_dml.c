#include <stdio.h>

#include "sql/emit_dml.h"
#include "sql/restrict.h"

/* INSERT, UPDATE, DELETE. Columns stand in table order; those without a value take part when they have a client
 * default. */

static const corm_column *table_column(const corm_table *table, size_t index) {
  return table->columns.items[index];
}

/* For each column of the table the position among the given ones, or CORM_NO_VALUE; NULL after an error. */
static uint32_t *positions(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n) {
  uint32_t *at = corm_compiler_check(c, corm_arena_alloc(c->arena, table->columns.len * sizeof *at));
  if (!at) return NULL;
  for (size_t i = 0; i < table->columns.len; i++) at[i] = CORM_NO_VALUE;
  for (size_t i = 0; i < n; i++) {
    if (columns[i]->table != table) {
      corm_emit_error(c, CORM_E_COMPILE, "Unconsumed column names: %s", columns[i]->name);
      return NULL;
    }
    at[columns[i]->index] = (uint32_t)i;
  }
  return at;
}

/* A value for a column: a plain value takes the column's name and type. */
void corm_emit_value(corm_compiler *c, const corm_column *column, const char *name, const corm_node *value,
                     uint32_t row) {
  const corm_bind *bind = value->kind == CORM_NODE_BIND ? (const corm_bind *)value : NULL;
  if (bind && bind->expanding) {
    corm_emit_error(c, CORM_E_COMPILE, "a list cannot be the value of column %s", column->name);
  } else if (bind && bind->unique && !bind->late) {
    corm_emit_column_bind(c, name, column, bind, CORM_BIND_VALUE, row);
  } else if (bind) {
    uint32_t n = c->nbinds;
    corm_emit_bind(c, bind, column, NULL, CORM_OP_IN, CORM_PLACE_TYPED);
    if (c->nbinds > n) c->binds[n].assigned = true;
  } else {
    corm_emit_node(c, corm_group_in(c->arena, value, CORM_AGAINST_NOTHING, 0));
  }
}

bool corm_is_clients(const corm_default *value) {
  return value->kind == CORM_DEFAULT_SQL || value->kind == CORM_DEFAULT_VALUE || value->kind == CORM_DEFAULT_HOOK;
}

void corm_emit_default(corm_compiler *c, const corm_column *column, const corm_default *value, const char *name,
                       corm_bind_source source, uint32_t row) {
  if (value->kind == CORM_DEFAULT_SQL) {
    corm_emit_node(c, corm_group_in(c->arena, value->sql, CORM_AGAINST_NOTHING, 0));
  } else {
    corm_emit_column_bind(c, name, column, NULL, source, row);
  }
}

void corm_emit_returning(corm_compiler *c, const corm_node *const *returning, uint32_t n, bool able) {
  if (n == 0 || c->failed) return;
  if (!able) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no RETURNING for this statement; select the rows by a statement of their own",
                    c->dialect->name);
    return;
  }
  corm_select_columns columns;
  if (corm_select_columns_in(c->arena, returning, n, false, &columns, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  corm_emit_text(c, " RETURNING ");
  c->bare_columns = c->dialect->bare_returning || c->options.unqualified;
  corm_emit_columns(c, &columns, false, true, true);
  c->bare_columns = c->options.unqualified;
}

/* "INSERT OR IGNORE INTO " */
static void emit_verb(corm_compiler *c, const char *verb, const corm_dml_extra *extra, const char *behind) {
  corm_emit_text(c, verb);
  if (extra) corm_emit_prefixes(c, extra->prefixes, extra->nprefixes);
  corm_emit_text(c, behind);
}

static void take_given(corm_compiler *c, const corm_dml_extra *extra) {
  if (extra && extra->ngiven) corm_take_given(c, extra->given, extra->ngiven);
}

/* -- INSERT -------------------------------------------------------------------------------------------------------- */

static bool takes_part(const corm_compiler *c, const corm_inserting *x, size_t index) {
  return x->all || x->at[index] != CORM_NO_VALUE || corm_is_clients(corm_default_of(c, table_column(x->table, index)));
}

static void emit_names(corm_compiler *c, const corm_inserting *x) {
  bool first = true;
  for (size_t i = 0; i < x->table->columns.len; i++) {
    if (!takes_part(c, x, i)) continue;
    if (!first) corm_emit_bytes(c, ", ", 2);
    corm_emit_column_name(c, table_column(x->table, i));
    first = false;
  }
}

static void emit_row(corm_compiler *c, const corm_inserting *x, uint32_t row) {
  const corm_insert *insert = x->insert;
  bool first = true;
  for (size_t i = 0; i < x->table->columns.len && !c->failed; i++) {
    if (!takes_part(c, x, i)) continue;
    const corm_column *column = table_column(x->table, i);
    const char *name = insert->nrows > 1 ? corm_numbered(c, column->key, "_m", row) : column->key;
    if (!first) corm_emit_bytes(c, ", ", 2);
    first = false;
    if (x->all) {
      corm_emit_column_bind(c, name, column, NULL, CORM_BIND_REQUIRED, row);
    } else if (x->at[i] != CORM_NO_VALUE) {
      corm_emit_value(c, column, name, insert->values[(size_t)row * insert->ncolumns + x->at[i]], row);
    } else {
      corm_emit_default(c, column, corm_default_of(c, column), name, CORM_BIND_DEFAULT, row);
    }
  }
}

/* The row that began at `at` can be repeated. */
static void note_row(corm_compiler *c, size_t at) {
  c->out->row_at = at;
  c->out->row_len = c->text.len - at;
}

static void emit_no_values(corm_compiler *c) {
  corm_emit_text(c, c->dialect->default_values ? " DEFAULT VALUES" : " () VALUES ()");
}

static void emit_rows(corm_compiler *c, const corm_inserting *x) {
  size_t taking = 0;
  for (size_t i = 0; i < x->table->columns.len; i++) taking += takes_part(c, x, i);
  uint32_t nrows = x->insert->nrows ? x->insert->nrows : 1;
  if (nrows > 1 && (taking == 0 || !c->dialect->multi_values)) {
    corm_emit_error(c, CORM_E_COMPILE,
                    taking ? "The '%s' dialect has no INSERT of several rows at once; execute with a list of rows "
                             "instead"
                           : "An INSERT of several rows needs at least one column (%s)",
                    c->dialect->name);
    return;
  }
  if (taking == 0) {
    emit_no_values(c);
    return;
  }
  corm_emit_bytes(c, " (", 2);
  emit_names(c, x);
  corm_emit_text(c, ") VALUES ");
  const size_t at = c->text.len;
  for (uint32_t row = 0; row < nrows; row++) {
    corm_emit_text(c, row > 0 ? ", (" : "(");
    emit_row(c, x, row);
    corm_emit_bytes(c, ")", 1);
  }
  if (nrows == 1) note_row(c, at);
}

static bool is_added(const corm_compiler *c, const corm_inserting *x, size_t index) {
  return !x->insert->bare_select && x->at[index] == CORM_NO_VALUE &&
         corm_is_clients(corm_default_of(c, table_column(x->table, index)));
}

static void add_defaults(corm_compiler *c, const void *ctx) {
  const corm_inserting *x = ctx;
  for (size_t i = 0; i < x->table->columns.len; i++) {
    if (!is_added(c, x, i)) continue;
    const corm_column *column = table_column(x->table, i);
    const corm_default *value = corm_default_of(c, column);
    corm_emit_bytes(c, ", ", 2);
    corm_emit_default(c, column, value, column->key, CORM_BIND_DEFAULT, 0);
    /* A DISTINCT select does not know what its columns are for. */
    if (value->kind != CORM_DEFAULT_SQL && c->dialect->bind_cast && !c->options.named && !c->options.literal_binds)
      c->dialect->bind_cast(c->dialect, corm_type_on(column->type, c->dialect->name), &c->text);
  }
}

static size_t nadded(const corm_compiler *c, const corm_inserting *x) {
  size_t n = 0;
  for (size_t i = 0; i < x->table->columns.len; i++) n += is_added(c, x, i);
  return n;
}

/* The names in the order given, then the columns with defaults, which the select gets behind its own. */
static void emit_from_select(corm_compiler *c, const corm_inserting *x) {
  const corm_insert *insert = x->insert;
  corm_emit_bytes(c, " (", 2);
  for (uint32_t i = 0; i < insert->ncolumns; i++) {
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    corm_emit_column_name(c, insert->columns[i]);
  }
  for (size_t i = 0; i < x->table->columns.len; i++) {
    if (!is_added(c, x, i)) continue;
    corm_emit_bytes(c, ", ", 2);
    corm_emit_column_name(c, table_column(x->table, i));
  }
  corm_emit_bytes(c, ") ", 2);
  if (c->dialect->with_behind_insert && !c->part) c->with_at = c->text.len;
  bool more = nadded(c, x) > 0;
  if (more && insert->from_select->base.kind != CORM_NODE_SELECT) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "INSERT FROM SELECT: the defaults of '%s' cannot be added to the columns of a union or of text; "
                    "select from its :subquery()",
                    x->table->name);
    return;
  }
  corm_emit_part(c, insert->from_select, c->part ? CORM_SELECT_FROM : CORM_SELECT_VALUE, more ? add_defaults : NULL, x);
}

void corm_emit_insert(corm_compiler *c, const corm_insert *insert) {
  take_given(c, insert->extra);
  if (insert->nctes) corm_add_ctes(c, insert->ctes, insert->nctes);
  c->out->is_dml = true;
  c->out->is_insert = true;
  corm_inserting x = {.insert = insert, .table = insert->table};
  x.at = positions(c, insert->table, insert->columns, insert->columns ? insert->ncolumns : 0);
  if (!x.at) return;
  x.all = !insert->columns && insert->nrows == 0 && !insert->from_select;
  emit_verb(c, "INSERT ", insert->extra, "INTO ");
  corm_dialect_table_name(c->dialect, insert->table, &c->text);
  if (insert->from_select) {
    emit_from_select(c, &x);
  } else {
    emit_rows(c, &x);
  }
  if (insert->upsert) corm_emit_upsert(c, insert);
  if (insert->nreturning) {
    corm_scope scope = {.outer = c->scope};
    const corm_node *row = corm_table_node_in(c->arena, insert->table);
    corm_from_list_init(&scope.froms, c->arena);
    if (!row || !corm_from_list_add(&scope.froms, row)) corm_compiler_check(c, NULL);
    c->scope = &scope; /* subqueries may name the row */
    /* Of a class the ORM asks for the rest by a statement of its own: as such it can be shown. */
    if (c->dialect != &corm_dialect_default)
      corm_check_returned(c, insert->table, insert->table->name, insert->returning, insert->nreturning);
    corm_emit_returning(c, insert->returning, insert->nreturning, c->dialect->insert_returning);
    c->scope = scope.outer;
  } else {
    corm_emit_insert_defaults(c, &x);
  }
}

/* -- UPDATE and DELETE --------------------------------------------------------------------------------------------- */

void corm_emit_target_name(corm_compiler *c, const corm_node *target) {
  if (target->kind == CORM_NODE_ALIAS)
    corm_emit_own_name(c, corm_alias_name(c, (const corm_alias *)target), "alias");
  else
    corm_dialect_table_name(c->dialect, corm_dml_table(target), &c->text);
}

void corm_emit_target(corm_compiler *c, const corm_node *target) {
  if (target->kind == CORM_NODE_ALIAS)
    corm_emit_node(c, target);
  else
    corm_emit_target_name(c, target);
}

/* `target` NULL: the column stands alone. */
static void emit_set(corm_compiler *c, const corm_column *column, const corm_node *target, bool *first) {
  if (!*first) corm_emit_bytes(c, ", ", 2);
  *first = false;
  if (target) {
    corm_emit_target_name(c, target);
    corm_emit_bytes(c, ".", 1);
  }
  corm_emit_column_name(c, column);
  corm_emit_bytes(c, "=", 1);
}

static void emit_sets(corm_compiler *c, const corm_update *update, const corm_table *table, const uint32_t *at,
                      const corm_from_list *more) {
  const corm_node *said = more->n && (update->nothers || c->dialect->updates_tables) ? update->table : NULL;
  bool first = corm_emit_other_sets(c, update, table, more);
  for (uint32_t i = 0; i < update->n && update->ordered; i++) {
    emit_set(c, update->columns[i], said, &first);
    corm_emit_value(c, update->columns[i], update->columns[i]->key, update->values[i], 0);
  }
  for (size_t i = 0; i < table->columns.len && !c->failed; i++) {
    const corm_column *column = table_column(table, i);
    bool given = at[i] != CORM_NO_VALUE;
    if (given && update->ordered) continue;
    if (update->n == 0 && update->nothers == 0) {
      emit_set(c, column, said, &first);
      corm_emit_column_bind(c, column->key, column, NULL, CORM_BIND_REQUIRED, 0);
    } else if (given) {
      emit_set(c, column, said, &first);
      corm_emit_value(c, column, column->key, update->values[at[i]], 0);
    } else if (corm_is_clients(&column->onupdate)) {
      emit_set(c, column, said, &first);
      corm_emit_default(c, column, &column->onupdate, column->key, CORM_BIND_ONUPDATE, 0);
    }
  }
}

static bool has_criteria(const corm_node *where) {
  return where && !(where->kind == CORM_NODE_LIST && ((const corm_list *)where)->n == 0);
}

static void emit_where(corm_compiler *c, const corm_node *target, const corm_node *where, bool all) {
  if (!has_criteria(where)) {
    c->out->unfiltered = !all;
    where = NULL;
  }
  if (corm_from_may_be_restricted(c->options.criteria, target) &&
      corm_restrict_from_in(c->arena, c->options.criteria, target, &where, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  if (!where) return;
  corm_emit_text(c, " WHERE ");
  corm_emit_condition(c, where);
}

static void emit_limit(corm_compiler *c, const corm_dml_extra *extra, size_t nmore) {
  const int64_t limit = corm_dml_limit_on(extra, c->dialect->name, c->dialect->kin);
  if (limit < 0) return;
  if (nmore)
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no LIMIT for an UPDATE or DELETE that names several tables; find the rows by a subquery",
                    c->dialect->name);
  char text[32];
  (void)snprintf(text, sizeof text, " LIMIT %lld", (long long)limit);
  corm_emit_text(c, text);
}

static const corm_table *target_table(corm_compiler *c, const corm_node *target) {
  const corm_table *table = corm_dml_table(target);
  if (!table)
    corm_emit_error(c, CORM_E_ARGUMENT, "subject table for an UPDATE or DELETE must be a table, not a %s",
                    corm_node_kind_name(target));
  return table;
}

void corm_emit_update(corm_compiler *c, const corm_update *update) {
  take_given(c, update->extra);
  if (update->nctes) corm_add_ctes(c, update->ctes, update->nctes);
  c->out->is_dml = true;
  const corm_table *table = target_table(c, update->table);
  const uint32_t *at = table ? positions(c, table, update->columns, update->n) : NULL;
  if (!at) return;
  corm_scope scope = {0};
  corm_from_list_init(&scope.froms, c->arena);
  if (!corm_from_list_add(&scope.froms, update->table)) corm_compiler_check(c, NULL);
  c->scope = &scope;
  corm_from_list more;
  corm_from_list_init(&more, c->arena);
  const bool several = corm_add_more_tables(c, update->table, update->where, update, &more);
  for (uint32_t i = 0; i < more.n; i++)
    if (!corm_from_list_add_members(&scope.froms, more.items[i])) corm_compiler_check(c, NULL);
  emit_verb(c, "UPDATE ", update->extra, "");
  corm_emit_target(c, update->table);
  if (several) corm_emit_updated_tables(c, &more);
  corm_emit_text(c, " SET ");
  emit_sets(c, update, table, at, &more);
  if (several) corm_emit_update_from(c, &more);
  emit_where(c, update->table, update->where, update->all);
  emit_limit(c, update->extra, more.n);
  if (c->dialect->bare_returning)
    corm_check_returned(c, corm_from_identity(update->table), corm_from_name(update->table), update->returning,
                        update->nreturning);
  corm_emit_returning(c, update->returning, update->nreturning, c->dialect->update_returning);
  if (!update->nreturning) corm_emit_update_defaults(c, update, table, at);
  c->scope = NULL;
}

void corm_emit_delete(corm_compiler *c, const corm_delete_node *delete_node) {
  take_given(c, delete_node->extra);
  if (delete_node->nctes) corm_add_ctes(c, delete_node->ctes, delete_node->nctes);
  c->out->is_dml = true;
  const corm_table *table = target_table(c, delete_node->table);
  if (!table) return;
  corm_scope scope = {0};
  corm_from_list_init(&scope.froms, c->arena);
  if (!corm_from_list_add(&scope.froms, delete_node->table)) corm_compiler_check(c, NULL);
  c->scope = &scope;
  corm_from_list more;
  corm_from_list_init(&more, c->arena);
  corm_add_more_tables(c, delete_node->table, delete_node->where, NULL, &more);
  for (uint32_t i = 0; i < more.n; i++)
    if (!corm_from_list_add_members(&scope.froms, more.items[i])) corm_compiler_check(c, NULL);
  emit_verb(c, "DELETE ", delete_node->extra, "FROM ");
  const bool using = corm_emit_delete_from(c, delete_node->table, &more, delete_node->nreturning > 0);
  emit_where(c, delete_node->table, delete_node->where, delete_node->all);
  emit_limit(c, delete_node->extra, using);
  if (c->dialect->bare_returning)
    corm_check_returned(c, corm_from_identity(delete_node->table), corm_from_name(delete_node->table),
                        delete_node->returning, delete_node->nreturning);
  corm_emit_returning(c, delete_node->returning, delete_node->nreturning, c->dialect->delete_returning);
  c->scope = NULL;
}

/* -- statements of chosen columns ---------------------------------------------------------------------------------- */

bool corm_is_chosen(const corm_column *column, const corm_column *const *columns, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (columns[i] == column) return true;
  }
  return false;
}

/* The expression given for a column, or NULL. */
static const corm_node *given_for(const corm_compiler *c, const corm_column *column) {
  for (size_t i = 0; c->inlined && i < c->inlined->n; i++)
    if (c->inlined->columns[i] == column) return c->inlined->values[i];
  return NULL;
}

/* Columns whose value is an expression, or that are left out and have one as their default. */
static bool is_inlined(const corm_compiler *c, const corm_table *table, size_t index, const corm_column *const *columns,
                       size_t n) {
  const corm_column *column = table_column(table, index);
  if (given_for(c, column)) return true;
  return corm_default_of(c, column)->kind == CORM_DEFAULT_SQL && !corm_is_chosen(column, columns, n);
}

static void emit_chosen_values(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n,
                               bool names) {
  bool first = true;
  for (size_t i = 0; i < n; i++, first = false) {
    if (!first) corm_emit_bytes(c, ", ", 2);
    if (names) {
      corm_emit_column_name(c, columns[i]);
    } else {
      corm_emit_column_bind(c, columns[i]->key, columns[i], NULL, CORM_BIND_REQUIRED, 0);
    }
  }
  for (size_t i = 0; i < table->columns.len; i++) {
    if (!is_inlined(c, table, i, columns, n)) continue;
    const corm_column *column = table_column(table, i);
    if (!first) corm_emit_bytes(c, ", ", 2);
    first = false;
    const corm_node *given = given_for(c, column);
    if (names)
      corm_emit_column_name(c, column);
    else if (given)
      corm_emit_value(c, column, column->key, given, 0);
    else
      corm_emit_default(c, column, corm_default_of(c, column), column->key, CORM_BIND_DEFAULT, 0);
  }
}

void corm_emit_chosen_insert(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n,
                             const corm_column *const *returning, size_t nreturning) {
  c->out->is_dml = true;
  c->out->is_insert = true;
  corm_emit_text(c, "INSERT INTO ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  size_t inlined = 0;
  for (size_t i = 0; i < table->columns.len; i++) inlined += is_inlined(c, table, i, columns, n);
  if (n + inlined == 0) {
    emit_no_values(c);
  } else {
    corm_emit_bytes(c, " (", 2);
    emit_chosen_values(c, table, columns, n, true);
    corm_emit_text(c, ") VALUES ");
    const size_t at = c->text.len;
    corm_emit_bytes(c, "(", 1);
    emit_chosen_values(c, table, columns, n, false);
    corm_emit_bytes(c, ")", 1);
    note_row(c, at);
  }
  const corm_node **nodes = corm_compiler_check(c, corm_arena_alloc(c->arena, nreturning * sizeof *nodes));
  const corm_node *from = nreturning ? corm_table_node_in(c->arena, table) : NULL;
  for (size_t i = 0; i < nreturning && nodes; i++) {
    nodes[i] = corm_column_node_in(c->arena, returning[i], from);
    if (!nodes[i] || !from) corm_compiler_check(c, NULL);
  }
  corm_emit_returning(c, nodes, (uint32_t)nreturning, c->dialect->insert_returning);
}

/* " WHERE t.a = ? AND t.b = ?" */
static void emit_chosen_where(corm_compiler *c, const corm_table *table, const corm_column *const *where, size_t n) {
  c->out->unfiltered = n == 0;
  for (size_t i = 0; i < n; i++) {
    corm_emit_text(c, i ? " AND " : " WHERE ");
    corm_dialect_table_name(c->dialect, table, &c->text);
    corm_emit_bytes(c, ".", 1);
    corm_emit_column_name(c, where[i]);
    corm_emit_text(c, " = ");
    size_t table_len = strlen(table->name), key_len = strlen(where[i]->key);
    char *name = corm_compiler_check(c, corm_arena_alloc(c->arena, table_len + key_len + 2));
    if (!name) return;
    memcpy(name, table->name, table_len);
    name[table_len] = '_';
    memcpy(name + table_len + 1, where[i]->key, key_len + 1);
    corm_emit_column_bind(c, name, where[i], NULL, CORM_BIND_REQUIRED, 0);
  }
}

void corm_emit_chosen_update(corm_compiler *c, const corm_table *table, const corm_column *const *set, size_t nset,
                             const corm_column *const *where, size_t nwhere) {
  c->out->is_dml = true;
  bool first = true;
  corm_scope scope = {0};
  corm_from_list_init(&scope.froms, c->arena);
  const corm_node *target = c->inlined ? corm_table_node_in(c->arena, table) : NULL;
  if (c->inlined && (!target || !corm_from_list_add(&scope.froms, target))) corm_compiler_check(c, NULL);
  c->scope = &scope; /* what the expressions may name */
  corm_emit_text(c, "UPDATE ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  corm_emit_text(c, " SET ");
  for (size_t i = 0; i < nset; i++) {
    emit_set(c, set[i], NULL, &first);
    corm_emit_column_bind(c, set[i]->key, set[i], NULL, CORM_BIND_REQUIRED, 0);
  }
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table_column(table, i);
    const corm_node *given = given_for(c, column);
    if (!given && (column->onupdate.kind != CORM_DEFAULT_SQL || corm_is_chosen(column, set, nset))) continue;
    emit_set(c, column, NULL, &first);
    if (given)
      corm_emit_value(c, column, column->key, given, 0);
    else
      corm_emit_default(c, column, &column->onupdate, column->key, CORM_BIND_ONUPDATE, 0);
  }
  c->scope = NULL;
  if (first) corm_emit_error(c, CORM_E_COMPILE, "an UPDATE of '%s' sets no column", table->name);
  emit_chosen_where(c, table, where, nwhere);
}

void corm_emit_chosen_delete(corm_compiler *c, const corm_table *table, const corm_column *const *where,
                             size_t nwhere) {
  c->out->is_dml = true;
  corm_emit_text(c, "DELETE FROM ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  emit_chosen_where(c, table, where, nwhere);
}
