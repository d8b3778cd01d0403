/* What an INSERT does about rows that are there already: on_conflict_do_update and its kin. */
#include <string.h>

#include "base/str.h"
#include "binding/b_schema.h"
#include "binding/b_statement.h"
#include "sql/expr.h"

/* A clause as it was said: stack positions, 0 where nothing was. */
typedef struct said {
  const char *method;
  int elements;
  int constraint; /* of its name */
  int object;     /* of a constraint without a name, or an index */
  int index_where;
  int where;
  int assignments; /* an UPDATE that has them */
  bool duplicate_key;
} said;

static const corm_insert *insert_at(lua_State *L, const char *method) {
  return (const corm_insert *)binding_checkstatement(L, CORM_NODE_INSERT, method)->base.node;
}

/* -- excluded ------------------------------------------------------------------------------------------------------ */

/* Pushes the columns of the row that the INSERT at 1 is about to insert. */
static void push_excluded(lua_State *L, const corm_insert *insert) {
  binding_build b;
  const corm_node *node;
  binding_build_start(&b, L, BINDING_FROM, sizeof(binding_expr), 2 * BINDING_ROOM(corm_alias) + 64, BINDING_FROM_SLOTS);
  do node = corm_proposed_in(&b.arena, insert->table);
  while (binding_build_again(&b, node));
  binding_anchor(L, BINDING_FROM_PARTS, 1);
  lua_getfield(L, -1, "c");
  lua_remove(L, -2);
}

bool binding_insert_property(lua_State *L, const char *name) {
  const binding_stmt *stmt = binding_test(L, 1, BINDING_STATEMENT);
  if (!stmt || !stmt->base.node || stmt->base.node->kind != CORM_NODE_INSERT) return false;
  if (strcmp(name, "excluded") != 0 && strcmp(name, "inserted") != 0) return false;
  push_excluded(L, (const corm_insert *)stmt->base.node);
  return true;
}

/* -- reading a clause ---------------------------------------------------------------------------------------------- */

/* Leaves the option on the stack and returns its place; 0 and nothing when it is not there. */
static int option(lua_State *L, const char *name) {
  return binding_opt_push(L, 2, name) ? lua_gettop(L) : 0;
}

/* The table of what `constraint` is; only that of the INSERT is taken. */
static void check_table(lua_State *L, const corm_table *table, const char *method) {
  const corm_table *own = insert_at(L, method)->table;
  if (table != own)
    binding_error(L, CORM_E_ARGUMENT, "%s: constraint is not of table '%s', but of %s%s%s", method, own->name,
                  table ? "'" : "", table ? table->name : "no table", table ? "'" : "");
}

/* Reads `constraint`: a name, a unique constraint, or a unique index. */
static void read_constraint(lua_State *L, said *s) {
  const int at = option(L, "constraint");
  if (!at) return;
  const binding_constraint *object = binding_test(L, at, BINDING_CONSTRAINT);
  const binding_index_part *index = binding_test(L, at, BINDING_INDEX);
  const corm_constraint_kind kind = object ? object->constraint->kind : CORM_CONSTRAINT_CHECK;
  if (index) {
    check_table(L, index->index->table, s->method);
    if (!index->index->unique)
      binding_error(L, CORM_E_ARGUMENT, "%s: index '%s' is not unique", s->method, index->index->name);
    s->object = at;
  } else if (kind != CORM_CONSTRAINT_FOREIGN_KEY && kind != CORM_CONSTRAINT_CHECK) {
    check_table(L, object->constraint->table, s->method);
    lua_getfield(L, at, "name");
    if (lua_type(L, -1) == LUA_TSTRING) {
      lua_replace(L, at);
      s->constraint = at;
    } else {
      lua_pop(L, 1);
      s->object = at;
    }
  } else if (lua_type(L, at) == LUA_TSTRING) {
    s->constraint = at;
  } else {
    binding_error(
        L, CORM_E_ARGUMENT,
        "%s: constraint must be a unique constraint, a unique index, or a constraint's name; columns are given "
        "by index_elements",
        s->method);
  }
}

