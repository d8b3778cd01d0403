#include "dialect/ansi.h"

#include <string.h>

#include "base/str.h"
#include "dialect/spelled.h"
#include "sql/ddl.h"

/* -- types --------------------------------------------------------------------------------------------------------- */

static void string_type(const char *name, int32_t length, const char *collation, corm_buf *out) {
  corm_buf_puts(out, name);
  if (length >= 0) {
    corm_buf_putc(out, '(');
    corm_buf_int(out, length);
    corm_buf_putc(out, ')');
  }
  if (!collation) return;
  corm_buf_puts(out, " COLLATE \"");
  for (const char *p = collation; *p; p++) {
    if (*p == '"') corm_buf_putc(out, '"');
    corm_buf_putc(out, *p);
  }
  corm_buf_putc(out, '"');
}

static void numeric_type(const corm_type *type, corm_buf *out) {
  corm_buf_puts(out, "NUMERIC");
  if (type->precision < 0) return;
  corm_buf_putc(out, '(');
  corm_buf_int(out, type->precision);
  if (type->scale >= 0) {
    corm_buf_puts(out, ", ");
    corm_buf_int(out, type->scale);
  }
  corm_buf_putc(out, ')');
}

/* An Enum is as long as its longest value, in characters. */
static int32_t enum_length(const corm_type *type) {
  size_t longest = type->length > 0 ? (size_t)type->length : 0;
  for (uint32_t i = 0; i < type->nvalues; i++) {
    size_t length = corm_utf8_length(type->values[i], strlen(type->values[i]));
    if (length > longest) longest = length;
  }
  return longest < INT32_MAX ? (int32_t)longest : INT32_MAX;
}

corm_status corm_ansi_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err) {
  static const char *const names[CORM_TYPE_COUNT] = {
      [CORM_TYPE_INTEGER] = "INTEGER",   [CORM_TYPE_SMALLINT] = "SMALLINT", [CORM_TYPE_BIGINT] = "BIGINT",
      [CORM_TYPE_BOOLEAN] = "BOOLEAN",   [CORM_TYPE_FLOAT] = "FLOAT",       [CORM_TYPE_DOUBLE] = "DOUBLE",
      [CORM_TYPE_DATE] = "DATE",         [CORM_TYPE_TIME] = "TIME",         [CORM_TYPE_DATETIME] = "DATETIME",
      [CORM_TYPE_INTERVAL] = "DATETIME", [CORM_TYPE_BINARY] = "BLOB",       [CORM_TYPE_JSON] = "JSON",
      [CORM_TYPE_UUID] = "CHAR(32)",
  };
  type = corm_type_on(type, dialect->name);
  if (type->spelling) return corm_spelled_type(dialect, &corm_spelling_ansi, type, out, err);
  switch ((corm_type_kind)type->kind) {
  case CORM_TYPE_NULLTYPE:
    return corm_error_set(err, CORM_E_COMPILE, "NullType has no name in DDL; the column was given no type");
  case CORM_TYPE_STRING:
  case CORM_TYPE_UNICODE: string_type("VARCHAR", type->length, type->collation, out); break;
  case CORM_TYPE_TEXT:
  case CORM_TYPE_UNICODETEXT: string_type("TEXT", type->length, type->collation, out); break;
  case CORM_TYPE_ARRAY:
    return corm_error_set(err, CORM_E_COMPILE, "%s has no arrays; JSON holds a list on every database", dialect->name);
  case CORM_TYPE_ENUM: string_type("VARCHAR", enum_length(type), type->collation, out); break;
  case CORM_TYPE_NUMERIC: numeric_type(type, out); break;
  default: corm_buf_puts(out, names[type->kind]); break;
  }
  return CORM_OK;
}

/* Shown text never fails for a type that is not known, as an expression's may be. */
static corm_status generic_type_name(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                     corm_error *err) {
  type = corm_type_on(type, dialect->name);
  if (type->kind != CORM_TYPE_NULLTYPE || type->spelling) return corm_ansi_type_name(dialect, type, out, err);
  corm_buf_puts(out, "NULL");
  return CORM_OK;
}

