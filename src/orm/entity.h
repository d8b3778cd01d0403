/*
 * The tracked object: one block with a header, one 16-byte slot per mapped column, and the loaded row's bytes behind
 * them. The host owns the block; the core owns what hangs off it (later text, changes, links) and frees that in
 * corm_object_finalize.
 */
#ifndef CORM_ORM_ENTITY_H
#define CORM_ORM_ENTITY_H

#include <string.h>

#include "orm/mapper.h"

typedef enum corm_object_state {
  CORM_TRANSIENT,
  CORM_PENDING,
  CORM_PERSISTENT,
  CORM_DELETED, /* its DELETE was flushed in the running transaction */
  CORM_DETACHED
} corm_object_state;

enum {
  CORM_OBJECT_MODIFIED = 1, /* in session->modified */
  CORM_OBJECT_DOOMED = 2,   /* in session->doomed: session:delete was called */
  CORM_OBJECT_PINNED = 4,
  CORM_OBJECT_EXPIRED = 8, /* some slot is expired that is not deferred */
  CORM_OBJECT_TOLD = 16,   /* in session->news_of_states: held until that is told */
  CORM_OBJECT_MARK = 32,   /* scratch bit of one running algorithm */
  CORM_OBJECT_IN_MAP = 64,
  CORM_OBJECT_KEYED = 128 /* has an identity */
};

/* `extra` of a slot. */
enum {
  CORM_SLOT_HELD = 1,        /* the host keeps what it made of the value, which may have been changed in place since */
  CORM_SLOT_PLACEHOLDER = 2, /* stands for what is not known yet, in a flush that is only planned (orm/preview.h) */
  CORM_SLOT_PASSED = 4,      /* a changed part of the primary key: the row has it already, the database gave it to it */
  CORM_SLOT_LOST = 8         /* absent: it had expired when the row went that it was to be read from */
};

/* The committed value of a changed slot. */
typedef struct corm_change {
  corm_value old; /* ABSENT: not known (was never loaded) */
  uint32_t slot;
} corm_change;

/* What an object needs while it is changed, or stands in lists of frames. */
typedef struct corm_changes {
  uint32_t n, cap;
  uint32_t frames;  /* how often it stands in lists of frames */
  uint32_t touched; /* id of the frame that listed it last as touched */
  bool shown;       /* it is to be shown among those that are changed, though nothing may be */
  corm_change items[];
} corm_changes;

/* Objects that came from one result: siblings for batched lazy loading. Members are weak. */
typedef struct corm_siblings {
  const corm_mem *mem;
  uint32_t refs;
  uint32_t n, cap;
  corm_object **members; /* NULL where the object is gone or went to another group */
  uint32_t alone;        /* relationships loaded for one of them alone, where that was asked for */
  /* What their query said of loads to come, in `plan`; NULL: nothing. */
  struct corm_load_plan *plan;
  struct corm_load_option *const *options;
  uint32_t noptions;
  const struct corm_load_option *wild;
  bool roots;              /* the options say which of several entities of a class they mean: */
  const corm_node *entity; /* the FROM of theirs, which is compared and not read; NULL: the class itself */
} corm_siblings;

struct corm_many;
struct corm_reference;

/*
 * One relationship of one object; orm/links.h reads it. A reference that is not changed and an empty list own nothing.
 */
typedef struct corm_link {
  union {
    corm_object *object;           /* of a reference */
    struct corm_reference *change; /* of one that is changed */
    struct corm_many *list;        /* NULL: empty */
    struct corm_link *all;         /* in object->links: where there are several */
  } as;
  uint32_t edge;      /* of a reference that is not changed; of a list: the host's own, 0 at first */
  bool loaded : 1;    /* otherwise the database knows */
  bool changed : 1;   /* reference: differs from what the database has, as far as known */
  bool old_known : 1; /* reference: what was there is what was loaded or flushed last */
  bool many : 1;      /* a list */
  bool found : 1;     /* reference of a new object: what its key leads to, which nobody has said */
  bool said : 1;      /* that it is empty was said, and not only looked at, before the object had a row */
  uint8_t lazy;       /* corm_lazy + 1 as the query that loaded the object says; 0: the relationship's own */
  uint16_t n;         /* in object->links: how many there are; 0: no relationship was touched, 1: this is it */
} corm_link;

struct corm_object {
  uint32_t host_tag; /* these two are the host's: its kind check reads the tag */
  uint32_t handle;
  corm_session *session; /* NULL: none */
  corm_changes *changes; /* NULL: clean, and in no frame */
  corm_siblings *siblings;
  uint32_t sibling; /* position there */
  uint32_t flush;   /* position + 1 in the running flush; 0: not part of it */
  corm_link links;  /* the only one of its class's relationships, or what leads to them */
  uint16_t serial;  /* of the frame that inserted it, or a later one that became part of it; 0: none that is known */
  uint8_t state;    /* corm_object_state */
  uint8_t flags;
  uint32_t hash; /* of the identity; of a detached object: the number of the session that it left */
  corm_mapper *mapper;
  corm_value slots[];
};

