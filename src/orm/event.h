/*
 * What the ORM core tells of: events of sessions, of rows that a flush writes (mapper), and of objects (instance).
 * Whoever listens sets a bit in session->listening or mapper->listening; the core looks at the bit before it does
 * anything else for an event.
 */
#ifndef CORM_ORM_EVENT_H
#define CORM_ORM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* X(enumerator, "SQLAlchemy's name"). In the order of the families, and in one word of 64 bits. */
#define CORM_SESSION_EVENTS(X)                                                                                         \
  X(BEFORE_FLUSH, "before_flush")                                                                                      \
  X(AFTER_FLUSH, "after_flush")                                                                                        \
  X(AFTER_FLUSH_POSTEXEC, "after_flush_postexec")                                                                      \
  X(BEFORE_COMMIT, "before_commit")                                                                                    \
  X(AFTER_COMMIT, "after_commit")                                                                                      \
  X(AFTER_ROLLBACK, "after_rollback")                                                                                  \
  X(AFTER_SOFT_ROLLBACK, "after_soft_rollback")                                                                        \
  X(AFTER_BEGIN, "after_begin")                                                                                        \
  X(AFTER_TRANSACTION_CREATE, "after_transaction_create")                                                              \
  X(AFTER_TRANSACTION_END, "after_transaction_end")                                                                    \
  X(BEFORE_ATTACH, "before_attach")                                                                                    \
  X(AFTER_ATTACH, "after_attach")                                                                                      \
  X(TRANSIENT_TO_PENDING, "transient_to_pending")                                                                      \
  X(PENDING_TO_TRANSIENT, "pending_to_transient")                                                                      \
  X(PENDING_TO_PERSISTENT, "pending_to_persistent")                                                                    \
  X(PERSISTENT_TO_TRANSIENT, "persistent_to_transient")                                                                \
  X(PERSISTENT_TO_DELETED, "persistent_to_deleted")                                                                    \
  X(PERSISTENT_TO_DETACHED, "persistent_to_detached")                                                                  \
  X(DELETED_TO_PERSISTENT, "deleted_to_persistent")                                                                    \
  X(DELETED_TO_DETACHED, "deleted_to_detached")                                                                        \
  X(DETACHED_TO_PERSISTENT, "detached_to_persistent")                                                                  \
  X(LOADED_AS_PERSISTENT, "loaded_as_persistent")                                                                      \
  X(AFTER_BULK_UPDATE, "after_bulk_update")                                                                            \
  X(AFTER_BULK_DELETE, "after_bulk_delete")                                                                            \
  X(DO_ORM_EXECUTE, "do_orm_execute")

#define CORM_MAPPER_EVENTS(X)                                                                                          \
  X(BEFORE_INSERT, "before_insert")                                                                                    \
  X(AFTER_INSERT, "after_insert")                                                                                      \
  X(BEFORE_UPDATE, "before_update")                                                                                    \
  X(AFTER_UPDATE, "after_update")                                                                                      \
  X(BEFORE_DELETE, "before_delete")                                                                                    \
  X(AFTER_DELETE, "after_delete")

#define CORM_INSTANCE_EVENTS(X)                                                                                        \
  X(LOAD, "load")                                                                                                      \
  X(REFRESH, "refresh")                                                                                                \
  X(REFRESH_FLUSH, "refresh_flush")                                                                                    \
  X(EXPIRE, "expire")

typedef enum corm_event {
#define CORM_X(id, name) CORM_EVENT_##id,
  CORM_SESSION_EVENTS(CORM_X) CORM_MAPPER_EVENTS(CORM_X) CORM_INSTANCE_EVENTS(CORM_X)
#undef CORM_X
      CORM_EVENT_COUNT
} corm_event;

#define CORM_FIRST_MAPPER_EVENT   CORM_EVENT_BEFORE_INSERT
#define CORM_FIRST_INSTANCE_EVENT CORM_EVENT_LOAD

#define CORM_EVENT_BIT(event) (UINT64_C(1) << (event))
/* From one event up to another. */
#define CORM_EVENT_BITS(first, last) ((CORM_EVENT_BIT(last) - CORM_EVENT_BIT(first)) | CORM_EVENT_BIT(last))
/* Scripts that run in the middle of a flush. */
#define CORM_EVENTS_OF_ROWS                                                                                            \
  (CORM_EVENT_BITS(CORM_EVENT_BEFORE_INSERT, CORM_EVENT_AFTER_DELETE) | CORM_EVENT_BIT(CORM_EVENT_REFRESH_FLUSH))

struct corm_object;
struct corm_session;

/* One event. Which fields are set follows from it; the rest is 0. */
typedef struct corm_news {
  corm_event event;
  struct corm_session *session; /* NULL: none (an object without one expires) */
  struct corm_object *object;
  uint32_t frame; /* the transaction's id */
  bool nested;
  const uint32_t *slots; /* REFRESH, REFRESH_FLUSH, EXPIRE: the columns; NULL: all */
  uint32_t nslots;
} corm_news;

/* -- statements --
 * What a script sends, the host knows. Of a load that the core sends for itself (DO_ORM_EXECUTE) it is told before. */
typedef enum corm_load_kind {
  CORM_LOAD_GET,          /* an object by its key, because a script asked for it */
  CORM_LOAD_RELATIONSHIP, /* what belongs to objects that are there */
  CORM_LOAD_COLUMNS       /* columns of objects that are there */
} corm_load_kind;

struct corm_mapper;

typedef struct corm_load_news {
  corm_load_kind kind;
  struct corm_session *session;
  const struct corm_mapper *mapper; /* the class of the rows */
  struct corm_object *object;       /* that is loaded for, maybe beside others; NULL: none, or many */
} corm_load_news;

/* -- attributes --
 * Whoever wants to see what relationships are about to hold is asked before anything changes, on both sides, so that
 * who refuses leaves everything as it was. */
typedef enum corm_attribute_op { CORM_ATTRIBUTE_SET, CORM_ATTRIBUTE_APPEND, CORM_ATTRIBUTE_REMOVE } corm_attribute_op;

struct corm_relationship;

/* Where a change began: the attribute that the script acted on. */
typedef struct corm_initiator {
  const struct corm_relationship *relationship;
  corm_attribute_op op;
  bool bulk; /* a whole list was assigned */
} corm_initiator;

typedef struct corm_attribute_news {
  corm_attribute_op op;
  struct corm_object *object;
  const struct corm_relationship *relationship;
  struct corm_object *target; /* what comes (SET: NULL for none) or goes; the host may put another one there, which it
                                 holds until its script is back. Heeded where the script acts only. */
  const corm_initiator *initiator;
} corm_attribute_news;

#endif
