/*
 * Mappers in Lua: the userdata behind a class, its table of attributes, and the functions that the Lua half (lua/corm)
 * declares classes with. They are no part of the public module: the table `_orm` is taken out of it by
 * lua/corm/declarative.lua.
 */
#include "binding/b_bundle.h"
#include "binding/b_object.h"

#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

/* -- the table of attributes --------------------------------------------------------------------------------------- */

static binding_attr *entry_of(binding_attr *attrs, uint32_t cap, const char *key) {
  uint32_t i = (uint32_t)((uintptr_t)key >> 4) & (cap - 1);
  while (attrs[i].key && attrs[i].key != key) i = (i + 1) & (cap - 1);
  return &attrs[i];
}

/* A third of the entries stays free, so that most lookups end at the first. */
static void reserve_attr(lua_State *L, binding_class *cls) {
  if (cls->cap && (cls->n + 1) * 3 <= cls->cap) return;
  const corm_mem *mem = &binding_get(L)->mem;
  uint32_t cap = cls->cap ? cls->cap * 2 : 16;
  binding_attr *attrs = corm_mem_zalloc(mem, cap, sizeof *attrs);
  if (!attrs) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < cls->cap; i++)
    if (cls->attrs[i].key) *entry_of(attrs, cap, cls->attrs[i].key) = cls->attrs[i];
  corm_mem_free(mem, cls->attrs);
  cls->attrs = attrs;
  cls->cap = cap;
}

/* Keeps the value at the top, which is popped, as long as the Mapper at `mapper` lives. */
static void keep(lua_State *L, int mapper) {
  lua_getiuservalue(L, mapper, BINDING_CLASS_ANCHORS);
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

/* Enters a name that reserve_name has returned: cannot fail. */
static void enter_own(binding_class *cls, binding_attr attr) {
  binding_attr *entry = entry_of(cls->attrs, cls->cap, attr.key);
  if (!entry->key) cls->n++;
  *entry = attr;
}

/* The classes below, one after the other, *pos being 0 at first; NULL: no more. */
static binding_class *next_heir(const corm_mapper *mapper, size_t *pos) {
  const corm_map_entry *entry;
  while (mapper->children.len && (entry = corm_map_next(&mapper->registry->classes, pos)) != NULL) {
    const corm_mapper *heir = entry->value;
    if (heir != mapper && heir->host_data && corm_mapper_is_kin(heir, mapper)) return binding_class_of(heir);
  }
  return NULL;
}

/* Makes room for the name at the top, which is popped and kept, here and in the classes below. */
static const char *reserve_name(lua_State *L, int mapper, binding_class *cls) {
  reserve_attr(L, cls);
  for (size_t pos = 0; cls->mapper;) {
    binding_class *heir = next_heir(cls->mapper, &pos);
    if (!heir) break;
    reserve_attr(L, heir);
  }
  const char *name = lua_tostring(L, -1);
  keep(L, mapper);
  return name;
}

/* The same, also for the classes below. */
static void enter_attr(binding_class *cls, binding_attr attr) {
  enter_own(cls, attr);
  for (size_t pos = 0;;) {
    binding_class *heir = next_heir(cls->mapper, &pos);
    if (!heir) break;
    enter_own(heir, attr);
    heir->hooked = heir->hooked || (attr.hooked && attr.kind != BINDING_ATTR_EXPRESSION);
  }
}

/* A column without a type gets that of its foreign key's target later. */
static bool may_be_hosted(const corm_type *type) {
  return type->hosted || type->kind == CORM_TYPE_NULLTYPE;
}

static void add_attr(lua_State *L, int mapper, binding_class *cls, binding_attr attr) {
  attr.key = reserve_name(L, mapper, cls);
  enter_attr(cls, attr);
}

/* -- looking classes up -------------------------------------------------------------------------------------------- */

/* NULL for none, and for what is no class or alias. */
static corm_mapper *mapper_of(const corm_node *node) {
  return node && node->kind == CORM_NODE_BUNDLE ? corm_bundle_mapper((const corm_bundle *)node) : NULL;
}

corm_mapper *binding_tomapper(lua_State *L, int arg) {
  return lua_type(L, arg) == LUA_TTABLE ? mapper_of(binding_tonode(L, arg)) : NULL;
}

corm_mapper *binding_class_at(lua_State *L, int arg) {
  if (!lua_istable(L, arg) || !lua_getmetatable(L, arg)) return NULL;
  lua_rawgeti(L, -1, 1);
  const binding_class *cls = binding_block_at(L, -1, BINDING_MAPPER, sizeof *cls);
  lua_pop(L, 2);
  return cls && cls->mapper && !cls->mapper->disposed ? cls->mapper : NULL;
}

corm_mapper *binding_checkmapper(lua_State *L, int arg, const char *what) {
  corm_mapper *mapper = binding_class_at(L, arg);
  if (!mapper)
    binding_error(L, CORM_E_UNMAPPED, "%s: a mapped class expected, got %s", what,
                  binding_tomapper(L, arg) ? "an alias" : binding_typename(L, arg));
  return mapper;
}

void binding_push_class(lua_State *L, binding_state *state, const corm_mapper *mapper) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->classes);
  lua_rawgeti(L, -1, binding_class_of(mapper)->number);
  lua_remove(L, -2);
}

