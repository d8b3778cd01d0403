/*
 * Who refers to whom, looked up from the other end: objects know whom they hold, not who holds them. A session makes
 * this only after it has looked at all its objects several times for those that hold deleted ones, so that many small
 * flushes beside many objects do not each look at all; from then on links are entered as they are filled. An entry
 * means that an object may hold another: it is not taken back when the link changes.
 */
#ifndef CORM_ORM_BACKS_H
#define CORM_ORM_BACKS_H

#include "orm/links.h"
#include "orm/session.h"

/* After a look at all objects: makes the entries of all that they hold, if it was one too many. Out of memory means
   that all are looked at again the next time. */
void corm_backs_walked(corm_session *session);
/* Forgets all entries: links were dropped, so that few are still true. */
void corm_backs_drop(corm_session *session);

/* Says that an object holds another from now on, and enters it, if the session keeps account. */
void corm_backs_enter(corm_session *session, corm_object *holder, corm_object *target);
static inline void corm_backs_note(corm_object *holder, corm_object *target) {
  if (target && holder->session && holder->session->backs) corm_backs_enter(holder->session, holder, target);
}
/* The same of what no load has found, but somebody has put there. */
static inline void corm_backs_note_change(corm_object *holder, corm_object *target) {
  if (target && holder->session) holder->session->linked++;
  corm_backs_note(holder, target);
}
/* Enters all that an object holds which comes into the session. */
void corm_backs_enter_all(corm_session *session, corm_object *holder);

/* The next object of the session that may hold another, NULL at the end; *position is 0 at first. An object may come
   more than once. */
corm_object *corm_backs_next(const corm_session *session, const corm_object *target, uint32_t *position);

#endif
