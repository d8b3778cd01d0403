/* What few selects say: locks, FETCH FIRST, DISTINCT ON, hints, label styles. */
#include <string.h>

#include "binding/b_bindparam.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* -- a copy with more ---------------------------------------------------------------------------------------------- */

/* Fills the copy; false when the arena is full. */
typedef bool (*fill_extra)(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra,
                           const void *ctx);

static const corm_select *check_select(lua_State *L, const char *method) {
  return (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, method)->base.node;
}

/* Pushes the select with what `fill` adds; the values at first..last stay alive. */
static int push_with(lua_State *L, const corm_select *old, fill_extra fill, const void *ctx, size_t room, int first,
                     int last) {
  binding_build b;
  corm_select *select;
  room += CORM_ARENA_ROUND(sizeof(corm_select)) + CORM_ARENA_ROUND(sizeof(corm_select_extra));
  binding_statement_start(&b, L, room, last - first + 1);
  do {
    select = corm_arena_alloc(&b.arena, sizeof *select);
    corm_select_extra *extra = corm_arena_zalloc(&b.arena, 1, sizeof *extra);
    if (!select || !extra) continue;
    *select = *old;
    if (old->extra) *extra = *old->extra;
    select->extra = extra;
    if (!fill(L, &b.arena, select, extra, ctx)) select = NULL;
  } while (binding_build_again(&b, b.arena.failed || !select ? NULL : &select->base));
  binding_statement_finish(L, true, first, last);
  return 1;
}

/* -- with_for_update ----------------------------------------------------------------------------------------------- */

typedef struct lock_args {
  corm_row_lock lock;
  int first; /* the FROMs at first..last */
  int last;
} lock_args;

/* The FROM whose rows the value at `arg` means: a table, an alias, a class, or a column of one. */
static const corm_node *locked_from(lua_State *L, int arg) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_COLUMN) node = ((const corm_column_node *)node)->from;
  const corm_node *from = node ? binding_node_from(node) : NULL;
  if (!from)
    binding_error(L, CORM_E_ARGUMENT, "with_for_update: 'of' names tables, mapped classes or columns, got %s",
                  binding_typename(L, arg));
  return from;
}

/* Pushes the members of option `of`, one or a sequence. */
static void push_locked(lua_State *L, int options) {
  const int first = lua_gettop(L) + 1;
  if (!binding_opt_push(L, options, "of") || !binding_is_plain_table(L, first)) return;
  lua_Integer n = luaL_len(L, first);
  if (n < 1 || n > 1000)
    binding_error(L, CORM_E_ARGUMENT, "with_for_update: 'of' names tables, mapped classes or columns, got %s",
                  n ? "too many" : "an empty table");
  luaL_checkstack(L, (int)n + 8, "with_for_update");
  for (lua_Integer i = 1; i <= n; i++) lua_rawgeti(L, first, i);
  lua_remove(L, first);
}

/* Reads the options at `options`; leaves what `of` names on the stack. */
static lock_args check_lock(lua_State *L, int options) {
  static const binding_option_spec specs[] = {{"nowait", BINDING_OPT_BOOL},
                                              {"read", BINDING_OPT_BOOL},
                                              {"of", BINDING_OPT_ANY},
                                              {"skip_locked", BINDING_OPT_BOOL},
                                              {"key_share", BINDING_OPT_BOOL}};
  binding_check_options(L, options, "with_for_update", specs, sizeof specs / sizeof *specs);
  lock_args args = {.lock = {.nowait = binding_opt_bool(L, options, "nowait", false),
                             .read = binding_opt_bool(L, options, "read", false),
                             .skip_locked = binding_opt_bool(L, options, "skip_locked", false),
                             .key_share = binding_opt_bool(L, options, "key_share", false)},
                    .first = lua_gettop(L) + 1};
  if (args.lock.nowait && args.lock.skip_locked)
    binding_error(L, CORM_E_ARGUMENT, "with_for_update: nowait and skip_locked exclude each other");
  push_locked(L, options);
  args.last = lua_gettop(L);
  for (int i = args.first; i <= args.last; i++) locked_from(L, i);
  return args;
}

