#include "sql/emit_dml.h"
#include "sql/walk.h"
#include "sql/lint.h"

/* UPDATE and DELETE that look at more tables than the one they change: those that WHERE and the values speak of. */

bool corm_add_more_tables(corm_compiler *c, const corm_node *target, const corm_node *where, const corm_update *update,
                          corm_from_list *out) {
  corm_from_list all;
  corm_from_list_init(&all, c->arena);
  bool ok = corm_from_list_add(&all, target) && (!where || corm_from_list_add_of(&all, where));
  for (uint32_t i = 0; ok && update && i < update->n; i++)
    if (update->values[i]->kind != CORM_NODE_BIND) ok = corm_from_list_add_of(&all, update->values[i]);
  for (uint32_t i = 0; ok && update && i < update->nothers; i++)
    if (update->other_values[i]->kind != CORM_NODE_BIND) ok = corm_from_list_add_of(&all, update->other_values[i]);
  ok = ok && corm_from_list_hide_joined(&all);
  if (ok && c->options.lint) corm_lint_froms(c, update ? "UPDATE" : "DELETE", all.items, all.n, where);
  for (uint32_t i = 1; ok && i < all.n; i++) ok = corm_from_list_add(out, all.items[i]);
  if (!ok) corm_compiler_check(c, NULL);
  return ok && out->n > 0;
}

void corm_emit_updated_tables(corm_compiler *c, const corm_from_list *more) {
  for (uint32_t i = 0; c->dialect->updates_tables && i < more->n; i++) {
    corm_emit_text(c, ", ");
    corm_emit_node(c, more->items[i]);
  }
}

void corm_emit_update_from(corm_compiler *c, const corm_from_list *more) {
  if (c->dialect->updates_tables) return;
  corm_emit_text(c, " FROM ");
  corm_emit_list(c, more->items, more->n);
}

bool corm_emit_delete_from(corm_compiler *c, const corm_node *target, const corm_from_list *more, bool returning) {
  if (c->dialect->delete_style == CORM_DELETE_USING_ALL && (more->n || target->kind == CORM_NODE_ALIAS)) {
    if (returning)
      corm_emit_error(c, CORM_E_COMPILE,
                      "%s has no RETURNING for a DELETE that looks at other tables or has an alias; name them in a "
                      "subquery",
                      c->dialect->name);
    corm_emit_target_name(c, target);
    corm_emit_text(c, " USING ");
    corm_emit_target(c, target);
    if (more->n) corm_emit_text(c, ", ");
    corm_emit_list(c, more->items, more->n);
    return true;
  }
  corm_emit_target(c, target);
  if (!more->n) return false;
  if (c->dialect->delete_style == CORM_DELETE_ALONE)
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no DELETE that looks at other tables; name them in a subquery: "
                    "where(t.c.id:in_(select(...)))",
                    c->dialect->name);
  corm_emit_text(c, c->dialect->delete_style == CORM_DELETE_LIST ? " , " : " USING ");
  corm_emit_list(c, more->items, more->n);
  return true;
}

/* -- SET of columns of other tables -------------------------------------------------------------------------------- */

/* The columns of another table have its name in front of their parameters. */
static const char *other_name(corm_compiler *c, const corm_node *from, const corm_column *column) {
  const char *table = from->kind == CORM_NODE_ALIAS ? corm_alias_name(c, (const corm_alias *)from)
                                                    : ((const corm_table_node *)from)->table->name;
  size_t len = strlen(table), key = strlen(column->key);
  char *name = corm_compiler_check(c, corm_arena_alloc(c->arena, len + key + 2));
  if (!name) return column->key;
  memcpy(name, table, len);
  name[len] = '_';
  memcpy(name + len + 1, column->key, key + 1);
  return name;
}

static void emit_other_set(corm_compiler *c, const corm_column_node *column, bool *first) {
  if (!*first) corm_emit_bytes(c, ", ", 2);
  *first = false;
  corm_emit_column(c, column);
  corm_emit_bytes(c, "=", 1);
}

