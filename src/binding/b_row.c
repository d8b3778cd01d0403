/* Rows. A row of the engine is one block: values and their bytes inside the userdata. */
#include <string.h>

#include "base/str.h"
#include "binding/b_result.h"
#include "binding/b_values.h"
#include "binding/state.h"

enum { ROW_SHAPE = 1, ROW_VALUES };
enum { ROW_LUA_VALUES = 1 }; /* head.flags: the values are in ROW_VALUES */
/* corm_value.extra: the bytes are the message of a DataError; a UUID that is shown as text;
   the kind of an array's items, from SLOT_ITEM on. */
enum { SLOT_BAD = 1, SLOT_TEXT, SLOT_ITEM };

typedef struct row {
  binding_head head;
  size_t n;
  corm_value values[];
} row;

void binding_push_row(lua_State *L, int shape_index, int values) {
  shape_index = lua_absindex(L, shape_index);
  values = lua_absindex(L, values);
  size_t n = binding_shape_width(L, shape_index);
  row *r = binding_new(L, BINDING_ROW, sizeof *r, ROW_VALUES);
  r->head.flags = ROW_LUA_VALUES;
  r->n = n;
  lua_pushvalue(L, shape_index);
  lua_setiuservalue(L, -2, ROW_SHAPE);
  lua_pushvalue(L, values);
  lua_setiuservalue(L, -2, ROW_VALUES);
}

/* What the value's type says and the value does not: the row may outlive the type. */
static void note_type(const corm_type *type, corm_value *value) {
  if (value->kind == CORM_ARRAY) value->extra = (uint16_t)(SLOT_ITEM + binding_item_kind(type));
  if (value->kind == CORM_UUID && type && type->as_text) value->extra = SLOT_TEXT;
}

/* Reads a value; one that is malformed becomes its message, which is left on the stack until the row has it. */
static void read_value(lua_State *L, corm_result *result, size_t index, corm_value *out) {
  corm_error err;
  corm_error_init(&err);
  if (corm_result_value(result, index, out, &err) == CORM_OK) {
    note_type(corm_result_column(result, index)->type, out);
    return;
  }
  if (err.cls != CORM_E_DATA) binding_raise(L, &err);
  luaL_checkstack(L, 8, "row");
  lua_pushstring(L, err.message);
  corm_error_clear(&err);
  size_t len;
  const char *message = lua_tolstring(L, -1, &len);
  *out = corm_value_text(message, len);
  out->extra = SLOT_BAD;
}

/* The functions of types have seen the values when the row is there. */
static void push_hosted_row(lua_State *L, int shape_index, corm_result *result, const int *map, size_t n) {
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->dialect = corm_result_dialect(result);
  luaL_checkstack(L, 8, "row");
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    corm_value value;
    size_t column = map ? (size_t)map[i] : i;
    if (corm_result_value(result, column, &value, &err) != CORM_OK) binding_raise(L, &err);
    binding_push_typed(L, &value, corm_result_column(result, column)->type);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_push_row(L, shape_index, -1);
  lua_remove(L, -2);
}

void binding_push_core_row(lua_State *L, int shape_index, corm_result *result, const int *map, size_t n) {
  corm_value few[32];
  shape_index = lua_absindex(L, shape_index);
  if (corm_result_is_hosted(result)) {
    push_hosted_row(L, shape_index, result, map, n);
    return;
  }
  int top = lua_gettop(L);
  corm_value *values = n <= sizeof few / sizeof *few ? few : lua_newuserdatauv(L, n * sizeof *values, 0);
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) {
    read_value(L, result, map ? (size_t)map[i] : i, &values[i]);
    if (corm_value_has_bytes(&values[i])) bytes += values[i].len;
  }
  row *r = binding_new(L, BINDING_ROW, sizeof *r + n * sizeof *values + bytes, ROW_SHAPE);
  char *to = (char *)&r->values[n];
  for (size_t i = 0; i < n; i++) {
    r->values[i] = values[i];
    r->values[i].flags = 0;
    if (!corm_value_has_bytes(&values[i])) continue;
    if (values[i].len) memcpy(to, values[i].as.s, values[i].len);
    r->values[i].as.s = to;
    to += values[i].len;
  }
  r->n = n;
  lua_pushvalue(L, shape_index);
  lua_setiuservalue(L, -2, ROW_SHAPE);
  if (lua_gettop(L) > top + 1) lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

static void push_shape_of(lua_State *L, int row_index) {
  lua_getiuservalue(L, row_index, ROW_SHAPE);
}

static int bad_value(lua_State *L, int row_index, size_t index, const corm_value *slot) {
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_DATA, "%.*s", (int)slot->len, slot->as.s);
  push_shape_of(L, row_index);
  corm_error_field(err.column, sizeof err.column, binding_shape_key(L, -1, index));
  return binding_raise(L, &err);
}