static corm_status generic_cast_type(const corm_dialect *dialect, const corm_type *type, corm_buf *out,
                                     corm_error *err) {
  if (type->kind != CORM_TYPE_ARRAY) return generic_type_name(dialect, type, out, err);
  corm_buf_puts(out, "ARRAY");
  return CORM_OK;
}

/* -- expressions --------------------------------------------------------------------------------------------------- */

void corm_ansi_infix(corm_compiler *compiler, const corm_node *left, const char *op, const corm_node *right) {
  corm_emit_node(compiler, left);
  corm_emit_text(compiler, op);
  corm_emit_node(compiler, right);
}

/* Integer division truncates on most databases, so one side is made a number with a fraction; with all of its own. */
static void true_division(corm_compiler *compiler, const corm_binary *node) {
  const corm_node *right = node->right;
  const corm_type *target = right->type;
  corm_value_kind kind = corm_type_value_kind(target);
  const bool cuts = kind == CORM_DECIMAL && right->kind != CORM_NODE_COLUMN;
  if (cuts || (kind != CORM_REAL && kind != CORM_DECIMAL)) target = corm_type_default(CORM_TYPE_NUMERIC);
  corm_ansi_infix(compiler, node->left, " / ", corm_cast_in(corm_emit_arena(compiler), right, target, false));
}

bool corm_ansi_has_fraction(const corm_node *node) {
  const corm_value_kind kind = corm_type_value_kind(node->type);
  return kind == CORM_REAL || kind == CORM_DECIMAL;
}

bool corm_ansi_divides_whole(const corm_binary *node) {
  return corm_type_value_kind(node->right->type) == CORM_INT && !corm_ansi_has_fraction(node->left);
}

bool corm_ansi_match_one(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  if (node->left->kind != CORM_NODE_LIST) return true;
  corm_emit_error(compiler, CORM_E_COMPILE, "%s matches one column at a time; write or_(a:match(text), b:match(text))",
                  dialect->name);
  return false;
}

bool corm_ansi_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  switch ((corm_op)node->base.op) {
  case CORM_OP_MATCH: return !corm_ansi_match_one(dialect, compiler, node);
  case CORM_OP_NOT_MATCH:
    if (!corm_ansi_match_one(dialect, compiler, node)) return true;
    corm_emit_text(compiler, "NOT ");
    corm_ansi_infix(compiler, node->left, " MATCH ", node->right);
    return true;
  case CORM_OP_TRUEDIV: true_division(compiler, node); return true;
  case CORM_OP_FLOORDIV:
    /* EXTRACT may have a fraction, and so gives a decimal. */
    if (corm_ansi_divides_whole(node) && !node->left->type->asdecimal && !node->right->type->asdecimal) return false;
    corm_emit_text(compiler, "FLOOR(");
    corm_ansi_infix(compiler, node->left, " / ", node->right);
    corm_emit_text(compiler, ")");
    return true;
  default: return false;
  }
}

/* There is no common spelling of a regular expression, so shown text has a mark in its place; an item of JSON is shown
   as one of an array. */
static bool generic_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  switch ((corm_op)node->base.op) {
  case CORM_OP_REGEXP: corm_emit_operator(compiler, node, " <regexp> ", false); return true;
  case CORM_OP_NOT_REGEXP: corm_emit_operator(compiler, node, " <not regexp> ", false); return true;
  case CORM_OP_REGEXP_REPLACE:
    corm_emit_text(compiler, "<regexp replace>(");
    corm_ansi_infix(compiler, node->left, ", ", node->right);
    corm_emit_text(compiler, ")");
    return true;
  case CORM_OP_JSON_GETITEM:
  case CORM_OP_JSON_PATH:
    corm_ansi_infix(compiler, node->left, "[", node->right);
    corm_emit_text(compiler, "]");
    return true;
  default: return corm_ansi_binary(dialect, compiler, node);
  }
}

void corm_ansi_arguments(corm_compiler *compiler, const corm_function *node) {
  const corm_node *order_by = corm_emit_ordering(compiler);
  corm_emit_text(compiler, "(");
  for (uint32_t i = 0; i < node->nargs; i++) {
    if (i > 0) corm_emit_text(compiler, ", ");
    corm_emit_node(compiler, node->args[i]);
  }
  if (order_by) {
    corm_emit_text(compiler, " ORDER BY ");
    corm_emit_node(compiler, order_by);
  }
  corm_emit_text(compiler, ")");
}