/* The columns and expressions of a constraint without a name, or an index, at `arg`. */
static bool fill_object(lua_State *L, corm_arena *arena, int arg, const corm_insert *insert, corm_upsert *out) {
  const binding_constraint *object = binding_test(L, arg, BINDING_CONSTRAINT);
  const binding_index_part *part = object ? NULL : binding_test(L, arg, BINDING_INDEX);
  const uint32_t n = object ? object->constraint->ncolumns : part->index->nitems;
  const corm_node **targets = corm_arena_zalloc(arena, n + (size_t)1, sizeof *targets);
  const corm_node *from = corm_table_node_in(arena, insert->table);
  if (!targets || !from) return false;
  for (uint32_t i = 0; i < n; i++) {
    const corm_column *column = object ? object->constraint->columns[i] : part->index->items[i].column;
    targets[i] = column ? corm_column_node_in(arena, column, from) : part->index->items[i].expr;
    if (!targets[i]) return false;
  }
  out->targets = targets;
  out->ntargets = n;
  out->index = part ? part->index : NULL;
  return true;
}

/* The element of a unique index at `arg`: a column by name or object, or an expression. */
static const corm_node *element_in(lua_State *L, int arg, corm_arena *arena, const corm_insert *insert,
                                   const char *method) {
  const corm_column *column = NULL;
  if (lua_type(L, arg) == LUA_TSTRING) {
    const char *key = lua_tostring(L, arg);
    column = binding_named_column(L, ((const binding_stmt *)lua_touserdata(L, 1))->entity, insert->table, arg);
    if (!column) {
      corm_error err;
      corm_error_init(&err);
      corm_error_set(&err, CORM_E_ARGUMENT, "%s: index_elements: table '%s' has no column '%.60s'", method,
                     insert->table->name, key);
      const char *nearest = corm_table_nearest(insert->table, key);
      if (nearest) corm_error_hint(&err, "did you mean '%s'?", nearest);
      binding_raise(L, &err);
    }
    return corm_column_node_in(arena, column, corm_table_node_in(arena, insert->table));
  }
  const corm_node *node = binding_checkvalue(L, arg, method);
  column = node->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)node)->column : NULL;
  if (column && column->table && column->table != insert->table)
    binding_error(L, CORM_E_ARGUMENT, "%s: index_elements: '%s.%s' is not in table '%s'", method, column->table->name,
                  column->name, insert->table->name);
  return node;
}

static int check_elements(lua_State *L, const char *method) {
  int at = option(L, "index_elements");
  if (!at) return 0;
  if (!binding_is_plain_table(L, at) || lua_rawlen(L, at) == 0)
    binding_error(L, CORM_E_ARGUMENT, "%s: index_elements must be a list of columns", method);
  return at;
}

/* Pushes an UPDATE that sets what the table at `set` says, in its order for a list of pairs. */
static int push_assignments(lua_State *L, int set, const char *method) {
  if (lua_isfunction(L, set)) {
    lua_pushvalue(L, set);
    push_excluded(L, insert_at(L, method));
    lua_call(L, 1, 1);
    set = lua_gettop(L);
  }
  if (!binding_is_plain_table(L, set))
    binding_error(L, CORM_E_ARGUMENT, "%s: a table of column = value expected, got %s", method,
                  binding_typename(L, set));
  lua_pushnil(L);
  if (!lua_next(L, set)) binding_error(L, CORM_E_ARGUMENT, "%s: nothing is set", method);
  lua_pop(L, 2);
  lua_rawgeti(L, set, 1);
  bool pairs = binding_is_plain_table(L, -1);
  lua_pop(L, 1);
  binding_push_update_of(L, 1);
  lua_getfield(L, -1, pairs ? "ordered_values" : "values");
  lua_insert(L, -2);
  int n = pairs ? (int)lua_rawlen(L, set) : 1;
  luaL_checkstack(L, n + 2, method);
  for (int i = 1; i <= n; i++) {
    if (pairs)
      lua_rawgeti(L, set, i);
    else
      lua_pushvalue(L, set);
  }
  lua_call(L, n + 1, 1);
  const corm_update *update = (const corm_update *)binding_tonode(L, -1);
  if (update->nothers) /* what an UPDATE may set, and an upsert not */
    binding_error(L, CORM_E_COMPILE, "%s: column '%s' is not in table '%s'", method, update->others[0]->name,
                  ((const corm_table_node *)update->table)->table->name);
  return lua_gettop(L);
}

