/*
 * corm.ForeignKey, the constraints and corm.Index. What they name is copied into their own block; expressions and
 * columns that they were given as objects are kept by a user value.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

/* -- a block with room for names ----------------------------------------------------------------------------------- */

/* The room of the text at `arg`, which must be a string; a column's key and a column's full name for columns. */
static const char *check_text(lua_State *L, int arg, const char *what) {
  size_t len;
  if (lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: a string expected, got %s", what, binding_typename(L, arg));
  const char *text = lua_tolstring(L, arg, &len);
  if (memchr(text, '\0', len) || !corm_utf8_valid(text, len))
    binding_error(L, CORM_E_ARGUMENT, "%s: the text holds a NUL or is no UTF-8", what);
  return text;
}

static const char *keep(corm_arena *arena, const char *text) {
  return text ? corm_arena_dup(arena, text, strlen(text)) : NULL;
}

static size_t text_room(const char *text) {
  return text ? CORM_ROOM_TEXT(strlen(text)) : 0;
}

/* A new constraint with n columns (and targets for a foreign key) and room for their texts. */
static binding_constraint *new_constraint(lua_State *L, corm_constraint_kind kind, size_t n, size_t room,
                                          corm_arena *arena) {
  binding_state *state = binding_get(L);
  room += 3 * CORM_ARENA_ROUND((n + 1) * sizeof(void *));
  size_t size = CORM_ARENA_ROUND(sizeof(binding_constraint));
  binding_constraint *self = binding_new(L, BINDING_CONSTRAINT, size + room, BINDING_PART_SLOTS);
  corm_arena_init_fixed(arena, (char *)self + size, room);
  self->constraint = &self->own;
  self->own.kind = kind;
  self->own.deferrable = -1;
  self->own.ncolumns = (uint32_t)n;
  self->own.creation = state->creation++;
  return self;
}

/* What only one database is told, comment and info of the constraint on the top, by the options at `options` (0: none).
 */
static void set_options(lua_State *L, binding_constraint *self, int options, const char *what, int target) {
  if (options == 0 || !lua_istable(L, options)) return;
  lua_newtable(L);
  if (binding_opt_push(L, options, "info")) {
    if (!lua_istable(L, -1)) binding_error(L, CORM_E_ARGUMENT, "%s: info must be a table", what);
    lua_setfield(L, -2, "info");
  }
  if (binding_opt_push(L, options, "comment")) {
    self->own.comment = lua_tostring(L, -1);
    lua_setfield(L, -2, "comment");
  }
  self->own.options = binding_push_schema_options(L, options, what, target);
  lua_setfield(L, -2, "options");
  lua_setiuservalue(L, -2, BINDING_PART_OPTIONS);
}

/* What all constraints but foreign keys are asked besides. */
static void set_deferral(lua_State *L, corm_constraint *own, int options) {
  static const char *const times[] = {"DEFERRED", "IMMEDIATE"};
  if (binding_opt_push(L, options, "deferrable")) {
    own->deferrable = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  const char *initially = binding_opt_string(L, options, "initially", NULL);
  for (size_t i = 0; initially && i < 2; i++)
    if (corm_name_distance(initially, times[i]) == 0) own->initially = times[i];
  if (initially && !own->initially)
    binding_error(L, CORM_E_ARGUMENT, "initially is DEFERRED or IMMEDIATE, got '%.40s'", initially);
}

static const binding_option_spec plain_options[] = {
    {"name", BINDING_OPT_ANY},       {"deferrable", BINDING_OPT_BOOL}, {"initially", BINDING_OPT_STRING},
    {"comment", BINDING_OPT_STRING}, {"info", BINDING_OPT_ANY},
};
enum { PLAIN_OPTIONS = sizeof plain_options / sizeof *plain_options };

/* -- foreign keys -------------------------------------------------------------------------------------------------- */

static const binding_option_spec key_options[] = {{"match", BINDING_OPT_STRING},     {"link_to_name", BINDING_OPT_BOOL},
                                                  {"comment", BINDING_OPT_STRING},   {"info", BINDING_OPT_ANY},
                                                  {"name", BINDING_OPT_ANY},         {"ondelete", BINDING_OPT_STRING},
                                                  {"onupdate", BINDING_OPT_STRING},  {"deferrable", BINDING_OPT_BOOL},
                                                  {"initially", BINDING_OPT_STRING}, {"use_alter", BINDING_OPT_BOOL}};

/* What the options table at `options` says of a foreign key; strings are borrowed. */
static corm_constraint read_key_options(lua_State *L, int options, const char *what) {
  corm_constraint read = {.kind = CORM_CONSTRAINT_FOREIGN_KEY, .deferrable = -1, .ncolumns = 1};
  corm_error err;
  corm_error_init(&err);
  binding_check_schema_options(L, options, what, key_options, sizeof key_options / sizeof *key_options,
                               CORM_OPTION_OF_FOREIGN_KEY);
  if (lua_isnoneornil(L, options)) return read;
  read.name = binding_opt_name(L, options, what, &read.made_name);
  read.match = binding_opt_string(L, options, "match", NULL);
  read.link_to_name = binding_opt_bool(L, options, "link_to_name", false);
  read.ondelete = binding_opt_string(L, options, "ondelete", NULL);
  read.onupdate = binding_opt_string(L, options, "onupdate", NULL);
  read.initially = binding_opt_string(L, options, "initially", NULL);
  read.use_alter = binding_opt_bool(L, options, "use_alter", false);
  if (binding_opt_push(L, options, "deferrable")) {
    read.deferrable = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  if (corm_constraint_check(&read, &err) != CORM_OK) binding_raise(L, &err); /* spells the actions canonically */
  return read;
}

static void set_key_options(corm_constraint *own, const corm_constraint *read, corm_arena *arena) {
  own->name = keep(arena, read->name);
  own->ondelete = read->ondelete;
  own->onupdate = read->onupdate;
  own->initially = read->initially;
  own->deferrable = read->deferrable;
  own->use_alter = read->use_alter;
  own->match = read->match;
  own->link_to_name = read->link_to_name;
  own->made_name = read->made_name;
}

/* The column of a target given as an object; NULL when it is a string. */
static corm_column *check_target(lua_State *L, int arg, const char *what) {
  if (lua_type(L, arg) == LUA_TSTRING) {
    const char *text = check_text(L, arg, what);
    const char *point = strrchr(text, '.');
    if (!point || point == text || !point[1])
      binding_error(L, CORM_E_ARGUMENT, "%s: the target '%.200s' is not of the form \"table.column\"", what, text);
    return NULL;
  }
  corm_column *column = binding_tocolumn(L, arg);
  if (!column)
    binding_error(L, CORM_E_ARGUMENT, "%s: \"table.column\" or a Column expected as target, got %s", what,
                  binding_typename(L, arg));
  return column;
}

/* ForeignKey(target [, { options }]) */
static int foreign_key_call(lua_State *L) {
  corm_column *column = check_target(L, 1, "ForeignKey");
  corm_constraint read = read_key_options(L, 2, "ForeignKey");
  const char *target = column ? NULL : lua_tostring(L, 1);
  corm_arena arena;
  binding_constraint *self =
      new_constraint(L, CORM_CONSTRAINT_FOREIGN_KEY, 1, text_room(read.name) + text_room(target), &arena);
  self->is_foreign_key = true;
  set_key_options(&self->own, &read, &arena);
  if (target) {
    const char **targets = corm_arena_zalloc(&arena, 1, sizeof *targets);
    targets[0] = keep(&arena, target);
    self->own.targets = targets;
  } else {
    self->own.target_columns = corm_arena_zalloc(&arena, 1, sizeof *self->own.target_columns);
    self->own.target_columns[0] = column;
    binding_anchor(L, BINDING_PART_ANCHORS, 1);
  }
  set_options(L, self, lua_istable(L, 2) ? 2 : 0, "ForeignKey", CORM_OPTION_OF_FOREIGN_KEY);
  return 1;
}

void binding_foreign_key_copy(lua_State *L, int part) {
  const binding_constraint *old = binding_check(L, part, BINDING_CONSTRAINT, "ForeignKey");
  part = lua_absindex(L, part);
  const char *target = old->own.targets ? old->own.targets[0] : NULL;
  corm_arena arena;
  binding_constraint *self =
      new_constraint(L, CORM_CONSTRAINT_FOREIGN_KEY, 1, text_room(old->own.name) + text_room(target), &arena);
  self->is_foreign_key = true;
  set_key_options(&self->own, &old->own, &arena);
  self->own.options = old->own.options;
  self->own.comment = old->own.comment;
  lua_getiuservalue(L, part, BINDING_PART_OPTIONS);
  lua_setiuservalue(L, -2, BINDING_PART_OPTIONS);
  if (target) {
    const char **targets = corm_arena_zalloc(&arena, 1, sizeof *targets);
    targets[0] = keep(&arena, target);
    self->own.targets = targets;
    return;
  }
  self->own.target_columns = corm_arena_zalloc(&arena, 1, sizeof *self->own.target_columns);
  self->own.target_columns[0] = old->own.target_columns[0];
  lua_getiuservalue(L, part, BINDING_PART_ANCHORS);
  lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
}

void binding_constraint_copy(lua_State *L, int part) {
  const binding_constraint *old = binding_check(L, part, BINDING_CONSTRAINT, "constraint");
  part = lua_absindex(L, part);
  binding_constraint *copy = binding_new(L, BINDING_CONSTRAINT, sizeof *copy, BINDING_PART_SLOTS);
  copy->own = old->own;
  copy->constraint = &copy->own;
  copy->own.table = NULL;
  copy->own.columns = NULL;
  copy->own.inside = NULL;
  copy->own.creation = binding_get(L)->creation++;
  if (!copy->own.column_names) copy->own.ncolumns = 0;
  lua_pushvalue(L, part);
  lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
}

/* The key or name at position i of the list at `list`: borrowed from a string or a column, left on the stack by nobody.
 */
static const char *list_name(lua_State *L, int list, size_t i, const char *what) {
  lua_rawgeti(L, list, (lua_Integer)i + 1);
  const corm_column *column = lua_type(L, -1) == LUA_TSTRING ? NULL : binding_tocolumn(L, -1);
  const char *name = column ? column->key : check_text(L, -1, what); /* the list keeps a string */
  if (!name) binding_error(L, CORM_E_ARGUMENT, "%s: a column without a name", what);
  lua_pop(L, 1);
  return name;
}

/* Reads the targets of the list at 2: all strings, or all columns. */
static bool are_columns(lua_State *L, size_t n, size_t *room) {
  size_t columns = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    if (check_target(L, lua_gettop(L), "ForeignKeyConstraint"))
      columns++;
    else
      *room += text_room(lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  if (columns != 0 && columns != n)
    binding_error(L, CORM_E_ARGUMENT, "ForeignKeyConstraint: targets are either all strings or all columns");
  return columns > 0;
}

/* ForeignKeyConstraint({ columns }, { targets } [, { options }]) */
static int foreign_key_constraint_call(lua_State *L) {
  static const char what[] = "ForeignKeyConstraint";
  if (!binding_is_plain_table(L, 1) || !binding_is_plain_table(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: a list of columns and a list of targets expected", what);
  size_t n = lua_rawlen(L, 1), room = 0;
  if (n == 0 || n != lua_rawlen(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "%s: as many targets as columns expected, got %d and %d", what,
                         (int)lua_rawlen(L, 2), (int)n);
  corm_constraint read = read_key_options(L, 3, what);
  for (size_t i = 0; i < n; i++) room += text_room(list_name(L, 1, i, what));
  bool objects = are_columns(L, n, &room);
  corm_arena arena;
  binding_constraint *self = new_constraint(L, CORM_CONSTRAINT_FOREIGN_KEY, n, room + text_room(read.name), &arena);
  set_key_options(&self->own, &read, &arena);
  const char **names = corm_arena_zalloc(&arena, n, sizeof *names);
  const char **targets = corm_arena_zalloc(&arena, n, sizeof *targets);
  corm_column **columns = objects ? corm_arena_zalloc(&arena, n, sizeof *columns) : NULL;
  for (size_t i = 0; i < n; i++) {
    names[i] = keep(&arena, list_name(L, 1, i, what));
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    if (objects)
      columns[i] = binding_tocolumn(L, -1);
    else
      targets[i] = keep(&arena, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  self->own.column_names = names;
  self->own.targets = objects ? NULL : targets;
  self->own.target_columns = columns;
  if (objects) {
    /* The targets themselves, since the list is the user's. */
    lua_createtable(L, (int)n, 0);
    for (size_t i = 1; i <= n; i++) {
      lua_rawgeti(L, 2, (lua_Integer)i);
      lua_rawseti(L, -2, (lua_Integer)i);
    }
    lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
  }
  set_options(L, self, lua_istable(L, 3) ? 3 : 0, what, CORM_OPTION_OF_FOREIGN_KEY);
  return 1;
}

/* -- UNIQUE, PRIMARY KEY, CHECK ------------------------------------------------------------------------------------ */

/* The stack position of the options at the end, or 0; sets the last position before them. */
static int trailing_options(lua_State *L, int *last) {
  *last = lua_gettop(L);
  if (*last == 0 || !binding_is_plain_table(L, *last)) return 0;
  return (*last)--;
}

/* The key of the column, or the string, at `arg`. */
static const char *column_key(lua_State *L, int arg, const char *what) {
  const corm_column *column = lua_type(L, arg) == LUA_TSTRING ? NULL : binding_tocolumn(L, arg);
  if (!column) return check_text(L, arg, what);
  if (!column->key) binding_error(L, CORM_E_ARGUMENT, "%s: a column that has no name yet; name it by a string", what);
  return column->key;
}

/* The table that all columns given as objects belong to already, pushed; false when they have none. */
static bool push_common_table(lua_State *L, int first, int last) {
  for (int i = first; i <= last; i++) {
    if (!binding_test(L, i, BINDING_COLUMN)) return false;
    lua_getiuservalue(L, i, BINDING_COLUMN_TABLE);
    bool same = !lua_isnil(L, -1) && (i == first || lua_rawequal(L, -1, -2));
    if (i > first) lua_remove(L, -2);
    if (!same) {
      lua_pop(L, 1);
      return false;
    }
  }
  return last >= first;
}

static int key_constraint(lua_State *L, corm_constraint_kind kind, const char *what) {
  const int target = kind == CORM_CONSTRAINT_UNIQUE ? CORM_OPTION_OF_UNIQUE : CORM_OPTION_OF_PRIMARY_KEY;
  int last, options = trailing_options(L, &last);
  bool made = false;
  if (options) binding_check_schema_options(L, options, what, plain_options, PLAIN_OPTIONS, target);
  const char *name = options ? binding_opt_name(L, options, what, &made) : NULL;
  size_t n = (size_t)last, room = text_room(name);
  if (n == 0 && kind == CORM_CONSTRAINT_UNIQUE)
    return binding_error(L, CORM_E_ARGUMENT, "%s: at least one column expected", what);
  for (int i = 1; i <= last; i++) room += text_room(column_key(L, i, what));
  corm_arena arena;
  binding_constraint *self = new_constraint(L, kind, n, room, &arena);
  const char **names = corm_arena_zalloc(&arena, n, sizeof *names);
  for (int i = 1; i <= last; i++) names[i - 1] = keep(&arena, column_key(L, i, what));
  self->own.name = keep(&arena, name);
  self->own.made_name = made;
  self->own.column_names = names;
  set_options(L, self, options, what, target);
  if (options) set_deferral(L, &self->own, options);
  int part = lua_gettop(L);
  if (kind == CORM_CONSTRAINT_UNIQUE && push_common_table(L, 1, last)) {
    binding_constraint_attach(L, part, lua_gettop(L));
    lua_settop(L, part);
  }
  return 1;
}

static int unique_call(lua_State *L) {
  return key_constraint(L, CORM_CONSTRAINT_UNIQUE, "UniqueConstraint");
}

static int primary_key_call(lua_State *L) {
  return key_constraint(L, CORM_CONSTRAINT_PRIMARY_KEY, "PrimaryKeyConstraint");
}

/* CheckConstraint(text or expression [, { name }]) */
static int check_call(lua_State *L) {
  const int options = lua_isnoneornil(L, 2) ? 0 : 2;
  bool made = false;
  binding_check_schema_options(L, options, "CheckConstraint", plain_options, PLAIN_OPTIONS, CORM_OPTION_OF_CHECK);
  const char *name = options ? binding_opt_name(L, options, "CheckConstraint", &made) : NULL;
  bool is_text = lua_type(L, 1) == LUA_TSTRING;
  const char *text = is_text ? check_text(L, 1, "CheckConstraint") : NULL;
  if (!is_text) binding_checkcondition(L, 1, "CheckConstraint");
  corm_arena arena;
  binding_constraint *self =
      new_constraint(L, CORM_CONSTRAINT_CHECK, 0, text_room(name) + text_room(text) + BINDING_ROOM(corm_text), &arena);
  self->own.name = keep(&arena, name);
  self->own.check = is_text ? corm_literal_column_in(&arena, text, strlen(text), corm_type_default(CORM_TYPE_BOOLEAN))
                            : binding_tonode(L, 1);
  self->own.made_name = made;
  if (!is_text) binding_anchor(L, BINDING_PART_ANCHORS, 1);
  set_options(L, self, options, "CheckConstraint", CORM_OPTION_OF_CHECK);
  if (options) set_deferral(L, &self->own, options);
  return 1;
}

/* -- EXCLUDE ------------------------------------------------------------------------------------------------------- */

static const char *check_operator(lua_State *L, int arg) {
  const char *op = binding_name_at(L, arg);
  if (!*op || op[strspn(op, "+-*/<>=~!@#%^&|`?")] || strstr(op, "--") || strstr(op, "/*"))
    binding_error(L, CORM_E_ARGUMENT, "ExcludeConstraint: an operator such as \"&&\" expected, got %s",
                  binding_typename(L, arg));
  return op;
}

/* ExcludeConstraint({ column or expression, "op" } ..., { using, where, name ... }) */
static int exclude_call(lua_State *L) {
  static const char what[] = "ExcludeConstraint";
  static const binding_option_spec specs[] = {{"name", BINDING_OPT_ANY},         {"deferrable", BINDING_OPT_BOOL},
                                              {"initially", BINDING_OPT_STRING}, {"comment", BINDING_OPT_STRING},
                                              {"info", BINDING_OPT_ANY},         {"using", BINDING_OPT_STRING},
                                              {"where", BINDING_OPT_ANY}};
  int last, options = trailing_options(L, &last);
  if (options && lua_rawlen(L, options) > 0) options = 0, last++;
  bool made = false;
  if (options) binding_check_options(L, options, what, specs, sizeof specs / sizeof *specs);
  const char *name = options ? binding_opt_name(L, options, what, &made) : NULL;
  const char *method = options ? binding_opt_string(L, options, "using", "gist") : "gist";
  if (!corm_option_is_word(method))
    return binding_error(L, CORM_E_ARGUMENT, "%s: using must be a word, got '%.40s'", what, method);
  if (last == 0) return binding_error(L, CORM_E_ARGUMENT, "%s: at least one { column, \"operator\" } expected", what);
  const size_t n = (size_t)last;
  lua_createtable(L, last + 1, 0);
  const int anchors = lua_gettop(L);
  for (int i = 1; i <= last; i++) {
    if (!binding_is_plain_table(L, i))
      return binding_error(L, CORM_E_ARGUMENT, "%s: { column, \"operator\" } expected as argument %d, got %s", what, i,
                           binding_typename(L, i));
    lua_rawgeti(L, i, 1);
    binding_checkvalue(L, -1, what);
    lua_rawseti(L, anchors, 2 * i - 1);
    lua_rawgeti(L, i, 2);
    check_operator(L, -1);
    lua_rawseti(L, anchors, 2 * i);
  }
  const corm_node *where = NULL;
  if (options && binding_opt_push(L, options, "where")) {
    where = binding_checkcondition(L, -1, what);
    lua_rawseti(L, anchors, 2 * last + 1);
  }
  corm_arena arena;
  const size_t room = text_room(name) + text_room(method) + BINDING_ROOM(corm_exclusion) +
                      CORM_ARENA_ROUND(n * sizeof(corm_exclusion_item));
  binding_constraint *self = new_constraint(L, CORM_CONSTRAINT_EXCLUDE, 0, room, &arena);
  corm_exclusion *exclude = corm_arena_zalloc(&arena, 1, sizeof *exclude);
  corm_exclusion_item *items = corm_arena_zalloc(&arena, n, sizeof *items);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, anchors, (lua_Integer)(2 * i + 1));
    lua_rawgeti(L, anchors, (lua_Integer)(2 * i + 2));
    items[i] = (corm_exclusion_item){.expr = binding_tonode(L, -2), .op = lua_tostring(L, -1)};
    lua_pop(L, 2);
  }
  *exclude = (corm_exclusion){.method = keep(&arena, method), .items = items, .nitems = (uint32_t)n, .where = where};
  self->own.exclude = exclude;
  self->own.name = keep(&arena, name);
  self->own.made_name = made;
  lua_pushvalue(L, anchors);
  lua_setiuservalue(L, -2, BINDING_PART_ANCHORS);
  if (options) set_deferral(L, &self->own, options);
  return 1;
}

/* -- attaching ----------------------------------------------------------------------------------------------------- */

/* Makes the table at `table` the user value of the part. */
static void hold_table(lua_State *L, int part, int table) {
  lua_pushvalue(L, table);
  lua_setiuservalue(L, part, BINDING_PART_TABLE);
}

void binding_constraint_attach(lua_State *L, int part, int table) {
  binding_constraint *self = binding_check(L, part, BINDING_CONSTRAINT, "constraint");
  binding_table *owner = binding_check(L, table, BINDING_TABLE, "Table");
  corm_error err;
  corm_error_init(&err);
  if (self->constraint->table == &owner->table) return;
  binding_table_hold(L, table, self->constraint, part);
  hold_table(L, part, table);
  if (corm_table_add_constraint(&owner->table, self->constraint, &err) != CORM_OK) binding_raise(L, &err);
}

static int constraint_tostring(lua_State *L) {
  static const char *const kinds[] = {[CORM_CONSTRAINT_PRIMARY_KEY] = "PrimaryKeyConstraint",
                                      [CORM_CONSTRAINT_FOREIGN_KEY] = "ForeignKeyConstraint",
                                      [CORM_CONSTRAINT_UNIQUE] = "UniqueConstraint",
                                      [CORM_CONSTRAINT_CHECK] = "CheckConstraint",
                                      [CORM_CONSTRAINT_EXCLUDE] = "ExcludeConstraint"};
  const binding_constraint *self = binding_check(L, 1, BINDING_CONSTRAINT, "constraint");
  const corm_constraint *constraint = self->constraint;
  lua_pushfstring(L, "%s(%s)", self->is_foreign_key ? "ForeignKey" : kinds[constraint->kind],
                  constraint->name ? constraint->name : "");
  return 1;
}

/* Pushes a list of columns of the Table at `table`. */
static void push_columns(lua_State *L, int table, corm_column *const *columns, uint32_t n) {
  lua_createtable(L, (int)n, 0);
  for (uint32_t i = 0; i < n; i++) {
    binding_push_column(L, table, columns[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  binding_seal_list(L);
}

/* The targets of a foreign key as the user wrote them: "table.column". */
static void push_targets(lua_State *L, const corm_constraint *constraint) {
  lua_createtable(L, (int)constraint->ncolumns, 0);
  for (uint32_t i = 0; i < constraint->ncolumns; i++) {
    const corm_column *column = constraint->target_columns ? constraint->target_columns[i] : NULL;
    if (constraint->targets && constraint->targets[i])
      lua_pushstring(L, constraint->targets[i]);
    else
      lua_pushfstring(L, "%s.%s", column && column->table ? column->table->fullname : "?",
                      column && column->name ? column->name : "?");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* What a foreign key refers to: its Table, or its Columns in order; nil before the key has a table itself. */
static void push_referred(lua_State *L, corm_constraint *constraint, bool columns) {
  corm_error err;
  corm_error_init(&err);
  if (constraint->table && corm_constraint_resolve(constraint, &err) != CORM_OK) binding_raise(L, &err);
  if (!constraint->table || !binding_push_table(L, constraint->target_columns[0]->table)) {
    lua_pushnil(L);
  } else if (columns) {
    push_columns(L, lua_gettop(L), constraint->target_columns, constraint->ncolumns);
  }
}

/* constraint:ddl_if { dialect, callable_ } */
static int constraint_ddl_if(lua_State *L) {
  const binding_constraint *self = binding_check(L, 1, BINDING_CONSTRAINT, "constraint:ddl_if");
  lua_settop(L, 2);
  binding_push_part_info(L, BINDING_PART_OPTIONS);
  lua_getiuservalue(L, 1, BINDING_PART_OPTIONS);
  self->constraint->condition = binding_push_ddl_if(L, 2);
  lua_setfield(L, -2, "ddl_if");
  lua_settop(L, 1);
  return 1;
}

static bool constraint_property(lua_State *L, void *block, const char *name) {
  const binding_constraint *self = block;
  const corm_constraint *constraint = self->constraint;
  bool is_key = constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY;
  if (strcmp(name, "name") == 0) {
    lua_pushstring(L, constraint->name);
  } else if (strcmp(name, "columns") == 0) {
    lua_getiuservalue(L, 1, BINDING_PART_TABLE);
    push_columns(L, lua_gettop(L), constraint->columns, constraint->table ? constraint->ncolumns : 0);
  } else if (strcmp(name, "table") == 0) {
    lua_getiuservalue(L, 1, BINDING_PART_TABLE);
  } else if (strcmp(name, "sqltext") == 0) {
    if (constraint->check)
      binding_push_node(L, constraint->check, 1);
    else
      lua_pushnil(L);
  } else if (strcmp(name, "deferrable") == 0) {
    if (constraint->deferrable < 0)
      lua_pushnil(L);
    else
      lua_pushboolean(L, constraint->deferrable);
  } else if (strcmp(name, "initially") == 0) {
    lua_pushstring(L, constraint->initially);
  } else if (strcmp(name, "comment") == 0) {
    lua_pushstring(L, constraint->comment);
  } else if (strcmp(name, "info") == 0) {
    binding_push_part_info(L, BINDING_PART_OPTIONS);
  } else if (is_key && strcmp(name, "match") == 0) {
    lua_pushstring(L, constraint->match);
  } else if (is_key && strcmp(name, "use_alter") == 0) {
    lua_pushboolean(L, constraint->use_alter);
  } else if (is_key && strcmp(name, "ondelete") == 0) {
    lua_pushstring(L, constraint->ondelete);
  } else if (is_key && strcmp(name, "onupdate") == 0) {
    lua_pushstring(L, constraint->onupdate);
  } else if (is_key && strcmp(name, "targets") == 0) {
    push_targets(L, constraint);
  } else if (is_key && strcmp(name, "target_fullname") == 0) {
    push_targets(L, constraint);
    lua_rawgeti(L, -1, 1);
  } else if (is_key && strcmp(name, "referred_table") == 0) {
    push_referred(L, self->constraint, false);
  } else if (is_key && strcmp(name, "referred_columns") == 0) {
    push_referred(L, self->constraint, true);
  } else {
    return false;
  }
  return true;
}

static int constraint_index(lua_State *L) {
  return binding_index(L, BINDING_CONSTRAINT, constraint_property);
}

void binding_open_constraint(lua_State *L) {
  static const luaL_Reg fields[] = {{"ddl_if", constraint_ddl_if},
                                    {"name", NULL},
                                    {"columns", NULL},
                                    {"sqltext", NULL},
                                    {"table", NULL},
                                    {"ondelete", NULL},
                                    {"onupdate", NULL},
                                    {"targets", NULL},
                                    {"target_fullname", NULL},
                                    {"referred_table", NULL},
                                    {"referred_columns", NULL},
                                    {"deferrable", NULL},
                                    {"initially", NULL},
                                    {"comment", NULL},
                                    {"info", NULL},
                                    {"match", NULL},
                                    {"use_alter", NULL},
                                    {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", constraint_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"ForeignKey", foreign_key_call},  {"ForeignKeyConstraint", foreign_key_constraint_call},
      {"UniqueConstraint", unique_call}, {"PrimaryKeyConstraint", primary_key_call},
      {"CheckConstraint", check_call},   {NULL, NULL}};
  binding_metatable(L, BINDING_CONSTRAINT, "constraint", fields, meta, constraint_index);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
  lua_getfield(L, -1, "dialects");
  lua_getfield(L, -1, "postgresql");
  binding_pushfunction(L, exclude_call);
  lua_setfield(L, -2, "ExcludeConstraint");
  lua_pop(L, 2);
}
