/* What the files that write INSERT, UPDATE and DELETE share. */
#ifndef CORM_SQL_EMIT_DML_H
#define CORM_SQL_EMIT_DML_H

#include "sql/compiler.h"

/* -- emit_dml.c -- */

/* What an UPDATE or DELETE changes: "t", "t AS a"; and the name that it has in the statement. */
void corm_emit_target(corm_compiler *c, const corm_node *target);
void corm_emit_target_name(corm_compiler *c, const corm_node *target);

/* -- emit_tables.c: UPDATE and DELETE of one table by others -- */

/* Adds the FROMs that the condition (or NULL) and the values name beside the target; false: there are none. */
bool corm_add_more_tables(corm_compiler *c, const corm_node *target, const corm_node *where, const corm_update *update,
                          corm_from_list *out);
/* They stand behind UPDATE t or behind SET, as the dialect has it. */
void corm_emit_updated_tables(corm_compiler *c, const corm_from_list *more);
void corm_emit_update_from(corm_compiler *c, const corm_from_list *more);
/* What stands behind DELETE FROM: true when that names several tables, or would take them. */
bool corm_emit_delete_from(corm_compiler *c, const corm_node *target, const corm_from_list *more, bool returning);
/* In SET the columns of the FROMs in `more`; true when there are none. */
bool corm_emit_other_sets(corm_compiler *c, const corm_update *update, const corm_table *table,
                          const corm_from_list *more);
/* Refuses columns of other tables in RETURNING, which are unknown there or, where they stand without their table, may
   be others than were said; `target`: the identity of the FROM that is changed, `name`: for the message. */
void corm_check_returned(corm_compiler *c, const void *target, const char *name, const corm_node *const *returning,
                         uint32_t n);

/* -- emit_defaults.c: RETURNING that nobody wrote -- */

#define CORM_NO_VALUE UINT32_MAX

/* An INSERT that is being written. */
typedef struct corm_inserting {
  const corm_insert *insert;
  const corm_table *table;
  const uint32_t *at; /* of each column of the table the position among the given ones, or CORM_NO_VALUE */
  bool all;           /* every column is a required bind */
} corm_inserting;

/* The key that is asked for, or what return_defaults() says. */
void corm_emit_insert_defaults(corm_compiler *c, const corm_inserting *x);
/* What return_defaults() says; `at` as above. */
void corm_emit_update_defaults(corm_compiler *c, const corm_update *update, const corm_table *table,
                               const uint32_t *at);

#endif
