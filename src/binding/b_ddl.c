/* corm.CreateTable(t), DropTable, CreateIndex, DropIndex: statements that are the DDL of one schema object. */
#include "binding/b_schema.h"
#include "binding/b_statement.h"

static int push_ddl(lua_State *L, binding_ddl ddl, void *object) {
  binding_stmt *stmt = binding_new(L, BINDING_STATEMENT, sizeof *stmt, BINDING_STMT_ANCHOR);
  stmt->ddl = ddl;
  stmt->ddl_object = object;
  binding_anchor(L, BINDING_STMT_ANCHOR, 1);
  return 1;
}

static int table_ddl(lua_State *L, binding_ddl ddl, const char *what) {
  const corm_node *from = binding_checkfrom(L, 1, what);
  if (from->kind != CORM_NODE_TABLE)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a table expected, got %s", what, binding_typename(L, 1));
  return push_ddl(L, ddl, (corm_table *)(uintptr_t)((const corm_table_node *)from)->table);
}

static int index_ddl(lua_State *L, binding_ddl ddl, const char *what) {
  const binding_index_part *part = binding_check(L, 1, BINDING_INDEX, what);
  if (!part->index->table) return binding_error(L, CORM_E_ARGUMENT, "%s: the index belongs to no table yet", what);
  return push_ddl(L, ddl, part->index);
}

static int create_table(lua_State *L) {
  return table_ddl(L, BINDING_DDL_CREATE_TABLE, "CreateTable");
}

static int drop_table(lua_State *L) {
  return table_ddl(L, BINDING_DDL_DROP_TABLE, "DropTable");
}

static int create_index(lua_State *L) {
  return index_ddl(L, BINDING_DDL_CREATE_INDEX, "CreateIndex");
}

static int drop_index(lua_State *L) {
  return index_ddl(L, BINDING_DDL_DROP_INDEX, "DropIndex");
}

void binding_open_ddl(lua_State *L) {
  static const luaL_Reg functions[] = {{"CreateTable", create_table},
                                       {"DropTable", drop_table},
                                       {"CreateIndex", create_index},
                                       {"DropIndex", drop_index},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