/* -- configuring --------------------------------------------------------------------------------------------------- */

void binding_configure(lua_State *L, binding_state *state, corm_registry *registry) {
  if (registry->configured) return;
  luaL_checkstack(L, 4, "configure");
  binding_host_function(L, state->host, "configure");
  lua_pushlightuserdata(L, registry);
  lua_call(L, 1, 0);
}

static void configure_node(lua_State *L, binding_state *state, const corm_node *node) {
  if (node->kind == CORM_NODE_BUNDLE && ((const corm_bundle *)node)->owner)
    binding_configure(L, state, corm_bundle_mapper((const corm_bundle *)node)->registry);
}

void binding_configure_statement(lua_State *L, binding_state *state, const corm_node *statement) {
  if (statement->kind != CORM_NODE_SELECT) return;
  const corm_select *select = (const corm_select *)statement;
  for (uint32_t i = 0; i < select->ncolumns; i++) configure_node(L, state, select->columns[i]);
}

/* -- what the Lua half calls --------------------------------------------------------------------------------------- */

static binding_class *check_class(lua_State *L, int arg) {
  return binding_check(L, arg, BINDING_MAPPER, "mapper");
}

static void free_registry(binding_life *life) {
  binding_registry *self = (binding_registry *)((char *)life - offsetof(binding_registry, life));
  if (self->registry.mem) corm_registry_clear(&self->registry);
}

/* registry() */
static int new_registry(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  binding_registry *registry = binding_new(L, BINDING_REGISTRY, sizeof *registry, 0);
  binding_live(L, &registry->life, free_registry);
  corm_registry_init(&registry->registry, &state->mem, &state->host->core);
  return 1;
}

static int registry_gc(lua_State *L) {
  binding_registry *registry = binding_test(L, 1, BINDING_REGISTRY);
  if (registry) binding_die(L, &registry->life);
  return 0;
}

/* address(registry): the key by which configure() is told of it. */
static int registry_address(lua_State *L) {
  binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  lua_pushlightuserdata(L, &registry->registry);
  return 1;
}

/* exclusively(registry, function, argument): calls it, unless such a call is running for this registry already. What
   marks the running call needs no memory to be undone, so a failure leaves nothing behind. */
static int registry_exclusively(lua_State *L) {
  binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  lua_settop(L, 3);
  if (registry->busy) return 0;
  registry->busy = true;
  const int status = lua_pcall(L, 1, 0, 0);
  registry->busy = false;
  return status == LUA_OK ? 0 : lua_error(L);
}

/* busy(registry): inside of such a call. */
static int registry_busy(lua_State *L) {
  const binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  lua_pushboolean(L, registry->busy);
  return 1;
}

/* configure(registry): what the core does once the Lua half has given it all relationships. */
static int registry_configure(lua_State *L) {
  corm_error err;
  corm_error_init(&err);
  binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  if (corm_registry_configure(&registry->registry, &err) != CORM_OK) return binding_raise(L, &err);
  return 0;
}

/* dispose(registry): its classes are none any more. Their names lead nowhere, so that who finds none asks why. */
static int registry_dispose(lua_State *L) {
  binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&registry->registry.classes, &pos)) != NULL;) {
    const corm_mapper *mapper = entry->value;
    binding_class *cls = mapper->host_data ? binding_class_of(mapper) : NULL;
    if (!cls) continue;
    for (uint32_t i = 0; i < cls->cap; i++) cls->attrs[i].key = NULL;
    cls->n = 0;
  }
  corm_registry_dispose(&registry->registry);
  return 0;
}