/* Bytes of a block for a mapper's object with `text` bytes inline. */
static inline size_t corm_object_size(const corm_mapper *mapper, size_t text) {
  return sizeof(corm_object) + mapper->nattributes * sizeof(corm_value) + text;
}
/* Sets up a block given by the host, behind its own fields: transient, all slots absent. */
void corm_object_init(corm_object *object, corm_mapper *mapper);
/* The same without the slots, which the caller sets. */
static inline void corm_object_begin(corm_object *object, corm_mapper *mapper) {
  enum { OWN = offsetof(corm_object, session) };
  memset((char *)object + OWN, 0, sizeof *object - OWN);
  object->mapper = mapper;
}
/* Releases what the object owns and unlinks it everywhere. Touches no other object. Idempotent. */
void corm_object_finalize(corm_object *object);

/* The current value, loading it when expired (may run SQL). ABSENT comes back as such (never assigned). Borrowed until
 * the object changes. */
CORM_MUST_USE corm_status corm_object_get(corm_object *object, uint32_t slot, const corm_value **out, corm_error *err);
/* Before a script has the row of an object read: what the database computes may depend on what is not written yet. A
   row's columns do not, so that a row may be read in the middle of changes that belong together. */
CORM_MUST_USE corm_status corm_object_flush_first(const corm_object *object, corm_error *err);

/*
 * Sets a slot to a canonical value (bytes are copied), tracks the change and registers the object with its session.
 * Setting the committed value again undoes the change. `value` of kind ABSENT is not allowed; NULL is.
 */
CORM_MUST_USE corm_status corm_object_set(corm_object *object, uint32_t slot, const corm_value *value, corm_error *err);

/* Sets a slot to an SQL expression that the next flush writes; what it gave is read when it is asked for. The node is
   the caller's as long as the slot has it. ArgumentError for a part of the primary key. */
CORM_MUST_USE corm_status corm_object_set_sql(corm_object *object, uint32_t slot, const corm_node *expression,
                                              corm_error *err);

/* Lets a slot that has a value count as changed: it was changed in place. InvalidRequestError without a value in
 * memory.
 */
CORM_MUST_USE corm_status corm_object_touch(corm_object *object, uint32_t slot, corm_error *err);

/* Asks the host for those of its values that a flush is about to write, or somebody to copy. What is there is as the
 * database has it otherwise. Only classes with mapper->holds have any. */
CORM_MUST_USE corm_status corm_object_reread(corm_object *object, corm_error *err);
/* What the host answers: another value in the same state. */
CORM_MUST_USE corm_status corm_object_rewrite(corm_object *object, uint32_t slot, const corm_value *value,
                                              corm_error *err);

/* Takes the change of a slot back, if there is one and its old value is known. */
void corm_object_unset(corm_object *object, uint32_t slot);

/* What the database has of a slot with a change, which stays: ABSENT where only the database knows. What the row is
   found by stays known. */
CORM_MUST_USE corm_status corm_object_rebase(corm_object *object, uint32_t slot, const corm_value *value,
                                             corm_error *err);

/* The same for ABSENT. */
void corm_object_doubt(corm_object *object, uint32_t slot);

/* Stores a value as loaded: no change tracked, an older change dropped. For loads, generated keys, server values. */
CORM_MUST_USE corm_status corm_object_store(corm_object *object, uint32_t slot, const corm_value *value,
                                            corm_error *err);

/* What is known of the committed value of a changed slot; NULL: it is not changed. Until the next change. */
corm_change *corm_object_change(const corm_object *object, uint32_t slot);

static inline bool corm_object_is_dirty(const corm_object *object, uint32_t slot) {
  return (object->slots[slot].flags & CORM_VALUE_DIRTY) != 0;
}

/* The value the database has, as far as known: the old one of a changed slot, else the current one. */
const corm_value *corm_object_committed(const corm_object *object, uint32_t slot);

/* Marks slots as expired (all when slots is NULL), dropping changes; primary-key values stay for the identity. */
void corm_object_expire(corm_object *object, const uint32_t *slots, uint32_t n);

/* After a flush of the object: the attributes that are no columns are computed anew, when somebody asks for them. */
void corm_object_expire_expressions(corm_object *object);

/* Forgets the changes: what is there counts as committed. */
void corm_object_clean(corm_object *object);

/* True when some column differs from its committed value. */
bool corm_object_has_changes(const corm_object *object);

/* It is shown among those that are changed, until the next flush. */
CORM_MUST_USE corm_status corm_object_show(corm_object *object, corm_error *err);

/* How often the object stands in lists of frames; one more (MemoryError), one less. */
static inline uint32_t corm_object_frames(const corm_object *object) {
  return object->changes ? object->changes->frames : 0;
}
CORM_MUST_USE corm_status corm_object_enter_frame(corm_object *object, corm_error *err);
void corm_object_leave_frame(corm_object *object);

/* Copies the primary key's current values; false when some is absent or NULL. */
bool corm_object_key(const corm_object *object, corm_value *key);

/* "User" with its key as far as known: "User(id=1)"; for messages. */
void corm_object_describe(const corm_object *object, corm_buf *out);

/* Groups. */
corm_siblings *corm_siblings_new(const corm_mem *mem);
void corm_siblings_release(corm_siblings *siblings);
void corm_siblings_leave(corm_object *object);
CORM_MUST_USE corm_status corm_siblings_join(corm_siblings *siblings, corm_object *object, corm_error *err);
/* The same for an object that is in no group, where there is room. */
static inline void corm_siblings_enter(corm_siblings *siblings, corm_object *object) {
  object->siblings = siblings;
  object->sibling = siblings->n;
  siblings->members[siblings->n++] = object;
  siblings->refs++;
}

#endif
