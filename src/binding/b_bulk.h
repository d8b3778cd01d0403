/* What a session does with statements that write many rows: UPDATE and DELETE by criteria, and lists of parameters. */
#ifndef CORM_BINDING_B_BULK_H
#define CORM_BINDING_B_BULK_H

#include "binding/binding.h"
#include "orm/bulk_write.h"

/*
 * The parameters at `params` (an absolute index) of an INSERT or UPDATE of a class, said in its names: pushes a list of
 * groups, each a list of rows by the keys of columns, and returns its length. Without a list (*many is false then)
 * there is one group, which is the row, or nil.
 */
lua_Integer binding_push_groups(lua_State *L, int statement, int params, bool *many);
/* An INSERT of a class that has its values itself, and no parameters, gets what rows of the class have besides: the
   polymorphic identity, and 1 for a version that the client counts. The new statement stands at `statement` then. */
void binding_complete_insert(lua_State *L, int statement, int params);
/* Executes an INSERT of a class that returns no objects through the Connection at `connection`, and pushes its Result.
 */
void binding_run_insert(lua_State *L, int connection, int statement, int params);

/* True for an UPDATE of a class without criteria whose parameters are a list: its rows are found by their keys. */
bool binding_is_update_by_key(lua_State *L, int statement, int params);
/* Executes it, as below. */
void binding_run_update_by_key(lua_State *L, corm_session *session, int connection, int statement, int params,
                               corm_synchronize synchronize);

/* The class whose rows an UPDATE or DELETE by criteria writes; NULL: of no class, or another statement. */
const corm_mapper *binding_written_class(lua_State *L, int statement);
/* The same of an INSERT. */
const corm_mapper *binding_inserted_class(lua_State *L, int statement);
/* What the execution options at `options` say of synchronize_session. */
corm_synchronize binding_synchronize_option(lua_State *L, int options);
/* Executes the UPDATE or DELETE of a class through the Connection at `connection`, and pushes its Result. Autoflush is
   the caller's. */
void binding_run_bulk(lua_State *L, corm_session *session, int connection, int statement, int params,
                      corm_synchronize synchronize);

/* The same for one that returns objects of the class, which the session has executed: `values` holds n of what its rows
   have. */
void binding_note_written(lua_State *L, corm_session *session, corm_conn *conn, int statement, int params,
                          corm_synchronize synchronize, int values, lua_Integer n);

/* An INSERT of a class with several tables that is no list of rows writes to the class's own: InvalidRequestError
   unless it says the key, which is that of a row above. */
void binding_check_local_insert(lua_State *L, int statement, int params);
/* Whether it is an INSERT of a list of rows of a class with several tables, which run_joined takes. */
bool binding_inserts_joined(lua_State *L, int statement, int params);
/* An INSERT, or an UPDATE by key, of a list of rows of a class with several tables, which lua/corm/joined.lua takes
   apart: its Result is pushed. False: it is none. */
bool binding_run_joined(lua_State *L, int self, int statement, int params, corm_synchronize synchronize);

#endif
