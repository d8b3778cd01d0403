/*
 * The session: a unit of work over one engine. Knows every object it is responsible for, in which state, and what
 * changed; flushes the changes in dependency order inside one transaction.
 */
#ifndef CORM_ORM_SESSION_H
#define CORM_ORM_SESSION_H

#include "engine/connection.h"
#include "orm/identity.h"

/* One level of transaction: the root, or a savepoint. */
typedef struct corm_frame {
  struct corm_frame *parent; /* NULL: root */
  uint32_t id;               /* no two frames of a session have the same */
  uint16_t serial;           /* what was inserted since it began has at least this one */
  int savepoint;             /* its depth on the connection; of the root orm/outer.h, 0: the whole transaction */
  bool failed;               /* a flush failed inside: only rollback is accepted */
  bool bulk;                 /* an UPDATE or DELETE by criteria ran inside: nobody knows what it touched */
  bool block;                /* a function runs inside, at the end of which it ends (host) */
  corm_vec touched;          /* savepoints: objects flushed inside, held */
  corm_vec deleted;          /* objects whose DELETE was flushed inside, pinned */
  corm_vec rekeyed;          /* primary keys that flushes inside replaced, in order, also of who is away; frame.c */
} corm_frame;

/* What a session does in a transaction that is open already on the connection that it was given. */
typedef enum corm_join_mode {
  CORM_JOIN_CONDITIONAL_SAVEPOINT, /* in a savepoint CREATE_SAVEPOINT, else ROLLBACK_ONLY */
  CORM_JOIN_CREATE_SAVEPOINT,      /* commits and rolls back a savepoint of its own */
  CORM_JOIN_CONTROL_FULLY,         /* ends the innermost savepoint, or the transaction, as if it were its own */
  CORM_JOIN_ROLLBACK_ONLY,         /* the same, but commits nothing */
  /* Of a running transaction only: */
  CORM_JOIN_NONE, /* the session has begun it itself */
  CORM_JOIN_OVER  /* a flush failed, and what was the session's is rolled back */
} corm_join_mode;

typedef struct corm_session_options {
  bool autoflush;         /* true */
  bool autobegin;         /* true */
  bool expire_on_commit;  /* true */
  bool close_resets_only; /* true: a session that was closed can be used again */
  bool has_execution;
  corm_join_mode join_mode;
  corm_conn_options execution; /* of the connection of each transaction, where has_execution */
} corm_session_options;

struct corm_session {
  const corm_mem *mem;
  const corm_host *host;
  corm_engine *engine; /* holds a reference; NULL: unbound */
  corm_conn *conn;     /* while a transaction is open */
  corm_conn *own_conn; /* bound to a connection instead of an engine */
  corm_map binds;      /* root mapper or table -> corm_branch *: what belongs to other databases (orm/binds.h) */
  corm_vec branches;   /* corm_branch *; empty: all belongs to the session's own */
  bool routed;         /* the host says for each statement which database it is for (orm/binds.h) */
  corm_session_options options;
  corm_identity identity;
  corm_vec news;                  /* pending, in order of add */
  corm_vec modified;              /* persistent with changes (maybe undone since) */
  uint64_t linked;                /* how often something was put into a link, `news` or `modified` */
  struct corm_adopters *adopters; /* orm/orphan.c; NULL: nobody has asked */
  struct corm_backs *backs;       /* orm/backs.h; NULL: no account is kept */
  uint64_t walked;                /* positions of the map looked at for those that hold deleted objects */
  corm_vec doomed;                /* session:delete was called, not flushed */
  corm_frame *frame;              /* innermost; NULL: no transaction begun */
  uint32_t frames;                /* ids of frames given so far */
  uint32_t over;                  /* functions that still run, though the frame of their block has ended */
  uint32_t rekeyings;             /* flushes that replaced primary keys so far */
  uint32_t refs;
  int no_autoflush;      /* depth of no_autoflush blocks */
  corm_join_mode joined; /* of the running transaction; without one nothing */
  uint16_t serial;       /* the last that a frame got, from 1; it begins anew when it has to */
  uint32_t number;       /* no other session has it */
  bool strays;           /* an object has left that an open frame has inserted */
  uint8_t *undone;       /* with strays: a bit for each serial of a frame that was undone; NULL: none */
  uint64_t listening;    /* bits of session events, set by the host */
  corm_news *states; /* what waits to be told until all lists are whole, in order (orm/state.c); `slots` are owned */
  uint32_t nstates, states_cap;
  uint32_t ntold;   /* of these */
  uint32_t telling; /* how deep: hooks call what tells */
  bool news_lost;   /* there was no memory to note one */
  const char *busy; /* what it is doing while its transaction may not be ended, for messages; NULL: nothing */
  uint32_t merging; /* depth of merges: they may load what is lazy = "raise" */
  struct corm_preview *preview; /* the flush that runs is none: orm/preview.h */
  bool flushing;
  bool writing;        /* the flush has collected its objects: none may leave */
  bool commit_unknown; /* the frame has failed in its COMMIT */
  bool closed;         /* for good */
  char failure[512];   /* the error that made a flush fail, for PendingRollbackError */
  corm_error *first;   /* the same, owned; NULL: there was none, or no memory */
  int64_t statements;  /* sent over the connections of transactions that are over */
  int64_t before;      /* what the present one had sent already when its transaction began */
};

