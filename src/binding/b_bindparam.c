#include "binding/b_bindparam.h"

#include <string.h>

#include "base/str.h"
#include "binding/b_statement.h"
#include "binding/state.h"
#include "sql/named.h"

/* -- values that an execution gives -------------------------------------------------------------------------------- */

static corm_status no_value(lua_State *L, const char *key, corm_error *err) {
  return corm_error_set(err, CORM_E_ARGUMENT, "bind parameter '%.100s': a %s is no value", key,
                        binding_typename(L, -1));
}

/* The value at the top, which a type of the script's own may change. */
static corm_status take_value(lua_State *L, const corm_bind *bind, corm_arena *arena, corm_value *out,
                              corm_error *err) {
  const corm_type *type = bind->base.type;
  const bool passes = type && type->hosted && !bind->width && !binding_is_null(L, -1);
  if (passes && binding_pass_in(L, -1, &type, err) != CORM_OK) return CORM_FAILED;
  return binding_tovalue_in(L, -1, arena, out) ? CORM_OK : no_value(L, bind->key, err);
}

/* The list at the top: values, or lists of `width` values, row-major. */
static corm_status read_list(lua_State *L, const corm_bind *bind, corm_arena *arena, corm_late_values *out,
                             corm_error *err) {
  const int list = lua_gettop(L);
  if (!lua_istable(L, list) || binding_tonode(L, list))
    return corm_error_set(err, CORM_E_ARGUMENT, "bind parameter '%.100s' is expanding: a list expected, got %s",
                          bind->key, binding_typename(L, list));
  const size_t n = lua_rawlen(L, list), width = bind->width ? bind->width : 1;
  if (n > UINT32_MAX / width) return corm_error_memory(err);
  corm_value *values = corm_arena_zalloc(arena, n * width, sizeof *values);
  if (!values) return corm_error_memory(err);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    if (bind->width && (!lua_istable(L, -1) || lua_rawlen(L, -1) != width))
      return corm_error_set(err, CORM_E_ARGUMENT, "bind parameter '%.100s': element %zu must be a list of %zu values",
                            bind->key, i + 1, width);
    for (size_t k = 0; k < width; k++) {
      if (bind->width)
        lua_rawgeti(L, -1, (lua_Integer)k + 1);
      else
        lua_pushvalue(L, -1);
      if (take_value(L, bind, arena, &values[i * width + k], err) != CORM_OK) return CORM_FAILED;
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  *out = (corm_late_values){.given = true, .values = values, .n = (uint32_t)(n * width)};
  return CORM_OK;
}

static corm_status read_value(lua_State *L, const corm_bind *bind, corm_arena *arena, corm_late_values *out,
                              corm_error *err) {
  if (bind->expanding) return read_list(L, bind, arena, out, err);
  corm_value *value = corm_arena_zalloc(arena, 1, sizeof *value);
  if (!value) return corm_error_memory(err);
  if (take_value(L, bind, arena, value, err) != CORM_OK) return CORM_FAILED;
  *out = (corm_late_values){.given = true, .values = value, .n = 1};
  return CORM_OK;
}

/* What the compiler asks for, while the functions that answer run protected: an error may not pass its frames. */
typedef struct asking {
  const binding_late *late;
  const corm_bind *bind;
  corm_arena *arena;
  corm_late_values *out;
  corm_status status;
  corm_error *err;
} asking;

/* Pushes what the parameters at 2 have under the name; true when there is something. */
static bool push_given(lua_State *L, const char *key) {
  if (!lua_istable(L, 2)) return false;
  lua_pushstring(L, key);
  return lua_rawget(L, 2) != LUA_TNIL;
}

/* find_body(the asking, parameters or nil) */
static int find_body(lua_State *L) {
  asking *a = lua_touserdata(L, 1);
  const corm_bind *bind = a->bind;
  const bool given = push_given(L, bind->key);
  if (a->late->many && (given || bind->expanding)) {
    a->status = corm_error_set(a->err, CORM_E_INVALID_REQUEST,
                               "bind parameter '%.100s': 'expanding' and 'literal_execute' parameters can't be used "
                               "with several sets of parameters",
                               bind->key);
    return 0;
  }
  if (!given && !bind->hook) return 0;
  if (!given) {
    binding_hook_push(L, binding_get(L), bind->hook);
    lua_call(L, 0, 1);
  }
  a->status = read_value(L, bind, a->arena, a->out, a->err);
  return 0;
}

static corm_status find(void *ctx, const corm_bind *bind, corm_arena *arena, corm_late_values *out, corm_error *err) {
  const binding_late *late = ctx;
  lua_State *L = late->L;
  asking a = {.late = late, .bind = bind, .arena = arena, .out = out, .err = err, .status = CORM_OK};
  if (!lua_checkstack(L, 8)) return corm_error_memory(err);
  lua_pushcfunction(L, find_body);
  lua_pushlightuserdata(L, &a);
  if (late->params)
    lua_pushvalue(L, late->params);
  else
    lua_pushnil(L);
  return lua_pcall(L, 2, 0, 0) == LUA_OK ? a.status : binding_hook_failed(L, binding_get(L), err);
}

void binding_late_init(binding_late *late, lua_State *L, int params, bool many) {
  *late = (binding_late){.late = {.find = find}, .L = L, .many = many};
  late->late.ctx = late;
  if (params && lua_istable(L, params)) late->params = lua_absindex(L, params);
}

/* -- bindparam() --------------------------------------------------------------------------------------------------- */

/* The arguments, read. */
typedef struct parameter {
  const char *key; /* NULL: anonymous */
  const corm_type *type;
  int type_arg;
  int value_arg; /* 0: none */
  int callable;
  bool unique;
  bool optional; /* required = false: NULL where nothing is given */
  bool expanding;
  bool literal_execute;
} parameter;

static void read_options(lua_State *L, int options, parameter *p) {
  static const binding_option_spec specs[] = {
      {"type_", BINDING_OPT_ANY},     {"unique", BINDING_OPT_BOOL},    {"required", BINDING_OPT_BOOL},
      {"value", BINDING_OPT_ANY},     {"expanding", BINDING_OPT_BOOL}, {"literal_execute", BINDING_OPT_BOOL},
      {"callable_", BINDING_OPT_ANY},
  };
  binding_check_options(L, options, "bindparam", specs, sizeof specs / sizeof *specs);
  p->unique |= binding_opt_bool(L, options, "unique", false);
  p->expanding = binding_opt_bool(L, options, "expanding", false);
  p->literal_execute = binding_opt_bool(L, options, "literal_execute", false);
  if (binding_opt_push(L, options, "type_")) {
    p->type_arg = lua_gettop(L);
    p->type = binding_checktype(L, -1, "bindparam");
  }
  if (!p->value_arg && binding_opt_push(L, options, "value")) p->value_arg = lua_gettop(L);
  if (binding_opt_push(L, options, "callable_")) {
    p->callable = lua_gettop(L);
    if (!lua_isfunction(L, -1))
      binding_error(L, CORM_E_ARGUMENT, "bindparam: callable_ must be a function, got %s", binding_typename(L, -1));
    if (p->value_arg) binding_error(L, CORM_E_ARGUMENT, "bindparam: either a value or callable_");
  }
  if (!binding_opt_push(L, options, "required")) return;
  const bool required = lua_toboolean(L, -1);
  if (required) p->value_arg = 0;
  p->optional = !required;
}

static void read_arguments(lua_State *L, parameter *p) {
  corm_error err;
  corm_error_init(&err);
  size_t len;
  const int top = lua_gettop(L);
  p->unique = top > 0 && lua_isnil(L, 1);
  if (!p->unique) {
    if (lua_type(L, 1) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "bindparam: a name expected, got %s", binding_typename(L, 1));
    p->key = lua_tolstring(L, 1, &len);
    if (corm_identifier_check(p->key, len, "bindparam", &err) != CORM_OK) binding_raise(L, &err);
  }
  if (top > 3) binding_error(L, CORM_E_ARGUMENT, "bindparam: a name, a value and options expected");
  const int options = top == 3 ? 3 : top == 2 && binding_is_plain_table(L, 2) ? 2 : 0;
  if (top > 1 && options != 2) p->value_arg = 2;
  if (options) read_options(L, options, p);
}

/* A list of values for expanding; tuples keep their width. */
static const corm_value *read_values(lua_State *L, int arg, const char *key, const corm_type *type, corm_arena *scratch,
                                     uint32_t *n, uint32_t *width, size_t *room) {
  corm_error err;
  corm_error_init(&err);
  corm_bind shape = {.base = {.type = type}, .key = key, .expanding = true};
  corm_late_values list;
  lua_pushvalue(L, arg);
  if (lua_istable(L, -1) && lua_rawgeti(L, -1, 1) == LUA_TTABLE && !binding_tonode(L, -1))
    shape.width = (uint32_t)lua_rawlen(L, -1);
  lua_pushvalue(L, arg);
  if (read_list(L, &shape, scratch, &list, &err) != CORM_OK) binding_raise(L, &err);
  *n = list.n;
  *width = shape.width;
  *room = (list.n + 1) * sizeof(corm_value);
  for (uint32_t i = 0; i < list.n; i++)
    if (corm_value_has_bytes(&list.values[i])) *room += CORM_ROOM_TEXT(list.values[i].len);
  return list.values;
}

int binding_bindparam(lua_State *L) {
  parameter p = {.key = NULL};
  binding_state *state = binding_get(L);
  read_arguments(L, &p);
  binding_arg value = {.room = 0};
  corm_bind made = {.base = {.kind = CORM_NODE_BIND}, .key = p.key ? p.key : "param"};
  corm_arena *scratch = NULL;
  size_t room = 0;
  if (p.expanding && p.value_arg) {
    scratch = binding_scratch(L, state);
    made.values = read_values(L, p.value_arg, made.key, p.type, scratch, &made.nvalues, &made.width, &room);
  } else if (p.value_arg) {
    binding_arg_read(L, p.value_arg, p.type, "bindparam", &value);
    if (value.node)
      return binding_error(L, CORM_E_ARGUMENT, "bindparam: a plain value expected, got an SQL expression");
  }
  const bool has_value = p.value_arg || p.optional;
  made.base.type = p.type ? p.type : corm_type_of_value(p.expanding && made.nvalues ? &made.values[0] : &value.value);
  if (!p.type && !has_value) made.base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  made.value = p.value_arg && !p.expanding ? value.value : corm_value_null();
  made.required = !has_value && !p.callable;
  made.unique = p.unique;
  made.expanding = p.expanding;
  made.literal_execute = p.literal_execute;
  made.hook = p.callable ? binding_hook_add(L, state, p.callable) : 0;
  made.late = p.expanding || p.literal_execute || p.callable;
  const corm_node *node;
  binding_build b;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(strlen(made.key)) + value.room + room, 2);
  do {
    const corm_bind *copy = corm_bind_copy_in(&b.arena, &made, NULL);
    node = copy ? &copy->base : NULL;
  } while (binding_build_again(&b, node));
  if (p.type_arg) binding_anchor(L, 1, p.type_arg);
  if (p.callable) {
    lua_pushvalue(L, p.callable);
    lua_setiuservalue(L, -2, 2);
  }
  if (scratch) binding_scratch_done(L, state, scratch);
  return 1;
}

