/*
 * Collections: the many side of a relationship as a Lua value that behaves like a sequence. A collection holds nothing:
 * it looks at its object's link each time, so that it follows reloads and changes from the other side. Each object has
 * one for each relationship.
 */
#include <string.h>

#include "binding/b_object.h"

/* `for x in c` has only the value before: where a loop stands is remembered for so many loops at once. */
#define CURSORS 8
/* Objects lie apart: a loop is likely to come to the one so many positions later. */
#define AHEAD 2

typedef struct cursor {
  const corm_object *last;
  uint32_t position;
} cursor;

typedef struct cursors {
  uint32_t newest;
  cursor items[CURSORS];
} cursors;

/* User value 1: the object; 2: the cursors, once there is a loop; 3: what the script sees of it, if that is no list. */
typedef struct collection {
  binding_head head;
  corm_object *object;
  corm_relationship *relationship;
} collection;

/* -- reaching it --------------------------------------------------------------------------------------------------- */

/* Calls a function of lua/corm with the relationship's class and key behind the value at the top, which the result
   replaces. */
static void call_shape(lua_State *L, const corm_relationship *relationship, const char *function) {
  binding_state *state = binding_get(L);
  luaL_checkstack(L, 12, "collection");
  const int value = lua_gettop(L);
  const bool view = strcmp(function, "collection_view") == 0;
  binding_host_function(L, state->host, function);
  if (view) lua_pushvalue(L, value);
  binding_push_class(L, state, relationship->parent);
  lua_pushstring(L, relationship->key);
  if (view)
    lua_getiuservalue(L, value, 1);
  else
    lua_pushvalue(L, value);
  lua_call(L, view ? 4 : 3, 1);
  lua_replace(L, value);
}

static void push_list(lua_State *L, int object, corm_relationship *relationship) {
  object = lua_absindex(L, object);
  corm_object *owner = lua_touserdata(L, object);
  luaL_checkstack(L, 9, "collection");
  const binding_host *host = binding_get(L)->host;
  corm_link *link = corm_object_link(owner, relationship);
  if (!link) binding_error(L, CORM_E_MEMORY, "not enough memory");
  if (link->edge) {
    binding_edge_push(L, host, object, link->edge);
    return;
  }
  collection *c = binding_new(L, BINDING_COLLECTION, sizeof *c, relationship->shaped ? 3 : 2);
  c->object = owner;
  c->relationship = relationship;
  lua_pushvalue(L, object);
  lua_setiuservalue(L, -2, 1);
  link = corm_object_find_link(owner, relationship);
  if (link->edge) { /* a finalizer asked for it meanwhile */
    binding_edge_push(L, host, object, link->edge);
    return;
  }
  lua_pushvalue(L, -1);
  link->edge = binding_edge_keep(L, host, object);
}

void binding_push_collection(lua_State *L, int object, corm_relationship *relationship) {
  push_list(L, object, relationship);
  if (!relationship->shaped) return;
  const int list = lua_gettop(L);
  if (lua_getiuservalue(L, list, 3) == LUA_TNIL) {
    lua_pushvalue(L, list);
    lua_replace(L, -2);
    call_shape(L, relationship, "collection_view");
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, list, 3);
  }
  lua_replace(L, list);
}

static collection *check(lua_State *L, const char *what) {
  collection *c = lua_touserdata(L, 1);
  if (c && lua_rawlen(L, 1) == sizeof *c && c->head.tag == BINDING_TAG(BINDING_COLLECTION) && lua_getmetatable(L, 1)) {
    const void *identity = lua_topointer(L, -1);
    lua_pop(L, 1);
    if (identity == binding_upvalue(L)->identity[BINDING_COLLECTION]) return c;
  }
  return binding_check(L, 1, BINDING_COLLECTION, what);
}

/* For the hot paths: a block is known by its length and tag. */
static collection *self_of(lua_State *L, const char *what) {
  collection *c = lua_touserdata(L, 1);
  return c && lua_rawlen(L, 1) == sizeof *c && c->head.tag == BINDING_TAG(BINDING_COLLECTION) ? c : check(L, what);
}

