/* Selects that a class of several tables would make mean something else than they say. */
#ifndef CORM_SQL_CLASSES_H
#define CORM_SQL_CLASSES_H

#include "sql/compiler.h"

/* An error where columns of a class have brought a JOIN into the FROMs of a select that has one of its tables in
   another JOIN, too, or that leaves out rows which or_() asks for. */
void corm_check_classes(corm_compiler *c, const corm_select *select, const corm_from_list *froms);

#endif
