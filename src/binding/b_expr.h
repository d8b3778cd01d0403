/*
 * Expressions in Lua: one userdata holds one node and everything that its constructor allocated; operands stay alive as
 * user values. Columns, tables, FROMs and statements begin with the same two members, so that any of them is a node
 * by one look.
 */
#ifndef CORM_BINDING_B_EXPR_H
#define CORM_BINDING_B_EXPR_H

#include "binding/binding.h"

typedef struct binding_expr {
  binding_head head;
  const corm_node *node;
} binding_expr;

/*
 * Building a node inside a new userdata. The room is an estimate: when the constructor ran out of it, the loop
 * turns once more with twice as much, so an estimate that is too low costs time and never correctness:
 *
 *   binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, 1);
 *   do node = corm_not_in(&b.arena, operand); while (binding_build_again(&b, node));
 *
 * Afterwards the userdata is on the top of the stack. The loop pushes and pops nothing else. A constructor that returns
 * NULL without the arena being full has ended the loop too, and the userdata has no node.
 */
typedef struct binding_build {
  lua_State *L;
  corm_arena arena;
  binding_expr *expr;
  size_t size;
  size_t room;
  int kind;
  int nuvalue;
  int tries;
} binding_build;

void binding_build_start(binding_build *b, lua_State *L, binding_kind kind, size_t size, size_t room, int nuvalue);
/* The same for an expression. */
static inline binding_build binding_expression_start(lua_State *L, size_t room, int nuvalue) {
  binding_build b;
  binding_build_start(&b, L, BINDING_EXPRESSION, sizeof(binding_expr), room, nuvalue);
  return b;
}
bool binding_build_again(binding_build *b, const corm_node *node);
/* The kind that a node's userdata has: EXPRESSION, FROM or STATEMENT. */
binding_kind binding_node_userdata(const corm_node *node);

/* Room for a node of a struct type, for estimates. */
#define BINDING_ROOM(type) CORM_ARENA_ROUND(sizeof(type))

/* Makes the value at `arg` user value `n` of the userdata on the top; only what can hold memory is kept. */
void binding_anchor(lua_State *L, int n, int arg);

/* User values of a FROM: what it is made of, and the table behind its `c`. */
enum { BINDING_FROM_PARTS = 1, BINDING_FROM_COLUMNS, BINDING_FROM_SLOTS = BINDING_FROM_COLUMNS };

/* Pushes an EXPRESSION (FROM, STATEMENT) for a node that lives elsewhere, anchored by the value at `anchor`. */
void binding_push_node(lua_State *L, const corm_node *node, int anchor);

/* Pushes the statement of the Query at arg, with its parameters; false for other values (b_query.c). */
bool binding_push_query_statement(lua_State *L, int arg);
/* The node of the value; ArgumentError for what is none. */
const corm_node *binding_checknode(lua_State *L, int arg, const char *what);
/* The same for an SQL value: no table, entity or DML statement. A select is given as it is (wrap it by
 * binding_scalar_in). */
const corm_node *binding_checkvalue(lua_State *L, int arg, const char *what);
/* The same for the expression that a method was called on, at 1. */
const corm_node *binding_checkself(lua_State *L, const char *method);
/* The method was given n arguments at least, itself counted; ArgumentError. */
void binding_check_count(lua_State *L, int n, const char *method);
/* A select (or VALUES) as a value has one column; ArgumentError. Other nodes: nothing. */
void binding_check_single(lua_State *L, const corm_node *node, const char *what);
/* The same, unless a tuple at 1 or 2 is beside it. */
void binding_check_scalar(lua_State *L, const corm_node *node, const char *what);
/* The node of a condition. A boolean is refused with the explanation that Lua's == makes them; text with a hint to
 * text(). */
