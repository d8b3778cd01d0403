/* bindparam(), and what an execution gives for those of its kind that the text depends on. */
#ifndef CORM_BINDING_B_BINDPARAM_H
#define CORM_BINDING_B_BINDPARAM_H

#include "binding/b_expr.h"
#include "sql/compile.h"

/* Where values are looked for while a statement is compiled: the table of parameters, which stays on the stack, and the
   functions of callable_. */
typedef struct binding_late {
  corm_late late; /* for corm_compile_options */
  lua_State *L;
  int params; /* absolute stack index of a table; 0: none are given */
  bool many;  /* it is the first of several sets, of which all must be of one text */
} binding_late;

void binding_late_init(binding_late *late, lua_State *L, int params, bool many);

int binding_bindparam(lua_State *L);
/* text:bindparams(bindparam("x", ...), ..., { y = value }) (b_text.c) */
int binding_text_bindparams(lua_State *L);
/* statement:params { name = value }; of text the same as bindparams */
int binding_params(lua_State *L);

#endif
