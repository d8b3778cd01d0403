/* Tables and columns for C tests, written down in few words. */
#ifndef CORM_SPEC_SCHEMA_FIXTURE_H
#define CORM_SPEC_SCHEMA_FIXTURE_H

#include "base/error.h"
#include "schema/metadata.h"

#include "fail_mem.h"

/* A table with its columns in one place, so that a test can write a schema down. */
enum { MAX_COLUMNS = 6 };
typedef struct fixture {
  corm_table table;
  corm_column columns[MAX_COLUMNS];
  size_t n;
  corm_error err;
} fixture;

static inline void open_table(fixture *f, const char *name) {
  *f = (fixture){.n = 0};
  assert_int_equal(corm_table_init(&f->table, &corm_mem_libc, name, NULL, &f->err), CORM_OK);
}

static inline corm_column *new_column(fixture *f, const char *name, corm_type_kind kind) {
  corm_column *column = &f->columns[f->n++];
  corm_column_init(column, name, corm_type_default(kind));
  column->creation = f->n;
  return column;
}

static inline corm_column *add_column(fixture *f, const char *name, corm_type_kind kind) {
  corm_column *column = new_column(f, name, kind);
  assert_int_equal(corm_table_add_column(&f->table, column, &f->err), CORM_OK);
  return column;
}

static inline corm_column *add_key(fixture *f, const char *name) {
  corm_column *column = new_column(f, name, CORM_TYPE_INTEGER);
  column->primary_key = true;
  column->nullable = false;
  assert_int_equal(corm_table_add_column(&f->table, column, &f->err), CORM_OK);
  return column;
}

static inline void close_table(fixture *f) {
  corm_table_clear(&f->table);
  corm_error_clear(&f->err);
}

static inline corm_constraint foreign_key(const char *const *names, const char *const *targets, uint32_t n) {
  return (corm_constraint){
      .kind = CORM_CONSTRAINT_FOREIGN_KEY, .column_names = names, .targets = targets, .ncolumns = n, .deferrable = -1};
}

static inline const corm_column *column_at(const corm_table *table, size_t i) {
  return table->columns.items[i];
}

static inline void failed_with(corm_error *err, corm_error_class cls, const char *message, const char *hint) {
  assert_true(err->is_set);
  assert_string_equal(corm_error_class_name(err->cls), corm_error_class_name(cls));
  assert_string_equal(err->message, message);
  assert_string_equal(err->hint, hint);
  corm_error_clear(err);
}

#endif
