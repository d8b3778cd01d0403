/*
 * The compiler's state and its parts: compile.c (entry, text), binds.c (names and placeholders), emit_expr.c,
 * emit_operator.c, emit_select.c, emit_dml.c. Everything is sticky: after the first error further emission does nothing
 * useful and the entry reports it.
 */
#ifndef CORM_SQL_COMPILER_H
#define CORM_SQL_COMPILER_H

#include <string.h>

#include "sql/compile.h"
#include "sql/expr.h"
#include "sql/froms.h"

/* C frames that may lie above each other: subqueries, and operators that a dialect spells by emitting their operands.
   Small enough for a stack of 256 kB; nested operators and lists do not count, they are on a stack of the compiler's
   own. */
#define CORM_COMPILE_DEPTH 80

/* The FROMs of an enclosing statement, for correlation. */
typedef struct corm_scope {
  struct corm_scope *outer;
  const corm_from_list *unread; /* FROMs that are put into the list when it is asked for; NULL: none are left */
  corm_from_list froms;         /* with the members of joins */
} corm_scope;

/* What a database that infers the types of parameters learns from a bind's place; the rest is told by a cast. */
typedef enum corm_place {
  CORM_PLACE_UNTYPED, /* nothing, or less than the bind's own type says */
  CORM_PLACE_SHARED,  /* the operand beside it: strings take its type, since they are its text form; others do not */
  CORM_PLACE_TYPED    /* the type of its value */
} corm_place;

/* Work left to do: a node (from step `index` on), or text when node is NULL. */
typedef struct corm_task {
  const corm_node *node;
  const char *text;
  const corm_column *column; /* what a bind is compared with */
  uint32_t index;
  uint8_t place; /* corm_place, of a bind */
  bool inside;   /* an operator: EAGER ones need parentheses of their own */
} corm_task;

/* What stands where an expression of a type (corm_type_custom) has its hole. */
typedef struct corm_hole {
  struct corm_hole *outer;
  const corm_node *node;          /* the hole */
  const corm_compiled_bind *bind; /* a bind, */
  uint8_t place;
  const corm_type *type; /* or a literal, */
  const corm_value *value;
  const corm_node *inner; /* or a column */
  uint32_t uses;
} corm_hole;

/* The generated name that belongs to a bind, label or alias. */
typedef struct corm_name_slot {
  corm_identity identity;
  const char *stem;
  const char *name; /* NULL: empty */
  size_t len;
} corm_name_slot;

/* How often a stem was used. */
typedef struct corm_stem_slot {
  const char *stem; /* NULL: empty */
  uint32_t len;
  uint32_t count;
} corm_stem_slot;

/* Where "user." stands in the text, to be copied for the next column. */
typedef struct corm_prefix {
  const void *from; /* identity */
  size_t at;
  size_t len;
} corm_prefix;

/* A common table expression that the statement names. */
typedef struct corm_cte_slot {
  const corm_alias *alias; /* NULL: replaced by a UNION with it */
  const char *name;
  const char *text; /* "name AS (...)"; NULL: being written, or placed already */
  uint32_t level;   /* of the select that its WITH stands at; 0: the statement */
  uint32_t order;   /* in which they were finished */
} corm_cte_slot;

/* What statements say of named parameters, those of the outer ones first. */
typedef struct corm_given {
  const struct corm_given *outer;
  const corm_bind *const *binds;
  uint32_t n;
} corm_given;

