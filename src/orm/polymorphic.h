/* A class together with classes below it in one query: with_polymorphic, polymorphic_load, of_type of loader options.
 */
#ifndef CORM_ORM_POLYMORPHIC_H
#define CORM_ORM_POLYMORPHIC_H

#include "orm/mapper.h"

/* The classes below `base` that are given or stand between, parents first; `given` NULL: all that there are. NULL when
   the arena is full. */
const corm_mapper **corm_polymorphic_classes_in(corm_arena *arena, const corm_mapper *base,
                                                const corm_mapper *const *given, uint32_t ngiven, uint32_t *n);
/* Those that the queries of `base` always read, and where `bundle` is not NULL the class of its entity and those of its
   parts. */
const corm_mapper **corm_polymorphic_inline_in(corm_arena *arena, const corm_mapper *base, const corm_bundle *bundle,
                                               uint32_t *n);
/* The base's tables with those of the classes joined to them by LEFT OUTER JOIN; or aliases of them all. */
const corm_node *corm_polymorphic_from_in(corm_arena *arena, const corm_mapper *base, const corm_mapper *const *classes,
                                          uint32_t n, bool aliased);
/* The same, beginning with a FROM of the base that is there. */
const corm_node *corm_polymorphic_joined_in(corm_arena *arena, const corm_mapper *base, const corm_node *from,
                                            const corm_mapper *const *classes, uint32_t n);
/* The bundle of the base's columns over `from` and of those that each class adds, over `joined`; bundle->view says
   which. missing[0] are flags by slot of the base, missing[k + 1] those of class k; NULL: what each class says of
   itself. */
const corm_node *corm_polymorphic_bundle_in(corm_arena *arena, const corm_mapper *base,
                                            const corm_mapper *const *classes, uint32_t n, const corm_node *from,
                                            const corm_node *joined, const uint8_t *const *missing);
/* The columns of a class by slot in a bundle that has it, or is of it, selected or not. */
const corm_node *const *corm_polymorphic_slots_in(corm_arena *arena, const corm_bundle *bundle,
                                                  const corm_mapper *mapper);
/* The element of a FROM that is the table or an alias of it; NULL: there is none. */
const corm_node *corm_polymorphic_element(const corm_node *from, const corm_table *table);

#endif
