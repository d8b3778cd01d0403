/* What the two halves of the user's SQL elements share: classes and elements, and the writing of them. */
#ifndef CORM_BINDING_B_COMPILES_H
#define CORM_BINDING_B_COMPILES_H

#include "binding/b_expr.h"
#include "sql/compile.h"

typedef enum construct_base { COLUMN_ELEMENT, FUNCTION_ELEMENT, FROM_CLAUSE, EXECUTABLE, DDL_ELEMENT } construct_base;

/* User values: the functions by dialect (1: for all), the type or nil, the columns of a FromClause. */
enum { CLASS_FUNCTIONS = 1, CLASS_TYPE, CLASS_COLUMNS, CLASS_SLOTS = CLASS_COLUMNS };

typedef struct construct_class {
  binding_head head;
  construct_base base;
  char name[];
} construct_class;

/* An element's record, a table, by place: what its functions get, its class, dialect -> { function, pieces }, former
   ones of these. The element keeps it; the core knows it by a number of binding_hook_add. */
enum { RECORD_ELEMENT = 1, RECORD_CLASS, RECORD_CACHE, RECORD_FORMER };

/* corm_construct.write: runs the element's function for the dialect, once for each. */
corm_status binding_write_construct(const corm_construct *element, const corm_dialect *dialect, const corm_piece **out,
                                    size_t *n, corm_error *err);
void binding_open_construct_compiler(lua_State *L);

#endif