struct corm_compiler {
  const corm_dialect *dialect;
  corm_arena *arena;
  corm_error *err;
  corm_compile_options options;
  corm_compiled *out;
  corm_buf text;
  corm_mem text_mem;
  bool failed;
  bool bare_columns; /* columns without their table, now */
  bool no_arrays;    /* some column has no array form */
  bool aggregate;    /* inside the arguments of an aggregate, which cannot hold another */
  bool inside;       /* what is emitted now is an operand */
  bool labelled;     /* the columns of the select that was emitted last have labels, all of them */
  bool named_part;   /* the next select's columns are ordered by their names from outside */
  unsigned depth;
  corm_hole *hole;             /* of the type's expression that is being written */
  const corm_inlined *inlined; /* of a statement of chosen columns; NULL: none */
  corm_scope *scope;
  corm_cte_slot *ctes;
  uint32_t nctes;
  size_t ctes_cap;
  uint32_t nfinished;              /* CTEs whose text is there */
  uint32_t nnesting;               /* CTEs that wait for the end of a select inside */
  uint32_t level;                  /* selects within selects */
  uint32_t part;                   /* of binds, now */
  bool recursive;                  /* some CTE is */
  size_t with_at;                  /* where the statement's WITH goes */
  const corm_table *proposed;      /* whose row to be inserted may be spoken of, now; NULL: none */
  const corm_node *windowed;       /* the function that is followed by OVER, and so is no aggregate */
  const corm_given *given;         /* values of named parameters, of statements met so far; NULL: none */
  const corm_select_extra *hinted; /* of the select whose FROMs are written; NULL: has no hints */
  const corm_node *ordering;       /* ORDER BY of the function that the dialect is asked to write, or NULL */
  corm_prefix prefixes[4];         /* of the FROMs seen last */
  unsigned next_prefix;

  corm_compiled_bind *binds;
  uint32_t nbinds;
  uint32_t binds_cap;
  uint32_t again;   /* the bind that was put again, of a list that is being written */
  bool named_binds; /* some bind has a name of the user's */

  corm_task *tasks;
  size_t ntasks;
  size_t tasks_cap;

  /* Few names stand one behind the other; more are hashed, in the arena: the capacity is a power of two then. */
  corm_name_slot *names;
  size_t names_cap;
  size_t nnames;
  corm_stem_slot *stems;
  size_t stems_cap;
  size_t nstems;
  uint32_t ncut; /* names cut to the dialect's length */

  char first_text[1024];
  corm_compiled_bind first_binds[12];
  corm_task first_tasks[32];
  corm_name_slot first_names[12];
  corm_stem_slot first_stems[12];
};

/* -- compile.c -- */

/* Marks the compilation as failed for want of memory when ptr is NULL; returns ptr. */
void *corm_compiler_check(corm_compiler *c, void *ptr);
/* The function for dialects, as a macro: most texts are constants, whose length is known here. */
#define corm_emit_text(c, constant) corm_buf_puts(&(c)->text, constant)

static inline void corm_emit_bytes(corm_compiler *c, const char *text, size_t len) {
  corm_buf_add(&c->text, text, len);
}

static inline void corm_emit_op(corm_compiler *c, corm_op op) {
  corm_buf_add(&c->text, corm_ops[op].text, corm_ops[op].len);
}

/* Room for so many bytes and the NUL. */
static inline bool corm_emit_fits(corm_compiler *c, size_t len) {
  return (c->text.cap - c->text.len > len && !c->text.failed) || corm_buf_reserve(&c->text, len);
}
void corm_emit_quoted(corm_compiler *c, const char *name);
void corm_emit_column_name(corm_compiler *c, const corm_column *column);
/* The same for a name that the user made up for this statement (label, alias): it is validated. */
void corm_emit_own_name(corm_compiler *c, const char *name, const char *what);
/* One more C frame; false (and an error) when there are too many. Pairs with corm_compiler_leave. */
bool corm_compiler_enter(corm_compiler *c);
void corm_compiler_leave(corm_compiler *c);

/* -- binds.c -- */

void corm_binds_init(corm_compiler *c);
/* The name "stem_N" that belongs to the identity: made at first sight. */
const char *corm_anonymous_name(corm_compiler *c, corm_identity identity, const char *stem);
/* Cuts a made-up name to the dialect's length, as SQLAlchemy does. */
const char *corm_fit_name(corm_compiler *c, const char *name, size_t len);
/* A placeholder (or literal) for a BIND that is the value of `column` (NULL: of none). `left`: what it is compared
   with, for tuples; may be NULL. */
