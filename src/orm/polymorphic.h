/* A class together with classes below it in one query: with_polymorphic. */
#ifndef CORM_ORM_POLYMORPHIC_H
#define CORM_ORM_POLYMORPHIC_H

#include "orm/mapper.h"

/* The classes below `base` that are given or stand between, parents first; `given` NULL: all that there are. NULL when
   the arena is full. */
const corm_mapper **corm_polymorphic_classes_in(corm_arena *arena, const corm_mapper *base,
                                                const corm_mapper *const *given, uint32_t ngiven, uint32_t *n);
/* The base's tables with those of the classes joined to them by LEFT OUTER JOIN; or aliases of them all. */
const corm_node *corm_polymorphic_from_in(corm_arena *arena, const corm_mapper *base, const corm_mapper *const *classes,
                                          uint32_t n, bool aliased);
/* The bundle of the base's columns and those that each class adds, over such a FROM; bundle->view says which. */
const corm_node *corm_polymorphic_bundle_in(corm_arena *arena, const corm_mapper *base,
                                            const corm_mapper *const *classes, uint32_t n, const corm_node *from);

#endif