/* depends(registry, other): a relationship leads to a class of the other one. */
static int registry_depends(lua_State *L) {
  const binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  const binding_registry *other = binding_check(L, 2, BINDING_REGISTRY, "registry");
  lua_pushboolean(L, corm_registry_depends(&registry->registry, &other->registry));
  return 1;
}

/* touch(registry): relationships were declared, so it is to be configured again. */
static int registry_touch(lua_State *L) {
  binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  registry->registry.configured = false;
  return 0;
}

/* forget(registry, name): the definition of that class failed, maybe before the script had its mapper. */
static int forget_mapper(lua_State *L) {
  const binding_registry *registry = binding_check(L, 1, BINDING_REGISTRY, "registry");
  corm_mapper *mapper = corm_map_gets(&registry->registry.classes, luaL_checkstring(L, 2));
  if (mapper) corm_mapper_forget(mapper);
  return 0;
}

void binding_class_free(binding_life *life) {
  binding_class *cls = (binding_class *)((char *)life - offsetof(binding_class, life));
  corm_mem_free(&cls->state->mem, cls->attrs);
  corm_mapper_free(cls->mapper);
  cls->attrs = NULL;
  cls->mapper = NULL;
  cls->cap = cls->n = 0;
}

/* As with a Table, the class may have been brought back. */
static int mapper_gc(lua_State *L) {
  binding_class *cls = binding_test(L, 1, BINDING_MAPPER);
  if (!cls) return 0;
  const binding_host *host = binding_upvalue(L)->host;
  binding_die(L, &cls->life);
  if (!cls->number) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, cls->life.free ? host->classes : host->living);
  if (cls->life.free)
    lua_getiuservalue(L, 1, BINDING_CLASS_TABLE);
  else
    lua_pushnil(L);
  lua_rawseti(L, -2, cls->number);
  return 0;
}

/* add_column(mapper, table, column, key [, options]): maps a column that is added to the table now. */
static int add_column(lua_State *L) {
  binding_class *cls = check_class(L, 1);
  corm_error err;
  corm_error_init(&err);
  binding_column *column = binding_check(L, 3, BINDING_COLUMN, "Column");
  const char *key = luaL_checkstring(L, 4);
  if (cls->living)
    return binding_error(L, CORM_E_INVALID_REQUEST,
                         "%s.%s: there are objects of the class already: no column can be added any more",
                         cls->mapper->name, key);
  lua_settop(L, 5);
  lua_pushvalue(L, 4);
  const char *name = reserve_name(L, 1, cls);
  corm_attribute_def def = {.key = key, .column = &column->column};
  binding_read_attribute(L, 5, &def);
  binding_column_set_name(L, 3, 4);
  binding_table_add(L, 2, 3);
  if (corm_mapper_add_column(cls->mapper, &def, &err) != CORM_OK) return binding_raise(L, &err);
  enter_attr(cls, (binding_attr){.key = name,
                                 .kind = BINDING_ATTR_COLUMN,
                                 .hosted = may_be_hosted(column->column.type),
                                 .slot = cls->mapper->nattributes - 1});
  return 0;
}

/* constructor(mapper): the class's __call. */
static int new_constructor(lua_State *L) {
  check_class(L, 1);
  binding_state *state = binding_upvalue(L);
  lua_pushlightuserdata(L, state);
  lua_pushvalue(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[BINDING_OBJECT]);
  lua_pushcclosure(L, binding_construct, 4);
  return 1;
}

/* The slots that a select in FROM has, by the names of their columns; false: all of them. */
static bool selected_slots(lua_State *L, const corm_mapper *mapper, const corm_node *from, uint64_t *set) {
  bool partial = false;
  if (mapper->selected && corm_from_element(from) == corm_from_element(mapper->from)) return false;
  if (mapper->selected)
    binding_error(L, CORM_E_ARGUMENT, "aliased: %s is mapped to a select; no other one can stand for it", mapper->name);
  if (mapper->ntables > 1)
    binding_error(L, CORM_E_ARGUMENT,
                  "aliased: objects of %s have rows in several tables; a subquery cannot stand for it", mapper->name);
  corm_arena *arena = binding_scratch(L, binding_get(L));
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_column *column = mapper->attributes[i].column;
    if (mapper->attributes[i].kind == CORM_ATTRIBUTE_GIVEN) continue;
    const char *key = column ? column->key : mapper->attributes[i].key;
    const corm_column_node *found = (const corm_column_node *)corm_from_column_in(arena, from, key);
    if (column && (!found || (found->base.kind == CORM_NODE_COLUMN && found->column && found->column != column))) {
      const corm_node *renamed = corm_from_selected_in(arena, from, column);
      if (renamed) ((corm_alias *)(uintptr_t)from)->renames = true; /* a script's own, in its userdata */
      if (renamed) found = (const corm_column_node *)renamed;
    }
    if (!found && arena->failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
    if (!found && !column) continue; /* it can be computed, or asked for */
    if (column && found && found->base.kind == CORM_NODE_COLUMN && found->column && found->column != column)
      binding_error(L, CORM_E_ARGUMENT, "aliased: the subquery's column '%s' is another one than %s.%s", column->key,
                    mapper->name, mapper->attributes[i].key);
    if (!found && mapper->attributes[i].primary_key)
      binding_error(L, CORM_E_ARGUMENT, "aliased: the subquery has no column '%s', which is part of the key of %s", key,
                    mapper->name);
    if (found)
      set[i / 64] |= UINT64_C(1) << (i % 64);
    else
      partial = true;
  }
  binding_scratch_done(L, binding_get(L), arena);
  return partial;
}

