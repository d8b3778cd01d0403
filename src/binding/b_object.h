/*
 * Mapped classes and their objects in Lua. A class is a Lua table whose metatable knows its Mapper userdata; objects
 * share one metatable and find their class through their corm_mapper.
 */
#ifndef CORM_BINDING_B_OBJECT_H
#define CORM_BINDING_B_OBJECT_H

#include "binding/b_host.h"

typedef enum binding_attr_kind {
  BINDING_ATTR_COLUMN,
  BINDING_ATTR_EXPRESSION, /* hooked, so that it is refused where values are set */
  BINDING_ATTR_RELATIONSHIP
} binding_attr_kind;

/* What a name of a class means; found by the address of the interned name. */
typedef struct binding_attr {
  const char *key; /* NULL: free entry */
  uint8_t kind;
  bool hooked;  /* a validator or a listener wants to see new values */
  bool hosted;  /* its column's type calls Lua */
  bool tracked; /* its values tell of changes inside them (lua/corm/mutable.lua); hooked, too */
  uint32_t slot;
  corm_relationship *relationship;
} binding_attr;

/* User values of a Mapper. ANCHORS keeps the names of the attributes. */
enum {
  BINDING_CLASS_TABLE = 1,
  BINDING_CLASS_REGISTRY,
  BINDING_CLASS_ANCHORS,
  BINDING_CLASS_SLOTS = BINDING_CLASS_ANCHORS
};

/* The Mapper userdata. */
typedef struct binding_class {
  binding_head head;
  binding_state *state;
  corm_mapper *mapper; /* NULL when making it failed */
  binding_attr *attrs; /* open addressing */
  uint32_t cap, n;
  uint32_t number; /* in host->classes */
  ptrdiff_t text;  /* from lua_topointer of a string to its characters */
  uint32_t living; /* objects that exist */
  bool hooked;     /* some attribute is */
  binding_life life;
} binding_class;

/* The registry userdata. */
typedef struct binding_registry {
  binding_head head;
  corm_registry registry;
  bool busy; /* it is being configured */
  binding_life life;
} binding_registry;

/* -- objects -- */
/* Pushes the userdata of an object; nil for NULL and for one that is condemned. */
void binding_push_object(lua_State *L, binding_state *state, const corm_object *object);
/* The object at arg, or NULL. */
corm_object *binding_toobject(lua_State *L, int arg);
/* The same for many. */
corm_object *binding_object_at(lua_State *L, const binding_state *state, int arg);
/* The same; ArgumentError "add: an object of a mapped class expected, got string". */
corm_object *binding_checkobject(lua_State *L, int arg, const char *what);
/* UnmappedError for what a registry let go; its objects are no objects for the functions here. */
void binding_check_mapped(lua_State *L, const corm_mapper *mapper);
/* The same for an object of such; nothing for other values. */
void binding_refuse_disposed(lua_State *L, int arg);

/*
 * A block for a new object with `size` bytes, ready for corm_object_init or corm_loader_fill; left on the stack. When
 * the core has filled it, binding_object_filled makes it known (cannot fail). An unfilled block is harmless garbage.
 * `points`: its class has relationships. `frame` is the absolute index of the two values that binding_object_frame
 * pushes, once for many blocks; the caller has seen to three places on the stack.
 */
void binding_object_frame(lua_State *L, binding_state *state);
/* Room for one more handle, so that taking one and giving it back cannot fail. */
void binding_more_handles(lua_State *L, binding_host *host);
/* The handle is taken when nothing can run a finalizer any more: those give handles back. */
static inline void *binding_object_block_at(lua_State *L, binding_state *state, int frame, size_t size, bool points) {
  binding_host *host = state->host;
  if (host->handles + 1 >= host->cap) binding_more_handles(L, host);
  corm_object *block = lua_newuserdatauv(L, size, points);
  block->host_tag = BINDING_TAG(BINDING_OBJECT);
  block->handle = 0;
  block->mapper = NULL; /* until it is filled */
  lua_pushvalue(L, frame);
  lua_setmetatable(L, -2);
  block->handle = host->nfree ? host->free[--host->nfree] : ++host->handles;
  lua_pushvalue(L, -1);
  lua_rawseti(L, frame + 1, block->handle);
  return block;
}
#define binding_class_of(mapper) ((binding_class *)(mapper)->host_data)
/* Keeps the class that gets its first object. */
void binding_keep_class(lua_State *L, const binding_host *host, const binding_class *cls);
static inline void binding_object_filled(const binding_state *state, lua_State *L, const corm_object *object) {
  binding_class *cls = binding_class_of(object->mapper);
  if (cls->living++ == 0) binding_keep_class(L, state->host, cls);
}

/* -- classes -- */
/* The mapper of a class, by its metatable's first item, which nothing but a class has; NULL for other values. */
corm_mapper *binding_class_at(lua_State *L, int arg);
/* The mapper of a class or of an alias of one; NULL for other values. */
corm_mapper *binding_tomapper(lua_State *L, int arg);
/* The same for a class itself; UnmappedError "get: a mapped class expected, got table". */
corm_mapper *binding_checkmapper(lua_State *L, int arg, const char *what);
/* Pushes the class table of a mapper. */
void binding_push_class(lua_State *L, binding_state *state, const corm_mapper *mapper);
/* Pushes the class or the alias that a BUNDLE of a mapper stands for. */
void binding_push_entity(lua_State *L, binding_state *state, const corm_node *entity);

