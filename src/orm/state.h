/* State changes of objects that the files of the session share. Internal to orm/. */
#ifndef CORM_ORM_STATE_H
#define CORM_ORM_STATE_H

#include "orm/session.h"

/* Pins the object unless it is pinned; unpins it when nothing needs it any more. */
CORM_MUST_USE corm_status corm_state_hold(corm_session *session, corm_object *object, corm_error *err);
void corm_state_let_go(corm_session *session, corm_object *object);

/* IllegalStateChangeError while the session is busy (a flush, a transaction that begins or commits), for what hooks
   must not do there. */
CORM_MUST_USE corm_status corm_state_check_idle(const corm_session *session, const char *what, corm_error *err);

/*
 * -- what is told (state.c) --
 * An object's state changes in loops over the session's lists, where no script may run: what somebody listens to is
 * noted there, and told when the lists are whole. Objects that wait for that are held.
 */
void corm_state_note_move(corm_session *session, corm_object *object, corm_object_state from, corm_object_state to);
/* Gives the object another state: the only place that does, besides loads, which make objects persistent. A deleted
   object that leaves the session stays CORM_DELETED and counts as detached. */
static inline void corm_state_move(corm_session *session, corm_object *object, corm_object_state to) {
  const corm_object_state from = (corm_object_state)object->state;
  if (from != CORM_DELETED || to != CORM_DETACHED) object->state = (uint8_t)to;
  if (session->listening) corm_state_note_move(session, object, from, to);
}
/* Before a loop that moves or expires objects: what it notes will neither fail nor run a finalizer. */
void corm_state_expect_news(corm_session *session);
/* Notes an event of an object (its mapper's, or the session's) if somebody listens; n slots, all when slots is NULL. */
void corm_state_note(corm_session *session, corm_object *object, corm_event event, const uint32_t *slots, uint32_t n);
/* The same for an event of a transaction, or of the session alone. */
void corm_state_note_frame(corm_session *session, corm_event event, const corm_frame *frame);
/* Tells all that was noted and is not told yet, in order, and what the hooks cause meanwhile. After a hook's error the
   rest is not told. While a flush writes it waits: what a hook changes there may be half written. */
CORM_MUST_USE corm_status corm_state_tell_all(corm_session *session, corm_error *err);
static inline corm_status corm_state_tell(corm_session *session, corm_error *err) {
  return session->nstates || session->news_lost ? corm_state_tell_all(session, err) : CORM_OK;
}
/* The same where an error is on its way already. */
void corm_state_tell_quietly(corm_session *session);
/* What was lost before belongs to a call that has failed for want of memory: it is not said once more. */
void corm_state_forgive(corm_session *session);
/* Forgets what was noted. */
void corm_state_drop_news(corm_session *session);
/* Tells at once, if somebody listens. `frame` may be NULL. */
CORM_MUST_USE corm_status corm_state_tell_now(corm_session *session, corm_event event, const corm_frame *frame,
                                              corm_error *err);

/* Takes the object out of the session's lists and map and gives it a new state. */
void corm_state_leave(corm_session *session, corm_object *object, corm_object_state state);

/* The same for an object whose INSERT was undone: generated keys go, the other values stay. */
void corm_state_to_transient(corm_session *session, corm_object *object);
/* For one that has left already. */
void corm_state_forget_row(corm_object *object);

/* Expires all columns and relationships; changes are lost. */
void corm_state_expire(corm_session *session, corm_object *object);

/* The same for what the refresh-expire cascade reaches, too; what is pending there is expunged (orm/expire.c). */
CORM_MUST_USE corm_status corm_expire_with_relatives(corm_session *session, corm_object *object, corm_error *err);

/* History of all relationships goes: what is there counts as committed. */
void corm_state_commit_links(corm_object *object);

/* -- frames (frame.c) -- */
/* Begins one inside of the innermost; takes the innermost away, whose lists are empty or of no interest any more. */
CORM_MUST_USE corm_status corm_frame_push(corm_session *session, int savepoint, corm_error *err);
void corm_frame_pop(corm_session *session);
/* Lets go of what stands in lists of a frame; of the objects only that got other keys, which may come back. */
void corm_frame_release_list(corm_session *session, corm_vec *list);
void corm_frame_release_rekeyed(corm_session *session, corm_vec *list);
void corm_frame_forget_rekeyed(corm_session *session, const corm_vec *list);
/* The innermost frame's lists become part of those of its parent, for which room was made. */
CORM_MUST_USE corm_status corm_frame_reserve_merge(corm_frame *frame, corm_error *err);
void corm_frame_merge(corm_session *session);
/* Undoes in memory what a frame did. */
void corm_frame_restore(corm_session *session, corm_frame *frame);
/* Objects come back whose DELETE is undone: what may have held them is loaded again (orm/holders.c). */
void corm_holders_restore(corm_session *session, const corm_vec *deleted);
/* What is going to be undone was written to rows of objects: lists that hold these by what their rows say now are
   loaded again, though nobody changed them. */
void corm_holders_forget(corm_session *session, const corm_vec *touched);
/* Deleted objects of a class leave what holds them in memory, which nobody has loaded for that. */
CORM_MUST_USE corm_status corm_holders_leave_bulk(corm_session *session, const corm_mapper *mapper, corm_error *err);
/*
 * -- orphans (orm/orphan.c) --
 * Whether a child that leaves a parent has another one in this session, by itself or by that one's list; whether its
 * foreign key says so.
 */
bool corm_child_has_parent(const corm_relationship *relationship, const corm_object *parent, const corm_object *child);
/* Whether it has come from this parent to another one since. */
bool corm_child_has_gone(const corm_relationship *relationship, const corm_object *parent, const corm_object *child);
void corm_adopters_drop(corm_session *session); /* what both need */
bool corm_child_is_anothers(const corm_relationship *relationship, const corm_object *parent, const corm_object *child);
/* Children that left a delete-orphan relationship and have no other parent are deleted, with their own dependents. */
CORM_MUST_USE corm_status corm_session_doom_orphans(corm_session *session, corm_error *err);

/* Keeps the error because of which everything is refused until rollback(). */
void corm_session_note_failure(corm_session *session, const corm_error *err);

/* A number that no other session has had. */
uint32_t corm_session_new_number(void);

/* Whether a detached object was inserted by a frame that was undone after it had left. */
bool corm_frame_undid(const corm_session *session, const corm_object *object);

/* Takes the object out of the lists of all frames. */
void corm_frame_forget(corm_session *session, corm_object *object);

/* Notes that an object comes back that was expunged: what open savepoints wrote of it is not known any more, which keys
   they replaced is. */
CORM_MUST_USE corm_status corm_frame_note_return(corm_session *session, corm_object *object, corm_error *err);

/* Notes that a flush inside a frame wrote the object, deletes it, or replaces its primary key (while the changes are
   still there). */
CORM_MUST_USE corm_status corm_frame_touch(corm_session *session, corm_object *object, corm_error *err);
CORM_MUST_USE corm_status corm_frame_note_deleted(corm_session *session, corm_object *object, corm_error *err);
CORM_MUST_USE corm_status corm_frame_note_rekeyed(corm_session *session, corm_object *object, corm_error *err);

#endif