static void push_array(lua_State *L, int row_index, size_t index, const corm_value *slot) {
  push_shape_of(L, row_index);
  binding_push_array(L, slot, (corm_value_kind)(slot->extra - SLOT_ITEM), binding_shape_key(L, -1, index));
  lua_remove(L, -2);
}

static void push_value(lua_State *L, int row_index, const row *r, size_t index) {
  if (r->head.flags & ROW_LUA_VALUES) {
    lua_getiuservalue(L, row_index, ROW_VALUES);
    lua_rawgeti(L, -1, (lua_Integer)index);
    lua_remove(L, -2);
    return;
  }
  const corm_value *slot = &r->values[index - 1];
  if (slot->extra == SLOT_BAD) bad_value(L, row_index, index, slot);
  if (slot->kind == CORM_ARRAY)
    push_array(L, row_index, index, slot);
  else if (slot->extra == SLOT_TEXT)
    binding_push_uuid_text(L, slot);
  else
    binding_push(L, slot);
}

/* Replaces a nil on the top by corm.null. */
static void null_for_nil(lua_State *L) {
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  binding_push_nullvalue(L);
}

void binding_push_core_table(lua_State *L, int shape_index, corm_result *result, const int *map, size_t n) {
  corm_error err;
  corm_error_init(&err);
  shape_index = lua_absindex(L, shape_index);
  if (corm_result_is_hosted(result)) binding_get(L)->dialect = corm_result_dialect(result);
  luaL_checkstack(L, 8, "row");
  lua_createtable(L, 0, (int)n);
  for (size_t i = 0; i < n; i++) {
    corm_value value;
    const size_t column = map ? (size_t)map[i] : i;
    const char *key = binding_shape_key(L, shape_index, i + 1);
    if (corm_result_value(result, column, &value, &err) != CORM_OK) {
      if (err.cls == CORM_E_DATA) corm_error_field(err.column, sizeof err.column, key);
      binding_raise(L, &err);
    }
    lua_pushstring(L, key);
    binding_push_typed_null(L, &value, corm_result_column(result, column)->type);
    lua_rawset(L, -3);
  }
}

void binding_row_value(lua_State *L, int row_index, size_t index) {
  row_index = lua_absindex(L, row_index);
  const row *r = binding_check(L, row_index, BINDING_ROW, "row");
  push_value(L, row_index, r, index);
}

size_t binding_row_size(lua_State *L, int row_index) {
  const row *r = binding_check(L, row_index, BINDING_ROW, "row");
  return r->n;
}

/* -- looking up -- */

/* The shape is on the top. */
static int no_such_column(lua_State *L, const char *wanted) {
  const char *candidates[128];
  size_t n = binding_shape_width(L, -1), known = 0;
  while (known < n && known < sizeof candidates / sizeof *candidates) {
    candidates[known] = binding_shape_key(L, -1, known + 1);
    known++;
  }
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_NO_SUCH_COLUMN, "the row has no column '%s'", wanted);
  corm_error_field(err.column, sizeof err.column, wanted);
  const char *nearest = corm_name_nearest(wanted, candidates, known);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return binding_raise(L, &err);
}

static int ambiguous(lua_State *L, const char *name) {
  return binding_error(L, CORM_E_AMBIGUOUS_COLUMN,
                       "several columns of the row are called '%s'; give them labels or use positions", name);
}

/* row.name: a column before a method, so that data is always reachable. */
static int index_by_name(lua_State *L, const row *r) {
  const char *name = binding_name_at(L, 2);
  push_shape_of(L, 1);
  int found = binding_shape_find(L, -1, name);
  if (found > 0) {
    push_value(L, 1, r, (size_t)found);
    return 1;
  }
  if (found == BINDING_SHAPE_AMBIGUOUS) return ambiguous(L, name);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_upvalue(L)->methods[BINDING_ROW]);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  lua_pop(L, 2);
  return no_such_column(L, name);
}

static int index_by_node(lua_State *L, const row *r, const corm_node *node) {
  push_shape_of(L, 1);
  int found = binding_shape_find_node(L, -1, node);
  if (!found) return binding_error(L, CORM_E_NO_SUCH_COLUMN, "the row has no such column");
  push_value(L, 1, r, (size_t)found);
  return 1;
}

static int row_index(lua_State *L) {
  const row *r = binding_check(L, 1, BINDING_ROW, "Row:index");
  if (lua_type(L, 2) == LUA_TSTRING) return index_by_name(L, r);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    int is_integer;
    lua_Integer index = lua_tointegerx(L, 2, &is_integer);
    if (is_integer && index >= 1 && (size_t)index <= r->n) {
      push_value(L, 1, r, (size_t)index);
      return 1;
    }
    /* One behind the last is what ipairs asks for. */
    if (is_integer && index == (lua_Integer)r->n + 1) return 0;
    return binding_error(L, CORM_E_NO_SUCH_COLUMN, "the row has %d columns, no column [%s]", (int)r->n,
                         luaL_tolstring(L, 2, NULL));
  }
  const corm_node *node = binding_tonode(L, 2);
  if (node) return index_by_node(L, r, node);
  return binding_error(L, CORM_E_ARGUMENT, "a row is indexed by name, position or column, not by a %s",
                       binding_typename(L, 2));
}

