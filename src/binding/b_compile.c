/* Compiling what stands in Lua, and showing it: x:compile { ... } and tostring(x). */
#include <string.h>

#include "binding/b_bindparam.h"
#include "binding/b_load.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/ddl.h"

/* stmt:compile(): `.string` and `.params`. The parameters are found by compiling once more, when they are asked for.
   User value 1: the text, 2: what was compiled, 3: the parameters. */
enum { COMPILED_STRING = 1, COMPILED_SOURCE, COMPILED_PARAMS, COMPILED_SLOTS = COMPILED_PARAMS };

typedef struct binding_compiled {
  binding_head head;
  const corm_dialect *dialect;
  corm_compile_options options;
} binding_compiled;

/* -- compiling ----------------------------------------------------------------------------------------------------- */

/* A DDL element is text and nothing else. */
static corm_status compile_ddl(const binding_stmt *stmt, const corm_mem *mem, const corm_dialect *dialect,
                               corm_arena *arena, corm_compiled *out, corm_error *err) {
  corm_buf buf;
  corm_buf_init(&buf, mem);
  corm_status status = corm_ddl_write(dialect, &stmt->ddl, &buf, err);
  if (status == CORM_OK && buf.failed) status = corm_error_memory(err);
  if (status == CORM_OK) {
    *out = (corm_compiled){.sql = corm_arena_dup(arena, corm_buf_str(&buf), buf.len), .len = buf.len};
    if (!out->sql) status = corm_error_memory(err);
  }
  corm_buf_clear(&buf);
  return status;
}

/* SELECT of a single function, what executing a function means. */
static const corm_node *select_of(corm_arena *arena, const corm_node *node) {
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, 1, sizeof *columns);
  if (!select || !columns) return NULL;
  columns[0] = node;
  select->base = (corm_node){.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
  select->columns = columns;
  select->ncolumns = 1;
  return &select->base;
}

static corm_status not_executable(lua_State *L, int arg, corm_error *err) {
  if (lua_type(L, arg) != LUA_TSTRING)
    return corm_error_set(err, CORM_E_OBJECT_NOT_EXECUTABLE, "not an executable object: %s", binding_typename(L, arg));
  corm_error_set(err, CORM_E_OBJECT_NOT_EXECUTABLE, "not an executable object: the string '%.80s'",
                 lua_tostring(L, arg));
  corm_error_hint(err, "raw SQL is written corm.text(\"...\")");
  return CORM_FAILED;
}

/* `stmt`: the statement at `arg`; NULL: it is something else. */
static corm_status compile_at(lua_State *L, int arg, const binding_stmt *stmt, const corm_dialect *dialect,
                              const corm_compile_options *options, corm_arena *arena, corm_compiled *out,
                              corm_error *err) {
  corm_compile_options literal;
  binding_state *state = binding_get(L);
  state->L = L;
  if (stmt && stmt->ddl.kind != CORM_DDL_NONE) return compile_ddl(stmt, &state->mem, dialect, arena, out, err);
  const corm_node *node = stmt ? stmt->base.node : binding_tonode(L, arg);
  if (!node) return not_executable(L, arg, err);
  if (node->kind == CORM_NODE_CONSTRUCT && ((const corm_construct *)node)->ddl) {
    literal = *options;
    literal.literal_binds = true;
    options = &literal;
  }
  if (!stmt && !options->named) {
    bool call = node->kind == CORM_NODE_FUNCTION || (node->kind == CORM_NODE_CONSTRUCT && corm_is_call(node));
    if (!call) return not_executable(L, arg, err);
    node = select_of(arena, node);
    if (!node) return corm_error_memory(err);
  }
  if (!options->named) state->dialect = dialect;
  return corm_compile_in(arena, dialect, node, options, out, err);
}

corm_status binding_compile(lua_State *L, int arg, const corm_dialect *dialect, const corm_compile_options *options,
                            corm_arena *arena, corm_compiled *out, corm_error *err) {
  static const corm_compile_options plain = {.named = false};
  const binding_stmt *stmt = binding_test(L, arg, BINDING_STATEMENT);
  return compile_at(L, arg, stmt, dialect, options ? options : &plain, arena, out, err);
}