static bool is_set(const corm_update *update, const corm_node *from, const corm_column *column) {
  for (uint32_t i = 0; i < update->nothers; i++) {
    if (update->others[i]->column == column && corm_from_same(update->others[i]->from, from)) return true;
  }
  return false;
}

/* The onupdate of the columns of another table, once for each table. */
static void emit_other_onupdates(corm_compiler *c, const corm_update *update, uint32_t at, bool *first) {
  const corm_node *from = update->others[at]->from;
  for (uint32_t i = 0; i < at; i++) {
    if (corm_from_same(update->others[i]->from, from)) return;
  }
  const corm_table *table = update->others[at]->column->table;
  for (size_t i = 0; i < table->columns.len && !c->failed; i++) {
    const corm_column *column = table->columns.items[i];
    if (!corm_is_clients(&column->onupdate) || is_set(update, from, column)) continue;
    const corm_node *node = corm_column_node_in(c->arena, column, from);
    if (!corm_compiler_check(c, (void *)(uintptr_t)node)) return;
    emit_other_set(c, (const corm_column_node *)node, first);
    corm_emit_default(c, column, &column->onupdate, other_name(c, from, column), CORM_BIND_ONUPDATE, 0);
  }
}

bool corm_emit_other_sets(corm_compiler *c, const corm_update *update, const corm_table *table,
                          const corm_from_list *more) {
  bool first = true;
  for (uint32_t i = 0; i < update->nothers && !c->failed; i++) {
    const corm_column_node *other = update->others[i];
    const char *name = corm_from_name(other->from);
    if (!c->dialect->sets_several) {
      corm_emit_error(c, CORM_E_COMPILE,
                      "an UPDATE of '%s' cannot set '%s.%s', too: %s sets columns of one table in a statement; use an "
                      "UPDATE for each table",
                      table->name, name, other->name, c->dialect->name);
      return first;
    }
    if (!corm_from_list_has(more, other->from)) {
      corm_emit_error(c, CORM_E_COMPILE,
                      "Unconsumed column names: %s (an UPDATE of '%s' sets columns of '%s' where its criteria speak "
                      "of that, too)",
                      other->name, table->name, name);
      return first;
    }
    emit_other_set(c, other, &first);
    corm_emit_value(c, other->column, other_name(c, other->from, other->column), update->other_values[i], 0);
  }
  for (uint32_t i = 0; i < update->nothers && !c->failed; i++) emit_other_onupdates(c, update, i, &first);
  return first;
}

/* Columns stand for the table that they are of, also those of a class with several. */
static const corm_node *strange_from(corm_compiler *c, const void *target, const corm_node *returned) {
  corm_walk walk;
  corm_walk_init(&walk, c->arena, returned);
  for (const corm_node *node; (node = corm_walk_next(&walk, true));) {
    const bool is_from = node->kind == CORM_NODE_TABLE || node->kind == CORM_NODE_ALIAS || node->kind == CORM_NODE_JOIN;
    const corm_node *from = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->from
                            : is_from                      ? node
                                                           : NULL;
    const bool proposed = from && from->kind == CORM_NODE_ALIAS && from->flags & CORM_ALIAS_PROPOSED;
    if (from && !proposed && corm_from_identity(from) != target) return from; /* that is refused where it is written */
  }
  if (c->arena->failed) corm_compiler_check(c, NULL);
  return NULL;
}

void corm_check_returned(corm_compiler *c, const void *target, const char *name, const corm_node *const *returning,
                         uint32_t n) {
  for (uint32_t i = 0; i < n && !c->failed; i++) {
    const corm_node *from = strange_from(c, target, returning[i]);
    if (!from) continue;
    corm_emit_error(c, CORM_E_COMPILE,
                    "RETURNING of %s sees the columns of '%s' only, not those of '%s'; select those by a scalar "
                    "subquery, or in a statement of their own",
                    c->dialect->name, name, corm_from_name(from));
  }
}