static const char *name_of(lua_State *L, const corm_relationship *relationship) {
  return lua_pushfstring(L, "%s.%s", relationship->parent->name, relationship->key);
}

/* Its link, loaded. */
static corm_link *link_of(lua_State *L, collection *c) {
  corm_error err;
  corm_error_init(&err);
  if (!c->object->mapper) binding_error(L, CORM_E_ARGUMENT, "the object of this collection is gone");
  binding_check_mapped(L, c->object->mapper);
  corm_link *link = corm_object_find_link(c->object, c->relationship);
  if (link && link->loaded) return link;
  binding_get(L)->L = L;
  if (corm_object_get_many(c->object, c->relationship, &link, &err) != CORM_OK) binding_raise(L, &err);
  return link;
}

const corm_items *binding_collection_items(lua_State *L, int arg, const corm_relationship **relationship) {
  collection *c = binding_check(L, arg, BINDING_COLLECTION, "collection");
  *relationship = c->relationship;
  return corm_link_items(link_of(L, c));
}

static const binding_attr *attr_of(lua_State *L, const corm_relationship *relationship) {
  binding_check_mapped(L, relationship->parent);
  lua_pushstring(L, relationship->key);
  const binding_attr *attr = binding_find_attr(L, binding_class_of(relationship->parent), -1);
  lua_pop(L, 1);
  return attr;
}

/* -- what may go in ------------------------------------------------------------------------------------------------ */

/* Validators may make an object of what is none: the value at `value` becomes what they give. They are not asked again.
 */
static void convert(lua_State *L, int object, const binding_attr *attr, int value) {
  binding_host *host = binding_get(L)->host;
  value = lua_absindex(L, value);
  luaL_checkstack(L, 6, "validator");
  binding_host_function(L, host, attr->relationship->uselist ? "attribute_append" : "attribute_set");
  lua_pushvalue(L, object);
  lua_pushstring(L, attr->key);
  lua_pushvalue(L, value);
  lua_call(L, 3, 1);
  lua_replace(L, value);
  host->converted = binding_toobject(L, value);
}

corm_object *binding_checktarget(lua_State *L, int object, const binding_attr *attr, int value, bool nullable) {
  const corm_relationship *relationship = attr->relationship;
  if (nullable && binding_is_null(L, value)) return NULL;
  if (attr->hooked && !binding_toobject(L, value)) convert(L, object, attr, value);
  if (nullable && binding_is_null(L, value)) return NULL;
  corm_object *target = binding_toobject(L, value);
  if (!target)
    binding_error(L, CORM_E_ARGUMENT, "%s holds %s objects, got %s", name_of(L, relationship),
                  relationship->target->name, binding_typename(L, value));
  return target;
}

/* The object at index 1 of a method is the collection's owner: its userdata is pushed. */
static int push_owner(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  return lua_gettop(L);
}

static corm_object *check_item(lua_State *L, const collection *c, int value) {
  const binding_attr *attr = attr_of(L, c->relationship);
  int owner = push_owner(L);
  corm_object *target = binding_checktarget(L, owner, attr, value, false);
  lua_settop(L, owner - 1);
  return target;
}

static void insert(lua_State *L, collection *c, uint32_t position, corm_object *target) {
  binding_state *state = binding_get(L);
  const uint32_t mark = state->host->nkept;
  corm_error err;
  corm_error_init(&err);
  state->L = L;
  const corm_status status = corm_object_insert(c->object, c->relationship, position, target, &err);
  binding_host_forget(L, state->host, mark);
  if (status != CORM_OK) binding_raise(L, &err);
}

static void remove_at(lua_State *L, collection *c, uint32_t position) {
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (corm_object_remove_at(c->object, c->relationship, position, &err) != CORM_OK) binding_raise(L, &err);
}

