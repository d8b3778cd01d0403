#include "sql/compiler.h"
#include "sql/lint.h"

/* UPDATE and DELETE that look at more tables than the one they change: those that WHERE and the values speak of. */

bool corm_add_more_tables(corm_compiler *c, const corm_node *target, const corm_node *where,
                          const corm_node *const *values, uint32_t n, corm_from_list *out) {
  corm_from_list all;
  corm_from_list_init(&all, c->arena);
  bool ok = corm_from_list_add(&all, target) && (!where || corm_from_list_add_of(&all, where));
  for (uint32_t i = 0; ok && i < n; i++)
    if (values[i]->kind != CORM_NODE_BIND) ok = corm_from_list_add_of(&all, values[i]);
  ok = ok && corm_from_list_hide_joined(&all);
  if (ok && c->options.lint) corm_lint_froms(c, n ? "UPDATE" : "DELETE", all.items, all.n, where);
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

void corm_emit_delete_using(corm_compiler *c, const corm_table *table, const corm_from_list *more, bool returning) {
  switch (c->dialect->delete_style) {
  case CORM_DELETE_LIST: corm_emit_text(c, " , "); break;
  case CORM_DELETE_USING: corm_emit_text(c, " USING "); break;
  case CORM_DELETE_USING_ALL:
    if (returning)
      corm_emit_error(c, CORM_E_COMPILE,
                      "%s has no RETURNING for a DELETE that looks at other tables; name them in a subquery",
                      c->dialect->name);
    corm_emit_text(c, " USING ");
    corm_dialect_table_name(c->dialect, table, &c->text);
    corm_emit_text(c, ", ");
    break;
  case CORM_DELETE_ALONE:
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no DELETE that looks at other tables; name them in a subquery: "
                    "where(t.c.id:in_(select(...)))",
                    c->dialect->name);
    return;
  }
  corm_emit_list(c, more->items, more->n);
}
