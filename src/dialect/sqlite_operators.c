#include "dialect/sqlite_operators.h"

#include <string.h>

#include "dialect/ansi.h"

/* What json_extract() gives is the value itself; json_quote() makes JSON of it again. */
static void json_item(corm_compiler *compiler, const corm_binary *node) {
  bool json = node->base.type->kind == CORM_TYPE_JSON;
  corm_emit_text(compiler, json ? "JSON_QUOTE(JSON_EXTRACT(" : "JSON_EXTRACT(");
  corm_ansi_infix(compiler, node->left, ", ", node->right);
  corm_emit_text(compiler, json ? "))" : ")");
}

/* The function that stands behind REGEXP is the driver's, which reads flags in front of the pattern. */
static void regexp(corm_compiler *compiler, const corm_binary *node) {
  const char *flags = node->escape;
  if (flags[strspn(flags, "im")]) {
    corm_emit_error(compiler, CORM_E_COMPILE,
                    "regular expressions on SQLite have the flags i and m; '%.20s' has others", flags);
  }
  corm_emit_node(compiler, node->left);
  corm_emit_text(compiler, node->base.op == CORM_OP_REGEXP ? " REGEXP '(?" : " NOT REGEXP '(?");
  corm_emit_text(compiler, flags);
  corm_emit_text(compiler, ")' || ");
  corm_emit_node(compiler, node->right);
}

/* There is none: what is in one but not in both. */
static void bitwise_xor(corm_compiler *compiler, const corm_binary *node) {
  corm_emit_text(compiler, "((");
  corm_ansi_infix(compiler, node->left, " | ", node->right);
  corm_emit_text(compiler, ") - (");
  corm_ansi_infix(compiler, node->left, " & ", node->right);
  corm_emit_text(compiler, "))");
}

/* A decimal without a fraction is stored as an integer, so the divisor is made a float. */
static void true_division(corm_compiler *compiler, const corm_binary *node) {
  corm_ansi_infix(compiler, node->left, " / (", node->right);
  corm_emit_text(compiler, " + 0.0)");
}

bool corm_sqlite_binary(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node) {
  switch ((corm_op)node->base.op) {
  case CORM_OP_IS_DISTINCT_FROM: corm_ansi_infix(compiler, node->left, " IS NOT ", node->right); return true;
  case CORM_OP_IS_NOT_DISTINCT_FROM: corm_ansi_infix(compiler, node->left, " IS ", node->right); return true;
  case CORM_OP_TRUEDIV: true_division(compiler, node); return true;
  case CORM_OP_FLOORDIV:
    if (corm_ansi_divides_whole(node)) return false;
    corm_emit_text(compiler, "FLOOR(");
    true_division(compiler, node);
    corm_emit_text(compiler, ")");
    return true;
  case CORM_OP_MOD: /* the operator makes integers of both */
    if (!corm_ansi_has_fraction(node->left) && !corm_ansi_has_fraction(node->right)) return false;
    corm_emit_text(compiler, "mod(");
    corm_ansi_infix(compiler, node->left, ", ", node->right);
    corm_emit_text(compiler, ")");
    return true;
  case CORM_OP_BIT_XOR: bitwise_xor(compiler, node); return true;
  case CORM_OP_JSON_GETITEM:
  case CORM_OP_JSON_PATH: json_item(compiler, node); return true;
  case CORM_OP_REGEXP:
  case CORM_OP_NOT_REGEXP:
    if (!node->escape) return false;
    regexp(compiler, node);
    return true;
  case CORM_OP_REGEXP_REPLACE:
    corm_emit_error(compiler, CORM_E_COMPILE,
                    "sqlite has no replacement by regular expressions; func.replace() replaces fixed text");
    return true;
  default: return corm_ansi_binary(dialect, compiler, node);
  }
}