/* -- params() ------------------------------------------------------------------------------------------------------ */

/* A parameter of the statement, and the value that it gets. */
typedef struct given {
  corm_bind made;
  size_t room;
} given;

/* The statement's own parameter of that name. */
static corm_named_bind find_parameter(lua_State *L, const corm_named_binds *binds, const char *name,
                                      corm_arena *scratch) {
  const char *names[128];
  size_t n = 0;
  for (size_t i = 0; i < binds->n; i++) {
    const corm_bind *bind = binds->items[i].bind;
    if (strcmp(bind->key, name) == 0) return binds->items[i];
    if (n < sizeof names / sizeof *names) names[n++] = bind->key;
  }
  for (size_t i = 0; i < binds->ntexts; i++) {
    if (!corm_text_has(binds->texts[i]->sql, binds->texts[i]->len, name)) continue;
    const corm_bind *bind = (const corm_bind *)corm_bindparam_in(scratch, name, NULL, NULL, false);
    if (!bind) binding_error(L, CORM_E_MEMORY, "not enough memory");
    return (corm_named_bind){.bind = bind, .type = bind->base.type};
  }
  corm_error err;
  corm_error_init(&err);
  (void)corm_error_set(&err, CORM_E_ARGUMENT, "params: the statement has no parameter '%.100s'", name);
  const char *nearest = corm_name_nearest(name, names, n);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  binding_raise(L, &err);
  return (corm_named_bind){.bind = NULL};
}

