/*
 * Results and rows. A Result reads from the engine's corm_result or from a list of Lua values that somebody (the
 * session) made; ScalarResult and MappingResult are views of one. Rows of one result share a shape: their names.
 */
#ifndef CORM_BINDING_B_RESULT_H
#define CORM_BINDING_B_RESULT_H

#include "binding/binding.h"
#include "engine/result.h"

/* -- shapes -- */

/* What a column of a row is called. */
typedef struct binding_shape_column {
  const char *key;       /* what keys() gives */
  const char *name;      /* another name that finds it, or NULL */
  const corm_node *node; /* the expression that finds it (row[User.name]), or NULL; one that is no column lives as long
                            as the anchor */
} binding_shape_column;

/* Pushes a shape. `anchor`: stack index of what keeps the nodes alive, 0: nothing. */
void binding_push_shape(lua_State *L, const binding_shape_column *columns, size_t n, int anchor);

/* Pushes a shape of some columns of the one at `shape`: map[i] counts from 0. */
void binding_push_projection(lua_State *L, int shape, const int *map, size_t n);

size_t binding_shape_width(lua_State *L, int shape);
/* The key of a position from 1; borrowed while the shape lives. */
const char *binding_shape_key(lua_State *L, int shape, size_t position);
/* Pushes the keys as a sequence. */
void binding_push_keys(lua_State *L, int shape);
/* The position of the column with this key, else of that with this name; 0: there is none. */
int binding_shape_find(lua_State *L, int shape, const char *name);
enum { BINDING_SHAPE_AMBIGUOUS = -1 };
/* The position of the column that the expression is; 0: there is none. */
int binding_shape_find_node(lua_State *L, int shape, const corm_node *node);

/* -- rows -- */

/* Pushes a Row of the shape at `shape` with the values 1..n of the table at `values`, which the row takes over. */
void binding_push_row(lua_State *L, int shape, int values);
/* Pushes a Row of the current row of a result, of the columns map[0..n-1] (NULL: 0..n-1). A stored value that does not
   fit its column's type fails when it is looked at. */
void binding_push_core_row(lua_State *L, int shape, corm_result *result, const int *map, size_t n);
/* The same as a plain table; a value that does not fit fails at once. */
void binding_push_core_table(lua_State *L, int shape, corm_result *result, const int *map, size_t n);
/* Pushes a plain table of a Row's names and values; NULL is corm.null, of two columns with one name the last one stays.
 */
void binding_push_row_table(lua_State *L, int row);
/* Pushes value `index` (1..n) of a Row: nil for NULL. */
void binding_row_value(lua_State *L, int row, size_t index);
size_t binding_row_size(lua_State *L, int row);

/* Part of binding_open_result. */
void binding_open_row(lua_State *L);

/* -- results -- */

/* Where the pages of a list come from: a userdata that begins with this. */
typedef struct binding_feed {
  binding_head head;
  /* Pushes the values of the next page and returns its number of rows; 0: there is none, and nothing pushed. Raises.
     `self` is its stack index. */
  lua_Integer (*pull)(lua_State *L, struct binding_feed *feed, int self);
  void (*close)(struct binding_feed *feed); /* gives up what it holds; idempotent */
  lua_Integer page;
} binding_feed;

typedef enum binding_result_mode { BINDING_ROWS, BINDING_SCALARS, BINDING_MAPPINGS } binding_result_mode;

/* User values of a Result. */
enum {
  BINDING_RESULT_SHAPE = 1,
  BINDING_RESULT_ANCHOR, /* the connection */
  BINDING_RESULT_STATEMENT,
  BINDING_RESULT_VALUES,  /* a list: row-major values */
  BINDING_RESULT_KEY,     /* inserted_primary_key; false: none */
  BINDING_RESULT_KEYS,    /* inserted_primary_key_rows, after return_defaults() */
  BINDING_RESULT_WRITTEN, /* returned_defaults_rows */
  BINDING_RESULT_SOURCE,  /* views: the Result that is read */
  BINDING_RESULT_SEEN,    /* unique(): what was given already */
  BINDING_RESULT_STRATEGY,
  BINDING_RESULT_MAP,  /* columns(): what `map` points at */
  BINDING_RESULT_FEED, /* what the next page comes from */
  BINDING_RESULT_SLOTS = BINDING_RESULT_FEED
};

typedef struct binding_result {
  binding_head head;
  struct binding_result *source; /* itself, or the Result of a view */
  corm_result *result;           /* NULL: a list, or nothing yet */
  lua_Integer next, count;       /* list: the next row from 0, the number of rows */
  size_t width;                  /* columns of a row as read */
  const int *map;                /* columns(): positions in the row as read; NULL: all */
  size_t nmap;
  struct binding_feed *feed; /* NULL: the list is all there is */
  lua_Integer page;          /* yield_per(): rows of a partition; 0: all */
  int64_t rowcount;          /* what the core's result does not know; INT64_MIN: ask it */
  int column;                /* SCALARS: which, from 0 */
  uint8_t mode;              /* binding_result_mode */
  bool is_unique;
  bool is_insert;
  bool closed; /* by close() or by a method that closes */
} binding_result;

/* Pushes an empty Result, closed handle first: the caller lets the core write to `result` of it, then calls
   binding_result_started. `anchor` is the Connection, `statement` what the nodes of the columns belong to (0: nothing).
 */
binding_result *binding_new_result(lua_State *L, int anchor, int statement);
/* After the core filled `result`: makes the shape. The Result is on the top. */
void binding_result_started(lua_State *L, binding_result *result);

/*
 * Pushes a Result over Lua values: the table at `values` holds nrows rows of the shape's width, row after row; nil is
 * NULL. The table is taken over.
 */
void binding_push_list_result(lua_State *L, int shape, int values, lua_Integer nrows);

/* The Result at the top, a list without rows so far, goes on with the pages of the feed at `feed`. */
void binding_result_feed(lua_State *L, int feed);
/* The next page becomes the list of the result that `self`, argument 1, is or is a view of; false: there is none. */
bool binding_turn_page(lua_State *L, const binding_result *self);

/* Pushes the next item of the result at argument 1; false: nothing, at the end. */
bool binding_result_fetch(lua_State *L, binding_result *self);
int binding_result_refuse_closed(lua_State *L);

/* True when an item equal to that on the top was not given before by the Result at argument 1. A row is looked at value
   by value, after its strategy, if it has one (b_unique.c). */
bool binding_is_first(lua_State *L);

/* Result:scalars([column]) and Result:scalar() as Lua functions without upvalues, for what scalars() and scalar() of a
   Connection and a Session do with the Result at argument 1. */
int binding_result_scalars(lua_State *L);
int binding_result_scalar(lua_State *L);

#endif