/* A position from 1 to the limit, as the core counts. */
static uint32_t check_position(lua_State *L, const collection *c, int arg, uint32_t limit, const char *what) {
  int is_integer;
  lua_Integer position = lua_tointegerx(L, arg, &is_integer);
  if (!is_integer || lua_type(L, arg) != LUA_TNUMBER)
    binding_error(L, CORM_E_ARGUMENT, "%s of %s: a position expected, got %s", what, name_of(L, c->relationship),
                  binding_typename(L, arg));
  if (position < 1 || position > (lua_Integer)limit)
    binding_error(L, CORM_E_ARGUMENT, "%s of %s: position %lld is outside 1 to %u", what, name_of(L, c->relationship),
                  (long long)position, (unsigned)limit);
  return (uint32_t)(position - 1);
}

/* -- assigning all ------------------------------------------------------------------------------------------------- */

/* The objects of the list or collection at `value`, in scratch memory; validators may replace them, so they stand in a
   table at the top of the stack, from index `first` on. */
static corm_object **read_list(lua_State *L, int object, const binding_attr *attr, int value, lua_Integer first,
                               corm_arena *scratch, uint32_t *n) {
  const binding_state *state = binding_get(L);
  const bool plain = lua_istable(L, value);
  const int kept = lua_gettop(L);
  lua_Integer len = plain ? (lua_Integer)lua_rawlen(L, value) : luaL_len(L, value);
  corm_object **targets = corm_arena_alloc(scratch, (size_t)(len + 1) * sizeof *targets);
  if (!targets) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (lua_Integer i = 1; i <= len; i++) {
    if (plain)
      lua_rawgeti(L, value, i);
    else
      lua_geti(L, value, i);
    corm_object *target = binding_object_at(L, state, -1);
    targets[i - 1] = target ? target : binding_checktarget(L, object, attr, -1, false);
    lua_rawseti(L, kept, first + i - 1);
  }
  *n = (uint32_t)len;
  return targets;
}

static int check_list(lua_State *L, const corm_relationship *relationship, int value) {
  if (binding_is_null(L, value))
    binding_error(L, CORM_E_ARGUMENT, "%s: a list of %s objects expected, got nil; an empty one is {}",
                  name_of(L, relationship), relationship->target->name);
  const bool plain = binding_is_plain_table(L, value);
  if (!plain && !binding_test(L, value, BINDING_COLLECTION))
    binding_error(L, CORM_E_ARGUMENT, "%s: a list of %s objects expected, got %s", name_of(L, relationship),
                  relationship->target->name, binding_typename(L, value));
  return plain ? (int)lua_rawlen(L, value) : 0;
}

/* Hooks see the whole list, as a table of their own, before its objects: the value at the top takes its place. */
static int ask_about_list(lua_State *L, int object, const binding_attr *attr, int value) {
  binding_host_function(L, binding_get(L)->host, "attribute_bulk_replace");
  lua_pushvalue(L, object);
  lua_pushstring(L, attr->key);
  const lua_Integer n = luaL_len(L, value);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, value, i);
    lua_rawseti(L, -2, i);
  }
  lua_call(L, 3, 1);
  return lua_gettop(L);
}

/* The table that keeps the objects becomes the table of the edges to them, where a new object has none. */
void binding_assign_collection(lua_State *L, int object, const binding_attr *attr, int value) {
  binding_state *state = binding_get(L);
  corm_relationship *relationship = attr->relationship;
  corm_error err;
  corm_error_init(&err);
  uint32_t n;
  const int top = lua_gettop(L);
  if (relationship->shaped) {
    lua_pushvalue(L, value);
    call_shape(L, relationship, "collection_values");
    value = lua_gettop(L);
  }
  int size = check_list(L, relationship, value);
  luaL_checkstack(L, 12, "list");
  if (attr->hooked) {
    value = ask_about_list(L, object, attr, value);
    size = check_list(L, relationship, value);
  }
  corm_arena *scratch = binding_scratch(L, state);
  corm_object *owner = lua_touserdata(L, object);
  const bool fresh = !corm_relationship_asks(relationship) && !(owner->flags & CORM_OBJECT_KEYED);
  const bool first = size && fresh && binding_edges_begin(L, state->host, object, size);
  if (!first) lua_createtable(L, size, 0);
  corm_object **targets = read_list(L, object, attr, value, first ? 2 : 1, scratch, &n);
  if (first) binding_edges_end(L, state->host, object);
  const uint32_t mark = state->host->nkept;
  state->L = L;
  const corm_status status = corm_object_replace(owner, relationship, targets, n, first, &err);
  binding_host_forget(L, state->host, mark);
  if (status != CORM_OK) binding_raise(L, &err);
  binding_scratch_done(L, state, scratch);
  lua_settop(L, top);
}

