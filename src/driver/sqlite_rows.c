/*
 * The table-valued function corm_rows(a, b ...): each argument is a column of many values, bound as a pointer, so that
 * one execution inserts, changes or deletes as many rows as there are values, and nothing is copied or bound value by
 * value. Its columns are p0, p1 ... A script's SQL has no pointers to give: for it the table has no rows.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/sqlite.h"

#define POINTER "corm_rows"

typedef struct rows_cursor {
  sqlite3_vtab_cursor base;
  const corm_sqlite_rows *columns[CORM_SQLITE_ROW_COLUMNS];
  size_t row, nrows;
} rows_cursor;

static rows_cursor *cursor_of(sqlite3_vtab_cursor *cursor) {
  return (rows_cursor *)cursor;
}

/* "CREATE TABLE x(p0, p1, a0 HIDDEN, a1 HIDDEN)" */
static int rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **err) {
  char sql[32 * CORM_SQLITE_ROW_COLUMNS];
  (void)aux, (void)argc, (void)argv, (void)err;
  size_t len = 0;
  for (int i = 0; i < CORM_SQLITE_ROW_COLUMNS; i++) {
    sqlite3_snprintf((int)(sizeof sql - len), sql + len, "%sp%d", i ? ", " : "CREATE TABLE x(", i);
    len += strlen(sql + len);
  }
  for (int i = 0; i < CORM_SQLITE_ROW_COLUMNS; i++) {
    sqlite3_snprintf((int)(sizeof sql - len), sql + len, ", a%d HIDDEN", i);
    len += strlen(sql + len);
  }
  sqlite3_snprintf((int)(sizeof sql - len), sql + len, ")");
  const int rc = sqlite3_declare_vtab(db, sql);
  if (rc != SQLITE_OK) return rc;
  (void)sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); /* not from triggers and views */
  *out = calloc(1, sizeof **out);
  return *out ? SQLITE_OK : SQLITE_NOMEM;
}

static int rows_disconnect(sqlite3_vtab *table) {
  free(table);
  return SQLITE_OK;
}

/* All arguments must be known. The cost says that looking for a row in here is never worth it. */
static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  (void)table;
  for (int i = 0; i < info->nConstraint; i++) {
    const int argument = info->aConstraint[i].iColumn - CORM_SQLITE_ROW_COLUMNS;
    if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = argument + 1;
    info->aConstraintUsage[i].omit = 1;
  }
  info->estimatedCost = 1000;
  info->estimatedRows = 1000;
  return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
  rows_cursor *cursor = calloc(1, sizeof *cursor);
  (void)table;
  if (!cursor) return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor) {
  free(cursor_of(cursor));
  return SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int number, const char *name, int argc, sqlite3_value **argv) {
  rows_cursor *self = cursor_of(cursor);
  (void)number, (void)name;
  self->row = 0;
  self->nrows = 0;
  for (int i = 0; i < CORM_SQLITE_ROW_COLUMNS; i++)
    self->columns[i] = i < argc ? sqlite3_value_pointer(argv[i], POINTER) : NULL;
  if (self->columns[0]) self->nrows = self->columns[0]->nrows;
  return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor) {
  cursor_of(cursor)->row++;
  return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *cursor) {
  return cursor_of(cursor)->row >= cursor_of(cursor)->nrows;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int number) {
  const rows_cursor *self = cursor_of(cursor);
  const corm_sqlite_rows *column = number < CORM_SQLITE_ROW_COLUMNS ? self->columns[number] : NULL;
  if (!column || self->row >= column->nrows) return SQLITE_OK; /* NULL */
  const corm_value *value = &column->values[self->row * column->stride];
  switch (value->kind) {
  case CORM_INT: sqlite3_result_int64(context, value->as.i); break;
  case CORM_REAL: sqlite3_result_double(context, value->as.f); break;
  case CORM_TEXT:
    sqlite3_result_text64(context, value->len ? value->as.s : "", value->len, SQLITE_STATIC, SQLITE_UTF8);
    break;
  case CORM_BLOB: sqlite3_result_blob64(context, value->len ? value->as.s : "", value->len, SQLITE_STATIC); break;
  default: break;
  }
  return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
  *out = (sqlite3_int64)cursor_of(cursor)->row;
  return SQLITE_OK;
}

int corm_sqlite_add_rows(sqlite3 *db) {
  static const sqlite3_module module = {.xConnect = rows_connect,
                                        .xBestIndex = rows_best_index,
                                        .xDisconnect = rows_disconnect,
                                        .xOpen = rows_open,
                                        .xClose = rows_close,
                                        .xFilter = rows_filter,
                                        .xNext = rows_next,
                                        .xEof = rows_eof,
                                        .xColumn = rows_column,
                                        .xRowid = rows_rowid};
  return sqlite3_create_module_v2(db, POINTER, &module, NULL, NULL);
}

int corm_sqlite_bind_rows(sqlite3_stmt *stmt, int index, const corm_sqlite_rows *rows) {
  return sqlite3_bind_pointer(stmt, index, (void *)(uintptr_t)rows, POINTER, NULL);
}