/* The dialect of the name at the top, which is popped. */
static const corm_dialect *take_dialect(lua_State *L, const char *what) {
  if (lua_type(L, -1) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: dialect must be a name such as \"sqlite\", got %s", what,
                  binding_typename(L, -1));
  const char *name = lua_tostring(L, -1);
  const corm_dialect *dialect = corm_dialect_find(name);
  if (!dialect) {
    size_t n;
    const char *const *names = corm_dialect_names(&n);
    binding_unknown(L, "dialect", what, name, names, n);
  }
  lua_pop(L, 1);
  return dialect;
}

const corm_dialect *binding_opt_dialect(lua_State *L, int options, const char *what) {
  return binding_opt_push(L, options, "dialect") ? take_dialect(L, what) : &corm_dialect_default;
}

/* Pushes the text of what stands at 1, a statement or (NULL) something else; false: the error, and nothing pushed. */
static bool try_text(lua_State *L, const binding_stmt *stmt, const corm_dialect *dialect,
                     const corm_compile_options *options, corm_error *err) {
  binding_state *state = binding_get(L);
  int top = lua_gettop(L);
  corm_compiled compiled;
  corm_plan_criteria criteria;
  corm_compile_options own = *options;
  const bool says_more = stmt && (stmt->base.head.flags & BINDING_STMT_HAS_OPTIONS);
  if (says_more) own.criteria = binding_push_criteria(L, 1, &criteria);
  corm_arena *arena = binding_scratch(L, state);
  binding_late late;
  binding_late_init(&late, L, 0, false);
  own.late = &late.late;
  own.text = true;
  bool ok = compile_at(L, 1, stmt, dialect, &own, arena, &compiled, err) == CORM_OK;
  if (ok) lua_pushlstring(L, compiled.sql, compiled.len);
  binding_scratch_done(L, state, arena);
  if (ok) lua_replace(L, top + 1);
  lua_settop(L, top + ok);
  return ok;
}

static void push_text(lua_State *L, const binding_stmt *stmt, const corm_dialect *dialect,
                      const corm_compile_options *options) {
  corm_error err;
  corm_error_init(&err);
  if (!try_text(L, stmt, dialect, options, &err)) binding_raise(L, &err);
}

/* What the generic dialect lacks is shown as a database has it; what none can say, as the error that says why. */
static void push_some_text(lua_State *L, const binding_stmt *stmt, const corm_dialect *dialect,
                           const corm_compile_options *options) {
  corm_error first, other;
  corm_error_init(&first);
  if (try_text(L, stmt, dialect, options, &first)) return;
  if (first.from_hook || first.cls == CORM_E_MEMORY) binding_raise(L, &first);
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  for (size_t i = 0; i < n; i++) {
    corm_error_init(&other);
    bool ok = try_text(L, stmt, corm_dialect_find(names[i]), options, &other);
    corm_error_clear(&other);
    if (!ok) continue;
    corm_error_clear(&first);
    return;
  }
  lua_pushfstring(L, "<%s: %s>", corm_error_class_name(first.cls), first.message);
  corm_error_clear(&first);
}

int binding_node_tostring(lua_State *L) {
  static const corm_compile_options options = {.named = true};
  const corm_node *node = binding_tonode(L, 1);
  if (node && node->kind == CORM_NODE_COLUMN && !((const corm_column_node *)node)->name) {
    lua_pushliteral(L, "(no name)"); /* a Column that waits for its model */
    return 1;
  }
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  push_some_text(L, stmt, stmt && stmt->dialect ? stmt->dialect : &corm_dialect_default, &options);
  return 1;
}

/* literal_binds, there or in compile_kwargs, of the options at 2. */
static bool wants_literals(lua_State *L) {
  static const binding_option_spec kwargs[] = {{"literal_binds", BINDING_OPT_BOOL},
                                               {"render_postcompile", BINDING_OPT_BOOL}};
  bool literals = binding_opt_bool(L, 2, "literal_binds", false);
  if (binding_opt_push(L, 2, "compile_kwargs")) {
    binding_check_options(L, -1, "compile_kwargs", kwargs, sizeof kwargs / sizeof *kwargs);
    literals |= binding_opt_bool(L, -1, "literal_binds", false);
    lua_pop(L, 1);
  }
  return literals;
}

/* The dialect where the table at 2 has nothing but its name, as most have; else NULL. */
static const corm_dialect *only_dialect(lua_State *L) {
  const corm_dialect *dialect = NULL;
  if (!lua_istable(L, 2)) return NULL;
  lua_pushnil(L);
  if (lua_next(L, 2)) {
    const bool named = lua_type(L, 3) == LUA_TSTRING && lua_type(L, 4) == LUA_TSTRING;
    if (named && strcmp(lua_tostring(L, 3), "dialect") == 0) dialect = corm_dialect_find(lua_tostring(L, 4));
    lua_settop(L, 3);
    if (lua_next(L, 2)) dialect = NULL;
  }
  lua_settop(L, 2);
  return dialect;
}

