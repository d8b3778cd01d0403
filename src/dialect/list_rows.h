/* How each database makes rows of a JSON array: corm_dialect.list_rows. */
#ifndef CORM_DIALECT_LIST_ROWS_H
#define CORM_DIALECT_LIST_ROWS_H

#include "sql/dialect.h"

void corm_list_rows_sqlite(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out);
void corm_list_rows_postgresql(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out);
void corm_list_rows_mysql(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out);

#endif