/* The statements sent since the session was made, those of flushes included, BEGIN and its like not. */
int64_t corm_session_statement_count(const corm_session *session);

corm_session_options corm_session_options_default(void);
CORM_MUST_USE corm_status corm_session_new(const corm_mem *mem, const corm_host *host, corm_engine *engine,
                                           corm_conn *conn, const corm_session_options *options, corm_session **out,
                                           corm_error *err);
/* Classes (with all of their family) and tables that belong to another engine; for new sessions. */
CORM_MUST_USE corm_status corm_session_bind_mapper(corm_session *session, const corm_mapper *mapper,
                                                   corm_engine *engine, corm_error *err);
CORM_MUST_USE corm_status corm_session_bind_table(corm_session *session, const corm_table *table, corm_engine *engine,
                                                  corm_error *err);
void corm_session_acquire(corm_session *session);
void corm_session_release(corm_session *session);

/* -- transactions (orm/transaction.c) -- In the middle of a flush, in hooks, all are IllegalStateChangeErrors. What
   happened to objects and transactions is told at the end, when it is done: an error from there does not undo it. */
/* Begins; InvalidRequestError when one is open. `mode` as corm_conn_begin. */
CORM_MUST_USE corm_status corm_session_begin(corm_session *session, corm_begin_mode mode, corm_error *err);
/* InvalidRequestError for a session that is closed for good, and in a function that runs on after the end of the frame
   that is its block. */
CORM_MUST_USE corm_status corm_session_check_usable(const corm_session *session, corm_error *err);
/* Flushes, then opens a savepoint. */
CORM_MUST_USE corm_status corm_session_begin_nested(corm_session *session, corm_error *err);
/* Commits (flushing until nothing is left to flush, 100 times at most: then FlushError) or rolls back the root
   transaction with all savepoints. */
CORM_MUST_USE corm_status corm_session_commit(corm_session *session, corm_error *err);
CORM_MUST_USE corm_status corm_session_rollback(corm_session *session, corm_error *err);
/* Ends one frame and the deeper ones. InvalidRequestError when it is not open. */
CORM_MUST_USE corm_status corm_session_end_frame(corm_session *session, corm_frame *frame, bool commit,
                                                 corm_error *err);
bool corm_session_has_frame(const corm_session *session, const corm_frame *frame);
/* The open frame with that id, or NULL: for handles that may outlive it. */
corm_frame *corm_session_find_frame(const corm_session *session, uint32_t id);
/* Expunges all, rolls back, gives the connection back. The session is usable again; after close() only where it was
   made so. */
void corm_session_reset(corm_session *session);
void corm_session_close(corm_session *session);
/* Tells what the functions without a status (close, reset, expunge_all, expire_all) leave to be told: for their
   callers. The others do so themselves. */
CORM_MUST_USE corm_status corm_session_tell(corm_session *session, corm_error *err);
/* The connection of the running transaction, begun when needed; PendingRollbackError after a failed flush. */
CORM_MUST_USE corm_status corm_session_connection(corm_session *session, corm_conn **out, corm_error *err);

/* -- objects -- */
/* Adds with save-update cascade. Idempotent. InvalidRequestError for an object of another session or a deleted one. */
CORM_MUST_USE corm_status corm_session_add(corm_session *session, corm_object *object, corm_error *err);
/* Takes back that an object is to be deleted. */
void corm_session_keep(corm_object *object);
/* Makes room for n more new objects: worth it before many are added. */
CORM_MUST_USE corm_status corm_session_expect(corm_session *session, size_t n, corm_error *err);
/* Marks for deletion with delete cascade (loads what it must); what is detached comes back for it. InvalidRequestError
   for transient and pending objects. */
CORM_MUST_USE corm_status corm_session_delete(corm_session *session, corm_object *object, corm_error *err);
/* Takes the object (and by cascade its relatives) out: pending becomes transient, persistent and deleted detached. Not
 * while a flush writes. */
