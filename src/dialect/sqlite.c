/* SQLite 3.35 and later, as SQLAlchemy speaks to it. Deviations are said where they are. */
#include <string.h>

#include "dialect/list_rows.h"
#include "dialect/ansi.h"
#include "dialect/sqlite_codec.h"
#include "dialect/sqlite_operators.h"
#include "sql/ddl.h"

/* -- expressions --------------------------------------------------------------------------------------------------- */

static bool function(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node) {
  switch ((corm_known_function)node->known) {
  case CORM_FUNCTION_NOW: corm_emit_text(compiler, "CURRENT_TIMESTAMP"); return true;
  case CORM_FUNCTION_LOCALTIMESTAMP: corm_emit_text(compiler, "DATETIME(CURRENT_TIMESTAMP, 'localtime')"); return true;
  case CORM_FUNCTION_CHAR_LENGTH: corm_emit_text(compiler, "length"); break;
  case CORM_FUNCTION_AGGREGATE_STRINGS: corm_emit_text(compiler, "group_concat"); break;
  default: return corm_ansi_function(dialect, compiler, node);
  }
  corm_ansi_arguments(compiler, node);
  return true;
}

static bool extract(const corm_dialect *dialect, corm_compiler *compiler, const corm_extract *node) {
  (void)dialect;
  static const char *const fields[][2] = {
      {"year", "%Y"},   {"month", "%m"}, {"day", "%d"},   {"hour", "%H"}, {"minute", "%M"},
      {"second", "%S"}, {"doy", "%j"},   {"epoch", "%s"}, {"dow", "%w"},  {"week", "%W"},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (strcmp(node->field, fields[i][0]) != 0) continue;
    corm_emit_text(compiler, "CAST(STRFTIME('");
    corm_emit_text(compiler, fields[i][1]);
    corm_emit_text(compiler, "', ");
    corm_emit_node(compiler, node->element);
    corm_emit_text(compiler, ") AS INTEGER)");
    return true;
  }
  corm_emit_error(compiler, CORM_E_COMPILE,
                  "sqlite has no field '%.40s' of extract(); it has year, month, day, hour, minute, second, week, dow, "
                  "doy and epoch",
                  node->field);
  return true;
}

static void emit_literal_int(corm_compiler *compiler, int64_t number) {
  corm_value value = corm_value_int(number);
  corm_emit_node(compiler,
                 corm_bind_in(corm_emit_arena(compiler), "param", corm_type_default(CORM_TYPE_INTEGER), &value));
}

/* OFFSET needs a LIMIT, of which -1 is none; the two stand-ins are bound, so that statements of one shape are one text.
 */
static void limit(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select) {
  (void)dialect;
  if (!select->limit && !select->offset) return;
  corm_emit_text(compiler, "\n LIMIT ");
  if (select->limit) {
    corm_emit_node(compiler, select->limit);
  } else {
    emit_literal_int(compiler, -1);
  }
  corm_emit_text(compiler, " OFFSET ");
  if (select->offset) {
    corm_emit_node(compiler, select->offset);
  } else {
    emit_literal_int(compiler, 0);
  }
}

static void ones(corm_compiler *compiler, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) corm_emit_text(compiler, i > 0 ? ", 1" : "1");
}

static void empty_in(const corm_dialect *dialect, corm_compiler *compiler, const corm_bind *bind, corm_op op) {
  (void)dialect;
  (void)op;
  uint32_t n = bind->width > 0 ? bind->width : 1;
  corm_emit_text(compiler, "(SELECT ");
  ones(compiler, n);
  corm_emit_text(compiler, " FROM (SELECT ");
  ones(compiler, n);
  corm_emit_text(compiler, ") WHERE 1!=1)");
}

/* -- DDL ----------------------------------------------------------------------------------------------------------- */

static bool inline_primary_key(const corm_dialect *dialect, const corm_table *table) {
  (void)dialect;
  return table->sqlite_autoincrement && table->primary_key->ncolumns == 1 && corm_table_autoincrement_column(table);
}

