/* What few INSERTs, UPDATEs and DELETEs say: prefixes, options of one dialect, return_defaults(). */
#include <string.h>

#include "binding/b_schema.h"
#include "binding/b_statement.h"

/* Room for any of them. */
typedef union dml_node {
  corm_insert insert;
  corm_update update;
  corm_delete_node delete;
} dml_node;

/* A copy of the statement, and the place of its extra. */
static corm_node *copy_in(corm_arena *arena, const corm_node *node, const corm_dml_extra ***extra) {
  void *copy = corm_arena_alloc(arena, sizeof(dml_node));
  if (!copy) return NULL;
  if (node->kind == CORM_NODE_INSERT) {
    *(corm_insert *)copy = *(const corm_insert *)node;
    *extra = &((corm_insert *)copy)->extra;
  } else if (node->kind == CORM_NODE_UPDATE) {
    *(corm_update *)copy = *(const corm_update *)node;
    *extra = &((corm_update *)copy)->extra;
  } else {
    *(corm_delete_node *)copy = *(const corm_delete_node *)node;
    *extra = &((corm_delete_node *)copy)->extra;
  }
  return copy;
}

bool binding_dml_extra_in(corm_arena *arena, const corm_node *old, corm_node **node, corm_dml_extra **extra) {
  const corm_dml_extra **place = NULL;
  *node = copy_in(arena, old, &place);
  *extra = corm_arena_zalloc(arena, 1, sizeof **extra);
  if (!*node || !*extra) return false;
  if (*place) **extra = **place;
  *place = *extra;
  return true;
}

size_t binding_dml_extra_room(void) {
  return CORM_ARENA_ROUND(sizeof(dml_node)) + BINDING_ROOM(corm_dml_extra);
}

const corm_node *binding_dml_at(lua_State *L) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *node = stmt ? stmt->base.node : NULL;
  bool is_dml =
      node && (node->kind == CORM_NODE_INSERT || node->kind == CORM_NODE_UPDATE || node->kind == CORM_NODE_DELETE);
  return is_dml ? node : NULL;
}

/* -- prefix_with --------------------------------------------------------------------------------------------------- */

static bool add_prefixes(lua_State *L, corm_arena *arena, corm_dml_extra *extra, int last, const char *dialect) {
  const uint32_t kept = extra->nprefixes, n = (uint32_t)(last - 1);
  corm_select_text *texts = corm_arena_alloc(arena, ((size_t)kept + n) * sizeof *texts);
  if (!texts) return false;
  if (kept) memcpy(texts, extra->prefixes, kept * sizeof *texts);
  for (uint32_t i = 0; i < n; i++) {
    texts[kept + i] = (corm_select_text){
        .text = binding_checktext(L, 2 + (int)i, "prefix_with"), .dialect = dialect, .place = CORM_SELECT_PREFIX};
  }
  extra->prefixes = texts;
  extra->nprefixes = kept + n;
  return true;
}

bool binding_dml_prefix_with(lua_State *L) {
  const corm_node *old = binding_dml_at(L);
  if (!old) return false;
  const char *dialect;
  const int last = binding_read_affix(L, "prefix_with", &dialect);
  const corm_dml_extra *had = corm_dml_extra_of(old);
  const size_t n = (size_t)last + (had ? had->nprefixes : 0);
  binding_build b;
  corm_node *node;
  binding_statement_start(&b, L, binding_dml_extra_room() + CORM_ARENA_ROUND(n * sizeof(corm_select_text)), last - 1);
  do {
    corm_dml_extra *extra;
    if (!binding_dml_extra_in(&b.arena, old, &node, &extra) || !add_prefixes(L, &b.arena, extra, last, dialect))
      node = NULL;
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, last);
  return true;
}

/* -- with_dialect_options ------------------------------------------------------------------------------------------ */

/* The dialects that have a LIMIT here, and the names of the option. */
static const char *const limited[] = {"mysql", "mariadb"};
static const binding_option_spec options[] = {{"mysql_limit", BINDING_OPT_ANY}, {"mariadb_limit", BINDING_OPT_ANY}};
#define NLIMITED (sizeof limited / sizeof *limited)

