/* PostgreSQL 12 and later, as SQLAlchemy speaks to it. Deviations are said where they are. */
#include <string.h>

#include "dialect/list_rows.h"
#include "dialect/ansi.h"
#include "dialect/native_codec.h"
#include "dialect/postgresql_operators.h"
#include "dialect/postgresql_types.h"
#include "sql/ddl.h"

/* -- expressions --------------------------------------------------------------------------------------------------- */

/* SUBSTRING(text FROM start FOR length) */
static void substring(corm_compiler *compiler, const corm_function *node) {
  static const char *const between[] = {"SUBSTRING(", " FROM ", " FOR "};
  for (uint32_t i = 0; i < node->nargs; i++) {
    corm_emit_text(compiler, between[i]);
    corm_emit_node(compiler, node->args[i]);
  }
  corm_emit_text(compiler, ")");
}

static bool function(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node) {
  if (node->known == CORM_FUNCTION_SUBSTRING && (node->nargs == 2 || node->nargs == 3)) {
    substring(compiler, node);
  } else if (node->known == CORM_FUNCTION_AGGREGATE_STRINGS) {
    corm_emit_text(compiler, "string_agg");
    corm_ansi_arguments(compiler, node);
  } else {
    return corm_ansi_function(dialect, compiler, node);
  }
  return true;
}

static void limit(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select) {
  (void)dialect;
  if (select->limit) {
    corm_emit_text(compiler, " \n LIMIT ");
    corm_emit_typed(compiler, select->limit);
  }
  if (select->offset) {
    corm_emit_text(compiler, select->limit ? " OFFSET " : " \n LIMIT ALL OFFSET ");
    corm_emit_typed(compiler, select->offset);
  }
}

/* -- DDL ----------------------------------------------------------------------------------------------------------- */

static corm_status column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err) {
  bool generated = corm_table_autoincrement_column(column->table) == column &&
                   column->default_.kind == CORM_DEFAULT_NONE && column->server_default.kind == CORM_DEFAULT_NONE &&
                   !column->identity && !(column->sequence && !column->sequence->optional);
  if (!generated) return corm_postgresql_column_spec(dialect, column, out, err);
  switch ((corm_type_kind)column->type->kind) {
  case CORM_TYPE_BIGINT: corm_buf_puts(out, "BIGSERIAL"); break;
  case CORM_TYPE_SMALLINT: corm_buf_puts(out, "SMALLSERIAL"); break;
  default: corm_buf_puts(out, "SERIAL"); break;
  }
  if (!column->nullable) corm_buf_puts(out, " NOT NULL");
  return CORM_OK;
}

/* SQLAlchemy's list, and the keywords that it misses and PostgreSQL 15 takes for no column or no table ("lateral",
   "collation", "concurrently", "tablesample"). */
/* clang-format off */
static const char *const *const reserved[26] = {
    CORM_WORDS('a', "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization"),
    CORM_WORDS('b', "between", "binary", "both"),
    CORM_WORDS('c', "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
               "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
               "current_timestamp", "current_user"),
    CORM_WORDS('d', "default", "deferrable", "desc", "distinct", "do"),
    CORM_WORDS('e', "else", "end", "except"),
    CORM_WORDS('f', "false", "fetch", "for", "foreign", "freeze", "from", "full"),
    CORM_WORDS('g', "grant", "group"),
    CORM_WORDS('h', "having"),
    CORM_WORDS('i', "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull"),
    CORM_WORDS('j', "join"),
    CORM_WORDS('l', "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp"),
    CORM_WORDS('n', "natural", "new", "not", "notnull", "null"),
    CORM_WORDS('o', "of", "off", "offset", "old", "on", "only", "or", "order", "outer", "over", "overlaps"),
    CORM_WORDS('p', "placing", "primary"),
    CORM_WORDS('r', "references", "returning", "right"),
    CORM_WORDS('s', "select", "session_user", "similar", "some", "symmetric"),
    CORM_WORDS('t', "table", "tablesample", "then", "to", "trailing", "true"),
    CORM_WORDS('u', "union", "unique", "user", "using"),
    CORM_WORDS('v', "variadic", "verbose"),
    CORM_WORDS('w', "when", "where", "window", "with"),
};
/* clang-format on */

