/*
 * Shapes: what the rows of one result have in common. Every execution makes one, mostly for a single row, so names stay
 * plain text that is compared; a wide shape gets a table of names when the first name is looked up.
 */
#include <string.h>

#include "binding/b_result.h"
#include "binding/state.h"

/* With more columns than this, names are looked up in a table. */
#define FEW_COLUMNS 16

/* User values: name -> position, false for a name of several columns (made when needed); what keeps nodes and texts
 * alive. */
enum { SHAPE_NAMES = 1, SHAPE_ANCHOR, SHAPE_SLOTS = SHAPE_ANCHOR };

/* A column is the one that a script means by row[User.name] by what it is, not by its node: the compiler makes nodes of
   its own for the columns of a table, which are gone by then. */
typedef struct shape_column {
  const char *key;
  const char *name;          /* another name, or NULL */
  const corm_node *node;     /* of an expression, which the statement keeps alive; NULL for a column */
  const corm_column *column; /* NULL: computed by a subquery */
  const void *from;          /* the corm_table, or the alias's node */
  const char *column_name;
} shape_column;

typedef struct shape {
  binding_head head;
  size_t n;
  shape_column columns[];
} shape;

static shape_column identify(const corm_node *node) {
  if (!node || node->kind != CORM_NODE_COLUMN) return (shape_column){.node = node};
  const corm_column_node *column = (const corm_column_node *)node;
  shape_column self = {.column = column->column, .from = column->from, .column_name = column->name};
  if (column->from && column->from->kind == CORM_NODE_TABLE) self.from = ((const corm_table_node *)column->from)->table;
  return self;
}

static size_t text_size(const char *text) {
  return text ? strlen(text) + 1 : 0;
}

static const char *copy_text(char **to, const char *text) {
  if (!text) return NULL;
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*to, text, size);
  *to += size;
  return copy;
}

/* A second column of one key has the name that the result gives it, "id_1", so that no value hides another one. */
static const char *own_key(const binding_shape_column *columns, size_t i) {
  const char *key = columns[i].key, *name = columns[i].name;
  if (!name || strcmp(name, key) == 0) return key;
  size_t k = 0;
  while (k < i && strcmp(columns[k].key, key) != 0) k++;
  return k < i ? name : key;
}

void binding_push_shape(lua_State *L, const binding_shape_column *columns, size_t n, int anchor) {
  if (anchor) anchor = lua_absindex(L, anchor);
  luaL_checkstack(L, 8, "row");
  size_t size = sizeof(shape) + n * sizeof(shape_column);
  for (size_t i = 0; i < n; i++)
    size +=
        text_size(own_key(columns, i)) + text_size(columns[i].name) + text_size(identify(columns[i].node).column_name);
  shape *s = binding_new(L, BINDING_SHAPE, size, SHAPE_SLOTS);
  char *to = (char *)&s->columns[n];
  for (size_t i = 0; i < n; i++) {
    s->columns[i] = identify(columns[i].node);
    s->columns[i].key = copy_text(&to, own_key(columns, i));
    s->columns[i].name = copy_text(&to, columns[i].name);
    s->columns[i].column_name = copy_text(&to, s->columns[i].column_name);
  }
  s->n = n;
  if (!anchor) return;
  lua_pushvalue(L, anchor);
  lua_setiuservalue(L, -2, SHAPE_ANCHOR);
}

void binding_push_projection(lua_State *L, int shape_index, const int *map, size_t n) {
  shape_index = lua_absindex(L, shape_index);
  const shape *whole = binding_check(L, shape_index, BINDING_SHAPE, "row");
  shape *s = binding_new(L, BINDING_SHAPE, sizeof *s + n * sizeof(shape_column), SHAPE_SLOTS);
  for (size_t i = 0; i < n; i++) s->columns[i] = whole->columns[map[i]];
  s->n = n;
  lua_pushvalue(L, shape_index); /* keeps the texts */
  lua_setiuservalue(L, -2, SHAPE_ANCHOR);
}

