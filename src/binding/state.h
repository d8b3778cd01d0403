/* What the files of the state share among themselves; others need binding.h only. */
#ifndef CORM_BINDING_STATE_H
#define CORM_BINDING_STATE_H

#include "binding/binding.h"

/* User values of the state's userdata: setting one cannot fail. */
enum {
  BINDING_STATE_HOOK_ERROR = 1, /* the Lua error value of a failed hook, while an error is from_hook */
  BINDING_STATE_BLAMED,         /* the object that a flush failed for, until its error is raised */
  BINDING_STATE_SLOTS = BINDING_STATE_BLAMED
};

/* Lends the idle userdata of a kind, or makes one (*is_new); it is left on the stack. A nested borrower finds none and
   gets one of its own. A new one is zeroed. */
void *binding_borrow(lua_State *L, binding_loan loan, binding_kind kind, size_t size, bool *is_new);
/* Takes the userdata at a positive index back; what lay idle meanwhile is the collector's. Cannot fail. */
void binding_give_back(lua_State *L, binding_loan loan, int index);

/* Pushes the state's userdata. */
void binding_state_push(lua_State *L);

void binding_open_state(lua_State *L);

/* "datetime" for the block of a BINDING_VALUE. */
const char *binding_value_name(const binding_head *head);

#endif