/* -- methods -- */

static int row_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)binding_row_size(L, 1));
  return 1;
}

static int row_unpack(lua_State *L) {
  const row *r = binding_check(L, 1, BINDING_ROW, "Row:unpack");
  luaL_checkstack(L, (int)r->n + 4, "row");
  for (size_t i = 1; i <= r->n; i++) push_value(L, 1, r, i);
  return (int)r->n;
}

void binding_push_row_table(lua_State *L, int row_index) {
  row_index = lua_absindex(L, row_index);
  const row *r = binding_check(L, row_index, BINDING_ROW, "Row:_asdict");
  luaL_checkstack(L, 8, "row");
  lua_createtable(L, 0, (int)r->n);
  push_shape_of(L, row_index);
  for (size_t i = 1; i <= r->n; i++) {
    lua_pushstring(L, binding_shape_key(L, -1, i));
    push_value(L, row_index, r, i);
    null_for_nil(L);
    lua_rawset(L, -4);
  }
  lua_pop(L, 1);
}

static int row_asdict(lua_State *L) {
  binding_push_row_table(L, 1);
  return 1;
}

static int row_keys(lua_State *L) {
  binding_check(L, 1, BINDING_ROW, "Row:keys");
  push_shape_of(L, 1);
  binding_push_keys(L, -1);
  return 1;
}

/* pairs(row): name and value in column order. Upvalues: state, row, position. */
static int next_pair(lua_State *L) {
  lua_Integer index = lua_tointeger(L, lua_upvalueindex(3)) + 1;
  lua_pushinteger(L, index);
  lua_replace(L, lua_upvalueindex(3));
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  const row *r = lua_touserdata(L, 1);
  if ((size_t)index > r->n) return 0;
  push_shape_of(L, 1);
  lua_pushstring(L, binding_shape_key(L, -1, (size_t)index));
  push_value(L, 1, r, (size_t)index);
  null_for_nil(L);
  return 2;
}

static int row_pairs(lua_State *L) {
  binding_check(L, 1, BINDING_ROW, "pairs");
  lua_pushlightuserdata(L, binding_upvalue(L));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_pair, 3);
  return 1;
}

static int row_eq(lua_State *L) {
  const row *a = binding_test(L, 1, BINDING_ROW), *b = binding_test(L, 2, BINDING_ROW);
  bool equal = a && b && a->n == b->n;
  for (size_t i = 1; equal && i <= a->n; i++) {
    push_value(L, 1, a, i);
    push_value(L, 2, b, i);
    equal = lua_compare(L, -1, -2, LUA_OPEQ);
    lua_pop(L, 2);
  }
  lua_pushboolean(L, equal);
  return 1;
}

/* The text of value i on the top; text is quoted. */
static void push_shown(lua_State *L, const row *r, size_t index, corm_buf *text) {
  if (!(r->head.flags & ROW_LUA_VALUES)) {
    corm_value_describe(&r->values[index - 1], 200, text);
    return;
  }
  push_value(L, 1, r, index);
  corm_value value;
  if (binding_tovalue(L, -1, NULL, &value) && lua_type(L, -1) != LUA_TTABLE) {
    corm_value_describe(&value, 200, text);
  } else {
    size_t len;
    const char *shown = luaL_tolstring(L, -1, &len);
    corm_buf_add(text, shown, len);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* "(1, 'sandy')", and "(1,)" for one column, as Python shows a tuple. */
static int row_tostring(lua_State *L) {
  const row *r = binding_check(L, 1, BINDING_ROW, "tostring");
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *text = binding_scratch_buf(arena);
  corm_buf_putc(text, '(');
  for (size_t i = 1; i <= r->n; i++) {
    if (i > 1) corm_buf_puts(text, ", ");
    push_shown(L, r, i, text);
  }
  corm_buf_puts(text, r->n == 1 ? ",)" : ")");
  const char *shown = corm_buf_str(text);
  if (!shown) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  lua_pushlstring(L, shown, text->len);
  binding_scratch_done(L, state, arena);
  return 1;
}

void binding_open_row(lua_State *L) {
  static const luaL_Reg methods[] = {{"unpack", row_unpack}, {"_asdict", row_asdict}, {"keys", row_keys}, {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__len", row_len}, {"__eq", row_eq}, {"__pairs", row_pairs}, {"__tostring", row_tostring}, {NULL, NULL}};
  binding_metatable(L, BINDING_SHAPE, "row shape", NULL, NULL, NULL);
  binding_metatable(L, BINDING_ROW, "Row", methods, meta, row_index);
  lua_pop(L, 2);
}
