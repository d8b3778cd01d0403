/*
 * corm.Column([name,] type, [ForeignKey...,] { options }). A column written in a model gets its name later, so strings
 * are kept by the column's user value instead of being copied into its block.
 */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"

static const binding_option_spec option_specs[] = {
    {"nullable", BINDING_OPT_BOOL},      {"primary_key", BINDING_OPT_BOOL},    {"unique", BINDING_OPT_BOOL},
    {"index", BINDING_OPT_BOOL},         {"default", BINDING_OPT_ANY},         {"onupdate", BINDING_OPT_ANY},
    {"server_default", BINDING_OPT_ANY}, {"server_onupdate", BINDING_OPT_ANY}, {"autoincrement", BINDING_OPT_ANY},
    {"key", BINDING_OPT_STRING},         {"name", BINDING_OPT_STRING},         {"comment", BINDING_OPT_STRING},
    {"info", BINDING_OPT_ANY},           {"system", BINDING_OPT_BOOL},         {"quote", BINDING_OPT_BOOL},
    {"doc", BINDING_OPT_STRING},
};

/* The options that only Lua reads again: copied into PARTS as they are. */
static const char *const kept_options[] = {"default",         "onupdate", "server_default",
                                           "server_onupdate", "info",     "comment"};

corm_column *binding_tocolumn(lua_State *L, int arg) {
  binding_column *column = binding_test(L, arg, BINDING_COLUMN);
  if (column) return &column->column;
  const corm_node *node = binding_tonode(L, arg);
  if (!node || node->kind != CORM_NODE_COLUMN) return NULL;
  /* Only its creator's constness: the struct lives in a Column's userdata. */
  return (corm_column *)(uintptr_t)((const corm_column_node *)node)->column;
}

static const char *column_name(const corm_column *column) {
  return column->name ? column->name : "?";
}

/* Keeps the string at `index` in PARTS (at `parts`) and returns it. */
static const char *keep_string(lua_State *L, int parts, const char *field, int index, const char *what) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  const char *text = lua_tolstring(L, index, &len);
  if (corm_identifier_check(text, len, what, &err) != CORM_OK) binding_raise(L, &err);
  lua_pushvalue(L, index);
  lua_setfield(L, parts, field);
  return text;
}

static void sync_node(binding_column *self) {
  self->node.base.kind = CORM_NODE_COLUMN;
  self->node.base.type = self->column.type;
  self->node.name = self->column.name;
  self->node.key = self->column.key;
  self->node.column = &self->column;
  self->base.node = &self->node.base;
}

/* -- defaults ------------------------------------------------------------------------------------------------------ */

/* The value at the top of the stack as the column holds it, its bytes in the arena. */
static corm_value canonical(lua_State *L, const corm_type *type, const char *what, corm_arena *arena) {
  corm_error err;
  corm_error_init(&err);
  corm_scratch scratch;
  corm_value out;
  corm_scratch_init(&scratch, &binding_get(L)->mem);
  if (binding_tovalue_typed(L, lua_gettop(L), type, what, &scratch, &out, &err) == CORM_OK &&
      corm_value_has_bytes(&out)) {
    out.as.s = corm_arena_dup(arena, out.as.s, out.len);
    if (!out.as.s) (void)corm_error_memory(&err);
  }
  corm_scratch_clear(&scratch);
  if (err.is_set) binding_raise(L, &err);
  out.flags = 0;
  return out;
}

