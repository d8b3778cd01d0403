#include "dialect/postgresql_operators.h"

#include <string.h>

#include "dialect/ansi.h"

/* data -> 'key', and CAST(data ->> 'key' AS INTEGER) for another type than JSON. */
static void json_item(corm_compiler *compiler, const corm_binary *node) {
  bool path = node->base.op == CORM_OP_JSON_PATH;
  if (node->base.type->kind == CORM_TYPE_JSON) {
    corm_emit_operator(compiler, node, path ? " #> " : " -> ", true);
    return;
  }
  corm_emit_text(compiler, "CAST(");
  corm_emit_operator(compiler, node, path ? " #>> " : " ->> ", true);
  corm_emit_text(compiler, " AS ");
  corm_emit_type_name(compiler, node->base.type);
  corm_emit_text(compiler, ")");
}

static void match(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node, const char *before) {
  if (!corm_ansi_match_one(dialect, compiler, node)) return;
  corm_emit_text(compiler, before);
  corm_emit_node(compiler, node->left);
  corm_emit_text(compiler, " @@ plainto_tsquery(");
  if (node->escape) {
    corm_emit_quoted_text(compiler, node->escape);
    corm_emit_text(compiler, ", ");
  }
  corm_emit_node(compiler, node->right);
  corm_emit_text(compiler, ")");
}

static void regexp(corm_compiler *compiler, const corm_binary *node) {
  bool negated = node->base.op == CORM_OP_NOT_REGEXP;
  if (node->left->type && node->left->type->kind == CORM_TYPE_BINARY)
    corm_emit_error(compiler, CORM_E_COMPILE,
                    "postgresql has no regular expressions of bytes; func.encode(x, \"escape\") makes text of them");
  if (!node->escape) {
    corm_emit_operator(compiler, node, negated ? " !~ " : " ~ ", false);
  } else if (strcmp(node->escape, "i") == 0) {
    corm_emit_operator(compiler, node, negated ? " !~* " : " ~* ", false);
  } else {
    corm_emit_node(compiler, node->left);
    corm_emit_text(compiler, negated ? " !~ CONCAT('(?', " : " ~ CONCAT('(?', ");
    corm_emit_quoted_text(compiler, node->escape);
    corm_emit_text(compiler, ", ')', ");
    corm_emit_node(compiler, node->right);
    corm_emit_text(compiler, ")");
  }
}

static void regexp_replace(corm_compiler *compiler, const corm_binary *node) {
  corm_emit_text(compiler, "REGEXP_REPLACE(");
  corm_ansi_infix(compiler, node->left, ", ", node->right);
  if (node->escape) {
    corm_emit_text(compiler, ", ");
    corm_emit_quoted_text(compiler, node->escape);
  }
  corm_emit_text(compiler, ")");
}

bool corm_postgresql_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  switch ((corm_op)node->base.op) {
  case CORM_OP_REGEXP:
  case CORM_OP_NOT_REGEXP: regexp(compiler, node); return true;
  case CORM_OP_REGEXP_REPLACE: regexp_replace(compiler, node); return true;
  case CORM_OP_BIT_XOR: corm_ansi_infix(compiler, node->left, " # ", node->right); return true;
  case CORM_OP_MATCH: match(dialect, compiler, node, ""); return true;
  case CORM_OP_NOT_MATCH: match(dialect, compiler, node, "NOT "); return true;
  case CORM_OP_JSON_GETITEM:
  case CORM_OP_JSON_PATH: json_item(compiler, node); return true;
  default: return corm_ansi_binary(dialect, compiler, node);
  }
}
