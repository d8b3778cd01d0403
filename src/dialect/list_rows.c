#include "dialect/list_rows.h"

void corm_list_rows_sqlite(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out) {
  (void)dialect;
  (void)rows;
  corm_buf_puts(out, behind ? "))" : "(SELECT value FROM json_each(");
}

/* The items come as text, which is cast as a parameter of the type is. */
void corm_list_rows_postgresql(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out) {
  if (behind) {
    corm_buf_puts(out, " AS JSON)))");
    return;
  }
  corm_buf_puts(out, "(SELECT value");
  dialect->bind_cast(dialect, rows->type, out);
  corm_buf_puts(out, " FROM json_array_elements_text(CAST(");
}

/* Longer ones are LONGTEXT, in which no index is searched. What is no text of the script's has 36 characters at most.
 */
enum { LONGEST_VARCHAR = 16000 };

void corm_list_rows_mysql(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out) {
  (void)dialect;
  if (!behind) {
    corm_buf_puts(out, "(SELECT value FROM JSON_TABLE(");
    return;
  }
  corm_buf_puts(out, ", '$[*]' COLUMNS (value ");
  if (rows->kind == CORM_DECIMAL)
    corm_buf_puts(out, "DECIMAL(65, 30)");
  else if (rows->kind == CORM_DATE)
    corm_buf_puts(out, "DATE");
  else if (rows->kind == CORM_DATETIME)
    corm_buf_puts(out, "DATETIME(6)");
  else if (rows->kind == CORM_TIME)
    corm_buf_puts(out, "TIME(6)");
  else if (rows->kind == CORM_REAL)
    corm_buf_puts(out, "DOUBLE");
  else if (!rows->text)
    corm_buf_puts(out, "BIGINT");
  else if (rows->longest > LONGEST_VARCHAR)
    corm_buf_puts(out, "LONGTEXT");
  else
    corm_buf_printf(out, "VARCHAR(%zu)", rows->longest ? rows->longest : 36);
  corm_buf_puts(out, " PATH '$')) AS list)");
}