/* Reads the option `name` of PARTS into a client-side default. */
static void read_default(lua_State *L, int parts, const char *name, const corm_column *column, corm_arena *arena,
                         corm_default *out) {
  if (!binding_opt_push(L, parts, name)) return;
  if (binding_test(L, -1, BINDING_SEQUENCE)) {
    lua_setfield(L, parts, "sequence");
    return;
  }
  const corm_node *node = binding_tonode(L, -1);
  char what[128];
  (void)snprintf(what, sizeof what, "%s of column '%.64s'", name, column_name(column));
  if (node) {
    out->kind = CORM_DEFAULT_SQL;
    out->sql = binding_scalar_in(arena, binding_checkvalue(L, -1, what));
  } else if (lua_isfunction(L, -1)) {
    out->kind = CORM_DEFAULT_HOOK;
    out->hook = binding_hook_add(L, binding_get(L), -1);
  } else {
    out->kind = CORM_DEFAULT_VALUE;
    out->value = canonical(L, column->type, what, arena);
  }
  lua_pop(L, 1);
}

/* server_default: a string is quoted as a literal in DDL; an expression stands as it is. */
static void read_server_default(lua_State *L, int parts, corm_column *column) {
  if (!binding_opt_push(L, parts, "server_default")) return;
  const corm_node *node = binding_tonode(L, -1);
  corm_default *out = &column->server_default;
  out->kind = CORM_DEFAULT_SERVER;
  if (node) {
    out->sql = binding_checkvalue(L, -1, "server_default");
  } else if (binding_test(L, -1, BINDING_FETCHED)) {
    out->value.kind = CORM_ABSENT; /* the database has it by other means: nothing in DDL */
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, -1, &len); /* PARTS keeps it */
    if (memchr(text, '\0', len) || !corm_utf8_valid(text, len))
      binding_error(L, CORM_E_ARGUMENT, "server_default of column '%s' holds a NUL or is no UTF-8",
                    column_name(column));
    out->value = corm_value_text(text, len);
  } else {
    binding_error(L, CORM_E_ARGUMENT,
                  "server_default of column '%s' must be a string (a literal), corm.text(...) or an expression, got %s",
                  column_name(column), binding_typename(L, -1));
  }
  lua_pop(L, 1);
}

static corm_autoincrement read_autoincrement(lua_State *L, int options) {
  corm_autoincrement value = CORM_AUTOINCREMENT_AUTO;
  if (!binding_opt_push(L, options, "autoincrement")) return value;
  if (lua_isboolean(L, -1))
    value = lua_toboolean(L, -1) ? CORM_AUTOINCREMENT_ON : CORM_AUTOINCREMENT_OFF;
  else if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "ignore_fk") == 0)
    value = CORM_AUTOINCREMENT_IGNORE_FK;
  else if (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "auto") != 0)
    binding_error(L, CORM_E_ARGUMENT, "Column: autoincrement is true, false, \"auto\" or \"ignore_fk\"");
  lua_pop(L, 1);
  return value;
}

/* -- construction -------------------------------------------------------------------------------------------------- */

/* What the arguments of Column(...) said: stack positions, 0 for what is not there. */
typedef struct column_args {
  int name;
  int type;
  int first_key;
  int last_key;
  int options;
  int8_t quote; /* of a quoted_name */
} column_args;

static column_args read_args(lua_State *L) {
  column_args args = {0};
  int last = lua_gettop(L);
  if (last > 0) args.quote = binding_unwrap_name(L, 1);
  if (last > 0 && lua_type(L, last) == LUA_TTABLE) {
    args.options = last--;
    binding_check_schema_options(L, args.options, "Column", option_specs, sizeof option_specs / sizeof *option_specs,
                                 CORM_OPTION_OF_COLUMN);
  }
  int arg = 1;
  if (lua_type(L, arg) == LUA_TSTRING && arg <= last) args.name = arg++;
  if (arg <= last && binding_test(L, arg, BINDING_TYPE)) args.type = arg++;
  args.first_key = arg;
  for (; arg <= last; arg++) {
    const binding_constraint *key = binding_test(L, arg, BINDING_CONSTRAINT);
    if (key && (key->is_foreign_key || key->own.kind == CORM_CONSTRAINT_CHECK)) continue;
    if (binding_test(L, arg, BINDING_SEQUENCE) || binding_test(L, arg, BINDING_IDENTITY) ||
        binding_test(L, arg, BINDING_COMPUTED))
      continue;
    if (arg == args.first_key && !args.type) binding_checktype(L, arg, "Column");
    binding_error(
        L, CORM_E_ARGUMENT,
        "Column: a ForeignKey, CheckConstraint, Sequence, Identity, Computed or a table of options expected as "
        "argument %d, got %s",
        arg, binding_typename(L, arg));
  }
  args.last_key = last;
  /* A foreign key's column may take the type of its target. */
  if (!args.type && args.first_key > last)
    binding_error(L, CORM_E_ARGUMENT, "Column: a type such as corm.Integer expected");
  return args;
}

