/* Which FROMs a select has: join, select_from; and filter_by, which asks for the last of them. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"

#define ROOM_SELECT CORM_ARENA_ROUND(sizeof(corm_select))

/* -- join ---------------------------------------------------------------------------------------------------------- */

/* What the arguments of join() said. */
typedef struct join_args {
  const corm_node *left; /* join_from's; NULL: found by the core */
  const corm_node *right;
  const corm_node *on;
  const corm_node *entity;
  const corm_node *secondary; /* joined before, by secondary_on */
  const corm_node *secondary_on;
  bool outer;
  bool full;
} join_args;

static int read_options(lua_State *L, int first, const char *method, join_args *args) {
  static const binding_option_spec specs[] = {{"isouter", BINDING_OPT_BOOL}, {"full", BINDING_OPT_BOOL}};
  int last = lua_gettop(L);
  if (last < first || !binding_is_plain_table(L, last)) return last;
  binding_check_options(L, last, method, specs, 2);
  args->outer = binding_opt_bool(L, last, "isouter", args->outer);
  args->full = binding_opt_bool(L, last, "full", false);
  return last - 1;
}

/* Along a relationship at `arg`; leaves on the stack what keeps the nodes. */
static void read_relationship(lua_State *L, int arg, int target, join_args *args) {
  const binding_orm_hooks *orm = binding_get(L)->orm;
  binding_relation_join found = {.left = NULL};
  if (!orm) binding_error(L, CORM_E_ARGUMENT, "join: relationships are not open");
  orm->join(L, arg, target, args->outer || args->full, &found);
  if (!args->left) args->left = found.left;
  args->right = found.right;
  args->on = found.on;
  args->entity = found.entity;
  args->secondary = found.secondary;
  args->secondary_on = found.secondary_on;
}

/* The target at stack position `target` and the ON clause behind it. */
static void read_target(lua_State *L, int target, int last, const char *method, join_args *args) {
  args->entity = binding_tonode(L, target);
  if (!args->entity && binding_test(L, target, BINDING_RELATIONSHIP)) {
    if (last > target)
      binding_error(L, CORM_E_ARGUMENT,
                    "%s: a relationship brings its own ON clause; write join(Target, Model.relation)", method);
    read_relationship(L, target, 0, args);
    return;
  }
  args->right = args->entity ? binding_node_from(args->entity) : NULL;
  if (!args->right) args->right = binding_checkfrom(L, target, method);
  if (last <= target || lua_isnil(L, target + 1)) return;
  if (last > target + 1) binding_error(L, CORM_E_ARGUMENT, "%s: too many arguments", method);
  if (binding_test(L, target + 1, BINDING_RELATIONSHIP))
    read_relationship(L, target + 1, target, args);
  else
    args->on = binding_checkcondition(L, target + 1, method);
}

static corm_status join_in(corm_arena *arena, corm_select *select, const join_args *args, corm_error *err) {
  const corm_node *left = args->left;
  if (args->secondary) {
    if (corm_select_join_in(arena, select, left, args->secondary, args->secondary_on, args->outer, args->full,
                            &select->froms, &select->nfroms, err) != CORM_OK)
      return CORM_FAILED;
    left = args->secondary;
  }
  return corm_select_join_in(arena, select, left, args->right, args->on, args->outer, args->full, &select->froms,
                             &select->nfroms, err);
}

