/* What a session does with statements that write many rows: UPDATE and DELETE by criteria, and lists of parameters. */
#ifndef CORM_BINDING_B_BULK_H
#define CORM_BINDING_B_BULK_H

#include "binding/binding.h"
#include "orm/bulk_write.h"

/* The class whose rows an UPDATE or DELETE by criteria writes; NULL: of no class, or another statement. */
const corm_mapper *binding_written_class(lua_State *L, int statement);
/* What the execution options at `options` say of synchronize_session. */
corm_synchronize binding_synchronize_option(lua_State *L, int options);
/* Executes the UPDATE or DELETE of a class through the Connection at `connection`, and pushes its Result. Autoflush is
   the caller's. */
void binding_run_bulk(lua_State *L, corm_session *session, int connection, int statement, int params,
                      corm_synchronize synchronize);

/* The same for one that returns objects of the class, which the session has executed: `values` holds n of what its rows
   have. */
void binding_note_written(lua_State *L, corm_session *session, int statement, int params, corm_synchronize synchronize,
                          int values, lua_Integer n);

#endif
