/* What statements share: compiling, showing, where, filter_by, options; */
#include "binding/b_statement.h"

#include <string.h>

#include "binding/b_schema.h"
#include "sql/walk.h"

/* -- generative methods -------------------------------------------------------------------------------------------- */

#define FEW BINDING_FEW

const char *binding_statement_name(const binding_stmt *stmt) {
  if (stmt->ddl.kind != CORM_DDL_NONE) return "a DDL element";
  switch ((corm_node_kind)stmt->base.node->kind) {
  case CORM_NODE_SELECT: return "select";
  case CORM_NODE_COMPOUND: return "a union of selects";
  case CORM_NODE_TEXTUAL: return "text with columns";
  case CORM_NODE_INSERT: return "insert";
  case CORM_NODE_UPDATE: return "update";
  case CORM_NODE_DELETE: return "delete";
  default: return "text";
  }
}

binding_stmt *binding_checkstatement(lua_State *L, corm_node_kind kind, const char *method) {
  binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  if (!stmt)
    binding_error(L, CORM_E_ARGUMENT, "%s: called on %s; methods of statements are called with ':'", method,
                  binding_typename(L, 1));
  if (!stmt->base.node || stmt->base.node->kind != kind)
    binding_error(L, CORM_E_ARGUMENT, "%s has no method '%s'%s", binding_statement_name(stmt), method,
                  stmt->base.node && stmt->base.node->kind == CORM_NODE_COMPOUND
                      ? "; did you mean to select from its subquery()?"
                      : "");
  return stmt;
}

const corm_select *binding_checkselectable(lua_State *L, const char *method) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_select *select = stmt && stmt->base.node ? corm_as_select(stmt->base.node) : NULL;
  return select ? select : (const corm_select *)binding_checkstatement(L, CORM_NODE_SELECT, method)->base.node;
}

void binding_statement_start(binding_build *b, lua_State *L, size_t room, int nargs) {
  int nuvalue = BINDING_STMT_ANCHOR - 1 + (nargs > FEW ? 1 : nargs);
  binding_build_start(b, L, BINDING_STATEMENT, sizeof(binding_stmt), room, nuvalue);
}

static void inherit(lua_State *L, const binding_stmt *old, binding_stmt *made) {
  made->entity = old->entity;
  made->base.head.flags = old->base.head.flags;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, BINDING_STMT_PREVIOUS);
  if (old->base.head.flags & BINDING_STMT_HAS_OPTIONS) {
    lua_getiuservalue(L, 1, BINDING_STMT_OPTIONS);
    lua_setiuservalue(L, -2, BINDING_STMT_OPTIONS);
  }
  if (old->base.head.flags & BINDING_STMT_HAS_EXECUTION) {
    lua_getiuservalue(L, 1, BINDING_STMT_EXECUTION);
    lua_setiuservalue(L, -2, BINDING_STMT_EXECUTION);
  }
}

