/*
 * Arrays between Lua and the core: sequences, nested for further dimensions, whose items the array's item type converts
 * both ways. In the core an array is text (base/value.h), so a table that was read is a copy.
 */
#include <stdio.h>
#include <string.h>

#include "binding/b_values.h"
#include "binding/binding.h"
#include "binding/state.h"
#include "schema/array.h"

/* PostgreSQL's limit, too. */
#define MAX_DIMENSIONS 6

/* -- Lua to array -------------------------------------------------------------------------------------------------- */

typedef struct array_writer {
  lua_State *L;
  const corm_type *item;
  const char *what;
  corm_buf *out;
  corm_error *err;
  corm_arena *json;                 /* scratch box for items that are JSON, or NULL */
  int depth;                        /* of tables that are open */
  int dimensions;                   /* 0: not known before the first item that is no table */
  lua_Integer size[MAX_DIMENSIONS]; /* of the tables of a dimension; -1: not known */
  lua_Integer at[MAX_DIMENSIONS];
} array_writer;

/* "Item.tags[2][1]": the place of the current item, or of the table at the current depth. */
static void place_of(const array_writer *w, char *out, size_t size) {
  size_t len = (size_t)snprintf(out, size, "%.160s", w->what ? w->what : "array");
  for (int i = 0; i < w->depth && w->at[i] > 0 && len < size; i++)
    len += (size_t)snprintf(out + len, size - len, "[%lld]", (long long)w->at[i]);
}

CORM_PRINTF(2, 3) static bool refuse(array_writer *w, const char *format, ...) {
  char place[256];
  va_list args;
  place_of(w, place, sizeof place);
  va_start(args, format);
  (void)corm_error_setv(w->err, CORM_E_DATA, format, args);
  va_end(args);
  corm_error_prefix(w->err, "%s: ", place);
  return false;
}

/* The number of entries of a table that has the keys 1..n and no other. */
static bool sequence_size(array_writer *w, int table, lua_Integer *size) {
  lua_State *L = w->L;
  lua_Integer n = 0, largest = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    lua_Integer key = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (key <= 0) {
      lua_pop(L, 1);
      return refuse(w, "an array has positions from 1 as keys, and no others");
    }
    if (key > largest) largest = key;
    n++;
  }
  if (n != largest) return refuse(w, "an array with holes cannot be stored (say corm.null for NULL)");
  *size = n;
  return true;
}

/* A table that stands for one item: JSON, or a date as of os.date "*t". */
static bool is_item(const array_writer *w, int arg) {
  if (w->item->kind == CORM_TYPE_JSON) return w->dimensions ? w->depth == w->dimensions : true;
  corm_value_kind kind = corm_type_value_kind(w->item);
  if (kind != CORM_DATE && kind != CORM_DATETIME) return false;
  lua_State *L = w->L;
  lua_pushnil(L);
  if (!lua_next(L, arg)) return false;
  bool named = lua_type(L, -2) == LUA_TSTRING;
  lua_pop(L, 2);
  return named;
}

static bool write_json(array_writer *w, int arg) {
  char place[256];
  corm_buf *text = binding_scratch_buf(w->json);
  place_of(w, place, sizeof place);
  if (binding_json_encode(w->L, arg, place, text, w->err) != CORM_OK) return false;
  corm_json_string(text->ptr, text->len, w->out);
  return true;
}

/* No call of Lua stands between coercion and the end, since what the scratch holds would be lost by an error. */
static bool write_item(array_writer *w, int arg) {
  corm_value raw, value;
  corm_scratch scratch;
  if (binding_is_null(w->L, arg)) {
    corm_buf_puts(w->out, "null");
    return true;
  }
  if (w->item->kind == CORM_TYPE_JSON) return write_json(w, arg);
  if (!binding_tovalue(w->L, arg, NULL, &raw))
    return refuse(w, "a %s is no value for %s", binding_typename(w->L, arg),
                  corm_type_kind_name((corm_type_kind)w->item->kind));
  corm_scratch_init(&scratch, w->out->mem);
  bool ok = corm_type_coerce(w->item, &raw, NULL, &scratch, &value, NULL) == CORM_OK;
  if (ok) {
    corm_array_put(&value, w->out);
  } else {
    char place[256];
    place_of(w, place, sizeof place);
    if (corm_type_coerce(w->item, &raw, place, &scratch, &value, w->err) == CORM_OK) (void)corm_error_memory(w->err);
  }
  corm_scratch_clear(&scratch);
  return ok;
}