/* -- the clause ---------------------------------------------------------------------------------------------------- */

/* The clauses that there were, in the arena, and the place of the next one; NULL when the arena is full. */
static const corm_upsert **copy_clauses(corm_arena *arena, corm_insert *insert) {
  const corm_upsert **last = &insert->upsert;
  for (const corm_upsert *old = insert->upsert; old; old = old->next) {
    corm_upsert *copy = corm_arena_alloc(arena, sizeof *copy);
    if (!copy) return NULL;
    *copy = *old;
    *last = copy;
    last = &copy->next;
  }
  return last;
}

static bool fill_clause(lua_State *L, corm_arena *arena, const said *s, const corm_insert *insert, corm_upsert *out) {
  *out = (corm_upsert){.duplicate_key = s->duplicate_key};
  if (s->elements) {
    size_t n = (size_t)lua_rawlen(L, s->elements);
    const corm_node **targets = corm_arena_zalloc(arena, n, sizeof *targets);
    if (!targets) return false;
    for (size_t i = 0; i < n; i++) {
      lua_rawgeti(L, s->elements, (lua_Integer)i + 1);
      targets[i] = element_in(L, lua_gettop(L), arena, insert, s->method);
      lua_pop(L, 1);
      if (!targets[i]) return false;
    }
    out->targets = targets;
    out->ntargets = (uint32_t)n;
  }
  if (s->constraint) {
    const char *name = lua_tostring(L, s->constraint);
    out->constraint = corm_arena_dup(arena, name, strlen(name));
    if (!out->constraint) return false;
  }
  if (s->object && !fill_object(L, arena, s->object, insert, out)) return false;
  if (s->index_where) out->index_where = binding_checkcondition(L, s->index_where, s->method);
  if (s->where)
    out->where = corm_group_in(arena, binding_checkcondition(L, s->where, s->method), CORM_AGAINST_CONDITION, 0);
  if (s->where && !out->where) return false;
  if (s->assignments) {
    const corm_update *set = (const corm_update *)binding_tonode(L, s->assignments);
    out->columns = set->columns;
    out->values = set->values;
    out->n = set->n;
  }
  return true;
}

/* Pushes the INSERT at 1 with one clause more; what stands at 2 and above stays alive. */
static int push_clause(lua_State *L, const said *s) {
  const corm_insert *old = insert_at(L, s->method);
  int last = lua_gettop(L);
  size_t n = s->elements ? (size_t)lua_rawlen(L, s->elements) : 0;
  binding_build b;
  corm_insert *insert;
  binding_statement_start(&b, L, BINDING_ROOM(corm_insert) + 2 * BINDING_ROOM(corm_upsert) + n * 256 + 256, last - 1);
  do {
    insert = corm_arena_alloc(&b.arena, sizeof *insert);
    corm_upsert *clause = corm_arena_alloc(&b.arena, sizeof *clause);
    if (!insert || !clause) continue;
    *insert = *old;
    const corm_upsert **place = copy_clauses(&b.arena, insert);
    if (place && fill_clause(L, &b.arena, s, old, clause))
      *place = clause;
    else
      insert = NULL;
  } while (binding_build_again(&b, b.arena.failed ? NULL : insert ? &insert->base : NULL));
  binding_statement_finish(L, true, 2, last);
  return 1;
}

