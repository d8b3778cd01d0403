/* State changes of objects that the files of the session share. Internal to orm/. */
#ifndef CORM_ORM_STATE_H
#define CORM_ORM_STATE_H

#include "orm/session.h"

/* Pins the object unless it is pinned; unpins it when nothing needs it any more. */
CORM_MUST_USE corm_status corm_state_hold(corm_session *session, corm_object *object, corm_error *err);
void corm_state_let_go(corm_session *session, corm_object *object);

/* Removes an object from a list, searching from the end. */
void corm_state_unlist(corm_vec *list, const corm_object *object);

/* IllegalStateChangeError in the middle of a flush, for what hooks must not do there. */
CORM_MUST_USE corm_status corm_state_check_idle(const corm_session *session, const char *what, corm_error *err);

/* Takes the object out of the session's lists and map and gives it a new state. */
void corm_state_leave(corm_session *session, corm_object *object, corm_object_state state);

/* The same for an object whose INSERT was undone: generated keys go, the other values stay. */
void corm_state_to_transient(corm_session *session, corm_object *object);

/* Expires all columns and relationships; changes are lost. */
void corm_state_expire(corm_session *session, corm_object *object);

/* The same for what the refresh-expire cascade reaches, too; what is pending there is expunged (orm/expire.c). */
CORM_MUST_USE corm_status corm_expire_with_relatives(corm_session *session, corm_object *object, corm_error *err);

/* History of all relationships goes: what is there counts as committed. */
void corm_state_commit_links(corm_object *object);

/* Undoes in memory what a frame did (orm/transaction.c). */
void corm_frame_restore(corm_session *session, corm_frame *frame);
/* Objects come back whose DELETE is undone: what may have held them is loaded again (orm/holders.c). */
void corm_holders_restore(corm_session *session, const corm_vec *deleted);
/* Keeps the error because of which everything is refused until rollback(). */
void corm_session_note_failure(corm_session *session, const corm_error *err);

/* Takes the object out of the lists of all frames. */
void corm_frame_forget(corm_session *session, corm_object *object);

/* Notes that a flush inside a frame wrote the object, deletes it, or replaces its primary key (while the changes are
   still there). */
CORM_MUST_USE corm_status corm_frame_touch(corm_session *session, corm_object *object, bool inserted, corm_error *err);
CORM_MUST_USE corm_status corm_frame_note_deleted(corm_session *session, corm_object *object, corm_error *err);
CORM_MUST_USE corm_status corm_frame_note_rekeyed(corm_session *session, corm_object *object, corm_error *err);

#endif