static bool write_table(array_writer *w, int table);

static bool write_entry(array_writer *w, int arg) {
  bool table = lua_type(w->L, arg) == LUA_TTABLE && !is_item(w, arg);
  if (table) {
    if (w->dimensions && w->depth == w->dimensions)
      return refuse(w, "a table is no item of an array with %d dimension%s", w->dimensions,
                    w->dimensions == 1 ? "" : "s");
    const int top = lua_gettop(w->L);
    const bool ok = write_table(w, binding_push_content(w->L, arg) ? top + 1 : arg);
    lua_settop(w->L, top);
    return ok;
  }
  if (!w->dimensions) w->dimensions = w->depth;
  if (w->depth < w->dimensions)
    return refuse(w, "a table expected, since the array has %d dimensions, got %s", w->dimensions,
                  binding_typename(w->L, arg));
  return write_item(w, arg);
}

static bool write_table(array_writer *w, int table) {
  lua_State *L = w->L;
  lua_Integer n = 0;
  if (w->depth == MAX_DIMENSIONS) return refuse(w, "an array has at most %d dimensions", MAX_DIMENSIONS);
  if (!lua_checkstack(L, 8)) {
    (void)corm_error_memory(w->err);
    return false;
  }
  if (!sequence_size(w, table, &n)) return false;
  if (n == 0 && w->depth > 0) return refuse(w, "an empty table inside an array has no form in the database");
  if (w->size[w->depth] >= 0 && w->size[w->depth] != n)
    return refuse(w, "the tables of a dimension have the same size: %lld, not %lld", (long long)w->size[w->depth],
                  (long long)n);
  int level = w->depth++;
  w->size[level] = n;
  corm_buf_putc(w->out, '[');
  bool ok = true;
  for (lua_Integer i = 1; ok && i <= n; i++) {
    if (i > 1) corm_buf_puts(w->out, ", ");
    w->at[level] = i;
    lua_rawgeti(L, table, i);
    ok = write_entry(w, lua_gettop(L));
    lua_pop(L, 1);
  }
  if (!ok) return false;
  corm_buf_putc(w->out, ']');
  w->at[level] = 0;
  w->depth = level;
  return true;
}

corm_status binding_array_encode(lua_State *L, int arg, const corm_type *type, const char *what, corm_buf *out,
                                 corm_error *err) {
  array_writer w = {.L = L,
                    .item = type->item ? type->item : corm_type_default(CORM_TYPE_NULLTYPE),
                    .what = what,
                    .out = out,
                    .err = err,
                    .dimensions = type->dimensions};
  for (int i = 0; i < MAX_DIMENSIONS; i++) w.size[i] = -1;
  arg = lua_absindex(L, arg);
  int top = lua_gettop(L);
  if (lua_type(L, arg) != LUA_TTABLE) {
    (void)refuse(&w, "an array is a table of its items, got %s", binding_typename(L, arg));
    return CORM_FAILED;
  }
  if (w.item->kind == CORM_TYPE_JSON) {
    if (!w.dimensions) w.dimensions = 1;
    w.json = binding_scratch(L, binding_get(L));
  }
  bool ok = write_table(&w, binding_push_content(L, arg) ? lua_gettop(L) : arg);
  if (ok && w.json) binding_scratch_done(L, binding_get(L), w.json);
  lua_settop(L, top);
  if (ok && out->failed) return corm_error_memory(err);
  return ok ? CORM_OK : CORM_FAILED;
}

bool binding_takes_tables(const corm_type *type) {
  if (!type) return false;
  bool part = type->json_part == CORM_JSON_INT_INDEX || type->json_part == CORM_JSON_STR_INDEX;
  return (type->kind == CORM_TYPE_JSON && !part) || type->kind == CORM_TYPE_ARRAY;
}