/* Pushes the PARTS table. */
static void push_parts(lua_State *L, const column_args *args) {
  lua_createtable(L, args->last_key - args->first_key + 1, 4);
  int parts = lua_gettop(L);
  lua_Integer n = 0;
  for (int key = args->first_key; key <= args->last_key; key++) {
    static const char *const names[] = {"sequence", "identity", "computed"};
    const binding_kind kinds[] = {BINDING_SEQUENCE, BINDING_IDENTITY, BINDING_COMPUTED};
    size_t i = 0;
    while (i < 3 && !binding_test(L, key, kinds[i])) i++;
    lua_pushvalue(L, key);
    if (i < 3)
      lua_setfield(L, parts, names[i]);
    else
      lua_rawseti(L, parts, ++n);
  }
  for (size_t i = 0; i < sizeof kept_options / sizeof *kept_options; i++)
    if (args->options && binding_opt_push(L, args->options, kept_options[i])) lua_setfield(L, parts, kept_options[i]);
}

/* Sets name and key from the arguments or the options. */
static void read_names(lua_State *L, const column_args *args, int parts, corm_column *column) {
  if (args->name) {
    column->name = keep_string(L, parts, "name", args->name, "column");
  } else if (args->options && binding_opt_push(L, args->options, "name")) {
    column->name = keep_string(L, parts, "name", lua_gettop(L), "column");
    lua_pop(L, 1);
  }
  column->key = column->name;
  if (args->options && binding_opt_push(L, args->options, "key")) {
    column->key = keep_string(L, parts, "key", lua_gettop(L), "column key");
    lua_pop(L, 1);
  }
}

