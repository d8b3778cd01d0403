/* Statements of many rows (emit_bulk.c), which compile.c frames. Internal to sql/. */
#ifndef CORM_SQL_EMIT_BULK_H
#define CORM_SQL_EMIT_BULK_H

#include "sql/compiler.h"

/* Each parameter an array, one for each column. */
void corm_emit_insert_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n,
                             const corm_node *const *returning, size_t nreturning);
void corm_emit_update_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *set, size_t nset,
                             const corm_column *const *where, size_t nwhere);
void corm_emit_delete_arrays(corm_compiler *c, const corm_table *table, const corm_column *const *where, size_t nwhere);
void corm_emit_present(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t nkeys,
                       size_t n, size_t nrows);

#endif
