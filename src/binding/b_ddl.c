/* DDL elements: corm.CreateTable(t), DropIndex(i), AddConstraint(c) ...: statements that are the DDL of one object. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

void binding_push_ddl(lua_State *L, corm_ddl_element element, int object, const corm_dialect *dialect) {
  object = lua_absindex(L, object);
  binding_stmt *stmt = binding_new(L, BINDING_STATEMENT, sizeof *stmt, BINDING_STMT_ANCHOR);
  stmt->ddl = element;
  stmt->dialect = dialect;
  binding_anchor(L, BINDING_STMT_ANCHOR, object);
}

static corm_table *check_table(lua_State *L, const char *what) {
  const corm_node *from = binding_checkfrom(L, 1, what);
  if (from->kind != CORM_NODE_TABLE)
    binding_error(L, CORM_E_ARGUMENT, "%s: a table expected, got %s", what, binding_typename(L, 1));
  return (corm_table *)(uintptr_t)((const corm_table_node *)from)->table;
}

static corm_index *check_index(lua_State *L, const char *what) {
  const binding_index_part *part = binding_check(L, 1, BINDING_INDEX, what);
  if (!part->index->table) binding_error(L, CORM_E_ARGUMENT, "%s: the index belongs to no table yet", what);
  if (!part->index->name)
    binding_error(L, CORM_E_COMPILE, "%s: an index of table '%s' has no name", what, part->index->table->name);
  return part->index;
}

static corm_constraint *check_constraint(lua_State *L, const char *what) {
  const binding_constraint *part = binding_check(L, 1, BINDING_CONSTRAINT, what);
  if (!part->constraint->table) binding_error(L, CORM_E_ARGUMENT, "%s: the constraint belongs to no table yet", what);
  return part->constraint;
}

static corm_column *check_column(lua_State *L, const char *what) {
  corm_column *column = binding_tocolumn(L, 1);
  if (!column || !column->table)
    binding_error(L, CORM_E_ARGUMENT, "%s: a column of a table expected, got %s", what, binding_typename(L, 1));
  return column;
}

static void *check_schema(lua_State *L, const char *what) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: the name of a schema expected, got %s", what, binding_typename(L, 1));
  const char *name = lua_tolstring(L, 1, &len);
  if (corm_identifier_check(name, len, "schema", &err) != CORM_OK) binding_raise(L, &err);
  return (void *)(uintptr_t)name;
}

static void *check_object(lua_State *L, corm_ddl_kind kind, const char *what) {
  switch (kind) {
  case CORM_DDL_CREATE_TABLE:
  case CORM_DDL_DROP_TABLE:
  case CORM_DDL_SET_TABLE_COMMENT:
  case CORM_DDL_DROP_TABLE_COMMENT:
  case CORM_DDL_DROP_VIEW: return check_table(L, what);
  case CORM_DDL_CREATE_INDEX:
  case CORM_DDL_DROP_INDEX: return check_index(L, what);
  case CORM_DDL_ADD_CONSTRAINT:
  case CORM_DDL_DROP_CONSTRAINT:
  case CORM_DDL_SET_CONSTRAINT_COMMENT:
  case CORM_DDL_DROP_CONSTRAINT_COMMENT: return check_constraint(L, what);
  case CORM_DDL_SET_COLUMN_COMMENT:
  case CORM_DDL_DROP_COLUMN_COMMENT: return check_column(L, what);
  case CORM_DDL_CREATE_SEQUENCE:
  case CORM_DDL_DROP_SEQUENCE: return &((binding_sequence *)binding_check(L, 1, BINDING_SEQUENCE, what))->sequence;
  default: return check_schema(L, what);
  }
}

/* Each constructor: its name, what it makes, and the options that it has. */
static const struct constructor {
  const char *name;
  corm_ddl_kind kind;
  const char *condition; /* "if_exists", "if_not_exists" or NULL */
  bool cascade;
} constructors[] = {
    {"CreateTable", CORM_DDL_CREATE_TABLE, "if_not_exists", false},
    {"DropTable", CORM_DDL_DROP_TABLE, "if_exists", false},
    {"CreateIndex", CORM_DDL_CREATE_INDEX, "if_not_exists", false},
    {"DropIndex", CORM_DDL_DROP_INDEX, "if_exists", false},
    {"AddConstraint", CORM_DDL_ADD_CONSTRAINT, NULL, false},
    {"DropConstraint", CORM_DDL_DROP_CONSTRAINT, "if_exists", true},
    {"CreateSequence", CORM_DDL_CREATE_SEQUENCE, "if_not_exists", false},
    {"DropSequence", CORM_DDL_DROP_SEQUENCE, "if_exists", false},
    {"CreateSchema", CORM_DDL_CREATE_SCHEMA, "if_not_exists", false},
    {"DropSchema", CORM_DDL_DROP_SCHEMA, "if_exists", true},
    {"SetTableComment", CORM_DDL_SET_TABLE_COMMENT, NULL, false},
    {"DropTableComment", CORM_DDL_DROP_TABLE_COMMENT, NULL, false},
    {"SetColumnComment", CORM_DDL_SET_COLUMN_COMMENT, NULL, false},
    {"DropColumnComment", CORM_DDL_DROP_COLUMN_COMMENT, NULL, false},
    {"SetConstraintComment", CORM_DDL_SET_CONSTRAINT_COMMENT, NULL, false},
    {"DropConstraintComment", CORM_DDL_DROP_CONSTRAINT_COMMENT, NULL, false},
};
enum { CONSTRUCTORS = sizeof constructors / sizeof *constructors };

static int construct(lua_State *L) {
  const struct constructor *it = &constructors[lua_tointeger(L, lua_upvalueindex(2))];
  binding_option_spec specs[2];
  size_t n = 0;
  if (it->condition) specs[n++] = (binding_option_spec){it->condition, BINDING_OPT_BOOL};
  if (it->cascade) specs[n++] = (binding_option_spec){"cascade", BINDING_OPT_BOOL};
  lua_settop(L, 2);
  void *object = check_object(L, it->kind, it->name);
  if (!lua_isnil(L, 2)) binding_check_options(L, 2, it->name, specs, n);
  uint32_t flags = 0;
  if (it->condition && binding_opt_bool(L, 2, it->condition, false)) flags |= CORM_DDL_IF;
  if (it->cascade && binding_opt_bool(L, 2, "cascade", false)) flags |= CORM_DDL_CASCADE;
  binding_push_ddl(L, (corm_ddl_element){.kind = (uint32_t)it->kind, .flags = flags, .object = object}, 1, NULL);
  return 1;
}

void binding_open_ddl(lua_State *L) {
  for (lua_Integer i = 0; i < CONSTRUCTORS; i++) {
    lua_pushlightuserdata(L, binding_get(L));
    lua_pushinteger(L, i);
    lua_pushcclosure(L, construct, 2);
    lua_setfield(L, -2, constructors[i].name);
  }
}
