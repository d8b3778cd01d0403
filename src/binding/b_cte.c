/* Common table expressions: stmt:cte(), their unions, and add_cte() of statements. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* The statement at 1 that can stand in WITH. */
static const corm_node *check_element(lua_State *L, const char *method) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *node = stmt ? stmt->base.node : NULL;
  bool dml =
      node && (node->kind == CORM_NODE_INSERT || node->kind == CORM_NODE_UPDATE || node->kind == CORM_NODE_DELETE);
  return dml ? node : &binding_checkselectable(L, method)->base;
}

static const char *check_name(lua_State *L, int arg, size_t *len) {
  corm_error err;
  corm_error_init(&err);
  *len = 0;
  if (lua_isnoneornil(L, arg)) return NULL;
  if (lua_type(L, arg) != LUA_TSTRING) binding_error(L, CORM_E_ARGUMENT, "cte: a name expected");
  const char *name = lua_tolstring(L, arg, len);
  if (corm_identifier_check(name, *len, "cte", &err) != CORM_OK) binding_raise(L, &err);
  return name;
}

/* Pushes the CTE of a statement, or of what an alias of VALUES has; what stands at 1 and `other` (0: nothing) stays
 * alive. */
static int push_cte(lua_State *L, const corm_node *element, const char *name, const corm_cte *cte, int other) {
  const corm_table_valued *values = element->kind == CORM_NODE_ALIAS ? corm_as_table_valued(element) : NULL;
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr),
                      BINDING_ROOM(corm_alias) + BINDING_ROOM(corm_cte) + CORM_ROOM_TEXT(name ? strlen(name) : 0),
                      BINDING_FROM_SLOTS);
  do node = values ? corm_values_cte_in(&b.arena, values, name, cte) : corm_cte_in(&b.arena, element, name, cte);
  while (binding_build_again(&b, node));
  if (!other) {
    binding_anchor(L, BINDING_FROM_PARTS, 1);
    return 1;
  }
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, other);
  lua_rawseti(L, -2, 2);
  lua_setiuservalue(L, -2, BINDING_FROM_PARTS);
  return 1;
}

/* cte([name] [, { recursive, nesting }]) */
static int cte_of(lua_State *L, const corm_node *element) {
  static const binding_option_spec specs[] = {
      {"name", BINDING_OPT_STRING}, {"recursive", BINDING_OPT_BOOL}, {"nesting", BINDING_OPT_BOOL}};
  corm_cte cte = {0};
  int options = lua_gettop(L) > 1 && binding_is_plain_table(L, lua_gettop(L)) ? lua_gettop(L) : 0;
  int name_at = options == 2 ? 0 : 2;
  if (options) {
    binding_check_options(L, options, "cte", specs, sizeof specs / sizeof *specs);
    cte.recursive = binding_opt_bool(L, options, "recursive", false);
    cte.nesting = binding_opt_bool(L, options, "nesting", false);
    if (!name_at && binding_opt_push(L, options, "name")) name_at = lua_gettop(L);
  }
  size_t len;
  const char *name = name_at ? check_name(L, name_at, &len) : NULL;
  return push_cte(L, element, name, &cte, 0);
}

static int stmt_cte(lua_State *L) {
  return cte_of(L, check_element(L, "cte"));
}

static int values_cte(lua_State *L) {
  const corm_table_valued *values = binding_checkvalues(L, "cte");
  if (values->alias.lateral) return binding_error(L, CORM_E_ARGUMENT, "cte: a LATERAL cannot stand in WITH");
  return cte_of(L, &values->alias.base);
}

static const corm_alias *check_cte(lua_State *L, int arg, const char *method) {
  const binding_expr *from = binding_test(L, arg, BINDING_FROM);
  const corm_alias *alias = from && from->node->kind == CORM_NODE_ALIAS ? (const corm_alias *)from->node : NULL;
  if (!alias || !alias->cte)
    binding_error(L, CORM_E_ARGUMENT, "%s: a CTE expected, got %s; a select becomes one by :cte()", method,
                  binding_typename(L, arg));
  return alias;
}