/* The parameter with the value at the top, which stays alive in the table at `kept`. */
static given read_given(lua_State *L, corm_named_bind named, corm_arena *scratch, int kept) {
  const corm_bind *bind = named.bind;
  const int at = lua_gettop(L);
  given g = {.made = *bind};
  binding_arg value = {.room = 0};
  g.made.required = false;
  g.made.hook = 0;
  if (bind->expanding) {
    uint32_t width;
    g.made.values = read_values(L, at, bind->key, named.type, scratch, &g.made.nvalues, &width, &g.room);
    if (g.made.nvalues) g.made.width = width;
  } else {
    binding_arg_read(L, at, named.type, "params", &value);
    if (value.node)
      binding_error(L, CORM_E_ARGUMENT, "params: a plain value expected for '%.100s', got an SQL expression",
                    bind->key);
    g.made.value = value.value;
    g.room = value.room;
  }
  g.made.base.type = named.type;
  if (named.type->kind == CORM_TYPE_NULLTYPE && !named.type->hosted)
    g.made.base.type = corm_type_of_value(g.made.nvalues ? &g.made.values[0] : &value.value);
  g.room += BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(strlen(bind->key));
  binding_arg_keep(L, at, kept);
  return g;
}

/* Reads the table at 2; returns the number of its fields. */
static uint32_t read_all_given(lua_State *L, const corm_named_binds *binds, corm_arena *scratch, int kept,
                               given **out) {
  uint32_t n = 0, i = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      binding_error(L, CORM_E_ARGUMENT, "params: names expected as keys, got %s", binding_typename(L, -2));
    n++;
  }
  *out = corm_arena_alloc(scratch, (n + (size_t)1) * sizeof **out);
  if (!*out) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (lua_pushnil(L); lua_next(L, 2);)
    (*out)[i++] = read_given(L, find_parameter(L, binds, lua_tostring(L, -2), scratch), scratch, kept);
  return n;
}