int binding_compile_method(lua_State *L) {
  /* IN lists are always shown expanded, so render_postcompile has nothing to do. */
  static const binding_option_spec specs[] = {{"dialect", BINDING_OPT_ANY},
                                              {"literal_binds", BINDING_OPT_BOOL},
                                              {"render_postcompile", BINDING_OPT_BOOL},
                                              {"compile_kwargs", BINDING_OPT_ANY}};
  lua_settop(L, 2);
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_dialect *dialect = only_dialect(L);
  corm_compile_options options = {.named = true};
  if (!dialect) {
    const size_t given = binding_check_options(L, 2, "compile", specs, sizeof specs / sizeof *specs);
    const bool named = binding_opt_push(L, 2, "dialect");
    dialect = named ? take_dialect(L, "compile") : stmt && stmt->dialect ? stmt->dialect : &corm_dialect_default;
    if (given > named) options.literal_binds = wants_literals(L);
  }
  push_text(L, stmt, dialect, &options);
  binding_compiled *compiled = binding_new(L, BINDING_COMPILED, sizeof *compiled, COMPILED_SLOTS);
  compiled->dialect = dialect;
  compiled->options = options;
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, COMPILED_STRING);
  binding_anchor(L, COMPILED_SOURCE, 1);
  return 1;
}

/* -- the compiled object ------------------------------------------------------------------------------------------- */

/* The table of parameters: values as they were given. Those that only an execution provides are absent. */
static void push_params(lua_State *L, const corm_compiled *compiled) {
  lua_createtable(L, 0, (int)compiled->nbinds);
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    if (!bind->node || bind->node->required) continue;
    /* What a type of the script's own has made of a value is shown as it is. */
    binding_push_typed_null(L, bind->element >= 0 ? &bind->node->values[bind->element] : &bind->node->value,
                            bind->type->hosted ? bind->type->custom->impl : bind->type);
    lua_setfield(L, -2, bind->name);
  }
}

static void push_compiled_params(lua_State *L, const binding_compiled *self) {
  binding_state *state = binding_get(L);
  corm_error err;
  corm_error_init(&err);
  corm_compiled compiled;
  if (lua_getiuservalue(L, 1, COMPILED_PARAMS) == LUA_TTABLE) return;
  lua_getiuservalue(L, 1, COMPILED_SOURCE);
  const int source = lua_gettop(L);
  corm_plan_criteria criteria;
  corm_compile_options own = self->options;
  own.criteria = binding_push_criteria(L, source, &criteria);
  corm_arena *arena = binding_scratch(L, state);
  binding_late late;
  binding_late_init(&late, L, 0, false);
  own.late = &late.late;
  if (binding_compile(L, source, self->dialect, &own, arena, &compiled, &err) != CORM_OK) binding_raise(L, &err);
  push_params(L, &compiled);
  binding_scratch_done(L, state, arena);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, COMPILED_PARAMS);
}

static bool compiled_property(lua_State *L, void *block, const char *name) {
  if (strcmp(name, "string") == 0)
    lua_getiuservalue(L, 1, COMPILED_STRING);
  else if (strcmp(name, "params") == 0)
    push_compiled_params(L, block);
  else if (strcmp(name, "statement") == 0)
    lua_getiuservalue(L, 1, COMPILED_SOURCE);
  else
    return false;
  return true;
}

/* It has no methods: its properties come first. */
static int compiled_index(lua_State *L) {
  void *block = binding_check(L, 1, BINDING_COMPILED, "index");
  if (compiled_property(L, block, binding_name_at(L, 2))) return 1;
  return binding_method(L, BINDING_COMPILED, 2);
}

static int compiled_tostring(lua_State *L) {
  binding_check(L, 1, BINDING_COMPILED, "Compiled");
  lua_getiuservalue(L, 1, COMPILED_STRING);
  return 1;
}

void binding_open_compile(lua_State *L) {
  static const luaL_Reg fields[] = {{"string", NULL}, {"params", NULL}, {"statement", NULL}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", compiled_tostring}, {NULL, NULL}};
  binding_metatable(L, BINDING_COMPILED, "Compiled", fields, meta, compiled_index);
  lua_pop(L, 1);
}