/* -- as a sequence ------------------------------------------------------------------------------------------------- */

static int collection_index(lua_State *L) {
  if (!lua_isinteger(L, 2)) return binding_method(L, BINDING_COLLECTION, 2);
  const corm_items *items = corm_link_items(link_of(L, self_of(L, "collection")));
  const lua_Integer i = lua_tointeger(L, 2);
  if (i < 1 || i > (lua_Integer)items->n) return 0;
  if ((lua_Unsigned)i + AHEAD <= items->n) __builtin_prefetch(&items->ptr[i - 1 + AHEAD].object->mapper);
  binding_push_object(L, binding_upvalue(L), items->ptr[i - 1].object);
  return 1;
}

/* c[i] = object replaces, c[#c + 1] = object appends, c[i] = nil removes. */
static int collection_newindex(lua_State *L) {
  collection *c = check(L, "collection");
  uint32_t n = corm_link_items(link_of(L, c))->n;
  if (lua_isnil(L, 3)) {
    remove_at(L, c, check_position(L, c, 2, n, "removal"));
    return 0;
  }
  uint32_t position = check_position(L, c, 2, n + 1, "assignment");
  corm_object *target = check_item(L, c, 3);
  if (position < n && corm_link_items(link_of(L, c))->ptr[position].object == target) return 0;
  insert(L, c, position, target); /* first: it may be refused */
  if (position < n) remove_at(L, c, position + 1);
  return 0;
}

static int collection_len(lua_State *L) {
  lua_pushinteger(L, corm_link_items(link_of(L, check(L, "collection")))->n);
  return 1;
}

static int same_items(const corm_items *a, const corm_items *b) {
  if (a->n != b->n) return 0;
  for (uint32_t i = 0; i < a->n; i++)
    if (a->ptr[i].object != b->ptr[i].object) return 0;
  return 1;
}

static int collection_eq(lua_State *L) {
  collection *a = binding_test(L, 1, BINDING_COLLECTION), *b = binding_test(L, 2, BINDING_COLLECTION);
  if (!a || !b) {
    lua_pushboolean(L, 0);
    return 1;
  }
  (void)link_of(L, a);
  const corm_link *second = link_of(L, b);
  lua_pushboolean(L, same_items(corm_link_items(link_of(L, a)), corm_link_items(second)));
  return 1;
}

/*
 * The position after the one where the loop stands: behind the object that it had last, or, when that one was taken out
 * meanwhile, where it was.
 */
static uint32_t next_position(cursors *c, const corm_items *items, const corm_object *last, cursor **at) {
  for (uint32_t i = 0; i < CURSORS; i++) {
    cursor *each = &c->items[(c->newest + CURSORS - i) % CURSORS];
    if (each->last != last) continue;
    *at = each;
    if (each->position < items->n && items->ptr[each->position].object == last) return each->position + 1;
    int64_t moved = corm_items_index(items, last);
    return moved >= 0 ? (uint32_t)moved + 1 : each->position;
  }
  *at = &c->items[c->newest = (c->newest + 1) % CURSORS];
  int64_t found = corm_items_index(items, last);
  return found >= 0 ? (uint32_t)found + 1 : items->n;
}

static cursors *cursors_of(lua_State *L) {
  lua_getiuservalue(L, 1, 2);
  cursors *c = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (c) return c;
  c = lua_newuserdatauv(L, sizeof *c, 0);
  memset(c, 0, sizeof *c);
  lua_setiuservalue(L, 1, 2);
  return c;
}

