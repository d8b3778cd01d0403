/* Operators that MySQL and MariaDB spell in their own way; see mysql.h. */
#include "dialect/ansi.h"
#include "dialect/mysql.h"

static void infix(corm_compiler *compiler, const char *before, const corm_binary *node, const char *op,
                  const char *after) {
  corm_emit_text(compiler, before);
  corm_ansi_infix(compiler, node->left, op, node->right);
  corm_emit_text(compiler, after);
}

/* -- JSON ---------------------------------------------------------------------------------------------------------- */

static void extract(corm_compiler *compiler, const corm_binary *node) {
  infix(compiler, "JSON_EXTRACT(", node, ", ", ")");
}

static void as_decimal(corm_compiler *compiler, const corm_binary *node) {
  const corm_type *type = node->base.type;
  if (type->precision < 0 || type->scale < 0) {
    corm_emit_text(compiler, " ELSE ");
    extract(compiler, node);
    corm_emit_text(compiler, "+0.0000000000000000000000");
    return;
  }
  corm_emit_text(compiler, " ELSE CAST(");
  extract(compiler, node);
  corm_buf_printf(corm_emit_buf(compiler), " AS DECIMAL(%d, %d))", type->precision, type->scale);
}

/* A null of JSON is no NULL to the server, and a JSON value of another type has to be told what it is. SQLAlchemy takes
   a boolean that is not there for false. */
static void json_item(corm_compiler *compiler, const corm_binary *node) {
  corm_value_kind kind = corm_type_value_kind(node->base.type);
  if (kind == CORM_JSON) {
    extract(compiler, node);
    return;
  }
  corm_emit_text(compiler, "CASE ");
  extract(compiler, node);
  corm_emit_text(compiler, " WHEN 'null' THEN NULL");
  switch (kind) {
  case CORM_INT:
    corm_emit_text(compiler, " ELSE CAST(");
    extract(compiler, node);
    corm_emit_text(compiler, " AS SIGNED INTEGER)");
    break;
  case CORM_REAL:
  case CORM_DECIMAL: as_decimal(compiler, node); break;
  case CORM_BOOL: corm_emit_text(compiler, " WHEN true THEN true WHEN false THEN false"); break;
  case CORM_TEXT:
    corm_emit_text(compiler, " ELSE JSON_UNQUOTE(");
    extract(compiler, node);
    corm_emit_text(compiler, ")");
    break;
  default:
    corm_emit_text(compiler, " ELSE ");
    extract(compiler, node);
    break;
  }
  corm_emit_text(compiler, " END");
}

/* -- regular expressions, full text -------------------------------------------------------------------------------- */

/* MariaDB reads flags in front of the pattern only. */
static void flagged_pattern(corm_compiler *compiler, const char *flags, const corm_node *pattern) {
  corm_emit_text(compiler, "CONCAT('(?', ");
  corm_emit_quoted_text(compiler, flags);
  corm_emit_text(compiler, ", ')', ");
  corm_emit_node(compiler, pattern);
  corm_emit_text(compiler, ")");
}

static bool regexp(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  bool negated = node->base.op == CORM_OP_NOT_REGEXP;
  if (!node->escape) return false;
  if (dialect->regexp_prefix) {
    corm_emit_node(compiler, node->left);
    corm_emit_text(compiler, negated ? " NOT REGEXP " : " REGEXP ");
    flagged_pattern(compiler, node->escape, node->right);
    return true;
  }
  infix(compiler, negated ? "NOT REGEXP_LIKE(" : "REGEXP_LIKE(", node, ", ", ", ");
  corm_emit_quoted_text(compiler, node->escape);
  corm_emit_text(compiler, ")");
  return true;
}

static void regexp_replace(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  const corm_node *const *parts = ((const corm_list *)node->right)->items;
  corm_emit_text(compiler, "REGEXP_REPLACE(");
  corm_emit_node(compiler, node->left);
  corm_emit_text(compiler, ", ");
  if (node->escape && dialect->regexp_prefix) {
    flagged_pattern(compiler, node->escape, parts[0]);
  } else {
    corm_emit_node(compiler, parts[0]);
  }
  corm_emit_text(compiler, ", ");
  corm_emit_node(compiler, parts[1]);
  if (node->escape && !dialect->regexp_prefix) {
    corm_emit_text(compiler, ", ");
    corm_emit_quoted_text(compiler, node->escape);
  }
  corm_emit_text(compiler, ")");
}

static void match(corm_compiler *compiler, const corm_binary *node, const char *before) {
  corm_emit_text(compiler, before);
  infix(compiler, "MATCH (", node, ") AGAINST (", node->custom ? node->custom : " IN BOOLEAN MODE");
  corm_emit_text(compiler, ")");
}

bool corm_mysql_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  switch ((corm_op)node->base.op) {
  case CORM_OP_IS_DISTINCT_FROM: infix(compiler, "NOT (", node, " <=> ", ")"); return true;
  case CORM_OP_IS_NOT_DISTINCT_FROM: infix(compiler, "", node, " <=> ", ""); return true;
  case CORM_OP_FLOORDIV: infix(compiler, "FLOOR(", node, " / ", ")"); return true;
  case CORM_OP_JSON_GETITEM:
  case CORM_OP_JSON_PATH: json_item(compiler, node); return true;
  case CORM_OP_REGEXP:
  case CORM_OP_NOT_REGEXP: return regexp(dialect, compiler, node);
  case CORM_OP_REGEXP_REPLACE: regexp_replace(dialect, compiler, node); return true;
  case CORM_OP_MATCH: match(compiler, node, ""); return true;
  case CORM_OP_NOT_MATCH: match(compiler, node, "NOT "); return true;
  default: return false;
  }
}
