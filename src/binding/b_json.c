/*
 * JSON text and Lua values. Parsing is jansson's (64-bit integers survive). Writing goes straight to the text: Lua's
 * tables are walked anyhow, keys are sorted, and floats get the shortest text that reads back. Also corm.null and
 * corm.array, which say in Lua what a table cannot: a null, and that an empty table is a list.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "binding/binding.h"
#include "binding/state.h"

/* Tables inside tables. Jansson reads 2048 levels, so what is written can be read. */
#define MAX_DEPTH 500

/* -- Lua to JSON: calls nothing of Lua that may raise -- */

typedef struct encoder {
  lua_State *L;
  corm_buf *out;
  corm_error *err;
  const char *what;
  const void *path[MAX_DEPTH]; /* the tables around the current one: finds cycles */
  int depth;
  const void *array; /* identity of the metatable that corm.array gives */
} encoder;

CORM_PRINTF(2, 3) static bool refuse(encoder *e, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)corm_error_setv(e->err, CORM_E_ARGUMENT, format, args);
  va_end(args);
  if (e->what) corm_error_prefix(e->err, "%s: ", e->what);
  return false;
}

static bool encode_string(encoder *e, const char *text, size_t len) {
  if (!corm_utf8_valid(text, len)) return refuse(e, "JSON text must be valid UTF-8");
  corm_buf_putc(e->out, '"');
  size_t done = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    corm_buf_add(e->out, text + done, i - done);
    done = i + 1;
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c ? strchr(named, c) : NULL;
    if (at)
      corm_buf_printf(e->out, "\\%c", letters[at - named]);
    else
      corm_buf_printf(e->out, "\\u%04x", c);
  }
  corm_buf_add(e->out, text + done, len - done);
  corm_buf_putc(e->out, '"');
  return true;
}

static bool encode_number(encoder *e, int arg) {
  if (lua_isinteger(e->L, arg)) {
    corm_buf_int(e->out, lua_tointeger(e->L, arg));
    return true;
  }
  double value = lua_tonumber(e->L, arg);
  if (!isfinite(value)) {
    refuse(e, "JSON has no %s", isnan(value) ? "NaN" : "infinity");
    e->err->cls = CORM_E_DATA; /* a number, but not one that the column can hold */
    return false;
  }
  corm_buf_real(e->out, value);
  return true;
}

static bool encode(encoder *e, int arg);

static bool encode_array(encoder *e, int table, lua_Integer n) {
  corm_buf_putc(e->out, '[');
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1) corm_buf_puts(e->out, ", ");
    lua_rawgeti(e->L, table, i);
    bool ok = encode(e, lua_gettop(e->L));
    lua_pop(e->L, 1);
    if (!ok) return false;
  }
  corm_buf_putc(e->out, ']');
  return true;
}

typedef struct member {
  const char *key; /* the table keeps it */
  size_t len;
  int value; /* stack index */
} member;

static int compare_members(const void *a, const void *b) {
  const member *x = a, *y = b;
  int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Leaves the table's values on the stack, in the order that lua_next gives. */
static void collect_members(lua_State *L, int table, member *members) {
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_insert(L, -2);
    members[n].key = lua_tolstring(L, -1, &members[n].len);
    members[n++].value = lua_gettop(L) - 1;
  }
}

static bool encode_object(encoder *e, int table, lua_Integer n) {
  if (n == 0) {
    corm_buf_puts(e->out, "{}");
    return true;
  }
  if (n > INT32_MAX / 2 || !lua_checkstack(e->L, (int)n + 8)) return refuse(e, "a table has too many fields for JSON");
  member *members = corm_mem_alloc(e->out->mem, (size_t)n * sizeof *members);
  if (!members) {
    (void)corm_error_memory(e->err);
    return false;
  }
  int top = lua_gettop(e->L);
  collect_members(e->L, table, members);
  qsort(members, (size_t)n, sizeof *members, compare_members);
  bool ok = true;
  for (lua_Integer i = 0; ok && i < n; i++) {
    corm_buf_puts(e->out, i ? ", " : "{");
    ok = encode_string(e, members[i].key, members[i].len);
    corm_buf_puts(e->out, ": ");
    ok = ok && encode(e, members[i].value);
  }
  corm_buf_putc(e->out, '}');
  lua_settop(e->L, top);
  corm_mem_free(e->out->mem, members);
  return ok;
}