/* Raw SQL after DEFAULT that is more than a word or a quoted text stands in parentheses. */
static bool needs_parentheses(const char *text) {
  while (*text == ' ' || (*text >= '\t' && *text <= '\r')) text++;
  if (*text == '\'' || *text == '"' || *text == '(') return false;
  for (; *text; text++) {
    bool word = *text == '_' || (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
                (*text >= 'A' && *text <= 'Z') || (unsigned char)*text >= 0x80;
    if (!word) return true;
  }
  return false;
}

static corm_status default_clause(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err) {
  corm_buf text;
  corm_buf_init(&text, out->mem);
  corm_status status = corm_ddl_server_default(dialect, column, &text, err);
  const char *expression = corm_buf_str(&text);
  if (status == CORM_OK && !expression) status = corm_error_memory(err);
  if (status == CORM_OK && text.len > 0) {
    bool parentheses = needs_parentheses(expression);
    corm_buf_puts(out, parentheses ? " DEFAULT (" : " DEFAULT ");
    corm_buf_puts(out, expression);
    if (parentheses) corm_buf_putc(out, ')');
  }
  corm_buf_clear(&text);
  return status;
}

static void on_conflict(const corm_option *option, corm_buf *out) {
  if (option) corm_buf_printf(out, " ON CONFLICT %s", option->text);
}

/*
 * Only INTEGER PRIMARY KEY is the rowid, which SQLite generates. SQLAlchemy writes BIGINT for a BigInteger key, and
 * inserts without a value fail; here a generated key is INTEGER whatever its integer type, and holds 64 bits all the
 * same.
 */
static corm_status column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err) {
  const corm_table *table = column->table;
  bool generated = corm_table_autoincrement_column(table) == column;
  if (generated && table->primary_key->ncolumns != 1) {
    return corm_error_set(err, CORM_E_COMPILE, "%s does not support autoincrement for composite primary keys",
                          dialect->name);
  }
  const corm_type *type = generated ? corm_type_default(CORM_TYPE_INTEGER) : column->type;
  if (dialect->type_name(dialect, type, out, err) != CORM_OK) return CORM_FAILED;
  if (default_clause(dialect, column, out, err) != CORM_OK) return CORM_FAILED;
  if (!column->nullable) {
    corm_buf_puts(out, " NOT NULL");
    on_conflict(corm_option_find(column->options, CORM_OPTION_SQLITE_ON_CONFLICT_NOT_NULL, false), out);
  }
  if (generated && inline_primary_key(dialect, table)) {
    corm_buf_puts(out, " PRIMARY KEY");
    on_conflict(corm_option_find(column->options, CORM_OPTION_SQLITE_ON_CONFLICT_PRIMARY_KEY, false), out);
    corm_buf_puts(out, " AUTOINCREMENT");
  }
  return corm_ddl_computed(dialect, column, column->computed ? column->computed->persisted : -1, out, err);
}

/* The constraint's own ON CONFLICT, or that of its only column. */
static void constraint_option(const corm_dialect *dialect, const corm_constraint *constraint, corm_ddl_place place,
                              corm_buf *out) {
  (void)dialect;
  if (place != CORM_DDL_AT_END) return;
  const corm_option *option = corm_option_find(constraint->options, CORM_OPTION_SQLITE_ON_CONFLICT, false);
  const corm_options *column = constraint->ncolumns == 1 ? constraint->columns[0]->options : NULL;
  if (!option && constraint->kind == CORM_CONSTRAINT_PRIMARY_KEY)
    option = corm_option_find(column, CORM_OPTION_SQLITE_ON_CONFLICT_PRIMARY_KEY, false);
  if (!option && constraint->kind == CORM_CONSTRAINT_UNIQUE)
    option = corm_option_find(column, CORM_OPTION_SQLITE_ON_CONFLICT_UNIQUE, false);
  on_conflict(option, out);
}

