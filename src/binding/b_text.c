/* corm.text(sql): raw SQL with named parameters, and what its columns are. */
#include <string.h>

#include "base/str.h"
#include "binding/b_bindparam.h"
#include "binding/b_statement.h"

/* The text at 1, with or without columns. */
static const corm_text *check_text(lua_State *L, const char *method) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *node = stmt ? stmt->base.node : NULL;
  if (node && node->kind == CORM_NODE_TEXTUAL) return ((const corm_select *)node)->text;
  return (const corm_text *)binding_checkstatement(L, CORM_NODE_TEXT, method)->base.node;
}

static int text_call(lua_State *L) {
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "text: a string expected, got %s", binding_typename(L, 1));
  const char *sql = lua_tolstring(L, 1, &len);
  if (memchr(sql, '\0', len) || !corm_utf8_valid(sql, len))
    return binding_error(L, CORM_E_ARGUMENT, "text: the SQL holds a NUL or is no UTF-8");
  binding_build b;
  const corm_node *node;
  binding_statement_start(&b, L, BINDING_ROOM(corm_text) + CORM_ROOM_TEXT(len), 0);
  do node = corm_text_in(&b.arena, sql, len);
  while (binding_build_again(&b, node));
  return 1;
}

/* -- bindparams ---------------------------------------------------------------------------------------------------- */

/* What bindparams() got: the old binds, bindparam() objects, and the fields of a table in alphabetical order. */
typedef struct bind_list {
  const corm_bind **binds;
  size_t n;
} bind_list;

static void check_name(lua_State *L, const corm_text *text, const char *name) {
  if (!corm_text_has(text->sql, text->len, name))
    binding_error(L, CORM_E_ARGUMENT, "This text() construct doesn't define a bound parameter named '%.100s'", name);
}

/* Where the bind of that name stands; at the end: it is not there. */
static size_t find_bind(const bind_list *list, const char *key) {
  size_t i = 0;
  while (i < list->n && strcmp(list->binds[i]->key, key) != 0) i++;
  return i;
}

static void put_bind(bind_list *list, const corm_bind *bind) {
  const size_t at = find_bind(list, bind->key);
  list->binds[at] = bind;
  if (at == list->n) list->n++;
}

static size_t count_fields(lua_State *L, int arg) {
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "bindparams: names expected as keys, got %s", binding_typename(L, -1));
    n++;
  }
  return n;
}

/* The binds of the table at `arg`, made in the scratch arena. */
static void read_fields(lua_State *L, const corm_text *text, int arg, corm_arena *scratch, bind_list *list) {
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    corm_value value;
    const char *key = lua_tostring(L, -2);
    check_name(L, text, key);
    if (!binding_tovalue_in(L, -1, scratch, &value))
      binding_error(L, CORM_E_ARGUMENT, "bindparams: the value of '%s' must be a value, got %s", key,
                    binding_typename(L, -1));
    const size_t at = find_bind(list, key);
    const corm_bind *old = at < list->n ? list->binds[at] : NULL;
    const corm_type *type = old && !old->base.type->hosted ? old->base.type : NULL;
    const corm_node *bind = corm_bindparam_in(scratch, key, type, &value, false);
    if (!bind) binding_error(L, CORM_E_MEMORY, "not enough memory");
    put_bind(list, (const corm_bind *)bind);
    lua_pop(L, 1);
  }
}

/* Copies of binds that live in the scratch arena: everything of the statement lies in its own block. */
static const corm_node *text_with_binds_in(corm_arena *arena, const corm_text *text, const bind_list *list) {
  const corm_bind **copies = corm_arena_alloc(arena, (list->n + 1) * sizeof *copies);
  if (!copies) return NULL;
  for (size_t i = 0; i < list->n; i++) {
    const corm_bind *bind = list->binds[i];
    copies[i] = corm_bind_copy_in(arena, bind, NULL);
    if (!copies[i]) return NULL;
  }
  return corm_text_binds_in(arena, text->sql, text->len, copies, list->n);
}

static size_t binds_room(const bind_list *list) {
  size_t room = 0;
  for (size_t i = 0; i < list->n; i++) {
    const corm_bind *bind = list->binds[i];
    room += BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(strlen(bind->key)) + 2 * sizeof(void *);
    if (!bind->required && corm_value_has_bytes(&bind->value)) room += CORM_ROOM_TEXT(bind->value.len);
    room += bind->nvalues * sizeof(corm_value);
  }
  return room + 64;
}

/* bindparams(bindparam("x", ...), ..., { y = value }) */
int binding_text_bindparams(lua_State *L) {
  const corm_text *old = check_text(L, "bindparams");
  const corm_select *of_columns = corm_as_select(binding_tonode(L, 1));
  binding_state *state = binding_get(L);
  int last = lua_gettop(L), fields = last > 1 && binding_is_plain_table(L, last) ? last : 0;
  size_t capacity = old->nbinds + (size_t)last + (fields ? count_fields(L, fields) : 0);
  corm_arena *scratch = binding_scratch(L, state);
  bind_list list = {.binds = corm_arena_alloc(scratch, capacity * sizeof(void *))};
  if (!list.binds) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < old->nbinds; i++) put_bind(&list, old->binds[i]);
  for (int i = 2; i <= last; i++) {
    if (i == fields) continue;
    const corm_node *node = binding_tonode(L, i);
    if (!node || node->kind != CORM_NODE_BIND)
      return binding_error(L, CORM_E_ARGUMENT, "bindparams: a bindparam() or a table of name = value expected, got %s",
                           binding_typename(L, i));
    check_name(L, old, ((const corm_bind *)node)->key);
    put_bind(&list, (const corm_bind *)node);
  }
  if (fields) read_fields(L, old, fields, scratch, &list);
  binding_build b;
  const corm_node *node;
  binding_statement_start(&b, L, BINDING_ROOM(corm_text) + CORM_ROOM_TEXT(old->len) + binds_room(&list), last - 1);
  do {
    node = text_with_binds_in(&b.arena, old, &list);
    if (node && of_columns)
      node = corm_textual_in(&b.arena, (const corm_text *)node, of_columns->columns, of_columns->ncolumns);
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, last);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

/* columns(column, ...): the result's columns from the left, by name and type. */
static int text_columns(lua_State *L) {
  const corm_text *old = check_text(L, "columns");
  const corm_node *few[BINDING_FEW], **columns = few, *node;
  int n = lua_gettop(L) - 1;
  if (n < 1) return binding_error(L, CORM_E_ARGUMENT, "columns: at least one column expected");
  if (n > BINDING_FEW) columns = lua_newuserdatauv(L, (size_t)n * sizeof *columns, 0);
  for (int i = 0; i < n; i++) {
    columns[i] = binding_tonode(L, i + 2);
    if (!columns[i] || (columns[i]->kind != CORM_NODE_COLUMN && columns[i]->kind != CORM_NODE_LABEL))
      return binding_error(L, CORM_E_ARGUMENT,
                           "columns: columns expected, as corm.column(\"id\", corm.Integer), got %s",
                           binding_typename(L, i + 2));
  }
  binding_build b;
  binding_statement_start(&b, L, BINDING_ROOM(corm_select) + CORM_ARENA_ROUND((size_t)n * sizeof *columns), n);
  do node = corm_textual_in(&b.arena, old, columns, (size_t)n);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, n + 1);
  return 1;
}

void binding_open_text(lua_State *L) {
  static const luaL_Reg methods[] = {{"bindparams", binding_text_bindparams}, {"columns", text_columns}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"text", text_call}, {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  binding_setfuncs(L, functions);
}
