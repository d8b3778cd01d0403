/*
 * A flush up to the point where statements would be sent: they are written down instead, and memory becomes what it
 * was. No hook is called and nothing is sent. What only the database or a hook could say is a placeholder: an integer
 * whose `extra` is CORM_SLOT_PLACEHOLDER, and whose text says what it stands for.
 */
#ifndef CORM_ORM_PREVIEW_H
#define CORM_ORM_PREVIEW_H

#include "base/arena.h"
#include "engine/bulk.h"
#include "orm/session.h"

/* One statement of a plan. */
typedef struct corm_planned {
  struct corm_planned *next;
  corm_recorded of; /* text and values are in the arena of the plan */
} corm_planned;

typedef struct corm_session_plan {
  corm_planned *first;
  size_t n;
  const char **texts; /* of placeholders */
  size_t ntexts, texts_cap;
  const char **reads; /* "User(id=1).orders": what a flush has to read first, and the plan does without */
  size_t nreads, reads_cap;
} corm_session_plan;

/*
 * Plans the flush of what is pending, in the order in which it would be sent. load: what it has to read first is read
 * now, as if somebody had asked for it, so that nothing is missing; this sends. Errors are those of a flush that come
 * before its first statement (CircularDependencyError, a value that is refused); the session is as before.
 */
CORM_MUST_USE corm_status corm_session_make_plan(corm_session *session, corm_arena *arena, bool load,
                                                 corm_session_plan *out, corm_error *err);
/* What a value of a planned statement stands for; NULL: it is what it is. */
const char *corm_placeholder_text(const corm_session_plan *plan, const corm_value *value);

/* -- for the files of the flush, while flush->preview is set -- */

struct corm_branch;
struct corm_flush;
struct corm_persister;
struct corm_sheaf;
typedef struct corm_preview corm_preview;

/* Before the first of them is changed. */
CORM_MUST_USE corm_status corm_preview_keep_works(struct corm_flush *flush, corm_error *err);
CORM_MUST_USE corm_status corm_preview_keep(corm_preview *preview, corm_object *object, corm_error *err);
/* A placeholder for what a slot is going to have: "<%s User.name>". */
CORM_MUST_USE corm_status corm_preview_value(corm_preview *preview, const corm_object *object, uint32_t slot,
                                             const char *what, corm_value *out, corm_error *err);
/* Gives a slot a placeholder: "<%s User.name>". */
CORM_MUST_USE corm_status corm_preview_put(corm_preview *preview, corm_object *object, uint32_t slot, const char *what,
                                           corm_error *err);
/* The same instead of reading what has expired. */
CORM_MUST_USE corm_status corm_preview_refresh(corm_preview *preview, corm_object *object, uint32_t slot,
                                               corm_error *err);
/* Notes a relationship that would be loaded. */
CORM_MUST_USE corm_status corm_preview_miss(corm_preview *preview, corm_object *object, corm_relationship *relationship,
                                            corm_error *err);
/* The connection for rows of a branch; NULL: of the session's own engine. */
CORM_MUST_USE corm_status corm_preview_connection(corm_preview *preview, const struct corm_branch *branch,
                                                  corm_conn **out, corm_error *err);
/* What the answers would bring to the objects of closed pages. */
CORM_MUST_USE corm_status corm_preview_settle(struct corm_persister *p, struct corm_sheaf *sheaf, corm_error *err);

#endif