/* A list has the keys 1..n, an object has texts; *n is the number of entries. */
static bool classify(encoder *e, int table, bool *is_array, lua_Integer *n) {
  lua_State *L = e->L;
  lua_Integer integers = 0, texts = 0, largest = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
      integers++;
      if (lua_tointeger(L, -1) > largest) largest = lua_tointeger(L, -1);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      texts++;
    } else {
      lua_pop(L, 1);
      return refuse(e, "JSON has only text and positions from 1 as keys");
    }
  }
  *is_array = integers > 0;
  if (lua_getmetatable(L, table)) {
    *is_array = *is_array || lua_topointer(L, -1) == e->array;
    lua_pop(L, 1);
  }
  if (*is_array && texts > 0) return refuse(e, "a table with both positions and names cannot become JSON");
  if (integers != largest) return refuse(e, "a list with holes cannot become JSON (say corm.null for a null)");
  *n = integers + texts;
  return true;
}

static bool encode_table(encoder *e, int table) {
  const void *identity = lua_topointer(e->L, table);
  for (int i = 0; i < e->depth; i++)
    if (e->path[i] == identity) return refuse(e, "a table that contains itself cannot become JSON");
  if (e->depth == MAX_DEPTH) return refuse(e, "tables nest too deep for JSON (more than %d)", MAX_DEPTH);
  if (!lua_checkstack(e->L, 8)) {
    (void)corm_error_memory(e->err);
    return false;
  }
  bool is_array = false;
  lua_Integer n = 0;
  if (!classify(e, table, &is_array, &n)) return false;
  e->path[e->depth++] = identity;
  bool ok = is_array ? encode_array(e, table, n) : encode_object(e, table, n);
  e->depth--;
  return ok;
}

static bool encode_content(encoder *e, int table) {
  if (!lua_checkstack(e->L, 4)) {
    (void)corm_error_memory(e->err);
    return false;
  }
  if (!binding_push_content(e->L, table)) return encode_table(e, table);
  const bool ok = encode_table(e, lua_gettop(e->L));
  if (ok) lua_pop(e->L, 1);
  return ok;
}

static bool encode(encoder *e, int arg) {
  switch (lua_type(e->L, arg)) {
  case LUA_TNIL: corm_buf_puts(e->out, "null"); return true;
  case LUA_TBOOLEAN: corm_buf_puts(e->out, lua_toboolean(e->L, arg) ? "true" : "false"); return true;
  case LUA_TNUMBER: return encode_number(e, arg);
  case LUA_TSTRING: {
    size_t len;
    const char *text = lua_tolstring(e->L, arg, &len);
    return encode_string(e, text, len);
  }
  case LUA_TTABLE: return encode_content(e, arg);
  default: break;
  }
  corm_value value;
  const bool null = binding_test(e->L, arg, BINDING_NULL) ||
                    (binding_tovalue(e->L, arg, NULL, &value) && value.kind == CORM_JSON); /* JSON.NULL */
  if (!null) return refuse(e, "a %s cannot become JSON", binding_typename(e->L, arg));
  corm_buf_puts(e->out, "null");
  return true;
}

corm_status binding_json_encode(lua_State *L, int arg, const char *what, corm_buf *out, corm_error *err) {
  encoder e = {.L = L, .out = out, .err = err, .what = what};
  arg = lua_absindex(L, arg);
  if (!lua_checkstack(L, 8)) return corm_error_memory(err);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->array_ref);
  e.array = lua_topointer(L, -1);
  lua_pop(L, 1);
  int top = lua_gettop(L);
  bool ok = encode(&e, arg);
  lua_settop(L, top);
  if (ok && out->failed) return corm_error_memory(err);
  return ok ? CORM_OK : CORM_FAILED;
}

/* -- JSON to Lua -- */