static void read_target(lua_State *L, said *s) {
  s->elements = check_elements(L, s->method);
  read_constraint(L, s);
  s->index_where = option(L, "index_where");
  if (s->index_where) binding_checkcondition(L, s->index_where, s->method);
  if (s->elements && (s->constraint || s->object))
    binding_error(L, CORM_E_ARGUMENT, "%s: either index_elements or constraint, not both", s->method);
  if (s->index_where && !s->elements)
    binding_error(L, CORM_E_ARGUMENT, "%s: index_where belongs to index_elements", s->method);
}

/* on_conflict_do_update { index_elements | constraint, index_where, set_, where } */
static int insert_do_update(lua_State *L) {
  static const binding_option_spec specs[] = {{"index_elements", BINDING_OPT_ANY},
                                              {"constraint", BINDING_OPT_ANY},
                                              {"index_where", BINDING_OPT_ANY},
                                              {"set_", BINDING_OPT_ANY},
                                              {"where", BINDING_OPT_ANY}};
  said s = {.method = "on_conflict_do_update"};
  insert_at(L, s.method);
  lua_settop(L, 2);
  binding_check_options(L, 2, s.method, specs, sizeof specs / sizeof *specs);
  if (lua_isnoneornil(L, 2)) lua_newtable(L), lua_replace(L, 2);
  read_target(L, &s);
  if (!s.elements && !s.constraint && !s.object)
    return binding_error(L, CORM_E_ARGUMENT, "%s: index_elements or constraint must say which rows conflict", s.method);
  s.where = option(L, "where");
  if (s.where) binding_checkcondition(L, s.where, s.method);
  int set = option(L, "set_");
  if (!set) return binding_error(L, CORM_E_ARGUMENT, "%s: set_ must say what becomes of the row", s.method);
  s.assignments = push_assignments(L, set, s.method);
  return push_clause(L, &s);
}

/* on_conflict_do_nothing [{ index_elements | constraint, index_where }] */
static int insert_do_nothing(lua_State *L) {
  static const binding_option_spec specs[] = {
      {"index_elements", BINDING_OPT_ANY}, {"constraint", BINDING_OPT_ANY}, {"index_where", BINDING_OPT_ANY}};
  said s = {.method = "on_conflict_do_nothing"};
  insert_at(L, s.method);
  lua_settop(L, 2);
  binding_check_options(L, 2, s.method, specs, sizeof specs / sizeof *specs);
  if (lua_isnoneornil(L, 2)) lua_newtable(L), lua_replace(L, 2);
  read_target(L, &s);
  return push_clause(L, &s);
}

/* on_duplicate_key_update { column = value }, or a list of { column, value } for their order */
static int insert_duplicate_key(lua_State *L) {
  said s = {.method = "on_duplicate_key_update", .duplicate_key = true};
  insert_at(L, s.method);
  lua_settop(L, 2);
  s.assignments = push_assignments(L, 2, s.method);
  return push_clause(L, &s);
}

void binding_open_upsert(lua_State *L) {
  static const luaL_Reg methods[] = {{"on_conflict_do_update", insert_do_update},
                                     {"on_conflict_do_nothing", insert_do_nothing},
                                     {"on_duplicate_key_update", insert_duplicate_key},
                                     {"excluded", NULL},
                                     {"inserted", NULL},
                                     {NULL, NULL}};
  static const char *const dialects[] = {"postgresql", "mysql", "sqlite"};
  binding_add_methods(L, BINDING_STATEMENT, methods);
  lua_getfield(L, -1, "dialects");
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
    lua_getfield(L, -1, dialects[i]);
    lua_getfield(L, -3, "insert");
    lua_setfield(L, -2, "insert");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}
