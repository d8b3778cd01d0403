/* Results whose objects come by pages. */
#ifndef CORM_BINDING_B_STREAM_H
#define CORM_BINDING_B_STREAM_H

#include "binding/b_load.h"
#include "sql/select.h"

/* Pushes a Result over the loader whose handle is at `loader`, which it takes over and which was opened with pages of
   `page` rows for the select of the statement at `statement`. The shape of the loader's rows is at the top. */
void binding_push_stream(lua_State *L, int loader, int statement, const corm_select *select, uint32_t page);
void binding_open_stream(lua_State *L);

#endif