/* `for x in c do` */
static int collection_call(lua_State *L) {
  collection *self = check(L, "collection");
  cursors *c = cursors_of(L);
  const corm_items *items = corm_link_items(link_of(L, self));
  cursor *at;
  uint32_t position = 0;
  const corm_object *last = binding_toobject(L, 3);
  if (last)
    position = next_position(c, items, last, &at);
  else
    at = &c->items[c->newest = (c->newest + 1) % CURSORS];
  if (position >= items->n) {
    *at = (cursor){0};
    return 0;
  }
  *at = (cursor){items->ptr[position].object, position};
  binding_push_object(L, binding_upvalue(L), at->last);
  return 1;
}

static int pairs_step(lua_State *L) {
  lua_Integer i = luaL_checkinteger(L, 2) + 1;
  lua_pushinteger(L, i);
  return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int collection_pairs(lua_State *L) {
  check(L, "pairs");
  lua_pushcfunction(L, pairs_step);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

static int collection_tostring(lua_State *L) {
  const collection *c = check(L, "tostring");
  lua_pushfstring(L, "collection %s of %s", name_of(L, c->relationship), luaL_tolstring(L, push_owner(L), NULL));
  return 1;
}

/* -- methods ------------------------------------------------------------------------------------------------------- */

static int collection_append(lua_State *L) {
  collection *c = check(L, "Collection:append");
  binding_refuse_another(L, 3, "append", "several are appended by extend { ... }");
  lua_settop(L, 2);
  corm_object *target = check_item(L, c, 2);
  insert(L, c, corm_link_items(link_of(L, c))->n, target);
  return 0;
}

static int collection_insert(lua_State *L) {
  collection *c = check(L, "Collection:insert");
  lua_settop(L, 3);
  uint32_t position = check_position(L, c, 2, corm_link_items(link_of(L, c))->n + 1, "insert");
  insert(L, c, position, check_item(L, c, 3));
  return 0;
}

/* Hooks may give another object for each. */
static int extend_one_by_one(lua_State *L, collection *c) {
  const lua_Integer n = luaL_len(L, 2);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 2, i);
    insert(L, c, UINT32_MAX, check_item(L, c, lua_gettop(L)));
    lua_pop(L, 1);
  }
  return 0;
}

static int collection_extend(lua_State *L) {
  collection *c = check(L, "Collection:extend");
  binding_state *state = binding_upvalue(L);
  uint32_t n;
  lua_settop(L, 2);
  const int owner = push_owner(L), size = check_list(L, c->relationship, 2);
  const binding_attr *attr = attr_of(L, c->relationship);
  if (attr->hooked) return extend_one_by_one(L, c);
  corm_arena *scratch = binding_scratch(L, state);
  lua_createtable(L, size, 0);
  corm_object **targets = read_list(L, owner, attr, 2, 1, scratch, &n);
  for (uint32_t i = 0; i < n; i++) insert(L, c, UINT32_MAX, targets[i]);
  binding_scratch_done(L, state, scratch);
  return 0;
}

/* 0-based position of the object at index 2. */
static int64_t find(lua_State *L, collection *c) {
  const corm_object *target = binding_toobject(L, 2);
  return target ? corm_items_index(corm_link_items(link_of(L, c)), target) : -1;
}

static int collection_remove(lua_State *L) {
  collection *c = check(L, "Collection:remove");
  binding_refuse_another(L, 3, "remove", "each is removed by a call");
  const corm_object *target = binding_checkobject(L, 2, "Collection:remove");
  int64_t at = find(L, c);
  if (at < 0)
    return binding_error(L, CORM_E_ARGUMENT, "remove: the %s is not in %s", target->mapper->name,
                         name_of(L, c->relationship));
  remove_at(L, c, (uint32_t)at);
  return 0;
}

