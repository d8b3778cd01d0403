/*
 * A mapper ties a class to a table: attributes to slots, relationships to foreign keys. Mappers of one registry
 * know each other by name; relationships are resolved when first needed (corm_registry_configure).
 */
#ifndef CORM_ORM_MAPPER_H
#define CORM_ORM_MAPPER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "orm/host.h"
#include "schema/metadata.h"
#include "sql/compile.h"

typedef struct corm_relationship corm_relationship;

/* Classes that can name each other. */
typedef struct corm_registry {
  const corm_mem *mem;
  const corm_host *host; /* keeps the objects of all its classes */
  corm_map classes;      /* name -> corm_mapper * */
  bool configured;       /* false again when a mapper is added */
} corm_registry;

void corm_registry_init(corm_registry *registry, const corm_mem *mem, const corm_host *host);
void corm_registry_clear(corm_registry *registry);

/* One mapped column; its position is the slot. */
typedef struct corm_attribute {
  const char *key; /* attribute name */
  corm_column *column;
  bool plain; /* the default dialect codec's decode is the identity for it */
  bool primary_key;
} corm_attribute;

/* SQL that a mapper uses again and again, compiled once for each dialect. */
typedef struct corm_mapper_sql {
  struct corm_mapper_sql *next;
  const corm_dialect *dialect;
  corm_arena arena;
  corm_compiled get; /* SELECT ... WHERE pk = ?; required binds "pk_1", "pk_2" ... */
} corm_mapper_sql;

struct corm_mapper {
  const corm_mem *mem;
  corm_arena arena;
  corm_registry *registry;
  const char *name;
  corm_table *table;
  const corm_node *from;     /* TABLE node */
  const corm_bundle *bundle; /* all columns, in slot order */
  corm_attribute *attributes;
  uint32_t nattributes; /* slots */
  uint32_t *pk;         /* slots of the primary key */
  uint32_t npk;
  int32_t autoincrement;  /* slot whose value the database generates; -1 none */
  corm_vec relationships; /* corm_relationship *; index = relationship->index */
  corm_map by_key;        /* attribute or relationship key -> index + 1, relationships offset by nattributes */
  bool configured;
  bool has_orphans;     /* some relationship with delete-orphan points here */
  uint64_t id_seed;     /* distinguishes classes in identity hashes */
  corm_vec referrers;   /* relationships of other mappers (or this) whose target this is */
  corm_mapper_sql *sql; /* one for each dialect in use */
  void *host_data;      /* the host's class */
};

/*
 * Makes a mapper over a table. `keys[i]` is the attribute name of table column i, NULL for its key. ArgumentError
 * without a primary key, InvalidRequestError when the registry has the name.
 */
CORM_MUST_USE corm_status corm_mapper_new(const corm_mem *mem, corm_registry *registry, const char *name,
                                          corm_table *table, const char *const *keys, corm_mapper **out,
                                          corm_error *err);
void corm_mapper_free(corm_mapper *mapper);

/*
 * Maps one more column of the table, as the last slot. InvalidRequestError once statements were made for the class;
 * there must be no objects of it either, which the caller knows. ArgumentError for a part of the primary key and a
 * taken key.
 */
CORM_MUST_USE corm_status corm_mapper_add_column(corm_mapper *mapper, corm_column *column, const char *key,
                                                 corm_error *err);

/* Slot of an attribute, or -1. */
int32_t corm_mapper_slot(const corm_mapper *mapper, const char *key, size_t len);
/* Slot of a table's column, or -1. */
int32_t corm_mapper_column_slot(const corm_mapper *mapper, const corm_column *column);
corm_relationship *corm_mapper_relationship(const corm_mapper *mapper, const char *key, size_t len);
/* The nearest attribute or relationship name for a typo, or NULL. */
const char *corm_mapper_nearest(const corm_mapper *mapper, const char *key);

/* Resolves all relationships of the registry. Idempotent and cheap when done. */
CORM_MUST_USE corm_status corm_registry_configure(corm_registry *registry, corm_error *err);

/* A bundle of the mapper's columns over another FROM (an alias). */
const corm_node *corm_mapper_bundle_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *from);
/* The column node of a slot over a FROM (NULL: the table itself). */
const corm_node *corm_mapper_column_in(corm_arena *arena, const corm_mapper *mapper, uint32_t slot,
                                       const corm_node *from);
/* The compiled SELECT by primary key. */
CORM_MUST_USE corm_status corm_mapper_get_sql(corm_mapper *mapper, const corm_dialect *dialect,
                                              const corm_compiled **out, corm_error *err);

#endif
