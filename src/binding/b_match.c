/* Regular expressions and full text: regexp_match, regexp_replace, match, and mysql.match. */
#include <string.h>

#include "binding/b_expr.h"
#include "sql/expr.h"
#include "sql/indexing.h"

#define ROOM_MATCH (BINDING_ROOM(corm_binary) + 2 * BINDING_ROOM(corm_grouping))

/* Reads a string or an expression; NULL, booleans and numbers are no patterns. */
static void read_text(lua_State *L, int arg, const char *method, const char *what, binding_arg *out) {
  if (lua_type(L, arg) != LUA_TSTRING && !binding_tonode(L, arg))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s expected, got %s", method, what, binding_typename(L, arg));
  binding_arg_read(L, arg, NULL, method, out);
}

/* -- regular expressions ------------------------------------------------------------------------------------------- */

/* The flags of the options at `arg`: letters that some database has, each a letter only; NULL without any. */
static const char *check_flags(lua_State *L, int arg, const char *method) {
  static const binding_option_spec specs[] = {{"flags", BINDING_OPT_STRING}};
  static const char known[] = "bcegimnpqstuwxJU";
  binding_check_options(L, arg, method, specs, 1);
  const char *flags = binding_opt_string(L, arg, "flags", NULL);
  if (!flags) return NULL;
  size_t len = strlen(flags);
  if (len == 0 || len > 16 || strspn(flags, known) != len)
    binding_error(L, CORM_E_ARGUMENT, "%s: flags are some of the letters %s, got '%.40s'", method, known, flags);
  return flags;
}

/* A value opposite the string: a bind named after it. */
static const corm_node *pattern_in(corm_arena *arena, const binding_arg *arg, const corm_node *string) {
  if (arg->node) return binding_scalar_in(arena, arg->node);
  return corm_bind_in(arena, corm_bind_hint(string), corm_type_default(CORM_TYPE_STRING), &arg->value);
}

static int op_regexp_match(lua_State *L) {
  const corm_node *string = binding_checkself(L, "regexp_match"), *node;
  binding_arg pattern;
  const char *flags = check_flags(L, 3, "regexp_match");
  read_text(L, 2, "regexp_match", "a pattern", &pattern);
  binding_build b = binding_expression_start(L, ROOM_MATCH + pattern.room + 32, 2);
  do node = corm_regexp_in(&b.arena, string, pattern_in(&b.arena, &pattern, string), flags);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

static int op_regexp_replace(lua_State *L) {
  const corm_node *string = binding_checkself(L, "regexp_replace"), *node;
  binding_arg pattern, replacement;
  const char *flags = check_flags(L, 4, "regexp_replace");
  read_text(L, 2, "regexp_replace", "a pattern", &pattern);
  read_text(L, 3, "regexp_replace", "a replacement", &replacement);
  binding_build b =
      binding_expression_start(L, ROOM_MATCH + BINDING_ROOM(corm_list) + pattern.room + replacement.room + 96, 3);
  do {
    const corm_node *from = pattern_in(&b.arena, &pattern, string);
    node = corm_regexp_replace_in(&b.arena, string, from, pattern_in(&b.arena, &replacement, string), flags);
  } while (binding_build_again(&b, node));
  for (int i = 1; i <= 3; i++) binding_anchor(L, i, i);
  return 1;
}

/* -- full text ----------------------------------------------------------------------------------------------------- */

/* What stands behind MySQL's pattern. The three say different things, and only expansion goes with another one. */
static const char *mysql_mode(lua_State *L, bool boolean, bool natural, bool expansion) {
  if (boolean && (natural || expansion))
    binding_error(L, CORM_E_ARGUMENT,
                  "match: the boolean mode goes with neither the natural language mode nor query expansion");
  if (boolean) return " IN BOOLEAN MODE";
  if (natural) return expansion ? " IN NATURAL LANGUAGE MODE WITH QUERY EXPANSION" : " IN NATURAL LANGUAGE MODE";
  return expansion ? " WITH QUERY EXPANSION" : "";
}

static const corm_node *match_in(corm_arena *arena, const corm_node *left, const corm_node *right, const char *mode,
                                 const char *config) {
  const corm_node *node = left && right ? corm_binary_in(arena, CORM_OP_MATCH, left, right) : NULL;
  corm_binary *binary = node ? corm_arena_alloc(arena, sizeof *binary) : NULL;
  if (!binary) return NULL;
  *binary = *(const corm_binary *)node;
  if (left->kind == CORM_NODE_LIST) binary->left = left; /* MATCH has parentheses of its own */
  binary->custom = mode;                                 /* static */
  binary->escape = config ? corm_arena_dup(arena, config, strlen(config)) : NULL;
  return config && !binary->escape ? NULL : &binary->base;
}

/* A text search configuration is a name, with its schema perhaps. */
static const char *check_config(lua_State *L, int options) {
  const char *config = binding_opt_string(L, options, "postgresql_regconfig", NULL);
  size_t len = config ? strlen(config) : 1;
  for (size_t i = 0; config && i < len; i++) {
    char c = config[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!word) len = 0;
  }
  if (len == 0 || len > 127)
    binding_error(L, CORM_E_ARGUMENT, "match: '%.60s' is no name of a text search configuration", config);
  return config;
}

static int op_match(lua_State *L) {
  static const binding_option_spec specs[] = {{"postgresql_regconfig", BINDING_OPT_STRING},
                                              {"mysql_boolean_mode", BINDING_OPT_BOOL},
                                              {"mysql_natural_language", BINDING_OPT_BOOL},
                                              {"mysql_query_expansion", BINDING_OPT_BOOL}};
  const corm_node *left = binding_checkself(L, "match"), *node;
  binding_check_options(L, 3, "match", specs, 4);
  const char *config = check_config(L, 3);
  bool natural = binding_opt_bool(L, 3, "mysql_natural_language", false);
  bool expansion = binding_opt_bool(L, 3, "mysql_query_expansion", false);
  bool boolean = binding_opt_bool(L, 3, "mysql_boolean_mode", !natural && !expansion);
  const char *mode = mysql_mode(L, boolean, natural, expansion);
  binding_arg pattern;
  read_text(L, 2, "match", "a pattern", &pattern);
  binding_build b = binding_expression_start(L, 2 * ROOM_MATCH + pattern.room + 160, 2);
  do node = match_in(&b.arena, left, pattern_in(&b.arena, &pattern, left), mode, config);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 2);
  return 1;
}