void corm_emit_bind(corm_compiler *c, const corm_bind *bind, const corm_column *column, const corm_node *left,
                    corm_op op, corm_place place);
/* The slot of the stem, or the empty one that is its place; `cap` is a power of two. */
corm_stem_slot *corm_stem_slot_of(corm_stem_slot *slots, size_t cap, const char *stem, uint32_t len);
/* The name of a BIND's placeholder. */
const char *corm_bind_name(corm_compiler *c, const corm_bind *bind);
/* A placeholder, with what its type puts around it; as the dialect has that type. */
void corm_add_bind(corm_compiler *c, const corm_compiled_bind *bind, corm_place place);
/* corm_emit_bind for a value that is known. `name` NULL: not known yet, as an empty list has none. */
void corm_emit_bind_value(corm_compiler *c, const corm_bind *bind, const char *name, const corm_column *column,
                          const corm_node *left, corm_op op, corm_place place);
/* A list with which the statement would have more parameters than the database takes; what may still follow it has an
   eighth for itself (long_list.c). */
bool corm_is_long_list(const corm_compiler *c, const corm_bind *bind);
void corm_emit_long_list(corm_compiler *c, const corm_bind *bind, const char *name);
/* What is emitted from here on has the values that a select gives its named parameters (late.c). */
void corm_take_given(corm_compiler *c, const corm_bind *const *binds, uint32_t n);
/* The bind with the value that it was given, or itself. */
const corm_bind *corm_given_bind(corm_compiler *c, const corm_bind *bind);
/* corm_emit_bind for one whose value the execution may give (late.c). */
void corm_emit_late(corm_compiler *c, const corm_bind *bind, const corm_column *column, const corm_node *left,
                    corm_op op, corm_place place);
/* What a type puts around a bind or a column, with it in the hole; and what stands in the hole. */
void corm_emit_around(corm_compiler *c, const corm_node *around, corm_hole *hole);
void corm_emit_hole(corm_compiler *c, corm_hole *hole);
/* Whether the node is where the value of a bind_expression or column_expression that is being written stands. */
bool corm_is_hole(const corm_compiler *c, const corm_node *node);
/* A placeholder of a given name: columns of INSERT and UPDATE. `bind` may be NULL; its value counts then. */
void corm_emit_column_bind(corm_compiler *c, const char *name, const corm_column *column, const corm_bind *bind,
                           corm_bind_source source, uint32_t row);
/* "stem" and a number, in the arena. */
const char *corm_numbered(corm_compiler *c, const char *stem, const char *between, uint32_t number);
/* Refuses names of bindparam() that collide with made-up ones. */
void corm_binds_finish(corm_compiler *c);

/* -- emit_expr.c -- */

/* The name of an alias or table as columns show it. */
const char *corm_alias_name(corm_compiler *c, const corm_alias *alias);
void corm_emit_column(corm_compiler *c, const corm_column_node *column);
/* Work for the loop, the last one pushed first: a task, a node, a node whose bind learns from its place, text. */
void corm_push_task(corm_compiler *c, corm_task task);
void corm_push_node(corm_compiler *c, const corm_node *node);
void corm_push_placed(corm_compiler *c, const corm_node *node, corm_place place);
void corm_push_text(corm_compiler *c, const char *text);
/* What was written from `at` on is taken off again, for later; NULL after a failure. */
const char *corm_take_text(corm_compiler *c, size_t at);
/* The next step of the task. */
void corm_push_again(corm_compiler *c, const corm_task *task);
/* A node as a condition: "x = 1" for a boolean column where the database has no booleans. */
void corm_emit_condition(corm_compiler *c, const corm_node *node);
/* True for letters, digits, _ and $, not beginning with a digit or $. */
bool corm_is_plain_word(const char *word, size_t len);
void corm_emit_list(corm_compiler *c, const corm_node *const *items, uint32_t n);

/* -- emit_function.c -- */