/* entity(mapper [, from, alias, name]): the BUNDLE node of the class, or of its alias, a table; rows call it `name`. */
static int new_entity(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const corm_mapper *mapper = check_class(L, 1)->mapper;
  if (lua_isnoneornil(L, 2)) {
    binding_push_node(L, &mapper->bundle->base, 1);
    return 1;
  }
  const corm_node *from = binding_checkfrom(L, 2, "aliased");
  lua_settop(L, 4);
  const char *name = lua_tostring(L, 4);
  const size_t size = (mapper->nattributes / 64 + 1) * sizeof(uint64_t);
  uint64_t *set = memset(lua_newuserdatauv(L, size, 0), 0, size);
  const bool partial = from->kind == CORM_NODE_ALIAS && corm_from_element(from)->kind != CORM_NODE_TABLE &&
                       selected_slots(L, mapper, from, set);
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_bundle) + mapper->nattributes * (BINDING_ROOM(corm_column_node) + 16), 4);
  do {
    const corm_bundle *part = partial ? corm_mapper_part_in(&b.arena, mapper, from, -1, set) : NULL;
    node = partial ? (part ? &part->base : NULL) : corm_mapper_bundle_in(&b.arena, mapper, from);
    if (node && name) ((corm_bundle *)(uintptr_t)node)->name = name; /* made above */
  } while (binding_build_again(&b, node));
  for (int i = 1; i <= 3; i++) binding_anchor(L, i, i);
  lua_pushvalue(L, 4);
  lua_setiuservalue(L, -2, 4); /* a string, or nil */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->aliases);
  lua_pushvalue(L, 3);
  lua_rawsetp(L, -2, node);
  lua_pop(L, 1);
  return 1;
}

void binding_push_entity(lua_State *L, binding_state *state, const corm_node *entity) {
  const corm_mapper *mapper = mapper_of(entity);
  if (entity == &mapper->bundle->base) {
    binding_push_class(L, state, mapper);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->host->aliases);
  lua_rawgetp(L, -1, entity);
  lua_remove(L, -2);
}

