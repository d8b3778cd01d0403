/* PostgreSQL: which generated keys ascend in the order of the rows. */
#include "dialect/postgresql_types.h"

static void add_literal(corm_buf *out, const corm_buf *text) {
  corm_buf_putc(out, '\'');
  for (size_t i = 0; i < text->len; i++) {
    if (text->ptr[i] == '\'') corm_buf_putc(out, '\'');
    corm_buf_putc(out, text->ptr[i]);
  }
  corm_buf_putc(out, '\'');
}

/*
 * The column draws from a sequence of its own that ascends and does not begin again, and nothing comes between the row
 * and the table: no trigger for each row before INSERT (pg_trigger.tgtype: 1 row, 2 before, 4 insert), no rule.
 */
void corm_postgresql_key_sql(const corm_dialect *dialect, const corm_table *table, const corm_column *key,
                             corm_buf *out) {
  corm_buf name, column;
  corm_buf_init(&name, out->mem);
  corm_buf_init(&column, out->mem);
  corm_buf_puts(out, "SELECT 1 FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid "
                     "JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid "
                     "= t.oid AND d.refobjsubid = a.attnum AND d.classid = 'pg_catalog.pg_class'::regclass AND "
                     "d.deptype IN ('a', 'i') JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = d.objid WHERE t.oid = "
                     "to_regclass(");
  corm_dialect_table_name(dialect, table, &name);
  add_literal(out, &name);
  corm_buf_puts(out, ") AND a.attname = ");
  corm_buf_puts(&column, key->name);
  add_literal(out, &column);
  corm_buf_puts(out, " AND t.relkind IN ('r', 'p') AND NOT t.relhasrules AND s.seqincrement > 0 AND NOT s.seqcycle AND "
                     "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = t.oid AND NOT "
                     "g.tgisinternal AND g.tgtype & 7 = 7)");
  if (name.failed || column.failed) out->failed = true;
  corm_buf_clear(&name);
  corm_buf_clear(&column);
}
