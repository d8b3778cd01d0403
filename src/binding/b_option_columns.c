/* Loader options about columns: load_only(User.name), defer, undefer, undefer_group, with_expression. */
#include <string.h>

#include "binding/b_option.h"
#include "binding/state.h"

static const struct {
  const char *name;
  uint8_t rule;
  bool raises; /* takes { raiseload = ... } */
  bool many;   /* takes several columns */
  bool group;  /* takes the name of a group */
} kinds[] = {{"load_only", CORM_COLUMNS_ONLY, true, true, false},
             {"defer", CORM_COLUMNS_DEFER, true, false, false},
             {"undefer", CORM_COLUMNS_READ, false, false, false},
             {"undefer_group", CORM_COLUMNS_READ, false, false, true}};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *binding_option_columns_name(const option_step *step) {
  size_t k = 0;
  if (step->columns == CORM_COLUMNS_BELOW) return "selectin_polymorphic";
  if (step->columns == CORM_COLUMNS_GIVE) return "with_expression";
  while (k < KINDS - 1 && (kinds[k].rule != step->columns || kinds[k].group != (step->group != NULL))) k++;
  return kinds[k].name;
}

static bool is_wildcard(lua_State *L, int arg) {
  return lua_type(L, arg) == LUA_TSTRING && strcmp(lua_tostring(L, arg), "*") == 0;
}

/* Where the step belongs, given where the option stands; a root without Load() begins at the column's entity. */
static void place(lua_State *L, const load_option *previous, const corm_bundle *entity, const char *name,
                  option_step *step) {
  const corm_mapper *end = binding_option_end(previous);
  if (!entity) {
    step->mapper = end;
    if (previous && binding_option_is_root(previous)) step->of = previous->of;
    return;
  }
  const corm_mapper *mapper = corm_bundle_mapper(entity);
  const corm_node *of = entity == mapper->bundle ? NULL : entity->from;
  step->mapper = mapper;
  if (!previous || binding_option_is_root(previous)) step->of = of;
  if (!previous) return;
  if (!end || (!corm_mapper_isa(end, mapper) && !corm_mapper_isa(mapper, end)))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is no column of %s, where the option stands", name, mapper->name,
                  mapper->attributes[step->slot].key, end ? end->name : "\"*\"");
  if (binding_option_is_root(previous) && previous->of != of)
    binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is not of the entity that Load() was given, but of %s", name,
                  mapper->name, mapper->attributes[step->slot].key, of ? "an alias" : "the class itself");
}

static option_step read_column(lua_State *L, const load_option *previous, int arg, lua_Integer which) {
  const char *name = kinds[which].name;
  option_step step = {.columns = kinds[which].rule, .slot = -1};
  const corm_bundle *entity = NULL;
  if (kinds[which].group) {
    if (lua_type(L, arg) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "%s: the name of a group expected, got %s", name, binding_typename(L, arg));
    step.group = lua_tostring(L, arg); /* the option keeps it */
  } else if (kinds[which].many || !is_wildcard(L, arg)) {
    entity = binding_toattribute(L, arg, &step.slot);
    if (!entity)
      binding_error(L, CORM_E_ARGUMENT, "%s: a column attribute of a class expected, got %s", name,
                    binding_typename(L, arg));
  }
  place(L, previous, entity, name, &step);
  return step;
}

static bool read_raise(lua_State *L, int last, lua_Integer which) {
  static const binding_option_spec spec = {"raiseload", BINDING_OPT_BOOL};
  binding_check_options(L, last, kinds[which].name, &spec, kinds[which].raises);
  return binding_opt_bool(L, last, "raiseload", false);
}