static corm_status table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out, corm_error *err) {
  (void)dialect;
  (void)err;
  if (table->sqlite_without_rowid) corm_buf_puts(out, "\n WITHOUT ROWID");
  if (table->sqlite_strict) corm_buf_puts(out, table->sqlite_without_rowid ? ",\n STRICT" : "\n STRICT");
  return CORM_OK;
}

/* SQLAlchemy's list, and the two keywords that it misses and SQLite takes for no name ("nothing", "returning"). */
/* clang-format off */
static const char *const *const reserved[26] = {
    CORM_WORDS('a', "add", "after", "all", "alter", "analyze", "and", "as", "asc", "attach", "autoincrement"),
    CORM_WORDS('b', "before", "begin", "between", "by"),
    CORM_WORDS('c', "cascade", "case", "cast", "check", "collate", "column", "commit", "conflict", "constraint",
               "create", "cross", "current_date", "current_time", "current_timestamp"),
    CORM_WORDS('d', "database", "default", "deferrable", "deferred", "delete", "desc", "detach", "distinct", "drop"),
    CORM_WORDS('e', "each", "else", "end", "escape", "except", "exclusive", "exists", "explain"),
    CORM_WORDS('f', "fail", "false", "for", "foreign", "from", "full"),
    CORM_WORDS('g', "glob", "group"),
    CORM_WORDS('h', "having"),
    CORM_WORDS('i', "if", "ignore", "immediate", "in", "index", "indexed", "initially", "inner", "insert", "instead",
               "intersect", "into", "is", "isnull"),
    CORM_WORDS('j', "join"),
    CORM_WORDS('k', "key"),
    CORM_WORDS('l', "left", "like", "limit"),
    CORM_WORDS('m', "match"),
    CORM_WORDS('n', "natural", "not", "nothing", "notnull", "null"),
    CORM_WORDS('o', "of", "offset", "on", "or", "order", "outer"),
    CORM_WORDS('p', "plan", "pragma", "primary"),
    CORM_WORDS('q', "query"),
    CORM_WORDS('r', "raise", "references", "reindex", "rename", "replace", "restrict", "returning", "right",
               "rollback", "row"),
    CORM_WORDS('s', "select", "set"),
    CORM_WORDS('t', "table", "temp", "temporary", "then", "to", "transaction", "trigger", "true"),
    CORM_WORDS('u', "union", "unique", "update", "using"),
    CORM_WORDS('v', "vacuum", "values", "view", "virtual"),
    CORM_WORDS('w', "when", "where"),
};
/* clang-format on */

/* -- keys ---------------------------------------------------------------------------------------------------------- */

static void quote_text(corm_buf *out, const char *text) {
  corm_buf_putc(out, '\'');
  for (; *text; text++) {
    if (*text == '\'') corm_buf_putc(out, '\'');
    corm_buf_putc(out, *text);
  }
  corm_buf_putc(out, '\'');
}

/*
 * The next key is the greatest one and 1, or with AUTOINCREMENT the greatest that ever was (SQLite, "Autoincrement"),
 * as long as the column is an alias of the rowid in an ordinary table of the main database. Triggers anywhere could
 * insert rows in the middle of the statement.
 */