/* Names without a schema are looked for where a statement would find them: on the search path. The cast to NAME cuts as
   the server cut the name that it was given. */
#define IN_CATALOG(what, catalog, prefix, visible)                                                                     \
  "SELECT 1 FROM pg_catalog." catalog " AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o." prefix                   \
  "namespace WHERE o." prefix "name = CAST($1::VARCHAR AS NAME)" what                                                  \
  " AND CASE WHEN $2::VARCHAR IS NULL THEN pg_catalog." visible                                                        \
  "(o.oid) ELSE n.nspname = CAST($2::VARCHAR AS NAME) END"

const corm_dialect corm_dialect_postgresql = {
    .name = "postgresql",
    .default_driver = "libpq",
    .quote = '"',
    .reserved = reserved,
    .max_identifier = 63,
    .max_name = 63, /* a longer one is cut in silence */
    .paramstyle = CORM_PARAM_DOLLAR,
    .max_params = 65535, /* the protocol counts them in 16 bits, without a sign */
    .native_boolean = true,
    .native_ilike = true,
    .symmetric = true,
    .containment = true,
    .quantified = true,
    .next_value = true,
    .sequence_strings = true,
    .distinct_on = true,
    .tablesample = true,
    .hinting = CORM_HINTING_ONLY,
    .fetch = CORM_FETCH_PARENTHESES,
    .locking = CORM_LOCKING_KEYS,
    .lock_of = true,
    .dml_ctes = true,
    .default_values = true,
    .multi_values = true,
    .bulk = CORM_BULK_UNNEST,
    .conflict_constraint = true,
    .delete_style = CORM_DELETE_USING,
    .insert_returning = true,
    .analyze = "EXPLAIN ANALYZE ",
    .update_returning = true,
    .delete_returning = true,
    .exact_equality = true,
    .returns_key = true,
    .transactional_ddl = true,
    .native_enum = true,
    .identity = true,
    .exclude = true,
    .index_where = CORM_INDEX_WHERE_POSTGRESQL,
    .index_parentheses = CORM_INDEX_OPERATORS,
    .makes_sequences = true,
    .sequences = true,
    .sequence_types = true,
    .constraint_comments = true,
    .materialized_views = true,
    .bind_cast = corm_postgresql_bind_cast,
    .list_rows = corm_list_rows_postgresql,
    .create_type = corm_postgresql_create_type,
    .drop_type = corm_postgresql_drop_type,
    .key_sql = corm_postgresql_key_sql,
    .type_name = corm_postgresql_type_name,
    .binary = corm_postgresql_binary,
    .function = function,
    .extract = corm_ansi_extract,
    .limit = limit,
    .empty_in = corm_ansi_empty_in,
    .column_spec = column_spec,
    .inline_primary_key = corm_ansi_inline_primary_key,
    .table_suffix = corm_postgresql_table_suffix,
    .constraint_option = corm_postgresql_constraint_option,
    .index_option = corm_postgresql_index_option,
    .encode = corm_native_encode,
    .decode = corm_native_decode,
    .is_plain = corm_native_is_plain,
    .literal = corm_postgresql_literal,
    .has_table_sql =
        IN_CATALOG(" AND o.relkind IN ('r', 'p', 'f', 'v', 'm')", "pg_class", "rel", "pg_table_is_visible"),
    .has_index_sql = IN_CATALOG(" AND EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS t ON "
                                "t.oid = i.indrelid WHERE i.indexrelid = o.oid AND t.relname = CAST($3::VARCHAR AS "
                                "NAME))",
                                "pg_class", "rel", "pg_table_is_visible"),
    .has_type_sql = IN_CATALOG("", "pg_type", "typ", "pg_type_is_visible"),
    .has_sequence_sql = IN_CATALOG(" AND o.relkind = 'S'", "pg_class", "rel", "pg_table_is_visible"),
    .isolation_sql = "SELECT current_setting('transaction_isolation')",
};
