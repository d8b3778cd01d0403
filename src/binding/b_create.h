/* create_all, drop_all, create and drop, their events, and the mock engine (b_create.c). */
#ifndef CORM_BINDING_B_CREATE_H
#define CORM_BINDING_B_CREATE_H

#include "binding/b_schema.h"

typedef struct binding_table_list {
  corm_table **tables; /* in the scratch arena, referenced ones first */
  size_t n;
  size_t ncycle;
} binding_table_list;

/* The tables of the option `tables` of the options at `options` (none: all), those that are referred to first. */
binding_table_list binding_sort_tables(lua_State *L, corm_metadata *metadata, int options, const char *what,
                                       corm_arena *scratch);

/* The methods of MetaData and Table, once their metatables are made; corm._ddl for the Lua half. */
void binding_open_create(lua_State *L);
/* Adds what copies tables to corm._ddl on the top (b_copy.c). */
void binding_open_copy(lua_State *L);

#endif