static void read_options(lua_State *L, int options, int parts, corm_column *column) {
  if (!options) return;
  column->primary_key = binding_opt_bool(L, options, "primary_key", false);
  column->nullable = binding_opt_bool(L, options, "nullable", !column->primary_key);
  if (binding_opt_push(L, options, "nullable")) lua_setfield(L, parts, "nullable");
  column->quote = binding_opt_quote(L, options, column->name, "Column");
  column->unique = binding_opt_bool(L, options, "unique", false);
  column->indexed = binding_opt_bool(L, options, "index", false);
  column->system = binding_opt_bool(L, options, "system", false);
  column->autoincrement = (uint8_t)read_autoincrement(L, options);
  column->options = binding_push_schema_options(L, options, "Column", CORM_OPTION_OF_COLUMN);
  lua_setfield(L, parts, "options");
  column->comment = binding_opt_string(L, parts, "comment", NULL);
  if (binding_opt_push(L, parts, "server_onupdate")) {
    if (!lua_isboolean(L, -1) && !binding_test(L, -1, BINDING_FETCHED))
      binding_error(L, CORM_E_ARGUMENT, "Column: server_onupdate is true or FetchedValue(), got %s",
                    binding_typename(L, -1));
    column->server_onupdate = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  if (binding_opt_push(L, parts, "info")) {
    if (!lua_istable(L, -1)) binding_error(L, CORM_E_ARGUMENT, "Column: info must be a table");
    lua_pop(L, 1);
  }
}

/* Moves the bytes of a default from the scratch arena into the column's own block. */
static void own_default(corm_default *def, corm_arena *arena) {
  if (def->kind == CORM_DEFAULT_VALUE && corm_value_has_bytes(&def->value))
    def->value.as.s = corm_arena_dup(arena, def->value.as.s, def->value.len);
  if (def->kind == CORM_DEFAULT_SQL && def->sql->kind == CORM_NODE_SCALAR_SUBQUERY)
    def->sql = binding_scalar_in(arena, &((const corm_subselect *)def->sql)->select->base);
}

static size_t default_room(const corm_default *def) {
  if (def->kind == CORM_DEFAULT_VALUE && corm_value_has_bytes(&def->value)) return CORM_ROOM_TEXT(def->value.len);
  return def->kind == CORM_DEFAULT_SQL ? BINDING_ROOM(corm_subselect) : 0;
}

/* The Column from PARTS at `parts`, the type at `type` and a filled struct: the userdata is left on the top. */
static binding_column *push_column(lua_State *L, const corm_column *filled, int type, int parts) {
  size_t room = default_room(&filled->default_) + default_room(&filled->onupdate);
  binding_column *self = binding_new(L, BINDING_COLUMN, CORM_ARENA_ROUND(sizeof *self) + room, BINDING_COLUMN_SLOTS);
  corm_arena arena;
  corm_arena_init_fixed(&arena, (char *)self + CORM_ARENA_ROUND(sizeof *self), room);
  self->column = *filled;
  own_default(&self->column.default_, &arena);
  own_default(&self->column.onupdate, &arena);
  sync_node(self);
  if (type) binding_anchor(L, BINDING_COLUMN_TYPE, type);
  binding_anchor(L, BINDING_COLUMN_PARTS, parts);
  return self;
}

/* A Sequence, Identity or Computed of PARTS; a Sequence may be the option `default` as well. */
static void read_generated(lua_State *L, int parts, corm_column *column) {
  if (binding_opt_push(L, parts, "sequence")) {
    column->sequence = &((binding_sequence *)lua_touserdata(L, -1))->sequence;
    column->next = (corm_default){.kind = CORM_DEFAULT_SQL, .sql = column->sequence->next_value};
    lua_pop(L, 1);
  }
  const bool has_server_default = column->server_default.kind != CORM_DEFAULT_NONE;
  if (binding_opt_push(L, parts, "identity")) {
    if (has_server_default)
      binding_error(L, CORM_E_ARGUMENT, "column '%s': a column with Identity has no server_default",
                    column_name(column));
    if (column->autoincrement == CORM_AUTOINCREMENT_OFF)
      binding_error(L, CORM_E_ARGUMENT, "column '%s': a column with Identity cannot have autoincrement = false",
                    column_name(column));
    column->identity = &((binding_identity *)lua_touserdata(L, -1))->identity;
    lua_getfield(L, parts, "nullable");
    if (!lua_toboolean(L, -1)) column->nullable = false;
    lua_pop(L, 2);
  }
  if (!binding_opt_push(L, parts, "computed")) return;
  if (has_server_default || column->identity || column->default_.kind != CORM_DEFAULT_NONE)
    binding_error(L, CORM_E_ARGUMENT, "column '%s': a computed column has no default and no Identity",
                  column_name(column));
  column->computed = &((binding_computed *)lua_touserdata(L, -1))->computed;
  column->server_default = (corm_default){.kind = CORM_DEFAULT_SERVER, .value = {.kind = CORM_ABSENT}};
  column->server_onupdate = true;
  lua_pop(L, 1);
}

static int column_call(lua_State *L) {
  binding_state *state = binding_get(L);
  column_args args = read_args(L);
  corm_column column;
  corm_column_init(&column, NULL,
                   args.type ? binding_checktype(L, args.type, "Column") : corm_type_default(CORM_TYPE_NULLTYPE));
  push_parts(L, &args);
  int parts = lua_gettop(L);
  read_names(L, &args, parts, &column);
  read_options(L, args.options, parts, &column);
  if (args.quote) column.quote = args.quote;
  column.creation = state->creation++;
  corm_arena *scratch = binding_scratch(L, state);
  read_default(L, parts, "default", &column, scratch, &column.default_);
  read_default(L, parts, "onupdate", &column, scratch, &column.onupdate);
  read_server_default(L, parts, &column);
  read_generated(L, parts, &column);
  if (scratch->failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
  push_column(L, &column, args.type, parts);
  binding_scratch_done(L, state, scratch);
  return 1;
}

/* FetchedValue(): a value that the database makes by itself, by a trigger for instance. */
static int fetched_call(lua_State *L) {
  binding_new(L, BINDING_FETCHED, sizeof(binding_head), 0);
  return 1;
}

void binding_column_set_name(lua_State *L, int column, int name) {
  column = lua_absindex(L, column);
  binding_column *self = binding_check(L, column, BINDING_COLUMN, "Column");
  name = lua_absindex(L, name);
  if (self->column.name) return;
  lua_getiuservalue(L, column, BINDING_COLUMN_PARTS);
  self->column.name = keep_string(L, lua_gettop(L), "name", name, "column");
  if (!self->column.key) self->column.key = self->column.name;
  lua_pop(L, 1);
  sync_node(self);
}

/* PARTS of a copy: the same values, but ForeignKeys of its own. */
static void push_parts_copy(lua_State *L, int parts) {
  lua_newtable(L);
  int copy = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, parts)) {
    if (lua_isinteger(L, -2)) {
      if (((const binding_constraint *)lua_touserdata(L, -1))->is_foreign_key)
        binding_foreign_key_copy(L, lua_gettop(L));
      else
        binding_constraint_copy(L, lua_gettop(L));
      lua_replace(L, -2);
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, copy);
  }
}

