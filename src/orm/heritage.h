/* What classes of a family have in common: relationships, whose lists begin with those of the parent, and rows of one
   table. Internal to orm/mapper.c. */
#ifndef CORM_ORM_HERITAGE_H
#define CORM_ORM_HERITAGE_H

#include "orm/mapper.h"

/* Gives a new class the relationships of its parent, or, a concrete one, what stands in their places. */
CORM_MUST_USE corm_status corm_heritage_take(corm_mapper *mapper, corm_error *err);
/* Enters their keys: the numbers of relationships begin behind those of the attributes. */
CORM_MUST_USE corm_status corm_heritage_number(corm_mapper *mapper, corm_error *err);
/* Gives the class the identity by which the rows of a family are told. ArgumentError where another one has it. */
CORM_MUST_USE corm_status corm_heritage_identify(corm_mapper *mapper, const corm_value *identity, corm_error *err);
/* Says which rows a class that has its table in common with its parent sees, and the classes above it. */
CORM_MUST_USE corm_status corm_heritage_restrict(corm_mapper *mapper, corm_error *err);

#endif