static bool copy_lock(lua_State *L, corm_arena *arena, const lock_args *args, corm_row_lock *lock) {
  const corm_node **of = corm_arena_alloc(arena, (size_t)(args->last - args->first + 1) * sizeof *of);
  if (!of) return false;
  *lock = args->lock;
  lock->of = of;
  for (int i = args->first; i <= args->last; i++) of[lock->nof++] = locked_from(L, i);
  return true;
}

bool binding_opt_lock(lua_State *L, int options, const corm_node *from, corm_arena *arena, corm_row_lock *out) {
  static const char name[] = "with_for_update";
  *out = (corm_row_lock){0};
  if (!binding_opt_push(L, options, name)) return false;
  if (lua_isboolean(L, -1)) return lua_toboolean(L, -1);
  if (!lua_istable(L, -1))
    binding_error(L, CORM_E_ARGUMENT, "%s: true or a table of options expected, got %s", name, binding_typename(L, -1));
  const lock_args args = check_lock(L, lua_gettop(L));
  if (!copy_lock(L, arena, &args, out)) binding_error(L, CORM_E_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < out->nof; i++) {
    if (corm_from_same(out->of[i], from)) continue;
    binding_error(L, CORM_E_ARGUMENT, "%s: a row of '%s' is read here, 'of' names '%s'", name, corm_from_name(from),
                  corm_from_name(out->of[i]));
  }
  return true;
}

static bool fill_lock(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra, const void *ctx) {
  (void)select;
  corm_row_lock *lock = corm_arena_alloc(arena, sizeof *lock);
  if (!lock || !copy_lock(L, arena, ctx, lock)) return false;
  extra->lock = lock;
  return true;
}

static int select_with_for_update(lua_State *L) {
  const corm_select *old = binding_checkordered(L, "with_for_update");
  lua_settop(L, 2);
  const lock_args args = check_lock(L, 2);
  size_t room = CORM_ARENA_ROUND(sizeof(corm_row_lock)) + CORM_ARENA_ROUND((size_t)args.last * sizeof(void *));
  return push_with(L, old, fill_lock, &args, room, args.first, args.last);
}

/* -- FETCH FIRST --------------------------------------------------------------------------------------------------- */

typedef struct fetch_args {
  const corm_node *given; /* NULL: the value */
  corm_value value;
  bool none;
  bool with_ties;
  bool percent;
} fetch_args;

static bool fill_fetch(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra,
                       const void *ctx) {
  const fetch_args *args = ctx;
  (void)L;
  extra->fetch = !args->none;
  extra->with_ties = args->with_ties;
  extra->percent = args->percent;
  select->limit = NULL;
  if (args->none) return true;
  select->limit = args->given ? binding_scalar_in(arena, args->given)
                              : corm_bind_in(arena, NULL, corm_type_default(CORM_TYPE_INTEGER), &args->value);
  return select->limit != NULL;
}

/* fetch(count [, { with_ties, percent }]) */
static int select_fetch(lua_State *L) {
  static const binding_option_spec specs[] = {{"with_ties", BINDING_OPT_BOOL}, {"percent", BINDING_OPT_BOOL}};
  const corm_select *old = binding_checkordered(L, "fetch");
  lua_settop(L, 3);
  binding_check_options(L, 3, "fetch", specs, sizeof specs / sizeof *specs);
  fetch_args args = {.none = lua_isnil(L, 2),
                     .with_ties = binding_opt_bool(L, 3, "with_ties", false),
                     .percent = binding_opt_bool(L, 3, "percent", false)};
  if (!args.none && !binding_row_count(L, 2, "fetch", &args.value)) args.given = binding_checkvalue(L, 2, "fetch");
  return push_with(L, old, fill_fetch, &args, BINDING_ROOM(corm_bind) + CORM_ROOM_TEXT(8), 2, 2);
}

