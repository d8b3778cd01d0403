/* select(Class):from_statement(statement): rows of any statement become what the select lists. */
#include "binding/b_session.h"
#include "binding/b_statement.h"

static bool gives_rows(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_TEXT: return true;
  case CORM_NODE_INSERT: return ((const corm_insert *)node)->nreturning > 0;
  case CORM_NODE_UPDATE: return ((const corm_update *)node)->nreturning > 0;
  case CORM_NODE_DELETE: return ((const corm_delete_node *)node)->nreturning > 0;
  default: return corm_as_select(node) != NULL;
  }
}

/* The statement at 2, that of a Query included, which replaces it. */
static const binding_stmt *check_source(lua_State *L) {
  if (binding_push_query_statement(L, 2)) lua_replace(L, 2);
  const binding_stmt *source = binding_test(L, 2, BINDING_STATEMENT);
  const char *what = source ? binding_statement_name(source) : binding_typename(L, 2);
  if (!source || !source->base.node || !gives_rows(source->base.node)) {
    corm_error err;
    corm_error_init(&err);
    corm_error_set(&err, CORM_E_ARGUMENT, "from_statement: a statement that returns rows expected, got %s", what);
    if (lua_type(L, 2) == LUA_TSTRING) corm_error_hint(&err, "strings are not SQL; write corm.text(...)");
    binding_raise(L, &err);
  }
  if (source->wanted) binding_error(L, CORM_E_ARGUMENT, "from_statement: the statement has another one already");
  return source;
}

static int select_from_statement(lua_State *L) {
  const binding_stmt *self = binding_checkstatement(L, CORM_NODE_SELECT, "from_statement");
  if (lua_gettop(L) > 2) return binding_error(L, CORM_E_ARGUMENT, "from_statement: one statement expected");
  const binding_stmt *source = check_source(L);
  const corm_select *select = (const corm_select *)self->base.node;
  if (self->wanted || select->where || select->nfroms || select->limit || select->offset || select->norder_by ||
      select->ngroup_by || select->distinct || select->having || select->extra)
    return binding_error(L, CORM_E_INVALID_REQUEST,
                         "from_statement: the select lists what the rows become, and has no criteria, joins, order or "
                         "limits of its own; they belong into the statement");
  binding_build b;
  binding_statement_start(&b, L, 16, 1);
  while (binding_build_again(&b, source->base.node)) continue;
  binding_statement_finish(L, true, 2, 2);
  binding_stmt *made = lua_touserdata(L, -1);
  made->wanted = select;
  made->entity = source->entity;
  return 1;
}

const corm_select *binding_wanted_select(lua_State *L, int arg) {
  const binding_stmt *stmt = binding_test(L, arg, BINDING_STATEMENT);
  if (!stmt) return NULL;
  if (stmt->wanted) return stmt->wanted;
  return stmt->base.node && stmt->base.node->kind == CORM_NODE_SELECT ? (const corm_select *)stmt->base.node : NULL;
}

void binding_open_from_statement(lua_State *L) {
  static const luaL_Reg methods[] = {{"from_statement", select_from_statement}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
}