/* The place of a bind among items that share a type: every `step`-th counts. */
corm_place corm_place_among(const corm_node *const *items, uint32_t n, uint32_t step);
/* FUNCTION and AGGREGATE_ORDER. */
void corm_step_function(corm_compiler *c, const corm_task *task);
void corm_step_over(corm_compiler *c, const corm_task *task);
void corm_step_frame(corm_compiler *c, const corm_window_frame *frame);
void corm_step_filter(corm_compiler *c, const corm_task *task);
/* WITHIN_GROUP and ARGUMENT_ORDER. */
void corm_step_ordered(corm_compiler *c, const corm_ordered *ordered);
void corm_step_construct(corm_compiler *c, const corm_construct *construct);
/* What follows the name of a function's alias in FROM: the columns that it is derived into. */
void corm_emit_derived(corm_compiler *c, const corm_table_valued *from);

/* -- emit_operator.c -- */

/* Refuses NULLS FIRST and NULLS LAST where the dialect has them not. */
void corm_check_ordering(corm_compiler *c, corm_op op);
void corm_step_unary(corm_compiler *c, const corm_unary *unary);
void corm_step_binary(corm_compiler *c, const corm_task *task);
void corm_step_array(corm_compiler *c, const corm_list *array);
/* True for an operand that has a type of its own, which the server knows. */
bool corm_has_own_type(const corm_node *node);
/* The place of a bind on the other side of `with`. */
corm_place corm_place_beside(corm_op op, const corm_node *with);

/* -- emit_text.c -- */

void corm_emit_text_node(corm_compiler *c, const corm_text *text);

/* -- emit_select.c -- */

/* LATERAL labels its columns as a FROM does, and correlates as a value does. */
typedef enum corm_select_place {
  CORM_SELECT_TOP,   /* its columns are the result's */
  CORM_SELECT_PART,  /* of a compound at the top: the first part has said what the columns are */
  CORM_SELECT_VALUE, /* in an expression */
  CORM_SELECT_FROM,
  CORM_SELECT_LATERAL
} corm_select_place;

void corm_emit_select(corm_compiler *c, const corm_select *select, corm_select_place place);
/* The same for what has no WITH of its own, but the statement around: a part of a compound, the select of an INSERT.
   More columns (defaults of an INSERT) are emitted by `more`, which may be NULL. */
void corm_emit_part(corm_compiler *c, const corm_select *select, corm_select_place place,
                    void (*more)(corm_compiler *c, const void *ctx), const void *ctx);
/* The label of a select column, NULL when it has none. */
const char *corm_label_text(corm_compiler *c, const corm_select_column *column);
/* The name that a subquery gives to the element of a column of it that has no name. */
const char *corm_element_name(corm_compiler *c, const corm_column_node *column);
/* The name that it has without a label. */
const char *corm_natural_text(corm_compiler *c, const corm_select_column *column);
/* Emits columns with their labels and, when `report` is true, describes them as the statement's result; `leaves`: their
   values leave the statement, so that types put their expressions around them. */
void corm_emit_columns(corm_compiler *c, const corm_select_columns *columns, bool all_labels, bool report, bool leaves);

/* An item of ORDER BY or GROUP BY: `find` tells the selected column whose label or name stands for it. */
void corm_emit_order_item(corm_compiler *c, const corm_node *item, const corm_select_columns *columns,
                          const corm_select_column *(*find)(const corm_select_columns *, const corm_node *));

/* LIMIT, OFFSET and what stands behind them: locks, hints, suffixes. */
void corm_emit_row_limit(corm_compiler *c, const corm_select *select);

/* -- emit_extra.c: what few selects have -- */