static bool grouping(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node, const char *name,
                     bool lacking) {
  if (lacking) {
    corm_emit_error(compiler, CORM_E_COMPILE, "%s has no %s; unite the selects of each grouping by union_all",
                    dialect->name, name);
  }
  corm_emit_text(compiler, name);
  corm_ansi_arguments(compiler, node);
  return true;
}

/* Those that the standard writes without parentheses, and those of GROUP BY. */
bool corm_ansi_function(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node) {
  const char *name;
  switch ((corm_known_function)node->known) {
  case CORM_FUNCTION_CURRENT_DATE: name = "CURRENT_DATE"; break;
  case CORM_FUNCTION_CURRENT_TIME: name = "CURRENT_TIME"; break;
  case CORM_FUNCTION_CURRENT_TIMESTAMP: name = "CURRENT_TIMESTAMP"; break;
  case CORM_FUNCTION_CURRENT_USER: name = "CURRENT_USER"; break;
  case CORM_FUNCTION_LOCALTIME: name = "LOCALTIME"; break;
  case CORM_FUNCTION_LOCALTIMESTAMP: name = "LOCALTIMESTAMP"; break;
  case CORM_FUNCTION_SESSION_USER: name = "SESSION_USER"; break;
  case CORM_FUNCTION_SYSDATE: name = "sysdate"; break;
  case CORM_FUNCTION_USER: name = "USER"; break;
  case CORM_FUNCTION_CUBE: return grouping(dialect, compiler, node, "CUBE", dialect->no_grouping_sets);
  case CORM_FUNCTION_GROUPING_SETS:
    return grouping(dialect, compiler, node, "GROUPING SETS", dialect->no_grouping_sets);
  case CORM_FUNCTION_ROLLUP: return grouping(dialect, compiler, node, "ROLLUP", dialect->no_rollup);
  default: return false;
  }
  corm_emit_text(compiler, name);
  if (node->nargs > 0) corm_ansi_arguments(compiler, node);
  return true;
}

bool corm_ansi_extract(const corm_dialect *dialect, corm_compiler *compiler, const corm_extract *node) {
  (void)dialect;
  corm_emit_text(compiler, "EXTRACT(");
  corm_emit_text(compiler, node->field);
  corm_emit_text(compiler, " FROM ");
  corm_emit_node(compiler, node->element);
  corm_emit_text(compiler, ")");
  return true;
}

void corm_ansi_limit(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select) {
  (void)dialect;
  if (select->limit) {
    corm_emit_text(compiler, "\n LIMIT ");
    corm_emit_node(compiler, select->limit);
  }
  if (select->offset) {
    corm_emit_text(compiler, select->limit ? " OFFSET " : "\n LIMIT -1 OFFSET ");
    corm_emit_node(compiler, select->offset);
  }
}

/* The NOT IN form stands in parentheses of its own, which the compiler writes around it. */
void corm_ansi_empty_in(const corm_dialect *dialect, corm_compiler *compiler, const corm_bind *bind, corm_op op) {
  (void)dialect;
  if (bind->width > 0) corm_emit_text(compiler, "(");
  for (uint32_t i = 0; i < (bind->width > 0 ? bind->width : 1); i++) {
    corm_emit_text(compiler, i > 0 ? ", NULL" : "(NULL");
  }
  corm_emit_text(compiler, bind->width > 0 ? "))" : ")");
  corm_emit_text(compiler, op == CORM_OP_NOT_IN ? " OR (1 = 1)" : " AND (1 != 1)");
}

/* -- DDL ----------------------------------------------------------------------------------------------------------- */

