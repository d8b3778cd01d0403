#include "sql/compiler.h"

/* ON CONFLICT and ON DUPLICATE KEY UPDATE. A clause says which uniqueness it is about, and what becomes of the row that
   is there. */

/* What stands for itself: columns of the table without its name, values written out. */
static void emit_plainly(corm_compiler *c, const corm_node *node, bool literal) {
  const bool bare = c->bare_columns, literals = c->options.literal_binds;
  c->bare_columns = true;
  c->options.literal_binds = literals || literal;
  corm_emit_node(c, node);
  c->bare_columns = bare;
  c->options.literal_binds = literals;
}

/* The condition of a partial index, as it has it on the database. */
static const corm_node *index_where(const corm_compiler *c, const corm_upsert *clause) {
  if (clause->index_where || !clause->index) return clause->index_where;
  const corm_node *const *where = clause->index->where;
  if (c->dialect->index_where < CORM_INDEX_WHERES) return where[c->dialect->index_where];
  return where[CORM_INDEX_WHERE_POSTGRESQL] ? where[CORM_INDEX_WHERE_POSTGRESQL] : where[CORM_INDEX_WHERE_SQLITE];
}

/* "(a, lower(b)) WHERE c > 1": an index is found by its condition only where that has no parameters. */
static void emit_target(corm_compiler *c, const corm_upsert *clause) {
  if (clause->constraint) {
    if (!c->dialect->conflict_constraint)
      corm_emit_error(c, CORM_E_COMPILE, "%s has no ON CONFLICT ON CONSTRAINT; name the columns by index_elements",
                      c->dialect->name);
    corm_emit_text(c, " ON CONSTRAINT ");
    corm_emit_own_name(c, clause->constraint, "constraint");
    return;
  }
  for (uint32_t i = 0; i < clause->ntargets; i++) {
    corm_emit_text(c, i ? ", " : " (");
    emit_plainly(c, clause->targets[i], true);
  }
  if (clause->ntargets) corm_emit_bytes(c, ")", 1);
  const corm_node *where = index_where(c, clause);
  if (!where) return;
  corm_emit_text(c, " WHERE ");
  emit_plainly(c, where, !c->options.named || c->dialect->many_conflicts);
}

static void emit_assignments(corm_compiler *c, const corm_upsert *clause) {
  for (uint32_t i = 0; i < clause->n && !c->failed; i++) {
    if (i > 0) corm_emit_bytes(c, ", ", 2);
    corm_emit_column_name(c, clause->columns[i]);
    corm_emit_text(c, " = ");
    const corm_node *value = clause->values[i];
    if (value->kind == CORM_NODE_BIND) {
      corm_emit_bind(c, (const corm_bind *)value, clause->columns[i], NULL, CORM_OP_EQ, CORM_PLACE_TYPED);
    } else {
      corm_emit_node(c, corm_group_in(c->arena, value, CORM_AGAINST_NOTHING, 0)); /* NULL: the arena is full */
    }
  }
}

static void emit_conflict(corm_compiler *c, const corm_upsert *clause) {
  if (clause->duplicate_key) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no ON DUPLICATE KEY UPDATE; use on_conflict_do_update",
                    c->dialect->name);
    return;
  }
  corm_emit_text(c, " ON CONFLICT");
  emit_target(c, clause);
  if (!clause->n) {
    corm_emit_text(c, " DO NOTHING");
    return;
  }
  corm_emit_text(c, " DO UPDATE SET ");
  emit_assignments(c, clause);
  if (!clause->where) return;
  corm_emit_text(c, " WHERE ");
  corm_emit_condition(c, clause->where);
}

/* The row stays as it is: a column is given the value that it has. */
static void emit_no_change(corm_compiler *c, const corm_table *table) {
  const corm_constraint *key = table->primary_key;
  const corm_column *column = key && key->ncolumns ? key->columns[0] : table->columns.items[0];
  corm_emit_column_name(c, column);
  corm_emit_text(c, " = ");
  corm_dialect_table_name(c->dialect, table, &c->text);
  corm_emit_bytes(c, ".", 1);
  corm_emit_column_name(c, column);
}

static void emit_duplicate(corm_compiler *c, const corm_insert *insert, const corm_upsert *clause) {
  const char *lacks = clause->constraint    ? "constraint to name in an upsert"
                      : clause->index_where ? "partial indexes"
                      : clause->where       ? "condition for the update of an upsert"
                                            : NULL;
  if (lacks)
    corm_emit_error(
        c, CORM_E_COMPILE,
        "%s has no %s: ON DUPLICATE KEY UPDATE is about every unique key; say a condition in set_ by case()",
        c->dialect->name, lacks);
  corm_emit_text(c, " ON DUPLICATE KEY UPDATE ");
  if (clause->n) {
    emit_assignments(c, clause);
  } else {
    emit_no_change(c, insert->table);
  }
}

/* True when the text of the select ends with its FROM, so that ON behind it may belong to a join. */
static bool ends_with_from(corm_compiler *c, const corm_select *select) {
  if (select->limit || select->offset || select->norder_by || select->extra) return false;
  while (select->base.kind == CORM_NODE_COMPOUND) {
    select = select->parts[select->nparts - 1];
    if (select->base.kind == CORM_NODE_COMPOUND) return true; /* it is a subquery of a FROM there */
  }
  if (select->base.kind != CORM_NODE_SELECT || select->where || select->having || select->ngroup_by) return false;
  corm_from_list froms;
  corm_from_list_init(&froms, c->arena);
  bool ok = true;
  for (uint32_t i = 0; i < select->nfroms && ok; i++) ok = corm_from_list_add(&froms, select->froms[i]);
  for (uint32_t i = 0; i < select->ncolumns && ok; i++) ok = corm_from_list_add_of(&froms, select->columns[i]);
  if (!ok || !corm_from_list_hide_joined(&froms)) corm_compiler_check(c, NULL);
  return froms.n && froms.items[froms.n - 1]->kind != CORM_NODE_JOIN;
}

static void emit_clauses(corm_compiler *c, const corm_insert *insert) {
  for (const corm_upsert *clause = insert->upsert; clause && !c->failed; clause = clause->next) {
    if (c->dialect->duplicate_key) {
      emit_duplicate(c, insert, clause);
    } else {
      emit_conflict(c, clause);
    }
  }
}

void corm_emit_upsert(corm_compiler *c, const corm_insert *insert) {
  const corm_upsert *clause = insert->upsert;
  if (insert->from_select && c->dialect->conflict_needs_where && ends_with_from(c, insert->from_select)) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s takes the ON of an upsert for that of a join where the select of from_select() has no WHERE; "
                    "write select(...):where(corm.true_())",
                    c->dialect->name);
    return;
  }
  if (clause->next && !c->dialect->many_conflicts) {
    corm_emit_error(c, CORM_E_COMPILE, "%s takes one conflict clause in an INSERT", c->dialect->name);
    return;
  }
  const corm_table *outer = c->proposed;
  c->proposed = insert->table;
  emit_clauses(c, insert);
  c->proposed = outer;
  c->out->row_len = 0; /* the row cannot be repeated: there is more behind it */
}
