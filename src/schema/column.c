#include "schema/column.h"

#include "schema/table.h"

void corm_column_init(corm_column *column, const char *name, const corm_type *type) {
  *column = (corm_column){.name = name, .key = name, .type = type, .nullable = true};
}

bool corm_column_has_server_value(const corm_column *column) {
  if (column->server_default.kind != CORM_DEFAULT_NONE) return true;
  if (column->computed || column->identity || column->sequence) return true;
  return column->table && corm_table_autoincrement_column(column->table) == column;
}