/* The select at 1 joined; the arguments first..last are kept alive. */
static int push_joined(lua_State *L, const binding_stmt *old, const join_args *args, int first) {
  corm_error err;
  corm_error_init(&err);
  corm_select *select;
  binding_build b;
  int last = lua_gettop(L);
  binding_statement_start(&b, L, ROOM_SELECT + BINDING_ROOM(corm_join) + (args->on ? 64 : 320), last - first + 1);
  do {
    select = corm_arena_alloc(&b.arena, sizeof *select);
    if (!select) continue;
    *select = *(const corm_select *)old->base.node;
    if (join_in(&b.arena, select, args, &err) == CORM_OK) continue;
    if (!b.arena.failed) return binding_raise(L, &err);
    corm_error_clear(&err);
    select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_built(&b, old, first, last);
  ((binding_stmt *)b.expr)->entity = args->entity;
  return 1;
}

static int join(lua_State *L, bool outer, const char *method) {
  const binding_stmt *old = binding_checkstatement(L, CORM_NODE_SELECT, method);
  join_args args = {.outer = outer};
  int last = read_options(L, 3, method, &args);
  read_target(L, 2, last, method, &args);
  return push_joined(L, old, &args, 2);
}

static int join_from(lua_State *L, bool outer, const char *method) {
  const binding_stmt *old = binding_checkstatement(L, CORM_NODE_SELECT, method);
  join_args args = {.outer = outer};
  int last = read_options(L, 4, method, &args);
  args.left = binding_checkfrom(L, 2, method);
  read_target(L, 3, last, method, &args);
  return push_joined(L, old, &args, 2);
}

static int select_join(lua_State *L) {
  return join(L, false, "join");
}

static int select_outerjoin(lua_State *L) {
  return join(L, true, "outerjoin");
}

static int select_join_from(lua_State *L) {
  return join_from(L, false, "join_from");
}

static int select_outerjoin_from(lua_State *L) {
  return join_from(L, true, "outerjoin_from");
}

/* -- select_from --------------------------------------------------------------------------------------------------- */

const corm_node *const *binding_froms_in(lua_State *L, corm_arena *arena, const corm_node *const *old, uint32_t nold,
                                         int last, const char *what) {
  const corm_node **froms = corm_arena_alloc(arena, (nold + (size_t)last) * sizeof *froms);
  if (!froms) return NULL;
  if (nold) memcpy(froms, old, nold * sizeof *froms);
  for (int i = 2; i <= last; i++) froms[nold + (uint32_t)(i - 2)] = binding_checkfrom(L, i, what);
  return froms;
}

static int select_select_from(lua_State *L) {
  const corm_select *old = (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, "select_from")->base.node;
  int last = lua_gettop(L);
  binding_build b;
  corm_select *select;
  binding_statement_start(&b, L, ROOM_SELECT + CORM_ARENA_ROUND((old->nfroms + (size_t)last) * sizeof(void *)),
                          last - 1);
  do {
    select = corm_arena_alloc(&b.arena, sizeof *select);
    if (!select) continue;
    *select = *old;
    select->froms = binding_froms_in(L, &b.arena, old->froms, old->nfroms, last, "select_from");
    select->nfroms = old->nfroms + (uint32_t)(last - 1);
    if (!select->froms) select = NULL;
  } while (binding_build_again(&b, select ? &select->base : NULL));
  binding_statement_finish(L, true, 2, last);
  if (last == 2 && old->nfroms == 0) ((binding_stmt *)lua_touserdata(L, -1))->entity = binding_tonode(L, 2);
  return 1;
}

/* -- filter_by ----------------------------------------------------------------------------------------------------- */

/* A column of the entity: its number-th, and the key that names it. NULL at the end. */
static const char *entity_key(const corm_node *entity, size_t at) {
  if (entity->kind == CORM_NODE_BUNDLE) {
    const corm_bundle *bundle = (const corm_bundle *)entity;
    return at < bundle->n ? ((const corm_column_node *)bundle->columns[at])->key : NULL;
  }
  return binding_from_key(binding_node_from(entity), at);
}

static const corm_node *entity_column_in(corm_arena *arena, const corm_node *entity, const char *key, size_t at) {
  if (entity->kind == CORM_NODE_BUNDLE) return ((const corm_bundle *)entity)->columns[at];
  return corm_from_column_in(arena, binding_node_from(entity), key);
}

/* Pushes column = the value on the top of the stack, in its place. */
static void push_equality(lua_State *L, const corm_node *entity, const char *key, size_t at, const char *what) {
  int value = lua_gettop(L);
  binding_arg arg;
  binding_build b;
  const corm_node *node;
  const corm_type *type = entity->kind == CORM_NODE_BUNDLE ? ((const corm_bundle *)entity)->columns[at]->type : NULL;
  binding_arg_read(L, value, type, what, &arg);
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr),
                      BINDING_ROOM(corm_column_node) + BINDING_ROOM(corm_binary) + arg.room + 64, 1);
  do {
    const corm_node *column = entity_column_in(&b.arena, entity, key, at);
    node = !column    ? NULL
           : arg.node ? corm_binary_in(&b.arena, CORM_OP_EQ, column, binding_scalar_in(&b.arena, arg.node))
           : arg.type ? corm_binary_in(&b.arena, CORM_OP_EQ, column, binding_arg_in(&b.arena, &arg, column))
                      : corm_compare_in(&b.arena, CORM_OP_EQ, column, &arg.value);
  } while (binding_build_again(&b, node));
  binding_anchor(L, 1, value);
  lua_replace(L, value);
  lua_settop(L, value);
}