/* synonym(mapper, name, key): another name for an attribute. False when there is no such attribute. */
static int add_synonym(lua_State *L) {
  binding_class *cls = check_class(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  luaL_checktype(L, 3, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, cls, 3);
  if (attr) {
    lua_pushvalue(L, 2);
    add_attr(L, 1, cls, *attr);
  }
  lua_pushboolean(L, attr != NULL);
  return 1;
}

/* is_attribute(mapper, key): whether the core knows it, as a column or a relationship, and whether it is hooked. */
static int is_attribute(lua_State *L) {
  const binding_class *cls = check_class(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, cls, 2);
  lua_pushboolean(L, attr != NULL);
  lua_pushboolean(L, attr && attr->hooked);
  return 2;
}

static void hook_names(binding_class *cls, const binding_attr *attr) {
  for (uint32_t i = 0; i < cls->cap; i++) {
    binding_attr *entry = &cls->attrs[i];
    if (entry->key && entry->kind == attr->kind && entry->slot == attr->slot &&
        entry->relationship == attr->relationship)
      entry->hooked = true;
  }
  cls->hooked = true;
}

/* hook(mapper, key): a validator or a listener wants to see the attribute's new values, here and in classes below. */
static int hook_attr(lua_State *L) {
  binding_class *cls = check_class(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  const binding_attr *attr = binding_find_attr(L, cls, 2);
  if (attr) {
    const binding_attr hooked = *attr;
    hook_names(cls, &hooked);
    for (size_t pos = 0;;) {
      binding_class *heir = next_heir(cls->mapper, &pos);
      if (!heir) break;
      hook_names(heir, &hooked);
    }
    if (attr->kind == BINDING_ATTR_RELATIONSHIP) attr->relationship->hooked = true;
  }
  lua_pushboolean(L, attr != NULL);
  return 1;
}

void binding_class_track(const binding_class *cls, uint32_t slot) {
  size_t pos = 0;
  for (const binding_class *at = cls; at; at = next_heir(cls->mapper, &pos))
    for (uint32_t i = 0; i < at->cap; i++)
      if (at->attrs[i].key && at->attrs[i].kind == BINDING_ATTR_COLUMN && at->attrs[i].slot == slot)
        at->attrs[i].tracked = true;
}

void binding_class_inherit(lua_State *L, binding_class *cls, const binding_class *parent) {
  for (uint32_t i = 0; i < parent->cap; i++) {
    if (!parent->attrs[i].key) continue;
    reserve_attr(L, cls);
    enter_own(cls, parent->attrs[i]);
  }
  cls->hooked = parent->hooked;
}

void binding_class_add_column(lua_State *L, int mapper, uint32_t slot) {
  binding_class *cls = check_class(L, mapper);
  const bool hosted = may_be_hosted(cls->mapper->attributes[slot].type);
  const bool read_only = cls->mapper->selected;
  add_attr(L, mapper, cls,
           (binding_attr){.kind = read_only ? BINDING_ATTR_EXPRESSION : BINDING_ATTR_COLUMN,
                          .hooked = read_only,
                          .hosted = hosted,
                          .slot = slot});
}

void binding_class_add_expression(binding_class *cls, const char *name, uint32_t slot, bool hosted) {
  enter_attr(cls, (binding_attr){
                      .key = name, .kind = BINDING_ATTR_EXPRESSION, .hooked = true, .hosted = hosted, .slot = slot});
}

const char *binding_class_reserve_name(lua_State *L, int mapper) {
  return reserve_name(L, mapper, check_class(L, mapper));
}

void binding_class_add_relationship(binding_class *cls, const char *name, corm_relationship *relationship,
                                    bool hooked) {
  enter_attr(cls, (binding_attr){
                      .key = name, .kind = BINDING_ATTR_RELATIONSHIP, .hooked = hooked, .relationship = relationship});
  relationship->hooked = relationship->hooked || hooked;
  cls->hooked = cls->hooked || hooked;
}

void binding_class_keep(lua_State *L, int mapper) {
  keep(L, mapper);
}

/* functions(table): what C calls by name from now on. */
static int set_functions(lua_State *L) {
  const binding_host *host = binding_upvalue(L)->host;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->functions);
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 2);
  }
  return 0;
}

void binding_open_mapper(lua_State *L) {
  static const luaL_Reg mapper_meta[] = {{"__gc", mapper_gc}, {NULL, NULL}};
  static const luaL_Reg registry_meta[] = {{"__gc", registry_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"registry", new_registry},
                                       {"address", registry_address},
                                       {"exclusively", registry_exclusively},
                                       {"busy", registry_busy},
                                       {"configure", registry_configure},
                                       {"touch", registry_touch},
                                       {"dispose", registry_dispose},
                                       {"depends", registry_depends},
                                       {"mapper", binding_new_mapper},
                                       {"alias", binding_mapper_alias},
                                       {"extend", binding_mapper_extend},
                                       {"level", binding_mapper_level},
                                       {"unite", binding_mapper_unite},
                                       {"unextend", binding_mapper_unextend},
                                       {"polymorphic_from", binding_polymorphic_from},
                                       {"polymorphic_entity", binding_polymorphic_entity},
                                       {"forget", forget_mapper},
                                       {"add_column", add_column},
                                       {"constructor", new_constructor},
                                       {"entity", new_entity},
                                       {"synonym", add_synonym},
                                       {"is_attribute", is_attribute},
                                       {"hook", hook_attr},
                                       {"names", binding_mapper_names},
                                       {"functions", set_functions},
                                       {NULL, NULL}};
  binding_metatable(L, BINDING_MAPPER, "Mapper", NULL, mapper_meta, NULL);
  binding_metatable(L, BINDING_REGISTRY, "registry", NULL, registry_meta, NULL);
  lua_pop(L, 2);
  binding_setfuncs(L, functions);
  binding_open_attribute(L);
  binding_open_bundle(L);
  binding_open_orm_help(L);
}