CORM_MUST_USE corm_status corm_session_expunge(corm_session *session, corm_object *object, corm_error *err);
/* Without cascade: a pending or persistent object leaves its session, and whatever it was it is new again: no identity,
   what is not in memory is not there (orm/transient.c). Not while a flush writes. */
CORM_MUST_USE corm_status corm_object_make_transient(corm_object *object, corm_error *err);
/* A transient object counts as loaded from the row with its key, and as detached; what it lacks is read at the first
   access in a session. InvalidRequestError when it is not transient, or its key not complete. */
CORM_MUST_USE corm_status corm_object_make_detached(corm_object *object, corm_error *err);
/* This and close() are the caller's risk while `busy`. */
void corm_session_expunge_all(corm_session *session);
/* keys NULL: everything, and so for what the refresh-expire cascade reaches. InvalidRequestError when the object is not
 * persistent here. */
CORM_MUST_USE corm_status corm_session_expire(corm_session *session, corm_object *object, const char *const *keys,
                                              uint32_t n, corm_error *err);
void corm_session_expire_all(corm_session *session);
/* Rows of a table were written behind the session's back (bulk UPDATE, DELETE): what is loaded of them is loaded again
   at the next access, except what has unflushed changes. */
void corm_session_outdate(corm_session *session, const corm_table *table);
struct corm_row_lock;
/* Loads now, and locks the row unless `lock` is NULL; InvalidRequestError when the row is gone ("Could not refresh
   instance"). */
CORM_MUST_USE corm_status corm_session_refresh(corm_session *session, corm_object *object, const char *const *keys,
                                               uint32_t n, const struct corm_row_lock *lock, corm_error *err);
/* The row of a persistent object turned out to be gone within the transaction: as after a flush that deleted it, a
   rollback brings it back. */
CORM_MUST_USE corm_status corm_session_lose(corm_session *session, corm_object *object, corm_error *err);
struct corm_load_options;
/*
 * Copies n objects, which the caller holds, onto objects of this session with the same keys, loaded or made as needed,
 * and so what their merge cascade reaches (orm/merge.c). targets: what they became, weakly held unless they are
 * changed. Flushes before, when autoflush is on. load = false: sends nothing, the values count as loaded;
 * InvalidRequestError for an object without a row, and for one with changes whose row is not in memory.
 */
CORM_MUST_USE corm_status corm_session_merge(corm_session *session, corm_object *const *sources, uint32_t n, bool load,
                                             const struct corm_load_options *options, corm_object **targets,
                                             corm_error *err);

bool corm_session_contains(const corm_session *session, const corm_object *object);

/* The live object with a key, or NULL; condemned ones are dropped from the map here. No SQL. */
corm_object *corm_session_find(corm_session *session, const corm_mapper *mapper, const corm_value *key);

/* Called by the entity when a persistent object changes: registers and pins it. */
CORM_MUST_USE corm_status corm_session_modified(corm_session *session, corm_object *object, corm_error *err);
/* Called by corm_object_finalize. */
void corm_session_forget(corm_session *session, corm_object *object);

/* Makes the object persistent under its key: identity map, state. FlushError when another has the key. */
CORM_MUST_USE corm_status corm_session_register(corm_session *session, corm_object *object, corm_error *err);
/* The same for an object that was just inserted. The database took the key, so the row of another object that has it in
   memory is gone: somebody else deleted it, and the object leaves the session. */
CORM_MUST_USE corm_status corm_session_register_new(corm_session *session, corm_object *object, corm_error *err);

/* PendingRollbackError, because a flush failed. */
corm_status corm_session_refuse_failed(const corm_session *session, corm_error *err);

/* -- flush (orm/flush.c) -- */
CORM_MUST_USE corm_status corm_session_flush(corm_session *session, corm_error *err);
/* Flushes if autoflush is on and something is pending; prefixes the error's message with the reason. */
CORM_MUST_USE corm_status corm_session_autoflush(corm_session *session, corm_error *err);
/* True when a flush would have something to look at. */
bool corm_session_is_dirty(const corm_session *session);

/* -- loading (orm/load.c, orm/lazy.c) -- */
/* Refreshes the expired slots of a persistent object from its row. ObjectDeletedError when it is gone,
   DetachedInstanceError without a session
   (`slot` names the attribute in the message). */
CORM_MUST_USE corm_status corm_object_refresh(corm_object *object, uint32_t slot, corm_error *err);
/* Loads a relationship, with its siblings for lazy = "batch". */
CORM_MUST_USE corm_status corm_object_load_link(corm_object *object, corm_relationship *relationship, corm_error *err);
/* The same for an object without a row, by the keys that it was given, where somebody wants that; else nothing. */
CORM_MUST_USE corm_status corm_object_load_new(corm_object *object, corm_relationship *relationship, corm_error *err);

#endif
