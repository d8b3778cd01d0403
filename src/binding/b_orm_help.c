/* Small things that the Lua half of the ORM needs of C: errors with the nearest name, kinds of values, columns as they
 * are written. */
#include "base/str.h"
#include "binding/b_object.h"
#include "binding/b_schema.h"

/* Reads the list of names at `arg`. */
static size_t read_names(lua_State *L, int arg, const char **names, size_t max) {
  size_t n = 0;
  luaL_checktype(L, arg, LUA_TTABLE);
  while (n < max && lua_rawgeti(L, arg, (lua_Integer)n + 1) == LUA_TSTRING) {
    names[n++] = lua_tostring(L, -1); /* the table keeps it */
    lua_pop(L, 1);
  }
  return n;
}

/* unknown(what, where, name, names): the ArgumentError with the nearest of the names. */
static int raise_unknown(lua_State *L) {
  const char *names[256];
  size_t n = read_names(L, 4, names, sizeof names / sizeof *names);
  return binding_unknown(L, luaL_checkstring(L, 1), luaL_checkstring(L, 2), luaL_checkstring(L, 3), names, n);
}

/* nearest(name, names): the name that was probably meant, or nil. */
static int nearest(lua_State *L) {
  const char *names[256];
  size_t n = read_names(L, 2, names, sizeof names / sizeof *names);
  lua_pushstring(L, corm_name_nearest(luaL_checkstring(L, 1), names, n));
  return 1;
}

/* fail(class, message): raises an error of the class. */
static int raise_error(lua_State *L) {
  corm_error_class cls = CORM_E_ERROR;
  corm_error_class_find(luaL_checkstring(L, 1), &cls);
  return binding_error(L, cls, "%s", luaL_checkstring(L, 2));
}

/* kind(value): what a userdata of corm is: "Column", "Table" ...; else Lua's type. */
static int kind_of(lua_State *L) {
  lua_pushstring(L, binding_typename(L, 1));
  return 1;
}

/* set_name(column, name): for a Column written without one; creation(column): its number in order of writing. */
static int set_column_name(lua_State *L) {
  binding_column_set_name(L, 1, 2);
  return 0;
}

static int column_creation(lua_State *L) {
  const binding_column *column = binding_check(L, 1, BINDING_COLUMN, "Column");
  lua_pushinteger(L, (lua_Integer)column->column.creation);
  return 1;
}

static int next_creation(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)binding_upvalue(L)->creation++);
  return 1;
}

static int copy_column(lua_State *L) {
  lua_settop(L, 1);
  binding_column_copy(L, 1);
  return 1;
}

/* column_def(column, what): name and type of a corm.column(name, type), or a name alone. */
static int column_def(lua_State *L) {
  const corm_column_def def = binding_check_column_def(L, 1, luaL_checkstring(L, 2));
  lua_pushstring(L, def.name);
  binding_push_type(L, def.type ? def.type : corm_type_default(CORM_TYPE_NULLTYPE), 1);
  return 2;
}

void binding_open_orm_help(lua_State *L) {
  static const luaL_Reg functions[] = {{"unknown", raise_unknown},
                                       {"nearest", nearest},
                                       {"fail", raise_error},
                                       {"kind", kind_of},
                                       {"set_column_name", set_column_name},
                                       {"column_creation", column_creation},
                                       {"creation", next_creation},
                                       {"copy_column", copy_column},
                                       {"column_def", column_def},
                                       {NULL, NULL}};
  binding_setfuncs(L, functions);
}
