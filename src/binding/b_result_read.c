/* How a Result is made and goes from row to row: what the engine's result or a list of values gives becomes an item. */
#include "binding/b_result.h"
#include "binding/state.h"

int binding_result_refuse_closed(lua_State *L) {
  return binding_error(L, CORM_E_RESOURCE_CLOSED, "this result object is closed");
}

/* -- making -- */

binding_result *binding_new_result(lua_State *L, int anchor, int statement) {
  if (anchor) anchor = lua_absindex(L, anchor);
  if (statement) statement = lua_absindex(L, statement);
  binding_result *result = binding_new(L, BINDING_RESULT, sizeof *result, BINDING_RESULT_SLOTS);
  result->source = result;
  result->rowcount = INT64_MIN;
  if (anchor) {
    lua_pushvalue(L, anchor);
    lua_setiuservalue(L, -2, BINDING_RESULT_ANCHOR);
  }
  if (statement) {
    lua_pushvalue(L, statement);
    lua_setiuservalue(L, -2, BINDING_RESULT_STATEMENT);
  }
  return result;
}

void binding_result_started(lua_State *L, binding_result *result) {
  int self = lua_gettop(L);
  size_t n = corm_result_returns_rows(result->result) ? corm_result_column_count(result->result) : 0;
  result->width = n;
  if (n == 0) return;
  luaL_checkstack(L, 4, "result");
  binding_shape_column *columns = lua_newuserdatauv(L, n * sizeof *columns, 0);
  for (size_t i = 0; i < n; i++) {
    const corm_compiled_column *column = corm_result_column(result->result, i);
    columns[i] = (binding_shape_column){.key = column->key, .name = column->name, .node = column->node};
  }
  lua_getiuservalue(L, self, BINDING_RESULT_STATEMENT);
  binding_push_shape(L, columns, n, -1);
  lua_setiuservalue(L, self, BINDING_RESULT_SHAPE);
  lua_settop(L, self);
}

void binding_push_list_result(lua_State *L, int shape, int values, lua_Integer nrows) {
  shape = lua_absindex(L, shape);
  values = lua_absindex(L, values);
  binding_result *result = binding_new_result(L, 0, 0);
  result->count = nrows;
  result->rowcount = -1;
  lua_pushvalue(L, values);
  lua_setiuservalue(L, -2, BINDING_RESULT_VALUES);
  lua_pushvalue(L, shape);
  lua_setiuservalue(L, -2, BINDING_RESULT_SHAPE);
  result->width = binding_shape_width(L, shape);
}

/* -- stepping -- */

/* To the next row of the source; false at the end. */
static bool step(lua_State *L, binding_result *self) {
  binding_result *source = self->source;
  if (self->closed || source->closed) binding_result_refuse_closed(L);
  if (!source->result) {
    if (source->next >= source->count && !binding_turn_page(L, self)) return false;
    source->next++;
    return true;
  }
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  corm_status status = corm_result_next(source->result, &err);
  if (status == CORM_FAILED) binding_raise(L, &err);
  return status == CORM_ROW;
}

/* A list's value: column from 0 of the current row. */
static void push_list_value(lua_State *L, int index, const binding_result *source, size_t column) {
  lua_getiuservalue(L, index, BINDING_RESULT_VALUES);
  lua_rawgeti(L, -1, (source->next - 1) * (lua_Integer)source->width + (lua_Integer)column + 1);
  lua_remove(L, -2);
}

static void push_scalar(lua_State *L, int source_index, const binding_result *self) {
  const binding_result *source = self->source;
  size_t column = self->map ? (size_t)self->map[self->column] : (size_t)self->column;
  if (!source->result) {
    push_list_value(L, source_index, source, column);
    return;
  }
  corm_value value;
  corm_error err;
  corm_error_init(&err);
  if (corm_result_value(source->result, column, &value, &err) != CORM_OK) binding_raise(L, &err);
  if (corm_result_is_hosted(source->result)) binding_get(L)->dialect = corm_result_dialect(source->result);
  binding_push_typed(L, &value, corm_result_column(source->result, column)->type);
}

static void push_row(lua_State *L, int self_index, int source_index, const binding_result *self) {
  const binding_result *source = self->source;
  size_t n = self->map ? self->nmap : source->width;
  lua_getiuservalue(L, self_index, BINDING_RESULT_SHAPE);
  int shape = lua_gettop(L);
  if (source->result) {
    binding_push_core_row(L, shape, source->result, self->map, n);
  } else {
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
      push_list_value(L, source_index, source, self->map ? (size_t)self->map[i] : i);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    binding_push_row(L, shape, -1);
    lua_remove(L, -2);
  }
  lua_remove(L, shape);
}

/* Pushes what the current row gives: a value (nil for NULL), or a Row, also for MAPPINGS. */
static void push_item(lua_State *L, binding_result *self) {
  luaL_checkstack(L, 10, "result");
  int source_index = 1, top = lua_gettop(L);
  if (self->source != self) {
    lua_getiuservalue(L, 1, BINDING_RESULT_SOURCE);
    source_index = lua_gettop(L);
  }
  if (self->mode == BINDING_SCALARS) {
    push_scalar(L, source_index, self);
  } else {
    push_row(L, 1, source_index, self);
  }
  if (lua_gettop(L) > top + 1) lua_remove(L, top + 1);
}

/* -- the next item -- */

/* The loop over the objects of a query: the next value of a list, without the way that rows go. */
static bool fetch_listed(lua_State *L, binding_result *self) {
  const int top = lua_gettop(L) + 1;
  if (!step(L, self)) return false;
  luaL_checkstack(L, 4, "result");
  if (self->source != self) lua_getiuservalue(L, 1, BINDING_RESULT_SOURCE);
  push_scalar(L, self->source != self ? top : 1, self);
  if (self->source != self) lua_remove(L, top);
  return true;
}

/* The next row of the database as a table, without a Row. */
static bool fetch_table(lua_State *L, binding_result *self) {
  const binding_result *source = self->source;
  if (!step(L, self)) return false;
  lua_getiuservalue(L, 1, BINDING_RESULT_SHAPE);
  binding_push_core_table(L, -1, source->result, self->map, self->map ? self->nmap : source->width);
  lua_remove(L, -2);
  return true;
}

bool binding_result_fetch(lua_State *L, binding_result *self) {
  if (self->mode == BINDING_SCALARS && !self->is_unique && !self->source->result) return fetch_listed(L, self);
  if (self->mode == BINDING_MAPPINGS && !self->is_unique && self->source->result) return fetch_table(L, self);
  int top = lua_gettop(L);
  while (step(L, self)) {
    push_item(L, self);
    bool wanted = !self->is_unique || binding_is_first(L);
    lua_settop(L, wanted ? top + 1 : top);
    if (!wanted) continue;
    if (self->mode == BINDING_MAPPINGS) {
      binding_push_row_table(L, -1);
      lua_remove(L, -2);
    }
    return true;
  }
  return false;
}
