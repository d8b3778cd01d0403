/*
 * Statements in Lua: select, insert, update, delete, text and DDL elements. Each generative method makes a new userdata
 * with a copy of the node; the old one, unchanged, stays alive behind it, since the copy shares its parts.
 */
#ifndef CORM_BINDING_B_STATEMENT_H
#define CORM_BINDING_B_STATEMENT_H

#include "binding/b_expr.h"
#include "sql/compile.h"
#include "sql/ddl.h"

/* User values. OPTIONS is a sequence of what options() got, for the ORM; EXECUTION the table of execution_options().
   From ANCHOR on: what the statement's own nodes refer to. */
enum { BINDING_STMT_PREVIOUS = 1, BINDING_STMT_OPTIONS, BINDING_STMT_EXECUTION, BINDING_STMT_ANCHOR };

/* base.head.flags: which of the two are there; whether with_only_columns() has made the statement what it is. */
enum { BINDING_STMT_HAS_OPTIONS = 1, BINDING_STMT_HAS_EXECUTION = 2, BINDING_STMT_REPLACED = 4 };

typedef struct binding_stmt {
  binding_expr base;           /* the node is NULL for DDL */
  const corm_node *entity;     /* what filter_by means: BUNDLE or FROM; NULL: the first FROM or column */
  corm_ddl_element ddl;        /* what its object lies in is anchored */
  const corm_dialect *dialect; /* of the text when none is named; NULL: the generic one */
  const corm_select *wanted;   /* from_statement(): what the rows become; NULL: what the node says */
} binding_stmt;

/*
 * Compiles the statement (or the function, as SELECT of it) at `arg` for conn:execute and the session; named and
 * literal forms for showing take any expression. The value at `arg` must stay alive as long as *out.
 * ObjectNotExecutableError for strings, with a hint to corm.text, and for everything else that is no statement.
 */
CORM_MUST_USE corm_status binding_compile(lua_State *L, int arg, const corm_dialect *dialect,
                                          const corm_compile_options *options, corm_arena *arena, corm_compiled *out,
                                          corm_error *err);

/* The dialect named by the field "dialect" of the options at `options`; the default one without. */
const corm_dialect *binding_opt_dialect(lua_State *L, int options, const char *what);

/* Pushes the ORM's options (a sequence) or the execution options of the statement at `arg` and returns true, or pushes
   nothing. The tables belong to the statement: read only. */
bool binding_push_options(lua_State *L, int arg);
bool binding_push_execution_options(lua_State *L, int arg);
/* Whether the statement at `arg` has got other columns than it was made with: its options may be about those. */
bool binding_is_replaced(lua_State *L, int arg);

/* x:compile { dialect =, literal_binds =, compile_kwargs = } and tostring(x), for everything that has a node. */
int binding_compile_method(lua_State *L);
int binding_node_tostring(lua_State *L);

/* Pushes a DDL element whose object lies in the value at `object`; `dialect`: see binding_stmt. */
void binding_push_ddl(lua_State *L, corm_ddl_element element, int object, const corm_dialect *dialect);

/* -- among the files of statements -- */

/* "select", for messages. */
const char *binding_statement_name(const binding_stmt *stmt);
/* The statement at 1 when its node is of the kind, else ArgumentError that it has no such method. */
binding_stmt *binding_checkstatement(lua_State *L, corm_node_kind kind, const char *method);
/* The same for what selects and compounds have in common: ORDER BY, LIMIT, being a value or a FROM. */
const corm_select *binding_checkselectable(lua_State *L, const char *method);
/* The FROMs at the stack positions 2..last behind the old ones, in the arena; NULL when it is full. Raises for what is
   no FROM. */
const corm_node *const *binding_froms_in(lua_State *L, corm_arena *arena, const corm_node *const *old, uint32_t nold,
                                         int last, const char *what);
/* The same without text: what has an order and a number of rows. */
const corm_select *binding_checkordered(lua_State *L, const char *method);
/* The FROM at 1 when it is what corm.values() gave, else ArgumentError. */
const corm_table_valued *binding_checkvalues(lua_State *L, const char *method);
/* values:lateral([name]): the rows may speak of the FROMs before it. */
int binding_values_lateral(lua_State *L);
/* Reads the option with_for_update (true, or the options of a select's) for a row of `from`; false: nothing is locked.
   What it names is left on the stack, and stays alive by the options. */
bool binding_opt_lock(lua_State *L, int options, const corm_node *from, corm_arena *arena, corm_row_lock *out);
/* The text() at `arg`, where SQL of the user's stands: strings are refused, so that none becomes SQL. */
const corm_node *binding_checktext(lua_State *L, int arg, const char *method);
/* The texts at 2 .. the returned position, which is the top then, and the dialect of the options behind them, NULL for
   all. */
int binding_read_affix(lua_State *L, const char *method, const char **dialect);
/* prefix_with() when the statement at 1 is an INSERT, UPDATE or DELETE; false and nothing pushed when not. */
bool binding_dml_prefix_with(lua_State *L);
/* The INSERT, UPDATE or DELETE at 1, else NULL. */
const corm_node *binding_dml_at(lua_State *L);
/* The statement once more, with an extra of its own that begins as the old one, and the room for both. False: the arena
 * is full. */
bool binding_dml_extra_in(corm_arena *arena, const corm_node *old, corm_node **node, struct corm_dml_extra **extra);
size_t binding_dml_extra_room(void);
/* Starts the userdata of a statement that holds nargs arguments. */
void binding_statement_start(binding_build *b, lua_State *L, size_t room, int nargs);
/* Finishes it: what was said of the statement at 1 (`derived`) holds for the new one, and the arguments first..last
 * stay alive. */
