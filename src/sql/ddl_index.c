/* CREATE INDEX and DROP INDEX. */
#include "sql/ddl.h"

static corm_status add_index_name(const corm_dialect *dialect, const corm_index *index, bool schema, corm_buf *out,
                                  corm_error *err) {
  if (schema && index->table->schema) {
    corm_dialect_quote(dialect, index->table->schema, out);
    corm_buf_putc(out, '.');
  }
  return corm_ddl_name(dialect, "the index", index->name, index->made_name, out, err);
}

static bool has_parentheses(const corm_dialect *dialect, const corm_node *expr) {
  if (expr->op == CORM_OP_ASC || expr->op == CORM_OP_DESC) return false;
  switch ((corm_node_kind)expr->kind) {
  case CORM_NODE_BINARY: return dialect->index_parentheses != CORM_INDEX_BARE;
  case CORM_NODE_UNARY: {
    const corm_op op = (corm_op)expr->op;
    const bool order = op == CORM_OP_NULLS_FIRST || op == CORM_OP_NULLS_LAST;
    return dialect->index_parentheses == CORM_INDEX_ALL || (!order && dialect->index_parentheses != CORM_INDEX_BARE);
  }
  case CORM_NODE_FUNCTION: return dialect->index_parentheses == CORM_INDEX_ALL;
  default: return false;
  }
}

static const corm_node *ordered(const corm_node *expr) {
  const bool postfix = expr->kind == CORM_NODE_UNARY && (corm_ops[expr->op].flags & CORM_OP_POSTFIX);
  return postfix ? ((const corm_unary *)expr)->operand : NULL;
}

/* (x + 1) DESC NULLS LAST: the order stands behind the parentheses, which SQLAlchemy leaves out there. */
corm_status corm_ddl_index_item(const corm_dialect *dialect, const corm_node *expr, corm_buf *out, corm_error *err) {
  const corm_node *inner = expr;
  unsigned depth = 0;
  bool refused = false;
  for (; ordered(inner) && depth <= 2; depth++, inner = ordered(inner)) {
    const bool direction = inner->op == CORM_OP_ASC || inner->op == CORM_OP_DESC;
    refused |= dialect->no_nulls_order && !direction; /* by the compiler, in its words */
  }
  bool behind = depth > 0 && depth <= 2 && !refused && has_parentheses(dialect, inner);
  if (!behind) inner = expr;
  bool parentheses = behind || has_parentheses(dialect, expr);
  if (parentheses) corm_buf_putc(out, '(');
  corm_status status = corm_ddl_expression(dialect, inner, out, err);
  if (parentheses) corm_buf_putc(out, ')');
  /* From the inside out: a direction, and where NULLs go. */
  for (const corm_node *done = inner; done != expr && status == CORM_OK;) {
    const corm_node *next = expr;
    while (ordered(next) != done) next = ordered(next);
    corm_buf_puts(out, corm_ops[next->op].text);
    done = next;
  }
  return status;
}

static void add_option(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place, uint32_t item,
                       corm_buf *out) {
  if (dialect->index_option) dialect->index_option(dialect, index, place, item, out);
}

static corm_status add_items(const corm_dialect *dialect, const corm_index *index, corm_buf *out, corm_error *err) {
  corm_buf_putc(out, '(');
  for (uint32_t i = 0; i < index->nitems; i++) {
    const corm_index_item *item = &index->items[i];
    if (i > 0) corm_buf_puts(out, ", ");
    if (item->column) {
      corm_dialect_column_name(dialect, item->column, out);
    } else if (corm_ddl_index_item(dialect, item->expr, out, err) != CORM_OK) {
      return CORM_FAILED;
    }
    add_option(dialect, index, CORM_DDL_AT_COLUMN, i, out);
  }
  corm_buf_putc(out, ')');
  return CORM_OK;
}

static corm_status create_index(const corm_dialect *dialect, const corm_index *index, bool unless_there, corm_buf *out,
                                corm_error *err) {
  corm_buf_puts(out, index->unique ? "CREATE UNIQUE " : "CREATE ");
  add_option(dialect, index, CORM_DDL_BEFORE_WORD, 0, out);
  corm_buf_puts(out, "INDEX ");
  add_option(dialect, index, CORM_DDL_BEFORE_NAME, 0, out);
  if (unless_there) corm_buf_puts(out, "IF NOT EXISTS ");
  if (add_index_name(dialect, index, dialect->index_has_schema, out, err) != CORM_OK) return CORM_FAILED;
  corm_buf_puts(out, " ON ");
  if (dialect->index_has_schema) {
    corm_dialect_quote(dialect, index->table->name, out);
  } else {
    corm_dialect_table_name(dialect, index->table, out);
  }
  corm_buf_putc(out, ' ');
  add_option(dialect, index, CORM_DDL_BEFORE_COLUMNS, 0, out);
  if (add_items(dialect, index, out, err) != CORM_OK) return CORM_FAILED;
  add_option(dialect, index, CORM_DDL_AT_END, 0, out);
  const corm_node *where = dialect->index_where < CORM_INDEX_WHERES ? index->where[dialect->index_where] : NULL;
  if (!where) return CORM_OK;
  corm_buf_puts(out, " WHERE ");
  return corm_ddl_expression(dialect, where, out, err);
}

corm_status corm_ddl_index(const corm_dialect *dialect, const corm_ddl_element *element, corm_buf *out,
                           corm_error *err) {
  const corm_index *index = element->object;
  const bool conditional = element->flags & CORM_DDL_IF;
  if (element->kind == CORM_DDL_CREATE_INDEX) return create_index(dialect, index, conditional, out, err);
  corm_buf_puts(out, "\nDROP INDEX ");
  add_option(dialect, index, CORM_DDL_BEFORE_NAME, 0, out);
  if (conditional) corm_buf_puts(out, "IF EXISTS ");
  if (add_index_name(dialect, index, !dialect->index_of_table, out, err) != CORM_OK) return CORM_FAILED;
  if (dialect->index_of_table) {
    corm_buf_puts(out, " ON ");
    corm_dialect_table_name(dialect, index->table, out);
  }
  return CORM_OK;
}