static uint32_t read_limits(lua_State *L, corm_dml_limit limits[NLIMITED]) {
  uint32_t n = 0;
  for (size_t i = 0; i < NLIMITED; i++) {
    if (!binding_opt_push(L, 2, options[i].name)) continue;
    corm_value value;
    if (!lua_isinteger(L, -1) || !binding_row_count(L, lua_gettop(L), "with_dialect_options", &value))
      binding_error(L, CORM_E_ARGUMENT, "with_dialect_options: %s must be a number of rows, got %s", options[i].name,
                    binding_typename(L, -1));
    limits[n++] = (corm_dml_limit){.dialect = limited[i], .n = value.as.i};
    lua_pop(L, 1);
  }
  return n;
}

static bool add_limits(corm_arena *arena, corm_dml_extra *extra, const corm_dml_limit *limits, uint32_t n) {
  corm_dml_limit *all = corm_arena_alloc(arena, ((size_t)extra->nlimits + n) * sizeof *all);
  if (!all) return false;
  if (extra->nlimits) memcpy(all, extra->limits, extra->nlimits * sizeof *all);
  memcpy(all + extra->nlimits, limits, n * sizeof *all);
  extra->limits = all;
  extra->nlimits += n;
  return true;
}

/* with_dialect_options { mysql_limit, mariadb_limit } */
static int stmt_with_dialect_options(lua_State *L) {
  const corm_node *old = binding_dml_at(L);
  if (!old) old = binding_checkstatement(L, CORM_NODE_UPDATE, "with_dialect_options")->base.node;
  lua_settop(L, 2);
  if (!binding_is_plain_table(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "with_dialect_options: a table of options expected, got %s",
                         binding_typename(L, 2));
  binding_check_options(L, 2, "with_dialect_options", options, NLIMITED);
  corm_dml_limit limits[NLIMITED];
  const uint32_t n = read_limits(L, limits);
  if (n && old->kind == CORM_NODE_INSERT)
    return binding_error(L, CORM_E_ARGUMENT, "with_dialect_options: an INSERT has no limit; UPDATE and DELETE have");
  if (!n) return lua_settop(L, 1), 1;
  const corm_dml_extra *had = corm_dml_extra_of(old);
  binding_build b;
  corm_node *node;
  binding_statement_start(
      &b, L,
      binding_dml_extra_room() + CORM_ARENA_ROUND(((size_t)n + (had ? had->nlimits : 0)) * sizeof(corm_dml_limit)), 0);
  do {
    corm_dml_extra *extra;
    if (!binding_dml_extra_in(&b.arena, old, &node, &extra) || !add_limits(&b.arena, extra, limits, n)) node = NULL;
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 1, 0);
  return 1;
}

/* -- return_defaults ----------------------------------------------------------------------------------------------- */

typedef struct defaults_args {
  int last;  /* columns stand at 2..last */
  int first; /* supplemental_cols stand at first..end */
  int end;
  bool sorted;
} defaults_args;

static const corm_table *table_of(const corm_node *node) {
  if (node->kind == CORM_NODE_INSERT) return ((const corm_insert *)node)->table;
  return corm_dml_table(((const corm_update *)node)->table);
}

static void check_default(lua_State *L, const corm_node *old, int arg) {
  const corm_column *column = binding_tocolumn(L, arg);
  if (!column)
    binding_error(L, CORM_E_ARGUMENT, "return_defaults: a column expected, got %s; others stand in supplemental_cols",
                  binding_typename(L, arg));
  if (column->table != table_of(old))
    binding_error(L, CORM_E_ARGUMENT, "return_defaults: column '%s' is not in table '%s'", column->name,
                  table_of(old)->name);
}

/* Puts what the options at args->last say on the stack, and takes them off the columns. */
static void read_defaults_options(lua_State *L, const corm_node *old, defaults_args *args) {
  static const binding_option_spec specs[] = {{"supplemental_cols", BINDING_OPT_ANY},
                                              {"sort_by_parameter_order", BINDING_OPT_BOOL}};
  const int at = args->last--;
  binding_check_options(L, at, "return_defaults", specs, sizeof specs / sizeof *specs);
  args->sorted = binding_opt_bool(L, at, "sort_by_parameter_order", false);
  if (args->sorted && old->kind != CORM_NODE_INSERT)
    binding_error(L, CORM_E_ARGUMENT, "return_defaults: sort_by_parameter_order is for INSERT");
  if (!binding_opt_push(L, at, "supplemental_cols")) return;
  const int list = lua_gettop(L);
  if (!binding_is_plain_table(L, list))
    binding_error(L, CORM_E_ARGUMENT, "return_defaults: supplemental_cols must be a list of columns, got %s",
                  binding_typename(L, list));
  const lua_Unsigned n = lua_rawlen(L, list);
  if (n > 1000) binding_error(L, CORM_E_ARGUMENT, "return_defaults: too many supplemental_cols");
  luaL_checkstack(L, (int)n + 8, "return_defaults");
  args->first = list + 1;
  args->end = list + (int)n;
  for (lua_Unsigned i = 1; i <= n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    binding_checkvalue(L, -1, "return_defaults");
  }
}

/* The old nodes and those at first..last behind them. */
static bool append_nodes(lua_State *L, corm_arena *arena, const corm_node *const **nodes, uint32_t *n, int first,
                         int last) {
  const uint32_t more = last < first ? 0 : (uint32_t)(last - first + 1);
  const corm_node **all = corm_arena_alloc(arena, ((size_t)*n + more + 1) * sizeof *all);
  if (!all) return false;
  if (*n) memcpy(all, *nodes, *n * sizeof *all);
  for (uint32_t i = 0; i < more; i++) {
    all[*n + i] = binding_column_item_in(L, first + (int)i, arena, "return_defaults");
    if (!all[*n + i]) return false;
  }
  *nodes = all;
  *n += more;
  return true;
}

static bool add_defaults(lua_State *L, corm_arena *arena, corm_node *node, corm_dml_extra *extra,
                         const defaults_args *args) {
  corm_return_defaults *defaults = corm_arena_zalloc(arena, 1, sizeof *defaults);
  if (!defaults) return false;
  if (extra->defaults) *defaults = *extra->defaults;
  extra->defaults = defaults;
  if (args->sorted) ((corm_insert *)node)->sorted = true;
  return append_nodes(L, arena, &defaults->columns, &defaults->n, 2, args->last) &&
         append_nodes(L, arena, &defaults->more, &defaults->nmore, args->first, args->end);
}

/* return_defaults(column, ... [, { supplemental_cols, sort_by_parameter_order }]) */
static int stmt_return_defaults(lua_State *L) {
  const corm_node *old = binding_dml_at(L);
  if (!old || old->kind == CORM_NODE_DELETE)
    old = binding_checkstatement(L, CORM_NODE_INSERT, "return_defaults")->base.node;
  defaults_args args = {.last = lua_gettop(L), .end = -1};
  if (args.last > 1 && binding_is_plain_table(L, args.last)) read_defaults_options(L, old, &args);
  for (int i = 2; i <= args.last; i++) check_default(L, old, i);
  if (old->kind == CORM_NODE_INSERT ? ((const corm_insert *)old)->nreturning : ((const corm_update *)old)->nreturning)
    return binding_error(L, CORM_E_INVALID_REQUEST, "return_defaults: returning() is on this statement already");
  const int top = lua_gettop(L);
  binding_build b;
  corm_node *node;
  binding_statement_start(
      &b, L, binding_dml_extra_room() + BINDING_ROOM(corm_return_defaults) + ((size_t)top + 32) * 32, top - 1);
  do {
    corm_dml_extra *extra;
    if (!binding_dml_extra_in(&b.arena, old, &node, &extra) || !add_defaults(L, &b.arena, node, extra, &args))
      node = NULL;
  } while (binding_build_again(&b, node));
  binding_statement_finish(L, true, 2, top);
  return 1;
}

/* -- inline() ------------------------------------------------------------------------------------------------------ */

/* inline(): the statement stands as it is, without a question for the key. */
static int insert_inline(lua_State *L) {
  const binding_stmt *stmt = binding_checkstatement(L, CORM_NODE_INSERT, "inline");
  corm_insert *insert;
  binding_build b;
  binding_statement_start(&b, L, BINDING_ROOM(corm_insert), 1);
  do {
    insert = corm_arena_alloc(&b.arena, sizeof *insert);
    if (!insert) continue;
    *insert = *(const corm_insert *)stmt->base.node;
    insert->inlined = true;
  } while (binding_build_again(&b, insert ? &insert->base : NULL));
  binding_statement_finish(L, true, 1, 1);
  return 1;
}

void binding_open_dml_extra(lua_State *L) {
  static const luaL_Reg methods[] = {{"with_dialect_options", stmt_with_dialect_options},
                                     {"return_defaults", stmt_return_defaults},
                                     {"inline", insert_inline},
                                     {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
}