static void anchor_arguments(lua_State *L, int first, int last) {
  int n = last - first + 1;
  if (n <= FEW) {
    for (int i = 0; i < n; i++) {
      lua_pushvalue(L, first + i);
      lua_setiuservalue(L, -2, BINDING_STMT_ANCHOR + i);
    }
    return;
  }
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(L, first + i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setiuservalue(L, -2, BINDING_STMT_ANCHOR);
}

void binding_statement_finish(lua_State *L, bool derived, int first, int last) {
  if (derived) inherit(L, lua_touserdata(L, 1), lua_touserdata(L, -1));
  anchor_arguments(L, first, last);
}

void binding_statement_built(binding_build *b, const binding_stmt *old, int first, int last) {
  if (old) inherit(b->L, old, (binding_stmt *)b->expr);
  anchor_arguments(b->L, first, last);
}

/* -- conditions ---------------------------------------------------------------------------------------------------- */

/* A chain of conditions grows in place up to this length; beyond it chains nest, so that adding them one by one in a
   loop costs linear memory. */
#define LONGEST_CHAIN 64

/* A constant that is the only condition has become an expression; beside others it is itself again. */
static const corm_node *bare_constant(const corm_node *condition) {
  if (condition->kind != CORM_NODE_UNARY || condition->op != CORM_OP_IS_TRUE) return condition;
  const corm_node *operand = ((const corm_unary *)condition)->operand;
  return operand->kind == CORM_NODE_CONSTANT ? operand : condition;
}

const corm_node *binding_conjunction_in(corm_arena *arena, const corm_node *old, const corm_node *const *added,
                                        size_t nadded) {
  const corm_list *chain = old && old->kind == CORM_NODE_LIST && old->op == CORM_OP_AND ? (const corm_list *)old : NULL;
  if (chain && (chain->n >= LONGEST_CHAIN || chain->base.flags & CORM_LIST_FALSE)) chain = NULL;
  size_t kept = !old ? 0 : chain ? chain->n : 1, n = kept + nadded;
  const corm_node *few[FEW];
  const corm_node **items = n <= FEW ? few : corm_arena_alloc(arena, n * sizeof *items);
  if (!items) return NULL;
  for (size_t i = 0; i < kept; i++) items[i] = chain ? chain->items[i] : bare_constant(old);
  for (size_t i = 0; i < nadded; i++) {
    items[kept + i] = binding_scalar_in(arena, added[i]);
    if (!items[kept + i]) return NULL;
  }
  return corm_criteria_in(arena, items, n);
}

const corm_node **binding_checkconditions(lua_State *L, int first, int last, const char *what,
                                          const corm_node *few[BINDING_FEW]) {
  const corm_node **nodes = few;
  if (last - first + 1 > BINDING_FEW) {
    nodes = lua_newuserdatauv(L, (size_t)(last - first + 1) * sizeof *nodes, 0);
    lua_insert(L, 1 + last);
  }
  for (int i = first; i <= last; i++) nodes[i - first] = binding_checkcondition(L, i, what);
  return nodes;
}

/* The room of a conjunction that adds n conditions. */
static size_t conjunction_room(const corm_node *old, int n) {
  size_t kept = old && old->kind == CORM_NODE_LIST ? ((const corm_list *)old)->n : 1;
  if (kept > LONGEST_CHAIN) kept = 1;
  return BINDING_ROOM(corm_list) + (kept + (size_t)n) * 2 * sizeof(void *) + (size_t)n * BINDING_ROOM(corm_grouping) +
         64;
}

/* A copy of the statement's node in the arena and the place of its WHERE. */
static corm_node *copy_filtered(corm_arena *arena, const corm_node *node, const corm_node ***where) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_SELECT: {
    corm_select *copy = corm_arena_alloc(arena, sizeof *copy);
    if (!copy) return NULL;
    *copy = *(const corm_select *)node;
    *where = &copy->where;
    return &copy->base;
  }
  case CORM_NODE_UPDATE: {
    corm_update *copy = corm_arena_alloc(arena, sizeof *copy);
    if (!copy) return NULL;
    *copy = *(const corm_update *)node;
    *where = &copy->where;
    return &copy->base;
  }
  default: {
    corm_delete_node *copy = corm_arena_alloc(arena, sizeof *copy);
    if (!copy) return NULL;
    *copy = *(const corm_delete_node *)node;
    *where = &copy->where;
    return &copy->base;
  }
  }
}

static binding_stmt *check_filtered(lua_State *L, const char *method) {
  binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  const corm_node *node = stmt ? stmt->base.node : NULL;
  if (node && (node->kind == CORM_NODE_SELECT || node->kind == CORM_NODE_UPDATE || node->kind == CORM_NODE_DELETE))
    return stmt;
  return binding_checkstatement(L, CORM_NODE_SELECT, method);
}