/* What was given before, which is at *binds, and now: of two values for a name the later one counts. */
static bool add_given(corm_arena *arena, const corm_bind *const **binds, uint32_t *had, const given *items,
                      uint32_t n) {
  const corm_bind **all = corm_arena_alloc(arena, (*had + (size_t)n + 1) * sizeof *all);
  if (!all) return false;
  for (uint32_t i = 0; i < *had; i++) all[i] = (*binds)[i];
  for (uint32_t i = 0; i < n; i++)
    if (!(all[*had + i] = corm_bind_copy_in(arena, &items[i].made, NULL))) return false;
  *binds = all;
  *had += n;
  return true;
}

static const corm_node *select_with_in(corm_arena *arena, const corm_node *old, const given *items, uint32_t n) {
  corm_select *select = (corm_select *)binding_statement_copy_in(arena, old);
  corm_select_extra *extra = corm_arena_zalloc(arena, 1, sizeof *extra);
  if (!select || !extra) return NULL;
  if (select->extra) *extra = *select->extra;
  select->extra = extra;
  return add_given(arena, &extra->given, &extra->ngiven, items, n) ? &select->base : NULL;
}

static const corm_node *dml_with_in(corm_arena *arena, const corm_node *old, const given *items, uint32_t n) {
  corm_node *node;
  corm_dml_extra *extra;
  if (!binding_dml_extra_in(arena, old, &node, &extra)) return NULL;
  return add_given(arena, &extra->given, &extra->ngiven, items, n) ? node : NULL;
}

static uint32_t given_before(const corm_node *node, bool dml) {
  const corm_dml_extra *extra = dml ? corm_dml_extra_of(node) : NULL;
  if (dml) return extra ? extra->ngiven : 0;
  const corm_select *select = (const corm_select *)node;
  return select->extra ? select->extra->ngiven : 0;
}

int binding_params(lua_State *L) {
  const corm_node *text = binding_tonode(L, 1);
  if (text && text->kind == CORM_NODE_TEXT && lua_istable(L, 2)) return binding_text_bindparams(L);
  const corm_node *old = binding_dml_at(L);
  const bool dml = old != NULL;
  if (!dml) old = &binding_checkselectable(L, "params")->base;
  binding_state *state = binding_get(L);
  corm_named_binds binds;
  given *items;
  if (lua_gettop(L) != 2 || !binding_is_plain_table(L, 2) || lua_rawlen(L, 2) > 0)
    return binding_error(L, CORM_E_ARGUMENT, "params: a table of named values expected, got %s",
                         binding_typename(L, 2));
  lua_newtable(L);
  corm_arena *scratch = binding_scratch(L, state);
  if (!corm_named_binds_in(scratch, old, &binds)) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  const uint32_t n = read_all_given(L, &binds, scratch, 3, &items);
  size_t room = (dml ? binding_dml_extra_room() : BINDING_ROOM(corm_select) + BINDING_ROOM(corm_select_extra)) +
                (given_before(old, dml) + (size_t)n + 4) * sizeof(void *);
  for (uint32_t i = 0; i < n; i++) room += items[i].room;
  binding_build b;
  const corm_node *node;
  binding_statement_start(&b, L, room, 1);
  do node = dml ? dml_with_in(&b.arena, old, items, n) : select_with_in(&b.arena, old, items, n);
  while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 3, 3);
  binding_scratch_done(L, state, scratch);
  return 1;
}