typedef struct parsed {
  binding_head head;
  json_t *root;
} parsed;

static int parsed_gc(lua_State *L) {
  parsed *document = binding_test(L, 1, BINDING_PARSED);
  if (document) {
    json_decref(document->root);
    document->root = NULL;
  }
  return 0;
}

static void push_node(lua_State *L, const json_t *node);

static void push_list(lua_State *L, const json_t *node) {
  size_t n = json_array_size(node);
  lua_createtable(L, (int)(n < 1 << 20 ? n : 1 << 20), 0);
  for (size_t i = 0; i < n; i++) {
    push_node(L, json_array_get(node, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->array_ref);
  lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, json_t *node) {
  const char *key;
  size_t len;
  json_t *value;
  lua_createtable(L, 0, (int)(json_object_size(node) & 0xfffff));
  json_object_keylen_foreach(node, key, len, value) {
    lua_pushlstring(L, key, len);
    push_node(L, value);
    lua_rawset(L, -3);
  }
}

static void push_node(lua_State *L, const json_t *node) {
  luaL_checkstack(L, 6, "JSON nests too deep");
  switch (json_typeof(node)) {
  case JSON_OBJECT: push_object(L, (json_t *)node); break;
  case JSON_ARRAY: push_list(L, node); break;
  case JSON_STRING: lua_pushlstring(L, json_string_value(node), json_string_length(node)); break;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(node)); break;
  case JSON_REAL: lua_pushnumber(L, json_real_value(node)); break;
  case JSON_TRUE: lua_pushboolean(L, 1); break;
  case JSON_FALSE: lua_pushboolean(L, 0); break;
  case JSON_NULL: binding_push_nullvalue(L); break;
  }
}

corm_status binding_json_decode(lua_State *L, const char *text, size_t len, corm_error *err) {
  luaL_checkstack(L, 6, "JSON");
  parsed *document = binding_new(L, BINDING_PARSED, sizeof *document, 0);
  json_error_t why;
  document->root = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
  if (!document->root) {
    lua_pop(L, 1);
    if (json_error_code(&why) == json_error_out_of_memory) return corm_error_memory(err);
    return corm_error_set(err, CORM_E_DATA, "malformed JSON: %s", why.text);
  }
  push_node(L, document->root);
  lua_insert(L, -2);
  json_decref(document->root);
  document->root = NULL;
  lua_pop(L, 1);
  return CORM_OK;
}

/* -- corm.null and corm.array -- */

static int null_tostring(lua_State *L) {
  lua_pushliteral(L, "null");
  return 1;
}

/* corm.array { ... }: the same table, known as a list even when empty. */
static int array(lua_State *L) {
  if (lua_isnone(L, 1)) lua_newtable(L);
  if (!lua_istable(L, 1))
    return binding_error(L, CORM_E_ARGUMENT, "array: a table expected, got %s", binding_typename(L, 1));
  lua_settop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_upvalue(L)->array_ref);
  if (lua_getmetatable(L, 1) && !lua_rawequal(L, -1, -2))
    return binding_error(L, CORM_E_ARGUMENT, "array: the table has a metatable already");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

void binding_open_json(lua_State *L) {
  static const luaL_Reg parsed_meta[] = {{"__gc", parsed_gc}, {NULL, NULL}};
  static const luaL_Reg null_meta[] = {{"__tostring", null_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"array", array}, {NULL, NULL}};
  binding_state *state = binding_get(L);
  binding_metatable(L, BINDING_PARSED, "JSON document", NULL, parsed_meta, NULL);
  binding_metatable(L, BINDING_NULL, "null", NULL, null_meta, NULL);
  lua_pop(L, 2);
  if (state->null_ref == LUA_NOREF) {
    binding_new(L, BINDING_NULL, sizeof(binding_head), 0);
    state->null_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  if (state->array_ref == LUA_NOREF) {
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "corm.array");
    lua_setfield(L, -2, "__name");
    state->array_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  binding_push_nullvalue(L);
  lua_setfield(L, -2, "null");
  binding_setfuncs(L, functions);
}