/* An UPDATE or DELETE of a class with several tables: see binding_dml_check_local. */
static const struct corm_mapper *check_local(lua_State *L, const binding_stmt *old, const corm_node *const *added,
                                             size_t n, const char *what) {
  const struct corm_mapper *local = NULL;
  corm_arena *scratch = binding_scratch(L, binding_get(L));
  for (size_t i = 0; i < n; i++) local = binding_dml_check_local(L, old, added[i], scratch, what);
  binding_scratch_done(L, binding_get(L), scratch);
  return local;
}

static const corm_node *const *say_locally(corm_arena *arena, const struct corm_mapper *local,
                                           const corm_node *const *added, size_t n) {
  const corm_node **said = corm_arena_alloc(arena, n * sizeof *said);
  for (size_t i = 0; said && i < n; i++)
    if (!(said[i] = binding_dml_local_in(arena, local, added[i]))) return NULL;
  return said;
}

/* The statement at 1 with the conditions at first..last added. */
static int add_conditions(lua_State *L, const binding_stmt *old, int first, int last, const char *what) {
  const corm_node *few[FEW], *const *added = binding_checkconditions(L, first, last, what, few);
  size_t n = (size_t)(last - first + 1);
  binding_build b;
  const corm_node **where;
  corm_node *node;
  size_t room = CORM_ARENA_ROUND(sizeof(corm_select));
  const bool writes = old->base.node->kind != CORM_NODE_SELECT;
  const struct corm_mapper *local = writes && old->entity ? check_local(L, old, added, n, what) : NULL;
  const corm_node *const *said = added;
  if (local) room += n * 1024;
  room += conjunction_room(writes ? NULL : ((const corm_select *)old->base.node)->where, last - first + 1);
  binding_statement_start(&b, L, room, last - first + 1);
  do {
    node = copy_filtered(&b.arena, old->base.node, &where);
    if (node && local && !(said = say_locally(&b.arena, local, added, n))) node = NULL;
    if (node && !(*where = binding_conjunction_in(&b.arena, *where, said, n))) node = NULL;
  } while (binding_build_again(&b, node));
  binding_statement_built(&b, old, first, last);
  return 1;
}

static int stmt_where(lua_State *L) {
  const binding_stmt *old = check_filtered(L, "where");
  int last = lua_gettop(L);
  return last < 2 ? 1 : add_conditions(L, old, 2, last, "where");
}

