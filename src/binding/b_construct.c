/*
 * User { name = "x" }: one allocation for the object, the text of its columns inside. Columns come first, in mapped
 * order, then relationships, then what is set by functions (hybrids), whatever order pairs() has.
 */
#include <string.h>

#include "binding/b_object.h"

#define CONSTRUCT_MAPPER lua_upvalueindex(2)
#define CONSTRUCT_FRAME  lua_upvalueindex(4) /* as binding_object_frame has it: the table of objects comes next */

/* Stack index kept for the anchor of the scratch memory. */
enum { CONSTRUCT_ANCHOR = 3 };

/* One construction: the values read so far. */
typedef struct construction {
  lua_State *L;
  binding_state *state;
  binding_class *cls;
  corm_value *values;  /* by slot; ABSENT: not given */
  corm_arena *scratch; /* NULL until something needs it: plain values do not */
  size_t text;
  bool relations; /* some were given */
  bool sql;       /* some values are expressions */
  bool others;    /* names that only lua/corm/descriptor.lua knows */
} construction;

static corm_arena *scratch_of(construction *c) {
  if (!c->scratch) {
    c->scratch = binding_scratch(c->L, c->state);
    lua_replace(c->L, CONSTRUCT_ANCHOR);
  }
  return c->scratch;
}

/* A key that is no attribute must be one that can be set, which lua/corm/descriptor.lua knows. */
static void check_other(construction *c) {
  lua_State *L = c->L;
  binding_host_function(L, c->state->host, "check_field");
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -4);
  lua_call(L, 2, 0);
  c->others = true;
}

/* The key is at the top - 1, the value at the top. */
static void read_column(construction *c, const binding_attr *attr) {
  if (binding_is_sql(c->L, lua_gettop(c->L))) { /* it is set once there is an object */
    c->sql = true;
    return;
  }
  corm_scratch scratch;
  corm_error err;
  corm_error_init(&err);
  corm_value *value = &c->values[attr->slot];
  corm_scratch_init(&scratch, &c->state->mem);
  corm_status status = binding_read_attr(c->L, lua_gettop(c->L), c->cls->mapper, attr, &scratch, value, &err);
  if (status == CORM_OK && corm_value_has_bytes(value)) {
    c->text += value->len;
    if (lua_type(c->L, -1) != LUA_TSTRING || value->as.s != lua_tostring(c->L, -1)) {
      value->as.s = corm_arena_dup(scratch_of(c), value->as.s, value->len);
      if (!value->as.s) status = corm_error_memory(&err);
    }
  }
  corm_scratch_clear(&scratch);
  if (status != CORM_OK) binding_raise(c->L, &err);
}

/* What is no column: the key is at the top - 1. */
static void read_other(construction *c, const binding_attr *attr) {
  lua_State *L = c->L;
  if (lua_type(L, -2) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: fields have names, got a key of type %s", c->cls->mapper->name,
                  binding_typename(L, -2));
  if (!attr) attr = binding_find_attr(L, c->cls, -2);
  if (!attr)
    check_other(c);
  else if (attr->kind == BINDING_ATTR_RELATIONSHIP)
    c->relations = true;
  else if (attr->kind == BINDING_ATTR_EXPRESSION)
    binding_refuse_assignment(L, c->cls->mapper, attr->key);
  else if (!attr->hooked)
    read_column(c, attr);
  else if (strcmp(attr->key, c->cls->mapper->attributes[attr->slot].key) != 0)
    c->others = true; /* by another name */
}

/* Looks at each field once: unknown names are refused before anything happens; columns without validators are read. */
static void read_fields(construction *c) {
  lua_State *L = c->L;
  const corm_attribute *attributes = c->cls->mapper->attributes;
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    const binding_attr *attr = binding_find_short(L, c->cls, -2);
    if (!attr || attr->kind != BINDING_ATTR_COLUMN || attr->hooked)
      read_other(c, attr);
    else if (binding_plain_value(L, -1, attributes[attr->slot].type, &c->values[attr->slot]))
      c->text += c->values[attr->slot].len; /* only bytes have a length */
    else
      read_column(c, attr);
    lua_pop(L, 1);
  }
}

/* Its class's polymorphic identity, unless another was given. */
static void identify(construction *c) {
  const corm_mapper *mapper = c->cls->mapper;
  corm_value *value = &c->values[mapper->discriminator];
  if (value->kind != CORM_ABSENT || !mapper->attributes[mapper->discriminator].column) return;
  *value = mapper->identity;
  c->text += corm_value_has_bytes(value) ? value->len : 0;
}

/* The object with the values of the plain columns, at the top of the stack. */
static corm_object *push_object(construction *c) {
  const corm_mapper *mapper = c->cls->mapper;
  corm_object *object = binding_object_block_at(c->L, c->state, CONSTRUCT_FRAME, corm_object_size(mapper, c->text),
                                                mapper->relationships.len > 0);
  corm_object_begin(object, c->cls->mapper); /* each slot is set below */
  char *text = (char *)&object->slots[mapper->nattributes];
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_value *value = &c->values[i];
    corm_value *slot = &object->slots[i];
    *slot = (corm_value){.as = value->as, .len = value->len, .kind = value->kind};
    if (!corm_value_has_bytes(value)) continue;
    slot->as.s = text;
    if (value->len) memcpy(text, value->as.s, value->len);
    text += value->len;
  }
  binding_object_filled(c->state, c->L, object);
  return object;
}