/* Resolves the relationships of the registry, once; raises what is wrong with them. */
void binding_configure(lua_State *L, binding_state *state, corm_registry *registry);
/* The same for all classes that a statement mentions: before a loader is made of it. */
void binding_configure_statement(lua_State *L, binding_state *state, const corm_node *statement);

/* The entry of a name (at stack index `key`, a string), or NULL. */
const binding_attr *binding_find_attr(lua_State *L, const binding_class *cls, int key);

/* The same for the hot paths, in one call of Lua's API. What it misses (long names, keys of other types) is not known
   yet. */
const binding_attr *binding_find_short(lua_State *L, const binding_class *cls, int key);

/* Reads what needs no conversion: integers, floats, booleans and text of the plain types, within their limits. Text is
 * borrowed from the stack. */
bool binding_plain_value(lua_State *L, int arg, const corm_type *type, corm_value *out);
/* Reads the Lua value at arg as the canonical value of a column attribute; bytes are borrowed from the stack or the
 * scratch. */
CORM_MUST_USE corm_status binding_read_attr(lua_State *L, int arg, const corm_mapper *mapper, const binding_attr *attr,
                                            corm_scratch *scratch, corm_value *out, corm_error *err);

/* -- expressions as values (b_object_sql.c); the indices are absolute -- */
/* Whether the value is an SQL expression. */
bool binding_is_sql(lua_State *L, int arg);
/* Sets a column of the object to the expression at `value`, and keeps it. Raises. */
void binding_set_sql(lua_State *L, binding_state *state, int object, const binding_attr *attr, int value);
/* Pushes the expression that a slot with CORM_VALUE_SQL has. */
void binding_push_sql(lua_State *L, const binding_state *state, int object, uint32_t slot);

/* -- tables that objects show for values (b_held.c); the indices are absolute -- */
/* The table at the top is what the object shows for the slot from now on, until that gets another value. */
void binding_hold(lua_State *L, const binding_state *state, int object, uint32_t slot);
/* Pushes it and returns true, or pushes nothing. Asked where CORM_SLOT_HELD is set. */
bool binding_push_held(lua_State *L, const binding_state *state, int object, uint32_t slot);
/* Pushes what is in memory of a slot: the expression, the table that is held, or its value; NULL is nil. */
void binding_push_slot(lua_State *L, const binding_state *state, int object, uint32_t slot);
/* Functions of types are told the dialect of the object's session. */
void binding_tell_dialect(binding_state *state, const corm_object *object);
/* Marks the attribute of a slot as tracked, here and in the classes below (b_mapper.c). */
void binding_class_track(const binding_class *cls, uint32_t slot);
void binding_open_held(lua_State *L);

/* -- the Mapper userdata at stack index `mapper` (b_mapper.c) -- */
/* Makes room for the attribute named at the top, which is popped; then entering it cannot fail. */
const char *binding_class_reserve_name(lua_State *L, int mapper);
/* Makes the relationship an attribute of the class, under a name so reserved. `hooked`: as in binding_attr. */
void binding_class_add_relationship(binding_class *cls, const char *name, corm_relationship *relationship, bool hooked);
/* What a class's life ends with. */
void binding_class_free(binding_life *life);
/* Enters the column attribute of a slot under the name at the top, which is popped. */
void binding_class_add_column(lua_State *L, int mapper, uint32_t slot);
/* Makes the attribute in a slot that is no column known under a name so reserved. `hosted`: as in binding_attr. */
void binding_class_add_expression(binding_class *cls, const char *name, uint32_t slot, bool hosted);
/* Gives a new class the names of its parent, whose Mapper it keeps. */
void binding_class_inherit(lua_State *L, binding_class *cls, const binding_class *parent);
/* Keeps the value at the top, which is popped, as long as the Mapper lives. */
void binding_class_keep(lua_State *L, int mapper);

/* The class or alias whose attribute (column or other expression) the value at `arg` is, and its slot; NULL: none. */
const corm_bundle *binding_toattribute(lua_State *L, int arg, int32_t *slot);
/* The name that the key of values at `arg` is, or has: a string, or Class.hybrid and Class.composite of columns of the
   table; NULL: a column, or something else. */
const char *binding_attribute_name(lua_State *L, int arg, const corm_table *table, corm_arena *scratch);
/* With the native module on the top. */
void binding_open_attribute(lua_State *L);
/* ArgumentError: the attribute is read only. */
int binding_refuse_assignment(lua_State *L, const corm_mapper *mapper, const char *key);

/* Raises where an object is at arg, behind the one that is meant; `all` says how several are given. */
void binding_refuse_another(lua_State *L, int arg, const char *what, const char *all);

