/* Relationships in the lists of mappers: a class's begin with those of its parent. Internal to orm/mapper.c. */
#ifndef CORM_ORM_HERITAGE_H
#define CORM_ORM_HERITAGE_H

#include "orm/mapper.h"

/* Gives a new class the relationships of its parent, or, a concrete one, what stands in their places. */
CORM_MUST_USE corm_status corm_heritage_take(corm_mapper *mapper, corm_error *err);
/* Enters their keys: the numbers of relationships begin behind those of the attributes. */
CORM_MUST_USE corm_status corm_heritage_number(corm_mapper *mapper, corm_error *err);

#endif
