/* What one database is told of a schema object (schema/option.h), read from the options table of its constructor. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

static const char mysql_prefix[] = "mysql_", mariadb_prefix[] = "mariadb_";

/* mariadb_engine for mysql_engine, in `buf`; NULL for other names. */
static const char *mariadb_name(const char *name, char buf[64]) {
  if (strncmp(name, mysql_prefix, sizeof mysql_prefix - 1) != 0) return NULL;
  (void)snprintf(buf, 64, "%s%s", mariadb_prefix, name + sizeof mysql_prefix - 1);
  return buf;
}

void binding_push_part_info(lua_State *L, int slot) {
  if (lua_getiuservalue(L, 1, slot) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, slot);
  }
  if (lua_getfield(L, -1, "info") != LUA_TNIL) return;
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "info");
}

void binding_check_schema_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n,
                                  int target) {
  if (lua_isnoneornil(L, arg) || arg == 0) return;
  enum { MOST = 96, NAME = 64 };
  binding_option_spec all[MOST];
  char names[MOST][NAME];
  memcpy(all, specs, n * sizeof *specs);
  for (size_t i = 0; i < CORM_OPTION_COUNT; i++) {
    if (!(corm_option_specs[i].targets & target)) continue;
    all[n++] = (binding_option_spec){corm_option_specs[i].name, BINDING_OPT_ANY};
    const char *other = mariadb_name(corm_option_specs[i].name, names[n]);
    if (other) all[n++] = (binding_option_spec){other, BINDING_OPT_ANY};
  }
  binding_check_options(L, arg, where, all, n);
}

static void refuse(lua_State *L, const char *where, const char *name, const char *wanted, int arg) {
  binding_error(L, CORM_E_ARGUMENT, "%s: option '%s' must be %s, got %s", where, name, wanted,
                binding_typename(L, arg));
}

/* The text at the top; the table `kept` keeps it. */
static const char *read_text(lua_State *L, int kept, const char *where, const char *name, const char *wanted) {
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING) refuse(L, where, name, wanted, -1);
  const char *text = lua_tolstring(L, -1, &len);
  if (memchr(text, '\0', len) || !corm_utf8_valid(text, len))
    binding_error(L, CORM_E_ARGUMENT, "%s: option '%s' holds a NUL or is no UTF-8", where, name);
  lua_pushvalue(L, -1);
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
  return text;
}

static const char *read_word(lua_State *L, int kept, const char *where, const char *name) {
  if (lua_isinteger(L, -1)) {
    lua_pushvalue(L, -1);
    lua_tostring(L, -1);
    lua_replace(L, -2);
  }
  const char *text = read_text(L, kept, where, name, "a word or a number");
  if (!corm_option_is_word(text))
    binding_error(L, CORM_E_ARGUMENT, "%s: option '%s' must be a plain word, got '%.80s'", where, name, text);
  return text;
}

static const char *read_name(lua_State *L, int kept, const char *where, const char *name) {
  const corm_column *column = lua_type(L, -1) == LUA_TSTRING ? NULL : binding_tocolumn(L, -1);
  if (column) {
    lua_pushstring(L, column->name);
    lua_replace(L, -2);
  }
  const char *text = read_text(L, kept, where, name, "a name");
  corm_error err;
  corm_error_init(&err);
  if (corm_identifier_check(text, strlen(text), name, &err) != CORM_OK) binding_raise(L, &err);
  return text;
}

/* Memory for the pairs, kept. */
static corm_option_pair *new_pairs(lua_State *L, int kept, size_t n) {
  corm_option_pair *pairs = lua_newuserdatauv(L, (n + 1) * sizeof *pairs, 0);
  memset(pairs, 0, (n + 1) * sizeof *pairs);
  lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
  return pairs;
}

static void read_names(lua_State *L, int kept, const char *where, const char *name, corm_option *out) {
  const bool many = binding_is_plain_table(L, -1);
  const int value = lua_gettop(L);
  const size_t n = many ? lua_rawlen(L, value) : 1;
  corm_option_pair *pairs = new_pairs(L, kept, n);
  for (size_t i = 0; i < n; i++) {
    if (many)
      lua_rawgeti(L, value, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, value);
    pairs[i].name = read_name(L, kept, where, name);
    lua_pop(L, 1);
  }
  out->pairs = pairs;
  out->npairs = (uint32_t)n;
}

static int by_name(const corm_option_pair *a, const corm_option_pair *b) {
  return strcmp(a->name, b->name);
}

