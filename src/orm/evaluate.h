/*
 * Expressions decided in memory: what a condition, or the new value of a column, is for an object's slots as the
 * database has them. Only where every database would say the same: comparisons of plain values, AND, OR, NOT, IN over
 * values, BETWEEN, IS, and arithmetic of numbers. What memory does not know (an expired slot, a text that the database
 * may compare by a collation) makes the answer unknown, which is another one than NULL.
 */
#ifndef CORM_ORM_EVALUATE_H
#define CORM_ORM_EVALUATE_H

#include "engine/connection.h"
#include "orm/entity.h"
#include "sql/dml.h"

struct corm_step;

/* Compiled by corm_evaluator_compile, in its arena. */
typedef struct corm_program {
  struct corm_step *steps; /* postfix */
  corm_value *stack;
  uint32_t n, cap;
} corm_program;

typedef struct corm_evaluator {
  corm_arena *arena;
  const corm_dialect *dialect;
  const corm_mapper *mapper;
  const corm_node *from;       /* whose columns are the mapper's slots: a TABLE or an ALIAS */
  const corm_params *params;   /* of the execution; NULL: none */
  const corm_dml_extra *extra; /* of the statement: values of its parameters; NULL: none */
  const char *refused;         /* what cannot be evaluated, for messages ("a function"); NULL: nothing */
  bool loose;                  /* some comparison may be unknown although the slots are there */
} corm_evaluator;

/* Compiles an expression; sets `refused` when it cannot be evaluated. The nodes must outlive the program. Fails for
   want of memory only. */
CORM_MUST_USE corm_status corm_evaluator_compile(corm_evaluator *evaluator, const corm_node *node, corm_program *out,
                                                 corm_error *err);
/* The value for an object: of a condition BOOL or NULL. ABSENT: unknown. Bytes are borrowed from slots and nodes. */
corm_value corm_program_run(const corm_program *program, const corm_object *object);
/* True when it reads one of the slots that `set` marks, besides `own`. */
bool corm_program_reads(const corm_program *program, const bool *set, uint32_t own);

/* True when the database keeps a value of that type as it is given. */
bool corm_evaluator_keeps(const corm_dialect *dialect, const corm_type *type, const corm_value *value);

#endif
