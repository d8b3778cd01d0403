/* What the files of the state share among themselves; others need binding.h only. */
#ifndef CORM_BINDING_STATE_H
#define CORM_BINDING_STATE_H

#include "binding/binding.h"

/* User values of the state's userdata: setting one cannot fail. */
enum {
  BINDING_STATE_BOX = 1,    /* the idle scratch box, or nil while it is lent */
  BINDING_STATE_HOOK_ERROR, /* the Lua error value of a failed hook, while an error is from_hook */
  BINDING_STATE_LOADER,     /* the idle handle of a loader, or nil while it is lent */
  BINDING_STATE_SLOTS = BINDING_STATE_LOADER
};

/* Lends the userdata that lies idle in a slot of the state, or makes one (*is_new); it is left on the stack. A nested
   borrower finds none and gets one of its own. */
void *binding_borrow(lua_State *L, int slot, binding_kind kind, size_t size, bool *is_new);

/* Pushes the state's userdata. */
void binding_state_push(lua_State *L);

void binding_open_state(lua_State *L);

/* "datetime" for the block of a BINDING_VALUE. */
const char *binding_value_name(const binding_head *head);

#endif