void binding_column_copy(lua_State *L, int column) {
  column = lua_absindex(L, column);
  binding_column *self = binding_check(L, column, BINDING_COLUMN, "Column");
  int top = lua_gettop(L);
  corm_column filled = self->column;
  filled.table = NULL;
  filled.index = 0;
  lua_getiuservalue(L, column, BINDING_COLUMN_TYPE);
  lua_getiuservalue(L, column, BINDING_COLUMN_PARTS);
  push_parts_copy(L, top + 2);
  push_column(L, &filled, top + 1, top + 3);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

void binding_column_attached(lua_State *L, int column, int table) {
  binding_column *self = binding_check(L, column, BINDING_COLUMN, "Column");
  const binding_table *owner = binding_check(L, table, BINDING_TABLE, "Table");
  self->node.from = &owner->node.base;
  lua_pushvalue(L, column);
  binding_anchor(L, BINDING_COLUMN_TABLE, table);
  lua_pop(L, 1);
}

/* -- looking at one ------------------------------------------------------------------------------------------------ */

static void push_part(lua_State *L, const char *name) {
  if (strcmp(name, "info") == 0) {
    binding_push_part_info(L, BINDING_COLUMN_PARTS);
    return;
  }
  lua_getiuservalue(L, 1, BINDING_COLUMN_PARTS);
  lua_getfield(L, -1, name);
}

/* The keys of several columns, or written beside the columns, that this one is part of. */
static void add_table_keys(lua_State *L, const corm_column *column, lua_Integer n) {
  const int list = lua_gettop(L);
  if (!column->table || !binding_push_table(L, column->table)) return;
  for (size_t i = 0; i < column->table->constraints.len; i++) {
    corm_constraint *key = column->table->constraints.items[i];
    bool has = false;
    for (uint32_t k = 0; key->kind == CORM_CONSTRAINT_FOREIGN_KEY && k < key->ncolumns; k++)
      has |= key->columns[k] == column;
    if (!has) continue;
    binding_push_constraint(L, list + 1, key);
    if (((const binding_constraint *)lua_touserdata(L, -1))->is_foreign_key)
      lua_pop(L, 1);
    else
      lua_rawseti(L, list, ++n);
  }
  lua_settop(L, list);
}

static void push_foreign_keys(lua_State *L, const corm_column *column) {
  lua_getiuservalue(L, 1, BINDING_COLUMN_PARTS);
  int parts = lua_gettop(L);
  int n = (int)lua_rawlen(L, parts);
  lua_createtable(L, n, 0);
  lua_Integer keys = 0;
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, parts, i);
    if (((const binding_constraint *)lua_touserdata(L, -1))->is_foreign_key)
      lua_rawseti(L, -2, ++keys);
    else
      lua_pop(L, 1);
  }
  add_table_keys(L, column, keys);
  binding_seal_list(L);
}

