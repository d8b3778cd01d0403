/*
 * MySQL 5.7 and later, MariaDB 10.2 and later, as SQLAlchemy speaks to them. What a name stands for before a server has
 * answered is SQLAlchemy's default; the connection's dialect is the server's own.
 */
#include "dialect/list_rows.h"
#include "dialect/mysql.h"

#include <string.h>

#include "dialect/ansi.h"

/* -- expressions --------------------------------------------------------------------------------------------------- */

/* The separator must be a literal. */
static void group_concat(corm_compiler *compiler, const corm_function *node) {
  const corm_node *order_by = corm_emit_ordering(compiler);
  corm_emit_text(compiler, "group_concat(");
  corm_emit_node(compiler, node->args[0]);
  if (order_by) {
    corm_emit_text(compiler, " ORDER BY ");
    corm_emit_node(compiler, order_by);
  }
  corm_emit_text(compiler, " SEPARATOR ");
  corm_emit_inlined(compiler, node->args[1]);
  corm_emit_text(compiler, ")");
}

/* MariaDB's percentiles take no placeholder. */
static void percentile(corm_compiler *compiler, const corm_function *node) {
  corm_emit_text(compiler, node->name);
  corm_emit_text(compiler, "(");
  corm_emit_inlined(compiler, node->args[0]);
  corm_emit_text(compiler, ")");
}

static void rollup(corm_compiler *compiler, const corm_function *node) {
  for (uint32_t i = 0; i < node->nargs; i++) {
    if (i > 0) corm_emit_text(compiler, ", ");
    corm_emit_node(compiler, node->args[i]);
  }
  corm_emit_text(compiler, " WITH ROLLUP");
}

static bool function(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node) {
  switch ((corm_known_function)node->known) {
  case CORM_FUNCTION_RANDOM:
    corm_emit_text(compiler, "rand");
    corm_ansi_arguments(compiler, node);
    return true;
  case CORM_FUNCTION_SYSDATE: corm_emit_text(compiler, "SYSDATE()"); return true;
  case CORM_FUNCTION_ROLLUP: rollup(compiler, node); return true;
  case CORM_FUNCTION_PERCENTILE_CONT:
  case CORM_FUNCTION_PERCENTILE_DISC:
    if (node->nargs != 1) return false;
    percentile(compiler, node);
    return true;
  case CORM_FUNCTION_AGGREGATE_STRINGS:
    if (node->nargs != 2) return false;
    group_concat(compiler, node);
    return true;
  default: return corm_ansi_function(dialect, compiler, node);
  }
}

/* The units that the server has. */
static bool extract(const corm_dialect *dialect, corm_compiler *compiler, const corm_extract *node) {
  static const char *const units[] = {"year", "quarter", "month", "week", "day", "hour", "minute", "second"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(node->field, units[i]) == 0) return corm_ansi_extract(dialect, compiler, node);
  }
  if (strcmp(node->field, "microseconds") != 0) {
    corm_emit_error(
        compiler, CORM_E_COMPILE,
        "%s has no field '%.40s' of extract(); it has year, quarter, month, week, day, hour, minute, second "
        "and microseconds",
        dialect->name, node->field);
  }
  corm_emit_text(compiler, "EXTRACT(microsecond FROM ");
  corm_emit_node(compiler, node->element);
  corm_emit_text(compiler, ")");
  return true;
}

/* OFFSET alone needs a limit: the number of rows that a table can have, by the manual. */
static void limit(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select) {
  (void)dialect;
  if (!select->limit && !select->offset) return;
  corm_emit_text(compiler, " \n LIMIT ");
  if (select->offset) {
    corm_emit_node(compiler, select->offset);
    corm_emit_text(compiler, ", ");
  }
  if (select->limit) {
    corm_emit_node(compiler, select->limit);
  } else {
    corm_emit_text(compiler, "18446744073709551615");
  }
}

/* -- the dialects -------------------------------------------------------------------------------------------------- */

static const corm_dialect *for_server(const corm_dialect *dialect, const corm_server *server);

/* The name of an alias may have 256 characters, all others 64. */
#define MAX_ALIAS 255

/* Parameters are counted by two bytes. */
#define MAX_PARAMS 65535