/* What stands between SELECT and the columns. */
void corm_emit_select_head(corm_compiler *c, const corm_select *select);
/* The prefixes among the texts, each with a blank behind it. */
void corm_emit_prefixes(corm_compiler *c, const corm_select_text *texts, uint32_t n);
/* The suffixes, each with a blank before it. */
void corm_emit_suffixes(corm_compiler *c, const corm_select_text *texts, uint32_t n);
/* FETCH FIRST, for limit and offset. */
void corm_emit_fetch(corm_compiler *c, const corm_select *select);
/* What stands behind the limit: locks, hints, suffixes. */
void corm_emit_select_tail(corm_compiler *c, const corm_select_extra *extra);
/* The hints of the select at a FROM, before it and behind. */
void corm_emit_hints_before(corm_compiler *c, const corm_node *from);
void corm_emit_hints_behind(corm_compiler *c, const corm_node *from);
/* What fills the column where an INSERT leaves it out: its default, or its sequence's next value. */
static inline const corm_default *corm_default_of(const corm_compiler *c, const corm_column *column) {
  return column->sequence && c->dialect->sequences && !column->sequence->optional ? &column->next : &column->default_;
}

/* -- emit_compound.c -- */

void corm_emit_compound(corm_compiler *c, const corm_select *compound, corm_select_place place);
void corm_emit_textual(corm_compiler *c, const corm_select *textual, corm_select_place place);
/* Tells the columns as the statement's result without writing them. */
void corm_report_columns(corm_compiler *c, const corm_select_columns *columns);

/* -- emit_cte.c -- */

/* The name of a CTE where it is selected from; its text is written at first sight, and kept for WITH. */
void corm_emit_cte(corm_compiler *c, const corm_alias *cte);
/* The CTEs of add_cte(): kept for WITH. */
void corm_add_ctes(corm_compiler *c, const corm_node *const *ctes, uint32_t n);
/* True when some CTE is left that no statement inside has written. */
bool corm_has_ctes(const corm_compiler *c);
/* Writes WITH before the text from `at` on, for all CTEs that are left. */
void corm_place_ctes(corm_compiler *c, size_t at);

/* A statement inside another one: between the two calls CTEs that nest are its own, and leaving writes their WITH
   before its text. */
typedef struct corm_level {
  size_t at;
  uint32_t first_bind;
  uint32_t nnesting;
} corm_level;
corm_level corm_enter_level(corm_compiler *c);
void corm_leave_level(corm_compiler *c, corm_level level);
/* The name that a CTE has. */
const char *corm_cte_name(corm_compiler *c, const corm_alias *cte);

/* -- emit_values.c -- */

/* VALUES with its name and columns. */
void corm_emit_values(corm_compiler *c, const corm_table_valued *from);
/* VALUES alone: "VALUES (1, 2), (3, 4)". */
void corm_emit_value_rows(corm_compiler *c, const corm_values *values);
void corm_emit_sampling(corm_compiler *c, const corm_alias *sample);

/* -- emit_upsert.c -- */

void corm_emit_upsert(corm_compiler *c, const corm_insert *insert);

/* -- emit_dml.c -- */

void corm_emit_insert(corm_compiler *c, const corm_insert *insert);
void corm_emit_update(corm_compiler *c, const corm_update *update);
void corm_emit_delete(corm_compiler *c, const corm_delete_node *delete_node);
void corm_emit_chosen_insert(corm_compiler *c, const corm_table *table, const corm_column *const *columns, size_t n,
                             const corm_column *const *returning, size_t nreturning);
void corm_emit_chosen_update(corm_compiler *c, const corm_table *table, const corm_column *const *set, size_t nset,
                             const corm_column *const *where, size_t nwhere);
void corm_emit_chosen_delete(corm_compiler *c, const corm_table *table, const corm_column *const *where, size_t nwhere);
/* A default (onupdate) as the value of a column: an expression inlined, else a placeholder. */
void corm_emit_default(corm_compiler *c, const corm_column *column, const corm_default *value, const char *name,
                       corm_bind_source source, uint32_t row);
void corm_emit_returning(corm_compiler *c, const corm_node *const *returning, uint32_t n, bool able);
bool corm_is_chosen(const corm_column *column, const corm_column *const *columns, size_t n);

/* True for a default that the client puts into the statement. */
bool corm_is_clients(const corm_default *value);
/* A value for a column: a plain value takes the column's type, and `name`. */
void corm_emit_value(corm_compiler *c, const corm_column *column, const char *name, const corm_node *value,
                     uint32_t row);

#endif