static bool column_property(lua_State *L, void *block, const char *name) {
  const corm_column *column = &((const binding_column *)block)->column;
  static const char *const parts[] = {"default", "onupdate", "server_default", "server_onupdate",
                                      "info",    "comment",  "computed",       "identity"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (strcmp(name, parts[i]) != 0) continue;
    push_part(L, name);
    return true;
  }
  if (strcmp(name, "name") == 0) {
    lua_pushstring(L, column->name);
  } else if (strcmp(name, "key") == 0) {
    lua_pushstring(L, column->key);
  } else if (strcmp(name, "type") == 0) {
    if (lua_getiuservalue(L, 1, BINDING_COLUMN_TYPE) == LUA_TNIL) {
      lua_pop(L, 1);
      binding_push_type(L, column->type, 1);
    }
  } else if (strcmp(name, "table") == 0) {
    lua_getiuservalue(L, 1, BINDING_COLUMN_TABLE);
  } else if (strcmp(name, "primary_key") == 0) {
    lua_pushboolean(L, column->primary_key);
  } else if (strcmp(name, "nullable") == 0) {
    lua_pushboolean(L, column->nullable);
  } else if (strcmp(name, "unique") == 0) {
    lua_pushboolean(L, column->unique);
  } else if (strcmp(name, "index") == 0) {
    lua_pushboolean(L, column->indexed);
  } else if (strcmp(name, "autoincrement") == 0) {
    if (column->autoincrement == CORM_AUTOINCREMENT_AUTO)
      lua_pushliteral(L, "auto");
    else if (column->autoincrement == CORM_AUTOINCREMENT_IGNORE_FK)
      lua_pushliteral(L, "ignore_fk");
    else
      lua_pushboolean(L, column->autoincrement == CORM_AUTOINCREMENT_ON);
  } else if (strcmp(name, "foreign_keys") == 0) {
    push_foreign_keys(L, column);
  } else {
    return false;
  }
  return true;
}

static int column_index(lua_State *L) {
  return binding_index(L, BINDING_COLUMN, column_property);
}

void binding_open_column(lua_State *L) {
  static const luaL_Reg fields[] = {{"name", NULL},
                                    {"key", NULL},
                                    {"type", NULL},
                                    {"table", NULL},
                                    {"primary_key", NULL},
                                    {"nullable", NULL},
                                    {"unique", NULL},
                                    {"index", NULL},
                                    {"autoincrement", NULL},
                                    {"foreign_keys", NULL},
                                    {"default", NULL},
                                    {"onupdate", NULL},
                                    {"server_default", NULL},
                                    {"server_onupdate", NULL},
                                    {"info", NULL},
                                    {"comment", NULL},
                                    {"computed", NULL},
                                    {"identity", NULL},
                                    {NULL, NULL}};
  static const luaL_Reg functions[] = {{"Column", column_call}, {"FetchedValue", fetched_call}, {NULL, NULL}};
  binding_metatable(L, BINDING_COLUMN, "Column", fields, binding_operator_meta, column_index);
  lua_pop(L, 1);
  binding_add_methods(L, BINDING_COLUMN, binding_operator_methods);
  binding_metatable(L, BINDING_FETCHED, "FetchedValue", NULL, NULL, NULL);
  lua_pop(L, 1);
  binding_setfuncs(L, functions);
}
