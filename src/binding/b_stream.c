/*
 * Objects by pages (yield_per): a Result whose list is one page of a loader, and then the next. Nothing holds the
 * objects of a page but the script.
 */
#include "binding/b_stream.h"

#include "binding/b_bundle.h"
#include "binding/b_result.h"

/* User values: the loader's handle; what its nodes belong to; the shape of its rows before bundles are put together. */
enum { STREAM_LOADER = 1, STREAM_STATEMENT, STREAM_SHAPE, STREAM_SLOTS = STREAM_SHAPE };

typedef struct object_stream {
  binding_feed feed;
  binding_loader *handle; /* NULL: closed */
  const corm_select *select;
  lua_Integer width; /* of the loader's rows */
  bool bundles;      /* the select has some */
  bool over;         /* no rows are left */
  bool working;      /* on a page: it stays so when that fails */
} object_stream;

static void close_stream(binding_feed *feed) {
  object_stream *stream = (object_stream *)feed;
  binding_loader *handle = stream->handle;
  stream->handle = NULL;
  if (!handle) return;
  corm_loader *loader = handle->loader;
  handle->loader = NULL;
  corm_loader_free(loader);
}

static lua_Integer pull_page(lua_State *L, binding_feed *feed, int self) {
  object_stream *stream = (object_stream *)feed;
  binding_state *state = binding_get(L);
  if (stream->over) return 0;
  if (stream->working || !stream->handle || !stream->handle->loader)
    binding_error(L, CORM_E_RESOURCE_CLOSED,
                  stream->working ? "a page of this result is being loaded, or has failed"
                                  : "this result object is closed");
  lua_newtable(L);
  int values = lua_gettop(L);
  stream->working = true;
  bool over;
  const lua_Integer rows = binding_run_page(L, state, stream->handle->loader, values, (uint32_t)feed->page, &over);
  stream->over = over;
  stream->working = false;
  state->L = L;
  if (over) close_stream(feed);
  if (rows && stream->bundles) {
    lua_getiuservalue(L, self, STREAM_STATEMENT);
    const int statement = lua_gettop(L);
    lua_getiuservalue(L, self, STREAM_SHAPE);
    (void)binding_group_bundles(L, stream->select, statement, &values, statement + 1, rows, stream->width);
    lua_pushvalue(L, values);
  } else {
    lua_settop(L, rows ? values : values - 1);
  }
  return rows;
}

void binding_push_stream(lua_State *L, int loader, int statement, const corm_select *select, uint32_t page) {
  const int shape = lua_gettop(L);
  binding_loader *handle = lua_touserdata(L, loader);
  object_stream *stream = binding_new(L, BINDING_STREAM, sizeof *stream, STREAM_SLOTS);
  const int self = lua_gettop(L);
  stream->feed.pull = pull_page;
  stream->feed.close = close_stream;
  stream->feed.page = (lua_Integer)page;
  stream->handle = handle;
  stream->select = select;
  stream->width = corm_loader_items(handle->loader);
  stream->bundles = binding_has_bundle(select);
  lua_pushvalue(L, loader);
  lua_setiuservalue(L, self, STREAM_LOADER);
  lua_pushvalue(L, statement);
  lua_setiuservalue(L, self, STREAM_STATEMENT);
  lua_pushvalue(L, shape);
  lua_setiuservalue(L, self, STREAM_SHAPE);
  lua_newtable(L);
  int values = lua_gettop(L);
  lua_pushvalue(L, shape);
  if (stream->bundles) (void)binding_group_bundles(L, select, statement, &values, shape, 0, stream->width);
  binding_push_list_result(L, lua_gettop(L), values, 0);
  binding_result_feed(L, self);
}

void binding_result_feed(lua_State *L, int feed) {
  binding_result *result = lua_touserdata(L, -1);
  lua_pushvalue(L, feed);
  result->feed = lua_touserdata(L, -1);
  result->page = result->feed->page;
  lua_setiuservalue(L, -2, BINDING_RESULT_FEED);
}

bool binding_turn_page(lua_State *L, const binding_result *self) {
  binding_result *source = self->source;
  const int top = lua_gettop(L);
  if (!source->feed) return false;
  luaL_checkstack(L, 6, "result");
  if (source == self)
    lua_pushvalue(L, 1);
  else
    lua_getiuservalue(L, 1, BINDING_RESULT_SOURCE);
  lua_getiuservalue(L, top + 1, BINDING_RESULT_FEED);
  source->next = source->count = 0;
  const lua_Integer rows = source->feed->pull(L, source->feed, top + 2);
  if (rows) lua_setiuservalue(L, top + 1, BINDING_RESULT_VALUES);
  source->count = rows;
  lua_settop(L, top);
  return rows > 0;
}

void binding_open_stream(lua_State *L) {
  if (binding_get(L)->metatables[BINDING_STREAM] != LUA_NOREF) return;
  binding_metatable(L, BINDING_STREAM, "stream", NULL, NULL, NULL);
  lua_pop(L, 1);
}
