/* The identity map: key -> object, weak. An intrusive chained hash table, grown by doubling. */
#ifndef CORM_ORM_IDENTITY_H
#define CORM_ORM_IDENTITY_H

#include "orm/entity.h"

typedef struct corm_identity {
  const corm_mem *mem;
  corm_object **buckets;
  uint32_t cap; /* power of two; 0 at first */
  uint32_t count;
  uint32_t added; /* counts corm_identity_add, wrapping */
} corm_identity;

void corm_identity_init(corm_identity *map, const corm_mem *mem);
void corm_identity_clear(corm_identity *map); /* frees the table, not the objects */

uint32_t corm_identity_hash(const corm_mapper *mapper, const corm_value *key);
/* The object with that key, or NULL. May return a condemned one: see corm_session_find. */
corm_object *corm_identity_find(const corm_identity *map, const corm_mapper *mapper, const corm_value *key,
                                uint32_t hash);
/* Adds an object whose hash is set; its key must not be there. */
CORM_MUST_USE corm_status corm_identity_add(corm_identity *map, corm_object *object, corm_error *err);
void corm_identity_remove(corm_identity *map, corm_object *object);

/* Makes room for count more objects. */
CORM_MUST_USE corm_status corm_identity_reserve(corm_identity *map, uint32_t count, corm_error *err);

#endif