/* The CTE at 1 joined by the operator with the selects behind it: the same table, which its text may speak of. */
static int restate(lua_State *L, const char *method) {
  const corm_alias *old = check_cte(L, 1, method);
  int last = lua_gettop(L);
  if (last < 2) return binding_error(L, CORM_E_ARGUMENT, "%s: a select expected", method);
  if (!corm_as_select(old->element))
    return binding_error(L, CORM_E_ARGUMENT, "%s: only a CTE that is a select has it", method);
  /* The compound is made by the statement's own method. */
  binding_push_node(L, old->element, 1);
  lua_getfield(L, -1, method);
  lua_insert(L, -2);
  luaL_checkstack(L, last, method);
  for (int i = 2; i <= last; i++) lua_pushvalue(L, i);
  lua_call(L, last, 1);
  corm_cte cte = *old->cte;
  cte.restates = old;
  return push_cte(L, binding_tonode(L, -1), old->name, &cte, lua_gettop(L));
}

static int cte_union(lua_State *L) {
  return restate(L, "union");
}

static int cte_union_all(lua_State *L) {
  return restate(L, "union_all");
}

/* -- prefixes and suffixes ----------------------------------------------------------------------------------------- */

/* prefix_with(text, ... [, { dialect }]) */
static int affix(lua_State *L, corm_select_text_place place, const char *method) {
  const corm_alias *old = check_cte(L, 1, method);
  const char *dialect;
  const int last = binding_read_affix(L, method, &dialect);
  const uint32_t had = old->cte->ntexts;
  corm_select_text *texts = lua_newuserdatauv(L, (had + (size_t)last) * sizeof *texts, 0);
  corm_cte cte = *old->cte;
  if (had) memcpy(texts, old->cte->texts, had * sizeof *texts);
  cte.texts = texts;
  for (int i = 2; i <= last; i++) {
    texts[cte.ntexts++] =
        (corm_select_text){.text = binding_checktext(L, i, method), .dialect = dialect, .place = (uint8_t)place};
  }
  lua_createtable(L, last, 0);
  for (int i = 2; i <= last + 1; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - 1);
  }
  return push_cte(L, corm_as_table_valued(&old->base) ? &old->base : old->element, old->name, &cte, lua_gettop(L));
}

static int cte_prefix_with(lua_State *L) {
  return affix(L, CORM_SELECT_PREFIX, "prefix_with");
}

static int cte_suffix_with(lua_State *L) {
  return affix(L, CORM_SELECT_SUFFIX, "suffix_with");
}

/* -- add_cte() ----------------------------------------------------------------------------------------------------- */

/* The place of a statement's CTEs, and their number. */
static const corm_node *const **ctes_of(corm_node *node, uint32_t **n) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_INSERT: *n = &((corm_insert *)node)->nctes; return &((corm_insert *)node)->ctes;
  case CORM_NODE_UPDATE: *n = &((corm_update *)node)->nctes; return &((corm_update *)node)->ctes;
  case CORM_NODE_DELETE: *n = &((corm_delete_node *)node)->nctes; return &((corm_delete_node *)node)->ctes;
  default: *n = &((corm_select *)node)->nctes; return &((corm_select *)node)->ctes;
  }
}

/* add_cte(cte, ...) */
static int stmt_add_cte(lua_State *L) {
  const corm_node *old = check_element(L, "add_cte");
  int last = lua_gettop(L);
  for (int i = 2; i <= last; i++) check_cte(L, i, "add_cte");
  binding_build b;
  corm_node *node;
  binding_statement_start(&b, L, BINDING_ROOM(corm_select) + CORM_ARENA_ROUND((size_t)(last + 8) * sizeof(void *)),
                          last - 1);
  do {
    uint32_t *n;
    node = binding_statement_copy_in(&b.arena, old);
    if (!node) continue;
    const corm_node *const **ctes = ctes_of(node, &n);
    const corm_node **list = corm_arena_alloc(&b.arena, (*n + (size_t)last) * sizeof *list);
    if (!list) {
      node = NULL;
      continue;
    }
    if (*n) memcpy(list, *ctes, *n * sizeof *list);
    for (int i = 2; i <= last; i++) list[(*n)++] = &check_cte(L, i, "add_cte")->base;
    *ctes = list;
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, last);
  return 1;
}

void binding_open_cte(lua_State *L) {
  static const luaL_Reg statements[] = {{"cte", stmt_cte}, {"add_cte", stmt_add_cte}, {NULL, NULL}};
  static const luaL_Reg froms[] = {{"cte", values_cte},
                                   {"union", cte_union},
                                   {"union_all", cte_union_all},
                                   {"prefix_with", cte_prefix_with},
                                   {"suffix_with", cte_suffix_with},
                                   {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, statements);
  binding_add_methods(L, BINDING_FROM, froms);
}