/* The first column in an expression, such as count(User.id); NULL: none. */
static const corm_node *first_column(lua_State *L, const corm_node *node) {
  const int top = lua_gettop(L);
  binding_state *state = binding_get(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_walk walk;
  corm_walk_init(&walk, arena, node);
  while ((node = corm_walk_next(&walk, true)) && node->kind != CORM_NODE_COLUMN) continue;
  binding_scratch_done(L, state, arena);
  lua_settop(L, top);
  return node;
}

/* What filter_by { ... } on the statement speaks of. */
static const corm_node *filter_entity(lua_State *L, const binding_stmt *stmt) {
  if (stmt->entity) return stmt->entity;
  const corm_node *node = NULL;
  if (stmt->base.node->kind == CORM_NODE_SELECT) {
    const corm_select *select = (const corm_select *)stmt->base.node;
    node = select->nfroms ? select->froms[0] : select->ncolumns ? select->columns[0] : NULL;
  } else if (stmt->base.node->kind == CORM_NODE_UPDATE) {
    node = ((const corm_update *)stmt->base.node)->table;
  } else {
    node = ((const corm_delete_node *)stmt->base.node)->table;
  }
  while (node && node->kind == CORM_NODE_JOIN) node = ((const corm_join *)node)->left;
  if (node && node->kind == CORM_NODE_BUNDLE && !((const corm_bundle *)node)->owner)
    node = ((const corm_bundle *)node)->columns[0];
  if (node && node->kind != CORM_NODE_BUNDLE && !binding_node_from(node)) node = first_column(L, node);
  if (node && node->kind == CORM_NODE_COLUMN) {
    const corm_column_node *column = (const corm_column_node *)node;
    node = column->entity ? column->entity : column->from;
  }
  if (!node || !binding_node_from(node))
    binding_error(L, CORM_E_INVALID_REQUEST, "filter_by: the statement has no entity or table to filter by");
  return node;
}

static int stmt_filter_by(lua_State *L) {
  const binding_stmt *old = check_filtered(L, "filter_by");
  if (!binding_is_plain_table(L, 2))
    return binding_error(L, CORM_E_ARGUMENT, "filter_by: a table of column = value expected, got %s",
                         binding_typename(L, 2));
  if (!lua_isnoneornil(L, 3))
    return binding_error(L, CORM_E_ARGUMENT, "filter_by: one table of column = value expected, got several arguments");
  lua_settop(L, 2);
  int n = binding_push_filter_by(L, filter_entity(L, old), "filter_by");
  if (n == 0) {
    lua_settop(L, 1);
    return 1;
  }
  return add_conditions(L, old, 3, 2 + n, "filter_by");
}

/* -- options ------------------------------------------------------------------------------------------------------- */

/* A copy of the statement at 1, its node shared. */
static binding_stmt *push_same(lua_State *L) {
  const binding_stmt *old = binding_check(L, 1, BINDING_STATEMENT, "options");
  binding_stmt *made = binding_new(L, BINDING_STATEMENT, sizeof *made, BINDING_STMT_ANCHOR);
  made->base.node = old->base.node;
  made->ddl = old->ddl;
  made->wanted = old->wanted;
  inherit(L, old, made);
  return made;
}

static int stmt_options(lua_State *L) {
  int last = lua_gettop(L);
  binding_check(L, 1, BINDING_STATEMENT, "statement:options");
  for (int i = 2; i <= last; i++) {
    binding_kind kind = binding_kindof(L, i);
    if (kind != BINDING_OPTION && kind != BINDING_LOADER && kind != BINDING_CRITERIA)
      return binding_error(L, CORM_E_ARGUMENT,
                           "options: a loader option such as corm.selectinload(...) expected, got %s",
                           binding_typename(L, i));
  }
  lua_newtable(L);
  int list = lua_gettop(L);
  lua_Integer n = 0;
  if (binding_push_options(L, 1)) {
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) lua_rawseti(L, list, ++n);
    lua_settop(L, list);
  }
  for (int i = 2; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, list, ++n);
  }
  push_same(L)->base.head.flags |= BINDING_STMT_HAS_OPTIONS;
  lua_pushvalue(L, list);
  lua_setiuservalue(L, -2, BINDING_STMT_OPTIONS);
  return 1;
}