corm_status corm_ansi_column_spec(const corm_dialect *dialect, const corm_column *column, corm_buf *out,
                                  corm_error *err) {
  if (dialect->type_name(dialect, column->type, out, err) != CORM_OK) return CORM_FAILED;
  size_t len = out->len;
  if (corm_ddl_server_default(dialect, column, out, err) != CORM_OK) return CORM_FAILED;
  if (out->len > len) corm_buf_insert(out, len, " DEFAULT ", 9);
  const corm_computed *computed = column->computed;
  if (corm_ddl_computed(dialect, column, computed ? computed->persisted : -1, out, err) != CORM_OK) return CORM_FAILED;
  corm_ddl_identity(dialect, column, out);
  const bool has_identity = column->identity && dialect->identity;
  if (!column->nullable && !has_identity) corm_buf_puts(out, " NOT NULL");
  return CORM_OK;
}

bool corm_ansi_inline_primary_key(const corm_dialect *dialect, const corm_table *table) {
  (void)dialect;
  (void)table;
  return false;
}

corm_status corm_ansi_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                   corm_error *err) {
  (void)dialect;
  (void)table;
  (void)out;
  (void)err;
  return CORM_OK;
}

/* SQLAlchemy's RESERVED_WORDS. */
/* clang-format off */
static const char *const *const reserved[26] = {
    CORM_WORDS('a', "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization"),
    CORM_WORDS('b', "between", "binary", "both"),
    CORM_WORDS('c', "case", "cast", "check", "collate", "column", "constraint", "create", "cross", "current_date",
               "current_role", "current_time", "current_timestamp", "current_user"),
    CORM_WORDS('d', "default", "deferrable", "desc", "distinct", "do"),
    CORM_WORDS('e', "else", "end", "except"),
    CORM_WORDS('f', "false", "for", "foreign", "freeze", "from", "full"),
    CORM_WORDS('g', "grant", "group"),
    CORM_WORDS('h', "having"),
    CORM_WORDS('i', "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull"),
    CORM_WORDS('j', "join"),
    CORM_WORDS('l', "leading", "left", "like", "limit", "localtime", "localtimestamp"),
    CORM_WORDS('n', "natural", "new", "not", "notnull", "null"),
    CORM_WORDS('o', "off", "offset", "old", "on", "only", "or", "order", "outer", "overlaps"),
    CORM_WORDS('p', "placing", "primary"),
    CORM_WORDS('r', "references", "right"),
    CORM_WORDS('s', "select", "session_user", "set", "similar", "some", "symmetric"),
    CORM_WORDS('t', "table", "then", "to", "trailing", "true"),
    CORM_WORDS('u', "union", "unique", "user", "using"),
    CORM_WORDS('v', "verbose"),
    CORM_WORDS('w', "when", "where"),
};
/* clang-format on */

const corm_dialect corm_dialect_default = {
    .name = "default",
    .default_driver = "",
    .quote = '"',
    .reserved = reserved,
    .max_identifier = 9999,
    .paramstyle = CORM_PARAM_QMARK,
    .max_params = UINT32_MAX,
    .native_boolean = true,
    .symmetric = true,
    .containment = true,
    .quantified = true,
    .try_cast = true,
    .nested_aggregates = true,
    .distinct_on = true,
    .tablesample = true,
    .hinting = CORM_HINTING_BRACKETS,
    .fetch = CORM_FETCH_PLAIN,
    .fetch_percent = true,
    .dml_ctes = true,
    .default_values = true,
    .multi_values = true,
    .many_conflicts = true,
    .conflict_constraint = true,
    .sets_several = true,
    .insert_returning = true,
    .update_returning = true,
    .delete_returning = true,
    .transactional_ddl = true,
    .exclude = true,
    .index_where = CORM_INDEX_WHERES,
    .makes_sequences = true,
    .materialized_views = true,
    .type_name = generic_type_name,
    .cast_type = generic_cast_type,
    .binary = generic_binary,
    .function = corm_ansi_function,
    .extract = corm_ansi_extract,
    .limit = corm_ansi_limit,
    .empty_in = corm_ansi_empty_in,
    .column_spec = corm_ansi_column_spec,
    .inline_primary_key = corm_ansi_inline_primary_key,
    .table_suffix = corm_ansi_table_suffix,
    .encode = corm_ansi_encode,
    .decode = corm_ansi_decode,
    .is_plain = corm_ansi_is_plain,
};