corm_status binding_table_encode(lua_State *L, int arg, const corm_type *type, const char *what, corm_buf *out,
                                 corm_error *err) {
  if (type->kind == CORM_TYPE_ARRAY) return binding_array_encode(L, arg, type, what, out, err);
  return binding_json_encode(L, arg, what, out, err);
}

/* -- array to Lua -------------------------------------------------------------------------------------------------- */

static void malformed_item(lua_State *L, int item, corm_value_kind kind, const char *column) {
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_DATA, "%s%s%sthe stored item %.60s of an array cannot be read as %s",
                       column ? "column '" : "", column ? column : "", column ? "': " : "",
                       luaL_tolstring(L, item, NULL), corm_value_kind_name(kind));
  if (column) corm_error_field(err.column, sizeof err.column, column);
  binding_raise(L, &err);
}

/* The leaf at the top, as JSON has it, becomes the value of the kind. */
static void convert_leaf(lua_State *L, corm_value_kind kind, const char *column) {
  corm_value leaf, value;
  corm_scratch scratch;
  binding_state *state = binding_get(L);
  int at = lua_gettop(L);
  if (kind == CORM_JSON && lua_type(L, at) == LUA_TSTRING) {
    corm_error err;
    corm_error_init(&err);
    size_t len;
    const char *text = lua_tolstring(L, at, &len);
    if (binding_json_decode(L, text, len, &err) != CORM_OK) binding_raise(L, &err);
    lua_replace(L, at);
    return;
  }
  binding_tovalue(L, at, NULL, &leaf);
  corm_arena *box = binding_scratch(L, state);
  corm_scratch_init(&scratch, &state->mem);
  bool ok = corm_array_get(kind, &leaf, &scratch, &value);
  bool failed = scratch.buf.failed;
  /* What the scratch holds goes to the box, from where pushing it may fail. */
  if (ok && corm_value_has_bytes(&value)) {
    value.as.s = corm_arena_dup(box, value.as.s, value.len);
    failed = !value.as.s;
  }
  corm_scratch_clear(&scratch);
  if (failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
  if (!ok) malformed_item(L, at, kind, column);
  binding_push_null(L, &value);
  lua_replace(L, at);
  binding_scratch_done(L, state, box);
  lua_settop(L, at);
}

/* The decoded list at `list` is walked in place. */
static void convert_list(lua_State *L, int list, corm_value_kind kind, const char *column) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  luaL_checkstack(L, 8, "array");
  for (lua_Integer i = 1; i <= n; i++) {
    int type = lua_rawgeti(L, list, i);
    if (type == LUA_TTABLE) {
      convert_list(L, lua_gettop(L), kind, column);
      lua_pop(L, 1);
    } else if (type == LUA_TUSERDATA) { /* NULL */
      lua_pop(L, 1);
    } else {
      convert_leaf(L, kind, column);
      lua_rawseti(L, list, i);
    }
  }
}

/* What JSON gives is what the item is. */
static bool is_plain(corm_value_kind kind) {
  return kind == CORM_NULL || kind == CORM_TEXT || kind == CORM_INT || kind == CORM_BOOL;
}

void binding_push_array(lua_State *L, const corm_value *value, corm_value_kind item, const char *column) {
  corm_error err;
  corm_error_init(&err);
  if (binding_json_decode(L, value->as.s, value->len, &err) != CORM_OK) binding_raise(L, &err);
  if (!is_plain(item) && lua_istable(L, -1)) convert_list(L, lua_gettop(L), item, column);
}

corm_value_kind binding_item_kind(const corm_type *type) {
  return type && type->kind == CORM_TYPE_ARRAY && type->item ? corm_type_value_kind(type->item) : CORM_NULL;
}

void binding_push_typed(lua_State *L, const corm_value *value, const corm_type *type) {
  if (type && type->hosted)
    binding_push_hosted(L, value, type);
  else if (value->kind == CORM_ARRAY)
    binding_push_array(L, value, binding_item_kind(type), NULL);
  else if (value->kind == CORM_UUID && type && type->as_text)
    binding_push_uuid_text(L, value);
  else
    binding_push(L, value);
}

void binding_push_typed_null(lua_State *L, const corm_value *value, const corm_type *type) {
  binding_push_typed(L, value, type);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  binding_push_nullvalue(L);
}