const corm_node *binding_checkcondition(lua_State *L, int arg, const char *what);
/* TABLE, ALIAS or JOIN of the value; a mapped class gives the FROM of its entity. */
const corm_node *binding_checkfrom(lua_State *L, int arg, const char *what);
const corm_node *binding_node_from(const corm_node *node); /* the FROM of a BUNDLE, itself of a FROM, else NULL */

/* What stands on the right of an operator: a node, or a value that becomes a bind. Reading one may push values that it
   borrows from, which must stay on the stack, or in a table by binding_arg_keep, until the bind is built. */
typedef struct binding_arg {
  const corm_node *node; /* NULL: a value */
  corm_value value;
  corm_scratch scratch;
  size_t room;
  corm_value literal;    /* what the type writes for it into text; ABSENT: the value */
  const corm_type *type; /* of the value where a type of the script's own has changed it; NULL: what is usual there */
} binding_arg;

void binding_arg_read(lua_State *L, int arg, const corm_type *type, const char *what, binding_arg *out);
/* For arguments read in a loop: moves the values from `at` to the top into the list at `kept`, so that what was read
   stays alive and the stack as it was. */
void binding_arg_keep(lua_State *L, int at, int kept);
/* The bind of a value that was read, with its own literal. */
const corm_node *binding_arg_bind_in(corm_arena *arena, const binding_arg *arg, const char *hint,
                                     const corm_type *type);
/* Adds the literal that binding_pass_literal found. */
void binding_arg_literal(binding_arg *arg, const corm_value *literal);
/* The type for binding_arg_read where only a type of the script's own counts: NULL for others. */
#define binding_hosted(node) ((node) && (node)->type && (node)->type->hosted ? (node)->type : NULL)
/* The node in the arena: the operand's own, (SELECT ...) for a select, else what corm_literal_in makes of the value
   opposite `compared_to` (NULL: nothing). */
const corm_node *binding_arg_in(corm_arena *arena, const binding_arg *arg, const corm_node *compared_to);
/* (SELECT ...) as a value for a select, other nodes unchanged; NULL when the arena is full. */
static inline const corm_node *binding_scalar_in(corm_arena *arena, const corm_node *node) {
  const corm_select *select = node ? corm_as_select(node) : NULL;
  return select ? corm_scalar_subquery_in(arena, select) : node;
}

/* Pushes AND / OR of the conditions at the stack positions first..last. */
void binding_push_and_or(lua_State *L, corm_op op, int first, int last, const char *what);

/* The plain table at `arg` (no mapped class), i.e. options or data. */
bool binding_is_plain_table(lua_State *L, int arg);

/* Methods and metamethods that everything with a value has. */
extern const luaL_Reg binding_operator_methods[];
extern const luaL_Reg binding_operator_meta[];
/* Gives the metatable on the top the operators of what has no value: ArgumentErrors (b_no_ops.c). */
void binding_refuse_operators(lua_State *L);

/* b_indexing.c: expression:contains() of arrays and JSONB; col["key"], which pushes the item of JSON or of an array and
   returns true, or false where the value at 1 has no items by the key at 2. */
int binding_op_containing(lua_State *L);
bool binding_push_item(lua_State *L);

int binding_op_in(lua_State *L); /* b_in.c */
int binding_op_not_in(lua_State *L);
/* tuple_(a, b):eq { 1, 2 }: the tuple on the left, the plain table at 2. Pushes the comparison. */
int binding_tuple_compare(lua_State *L, corm_op op, const char *method, const corm_node *left);
/* The number of members of a tuple; 0 for a scalar. */
uint32_t binding_tuple_width(const corm_node *node);
int binding_cast(lua_State *L);
int binding_try_cast(lua_State *L);
int binding_type_coerce(lua_State *L);

/* Adds methods to a kind whose metatable was made. */
void binding_add_methods(lua_State *L, binding_kind kind, const luaL_Reg *methods);
/* An __index: a method of the kind, else what `property` pushes for a name that it knows (it returns true then), else
   the error with the nearest name. */