#define COMMON                                                                                                         \
  .default_driver = "libmariadb", .quote = '`', .max_identifier = MAX_ALIAS, .max_name = 64,                           \
  .name_in_characters = true, .trims_labels = true, .paramstyle = CORM_PARAM_QMARK, .max_params = MAX_PARAMS,          \
  .list_rows = corm_list_rows_mysql, .boolean_words = true, .backslash_escapes = true, .concat_call = true,            \
  .quantified = true, .no_filter = true, .few_frames = true, .inner_join = true, .no_full_join = true,                 \
  .no_empty_select = true, .from_dual = true, .hinting = CORM_HINTING_BEHIND, .no_grouping_sets = true,                \
  .no_nulls_order = true, .locking = CORM_LOCKING_MODE, .with_behind_insert = true, .multi_values = true,              \
  .duplicate_key = true, .updates_tables = true, .sets_several = true, .delete_style = CORM_DELETE_USING_ALL,          \
  .keys_off = "SET foreign_key_checks = 0", .keys_on = "SET foreign_key_checks = 1", .inline_enum = true,              \
  .no_match = true, .drop_by_kind = true, .index_of_table = true, .index_where = CORM_INDEX_WHERES,                    \
  .reserved_table = "value" /* INSERT INTO value (...) is VALUES */, .index_parentheses = CORM_INDEX_ALL,              \
  .inline_comments = true, .no_temporary_views = true, .for_server = for_server, .binary = corm_mysql_binary,          \
  .function = function, .extract = extract, .limit = limit, .empty_in = corm_ansi_empty_in,                            \
  .column_spec = corm_mysql_column_spec, .inline_primary_key = corm_ansi_inline_primary_key,                           \
  .table_suffix = corm_mysql_table_suffix, .constraint_option = corm_mysql_constraint_option,                          \
  .index_option = corm_mysql_index_option, .decode = corm_mysql_decode, .is_plain = corm_mysql_is_plain,               \
  .has_table_sql =                                                                                                     \
      "SELECT 1 FROM information_schema.tables WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE())",       \
  .has_index_sql = "SELECT 1 FROM information_schema.statistics WHERE index_name = ? AND table_schema = COALESCE(?, "  \
                   "DATABASE()) AND table_name = ? LIMIT 1",                                                           \
  .has_sequence_sql =                                                                                                  \
      "SELECT 1 FROM information_schema.tables WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE()) AND "   \
      "table_type = 'SEQUENCE'"

#define MYSQL                                                                                                          \
  COMMON, .name = "mysql", .reserved = corm_mysql_reserved, .within_group = CORM_WITHIN_GROUP_NONE,                    \
          .values_style = CORM_VALUES_ROWS, .drop_check_word = "CHECK ", .type_name = corm_mysql_type_name,            \
          .encode = corm_mysql_encode, .isolation_sql = "SELECT @@transaction_isolation",                              \
          .analyze = "EXPLAIN ANALYZE "

#define MARIADB                                                                                                        \
  COMMON, .name = "mariadb", .kin = "mysql", .reserved = corm_mariadb_reserved, .regexp_prefix = true,                 \
          .within_group = CORM_WITHIN_GROUP_WINDOW, .next_value = true, .no_lateral = true,                            \
          .values_style = CORM_VALUES_SELECTS, .values_lose_binds = true, .fetch = CORM_FETCH_PLAIN,                   \
          .share_has_options = true, .with_of_selects = true, .no_with_in_parts = true, .bulk = CORM_BULK_ARRAY,       \
          .delete_returning = true, .drop_check_word = "CONSTRAINT ", .makes_sequences = true, .nocycle = "NOCYCLE",   \
          .isolation_sql = "SELECT @@tx_isolation", .analyze = "ANALYZE "

const corm_dialect corm_dialect_mysql = {MYSQL, .cast_type = corm_mysql_cast_type};
static const corm_dialect mysql_8_0_17 = {MYSQL, .lock_of = true, .cast_type = corm_mysql_float_cast_type};

const corm_dialect corm_dialect_mariadb = {MARIADB, .insert_returning = true, .type_name = corm_mariadb_type_name,
                                           .cast_type = corm_mysql_cast_type, .encode = corm_mariadb_encode};
static const corm_dialect mariadb_10_7 = {MARIADB,
                                          .sequences = true,
                                          .insert_returning = true,
                                          .type_name = corm_mariadb_type_name,
                                          .cast_type = corm_mysql_float_cast_type,
                                          .encode = corm_mariadb_encode};
static const corm_dialect mariadb_10_5 = {MARIADB,
                                          .sequences = true,
                                          .insert_returning = true,
                                          .type_name = corm_mysql_type_name,
                                          .cast_type = corm_mysql_float_cast_type,
                                          .encode = corm_mysql_encode};
static const corm_dialect mariadb_old = {MARIADB, .type_name = corm_mysql_type_name, .cast_type = corm_mysql_cast_type,
                                         .encode = corm_mysql_encode};

static const corm_dialect *for_server(const corm_dialect *dialect, const corm_server *server) {
  (void)dialect;
  if (!server->mariadb) return server->number >= 80017 ? &mysql_8_0_17 : &corm_dialect_mysql;
  if (server->number >= 100700) return &mariadb_10_7;
  return server->number >= 100500 ? &mariadb_10_5 : &mariadb_old;
}