/* A table by name, in order of the names. */
static void read_pairs(lua_State *L, int kept, const char *where, const char *name, bool numbers, corm_option *out) {
  const int value = lua_gettop(L);
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1)) n++;
  corm_option_pair *pairs = new_pairs(L, kept, n);
  for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1)) {
    corm_option_pair pair = {.name = NULL};
    lua_pushvalue(L, -2);
    pair.name = lua_type(L, -1) == LUA_TSTRING ? read_word(L, kept, where, name) : read_name(L, kept, where, name);
    lua_pop(L, 1);
    if (lua_isinteger(L, -1))
      pair.number = lua_tointeger(L, -1);
    else if (numbers)
      refuse(L, where, name, "integers by column", -1);
    else if (lua_isboolean(L, -1))
      pair.text = lua_toboolean(L, -1) ? "on" : "off";
    else
      pair.text = read_word(L, kept, where, name);
    uint32_t at = out->npairs++;
    for (; at > 0 && by_name(&pairs[at - 1], &pair) > 0; at--) pairs[at] = pairs[at - 1];
    pairs[at] = pair;
  }
  out->pairs = pairs;
}

static bool is_conflict_word(const char *text) {
  static const char *const words[] = {"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (corm_name_distance(text, words[i]) == 0) return true;
  return false;
}

/* The value at the top, as the option wants it. */
static void read_value(lua_State *L, int kept, const char *where, const char *name, corm_option *out) {
  const corm_option_value value = (corm_option_value)corm_option_specs[out->id].value;
  switch (value) {
  case CORM_OPTION_FLAG:
    if (!lua_isboolean(L, -1)) refuse(L, where, name, "a boolean", -1);
    out->flag = lua_toboolean(L, -1);
    break;
  case CORM_OPTION_WORD:
    out->text = read_word(L, kept, where, name);
    if (out->id <= CORM_OPTION_SQLITE_ON_CONFLICT_UNIQUE && !is_conflict_word(out->text))
      binding_error(L, CORM_E_ARGUMENT, "%s: %s is ROLLBACK, ABORT, FAIL, IGNORE or REPLACE, got '%.40s'", where, name,
                    out->text);
    break;
  case CORM_OPTION_TEXT:
  case CORM_OPTION_SQL: out->text = read_text(L, kept, where, name, "a string"); break;
  case CORM_OPTION_NAME: out->text = read_name(L, kept, where, name); break;
  case CORM_OPTION_NAMES: read_names(L, kept, where, name, out); break;
  case CORM_OPTION_NUMBER:
  case CORM_OPTION_NUMBERS:
    if (lua_isinteger(L, -1))
      out->number = lua_tointeger(L, -1);
    else if (value == CORM_OPTION_NUMBERS && binding_is_plain_table(L, -1))
      read_pairs(L, kept, where, name, true, out);
    else
      refuse(L, where, name, "an integer, or a table of them by column", -1);
    break;
  case CORM_OPTION_WORDS:
    if (!binding_is_plain_table(L, -1)) refuse(L, where, name, "a table by name", -1);
    read_pairs(L, kept, where, name, false, out);
    break;
  }
}

static void read_one(lua_State *L, int options, int kept, const char *where, const char *name, bool mariadb, size_t id,
                     corm_options *out) {
  if (!binding_opt_push(L, options, name)) return;
  corm_option *option = &out->items[out->n];
  *option = (corm_option){.id = (uint8_t)id, .mariadb = mariadb};
  read_value(L, kept, where, name, option);
  out->n++;
  lua_pop(L, 1);
}

const corm_options *binding_push_schema_options(lua_State *L, int options, const char *where, int target) {
  size_t n = 0;
  char other[64];
  options = options ? lua_absindex(L, options) : 0;
  if (options && lua_istable(L, options))
    for (lua_pushnil(L); lua_next(L, options); lua_pop(L, 1)) n++;
  if (n == 0) {
    lua_pushnil(L);
    return NULL;
  }
  /* User value 1 keeps the strings. */
  corm_options *block = lua_newuserdatauv(L, sizeof *block + n * sizeof *block->items, 1);
  block->n = 0;
  lua_newtable(L);
  const int kept = lua_gettop(L);
  for (size_t i = 0; i < CORM_OPTION_COUNT; i++) {
    if (!(corm_option_specs[i].targets & target)) continue;
    const char *name = corm_option_specs[i].name;
    read_one(L, options, kept, where, name, false, i, block);
    if (mariadb_name(name, other)) read_one(L, options, kept, where, other, true, i, block);
  }
  lua_setiuservalue(L, -2, 1);
  return block->n ? block : NULL;
}