/* mysql.match(column, ..., { against, in_boolean_mode, in_natural_language_mode, with_query_expansion }) */
static int mysql_match(lua_State *L) {
  static const binding_option_spec specs[] = {{"against", BINDING_OPT_ANY},
                                              {"in_boolean_mode", BINDING_OPT_BOOL},
                                              {"in_natural_language_mode", BINDING_OPT_BOOL},
                                              {"with_query_expansion", BINDING_OPT_BOOL}};
  enum { MOST = 16 }; /* columns of one full text index */
  const corm_node *columns[MOST], *node;
  int options = lua_gettop(L), n = options - 1;
  if (n < 1 || n > MOST || !binding_is_plain_table(L, options))
    return binding_error(L, CORM_E_ARGUMENT, "match: columns (16 at most) and { against = text } expected");
  binding_check_options(L, options, "match", specs, 4);
  const char *mode = mysql_mode(L, binding_opt_bool(L, options, "in_boolean_mode", false),
                                binding_opt_bool(L, options, "in_natural_language_mode", false),
                                binding_opt_bool(L, options, "with_query_expansion", false));
  for (int i = 0; i < n; i++) columns[i] = binding_checkvalue(L, i + 1, "match");
  binding_arg pattern;
  if (!binding_opt_push(L, options, "against")) lua_pushnil(L);
  const int against = lua_gettop(L);
  read_text(L, against, "match", "the text of 'against'", &pattern);
  binding_build b =
      binding_expression_start(L, 2 * ROOM_MATCH + BINDING_ROOM(corm_list) + 16 * 48 + pattern.room + 64, n + 1);
  do {
    const corm_node *left = n > 1 ? corm_list_in(&b.arena, columns, (size_t)n) : columns[0];
    const corm_node *right =
        pattern.node ? binding_scalar_in(&b.arena, pattern.node) : corm_bind_in(&b.arena, NULL, NULL, &pattern.value);
    node = match_in(&b.arena, left, right, mode, NULL);
  } while (binding_build_again(&b, node));
  for (int i = 1; i <= n; i++) binding_anchor(L, i, i);
  binding_anchor(L, n + 1, against);
  return 1;
}

void binding_open_match(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"regexp_match", op_regexp_match}, {"regexp_replace", op_regexp_replace}, {"match", op_match}, {NULL, NULL}};
  static const luaL_Reg dialect[] = {{"match", mysql_match}, {NULL, NULL}};
  binding_add_methods(L, BINDING_EXPRESSION, methods);
  binding_add_methods(L, BINDING_COLUMN, methods);
  lua_getfield(L, -1, "dialects");
  lua_getfield(L, -1, "mysql");
  binding_setfuncs(L, dialect);
  lua_pop(L, 2);
}
