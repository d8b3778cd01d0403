/* with_polymorphic: a class and classes below it in one query; lua/corm/inheritance.lua makes entities of it. */
#include "binding/b_object.h"
#include "binding/b_statement.h"
#include "orm/polymorphic.h"

static const corm_mapper *check_mapper(lua_State *L, int arg) {
  return ((binding_class *)binding_check(L, arg, BINDING_MAPPER, "mapper"))->mapper;
}

/* The classes of the list at `arg` with those in between; nil there: all. */
static const corm_mapper **read_classes(lua_State *L, int arg, const corm_mapper *base, corm_arena *arena,
                                        uint32_t *n) {
  const corm_mapper **given = NULL;
  uint32_t ngiven = 0;
  if (!lua_isnil(L, arg)) {
    ngiven = (uint32_t)lua_rawlen(L, arg);
    given = corm_arena_zalloc(arena, ngiven + 1, sizeof *given);
  }
  for (uint32_t i = 0; given && i < ngiven; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    given[i] = check_mapper(L, -1);
    lua_pop(L, 1);
  }
  return lua_isnil(L, arg) || given ? corm_polymorphic_classes_in(arena, base, given, ngiven, n) : NULL;
}

int binding_polymorphic_from(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const corm_mapper *base = check_mapper(L, 1);
  const bool aliased = lua_toboolean(L, 3);
  uint32_t n;
  lua_settop(L, 3);
  corm_arena *scratch = binding_scratch(L, state);
  const corm_mapper **classes = read_classes(L, 2, base, scratch, &n);
  if (!classes) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), (n + base->ntables) * 512, 2);
  do node = corm_polymorphic_from_in(&b.arena, base, classes, n, aliased);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  if (!lua_isnil(L, 2)) binding_anchor(L, 2, 2);
  binding_scratch_done(L, state, scratch);
  return 1;
}

int binding_polymorphic_entity(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const corm_mapper *base = check_mapper(L, 1);
  const corm_node *from = binding_checkfrom(L, 3, "with_polymorphic");
  uint32_t n;
  lua_settop(L, 4);
  corm_arena *scratch = binding_scratch(L, state);
  const corm_mapper **classes = read_classes(L, 2, base, scratch, &n);
  if (!classes) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), 4096, 3);
  do node = corm_polymorphic_bundle_in(&b.arena, base, classes, n, from, from, NULL);
  while (binding_build_again(&b, node));
  binding_anchor(L, 1, 1);
  binding_anchor(L, 2, 3);
  binding_anchor(L, 3, 4);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->aliases);
  lua_pushvalue(L, 4);
  lua_rawsetp(L, -2, node);
  lua_pop(L, 1);
  binding_scratch_done(L, state, scratch);
  return 1;
}

const corm_node *binding_dml_class(lua_State *L, const corm_node *from, const char *what, bool changes) {
  if (from->kind != CORM_NODE_JOIN && from->kind != CORM_NODE_ALIAS) return NULL;
  const corm_mapper *mapper = binding_tomapper(L, 1);
  if (mapper && from->kind == CORM_NODE_JOIN)
    binding_error(L, CORM_E_ARGUMENT, "%s: class %s has rows in several tables; name one: %s(%s.__table__)", what,
                  mapper->name, what, mapper->name);
  if (!mapper || from != mapper->united) return NULL;
  if (changes)
    binding_error(L, CORM_E_ARGUMENT, "%s: class %s is selected from a UNION; name its table: %s(%s.__table__)", what,
                  mapper->name, what, mapper->name);
  return mapper->own->from;
}