/* -- slice --------------------------------------------------------------------------------------------------------- */

typedef struct slice_args {
  bool limited;
  bool moved; /* the offset changes by `start` */
  int64_t start;
  int64_t count;
} slice_args;

/* The value of an offset that is a number, else -1. */
static int64_t known_offset(const corm_node *offset) {
  if (!offset) return 0;
  const corm_bind *bind = (const corm_bind *)offset;
  return offset->kind == CORM_NODE_BIND && bind->value.kind == CORM_INT ? bind->value.as.i : -1;
}

static const corm_node *number_in(corm_arena *arena, int64_t n) {
  corm_value value = corm_value_int(n);
  return corm_bind_in(arena, NULL, corm_type_default(CORM_TYPE_INTEGER), &value);
}

static const corm_node *moved_offset_in(corm_arena *arena, const corm_node *old, int64_t start) {
  int64_t known = known_offset(old);
  if (known >= 0) return number_in(arena, known + start);
  corm_value value = corm_value_int(start);
  return start ? corm_compare_in(arena, CORM_OP_ADD, old, &value) : old;
}

static bool fill_slice(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra,
                       const void *ctx) {
  const slice_args *args = ctx;
  (void)L;
  extra->fetch = extra->with_ties = extra->percent = false;
  if (args->limited) select->limit = number_in(arena, args->count);
  if (args->moved && known_offset(select->offset) == 0 && args->start == 0) {
    select->offset = NULL;
  } else if (args->moved) {
    select->offset = moved_offset_in(arena, select->offset, args->start);
  }
  return (!args->limited || select->limit) && !arena->failed;
}

/* slice(start, stop): rows from position start, from 0, up to the one before stop; either may be nil. */
static int select_slice(lua_State *L) {
  const corm_select *old = binding_checkordered(L, "slice");
  corm_value start = {.kind = CORM_NULL}, stop = {.kind = CORM_NULL};
  lua_settop(L, 3);
  for (int i = 2; i <= 3; i++) {
    if (!lua_isnil(L, i) && !binding_row_count(L, i, "slice", i == 2 ? &start : &stop))
      return binding_error(L, CORM_E_ARGUMENT,
                           "slice: positions are whole numbers; limit() and offset() take expressions");
  }
  slice_args args = {.limited = stop.kind == CORM_INT, .moved = start.kind == CORM_INT};
  if (args.moved) args.start = start.as.i;
  if (args.limited) args.count = stop.as.i - args.start;
  if (args.count < 0)
    return binding_error(L, CORM_E_ARGUMENT, "slice: it stops before it starts: %lld, %lld", (long long)args.start,
                         (long long)stop.as.i);
  if (known_offset(old->offset) > INT64_MAX - args.start)
    return binding_error(L, CORM_E_ARGUMENT, "slice: the offset is too large");
  return push_with(L, old, fill_slice, &args, 3 * BINDING_ROOM(corm_bind) + BINDING_ROOM(corm_binary) + 64, 2, 3);
}

/* -- DISTINCT ON --------------------------------------------------------------------------------------------------- */

static bool fill_distinct(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra,
                          const void *ctx) {
  const int last = *(const int *)ctx;
  const uint32_t kept = extra->ndistinct_on;
  const corm_node **on = corm_arena_alloc(arena, (kept + (size_t)last) * sizeof *on);
  if (!on) return false;
  if (kept) memcpy(on, extra->distinct_on, kept * sizeof *on);
  for (int i = 2; i <= last; i++) {
    on[kept + (uint32_t)(i - 2)] = binding_scalar_in(arena, binding_checkvalue(L, i, "distinct"));
    if (arena->failed) return false;
  }
  extra->distinct_on = on;
  extra->ndistinct_on = kept + (uint32_t)(last - 1);
  select->distinct = true;
  return true;
}

