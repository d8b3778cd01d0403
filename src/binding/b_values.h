/* Dates, times, decimals, UUIDs in Lua: immutable userdata of one kind around a corm_value. */
#ifndef CORM_BINDING_B_VALUES_H
#define CORM_BINDING_B_VALUES_H

#include "base/time.h"
#include "binding/binding.h"

typedef struct binding_value {
  binding_head head;
  corm_value value; /* bytes stand behind the struct */
} binding_value;

/* The value of a BINDING_VALUE at arg; ArgumentError for anything else. */
const corm_value *binding_checkvalue_object(lua_State *L, int arg, const char *what);

/* Pushes a value userdata of a kind whose content is as.i. */
void binding_push_temporal(lua_State *L, corm_value_kind kind, int64_t content);
/* Pushes a decimal of canonical text. */
void binding_push_decimal(lua_State *L, const char *text, size_t len);
/* Pushes the decimal that stands in the buffer, which lies in a scratch box; MemoryError when it failed. */
void binding_push_decimal_buf(lua_State *L, const corm_buf *buf);
void binding_push_uuid(lua_State *L, const unsigned char bytes[16]);
/* Pushes the text of a UUID. */
void binding_push_uuid_text(lua_State *L, const corm_value *uuid);

/* Reads a table of os.date "*t" form (also minute, second, microsecond). False, with a reason, when it is none. */
bool binding_civil_read(lua_State *L, int arg, corm_civil *out, bool *has_time, const char **reason);

/* Fields and operators (b_value_ops.c). */
extern const luaL_Reg binding_value_methods[];
extern const luaL_Reg binding_value_meta[];
int binding_value_index(lua_State *L);

#endif