void binding_statement_finish(lua_State *L, bool derived, int first, int last);
/* The same for a statement that was just built of `old`, the one at 1; NULL: of nothing. */
void binding_statement_built(binding_build *b, const binding_stmt *old, int first, int last);
/* Up to so many arguments need no memory of their own: they are anchored one by one, more by a table. */
#define BINDING_FEW 16
/* The conditions at first..last in `few`, or in memory that is left on the stack behind them. */
const corm_node **binding_checkconditions(lua_State *L, int first, int last, const char *what,
                                          const corm_node *few[BINDING_FEW]);
/* old AND the added conditions; NULL when the arena is full. */
const corm_node *binding_conjunction_in(corm_arena *arena, const corm_node *old, const corm_node *const *added,
                                        size_t nadded);
/* A copy of a selectable, an INSERT, UPDATE or DELETE; NULL when the arena is full. */
corm_node *binding_statement_copy_in(corm_arena *arena, const corm_node *node);

/* The item of a select list or RETURNING at `arg`: numbers and "*" are taken as they stand. NULL when the arena is
 * full. */
const corm_node *binding_column_item_in(lua_State *L, int arg, corm_arena *arena, const char *what);

/* The comparisons of filter_by { ... } at stack position 2 with the entity: leaves one condition userdata each on the
   stack, in column order, and returns their number. */
int binding_push_filter_by(lua_State *L, const corm_node *entity, const char *what);

/* A whole number from 0 at `arg`, of limit() and its like; false: an expression. ArgumentError for the rest. */
bool binding_row_count(lua_State *L, int arg, const char *what, corm_value *out);

int binding_select_subquery(lua_State *L); /* b_from.c */
int binding_select_with_only_columns(lua_State *L);
int binding_select_distinct_on(lua_State *L); /* b_select_extra.c: distinct(x, ...) */
/* b_select_inspect.c: pushes the property of the statement at 1 and returns true; false: there is none. */
bool binding_select_property(lua_State *L, const char *name);
int binding_select_lateral(lua_State *L);
/* Pushes EXISTS of the select, which the value at `anchor` keeps alive (b_select.c). */
int binding_push_exists(lua_State *L, const corm_select *select, int anchor);
/* Adds correlate, correlate_except and what exists() and scalar subqueries hand on to their select (b_correlate.c). */
void binding_open_correlate(lua_State *L);
/* Pushes a sequence of the keys of the select's columns, and the columns by position and key. */
void binding_push_selected_columns(lua_State *L, const corm_select *select);
/* The key of a FROM's column at a position from 0; NULL at the end. */
const char *binding_from_key(const corm_node *from, size_t at);
/* Pushes a sequence of the keys by which the columns of a select are found. */
void binding_push_select_keys(lua_State *L, const corm_select *select);
/* Sets all columns of an aliased select in the table at `table`, which must keep the FROM alive, by key. */
void binding_fill_from_columns(lua_State *L, int table, const corm_node *from);
/* Pushes the column of the FROM, which lives in the value at `anchor`, or nil. */
void binding_push_from_column(lua_State *L, const corm_node *from, const char *key, int anchor);

/* What the rows of the statement at `arg` become: the select of from_statement(), or itself; NULL: it is no select. */
const corm_select *binding_wanted_select(lua_State *L, int arg);
void binding_open_from_statement(lua_State *L); /* by the session's queries */
void binding_open_compile(lua_State *L);
void binding_open_select(lua_State *L);
void binding_open_join(lua_State *L); /* this and the next by binding_open_select */
void binding_open_select_extra(lua_State *L);
void binding_open_select_inspect(lua_State *L);
/* b_upsert.c: excluded and inserted of an INSERT, as binding_select_property. */
bool binding_insert_property(lua_State *L, const char *name);
void binding_open_upsert(lua_State *L);
void binding_open_from_values(lua_State *L); /* b_from_values.c */
/* b_dml.c: pushes an UPDATE without values of the table that the INSERT at `arg` is about. */
void binding_push_update_of(lua_State *L, int arg);
void binding_open_compare(lua_State *L); /* when all kinds of nodes are open */
void binding_open_compound(lua_State *L);
void binding_open_cte(lua_State *L);
void binding_open_dml(lua_State *L);
void binding_open_dml_extra(lua_State *L); /* by binding_open_dml */
void binding_open_returning(lua_State *L);
void binding_open_text(lua_State *L);

/* The column of the table that the string at `key` names: an attribute of the statement's entity (may be NULL), else a
   key of the table. NULL: none. */
const corm_column *binding_named_column(lua_State *L, const corm_node *entity, const corm_table *table, int key);

/* b_polymorphic.c: the class of an UPDATE or DELETE, of whose tables it writes only the last; NULL: it is not so. */
const struct corm_mapper *binding_dml_local_class(const binding_stmt *stmt);
/* The same. ArgumentError when the criterion names attributes that are in the other tables. */
const struct corm_mapper *binding_dml_check_local(lua_State *L, const binding_stmt *stmt, const corm_node *criterion,
                                                  corm_arena *arena, const char *what);
/* The same error for a value that is set, or returned. Both may be NULL. */
void binding_dml_check_value(lua_State *L, const struct corm_mapper *mapper, const corm_node *value, corm_arena *arena,
                             const char *what);
/* The expression said of that table. NULL when the arena is full. */
const corm_node *binding_dml_local_in(corm_arena *arena, const struct corm_mapper *mapper, const corm_node *expression);
/* Likewise all values of an UPDATE, where `mapper` is not NULL. */
bool binding_dml_local_values_in(corm_arena *arena, const struct corm_mapper *mapper, corm_update *update);

#endif
