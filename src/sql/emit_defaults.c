#include "sql/emit_dml.h"

/* RETURNING that nobody wrote: of the key that the database makes, and of what return_defaults() asks for. */

/* -- the key ------------------------------------------------------------------------------------------------------- */

/* True for a column of the primary key whose value only the database knows after the INSERT. */
static bool is_made_there(const corm_compiler *c, const corm_inserting *x, const corm_column *column) {
  uint32_t at = x->at[column->index];
  if (at != CORM_NO_VALUE) return x->insert->values[at]->kind != CORM_NODE_BIND;
  const corm_default *value = corm_default_of(c, column);
  if (value->kind != CORM_DEFAULT_NONE) return value->kind == CORM_DEFAULT_SQL;
  return column->server_default.kind != CORM_DEFAULT_NONE || column->identity ||
         corm_table_autoincrement_column(x->table) == column;
}

/* The primary key that nobody asked for, as SQLAlchemy fetches it. */
static void emit_returning_key(corm_compiler *c, const corm_inserting *x) {
  const corm_constraint *key = x->table->primary_key;
  const corm_node **nodes = corm_compiler_check(c, corm_arena_alloc(c->arena, key->ncolumns * sizeof *nodes));
  const corm_node *from = corm_compiler_check(c, (void *)(uintptr_t)corm_table_node_in(c->arena, x->table));
  uint32_t n = 0;
  for (uint32_t i = 0; i < key->ncolumns && nodes && from; i++) {
    if (!is_made_there(c, x, key->columns[i])) continue;
    nodes[n] = corm_column_node_in(c->arena, key->columns[i], from);
    if (!corm_compiler_check(c, (void *)(uintptr_t)nodes[n++])) return;
  }
  if (c->failed || n == 0) return;
  corm_emit_returning(c, nodes, n, c->dialect->insert_returning);
  c->out->keys = true;
}

/* True when the key comes from a sequence, of which no server tells by itself. */
static bool draws_key(const corm_compiler *c, const corm_inserting *x) {
  const corm_constraint *key = x->table->primary_key;
  for (uint32_t i = 0; i < key->ncolumns; i++) {
    const corm_column *column = key->columns[i];
    if (x->at[column->index] == CORM_NO_VALUE && corm_default_of(c, column) == &column->next)
      return c->dialect->insert_returning;
  }
  return false;
}

/* True when the key is to be asked for. Of a row that an upsert found no database tells by itself, or tells another
   one's; the statement is shown without that. */
static bool asks_key(const corm_compiler *c, const corm_inserting *x) {
  const corm_insert *insert = x->insert;
  if (x->all || insert->inlined || insert->from_select || insert->nrows > 1 || c->part) return false;
  if (!c->options.named && !c->options.keys) return false;
  return c->dialect->returns_key || draws_key(c, x) ||
         (insert->upsert && !c->options.named && c->dialect->insert_returning);
}

/* -- return_defaults() --------------------------------------------------------------------------------------------- */

static bool has_column(const corm_node *const *nodes, uint32_t n, const corm_column *column) {
  for (uint32_t i = 0; i < n; i++) {
    if (nodes[i]->kind == CORM_NODE_COLUMN && ((const corm_column_node *)nodes[i])->column == column) return true;
  }
  return false;
}

static bool is_wanted(const corm_return_defaults *defaults, const corm_column *column) {
  return !defaults->n || has_column(defaults->columns, defaults->n, column);
}

static bool is_of_key(const corm_table *table, const corm_column *column) {
  return corm_is_chosen(column, (const corm_column *const *)table->primary_key->columns, table->primary_key->ncolumns);
}

/* True for a column that the database gives a value in an INSERT, or NULL: neither the statement nor the client does.
 */
static bool is_given_there(const corm_compiler *c, const corm_inserting *x, const corm_column *column) {
  const uint32_t at = x->at[column->index];
  if (x->all) return false;
  if (at != CORM_NO_VALUE) return x->insert->values[at]->kind != CORM_NODE_BIND;
  const corm_default *value = corm_default_of(c, column);
  return value->kind == CORM_DEFAULT_SQL || !corm_is_clients(value);
}