size_t binding_shape_width(lua_State *L, int shape_index) {
  const shape *s = binding_check(L, shape_index, BINDING_SHAPE, "row");
  return s->n;
}

const char *binding_shape_key(lua_State *L, int shape_index, size_t position) {
  const shape *s = binding_check(L, shape_index, BINDING_SHAPE, "row");
  return s->columns[position - 1].key;
}

void binding_push_keys(lua_State *L, int shape_index) {
  const shape *s = binding_check(L, shape_index, BINDING_SHAPE, "row");
  lua_createtable(L, (int)s->n, 0);
  for (size_t i = 0; i < s->n; i++) {
    lua_pushstring(L, s->columns[i].key);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* -- looking up -- */

static int scan(const shape *s, const char *name, bool keys) {
  int found = 0;
  for (size_t i = 0; i < s->n; i++) {
    const char *own = keys ? s->columns[i].key : s->columns[i].name;
    if (!own || strcmp(own, name) != 0) continue;
    if (found) return BINDING_SHAPE_AMBIGUOUS;
    found = (int)i + 1;
  }
  return found;
}

/* Among columns of one key the name counts that the result gives them: of "id" and "id_1" the first is "id". */
static int scan_results(const shape *s, const char *name) {
  int found = 0;
  for (size_t i = 0; i < s->n; i++) {
    const char *own = s->columns[i].name ? s->columns[i].name : s->columns[i].key;
    if (strcmp(own, name) != 0) continue;
    if (found) return BINDING_SHAPE_AMBIGUOUS;
    found = (int)i + 1;
  }
  return found ? found : BINDING_SHAPE_AMBIGUOUS;
}

/* Enters a name into the table on the top: its position, false when it has one already. */
static void enter(lua_State *L, const char *name, size_t position) {
  lua_pushstring(L, name);
  lua_pushvalue(L, -1);
  bool is_new = lua_rawget(L, -3) == LUA_TNIL;
  lua_pop(L, 1);
  if (is_new)
    lua_pushinteger(L, (lua_Integer)position);
  else
    lua_pushboolean(L, 0);
  lua_rawset(L, -3);
}

/* Pushes the table of keys of a wide shape. */
static void push_table(lua_State *L, int shape_index, const shape *s) {
  if (lua_getiuservalue(L, shape_index, SHAPE_NAMES) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, (int)s->n);
  for (size_t i = 0; i < s->n; i++) enter(L, s->columns[i].key, i + 1);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, shape_index, SHAPE_NAMES);
}

static int find_in_table(lua_State *L, int shape_index, const shape *s, const char *name) {
  luaL_checkstack(L, 8, "row");
  push_table(L, shape_index, s);
  lua_pushstring(L, name);
  int type = lua_rawget(L, -2);
  int position = type == LUA_TBOOLEAN ? BINDING_SHAPE_AMBIGUOUS : (int)lua_tointeger(L, -1);
  lua_pop(L, 2);
  return position;
}

int binding_shape_find(lua_State *L, int shape_index, const char *name) {
  shape_index = lua_absindex(L, shape_index);
  const shape *s = binding_check(L, shape_index, BINDING_SHAPE, "row");
  int found = s->n <= FEW_COLUMNS ? scan(s, name, true) : find_in_table(L, shape_index, s, name);
  if (found == BINDING_SHAPE_AMBIGUOUS) return scan_results(s, name);
  return found ? found : scan(s, name, false);
}

int binding_shape_find_node(lua_State *L, int shape_index, const corm_node *node) {
  const shape *s = binding_check(L, shape_index, BINDING_SHAPE, "row");
  shape_column wanted = identify(node);
  for (size_t i = 0; i < s->n; i++) {
    const shape_column *column = &s->columns[i];
    if (wanted.node || column->node) {
      if (wanted.node == column->node) return (int)i + 1;
    } else if (column->column_name && column->column == wanted.column && column->from == wanted.from &&
               strcmp(column->column_name, wanted.column_name) == 0) {
      return (int)i + 1;
    }
  }
  return 0;
}