static void merge(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

/* SQLAlchemy's words. Each has the same effect here: what is loaded of the table is read again. */
static void check_synchronize(lua_State *L, int options) {
  static const char *const words[] = {"auto", "evaluate", "fetch"};
  if (!binding_opt_push(L, options, "synchronize_session")) return;
  bool known = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
  for (size_t i = 0; !known && lua_type(L, -1) == LUA_TSTRING && i < sizeof words / sizeof *words; i++)
    known = strcmp(lua_tostring(L, -1), words[i]) == 0;
  if (!known)
    binding_error(L, CORM_E_ARGUMENT,
                  "execution_options: synchronize_session is \"auto\", \"evaluate\", \"fetch\" or false, got %s",
                  lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
}

static int stmt_execution_options(lua_State *L) {
  static const binding_option_spec specs[] = {
      {"yield_per", BINDING_OPT_INT},          {"stream_results", BINDING_OPT_BOOL},
      {"populate_existing", BINDING_OPT_BOOL}, {"autoflush", BINDING_OPT_BOOL},
      {"enable_eagerloads", BINDING_OPT_BOOL}, {"synchronize_session", BINDING_OPT_ANY}};
  binding_check(L, 1, BINDING_STATEMENT, "statement:execution_options");
  binding_check_open_options(L, 2, "execution_options", specs, sizeof specs / sizeof *specs);
  lua_settop(L, 2);
  check_synchronize(L, 2);
  if (binding_opt_int(L, 2, "yield_per", 0) < 0)
    return binding_error(L, CORM_E_ARGUMENT, "execution_options: yield_per must not be negative (0: all rows at once)");
  lua_newtable(L);
  if (binding_push_execution_options(L, 1)) {
    merge(L, 4, 3);
    lua_settop(L, 3);
  }
  if (lua_istable(L, 2)) merge(L, 2, 3);
  push_same(L)->base.head.flags |= BINDING_STMT_HAS_EXECUTION;
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, BINDING_STMT_EXECUTION);
  return 1;
}

static bool push_slot(lua_State *L, int arg, uint32_t flag, int slot) {
  const binding_stmt *stmt = binding_test(L, arg, BINDING_STATEMENT);
  if (!stmt || !(stmt->base.head.flags & flag)) return false;
  lua_getiuservalue(L, arg, slot);
  return true;
}

bool binding_push_options(lua_State *L, int arg) {
  return push_slot(L, arg, BINDING_STMT_HAS_OPTIONS, BINDING_STMT_OPTIONS);
}

bool binding_push_execution_options(lua_State *L, int arg) {
  return push_slot(L, arg, BINDING_STMT_HAS_EXECUTION, BINDING_STMT_EXECUTION);
}

bool binding_is_replaced(lua_State *L, int arg) {
  const binding_stmt *stmt = binding_test(L, arg, BINDING_STATEMENT);
  return stmt && stmt->base.head.flags & BINDING_STMT_REPLACED;
}

/* -- fields -------------------------------------------------------------------------------------------------------- */

/* The Table of a DDL element that makes one of a select; the object of another one. */
static bool push_ddl_field(lua_State *L, const char *name) {
  const bool is_table = strcmp(name, "table") == 0;
  if (!(is_table || strcmp(name, "element") == 0)) return false;
  lua_getiuservalue(L, 1, BINDING_STMT_ANCHOR);
  if (lua_istable(L, -1)) lua_rawgeti(L, -1, 1);
  return !is_table || binding_test(L, -1, BINDING_TABLE);
}

static bool push_field(lua_State *L, void *block, const char *name) {
  const binding_stmt *stmt = block;
  if (stmt->ddl.kind != CORM_DDL_NONE) return push_ddl_field(L, name);
  return binding_insert_property(L, name) || binding_select_property(L, name);
}

static int stmt_index(lua_State *L) {
  return binding_index(L, BINDING_STATEMENT, push_field);
}

void binding_open_statement(lua_State *L) {
  static const luaL_Reg methods[] = {{"where", stmt_where},
                                     {"filter", stmt_where},
                                     {"filter_by", stmt_filter_by},
                                     {"options", stmt_options},
                                     {"execution_options", stmt_execution_options},
                                     {"compile", binding_compile_method},
                                     {"selected_columns", NULL},
                                     {"exported_columns", NULL},
                                     {"column_descriptions", NULL},
                                     {"froms", NULL},
                                     {"columns_clause_froms", NULL},
                                     {"whereclause", NULL},
                                     {"table", NULL},
                                     {"element", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", binding_node_tostring}, {NULL, NULL}};
  binding_metatable(L, BINDING_STATEMENT, "statement", methods, meta, stmt_index);
  binding_refuse_operators(L);
  lua_pop(L, 1);
  binding_open_compile(L);
  binding_open_text(L);
  binding_open_select(L);
  binding_open_compound(L);
  binding_open_cte(L);
  binding_open_dml(L);
  binding_open_upsert(L);
  binding_open_from_values(L);
  binding_table_add_dml(L);
  binding_open_compare(L);
}

corm_node *binding_statement_copy_in(corm_arena *arena, const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_INSERT: return corm_arena_copy(arena, node, sizeof(corm_insert));
  case CORM_NODE_UPDATE: return corm_arena_copy(arena, node, sizeof(corm_update));
  case CORM_NODE_DELETE: return corm_arena_copy(arena, node, sizeof(corm_delete_node));
  default: return corm_arena_copy(arena, node, sizeof(corm_select));
  }
}
