/*
 * Parameters of an execution: a table of named values, or a sequence of such tables (executemany), becomes the core's
 * sets; INSERT and UPDATE get the columns that the names ask for, and the client's defaults are computed for each row.
 */
#ifndef CORM_BINDING_B_PARAMS_H
#define CORM_BINDING_B_PARAMS_H

#include "binding/binding.h"
#include "engine/connection.h"
#include "sql/compile.h"

/* Looks at the value at `params`: nil, a table of values or a sequence of tables; ArgumentError for the rest. Pushes
   the first set (nil when there is none) and returns the number of sets; *many tells a sequence of one from one. */
size_t binding_params_first(lua_State *L, int params, bool *many);

/* The statement to compile: an INSERT or UPDATE that leaves its columns to the parameters gets those named in the set
   at `first`; every other is given back as it is. NULL when out of memory. */
const corm_node *binding_params_statement(lua_State *L, const corm_node *statement, int first, corm_arena *arena);

/*
 * The sets for the core. Calls default functions. Everything in the result lives in the arena. *nsets: 0 when nothing
 * is given and nothing is to be computed. DataError and ArgumentError name the parameter.
 */
const corm_params *binding_params_read(lua_State *L, const corm_compiled *compiled, int params, bool many,
                                       corm_arena *arena, size_t *nsets);

/* Values for native placeholders from a sequence or a table of names. `lists`: names with lists are left out, since
   those are no values but the text's. */
void binding_params_native(lua_State *L, int params, bool lists, corm_arena *arena, corm_params *out);

/* Pushes the primary key of a single-row INSERT as a Row: what was bound, or what the database generated; false when it
   generated nothing, since the row stays that was there. `set` may be NULL. Pushes nothing and returns false when the
   statement is no such INSERT. */
bool binding_push_inserted_key(lua_State *L, const corm_compiled *compiled, const corm_params *set,
                               corm_result *result);

/* Reads what return_defaults() brought to the Result on the top, before binding_result_started. `sets`: nsets of
   parameters. */
void binding_result_written(lua_State *L, corm_result *result, const corm_compiled *compiled, const corm_params *sets,
                            size_t nsets);

/* Pushes the context that a default function gets; `current` is the table of the row's values so far. */
void binding_push_default_context(lua_State *L, int current);

#endif
