/* What becomes of objects, noted in the loops that do it and told when the session's lists are whole. */
#include "orm/state.h"

#include <string.h>

#define CORM_STATE_EVENTS CORM_EVENT_BITS(CORM_EVENT_TRANSIENT_TO_PENDING, CORM_EVENT_LOADED_AS_PERSISTENT)

/* The event of a change, + 1; 0: none. A deleted object whose INSERT is undone, too, leaves as one that was deleted. */
#define TO(id) (CORM_EVENT_##id + 1)
static const uint8_t changes[CORM_DETACHED + 1][CORM_DETACHED + 1] = {
    [CORM_TRANSIENT] = {[CORM_PENDING] = TO(TRANSIENT_TO_PENDING)},
    [CORM_PENDING] = {[CORM_TRANSIENT] = TO(PENDING_TO_TRANSIENT), [CORM_PERSISTENT] = TO(PENDING_TO_PERSISTENT)},
    [CORM_PERSISTENT] = {[CORM_TRANSIENT] = TO(PERSISTENT_TO_TRANSIENT),
                         [CORM_DELETED] = TO(PERSISTENT_TO_DELETED),
                         [CORM_DETACHED] = TO(PERSISTENT_TO_DETACHED)},
    [CORM_DELETED] = {[CORM_TRANSIENT] = TO(DELETED_TO_DETACHED),
                      [CORM_PERSISTENT] = TO(DELETED_TO_PERSISTENT),
                      [CORM_DETACHED] = TO(DELETED_TO_DETACHED)},
    [CORM_DETACHED] = {[CORM_PERSISTENT] = TO(DETACHED_TO_PERSISTENT)},
};
#undef TO

void corm_state_note_move(corm_session *session, corm_object *object, corm_object_state from, corm_object_state to) {
  const uint8_t event = changes[from][to];
  if (event) corm_state_note(session, object, (corm_event)(event - 1), NULL, 0);
}

/* -- noting -- */

static corm_news *room_for_news(corm_session *session) {
  if (session->nstates == session->states_cap) {
    const uint32_t cap = session->states_cap ? session->states_cap * 2 : 16;
    corm_news *grown = corm_mem_resize(session->mem, session->states, cap * sizeof *grown);
    if (!grown) return NULL;
    session->states = grown;
    session->states_cap = cap;
  }
  return &session->states[session->nstates];
}

void corm_state_expect_news(corm_session *session) {
  const corm_host *host = session->host;
  corm_error ignored;
  corm_error_init(&ignored);
  if (!(session->listening & CORM_STATE_EVENTS) && !(host->listening(host->ctx) & CORM_EVENT_BIT(CORM_EVENT_EXPIRE)))
    return;
  if (host->pins_reserve(host->ctx, &ignored) == CORM_OK) return;
  corm_error_clear(&ignored);
  session->news_lost = true;
}

/* An object that is condemned has nobody who could hear of it. */
static corm_status note(corm_session *session, corm_object *object, corm_event event, const uint32_t *slots, uint32_t n,
                        corm_error *err) {
  uint32_t *copy = NULL;
  if (!session->host->alive(session->host->ctx, object)) return CORM_OK;
  corm_news *news = room_for_news(session);
  if (slots) copy = corm_mem_alloc(session->mem, (n ? n : 1) * sizeof *copy);
  if (!news || (slots && !copy)) {
    corm_mem_free(session->mem, copy);
    return corm_error_memory(err);
  }
  if (copy && n) memcpy(copy, slots, n * sizeof *copy);
  const corm_status status = corm_state_hold(session, object, err);
  if (status != CORM_OK) {
    corm_mem_free(session->mem, copy);
    return status;
  }
  object->flags |= CORM_OBJECT_TOLD;
  news = room_for_news(session); /* making its pin may have run a finalizer */
  if (!news) {
    corm_mem_free(session->mem, copy);
    return corm_error_memory(err);
  }
  *news = (corm_news){.event = event, .session = session, .object = object, .slots = copy, .nslots = n};
  session->nstates++;
  return CORM_OK;
}

void corm_state_note(corm_session *session, corm_object *object, corm_event event, const uint32_t *slots, uint32_t n) {
  const uint64_t listening = event < CORM_FIRST_MAPPER_EVENT ? session->listening : object->mapper->listening;
  corm_error ignored;
  if (!(listening & CORM_EVENT_BIT(event)) || session->news_lost) return;
  corm_error_init(&ignored);
  if (note(session, object, event, slots, n, &ignored) == CORM_OK) return;
  corm_error_clear(&ignored);
  session->news_lost = true;
}

void corm_state_note_frame(corm_session *session, corm_event event, const corm_frame *frame) {
  if (!(session->listening & CORM_EVENT_BIT(event)) || session->news_lost) return;
  corm_news *news = room_for_news(session);
  session->news_lost = !news;
  if (!news) return;
  *news = (corm_news){.event = event, .session = session};
  if (frame) {
    news->frame = frame->id;
    news->nested = frame->parent != NULL;
  }
  session->nstates++;
}

/* -- telling -- */

void corm_state_drop_news(corm_session *session) {
  for (uint32_t i = 0; i < session->nstates; i++) {
    corm_object *object = session->states[i].object;
    corm_mem_free(session->mem, (void *)(uintptr_t)session->states[i].slots);
    if (!object || !(object->flags & CORM_OBJECT_TOLD)) continue;
    object->flags &= (uint8_t)~CORM_OBJECT_TOLD;
    corm_state_let_go(session, object);
  }
  session->nstates = session->ntold = 0;
  session->news_lost = false;
}

/* The hooks may note more, which moves the array, and what they call may tell it. */
static corm_status tell_each(corm_session *session, corm_error *err) {
  const corm_host *host = session->host;
  corm_status status = CORM_OK;
  while (status == CORM_OK && session->ntold < session->nstates) {
    const corm_news news = session->states[session->ntold++];
    status = host->event(host->ctx, &news, err);
  }
  if (status == CORM_OK && session->news_lost) status = corm_error_memory(err);
  if (status != CORM_OK) session->ntold = session->nstates;
  return status;
}

corm_status corm_state_tell_all(corm_session *session, corm_error *err) {
  if (session->writing || (session->ntold == session->nstates && !session->news_lost)) return CORM_OK;
  session->telling++;
  corm_session_acquire(session); /* a hook may drop the last handle */
  const corm_status status = tell_each(session, err);
  if (!--session->telling) corm_state_drop_news(session);
  corm_session_release(session);
  return status;
}

void corm_state_forgive(corm_session *session) {
  if (!session->telling) session->news_lost = false;
}

corm_status corm_session_tell(corm_session *session, corm_error *err) {
  return corm_state_tell(session, err);
}

void corm_state_tell_quietly(corm_session *session) {
  corm_error second;
  corm_error_init(&second);
  if (corm_state_tell(session, &second) != CORM_OK) corm_error_clear(&second);
}

corm_status corm_state_tell_now(corm_session *session, corm_event event, const corm_frame *frame, corm_error *err) {
  const corm_host *host = session->host;
  const corm_news news = {
      .event = event, .session = session, .frame = frame ? frame->id : 0, .nested = frame && frame->parent != NULL};
  if (!(session->listening & CORM_EVENT_BIT(event))) return CORM_OK;
  return host->event(host->ctx, &news, err);
}