int binding_select_distinct_on(lua_State *L) {
  const corm_select *old = check_select(L, "distinct");
  int last = lua_gettop(L);
  for (int i = 2; i <= last; i++) binding_checkvalue(L, i, "distinct");
  size_t n = (size_t)last + (old->extra ? old->extra->ndistinct_on : 0);
  return push_with(L, old, fill_distinct, &last, CORM_ARENA_ROUND(n * sizeof(void *)) + (size_t)last * 32, 2, last);
}

/* -- prefixes, suffixes, hints ------------------------------------------------------------------------------------- */

typedef struct text_args {
  const char *method;
  const char *dialect;
  const corm_node *from;
  int first;
  int last;
  corm_select_text_place place;
} text_args;

const corm_node *binding_checktext(lua_State *L, int arg, const char *method) {
  const corm_node *node = binding_tonode(L, arg);
  if (node && node->kind == CORM_NODE_TEXT) return node;
  if (lua_type(L, arg) == LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: SQL is written corm.text(\"...\"), got the string '%.60s'", method,
                  lua_tostring(L, arg));
  binding_error(L, CORM_E_ARGUMENT, "%s: a corm.text(\"...\") expected, got %s", method, binding_typename(L, arg));
  return NULL;
}

/* The dialect's own name, or NULL for all: "*" or nil at `arg`. */
static const char *check_dialect(lua_State *L, int arg, const char *method) {
  if (lua_isnoneornil(L, arg)) return NULL;
  if (lua_type(L, arg) != LUA_TSTRING)
    binding_error(L, CORM_E_ARGUMENT, "%s: the name of a dialect expected, got %s", method, binding_typename(L, arg));
  const char *name = binding_name_at(L, arg);
  if (strcmp(name, "*") == 0) return NULL;
  const corm_dialect *dialect = corm_dialect_find(name);
  if (!dialect) {
    size_t n;
    const char *const *names = corm_dialect_names(&n);
    binding_unknown(L, "dialect", method, name, names, n);
  }
  return dialect->name;
}

static bool fill_texts(lua_State *L, corm_arena *arena, corm_select *select, corm_select_extra *extra,
                       const void *ctx) {
  const text_args *args = ctx;
  const uint32_t kept = extra->ntexts;
  (void)select;
  corm_select_text *texts = corm_arena_alloc(arena, (kept + (size_t)(args->last - args->first + 1)) * sizeof *texts);
  if (!texts) return false;
  if (kept) memcpy(texts, extra->texts, kept * sizeof *texts);
  for (int i = args->first; i <= args->last; i++) {
    texts[kept + (uint32_t)(i - args->first)] = (corm_select_text){.text = binding_checktext(L, i, args->method),
                                                                   .from = args->from,
                                                                   .dialect = args->dialect,
                                                                   .place = (uint8_t)args->place};
  }
  extra->texts = texts;
  extra->ntexts = kept + (uint32_t)(args->last - args->first + 1);
  return true;
}

/* The values at 2..top stay alive. */
static int push_texts(lua_State *L, const corm_select *old, const text_args *args) {
  for (int i = args->first; i <= args->last; i++) binding_checktext(L, i, args->method);
  size_t n = (size_t)(args->last - args->first + 1) + (old->extra ? old->extra->ntexts : 0);
  return push_with(L, old, fill_texts, args, CORM_ARENA_ROUND(n * sizeof(corm_select_text)), 2, args->last);
}

int binding_read_affix(lua_State *L, const char *method, const char **dialect) {
  static const binding_option_spec specs[] = {{"dialect", BINDING_OPT_STRING}};
  int last = lua_gettop(L);
  *dialect = NULL;
  if (last > 2 && binding_is_plain_table(L, last)) {
    binding_check_options(L, last, method, specs, 1);
    if (binding_opt_push(L, last, "dialect")) {
      *dialect = check_dialect(L, -1, method);
      lua_pop(L, 1);
    }
    lua_settop(L, --last);
  }
  if (last < 2) binding_error(L, CORM_E_ARGUMENT, "%s: a corm.text(\"...\") expected", method);
  for (int i = 2; i <= last; i++) binding_checktext(L, i, method);
  return last;
}

/* prefix_with(text, ... [, { dialect }]) */
static int affix(lua_State *L, corm_select_text_place place, const char *method) {
  const corm_select *old = check_select(L, method);
  text_args args = {.method = method, .first = 2, .place = place};
  args.last = binding_read_affix(L, method, &args.dialect);
  return push_texts(L, old, &args);
}

static int select_prefix_with(lua_State *L) {
  if (binding_dml_prefix_with(L)) return 1;
  return affix(L, CORM_SELECT_PREFIX, "prefix_with");
}

static int select_suffix_with(lua_State *L) {
  return affix(L, CORM_SELECT_SUFFIX, "suffix_with");
}

/* with_hint(from, text [, dialect]) */
static int select_with_hint(lua_State *L) {
  const corm_select *old = check_select(L, "with_hint");
  lua_settop(L, 4);
  text_args args = {.method = "with_hint",
                    .from = binding_checkfrom(L, 2, "with_hint"),
                    .dialect = check_dialect(L, 4, "with_hint"),
                    .first = 3,
                    .last = 3,
                    .place = CORM_SELECT_HINT};
  return push_texts(L, old, &args);
}

/* with_statement_hint(text [, dialect]) */
static int select_with_statement_hint(lua_State *L) {
  const corm_select *old = check_select(L, "with_statement_hint");
  lua_settop(L, 3);
  text_args args = {.method = "with_statement_hint",
                    .dialect = check_dialect(L, 3, "with_statement_hint"),
                    .first = 2,
                    .last = 2,
                    .place = CORM_SELECT_STATEMENT_HINT};
  return push_texts(L, old, &args);
}

/* -- label styles -------------------------------------------------------------------------------------------------- */

/* In the order of corm_label_style. */
static const char *const styles[] = {"LABEL_STYLE_DISAMBIGUATE_ONLY", "LABEL_STYLE_TABLENAME_PLUS_COL",
                                     "LABEL_STYLE_NONE"};

static int select_set_label_style(lua_State *L) {
  const corm_select *old = check_select(L, "set_label_style");
  unsigned style = 0;
  if (lua_type(L, 2) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "set_label_style: one of corm.LABEL_STYLE_... expected, got %s",
                         binding_typename(L, 2));
  while (style < 3 && strcmp(lua_tostring(L, 2), styles[style]) != 0) style++;
  if (style == 3) return binding_unknown(L, "style", "set_label_style", lua_tostring(L, 2), styles, 3);
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, CORM_ARENA_ROUND(sizeof(corm_select)), 0);
  do {
    select = corm_arena_alloc(&b.arena, sizeof *select);
    if (!select) continue;
    *select = *old;
    select->label_columns = (uint8_t)style;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 1, 0);
  return 1;
}

static int select_get_label_style(lua_State *L) {
  lua_pushstring(L, styles[check_select(L, "get_label_style")->label_columns]);
  return 1;
}

void binding_open_select_extra(lua_State *L) {
  static const luaL_Reg methods[] = {{"with_for_update", select_with_for_update},
                                     {"params", binding_params},
                                     {"fetch", select_fetch},
                                     {"slice", select_slice},
                                     {"prefix_with", select_prefix_with},
                                     {"suffix_with", select_suffix_with},
                                     {"with_hint", select_with_hint},
                                     {"with_statement_hint", select_with_statement_hint},
                                     {"set_label_style", select_set_label_style},
                                     {"get_label_style", select_get_label_style},
                                     {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  for (size_t i = 0; i < 3; i++) {
    lua_pushstring(L, styles[i]);
    lua_setfield(L, -2, styles[i]);
  }
  lua_pushstring(L, styles[CORM_LABEL_STYLE_DISAMBIGUATE]);
  lua_setfield(L, -2, "LABEL_STYLE_DEFAULT");
}
