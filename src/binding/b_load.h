/* The loop around a corm_loader (orm/load.h): gives it blocks, keeps what it makes alive, runs its eager loads. */
#ifndef CORM_BINDING_B_LOAD_H
#define CORM_BINDING_B_LOAD_H

#include "binding/b_object.h"
#include "orm/load.h"

/* Closed handle first: push one, let the core write `loader`, run it. The finalizer frees the loader. One handle is
   lent again and again, so that a small query leaves nothing to be finalized. */
typedef struct binding_loader {
  binding_head head;
  corm_loader *loader;
} binding_loader;

binding_loader *binding_new_loader(lua_State *L);
/* Frees the loader now and takes the handle at `index` back, which the caller must not use again. */
void binding_loader_close(lua_State *L, int index);

/*
 * Runs the loader to its end, eager loads included, and returns the number of rows. Each visible row appends its items
 * to the table at `values`, row after row (nil for NULL; the caller counts by corm_loader_items); 0: rows are not
 * wanted. The objects stay alive while this runs, afterwards by the values. Raises.
 */
lua_Integer binding_run_loader(lua_State *L, binding_state *state, corm_loader *loader, int values);
/* The same for a loader of a key: pushes its object, or nil. */
void binding_run_get(lua_State *L, binding_state *state, corm_loader *loader);

/* Pushes one value that keeps what the options of the statement at `statement` say of classes, and returns it as the
   compiler takes it; NULL: nothing. `out` and the value must outlive the execution. */
const corm_criteria *binding_push_criteria(lua_State *L, int statement, corm_plan_criteria *out);
corm_status binding_host_criterion(void *ctx, corm_load_plan *plan, uint32_t number, const corm_mapper *mapper,
                                   const corm_node **out, corm_error *err);
void binding_open_criteria(lua_State *L);

/* -- do_orm_execute (b_execute.c) -- */
CORM_MUST_USE corm_status binding_host_route(void *ctx, corm_session *session, const struct corm_bind_wish *wish,
                                             struct corm_engine **out, corm_error *err);
CORM_MUST_USE corm_status binding_host_before_load(void *ctx, const corm_load_news *news, corm_load_plan **out,
                                                   corm_error *err);
void binding_open_execute(lua_State *L);
void binding_open_frozen(lua_State *L);

/* The same for the next `page` rows of a loader that was made with pages; *over: these were the last. */
lua_Integer binding_run_page(lua_State *L, binding_state *state, corm_loader *loader, int values, uint32_t page,
                             bool *over);

/* The host's run_loader: protected, rows not wanted. */
corm_status binding_host_run_loader(void *ctx, corm_loader *loader, corm_error *err);

void binding_open_load(lua_State *L);

#endif
