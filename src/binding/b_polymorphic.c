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

/* -- statements that write ----------------------------------------------------------------------------------------- */

/* Whether rows of the class are told from others of its tables by a condition. */
static bool is_restricted(const corm_mapper *mapper) {
  for (uint32_t t = 0; t < mapper->ntables; t++)
    if (((const corm_table_node *)mapper->tables[t].from)->only) return true;
  return false;
}

const corm_node *binding_dml_class(lua_State *L, const corm_node *from, const char *what, bool changes) {
  if (from->kind != CORM_NODE_JOIN && from->kind != CORM_NODE_ALIAS) return NULL;
  const corm_mapper *mapper = binding_tomapper(L, 1);
  if (mapper && from->kind == CORM_NODE_JOIN && (from != mapper->from || mapper->joined || is_restricted(mapper)))
    binding_error(L, CORM_E_ARGUMENT, "%s: class %s has rows in several tables; name one: %s(%s.__table__)", what,
                  mapper->name, what, mapper->name);
  if (mapper && from->kind == CORM_NODE_JOIN) return mapper->local;
  if (!mapper || from != mapper->united || mapper->selected) return NULL;
  if (changes)
    binding_error(L, CORM_E_ARGUMENT, "%s: class %s is selected from a UNION; name its table: %s(%s.__table__)", what,
                  mapper->name, what, mapper->name);
  return mapper->own->from;
}

const corm_mapper *binding_dml_local_class(const binding_stmt *stmt) {
  const corm_node *node = stmt->base.node, *entity = stmt->entity;
  if (node->kind != CORM_NODE_UPDATE && node->kind != CORM_NODE_DELETE) return NULL;
  const bool is_class = entity && entity->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)entity)->owner;
  const corm_mapper *mapper = is_class ? corm_bundle_mapper((const corm_bundle *)entity) : NULL;
  return mapper && mapper->local ? mapper : NULL;
}

/* The attribute of another table than the class's own that the expression names of the row, or NULL. */
static const corm_attribute *stranger(const corm_mapper *mapper, const corm_node *expression, corm_arena *arena) {
  const corm_attribute *found;
  corm_mapper_local_in(arena, mapper, expression, &found);
  return found;
}

const corm_mapper *binding_dml_check_local(lua_State *L, const binding_stmt *stmt, const corm_node *criterion,
                                           corm_arena *arena, const char *what) {
  const corm_mapper *mapper = binding_dml_local_class(stmt);
  const corm_attribute *attribute = mapper ? stranger(mapper, criterion, arena) : NULL;
  if (attribute)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: %s.%s is in table '%s', and the statement writes '%s' alone; ask for the keys: "
                  "%s.%s:in_(select(%s.%s):where(...))",
                  what, mapper->name, attribute->key, attribute->column->table->name, mapper->table->name, mapper->name,
                  mapper->attributes[mapper->pk[0]].key, mapper->name, mapper->attributes[mapper->pk[0]].key);
  return mapper;
}

void binding_dml_check_value(lua_State *L, const corm_mapper *mapper, const corm_node *value, corm_arena *arena,
                             const char *what) {
  const corm_attribute *attribute = mapper && value ? stranger(mapper, value, arena) : NULL;
  if (attribute)
    binding_error(L, CORM_E_ARGUMENT,
                  "%s: %s.%s is in table '%s', and the statement writes '%s' alone; select it by a scalar subquery",
                  what, mapper->name, attribute->key, attribute->column->table->name, mapper->table->name);
}

const corm_node *binding_dml_local_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *node) {
  const corm_attribute *stranger_of; /* was refused before */
  return corm_mapper_local_in(arena, mapper, node, &stranger_of);
}

bool binding_dml_local_values_in(corm_arena *arena, const corm_mapper *mapper, corm_update *update) {
  if (!mapper) return true;
  const corm_node **values = corm_arena_alloc(arena, (update->n + (size_t)1) * sizeof *values);
  if (!values) return false;
  for (uint32_t i = 0; i < update->n; i++)
    if (!(values[i] = binding_dml_local_in(arena, mapper, update->values[i]))) return false;
  update->values = values;
  return true;
}
