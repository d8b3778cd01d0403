/* What a statement is about, for whoever has to choose a database for it. */
#ifndef CORM_SQL_SUBJECT_H
#define CORM_SQL_SUBJECT_H

#include "sql/select.h"

/* The table that an UPDATE or DELETE changes; NULL for other statements and for none (text). */
const corm_table *corm_subject_changed(const corm_node *statement);

/* *out: the table that is written, or the first that a select mentions, in its columns before its FROM and then in the
   subquery that the FROM is. NULL: there is none. `mem` serves trees that are deep. MemoryError. */
CORM_MUST_USE corm_status corm_subject_table(const corm_node *statement, const corm_mem *mem, const corm_table **out,
                                             corm_error *err);

/* Whether rows change or are locked. */
bool corm_subject_writes(const corm_node *statement);

#endif