typedef bool (*binding_property)(lua_State *L, void *block, const char *name);
int binding_index_more(lua_State *L, binding_kind kind, binding_property property); /* for what is no method */
static inline int binding_index(lua_State *L, binding_kind kind, binding_property property) {
  lua_pushvalue(L, 2);
  return lua_rawget(L, lua_upvalueindex(2)) == LUA_TFUNCTION ? 1 : binding_index_more(L, kind, property);
}

/* -- what the ORM adds to statements; the state's pointer is NULL until it is opened -- */
typedef struct binding_relation_join {
  const corm_node *left;         /* the FROM that the relationship starts from */
  const corm_node *secondary;    /* joined between, or NULL (an outer join takes one FROM: JOIN(secondary, target)) */
  const corm_node *secondary_on; /* left to secondary */
  const corm_node *right;        /* the target's FROM */
  const corm_node *on;
  const corm_node *entity; /* the target as filter_by means it: BUNDLE or FROM */
} binding_relation_join;

typedef struct binding_orm_hooks {
  /* join() along the relationship attribute (BINDING_RELATIONSHIP) at `arg`, to the explicit target at `target` (0: the
     relationship's own). Pushes one value, which keeps the nodes. Raises. */
  void (*join)(lua_State *L, int arg, int target, bool outer, binding_relation_join *out);
  /* filter_by's comparison of the entity's attribute `key`, which is no column, with the value at `value`: pushes a
     condition and returns true; false: there is no such attribute. */
  bool (*filter_by)(lua_State *L, const corm_node *entity, const char *key, int value);
  /* The column that the attribute named at `key` of the entity (a BUNDLE) is; NULL: none. */
  const corm_column *(*column)(lua_State *L, const corm_node *entity, int key);
  /* What values { key = value } means where the attribute is no column: pushes a list of { column or name, value } and
     returns true; false: there is no such attribute. Raises. */
  bool (*assign)(lua_State *L, const corm_node *entity, int key, int value);
  /* Pushes what Class.attribute says of its mapping, its class, parent or property, and returns true; false: it is no
     attribute of a class. */
  bool (*fact)(lua_State *L, const corm_column_node *column, const char *name);
} binding_orm_hooks;

/* -- types (b_type.c) -- */
/* The type of a TYPE userdata; ArgumentError with the nearest name for text, "type expected" for the rest. */
const corm_type *binding_checktype(lua_State *L, int arg, const char *what);
/* Pushes a TYPE userdata for a type that lives in the value at `anchor` (0: static). */
void binding_push_type(lua_State *L, const corm_type *type, int anchor);

/* -- parts of binding_open_expr, by file -- */
void binding_open_func(lua_State *L);
void binding_open_from(lua_State *L);
void binding_open_window(lua_State *L);
void binding_open_indexing(lua_State *L);
void binding_open_match(lua_State *L);
void binding_open_table_valued(lua_State *L);
void binding_open_generic_function(lua_State *L);
void binding_open_compiles(lua_State *L);

/* A column of a function in FROM: a name, or a corm.column("name", type). The text belongs to the value at `arg`. */
corm_column_def binding_check_column_def(lua_State *L, int arg, const char *what);

/* Pushes the function's FROM at 1 under another name (b_table_valued.c). */
void binding_push_valued_alias(lua_State *L, const corm_table_valued *valued, const char *name,
                               const corm_table_valued *marks);
/* Pushes the FROM userdata as a value: its alias. */
void binding_push_whole(lua_State *L, int from);

/* What GenericFunction() registered for corm.func's `name`: its own name (borrowed), and its type, which is pushed when
   there is one (else *type is NULL and nothing is pushed). NULL: nothing is registered. */
const char *binding_generic_function(lua_State *L, const char *name, const corm_type **type);
/* Pushes a member of corm.func. */
void binding_push_func(lua_State *L, const char *package, const char *name, size_t len);

/* alias, join, outerjoin, select: methods of tables and of other FROMs (b_from.c). */
extern const luaL_Reg binding_from_methods[];

#endif
