/*
 * Transactions of a session as values: begin, begin_nested, no_autoflush. Each is closed by leaving its block, which
 * commits or rolls back as Python's `with` does.
 */
#include "binding/b_engine.h"
#include "binding/b_session.h"

#include <string.h>

typedef enum txn_kind { TXN_ROOT, TXN_NESTED, TXN_NO_AUTOFLUSH } txn_kind;

/* User value 1: the Session. */
typedef struct session_txn {
  binding_head head;
  corm_session *session; /* holds a reference; NULL: ended */
  uint32_t frame;        /* id of the frame */
  uint8_t kind;
  bool closes_session;
  bool in_block; /* a function runs, at whose end it ends */
} session_txn;

static session_txn *push_txn_of(lua_State *L, int index, corm_session *session, txn_kind kind) {
  session_txn *txn = binding_new(L, BINDING_SESSION_TXN, sizeof *txn, 1);
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, 1);
  txn->kind = (uint8_t)kind;
  corm_session_acquire(session);
  txn->session = session;
  return txn;
}

static session_txn *push_txn(lua_State *L, corm_session *session, txn_kind kind) {
  return push_txn_of(L, 1, session, kind);
}

void binding_push_session_txn(lua_State *L, int session, uint32_t frame, bool nested) {
  const binding_session *self = binding_check(L, session, BINDING_SESSION, "Session");
  push_txn_of(L, session, self->session, nested ? TXN_NESTED : TXN_ROOT)->frame = frame;
}

static corm_frame *frame_of(const session_txn *txn) {
  if (!txn->session || txn->kind == TXN_NO_AUTOFLUSH) return NULL;
  return corm_session_find_frame(txn->session, txn->frame);
}

static void enter_block(session_txn *txn) {
  corm_frame *frame = frame_of(txn);
  if (frame) frame->block = txn->in_block = true;
}

/* close() has forgotten the blocks that were over. */
static void leave_block(session_txn *txn) {
  corm_frame *frame = frame_of(txn);
  if (!txn->in_block) return;
  txn->in_block = false;
  if (frame)
    frame->block = false;
  else if (txn->session->over)
    txn->session->over--;
}

/* -- beginning -- */

/* Runs the function at 2 in the block of the transaction at the top, or returns the transaction. `argument`: what the
   function gets. */
static int enter(lua_State *L, int argument) {
  if (!lua_isfunction(L, 2)) return 1;
  int txn = lua_gettop(L);
  enter_block(lua_touserdata(L, txn));
  lua_pushvalue(L, 2);
  lua_pushvalue(L, argument ? argument : txn);
  return binding_block(L, txn, 1);
}

static void check_function(lua_State *L, const char *what) {
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && !lua_isfunction(L, 2))
    binding_error(L, CORM_E_ARGUMENT, "%s: a function expected, got %s", what, binding_typename(L, 2));
}

static session_txn *begin_root(lua_State *L, corm_session *session) {
  corm_error err;
  corm_error_init(&err);
  session_txn *txn = push_txn(L, session, TXN_ROOT);
  corm_begin_mode mode = lua_isfunction(L, 2) ? CORM_BEGIN_WRITE : CORM_BEGIN_READ;
  if (corm_session_begin(session, mode, &err) != CORM_OK) binding_raise(L, &err);
  txn->frame = session->frame->id;
  return txn;
}

int binding_session_begin(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:begin");
  check_function(L, "Session:begin");
  begin_root(L, session);
  return enter(L, 1);
}

/* What an earlier try has loaded may be what failed. Changes that were made before would be gone at the second try, so
   they are not taken. */
static void forget(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:run_transaction");
  if (session->frame)
    binding_error(L, CORM_E_INVALID_REQUEST, "Session:run_transaction: a transaction is already begun on this Session");
  if (corm_session_is_dirty(session))
    binding_error(
        L, CORM_E_INVALID_REQUEST,
        "Session:run_transaction: this Session has changes that are not flushed, which a second try could not "
        "repeat; make them in the function");
  corm_session_expunge_all(session);
}

/* session:run_transaction(fn, options): begin(fn), tried again with an empty session. */
int binding_session_run_transaction(lua_State *L) {
  binding_checksession(L, "Session:run_transaction");
  return binding_run_transaction(L, "Session:run_transaction", binding_session_begin, forget);
}

int binding_session_begin_once(lua_State *L) {
  begin_root(L, binding_checksession(L, "sessionmaker:begin"))->closes_session = true;
  return enter(L, 1);
}

int binding_session_begin_nested(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:begin_nested");
  corm_error err;
  corm_error_init(&err);
  check_function(L, "Session:begin_nested");
  session_txn *txn = push_txn(L, session, TXN_NESTED);
  if (corm_session_begin_nested(session, &err) != CORM_OK) return binding_raise(L, &err);
  txn->frame = session->frame->id;
  return enter(L, 0);
}

int binding_session_no_autoflush(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:no_autoflush");
  check_function(L, "Session:no_autoflush");
  push_txn(L, session, TXN_NO_AUTOFLUSH);
  session->no_autoflush++;
  return enter(L, 1);
}

/* get_transaction(), get_nested_transaction(): the outermost one that is open, the innermost savepoint; else nil. */
int binding_session_get_transaction(lua_State *L) {
  const corm_session *session = binding_checksession(L, "Session:get_transaction");
  const corm_frame *frame = session->frame;
  if (!frame) return 0;
  while (frame->parent) frame = frame->parent;
  binding_push_session_txn(L, 1, frame->id, false);
  return 1;
}