/* Assigns the value at `value` to a relationship of the object at `object`; the indices are absolute. */
void binding_set_relationship(lua_State *L, binding_state *state, int object, const binding_attr *attr, int value);

/* Pushes the class, the Mapper (parent) or the property of Class.key, and returns true; false: `name` is another one.
 */
bool binding_push_attribute_fact(lua_State *L, const corm_mapper *mapper, const char *key, const char *name);
/* The same of a column, if it is an attribute's. */
bool binding_push_column_fact(lua_State *L, const corm_column_node *column, const char *name);
/* -- names that lua/corm/descriptor.lua knows (b_descriptor.c): see binding_orm_hooks -- */
bool binding_push_filter(lua_State *L, const corm_node *entity, const char *key, int value);
bool binding_push_column_fact(lua_State *L, const corm_column_node *column, const char *name);
/* The same for any attribute: pushes the class, the Mapper (parent) or the property of Class.key. */
bool binding_push_attribute_fact(lua_State *L, const corm_mapper *mapper, const char *key, const char *name);
const corm_column *binding_entity_column(lua_State *L, const corm_node *entity, int key);
bool binding_push_assigned(lua_State *L, const corm_node *entity, int key, int value);
/* Raises that the table has no column of the name at `key`; `entity` NULL: none is spoken of. */
void binding_refuse_name(lua_State *L, const corm_node *entity, const corm_table *table, const char *what, int key);

/* -- collections (b_collection.c) -- */
/* Pushes the collection of a relationship of the object at index. */
void binding_push_collection(lua_State *L, int object, corm_relationship *relationship);
/* The objects of the Collection at arg, loaded, as long as nothing changes them; and its relationship. */
const corm_items *binding_collection_items(lua_State *L, int arg, const corm_relationship **relationship);
/* Replaces its content by the list (or collection) at `value`. Indices are absolute. */
void binding_assign_collection(lua_State *L, int object, const binding_attr *attr, int value);
/* The object at `value`, fit for the relationship of `object` (validators called); nil gives NULL when `nullable`. May
   replace the value on the stack. ArgumentError names Class.attr. */
corm_object *binding_checktarget(lua_State *L, int object, const binding_attr *attr, int value, bool nullable);

/*
 * b_mapper_def.c: mapper(registry, name, table, keys, class, parent, options): keys[i] names column i of the table.
 * Without a table (nil) the class shares that of its parent: options.columns[i] are the columns that keys[i] names.
 * options: attributes (by key: what binding_read_attribute reads), primary_key (columns), version (a key),
 * version_generator (a function or false), unconfirmed_deletes, whole_keys, active_updates, one_by_one, refreshes,
 * discriminator (a key), identity (its value for the class), on (the condition that joins parent and table).
 */
int binding_new_mapper(lua_State *L);
/* The fields of a table of deferred, group, raiseload, active_history; borrows from it. Other values: none. */
void binding_read_attribute(lua_State *L, int options, corm_attribute_def *def);
int binding_mapper_alias(lua_State *L);
int binding_mapper_extend(lua_State *L);
int binding_mapper_unite(lua_State *L);
int binding_mapper_level(lua_State *L);
int binding_mapper_names(lua_State *L);
int binding_mapper_unextend(lua_State *L);
/* b_polymorphic.c: polymorphic_from(mapper, mappers or nil for all, aliased): what with_polymorphic selects from;
   polymorphic_entity(mapper, mappers, from, entity): the BUNDLE over it. */
int binding_polymorphic_from(lua_State *L);
int binding_polymorphic_entity(lua_State *L);
/* The table that an INSERT, or another statement (`changes`), of the class at 1 writes, where that is not its FROM;
   NULL: it is. ArgumentError for classes that have no such table, or more than one. */
const corm_node *binding_dml_class(lua_State *L, const corm_node *from, const char *what, bool changes);

/* relationship(mapper, key, options): all options are resolved, `target` is the class. Done wholly or not at all
   (b_relationship_def.c). */
int binding_declare_relationship(lua_State *L);
/* mark_column(column, remote): in b_relationship_def.c. */
int binding_mark_column(lua_State *L);

/* -- Class.relation (b_relationship.c) -- */
/* The relationship that the value at arg names, configured; *from gets the alias that it belongs to, or NULL, *criteria
   what and_() has added, over the target's own FROM, or NULL, *type what of_type() has said, or NULL. */
corm_relationship *binding_checkrelationship(lua_State *L, int arg, const char *what, const corm_node **from,
                                             const corm_node **criteria, const corm_bundle **type);

void binding_open_object(lua_State *L);
/* The __call of a class, with its Mapper as upvalue 2, the table of objects and their metatable as upvalues 3 and 4. */
int binding_construct(lua_State *L);
void binding_open_collection(lua_State *L);
void binding_open_write_only(lua_State *L);
void binding_open_keyed(lua_State *L);
void binding_open_mapper(lua_State *L);
void binding_open_orm_help(lua_State *L);
void binding_open_relationship(lua_State *L);
void binding_open_inspect(lua_State *L);
void binding_open_class_inspect(lua_State *L);
void binding_open_committed(lua_State *L);

#endif
