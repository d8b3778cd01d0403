/* Foreign keys: what they may say, and whom they mean. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "schema/metadata.h"
#include "schema/naming.h"
#include "schema/table.h"

/* The action in its canonical spelling: these words reach the database as they are, so the list is closed. */
static corm_status check_phrase(const char **phrase, const char *const *allowed, size_t n, const char *option,
                                corm_error *err) {
  if (!*phrase) return CORM_OK;
  for (size_t i = 0; i < n; i++) {
    if (corm_name_distance(*phrase, allowed[i]) == 0) {
      *phrase = allowed[i];
      return CORM_OK;
    }
  }
  corm_error_set(err, CORM_E_ARGUMENT, "foreign key: unexpected %s '%.40s'", option, *phrase);
  const char *nearest = corm_name_nearest(*phrase, allowed, n);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

corm_status corm_constraint_check(corm_constraint *constraint, corm_error *err) {
  if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) return CORM_OK;
  static const char *const actions[] = {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"};
  static const char *const times[] = {"DEFERRED", "IMMEDIATE"};
  static const char *const matches[] = {"FULL", "PARTIAL", "SIMPLE"};
  if (check_phrase(&constraint->match, matches, 3, "match", err) != CORM_OK) return CORM_FAILED;
  if (check_phrase(&constraint->ondelete, actions, 5, "ondelete", err) != CORM_OK ||
      check_phrase(&constraint->onupdate, actions, 5, "onupdate", err) != CORM_OK ||
      check_phrase(&constraint->initially, times, 2, "initially", err) != CORM_OK) {
    return CORM_FAILED;
  }
  if (constraint->ncolumns == 0) return corm_error_set(err, CORM_E_ARGUMENT, "foreign key without columns");
  return CORM_OK;
}

/* "schema.table.column" taken apart at the last point. */
typedef struct target {
  char table[520];
  const char *column;
} target;

static bool parse_target(const char *text, const char *schema, target *out) {
  const char *point = strrchr(text, '.');
  if (!point || point == text || !point[1]) return false;
  size_t len = (size_t)(point - text);
  bool add_schema = schema && !memchr(text, '.', len);
  int written = snprintf(out->table, sizeof out->table, "%s%s%.*s", add_schema ? schema : "", add_schema ? "." : "",
                         (int)(len < 512 ? len : 512), text);
  out->column = point + 1;
  return written > 0 && (size_t)written < sizeof out->table;
}

static corm_status no_table(const corm_constraint *constraint, uint32_t i, const target *wanted, corm_error *err) {
  const corm_table *table = constraint->table;
  corm_status status = corm_error_set(
      err, CORM_E_NO_REFERENCED_TABLE,
      "foreign key of column '%s.%s' could not find table '%.255s', which it names for its target column '%.255s'",
      table->name, constraint->columns[i]->name, wanted->table, wanted->column);
  const char *nearest = table->metadata ? corm_metadata_nearest(table->metadata, wanted->table) : NULL;
  if (nearest) corm_error_hint(err, "did you mean '%s.%s'?", nearest, wanted->column);
  return status;
}

static corm_status no_column(const corm_constraint *constraint, uint32_t i, const target *wanted,
                             const corm_table *found, corm_error *err) {
  corm_status status = corm_error_set(
      err, CORM_E_NO_REFERENCED_COLUMN,
      "foreign key of column '%s.%s' names '%s.%.255s', but table '%s' has no column '%.255s'", constraint->table->name,
      constraint->columns[i]->name, found->fullname, wanted->column, found->fullname, wanted->column);
  const char *nearest = corm_table_nearest(found, wanted->column);
  if (nearest) corm_error_hint(err, "did you mean '%s.%s'?", found->fullname, nearest);
  return status;
}

static corm_column *find_target(const corm_constraint *constraint, uint32_t i, corm_error *err) {
  const corm_metadata *metadata = constraint->table->metadata;
  target wanted;
  if (!parse_target(constraint->targets[i], metadata ? metadata->schema : NULL, &wanted)) {
    corm_error_set(err, CORM_E_ARGUMENT,
                   "foreign key of column '%s.%s': the target '%.255s' is not of the form 'table.column'",
                   constraint->table->name, constraint->columns[i]->name, constraint->targets[i]);
    return NULL;
  }
  const corm_table *table = metadata ? corm_metadata_table(metadata, wanted.table) : NULL;
  if (!table) {
    no_table(constraint, i, &wanted, err);
    return NULL;
  }
  corm_column *column =
      constraint->link_to_name ? NULL : corm_table_column(table, wanted.column, strlen(wanted.column));
  if (!column) column = corm_table_column_by_name(table, wanted.column);
  if (!column) no_column(constraint, i, &wanted, table, err);
  return column;
}

/* All targets lie in one table; columns without a type of their own take the target's. */
static corm_status check_targets(const corm_constraint *constraint, corm_column *const *targets, corm_error *err) {
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    if (!targets[i]->table) {
      return corm_error_set(err, CORM_E_NO_REFERENCED_TABLE,
                            "foreign key of column '%s.%s': its target column '%s' belongs to no table",
                            constraint->table->name, constraint->columns[i]->name, targets[i]->name);
    }
    if (targets[i]->table != targets[0]->table) {
      return corm_error_set(err, CORM_E_ARGUMENT,
                            "foreign key of table '%s' names columns of two tables, '%s' and '%s'",
                            constraint->table->name, targets[0]->table->fullname, targets[i]->table->fullname);
    }
  }
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    corm_column *column = constraint->columns[i];
    if (column->type->kind == CORM_TYPE_NULLTYPE && !column->type->hosted) column->type = targets[i]->type;
  }
  return CORM_OK;
}