/* The same in an UPDATE; what is not touched has to be named. */
static bool is_changed_there(const corm_update *update, const uint32_t *at, const corm_return_defaults *defaults,
                             const corm_column *column) {
  if (update->n == 0 && update->nothers == 0) return false;
  if (at[column->index] != CORM_NO_VALUE) return update->values[at[column->index]]->kind != CORM_NODE_BIND;
  if (corm_is_clients(&column->onupdate)) return column->onupdate.kind == CORM_DEFAULT_SQL;
  return column->server_onupdate || defaults->n > 0;
}

/* What is returned: columns in the order of the table, then what stands in none. */
typedef struct returning {
  const corm_node **nodes;
  const corm_node *from;
  uint32_t n;
} returning;

static bool start(corm_compiler *c, const corm_table *table, const corm_node *from,
                  const corm_return_defaults *defaults, returning *r) {
  r->n = 0;
  r->nodes =
      corm_compiler_check(c, corm_arena_alloc(c->arena, (table->columns.len + defaults->nmore + 1) * sizeof *r->nodes));
  r->from = from;
  if (!r->from) corm_compiler_check(c, NULL);
  return !c->failed;
}

static void add(corm_compiler *c, returning *r, const corm_column *column) {
  const corm_node *node = corm_column_node_in(c->arena, column, r->from);
  if (!node)
    corm_compiler_check(c, NULL);
  else
    r->nodes[r->n++] = node;
}

static void finish(corm_compiler *c, const corm_table *table, const corm_return_defaults *defaults, returning *r,
                   bool able) {
  for (uint32_t i = 0; i < defaults->nmore; i++) {
    const corm_node *node = defaults->more[i];
    const corm_column *column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
    if (!column || column->table != table) r->nodes[r->n++] = node;
  }
  if (c->failed || !r->n) return;
  corm_check_returned(c, corm_from_identity(r->from), table->name, r->nodes, r->n);
  corm_emit_returning(c, r->nodes, r->n, able);
  c->out->keys = c->out->written = true;
  c->out->shared = defaults->nmore > 0;
}

static void emit_insert_defaults(corm_compiler *c, const corm_inserting *x, const corm_return_defaults *defaults) {
  const bool able = c->dialect->insert_returning, one = !x->insert->from_select && x->insert->nrows <= 1 && !c->part;
  returning r;
  if (!start(c, x->table, corm_table_node_in(c->arena, x->table), defaults, &r)) return;
  for (size_t i = 0; i < x->table->columns.len && !c->failed; i++) {
    const corm_column *column = x->table->columns.items[i];
    const bool made = !one                          ? false
                      : is_of_key(x->table, column) ? !x->all && is_made_there(c, x, column)
                                                    : is_given_there(c, x, column) && is_wanted(defaults, column);
    if (made || has_column(defaults->more, defaults->nmore, column)) add(c, &r, column);
  }
  finish(c, x->table, defaults, &r, able);
}

void corm_emit_insert_defaults(corm_compiler *c, const corm_inserting *x) {
  const corm_dml_extra *extra = x->insert->extra;
  const corm_return_defaults *defaults = extra ? extra->defaults : NULL;
  if (defaults && !x->insert->inlined && (c->dialect->insert_returning || defaults->nmore)) {
    emit_insert_defaults(c, x, defaults);
  } else if (asks_key(c, x)) {
    emit_returning_key(c, x);
  }
}

void corm_emit_update_defaults(corm_compiler *c, const corm_update *update, const corm_table *table,
                               const uint32_t *at) {
  const corm_return_defaults *defaults = update->extra ? update->extra->defaults : NULL;
  const bool able = c->dialect->update_returning;
  returning r;
  if (!defaults || (!able && !defaults->nmore) || !start(c, table, update->table, defaults, &r)) return;
  for (size_t i = 0; i < table->columns.len && !c->failed; i++) {
    const corm_column *column = table->columns.items[i];
    const bool made = is_changed_there(update, at, defaults, column) && is_wanted(defaults, column);
    if (made || has_column(defaults->more, defaults->nmore, column)) add(c, &r, column);
  }
  finish(c, table, defaults, &r, able);
}