/* object[key] = fields[key] if that is there; the key's text is the core's. */
static void set_field(lua_State *L, int object, const char *key) {
  lua_pushstring(L, key);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, 2) == LUA_TNIL)
    lua_pop(L, 2);
  else
    lua_settable(L, object);
}

/* The same for a relationship, without the way over the metamethod. */
static void set_relation(const construction *c, int object, const char *key) {
  lua_State *L = c->L;
  lua_pushstring(L, key);
  const binding_attr *attr = binding_find_attr(L, c->cls, -1);
  if (!attr) binding_check_mapped(L, c->cls->mapper); /* a hook may have disposed of it */
  if (attr && lua_rawget(L, 2) != LUA_TNIL) binding_set_relationship(L, c->state, object, attr, lua_gettop(L));
  lua_pop(L, 1);
}

/* What the Lua half sets: names that stand for columns, or the others. */
static void set_others(const construction *c, int object, bool columns) {
  lua_State *L = c->L;
  if (!c->others) return;
  binding_host_function(L, c->state->host, "set_fields");
  lua_pushvalue(L, object);
  lua_pushvalue(L, 2);
  lua_pushboolean(L, columns);
  lua_call(L, 3, 0);
}

/* Those of columns that nobody wants to see first. */
static void set_expressions(const construction *c, int object) {
  lua_State *L = c->L;
  const corm_mapper *mapper = c->cls->mapper;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    lua_pushstring(L, mapper->attributes[i].key);
    const binding_attr *attr = binding_find_attr(L, c->cls, -1);
    (void)lua_rawget(L, 2);
    if (attr && attr->kind == BINDING_ATTR_COLUMN && !attr->hooked && binding_is_sql(L, lua_gettop(L)))
      binding_set_sql(L, c->state, object, attr, lua_gettop(L));
    lua_pop(L, 1);
  }
}

/* Hooked columns, relationships and hybrids go the way of an assignment. */
static void set_rest(construction *c, int object) {
  lua_State *L = c->L;
  const corm_mapper *mapper = c->cls->mapper;
  luaL_checkstack(L, 6, "object");
  if (c->sql) set_expressions(c, object);
  for (uint32_t i = 0; c->cls->hooked && i < mapper->nattributes; i++) {
    lua_pushstring(L, mapper->attributes[i].key);
    const binding_attr *attr = binding_find_attr(L, c->cls, -1);
    lua_pop(L, 1);
    if (attr && attr->hooked && attr->kind != BINDING_ATTR_EXPRESSION) set_field(L, object, attr->key);
  }
  set_others(c, object, true);
  for (size_t i = 0; c->relations && i < mapper->relationships.len; i++)
    set_relation(c, object, ((const corm_relationship *)mapper->relationships.items[i])->key);
  set_others(c, object, false);
}

int binding_construct(lua_State *L) {
  corm_value few[24];
  construction c = {.L = L, .state = binding_upvalue(L), .cls = lua_touserdata(L, CONSTRUCT_MAPPER), .values = few};
  const corm_mapper *mapper = c.cls->mapper;
  /* Nobody would finalize an object that is made at the end of the program. */
  if (!mapper || c.cls->life.waits)
    return binding_error(L, CORM_E_INVALID_REQUEST, "the mapped class is finalized already");
  c.state->L = L;
  if (mapper->selected)
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s is mapped to a select: its objects come from queries only",
                         mapper->name);
  if (lua_gettop(L) > 2)
    return binding_error(L, CORM_E_ARGUMENT, "%s: one table of fields expected, got %d arguments", mapper->name,
                         lua_gettop(L) - 1);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  } else if (!lua_istable(L, 2) || (lua_getmetatable(L, 2) && !binding_is_plain_table(L, 2))) {
    return binding_error(L, CORM_E_ARGUMENT, "%s: a table of fields expected, got %s", mapper->name,
                         binding_typename(L, 2));
  }
  binding_configure(L, c.state, mapper->registry);
  lua_settop(L, 2);
  lua_pushnil(L); /* CONSTRUCT_ANCHOR */
  if (mapper->nattributes > sizeof few / sizeof *few)
    c.values = corm_arena_alloc(scratch_of(&c), mapper->nattributes * sizeof *c.values);
  if (!c.values) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  memset(c.values, 0, mapper->nattributes * sizeof *c.values);
  read_fields(&c);
  if (mapper->discriminator >= 0 && mapper->identity.kind != CORM_ABSENT) identify(&c);
  (void)push_object(&c);
  const int object = lua_gettop(L);
  if (c.scratch) binding_scratch_done(L, c.state, c.scratch);
  if (c.relations || c.others || c.sql || c.cls->hooked) set_rest(&c, object);
  return 1;
}