static int unknown_key(lua_State *L, const corm_node *entity, const char *what, const char *wanted) {
  const char *names[64], *key;
  size_t n = 0;
  while (n < sizeof names / sizeof *names && (key = entity_key(entity, n))) names[n++] = key;
  const char *owner = entity->kind == CORM_NODE_BUNDLE ? ((const corm_bundle *)entity)->name
                                                       : corm_from_name(binding_node_from(entity));
  corm_error err;
  corm_error_init(&err);
  corm_error_set(&err, CORM_E_INVALID_REQUEST, "%s: %s has no column '%.80s'", what, owner ? owner : "the subquery",
                 wanted);
  const char *nearest = corm_name_nearest(wanted, names, n);
  if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
  return binding_raise(L, &err);
}

/* The keys that are no columns, in alphabetical order, through the ORM. */
static int push_other_keys(lua_State *L, const corm_node *entity, const char *what, int first) {
  const binding_orm_hooks *orm = entity->kind == CORM_NODE_BUNDLE ? binding_get(L)->orm : NULL;
  const char *last = NULL;
  for (int pushed = 0;; pushed++) {
    const char *next = NULL;
    lua_pushnil(L);
    while (lua_next(L, 2)) {
      lua_pop(L, 1);
      if (lua_type(L, -1) != LUA_TSTRING)
        binding_error(L, CORM_E_ARGUMENT, "%s: names of columns expected as keys, got %s", what,
                      binding_typename(L, -1));
      const char *key = binding_name_at(L, -1);
      if (!*key) unknown_key(L, entity, what, lua_tostring(L, -1));
      bool is_column = false;
      for (size_t i = 0; !is_column && entity_key(entity, i); i++) is_column = strcmp(entity_key(entity, i), key) == 0;
      if (!is_column && (!last || strcmp(key, last) > 0) && (!next || strcmp(key, next) < 0)) next = key;
    }
    if (!next) return lua_gettop(L) - first + 1;
    lua_getfield(L, 2, next);
    if (!orm || !orm->filter_by(L, entity, next, lua_gettop(L))) return unknown_key(L, entity, what, next);
    lua_remove(L, -2);
    last = next;
  }
}

int binding_push_filter_by(lua_State *L, const corm_node *entity, const char *what) {
  int first = lua_gettop(L) + 1;
  const char *key;
  for (size_t at = 0; (key = entity_key(entity, at)); at++) {
    luaL_checkstack(L, 8, "filter_by");
    lua_pushstring(L, key);
    if (lua_rawget(L, 2) == LUA_TNIL)
      lua_pop(L, 1);
    else
      push_equality(L, entity, key, at, what);
  }
  return push_other_keys(L, entity, what, first);
}

void binding_open_join(lua_State *L) {
  static const luaL_Reg methods[] = {{"join", select_join},
                                     {"outerjoin", select_outerjoin},
                                     {"join_from", select_join_from},
                                     {"outerjoin_from", select_outerjoin_from},
                                     {"select_from", select_select_from},
                                     {NULL, NULL}};
  binding_add_methods(L, BINDING_STATEMENT, methods);
}