/* The n values from `first` on, which the option at `self` keeps, and the branches of the one before it. */
static void keep_values(lua_State *L, int self, int first, int n, bool follows) {
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(L, first + i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setiuservalue(L, self, OPTION_VALUE);
  if (!follows) return;
  lua_getiuservalue(L, 1, OPTION_BRANCHES);
  lua_setiuservalue(L, self, OPTION_BRANCHES);
}

/* The values from `first` on, which the option keeps as a list. */
static int new_option(lua_State *L, const load_option *previous, int first) {
  const lua_Integer which = lua_tointeger(L, lua_upvalueindex(2));
  const char *name = kinds[which].name;
  const int top = lua_gettop(L);
  const bool options = top > first && binding_is_plain_table(L, top);
  const int n = top - first + 1 - options;
  if (n < 1 || (n > 1 && !kinds[which].many))
    return binding_error(L, CORM_E_ARGUMENT, "%s: %s expected, got %d values", name,
                         kinds[which].group  ? "the name of a group"
                         : kinds[which].many ? "columns of a class"
                                             : "one column of a class",
                         n);
  if (!options) lua_pushnil(L);
  const bool raise = read_raise(L, lua_gettop(L), which);
  const uint32_t had = previous ? previous->n : 0;
  load_option *option = binding_push_option(L, previous, 1, had + (uint32_t)n);
  const int self = lua_gettop(L);
  option->n = had; /* until they are read */
  for (int i = 0; i < n; i++) {
    option_step step = read_column(L, previous, first + i, which);
    step.raise = raise;
    if (!previous && !i) {
      option->mapper = step.mapper;
      option->of = step.of;
    } else if (!previous && (option->mapper != step.mapper || option->of != step.of)) {
      return binding_error(L, CORM_E_ARGUMENT, "%s: all columns must be of one class", name);
    }
    option->steps[option->n++] = step;
  }
  keep_values(L, self, first, n, previous != NULL);
  return 1;
}

/* with_expression(Class.attribute, expression): both stand at `first`. */
static int new_expression(lua_State *L, const load_option *previous, int first) {
  static const char name[] = "with_expression";
  option_step step = {.columns = CORM_COLUMNS_GIVE};
  if (lua_gettop(L) != first + 1)
    return binding_error(L, CORM_E_ARGUMENT,
                         "%s: a query_expression() of a class and an expression expected, got %d "
                         "values",
                         name, lua_gettop(L) - first + 1);
  const corm_bundle *entity = binding_toattribute(L, first, &step.slot);
  if (!entity)
    return binding_error(L, CORM_E_ARGUMENT, "%s: an attribute that is a query_expression() expected, got %s", name,
                         binding_typename(L, first));
  const corm_mapper *mapper = corm_bundle_mapper(entity);
  const corm_attribute *attribute = &mapper->attributes[step.slot];
  if (attribute->kind != CORM_ATTRIBUTE_GIVEN)
    return binding_error(L, CORM_E_ARGUMENT, "%s: %s.%s is no query_expression()", name, mapper->name, attribute->key);
  step.expression = binding_checkvalue(L, first + 1, name);
  if (binding_node_userdata(step.expression) != BINDING_EXPRESSION)
    return binding_error(L, CORM_E_ARGUMENT, "%s: a select is a value as select:scalar_subquery()", name);
  binding_configure(L, binding_upvalue(L), mapper->registry);
  place(L, previous, entity, name, &step);
  const uint32_t had = previous ? previous->n : 0;
  load_option *option = binding_push_option(L, previous, 1, had + 1);
  if (!previous) {
    option->mapper = step.mapper;
    option->of = step.of;
  }
  option->steps[had] = step;
  keep_values(L, lua_gettop(L), first, 2, previous != NULL);
  return 1;
}

static int expression_function(lua_State *L) {
  return new_expression(L, NULL, 1);
}

static int expression_method(lua_State *L) {
  return new_expression(L, binding_check(L, 1, BINDING_OPTION, "option:with_expression"), 2);
}

static int option_function(lua_State *L) {
  const lua_Integer which = lua_tointeger(L, lua_upvalueindex(2));
  int32_t slot;
  const corm_bundle *entity = lua_gettop(L) ? binding_toattribute(L, 1, &slot) : NULL;
  if (entity && !kinds[which].group) binding_configure(L, binding_upvalue(L), corm_bundle_mapper(entity)->registry);
  return new_option(L, NULL, 1);
}

static int option_method(lua_State *L) {
  return new_option(L, binding_check(L, 1, BINDING_OPTION, "option:load_only"), 2);
}

void binding_open_option_columns(lua_State *L, bool methods) {
  for (lua_Integer i = 0; i < KINDS; i++) {
    lua_pushlightuserdata(L, binding_get(L));
    lua_pushinteger(L, i);
    lua_pushcclosure(L, methods ? option_method : option_function, 2);
    lua_setfield(L, -2, kinds[i].name);
  }
  binding_pushfunction(L, methods ? expression_method : expression_function);
  lua_setfield(L, -2, "with_expression");
}