static void key_sql(const corm_dialect *dialect, const corm_table *table, const corm_column *key, corm_buf *out) {
  if (table->schema || table->sqlite_without_rowid) return;
  corm_buf sequence, name;
  corm_buf_init(&sequence, out->mem);
  corm_buf_init(&name, out->mem);
  quote_text(&name, table->name);
  corm_buf_puts(&sequence, "SELECT seq FROM main.sqlite_sequence WHERE name = ");
  corm_buf_add(&sequence, name.ptr, name.len);
  corm_buf_puts(&sequence, " COLLATE NOCASE");
  corm_buf_puts(out, "SELECT (SELECT coalesce(max(");
  corm_dialect_quote(dialect, key->name, out);
  corm_buf_puts(out, "), 0) FROM main.");
  corm_dialect_quote(dialect, table->name, out);
  corm_buf_puts(out, "), CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence') THEN ");
  quote_text(out, corm_buf_str(&sequence) ? corm_buf_str(&sequence) : "");
  corm_buf_puts(out, " END FROM main.sqlite_master AS m, pragma_table_info(");
  corm_buf_add(out, name.ptr, name.len);
  corm_buf_puts(out, ") AS c WHERE m.type = 'table' AND m.rootpage > 0 AND m.name = ");
  corm_buf_add(out, name.ptr, name.len);
  corm_buf_puts(out, " COLLATE NOCASE AND m.sql NOT LIKE '%WITHOUT%ROWID%' AND c.pk = 1 AND c.type = 'INTEGER' COLLATE "
                     "NOCASE AND c.name = ");
  quote_text(out, key->name);
  corm_buf_puts(out, " COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM main.sqlite_master WHERE type = 'trigger') AND NOT "
                     "EXISTS (SELECT 1 FROM temp.sqlite_master WHERE type = 'trigger' OR name = ");
  corm_buf_add(out, name.ptr, name.len);
  corm_buf_puts(out, " COLLATE NOCASE)");
  if (sequence.failed || name.failed) out->failed = true;
  corm_buf_clear(&sequence);
  corm_buf_clear(&name);
}

const corm_dialect corm_dialect_sqlite = {
    .name = "sqlite",
    .explain = "EXPLAIN QUERY PLAN ",
    .default_driver = "sqlite",
    .embedded = true,
    .quote = '"',
    .reserved = reserved,
    .max_identifier = 9999,
    .paramstyle = CORM_PARAM_QMARK,
    .max_params = 32766, /* SQLite's own default since 3.32 */
    .native_boolean = false,
    .tuple_values = true,
    .list_rows = corm_list_rows_sqlite,
    .within_group = CORM_WITHIN_GROUP_NONE,
    .no_empty_select = true,
    .no_lateral = true,
    .values_style = CORM_VALUES_SELECTS,
    .no_grouping_sets = true,
    .no_rollup = true,
    .locking = CORM_LOCKING_NONE,
    .distinct_parts = true,
    .wrapped_parts = true,
    .orders_by_alias = true,
    .default_values = true,
    .multi_values = true,
    .bulk = CORM_BULK_VALUES,
    .row_source = "corm_rows",
    .row_columns = 64, /* as its driver has them */
    .many_conflicts = true,
    .conflict_needs_where = true,
    .delete_style = CORM_DELETE_ALONE,
    .insert_returning = true,
    .update_returning = true,
    .delete_returning = true,
    .exact_equality = true,
    .exact_order = true,
    .bare_returning = true,
    .transactional_ddl = true,
    .keys_off = "PRAGMA defer_foreign_keys = ON",
    .fk_same_schema = true,
    .inline_keys = true,
    .index_has_schema = true,
    .index_where = CORM_INDEX_WHERE_SQLITE,
    .no_comments = true,
    .no_replaced_views = true,
    .key_sql = key_sql,
    .type_name = corm_ansi_type_name,
    .binary = corm_sqlite_binary,
    .function = function,
    .extract = extract,
    .limit = limit,
    .empty_in = empty_in,
    .column_spec = column_spec,
    .inline_primary_key = inline_primary_key,
    .table_suffix = table_suffix,
    .constraint_option = constraint_option,
    .encode = corm_sqlite_encode,
    .decode = corm_ansi_decode,
    .is_plain = corm_ansi_is_plain,
    /* Names of tables and indexes are the same in upper and lower case. */
    .has_table_sql = "SELECT 1 FROM pragma_table_xinfo(?1, ?2) LIMIT 1",
    .has_index_sql = "SELECT 1 FROM pragma_index_list(?3, ?2) WHERE name = ?1 COLLATE NOCASE",
};
