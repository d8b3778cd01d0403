/*
 * SQLite compiles a statement anew whenever a parameter beside its LIKE or GLOB gets another value: a pattern with a
 * fixed beginning might be looked up in an index (SQLite, "The LIKE Optimization", and sqlite3_prepare_v2). Mostly no
 * index can serve, and compiling costs more than what it is for. So a statement that was compiled a few times in vain
 * is asked for its plan, without knowing its parameters and with patterns that an index could serve. When they are the
 * same, it gets a twin by sqlite3_prepare, which never looks at parameters; the twin runs until the schema changes.
 */
#include <string.h>

#include "base/buf.h"
#include "driver/sqlite.h"

enum { COMPILED_IN_VAIN = 4 };

/* Appends the plan's lines; false when it cannot be had. */
static bool append_plan(sqlite3_stmt *explain, corm_buf *plan) {
  enum { DETAIL = 3 };
  int rc;
  while ((rc = sqlite3_step(explain)) == SQLITE_ROW) {
    const char *line = (const char *)sqlite3_column_text(explain, DETAIL);
    if (line) corm_buf_puts(plan, line);
    corm_buf_putc(plan, '\n');
  }
  return sqlite3_reset(explain) == SQLITE_OK && rc == SQLITE_DONE;
}

static bool bind_patterns(sqlite3_stmt *explain) {
  const int n = sqlite3_bind_parameter_count(explain);
  for (int i = 1; i <= n; i++)
    if (sqlite3_bind_text(explain, i, "ab", 2, SQLITE_STATIC) != SQLITE_OK) return false;
  return true;
}

/* True when no value of a parameter changes the plan. */
static bool has_one_plan(const corm_mem *mem, sqlite3 *db, const char *sql) {
  sqlite3_stmt *explain = NULL;
  corm_buf text, blind, seeing;
  bool one = false;
  corm_buf_init(&text, mem);
  corm_buf_init(&blind, mem);
  corm_buf_init(&seeing, mem);
  corm_buf_puts(&text, "EXPLAIN QUERY PLAN ");
  corm_buf_puts(&text, sql);
  const char *query = corm_buf_str(&text);
  if (query && sqlite3_prepare_v2(db, query, -1, &explain, NULL) == SQLITE_OK && append_plan(explain, &blind) &&
      bind_patterns(explain) && append_plan(explain, &seeing)) {
    const char *a = corm_buf_str(&blind), *b = corm_buf_str(&seeing);
    one = a && b && strcmp(a, b) == 0;
  }
  sqlite3_finalize(explain);
  corm_buf_clear(&seeing);
  corm_buf_clear(&blind);
  corm_buf_clear(&text);
  return one;
}

void corm_sqlite_steady_init(corm_sqlite_steady *steady, sqlite3_stmt *stmt) {
  const char *sql = sqlite3_sql(stmt);
  const int n = sqlite3_bind_parameter_count(stmt);
  *steady = (corm_sqlite_steady){0};
  steady->watched = n > 0 && n < 64 && (!sqlite3_strlike("%like%", sql, 0) || !sqlite3_strlike("%glob%", sql, 0));
}

void corm_sqlite_steady_watch(corm_sqlite_steady *steady, const corm_mem *mem, sqlite3 *db, sqlite3_stmt *stmt) {
  if (sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0) < COMPILED_IN_VAIN) return;
  steady->watched = false;
  const char *sql = sqlite3_sql(stmt);
  if (!has_one_plan(mem, db, sql) || sqlite3_prepare(db, sql, -1, &steady->twin, NULL) != SQLITE_OK) return;
  steady->unbound = (UINT64_C(1) << sqlite3_bind_parameter_count(stmt)) - 1;
}

void corm_sqlite_steady_bound(corm_sqlite_steady *steady, int index, sqlite3_stmt **stmt) {
  if (!steady->unbound) return;
  steady->unbound &= ~(UINT64_C(1) << (index - 1));
  if (steady->unbound) return;
  sqlite3_stmt *first = *stmt;
  *stmt = steady->twin;
  steady->twin = first;
  steady->runs = true;
}

bool corm_sqlite_steady_ended(corm_sqlite_steady *steady, sqlite3_stmt **stmt) {
  if (!steady->runs || sqlite3_reset(*stmt) != SQLITE_SCHEMA) return false;
  sqlite3_finalize(*stmt);
  *stmt = steady->twin;
  *steady = (corm_sqlite_steady){.watched = true};
  (void)sqlite3_stmt_status(*stmt, SQLITE_STMTSTATUS_REPREPARE, 1);
  return true;
}
