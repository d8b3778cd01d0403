/* selectin_polymorphic(Employee, { Manager, Engineer }): what classes below add is read by statements of their own. */
#include "binding/b_option.h"

#define NAME "selectin_polymorphic"

/* The class at the top, which is popped. */
static const corm_mapper *read_class(lua_State *L, const corm_mapper *base, int i) {
  const corm_mapper *mapper = binding_tomapper(L, -1);
  if (!mapper || binding_node_from(binding_tonode(L, -1)) != mapper->from)
    binding_error(L, CORM_E_ARGUMENT, NAME ": classes[%d]: a mapped class expected, got %s", i,
                  mapper ? "an alias" : binding_typename(L, -1));
  if (mapper == base || !corm_mapper_isa(mapper, base))
    binding_error(L, CORM_E_ARGUMENT, NAME ": %s does not inherit from %s", mapper->name, base->name);
  lua_pop(L, 1);
  return mapper;
}

/* One step for each class of the list at `arg`. */
static int new_option(lua_State *L, const load_option *previous, const corm_mapper *base, const corm_node *of,
                      int arg) {
  if (!base) return binding_error(L, CORM_E_ARGUMENT, NAME ": \"*\" leads nowhere, nothing can be chained to it");
  if (lua_gettop(L) != arg || !binding_is_plain_table(L, arg))
    return binding_error(L, CORM_E_ARGUMENT, NAME ": a list of classes below %s expected, got %s", base->name,
                         binding_typename(L, arg));
  const uint32_t had = previous ? previous->n : 0, n = (uint32_t)lua_rawlen(L, arg);
  if (!n) return binding_error(L, CORM_E_ARGUMENT, NAME ": the list of classes below %s is empty", base->name);
  load_option *option = binding_push_option(L, previous, 1, had + n);
  const int self = lua_gettop(L);
  option->n = had; /* until they are read */
  if (!previous) {
    option->mapper = base;
    option->of = of;
  }
  for (uint32_t i = 1; i <= n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i);
    const corm_mapper *mapper = read_class(L, base, (int)i);
    option->steps[option->n++] = (option_step){.columns = CORM_COLUMNS_BELOW, .mapper = mapper, .of = of, .slot = -1};
  }
  lua_pushvalue(L, previous ? arg : 1);
  lua_setiuservalue(L, self, OPTION_VALUE);
  if (previous) {
    lua_getiuservalue(L, 1, OPTION_BRANCHES);
    lua_setiuservalue(L, self, OPTION_BRANCHES);
  }
  return 1;
}

static int option_function(lua_State *L) {
  const corm_mapper *base = binding_tomapper(L, 1);
  if (!base)
    return binding_error(L, CORM_E_ARGUMENT, NAME ": a mapped class or an alias of one expected, got %s",
                         binding_typename(L, 1));
  const corm_node *from = binding_node_from(binding_tonode(L, 1));
  binding_configure(L, binding_upvalue(L), base->registry);
  return new_option(L, NULL, base, from == base->from ? NULL : from, 2);
}

static int option_method(lua_State *L) {
  const load_option *previous = binding_check(L, 1, BINDING_OPTION, "option:" NAME);
  const corm_node *of = binding_option_is_root(previous) ? previous->of : NULL;
  return new_option(L, previous, binding_option_end(previous), of, 2);
}

void binding_open_option_below(lua_State *L, bool methods) {
  binding_pushfunction(L, methods ? option_method : option_function);
  lua_setfield(L, -2, NAME);
}