int binding_session_get_nested_transaction(lua_State *L) {
  const corm_frame *frame = binding_checksession(L, "Session:get_nested_transaction")->frame;
  if (!frame || !frame->parent) return 0;
  binding_push_session_txn(L, 1, frame->id, true);
  return 1;
}

int binding_session_commit(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:commit");
  corm_error err;
  corm_error_init(&err);
  return corm_session_commit(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

int binding_session_rollback(lua_State *L) {
  corm_session *session = binding_checksession(L, "Session:rollback");
  corm_error err;
  corm_error_init(&err);
  return corm_session_rollback(session, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* -- ending -- */

static void let_go(session_txn *txn) {
  corm_session *session = txn->session;
  txn->session = NULL;
  corm_session_release(session);
}

static int end_by_hand(lua_State *L, const char *what, bool commit) {
  session_txn *txn = binding_check(L, 1, BINDING_SESSION_TXN, what);
  corm_frame *frame = frame_of(txn);
  corm_error err;
  corm_error_init(&err);
  if (!frame) return binding_error(L, CORM_E_RESOURCE_CLOSED, "%s: this transaction is closed", what);
  binding_upvalue(L)->L = L;
  return corm_session_end_frame(txn->session, frame, commit, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

static int txn_commit(lua_State *L) {
  return end_by_hand(L, "SessionTransaction:commit", true);
}

static int txn_rollback(lua_State *L) {
  return end_by_hand(L, "SessionTransaction:rollback", false);
}

/* A commit that fails leaves nothing open, and its error is the one that counts. */
static corm_status end_frame(corm_session *session, corm_frame *frame, bool commit, corm_error *err) {
  const uint32_t id = frame->id;
  corm_status status = corm_session_end_frame(session, frame, commit, err);
  frame = status == CORM_OK || !commit ? NULL : corm_session_find_frame(session, id);
  corm_error second;
  corm_error_init(&second);
  if (frame && corm_session_end_frame(session, frame, false, &second) != CORM_OK) corm_error_clear(&second);
  return status;
}

static corm_status finish(session_txn *txn, bool commit, corm_error *err) {
  corm_frame *frame = frame_of(txn);
  corm_status status = CORM_OK;
  if (txn->kind == TXN_NO_AUTOFLUSH) {
    txn->session->no_autoflush--;
    txn->kind = TXN_ROOT;
    txn->frame = 0;
  } else if (frame) {
    status = end_frame(txn->session, frame, commit, err);
  }
  if (!txn->closes_session || txn->session->busy) return status;
  corm_session_close(txn->session);
  if (status == CORM_OK) return corm_session_tell(txn->session, err);
  corm_error second;
  corm_error_init(&second);
  if (corm_session_tell(txn->session, &second) != CORM_OK) corm_error_clear(&second);
  return status;
}

/* close(): what was not committed is rolled back. */
static int txn_close(lua_State *L) {
  session_txn *txn = binding_check(L, 1, BINDING_SESSION_TXN, "SessionTransaction:close");
  corm_error err;
  corm_error_init(&err);
  binding_upvalue(L)->L = L;
  if (!txn->session) return 0;
  return finish(txn, false, &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* __close(txn, error): commits without an error, else rolls back. */
static int txn_leave(lua_State *L) {
  session_txn *txn = binding_test(L, 1, BINDING_SESSION_TXN);
  corm_error err;
  corm_error_init(&err);
  if (!txn || !txn->session) return 0;
  binding_upvalue(L)->L = L;
  leave_block(txn);
  return finish(txn, !binding_closes_failed(L), &err) == CORM_OK ? 0 : binding_raise(L, &err);
}

/* A transaction that is forgotten belongs to its session, as before; only a pause of autoflush ends with its handle. */
static int txn_gc(lua_State *L) {
  session_txn *txn = binding_test(L, 1, BINDING_SESSION_TXN);
  if (!txn || !txn->session) return 0;
  binding_upvalue(L)->L = L;
  if (txn->kind == TXN_NO_AUTOFLUSH) txn->session->no_autoflush--;
  leave_block(txn);
  let_go(txn);
  return 0;
}

/* -- fields -- */

static bool push_field(lua_State *L, void *block, const char *name) {
  const session_txn *txn = block;
  const corm_frame *frame = frame_of(txn);
  if (strcmp(name, "is_active") == 0)
    lua_pushboolean(L, frame && !frame->failed);
  else if (strcmp(name, "nested") == 0)
    lua_pushboolean(L, txn->kind == TXN_NESTED);
  else if (strcmp(name, "session") == 0)
    lua_getiuservalue(L, 1, 1);
  else
    return false;
  return true;
}

/* Two handles of one transaction are equal: events get one of their own. */
static int txn_eq(lua_State *L) {
  const session_txn *a = binding_test(L, 1, BINDING_SESSION_TXN), *b = binding_test(L, 2, BINDING_SESSION_TXN);
  lua_pushboolean(L, a && b && a->session && a->session == b->session && a->frame == b->frame && a->frame != 0);
  return 1;
}

static int txn_index(lua_State *L) {
  return binding_index(L, BINDING_SESSION_TXN, push_field);
}

void binding_open_session_txn(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"commit", txn_commit}, {"rollback", txn_rollback}, {"close", txn_close}, {"is_active", NULL},
      {"nested", NULL},       {"session", NULL},          {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__close", txn_leave}, {"__gc", txn_gc}, {"__eq", txn_eq}, {NULL, NULL}};
  binding_metatable(L, BINDING_SESSION_TXN, "SessionTransaction", methods, meta, txn_index);
  lua_pop(L, 1);
}