static int collection_pop(lua_State *L) {
  collection *c = check(L, "Collection:pop");
  uint32_t n = corm_link_items(link_of(L, c))->n;
  if (n == 0) return binding_error(L, CORM_E_ARGUMENT, "pop: %s is empty", name_of(L, c->relationship));
  uint32_t position = lua_isnoneornil(L, 2) ? n - 1 : check_position(L, c, 2, n, "pop");
  binding_push_object(L, binding_upvalue(L), corm_link_items(link_of(L, c))->ptr[position].object);
  int result = lua_gettop(L);
  remove_at(L, c, position);
  lua_settop(L, result);
  return 1;
}

static int collection_clear(lua_State *L) {
  collection *c = check(L, "Collection:clear");
  uint32_t n;
  while ((n = corm_link_items(link_of(L, c))->n) > 0) remove_at(L, c, n - 1);
  return 0;
}

static int collection_contains(lua_State *L) {
  collection *c = check(L, "Collection:contains");
  const corm_object *target = binding_toobject(L, 2);
  lua_pushboolean(L, target && corm_items_contains(corm_link_items(link_of(L, c)), target));
  return 1;
}

/* The position of an object, or nil. */
static int collection_position(lua_State *L) {
  collection *c = check(L, "Collection:index");
  int64_t at = find(L, c);
  if (at < 0) return 0;
  lua_pushinteger(L, at + 1);
  return 1;
}

/* The objects in a table at the top of the stack. */
static void push_objects(lua_State *L, const corm_items *items) {
  lua_createtable(L, (int)items->n, 0);
  for (uint32_t i = 0; i < items->n; i++) {
    binding_push_object(L, binding_get(L), items->ptr[i].object);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Sorts the list in memory by a function of two objects, or the other way round than it is. */
static int put_in_order(lua_State *L, const char *what, const char *function) {
  collection *c = check(L, what);
  binding_state *state = binding_get(L);
  lua_settop(L, 2);
  if (strcmp(function, "sort_list") == 0 && !lua_isfunction(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a function of two objects expected, got %s", what,
                         binding_typename(L, 2));
  push_objects(L, corm_link_items(link_of(L, c)));
  binding_host_function(L, state->host, function);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 0);
  corm_arena *scratch = binding_scratch(L, state);
  const uint32_t n = (uint32_t)lua_rawlen(L, 3);
  corm_object **targets = corm_arena_zalloc(scratch, (size_t)n + 1, sizeof *targets);
  corm_item *room = corm_arena_alloc(scratch, (3 * (size_t)n + 1) * sizeof *room);
  if (!targets || !room) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < n; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    targets[i] = binding_toobject(L, -1);
    lua_pop(L, 1);
  }
  if (!corm_link_reorder(link_of(L, c), targets, n, room))
    return binding_error(L, CORM_E_INVALID_REQUEST, "%s: %s was changed meanwhile", what, name_of(L, c->relationship));
  binding_scratch_done(L, state, scratch);
  return 0;
}

static int collection_sort(lua_State *L) {
  return put_in_order(L, "Collection:sort", "sort_list");
}

static int collection_reverse(lua_State *L) {
  return put_in_order(L, "Collection:reverse", "reverse_list");
}

void binding_open_collection(lua_State *L) {
  static const luaL_Reg methods[] = {{"append", collection_append},
                                     {"insert", collection_insert},
                                     {"extend", collection_extend},
                                     {"remove", collection_remove},
                                     {"pop", collection_pop},
                                     {"clear", collection_clear},
                                     {"contains", collection_contains},
                                     {"index", collection_position},
                                     {"sort", collection_sort},
                                     {"reverse", collection_reverse},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__newindex", collection_newindex},
                                  {"__len", collection_len},
                                  {"__eq", collection_eq},
                                  {"__call", collection_call},
                                  {"__pairs", collection_pairs},
                                  {"__tostring", collection_tostring},
                                  {NULL, NULL}};
  binding_metatable(L, BINDING_COLLECTION, "Collection", methods, meta, collection_index);
  lua_pop(L, 1);
}