corm_status corm_constraint_resolve(corm_constraint *constraint, corm_error *err) {
  corm_column **targets = constraint->target_columns;
  if (!targets) {
    targets = corm_arena_zalloc(&constraint->table->arena, constraint->ncolumns, sizeof *targets);
    if (!targets) return corm_error_memory(err);
    for (uint32_t i = 0; i < constraint->ncolumns; i++) {
      targets[i] = find_target(constraint, i, err);
      if (!targets[i]) return CORM_FAILED;
    }
  }
  if (check_targets(constraint, targets, err) != CORM_OK) return CORM_FAILED;
  constraint->target_columns = targets;
  return constraint->early_name ? corm_naming_constraint(constraint->table, constraint, err) : CORM_OK;
}

/* A table that is not there yet is not the one that is asked about. */
static corm_status resolve_if_there(corm_constraint *constraint, bool *there, corm_error *err) {
  const corm_status status = corm_constraint_resolve(constraint, err);
  *there = status == CORM_OK;
  if (*there || err->cls != CORM_E_NO_REFERENCED_TABLE) return status;
  corm_error_clear(err);
  return CORM_OK;
}

corm_status corm_table_next_key_to(corm_table *from, const corm_table *to, size_t *at, corm_constraint **out,
                                   corm_error *err) {
  *out = NULL;
  while (!*out && *at < from->constraints.len) {
    corm_constraint *constraint = from->constraints.items[(*at)++];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY) continue;
    bool there;
    if (resolve_if_there(constraint, &there, err) != CORM_OK) return CORM_FAILED;
    if (there && constraint->target_columns[0]->table == to) *out = constraint;
  }
  return CORM_OK;
}

corm_status corm_table_foreign_keys_to(corm_table *from, const corm_table *to, corm_vec *out, corm_error *err) {
  for (size_t i = 0; i < from->constraints.len; i++) {
    corm_constraint *constraint = from->constraints.items[i];
    if (constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && corm_constraint_resolve(constraint, err) != CORM_OK)
      return CORM_FAILED;
  }
  corm_constraint *found;
  for (size_t at = 0;;) {
    if (corm_table_next_key_to(from, to, &at, &found, err) != CORM_OK) return CORM_FAILED;
    if (!found) return CORM_OK;
    if (corm_vec_push(out, found) != CORM_OK) return corm_error_memory(err);
  }
}
